//! The ubus codec against what the real ubusd, libubus and libubox said.

use crate::vectors;

use uwand::ubus::blob::{Attrs, Element, Type, Writer, parse_table};
use uwand::ubus::message::{ArgType, Builder, Deframer, Kind, Message, Method, id, say};
use uwand::wire::Malformed;
use vectors::{bytes, every_mutation, hex, load, text};

use uwand::json::Value;

struct Frame {
    exchange: String,
    from_client: bool,
    bytes: Vec<u8>,
    meaning: Value,
}

fn recorded_frames() -> Vec<Frame> {
    let mut frames = Vec::new();
    for exchange in load("ubus/exchanges.json") {
        for event in exchange["events"].as_array().expect("events") {
            let bytes = bytes(event, "hex");
            if !bytes.is_empty() {
                let from_client = text(event, "direction").starts_with("client");
                let meaning = event["meaning"].clone();
                frames.push(Frame { exchange: text(&exchange, "id").into(), from_client, bytes, meaning });
            }
        }
    }
    frames
}

/// Writes a blobmsg list again, element by element.
fn copy_elements(writer: &mut Writer, payload: &[u8], named: bool) -> Result<(), Malformed> {
    for attr in Attrs::new(payload) {
        let attr = attr?;
        let element = Element::new(attr, named)?;
        let name = std::str::from_utf8(element.name).expect("recorded names are ASCII");
        match element.kind {
            Type::Array | Type::Table => {
                let mark = writer.open_element(element.kind, name);
                copy_elements(writer, element.data, element.kind == Type::Table)?;
                writer.close(mark);
            }
            kind => writer.element(kind, name, element.data),
        }
    }
    Ok(())
}

/// Parses a frame down to its last element and writes it again.
fn copy_frame(frame: &[u8]) -> Result<Vec<u8>, Malformed> {
    let message = Message::parse(frame)?;
    let mut copy = Builder::new(message.kind, message.seq, message.peer);
    for attr in Attrs::new(&frame[12..]) {
        let attr = attr?;
        let nested = matches!(attr.id, id::DATA | id::SIGNATURE) && message.kind != Kind::Monitor;
        if nested {
            let mut writer = Writer::new();
            copy_elements(&mut writer, attr.data, true)?;
            copy = copy.bytes(attr.id, &writer.finish(1 << 20)?);
        } else {
            copy = copy.bytes(attr.id, attr.data);
        }
    }
    copy.finish()
}

/// The one recorded frame whose data attribute is broken on purpose.
fn carries_no_blobmsg(frame: &Frame) -> bool {
    frame.meaning["attrs"]["data_check"] == 0 && frame.meaning["attrs"]["data"].is_null()
}

#[test]
fn every_recorded_frame_comes_out_as_it_went_in() {
    for frame in recorded_frames() {
        if !carries_no_blobmsg(&frame) {
            assert_eq!(copy_frame(&frame.bytes).as_ref(), Ok(&frame.bytes), "{}", frame.exchange);
        }
    }
}

#[test]
fn every_recorded_frame_means_what_libubox_says() {
    for frame in recorded_frames() {
        let message = Message::parse(&frame.bytes).expect("well-formed");
        let attrs = &frame.meaning["attrs"];
        let said = |key: &str| attrs.get(key).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        assert_eq!(message.kind.label(), text(&frame.meaning, "type_name"), "{}", frame.exchange);
        assert_eq!(Value::from(message.seq), frame.meaning["seq"]);
        assert_eq!(Value::from(message.peer), frame.meaning["peer"]);
        if message.kind == Kind::Monitor {
            continue; // other attributes under the same numbers
        }
        assert_eq!(message.object, said("objid"), "{}", frame.exchange);
        assert_eq!(message.status.map(u32::from), said("status"), "{}", frame.exchange);
        assert_eq!(message.path, attrs.get("objpath").and_then(Value::as_str));
        assert_eq!(message.method, attrs.get("method").and_then(Value::as_str));
        assert_eq!(message.user, attrs.get("user").and_then(Value::as_str));
        for (key, payload) in [("data", message.data), ("signature", message.signature)] {
            let Some(payload) = payload else { continue };
            let decoded = parse_table(payload);
            if carries_no_blobmsg(&frame) {
                // ubusd passes it on unchecked; here it is seen.
                assert!(payload.is_empty() || decoded.is_err(), "{}", frame.exchange);
            } else if attrs[key] != "(long)" {
                assert_eq!(decoded.as_ref(), Ok(&attrs[key]), "{} {key}", frame.exchange);
            }
        }
    }
}

/// The methods of the recorded provider, as its signature shows them.
const PROVIDER: &[Method] = &[
    Method {
        name: "echo",
        args: &[
            ("id", ArgType::Int32),
            ("name", ArgType::String),
            ("opts", ArgType::Table),
            ("list", ArgType::Array),
            ("on", ArgType::Bool),
            ("big", ArgType::Int64),
            ("d", ArgType::Double),
            ("any", ArgType::Any),
        ],
    },
    Method { name: "types", args: &[] },
    Method { name: "multi", args: &[] },
    Method { name: "none", args: &[] },
    Method { name: "status", args: &[("code", ArgType::Int32)] },
    Method { name: "defer", args: &[] },
    Method { name: "fd", args: &[] },
    Method { name: "big", args: &[] },
    Method { name: "notify", args: &[] },
    Method { name: "hang", args: &[] },
];

/// What the product sends for the operation that a recorded frame stands for.
fn say_again(message: &Message) -> Option<say::Frame> {
    let (seq, peer) = (message.seq, message.peer);
    let data = message.data.map(|data| parse_table(data).unwrap_or_default());
    Some(match (message.kind, message.object, data) {
        (Kind::Lookup, ..) => say::lookup(seq, message.path),
        // The monitor's object, which we do not use: its client sends a stale buffer as data.
        (Kind::Invoke, Some(3), _) => return None,
        (Kind::Invoke, Some(object), Some(data)) => say::invoke(seq, object, message.method?, &data),
        // A type that ubusd knows already is libubus's short cut for a second object.
        (Kind::AddObject, ..) if message.object_type.is_some() => return None,
        (Kind::AddObject, ..) => say::add_object(seq, message.path.map(|path| (path, PROVIDER))),
        (Kind::RemoveObject, Some(object), _) => say::remove_object(seq, object),
        (Kind::Subscribe, Some(object), _) => say::subscribe(seq, object, message.target?),
        // We never ask subscribers to answer.
        (Kind::Notify, Some(object), Some(data)) if message.no_reply => {
            say::notify(seq, object, message.method?, &data)
        }
        (Kind::Status, Some(object), _) => say::status(seq, peer, object, message.status?),
        // 16-bit and needlessly wide numbers, which JSON does not tell apart.
        (Kind::Data, _, Some(data)) if data.get("u16").is_some() => return None,
        (Kind::Data, Some(object), Some(data)) => say::reply(seq, peer, object, &data),
        _ => return None,
    })
}

#[test]
fn the_same_operation_gives_the_same_bytes_as_libubus() {
    let (mut same, mut other) = (0, 0);
    for frame in recorded_frames().iter().filter(|frame| frame.from_client) {
        let message = Message::parse(&frame.bytes).expect("well-formed");
        match say_again(&message) {
            Some(ours) => {
                assert_eq!(ours.as_ref(), Ok(&frame.bytes), "{} {:?}", frame.exchange, message.kind);
                same += 1;
            }
            None => other += 1,
        }
    }
    println!("{same} frames byte for byte, {other} that the product never sends");
    assert!(other <= same / 10);
}

#[test]
fn events_and_patterns_are_sent_as_the_ubus_tool_sends_them() {
    for frame in recorded_frames().iter().filter(|frame| frame.from_client) {
        let message = Message::parse(&frame.bytes).expect("well-formed");
        let data = &frame.meaning["attrs"]["data"];
        let ours = match message.method {
            Some("register") => {
                let object = data["object"].as_i64().expect("a number") & 0xffff_ffff;
                say::register(message.seq, u32::try_from(object).expect("32 bits"), text(data, "pattern"))
            }
            Some("send") => say::event(message.seq, text(data, "id"), &data["data"]),
            _ => continue,
        };
        assert_eq!(ours.as_ref(), Ok(&frame.bytes), "{}", frame.exchange);
    }
}

/// libubox's verdict on a blob whose payload is a table, as the recording tells it.
fn libubox_accepts(record: &Value, key: &str) -> bool {
    let verdict: Value = uwand::json::from_str(text(record, key)).expect("a verdict");
    verdict["accepted"] == true
}

/// A blob with its own head around the table.
fn parse_blob(blob: &[u8]) -> Result<Value, Malformed> {
    let length = Malformed("outer length");
    let [_, high, middle, low] = *blob.first_chunk::<4>().ok_or(length)?;
    let said = u32::from_be_bytes([0, high, middle, low]);
    if usize::try_from(said) != Ok(blob.len()) {
        return Err(length);
    }
    parse_table(&blob[4..])
}

#[test]
fn a_malformed_blobmsg_gets_the_verdict_that_libubox_gives() {
    let mut wrong = Vec::new();
    for record in load("ubus/blobmsg-malformed.json") {
        let parsed = parse_blob(&bytes(&record, "hex"));
        let verdict: Value = uwand::json::from_str(text(&record, "libubox")).expect("a verdict");
        let agrees = match &parsed {
            Ok(value) => libubox_accepts(&record, "libubox") && *value == verdict["json"],
            Err(_) => !libubox_accepts(&record, "libubox"),
        };
        if !agrees {
            wrong.push(format!("{}: {parsed:?}, libubox {verdict}", text(&record, "id")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_fuzz_corpora_of_libubox_and_ubus_end_in_a_value_or_an_error() {
    for record in load("ubus/upstream-corpus.json") {
        let blob = bytes(&record, "hex");
        let accepts = libubox_accepts(&record, "libubox_as_blobmsg");
        assert_eq!(parse_blob(&blob).is_ok(), accepts, "{}", text(&record, "id"));
        every_mutation(&blob, |mutated| {
            let _ = parse_table(mutated);
            deframe(mutated);
        });
    }
}

/// What the client does with bytes from its socket, down to the last value.
fn deframe(stream: &[u8]) {
    let mut deframer = Deframer::new();
    deframer.buffer().extend(stream);
    while let Ok(Some(frame)) = deframer.next_frame() {
        let message = Message::parse(frame).expect("the length was checked");
        for payload in [message.data, message.signature].into_iter().flatten() {
            let _ = parse_table(payload);
        }
    }
}

#[test]
fn every_mutation_of_every_recorded_frame_is_an_error_or_a_value() {
    let mut seen = std::collections::HashSet::new();
    for frame in recorded_frames() {
        // The 20 kB reply is one string; its first bytes hold all the structure.
        let bytes = &frame.bytes[..frame.bytes.len().min(1024)];
        let shape: Vec<u8> = bytes.iter().skip(8).copied().collect();
        if seen.insert(shape) {
            every_mutation(bytes, |mutated| {
                deframe(mutated);
                let _ = Message::parse(mutated);
            });
        }
    }
}

#[test]
fn hostile_frames_are_read_as_libubox_reads_them() {
    for record in load("ubus/hostile-vs-ubusd.json") {
        let bytes = bytes(&record, "hex");
        let view: Value = uwand::json::from_str(text(&record, "libubox_view_of_sent")).expect("a view");
        let parsed = Message::parse(&bytes);
        let name = text(&record, "id");
        if view.get("error").is_some() {
            assert!(parsed.is_err(), "{name}");
            continue;
        }
        let message = parsed.unwrap_or_else(|error| panic!("{name}: {error}"));
        let attrs = &view["attrs"];
        assert_eq!(message.path, attrs.get("objpath").and_then(Value::as_str), "{name}");
        assert_eq!(message.method, attrs.get("method").and_then(Value::as_str), "{name}");
        let object = attrs.get("objid").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        assert_eq!(message.object, object, "{name}");
        if let Some(data) = message.data {
            let accepts = attrs["data_check"] == 1;
            assert_eq!(parse_table(data).is_ok(), accepts, "{name}: {:?}, {attrs}", parse_table(data));
        }
        every_mutation(&bytes, deframe);
    }
}

#[test]
fn a_hexadecimal_word_is_read() {
    assert_eq!(hex("00ff 10"), [0, 255, 16]);
}
