//! MBIM from `ifup` on, under the virtual clock: each test is a sentence about the daemon
//! and the network.

use crate::sim;

use sim::modem::{Grants, Ip, Network, Setup};
use sim::netifd::State;
use sim::world::{AT_ONCE, SECOND, WAN, World};
use uwand::mbim::messages::enums::{IpType, Register};

use uwand::json::{Value, json};

fn in_network(network: Network) -> Setup {
    Setup { network, ..Setup::default() }
}

fn internet() -> Value {
    json!({ "apn": "internet" })
}

/// The session types that the daemon asked for, in order.
fn asked(w: &World) -> Vec<IpType> {
    w.modem.activations().iter().map(|set| set.ip_type).collect()
}

#[test]
fn a_modem_that_answers_at_once_is_connected_in_twelve_round_trips() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        println!("{} round trips", w.modem.requests());
        assert!(w.modem.requests() <= 12, "{:?}", w.modem.seen());
    });
}

#[test]
fn netifd_gets_addresses_routes_name_servers_and_mtu_of_both_families() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        let status = w.netifd.status(WAN);
        assert_eq!(status["l3_device"], "wwan0");
        assert_eq!(status["ipv4-address"], json!([{ "address": "10.64.0.2", "mask": 30 }]));
        assert_eq!(status["ipv6-address"][0]["address"], "2001:db8:1::2");
        assert_eq!(status["ipv6-prefix"][0]["address"], "2001:db8:1::");
        let servers = json!(["192.0.2.53", "192.0.2.54", "2001:db8:1::53", "2001:db8:1::54"]);
        assert_eq!(status["dns-server"], servers);
        let routes = status["route"].as_array().unwrap();
        let mut default = routes.iter().filter(|route| route["mask"] == 0);
        assert!(default.all(|route| route["mtu"] == 1430));
        assert!(routes.iter().any(|route| route["target"] == "0.0.0.0" && route["nexthop"] == "10.64.0.1"));
        assert!(routes.iter().any(|route| route["target"] == "::"));
        assert_eq!(w.of_modem("registration").await, "home");
        assert_eq!(w.of_interface("state").await, "up");
    });
}

#[test]
fn a_second_ifup_needs_only_the_connect_itself() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.settle().await;
        assert!(w.modem.sessions().is_empty() && w.modem.is_open());
        w.modem.forget_requests();
        w.netifd.ifup(WAN);
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        assert!(w.modem.requests() <= 7, "{:?}", w.modem.seen());
    });
}

#[test]
fn a_network_with_one_family_gives_that_one_and_says_so() {
    for (grants, present, absent) in [(Grants::V4, "ipv4", "ipv6"), (Grants::V6, "ipv6", "ipv4")] {
        World::run(in_network(Network { grants, ..Network::default() }), async |w| {
            w.ifup(internet());
            assert!(w.up_within(5 * SECOND).await < AT_ONCE);
            assert!(w.of_interface(present).await.is_object());
            assert!(w.of_interface(absent).await.is_null());
            assert!(w.of_interface("note").await.as_str().unwrap().contains("only"));
            assert_eq!(asked(w), [IpType::V4V6]);
        });
    }
}

#[test]
fn a_network_that_refuses_the_pair_is_asked_for_what_it_has() {
    let cases = [
        (Grants::V4, IpType::V4, "ipv4"),
        (Grants::V6, IpType::V6, "ipv6"),
        (Grants::One, IpType::V4, "ipv4"),
    ];
    for (grants, second, present) in cases {
        World::run(in_network(Network { grants, strict: true, ..Network::default() }), async |w| {
            w.ifup(internet());
            assert!(w.up_within(5 * SECOND).await < AT_ONCE);
            assert_eq!(asked(w), [IpType::V4V6, second]);
            assert!(w.of_interface(present).await.is_object());
        });
    }
}

#[test]
fn the_family_that_is_configured_is_the_one_that_is_asked() {
    for (pdptype, ip_type) in [("ipv4", IpType::V4), ("ipv6", IpType::V6), ("ipv4v6", IpType::V4V6)] {
        World::run(Setup::default(), async |w| {
            w.ifup(json!({ "apn": "internet", "pdptype": pdptype }));
            w.up_within(5 * SECOND).await;
            assert_eq!(asked(w), [ip_type]);
        });
    }
}

#[test]
fn a_modem_that_tells_no_addresses_gets_dhcp_on_top() {
    World::run(in_network(Network { ip: Ip::untold(), ..Network::default() }), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.settle().await;
        assert!(w.netifd.is_up("wan_4") && w.netifd.is_up("wan_6"));
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        assert!(!w.netifd.has("wan_4"));
    });
}

#[test]
fn several_addresses_and_a_missing_gateway_are_passed_on_as_they_are() {
    let ip = Ip {
        v4: vec![([10, 1, 1, 1].into(), 32), ([10, 1, 1, 2].into(), 32)],
        v4_gateway: None,
        v4_mtu: 0,
        ..Ip::default()
    };
    World::run(in_network(Network { ip, ..Network::default() }), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        let status = w.netifd.status(WAN);
        assert_eq!(status["ipv4-address"].as_array().unwrap().len(), 2);
        assert!(status["route"].as_array().unwrap().iter().any(|route| route["target"] == "0.0.0.0"));
    });
}

#[test]
fn ifdown_deactivates_and_leaves_the_modem_open() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.netifd.ifdown(WAN);
        assert!(w.down_within(4 * SECOND).await < AT_ONCE);
        w.settle().await;
        assert!(w.modem.sessions().is_empty() && w.modem.is_open());
        assert_eq!(w.of_interface("state").await, "down");
        w.modem.set_signal(9);
        w.settle().await;
        assert_eq!(w.of_modem("signal").await["rssi"], -95, "status goes on");
    });
}

#[test]
fn a_reconnect_asked_by_a_person_dials_anew_at_once() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.call("reconnect", json!({ "interface": WAN })).await;
        w.settle().await;
        assert!(w.netifd.is_up(WAN));
        assert_eq!(w.link_ups(), [true, false, true]);
        assert_eq!(w.modem.activations().len(), 2);
    });
}

#[test]
fn a_changed_apn_is_dialled_and_an_unchanged_configuration_is_not() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.netifd.renew(WAN);
        w.pass(5).await;
        assert_eq!(w.modem.activations().len(), 1, "renew of the same is no reason to dial");
        w.ifup(json!({ "apn": "other" }));
        w.pass(5).await;
        assert!(w.netifd.is_up(WAN));
        assert_eq!(w.modem.activations().last().map(|set| set.apn.clone()), Some("other".into()));
    });
}

#[test]
fn a_modem_that_wants_subscriber_and_register_state_queried_first_is_content() {
    World::run(Setup { queries_first: true, ..Setup::default() }, async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.netifd.ifup(WAN);
        w.up_within(5 * SECOND).await;
    });
}

#[test]
fn a_modem_that_indicates_only_on_request_is_asked_to() {
    let searching = Network { registration: Register::Searching, ..Network::default() };
    World::run(Setup { indicates_only_on_request: true, ..in_network(searching) }, async |w| {
        w.ifup(internet());
        w.pass(5).await;
        w.modem.allow_registration();
        assert!(w.up_within(SECOND).await < SECOND);
    });
}

#[test]
fn a_modem_that_knows_microsofts_extensions_tells_rsrp() {
    World::run(Setup { mbimex: 0x0200, ..Setup::default() }, async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.settle().await;
        assert_eq!(w.of_modem("signal").await["rsrp"], -87);
        w.modem.network_disconnect(0, 36);
        w.settle().await;
        assert!(w.netifd.is_up(WAN), "the later layouts of register state and packet service are read");
    });
}

#[test]
fn a_session_of_before_that_the_modem_kept_is_replaced() {
    World::run(Setup { keeps_sessions: true, ..Setup::default() }, async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.kill_daemon().await;
        assert_eq!(w.modem.sessions().len(), 1);
        w.start_daemon();
        w.pass(5).await;
        assert!(w.netifd.is_up(WAN));
        assert_eq!(w.modem.sessions().len(), 1);
    });
}

#[test]
fn an_ifdown_in_the_middle_of_a_connect_wins() {
    World::run(in_network(Network { connects_after: 20 * SECOND, ..Network::default() }), async |w| {
        w.ifup(internet());
        w.pass(5).await;
        w.netifd.ifdown(WAN);
        w.pass(5).await;
        assert_eq!(w.netifd.state(WAN), State::Down);
        w.pass(60).await;
        assert!(w.link_ups().is_empty(), "{:?}", w.link_ups());
        assert!(w.modem.sessions().is_empty(), "nothing is left active");
    });
}

#[test]
fn an_activation_that_came_through_after_ifdown_is_no_obstacle_to_the_next() {
    let slow = Network { connects_after: 20 * SECOND, ..Network::default() };
    World::run(Setup { stubborn: true, ..in_network(slow) }, async |w| {
        w.ifup(internet());
        w.pass(5).await;
        w.netifd.ifdown(WAN);
        w.pass(60).await;
        w.netifd.ifup(WAN);
        w.up_within(50 * SECOND).await;
    });
}

#[test]
fn a_delay_is_kept_before_the_first_use() {
    World::run(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet", "delay": "30" }));
        w.pass(29).await;
        assert_eq!(w.modem.requests(), 0);
        assert!(w.up_within(5 * SECOND).await < 2 * SECOND);
    });
}

#[test]
fn wrong_options_are_told_by_name_and_wait_for_right_ones() {
    for (options, name) in [
        (json!({ "apn": "internet", "pdptype": "ipv5" }), "pdptype"),
        (json!({ "apn": "internet", "pincode": "12" }), "pincode"),
        (json!({ "apn": "internet", "device": "EM7455" }), "device"),
        (json!({ "apn": "internet", "mtu": "99" }), "mtu"),
        (json!({ "apm": "internet" }), "apm"),
    ] {
        World::run(Setup::default(), async |w| {
            w.ifup(options);
            w.error_within("BAD_CONFIG", 5 * SECOND).await;
            assert!(w.error_words().contains(name), "{}", w.error_words());
            w.pass(60).await;
            // Blocked and down it would stay so after a reload of the mended section.
            assert!(!w.is_blocked());
            assert_eq!(w.netifd.state(WAN), State::Setup);
            assert_eq!(w.netifd.runs("setup"), 1, "no loop");
            w.ifup(internet());
            w.up_within(5 * SECOND).await;
        });
    }
}

#[test]
fn nothing_happens_while_nothing_happens() {
    World::run(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet", "watchdog": "0" }));
        w.up_within(5 * SECOND).await;
        w.pass(60).await;
        let (before, frames) = (w.modem.requests(), w.ubusd.received());
        w.pass(24 * 3600).await;
        assert_eq!(w.modem.requests(), before);
        assert_eq!(w.ubusd.received(), frames);
    });
}
