//! A capture file of control messages, as if they had been recorded on the USB.
//!
//! Contract: pure. Link type 220, Linux usbmon with its 64 byte header (Linux,
//! Documentation/usb/usbmon.rst): SEND_ENCAPSULATED_COMMAND and GET_ENCAPSULATED_RESPONSE of
//! a CDC device (USB CDC 1.2, 6.2). The file begins with a configuration descriptor that
//! declares an MBIM function (interface class 2, subclass 14), so that Wireshark decodes the
//! messages without being told.

use crate::few::Listed;

/// Little-endian, microseconds.
const MAGIC: u32 = 0xa1b2_c3d4;
const LINKTYPE_USB_LINUX_MMAPPED: u32 = 220;
const SNAPLEN: u32 = 0x0004_0000;
/// The device whose descriptor the file has.
pub const MBIM: u8 = 2;
/// One without: Wireshark has no decoder for QMI, and shall not take it for MBIM.
pub const QMI: u8 = 3;
const BUS: u16 = 1;
/// -EINPROGRESS: what a submitted request has for a status.
const IN_PROGRESS: i32 = -115;

/// Configuration 1: the control interface with its interrupt endpoint, the data interface.
const CONFIGURATION: [u8; 64] = [
    9, 2, 64, 0, 2, 1, 0, 0x80, 50, // configuration
    9, 4, 0, 0, 1, 2, 14, 0, 0, // interface 0: communications, MBIM
    5, 0x24, 0, 0x10, 1, // CDC header
    5, 0x24, 6, 0, 1, // union of interfaces 0 and 1
    12, 0x24, 0x1b, 0, 1, 0, 0x10, 32, 128, 0xdc, 5, 0x20, // MBIM 1.0
    8, 0x24, 0x1c, 0, 1, 16, 0xdc, 5, // MBIM, extended
    7, 5, 0x81, 3, 64, 0, 5, // interrupt in
    9, 4, 1, 0, 0, 10, 0, 2, 0, // interface 1: data, idle
];

/// Seconds and microseconds since 1970.
pub type Time = (u64, u32);

/// Everything before the first message.
pub fn begin(time: Time) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [MAGIC, 0x0004_0002, 0, 0, SNAPLEN, LINKTYPE_USB_LINUX_MMAPPED] {
        out.extend(word.to_le_bytes());
    }
    let length = u16::try_from(CONFIGURATION.len()).unwrap_or_default();
    let get = setup(0x80, 6, 0x0200, length);
    out.extend(transfer(time, 1, MBIM, &get, &CONFIGURATION));
    out
}

/// One message; `id` tells transfers apart, from 2.
pub fn message(time: Time, id: u64, device: u8, to_modem: bool, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let setup = if to_modem { setup(0x21, 0, 0, length) } else { setup(0xa1, 1, 0, length.max(4096)) };
    transfer(time, id, device, &setup, bytes)
}

fn setup(request_type: u8, request: u8, value: u16, length: u16) -> [u8; 8] {
    let ([low, high], [few, many]) = (value.to_le_bytes(), length.to_le_bytes());
    [request_type, request, low, high, 0, 0, few, many]
}

/// The request and its completion.
fn transfer(time: Time, id: u64, device: u8, setup: &[u8; 8], data: &[u8]) -> Vec<u8> {
    let (is_in, none): (bool, &[u8]) = (setup.first().is_some_and(|kind| kind & 0x80 != 0), &[]);
    let (there, back) = if is_in { (none, data) } else { (data, none) };
    let mut out = packet(time, id, device, b'S', is_in, Some(setup), there);
    out.extend(packet(time, id, device, b'C', is_in, None, back));
    out
}

fn packet(
    time: Time,
    id: u64,
    device: u8,
    kind: u8,
    is_in: bool,
    setup: Option<&[u8; 8]>,
    data: &[u8],
) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(data.len().saturating_add(80));
    let (seconds, micros) = time;
    let short = u32::try_from(seconds).unwrap_or(u32::MAX);
    for word in [short, micros, length.saturating_add(64), length.saturating_add(64)] {
        out.extend(word.to_le_bytes());
    }
    out.extend(id.to_le_bytes());
    out.extend([kind, 2, if is_in { 0x80 } else { 0 }, device]);
    out.extend(BUS.to_le_bytes());
    // 0: it is there; else why it is not.
    let absent = if is_in { b'<' } else { b'>' };
    out.extend([if setup.is_some() { 0 } else { b'-' }, if data.is_empty() { absent } else { 0 }]);
    out.extend(seconds.to_le_bytes());
    out.extend(micros.to_le_bytes());
    out.extend(if kind == b'S' { IN_PROGRESS } else { 0 }.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(setup.unwrap_or(&[0; 8]));
    // Interval, start frame, flags, isochronous descriptors.
    out.extend([0; 16]);
    out.extend(data);
    out
}

/// The bytes of a hex text; what is masked in it becomes stars as UTF-16 has them.
pub fn bytes(hex: &str) -> Vec<u8> {
    let mut masked = false;
    let byte = |pair: &[u8]| match pair {
        b"**" => {
            masked = !masked;
            if masked { b'*' } else { 0 }
        }
        pair => {
            masked = false;
            let text = std::str::from_utf8(pair).unwrap_or_default();
            u8::from_str_radix(text, 16).unwrap_or_default()
        }
    };
    hex.as_bytes().chunks_exact(2).map(byte).listed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_says_its_length_and_every_packet_is_whole() {
        let mut file = begin((1, 2));
        file.extend(message((3, 4), 2, MBIM, true, &[1, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 16, 0, 0]));
        file.extend(message((3, 4), 3, QMI, false, &[9; 40]));
        let mut rest = &file[24..];
        let mut packets = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
            packets.push(&rest[16..16 + length]);
            rest = &rest[16 + length..];
        }
        assert_eq!(packets.len(), 6);
        assert!(packets.iter().all(|packet| packet.len() >= 64));
        assert_eq!((packets[1][8], packets[1].len()), (b'C', 64 + CONFIGURATION.len()));
        assert_eq!((packets[2][8], packets[2][10], packets[2].len()), (b'S', 0, 64 + 16));
        assert_eq!((packets[5][8], packets[5][10], packets[5].len()), (b'C', 0x80, 64 + 40));
    }

    #[test]
    fn masked_bytes_become_stars() {
        assert_eq!(bytes("01********ff**02"), [1, b'*', 0, b'*', 0, 0xff, b'*', 2]);
        assert_eq!(bytes("0g"), [0]);
    }
}
