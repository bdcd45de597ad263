//! One modem as the daemon keeps it: found in sysfs, opened when a link first needs it,
//! shared by the links on it, dropped when it leaves or hangs.
//!
//! Contract: at most one open control channel per slot; [`Slot::open`] may be awaited by
//! several jobs at once and opens once. Every note carries the slot's generation, so that
//! the last words of a channel that is gone are not taken for those of the new one.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::memory::Memory;
use super::side::Side;
use crate::cause::{Cause, Why};
use crate::dial::Note;
use crate::json::{Value, json};
use crate::linux::channel::Io;
use crate::linux::sysfs::Found;
use crate::linux::text;
use crate::linux::wdm::{self, OpenError};
use crate::mbim;
use crate::modem::Modem;
use crate::post::Incoming;
use crate::qmi;
use crate::queue::Lock;
use crate::task::timeout;
use crate::words::{Control, Facts, Id, ModemState};

/// open(2) of a control device that has to be woken first.
const OPENING: Duration = Duration::from_secs(10);

/// Which protocol a socket speaks is found by asking: first so long each, and longer once that
/// had no answer.
const PROBE: Duration = Duration::from_secs(3);
const LONG_PROBE: Duration = Duration::from_secs(20);

/// A job may be aborted while it opens; then nobody is opening any more.
struct Unfinished<'a>(&'a Cell<ModemState>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if self.0.get() == ModemState::Opening {
            self.0.set(ModemState::Seen);
        }
    }
}

/// Bytes of what a search for networks usually finds: ten of them.
const SCANNED: usize = 960;

/// Another one in each process: the parts of yesterday's message may still be on their way.
fn first_reference() -> u8 {
    let [reference, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    reference
}

/// One thing at a time that a modem does for a person; it is free again when this is dropped.
pub struct Occupied {
    slot: Rc<Slot>,
    with: &'static str,
}

impl Drop for Occupied {
    fn drop(&mut self) {
        self.slot.busy.borrow_mut().retain(|with| *with != self.with);
        // Nobody may ask for such a thing for months.
        text::let_go_soon();
    }
}

/// A note of a modem, addressed.
#[derive(Debug)]
pub struct Noted {
    pub modem: String,
    pub generation: u32,
    pub note: Note,
}

pub struct Slot {
    pub id: String,
    found: RefCell<Option<Rc<Found>>>,
    state: Cell<ModemState>,
    generation: Cell<u32>,
    open: Lock,
    /// Held while a rung of the ladder is at work on it.
    pub mending: Lock,
    /// Where it was found last, also once it has left.
    known: RefCell<Option<Rc<Found>>>,
    /// Ways of cutting its power that were tried and did not prove themselves.
    pub powered: Cell<usize>,
    modem: RefCell<Option<Rc<Modem>>>,
    /// What the modem told before its channel closed: IMEI and model outlive it.
    last: RefCell<Rc<Facts>>,
    /// Nothing was opened since the modem that told the facts left.
    left: Cell<bool>,
    notify: Rc<dyn Fn(Noted)>,
    memory: Memory,
    /// Mux devices come and go one after the other.
    pub turn: Lock,
    /// Whether the packets carry QMAP channels; none before that was agreed on.
    pub channels: Cell<Option<bool>>,
    /// The last probe had no answer: have more patience.
    hung: Cell<bool>,
    /// What persons have asked of it and it is not done with.
    busy: RefCell<Vec<&'static str>>,
    /// Messages that came and are still to be read.
    pub unread: super::messages::Unread,
    /// When the last search for networks ended, and what it found. As text with its place from the
    /// start: pieces that are taken while much is done, and kept, keep the pages around them.
    pub scanned: RefCell<(Option<Instant>, String)>,
    /// Parts of messages that came, for events.
    pub incoming: RefCell<Incoming>,
    /// Until when somebody watches its control messages, and those of which generation.
    pub watched: Cell<Option<(Instant, u32)>>,
    /// Of the long message that was sent last.
    reference: Cell<u8>,
    /// Its AT port.
    pub side: Side,
}

impl Slot {
    pub fn new(id: String, notify: Rc<dyn Fn(Noted)>, memory: Memory) -> Rc<Slot> {
        Rc::new(Slot {
            id,
            found: RefCell::new(None),
            state: Cell::new(ModemState::Missing),
            generation: Cell::new(0),
            open: Lock::default(),
            mending: Lock::default(),
            known: RefCell::default(),
            powered: Cell::new(0),
            modem: RefCell::new(None),
            last: RefCell::default(),
            left: Cell::new(false),
            notify,
            memory,
            turn: Lock::default(),
            channels: Cell::new(None),
            hung: Cell::new(false),
            busy: RefCell::default(),
            unread: Default::default(),
            scanned: RefCell::new((None, String::with_capacity(SCANNED))),
            incoming: RefCell::default(),
            watched: Cell::new(None),
            reference: Cell::new(first_reference()),
            side: Side::default(),
        })
    }

    /// For the next long message: phones join parts by it.
    pub fn next_reference(&self) -> u8 {
        let next = self.reference.get().wrapping_add(1);
        self.reference.set(next);
        next
    }

    /// `None` while it is busy with the same for somebody else.
    pub fn occupy(self: &Rc<Self>, with: &'static str) -> Option<Occupied> {
        let mut busy = self.busy.borrow_mut();
        if busy.contains(&with) {
            return None;
        }
        busy.push(with);
        Some(Occupied { slot: self.clone(), with })
    }

    /// A note of its own making, as it is now.
    pub fn tell(&self, note: Note) {
        (self.notify)(Noted { modem: self.id.clone(), generation: self.generation.get(), note });
    }

    pub fn state(&self) -> ModemState {
        self.state.get()
    }

    pub fn generation(&self) -> u32 {
        self.generation.get()
    }

    pub fn found(&self) -> Option<Rc<Found>> {
        self.found.borrow().clone()
    }

    /// Where it is, or was before it left.
    pub fn place_known(&self) -> Option<Rc<Found>> {
        self.known.borrow().clone()
    }

    pub fn modem(&self) -> Option<Rc<Modem>> {
        self.modem.borrow().clone()
    }

    pub fn facts(&self) -> Rc<Facts> {
        match &*self.modem.borrow() {
            Some(modem) => Rc::new(modem.facts()),
            None => self.last.borrow().clone(),
        }
    }

    /// The IMEI of what is here now: another modem may have come where one left.
    pub fn imei(&self) -> Option<Id> {
        if self.left.get() { None } else { self.facts().imei.clone() }
    }

    /// The modem as sysfs shows it now.
    pub fn place(&self, found: Rc<Found>) {
        let moved = self.found.borrow().as_ref().is_some_and(|old| old.wdm != found.wdm);
        if moved {
            self.close(ModemState::Missing);
        }
        *self.known.borrow_mut() = Some(found.clone());
        *self.found.borrow_mut() = Some(found);
        if self.state.get() == ModemState::Missing {
            self.state.set(ModemState::Seen);
        }
    }

    /// Drops the channel: the modem left, or hangs and is to be opened afresh.
    pub fn close(&self, state: ModemState) {
        self.generation.set(self.generation.get().wrapping_add(1));
        if let Some(modem) = self.modem.borrow_mut().take() {
            *self.last.borrow_mut() = Rc::new(modem.facts());
            self.memory.drop_channel(&self.id);
        }
        if state == ModemState::Missing {
            *self.found.borrow_mut() = None;
            self.left.set(true);
        }
        // A modem that is deaf on its control channel may still answer on the other one.
        if state != ModemState::Hung {
            self.side.forget();
        }
        self.state.set(state);
    }

    /// The open modem, opening it if need be. `wanted`: the protocol, where a user names it.
    pub async fn open(&self, wanted: Option<Control>) -> Result<Rc<Modem>, Why> {
        let _one_at_a_time = self.open.lock().await;
        if let Some(modem) = self.modem() {
            return Ok(modem);
        }
        let Some(found) = self.found() else { return Err(Cause::NoModem(self.id.clone()).into()) };
        let generation = self.generation.get();
        self.state.set(ModemState::Opening);
        let unfinished = Unfinished(&self.state);
        let opened = self.open_found(&found, wanted, generation).await;
        drop(unfinished);
        if generation != self.generation.get() {
            return Err(Cause::NoModem(format!("{} left while it was opened", self.id)).into());
        }
        match opened {
            Ok(modem) => {
                let modem = Rc::new(modem);
                *self.modem.borrow_mut() = Some(modem.clone());
                self.left.set(false);
                self.hung.set(false);
                self.channels.set(None);
                self.remember();
                self.state.set(ModemState::Open);
                Ok(modem)
            }
            Err(cause) => {
                let hung = *cause == Cause::ModemHung;
                self.state.set(if hung { ModemState::Hung } else { ModemState::Seen });
                Err(cause)
            }
        }
    }

    /// Keeps for a successor what it needs to take the sessions over.
    pub fn remember(&self) {
        let (Some(modem), Some(found)) = (self.modem(), self.found()) else { return };
        let state = json!({
            "device": found.wdm.display().to_string(),
            "control": modem.control().as_str(),
            "state": modem.state(),
        });
        self.memory.keep_channel(&self.id, &state);
    }

    /// What a process before us kept of this very channel, and did not close.
    fn kept(&self, found: &Found) -> Option<(Control, Value)> {
        let kept = self.memory.channel(&self.id)?;
        let device = kept.get("device")?.as_str()?;
        let control = Control::parse(kept.get("control")?.as_str()?)?;
        (found.wdm == Path::new(device)).then(|| (control, kept.get("state").cloned().unwrap_or_default()))
    }

    async fn open_found(
        &self,
        found: &Found,
        wanted: Option<Control>,
        generation: u32,
    ) -> Result<Modem, Why> {
        let kept = self.kept(found);
        let known = wanted.or(found.control).or(kept.as_ref().map(|(control, _)| *control));
        if let Some(control) = known {
            let kept = kept.filter(|(kept, _)| *kept == control).map(|(_, state)| state);
            return self.open_as(control, found, kept, generation).await;
        }
        // Nobody tells: ask, with little patience at first.
        let patience = if self.hung.get() { LONG_PROBE } else { PROBE };
        for control in [Control::Mbim, Control::Qmi] {
            match timeout(patience, self.open_as(control, found, None, generation)).await {
                Ok(Err(cause)) if *cause != Cause::ModemHung => return Err(cause),
                Ok(Ok(modem)) => return Ok(modem),
                Err(_) | Ok(Err(_)) => log::debug!("{}: no answer to {control}", self.id),
            }
        }
        self.hung.set(true);
        Err(Cause::ModemHung.into())
    }

    async fn open_as(
        &self,
        control: Control,
        found: &Found,
        kept: Option<Value>,
        generation: u32,
    ) -> Result<Modem, Why> {
        let opened = wdm::open(&found.wdm, OPENING).await.map_err(|error| match error {
            OpenError::Timeout(_) => Cause::ModemHung,
            OpenError::Gone(text) | OpenError::Busy(text) | OpenError::Other(text) => Cause::NoModem(text),
        })?;
        let largest = usize::from(opened.max_transfer);
        let io =
            Io::packets(opened.fd, largest).map_err(|error| Cause::NoModem(format!("{found}: {error}")))?;
        let io = io.close_with(wdm::close);
        let (tell, modem) = (self.notify.clone(), self.id.clone());
        let notify = Box::new(move |note| tell(Noted { modem: modem.clone(), generation, note }));
        match control {
            Control::Mbim => {
                mbim::modem::Modem::open(io, largest, kept.is_some(), notify).await.map(Modem::over_mbim)
            }
            Control::Qmi => {
                let link = qmi::client::Link::Device(io);
                qmi::modem::Modem::open(link, kept.as_ref(), notify).await.map(Modem::Qmi)
            }
        }
    }
}
