//! The emulated modem on its port: one thread that serves USB/IP, and the handle by
//! which a scenario unplugs it or breaks it.
//!
//! Breakage belongs to the plugged device, not to its configuration: like a firmware
//! that hangs, it survives `authorized`, a driver's rebind and a reset of the
//! interface, and ends only when the device loses its power ([`Modem::unplug`]).

use super::function::{self, Function};
use super::network::Network;
use super::usb::{Composition, Reply, Setup};
use super::usbip::{self, Message, Submit};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::{self, JoinHandle};

/// How the firmware hangs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hang {
    No,
    /// Takes every control message and answers none.
    Deaf,
    /// Completes no control or data transfer at all.
    Naks,
}

/// What a scenario can turn while the device runs.
#[derive(Default)]
pub struct Knobs {
    hang: AtomicU8,
    drops_data: AtomicBool,
    ethernet: AtomicBool,
    qmap: AtomicBool,
}

impl Knobs {
    pub fn hang(&self) -> Hang {
        match self.hang.load(Ordering::Relaxed) {
            0 => Hang::No,
            1 => Hang::Deaf,
            _ => Hang::Naks,
        }
    }

    pub fn set_hang(&self, hang: Hang) {
        self.hang.store(hang as u8, Ordering::Relaxed);
    }

    pub fn drops_data(&self) -> bool {
        self.drops_data.load(Ordering::Relaxed)
    }

    pub fn set_drops_data(&self, drops: bool) {
        self.drops_data.store(drops, Ordering::Relaxed);
    }

    /// QMI only: packets behind Ethernet headers, as the firmware of old has them.
    pub fn ethernet(&self) -> bool {
        self.ethernet.load(Ordering::Relaxed)
    }

    /// Packets of a QMI function carry the number of their channel.
    pub fn qmap(&self) -> bool {
        self.qmap.load(Ordering::Relaxed)
    }

    pub fn set_qmap(&self, qmap: bool) {
        self.qmap.store(qmap, Ordering::Relaxed);
    }

    pub fn set_ethernet(&self, ethernet: bool) {
        self.ethernet.store(ethernet, Ordering::Relaxed);
    }
}

/// From the device's functions to its firmware.
pub struct Wires {
    /// `SOCK_SEQPACKET`: one control message a packet.
    pub control: OwnedFd,
    /// `SOCK_STREAM`: one for each serial port.
    pub ports: Vec<OwnedFd>,
}

impl From<OwnedFd> for Wires {
    fn from(control: OwnedFd) -> Self {
        Self { control, ports: Vec::new() }
    }
}

/// A modem that is plugged in.
pub struct Modem {
    pub knobs: Arc<Knobs>,
    orders: UnixDatagram,
    thread: Option<JoinHandle<()>>,
}

const UNPLUG: u8 = b'u';
const CONNECTED: u8 = b'c';
const DISCONNECTED: u8 = b'd';

impl Modem {
    /// Plugs a modem into `port` of the virtual host controller. The firmware is at the
    /// other end of the wires.
    pub fn plug(
        port: u32,
        kind: &'static Composition,
        wires: impl Into<Wires>,
        net: &Network,
    ) -> io::Result<Self> {
        let knobs = Arc::new(Knobs::default());
        let (orders, inbox) = UnixDatagram::pair()?;
        let functions = function::build(kind, wires.into(), net, &knobs)?;
        let socket = usbip::attach(port)?;
        let mut device =
            Device { socket, inbox, kind, functions, open: VecDeque::new(), knobs: knobs.clone() };
        let thread = thread::Builder::new().name(format!("usb{port}")).spawn(move || {
            // Its end closes the socket, which is the unplug.
            if let Err(why) = device.serve() {
                println!("          the device on port {port} ends: {why}");
            }
        })?;
        Ok(Self { knobs, orders, thread: Some(thread) })
    }

    /// Pulls it out; back when the socket is closed.
    pub fn unplug(self) {}

    /// The CDC notification of a bearer; control messages are the firmware's business.
    pub fn network_connection(&self, up: bool) {
        let _ = self.orders.send(&[if up { CONNECTED } else { DISCONNECTED }]);
    }
}

impl Drop for Modem {
    fn drop(&mut self) {
        let _ = self.orders.send(&[UNPLUG]);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Device {
    socket: UnixStream,
    inbox: UnixDatagram,
    kind: &'static Composition,
    functions: Vec<Function>,
    /// IN transfers that wait for data, and transfers that a hang leaves open.
    open: VecDeque<Waiting>,
    knobs: Arc<Knobs>,
}

struct Waiting {
    seqnum: u32,
    endpoint: u8,
    length: u32,
}

impl Device {
    fn serve(&mut self) -> io::Result<()> {
        loop {
            let (usb, order, firmware) = self.wait()?;
            if usb {
                match usbip::receive(&mut self.socket) {
                    Ok(message) => self.handle(message)?,
                    // The kernel has let go (detach).
                    Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                    Err(e) => return Err(e),
                }
            }
            if order && !self.order()? {
                return Ok(());
            }
            for at in firmware {
                if !self.functions.get_mut(at).is_none_or(Function::readable) {
                    return Ok(());
                }
            }
            self.pump()?;
        }
    }

    /// Whether host and scenario have something, and which functions' firmware has.
    fn wait(&self) -> io::Result<(bool, bool, Vec<usize>)> {
        let mut fds = vec![
            PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.inbox.as_fd(), PollFlags::POLLIN),
        ];
        let mut owners = Vec::new();
        for (at, function) in self.functions.iter().enumerate() {
            if let Some(fd) = function.wants() {
                fds.push(PollFd::new(fd, PollFlags::POLLIN));
                owners.push(at);
            }
        }
        poll(&mut fds, PollTimeout::NONE)?;
        let mut ready = fds.iter().map(|fd| fd.any().unwrap_or(false));
        let (usb, order) = (ready.next().unwrap_or(false), ready.next().unwrap_or(false));
        let firmware = owners.into_iter().zip(ready).filter(|(_, ready)| *ready).map(|(at, _)| at).collect();
        Ok((usb, order, firmware))
    }

    fn order(&mut self) -> io::Result<bool> {
        let mut order = [0];
        self.inbox.recv(&mut order)?;
        match order[0] {
            CONNECTED | DISCONNECTED => {
                self.functions.iter_mut().for_each(|f| f.network_connection(order[0] == CONNECTED));
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn handle(&mut self, message: Message) -> io::Result<()> {
        match message {
            Message::Submit(submit) => match submit.endpoint & 0x0f {
                0 => self.control(submit),
                _ => self.data(submit),
            },
            Message::Unlink { seqnum, victim } => {
                let before = self.open.len();
                self.open.retain(|w| w.seqnum != victim);
                let status = if self.open.len() < before { usbip::UNLINKED } else { usbip::OK };
                usbip::unlinked(&mut self.socket, seqnum, status)
            }
        }
    }

    fn control(&mut self, submit: Submit) -> io::Result<()> {
        let setup = Setup::new(submit.setup);
        let input = setup.kind & 0x80 != 0;
        match self.reply(&setup, &submit.data) {
            Reply::Done(mut data) if input => {
                data.truncate(usize::from(setup.length));
                usbip::complete_in(&mut self.socket, submit.seqnum, &data)
            }
            Reply::Done(_) => usbip::complete_out(&mut self.socket, submit.seqnum, submit.length),
            Reply::Stall => usbip::fail(&mut self.socket, submit.seqnum, usbip::STALL),
            Reply::Never => {
                self.hold(&submit);
                Ok(())
            }
        }
    }

    fn reply(&mut self, setup: &Setup, data: &[u8]) -> Reply {
        // recipient and type in one byte, then the request (USB 2.0, tables 9-2 to 9-4)
        match (setup.kind, setup.request) {
            (0x80, 6) => self.kind.descriptor(setup.value).map_or(Reply::Stall, Reply::Done),
            (0x80..=0x82, 0) => Reply::Done(vec![0, 0]),
            (0x80, 8) => Reply::Done(vec![1]),
            (0x81, 10) => Reply::Done(vec![0]),
            (0x01, 11) => {
                let [interface, _] = setup.index.to_le_bytes();
                let [alternate, _] = setup.value.to_le_bytes();
                self.functions.iter_mut().for_each(|f| f.set_alternate(interface, alternate));
                Reply::Done(Vec::new())
            }
            // SET_CONFIGURATION, SET_FEATURE, CLEAR_FEATURE
            (0x00..=0x02, 1 | 3 | 9) => Reply::Done(Vec::new()),
            (0x21 | 0xa1, _) if self.knobs.hang() == Hang::Naks => Reply::Never,
            (0x21 | 0xa1, _) => {
                let [interface, _] = setup.index.to_le_bytes();
                let owner = self.functions.iter_mut().find(|f| f.has_interface(interface));
                owner.map_or(Reply::Stall, |f| f.request(setup, data))
            }
            _ => Reply::Stall,
        }
    }

    fn data(&mut self, submit: Submit) -> io::Result<()> {
        let output = submit.endpoint & 0x80 == 0;
        if output && self.owner(submit.endpoint).is_some_and(|f| f.output(&submit.data)) {
            return usbip::complete_out(&mut self.socket, submit.seqnum, submit.length);
        }
        self.hold(&submit);
        Ok(())
    }

    fn owner(&mut self, endpoint: u8) -> Option<&mut Function> {
        self.functions.iter_mut().find(|f| f.has_endpoint(endpoint))
    }

    fn hold(&mut self, submit: &Submit) {
        let Submit { seqnum, endpoint, length, .. } = *submit;
        self.open.push_back(Waiting { seqnum, endpoint, length });
    }

    /// Gives waiting IN transfers what there is for them.
    fn pump(&mut self) -> io::Result<()> {
        for waiting in std::mem::take(&mut self.open) {
            let input = waiting.endpoint & 0x80 != 0;
            let owner = if input { self.owner(waiting.endpoint) } else { None };
            match owner.and_then(|f| f.input(waiting.endpoint, waiting.length)) {
                Some(data) => usbip::complete_in(&mut self.socket, waiting.seqnum, &data)?,
                None => self.open.push_back(waiting),
            }
        }
        Ok(())
    }
}
