//! The daemon over the real qmi_wwan: a simulated QMI modem is the firmware of the emulated
//! device, once with raw IP, once with a modem that insists on Ethernet frames, and once with two
//! interfaces on QMAP channels of their own.
//!
//! Contract: what the device's data path does is what the firmware has agreed on (WDA), so
//! a daemon and a driver that disagree with the modem get no ping through.

use super::apply::Applied;
use super::compositions::SIERRA_QMI;
use super::daemon::{FAR, echoes, state_by};
use super::device::{Knobs, Modem, Wires};
use super::kernel::appears;
use super::network::Network;
use super::sim::netifd::{Handler, Netifd, State};
use super::sim::qmi::{QmiModem, Setup};
use super::sim::ubusd::Ubusd;
use super::stand_in;
use super::takeover::Takeover;
use super::timeline::{Step, Timeline, doing, until};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::task::spawn_local;
use tokio::time::sleep;
use uwand::linux::netdev;
use uwand::linux::sysfs::Sysfs;
use uwand::qmi::messages::ctl::Sync;
use uwand::qmi::messages::wda::{Aggregation, LinkLayer};
use uwand::ubus::Source;

use uwand::json::json;

const PROGRAM: &str = "/bin/uwand";
const SOCKET: &str = "/run/ubus-qmi.sock";
const OUTSIDE: [(&str, &str); 2] = [("UWAND_UBUS_SOCKET", SOCKET), ("UWAND_RUN_DIR", "/run/uwand-qmi")];
const WAN: &str = "wan";
const SECOND: &str = "iot";
const SOON: Duration = Duration::from_secs(10);
const PORT: u32 = 0;
const NETDEV: &str = "wwan0";
const TENTATIVE: u32 = 0x40;

pub async fn chapter(t: &mut Timeline) {
    t.chapter("the daemon over qmi_wwan");
    let Ok(ubusd) = Ubusd::at(Path::new(SOCKET)) else { return };
    let mut world = World::new(ubusd);
    t.step("the daemon is on ubus", world.start()).await;
    session(t, &mut world, Setup::default()).await;
    t.chapter("the daemon over qmi_wwan, a modem that insists on Ethernet frames");
    session(t, &mut world, Setup { insists_on: Some(LinkLayer::Ethernet), ..Setup::default() }).await;
    t.chapter("the daemon over qmi_wwan, two QMAP channels");
    channels(t, &mut world).await;
    world.end().await;
}

/// Two interfaces on one modem.
async fn channels(t: &mut Timeline, world: &mut World) {
    t.step("attached", world.plug(Setup { largest_transfer: 8192, ..Setup::default() })).await;
    t.step("ifup of two interfaces", world.both_up()).await;
    both_connected(t).await;
    t.step("kill -9 under a running ping: its successor takes both sessions over", world.replaced()).await;
    both_connected(t).await;
    t.step("the second one taken down leaves the first one alone", world.second_down()).await;
    connected(t).await;
    t.step("ifdown", world.down()).await;
    t.step("no mux device is left", until("gone", SOON, || mux_devices().is_empty().then_some(""))).await;
    t.step("gone", world.unplug()).await;
}

async fn both_connected(t: &mut Timeline) {
    connected(t).await;
    t.step("ping through the second channel", echoes(Some("qmimux1"), "10.65.0.1")).await;
}

async fn session(t: &mut Timeline, world: &mut World, setup: Setup) {
    let raw = setup.insists_on.is_none();
    t.step("attached", world.plug(setup)).await;
    t.step("ifup", world.up(raw)).await;
    connected(t).await;
    t.step("kill -9 under a running ping: its successor takes the session over", world.replaced()).await;
    connected(t).await;
    t.step("ifdown", world.down()).await;
    t.step("gone", world.unplug()).await;
}

async fn connected(t: &mut Timeline) {
    for far in FAR {
        t.step(&format!("ping {far}"), echoes(None, far)).await;
    }
}

fn program() -> Command {
    let mut command = Command::new(PROGRAM);
    command.envs(OUTSIDE);
    command
}

struct World {
    ubusd: Ubusd,
    netifd: Netifd,
    applied: Rc<RefCell<Applied>>,
    daemon: Option<Child>,
    sim: QmiModem,
    modem: Option<Modem>,
    /// The task that keeps the data path as the firmware has it.
    following: Rc<Cell<bool>>,
}

/// Addresses that the network has given, and the framing that was agreed on.
fn follow(sim: &QmiModem, net: &Network, knobs: &Knobs) {
    let mut bearers = BTreeMap::new();
    for ((mux, family), call) in sim.calls() {
        let given: &mut Vec<IpAddr> = bearers.entry(mux).or_default();
        match family {
            6 => given.extend(call.ip.v6.iter().map(|(address, _)| IpAddr::from(*address))),
            _ => given.extend(call.ip.v4.iter().map(|(address, _)| IpAddr::from(*address))),
        }
    }
    net.set_bearers(bearers);
    knobs.set_ethernet(sim.link_layer() == LinkLayer::Ethernet);
    knobs.set_qmap(sim.format().downlink == Aggregation::Qmap);
}

impl World {
    fn new(ubusd: Ubusd) -> Self {
        let environment = OUTSIDE.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let handler = Handler::Process { program: PROGRAM.into(), arguments: Vec::new(), environment };
        let netifd = Netifd::start(|| Source::Paths(vec![SOCKET.into()]), handler);
        let applied = Rc::new(RefCell::new(Applied::default()));
        let (kernel, second) = (applied.clone(), RefCell::new(Applied::without_routes()));
        netifd.on_settings(move |interface, link| match interface {
            WAN => kernel.borrow_mut().follow(link),
            _ => second.borrow_mut().follow(link),
        });
        let (sim, following) = (QmiModem::new(Setup::default()), Rc::default());
        World { ubusd, netifd, applied, daemon: None, sim, modem: None, following }
    }

    async fn start(&mut self) -> Step<String> {
        self.daemon = Some(program().arg("daemon").spawn().map_err(doing(PROGRAM))?);
        let there = || self.ubusd.objects().iter().any(|path| path == "uwand").then_some(());
        until("object uwand", SOON, there).await?;
        Ok(format!("process {}", self.daemon.as_ref().and_then(Child::id).unwrap_or(0)))
    }

    async fn plug(&mut self, setup: Setup) -> Step<String> {
        // The modem of the chapter before may still be on its way out, under these names.
        until("the last modem's leave", SOON, || no_modem().then_some(())).await?;
        self.sim = QmiModem::new(setup);
        let socket = |what: nix::Result<_>| what.map_err(doing("socketpair"));
        let ports = (0..3).map(|_| socket(stand_in::port())).collect::<Step<Vec<_>>>()?;
        let wires = Wires { control: self.sim.connect().map_err(doing("socketpair"))?, ports };
        let net = Network::default();
        let modem = Modem::plug(PORT, &SIERRA_QMI, wires, &net).map_err(doing("attach"))?;
        let (sim, knobs) = (self.sim.clone(), modem.knobs.clone());
        let going = Rc::new(Cell::new(true));
        self.following = going.clone();
        spawn_local(async move {
            while going.get() {
                follow(&sim, &net, &knobs);
                sleep(Duration::from_millis(2)).await;
            }
        });
        self.modem = Some(modem);
        appears("/dev/cdc-wdm0").await?;
        appears(&format!("/sys/class/net/{NETDEV}")).await?;
        let raw_ip = until("raw_ip", SOON, || raw_ip().ok()).await?;
        self.netifd.plug(NETDEV);
        Ok(format!("{NETDEV}, raw_ip {raw_ip}"))
    }

    async fn is_up(&self) -> Step {
        if !self.netifd.until(SOON, |netifd| netifd.is_up(WAN)).await {
            return Err(format!("not up: {}", self.netifd.status(WAN)));
        }
        if let Some(wrong) = self.applied.borrow_mut().complaints.pop() {
            return Err(wrong);
        }
        let wrong = self.netifd.complaints();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }

    async fn up(&mut self, raw: bool) -> Step<String> {
        let begin = Instant::now();
        let config = json!({ "proto": "uwand", "apn": "internet", "device": "usb:1199:9071" });
        self.netifd.configure(WAN, Some(config));
        self.netifd.ifup(WAN);
        self.is_up().await?;
        let (took, trips) = (begin.elapsed().as_millis(), self.sim.requests());
        let (kernel, firmware) = (raw_ip()?, self.sim.link_layer());
        if (kernel, firmware == LinkLayer::RawIp) != (raw, raw) {
            return Err(format!("raw_ip {kernel} here and {firmware:?} there"));
        }
        checked().await?;
        let usable = begin.elapsed().as_millis();
        Ok(format!(
            "up after {took} ms and {trips} control messages, IPv6 checked after {usable} ms; raw_ip {kernel}, {}",
            mac()
        ))
    }

    async fn both_up(&mut self) -> Step<String> {
        ["qmimux0", "qmimux1"].into_iter().for_each(|name| self.netifd.plug(name));
        for (name, session) in [(WAN, "1"), (SECOND, "2")] {
            let device = "usb:1199:9071";
            let config = json!({ "proto": "uwand", "apn": "internet", "device": device, "session": session });
            self.netifd.configure(name, Some(config));
            self.netifd.ifup(name);
            if !self.netifd.until(SOON, |netifd| netifd.is_up(name)).await {
                return Err(format!("{name} is not up: {}", self.netifd.status(name)));
            }
        }
        self.is_up().await?;
        let mtu = netdev::mtu(NETDEV).map_err(doing("MTU"))?;
        let (devices, raw, format) = (mux_devices(), raw_ip()?, self.sim.format());
        let device = |name: &str| self.netifd.status(name)["l3_device"].as_str().map(str::to_owned);
        let carriers = [device(WAN), device(SECOND)];
        let right = carriers == [Some("qmimux0".to_owned()), Some("qmimux1".to_owned())];
        if !right || devices.len() != 2 || !raw || format.downlink != Aggregation::Qmap || mtu < format.size {
            return Err(format!("{carriers:?} of {devices:?}, raw_ip {raw}, MTU {mtu}, {format:?}"));
        }
        Ok(format!("qmimux0 and qmimux1, {NETDEV} reads {mtu} bytes at once for the modem's {}", format.size))
    }

    async fn second_down(&mut self) -> Step<String> {
        self.netifd.ifdown(SECOND);
        if !self.netifd.until(SOON, |netifd| netifd.state(SECOND) == State::Down).await {
            return Err(self.netifd.status(SECOND).to_string());
        }
        until("its device's leave", SOON, || (mux_devices().len() == 1).then_some(())).await?;
        self.is_up().await?;
        let calls: Vec<u8> = self.sim.calls().iter().map(|((channel, _), _)| *channel).collect();
        if calls.iter().any(|channel| *channel != 1) {
            return Err(format!("calls on channels {calls:?}"));
        }
        Ok(format!("left: {}", mux_devices().join(" ")))
    }

    async fn replaced(&mut self) -> Step<String> {
        let takeover = Takeover::begin(&self.netifd, WAN, self.daemon.take()).await?;
        let before = self.sim.clients().len();
        self.sim.forget_requests();
        takeover.respawn().await;
        self.start().await?;
        let took = takeover.managed(&self.netifd, WAN).await?;
        self.is_up().await?;
        // The other interface of the same modem may take a moment longer.
        let mut state = state_by(program()).await?;
        let begin = Instant::now();
        while state != "up" && begin.elapsed() < SOON {
            sleep(Duration::from_millis(50)).await;
            state = state_by(program()).await?;
        }
        let answered = takeover.end().await?;
        let (starts, syncs) = (self.sim.starts().len(), self.sim.count::<Sync>());
        let clients = self.sim.clients().len();
        if state != "up" || (starts, syncs) != (0, 0) || clients > before {
            let ids = format!("{before} client ids became {clients}");
            return Err(format!("{state}, {starts} calls started, {syncs} SYNCs, {ids}"));
        }
        Ok(format!(
            "managed again {} ms after it, no SYNC and no START_NETWORK in {} messages, {clients} client ids; \
             {answered}",
            took.as_millis(),
            self.sim.requests()
        ))
    }

    async fn down(&mut self) -> Step<&'static str> {
        self.netifd.ifdown(WAN);
        if !self.netifd.until(SOON, |netifd| netifd.state(WAN) == State::Down).await {
            return Err(self.netifd.status(WAN).to_string());
        }
        let ended = || self.sim.calls().is_empty().then_some("both calls are ended");
        until("the end of the calls", SOON, ended).await
    }

    async fn unplug(&mut self) -> Step<&'static str> {
        self.following.set(false);
        self.modem = None;
        self.sim.vanish();
        self.netifd.unplug(NETDEV);
        self.applied.borrow_mut().forget();
        let path = format!("/sys/class/net/{NETDEV}");
        until("gone", SOON, || (!Path::new(&path).exists()).then_some("and its network device")).await
    }

    async fn end(mut self) {
        self.netifd.kill();
        if let Some(mut daemon) = self.daemon.take() {
            // Nothing is left that it could do wrong.
            let _ = daemon.kill().await;
        }
    }
}

/// Neither a control device nor a network device of any modem is left.
fn no_modem() -> bool {
    let none = |directory: &str, prefix: &str| {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        !entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
    };
    none("/dev", "cdc-wdm") && none("/sys/class/net", "wwan")
}

fn mux_devices() -> Vec<String> {
    let entries = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.starts_with("qmimux")).collect()
}

fn raw_ip() -> Step<bool> {
    netdev::raw_ip(&Sysfs::default(), NETDEV).ok_or_else(|| "no attribute raw_ip".to_owned())
}

fn mac() -> String {
    let address = fs::read_to_string(format!("/sys/class/net/{NETDEV}/address")).unwrap_or_default();
    match address.trim() {
        "" => "no MAC".to_owned(),
        address => format!("MAC {address}"),
    }
}

/// No address of the device is still checked for a duplicate (the flag of <linux/if_addr.h>),
/// which only Ethernet frames make the kernel do; IPv6 leaves from none before.
async fn checked() -> Step {
    let done = || {
        let addresses = fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
        let tentative = |line: &str| {
            let flags = line.split_whitespace().nth(4).and_then(|flags| u32::from_str_radix(flags, 16).ok());
            line.ends_with(NETDEV) && flags.is_none_or(|flags| flags & TENTATIVE != 0)
        };
        (!addresses.lines().any(tentative)).then_some(())
    };
    until("addresses without a duplicate", SOON, done).await
}
