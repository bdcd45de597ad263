//! The ubus client at a socket whose other end says what it likes, under the virtual clock.

use std::future::Future;
use std::time::Duration;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout};
use uwand::ubus::message::{Builder, Kind, id};
use uwand::ubus::{Client, Connection, Error, Source, Status};

use uwand::json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);
const NOTHING: Value = Value::Null;

fn run(test: impl Future<Output = ()> + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test);
}

/// A client at one end of a socketpair whose other end says what it likes.
fn scripted() -> (Client, tokio::sync::mpsc::UnboundedReceiver<tokio::net::UnixStream>) {
    let (sender, streams) = tokio::sync::mpsc::unbounded_channel();
    let source = Source::Streams(Box::new(move || {
        let (ours, theirs) = tokio::net::UnixStream::pair()?;
        drop(sender.send(theirs));
        Ok(ours)
    }));
    (Client::start(source), streams)
}

async fn say(stream: &mut tokio::net::UnixStream, bytes: &[u8]) {
    use tokio::io::AsyncWriteExt;
    stream.write_all(bytes).await.expect("a reader");
}

#[test]
fn an_impossible_frame_ends_the_connection_and_the_next_one_works() {
    run(async {
        let (client, mut streams) = scripted();
        let hello = Builder::new(Kind::Hello, 0, 99).finish().expect("fits");
        for garbage in [[0, 0, 0, 3], [0, 0x20, 0, 0]] {
            let mut stream = streams.recv().await.expect("a connection");
            say(&mut stream, &hello).await;
            client.connected().await;
            say(&mut stream, &[0, 5, 0, 1, 0, 0, 0, 1]).await;
            say(&mut stream, &garbage).await;
            let mut state = client.state();
            state.wait_for(|state| *state == Connection::Disconnected).await.expect("the client lives");
        }
        let mut stream = streams.recv().await.expect("a connection");
        for byte in hello {
            say(&mut stream, &[byte]).await;
            sleep(SECOND / 20).await;
        }
        client.connected().await;
    });
}

#[test]
fn a_peer_that_says_no_hello_is_left_after_five_seconds() {
    run(async {
        let (_client, mut streams) = scripted();
        let started = Instant::now();
        let _silent = streams.recv().await.expect("a connection");
        let _next = streams.recv().await.expect("another");
        assert_eq!(started.elapsed().as_secs(), 5);
    });
}

#[test]
fn answers_with_the_wrong_number_or_peer_are_dropped() {
    run(async {
        let (client, mut streams) = scripted();
        let mut stream = streams.recv().await.expect("a connection");
        say(&mut stream, &Builder::new(Kind::Hello, 0, 99).finish().expect("fits")).await;
        client.connected().await;
        let call = spawn_local(async move { client.invoke("a", "b", &NOTHING, 5 * SECOND).await });
        sleep(SECOND).await;
        let status = |seq, peer, code| {
            Builder::new(Kind::Status, seq, peer).number(id::STATUS, code).finish().expect("fits")
        };
        say(&mut stream, &status(9, 0, 4)).await;
        say(&mut stream, &status(1, 7, 4)).await;
        say(&mut stream, &status(1, 0, 6)).await;
        let refused = Err(Error::Refused { status: Status::PermissionDenied, data: NOTHING });
        assert_eq!(call.await.expect("no panic"), refused);
    });
}

#[test]
fn a_ubusd_that_does_not_read_is_left_before_memory_runs_out() {
    run(async {
        let (client, mut streams) = scripted();
        let mut stream = streams.recv().await.expect("a connection");
        say(&mut stream, &Builder::new(Kind::Hello, 0, 99).finish().expect("fits")).await;
        client.connected().await;
        let big = json!({ "text": "x".repeat(500_000) });
        for _ in 0..20 {
            client.send_event("uwand.test", &big);
        }
        let _next = timeout(10 * SECOND, streams.recv()).await.expect("another connection");
    });
}
