//! A link's traffic over time, told to its watchdog.

use super::*;

mod hours;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const RTT: Duration = Duration::from_millis(40);

fn targets(texts: &[&str]) -> Vec<Target> {
    texts.iter().map(|text| Target::parse(text).expect("a target")).collect()
}

fn quick() -> Settings {
    Settings { interval: 5 * SECOND, timeout: SECOND, ..Settings::default() }
}

/// Packets a second beyond our own.
#[derive(Clone, Copy)]
struct Traffic {
    rx: u64,
    tx: u64,
}

const IDLE: Traffic = Traffic { rx: 0, tx: 0 };

/// One watchdog, a clock, and a network that does as it is told.
struct Bed {
    dog: Watchdog,
    begin: Instant,
    now: Instant,
    counters: Counters,
    traffic: Traffic,
    /// What each target does.
    network: fn(usize) -> Outcome,
    /// Percent of the answers that are lost all the same.
    loss: u32,
    seed: u32,
    pending: Option<(Instant, Event)>,
    /// When, and which targets.
    probes: Vec<(Duration, Vec<usize>)>,
    health: Vec<(Duration, Health)>,
    unproven: u32,
    wakeups: u64,
}

fn answers(_: usize) -> Outcome {
    Outcome::Answered(RTT)
}

fn silent(_: usize) -> Outcome {
    Outcome::Silent
}

impl Bed {
    fn new(settings: Settings, texts: &[&str]) -> Bed {
        let now = Instant::now();
        let dog = Watchdog::new(now, settings, targets(texts));
        Bed {
            dog,
            begin: now,
            now,
            counters: Counters { rx: 1_000, tx: 1_000 },
            traffic: IDLE,
            network: answers,
            loss: 0,
            seed: 7,
            pending: None,
            probes: Vec::new(),
            health: Vec::new(),
            unproven: 0,
            wakeups: 0,
        }
    }

    /// Up and proven.
    fn healthy(settings: Settings, texts: &[&str]) -> Bed {
        let mut bed = Bed::new(settings, texts);
        bed.tell(Event::Up { v4: true, v6: true });
        bed.run(SECOND);
        assert_eq!(bed.dog.health(), Health::Healthy);
        bed
    }

    fn at(&self) -> Duration {
        self.now.duration_since(self.begin)
    }

    fn tell(&mut self, event: Event) {
        for action in self.dog.handle(self.now, event) {
            match action {
                Action::Probe { round, targets, timeout } => self.probe(round, targets, timeout),
                Action::Health { new, .. } => self.health.push((self.at(), new)),
                Action::Unproven => self.unproven += 1,
            }
        }
    }

    fn probe(&mut self, round: u32, targets: Vec<usize>, timeout: Duration) {
        self.probes.push((self.at(), targets.clone()));
        let outcomes: Vec<_> = targets.iter().map(|target| (*target, self.ask(*target))).collect();
        let sent = outcomes.iter().filter(|(_, outcome)| *outcome != Outcome::Unsent).count();
        let came = |outcome: &Outcome| matches!(outcome, Outcome::Answered(_) | Outcome::Refused);
        let received = outcomes.iter().filter(|(_, outcome)| came(outcome)).count();
        self.counters.tx += u64::try_from(sent).expect("few");
        self.counters.rx += u64::try_from(received).expect("few");
        let silent = outcomes.iter().any(|(_, outcome)| *outcome == Outcome::Silent);
        let end = self.now + if silent { timeout } else { RTT };
        self.wakeups += u64::try_from(received).expect("few");
        self.pending = Some((end, Event::Round { round, outcomes, counters: Counters::default() }));
    }

    fn ask(&mut self, target: usize) -> Outcome {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if (self.seed >> 16) % 100 < self.loss { Outcome::Silent } else { (self.network)(target) }
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let ended = self.pending.as_ref().map(|(at, _)| *at);
            let next = [ended, self.dog.deadline()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.pass(end);
                return;
            };
            self.pass(next);
            match self.pending.take_if(|(at, _)| *at <= next) {
                Some((_, Event::Round { round, outcomes, .. })) => {
                    self.tell(Event::Round { round, outcomes, counters: self.counters });
                }
                _ => {
                    self.wakeups += 1;
                    self.tell(Event::Tick(self.counters));
                }
            }
        }
    }

    fn pass(&mut self, to: Instant) {
        let passed = u64::try_from(to.saturating_duration_since(self.now).as_millis()).expect("short");
        // Rounded up, so that traffic of one packet a second is seen at every look.
        let packets = |rate: u64| if rate == 0 { 0 } else { (rate * passed).div_ceil(1000) };
        self.counters.rx += packets(self.traffic.rx);
        self.counters.tx += packets(self.traffic.tx);
        self.now = self.now.max(to);
    }

    fn since_stalled(&self, stall: Duration) -> Duration {
        let (at, _) = self.health.iter().find(|(_, health)| *health == Health::Stalled).expect("a stall");
        *at - stall
    }
}

#[test]
fn a_month_of_the_default_options_stays_under_five_megabytes() {
    let default = ["1.1.1.1", "2606:4700:4700::1111"];
    let costs: Vec<u32> = targets(&default).iter().map(Target::cost).collect();
    assert_eq!(bytes_month(&Settings::default(), &costs), 4_492_800);
    assert_eq!(bytes_month(&Settings::default(), &costs[..1]), 2_764_800);
    assert_eq!(wakeups_hour(&Settings::default()), 120);
    assert_eq!(bytes_month(&quick(), &costs[..1]), 33_177_600);
    assert_eq!(wakeups_hour(&quick()), 1440);
}

#[test]
fn a_link_is_healthy_only_once_a_probe_came_back() {
    let mut bed = Bed::new(Settings::default(), &["1.1.1.1", "9.9.9.9"]);
    assert_eq!((bed.dog.health(), bed.dog.deadline()), (Health::Off, None));
    bed.tell(Event::Up { v4: true, v6: false });
    assert_eq!(bed.dog.health(), Health::Off);
    bed.run(SECOND);
    assert_eq!(bed.probes, [(Duration::ZERO, vec![0, 1])]);
    assert_eq!(bed.health, [(RTT, Health::Healthy)]);
    assert_eq!(bed.dog.last_answer(), Some((0, RTT)));
    bed.tell(Event::Down);
    assert_eq!((bed.dog.health(), bed.dog.deadline()), (Health::Off, None));
}

#[test]
fn probes_that_netifd_is_not_ready_for_do_not_count() {
    let mut bed = Bed::new(Settings::default(), &["1.1.1.1"]);
    bed.network = |_| Outcome::Unsent;
    bed.tell(Event::Up { v4: true, v6: true });
    // DHCP takes its time.
    bed.run(28 * SECOND);
    assert_eq!((bed.health.len(), bed.dog.loss()), (0, None));
    assert!((40..50).contains(&bed.probes.len()), "{}", bed.probes.len());
    bed.network = answers;
    bed.run(SECOND);
    assert_eq!(bed.dog.health(), Health::Healthy);
    // Later they do.
    bed.network = |_| Outcome::Unsent;
    bed.run(70 * SECOND);
    assert_eq!(bed.dog.health(), Health::Stalled);
}

#[test]
fn a_healthy_round_asks_one_target_and_a_failed_one_is_followed_by_all() {
    let mut bed = Bed::healthy(quick(), &["1.1.1.1", "9.9.9.9", "8.8.8.8"]);
    bed.probes.clear();
    // The preferred target does not answer any more (a server that answers DNS and limits echoes).
    bed.network = |target| if target == 0 { Outcome::Silent } else { Outcome::Answered(RTT) };
    bed.run(20 * SECOND);
    let asked: Vec<_> = bed.probes.iter().map(|(_, targets)| targets.clone()).collect();
    assert_eq!(asked, [vec![0], vec![1, 2, 0], vec![1], vec![1], vec![1]]);
    let states: Vec<Health> = bed.health.iter().map(|(_, health)| *health).collect();
    assert_eq!(states, [Health::Healthy, Health::Suspect, Health::Healthy]);
}

#[test]
fn one_lost_packet_is_no_stall() {
    let mut bed = Bed::healthy(Settings::default(), &["1.1.1.1"]);
    bed.network = silent;
    bed.run(31 * SECOND);
    bed.network = answers;
    bed.run(4 * SECOND);
    let states: Vec<Health> = bed.health.iter().map(|(_, health)| *health).collect();
    assert_eq!(states, [Health::Healthy, Health::Suspect, Health::Healthy]);
    assert_eq!(bed.dog.loss(), Some(33));
}

#[test]
fn some_answers_of_too_many_wanted_are_a_failed_round() {
    let settings = Settings { quorum: 2, ..quick() };
    let mut bed = Bed::healthy(settings, &["1.1.1.1", "9.9.9.9", "8.8.8.8"]);
    assert_eq!(bed.dog.usable().len(), 3);
    bed.network = |target| if target == 2 { Outcome::Answered(RTT) } else { Outcome::Silent };
    bed.run(10 * SECOND);
    assert_eq!(bed.dog.health(), Health::Stalled);
    bed.network = |target| if target == 1 { Outcome::Silent } else { Outcome::Answered(RTT) };
    bed.run(10 * SECOND);
    assert_eq!(bed.dog.health(), Health::Healthy);
    bed.probes.clear();
    bed.run(6 * SECOND);
    assert_eq!(bed.probes.first().map(|(_, targets)| targets.clone()), Some(vec![2, 0]));
}

#[test]
fn targets_of_a_family_that_is_down_are_not_asked() {
    let mut bed = Bed::new(quick(), &["2606:4700:4700::1111", "1.1.1.1"]);
    bed.tell(Event::Up { v4: true, v6: false });
    bed.run(SECOND);
    assert_eq!(bed.probes, [(Duration::ZERO, vec![1])]);
    assert_eq!(bed.dog.health(), Health::Healthy);
    bed.tell(Event::Up { v4: true, v6: true });
    bed.run(SECOND);
    assert_eq!(bed.probes.len(), 2);
    bed.tell(Event::Up { v4: false, v6: true });
    bed.run(SECOND);
    assert_eq!(bed.probes.last().map(|(_, targets)| targets.clone()), Some(vec![0]));
}

#[test]
fn a_quorum_that_one_family_cannot_reach_is_lowered_to_what_there_is() {
    let settings = Settings { quorum: 2, ..quick() };
    let mut bed = Bed::new(settings, &["2606:4700:4700::1111", "1.1.1.1"]);
    bed.tell(Event::Up { v4: true, v6: false });
    bed.run(SECOND);
    assert_eq!(bed.dog.health(), Health::Healthy);
}

#[test]
fn without_a_target_of_its_family_nobody_looks() {
    let mut bed = Bed::new(quick(), &["2606:4700:4700::1111"]);
    bed.tell(Event::Up { v4: true, v6: false });
    bed.run(60 * SECOND);
    assert!(bed.dog.is_blind());
    assert_eq!((bed.probes.len(), bed.dog.health(), bed.dog.deadline()), (0, Health::Off, None));
    bed.tell(Event::Up { v4: true, v6: true });
    bed.run(SECOND);
    assert_eq!(bed.dog.health(), Health::Healthy);
}

#[test]
fn a_rung_is_proved_by_an_answer_at_once() {
    let mut bed = Bed::healthy(quick(), &["1.1.1.1"]);
    bed.network = silent;
    bed.run(60 * SECOND);
    assert_eq!(bed.dog.health(), Health::Stalled);
    bed.probes.clear();
    bed.unproven = 0;
    let asked = bed.at();
    bed.tell(Event::Prove);
    bed.run(2500 * MS);
    assert_eq!(bed.unproven, 0);
    bed.run(SECOND);
    let at: Vec<Duration> = bed.probes.iter().map(|(at, _)| *at - asked).collect();
    assert_eq!(at[..3], [Duration::ZERO, SECOND, 2 * SECOND]);
    assert_eq!((bed.unproven, bed.dog.health()), (1, Health::Stalled));
    bed.network = answers;
    bed.tell(Event::Prove);
    bed.run(100 * MS);
    assert_eq!((bed.unproven, bed.dog.health()), (1, Health::Healthy));
}

#[test]
fn a_bearer_that_comes_up_dead_is_told_after_as_many_rounds() {
    let mut bed = Bed::new(quick(), &["1.1.1.1"]);
    bed.network = silent;
    bed.tell(Event::Up { v4: true, v6: true });
    bed.run(4 * SECOND);
    assert_eq!(bed.health, [(SECOND, Health::Suspect), (3 * SECOND, Health::Stalled)]);
    assert_eq!(bed.unproven, 1);
}

#[test]
fn a_round_that_never_reports_is_made_up_for() {
    let mut bed = Bed::healthy(quick(), &["1.1.1.1"]);
    bed.network = silent;
    bed.probes.clear();
    for _ in 0..60 {
        bed.run(500 * MS);
        bed.pending = None;
    }
    assert!(bed.probes.len() > 3, "{:?}", bed.probes);
    assert_eq!(bed.dog.health(), Health::Stalled);
}

#[test]
fn an_answer_to_an_older_round_changes_nothing() {
    let mut bed = Bed::healthy(quick(), &["1.1.1.1"]);
    bed.network = silent;
    bed.run(8 * SECOND);
    let (failed, health) = (bed.dog.failed(), bed.dog.health());
    let old = Event::Round { round: 1, outcomes: vec![(0, Outcome::Answered(RTT))], counters: bed.counters };
    bed.tell(old);
    assert_eq!((bed.dog.failed(), bed.dog.health()), (failed, health));
}

#[test]
fn counters_that_begin_anew_are_no_traffic() {
    let mut bed = Bed::healthy(quick(), &["1.1.1.1"]);
    bed.counters = Counters::default();
    bed.probes.clear();
    bed.run(5 * SECOND);
    assert_eq!(bed.probes.len(), 1);
}

#[test]
fn any_order_of_events_is_borne() {
    let mut seed = 7_u32;
    let mut random = |most: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % most
    };
    let mut bed = Bed::new(quick(), &["1.1.1.1", "2606:4700:4700::1111"]);
    for _ in 0..20_000 {
        match random(7) {
            0 => bed.tell(Event::Up { v4: random(2) == 0, v6: random(2) == 0 }),
            1 if random(4) == 0 => bed.tell(Event::Down),
            2 => bed.tell(Event::Prove),
            3 => {
                let outcomes = vec![(usize::try_from(random(9)).expect("few"), Outcome::Refused)];
                bed.tell(Event::Round { round: random(50), outcomes, counters: Counters::default() });
            }
            4 => bed.network = if random(2) == 0 { answers } else { silent },
            5 => bed.traffic = Traffic { rx: random(3).into(), tx: random(3).into() },
            _ => bed.run(MS * random(20_000)),
        }
        let over = bed.dog.deadline().is_some_and(|deadline| deadline + 30 * SECOND < bed.now);
        assert!(!over, "a deadline long past at {:?}", bed.at());
    }
}
