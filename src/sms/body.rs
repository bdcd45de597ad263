//! User data: an optional header, then text or data (3GPP TS 23.040, 9.2.3.24).

use std::fmt;

use super::coding::{Alphabet, Coding};
use super::gsm7;
use super::header::{self, Concat, Element, Ports};
use crate::wire::{Malformed, Reader};
use crate::words::Id;

/// 9.2.3.24: TP-UD has at most 140 octets.
pub const MOST_OCTETS: usize = 140;
pub const MOST_SEPTETS: usize = 160;

/// What a message carries.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    Text(Id),
    /// 8-bit data, or text under a compression that we don't know.
    Data(Vec<u8>),
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Text(_) => f.write_str("Text(***)"),
            Content::Data(data) => write!(f, "Data({} octets)", data.len()),
        }
    }
}

impl Content {
    pub fn text(text: impl Into<String>) -> Content {
        Content::Text(Id::new(text))
    }

    /// The text; `None` for data.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Content::Text(text) => Some(text.reveal()),
            Content::Data(_) => None,
        }
    }
}

/// TP-DCS, TP-UDL and TP-UD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    pub coding: Coding,
    pub header: Vec<Element>,
    pub content: Content,
}

impl Body {
    /// Which part of a longer message this is.
    pub fn concat(&self) -> Option<Concat> {
        header::concat(&self.header)
    }

    /// The program that it is for.
    pub fn ports(&self) -> Option<Ports> {
        header::ports(&self.header)
    }

    /// Reads from TP-UDL on; what follows the user data is left unread.
    pub(super) fn read(coding: Coding, has_header: bool, reader: &mut Reader) -> Result<Body, Malformed> {
        let length = usize::from(reader.u8()?);
        let alphabet = coding.alphabet();
        let octets = match alphabet {
            Alphabet::Gsm7 => gsm7::octets(length, 0),
            Alphabet::Data | Alphabet::Ucs2 => length,
        };
        let mut data = Reader::new(reader.take(octets)?);
        let header = if has_header {
            let length = data.u8()?;
            Some(data.take(length.into())?)
        } else {
            None
        };
        let content = match alphabet {
            Alphabet::Gsm7 => septets(header, length, data.rest())?,
            Alphabet::Ucs2 => Content::text(ucs2(data.rest())),
            Alphabet::Data => Content::Data(data.rest().to_vec()),
        };
        Ok(Body { coding, header: header.map(header::parse).unwrap_or_default(), content })
    }

    /// Writes from TP-UDL on.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let mut data = header::encode(&self.header)?;
        let length = match (&self.content, self.coding.alphabet()) {
            (Content::Text(text), Alphabet::Gsm7) => {
                let septets = gsm7::encode(text.reveal()).ok_or(Malformed("not in the 7-bit alphabet"))?;
                let (before, fill) = septets_of_header(data.len());
                data.extend(gsm7::pack(&septets, fill));
                before.saturating_add(septets.len())
            }
            (Content::Text(text), Alphabet::Ucs2) => {
                data.extend(text.reveal().encode_utf16().flat_map(u16::to_be_bytes));
                data.len()
            }
            (Content::Data(octets), Alphabet::Data) => {
                data.extend(octets);
                data.len()
            }
            (Content::Text(_), Alphabet::Data) | (Content::Data(_), Alphabet::Gsm7 | Alphabet::Ucs2) => {
                return Err(Malformed("content does not fit the coding"));
            }
        };
        if data.len() > MOST_OCTETS {
            return Err(Malformed("user data too long"));
        }
        out.push(u8::try_from(length).map_err(|_| Malformed("user data too long"))?);
        out.extend(data);
        Ok(())
    }
}

/// Septets that a header takes, and the bits that fill it up to the last one's end.
pub(super) fn septets_of_header(octets: usize) -> (usize, usize) {
    let bits = octets.saturating_mul(8);
    let septets = bits.div_ceil(7);
    (septets, septets.saturating_mul(7).saturating_sub(bits))
}

fn septets(header: Option<&[u8]>, length: usize, data: &[u8]) -> Result<Content, Malformed> {
    let octets = header.map_or(0, |header| header.len().saturating_add(1));
    let (before, fill) = septets_of_header(octets);
    // A header alone may end inside of the septet that it is filled up to.
    let count = length.saturating_sub(before);
    if count == 0 {
        return Ok(Content::text(""));
    }
    gsm7::unpack(data, fill, count).map(|septets| Content::text(gsm7::decode(&septets)))
}

/// Big-endian UTF-16: phones send surrogate pairs, whatever UCS-2 says. An odd octet at the
/// end is dropped, a lone surrogate is shown as a replacement character.
fn ucs2(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(body: &Body) -> Vec<u8> {
        let mut bytes = Vec::new();
        body.write(&mut bytes).expect("fits");
        let mut reader = Reader::new(&bytes);
        let read = Body::read(body.coding, !body.header.is_empty(), &mut reader);
        assert_eq!(read.as_ref(), Ok(body));
        assert!(reader.is_empty());
        bytes
    }

    #[test]
    fn text_behind_headers_of_every_length_comes_out_as_it_went_in() {
        for extra in 0..12 {
            let header = vec![Element::Other { id: 0x70, data: vec![7; extra] }];
            for text in ["", "a", "[a]{b}€", "Grüße aus Köln"] {
                let gsm7 =
                    Body { coding: Coding::GSM7, header: header.clone(), content: Content::text(text) };
                round_trip(&gsm7);
                round_trip(&Body { coding: Coding::UCS2, ..gsm7 });
            }
        }
    }

    #[test]
    fn emoji_go_as_surrogate_pairs() {
        let body = Body { coding: Coding::UCS2, header: Vec::new(), content: Content::text("😀") };
        assert_eq!(round_trip(&body), b"\x04\xd8\x3d\xde\x00");
        assert_eq!(ucs2(b"\xd8\x3d\x00\x41\x00"), "\u{fffd}A");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let text = |length| Body {
            coding: Coding::GSM7,
            header: Vec::new(),
            content: Content::text("x".repeat(length)),
        };
        round_trip(&text(160));
        assert!(text(161).write(&mut Vec::new()).is_err());
        let data = Body { content: Content::Data(vec![1]), ..text(0) };
        assert!(data.write(&mut Vec::new()).is_err());
    }

    #[test]
    fn a_text_never_shows_in_a_log() {
        let shown = format!("{:?}{:?}", Content::text("meet me"), Content::Data(b"meet".to_vec()));
        assert_eq!(shown, "Text(***)Data(4 octets)");
    }
}
