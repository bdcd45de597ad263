//! What the values of TLVs are made of.
//!
//! A [`Codec`] names the wire form of a value, so that the struct's fields are plain
//! types: `Text8` is a `String` with a length byte before it, `List16<Plmn>` a
//! `Vec<Plmn>` behind a two-byte count. Counts bound loops, never allocations: each
//! element takes its bytes from what is really there.

use super::text::Name;
use crate::wire::{Malformed, Reader};
use crate::words::{Id, Secret};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A form on the wire and the type that it means.
pub trait Codec {
    type Value;
    fn get(reader: &mut Reader<'_>) -> Result<Self::Value, Malformed>;
    fn put(value: &Self::Value, out: &mut Vec<u8>);
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Codec for $number {
            type Value = Self;
            fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
                reader.array().map(<$number>::from_le_bytes)
            }
            fn put(value: &Self, out: &mut Vec<u8>) {
                out.extend_from_slice(&value.to_le_bytes());
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64, i8, i16, i32, f32);

impl Codec for bool {
    type Value = Self;
    fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.u8().map(|byte| byte != 0)
    }
    fn put(value: &Self, out: &mut Vec<u8>) {
        out.push(u8::from(*value));
    }
}

/// Exactly these bytes, e.g. a firmware image's unique id.
impl<const N: usize> Codec for [u8; N] {
    type Value = Self;
    fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.array()
    }
    fn put(value: &Self, out: &mut Vec<u8>) {
        out.extend_from_slice(value);
    }
}

/// Band masks: so many words, the lowest bands first.
impl<const N: usize> Codec for [u64; N] {
    type Value = Self;
    fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut words = [0; N];
        for word in &mut words {
            *word = reader.u64_le()?;
        }
        Ok(words)
    }
    fn put(value: &Self, out: &mut Vec<u8>) {
        value.iter().for_each(|word| u64::put(word, out));
    }
}

/// A number whose largest value means "not known".
pub struct Unset<N>(PhantomData<N>);

macro_rules! unset {
    ($($number:ty),*) => {$(
        impl Codec for Unset<$number> {
            type Value = Option<$number>;
            fn get(reader: &mut Reader<'_>) -> Result<Self::Value, Malformed> {
                <$number>::get(reader).map(|value| (value != <$number>::MAX).then_some(value))
            }
            fn put(value: &Self::Value, out: &mut Vec<u8>) {
                <$number>::put(&value.unwrap_or(<$number>::MAX), out);
            }
        }
    )*};
}
unset!(u8, u16, u32, u64);

/// A byte that says whether the value behind it counts.
pub struct Valid<C>(PhantomData<C>);

impl<C: Codec> Codec for Valid<C>
where
    C::Value: Default,
{
    type Value = Option<C::Value>;
    fn get(reader: &mut Reader<'_>) -> Result<Self::Value, Malformed> {
        let valid = bool::get(reader)?;
        let value = C::get(reader)?;
        Ok(valid.then_some(value))
    }
    fn put(value: &Self::Value, out: &mut Vec<u8>) {
        bool::put(&value.is_some(), out);
        match value {
            Some(value) => C::put(value, out),
            None => C::put(&C::Value::default(), out),
        }
    }
}

/// The width of a count or a length.
pub trait Width {
    fn count(reader: &mut Reader<'_>) -> Result<usize, Malformed>;
    /// Writes the count; how much of `length` it could tell.
    fn put_count(length: usize, out: &mut Vec<u8>) -> usize;
}

macro_rules! widths {
    ($($number:ty),*) => {$(
        impl Width for $number {
            fn count(reader: &mut Reader<'_>) -> Result<usize, Malformed> {
                let count = <$number as Codec>::get(reader)?;
                usize::try_from(count).map_err(|_| Malformed("a count out of range"))
            }
            fn put_count(length: usize, out: &mut Vec<u8>) -> usize {
                let count = <$number>::try_from(length).unwrap_or(<$number>::MAX);
                <$number as Codec>::put(&count, out);
                usize::try_from(count).unwrap_or(usize::MAX)
            }
        }
    )*};
}
widths!(u8, u16, u32);

/// A count of width `W`, then so many of `C`.
pub struct List<C, W>(PhantomData<(C, W)>);
pub type List8<C> = List<C, u8>;
pub type List16<C> = List<C, u16>;

impl<C: Codec, W: Width> Codec for List<C, W> {
    type Value = Vec<C::Value>;
    fn get(reader: &mut Reader<'_>) -> Result<Self::Value, Malformed> {
        let count = W::count(reader)?;
        let mut values = Vec::new();
        for _ in 0..count {
            // Every codec takes at least a byte, so a large count ends with the bytes.
            values.push(C::get(reader)?);
        }
        Ok(values)
    }
    fn put(value: &Self::Value, out: &mut Vec<u8>) {
        let count = W::put_count(value.len(), out);
        value.iter().take(count).for_each(|value| C::put(value, out));
    }
}

/// A byte string of someone's: an SMS, a SIM file, an ICCID. Never printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Hidden(pub Vec<u8>);

impl Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What a length-prefixed, or remaining, run of bytes can mean.
pub trait Run: Sized {
    fn from_run(bytes: &[u8]) -> Self;
    fn as_run(&self) -> &[u8];
}

impl Run for Vec<u8> {
    fn from_run(bytes: &[u8]) -> Self {
        bytes.to_vec()
    }
    fn as_run(&self) -> &[u8] {
        self
    }
}

impl Run for Hidden {
    fn from_run(bytes: &[u8]) -> Self {
        Hidden(bytes.to_vec())
    }
    fn as_run(&self) -> &[u8] {
        &self.0
    }
}

impl Run for Name {
    fn from_run(bytes: &[u8]) -> Self {
        Name::new(bytes)
    }
    fn as_run(&self) -> &[u8] {
        self.bytes()
    }
}

/// Text as the modem's ASCII, without the NULs and line ends that some append.
fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches(['\0', '\r', '\n']).to_string()
}

impl Run for String {
    fn from_run(bytes: &[u8]) -> Self {
        lossy(bytes)
    }
    fn as_run(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Run for Id {
    fn from_run(bytes: &[u8]) -> Self {
        Id::new(lossy(bytes))
    }
    fn as_run(&self) -> &[u8] {
        self.reveal().as_bytes()
    }
}

impl Run for Secret {
    fn from_run(bytes: &[u8]) -> Self {
        Secret::new(String::from_utf8_lossy(bytes))
    }
    fn as_run(&self) -> &[u8] {
        self.reveal().as_bytes()
    }
}

/// The rest of the TLV.
pub struct Rest<R>(PhantomData<R>);
pub type Text = Rest<String>;
pub type IdText = Rest<Id>;
pub type SecretText = Rest<Secret>;

impl<R: Run> Codec for Rest<R> {
    type Value = R;
    fn get(reader: &mut Reader<'_>) -> Result<R, Malformed> {
        Ok(R::from_run(reader.rest()))
    }
    fn put(value: &R, out: &mut Vec<u8>) {
        out.extend_from_slice(value.as_run());
    }
}

/// A length of width `W`, then so many bytes.
pub struct Counted<R, W>(PhantomData<(R, W)>);
pub type Text8 = Counted<String, u8>;
pub type Text16 = Counted<String, u16>;
pub type Secret8 = Counted<Secret, u8>;
pub type Name8 = Counted<Name, u8>;
pub type Bytes8 = Counted<Vec<u8>, u8>;
pub type Bytes16 = Counted<Vec<u8>, u16>;
pub type Hidden8 = Counted<Hidden, u8>;
pub type Hidden16 = Counted<Hidden, u16>;

impl<R: Run, W: Width> Codec for Counted<R, W> {
    type Value = R;
    fn get(reader: &mut Reader<'_>) -> Result<R, Malformed> {
        let length = W::count(reader)?;
        reader.take(length).map(R::from_run)
    }
    fn put(value: &R, out: &mut Vec<u8>) {
        let run = value.as_run();
        let length = W::put_count(run.len(), out);
        out.extend_from_slice(run.get(..length).unwrap_or(run));
    }
}

/// `N` characters; fewer are padded with 0xff, as in a two-digit MNC.
pub struct Digits<const N: usize>;

impl<const N: usize> Codec for Digits<N> {
    type Value = String;
    fn get(reader: &mut Reader<'_>) -> Result<String, Malformed> {
        let bytes = reader.take(N)?;
        let end = bytes.iter().position(|byte| matches!(byte, 0xff | 0)).unwrap_or(bytes.len());
        Ok(String::from_utf8_lossy(bytes.get(..end).unwrap_or(bytes)).into_owned())
    }
    fn put(value: &String, out: &mut Vec<u8>) {
        out.extend(value.bytes().chain(std::iter::repeat(0xff)).take(N));
    }
}

/// An IPv4 address as a little-endian number.
impl Codec for Ipv4Addr {
    type Value = Self;
    fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.u32_le().map(Ipv4Addr::from)
    }
    fn put(value: &Self, out: &mut Vec<u8>) {
        u32::put(&u32::from(*value), out);
    }
}

/// An IPv6 address in network order.
impl Codec for Ipv6Addr {
    type Value = Self;
    fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.array::<16>().map(Ipv6Addr::from)
    }
    fn put(value: &Self, out: &mut Vec<u8>) {
        out.extend_from_slice(&value.octets());
    }
}

/// A nested structure: fields one after the other.
#[macro_export]
macro_rules! record {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$fdoc:meta])* $field:ident : $codec:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct $name { $($(#[$fdoc])* pub $field: <$codec as $crate::qmi::value::Codec>::Value),* }

        impl $crate::qmi::value::Codec for $name {
            type Value = Self;
            fn get(reader: &mut $crate::wire::Reader<'_>) -> Result<Self, $crate::wire::Malformed> {
                Ok($name { $($field: <$codec as $crate::qmi::value::Codec>::get(reader)?),* })
            }
            fn put(value: &Self, out: &mut Vec<u8>) {
                $(<$codec as $crate::qmi::value::Codec>::put(&value.$field, out);)*
            }
        }
    )*};
}

/// A [`wire_enum!`](crate::wire_enum) that can stand in a TLV.
#[macro_export]
macro_rules! codes {
    ($($(#[$doc:meta])* pub enum $name:ident : $int:ty { $($body:tt)* })*) => {$(
        $crate::wire_enum! { $(#[$doc])* pub enum $name : $int { $($body)* } }

        impl Default for $name {
            fn default() -> Self {
                $name::from(0)
            }
        }

        impl $crate::qmi::value::Codec for $name {
            type Value = Self;
            fn get(reader: &mut $crate::wire::Reader<'_>) -> Result<Self, $crate::wire::Malformed> {
                <$int as $crate::qmi::value::Codec>::get(reader).map($name::from)
            }
            fn put(value: &Self, out: &mut Vec<u8>) {
                <$int as $crate::qmi::value::Codec>::put(&<$int>::from(*value), out);
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_beyond_the_bytes_is_an_error_and_no_allocation() {
        assert!(List::<u8, u32>::get(&mut Reader::new(&[0xff; 8])).is_err());
    }

    #[test]
    fn two_digits_are_padded_with_ff() {
        let mut out = Vec::new();
        Digits::<3>::put(&"07".to_string(), &mut out);
        assert_eq!(out, b"07\xff");
        assert_eq!(Digits::<3>::get(&mut Reader::new(&out)), Ok("07".to_string()));
    }

    #[test]
    fn a_validity_byte_makes_an_option() {
        assert_eq!(Valid::<u16>::get(&mut Reader::new(&[1, 2, 0])), Ok(Some(2)));
        assert_eq!(Valid::<u16>::get(&mut Reader::new(&[0, 0xff, 0xff])), Ok(None));
        assert!(Valid::<u16>::get(&mut Reader::new(&[0, 0xff])).is_err());
    }
}
