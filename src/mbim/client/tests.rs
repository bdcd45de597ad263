//! The client against a modem that is a task of the same runtime, under paused time.

use std::os::fd::OwnedFd;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep};

use super::*;
use crate::mbim::fragment::{Joined, Joiner, split};
use crate::mbim::frame::{Frame, Header};
use crate::mbim::messages::basic::{DeviceCaps, RadioState, SetPin};
use crate::mbim::messages::enums::{PinType, RadioSwitch};
use crate::mbim::messages::network::{QueryVisibleProviders, VisibleProviders};
use crate::mbim::messages::qmi::{QmiMessage, SetQmiMessage};

/// The modem's end of the channel.
struct Modem {
    io: Io,
    joiner: Joiner,
    max_transfer: usize,
}

impl Modem {
    /// The next whole frame; `None` when the host is gone.
    async fn take(&mut self) -> Option<Frame> {
        loop {
            let transfer = self.io.read().await.ok()?;
            assert!(transfer.len() <= self.max_transfer, "longer than the modem takes");
            if let Joined::Whole(message) = self.joiner.push(&transfer).expect("a sane host") {
                return Some(Frame::parse(&message).expect("a sane host"));
            }
        }
    }

    async fn send(&self, frame: &Frame) {
        for transfer in split(&frame.emit(), self.max_transfer) {
            self.send_bytes(&transfer).await;
        }
    }

    async fn send_bytes(&self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let Ok(length) = self.io.write(rest).await else { return };
            rest = &rest[length..];
        }
    }

    /// Takes a command and answers it.
    async fn answer<M: Message>(&mut self, message: &M) {
        let request = self.take().await.expect("a request");
        self.send(&done(request.transaction, message)).await;
    }
}

/// Where the first message of a stream ends.
fn measure(bytes: &[u8]) -> Option<usize> {
    let length = usize::try_from(Header::parse(bytes).ok()?.length).ok()?;
    (bytes.len() >= length).then_some(length)
}

fn done<M: Message>(transaction: u32, message: &M) -> Frame {
    let (service, cid) = (M::SERVICE, M::CID);
    Frame::new(
        transaction,
        Content::CommandDone { service, cid, status: Status::Success, body: message.emit() },
    )
}

fn descriptors(kind: SockType) -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::Unix, kind, None, SockFlag::SOCK_CLOEXEC).expect("a socketpair")
}

fn ear() -> (Ear, UnboundedReceiver<Event>) {
    let (told, events) = unbounded_channel();
    (Box::new(move |event| told.send(event).unwrap_or_default()), events)
}

fn channel(max_transfer: usize) -> (Client, UnboundedReceiver<Event>, Modem) {
    let (ours, theirs) = descriptors(SockType::SeqPacket);
    let (ear, events) = ear();
    let client = Client::start(Io::packets(ours, max_transfer).expect("io"), max_transfer, ear);
    let io = Io::packets(theirs, 4096).expect("io");
    (client, events, Modem { io, joiner: Joiner::default(), max_transfer })
}

/// Runs a test in a local set under paused time.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test);
}

fn radio(on: bool) -> RadioState {
    let software = if on { RadioSwitch::On } else { RadioSwitch::Off };
    RadioState { hardware: RadioSwitch::On, software }
}

#[test]
fn a_request_gets_its_answer() {
    run(async {
        let (client, _events, mut modem) = channel(4096);
        spawn_local(async move { modem.answer(&radio(true)).await });
        assert_eq!(client.query::<RadioState>().await, Ok(radio(true)));
        assert_eq!(client.counters(), Counters { requests: 1, ..Counters::default() });
    });
}

#[test]
fn a_deaf_modem_costs_the_time_limit_of_the_message_and_no_more() {
    run(async {
        let (client, _events, _modem) = channel(4096);
        let begin = Instant::now();
        assert_eq!(client.query::<RadioState>().await, Err(Error::Timeout));
        assert_eq!(begin.elapsed().as_secs(), 10);
        assert_eq!(client.command(&QueryVisibleProviders::default()).await, Err(Error::Timeout));
        assert_eq!(begin.elapsed().as_secs(), 190);
        assert_eq!(client.counters().timeouts, 2);
    });
}

#[test]
fn answers_may_come_out_of_order() {
    run(async {
        let (client, _events, mut modem) = channel(4096);
        spawn_local(async move {
            let one = modem.take().await.expect("one");
            let two = modem.take().await.expect("two");
            let caps = DeviceCaps { max_sessions: 8, ..Default::default() };
            modem.send(&done(two.transaction, &caps)).await;
            modem.send(&done(one.transaction, &radio(false))).await;
        });
        let (radio_state, caps) = tokio::join!(client.query::<RadioState>(), client.query::<DeviceCaps>());
        assert_eq!(radio_state, Ok(radio(false)));
        assert_eq!(caps.map(|caps| caps.max_sessions), Ok(8));
    });
}

#[test]
fn duplicates_and_strangers_are_counted_and_dropped() {
    run(async {
        let (client, _events, mut modem) = channel(4096);
        spawn_local(async move {
            let request = modem.take().await.expect("a request");
            modem.send(&done(99, &radio(false))).await;
            // The right id, but the answer to something else.
            modem.send(&done(request.transaction, &DeviceCaps::default())).await;
            modem.send(&Frame::new(request.transaction, Content::OpenDone(Status::Success))).await;
            modem.send(&done(request.transaction, &radio(true))).await;
            modem.send(&done(request.transaction, &radio(false))).await;
            modem.answer(&radio(false)).await;
        });
        assert_eq!(client.query::<RadioState>().await, Ok(radio(true)));
        assert_eq!(client.query::<RadioState>().await, Ok(radio(false)));
        let counters = client.counters();
        assert_eq!((counters.unknown, counters.duplicates, counters.requests), (3, 1, 2));
    });
}

#[test]
fn indications_come_at_any_time() {
    run(async {
        let (client, mut events, mut modem) = channel(4096);
        spawn_local(async move {
            let request = modem.take().await.expect("a request");
            let body = radio(true).emit();
            let service = Service::BasicConnect;
            modem.send(&Frame::new(0, Content::Indication { service, cid: 3, body })).await;
            modem.send(&done(request.transaction, &radio(true))).await;
        });
        assert!(client.query::<RadioState>().await.is_ok());
        let Some(Event::Indication { service, cid, body }) = events.recv().await else { panic!("none") };
        assert_eq!((service, cid), (Service::BasicConnect, 3));
        assert_eq!(RadioState::parse(&body), Ok(radio(true)));
    });
}

#[test]
fn long_messages_pass_64_bytes_at_a_time_both_ways_and_never_interleaved() {
    run(async {
        let (client, _events, mut modem) = channel(64);
        spawn_local(async move {
            // take() joins: a fragment out of its row would be a fault and fail the test.
            for _ in 0..3 {
                let request = modem.take().await.expect("a request");
                let Content::Command { body, .. } = request.content else { panic!("no command") };
                modem.send(&done(request.transaction, &QmiMessage { qmux: Raw(body) })).await;
            }
        });
        let ask = |byte: u8| {
            let client = client.clone();
            async move {
                let request = SetQmiMessage { qmux: Raw(vec![byte; 1000]) };
                assert_eq!(client.command(&request).await, Ok(QmiMessage { qmux: request.qmux.clone() }));
            }
        };
        tokio::join!(ask(1), ask(2), ask(3));
    });
}

#[test]
fn garbage_truncated_and_oversized_frames_are_survived() {
    run(async {
        let (client, mut events, mut modem) = channel(4096);
        spawn_local(async move {
            let request = modem.take().await.expect("a request");
            let good = done(request.transaction, &radio(true)).emit();
            modem.send_bytes(b"garbage").await;
            modem.send_bytes(&good[..30]).await;
            modem.send_bytes(&vec![0xa5; 6000]).await;
            // A second answer glued behind, as a stream would give it: a duplicate.
            modem.send_bytes(&[good.clone(), good].concat()).await;
        });
        // The truncated answer still names its request.
        let answer = client.query::<RadioState>().await;
        assert_eq!(answer, Err(Error::Malformed(Malformed("truncated"))));
        while client.counters().duplicates + client.counters().unknown < 2 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(client.counters().malformed, 3);
        assert!(matches!(events.try_recv(), Ok(Event::Malformed(_))));
    });
}

#[test]
fn a_stream_may_be_cut_anywhere() {
    run(async {
        let (ours, theirs) = descriptors(SockType::Stream);
        let client = Client::start(Io::stream(ours, measure).expect("io"), 4096, ear().0);
        let io = Io::stream(theirs, measure).expect("io");
        let mut modem = Modem { io, joiner: Joiner::default(), max_transfer: 4096 };
        spawn_local(async move {
            let one = modem.take().await.expect("one");
            let two = modem.take().await.expect("two");
            let both = [done(one.transaction, &radio(true)), done(two.transaction, &radio(false))];
            for byte in both.iter().flat_map(Frame::emit) {
                modem.send_bytes(&[byte]).await;
                sleep(Duration::from_millis(1)).await;
            }
        });
        let answers = tokio::join!(client.query::<RadioState>(), client.query::<RadioState>());
        assert_eq!(answers, (Ok(radio(true)), Ok(radio(false))));
    });
}

#[test]
fn a_dropped_request_is_withdrawn_and_if_unsent_never_sent() {
    run(async {
        let (client, _events, mut modem) = channel(4096);
        let mut dropped = Box::pin(client.query::<DeviceCaps>());
        // Polled once: registered and queued, but the channel's task did not run yet.
        assert!(futures_poll_once(dropped.as_mut()).await.is_none());
        drop(dropped);
        spawn_local(async move {
            let request = modem.take().await.expect("a request");
            assert!(matches!(request.content, Content::Command { cid: 3, .. }), "the dropped one came");
            modem.send(&done(request.transaction, &radio(true))).await;
        });
        assert_eq!(client.query::<RadioState>().await, Ok(radio(true)));
        assert_eq!(client.counters().requests, 1);
    });
}

/// Polls once without waiting.
async fn futures_poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[test]
fn a_modem_that_takes_no_bytes_holds_nobody_longer_than_the_time_limit() {
    run(async {
        let (client, _events, _modem) = channel(4096);
        // Fills the socket: nobody reads on the other side.
        let mut asked = Vec::new();
        for _ in 0..600 {
            let client = client.clone();
            let request = SetQmiMessage { qmux: Raw(vec![0; 4000]) };
            asked.push(spawn_local(async move { client.command(&request).await }));
        }
        let begin = Instant::now();
        for task in asked {
            assert_eq!(task.await.expect("no panic"), Err(Error::Timeout));
        }
        assert_eq!(begin.elapsed().as_secs(), 60);
        assert!(client.counters().requests < 600, "the socket took everything");
        assert_eq!(client.shared().table.borrow().next_transfer(), None, "what nobody waits for is not sent");
    });
}

#[test]
fn when_the_modem_goes_everything_that_waits_is_told_at_once() {
    run(async {
        let (client, mut events, mut modem) = channel(4096);
        spawn_local(async move {
            modem.take().await;
            drop(modem);
        });
        let begin = Instant::now();
        let answers = tokio::join!(client.query::<RadioState>(), client.query::<DeviceCaps>());
        assert_eq!(answers, (Err(Error::Gone), Err(Error::Gone)));
        assert_eq!(events.recv().await, Some(Event::Gone));
        assert_eq!(events.recv().await, None);
        assert_eq!(client.query::<RadioState>().await, Err(Error::Gone));
        assert_eq!(begin.elapsed().as_millis(), 0);
    });
}

#[test]
fn when_the_last_client_goes_the_descriptor_is_closed() {
    run(async {
        let (client, events, mut modem) = channel(4096);
        let second = client.clone();
        drop(client);
        drop(events);
        tokio::task::yield_now().await;
        drop(second);
        assert_eq!(modem.take().await, None);
    });
}

#[test]
fn an_error_status_with_an_empty_buffer_is_a_refusal() {
    run(async {
        let (client, _events, mut modem) = channel(4096);
        spawn_local(async move {
            let request = modem.take().await.expect("a request");
            let status = Status::NotInitialized;
            let (service, cid, body) = (Service::BasicConnect, 4, Vec::new());
            let refusal = Content::CommandDone { service, cid, status, body };
            modem.send(&Frame::new(request.transaction, refusal)).await;
        });
        let pin = SetPin { pin_type: PinType::Pin1, ..Default::default() };
        let refused = client.command(&pin).await;
        assert_eq!(refused, Err(Error::Refused(Status::NotInitialized, Raw::default())));
    });
}

#[test]
fn a_lost_fragment_is_told_and_a_pause_too_long_as_well() {
    run(async {
        let (client, _events, mut modem) = channel(64);
        let caps = DeviceCaps { firmware: "long enough for several".into(), ..Default::default() };
        let wanted = caps.clone();
        let host = spawn_local(async move { client.query::<DeviceCaps>().await });
        let request = modem.take().await.expect("a request");
        let fragments = split(&done(request.transaction, &caps).emit(), 64);
        modem.send_bytes(&fragments[0]).await;
        modem.send_bytes(&fragments[2]).await;
        let told = modem.take().await.expect("an error");
        assert_eq!(told.content, Content::HostError(ProtocolError::FragmentOutOfSequence));
        host.abort();

        let (client, _events, mut modem) = channel(64);
        let host = spawn_local(async move { client.query::<DeviceCaps>().await });
        let request = modem.take().await.expect("a request");
        modem.send_bytes(&split(&done(request.transaction, &caps).emit(), 64)[0]).await;
        let begin = Instant::now();
        let told = modem.take().await.expect("an error");
        assert_eq!(told.content, Content::HostError(ProtocolError::TimeoutFragment));
        assert_eq!(told.transaction, request.transaction);
        assert!(begin.elapsed() <= Duration::from_millis(1251));
        modem.send(&done(request.transaction, &caps)).await;
        assert_eq!(host.await.expect("no panic"), Ok(wanted));
    });
}

#[test]
fn a_request_whose_fragments_the_modem_lost_is_sent_once_more() {
    run(async {
        let (client, _events, mut modem) = channel(4096);
        spawn_local(async move {
            let request = modem.take().await.expect("a request");
            let error = Content::FunctionError(ProtocolError::FragmentOutOfSequence);
            modem.send(&Frame::new(request.transaction, error)).await;
            modem.answer(&VisibleProviders::default()).await;
            let request = modem.take().await.expect("a request");
            let error = Content::FunctionError(ProtocolError::NotOpened);
            modem.send(&Frame::new(request.transaction, error)).await;
        });
        assert!(client.command(&QueryVisibleProviders::default()).await.is_ok());
        let answer = client.query::<RadioState>().await;
        assert_eq!(answer, Err(Error::Protocol(ProtocolError::NotOpened)));
    });
}

/// The answers of a modem to OPEN and CLOSE, in order; what it was asked, as words.
async fn opening(max_transfer: usize, answers: Vec<Option<Content>>) -> (Result<(), Error>, Vec<String>) {
    let (client, _events, mut modem) = channel(max_transfer);
    let script = spawn_local(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let request = modem.take().await.expect("a request");
            asked.push(format!("{:?}", request.content));
            if let Some(content) = answer {
                modem.send(&Frame::new(request.transaction, content)).await;
            }
        }
        asked
    });
    let result = client.open().await;
    drop(client);
    (result, script.await.expect("every answer was asked for"))
}

#[test]
fn open_copes_with_a_stale_session() {
    run(async {
        let script = vec![
            Some(Content::CloseDone(Status::Success)),
            Some(Content::CloseDone(Status::Success)),
            Some(Content::OpenDone(Status::Success)),
        ];
        let (result, asked) = opening(4096, script).await;
        assert_eq!((result, asked), (Ok(()), words(&["OPEN 4096", "CLOSE", "OPEN 4096"])));
    });
}

#[test]
fn open_offers_smaller_transfers_until_the_modem_takes_one() {
    run(async {
        let too_much = || Some(Content::FunctionError(ProtocolError::MaxTransfer));
        let script = vec![too_much(), too_much(), Some(Content::OpenDone(Status::Success))];
        let (result, asked) = opening(1024, script).await;
        assert_eq!((result, asked), (Ok(()), words(&["OPEN 1024", "OPEN 512", "OPEN 256"])));
    });
}

#[test]
fn open_wakes_a_modem_that_missed_the_first_one_and_gives_up_on_a_deaf_one() {
    run(async {
        let begin = Instant::now();
        let (result, asked) = opening(512, vec![None, None, Some(Content::OpenDone(Status::Success))]).await;
        assert_eq!((result, asked), (Ok(()), words(&["OPEN 512", "CLOSE", "OPEN 512"])));
        assert_eq!(begin.elapsed().as_secs(), 7);
        let begin = Instant::now();
        let (result, _) = opening(512, Vec::new()).await;
        assert_eq!(result, Err(Error::Gone), "the script ended and closed its end");
        let (client, _events, _modem) = channel(512);
        assert_eq!(client.open().await, Err(Error::Timeout));
        assert_eq!(begin.elapsed().as_secs(), 19);
    });
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| word.to_string()).collect()
}

#[test]
fn what_is_logged_about_a_message_are_names_only() {
    let pin = SetPin { pin: crate::words::Secret::new("1234"), ..Default::default() };
    let content =
        Content::Command { service: Service::BasicConnect, cid: 4, kind: Kind::Set, body: pin.emit() };
    assert_eq!(format!("{content:?}"), "COMMAND basic-connect 4 pin set 32 bytes");
    let refused = Error::Refused(Status::Failure, Raw(b"1234".to_vec()));
    assert_eq!(format!("{refused} {refused:?}"), "refused: failure (2) Refused(Failure, <4 bytes>)");
}
