//! What a member may be: numbers, texts, raw bytes, type-length-value elements.
//!
//! Contract: personal values and bytes of other protocols print no content.

use std::fmt;

use crate::few::Listed;
use crate::words::{Id, Secret};

/// Anything that is 32 bits on the wire.
pub trait Number: Copy {
    fn from_wire(value: u32) -> Self;
    fn to_wire(self) -> u32;
}

impl Number for u32 {
    fn from_wire(value: u32) -> Self {
        value
    }

    fn to_wire(self) -> u32 {
        self
    }
}

impl Number for i32 {
    fn from_wire(value: u32) -> Self {
        i32::from_le_bytes(value.to_le_bytes())
    }

    fn to_wire(self) -> u32 {
        u32::from_le_bytes(self.to_le_bytes())
    }
}

impl Number for bool {
    fn from_wire(value: u32) -> Self {
        value != 0
    }

    fn to_wire(self) -> u32 {
        u32::from(self)
    }
}

/// Anything that is a UTF-16LE text on the wire.
pub trait Text {
    fn from_wire(text: String) -> Self;
    fn to_wire(&self) -> &str;
}

impl Text for String {
    fn from_wire(text: String) -> Self {
        text
    }

    fn to_wire(&self) -> &str {
        self
    }
}

impl Text for Id {
    fn from_wire(text: String) -> Self {
        Id::new(text)
    }

    fn to_wire(&self) -> &str {
        self.reveal()
    }
}

impl Text for Secret {
    fn from_wire(text: String) -> Self {
        Secret::new(text)
    }

    fn to_wire(&self) -> &str {
        self.reveal()
    }
}

/// Bytes that another protocol gives a meaning: a PDU, a QMI message, a key. Printed as
/// their number only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Raw(pub Vec<u8>);

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl From<&[u8]> for Raw {
    fn from(bytes: &[u8]) -> Self {
        Raw(bytes.to_vec())
    }
}

/// A type-length-value element of MBIMEx 3; kept, not interpreted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tlv {
    pub kind: u16,
    pub data: Raw,
}

impl Tlv {
    /// WCHAR_STR: a UTF-16LE text.
    pub const TEXT: u16 = 10;

    pub fn new_text(text: &str) -> Self {
        Tlv { kind: Self::TEXT, data: Raw(utf16(text)) }
    }

    pub fn text(&self) -> Option<String> {
        (self.kind == Self::TEXT).then(|| from_utf16(&self.data.0))
    }
}

/// UTF-16LE up to a NUL, if there is one; half a unit at the end is dropped.
pub fn from_utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|unit| {
        let unit: [u8; 2] = unit.try_into().unwrap_or_default();
        u16::from_le_bytes(unit)
    });
    char::decode_utf16(units.take_while(|unit| *unit != 0))
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).listed()
}
