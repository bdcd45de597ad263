//! PURE. The state of the daemon as OpenMetrics text, for Prometheus and its relatives.
//!
//! Contract: [`text`] makes it of the reply of `status` and of the journal's counts. Names
//! and units follow Prometheus' conventions: base units, ratios and not percent, `_total` on
//! counters. What is not known has no sample. No label tells an identity: IMEI, ICCID, IMSI
//! and numbers are not read, and what looks like one is not written. Label values of modems
//! and networks are escaped.
//!
//! Why no HTTP server? A router has a web server, and collectors that run a command.

use crate::fault::Health;
use crate::few::Listed;
use crate::json::{Map, Value};
use crate::words::{LinkState, ModemState, Registration};

/// Where samples of a family come from, and who is named by their label.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Interface,
    Modem,
    /// The journal's counts of an interface.
    Count,
    /// Each rung in the counts of an interface.
    Rung,
}

#[derive(Clone, Copy)]
enum Kind {
    /// The member's number times a factor.
    Gauge(f64),
    Counter,
    /// True as 1, false as 0.
    Flag,
    /// 1 for the state that holds, 0 for all others.
    States(fn() -> Vec<&'static str>),
    /// Always 1, with these members as labels.
    Info(&'static [&'static str]),
}

struct Family {
    of: Of,
    kind: Kind,
    /// Without the prefix, the unit at its end.
    name: &'static str,
    unit: &'static str,
    help: &'static str,
    /// A JSON pointer.
    member: &'static str,
}

const fn family(
    of: Of,
    kind: Kind,
    name: &'static str,
    unit: &'static str,
    member: &'static str,
    help: &'static str,
) -> Family {
    Family { of, kind, name, unit, help, member }
}

const ONE: Kind = Kind::Gauge(1.0);

fn link_states() -> Vec<&'static str> {
    LinkState::ALL.iter().map(|state| state.as_str()).listed()
}

fn modem_states() -> Vec<&'static str> {
    ModemState::ALL.iter().map(|state| state.as_str()).listed()
}

fn healths() -> Vec<&'static str> {
    Health::ALL.iter().map(|health| health.as_str()).listed()
}

fn registrations() -> Vec<&'static str> {
    Registration::ALL.iter().map(|registration| registration.as_str()).listed()
}

#[rustfmt::skip]
const FAMILIES: &[Family] = &[
    family(Of::Interface, Kind::States(link_states), "interface_state", "", "/state", "State of the interface."),
    family(Of::Interface, ONE, "interface_state_age_seconds", "seconds", "/since", "Time in this state."),
    family(Of::Interface, Kind::States(healths), "interface_health", "", "/watchdog/health", "Whether traffic flows, by the watchdog."),
    family(Of::Interface, Kind::Gauge(0.001), "probe_rtt_seconds", "seconds", "/watchdog/rtt_ms", "Round trip of the last answered probe."),
    family(Of::Interface, Kind::Gauge(0.01), "probe_loss_ratio", "ratio", "/watchdog/loss", "Failed rounds among the last ones."),
    family(Of::Interface, ONE, "resets_used", "", "/watchdog/used", "Resets and power cuts in the last 24 hours."),
    family(Of::Interface, ONE, "resets_allowed", "", "/watchdog/budget", "Most resets and power cuts in 24 hours."),
    family(Of::Interface, Kind::Counter, "interface_receive_bytes", "bytes", "/traffic/rx_bytes", "Bytes received by the network device."),
    family(Of::Interface, Kind::Counter, "interface_transmit_bytes", "bytes", "/traffic/tx_bytes", "Bytes sent by the network device."),
    family(Of::Count, Kind::Counter, "outages", "", "/outages", "Outages since the daemon started."),
    family(Of::Count, Kind::Counter, "outage_seconds", "seconds", "/seconds", "Time in outages that are over."),
    family(Of::Rung, Kind::Counter, "recoveries_tried", "", "/tried", "Repairs that were tried."),
    family(Of::Rung, Kind::Counter, "recoveries_worked", "", "/worked", "Repairs after which traffic flowed."),
    family(Of::Modem, Kind::Info(&["manufacturer", "model", "revision", "driver"]), "modem", "", "", "What the modem is."),
    family(Of::Modem, Kind::Info(&["operator", "mcc_mnc", "technology"]), "modem_network", "", "/operator", "The network that serves it."),
    family(Of::Modem, Kind::States(modem_states), "modem_state", "", "/state", "State of the control channel."),
    family(Of::Modem, Kind::States(registrations), "modem_registration", "", "/registration", "Registration with the network."),
    family(Of::Modem, Kind::Flag, "modem_roaming", "", "/roaming", "Whether it roams."),
    family(Of::Modem, ONE, "modem_rssi_dbm", "dbm", "/signal/rssi", "Received power of the carrier."),
    family(Of::Modem, ONE, "modem_rsrp_dbm", "dbm", "/signal/rsrp", "Received power of the reference signal."),
    family(Of::Modem, ONE, "modem_rsrq_db", "db", "/signal/rsrq", "Quality of the reference signal."),
    family(Of::Modem, ONE, "modem_sinr_db", "db", "/signal/sinr", "Signal to interference and noise."),
    family(Of::Modem, ONE, "modem_temperature_celsius", "celsius", "/temperature", "Temperature of the modem."),
    family(Of::Modem, Kind::Counter, "modem_malformed_messages", "", "/malformed", "Frames from the modem that were dropped."),
    family(Of::Modem, Kind::Counter, "modem_timeouts", "", "/timeouts", "Requests that the modem did not answer in time."),
];

/// The whole exposition. `counts` is what `Journal::counts` gives.
pub fn text(status: &Value, counts: &Value) -> String {
    let mut text = String::new();
    if let Some(version) = status.get("version").and_then(Value::as_str) {
        head(&mut text, "", "info", "", "The daemon.");
        text.push_str("uwand_info{version=");
        quote(&mut text, version);
        text.push_str("} 1\n");
    }
    if let Some(uptime) = status.get("uptime").and_then(Value::as_f64) {
        head(&mut text, "_uptime_seconds", "gauge", "seconds", "Time that the daemon has been running.");
        text.push_str(&format!("uwand_uptime_seconds {}\n", decimal(uptime)));
    }
    for family in FAMILIES {
        let mut samples = String::new();
        let (source, list, label) = match family.of {
            Of::Interface => (status.get("interfaces"), None, "interface"),
            Of::Modem => (status.get("modems"), None, "modem"),
            Of::Count => (Some(counts), None, "interface"),
            Of::Rung => (Some(counts), Some("rungs"), "interface"),
        };
        for each in source.and_then(Value::as_array).map_or(&[][..], Vec::as_slice) {
            let id = each.get("id").or(each.get("interface")).and_then(Value::as_str).unwrap_or_default();
            let mut labels = vec![(label, id)];
            let Some(list) = list else {
                family.sample(&mut samples, each, &labels);
                continue;
            };
            for inner in each.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice) {
                labels.truncate(1);
                labels.push(("rung", inner.get("rung").and_then(Value::as_str).unwrap_or_default()));
                family.sample(&mut samples, inner, &labels);
            }
        }
        if !samples.is_empty() {
            let kind = match family.kind {
                Kind::Gauge(_) | Kind::Flag => "gauge",
                Kind::Counter => "counter",
                Kind::States(_) => "stateset",
                Kind::Info(_) => "info",
            };
            head(&mut text, &format!("_{}", family.name), kind, family.unit, family.help);
            text.push_str(&samples);
        }
    }
    text.push_str("# EOF\n");
    text
}

fn head(text: &mut String, name: &str, kind: &str, unit: &str, help: &str) {
    text.push_str(&format!("# TYPE uwand{name} {kind}\n"));
    if !unit.is_empty() {
        text.push_str(&format!("# UNIT uwand{name} {unit}\n"));
    }
    text.push_str(&format!("# HELP uwand{name} {help}\n"));
}

impl Family {
    fn sample(&self, text: &mut String, of: &Value, labels: &[(&str, &str)]) {
        let Some(member) = of.pointer(self.member) else { return };
        match self.kind {
            Kind::Gauge(factor) => {
                if let Some(number) = member.as_f64() {
                    self.line(text, "", labels, number * factor);
                }
            }
            Kind::Counter => {
                if let Some(number) = member.as_f64() {
                    self.line(text, "_total", labels, number);
                }
            }
            Kind::Flag => {
                if let Some(flag) = member.as_bool() {
                    self.line(text, "", labels, f64::from(u8::from(flag)));
                }
            }
            Kind::States(states) => {
                let name = format!("uwand_{}", self.name);
                for state in states() {
                    let holds = member.as_str() == Some(state);
                    let labels = [labels, &[(name.as_str(), state)]].concat();
                    self.line(text, "", &labels, f64::from(u8::from(holds)));
                }
            }
            Kind::Info(keys) => {
                let none = Map::new();
                let table = of.as_object().unwrap_or(&none);
                let known = keys.iter().filter_map(|key| Some((*key, table.get(key)?.as_str()?)));
                let labels: Vec<(&str, &str)> = labels.iter().copied().chain(known).listed();
                self.line(text, "_info", &labels, 1.0);
            }
        }
    }

    fn line(&self, text: &mut String, suffix: &str, labels: &[(&str, &str)], value: f64) {
        text.push_str(&format!("uwand_{}{suffix}", self.name));
        for (place, (label, value)) in labels.iter().enumerate() {
            text.push_str(if place == 0 { "{" } else { "," });
            text.push_str(label);
            text.push('=');
            quote(text, value);
        }
        text.push_str(&format!("}} {}\n", decimal(value)));
    }
}

/// Of a product like 23.4 * 0.001 six decimals say enough, and integers write them
/// with less code than any double takes.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn decimal(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    // Doubles here are counters, times and levels: far from the bounds of 64 bits.
    let (whole, millionths) = (value.abs() as u64, (value.abs().fract() * 1e6).round() as u64);
    let (whole, millionths) = (whole + millionths / 1_000_000, millionths % 1_000_000);
    let text = format!("{sign}{whole}.{millionths:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// As OpenMetrics has it: backslash, quote and newline; of other control characters none.
fn quote(text: &mut String, value: &str) {
    let identity = value.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() >= 14);
    text.push('"');
    for c in if identity { "***" } else { value }.chars().take(200) {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c if c.is_control() => text.push('?'),
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
