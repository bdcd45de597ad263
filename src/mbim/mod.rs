//! MBIM, the control protocol of most modems since 2013 (USB-IF, MBIM 1.0 errata 1, and
//! Microsoft's extensions).
//!
//! ```text
//!  modem     what to ask, in which order          (the procedure)
//!  client    transactions, time-outs, one I/O task
//!  messages  what is asked, as data
//!  frame     COMMAND, COMMAND_DONE, INDICATE_STATUS, ... ; fragment cuts and joins them
//! ```
//!
//! Contract: each layer knows only those below it; `frame`, `fragment` and `messages` do no
//! I/O and know no clock, and work in both roles, so that a simulated modem is the same
//! code run backwards.
//!
//! Why not libmbim? It is GLib, and larger than this whole program.

pub mod client;
pub mod describe;
pub mod fragment;
pub mod frame;
pub mod messages;
pub mod modem;
pub mod service;
pub mod status;

pub use frame::{Content, Frame};
pub use service::{ContextType, Service, Uuid};
pub use status::{Kind, ProtocolError, Status};
