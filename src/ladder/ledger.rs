//! What was done to one modem, and what helped: shared by all links over it.
//!
//! Contract: [`Ledger::save`] gives plain values with ages in seconds, [`Ledger::restore`] takes
//! any JSON: what does not fit is left out. A router's clock may be unset after a boot, so
//! the time between the two counts only as far as the caller knows it; a time that is not known
//! makes acts look younger than they are, and the budget smaller.

use std::time::{Duration, Instant};

use super::quiet;
use crate::fault::{Fault, Rung};
use crate::few::Listed;
use crate::json::{Value, json};

/// What the budget counts by.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// More than any budget and its reboots.
const MOST_ACTS: usize = 128;

/// Whether a rung takes the modem away for a while, and its other links with it.
pub fn is_heavy(rung: Rung) -> bool {
    matches!(rung, Rung::Reset | Rung::Power | Rung::Reboot)
}

/// What was done to one modem.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Heavy rungs, the oldest first.
    acts: Vec<(Instant, Rung)>,
    /// Until then the modem may still be on its way back from this rung.
    quiet: Option<(Rung, Instant)>,
    /// What cured a fault last.
    cures: Vec<(Fault, Rung)>,
    /// What failed against a fault, and has not cured it since.
    failures: Vec<(Fault, Rung)>,
    sim_ready: bool,
}

impl Ledger {
    pub fn new() -> Ledger {
        Ledger::default()
    }

    /// The modem has a SIM that works: one that is missing later is worth a reset.
    pub fn sim_was_ready(&mut self) {
        self.sim_ready = true;
    }

    pub(super) fn had_sim(&self) -> bool {
        self.sim_ready
    }

    /// A rung that no ladder asked for was carried out: by a person, or for another modem (a
    /// reboot is one of every modem). It costs no budget, but the modem is given its time.
    pub fn note(&mut self, now: Instant, rung: Rung) {
        if rung == Rung::Reboot {
            self.push(now, rung);
        }
        self.be_quiet(rung, now + quiet(rung));
    }

    /// Before the rung is carried out: a daemon that dies of it has spent it all the same.
    pub(super) fn spend(&mut self, now: Instant, rung: Rung) {
        if is_heavy(rung) {
            self.push(now, rung);
        }
    }

    fn push(&mut self, now: Instant, rung: Rung) {
        self.acts.retain(|(at, _)| now.saturating_duration_since(*at) < DAY);
        if self.acts.len() >= MOST_ACTS {
            self.acts.remove(0);
        }
        self.acts.push((now, rung));
    }

    /// The rung could not even be begun.
    pub(super) fn refund(&mut self, rung: Rung) {
        if let Some(at) = self.acts.iter().rposition(|(_, spent)| *spent == rung) {
            self.acts.remove(at);
        }
    }

    pub(super) fn be_quiet(&mut self, rung: Rung, until: Instant) {
        if is_heavy(rung) {
            self.quiet = Some((rung, until));
        }
    }

    /// The heavy rung that the modem is still on its way back from.
    pub(super) fn quiet(&self, now: Instant) -> Option<(Rung, Instant)> {
        self.quiet.filter(|(_, until)| now < *until)
    }

    fn recent(&self, now: Instant, counts: fn(Rung) -> bool) -> impl Iterator<Item = Instant> {
        let young = move |at: Instant| now.saturating_duration_since(at) < DAY;
        self.acts.iter().filter(move |(at, rung)| counts(*rung) && young(*at)).map(|(at, _)| *at)
    }

    /// Resets and power cuts in the last 24 hours.
    pub fn used(&self, now: Instant) -> u32 {
        let used = self.recent(now, |rung| matches!(rung, Rung::Reset | Rung::Power)).count();
        u32::try_from(used).unwrap_or(u32::MAX)
    }

    /// When this rung may be afforded again; `None`: now.
    pub(super) fn free_at(&self, now: Instant, rung: Rung, budget: u32) -> Option<Instant> {
        let limit = match rung {
            Rung::Reset | Rung::Power => usize::try_from(budget).unwrap_or(usize::MAX),
            Rung::Reboot => 1,
            Rung::Renew | Rung::Reconnect | Rung::Reregister => return None,
        };
        let mut acts: Vec<Instant> = if rung == Rung::Reboot {
            self.recent(now, |rung| rung == Rung::Reboot).listed()
        } else {
            self.recent(now, |rung| matches!(rung, Rung::Reset | Rung::Power)).listed()
        };
        acts.sort_unstable();
        if acts.len() < limit {
            return None;
        }
        // With a budget of nothing a day later is not free either; nobody asks then.
        Some(acts.get(acts.len() - limit).copied().unwrap_or(now) + DAY)
    }

    pub(super) fn cured(&mut self, fault: Fault, rung: Rung) {
        self.failures.retain(|failure| *failure != (fault, rung));
        self.cures.retain(|(cured, _)| *cured != fault);
        self.cures.push((fault, rung));
    }

    pub(super) fn failed(&mut self, fault: Fault, rung: Rung) {
        self.cures.retain(|cure| *cure != (fault, rung));
        if !self.has_failed(fault, rung) {
            self.failures.push((fault, rung));
        }
    }

    pub(super) fn has_failed(&self, fault: Fault, rung: Rung) -> bool {
        self.failures.contains(&(fault, rung))
    }

    /// What cured this fault last.
    pub fn cure(&self, fault: Fault) -> Option<Rung> {
        self.cures.iter().find(|(cured, _)| *cured == fault).map(|(_, rung)| *rung)
    }

    /// What cured anything last.
    pub fn last_cure(&self) -> Option<Rung> {
        self.cures.last().map(|(_, rung)| *rung)
    }

    /// For a file: ages in seconds, nothing that depends on a clock.
    pub fn save(&self, now: Instant) -> Value {
        let acts: Vec<Value> =
            self.acts.iter().map(|(at, rung)| json!([rung.as_str(), age(now, *at)])).listed();
        let pairs = |pairs: &[(Fault, Rung)]| -> Vec<Value> {
            pairs.iter().map(|(fault, rung)| json!([fault.as_str(), rung.as_str()])).listed()
        };
        json!({
            "acts": acts,
            "cures": pairs(&self.cures),
            "failures": pairs(&self.failures),
            "sim": self.sim_ready,
        })
    }

    /// From a file; `elapsed` is what is known to have passed since it was written.
    pub fn restore(now: Instant, saved: &Value, elapsed: Duration) -> Ledger {
        let act =
            |item: &Value| Some((ago(now, item.get(1)?, elapsed)?, Rung::parse(item.get(0)?.as_str()?)?));
        let pair = |item: &Value| {
            Some((Fault::parse(item.get(0)?.as_str()?)?, Rung::parse(item.get(1)?.as_str()?)?))
        };
        let mut ledger = Ledger {
            acts: list(saved, "acts").filter_map(act).filter(|(_, rung)| is_heavy(*rung)).listed(),
            sim_ready: saved.get("sim").and_then(Value::as_bool).unwrap_or(false),
            ..Ledger::default()
        };
        ledger.acts.sort_by_key(|(at, _)| *at);
        list(saved, "failures").filter_map(pair).for_each(|(fault, rung)| ledger.failed(fault, rung));
        list(saved, "cures").filter_map(pair).for_each(|(fault, rung)| ledger.cured(fault, rung));
        ledger
    }
}

/// At most [`MOST_ACTS`] items of a list, whatever the file holds.
pub(super) fn list<'a>(saved: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    saved.get(name).and_then(Value::as_array).into_iter().flatten().take(MOST_ACTS)
}

pub(super) fn age(now: Instant, at: Instant) -> u64 {
    now.saturating_duration_since(at).as_secs()
}

/// The moment that many seconds before the file was written. One before the boot is possible;
/// one that the clock cannot express is taken for now.
pub(super) fn ago(now: Instant, seconds: &Value, elapsed: Duration) -> Option<Instant> {
    let before = Duration::from_secs(seconds.as_u64()?).saturating_add(elapsed);
    Some(now.checked_sub(before).unwrap_or(now))
}
