//! Client ids of QMI and the calls that live by them, under the virtual clock: a daemon
//! that is killed leaves them to its successor, and whatever is aborted gives them back.

use crate::sim;

use sim::modem;
use sim::qmi::{Call, End, QmiModem, Setup};
use sim::world::{SECOND, WAN, World};
use uwand::qmi::frame::Service;
use uwand::qmi::messages::ctl::{AllocateClientId, Sync};
use uwand::qmi::messages::wds::{IpFamily, StartNetwork, StopNetwork};

use uwand::json::{Value, json};

type Qmi = World<QmiModem>;

fn internet() -> Value {
    json!({ "apn": "internet" })
}

/// Families of the calls that stand.
fn families(w: &Qmi) -> Vec<u8> {
    w.modem.calls().iter().map(|((_, family), _)| *family).collect()
}

/// What holds each call: family, client id, handle.
fn held(w: &Qmi) -> Vec<(u8, u8, u32)> {
    let holders = |((_, family), call): &((u8, u8), Call)| {
        let family = *family;
        call.holders.iter().map(move |(client, handle)| (family, *client, *handle)).collect::<Vec<_>>()
    };
    w.modem.calls().iter().flat_map(holders).collect()
}

#[test]
fn a_new_daemon_takes_the_calls_over_without_sync_and_without_dialling() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.pass(100).await;
        let (before, clients) = (held(w), w.modem.clients());
        w.kill_daemon().await;
        w.pass(1).await;
        assert_eq!(held(w), before, "calls outlive the host");
        w.modem.forget_requests();
        let told = w.link_ups().len();
        w.start_daemon();
        w.pass(2).await;
        assert_eq!(w.modem.count::<Sync>(), 0);
        assert_eq!(w.modem.count::<StartNetwork>() + w.modem.count::<StopNetwork>(), 0);
        assert_eq!(w.modem.count::<AllocateClientId>(), 0, "{:?}", w.modem.seen());
        assert_eq!((held(w), w.modem.clients()), (before, clients));
        assert!(w.netifd.is_up(WAN));
        assert!(w.link_ups().iter().skip(told).all(|up| *up), "{:?}", w.link_ups());
        assert_eq!(w.of_interface("state").await, "up");
        // What it took over it can end.
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.settle().await;
        assert!(w.modem.calls().is_empty());
        assert_eq!(w.modem.clients_of(Service::Wds), 0);
    });
}

#[test]
fn a_call_that_is_taken_over_is_watched_as_before() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.kill_daemon().await;
        w.start_daemon();
        w.pass(40).await;
        assert!(w.netifd.is_up(WAN));
        w.modem.forget_requests();
        w.modem.network_disconnect(0, IpFamily::Ipv4, End::esm(36));
        w.pass(5).await;
        assert!(w.netifd.is_up(WAN));
        assert_eq!(w.modem.count::<StartNetwork>(), 2);
        assert_eq!(w.modem.clients_of(Service::Wds), 2);
    });
}

#[test]
fn where_the_modem_forgot_everything_the_new_daemon_dials_anew() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.kill_daemon().await;
        w.modem.reset();
        assert!(w.modem.clients().is_empty());
        w.start_daemon();
        w.pass(10).await;
        assert!(w.netifd.is_up(WAN));
        assert_eq!(families(w), [4, 6]);
        assert_eq!(w.modem.clients_of(Service::Wds), 2);
    });
}

#[test]
fn a_call_that_ended_while_no_daemon_ran_is_dialled_anew() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        w.kill_daemon().await;
        w.modem.network_disconnect(0, IpFamily::Ipv6, End::esm(38));
        w.start_daemon();
        w.pass(10).await;
        assert!(w.netifd.is_up(WAN));
        assert_eq!(families(w), [4, 6]);
        assert_eq!(w.modem.clients_of(Service::Wds), 2);
    });
}

#[test]
fn a_hundred_daemons_one_after_the_other_leave_no_client_id_behind() {
    World::run_qmi(Setup::default(), async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        for round in 0..100 {
            w.kill_daemon().await;
            if round % 3 == 0 {
                w.modem.network_disconnect(0, IpFamily::Ipv4, End::esm(36));
            }
            w.start_daemon();
            w.pass(5).await;
            assert!(w.netifd.is_up(WAN), "round {round}");
            assert!(w.modem.clients().len() <= 6, "round {round}: {:?}", w.modem.clients());
        }
    });
}

#[test]
fn a_thousand_connects_and_aborts_leave_no_client_id_allocated() {
    let base = modem::Setup { latency: SECOND / 100, ..modem::Setup::default() };
    World::run_qmi(Setup { base, ..Setup::default() }, async |w| {
        w.ifup(internet());
        w.up_within(5 * SECOND).await;
        let mut ups = 0;
        for round in 0..1000_u32 {
            w.netifd.ifdown(WAN);
            w.down_within(4 * SECOND).await;
            w.netifd.ifup(WAN);
            // From no request at all to a connection that stands.
            tokio::time::sleep(SECOND / 100 * (round % 37)).await;
            ups += u32::from(w.netifd.is_up(WAN));
        }
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
        w.pass(10).await;
        println!("{ups} of 1000 came up before they were aborted");
        assert!((200..=800).contains(&ups), "{ups}");
        assert!(w.modem.calls().is_empty());
        assert_eq!(w.modem.clients_of(Service::Wds), 0, "{:?}", w.modem.clients());
        assert!(w.modem.clients().len() <= 4, "DMS, NAS, UIM and WMS: {:?}", w.modem.clients());
    });
}
