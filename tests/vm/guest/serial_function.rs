//! A serial port of the emulated modem (AT, NMEA, diagnostics): bytes to and from a
//! stream socket. Line settings and DTR are accepted and mean nothing.

use super::device::{Hang, Knobs};
use super::usb::Reply;
use nix::sys::socket::{MsgFlags, recv, send};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// Bytes kept until the host fetches them; then the socket has to wait.
const MOST: usize = 4096;

pub struct SerialFunction {
    socket: OwnedFd,
    knobs: Arc<Knobs>,
    to_host: Vec<u8>,
    open: bool,
}

impl SerialFunction {
    pub fn new(socket: OwnedFd, knobs: Arc<Knobs>) -> Self {
        Self { socket, knobs, to_host: Vec::new(), open: true }
    }

    pub fn wants(&self) -> Option<BorrowedFd<'_>> {
        (self.open && self.to_host.len() < MOST).then(|| self.socket.as_fd())
    }

    /// A port that nobody serves any more stays there, and says nothing.
    pub fn readable(&mut self) {
        let mut bytes = [0; 1024];
        match recv(self.socket.as_raw_fd(), &mut bytes, MsgFlags::MSG_DONTWAIT) {
            Ok(length) if length > 0 => self.to_host.extend(&bytes[..length]),
            Err(nix::errno::Errno::EAGAIN) => {}
            _ => self.open = false,
        }
    }

    pub fn request(&self) -> Reply {
        Reply::Done(Vec::new())
    }

    pub fn output(&mut self, bytes: &[u8]) -> bool {
        match self.knobs.hang() {
            Hang::No => {
                let _ = send(self.socket.as_raw_fd(), bytes, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL);
                true
            }
            Hang::Deaf => true,
            Hang::Naks => false,
        }
    }

    pub fn input(&mut self, room: usize) -> Option<Vec<u8>> {
        if self.to_host.is_empty() || self.knobs.hang() != Hang::No {
            return None;
        }
        let count = self.to_host.len().min(room);
        Some(self.to_host.drain(..count).collect())
    }
}
