//! The user data header: its information elements (3GPP TS 23.040, 9.2.3.24).

use crate::wire::{Malformed, Reader};

const CONCAT8: u8 = 0x00;
const PORTS8: u8 = 0x04;
const PORTS16: u8 = 0x05;
const CONCAT16: u8 = 0x08;

/// One information element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    Concat(Concat),
    Ports(Ports),
    Other { id: u8, data: Vec<u8> },
}

/// Which part of which message this is. Parts belong together when sender, reference with
/// its width, and total are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concat {
    pub reference: u16,
    /// A 16-bit reference; else 8-bit.
    pub wide: bool,
    pub total: u8,
    /// 1 to `total`.
    pub part: u8,
}

/// Messages for a program instead of a person (WAP push, MMS notifications).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    pub destination: u16,
    pub source: u16,
    pub wide: bool,
}

impl Concat {
    /// 9.2.3.24.1: an element with other values is to be ignored.
    fn is_sane(&self) -> bool {
        self.part >= 1 && self.part <= self.total
    }
}

/// The last valid element counts where there are several (9.2.3.24).
pub fn concat(elements: &[Element]) -> Option<Concat> {
    let found = |element: &Element| match element {
        Element::Concat(concat) if concat.is_sane() => Some(*concat),
        Element::Concat(_) | Element::Ports(_) | Element::Other { .. } => None,
    };
    elements.iter().rev().find_map(found)
}

pub fn ports(elements: &[Element]) -> Option<Ports> {
    let found = |element: &Element| match element {
        Element::Ports(ports) => Some(*ports),
        Element::Concat(_) | Element::Other { .. } => None,
    };
    elements.iter().rev().find_map(found)
}

/// The elements of a header without its length octet. What follows a broken element is
/// dropped: the text behind the header is whole all the same.
pub fn parse(header: &[u8]) -> Vec<Element> {
    let mut reader = Reader::new(header);
    let mut elements = Vec::new();
    while let Ok(element) = Element::read(&mut reader) {
        elements.push(element);
    }
    elements
}

impl Element {
    fn read(reader: &mut Reader) -> Result<Element, Malformed> {
        let id = reader.u8()?;
        let length = reader.u8()?;
        let data = reader.take(length.into())?;
        Ok(match (id, data) {
            (CONCAT8, &[reference, total, part]) => {
                Element::Concat(Concat { reference: reference.into(), wide: false, total, part })
            }
            (CONCAT16, &[high, low, total, part]) => {
                let reference = u16::from_be_bytes([high, low]);
                Element::Concat(Concat { reference, wide: true, total, part })
            }
            (PORTS8, &[destination, source]) => {
                Element::Ports(Ports { destination: destination.into(), source: source.into(), wide: false })
            }
            (PORTS16, &[d1, d2, s1, s2]) => Element::Ports(Ports {
                destination: u16::from_be_bytes([d1, d2]),
                source: u16::from_be_bytes([s1, s2]),
                wide: true,
            }),
            (id, data) => Element::Other { id, data: data.to_vec() },
        })
    }

    /// Identifier and value.
    fn value(&self) -> (u8, Vec<u8>) {
        match self {
            Element::Concat(Concat { reference, wide, total, part }) => {
                let [high, low] = reference.to_be_bytes();
                match wide {
                    false => (CONCAT8, vec![low, *total, *part]),
                    true => (CONCAT16, vec![high, low, *total, *part]),
                }
            }
            Element::Ports(Ports { destination, source, wide }) => {
                let ([d1, d2], [s1, s2]) = (destination.to_be_bytes(), source.to_be_bytes());
                match wide {
                    false => (PORTS8, vec![d2, s2]),
                    true => (PORTS16, vec![d1, d2, s1, s2]),
                }
            }
            Element::Other { id, data } => (*id, data.clone()),
        }
    }
}

/// The header with its length octet; nothing where there are no elements.
pub fn encode(elements: &[Element]) -> Result<Vec<u8>, Malformed> {
    const TOO_LONG: Malformed = Malformed("user data header too long");
    if elements.is_empty() {
        return Ok(Vec::new());
    }
    let mut out = vec![0];
    for element in elements {
        let (id, data) = element.value();
        out.extend([id, u8::try_from(data.len()).map_err(|_| TOO_LONG)?]);
        out.extend(data);
    }
    let length = u8::try_from(out.len().saturating_sub(1)).map_err(|_| TOO_LONG)?;
    out.splice(..1, [length]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_unknown_elements_survive_the_round_trip() {
        let header = b"\x00\x03\x4c\x02\x01\x08\x04\x01\x00\x03\x02\x05\x04\x0b\x84\x23\xf0\x0a\x01\x07";
        let elements = parse(header);
        assert_eq!(elements.len(), 4);
        let encoded = encode(&elements).expect("fits");
        assert_eq!(&encoded[1..], header);
        assert_eq!(concat(&elements), Some(Concat { reference: 256, wide: true, total: 3, part: 2 }));
        assert_eq!(ports(&elements).map(|ports| ports.destination), Some(2948));
    }

    #[test]
    fn an_impossible_part_is_not_believed() {
        for header in [b"\x00\x03\x01\x00\x00", b"\x00\x03\x01\x02\x03", b"\x00\x03\x01\x02\x00"] {
            assert_eq!(concat(&parse(header)), None);
        }
    }

    #[test]
    fn a_broken_element_ends_the_list() {
        assert_eq!(parse(b"\x00\x03\x01\x02\x01\x05\xff\x00").len(), 1);
    }
}
