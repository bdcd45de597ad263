//! The ubus client against the double of ubusd, under the virtual clock.

use crate::sim;

use sim::ubusd::Ubusd;
use std::future::Future;
use std::time::Duration;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout};
use uwand::ubus::{ArgType, Client, Error, Method, Notice, Object, Status};

use uwand::json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);
const NOTHING: Value = Value::Null;

const METHODS: &[Method] = &[
    Method {
        name: "echo",
        args: &[("id", ArgType::Int32), ("name", ArgType::String), ("on", ArgType::Bool)],
    },
    Method { name: "late", args: &[] },
    Method { name: "refuse", args: &[] },
    Method { name: "drop", args: &[] },
    Method { name: "nothing", args: &[] },
];

/// Runs a test in virtual time.
fn run(test: impl Future<Output = ()> + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test);
}

async fn client(ubusd: &Ubusd) -> Client {
    let client = Client::start(ubusd.source());
    client.connected().await;
    client
}

/// Answers each method as its name says.
async fn provide(mut object: Object) {
    loop {
        let request = object.recv().await;
        match request.method {
            "echo" => {
                let args = request.args.clone();
                request.reply(args);
            }
            "late" => drop(spawn_local(async {
                sleep(60 * SECOND).await;
                request.reply(json!({"late": true}));
            })),
            "refuse" => request.fail_with(Status::PermissionDenied, json!({"error": "not today"})),
            "nothing" => request.reply(NOTHING),
            _ => drop(request),
        }
    }
}

/// A client with the object `modem.test`.
async fn provider(ubusd: &Ubusd) -> Client {
    let client = client(ubusd).await;
    spawn_local(provide(client.add_object("modem.test", METHODS)));
    client.wait_for("modem.test").await;
    client
}

fn refused(status: Status) -> Result<Value, Error> {
    Err(Error::Refused { status, data: NOTHING })
}

#[test]
fn a_call_comes_back_with_what_the_provider_says() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let _provider = provider(&ubusd).await;
        let caller = client(&ubusd).await;
        let call = async |method, args| caller.invoke("modem.test", method, &args, SECOND).await;
        let args = json!({"name": "wwan0", "id": 7, "ubus_rpc_session": "0"});
        assert_eq!(call("echo", args.clone()).await, Ok(args));
        assert_eq!(call("nothing", NOTHING).await, Ok(NOTHING));
        assert_eq!(call("drop", NOTHING).await, refused(Status::UnknownError));
        assert_eq!(call("nosuch", NOTHING).await, refused(Status::MethodNotFound));
        let why = Error::Refused { status: Status::PermissionDenied, data: json!({"error": "not today"}) };
        assert_eq!(call("refuse", NOTHING).await, Err(why));
    });
}

#[test]
fn an_object_that_is_not_there_is_not_found() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let caller = client(&ubusd).await;
        assert_eq!(caller.invoke("nosuch", "m", &NOTHING, SECOND).await, refused(Status::NotFound));
    });
}

#[test]
fn an_argument_of_another_type_is_an_invalid_argument_and_null_is_absent() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let _provider = provider(&ubusd).await;
        let caller = client(&ubusd).await;
        let echo = async |args| caller.invoke("modem.test", "echo", &args, SECOND).await;
        assert_eq!(echo(json!({"id": "seven"})).await, refused(Status::InvalidArgument));
        assert_eq!(echo(json!({"on": 1})).await, refused(Status::InvalidArgument));
        assert_eq!(
            echo(json!({"name": null, "id": 5_000_000_000_i64})).await,
            Ok(json!({"id": 5_000_000_000_i64}))
        );
    });
}

#[test]
fn a_reply_may_come_a_minute_later_and_a_caller_may_not_wait_for_it() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let _provider = provider(&ubusd).await;
        let caller = client(&ubusd).await;
        let started = Instant::now();
        assert_eq!(caller.invoke("modem.test", "late", &NOTHING, 10 * SECOND).await, Err(Error::Timeout));
        assert_eq!(started.elapsed().as_secs(), 10);
        // The answer that nobody waits for comes while this one is waited for.
        let answer = caller.invoke("modem.test", "late", &NOTHING, 100 * SECOND).await;
        assert_eq!(answer, Ok(json!({"late": true})));
    });
}

#[test]
fn many_calls_in_flight_each_get_their_own_answer() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let _provider = provider(&ubusd).await;
        let caller = client(&ubusd).await;
        let mut calls = Vec::new();
        for number in 0..30 {
            let caller = caller.clone();
            calls.push(spawn_local(async move {
                let args = json!({ "id": number });
                assert_eq!(caller.invoke("modem.test", "echo", &args, SECOND).await, Ok(args));
            }));
        }
        for call in calls {
            call.await.expect("no panic");
        }
    });
}

#[test]
fn after_a_kill_of_ubusd_everything_is_there_again_within_a_second() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let provider = provider(&ubusd).await;
        let caller = client(&ubusd).await;
        let mut events = caller.listen("uwand.*");
        let mut notices = caller.subscribe("modem.test");
        assert_eq!(notices.recv().await, Notice::Attached);
        for round in 1..=3 {
            ubusd.kill();
            assert_eq!(notices.recv().await, Notice::Lost);
            assert_eq!(caller.invoke("modem.test", "echo", &NOTHING, SECOND).await, Err(Error::Gone));
            sleep(30 * SECOND).await;
            ubusd.start().expect("no socket to bind");
            let returned = Instant::now();
            caller.wait_for("modem.test").await;
            assert_eq!(notices.recv().await, Notice::Attached);
            assert!(returned.elapsed() < SECOND, "round {round}: {:?}", returned.elapsed());
            let args = json!({ "id": round });
            assert_eq!(caller.invoke("modem.test", "echo", &args, SECOND).await, Ok(args.clone()));
            provider.send_event("uwand.modem", &args);
            let event = timeout(SECOND, events.recv()).await.expect("an event");
            assert_eq!((event.id.as_str(), event.data), ("uwand.modem", args.clone()));
            provider.notify("modem.test", "state", &args);
            assert_eq!(notices.recv().await, Notice::Message { kind: "state".into(), data: args });
        }
    });
}

#[test]
fn a_call_in_flight_ends_when_ubusd_is_killed() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let _provider = provider(&ubusd).await;
        let caller = client(&ubusd).await;
        let killer = ubusd.clone();
        spawn_local(async move {
            sleep(SECOND).await;
            killer.kill();
        });
        let started = Instant::now();
        assert_eq!(caller.invoke("modem.test", "late", &NOTHING, 100 * SECOND).await, Err(Error::Gone));
        assert_eq!(started.elapsed().as_secs(), 1);
    });
}

#[test]
fn a_call_in_flight_ends_when_the_called_process_dies() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let provider_client = client(&ubusd).await;
        let mut object = provider_client.add_object("modem.test", METHODS);
        let caller = client(&ubusd).await;
        caller.wait_for("modem.test").await;
        spawn_local(async move {
            let request = object.recv().await;
            sleep(SECOND).await;
            drop(object);
            sleep(SECOND).await;
            drop(request);
        });
        let started = Instant::now();
        assert_eq!(caller.invoke("modem.test", "late", &NOTHING, 100 * SECOND).await, Err(Error::Gone));
        assert_eq!(started.elapsed().as_secs(), 1);
    });
}

#[test]
fn a_provider_that_restarted_is_found_under_its_new_number() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let caller = client(&ubusd).await;
        for round in 0..3 {
            let provider = provider(&ubusd).await;
            let args = json!({ "id": round });
            assert_eq!(caller.invoke("modem.test", "echo", &args, SECOND).await, Ok(args));
            drop(provider);
        }
    });
}

#[test]
fn waiting_for_an_object_ends_when_it_comes() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let caller = client(&ubusd).await;
        let waiter = spawn_local(async move {
            let started = Instant::now();
            caller.wait_for("modem.test").await;
            started.elapsed()
        });
        sleep(7 * SECOND).await;
        let _provider = provider(&ubusd).await;
        assert_eq!(waiter.await.expect("no panic").as_secs(), 7);
    });
}

#[test]
fn waiting_begins_before_ubusd_does() {
    run(async {
        let ubusd = Ubusd::in_memory();
        ubusd.kill();
        let caller = Client::start(ubusd.source());
        let mut notices = caller.subscribe("modem.test");
        let waiter = caller.clone();
        let waiter = spawn_local(async move { waiter.wait_for("modem.test").await });
        sleep(100 * SECOND).await;
        ubusd.start().expect("no socket to bind");
        let _provider = provider(&ubusd).await;
        timeout(SECOND, waiter).await.expect("in time").expect("no panic");
        assert_eq!(notices.recv().await, Notice::Attached);
    });
}

#[test]
fn a_subscription_survives_its_object() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let watcher = client(&ubusd).await;
        let mut notices = watcher.subscribe("modem.test");
        let owner = client(&ubusd).await;
        for _ in 0..3 {
            assert!(!owner.has_subscribers("modem.test"));
            let object = owner.add_object("modem.test", METHODS);
            assert_eq!(notices.recv().await, Notice::Attached);
            owner.wait_for("modem.test").await;
            assert!(owner.has_subscribers("modem.test"));
            owner.notify("modem.test", "state", &json!({"rssi": -71}));
            let notice = Notice::Message { kind: "state".into(), data: json!({"rssi": -71}) };
            assert_eq!(notices.recv().await, notice);
            drop(object);
            assert_eq!(notices.recv().await, Notice::Lost);
        }
        let _object = owner.add_object("modem.test", METHODS);
        assert_eq!(notices.recv().await, Notice::Attached);
        drop(notices);
        sleep(SECOND).await;
        assert!(!owner.has_subscribers("modem.test"));
    });
}

#[test]
fn a_taken_name_is_taken_over_when_its_owner_dies() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let old = provider(&ubusd).await;
        let new = client(&ubusd).await;
        spawn_local(provide(new.add_object("modem.test", METHODS)));
        sleep(SECOND).await;
        drop(old);
        sleep(SECOND).await;
        let caller = client(&ubusd).await;
        assert_eq!(ubusd.objects(), ["modem.test"]);
        assert!(caller.invoke("modem.test", "echo", &NOTHING, SECOND).await.is_ok());
    });
}

#[test]
fn an_answer_to_a_caller_of_the_last_ubusd_goes_nowhere() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let owner = client(&ubusd).await;
        let mut object = owner.add_object("modem.test", METHODS);
        let caller = client(&ubusd).await;
        caller.wait_for("modem.test").await;
        let asker = caller.clone();
        spawn_local(async move { asker.invoke("modem.test", "late", &NOTHING, SECOND).await });
        let request = object.recv().await;
        ubusd.kill();
        ubusd.start().expect("nothing to bind");
        caller.connected().await;
        caller.wait_for("modem.test").await;
        sleep(SECOND).await;
        let frames = ubusd.received();
        request.reply(json!({"late": true}));
        sleep(SECOND).await;
        assert_eq!(ubusd.received(), frames);
    });
}

#[test]
fn a_dropped_object_is_gone_and_its_waiting_callers_are_told() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let owner = client(&ubusd).await;
        let object = owner.add_object("modem.test", METHODS);
        let caller = client(&ubusd).await;
        caller.wait_for("modem.test").await;
        spawn_local(async move {
            sleep(SECOND).await;
            drop(object);
        });
        // Nobody took the request out of the queue.
        let answer = caller.invoke("modem.test", "echo", &NOTHING, 100 * SECOND).await;
        assert!(matches!(answer, Err(Error::Gone | Error::Refused { .. })), "{answer:?}");
        sleep(SECOND).await;
        assert_eq!(ubusd.objects(), [""; 0]);
    });
}

#[test]
fn a_flood_of_requests_is_told_so_and_does_not_grow() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let owner = client(&ubusd).await;
        let object = owner.add_object("modem.test", METHODS);
        let caller = client(&ubusd).await;
        caller.wait_for("modem.test").await;
        let mut calls = Vec::new();
        for _ in 0..40 {
            let caller = caller.clone();
            calls.push(spawn_local(async move {
                caller.invoke("modem.test", "echo", &NOTHING, 5 * SECOND).await
            }));
        }
        let (mut full, mut waiting) = (0, 0);
        for call in calls {
            match call.await.expect("no panic") {
                Err(Error::Timeout) => waiting += 1,
                other => {
                    assert_eq!(other, refused(Status::NoMemory));
                    full += 1;
                }
            }
        }
        assert_eq!((full, waiting), (8, 32));
        drop(object);
    });
}

#[test]
fn a_denied_method_is_refused_by_ubusd() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let _provider = provider(&ubusd).await;
        ubusd.deny(&[("modem.test", "echo")]);
        let caller = client(&ubusd).await;
        let answer = caller.invoke("modem.test", "echo", &NOTHING, SECOND).await;
        assert_eq!(answer, refused(Status::PermissionDenied));
    });
}

#[test]
fn a_client_hears_no_event_of_its_own() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let both = client(&ubusd).await;
        let other = client(&ubusd).await;
        let (mut own, mut foreign) = (both.listen("uwand.*"), other.listen("uwand.*"));
        sleep(SECOND).await;
        both.send_event("uwand.interface", &json!({"new": "up"}));
        assert_eq!(foreign.recv().await.id, "uwand.interface");
        assert!(timeout(SECOND, own.recv()).await.is_err());
    });
}

#[test]
fn an_idle_client_sends_nothing_and_sets_no_timer() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let _provider = provider(&ubusd).await;
        sleep(SECOND).await;
        let frames = ubusd.received();
        sleep(3600 * SECOND).await;
        assert_eq!(ubusd.received(), frames);
    });
}

#[test]
fn a_reply_of_many_segments_arrives_whole() {
    run(async {
        let ubusd = Ubusd::in_memory();
        let _provider = provider(&ubusd).await;
        let caller = client(&ubusd).await;
        let args = json!({ "name": "x".repeat(900_000) });
        assert_eq!(caller.invoke("modem.test", "echo", &args, SECOND).await, Ok(args));
    });
}
