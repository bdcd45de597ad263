//! First chapter: the harness against the kernel alone. What it asserts about cdc-wdm
//! and cdc_mbim is what the daemon's `linux/wdm` relies on.

use super::compositions::{OTHER_MBIM, SIERRA_MBIM};
use super::device::{Hang, Modem};
use super::init::ip;
use super::network::Network;
use super::ping::{Replies, ping};
use super::timeline::{Step, Timeline, doing, until};
use super::usb::Composition;
use super::{hang, stand_in, wdm};
use nix::poll::PollFlags;
use std::fs;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(3);
const SESSION: u8 = 0;

/// TEST-NET-1 and the documentation prefix: the far end of both families.
pub const FAR_V4: &str = "192.0.2.1";
pub const FAR_V6: &str = "2001:db8::1";

pub async fn chapter(t: &mut Timeline) {
    t.chapter("the kernel's drivers and an emulated modem");
    let net = Network::default();
    let Some(modem) = attach(t, 0, &SIERRA_MBIM, 0, &net).await else { return };
    t.step("OPEN over cdc-wdm is answered", blocking(|| control_channel(0))).await;
    t.step("a read takes one message, the rest of a cut one stays", blocking(reads)).await;
    data_path(t, &modem, &net).await;

    modem.knobs.set_hang(Hang::Deaf);
    t.step("a modem that answers nothing: close(2) does not wait", blocking(close_deaf)).await;
    t.step("`authorized` off and on does not cure it", authorized()).await;
    modem.knobs.set_hang(Hang::Naks);
    t.step(
        "a modem that takes nothing: kill -9 ends a program with a message under way at once",
        hang::killed(),
    )
    .await;
    t.step("its close(2) and its exit wait for the message, an unplug ends both", hang::held(modem)).await;

    let Some(modem) = attach(t, 0, &SIERRA_MBIM, 0, &net).await else { return };
    t.step("an unplug with the device held open", unplug(modem)).await;
    let Some(other) = attach(t, 1, &OTHER_MBIM, 0, &net).await else { return };
    let Some(modem) = attach(t, 0, &SIERRA_MBIM, 1, &net).await else { return };
    t.step("back under the next number, it answers", blocking(|| control_channel(1))).await;
    drop(other);
    t.step("gone", gone(modem, "wwan1")).await;
}

async fn data_path(t: &mut Timeline, modem: &Modem, net: &Network) {
    t.step("packets of a session without a bearer are lost", lost(net)).await;
    net.open(SESSION);
    modem.network_connection(true);
    t.step("ping through wwan0's NTBs, IPv4", answered(FAR_V4, 10)).await;
    t.step("ping through wwan0's NTBs, IPv6", answered(FAR_V6, 10)).await;
    modem.knobs.set_drops_data(true);
    t.step("a stalled modem drops packets", unanswered()).await;
    t.step("and answers messages all the same", blocking(|| control_channel(0))).await;
    modem.knobs.set_drops_data(false);
    t.step("until it does not", answered(FAR_V4, 1)).await;
    net.close(SESSION);
    modem.network_connection(false);
    t.step("the kernel's NTBs and ours agree", async { blocks(net) }).await;
}

/// Firmware, modem, and what the kernel makes of them: cdc-wdm and wwan of that number.
async fn attach(
    t: &mut Timeline,
    port: u32,
    kind: &'static Composition,
    number: u32,
    net: &Network,
) -> Option<Modem> {
    let mut plugged = None;
    let work = async {
        let control = stand_in::firmware().map_err(doing("socketpair"))?;
        plugged = Some(Modem::plug(port, kind, control, net).map_err(doing("attach"))?);
        appears(&format!("/dev/cdc-wdm{number}")).await?;
        let netdev = format!("/sys/class/net/wwan{number}");
        appears(&netdev).await?;
        let driver = fs::canonicalize(format!("{netdev}/device/driver")).map_err(doing("driver"))?;
        let driver = driver.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (vendor, product) = (kind.vendor, kind.product);
        Ok(format!("{vendor:04x}:{product:04x} gets cdc-wdm{number} and wwan{number} of {driver}"))
    };
    t.step("attached", work).await?;
    plugged
}

pub async fn appears(path: &str) -> Step {
    until(path, SOON, || Path::new(path).exists().then_some(())).await
}

pub async fn gone(modem: Modem, netdev: &str) -> Step<String> {
    modem.unplug();
    let path = format!("/sys/class/net/{netdev}");
    until("gone", SOON, || (!Path::new(&path).exists()).then(|| format!("{netdev} went with it"))).await
}

pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Step<T> + Send + 'static) -> Step<T> {
    tokio::task::spawn_blocking(work).await.map_err(doing("thread"))?
}

pub fn control_channel(number: u32) -> Step<String> {
    let mut file = wdm::open(&format!("/dev/cdc-wdm{number}"))?;
    wdm::send(&mut file, &wdm::open_message(1))?;
    let answer = wdm::receive(&mut file, 4096, PATIENCE)?;
    if answer != wdm::message(0x8000_0001, 1, &[0; 4]) {
        return Err(format!("answered {answer:02x?}"));
    }
    Ok(format!("close(2) took {:.1?}", wdm::close(file)))
}

fn reads() -> Step<String> {
    let mut file = wdm::open("/dev/cdc-wdm0")?;
    for transaction in [2, 3] {
        wdm::send(&mut file, &wdm::open_message(transaction))?;
    }
    let sizes = [4096, 10, 4096].map(|room| wdm::receive(&mut file, room, PATIENCE).map(|m| m.len()));
    let sizes = sizes.into_iter().collect::<Step<Vec<_>>>()?;
    if sizes != [16, 10, 6] {
        return Err(format!("reads of {sizes:?} bytes"));
    }
    Ok(format!("{sizes:?} bytes"))
}

async fn lost(net: &Network) -> Step<Replies> {
    for line in
        ["addr add 192.0.2.2/24 dev wwan0", "-6 addr add 2001:db8::2/64 dev wwan0", "link set wwan0 up"]
    {
        ip(line)?;
    }
    let replies = unanswered().await?;
    match net.counters().without_bearer {
        0 => Err("they did not even reach the modem".to_owned()),
        _ => Ok(replies),
    }
}

async fn unanswered() -> Step<Replies> {
    let far = FAR_V4.parse().map_err(doing("address"))?;
    let replies = ping(far, Some("wwan0"), 1, Duration::from_millis(200)).await?;
    if replies.received != 0 { Err(replies.to_string()) } else { Ok(replies) }
}

pub async fn answered(far: &str, count: u32) -> Step<Replies> {
    let far: IpAddr = far.parse().map_err(doing("address"))?;
    let replies = ping(far, Some("wwan0"), count, PATIENCE).await?;
    if replies.received != count { Err(replies.to_string()) } else { Ok(replies) }
}

fn blocks(net: &Network) -> Step<String> {
    let c = net.counters();
    let text =
        format!("{} blocks out, {} in, {} datagrams", c.blocks_from_host, c.blocks_to_host, c.datagrams);
    if c.bad_blocks != 0 { Err(format!("{text}, {} bad", c.bad_blocks)) } else { Ok(text) }
}

fn close_deaf() -> Step<String> {
    let mut file = wdm::open("/dev/cdc-wdm0")?;
    wdm::send(&mut file, &wdm::open_message(4))?;
    let events = wdm::wait(&file, Duration::from_millis(100))?;
    if !events.is_empty() {
        return Err(format!("poll says {events:?}"));
    }
    let took = wdm::close(file);
    if took > PATIENCE { Err(format!("{took:.1?}")) } else { Ok(format!("{took:.1?}")) }
}

/// Off and on again: the USB device is configured anew, its firmware runs on.
async fn authorized() -> Step<String> {
    let device = "/sys/class/net/wwan0/device";
    let path = fs::canonicalize(device).map_err(doing(device))?;
    let switch = path.parent().map(|usb| usb.join("authorized")).ok_or("no USB device")?;
    let begin = Instant::now();
    fs::write(&switch, "0").map_err(doing("authorized 0"))?;
    fs::write(&switch, "1").map_err(doing("authorized 1"))?;
    appears("/dev/cdc-wdm0").await?;
    let took = begin.elapsed();
    blocking(close_deaf).await?;
    Ok(format!("back in {took:.1?}, as deaf as before"))
}

async fn unplug(modem: Modem) -> Step<String> {
    let file = wdm::open("/dev/cdc-wdm0")?;
    modem.unplug();
    let (events, mut file) = blocking(move || Ok((wdm::wait(&file, PATIENCE)?, file))).await?;
    if !events.contains(PollFlags::POLLERR | PollFlags::POLLHUP) {
        return Err(format!("poll says {events:?}"));
    }
    let read = file.read(&mut [0; 64]);
    let write = file.write(&[0; 16]);
    let code = |result: &std::io::Result<usize>| result.as_ref().err().and_then(std::io::Error::raw_os_error);
    if [code(&read), code(&write)] != [Some(nix::libc::ENODEV); 2] {
        return Err(format!("read {read:?}, write {write:?}"));
    }
    Ok(format!("poll says {events:?}, read and write ENODEV"))
}
