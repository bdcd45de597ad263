//! TLVs: the walk, the types a value is made of, and the one interpreter of messages.
//!
//! A message is declared once with [`messages!`](crate::messages): a struct whose fields
//! stand beside their tags. Every field is an `Option`: a TLV that is absent, or that is
//! not what the declaration says, leaves it `None` and the message survives (a ZTE
//! MF683 sends one TLV a byte too short). Unknown TLVs are skipped, of a repeated one
//! the first counts, bytes behind a value are ignored: modems do all three.

use super::value::{Codec, value_of};
use crate::wire::{Malformed, Reader};
use std::fmt::Debug;

/// One step of the walk: tag and value.
fn next<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), Malformed> {
    let tag = reader.u8()?;
    let length = usize::from(reader.u16_le()?);
    Ok((tag, reader.take(length)?))
}

/// Whether all TLVs lie within `tlvs`.
pub fn check(tlvs: &[u8]) -> Result<(), Malformed> {
    let mut reader = Reader::new(tlvs);
    while !reader.is_empty() {
        next(&mut reader)?;
    }
    Ok(())
}

/// Tags and values, as far as they lie within `tlvs`.
pub fn walk(tlvs: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut reader = Reader::new(tlvs);
    std::iter::from_fn(move || next(&mut reader).ok())
}

/// The value of the first TLV with this tag.
pub fn find(tlvs: &[u8], tag: u8) -> Option<&[u8]> {
    walk(tlvs).find(|(found, _)| *found == tag).map(|(_, value)| value)
}

/// Appends one TLV. A value that no length can tell is left out; ours never are.
pub fn append(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    if let Ok(length) = u16::try_from(value.len()) {
        out.push(tag);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(value);
    }
}

/// What a message made of one TLV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    Taken,
    /// The declaration has no such tag, or it came before.
    Skipped,
    /// The value is not what the declaration says.
    Bad,
}

/// A declared message: its fields by tag. [`messages!`](crate::messages) writes this.
pub trait Message: Take + Put + Debug {}

impl<M: Take + Put + Debug> Message for M {}

/// Its reader. Apart from its writer: the daemon never writes what modems send.
pub trait Take {
    fn take(&mut self, tag: u8, value: &[u8]) -> Slot;
}

/// Its writer.
pub trait Put {
    fn put(&self, out: &mut Vec<u8>);
}

/// A message that a client sends.
pub trait Request: Message + Default {
    const SERVICE: super::frame::Service;
    const ID: u16;
    type Reply: Message + Default;
}

/// A message that a modem sends unasked.
pub trait Indication: Message + Default {
    const SERVICE: super::frame::Service;
    const ID: u16;
}

/// A message without TLVs of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Empty {}

impl Take for Empty {
    fn take(&mut self, _tag: u8, _value: &[u8]) -> Slot {
        Slot::Skipped
    }
}

impl Put for Empty {
    fn put(&self, _out: &mut Vec<u8>) {}
}

/// Fills `message` from `tlvs`; how many TLVs were not what they should be.
pub fn interpret<M: Take + ?Sized>(message: &mut M, tlvs: &[u8]) -> usize {
    count_bad(tlvs, &mut |tag, value| message.take(tag, value))
}

fn count_bad(tlvs: &[u8], take: &mut dyn FnMut(u8, &[u8]) -> Slot) -> usize {
    walk(tlvs).filter(|(tag, value)| take(*tag, value) == Slot::Bad).count()
}

/// A message out of a frame's TLVs.
pub fn parse<M: Take + Default>(tlvs: &[u8]) -> M {
    let mut message = M::default();
    interpret(&mut message, tlvs);
    message
}

/// A message as a frame's TLVs.
pub fn emit<M: Put + ?Sized>(message: &M) -> Vec<u8> {
    let mut out = Vec::new();
    message.put(&mut out);
    out
}

/// One field from one value: the heart of what `messages!` writes.
pub fn fill<C: Codec>(field: &mut Option<C::Value>, value: &[u8]) -> Slot {
    if field.is_some() {
        return Slot::Skipped;
    }
    *field = value_of::<C>(value);
    if field.is_some() { Slot::Taken } else { Slot::Bad }
}

/// One field as one TLV, where it is there.
pub fn give<C: Codec>(tag: u8, field: &Option<C::Value>, out: &mut Vec<u8>) {
    if let Some(field) = field {
        let mut value = Vec::new();
        C::put(field, &mut value);
        append(out, tag, &value);
    }
}

/// The messages of one service: `ID Request { TAG field: Codec, … } -> Reply { … }`, a
/// reply without TLVs left out, then the indications. Also gives `DECLARED`, the list of
/// them all for whoever has only a frame: a trace, a simulated modem, a test.
#[macro_export]
macro_rules! messages {
    ($service:ident;
     $($(#[$doc:meta])* $id:literal $request:ident { $($tag:literal $field:ident : $codec:ty),* $(,)? }
        $(-> $reply:ident { $($rtag:literal $rfield:ident : $rcodec:ty),* $(,)? })?;)*
     $(indications
       $($(#[$idoc:meta])* $iid:literal $indication:ident { $($itag:literal $ifield:ident : $icodec:ty),* $(,)? };)*)?
    ) => {
        $(
            $crate::messages!(@message $(#[$doc])* $request { $($tag $field : $codec),* });
            $($crate::messages!(@message
                #[doc = concat!("The answer to [`", stringify!($request), "`].")]
                $reply { $($rtag $rfield : $rcodec),* });)?
            impl $crate::qmi::tlv::Request for $request {
                const SERVICE: $crate::qmi::frame::Service = $crate::qmi::frame::Service::$service;
                const ID: u16 = $id;
                type Reply = $crate::messages!(@reply $($reply)?);
            }
        )*
        $($(
            $crate::messages!(@message $(#[$idoc])* $indication { $($itag $ifield : $icodec),* });
            impl $crate::qmi::tlv::Indication for $indication {
                const SERVICE: $crate::qmi::frame::Service = $crate::qmi::frame::Service::$service;
                const ID: u16 = $iid;
            }
        )*)?

        /// Their names alone: what the daemon shows of a message without the code of all of them.
        pub const NAMES: &[(u16, $crate::qmi::frame::Kind, &str)] = &[
            $(
                ($id, $crate::qmi::frame::Kind::Request, stringify!($request)),
                ($id, $crate::qmi::frame::Kind::Response, stringify!($request)),
            )*
            $($(($iid, $crate::qmi::frame::Kind::Indication, stringify!($indication)),)*)?
        ];

        /// Every message of this service that has a declaration.
        pub const DECLARED: &[$crate::qmi::messages::Declared] = &[
            $(
                $crate::qmi::messages::Declared {
                    id: $id,
                    kind: $crate::qmi::frame::Kind::Request,
                    name: stringify!($request),
                    blank: || Box::new($request::default()),
                },
                $crate::qmi::messages::Declared {
                    id: $id,
                    kind: $crate::qmi::frame::Kind::Response,
                    name: stringify!($request),
                    blank: || Box::new(<$request as $crate::qmi::tlv::Request>::Reply::default()),
                },
            )*
            $($(
                $crate::qmi::messages::Declared {
                    id: $iid,
                    kind: $crate::qmi::frame::Kind::Indication,
                    name: stringify!($indication),
                    blank: || Box::new($indication::default()),
                },
            )*)?
        ];
    };

    (@reply) => { $crate::qmi::tlv::Empty };
    (@reply $reply:ident) => { $reply };

    (@message $(#[$doc:meta])* $name:ident { $($tag:literal $field:ident : $codec:ty),* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct $name { $(pub $field: Option<<$codec as $crate::qmi::value::Codec>::Value>),* }

        impl $crate::qmi::tlv::Take for $name {
            #[allow(unused_variables)]
            fn take(&mut self, tag: u8, value: &[u8]) -> $crate::qmi::tlv::Slot {
                match tag {
                    $($tag => $crate::qmi::tlv::fill::<$codec>(&mut self.$field, value),)*
                    _ => $crate::qmi::tlv::Slot::Skipped,
                }
            }
        }

        impl $crate::qmi::tlv::Put for $name {
            #[allow(unused_variables)]
            fn put(&self, out: &mut Vec<u8>) {
                $($crate::qmi::tlv::give::<$codec>($tag, &self.$field, out);)*
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qmi::frame::Kind;
    use crate::qmi::value::{List8, Secret8, Text, Text8, Unset};
    use crate::record;
    use crate::words::Secret;

    record! {
        /// A test's own.
        pub struct Pair { left: u8, right: Unset<u16> }
    }

    messages! { Dms;
        /// A test's own.
        0x7001 Ask { 0x01 name: Text8, 0x10 pairs: List8<Pair>, 0x11 pin: Secret8 } -> Told { 0x10 rest: Text };
    }

    #[test]
    fn a_declaration_is_found_by_its_number_in_both_directions() {
        let kinds: Vec<_> = DECLARED.iter().map(|declared| (declared.id, declared.kind)).collect();
        assert_eq!(kinds, [(0x7001, Kind::Request), (0x7001, Kind::Response)]);
        let names: Vec<_> = NAMES.iter().map(|(id, kind, _)| (*id, *kind)).collect();
        assert_eq!(names, kinds);
    }

    #[test]
    fn a_message_survives_the_round_trip_and_says_only_what_it_has() {
        let pairs = vec![Pair { left: 1, right: None }, Pair { left: 2, right: Some(3) }];
        let ask = Ask { pairs: Some(pairs), ..Ask::default() };
        let tlvs = emit(&ask);
        assert_eq!(tlvs, [0x10, 7, 0, 2, 1, 0xff, 0xff, 2, 3, 0]);
        assert_eq!(parse::<Ask>(&tlvs), ask);
    }

    #[test]
    fn a_bad_tlv_is_skipped_and_its_neighbours_survive() {
        let tlvs = [0x10, 2, 0, 9, 1, 0x77, 1, 0, 5, 0x01, 2, 0, 1, b'x', 0x01, 2, 0, 1, b'y'];
        let mut ask = Ask::default();
        assert_eq!(interpret(&mut ask, &tlvs), 1);
        assert_eq!(ask, Ask { name: Some("x".into()), ..Ask::default() });
    }

    #[test]
    fn a_secret_is_not_in_the_debug_output() {
        let ask = Ask { pin: Some(Secret::new("1234")), ..Ask::default() };
        assert!(!format!("{ask:?}").contains("1234"));
        assert!(emit(&ask).ends_with(b"\x041234"));
    }

    #[test]
    fn text_loses_the_line_end_that_modems_append() {
        let told: Told = parse(b"\x10\x07\x00EM12\r\n\0");
        assert_eq!(told.rest.as_deref(), Some("EM12"));
    }
}
