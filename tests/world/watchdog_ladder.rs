//! From trouble to its cure under the virtual clock: the right rung for the fault, no rung where
//! none helps, and a person's word above all.

use crate::sim;

use std::time::Duration;

use sim::fault::{Effect, Fault, On};
use sim::modem::Setup;
use sim::netifd::State;
use sim::world::{MINUTE, SECOND, WAN, World};
use tokio::time::Instant;
use uwand::fault::Rung;
use uwand::mbim::messages::enums::Register;

use uwand::json::{Value, json};

const HOUR: Duration = Duration::from_secs(3600);

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

/// Until the trouble is noticed.
async fn noticed(w: &World) {
    let begin = Instant::now();
    while w.of_interface("watchdog").await["health"] == "healthy" {
        assert!(begin.elapsed() < 5 * MINUTE, "nobody notices; {}", w.story().await);
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

fn pair(rung: &str, worked: bool) -> (String, bool) {
    (rung.to_string(), worked)
}

#[test]
fn a_stall_that_a_reconnect_does_not_cure_is_cured_by_the_radio() {
    World::run(setup(), async |w| {
        w.ifup(internet());
        w.up_within(MINUTE).await;
        w.pass(100).await;
        w.modem.stall(Rung::Reregister);
        noticed(w).await;
        let took = healthy_within(w, 10 * MINUTE).await;
        println!("cured after {took:?}");
        assert_eq!(rungs(w).await, [pair("reconnect", false), pair("reregister", true)]);
        assert_eq!(last_outage(w).await["cured_by"], "reregister");
    });
}

#[test]
fn a_stall_that_only_a_restart_cures_is_cured_by_one_and_the_modem_is_not_lost() {
    World::run(setup(), async |w| {
        w.tend_modem();
        w.ifup(internet());
        w.up_within(MINUTE).await;
        w.pass(100).await;
        w.modem.stall(Rung::Reset);
        noticed(w).await;
        let took = healthy_within(w, 30 * MINUTE).await;
        println!("cured after {took:?}");
        let expected = [pair("reconnect", false), pair("reregister", false), pair("reset", true)];
        assert_eq!(rungs(w).await, expected);
        assert_eq!(w.of_interface("watchdog").await["used"], 1);
    });
}

#[test]
fn a_hung_modem_loses_its_power_by_itself_and_sooner_the_next_time() {
    World::run(setup(), async |w| {
        w.tend_modem();
        w.ifup(internet());
        w.up_within(MINUTE).await;
        let mut times = Vec::new();
        for _ in 0..2 {
            w.pass(600).await;
            w.modem.fault(Fault::new(On::Anything, Effect::Deaf));
            w.modem.stall(Rung::Power);
            noticed(w).await;
            times.push(healthy_within(w, HOUR).await);
            println!("cured after {:?} by {:?}", times.last(), rungs(w).await);
            assert_eq!(last_outage(w).await["cured_by"], "power");
        }
        assert!(times[1] < times[0], "{times:?}");
    });
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
fn ifdown_in_the_middle_of_a_restart_is_answered_within_four_seconds() {
    for cure in [Rung::Reset, Rung::Power] {
        World::run(setup(), async |w| {
            w.tend_modem();
            w.ifup(internet());
            w.up_within(MINUTE).await;
            w.pass(100).await;
            if cure == Rung::Power {
                w.modem.fault(Fault::new(On::Anything, Effect::Deaf));
            }
            w.modem.stall(Rung::Reboot);
            let begin = Instant::now();
            while w.of_interface("watchdog").await["rung"] != cure.as_str() {
                assert!(begin.elapsed() < HOUR, "{cure}: {}", w.story().await);
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            w.netifd.ifdown(WAN);
            let took = w.down_within(4 * SECOND).await;
            println!("{cure}: down after {took:?}");
            w.pass(600).await;
            assert_eq!(w.netifd.state(WAN), State::Down);
            assert_eq!(w.of_interface("state").await, "down");
        });
    }
}

#[test]
fn a_flapping_link_stays_within_its_budget_for_a_day_and_every_act_has_its_reason() {
    World::run(setup(), async |w| {
        w.tend_modem();
        w.ifup(internet());
        w.up_within(MINUTE).await;
        let begin = Instant::now();
        let mut most = 0;
        while begin.elapsed() < 24 * HOUR {
            w.pass(60).await;
            w.modem.network_disconnect(0, 38);
            most = most.max(w.of_interface("watchdog").await["used"].as_u64().unwrap_or(0));
        }
        println!("at most {most} resets and power cuts within 24 h");
        assert!(most <= 6, "{most}");
        let outages = w.call("outages", json!({})).await;
        for outage in outages["outages"].as_array().expect("a list") {
            assert!(!outage["evidence"].as_array().expect("a list").is_empty(), "{outage}");
            for rung in outage["rungs"].as_array().expect("a list") {
                assert!(!rung["why"].as_str().unwrap_or_default().is_empty(), "{rung}");
            }
        }
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
