//! Lines of the board by name: those exported in `/sys/class/gpio`, and all others through the
//! character device (version 2 of its interface, since Linux 5.10).
//!
//! Contract: a line is never asked for what it is for: it is turned to the opposite of what it
//! was, and back. So it does not matter whether it is active low, or a reset rather than a supply.
//!
//! A line that a driver has taken (a regulator, say) cannot be had: EBUSY, told with its consumer.
#![allow(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use crate::few::Listed;
use crate::linux::sysfs::{Sysfs, attribute, children};

/// <linux/gpio.h>. Its 64-bit members are aligned to 8 on every architecture.
mod ioctl {
    pub const NAME: usize = 32;
    pub const ATTRIBUTES: usize = 10;

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct ChipInfo {
        pub name: [u8; NAME],
        pub label: [u8; NAME],
        pub lines: u32,
    }

    #[repr(C, align(8))]
    #[derive(Clone, Copy)]
    pub struct Attribute {
        pub id: u32,
        pub padding: u32,
        pub values: u64,
    }

    #[repr(C, align(8))]
    #[derive(Clone, Copy)]
    pub struct ConfigAttribute {
        pub attribute: Attribute,
        pub mask: u64,
    }

    #[repr(C, align(8))]
    #[derive(Clone, Copy)]
    pub struct Config {
        pub flags: u64,
        pub attributes: u32,
        pub padding: [u32; 5],
        pub attribute: [ConfigAttribute; ATTRIBUTES],
    }

    #[repr(C, align(8))]
    #[derive(Clone, Copy)]
    pub struct Request {
        pub offsets: [u32; 64],
        pub consumer: [u8; NAME],
        pub config: Config,
        pub lines: u32,
        pub buffer: u32,
        pub padding: [u32; 5],
        pub fd: i32,
    }

    #[repr(C, align(8))]
    #[derive(Clone, Copy)]
    pub struct LineInfo {
        pub name: [u8; NAME],
        pub consumer: [u8; NAME],
        pub offset: u32,
        pub attributes: u32,
        pub flags: u64,
        pub attribute: [Attribute; ATTRIBUTES],
        pub padding: [u32; 4],
    }

    #[repr(C, align(8))]
    #[derive(Clone, Copy)]
    pub struct Values {
        pub bits: u64,
        pub mask: u64,
    }

    nix::ioctl_read!(chip_info, 0xb4, 0x01, ChipInfo);
    nix::ioctl_readwrite!(line_info, 0xb4, 0x05, LineInfo);
    nix::ioctl_readwrite!(get_line, 0xb4, 0x07, Request);
    nix::ioctl_readwrite!(set_config, 0xb4, 0x0d, Config);
    nix::ioctl_readwrite!(get_values, 0xb4, 0x0e, Values);
}

// What the kernel's header comes to; the numbers of the ioctls have the sizes in them.
const _: () = assert!(size_of::<ioctl::ChipInfo>() == 68 && size_of::<ioctl::Values>() == 16);
const _: () = assert!(size_of::<ioctl::LineInfo>() == 256 && size_of::<ioctl::Config>() == 272);
const _: () = assert!(size_of::<ioctl::Request>() == 592);

const USED: u64 = 1;
const OUTPUT: u64 = 1 << 3;
/// GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES
const OUTPUT_VALUES: u32 = 2;
/// A line of the chip; more than any chip has.
const MOST_LINES: u32 = 1024;
/// Names to show where the one that was asked for is not there.
const SHOWN: usize = 12;

/// What boards call the supply of their modem (gpio-export nodes of OpenWrt's device trees).
const MODEM: &[&str] = &["modem", "lte", "4g", "5g", "wwan", "cellular", "minipcie", "mpcie", "m2", "ngff"];
const SUPPLY: &[&str] = &["power", "pwr", "reset", "rst", "enable", "perst"];

/// `/sys/class/gpio/NAME/value` of an exported line.
pub fn exported(sysfs: &Sysfs, name: &str) -> Option<PathBuf> {
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return None;
    }
    let file = sysfs.root().join("class/gpio").join(name).join("value");
    (file.exists() && !name.starts_with("gpiochip")).then_some(file)
}

/// Exported lines whose name says that they supply or reset a modem.
pub fn for_a_modem(sysfs: &Sysfs) -> Vec<(String, PathBuf)> {
    let says = |name: &str| {
        let name = name.to_ascii_lowercase();
        let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).listed();
        let any = |list: &[&str]| list.iter().any(|word| words.contains(word));
        any(MODEM) && any(SUPPLY)
    };
    let is_output = |name: &str| {
        let dir = sysfs.root().join("class/gpio").join(name);
        // A line whose direction the board has fixed does not show it.
        matches!(attribute(&dir, "direction").as_str(), "out" | "")
    };
    let names = children(&sysfs.root().join("class/gpio")).into_iter();
    let lines = names.filter(|name| says(name) && is_output(name));
    lines.filter_map(|name| Some((name.clone(), exported(sysfs, &name)?))).listed()
}

/// A line of a chip, found by its name.
pub struct Line {
    chip: File,
    offset: u32,
}

/// A line that is ours until this is dropped.
pub struct Held {
    fd: OwnedFd,
}

impl Line {
    pub fn find(sysfs: &Sysfs, name: &str) -> Result<Line, String> {
        let mut names = Vec::new();
        for (chip, path) in chips(sysfs) {
            for info in lines(&chip) {
                let line = text(&info.name);
                if line != name {
                    names.push(line);
                    continue;
                }
                if info.flags & USED != 0 {
                    let consumer = text(&info.consumer);
                    return Err(format!("the line is in use by '{consumer}' ({})", path.display()));
                }
                return Ok(Line { chip, offset: info.offset });
            }
        }
        names.retain(|name| !name.is_empty());
        names.truncate(SHOWN);
        match names.is_empty() {
            true => Err("no line has a name on this board".into()),
            false => Err(format!("no line has this name; there are {}", names.join(", "))),
        }
    }

    /// Takes the line as it is, and what it is at.
    pub fn hold(self) -> io::Result<(Held, bool)> {
        // SAFETY: zeros are a valid value of every member.
        let mut request: ioctl::Request = unsafe { std::mem::zeroed() };
        request.offsets[0] = self.offset;
        request.lines = 1;
        request.consumer[..5].copy_from_slice(b"uwand");
        // SAFETY: the kernel reads and writes one request of exactly this size.
        unsafe { ioctl::get_line(self.chip.as_raw_fd(), &mut request) }?;
        // SAFETY: on success the kernel has put a descriptor there that is nobody else's.
        let held = Held { fd: unsafe { OwnedFd::from_raw_fd(request.fd) } };
        let mut values = ioctl::Values { bits: 0, mask: 1 };
        // SAFETY: as above, with one set of values.
        unsafe { ioctl::get_values(held.fd.as_raw_fd(), &mut values) }?;
        Ok((held, values.bits & 1 != 0))
    }
}

impl Held {
    /// Makes it an output of this value in one step.
    pub fn set(&self, value: bool) -> io::Result<()> {
        // SAFETY: zeros are a valid value of every member.
        let mut config: ioctl::Config = unsafe { std::mem::zeroed() };
        config.flags = OUTPUT;
        config.attributes = 1;
        config.attribute[0].mask = 1;
        config.attribute[0].attribute.id = OUTPUT_VALUES;
        config.attribute[0].attribute.values = value.into();
        // SAFETY: the kernel reads one configuration of exactly this size.
        unsafe { ioctl::set_config(self.fd.as_raw_fd(), &mut config) }?;
        Ok(())
    }
}

/// The chips' devices, beside the tree.
fn chips(sysfs: &Sysfs) -> Vec<(File, PathBuf)> {
    let dev = if sysfs.is_kernel() { PathBuf::from("/dev") } else { sysfs.root().join("../dev") };
    let names = children(&dev).into_iter().filter(|name| name.starts_with("gpiochip"));
    let paths = names.map(|name| dev.join(name));
    paths.filter_map(|path| Some((open(&path)?, path))).listed()
}

fn open(path: &Path) -> Option<File> {
    OpenOptions::new().read(true).write(true).open(path).ok()
}

fn lines(chip: &File) -> Vec<ioctl::LineInfo> {
    // SAFETY: zeros are a valid value of every member; the kernel fills in one of exactly this size.
    let count = unsafe {
        let mut info: ioctl::ChipInfo = std::mem::zeroed();
        match ioctl::chip_info(chip.as_raw_fd(), &mut info) {
            Ok(_) => info.lines,
            Err(_) => 0,
        }
    };
    let info = |offset| {
        // SAFETY: as above.
        unsafe {
            let mut info: ioctl::LineInfo = std::mem::zeroed();
            info.offset = offset;
            ioctl::line_info(chip.as_raw_fd(), &mut info).ok().map(|_| info)
        }
    };
    (0..count.min(MOST_LINES)).filter_map(info).listed()
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}
