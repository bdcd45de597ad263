//! What networks do, under the virtual clock: they deny, roam, cut, move addresses, and the
//! daemon goes on without a fixed wait as soon as they let it.

use crate::sim;

use sim::fault::{Effect, Fault, On};
use sim::modem::{Grants, Ip, Network, Setup};
use sim::world::{AT_ONCE, MINUTE, SECOND, WAN, World};
use uwand::mbim::messages::connect::SetConnect;
use uwand::mbim::messages::enums::{AuthProtocol, Register};
use uwand::mbim::messages::network::{SetPacketService, SetRegisterState};

use uwand::json::{Value, json};

fn in_network(network: Network) -> Setup {
    Setup { network, ..Setup::default() }
}

fn internet() -> Value {
    json!({ "apn": "internet" })
}

#[test]
fn a_family_that_is_not_granted_alone_is_an_error_with_the_networks_cause() {
    World::run(in_network(Network { grants: Grants::V6, ..Network::default() }), async |w| {
        w.ifup(json!({ "apn": "internet", "pdptype": "ipv4" }));
        assert!(w.error_within("CONNECT_FAILED", 5 * SECOND).await < AT_ONCE);
        assert!(w.error_words().contains("ESM cause 51"), "{}", w.error_words());
        w.modem.network(|network| network.grants = Grants::Both);
        w.up_within(5 * SECOND).await;
    });
}

#[test]
fn an_unknown_apn_is_told_with_its_cause_and_tried_again_with_patience() {
    World::run(in_network(Network { apn: Some("internet".into()), ..Network::default() }), async |w| {
        w.ifup(json!({ "apn": "intrenet" }));
        assert!(w.error_within("CONNECT_FAILED", 5 * SECOND).await < AT_ONCE);
        assert!(w.error_words().contains("ESM cause 27: unknown or missing APN"), "{}", w.error_words());
        w.pass(600).await;
        let tries = w.modem.activations().len();
        assert!((8..=20).contains(&tries), "{tries} tries in 10 minutes");
        assert!(!w.is_blocked());
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn a_network_that_wants_authentication_gets_what_is_configured() {
    let auth = Some((AuthProtocol::Chap, "user".into(), "word".into()));
    World::run(in_network(Network { auth, ..Network::default() }), async |w| {
        w.ifup(json!({ "apn": "internet", "auth": "chap", "username": "user", "password": "wrong" }));
        w.error_within("CONNECT_FAILED", 5 * SECOND).await;
        assert!(w.error_words().contains("ESM cause 29"), "{}", w.error_words());
        w.ifup(json!({ "apn": "internet", "auth": "chap", "username": "user", "password": "word" }));
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn a_denied_registration_tells_the_networks_cause_and_goes_on_when_it_is_allowed() {
    let denied = Network { registration: Register::Denied, nw_error: 11, ..Network::default() };
    World::run(in_network(denied), async |w| {
        w.ifup(internet());
        assert!(w.error_within("REGISTRATION_DENIED", 5 * SECOND).await < AT_ONCE);
        assert!(w.error_words().contains("EMM cause 11: PLMN not allowed"), "{}", w.error_words());
        w.pass(3600).await;
        assert!(w.modem.activations().is_empty());
        assert!(w.modem.count_of_set::<SetRegisterState>() < 5, "a denied modem is left to search by itself");
        w.modem.allow_registration();
        assert!(w.up_within(SECOND).await < SECOND);
    });
}

#[test]
fn a_modem_that_finds_no_network_says_so_and_goes_on_when_it_finds_one() {
    let nowhere = Network { registration: Register::Searching, ..Network::default() };
    World::run(in_network(nowhere), async |w| {
        w.ifup(internet());
        let took = w.error_within("NOT_REGISTERED", 40 * SECOND).await;
        assert!(took >= 5 * SECOND, "a search takes its time: {took:?}");
        w.pass(3600).await;
        assert_eq!(w.netifd.error(WAN), "NOT_REGISTERED");
        w.modem.allow_registration();
        assert!(w.up_within(SECOND).await < SECOND);
    });
}

#[test]
fn a_slow_registration_is_waited_for_without_an_error() {
    World::run(in_network(Network { registers_after: 12 * SECOND, ..Network::default() }), async |w| {
        w.ifup(internet());
        assert!((11..=12).contains(&w.up_within(20 * SECOND).await.as_secs()));
        assert!(w.notified(3).is_empty(), "{:?}", w.notified(3));
    });
}

#[test]
fn roaming_is_a_state_of_its_own_until_it_is_allowed() {
    let abroad = Network { registration: Register::Roaming, ..Network::default() };
    World::run(in_network(abroad), async |w| {
        w.ifup(internet());
        assert!(w.error_within("ROAMING_NOT_ALLOWED", 5 * SECOND).await < AT_ONCE);
        assert!(w.error_words().contains("Test Net"), "{}", w.error_words());
        w.pass(3600).await;
        assert!(w.modem.activations().is_empty(), "no retry loop");
        w.ifup(json!({ "apn": "internet", "allow_roaming": "1" }));
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn a_traveller_who_comes_home_is_connected_by_itself() {
    let abroad = Network { registration: Register::Roaming, ..Network::default() };
    World::run(in_network(abroad), async |w| {
        w.ifup(internet());
        w.error_within("ROAMING_NOT_ALLOWED", 5 * SECOND).await;
        w.modem.set_registration(Register::Home, 0);
        assert!(w.up_within(SECOND).await < SECOND);
    });
}

#[test]
fn a_refused_attach_tells_its_cause_and_is_tried_again() {
    let refused = Network { auto_attach: false, attach_refused: Some(15), ..Network::default() };
    World::run(in_network(refused), async |w| {
        w.ifup(internet());
        w.error_within("ATTACH_FAILED", 5 * SECOND).await;
        assert!(w.error_words().contains("EMM cause 15"), "{}", w.error_words());
        w.modem.network(|network| network.attach_refused = None);
        w.up_within(10 * SECOND).await;
        assert!(w.modem.count_of_set::<SetPacketService>() >= 2);
    });
}

#[test]
fn a_modem_that_does_not_attach_by_itself_is_attached() {
    let manual = Network { auto_attach: false, attaches_after: 3 * SECOND, ..Network::default() };
    World::run(in_network(manual), async |w| {
        w.ifup(internet());
        assert_eq!(w.up_within(10 * SECOND).await.as_secs(), 3);
    });
}

#[test]
fn a_bearer_cut_by_the_network_is_up_again_without_a_fixed_wait() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.pass(3600).await;
        w.modem.forget_requests();
        w.modem.network_disconnect(0, 36);
        w.settle().await;
        assert!(w.netifd.is_up(WAN), "up again within a millisecond");
        assert_eq!(w.link_ups(), [true, false, true]);
        assert_eq!(w.modem.activations().len(), 1);
    });
}

#[test]
fn a_bearer_that_is_cut_again_and_again_is_not_dialled_in_a_loop() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        for _ in 0..600 {
            w.modem.network_disconnect(0, 36);
            w.pass(1).await;
        }
        let tries = w.modem.activations().len();
        assert!((8..=40).contains(&tries), "{tries} activations in 10 minutes");
        w.up_within(2 * MINUTE).await;
    });
}

#[test]
fn a_detach_by_the_network_is_mended_when_the_network_takes_the_modem_back() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.modem.network(|network| network.attach_refused = Some(10));
        w.modem.detach(10);
        w.error_within("ATTACH_FAILED", 5 * SECOND).await;
        assert_eq!(w.link_ups(), [true, false]);
        w.pass(60).await;
        w.modem.reattach();
        assert!(w.up_within(MINUTE).await < MINUTE);
    });
}

#[test]
fn a_lost_registration_is_waited_out_and_the_link_is_up_within_a_second_of_its_return() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.modem.set_registration(Register::Searching, 0);
        w.down_within(SECOND).await;
        w.pass(300).await;
        w.modem.allow_registration();
        assert!(w.up_within(SECOND).await < SECOND);
    });
}

#[test]
fn a_change_of_address_reaches_netifd_in_place() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        let ip = Ip { v4: vec![([10, 99, 0, 6].into(), 30)], v4_gateway: None, ..Ip::default() };
        w.modem.change_address(0, ip);
        w.settle().await;
        assert_eq!(w.netifd.status(WAN)["ipv4-address"][0]["address"], "10.99.0.6");
        assert_eq!(w.link_ups(), [true, true], "never down");
        assert_eq!(w.modem.activations().len(), 1, "not dialled again");
    });
}

#[test]
fn an_indication_that_changes_nothing_is_not_passed_on() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.modem.change_address(0, Ip::default());
        w.pass(5).await;
        assert_eq!(w.link_ups(), [true]);
    });
}

#[test]
fn a_connect_that_is_refused_for_a_while_keeps_the_wish_to_be_up() {
    World::run(Setup::default(), async |w| {
        let refused = Effect::Refuse(uwand::mbim::Status::Failure);
        w.modem.fault(Fault::new(On::set::<SetConnect>(), refused).lasting(10 * MINUTE));
        w.ifup(internet());
        w.error_within("CONNECT_FAILED", 5 * SECOND).await;
        w.pass(9 * 60).await;
        assert!(!w.netifd.is_up(WAN) && !w.is_blocked());
        w.up_within(3 * MINUTE).await;
    });
}

#[test]
fn a_network_that_is_named_is_selected_once() {
    World::run(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet", "plmn": "00101" }));
        w.up_within(5 * SECOND).await;
        w.modem.network_disconnect(0, 36);
        w.pass(5).await;
        assert!(w.netifd.is_up(WAN));
        assert_eq!(w.modem.count_of_set::<SetRegisterState>(), 1);
        w.ifup(json!({ "apn": "internet", "plmn": "26299" }));
        w.error_within("NOT_REGISTERED", MINUTE).await;
    });
}
