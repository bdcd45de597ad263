//! PURE. What to try next against a fault: rungs, budgets, back-off, what worked before.
//!
//! Contract: [`Ladder::handle`] takes the time and what happened, and answers with the one
//! [`Step`] that is to be taken now; [`Ladder::deadline`] tells when to call it with
//! [`Event::Tick`]. A [`Step::Try`] is to be answered with [`Event::Done`] when the rung's job
//! ended. No I/O, no clock.
//!
//! * [`table`] says which rung can cure which fault, and how long the fault must have lasted.
//! * A rung counts as tried until five good minutes have passed; until then the next trouble
//!   goes on with the next rung, so that a link which flaps climbs.
//! * Resets and power cuts of one modem in 24 hours have a limit, whoever asked for them: the
//!   [`Ledger`] belongs to the modem and is shared by its links. A reboot: once a day.
//! * After the last rung the ladder begins anew, after a pause that doubles. A pass that cured
//!   nothing was in vain: the heavy rungs are left alone until something changes.
//! * What cured a fault on this modem is tried earlier the next time. A heavy rung comes first
//!   only where the milder ones are known to fail against this fault.
//!
//! Why not a score of every rung by its success? Five outages a year teach nothing; one cure
//! and one failure are what a person would go by, too.

mod ledger;
mod table;

use std::time::{Duration, Instant};

pub use self::ledger::{Ledger, is_heavy};
pub use self::table::{Fit, fit};
use crate::fault::{Fault, Rung};

/// What the configuration allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The configured rungs in their order, without `Renew`, which is always allowed.
    pub rungs: Vec<Rung>,
    /// Most resets and power cuts in 24 hours.
    pub budget: u32,
    /// Spread of all pauses in 1/256 of a quarter of them: differs from router to router.
    pub jitter: u8,
}

/// What is wrong, and what stands against heavy rungs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    pub fault: Fault,
    /// Traffic flows all the same, as over a modem whose control channel is deaf.
    pub flows: bool,
    /// Another interface of this router works: a reboot would cut it off.
    pub others_healthy: bool,
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
    /// There is nothing to wait for: it is well, or nothing here can mend it.
    Nothing {
        why: String,
    },
}

/// How a rung stands, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Ready,
    Tried,
    /// The budget or the day's limit is used up.
    Spent,
    /// Cannot cure this fault.
    Unfit,
    /// Not configured.
    Off,
}

impl Standing {
    pub const fn as_str(self) -> &'static str {
        match self {
            Standing::Ready => "ready",
            Standing::Tried => "tried",
            Standing::Spent => "spent",
            Standing::Unfit => "unfit",
            Standing::Off => "off",
        }
    }
}

/// Everything that `explain` shows of a ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub rungs: Vec<(Rung, Standing, String)>,
    pub limit: u32,
    pub used: u32,
    /// Until one reset or power cut is free again, where none is.
    pub free_in: Option<Duration>,
    pub next: Step,
    /// What cured this fault last, or any fault while there is none.
    pub remembered: Option<Rung>,
}

/// The ladder of one link.
#[derive(Debug)]
pub struct Ladder {
    limits: Limits,
    sight: Option<Sight>,
    tried: Vec<(Rung, Fault)>,
}

impl Ladder {
    pub fn new(limits: Limits) -> Ladder {
        Ladder { limits, sight: None, tried: Vec::new() }
    }

    /// The configuration changed.
    pub fn configure(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// When to call `handle` with `Tick`.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The rung that is at work or being proved.
    pub fn at_work(&self) -> Option<Rung> {
        None
    }

    /// The rung after which traffic came back, until the next trouble.
    pub fn cured_by(&self) -> Option<Rung> {
        None
    }

    /// A whole pass cured nothing and nothing has changed since: for [`crate::diagnose::Facts`].
    pub fn in_vain(&self) -> bool {
        false
    }

    pub fn handle(&mut self, _now: Instant, event: Event, _modem: &mut Ledger) -> Step {
        match event {
            Event::Wrong(sight) => self.sight = Some(sight),
            Event::Healthy | Event::Unwanted => self.sight = None,
            Event::Done(..) | Event::Unproven | Event::Changed | Event::Tick => {}
        }
        self.step()
    }

    /// Of the skeleton: each fit and configured rung once, without any patience.
    fn step(&mut self) -> Step {
        let Some(sight) = self.sight else {
            self.tried.clear();
            return Step::Nothing { why: "all is well".to_string() };
        };
        let fits = |rung: &Rung| matches!(fit(sight.fault, *rung), Fit::After(_));
        let untried = |rung: &Rung| !self.tried.iter().any(|(tried, _)| tried == rung);
        match self.limits.rungs.iter().copied().find(|rung| fits(rung) && untried(rung) && !is_heavy(*rung)) {
            Some(rung) => {
                self.tried.push((rung, sight.fault));
                Step::Try { rung, why: sight.fault.text().to_string() }
            }
            None => Step::Nothing { why: "no rung is left".to_string() },
        }
    }

    pub fn view(&self, _now: Instant, modem: &Ledger) -> View {
        View {
            rungs: Vec::new(),
            limit: self.limits.budget,
            used: modem.used(_now),
            free_in: None,
            next: Step::Nothing { why: String::new() },
            remembered: None,
        }
    }
}
