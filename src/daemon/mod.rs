//! The daemon: the only loop, which turns what happens into events of a link and the
//! actions of a link into work.
//!
//! ```text
//!  methods   what ubus asks
//!  asks      what ubus asks of one modem, and it takes its time
//!  messages  SMS and USSD: what ubus asks of them, and the event
//!  links     one interface: its machine, its configuration, its one job
//!  dialling  that job: modem opened, packets agreed on, session taken over or dialled
//!  sharing   several interfaces on one modem
//!  carrier   the network device under a bearer
//!  search    which modem an interface means, and whether it is there
//!  trace     control messages, live, for those who subscribed
//!  slot      one modem: found, opened, shared
//!  side      its AT port: found, kept, listened to
//!  terminal  AT commands that ubus asks for
//!  memory    what the next process needs to take sessions over
//!  watch     probes of each link that is up
//!  recover   trouble -> facts -> fault -> rung, and its proof
//!  records   outages, time series, what was done to a modem
//!  outlook   explain, outages, history, metrics, a person's reset
//!  checkup   what keeps a modem from working, for who asks by ubus
//!  losses    what a lost bearer means for the recovery
//!  jobs      what follows from the end of a job
//!  healing   drivers that let go of a modem
//!  rungs     the rungs of the ladder as jobs
//!  outbox    what netifd is told, in order
//!  reunion   netifd's view and ours, after one of us was away
//! ```
//!
//! Contract: nothing here waits. Whatever takes time is a job, a task that ends by sending
//! one message back into the loop; so a deaf modem, a netifd that tears down or an ubusd
//! that restarts never keep another link from its work.

mod asks;
mod carrier;
mod checkup;
mod dialling;
mod healing;
mod jobs;
mod links;
mod losses;
mod memory;
mod messages;
mod methods;
mod outbox;
mod outlook;
mod records;
mod recover;
mod reunion;
mod rungs;
mod search;
mod sharing;
mod side;
mod slot;
mod terminal;
mod trace;
mod watch;

use std::future::Future;
use std::pin::pin;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use self::healing::Healing;
use self::links::{Done, Interface};
use self::memory::Memory;
use self::outbox::Outbox;
use self::records::Records;
use self::recover::Look;
use self::slot::{Noted, Slot};
use self::watch::Round;
use crate::cause::Cause;
use crate::dial::Note;
use crate::few::{Few, Listed};
use crate::globals::Globals;
use crate::json::ToJson;
use crate::ladder::Ledger;
use crate::link::Event;
use crate::linux::mwan3::Mask;
use crate::linux::power;
use crate::linux::signals::{Signal, Signals};
use crate::linux::sysfs::Sysfs;
use crate::linux::text;
use crate::linux::uevent::{Notice, Uevents};
use crate::linux::wdm;
use crate::queue::{Receiver, Sender, unbounded};
use crate::status::ModemEvent;
use crate::task;
use crate::ubus;
use crate::words::{LinkState, ModemState};

pub use self::methods::METHODS;
pub use self::watch::{Asked, Prober};

/// The name of our object.
pub const OBJECT: &str = "uwand";

/// Runs until SIGTERM or SIGINT. Bearers and addresses are left as they are.
pub fn run(globals: Globals) -> ExitCode {
    watch::mark_start();
    text::take_table();
    let runtime = match task::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            log::error!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = {
        let _inside = runtime.enter();
        Signals::new(&[Signal::SIGTERM, Signal::SIGINT])
    };
    let ended = async {
        match &ended {
            Ok(signals) => signals.heard().await,
            Err(error) => {
                log::warn!("signals end this at once: {error}");
                std::future::pending().await
            }
        }
    };
    task::block_on(&runtime, pin!(serve(globals, Prober::Network, ended)));
    // A cut that was broken off ends with the power on; procd kills after 5 s.
    power::settle(Duration::from_secs(3));
    wdm::settle();
    // A write that a deaf modem holds up for longer is left behind, and its note with it.
    runtime.shutdown_background();
    ExitCode::SUCCESS
}

/// The daemon itself, inside a `LocalSet` of the caller's, until `stop` is ready.
pub async fn serve(globals: Globals, prober: Prober, stop: impl Future<Output = ()>) {
    let sysfs = Sysfs::new(&globals.sysfs);
    let uevents = match Uevents::open(&sysfs) {
        Ok(uevents) => Some(uevents),
        Err(error) => {
            log::warn!("no uevents ({error}): a modem that comes later is found by trying again only");
            None
        }
    };
    let client = ubus::Client::start(ubus::Source::Paths(globals.ubus_sockets.clone()));
    let mut object = client.add_object(OBJECT, methods::METHODS);
    let mut netifd = client.subscribe("network.interface");
    let memory = Memory::new(&globals.run_dir);
    for line in power::restore(&sysfs, &globals.run_dir) {
        log::info!("{line}");
    }
    let records = Records::new(&globals.state_dir(), globals.history_hours);
    let mut daemon = Daemon::new(client, sysfs, uevents.is_some(), memory, prober, records);
    daemon.healing = Healing::new(&globals.run_dir);
    let mut inbox = daemon.inbox.take().unwrap_or_default();
    tokio::pin!(stop);
    loop {
        let deadline = daemon.deadline();
        tokio::select! {
            request = object.recv() => daemon.answer(request),
            Some(letter) = inbox.0.recv() => daemon.read(letter),
            notice = netifd.recv() => daemon.on_netifd(notice),
            notice = next_uevent(&uevents) => daemon.on_uevent(&notice),
            () = task::until(deadline) => daemon.tick(),
            () = &mut stop => break,
        }
        daemon.publish_modems();
    }
    daemon.records.close();
    for modem in daemon.slots.values().filter_map(|slot| slot.modem()) {
        modem.leave();
    }
}

/// What tasks send back into the loop.
enum Letter {
    Done(Done),
    Noted(Noted),
    /// netifd's dump, asked for because netifd or we are new.
    Netifd(Instant, Vec<outbox::Shown>),
    /// netifd shows no such interface after it came down.
    Removed(String),
    Round(Round),
    Looked(Look),
}

struct Inbox(Receiver<Letter>);

impl Default for Inbox {
    fn default() -> Self {
        Inbox(unbounded().1)
    }
}

struct Daemon {
    client: ubus::Client,
    sysfs: Sysfs,
    /// A modem that comes is told by the kernel.
    hears_kernel: bool,
    /// What the next process will want to know.
    memory: Memory,
    prober: Prober,
    mwan3: Mask,
    /// Counts the watches that were begun.
    watches: u32,
    /// What was done to each modem.
    ledgers: Few<String, Ledger>,
    records: Records,
    /// Drivers that modems have lost.
    healing: Healing,
    started: Instant,
    interfaces: Few<String, Interface>,
    slots: Few<String, Rc<Slot>>,
    /// Modem states as last told by event.
    told: Few<String, ModemState>,
    outbox: Outbox,
    letters: Sender<Letter>,
    inbox: Option<Inbox>,
}

impl Daemon {
    fn new(
        client: ubus::Client,
        sysfs: Sysfs,
        hears_kernel: bool,
        memory: Memory,
        prober: Prober,
        records: Records,
    ) -> Daemon {
        let (letters, inbox) = unbounded();
        Daemon {
            outbox: Outbox::start(client.clone()),
            client,
            sysfs,
            hears_kernel,
            mwan3: Mask::beside(memory.dir()),
            memory,
            prober,
            watches: 0,
            ledgers: Few::default(),
            records,
            healing: Healing::default(),
            started: Instant::now(),
            interfaces: Few::default(),
            slots: Few::default(),
            told: Few::default(),
            letters,
            inbox: Some(Inbox(inbox)),
        }
    }

    fn deadline(&mut self) -> Option<Instant> {
        let records = self.records.deadline();
        let drivers = self.healing.deadline();
        self.interfaces.values().filter_map(Interface::deadline).chain(records).chain(drivers).min()
    }

    fn read(&mut self, letter: Letter) {
        match letter {
            Letter::Done(done) => self.on_done(done),
            Letter::Noted(noted) => self.on_note(noted),
            Letter::Netifd(since, shown) => self.on_shown(since, &shown),
            Letter::Removed(name) => self.on_removed(&name),
            Letter::Round(round) => self.on_round(round),
            Letter::Looked(look) => self.on_look(look),
        }
    }

    fn tick(&mut self) {
        let now = Instant::now().into_std();
        let due = |interface: &Interface| interface.link.deadline().is_some_and(|deadline| deadline <= now);
        let names: Vec<String> =
            self.interfaces.iter().filter(|(_, i)| due(i)).map(|(name, _)| name.clone()).listed();
        for name in names {
            // A look for a modem that is still away is no try: no state changes, no line is logged.
            let event = self.still_away(&name).unwrap_or(Event::Tick);
            self.handle(&name, event);
        }
        self.tick_watches();
        self.tick_healing();
        self.records.write();
    }

    fn tick_watches(&mut self) {
        let now = Instant::now();
        let names: Vec<String> = self.interfaces.keys().cloned().listed();
        for name in names {
            let Some(interface) = self.interfaces.get(&name) else { continue };
            let (watch, recovery) = (interface.watch_due(), interface.recovery.deadline());
            if watch.is_some_and(|due| due <= now) {
                self.tick_watch(&name);
            }
            if recovery.is_some_and(|due| due <= now) {
                self.tick_recovery(&name);
            }
        }
    }

    fn on_note(&mut self, noted: Noted) {
        let Some(slot) = self.slots.get(&noted.modem).cloned() else { return };
        if noted.generation != slot.generation() {
            return;
        }
        match noted.note {
            Note::Facts { improved: true } => {
                self.on_each(&noted.modem, None, &Event::Improved);
                self.changed(&noted.modem);
            }
            Note::Facts { improved: false } => {}
            Note::Lost { session, cause } => {
                log::debug!("{}: session {session} ended: {cause}", noted.modem);
                self.on_each(&noted.modem, Some(session), &Event::Lost(cause));
            }
            Note::Settings { session } => self.read_settings(&slot, session),
            Note::MessageStored { index } => self.on_message_stored(slot, index),
            Note::Message(message) => self.on_message(&slot, &message),
            Note::Acknowledge(transaction) => on_acknowledge(&slot, transaction),
            Note::StoreFull => self.on_store_full(&slot),
            Note::Registered => {
                let known = slot.facts().registration.is_some_and(|state| state.is_registered());
                if !known {
                    self.on_each(&noted.modem, None, &Event::Improved);
                }
            }
            Note::PortWanted => self.keep_port(&slot),
            Note::Gone => {
                slot.close(ModemState::Missing);
                let cause = Cause::NoModem(format!("{} left", noted.modem));
                // The kernel tells when it is back; unless only its driver failed.
                let again = Some(Duration::from_secs(1));
                self.on_each(&noted.modem, None, &Event::ModemWent { cause: cause.into(), again });
            }
        }
    }

    /// One event for every link on this modem, or for the one of this session.
    fn on_each(&mut self, modem: &str, session: Option<u32>, event: &Event) {
        let on_it =
            |i: &Interface| i.modem.as_deref() == Some(modem) && session.is_none_or(|s| i.session() == s);
        let names: Vec<String> =
            self.interfaces.iter().filter(|(_, i)| on_it(i)).map(|(name, _)| name.clone()).listed();
        for name in names {
            self.handle(&name, event.clone());
        }
    }

    fn on_uevent(&mut self, notice: &Notice) {
        if let Notice::Event(event) = notice {
            log::debug!("uevent: {:?} {}", event.action, event.devpath);
        }
        self.healing.look_soon();
        self.look_around();
    }

    /// Compares what is known with what sysfs shows: modems that left, modems that came.
    fn look_around(&mut self) {
        let present = self.sysfs.modems();
        let gone: Vec<String> = self
            .slots
            .values()
            .filter(|slot| {
                slot.found().is_some_and(|f| {
                    f.usb_path.is_some() && !present.iter().any(|p| p.wdm == f.wdm && p.id == f.id)
                })
            })
            .map(|slot| slot.id.clone())
            .listed();
        for modem in gone {
            if let Some(slot) = self.slots.get(&modem) {
                slot.close(ModemState::Missing);
            }
            let cause = Cause::NoModem(format!("{modem} left"));
            self.on_each(&modem, None, &Event::ModemWent { cause: cause.into(), again: None });
        }
        for slot in self.slots.values() {
            self.keep_port(slot);
        }
        let hopeful: Vec<String> = self
            .interfaces
            .iter()
            .filter(|(_, i)| i.awaits_modem() && self.may_be_there(i))
            .map(|(name, _)| name.clone())
            .listed();
        for name in hopeful {
            let blocked = self.interfaces.get(&name).is_some_and(|i| i.link.state() == LinkState::Blocked);
            // What was ambiguous is not any more: the configuration is as good as a new one.
            let anew = Event::Wanted { changed: true, delay: Duration::ZERO };
            self.handle(&name, if blocked { anew } else { Event::ModemCame });
        }
    }

    fn publish_modems(&mut self) {
        for (id, slot) in self.slots.iter() {
            let new = slot.state();
            let told = self.told.or_insert_with(id, || ModemState::Seen);
            let old = std::mem::replace(told, new);
            if old != new {
                log::debug!("modem {id}: {old} -> {new}");
                let event = ModemEvent { modem: id.clone(), old, new }.to_json();
                self.client.send_event("uwand.modem", &event);
                self.client.notify(OBJECT, "modem", &event);
            }
        }
    }
}

/// A message that is told is taken: nobody could do more with it.
fn on_acknowledge(slot: &Slot, transaction: u32) {
    let Some(modem) = slot.modem() else { return };
    crate::task::spawn(async move {
        if let Err(refused) = modem.acknowledge(transaction).await {
            log::debug!("a message was not acknowledged: {refused}");
        }
    });
}

async fn next_uevent(uevents: &Option<Uevents>) -> Notice {
    let Some(uevents) = uevents else { return std::future::pending().await };
    match uevents.next().await {
        Ok(notice) => notice,
        Err(error) => {
            log::warn!("uevents ended: {error}");
            std::future::pending().await
        }
    }
}
