//! Control transfers over a file descriptor: packets of a SOCK_SEQPACKET socket, or frames
//! one behind the other in the bytes of a pty or stream socket.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, getsockopt, listen, socket, sockopt,
};
use nix::unistd::{read, write};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use uwand::linux::fd::watch;

const LONGEST: usize = 64 * 1024;

/// The length of the frame that a stream's bytes begin with, once they tell it.
pub type Measure = fn(&[u8]) -> Option<usize>;

pub struct Wire {
    fd: AsyncFd<OwnedFd>,
    packets: bool,
    measure: Measure,
    /// Bytes of a stream that are not a whole frame yet.
    rest: RefCell<Vec<u8>>,
    /// A stream is written in pieces of so many bytes.
    piece: usize,
}

impl Wire {
    pub fn new(fd: OwnedFd, piece: Option<usize>, measure: Measure) -> io::Result<Rc<Wire>> {
        let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?);
        fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        let packets = getsockopt(&fd, sockopt::SockType) == Ok(SockType::SeqPacket);
        let piece = if packets { LONGEST } else { piece.unwrap_or(LONGEST).max(1) };
        Ok(Rc::new(Wire {
            fd: watch(fd, Interest::READABLE | Interest::WRITABLE)?,
            packets,
            measure,
            rest: RefCell::default(),
            piece,
        }))
    }

    /// One control transfer; `None` where the other side has closed.
    pub async fn read(&self) -> Option<Vec<u8>> {
        loop {
            if let Some(frame) = self.take_frame() {
                return Some(frame);
            }
            let bytes = self.read_once().await?;
            if self.packets {
                return Some(bytes);
            }
            self.rest.borrow_mut().extend_from_slice(&bytes);
        }
    }

    fn take_frame(&self) -> Option<Vec<u8>> {
        let mut rest = self.rest.borrow_mut();
        let length = (self.measure)(&rest)?;
        (rest.len() >= length).then(|| rest.drain(..length).collect())
    }

    async fn read_once(&self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; LONGEST];
        loop {
            let mut ready = self.fd.readable().await.ok()?;
            match read(&self.fd, &mut buffer) {
                Ok(0) => return None,
                Ok(length) => {
                    buffer.truncate(length);
                    return Some(buffer);
                }
                Err(Errno::EAGAIN) => ready.clear_ready(),
                Err(Errno::EINTR) => {}
                Err(_) => return None,
            }
        }
    }

    /// Sends one control transfer; `false` where the other side is gone.
    pub async fn write(&self, transfer: &[u8]) -> bool {
        let mut left = transfer;
        while !left.is_empty() {
            let Ok(mut ready) = self.fd.writable().await else { return false };
            match write(&self.fd, &left[..left.len().min(self.piece)]) {
                Ok(length) => left = &left[length..],
                Err(Errno::EAGAIN) => ready.clear_ready(),
                Err(Errno::EINTR) => {}
                Err(_) => return false,
            }
            tokio::task::yield_now().await;
        }
        true
    }
}

/// A listening SOCK_SEQPACKET socket.
pub struct Listener {
    // accept() asks for no type, so the standard library's listener serves packets as well.
    listener: tokio::net::UnixListener,
}

impl Listener {
    pub fn new(path: &Path) -> io::Result<Self> {
        let _ = std::fs::remove_file(path);
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None)?;
        bind(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
        listen(&fd, Backlog::new(4)?)?;
        let listener = tokio::net::UnixListener::from_std(fd.into())?;
        Ok(Listener { listener })
    }

    pub async fn accept(&self) -> io::Result<OwnedFd> {
        let (stream, _) = self.listener.accept().await?;
        stream.into_std().map(OwnedFd::from)
    }
}
