//! PURE. What to try next against a fault: rungs, budgets, back-off, what worked before.
//!
//! Contract: [`Ladder::handle`] takes the time and what happened, and answers with the one
//! [`Step`] that is to be taken now; [`Ladder::deadline`] tells when to call it with
//! [`Event::Tick`]. A [`Step::Try`] is to be answered with [`Event::Done`] when the rung's job
//! ended. No I/O, no clock.
//!
//! * [`fit`] says which rung can cure which fault, and how long the trouble must have lasted.
//! * A rung counts as tried until five good minutes have passed; until then the next trouble
//!   goes on with the next rung, so that a link which flaps climbs.
//! * Resets and power cuts of one modem in 24 hours have a limit: the [`Ledger`] belongs to the
//!   modem and is shared by its links. A reboot: once a day.
//! * After the last rung the ladder begins anew, after a pause that doubles. A pass that cured
//!   nothing was in vain: the heavy rungs are left alone until something changes.
//! * What cured a fault on this modem is tried earlier the next time. A heavy rung comes first
//!   only where the milder ones are known to fail against this fault.
//!
//! Why not a score of every rung by its success? Five outages a year teach nothing; one cure
//! and one failure are what a person would go by, too.

mod choose;
mod ledger;
mod saved;
mod table;
mod view;

use std::time::{Duration, Instant};

use self::choose::Choice;
pub use self::ledger::{Ledger, is_heavy};
pub use self::table::{Fit, fit};
pub use self::view::{Standing, View};
use crate::fault::{Fault, Rung};

/// Good for so long: what was held against the link is forgiven, what cured it is remembered.
const FORGIVEN: Duration = Duration::from_secs(300);
/// The pause after the first pass; doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(4 * 3600);
/// While only mild rungs are left, so that a network that came back is found.
const LONGEST_MILD_PAUSE: Duration = Duration::from_secs(1800);
/// A rung's job that did not end by then never will.
const LONGEST_JOB: Duration = Duration::from_secs(180);
/// A heavy rung that was said to have failed may have reset the modem all the same.
const AFTER_FAILURE: Duration = Duration::from_secs(30);
/// Traffic that comes back so long after a rung, with no other one between, is its work.
const CREDIT: Duration = Duration::from_secs(300);
/// A pass in vain is not held against the heavy rungs for longer than this.
const VAIN: Duration = Duration::from_secs(24 * 3600);
/// Before a heavy rung probes look once more, unless they failed within so long: a network that
/// just came back must not be met by a reset.
const FRESH: Duration = Duration::from_secs(10);
/// How long that look may take.
const LOOK: Duration = Duration::from_secs(15);
/// When something changes, a pause of hours is cut to this.
const AFTER_CHANGE: Duration = Duration::from_secs(60);

/// What the configuration allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The configured rungs in their order, without `Renew`, which is always allowed.
    pub rungs: Vec<Rung>,
    /// Most resets and power cuts in 24 hours.
    pub budget: u32,
    /// Differs from router to router: in 1/256, how much longer it waits before a rung, and in
    /// 1/1024 how much longer after a pass.
    pub jitter: u8,
}

/// What is wrong, and what stands against some rungs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    pub fault: Fault,
    /// Traffic flows all the same, as over a modem whose control channel is deaf.
    pub flows: bool,
    /// Another interface of this router works: a reboot would cut it off.
    pub others_healthy: bool,
    /// Another link over the same modem works: whatever is done to the modem would cut it off.
    pub shared: bool,
}

/// How a rung's job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// It did what it does; whether that helped, a probe will say.
    Out,
    /// It was begun and ended badly; the modem may have been reset all the same.
    Failed(String),
    /// It could not even be begun (no such method here); nothing was spent.
    Unable(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Something is wrong; again whenever the diagnosis was made anew.
    Wrong(Sight),
    /// A probe proved that traffic flows.
    Healthy,
    /// Nobody wants the link any more, or it was configured anew: a clean slate, but for what
    /// the modem's ledger holds.
    Unwanted,
    Done(Rung, Carried),
    /// Enough probes after a rung failed.
    Unproven,
    /// Something is not as it was when the rungs failed: cell, network, SIM, modem.
    Changed,
    /// The deadline passed.
    Tick,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Try {
        rung: Rung,
        why: String,
    },
    /// Until then only probe; `next` is the rung that would come.
    Wait {
        until: Instant,
        next: Option<Rung>,
        why: String,
    },
    /// There is nothing to wait for: all is well, or nothing here can mend it.
    Nothing {
        why: String,
    },
}

/// A rung at work, and the quiet time after it.
#[derive(Debug, Clone)]
struct Trial {
    rung: Rung,
    fault: Fault,
    running: bool,
    until: Instant,
}

/// What may have cured it: a rung, against what, and when.
#[derive(Debug, Clone, Copy)]
struct Credit {
    rung: Rung,
    fault: Fault,
    at: Instant,
}

/// The ladder of one link.
#[derive(Debug)]
pub struct Ladder {
    limits: Limits,
    sight: Option<Sight>,
    /// Of the trouble, which lasts until it is forgiven.
    begin: Option<Instant>,
    good: Option<Instant>,
    trial: Option<Trial>,
    /// In this pass.
    tried: Vec<(Rung, Instant)>,
    /// What cannot be carried out here, and why.
    unable: Vec<(Rung, String)>,
    credit: Option<Credit>,
    cured: Option<Credit>,
    passes: u32,
    pause: Option<Instant>,
    vain: Option<Instant>,
    /// When it was known last that something is wrong.
    seen: Option<Instant>,
    /// Until when probes look once more before a heavy rung.
    look: Option<Instant>,
    wake: Option<Instant>,
}

impl Ladder {
    pub fn new(limits: Limits) -> Ladder {
        Ladder {
            limits,
            sight: None,
            begin: None,
            good: None,
            trial: None,
            tried: Vec::new(),
            unable: Vec::new(),
            credit: None,
            cured: None,
            passes: 0,
            pause: None,
            vain: None,
            seen: None,
            look: None,
            wake: None,
        }
    }

    /// The configuration changed; what was tried stays tried.
    pub fn configure(&mut self, limits: Limits) {
        self.limits = limits;
        self.unable.clear();
    }

    /// When to call `handle` with `Tick`.
    pub fn deadline(&self) -> Option<Instant> {
        self.wake
    }

    /// The rung that is at work or being proved.
    pub fn at_work(&self) -> Option<Rung> {
        self.trial.as_ref().map(|trial| trial.rung)
    }

    /// A heavy rung is due, and probes are to look once more before it: [`Event::Unproven`] or
    /// another [`Event::Wrong`] lets it begin, and so does silence.
    pub fn wants_probe(&self) -> bool {
        self.look.is_some()
    }

    /// The rung after which traffic came back, for the five minutes after it.
    pub fn cured_by(&self) -> Option<Rung> {
        self.cured.map(|credit| credit.rung)
    }

    /// A whole pass cured nothing and nothing has changed since: for the diagnosis.
    pub fn in_vain(&self) -> bool {
        self.vain.is_some()
    }

    pub fn handle(&mut self, now: Instant, event: Event, modem: &mut Ledger) -> Step {
        self.forgive(now, modem);
        match event {
            Event::Wrong(sight) => self.on_wrong(now, sight, modem),
            Event::Healthy => self.on_healthy(now),
            Event::Unwanted => *self = Ladder::new(self.limits.clone()),
            Event::Done(rung, carried) => self.on_done(now, rung, carried, modem),
            Event::Unproven => self.on_unproven(now, modem),
            Event::Changed => self.on_changed(now),
            Event::Tick => {}
        }
        self.settle(now, modem);
        let step = self.next(now, modem);
        self.wake = match &step {
            Step::Wait { until, .. } => Some(*until),
            Step::Try { .. } => self.trial.as_ref().map(|trial| trial.until),
            Step::Nothing { .. } => self.good.filter(|_| self.begin.is_some()).map(|good| good + FORGIVEN),
        };
        step
    }

    fn on_wrong(&mut self, now: Instant, sight: Sight, modem: &mut Ledger) {
        // A link that lived a minute was not cured.
        if let Some(cured) = self.cured.take() {
            modem.failed(cured.fault, cured.rung);
        }
        self.good = None;
        // A modem that left under a rung, or after one, that does not send it away: whatever it
        // comes back as, that was not the rung's work.
        let mild = |credit: Credit| !is_heavy(credit.rung);
        if sight.fault == Fault::ModemGone && self.credit.is_some_and(mild) {
            (self.credit, self.trial) = (None, None);
        }
        // Days of a dead target do not make a stall an old one.
        if self.sight.is_some_and(|before| choose::is_hopeless(before.fault)) {
            self.begin = None;
        }
        self.begin.get_or_insert(now);
        self.seen = Some(now);
        self.sight = Some(sight);
    }

    fn on_healthy(&mut self, now: Instant) {
        (self.sight, self.look) = (None, None);
        if self.begin.is_none() || self.good.is_some() {
            return;
        }
        self.good = Some(now);
        self.trial = None;
        let recent = |credit: &Credit| now.saturating_duration_since(credit.at) < CREDIT;
        self.cured = self.credit.take().filter(recent);
    }

    /// After five good minutes the link starts anew, and its cure is one to remember.
    fn forgive(&mut self, now: Instant, modem: &mut Ledger) {
        if self.good.is_none_or(|good| now < good + FORGIVEN) {
            return;
        }
        if let Some(cured) = self.cured {
            modem.cured(cured.fault, cured.rung);
        }
        *self = Ladder::new(self.limits.clone());
    }

    fn on_done(&mut self, now: Instant, rung: Rung, carried: Carried, modem: &mut Ledger) {
        let Some(trial) = self.trial.as_mut().filter(|trial| trial.rung == rung && trial.running) else {
            return;
        };
        trial.running = false;
        match carried {
            Carried::Out => trial.until = now + quiet(rung),
            Carried::Failed(_) if is_heavy(rung) => trial.until = now + AFTER_FAILURE,
            // What failed is about to be diagnosed anew: a refusal says more than silence did.
            Carried::Failed(_) => trial.until = now + Duration::from_secs(1),
            Carried::Unable(why) => {
                modem.refund(rung);
                if is_heavy(rung) {
                    // A modem without such a method will have none the next time.
                    modem.failed(trial.fault, rung);
                }
                self.tried.retain(|(tried, _)| *tried != rung);
                self.unable.push((rung, why));
                self.credit = None;
                self.trial = None;
                return;
            }
        }
        modem.be_quiet(rung, trial.until);
    }

    /// The link had its chance. A modem that was reset keeps its time: it may still look for
    /// the better network.
    fn on_unproven(&mut self, now: Instant, modem: &mut Ledger) {
        self.seen = self.sight.map(|_| now);
        let over = self.trial.take_if(|trial| !trial.running && !is_heavy(trial.rung));
        if let Some(trial) = over {
            modem.failed(trial.fault, trial.rung);
            self.credit = None;
        }
    }

    fn on_changed(&mut self, now: Instant) {
        self.vain = None;
        let soon = now + self.spread(AFTER_CHANGE);
        self.pause = self.pause.map(|pause| pause.min(soon));
    }

    /// What ended by the mere passing of time.
    fn settle(&mut self, now: Instant, modem: &mut Ledger) {
        if let Some(trial) = self.trial.take_if(|trial| trial.until <= now) {
            modem.failed(trial.fault, trial.rung);
        }
        if self.vain.is_some_and(|since| now >= since + VAIN) {
            self.vain = None;
        }
        if self.pause.is_some_and(|pause| pause <= now) {
            self.pause = None;
        }
    }

    fn next(&mut self, now: Instant, modem: &mut Ledger) -> Step {
        match self.choose(now, modem) {
            Choice::Step(step) => step,
            Choice::Try { rung, fault, .. } if self.looks_first(now, rung, fault) => {
                let until = *self.look.get_or_insert(now + LOOK);
                Step::Wait { until, next: Some(rung), why: format!("probes look once more before {rung}") }
            }
            Choice::Try { rung, fault, why } => {
                self.look = None;
                modem.spend(now, rung);
                self.tried.push((rung, now));
                self.credit = Some(Credit { rung, fault, at: now });
                self.trial = Some(Trial { rung, fault, running: true, until: now + LONGEST_JOB });
                Step::Try { rung, why }
            }
            Choice::PassOver { fault } => {
                self.end_pass(now, fault);
                match self.choose(now, modem) {
                    Choice::Step(step) => step,
                    // Cannot be: a pass that ended leaves a pause.
                    Choice::Try { .. } | Choice::PassOver { .. } => {
                        Step::Nothing { why: "every rung was tried".to_string() }
                    }
                }
            }
        }
    }

    /// Of faults that probes tell, and whose last word is an old one.
    fn looks_first(&self, now: Instant, rung: Rung, fault: Fault) -> bool {
        let fresh = self.seen.is_some_and(|seen| now < seen + FRESH);
        let looked = self.look.is_some_and(|look| look <= now);
        is_heavy(rung) && fault == Fault::NoTraffic && !fresh && !looked
    }

    fn end_pass(&mut self, now: Instant, fault: Fault) {
        self.tried.clear();
        self.credit = None;
        if choose::can_be_in_vain(fault) {
            self.vain.get_or_insert(now);
        }
        let longest = if self.in_vain() { LONGEST_MILD_PAUSE } else { LONGEST_PAUSE };
        let pause = FIRST_PAUSE.saturating_mul(1 << self.passes.min(10)).min(longest);
        self.passes = self.passes.saturating_add(1);
        self.pause = Some(now + self.spread(pause));
    }

    /// Up to a quarter longer, by this router's jitter.
    fn spread(&self, time: Duration) -> Duration {
        time + time * u32::from(self.limits.jitter) / 1024
    }
}

/// How long a rung is given before the next: so long a modem takes to come back, at most.
fn quiet(rung: Rung) -> Duration {
    Duration::from_secs(match rung {
        Rung::Renew => 15,
        Rung::Reconnect => 60,
        Rung::Reregister | Rung::Reset | Rung::Power => 90,
        Rung::Reboot => 300,
    })
}

#[cfg(test)]
mod tests;
