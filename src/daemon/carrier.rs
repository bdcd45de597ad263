//! The network device under a bearer: which one it is, and its MTU.

use crate::cause::Cause;
use crate::config::Config;
use crate::device::DeviceSpec;
use crate::linux::sysfs::{Found, Sysfs};
use crate::linux::{netdev, vlan};
use crate::words::{Bearer, device_shown};

/// The smallest MTU that IPv6 works with (RFC 8200, 5).
const LEAST_IPV6_MTU: u32 = 1280;

/// The device that carries the session; made where it is a VLAN of the modem's own.
pub fn carrier(config: &Config, found: &Found) -> Result<String, Cause> {
    let bad = |option: &str, value: String, remedy: &str| {
        Err(Cause::BadConfig { option: option.into(), value, remedy: remedy.into() })
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
        return Err(Cause::NoModem(format!("the network device of {} is not there yet", found.id)));
    };
    if config.session == 0 {
        return Ok(parent.clone());
    }
    vlan::add(parent, config.session).map_err(|error| Cause::BadConfig {
        option: "session".into(),
        value: config.session.to_string(),
        remedy: format!("no VLAN device for it on {parent}: {error}; is kmod-8021q there?"),
    })
}

/// Whether there is such a network device. A sysfs of another network namespace does not show
/// ours, and one without any devices is a test's.
pub fn is_there(sysfs: &Sysfs, name: &str) -> bool {
    let devices = sysfs.root().join("class/net");
    devices.join(name).exists() || netdev::index(name).is_ok() || !devices.exists()
}

/// Option `device`, understood.
pub fn spec_of(config: &Config) -> Result<DeviceSpec, Cause> {
    DeviceSpec::parse(&config.device).map_err(|error| Cause::BadConfig {
        option: "device".into(),
        value: device_shown(&config.device),
        remedy: error.to_string(),
    })
}

/// Option `mtu` counts for more than the network's word.
pub fn with_mtu(mut bearer: Bearer, mtu: Option<u32>) -> Bearer {
    use crate::words::Addressing::Static;
    if mtu.is_some() {
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
pub fn set_raw_ip(sysfs: &Sysfs, netdev: &str, raw: bool) {
    let set = || {
        netdev::set_up(netdev, false)?;
        netdev::set_raw_ip(sysfs, netdev, raw)
    };
    if let Err(error) = set() {
        log::warn!("{netdev}: raw IP {raw}: {error}");
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
