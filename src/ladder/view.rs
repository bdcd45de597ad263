//! How a ladder stands, for people.

use std::time::{Duration, Instant};

use super::choose::Choice;
use super::{Ladder, Ledger, Step};
use crate::fault::Rung;
use crate::few::Listed;
use crate::words;

words! {
    /// How one rung stands.
    pub enum Standing {
        Ready = "ready",
        Tried = "tried",
        /// The budget or the day's limit is used up.
        Spent = "spent",
        /// Cannot cure this fault, or cannot be carried out here.
        Unfit = "unfit",
        /// Not configured.
        Off = "off",
    }
}

/// Everything that `explain` shows of a ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub rungs: Vec<(Rung, Standing, String)>,
    pub limit: u32,
    /// Resets and power cuts of this modem in 24 hours.
    pub used: u32,
    /// Until one of them is free again, where none is.
    pub free_in: Option<Duration>,
    pub next: Step,
    /// What cured this fault last, or any fault while nothing is wrong.
    pub remembered: Option<Rung>,
}

impl Ladder {
    pub fn view(&self, now: Instant, modem: &Ledger) -> View {
        let next = match self.choose(now, modem) {
            Choice::Step(step) => step,
            Choice::Try { rung, why, .. } => Step::Try { rung, why },
            Choice::PassOver { .. } => Step::Nothing { why: "every rung was tried".to_string() },
        };
        let remembered = match self.sight {
            Some(sight) => modem.cure(sight.fault),
            None => modem.last_cure(),
        };
        let free_at = self.free_at(now, Rung::Reset, modem);
        View {
            rungs: Rung::ALL.iter().map(|rung| self.standing(now, *rung, modem)).listed(),
            limit: self.limits.budget,
            used: modem.used(now),
            free_in: free_at.map(|at| at.saturating_duration_since(now)),
            next,
            remembered,
        }
    }

    fn standing(&self, now: Instant, rung: Rung, modem: &Ledger) -> (Rung, Standing, String) {
        let (standing, why) = self.standing_of(now, rung, modem);
        (rung, standing, why)
    }

    fn standing_of(&self, now: Instant, rung: Rung, modem: &Ledger) -> (Standing, String) {
        if rung != Rung::Renew && !self.limits.rungs.contains(&rung) {
            return (Standing::Off, "not named in option watchdog_ladder".to_string());
        }
        if let Some((_, at)) = self.tried.iter().find(|(tried, _)| *tried == rung) {
            return (Standing::Tried, format!("{} s ago", now.saturating_duration_since(*at).as_secs()));
        }
        let can = self.sight.map(|sight| self.can(sight, rung, modem));
        if let Some(Err(why)) = can {
            return (Standing::Unfit, why);
        }
        if let Some(at) = self.free_at(now, rung, modem) {
            let hours = at.saturating_duration_since(now).as_secs().div_ceil(3600);
            let why = match rung {
                Rung::Reboot => format!("once a day; again in {hours} h"),
                _ => format!("{} of {} in 24 h; again in {hours} h", modem.used(now), self.limits.budget),
            };
            return (Standing::Spent, why);
        }
        let why = match can {
            Some(Ok(after)) if after > Duration::ZERO => {
                format!("once the trouble has lasted {} s", after.as_secs())
            }
            _ => String::new(),
        };
        (Standing::Ready, why)
    }
}
