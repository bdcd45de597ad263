//! What a modem tells the host about itself: descriptors, kept as data.
//!
//! A [`Composition`] is one way in which a modem can enumerate; the bytes are made
//! from it by the tables of the USB 2.0 specification (chapter 9.6). A further modem
//! is one more constant here, and no code.

/// How a device enumerates.
pub struct Composition {
    pub vendor: u16,
    pub product: u16,
    pub release: u16,
    /// Manufacturer, product and serial number: strings 1 to 3.
    pub strings: [&'static str; 3],
    pub associations: &'static [Association],
    /// One entry for every alternate setting.
    pub interfaces: &'static [Interface],
}

pub struct Association {
    pub first: u8,
    pub count: u8,
    pub class: [u8; 3],
}

pub struct Interface {
    pub number: u8,
    pub alternate: u8,
    pub class: [u8; 3],
    /// Class-specific descriptors, as they go on the wire.
    pub extra: &'static [u8],
    pub endpoints: &'static [Endpoint],
}

pub struct Endpoint {
    pub address: u8,
    pub attributes: u8,
    pub packet: u16,
    pub interval: u8,
}

const BULK: u8 = 2;
const INTERRUPT: u8 = 3;

const fn bulk(address: u8) -> Endpoint {
    Endpoint { address, attributes: BULK, packet: 512, interval: 0 }
}

const fn interrupt(address: u8) -> Endpoint {
    Endpoint { address, attributes: INTERRUPT, packet: 64, interval: 9 }
}

/// The numbers that the MBIM function of [`SIERRA_MBIM`] and [`OTHER_MBIM`] goes by.
pub const MBIM_CONTROL: u8 = 12;
pub const MBIM_DATA: u8 = 13;
pub const MBIM_NOTIFY: u8 = 0x87;
pub const MBIM_IN: u8 = 0x8e;
pub const MBIM_OUT: u8 = 0x0f;

/// CDC header 1.10; union of 12 and 13; MBIM 1.0 with wMaxControlMessage 4096,
/// 32 filters of 128 bytes, segments of 2048 bytes, 8-byte NtbInputSize; extended
/// MBIM with 64 outstanding commands and an MTU of 1500. Values of an EM9191.
const MBIM_FUNCTIONAL: &[u8] = &[
    0x05,
    0x24,
    0x00,
    0x10,
    0x01, //
    0x05,
    0x24,
    0x06,
    MBIM_CONTROL,
    MBIM_DATA, //
    0x0c,
    0x24,
    0x1b,
    0x00,
    0x01,
    0x00,
    0x10,
    0x20,
    0x80,
    0x00,
    0x08,
    0x20, //
    0x08,
    0x24,
    0x1c,
    0x00,
    0x01,
    0x40,
    0xdc,
    0x05,
];

const MBIM_INTERFACES: &[Interface] = &[
    Interface {
        number: MBIM_CONTROL,
        alternate: 0,
        class: [0x02, 0x0e, 0x00],
        extra: MBIM_FUNCTIONAL,
        endpoints: &[interrupt(MBIM_NOTIFY)],
    },
    Interface { number: MBIM_DATA, alternate: 0, class: [0x0a, 0x00, 0x02], extra: &[], endpoints: &[] },
    Interface {
        number: MBIM_DATA,
        alternate: 1,
        class: [0x0a, 0x00, 0x02],
        extra: &[],
        endpoints: &[bulk(MBIM_IN), bulk(MBIM_OUT)],
    },
];

const MBIM_ASSOCIATION: &[Association] =
    &[Association { first: MBIM_CONTROL, count: 2, class: [0x02, 0x0e, 0x00] }];

/// Sierra MC7455 in MBIM mode; interface numbers 12 and 13, as the real one has.
pub const SIERRA_MBIM: Composition = Composition {
    vendor: 0x1199,
    product: 0x9071,
    release: 0x0006,
    strings: [
        "Sierra Wireless, Incorporated",
        "Sierra Wireless MC7455 Qualcomm Snapdragon X7 LTE-A",
        "VM0001",
    ],
    associations: MBIM_ASSOCIATION,
    interfaces: MBIM_INTERFACES,
};

/// A modem of another make: takes the first numbers, so that the first one that comes
/// back has to take the next.
pub const OTHER_MBIM: Composition = Composition {
    vendor: 0x2cb7,
    product: 0x0007,
    release: 0x0333,
    strings: ["FIBOCOM", "L850-GL", "VM0002"],
    associations: MBIM_ASSOCIATION,
    interfaces: MBIM_INTERFACES,
};

const DEVICE: u8 = 1;
const CONFIGURATION: u8 = 2;
const STRING: u8 = 3;

impl Composition {
    /// GET_DESCRIPTOR (`wValue`); `None` is a stall.
    pub fn descriptor(&self, value: u16) -> Option<Vec<u8>> {
        let [index, kind] = value.to_le_bytes();
        match (kind, index) {
            (DEVICE, 0) => Some(self.device()),
            (CONFIGURATION, 0) => Some(self.configuration()),
            (STRING, index) => self.string(index),
            _ => None,
        }
    }

    fn device(&self) -> Vec<u8> {
        // bcdUSB 2.00, classes by interface (miscellaneous, as association asks), 64-byte endpoint 0
        let mut out = vec![18, DEVICE, 0x00, 0x02, 0xef, 0x02, 0x01, 64];
        for word in [self.vendor, self.product, self.release] {
            out.extend(word.to_le_bytes());
        }
        out.extend([1, 2, 3, 1]);
        out
    }

    fn configuration(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for interface in self.interfaces {
            for association in self.associations {
                if association.first == interface.number && interface.alternate == 0 {
                    association.emit(&mut body);
                }
            }
            interface.emit(&mut body);
        }
        let numbers = self.interfaces.iter().filter(|i| i.alternate == 0).count() as u8;
        let total = (9 + body.len()) as u16;
        let [low, high] = total.to_le_bytes();
        // value 1, no string, bus powered with remote wake-up, 500 mA
        let mut out = vec![9, CONFIGURATION, low, high, numbers, 1, 0, 0xa0, 250];
        out.extend(body);
        out
    }

    fn string(&self, index: u8) -> Option<Vec<u8>> {
        let body: Vec<u8> = match index {
            0 => 0x0409u16.to_le_bytes().to_vec(),
            n => self.strings.get(usize::from(n) - 1)?.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        };
        let mut out = vec![(body.len() + 2) as u8, STRING];
        out.extend(body);
        Some(out)
    }
}

impl Association {
    fn emit(&self, out: &mut Vec<u8>) {
        out.extend([8, 11, self.first, self.count]);
        out.extend(self.class);
        out.push(0);
    }
}

impl Interface {
    fn emit(&self, out: &mut Vec<u8>) {
        out.extend([9, 4, self.number, self.alternate, self.endpoints.len() as u8]);
        out.extend(self.class);
        out.push(0);
        out.extend(self.extra);
        for endpoint in self.endpoints {
            out.extend([7, 5, endpoint.address, endpoint.attributes]);
            out.extend(endpoint.packet.to_le_bytes());
            out.push(endpoint.interval);
        }
    }
}

/// The eight bytes of a control request (USB 2.0, 9.3).
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub kind: u8,
    pub request: u8,
    pub value: u16,
    pub index: u16,
    pub length: u16,
}

impl Setup {
    pub fn new(bytes: [u8; 8]) -> Self {
        let [kind, request, v0, v1, i0, i1, l0, l1] = bytes;
        let [value, index, length] = [[v0, v1], [i0, i1], [l0, l1]].map(u16::from_le_bytes);
        Self { kind, request, value, index, length }
    }
}

/// What a function does with a control request.
pub enum Reply {
    /// Data of an IN request (cut to `wLength` by the caller), or nothing for an OUT.
    Done(Vec<u8>),
    Stall,
    /// NAK without end: the request stays open until the host takes it back.
    Never,
}
