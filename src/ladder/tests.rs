//! Troubles over time, told to the ladder.

use super::*;

mod days;
mod pairs;
mod restart;

const DAY: Duration = Duration::from_secs(86_400);
const SECOND: Duration = Duration::from_secs(1);
const ALL: [Rung; 4] = [Rung::Reconnect, Rung::Reregister, Rung::Reset, Rung::Power];

/// A ladder with its modem's ledger and a clock.
struct Bed {
    ladder: Ladder,
    ledger: Ledger,
    begin: Instant,
    now: Instant,
}

fn limits(rungs: &[Rung]) -> Limits {
    Limits { rungs: rungs.to_vec(), budget: 6, jitter: 0 }
}

fn sight(fault: Fault) -> Sight {
    Sight { fault, flows: false, others_healthy: false, shared: false }
}

impl Bed {
    fn new(rungs: &[Rung]) -> Bed {
        let now = Instant::now();
        Bed { ladder: Ladder::new(limits(rungs)), ledger: Ledger::new(), begin: now, now }
    }

    fn at(&self) -> u64 {
        self.now.duration_since(self.begin).as_secs()
    }

    fn pass(&mut self, seconds: u64) -> Step {
        self.now += SECOND * u32::try_from(seconds).expect("a short time");
        self.tell(Event::Tick)
    }

    fn tell(&mut self, event: Event) -> Step {
        let step = self.ladder.handle(self.now, event, &mut self.ledger);
        if let Step::Wait { until, .. } = &step {
            assert!(*until > self.now, "a wait that is over: {step:?}");
            assert_eq!(self.ladder.deadline(), Some(*until));
        }
        step
    }

    fn wrong(&mut self, fault: Fault) -> Step {
        self.tell(Event::Wrong(sight(fault)))
    }

    /// The rung is carried out at once, and probes show that it was no cure.
    fn in_vain(&mut self, rung: Rung) -> Step {
        self.tell(Event::Done(rung, Carried::Out));
        let step = self.tell(Event::Unproven);
        if is_heavy(rung) { self.pass(quiet(rung).as_secs()) } else { step }
    }

    /// Nothing changes until the ladder moves again.
    fn wait(&mut self, step: Step) -> Step {
        let Step::Wait { until, .. } = step else { panic!("no wait: {step:?}") };
        self.now = until;
        self.tell(Event::Tick)
    }

    /// The same, and it is known to be so.
    fn still(&mut self, step: Step, fault: Fault) -> Step {
        let Step::Wait { until, .. } = step else { panic!("no wait: {step:?}") };
        self.now = until;
        self.wrong(fault)
    }

    /// This rung was in vain, and the stall goes on until the next one is due.
    fn up_from(&mut self, rung: Rung) -> Step {
        let step = self.in_vain(rung);
        if matches!(step, Step::Wait { .. }) { self.still(step, Fault::NoTraffic) } else { step }
    }

    /// The fault lasts for so long; every rung is carried out and cures nothing. What was tried,
    /// when and why.
    fn endure(&mut self, fault: Fault, seconds: u64) -> Vec<(u64, Rung, String)> {
        let mut acts = Vec::new();
        let end = self.now + SECOND * u32::try_from(seconds).expect("a short time");
        let mut step = self.wrong(fault);
        while self.now < end {
            if let Step::Try { rung, why } = step {
                acts.push((self.at(), rung, why));
                step = self.in_vain(rung);
                continue;
            }
            let idle = self.now + 60 * SECOND;
            self.now = self.ladder.deadline().unwrap_or(idle).min(end);
            step = self.wrong(fault);
        }
        acts
    }

    /// Traffic for so long.
    fn good(&mut self, seconds: u64) {
        self.tell(Event::Healthy);
        self.pass(seconds);
    }
}

#[track_caller]
fn tried(step: &Step) -> Rung {
    match step {
        Step::Try { rung, .. } => *rung,
        other => panic!("no rung was tried: {other:?}"),
    }
}

#[track_caller]
fn waits(step: &Step) -> &str {
    match step {
        Step::Wait { why, .. } => why,
        other => panic!("no wait: {other:?}"),
    }
}

#[track_caller]
fn nothing(step: &Step) -> &str {
    match step {
        Step::Nothing { why } => why,
        other => panic!("not nothing: {other:?}"),
    }
}

fn rungs(acts: &[(u64, Rung, String)]) -> Vec<Rung> {
    acts.iter().map(|(_, rung, _)| *rung).collect()
}

#[test]
fn a_stall_is_answered_at_once_and_climbs_when_nothing_helps() {
    let mut bed = Bed::new(&ALL);
    let step = bed.wrong(Fault::NoTraffic);
    assert_eq!(
        step,
        Step::Try {
            rung: Rung::Reconnect,
            why: "connected, but no packet comes back; the mildest that can help".into()
        }
    );
    let step = bed.in_vain(Rung::Reconnect);
    assert_eq!(
        waits(&step),
        "connected, but no packet comes back; reregister only once that has lasted 20 s"
    );
    assert_eq!((tried(&bed.still(step, Fault::NoTraffic)), bed.at()), (Rung::Reregister, 20));
    let step = bed.in_vain(Rung::Reregister);
    assert_eq!(waits(&step), "connected, but no packet comes back; reset only once that has lasted 120 s");
    assert_eq!((tried(&bed.still(step, Fault::NoTraffic)), bed.at()), (Rung::Reset, 120));
    let step = bed.up_from(Rung::Reset);
    assert_eq!(bed.at(), 600);
    assert_eq!(
        step,
        Step::Try {
            rung: Rung::Power,
            why: "connected, but no packet comes back; reconnect, reregister, reset did not help".into()
        }
    );
    assert!(waits(&bed.in_vain(Rung::Power)).starts_with("every rung was tried"));
}

#[test]
fn a_network_that_just_came_back_is_not_met_by_a_reset() {
    let mut bed = Bed::new(&ALL);
    let reset_is_due = |bed: &mut Bed| {
        bed.wrong(Fault::NoTraffic);
        bed.up_from(Rung::Reconnect);
        let step = bed.in_vain(Rung::Reregister);
        let step = bed.wait(step);
        assert_eq!((waits(&step), bed.at()), ("probes look once more before reset", 120));
        assert!(bed.ladder.wants_probe());
        step
    };
    reset_is_due(&mut bed);
    nothing(&bed.tell(Event::Healthy));
    assert!(!bed.ladder.wants_probe());
    // The look shows that it is still wrong, or nothing at all.
    let mut bed = Bed::new(&ALL);
    reset_is_due(&mut bed);
    bed.now += SECOND;
    assert_eq!(tried(&bed.tell(Event::Unproven)), Rung::Reset);
    let mut bed = Bed::new(&ALL);
    let step = reset_is_due(&mut bed);
    assert_eq!((tried(&bed.wait(step)), bed.at()), (Rung::Reset, 135));
}

#[test]
fn a_rung_at_work_is_not_disturbed_and_one_that_never_ends_is_given_up() {
    let mut bed = Bed::new(&ALL);
    bed.wrong(Fault::NoTraffic);
    assert_eq!(bed.ladder.at_work(), Some(Rung::Reconnect));
    assert_eq!(waits(&bed.wrong(Fault::NoBearer)), "reconnect is at work");
    assert_eq!(waits(&bed.tell(Event::Unproven)), "reconnect is at work");
    assert_eq!(waits(&bed.wrong(Fault::NoTraffic)), "reconnect is at work");
    assert_eq!(tried(&bed.pass(180)), Rung::Reregister);
}

#[test]
fn a_modem_that_was_reset_has_time_to_come_back() {
    let mut bed = Bed::new(&[Rung::Reset, Rung::Power]);
    assert_eq!(tried(&bed.wrong(Fault::ModemDeaf)), Rung::Reset);
    bed.tell(Event::Done(Rung::Reset, Carried::Out));
    for _ in 0..89 {
        bed.pass(1);
        waits(&bed.wrong(Fault::ModemGone));
    }
    waits(&bed.tell(Event::Unproven));
    bed.pass(1);
    assert_eq!(tried(&bed.wrong(Fault::ModemDeaf)), Rung::Power);
}

#[test]
fn links_over_one_modem_share_its_budget_and_its_quiet() {
    let mut bed = Bed::new(&[Rung::Reset]);
    let mut other = Ladder::new(limits(&[Rung::Reset]));
    bed.wrong(Fault::ModemDeaf);
    bed.tell(Event::Done(Rung::Reset, Carried::Out));
    let step = other.handle(bed.now, Event::Wrong(sight(Fault::ModemDeaf)), &mut bed.ledger);
    assert_eq!(waits(&step), "reset took the modem away; it is given time to come back");
    bed.now += 90 * SECOND;
    let step = other.handle(bed.now, Event::Tick, &mut bed.ledger);
    assert_eq!(tried(&step), Rung::Reset);
    assert_eq!(bed.ledger.used(bed.now), 2);
    assert_eq!(bed.ledger.used(bed.now + DAY), 0);
}

#[test]
fn a_cure_is_remembered_only_after_five_good_minutes() {
    let mut bed = Bed::new(&ALL);
    bed.wrong(Fault::NoTraffic);
    bed.up_from(Rung::Reconnect);
    bed.tell(Event::Done(Rung::Reregister, Carried::Out));
    bed.good(299);
    assert_eq!(bed.ladder.cured_by(), Some(Rung::Reregister));
    assert_eq!(bed.ledger.last_cure(), None);
    bed.pass(1);
    assert_eq!(bed.ledger.cure(Fault::NoTraffic), Some(Rung::Reregister));
    assert_eq!(bed.ladder.cured_by(), None);
    assert_eq!(bed.ladder.deadline(), None);

    let step = bed.wrong(Fault::NoTraffic);
    assert_eq!(tried(&step), Rung::Reregister);
    let Step::Try { why, .. } = step else { panic!() };
    assert!(why.ends_with("it cured this modem of that the last time"), "{why}");
    assert_eq!(tried(&bed.in_vain(Rung::Reregister)), Rung::Reconnect);
    assert_eq!(bed.ledger.cure(Fault::NoTraffic), None);
}

#[test]
fn a_link_that_lives_a_minute_was_not_cured_and_climbs() {
    let mut bed = Bed::new(&ALL);
    bed.wrong(Fault::NoTraffic);
    bed.tell(Event::Done(Rung::Reconnect, Carried::Out));
    bed.good(60);
    assert_eq!(tried(&bed.wrong(Fault::NoTraffic)), Rung::Reregister);
    assert_eq!(bed.ledger.last_cure(), None);
}

#[test]
fn traffic_that_comes_back_long_after_a_rung_is_not_its_work() {
    let mut bed = Bed::new(&[Rung::Reconnect]);
    bed.wrong(Fault::NoTraffic);
    bed.in_vain(Rung::Reconnect);
    bed.good(301);
    assert_eq!(bed.ledger.last_cure(), None);
    bed.wrong(Fault::NoTraffic);
    bed.tell(Event::Done(Rung::Reconnect, Carried::Out));
    bed.pass(60);
    bed.pass(250);
    bed.good(301);
    assert_eq!(bed.ledger.last_cure(), None);
}

#[test]
fn a_modem_that_left_and_came_back_was_cured_by_what_sends_it_away_and_by_nothing_milder() {
    for (rung, cure) in [(Rung::Reconnect, None), (Rung::Reset, Some(Rung::Reset))] {
        let mut bed = Bed::new(&[rung]);
        bed.wrong(Fault::NoTraffic);
        bed.now += 130 * SECOND;
        bed.wrong(Fault::NoTraffic);
        bed.tell(Event::Done(rung, Carried::Out));
        bed.wrong(Fault::ModemGone);
        bed.good(301);
        assert_eq!(bed.ledger.last_cure(), cure);
    }
}

#[test]
fn a_hung_modem_that_only_power_cured_gets_it_sooner_the_next_time() {
    let mut bed = Bed::new(&ALL);
    assert_eq!(tried(&bed.wrong(Fault::ModemDeaf)), Rung::Reset);
    let refused = Carried::Failed("the AT port does not answer".into());
    waits(&bed.tell(Event::Done(Rung::Reset, refused)));
    assert_eq!(tried(&bed.pass(30)), Rung::Power);
    bed.tell(Event::Done(Rung::Power, Carried::Out));
    bed.pass(20);
    bed.good(300);
    assert_eq!(tried(&bed.wrong(Fault::ModemDeaf)), Rung::Power);
    assert_eq!(bed.ladder.view(bed.now, &bed.ledger).remembered, Some(Rung::Power));
}

#[test]
fn a_heavy_cure_does_not_pass_over_what_was_never_tried() {
    let mut bed = Bed::new(&ALL);
    bed.ledger.cured(Fault::NoTraffic, Rung::Power);
    assert_eq!(tried(&bed.wrong(Fault::NoTraffic)), Rung::Reconnect);
    // One milder rung was in vain: the remembered one comes before the others.
    assert_eq!(tried(&bed.in_vain(Rung::Reconnect)), Rung::Power);

    let mut bed = Bed::new(&ALL);
    for milder in [Rung::Reconnect, Rung::Reregister, Rung::Reset] {
        bed.ledger.failed(Fault::NoTraffic, milder);
    }
    bed.ledger.cured(Fault::NoTraffic, Rung::Power);
    assert_eq!(tried(&bed.wrong(Fault::NoTraffic)), Rung::Power);
}

#[test]
fn a_remembered_reset_still_waits_for_a_cell_to_come_back() {
    let mut bed = Bed::new(&ALL);
    bed.ledger.failed(Fault::NotRegistered, Rung::Reregister);
    bed.ledger.cured(Fault::NotRegistered, Rung::Reset);
    let acts = bed.endure(Fault::NotRegistered, 1000);
    let acts: Vec<(u64, Rung)> = acts.iter().map(|(at, rung, _)| (*at, *rung)).collect();
    assert_eq!(acts, [(180, Rung::Reregister), (900, Rung::Reset)]);
}

#[test]
fn a_rung_that_cannot_be_carried_out_costs_nothing_and_is_told() {
    let mut bed = Bed::new(&[Rung::Power, Rung::Reset]);
    assert_eq!(tried(&bed.wrong(Fault::ModemDeaf)), Rung::Power);
    assert_eq!(bed.ledger.used(bed.now), 1);
    let unable = Carried::Unable("this board has no way to cut the power".into());
    assert_eq!(tried(&bed.tell(Event::Done(Rung::Power, unable))), Rung::Reset);
    assert_eq!(bed.ledger.used(bed.now), 1);
    let view = bed.ladder.view(bed.now, &bed.ledger);
    assert!(view.rungs.contains(&(
        Rung::Power,
        Standing::Unfit,
        "this board has no way to cut the power".into()
    )));
    bed.in_vain(Rung::Reset);
    assert!(!rungs(&bed.endure(Fault::ModemDeaf, 3600)).contains(&Rung::Power));
}

#[test]
fn a_deaf_modem_over_which_traffic_flows_is_left_alone() {
    let mut bed = Bed::new(&ALL);
    let deaf = Sight { flows: true, ..sight(Fault::ModemDeaf) };
    assert_eq!(nothing(&bed.tell(Event::Wrong(deaf))), "traffic flows, and this would cut it");
    assert_eq!(tried(&bed.wrong(Fault::ModemDeaf)), Rung::Reset);
}

#[test]
fn a_pass_in_vain_leaves_the_heavy_rungs_until_something_changes() {
    let mut bed = Bed::new(&ALL);
    let acts = bed.endure(Fault::NoTraffic, 3600);
    let heavy = acts.iter().filter(|(_, rung, _)| is_heavy(*rung)).count();
    assert_eq!(heavy, 2, "{acts:?}");
    assert!(acts.len() > 6, "{acts:?}");
    assert!(bed.ladder.in_vain());
    bed.tell(Event::Changed);
    assert!(!bed.ladder.in_vain());
    let acts = bed.endure(Fault::NoTraffic, 600);
    assert!(rungs(&acts).contains(&Rung::Reset), "{acts:?}");
}

#[test]
fn the_pauses_between_passes_double_and_differ_from_router_to_router() {
    let starts = |jitter| {
        let mut bed = Bed::new(&[Rung::Power]);
        bed.ladder.configure(Limits { jitter, budget: 100, ..limits(&[Rung::Power]) });
        let acts = bed.endure(Fault::ModemDeaf, 20_000);
        acts.iter().map(|(at, ..)| *at).collect::<Vec<_>>()
    };
    // Each pass: the quiet of 90 s, then the pause.
    assert_eq!(starts(0), [0, 390, 1080, 2370, 4860, 9750, 19_440]);
    assert_eq!(starts(255)[..3], [0, 464, 1304]);
}

#[test]
fn a_reboot_comes_last_late_and_once_a_day() {
    let named = [Rung::Reboot, Rung::Reconnect, Rung::Reset];
    let mut bed = Bed::new(&named);
    let acts = bed.endure(Fault::NoTraffic, 86_000);
    let reboots: Vec<u64> =
        acts.iter().filter(|(_, rung, _)| *rung == Rung::Reboot).map(|(at, ..)| *at).collect();
    assert_eq!(reboots, [1800], "{acts:?}");

    let mut bed = Bed::new(&named);
    let cut = Sight { others_healthy: true, ..sight(Fault::NoTraffic) };
    bed.tell(Event::Wrong(cut));
    let view = bed.ladder.view(bed.now, &bed.ledger);
    assert!(view.rungs.contains(&(
        Rung::Reboot,
        Standing::Unfit,
        "another interface of this router works".into()
    )));

    let mut bed = Bed::new(&ALL);
    assert!(!rungs(&bed.endure(Fault::NoTraffic, 86_000)).contains(&Rung::Reboot));
}

#[test]
fn days_of_a_dead_target_do_not_make_a_stall_an_old_one() {
    let mut bed = Bed::new(&[Rung::Reboot]);
    assert!(bed.endure(Fault::TargetDown, 86_400).is_empty());
    let acts = bed.endure(Fault::NoTraffic, 1000);
    assert!(acts.is_empty(), "{acts:?}");
}

#[test]
fn a_missing_sim_is_worth_a_reset_only_where_there_was_one() {
    let mut bed = Bed::new(&ALL);
    assert!(bed.endure(Fault::Sim, 86_400).is_empty());
    assert_eq!(nothing(&bed.wrong(Fault::Sim)), "a card that a reset does not find is not there");
    let mut bed = Bed::new(&ALL);
    bed.ledger.sim_was_ready();
    let acts = bed.endure(Fault::Sim, 86_400);
    assert_eq!(acts.iter().map(|(at, rung, _)| (*at, *rung)).collect::<Vec<_>>(), [(300, Rung::Reset)]);
}

#[test]
fn what_a_person_did_costs_no_budget_but_is_given_time() {
    let mut bed = Bed::new(&[Rung::Reset]);
    bed.ledger.note(bed.now, Rung::Reset);
    waits(&bed.wrong(Fault::ModemDeaf));
    assert_eq!(bed.ledger.used(bed.now), 0);
    assert_eq!(tried(&bed.pass(90)), Rung::Reset);
}

#[test]
fn the_view_says_how_every_rung_stands_and_what_comes_next() {
    let mut bed = Bed::new(&[Rung::Reconnect, Rung::Reset, Rung::Power]);
    bed.ladder.configure(Limits { budget: 1, ..limits(&[Rung::Reconnect, Rung::Reset, Rung::Power]) });
    bed.wrong(Fault::NoTraffic);
    let step = bed.in_vain(Rung::Reconnect);
    bed.still(step, Fault::NoTraffic);
    bed.in_vain(Rung::Reset);
    let view = bed.ladder.view(bed.now, &bed.ledger);
    let standings: Vec<Standing> = view.rungs.iter().map(|(_, standing, _)| *standing).collect();
    use Standing::{Off, Ready, Spent, Unfit};
    assert_eq!(standings, [Unfit, Ready, Off, Unfit, Unfit, Off], "{view:?}");
    assert_eq!((view.limit, view.used), (1, 1));
    assert!(view.free_in.is_some_and(|free| free <= DAY));
    assert!(waits(&view.next).starts_with("every rung was tried"), "{view:?}");

    let mut bed = Bed::new(&[Rung::Reset, Rung::Power]);
    bed.ladder.configure(Limits { budget: 1, ..limits(&[Rung::Reset, Rung::Power]) });
    bed.wrong(Fault::ModemDeaf);
    bed.in_vain(Rung::Reset);
    let view = bed.ladder.view(bed.now, &bed.ledger);
    let power = view.rungs.iter().find(|(rung, ..)| *rung == Rung::Power).expect("all are listed");
    assert_eq!((power.1, power.2.as_str()), (Spent, "1 of 1 in 24 h; again in 24 h"));
}
