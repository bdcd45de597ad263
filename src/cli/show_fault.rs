//! The replies of `explain` and `outages` as text for people.
//!
//! Contract: as of `show`: pure, lenient, and every string is made harmless on the way in.

use super::pattern::{append, joined, part, row};
use super::show::{LEVELS, list, text, texts};
use super::table::{Page, Paint, Style};
use super::text::harmless;
use crate::civil::Civil;
use crate::json::Value;

/// The reply of `explain`.
pub fn explain(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    let health = text(reply, "health").as_deref() != Some("off");
    let state =
        if health { ": {state=unknown}| for {~since}|, {health}" } else { ": {state=unknown}| for {~since}" };
    page.heading(&joined("", reply, "{interface=?}"), &[(Paint::Plain, joined("", reply, state))]);
    row(&mut page, "problem", Paint::Bad, reply, "{text}");
    rows(&mut page, "known by", list(reply, "evidence"));
    row(&mut page, "now", Paint::Plain, reply, "{doing}");
    if let Some(next) = reply.get("next") {
        page.row("next", &next_words(next));
    }
    let mut label = "ladder";
    for step in list(reply, "ladder") {
        page.row(label, &joined("", step, "{rung=}, {state=}|: {why}"));
        label = "";
    }
    row(&mut page, "helped last", Paint::Plain, reply, "{remembered}");
    if let Some(budget) = reply.get("budget") {
        page.row("budget", &budget_words(budget));
    }
    if let Some(power) = reply.get("power") {
        page.row("power", &power_words(power));
    }
    page.finish()
}

fn next_words(next: &Value) -> String {
    let mut words = match text(next, "rung").as_deref() {
        None | Some("none") => "nothing".to_string(),
        Some("retry") => "the next try to connect".to_string(),
        Some(what) => what.to_string(),
    };
    append(&mut words, "", next, " in {~seconds}|: {why}");
    words
}

fn budget_words(budget: &Value) -> String {
    let words = "{used=} of {limit=} resets and power cuts in 24 h used|; one more in {~free_in}";
    joined("", budget, words)
}

fn power_words(power: &Value) -> String {
    let mut words = text(power, "method").unwrap_or_default();
    let others = texts(power, "others").join(", ");
    if !others.is_empty() {
        words.push_str(", which takes along ");
        words.push_str(&others);
    }
    append(&mut words, "", power, " ({note})");
    words
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
    let ago = || part(outage, "{~ago} ago");
    let when = date(outage).or_else(ago).unwrap_or_else(|| "before the clock was set".to_string());
    let open = outage.get("open") == Some(&Value::Bool(true));
    let (paint, lasted) = match open {
        true => (Paint::Bad, "for {~seconds=0 s} so far"),
        false => (Paint::Plain, "for {~seconds=0 s}"),
    };
    let parts = [(Paint::Plain, format!(": {when}, ")), (paint, joined("", outage, lasted))];
    page.heading(&joined("", outage, "{interface=?}"), &parts);
    row(page, "problem", Paint::Bad, outage, "{text}");
    rows(page, "known by", list(outage, "evidence"));
    page.row("before", &place(outage));
    for tried in list(outage, "rungs") {
        let (paint, worked) = match tried.get("worked").and_then(Value::as_bool) {
            Some(true) => (Paint::Good, ": helped"),
            Some(false) => (Paint::Plain, ": did not help"),
            None => (Paint::Warn, ""),
        };
        let words = joined("", tried, "{rung=}| ({why})") + worked;
        page.painted_row(&joined("", tried, "after {~after}"), paint, &words);
    }
    if !open {
        row(page, "cure", Paint::Good, outage, "{cured_by=came back by itself}");
    }
    row(page, "no traffic", Paint::Plain, outage, "{~traffic_lost_s}");
}

fn date(outage: &Value) -> Option<String> {
    let begin = outage.get("begin").and_then(Value::as_u64)?;
    Some(Civil::from_unix(begin).iso().replace('T', " ").replace('Z', " UTC"))
}

/// `LTE, Telekom.de, B3, PCI 42, RSRP -95 dBm`.
fn place(outage: &Value) -> String {
    let mut words = joined(", ", &outage["cell"], "{^technology}|{operator/mcc_mnc}|{band}|PCI {pci}");
    append(&mut words, ", ", &outage["signal"], LEVELS);
    words
}

fn rows(page: &mut Page, label: &str, texts: &[Value]) {
    let mut label = label;
    for text in texts.iter().filter_map(Value::as_str) {
        page.row(label, &harmless(text));
        label = "";
    }
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
