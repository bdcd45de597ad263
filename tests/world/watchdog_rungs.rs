//! Rungs that go wrong, that take the router along, or that meet something else on the way.

use crate::sim;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use sim::fault::{Effect, Fault, On};
use sim::modem::Setup;
use sim::world::{MINUTE, SECOND, WAN, World};
use tokio::task::spawn_local;
use tokio::time::Instant;
use uwand::fault::Rung;
use uwand::linux::power;
use uwand::mbim::messages::basic::RadioState;
use uwand::ubus::{Client, Method};

use uwand::json::{Value, json};

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

/// procd's object on the bus, as far as a reboot needs it.
struct Procd {
    _client: Client,
    orders: Rc<Cell<u32>>,
}

const SYSTEM: &[Method] = &[Method { name: "reboot", args: &[] }];

async fn procd(w: &World) -> Procd {
    let client = Client::start(w.ubusd.source());
    let mut object = client.add_object("system", SYSTEM);
    let orders = Rc::new(Cell::new(0));
    let counted = orders.clone();
    spawn_local(async move {
        loop {
            let request = object.recv().await;
            counted.set(counted.get() + 1);
            request.reply(json!({}));
        }
    });
    client.wait_for("system").await;
    Procd { _client: client, orders }
}

/// Everything in RAM is gone, and everything starts anew.
async fn reboot(w: &World) {
    w.kill_daemon().await;
    w.netifd.kill();
    w.unplug();
    std::fs::remove_dir_all(&w.globals.run_dir).expect("a run directory");
    w.pass(30).await;
    w.plug(0);
    w.start_daemon();
    w.bus.wait_for("uwand").await;
    w.netifd.spawn();
    w.up_within(MINUTE).await;
}

/// How the rung stands in `explain`.
async fn standing(w: &World, rung: Rung) -> (String, String) {
    let told = w.call("explain", json!({ "interface": WAN })).await;
    let ladder = told["ladder"].as_array().cloned().unwrap_or_default();
    let step = ladder.into_iter().find(|step| step["rung"] == rung.as_str()).expect("all are listed");
    let text = |member: &str| step[member].as_str().unwrap_or_default().to_string();
    (text("state"), text("why"))
}

#[test]
fn a_router_reboots_once_a_day_as_the_last_rung_and_knows_of_it_afterwards() {
    World::run(setup(), async |w| {
        let procd = procd(w).await;
        up(w, json!({ "apn": "internet", "watchdog_ladder": ["reboot", "reconnect", "reset"] })).await;
        w.net.set_out(true);
        let begin = Instant::now();
        while procd.orders.get() == 0 {
            assert!(begin.elapsed() < 2 * HOUR, "{}", w.story().await);
            w.pass(1).await;
        }
        let ordered = begin.elapsed();
        println!("ordered after {ordered:?}");
        assert!(ordered >= HOUR / 2, "{ordered:?}");
        assert_eq!(rungs(w, WAN).await, ["reconnect", "reset", "reboot"]);
        assert_eq!((used(w).await, shown(w, WAN, "state").await), (1, json!("recovering")));
        reboot(w).await;
        assert_eq!(rungs(w, WAN).await, ["reconnect", "reset", "reboot"], "the journal is there again");
        assert_eq!(used(w).await, 1, "and so is what was spent");
        assert_eq!(standing(w, Rung::Reboot).await.0, "spent");
        for _ in 0..23 {
            w.pass(3600).await;
            assert_eq!(procd.orders.get(), 1);
        }
        assert!(used(w).await <= 6);
        w.net.set_out(false);
        healthy_within(w, WAN, HOUR).await;
    });
}

#[test]
fn a_router_whose_ladder_does_not_name_it_is_never_rebooted() {
    World::run(setup(), async |w| {
        let procd = procd(w).await;
        up(w, json!({ "apn": "internet" })).await;
        w.net.set_out(true);
        w.pass(24 * 3600).await;
        assert_eq!(procd.orders.get(), 0);
        assert_eq!(standing(w, Rung::Reboot).await.0, "off");
    });
}

#[test]
fn a_reboot_that_nobody_carries_out_costs_nothing_and_is_told() {
    World::run(setup(), async |w| {
        up(w, json!({ "apn": "internet", "watchdog_ladder": ["reboot"] })).await;
        w.net.set_out(true);
        // After half an hour, or by the router's jitter up to twice that, and the stall before it.
        w.pass(4000).await;
        assert_eq!(rungs(w, WAN).await, ["reboot"]);
        let (standing, why) = standing(w, Rung::Reboot).await;
        assert!(standing == "unfit" && why.contains("procd does not reboot"), "{standing}: {why}");
        assert!(w.netifd.is_up(WAN) || !w.netifd.error(WAN).is_empty());
        w.net.set_out(false);
        healthy_within(w, WAN, HOUR).await;
    });
}

const SECOND_WAN: &str = "wan2";

#[test]
fn a_rung_for_one_link_is_told_to_the_other_on_its_modem_and_done_once() {
    World::run(setup(), async |w| {
        w.add_netdev("wwan0.1");
        let second = json!({ "proto": "uwand", "apn": "second", "session": "1", "netdev": "wwan0.1" });
        w.netifd.configure(SECOND_WAN, Some(second));
        w.netifd.ifup(SECOND_WAN);
        up(w, json!({ "apn": "internet" })).await;
        healthy_within(w, SECOND_WAN, MINUTE).await;
        w.modem.stall(Rung::Reset);
        let begin = Instant::now();
        while used(w).await == 0 {
            assert!(begin.elapsed() < HOUR, "{}", w.story().await);
            tokio::time::sleep(MOMENT).await;
        }
        w.pass(3).await;
        let told = [shown(w, WAN, "error").await, shown(w, SECOND_WAN, "error").await];
        assert!(told.iter().all(|error| error.is_string()), "both are told: {told:?}");
        assert!(!w.netifd.is_up(WAN) && !w.netifd.is_up(SECOND_WAN));
        for name in [WAN, SECOND_WAN] {
            healthy_within(w, name, 5 * MINUTE).await;
        }
        w.pass(600).await;
        let resets = [rungs(w, WAN).await, rungs(w, SECOND_WAN).await].concat();
        assert_eq!(resets.iter().filter(|rung| *rung == "reset").count(), 1, "{resets:?}");
        assert_eq!(used(w).await, 1);
    });
}

#[test]
fn a_daemon_that_is_killed_in_a_reset_leaves_it_spent_and_not_done_twice() {
    World::run(setup(), async |w| {
        up(w, json!({ "apn": "internet" })).await;
        w.modem.stall(Rung::Reset);
        at_work(w, WAN, Rung::Reset).await;
        w.kill_daemon().await;
        w.start_daemon();
        w.bus.wait_for("uwand").await;
        healthy_within(w, WAN, 5 * MINUTE).await;
        w.pass(600).await;
        assert_eq!(used(w).await, 1);
    });
}

#[test]
fn a_daemon_that_is_killed_while_a_link_stalls_is_followed_by_one_that_climbs_on() {
    World::run(setup(), async |w| {
        up(w, json!({ "apn": "internet", "watchdog_ladder": ["reconnect", "reset"] })).await;
        w.modem.stall(Rung::Reset);
        while w.modem.activations().len() < 2 {
            w.pass(1).await;
        }
        w.kill_daemon().await;
        w.start_daemon();
        w.bus.wait_for("uwand").await;
        at_work(w, WAN, Rung::Reset).await;
        assert_eq!(w.modem.activations().len(), 2, "{}", w.story().await);
        healthy_within(w, WAN, 5 * MINUTE).await;
        let kept = w.globals.run_dir.join("climb-wan.json");
        assert!(kept.exists());
        w.pass(600).await;
        assert!(!kept.exists(), "what is forgiven is forgotten");
    });
}

#[test]
fn a_daemon_that_is_killed_in_a_power_cut_is_followed_by_one_that_puts_it_on() {
    World::run(setup(), async |w| {
        up(w, json!({ "apn": "internet", "watchdog_ladder": ["power"] })).await;
        w.modem.fault(Fault::new(On::Anything, Effect::Deaf));
        w.modem.stall(Rung::Power);
        at_work(w, WAN, Rung::Power).await;
        while !w.is_off() {
            tokio::time::sleep(MOMENT).await;
        }
        let note = w.globals.run_dir.join("power-off-1-1-port2");
        let kept = std::fs::read(&note).expect("how it is put on");
        w.kill_daemon().await;
        // A process that is killed puts nothing on, as the tasks of this one have.
        power::settle(5 * SECOND);
        std::fs::write(&note, kept).expect("the note");
        w.put_off();
        w.pass(60).await;
        assert!(w.is_off());
        w.start_daemon();
        w.bus.wait_for("uwand").await;
        assert!(!w.is_off() && !note.exists());
        healthy_within(w, WAN, 5 * MINUTE).await;
        w.pass(600).await;
        assert_eq!(used(w).await, 1);
    });
}

#[test]
fn a_modem_that_vanishes_under_a_rung_is_waited_for_and_the_rung_cured_nothing() {
    World::run(setup(), async |w| {
        up(w, json!({ "apn": "internet", "watchdog_ladder": ["reregister"] })).await;
        w.modem.fault(Fault::new(On::set::<RadioState>(), Effect::Slow(8 * SECOND)));
        w.modem.stall(Rung::Power);
        at_work(w, WAN, Rung::Reregister).await;
        w.unplug();
        w.pass(1).await;
        assert_eq!(w.netifd.error(WAN), "NO_MODEM");
        assert_eq!((shown(w, WAN, "state").await, used(w).await), (json!("waiting"), 0));
        let told = w.call("explain", json!({ "interface": WAN })).await;
        assert_eq!(told["fault"], "modem_gone", "{told:#}");
        w.pass(60).await;
        // Whoever took it out had its power off.
        w.modem.powered();
        w.plug(0);
        healthy_within(w, WAN, MINUTE).await;
        w.pass(600).await;
        let outage = w.call("outages", json!({ "limit": 1 })).await["outages"][0].clone();
        assert_eq!((&outage["open"], outage.get("cured_by")), (&json!(false), None), "{outage:#}");
        assert_eq!(rungs(w, WAN).await, ["reregister"]);
        let told = w.call("explain", json!({ "interface": WAN })).await;
        assert_eq!(told.get("remembered").filter(|cure| !cure.is_null()), None, "{told:#}");
    });
}
