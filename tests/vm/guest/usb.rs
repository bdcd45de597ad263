//! What a modem tells the host about itself: descriptors, kept as data.
//!
//! A [`Composition`] is one way in which a modem can enumerate; the bytes are made
//! from it by the tables of the USB 2.0 specification (chapter 9.6). The modems that
//! there are stand in `compositions.rs`.

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
    /// What answers at these interfaces.
    pub roles: &'static [Role],
}

/// A function of the modem, with the numbers of its interfaces and endpoints.
#[derive(Clone, Copy)]
pub enum Role {
    Mbim { control: u8, data: u8, notify: u8, input: u8, output: u8 },
    Qmi { interface: u8, notify: u8, input: u8, output: u8 },
    Serial { interface: u8, input: u8, output: u8 },
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
