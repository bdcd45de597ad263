//! Operator names: bytes whose encoding the modem says wrongly, or not at all.
//!
//! Contract: never fails, never panics; a name that no encoding fits comes out with
//! replacement characters. The bytes are kept, so that a re-emitted name is the same.
//!
//! Evidence: fields declared as text hold ASCII, UTF-8, packed GSM-7 or UCS-2, and UCS-2
//! of either byte order under the code that means little-endian.

use std::fmt;

use crate::few::Listed;
use crate::sms::gsm7;

/// A name as the modem sent it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Name(Vec<u8>);

/// How a name says it is encoded, where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Unknown,
    Gsm7,
    Ucs2,
}

impl Name {
    pub fn new(bytes: &[u8]) -> Self {
        Name(bytes.to_vec())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name in words; `None` where there is none.
    pub fn text(&self, encoding: Encoding) -> Option<String> {
        let text = match encoding {
            Encoding::Gsm7 => gsm7(&self.0),
            Encoding::Ucs2 => ucs2(&self.0),
            Encoding::Unknown => guess(&self.0),
        };
        let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        (!text.is_empty()).then(|| text.to_string())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", guess(&self.0))
    }
}

/// Plain text, else UCS-2 where every second byte is zero, else packed GSM-7.
fn guess(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | 0xff)).map_or(0, |last| last + 1);
    let trimmed = bytes.get(..end).unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(trimmed) {
        if !text.chars().any(char::is_control) {
            return text.to_string();
        }
    }
    if looks_like_ucs2(bytes) { ucs2(bytes) } else { gsm7(bytes) }
}

fn looks_like_ucs2(bytes: &[u8]) -> bool {
    let (high, low) = zeros(bytes);
    bytes.len() >= 2 && bytes.len() % 2 == 0 && high.max(low) * 4 >= bytes.len()
}

/// How many bytes are zero at even and at odd places.
fn zeros(bytes: &[u8]) -> (usize, usize) {
    let count = |from: usize| bytes.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    (count(0), count(1))
}

/// Little-endian as declared, unless the zeros stand where big-endian has them.
fn ucs2(bytes: &[u8]) -> String {
    let (even, odd) = zeros(bytes);
    let units = bytes.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
    let units: Vec<u16> = if even > odd {
        units.map(u16::from_be_bytes).listed()
    } else {
        units.map(u16::from_le_bytes).listed()
    };
    String::from_utf16_lossy(&units)
}

/// The GSM 7-bit default alphabet (3GPP TS 23.038, 6.2.1), eight characters in seven bytes.
fn gsm7(bytes: &[u8]) -> String {
    let count = bytes.len().saturating_mul(8) / 7;
    let mut text = gsm7::decode(&gsm7::unpack(bytes, 0, count).unwrap_or_default());
    // The 7 spare bits of a name of 8n - 1 characters: zero, which would read as '@', or
    // the carriage return that 23.038 pads with.
    let spare = bytes.len() % 7 == 0 && text.ends_with(['@', '\r']);
    if spare {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], encoding: Encoding) -> Option<String> {
        Name::new(bytes).text(encoding)
    }

    #[test]
    fn ucs2_is_read_in_either_byte_order() {
        let big = [0, 0x41, 0, 0x54, 0, 0x26, 0, 0x54];
        let little = [0x41, 0, 0x54, 0, 0x26, 0, 0x54, 0];
        for bytes in [big, little] {
            assert_eq!(text(&bytes, Encoding::Ucs2).as_deref(), Some("AT&T"));
            assert_eq!(text(&bytes, Encoding::Unknown).as_deref(), Some("AT&T"));
        }
    }

    #[test]
    fn packed_gsm7_is_unpacked_and_its_spare_bits_are_no_letter() {
        // "Orange" leaves 6 spare bits in 6 bytes, "Vodafon" 7 in 7 bytes: a whole letter.
        let orange = [0x4f, 0x79, 0xd8, 0x7d, 0x2e, 0x03];
        assert_eq!(text(&orange, Encoding::Gsm7).as_deref(), Some("Orange"));
        let vodafon = [0xd6, 0x37, 0x39, 0x6c, 0x7e, 0xbb, 0x01];
        assert_eq!(text(&vodafon, Encoding::Gsm7).as_deref(), Some("Vodafon"));
        assert_eq!(text(&[0xc1], Encoding::Gsm7).as_deref(), Some("A"));
    }

    #[test]
    fn plain_text_stays_and_padding_goes() {
        assert_eq!(text(b"voda ES", Encoding::Unknown).as_deref(), Some("voda ES"));
        assert_eq!(text("Türk".as_bytes(), Encoding::Unknown).as_deref(), Some("Türk"));
        assert_eq!(text(b"Iliad\0\0", Encoding::Unknown).as_deref(), Some("Iliad"));
        assert_eq!(text(b"", Encoding::Unknown), None);
        assert_eq!(text(&[0xff, 0xff], Encoding::Unknown), None);
    }
}
