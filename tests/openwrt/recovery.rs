//! What ends and comes back: bearer, modem, SIM, ubusd, netifd, the daemon itself.

use std::time::{Duration, Instant};

use crate::sim::modem::{Ip, Setup, Sim};
use crate::stand::Stand;
use uwand::json::{Value, json};

const APN: &str = "option apn internet";

/// A router whose `wan` is up.
fn up(setup: Setup) -> Option<Stand> {
    let stand = Stand::boot(&[APN], setup)?;
    stand.await_up();
    Some(stand)
}

fn renumbered() -> Ip {
    Ip {
        v4: vec![([10, 64, 0, 6].into(), 30)],
        v4_gateway: Some([10, 64, 0, 5].into()),
        v6: vec![("2001:db8:2::2".parse().unwrap(), 64)],
        v6_gateway: Some("2001:db8:2::1".parse().unwrap()),
        ..Ip::default()
    }
}

fn uptime(wan: &Value) -> u64 {
    wan["uptime"].as_u64().unwrap_or(0)
}

#[test]
fn new_addresses_of_the_network_come_in_place() {
    let Some(stand) = up(Setup::default()) else { return };
    std::thread::sleep(Duration::from_secs(2));
    let before = uptime(&stand.ifstatus("wan"));
    stand.modem(|modem| modem.change_address(0, renumbered()));
    stand.eventually("the new addresses", 5, || {
        (stand.addresses() == ["10.64.0.6/30", "2001:db8:2::2/128"]).then_some(())
    });
    let (v4, v6) = (stand.routes("-4"), stand.routes("-6"));
    assert!(v4.contains("default via 10.64.0.5") && !v4.contains("10.64.0.1 "), "{v4}");
    assert!(
        v6.contains("default from 2001:db8:2::/64 via 2001:db8:2::1") && !v6.contains("2001:db8:1:"),
        "{v6}"
    );
    assert!(uptime(&stand.ifstatus("wan")) >= before, "the link was not lost");
    assert_eq!((stand.setups(), stand.dials()), (1, 1));
}

#[test]
fn an_mtu_that_comes_or_goes_keeps_the_default_routes() {
    let Some(stand) = up(Setup::default()) else { return };
    for mtu in [0, 1400, 0, 1500] {
        stand.modem(move |modem| modem.change_address(0, Ip { v4_mtu: mtu, v6_mtu: mtu, ..Ip::default() }));
        let told = if mtu == 0 { " \n".to_string() } else { format!("mtu {mtu}") };
        for family in ["-4", "-6"] {
            stand.eventually(&format!("{family} with MTU {mtu}"), 5, || {
                let routes = stand.routes(family);
                let default = routes.lines().find(|line| line.starts_with("default"))?.to_string() + " \n";
                (default.contains(&told) && default.contains("mtu") == (mtu > 0)).then_some(())
            });
        }
    }
    assert_eq!(stand.dials(), 1);
}

#[test]
fn a_family_that_the_network_takes_away_goes_and_comes_back() {
    let Some(stand) = up(Setup::default()) else { return };
    stand.modem(|modem| {
        let none = Ip { v6: Vec::new(), v6_gateway: None, v6_dns: Vec::new(), v6_mtu: 0, ..Ip::default() };
        modem.change_address(0, none);
    });
    stand.eventually("IPv4 only", 5, || (stand.addresses() == ["10.64.0.2/30"]).then_some(()));
    assert!(!stand.routes("-6").contains("default"), "{}", stand.routes("-6"));
    assert_eq!(stand.ifstatus("wan")["ipv6-prefix"], json!([]));
    stand.modem(|modem| modem.change_address(0, Ip::default()));
    stand.eventually("both families", 5, || {
        (stand.addresses() == ["10.64.0.2/30", "2001:db8:1::2/128"]).then_some(())
    });
    assert!(stand.routes("-6").contains("default from 2001:db8:1::/64"));
}

#[test]
fn a_reconnect_by_hand_loses_the_link_and_brings_it_back() {
    let Some(stand) = up(Setup::default()) else { return };
    stand.run("uwand", &["reconnect", "-i", "wan"]);
    stand.eventually("a second dial", 5, || (stand.dials() == 2).then_some(()));
    stand.await_up();
    assert_eq!(stand.addresses(), ["10.64.0.2/30", "2001:db8:1::2/128"]);
    assert_eq!(stand.setups(), 1);
}

#[test]
fn a_cut_bearer_is_dialled_again_without_netifds_help() {
    let Some(stand) = up(Setup::default()) else { return };
    stand.modem(|modem| {
        modem.network(|network| network.ip = renumbered());
        modem.network_disconnect(0, 36);
    });
    stand.eventually("the new address", 2, || {
        stand.addresses().contains(&"10.64.0.6/30".to_string()).then_some(())
    });
    assert_eq!(stand.ifstatus("wan")["up"], true);
    assert_eq!((stand.setups(), stand.dials()), (1, 2));
    assert!(stand.read("uwand.log").contains("wan: up -> connecting, CONNECT_FAILED"));
}

#[test]
fn a_detach_is_told_with_its_cause_and_over_when_the_network_takes_it_back() {
    let Some(stand) = up(Setup::default()) else { return };
    // The first loss is dialled at once, so the network must not attach again by itself.
    stand.modem(|modem| {
        modem.network(|network| network.attach_refused = Some(10));
        modem.detach(10);
    });
    let words = stand.await_error("ATTACH_FAILED");
    assert!(words.contains("EMM cause 10: implicitly detached"), "{words}");
    assert!(stand.addresses().is_empty());
    stand.modem(|modem| modem.reattach());
    stand.await_status("wan is up", 1, |wan| wan["up"] == true);
}

#[test]
fn a_modem_that_leaves_and_returns_is_connected_again() {
    let Some(stand) = up(Setup::default()) else { return };
    stand.modem(|modem| modem.vanish());
    stand.await_error("NO_MODEM");
    assert!(stand.addresses().is_empty());
    std::thread::sleep(Duration::from_secs(3));
    let lines = stand.read("uwand.log").matches(" -> ").count();
    stand.modem(|modem| modem.come_back().unwrap());
    stand.await_status("wan is up", 3, |wan| wan["up"] == true);
    assert!(lines < 12, "looking for it is not worth a line each time");
    assert_eq!(stand.setups(), 1);
}

#[test]
fn a_netdev_that_was_made_anew_gets_its_addresses() {
    let Some(stand) = up(Setup::default()) else { return };
    stand.modem(|modem| modem.vanish());
    stand.await_error("NO_MODEM");
    stand.run("ip", &["link", "del", "wwan0"]);
    stand.run("ip", &["link", "add", "wwan0", "type", "ifb"]);
    stand.modem(|modem| modem.come_back().unwrap());
    stand.await_up();
    assert_eq!(stand.addresses(), ["10.64.0.2/30", "2001:db8:1::2/128"]);
}

#[test]
fn a_netdev_that_comes_late_is_awaited() {
    let Some(stand) = Stand::new(&[APN], Setup::default()) else { return };
    stand.run("ip", &["link", "del", "wwan0"]);
    stand.start_daemon();
    stand.start_netifd();
    let words = stand.await_error("NO_MODEM");
    assert_eq!(words, "no modem: the network device wwan0 of option netdev is not there");
    stand.run("ip", &["link", "add", "wwan0", "type", "ifb"]);
    stand.await_up();
    assert_eq!(stand.addresses(), ["10.64.0.2/30", "2001:db8:1::2/128"]);
}

#[test]
fn a_sim_put_in_late_is_connected_within_a_second() {
    let Some(stand) = Stand::boot(&[APN], Setup { sim: None, ..Setup::default() }) else { return };
    assert_eq!(stand.await_error("NO_SIM"), "no SIM in the modem");
    assert_eq!(stand.status().unwrap()["interfaces"][0]["state"], "blocked");
    stand.modem(|modem| modem.insert_sim(Sim::default()));
    let wan = stand.await_status("wan is up", 1, |wan| wan["up"] == true);
    assert_eq!(wan.get("errors"), None);
    assert_eq!(stand.setups(), 1);
}

#[test]
fn after_a_restart_of_ubusd_the_daemon_is_back_within_a_second() {
    let Some(stand) = up(Setup::default()) else { return };
    stand.kill("ubusd", "KILL");
    std::thread::sleep(Duration::from_millis(1500));
    let began = Instant::now();
    stand.start_ubusd();
    stand.eventually("the daemon is on ubus", 1, || stand.status());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let wan = stand.await_up();
    assert_eq!(wan["ipv4-address"][0]["address"], "10.64.0.2");
    // It is the same link for both: nothing was set up or dialled, and it still can be changed.
    stand.modem(|modem| modem.change_address(0, renumbered()));
    stand.eventually("the new address", 5, || {
        stand.addresses().contains(&"10.64.0.6/30".to_string()).then_some(())
    });
    assert_eq!((stand.setups(), stand.dials()), (1, 1));
}

#[test]
fn a_restarted_netifd_gets_the_link_back_without_a_new_dial() {
    for signal in ["KILL", "TERM"] {
        let Some(stand) = up(Setup::default()) else { return };
        stand.kill("netifd", signal);
        stand.start_netifd();
        stand.await_up();
        assert_eq!(stand.addresses(), ["10.64.0.2/30", "2001:db8:1::2/128"], "after {signal}");
        assert_eq!((stand.setups(), stand.dials()), (2, 1));
    }
}

#[test]
fn a_new_daemon_takes_the_session_over() {
    // An OPEN would end the sessions of this modem.
    let setup = || Setup { keeps_sessions: false, ..Setup::default() };
    for signal in ["KILL", "TERM"] {
        let Some(stand) = up(setup()) else { return };
        stand.kill("uwand", signal);
        assert_eq!(stand.ifstatus("wan")["up"], true);
        stand.start_daemon();
        stand.eventually("it knows the link", 5, || {
            (stand.status()?["interfaces"][0]["state"] == "up").then_some(())
        });
        assert_eq!(stand.addresses(), ["10.64.0.2/30", "2001:db8:1::2/128"]);
        assert_eq!((stand.setups(), stand.dials()), (1, 1), "after {signal}");
        // And it hears of what comes.
        stand.modem(|modem| modem.change_address(0, renumbered()));
        stand.eventually("the new address", 5, || {
            stand.addresses().contains(&"10.64.0.6/30".to_string()).then_some(())
        });
    }
}

#[test]
fn a_session_that_ended_while_no_daemon_ran_is_dialled_again() {
    let Some(stand) = up(Setup::default()) else { return };
    stand.kill("uwand", "KILL");
    stand.modem(|modem| {
        modem.network(|network| network.ip = renumbered());
        modem.network_disconnect(0, 0);
    });
    stand.start_daemon();
    stand.eventually("the new address", 5, || {
        (stand.addresses() == ["10.64.0.6/30", "2001:db8:2::2/128"]).then_some(())
    });
    assert_eq!(stand.dials(), 2);
}

#[test]
fn a_daemon_that_was_away_during_ifdown_hangs_nothing_up_and_nothing_on() {
    let Some(stand) = up(Setup::default()) else { return };
    stand.kill("uwand", "KILL");
    stand.ifdown("wan");
    stand.eventually("the addresses are gone", 5, || stand.addresses().is_empty().then_some(()));
    stand.start_daemon();
    std::thread::sleep(Duration::from_millis(500));
    assert!(stand.addresses().is_empty());
    stand.ifup("wan");
    stand.await_up();
    assert_eq!(stand.addresses(), ["10.64.0.2/30", "2001:db8:1::2/128"]);
}
