//! The control channel that MBIM and QMI modems share: encapsulated commands and
//! responses, and the notifications of the interrupt endpoint (CDC 1.2, 6.2 and 6.3;
//! MBIM 1.0, 9.2; QMI has borrowed them).
//!
//! Messages pass through unread: SEND_ENCAPSULATED_COMMAND becomes one packet on the
//! control socket, each packet from there one response, announced by RESPONSE_AVAILABLE.

use super::device::{Hang, Knobs};
use super::usb::Reply;
use nix::sys::socket::{MsgFlags, recv, send};
use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

pub const SEND_ENCAPSULATED: u8 = 0x00;
pub const GET_ENCAPSULATED: u8 = 0x01;

const NETWORK_CONNECTION: u8 = 0x00;
const RESPONSE_AVAILABLE: u8 = 0x01;
const CONNECTION_SPEED_CHANGE: u8 = 0x2a;

/// The largest packet taken from the socket; MBIM's wMaxControlMessage here.
const MAX_CONTROL: usize = 4096;
/// Responses kept until the host fetches them; then the control socket has to wait.
const MOST_RESPONSES: usize = 64;

pub struct Channel {
    socket: OwnedFd,
    interface: u8,
    knobs: Arc<Knobs>,
    responses: VecDeque<Vec<u8>>,
    notifications: VecDeque<Vec<u8>>,
}

impl Channel {
    pub fn new(socket: OwnedFd, interface: u8, knobs: Arc<Knobs>) -> Self {
        Self { socket, interface, knobs, responses: VecDeque::new(), notifications: VecDeque::new() }
    }

    /// The control socket, while another response has room.
    pub fn wants(&self) -> Option<BorrowedFd<'_>> {
        (self.responses.len() < MOST_RESPONSES).then(|| self.socket.as_fd())
    }

    /// One response from the modem's firmware; `false` when that is gone.
    pub fn readable(&mut self) -> bool {
        let mut packet = vec![0; MAX_CONTROL];
        match recv(self.socket.as_raw_fd(), &mut packet, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => return false,
            Ok(length) => packet.truncate(length),
            Err(nix::errno::Errno::EAGAIN) => return true,
            Err(_) => return false,
        }
        if self.knobs.hang() == Hang::No {
            self.responses.push_back(packet);
            self.notify(RESPONSE_AVAILABLE, 0, &[]);
        }
        true
    }

    pub fn command(&mut self, data: &[u8]) -> Reply {
        match self.knobs.hang() {
            Hang::No => {
                // A full socket would be a firmware that has stopped reading.
                match send(self.socket.as_raw_fd(), data, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL) {
                    Ok(_) => Reply::Done(Vec::new()),
                    Err(_) => Reply::Never,
                }
            }
            Hang::Deaf => Reply::Done(Vec::new()),
            Hang::Naks => Reply::Never,
        }
    }

    pub fn response(&mut self) -> Reply {
        Reply::Done(self.responses.pop_front().unwrap_or_default())
    }

    /// The next notification for the interrupt endpoint.
    pub fn notification(&mut self) -> Option<Vec<u8>> {
        self.notifications.pop_front()
    }

    pub fn clear(&mut self) {
        self.responses.clear();
        self.notifications.clear();
    }

    /// A bearer has come or gone, as CDC tells it.
    pub fn network_connection(&mut self, up: bool) {
        if up {
            let rates = [150_000_000u32, 50_000_000].map(u32::to_le_bytes).concat();
            self.notify(CONNECTION_SPEED_CHANGE, 0, &rates);
        }
        self.notify(NETWORK_CONNECTION, up.into(), &[]);
    }

    fn notify(&mut self, code: u8, value: u16, data: &[u8]) {
        let mut out = vec![0xa1, code];
        for word in [value, self.interface.into(), data.len() as u16] {
            out.extend(word.to_le_bytes());
        }
        out.extend(data);
        self.notifications.push_back(out);
    }
}
