//! The GSM 7-bit default alphabet with its extension table, and septets packed into octets
//! (3GPP TS 23.038, 6.1.2.1 and 6.2.1).
//!
//! Why not the national language tables? Only Turkey mandated one, no modem of our table
//! sends them, and a text that needs them goes out as UCS-2.

use crate::wire::Malformed;

const ESCAPE: u8 = 0x1b;

/// By code; the escape itself stands at its place.
#[rustfmt::skip]
const BASIC: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

const EXTENSION: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// One character: one septet, or the escape and one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Basic(u8),
    Extended(u8),
}

impl Code {
    pub fn of(character: char) -> Option<Code> {
        if let Some((code, _)) = EXTENSION.iter().find(|(_, extended)| *extended == character) {
            return Some(Code::Extended(*code));
        }
        let place = BASIC.iter().position(|basic| *basic == character)?;
        u8::try_from(place).ok().filter(|code| *code != ESCAPE).map(Code::Basic)
    }

    pub fn septets(self) -> usize {
        match self {
            Code::Basic(_) => 1,
            Code::Extended(_) => 2,
        }
    }

    fn push(self, septets: &mut Vec<u8>) {
        match self {
            Code::Basic(code) => septets.push(code),
            Code::Extended(code) => septets.extend([ESCAPE, code]),
        }
    }
}

/// The septets of a text; `None` where the alphabet lacks one of its characters.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut septets = Vec::with_capacity(text.len());
    for character in text.chars() {
        Code::of(character)?.push(&mut septets);
    }
    Some(septets)
}

/// The text of septets. An unknown extension shows as its code in the basic table, an escape
/// after an escape as a blank (6.2.1.1), a last lone escape not at all.
pub fn decode(septets: &[u8]) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut escaped = false;
    for septet in septets {
        match (escaped, *septet) {
            (false, ESCAPE) => escaped = true,
            (false, code) => text.extend(basic(code)),
            (true, ESCAPE) => {
                text.push(' ');
                escaped = false;
            }
            (true, code) => {
                text.extend(extension(code).or_else(|| basic(code)));
                escaped = false;
            }
        }
    }
    text
}

fn basic(code: u8) -> Option<char> {
    BASIC.get(usize::from(code & 0x7f)).copied()
}

fn extension(code: u8) -> Option<char> {
    EXTENSION.iter().find(|(known, _)| *known == code).map(|(_, character)| *character)
}

/// Octets for so many septets after so many bits to fill.
pub fn octets(septets: usize, fill: usize) -> usize {
    septets.saturating_mul(7).saturating_add(fill).div_ceil(8)
}

/// Packs septets, the first one after `fill` zero bits (0 to 6: what stands between a user
/// data header and the next septet's boundary).
pub fn pack(septets: &[u8], fill: usize) -> Vec<u8> {
    let mut packed = Vec::with_capacity(octets(septets.len(), fill));
    let (mut bits, mut count) = (0u16, fill.min(7));
    for septet in septets {
        bits |= u16::from(*septet & 0x7f) << count;
        count += 7;
        if count >= 8 {
            let [low, high] = bits.to_le_bytes();
            packed.push(low);
            bits = high.into();
            count -= 8;
        }
    }
    if count > 0 {
        let [low, _] = bits.to_le_bytes();
        packed.push(low);
    }
    packed
}

/// The `count` septets after `fill` bits.
pub fn unpack(packed: &[u8], fill: usize, count: usize) -> Result<Vec<u8>, Malformed> {
    if octets(count, fill) > packed.len() {
        return Err(Malformed("fewer septets than announced"));
    }
    let mut septets = Vec::with_capacity(count);
    let (mut bits, mut held) = (0u16, 0usize);
    let mut skip = fill.min(7);
    for octet in packed {
        bits |= u16::from(*octet) << held;
        held += 8;
        if skip > 0 {
            bits >>= skip;
            held -= skip;
            skip = 0;
        }
        while held >= 7 && septets.len() < count {
            let [low, _] = (bits & 0x7f).to_le_bytes();
            septets.push(low);
            bits >>= 7;
            held -= 7;
        }
        if septets.len() == count {
            break;
        }
    }
    Ok(septets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_hundred_and_twenty_eight_characters() {
        let distinct: std::collections::BTreeSet<char> = BASIC.into_iter().collect();
        assert_eq!(distinct.len(), 128);
        assert_eq!(BASIC[usize::from(ESCAPE)], '\u{1b}');
        assert_eq!(Code::of('\u{1b}'), None);
    }

    #[test]
    fn every_character_comes_out_as_it_went_in() {
        let all: String =
            BASIC.into_iter().filter(|c| *c != '\u{1b}').chain(EXTENSION.map(|(_, c)| c)).collect();
        let septets = encode(&all).expect("the alphabet itself");
        assert_eq!(decode(&septets), all);
        assert_eq!(encode("ç"), None);
    }

    #[test]
    fn packing_is_undone_at_every_length_and_fill() {
        for fill in 0..7 {
            for length in 0..40u8 {
                let septets: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37) & 0x7f).collect();
                let packed = pack(&septets, fill);
                assert_eq!(packed.len(), octets(septets.len(), fill), "{fill} {length}");
                assert_eq!(unpack(&packed, fill, septets.len()), Ok(septets), "{fill} {length}");
            }
        }
    }

    #[test]
    fn the_example_of_the_specification_packs_as_printed() {
        assert_eq!(pack(&encode("hellohello").expect("letters"), 0), b"\xe8\x32\x9b\xfd\x46\x97\xd9\xec\x37");
    }

    #[test]
    fn strange_escapes_show_something() {
        assert_eq!(decode(&[0x1b, 0x41, 0x1b, 0x1b, 0x42, 0x1b]), "A B");
    }

    #[test]
    fn too_few_octets_are_an_error() {
        assert!(unpack(&[0; 9], 0, 11).is_err());
        assert!(unpack(&[], 0, usize::MAX).is_err());
    }
}
