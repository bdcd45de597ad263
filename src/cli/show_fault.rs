//! The replies of `explain` and `outages` as text for people.
//!
//! Contract: as of `show`: pure, lenient, and every string is made harmless on the way in.

use super::show::{list, text, upper};
use super::table::{Page, Paint, Style};
use super::text::{duration, harmless};
use crate::civil::Civil;
use crate::json::Value;

/// The reply of `explain`.
pub fn explain(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    let name = text(reply, "interface").unwrap_or_else(|| "?".to_string());
    let state = text(reply, "state").unwrap_or_else(|| "unknown".to_string());
    let since = seconds(reply, "since").map(|since| format!(" for {since}")).unwrap_or_default();
    let health = text(reply, "health").filter(|health| health != "off");
    let health = health.map(|health| format!(", {health}")).unwrap_or_default();
    page.heading(&name, &[(Paint::Plain, format!(": {state}{since}{health}"))]);
    page.painted_row("problem", Paint::Bad, &text(reply, "text").unwrap_or_default());
    rows(&mut page, "known by", list(reply, "evidence"));
    page.row("now", &text(reply, "doing").unwrap_or_default());
    if let Some(next) = reply.get("next") {
        page.row("next", &next_words(next));
    }
    let mut label = "ladder";
    for step in list(reply, "ladder") {
        let why = text(step, "why").map(|why| format!(": {why}")).unwrap_or_default();
        let rung = text(step, "rung").unwrap_or_default();
        page.row(label, &format!("{rung}, {}{why}", text(step, "state").unwrap_or_default()));
        label = "";
    }
    page.row("helped last", &text(reply, "remembered").unwrap_or_default());
    if let Some(budget) = reply.get("budget") {
        page.row("budget", &budget_words(budget));
    }
    if let Some(power) = reply.get("power") {
        page.row("power", &power_words(power));
    }
    page.finish()
}

fn next_words(next: &Value) -> String {
    let what = match text(next, "rung").as_deref() {
        None | Some("none") => "nothing".to_string(),
        Some("retry") => "the next try to connect".to_string(),
        Some(what) => what.to_string(),
    };
    let when = seconds(next, "seconds").map(|seconds| format!(" in {seconds}")).unwrap_or_default();
    let why = text(next, "why").map(|why| format!(": {why}")).unwrap_or_default();
    format!("{what}{when}{why}")
}

fn budget_words(budget: &Value) -> String {
    let (used, limit) = (text(budget, "used").unwrap_or_default(), text(budget, "limit").unwrap_or_default());
    let free = seconds(budget, "free_in").map(|free| format!("; one more in {free}")).unwrap_or_default();
    format!("{used} of {limit} resets and power cuts in 24 h used{free}")
}

fn power_words(power: &Value) -> String {
    let mut words = text(power, "method").unwrap_or_default();
    let others: Vec<String> = list(power, "others").iter().filter_map(Value::as_str).map(harmless).collect();
    if !others.is_empty() {
        words.push_str(&format!(", which takes along {}", others.join(", ")));
    }
    match text(power, "note") {
        Some(note) => format!("{words} ({note})"),
        None => words,
    }
}

/// The reply of `outages`, as a line of time for each.
pub fn outages(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    if list(reply, "outages").is_empty() {
        page.line("No outage is remembered.");
    }
    for outage in list(reply, "outages") {
        show_outage(&mut page, outage);
    }
    page.finish()
}

fn show_outage(page: &mut Page, outage: &Value) {
    let name = text(outage, "interface").unwrap_or_else(|| "?".to_string());
    let ago = seconds(outage, "ago").map(|ago| format!("{ago} ago"));
    let when = date(outage).or(ago).unwrap_or_else(|| "before the clock was set".to_string());
    let lasted = seconds(outage, "seconds").unwrap_or_else(|| "0 s".to_string());
    let open = outage.get("open") == Some(&Value::Bool(true));
    let (paint, lasted) = match open {
        true => (Paint::Bad, format!("for {lasted} so far")),
        false => (Paint::Plain, format!("for {lasted}")),
    };
    page.heading(&name, &[(Paint::Plain, format!(": {when}, ")), (paint, lasted)]);
    page.painted_row("problem", Paint::Bad, &text(outage, "text").unwrap_or_default());
    rows(page, "known by", list(outage, "evidence"));
    page.row("before", &place(outage));
    for tried in list(outage, "rungs") {
        let after = seconds(tried, "after").map(|after| format!("after {after}")).unwrap_or_default();
        let why = text(tried, "why").map(|why| format!(" ({why})")).unwrap_or_default();
        let (paint, worked) = match tried.get("worked").and_then(Value::as_bool) {
            Some(true) => (Paint::Good, ": helped"),
            Some(false) => (Paint::Plain, ": did not help"),
            None => (Paint::Warn, ""),
        };
        page.painted_row(&after, paint, &format!("{}{why}{worked}", text(tried, "rung").unwrap_or_default()));
    }
    let cure = text(outage, "cured_by").unwrap_or_else(|| "came back by itself".to_string());
    page.painted_row("cure", Paint::Good, if open { "" } else { &cure });
    page.row("no traffic", &seconds(outage, "traffic_lost_s").unwrap_or_default());
}

fn date(outage: &Value) -> Option<String> {
    let begin = outage.get("begin").and_then(Value::as_u64)?;
    Some(Civil::from_unix(begin).iso().replace('T', " ").replace('Z', " UTC"))
}

/// `LTE, Telekom.de, B3, PCI 42, RSRP -95 dBm`.
fn place(outage: &Value) -> String {
    let none = Value::Null;
    let cell = outage.get("cell").unwrap_or(&none);
    let signal = outage.get("signal").unwrap_or(&none);
    let level = |key: &str, unit| text(signal, key).map(|value| format!("{} {value} {unit}", upper(key)));
    let parts = [
        text(cell, "technology").map(|technology| upper(&technology)),
        text(cell, "operator").or(text(cell, "mcc_mnc")),
        text(cell, "band"),
        text(cell, "pci").map(|pci| format!("PCI {pci}")),
        level("rsrp", "dBm"),
        level("rsrq", "dB"),
        level("sinr", "dB"),
        level("rssi", "dBm"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn rows(page: &mut Page, label: &str, texts: &[Value]) {
    let mut label = label;
    for text in texts.iter().filter_map(Value::as_str) {
        page.row(label, &harmless(text));
        label = "";
    }
}

fn seconds(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_u64).map(duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn an_outage_is_a_line_of_time() {
        let reply = json!({"outages": [
            {"interface": "wan", "begin": 1_709_251_199, "seconds": 10, "ago": 90, "open": false, "fault": "no_traffic",
                "text": "connected, but no packet comes back", "evidence": ["3 of 3 targets are silent", "b\u{1b}[2J"],
                "cell": {"technology": "lte", "operator": "Net", "band": "B3", "pci": 42}, "signal": {"rsrp": -95},
                "rungs": [{"rung": "renew", "after": 1, "why": "cheap", "worked": false},
                    {"rung": "reconnect", "after": 3, "why": "next", "worked": true}],
                "cured_by": "reconnect", "traffic_lost_s": 17},
            {"interface": "wan", "ago": 7200, "seconds": 5, "open": true},
        ]});
        let expected = "\
wan: 2024-02-29 23:59:59 UTC, for 10 s
  problem      connected, but no packet comes back
  known by     3 of 3 targets are silent
               b?[2J
  before       LTE, Net, B3, PCI 42, RSRP -95 dBm
  after 1 s    renew (cheap): did not help
  after 3 s    reconnect (next): helped
  cure         reconnect
  no traffic   17 s

wan: 2 h ago, for 5 s so far
";
        assert_eq!(outages(&reply, &Style::PLAIN), expected);
        assert_eq!(outages(&Value::Null, &Style::PLAIN), "No outage is remembered.\n");
    }

    #[test]
    fn an_explanation_says_what_how_and_when() {
        let reply = json!({"interface": "wan", "state": "recovering", "since": 61, "health": "stalled",
            "text": "connected, but no packet comes back", "evidence": ["3 of 3 targets are silent"],
            "doing": "resets the modem", "next": {"rung": "power", "why": "a reset did not help", "seconds": 20},
            "ladder": [{"rung": "reconnect", "state": "tried", "why": "no answer"}, {"rung": "reboot", "state": "off"}],
            "budget": {"limit": 6, "used": 6, "free_in": 3600}, "remembered": "power",
            "power": {"method": "port", "others": ["1-1.3"], "note": "hub 1-1"}});
        let expected = "\
wan: recovering for 1 min 1 s, stalled
  problem      connected, but no packet comes back
  known by     3 of 3 targets are silent
  now          resets the modem
  next         power in 20 s: a reset did not help
  ladder       reconnect, tried: no answer
               reboot, off
  helped last  power
  budget       6 of 6 resets and power cuts in 24 h used; one more in 1 h
  power        port, which takes along 1-1.3 (hub 1-1)
";
        assert_eq!(explain(&reply, &Style::PLAIN), expected);
        assert_eq!(explain(&Value::Null, &Style::PLAIN), "?: unknown\n");
    }
}
