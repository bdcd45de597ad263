//! Probes through a device whose other end is this test: what leaves, by which way, and what
//! is believed of what comes back.

use std::fs;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::task::{LocalSet, spawn_local};
use uwand::linux::ping::{Failure, Note, Source, Target, ask, probe};

use crate::carrier::Packet;
use crate::tun::Tun;
use crate::{outside, skip};

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(300);
const OWN: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 2);
const OWN_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 1);
const GROUPS: &str = "/proc/sys/net/ipv4/ping_group_range";
/// What a new namespace has.
const NOBODY: &str = "1 0";

/// The modem's device, and another one that has the default route.
struct Links {
    modem: Tun,
    other: Tun,
}

fn source() -> Source {
    let dns = vec![GATEWAY.into()];
    Source { netdev: "wwan0".into(), v4: Some(OWN), v6: Some(OWN_V6), fwmark: None, dns }
}

fn ip(line: &str) {
    let status = Command::new("ip").args(line.split(' ')).status().expect("ip");
    assert!(status.success(), "ip {line}");
}

/// Runs `work` in a namespace with two links.
fn inside<F: Future<Output = ()>>(test: &str, work: impl FnOnce(Links) -> F) {
    if outside(&format!("probes::{test}")) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    LocalSet::new().block_on(&runtime, async {
        let (modem, other) = match (Tun::new("wwan0"), Tun::new("eth0")) {
            (Ok(modem), Ok(other)) => (modem, other),
            (Err(why), _) | (_, Err(why)) => return skip::skipped(&why),
        };
        for line in [
            "addr add 10.64.0.2/30 dev wwan0",
            "link set wwan0 up",
            "-6 addr add 2001:db8::2/64 dev wwan0 nodad",
            "addr add 192.168.1.2/24 dev eth0",
            "link set eth0 up",
            "route add default via 192.168.1.1 dev eth0",
        ] {
            ip(line);
        }
        work(Links { modem, other }).await;
    });
}

/// Who may have ping sockets.
fn allow(groups: &str) {
    if groups != NOBODY {
        fs::write(GROUPS, groups).expect(GROUPS);
    }
    // The 1 of the default is no group that this namespace knows, and reads otherwise.
    let now = fs::read_to_string(GROUPS).expect(GROUPS);
    assert_eq!(now.split_whitespace().eq(["0", "0"]), groups != NOBODY);
}

/// The next packet of the probe: not a router solicitation, not a group report.
async fn next(tun: &Tun) -> Packet {
    loop {
        let packet = Packet::read(&tun.read().await.expect("packet")).expect("IP");
        let group = match packet.to {
            IpAddr::V4(to) => to.is_multicast(),
            IpAddr::V6(to) => to.is_multicast(),
        };
        if !group {
            return packet;
        }
    }
}

fn target(text: &str) -> Target {
    Target::parse(text).expect("target")
}

#[test]
fn a_probe_leaves_by_its_link_and_believes_no_forged_answer() {
    inside("a_probe_leaves_by_its_link_and_believes_no_forged_answer", |links| async move {
        // A raw socket first, then one of the kernel's ping sockets.
        for groups in [NOBODY, "0 0"] {
            allow(groups);
            ip("-6 route replace default dev wwan0");
            for far in ["1.1.1.1", "2606:4700:4700::1111"] {
                let asking = spawn_local(async move { probe(&target(far), &source(), LONG).await });
                let request = next(&links.modem).await;
                assert_eq!(request.to.to_string(), far);
                assert_eq!(
                    request.from,
                    if request.to.is_ipv4() { IpAddr::from(OWN) } else { OWN_V6.into() }
                );
                for forged in forgeries(&request) {
                    links.modem.write(&forged.bytes()).expect("written");
                }
                tokio::time::sleep(SHORT).await;
                assert!(!asking.is_finished(), "{groups}: a forged answer was believed");
                links.modem.write(&request.echo().expect("an echo").bytes()).expect("written");
                let rtt = asking.await.expect("task").unwrap_or_else(|why| panic!("{far}, {groups}: {why}"));
                assert!(rtt >= SHORT && rtt < LONG);
            }
        }
        let nothing = tokio::time::timeout(SHORT, next(&links.other)).await;
        assert!(nothing.is_err(), "{nothing:?} went over another link");
    });
}

/// Another number, another token, another sender, another kind.
fn forgeries(request: &Packet) -> Vec<Packet> {
    let change = |at: usize| {
        let mut forged = request.echo().expect("an echo");
        forged.payload[at] ^= 2;
        forged.sum_up();
        forged
    };
    let mut all = vec![change(7), change(11), change(0)];
    let mut elsewhere = request.echo().expect("an echo");
    elsewhere.from = if request.to.is_ipv4() { GATEWAY.into() } else { OWN_V6.into() };
    elsewhere.from = match elsewhere.from {
        IpAddr::V6(_) => "2001:db8::99".parse().expect("address"),
        v4 => v4,
    };
    elsewhere.sum_up();
    all.push(elsewhere);
    let mut short = request.echo().expect("an echo");
    short.payload.truncate(8);
    short.sum_up();
    all.push(short);
    all
}

#[test]
fn an_icmp_error_ends_a_probe_at_once() {
    inside("an_icmp_error_ends_a_probe_at_once", |links| async move {
        ip("-6 route replace default dev wwan0");
        for groups in [NOBODY, "0 0"] {
            allow(groups);
            for (far, router) in [
                ("1.1.1.1", IpAddr::from(GATEWAY)),
                ("dns:9.9.9.9", GATEWAY.into()),
                ("2606:4700:4700::1111", "2001:db8::1".parse().expect("address")),
            ] {
                let begin = Instant::now();
                let asking = spawn_local(async move { probe(&target(far), &source(), LONG).await });
                let request = next(&links.modem).await;
                links.modem.write(&request.unreachable(router).bytes()).expect("written");
                assert_eq!(asking.await.expect("task"), Err(Failure::Unreachable), "{far}, {groups}");
                assert!(begin.elapsed() < LONG);
            }
        }
    });
}

#[test]
fn a_name_is_asked_for_over_the_link_itself() {
    inside("a_name_is_asked_for_over_the_link_itself", |links| async move {
        let named = || spawn_local(async { ask(&target("tcp:example.test:80"), &source(), LONG).await });
        let asking = named();
        let question = next(&links.modem).await;
        assert_eq!(question.to, IpAddr::from(GATEWAY));
        links.modem.write(&question.dns([203, 0, 113, 7]).expect("a question").bytes()).expect("written");
        let handshake = next(&links.modem).await;
        assert_eq!((handshake.from, handshake.to.to_string()), (OWN.into(), "203.0.113.7".to_string()));
        links.modem.write(&handshake.reset().expect("a SYN").bytes()).expect("written");
        let answer = asking.await.expect("task").expect("a reset has come back");
        assert_eq!(answer.note, Some(Note::Refused));

        // Nobody answers for names: that is another fault than a target that is silent.
        let short = Duration::from_millis(400);
        let silent = probe(&target("tcp:example.test:80"), &source(), short).await;
        assert_eq!(silent, Err(Failure::NoName));
    });
}

#[test]
fn where_nobody_told_an_address_the_devices_own_is_asked_from_and_never_anothers() {
    let test = "where_nobody_told_an_address_the_devices_own_is_asked_from_and_never_anothers";
    inside(test, |links| async move {
        let (v4, v6) = (Some(Ipv4Addr::UNSPECIFIED), Some(Ipv6Addr::UNSPECIFIED));
        let dynamic = move || Source { v4, v6, ..source() };
        ip("-6 route replace default dev wwan0");
        ip("-6 addr add 2001:db8:1::9/64 dev eth0 nodad");
        let far = ["1.1.1.1", "dns:1.1.1.1", "2606:4700:4700::1111"];
        for far in far {
            let asking = spawn_local(async move { probe(&target(far), &dynamic(), LONG).await });
            let request = next(&links.modem).await;
            let own = if request.to.is_ipv4() { IpAddr::from(OWN) } else { OWN_V6.into() };
            assert_eq!(request.from, own, "{far}");
            let answer = request.echo().or_else(|| request.dns([203, 0, 113, 7])).expect("an answer");
            links.modem.write(&answer.bytes()).expect("written");
            assert!(asking.await.expect("task").is_ok(), "{far}");
        }
        ip("addr del 10.64.0.2/30 dev wwan0");
        ip("-6 addr del 2001:db8::2/64 dev wwan0");
        for far in far {
            let asked = probe(&target(far), &dynamic(), LONG).await;
            assert_eq!(asked, Err(Failure::NoAddress), "{far}, before DHCP has told one");
        }
        for link in [&links.modem, &links.other] {
            let nothing = tokio::time::timeout(SHORT, next(link)).await;
            assert!(nothing.is_err(), "{nothing:?} left all the same");
        }
    });
}

#[test]
fn a_mark_rules_the_way() {
    inside("a_mark_rules_the_way", |links| async move {
        ip("-6 route replace default dev wwan0");
        ip("-6 rule add fwmark 0x100 prohibit");
        let far = target("dns:2606:4700:4700::1111");
        let marked = Source { fwmark: Some(0x100), ..source() };
        assert_eq!(probe(&far, &marked, LONG).await, Err(Failure::NoRoute));
        let other = Source { fwmark: Some(0x200), ..source() };
        let asking = spawn_local(async move { probe(&far, &other, LONG).await });
        let question = next(&links.modem).await;
        links.modem.write(&question.dns([203, 0, 113, 7]).expect("a question").bytes()).expect("written");
        assert!(asking.await.expect("task").is_ok());
    });
}

#[test]
fn a_device_without_route_or_power_is_told_from_a_dead_network() {
    inside("a_device_without_route_or_power_is_told_from_a_dead_network", |links| async move {
        let far = target("2606:4700:4700::1111");
        assert_eq!(probe(&far, &source(), LONG).await, Err(Failure::NoRoute));
        let silent = probe(&target("1.1.1.1"), &source(), SHORT).await;
        assert_eq!(silent, Err(Failure::Timeout));
        ip("link set wwan0 down");
        let down = probe(&target("1.1.1.1"), &source(), LONG).await.expect_err("a device that is down");
        assert!(down.is_local(), "{down}");
        drop(links);
        assert_eq!(probe(&target("1.1.1.1"), &source(), LONG).await, Err(Failure::NoDevice));
    });
}
