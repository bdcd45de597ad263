//! QMI inside MBIM: what an MBIM modem of Qualcomm's tells by it, and that nothing else depends
//! on it.

use crate::sim;

use std::time::Duration;

use sim::fault::{Effect, Fault, On};
use sim::modem::{Asked, Setup, SimModem};
use sim::qmi::{self, Fcc, QmiFault};
use sim::world::{AT_ONCE, MINUTE, SECOND, WAN, World};
use tokio::time::Instant;
use uwand::mbim::messages::{Message, connect::IpConfiguration};
use uwand::mbim::{Kind, Service, Status};
use uwand::qmi::frame::Service as QmiService;
use uwand::qmi::messages::ctl::{AllocateClientId, ReleaseClientId, Sync};
use uwand::qmi::messages::dms::SetFccAuthentication;
use uwand::qmi::messages::nas_info::{GetCells, GetSignalInfo};

use uwand::json::{Value, json};

const QMI: On = On::Command(Service::Qmi, 1);
const MESSAGE: Asked = Asked::Command { service: Service::Qmi, cid: 1, kind: Kind::Set };

fn with(inside: qmi::Setup) -> Setup {
    Setup { inside: Some(Box::new(inside)), ..Setup::default() }
}

/// Frames of QMI that the host sent.
fn frames(w: &World) -> usize {
    w.modem.times(&MESSAGE).len()
}

fn is_empty(modem: &SimModem) -> bool {
    modem.inside().clients().is_empty()
}

fn up(setup: Setup, scenario: impl AsyncFnOnce(&World)) {
    World::run(setup, async |w| {
        w.ifup(json!({ "apn": "internet", "watchdog": "0" }));
        w.up_within(5 * SECOND).await;
        w.pass(1).await;
        scenario(w).await;
    });
}

async fn cells(w: &World) -> (Value, Duration) {
    let begin = Instant::now();
    let cells = w.bus.invoke("uwand", "cells", &json!({}), MINUTE).await.expect("cells");
    (cells, begin.elapsed())
}

fn has_note(cells: &Value) -> bool {
    cells["note"].as_str().is_some_and(|note| note.contains("does not list cells"))
}

#[test]
fn a_plain_connect_asks_nothing_inside() {
    let trips = |setup: Setup| {
        let mut trips = 0;
        World::run(setup, async |w| {
            w.ifup(json!({ "apn": "internet" }));
            assert!(w.up_within(5 * SECOND).await < AT_ONCE);
            let seen = w.modem.seen();
            let settings = Asked::Command {
                service: Service::BasicConnect,
                cid: IpConfiguration::CID,
                kind: Kind::Query,
            };
            let last = seen.iter().position(|seen| seen.asked == settings).expect("settings are read");
            assert!(seen[..=last].iter().all(|seen| seen.asked != MESSAGE), "{seen:?}");
            trips = last + 1;
        });
        trips
    };
    assert_eq!(trips(with(qmi::Setup::default())), trips(Setup::default()));
}

#[test]
fn cells_that_mbim_does_not_list_come_from_inside() {
    up(with(qmi::Setup::default()), async |w| {
        w.modem.inside().forget_requests();
        let (cells, took) = cells(w).await;
        assert!(took < AT_ONCE && !has_note(&cells), "{cells}");
        assert!(
            cells["serving"][0]["pci"].is_number() && cells["serving"][0]["earfcn"].is_number(),
            "{cells}"
        );
        let inside = w.modem.inside();
        assert_eq!((inside.count::<GetCells>(), inside.count::<Sync>()), (1, 0), "others' client ids stay");
        w.settle().await;
        assert_eq!(inside.count::<AllocateClientId>(), inside.count::<ReleaseClientId>());
        assert!(is_empty(&w.modem), "{:?}", inside.clients());
    });
}

#[test]
fn the_levels_that_mbim_does_not_tell_come_from_inside() {
    up(Setup::default(), async |w| {
        let signal = w.call("signal", json!({})).await;
        assert_eq!(signal["modems"][0]["rsrp"], Value::Null, "{signal}");
    });
    up(with(qmi::Setup::default()), async |w| {
        let signal = w.of_modem("signal").await;
        assert!(signal["rsrp"].is_number() && signal["rsrq"].is_number(), "after the connect: {signal}");
        let before = w.modem.inside().count::<GetSignalInfo>();
        w.call("signal", json!({})).await;
        assert!(w.modem.inside().count::<GetSignalInfo>() > before);
        for _ in 0..20 {
            w.call("signal", json!({})).await;
        }
        w.settle().await;
        assert!(is_empty(&w.modem), "{:?}", w.modem.inside().clients());
    });
}

#[test]
fn a_modem_that_a_laptop_maker_locked_is_unlocked_from_inside() {
    for (fcc, refuses) in [(Fcc::Dms, false), (Fcc::Dms, true), (Fcc::FoxconnMagic, true)] {
        let inside = qmi::Setup { fcc: Some(fcc), ..qmi::Setup::default() };
        let setup = Setup { fcc_locked: true, refuses_locked_radio: refuses, ..with(inside) };
        World::run(setup, async |w| {
            w.ifup(json!({ "apn": "internet", "watchdog": "0" }));
            w.up_within(MINUTE).await;
            w.pass(1).await;
            assert_eq!(w.modem.inside().count::<SetFccAuthentication>(), 1, "{fcc:?} {refuses}");
            assert!(is_empty(&w.modem), "{:?}", w.modem.inside().clients());
        });
    }
}

#[test]
fn a_locked_modem_that_cannot_be_unlocked_is_told_as_such() {
    let deaf = with(qmi::Setup { fcc: Some(Fcc::Dms), ..qmi::Setup::default() });
    for (setup, fault) in [
        (Setup::default(), None),
        (deaf.clone(), Some(Effect::Deaf)),
        (deaf, Some(Effect::Refuse(Status::NoDeviceSupport))),
    ] {
        let setup = Setup { fcc_locked: true, refuses_locked_radio: true, ..setup };
        World::run(setup, async |w| {
            if let Some(effect) = fault {
                w.modem.fault(Fault::new(QMI, effect));
            }
            w.ifup(json!({ "apn": "internet" }));
            w.error_within("FCC_LOCKED", MINUTE).await;
            w.netifd.ifdown(WAN);
            w.down_within(4 * SECOND).await;
        });
    }
}

#[test]
fn a_deaf_inside_delays_its_own_answer_and_nothing_else() {
    for deeper in [false, true] {
        up(with(qmi::Setup::default()), async |w| {
            if deeper {
                w.modem.inside().fault(QmiFault::new(qmi::On::Anything, qmi::Effect::Deaf));
            } else {
                w.modem.fault(Fault::new(QMI, Effect::Deaf));
            }
            let begin = Instant::now();
            let bus = w.bus.clone();
            let asked =
                tokio::task::spawn_local(
                    async move { bus.invoke("uwand", "cells", &json!({}), MINUTE).await },
                );
            w.settle().await;
            // A connect beside it waits for nothing.
            w.netifd.ifdown(WAN);
            w.down_within(4 * SECOND).await;
            w.netifd.ifup(WAN);
            assert!(w.up_within(5 * SECOND).await < AT_ONCE);
            assert!(begin.elapsed() < SECOND, "it is still asked inside");
            let told = asked.await.expect("a task").expect("cells all the same");
            assert!(has_note(&told), "{told}");
            assert!(begin.elapsed() < 15 * SECOND, "{:?}", begin.elapsed());
            assert_eq!(w.of_modem("state").await, "open");
        });
    }
}

#[test]
fn a_client_id_that_comes_too_late_is_given_back() {
    up(with(qmi::Setup::default()), async |w| {
        let slow = qmi::Effect::Slow(25 * SECOND);
        w.modem.inside().fault(QmiFault::new(qmi::On::message::<AllocateClientId>(), slow).times(1));
        let (told, took) = cells(w).await;
        assert!(has_note(&told) && took < 15 * SECOND, "{took:?}");
        w.pass(30).await;
        assert!(is_empty(&w.modem), "{:?}", w.modem.inside().clients());
        let (told, took) = cells(w).await;
        assert!(has_note(&told) && took < AT_ONCE, "it is not asked again at once: {took:?} {told}");
        w.pass(300).await;
        assert!(!has_note(&cells(w).await.0), "and then it is well");
    });
}

#[test]
fn a_modem_that_refuses_what_it_lists_is_asked_once() {
    up(with(qmi::Setup::default()), async |w| {
        w.modem.fault(Fault::new(QMI, Effect::Refuse(Status::NoDeviceSupport)));
        let before = frames(w);
        for _ in 0..5 {
            let (told, took) = cells(w).await;
            assert!(has_note(&told) && took < AT_ONCE, "{took:?}");
        }
        assert_eq!(frames(w), before + 1);
    });
}

#[test]
fn a_modem_that_is_busy_inside_is_asked_again_the_next_time() {
    up(with(qmi::Setup::default()), async |w| {
        w.modem.fault(Fault::new(QMI, Effect::Refuse(Status::Busy)).times(1));
        let (told, took) = cells(w).await;
        assert!(has_note(&told) && took < AT_ONCE, "{took:?}");
        assert!(!has_note(&cells(w).await.0));
    });
}

#[test]
fn nonsense_inside_is_dropped_and_the_channel_goes_on() {
    let nonsense: [&[u8]; 5] =
        [&[], &[1], &[0xff; 64], &[1, 0xff, 0xff, 0x80, 3, 1], &[1, 12, 0, 0x80, 3, 1]];
    for bytes in nonsense {
        up(with(qmi::Setup::default()), async |w| {
            let instead = qmi::Effect::Instead(bytes.to_vec());
            w.modem.inside().fault(QmiFault::new(qmi::On::message::<GetCells>(), instead).times(1));
            let (told, took) = cells(w).await;
            assert!(has_note(&told) && took < 15 * SECOND, "{bytes:?}: {told}");
            w.pass(300).await;
            assert!(is_empty(&w.modem), "{bytes:?}: {:?}", w.modem.inside().clients());
            assert!(!has_note(&cells(w).await.0), "{bytes:?}");
            assert!(w.netifd.is_up(WAN));
        });
    }
}

#[test]
fn exhausted_client_ids_inside_cost_nothing_but_the_details() {
    up(with(qmi::Setup { client_ids: 0, ..qmi::Setup::default() }), async |w| {
        let (told, took) = cells(w).await;
        assert!(has_note(&told) && took < AT_ONCE, "{told}");
        assert_eq!(w.modem.inside().clients_of(QmiService::Nas), 0);
        assert_eq!(w.of_modem("state").await, "open");
    });
}

#[test]
fn a_modem_that_leaves_while_it_is_asked_inside_is_taken_up_again() {
    up(with(qmi::Setup::default()), async |w| {
        w.modem.fault(Fault::new(QMI, Effect::Deaf).times(1));
        let bus = w.bus.clone();
        let asked =
            tokio::task::spawn_local(async move { bus.invoke("uwand", "cells", &json!({}), MINUTE).await });
        w.settle().await;
        w.unplug();
        w.pass(20).await;
        // With what MBIM told before, or with a refusal: it is answered.
        assert!(asked.is_finished());
        w.plug(0);
        w.up_within(MINUTE).await;
        assert!(!has_note(&cells(w).await.0));
        w.settle().await;
        assert!(is_empty(&w.modem));
    });
}
