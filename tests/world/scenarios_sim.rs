//! The SIM, its PIN and the radio switch under the virtual clock. A wrong move here costs a
//! user the SIM, so every way to a PIN is a sentence of its own.

use crate::sim;

use sim::fault::{Effect, Fault, On};
use sim::modem::{Asked, Setup, Sim};
use sim::netifd::State;
use sim::world::{AT_ONCE, MINUTE, SECOND, WAN, World};
use uwand::mbim::messages::basic::{Pin, SetPin, SubscriberReady};
use uwand::mbim::{Kind, Service, Status};

use uwand::json::{Value, json};

fn with_sim(sim: Sim) -> Setup {
    Setup { sim: Some(sim), ..Setup::default() }
}

fn pin(pin: &str) -> Value {
    json!({ "apn": "internet", "pincode": pin })
}

/// How often a PIN was sent.
fn sent(w: &World) -> usize {
    w.modem.count_of_set::<SetPin>()
}

#[test]
fn a_sim_that_is_put_in_later_is_connected_within_a_second() {
    World::run(Setup { sim: None, ..Setup::default() }, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        assert!(w.error_within("NO_SIM", 5 * SECOND).await < AT_ONCE);
        w.pass(3600).await;
        assert_eq!(w.netifd.state(WAN), State::Setup, "the wish to be up is kept");
        w.modem.insert_sim(Sim::default());
        assert!(w.up_within(SECOND).await < SECOND);
        assert_eq!(w.netifd.error(WAN), "");
    });
}

#[test]
fn a_sim_that_is_pulled_out_takes_the_link_down_and_put_back_brings_it_up() {
    World::run(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet" }));
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
fn a_sim_that_is_still_read_is_waited_for_without_an_error() {
    World::run(with_sim(Sim { reads_for: 9 * SECOND, ..Sim::default() }), async |w| {
        w.ifup(json!({ "apn": "internet" }));
        let took = w.up_within(20 * SECOND).await;
        assert!(took < 10 * SECOND, "{took:?}");
        assert!(w.notified(3).is_empty(), "{:?}", w.notified(3));
    });
}

#[test]
fn a_sim_that_never_gets_ready_is_an_error_and_not_a_hang() {
    World::run(with_sim(Sim { reads_for: 3600 * SECOND, ..Sim::default() }), async |w| {
        w.ifup(json!({ "apn": "internet" }));
        assert!(w.netifd.until(MINUTE, |netifd| !netifd.error(WAN).is_empty()).await);
        assert!(!w.is_blocked());
        w.up_within(2 * 3600 * SECOND).await;
    });
}

#[test]
fn a_pin_is_sent_once_and_only_when_the_sim_asks() {
    World::run(with_sim(Sim::locked("1234")), async |w| {
        w.ifup(pin("1234"));
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        assert_eq!(sent(w), 1);
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.netifd.ifup(WAN);
        w.up_within(5 * SECOND).await;
        assert_eq!(sent(w), 1, "an unlocked SIM is left alone");
    });
}

#[test]
fn a_pin_is_not_sent_to_a_sim_that_asks_for_none() {
    World::run(Setup::default(), async |w| {
        w.ifup(pin("1234"));
        w.up_within(5 * SECOND).await;
        assert_eq!(sent(w), 0);
    });
}

#[test]
fn not_initialised_is_not_a_wrong_pin() {
    World::run(with_sim(Sim { reads_for: 8 * SECOND, ..Sim::locked("1234") }), async |w| {
        w.ifup(pin("1234"));
        w.pass(7).await;
        assert_eq!(sent(w), 0, "the SIM has not asked yet");
        assert!(w.up_within(5 * SECOND).await < 2 * SECOND);
        assert_eq!((sent(w), w.modem.pin_tries()), (1, Some(3)));
        assert!(w.notified(3).is_empty(), "{:?}", w.notified(3));
    });
}

#[test]
fn a_modem_that_refuses_the_pin_as_not_initialised_gets_it_again_later() {
    World::run(with_sim(Sim::locked("1234")), async |w| {
        let refused = Fault::new(On::set::<SetPin>(), Effect::Refuse(Status::NotInitialized));
        w.modem.fault(refused.times(2));
        w.ifup(pin("1234"));
        w.up_within(30 * SECOND).await;
        assert_eq!((sent(w), w.modem.pin_tries()), (3, Some(3)));
    });
}

#[test]
fn a_modem_that_cannot_tell_its_lock_yet_is_asked_again() {
    World::run(with_sim(Sim::locked("1234")), async |w| {
        let refused = Fault::new(On::query::<Pin>(), Effect::Refuse(Status::NotInitialized));
        w.modem.fault(refused.times(2));
        w.ifup(pin("1234"));
        w.up_within(30 * SECOND).await;
        assert_eq!(sent(w), 1);
    });
}

#[test]
fn a_wrong_pin_costs_one_try_and_never_a_second() {
    World::run(with_sim(Sim::locked("1234")), async |w| {
        w.ifup(pin("9999"));
        assert!(w.error_within("PIN_FAILED", 5 * SECOND).await < AT_ONCE);
        assert!(w.error_words().contains("2 tries left"), "{}", w.error_words());
        assert!(!w.is_blocked(), "a mended PIN and a reload have to bring it up");
        for _ in 0..5 {
            w.pass(600).await;
            w.netifd.ifdown(WAN);
            w.down_within(4 * SECOND).await;
            w.netifd.ifup(WAN);
            w.netifd.renew(WAN);
        }
        w.pass(60).await;
        assert_eq!((sent(w), w.modem.pin_tries()), (1, Some(2)));
        assert_eq!(w.netifd.error(WAN), "PIN_FAILED");
    });
}

#[test]
fn a_wrong_pin_is_not_sent_again_by_a_new_daemon() {
    World::run(with_sim(Sim::locked("1234")), async |w| {
        w.ifup(pin("9999"));
        w.error_within("PIN_FAILED", 5 * SECOND).await;
        w.kill_daemon().await;
        w.start_daemon();
        w.pass(600).await;
        assert_eq!((sent(w), w.modem.pin_tries()), (1, Some(2)));
    });
}

#[test]
fn a_pin_is_not_sent_when_a_mistake_could_cost_the_sim() {
    for tries in [1, 2] {
        World::run(with_sim(Sim { pin_tries: tries, ..Sim::locked("1234") }), async |w| {
            w.ifup(pin("1234"));
            w.error_within("PIN_REQUIRED", 5 * SECOND).await;
            assert!(w.error_words().contains("too few tries left"), "{}", w.error_words());
            w.pass(3600).await;
            assert_eq!((sent(w), w.modem.pin_tries()), (0, Some(tries)));
        });
    }
}

#[test]
fn a_pin_that_this_sim_took_before_is_sent_with_two_tries_left() {
    World::run(with_sim(Sim::locked("1234")), async |w| {
        w.ifup(pin("1234"));
        w.up_within(5 * SECOND).await;
        // Somebody mistyped it elsewhere.
        w.modem.act(|modem| {
            let sim = modem.sim.as_mut().unwrap();
            (sim.verified, sim.pin_tries) = (false, 2);
            modem.settle();
        });
        w.up_within(MINUTE).await;
        assert_eq!(sent(w), 2);
    });
}

#[test]
fn a_sim_that_asks_for_a_pin_that_is_not_configured_says_so_and_goes_on_once_it_is() {
    World::run(with_sim(Sim::locked("1234")), async |w| {
        w.ifup(json!({ "apn": "internet" }));
        assert!(w.error_within("PIN_REQUIRED", 5 * SECOND).await < AT_ONCE);
        assert!(w.error_words().contains("option pincode is not set"), "{}", w.error_words());
        w.pass(3600).await;
        assert_eq!(sent(w), 0);
        w.ifup(pin("1234"));
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn a_sim_that_is_unlocked_by_hand_is_connected_within_a_second() {
    World::run(with_sim(Sim::locked("1234")), async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.error_within("PIN_REQUIRED", 5 * SECOND).await;
        w.pass(600).await;
        w.modem.act(|modem| {
            modem.sim.as_mut().unwrap().verified = true;
            modem.settle();
        });
        assert!(w.up_within(SECOND).await < SECOND);
    });
}

#[test]
fn a_sim_that_wants_its_puk_is_left_to_a_person() {
    World::run(with_sim(Sim { pin_tries: 0, ..Sim::locked("1234") }), async |w| {
        w.ifup(pin("1234"));
        assert!(w.error_within("PUK_REQUIRED", 5 * SECOND).await < AT_ONCE);
        assert!(!w.is_blocked(), "a mended PIN and a reload have to bring it up");
        w.pass(3600).await;
        assert_eq!(sent(w), 0);
    });
}

#[test]
fn another_sim_gets_the_pin_that_the_last_one_refused() {
    World::run(with_sim(Sim::locked("1234")), async |w| {
        w.ifup(pin("5678"));
        w.error_within("PIN_FAILED", 5 * SECOND).await;
        w.modem.remove_sim();
        w.pass(5).await;
        w.modem.insert_sim(Sim { iccid: "8949000000000000025".into(), ..Sim::locked("5678") });
        w.up_within(5 * SECOND).await;
        assert_eq!(sent(w), 2);
    });
}

#[test]
fn a_locked_pin2_is_no_lock() {
    World::run(Setup { tells_pin2: true, ..with_sim(Sim::locked("1234")) }, async |w| {
        w.ifup(pin("1234"));
        w.up_within(5 * SECOND).await;
        assert_eq!(sent(w), 1);
    });
}

#[test]
fn a_sim_that_takes_its_time_after_the_pin_is_waited_for() {
    World::run(with_sim(Sim { unlocks_for: 6 * SECOND, ..Sim::locked("1234") }), async |w| {
        w.ifup(pin("1234"));
        assert!(w.up_within(20 * SECOND).await < 8 * SECOND);
        assert_eq!(sent(w), 1);
        assert!(w.notified(3).is_empty(), "{:?}", w.notified(3));
    });
}

#[test]
fn a_pin_whose_answer_got_lost_is_not_sent_blindly_again() {
    World::run(with_sim(Sim { pin_tries: 3, ..Sim::locked("1234") }), async |w| {
        w.modem.fault(Fault::new(On::set::<SetPin>(), Effect::DropAnswer).once());
        w.ifup(pin("9999"));
        w.pass(600).await;
        assert!(sent(w) <= 1 && w.modem.pin_tries() == Some(2), "{} {:?}", sent(w), w.modem.pin_tries());
        assert!(!w.netifd.is_up(WAN));
    });
}

#[test]
fn a_bad_sim_is_no_sim() {
    World::run(with_sim(Sim { bad: true, ..Sim::default() }), async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.error_within("NO_SIM", 5 * SECOND).await;
        w.modem.insert_sim(Sim::default());
        assert!(w.up_within(SECOND).await < SECOND);
    });
}

#[test]
fn a_modem_that_does_not_indicate_its_sim_is_asked_every_other_second() {
    let deaf_to_sim = Setup {
        indicates_only_on_request: true,
        ..with_sim(Sim { reads_for: 5 * SECOND, ..Sim::default() })
    };
    World::run(deaf_to_sim, async |w| {
        let (service, cid) = (Service::BasicConnect, 19);
        w.modem.fault(Fault::new(On::Set(service, cid), Effect::Refuse(Status::NoDeviceSupport)));
        w.ifup(json!({ "apn": "internet" }));
        assert!(w.up_within(20 * SECOND).await < 8 * SECOND);
        let asked = Asked::Command { service, cid: 2, kind: Kind::Query };
        assert!((2..=6).contains(&w.modem.times(&asked).len()));
        assert!(w.modem.count_of_query::<SubscriberReady>() <= 6);
    });
}

#[test]
fn a_radio_that_software_switched_off_is_switched_on() {
    World::run(Setup { radio_software: false, ..Setup::default() }, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn a_radio_that_hardware_switched_off_is_told_and_goes_on_within_a_second() {
    World::run(Setup { radio_hardware: false, ..Setup::default() }, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        assert!(w.error_within("RADIO_OFF", 5 * SECOND).await < AT_ONCE);
        w.pass(3600).await;
        w.modem.hw_radio(true);
        assert!(w.up_within(SECOND).await < SECOND);
        w.pass(60).await;
        w.modem.hw_radio(false);
        w.error_within("RADIO_OFF", MINUTE).await;
        w.pass(60).await;
        w.modem.hw_radio(true);
        assert!(w.up_within(SECOND).await < SECOND);
    });
}
