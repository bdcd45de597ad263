//! One interface of the daemon: its machine, its configuration, its one job.
//!
//! Contract: [`Daemon::handle`] is the only door to a link's machine, and writes the one
//! info line per change. A new job aborts the old one; its result carries a number, so
//! that a result which was already on its way is not taken for the new job's.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::carrier::{self, carrier, set_device_mtu, spec_of, with_mtu};
use super::dialling::Job;
use super::recover::{self, Recovery};
use super::rungs::Unrepaired;
use super::slot::Slot;
use super::watch::Watch;
use super::{Daemon, Letter, OBJECT, memory};
use crate::cause::{Cause, Why};
use crate::config::Config;
use crate::device::DeviceSpec;
use crate::dial::Dial;
use crate::few::Listed;
use crate::json::{Map, ToJson, Value};
use crate::link::{Action, Event, Link};
use crate::linux::sysfs::{Found, NotFound};
use crate::netifd;
use crate::status::InterfaceEvent;
use crate::words::{Bearer, LinkState, ModemState, device_shown};

/// The end of a job.
pub struct Done {
    pub(super) interface: String,
    pub(super) job: u32,
    pub(super) result: JobResult,
}

pub(super) enum JobResult {
    Adopted(Rc<Bearer>, Duration),
    Connected(Result<Rc<Bearer>, Why>),
    Settings(Result<Rc<Bearer>, Why>),
    Repaired(Result<(), Unrepaired>),
}

pub struct Interface {
    pub link: Link,
    pub(super) watch: Option<Watch>,
    pub(super) recovery: Recovery,
    pub(super) jitter: u8,
    pub config: Option<Rc<Config>>,
    pub spec: Option<DeviceSpec>,
    /// The id of the modem that it last used.
    pub modem: Option<String>,
    pub(super) job: Option<AbortHandle>,
    pub(super) jobs: u32,
    /// Of the order that was dialled last.
    digest: u64,
    /// What netifd holds of the bearer.
    told: Option<Rc<Bearer>>,
    /// netifd still shows the link of an earlier process, which may be gone.
    pub(super) inherited_up: bool,
    /// When netifd's setup or renew last asked for it.
    pub(super) asked: Instant,
    /// Options for interfaces on top of this one.
    inherited: Map,
    /// True once the last disconnect ended; the next connect waits for it.
    disconnected: Option<watch::Receiver<bool>>,
}

impl Interface {
    pub(super) fn new() -> Interface {
        // Differs from router to router, even of one image: std seeds its hashers from the kernel.
        let [jitter, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
        Interface {
            link: Link::new(Instant::now().into_std(), jitter),
            watch: None,
            recovery: Recovery::new(jitter),
            jitter,
            config: None,
            spec: None,
            modem: None,
            job: None,
            jobs: 0,
            digest: 0,
            told: None,
            inherited_up: false,
            asked: Instant::now(),
            inherited: Map::new(),
            disconnected: None,
        }
    }

    /// When to look at it next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let link = self.link.deadline().map(Instant::from_std);
        [link, self.watch_due(), self.recovery.deadline()].into_iter().flatten().min()
    }

    pub(super) fn watch_due(&self) -> Option<Instant> {
        let dog = &self.watch.as_ref()?.dog;
        let due = Instant::from_std(dog.deadline()?);
        let Some((first, last)) = dog.leeway() else { return Some(due) };
        Some(super::watch::in_one_wake_up(Instant::from_std(first), Instant::from_std(last)))
    }

    pub fn session(&self) -> u32 {
        self.config.as_ref().map_or(0, |config| config.session)
    }

    /// Waits for its modem, rather than for the network or for a person; or for one of two
    /// modems to leave, where it does not say which.
    pub fn awaits_modem(&self) -> bool {
        match (self.link.state(), self.link.cause()) {
            (LinkState::Waiting, Some(Cause::NoModem(_) | Cause::ModemHung)) => true,
            (LinkState::Blocked, Some(Cause::BadConfig { option, .. })) => option == "device",
            _ => false,
        }
    }

    fn stop_job(&mut self) {
        self.jobs = self.jobs.wrapping_add(1);
        if let Some(job) = self.job.take() {
            job.abort();
        }
    }

    /// Resolves when the last disconnect is done.
    pub fn disconnected(&self) -> impl Future<Output = ()> + 'static {
        let disconnected = self.disconnected.clone();
        async move {
            if let Some(mut disconnected) = disconnected {
                // An error means that its task ended, which is as good.
                let _ = disconnected.wait_for(|done| *done).await;
            }
        }
    }
}

impl Daemon {
    /// netifd's setup or renew.
    pub(super) fn want(&mut self, name: &str, table: &Map) {
        let parsed = Config::parse(table).and_then(|config| Ok((spec_of(&config)?, config)));
        let interface = self.interfaces.or_insert_with(&name.to_string(), Interface::new);
        interface.asked = Instant::now();
        match parsed {
            Ok((spec, config)) => {
                let changed = interface.config.as_deref() != Some(&config);
                let delay = config.delay;
                // The old configuration is what the old session was dialled with.
                let old = interface.session();
                let moved = changed && interface.link.wanted() && old != config.session;
                if moved {
                    self.disconnect(name, old, true);
                }
                if let Some(interface) = self.interfaces.get_mut(name) {
                    let kept = |(key, _): &(&String, &Value)| netifd::INHERITED.contains(&key.as_str());
                    interface.inherited =
                        table.iter().filter(kept).map(|(k, v)| (k.clone(), v.clone())).collect();
                    let limits = recover::limits(&config, interface.jitter);
                    if interface.config.is_none() {
                        self.memory.climb(name, limits, &mut interface.recovery);
                    } else {
                        interface.recovery.ladder.configure(limits);
                    }
                    interface.config = Some(Rc::new(config));
                    interface.spec = Some(spec);
                }
                if let Some(slot) = self.slot_of(name).filter(|_| changed) {
                    self.review_port(&slot);
                }
                self.handle(name, Event::Wanted { changed, delay });
                if moved {
                    self.after_leaving();
                }
            }
            Err(cause) => {
                log::warn!("{name}: {cause}");
                self.handle(name, Event::Rejected(cause));
            }
        }
    }

    /// Gives the link its event and does what it says.
    pub(super) fn handle(&mut self, name: &str, event: Event) {
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        log::debug!("{name}: {event:?}");
        // A link that dials again at once has no cause of its own to show.
        let lost = match &event {
            Event::Lost(cause) | Event::ModemWent { cause, .. } => Some(cause.clone()),
            _ => None,
        };
        let left = event == Event::Unwanted;
        let old = interface.link.state();
        let actions = interface.link.handle(Instant::now().into_std(), event);
        let new = interface.link.state();
        if new == LinkState::Down {
            interface.told = None;
        }
        if old != new {
            self.tell_change(name, old, new, lost.as_deref());
        }
        for action in actions {
            self.act(name, action);
        }
        self.follow(name);
        if new == LinkState::Down && old != new {
            self.forget_trouble(name);
        }
        let stood = matches!(old, LinkState::Up | LinkState::Suspect | LinkState::Recovering);
        if let Some(cause) = lost.filter(|_| stood && old != new) {
            self.fell(name, &cause);
        }
        if left {
            self.after_leaving();
        }
    }

    fn tell_change(&self, name: &str, old: LinkState, new: LinkState, lost: Option<&Cause>) {
        let Some(interface) = self.interfaces.get(name) else { return };
        let link = &interface.link;
        match (link.bearer(), lost.or(link.cause().filter(|_| new != LinkState::Connecting))) {
            (Some(bearer), _) => log::info!("{name}: {old} -> {new}, {bearer}"),
            (None, Some(cause)) => log::info!("{name}: {old} -> {new}, {cause}"),
            (None, None) => log::info!("{name}: {old} -> {new}"),
        }
        let error = link.cause().map(Cause::code);
        let event = InterfaceEvent { interface: name.to_string(), old, new, error }.to_json();
        self.client.send_event("uwand.interface", &event);
        self.client.notify(OBJECT, "interface", &event);
    }

    fn act(&mut self, name: &str, action: Action) {
        log::debug!("{name}: {action:?}");
        match action {
            Action::Connect => self.connect(name),
            Action::Repair(rung) => self.repair(name, rung),
            Action::Disconnect => {
                let interface = self.interfaces.get(name);
                let session = interface.map_or(0, Interface::session);
                let for_good = interface.is_some_and(|interface| !interface.link.wanted());
                self.memory.drop_session(name);
                self.disconnect(name, session, for_good);
            }
            Action::LinkUp(bearer) => self.link_up(name, bearer),
            Action::LinkDown => {
                if let Some(interface) = self.interfaces.get_mut(name) {
                    interface.told = None;
                    interface.inherited_up = false;
                }
                self.memory.drop_session(name);
                self.outbox.notify(netifd::link_down(name));
            }
            Action::Error(cause) => {
                if self.interfaces.get_mut(name).is_some_and(|i| std::mem::take(&mut i.inherited_up)) {
                    self.outbox.notify(netifd::link_down(name));
                }
                self.outbox.notify(netifd::error(name, &cause));
            }
        }
    }

    pub(super) fn link_up(&mut self, name: &str, bearer: Rc<Bearer>) {
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        let bearer = with_mtu(bearer, interface.config.as_ref().and_then(|config| config.mtu));
        set_device_mtu(&bearer);
        interface.inherited_up = false;
        let mut told = interface.told.replace(bearer.clone());
        if told.as_ref().is_some_and(|told| netifd::cannot_update(told, &bearer)) {
            self.outbox.notify(netifd::link_down(name));
            told = None;
        }
        self.outbox.notify(netifd::link_up(name, &bearer));
        if told.is_none() {
            // A second of the same name would take the first one away.
            for interface in netifd::dynamic(name, &bearer, &interface.inherited) {
                self.outbox.add_dynamic(interface);
            }
        }
    }

    fn connect(&mut self, name: &str) {
        let Some(interface) = self.interfaces.get(name) else { return };
        let Some(config) = interface.config.clone() else { return };
        match self.locate(interface) {
            Ok(found) => self.dial(name, &config, found),
            Err(NotFound::AskImei(candidates)) => self.ask_imei(name, candidates),
            Err(NotFound::Several(text)) => {
                let cause = Cause::BadConfig {
                    option: "device".into(),
                    value: device_shown(&config.device),
                    remedy: text,
                };
                self.handle(name, Event::Rejected(cause.into()));
            }
            Err(NotFound::Missing(text)) => {
                let event = self.away(interface, text);
                self.handle(name, event);
            }
        }
    }

    fn dial(&mut self, name: &str, config: &Config, found: Rc<Found>) {
        if let Some(cause) = self.clash(name, config, &found) {
            return self.handle(name, Event::Rejected(cause.into()));
        }
        let netdev = match carrier(config, &found) {
            Ok(netdev) => netdev,
            Err(cause) if matches!(*cause, Cause::BadConfig { .. }) => {
                return self.handle(name, Event::Rejected(cause));
            }
            Err(cause) => return self.handle(name, Event::ModemWent { cause, again: None }),
        };
        let slot = self.slot(found);
        let parent = config.netdev.is_none().then(|| netdev.clone());
        let dial = Dial::new(config, netdev);
        let digest = memory::digest(&dial);
        let kept = self.memory.session(name).filter(|kept| kept.modem == slot.id);
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        // What this process dialled itself is not to be taken over.
        let kept = kept.filter(|_| slot.modem().is_none() || interface.jobs == 0);
        interface.modem = Some(slot.id.clone());
        interface.digest = digest;
        let free = self.disconnected(&slot.id);
        let sysfs = self.sysfs.clone();
        let job = Job { slot, sysfs, control: config.control, parent, digest, kept };
        self.start_job(name, async move {
            free.await;
            let slot = job.slot.clone();
            let _free = slot.mending.lock().await;
            job.run(dial).await
        });
    }

    /// Opens modems until one has the IMEI that is looked for; the others are closed again.
    fn ask_imei(&mut self, name: &str, candidates: Vec<Rc<Found>>) {
        let slots: Vec<Rc<Slot>> = candidates.into_iter().map(|found| self.slot(found)).listed();
        let used: Vec<String> = self.interfaces.values().filter_map(|i| i.modem.clone()).listed();
        self.start_job(name, async move {
            for slot in slots {
                let asked = async { slot.open(None).await?.identify().await };
                if let Err(cause) = asked.await {
                    log::debug!("{}: not asked for its IMEI: {cause}", slot.id);
                }
                if !used.contains(&slot.id) {
                    slot.close(ModemState::Seen);
                }
            }
            // Found now, or tried again after the back-off.
            JobResult::Connected(Err(Cause::NoModem("looking for the modem with that IMEI".into()).into()))
        });
    }

    fn slot(&mut self, found: Rc<Found>) -> Rc<Slot> {
        let letters = self.letters.clone();
        let id = found.id.clone();
        let slot = self.slots.or_insert_with(&id, || {
            let notify = Rc::new(move |noted| {
                // The loop ends before its modems: nobody is left to be told.
                let _ = letters.send(Letter::Noted(noted));
            });
            Slot::new(id.clone(), notify, self.memory.clone())
        });
        slot.place(found);
        slot.clone()
    }

    pub(super) fn start_job(&mut self, name: &str, work: impl Future<Output = JobResult> + 'static) {
        self.start_boxed(name, Box::pin(work));
    }

    fn start_boxed(&mut self, name: &str, work: Pin<Box<dyn Future<Output = JobResult>>>) {
        let letters = self.letters.clone();
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        interface.stop_job();
        let (job, owner) = (interface.jobs, name.to_string());
        let task = crate::task::spawn(async move {
            let result = work.await;
            let _ = letters.send(Letter::Done(Done { interface: owner, job, result }));
        });
        interface.job = Some(task.abort_handle());
    }

    /// The modem that an interface last used.
    pub(super) fn slot_of(&self, name: &str) -> Option<Rc<Slot>> {
        let interface = self.interfaces.get(name)?;
        self.slots.get(interface.modem.as_ref()?).cloned()
    }

    /// Ends a session; where that is `for_good`, the device of its channel goes, too.
    pub(super) fn disconnect(&mut self, name: &str, session: u32, for_good: bool) {
        let slot = self.slot_of(name);
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        interface.stop_job();
        let Some(slot) = slot else { return };
        let named = interface.config.as_ref().is_some_and(|config| config.netdev.is_some());
        let remove = slot.found().filter(|_| for_good && !named && session != 0);
        let modem = slot.modem();
        if modem.is_none() && remove.is_none() {
            return;
        }
        let before = interface.disconnected();
        let (done, disconnected) = watch::channel(false);
        interface.disconnected = Some(disconnected);
        let (name, sysfs) = (name.to_string(), self.sysfs.clone());
        crate::task::spawn(async move {
            before.await;
            if let Some(modem) = modem {
                if let Err(cause) = modem.disconnect(session).await {
                    log::debug!("{name}: disconnect: {cause}");
                }
                slot.remember();
            }
            if let Some(found) = remove {
                let _turn = slot.turn.lock().await;
                carrier::remove_channel(&sysfs, &found, session).await;
            }
            let _ = done.send(true);
        });
    }

    /// A session that was not taken over may be on another device of the same name, on which netifd
    /// would set nothing.
    pub(super) fn down_where_inherited(&mut self, name: &str, bearer: &Bearer) {
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        if bearer.session != 0 && std::mem::take(&mut interface.inherited_up) {
            self.outbox.notify(netifd::link_down(name));
        }
    }

    pub(super) fn keep_session(&self, name: &str, since: Duration) {
        let Some(interface) = self.interfaces.get(name) else { return };
        let Some(modem) = interface.modem.clone() else { return };
        self.memory.keep_session(name, &memory::Session { modem, digest: interface.digest, since });
    }
}
