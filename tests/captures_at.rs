//! The AT codec against what real modems said: answers as ModemManager's tests expect them,
//! sessions with their exact bytes, and every cut and flip.

mod vectors;

use std::collections::BTreeMap;

use serde_json::Value;
use uwand::at::codec::{Event, Sorter};
use uwand::at::fields::Fields;
use uwand::at::probe::{Probe, Verdict};
use uwand::at::read::{context, message, operator, quectel, registration, sierra, signal, sim, ussd};
use uwand::at::result::Final;
use uwand::words::{PdpType, Registration, SimState, Technology};
use vectors::{bytes, every_mutation, load, text};

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
fn results_are_found_where_modemmanager_finds_them() {
    /// We trim lines, so that this is an error without words.
    const ALSO: &[&str] = &["\r\n+CME ERROR:\r\n", "\r\n+CMS ERROR:\r\n"];
    let records = responses(&["parse_ok_tests", "parse_error_tests"]);
    for record in &records {
        let (said, expected) = (text(record, "text"), &record["meaning"]);
        let Some((_, result)) = exchange("AT", said.as_bytes(), 1).0 else { panic!("{said:?}: no end") };
        let is_error = expected["expected_error"] == true || ALSO.contains(&said);
        assert_eq!(!result.is_ok(), is_error, "{said:?}");
    }
    println!("results: {}, {} excepted", records.len(), ALSO.len());
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

/// What came of `said` after `command`, in pieces of `step` bytes.
fn exchange(command: &str, said: &[u8], step: usize) -> (Option<(Vec<String>, Final)>, Vec<String>) {
    let mut sorter = Sorter::new();
    sorter.begin(command, false);
    let mut events = Vec::new();
    for chunk in said.chunks(step) {
        sorter.feed(chunk, &mut events);
    }
    let (mut done, mut unsolicited) = (None, Vec::new());
    for event in events {
        match event {
            Event::Done(reply) => done = Some((reply.lines, reply.result)),
            Event::Unsolicited(code) => {
                unsolicited.extend([Some(code.line), code.body].into_iter().flatten())
            }
            Event::Prompt | Event::Flood => {}
        }
    }
    (done, unsolicited)
}

#[test]
fn no_line_of_any_recorded_answer_is_lost_at_any_split() {
    let records = load("at/responses-modemmanager.json");
    let mut by_prefix: BTreeMap<String, u32> = BTreeMap::new();
    for record in &records {
        let prefix = text(record, "prefix");
        let command =
            format!("AT{}?", if prefix.starts_with(|c: char| c.is_alphanumeric()) { "" } else { prefix });
        let mut said = bytes(record, "hex");
        said.extend(b"\r\n\r\nOK\r\n");
        let whole = exchange(&command, &said, said.len());
        for step in [1, 2, 3, 7, 16] {
            assert_eq!(exchange(&command, &said, step), whole, "{}", text(record, "id"));
        }
        let (done, unsolicited) = whole;
        let (kept, _) = done.unwrap_or_else(|| panic!("{}: no end", text(record, "id")));
        let mut expected = lines(record);
        expected.retain(|line| Final::parse(line).is_none());
        if lines(record).len() == expected.len() {
            assert_eq!(kept.len() + unsolicited.len(), expected.len(), "{}", text(record, "id"));
        }
        *by_prefix.entry(prefix.to_owned()).or_default() += 1;
    }
    println!("answers sorted: {} of {} names", records.len(), by_prefix.len());
}

/// Feeds a recorded session; gives the counts of commands, of answers, and of unsolicited lines.
fn session(events: &[Value], exact: bool) -> (usize, usize, usize) {
    let mut sorters: BTreeMap<String, Sorter> = BTreeMap::new();
    let (mut commands, mut answers, mut codes) = (0, 0, 0);
    for event in events {
        let sorter = sorters.entry(text(event, "port").to_owned()).or_default();
        let mut said = text(event, "text").to_owned();
        if text(event, "direction") == "host->modem" {
            if sorter.is_waiting() && said.ends_with('\u{1a}') {
                sorter.sent_text(&said);
                continue;
            }
            sorter.begin(&said, said.contains("+CMGS"));
            commands += 1;
            continue;
        }
        let mut out = Vec::new();
        let raw = if exact { bytes(event, "hex") } else { Vec::new() };
        if !exact && !said.ends_with('\n') {
            said.push('\n');
        }
        let raw = if raw.is_empty() { said.into_bytes() } else { raw };
        raw.chunks(1).for_each(|chunk| sorter.feed(chunk, &mut out));
        answers += out.iter().filter(|event| matches!(event, Event::Done(_))).count();
        codes += out.iter().filter(|event| matches!(event, Event::Unsolicited(_))).count();
    }
    (commands, answers, codes)
}

#[test]
fn recorded_sessions_are_followed_to_their_ends() {
    let files = [
        "at/transcripts-modemmanager-commits.json",
        "at/transcripts-hand.json",
        "at/transcripts-quectel.json",
    ];
    let mut found = Vec::new();
    for file in files {
        let (mut commands, mut answers, mut codes) = (0, 0, 0);
        for record in load(file) {
            let events = record["events"].as_array().expect("events");
            let one = session(events, record["exact_bytes"] == true);
            (commands, answers, codes) = (commands + one.0, answers + one.1, codes + one.2);
        }
        println!("{file}: {commands} commands, {answers} answers, {codes} unsolicited");
        found.push((commands, answers, codes));
    }
    // What has no answer has none in the log: sent again before one came, or cut there.
    if found.first().is_some_and(|counts| counts.0 > 0) {
        assert_eq!(found, [(105, 77, 20), (33, 24, 7), (37, 37, 13)]);
    }
}

#[test]
fn what_is_recorded_of_other_ports_is_no_at_port() {
    let records = load("at/transcripts-modemmanager-commits.json");
    let verdict = |id: &str| {
        let record = records.iter().find(|record| text(record, "id") == id)?;
        let mut probe = Probe::new();
        let events = record["events"].as_array().expect("events").iter();
        let verdicts = events.map(|event| probe.feed(&bytes(event, "hex")));
        verdicts.filter(|verdict| *verdict != Verdict::Undecided).last()
    };
    if records.is_empty() {
        return;
    }
    assert_eq!(verdict("mm-commit-60de5751b4"), Some(Verdict::Binary));
    assert_eq!(verdict("mm-commit-0b5f2adb4b"), Some(Verdict::Binary));
    assert_eq!(verdict("mm-commit-619b054e5c"), Some(Verdict::Nmea));
    assert_eq!(verdict("mm-commit-f79cf7c78e"), Some(Verdict::At));
}

#[test]
fn answers_recorded_by_gammu_end_and_lose_their_echo() {
    let (mut ended, mut codes, mut stored) = (0, 0, 0);
    for record in load("at/transcripts-gammu.json") {
        let (id, said) = (text(&record, "id"), text(&record, "text"));
        let command = said.lines().next().filter(|line| line.starts_with("AT")).unwrap_or("AT");
        let (done, unsolicited) = exchange(command.trim(), said.as_bytes(), 1);
        if id.starts_with("gammu-at-ussd") {
            let answer =
                unsolicited.first().and_then(|line| ussd::ussd(line)).unwrap_or_else(|| panic!("{id}"));
            assert!(!answer.text.is_empty(), "{id}");
            codes += 1;
            continue;
        }
        let (kept, result) = done.unwrap_or_else(|| panic!("{id}: no end"));
        assert!(result.is_ok(), "{id}: {result}");
        assert!(!kept.iter().any(|line| line.starts_with("AT+")), "{id}: an echo");
        stored += usize::from(message::read(1, &kept).is_some());
        ended += 1;
    }
    println!("recorded by gammu: {ended} answers, {codes} of USSD, {stored} stored messages");
}

fn read_everything(line: &str) {
    let one = [line.to_owned(), "0791".to_owned()];
    let _seen = (signal::csq(line), signal::cesq(line), signal::xcesq(line), registration::status(line));
    let _seen = (operator::current(line), operator::scan(line), sim::lock(line), sim::iccid(line));
    let _seen = (sim::iccid_of_file(line), sim::imsi(line), sim::imei(line), sim::own_number(line));
    let _seen = (message::list(&one), message::read(1, &one), message::arrived(line), message::store(line));
    let _seen = (context::context(line), context::active(line), ussd::ussd(line), quectel::cell(line));
    let _seen = (sierra::general_status(&one), sierra::composition(&one), sierra::choice(line));
    let _seen = (sierra::numbered_composition(line), sierra::image_preference(&one), Fields::new(line).len());
}

#[test]
fn no_cut_and_no_flip_of_a_recorded_answer_is_a_panic() {
    let mut tried = 0u32;
    let records = load("at/responses-modemmanager.json").into_iter().chain(load("at/transcripts-gammu.json"));
    for record in records {
        let said = bytes(&record, "hex");
        let command = format!("AT{}?", text(&record, "prefix"));
        every_mutation(said.get(..said.len().min(80)).unwrap_or_default(), |mutation| {
            tried += 1;
            let (done, unsolicited) = exchange(&command, mutation, mutation.len().max(1));
            let kept = done.map(|(lines, _)| lines).unwrap_or_default();
            kept.iter().chain(&unsolicited).for_each(|line| read_everything(line));
            read_everything(&String::from_utf8_lossy(mutation));
            Probe::new().feed(mutation);
        });
    }
    println!("mutations tried: {tried}");
}
