//! Rungs that go wrong, that take the router along, or that meet something else on the way.

use crate::sim;

use std::time::Duration;

use serde_json::{Value, json};
use sim::fault::{Effect, Fault, On};
use sim::modem::Setup;
use sim::world::{MINUTE, WAN, World};
use tokio::time::Instant;
use uwand::fault::Rung;

const HOUR: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(250);

fn setup() -> Setup {
    Setup { device_reset: true, ..Setup::default() }
}

/// Of an interface: its member in `status`.
async fn shown(w: &World, name: &str, member: &str) -> Value {
    let status = w.status().await;
    let all = status["interfaces"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|one| one["interface"] == name).map(|one| one[member].clone()).unwrap_or_default()
}

async fn healthy_within(w: &World, name: &str, limit: Duration) {
    let begin = Instant::now();
    while shown(w, name, "state").await != "up" || shown(w, name, "watchdog").await["health"] != "healthy" {
        let told = w.call("explain", json!({ "interface": name })).await;
        assert!(begin.elapsed() < limit, "{told:#}; {}", w.story().await);
        w.pass(1).await;
    }
}

/// Until this rung is at work on the interface.
async fn at_work(w: &World, name: &str, rung: Rung) {
    let begin = Instant::now();
    while shown(w, name, "watchdog").await["rung"] != rung.as_str() {
        assert!(begin.elapsed() < 2 * HOUR, "no {rung}; {}", w.story().await);
        tokio::time::sleep(MOMENT).await;
    }
}

/// Every rung of the interface's outages, the oldest first.
async fn rungs(w: &World, name: &str) -> Vec<String> {
    let reply = w.call("outages", json!({ "interface": name, "limit": 100 })).await;
    let outages = reply["outages"].as_array().cloned().unwrap_or_default();
    let each =
        outages.iter().rev().flat_map(|outage| outage["rungs"].as_array().cloned().unwrap_or_default());
    each.map(|rung| rung["rung"].as_str().unwrap_or_default().to_string()).collect()
}

async fn used(w: &World) -> u64 {
    shown(w, WAN, "watchdog").await["used"].as_u64().expect("a number")
}

async fn up(w: &World, options: Value) {
    w.tend_modem();
    w.ifup(options);
    w.up_within(MINUTE).await;
    w.pass(100).await;
}

#[test]
fn power_that_did_not_come_on_again_was_spent_and_is_told() {
    World::run(setup(), async |w| {
        up(w, json!({ "apn": "internet", "watchdog_ladder": ["power"] })).await;
        w.modem.fault(Fault::new(On::Anything, Effect::Deaf));
        w.modem.stall(Rung::Power);
        at_work(w, WAN, Rung::Power).await;
        while !w.is_off() {
            tokio::time::sleep(MOMENT).await;
        }
        let locked = w.lock_switch();
        w.error_within("NO_MODEM", MINUTE).await;
        assert!(w.error_words().contains("on again"), "{}", w.error_words());
        assert_eq!((used(w).await, rungs(w, WAN).await), (1, vec!["power".to_string()]));
        w.pass(60).await;
        assert_eq!(used(w).await, 1);
        w.free_switch(locked);
        healthy_within(w, WAN, HOUR).await;
    });
}
