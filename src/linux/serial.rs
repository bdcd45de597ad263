//! Serial ports of modems: opening one raw, and closing it without waiting.
//!
//! Contract: [`open`] gives a descriptor in non-blocking mode that passes every byte as it is,
//! or says why not, within its time-out. What came from here goes back through [`close`]. A
//! simulator's Unix stream socket is accepted in place of a device. Nothing keeps another
//! program of root's out: two readers take answers away from each other.
//!
//! What the kernel does, and what follows: opening a USB serial port wakes its device, which
//! takes seconds when that is hung; closing waits up to 30 s for bytes that can't leave
//! (drivers/tty/tty_port.c, `closing_wait`). So both run on threads of their own, and unsent
//! bytes are thrown away first.
//!
//! Why not a serial port crate? The usual one sets the speed by TCSETS2, which qemu-user does
//! not know, and the tests run there; a modem's speed means nothing on USB.
#![allow(unsafe_code)]

use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use nix::libc;
use nix::sys::termios::{self, ControlFlags, FlushArg, SetArg, SpecialCharacterIndices};
use tokio::sync::oneshot;

use crate::task;

nix::ioctl_none_bad!(
    /// tty_ioctl(4): later opens fail with EBUSY, except root's.
    set_exclusive,
    libc::TIOCEXCL
);

/// Opens a port raw. The error says which port.
pub async fn open(path: &Path, timeout: Duration) -> io::Result<OwnedFd> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if fs::metadata(path).map_err(named)?.file_type().is_socket() {
        let stream = std::os::unix::net::UnixStream::connect(path).map_err(named)?;
        stream.set_nonblocking(true)?;
        return Ok(stream.into());
    }
    let (sender, receiver) = oneshot::channel();
    let node = path.to_owned();
    let opener = move || {
        // Nobody waits any more: this thread has to close it.
        if let Err(Ok(late)) = sender.send(open_device(&node)) {
            drop(late);
        }
    };
    task::thread("tty-open", Box::new(opener)).map_err(named)?;
    match task::timeout(timeout, receiver).await {
        Ok(Ok(result)) => result.map_err(named),
        Ok(Err(_)) => Err(named(io::Error::other("the opening thread died"))),
        Err(_) => Err(named(io::Error::from(io::ErrorKind::TimedOut))),
    }
}

/// Gives a port back.
pub fn close(fd: OwnedFd) {
    // Not a terminal: nothing to flush.
    let _ = termios::tcflush(&fd, FlushArg::TCOFLUSH);
    // Where no thread can be had, the closure and with it the descriptor is dropped here.
    if let Err(error) = task::thread("tty-close", Box::new(move || drop(fd))) {
        log::warn!("no thread to close a serial port in: {error}");
    }
}

fn open_device(path: &Path) -> io::Result<OwnedFd> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let fd = OwnedFd::from(OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?);
    let mut settings = termios::tcgetattr(&fd)?;
    termios::cfmakeraw(&mut settings);
    // No modem control: the carrier is down until there is a call. No hang-up on close: some
    // modems take a fall of DTR for an order to end the connection.
    settings.control_flags.insert(ControlFlags::CLOCAL | ControlFlags::CREAD);
    settings.control_flags.remove(ControlFlags::HUPCL | ControlFlags::CRTSCTS);
    for (index, value) in [(SpecialCharacterIndices::VMIN, 1), (SpecialCharacterIndices::VTIME, 0)] {
        if let Some(slot) =
            settings.control_chars.get_mut(usize::try_from(index as u32).unwrap_or(usize::MAX))
        {
            *slot = value;
        }
    }
    // As cfsetspeed(3) does it on Linux. The function itself cannot be linked statically with
    // glibc: the libc crate binds it by its version.
    settings.control_flags.remove(ControlFlags::CBAUD);
    settings.control_flags.insert(ControlFlags::from_bits_retain(libc::B115200));
    termios::tcsetattr(&fd, SetArg::TCSANOW, &settings)?;
    // SAFETY: the ioctl takes no argument and the descriptor is open.
    unsafe { set_exclusive(fd.as_raw_fd()) }?;
    // What another program left behind.
    termios::tcflush(&fd, FlushArg::TCIOFLUSH)?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd;

    /// A pseudo terminal: the modem's side, and the path of ours.
    fn terminal() -> (OwnedFd, OwnedFd, std::path::PathBuf) {
        let pair = nix::pty::openpty(None, None).expect("a pseudo terminal");
        let path = fs::read_link(format!("/proc/self/fd/{}", pair.slave.as_raw_fd())).expect("its path");
        (pair.master, pair.slave, path)
    }

    #[tokio::test]
    async fn a_port_passes_every_byte_as_it_is() {
        let (modem, slave, path) = terminal();
        let port = open(&path, Duration::from_secs(5)).await.expect("opens");
        drop(slave);
        let said = b"\r\n> \x03\x04\x11\x13\x1a\xff\x00OK\r\n";
        assert_eq!(unistd::write(&modem, said), Ok(said.len()));
        let mut buffer = [0; 64];
        assert_eq!(
            unistd::read(&port, &mut buffer).map(|length| buffer[..length].to_vec()),
            Ok(said.to_vec())
        );
        assert_eq!(unistd::write(&port, b"AT\r"), Ok(3));
        assert_eq!(
            unistd::read(&modem, &mut buffer).map(|length| buffer[..length].to_vec()),
            Ok(b"AT\r".to_vec())
        );
        assert_eq!(unistd::read(&port, &mut buffer), Err(nix::errno::Errno::EAGAIN));
        close(port);
    }

    #[tokio::test]
    async fn what_is_no_port_says_so() {
        let error = |path| async move {
            open(Path::new(path), Duration::from_secs(5)).await.expect_err("no port").to_string()
        };
        assert!(error("/nonexistent/tty").await.contains("/nonexistent/tty"));
        assert!(error("/dev/null").await.contains("/dev/null"));
    }
}
