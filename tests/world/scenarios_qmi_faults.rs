//! QMI modems that misbehave, under the virtual clock: whatever one does, the daemon never
//! hangs for longer than it says, never loses the wish to be up, leaves no client id
//! behind, and tells netifd why.

use crate::sim;

use std::time::Duration;

use sim::modem::{self, Grants, Network};
use sim::netifd::State;
use sim::qmi::{Effect, On, QmiFault, QmiModem, Setup};
use sim::world::{AT_ONCE, MINUTE, SECOND, WAN, World};
use uwand::qmi::error::QmiError;
use uwand::qmi::frame::Service;
use uwand::qmi::messages::call_end::{CallEndReason, VerboseType};
use uwand::qmi::messages::ctl::{AllocateClientId, Sync};
use uwand::qmi::messages::uim::GetCardStatus;
use uwand::qmi::messages::wds::StartNetwork;

use uwand::json::{Value, json};

type Qmi = World<QmiModem>;

fn internet() -> Value {
    json!({ "apn": "internet" })
}

/// Three SYNCs of 5 s each, and the back-off between.
const SYNC_LIMIT: Duration = Duration::from_secs(20);

/// Messages of a first connect.
const STEPS: u32 = 22;

/// What hits a modem once, whatever it was asked.
fn once(effect: Effect, after: u32) -> QmiFault {
    QmiFault::new(On::Anything, effect).after(after).once()
}

/// A modem with this fault is up within the limit, and holds what it should.
fn up_in_spite_of(fault: QmiFault, limit: Duration) -> Duration {
    let mut took = Duration::ZERO;
    World::run_qmi(Setup::default(), async |w| {
        w.modem.fault(fault);
        w.ifup(internet());
        took = w.up_within(limit).await;
        w.pass(60).await;
        assert!(w.netifd.is_up(WAN));
        w.modem.clear_faults();
        tidy(w).await;
    });
    took
}

/// Brought down, nothing is left that only a SYNC could free.
async fn tidy(w: &Qmi) {
    w.netifd.ifdown(WAN);
    w.down_within(4 * SECOND).await;
    w.pass(30).await;
    assert!(w.modem.calls().is_empty(), "{:?}", w.modem.calls());
    assert_eq!(w.modem.clients_of(Service::Wds), 0, "{:?}", w.modem.clients());
    let lasting = [Service::Dms, Service::Nas, Service::Wms, Service::Uim];
    let spare = |service: &Service| w.modem.clients_of(*service) <= 1;
    assert!(lasting.iter().all(spare) && w.modem.clients().len() <= 4, "{:?}", w.modem.clients());
}

#[test]
fn a_deaf_modem_never_hangs_the_daemon() {
    World::run_qmi(Setup::default(), async |w| {
        w.modem.fault(QmiFault::new(On::Anything, Effect::Deaf));
        w.ifup(internet());
        let took = w.error_within("MODEM_HUNG", SYNC_LIMIT).await;
        println!("told after {took:?}");
        assert_eq!(w.of_modem("state").await, "hung");
        w.pass(3600).await;
        assert_eq!(w.netifd.state(WAN), State::Setup, "the wish to be up is kept");
        w.modem.clear_faults();
        w.up_within(2 * MINUTE).await;
    });
}

#[test]
fn a_modem_that_wakes_up_late_is_connected() {
    World::run_qmi(Setup::default(), async |w| {
        w.modem.fault(QmiFault::new(On::Anything, Effect::Deaf).lasting(7 * SECOND));
        w.ifup(internet());
        assert!(w.up_within(SYNC_LIMIT).await <= 11 * SECOND);
        assert!(w.notified(3).is_empty(), "{:?}", w.notified(3));
    });
}

#[test]
fn a_modem_that_goes_deaf_at_any_step_of_a_connect_is_noticed_in_time() {
    for step in 0..STEPS {
        World::run_qmi(Setup::default(), async |w| {
            w.modem.fault(QmiFault::new(On::Anything, Effect::Deaf).after(step).lasting(4 * MINUTE));
            w.ifup(internet());
            // The longest wait for one message, a start of the network.
            let hung = |netifd: &sim::netifd::Netifd| netifd.error(WAN) == "MODEM_HUNG" || netifd.is_up(WAN);
            assert!(w.netifd.until(130 * SECOND, hung).await, "step {step}: {}", w.story().await);
            w.pass(4 * 60).await;
            w.up_within(3 * MINUTE).await;
        });
    }
}

#[test]
fn one_lost_answer_at_any_step_costs_one_time_out_and_no_client_id() {
    for step in 0..STEPS {
        let took = up_in_spite_of(once(Effect::DropAnswer, step), 150 * SECOND);
        println!("answer {step} lost: up after {took:?}");
    }
}

#[test]
fn a_start_whose_answer_is_lost_is_connected_by_the_indication() {
    World::run_qmi(Setup::default(), async |w| {
        w.modem.fault(QmiFault::new(On::message::<StartNetwork>(), Effect::DropAnswer).times(2));
        w.ifup(internet());
        let took = w.up_within(10 * SECOND).await;
        println!("up after {took:?} without an answer for either family");
        assert_eq!((w.modem.count::<StartNetwork>(), w.modem.calls().len()), (2, 2));
        assert!(w.notified(3).is_empty(), "no error in between: {:?}", w.notified(3));
        tidy(w).await;
    });
}

#[test]
fn a_modem_that_goes_deaf_while_up_does_not_keep_ifdown_waiting() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.modem.fault(QmiFault::new(On::Anything, Effect::Deaf));
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        assert_eq!(w.netifd.state(WAN), State::Down);
        w.modem.clear_faults();
        w.netifd.ifup(WAN);
        w.up_within(3 * MINUTE).await;
        tidy(w).await;
    });
}

#[test]
fn a_slow_modem_is_connected_all_the_same() {
    let base = modem::Setup { latency: 2 * SECOND, ..modem::Setup::default() };
    World::run_qmi(Setup { base, ..Setup::default() }, async |w| {
        w.ifup(internet());
        let took = w.up_within(MINUTE).await;
        println!("up after {took:?}");
        assert!(w.notified(3).is_empty(), "{:?}", w.notified(3));
    });
}

#[test]
fn a_busy_modem_is_asked_again() {
    for error in [QmiError::DeviceInUse, QmiError::DeviceNotReady, QmiError::OperationInProgress] {
        for on in [On::message::<AllocateClientId>(), On::message::<StartNetwork>(), On::AnyService] {
            let fault = QmiFault::new(on, Effect::Refuse(error)).times(3);
            up_in_spite_of(fault, MINUTE);
        }
    }
}

#[test]
fn an_answer_to_another_client_is_nobodys() {
    for step in 0..STEPS {
        up_in_spite_of(once(Effect::WrongClient, step), 150 * SECOND);
    }
}

#[test]
fn an_answer_to_what_was_never_asked_is_dropped() {
    for step in 0..STEPS {
        up_in_spite_of(once(Effect::WrongTransaction, step), 150 * SECOND);
    }
}

#[test]
fn answers_that_come_twice_are_taken_once() {
    let took = up_in_spite_of(QmiFault::new(On::Anything, Effect::DuplicateAnswer), 5 * SECOND);
    assert!(took < AT_ONCE);
}

#[test]
fn garbage_between_the_answers_is_counted_and_dropped() {
    let garbage: [&[u8]; 6] = [
        &[0xff],
        &[0; 12],
        &[0xff; 64],
        // Lengths that contradict each other, a service that is none, a TLV past the end.
        &[1, 12, 0, 0x80, 3, 1, 2, 1, 0, 0x24, 0, 99, 0],
        &[1, 12, 0, 0x80, 0xee, 1, 2, 1, 0, 0x24, 0, 0, 0],
        &[1, 15, 0, 0x80, 3, 1, 2, 1, 0, 0x24, 0, 3, 0, 2, 9, 0],
    ];
    World::run_qmi(Setup::default(), async |w| {
        for bytes in garbage {
            w.modem.fault(QmiFault::new(On::Anything, Effect::Before(bytes.to_vec())));
        }
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        let malformed = w.of_modem("malformed").await.as_u64().unwrap();
        println!("{malformed} malformed");
        assert!(malformed >= 60, "{malformed}");
        tidy(w).await;
    });
}

#[test]
fn an_answer_that_is_garbage_is_as_good_as_none() {
    for effect in [Effect::Instead(vec![0xee; 48]), Effect::Truncate(5), Effect::Truncate(14)] {
        for step in [0, 1, 6, 11] {
            up_in_spite_of(once(effect.clone(), step), 150 * SECOND);
        }
    }
}

#[test]
fn several_frames_in_one_read_are_all_read() {
    for count in [1, 3, 20] {
        let took = up_in_spite_of(QmiFault::new(On::Anything, Effect::Glue(count)), 5 * SECOND);
        assert!(took < AT_ONCE);
    }
}

#[test]
fn a_flood_of_indications_delays_nothing() {
    let took = up_in_spite_of(QmiFault::new(On::Anything, Effect::Flood(200)), 5 * SECOND);
    assert!(took < AT_ONCE);
}

#[test]
fn a_refused_call_tells_the_networks_reason() {
    let reasons = [
        (CallEndReason::UnknownApn, VerboseType::Gpp, 27, "ESM cause 27"),
        (CallEndReason::OptionUnsubscribed, VerboseType::Gpp, 33, "ESM cause 33"),
        (CallEndReason::InsufficientResources, VerboseType::Gpp, 26, "ESM cause 26"),
        (CallEndReason::AuthenticationFailed, VerboseType::Gpp, 29, "ESM cause 29"),
        (CallEndReason::NoService, VerboseType::CallManager, 2001, "no service"),
        (CallEndReason::InternalError, VerboseType::Internal, 239, "APN not allowed while roaming"),
    ];
    for (plain, kind, reason, words) in reasons {
        World::run_qmi(Setup::default(), async |w| {
            let refused = Effect::CallEnds(plain, kind, reason);
            w.modem.fault(QmiFault::new(On::message::<StartNetwork>(), refused));
            w.ifup(internet());
            w.error_within("CONNECT_FAILED", 5 * SECOND).await;
            println!("{}", w.error_words());
            assert!(w.error_words().contains(words), "{} has no '{words}'", w.error_words());
            w.pass(600).await;
            assert_eq!(w.modem.clients_of(Service::Wds), 0, "a refused call keeps no client id");
            w.modem.clear_faults();
            w.up_within(80 * SECOND).await;
            tidy(w).await;
        });
    }
}

#[test]
fn a_refusal_of_both_families_is_the_networks_word() {
    let network = Network { grants: Grants::Nothing { nw_error: 33 }, ..Network::default() };
    let base = modem::Setup { network, ..modem::Setup::default() };
    World::run_qmi(Setup { base, ..Setup::default() }, async |w| {
        w.ifup(internet());
        w.error_within("CONNECT_FAILED", 5 * SECOND).await;
        assert!(w.error_words().contains("33"), "{}", w.error_words());
        w.modem.network(|network| network.grants = Grants::Both);
        w.up_within(80 * SECOND).await;
    });
}

#[test]
fn no_effect_is_a_connection_that_stands_already() {
    let fault = QmiFault::new(On::message::<StartNetwork>(), Effect::Refuse(QmiError::NoEffect));
    World::run_qmi(Setup::default(), async |w| {
        w.modem.fault(fault.once());
        w.ifup(internet());
        // The modem claims a connection that it does not have; then that is what comes out.
        w.up_within(MINUTE).await;
        w.pass(60).await;
        assert!(w.netifd.is_up(WAN));
        tidy(w).await;
    });
}

#[test]
fn client_ids_that_others_left_behind_are_freed_by_a_sync() {
    World::run_qmi(Setup { client_ids: 2, ..Setup::default() }, async |w| {
        w.modem.act(|state| {
            for service in [Service::Wds, Service::Dms, Service::Nas, Service::Uim] {
                for id in [1, 2] {
                    state.clients.insert((service.into(), id), Default::default());
                }
            }
        });
        w.ifup(internet());
        assert!(w.up_within(5 * SECOND).await < AT_ONCE);
        assert_eq!(w.modem.clients_of(Service::Wds), 2);
    });
}

#[test]
fn client_ids_that_run_out_are_a_hung_modem_until_a_sync() {
    World::run_qmi(Setup { client_ids: 1, ..Setup::default() }, async |w| {
        w.ifup(json!({ "apn": "internet", "pdptype": "ipv4" }));
        w.up_within(5 * SECOND).await;
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.settle().await;
        w.modem.forget_requests();
        // Another program takes the last one and is gone.
        w.modem.act(|state| state.clients.insert((Service::Wds.into(), 9), Default::default()));
        w.netifd.ifup(WAN);
        w.up_within(30 * SECOND).await;
        assert!(w.modem.count::<Sync>() >= 1);
        tidy(w).await;
    });
}

#[test]
fn a_busy_sim_is_waited_for_without_an_error() {
    for error in [QmiError::UimUninitialized, QmiError::DeviceNotReady, QmiError::NoSim] {
        World::run_qmi(Setup::default(), async |w| {
            let busy = QmiFault::new(On::message::<GetCardStatus>(), Effect::Refuse(error));
            w.modem.fault(busy.lasting(9 * SECOND));
            w.ifup(internet());
            let took = w.up_within(20 * SECOND).await;
            assert!(took <= 12 * SECOND, "{took:?}");
            assert!(w.notified(3).is_empty(), "{:?}", w.notified(3));
        });
    }
}

#[test]
fn a_modem_that_starts_anew_in_a_call_is_dialled_anew() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.pass(60).await;
        for _ in 0..5 {
            w.modem.reset();
            w.settle().await;
            let took = w.up_within(30 * SECOND).await;
            assert!(took < 3 * SECOND, "{took:?}");
            w.pass(60).await;
            assert_eq!(w.modem.calls().len(), 2);
        }
        tidy(w).await;
    });
}

#[test]
fn a_modem_that_starts_anew_at_any_step_of_a_connect_is_connected() {
    for step in 0..STEPS {
        let took = up_in_spite_of(once(Effect::Reset, step), 150 * SECOND);
        println!("reset at {step}: up after {took:?}");
    }
}

#[test]
fn client_ids_that_the_modem_forgot_without_a_word_are_got_again() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.pass(60).await;
        w.modem.act(|state| {
            state.clients.clear();
            state.calls.clear();
        });
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.netifd.ifup(WAN);
        w.up_within(30 * SECOND).await;
        tidy(w).await;
    });
}

#[test]
fn a_modem_that_leaves_the_bus_at_any_step_and_comes_back_is_connected() {
    for step in [0, 1, 5, 9, 13] {
        World::run_qmi(Setup::default(), async |w| {
            w.modem.fault(once(Effect::Vanish, step));
            w.ifup(internet());
            w.pass(5).await;
            w.unplug();
            w.pass(10).await;
            assert_eq!(w.netifd.state(WAN), State::Setup);
            w.plug(1);
            w.up_within(10 * SECOND).await;
            assert_eq!(w.netifd.status(WAN)["l3_device"], "wwan1");
        });
    }
}
