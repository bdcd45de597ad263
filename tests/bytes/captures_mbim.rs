//! The MBIM codec against recorded frames and against what libmbim made of them.

use crate::mbim_table;
use crate::vectors;

use std::collections::BTreeMap;

use mbim_table::shown::ANY;
use mbim_table::{Entry, decoders};
use uwand::mbim::fragment::{Joined, Joiner, split};
use uwand::mbim::{Content, Frame, ProtocolError, Service, Status, Uuid};
use vectors::{bytes, every_mutation, hex, load, text};

use uwand::json::Value;

/// Frames that we emit in another layout than they came, with the reason.
const OTHER_LAYOUT: &[(&str, &str)] = &[
    ("libmbim-basic_connect_subscriber_ready_status-exact", "a text lies outside of the frame and is lost"),
    ("libmbim-basic_connect_subscriber_ready_status-asis", "bytes behind MessageLength, texts outside"),
    ("libmbim-ms_basic_connect_v3_connect_0_unnamed_tlvs-exact", "the last TLV is cut"),
    ("libmbim-ms_basic_connect_v3_connect_0_unnamed_tlvs-asis", "the last TLV is cut; bytes behind"),
    ("libmbim-ms_basic_connect_v3_connect_1_unnamed_tlv-exact", "the last TLV is cut"),
    ("libmbim-ms_basic_connect_v3_connect_1_unnamed_tlv-asis", "the last TLV is cut; bytes behind"),
    ("libmbim-ms_basic_connect_v3_connect_3_unnamed_tlvs-exact", "the last TLV is cut"),
    ("libmbim-ms_basic_connect_v3_connect_3_unnamed_tlvs-asis", "the last TLV is cut; bytes behind"),
    ("libmbim-basic_connect_ip_configuration_2", "gateway behind the address of the other family"),
    ("ofono-ip_configuration_query", "DNS before the addresses, gateways overlap"),
    ("libmbim-sms_read_multiple_pdu", "the last struct claims four bytes too many"),
    ("ofono-sms_read_all", "PDUs without padding inside of their struct's size"),
    ("libmbim-auth_akap", "two bytes of padding behind AUTS"),
    ("libmbim-ms_basic_connect_extensions_base_stations", "neighbours before the serving cell"),
    ("constructed-device-service-subscribe-list", "a word behind the last CID"),
    ("constructed-sys-caps", "a word behind the last member"),
    ("umbim-mf823-close", "umbim's CLOSE has a stray word"),
    ("dwm157-close", "umbim's CLOSE has a stray word"),
    ("client-umbim-caps-4", "umbim's CLOSE has a stray word"),
    ("client-umbim-radio-2", "umbim sends eight bytes with a query that has none"),
    ("client-umbim-radio-on-2", "umbim sends a word behind the state"),
];

/// Messages that we cannot read, with the reason.
const UNREADABLE: &[(&str, &str)] =
    &[("libmbim-provisioned_contexts", "success without the count: libmbim reads no field either")];

/// Members that we read and libmbim does not print, or the other way round.
const OTHER_VALUES: &[(&str, &str)] = &[
    ("libmbim-basic_connect_subscriber_ready_status-asis", "libmbim reads behind MessageLength"),
    ("libmbim-ms_basic_connect_v3_connect_0_unnamed_tlvs-asis", "libmbim reads behind MessageLength"),
    ("libmbim-ms_basic_connect_v3_connect_1_unnamed_tlv-asis", "libmbim reads behind MessageLength"),
    ("libmbim-ms_basic_connect_v3_connect_3_unnamed_tlvs-asis", "libmbim reads behind MessageLength"),
    ("libmbim-ms_basic_connect_v3_connect_1_unnamed_tlv-exact", "libmbim 1.28 aborts"),
    ("libmbim-ms_basic_connect_v3_connect_3_unnamed_tlvs-exact", "libmbim 1.28 aborts"),
    ("libmbim-ms_basic_connect_extensions_device_caps_v3", "a text with a line break"),
];

fn listed(list: &[(&str, &str)], id: &str) -> bool {
    list.iter().any(|(listed, _)| *listed == id)
}

struct Record {
    id: String,
    bytes: Vec<u8>,
    json: Value,
}

impl Record {
    /// libmbim's view of the frame as one of a version of the MBIM extensions.
    fn meaning(&self, version: u32) -> &str {
        match version {
            1 => text(&self.json, "meaning"),
            later => text(&self.json["meaning_other_mbimex"], &format!("mbimex {later}")),
        }
    }

    /// Test arrays of libmbim that are single fragments or stand-ins without a real body.
    fn is_fragment(&self) -> bool {
        self.id.contains("-frag")
    }

    fn frame(&self) -> Frame {
        Frame::parse(&self.bytes).unwrap_or_else(|error| panic!("{}: {error}", self.id))
    }
}

fn records(files: &[&str]) -> Vec<Record> {
    let all = files.iter().flat_map(|name| load(&format!("mbim/{name}.json")));
    let record = |json: Value| Record { id: text(&json, "id").into(), bytes: bytes(&json, "hex"), json };
    all.filter(|json| !text(json, "hex").is_empty()).map(record).collect()
}

fn well_formed() -> Vec<Record> {
    let mut records = records(&["well-formed", "client-requests", "constructed"]);
    records.retain(|record| !record.is_fragment());
    records
}

fn is_refused(frame: &Frame) -> bool {
    matches!(frame.content, Content::CommandDone { status, .. } if status != Status::Success)
}

/// The one version of the extensions whose layout the frame has.
fn version_of(record: &Record, entries: &[Entry]) -> u32 {
    let third = record.id.contains("_v3") && !record.id.ends_with("_v2");
    let least = entries.iter().map(|entry| entry.version).min().unwrap_or(1);
    if third && entries.iter().any(|entry| entry.version == 3) { 3 } else { least }
}

#[test]
fn every_recorded_frame_comes_out_as_it_went_in() {
    let (mut same, mut bodies) = (0, 0);
    for record in well_formed() {
        let frame = record.frame();
        if listed(OTHER_LAYOUT, &record.id) {
            continue;
        }
        assert_eq!(frame.emit(), record.bytes, "{}", record.id);
        same += 1;
        let (entries, body) = decoders(&frame.content);
        let version = version_of(&record, &entries);
        for entry in entries.iter().filter(|entry| entry.version == version && !is_refused(&frame)) {
            match (entry.decode)(body) {
                Ok(decoded) => assert_eq!(decoded.emitted, body, "{}", record.id),
                Err(error) => assert!(listed(UNREADABLE, &record.id), "{}: {error}", record.id),
            }
            bodies += 1;
        }
    }
    println!("{same} frames, {bodies} information buffers byte for byte");
}

#[test]
fn every_message_of_a_service_we_know_has_a_declaration() {
    for record in well_formed() {
        let frame = record.frame();
        let (service, cid) = match frame.content {
            Content::Command { service, cid, .. } | Content::Indication { service, cid, .. } => {
                (service, cid)
            }
            Content::CommandDone { service, cid, .. } => (service, cid),
            _ => continue,
        };
        let ours = matches!(
            service,
            Service::BasicConnect | Service::Sms | Service::Ussd | Service::Phonebook | Service::Stk
        ) || matches!(service, Service::Auth | Service::Extensions | Service::Qmi);
        let (entries, _) = decoders(&frame.content);
        assert!(!ours || !entries.is_empty(), "{}: {service} {cid}", record.id);
    }
}

/// `name = 'value'` of libmbim's printed view as far as libmbim got, and whether it got to
/// the end. The openings of lists and structs are no values.
fn printed_values(meaning: &str) -> (Vec<&str>, bool) {
    let fields = meaning.split_once("\nFields:").map_or("", |(_, fields)| fields);
    let mut values = Vec::new();
    for line in fields.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim());
        if value.starts_with("n/a") {
            return (values, false);
        }
        let opens = value.ends_with('{') || value.starts_with("'[") || name.starts_with('[');
        if !opens && name != "tlv type" {
            let value = value.strip_prefix('\'').unwrap_or(value);
            values.push(value.strip_suffix('\'').unwrap_or(value));
        }
    }
    (values, true)
}

/// libmbim prints what it has no word for in one of these ways.
fn is_same(ours: &str, theirs: &str) -> bool {
    let wordless = |value: &str| ["", "none", "unknown", "(null)"].contains(&value);
    ours == theirs || ours == ANY || (wordless(ours) && wordless(theirs))
}

#[test]
fn every_recorded_message_means_what_libmbim_says() {
    let (mut messages, mut compared) = (0, 0);
    for record in well_formed() {
        let frame = record.frame();
        let (entries, body) = decoders(&frame.content);
        for entry in entries {
            let (theirs, whole) = printed_values(record.meaning(entry.version));
            if is_refused(&frame) || theirs.is_empty() || listed(OTHER_VALUES, &record.id) {
                continue;
            }
            let Ok(decoded) = (entry.decode)(body) else {
                // Read as a later version than it was sent as: libmbim runs off the end, too.
                assert!(!whole || entry.version > 1, "{} as version {}", record.id, entry.version);
                continue;
            };
            let ours = decoded.values;
            assert!(!whole || ours.len() == theirs.len(), "{}: {ours:?} {theirs:?}", record.id);
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert!(is_same(ours, theirs), "{}: {ours:?} is {theirs:?} in libmbim", record.id);
            }
            messages += 1;
            compared += theirs.len();
        }
    }
    println!("{compared} values of {messages} messages as libmbim has them");
}

/// The number behind `label` in parentheses: `status error = 'None' (0x00000000)`.
fn number(meaning: &str, label: &str) -> Option<u32> {
    let line = meaning.lines().find(|line| line.trim().starts_with(label))?;
    let digits = line.split_once("(0x")?.1.trim_end_matches(')');
    u32::from_str_radix(digits, 16).ok()
}

#[test]
fn every_recorded_header_means_what_libmbim_says() {
    for record in well_formed() {
        let meaning = record.meaning(1);
        let frame = record.frame();
        let transaction = format!("transaction = {}", frame.transaction);
        assert!(meaning.lines().any(|line| line.trim() == transaction), "{}: {meaning}", record.id);
        assert_eq!(number(meaning, "type "), Some(frame.content.message_type().into()), "{}", record.id);
        let id = &record.id;
        match frame.content {
            Content::Open { max_transfer } => {
                assert!(meaning.ends_with(&format!("max control transfer = {max_transfer}")), "{id}");
            }
            Content::OpenDone(status) | Content::CloseDone(status) => {
                assert_eq!(number(meaning, "status error"), Some(status.into()), "{id}");
            }
            Content::FunctionError(error) | Content::HostError(error) => {
                assert_eq!(number(meaning, "error"), Some(error.into()), "{id}");
            }
            Content::CommandDone { status, service, cid, .. } => {
                assert_eq!(number(meaning, "status error"), Some(status.into()), "{id}");
                names(meaning, id, service, cid);
            }
            Content::Command { service, cid, .. } | Content::Indication { service, cid, .. } => {
                names(meaning, id, service, cid);
            }
            Content::Close => (),
        }
    }
}

fn names(meaning: &str, id: &str, service: Service, cid: u32) {
    assert_eq!(number(meaning, "cid"), Some(cid), "{id}");
    assert!(meaning.contains(&format!("({})", Uuid::from(service))), "{id}");
    if !matches!(service, Service::Other(_)) {
        assert!(meaning.contains(&format!("= '{}'", service.label())), "{id}: {}", service.label());
    }
}

#[test]
fn every_frame_of_the_client_sessions_parses() {
    let mut count = 0;
    for session in load("mbim/client-sessions.json") {
        for event in session["events"].as_array().into_iter().flatten() {
            let recorded = bytes(event, "hex");
            let frame = Frame::parse(&recorded).unwrap_or_else(|error| panic!("{}: {error}", session["id"]));
            let is_umbims_close = frame.content == Content::Close && recorded.len() == 16;
            assert!(frame.emit() == recorded || is_umbims_close, "{}: {frame:?}", session["id"]);
            let (entries, body) = decoders(&frame.content);
            for entry in entries.iter().filter(|entry| entry.version == 1 && !is_refused(&frame)) {
                // Some replies are recorded requests' or later versions' bytes; parsing is enough.
                let _ = (entry.decode)(body);
            }
            count += 1;
        }
    }
    println!("{count} frames of sessions");
}

/// What each recorded row of fragments leads to: whole messages, faults.
const SEQUENCES: &[(&str, usize, &[ProtocolError])] = &[
    ("fragseq-in-order", 1, &[]),
    ("fragseq-missing-first", 0, &[ProtocolError::FragmentOutOfSequence]),
    ("fragseq-missing-middle", 0, &[ProtocolError::FragmentOutOfSequence]),
    ("fragseq-duplicate", 0, &[ProtocolError::FragmentOutOfSequence]),
    ("fragseq-swapped", 0, &[ProtocolError::FragmentOutOfSequence]),
    // A first fragment begins anew.
    ("fragseq-first-twice", 1, &[]),
    ("fragseq-never-finished", 0, &[]),
    // The stranger is a fault of its own transaction; ours goes on.
    ("fragseq-other-transaction-interleaved", 1, &[ProtocolError::FragmentOutOfSequence]),
    ("fragseq-total-changes", 0, &[ProtocolError::FragmentOutOfSequence]),
    ("fragseq-total-4G", 0, &[ProtocolError::Unknown]),
    ("fragseq-empty-fragment", 0, &[ProtocolError::LengthMismatch]),
    ("fragseq-real-device-caps-64byte", 1, &[]),
];

#[test]
fn fragments_join_or_are_told_as_the_specification_wants() {
    for sequence in load("mbim/fragment-sequences.json") {
        let id = text(&sequence, "id");
        let mut joiner = Joiner::default();
        let (mut whole, mut faults) = (Vec::new(), Vec::new());
        for transfer in sequence["frames"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            match joiner.push(&hex(transfer)) {
                Ok(Joined::Whole(message)) => whole.push(message),
                Ok(Joined::Fault { error, .. }) => faults.push(error),
                Ok(Joined::Partial | Joined::Ignored) => (),
                Err(error) => panic!("{id}: {error}"),
            }
        }
        let (_, count, expected) = SEQUENCES.iter().find(|(name, ..)| *name == id).expect("a known sequence");
        assert_eq!((whole.len(), faults.as_slice()), (*count, *expected), "{id}");
        if id == "fragseq-real-device-caps-64byte" {
            let message = whole.pop().expect("counted above");
            let caps = Frame::parse(&message).expect("device caps");
            let (entries, body) = decoders(&caps.content);
            let decoded = entries.first().map(|entry| (entry.decode)(body).expect("device caps"));
            let hardware = decoded.and_then(|decoded| decoded.values.last().cloned());
            assert_eq!(hardware.as_deref(), Some("XMM7160_V1.1_MBIM_GNSS_NAND_RE"));
            assert_eq!(split(&message, 64).len(), 6);
        }
    }
}

/// What becomes of a frame: how far it gets.
fn verdict(frame: &[u8]) -> &'static str {
    let Ok(frame) = Frame::parse(frame) else { return "no frame" };
    let (entries, body) = decoders(&frame.content);
    match entries.iter().find(|entry| entry.version == 1).map(|entry| (entry.decode)(body)) {
        None => "no declaration",
        Some(Err(_)) => "no message",
        Some(Ok(_)) => "a message",
    }
}

/// What libmbim says, what we say, how many. Where the two differ:
/// * it reads on behind InformationBufferLength (infolen-0, -1), and takes a provider that
///   begins in another one's texts (prov-count-3, prov-elem…); we find no message there;
/// * for a text outside of the frame it gives up the rest of the message, we only the text;
///   where a struct claims more than there is, we read the members that are there;
/// * a frame that says it is a fragment is none to us, and its validation does not look;
/// * what crashes it in malloc is a count that we bound.
const VERDICTS: &[(&str, &str, usize)] = &[
    ("accepted", "a message", 41),
    ("accepted", "no declaration", 1),
    ("accepted", "no frame", 6),
    ("accepted", "no message", 6),
    ("crash", "a message", 4),
    ("crash", "no message", 8),
    ("field", "a message", 25),
    ("field", "no message", 44),
    ("rejected", "no frame", 124),
];

#[test]
fn malformed_frames_get_the_verdict_that_the_reference_gives_or_a_better_one() {
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for record in load("mbim/malformed.json") {
        let theirs = text(&record, "reference_verdict");
        let theirs = theirs.split([' ', ':']).next().unwrap_or_default().to_string();
        *counts.entry((theirs, verdict(&bytes(&record, "hex")))).or_default() += 1;
    }
    let found: Vec<(&str, &str, usize)> =
        counts.iter().map(|((theirs, ours), count)| (theirs.as_str(), *ours, *count)).collect();
    assert!(found.is_empty() || found == VERDICTS, "{found:#?}");
}

/// Runs everything that ever sees a modem's bytes.
fn survive(transfer: &[u8]) {
    let mut joiner = Joiner::default();
    let _ = joiner.push(transfer);
    let Ok(frame) = Frame::parse(transfer) else { return };
    assert!(Frame::parse(&frame.emit()).is_ok(), "what was understood can be said again");
    let (entries, body) = decoders(&frame.content);
    for entry in entries {
        if let Ok(decoded) = (entry.decode)(body) {
            assert!((entry.decode)(&decoded.emitted).is_ok(), "what was understood can be said again");
        }
    }
}

#[test]
fn no_capture_cut_or_flipped_anywhere_makes_the_codec_panic() {
    let mut frames: Vec<Vec<u8>> =
        records(&["well-formed", "client-requests", "constructed", "malformed", "malformed-upstream"])
            .into_iter()
            .map(|record| record.bytes)
            .collect();
    for session in load("mbim/client-sessions.json") {
        frames.extend(session["events"].as_array().into_iter().flatten().map(|event| bytes(event, "hex")));
    }
    for sequence in load("mbim/fragment-sequences.json") {
        frames.extend(sequence["frames"].as_array().into_iter().flatten().filter_map(Value::as_str).map(hex));
    }
    frames.sort();
    frames.dedup();
    let mut count = 0u32;
    for frame in &frames {
        survive(frame);
        every_mutation(frame, |mutation| {
            count += 1;
            survive(mutation);
        });
    }
    println!("{} frames, {count} mutations", frames.len());
}
