//! What the watchdog may do, and what that costs on a metered link.
//!
//! Contract: the figures are those of an idle, healthy link, computed and not measured.

use std::time::Duration;

use crate::few::Listed;
use crate::target::Target;

/// From this interval on every second round of an idle link is left out.
pub(super) const LONG: Duration = Duration::from_secs(30);
const MONTH: u64 = 30 * 24 * 3600;

/// The options of the watchdog that matter here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub interval: Duration,
    pub timeout: Duration,
    /// Failed rounds before a stall is called so.
    pub failures: u32,
    /// Targets that must answer.
    pub quorum: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Settings { interval: seconds(30), timeout: seconds(3), failures: 3, quorum: 1 }
    }
}

/// The most packets that one probe makes in one direction.
pub(super) fn packets(target: &Target) -> u64 {
    match target {
        Target::Icmp(_) | Target::Dns(_) => 1,
        // A name's query, SYN, acknowledgement, reset, and one again.
        Target::Tcp { .. } => 6,
        Target::Http { .. } => 12,
    }
}

/// Seconds between two rounds of an idle, healthy link.
fn idle_gap(settings: &Settings) -> u64 {
    let gap = if settings.interval >= LONG { settings.interval * 2 } else { settings.interval };
    gap.as_secs().max(1)
}

/// Bytes that the probes of an idle, healthy link cost in 30 days; `costs` are those of a probe
/// of each target ([`Target::cost`]), of which the dearest count.
pub fn bytes_month(settings: &Settings, costs: &[u32]) -> u64 {
    let mut costs: Vec<u64> = costs.iter().copied().map(u64::from).listed();
    costs.sort_unstable_by(|a, b| b.cmp(a));
    let quorum = usize::try_from(settings.quorum).unwrap_or(usize::MAX);
    let round: u64 = costs.iter().take(quorum).sum();
    MONTH / idle_gap(settings) * round
}

/// Times that an idle, healthy link wakes the daemon in an hour: each round to ask, and for
/// each answer.
pub fn wakeups_hour(settings: &Settings) -> u64 {
    3600 / idle_gap(settings) * (1 + u64::from(settings.quorum))
}
