//! The least firmware that a modem's channels can be checked with: it answers OPEN and
//! CLOSE of MBIM, CTL_SYNC of QMI, and every line of a serial port, and nothing else.

use super::wdm::message;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;

/// A control socket for [`super::device::Modem::plug`]; its firmware ends with it.
pub fn firmware() -> nix::Result<OwnedFd> {
    let (usb, ours) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
    thread::spawn(move || serve(&ours));
    Ok(usb)
}

/// A serial port that says OK to every line.
pub fn port() -> nix::Result<OwnedFd> {
    let (usb, ours) = socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)?;
    thread::spawn(move || {
        let mut port = UnixStream::from(ours);
        let mut byte = [0];
        while port.read_exact(&mut byte).is_ok() {
            if byte == *b"\r" && port.write_all(b"\r\nOK\r\n").is_err() {
                return;
            }
        }
    });
    Ok(usb)
}

/// QMUX and CTL headers, message 0x0027; the answer has the result TLV 0x02: success.
pub const CTL_SYNC: [u8; 12] = [1, 11, 0, 0, 0, 0, 0, 1, 0x27, 0, 0, 0];
pub const CTL_SYNC_DONE: [u8; 19] = [1, 18, 0, 0x80, 0, 0, 1, 1, 0x27, 0, 7, 0, 2, 4, 0, 0, 0, 0, 0];

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
    if request == CTL_SYNC {
        return Some(CTL_SYNC_DONE.to_vec());
    }
    let kind = u32::from_le_bytes(*request.first_chunk()?);
    let transaction = u32::from_le_bytes(*request.get(8..)?.first_chunk()?);
    matches!(kind, 1 | 2).then(|| message(0x8000_0000 | kind, transaction, &[0; 4]))
}
