//! A simulated MBIM modem: the product's codec run backwards, a state machine that behaves
//! as real modems do, and faults by script.
//!
//! Contract: [`SimModem`] is a handle; the modem is tasks of the caller's `LocalSet`, on the
//! caller's clock, paused or not. It takes one host at a time; after one has gone the next
//! finds the same modem, as /dev/cdc-wdm0 does. Without a delay in its [`Setup`] it answers
//! at once.
//!
//! ```text
//!  setup    what modem, SIM and network are like
//!  hands    what a test does to it, and asks it
//!  state    the firmware: frames in, frames and timers out
//!  device, network, session, messages    its answers
//!  inside   QMI inside MBIM
//!  wire     packets of a socket, frames in a stream
//! ```

mod device;
mod hands;
mod inside;
mod messages;
mod network;
mod session;
pub mod setup;
mod state;
pub mod wire;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::{Instant, sleep};
use uwand::mbim::fragment::{Joined, Joiner, split};
use uwand::mbim::frame::{Header, Type};
use uwand::mbim::messages::connect::SetConnect;
use uwand::mbim::messages::enums::{ActivationCommand, Packet, Register};
use uwand::mbim::messages::{Message, Raw};
use uwand::mbim::{Content, Frame, Kind, Service, Status};

use super::fault::{Effect, Fault, Faults};
pub use session::Session;
pub use setup::{Grants, Ip, Network, Setup, Sim};
pub use state::State;
use wire::{Listener, Wire};

/// A message of the host that came in whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub at: Instant,
    pub asked: Asked,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Open,
    Close,
    Command { service: Service, cid: u32, kind: Kind },
    HostError,
}

/// A simulated modem; clones are handles of the same one.
#[derive(Clone)]
pub struct SimModem(Rc<Inner>);

struct Inner {
    state: RefCell<State>,
    faults: RefCell<Faults>,
    seen: RefCell<Vec<Seen>>,
    connects: RefCell<Vec<SetConnect>>,
    frames: RefCell<Vec<(bool, Vec<u8>)>>,
    /// Effects that wait for the answer with this transaction.
    marked: RefCell<BTreeMap<u32, Vec<Effect>>>,
    /// Messages that are not dealt with yet, each with the time that it takes.
    queue: RefCell<VecDeque<(Duration, Frame, Vec<Effect>)>>,
    pump: RefCell<Option<AbortHandle>>,
    link: RefCell<Option<Link>>,
    server: RefCell<Option<AbortHandle>>,
    path: RefCell<Option<PathBuf>>,
    piece: RefCell<Option<usize>>,
    inside: RefCell<Option<inside::Inside>>,
}

/// The host that is there now.
struct Link {
    out: UnboundedSender<Vec<u8>>,
    tasks: [AbortHandle; 2],
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
        self.pump.take().inspect(AbortHandle::abort);
        self.queue.borrow_mut().clear();
        self.server.take().inspect(AbortHandle::abort);
        if let Some(path) = &*self.path.borrow() {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl SimModem {
    /// A modem that nobody is connected to.
    pub fn new(setup: Setup) -> Self {
        let modem = SimModem(Rc::new(Inner {
            state: RefCell::new(State::new(setup)),
            faults: RefCell::default(),
            seen: RefCell::default(),
            connects: RefCell::default(),
            frames: RefCell::default(),
            marked: RefCell::default(),
            queue: RefCell::default(),
            pump: RefCell::default(),
            link: RefCell::default(),
            server: RefCell::default(),
            path: RefCell::default(),
            piece: RefCell::default(),
            inside: RefCell::default(),
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
                let Some(modem) = inner.upgrade().map(SimModem) else { return };
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
        let modem = SimModem::new(setup);
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
            let mut joiner = Joiner::default();
            while let Some(transfer) = wire.read().await {
                let Some(modem) = inner.upgrade().map(SimModem) else { return };
                modem.receive(&mut joiner, &transfer);
            }
        });
        let tasks = [writer.abort_handle(), reader.abort_handle()];
        let stop = writer.abort_handle();
        *self.0.link.borrow_mut() = Some(Link { out, tasks });
        Ok(async move {
            let _ = reader.await;
            stop.abort();
        })
    }

    /// Writes to a stream in pieces of so many bytes; for hosts that come after.
    pub fn split_writes(&self, piece: usize) {
        *self.0.piece.borrow_mut() = Some(piece);
    }

    fn receive(&self, joiner: &mut Joiner, transfer: &[u8]) {
        self.0.frames.borrow_mut().push((true, transfer.to_vec()));
        let frame = match joiner.push(transfer) {
            Ok(Joined::Whole(message)) => Frame::parse(&message),
            Ok(Joined::Fault { transaction, error }) => {
                return self.emit(Frame::new(transaction, Content::FunctionError(error)));
            }
            Ok(Joined::Partial | Joined::Ignored) | Err(_) => return,
        };
        if let Ok(frame) = frame {
            self.note(&frame.content);
            self.dispatch(frame);
        }
    }

    fn note(&self, content: &Content) {
        let asked = match content {
            Content::Open { .. } => Asked::Open,
            Content::Close => Asked::Close,
            Content::Command { service, cid, kind, .. } => {
                Asked::Command { service: *service, cid: *cid, kind: *kind }
            }
            _ => Asked::HostError,
        };
        self.0.seen.borrow_mut().push(Seen { at: Instant::now(), asked });
        if let Content::Command {
            service: SetConnect::SERVICE,
            cid: SetConnect::CID,
            kind: Kind::Set,
            body,
        } = content
        {
            self.0.connects.borrow_mut().extend(SetConnect::parse(body));
        }
    }

    fn dispatch(&self, frame: Frame) {
        let effects = self.0.faults.borrow_mut().strike(&frame.content);
        if effects.contains(&Effect::Deaf) {
            return;
        }
        let slow = |effect: &Effect| if let Effect::Slow(by) = effect { *by } else { Duration::ZERO };
        let delay = self.0.state.borrow().setup.latency + effects.iter().map(slow).sum::<Duration>();
        let idle = self.0.queue.borrow().is_empty();
        if idle && delay.is_zero() {
            return self.deal(frame, effects);
        }
        self.0.queue.borrow_mut().push_back((delay, frame, effects));
        if idle {
            self.pump();
        }
    }

    /// Deals with what waits, one message after the other, as firmware does.
    fn pump(&self) {
        let inner = Rc::downgrade(&self.0);
        let pump = spawn_local(async move {
            loop {
                let Some(modem) = inner.upgrade().map(SimModem) else { return };
                let Some(delay) = modem.0.queue.borrow().front().map(|(delay, ..)| *delay) else { return };
                drop(modem);
                sleep(delay).await;
                let Some(modem) = inner.upgrade().map(SimModem) else { return };
                let next = modem.0.queue.borrow().front().cloned();
                if let Some((_, frame, effects)) = next {
                    modem.deal(frame, effects);
                    modem.0.queue.borrow_mut().pop_front();
                }
            }
        });
        self.0.pump.replace(Some(pump.abort_handle())).inspect(AbortHandle::abort);
    }

    fn deal(&self, frame: Frame, effects: Vec<Effect>) {
        if effects.contains(&Effect::Vanish) {
            return self.vanish();
        }
        let instead = effects.iter().find_map(|effect| replacement(effect, &frame.content));
        for effect in &effects {
            if let Effect::Flood(count) = effect {
                self.flood(*count);
            }
        }
        self.0.marked.borrow_mut().insert(frame.transaction, effects);
        match instead {
            Some(content) => self.emit(Frame::new(frame.transaction, content)),
            None => match &frame.content {
                Content::Command { service: Service::Qmi, body, .. }
                    if self.is_open() && self.take_inside(frame.transaction, body) => {}
                _ => self.act(|state| state.handle(frame)),
            },
        }
    }

    /// Changes the state and sends what follows from it.
    pub fn act<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.0.state.borrow_mut());
        self.flush();
        result
    }

    fn flush(&self) {
        let (frames, timers) = {
            let mut state = self.0.state.borrow_mut();
            state.announce();
            (std::mem::take(&mut state.out), std::mem::take(&mut state.timers))
        };
        frames.into_iter().for_each(|frame| self.emit(frame));
        for (delay, what) in timers {
            let inner = Rc::downgrade(&self.0);
            spawn_local(async move {
                sleep(delay).await;
                if let Some(inner) = inner.upgrade() {
                    SimModem(inner).act(what);
                }
            });
        }
    }

    fn emit(&self, mut frame: Frame) {
        let is_answer = !matches!(frame.content, Content::Indication { .. });
        let marks = if is_answer { self.0.marked.borrow_mut().remove(&frame.transaction) } else { None };
        let effects = marks.unwrap_or_default();
        let mut copies = 1;
        for effect in &effects {
            match effect {
                Effect::DropAnswer => copies = 0,
                Effect::DuplicateAnswer => copies = 2,
                Effect::Repeat(count) => copies = *count,
                Effect::WrongTransaction => frame.transaction ^= 0x4000_0000,
                Effect::Before(bytes) => self.send(bytes.clone()),
                Effect::Instead(bytes) => {
                    self.send(bytes.clone());
                    copies = 0;
                }
                _ => {}
            }
        }
        let transfer = self.0.state.borrow().transfer;
        for _ in 0..copies {
            for mut bytes in split(&frame.emit(), transfer) {
                effects.iter().for_each(|effect| deform(effect, &mut bytes));
                self.send(bytes);
            }
        }
    }

    /// Sends these bytes as one control transfer.
    pub fn send(&self, transfer: Vec<u8>) {
        self.0.frames.borrow_mut().push((false, transfer.clone()));
        if let Some(link) = &*self.0.link.borrow() {
            // A host that has just gone hears nothing any more.
            let _ = link.out.send(transfer);
        }
    }

    fn flood(&self, count: usize) {
        let body = self.0.state.borrow().signal_state();
        let content = Content::Indication { service: Service::BasicConnect, cid: 11, body };
        for _ in 0..count {
            self.emit(Frame::new(0, content.clone()));
        }
    }
}

/// What a fault answers where the modem itself never heard the message.
fn replacement(effect: &Effect, asked: &Content) -> Option<Content> {
    match (effect, asked) {
        (Effect::FunctionError(error), _) => Some(Content::FunctionError(*error)),
        (Effect::CloseDone, _) => Some(Content::CloseDone(Status::Success)),
        (Effect::Refuse(status), Content::Command { service, cid, .. }) => {
            let (service, cid, status) = (*service, *cid, *status);
            Some(Content::CommandDone { service, cid, status, body: Vec::new() })
        }
        (Effect::Refuse(status), Content::Open { .. }) => Some(Content::OpenDone(*status)),
        (Effect::Refuse(status), Content::Close) => Some(Content::CloseDone(*status)),
        _ => None,
    }
}

/// The length of an MBIM message by its header.
fn measure(bytes: &[u8]) -> Option<usize> {
    let length = usize::try_from(Header::parse(bytes).ok()?.length).ok()?;
    Some(length.max(12))
}

fn deform(effect: &Effect, transfer: &mut Vec<u8>) {
    match effect {
        Effect::Truncate(length) => transfer.truncate(*length),
        Effect::Overlong(extra) => transfer.resize(transfer.len() + extra, 0xa5),
        Effect::FalseLength(length) => {
            if let Some(field) = transfer.get_mut(4..8) {
                field.copy_from_slice(&length.to_le_bytes());
            }
        }
        _ => {}
    }
}
