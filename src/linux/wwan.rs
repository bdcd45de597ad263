//! Modems that the wwan subsystem shows: PCIe ones (MHI), and the second names that it gives
//! to the control devices of USB modems.
//!
//! Contract: as that of `sysfs`, of which this is a part. A port is called after its device
//! and its protocol, `wwan0mbim0` (drivers/net/wwan/wwan_core.c); the device hangs below the
//! hardware, and so does its network device.
//!
//! A USB modem's `/dev/cdc-wdm0` and `/dev/wwan0mbim0` exclude each other (cdc-wdm.c answers
//! the second one with EBUSY); we always use the first, which older kernels have, too.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::sysfs::{Found, attribute, children, driver, hex};
use crate::words::{Control, Id};

/// Adds the ports below `root` to `all`: as an alias where the modem is in it, else as a modem.
pub(super) fn add(root: &Path, dev: &Path, all: &mut Vec<Rc<Found>>) {
    let class = root.join("class/wwan");
    for name in children(&class) {
        let Some(control) = protocol(&name) else { continue };
        let Ok(port) = fs::canonicalize(class.join(&name)) else { continue };
        // Nobody else has it yet.
        if let Some(found) = all.iter_mut().find(|found| owns(found, &port)).and_then(Rc::get_mut) {
            found.alias.push(name);
        } else if let Some(mut found) = pci_modem(&port, dev, &name, control) {
            let known = all.iter().any(|other| other.dir == found.dir);
            if !known {
                found.netdev = netdev_below(root, &found.dir);
                all.push(Rc::new(found));
            }
        }
    }
}

/// `wwan0mbim0` -> MBIM; other ports (AT, firmware, traces) are no business of ours.
fn protocol(name: &str) -> Option<Control> {
    let kind = name.strip_prefix("wwan")?.trim_matches(|c: char| c.is_ascii_digit());
    Control::parse(kind)
}

/// Whether a port is a second name of a modem's USB control device.
fn owns(found: &Found, port: &Path) -> bool {
    let Ok(inside) = port.strip_prefix(&found.dir) else { return false };
    let interface = inside.components().next().map(|part| found.dir.join(part));
    found.usb_path.is_some()
        && interface.and_then(|dir| hex(&dir, "bInterfaceNumber")) == Some(u16::from(found.interface))
}

fn pci_modem(port: &Path, dev: &Path, name: &str, control: Control) -> Option<Found> {
    let dir = port.ancestors().find(|dir| subsystem(dir) == "pci")?.to_path_buf();
    Some(Found {
        id: dir.file_name()?.to_str()?.to_owned(),
        usb_path: None,
        vendor: hex(&dir, "vendor")?,
        product: hex(&dir, "device")?,
        serial: Some(attribute(&dir, "serial_number")).filter(|s| !s.is_empty()).map(Id::new),
        manufacturer: String::new(),
        product_name: String::new(),
        driver: driver(&dir),
        control: Some(control),
        wdm: dev.join(name),
        netdev: None,
        interface: 0,
        ports: Vec::new(),
        speed: None,
        alias: Vec::new(),
        dir,
    })
}

fn subsystem(dir: &Path) -> String {
    let link: PathBuf = fs::read_link(dir.join("subsystem")).unwrap_or_default();
    link.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn netdev_below(root: &Path, hardware: &Path) -> Option<String> {
    let class = root.join("class/net");
    children(&class)
        .into_iter()
        .find(|name| fs::canonicalize(class.join(name)).is_ok_and(|real| real.starts_with(hardware)))
}
