//! Probes, power and drivers as the daemon has them (`linux/ping`, `power`, `heal`), against the
//! real kernel: what cures a hung modem and what does not, without a daemon in between.

use super::compositions::SIERRA_MBIM;
use super::device::{Hang, Modem};
use super::init::ip;
use super::kernel::{FAR_V4, FAR_V6, appears, blocking, control_channel};
use super::network::Network;
use super::stand_in;
use super::supply::Supply;
use super::timeline::{Step, Timeline, doing, until};
use super::wdm;
use std::cell::RefCell;
use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::spawn_local;
use tokio::time::timeout;
use uwand::device::DeviceSpec;
use uwand::linux::ping::{Failure, Source, Target, probe};
use uwand::linux::power::{Method, Way, cycle, ways};
use uwand::linux::sysfs::{Found, Sysfs};
use uwand::linux::{heal, power};

const SOON: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(3);
const SHORT: Duration = Duration::from_millis(300);
const OFF: Duration = Duration::from_millis(500);
const RUN_DIR: &str = "/run/uwand-power";
const PORT: u32 = 3;
const WDM: &str = "/dev/cdc-wdm0";
const NETDEV: &str = "/sys/class/net/wwan0";

/// A modem in a socket with current: it comes back afresh with it.
struct Socket {
    modem: RefCell<Option<Modem>>,
    net: Network,
    cuts: RefCell<u32>,
}

impl Socket {
    fn plug(&self) -> Step {
        let control = stand_in::firmware().map_err(doing("socketpair"))?;
        let modem = Modem::plug(PORT, &SIERRA_MBIM, control, &self.net).map_err(doing("attach"))?;
        *self.modem.borrow_mut() = Some(modem);
        Ok(())
    }

    async fn follow(self: Rc<Self>, mut supply: Supply) {
        loop {
            let on = supply.changed().await;
            if !on {
                drop(self.modem.borrow_mut().take());
                *self.cuts.borrow_mut() += 1;
            } else if let Err(why) = self.plug() {
                println!("          the modem does not come back: {why}");
            }
        }
    }

    fn set(&self, hang: Hang) {
        if let Some(modem) = self.modem.borrow().as_ref() {
            modem.knobs.set_hang(hang);
        }
    }

    fn stall(&self, stalled: bool) {
        if let Some(modem) = self.modem.borrow().as_ref() {
            modem.knobs.set_drops_data(stalled);
        }
    }
}

pub async fn chapter(t: &mut Timeline) {
    t.chapter("probes, power and drivers");
    let socket =
        Rc::new(Socket { modem: RefCell::default(), net: Network::default(), cuts: RefCell::default() });
    socket.net.open(0);
    let mut following = None;
    t.step("attached, with the current watched", async {
        let supply = Supply::of(PORT)?;
        socket.plug()?;
        here().await?;
        following = Some(spawn_local(socket.clone().follow(supply)));
        Ok(WDM)
    })
    .await;
    let Some(following) = following else { return };
    probes(t, &socket).await;
    t.step("ways to cut its power", async { listed() }).await;
    t.step("`authorized` does not cure a deaf modem", authorized(&socket)).await;
    t.step("the power of its port does", by_port(&socket, Hang::Deaf)).await;
    t.step("and one that takes nothing at all", by_port(&socket, Hang::Naks)).await;
    t.step("a cut that is broken off ends with the power on", broken_off(&socket)).await;
    t.step("an interface whose driver was taken away is bound again", healed()).await;
    following.abort();
    drop(socket.modem.borrow_mut().take());
    let left = || (!Path::new(NETDEV).exists()).then_some("wwan0 went with it");
    t.step("gone", until("gone", SOON, left)).await;
}

async fn here() -> Step {
    appears(WDM).await?;
    appears(NETDEV).await
}

fn find() -> Step<Rc<Found>> {
    let spec = DeviceSpec::parse("usb:1199:9071").map_err(doing("device"))?;
    Sysfs::default().find(&spec, &|_| None).map_err(doing("device"))
}

fn way(method: Method) -> Step<Way> {
    let found = find()?;
    let all = ways(&Sysfs::default(), &found, "auto")?;
    all.into_iter().find(|way| way.method == method).ok_or(format!("no way by {}", method.as_str()))
}

async fn probes(t: &mut Timeline, socket: &Socket) {
    let source = Source {
        netdev: "wwan0".into(),
        v4: "192.0.2.2".parse().ok(),
        v6: "2001:db8::2".parse().ok(),
        ..Source::default()
    };
    t.step("the kernel's device is up", async {
        for line in
            ["addr add 192.0.2.2/24 dev wwan0", "-6 addr add 2001:db8::2/64 dev wwan0", "link set wwan0 up"]
        {
            ip(line)?;
        }
        Ok("wwan0")
    })
    .await;
    for far in [FAR_V4, FAR_V6] {
        t.step(&format!("a probe of {far}"), answered(far, &source)).await;
    }
    // Group 0 may not have ping sockets: a raw one it is, as on OpenWrt.
    let none = fs::write("/proc/sys/net/ipv4/ping_group_range", "1 0");
    t.step("and by a raw socket", async {
        none.map_err(doing("ping_group_range"))?;
        answered(FAR_V4, &source).await
    })
    .await;
    let _ = fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0");
    socket.stall(true);
    t.step("a stall is a probe without an answer", async {
        let target = Target::parse(FAR_V4)?;
        match probe(&target, &source, SHORT).await {
            Err(Failure::Timeout) => Ok("no answer"),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    socket.stall(false);
    t.step("and is over when it is over", answered(FAR_V4, &source)).await;
}

async fn answered(far: &str, source: &Source) -> Step<String> {
    let rtt = probe(&Target::parse(far)?, source, PATIENCE).await.map_err(doing(far))?;
    Ok(format!("{:.1} ms", rtt.as_secs_f32() * 1000.0))
}

fn listed() -> Step<String> {
    let found = find()?;
    let all = ways(&Sysfs::default(), &found, "auto")?;
    let first = all.first().ok_or("none")?;
    if first.method != Method::Port || !first.cuts_power || !first.others.is_empty() {
        return Err(format!("the first is {first:?}"));
    }
    Ok(all.iter().map(Way::to_string).collect::<Vec<_>>().join("; "))
}

fn is_deaf() -> Step {
    let mut file = wdm::open(WDM)?;
    wdm::send(&mut file, &wdm::open_message(4))?;
    let events = wdm::wait(&file, SHORT)?;
    wdm::close(file);
    if events.is_empty() { Ok(()) } else { Err(format!("it answers: {events:?}")) }
}

async fn authorized(socket: &Socket) -> Step<String> {
    socket.set(Hang::Deaf);
    blocking(is_deaf).await?;
    let begin = Instant::now();
    cycle(&way(Method::Authorized)?, OFF, Path::new(RUN_DIR)).await.map_err(doing("a cut"))?;
    here().await?;
    let took = begin.elapsed();
    blocking(is_deaf).await?;
    match *socket.cuts.borrow() {
        0 => Ok(format!("back after {took:.1?}, as deaf as before")),
        cuts => Err(format!("{cuts} cuts")),
    }
}

async fn by_port(socket: &Socket, hang: Hang) -> Step<String> {
    socket.set(hang);
    let before = *socket.cuts.borrow();
    let begin = Instant::now();
    cycle(&way(Method::Port)?, OFF, Path::new(RUN_DIR)).await.map_err(doing("a cut"))?;
    let took = begin.elapsed();
    here().await?;
    let answers = blocking(|| control_channel(0)).await?;
    if *socket.cuts.borrow() != before + 1 {
        return Err("its current was not cut once".to_owned());
    }
    Ok(format!("off and on in {took:.1?}, then OPEN is answered, {answers}"))
}

async fn broken_off(socket: &Socket) -> Step<String> {
    let before = *socket.cuts.borrow();
    let port = way(Method::Port)?;
    if timeout(OFF, cycle(&port, SOON * 6, Path::new(RUN_DIR))).await.is_ok() {
        return Err("it was over before".to_owned());
    }
    let begin = Instant::now();
    let back = || (*socket.cuts.borrow() > before && Path::new(WDM).exists()).then_some(());
    until("its return", SOON, back).await?;
    here().await?;
    power::settle(SOON);
    let notes = fs::read_dir(RUN_DIR).map_err(doing(RUN_DIR))?.count();
    let answers = blocking(|| control_channel(0)).await?;
    if notes > 0 {
        Err(format!("{notes} notes are left"))
    } else {
        Ok(format!("after {:.1?}, {answers}", begin.elapsed()))
    }
}

/// As libusb's detach_kernel_driver leaves it, while a program still has the device open.
async fn healed() -> Step<String> {
    let modem = find()?;
    let interface = format!("{}:1.{}", modem.id, modem.interface);
    let number =
        |name| fs::read_to_string(modem.dir.join(name)).map(|text| text.trim().parse().unwrap_or(0u16));
    let (bus, address) =
        (number("busnum").map_err(doing("bus"))?, number("devnum").map_err(doing("device"))?);
    let node = format!("/dev/bus/usb/{bus:03}/{address:03}");
    let file = OpenOptions::new().read(true).open(&node).map_err(doing(node))?;
    let mut program = Command::new("/bin/busybox");
    let mut program =
        program.args(["sleep", "60"]).stdin(Stdio::from(file)).spawn().map_err(doing("busybox"))?;
    fs::write("/sys/bus/usb/drivers/cdc_mbim/unbind", &interface).map_err(doing("unbind"))?;
    let found = heal::orphans(&Sysfs::default());
    let _ = program.kill();
    let _ = program.wait();
    let [orphan] = found.as_slice() else { return Err(format!("{found:?}")) };
    let holder = orphan.holder.clone().unwrap_or_default();
    if (orphan.interface.as_str(), orphan.driver) != (interface.as_str(), "cdc_mbim")
        || !holder.contains("busybox")
    {
        return Err(format!("{orphan:?}"));
    }
    let (mut healer, begin) = (heal::Healer::default(), Instant::now());
    let early = healer.due(&found, begin).len();
    let due = healer.due(&found, begin + heal::Healer::GRACE);
    if (early, due.len()) != (0, 1) {
        return Err(format!("{early} early, {} due", due.len()));
    }
    heal::bind(&Sysfs::default(), orphan).await?;
    here().await?;
    let answers = blocking(|| control_channel(0)).await?;
    match heal::orphans(&Sysfs::default()).as_slice() {
        [] => Ok(format!("{interface}, held by {holder}; {answers}")),
        left => Err(format!("{left:?}")),
    }
}
