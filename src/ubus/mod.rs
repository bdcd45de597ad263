//! ubus, OpenWrt's message bus: the codec, the messages and a client.
//!
//! `blob` knows bytes and types, `message` knows frames and attributes, `router` is what
//! one connection knows (pure: frames in, frames out), `client` is the handle that the
//! daemon holds, `call` is one blocking request for the command line.
//!
//! Why not libubus? It is C with its own event loop and would make the static binary
//! depend on the router's libraries; the protocol is thirteen attributes.

pub mod blob;
pub mod message;
