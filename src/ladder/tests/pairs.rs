//! Every fault with every rung.

use super::*;

/// A row a fault: the rungs from the mildest to the heaviest, and the seconds that the trouble
/// must have lasted; `-` where the rung cannot cure it.
const TABLE: &str = "
    sim             -    -    -     300   -     -
    pin             -    -    -     -     -     -
    radio_off       -    -    30    -     -     -
    fcc_lock        -    -    -     -     -     -
    not_registered  -    -    180   900   2700  7200
    denied          -    -    -     -     -     -
    roaming         -    -    -     -     -     -
    no_bearer       -    -    60    300   900   2700
    no_address      0    0    60    300   900   2700
    no_traffic      -    0    20    120   600   1800
    dns_only        0    -    -     -     -     -
    target_down     -    -    -     -     -     -
    outage          -    600  -     -     -     -
    modem_deaf      -    -    -     0     0     900
    modem_gone      -    -    -     -     120   1800
    no_driver       -    -    -     60    60    1800
";

/// The fault lasts for three hours, and only this rung is configured.
#[test]
fn every_pair_of_fault_and_rung_is_decided_and_carried_out_so() {
    let mut pairs = 0;
    for row in TABLE.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let mut cells = row.split_whitespace();
        let fault = cells.next().and_then(Fault::parse).expect("a fault");
        for rung in Rung::ALL {
            let wanted = cells.next().and_then(|cell| cell.parse::<u64>().ok());
            let mut bed = Bed::new(&[*rung]);
            bed.ledger.sim_was_ready();
            let acts = bed.endure(fault, 3 * 3600);
            let first = acts.iter().find(|(_, tried, _)| tried == rung).map(|(at, ..)| *at);
            assert_eq!(first, wanted, "{fault} and {rung}");
            let other = acts.iter().find(|(_, tried, _)| tried != rung && *tried != Rung::Renew);
            assert_eq!(other, None, "{fault} and {rung}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, Fault::ALL.len() * Rung::ALL.len());
}

#[test]
fn what_cannot_help_says_why() {
    for fault in Fault::ALL {
        for rung in Rung::ALL {
            let mut bed = Bed::new(&ALL);
            bed.wrong(*fault);
            let view = bed.ladder.view(bed.now, &bed.ledger);
            let (_, standing, why) =
                view.rungs.iter().find(|(each, ..)| each == rung).expect("all are listed");
            if matches!(fit(*fault, *rung), Fit::Never(_)) {
                assert!(matches!(standing, Standing::Unfit | Standing::Off), "{fault} and {rung}");
                assert!(!why.is_empty(), "{fault} and {rung}");
            }
        }
    }
}
