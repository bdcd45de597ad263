//! What the daemon tells of its modems and links, and netifd of its handlers.

use super::{Finding, Place, fail, ok, warn};
use crate::json::Value;

pub fn look(place: &Place, status: Result<&Value, &str>, handlers: Option<&Value>, all: &mut Vec<Finding>) {
    if let Some(handlers) = handlers.and_then(Value::as_object) {
        if handlers.contains_key("uwand") {
            ok(all, "netifd", format_args!("netifd knows proto 'uwand'"));
        } else {
            let why = "it reads its handlers when it starts";
            fail(
                all,
                "netifd",
                format_args!("netifd does not know proto 'uwand'"),
                why,
                "service network restart",
            );
        }
    }
    let status = match status {
        Ok(status) => status,
        Err(why) if place.is_openwrt() => {
            let remedy = "service uwand start; service uwand enable; logread -e uwand shows why it ended";
            return fail(all, "daemon", format_args!("the daemon does not answer"), why, remedy);
        }
        Err(why) => {
            return warn(
                all,
                "daemon",
                format_args!("no daemon"),
                why,
                "here only the modems were looked at",
            );
        }
    };
    ok(all, "daemon", format_args!("uwand {} runs", text(status, "version").unwrap_or("?")));
    for modem in list(status, "modems") {
        // What nobody uses has not been asked.
        if text(modem, "state") != Some("seen") {
            told_of(modem, all);
        }
    }
    for interface in list(status, "interfaces") {
        link(interface, all);
    }
}

fn told_of(modem: &Value, all: &mut Vec<Finding>) {
    let id = text(modem, "id").unwrap_or("?");
    if text(modem, "state") == Some("hung") {
        let why = "its firmware hangs, or another program takes the answers";
        let remedy = format!("wait for the watchdog's ladder, or: uwand reset -m {id}");
        fail(all, "modem", format_args!("modem {id} does not answer"), why, &remedy);
    }
    let sim = match text(modem, "sim") {
        Some("absent") => {
            Some(("is missing", "put one in, the right way round; some modems need a restart then"))
        }
        Some("pin-required") => Some(("wants its PIN", "set option pincode, or: uwand sim unlock")),
        Some("puk-required") => Some(("wants its PUK", "uwand sim unblock, with the PUK of its paper")),
        Some("failed" | "not-activated") => Some(("is refused", "try it in a telephone; ask the operator")),
        _ => None,
    };
    if let Some((what, remedy)) = sim {
        fail(all, "sim", format_args!("the SIM of {id} {what}"), "without it there is no network", remedy);
    }
    if matches!(text(modem, "radio"), Some("off" | "off-hardware")) {
        let remedy = "ifup the interface; off-hardware is a switch or the line W_DISABLE of its slot";
        fail(all, "radio", format_args!("the radio of {id} is off"), "no radio, no network", remedy);
    }
    match text(modem, "registration") {
        Some("denied") => {
            let why = "the network does not want this SIM or this device";
            fail(
                all,
                "registration",
                format_args!("{id} is denied by the network"),
                why,
                "ask the operator; see option plmn",
            );
        }
        Some("not-registered" | "searching") => {
            let why = "it finds no network that takes it";
            let remedy = "look at the antennas; uwand signal, uwand scan; options modes and plmn may forbid all there is";
            fail(all, "registration", format_args!("{id} is not registered"), why, remedy);
        }
        Some(registration) => {
            let network = text(modem, "operator").unwrap_or("a network");
            ok(all, "registration", format_args!("{id} is registered with {network}: {registration}"));
        }
        None => {}
    }
    let bars = modem.pointer("/signal/bars").and_then(Value::as_u64);
    if bars.is_some_and(|bars| bars <= 1) {
        let why = "connections break, and the modem sends with all its power";
        warn(
            all,
            "signal",
            format_args!("{id} has a weak signal"),
            why,
            "another place or an outdoor antenna; main on the right socket",
        );
    }
    if modem.get("malformed").and_then(Value::as_u64).is_some_and(|count| count > 0) {
        let why = "its firmware has a fault, or another program reads along";
        warn(
            all,
            "modem",
            format_args!("{id} sends messages that cannot be read"),
            why,
            "uwand trace shows them; a newer firmware may help",
        );
    }
}

fn link(interface: &Value, all: &mut Vec<Finding>) {
    let name = text(interface, "interface").unwrap_or("?");
    let state = text(interface, "state").unwrap_or("unknown");
    let reason = text(interface, "reason").unwrap_or_default();
    match (text(interface, "error"), state) {
        (Some(error), _) => {
            let remedy = format!("uwand explain -i {name}");
            fail(all, "link", format_args!("interface {name} is {state}: {error}"), reason, &remedy);
        }
        (None, "up") => ok(all, "link", format_args!("interface {name} is up")),
        (None, "suspect" | "recovering") => {
            let why = "its probes are not answered";
            fail(
                all,
                "link",
                format_args!("interface {name} is {state}"),
                why,
                &format!("uwand explain -i {name}"),
            );
        }
        (None, _) => {
            let remedy = format!("where that is not wanted: ifup {name}");
            warn(all, "link", format_args!("interface {name} is {state}"), "it is not connected", &remedy);
        }
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}
