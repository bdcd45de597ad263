//! What sysfs and /dev show of modems.

use std::fs;
use std::path::Path;

use super::{Finding, Place, fail, ok, warn};
use crate::device::DeviceSpec;
use crate::few::Listed;
use crate::linux::sysfs::Found;
use crate::linux::{heal, netdev, power, wdm};
use crate::words::Control;

/// Makers whose sticks begin as a disc with a driver for Windows.
const DISC_MAKERS: [&str; 6] = ["12d1", "19d2", "1bbb", "0af0", "2001", "1c9e"];

pub fn look(place: &Place, all: &mut Vec<Finding>) {
    let modems = place.sysfs.modems();
    if modems.is_empty() {
        // The error says what is there and cannot be used.
        let what = place.sysfs.find(&DeviceSpec::Auto, &|_| None).err();
        let what = what.map(|error| error.to_string()).unwrap_or_default();
        let why = "uwand speaks MBIM and QMI, by a control device such as /dev/cdc-wdm0";
        let remedy = "plug the modem in; install kmod-usb-net-cdc-mbim and kmod-usb-net-qmi-wwan; where it has serial \
                      ports only, switch it to MBIM or QMI by its AT command for the USB composition";
        fail(all, "modem", format_args!("{what}"), why, remedy);
    }
    for advice in heal::advice(&place.sysfs) {
        fail(all, "driver", format_args!("{}", advice.what), &advice.why, &advice.remedy);
    }
    for orphan in heal::orphans(&place.sysfs) {
        let why = match &orphan.holder {
            Some(holder) => format!("it is held by {holder}"),
            None => {
                "something detached it, and the kernel tries a driver only when a device comes".to_string()
            }
        };
        let remedy = format!(
            "the daemon binds it again by itself; by hand: echo {} > /sys/bus/usb/drivers/{}/bind",
            orphan.interface, orphan.driver
        );
        fail(
            all,
            "driver",
            format_args!("{} has lost its driver {}", orphan.interface, orphan.driver),
            &why,
            &remedy,
        );
    }
    discs(place, all);
    for modem in &modems {
        one(place, modem, all);
    }
}

fn one(place: &Place, modem: &Found, all: &mut Vec<Finding>) {
    ok(all, "modem", format_args!("{modem}, driver {}", modem.driver));
    if !modem.wdm.exists() {
        let why = "without the device node nothing can speak to the modem";
        fail(
            all,
            "node",
            format_args!("{} is missing, and the kernel has it", modem.wdm.display()),
            why,
            "see whether procd runs its hotplug (logread -e hotplug), or reboot",
        );
    }
    holders(place, modem, all);
    ports(place, modem, all);
    raw_ip(place, modem, all);
    usb(modem, all);
    power(place, modem, all);
}

fn holders(place: &Place, modem: &Found, all: &mut Vec<Finding>) {
    let node = fs::canonicalize(&modem.wdm).unwrap_or_else(|_| modem.wdm.clone());
    let holders = wdm::who_has_below(&place.path("proc"), &|target| target == node);
    let others: Vec<wdm::Holder> = holders.into_iter().filter(|holder| holder.name != "uwand").listed();
    if !others.is_empty() {
        let why = "two programs on one control device take each other's answers";
        fail(
            all,
            "holder",
            format_args!("{} is open in {}", modem.wdm.display(), wdm::list(&others)),
            why,
            "stop that program, or leave this modem to it",
        );
    }
}

fn ports(place: &Place, modem: &Found, all: &mut Vec<Finding>) {
    let free = free_vendor_interfaces(&modem.dir);
    if !modem.ports.is_empty() || free == 0 {
        return;
    }
    let package = match modem.vendor {
        0x1199 | 0x05c6 => "kmod-usb-serial-qualcomm",
        _ => "kmod-usb-serial-option",
    };
    if place.has("sys/module/option") && place.has("sys/module/qcserial") {
        return;
    }
    let why = "the AT port is a second way to reset a modem that does not answer";
    warn(
        all,
        "serial",
        format_args!("{} has {free} interfaces without a driver, and no AT port", modem.id),
        why,
        &format!("install {package}"),
    );
}

fn free_vendor_interfaces(device: &Path) -> usize {
    let interfaces = names(device).into_iter().filter(|name| name.contains(':'));
    let free = interfaces
        .map(|name| device.join(name))
        .filter(|dir| text(&dir.join("bInterfaceClass")) == "ff" && !dir.join("driver").exists());
    free.count()
}

/// The kernel's side of the packets' framing must fit the modem's.
fn raw_ip(place: &Place, modem: &Found, all: &mut Vec<Finding>) {
    let Some(name) = modem.netdev.as_ref().filter(|_| modem.control == Some(Control::Qmi)) else { return };
    let Some(raw) = netdev::raw_ip(&place.sysfs, name) else { return };
    // include/uapi/linux/if_arp.h: ARPHRD_NONE for raw IP, ARPHRD_ETHER for 802.3 frames.
    let kind = text(&place.path("sys/class/net").join(name).join("type"));
    let expected = if raw { "65534" } else { "1" };
    if kind.is_empty() || kind == expected {
        ok(all, "raw_ip", format_args!("{name} has {}", if raw { "raw IP" } else { "Ethernet frames" }));
        return;
    }
    let why = "modem and kernel then frame packets differently: connected, and no packet passes";
    fail(
        all,
        "raw_ip",
        format_args!("{name} says raw_ip {}, and its type is {kind}", if raw { "Y" } else { "N" }),
        why,
        "ifdown and ifup the interface; where that does not help, replug the modem",
    );
}

fn usb(modem: &Found, all: &mut Vec<Finding>) {
    let sleeps = text(&modem.dir.join("power/control")) == "auto"
        && !text(&modem.dir.join("power/autosuspend_delay_ms")).starts_with('-');
    if modem.usb_path.is_some() && sleeps {
        let why = "some modems do not wake up again, or leave the bus";
        let remedy = format!("echo on > {}", modem.dir.join("power/control").display());
        warn(all, "usb", format_args!("USB autosuspend is on for {}", modem.id), why, &remedy);
    }
    if modem.speed.is_some_and(|speed| speed < 480) {
        let why = "a modem that falls back to full speed has a bad cable, hub or supply";
        warn(
            all,
            "usb",
            format_args!("{} runs at {} Mbit/s", modem.id, modem.speed.unwrap_or(0)),
            why,
            "try another port or cable, and a supply that gives enough",
        );
    }
}

fn power(place: &Place, modem: &Found, all: &mut Vec<Finding>) {
    let ways = power::ways(&place.sysfs, modem, "auto").unwrap_or_default();
    let best = ways.iter().find(|way| way.cuts_power).or(ways.first());
    match best {
        Some(way) if way.cuts_power => {
            ok(all, "power", format_args!("power of {} can be cut: {way}", modem.id));
        }
        _ => {
            let best = best.map_or("nothing".to_string(), |way| way.to_string());
            let why = format!(
                "a modem that hangs hard comes back by a power cycle only; the nearest thing is: {best}"
            );
            let remedy = "where a GPIO line switches its supply, name it: option power 'gpio:LINE-NAME'";
            warn(
                all,
                "power",
                format_args!("nothing here is known to cut the power of {}", modem.id),
                &why,
                remedy,
            );
        }
    }
    let shared = best.filter(|way| !way.others.is_empty() || way.other_devices > 0);
    if let Some(way) = shared {
        let why = "what hangs on the same switch goes off along with the modem";
        let remedy = "where that is not wanted: option power 'none', or another port";
        warn(all, "power", format_args!("{}: {way}", modem.id), why, remedy);
    }
}

/// Sticks that nobody switched from disc to modem.
fn discs(place: &Place, all: &mut Vec<Finding>) {
    let devices = place.path("sys/bus/usb/devices");
    for name in names(&devices) {
        let dir = devices.join(&name);
        let vendor = text(&dir.join("idVendor"));
        if !DISC_MAKERS.contains(&vendor.as_str()) {
            continue;
        }
        let interfaces = names(&dir).into_iter().filter(|inner| inner.contains(':'));
        let classes: Vec<String> =
            interfaces.map(|inner| text(&dir.join(inner).join("bInterfaceClass"))).listed();
        if !classes.is_empty() && classes.iter().all(|class| class == "08") {
            let why = "such a stick becomes a modem after a command that the host has to send";
            fail(
                all,
                "modeswitch",
                format_args!("{name} ({vendor}:{}) shows a disc only", text(&dir.join("idProduct"))),
                why,
                "install usb-modeswitch, and plug it in again",
            );
        }
    }
}

fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).listed();
    names.sort_unstable();
    names
}

/// An attribute, without what could be hostile in it.
fn text(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim().chars().filter(|c| c.is_ascii_graphic()).take(64).collect()
}
