//! The daemon mends what breaks: a data stall by dialling again, a modem that hangs by the power
//! of its port, which it finds by itself and remembers.
//!
//! Contract: nobody helps. The stall lasts until the modem is dialled anew, the hang until the
//! current is gone; `authorized`, a driver's rebind and every message leave it as it is.

use super::apply::Applied;
use super::compositions::SIERRA_MBIM;
use super::device::{Hang, Modem};
use super::kernel::appears;
use super::network::Network;
use super::ping::ping;
use super::sim::modem::{Setup, SimModem};
use super::sim::netifd::{Handler, Netifd};
use super::sim::ubusd::Ubusd;
use super::supply::Supply;
use super::timeline::{Step, Timeline, doing, until};
use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::task::spawn_local;
use tokio::time::sleep;
use uwand::ubus::Source;

use uwand::json::{Value, json};

const PROGRAM: &str = "/bin/uwand";
const SOCKET: &str = "/run/ubus-recovery.sock";
const OUTSIDE: [(&str, &str); 2] = [("UWAND_UBUS_SOCKET", SOCKET), ("UWAND_RUN_DIR", "/run/uwand-recovery")];
const WAN: &str = "wan";
const PORT: u32 = 4;
const NETDEV: &str = "wwan0";
const FAR: &str = "192.0.2.1";
const SOON: Duration = Duration::from_secs(10);
/// What the ladder may take until it cuts the power of a modem that answers nothing.
const LADDER: Duration = Duration::from_secs(150);
/// Then what cured it is remembered, and what was tried is forgiven.
const FORGIVEN: Duration = Duration::from_secs(310);
/// From the stall to traffic, with an interval of 5 s and a time-out of 1 s.
const MENDED: Duration = Duration::from_secs(10);

pub async fn chapter(t: &mut Timeline) {
    t.chapter("the watchdog: a stall, and a modem that hangs");
    let Ok(ubusd) = Ubusd::at(Path::new(SOCKET)) else { return };
    let world = World::new();
    let mut daemon = None;
    t.step("the daemon is on ubus", async {
        daemon = Some(program().arg("daemon").spawn().map_err(doing(PROGRAM))?);
        let there = || ubusd.objects().iter().any(|path| path == "uwand").then_some("there");
        until("object uwand", SOON, there).await
    })
    .await;
    t.step("ifup, in a socket whose current is watched", world.clone().begin()).await;
    t.step("a data stall is mended by dialling again", world.stall()).await;
    let first = t.step_within(LADDER, "a hung modem gets its power cut", world.hang()).await;
    match first {
        Some(_) if is_short() => println!("skipped: five good minutes, and the next hang (--short)"),
        Some(first) => {
            t.step_within(FORGIVEN * 2, "five good minutes, in which nothing is done", world.quiet()).await;
            t.step_within(LADDER, "the next hang gets there sooner", world.sooner(first)).await;
        }
        None => {}
    }
    world.end(daemon).await;
}

fn program() -> Command {
    let mut command = Command::new(PROGRAM);
    command.envs(OUTSIDE);
    command
}

struct World {
    netifd: Netifd,
    applied: Rc<RefCell<Applied>>,
    sim: SimModem,
    net: Network,
    modem: RefCell<Option<Modem>>,
    cuts: Cell<u32>,
}

/// How long a hang lasted, and what was tried, for the timeline.
struct Cure {
    took: Duration,
    rungs: Vec<String>,
}

impl std::fmt::Display for Cure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "traffic again after {:.1?}, by {}", self.took, self.rungs.join(", "))
    }
}

impl World {
    fn new() -> Rc<Self> {
        let environment = OUTSIDE.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let handler = Handler::Process { program: PROGRAM.into(), arguments: Vec::new(), environment };
        let netifd = Netifd::start(|| Source::Paths(vec![SOCKET.into()]), handler);
        let applied = Rc::new(RefCell::new(Applied::default()));
        let kernel = applied.clone();
        netifd.on_settings(move |_, link| kernel.borrow_mut().follow(link));
        let sim = SimModem::new(Setup::default());
        let (modem, cuts) = (RefCell::default(), Cell::default());
        Rc::new(World { netifd, applied, sim, net: Network::default(), modem, cuts })
    }

    async fn begin(self: Rc<Self>) -> Step<String> {
        let supply = Supply::of(PORT)?;
        self.plug()?;
        spawn_local(self.clone().follow_supply(supply));
        spawn_local(self.clone().follow_sessions());
        appears("/dev/cdc-wdm0").await?;
        let config = json!({
            "proto": "uwand", "apn": "internet", "device": "usb:1199:9071",
            "watchdog_target": [FAR], "watchdog_interval": "5", "watchdog_timeout": "1",
        });
        self.netifd.configure(WAN, Some(config));
        self.netifd.ifup(WAN);
        self.is_up().await?;
        Ok(format!("first answer after {:.1?}", self.traffic(SOON).await?))
    }

    fn plug(&self) -> Step {
        let control = self.sim.connect().map_err(doing("socketpair"))?;
        let modem = Modem::plug(PORT, &SIERRA_MBIM, control, &self.net).map_err(doing("attach"))?;
        *self.modem.borrow_mut() = Some(modem);
        self.netifd.plug(NETDEV);
        Ok(())
    }

    /// Without current the firmware forgets all, its hang included.
    async fn follow_supply(self: Rc<Self>, mut supply: Supply) {
        loop {
            if !supply.changed().await {
                drop(self.modem.borrow_mut().take());
                self.sim.vanish();
                self.netifd.unplug(NETDEV);
                self.applied.borrow_mut().forget();
                self.cuts.set(self.cuts.get() + 1);
            } else if let Err(why) = self.plug() {
                println!("          the modem does not come back: {why}");
            }
        }
    }

    /// The data path has the addresses of its sessions, and a session dialled anew does not stall.
    async fn follow_sessions(self: Rc<Self>) {
        let mut dialled = 0;
        loop {
            let sessions = self.sim.sessions().into_iter().map(|(id, session)| {
                let v4 = session.ip.v4.iter().map(|(address, _)| IpAddr::from(*address));
                let v6 = session.ip.v6.iter().map(|(address, _)| IpAddr::from(*address));
                (id as u8, v4.chain(v6).collect())
            });
            self.net.set_bearers(sessions.collect());
            let now = self.sim.activations().len();
            if now != dialled {
                dialled = now;
                self.knobs(|knobs| knobs.set_drops_data(false));
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    fn knobs(&self, turn: impl FnOnce(&super::device::Knobs)) {
        if let Some(modem) = self.modem.borrow().as_ref() {
            turn(&modem.knobs);
        }
    }

    async fn is_up(&self) -> Step {
        match self.netifd.until(SOON, |netifd| netifd.is_up(WAN)).await {
            true => Ok(()),
            false => Err(format!("not up: {}", self.netifd.status(WAN))),
        }
    }

    /// How long until an echo request by the routing table is answered.
    async fn traffic(&self, limit: Duration) -> Step<Duration> {
        let far: IpAddr = FAR.parse().map_err(doing("address"))?;
        let begin = Instant::now();
        while begin.elapsed() < limit {
            let asked = Instant::now();
            let pause = Duration::from_millis(100);
            // No route and no device are no answers either.
            if ping(far, None, 1, pause).await.is_ok_and(|replies| replies.received == 1) {
                return Ok(begin.elapsed());
            }
            sleep(pause.saturating_sub(asked.elapsed())).await;
        }
        Err(format!("no traffic after {limit:.0?}; {}", explained().await))
    }

    async fn stall(&self) -> Step<Cure> {
        self.knobs(|knobs| knobs.set_drops_data(true));
        let took = self.traffic(MENDED).await?;
        self.is_up().await?;
        let rungs = rungs().await?;
        match (rungs.last().map(String::as_str), self.cuts.get()) {
            (Some("reconnect"), 0) => Ok(Cure { took, rungs }),
            (_, cuts) => Err(format!("by {}, {cuts} cuts", rungs.join(", "))),
        }
    }

    async fn hang(&self) -> Step<Cure> {
        let before = self.cuts.get();
        self.knobs(|knobs| knobs.set_hang(Hang::Naks));
        let took = self.traffic(LADDER).await?;
        let rungs = rungs().await?;
        match (rungs.last().map(String::as_str), self.cuts.get() - before) {
            (Some("power"), 1) => Ok(Cure { took, rungs }),
            (_, cuts) => Err(format!("by {}, {cuts} cuts", rungs.join(", "))),
        }
    }

    async fn quiet(&self) -> Step<String> {
        let (cuts, dialled) = (self.cuts.get(), self.sim.activations().len());
        sleep(FORGIVEN).await;
        let seen = explained().await;
        let told: Value = uwand::json::from_str(&seen).map_err(doing("explain"))?;
        if (self.cuts.get(), self.sim.activations().len()) != (cuts, dialled) {
            return Err(format!("something was done; {seen}"));
        }
        match told["remembered"].as_str() {
            Some("power") => Ok("power is remembered".to_owned()),
            _ => Err(seen),
        }
    }

    async fn sooner(&self, first: Cure) -> Step<Cure> {
        let second = self.hang().await?;
        match second.rungs.len() < first.rungs.len() && second.took < first.took {
            true => Ok(second),
            false => Err(format!("first {first}, then {second}")),
        }
    }

    async fn end(&self, daemon: Option<Child>) {
        self.netifd.kill();
        if let Some(mut daemon) = daemon {
            // Nothing is left that it could do wrong.
            let _ = daemon.kill().await;
        }
        drop(self.modem.borrow_mut().take());
    }
}

/// The rungs of the last outage, once the daemon says that it is over.
async fn rungs() -> Step<Vec<String>> {
    let begin = Instant::now();
    loop {
        let out = program().args(["outages", "--json"]).output().await.map_err(doing(PROGRAM))?;
        let reply: Value = uwand::json::from_slice(&out.stdout).map_err(doing("outages"))?;
        let last = &reply["outages"][0];
        if last.is_object() && last["open"] == Value::Bool(false) {
            let tried = last["rungs"].as_array().cloned().unwrap_or_default();
            let name = |rung: &Value| rung["rung"].as_str().unwrap_or("?").to_owned();
            return Ok(tried.iter().map(name).collect());
        }
        if begin.elapsed() > SOON {
            return Err(format!("no outage is over: {reply}"));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// The host has said so on the kernel's command line.
fn is_short() -> bool {
    std::fs::read_to_string("/proc/cmdline")
        .is_ok_and(|line| line.split_whitespace().any(|w| w == "uwand.short"))
}

/// What the daemon thinks of it, for a step that fails.
async fn explained() -> String {
    match program().args(["explain", "--json", "-i", WAN]).output().await {
        Ok(out) => String::from_utf8_lossy(&out.stdout).trim().replace('\n', " "),
        Err(error) => error.to_string(),
    }
}
