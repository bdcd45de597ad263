//! From trouble to its cure under the virtual clock: the right rung for the fault, no rung where
//! none helps, and a person's word above all.

use crate::sim;

use std::time::Duration;

use serde_json::{Value, json};
use sim::modem::Setup;
use sim::world::{MINUTE, WAN, World};
use tokio::time::Instant;
use uwand::mbim::messages::enums::Register;

fn internet() -> Value {
    json!({ "apn": "internet" })
}

fn setup() -> Setup {
    Setup { device_reset: true, ..Setup::default() }
}

/// Until the state is `up` again, with proof.
async fn healthy_within(w: &World, limit: Duration) -> Duration {
    let begin = Instant::now();
    loop {
        let status = w.status().await;
        let wan = &status["interfaces"][0];
        if wan["state"] == "up" && wan["watchdog"]["health"] == "healthy" {
            return begin.elapsed();
        }
        let explained = w.call("explain", json!({ "interface": WAN })).await;
        assert!(begin.elapsed() < limit, "{explained:#}; {}", w.story().await);
        w.pass(1).await;
    }
}

async fn last_outage(w: &World) -> Value {
    w.call("outages", json!({ "limit": 1 })).await["outages"][0].clone()
}

/// Rungs of the last outage with whether they worked.
async fn rungs(w: &World) -> Vec<(String, bool)> {
    let outage = last_outage(w).await;
    let each = outage["rungs"].as_array().cloned().unwrap_or_default();
    each.iter()
        .map(|rung| (rung["rung"].as_str().unwrap_or_default().to_string(), rung["worked"] == true))
        .collect()
}

/// A day of trouble that no reset mends: what was done.
async fn a_day_of(w: &World, trouble: impl FnOnce(&World)) {
    w.tend_modem();
    w.ifup(internet());
    w.up_within(MINUTE).await;
    w.pass(100).await;
    trouble(w);
    for _ in 0..24 {
        w.pass(3600).await;
        assert_eq!(w.of_interface("watchdog").await["used"], 0, "{}", last_outage(w).await);
    }
    println!("{:#}", w.call("explain", json!({ "interface": WAN })).await);
    let heavy = |rung: &(String, bool)| matches!(rung.0.as_str(), "reset" | "power" | "reboot");
    assert!(!rungs(w).await.iter().any(heavy));
}

#[test]
fn a_day_of_denied_registration_costs_no_reset() {
    World::run(setup(), async |w| {
        a_day_of(w, |w| w.modem.set_registration(Register::Denied, 11)).await;
        w.modem.allow_registration();
        w.up_within(2 * MINUTE).await;
    });
}

#[test]
fn a_day_of_one_dead_target_costs_no_reset_and_no_traffic() {
    World::run(setup(), async |w| {
        w.tend_modem();
        w.ifup(json!({ "apn": "internet", "watchdog_target": ["192.0.2.99"] }));
        w.up_within(MINUTE).await;
        w.pass(100).await;
        w.net.set_dead("192.0.2.99", true);
        for _ in 0..24 {
            w.pass(3600).await;
        }
        let wan = w.status().await["interfaces"][0].clone();
        assert_eq!((&wan["watchdog"]["fault"], &wan["watchdog"]["used"]), (&json!("target_down"), &json!(0)));
        assert_eq!(w.link_ups(), [true], "it stayed up");
        w.net.set_dead("192.0.2.99", false);
        healthy_within(w, 10 * MINUTE).await;
    });
}

#[test]
fn a_person_resets_a_modem_and_a_forbidden_power_cut_is_refused() {
    World::run(setup(), async |w| {
        w.tend_modem();
        w.ifup(json!({ "apn": "internet", "power": "none" }));
        w.up_within(MINUTE).await;
        w.pass(10).await;
        let limit = Duration::from_secs(5);
        let power = w.bus.invoke("uwand", "reset", &json!({ "how": "power" }), limit).await;
        assert!(power.is_err(), "{power:?}");
        let unknown = w.bus.invoke("uwand", "reset", &json!({ "modem": "9-9" }), limit).await;
        assert!(unknown.is_err(), "{unknown:?}");
        w.call("reset", json!({ "how": "soft" })).await;
        w.pass(1).await;
        assert_eq!(w.of_interface("state").await, "recovering");
        healthy_within(w, 2 * MINUTE).await;
        assert_eq!(w.of_interface("watchdog").await["used"], 0, "what a person does costs no budget");
    });
}
