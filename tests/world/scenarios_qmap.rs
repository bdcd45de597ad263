//! Several interfaces on one QMI modem, each with a QMAP channel and a mux device of its own.

use crate::sim;

use sim::netifd::State;
use sim::qmi::{Effect, End, On, QmiFault, QmiModem, Setup};
use sim::world::{MINUTE, SECOND, WAN, World};
use uwand::qmi::error::QmiError;
use uwand::qmi::frame::Service;
use uwand::qmi::messages::ctl::Sync;
use uwand::qmi::messages::wda::{Aggregation, LinkLayer, SetDataFormat};
use uwand::qmi::messages::wds::{BindMuxDataPort, IpFamily, StartNetwork, StopNetwork};
use uwand::qmi::tlv::Request;

use uwand::json::{Value, json};

type Qmi = World<QmiModem>;

const SECOND_WAN: &str = "wan2";

fn section(session: u32) -> Value {
    json!({ "proto": "uwand", "apn": format!("apn{session}"), "session": session.to_string() })
}

/// Both interfaces, with the sessions that they are given.
fn configure(w: &Qmi, sessions: [u32; 2]) {
    for (name, session) in [WAN, SECOND_WAN].into_iter().zip(sessions) {
        w.netifd.configure(name, Some(section(session)));
        w.netifd.ifup(name);
    }
}

async fn is_up(w: &Qmi, name: &str) -> bool {
    let up = w.netifd.until(5 * SECOND, |netifd| netifd.is_up(name)).await;
    w.settle().await;
    up
}

async fn both_up(w: &Qmi) {
    for name in [WAN, SECOND_WAN] {
        assert!(is_up(w, name).await, "{name}: {}", w.story().await);
    }
}

fn address(w: &Qmi, name: &str) -> (Value, Value) {
    let status = w.netifd.status(name);
    (status["l3_device"].clone(), status["ipv4-address"][0]["address"].clone())
}

/// QMAP channels of the calls that stand.
fn channels(w: &Qmi) -> Vec<u8> {
    let mut channels: Vec<u8> = w.modem.calls().iter().map(|((channel, _), _)| *channel).collect();
    channels.dedup();
    channels
}

fn words(w: &Qmi, name: &str) -> String {
    w.netifd.status(name)["errors"][0]["data"].to_string()
}

#[test]
fn two_interfaces_on_one_qmi_modem_have_each_an_address_and_a_device() {
    for tells in [true, false] {
        World::run_qmi(Setup { largest_transfer: 8192, ..Setup::default() }, async |w| {
            w.set_raw_ip(false);
            w.set_mux(tells);
            configure(w, [1, 2]);
            both_up(w).await;
            let mut found = [address(w, WAN), address(w, SECOND_WAN)];
            found.sort_by_key(|(_, address)| address.to_string());
            assert_eq!(found[0].1, "10.64.1.2");
            assert_eq!(found[1].1, "10.64.2.2");
            assert_ne!(found[0].0, found[1].0);
            assert_eq!(w.mux_devices(), ["qmimux0", "qmimux1"]);
            assert_eq!(channels(w), [1, 2]);
            let format = w.modem.format();
            assert_eq!((format.uplink, format.downlink), (Aggregation::Qmap, Aggregation::Qmap));
            assert_eq!((format.link_layer, format.size, w.raw_ip()), (LinkLayer::RawIp, 8192, "Y".into()));
            assert_eq!(w.modem.count::<SetDataFormat>(), 1, "one modem, one format");
            assert_eq!(w.modem.count::<BindMuxDataPort>(), 4, "each family's client");
        });
    }
}

#[test]
fn one_of_two_channels_goes_down_and_the_other_goes_on() {
    World::run_qmi(Setup::default(), async |w| {
        w.set_raw_ip(true);
        w.set_mux(true);
        configure(w, [1, 2]);
        both_up(w).await;
        let (stays, told) = (address(w, WAN), w.link_ups().len());
        w.netifd.ifdown(SECOND_WAN);
        w.pass(5).await;
        assert_eq!(w.netifd.state(SECOND_WAN), State::Down);
        assert_eq!(channels(w), [1]);
        assert_eq!(w.modem.clients_of(Service::Wds), 2);
        assert_eq!(w.mux_devices(), [stays.0.as_str().unwrap()], "its device goes with it");
        assert!(w.netifd.is_up(WAN) && address(w, WAN) == stays);
        assert_eq!(w.link_ups().len(), told, "nobody touched the first one");
        // And back, beside one that runs: the format is not set under it.
        w.modem.forget_requests();
        w.netifd.ifup(SECOND_WAN);
        assert!(is_up(w, SECOND_WAN).await);
        assert_eq!(w.modem.count::<SetDataFormat>(), 0);
        w.modem.network_disconnect(2, IpFamily::Ipv4, End::esm(36));
        assert!(is_up(w, SECOND_WAN).await);
        assert_eq!((w.link_ups().len(), channels(w)), (told, vec![1, 2]));
    });
}

#[test]
fn a_new_daemon_takes_the_sessions_of_both_interfaces_over() {
    World::run_qmi(Setup::default(), async |w| {
        w.set_raw_ip(true);
        w.set_mux(true);
        configure(w, [1, 2]);
        both_up(w).await;
        let before = (w.modem.clients(), w.mux_devices(), address(w, WAN), address(w, SECOND_WAN));
        w.kill_daemon().await;
        w.pass(1).await;
        w.modem.forget_requests();
        w.start_daemon();
        w.pass(5).await;
        both_up(w).await;
        let dialled = w.modem.count::<StartNetwork>() + w.modem.count::<StopNetwork>();
        assert_eq!((dialled, w.modem.count::<Sync>(), w.modem.count::<SetDataFormat>()), (0, 0, 0));
        let after = (w.modem.clients(), w.mux_devices(), address(w, WAN), address(w, SECOND_WAN));
        assert_eq!(after, before);
        assert!(w.link_ups().iter().all(|up| *up), "{:?}", w.link_ups());
        // What it took over it can end, one after the other.
        for name in [WAN, SECOND_WAN] {
            w.netifd.ifdown(name);
            w.pass(5).await;
        }
        assert!(w.modem.calls().is_empty() && w.mux_devices().is_empty());
        assert_eq!(w.modem.clients_of(Service::Wds), 0);
    });
}

#[test]
fn without_its_mux_device_a_session_is_dialled_anew_after_a_restart() {
    World::run_qmi(Setup::default(), async |w| {
        w.set_raw_ip(true);
        w.set_mux(true);
        configure(w, [1, 2]);
        both_up(w).await;
        w.kill_daemon().await;
        let (gone, _) = address(w, SECOND_WAN);
        w.remove_mux(gone.as_str().unwrap());
        w.settle().await;
        w.modem.forget_requests();
        w.start_daemon();
        w.pass(5).await;
        both_up(w).await;
        assert_eq!(w.modem.count::<StartNetwork>(), 2, "of the one that lost its device");
        assert_eq!((channels(w), w.modem.clients_of(Service::Wds)), (vec![1, 2], 4));
    });
}

#[test]
fn a_modem_that_refuses_qmap_is_told_with_the_remedy() {
    let refusing = QmiFault::new(On::message::<SetDataFormat>(), Effect::Refuse(QmiError::InvalidArgument));
    let cases = [
        (Setup { has_qmap: false, ..Setup::default() }, None),
        (Setup { has_wda: false, ..Setup::default() }, None),
        (Setup { binds: false, ..Setup::default() }, None),
        (Setup::default(), Some(refusing)),
    ];
    for (setup, fault) in cases {
        World::run_qmi(setup, async |w| {
            w.set_raw_ip(true);
            w.set_mux(true);
            fault.iter().for_each(|fault| w.modem.fault(fault.clone()));
            w.ifup(json!({ "apn": "internet", "session": "1" }));
            w.error_within("BAD_CONFIG", 5 * SECOND).await;
            let words = w.error_words();
            assert!(words.contains("option session '1'") && words.contains("refused QMAP"), "{words}");
            assert!(words.contains("without option session"), "{words}");
            assert_eq!(w.modem.clients_of(Service::Wds) + w.modem.clients_of(Service::Wda), 0);
            // The remedy works.
            w.netifd.ifdown(WAN);
            w.pass(1).await;
            w.modem.clear_faults();
            w.ifup(json!({ "apn": "internet" }));
            w.up_within(5 * SECOND).await;
            assert_eq!((address(w, WAN).0, w.mux_devices().len()), (json!("wwan0"), 0));
            assert_eq!(w.modem.format().uplink, Aggregation::Disabled);
        });
    }
}

#[test]
fn a_kernel_without_channels_is_told_with_the_remedy() {
    World::run_qmi(Setup::default(), async |w| {
        w.set_raw_ip(true);
        w.ifup(json!({ "apn": "internet", "session": "1" }));
        w.error_within("BAD_CONFIG", 5 * SECOND).await;
        let words = w.error_words();
        assert!(words.contains("qmi_wwan") && words.contains("without option session"), "{words}");
        assert_eq!(w.modem.count::<SetDataFormat>(), 0, "nothing of the modem was changed");
    });
}

#[test]
fn who_comes_second_without_a_session_is_told_and_tried_again_when_the_first_goes() {
    for sessions in [[0, 1], [2, 0], [3, 3], [0, 0]] {
        World::run_qmi(Setup::default(), async |w| {
            w.set_raw_ip(true);
            w.set_mux(true);
            configure(w, [sessions[0], sessions[1]]);
            assert!(is_up(w, WAN).await);
            w.pass(2).await;
            assert_eq!(w.netifd.error(SECOND_WAN), "BAD_CONFIG", "{sessions:?}");
            assert!(words(w, SECOND_WAN).contains("wan "), "{}", words(w, SECOND_WAN));
            w.pass(60).await;
            assert!(w.netifd.is_up(WAN) && w.link_ups() == [true]);
            w.netifd.ifdown(WAN);
            assert!(w.netifd.until(MINUTE, |netifd| netifd.is_up(SECOND_WAN)).await, "{sessions:?}");
            w.settle().await;
            assert_eq!(channels(w), [u8::try_from(sessions[1]).unwrap()]);
            let plain = if sessions[1] == 0 { Aggregation::Disabled } else { Aggregation::Qmap };
            assert_eq!(w.modem.format().downlink, plain);
            assert_eq!(w.mux_devices().len(), usize::from(sessions[1] != 0), "{sessions:?}");
        });
    }
}

#[test]
fn channels_leave_no_client_id_behind() {
    World::run_qmi(Setup::default(), async |w| {
        w.set_raw_ip(true);
        w.set_mux(true);
        configure(w, [1, 2]);
        both_up(w).await;
        let before = w.modem.clients();
        for round in 0..50 {
            let name = [WAN, SECOND_WAN][round % 2];
            w.netifd.ifdown(name);
            w.pass(2).await;
            w.netifd.ifup(name);
            both_up(w).await;
        }
        assert_eq!(w.modem.clients().len(), before.len(), "{:?}", w.modem.clients());
        assert_eq!(w.mux_devices().len(), 2);
        let (bind, start) = (w.modem.count::<BindMuxDataPort>(), w.modem.count::<StartNetwork>());
        assert_eq!((bind, StartNetwork::SERVICE), (start, Service::Wds), "no start without a channel");
    });
}

#[test]
fn a_deaf_modem_with_channels_gives_its_devices_back() {
    World::run_qmi(Setup::default(), async |w| {
        w.set_raw_ip(true);
        w.set_mux(true);
        configure(w, [1, 2]);
        both_up(w).await;
        w.modem.fault(QmiFault::new(On::Anything, Effect::Deaf));
        for name in [WAN, SECOND_WAN] {
            w.netifd.ifdown(name);
        }
        w.pass(60).await;
        assert_eq!((w.netifd.state(WAN), w.netifd.state(SECOND_WAN)), (State::Down, State::Down));
        assert!(w.mux_devices().is_empty(), "{:?}", w.mux_devices());
        w.modem.clear_faults();
        for name in [WAN, SECOND_WAN] {
            w.netifd.ifup(name);
        }
        assert!(w.netifd.until(MINUTE, |n| n.is_up(WAN) && n.is_up(SECOND_WAN)).await, "{}", w.story().await);
    });
}

#[test]
fn a_kernel_that_refuses_raw_ip_fails_the_connect_and_says_so() {
    World::run_qmi(Setup { insists_on: Some(LinkLayer::RawIp), ..Setup::default() }, async |w| {
        w.set_raw_ip(false);
        let locked = w.lock_raw_ip();
        w.ifup(json!({ "apn": "internet" }));
        w.error_within("CONNECT_FAILED", 5 * SECOND).await;
        let words = w.error_words();
        assert!(words.contains("refused the framing"), "{words}");
        assert_eq!(w.modem.count::<StartNetwork>(), 0, "no call that carries nothing");
        drop(locked);
        w.set_raw_ip(false);
        w.up_within(MINUTE).await;
        assert_eq!(w.raw_ip(), "Y");
    });
}
