//! Interfaces without a driver in trees made by hand, and how often they are bound again.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use uwand::linux::heal::{Healer, Orphan, advice, bind, orphans};
use uwand::linux::sysfs::Sysfs;

use super::sysfs_tree::{Iface, Tree};

const VENDOR: (u8, u8, u8) = (0xff, 0xff, 0xff);

/// A tree in which these drivers are there.
fn tree(drivers: &[&str]) -> Tree {
    let tree = Tree::new();
    for driver in drivers {
        for file in ["bind", "unbind", "new_id"] {
            tree.attribute(&tree.root().join("bus/usb/drivers").join(driver), file, "");
        }
    }
    tree
}

fn found(tree: &Tree) -> Vec<Orphan> {
    orphans(&Sysfs::new(tree.root()))
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("runtime").block_on(work)
}

/// A MC8355 with its serial ports, whose QMI interface has this driver.
fn mc8355(tree: &Tree, driver: &'static str) -> std::path::PathBuf {
    let serial = |number| Iface::new(number, VENDOR, "qcserial");
    tree.plug("1-1", (0x1199, 0x9013), &[Iface::new(0, VENDOR, driver), serial(1), serial(2), serial(3)])
}

#[test]
fn a_modem_that_lost_its_driver_is_found_and_bound_again() {
    let tree = tree(&["qmi_wwan", "qcserial"]);
    mc8355(&tree, "");
    let orphans = found(&tree);
    assert_eq!(orphans.len(), 1);
    let orphan = &orphans[0];
    assert_eq!((orphan.interface.as_str(), orphan.driver, orphan.is_free), ("1-1:1.0", "qmi_wwan", true));
    assert_eq!(orphan.holder, None);
    run(bind(&Sysfs::new(tree.root()), orphan)).expect("written");
    let file = tree.root().join("bus/usb/drivers/qmi_wwan/bind");
    assert_eq!(fs::read_to_string(&file).expect("bind"), "1-1:1.0");
    fs::remove_file(file).expect("removed");
    let error = run(bind(&Sysfs::new(tree.root()), orphan)).expect_err("the driver is gone");
    assert!(error.contains("1-1:1.0 to qmi_wwan"), "{error}");
}

#[test]
fn interfaces_that_are_served_or_not_ours_are_left_alone() {
    let tree = tree(&["qmi_wwan", "qcserial", "cdc_mbim"]);
    mc8355(&tree, "qmi_wwan");
    // A maker's own build of the driver.
    tree.plug("1-2", (0x2c7c, 0x0125), &[Iface::new(4, VENDOR, "qmi_wwan_q")]);
    // Diagnostics of an EM7455 are qcserial's, its interface 5 is nobody's; option is not there.
    tree.plug("1-3", (0x1199, 0x9071), &[Iface::new(5, VENDOR, ""), Iface::new(0, VENDOR, "qcserial")]);
    tree.plug("1-4", (0x2c7c, 0x0125), &[Iface::new(2, VENDOR, "")]);
    tree.plug("1-5", (0x0781, 0x5567), &[Iface::new(0, (8, 6, 0x50), "")]);
    assert_eq!(found(&tree), []);
    // The data interface goes with its control interface.
    let mbim = [Iface::new(12, (2, 0x0e, 0), ""), Iface::new(13, (0x0a, 0, 2), "")];
    tree.plug("1-6", (0x1234, 0x5678), &mbim);
    assert_eq!(found(&tree).iter().map(|orphan| orphan.interface.as_str()).collect::<Vec<_>>(), ["1-6:1.12"]);
}

#[test]
fn who_holds_an_interface_is_named_and_keeps_it() {
    for (driver, named) in [("usbfs", "a program, by usbfs"), ("option", "driver option")] {
        let tree = tree(&["qmi_wwan"]);
        mc8355(&tree, driver);
        let orphans = found(&tree);
        assert_eq!((orphans[0].holder.as_deref(), orphans[0].is_free), (Some(named), false));
        let (mut healer, now) = (Healer::default(), Instant::now());
        for minute in 0..60 {
            assert_eq!(healer.due(&orphans, now + Duration::from_secs(60 * minute)), []);
        }
    }
}

/// Seconds at which the orphan is bound, looked at every second.
fn bound_at(healer: &mut Healer, begin: Instant, seconds: u64, is_free: impl Fn(u64) -> bool) -> Vec<u64> {
    let tree = tree(&["qmi_wwan"]);
    mc8355(&tree, "");
    let orphans = found(&tree);
    let now_and_then = |second: &u64| {
        let seen = if is_free(*second) { orphans.as_slice() } else { &[] };
        !healer.due(seen, begin + Duration::from_secs(*second)).is_empty()
    };
    (0..seconds).filter(now_and_then).collect()
}

#[test]
fn an_interface_is_bound_three_times_a_boot_and_ever_more_rarely() {
    let (mut healer, begin) = (Healer::default(), Instant::now());
    assert_eq!(bound_at(&mut healer, begin, 86_400, |_| true), [5, 15, 75]);
    assert!(healer.is_spent("1-1:1.0"));
    assert_eq!(healer.next(), None);
    // A restart of the daemon forgets nothing; a new boot has no file.
    let mut again = Healer::load(&healer.save());
    assert_eq!(bound_at(&mut again, begin, 86_400, |_| true), [0u64; 0]);
    let mut nonsense = Healer::load("x\n\n1-1:1.0 many\n 7 7\n");
    assert_eq!(bound_at(&mut nonsense, begin, 10, |_| true), [5]);
}

#[test]
fn a_modem_that_is_just_coming_is_given_time() {
    let (mut healer, begin) = (Healer::default(), Instant::now());
    assert_eq!(bound_at(&mut healer, begin, 60, |second| second % 5 != 0), [0u64; 0]);
    assert!(!healer.is_spent("1-1:1.0"));
    let mut healer = Healer::default();
    assert_eq!(healer.next(), None);
    bound_at(&mut healer, begin, 1, |_| true);
    assert_eq!(healer.next(), Some(begin + Healer::GRACE));
}

#[test]
fn advice_names_the_package_or_the_command() {
    let tree = tree(&["qmi_wwan"]);
    tree.plug("1-1", (0x1199, 0x9071), &[Iface::new(12, (2, 0x0e, 0), "")]);
    let endpoints = |dir: &Path, count: &str| fs::write(dir.join("bNumEndpoints"), count).expect("attribute");
    let dir = tree.plug("1-2", (0x2c7c, 0x0999), &[Iface::new(0, VENDOR, ""), Iface::new(4, VENDOR, "")]);
    endpoints(&dir.join("1-2:1.0"), "02\n");
    endpoints(&dir.join("1-2:1.4"), "03\n");
    // Of nobody known, and one that is served.
    let dir = tree.plug("1-3", (0x1234, 0x0999), &[Iface::new(0, VENDOR, "")]);
    endpoints(&dir.join("1-3:1.0"), "03\n");
    let dir =
        tree.plug("1-4", (0x2c7c, 0x0998), &[Iface::new(0, VENDOR, ""), Iface::new(4, VENDOR, "qmi_wwan")]);
    endpoints(&dir.join("1-4:1.0"), "03\n");
    let advice = advice(&Sysfs::new(tree.root()));
    assert_eq!(advice.len(), 2, "{advice:?}");
    assert_eq!(advice[0].remedy, "install kmod-usb-net-cdc-mbim");
    assert!(advice[1].what.contains("1-2 (2c7c:0999)") && advice[1].why.contains("1-2:1.4"), "{advice:?}");
    assert!(advice[1].remedy.starts_with("echo 2c7c 0999 > "), "{advice:?}");
}
