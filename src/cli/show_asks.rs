//! What one modem answered, as text for people.
//!
//! Contract: as of `show`: pure, lenient, all strings made harmless.

use super::pattern::{append, joined, part, parts};
use super::show::{list, text};
use super::table::{Page, Paint, Style};
use super::text::harmless_lines;
use crate::few::Listed;
use crate::json::Value;

/// The reply of `at`: the modem's lines as they are, and its result.
pub fn at(reply: &Value) -> String {
    let lines = list(reply, "lines").iter().filter_map(Value::as_str).flat_map(harmless_lines);
    let result = text(reply, "result").unwrap_or_default();
    lines.chain([result]).map(|line| format!("{line}\n")).collect()
}

/// The reply of `sim`.
pub fn sim(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    page.heading(&joined("", reply, "modem {modem=}"), &[]);
    let state = joined("", reply, "{sim=unknown}");
    let paint = if state == "ready" { Paint::Good } else { Paint::Bad };
    page.painted_row("SIM", paint, &state);
    page.row(
        "asks for",
        match text(reply, "lock").as_deref() {
            Some("pin") => "its PIN",
            Some("puk") => "its PUK",
            Some("network") => "the code of a network lock",
            _ => "nothing",
        },
    );
    page.row(
        "PIN",
        match reply.get("enabled").and_then(Value::as_bool) {
            Some(true) => "asked for at power-on",
            Some(false) => "disabled",
            None => "",
        },
    );
    let tries = joined(", ", reply, "{pin_tries} for the PIN|{puk_tries} for the PUK");
    page.row("tries left", if tries.is_empty() { "the modem does not tell" } else { &tries });
    page.finish()
}

const CELL_HEADS: [&str; 12] =
    ["", "TECH", "BAND", "CHANNEL", "PCI", "AREA", "CELL", "RSRP", "RSRQ", "SINR", "RSSI", "NETWORK"];

/// The reply of `cells`.
pub fn cells(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    let of = |key: &str, mark: &str| -> Vec<Vec<String>> {
        list(reply, key).iter().map(|cell| cell_row(cell, mark)).listed()
    };
    let mut rows = of("serving", "*");
    rows.extend(of("neighbours", ""));
    if rows.is_empty() {
        page.line("No cell to show.");
    } else {
        page.columns(&CELL_HEADS, &rows);
    }
    if let Some(note) = part(reply, "Note: {note}.") {
        page.line(&note);
    }
    page.finish()
}

fn cell_row(cell: &Value, mark: &str) -> Vec<String> {
    let mut row = vec![mark.to_string()];
    row.extend(parts(
        cell,
        "{^technology}|{band}|{earfcn/nrarfcn/uarfcn/arfcn}|{pci/psc/bsic}|{tac/lac}|{cell_id}|\
         {rsrp/rscp} dBm|{rsrq/ecno} dB|{sinr} dB|{rssi} dBm|{mcc_mnc}",
    ));
    row
}

/// The reply of `scan`.
pub fn networks(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    let rows: Vec<Vec<String>> = list(reply, "networks").iter().map(network_row).listed();
    if rows.is_empty() {
        page.line("No network found.");
    } else {
        page.columns(&["PLMN", "NETWORK", "STATE", "TECH", "RSSI"], &rows);
    }
    page.finish()
}

fn network_row(network: &Value) -> Vec<String> {
    let home = network.get("home").and_then(Value::as_bool) == Some(true);
    let pattern = if home {
        "{mcc_mnc}|{operator}|{state=}, home|{^technology}|{rssi} dBm"
    } else {
        "{mcc_mnc}|{operator}|{state}|{^technology}|{rssi} dBm"
    };
    parts(network, pattern)
}

/// The reply of `ussd`.
pub fn ussd(reply: &Value) -> String {
    let mut shown = lines(reply, "text");
    match text(reply, "state").as_deref() {
        Some("asks") => shown.push_str("The network waits: uwand ussd --continue ANSWER, or --cancel.\n"),
        Some("ended") => shown.push_str("The dialogue is over.\n"),
        _ if shown.is_empty() => shown.push_str("The network has done it, without words.\n"),
        _ => {}
    }
    shown
}

fn lines(value: &Value, key: &str) -> String {
    let text = value.get(key).and_then(Value::as_str).unwrap_or_default();
    harmless_lines(text).map(|line| format!("{line}\n")).collect()
}

/// The reply of `sms_send`.
pub fn sent(reply: &Value) -> String {
    match text(reply, "parts").as_deref() {
        None | Some("1") => "sent\n".to_string(),
        Some(_) => joined("", reply, "sent, in {parts} parts\n"),
    }
}

/// The reply of `sms_list`.
pub fn messages(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    let messages = list(reply, "messages");
    if messages.is_empty() {
        page.line("No message.");
    }
    for message in messages {
        show_message(&mut page, message);
    }
    page.finish()
}

fn show_message(page: &mut Page, message: &Value) {
    let ids: Vec<String> = list(message, "ids").iter().map(Value::to_string).listed();
    let mut rest = part(message, " from {from}").or(part(message, " to {to}")).unwrap_or_default();
    append(&mut rest, "", message, ", {time}|, {folder}");
    page.heading(&ids.join(" "), &[(Paint::Plain, rest)]);
    match text(message, "kind").as_deref() {
        Some("report") => {
            page.line(&joined("", message, "  {delivery=}|: {reason}"));
        }
        Some("unreadable") => page.line("  not a message that can be read"),
        _ => harmless_lines(message.get("text").and_then(Value::as_str).unwrap_or("(data)"))
            .for_each(|line| page.line(&format!("  {line}"))),
    }
    if !list(message, "missing").is_empty() {
        page.line("  (parts of it are missing)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn cells_stand_in_columns_with_the_serving_one_marked() {
        let reply = json!({"modem": "1-1", "serving": [{"technology": "lte", "band": "B3", "earfcn": 1300,
            "pci": 42, "rsrp": -95}], "neighbours": [{"technology": "lte", "band": "B20", "earfcn": 6300,
            "pci": 7, "rsrp": -110}], "note": "x\u{1b}[2J"});
        let expected = [
            "   TECH  BAND  CHANNEL  PCI  RSRP",
            "*  LTE   B3    1300     42   -95 dBm",
            "   LTE   B20   6300     7    -110 dBm",
            "Note: x?[2J.",
            "",
        ];
        assert_eq!(cells(&reply, &Style::PLAIN), expected.join("\n"));
    }

    #[test]
    fn a_sim_says_what_it_asks_for_and_how_often_it_may_be_wrong() {
        let reply =
            json!({"modem": "1-1", "sim": "pin-required", "lock": "pin", "enabled": true, "pin_tries": 2});
        let shown = sim(&reply, &Style::PLAIN);
        assert!(shown.contains("its PIN") && shown.contains("2 for the PIN"), "{shown}");
        assert!(sim(&Value::Null, &Style::PLAIN).contains("does not tell"));
    }

    #[test]
    fn a_scan_shows_how_a_network_stands() {
        let reply = json!({"networks": [{"mcc_mnc": "26201", "operator": "Net", "state": "current",
            "home": true, "rssi": -73}]});
        let expected = "PLMN   NETWORK  STATE          RSSI\n26201  Net      current, home  -73 dBm\n";
        assert_eq!(networks(&reply, &Style::PLAIN), expected);
    }

    #[test]
    fn a_message_shows_its_numbers_sender_and_text_and_obeys_nothing() {
        let reply = json!({"messages": [{"ids": [1, 2], "kind": "received", "folder": "unread",
            "from": "+1555", "time": "2026-11-20T12:34:56+01:00", "text": "one\ntwo \u{1b}[2J"}]});
        let expected = "1 2 from +1555, 2026-11-20T12:34:56+01:00, unread\n  one\n  two ?[2J\n";
        assert_eq!(messages(&reply, &Style::PLAIN), expected);
        assert_eq!(messages(&Value::Null, &Style::PLAIN), "No message.\n");
    }

    #[test]
    fn a_question_of_the_network_says_how_to_answer() {
        let shown = ussd(&json!({"state": "asks", "text": "1 yes"}));
        assert!(shown.starts_with("1 yes\n") && shown.contains("--continue"), "{shown}");
    }
}
