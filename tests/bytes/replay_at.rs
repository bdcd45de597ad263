//! The AT codec against recorded answers and sessions: nothing is lost at any split, sessions
//! are followed to their ends, and no cut or flip is a panic.

use crate::vectors;

use std::collections::BTreeMap;

use uwand::at::codec::{Event, Sorter};
use uwand::at::fields::Fields;
use uwand::at::probe::{Probe, Verdict};
use uwand::at::read::{context, message, operator, quectel, registration, sierra, signal, sim, ussd};
use uwand::at::result::Final;
use vectors::{bytes, every_mutation, load, text};

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
        every_mutation(said.get(..said.len().min(64)).unwrap_or_default(), |mutation| {
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
