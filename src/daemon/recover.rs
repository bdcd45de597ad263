//! From a link in trouble to the rung that is tried: facts are gathered, `diagnose` names the
//! fault, `ladder` the step, and the link carries it out.
//!
//! Contract: every rung is begun here, with its reason on one info line, and judged here: by the
//! probes of `watch`, not by its own word. One rung at a time on a modem, whichever link asked.
//! Facts are gathered while the last rounds still run, so that a stall is named as soon as it is
//! one; a modem that does not tell its signal meanwhile is deaf.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::slot::Slot;
use super::watch::{Told, outcome};
use super::{Daemon, Letter};
use crate::cause::Cause;
use crate::config::Config;
use crate::diagnose::{self, Facts, Others};
use crate::fault::{Diagnosis, Fault, Health, Rung};
use crate::few::Listed;
use crate::json::{ToJson, Value, json};
use crate::ladder::{Carried, Event, Ladder, Limits, Step};
use crate::link;
use crate::linux::heal;
use crate::replies;
use crate::status::SignalStatus;
use crate::target::Target;
use crate::task::timeout;
use crate::words::{LinkState, ModemState, Registration, SimState};

/// A modem that answers at all tells its signal in milliseconds.
const ASKING: Duration = Duration::from_secs(3);
/// Where a stall comes without a suspicion before it (one failed round is enough).
const HURRY: Duration = Duration::from_millis(900);
/// Another link's rung is at work on the modem.
const TAKEN: Duration = Duration::from_secs(2);

/// The recovery of one link.
pub struct Recovery {
    pub ladder: Ladder,
    pub diagnosis: Option<Diagnosis>,
    /// What the ladder said last.
    pub step: Option<Step>,
    /// Look again, because the modem was taken.
    pub again: Option<Instant>,
    /// Number of the last look, and its task while it is under way.
    looks: u32,
    looking: Option<AbortHandle>,
    /// What the last look found; used up by the stall that it was for.
    found: Option<Found>,
    /// A successor finds how far the ladder got.
    pub kept: bool,
}

/// What a look at a link in trouble found.
pub struct Look {
    interface: String,
    number: u32,
    found: Found,
}

struct Found {
    deaf: bool,
    cell: Value,
    /// Targets beside those of the rounds.
    answers: Vec<(Target, Told)>,
}

impl Recovery {
    pub fn new(jitter: u8) -> Recovery {
        let limits = Limits { rungs: Vec::new(), budget: 0, jitter };
        Recovery {
            ladder: Ladder::new(limits),
            diagnosis: None,
            step: None,
            again: None,
            looks: 0,
            looking: None,
            found: None,
            kept: false,
        }
    }

    /// When somebody has to look at it. What is put off is not due before, or the loop would not rest.
    pub fn deadline(&self) -> Option<Instant> {
        self.again.or_else(|| self.ladder.deadline().map(Instant::from_std))
    }

    fn stop(&mut self) {
        self.looks = self.looks.wrapping_add(1);
        self.found = None;
        self.again = None;
        if let Some(task) = self.looking.take() {
            task.abort();
        }
    }
}

pub fn limits(config: &Config, jitter: u8) -> Limits {
    let allowed = |rung: &Rung| *rung != Rung::Power || config.power != "none";
    let rungs = config.watchdog.ladder.iter().filter_map(|rung| Rung::parse(rung)).filter(allowed).listed();
    Limits { rungs, budget: config.watchdog.budget, jitter }
}

impl Daemon {
    /// Probes fail: gather facts beside them.
    pub(super) fn look(&mut self, name: &str, health: Health) {
        let slot = self.slot_of(name);
        let (letters, prober) = (self.letters.clone(), self.prober.clone());
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        let Some(watch) = &interface.watch else { return };
        let stalled = health == Health::Stalled;
        if stalled && interface.recovery.looking.is_some() {
            return;
        }
        if stalled && interface.recovery.found.is_some() {
            return self.judge(name);
        }
        let limit = if stalled { HURRY } else { watch.dog.settings().timeout.min(ASKING) };
        let from = watch.source.clone();
        let named = |target: &Target| watch.dog.targets().contains(target);
        let servers = from.dns.iter().map(|server| Target::Dns((*server, 53).into()));
        let others: Vec<Target> =
            servers.chain(super::watch::elsewhere()).filter(|target| !named(target)).listed();
        interface.recovery.looks = interface.recovery.looks.wrapping_add(1);
        let (number, owner) = (interface.recovery.looks, name.to_string());
        let task = crate::task::spawn(async move {
            let asked = prober.ask_all(others.clone(), from, limit);
            let (told, (deaf, cell)) = tokio::join!(asked, ask_modem(slot, limit));
            let answers = others.into_iter().zip(told).map(|(target, (_, told))| (target, told)).listed();
            let found = Found { deaf, cell, answers };
            let _ = letters.send(Letter::Looked(Look { interface: owner, number, found }));
        });
        interface.recovery.looking = Some(task.abort_handle());
    }

    pub(super) fn on_look(&mut self, look: Look) {
        let Some(interface) = self.interfaces.get_mut(&look.interface) else { return };
        if interface.recovery.looks != look.number {
            return;
        }
        interface.recovery.looking = None;
        interface.recovery.found = Some(look.found);
        let stalled = interface.watch.as_ref().is_some_and(|watch| watch.dog.health() == Health::Stalled);
        if stalled {
            self.judge(&look.interface);
        }
    }

    /// A link that cannot be brought up, or lost its bearer.
    pub(super) fn consider(&mut self, name: &str) {
        let Some(interface) = self.interfaces.get(name) else { return };
        let watched = interface.config.as_ref().is_some_and(|config| config.watchdog.enabled);
        let waits =
            matches!(interface.link.state(), LinkState::Waiting | LinkState::Blocked | LinkState::Connecting);
        if watched && waits && interface.modem.is_some() && interface.link.cause().is_some() {
            self.judge(name);
        }
    }

    /// Names the fault, and does what the ladder says against it.
    fn judge(&mut self, name: &str) {
        let Some(facts) = self.gather(name) else { return };
        let flows = facts.received > 0 || facts.answers.iter().any(|a| answered(&a.outcome));
        let Some(diagnosis) = diagnose::diagnose(&facts) else { return };
        let before = facts.silent_for.map_or(0, |silent| u32::try_from(silent.as_secs()).unwrap_or(u32::MAX));
        if diagnosis.fault != Fault::TargetDown {
            self.outage_begins(name, before);
        }
        self.outage_is(name, &diagnosis);
        self.place_outage(name);
        let sight = self.sight(name, diagnosis.fault, flows);
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        let known = interface.recovery.diagnosis.as_ref().map(|known| known.fault);
        if known != Some(diagnosis.fault) {
            log::debug!("{name}: {}: {}", diagnosis.fault, diagnosis.evidence.join("; "));
        }
        interface.recovery.diagnosis = Some(diagnosis);
        interface.recovery.found = None;
        self.climb_in_turn(name, Event::Wrong(sight));
    }

    /// Another link's rung is at work on this link's modem.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        let modem = self.interfaces.get(name).and_then(|interface| interface.modem.as_ref());
        self.interfaces.iter().any(|(other, interface)| {
            other != name && interface.modem.as_ref() == modem && interface.link.rung().is_some()
        })
    }

    /// Asks the ladder, and takes the step.
    pub(super) fn climb(&mut self, name: &str, event: Event) {
        let Some(modem) = self.interfaces.get(name).and_then(|interface| interface.modem.clone()) else {
            return;
        };
        self.ledger(&modem);
        let Some(ledger) = self.ledgers.get_mut(&modem) else { return };
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        let now = Instant::now().into_std();
        let looked = interface.recovery.ladder.wants_probe();
        let step = interface.recovery.ladder.handle(now, event, ledger);
        let looks = !looked && interface.recovery.ladder.wants_probe();
        interface.recovery.step = Some(step.clone());
        self.memory.keep_climb(name, &mut interface.recovery);
        match step {
            Step::Try { rung, why } => self.try_rung(name, &modem, rung, why),
            Step::Wait { why, .. } | Step::Nothing { why } => log::debug!("{name}: {why}"),
        }
        if looks {
            self.prove(name);
        }
    }

    fn try_rung(&mut self, name: &str, modem: &str, rung: Rung, why: String) {
        let now = self.records.now();
        self.records.journal.tried(now, name, rung, &why);
        let Some(interface) = self.interfaces.get(name) else { return };
        let fault = interface.recovery.diagnosis.as_ref().map(|diagnosis| diagnosis.fault);
        let cause = interface.link.cause().cloned().unwrap_or(match fault {
            Some(Fault::ModemDeaf) => Cause::ModemHung,
            Some(Fault::NoAddress) => Cause::NoAddress,
            _ => Cause::NoTraffic,
        });
        let was = interface.link.state();
        let state = if rung == Rung::Renew { was } else { LinkState::Recovering };
        log::info!("{name}: {state}, {rung}: {why}");
        if rung == Rung::Reboot {
            self.keep_for_reboot();
        }
        self.handle(name, link::Event::Repair { rung, cause: cause.into() });
        self.keep_ledger(modem);
        let renews = rung == Rung::Renew && matches!(was, LinkState::Up | LinkState::Suspect);
        let at_work = self.interfaces.get(name).and_then(|interface| interface.link.rung()).is_some();
        if !renews && !at_work {
            self.climb(name, Event::Done(rung, Carried::Unable("the link waits for a person".into())));
        }
    }

    /// The rung's job ended.
    pub(super) fn rung_ended(&mut self, name: &str, carried: Carried) {
        let Some(interface) = self.interfaces.get(name) else { return };
        let Some(rung) = interface.recovery.ladder.at_work() else { return };
        let modem = interface.modem.clone();
        if let Carried::Failed(why) | Carried::Unable(why) = &carried {
            log::info!("{name}: {rung} failed: {why}");
            self.records.journal.judged(name, false);
        }
        self.climb(name, Event::Done(rung, carried));
        if let Some(modem) = modem {
            self.keep_ledger(&modem);
        }
    }

    /// The settings were read again, with the link as it was.
    pub(super) fn renewed(&mut self, name: &str) {
        let Some(interface) = self.interfaces.get(name) else { return };
        if interface.recovery.ladder.at_work() == Some(Rung::Renew) {
            self.rung_ended(name, Carried::Out);
            self.prove(name);
        }
    }

    /// Enough probes failed after a rung.
    pub(super) fn unproven(&mut self, name: &str) {
        let Some(interface) = self.interfaces.get(name) else { return };
        let ladder = &interface.recovery.ladder;
        let (tried, looks) = (ladder.at_work().is_some(), ladder.wants_probe());
        if tried {
            self.records.journal.judged(name, false);
        }
        if tried || looks {
            self.climb_in_turn(name, Event::Unproven);
        }
    }

    /// A probe was answered: traffic flows.
    pub(super) fn proved(&mut self, name: &str) {
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        interface.recovery.stop();
        let wrong = interface.recovery.diagnosis.take().is_some();
        let modem = interface.modem.clone();
        self.climb(name, Event::Healthy);
        let open = self.records.journal.is_open(name);
        let cured_by = self.interfaces.get(name).and_then(|interface| interface.recovery.ladder.cured_by());
        if open {
            self.outage_ends(name, cured_by);
        }
        let (Some(modem), true) = (modem, wrong || open) else { return };
        if let (Some(slot), Some(Rung::Power)) = (self.slots.get(&modem), cured_by) {
            // The way that did it is the one to begin with.
            slot.powered.set(slot.powered.get().wrapping_sub(1));
        }
        self.keep_ledger(&modem);
    }

    /// netifd does not want it any more, or wants it otherwise.
    pub(super) fn forget_trouble(&mut self, name: &str) {
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        interface.recovery.stop();
        let troubled = interface.recovery.diagnosis.take().is_some();
        if troubled || interface.recovery.ladder.at_work().is_some() {
            self.climb(name, Event::Unwanted);
        }
        if self.records.journal.is_open(name) {
            self.outage_ends(name, None);
        }
    }

    pub(super) fn tick_recovery(&mut self, name: &str) {
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        if interface.recovery.again.is_some_and(|again| again <= Instant::now()) {
            interface.recovery.again = None;
            return self.look_again(name);
        }
        let now = Instant::now().into_std();
        if interface.recovery.ladder.deadline().is_some_and(|due| due <= now) {
            self.climb_in_turn(name, Event::Tick);
        }
    }

    /// Later, while another link's rung is at work on the modem.
    fn climb_in_turn(&mut self, name: &str, event: Event) {
        if !self.is_taken(name) {
            self.climb(name, event);
        } else if let Some(interface) = self.interfaces.get_mut(name) {
            interface.recovery.again = Some(Instant::now() + TAKEN);
        }
    }

    fn look_again(&mut self, name: &str) {
        let Some(interface) = self.interfaces.get(name) else { return };
        match interface.watch.as_ref().map(|watch| watch.dog.health()) {
            Some(Health::Stalled) => self.look(name, Health::Stalled),
            Some(_) => {}
            None => self.consider(name),
        }
    }

    pub(super) fn place_outage(&mut self, name: &str) {
        let Some(interface) = self.interfaces.get(name) else { return };
        let Some(slot) = self.slot_of(name) else { return };
        let facts = slot.facts();
        let told = interface.recovery.found.as_ref().map(|found| found.cell.clone()).unwrap_or_default();
        let mut cell = if told.is_object() { told } else { json!({}) };
        for (key, value) in [
            ("technology", facts.technology.map(|technology| technology.to_string())),
            ("operator", facts.operator.clone()),
            ("mcc_mnc", facts.mcc_mnc.clone()),
        ] {
            if let Some(value) = value {
                cell[key] = value.into();
            }
        }
        let signal = SignalStatus::of(&facts.signal).to_json();
        self.records.journal.place(name, &cell, &signal);
    }

    fn gather(&self, name: &str) -> Option<Facts> {
        let interface = self.interfaces.get(name)?;
        let slot = self.slot_of(name)?;
        let told = slot.facts();
        let found = interface.recovery.found.as_ref();
        let cause = interface.link.cause();
        let missing = match cause {
            Some(Cause::NoModem(sought)) => Some(sought.clone()),
            _ => None,
        };
        let state = match slot.state() {
            _ if found.is_some_and(|found| found.deaf) => ModemState::Hung,
            ModemState::Seen if cause == Some(&Cause::ModemHung) => ModemState::Hung,
            state => state,
        };
        let mut facts = Facts {
            modem: Some(state),
            unbound: missing.as_ref().and_then(|_| self.unbound(&slot)),
            sought: missing,
            sim: told.sim,
            pin_tries: told.pin_tries,
            radio_hardware: told.radio_hardware,
            radio_software: told.radio_software,
            fcc_locked: cause == Some(&Cause::FccLocked),
            registration: told.registration,
            reason: cause.and_then(|cause| cause.reason()).map(|reason| (reason.clone(), Duration::ZERO)),
            roaming_allowed: interface.config.as_ref().is_some_and(|config| config.allow_roaming),
            operator: told.operator.clone(),
            technology: told.technology,
            attached: told.attached,
            signal: told.signal,
            link: Some(interface.link.state()),
            cause: cause.cloned(),
            others: self.others(name, &slot),
            in_vain: interface.recovery.ladder.in_vain(),
            timeouts: told.timeouts,
            ..Facts::default()
        };
        let Some(watch) = &interface.watch else { return Some(facts) };
        let named = interface.config.as_ref().is_some_and(|config| !config.watchdog.targets.is_empty());
        let rounds = watch.answers().map(|(target, told)| answer(target, told, named));
        let beside = found.iter().flat_map(|found| &found.answers);
        facts.answers = rounds.chain(beside.map(|(target, told)| answer(target, told, false))).listed();
        (facts.v4, facts.v6) = (watch.source.v4.is_some(), watch.source.v6.is_some());
        if let Some((since, then)) = watch.trouble {
            let now = self.counters(name);
            facts.silent_for = Some(Instant::now().into_std().saturating_duration_since(since));
            facts.sent = now.tx.saturating_sub(then.tx);
            facts.received = now.rx.saturating_sub(then.rx);
        }
        Some(facts)
    }

    pub(super) fn others(&self, name: &str, slot: &Rc<Slot>) -> Others {
        let healthy = self.interfaces.iter().filter(|(other, interface)| {
            let health = interface.watch.as_ref().map(|watch| watch.dog.health());
            other.as_str() != name && health == Some(Health::Healthy)
        });
        let modems: Vec<_> = self
            .slots
            .values()
            .filter(|other| other.id != slot.id && other.state() == ModemState::Open)
            .map(|other| other.facts())
            .filter(|facts| facts.sim == Some(SimState::Ready) && facts.radio_software != Some(false))
            .listed();
        let lost = modems.iter().filter(|facts| !facts.registration.is_some_and(Registration::is_registered));
        Others {
            healthy: count(healthy.count()),
            without_service: count(lost.count()),
            modems: count(modems.len()),
        }
    }

    /// An interface of the modem that no driver has, in words.
    fn unbound(&self, slot: &Slot) -> Option<String> {
        let place = slot.place_known()?;
        let usb = place.usb_path.as_ref()?;
        let orphan = heal::orphans(&self.sysfs).into_iter().find(|orphan| orphan.device == *usb)?;
        let holder = orphan.holder.map(|holder| format!(", {holder} has it")).unwrap_or_default();
        Some(format!("{} should have {}{holder}", orphan.interface, orphan.driver))
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn answered(outcome: &crate::watchdog::Outcome) -> bool {
    use crate::watchdog::Outcome;
    matches!(outcome, Outcome::Answered(_) | Outcome::Refused)
}

fn answer(target: &Target, told: &Told, named: bool) -> diagnose::Answer {
    let note = told.as_ref().err().map(|failure| failure.to_string());
    diagnose::Answer { target: target.clone(), outcome: outcome(told), named, note }
}

/// Whether it is deaf, and the serving cell, where it tells one.
async fn ask_modem(slot: Option<Rc<Slot>>, limit: Duration) -> (bool, Value) {
    let Some(slot) = slot else { return (false, Value::Null) };
    let Some(modem) = slot.modem() else { return (false, Value::Null) };
    let asked = Instant::now();
    match timeout(limit, modem.signal()).await {
        Ok(Err(cause)) if *cause != Cause::ModemHung => {}
        Ok(Ok(_)) => {}
        Err(_) | Ok(Err(_)) => return (limit > HURRY, Value::Null),
    }
    let left = limit.saturating_sub(asked.elapsed());
    let cells = timeout(left, modem.cells()).await;
    let cell = match &cells {
        Ok(Ok(cells)) => cells.serving.first().map(replies::cell),
        _ => None,
    };
    (false, cell.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ladder::{Ledger, Sight};

    #[test]
    fn a_rung_that_is_due_while_the_modem_is_taken_is_not_due_before_the_next_look() {
        let now = Instant::now();
        let mut recovery = Recovery::new(0);
        let limits = Limits { rungs: vec![Rung::Reset], budget: 6, jitter: 0 };
        recovery.ladder = Ladder::new(limits);
        let sight = Sight { fault: Fault::NoTraffic, flows: false, others_healthy: false, shared: false };
        recovery.ladder.handle(now.into_std(), Event::Wrong(sight), &mut Ledger::new());
        assert_eq!(recovery.deadline(), Some(now + Duration::from_secs(120)));
        let again = now + Duration::from_secs(120) + TAKEN;
        recovery.again = Some(again);
        assert_eq!(recovery.deadline(), Some(again));
    }
}
