//! Mux devices on top of qmi_wwan's: one for each QMAP channel of the modem.
//!
//! Contract: [`find`] gives the name of the device that carries a channel, [`add`] makes one
//! under a name that the kernel chooses (`qmimux0`), [`remove`] takes it away; one that is gone
//! is fine. The kernel is done when the write returns. While there is any mux device the driver
//! takes everything from the modem for QMAP (qmi_wwan.c, qmi_wwan_rx_fixup), so a modem that is
//! to go without needs them all gone.
//!
//! Why not rmnet with qmi_wwan's pass_through? It is a second module with netlink of its own, and
//! carries the same two channels.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use nix::errno::Errno;

use super::sysfs::{Sysfs, attribute, children};

use crate::few::Listed;

/// The channels that the driver has room for (add_mux_store).
pub const LAST: u8 = 254;

/// Whether the driver can do it: since Linux 4.12.
pub fn is_able(sysfs: &Sysfs, parent: &str) -> bool {
    dir(sysfs, parent).join("qmi/add_mux").exists()
}

/// The channels that have a device.
pub fn channels(sysfs: &Sysfs, parent: &str) -> Vec<u8> {
    // One a line, which `attribute` has only the first of.
    let text = fs::read_to_string(dir(sysfs, parent).join("qmi/add_mux")).unwrap_or_default();
    text.lines().filter_map(number).listed()
}

/// Every mux device of a parent.
pub fn devices(sysfs: &Sysfs, parent: &str) -> Vec<String> {
    let names = children(&dir(sysfs, parent)).into_iter();
    names.filter_map(|name| name.strip_prefix("upper_").map(str::to_owned)).listed()
}

/// The device of a channel.
pub fn find(sysfs: &Sysfs, parent: &str, channel: u8) -> Option<String> {
    let mut silent = Vec::new();
    for name in devices(sysfs, parent) {
        match number(&attribute(&dir(sysfs, &name).join("qmap"), "mux_id")) {
            Some(id) if id == channel => return Some(name),
            Some(_) => {}
            None => silent.push(name),
        }
    }
    // Before Linux 5.12 a mux device does not tell its channel; a single one can be no other.
    let only = silent.len() == 1 && channels(sysfs, parent) == [channel];
    silent.pop().filter(|_| only)
}

pub fn add(sysfs: &Sysfs, parent: &str, channel: u8) -> io::Result<()> {
    write(sysfs, parent, "add_mux", channel)
}

pub fn remove(sysfs: &Sysfs, parent: &str, channel: u8) -> io::Result<()> {
    match write(sysfs, parent, "del_mux", channel) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // "mux_id not present"
        Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => Ok(()),
        other => other,
    }
}

/// `0x01`, as the driver writes it.
fn number(text: &str) -> Option<u8> {
    u8::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

fn write(sysfs: &Sysfs, parent: &str, attribute: &str, channel: u8) -> io::Result<()> {
    let path = dir(sysfs, parent).join("qmi").join(attribute);
    // Never create: another driver has no such file and must not be given one.
    let mut file = fs::OpenOptions::new().write(true).truncate(true).open(path)?;
    file.write_all(format!("0x{channel:02x}").as_bytes())
}

fn dir(sysfs: &Sysfs, name: &str) -> PathBuf {
    sysfs.root().join("class/net").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_read_as_the_driver_writes_them() {
        assert_eq!(number("0x01\n"), Some(1));
        assert_eq!(number("0xfe"), Some(254));
        assert_eq!((number(""), number("1"), number("0x100")), (None, None, None));
    }

    #[test]
    fn a_device_of_another_driver_has_no_channels() {
        let sysfs = Sysfs::default();
        assert!(!is_able(&sysfs, "lo") && channels(&sysfs, "lo").is_empty());
        assert_eq!(find(&sysfs, "lo", 1), None);
        assert!(add(&sysfs, "lo", 1).is_err());
        assert!(remove(&sysfs, "lo", 1).is_ok());
    }
}
