//! What the messages of `uwand::netifd` do in the real netifd; the test plays the daemon.

use std::net::{Ipv4Addr, Ipv6Addr};

use uwand::cause::{Cause, Reason};
use uwand::config::Config;
use uwand::json::{Value, json};
use uwand::netifd::{self, NotifyAction};
use uwand::words::{Addressing, Bearer, Family};

use crate::router::Router;

const WAN: &str = "config interface wan\n\toption proto uwand\n\toption apn internet\n\toption metric 7";

/// A router whose `wan` waits for its link.
fn waiting(network: &str) -> Option<Router> {
    let router = Router::start(network)?;
    router.await_status("wan is in setup", 5, |wan| wan["pending"] == true);
    router.eventually("the handler has run", 5, || router.read("calls").contains("setup").then_some(()));
    Some(router)
}

fn v4(address: &str, prefix: u8, gateway: &str, mtu: u32) -> Addressing<Ipv4Addr> {
    Addressing::Static(Family {
        addresses: vec![(address.parse().unwrap(), prefix)],
        gateway: Some(gateway.parse().unwrap()),
        dns: vec!["10.9.9.9".parse().unwrap()],
        mtu: Some(mtu),
    })
}

fn v6(address: &str, prefix: u8) -> Addressing<Ipv6Addr> {
    Addressing::Static(Family {
        addresses: vec![(address.parse().unwrap(), prefix)],
        gateway: Some("fe80::1".parse().unwrap()),
        dns: vec!["2001:db8::53".parse().unwrap()],
        mtu: Some(1430),
    })
}

fn bearer(ipv4: Addressing<Ipv4Addr>, ipv6: Addressing<Ipv6Addr>) -> Bearer {
    Bearer { netdev: "wwan0".into(), ipv4, ipv6, ..Bearer::default() }
}

#[test]
fn netifd_takes_the_protocol_from_our_dump() {
    let Some(router) = waiting(WAN) else { return };
    let protocols = router.call("network", "get_proto_handlers", json!({})).unwrap();
    let ours = &protocols["uwand"];
    for flag in ["no_device", "init_available", "renew_available", "last_error", "no_task"] {
        assert_eq!(ours[flag], true, "{flag}");
    }
    assert_eq!(ours["validate"].as_object().unwrap().len(), uwand::config::OPTIONS.len());
}

#[test]
fn what_netifd_hands_over_is_what_the_parser_reads() {
    let network = "config interface wan\n\toption proto uwand\n\toption device auto\n\toption apn 'a \"b\" é'\n\
        \toption pincode '0123'\n\toption mtu 1400\n\toption allow_roaming yes\n\toption auth pap\n\
        \tlist watchdog_target 1.1.1.1\n\tlist watchdog_target dns:8.8.8.8\n\toption metric 010\n\
        \toption defaultroute 1\n\toption peerdns 0\n\tlist dns 9.9.9.9\n\toption zone wan\n\
        \toption ip4table 100\n\toption ip6table 100\n\toption delegate 0\n\toption force_link 1\n\
        \toption ip6assign 60\n\toption macaddr 02:00:00:00:00:01\n\toption ipv6 1\n\toption auto 1";
    let Some(router) = waiting(network) else { return };
    // netifd writes `device` and `mtu` twice: from its own list, and from ours.
    let table: Value = uwand::json::from_str(&router.read("config.json")).unwrap();
    let config = Config::parse(table.as_object().unwrap()).unwrap();
    assert_eq!((config.apn.as_str(), config.mtu, config.allow_roaming), ("a \"b\" é", Some(1400), true));
    assert_eq!(config.watchdog.targets, ["1.1.1.1", "dns:8.8.8.8"]);
}

#[test]
fn a_bearer_becomes_addresses_routes_and_name_servers() {
    let Some(router) = waiting(WAN) else { return };
    let bearer = bearer(v4("10.1.2.3", 30, "10.1.2.1", 1430), v6("2001:db8:1:2::5", 64));
    router.notify(netifd::link_up("wan", &bearer));
    let wan = router.ifstatus("wan");
    assert_eq!((&wan["up"], &wan["l3_device"]), (&json!(true), &json!("wwan0")), "{wan}");
    assert_eq!(wan["ipv4-address"], json!([{ "address": "10.1.2.3", "mask": 30 }]));
    assert_eq!(wan["ipv6-address"], json!([{ "address": "2001:db8:1:2::5", "mask": 128 }]));
    assert_eq!(wan["ipv6-prefix"][0]["address"], "2001:db8:1:2::");
    assert_eq!(wan["dns-server"], json!(["10.9.9.9", "2001:db8::53"]));
    assert_eq!(router.addresses(), ["10.1.2.3/30", "2001:db8:1:2::5/128"]);
    let routes = router.routes("-4");
    assert!(routes.contains("default via 10.1.2.1") && routes.contains("metric 7 mtu 1430"), "{routes}");
    assert!(
        router.routes("-6").contains("default from 2001:db8:1:2::/64 via fe80::1"),
        "{}",
        router.routes("-6")
    );
    assert!(router.read("resolv.conf").contains("nameserver 10.9.9.9\nnameserver 2001:db8::53"));
}

#[test]
fn an_address_without_a_net_gets_a_default_route_all_the_same() {
    let Some(router) = waiting(WAN) else { return };
    let bearer = bearer(v4("10.1.2.3", 32, "10.9.9.1", 1430), Addressing::Absent);
    router.notify(netifd::link_up("wan", &bearer));
    assert!(router.routes("-4").contains("default proto static scope link"), "{}", router.routes("-4"));
}

#[test]
fn a_changed_bearer_is_changed_in_place() {
    let Some(router) = waiting(WAN) else { return };
    let mut bearer = bearer(v4("10.1.2.3", 30, "10.1.2.1", 1430), v6("2001:db8:1:2::5", 64));
    router.notify(netifd::link_up("wan", &bearer));
    for (address, prefix, gateway, mtu) in [
        ("10.1.2.3", 30, "10.1.2.1", 1400),
        ("10.1.2.3", 29, "10.1.2.2", 1400),
        ("10.7.7.7", 32, "10.7.7.8", 1500),
    ] {
        bearer.ipv4 = v4(address, prefix, gateway, mtu);
        bearer.ipv6 = v6(&format!("2001:db8:1:{mtu}::5"), 64);
        router.notify(netifd::link_up("wan", &bearer));
        let expected = [format!("{address}/{prefix}"), format!("2001:db8:1:{mtu}::5/128")];
        assert_eq!(router.addresses(), expected);
        let routes = router.routes("-4");
        assert!(routes.contains("default ") && routes.contains(&format!("mtu {mtu}")), "{routes}");
        assert!(router.routes("-6").contains(&format!("default from 2001:db8:1:{mtu}::/64")));
    }
    assert_eq!(router.read("calls"), "setup\n", "no handler runs for it");
}

#[test]
fn a_lost_link_waits_in_setup_without_addresses() {
    let Some(router) = waiting(WAN) else { return };
    router.notify(netifd::link_up("wan", &bearer(v4("10.1.2.3", 30, "10.1.2.1", 1430), Addressing::Absent)));
    router.notify(netifd::link_down("wan"));
    let wan = router.ifstatus("wan");
    assert_eq!((&wan["up"], &wan["pending"]), (&json!(false), &json!(true)));
    assert!(router.addresses().is_empty());
    assert_eq!(router.read("calls"), "setup\n");
}

#[test]
fn the_last_cause_shows_in_ifstatus_until_the_link_is_up() {
    let Some(router) = waiting(WAN) else { return };
    router.notify(netifd::error("wan", &Cause::NoSim));
    let cause = Cause::ConnectFailed(Some(Reason::esm(27)));
    router.notify(netifd::error("wan", &cause));
    let mut details = vec![];
    details.extend(cause.details());
    let expected = json!([{ "subsystem": "uwand", "code": "CONNECT_FAILED", "data": details }]);
    assert_eq!(router.ifstatus("wan")["errors"], expected);
    router.notify(netifd::link_up("wan", &bearer(v4("10.1.2.3", 30, "10.1.2.1", 1430), Addressing::Absent)));
    assert_eq!(router.ifstatus("wan").get("errors"), None);
}

#[test]
fn a_blocked_link_stays_down_with_its_cause_until_ifup() {
    let Some(router) = waiting(WAN) else { return };
    router.notify(netifd::error("wan", &Cause::NoSim));
    router.notify(netifd::plain("wan", NotifyAction::BlockRestart));
    router.notify(netifd::plain("wan", NotifyAction::SetupFailed));
    let wan = router.await_status("wan is down", 5, |wan| wan["pending"] == false);
    assert_eq!((&wan["autostart"], &wan["errors"][0]["code"]), (&json!(false), &json!("NO_SIM")));
    router.reload();
    assert_eq!(router.ifstatus("wan")["pending"], false);
    router.ifup("wan");
    router.await_status("wan is in setup again", 5, |wan| wan["pending"] == true);
}

#[test]
fn netifds_own_options_change_without_the_handler() {
    let Some(router) = waiting(WAN) else { return };
    router.notify(netifd::link_up("wan", &bearer(v4("10.1.2.3", 30, "10.1.2.1", 1430), Addressing::Absent)));
    router.configure(&WAN.replace("metric 7", "metric 9"));
    router.reload();
    assert!(router.routes("-4").contains("metric 9"), "{}", router.routes("-4"));
    router.configure(&format!("{WAN}\n\toption defaultroute 0\n\toption peerdns 0"));
    router.reload();
    assert!(!router.routes("-4").contains("default"));
    assert!(!router.read("resolv.conf").contains("nameserver"));
    assert_eq!(router.read("calls"), "setup\n");
}

#[test]
fn ifdown_takes_the_addresses_away_and_the_netdev_down() {
    let Some(router) = waiting(WAN) else { return };
    router.notify(netifd::link_up("wan", &bearer(v4("10.1.2.3", 30, "10.1.2.1", 1430), Addressing::Absent)));
    router.ifdown("wan");
    router.eventually("teardown has run", 5, || router.read("calls").contains("teardown").then_some(()));
    router.eventually("the address is gone", 5, || router.addresses().is_empty().then_some(()));
    assert_eq!(router.ifstatus("wan")["autostart"], false);
}

#[test]
fn a_new_netifd_asks_for_the_link_and_gets_it_back_with_one_message() {
    let Some(router) = waiting(WAN) else { return };
    let message = netifd::link_up("wan", &bearer(v4("10.1.2.3", 30, "10.1.2.1", 1430), Addressing::Absent));
    router.notify(message.clone());
    router.kill("netifd", "KILL");
    assert_eq!(router.addresses(), ["10.1.2.3/30"], "the old addresses survive netifd");
    router.start_netifd();
    router.await_status("wan is in setup", 5, |wan| wan["pending"] == true);
    router.eventually("a second setup", 5, || (router.read("calls") == "setup\nsetup\n").then_some(()));
    router.notify(message);
    assert_eq!(router.ifstatus("wan")["up"], true);
    assert_eq!(router.addresses(), ["10.1.2.3/30"]);
}

#[test]
fn a_new_ubusd_finds_the_link_as_it_was() {
    let Some(router) = waiting(WAN) else { return };
    router.notify(netifd::link_up("wan", &bearer(v4("10.1.2.3", 30, "10.1.2.1", 1430), Addressing::Absent)));
    router.kill("ubusd", "KILL");
    router.start_ubusd();
    // netifd looks for ubusd every 2 s.
    router.await_status("netifd is back", 5, |wan| wan["up"] == true);
    assert_eq!(router.read("calls"), "setup\n");
}

#[test]
fn a_netdev_that_comes_back_needs_the_link_lost_first() {
    let Some(router) = waiting(WAN) else { return };
    let up = netifd::link_up("wan", &bearer(v4("10.1.2.3", 30, "10.1.2.1", 1430), Addressing::Absent));
    router.notify(up.clone());
    router.run("ip", &["link", "del", "wwan0"]);
    assert_eq!(router.ifstatus("wan")["up"], true, "netifd does not look at the netdev");
    router.run("ip", &["link", "add", "wwan0", "type", "ifb"]);
    router.notify(netifd::link_down("wan"));
    router.notify(up);
    assert_eq!(router.addresses(), ["10.1.2.3/30"]);
}
