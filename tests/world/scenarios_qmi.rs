//! QMI from `ifup` on, under the virtual clock: each test is a sentence about the daemon,
//! the modem and the network. `scenarios_qmi_faults` has the modems that misbehave,
//! `scenarios_qmi_ids` the client ids and who holds them.

use crate::sim;

use sim::modem;
use sim::modem::{Grants, Ip, Network, Sim};
use sim::netifd::State;
use sim::qmi::{End, Fcc, Profile, QmiModem, Setup};
use sim::world::{AT_ONCE, MINUTE, SECOND, WAN, World};
use uwand::mbim::messages::enums::Register;
use uwand::qmi::frame::Service;
use uwand::qmi::messages::dms::{OperatingMode, SetOperatingMode, SimGetPinStatus, SimVerifyPin};
use uwand::qmi::messages::uim::VerifyPin;
use uwand::qmi::messages::wda::{LinkLayer, SetDataFormat};
use uwand::qmi::messages::wds::{Autoconnect, GetCurrentSettings, IpFamily, PdpType, StartNetwork};
use uwand::qmi::messages::wds_profile::ModifyProfile;

use uwand::json::{Value, json};

type Qmi = World<QmiModem>;

fn with(base: modem::Setup) -> Setup {
    Setup { base, ..Setup::default() }
}

fn in_network(network: Network) -> Setup {
    with(modem::Setup { network, ..modem::Setup::default() })
}

fn with_sim(sim: Option<Sim>) -> Setup {
    with(modem::Setup { sim, ..modem::Setup::default() })
}

fn internet() -> Value {
    json!({ "apn": "internet" })
}

fn pin(pin: &str) -> Value {
    json!({ "apn": "internet", "pincode": pin })
}

/// Families of the calls that stand.
fn families(w: &Qmi) -> Vec<u8> {
    w.modem.calls().iter().map(|((_, family), _)| *family).collect()
}

#[test]
fn a_modem_that_answers_at_once_is_connected_in_twenty_round_trips() {
    World::run_qmi(Setup::default(), async |w| {
        w.set_raw_ip(true);
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        // With SYNC, data format, profile and both families; then it asks who the modem is.
        let connected = w.modem.requests_until::<GetCurrentSettings>();
        println!("{connected} round trips, {} with the introduction", w.modem.requests());
        assert!(connected <= 20, "{:?}", w.modem.seen());
    });
}

#[test]
fn netifd_gets_addresses_routes_name_servers_and_mtu_of_both_families() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        let status = w.netifd.status(WAN);
        assert_eq!(status["l3_device"], "wwan0");
        assert_eq!(status["ipv4-address"], json!([{ "address": "10.64.0.2", "mask": 30 }]));
        assert_eq!(status["ipv6-address"][0]["address"], "2001:db8:1::2");
        let servers = json!(["192.0.2.53", "192.0.2.54", "2001:db8:1::53", "2001:db8:1::54"]);
        assert_eq!(status["dns-server"], servers);
        let routes = status["route"].as_array().unwrap();
        assert!(routes.iter().any(|route| route["target"] == "0.0.0.0" && route["nexthop"] == "10.64.0.1"));
        assert!(routes.iter().any(|route| route["target"] == "::"));
        assert_eq!(w.of_interface("control").await, "qmi");
        assert_eq!(w.of_modem("registration").await, "home");
        assert_eq!(w.of_modem("operator").await, "Test Net");
        assert_eq!(w.of_modem("mcc_mnc").await, "00101");
        assert_eq!(w.of_modem("technology").await, "lte");
        assert_eq!(w.of_modem("model").await, "SIM7455");
        assert_eq!(w.of_modem("imei").await, "350000000000006");
        assert_eq!(w.of_modem("iccid").await, "8949000000000000017");
        assert_eq!(w.of_modem("imsi").await, "001010000000017");
        assert_eq!(w.of_modem("signal").await["rsrp"], -97);
        assert_eq!(families(w), [4, 6], "two calls, two client ids");
        assert_eq!(w.modem.clients_of(Service::Wds), 2);
    });
}

#[test]
fn a_second_ifup_needs_only_the_connect_itself() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.settle().await;
        assert!(w.modem.calls().is_empty());
        assert_eq!(w.modem.clients_of(Service::Wds), 0, "a client id lives as long as its call");
        w.modem.forget_requests();
        w.netifd.ifup(WAN);
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        let connected = w.modem.requests_until::<GetCurrentSettings>();
        println!("{connected} round trips");
        assert!(connected <= 12, "{:?}", w.modem.seen());
        assert_eq!(w.modem.count::<ModifyProfile>(), 0, "flash is not written twice");
    });
}

#[test]
fn a_family_that_is_refused_leaves_the_other_and_says_so() {
    for (grants, present, absent, family) in
        [(Grants::V4, "ipv4", "ipv6", 4), (Grants::V6, "ipv6", "ipv4", 6), (Grants::One, "ipv4", "ipv6", 4)]
    {
        World::run_qmi(in_network(Network { grants, ..Network::default() }), async |w| {
            w.ifup(internet());
            assert!(w.up_within(5 * SECOND).await < AT_ONCE);
            assert!(w.of_interface(present).await.is_object());
            assert!(w.of_interface(absent).await.is_null());
            assert!(w.of_interface("note").await.as_str().unwrap().contains("only"));
            assert_eq!(families(w), [family]);
            assert_eq!(w.modem.clients_of(Service::Wds), 1, "the refused family's client id is free again");
        });
    }
}

#[test]
fn the_family_that_is_configured_is_the_one_that_is_asked() {
    for (pdptype, wanted) in [("ipv4", vec![4]), ("ipv6", vec![6]), ("ipv4v6", vec![4, 6])] {
        World::run_qmi(Setup::default(), async |w| {
            w.ifup(json!({ "apn": "internet", "pdptype": pdptype }));
            w.up_within(5 * SECOND).await;
            assert_eq!(families(w), wanted);
        });
    }
}

#[test]
fn a_modem_that_waits_for_fcc_authentication_gets_it() {
    for fcc in [Fcc::Dms, Fcc::FoxconnByte, Fcc::FoxconnMagic] {
        World::run_qmi(Setup { fcc: Some(fcc), ..Setup::default() }, async |w| {
            assert_eq!(w.modem.mode(), OperatingMode::LowPower);
            w.ifup(internet());
            let took = w.up_within(20 * SECOND).await;
            println!("{fcc:?}: up after {took:?}");
            assert_eq!(w.modem.mode(), OperatingMode::Online);
        });
    }
}

#[test]
fn a_modem_in_low_power_is_switched_on() {
    for mode in [OperatingMode::LowPower, OperatingMode::PersistentLowPower] {
        World::run_qmi(Setup { mode, ..Setup::default() }, async |w| {
            w.ifup(internet());
            assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        });
    }
}

#[test]
fn a_hardware_switch_is_an_error_of_its_own_and_its_release_connects() {
    World::run_qmi(Setup::default(), async |w| {
        w.modem.hw_radio(false);
        w.ifup(internet());
        w.error_within("RADIO_OFF", 5 * SECOND).await;
        w.pass(600).await;
        w.modem.hw_radio(true);
        let took = w.up_within(76 * SECOND).await;
        println!("up after {took:?}");
    });
}

#[test]
fn a_pin_goes_by_uim_once_and_never_by_dms() {
    World::run_qmi(with_sim(Some(Sim::locked("1234"))), async |w| {
        w.ifup(pin("1234"));
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.netifd.ifup(WAN);
        w.up_within(5 * SECOND).await;
        assert_eq!(w.modem.count::<VerifyPin>(), 1, "an unlocked SIM is left alone");
        assert_eq!(w.modem.count::<SimVerifyPin>() + w.modem.count::<SimGetPinStatus>(), 0);
    });
}

#[test]
fn a_wrong_pin_costs_one_try_and_never_a_second() {
    World::run_qmi(with_sim(Some(Sim::locked("1234"))), async |w| {
        w.ifup(pin("9999"));
        assert!(w.error_within("PIN_FAILED", 5 * SECOND).await < AT_ONCE);
        assert!(w.error_words().contains("2 tries left"), "{}", w.error_words());
        for _ in 0..5 {
            w.pass(600).await;
            w.netifd.ifdown(WAN);
            w.down_within(4 * SECOND).await;
            w.netifd.ifup(WAN);
            w.netifd.renew(WAN);
        }
        w.pass(60).await;
        assert_eq!((w.modem.count::<VerifyPin>(), w.modem.pin_tries()), (1, Some(2)));
        assert_eq!(w.netifd.error(WAN), "PIN_FAILED");
    });
}

#[test]
fn a_pin_is_not_sent_when_a_mistake_could_cost_the_sim() {
    for tries in [1, 2] {
        World::run_qmi(with_sim(Some(Sim { pin_tries: tries, ..Sim::locked("1234") })), async |w| {
            w.ifup(pin("1234"));
            w.error_within("PIN_REQUIRED", 5 * SECOND).await;
            w.pass(3600).await;
            assert_eq!((w.modem.count::<VerifyPin>(), w.modem.pin_tries()), (0, Some(tries)));
        });
    }
}

#[test]
fn a_blocked_pin_asks_for_the_puk_and_tries_nothing() {
    World::run_qmi(with_sim(Some(Sim { pin_tries: 0, ..Sim::locked("1234") })), async |w| {
        w.ifup(pin("1234"));
        w.error_within("PUK_REQUIRED", 5 * SECOND).await;
        w.pass(600).await;
        assert_eq!(w.modem.count::<VerifyPin>(), 0);
    });
}

#[test]
fn a_sim_that_is_put_in_later_is_connected_within_a_second() {
    World::run_qmi(with_sim(None), async |w| {
        w.ifup(internet());
        assert!(w.error_within("NO_SIM", 5 * SECOND).await < AT_ONCE);
        w.pass(3600).await;
        assert_eq!(w.netifd.state(WAN), State::Setup, "the wish to be up is kept");
        w.modem.insert_sim(Sim::default());
        assert!(w.up_within(SECOND).await < SECOND);
    });
}

#[test]
fn a_sim_that_is_still_read_is_waited_for_without_an_error() {
    World::run_qmi(with_sim(Some(Sim { reads_for: 9 * SECOND, ..Sim::default() })), async |w| {
        w.ifup(internet());
        let took = w.up_within(20 * SECOND).await;
        assert!(took < 10 * SECOND, "{took:?}");
        assert!(w.notified(3).is_empty(), "{:?}", w.notified(3));
    });
}

#[test]
fn a_sim_that_is_pulled_out_takes_the_link_down_and_put_back_brings_it_up() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.modem.remove_sim();
        w.error_within("NO_SIM", 2 * MINUTE).await;
        assert!(!w.netifd.is_up(WAN));
        w.pass(600).await;
        w.modem.insert_sim(Sim { reads_for: 4 * SECOND, ..Sim::default() });
        assert!(w.up_within(5 * SECOND).await < 5 * SECOND);
    });
}

#[test]
fn another_sim_is_another_subscriber() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.modem.remove_sim();
        w.error_within("NO_SIM", 2 * MINUTE).await;
        assert!(w.of_modem("iccid").await.is_null());
        let (iccid, imsi) = ("894900000000000002".to_string(), "00101000000002".to_string());
        w.modem.insert_sim(Sim { iccid: iccid.clone(), imsi: imsi.clone(), ..Sim::default() });
        w.up_within(5 * SECOND).await;
        assert_eq!((w.of_modem("iccid").await, w.of_modem("imsi").await), (iccid.into(), imsi.into()));
    });
}

#[test]
fn a_registration_that_is_denied_tells_the_networks_cause() {
    let denied = Network { registration: Register::Denied, nw_error: 11, ..Network::default() };
    World::run_qmi(in_network(denied), async |w| {
        w.ifup(internet());
        w.error_within("REGISTRATION_DENIED", 5 * SECOND).await;
        assert!(w.error_words().contains("11"), "{}", w.error_words());
        w.pass(600).await;
        w.modem.allow_registration();
        assert!(w.up_within(SECOND).await < SECOND);
    });
}

#[test]
fn roaming_is_left_alone_until_it_is_allowed() {
    let abroad = Network { registration: Register::Roaming, ..Network::default() };
    World::run_qmi(in_network(abroad), async |w| {
        w.ifup(internet());
        w.error_within("ROAMING_NOT_ALLOWED", 5 * SECOND).await;
        w.pass(600).await;
        assert!(w.modem.starts().is_empty());
        w.ifup(json!({ "apn": "internet", "allow_roaming": "1" }));
        w.up_within(5 * SECOND).await;
    });
}

#[test]
fn the_attach_profile_is_written_before_the_network_refuses_the_old_one() {
    let profiles = vec![Profile::new(1, "wrong"), Profile::new(2, "ims")];
    let attach_apn = Some("internet".to_string());
    World::run_qmi(Setup { profiles, attach_apn, ..Setup::default() }, async |w| {
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        assert_eq!(w.modem.count::<ModifyProfile>(), 1);
        assert_eq!(w.modem.count::<SetOperatingMode>(), 2, "a new attach by low power and online");
        let profile = w.modem.profile(1).unwrap();
        assert_eq!((&*profile.apn, profile.pdp_type), ("internet", PdpType::Ipv4v6));
        assert_eq!(w.modem.profile(2), Some(Profile::new(2, "ims")), "others stay as they are");
    });
}

#[test]
fn a_profile_that_is_named_is_the_one_that_is_written_and_dialled() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "company", "profile": "2" }));
        w.up_within(5 * SECOND).await;
        assert_eq!(w.modem.profile(1), Some(Profile::new(1, "internet")));
        assert_eq!(w.modem.profile(2).map(|profile| profile.apn), Some("company".into()));
        assert!(w.modem.starts().iter().all(|start| start.profile == Some(2)));
    });
}

#[test]
fn a_connection_of_the_modems_own_autoconnect_is_taken_over_and_ended_with_it() {
    World::run_qmi(Setup { autoconnect: Autoconnect::Enabled, ..Setup::default() }, async |w| {
        assert_eq!(families(w), [4]);
        w.ifup(json!({ "apn": "internet", "pdptype": "ipv4" }));
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        assert_eq!(w.netifd.status(WAN)["ipv4-address"][0]["address"], "10.64.0.2");
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.pass(5).await;
        assert!(w.modem.calls().is_empty(), "down is down, whoever began it");
    });
}

#[test]
fn raw_ip_is_agreed_on_where_the_driver_can_do_it() {
    for (kernel, modem, insists) in [
        (Some(true), LinkLayer::Ethernet, None),
        (Some(true), LinkLayer::RawIp, None),
        (Some(true), LinkLayer::RawIp, Some(LinkLayer::RawIp)),
        (None, LinkLayer::Ethernet, None),
        (None, LinkLayer::RawIp, None),
        (None, LinkLayer::Ethernet, Some(LinkLayer::Ethernet)),
    ] {
        let setup = Setup { link_layer: modem, insists_on: insists, ..Setup::default() };
        World::run_qmi(setup, async |w| {
            if let Some(raw) = kernel {
                w.set_raw_ip(raw);
            }
            w.ifup(internet());
            w.up_within(5 * SECOND).await;
            let wanted = if kernel.is_some() { LinkLayer::RawIp } else { LinkLayer::Ethernet };
            assert_eq!(w.modem.link_layer(), wanted, "{kernel:?} {modem:?} {insists:?}");
            assert_eq!(w.modem.count::<SetDataFormat>(), 1);
        });
    }
}

#[test]
fn a_modem_without_wda_is_left_with_ethernet_frames() {
    World::run_qmi(Setup { has_wda: false, ..Setup::default() }, async |w| {
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn a_call_that_the_network_ends_is_dialled_anew() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.pass(60).await;
        for family in [IpFamily::Ipv4, IpFamily::Ipv6] {
            w.modem.network_disconnect(0, family, End::esm(36));
            w.settle().await;
            assert!(w.up_within(5 * SECOND).await < 2 * SECOND);
            w.pass(60).await;
            assert_eq!(families(w), [4, 6]);
            assert_eq!(w.modem.clients_of(Service::Wds), 2);
        }
    });
}

#[test]
fn an_address_that_changes_is_changed_in_place() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.modem.forget_requests();
        let ip = Ip { v4: vec![([10, 64, 7, 6].into(), 30)], ..Ip::default() };
        w.modem.change_address(0, IpFamily::Ipv4, ip);
        w.settle().await;
        w.settle().await;
        assert_eq!(w.netifd.status(WAN)["ipv4-address"][0]["address"], "10.64.7.6");
        assert!(w.netifd.is_up(WAN));
        assert_eq!(w.modem.count::<StartNetwork>(), 0);
        assert!(w.link_ups().iter().all(|up| *up), "{:?}", w.link_ups());
    });
}

#[test]
fn an_ifdown_in_the_middle_of_a_connect_wins() {
    World::run_qmi(in_network(Network { connects_after: 20 * SECOND, ..Network::default() }), async |w| {
        w.ifup(internet());
        w.pass(5).await;
        w.netifd.ifdown(WAN);
        w.pass(5).await;
        assert_eq!(w.netifd.state(WAN), State::Down);
        w.pass(60).await;
        assert!(w.link_ups().is_empty(), "{:?}", w.link_ups());
        assert!(w.modem.calls().is_empty(), "nothing is left active");
        assert_eq!(w.modem.clients_of(Service::Wds), 0);
    });
}

#[test]
fn nothing_happens_while_nothing_happens() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet", "watchdog": "0" }));
        w.up_within(5 * SECOND).await;
        w.pass(60).await;
        let (before, frames) = (w.modem.requests(), w.ubusd.received());
        w.pass(24 * 3600).await;
        assert_eq!(w.modem.requests(), before);
        assert_eq!(w.ubusd.received(), frames);
    });
}
