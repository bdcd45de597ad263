//! Waiting for a file descriptor.
//!
//! Contract: [`watch`] gives the descriptor to tokio's reactor, which closes it in the end.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers a descriptor that is in non-blocking mode.
pub fn watch(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd refers to one open descriptor until it is dropped, and AsyncFd
    // hands out only shared references to it while it is registered.
    Ok(unsafe { AsyncFd::register_with_interest(fd, interest) }?)
}
