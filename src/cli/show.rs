//! The replies of the daemon as text for people.
//!
//! Contract: pure, and lenient: a reply is read as plain JSON, so an older or newer daemon
//! is shown as far as it is understood. All strings are made harmless on the way in.

use super::table::{Page, Paint, Style, table_width};
use super::text::{duration, harmless};
use crate::json::Value;

/// The reply of `status`.
pub fn status(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    let interfaces = list(reply, "interfaces");
    if interfaces.is_empty() {
        page.line("No interface to show. An interface with `option proto 'uwand'` and an");
        page.line("`option apn` in /etc/config/network is a complete configuration.");
    }
    for interface in interfaces {
        show_interface(&mut page, interface);
    }
    for modem in list(reply, "modems") {
        show_modem(&mut page, modem, style);
    }
    if let Some(version) = text(reply, "version") {
        let uptime = seconds(reply, "uptime").map(|uptime| format!(", running for {}", duration(uptime)));
        let words = format!("uwand {version}{}", uptime.unwrap_or_default());
        page.heading("", &[(Paint::Dim, words)]);
    }
    page.finish()
}

/// One interface as a part of a line: `up for 3 h, LTE`.
fn show_interface(page: &mut Page, interface: &Value) {
    let state = text(interface, "state").unwrap_or_else(|| "unknown".to_string());
    let mut rest = String::new();
    if let Some(since) = seconds(interface, "since") {
        rest.push_str(&format!(" for {}", duration(since)));
    }
    if let Some(technology) = text(interface, "technology") {
        rest.push_str(&format!(", {}", upper(&technology)));
    }
    if let Some(next) = seconds(interface, "next_try") {
        rest.push_str(&format!(", next try in {}", duration(next)));
    }
    let name = text(interface, "interface").unwrap_or_else(|| "?".to_string());
    let parts =
        [(Paint::Plain, ": ".to_string()), (state_paint(&state), state.clone()), (Paint::Plain, rest)];
    page.heading(&name, &parts);
    page.painted_row(
        "error",
        Paint::Bad,
        &joined(": ", [text(interface, "error"), text(interface, "reason")]),
    );
    page.row("IPv4", &family(interface.get("ipv4"), "by DHCP"));
    page.row("IPv6", &family(interface.get("ipv6"), "by router advertisement"));
    page.row("MTU", &text(interface, "mtu").unwrap_or_default());
    let control = text(interface, "control").map(|control| upper(&control));
    let modem = text(interface, "modem").map(|modem| format!("modem {modem}"));
    page.row("device", &joined(", ", [text(interface, "netdev"), control, modem]));
    page.painted_row("note", Paint::Warn, &text(interface, "note").unwrap_or_default());
}

fn state_paint(state: &str) -> Paint {
    match state {
        "up" | "open" => Paint::Good,
        "waiting" | "connecting" | "suspect" | "recovering" | "opening" | "missing" => Paint::Warn,
        "blocked" | "hung" => Paint::Bad,
        _ => Paint::Dim,
    }
}

fn family(family: Option<&Value>, dynamic: &str) -> String {
    let Some(family) = family else { return String::new() };
    let mut addresses = texts(family, "addresses").join(" ");
    if addresses.is_empty() && family.get("dynamic").and_then(Value::as_bool) == Some(true) {
        addresses = dynamic.to_string();
    }
    let gateway = text(family, "gateway").map(|gateway| format!("via {gateway}"));
    let dns = Some(texts(family, "dns").join(" ")).filter(|dns| !dns.is_empty());
    joined(", ", [Some(addresses), gateway, dns.map(|dns| format!("DNS {dns}"))])
}

fn show_modem(page: &mut Page, modem: &Value, style: &Style) {
    let id = text(modem, "id").unwrap_or_else(|| "?".to_string());
    let state = text(modem, "state").unwrap_or_else(|| "unknown".to_string());
    let paint = state_paint(&state);
    let model = joined(" ", [text(modem, "manufacturer"), text(modem, "model")]);
    let rest = if model.is_empty() { model } else { format!(", {model}") };
    page.heading(
        &format!("modem {id}"),
        &[(Paint::Plain, ": ".to_string()), (paint, state), (Paint::Plain, rest)],
    );
    page.row("firmware", &text(modem, "revision").unwrap_or_default());
    page.row("network", &network(modem));
    show_signal(page, modem, style);
    show_sim(page, modem);
    page.painted_row("radio", Paint::Bad, radio(modem));
    page.row("IMEI", &text(modem, "imei").unwrap_or_default());
    let at_port = text(modem, "at_port").map(|port| format!("AT {port}"));
    let device = [text(modem, "device"), text(modem, "netdev"), text(modem, "driver"), at_port];
    page.row("device", &joined(", ", device));
    let degrees = if style.unicode { "°C" } else { "C" };
    let temperature = text(modem, "temperature").map(|value| format!("{value} {degrees}"));
    page.row("temperature", &temperature.unwrap_or_default());
    let malformed = counted(modem, "malformed", "malformed message", "malformed messages");
    let timeouts = counted(modem, "timeouts", "request without an answer", "requests without an answer");
    page.painted_row("faults", Paint::Warn, &joined(", ", [malformed, timeouts]));
}

/// `Telekom.de (26201), home, LTE, attached`.
fn network(modem: &Value) -> String {
    let code = text(modem, "mcc_mnc").map(|code| format!("({code})"));
    let operator = joined(" ", [text(modem, "operator"), code]);
    let technology = text(modem, "technology").map(|technology| upper(&technology));
    let attached = match modem.get("attached").and_then(Value::as_bool) {
        Some(true) => Some("attached".to_string()),
        Some(false) => Some("no packet service".to_string()),
        None => None,
    };
    joined(", ", [Some(operator), text(modem, "registration"), technology, attached])
}

fn show_sim(page: &mut Page, modem: &Value) {
    let state = text(modem, "sim");
    let paint = match state.as_deref() {
        None | Some("ready" | "unknown" | "not-ready") => Paint::Plain,
        Some(_) => Paint::Bad,
    };
    let tries = counted(modem, "pin_tries", "try left", "tries left");
    page.painted_row("SIM", paint, &joined(", ", [state, tries]));
    let imsi = text(modem, "imsi").map(|imsi| format!("IMSI {imsi}"));
    let iccid = text(modem, "iccid").map(|iccid| format!("ICCID {iccid}"));
    page.row("", &joined(", ", [imsi, iccid]));
    page.row("number", &texts(modem, "numbers").join(", "));
}

fn radio(modem: &Value) -> &'static str {
    match modem.get("radio").and_then(Value::as_str) {
        Some("off") => "switched off",
        Some("off-hardware") => "switched off in hardware (W_DISABLE or rfkill)",
        _ => "",
    }
}

fn show_signal(page: &mut Page, modem: &Value, style: &Style) {
    let Some(signal) = modem.get("signal") else { return };
    let bars = seconds(signal, "bars");
    let paint = match bars {
        Some(4..) => Paint::Good,
        Some(2..) => Paint::Warn,
        Some(_) => Paint::Bad,
        None => Paint::Plain,
    };
    page.painted_row("signal", paint, &bars.map(|lit| bar(lit, style)).unwrap_or_default());
    let part = |key, name, unit| text(signal, key).map(|value| format!("{name} {value} {unit}"));
    let levels = [
        part("rsrp", "RSRP", "dBm"),
        part("rsrq", "RSRQ", "dB"),
        part("sinr", "SINR", "dB"),
        part("rssi", "RSSI", "dBm"),
    ];
    page.row(if bars.is_some() { "" } else { "signal" }, &joined(", ", levels));
}

/// `▂▃▅·· 3/5`.
fn bar(lit: u64, style: &Style) -> String {
    let (steps, dark) = if style.unicode { ("▂▃▅▆▇", '·') } else { ("|||||", '.') };
    let lit_steps = steps.chars().enumerate().map(|(at, step)| if (at as u64) < lit { step } else { dark });
    format!("{} {}/5", lit_steps.collect::<String>(), lit.min(5))
}

const SIGNAL_HEADS: [&str; 8] = ["MODEM", "NETWORK", "", "SIGNAL", "RSRP", "RSRQ", "SINR", "RSSI"];

/// The reply of `signal`: a table, or labelled rows where the terminal is too narrow for it.
pub fn signal(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    let modems = list(reply, "modems");
    if modems.is_empty() {
        page.line("No modem to show.");
        return page.finish();
    }
    let rows: Vec<Vec<String>> = modems.iter().map(|modem| signal_cells(modem, style)).collect();
    if style.width.is_none_or(|width| table_width(&SIGNAL_HEADS, &rows) <= width) {
        page.columns(&SIGNAL_HEADS, &rows);
        return page.finish();
    }
    for modem in modems {
        page.heading(&format!("modem {}", text(modem, "id").unwrap_or_default()), &[]);
        page.row("network", &network(modem));
        show_signal(&mut page, modem, style);
    }
    page.finish()
}

fn signal_cells(modem: &Value, style: &Style) -> Vec<String> {
    let none = Value::Null;
    let signal = modem.get("signal").unwrap_or(&none);
    let level = |key, unit| text(signal, key).map(|value| format!("{value} {unit}")).unwrap_or_default();
    let bars = seconds(signal, "bars").map_or_else(|| "unknown".to_string(), |lit| bar(lit, style));
    vec![
        text(modem, "id").unwrap_or_default(),
        text(modem, "operator").or(text(modem, "registration")).unwrap_or_default(),
        text(modem, "technology").map(|technology| upper(&technology)).unwrap_or_default(),
        bars,
        level("rsrp", "dBm"),
        level("rsrq", "dB"),
        level("sinr", "dB"),
        level("rssi", "dBm"),
    ]
}

/// The elements of an array; none where there is no array.
pub fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A string or number, harmless; `None` where it is missing or empty.
pub fn text(value: &Value, key: &str) -> Option<String> {
    let text = match value.get(key)? {
        Value::String(text) => harmless(text),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key).iter().filter_map(Value::as_str).map(harmless).collect()
}

fn seconds(value: &Value, key: &str) -> Option<u64> {
    value.get(key).and_then(Value::as_u64)
}

fn counted(value: &Value, key: &str, one: &str, many: &str) -> Option<String> {
    match seconds(value, key) {
        None => None,
        Some(0) if key != "pin_tries" => None,
        Some(1) => Some(format!("1 {one}")),
        Some(count) => Some(format!("{count} {many}")),
    }
}

fn joined<const N: usize>(separator: &str, parts: [Option<String>; N]) -> String {
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(separator)
}

/// `5g-nsa` as `5G NSA`.
pub(super) fn upper(word: &str) -> String {
    word.to_ascii_uppercase().replace('-', " ")
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
