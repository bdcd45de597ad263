//! One router: the real link, watchdog, diagnosis and ladder over a modem that is a few lines.
//!
//! The daemon's own wiring is asynchronous and cannot run ten thousand times in virtual time;
//! what it does between the policy rooms is done here in its order.

use std::time::{Duration, Instant};

use uwand::cause::Cause;
use uwand::diagnose::{Answer, Facts, diagnose};
use uwand::fault::{Health, Rung};
use uwand::json::json;
use uwand::ladder::{Carried, Event as Rise, Ladder, Ledger, Limits, Sight, Step};
use uwand::link::{Action, Event, Link};
use uwand::target::Target;
use uwand::watchdog::{self, Counters, Outcome, Settings, Watchdog};
use uwand::words::{Addressing, Bearer, Family, ModemState, Registration, Signal, SimState};

use crate::network::Network;

/// What the daemon's connect job waits for a registration.
const SEARCH: Duration = Duration::from_secs(30);
const RTT: Duration = Duration::from_millis(60);
/// A modem without coverage looks for it again every so often, at most.
const LONGEST_SEARCH: u32 = 45_000;

/// What happens to a router. The number tells an event of this job from one of a job before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Boot,
    /// One of the deadlines.
    Tick(u32),
    CellGone,
    CellBack,
    Registered(u32),
    /// The connect job gave up the search.
    Unfound(u32),
    /// The connect job asks the network.
    Asked(u32),
    Connected(u32),
    RungOver(u32),
    RoundOver(u32),
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub reconnects: u32,
    pub reregisters: u32,
    pub resets: u32,
    pub powers: u32,
    pub reboots: u32,
}

pub struct Router {
    base: Instant,
    link: Link,
    dog: Watchdog,
    ladder: Ladder,
    ledger: Ledger,
    seed: u32,
    busy: bool,
    registered: bool,
    search: u32,
    job: u32,
    waiting: bool,
    refusal: Option<Cause>,
    rung: Option<Rung>,
    asked: Option<(u32, Vec<usize>, bool)>,
    outcomes: Vec<(usize, Outcome)>,
    tick: (u32, Option<Duration>),
    watched: bool,
    /// When traffic was proved first after the trouble.
    pub back: Option<Duration>,
    pub counts: Counts,
    later: Vec<(Duration, What)>,
}

impl Router {
    pub fn new(base: Instant, number: u32) -> Router {
        let mut seed = number.wrapping_mul(2_654_435_761).wrapping_add(12_345);
        let jitter = u8::try_from(random(&mut seed, 256)).expect("a byte");
        let mut rungs = vec![Rung::Reconnect, Rung::Reregister, Rung::Reset, Rung::Power];
        if number % 10 == 0 {
            rungs.push(Rung::Reboot);
        }
        // Some have learnt that on their modem only a reset helps.
        let learnt = match number % 20 {
            3 => json!({
                "failures": [["no_traffic", "reconnect"], ["no_traffic", "reregister"]],
                "cures": [["no_traffic", "reset"]],
            }),
            7 => json!({
                "failures": [["not_registered", "reregister"]],
                "cures": [["not_registered", "reset"]],
            }),
            _ => json!({}),
        };
        let targets = ["10.0.0.1", "10.0.0.2", "1.1.1.1"].map(|text| Target::parse(text).expect("a target"));
        Router {
            base,
            link: Link::new(base, jitter),
            dog: Watchdog::new(base, Settings::default(), targets.to_vec()),
            ladder: Ladder::new(Limits { rungs, budget: 6, jitter }),
            ledger: Ledger::restore(base, &learnt, Duration::ZERO),
            busy: random(&mut seed, 2) == 0,
            seed,
            registered: true,
            search: 0,
            job: 0,
            waiting: false,
            refusal: None,
            rung: None,
            asked: None,
            outcomes: Vec::new(),
            tick: (0, None),
            watched: false,
            back: None,
            counts: Counts::default(),
            later: Vec::new(),
        }
    }

    /// Takes what happens; what is to happen because of it.
    pub fn happen(&mut self, at: Duration, what: What, network: &mut Network) -> Vec<(Duration, What)> {
        match what {
            What::Boot => {
                let wanted = Event::Wanted { changed: false, delay: Duration::ZERO };
                self.tell(at, wanted, network);
            }
            What::Tick(number) if number == self.tick.0 => self.on_tick(at, network),
            What::CellGone => {
                self.registered = false;
                self.tell(at, Event::Lost(Cause::NotRegistered(None).into()), network);
            }
            What::CellBack if !self.registered => {
                let found = self.millis(LONGEST_SEARCH);
                self.later.push((at + found, What::Registered(self.search)));
            }
            What::Registered(search) if search == self.search && !self.registered => {
                self.registered = true;
                if self.waiting {
                    self.later.push((at + RTT, What::Asked(self.job)));
                }
                self.rise(at, Rise::Changed, network);
                self.tell(at, Event::Improved, network);
            }
            What::Unfound(job) if job == self.job && self.waiting => {
                self.fail(at, Cause::NotRegistered(None), network);
            }
            What::Asked(job) if job == self.job => self.on_asked(at, network),
            What::Connected(job) if job == self.job => self.on_connected(at, network),
            What::RungOver(job) if job == self.job => self.on_rung_over(at, network),
            What::RoundOver(round) => self.on_round(at, round, network),
            _ => {}
        }
        self.arm(at);
        std::mem::take(&mut self.later)
    }

    fn now(&self, at: Duration) -> Instant {
        self.base + at
    }

    fn millis(&mut self, most: u32) -> Duration {
        Duration::from_millis(random(&mut self.seed, most).into())
    }

    /// The next deadline of the three rooms becomes an event.
    fn arm(&mut self, at: Duration) {
        let next =
            [self.link.deadline(), self.dog.deadline(), self.ladder.deadline()].into_iter().flatten().min();
        let next = next.map(|next| next.saturating_duration_since(self.base).max(at));
        if next != self.tick.1 {
            self.tick = (self.tick.0.wrapping_add(1), next);
            self.later.extend(next.map(|next| (next, What::Tick(self.tick.0))));
        }
    }

    fn on_tick(&mut self, at: Duration, network: &mut Network) {
        self.tick.1 = None;
        let now = self.now(at);
        let due = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if due(self.link.deadline()) {
            self.tell(at, Event::Tick, network);
        }
        if due(self.dog.deadline()) {
            let counters = self.counters(at, network);
            self.watch(at, watchdog::Event::Tick(counters), network);
        }
        if due(self.ladder.deadline()) {
            self.rise(at, Rise::Tick, network);
        }
    }

    /// Half of the routers have traffic all the time.
    fn counters(&self, at: Duration, network: &Network) -> Counters {
        let packets =
            |time: Duration| if self.busy { u64::try_from(time.as_millis()).expect("short") / 20 } else { 0 };
        Counters { rx: packets(network.carried(at)), tx: packets(at) }
    }

    fn tell(&mut self, at: Duration, event: Event, network: &mut Network) {
        for action in self.link.handle(self.now(at), event) {
            match action {
                Action::Connect => self.connect(at),
                Action::Repair(rung) => self.repair(at, rung),
                Action::Disconnect => self.job = self.job.wrapping_add(1),
                Action::LinkUp(_) | Action::LinkDown | Action::Error(_) => {}
            }
        }
        self.follow(at, network);
    }

    /// The watchdog looks while there is a bearer.
    fn follow(&mut self, at: Duration, network: &mut Network) {
        let up = self.link.bearer().is_some();
        if up == self.watched {
            return;
        }
        self.watched = up;
        let event = if up { watchdog::Event::Up { v4: true, v6: false } } else { watchdog::Event::Down };
        self.watch(at, event, network);
    }

    fn connect(&mut self, at: Duration) {
        self.job = self.job.wrapping_add(1);
        self.waiting = !self.registered;
        let next = if self.waiting {
            (at + SEARCH, What::Unfound(self.job))
        } else {
            (at + RTT, What::Asked(self.job))
        };
        self.later.push(next);
    }

    fn on_asked(&mut self, at: Duration, network: &mut Network) {
        self.waiting = false;
        self.refusal = network.ask(at).err();
        let took = Duration::from_millis(300) + self.millis(700);
        self.later.push((at + took, What::Connected(self.job)));
    }

    fn on_connected(&mut self, at: Duration, network: &mut Network) {
        if let Some(cause) = self.refusal.take() {
            return self.fail(at, cause, network);
        }
        let family = Family { addresses: vec![([10, 0, 0, 2].into(), 30)], ..Family::default() };
        let bearer = Bearer { ipv4: Addressing::Static(family), ..Bearer::default() };
        if self.ladder.at_work() == Some(Rung::Reconnect) {
            self.rise(at, Rise::Done(Rung::Reconnect, Carried::Out), network);
        }
        self.tell(at, Event::Connected(bearer.into()), network);
    }

    fn fail(&mut self, at: Duration, cause: Cause, network: &mut Network) {
        self.waiting = false;
        self.tell(at, Event::Failed(cause.into()), network);
        if self.ladder.at_work() == Some(Rung::Reconnect) {
            self.rise(at, Rise::Done(Rung::Reconnect, Carried::Failed("no connection".into())), network);
        }
        self.judge(at, network);
    }

    fn repair(&mut self, at: Duration, rung: Rung) {
        self.job = self.job.wrapping_add(1);
        self.waiting = false;
        self.rung = Some(rung);
        let takes = match rung {
            Rung::Renew | Rung::Reconnect => 300,
            Rung::Reregister => 3_000,
            Rung::Reset => 20_000,
            Rung::Power => 25_000,
            Rung::Reboot => 60_000,
        };
        if rung > Rung::Reconnect {
            self.registered = false;
            self.search = self.search.wrapping_add(1);
        }
        let takes = Duration::from_millis(takes) + self.millis(1_000);
        self.later.push((at + takes, What::RungOver(self.job)));
    }

    fn on_rung_over(&mut self, at: Duration, network: &mut Network) {
        let Some(rung) = self.rung.take() else { return };
        if !self.registered && network.covers(at) {
            let found = Duration::from_secs(2) + self.millis(6_000);
            self.later.push((at + found, What::Registered(self.search)));
        }
        if rung != Rung::Reconnect {
            self.rise(at, Rise::Done(rung, Carried::Out), network);
        }
        self.tell(at, Event::Repaired, network);
    }

    fn watch(&mut self, at: Duration, event: watchdog::Event, network: &mut Network) {
        for action in self.dog.handle(self.now(at), event) {
            match action {
                watchdog::Action::Probe { round, targets, timeout } => {
                    let good = self.registered && network.carries(at);
                    self.asked = Some((round, targets, good));
                    self.later.push((at + if good { RTT } else { timeout }, What::RoundOver(round)));
                }
                watchdog::Action::Health { new, .. } => self.on_health(at, new, network),
                watchdog::Action::Unproven => self.rise(at, Rise::Unproven, network),
            }
        }
    }

    fn on_round(&mut self, at: Duration, number: u32, network: &mut Network) {
        let Some((round, targets, good)) = self.asked.take_if(|(round, ..)| *round == number) else { return };
        let outcome = if good { Outcome::Answered(RTT) } else { Outcome::Silent };
        self.outcomes = targets.into_iter().map(|target| (target, outcome)).collect();
        let counters = self.counters(at, network);
        let event = watchdog::Event::Round { round, outcomes: self.outcomes.clone(), counters };
        self.watch(at, event, network);
    }

    fn on_health(&mut self, at: Duration, health: Health, network: &mut Network) {
        if health != Health::Off {
            self.tell(at, Event::Health(health), network);
        }
        match health {
            Health::Healthy => {
                if at >= network.to {
                    self.back.get_or_insert(at);
                }
                self.rise(at, Rise::Healthy, network);
            }
            Health::Stalled => self.judge(at, network),
            Health::Off | Health::Suspect => {}
        }
    }

    fn judge(&mut self, at: Duration, network: &mut Network) {
        let facts = Facts {
            modem: Some(ModemState::Open),
            sim: Some(SimState::Ready),
            radio_hardware: Some(true),
            radio_software: Some(true),
            registration: Some(if self.registered { Registration::Home } else { Registration::Searching }),
            signal: Signal { rsrp_dbm: self.registered.then_some(-85), ..Signal::default() },
            link: Some(self.link.state()),
            cause: self.link.cause().cloned(),
            v4: true,
            answers: self.answers(),
            in_vain: self.ladder.in_vain(),
            ..Facts::default()
        };
        let Some(found) = diagnose(&facts) else { return };
        let sight = Sight { fault: found.fault, flows: false, others_healthy: false, shared: false };
        self.rise(at, Rise::Wrong(sight), network);
    }

    fn answers(&self) -> Vec<Answer> {
        let answer = |(index, outcome): &(usize, Outcome)| Answer {
            target: self.dog.targets()[*index].clone(),
            outcome: *outcome,
            named: false,
            note: None,
        };
        self.outcomes.iter().map(answer).collect()
    }

    fn rise(&mut self, at: Duration, event: Rise, network: &mut Network) {
        let wanted = self.ladder.wants_probe();
        let step = self.ladder.handle(self.now(at), event, &mut self.ledger);
        if self.ladder.wants_probe() && !wanted {
            self.watch(at, watchdog::Event::Prove, network);
        }
        let Step::Try { rung, .. } = step else { return };
        let count = match rung {
            Rung::Renew | Rung::Reconnect => &mut self.counts.reconnects,
            Rung::Reregister => &mut self.counts.reregisters,
            Rung::Reset => &mut self.counts.resets,
            Rung::Power => &mut self.counts.powers,
            Rung::Reboot => &mut self.counts.reboots,
        };
        *count += u32::from(network.from <= at);
        let cause = self.link.cause().cloned().unwrap_or(Cause::NoTraffic);
        self.tell(at, Event::Repair { rung, cause: cause.into() }, network);
        if self.link.rung().is_none() {
            let unable = Carried::Unable("the link waits for a person".into());
            self.rise(at, Rise::Done(rung, unable), network);
        }
    }

    pub fn is_healthy(&self) -> bool {
        self.dog.health() == Health::Healthy
    }
}

fn random(seed: &mut u32, most: u32) -> u32 {
    *seed = seed.wrapping_add(0x9e37_79b9);
    let mut mixed = *seed;
    mixed = (mixed ^ mixed >> 16).wrapping_mul(0x7feb_352d);
    mixed = (mixed ^ mixed >> 15).wrapping_mul(0x846c_a68b);
    (mixed ^ mixed >> 16) % most
}
