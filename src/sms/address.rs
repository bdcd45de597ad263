//! Addresses: a type octet and semi-octets, or 7-bit text for a sender with a name
//! (3GPP TS 23.040, 9.1.2.5; 24.011, 8.2.5 for the service centre).

use super::gsm7;
use crate::wire::{Malformed, Reader};
use crate::words::Id;

/// 9.1.2.5: an address has at most 10 octets of value.
const MOST_SEMI_OCTETS: u8 = 20;
/// 24.011, 8.2.5.1: type octet and 10 octets, and one more that is seen in the wild.
const MOST_CENTRE: u8 = 12;

const INTERNATIONAL: u8 = 0x91;
const UNKNOWN: u8 = 0x81;
const ALPHANUMERIC: u8 = 0xd0;

const DIGITS: &str = "0123456789*#abc";
/// Also the filler of an odd last place.
const END: u8 = 0x0f;

/// Who sent it or who shall get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Type of number and numbering plan, as on the wire.
    pub kind: u8,
    /// Digits, with `+` before an international number; or a name.
    pub text: Id,
}

impl Address {
    /// `+358401234567` is international, digits are unknown, anything else is a name.
    pub fn new(text: &str) -> Result<Address, Malformed> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let numeric = !digits.is_empty() && digits.chars().all(|digit| DIGITS.contains(digit));
        let kind = match (numeric, digits.len() == text.len()) {
            (true, false) => INTERNATIONAL,
            (true, true) => UNKNOWN,
            (false, _) => ALPHANUMERIC,
        };
        let address = Address { kind, text: Id::new(text) };
        // Refuses what does not fit before it is kept.
        address.value()?;
        Ok(address)
    }

    /// A sender with a name can't be answered.
    pub fn is_name(&self) -> bool {
        self.kind & 0x70 == 0x50
    }

    /// TP-OA, TP-DA, TP-RA: the length counts semi-octets.
    pub fn read(reader: &mut Reader) -> Result<Address, Malformed> {
        let length = reader.u8()?;
        if length > MOST_SEMI_OCTETS {
            return Err(Malformed("address too long"));
        }
        let kind = reader.u8()?;
        let value = reader.take(usize::from(length).div_ceil(2))?;
        Address::decode(kind, value, length.into())
    }

    /// The service centre: the length counts octets, the type's one too; 0 is none.
    pub fn read_centre(reader: &mut Reader) -> Result<Option<Address>, Malformed> {
        let length = reader.u8()?;
        let Some(octets) = length.checked_sub(1) else { return Ok(None) };
        if length > MOST_CENTRE {
            return Err(Malformed("service centre too long"));
        }
        let kind = reader.u8()?;
        let value = reader.take(octets.into())?;
        Address::decode(kind, value, value.len().saturating_mul(2)).map(Some)
    }

    fn decode(kind: u8, value: &[u8], semi_octets: usize) -> Result<Address, Malformed> {
        let address = |text| Address { kind, text: Id::new(text) };
        if kind & 0x70 == 0x50 {
            let septets = gsm7::unpack(value, 0, semi_octets.saturating_mul(4) / 7)?;
            return Ok(address(gsm7::decode(&septets)));
        }
        let mut text = String::with_capacity(semi_octets.saturating_add(1));
        if kind & 0x70 == 0x10 {
            text.push('+');
        }
        let places = value.iter().flat_map(|octet| [octet & 0x0f, octet >> 4]).take(semi_octets);
        text.extend(places.map_while(|place| DIGITS.chars().nth(place.into())));
        Ok(address(text))
    }

    /// Count of semi-octets, and octets.
    fn value(&self) -> Result<(u8, Vec<u8>), Malformed> {
        let text = self.text.reveal();
        let (semi_octets, octets) = if self.is_name() {
            let septets = gsm7::encode(text).ok_or(Malformed("name not in the 7-bit alphabet"))?;
            (septets.len().saturating_mul(7).div_ceil(4), gsm7::pack(&septets, 0))
        } else {
            let places = text.strip_prefix('+').unwrap_or(text);
            (places.chars().count(), semi_octets(places)?)
        };
        match u8::try_from(semi_octets) {
            Ok(count) if count <= MOST_SEMI_OCTETS => Ok((count, octets)),
            _ => Err(Malformed("address too long")),
        }
    }

    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let (count, octets) = self.value()?;
        out.extend([count, self.kind]);
        out.extend(octets);
        Ok(())
    }

    pub fn write_centre(centre: Option<&Address>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let Some(address) = centre else {
            out.push(0);
            return Ok(());
        };
        let (_, octets) = address.value()?;
        let length = u8::try_from(octets.len().saturating_add(1)).unwrap_or(u8::MAX);
        if length > MOST_CENTRE {
            return Err(Malformed("service centre too long"));
        }
        out.extend([length, address.kind]);
        out.extend(octets);
        Ok(())
    }
}

/// Two places an octet, the first in the low half.
fn semi_octets(places: &str) -> Result<Vec<u8>, Malformed> {
    let place = |digit| DIGITS.chars().position(|known| known == digit);
    let mut octets = Vec::with_capacity(places.len().div_ceil(2));
    let mut half = None;
    for digit in places.chars() {
        let value = place(digit).and_then(|at| u8::try_from(at).ok()).ok_or(Malformed("not a digit"))?;
        match half.take() {
            None => half = Some(value),
            Some(low) => octets.push(low | value << 4),
        }
    }
    octets.extend(half.map(|low| low | END << 4));
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str) -> Vec<u8> {
        let address = Address::new(text).expect("an address");
        let mut bytes = Vec::new();
        address.write(&mut bytes).expect("fits");
        assert_eq!(Address::read(&mut Reader::new(&bytes)), Ok(address));
        bytes
    }

    #[test]
    fn numbers_and_names_come_out_as_they_went_in() {
        assert_eq!(round_trip("+19037029920"), b"\x0b\x91\x91\x30\x07\x92\x29\xf0");
        assert_eq!(round_trip("9037029920"), b"\x0a\x81\x09\x73\x20\x99\x02");
        assert_eq!(round_trip("InternetSMS")[..2], [0x14, 0xd0]);
        assert_eq!(round_trip("*100#")[..2], [5, 0x81]);
    }

    #[test]
    fn a_centre_counts_octets() {
        let centre = Address::new("+19037029920").expect("a number");
        let mut bytes = Vec::new();
        Address::write_centre(Some(&centre), &mut bytes).expect("fits");
        assert_eq!(bytes, b"\x07\x91\x91\x30\x07\x92\x29\xf0");
        assert_eq!(Address::read_centre(&mut Reader::new(&bytes)), Ok(Some(centre)));
        assert_eq!(Address::read_centre(&mut Reader::new(&[0])), Ok(None));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Address::new("+123456789012345678901").is_err());
        assert!(Address::new("A name too long").is_err());
        assert!(Address::new("имя").is_err());
        assert!(Address::read(&mut Reader::new(&[0xff; 200])).is_err());
    }

    #[test]
    fn a_number_never_shows_in_a_log() {
        let shown = format!("{:?}", Address::new("+358401234567"));
        assert!(!shown.contains("3584"), "{shown}");
    }
}
