//! Frames that the project recorded itself (tests/captures): mbimcli's and qmicli's, and those
//! of the simulated modem that they understood. Each comes out of the codec byte for byte.

#[allow(dead_code)] // what libmbim prints is compared elsewhere
use crate::mbim_table;

use mbim_table::decoders;
use uwand::mbim::{Content, Frame, Status};
use uwand::qmi::frame::{Frame as Qmux, Kind as QmiKind};
use uwand::qmi::tlv::{self, Slot};
use uwand::qmi::{error, messages};

use uwand::json::Value;

fn unhex(digits: &str) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.as_bytes().chunks(2).map(pair).collect()
}

#[test]
fn every_frame_between_mbimcli_and_the_modem_comes_out_as_it_went_in() {
    let told = uwand::json::from_str(include_str!("../captures/mbimcli.json")).unwrap();
    let sessions = told.as_array().unwrap();
    let (mut frames, mut bodies) = (0, 0);
    for session in sessions {
        let later = session["arguments"].to_string().contains("mbimex-v2");
        for transfer in session["transfers"].as_array().unwrap().iter().filter_map(Value::as_str) {
            let (from, digits) = transfer.split_once(' ').unwrap();
            let bytes = unhex(digits);
            let frame = Frame::parse(&bytes).unwrap();
            assert_eq!(frame.emit(), bytes, "{from} in {}", session["arguments"]);
            frames += 1;
            bodies += same_body(&frame, later);
        }
    }
    println!("{} sessions, {frames} frames, {bodies} information buffers", sessions.len());
    assert!(sessions.len() >= 15 && bodies > 40);
}

/// How many readings of the information buffer there are; each must give it back.
fn same_body(frame: &Frame, later: bool) -> usize {
    if matches!(frame.content, Content::CommandDone { status, .. } if status != Status::Success) {
        return 0;
    }
    let (mut entries, body) = decoders(&frame.content);
    if later && entries.iter().any(|entry| entry.version == 2) {
        entries.retain(|entry| entry.version == 2);
    } else {
        entries.retain(|entry| entry.version < 3 && (entry.version == 1 || entries_of_one_version(frame)));
    }
    for entry in &entries {
        let decoded = (entry.decode)(body).unwrap_or_else(|error| panic!("{frame:?}: {error}"));
        assert_eq!(decoded.emitted, body, "{frame:?}");
    }
    entries.len()
}

/// Messages that came with MBIMEx 2 and have no other layout.
fn entries_of_one_version(frame: &Frame) -> bool {
    decoders(&frame.content).0.len() == 1
}

#[test]
fn every_frame_between_qmicli_and_the_modem_comes_out_as_it_went_in() {
    let told = uwand::json::from_str(include_str!("../captures/qmicli.json")).unwrap();
    let sessions = told.as_array().unwrap();
    let (mut frames, mut bodies) = (0, 0);
    for session in sessions {
        for transfer in session["transfers"].as_array().unwrap().iter().filter_map(Value::as_str) {
            let (from, digits) = transfer.split_once(' ').unwrap();
            let bytes = unhex(digits);
            let frame = Qmux::parse(&bytes).unwrap();
            assert_eq!(frame.emit(), bytes, "{from} in {}", session["arguments"]);
            frames += 1;
            bodies += usize::from(same_tlvs(&frame));
        }
    }
    println!("{} sessions, {frames} frames, {bodies} declared messages", sessions.len());
    assert!(sessions.len() >= 50 && bodies > 200);
}

/// Whether the message is declared; if so, its TLVs come out as they went in.
fn same_tlvs(frame: &Qmux) -> bool {
    let Some(declared) = messages::lookup(frame) else { return false };
    let mut message = (declared.blank)();
    let mut expected: Vec<(u8, &[u8])> = Vec::new();
    for (tag, value) in tlv::walk(&frame.tlvs) {
        let is_result = frame.kind == QmiKind::Response && tag == error::RESULT;
        match if is_result { Slot::Skipped } else { message.take(tag, value) } {
            Slot::Taken => expected.push((tag, value)),
            Slot::Skipped => {}
            Slot::Bad => panic!("{frame:?}: TLV {tag:#04x}"),
        }
    }
    let emitted = tlv::emit(message.as_ref());
    let mut emitted: Vec<(u8, &[u8])> = tlv::walk(&emitted).collect();
    emitted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(emitted, expected, "{frame:?}");
    true
}
