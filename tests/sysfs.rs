//! Finding modems in a sysfs made by hand, and in those of the recorded devices.

#[path = "sysfs/doctor.rs"]
mod doctor;
#[path = "sysfs/heal.rs"]
mod heal;
#[path = "sysfs/power.rs"]
mod power;
mod skip;
#[path = "sim/sysfs_tree.rs"]
mod sysfs_tree;

use std::fs;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sysfs_tree::{Iface, Tree, mbim, qmi};
use uwand::device::DeviceSpec;
use uwand::linux::sysfs::{Found, NotFound, Sysfs};
use uwand::words::{Control, Id};

const EM7455: (u16, u16) = (0x1199, 0x9071);
const EC25: (u16, u16) = (0x2c7c, 0x0125);

fn find(tree: &Tree, device: &str) -> Result<Rc<Found>, NotFound> {
    let spec = DeviceSpec::parse(device).unwrap_or_else(|error| panic!("{device}: {error}"));
    Sysfs::new(tree.root()).find(&spec, &|_| None)
}

fn id(tree: &Tree, device: &str) -> String {
    find(tree, device).unwrap_or_else(|error| panic!("{device}: {error}")).id.clone()
}

/// An EM7455 at 1-1.2 and an EC25 at 2-1, behind a hub.
fn two_modems() -> Tree {
    let tree = Tree::new();
    tree.plug("1-1", (0x05e3, 0x0608), &[Iface::new(0, (9, 0, 1), "hub")]);
    let mut interfaces = mbim(12, "cdc-wdm0", "wwan0");
    interfaces.push(Iface::new(0, (0xff, 0xff, 0xff), "qcserial").tty("ttyUSB0"));
    interfaces.push(Iface::new(3, (0xff, 0x00, 0x00), "qcserial").tty("ttyUSB2"));
    interfaces.push(Iface::new(5, (0x02, 0x02, 0x01), "cdc_acm").tty("ttyACM0"));
    let dir = tree.plug("1-1.2", EM7455, &interfaces);
    tree.attribute(&dir, "serial", "LF73410285041020\n");
    tree.attribute(&dir, "manufacturer", "Sierra Wireless, Incorporated\n");
    tree.attribute(&dir, "product", "Sierra Wireless EM7455 Qualcomm\u{ae} Snapdragon\u{2122} X7 LTE-A\n");
    let dir = tree.plug("2-1", EC25, &qmi(4, "cdc-wdm1", "wwan1"));
    tree.attribute(&dir, "serial", "0123456789ABCDEF\n");
    tree
}

#[test]
fn a_modem_is_known_by_all_that_sysfs_tells() {
    let tree = two_modems();
    let found = find(&tree, "1-1.2").expect("EM7455");
    assert_eq!(found.usb_path.as_deref(), Some("1-1.2"));
    assert_eq!(found.dir, fs::canonicalize(tree.device_dir("1-1.2")).expect("dir"));
    assert_eq!((found.vendor, found.product), EM7455);
    assert_eq!(found.serial, Some(Id::new("LF73410285041020")));
    assert_eq!(found.manufacturer, "Sierra Wireless, Incorporated");
    assert!(found.product_name.ends_with("Snapdragon\u{2122} X7 LTE-A"));
    assert_eq!(found.driver, "cdc_mbim");
    assert_eq!(found.control, Some(Control::Mbim));
    assert_eq!(found.wdm, tree.dir.join("dev/cdc-wdm0"));
    assert_eq!(found.netdev.as_deref(), Some("wwan0"));
    assert_eq!(found.interface, 12);
    assert_eq!(found.speed, Some(480));
    let ports: Vec<_> = found.ports.iter().map(|p| (p.name.as_str(), p.interface, p.class)).collect();
    let expected = [("ttyUSB0", 0, (255, 255, 255)), ("ttyUSB2", 3, (255, 0, 0)), ("ttyACM0", 5, (2, 2, 1))];
    assert_eq!(ports, expected);
    assert!(!format!("{found} {found:?}").contains("LF7341"), "a serial number may be an IMEI");
}

#[test]
fn every_form_of_the_option_finds_its_modem() {
    let tree = two_modems();
    fs::write(tree.dir.join("dev/cdc-wdm1"), "").expect("node");
    tree.link(&tree.dir.join("dev/cdc-wdm1"), &tree.dir.join("dev/backup"));
    for (device, expected) in [
        ("/dev/cdc-wdm0", "1-1.2"),
        ("/dev/cdc-wdm1", "2-1"),
        ("/dev/backup", "2-1"),
        ("2-1", "2-1"),
        ("/sys/bus/usb/devices/1-1.2", "1-1.2"),
        ("/sys/class/net/wwan1", "2-1"),
        ("/sys/class/usbmisc/cdc-wdm0/device", "1-1.2"),
        ("usb:1199:9071", "1-1.2"),
        ("usb:2c7c:125", "2-1"),
        ("serial:LF73410285041020", "1-1.2"),
    ] {
        assert_eq!(id(&tree, device), expected, "{device}");
    }
    let direct = tree.device_dir("2-1").join("2-1:1.4");
    assert_eq!(id(&tree, &direct.display().to_string()), "2-1");
    assert_eq!(id(&tree, &tree.dir.join("dev/cdc-wdm0").display().to_string()), "1-1.2");
    for missing in ["/dev/cdc-wdm7", "1-1", "1-9", "/sys/bus/usb/devices/1-1", "/sys/bus/usb/devices/9-9"] {
        assert!(matches!(find(&tree, missing), Err(NotFound::Missing(_))), "{missing}");
    }
}

#[test]
fn auto_takes_the_only_modem_and_lists_several() {
    let tree = two_modems();
    let error = find(&tree, "auto").expect_err("two modems");
    let NotFound::Several(text) = error else { panic!("{error}") };
    assert!(text.contains("2-1 (2c7c:0125, ") && text.contains("1-1.2 (1199:9071 Sierra"), "{text}");
    assert!(!text.contains("LF7341"), "{text}");
    tree.unplug("2-1");
    assert_eq!(id(&tree, "auto"), "1-1.2");
    tree.unplug("1-1.2");
    assert!(matches!(find(&tree, "auto"), Err(NotFound::Missing(_))));
}

#[test]
fn a_modem_that_comes_back_under_other_numbers_is_found_again() {
    let tree = two_modems();
    tree.unplug("1-1.2");
    assert!(matches!(find(&tree, "1-1.2"), Err(NotFound::Missing(_))));
    tree.plug("1-1.2", EM7455, &mbim(0, "cdc-wdm7", "wwan3"));
    let found = find(&tree, "1-1.2").expect("it is back");
    assert_eq!(found.netdev.as_deref(), Some("wwan3"));
    assert_eq!(found.wdm, tree.dir.join("dev/cdc-wdm7"));
}

#[test]
fn an_imei_is_matched_by_those_who_were_asked() {
    let tree = two_modems();
    let sysfs = Sysfs::new(tree.root());
    let spec = DeviceSpec::parse("imei:359072060000000").expect("an IMEI");
    let Err(NotFound::AskImei(ask)) = sysfs.find(&spec, &|_| None) else { panic!("nobody knows yet") };
    assert_eq!(ask.len(), 2);
    let told = |found: &Found| (found.id == "2-1").then(|| Id::new("35907206000000"));
    assert_eq!(sysfs.find(&spec, &told).expect("told").id, "2-1");
    let other = |_: &Found| Some(Id::new("860000000000000"));
    assert!(matches!(sysfs.find(&spec, &other), Err(NotFound::Missing(_))));
}

#[test]
fn two_units_with_the_same_serial_number_are_not_guessed_between() {
    let tree = two_modems();
    let dir = tree.plug("2-2", EC25, &qmi(4, "cdc-wdm2", "wwan2"));
    tree.attribute(&dir, "serial", "0123456789ABCDEF\n");
    assert!(matches!(find(&tree, "serial:0123456789ABCDEF"), Err(NotFound::Several(_))));
    assert!(matches!(find(&tree, "usb:2c7c:0125"), Err(NotFound::Several(_))));
}

#[test]
fn a_second_control_device_is_reached_by_its_own_name_only() {
    let tree = Tree::new();
    let mut interfaces = qmi(1, "cdc-wdm0", "wwan0");
    interfaces.extend(qmi(2, "cdc-wdm1", "wwan1"));
    tree.plug("1-1", (0x12d1, 0x1506), &interfaces);
    assert_eq!(find(&tree, "auto").expect("one modem").netdev.as_deref(), Some("wwan0"));
    let second = find(&tree, "/dev/cdc-wdm1").expect("second");
    assert_eq!((second.id.as_str(), second.netdev.as_deref()), ("1-1:1.2", Some("wwan1")));
}

#[test]
fn what_is_there_but_unusable_is_told() {
    let tree = Tree::new();
    tree.plug("1-1", EM7455, &[Iface::new(12, (0x02, 0x0e, 0), "")]);
    let text = find(&tree, "auto").expect_err("no driver").to_string();
    assert!(text.contains("1-1 (1199:9071) has MBIM, but no driver"), "{text}");
    let ncm = Iface::new(1, (0xff, 0x02, 0x16), "huawei_cdc_ncm").control("cdc-wdm0", "wwan0");
    tree.plug("1-2", (0x12d1, 0x1506), &[ncm]);
    let text = find(&tree, "/dev/cdc-wdm0").expect_err("AT only").to_string();
    assert!(text.contains("huawei_cdc_ncm, which speaks neither"), "{text}");
    tree.plug("1-3", (0x1199, 0x9070), &[Iface::new(0, (0xff, 0, 0), "qcserial").tty("ttyUSB0")]);
    assert!(find(&tree, "1-3").expect_err("boot mode").to_string().contains("1 serial ports"));
}

#[test]
fn a_wwan_port_is_a_second_name_or_a_pcie_modem() {
    let tree = two_modems();
    let wwan = tree.device_dir("1-1.2").join("1-1.2:1.12/wwan/wwan0");
    tree.class_device(&wwan, "wwan", &tree.device_dir("1-1.2"));
    tree.class_device(&wwan.join("wwan0mbim0"), "wwan", &wwan);
    assert_eq!(find(&tree, "/dev/wwan0mbim0").expect("alias").wdm, tree.dir.join("dev/cdc-wdm0"));

    let pci = tree.root().join("devices/pci0000:00/0000:00:1c.0/0000:01:00.0");
    tree.attribute(&pci, "vendor", "0x17cb\n");
    tree.attribute(&pci, "device", "0x0308\n");
    let bus = tree.root().join("bus/pci");
    fs::create_dir_all(&bus).expect("bus");
    tree.link(&bus, &pci.join("subsystem"));
    let wwan = pci.join("mhi0/wwan/wwan1");
    for port in ["wwan1at0", "wwan1mbim0", "wwan1qcdm0"] {
        tree.class_device(&wwan.join(port), "wwan", &wwan);
    }
    tree.class_device(&wwan.join("net/wwan7"), "net", &wwan);
    let found = find(&tree, "/dev/wwan1mbim0").expect("PCIe modem");
    assert_eq!(found.id, "0000:01:00.0");
    assert_eq!((found.control, found.netdev.as_deref()), (Some(Control::Mbim), Some("wwan7")));
    assert_eq!(Sysfs::new(tree.root()).modems().len(), 3);
}

#[test]
fn a_socket_is_taken_as_it_is() {
    let tree = Tree::new();
    let path = tree.dir.join("modem.sock");
    let device = path.display().to_string();
    assert!(matches!(find(&tree, &device), Err(NotFound::Missing(_))));
    fs::write(&path, "").expect("file");
    let found = find(&tree, &device).expect("socket");
    assert_eq!((&found.wdm, found.control, &found.id), (&path, None, &device));
}

#[test]
fn a_hostile_tree_is_read_without_harm() {
    let tree = two_modems();
    let dir = tree.device_dir("1-1.2");
    tree.attribute(&dir, "product", vec![0xff; 1 << 20]);
    tree.attribute(&dir, "manufacturer", "A\u{1b}[31mB\nC");
    tree.attribute(&dir, "speed", "fast");
    fs::remove_file(dir.join("serial")).expect("serial");
    nix::unistd::mkfifo(&dir.join("serial"), nix::sys::stat::Mode::S_IRWXU).expect("fifo");
    let devices = tree.root().join("bus/usb/devices");
    use std::os::unix::ffi::OsStrExt;
    fs::create_dir(devices.join(std::ffi::OsStr::from_bytes(b"1-\xff"))).expect("name");
    fs::create_dir(devices.join("3-1")).expect("empty device");
    tree.link(&devices.join("4-1"), &devices.join("4-1"));
    fs::write(devices.join("5-1"), "a file").expect("file");
    fs::create_dir_all(dir.join("1-1.2:")).expect("interface without a number");
    let found = find(&tree, "1-1.2").expect("still there");
    assert!(found.product_name.chars().count() <= 256);
    assert_eq!(found.manufacturer, "A[31mB");
    assert_eq!((found.speed, &found.serial), (None, &None));
    assert_eq!(Sysfs::new(tree.root()).modems().len(), 2);
    assert!(Sysfs::new("/nonexistent/sys").modems().is_empty());
}

#[test]
fn a_walk_survives_modems_that_come_and_go() {
    let tree = Arc::new(two_modems());
    let stop = Arc::new(AtomicBool::new(false));
    let (tree2, stop2) = (tree.clone(), stop.clone());
    let plugger = std::thread::spawn(move || {
        while !stop2.load(Ordering::Relaxed) {
            tree2.unplug("2-1");
            tree2.plug("2-1", EC25, &qmi(4, "cdc-wdm1", "wwan1"));
        }
    });
    let sysfs = Sysfs::new(tree.root());
    for _ in 0..200 {
        let modems = sysfs.modems();
        assert!(modems.iter().any(|found| found.id == "1-1.2"));
        assert!(modems.iter().all(|found| found.vendor != 0));
    }
    stop.store(true, Ordering::Relaxed);
    plugger.join().expect("plugger");
}

/// What the recorded interface tables of real devices give.
#[test]
fn recorded_devices_are_told_apart() {
    let vectors = std::env::var("UWAND_VECTORS").unwrap_or_else(|_| "../shared/vectors".into());
    let Ok(text) = fs::read_to_string(format!("{vectors}/usb/dumps.json")) else {
        skip::skipped("no vectors");
        return;
    };
    let dumps: uwand::json::Value = uwand::json::from_str(&text).expect("JSON");
    let mut checked = 0;
    for dump in dumps.as_array().expect("list") {
        checked += u32::from(check_dump(dump));
    }
    assert!(checked > 30, "{checked} devices");
}

fn check_dump(dump: &uwand::json::Value) -> bool {
    let Some(list) = dump["meaning"]["interfaces"].as_array() else { return false };
    let hex = |value: &uwand::json::Value| {
        u16::from_str_radix(value.as_str().unwrap_or("0").trim_start_matches("0x"), 16).unwrap_or(0)
    };
    let (mut interfaces, mut expected) = (Vec::<Iface>::new(), None);
    let mut ttys = 0;
    for entry in list {
        let mut number = u8::try_from(hex(&entry["number"])).expect("u8");
        // The dumps print numbers above 7 as 0, and one interface for each alternate setting.
        while interfaces.iter().any(|i| i.number == number) {
            number += 1;
        }
        let class: Vec<u8> = entry["class"]
            .as_str()
            .expect("class")
            .split('/')
            .map(|part| u8::from_str_radix(part, 16).expect("hex"))
            .collect();
        let class = (class[0], class[1], class[2]);
        let driver: &'static str = match entry["driver"].as_str() {
            None | Some("(none)") => "",
            Some(name) => name.to_owned().leak(),
        };
        let mut interface = Iface::new(number, class, driver);
        let control = match (driver, class.0) {
            ("cdc_mbim", 0x02) => Some(Control::Mbim),
            ("qmi_wwan", _) => Some(Control::Qmi),
            ("huawei_cdc_ncm", _) => None,
            _ => {
                if matches!(driver, "option" | "qcserial" | "sierra") {
                    interface = interface.tty(&format!("ttyUSB{ttys}"));
                    ttys += 1;
                }
                interfaces.push(interface);
                continue;
            }
        };
        let n = interfaces.len();
        interfaces.push(interface.control(&format!("cdc-wdm{n}"), &format!("wwan{n}")));
        expected = expected.or(control.map(|control| (control, format!("wwan{n}"))));
    }
    let tree = Tree::new();
    let ids = (hex(&dump["meaning"]["idVendor"]), hex(&dump["meaning"]["idProduct"]));
    tree.plug("1-1", ids, &interfaces);
    let found = find(&tree, "auto").ok();
    assert_eq!(found.as_ref().map(|f| f.ports.len()).unwrap_or(ttys), ttys, "{}", dump["id"]);
    let seen = found.map(|f| (f.control.expect("known"), f.netdev.clone().expect("netdev")));
    assert_eq!(seen, expected, "{}", dump["id"]);
    true
}
