//! Short messages (3GPP TS 23.040, 23.038): bytes to values and back, long texts cut into
//! parts and parts joined into texts.
//!
//! Contract: no I/O, no clock, and no bytes from a network or a modem's store make it panic or
//! take memory beyond a constant. Numbers and texts are [`Id`](crate::words::Id)s: no log shows them.
//!
//! The way of a message: [`pdu::Pdu::parse`] gives a [`pdu::Tpdu`], whose [`body::Body`] may
//! say that it is one part of several; [`assemble::Assembler`] joins them. The way out:
//! [`compose::compose`] gives one [`pdu::Submit`] a part, each of which [`pdu::Pdu::encode`]s.
//!
//! Why not a crate? Those published either panic on hostile input, want a runtime, or know
//! text only; and the tables are two screens.

pub mod address;
pub mod assemble;
pub mod body;
pub mod coding;
pub mod compose;
pub mod delivery;
pub mod gsm7;
pub mod header;
pub mod pdu;
pub mod time;
