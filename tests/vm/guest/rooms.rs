//! Second chapter: what the daemon has for the kernel (`linux/*` and the MBIM client),
//! against the real one. The tests beside those files can only say what their authors
//! believe of sysfs, uevents, cdc-wdm and VLANs.

use super::compositions::{MBIM_CONTROL, SIERRA_MBIM};
use super::device::Modem;
use super::init::ip;
use super::kernel::gone;
use super::network::Network;
use super::ping::{Replies, ping};
use super::stand_in;
use super::timeline::{Step, Timeline, doing};
use std::net::IpAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;
use uwand::device::DeviceSpec;
use uwand::linux::sysfs::{Found, Sysfs};
use uwand::linux::uevent::{Action, Notice, Uevents};
use uwand::linux::{netdev, vlan, wdm};
use uwand::mbim::client::{Client, Event, Io};
use uwand::words::Control;

const SOON: Duration = Duration::from_secs(10);
const WDM: &str = "/dev/cdc-wdm0";
const PORT: u32 = 2;

pub async fn chapter(t: &mut Timeline) {
    t.chapter("the daemon's rooms and the kernel");
    let Ok(events) = Uevents::kernel() else {
        t.step("a socket for uevents", async { Err::<&str, _>("refused".to_owned()) }).await;
        return;
    };
    let sysfs = Sysfs::default();
    let net = Network::default();
    let mut modem = None;
    t.step("uevents tell of the control device and the network device", async {
        let control = stand_in::firmware().map_err(doing("socketpair"))?;
        modem = Some(Modem::plug(PORT, &SIERRA_MBIM, control, &net).map_err(doing("attach"))?);
        heard(&events, Action::Add, &["cdc-wdm0", "wwan0"]).await
    })
    .await;
    let Some(modem) = modem else { return };
    t.step("every form of option device finds it", async { found(&sysfs) }).await;
    let mut channel = None;
    t.step("the MBIM client opens it", async {
        channel = Some(client().await?);
        Ok("OPEN_DONE")
    })
    .await;
    t.step("MTU, up and counters", async { settings(&sysfs) }).await;
    t.step("session 1 is a VLAN with packets of its own", session(&net)).await;
    t.step("gone", gone(modem, "wwan0")).await;
    t.step("the client hears of it", at_end(channel)).await;
    t.step("uevents tell of it", heard(&events, Action::Remove, &["cdc-wdm0", "wwan0"])).await;
    t.step("and it is found no more", async { missing(&sysfs) }).await;
}

async fn heard(events: &Uevents, action: Action, names: &[&str]) -> Step<String> {
    let mut waiting: Vec<&str> = names.to_vec();
    let mut count = 0;
    let listen = async {
        while !waiting.is_empty() {
            count += 1;
            match events.next().await.map_err(doing("uevents"))? {
                Notice::Event(event) if event.action == action => {
                    waiting.retain(|name| *name != event.name())
                }
                Notice::Event(_) => {}
                Notice::Lost => return Err("events were lost".to_owned()),
            }
        }
        Ok(())
    };
    timeout(SOON, listen).await.map_err(doing("no event"))??;
    Ok(format!("the last one is number {count}"))
}

fn find(sysfs: &Sysfs, spec: &str) -> Step<Rc<Found>> {
    let parsed = DeviceSpec::parse(spec).map_err(doing(spec))?;
    sysfs.find(&parsed, &|_| None).map_err(doing(spec))
}

fn found(sysfs: &Sysfs) -> Step<String> {
    let specs = ["auto", WDM, "1-3", "/sys/class/net/wwan0", "usb:1199:9071", "serial:VM0001"];
    let auto = find(sysfs, "auto")?;
    for spec in specs {
        if find(sysfs, spec)? != auto {
            return Err(format!("{spec} finds another one"));
        }
    }
    let what =
        (auto.driver.as_str(), auto.control, auto.wdm.as_path(), auto.netdev.as_deref(), auto.interface);
    if what != ("cdc_mbim", Some(Control::Mbim), Path::new(WDM), Some("wwan0"), MBIM_CONTROL) {
        return Err(format!("{auto:?}"));
    }
    Ok(auto.to_string())
}

fn missing(sysfs: &Sysfs) -> Step<String> {
    match find(sysfs, "auto") {
        Ok(found) => Err(found.to_string()),
        Err(why) => Ok(why),
    }
}

type Channel = (Client, UnboundedReceiver<Event>);

async fn client() -> Step<Channel> {
    let opened = wdm::open(Path::new(WDM), SOON).await.map_err(doing("open"))?;
    if opened.max_transfer != 4096 || opened.is_socket {
        return Err(format!("{opened:?}"));
    }
    let size = usize::from(opened.max_transfer);
    let io = Io::packets(opened.fd, size).map_err(doing(WDM))?.close_with(wdm::close);
    let (told, events) = unbounded_channel();
    let ear = Box::new(move |event| told.send(event).unwrap_or_default());
    let client = Client::start(io, size, ear);
    client.open().await.map_err(doing("OPEN"))?;
    Ok((client, events))
}

async fn at_end(channel: Option<Channel>) -> Step<&'static str> {
    let (_client, mut events) = channel.ok_or("there is none")?;
    match timeout(SOON, events.recv()).await {
        Ok(Some(Event::Gone)) => Ok("its last event"),
        other => Err(format!("{other:?}")),
    }
}

fn settings(sysfs: &Sysfs) -> Step<String> {
    const MTU: u32 = 1430;
    netdev::set_up("wwan0", true).map_err(doing("up"))?;
    netdev::set_mtu("wwan0", MTU).map_err(doing("MTU"))?;
    let up = netdev::is_up("wwan0").map_err(doing("flags"))?;
    let mtu = netdev::mtu("wwan0").map_err(doing("MTU"))?;
    let counters = netdev::Counters::read(sysfs, "wwan0").map_err(doing("counters"))?;
    if !up || mtu != MTU { Err(format!("up {up}, MTU {mtu}")) } else { Ok(format!("{counters:?}")) }
}

async fn session(net: &Network) -> Step<Replies> {
    let name = vlan::add("wwan0", 1).map_err(doing("VLAN"))?;
    ip(&format!("addr add 198.51.100.2/24 dev {name}"))?;
    ip(&format!("link set {name} up"))?;
    net.open(1);
    let far: IpAddr = "198.51.100.1".parse().map_err(doing("address"))?;
    let replies = ping(far, Some(&name), 3, SOON).await?;
    vlan::remove(&name).map_err(doing("remove"))?;
    if replies.received != 3 { Err(format!("{replies}; {:?}", net.counters())) } else { Ok(replies) }
}
