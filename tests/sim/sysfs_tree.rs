//! A sysfs made by hand: the directories, attributes and links that Linux gives USB modems,
//! below `DIR/sys`, with `DIR/dev` beside it.
#![allow(dead_code)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// One interface of a USB device, as the tables of the tests spell it.
#[derive(Clone, Default)]
pub struct Iface {
    pub number: u8,
    pub class: (u8, u8, u8),
    pub driver: &'static str,
    pub wdm: Option<String>,
    pub net: Option<String>,
    pub tty: Option<String>,
}

impl Iface {
    pub fn new(number: u8, class: (u8, u8, u8), driver: &'static str) -> Self {
        Iface { number, class, driver, ..Iface::default() }
    }

    pub fn control(mut self, wdm: &str, net: &str) -> Self {
        self.wdm = Some(wdm.into());
        self.net = Some(net.into());
        self
    }

    pub fn tty(mut self, name: &str) -> Self {
        self.tty = Some(name.into());
        self
    }
}

/// The two interfaces of a CDC MBIM function.
pub fn mbim(number: u8, wdm: &str, net: &str) -> Vec<Iface> {
    vec![
        Iface::new(number, (0x02, 0x0e, 0x00), "cdc_mbim").control(wdm, net),
        Iface::new(number + 1, (0x0a, 0x00, 0x02), "cdc_mbim"),
    ]
}

pub fn qmi(number: u8, wdm: &str, net: &str) -> Vec<Iface> {
    vec![Iface::new(number, (0xff, 0xff, 0xff), "qmi_wwan").control(wdm, net)]
}

pub struct Tree {
    pub dir: PathBuf,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Tree {
    pub fn new() -> Tree {
        let name = format!("uwand-tree-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let tree = Tree { dir: std::env::temp_dir().join(name) };
        for part in ["sys/bus/usb/devices", "sys/class/usbmisc", "sys/class/net", "sys/class/tty", "dev"] {
            fs::create_dir_all(tree.dir.join(part)).expect("temporary directory");
        }
        tree
    }

    pub fn root(&self) -> PathBuf {
        self.dir.join("sys")
    }

    /// `1-1.2` hangs below `1-1`, that below `usb1`.
    pub fn device_dir(&self, name: &str) -> PathBuf {
        let bus = name.split('-').next().unwrap_or(name);
        let mut dir = self.root().join("devices/platform/ehci").join(format!("usb{bus}"));
        for (at, _) in name.match_indices('.') {
            dir.push(&name[..at]);
        }
        dir.join(name)
    }

    pub fn attribute(&self, dir: &Path, name: &str, text: impl AsRef<[u8]>) {
        fs::create_dir_all(dir).expect("directory");
        fs::write(dir.join(name), text).expect("attribute");
    }

    pub fn plug(&self, name: &str, id: (u16, u16), interfaces: &[Iface]) -> PathBuf {
        let dir = self.device_dir(name);
        self.attribute(&dir, "idVendor", format!("{:04x}\n", id.0));
        self.attribute(&dir, "idProduct", format!("{:04x}\n", id.1));
        self.attribute(&dir, "speed", "480\n");
        self.link(&dir, &self.root().join("bus/usb/devices").join(name));
        for interface in interfaces {
            self.interface(&dir, name, interface);
        }
        dir
    }

    fn interface(&self, device: &Path, name: &str, interface: &Iface) {
        let name = format!("{name}:1.{}", interface.number);
        let dir = device.join(&name);
        let (class, sub, proto) = interface.class;
        self.attribute(&dir, "bInterfaceNumber", format!("{:02x}\n", interface.number));
        self.attribute(&dir, "bInterfaceClass", format!("{class:02x}\n"));
        self.attribute(&dir, "bInterfaceSubClass", format!("{sub:02x}\n"));
        self.attribute(&dir, "bInterfaceProtocol", format!("{proto:02x}\n"));
        self.link(&dir, &self.root().join("bus/usb/devices").join(&name));
        if !interface.driver.is_empty() {
            let driver = self.root().join("bus/usb/drivers").join(interface.driver);
            fs::create_dir_all(&driver).expect("driver");
            self.link(&driver, &dir.join("driver"));
        }
        if let Some(wdm) = &interface.wdm {
            self.class_device(&dir.join("usbmisc").join(wdm), "usbmisc", &dir);
        }
        if let Some(net) = &interface.net {
            self.class_device(&dir.join("net").join(net), "net", &dir);
        }
        if let Some(tty) = &interface.tty {
            let port = match tty.starts_with("ttyUSB") {
                true => dir.join(tty).join("tty").join(tty),
                false => dir.join("tty").join(tty),
            };
            self.class_device(&port, "tty", &dir);
        }
    }

    /// A directory with its link from `/sys/class` and its `device` link.
    pub fn class_device(&self, dir: &Path, class: &str, parent: &Path) {
        fs::create_dir_all(dir).expect("class device");
        self.link(parent, &dir.join("device"));
        let name = dir.file_name().expect("a name");
        let class = self.root().join("class").join(class);
        fs::create_dir_all(&class).expect("class");
        self.link(dir, &class.join(name));
    }

    pub fn link(&self, target: &Path, link: &Path) {
        if fs::symlink_metadata(link).is_err() {
            symlink(target, link).expect("link");
        }
    }

    /// Takes the device and every link to it away.
    pub fn unplug(&self, name: &str) {
        fs::remove_dir_all(self.device_dir(name)).expect("unplug");
        for class in ["bus/usb/devices", "class/usbmisc", "class/net", "class/tty"] {
            for entry in fs::read_dir(self.root().join(class)).expect("class").flatten() {
                if fs::metadata(entry.path()).is_err() {
                    fs::remove_file(entry.path()).expect("stale link");
                }
            }
        }
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}
