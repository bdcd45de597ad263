//! What is remembered of links and modems beyond now: outages, time series, and what was done
//! to each modem. The pure rooms `journal`, `history` and `ladder` with clocks and files.
//!
//! Contract: nothing here waits for a disk but the start and the end of the process, and the
//! moment before a reboot.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::Daemon;
use super::memory::{self, Memory};
use super::recover::Recovery;
use crate::fault::{Diagnosis, Rung};
use crate::history::History;
use crate::journal::{Journal, Moment};
use crate::json::{Value, json};
use crate::ladder::{Ladder, Ledger, Limits};
use crate::ledger::{self, Clocks};

/// Ask again so much later when the last write is still under way.
const BUSY: Duration = Duration::from_secs(5);
/// How far a link climbed counts for a process that follows soon, not for one started by hand later.
const FORGOTTEN: Duration = Duration::from_secs(300);
/// The note on flash that tells a router after its reboot what was done before it.
const NOTE: &str = "ladder";

pub struct Records {
    pub journal: Journal,
    pub history: History,
    flash: ledger::Ledger,
    clocks: Clocks,
    /// The last write was still under way then.
    busy: Option<Instant>,
}

impl Records {
    pub fn new(state_dir: &Path, hours: u32) -> Records {
        let flash = ledger::Ledger::new(state_dir);
        let (journal, lost) = Journal::read(&flash.load());
        if lost > 0 {
            log::warn!("journal of outages: {lost} lines were damaged and are left out");
        }
        let clocks = Clocks::start(memory::since_boot());
        Records { journal, history: History::new(hours), flash, clocks, busy: None }
    }

    pub fn now(&self) -> Moment {
        self.clocks.now()
    }

    /// Seconds of the boot clock, for the time series.
    pub fn seconds(&self) -> u32 {
        u32::try_from(self.now().at).unwrap_or(u32::MAX)
    }

    pub fn deadline(&mut self) -> Option<Instant> {
        let now = self.now();
        let due = self.journal.due(now)?;
        let due = Instant::now() + Duration::from_secs(u64::try_from(due - now.at).unwrap_or(0));
        Some(self.busy.map_or(due, |busy| busy.max(due)))
    }

    /// Writes the journal where it is due.
    pub fn write(&mut self) {
        let now = self.now();
        let late = self.busy.is_some_and(|busy| Instant::now() < busy);
        if late || self.journal.due(now).is_none_or(|due| due > now.at) {
            return;
        }
        if self.flash.save_apart(self.journal.text(now)) {
            self.busy = None;
            self.journal.written(now);
        } else {
            self.busy = Some(Instant::now() + BUSY);
        }
    }

    /// This process, or this boot, ends.
    pub fn close(&mut self) {
        let now = self.now();
        if self.journal.due(now).is_some() {
            self.flash.save(&self.journal.text(now));
            self.journal.written(now);
        }
    }
}

impl Memory {
    fn keep_ledger(&self, modem: &str, ledger: &Ledger) {
        let saved = ledger.save(Instant::now().into_std());
        let at = memory::since_boot().as_secs();
        self.write("ladder", modem, &json!({ "at": at, "ledger": saved }));
    }

    fn ledger(&self, modem: &str) -> Option<Ledger> {
        let kept = self.read("ladder", modem)?;
        let elapsed = memory::since_boot().as_secs().saturating_sub(kept.get("at")?.as_u64()?);
        Some(Ledger::restore(Instant::now().into_std(), kept.get("ledger")?, Duration::from_secs(elapsed)))
    }

    /// How far a link in trouble has climbed; forgotten with the trouble.
    pub(super) fn keep_climb(&self, interface: &str, recovery: &mut Recovery) {
        let saved = recovery.ladder.save(Instant::now().into_std());
        if !saved.is_null() {
            let at = memory::since_boot().as_secs();
            self.write("climb", interface, &json!({ "at": at, "ladder": saved }));
        } else if recovery.kept {
            self.remove("climb", interface);
        }
        recovery.kept = !saved.is_null();
    }

    /// The ladder of a link that is new to this process.
    pub(super) fn climb(&self, interface: &str, limits: Limits, recovery: &mut Recovery) {
        let kept = self.read("climb", interface);
        recovery.kept = kept.is_some();
        let kept = kept.unwrap_or_default();
        let at = kept["at"].as_u64().unwrap_or_default();
        let elapsed = Duration::from_secs(memory::since_boot().as_secs().saturating_sub(at));
        let ladder = if elapsed < FORGOTTEN { &kept["ladder"] } else { &Value::Null };
        recovery.ladder = Ladder::restore(Instant::now().into_std(), limits, ladder, elapsed);
    }
}

impl Daemon {
    /// What was done to this modem, of this process or of one before it.
    pub(super) fn ledger(&mut self, modem: &str) -> &mut Ledger {
        if !self.ledgers.contains_key(modem) {
            let kept = self.memory.ledger(modem).or_else(|| self.ledger_before_boot(modem));
            self.ledgers.insert(modem.to_string(), kept.unwrap_or_default());
        }
        self.ledgers.or_insert_with(&modem.to_string(), Ledger::default)
    }

    pub(super) fn keep_ledger(&self, modem: &str) {
        if let Some(ledger) = self.ledgers.get(modem) {
            self.memory.keep_ledger(modem, ledger);
        }
    }

    /// The router reboots by our will: the run directory goes with it.
    pub(super) fn keep_for_reboot(&mut self) {
        let now = Instant::now().into_std();
        let after = |(modem, ledger): (&String, &Ledger)| {
            // Of its copy: procd may refuse.
            let mut ledger = ledger.clone();
            ledger.note(now, Rung::Reboot);
            (modem.clone(), ledger.save(now))
        };
        let modems: crate::json::Map = self.ledgers.iter().map(after).collect();
        let note = json!({ "unix": self.records.now().unix, "modems": modems });
        self.records.flash.keep_note(NOTE, &note);
        self.records.close();
    }

    fn ledger_before_boot(&self, modem: &str) -> Option<Ledger> {
        let note = self.records.flash.note(NOTE)?;
        let then = note.get("unix").and_then(Value::as_i64);
        let elapsed = then
            .zip(self.records.now().unix)
            .and_then(|(then, now)| u64::try_from(now.checked_sub(then)?).ok());
        let elapsed = elapsed.map_or(memory::since_boot(), Duration::from_secs);
        Some(Ledger::restore(Instant::now().into_std(), note.get("modems")?.get(modem)?, elapsed))
    }

    /// A round of probes ended: for the graphs.
    pub(super) fn record_round(&mut self, name: &str) {
        let traffic = self.traffic(name);
        let Some(interface) = self.interfaces.get(name) else { return };
        let Some(watch) = &interface.watch else { return };
        let rtt = watch.last.iter().filter_map(|(_, told)| told.as_ref().ok()).map(|answer| answer.rtt).min();
        let at = self.records.seconds();
        let loss = watch.dog.loss().and_then(|loss| u16::try_from(loss).ok()).map_or(0.0, f32::from);
        self.records.history.probed(at, name, rtt.map(|rtt| rtt.as_secs_f32() * 1000.0), loss);
        if let Some(counters) = traffic {
            self.records.history.counted(at, name, counters.rx_bytes, counters.tx_bytes);
        }
        if let Some(slot) = interface.modem.as_ref().and_then(|modem| self.slots.get(modem)) {
            self.records.history.heard(at, &slot.id, &slot.facts().signal);
        }
    }

    /// Traffic stopped. `before`: seconds since it was last seen.
    pub(super) fn outage_begins(&mut self, name: &str, before: u32) {
        let now = self.records.now();
        self.records.journal.begin(now, name, before);
    }

    pub(super) fn outage_is(&mut self, name: &str, diagnosis: &Diagnosis) {
        self.records.journal.diagnosed(name, diagnosis);
    }

    pub(super) fn outage_ends(&mut self, name: &str, cured_by: Option<Rung>) {
        let now = self.records.now();
        self.records.journal.end(now, name, cured_by);
        self.records.write();
    }
}
