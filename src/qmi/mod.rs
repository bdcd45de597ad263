//! QMI, Qualcomm's modem interface, over /dev/cdc-wdm0 or inside MBIM.
//!
//! `frame` is bytes, `tlv` the one interpreter of message bodies, `value` what they hold, `messages` the protocol
//! as data (a declaration a message, by tag), `error` the modem's refusals, `text` its
//! operator names; `client` sends, waits, times out and owns the client ids.
//!
//! Both roles are here: the simulated modem is this codec run backwards.
//!
//! Sources: libqmi's public description of the messages for tags and layouts, recorded
//! traffic for what modems make of them.
pub mod client;
pub mod error;
pub mod frame;
pub mod messages;
pub mod modem;
pub mod text;
pub mod tlv;
pub mod value;
