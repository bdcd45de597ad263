//! The control device: opens `/dev/cdc-wdm0` (or a simulator's socket), and closes it.
//!
//! Contract: [`open`] gives a descriptor in non-blocking mode and the largest message that fits
//! through it, or says why not, within its time-out. A descriptor that came from here goes back
//! through [`close`], never by a mere drop. Neither ever blocks the calling thread.
//!
//! What the driver does (drivers/usb/class/cdc-wdm.c), and what follows:
//! * open(2) wakes a suspended modem under a mutex that all control devices share; with a modem
//!   that does not wake it takes seconds. So it runs on a thread of its own.
//! * close(2) waits in flush for a write that is under way, 30 s with a deaf modem (before Linux
//!   5.10: without end), whatever O_NONBLOCK says. So it runs on a thread of its own, too. A
//!   program that ends with the device open waits in the same way and can't be killed meanwhile,
//!   but a thread that waits in close(2) dies with its program: whoever ends calls [`close`] and [`settle`] first.
//! * The device may be opened many times; each reader takes answers away from the others, and
//!   no lock keeps uqmi, umbim or ModemManager out. [`holders`] names them. A kernel with the
//!   wwan subsystem answers EBUSY while `/dev/wwan0mbim0` of the same modem is open.
//! * One read(2) gives one message where the buffer is large enough, ENOBUFS once after the
//!   driver's own buffer overflowed, EPIPE or EPROTO after a USB error, ENODEV after an unplug.
//! * A write(2) while the last one is under way gives EAGAIN.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use tokio::sync::oneshot;

use crate::few::Listed;
use crate::task;

/// Linux' WDM_DEFAULT_BUFSIZE is 256, but MBIM 1.0 (10.1) wants 64 at least and every modem
/// has 4096 or less; sockets have no limit of their own.
const DEFAULT_TRANSFER: u16 = 4096;
const LEAST_TRANSFER: u16 = 64;

mod ioctl {
    // include/uapi/linux/usb/cdc-wdm.h: IOCTL_WDM_MAX_COMMAND
    nix::ioctl_read!(wdm_max_command, b'H', 0xA0, u16);
}

/// An open control device.
#[derive(Debug)]
pub struct Opened {
    pub fd: OwnedFd,
    /// The largest message in one write or read, in bytes.
    pub max_transfer: u16,
    /// A socket in place of a device: there is no driver that tells the protocol.
    pub is_socket: bool,
}

/// Why a control device could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// It isn't there (any more): wait for it.
    Gone(String),
    /// Another program has it, alone.
    Busy(String),
    /// The modem does not wake up.
    Timeout(String),
    Other(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Gone(text)
            | OpenError::Busy(text)
            | OpenError::Timeout(text)
            | OpenError::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for OpenError {}

/// Opens a control device or connects to a simulator's socket.
pub async fn open(path: &Path, timeout: Duration) -> Result<Opened, OpenError> {
    let kind = match fs::metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) => return Err(explain(path, &error)),
    };
    if kind.is_socket() {
        return connect_to(path).map_err(|errno| explain(path, &errno.into()));
    }
    if !kind.is_char_device() {
        return Err(OpenError::Other(format!("{} is neither a device nor a socket", path.display())));
    }
    let (sender, receiver) = oneshot::channel();
    let node = path.to_owned();
    let opener = move || {
        let result = open_device(&node);
        // Nobody waits any more: this thread has to close it.
        if let Err(Ok(late)) = sender.send(result) {
            drop(late);
        }
    };
    if let Err(error) = task::thread("wdm-open", Box::new(opener)) {
        return Err(explain(path, &error));
    }
    match task::timeout(timeout, receiver).await {
        Ok(Ok(result)) => result.map_err(|error| explain(path, &error)),
        Ok(Err(_)) => Err(OpenError::Other(format!("{}: the opening thread died", path.display()))),
        Err(_) => {
            let seconds = timeout.as_secs();
            Err(OpenError::Timeout(format!("{} could not be opened within {seconds} s", path.display())))
        }
    }
}

/// Gives a control device back. A socket is closed at once.
pub fn close(fd: OwnedFd) {
    let is_socket = nix::sys::socket::getsockopt(&fd, nix::sys::socket::sockopt::SockType).is_ok();
    if is_socket {
        return drop(fd);
    }
    // Where no thread can be had, the closure and with it the descriptor is dropped here.
    if let Err(error) = task::thread("wdm-close", Box::new(move || drop(fd))) {
        log::warn!("no thread to close a control device in: {error}");
    }
}

/// For the end of the program, after [`close`]: waits, a moment at most, until every close(2)
/// has begun, which is when the descriptor leaves the table. One that is still there when the
/// program exits would be closed by the exit, which then waits for a deaf modem and can't be killed.
pub fn settle() {
    const MOST: u32 = 200;
    for _ in 0..MOST {
        let Ok(descriptors) = fs::read_dir("/proc/self/fd") else { return };
        let is_wdm = |target: PathBuf| target.to_string_lossy().starts_with("/dev/cdc-wdm");
        if !descriptors.flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(is_wdm)) {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn open_device(path: &Path) -> io::Result<Opened> {
    let flags = nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
    let fd = OwnedFd::from(OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?);
    let mut max_transfer = 0u16;
    // SAFETY: the ioctl writes one u16 to the address given. A driver that doesn't know it
    // (the wwan subsystem) answers ENOTTY and writes nothing.
    let known = unsafe { ioctl::wdm_max_command(fd.as_raw_fd(), &mut max_transfer) }.is_ok();
    if !known || max_transfer < LEAST_TRANSFER {
        max_transfer = DEFAULT_TRANSFER;
    }
    Ok(Opened { fd, max_transfer, is_socket: false })
}

fn connect_to(path: &Path) -> nix::Result<Opened> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None)?;
    // Connecting to a Unix socket never takes time: there is room in the backlog or EAGAIN.
    connect(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(Opened { fd, max_transfer: DEFAULT_TRANSFER, is_socket: true })
}

fn explain(path: &Path, error: &io::Error) -> OpenError {
    let name = path.display();
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT | Errno::ENODEV | Errno::ENXIO) => OpenError::Gone(format!("{name} is not there")),
        Some(Errno::ECONNREFUSED) => OpenError::Gone(format!("nobody listens at {name}")),
        Some(Errno::EAGAIN) => OpenError::Busy(format!("{name} accepts no connection now")),
        Some(Errno::EBUSY) => match holders(path).as_slice() {
            [] => OpenError::Busy(format!("{name} is in use")),
            holders => OpenError::Busy(format!("{name} is in use by {}", list(holders))),
        },
        Some(Errno::EPROTOTYPE) => OpenError::Other(format!("{name} is not a SOCK_SEQPACKET socket")),
        _ => OpenError::Other(format!("{name}: {error}")),
    }
}

/// A process that has a control device open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub name: String,
}

/// `uqmi (pid 1234), ModemManager (pid 99)`
pub fn list(holders: &[Holder]) -> String {
    let names: Vec<String> = holders.iter().map(|h| format!("{} (pid {})", h.name, h.pid)).listed();
    names.join(", ")
}

/// Other processes that have this device open, or its second name in the wwan subsystem.
///
/// Reads every descriptor of every process, some milliseconds on a router: for the moment when
/// something is wrong, not for each connect.
pub fn holders(path: &Path) -> Vec<Holder> {
    let node = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    who_has(&|target| target == node || is_wwan_port(target))
}

/// Other processes that have something open which `fits`.
pub(super) fn who_has(fits: &dyn Fn(&Path) -> bool) -> Vec<Holder> {
    who_has_below(Path::new("/proc"), fits)
}

/// The same by another procfs.
pub fn who_has_below(proc: &Path, fits: &dyn Fn(&Path) -> bool) -> Vec<Holder> {
    let mut found = Vec::new();
    let Ok(processes) = fs::read_dir(proc) else { return found };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if pid != std::process::id() && has_open(&process.path(), fits) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            found.push(Holder { pid, name: name.trim().to_owned() });
        }
    }
    found
}

fn has_open(process: &Path, fits: &dyn Fn(&Path) -> bool) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return false };
    descriptors.flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(|target| fits(&target)))
}

/// The driver does not tell which port belongs to which control device; with several modems
/// this names one holder too many, which is better than none.
fn is_wwan_port(target: &Path) -> bool {
    let name = target.strip_prefix("/dev").ok().and_then(Path::to_str).unwrap_or_default();
    name.starts_with("wwan") && (name.contains("mbim") || name.contains("qmi"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::{Backlog, accept, bind, listen, recv, send};

    const SOON: Duration = Duration::from_secs(2);

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("runtime").block_on(future)
    }

    fn temporary(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("uwand-wdm-{name}-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        path
    }

    fn listener(path: &Path, kind: SockType) -> OwnedFd {
        let fd = socket(AddressFamily::Unix, kind, SockFlag::SOCK_CLOEXEC, None).expect("socket");
        bind(fd.as_raw_fd(), &UnixAddr::new(path).expect("address")).expect("bind");
        listen(&fd, Backlog::new(1).expect("backlog")).expect("listen");
        fd
    }

    #[test]
    fn a_socket_keeps_messages_apart() {
        use nix::sys::socket::MsgFlags;
        let path = temporary("socket");
        let server = listener(&path, SockType::SeqPacket);
        let opened = run(open(&path, SOON)).expect("connected");
        assert!(opened.is_socket && opened.max_transfer == 4096);
        let peer = accept(server.as_raw_fd()).expect("accept");
        send(peer, b"one", MsgFlags::empty()).expect("send");
        send(peer, b"three", MsgFlags::empty()).expect("send");
        let mut buffer = [0; 64];
        assert_eq!(recv(opened.fd.as_raw_fd(), &mut buffer, MsgFlags::empty()), Ok(3));
        assert_eq!(recv(opened.fd.as_raw_fd(), &mut buffer, MsgFlags::empty()), Ok(5));
        close(opened.fd);
        assert_eq!(recv(peer, &mut buffer, MsgFlags::empty()), Ok(0), "a socket is closed at once");
        let _ = nix::unistd::close(peer);
        let _ = fs::remove_file(path);
    }

    #[test]
    fn every_reason_not_to_open_has_its_kind() {
        let path = temporary("reasons");
        assert!(matches!(run(open(&path, SOON)), Err(OpenError::Gone(_))), "not there");
        drop(listener(&path, SockType::SeqPacket));
        assert!(matches!(run(open(&path, SOON)), Err(OpenError::Gone(_))), "nobody listens");
        let _ = fs::remove_file(&path);
        let _stream = listener(&path, SockType::Stream);
        let Err(OpenError::Other(text)) = run(open(&path, SOON)) else { panic!("a stream socket") };
        assert!(text.contains("SOCK_SEQPACKET"), "{text}");
        let _ = fs::remove_file(&path);
        fs::write(&path, "").expect("file");
        assert!(matches!(run(open(&path, SOON)), Err(OpenError::Other(_))), "a file");
        let _ = fs::remove_file(path);
    }

    #[test]
    fn a_device_that_knows_no_limit_gets_the_default() {
        let opened = run(open(Path::new("/dev/null"), SOON)).expect("a character device");
        assert_eq!((opened.max_transfer, opened.is_socket), (4096, false));
        close(opened.fd);
    }

    #[test]
    fn another_process_at_the_device_is_named() {
        let path = temporary("held");
        assert!(holders(&path).is_empty());
        fs::write(&path, "").expect("file");
        let file = fs::File::open(&path).expect("file");
        let mut child = std::process::Command::new("sleep").arg("30").stdin(file).spawn().expect("sleep");
        let named = holders(&path);
        let _ = child.kill();
        let _ = child.wait();
        // Children of other tests may hold it, too, between their fork and their exec.
        assert!(named.iter().any(|h| h.pid == child.id()), "{named:?}");
        assert!(list(&named).contains(&format!(" (pid {})", child.id())), "{named:?}");
        let _ = fs::remove_file(path);
    }
}
