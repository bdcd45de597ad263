//! The double of netifd against what was seen of the real one.

use crate::sim;

use sim::netifd::{Handler, Netifd, State, What};
use sim::ubusd::Ubusd;
use std::future::Future;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};
use uwand::ubus::{Client, Error, Notice, Status};

use uwand::json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);

fn run(test: impl Future<Output = ()> + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test);
}

/// ubusd, netifd with interface `wan` whose handler takes a while, and somebody to talk to it.
struct Bed {
    ubusd: Ubusd,
    netifd: Netifd,
    daemon: Client,
}

async fn bed(setup: Duration, teardown: Duration) -> Bed {
    let ubusd = Ubusd::in_memory();
    let bus = ubusd.clone();
    let handler = Handler::Closure(Box::new(move |call| {
        Box::pin(sleep(if call.action == "teardown" { teardown } else { setup }))
    }));
    let netifd = Netifd::start(move || bus.source(), handler);
    netifd.configure("wan", Some(json!({"proto": "uwand", "apn": "internet", "mtu": 1400})));
    let daemon = Client::start(ubusd.source());
    daemon.wait_for("network.interface.wan").await;
    Bed { ubusd, netifd, daemon }
}

fn link_up() -> Value {
    json!({
        "interface": "wan", "action": 0, "link-up": true, "ifname": "wwan0",
        "ipaddr": [{"ipaddr": "10.1.2.3", "mask": "30"}],
        "routes": [{"target": "0.0.0.0", "netmask": "0", "gateway": "10.1.2.1"}],
        "dns": ["10.0.0.53"], "data": {"session": 0},
    })
}

impl Bed {
    async fn notify(&self, message: Value) -> Result<Value, Error> {
        self.daemon.invoke("network.interface", "notify_proto", &message, SECOND).await
    }

    async fn action(&self, action: u32) -> Option<Status> {
        self.notify(json!({"interface": "wan", "action": action}))
            .await
            .err()
            .and_then(|error| error.status())
    }

    fn states(&self) -> Vec<State> {
        let state = |what: What| if let What::State(state) = what { Some(state) } else { None };
        self.netifd.told("wan").into_iter().filter_map(state).collect()
    }
}

#[test]
fn an_interface_waits_in_setup_for_its_link_however_long() {
    run(async {
        let bed = bed(SECOND, SECOND).await;
        sleep(3600 * SECOND).await;
        assert_eq!(bed.netifd.state("wan"), State::Setup);
        assert_eq!(bed.notify(link_up()).await, Ok(Value::Null));
        let status = bed.daemon.invoke("network.interface.wan", "status", &Value::Null, SECOND).await;
        let status = status.expect("a status");
        assert_eq!((&status["up"], &status["l3_device"]), (&json!(true), &json!("wwan0")));
        assert_eq!(status["ipv4-address"], json!([{"address": "10.1.2.3", "mask": 30}]));
        assert_eq!(status["route"][0]["nexthop"], "10.1.2.1");
        assert_eq!((bed.netifd.runs("setup"), bed.netifd.complaints()), (1, vec![]));
    });
}

#[test]
fn link_down_goes_to_setup_without_the_handler() {
    run(async {
        let bed = bed(SECOND, SECOND).await;
        let mut events = bed.daemon.listen("network.interface");
        let mut notices = bed.daemon.subscribe("network.interface");
        assert_eq!(notices.recv().await, Notice::Attached);
        drop(bed.notify(link_up()).await);
        drop(bed.notify(json!({"interface": "wan", "action": 0, "link-up": false})).await);
        assert_eq!(bed.states(), [State::Setup, State::Up, State::Setup]);
        assert_eq!((bed.netifd.runs("setup"), bed.netifd.runs("teardown")), (1, 0));
        for action in ["ifup", "ifdown"] {
            assert_eq!(events.recv().await.data, json!({"action": action, "interface": "wan"}));
        }
        for wanted in ["interface.update", "interface.down"] {
            match notices.recv().await {
                Notice::Message { kind, data } => {
                    assert_eq!((kind.as_str(), &data["interface"]), (wanted, &json!("wan")));
                }
                other => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn setup_failed_alone_is_a_loop_and_with_block_restart_it_is_the_end() {
    run(async {
        let bed = bed(SECOND / 10, SECOND / 10).await;
        sleep(SECOND).await;
        assert_eq!(bed.action(7).await, None);
        assert_eq!(bed.action(7).await, Some(Status::PermissionDenied));
        sleep(SECOND).await;
        assert_eq!((bed.netifd.runs("setup"), bed.netifd.state("wan")), (2, State::Setup));
        let error = json!({"interface": "wan", "action": 3, "error": ["NO_SIM", "no SIM in the modem"]});
        assert_eq!(bed.notify(error).await, Ok(Value::Null));
        assert_eq!((bed.action(4).await, bed.action(7).await), (None, None));
        sleep(SECOND).await;
        let status = bed.netifd.status("wan");
        assert_eq!((&status["autostart"], &status["pending"]), (&json!(false), &json!(false)));
        let told = json!([{"subsystem": "uwand", "code": "NO_SIM", "data": ["no SIM in the modem"]}]);
        assert_eq!((bed.netifd.runs("setup"), &status["errors"]), (2, &told));
    });
}

#[test]
fn an_error_stays_until_the_interface_is_up() {
    run(async {
        let bed = bed(SECOND, SECOND).await;
        let error = |code| json!({"interface": "wan", "action": 3, "error": [code]});
        drop(bed.notify(error("NO_SIM")).await);
        drop(bed.notify(error("PIN_REQUIRED")).await);
        assert_eq!(bed.netifd.error("wan"), "PIN_REQUIRED");
        bed.netifd.ifdown("wan");
        sleep(10 * SECOND).await;
        assert_eq!(bed.netifd.error("wan"), "PIN_REQUIRED");
        bed.netifd.ifup("wan");
        drop(bed.notify(link_up()).await);
        assert_eq!(bed.netifd.error("wan"), "");
    });
}

#[test]
fn a_teardown_that_hangs_is_killed_after_five_seconds() {
    run(async {
        let bed = bed(SECOND, 3600 * SECOND).await;
        sleep(2 * SECOND).await;
        drop(bed.notify(link_up()).await);
        let started = Instant::now();
        bed.netifd.ifdown("wan");
        assert_eq!(bed.action(7).await, Some(Status::PermissionDenied));
        let refused = bed.notify(link_up()).await.map_err(|error| error.status());
        assert_eq!(refused, Err(Some(Status::PermissionDenied)));
        assert!(bed.netifd.until(10 * SECOND, |netifd| netifd.state("wan") == State::Down).await);
        assert_eq!(started.elapsed().as_secs(), 5);
        assert!(bed.netifd.told("wan").contains(&What::Killed));
    });
}

#[test]
fn ifdown_in_the_middle_of_setup_ends_it_and_then_tears_down() {
    run(async {
        let bed = bed(60 * SECOND, SECOND).await;
        bed.netifd.ifdown("wan");
        assert!(bed.netifd.until(10 * SECOND, |netifd| netifd.state("wan") == State::Down).await);
        assert_eq!((bed.netifd.runs("setup"), bed.netifd.runs("teardown")), (1, 1));
        bed.netifd.ifup("wan");
        assert_eq!(bed.netifd.runs("setup"), 2);
    });
}

#[test]
fn a_changed_section_is_a_teardown_with_the_old_and_a_setup_with_the_new() {
    run(async {
        let bed = bed(SECOND, SECOND).await;
        sleep(2 * SECOND).await;
        drop(bed.notify(link_up()).await);
        bed.netifd.configure("wan", Some(json!({"proto": "uwand", "apn": "other"})));
        assert!(bed.netifd.until(10 * SECOND, |netifd| netifd.runs("setup") == 2).await);
        let calls = bed.netifd.told("wan").into_iter().filter_map(|what| match what {
            What::Handler(call) => Some(format!("{} {}", call.action, call.config)),
            _ => None,
        });
        let old = "{\"proto\":\"uwand\",\"mtu\":1400,\"apn\":\"internet\",\"mtu\":1400}";
        let expected = [
            format!("setup {old}"),
            format!("teardown {old}"),
            "setup {\"proto\":\"uwand\",\"apn\":\"other\"}".into(),
        ];
        assert_eq!(calls.collect::<Vec<_>>(), expected);
        bed.netifd.configure("wan", None);
        assert!(bed.netifd.until(10 * SECOND, |netifd| !netifd.has("wan")).await);
        sleep(SECOND).await;
        assert!(!bed.ubusd.objects().contains(&"network.interface.wan".to_string()));
    });
}

#[test]
fn a_restart_of_netifd_is_a_setup_without_a_teardown() {
    run(async {
        let bed = bed(SECOND, SECOND).await;
        drop(bed.notify(link_up()).await);
        bed.netifd.kill();
        sleep(SECOND).await;
        assert_eq!(bed.notify(link_up()).await.map_err(|error| error.status()), Err(Some(Status::NotFound)));
        bed.netifd.spawn();
        bed.daemon.wait_for("network.interface.wan").await;
        assert_eq!((bed.netifd.runs("setup"), bed.netifd.runs("teardown")), (2, 0));
        assert_eq!(bed.notify(link_up()).await, Ok(Value::Null));
        assert!(bed.netifd.is_up("wan"));
    });
}

#[test]
fn an_interface_on_top_goes_with_the_link() {
    run(async {
        let bed = bed(SECOND, SECOND).await;
        drop(bed.notify(link_up()).await);
        let dynamic = json!({"name": "wan_4", "ifname": "@wan", "proto": "dhcp"});
        assert_eq!(bed.daemon.invoke("network", "add_dynamic", &dynamic, SECOND).await, Ok(Value::Null));
        assert!(bed.netifd.is_up("wan_4"));
        drop(bed.notify(json!({"interface": "wan", "action": 0, "link-up": false})).await);
        assert!(!bed.netifd.has("wan_4"));
    });
}

#[test]
fn what_the_real_netifd_gets_wrong_in_silence_is_a_complaint() {
    run(async {
        let bed = bed(SECOND, SECOND).await;
        let mut message = link_up();
        message["ipaddr"].as_array_mut().expect("a list")[0]["mask"] = 30.into();
        message["surprise"] = true.into();
        drop(bed.notify(message).await);
        assert_eq!(bed.netifd.complaints().len(), 2);
        let mut message = link_up();
        message["routes"].as_array_mut().expect("a list")[0]["mtu"] = 1430.into();
        drop(bed.notify(message).await);
        assert_eq!(bed.netifd.complaints().len(), 3);
        bed.netifd.unplug("wwan0");
        let gone = bed.notify(link_up()).await.map_err(|error| error.status());
        assert_eq!(gone, Err(Some(Status::UnknownError)));
        bed.netifd.plug("wwan0");
        bed.netifd.ifdown("wan");
        sleep(10 * SECOND).await;
        drop(bed.notify(link_up()).await);
        let complaints = bed.netifd.complaints();
        assert!(complaints.last().is_some_and(|last| last.contains("while down")), "{complaints:?}");
    });
}

#[test]
fn netifd_is_back_on_the_bus_two_seconds_after_ubusd_at_most() {
    run(async {
        let bed = bed(SECOND, SECOND).await;
        drop(bed.notify(link_up()).await);
        bed.ubusd.kill();
        sleep(5 * SECOND).await;
        bed.ubusd.start().expect("nothing to bind");
        let started = Instant::now();
        bed.daemon.wait_for("network.interface.wan").await;
        assert!(started.elapsed() <= 5 * SECOND / 2, "{:?}", started.elapsed());
        assert!(bed.netifd.is_up("wan"));
        assert_eq!(bed.netifd.runs("setup"), 1);
    });
}
