//! A control channel as messages: one descriptor, read and written without blocking.
//!
//! Contract: [`Io::read`] gives one whole control transfer, [`Io::write`] takes (a part of)
//! one; both do at most one system call that moves bytes, so dropping their future loses
//! nothing. Works for /dev/cdc-wdm0 and a SOCK_SEQPACKET socket (one read is one message)
//! and, in stream mode, for a pty or pipe, where the protocol tells where one ends.
//!
//! Why not a transport trait? A test uses one end of a socketpair, a simulator a socket;
//! everything is a descriptor.

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::fd::watch;

use crate::task::until;

/// What nearly all modems have as their longest control transfer.
const USUAL: usize = 4096;

/// Why nothing came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IoError {
    /// The device or the other end is gone for good.
    Gone,
    /// An error of this one transfer: a USB error, an overflow in the driver.
    Transfer(Errno),
}

/// What came of a wait.
pub enum Step {
    Wrote(Result<usize, IoError>),
    Read(Result<Vec<u8>, IoError>),
    Woken,
    Due,
}

/// How many of a stream's bytes are the first message; `None` where more has to come.
/// Where the bytes can't be a message, all of them, to be counted as malformed.
pub type Measure = fn(&[u8]) -> Option<usize>;

/// The control channel's descriptor.
#[derive(Debug)]
pub struct Io {
    /// `None` only while dropping.
    fd: Option<AsyncFd<OwnedFd>>,
    /// Bytes of a stream that are no whole message yet; `None` where reads are messages.
    pending: Option<(RefCell<Vec<u8>>, Measure)>,
    largest: usize,
    closer: fn(OwnedFd),
}

impl Io {
    /// One read is one message. `largest` is the longest control transfer there can be.
    pub fn packets(fd: OwnedFd, largest: usize) -> io::Result<Io> {
        Io::new(fd, largest, None)
    }

    /// Messages one behind the other, split anyhow.
    pub fn stream(fd: OwnedFd, measure: Measure) -> io::Result<Io> {
        Io::new(fd, USUAL, Some(measure))
    }

    fn new(fd: OwnedFd, largest: usize, measure: Option<Measure>) -> io::Result<Io> {
        let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?);
        fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        Ok(Io {
            fd: Some(watch(fd, Interest::READABLE | Interest::WRITABLE)?),
            pending: measure.map(|measure| (RefCell::default(), measure)),
            largest,
            closer: drop,
        })
    }

    /// Closes with `closer`, because closing a control device may block (cdc-wdm flushes).
    pub fn close_with(mut self, closer: fn(OwnedFd)) -> Io {
        self.closer = closer;
        self
    }

    /// What comes first of all that a channel's task waits for. Writing has its turn first: what
    /// waits is short, while a modem might never stop talking.
    pub async fn step(&self, out: &[u8], wake: &Notify, due: Option<Instant>) -> Step {
        tokio::select! {
            biased;
            written = self.write(out), if !out.is_empty() => Step::Wrote(written),
            read = self.read() => Step::Read(read),
            () = wake.notified() => Step::Woken,
            () = until(due) => Step::Due,
        }
    }

    /// The next control transfer.
    pub async fn read(&self) -> Result<Vec<u8>, IoError> {
        loop {
            if let Some(message) = self.next_of_stream() {
                return Ok(message);
            }
            let mut guard = self.fd()?.readable().await.map_err(|_| IoError::Gone)?;
            let Ok(result) = guard.try_io(|fd| receive(fd.get_ref(), self.largest)) else {
                continue;
            };
            let mut bytes = result.map_err(|error| classify(&error, self.pending.is_some()))?;
            match &self.pending {
                _ if bytes.is_empty() => return Err(IoError::Gone),
                None => return Ok(bytes),
                Some((pending, _)) => pending.borrow_mut().append(&mut bytes),
            }
        }
    }

    /// Writes as much of `transfer` as goes at once; a packet goes whole.
    pub async fn write(&self, transfer: &[u8]) -> Result<usize, IoError> {
        loop {
            let mut guard = self.fd()?.writable().await.map_err(|_| IoError::Gone)?;
            if let Ok(result) = guard.try_io(|fd| Ok(unistd::write(fd.get_ref(), transfer)?)) {
                return result.map_err(|error| classify(&error, self.pending.is_some()));
            }
        }
    }

    fn fd(&self) -> Result<&AsyncFd<OwnedFd>, IoError> {
        self.fd.as_ref().ok_or(IoError::Gone)
    }

    /// A whole message from what the stream brought so far.
    fn next_of_stream(&self) -> Option<Vec<u8>> {
        let (pending, measure) = self.pending.as_ref()?;
        let mut pending = pending.borrow_mut();
        let length = measure(&pending).filter(|length| *length > 0)?.min(pending.len());
        let rest = pending.split_off(length);
        Some(std::mem::replace(&mut *pending, rest))
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        if let Some(fd) = self.fd.take() {
            (self.closer)(fd.into_inner());
        }
    }
}

/// On the stack, but for the few modems with longer messages: a buffer kept for reading would take
/// a page and more from each router for good. Not a part of the future that calls it.
#[inline(never)]
fn receive(fd: &OwnedFd, largest: usize) -> io::Result<Vec<u8>> {
    let (mut usual, mut long) = ([0; USUAL], Vec::new());
    // A read that is shorter than the message would leave a part of it in the driver.
    let buffer = if largest > USUAL {
        long.resize(largest, 0);
        long.as_mut_slice()
    } else {
        &mut usual
    };
    let length = unistd::read(fd, buffer)?;
    Ok(buffer.get(..length).unwrap_or_default().to_vec())
}

/// cdc-wdm tells ENODEV after an unplug; any USB error of one transfer, and a reset of the
/// port, is EIO once (usb_translate_errors), an overflow ENOBUFS. A tty tells EIO for good.
fn classify(error: &io::Error, is_stream: bool) -> IoError {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(errno @ (Errno::EIO | Errno::EPROTO)) if !is_stream => IoError::Transfer(errno),
        Some(errno @ (Errno::EINTR | Errno::ENOBUFS | Errno::ENOMEM | Errno::EMSGSIZE)) => {
            IoError::Transfer(errno)
        }
        _ => IoError::Gone,
    }
}
