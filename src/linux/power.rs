//! Ways to cut a modem's power, found in sysfs, in the order of what they can do.
//!
//! Contract: [`ways`] looks and never writes; what it finds is what this board has now. [`cycle`]
//! puts on again whatever it has put off, also when it fails half-way or its future is dropped,
//! and [`restore`] does so for a daemon that was killed in between.
//!
//! * A line of the board (GPIO) and a hub port are switches of the current. A hub tells in its
//!   descriptor whether it has one switch for each port, one for all of them, or none; some hubs
//!   say more than they can, so only the modem's return proves anything.
//! * A port of an USB 3 hub is two ports that share one socket (`peer`): the current stops when
//!   both are off.
//! * Unbinding the host controller resets it and all below it; whether the current stops is the
//!   board's affair. The same goes for removing a PCI device.
//! * `authorized` and a new bind of the device make the kernel enumerate it anew. The modem's
//!   firmware runs on: these cure the driver's side only.
//!
//! Why not `uhubctl`? It asks hubs over libusb behind the kernel's back, which then switches the
//! port on again (since Linux 6.0 `disable` is the kernel's own switch), and it is another process.

mod cut;
mod gpio;
mod hub;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

pub use cut::{Uncut, cycle, restore, settle};

use super::sysfs::{Found, Sysfs, attribute, children};
use cut::Act;
use hub::Switching;

use crate::few::Listed;

/// One way to cut a modem off, or to make it come anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    pub method: Method,
    /// What it acts on, as sysfs calls it: `1-1-port2`, `f1058000.usb`, a line's name.
    pub subject: String,
    /// The board says that the current stops. False: it may, or the firmware runs on.
    pub cuts_power: bool,
    /// Other modems that go with it, by their ids.
    pub others: Vec<String>,
    /// Other devices that go with it, hubs apart.
    pub other_devices: usize,
    act: Act,
}

/// What is done, from the one that can do most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Gpio,
    Port,
    Controller,
    Pci,
    Rebind,
    Authorized,
}

impl Method {
    /// What `explain` shows, and what is remembered of a cure.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Gpio => "gpio",
            Method::Port => "port",
            Method::Controller => "controller",
            Method::Pci => "pci",
            Method::Rebind => "rebind",
            Method::Authorized => "authorized",
        }
    }
}

impl fmt::Display for Way {
    /// For a sentence: `hub port 1-1-port2, which takes along 1-1.3 and 2 other devices`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.method {
            Method::Gpio => "line",
            Method::Port => "hub port",
            Method::Controller => "host controller",
            Method::Pci => "PCI device",
            Method::Rebind => "driver of",
            Method::Authorized => "authorization of",
        };
        write!(f, "{what} {}", self.subject)?;
        let mut along = self.others.clone();
        match self.other_devices {
            0 => {}
            1 => along.push("another device".into()),
            n => along.push(format!("{n} other devices")),
        }
        if along.is_empty() { Ok(()) } else { write!(f, ", which takes along {}", along.join(" and ")) }
    }
}

/// The ways that this board has for this modem under option `power`, the best first; none for
/// `none`, and with `auto` where there is none. An error: the way that was named is not there.
pub fn ways(sysfs: &Sysfs, modem: &Found, option: &str) -> Result<Vec<Way>, String> {
    let seen = Seen { sysfs, modem };
    let named = |ways: Vec<Way>, why: &str| match ways.is_empty() {
        true => Err(format!("option power '{option}': {why}; use auto")),
        false => Ok(ways),
    };
    match option {
        "none" => Ok(Vec::new()),
        "auto" => Ok(seen.all()),
        "port" => named(
            seen.ports(),
            "no hub port above this modem has a switch (Linux 6.0 and later show one as disable)",
        ),
        "authorized" => named(seen.authorized(), "this modem is not on USB"),
        "rebind" => {
            let mut ways = seen.controller();
            ways.extend(seen.pci());
            named(ways, "no host controller with a driver above this modem")
        }
        _ => match option.strip_prefix("gpio:") {
            Some(name) => seen.line(name).map(|way| vec![way]),
            None => Err(format!(
                "option power '{option}': use auto, none, port, authorized, rebind or gpio:LINE-NAME"
            )),
        },
    }
}

/// One modem in its tree.
struct Seen<'a> {
    sysfs: &'a Sysfs,
    modem: &'a Found,
}

impl Seen<'_> {
    /// Those that cut the current first.
    fn all(&self) -> Vec<Way> {
        let mut all = self.exported_lines();
        all.extend(self.ports());
        // What is mounted from a disk on the same controller would be torn out by this.
        if !self.controller_dir().is_some_and(|dir| self.has_disk_below(&dir)) {
            all.extend(self.controller());
            all.extend(self.pci());
        }
        all.extend(self.rebind());
        all.extend(self.authorized());
        all.sort_by_key(|way| (!way.cuts_power, way.method));
        all
    }

    fn way(&self, method: Method, subject: String, cuts_power: bool, above: &[PathBuf], act: Act) -> Way {
        let inside = |dir: &Path| above.iter().any(|root| dir.starts_with(root));
        let modems = self.sysfs.modems();
        let others = modems.iter().filter(|other| other.dir != self.modem.dir && inside(&other.dir));
        let others: Vec<String> = others.map(|other| other.id.clone()).listed();
        let is_modem = |dir: &PathBuf| modems.iter().any(|modem| modem.dir == *dir) || *dir == self.modem.dir;
        let devices = usb_devices(self.sysfs);
        let hub = |dir: &Path| attribute(dir, "bDeviceClass") == "09";
        let other_devices = devices.iter().filter(|dir| inside(dir) && !is_modem(dir) && !hub(dir)).count();
        Way { method, subject, cuts_power, others, other_devices, act }
    }

    fn usb(&self) -> Option<&str> {
        self.modem.usb_path.as_deref()
    }

    /// The modem's own port, and those of the hubs above it where these live on the bus's current.
    fn ports(&self) -> Vec<Way> {
        let mut ways = Vec::new();
        if self.usb().is_none() {
            return ways;
        }
        let mut device = self.modem.dir.as_path();
        while let Some(port) = hub::Port::above(device) {
            let switching = hub::switching(self.sysfs, &port.hub);
            if switching != Switching::None && !port.switches.is_empty() {
                let together = switching == Switching::Together;
                let ports = if together { port.all() } else { vec![port.dir.clone()] };
                let switches: Vec<PathBuf> = ports.iter().flat_map(|dir| hub::switches(dir)).listed();
                let above = if together { port.hub.clone() } else { device.to_path_buf() };
                let act = Act::files(switches.iter().map(|file| (file.clone(), "1", "0")));
                let subject = port.name.clone();
                ways.push(self.way(Method::Port, subject, switching != Switching::Unknown, &[above], act));
            }
            // A hub with a supply of its own keeps its ports alive whatever happens above.
            if port.is_root || hub::has_own_supply(&port.hub) {
                break;
            }
            let Some(hub) = device.parent() else { break };
            device = hub;
        }
        ways
    }

    fn authorized(&self) -> Vec<Way> {
        let file = self.modem.dir.join("authorized");
        if self.usb().is_none() || !file.exists() {
            return Vec::new();
        }
        let act = Act::files([(file, "0", "1")]);
        vec![self.way(Method::Authorized, self.modem.id.clone(), false, &[], act)]
    }

    fn rebind(&self) -> Vec<Way> {
        let driver = self.sysfs.root().join("bus/usb/drivers/usb");
        match self.usb() {
            Some(name) if driver.join("unbind").exists() => {
                let act = Act::pair(driver.join("unbind"), driver.join("bind"), name);
                vec![self.way(Method::Rebind, name.to_owned(), false, &[], act)]
            }
            _ => Vec::new(),
        }
    }

    /// The directory of the USB host controller.
    fn controller_dir(&self) -> Option<PathBuf> {
        self.usb()?;
        let is_root_hub = |dir: &&Path| {
            let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.strip_prefix("usb").is_some_and(|bus| bus.parse::<u16>().is_ok())
        };
        let root_hub = self.modem.dir.ancestors().find(is_root_hub)?;
        root_hub.parent().map(Path::to_path_buf)
    }

    fn controller(&self) -> Vec<Way> {
        let Some(dir) = self.controller_dir() else { return Vec::new() };
        let (Ok(driver), Some(name)) = (fs::canonicalize(dir.join("driver")), file_name(&dir)) else {
            return Vec::new();
        };
        if !driver.join("unbind").exists() || !driver.join("bind").exists() {
            return Vec::new();
        }
        let act = Act::pair(driver.join("unbind"), driver.join("bind"), &name);
        vec![self.way(Method::Controller, name, false, &[dir], act)]
    }

    /// A PCIe modem, or the PCI card that is the USB modem's controller.
    fn pci(&self) -> Vec<Way> {
        let dir = match self.usb() {
            Some(_) => self.controller_dir(),
            None => Some(self.modem.dir.clone()),
        };
        let Some(dir) = dir.filter(|dir| dir.join("remove").exists()) else { return Vec::new() };
        let of_bridge = dir.parent().map(|bridge| bridge.join("rescan")).filter(|file| file.exists());
        let rescan = of_bridge.unwrap_or_else(|| self.sysfs.root().join("bus/pci/rescan"));
        let (true, Some(name)) = (rescan.exists(), file_name(&dir)) else { return Vec::new() };
        let act = Act::steps(vec![(dir.join("remove"), "1".into())], vec![(rescan, "1".into())]);
        vec![self.way(Method::Pci, name, false, &[dir], act)]
    }

    /// A line by the name that a person gave.
    fn line(&self, name: &str) -> Result<Way, String> {
        let way = |act| self.way(Method::Gpio, name.to_owned(), true, &[], act);
        if let Some(file) = gpio::exported(self.sysfs, name) {
            return Ok(way(Act::Value(file)));
        }
        match gpio::Line::find(self.sysfs, name) {
            Ok(_) => Ok(way(Act::Line(name.to_owned()))),
            Err(why) => Err(format!("option power 'gpio:{name}': {why}")),
        }
    }

    /// Lines that a board exports under a name that says what they are for, where there is one
    /// modem that they can be for.
    fn exported_lines(&self) -> Vec<Way> {
        if self.sysfs.modems().len() != 1 {
            return Vec::new();
        }
        let lines = gpio::for_a_modem(self.sysfs).into_iter();
        lines.map(|(name, file)| self.way(Method::Gpio, name, true, &[], Act::Value(file))).listed()
    }

    /// Mass storage on another device: a modem's own drive (a virtual CD) goes with the modem.
    fn has_disk_below(&self, root: &Path) -> bool {
        let disk = |device: &PathBuf| {
            let interfaces = children(device).into_iter().map(|name| device.join(name));
            interfaces.into_iter().any(|dir| attribute(&dir, "bInterfaceClass") == "08")
        };
        let other = |dir: &&PathBuf| dir.starts_with(root) && **dir != self.modem.dir;
        usb_devices(self.sysfs).iter().filter(other).any(disk)
    }
}

fn usb_devices(sysfs: &Sysfs) -> Vec<PathBuf> {
    let devices = sysfs.root().join("bus/usb/devices");
    let names = children(&devices).into_iter().filter(|name| crate::device::is_usb_path(name));
    names.filter_map(|name| fs::canonicalize(devices.join(name)).ok()).listed()
}

fn file_name(dir: &Path) -> Option<String> {
    Some(dir.file_name()?.to_str()?.to_owned())
}
