//! Series over hours of samples that come when they come.

use super::*;

fn points(history: &History, now: u32, seconds: Option<u32>) -> Vec<(u32, f64)> {
    let reply = history.reply(now, None, None, seconds);
    let points = reply["series"][0]["points"].as_array().cloned().unwrap_or_default();
    let point = |point: &Value| Some((u32::try_from(point[0].as_u64()?).ok()?, point[1].as_f64()?));
    points.iter().map(|each| point(each).expect("a pair")).collect()
}

#[test]
fn an_hour_is_fine_and_the_day_before_it_coarse_in_at_most_360_points() {
    let mut history = History::new(24);
    for at in (0..2 * 86_400).step_by(10) {
        history.put(at, "wan", Measure::Loss, if at < 86_400 { 50.0 } else { 1.0 });
    }
    let now = 2 * 86_400;
    let all = points(&history, now, None);
    assert!((340..=360).contains(&all.len()), "{}", all.len());
    assert!(all.windows(2).all(|pair| pair[0].0 > pair[1].0), "oldest first");
    assert!(all[0].0 > 85_000 && all[all.len() - 1].0 < 60);
    assert!(all.iter().all(|(_, value)| (*value - 1.0).abs() < 0.01), "yesterday is forgotten");
    let hour = points(&history, now, Some(3600));
    assert!((118..=120).contains(&hour.len()) && hour[0].0 <= 3600);
}

#[test]
fn what_nobody_measured_is_a_gap() {
    let mut history = History::new(24);
    history.probed(60, "wan", Some(20.0), 0.0);
    history.probed(70, "wan", Some(40.0), 0.0);
    history.probed(600, "wan", None, 100.0);
    // One step's values are one mean; the failed round has no latency.
    assert_eq!(points(&history, 600, None), [(525, 30.0)]);
    let reply = history.reply(600, Some("wan"), None, None);
    assert_eq!(reply["series"][1]["points"], json!([[525, 0.0], [0, 100.0]]));
    assert_eq!(reply["series"][1]["unit"], "%");
}

#[test]
fn a_rate_is_of_all_the_time_since_the_last_look() {
    let mut history = History::new(24);
    history.counted(0, "wan", 1000, 0);
    history.counted(120, "wan", 1000 + 15_000, 0);
    let rates = points(&history, 120, None);
    assert_eq!(rates.iter().map(|(_, rate)| *rate).collect::<Vec<_>>(), [1000.0; 4]);
    // The device came anew; and a second look in the same second is none.
    history.counted(150, "wan", 10, 0);
    history.counted(150, "wan", 99, 0);
    assert_eq!(points(&history, 150, None).len(), 4);
    history.counted(180, "wan", 10, 0);
    assert_eq!(points(&history, 180, None).last(), Some(&(0, 0.0)));
}

#[test]
fn a_modem_and_an_interface_are_asked_for_by_their_names() {
    let mut history = History::new(24);
    history.probed(1, "wan", Some(1.0), 0.0);
    let signal = Signal { rsrp_dbm: Some(-95), rsrq_db: Some(-10.2), ..Signal::default() };
    history.heard(1, "1-1.2", &signal);
    let names = |interface, modem| -> Vec<String> {
        let reply = history.reply(1, interface, modem, None);
        let series = reply["series"].as_array().cloned().unwrap_or_default();
        series.iter().map(|each| format!("{} {}", each["id"], each["name"]).replace('"', "")).collect()
    };
    assert_eq!(names(None, None), ["wan rtt_ms", "wan loss", "1-1.2 rsrp", "1-1.2 rsrq"]);
    assert_eq!(names(Some("wan"), None), ["wan rtt_ms", "wan loss"]);
    assert_eq!(names(None, Some("1-1.2")), ["1-1.2 rsrp", "1-1.2 rsrq"]);
    assert_eq!(names(Some("lan"), None), [""; 0]);
}

#[test]
fn nothing_is_kept_for_no_hours_and_little_for_many_names() {
    let mut history = History::new(0);
    history.probed(1, "wan", Some(1.0), 0.0);
    assert_eq!(history.reply(1, None, None, None), json!({"series": []}));
    let mut history = History::new(u32::MAX);
    for number in 0..1000 {
        history.probed(1, &number.to_string(), Some(f32::NAN), 0.0);
        history.counted(number, &number.to_string(), u64::MAX, 0);
    }
    assert!(history.series.len() <= MOST_SERIES && history.traffic.len() <= MOST_SERIES);
    history.probed(u32::MAX, "0", None, 1.0);
    assert_eq!(points(&history, u32::MAX, None).last().map(|(_, value)| *value), Some(1.0));
}
