//! The double of netifd beside the real one: the same messages, the same answers and the
//! same `ifstatus` after each.

use std::time::Duration;

use tokio::task::LocalSet;
use tokio::time::sleep;
use uwand::ubus::{Client, Source};

use crate::router::Router;
use crate::sim::netifd::{Handler, Netifd};
use crate::sim::ubusd::Ubusd;
use uwand::json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);
/// Until the handler of a setup or teardown has run.
const SETTLED: Duration = Duration::from_millis(150);

/// One thing that is asked of `network.interface`, and what follows from it.
#[derive(Debug, PartialEq)]
struct Step {
    name: &'static str,
    answer: Result<Value, Option<String>>,
    status: Value,
}

/// Method, its arguments beside the interface.
fn script() -> Vec<(&'static str, &'static str, Value)> {
    let link = json!({
        "action": 0, "link-up": true, "ifname": "wwan0",
        "ipaddr": [{"ipaddr": "10.1.2.3", "mask": "30"}], "ip6addr": [{"ipaddr": "2001:db8::5", "mask": "128"}],
        "routes": [{"target": "0.0.0.0", "netmask": "0", "gateway": "10.1.2.1", "mtu": 1430}],
        "routes6": [{"target": "::", "netmask": "0", "source": "2001:db8::5/128"}],
        "dns": ["10.0.0.53", "2001:db8::53"], "data": {"session": 0},
    });
    let mut moved = link.clone();
    moved["ipaddr"].as_array_mut().unwrap()[0]["ipaddr"] = "10.1.2.2".into();
    moved["data"] = json!({"technology": "lte"});
    let mut elsewhere = link.clone();
    elsewhere["ifname"] = "wwan7".into();
    let error = |words: &[&str]| json!({"action": 3, "error": words});
    vec![
        ("no action", "notify_proto", json!({})),
        ("an unknown action", "notify_proto", json!({"action": 99})),
        ("link-up missing", "notify_proto", json!({"action": 0})),
        ("link-up as a number", "notify_proto", json!({"action": 0, "link-up": 1})),
        ("ifname missing", "notify_proto", json!({"action": 0, "link-up": true})),
        ("ifname unknown", "notify_proto", elsewhere),
        ("link-down in setup", "notify_proto", json!({"action": 0, "link-up": false})),
        ("error", "notify_proto", error(&["NO_SIM", "no SIM in the modem"])),
        ("error empty", "notify_proto", error(&[])),
        ("another error", "notify_proto", error(&["NOT_REGISTERED"])),
        ("link-up", "notify_proto", link.clone()),
        ("error while up", "notify_proto", error(&["NO_TRAFFIC", "connected, but no traffic passes"])),
        ("the same link-up", "notify_proto", link.clone()),
        ("another address", "notify_proto", moved),
        ("renew", "renew", json!({})),
        ("link-down", "notify_proto", json!({"action": 0, "link-up": false})),
        ("link-up again", "notify_proto", link),
        ("setup failed", "notify_proto", json!({"action": 7})),
        ("block restart", "notify_proto", json!({"action": 4})),
        ("setup failed for good", "notify_proto", json!({"action": 7})),
        ("setup failed while down", "notify_proto", json!({"action": 7})),
        ("up", "up", json!({})),
        ("down", "down", json!({})),
        ("up once more", "up", json!({})),
        ("available missing", "notify_proto", json!({"action": 5})),
        ("nobody's interface", "notify_proto", json!({"action": 4, "interface": "nobody"})),
    ]
}

/// The part of `ifstatus` that the product looks at, without what depends on time.
fn seen(status: &Value) -> Value {
    let keys = [
        "up",
        "pending",
        "available",
        "autostart",
        "dynamic",
        "l3_device",
        "proto",
        "ipv4-address",
        "ipv6-address",
        "route",
        "dns-server",
        "dns-search",
        "data",
        "errors",
    ];
    let pairs = keys.iter().filter_map(|key| Some((key.to_string(), status.get(*key)?.clone())));
    Value::Object(pairs.collect())
}

async fn play(client: Client) -> Vec<Step> {
    client.wait_for("network.interface.wan").await;
    sleep(2 * SETTLED).await;
    let mut steps = Vec::new();
    for (name, method, mut args) in script() {
        if args.get("interface").is_none() {
            args["interface"] = "wan".into();
        }
        let answer = client.invoke("network.interface", method, &args, SECOND).await;
        let answer = answer.map_err(|error| error.status().map(|status| status.label().to_string()));
        sleep(SETTLED).await;
        let status = client.invoke("network.interface.wan", "status", &Value::Null, SECOND).await;
        steps.push(Step { name, answer, status: seen(&status.expect("a status")) });
    }
    steps
}

fn double() -> Vec<Step> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), async {
        let ubusd = Ubusd::in_memory();
        let bus = ubusd.clone();
        let handler = Handler::Closure(Box::new(|_| Box::pin(sleep(SETTLED / 10))));
        let netifd = Netifd::start(move || bus.source(), handler);
        netifd.configure("wan", Some(json!({"proto": "uwand", "apn": "internet"})));
        play(Client::start(ubusd.source())).await
    })
}

#[test]
fn the_double_answers_and_shows_what_the_real_netifd_does() {
    let Some(router) = Router::start("config interface wan\n\toption proto uwand\n\toption apn internet")
    else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let socket = router.path("ubus");
    let real =
        LocalSet::new().block_on(&runtime, async { play(Client::start(Source::Paths(vec![socket]))).await });
    let mut wrong = Vec::new();
    for (real, double) in real.iter().zip(double()) {
        if *real != double {
            wrong.push(format!(
                "{}:\n  real   {:?} {}\n  double {:?} {}",
                real.name, real.answer, real.status, double.answer, double.status
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
