//! The ground all codecs stand on: a bounds-checked [`Reader`], the one error
//! [`Malformed`], and [`wire_enum!`] for numbers with names.
//!
//! Contract: nothing here panics, allocates by a peer's word, or does I/O. Every length
//! that a peer sent goes through [`Reader`], because OpenWrt's Rust feed builds with
//! overflow checks and an unchecked add would be a crash that a modem can cause.
//!
//! Why not `nom` or `zerocopy`? The formats need four integer reads and an offset; a
//! parser library is more code on 16 MB of flash than this file.

use std::fmt;

/// Bytes that do not follow their format; the text says which rule, never the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// A cursor over bytes that a peer sent. A read past the end is `Malformed("truncated")`.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

const TRUNCATED: Malformed = Malformed("truncated");

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything not read yet, leaving the reader empty.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (head, tail) = self.rest.split_at_checked(length).ok_or(TRUNCATED)?;
        self.rest = tail;
        Ok(head)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (head, tail) = self.rest.split_first_chunk::<N>().ok_or(TRUNCATED)?;
        self.rest = tail;
        Ok(*head)
    }

    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u16_le(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32_le(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64_le(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn u16_be(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32_be(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64_be(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }
}

/// A window of `length` bytes at `offset` of `bytes`, both as a peer sent them.
pub fn window(bytes: &[u8], offset: u32, length: u32) -> Result<&[u8], Malformed> {
    let start = usize::try_from(offset).map_err(|_| TRUNCATED)?;
    let length = usize::try_from(length).map_err(|_| TRUNCATED)?;
    let end = start.checked_add(length).ok_or(TRUNCATED)?;
    bytes.get(start..end).ok_or(TRUNCATED)
}

/// A number on the wire with names: an enum that keeps values it does not know.
///
/// `wire_enum! { /// doc
/// pub enum Radio: u32 { Off = 0 => "off", On = 1 => "on" } }` gives the enum with a further
/// variant `Other(u32)`, `From` both ways, and `label()` (`"unknown"` for `Other`). `as table`
/// after the type looks the numbers up: of a hundred with gaps that is less code than a match.
#[macro_export]
macro_rules! wire_enum {
    ($(#[$doc:meta])* pub enum $name:ident : $int:ty $(as $table:ident)? {
        $($(#[$vdoc:meta])* $variant:ident = $value:literal => $label:literal),* $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// A value that the specification (or we) did not name.
            Other($int),
        }

        impl $name {
            /// The word that logs and status show.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                    Self::Other(_) => "unknown",
                }
            }
        }

        $crate::wire_enum! { @numbers $($table)? $name $int { $($variant = $value),* } }
    };
    (@numbers table $name:ident $int:ty { $($variant:ident = $value:literal),* }) => {
        impl $name {
            const NUMBERS: &'static [($int, $name)] = &[$(($value, $name::$variant)),*];
        }

        impl From<$int> for $name {
            #[inline(never)]
            fn from(value: $int) -> Self {
                let known = Self::NUMBERS.iter().find(|(number, _)| *number == value);
                known.map_or(Self::Other(value), |(_, name)| *name)
            }
        }

        impl From<$name> for $int {
            #[inline(never)]
            fn from(value: $name) -> $int {
                match value {
                    $name::Other(other) => other,
                    _ => $name::NUMBERS.iter().find(|(_, name)| *name == value).map_or(0, |(number, _)| *number),
                }
            }
        }
    };
    (@numbers $name:ident $int:ty { $($variant:ident = $value:literal),* }) => {
        impl From<$int> for $name {
            fn from(value: $int) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    other => Self::Other(other),
                }
            }
        }

        impl From<$name> for $int {
            fn from(value: $name) -> $int {
                match value {
                    $($name::$variant => $value,)*
                    $name::Other(other) => other,
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_past_the_end_is_an_error_and_takes_nothing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u32_le(), Err(TRUNCATED));
        assert_eq!(reader.u16_le(), Ok(0x0201));
        assert_eq!(reader.remaining(), 1);
    }

    #[test]
    fn a_window_that_overflows_is_an_error() {
        assert_eq!(window(&[0; 8], u32::MAX, u32::MAX), Err(TRUNCATED));
        assert_eq!(window(&[0; 8], 4, 5), Err(TRUNCATED));
        assert_eq!(window(&[7; 8], 8, 0), Ok(&[][..]));
    }

    wire_enum! {
        /// A test's own.
        pub enum Radio: u32 { Off = 0 => "off", On = 1 => "on" }
    }

    #[test]
    fn an_unknown_number_survives_the_round_trip() {
        assert_eq!(u32::from(Radio::from(9)), 9);
        assert_eq!(Radio::from(9).label(), "unknown");
        assert_eq!(Radio::from(1), Radio::On);
    }
}
