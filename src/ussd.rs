//! The text of USSD: coding schemes of the cell broadcast kind (3GPP TS 23.038, 5) and the
//! packing that goes with them (6.1.2.3).
//!
//! Contract: pure; no payload makes it panic. A scheme that carries no text shows as hex.

use crate::few::Listed;
use crate::sms::gsm7;

/// 7-bit default alphabet, language unspecified.
const GSM7: u8 = 0x0f;
/// General data coding, UCS-2, no class.
pub const UCS2: u8 = 0x48;
/// General data coding, eight bits that mean no letters.
pub const OCTETS: u8 = 0x44;
/// Of a message, in octets (3GPP TS 24.080, 4.4.3: the string of a USSD operation).
const MOST_OCTETS: usize = 160;
/// Fills seven spare bits, which would be an `@` otherwise.
const CR: u8 = 0x0d;

/// Coding scheme and payload; `None` for a text that is empty or too long.
pub fn encode(text: &str) -> Option<(u8, Vec<u8>)> {
    let (scheme, payload) = match gsm7::encode(text) {
        Some(mut septets) => {
            let spare = septets.len() % 8 == 7;
            let ends_so = septets.len() % 8 == 0 && septets.last() == Some(&CR);
            if spare || ends_so {
                septets.push(CR);
            }
            (GSM7, gsm7::pack(&septets, 0))
        }
        None => (UCS2, text.encode_utf16().flat_map(u16::to_be_bytes).listed()),
    };
    (!text.is_empty() && payload.len() <= MOST_OCTETS).then_some((scheme, payload))
}

pub fn decode(scheme: u8, payload: &[u8]) -> String {
    match scheme {
        // A language of two letters comes first.
        0x10 => text7(payload).chars().skip(3).collect(),
        0x11 => ucs2(payload.get(2..).unwrap_or_default()),
        // Which of the further languages it is makes no difference to the alphabet.
        0x00..=0x3f => text7(payload),
        0x40..=0x7f | 0x90..=0x9f => match scheme & 0x0c {
            0x00 => text7(payload),
            0x08 => ucs2(payload),
            _ => hex(payload),
        },
        0xf0..=0xff if scheme & 0x04 == 0 => text7(payload),
        _ => hex(payload),
    }
}

fn text7(payload: &[u8]) -> String {
    let count = payload.len().saturating_mul(8) / 7;
    let mut septets = gsm7::unpack(payload, 0, count).unwrap_or_default();
    if count % 8 == 0 && septets.last() == Some(&CR) {
        septets.pop();
    }
    gsm7::decode(&septets)
}

fn ucs2(payload: &[u8]) -> String {
    text16(payload, u16::from_be_bytes)
}

/// As QMI has it, where the modem did the decoding.
pub fn utf16_le(payload: &[u8]) -> String {
    text16(payload, u16::from_le_bytes)
}

fn text16(payload: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = payload.chunks_exact(2).map(|pair| unit(pair.try_into().unwrap_or_default()));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn hex(payload: &[u8]) -> String {
    payload.iter().map(|octet| format!("{octet:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_packed_as_gsm_has_it() {
        // The example that every handset maker's manual has.
        assert_eq!(encode("*100#"), Some((0x0f, vec![0xaa, 0x18, 0x0c, 0x36, 0x02])));
        assert_eq!(decode(0x0f, &[0xaa, 0x18, 0x0c, 0x36, 0x02]), "*100#");
    }

    #[test]
    fn seven_and_eight_characters_come_back_without_padding() {
        for text in ["1234567", "12345678", "123456\r", "Guthaben: 5 €", "Ελλάδα ж", "a"] {
            let (scheme, payload) = encode(text).unwrap();
            assert_eq!(decode(scheme, &payload), text, "{scheme:#x}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_sent() {
        assert_eq!(encode(""), None);
        assert!(encode(&"1".repeat(182)).is_some());
        assert_eq!(encode(&"1".repeat(183)), None);
        assert_eq!(encode(&"ж".repeat(81)), None);
    }

    #[test]
    fn every_scheme_and_any_payload_gives_some_text() {
        for scheme in 0..=u8::MAX {
            for length in 0..20 {
                decode(scheme, &vec![0xd8; length]);
            }
        }
        assert_eq!(decode(0x11, &[0, 0, 0, 0x41]), "A");
        assert_eq!(decode(0x44, &[0xab, 1]), "AB01");
    }
}
