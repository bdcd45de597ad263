//! A simulated QMI modem: the product's codec run backwards, a state machine that behaves
//! as real modems do, and faults by script.
//!
//! Contract: [`QmiModem`] is a handle; the modem is tasks of the caller's `LocalSet`, on the
//! caller's clock, paused or not. It takes one host at a time. A host that goes leaves its
//! client ids and calls behind, as at /dev/cdc-wdm0: only a release, a SYNC or a restart of
//! the modem frees them.
//!
//! ```text
//!  setup, fault    what it is like, what goes wrong
//!  hands           what a test does to it, and asks it
//!  state           the firmware: frames in, frames and timers out
//!  ctl, dms, nas, nas_info, wds, wds_profile, uim, voice, wms    its answers
//! ```

mod ctl;
mod dms;
pub mod fault;
mod hands;
mod nas;
mod nas_info;
pub mod setup;
mod state;
mod uim;
mod voice;
mod wds;
mod wds_profile;
mod wms;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::{Instant, sleep};
use uwand::qmi::frame::{BROADCAST, Frame, Kind, Service, Splitter};
use uwand::qmi::messages::nas_info::SignalInfoChanged;
use uwand::qmi::messages::wds::StartNetwork;
use uwand::qmi::tlv::{self, Indication, Request};

use super::fault::Faults;
use super::modem::wire::{Listener, Wire};
pub use fault::{Effect, On, QmiFault};
pub use setup::{Fcc, Profile, Setup};
pub use state::State;
pub use wds::{Call, End};
pub use wms::Stored;

/// A message of the host that came in whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub at: Instant,
    pub service: Service,
    pub client: u8,
    pub message: u16,
}

/// A simulated modem; clones are handles of the same one.
#[derive(Clone)]
pub struct QmiModem(Rc<Inner>);

struct Inner {
    state: RefCell<State>,
    faults: RefCell<Faults<On, Effect>>,
    seen: RefCell<Vec<Seen>>,
    starts: RefCell<Vec<StartNetwork>>,
    frames: RefCell<Vec<(bool, Vec<u8>)>>,
    /// Effects that wait for the answer to this service, client and transaction.
    marked: RefCell<BTreeMap<(u8, u8, u16), Vec<Effect>>>,
    link: RefCell<Option<Link>>,
    server: RefCell<Option<AbortHandle>>,
    path: RefCell<Option<PathBuf>>,
    piece: RefCell<Option<usize>>,
}

/// The host that is there now.
struct Link {
    out: UnboundedSender<Vec<u8>>,
    tasks: Vec<AbortHandle>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Inner {
    fn leave(&self) {
        self.server.take().inspect(AbortHandle::abort);
        if let Some(path) = &*self.path.borrow() {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl QmiModem {
    /// A modem that nobody is connected to.
    pub fn new(setup: Setup) -> Self {
        let modem = QmiModem(Rc::new(Inner {
            state: RefCell::new(State::new(setup)),
            faults: RefCell::default(),
            seen: RefCell::default(),
            starts: RefCell::default(),
            frames: RefCell::default(),
            marked: RefCell::default(),
            link: RefCell::default(),
            server: RefCell::default(),
            path: RefCell::default(),
            piece: RefCell::default(),
        }));
        modem.flush();
        modem
    }

    /// Serves hosts at a SOCK_SEQPACKET socket, one after the other.
    pub fn listen(&self, path: &Path) -> io::Result<()> {
        let listener = Listener::new(path)?;
        *self.0.path.borrow_mut() = Some(path.to_owned());
        let inner = Rc::downgrade(&self.0);
        let server = spawn_local(async move {
            while let Ok(fd) = listener.accept().await {
                let Some(modem) = inner.upgrade().map(QmiModem) else { return };
                let Ok(gone) = modem.attach(fd) else { continue };
                drop(modem);
                let _ = gone.await;
            }
        });
        if let Some(old) = self.0.server.replace(Some(server.abort_handle())) {
            old.abort();
        }
        Ok(())
    }

    /// A modem that listens at `path`.
    pub fn at(path: &Path, setup: Setup) -> io::Result<Self> {
        let modem = QmiModem::new(setup);
        modem.listen(path)?;
        Ok(modem)
    }

    /// The host's end of a new packet socket.
    pub fn connect(&self) -> io::Result<OwnedFd> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let (host, modem) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
        let _gone = self.attach(modem)?;
        Ok(host)
    }

    /// Serves the host at the other end of a packet socket, pty or stream socket. What comes
    /// back ends when that host has gone.
    pub fn attach(&self, fd: OwnedFd) -> io::Result<impl Future<Output = ()> + 'static> {
        let wire = Wire::new(fd, *self.0.piece.borrow(), measure)?;
        let (out, mut transfers) = unbounded_channel::<Vec<u8>>();
        let writing = wire.clone();
        let writer = spawn_local(async move {
            while let Some(transfer) = transfers.recv().await {
                if !writing.write(&transfer).await {
                    return;
                }
            }
        });
        let inner = Rc::downgrade(&self.0);
        let reader = spawn_local(async move {
            let mut splitter = Splitter::default();
            while let Some(transfer) = wire.read().await {
                let Some(modem) = inner.upgrade().map(QmiModem) else { return };
                modem.receive(&mut splitter, &transfer);
            }
        });
        let tasks = vec![writer.abort_handle(), reader.abort_handle()];
        let stop = writer.abort_handle();
        *self.0.link.borrow_mut() = Some(Link { out, tasks });
        Ok(async move {
            let _ = reader.await;
            stop.abort();
        })
    }

    /// Serves a host whose frames another protocol carries.
    pub fn carry_to(&self, out: UnboundedSender<Vec<u8>>) {
        *self.0.link.borrow_mut() = Some(Link { out, tasks: Vec::new() });
    }

    /// A frame of that host.
    pub fn carried(&self, frame: &[u8]) {
        self.receive(&mut Splitter::default(), frame);
    }

    fn receive(&self, splitter: &mut Splitter, transfer: &[u8]) {
        self.0.frames.borrow_mut().push((true, transfer.to_vec()));
        for frame in splitter.push(transfer).into_iter().flatten() {
            let Frame { service, client, message, .. } = frame;
            self.0.seen.borrow_mut().push(Seen { at: Instant::now(), service, client, message });
            if (service, message) == (StartNetwork::SERVICE, StartNetwork::ID) {
                self.0.starts.borrow_mut().push(tlv::parse(&frame.tlvs));
            }
            self.dispatch(frame);
        }
    }

    fn dispatch(&self, frame: Frame) {
        let effects = self.0.faults.borrow_mut().strike(&frame);
        if effects.contains(&Effect::Deaf) {
            return;
        }
        let slow = |effect: &Effect| if let Effect::Slow(by) = effect { *by } else { Duration::ZERO };
        let latency = self.0.state.borrow().setup.base.latency;
        let delay = latency + effects.iter().map(slow).sum::<Duration>();
        if delay.is_zero() {
            return self.deal(&frame, effects);
        }
        let inner = Rc::downgrade(&self.0);
        spawn_local(async move {
            sleep(delay).await;
            if let Some(inner) = inner.upgrade() {
                QmiModem(inner).deal(&frame, effects);
            }
        });
    }

    fn deal(&self, frame: &Frame, effects: Vec<Effect>) {
        if effects.contains(&Effect::Vanish) {
            return self.vanish();
        }
        if effects.contains(&Effect::Reset) {
            return self.reset();
        }
        let instead = effects.iter().find_map(replacement);
        for effect in &effects {
            if let Effect::Flood(count) = effect {
                (0..*count).for_each(|_| self.emit(signal()));
            }
        }
        self.0.marked.borrow_mut().insert(place(frame), effects);
        match instead {
            Some(answer) => self.emit(frame.response(answer)),
            None => self.act(|state| state.handle(frame)),
        }
        if self.0.state.borrow().resetting {
            self.reset();
        }
    }

    /// Changes the state and sends what follows from it.
    pub fn act<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.0.state.borrow_mut());
        self.flush();
        result
    }

    fn flush(&self) {
        let (frames, timers, core) = {
            let mut state = self.0.state.borrow_mut();
            state.announce();
            let core = std::mem::take(&mut state.core.timers);
            (std::mem::take(&mut state.out), std::mem::take(&mut state.timers), core)
        };
        frames.into_iter().for_each(|frame| self.emit(frame));
        for (delay, what) in core {
            self.later(delay, |state| what(&mut state.core));
        }
        for (delay, what) in timers {
            self.later(delay, what);
        }
    }

    fn later(&self, delay: Duration, what: impl FnOnce(&mut State) + 'static) {
        let inner = Rc::downgrade(&self.0);
        spawn_local(async move {
            sleep(delay).await;
            if let Some(inner) = inner.upgrade() {
                QmiModem(inner).act(what);
            }
        });
    }

    fn emit(&self, mut frame: Frame) {
        let is_answer = frame.kind == Kind::Response;
        let marks = if is_answer { self.0.marked.borrow_mut().remove(&place(&frame)) } else { None };
        let effects = marks.unwrap_or_default();
        let (mut copies, mut glued) = (1, 0);
        for effect in &effects {
            match effect {
                Effect::DropAnswer => copies = 0,
                Effect::DuplicateAnswer => copies = 2,
                Effect::WrongTransaction => frame.transaction ^= 0x40,
                Effect::WrongClient => frame.client ^= 0x40,
                Effect::Glue(count) => glued = *count,
                Effect::Before(bytes) => self.send(bytes.clone()),
                Effect::Instead(bytes) => {
                    self.send(bytes.clone());
                    copies = 0;
                }
                _ => {}
            }
        }
        let mut bytes = frame.emit();
        if let Some(behind) = glued.checked_sub(1) {
            let signal = signal().emit();
            bytes = [signal.repeat(behind), bytes, signal].concat();
        }
        for effect in &effects {
            if let Effect::Truncate(length) = effect {
                bytes.truncate(*length);
            }
        }
        (0..copies).for_each(|_| self.send(bytes.clone()));
    }

    /// Sends these bytes as one read of the host.
    pub fn send(&self, transfer: Vec<u8>) {
        self.0.frames.borrow_mut().push((false, transfer.clone()));
        if let Some(link) = &*self.0.link.borrow() {
            // A host that has just gone hears nothing any more.
            let _ = link.out.send(transfer);
        }
    }
}

/// Which answer belongs to a message.
fn place(frame: &Frame) -> (u8, u8, u16) {
    (frame.service.into(), frame.client, frame.transaction)
}

/// The length of a QMUX frame in a stream.
fn measure(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [_, low, high, ..] => Some(1 + usize::from(u16::from_le_bytes([*low, *high]))),
        _ => None,
    }
}

/// An indication that means nothing new, to everyone.
fn signal() -> Frame {
    let tlvs = tlv::emit(&SignalInfoChanged { gsm: Some(-70), ..SignalInfoChanged::default() });
    Frame::indication(Service::Nas, BROADCAST, 0, SignalInfoChanged::ID, tlvs)
}

/// What a fault answers where the modem itself never heard the message.
fn replacement(effect: &Effect) -> Option<state::Answer> {
    match effect {
        Effect::Refuse(error) => Some(state::error(*error)),
        Effect::CallEnds(plain, kind, reason) => Some(End::new(*plain, *kind, *reason).answer()),
        _ => None,
    }
}
