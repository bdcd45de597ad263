//! Whole days of faults, under the virtual clock: which rungs are tried, and that the others
//! are not.

use crate::sim;

use std::time::Duration;

use sim::modem::Setup;
use sim::world::{MINUTE, WAN, World};
use uwand::fault::Rung;
use uwand::mbim::messages::enums::Register;

use uwand::json::{Value, json};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

fn options(more: Value) -> Value {
    let mut options = json!({ "apn": "internet" });
    for (name, value) in more.as_object().into_iter().flatten() {
        options[name.as_str()] = value.clone();
    }
    options
}

async fn used(w: &World) -> u64 {
    w.of_interface("watchdog").await["used"].as_u64().expect("a number")
}

async fn explained(w: &World) -> Value {
    w.call("explain", json!({ "interface": WAN })).await
}

/// Every rung of every outage, the oldest first: which, and its reason.
async fn rungs(w: &World) -> Vec<(Rung, String)> {
    let reply = w.call("outages", json!({ "limit": 100 })).await;
    let outages = reply["outages"].as_array().cloned().unwrap_or_default();
    let rungs =
        outages.iter().rev().flat_map(|outage| outage["rungs"].as_array().cloned().unwrap_or_default());
    let rung = |rung: &Value| Rung::parse(rung["rung"].as_str()?);
    rungs
        .map(|each| (rung(&each).expect("a rung"), each["why"].as_str().unwrap_or_default().into()))
        .collect()
}

#[track_caller]
fn only(tried: &[(Rung, String)], allowed: &[Rung]) {
    assert!(tried.iter().all(|(rung, why)| allowed.contains(rung) && !why.is_empty()), "{tried:?}");
}

#[test]
fn a_day_of_a_dead_target_tries_nothing() {
    World::run(Setup::default(), async |w| {
        w.ifup(options(json!({ "watchdog_target": ["192.0.2.1"] })));
        w.up_within(MINUTE).await;
        w.pass(60).await;
        w.net.set_dead("192.0.2.1", true);
        w.pass(DAY).await;
        let told = explained(w).await;
        assert_eq!((&told["fault"], &told["health"]), (&json!("target_down"), &json!("stalled")), "{told:#}");
        assert!(w.netifd.is_up(WAN), "a dead target takes no link down");
        assert_eq!(used(w).await, 0);
        only(&rungs(w).await, &[]);
        w.net.set_dead("192.0.2.1", false);
        w.pass(300).await;
        assert_eq!(w.of_interface("watchdog").await["health"], "healthy");
    });
}

#[test]
fn a_day_without_dns_resets_nothing() {
    World::run(Setup::default(), async |w| {
        w.ifup(options(json!({ "watchdog_target": ["dns:192.0.2.53"] })));
        w.up_within(MINUTE).await;
        w.pass(60).await;
        for server in ["192.0.2.53", "192.0.2.54", "2001:db8:1::53", "2001:db8:1::54"] {
            w.net.set_dead(&format!("dns:{server}"), true);
        }
        w.pass(DAY).await;
        let told = explained(w).await;
        assert_eq!(told["fault"], "dns_only", "{told:#}");
        assert!(w.netifd.is_up(WAN));
        assert_eq!(used(w).await, 0);
        only(&rungs(w).await, &[Rung::Renew]);
    });
}

#[test]
fn a_day_of_denied_registration_resets_nothing() {
    World::run(Setup::default(), async |w| {
        w.modem.set_registration(Register::Denied, 8);
        w.ifup(options(json!({})));
        w.error_within("REGISTRATION_DENIED", 2 * MINUTE).await;
        w.pass(DAY).await;
        let told = explained(w).await;
        assert_eq!(told["fault"], "denied", "{told:#}");
        assert_eq!(used(w).await, 0);
        only(&rungs(w).await, &[]);
        w.modem.allow_registration();
        w.up_within(2 * MINUTE).await;
    });
}

#[test]
fn six_hours_of_a_silent_carrier_end_the_resets_after_one_pass() {
    World::run(Setup { device_reset: true, ..Setup::default() }, async |w| {
        w.tend_modem();
        w.ifup(options(json!({})));
        w.up_within(MINUTE).await;
        w.pass(60).await;
        w.net.set_out(true);
        w.pass(6 * HOUR).await;
        let told = explained(w).await;
        assert_eq!(told["fault"], "outage", "{told:#}");
        let tried = rungs(w).await;
        let heavy = tried.iter().filter(|(rung, _)| matches!(rung, Rung::Reset | Rung::Power)).count();
        assert!((1..=2).contains(&heavy), "{tried:?}");
        w.net.set_out(false);
        w.pass(300).await;
        assert_eq!(w.of_interface("watchdog").await["health"], "healthy");
    });
}

#[test]
fn a_stall_that_only_a_reset_ends_gets_it_sooner_the_next_time() {
    World::run(Setup { device_reset: true, ..Setup::default() }, async |w| {
        w.tend_modem();
        w.ifup(options(json!({})));
        w.up_within(MINUTE).await;
        w.pass(60).await;
        let mut begin = 0;
        for milder in [vec![Rung::Reconnect, Rung::Reregister], vec![]] {
            w.modem.stall(Rung::Reset);
            w.pass(600).await;
            assert_eq!(w.of_interface("watchdog").await["health"], "healthy", "{}", w.story().await);
            let tried = rungs(w).await;
            let now: Vec<Rung> = tried[begin..].iter().map(|(rung, _)| *rung).collect();
            assert_eq!(now, [milder, vec![Rung::Reset]].concat(), "{tried:?}");
            begin = tried.len();
            w.pass(600).await;
        }
        assert_eq!(explained(w).await["remembered"], "reset");
    });
}

#[test]
fn six_hours_of_a_flapping_link_stay_within_the_budget() {
    World::run(Setup { device_reset: true, ..Setup::default() }, async |w| {
        w.tend_modem();
        w.ifup(options(json!({})));
        w.up_within(MINUTE).await;
        for _ in 0..6 * HOUR / 60 {
            w.pass(60).await;
            w.modem.network_disconnect(0, 36);
        }
        w.pass(120).await;
        let used = used(w).await;
        assert!(used <= 6, "{used}");
        assert!(rungs(w).await.iter().all(|(rung, why)| *rung != Rung::Reboot && !why.is_empty()));
        assert!(w.netifd.is_up(WAN), "{}", w.story().await);
    });
}

#[test]
fn without_a_watchdog_nothing_is_probed_and_nothing_tried() {
    World::run(Setup::default(), async |w| {
        w.ifup(options(json!({ "watchdog": "0" })));
        w.up_within(MINUTE).await;
        w.modem.stall(Rung::Reconnect);
        w.pass(HOUR).await;
        assert!(w.net.probes().is_empty());
        assert!(w.netifd.is_up(WAN));
        assert_eq!(w.of_interface("watchdog").await["health"], "off");
        only(&rungs(w).await, &[]);
    });
}

#[test]
fn a_stall_that_ends_by_itself_is_nobodys_cure() {
    World::run(Setup::default(), async |w| {
        w.ifup(options(json!({ "watchdog_ladder": ["power"], "power": "none" })));
        w.up_within(MINUTE).await;
        w.pass(60).await;
        w.net.set_out(true);
        w.pass(HOUR).await;
        w.net.set_out(false);
        w.pass(120).await;
        let reply = w.call("outages", json!({})).await;
        assert_eq!(reply["outages"][0]["open"], json!(false), "{reply:#}");
        assert_eq!(reply["outages"][0].get("cured_by"), None, "{reply:#}");
        let seconds = reply["outages"][0]["seconds"].as_u64().expect("a duration");
        assert!(Duration::from_secs(seconds) < 62 * MINUTE && seconds > 3500, "{seconds}");
    });
}
