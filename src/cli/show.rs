//! The replies of the daemon as text for people.
//!
//! Contract: pure, and lenient: a reply is read as plain JSON, so an older or newer daemon
//! is shown as far as it is understood. All strings are made harmless on the way in.

use super::pattern::{append, joined, part, parts, row};
use super::table::{Page, Paint, Style, table_width};
use super::text::harmless;
use crate::few::Listed;
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
    if let Some(mut words) = part(reply, "uwand {version}") {
        append(&mut words, "", reply, ", running for {~uptime}");
        page.heading("", &[(Paint::Dim, words)]);
    }
    page.finish()
}

/// One interface as a part of a line: `up for 3 h, LTE`.
fn show_interface(page: &mut Page, interface: &Value) {
    let state = joined("", interface, "{state=unknown}");
    let rest = joined("", interface, " for {~since}|, {^technology}|, next try in {~next_try}");
    let parts = [(Paint::Plain, ": ".to_string()), (state_paint(&state), state), (Paint::Plain, rest)];
    page.heading(&joined("", interface, "{interface=?}"), &parts);
    page.painted_row("error", Paint::Bad, &joined(": ", interface, "{error}|{reason}"));
    show_family(page, "IPv4", interface, "ipv4", "by DHCP|via {gateway}|DNS {*dns}");
    show_family(page, "IPv6", interface, "ipv6", "by router advertisement|via {gateway}|DNS {*dns}");
    row(page, "MTU", Paint::Plain, interface, "{mtu}");
    row(page, "device", Paint::Plain, interface, "{netdev}|{^control}|modem {modem}");
    row(page, "note", Paint::Warn, interface, "{note}");
}

fn state_paint(state: &str) -> Paint {
    match state {
        "up" | "open" => Paint::Good,
        "waiting" | "connecting" | "suspect" | "recovering" | "opening" | "missing" => Paint::Warn,
        "blocked" | "hung" => Paint::Bad,
        _ => Paint::Dim,
    }
}

fn show_family(page: &mut Page, label: &str, interface: &Value, key: &str, dynamic: &str) {
    let Some(family) = interface.get(key) else { return };
    let is_dynamic = family.get("dynamic").and_then(Value::as_bool) == Some(true);
    let pattern = match part(family, "{*addresses}") {
        None if is_dynamic => dynamic,
        _ => "{*addresses}|via {gateway}|DNS {*dns}",
    };
    row(page, label, Paint::Plain, family, pattern);
}

fn show_modem(page: &mut Page, modem: &Value, style: &Style) {
    let state = joined("", modem, "{state=unknown}");
    let mut rest = joined(" ", modem, "{manufacturer}|{model}");
    if !rest.is_empty() {
        rest.insert_str(0, ", ");
    }
    let parts = [(Paint::Plain, ": ".to_string()), (state_paint(&state), state), (Paint::Plain, rest)];
    page.heading(&joined("", modem, "modem {id=?}"), &parts);
    row(page, "firmware", Paint::Plain, modem, "{revision}");
    page.row("network", &network(modem));
    show_signal(page, modem, style);
    show_sim(page, modem);
    page.painted_row("radio", Paint::Bad, radio(modem));
    row(page, "IMEI", Paint::Plain, modem, "{imei}");
    row(page, "device", Paint::Plain, modem, "{device}|{netdev}|{driver}|AT {at_port}");
    let temperature = if style.unicode { "{temperature} °C" } else { "{temperature} C" };
    row(page, "temperature", Paint::Plain, modem, temperature);
    let mut faults = counted(modem, "malformed", "malformed message", "malformed messages");
    let timeouts = counted(modem, "timeouts", "request without an answer", "requests without an answer");
    if !faults.is_empty() && !timeouts.is_empty() {
        faults.push_str(", ");
    }
    page.painted_row("faults", Paint::Warn, &(faults + &timeouts));
}

/// `Telekom.de (26201), home, LTE, attached`.
fn network(modem: &Value) -> String {
    let mut words = joined(" ", modem, "{operator}|({mcc_mnc})");
    let rest = match modem.get("attached").and_then(Value::as_bool) {
        Some(true) => "{registration}|{^technology}|attached",
        Some(false) => "{registration}|{^technology}|no packet service",
        None => "{registration}|{^technology}",
    };
    append(&mut words, ", ", modem, rest);
    words
}

fn show_sim(page: &mut Page, modem: &Value) {
    let state = text(modem, "sim");
    let paint = match state.as_deref() {
        None | Some("ready" | "unknown" | "not-ready") => Paint::Plain,
        Some(_) => Paint::Bad,
    };
    let tries = match seconds(modem, "pin_tries") {
        Some(1) => "{sim}|{pin_tries} try left",
        Some(_) => "{sim}|{pin_tries} tries left",
        None => "{sim}",
    };
    row(page, "SIM", paint, modem, tries);
    row(page, "", Paint::Plain, modem, "IMSI {imsi}|ICCID {iccid}");
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
    row(page, if bars.is_some() { "" } else { "signal" }, Paint::Plain, signal, LEVELS);
}

/// The levels of a signal.
pub(super) const LEVELS: &str = "RSRP {rsrp} dBm|RSRQ {rsrq} dB|SINR {sinr} dB|RSSI {rssi} dBm";

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
    let rows: Vec<Vec<String>> = modems.iter().map(|modem| signal_cells(modem, style)).listed();
    if style.width.is_none_or(|width| table_width(&SIGNAL_HEADS, &rows) <= width) {
        page.columns(&SIGNAL_HEADS, &rows);
        return page.finish();
    }
    for modem in modems {
        page.heading(&joined("", modem, "modem {id=}"), &[]);
        page.row("network", &network(modem));
        show_signal(&mut page, modem, style);
    }
    page.finish()
}

fn signal_cells(modem: &Value, style: &Style) -> Vec<String> {
    let bars = seconds(&modem["signal"], "bars").map_or_else(|| "unknown".to_string(), |lit| bar(lit, style));
    let mut cells = parts(modem, "{id}|{operator/registration}|{^technology}");
    cells.push(bars);
    cells.extend(parts(&modem["signal"], "{rsrp} dBm|{rsrq} dB|{sinr} dB|{rssi} dBm"));
    cells
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

/// The strings of an array, harmless.
pub fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key).iter().filter_map(Value::as_str).map(harmless).listed()
}

fn seconds(value: &Value, key: &str) -> Option<u64> {
    value.get(key).and_then(Value::as_u64)
}

/// Empty where there is none.
fn counted(value: &Value, key: &str, one: &str, many: &str) -> String {
    match seconds(value, key) {
        None | Some(0) => String::new(),
        Some(1) => format!("1 {one}"),
        Some(count) => format!("{count} {many}"),
    }
}

/// `5g-nsa` as `5G NSA`.
pub(super) fn upper(word: &str) -> String {
    word.to_ascii_uppercase().replace('-', " ")
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
