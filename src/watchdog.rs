//! PURE. When to probe, which targets, and what the answers say of the traffic.
//!
//! Contract: [`Watchdog::handle`] takes the time, and with it the packet counters of the network
//! device, as arguments, and answers with actions; [`Watchdog::deadline`] tells when to call it
//! with [`Event::Tick`]. No I/O, no clock. Every [`Action::Probe`] is to be followed by one
//! [`Event::Round`] with its number, at the latest after the time-out; one that never comes is
//! made up for.
//!
//! * A healthy round asks as many targets as have to answer, those that answered last. After a
//!   failed one all are asked, every time-out, so that `failures` of them take `failures`
//!   time-outs from the first packet on.
//! * What is received proves as much as an answer: it postpones a round, and a failed round in
//!   which packets came that nobody asked for does not count. A saturated downlink delays an
//!   echo beyond every time-out, and such a link must not be cut.
//! * On an idle link (nothing sent, nothing received, our own probes apart) with an interval of
//!   half a minute or more every second round is left out: two wake-ups a minute, and a month of
//!   IPv6 echoes stays under 5 MB.
//! * Traffic is looked at twice in an interval, unless that is half a minute or more: packets seen
//!   at one look say only that the link lived at the look before.
//!
//! Why not count lost packets instead of rounds? One packet on a loaded radio link is lost
//! easily; several targets in a row over several time-outs are not.

mod cost;

use std::time::{Duration, Instant};

use self::cost::{LONG, packets};
pub use self::cost::{Settings, bytes_month, wakeups_hour};
use crate::fault::Health;
use crate::few::Listed;
use crate::target::Target;

/// Traffic postpones so many rounds in a row, then one is due all the same: a round trip for
/// the graphs, and a look at the uplink.
const MOST_POSTPONED: u32 = 10;
/// Packets between two looks that nobody behind the router has sent.
const KERNELS_OWN: u64 = 2;
/// Right after the link came up netifd still configures the device; by DHCP and router advertisement
/// that takes longer than by itself.
const SETTLING: Duration = Duration::from_secs(30);
/// Between two looks whether probes can be sent meanwhile, and how long they come so often.
const SETTLING_STEP: Duration = Duration::from_millis(250);
const SETTLING_SOON: Duration = Duration::from_secs(5);
/// A round that did not report so long after its time-out never will.
const OVERDUE: Duration = Duration::from_secs(2);
/// Less received than this part of what is sent, for [`TRICKLE_ROUNDS`] without any answer,
/// is the noise of the Internet on a public address, not our traffic.
const TRICKLE: u64 = 16;
const TRICKLE_ROUNDS: u32 = 20;
/// So many rounds of a stall, then they come at a quarter of the pace.
const PATIENT_ROUNDS: u32 = 100;
/// Rounds that the loss is computed from.
const WINDOW: u32 = 20;

/// What became of one probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Answered(Duration),
    /// Something came back that is no good answer: the link works, the target does not.
    Refused,
    Silent,
    /// Never left this router (no route, no address, its firewall): says nothing of the network.
    Unsent,
}

/// Packets of the network device since it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    pub rx: u64,
    pub tx: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The link is up with these families; again when they change.
    Up {
        v4: bool,
        v6: bool,
    },
    Down,
    /// A round ended, with the outcome for each target that was asked (by index).
    Round {
        round: u32,
        outcomes: Vec<(usize, Outcome)>,
        counters: Counters,
    },
    /// A rung was carried out and the link is up: probe at once.
    Prove,
    /// The deadline passed.
    Tick(Counters),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Ask these targets at once, each for at most `timeout`; any older round is void.
    Probe {
        round: u32,
        targets: Vec<usize>,
        timeout: Duration,
    },
    Health {
        old: Health,
        new: Health,
    },
    /// `failures` rounds after [`Event::Prove`] or [`Event::Up`] failed: this was no cure.
    Unproven,
}

/// Counters at an earlier look, and how many packets each way may be our own since then.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Counters,
    own: u64,
}

#[derive(Debug)]
struct Asking {
    since: Instant,
    begin: Counters,
    targets: Vec<usize>,
    /// From this round's begin to the next one's, if it goes well.
    gap: Duration,
}

/// The watchdog of one link.
#[derive(Debug)]
pub struct Watchdog {
    settings: Settings,
    targets: Vec<Target>,
    /// Indices of the targets, those that answered last first.
    order: Vec<usize>,
    /// Families of the link and when it came up; `None` while it is down.
    up: Option<(bool, bool, Instant)>,
    health: Health,
    since: Instant,
    round: u32,
    asking: Option<Asking>,
    due: Option<Instant>,
    look: Option<Look>,
    failed: u32,
    /// Failed rounds in a row that did not count because something was received.
    held: u32,
    postponed: u32,
    /// The next look is half an interval behind a good round, at the counters only.
    early: bool,
    /// Nobody used the link before the last round.
    quiet: bool,
    /// Rounds since the stall was called so.
    stalled: u32,
    proving: bool,
    /// The last rounds, a bit each, the newest lowest: set where it failed.
    past: u32,
    rounds: u32,
    last: Option<(usize, Duration)>,
}

impl Watchdog {
    pub fn new(now: Instant, settings: Settings, targets: Vec<Target>) -> Watchdog {
        Watchdog {
            order: (0..targets.len()).listed(),
            settings,
            targets,
            up: None,
            health: Health::Off,
            since: now,
            round: 0,
            asking: None,
            due: None,
            look: None,
            failed: 0,
            held: 0,
            postponed: 0,
            early: false,
            quiet: false,
            stalled: 0,
            proving: false,
            past: 0,
            rounds: 0,
            last: None,
        }
    }

    pub fn health(&self) -> Health {
        self.health
    }

    /// When this health began.
    pub fn since(&self) -> Instant {
        self.since
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The last answer: the target's index and the round trip.
    pub fn last_answer(&self) -> Option<(usize, Duration)> {
        self.last
    }

    /// Percent of the last 20 rounds that failed.
    pub fn loss(&self) -> Option<u32> {
        let rounds = self.rounds.min(WINDOW);
        let mask = (1_u32 << rounds).wrapping_sub(1);
        (rounds > 0).then(|| (self.past & mask).count_ones() * 100 / rounds)
    }

    /// Failed rounds in a row that count.
    pub fn failed(&self) -> u32 {
        self.failed
    }

    /// None of the targets can be asked: they are all of a family that the link does not have.
    pub fn is_blind(&self) -> bool {
        self.up.is_some() && self.usable().is_empty()
    }

    /// The first and the last moment at which the next round serves; none where it must be on
    /// time. All has to be well, and rounds far apart; nobody's link has time for about a round.
    pub fn leeway(&self) -> Option<(Instant, Instant)> {
        let due = self.due?;
        let Settings { interval, .. } = self.settings;
        if interval < LONG || self.health != Health::Healthy || self.proving {
            return None;
        }
        let slack = if self.quiet { interval } else { Duration::ZERO };
        Some((due.checked_sub(slack)?, due + slack + interval / 5))
    }

    /// When to call `handle` with `Tick`.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.asking {
            Some(asking) => Some(asking.since + self.settings.timeout + OVERDUE),
            None => self.due,
        }
    }

    pub fn handle(&mut self, now: Instant, event: Event) -> Vec<Action> {
        match event {
            Event::Up { v4, v6 } => self.on_up(now, v4, v6),
            Event::Down => self.on_down(now),
            Event::Round { round, outcomes, counters } => {
                if round != self.round {
                    return Vec::new();
                }
                self.on_round(now, &outcomes, counters)
            }
            Event::Prove => {
                if self.up.is_some() {
                    self.prove(now);
                }
                Vec::new()
            }
            Event::Tick(counters) => self.on_tick(now, counters),
        }
    }

    fn on_up(&mut self, now: Instant, v4: bool, v6: bool) -> Vec<Action> {
        match &mut self.up {
            Some((had4, had6, _)) => {
                let same = (*had4, *had6) == (v4, v6);
                (*had4, *had6) = (v4, v6);
                if !same && self.asking.is_none() {
                    self.early = false;
                    self.due = Some(now);
                }
            }
            None => {
                self.up = Some((v4, v6, now));
                self.look = None;
                self.prove(now);
            }
        }
        Vec::new()
    }

    fn on_down(&mut self, now: Instant) -> Vec<Action> {
        self.up = None;
        self.asking = None;
        self.due = None;
        self.proving = false;
        self.failed = 0;
        self.enter(now, Health::Off)
    }

    /// All targets at once, now: whatever was asked before does not matter any more.
    fn prove(&mut self, now: Instant) {
        self.asking = None;
        self.proving = true;
        self.failed = 0;
        self.held = 0;
        self.due = Some(now);
    }

    fn on_tick(&mut self, now: Instant, counters: Counters) -> Vec<Action> {
        if let Some(asking) = &self.asking {
            if now < asking.since + self.settings.timeout + OVERDUE {
                return Vec::new();
            }
            let lost: Vec<_> = asking.targets.iter().map(|target| (*target, Outcome::Unsent)).listed();
            return self.on_round(now, &lost, counters);
        }
        let first = self.leeway().map(|(first, _)| first).or(self.due);
        if first.is_none_or(|first| now < first) {
            return Vec::new();
        }
        if self.health == Health::Healthy && !self.proving {
            return self.on_pause_over(now, counters);
        }
        self.ask(now, counters, usize::MAX, self.settings.interval)
    }

    /// A healthy link's next round is due.
    fn on_pause_over(&mut self, now: Instant, counters: Counters) -> Vec<Action> {
        let (received, sent) = self.moved(counters);
        let Settings { interval, quorum, .. } = self.settings;
        if received == Some(true) && self.postponed < MOST_POSTPONED {
            self.early = false;
            self.quiet = false;
            self.postponed += 1;
            self.look = Some(Look { at: counters, own: 0 });
            self.due = Some(now + if interval < LONG { interval / 2 } else { interval });
            return Vec::new();
        }
        if std::mem::take(&mut self.early) {
            // Nothing came; that is no reason yet to ask before its time.
            self.due = Some(now + interval.saturating_sub(interval / 2));
            return Vec::new();
        }
        self.postponed = 0;
        let idle = (received, sent) == (Some(false), Some(false));
        let gap = if idle && interval >= LONG { interval * 2 } else { interval };
        self.ask(now, counters, usize::try_from(quorum).unwrap_or(usize::MAX), gap)
    }

    /// Whether packets beyond our own were received and sent since the last look.
    fn moved(&self, counters: Counters) -> (Option<bool>, Option<bool>) {
        let Some(look) = self.look else { return (None, None) };
        // A device that came anew counts from zero again.
        let beyond = |now: u64, then: u64, own: u64| now.checked_sub(then).map(|moved| moved > own);
        let (rx, tx) = (counters.rx, counters.tx);
        // The kernel itself says a word now and then: router solicitations, group memberships.
        let own = look.own.saturating_add(KERNELS_OWN);
        (beyond(rx, look.at.rx, look.own), beyond(tx, look.at.tx, own))
    }

    /// Indices of the targets whose family the link has, in the order of preference.
    fn usable(&self) -> Vec<usize> {
        let Some((v4, v6, _)) = self.up else { return Vec::new() };
        let fits = |index: &usize| match self.targets.get(*index).and_then(Target::is_v6) {
            Some(true) => v6,
            Some(false) => v4,
            None => v4 || v6,
        };
        self.order.iter().copied().filter(fits).listed()
    }

    fn ask(&mut self, now: Instant, counters: Counters, most: usize, gap: Duration) -> Vec<Action> {
        let mut targets = self.usable();
        targets.truncate(most);
        if targets.is_empty() {
            self.due = None;
            self.proving = false;
            return self.enter(now, Health::Off);
        }
        self.round = self.round.wrapping_add(1);
        self.due = None;
        let own = targets.iter().filter_map(|index| self.targets.get(*index)).map(packets).sum();
        self.look = Some(Look { at: counters, own });
        self.asking = Some(Asking { since: now, begin: counters, targets: targets.clone(), gap });
        vec![Action::Probe { round: self.round, targets, timeout: self.settings.timeout }]
    }

    fn on_round(&mut self, now: Instant, outcomes: &[(usize, Outcome)], counters: Counters) -> Vec<Action> {
        let Some(asking) = self.asking.take() else { return Vec::new() };
        self.prefer(outcomes);
        let answers = outcomes.iter().filter_map(|(target, outcome)| match outcome {
            Outcome::Answered(rtt) => Some((*target, *rtt)),
            Outcome::Refused | Outcome::Silent | Outcome::Unsent => None,
        });
        let answered = answers.clone().count();
        self.last = answers.min_by_key(|(_, rtt)| *rtt).or(self.last);
        let wanted = usize::try_from(self.settings.quorum).unwrap_or(usize::MAX);
        let enough = wanted.min(self.usable().len().max(1));
        if answered >= enough {
            self.on_good(now, &asking)
        } else {
            self.on_bad(now, &asking, outcomes, counters)
        }
    }

    /// Those that answered come first next time; the order among them stays.
    fn prefer(&mut self, outcomes: &[(usize, Outcome)]) {
        let rank = |index: &usize| match outcomes.iter().find(|(target, _)| target == index) {
            Some((_, Outcome::Answered(_))) => 0,
            None => 1,
            Some((_, Outcome::Refused | Outcome::Silent | Outcome::Unsent)) => 2,
        };
        self.order.sort_by_key(rank);
    }

    fn on_good(&mut self, now: Instant, asking: &Asking) -> Vec<Action> {
        self.note(false);
        self.failed = 0;
        self.held = 0;
        self.stalled = 0;
        self.proving = false;
        // Where rounds are quick, the counters are looked at in between: a stall that begins just
        // behind traffic is then no longer unseen than one on a quiet link.
        self.early = asking.gap < LONG;
        self.quiet = asking.gap > self.settings.interval;
        let pause = if self.early { asking.gap / 2 } else { asking.gap };
        self.due = Some((asking.since + pause).max(now));
        self.enter(now, Health::Healthy)
    }

    fn on_bad(
        &mut self,
        now: Instant,
        asking: &Asking,
        outcomes: &[(usize, Outcome)],
        counters: Counters,
    ) -> Vec<Action> {
        let unsent = outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Unsent);
        let age = self.up.map_or(SETTLING, |(_, _, up)| now.saturating_duration_since(up));
        if unsent && self.proving && age < SETTLING {
            let step = if age < SETTLING_SOON { SETTLING_STEP } else { SETTLING_STEP * 4 };
            self.due = Some(now + step);
            return Vec::new();
        }
        self.note(true);
        if self.is_held(asking, outcomes, counters) {
            self.held = self.held.saturating_add(1);
        } else {
            self.failed = self.failed.saturating_add(1);
        }
        let over = self.failed >= self.settings.failures;
        let mut actions = match self.health {
            Health::Stalled => Vec::new(),
            _ if over => self.enter(now, Health::Stalled),
            Health::Off | Health::Healthy | Health::Suspect => self.enter(now, Health::Suspect),
        };
        if over && self.proving {
            self.proving = false;
            actions.push(Action::Unproven);
        }
        self.due = Some((asking.since + self.pause()).max(now));
        actions
    }

    /// From the begin of a failed round to the next one.
    fn pause(&mut self) -> Duration {
        let Settings { interval, timeout, .. } = self.settings;
        if self.health != Health::Stalled || self.proving {
            self.stalled = 0;
            return timeout;
        }
        self.stalled = self.stalled.saturating_add(1);
        let slowest = if self.stalled > PATIENT_ROUNDS { interval.saturating_mul(4) } else { interval };
        timeout.saturating_mul(1 << self.stalled.min(16)).min(slowest).max(timeout)
    }

    /// Something beyond answers to us was received while this round failed.
    fn is_held(&self, asking: &Asking, outcomes: &[(usize, Outcome)], counters: Counters) -> bool {
        let came = |(target, outcome): &(usize, Outcome)| match outcome {
            Outcome::Answered(_) | Outcome::Refused => self.targets.get(*target).map(packets),
            Outcome::Silent | Outcome::Unsent => None,
        };
        let own: u64 = outcomes.iter().filter_map(came).sum();
        let received = counters.rx.saturating_sub(asking.begin.rx).saturating_sub(own);
        let sent = counters.tx.saturating_sub(asking.begin.tx);
        let trickle = received.saturating_mul(TRICKLE) < sent;
        received > 0 && !(trickle && self.held >= TRICKLE_ROUNDS)
    }

    fn note(&mut self, failed: bool) {
        self.past = self.past << 1 | u32::from(failed);
        self.rounds = self.rounds.saturating_add(1);
    }

    fn enter(&mut self, now: Instant, new: Health) -> Vec<Action> {
        if self.health == new {
            return Vec::new();
        }
        let old = std::mem::replace(&mut self.health, new);
        self.since = now;
        vec![Action::Health { old, new }]
    }
}

#[cfg(test)]
mod tests;
