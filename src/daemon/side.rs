//! The AT port of one modem, kept: found by its name and by asking, one queue for all who ask,
//! and somebody who listens to what it says by itself.
//!
//! Contract: nothing is opened before somebody needs it. An open port stays open until the
//! modem leaves, the configuration takes it away or it hangs up; idle, it wakes nobody. A port
//! that hung up, or went deaf, is looked for again under whatever name it has then. What comes
//! unasked goes to those who use it: messages and USSD where the control channel has none, a
//! registration that the control channel missed; the rest is counted. No line reaches a log.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::slot::Slot;
use crate::answers::{Folder, Refused, Stored, UssdAnswer, UssdOrder};
use crate::at::asked;
use crate::at::port::{self, Event, Manner, Port};
use crate::at::read::{message, registration};
use crate::at::unsolicited::{self, Unsolicited};
use crate::dial::Note;
use crate::linux::channel::Io;
use crate::linux::serial;
use crate::queue::{Lock, Promise, Receiver, promise};
use crate::task::timeout;

const OPENING: Duration = Duration::from_secs(5);
/// A port that takes commands answers `AT` at once; one that does not never will.
const PROBE: Duration = Duration::from_secs(3);
/// The network's turn in a USSD dialogue (3GPP TS 24.090 gives it minutes).
const USSD: Duration = Duration::from_secs(150);

type UssdWaiter = Promise<Result<UssdAnswer, Refused>>;

#[derive(Default)]
pub struct Side {
    open: RefCell<Option<(Port, PathBuf)>>,
    opening: Lock,
    /// What it says by itself is needed: it is opened again when it comes back.
    needed: Cell<bool>,
    /// It was told to say so.
    tells: Cell<bool>,
    /// Something happened while it was looked for: look again.
    again: Cell<bool>,
    /// Whether a report said so last.
    registered: Cell<bool>,
    ussd: RefCell<Option<UssdWaiter>>,
    /// Unsolicited codes that nobody had a use for.
    unused: Cell<u32>,
}

impl Side {
    /// Where the open port is.
    pub fn path(&self) -> Option<PathBuf> {
        self.open.borrow().as_ref().map(|(_, path)| path.clone())
    }

    /// Gives it back: other programs may have it.
    pub fn close(&self) {
        self.open.take();
        self.ussd.take();
        self.registered.set(false);
        self.tells.set(false);
    }

    /// The modem is given back, or another one may come in its place.
    pub fn forget(&self) {
        self.close();
        self.needed.set(false);
    }

    /// As [`Side::close`], unless it is one of these.
    pub fn close_unless(&self, allowed: &[PathBuf]) {
        if self.path().is_some_and(|path| !allowed.contains(&path)) {
            self.close();
        }
    }

    pub fn need(&self) {
        self.needed.set(true);
    }

    /// Whether it should be opened, or told to tell, and nobody is at it already.
    pub fn wants_port(&self) -> bool {
        let busy = self.opening.is_held();
        self.again.set(busy);
        self.needed.get() && !self.tells.get() && !busy
    }

    fn usable(&self, allowed: &[PathBuf]) -> Option<Port> {
        let open = self.open.borrow();
        let (port, path) = open.as_ref()?;
        (!port.is_gone() && !port.is_deaf() && allowed.contains(path)).then(|| port.clone())
    }
}

/// The open port of `slot`; where there is none, the first of `allowed` that answers `AT`.
pub async fn port(slot: &Rc<Slot>, allowed: &[PathBuf]) -> Result<Port, Refused> {
    let side = &slot.side;
    let _one_at_a_time = side.opening.lock().await;
    let port = match side.usable(allowed) {
        Some(port) => port,
        None => find(slot, allowed).await?,
    };
    if side.needed.get() && !side.tells.replace(true) {
        if let Err(refused) = asked::hear_messages(&port).await {
            log::debug!("{}: AT tells no messages: {refused}", slot.id);
        }
    }
    Ok(port)
}

/// Opens the port for what it says by itself.
pub async fn keep(slot: Rc<Slot>, allowed: Vec<PathBuf>) {
    let Err(refused) = port(&slot, &allowed).await else { return };
    log::debug!("{}: no messages by AT: {refused}", slot.id);
    if slot.side.again.take() {
        slot.tell(Note::PortWanted);
    }
}

async fn find(slot: &Rc<Slot>, allowed: &[PathBuf]) -> Result<Port, Refused> {
    let side = &slot.side;
    side.close();
    let generation = slot.generation();
    let mut last =
        "the modem shows no port that takes AT commands; option control_at can name one".to_string();
    for path in allowed {
        match open(path).await {
            Ok(_) if generation != slot.generation() => return Err(Refused::Gone),
            Ok((port, events)) => {
                log::debug!("{}: AT port {}", slot.id, port.name());
                *side.open.borrow_mut() = Some((port.clone(), path.clone()));
                crate::task::spawn(listen(Rc::downgrade(slot), events));
                return Ok(port);
            }
            Err(why) => last = why,
        }
    }
    Err(Refused::Said(format!("no port takes AT commands: {last}")))
}

async fn open(path: &Path) -> Result<(Port, Receiver<Event>), String> {
    let opened = async {
        let fd = serial::open(path, OPENING).await?;
        Ok::<_, std::io::Error>(Io::stream(fd, port::chunks)?.close_with(serial::close))
    };
    let io = opened.await.map_err(|error| error.to_string())?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (port, events) = port::start(io, Manner::new(name));
    match port.command("AT", PROBE).await {
        Ok(_) => Ok((port, events)),
        Err(_) => Err(format!("{} does not answer AT", path.display())),
    }
}

/// One turn of a USSD dialogue.
pub async fn ussd(slot: &Rc<Slot>, allowed: &[PathBuf], order: &UssdOrder) -> Result<UssdAnswer, Refused> {
    let port = port(slot, allowed).await?;
    let (sender, answer) = promise();
    // The one who waited for the answer that this ends hears nothing any more.
    *slot.side.ussd.borrow_mut() = Some(sender);
    asked::begin_ussd(&port, order).await?;
    if *order == UssdOrder::Cancel {
        slot.side.ussd.take();
        return Ok(UssdAnswer { state: crate::answers::UssdState::Ended, text: None });
    }
    match timeout(USSD, answer).await {
        Ok(Some(answer)) => answer,
        Ok(None) => Err(Refused::NotNow("the dialogue was ended".to_string())),
        Err(_) => Err(Refused::Silent),
    }
}

/// Until the port is gone.
async fn listen(slot: Weak<Slot>, mut events: Receiver<Event>) {
    while let Some(event) = events.recv().await {
        let Some(slot) = slot.upgrade() else { return };
        match event {
            Event::Unsolicited(code) => hear(&slot, code),
            Event::Gone => {
                let is_this =
                    |open: &Option<(Port, PathBuf)>| open.as_ref().is_some_and(|(p, _)| p.is_gone());
                let lost = is_this(&slot.side.open.borrow());
                if lost {
                    log::debug!("{}: the AT port hung up", slot.id);
                    slot.side.close();
                    slot.tell(Note::PortWanted);
                }
                return;
            }
        }
    }
}

fn hear(slot: &Rc<Slot>, code: Unsolicited) {
    let side = &slot.side;
    let by_at = slot.modem().is_some_and(|modem| !modem.tells_messages());
    if let (Some((_, pdu)), true) = (delivered(&code), by_at) {
        return slot.tell(Note::Message(Stored { index: 0, folder: Folder::Unread, pdu }));
    }
    if message::arrived(&code.line).is_some() && by_at {
        let Some((port, _)) = side.open.borrow().clone() else { return };
        let slot = slot.clone();
        // Beside: the next code must not wait for an answer that comes by the same port.
        crate::task::spawn(async move {
            match asked::arrived(&port, &code.line).await {
                Ok(messages) => messages.into_iter().for_each(|message| slot.tell(Note::Message(message))),
                Err(refused) => log::debug!("{}: a new message was not read: {refused}", slot.id),
            }
        });
        return;
    }
    if let Some(answer) = asked::ussd_answer(&code.line) {
        if let Some(waiter) = side.ussd.take() {
            // It may have given up in this very moment.
            let _ = waiter.send(answer);
            return;
        }
    }
    if registration::is_report(&code.line) {
        let now = registration::status(&code.line).is_some_and(|s| s.registration().is_registered());
        if now && !side.registered.replace(now) {
            slot.tell(Note::Registered);
        }
        side.registered.set(now);
        return;
    }
    side.unused.set(side.unused.get().saturating_add(1));
    let name = unsolicited::name(&code.line).unwrap_or("a line that nobody knows");
    log::debug!("{}: AT: {name}, number {} that nobody uses", slot.id, side.unused.get());
}

/// The octets of a `+CMT` or `+CDS`.
fn delivered(code: &Unsolicited) -> Option<(&'static str, Vec<u8>)> {
    let name = unsolicited::name(&code.line).filter(|name| matches!(*name, "+CMT" | "+CDS"))?;
    let pdu = crate::at::fields::octets(code.body.as_deref()?)?;
    Some((name, pdu))
}
