//! The kernel's uevents: what is plugged in and out, bound and renamed, as it happens.
//!
//! Contract: [`Uevents::next`] waits for the next event of a subsystem that concerns modems
//! and may be dropped while it waits. [`Notice::Lost`] says that the kernel's queue overflowed:
//! the caller looks at sysfs again, which is the truth anyway; an event is only a hint to look.
//!
//! The kernel's format is `add@/devices/…\0ACTION=add\0DEVPATH=…\0SUBSYSTEM=…\0…`
//! (lib/kobject_uevent.c). Group 1 carries the kernel's own, group 2 what udevd makes of them
//! in a format of its own; only messages from netlink port 0, the kernel, are believed.
//!
//! For tests: where sysfs is not the kernel's (see the room's header), the same bytes are read
//! from a Unix datagram socket beside it, so that a world without root can plug and unplug.
//!
//! Why not a socket filter? The subsystem stands after text of any length, which classic BPF
//! can't search; a router that is left alone has no uevents at all.
//! Why not procd's hotplug scripts? One process an event, and they come after the node's making.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, UnixAddr, bind, recvfrom, setsockopt,
    socket, sockopt,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::fd;
use super::sysfs::Sysfs;
use crate::few::Listed;
use crate::wire::Malformed;

/// What happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Add,
    Remove,
    Change,
    /// Renamed: a network device got another name.
    Move,
    Bind,
    Unbind,
    Online,
    Offline,
    Other,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uevent {
    pub action: Action,
    /// Below `/sys`, with a leading slash.
    pub devpath: String,
    pub subsystem: String,
    variables: Vec<(String, String)>,
}

impl Uevent {
    /// A variable such as `DEVNAME`, `DEVTYPE`, `INTERFACE`, `DRIVER`, `PRODUCT`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The last part of the path: `cdc-wdm0`, `wwan0`, `1-1.2`.
    pub fn name(&self) -> &str {
        self.devpath.rsplit('/').next().unwrap_or_default()
    }

    /// Whether modems, their parts or their network devices can be meant. Devices of the
    /// kernel's own making (VLANs, bridges, veth pairs) come and go in `net` all the time.
    pub fn concerns_modems(&self) -> bool {
        match self.subsystem.as_str() {
            "usb" | "usbmisc" | "tty" | "wwan" => true,
            "net" => !self.devpath.starts_with("/devices/virtual/"),
            _ => false,
        }
    }

    /// Parses a message of the kernel.
    pub fn parse(message: &[u8]) -> Result<Uevent, Malformed> {
        let mut parts = message.split(|&byte| byte == 0).map(String::from_utf8_lossy);
        let head = parts.next().unwrap_or_default();
        // udevd's own format begins with "libudev" and has no '@' there.
        let (action, devpath) = head.split_once('@').ok_or(Malformed("uevent without ACTION@DEVPATH"))?;
        if !devpath.starts_with('/') {
            return Err(Malformed("uevent's path is not absolute"));
        }
        let variables: Vec<(String, String)> = parts
            .filter_map(|part| part.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())))
            .listed();
        let subsystem = variables.iter().find(|(key, _)| key == "SUBSYSTEM").map(|(_, value)| value.clone());
        Ok(Uevent {
            action: parse_action(action),
            devpath: devpath.to_owned(),
            subsystem: subsystem.ok_or(Malformed("uevent without SUBSYSTEM"))?,
            variables,
        })
    }
}

fn parse_action(text: &str) -> Action {
    match text {
        "add" => Action::Add,
        "remove" => Action::Remove,
        "change" => Action::Change,
        "move" => Action::Move,
        "bind" => Action::Bind,
        "unbind" => Action::Unbind,
        "online" => Action::Online,
        "offline" => Action::Offline,
        _ => Action::Other,
    }
}

/// What [`Uevents::next`] has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    Event(Uevent),
    /// Events were lost: look at everything again.
    Lost,
}

/// UEVENT_BUFFER_SIZE is 2048 (include/linux/kobject.h), and the path comes before it.
const LARGEST: usize = 8192;

/// The source of events.
pub struct Uevents {
    fd: AsyncFd<OwnedFd>,
    /// The socket's path in a simulated world; taken away at the end.
    path: Option<PathBuf>,
}

impl Uevents {
    /// The source that belongs to `sysfs`: the kernel, or a simulated world's socket.
    pub fn open(sysfs: &Sysfs) -> io::Result<Uevents> {
        match sysfs.root().parent() {
            Some(world) if !sysfs.is_kernel() => Uevents::datagrams(&world.join("uevents")),
            _ => Uevents::kernel(),
        }
    }

    pub fn kernel() -> io::Result<Uevents> {
        const KERNEL_GROUP: u32 = 1;
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let protocol = SockProtocol::NetlinkKObjectUEvent;
        let fd = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
        // A modem with ten interfaces sends some forty events at once while the daemon may be
        // busy; more than that costs nothing but a look at sysfs.
        let _ = setsockopt(&fd, sockopt::RcvBuf, &(128 * 1024));
        bind(fd.as_raw_fd(), &NetlinkAddr::new(0, KERNEL_GROUP))?;
        Ok(Uevents { fd: fd::watch(fd, Interest::READABLE)?, path: None })
    }

    pub fn datagrams(path: &Path) -> io::Result<Uevents> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Unix, SockType::Datagram, flags, None)?;
        let _ = std::fs::remove_file(path);
        bind(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
        Ok(Uevents { fd: fd::watch(fd, Interest::READABLE)?, path: Some(path.to_owned()) })
    }

    /// The next event that concerns modems. An error means that the source is broken for good.
    pub async fn next(&self) -> io::Result<Notice> {
        let mut buffer = [0; LARGEST];
        loop {
            let mut ready = self.fd.readable().await?;
            let received = ready.try_io(|fd| Ok(self.receive(fd.get_ref(), &mut buffer)?));
            match received {
                Ok(Ok(Some(length))) => match Uevent::parse(buffer.get(..length).unwrap_or_default()) {
                    Ok(event) if event.concerns_modems() => return Ok(Notice::Event(event)),
                    Ok(_) => {}
                    Err(error) => log::debug!("uevent ignored: {error}"),
                },
                Ok(Ok(None)) => log::debug!("uevent ignored: not from the kernel"),
                Ok(Err(error)) if error.raw_os_error() == Some(Errno::ENOBUFS as i32) => {
                    return Ok(Notice::Lost);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Err(error),
                // Not ready after all; try_io has taken note of it.
                Err(_would_block) => {}
            }
        }
    }

    /// One message's length; `None` where the sender is not to be believed.
    fn receive(&self, fd: &OwnedFd, buffer: &mut [u8]) -> nix::Result<Option<usize>> {
        if self.path.is_some() {
            let (length, _) = recvfrom::<UnixAddr>(fd.as_raw_fd(), buffer)?;
            return Ok(Some(length));
        }
        let (length, sender) = recvfrom::<NetlinkAddr>(fd.as_raw_fd(), buffer)?;
        Ok(sender.filter(|sender| sender.pid() == 0).map(|_| length))
    }
}

impl Drop for Uevents {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADD: &[u8] = b"add@/devices/platform/ehci/usb1/1-1/1-1.2/1-1.2:1.12/usbmisc/cdc-wdm0\0ACTION=add\0\
        DEVPATH=/devices/platform/ehci/usb1/1-1/1-1.2/1-1.2:1.12/usbmisc/cdc-wdm0\0SUBSYSTEM=usbmisc\0\
        MAJOR=180\0MINOR=176\0DEVNAME=cdc-wdm0\0SEQNUM=1234\0";

    #[test]
    fn a_kernel_event_is_taken_apart() {
        let event = Uevent::parse(ADD).expect("well formed");
        assert_eq!((event.action, event.subsystem.as_str()), (Action::Add, "usbmisc"));
        assert_eq!(
            (event.name(), event.get("DEVNAME"), event.get("NONE")),
            ("cdc-wdm0", Some("cdc-wdm0"), None)
        );
        assert!(event.devpath.starts_with("/devices/platform"));
    }

    #[test]
    fn what_the_kernel_did_not_write_is_refused() {
        for message in [
            &b""[..],
            b"\0\0\0",
            b"libudev\0\xfe\xed\xca\xfe\0\0\0\x28",
            b"add@devices/x\0SUBSYSTEM=usb\0",
            b"add@/devices/x\0ACTION=add\0",
            b"add@/devices/x\0SUBSYSTEM",
        ] {
            assert!(Uevent::parse(message).is_err(), "{message:?}");
        }
    }

    #[test]
    fn no_cut_and_no_flipped_byte_panics() {
        for cut in 0..ADD.len() {
            let _ = Uevent::parse(&ADD[..cut]);
            for byte in [0x00, 0xff, b'=', b'@'] {
                let mut message = ADD.to_vec();
                message[cut] = byte;
                let _ = Uevent::parse(&message);
            }
        }
    }

    #[test]
    fn events_of_other_subsystems_are_not_for_us() {
        let concerns = |path: &str, subsystem: &str| {
            let text = format!("add@{path}\0SUBSYSTEM={subsystem}\0");
            Uevent::parse(text.as_bytes()).expect("well formed").concerns_modems()
        };
        assert!(concerns("/devices/platform/usb1/1-1", "usb"));
        assert!(concerns("/devices/platform/usb1/1-1/1-1:1.0/net/wwan0", "net"));
        assert!(!concerns("/devices/virtual/net/br-lan", "net"));
        assert!(!concerns("/devices/virtual/block/loop0", "block"));
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime")
    }

    #[test]
    fn a_simulated_world_sends_its_events_by_datagram() {
        let path = std::env::temp_dir().join(format!("uwand-uevents-{}", std::process::id()));
        runtime().block_on(async {
            let uevents = Uevents::datagrams(&path).expect("socket");
            let sender = std::os::unix::net::UnixDatagram::unbound().expect("sender");
            for message in [&b"garbage"[..], b"add@/devices/virtual/block/loop0\0SUBSYSTEM=block\0", ADD] {
                sender.send_to(message, &path).expect("send");
            }
            let Ok(Notice::Event(event)) = uevents.next().await else { panic!("no event") };
            assert_eq!(event.name(), "cdc-wdm0");
        });
        assert!(!path.exists(), "the socket is taken away");
    }

    #[test]
    fn an_event_that_another_process_forges_is_not_believed() {
        use nix::sys::socket::{MsgFlags, sendto};
        let runtime = runtime();
        let _guard = runtime.enter();
        let Ok(uevents) = Uevents::kernel() else {
            println!("skipped: no netlink here");
            return;
        };
        let port = nix::sys::socket::getsockname::<NetlinkAddr>(uevents.fd.as_raw_fd()).expect("name").pid();
        let forger = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkKObjectUEvent,
        )
        .expect("forger");
        if sendto(forger.as_raw_fd(), ADD, &NetlinkAddr::new(port, 0), MsgFlags::empty()).is_err() {
            println!("skipped: the kernel lets nobody forge");
            return;
        }
        let mut buffer = [0; LARGEST];
        assert_eq!(uevents.receive(uevents.fd.get_ref(), &mut buffer), Ok(None));
    }
}
