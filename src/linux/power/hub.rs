//! The ports of USB hubs, and which of them have a switch.
//!
//! A port is a directory of the hub's interface: `1-1:1.0/1-1-port2`, of a root hub
//! `1-0:1.0/usb1-port1` (drivers/usb/core/port.c). Its attribute `disable` came with Linux 6.0.
//!
//! How a hub switches stands in its class descriptor (USB 2.0, 11.23.2.1: wHubCharacteristics,
//! bits 0 and 1), which sysfs doesn't show: it is asked for through usbfs, as a root hub and most others
//! answer at once; [`PATIENCE`] bounds the others. A simulated world has it in `hub_descriptor`.
#![allow(unsafe_code)]

use std::fs::{self, OpenOptions};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use crate::few::Listed;
use crate::linux::sysfs::{Sysfs, attribute, children, hex};

/// Milliseconds for a descriptor.
const PATIENCE: u32 = 200;
const USB2_HUB: u16 = 0x2900;
const USB3_HUB: u16 = 0x2a00;
/// Up to wHubCharacteristics.
const HEAD: usize = 5;
/// Hubs have at most 15 ports (USB 3) or, on paper, 255.
const MOST_PORTS: u16 = 255;

mod ioctl {
    /// <linux/usbdevice_fs.h>, usbdevfs_ctrltransfer.
    #[repr(C)]
    pub struct Control {
        pub kind: u8,
        pub request: u8,
        pub value: u16,
        pub index: u16,
        pub length: u16,
        pub timeout: u32,
        pub data: *mut u8,
    }
    nix::ioctl_readwrite!(control, b'U', 0, Control);
}

/// How a hub switches its ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switching {
    Each,
    Together,
    None,
    /// It did not tell.
    Unknown,
}

/// A port with the hub that it is on.
#[derive(Debug, Clone)]
pub struct Port {
    pub name: String,
    pub dir: PathBuf,
    /// The hub's device directory.
    pub hub: PathBuf,
    pub is_root: bool,
    /// Its `disable`, and that of its peer.
    pub switches: Vec<PathBuf>,
}

impl Port {
    /// The port that a device is plugged into; `None` for a root hub.
    pub fn above(device: &Path) -> Option<Port> {
        let name = device.file_name()?.to_str()?;
        let hub = device.parent()?;
        let (bus, ports) = name.split_once('-')?;
        let is_root = !ports.contains('.');
        let (hub_name, interface, number) = match ports.rsplit_once('.') {
            Some((above, number)) => (format!("{bus}-{above}"), format!("{bus}-{above}:1.0"), number),
            None => (format!("usb{bus}"), format!("{bus}-0:1.0"), ports),
        };
        if hub.file_name()?.to_str()? != hub_name {
            return None;
        }
        let name = format!("{hub_name}-port{number}");
        let dir = hub.join(interface).join(&name);
        let switches = switches(&dir);
        Some(Port { name, dir, hub: hub.to_path_buf(), is_root, switches })
    }

    /// All ports of the same hub.
    pub fn all(&self) -> Vec<PathBuf> {
        let Some(interface) = self.dir.parent() else { return Vec::new() };
        let ports = children(interface).into_iter().filter(|name| name.contains("-port"));
        ports.map(|name| interface.join(name)).take(MOST_PORTS.into()).listed()
    }
}

/// The switches of one socket.
pub fn switches(port: &Path) -> Vec<PathBuf> {
    let peer = fs::canonicalize(port.join("peer")).ok();
    let dirs = std::iter::once(port.to_path_buf()).chain(peer);
    dirs.map(|dir| dir.join("disable")).filter(|file| file.exists()).listed()
}

/// Bit 6 of a configuration's bmAttributes (USB 2.0, table 9-10).
pub fn has_own_supply(hub: &Path) -> bool {
    hex(hub, "bmAttributes").is_some_and(|attributes| attributes & 0x40 != 0)
}

pub fn switching(sysfs: &Sysfs, hub: &Path) -> Switching {
    let descriptor = match sysfs.is_kernel() {
        true => ask(hub),
        false => fs::read(hub.join("hub_descriptor")).ok(),
    };
    // bDescLength, bDescriptorType, bNbrPorts, wHubCharacteristics
    match descriptor.as_deref() {
        Some([_, 0x29 | 0x2a, _, low, _, ..]) => match low & 0b11 {
            0b00 => Switching::Together,
            0b01 => Switching::Each,
            _ => Switching::None,
        },
        _ => Switching::Unknown,
    }
}

fn ask(hub: &Path) -> Option<Vec<u8>> {
    let number = |name| attribute(hub, name).parse::<u16>().ok();
    let node = format!("/dev/bus/usb/{:03}/{:03}", number("busnum")?, number("devnum")?);
    let file = OpenOptions::new().read(true).write(true).open(node).ok()?;
    let super_speed = attribute(hub, "speed").parse::<u32>().is_ok_and(|speed| speed >= 5000);
    let mut data = [0u8; 16];
    let mut request = ioctl::Control {
        // From the device, of its class, to the device.
        kind: 0xa0,
        request: 6,
        value: if super_speed { USB3_HUB } else { USB2_HUB },
        index: 0,
        length: 16,
        timeout: PATIENCE,
        data: data.as_mut_ptr(),
    };
    // SAFETY: the kernel writes at most `length` bytes to `data`, which has as many and lives on.
    let length = unsafe { ioctl::control(file.as_raw_fd(), &mut request) }.ok()?;
    let length = usize::try_from(length).ok().filter(|length| *length >= HEAD)?;
    data.get(..length).map(<[u8]>::to_vec)
}
