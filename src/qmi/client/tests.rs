//! The client against a modem that is a task of the same runtime, under paused time.

use std::cell::Cell;
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep};

use super::*;
use crate::qmi::error::put_result;
use crate::qmi::frame::BROADCAST;
use crate::qmi::messages::call_end::VerboseType;
use crate::qmi::messages::dms::{GetIds, GetModel, GetOperatingMode, Ids, Model};
use crate::qmi::messages::nas::{NetworkScan, ServingSystemChanged};
use crate::qmi::messages::wds::{NetworkStarted, StartNetwork, VerboseReason};
use crate::qmi::tlv::Message;
use crate::words::Id;

/// The modem's end of the channel.
struct Modem(Io);

impl Modem {
    async fn take(&self) -> Option<Frame> {
        let bytes = self.0.read().await.ok()?;
        Some(Frame::parse(&bytes).expect("a sane host"))
    }

    async fn send(&self, bytes: &[u8]) {
        // The host may be gone.
        let _ = self.0.write(bytes).await;
    }

    async fn answer(&self, request: &Frame, result: Result<(), QmiError>, message: &dyn Message) {
        self.send(&answer_to(request, result, message).emit()).await;
    }
}

fn answer_to(request: &Frame, result: Result<(), QmiError>, message: &dyn Message) -> Frame {
    let mut tlvs = Vec::new();
    put_result(&mut tlvs, result);
    message.put(&mut tlvs);
    request.response(tlvs)
}

/// What a modem has of client ids, and how it behaves.
#[derive(Default)]
struct Ids8 {
    allocated: RefCell<Vec<(Service, u8)>>,
    delay: Cell<u64>,
    releases: Cell<u32>,
}

impl Ids8 {
    fn allocate(&self, service: Service) -> Option<u8> {
        let mut allocated = self.allocated.borrow_mut();
        let id = (1..=20).find(|id| !allocated.contains(&(service, *id)))?;
        allocated.push((service, id));
        Some(id)
    }
}

/// Answers the control service as a modem does, and everything else with "no such command".
async fn serve(modem: Rc<Modem>, ids: Rc<Ids8>) {
    while let Some(request) = modem.take().await {
        let (modem, ids) = (modem.clone(), ids.clone());
        // Each answer on its own, so that a slow modem still takes the next request.
        spawn_local(async move {
            sleep(Duration::from_millis(ids.delay.get())).await;
            modem.send(&control(&ids, &request).emit()).await;
        });
    }
}

fn control(ids: &Ids8, request: &Frame) -> Frame {
    let none = tlv::Empty {};
    if request.service != Service::Ctl {
        return answer_to(request, Err(QmiError::InvalidQmiCommand), &none);
    }
    match request.message {
        ctl::AllocateClientId::ID => {
            let service = tlv::parse::<ctl::AllocateClientId>(&request.tlvs).service.expect("a service");
            let Some(id) = ids.allocate(service) else {
                return answer_to(request, Err(QmiError::ClientIdsExhausted), &none);
            };
            let client = Some(ctl::ClientId { service, id });
            answer_to(request, Ok(()), &ctl::ClientIdAllocated { client })
        }
        ctl::ReleaseClientId::ID => {
            let client = tlv::parse::<ctl::ReleaseClientId>(&request.tlvs).client.expect("a client id");
            let before = ids.allocated.borrow().len();
            ids.allocated.borrow_mut().retain(|held| *held != (client.service, client.id));
            assert_eq!(ids.allocated.borrow().len() + 1, before, "released what nobody had");
            ids.releases.set(ids.releases.get() + 1);
            answer_to(request, Ok(()), &ctl::ClientIdReleased { client: Some(client) })
        }
        ctl::Sync::ID => {
            ids.allocated.borrow_mut().clear();
            answer_to(request, Ok(()), &none)
        }
        _ => answer_to(request, Err(QmiError::InvalidQmiCommand), &none),
    }
}

fn descriptors() -> (OwnedFd, OwnedFd) {
    let flags = SockFlag::SOCK_CLOEXEC;
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags).expect("a socketpair")
}

fn ear() -> (Ear, Receiver<Event>) {
    let (told, events) = unbounded();
    (Box::new(move |event| told.send(event).unwrap_or_default()), events)
}

fn channel() -> (Client, Receiver<Event>, Modem) {
    let (ours, theirs) = descriptors();
    let (ear, events) = ear();
    let client = Client::start(Link::Device(Io::packets(ours, 4096).expect("io")), ear);
    (client, events, Modem(Io::packets(theirs, 4096).expect("io")))
}

/// A channel whose modem hands out client ids.
fn served() -> (Client, Receiver<Event>, Rc<Modem>, Rc<Ids8>) {
    let (client, events, modem) = channel();
    let (modem, ids) = (Rc::new(modem), Rc::new(Ids8::default()));
    spawn_local(serve(modem.clone(), ids.clone()));
    (client, events, modem, ids)
}

/// Runs a test in a local set under paused time.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test);
}

fn model(name: &str) -> Model {
    Model { model: Some(name.into()) }
}

#[test]
fn a_request_gets_its_answer() {
    run(async {
        let (client, _events, modem) = channel();
        let dms = client.adopt(Service::Dms, 7);
        spawn_local(async move {
            let request = modem.take().await.expect("a request");
            assert_eq!((request.client, request.message), (7, GetModel::ID));
            modem.answer(&request, Ok(()), &model("MC7455")).await;
        });
        assert_eq!(dms.call(&GetModel::default()).await, Ok(model("MC7455")));
        assert_eq!(client.counters(), Counters { requests: 1, ..Counters::default() });
    });
}

#[test]
fn a_deaf_modem_costs_the_time_limit_of_the_message_and_no_more() {
    run(async {
        let (client, _events, _modem) = channel();
        let begin = Instant::now();
        let dms = client.adopt(Service::Dms, 1);
        assert_eq!(dms.call(&GetModel::default()).await, Err(Error::Timeout));
        assert_eq!(begin.elapsed().as_secs(), 10);
        let nas = client.adopt(Service::Nas, 1);
        assert_eq!(nas.call(&NetworkScan::default()).await, Err(Error::Timeout));
        assert_eq!(begin.elapsed().as_secs(), 310);
        assert_eq!(client.counters().timeouts, 2);
    });
}

#[test]
fn answers_may_come_out_of_order() {
    run(async {
        let (client, _events, modem) = channel();
        spawn_local(async move {
            let one = modem.take().await.expect("one");
            let two = modem.take().await.expect("two");
            let imei = Some(Id::new("359225050039973"));
            modem.answer(&two, Ok(()), &Ids { imei, ..Ids::default() }).await;
            modem.answer(&one, Ok(()), &model("EM7565")).await;
        });
        let dms = client.adopt(Service::Dms, 1);
        let (models, ids) = (GetModel::default(), GetIds::default());
        let (model, ids) = tokio::join!(dms.call(&models), dms.call(&ids));
        assert_eq!(model.expect("a model").model.as_deref(), Some("EM7565"));
        assert_eq!(ids.expect("ids").imei, Some(Id::new("359225050039973")));
    });
}

#[test]
fn a_dropped_lease_is_released_and_a_kept_one_is_not() {
    run(async {
        let (client, _events, _modem, ids) = served();
        let one = client.lease(Service::Wds).await.expect("one");
        let two = client.lease(Service::Wds).await.expect("two");
        assert_ne!(one.id(), two.id());
        drop(one);
        let kept = two.keep();
        sleep(Duration::from_millis(10)).await;
        assert_eq!(*ids.allocated.borrow(), [(Service::Wds, kept)]);
        drop(client.adopt(Service::Wds, kept));
        sleep(Duration::from_millis(10)).await;
        assert_eq!(*ids.allocated.borrow(), []);
    });
}

#[test]
fn a_thousand_leases_and_aborts_leave_no_client_id_allocated() {
    run(async {
        let (client, _events, _modem, ids) = served();
        let mut leased = 0;
        for round in 0..1000_u64 {
            // The modem takes 0 to 4 ms, the one who waits gives up after 0 to 6.
            ids.delay.set(round % 5);
            let patience = Duration::from_millis(round % 7);
            if let Ok(lease) = timeout(patience, client.lease(Service::Wds)).await {
                leased += 1;
                drop(lease.expect("a client id"));
            }
        }
        sleep(Duration::from_secs(1)).await;
        assert_eq!(*ids.allocated.borrow(), []);
        assert!((300..900).contains(&leased), "{leased}");
        assert!(ids.releases.get() > leased, "some were released although nobody waited any more");
        assert_eq!(client.counters().unknown, 0);
    });
}

#[test]
fn the_last_client_s_releases_still_go_out_and_then_the_channel_closes() {
    run(async {
        let (client, mut events, _modem, ids) = served();
        let lease = client.lease(Service::Nas).await.expect("a client id");
        drop(client);
        drop(lease);
        assert_eq!(events.recv().await, Some(Event::Gone));
        sleep(Duration::from_millis(10)).await;
        assert_eq!(*ids.allocated.borrow(), []);
    });
}

#[test]
fn exhausted_client_ids_are_told_and_a_sync_frees_them() {
    run(async {
        let (client, _events, _modem, ids) = served();
        for id in 1..=20 {
            ids.allocated.borrow_mut().push((Service::Wds, id));
        }
        let refused = client.lease(Service::Wds).await.map(|lease| lease.id());
        assert_eq!(refused, Err(Error::Refused(QmiError::ClientIdsExhausted)));
        assert_eq!(client.sync().await, Ok(()));
        assert_eq!(client.lease(Service::Wds).await.map(|lease| lease.id()), Ok(1));
    });
}

#[test]
fn a_modem_that_boots_gets_three_syncs() {
    run(async {
        let (client, _events, modem) = channel();
        spawn_local(async move {
            for _ in 0..2 {
                modem.take().await.expect("a SYNC");
            }
            let third = modem.take().await.expect("a SYNC");
            modem.answer(&third, Ok(()), &tlv::Empty {}).await;
        });
        let begin = Instant::now();
        assert_eq!(client.sync().await, Ok(()));
        assert_eq!(begin.elapsed().as_secs(), 10);
    });
}

#[test]
fn an_indication_reaches_the_one_whose_client_id_it_has() {
    run(async {
        let (client, mut events, modem) = channel();
        let (mine, other) = (client.adopt(Service::Nas, 3), client.adopt(Service::Nas, 4));
        let indication = |to| {
            let tlvs = tlv::emit(&ServingSystemChanged { zone: Some(4), ..Default::default() });
            Frame::indication(Service::Nas, to, 1, ServingSystemChanged::ID, tlvs).emit()
        };
        modem.send(&indication(3)).await;
        modem.send(&indication(9)).await;
        modem.send(&indication(BROADCAST)).await;
        let first = events.recv().await.expect("an event");
        assert!(mine.owns(&first) && !other.owns(&first));
        assert_eq!(first.indication::<ServingSystemChanged>().expect("this one").zone, Some(4));
        let second = events.recv().await.expect("an event");
        assert!(mine.owns(&second) && other.owns(&second));
        let counters = client.counters();
        assert_eq!((counters.indications, counters.strangers), (2, 1));
    });
}

#[test]
fn a_modem_that_starts_anew_takes_its_client_ids_with_it() {
    run(async {
        let (client, mut events, modem) = channel();
        let dms = Rc::new(client.adopt(Service::Dms, 2));
        let waiting = spawn_local({
            let dms = dms.clone();
            async move { dms.call(&GetModel::default()).await }
        });
        modem.take().await.expect("a request");
        let begin = Instant::now();
        modem.send(&Frame::indication(Service::Ctl, 0, 0, ctl::Synced::ID, Vec::new()).emit()).await;
        assert_eq!(events.recv().await, Some(Event::Restarted));
        let lost = Err(Error::Refused(QmiError::InvalidClientId));
        assert_eq!(waiting.await.expect("no panic"), lost);
        assert_eq!(dms.call(&GetModel::default()).await, lost);
        assert_eq!(begin.elapsed().as_secs(), 0);
        drop(dms);
        sleep(Duration::from_millis(10)).await;
        assert_eq!(client.counters().requests, 1, "a lost client id is not released");
    });
}

#[test]
fn wrong_answers_are_counted_and_the_right_one_still_counts() {
    run(async {
        let (client, mut events, modem) = channel();
        let dms = client.adopt(Service::Dms, 2);
        spawn_local(async move {
            let request = modem.take().await.expect("a request");
            let right = answer_to(&request, Ok(()), &model("EC25"));
            let of_another = Frame { client: 9, ..right.clone() };
            let to_nothing = Frame { transaction: right.transaction + 5, ..right.clone() };
            let another = Frame { message: GetIds::ID, ..right.clone() };
            for frame in [&of_another, &to_nothing, &another] {
                modem.send(&frame.emit()).await;
            }
            modem.send(b"\x01\x05\x00\x80\x02").await;
            modem.send(b"garbage").await;
            modem.send(&right.emit()).await;
            modem.send(&right.emit()).await;
            sleep(Duration::from_secs(60)).await;
        });
        assert_eq!(dms.call(&GetModel::default()).await, Ok(model("EC25")));
        sleep(Duration::from_millis(10)).await;
        let counters = client.counters();
        assert_eq!((counters.unknown, counters.strangers, counters.duplicates), (2, 1, 1));
        assert!(counters.malformed >= 1);
        assert!(matches!(events.recv().await, Some(Event::Malformed(_))));
    });
}

#[test]
fn an_answer_without_a_result_is_malformed() {
    run(async {
        let (client, _events, modem) = channel();
        let dms = client.adopt(Service::Dms, 2);
        spawn_local(async move {
            let request = modem.take().await.expect("a request");
            modem.send(&request.response(Vec::new()).emit()).await;
        });
        let outcome = dms.call(&GetOperatingMode::default()).await;
        assert_eq!(outcome, Err(Error::Malformed(Malformed("a response without a result"))));
    });
}

#[test]
fn a_refusal_keeps_its_reason() {
    run(async {
        let (client, _events, modem) = channel();
        let wds = client.adopt(Service::Wds, 2);
        let verbose = VerboseReason { kind: VerboseType::Gpp, reason: 27 };
        spawn_local(async move {
            let request = modem.take().await.expect("a request");
            let started = NetworkStarted { verbose: Some(verbose), ..Default::default() };
            modem.answer(&request, Err(QmiError::CallFailed), &started).await;
        });
        let answer = wds.ask(&StartNetwork::default()).await.expect("an answer");
        assert_eq!(answer.result, Err(QmiError::CallFailed));
        assert_eq!(answer.reply.verbose.expect("a reason").reason().number, 27);
    });
}

#[test]
fn an_unplugged_modem_ends_everything_that_waits() {
    run(async {
        let (client, mut events, modem) = channel();
        let dms = client.adopt(Service::Dms, 2);
        spawn_local(async move {
            modem.take().await.expect("a request");
        });
        assert_eq!(dms.call(&GetModel::default()).await, Err(Error::Gone));
        assert_eq!(events.recv().await, Some(Event::Gone));
        assert_eq!(dms.call(&GetModel::default()).await, Err(Error::Gone));
    });
}

#[test]
fn several_frames_in_one_read_and_one_in_several_are_all_heard() {
    run(async {
        let (client, mut events, modem) = channel();
        let nas = client.adopt(Service::Nas, 3);
        let frame = Frame::indication(Service::Nas, 3, 1, ServingSystemChanged::ID, Vec::new());
        let bytes = frame.emit();
        modem.send(&bytes.repeat(3)).await;
        modem.send(&bytes[..5]).await;
        modem.send(&bytes[5..]).await;
        for _ in 0..4 {
            assert!(nas.owns(&events.recv().await.expect("an event")));
        }
        assert_eq!(client.counters().malformed, 0);
    });
}

#[test]
fn control_transactions_fit_one_byte_for_ever() {
    run(async {
        let (client, _events, _modem, ids) = served();
        for _ in 0..600 {
            drop(client.lease(Service::Uim).await.expect("a client id"));
        }
        sleep(Duration::from_millis(10)).await;
        assert_eq!((ids.releases.get(), client.counters().unknown), (600, 0));
    });
}

#[test]
fn the_same_client_works_inside_another_protocol() {
    run(async {
        let (link, mut tunnel) = Link::tunnel();
        let (ear, mut events) = ear();
        let client = Client::start(link, ear);
        let ids = Rc::new(Ids8::default());
        let modem = ids.clone();
        let pump = spawn_local(async move {
            while let Some(bytes) = tunnel.to_modem.recv().await {
                let request = Frame::parse(&bytes).expect("a sane host");
                let _ = tunnel.from_modem.send(control(&modem, &request).emit());
            }
        });
        client.sync().await.expect("synchronised");
        let lease = client.lease(Service::Loc).await.expect("a client id");
        assert_eq!(*ids.allocated.borrow(), [(Service::Loc, lease.id())]);
        drop(lease);
        drop(client);
        assert_eq!(events.recv().await, Some(Event::Gone));
        pump.await.expect("the pump ends with the client");
        assert_eq!(*ids.allocated.borrow(), []);
    });
}
