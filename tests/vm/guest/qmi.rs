//! A QMI modem with serial ports: qmi_wwan in both of its framings, and qcserial.

use super::compositions::SIERRA_QMI;
use super::device::{Modem, Wires};
use super::init::ip;
use super::kernel::{FAR_V4, FAR_V6, answered, appears, blocking, gone};
use super::network::Network;
use super::timeline::{Step, Timeline, doing};
use super::{stand_in, wdm};
use nix::poll::PollFlags;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;
use uwand::linux::netdev;
use uwand::linux::sysfs::Sysfs;

const PATIENCE: Duration = Duration::from_secs(3);
/// Interface 3 of the composition: the third port of qcserial.
const AT: &str = "/dev/ttyUSB2";

pub async fn chapter(t: &mut Timeline) {
    t.chapter("a QMI modem with serial ports");
    let net = Network::default();
    net.open(0);
    let mut plugged = None;
    t.step("attached", async {
        plugged = Some(plug(&net)?);
        for path in ["/dev/cdc-wdm0", "/sys/class/net/wwan0", "/dev/ttyUSB0", "/dev/ttyUSB1", AT] {
            appears(path).await?;
        }
        drivers()
    })
    .await;
    let Some(modem) = plugged else { return };
    t.step("CTL_SYNC over cdc-wdm is answered", blocking(control_channel)).await;
    t.step("Ethernet frames", framing(false)).await;
    modem.knobs.set_ethernet(true);
    t.step("ping through wwan0, IPv4", answered(FAR_V4, 3)).await;
    modem.knobs.set_ethernet(false);
    t.step("raw IP", framing(true)).await;
    t.step("ping through wwan0, IPv4", answered(FAR_V4, 3)).await;
    t.step("ping through wwan0, IPv6", answered(FAR_V6, 3)).await;
    t.step("AT over ttyUSB2 is answered", blocking(|| commanded(port()?))).await;
    let held = port();
    t.step("gone", gone(modem, "wwan0")).await;
    t.step("a port held open hangs up", blocking(|| hung_up(held?))).await;
}

fn plug(net: &Network) -> Step<Modem> {
    let socket = |what: nix::Result<_>| what.map_err(doing("socketpair"));
    let mut ports = Vec::new();
    for _ in 0..3 {
        ports.push(socket(stand_in::port())?);
    }
    let wires = Wires { control: socket(stand_in::firmware())?, ports };
    Modem::plug(0, &SIERRA_QMI, wires, net).map_err(doing("attach"))
}

fn drivers() -> Step<String> {
    let modems = Sysfs::default().modems();
    let [modem] = modems.as_slice() else { return Err(format!("{} modems", modems.len())) };
    let ports: Vec<_> = modem.ports.iter().map(|p| format!("{}/{}", p.name, p.interface)).collect();
    if modem.driver != "qmi_wwan" || ports != ["ttyUSB0/0", "ttyUSB1/2", "ttyUSB2/3"] {
        return Err(format!("{modem:?}"));
    }
    Ok(format!("qmi_wwan, and qcserial's {}", ports.join(" ")))
}

fn control_channel() -> Step<String> {
    let mut file = wdm::open("/dev/cdc-wdm0")?;
    wdm::send(&mut file, &stand_in::CTL_SYNC)?;
    let answer = wdm::receive(&mut file, 4096, PATIENCE)?;
    if answer != stand_in::CTL_SYNC_DONE {
        return Err(format!("answered {answer:02x?}"));
    }
    Ok(format!("close(2) took {:.1?}", wdm::close(file)))
}

/// Only a device that is down can be switched.
async fn framing(raw: bool) -> Step<String> {
    let sysfs = Sysfs::default();
    let before = netdev::raw_ip(&sysfs, "wwan0").ok_or("no attribute raw_ip")?;
    netdev::set_up("wwan0", false).map_err(doing("down"))?;
    netdev::set_raw_ip(&sysfs, "wwan0", raw).map_err(doing("raw_ip"))?;
    if !raw {
        // The driver gives a random one, and takes a frame to 4x:… or 6x:… for a bare IP packet
        // (qmi_wwan_rx_fixup): one modem in eight would be deaf in this framing.
        ip("link set wwan0 address 02:00:00:00:00:02")?;
    }
    netdev::set_up("wwan0", true).map_err(doing("up"))?;
    ip("addr flush dev wwan0")?;
    ip("addr add 192.0.2.2/24 dev wwan0")?;
    ip("-6 addr add 2001:db8::2/64 dev wwan0")?;
    if netdev::raw_ip(&sysfs, "wwan0") != Some(raw) {
        return Err("it stays as it was".to_owned());
    }
    let refused = match netdev::set_raw_ip(&sysfs, "wwan0", !raw) {
        Err(e) if e.raw_os_error() == Some(nix::libc::EBUSY) => "EBUSY",
        other => return Err(format!("switched while up: {other:?}")),
    };
    let type_ = fs::read_to_string("/sys/class/net/wwan0/type").unwrap_or_default();
    Ok(format!("raw_ip {before} to {raw}, type {}, {refused} while up", type_.trim()))
}

fn port() -> Step<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY);
    let file = options.open(AT).map_err(doing(AT))?;
    let mut settings = tcgetattr(&file).map_err(doing("tcgetattr"))?;
    cfmakeraw(&mut settings);
    tcsetattr(&file, SetArg::TCSANOW, &settings).map_err(doing("tcsetattr"))?;
    Ok(file)
}

fn commanded(mut port: File) -> Step<String> {
    port.write_all(b"AT\r").map_err(doing("write"))?;
    let mut text = Vec::new();
    while !text.ends_with(b"OK\r\n") {
        text.extend(wdm::receive(&mut port, 64, PATIENCE)?);
    }
    Ok(String::from_utf8_lossy(&text).trim().to_owned())
}

/// A tty that has gone: IN, ERR and HUP, read gives 0, write EIO.
fn hung_up(mut port: File) -> Step<String> {
    let events = wdm::wait(&port, PATIENCE)?;
    let read = port.read(&mut [0; 16]);
    let write = port.write(b"AT\r").map_err(|e| e.raw_os_error());
    if !events.contains(PollFlags::POLLHUP) || !matches!(read, Ok(0)) || write != Err(Some(nix::libc::EIO)) {
        return Err(format!("poll {events:?}, read {read:?}, write {write:?}"));
    }
    Ok(format!("poll says {events:?}, read 0, write EIO"))
}
