//! Whole days, with every rung configured.

use super::*;

const EVERY: [Rung; 5] = [Rung::Reconnect, Rung::Reregister, Rung::Reset, Rung::Power, Rung::Reboot];
const HOURS_24: u64 = 24 * 3600;

#[track_caller]
fn no_modem_is_touched(fault: Fault, milder: &[Rung]) {
    let mut bed = Bed::new(&EVERY);
    bed.ledger.sim_was_ready();
    let acts = bed.endure(fault, HOURS_24);
    assert!(acts.iter().all(|(_, rung, _)| milder.contains(rung)), "{acts:?}");
    assert_eq!(acts.is_empty(), milder.is_empty(), "{acts:?}");
    assert_eq!(bed.ledger.used(bed.now), 0);
}

#[test]
fn a_day_of_a_dead_target_touches_nothing() {
    no_modem_is_touched(Fault::TargetDown, &[]);
}

#[test]
fn a_day_without_dns_only_reads_the_settings_again() {
    no_modem_is_touched(Fault::DnsOnly, &[Rung::Renew]);
}

#[test]
fn a_day_of_denied_registration_touches_nothing() {
    no_modem_is_touched(Fault::Denied, &[]);
}

#[test]
fn a_link_is_not_mended_at_the_cost_of_another_one_over_its_modem() {
    for fault in [Fault::NoTraffic, Fault::NoBearer, Fault::ModemDeaf] {
        let mut bed = Bed::new(&EVERY);
        let shared = Sight { shared: true, ..sight(fault) };
        while bed.at() < HOURS_24 {
            if let Step::Try { rung, .. } = bed.tell(Event::Wrong(shared)) {
                assert_eq!(rung, Rung::Reconnect, "{fault}");
                bed.tell(Event::Done(rung, Carried::Out));
            }
            bed.pass(60);
        }
    }
}

#[test]
fn a_day_of_carrier_outage_only_dials_now_and_then() {
    no_modem_is_touched(Fault::Outage, &[Rung::Reconnect]);
    let mut bed = Bed::new(&EVERY);
    let acts = bed.endure(Fault::Outage, HOURS_24);
    assert!(acts.len() < 60, "{acts:?}");
}

#[test]
fn a_day_of_what_only_a_person_can_mend_touches_nothing() {
    for fault in [Fault::Pin, Fault::Roaming, Fault::FccLock] {
        no_modem_is_touched(fault, &[]);
    }
}

/// Whatever lasts a day: within the budget, a reboot at most, and a reason each.
#[test]
fn a_day_of_any_fault_stays_within_the_budget() {
    for fault in Fault::ALL {
        let mut bed = Bed::new(&EVERY);
        bed.ledger.sim_was_ready();
        let acts = bed.endure(*fault, HOURS_24);
        let count = |wanted: fn(Rung) -> bool| acts.iter().filter(|(_, rung, _)| wanted(*rung)).count();
        assert!(count(|rung| matches!(rung, Rung::Reset | Rung::Power)) <= 6, "{fault}: {acts:?}");
        assert!(count(|rung| rung == Rung::Reboot) <= 1, "{fault}: {acts:?}");
        assert!(
            acts.iter().all(|(_, _, why)| why.starts_with(fault.text()) && why.len() > fault.text().len())
        );
    }
}

/// Up for a minute, then down: `fault` for two seconds, until it is up again by itself or by a rung.
fn flap(fault: Fault) -> (Bed, Vec<(u64, Rung, String)>) {
    let mut bed = Bed::new(&EVERY);
    let mut acts = Vec::new();
    while bed.at() < HOURS_24 {
        bed.good(60);
        let mut step = bed.wrong(fault);
        for _ in 0..2 {
            if let Step::Try { rung, why } = step {
                acts.push((bed.at(), rung, why));
                bed.pass(if is_heavy(rung) { 25 } else { 1 });
                bed.tell(Event::Done(rung, Carried::Out));
            }
            step = bed.pass(1);
        }
    }
    (bed, acts)
}

#[test]
fn a_day_of_a_flapping_link_climbs_and_stays_within_the_budget() {
    for fault in [Fault::NoTraffic, Fault::NoBearer, Fault::ModemGone] {
        let (_, acts) = flap(fault);
        let heavy: Vec<u64> = acts
            .iter()
            .filter(|(_, rung, _)| matches!(rung, Rung::Reset | Rung::Power))
            .map(|(at, ..)| *at)
            .collect();
        assert!((1..=6).contains(&heavy.len()), "{fault}: {acts:?}");
        assert!(acts.iter().filter(|(_, rung, _)| *rung == Rung::Reboot).count() <= 1, "{fault}: {acts:?}");
        assert!(acts.iter().all(|(_, _, why)| why.contains(';')), "{fault}: {acts:?}");
        assert!(acts.len() < 300, "{fault}: {} acts", acts.len());
    }
    let (_, acts) = flap(Fault::NoTraffic);
    assert_eq!(rungs(&acts)[..4], ALL);
}

#[test]
fn a_flapping_link_that_holds_is_forgiven() {
    let (mut bed, _) = flap(Fault::NoTraffic);
    bed.good(300);
    assert_eq!(tried(&bed.wrong(Fault::NoTraffic)), Rung::Reconnect);
}
