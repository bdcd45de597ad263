//! ubusd, netifd and the daemon itself come and go, under the virtual clock: nobody's
//! restart costs a connection that the network still has.

use crate::sim;

use sim::fault::{Effect, Fault, On};
use sim::modem::{Setup, Sim};
use sim::netifd::State;
use sim::world::{AT_ONCE, MINUTE, SECOND, WAN, World};
use std::time::Duration;
use tokio::time::Instant;

use uwand::json::{Value, json};

fn internet() -> Value {
    json!({ "apn": "internet" })
}

#[test]
fn the_daemon_is_back_on_ubus_within_a_second_of_ubusds_return() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        for away in [0, 1, 30, 600] {
            w.ubusd.kill();
            w.pass(away).await;
            w.ubusd.start().unwrap();
            let begin = Instant::now();
            w.bus.wait_for("uwand").await;
            assert!(begin.elapsed() <= SECOND, "{:?} after {away} s", begin.elapsed());
        }
        w.pass(10).await;
        assert!(w.netifd.is_up(WAN));
        assert_eq!(w.modem.activations().len(), 1, "no connection was touched");
    });
}

#[test]
fn a_link_that_changes_while_ubusd_is_away_is_told_when_it_is_back() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.ubusd.kill();
        w.pass(1).await;
        let ip =
            sim::modem::Ip { v4: vec![([10, 7, 7, 6].into(), 30)], v4_gateway: None, ..Default::default() };
        w.modem.change_address(0, ip);
        w.pass(5).await;
        w.ubusd.start().unwrap();
        w.pass(15).await;
        assert!(w.netifd.is_up(WAN));
        assert_eq!(w.netifd.status(WAN)["ipv4-address"][0]["address"], "10.7.7.6");
    });
}

#[test]
fn a_bearer_that_is_lost_while_ubusd_is_away_is_dialled_all_the_same() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.ubusd.kill();
        w.pass(1).await;
        w.modem.network_disconnect(0, 36);
        w.pass(2).await;
        assert_eq!(w.modem.sessions().len(), 1);
        w.ubusd.start().unwrap();
        w.pass(15).await;
        assert!(w.netifd.is_up(WAN), "{}", w.story().await);
    });
}

#[test]
fn a_netifd_that_restarts_gets_the_link_again_without_a_new_dial() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.netifd.kill();
        w.pass(2).await;
        w.netifd.spawn();
        w.up_within(5 * SECOND).await;
        assert_eq!(w.netifd.status(WAN)["ipv4-address"][0]["address"], "10.64.0.2");
        assert_eq!(w.modem.activations().len(), 1);
    });
}

#[test]
fn a_daemon_that_was_killed_has_the_link_up_again_by_itself() {
    for keeps_sessions in [true, false] {
        World::run(Setup { keeps_sessions, ..Setup::default() }, async |w| {
            w.ifup(internet());
            w.up_within(5 * SECOND).await;
            w.pass(600).await;
            w.kill_daemon().await;
            // procd's respawn time-out.
            w.pass(1).await;
            w.start_daemon();
            w.pass(5).await;
            assert!(w.netifd.is_up(WAN), "{}", w.story().await);
            assert_eq!(w.modem.sessions().len(), 1);
            assert_eq!(w.of_interface("state").await, "up");
            w.modem.network_disconnect(0, 36);
            w.pass(5).await;
            assert!(w.netifd.is_up(WAN) && w.modem.sessions().len() == 1, "{}", w.story().await);
        });
    }
}

#[test]
fn a_daemon_that_starts_after_netifd_takes_its_interfaces_up() {
    World::run(Setup::default(), async |w| {
        w.kill_daemon().await;
        w.ifup(internet());
        w.pass(20).await;
        w.start_daemon();
        w.up_within(5 * SECOND).await;
    });
}

#[test]
fn an_ifdown_while_the_daemon_is_away_is_respected() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.kill_daemon().await;
        w.netifd.ifdown(WAN);
        w.pass(70).await;
        w.start_daemon();
        w.pass(60).await;
        assert_eq!(w.netifd.state(WAN), State::Down);
    });
}

#[test]
fn an_ifdown_while_ubusd_is_away_is_heard_of_later() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.ubusd.kill();
        w.pass(1).await;
        w.netifd.ifdown(WAN);
        w.pass(20).await;
        w.ubusd.start().unwrap();
        w.pass(15).await;
        assert_eq!(w.of_interface("state").await, "down");
        assert!(w.modem.sessions().is_empty());
        w.netifd.ifup(WAN);
        w.up_within(5 * SECOND).await;
    });
}

#[test]
fn many_ifups_and_ifdowns_end_as_the_last_one_said() {
    World::run(Setup { latency: Duration::from_millis(70), ..Setup::default() }, async |w| {
        w.ifup(internet());
        for pause in 0..120 {
            tokio::time::sleep(Duration::from_millis(pause * 13)).await;
            if pause % 2 == 0 { w.netifd.ifdown(WAN) } else { w.netifd.ifup(WAN) }
        }
        w.up_within(10 * SECOND).await;
        w.pass(10).await;
        assert!(w.netifd.is_up(WAN));
        assert_eq!(w.modem.sessions().len(), 1);
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.pass(10).await;
        assert!(w.modem.sessions().is_empty());
    });
}

#[test]
fn bad_arguments_get_invalid_argument_and_say_why() {
    World::run(Setup::default(), async |w| {
        for (method, arguments) in [
            ("up", json!({})),
            ("up", json!({ "interface": "wan" })),
            ("up", json!({ "interface": "", "config": {} })),
            ("up", json!({ "interface": 5, "config": {} })),
            ("up", json!({ "interface": "wan", "config": "text" })),
            ("down", json!({})),
            ("reconnect", json!({ "interface": ["wan"] })),
        ] {
            let refused = w.bus.invoke("uwand", method, &arguments, 5 * SECOND).await.unwrap_err();
            let status = refused.status();
            assert_eq!(status, Some(uwand::ubus::Status::InvalidArgument), "{method} {arguments}");
        }
        w.call("status", json!({ "ubus_rpc_session": "0123" })).await;
    });
}

#[test]
fn every_change_of_state_is_an_event_with_the_old_and_the_new_state() {
    World::run(Setup { sim: None, ..Setup::default() }, async |w| {
        let mut events = w.bus.listen("uwand.interface");
        w.settle().await;
        w.ifup(internet());
        w.error_within("NO_SIM", 5 * SECOND).await;
        w.modem.insert_sim(Sim::default());
        w.up_within(5 * SECOND).await;
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        let mut states = vec!["down".to_string()];
        while let Ok(event) = tokio::time::timeout(SECOND, events.recv()).await {
            assert_eq!(event.data["interface"], WAN);
            assert_eq!(event.data["old"], states.last().unwrap().as_str());
            states.push(event.data["new"].as_str().unwrap().to_string());
        }
        assert_eq!(states, ["down", "connecting", "blocked", "connecting", "up", "down"]);
    });
}

#[test]
fn two_interfaces_share_a_modem_and_not_their_troubles() {
    World::run(Setup::default(), async |w| {
        w.add_netdev("wwan0.1");
        w.ifup(internet());
        let second = json!({ "proto": "uwand", "apn": "second", "session": "1", "netdev": "wwan0.1" });
        w.netifd.configure("lan2", Some(second));
        w.up_within(5 * SECOND).await;
        assert!(w.netifd.until(5 * SECOND, |netifd| netifd.is_up("lan2")).await);
        assert_eq!(w.modem.sessions().len(), 2);
        w.modem.network_disconnect(1, 36);
        w.pass(2).await;
        assert!(w.netifd.is_up("lan2") && w.link_ups() == [true]);
        w.netifd.ifdown("lan2");
        w.pass(2).await;
        assert!(w.netifd.is_up(WAN));
        assert_eq!(w.modem.sessions().len(), 1);
    });
}

#[test]
fn an_interface_without_a_modem_does_not_hold_the_other_up() {
    World::run(Setup::default(), async |w| {
        let other = json!({ "proto": "uwand", "apn": "x", "device": "usb:1111:2222" });
        w.netifd.configure("other", Some(other));
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        w.modem.fault(Fault::new(On::Anything, Effect::Deaf));
        w.pass(60).await;
        assert_eq!(w.netifd.error("other"), "NO_MODEM");
        let begin = Instant::now();
        w.netifd.ifdown("other");
        let down = |netifd: &sim::netifd::Netifd| netifd.state("other") == State::Down;
        assert!(w.netifd.until(MINUTE, down).await && begin.elapsed() < AT_ONCE);
    });
}
