//! Interfaces of known modems that have lost their driver, and binding them again.
//!
//! An MC8355 in a router was found with its QMI interface free and `cdc-wdm0` gone: something had
//! detached the driver (libusb's detach_kernel_driver does, and so does a usbfs claim that ends)
//! and nothing attached it again. The kernel tries a driver only when a device or a driver comes.
//!
//! Contract: [`orphans`] and [`advice`] look and never write. [`Healer`] decides, without clock or
//! files of its own: an interface is bound only when nobody holds it, when it has been free for
//! [`Healer::GRACE`] (a device that is just coming has no drivers for a moment), and at most
//! [`Healer::MOST`] times a boot, ever more rarely. [`bind`] is the one write.
//!
//! Why not write `new_id`, too? A driver that is given ids takes every free interface that looks
//! alike, serial ports included, until the next boot: that is for a person to decide, and
//! [`advice`] tells the command.

mod homes;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::sysfs::{Sysfs, attribute, children, driver, hex};
use super::wdm;
use crate::few::{Few, Listed};

/// An interface that should have a driver of ours and has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// `1-1`
    pub device: String,
    /// `1-1:1.8`
    pub interface: String,
    pub vendor: u16,
    pub product: u16,
    /// The driver that it should have.
    pub driver: &'static str,
    /// Who has it, or has its device open, as far as is known. It is bound all the same where
    /// [`Orphan::is_free`].
    pub holder: Option<String>,
    /// No driver has it, usbfs included.
    pub is_free: bool,
}

/// What a person can do for a modem that no driver serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    pub what: String,
    pub why: String,
    /// What to do, a command where one does it.
    pub remedy: String,
}

#[derive(Debug, Clone)]
struct Record {
    tries: u8,
    /// Since when it has been free without a break; `None`: it has a driver.
    since: Option<Instant>,
    last: Option<Instant>,
}

/// Which interface is bound again, and when.
#[derive(Debug, Clone, Default)]
pub struct Healer {
    records: Few<String, Record>,
}

impl Healer {
    /// Most times that one interface is bound again in one boot.
    pub const MOST: u8 = 3;
    /// How long it must have been free.
    pub const GRACE: Duration = Duration::from_secs(5);
    /// Between the tries; each next one waits six times as long.
    pub const PAUSE: Duration = Duration::from_secs(10);

    /// Those of `orphans` (all that there are now) to bind now; counts them as tried.
    pub fn due(&mut self, orphans: &[Orphan], now: Instant) -> Vec<Orphan> {
        for (interface, record) in self.records.iter_mut() {
            if !orphans.iter().any(|orphan| orphan.interface == *interface && orphan.is_free) {
                record.since = None;
            }
        }
        let mut due = Vec::new();
        for orphan in orphans.iter().filter(|orphan| orphan.is_free) {
            if !self.records.contains_key(&orphan.interface) {
                let fresh = Record { tries: 0, since: None, last: None };
                self.records.insert(orphan.interface.clone(), fresh);
            }
            let Some(record) = self.records.get_mut(&orphan.interface) else { continue };
            let since = *record.since.get_or_insert(now);
            let pause = Self::PAUSE * 6u32.pow(u32::from(record.tries.saturating_sub(1)));
            let rested = record.last.is_none_or(|last| now.duration_since(last) >= pause);
            if record.tries < Self::MOST && rested && now.duration_since(since) >= Self::GRACE {
                record.tries += 1;
                record.last = Some(now);
                due.push(orphan.clone());
            }
        }
        due
    }

    /// Whether it was tried as often as it may be.
    pub fn is_spent(&self, interface: &str) -> bool {
        self.records.get(interface).is_some_and(|record| record.tries >= Self::MOST)
    }

    /// When to look again, while something is free that may still be bound.
    pub fn next(&self) -> Option<Instant> {
        let open = self.records.values().filter(|record| record.tries < Self::MOST);
        let next = |record: &Record| {
            let pause = Self::PAUSE * 6u32.pow(u32::from(record.tries.saturating_sub(1)));
            let rested = record.last.map(|last| last + pause);
            record.since.map(|since| rested.map_or(since + Self::GRACE, |at| at.max(since + Self::GRACE)))
        };
        open.filter_map(next).min()
    }

    /// The counts, as text for a file that lives as long as the boot: a restarted daemon goes on
    /// counting. Interface and count, a line each.
    pub fn save(&self) -> String {
        self.records.iter().map(|(interface, record)| format!("{interface} {}\n", record.tries)).collect()
    }

    /// Takes up saved counts; what does not look like them is left out.
    pub fn load(text: &str) -> Healer {
        let mut records = Few::default();
        for (interface, tries) in text.lines().filter_map(|line| line.split_once(' ')) {
            if let Ok(tries) = tries.parse() {
                records.insert(interface.to_owned(), Record { tries, since: None, last: None });
            }
        }
        Healer { records }
    }
}

/// Every interface that should have a driver which is there, and has not got it.
pub fn orphans(sysfs: &Sysfs) -> Vec<Orphan> {
    let mut found = Vec::new();
    for device in devices(sysfs) {
        for interface in &device.interfaces {
            let Some(home) = homes::of(device.vendor, device.product, interface.number, interface.class)
            else {
                continue;
            };
            // A maker's own build of the driver has its name in front: qmi_wwan_q.
            if !drivers(sysfs).join(home).join("bind").exists() || interface.driver.starts_with(home) {
                continue;
            }
            found.push(Orphan {
                device: device.name.clone(),
                interface: interface.name.clone(),
                vendor: device.vendor,
                product: device.product,
                driver: home,
                holder: holder(sysfs, &device, interface),
                is_free: interface.driver.is_empty(),
            });
        }
    }
    found
}

/// Binds it to its driver again.
pub async fn bind(sysfs: &Sysfs, orphan: &Orphan) -> Result<(), String> {
    let file = drivers(sysfs).join(orphan.driver).join("bind");
    let interface = orphan.interface.clone();
    let shown = format!("{} to {}", orphan.interface, orphan.driver);
    // The driver talks to the modem in its probe, and a modem may be deaf.
    let work = move || {
        let file = fs::OpenOptions::new().write(true).open(&file);
        let done = file.and_then(|mut file| file.write_all(interface.as_bytes()));
        done.map_err(|error| match error.raw_os_error() {
            Some(nix::libc::ENODEV) => "the driver does not want it, or the modem is gone".into(),
            Some(nix::libc::EBUSY) => "it has a driver already".into(),
            _ => error.to_string(),
        })
    };
    let done = crate::task::blocking(Box::new(work)).await;
    done.map_err(|why| format!("cannot bind {shown}: {why}"))
}

/// What `doctor` says of modems that lack a driver.
pub fn advice(sysfs: &Sysfs) -> Vec<Advice> {
    let mut all = Vec::new();
    for device in devices(sysfs) {
        let id = format!("{:04x}:{:04x}", device.vendor, device.product);
        let homes =
            device.interfaces.iter().map(|i| homes::of(device.vendor, device.product, i.number, i.class));
        let mut wanted: Vec<&str> = homes.flatten().listed();
        wanted.dedup();
        for home in &wanted {
            if !drivers(sysfs).join(home).exists() {
                all.push(Advice {
                    what: format!("{} ({id}) has no driver: {home} is not there", device.name),
                    why: "its interfaces are those of a modem that this driver serves".into(),
                    remedy: format!("install {}", homes::package(home)),
                });
            }
        }
        if wanted.is_empty() && homes::is_modem_maker(device.vendor) {
            all.extend(unknown(sysfs, &device, &id));
        }
    }
    all
}

/// A modem of a known maker whose ids no driver has.
fn unknown(sysfs: &Sysfs, device: &Device, id: &str) -> Option<Advice> {
    let served =
        |interface: &Interface| interface.driver.starts_with("qmi_wwan") || interface.driver == "cdc_mbim";
    let like_qmi = |interface: &&Interface| interface.looks_like_qmi && interface.driver.is_empty();
    if device.interfaces.iter().any(served) {
        return None;
    }
    let interface = device.interfaces.iter().find(like_qmi)?;
    let new_id = drivers(sysfs).join("qmi_wwan/new_id");
    Some(Advice {
        what: format!("{} ({id}) is of a known maker, and no driver knows its ids", device.name),
        why: format!(
            "{} has the endpoints of a QMI interface and no driver; until the next boot the command below gives \
             the ids to qmi_wwan, which takes every free interface that looks alike, serial ports too",
            interface.name
        ),
        remedy: format!("echo {:04x} {:04x} > {}", device.vendor, device.product, new_id.display()),
    })
}

struct Device {
    name: String,
    dir: PathBuf,
    vendor: u16,
    product: u16,
    interfaces: Vec<Interface>,
}

struct Interface {
    name: String,
    number: u8,
    class: (u8, u8, u8),
    driver: String,
    looks_like_qmi: bool,
}

/// USB devices that may be modems.
fn devices(sysfs: &Sysfs) -> Vec<Device> {
    let all = sysfs.root().join("bus/usb/devices");
    let names = children(&all).into_iter().filter(|name| crate::device::is_usb_path(name));
    let device = |name: String| {
        let dir = fs::canonicalize(all.join(&name)).ok()?;
        let (vendor, product) = (hex(&dir, "idVendor")?, hex(&dir, "idProduct")?);
        let interfaces = children(&dir).into_iter().filter_map(|child| Interface::read(&dir, child)).listed();
        Some(Device { name, dir, vendor, product, interfaces })
    };
    names.filter_map(device).listed()
}

impl Interface {
    fn read(device: &Path, name: String) -> Option<Interface> {
        name.split_once(':')?;
        let dir = device.join(&name);
        let byte = |attribute| hex(&dir, attribute).and_then(|n| u8::try_from(n).ok());
        let class = (
            byte("bInterfaceClass")?,
            byte("bInterfaceSubClass").unwrap_or(0),
            byte("bInterfaceProtocol").unwrap_or(0),
        );
        // An interrupt endpoint and a pair of bulk ones (drivers/net/usb/qmi_wwan.c wants them all).
        let looks_like_qmi = class == (0xff, 0xff, 0xff) && byte("bNumEndpoints") == Some(3);
        let number = byte("bInterfaceNumber")?;
        Some(Interface { driver: driver(&dir), name, number, class, looks_like_qmi })
    }
}

fn drivers(sysfs: &Sysfs) -> PathBuf {
    sysfs.root().join("bus/usb/drivers")
}

/// Another driver, a program that has claimed the interface, or one that has the device open.
fn holder(sysfs: &Sysfs, device: &Device, interface: &Interface) -> Option<String> {
    let programs = match sysfs.is_kernel() {
        true => programs(&device.dir),
        false => Vec::new(),
    };
    let programs = wdm::list(&programs);
    match (interface.driver.as_str(), programs.as_str()) {
        ("", "") => None,
        ("", programs) => Some(format!("{programs}, which has the device open")),
        ("usbfs", "") => Some("a program, by usbfs".into()),
        ("usbfs", programs) => Some(format!("{programs}, by usbfs")),
        (driver, _) => Some(format!("driver {driver}")),
    }
}

/// Those that have `/dev/bus/usb/BBB/DDD` open.
fn programs(device: &Path) -> Vec<wdm::Holder> {
    let number = |name| attribute(device, name).parse::<u16>().ok();
    let (Some(bus), Some(address)) = (number("busnum"), number("devnum")) else { return Vec::new() };
    let node = PathBuf::from(format!("/dev/bus/usb/{bus:03}/{address:03}"));
    wdm::who_has(&|target| target == node)
}
