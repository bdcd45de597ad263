//! What is kept over a restart of the daemon or the router, and files that are no such thing.

use super::*;
use crate::json::{Value, json};

#[test]
fn a_restart_keeps_what_was_tried_and_what_was_learnt() {
    let mut bed = Bed::new(&ALL);
    bed.ledger.sim_was_ready();
    bed.ledger.cured(Fault::ModemDeaf, Rung::Power);
    bed.wrong(Fault::NoTraffic);
    for rung in [Rung::Reconnect, Rung::Reregister] {
        bed.up_from(rung);
    }
    assert_eq!(tried(&bed.up_from(Rung::Reset)), Rung::Power);
    bed.tell(Event::Done(Rung::Power, Carried::Out));
    let (ladder, ledger) = (bed.ladder.save(bed.now), bed.ledger.save(bed.now));
    let later = bed.now + 10 * SECOND;
    bed.ladder = Ladder::restore(later, limits(&ALL), &ladder, 10 * SECOND);
    bed.ledger = Ledger::restore(later, &ledger, 10 * SECOND);
    bed.now = later;
    assert_eq!(
        bed.ledger.save(later),
        Ledger::restore(later, &bed.ledger.save(later), Duration::ZERO).save(later)
    );
    assert_eq!(bed.ledger.used(later), 2);
    assert_eq!(bed.ledger.cure(Fault::ModemDeaf), Some(Rung::Power));
    assert!(bed.ledger.had_sim());
    waits(&bed.wrong(Fault::NoTraffic));
    assert_eq!(bed.ladder.at_work(), Some(Rung::Power));
    bed.good(300);
    assert_eq!(bed.ledger.cure(Fault::NoTraffic), Some(Rung::Power));
    assert_eq!(bed.ladder.save(bed.now), Value::Null);
}

#[test]
fn the_reboot_that_cured_is_known_after_it() {
    let mut bed = Bed::new(&[Rung::Reboot]);
    let acts = bed.endure(Fault::ModemGone, 1799);
    assert!(acts.is_empty());
    assert_eq!(tried(&bed.pass(1)), Rung::Reboot);
    let (ladder, ledger) = (bed.ladder.save(bed.now), bed.ledger.save(bed.now));
    bed.ladder = Ladder::restore(bed.now, limits(&[Rung::Reboot]), &ladder, Duration::ZERO);
    bed.ledger = Ledger::restore(bed.now, &ledger, Duration::ZERO);
    bed.pass(40);
    waits(&bed.wrong(Fault::NotRegistered));
    bed.tell(Event::Healthy);
    assert_eq!(bed.ladder.cured_by(), Some(Rung::Reboot));
    bed.pass(300);
    // Not before a day has passed.
    assert!(bed.endure(Fault::ModemGone, 80_000).is_empty());
}

#[test]
fn any_file_can_be_read_back() {
    let now = Bed::new(&ALL).now;
    for saved in [
        json!(null),
        json!([1, 2]),
        json!({ "acts": 7, "cures": [[1, 2], ["no_traffic"], ["x", "y"]], "failures": {} }),
        json!({ "acts": [["reset", u64::MAX], ["reset", -1], ["reset", "x"], ["renew", 1], ["power", 5]] }),
        json!({ "begin": u64::MAX, "tried": [["reset"]], "passes": u64::MAX, "pause": u64::MAX, "vain": "x" }),
        json!({ "begin": 0, "credit": { "rung": "power", "fault": "?", "ago": 1 } }),
    ] {
        let mut ledger = Ledger::restore(now, &saved, Duration::MAX);
        let mut ladder = Ladder::restore(now, limits(&ALL), &saved, Duration::ZERO);
        ladder.handle(now, Event::Wrong(sight(Fault::NoTraffic)), &mut ledger);
        assert!(ledger.used(now) <= 3);
    }
    let flood: Vec<Value> = (0..100_000).map(|_| json!(["reset", 1])).collect();
    assert_eq!(Ledger::restore(now, &json!({ "acts": flood }), Duration::ZERO).used(now), 128);
}

/// A modem that answers nothing has no port for a reset by AT either, more often than not.
#[test]
fn what_a_modem_has_no_method_for_does_not_hold_its_cure_up_the_next_time() {
    let mut bed = Bed::new(&ALL);
    assert_eq!(tried(&bed.wrong(Fault::ModemDeaf)), Rung::Reset);
    let unable = Carried::Unable("no port takes AT commands".into());
    assert_eq!(tried(&bed.tell(Event::Done(Rung::Reset, unable))), Rung::Power);
    bed.tell(Event::Done(Rung::Power, Carried::Out));
    bed.good(301);
    bed.ledger = Ledger::restore(bed.now, &bed.ledger.save(bed.now), SECOND);
    assert_eq!(tried(&bed.wrong(Fault::ModemDeaf)), Rung::Power);
}
