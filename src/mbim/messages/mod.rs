//! The messages of MBIM as data: one entry of [`messages!`] is a message, its members in
//! the order of the wire, each with the form it has there.
//!
//! Contract: every message parses and emits, so that host and simulated modem share it.
//! Emitted bytes have the canonical layout: fixed part, then the variable part in the
//! order of the members, each piece padded to four bytes. Parsing takes any layout.
//! Personal values are [`Id`](crate::words::Id), [`Secret`](crate::words::Secret) or
//! [`Raw`], which print no content.
//!
//! Naming: the noun is what the modem answers and indicates (`RadioState`), `Set…` and
//! `Query…` are the requests that carry something; a query that carries nothing is
//! `Query<RadioState>`.

mod body;
mod builder;
mod codec;
pub mod enums;
#[cfg(test)]
mod tests;
mod values;

pub mod auth;
pub mod basic;
pub mod cells;
pub mod connect;
pub mod extensions;
pub mod network;
pub mod phonebook;
pub mod qmi;
pub mod services;
pub mod sms;
pub mod stk;
pub mod ussd;

pub use body::Body;
pub use builder::Builder;
pub use codec::{Struct, emit, parse};
pub use values::{Number, Raw, Text, Tlv, from_utf16};

use super::service::Service;
use super::status::Kind;
use crate::wire::Malformed;
use std::marker::PhantomData;

/// The contents of an information buffer.
pub trait Message: Struct {
    const SERVICE: Service;
    const CID: u32;

    fn parse(body: &[u8]) -> Result<Self, Malformed> {
        codec::parse(body)
    }

    fn emit(&self) -> Vec<u8> {
        codec::emit(self)
    }
}

/// A message that a host sends, and what the modem answers.
pub trait Request: Message {
    const KIND: Kind;
    type Response: Message;
}

/// The query that carries nothing and is answered by `R`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<R>(PhantomData<R>);

impl<R> Default for Query<R> {
    fn default() -> Self {
        Query(PhantomData)
    }
}

impl<R: Message> Struct for Query<R> {
    fn read(_: &mut Body<'_>) -> Result<Self, Malformed> {
        Ok(Query::default())
    }

    fn write(&self, _: &mut Builder) {}
}

impl<R: Message> Message for Query<R> {
    const SERVICE: Service = R::SERVICE;
    const CID: u32 = R::CID;
}

impl<R: Message> Request for Query<R> {
    const KIND: Kind = Kind::Query;
    type Response = R;
}

/// A struct with its members in the order of the wire: `member: Type as form`, where a
/// form is a method of [`Body`] and [`Builder`].
macro_rules! structure {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$fmeta:meta])* $field:ident : $type:ty as $form:ident $(($argument:expr))?),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $($(#[$fmeta])* pub $field: $type),* }

        impl $crate::mbim::messages::Struct for $name {
            fn read(
                #[allow(unused_variables)] body: &mut $crate::mbim::messages::Body<'_>,
            ) -> Result<Self, $crate::wire::Malformed> {
                $(let $field = body.$form($($argument)?)?;)*
                Ok($name { $($field),* })
            }

            fn write(&self, #[allow(unused_variables)] out: &mut $crate::mbim::messages::Builder) {
                $(out.$form(&self.$field $(, $argument)?);)*
            }
        }
    };
}

/// Messages of one service: `CID answer Name {…}`, `CID set Name -> Answer {…}`,
/// `CID query Name -> Answer {…}`.
macro_rules! messages {
    ($service:ident; $(
        $(#[$meta:meta])* $cid:literal $role:ident $name:ident $(-> $answer:ident)? { $($members:tt)* }
    )*) => { $(
        $crate::mbim::messages::structure! { $(#[$meta])* #[derive(Default)] $name { $($members)* } }

        impl $crate::mbim::messages::Message for $name {
            const SERVICE: $crate::mbim::Service = $crate::mbim::Service::$service;
            const CID: u32 = $cid;
        }

        $crate::mbim::messages::messages! { @ $role $name $($answer)? }
    )* };
    (@ answer $name:ident) => {};
    (@ set $name:ident $answer:ident) => {
        impl $crate::mbim::messages::Request for $name {
            const KIND: $crate::mbim::Kind = $crate::mbim::Kind::Set;
            type Response = $answer;
        }
    };
    (@ query $name:ident $answer:ident) => {
        impl $crate::mbim::messages::Request for $name {
            const KIND: $crate::mbim::Kind = $crate::mbim::Kind::Query;
            type Response = $answer;
        }
    };
}

pub(crate) use {messages, structure};
