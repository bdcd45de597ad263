//! The acts of the demo. Each does one thing to the world and waits for what has to follow.
//!
//! Contract: an act ends within its limits or with the reason in words; no act waits longer
//! than what it waits for takes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use uwand::fault::Rung;
use uwand::mbim::Kind;
use uwand::mbim::messages::Message;
use uwand::mbim::messages::connect::SetConnect;

use super::binary;
use super::ping::Pinger;
use super::sim::bed::{NETDEV, WAN};
use super::sim::modem::{Asked, Ip, Sim};
use super::sim::netifd::{State, What};
use super::timeline::Who;
use super::world::World;
use uwand::json::Value;

type Act = Result<(), String>;

const SOON: Duration = Duration::from_secs(5);
/// With an interval of 5 s and a time-out of 1 s.
const STALL: Duration = Duration::from_secs(10);
const TARGETS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111)),
];
const LAST_OF_CONNECT: &str = "ip-configuration";
/// ESM cause "network failure" (3GPP TS 24.301, 9.9.4.4).
const NETWORK_FAILURE: u32 = 38;

pub async fn tell(world: &World, stay: bool) -> Act {
    comes_up(world).await?;
    loses_its_bearer(world).await?;
    gets_other_addresses(world).await?;
    is_reconnected(world).await?;
    stalls(world).await?;
    loses_its_sim(world).await?;
    loses_its_bus(world).await?;
    loses_its_daemon(world).await?;
    if stay {
        return stays(world).await;
    }
    goes_down(world).await?;
    let messages = world.bed.modem.requests();
    let pings = world.carrier.as_ref().map_or(String::new(), |c| format!(", {} pings", c.answered.get()));
    world.line.verdict(true, &format!("All as it should be: {messages} control messages{pings}."));
    Ok(())
}

fn act(world: &World, heading: &str) {
    world.line.heading(heading);
    world.line.begin();
}

async fn comes_up(world: &World) -> Act {
    act(world, "ifup");
    world.line.say(Who::Person, &format!("ifup {WAN}"));
    world.bed.ifup(SOON).await?;
    let mut messages = world.messages();
    // What it asks from here on (home network, signal) keeps nobody waiting.
    let last = messages.iter().position(|name| name == LAST_OF_CONNECT);
    messages.truncate(last.map_or(messages.len(), |last| last + 1));
    settle().await;
    world.line.say(Who::Modem, &format!("{} control messages: {}", messages.len(), messages.join(", ")));
    pings(world).await?;
    let status = uwand(world, &["status"]).await?;
    for text in status.lines().take_while(|text| !text.is_empty()) {
        world.line.dim(&format!("{:23}{text}", ""));
    }
    Ok(())
}

async fn loses_its_bearer(world: &World) -> Act {
    act(world, "The network cuts the bearer");
    let (modem, netifd) = (&world.bed.modem, &world.bed.netifd);
    let before = modem.activations().len();
    let cut = Instant::now();
    let text = format!("session 0 ends, ESM cause {NETWORK_FAILURE}: network failure");
    world.line.say(Who::Network, &text);
    modem.network_disconnect(0, NETWORK_FAILURE);
    until("dials again", || modem.activations().len() > before).await?;
    let dialled = last_dialled(world).map_or(cut.elapsed(), |at| at.saturating_duration_since(cut));
    if !netifd.until(SOON, |netifd| netifd.is_up(WAN)).await {
        return Err(format!("{WAN} does not come back: {}", world.bed.why()));
    }
    let traffic = if world.carrier.is_some() {
        let again = first_echo(TARGETS[0]).await?.saturating_duration_since(cut);
        format!("; traffic again after {}", milliseconds(again))
    } else {
        String::new()
    };
    world.line.say(Who::Modem, &format!("dialled again {} after the cut{traffic}", milliseconds(dialled)));
    Ok(())
}

/// When the modem last heard an order to connect.
fn last_dialled(world: &World) -> Option<Instant> {
    let (service, cid) = (SetConnect::SERVICE, SetConnect::CID);
    world.bed.modem.times(&Asked::Command { service, cid, kind: Kind::Set }).pop()
}

async fn gets_other_addresses(world: &World) -> Act {
    act(world, "The network gives other addresses");
    let (modem, netifd) = (&world.bed.modem, &world.bed.netifd);
    let before = netifd.told(WAN).len();
    let updated = |what: &What| matches!(what, What::Updated);
    let v6 = |tail| Ipv6Addr::new(0x2001, 0xdb8, 0x7, 0, 0, 0, 0, tail);
    world.line.say(Who::Network, "10.64.7.6 and 2001:db8:7::6 from now on");
    let other = Ip {
        v4: vec![([10, 64, 7, 6].into(), 30)],
        v4_gateway: Some([10, 64, 7, 5].into()),
        v6: vec![(v6(6), 64)],
        v6_gateway: Some(v6(1)),
        ..Ip::default()
    };
    modem.change_address(0, other);
    let told = |netifd: &super::sim::netifd::Netifd| netifd.told(WAN).split_off(before);
    if !netifd.until(SOON, |netifd| told(netifd).iter().any(updated)).await {
        return Err("netifd is not told of the new addresses".into());
    }
    if told(netifd).iter().any(|what| matches!(what, What::State(_))) {
        return Err(format!("{WAN} went down for new addresses"));
    }
    settle().await;
    pings(world).await
}

async fn is_reconnected(world: &World) -> Act {
    act(world, "A person wants a new connection");
    let before = world.bed.modem.activations().len();
    uwand(world, &["reconnect", "-i", WAN]).await?;
    until("dials again", || world.bed.modem.activations().len() > before).await?;
    if !world.bed.netifd.until(SOON, |netifd| netifd.is_up(WAN)).await {
        return Err(format!("{WAN} does not come back: {}", world.bed.why()));
    }
    settle().await;
    pings(world).await
}

/// The second act: the bearer stands, and nothing comes back.
async fn stalls(world: &World) -> Act {
    act(world, "Packets die");
    if world.carrier.is_none() {
        world.line.dim("skipped: no network device to be had, so there is no traffic to watch");
        return Ok(());
    }
    healthy(world).await?;
    world.line.say(Who::Network, "packets vanish from now on; the modem shows its bearer as active");
    let stall = Instant::now();
    world.bed.modem.stall(Rung::Reconnect);
    let again = loop {
        if stall.elapsed() > STALL {
            return Err(format!("no traffic {STALL:?} after the stall: {}", world.bed.why()));
        }
        if world.bed.modem.carries() {
            break first_echo(TARGETS[0]).await?.saturating_duration_since(stall);
        }
        sleep(Duration::from_millis(5)).await;
    };
    world.line.say(Who::Network, &format!("traffic again {} after the stall", milliseconds(again)));
    healthy(world).await?;
    let outages = uwand(world, &["outages"]).await?;
    for text in outages.lines() {
        world.line.dim(&format!("{:23}{text}", ""));
    }
    if again > STALL { Err(format!("that is more than {STALL:?}")) } else { Ok(()) }
}

/// Until the watchdog has proof.
async fn healthy(world: &World) -> Act {
    let begin = Instant::now();
    loop {
        let status: Value = uwand::json::from_str(&run(world, &["status", "--json"]).await?)
            .map_err(|error| error.to_string())?;
        let health = &status["interfaces"][0]["watchdog"]["health"];
        if health == "healthy" {
            return Ok(());
        }
        if begin.elapsed() > SOON {
            return Err(format!("the watchdog says {health} for {SOON:?}"));
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn loses_its_sim(world: &World) -> Act {
    act(world, "The SIM is pulled out, and put back");
    let (modem, netifd) = (&world.bed.modem, &world.bed.netifd);
    world.line.say(Who::Person, "pull the SIM out");
    modem.remove_sim();
    if !netifd.until(SOON, |netifd| netifd.error(WAN) == "NO_SIM").await {
        return Err(format!("NO_SIM is not shown: {}", world.bed.why()));
    }
    sleep(Duration::from_millis(20)).await;
    world.line.say(Who::Person, "put it back");
    modem.insert_sim(Sim::default());
    if !netifd.until(SOON, |netifd| netifd.is_up(WAN)).await {
        return Err(format!("{WAN} does not come back: {}", world.bed.why()));
    }
    settle().await;
    pings(world).await
}

async fn loses_its_bus(world: &World) -> Act {
    act(world, "ubusd is killed");
    let ubusd = &world.bed.ubusd;
    world.line.say(Who::Person, "kill -9 of ubusd");
    ubusd.kill();
    pings_at_once(world).await?;
    ubusd.start().map_err(|error| format!("ubusd: {error}"))?;
    let back = Instant::now();
    world.line.say(Who::Person, "procd starts it again");
    until("is on ubus again", || ubusd.objects().iter().any(|path| path == "uwand")).await?;
    let text = format!("on ubus again after {}", milliseconds(back.elapsed()));
    world.line.say(Who::Daemon, &text);
    until("has netifd on ubus again", || {
        ubusd.objects().iter().any(|path| path == &format!("network.interface.{WAN}"))
    })
    .await?;
    pings(world).await
}

async fn loses_its_daemon(world: &World) -> Act {
    act(world, "uwand is killed");
    let (modem, netifd) = (&world.bed.modem, &world.bed.netifd);
    let (connects, told) = (modem.activations().len(), netifd.told(WAN).len());
    world.line.say(Who::Person, "kill -9 of uwand");
    world.kill_daemon().await?;
    pings_at_once(world).await?;
    // Or it would be taken for the new one, which an emulator makes slow to start.
    until("is gone from ubus", || !world.bed.ubusd.objects().iter().any(|path| path == "uwand")).await?;
    world.line.say(Who::Person, "procd starts it again");
    world.start_daemon().await?;
    until("is on ubus again", || world.bed.ubusd.objects().iter().any(|path| path == "uwand")).await?;
    let begin = Instant::now();
    while state(world).await? != "up" {
        if begin.elapsed() > SOON {
            return Err(format!("the new daemon does not have {WAN} up: {}", state(world).await?));
        }
        sleep(Duration::from_millis(5)).await;
    }
    pings_at_once(world).await?;
    let moved = netifd.told(WAN).split_off(told).iter().any(|what| matches!(what, What::State(_)));
    if moved || modem.activations().len() > connects {
        return Err("the new daemon connected anew, where it could have taken over".into());
    }
    world.line.say(Who::Modem, "the session is as it was, and the new daemon has it");
    Ok(())
}

async fn goes_down(world: &World) -> Act {
    act(world, "ifdown");
    world.line.say(Who::Person, &format!("ifdown {WAN}"));
    let netifd = &world.bed.netifd;
    netifd.ifdown(WAN);
    if !netifd.until(SOON, |netifd| netifd.state(WAN) == State::Down).await {
        return Err(format!("{WAN} does not go down: {}", world.bed.why()));
    }
    until("ends its session", || world.bed.modem.sessions().is_empty()).await?;
    settle().await;
    if world.carrier.is_some() {
        match pinger(TARGETS[0])?.ping(Duration::from_millis(50)).await {
            Ok(_) => return Err("a ping passes through an interface that is down".into()),
            Err(error) => world.line.say(Who::Ping, &format!("{}: {}", TARGETS[0], words(&error))),
        }
    }
    Ok(())
}

/// The world goes on by itself: the signal moves, and now and then the network cuts the bearer.
async fn stays(world: &World) -> Act {
    let line = &world.line;
    let (socket, program) = (world.bed.socket(), binary::typed(&world.bed.program));
    line.heading("The world stays until Ctrl-C. In another terminal:");
    for command in ["status", "watch", "signal", "reconnect"] {
        println!("  UWAND_UBUS_SOCKET={} {program} {command}", socket.display());
    }
    act(world, "Every minute the network cuts the bearer");
    for second in 1u32.. {
        sleep(Duration::from_secs(1)).await;
        // RSSI in MBIM's steps of 2 dB: up and down between 14 and 26.
        world.bed.modem.set_signal(14 + (second % 24).abs_diff(12));
        if second % 60 == 0 {
            line.say(Who::Network, "cuts the bearer");
            world.bed.modem.network_disconnect(0, NETWORK_FAILURE);
        }
    }
    Ok(())
}

/// What a person types, as it is typed; gives what it prints.
async fn uwand(world: &World, arguments: &[&str]) -> Result<String, String> {
    world.line.say(Who::Person, &format!("uwand {}", arguments.join(" ")));
    run(world, arguments).await
}

/// What the daemon calls the state of the interface.
async fn state(world: &World) -> Result<String, String> {
    let status = run(world, &["status", "--json"]).await?;
    let status: Value = uwand::json::from_str(&status).map_err(|error| format!("uwand status: {error}"))?;
    Ok(status["interfaces"][0]["state"].as_str().unwrap_or("unknown").to_string())
}

async fn run(world: &World, arguments: &[&str]) -> Result<String, String> {
    let typed = format!("uwand {}", arguments.join(" "));
    let mut command = tokio::process::Command::new(&world.bed.program);
    command.args(arguments).env("UWAND_UBUS_SOCKET", world.bed.socket()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| format!("{typed}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{typed}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// Three echoes a family, one line for both, once the kernel is through with its settings.
async fn pings(world: &World) -> Act {
    if world.carrier.is_some() {
        for target in TARGETS {
            first_echo(target).await?;
        }
    }
    pings_at_once(world).await
}

async fn pings_at_once(world: &World) -> Act {
    if world.carrier.is_none() {
        return Ok(());
    }
    let mut parts = Vec::new();
    for target in TARGETS {
        let mut pinger = pinger(target)?;
        let mut best = Duration::MAX;
        for _ in 0..3 {
            let result = pinger.ping(Duration::from_secs(1)).await;
            best = best.min(result.map_err(|error| format!("ping {target}: {}", words(&error)))?);
        }
        parts.push(format!("{target} 3 of 3, {:.2} ms", best.as_secs_f64() * 1000.0));
    }
    world.line.say(Who::Ping, &parts.join("; "));
    Ok(())
}

/// When a ping passes. The kernel is done with a new IPv6 address a moment after it said so
/// (addrconf_dad_work), and with a device that came up within a second (linkwatch).
async fn first_echo(target: IpAddr) -> Result<Instant, String> {
    let begin = Instant::now();
    let mut pinger = pinger(target)?;
    loop {
        match pinger.ping(Duration::from_millis(20)).await {
            Ok(_) => return Ok(Instant::now()),
            Err(error) if begin.elapsed() > SOON => return Err(format!("ping {target}: {}", words(&error))),
            Err(_) => sleep(Duration::from_micros(500)).await,
        }
    }
}

fn pinger(target: IpAddr) -> Result<Pinger, String> {
    Pinger::new(target, NETDEV).map_err(|error| format!("ping: {error}"))
}

/// Looks often: what it waits for happens in milliseconds, in this process.
async fn until(what: &str, holds: impl Fn() -> bool) -> Act {
    let begin = Instant::now();
    while !holds() {
        if begin.elapsed() > SOON {
            return Err(format!("nobody {what} within {SOON:?}"));
        }
        sleep(Duration::from_micros(200)).await;
    }
    Ok(())
}

/// Lets who has something to tell do so first.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// Without the number.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_string()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
