//! The exposition against the grammar of OpenMetrics 1.0.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::json::json;

fn status() -> Value {
    json!({"version": "0.1.0", "uptime": 61, "interfaces": [
        {"interface": "wan", "state": "suspect", "since": 5, "traffic": {"rx_bytes": 5e9, "tx_bytes": 1.0},
            "watchdog": {"health": "suspect", "rtt_ms": 23.4, "loss": 5, "used": 1, "budget": 6}},
        {"interface": "wan\"2", "state": "down", "since": 0},
    ], "modems": [
        {"id": "1-1.2", "state": "open", "manufacturer": "Sierra", "model": "EM7455", "revision": "a\\b\nc",
            "operator": "Evil\u{1b}\"} 1\n# EOF", "mcc_mnc": "23003", "technology": "lte", "roaming": false,
            "registration": "home", "imei": "359072060000000", "iccid": "8949012345678901234",
            "imsi": "262011234567890", "numbers": ["+15550100018"], "temperature": 41.5,
            "signal": {"rssi": -60, "rsrp": -95, "rsrq": -10.2, "sinr": 7.5}, "malformed": 0, "timeouts": 2},
        {"id": "359072060000000", "state": "seen", "malformed": 0, "timeouts": 0},
    ]})
}

fn counts() -> Value {
    json!([{"interface": "wan", "outages": 3, "seconds": 75,
        "rungs": [{"rung": "reconnect", "tried": 3, "worked": 2}, {"rung": "reset", "tried": 1, "worked": 1}]}])
}

/// Name and labels of a sample line; the labels read by the grammar's escapes.
fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let end = line.find(['{', ' ']).expect("a name");
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    while let Some(inside) = rest.strip_prefix(['{', ',']) {
        let (label, after) = inside.split_once("=\"").expect("label");
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().expect("a closed quote") {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().expect("an escaped character").1 {
                    'n' => '\n',
                    same @ ('\\' | '"') => same,
                    other => panic!("escape {other}"),
                }),
                (_, c) => value.push(c),
            }
        };
        assert!(labels.insert(label.to_string(), value).is_none(), "{label} twice: {line}");
        rest = &after[end + 1..];
    }
    let number = rest.trim_start_matches('}').strip_prefix(' ').expect("one blank");
    (name.to_string(), labels, number.parse().expect("a number"))
}

/// What OpenMetrics demands of a whole exposition; gives its samples.
fn checked(text: &str) -> Vec<(String, BTreeMap<String, String>, f64)> {
    let body = text.strip_suffix("# EOF\n").expect("an end");
    let mut families = BTreeSet::new();
    let (mut family, mut kind, mut unit) = (String::new(), String::new(), String::new());
    let mut samples: Vec<(String, BTreeMap<String, String>, f64)> = Vec::new();
    for line in body.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words.as_slice() {
            ["#", "TYPE", name, of] => {
                assert!(families.insert(name.to_string()), "{name}: its samples are not in one place");
                (family, kind, unit) = (name.to_string(), of.to_string(), String::new());
                assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
                assert!(!name.ends_with("_total") && !name.ends_with("_info"), "{name}");
            }
            ["#", "UNIT", name, of] => {
                unit = of.to_string();
                assert!(*name == family && name.ends_with(&format!("_{unit}")), "{line}");
            }
            ["#", "HELP", name, help] => assert!(*name == family && help.ends_with('.'), "{line}"),
            _ => {
                let (name, labels, value) = sample(line);
                let suffix = name.strip_prefix(family.as_str()).expect("of its family");
                let (expected, good) = match kind.as_str() {
                    "gauge" => ("", value.is_finite()),
                    "counter" => ("_total", value >= 0.0),
                    "info" => ("_info", value == 1.0 && unit.is_empty()),
                    "stateset" => (
                        "",
                        (value == 0.0 || value == 1.0) && labels.contains_key(&family) && unit.is_empty(),
                    ),
                    other => panic!("type {other}"),
                };
                assert!(suffix == expected && good, "{line}");
                let twice = samples.iter().any(|(other, of, _)| (other, of) == (&name, &labels));
                assert!(!twice, "twice: {line}");
                samples.push((name, labels, value));
            }
        }
    }
    samples
}

#[test]
fn every_family_is_as_openmetrics_wants_it() {
    let text = text(&status(), &counts());
    let samples = checked(&text);
    for family in FAMILIES {
        let of_it = |(name, _, _): &(String, _, _)| name.starts_with(&format!("uwand_{}", family.name));
        assert!(samples.iter().any(of_it), "{} has no sample", family.name);
    }
    let value = |name: &str| samples.iter().find(|(found, _, _)| found == name).map(|(_, _, value)| *value);
    assert_eq!(value("uwand_probe_rtt_seconds"), Some(0.0234));
    assert_eq!(value("uwand_probe_loss_ratio"), Some(0.05));
    assert_eq!(value("uwand_interface_receive_bytes_total"), Some(5e9));
    assert_eq!(value("uwand_modem_rsrq_db"), Some(-10.2));
    assert_eq!(value("uwand_outages_total"), Some(3.0));
    let states = samples.iter().filter(|(name, labels, value)| {
        name == "uwand_interface_state" && labels["interface"] == "wan" && *value == 1.0
    });
    assert_eq!(
        states.map(|(_, labels, _)| labels["uwand_interface_state"].as_str()).collect::<Vec<_>>(),
        ["suspect"]
    );
}

/// The reference parser of OpenMetrics: `pip install prometheus_client`.
const REFERENCE: &str = "
import sys
try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
except ImportError:
    sys.exit(77)
print(sum(len(family.samples) for family in parse(sys.stdin.read())))
";

#[test]
fn the_reference_parser_reads_the_same() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let text = text(&status(), &counts());
    let skip = |why: &str| {
        // Not eprintln!, which the runner captures.
        let _ = writeln!(std::io::stderr().lock(), "skipped: {why}");
    };
    let python =
        Command::new("python3").args(["-c", REFERENCE]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut python) = python else { return skip("no python3 for prometheus_client") };
    // Where the module is missing nobody reads it.
    let _ = python.stdin.take().expect("piped").write_all(text.as_bytes());
    let output = python.wait_with_output().expect("ended");
    if output.status.code() == Some(77) {
        return skip("python3 has no prometheus_client");
    }
    let read = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert_eq!(read.trim(), checked(&text).len().to_string());
}

#[test]
fn hostile_names_stay_inside_their_quotes() {
    let samples = checked(&text(&status(), &counts()));
    let network = samples.iter().find(|(name, _, _)| name == "uwand_modem_network_info").expect("there");
    assert_eq!(network.1["operator"], "Evil?\"} 1\n# EOF");
    let modem = samples.iter().find(|(name, _, _)| name == "uwand_modem_info").expect("there");
    assert_eq!(modem.1["revision"], "a\\b\nc");
    assert!(
        samples.iter().any(|(_, labels, _)| labels.get("interface").is_some_and(|name| name == "wan\"2"))
    );
}

#[test]
fn no_identity_is_told() {
    let text = text(&status(), &counts());
    for secret in ["359072060000000", "8949012345678901234", "262011234567890", "15550100018"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn what_is_not_known_has_no_sample() {
    assert_eq!(text(&json!({}), &json!(null)), "# EOF\n");
    let text =
        text(&json!({"interfaces": [{"interface": "wan", "state": 7}, 5], "modems": {}}), &json!([{}]));
    let samples = checked(&text);
    assert!(samples.iter().all(|(_, _, value)| *value == 0.0), "{text}");
}

#[test]
fn a_number_is_written_with_the_decimals_that_it_has() {
    for (value, text) in [
        (0.0, "0"),
        (1.0, "1"),
        (-10.2, "-10.2"),
        (23.4 * 0.001, "0.0234"),
        (5e9, "5000000000"),
        (9e15, "9000000000000000"),
        (0.999_999_9, "1"),
        (100.0, "100"),
    ] {
        assert_eq!(decimal(value), text);
    }
}
