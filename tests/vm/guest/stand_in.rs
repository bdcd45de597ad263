//! The least firmware that a control channel can be checked with: it answers OPEN and
//! CLOSE, and nothing else.

use super::wdm::message;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;

/// A control socket for [`super::device::Modem::plug`]; its firmware ends with it.
pub fn firmware() -> nix::Result<OwnedFd> {
    let (usb, ours) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
    thread::spawn(move || serve(&ours));
    Ok(usb)
}

fn serve(control: &OwnedFd) {
    let mut buffer = [0; 4096];
    loop {
        let length = match recv(control.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            Ok(length) if length > 0 => length,
            _ => return,
        };
        let Some(answer) = answer(&buffer[..length]) else { continue };
        if send(control.as_raw_fd(), &answer, MsgFlags::MSG_NOSIGNAL).is_err() {
            return;
        }
    }
}

/// OPEN_DONE or CLOSE_DONE with status 0 (MBIM 1.0, 9.4.1 and 9.4.2).
fn answer(request: &[u8]) -> Option<Vec<u8>> {
    let kind = u32::from_le_bytes(*request.first_chunk()?);
    let transaction = u32::from_le_bytes(*request.get(8..)?.first_chunk()?);
    matches!(kind, 1 | 2).then(|| message(0x8000_0000 | kind, transaction, &[0; 4]))
}
