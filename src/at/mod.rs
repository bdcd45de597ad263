//! The AT side channel: what MBIM and QMI of a modem can't do (USSD of some, the composition
//! of Sierra's, serving cell of Quectel's), and what people type into `uwand at`.
//!
//! Contract: everything but [`port`] and [`asked`] is pure. A modem may answer anything, at any split, mixed
//! with what nobody asked for; no bytes make this panic or take memory beyond a constant.
//! Lines are never logged: they hold numbers, identities and texts.
//!
//! From below: [`codec`] cuts bytes into lines and sorts them into answers and unsolicited
//! codes, with the tables of [`result`] and [`unsolicited`]; [`read`] gives the lines of known
//! answers as values; [`danger`] says what must not be sent by accident; [`probe`] tells
//! whether there is an AT interpreter at all; [`port`] owns a terminal; [`asked`] has messages
//! and USSD for modems that have them nowhere else.

pub mod asked;
pub mod codec;
pub mod command;
pub mod danger;
pub mod fields;
pub mod port;
pub mod probe;
pub mod read;
pub mod result;
pub mod unsolicited;

#[cfg(test)]
mod codec_tests;
