//! A bearer that is up and passes no packet, under the virtual clock: noticed, named, mended and
//! proved, within bounds.

use crate::sim;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use sim::modem::{Ip, Network, Setup};
use sim::world::{MINUTE, SECOND, WAN, World};
use tokio::time::Instant;
use uwand::fault::Rung;

use uwand::json::{Value, json};

fn internet() -> Value {
    json!({ "apn": "internet" })
}

/// Probes every 5 s, each with a second's patience.
fn quick() -> Value {
    json!({ "apn": "internet", "watchdog_interval": "5", "watchdog_timeout": "1" })
}

/// Whatever the device has.
const ANY_V4: Option<Ipv4Addr> = Some(Ipv4Addr::UNSPECIFIED);
const ANY_V6: Option<Ipv6Addr> = Some(Ipv6Addr::UNSPECIFIED);

const CONNECT: Duration = Duration::from_millis(700);

fn setup() -> Setup {
    Setup { network: Network { connects_after: CONNECT, ..Network::default() }, ..Setup::default() }
}

/// Until traffic is proved again; from the stall, and from the first probe that failed.
async fn mended(w: &World, limit: Duration) -> (Duration, Duration) {
    let stall = Instant::now();
    w.net.forget_probes();
    loop {
        assert!(stall.elapsed() < limit, "not mended; {}", w.story().await);
        tokio::time::sleep(Duration::from_millis(10)).await;
        let probes = w.net.probes();
        let first_lost = probes.iter().find(|(_, _, answered)| !answered);
        let back = probes.iter().find(|(_, _, answered)| *answered && w.netifd.is_up(WAN));
        if let (Some(lost), Some(back)) = (first_lost, back) {
            if back.0 > lost.0 {
                w.settle().await;
                return (back.0 - stall, back.0 - lost.0);
            }
        }
    }
}

#[test]
fn a_stall_is_mended_by_a_reconnect_within_three_time_outs_and_a_second() {
    World::run(setup(), async |w| {
        w.ifup(internet());
        w.up_within(MINUTE).await;
        w.pass(100).await;
        assert_eq!(w.of_interface("watchdog").await["health"], "healthy");
        w.modem.stall(Rung::Reconnect);
        let (from_stall, from_probe) = mended(w, 3 * MINUTE).await;
        println!("first failed probe -> traffic {from_probe:?}, stall -> traffic {from_stall:?}");
        assert!(from_probe <= 9 * SECOND + CONNECT + SECOND, "{from_probe:?}");
        w.pass(1).await;
        assert_eq!(w.of_interface("state").await, "up");
        assert_eq!(w.link_ups(), [true, false, true]);
        let error = w.notified(3);
        assert!(error.iter().any(|args| args["error"][0] == "NO_TRAFFIC"), "{error:?}");
        let outages = w.call("outages", json!({})).await;
        println!("{outages:#}");
        assert_eq!(outages["outages"][0]["fault"], "no_traffic");
        assert_eq!(outages["outages"][0]["cured_by"], "reconnect");
    });
}

#[test]
fn with_an_interval_of_5_and_a_time_out_of_1_a_stall_lasts_less_than_10_seconds() {
    World::run(setup(), async |w| {
        w.ifup(quick());
        w.up_within(MINUTE).await;
        w.pass(100).await;
        w.modem.stall(Rung::Reconnect);
        let (from_stall, from_probe) = mended(w, MINUTE).await;
        println!("first failed probe -> traffic {from_probe:?}, stall -> traffic {from_stall:?}");
        assert!(from_stall < 10 * SECOND, "{from_stall:?}");
        assert!(from_probe <= 3 * SECOND + CONNECT + SECOND, "{from_probe:?}");
    });
}

#[test]
fn a_link_whose_addresses_come_by_dhcp_is_watched_and_mended_too() {
    let network = Network { ip: Ip::untold(), connects_after: CONNECT, ..Network::default() };
    World::run(Setup { network, ..Setup::default() }, async |w| {
        w.ifup(internet());
        w.up_within(MINUTE).await;
        w.pass(100).await;
        assert_eq!(w.of_interface("watchdog").await["health"], "healthy");
        let from = w.net.source();
        assert_eq!((from.netdev.as_str(), from.v4, from.v6), ("wwan0", ANY_V4, ANY_V6));
        w.modem.stall(Rung::Reconnect);
        let (_, from_probe) = mended(w, 3 * MINUTE).await;
        assert!(from_probe <= 9 * SECOND + CONNECT + SECOND, "{from_probe:?}");
        w.pass(1).await;
        assert_eq!((w.of_interface("state").await, w.link_ups()), (json!("up"), vec![true, false, true]));
    });
}

#[test]
fn probes_carry_the_mark_of_mwan3_while_it_runs() {
    World::run(setup(), async |w| {
        let dir = w.file("mwan3");
        w.ifup(internet());
        w.up_within(MINUTE).await;
        w.pass(100).await;
        assert_eq!(w.net.source().fwmark, None);
        std::fs::create_dir_all(&dir).expect("a directory");
        for (text, mark) in [("0x3f00\n", Some(0x3f00)), ("nonsense", None), ("0xff0000", Some(0xff_0000))] {
            std::fs::write(dir.join("mmx_mask"), text).expect("a mask");
            w.pass(100).await;
            assert_eq!(w.net.source().fwmark, mark, "{text}");
        }
        std::fs::remove_dir_all(&dir).expect("mwan3 ends");
        w.pass(100).await;
        assert_eq!((w.net.source().fwmark, w.link_ups()), (None, vec![true]));
    });
}
