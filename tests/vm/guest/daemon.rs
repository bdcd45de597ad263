//! Third chapter: the daemon itself, a process of its own, between a real kernel and a
//! simulated modem, with ubusd and netifd as doubles. Addresses go into the kernel, and
//! what proves a connection is an answered ping through the default route.

use super::apply::Applied;
use super::compositions::{OTHER_MBIM, SIERRA_MBIM};
use super::device::{Hang, Modem};
use super::kernel::appears;
use super::network::Network;
use super::ping::{Replies, ping};
use super::sim::modem::{Asked, Ip, Setup, SimModem};
use super::sim::netifd::{Handler, Netifd, State, What};
use super::sim::ubusd::Ubusd;
use super::stand_in;
use super::takeover::Takeover;
use super::timeline::{Step, Timeline, doing, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::cell::RefCell;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::Stdio;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};
use uwand::linux::netdev;
use uwand::ubus::Source;

use uwand::json::{Value, json};

const PROGRAM: &str = "/bin/uwand";
const SOCKET: &str = "/run/ubus.sock";
const OUTSIDE: [(&str, &str); 2] = [("UWAND_UBUS_SOCKET", SOCKET), ("UWAND_RUN_DIR", "/run/uwand")];
const WAN: &str = "wan";
const SECOND: &str = "iot";
const SOON: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(3);
/// Beyond the bearer: only a default route leads there.
pub const FAR: [&str; 2] = ["192.0.2.1", "2001:db8:ffff::1"];
/// What the simulated network tells.
const MTU: u32 = 1430;
const PORT: u32 = 0;
const OTHER_PORT: u32 = 1;

/// The product, with its outside here.
fn program() -> Command {
    let mut command = Command::new(PROGRAM);
    command.envs(OUTSIDE);
    command
}

struct World {
    ubusd: Ubusd,
    netifd: Netifd,
    applied: Rc<RefCell<Applied>>,
    sim: SimModem,
    net: Network,
    modem: Option<Modem>,
    other: Option<Modem>,
    daemon: Option<Child>,
}

pub async fn chapter(t: &mut Timeline) {
    t.chapter("the daemon, from ifup to ifdown");
    let Ok(ubusd) = Ubusd::at(Path::new(SOCKET)) else { return };
    let mut world = World::new(ubusd);
    t.step("the daemon is on ubus", world.start()).await;
    t.step("ifup", world.first_up()).await;
    connected(t).await;
    t.step("`uwand status` says so", status()).await;
    t.step("a second interface on session 1", world.second()).await;
    t.step("ping through its VLAN", echoes(Some("wwan0.1"), "10.65.0.1")).await;
    t.step("taken down, it leaves the first one alone", world.second_down()).await;
    connected(t).await;
    t.step("a bearer cut by the network is dialled again", world.cut()).await;
    connected(t).await;
    t.step("another address of the network, in place", world.readdressed()).await;
    connected(t).await;
    t.step("kill -9 under a running ping: its successor takes the session over", world.replaced()).await;
    connected(t).await;
    t.step("kill -9 of ubusd: the daemon is back with it", world.bus_restarted()).await;
    t.step("unplugged: the interface goes down", world.gone()).await;
    t.step("back as cdc-wdm1 and wwan1 it is found again", world.renumbered()).await;
    connected(t).await;
    t.step("unplugged while no daemon is there: the next one tells", world.lost_unseen()).await;
    t.step("and connects when it is back", world.back()).await;
    connected(t).await;
    t.step("ifdown", world.down()).await;
    t.step("a modem that hangs does not keep the daemon from ending", world.ended()).await;
}

/// One echo for each family, by the routing table.
async fn connected(t: &mut Timeline) {
    for far in FAR {
        t.step(&format!("ping {far}"), echoes(None, far)).await;
    }
}

pub async fn echoes(device: Option<&str>, far: &str) -> Step<Replies> {
    let far: IpAddr = far.parse().map_err(doing("address"))?;
    let replies = ping(far, device, 3, PATIENCE).await?;
    if replies.received < 3 { Err(replies.to_string()) } else { Ok(replies) }
}

/// The interface's state, as the daemon tells it.
async fn state() -> Step<String> {
    state_by(program()).await
}

pub async fn state_by(mut program: Command) -> Step<String> {
    let out = program.args(["status", "--json"]).output().await.map_err(doing(PROGRAM))?;
    let status: Value = uwand::json::from_slice(&out.stdout).map_err(doing("status"))?;
    Ok(status["interfaces"][0]["state"].as_str().unwrap_or("unknown").to_owned())
}

async fn status() -> Step<String> {
    let out = program().arg("status").output().await.map_err(doing(PROGRAM))?;
    let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    if !out.status.success() || !text.contains("up") {
        return Err(format!("{}: {text} {}", out.status, String::from_utf8_lossy(&out.stderr)));
    }
    Ok(format!("\n{text}\n"))
}

/// What the modem's data path lets through is what its sessions have: their addresses.
async fn follow_sessions(sim: SimModem, net: Network) {
    loop {
        let sessions = sim.sessions().into_iter().map(|(id, session)| {
            let v4 = session.ip.v4.iter().map(|(address, _)| IpAddr::from(*address));
            let v6 = session.ip.v6.iter().map(|(address, _)| IpAddr::from(*address));
            (id as u8, v4.chain(v6).collect())
        });
        net.set_bearers(sessions.collect());
        sleep(Duration::from_millis(2)).await;
    }
}

impl World {
    fn new(ubusd: Ubusd) -> Self {
        let environment = OUTSIDE.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let handler = Handler::Process {
            program: PROGRAM.into(),
            arguments: Vec::new(),
            environment: environment.to_vec(),
        };
        let netifd = Netifd::start(|| Source::Paths(vec![SOCKET.into()]), handler);
        let applied = Rc::new(RefCell::new(Applied::default()));
        let (kernel, second) = (applied.clone(), RefCell::new(Applied::without_routes()));
        netifd.on_settings(move |name, link| match name {
            WAN => kernel.borrow_mut().follow(link),
            _ => second.borrow_mut().follow(link),
        });
        let setup = Setup { keeps_sessions: true, ..Setup::default() };
        let (sim, net) = (SimModem::new(setup), Network::default());
        spawn_local(follow_sessions(sim.clone(), net.clone()));
        World { ubusd, netifd, applied, sim, net, modem: None, other: None, daemon: None }
    }

    async fn start(&mut self) -> Step<String> {
        self.daemon = Some(program().arg("daemon").spawn().map_err(doing(PROGRAM))?);
        let there = || self.ubusd.objects().iter().any(|path| path == "uwand").then_some(());
        until("object uwand", SOON, there).await?;
        Ok(self.memory())
    }

    fn memory(&self) -> String {
        let id = self.daemon.as_ref().and_then(Child::id).unwrap_or(0);
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("?");
        format!("process {id}, VmRSS {}", rss.trim())
    }

    fn plug(&mut self) -> Step {
        let control = self.sim.connect().map_err(doing("socketpair"))?;
        self.modem = Some(Modem::plug(PORT, &SIERRA_MBIM, control, &self.net).map_err(doing("attach"))?);
        Ok(())
    }

    /// Cuts the power, too: the firmware starts afresh.
    fn unplug(&mut self, netdev: &str) {
        self.modem = None;
        self.sim.vanish();
        self.netifd.unplug(netdev);
        self.applied.borrow_mut().forget();
    }

    /// The device that the interface is up on, once that holds and the kernel has it all.
    async fn up(&self, holds: impl Fn(&Netifd) -> bool) -> Step<String> {
        if !self.netifd.until(SOON, |netifd| netifd.is_up(WAN) && holds(netifd)).await {
            return Err(format!("not up: {}", self.netifd.status(WAN)));
        }
        if let Some(wrong) = self.applied.borrow_mut().complaints.pop() {
            return Err(wrong);
        }
        let wrong = self.netifd.complaints();
        if !wrong.is_empty() {
            return Err(wrong.join("; "));
        }
        Ok(self.netifd.status(WAN)["l3_device"].as_str().unwrap_or("?").to_owned())
    }

    async fn first_up(&mut self) -> Step<String> {
        self.plug()?;
        appears("/dev/cdc-wdm0").await?;
        let begin = Instant::now();
        let config = json!({ "proto": "uwand", "apn": "internet", "device": "usb:1199:9071" });
        self.netifd.configure(WAN, Some(config));
        self.netifd.ifup(WAN);
        let device = self.up(|_| true).await?;
        let (took, trips) = (begin.elapsed().as_millis(), self.sim.requests());
        let mtu = netdev::mtu(&device).map_err(doing(&device))?;
        if mtu != MTU {
            return Err(format!("MTU {mtu}"));
        }
        Ok(format!("up on {device} after {took} ms and {trips} control messages; {}", self.memory()))
    }

    async fn second(&mut self) -> Step<String> {
        let ip = Ip {
            v4: vec![([10, 65, 0, 2].into(), 30)],
            v4_gateway: Some([10, 65, 0, 1].into()),
            ..Ip::default()
        };
        self.sim.network(|network| network.ip = ip);
        self.netifd.plug("wwan0.1");
        let config = json!({ "proto": "uwand", "apn": "iot", "session": "1", "pdptype": "ipv4" });
        self.netifd.configure(SECOND, Some(config));
        self.netifd.ifup(SECOND);
        let up = self.netifd.until(SOON, |netifd| netifd.is_up(SECOND)).await;
        self.sim.network(|network| network.ip = Ip::default());
        let status = self.netifd.status(SECOND);
        if up { Ok(format!("up on {}", status["l3_device"])) } else { Err(status.to_string()) }
    }

    async fn second_down(&mut self) -> Step<&'static str> {
        self.netifd.ifdown(SECOND);
        let closed = || (self.sim.sessions().len() == 1).then_some("session 0 is still there");
        until("the end of session 1", SOON, closed).await
    }

    async fn cut(&mut self) -> Step<String> {
        let before = self.ups();
        // ESM 36: regular deactivation
        self.sim.network_disconnect(0, 36);
        self.up(|_| self.ups() > before).await
    }

    fn ups(&self) -> usize {
        let up = What::State(State::Up);
        self.netifd.told(WAN).iter().filter(|what| **what == up).count()
    }

    async fn readdressed(&mut self) -> Step<String> {
        let before = self.ups();
        let ip = Ip {
            v4: vec![([10, 64, 7, 2].into(), 30)],
            v4_gateway: Some([10, 64, 7, 1].into()),
            ..Ip::default()
        };
        self.sim.change_address(0, ip);
        self.up(|_| self.applied.borrow().has("10.64.7.2")).await?;
        match self.ups() {
            ups if ups == before => Ok("10.64.7.2".to_owned()),
            _ => Err("it went down for it".to_owned()),
        }
    }

    /// It finds its interface by what netifd shows of us: nobody runs ifup for a new daemon.
    async fn replaced(&mut self) -> Step<String> {
        let takeover = Takeover::begin(&self.netifd, WAN, self.daemon.take()).await?;
        self.sim.forget_requests();
        takeover.respawn().await;
        self.start().await?;
        let took = takeover.managed(&self.netifd, WAN).await?;
        let (device, state) = (self.up(|_| true).await?, state().await?);
        let answered = takeover.end().await?;
        let opened = self.sim.seen().iter().filter(|seen| matches!(seen.asked, Asked::Open)).count();
        match (self.sim.activations().len(), opened, state.as_str()) {
            (0, 0, "up") => Ok(format!(
                "{device} managed again {} ms after it, no OPEN and no CONNECT in {} messages; {answered}",
                took.as_millis(),
                self.sim.requests()
            )),
            (more, opened, state) => Err(format!("{state}, {more} activations, {opened} OPENs")),
        }
    }

    async fn bus_restarted(&mut self) -> Step<String> {
        self.ubusd.kill();
        self.ubusd.start().map_err(doing(SOCKET))?;
        let begin = Instant::now();
        let there = || self.ubusd.objects().iter().any(|path| path == "uwand").then_some(());
        until("object uwand", SOON, there).await?;
        let took = begin.elapsed();
        self.up(|_| true).await?;
        if took > Duration::from_secs(1) { Err(format!("{took:.1?}")) } else { Ok(format!("{took:.1?}")) }
    }

    async fn lost_unseen(&mut self) -> Step<&'static str> {
        self.daemon.take().ok_or("no daemon")?.kill().await.map_err(doing("kill"))?;
        self.unplug("wwan1");
        until("gone", SOON, || (!Path::new("/dev/cdc-wdm1").exists()).then_some(())).await?;
        self.start().await?;
        self.down_told().await
    }

    async fn back(&mut self) -> Step<String> {
        self.netifd.plug("wwan1");
        self.plug()?;
        self.up(|_| true).await
    }

    async fn down_told(&self) -> Step<&'static str> {
        match self.netifd.until(SOON, |netifd| !netifd.is_up(WAN)).await {
            true => Ok("told"),
            false => Err("netifd was not told".to_owned()),
        }
    }

    async fn gone(&mut self) -> Step<&'static str> {
        self.unplug("wwan0");
        self.down_told().await
    }

    /// Another modem takes cdc-wdm0 and wwan0 while ours is away.
    async fn renumbered(&mut self) -> Step<String> {
        let control = stand_in::firmware().map_err(doing("socketpair"))?;
        let net = Network::default();
        self.other = Some(Modem::plug(OTHER_PORT, &OTHER_MBIM, control, &net).map_err(doing("attach"))?);
        appears("/sys/class/net/wwan0").await?;
        self.netifd.plug("wwan1");
        self.plug()?;
        match self.up(|_| true).await? {
            device if device == "wwan1" => Ok("up on wwan1".to_owned()),
            other => Err(format!("up on {other}")),
        }
    }

    async fn down(&mut self) -> Step<&'static str> {
        self.netifd.ifdown(WAN);
        if !self.netifd.until(SOON, |netifd| netifd.state(WAN) == State::Down).await {
            return Err(self.netifd.status(WAN).to_string());
        }
        let closed = || self.sim.sessions().is_empty().then_some("the session is closed");
        until("the end of the session", SOON, closed).await
    }

    /// With a message under way that the modem never takes.
    async fn ended(&mut self) -> Step<String> {
        let modem = self.modem.as_ref().ok_or("no modem")?;
        modem.knobs.set_hang(Hang::Naks);
        let mut signal = program();
        signal.arg("signal").stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let _asking = signal.spawn().map_err(doing(PROGRAM))?;
        sleep(Duration::from_millis(500)).await;
        let mut daemon = self.daemon.take().ok_or("no daemon")?;
        let id = Pid::from_raw(daemon.id().unwrap_or(0) as i32);
        let begin = Instant::now();
        kill(id, Signal::SIGTERM).map_err(doing("kill"))?;
        // procd kills after 5 s
        let status = timeout(Duration::from_secs(5), daemon.wait()).await.map_err(|_| "it does not end")?;
        Ok(format!("{:.1?}, {}", begin.elapsed(), status.map_err(doing("wait"))?))
    }
}
