//! The QMI codec against recorded frames: what modems sent, what qmicli and uqmi ask,
//! and what the reference decoder makes of damaged ones.
//!
//! Every frame must come back byte for byte, every declared TLV must mean what the
//! reference says of it and come back too; the exceptions are listed with their reasons.
use crate::vectors;

use uwand::qmi::frame::{Frame, Kind, Service, Splitter};
use uwand::qmi::messages::nas_codes::{self, Selection, modes};
use uwand::qmi::messages::nas_types::SelectNetwork;
use uwand::qmi::messages::{dms, nas, nas_info, uim, wda, wds, wds_profile, wms};
use uwand::qmi::tlv::{self, Message, Request, Slot};
use uwand::qmi::value::Hidden;
use uwand::qmi::{error, messages};
use uwand::words::Secret;
use vectors::{bytes, load, text};

use uwand::json::Value;

/// One TLV as the reference decoder printed it.
struct Meant {
    tag: u8,
    length: usize,
    translated: Option<String>,
}

/// `key = value`, the value without quotes and without a number in parentheses.
fn line<'a>(block: &'a str, key: &str) -> Option<&'a str> {
    let value = block.lines().find_map(|line| line.trim().strip_prefix(key)?.trim().strip_prefix('='))?;
    Some(value.trim())
}

fn hexadecimal(text: &str) -> Option<u16> {
    let (_, digits) = text.rsplit_once("0x")?;
    u16::from_str_radix(digits.trim_end_matches(')'), 16).ok()
}

fn meant_tlvs(meaning: &str) -> Vec<Meant> {
    let of_first = meaning.split("\n\nVALID").next().unwrap_or_default();
    let blocks = of_first.split("\nTLV:\n").skip(1);
    let meant = |block: &str| Meant {
        tag: line(block, "type").and_then(hexadecimal).and_then(|tag| u8::try_from(tag).ok()).expect("a tag"),
        length: line(block, "length").and_then(|length| length.parse().ok()).expect("a length"),
        translated: block.split_once("translated = ").map(|(_, text)| text.to_string()),
    };
    blocks.map(meant).collect()
}

/// What a recording's header says, as the reference printed it.
fn assert_header(id: &str, frame: &Frame, meaning: &str) {
    let flags = line(meaning, "flags").and_then(hexadecimal);
    assert_eq!(flags, Some(frame.flags.into()), "{id}: flags");
    assert_eq!(line(meaning, "client"), Some(frame.client.to_string().as_str()), "{id}: client");
    assert_eq!(
        line(meaning, "transaction"),
        Some(frame.transaction.to_string().as_str()),
        "{id}: transaction"
    );
    assert_eq!(line(meaning, "message").and_then(hexadecimal), Some(frame.message), "{id}: message");
    let qmi = meaning.split_once("QMI:").map_or("", |(_, qmi)| qmi);
    let kind = match line(qmi, "flags") {
        Some("\"response\"") => Kind::Response,
        Some("\"indication\"") => Kind::Indication,
        _ => Kind::Request,
    };
    assert_eq!(frame.kind, kind, "{id}: kind");
    if let Some(service) = line(meaning, "service") {
        let service = service.trim_matches('"');
        let known = !matches!(frame.service, Service::Other(_));
        assert!(!known || service.starts_with("0x") || service == frame.service.label(), "{id}: {service}");
    }
    let tlvs: Vec<_> = tlv::walk(&frame.tlvs).map(|(tag, value)| (tag, value.len())).collect();
    let meant: Vec<_> = meant_tlvs(meaning).iter().map(|meant| (meant.tag, meant.length)).collect();
    assert_eq!(tlvs, meant, "{id}: TLVs");
}

fn recorded() -> Vec<Value> {
    let mut records = load("qmi/well-formed.json");
    records.extend(load("qmi/client-requests.json"));
    records
}

/// The first frame of a record; two records have a second one, or its beginning.
fn first(record: &Value) -> Frame {
    let frame = Splitter::default().push(&bytes(record, "hex")).into_iter().next();
    frame
        .unwrap_or_else(|| panic!("{}", text(record, "id")))
        .unwrap_or_else(|error| panic!("{}: {error}", text(record, "id")))
}

#[test]
fn every_recorded_frame_is_read_as_the_reference_reads_it_and_comes_back_byte_for_byte() {
    for record in recorded() {
        let (id, bytes) = (text(&record, "id"), bytes(&record, "hex"));
        let frame = first(&record);
        assert_header(id, &frame, text(&record, "meaning"));
        let emitted = frame.emit();
        assert_eq!(bytes.get(..emitted.len()), Some(emitted.as_slice()), "{id}");
        let whole = text(&record, "meaning").starts_with("VALID left=0\n");
        assert_eq!(emitted.len() == bytes.len(), whole, "{id}");
    }
}

#[test]
fn every_frame_of_a_session_is_read_and_comes_back_byte_for_byte() {
    let mut frames = 0;
    for session in load("qmi/client-sessions.json") {
        for event in session["events"].as_array().into_iter().flatten() {
            let read = bytes(event, "hex");
            let parsed = Splitter::default().push(&read);
            let emitted: Vec<u8> = parsed.into_iter().flatten().flat_map(|frame| frame.emit()).collect();
            assert_eq!(emitted, read, "{}", text(&session, "id"));
            frames += 1;
        }
    }
    println!("{frames} frames of sessions");
}

/// The message of this frame with nothing but this TLV.
fn alone(frame: &Frame, tag: u8, value: &[u8]) -> Option<(Slot, Box<dyn Message>)> {
    let mut message = (messages::lookup(frame)?.blank)();
    let slot = message.take(tag, value);
    Some((slot, message))
}

/// TLVs that do not come back as they came, and why.
fn comes_back_otherwise(frame: &Frame, tag: u8, value: &[u8], debug: &str) -> Option<&'static str> {
    let text_ends = value.ends_with(&[0]) || value.ends_with(b"\n") || value.ends_with(b"\r");
    match (frame.service, frame.message, tag) {
        (Service::Nas, 0x4d | 0x4e, 0x17..=0x19 | 0x4b | 0x4d) => {
            Some("fields that are marked invalid hold leftovers, which are not kept")
        }
        _ if text_ends && debug.starts_with(['"', '*']) => Some("a text's line end or NUL is not kept"),
        _ => None,
    }
}

/// TLVs that our declaration can't read, in recordings that the reference can't read either.
fn is_bad_by_nature(meant: &Meant) -> bool {
    meant.translated.as_deref().is_none_or(|text| text.contains("ERROR"))
}

#[test]
fn every_declared_tlv_of_a_recording_comes_back_byte_for_byte() {
    let (mut taken, mut skipped) = (0, Vec::new());
    for record in recorded() {
        let id = text(&record, "id");
        let frame = first(&record);
        let meant = meant_tlvs(text(&record, "meaning"));
        for ((tag, value), meant) in tlv::walk(&frame.tlvs).zip(&meant) {
            let Some((slot, message)) = alone(&frame, tag, value) else {
                skipped.push(format!("{frame:?}"));
                break;
            };
            let back = tlv::emit(message.as_ref());
            match slot {
                Slot::Bad => assert!(is_bad_by_nature(meant), "{id}: {tag:#04x} {value:02x?}"),
                Slot::Skipped => assert!(back.is_empty()),
                Slot::Taken => {
                    taken += 1;
                    let debug = only_field(message.as_ref());
                    let again = alone(&frame, tag, tlv::find(&back, tag).unwrap_or_default());
                    let again = again.map(|(_, again)| tlv::emit(again.as_ref()));
                    assert_eq!(again, Some(back.clone()), "{id}: {tag:#04x} is not stable");
                    let behind = meant.translated.as_deref().is_some_and(|text| text.contains("unexpected"));
                    if !behind && comes_back_otherwise(&frame, tag, value, &debug).is_none() {
                        let mut expected = Vec::new();
                        tlv::append(&mut expected, tag, value);
                        assert_eq!(back, expected, "{id}: {tag:#04x}");
                    }
                }
            }
        }
    }
    println!("{taken} TLVs came back, {} messages are not declared: {skipped:#?}", skipped.len());
}

/// What stands in the only field that is not `None`.
fn only_field(message: &dyn Message) -> String {
    let debug = format!("{message:?}");
    let Some((_, field)) = debug.split_once(": Some(") else { return String::new() };
    let mut depth = 1;
    let end = field.find(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    field[..end.unwrap_or(field.len())].to_string()
}

/// The numbers in a reference translation: whatever between quotes is one.
fn meant_numbers(translated: &str) -> Vec<f64> {
    let pieces: Vec<&str> =
        if translated.starts_with(['[', '{']) { translated.split('\'').collect() } else { vec![translated] };
    pieces.iter().filter_map(|piece| piece.trim().parse().ok()).collect()
}

fn our_numbers(debug: &str) -> Vec<f64> {
    let tokens = debug.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')));
    tokens.filter_map(|token| token.parse().ok()).collect()
}

/// TLVs that the reference prints in another manner than as the value in the message.
fn is_printed_otherwise(frame: &Frame, tag: u8, debug: &str) -> bool {
    match (frame.service, frame.message, tag) {
        // Band and mode masks: the reference prints the members.
        (Service::Nas, 0x33 | 0x34, _) | (Service::Dms, 0x45, _) => true,
        // Names are text here and bytes there; another test reads them.
        (Service::Nas, 0x39 | 0x3a, _) => true,
        // Bandwidths are words here and numbers there.
        (Service::Nas, 0xac, _) => true,
        // The zone is signed, as in the TLV beside it.
        (Service::Nas, 0x24, 0x1c) => true,
        // 48 bits, which we keep in two parts.
        (Service::Dms, 0x2f, 0x01) => true,
        // Masks are words there.
        (_, 0x1, _) if frame.kind == Kind::Request => true,
        // An IMEI software version of one byte, 1, is a pound sign there.
        (Service::Dms, 0x25, 0x13) => true,
        _ => debug.contains("***"),
    }
}

#[test]
fn every_declared_tlv_means_what_the_reference_says() {
    let (mut compared, mut strings) = (0, 0);
    for record in recorded() {
        let id = text(&record, "id");
        let frame = first(&record);
        let meant = meant_tlvs(text(&record, "meaning"));
        for ((tag, value), meant) in tlv::walk(&frame.tlvs).zip(&meant) {
            let (Some((Slot::Taken, message)), Some(translated)) =
                (alone(&frame, tag, value), &meant.translated)
            else {
                continue;
            };
            let debug = only_field(message.as_ref());
            if is_printed_otherwise(&frame, tag, &debug) {
                continue;
            }
            // In order; a value that means "not known" is None here and a number there.
            let mut ours = our_numbers(&debug).into_iter();
            let mut unknown = debug.matches("None").count();
            for number in meant_numbers(translated) {
                let mut ahead = ours.clone();
                if ahead.any(|ours| (ours - number).abs() < 0.001) {
                    ours = ahead;
                    compared += 1;
                } else {
                    assert!(unknown > 0, "{id}: {tag:#04x} {number} is not in {debug}, but in {translated}");
                    unknown -= 1;
                }
            }
            if !translated.starts_with(['[', '{']) && debug.starts_with('"') {
                let ours = debug.trim_matches('"').trim_end_matches("\\t");
                assert_eq!(ours, translated.trim(), "{id}: {tag:#04x}");
                strings += 1;
            }
        }
    }
    println!("{compared} numbers and {strings} strings as the reference has them");
}

#[test]
fn every_result_is_the_one_that_the_reference_reads() {
    for record in recorded() {
        let (id, meaning) = (text(&record, "id"), text(&record, "meaning"));
        let frame = first(&record);
        if frame.kind != Kind::Response {
            continue;
        }
        let result = error::result(&frame.tlvs);
        if meaning.contains("translated = SUCCESS") {
            assert_eq!(result, Ok(Ok(())), "{id}");
        } else if meaning.contains("translated = FAILURE") {
            assert!(matches!(result, Ok(Err(_))), "{id}");
        }
    }
}

fn message<M: Message + Default>(id: &str) -> Option<M> {
    let record = load("qmi/well-formed.json").into_iter().find(|record| text(record, "id") == id)?;
    Some(tlv::parse(&first(&record).tlvs))
}

#[test]
fn a_name_in_the_other_byte_order_is_read_as_a_person_reads_it() {
    let id = "nerves-network_access-parse-operator-name-indication";
    let Some(message) = message::<nas::OperatorNameChanged>(id) else { return };
    let name = message.nitz.expect("a name from the network");
    assert_eq!(name.text().as_deref(), Some("AT&T"));
}

#[test]
fn a_network_with_two_digits_and_padding_is_named_without_the_padding() {
    let id = "nerves-network_access-get-sys-info-mcc-mnc-invalid-ascii-2";
    let Some(message) = message::<nas_info::SystemInfo>(id) else { return };
    let systems = [message.lte.map(|lte| lte.system), message.wcdma.map(|wcdma| wcdma.system)];
    let network = systems.into_iter().flatten().find_map(|system| system.network).expect("a network");
    assert_eq!(network.digits().as_deref(), Some("21407"));
}

/// In no order: that is the clients' whim.
fn sorted(tlvs: &[u8]) -> Vec<(u8, &[u8])> {
    let mut tlvs: Vec<_> = tlv::walk(tlvs).collect();
    tlvs.sort_unstable();
    tlvs
}

#[test]
fn what_real_clients_ask_is_what_we_would_send() {
    let mut same = 0;
    for record in load("qmi/client-requests.json") {
        let (id, frame) = (text(&record, "id"), first(&record));
        let Some(declared) = messages::lookup(&frame) else {
            println!("not declared: {frame:?} {}", text(&record, "note"));
            continue;
        };
        let mut message = (declared.blank)();
        assert_eq!(tlv::interpret(message.as_mut(), &frame.tlvs), 0, "{id}");
        let ours = tlv::emit(message.as_ref());
        assert_eq!(sorted(&ours), sorted(&frame.tlvs), "{id}: {message:?} {}", text(&record, "note"));
        same += 1;
    }
    println!("{same} requests are the same");
}

/// The TLVs that a client sent with this command line.
fn sent(id: &str) -> Option<(u16, Vec<u8>)> {
    let record = load("qmi/client-requests.json").into_iter().find(|record| text(record, "id") == id)?;
    let frame = first(&record);
    Some((frame.message, frame.tlvs))
}

fn assert_same<R: Request>(id: &str, request: &R) {
    let Some((message, tlvs)) = sent(id) else { return };
    assert_eq!(message, R::ID, "{id}");
    assert_eq!(sorted(&tlv::emit(request)), sorted(&tlvs), "{id}");
}

#[test]
fn the_same_wishes_give_the_bytes_that_qmicli_and_uqmi_send() {
    let connect = wds::StartNetwork {
        apn: Some("internet".into()),
        authentication: Some(wds::Authentication::Pap),
        username: Some("user".into()),
        password: Some(Secret::new("secret")),
        family: Some(wds::IpFamily::Ipv6),
        ..Default::default()
    };
    let id =
        "client-qmicli-wds-start-network-apn-internet-auth-pap-username-user-password-secret-ip-type-6-2";
    assert_same(id, &connect);
    assert_same(
        "client-qmicli-wds-stop-network-2267391424-2",
        &wds::StopNetwork { handle: Some(2_267_391_424), ..Default::default() },
    );
    let profile = wds_profile::ModifyProfile {
        profile: Some(wds_profile::ProfileId { kind: wds_profile::ProfileType::Gsm, index: 1 }),
        pdp_type: Some(wds::PdpType::Ipv4v6),
        apn: Some("internet".into()),
        ..Default::default()
    };
    assert_same("client-qmicli-wds-modify-profile-3gpp-1-apn-internet-pdp-type-ipv4v6-2", &profile);
    // Both name the card, not the application in use: it may not run before its PIN.
    let session = uim::Session { kind: uim::SessionType::CardSlot1, application: Vec::new() };
    let verify = uim::VerifyPin {
        session: Some(session),
        pin: Some(uim::Verify { pin: uim::PinId::Pin1, code: Secret::new("1234") }),
    };
    assert_same("client-uqmi-uim-verify-pin1-1234-2", &verify);
    assert_same("client-qmicli-uim-verify-pin-pin1-1234-2", &verify);
    let read = uim::ReadTransparent {
        session: Some(uim::Session::default()),
        file: Some(uim::File { id: 0x2fe2, path: vec![0x00, 0x3f] }),
        extent: Some(uim::Extent { offset: 0, length: 0 }),
    };
    assert_same("client-qmicli-uim-read-transparent-0x3f00-0x2fe2-2", &read);
}

#[test]
fn the_same_settings_give_the_bytes_that_qmicli_and_uqmi_send() {
    assert_same(
        "client-qmicli-dms-set-operating-mode-online-2",
        &dms::SetOperatingMode { mode: Some(dms::OperatingMode::Online) },
    );
    assert_same(
        "client-qmicli-wds-set-ip-family-6-2",
        &wds::SetIpFamily { family: Some(wds::IpFamily::Ipv6) },
    );
    let raw_ip = wda::SetDataFormat { link_layer: Some(wda::LinkLayer::RawIp), ..Default::default() };
    assert_same("client-qmicli-wda-set-data-format-raw-ip-2", &raw_ip);
    let endpoint = wda::Endpoint { kind: wda::EndpointType::Usb, interface: 4 };
    let qmap = wda::SetDataFormat {
        uplink: Some(wda::Aggregation::Qmap),
        downlink: Some(wda::Aggregation::Qmap),
        downlink_datagrams: Some(32),
        downlink_size: Some(16_384),
        endpoint: Some(endpoint),
        ..raw_ip
    };
    let id = "client-qmicli-wda-set-data-format-link-layer-protocol-raw-ip-ul-protocol-qmap-dl-protocol-qmap-dl-\
        datagram-max-size-16384-dl-max-datagrams-32-ep-type-hsusb-ep-iface-number-4-2";
    assert_same(id, &qmap);
    let preference = nas::SetSelectionPreference {
        modes: Some(modes::LTE),
        network: Some(SelectNetwork { mode: Selection::Manual, mcc: 262, mnc: 1 }),
        duration: Some(nas_codes::Duration::Permanent),
        gsm_wcdma_order: Some(nas_codes::AcquisitionOrder::Automatic),
        order: Some(vec![nas_codes::Radio::Lte]),
        ..Default::default()
    };
    let id = "client-qmicli-nas-set-system-selection-preference-lte-manual-26201-2";
    assert_same(id, &preference);
    let pdu = "0791947101670000 11000781100721f30000ff05e8329bfd06";
    let message = wms::RawMessage { format: wms::Format::Gsm, pdu: Hidden(vectors::hex(pdu)) };
    let id = "client-uqmi-send-message-hello-send-message-target-0170123-send-message-smsc-491710760000-2";
    assert_same(id, &wms::RawSend { message: Some(message), ..Default::default() });
}

#[test]
fn no_mutation_of_a_recording_panics() {
    let mut records = recorded();
    records.extend(load("qmi/malformed.json"));
    records.extend(load("qmi/malformed-upstream.json"));
    let mut seen = 0_u64;
    for record in records {
        vectors::every_mutation(&bytes(&record, "hex"), |bytes| {
            seen += 1;
            for frame in Splitter::default().push(bytes).into_iter().flatten() {
                let _ = error::result(&frame.tlvs);
                if let Some((_, message)) = messages::decode(&frame) {
                    let _ = tlv::emit(message.as_ref());
                }
            }
        });
    }
    println!("{seen} mutations");
}

#[test]
fn damaged_frames_are_refused_where_the_reference_refuses_them() {
    let mut records = load("qmi/malformed.json");
    records.extend(load("qmi/malformed-upstream.json"));
    for record in records {
        let (id, meaning) = (text(&record, "id"), text(&record, "meaning"));
        let ours = Splitter::default().push(&bytes(&record, "hex"));
        let accepted = ours.first().is_some_and(Result::is_ok);
        let why = text(&record, "why");
        assert_eq!(accepted, meaning.starts_with("VALID"), "{id}: {why}: {ours:?} {meaning}");
    }
}
