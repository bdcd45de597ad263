//! The emulated modem on its port: one thread that serves USB/IP, and the handle by
//! which a scenario unplugs it or breaks it.
//!
//! Breakage belongs to the plugged device, not to its configuration: like a firmware
//! that hangs, it survives `authorized`, a driver's rebind and a reset of the
//! interface, and ends only when the device loses its power ([`Modem::unplug`]).

use super::mbim_function::MbimFunction;
use super::network::Network;
use super::usb::{Composition, MBIM_CONTROL, MBIM_IN, MBIM_NOTIFY, MBIM_OUT, Reply, Setup};
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
    /// Plugs a modem into `port` of the virtual host controller. `control` is a
    /// `SOCK_SEQPACKET` socket: one control message a packet, the firmware at its other end.
    pub fn plug(port: u32, kind: &'static Composition, control: OwnedFd, net: &Network) -> io::Result<Self> {
        let knobs = Arc::new(Knobs::default());
        let (orders, inbox) = UnixDatagram::pair()?;
        let socket = usbip::attach(port)?;
        let function = MbimFunction::new(control, net.clone(), knobs.clone());
        let mut device =
            Device { socket, inbox, kind, function, open: VecDeque::new(), knobs: knobs.clone() };
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
    function: MbimFunction,
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
            let (usb, order, answer) = self.wait()?;
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
            if answer && !self.function.answer() {
                return Ok(());
            }
            self.pump()?;
        }
    }

    /// Which of host, scenario and firmware have something.
    fn wait(&self) -> io::Result<(bool, bool, bool)> {
        let mut fds = vec![
            PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.inbox.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(self.function.wants().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        poll(&mut fds, PollTimeout::NONE)?;
        let ready = |n: usize| fds.get(n).and_then(PollFd::any).unwrap_or(false);
        Ok((ready(0), ready(1), ready(2)))
    }

    fn order(&mut self) -> io::Result<bool> {
        let mut order = [0];
        self.inbox.recv(&mut order)?;
        match order[0] {
            CONNECTED => {
                self.function.speed_change(150_000_000, 50_000_000);
                self.function.network_connection(true);
            }
            DISCONNECTED => self.function.network_connection(false),
            _ => return Ok(false),
        }
        Ok(true)
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
                self.function.set_alternate(interface, alternate);
                Reply::Done(Vec::new())
            }
            // SET_CONFIGURATION, SET_FEATURE, CLEAR_FEATURE
            (0x00..=0x02, 1 | 3 | 9) => Reply::Done(Vec::new()),
            (0x21 | 0xa1, _) if self.knobs.hang() == Hang::Naks => Reply::Never,
            (0x21 | 0xa1, _) if setup.index == u16::from(MBIM_CONTROL) => self.function.request(setup, data),
            _ => Reply::Stall,
        }
    }

    fn data(&mut self, submit: Submit) -> io::Result<()> {
        if submit.endpoint == MBIM_OUT && self.function.block_from_host(&submit.data) {
            return usbip::complete_out(&mut self.socket, submit.seqnum, submit.length);
        }
        self.hold(&submit);
        Ok(())
    }

    fn hold(&mut self, submit: &Submit) {
        let Submit { seqnum, endpoint, length, .. } = *submit;
        self.open.push_back(Waiting { seqnum, endpoint, length });
    }

    /// Gives waiting IN transfers what there is for them.
    fn pump(&mut self) -> io::Result<()> {
        while let Some((at, length)) = self.waiting(MBIM_NOTIFY) {
            match self.function.notification() {
                Some(data) => self.complete(at, &data[..data.len().min(length as usize)])?,
                None => break,
            }
        }
        while let Some((at, length)) = self.waiting(MBIM_IN) {
            match self.function.block_to_host(length) {
                Some(block) => self.complete(at, &block)?,
                None => break,
            }
        }
        Ok(())
    }

    fn waiting(&self, endpoint: u8) -> Option<(usize, u32)> {
        let at = self.open.iter().position(|w| w.endpoint == endpoint)?;
        Some((at, self.open.get(at)?.length))
    }

    fn complete(&mut self, at: usize, data: &[u8]) -> io::Result<()> {
        match self.open.remove(at) {
            Some(waiting) => usbip::complete_in(&mut self.socket, waiting.seqnum, data),
            None => Ok(()),
        }
    }
}
