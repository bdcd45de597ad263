//! TCP: a handshake that proves the way, and the first line of HTTP.
//!
//! A connection ends with a reset (SO_LINGER of 0) as soon as it has proved what it should,
//! which saves the packets of a farewell and whatever the server still wanted to send.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use nix::libc;
use nix::sys::socket::sockopt::{Linger, RcvBuf, SocketError};
use nix::sys::socket::{SockType, getsockopt, setsockopt};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

use super::{Answer, Failure, Host, Note, Source, answered, socket};

/// `HTTP/1.1 204`
const STATUS_LINE: usize = 12;
/// The kernel doubles it and offers half of that: about as much may come on a metered link.
const SMALL: usize = 2048;

pub async fn tcp(to: IpAddr, port: u16, from: &Source) -> Result<Answer, Failure> {
    let begin = Instant::now();
    match connected(to, port, from).await {
        Ok(_closed_here) => Ok(answered(begin, None)),
        // The reset has come all the way back: that is what was to be proved.
        Err(Failure::Refused) => Ok(answered(begin, Some(Note::Refused))),
        Err(failure) => Err(failure),
    }
}

pub async fn http(to: IpAddr, port: u16, host: &Host, path: &str, from: &Source) -> Result<Answer, Failure> {
    let fd = connected(to, port, from).await?;
    let shown = if port == 80 { String::new() } else { format!(":{port}") };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}{shown}\r\nConnection: close\r\n\r\n");
    let begin = Instant::now();
    socket::send_now(fd.get_ref(), request.as_bytes())?;
    let mut line = [0; STATUS_LINE];
    let mut filled = 0;
    while let Some(room) = line.get_mut(filled..).filter(|room| !room.is_empty()) {
        match socket::receive(&fd, room).await? {
            (0, _) => return Err(Failure::Garbled),
            (length, _) => filled += length,
        }
    }
    let status = status(&line).ok_or(Failure::Garbled)?;
    Ok(answered(begin, Some(Note::Status(status))))
}

async fn connected(to: IpAddr, port: u16, from: &Source) -> Result<AsyncFd<OwnedFd>, Failure> {
    let fd = socket::open(to, from, SockType::Stream, None)?;
    let farewell = libc::linger { l_onoff: 1, l_linger: 0 };
    setsockopt(&fd, Linger, &farewell).map_err(socket::local)?;
    setsockopt(&fd, RcvBuf, &SMALL).map_err(socket::local)?;
    socket::connect_to(&fd, SocketAddr::new(to, port), from)?;
    let fd = socket::watch(fd, Interest::READABLE | Interest::WRITABLE)?;
    let ready = fd.writable().await;
    ready.map_err(|error| Failure::Other(error.raw_os_error().unwrap_or(0)))?.retain_ready();
    match getsockopt(fd.get_ref(), SocketError).map_err(socket::local)? {
        0 => Ok(fd),
        errno => Err(socket::remote(nix::errno::Errno::from_raw(errno))),
    }
}

/// `HTTP/x.y NNN`, RFC 9112, 4.
fn status(line: &[u8; STATUS_LINE]) -> Option<u16> {
    let text = std::str::from_utf8(line).ok()?;
    let (version, status) = text.strip_prefix("HTTP/")?.split_once(' ')?;
    let digits = version.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
    status.parse().ok().filter(|status| digits && (100..1000).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_told_from_anything_else() {
        assert_eq!(status(b"HTTP/1.1 204"), Some(204));
        assert_eq!(status(b"HTTP/1.0 302"), Some(302));
        for wrong in [
            b"HTTP/1.1 2 4",
            b"HTTP/1.1 +04",
            b"HTTP/11 2040",
            b"SSH-2.0-Open",
            b"HTTP/1.1 000",
            b"HTTP/1.1 \xff04",
        ] {
            assert_eq!(status(wrong), None, "{wrong:?}");
        }
    }
}
