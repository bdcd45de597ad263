//! What one modem answered, as text for people.
//!
//! Contract: as of `show`: pure, lenient, all strings made harmless.

use serde_json::Value;

use super::show::{list, text, upper};
use super::table::{Page, Paint, Style};

/// The reply of `sim`.
pub fn sim(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    let id = text(reply, "modem").unwrap_or_default();
    page.heading(&format!("modem {id}"), &[]);
    let state = text(reply, "sim").unwrap_or_else(|| "unknown".to_string());
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
    let tries = |key: &str| text(reply, key);
    page.row("tries left", &counted_tries(tries("pin_tries"), tries("puk_tries")));
    page.finish()
}

fn counted_tries(pin: Option<String>, puk: Option<String>) -> String {
    let pin = pin.map(|tries| format!("{tries} for the PIN"));
    let puk = puk.map(|tries| format!("{tries} for the PUK"));
    let known: Vec<String> = [pin, puk].into_iter().flatten().collect();
    if known.is_empty() { "the modem does not tell".to_string() } else { known.join(", ") }
}

const CELL_HEADS: [&str; 12] =
    ["", "TECH", "BAND", "CHANNEL", "PCI", "AREA", "CELL", "RSRP", "RSRQ", "SINR", "RSSI", "NETWORK"];

/// The reply of `cells`.
pub fn cells(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    let of = |key: &str, mark: &str| -> Vec<Vec<String>> {
        list(reply, key).iter().map(|cell| cell_row(cell, mark)).collect()
    };
    let mut rows = of("serving", "*");
    rows.extend(of("neighbours", ""));
    if rows.is_empty() {
        page.line("No cell to show.");
    } else {
        page.columns(&CELL_HEADS, &rows);
    }
    if let Some(note) = text(reply, "note") {
        page.line(&format!("Note: {note}."));
    }
    page.finish()
}

fn cell_row(cell: &Value, mark: &str) -> Vec<String> {
    let any = |keys: &[&str]| keys.iter().find_map(|key| text(cell, key)).unwrap_or_default();
    let level = |keys: &[&str], unit: &str| {
        keys.iter().find_map(|key| text(cell, key)).map(|value| format!("{value} {unit}")).unwrap_or_default()
    };
    vec![
        mark.to_string(),
        text(cell, "technology").map(|technology| upper(&technology)).unwrap_or_default(),
        any(&["band"]),
        any(&["earfcn", "nrarfcn", "uarfcn", "arfcn"]),
        any(&["pci", "psc", "bsic"]),
        any(&["tac", "lac"]),
        any(&["cell_id"]),
        level(&["rsrp", "rscp"], "dBm"),
        level(&["rsrq", "ecno"], "dB"),
        level(&["sinr"], "dB"),
        level(&["rssi"], "dBm"),
        any(&["mcc_mnc"]),
    ]
}

/// The reply of `scan`.
pub fn networks(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    let rows: Vec<Vec<String>> = list(reply, "networks").iter().map(network_row).collect();
    if rows.is_empty() {
        page.line("No network found.");
    } else {
        page.columns(&["PLMN", "NETWORK", "STATE", "TECH", "RSSI"], &rows);
    }
    page.finish()
}

fn network_row(network: &Value) -> Vec<String> {
    let home = network.get("home").and_then(Value::as_bool) == Some(true);
    let state = text(network, "state").unwrap_or_default();
    vec![
        text(network, "mcc_mnc").unwrap_or_default(),
        text(network, "operator").unwrap_or_default(),
        if home { format!("{state}, home") } else { state },
        text(network, "technology").map(|technology| upper(&technology)).unwrap_or_default(),
        text(network, "rssi").map(|rssi| format!("{rssi} dBm")).unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
}
