//! How answers, echoes and unsolicited codes are told apart.

use super::codec::{Event, MOST_LINE, MOST_REPLY, Sorter};
use super::result::{Final, Reason};

/// What came of one command, split after every `step` bytes.
fn run(command: &str, said: &[u8], step: usize) -> (Option<(Vec<String>, Final)>, Vec<String>) {
    let mut sorter = Sorter::new();
    sorter.begin(command, false);
    let mut events = Vec::new();
    for chunk in said.chunks(step) {
        sorter.feed(chunk, &mut events);
    }
    let mut done = None;
    let mut unsolicited = Vec::new();
    for event in events {
        match event {
            Event::Done(reply) => done = Some((reply.lines, reply.result)),
            Event::Unsolicited(code) => unsolicited.push(code.line + &code.body.unwrap_or_default()),
            Event::Prompt | Event::Flood => panic!("neither prompt nor flood"),
        }
    }
    (done, unsolicited)
}

#[track_caller]
fn check(command: &str, said: &str, lines: &[&str], result: Final, unsolicited: &[&str]) {
    for step in 1..=said.len() {
        let (done, codes) = run(command, said.as_bytes(), step);
        let (got, end) = done.unwrap_or_else(|| panic!("no end at step {step}"));
        assert_eq!(
            (got.as_slice(), end),
            (lines.iter().map(|l| l.to_string()).collect::<Vec<_>>().as_slice(), result.clone())
        );
        assert_eq!(codes, unsolicited, "step {step}");
    }
}

#[test]
fn an_answer_is_the_same_at_every_split() {
    check("AT+CSQ", "\r\n+CSQ: 18,99\r\n\r\nOK\r\n", &["+CSQ: 18,99"], Final::Ok, &[]);
    check("AT", "AT\r\r\nOK\r\n", &[], Final::Ok, &[]);
    check(
        "AT+CNUM",
        "\r\n+CNUM: \"\",\"+1\",145\r\n\r\n\r\nOK\r\n",
        &["+CNUM: \"\",\"+1\",145"],
        Final::Ok,
        &[],
    );
}

#[test]
fn echoes_are_dropped_whole_cut_or_glued() {
    check("ATE0", "ATE0\r\r\nOK\r\n", &[], Final::Ok, &[]);
    check("ATE1 E0", "E0\r\r\nERROR\r\n", &[], Final::Error, &[]);
    check("ATE1 E0", "ATE1 E0 E0\r\r\nERROR\r\n", &[], Final::Error, &[]);
    check("ATE0Q0V1", "RDATE0Q0V1\r\nCOMMAND NOT SUPPORT\r\n", &[], Final::NotSupported, &["RD"]);
}

#[test]
fn unsolicited_codes_are_taken_out_of_an_answer() {
    let said = "+CGREG: 1,\"8BE3\",\"2B5D\",3\r\n+CSQ: 1,99\r\n+CMT: ,24\r\n0791\r\nRING\r\nOK\r\n";
    check(
        "AT+CSQ",
        said,
        &["+CSQ: 1,99"],
        Final::Ok,
        &["+CGREG: 1,\"8BE3\",\"2B5D\",3", "+CMT: ,240791", "RING"],
    );
    check("AT+CSQ", "NO CARRIER\r\n+CSQ: 1,99\r\nOK\r\n", &["+CSQ: 1,99"], Final::Ok, &["NO CARRIER"]);
}

#[test]
fn what_was_asked_for_is_no_unsolicited_code() {
    check(
        "AT+CREG?",
        "+CREG: 5\r\n+CREG: 2,1,\"8B\",\"2B\"\r\nOK\r\n",
        &["+CREG: 2,1,\"8B\",\"2B\""],
        Final::Ok,
        &["+CREG: 5"],
    );
    check("AT+CPIN?", "+CPIN: READY\r\nOK\r\n", &["+CPIN: READY"], Final::Ok, &[]);
    check("AT+CPIN=\"1234\"", "OK\r\n", &[], Final::Ok, &[]);
    check("AT+CREG=2", "+CREG: 1,\"8B\",\"2B\"\r\nOK\r\n", &[], Final::Ok, &["+CREG: 1,\"8B\",\"2B\""]);
    check("AT+CUSD=1,\"*111#\",15", "+CUSD: 0,\"hi\"\r\nOK\r\n", &[], Final::Ok, &["+CUSD: 0,\"hi\""]);
}

#[test]
fn a_second_ok_belongs_to_nobody() {
    check("AT+CREG=2", "\r\nOK\r\n\r\nOK\r\n", &[], Final::Ok, &[]);
}

#[test]
fn a_lost_line_break_is_found() {
    let said = "+QCAINFO: \"SCC\",1,-,-+QCAINFO: \"SCC\",2,\"a\"\r\nOK\r\n";
    check("AT+QCAINFO", said, &["+QCAINFO: \"SCC\",1,-,-", "+QCAINFO: \"SCC\",2,\"a\""], Final::Ok, &[]);
}

#[test]
fn a_call_ends_with_its_own_results() {
    check("ATD*99#", "\r\nCONNECT 115200\r\n", &[], Final::Connect, &[]);
    check("ATD112;", "\r\nNO CARRIER\r\n", &[], Final::NoCarrier, &[]);
}

#[test]
fn a_prompt_has_no_line_end_and_the_text_may_be_echoed() {
    let mut sorter = Sorter::new();
    let mut events = Vec::new();
    sorter.begin("AT+CMGS=22", true);
    sorter.feed(b"AT+CMGS=22\r\r\n> ", &mut events);
    assert_eq!(events, [Event::Prompt]);
    sorter.sent_text("0021000B91");
    sorter.feed(b"0021000B91\x1a\r\n+CMGS: 7\r\n\r\nOK\r\n", &mut events);
    let Some(Event::Done(reply)) = events.pop() else { panic!("an answer") };
    assert_eq!((reply.lines, reply.result), (vec!["+CMGS: 7".to_string()], Final::Ok));
}

#[test]
fn an_error_instead_of_the_prompt_ends_the_command() {
    let mut sorter = Sorter::new();
    let mut events = Vec::new();
    sorter.begin("AT+CMGS=22", true);
    sorter.feed(b"\r\n+CMS ERROR: 331\r\n> ", &mut events);
    let Some(Event::Done(reply)) = events.pop() else { panic!("an answer") };
    assert_eq!(reply.result, Final::Message(Reason::Number(331)));
}

#[test]
fn a_port_that_never_ends_its_line_takes_bounded_memory() {
    let mut sorter = Sorter::new();
    let mut events = Vec::new();
    sorter.begin("AT+CSQ", false);
    for _ in 0..10 {
        sorter.feed(&vec![b'x'; MOST_LINE], &mut events);
    }
    sorter.feed(b"\r\n+CSQ: 1,99\r\nOK\r\n", &mut events);
    let Some(Event::Done(reply)) = events.pop() else { panic!("an answer") };
    assert_eq!(reply.lines, ["+CSQ: 1,99"]);
}

#[test]
fn an_answer_without_end_is_given_up() {
    let mut sorter = Sorter::new();
    let mut events = Vec::new();
    sorter.begin("AT+CMGL=4", false);
    for _ in 0..=MOST_REPLY / size_of::<String>() {
        sorter.feed(b"x\r\n", &mut events);
    }
    assert_eq!(events.first(), Some(&Event::Flood));
    assert!(!sorter.is_waiting());
}
