//! The network device under a bearer: which one it is, its framing, and its MTU.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;

use crate::cause::{Cause, Domain, Reason, Why};
use crate::config::Config;
use crate::device::DeviceSpec;
use crate::linux::sysfs::{Found, Sysfs};
use crate::linux::{netdev, qmimux, vlan};
use crate::task::sleep;
use crate::words::{Bearer, Control, device_shown};

/// The smallest MTU that IPv6 works with (RFC 8200, 5).
const LEAST_IPV6_MTU: u32 = 1280;
/// usbnet's own; what QMAP's transfers needed more goes with QMAP.
const USUAL_MTU: u32 = 1500;
/// The kernel makes a mux device at once; whoever names devices may need a moment more.
const SETTLING: Duration = Duration::from_millis(1);
const SETTLED: u32 = 500;

/// The device that carries the session; made where it is a VLAN of the modem's own. For a QMAP
/// channel it is the device that the channel's will be made on.
pub fn carrier(config: &Config, found: &Found) -> Result<String, Why> {
    let bad = |option: &str, value: String, remedy: &str| {
        Err(Cause::BadConfig { option: option.into(), value, remedy: remedy.into() }.into())
    };
    if let Some(netdev) = &config.netdev {
        return Ok(netdev.clone());
    }
    if found.control.is_none() && found.netdev.is_none() {
        return bad(
            "netdev",
            String::new(),
            "name the network device that belongs to this socket, e.g. wwan0",
        );
    }
    let Some(parent) = &found.netdev else {
        return Err(Cause::NoModem(format!("the network device of {} is not there yet", found.id)).into());
    };
    if config.session == 0 || config.control.or(found.control) == Some(Control::Qmi) {
        return Ok(parent.clone());
    }
    vlan::add(parent, config.session).map_err(|error| {
        let remedy = format!("no VLAN device for it on {parent}: {error}; is kmod-8021q there?");
        Cause::BadConfig { option: "session".into(), value: config.session.to_string(), remedy }.into()
    })
}

/// Whether there is such a network device. A sysfs of another network namespace does not show
/// ours, and one without any devices is a test's.
pub fn is_there(sysfs: &Sysfs, name: &str) -> bool {
    let devices = sysfs.root().join("class/net");
    devices.join(name).exists() || netdev::index(name).is_ok() || !devices.exists()
}

/// Option `device`, understood.
pub fn spec_of(config: &Config) -> Result<DeviceSpec, Why> {
    DeviceSpec::parse(&config.device).map_err(|error| {
        let value = device_shown(&config.device);
        Cause::BadConfig { option: "device".into(), value, remedy: error.to_string() }.into()
    })
}

/// Option `mtu` counts for more than the network's word.
pub fn with_mtu(mut bearer: Rc<Bearer>, mtu: Option<u32>) -> Rc<Bearer> {
    use crate::words::Addressing::Static;
    if mtu.is_some() {
        let bearer = Rc::make_mut(&mut bearer);
        if let Static(v4) = &mut bearer.ipv4 {
            v4.mtu = mtu;
        }
        if let Static(v6) = &mut bearer.ipv6 {
            v6.mtu = mtu;
        }
    }
    bearer
}

/// The device takes the larger of the families' MTUs; their routes carry each its own.
pub fn set_device_mtu(bearer: &Bearer) {
    let v4 = bearer.ipv4.settings().and_then(|v4| v4.mtu);
    let v6 = bearer.ipv6.settings().and_then(|v6| v6.mtu);
    let Some(mtu) = v4.max(v6) else { return };
    // Below this the kernel takes IPv6 off the device.
    let mtu = if bearer.ipv6.is_absent() { mtu } else { mtu.max(LEAST_IPV6_MTU) };
    if let Err(error) = netdev::set_mtu(&bearer.netdev, mtu) {
        log::debug!("{}: MTU {mtu}: {error}", bearer.netdev);
    }
}

/// qmi_wwan's framing; the driver changes it only while the device is down (EBUSY else).
///
/// A modem that frames otherwise than the kernel reads is connected and carries nothing.
pub fn set_raw_ip(sysfs: &Sysfs, netdev: &str, raw: bool) -> Result<(), Why> {
    set_down(sysfs, netdev)?;
    netdev::set_raw_ip(sysfs, netdev, raw).map_err(|error| refused(netdev, "raw_ip", &error))
}

/// Raw IP, and room for the modem's largest transfer: qmi_wwan reads as much as the device's MTU
/// at once (usbnet's rx_urb_size follows it).
pub fn carry_channels(sysfs: &Sysfs, parent: &str, largest: u32) -> Result<(), Why> {
    if netdev::raw_ip(sysfs, parent) == Some(false) {
        set_raw_ip(sysfs, parent, true)?;
    }
    if !sysfs.is_kernel() {
        return Ok(());
    }
    let errno = |set: &io::Result<()>| set.as_ref().err().and_then(io::Error::raw_os_error);
    let mut set = netdev::set_mtu(parent, largest);
    if errno(&set) == Some(Errno::EINVAL as i32) {
        // Some kernels hold usbnet's devices to the MTU that they began with (usbnet_probe); going
        // over to Ethernet frames and back lifts that (qmi_wwan_netdev_setup).
        set_raw_ip(sysfs, parent, false)?;
        set_raw_ip(sysfs, parent, true)?;
        set = netdev::set_mtu(parent, largest);
    }
    if errno(&set) == Some(Errno::EDOM as i32) {
        // A multiple of the endpoint's packets would end no transfer, and usbnet refuses it.
        set = netdev::set_mtu(parent, largest.saturating_add(1));
    }
    set.map_err(|error| refused(parent, "MTU", &error))
}

/// While there is a mux device, the driver takes every packet for QMAP.
pub async fn carry_no_channels(sysfs: &Sysfs, netdev: &str) {
    let channels = qmimux::channels(sysfs, netdev);
    for channel in &channels {
        if let Err(error) = remove(sysfs, netdev, *channel).await {
            log::debug!("{netdev}: channel {channel} stays: {error}");
        }
    }
    if let (false, true, Err(error)) =
        (channels.is_empty(), sysfs.is_kernel(), netdev::set_mtu(netdev, USUAL_MTU))
    {
        log::debug!("{netdev}: MTU: {error}");
    }
}

/// A mux device cannot be up on a device that is down (ENETDOWN).
pub fn set_up(sysfs: &Sysfs, netdev: &str) -> Result<(), Why> {
    if !sysfs.is_kernel() {
        return Ok(());
    }
    netdev::set_up(netdev, true).map_err(|error| refused(netdev, "up", &error))
}

/// The devices of a simulated world are files.
fn set_down(sysfs: &Sysfs, netdev: &str) -> Result<(), Why> {
    if !sysfs.is_kernel() {
        return Ok(());
    }
    netdev::set_up(netdev, false).map_err(|error| refused(netdev, "down", &error))
}

/// The device of a QMAP channel; made where there is none.
pub async fn channel_device(sysfs: &Sysfs, parent: &str, channel: u8) -> Result<String, Why> {
    if let Some(netdev) = qmimux::find(sysfs, parent, channel) {
        return Ok(netdev);
    }
    if qmimux::channels(sysfs, parent).contains(&channel) {
        // There is one, and an old kernel does not tell which.
        remove(sysfs, parent, channel).await.map_err(|error| refused(parent, "del_mux", &error))?;
    }
    let before = qmimux::devices(sysfs, parent);
    qmimux::add(sysfs, parent, channel).map_err(|error| refused(parent, "add_mux", &error))?;
    for _ in 0..SETTLED {
        sleep(SETTLING).await;
        let new = || qmimux::devices(sysfs, parent).into_iter().find(|name| !before.contains(name));
        if let Some(netdev) = qmimux::find(sysfs, parent, channel).or_else(new) {
            return Ok(netdev);
        }
    }
    Err(refused(parent, "add_mux", &Errno::ENODEV.into()))
}

/// Takes the device of an interface's channel away, if it has one of ours.
pub async fn remove_channel(sysfs: &Sysfs, found: &Found, session: u32) {
    let (Some(parent), Ok(channel)) = (&found.netdev, u8::try_from(session)) else { return };
    if channel != 0 && qmimux::channels(sysfs, parent).contains(&channel) {
        if let Err(error) = remove(sysfs, parent, channel).await {
            log::debug!("{parent}: channel {channel} stays: {error}");
        }
    }
}

async fn remove(sysfs: &Sysfs, parent: &str, channel: u8) -> io::Result<()> {
    let before = qmimux::devices(sysfs, parent).len();
    qmimux::remove(sysfs, parent, channel)?;
    for _ in 0..SETTLED {
        sleep(SETTLING).await;
        if qmimux::devices(sysfs, parent).len() < before {
            break;
        }
    }
    Ok(())
}

fn refused(netdev: &str, what: &str, error: &io::Error) -> Why {
    log::warn!("{netdev}: {what}: {error}");
    let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
    let number = u32::try_from(errno as i32).unwrap_or(0);
    Cause::ConnectFailed(Some(Reason { domain: Domain::Device, number, text: meaning(errno) })).into()
}

/// What drivers and the kernel mean by it; the log has the kernel's own words.
fn meaning(errno: Errno) -> &'static str {
    match errno {
        Errno::EBUSY => "the device is in use",
        Errno::EINVAL | Errno::EDOM | Errno::ERANGE => "the driver does not take the value",
        Errno::ENOENT | Errno::EOPNOTSUPP => "the driver has no such setting",
        Errno::ENODEV | Errno::ENXIO => "the device is gone",
        Errno::EPERM | Errno::EACCES | Errno::EROFS => "not permitted",
        _ => "see the log",
    }
}

/// For Ethernet frames: an address that the driver does not mistake for an IP header.
pub fn set_apart_from_ip(netdev: &str) {
    let set = || match netdev::set_apart_from_ip(netdev) {
        // Busy while it is up.
        Err(error) if error.kind() == std::io::ErrorKind::ResourceBusy => {
            netdev::set_up(netdev, false)?;
            netdev::set_apart_from_ip(netdev)
        }
        other => other,
    };
    match set() {
        Ok(true) => log::info!("{netdev}: another MAC address, for its own looked like an IP header"),
        Ok(false) => {}
        Err(error) => log::debug!("{netdev}: MAC address: {error}"),
    }
}
