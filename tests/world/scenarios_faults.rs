//! Modems that misbehave, under the virtual clock: whatever one does, the daemon never
//! hangs for longer than it says, never loses the wish to be up, and tells netifd why.

use crate::sim;

use std::time::Duration;

use sim::fault::{Effect, Fault, On};
use sim::modem::{Network, Setup};
use sim::netifd::State;
use sim::world::{AT_ONCE, MINUTE, SECOND, WAN, World};
use tokio::time::Instant;
use uwand::mbim::messages::basic::{DeviceCaps, SubscriberReady};
use uwand::mbim::messages::connect::{IpConfiguration, SetConnect};
use uwand::mbim::messages::network::RegisterState;
use uwand::mbim::messages::services::SetSubscribeList;
use uwand::mbim::{ProtocolError, Status};

use uwand::json::{Value, json};

fn internet() -> Value {
    json!({ "apn": "internet" })
}

/// Three OPENs of 5 s and the CLOSEs of 2 s between them.
const OPEN_LIMIT: Duration = Duration::from_secs(20);

/// Messages of one connect: OPEN, capabilities, subscribe list, SIM, radio, registration,
/// packet service, connect, IP configuration.
const STEPS: u32 = 9;

/// What hits a modem once, whatever it was asked.
fn once(effect: Effect, after: u32) -> Fault {
    Fault::new(On::Anything, effect).after(after).once()
}

#[test]
fn a_deaf_modem_never_hangs_the_daemon() {
    World::run(Setup::default(), async |w| {
        w.modem.fault(Fault::new(On::Anything, Effect::Deaf));
        w.ifup(internet());
        let took = w.error_within("MODEM_HUNG", OPEN_LIMIT).await;
        println!("told after {took:?}");
        assert_eq!(w.of_modem("state").await, "hung");
        w.pass(3600).await;
        assert_eq!(w.netifd.state(WAN), State::Setup, "the wish to be up is kept");
        assert!(!w.is_blocked());
        w.modem.clear_faults();
        w.up_within(2 * MINUTE).await;
    });
}

#[test]
fn a_modem_that_wakes_up_late_is_connected() {
    World::run(Setup::default(), async |w| {
        w.modem.fault(Fault::new(On::Anything, Effect::Deaf).lasting(4 * SECOND));
        w.ifup(internet());
        assert!(w.up_within(OPEN_LIMIT).await <= 10 * SECOND);
        assert!(w.notified(3).is_empty(), "{:?}", w.notified(3));
    });
}

#[test]
fn a_modem_that_goes_deaf_at_any_step_of_a_connect_is_noticed_in_time() {
    for step in 0..STEPS {
        World::run(Setup::default(), async |w| {
            w.modem.fault(Fault::new(On::Anything, Effect::Deaf).after(step).lasting(2 * MINUTE));
            w.ifup(internet());
            // The longest limit of one message, the connect's, and three OPENs before it.
            w.error_within("MODEM_HUNG", OPEN_LIMIT + 60 * SECOND).await;
            w.up_within(5 * MINUTE).await;
        });
    }
}

#[test]
fn a_modem_that_goes_deaf_while_up_does_not_keep_ifdown_waiting() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.modem.fault(Fault::new(On::Anything, Effect::Deaf));
        w.netifd.ifdown(WAN);
        let took = w.down_within(4 * SECOND).await;
        println!("down after {took:?}");
        assert_eq!(w.netifd.state(WAN), State::Down);
        w.modem.clear_faults();
        w.netifd.ifup(WAN);
        w.up_within(3 * MINUTE).await;
    });
}

#[test]
fn a_deaf_modem_does_not_keep_status_waiting() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.modem.fault(Fault::new(On::Anything, Effect::Deaf));
        let begin = Instant::now();
        assert_eq!(w.of_interface("state").await, "up");
        assert!(begin.elapsed() < AT_ONCE);
        w.call("signal", json!({})).await;
        assert!(begin.elapsed() <= 3 * SECOND, "{:?}", begin.elapsed());
    });
}

#[test]
fn one_lost_answer_at_any_step_costs_one_time_out_and_no_more() {
    for step in 0..STEPS {
        World::run(Setup::default(), async |w| {
            w.modem.fault(once(Effect::DropAnswer, step));
            w.ifup(internet());
            let took = w.up_within(OPEN_LIMIT + 60 * SECOND).await;
            println!("answer {step} lost: up after {took:?}");
            assert_eq!(w.modem.sessions().len(), 1);
        });
    }
}

#[test]
fn a_slow_modem_is_connected_all_the_same() {
    World::run(Setup { latency: 2 * SECOND, ..Setup::default() }, async |w| {
        w.ifup(internet());
        assert!(w.up_within(MINUTE).await <= 24 * SECOND);
        assert!(w.notified(3).is_empty(), "{:?}", w.notified(3));
    });
}

#[test]
fn answers_that_come_twice_are_taken_once() {
    World::run(Setup::default(), async |w| {
        w.modem.fault(Fault::new(On::Anything, Effect::DuplicateAnswer));
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.netifd.ifup(WAN);
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn an_answer_to_what_was_never_asked_is_dropped() {
    for step in 0..STEPS {
        World::run(Setup::default(), async |w| {
            w.modem.fault(once(Effect::WrongTransaction, step));
            w.ifup(internet());
            w.up_within(OPEN_LIMIT + 60 * SECOND).await;
        });
    }
}

#[test]
fn garbage_between_the_answers_is_counted_and_dropped() {
    let garbage: [&[u8]; 6] = [
        &[],
        &[0xff],
        &[0; 12],
        &[0xff; 64],
        &[3, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 1, 0, 0, 0],
        &[7, 0, 0, 0x80, 20, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 5, 0, 0, 0],
    ];
    World::run(Setup::default(), async |w| {
        for bytes in garbage.iter().skip(1) {
            w.modem.fault(Fault::new(On::Anything, Effect::Before(bytes.to_vec())));
        }
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        let malformed = w.of_modem("malformed").await.as_u64().unwrap();
        println!("{malformed} malformed");
        assert!(malformed >= 40, "{malformed}");
    });
}

#[test]
fn an_answer_that_is_garbage_is_as_good_as_none() {
    let effects = [
        Effect::Instead(vec![0xee; 48]),
        Effect::Truncate(11),
        Effect::Truncate(30),
        Effect::FalseLength(7),
        Effect::FalseLength(0xffff_ffff),
    ];
    for effect in effects {
        for step in [0, 1, 3, 8] {
            World::run(Setup::default(), async |w| {
                w.modem.fault(once(effect.clone(), step));
                w.ifup(internet());
                w.up_within(OPEN_LIMIT + 60 * SECOND).await;
            });
        }
    }
}

#[test]
fn bytes_behind_a_message_do_no_harm() {
    World::run(Setup::default(), async |w| {
        w.modem.fault(Fault::new(On::Anything, Effect::Overlong(3)));
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn a_flood_of_indications_does_not_hold_a_connect_up() {
    World::run(Setup::default(), async |w| {
        w.modem.fault(Fault::new(On::Anything, Effect::Flood(500)));
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn the_smallest_control_transfer_is_enough() {
    World::run(Setup { max_transfer: 64, ..Setup::default() }, async |w| {
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        assert_eq!(w.of_modem("model").await, "Simulated LTE");
    });
}

#[test]
fn a_modem_that_wants_smaller_transfers_is_opened_with_those() {
    World::run(Setup { max_transfer: 512, ..Setup::default() }, async |w| {
        w.modem.fault(Fault::new(On::Open, Effect::FunctionError(ProtocolError::MaxTransfer)).times(3));
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn a_session_of_an_earlier_program_is_closed_before_the_open() {
    World::run(Setup::default(), async |w| {
        w.modem.fault(Fault::new(On::Open, Effect::CloseDone).once());
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn an_open_that_is_confirmed_many_times_is_open_once() {
    World::run(Setup::default(), async |w| {
        w.modem.fault(Fault::new(On::Open, Effect::Repeat(5)));
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn an_open_that_fails_is_tried_again() {
    World::run(Setup::default(), async |w| {
        w.modem.fault(Fault::new(On::Open, Effect::Refuse(Status::Failure)).times(2));
        w.ifup(internet());
        w.up_within(OPEN_LIMIT).await;
    });
}

#[test]
fn a_modem_that_forgot_that_it_was_opened_is_opened_again() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        // As after a firmware crash that the bus did not notice.
        w.modem.act(|modem| modem.open = false);
        w.netifd.ifup(WAN);
        let took = w.up_within(10 * SECOND).await;
        println!("{took:?}");
    });
}

#[test]
fn a_refused_subscribe_list_is_no_obstacle() {
    World::run(Setup::default(), async |w| {
        let refused = Effect::Refuse(Status::NoDeviceSupport);
        w.modem.fault(Fault::new(On::set::<SetSubscribeList>(), refused));
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
    });
}

#[test]
fn a_modem_without_ip_configuration_leaves_it_to_dhcp() {
    World::run(Setup::default(), async |w| {
        let refused = Effect::Refuse(Status::NoDeviceSupport);
        w.modem.fault(Fault::new(On::message::<IpConfiguration>(), refused));
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        assert!(w.netifd.has("wan_4") && w.netifd.has("wan_6"));
    });
}

#[test]
fn a_busy_modem_is_asked_again() {
    World::run(Setup::default(), async |w| {
        for on in [On::message::<SubscriberReady>(), On::message::<RegisterState>()] {
            w.modem.fault(Fault::new(on, Effect::Refuse(Status::Busy)).times(2));
        }
        w.ifup(internet());
        w.up_within(MINUTE).await;
    });
}

#[test]
fn a_modem_that_is_plugged_in_later_is_found() {
    World::run(Setup::default(), async |w| {
        w.unplug();
        w.ifup(internet());
        assert!(w.error_within("NO_MODEM", 5 * SECOND).await < AT_ONCE);
        w.pass(3600).await;
        assert_eq!(w.netifd.state(WAN), State::Setup);
        w.plug(0);
        assert!(w.up_within(2 * SECOND).await < 2 * SECOND);
    });
}

#[test]
fn a_modem_that_vanishes_is_told_and_found_again_under_another_number() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.unplug();
        assert!(w.error_within("NO_MODEM", SECOND).await < SECOND);
        assert_eq!(w.link_ups(), [true, false]);
        w.pass(60).await;
        w.plug(1);
        assert!(w.up_within(2 * SECOND).await < 2 * SECOND);
        assert_eq!(w.netifd.status(WAN)["l3_device"], "wwan1");
    });
}

#[test]
fn a_modem_that_vanishes_at_any_step_of_a_connect_is_connected_when_it_is_back() {
    for step in 0..STEPS {
        World::run(Setup::default(), async |w| {
            w.modem.fault(once(Effect::Vanish, step));
            w.ifup(internet());
            w.settle().await;
            assert!(!w.netifd.is_up(WAN));
            w.unplug();
            w.error_within("NO_MODEM", 5 * SECOND).await;
            w.pass(20).await;
            w.plug(0);
            assert!(w.up_within(2 * SECOND).await < 2 * SECOND);
        });
    }
}

#[test]
fn a_control_device_that_closes_while_the_modem_stays_is_opened_again() {
    World::run(Setup { keeps_sessions: true, ..Setup::default() }, async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.modem.hang_up();
        w.pass(10).await;
        assert!(w.netifd.is_up(WAN), "{}", w.story().await);
        assert_eq!(w.modem.sessions().len(), 1);
    });
}

#[test]
fn a_modem_that_flaps_on_the_bus_is_connected_when_it_stays() {
    World::run(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        for number in 0..20 {
            w.unplug();
            w.pass(1).await;
            w.plug(number % 3);
        }
        assert!(w.up_within(2 * SECOND).await < 2 * SECOND);
        assert_eq!(w.modem.sessions().len(), 1);
    });
}

#[test]
fn a_device_that_is_named_by_its_path_or_ids_is_the_one_that_is_used() {
    for device in ["1-1.2", "usb:1199:9071", "/dev/cdc-wdm0", "imei:350000000000006"] {
        World::run(Setup::default(), async |w| {
            w.ifup(json!({ "apn": "internet", "device": device }));
            let took = w.up_within(10 * SECOND).await;
            println!("{device}: {took:?}");
        });
    }
}

#[test]
fn an_imei_that_no_modem_has_is_told_and_waited_for() {
    World::run(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet", "device": "imei:350000000000014" }));
        w.error_within("NO_MODEM", MINUTE).await;
        w.pass(600).await;
        let opened = w.modem.count_of_query::<DeviceCaps>();
        assert!(opened <= 15, "asked {opened} times in 10 minutes");
        assert!(!w.is_blocked());
    });
}

#[test]
fn a_socket_is_a_modem_as_well() {
    World::run(Setup::default(), async |w| {
        let socket = w.file("modem.sock");
        w.modem.listen(&socket).unwrap();
        let device = socket.display().to_string();
        w.ifup(json!({ "apn": "internet", "device": device }));
        w.error_within("BAD_CONFIG", 5 * SECOND).await;
        assert!(w.error_words().contains("netdev"), "{}", w.error_words());
        w.ifup(json!({ "apn": "internet", "device": device, "netdev": "wwan0" }));
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        w.modem.vanish();
        w.error_within("NO_MODEM", 5 * SECOND).await;
        w.pass(60).await;
        w.modem.come_back().unwrap();
        assert!(w.up_within(2 * SECOND).await < 2 * SECOND);
    });
}

#[test]
fn an_activation_that_takes_long_is_waited_for_and_one_that_takes_for_ever_is_not() {
    let slow = |connects_after| Network { connects_after, ..Network::default() };
    World::run(Setup { network: slow(45 * SECOND), ..Setup::default() }, async |w| {
        w.ifup(internet());
        assert_eq!(w.up_within(MINUTE).await.as_secs(), 45);
    });
    World::run(Setup { network: slow(3600 * SECOND), ..Setup::default() }, async |w| {
        w.ifup(internet());
        let told = w.netifd.until(2 * MINUTE, |netifd| !netifd.error(WAN).is_empty()).await;
        assert!(told, "{}", w.story().await);
        w.modem.network(|network| network.connects_after = Duration::ZERO);
        w.up_within(5 * MINUTE).await;
    });
}

#[test]
fn a_connect_without_an_answer_does_not_leave_a_second_session() {
    World::run(Setup::default(), async |w| {
        w.modem.fault(Fault::new(On::set::<SetConnect>(), Effect::DropAnswer).once());
        w.ifup(internet());
        w.up_within(3 * MINUTE).await;
        assert_eq!(w.modem.sessions().len(), 1);
    });
}
