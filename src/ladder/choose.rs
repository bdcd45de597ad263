//! Which rung is next, and the reason in words.
//!
//! Contract: looks, and changes nothing: what `explain` shows is what the next tick does.

use std::time::{Duration, Instant};

use super::{Fit, Ladder, Ledger, Sight, Step, fit, is_heavy};
use crate::fault::{Fault, Rung};
use crate::few::Listed;

/// What there is to do.
pub(super) enum Choice {
    Step(Step),
    Try {
        rung: Rung,
        fault: Fault,
        why: String,
    },
    /// Every rung that can help was tried.
    PassOver {
        fault: Fault,
    },
}

/// No rung at all can help.
pub(super) fn is_hopeless(fault: Fault) -> bool {
    Rung::ALL.iter().all(|rung| matches!(fit(fault, *rung), Fit::Never(_)))
}

/// Whether a pass that cured nothing shows that the fault lies beyond this router. A modem that
/// does not answer is at fault itself, and the budget is limit enough.
pub(super) fn can_be_in_vain(fault: Fault) -> bool {
    !matches!(fault, Fault::ModemDeaf | Fault::ModemGone | Fault::NoDriver)
}

/// A rung that can help, with what the trouble must have lasted.
#[derive(Clone, Copy)]
struct Able {
    rung: Rung,
    after: Duration,
    remembered: bool,
}

impl Ladder {
    pub(super) fn choose(&self, now: Instant, modem: &Ledger) -> Choice {
        let Some(sight) = self.sight else {
            return nothing("all is well");
        };
        if let Some(wait) = self.quiet_step(now, modem) {
            return Choice::Step(wait);
        }
        let order = self.order(sight, modem);
        if order.is_empty() {
            return nothing(self.why_none(sight, modem));
        }
        let is_free = |able: &&Able| self.free_at(now, able.rung, modem).is_none();
        let next = order.iter().filter(|able| !self.was_tried(able.rung)).find(is_free);
        if let Some(until) = self.pause.filter(|pause| now < *pause) {
            let why =
                format!("every rung was tried; the next pass comes after a pause ({} so far)", self.passes);
            return wait(until, next.map(|able| able.rung), why);
        }
        match next {
            Some(able) => self.approach(now, sight, *able),
            None if !self.tried.is_empty() => Choice::PassOver { fault: sight.fault },
            None => {
                let free = order.iter().filter_map(|able| self.free_at(now, able.rung, modem)).min();
                match free.filter(|free| now < *free && self.limits.budget > 0) {
                    Some(until) => {
                        wait(until, order.first().map(|able| able.rung), "the budget is used up".into())
                    }
                    None => nothing("the budget allows no rung that could help"),
                }
            }
        }
    }

    /// A rung is at work, or the modem on its way back from one.
    fn quiet_step(&self, now: Instant, modem: &Ledger) -> Option<Step> {
        let (rung, until, why) = match &self.trial {
            Some(trial) if trial.running => (trial.rung, trial.until, "is at work"),
            Some(trial) => (trial.rung, trial.until, "was carried out; probes show whether it helped"),
            None => {
                let (rung, until) = modem.quiet(now)?;
                (rung, until, "took the modem away; it is given time to come back")
            }
        };
        Some(Step::Wait { until, next: None, why: format!("{rung} {why}") })
    }

    /// The rung is due now, or later.
    fn approach(&self, now: Instant, sight: Sight, able: Able) -> Choice {
        let Able { rung, after, remembered } = able;
        let due = self.begin.unwrap_or(now) + after + after * u32::from(self.limits.jitter) / 256;
        if now < due {
            let why =
                format!("{}; {rung} only once that has lasted {} s", sight.fault.text(), after.as_secs());
            return wait(due, Some(rung), why);
        }
        let tried: Vec<&str> = self.tried.iter().map(|(tried, _)| tried.as_str()).listed();
        let reason = match (remembered, tried.is_empty()) {
            (true, _) => "it cured this modem of that the last time".to_string(),
            (false, true) => "the mildest that can help".to_string(),
            (false, false) => format!("{} did not help", tried.join(", ")),
        };
        let why = format!("{}; {reason}", sight.fault.text());
        Choice::Try { rung, fault: sight.fault, why }
    }

    /// What can help against this, in the order in which it is to be tried.
    fn order(&self, sight: Sight, modem: &Ledger) -> Vec<Able> {
        let configured = std::iter::once(Rung::Renew).chain(self.limits.rungs.iter().copied());
        let mut order: Vec<Able> = Vec::new();
        for rung in configured {
            let known = order.iter().any(|able| able.rung == rung);
            if let (false, Ok(after)) = (known, self.can(sight, rung, modem)) {
                order.push(Able { rung, after, remembered: false });
            }
        }
        // A router that restarts takes everything along: last, wherever it was named.
        order.sort_by_key(|able| able.rung == Rung::Reboot);
        self.promote(&mut order, sight.fault, modem);
        order
    }

    /// What cured this fault the last time goes first, within limits.
    fn promote(&self, order: &mut Vec<Able>, fault: Fault, modem: &Ledger) {
        let Some(cure) = modem.cure(fault).filter(|cure| *cure != Rung::Reboot) else { return };
        // A cell that is lost looks like the fault that the reset cured then, and comes back by itself.
        if is_heavy(cure) && matches!(fault, Fault::NotRegistered | Fault::NoBearer) {
            return;
        }
        let Some(at) = order.iter().position(|able| able.rung == cure) else { return };
        let mut milder = order.iter().filter(|able| able.rung < cure);
        let known_to_fail = milder.clone().all(|able| modem.has_failed(fault, able.rung));
        let milder_was_tried = milder.any(|able| self.was_tried(able.rung));
        if is_heavy(cure) && !known_to_fail && !milder_was_tried {
            return;
        }
        let first = order.iter().map(|able| able.after).min().unwrap_or_default();
        let able = order.remove(at);
        order.insert(0, Able { after: first, remembered: true, ..able });
    }

    /// How long the trouble must have lasted for this rung, or why it is out of the question.
    pub(super) fn can(&self, sight: Sight, rung: Rung, modem: &Ledger) -> Result<Duration, String> {
        let after = match fit(sight.fault, rung) {
            Fit::After(after) => after,
            Fit::Never(why) => return Err(why.to_string()),
        };
        if sight.fault == Fault::Sim && !modem.had_sim() {
            return Err("this modem never had a SIM that worked".to_string());
        }
        if sight.flows && rung != Rung::Renew {
            return Err("traffic flows, and this would cut it".to_string());
        }
        if sight.shared && rung > Rung::Reconnect {
            return Err("another link over this modem works, and this would cut it".to_string());
        }
        if rung == Rung::Reboot && sight.others_healthy {
            return Err("another interface of this router works".to_string());
        }
        if is_heavy(rung) && self.in_vain() {
            return Err("a whole pass was in vain, and nothing has changed since".to_string());
        }
        match self.unable.iter().find(|(unable, _)| *unable == rung) {
            Some((_, why)) => Err(why.clone()),
            None => Ok(after),
        }
    }

    pub(super) fn was_tried(&self, rung: Rung) -> bool {
        self.tried.iter().any(|(tried, _)| *tried == rung)
    }

    pub(super) fn free_at(&self, now: Instant, rung: Rung, modem: &Ledger) -> Option<Instant> {
        modem.free_at(now, rung, self.limits.budget)
    }

    fn why_none(&self, sight: Sight, modem: &Ledger) -> String {
        // The reason of the heaviest configured rung is the one a person asks for.
        let heaviest = self.limits.rungs.iter().copied().filter(|rung| *rung != Rung::Reboot).max();
        match self.can(sight, heaviest.unwrap_or(Rung::Renew), modem) {
            Err(why) => why,
            Ok(_) => "no rung that could help is configured".to_string(),
        }
    }
}

fn nothing(why: impl Into<String>) -> Choice {
    Choice::Step(Step::Nothing { why: why.into() })
}

fn wait(until: Instant, next: Option<Rung>, why: String) -> Choice {
    Choice::Step(Step::Wait { until, next, why })
}
