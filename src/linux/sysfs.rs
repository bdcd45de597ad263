//! Modems in `/sys`: lists them, and finds the one that option `device` means.
//!
//! Contract: every call looks at the tree as it is now and keeps nothing. The tree may change
//! beneath the walk, and attributes may be missing, huge or not UTF-8: what can't be read is
//! left out, and the walk goes on. Nothing here opens a modem or writes.
//!
//! What makes a modem is one interface with a control device (`usbmisc/cdc-wdm0`) that a
//! driver of ours serves; its network device is a child of that same interface, because
//! cdc_mbim and qmi_wwan register both there (drivers/net/usb/usbnet.c, SET_NETDEV_DEV).
//!
//! Why not libudev? It isn't on the router, and needs a daemon that isn't there either.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::device::{DeviceSpec, same_imei};
use crate::few::Listed;
use crate::words::{Control, Id};

/// A serial port of a modem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TtyPort {
    /// `ttyUSB2`
    pub name: String,
    pub driver: String,
    pub interface: u8,
    /// Class, subclass and protocol of the interface: what tells AT from diagnostics.
    pub class: (u8, u8, u8),
}

/// A modem: one control device, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The modem's name in logs and on ubus: the USB path (`1-1.2`), for a second control
    /// device of one USB device its interface (`1-1.2:1.4`), a PCI address, a socket's path.
    pub id: String,
    pub usb_path: Option<String>,
    /// The device's directory in sysfs, without links; empty for a socket.
    pub dir: PathBuf,
    pub vendor: u16,
    pub product: u16,
    pub serial: Option<Id>,
    pub manufacturer: String,
    pub product_name: String,
    /// `cdc_mbim`, `qmi_wwan`, …
    pub driver: String,
    /// `None`: nobody knows (a socket), ask.
    pub control: Option<Control>,
    /// The control device, or the socket.
    pub wdm: PathBuf,
    pub netdev: Option<String>,
    /// bInterfaceNumber of the control interface.
    pub interface: u8,
    pub ports: Vec<TtyPort>,
    /// Mbit/s of the USB link.
    pub speed: Option<u32>,
    /// The same control device under the wwan subsystem's name (`wwan0mbim0`).
    pub alias: Vec<String>,
}

impl fmt::Display for Found {
    /// `1-1.2 (1199:9071 Sierra Wireless EM7455, /dev/cdc-wdm0)`, without the serial number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.usb_path.is_none() && self.vendor == 0 {
            return f.write_str(&self.id);
        }
        write!(f, "{} ({:04x}:{:04x}", self.id, self.vendor, self.product)?;
        if !self.product_name.is_empty() {
            write!(f, " {}", self.product_name)?;
        }
        write!(f, ", {})", self.wdm.display())
    }
}

/// Why no modem was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// It isn't there, or not yet ready: wait for it. The text says what was looked for.
    Missing(String),
    /// Several fit: a person must name one; the text lists them.
    Several(String),
    /// None of the modems whose IMEI is known has this one; these have to be asked.
    AskImei(Vec<Rc<Found>>),
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotFound::Missing(text) | NotFound::Several(text) => f.write_str(text),
            NotFound::AskImei(_) => f.write_str("no modem has told this IMEI yet"),
        }
    }
}

impl std::error::Error for NotFound {}

/// The tree to look at.
#[derive(Debug, Clone)]
pub struct Sysfs {
    root: PathBuf,
    dev: PathBuf,
}

impl Default for Sysfs {
    fn default() -> Self {
        Sysfs::new("/sys")
    }
}

impl Sysfs {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let dev = match root.parent() {
            Some(world) if root != Path::new("/sys") => world.join("dev"),
            _ => PathBuf::from("/dev"),
        };
        Sysfs { root, dev }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The device node of this name.
    pub fn node(&self, name: &str) -> PathBuf {
        self.dev.join(name)
    }

    /// Whether this is the tree of the running kernel, not a world made by hand.
    pub fn is_kernel(&self) -> bool {
        self.root == Path::new("/sys")
    }

    /// Every modem once, in the order of their names.
    pub fn modems(&self) -> Vec<Rc<Found>> {
        let mut modems = self.functions();
        modems.retain(|found| found.usb_path.as_ref().is_none_or(|path| *path == found.id));
        modems
    }

    /// The modem that `spec` means. `imei_of` tells the IMEI of a modem that was asked.
    pub fn find(
        &self,
        spec: &DeviceSpec,
        imei_of: &dyn Fn(&Found) -> Option<Id>,
    ) -> Result<Rc<Found>, NotFound> {
        let only = |what: &str, fits: &dyn Fn(&Found) -> bool| {
            let fitting = self.modems().into_iter().filter(|found| fits(found)).listed();
            one(fitting, what).map_err(|error| self.with_unready(error))
        };
        match spec {
            DeviceSpec::Auto => only("a modem", &|_| true),
            DeviceSpec::Node(node) => self.by_node(node),
            DeviceSpec::UsbPath(path) => {
                only(&format!("a modem at {path}"), &|found| found.usb_path.as_deref() == Some(path))
            }
            DeviceSpec::SysPath(path) => self.by_sys_path(path),
            DeviceSpec::Usb { vendor, product } => {
                only(&format!("a modem {vendor:04x}:{product:04x}"), &|found| {
                    (found.vendor, found.product) == (*vendor, *product)
                })
            }
            DeviceSpec::Serial(serial) => {
                only("a modem with that serial number", &|found| found.serial.as_ref() == Some(serial))
            }
            DeviceSpec::Imei(imei) => self.by_imei(imei, imei_of),
            DeviceSpec::Socket(path) => self.by_socket(path),
        }
    }

    /// All control devices, a second one of the same device included.
    fn functions(&self) -> Vec<Rc<Found>> {
        let mut all = Vec::new();
        for name in children(&self.root.join("bus/usb/devices")) {
            // Interfaces have a ':', root hubs are called usb1: neither is a device with modems.
            if crate::device::is_usb_path(&name) {
                self.usb_functions(&name, &mut all);
            }
        }
        super::wwan::add(&self.root, &self.dev, &mut all);
        all
    }

    fn usb_functions(&self, name: &str, all: &mut Vec<Rc<Found>>) {
        let Ok(dir) = fs::canonicalize(self.root.join("bus/usb/devices").join(name)) else {
            return;
        };
        // Without its ids a device is on its way out.
        let (Some(vendor), Some(product)) = (hex(&dir, "idVendor"), hex(&dir, "idProduct")) else {
            return;
        };
        let interfaces = interfaces(&dir);
        let ports: Vec<TtyPort> = interfaces.iter().flat_map(|i| i.ports.iter().cloned()).listed();
        let mut first = true;
        for interface in &interfaces {
            let (Some(wdm), Some(control)) = (&interface.wdm, interface.control()) else {
                continue;
            };
            let id = if first { name.to_owned() } else { interface.name.clone() };
            first = false;
            all.push(Rc::new(Found {
                id,
                usb_path: Some(name.to_owned()),
                vendor,
                product,
                serial: Some(attribute(&dir, "serial")).filter(|s| !s.is_empty()).map(Id::new),
                manufacturer: attribute(&dir, "manufacturer"),
                product_name: attribute(&dir, "product"),
                driver: interface.driver.clone(),
                control: Some(control),
                wdm: self.dev.join(wdm),
                netdev: interface.netdev.clone(),
                interface: interface.number,
                ports: ports.clone(),
                // Low speed reads "1.5"; the fraction is of no use.
                speed: attribute(&dir, "speed").split('.').next().and_then(|n| n.parse().ok()),
                alias: Vec::new(),
                dir: dir.clone(),
            }));
        }
    }

    fn by_node(&self, node: &Path) -> Result<Rc<Found>, NotFound> {
        let path = self.dev.join(node);
        // A user's own link, such as /dev/modem, leads to the kernel's name.
        let real = fs::canonicalize(&path).unwrap_or(path);
        let name = real.file_name().unwrap_or_default();
        let fits = |found: &Rc<Found>| {
            found.wdm.file_name() == Some(name) || found.alias.iter().any(|alias| OsStr::new(alias) == name)
        };
        let fitting = self.functions().into_iter().filter(fits).listed();
        one(fitting, &format!("a modem at /dev/{}", node.display())).map_err(|error| self.with_unready(error))
    }

    fn by_sys_path(&self, path: &Path) -> Result<Rc<Found>, NotFound> {
        let what = format!("a modem at {}", path.display());
        let inside =
            path.strip_prefix("/sys").map_or_else(|_| path.to_path_buf(), |rest| self.root.join(rest));
        let Ok(real) = fs::canonicalize(inside) else {
            return one(Vec::new(), &what);
        };
        // A path inside the device (its interface, its network device) means it, too; a path
        // above it (a hub) does not, and neither does a hub's path mean what hangs below it.
        let fitting = self.modems().into_iter().filter(|found| real.starts_with(&found.dir)).listed();
        one(fitting, &what).map_err(|error| self.with_unready(error))
    }

    fn by_imei(&self, imei: &Id, imei_of: &dyn Fn(&Found) -> Option<Id>) -> Result<Rc<Found>, NotFound> {
        let mut unknown = Vec::new();
        for found in self.modems() {
            match imei_of(&found) {
                Some(told) if same_imei(imei, &told) => return Ok(found),
                Some(_) => {}
                None => unknown.push(found),
            }
        }
        match unknown.is_empty() {
            true => Err(NotFound::Missing("a modem with that IMEI is not there".into())),
            false => Err(NotFound::AskImei(unknown)),
        }
    }

    fn by_socket(&self, path: &Path) -> Result<Rc<Found>, NotFound> {
        if path.starts_with(&self.root) {
            return self.by_sys_path(path);
        }
        if let Ok(node) = path.strip_prefix(&self.dev) {
            return self.by_node(node);
        }
        if fs::metadata(path).is_err() {
            return Err(NotFound::Missing(format!("the socket {} is not there", path.display())));
        }
        Ok(Rc::new(Found {
            id: path.display().to_string(),
            usb_path: None,
            dir: PathBuf::new(),
            vendor: 0,
            product: 0,
            serial: None,
            manufacturer: String::new(),
            product_name: String::new(),
            driver: "socket".into(),
            control: None,
            wdm: path.to_path_buf(),
            netdev: None,
            interface: 0,
            ports: Vec::new(),
            speed: None,
            alias: Vec::new(),
        }))
    }

    /// Adds to "is not there" what is there and can't be used, because that is what a person
    /// needs to know: a modem in a mode without MBIM and QMI, or a driver that isn't installed.
    fn with_unready(&self, error: NotFound) -> NotFound {
        let NotFound::Missing(text) = error else { return error };
        let unready: Vec<String> = children(&self.root.join("bus/usb/devices"))
            .iter()
            .filter(|name| crate::device::is_usb_path(name))
            .filter_map(|name| unready(&self.root.join("bus/usb/devices").join(name), name))
            .listed();
        match unready.is_empty() {
            true => NotFound::Missing(text),
            false => NotFound::Missing(format!("{text}; {}", unready.join("; "))),
        }
    }
}

/// The one modem of `fitting`.
fn one(mut fitting: Vec<Rc<Found>>, what: &str) -> Result<Rc<Found>, NotFound> {
    if fitting.len() > 1 {
        let names: Vec<String> = fitting.iter().map(|found| found.to_string()).listed();
        let text = format!("{} modems fit, name one by option device: {}", names.len(), names.join(", "));
        return Err(NotFound::Several(text));
    }
    fitting.pop().ok_or_else(|| NotFound::Missing(format!("{what} is not there")))
}

/// One USB interface, as far as modems go.
struct Interface {
    /// `1-1.2:1.4`
    name: String,
    number: u8,
    class: (u8, u8, u8),
    driver: String,
    wdm: Option<String>,
    netdev: Option<String>,
    ports: Vec<TtyPort>,
}

impl Interface {
    fn read(device: &Path, name: &str) -> Option<Interface> {
        // 1-1.2:1.4 is configuration 1, interface 4, whatever device it hangs on.
        name.split_once(':')?;
        let dir = device.join(name);
        let number = hex(&dir, "bInterfaceNumber").and_then(|n: u16| u8::try_from(n).ok())?;
        let byte = |attribute| hex(&dir, attribute).and_then(|n| u8::try_from(n).ok()).unwrap_or(0);
        let class = (byte("bInterfaceClass"), byte("bInterfaceSubClass"), byte("bInterfaceProtocol"));
        let driver = driver(&dir);
        let ports = tty_names(&dir)
            .into_iter()
            .map(|tty| TtyPort { name: tty, driver: driver.clone(), interface: number, class })
            .listed();
        // The directory was usb/ before Linux 3.2; no router still has that.
        let wdm = children(&dir.join("usbmisc")).into_iter().find(|name| name.starts_with("cdc-wdm"));
        let netdev = children(&dir.join("net")).into_iter().next();
        Some(Interface { name: name.to_owned(), number, class, driver, wdm, netdev, ports })
    }

    /// What the control device speaks. Behind huawei_cdc_ncm and plain cdc_wdm it is AT.
    fn control(&self) -> Option<Control> {
        match self.driver.as_str() {
            "cdc_mbim" => Some(Control::Mbim),
            // Makers' own builds of the driver are called qmi_wwan_q, qmi_wwan_f, …
            name if name.starts_with("qmi_wwan") => Some(Control::Qmi),
            _ => None,
        }
    }
}

fn interfaces(device: &Path) -> Vec<Interface> {
    let mut all: Vec<Interface> =
        children(device).iter().filter_map(|child| Interface::read(device, child)).listed();
    all.sort_by_key(|interface| interface.number);
    all
}

/// What keeps a USB device that looks like a modem from being one, if it does.
fn unready(dir: &Path, name: &str) -> Option<String> {
    let dir = fs::canonicalize(dir).ok()?;
    let interfaces = interfaces(&dir);
    if interfaces.iter().any(|i| i.wdm.is_some() && i.control().is_some()) {
        return None;
    }
    let who = format!("{name} ({:04x}:{:04x})", hex(&dir, "idVendor")?, hex(&dir, "idProduct")?);
    if let Some(at_only) = interfaces.iter().find(|i| i.wdm.is_some()) {
        return Some(format!("{who} is driven by {}, which speaks neither MBIM nor QMI", at_only.driver));
    }
    // CDC class 02, subclass 0e: MBIM 1.0, table 3-2.
    if interfaces.iter().any(|i| (i.class.0, i.class.1) == (0x02, 0x0e) && i.driver.is_empty()) {
        return Some(format!("{who} has MBIM, but no driver: install kmod-usb-net-cdc-mbim"));
    }
    if interfaces.iter().any(|i| i.control().is_some()) {
        return Some(format!("{who} has its driver, but no control device yet"));
    }
    let serial = interfaces.iter().filter(|i| i.class.0 == 0xff && !i.ports.is_empty()).count();
    (serial > 0).then(|| format!("{who} has {serial} serial ports, but no control device"))
}

/// `1-1:1.2/ttyUSB2/tty/ttyUSB2` of usb-serial, `1-1:1.0/tty/ttyACM0` of cdc_acm.
fn tty_names(interface: &Path) -> Vec<String> {
    let mut names = children(&interface.join("tty"));
    names.extend(children(interface).into_iter().filter(|name| name.starts_with("tty") && name != "tty"));
    names
}

/// The name of the driver that a device is bound to; empty where none is.
pub(super) fn driver(dir: &Path) -> String {
    let link = fs::read_link(dir.join("driver")).unwrap_or_default();
    link.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The names in a directory, sorted; none where it is gone.
pub(super) fn children(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    // A name that isn't UTF-8 can't be one that a kernel gave.
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).listed();
    names.sort_unstable_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    names
}

/// The text of an attribute: one line without control characters, empty where it can't be read.
pub(super) fn attribute(dir: &Path, name: &str) -> String {
    // A sysfs attribute is a page at most.
    const PAGE: usize = 4096;
    let bytes = super::files::read(&dir.join(name), PAGE).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let line = text.trim_end().lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(256).collect::<String>().trim().to_owned()
}

/// A hexadecimal attribute, with or without 0x.
pub(super) fn hex(dir: &Path, name: &str) -> Option<u16> {
    let text = attribute(dir, name);
    u16::from_str_radix(text.strip_prefix("0x").unwrap_or(&text), 16).ok()
}
