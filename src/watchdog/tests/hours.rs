//! Hours of traffic: what it costs to look, how soon a stall is seen, and what is none.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const FOUR: [&str; 4] = ["10.0.0.1", "10.0.0.2", "1.1.1.1", "2606:4700:4700::1111"];

#[test]
fn an_idle_hour_wakes_twice_a_minute_and_asks_once() {
    let mut bed = Bed::healthy(Settings::default(), &FOUR);
    bed.run(60 * SECOND);
    (bed.wakeups, bed.probes) = (0, Vec::new());
    bed.run(HOUR);
    assert_eq!(bed.wakeups, wakeups_hour(&Settings::default()));
    assert_eq!(bed.probes.len(), 60);
    assert!(bed.probes.iter().all(|(_, targets)| targets.len() == 1));
}

#[test]
fn only_a_round_of_a_healthy_link_with_long_intervals_may_wait() {
    let leeway = |bed: &Bed| {
        let (first, last) = bed.dog.leeway()?;
        Some((first.saturating_duration_since(bed.now), last.saturating_duration_since(bed.now)))
    };
    let mut idle = Bed::healthy(Settings::default(), &FOUR);
    idle.run(120 * SECOND);
    idle.run(idle.dog.deadline().expect("a round") - idle.now + RTT);
    assert_eq!(leeway(&idle), Some((30 * SECOND - RTT, 96 * SECOND - RTT)), "nobody's link");
    idle.traffic = Traffic { rx: 100, tx: 50 };
    idle.run(70 * SECOND);
    let (first, last) = leeway(&idle).expect("a link in use waits a little");
    assert_eq!(last - first, 6 * SECOND);
    idle.traffic = IDLE;
    idle.network = silent;
    idle.run(100 * SECOND);
    assert_eq!((idle.dog.health(), leeway(&idle)), (Health::Stalled, None));
    assert_eq!(leeway(&Bed::healthy(quick(), &FOUR)), None);
}

#[test]
fn an_hour_of_traffic_wakes_as_rarely_and_asks_every_five_minutes() {
    let mut bed = Bed::healthy(Settings::default(), &FOUR);
    bed.traffic = Traffic { rx: 100, tx: 50 };
    bed.run(60 * SECOND);
    (bed.wakeups, bed.probes) = (0, Vec::new());
    bed.run(HOUR);
    assert_eq!(bed.probes.len(), 11, "{:?}", bed.probes);
    assert!(bed.wakeups <= 131, "{}", bed.wakeups);
}

/// The stall begins at every tenth of a second of the interval, with and without traffic.
#[test]
fn a_stall_is_called_so_within_an_interval_and_the_failed_rounds() {
    for (settings, rounds, worst) in [(quick(), 3, 8), (Settings::default(), 9, 69)] {
        let steps = u32::try_from(settings.interval.as_secs()).expect("short") * 20;
        for step in 0..steps {
            for traffic in [IDLE, Traffic { rx: 100, tx: 50 }, Traffic { rx: 0, tx: 1 }] {
                let mut bed = Bed::healthy(settings.clone(), &FOUR);
                bed.traffic = traffic;
                bed.run(100 * SECOND + step * 100 * MS);
                bed.traffic.rx = 0;
                bed.network = silent;
                bed.probes.clear();
                let stall = bed.at();
                bed.run(150 * SECOND);
                let first = bed.probes.first().expect("a probe").0;
                assert!(bed.since_stalled(stall) <= worst * SECOND, "{step}: {:?}", bed.since_stalled(stall));
                assert_eq!(bed.since_stalled(first), rounds * SECOND);
            }
        }
    }
}

#[test]
fn a_saturated_downlink_whose_echoes_are_late_is_never_cut() {
    for settings in [quick(), Settings::default()] {
        let mut bed = Bed::healthy(settings, &FOUR);
        bed.network = silent;
        bed.traffic = Traffic { rx: 2_000, tx: 400 };
        bed.run(2 * HOUR);
        assert!(bed.health.iter().all(|(_, health)| *health != Health::Stalled));
        // A thin stream that gets as much as it sends lives, too.
        bed.traffic = Traffic { rx: 1, tx: 2 };
        bed.run(HOUR);
        assert_eq!(bed.dog.health(), Health::Suspect);
    }
}

#[test]
fn the_noise_of_a_public_address_does_not_hide_a_dead_uplink_forever() {
    let mut bed = Bed::healthy(Settings::default(), &FOUR);
    bed.network = silent;
    bed.traffic = Traffic { rx: 1, tx: 100 };
    let stall = bed.at();
    bed.run(HOUR);
    let seen = bed.since_stalled(stall);
    assert!(seen < 400 * SECOND, "{seen:?}");
}

#[test]
fn a_day_of_a_dead_target_costs_little() {
    let mut bed = Bed::healthy(Settings::default(), &["192.0.2.1"]);
    bed.network = silent;
    bed.run(60 * SECOND);
    bed.probes.clear();
    bed.run(24 * HOUR);
    assert_eq!(bed.dog.health(), Health::Stalled);
    assert!(bed.probes.len() < 850, "{}", bed.probes.len());
    bed.network = answers;
    bed.run(2 * 60 * SECOND);
    assert_eq!(bed.dog.health(), Health::Healthy);
}

#[test]
fn a_day_of_a_link_that_loses_every_tenth_packet_is_no_stall() {
    let mut bed = Bed::healthy(quick(), &FOUR);
    bed.loss = 10;
    bed.run(24 * HOUR);
    let count = |wanted| bed.health.iter().filter(|(_, health)| *health == wanted).count();
    assert!(count(Health::Suspect) > 1000, "{}", count(Health::Suspect));
    assert_eq!(count(Health::Stalled), 0);
}
