//! ubus, OpenWrt's message bus: the codec, the messages and a client.
//!
//! `blob` knows bytes and types, `message` knows frames and attributes, `router` and
//! `incoming` are what one client knows (frames in, frames out, no I/O), `connection` moves
//! the bytes, `client` is the handle that the daemon holds, `request` what others ask of our objects,
//! `call` one blocking request for the command line.
//!
//! Why not libubus? It is C with its own event loop and would make the static binary
//! depend on the router's libraries; the protocol is thirteen attributes.

pub mod blob;
pub mod call;
pub mod client;
mod connection;
mod incoming;
pub mod message;
mod request;
mod router;

pub use client::{Client, Connection, Error, Event, Events, Notice, Object, Subscription};
pub use connection::Source;
pub use message::{ArgType, Method, Status};
pub use request::Request;
