//! The daemon and its handler on the real netifd: up, down, and configurations that are wrong.

use std::time::{Duration, Instant};

use crate::sim::fault::{Effect, Fault, On};
use crate::sim::modem::{Ip, Network, Setup, Sim};
use crate::stand::Stand;
use uwand::json::json;

const APN: &str = "option apn internet";

#[test]
fn a_boot_ends_with_addresses_routes_and_name_servers() {
    let Some(stand) = Stand::boot(&[APN], Setup::default()) else { return };
    let wan = stand.await_up();
    assert_eq!(wan["ipv4-address"], json!([{ "address": "10.64.0.2", "mask": 30 }]));
    assert_eq!(wan["ipv6-prefix"][0]["address"], "2001:db8:1::");
    assert_eq!(wan["data"], json!({ "session": 0, "technology": "lte" }));
    assert_eq!(wan.get("errors"), None);
    assert_eq!(stand.addresses(), ["10.64.0.2/30", "2001:db8:1::2/128"]);
    let (v4, v6) = (stand.routes("-4"), stand.routes("-6"));
    assert!(v4.contains("default via 10.64.0.1 proto static metric 7 mtu 1430"), "{v4}");
    assert!(v6.contains("default from 2001:db8:1::/64 via 2001:db8:1::1"), "{v6}");
    assert!(stand.run("ip", &["link", "show", "wwan0"]).contains("mtu 1430"));
    assert!(stand.read("resolv.conf").contains("nameserver 192.0.2.53\nnameserver 192.0.2.54\n"));
    let shown = stand.run("uwand", &["status"]);
    assert!(shown.starts_with("wan: up for ") && shown.contains("10.64.0.2/30"), "{shown}");
    assert_eq!((stand.setups(), stand.dials()), (1, 1));
}

#[test]
fn ifdown_takes_addresses_and_session_away_and_ifup_brings_them_back() {
    let Some(stand) = Stand::boot(&[APN], Setup::default()) else { return };
    stand.await_up();
    stand.ifdown("wan");
    stand.eventually("the addresses are gone", 5, || stand.addresses().is_empty().then_some(()));
    assert_eq!(stand.modem(|modem| modem.sessions().len()), 0);
    assert_eq!(stand.status().unwrap()["interfaces"][0]["state"], "down");
    stand.modem(|modem| modem.forget_requests());
    stand.ifup("wan");
    stand.await_up();
    let requests = stand.modem(|modem| modem.requests());
    assert!(requests <= 8, "the modem stayed open, so {requests} requests are too many");
}

#[test]
fn two_sessions_of_one_modem_are_two_interfaces() {
    let Some(stand) = Stand::new(&[APN], Setup::default()) else { return };
    stand.run("ip", &["link", "add", "wwan1", "type", "ifb"]);
    let second = format!(
        "\n\nconfig interface ims\n\toption proto uwand\n\toption device {}\n\toption netdev wwan1\n\
         \toption session 1\n\toption apn ims\n\toption defaultroute 0",
        stand.text("modem")
    );
    stand.options(&[&format!("{APN}{second}")]);
    stand.start_daemon();
    stand.start_netifd();
    stand.await_up();
    stand.eventually("ims is up", 5, || (stand.ifstatus("ims")["up"] == true).then_some(()));
    assert_eq!(stand.ifstatus("ims")["l3_device"], "wwan1");
    assert_eq!(stand.modem(|modem| modem.sessions().len()), 2);
    stand.ifdown("ims");
    stand.eventually("one session", 5, || {
        stand.modem(|modem| modem.sessions().len() == 1 && modem.sessions()[0].0 == 0).then_some(())
    });
    assert_eq!(stand.ifstatus("wan")["up"], true);
    assert_eq!(stand.addresses(), ["10.64.0.2/30", "2001:db8:1::2/128"]);
}

#[test]
fn a_deaf_modem_does_not_keep_ifdown_from_its_end() {
    let Some(stand) = Stand::boot(&[APN], Setup::default()) else { return };
    stand.await_up();
    stand.modem(|modem| modem.fault(Fault::new(On::Anything, Effect::Deaf)));
    let began = Instant::now();
    stand.ifdown("wan");
    stand.eventually("the addresses are gone", 5, || stand.addresses().is_empty().then_some(()));
    // At 5 s netifd would have killed the handler.
    assert!(began.elapsed() < Duration::from_millis(4800), "{:?}", began.elapsed());
}

#[test]
fn a_wrong_value_is_told_by_name_and_a_reload_of_a_right_one_brings_it_up() {
    let Some(stand) = Stand::boot(&[APN, "option mtu 9"], Setup::default()) else { return };
    let words = stand.await_error("BAD_CONFIG");
    assert_eq!(words, "option mtu '9': use a whole number from 576 to 65535");
    let reconnected = stand.call("uwand", "reconnect", json!({ "interface": "wan" }));
    assert!(reconnected.is_err(), "there is nothing to connect with: {reconnected:?}");
    for (line, words) in [
        ("option auth papp", "option auth 'papp': use one of none, pap, chap, both"),
        ("option watchdog maybe", "option watchdog 'maybe': use 0 or 1"),
        ("list watchdog_target example.org", "option watchdog_target 'example.org': use an IP address"),
        ("option pincode 12x4", "option pincode '***': a PIN has 4 to 8 digits"),
        ("option delay -1", "option delay '-1': use a whole number"),
    ] {
        stand.options(&[APN, line]);
        stand.reload();
        stand.await_status(words, 5, |wan| {
            wan["errors"][0]["data"][0].as_str().is_some_and(|told| told.starts_with(words))
        });
        assert!(stand.read("uwand.log").contains(words), "the log has it as well");
    }
    stand.options(&[APN, "option mtu 1400"]);
    stand.reload();
    let wan = stand.await_up();
    assert_eq!(wan.get("errors"), None);
    assert!(stand.routes("-4").contains("mtu 1400"));
}

#[test]
fn a_misspelt_option_that_netifd_drops_is_told_all_the_same() {
    let Some(stand) = Stand::boot(&["option apnn internet"], Setup::default()) else { return };
    let words = stand.await_error("BAD_CONFIG");
    assert_eq!(words, "option apnn 'internet': there is no such option; did you mean apn?");
    stand.options(&["list apn internet"]);
    stand.reload();
    stand.ifup("wan");
    stand.ifdown("wan");
    stand.ifup("wan");
    stand.await_status("a list is refused", 5, |wan| {
        wan["errors"][0]["data"][0].as_str().is_some_and(|told| told.contains("one value is wanted"))
    });
    stand.options(&[APN]);
    stand.reload();
    stand.await_up();
}

#[test]
fn options_of_other_packages_are_let_alone() {
    let others =
        ["option ttl 65", "option nft_set x", "list hosts a", "option mru 1500", "option name 'a b'"];
    let Some(stand) = Stand::boot(&[&[APN][..], &others].concat(), Setup::default()) else { return };
    stand.await_up();
}

#[test]
fn without_a_daemon_the_error_says_so_until_it_comes() {
    let Some(stand) = Stand::new(&[APN], Setup::default()) else { return };
    stand.start_netifd();
    let words = stand.await_error("NO_DAEMON");
    assert!(words.contains("/etc/init.d/uwand start"), "{words}");
    stand.start_daemon();
    stand.await_up();
    assert_eq!(stand.setups(), 1);
}

#[test]
fn a_modem_without_addresses_gets_dhcp_on_top_with_the_sections_own_options() {
    let network = Network { ip: Ip::untold(), ..Network::default() };
    let setup = Setup { network, ..Setup::default() };
    let Some(stand) = Stand::new(&[APN, "option peerdns 0"], setup) else { return };
    for name in ["dhcp", "dhcpv6"] {
        stand.install(
            name,
            &format!(
                "#!/bin/sh\ncase \"$2\" in dump) echo '{{\"name\":\"{name}\",\"config\":[],\"no-proto-task\":true}}';;\n\
                 setup) printf %s \"$4\" >\"$UWAND_TEST_DIR/{name}.json\";;\nesac\n"
            ),
        );
    }
    stand.start_daemon();
    stand.start_netifd();
    stand.await_up();
    for (name, proto) in [("wan_4", "dhcp"), ("wan_6", "dhcpv6")] {
        let config =
            stand.eventually(name, 5, || uwand::json::from_str(&stand.read(&format!("{proto}.json"))).ok());
        assert_eq!((&config["metric"], &config["peerdns"]), (&json!(7), &json!(false)), "{config}");
        assert_eq!(stand.ifstatus(name)["device"], "wwan0");
    }
    stand.ifdown("wan");
    stand.eventually("they go with it", 5, || stand.ifstatus("wan_4").is_null().then_some(()));
}

#[test]
fn a_wrong_pin_costs_one_try_and_a_mended_one_brings_it_up() {
    let sim = Sim { pin_tries: 5, ..Sim::locked("1234") };
    let setup = Setup { sim: Some(sim), ..Setup::default() };
    let Some(stand) = Stand::boot(&[APN, "option pincode 9999"], setup) else { return };
    let words = stand.await_error("PIN_FAILED");
    assert_eq!(words, "the SIM refused option pincode; correct it, 4 tries left");
    stand.ifdown("wan");
    stand.ifup("wan");
    stand.await_error("PIN_FAILED");
    assert_eq!(stand.modem(|modem| modem.pin_tries()), Some(4));
    stand.options(&[APN, "option pincode 1234"]);
    stand.reload();
    stand.await_up();
    assert!(!stand.read("uwand.log").contains("1234"), "a PIN in the log");
}
