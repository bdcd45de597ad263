//! What the values of TLVs are made of.
//!
//! A [`Codec`] names the wire form of a value, so that the struct's fields are plain
//! types: `Text8` is a `String` with a length byte before it, `List16<Plmn>` a
//! `Vec<Plmn>` behind a two-byte count. Counts bound loops, never allocations: each
//! element takes its bytes from what is really there.

use super::text::Name;
use crate::words::{Id, Secret};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The bytes of one value. What lies beyond their end reads as zeros, and the value is then none:
/// that is asked once, when all of it was read, not after each of its fields.
pub struct Input<'a> {
    rest: &'a [u8],
    ran_out: bool,
}

impl<'a> Input<'a> {
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let bytes = self.take(N);
        bytes.first_chunk().copied().unwrap_or([0; N])
    }

    pub fn u8(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    pub fn take(&mut self, length: usize) -> &'a [u8] {
        let Some((head, tail)) = self.rest.split_at_checked(length) else {
            *self = Input { rest: &[], ran_out: true };
            return &[];
        };
        self.rest = tail;
        head
    }

    /// Everything not read yet.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }
}

/// The value that `bytes` begin with, if they hold all of it.
pub fn value_of<C: Codec>(bytes: &[u8]) -> Option<C::Value> {
    let mut input = Input { rest: bytes, ran_out: false };
    let value = C::get(&mut input);
    (!input.ran_out).then_some(value)
}

/// A form on the wire and the type that it means.
pub trait Codec {
    type Value;
    fn get(input: &mut Input<'_>) -> Self::Value;
    fn put(value: &Self::Value, out: &mut Vec<u8>);
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Codec for $number {
            type Value = Self;
            fn get(input: &mut Input<'_>) -> Self {
                <$number>::from_le_bytes(input.array())
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
    fn get(input: &mut Input<'_>) -> Self {
        input.u8() != 0
    }
    fn put(value: &Self, out: &mut Vec<u8>) {
        out.push(u8::from(*value));
    }
}

/// Exactly these bytes, e.g. a firmware image's unique id.
impl<const N: usize> Codec for [u8; N] {
    type Value = Self;
    fn get(input: &mut Input<'_>) -> Self {
        input.array()
    }
    fn put(value: &Self, out: &mut Vec<u8>) {
        out.extend_from_slice(value);
    }
}

/// Band masks: so many words, the lowest bands first.
impl<const N: usize> Codec for [u64; N] {
    type Value = Self;
    fn get(input: &mut Input<'_>) -> Self {
        [(); N].map(|()| u64::get(input))
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
            fn get(input: &mut Input<'_>) -> Self::Value {
                Some(<$number>::get(input)).filter(|value| *value != <$number>::MAX)
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
    fn get(input: &mut Input<'_>) -> Self::Value {
        let valid = bool::get(input);
        let value = C::get(input);
        valid.then_some(value)
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
    fn count(input: &mut Input<'_>) -> usize;
    /// Writes the count; how much of `length` it could tell.
    fn put_count(length: usize, out: &mut Vec<u8>) -> usize;
}

macro_rules! widths {
    ($($number:ty),*) => {$(
        impl Width for $number {
            fn count(input: &mut Input<'_>) -> usize {
                // One out of range is beyond all bytes, too.
                usize::try_from(<$number as Codec>::get(input)).unwrap_or(usize::MAX)
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
    fn get(input: &mut Input<'_>) -> Self::Value {
        let mut values = Vec::new();
        for _ in 0..W::count(input) {
            // Every codec takes at least a byte, so a large count ends with the bytes.
            if input.ran_out {
                break;
            }
            values.push(C::get(input));
        }
        values
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
    fn get(input: &mut Input<'_>) -> R {
        R::from_run(input.rest())
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
    fn get(input: &mut Input<'_>) -> R {
        let length = W::count(input);
        R::from_run(input.take(length))
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
    fn get(input: &mut Input<'_>) -> String {
        let bytes = input.take(N);
        let end = bytes.iter().position(|byte| matches!(byte, 0xff | 0)).unwrap_or(bytes.len());
        String::from_utf8_lossy(bytes.get(..end).unwrap_or(bytes)).into_owned()
    }
    fn put(value: &String, out: &mut Vec<u8>) {
        out.extend(value.bytes().chain(std::iter::repeat(0xff)).take(N));
    }
}

/// An IPv4 address as a little-endian number.
impl Codec for Ipv4Addr {
    type Value = Self;
    fn get(input: &mut Input<'_>) -> Self {
        Ipv4Addr::from(u32::get(input))
    }
    fn put(value: &Self, out: &mut Vec<u8>) {
        u32::put(&u32::from(*value), out);
    }
}

/// An IPv6 address in network order.
impl Codec for Ipv6Addr {
    type Value = Self;
    fn get(input: &mut Input<'_>) -> Self {
        Ipv6Addr::from(input.array::<16>())
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
            fn get(input: &mut $crate::qmi::value::Input<'_>) -> Self {
                $name { $($field: <$codec as $crate::qmi::value::Codec>::get(input)),* }
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
            fn get(input: &mut $crate::qmi::value::Input<'_>) -> Self {
                $name::from(<$int as $crate::qmi::value::Codec>::get(input))
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
        assert_eq!(value_of::<List<u8, u32>>(&[0xff; 8]), None);
    }

    #[test]
    fn two_digits_are_padded_with_ff() {
        let mut out = Vec::new();
        Digits::<3>::put(&"07".to_string(), &mut out);
        assert_eq!(out, b"07\xff");
        assert_eq!(value_of::<Digits<3>>(&out), Some("07".to_string()));
    }

    #[test]
    fn a_validity_byte_makes_an_option() {
        assert_eq!(value_of::<Valid<u16>>(&[1, 2, 0]), Some(Some(2)));
        assert_eq!(value_of::<Valid<u16>>(&[0, 0xff, 0xff]), Some(None));
        assert_eq!(value_of::<Valid<u16>>(&[0, 0xff]), None);
    }
}
