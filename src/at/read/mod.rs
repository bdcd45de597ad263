//! Lines of answers as values: small pure functions, one file a subject.
//!
//! Contract: a line of something else, or one that is not as the specification has it, gives
//! `None` or leaves a member out; nothing panics. Which lines come from which command is for
//! the caller to know.

pub mod context;
pub mod message;
pub mod operator;
pub mod quectel;
pub mod registration;
pub mod sierra;
pub mod signal;
pub mod sim;
pub mod ussd;
