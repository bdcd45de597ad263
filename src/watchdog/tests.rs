//! A link's traffic over time, told to its watchdog.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn targets(texts: &[&str]) -> Vec<Target> {
    texts.iter().map(|text| Target::parse(text).expect("a target")).collect()
}

#[test]
fn a_month_of_the_default_options_stays_under_five_megabytes() {
    let default = ["1.1.1.1", "2606:4700:4700::1111"];
    let costs: Vec<u32> = targets(&default).iter().map(Target::cost).collect();
    assert_eq!(bytes_month(&Settings::default(), &costs), 4_492_800);
    assert_eq!(bytes_month(&Settings::default(), &costs[..1]), 2_764_800);
    assert_eq!(wakeups_hour(&Settings::default()), 120);
    let quick = Settings { interval: 5 * SECOND, timeout: SECOND, ..Settings::default() };
    assert_eq!(bytes_month(&quick, &costs[..1]), 33_177_600);
    assert_eq!(wakeups_hour(&quick), 1440);
}
