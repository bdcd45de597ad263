//! The modems that can be plugged in. A further one is one more constant, and no code.

use super::usb::{Association, Composition, Endpoint, Interface, Role};

const fn bulk(address: u8) -> Endpoint {
    Endpoint { address, attributes: 2, packet: 512, interval: 0 }
}

const fn interrupt(address: u8) -> Endpoint {
    Endpoint { address, attributes: 3, packet: 64, interval: 9 }
}

/// The numbers of the MBIM function, as Sierra's have them.
pub const MBIM_CONTROL: u8 = 12;
const MBIM_DATA: u8 = 13;

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

const MBIM_INTERFACES: [Interface; 3] = [
    Interface {
        number: MBIM_CONTROL,
        alternate: 0,
        class: [0x02, 0x0e, 0x00],
        extra: MBIM_FUNCTIONAL,
        endpoints: &[interrupt(0x87)],
    },
    Interface { number: MBIM_DATA, alternate: 0, class: [0x0a, 0x00, 0x02], extra: &[], endpoints: &[] },
    Interface {
        number: MBIM_DATA,
        alternate: 1,
        class: [0x0a, 0x00, 0x02],
        extra: &[],
        endpoints: &[bulk(0x8e), bulk(0x0f)],
    },
];

const MBIM_ASSOCIATION: &[Association] =
    &[Association { first: MBIM_CONTROL, count: 2, class: [0x02, 0x0e, 0x00] }];

const MBIM: Role =
    Role::Mbim { control: MBIM_CONTROL, data: MBIM_DATA, notify: 0x87, input: 0x8e, output: 0x0f };

/// Sierra MC7455 with `AT!USBCOMP` MBIM alone: interface numbers 12 and 13.
pub const SIERRA_MBIM: Composition = Composition {
    vendor: 0x1199,
    product: 0x9071,
    release: 0x0006,
    strings: [SIERRA, MC7455, "VM0001"],
    associations: MBIM_ASSOCIATION,
    interfaces: &MBIM_INTERFACES,
    roles: &[MBIM],
};

/// A modem of another make: takes the first numbers, so that the first one that comes
/// back has to take the next.
pub const OTHER_MBIM: Composition = Composition {
    vendor: 0x2cb7,
    product: 0x0007,
    release: 0x0333,
    strings: ["FIBOCOM", "L850-GL", "VM0002"],
    associations: MBIM_ASSOCIATION,
    interfaces: &MBIM_INTERFACES,
    roles: &[MBIM],
};

const SIERRA: &str = "Sierra Wireless, Incorporated";
const MC7455: &str = "Sierra Wireless MC7455 Qualcomm Snapdragon X7 LTE-A";

/// A port with the CDC descriptors that Sierra's firmware puts into vendor interfaces.
const fn port(number: u8, endpoints: &'static [Endpoint]) -> Interface {
    const FUNCTIONAL: &[u8] = &[
        0x05, 0x24, 0x00, 0x10, 0x01, 0x05, 0x24, 0x01, 0x00, 0x00, 0x04, 0x24, 0x02, 0x02, 0x05, 0x24, 0x06,
        0x00, 0x00,
    ];
    Interface { number, alternate: 0, class: [0xff, 0x00, 0x00], extra: FUNCTIONAL, endpoints }
}

const DIAGNOSTICS: Interface = Interface {
    number: 0,
    alternate: 0,
    class: [0xff, 0xff, 0xff],
    extra: &[],
    endpoints: &[bulk(0x81), bulk(0x01)],
};

/// Sierra MC7455 with `AT!USBCOMP=1,1,10D`: diagnostics, NMEA, AT, and QMI on interface 8.
pub const SIERRA_QMI: Composition = Composition {
    vendor: 0x1199,
    product: 0x9071,
    release: 0x0006,
    strings: [SIERRA, MC7455, "VM0003"],
    associations: &[],
    interfaces: &[
        DIAGNOSTICS,
        port(2, &[interrupt(0x83), bulk(0x82), bulk(0x02)]),
        port(3, &[interrupt(0x85), bulk(0x84), bulk(0x03)]),
        Interface {
            number: 8,
            alternate: 0,
            class: [0xff, 0xff, 0xff],
            extra: &[],
            endpoints: &[interrupt(0x87), bulk(0x86), bulk(0x04)],
        },
    ],
    roles: &[
        Role::Serial { interface: 0, input: 0x81, output: 0x01 },
        Role::Serial { interface: 2, input: 0x82, output: 0x02 },
        Role::Serial { interface: 3, input: 0x84, output: 0x03 },
        Role::Qmi { interface: 8, notify: 0x87, input: 0x86, output: 0x04 },
    ],
};
