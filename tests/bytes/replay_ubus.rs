//! The ubus client driven by the recorded ubusd: what it sends must equal what libubus
//! sent, byte for byte, and what it makes of the answers what the ubus tool printed.

use crate::vectors;

use std::future::Future;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;
use uwand::ubus::message::{Kind, Message};
use uwand::ubus::{ArgType, Client, Error, Event, Method, Notice, Object, Source, Status};
use vectors::{bytes, load, text};

use uwand::json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test);
}

/// A client and the other end of its first connection; there is no second one.
async fn connected() -> (Client, UnixStream) {
    let (sender, mut streams) = mpsc::unbounded_channel();
    let client = Client::start(Source::Streams(Box::new(move || {
        let (ours, theirs) = UnixStream::pair()?;
        sender.send(theirs).map_err(std::io::Error::other)?;
        Ok(ours)
    })));
    (client, streams.recv().await.expect("a connection"))
}

fn is_from_client(event: &Value) -> bool {
    text(event, "direction").starts_with("client")
}

fn exchanges(prefix: &str) -> Vec<Value> {
    load("ubus/exchanges.json")
        .into_iter()
        .filter(|exchange| text(exchange, "id").starts_with(prefix))
        .collect()
}

/// Plays ubusd's side; every frame of the client must be the recorded one. Gives the stream
/// back, so that it stays open.
async fn play(mut stream: UnixStream, events: Vec<Value>, name: String) -> UnixStream {
    for event in events {
        let recorded = bytes(&event, "hex");
        if is_from_client(&event) {
            let mut sent = vec![0; recorded.len()];
            let read = timeout(SECOND, stream.read_exact(&mut sent)).await;
            assert!(matches!(read, Ok(Ok(_))), "{name}: {read:?} instead of {}", event["meaning"]);
            assert_eq!(sent, recorded, "{name}: {}", event["meaning"]);
        } else {
            stream.write_all(&recorded).await.expect("the client reads");
        }
    }
    stream
}

/// Object, method and arguments of `ubus call OBJECT METHOD [JSON]`.
fn command(exchange: &Value) -> (String, String, Value) {
    let words = text(exchange, "command").split_once("call ").map(|(_, words)| words).unwrap_or_default();
    let mut words = words.splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default().to_string();
    let (object, method, args) = (word(), word(), word());
    (object, method, uwand::json::from_str(&args).unwrap_or(Value::Null))
}

/// What the recorded frames say the call gave: replies, or a status.
fn outcome(exchange: &Value) -> Result<Vec<Value>, Status> {
    let mut replies = Vec::new();
    for event in exchange["events"].as_array().expect("events") {
        let (meaning, from_ubusd) = (&event["meaning"], !is_from_client(event));
        let attrs = &meaning["attrs"];
        match (from_ubusd, text(meaning, "type_name")) {
            (true, "data") if attrs.get("data").is_some() => replies.push(attrs["data"].clone()),
            (true, "status") if attrs["status"] != 0 => {
                let status = attrs["status"].as_u64().and_then(|status| u32::try_from(status).ok());
                return Err(Status::from(status.expect("a number")));
            }
            _ => {}
        }
    }
    Ok(replies)
}

#[test]
fn every_recorded_call_is_made_with_the_same_bytes_and_has_the_same_outcome() {
    for exchange in exchanges("ubus-call-") {
        let name = text(&exchange, "id").to_string();
        let (object, method, args) = command(&exchange);
        let events = exchange["events"].as_array().expect("events").clone();
        run(async {
            let (client, stream) = connected().await;
            let ubusd = spawn_local(play(stream, events, name.clone()));
            client.connected().await;
            let answer = client.invoke_all(&object, &method, &args, SECOND).await;
            match (answer, outcome(&exchange)) {
                (Err(Error::Timeout), Ok(replies)) if name.ends_with("timeout") => {
                    assert!(replies.is_empty())
                }
                (Ok(replies), Ok(recorded)) if recorded.contains(&json!("(long)")) => {
                    assert_eq!(replies.len(), recorded.len(), "{name}");
                }
                (Ok(replies), Ok(recorded)) => assert_eq!(replies, recorded, "{name}"),
                (Err(Error::Refused { status, .. }), Err(recorded)) => assert_eq!(status, recorded, "{name}"),
                (answer, recorded) => panic!("{name}: {answer:?}, recorded {recorded:?}"),
            }
            ubusd.await.expect("the frames are the recorded ones");
        });
    }
}

/// The recorded exchange up to the client's last frame that we send too.
fn one(id: &str, events: usize) -> Option<Vec<Value>> {
    let exchange = exchanges(id).into_iter().next()?;
    Some(exchange["events"].as_array().expect("events").iter().take(events).cloned().collect())
}

#[test]
fn listening_is_the_recorded_exchange() {
    let Some(events) = one("ubus-listen", 7) else { return };
    run(async {
        let (client, stream) = connected().await;
        let mut heard = client.listen("modem.*");
        let ubusd = spawn_local(play(stream, events, "listen".into()));
        let event = Event { id: "modem.up".into(), data: json!({"iface": "wwan0"}) };
        assert_eq!(timeout(SECOND, heard.recv()).await, Ok(event));
        ubusd.await.expect("the frames are the recorded ones");
    });
}

#[test]
fn notifications_arrive_and_are_acknowledged_as_recorded() {
    let Some(events) = one("ubus-subscribe", 13) else { return };
    // Our client has one more object, its ear on objects that come and go, so its numbers
    // differ from the tool's; the frames of ubusd are fed as they are and ours skipped.
    run(async {
        let (client, mut stream) = connected().await;
        let mut heard = client.subscribe("modem.test");
        let from_ubusd: Vec<&Value> = events.iter().filter(|event| !is_from_client(event)).collect();
        let sequence = |event: &&Value, new: u16| {
            let mut frame = bytes(event, "hex");
            frame[2..4].copy_from_slice(&new.to_be_bytes());
            frame
        };
        let mut feed = Vec::new();
        for (event, answers) in from_ubusd.iter().zip([None, Some(2), Some(2), Some(3), Some(3), Some(4)]) {
            feed.extend(answers.map_or_else(|| bytes(event, "hex"), |seq| sequence(event, seq)));
        }
        from_ubusd.iter().skip(6).for_each(|event| feed.extend(bytes(event, "hex")));
        // One frame at a time: answers to what was not asked yet would be dropped.
        let mut input = uwand::ubus::message::Deframer::new();
        input.buffer().extend(feed);
        while let Ok(Some(frame)) = input.next_frame() {
            stream.write_all(frame).await.expect("the client reads");
            tokio::time::sleep(SECOND / 100).await;
        }
        let data = json!({"state": "connected", "rssi": -71});
        assert_eq!(heard.recv().await, Notice::Attached);
        assert_eq!(heard.recv().await, Notice::Message { kind: "state".into(), data: data.clone() });
        assert_eq!(heard.recv().await, Notice::Message { kind: "state2".into(), data });
        let mut sent = Vec::new();
        drop(timeout(SECOND, stream.read_to_end(&mut sent)).await);
        let acknowledged = bytes(events.iter().rfind(|event| is_from_client(event)).expect("one"), "hex");
        assert!(sent.ends_with(&acknowledged));
    });
}

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

/// Answers as the recorded provider did.
async fn provide(mut object: Object) {
    loop {
        let request = object.recv().await;
        match request.method {
            "echo" => {
                let args = request.args.clone();
                request.reply(args);
            }
            "none" => request.reply(Value::Null),
            "defer" => drop(spawn_local(async {
                tokio::time::sleep(SECOND / 3).await;
                request.reply(json!({"late": true}));
            })),
            "status" => {
                let code = request.args["code"].as_u64().and_then(|code| u32::try_from(code).ok());
                request.fail(code.map_or(Status::InvalidArgument, Status::from));
            }
            other => panic!("{other} is not asked"),
        }
    }
}

#[test]
fn the_recorded_requests_are_answered_with_the_recorded_bytes() {
    let Some(events) = one("ubus-provider", usize::MAX) else { return };
    run(async {
        let (client, stream) = connected().await;
        spawn_local(provide(client.add_object("modem.test", PROVIDER)));
        let mut stream = play(stream, events[..4].to_vec(), "add_object".into()).await;
        let mut answered = 0;
        for event in events.iter().filter(|event| !is_from_client(event)) {
            let frame = bytes(event, "hex");
            let Ok(message) = Message::parse(&frame) else { continue };
            // Several replies, a file descriptor, wide numbers: the product sends none of these.
            let asked = matches!(message.method, Some("echo" | "none" | "status" | "defer" | "nosuch"));
            if message.kind != Kind::Invoke || !asked {
                continue;
            }
            let mut expected: Vec<u8> = Vec::new();
            for reply in events.iter().filter(|event| is_from_client(event)) {
                let reply = bytes(reply, "hex");
                let same = |r: &Message| r.seq == message.seq && r.peer == message.peer;
                if Message::parse(&reply).is_ok_and(|reply| same(&reply)) {
                    expected.extend(reply);
                }
            }
            if expected.is_empty() {
                // Here the recorded provider died of the malformed data.
                let number = message.object.expect("recorded");
                let status = uwand::ubus::message::say::status(
                    message.seq,
                    message.peer,
                    number,
                    Status::InvalidArgument,
                );
                expected = status.expect("fits");
            }
            stream.write_all(&frame).await.expect("the client reads");
            let mut sent = vec![0; expected.len()];
            let read = timeout(SECOND, stream.read_exact(&mut sent)).await;
            assert!(matches!(read, Ok(Ok(_))), "{}", event["meaning"]);
            assert_eq!(sent, expected, "{}", event["meaning"]);
            answered += 1;
        }
        assert!(answered > 20, "{answered}");
    });
}
