//! What answers mean, against what ModemManager's tests expect of those of real modems, and
//! lines of recorded sessions.

use crate::vectors;

use uwand::at::read::{context, message, operator, quectel, registration, sierra, signal, sim};
use uwand::at::result::Final;
use uwand::words::{PdpType, Registration, SimState, Technology};
use vectors::{load, text};

use uwand::json::Value;

fn responses(prefix_of_test: &[&str]) -> Vec<Value> {
    let mut records = load("at/responses-modemmanager.json");
    records.retain(|record| prefix_of_test.iter().any(|name| text(record, "test").starts_with(name)));
    records
}

fn lines(record: &Value) -> Vec<String> {
    let text = text(record, "text");
    text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn first(record: &Value) -> String {
    lines(record).into_iter().next().unwrap_or_default()
}

fn float(value: &Value) -> Option<f32> {
    let text = value.as_str()?.replace(' ', "");
    text.parse().ok()
}

fn technology(name: &str) -> Option<Technology> {
    match name.strip_prefix("MM_MODEM_ACCESS_TECHNOLOGY_").unwrap_or(name) {
        "GSM" | "GSM_COMPACT" | "EDGE" | "GPRS" => Some(Technology::Gsm),
        "UMTS" | "HSDPA" | "HSUPA" | "HSPA" => Some(Technology::Umts),
        "LTE" => Some(Technology::Lte),
        "5GNR" => Some(Technology::FivegSa),
        _ => None,
    }
}

fn state(name: &str) -> Registration {
    match name.strip_prefix("MM_MODEM_3GPP_REGISTRATION_STATE_").unwrap_or(name) {
        "IDLE" | "EMERGENCY_ONLY" | "ATTACHED_RLOS" => Registration::NotRegistered,
        "HOME" | "HOME_SMS_ONLY" | "HOME_CSFB_NOT_PREFERRED" => Registration::Home,
        "SEARCHING" => Registration::Searching,
        "DENIED" => Registration::Denied,
        "ROAMING" | "ROAMING_SMS_ONLY" | "ROAMING_CSFB_NOT_PREFERRED" => Registration::Roaming,
        _ => Registration::Unknown,
    }
}

/// Where ModemManager reads an area that we leave out.
const NO_AREA: &[(&str, &str)] = &[("test_creg2_gobi_weird_solicited", "an area with a blank inside: 0 5")];

/// Reports that have the layout of an answer.
const REPORTS_LIKE_ANSWERS: &[&str] = &[
    "test_creg2_md400_unsolicited",
    "test_cgreg2_x220_unsolicited",
    "test_creg2_s8500_wave_unsolicited",
    "test_creg2_s8500_wave_multidigit_stat_unsolicited",
];

#[test]
fn registration_means_what_modemmanager_says() {
    let mut checked = 0;
    for record in responses(&["test_creg", "test_cgreg", "test_cereg", "test_c5greg"]) {
        let (name, expected) = (text(&record, "test"), &record["meaning"]["result"]);
        let line = first(&record);
        let status = registration::status(&line).unwrap_or_else(|| panic!("{name}: {line}"));
        assert_eq!(status.registration(), state(expected[0].as_str().expect("a state")), "{name}");
        if !NO_AREA.iter().any(|(known, _)| *known == name) {
            assert_eq!(u64::from(status.area.unwrap_or(0)), expected[1].as_u64().expect("an area"), "{name}");
        }
        assert_eq!(status.cell.unwrap_or(0), expected[2].as_u64().expect("a cell"), "{name}");
        assert_eq!(status.technology, technology(expected[3].as_str().expect("a technology")), "{name}");
        let as_answer = REPORTS_LIKE_ANSWERS.contains(&name);
        assert_eq!(registration::is_report(&line), name.contains("unsolicited") && !as_answer, "{name}");
        checked += 1;
    }
    println!("registration: {checked}, {} areas excepted", NO_AREA.len());
}

/// Where ModemManager says something else, and why we don't.
const NOT_THE_SAME_SCAN: &[(&str, &str)] = &[
    ("test_cops_response_mf627a", "it reads the name in the GSM alphabet, where @ is ¡"),
    ("test_cops_response_mf627b", "it reads the name in the GSM alphabet, where @ is ¡"),
    ("test_cops_response_quicksilver", "it takes a code of seven digits for a network"),
];

#[test]
fn scans_mean_what_modemmanager_says() {
    let mut networks = 0;
    let mut wrong = Vec::new();
    let records = responses(&["test_cops_response"]);
    for record in &records {
        let name = text(record, "test");
        let found = operator::scan(text(record, "text")).unwrap_or_default();
        let expected = record["meaning"]["expected"].as_array().cloned().unwrap_or_default();
        let seen: Vec<_> = found
            .iter()
            .map(|n| {
                (
                    n.long.as_deref(),
                    n.short.as_deref(),
                    n.mcc_mnc.as_str(),
                    n.technology,
                    n.availability.as_str(),
                )
            })
            .collect();
        let wanted: Vec<_> = expected
            .iter()
            .map(|n| {
                let availability = text_of(&n[0]).rsplit('_').next().unwrap_or_default().to_lowercase();
                (n[1].as_str(), n[2].as_str(), text_of(&n[3]), technology(text_of(&n[4])), availability)
            })
            .collect();
        let wanted: Vec<_> = wanted.iter().map(|n| (n.0, n.1, n.2, n.3, n.4.as_str())).collect();
        let excepted = NOT_THE_SAME_SCAN.iter().any(|(known, _)| *known == name);
        if seen != wanted && !excepted {
            wrong.push(format!("{name}:\n  {seen:?}\n  {wanted:?}"));
        }
        networks += found.len();
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    println!("scans: {}, with {networks} networks, {} excepted", records.len(), NOT_THE_SAME_SCAN.len());
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn operators_in_use_mean_what_modemmanager_says() {
    let records = responses(&["cops_query_data"]);
    for record in &records {
        let expected = &record["meaning"];
        let current = operator::current(&first(record)).expect("an operator");
        assert_eq!(Some(u64::from(current.mode)), expected["mode"].as_u64());
        assert_eq!(current.mcc_mnc.or(current.name).as_deref(), expected["operator"].as_str());
        assert_eq!(current.technology, technology(text(expected, "act")));
    }
    println!("operators: {}", records.len());
}

#[test]
fn levels_mean_what_modemmanager_says() {
    let records = responses(&["cesq_response_tests", "xcesq_response_tests"]);
    for record in &records {
        let (line, expected) = (first(record), &record["meaning"]);
        let levels = signal::cesq(&line).or_else(|| signal::xcesq(&line)).expect("levels");
        let whole = |value: Option<i32>| value.map(|value| value as f32);
        assert_eq!(whole(levels.signal.rssi_dbm), float(&expected["rssi"]), "{line}");
        assert_eq!(whole(levels.signal.rsrp_dbm), float(&expected["rsrp"]), "{line}");
        assert_eq!(levels.signal.rsrq_db, float(&expected["rsrq"]), "{line}");
        assert_eq!(levels.signal.sinr_db, float(&expected["rssnr"]), "{line}");
        assert_eq!(whole(levels.rscp_dbm), float(&expected["rscp"]), "{line}");
        assert_eq!(levels.ecio_db, float(&expected["ecio"]), "{line}");
    }
    println!("levels: {}", records.len());
}

#[test]
fn locks_mean_what_modemmanager_says() {
    let records = responses(&["test_cpin_responses"]);
    for record in &records {
        let line = first(record);
        let expected = text(&record["meaning"], "expected_lock");
        let state = match Final::parse(&line) {
            Some(result) => sim::lock_of_error(&result),
            None => sim::lock(&line).map(|lock| lock.state),
        };
        let wanted = match expected.strip_prefix("MM_MODEM_LOCK_").expect("a lock") {
            "UNKNOWN" => None,
            "SIM_PIN" => Some(SimState::PinRequired),
            // No lock for us: data works all the same.
            "SIM_PUK2" => Some(SimState::Ready),
            "PH_NET_PIN" => Some(SimState::Failed),
            other => panic!("{other}"),
        };
        assert_eq!(state, wanted, "{line}");
    }
    println!("locks: {}", records.len());
}

#[test]
fn own_numbers_mean_what_modemmanager_says() {
    let mut checked = 0;
    for record in responses(&["test_cnum_response"]) {
        let found: Vec<_> = lines(&record).iter().filter_map(|line| sim::own_number(line)).collect();
        if !text(&record, "text").starts_with("+CNUM") {
            continue;
        }
        let expected: Vec<&str> = record["meaning"]["expected"]
            .as_array()
            .expect("numbers")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(
            found.iter().map(|id| id.reveal()).collect::<Vec<_>>(),
            expected,
            "{}",
            text(&record, "test")
        );
        checked += 1;
    }
    println!("own numbers: {checked}");
}

fn hex(pdu: &[u8]) -> String {
    pdu.iter().map(|octet| format!("{octet:02X}")).collect()
}

#[test]
fn stored_messages_mean_what_modemmanager_says() {
    let mut checked = 0;
    for record in responses(&["test_cmgl_response", "test_cmgr_response"]) {
        let (name, expected) = (text(&record, "test"), &record["meaning"]["expected"]);
        let (found, expected) = match expected.as_array() {
            Some(expected) => (message::list(&lines(&record)), expected.clone()),
            None => (message::read(0, &lines(&record)).into_iter().collect(), vec![expected.clone()]),
        };
        assert_eq!(found.len(), expected.len(), "{name}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(Some(u64::from(found.index)), expected["index"].as_u64(), "{name}");
            assert_eq!(Some(u64::from(found.status)), expected["status"].as_u64(), "{name}");
            // A last half octet is dropped.
            let digits = text(expected, "pdu");
            assert_eq!(hex(&found.pdu), digits[..digits.len() / 2 * 2], "{name}");
            checked += 1;
        }
    }
    println!("stored messages: {checked}");
}

#[test]
fn contexts_mean_what_modemmanager_says() {
    let mut checked = 0;
    for record in responses(&["test_cgdcont_read_response"]) {
        let name = text(&record, "test");
        let expected = record["meaning"]["expected"].as_array().expect("contexts").clone();
        let mut found: Vec<_> = lines(&record).iter().filter_map(|line| context::context(line)).collect();
        // The reference leaves out what is no IP.
        found.retain(|context| context.kind.is_some());
        assert_eq!(found.len(), expected.len(), "{name}");
        for (found, expected) in found.iter().zip(&expected) {
            let kind = match text_of(&expected[1]).strip_prefix("MM_BEARER_IP_FAMILY_").unwrap_or_default() {
                "IPV4" => Some(PdpType::Ipv4),
                "IPV6" => Some(PdpType::Ipv6),
                "IPV4V6" => Some(PdpType::Ipv4v6),
                _ => None,
            };
            assert_eq!((Some(u64::from(found.id)), found.kind), (expected[0].as_u64(), kind), "{name}");
            assert_eq!(found.apn, text_of(&expected[2]), "{name}");
            checked += 1;
        }
    }
    println!("contexts: {checked}");
}

#[test]
fn functionality_means_what_modemmanager_says() {
    let records = responses(&["cfun_query_tests"]);
    for record in &records {
        let found = context::functionality(&first(record)).map(u64::from);
        assert_eq!(found, record["meaning"]["state"].as_u64());
    }
    println!("functionality: {}", records.len());
}

/// What the modem said in one session, line by line.
fn said(file: &str, id: &str) -> Vec<String> {
    let records = load(file);
    let found = records.iter().find(|record| text(record, "id") == id);
    let events = found.and_then(|record| record["events"].as_array()).cloned().unwrap_or_default();
    let from_modem = events.iter().filter(|event| text(event, "direction") == "modem->host");
    from_modem.flat_map(|event| text(event, "text").lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn lines_of_recorded_sessions_are_read() {
    let hand = "at/transcripts-hand.json";
    if load(hand).is_empty() {
        return;
    }
    let em7355 = said(hand, "em7355-usbcomp");
    assert_eq!(em7355.iter().find_map(|line| sierra::numbered_composition(line)), Some(6));
    let choices: Vec<bool> =
        em7355.iter().filter_map(|line| sierra::choice(line)).map(|c| c.supported).collect();
    assert_eq!(choices, [false, true]);
    let wp7607 = sierra::composition(&said(hand, "wp7607-usbcomp")).expect("a composition");
    assert_eq!((wp7607.index, wp7607.bitmask, wp7607.has_at()), (1, 0x0009_014f, true));
    let telstra: Vec<_> = said(hand, "telstra-cgdcont")
        .iter()
        .filter_map(|line| context::context(line))
        .map(|c| c.kind)
        .collect();
    assert_eq!(telstra, [Some(PdpType::Ipv4v6), Some(PdpType::Ipv4), Some(PdpType::Ipv6)]);
    let rm551e = said(hand, "rm551e-session");
    assert!(rm551e.iter().any(|line| sim::iccid(line).is_some_and(|iccid| iccid.reveal().len() == 19)));
    assert!(rm551e.iter().any(|line| sim::imsi(line).is_some()));
    let csq = said(hand, "rm500q-qeng-3ginfo").iter().find_map(|line| signal::csq(line)).expect("a level");
    assert_eq!(csq.rssi_dbm, None);
    let cells: Vec<_> = load("at/transcripts-quectel.json")
        .iter()
        .flat_map(|record| said("at/transcripts-quectel.json", text(record, "id")))
        .filter_map(|line| quectel::cell(&line))
        .collect();
    assert_eq!(cells.len(), 4);
    assert!(cells.iter().all(|cell| cell.cell == Some(0x1_70c2_3000) && cell.band == Some(41)));
}
