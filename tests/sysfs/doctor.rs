//! What `doctor` finds in routers made by hand: each trouble, with what to do, and none where
//! there is none.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use uwand::doctor::{Finding, Place, findings, reply};
use uwand::json::{Value, json};

use super::sysfs_tree::{Iface, Tree, mbim, qmi};

const VENDOR: (u8, u8, u8) = (0xff, 0xff, 0xff);
const GOOD: &str = "config interface 'wan'\n\toption proto 'uwand'\n\toption apn 'internet'\n";

/// A router on which all is well: OpenWrt, our handler, one modem.
fn router(network: &str) -> Tree {
    let tree = Tree::new();
    write(&tree, "lib/netifd/netifd-proto.sh", "");
    write(&tree, "lib/netifd/proto/uwand.sh", "#!/bin/sh\n");
    let handler = tree.dir.join("lib/netifd/proto/uwand.sh");
    fs::set_permissions(handler, fs::Permissions::from_mode(0o755)).expect("mode");
    write(&tree, "etc/config/network", network);
    fs::create_dir_all(tree.dir.join("proc")).expect("proc");
    for driver in ["qmi_wwan", "cdc_mbim"] {
        fs::create_dir_all(tree.root().join("bus/usb/drivers").join(driver)).expect("driver");
    }
    tree
}

fn em7455(tree: &Tree) -> std::path::PathBuf {
    let mut interfaces = mbim(12, "cdc-wdm0", "wwan0");
    interfaces.push(Iface::new(3, (0xff, 0, 0), "qcserial").tty("ttyUSB2"));
    write(tree, "dev/cdc-wdm0", "");
    tree.plug("1-1", (0x1199, 0x9071), &interfaces)
}

fn write(tree: &Tree, path: &str, text: &str) {
    let path = tree.dir.join(path);
    fs::create_dir_all(path.parent().expect("inside")).expect("directory");
    fs::write(path, text).expect("written");
}

/// A process that has a file open.
fn process(tree: &Tree, pid: u32, name: &str, open: &str) {
    write(tree, &format!("proc/{pid}/comm"), &format!("{name}\n"));
    fs::create_dir_all(tree.dir.join(format!("proc/{pid}/fd"))).expect("fd");
    symlink(tree.dir.join(open), tree.dir.join(format!("proc/{pid}/fd/7"))).expect("link");
}

fn look(tree: &Tree) -> Vec<Finding> {
    let status =
        json!({"version": "0.1.0", "interfaces": [{"interface": "wan", "state": "up"}], "modems": []});
    findings(&Place::new(&tree.root()), Ok(&status), None)
}

/// The only finding of this check that is not ok.
#[track_caller]
fn trouble(tree: &Tree, check: &str) -> Finding {
    let all = look(tree);
    let found: Vec<&Finding> = all.iter().filter(|f| f.check == check && f.result != "ok").collect();
    assert_eq!(found.len(), 1, "{check}: {all:#?}");
    let found = found[0].clone();
    assert!(!found.why.is_empty() && !found.remedy.is_empty(), "{found:?}");
    found
}

#[track_caller]
fn nothing(tree: &Tree, check: &str) {
    let all = look(tree);
    assert!(!all.iter().any(|f| f.check == check && f.result != "ok"), "{check}: {all:#?}");
}

#[test]
fn a_router_on_which_all_is_well_has_nothing_wrong() {
    let tree = router(GOOD);
    em7455(&tree);
    process(&tree, 77, "uwand", "dev/cdc-wdm0");
    let wrong: Vec<Finding> = look(&tree).into_iter().filter(|f| f.result == "fail").collect();
    assert_eq!(wrong, []);
    for check in ["modem", "handler", "config", "daemon", "link", "clock"] {
        assert!(look(&tree).iter().any(|f| f.check == check && f.result == "ok"), "{check}");
    }
}

#[test]
fn a_modem_that_is_not_there_or_in_the_wrong_mode_is_told_apart() {
    let tree = router(GOOD);
    assert!(trouble(&tree, "modem").what.contains("is not there"));
    tree.plug("1-1", (0x2c7c, 0x0125), &[Iface::new(2, VENDOR, "option").tty("ttyUSB0")]);
    let found = trouble(&tree, "modem");
    assert!(found.what.contains("1 serial ports, but no control device"), "{found:?}");
    assert!(found.remedy.contains("kmod-usb-net-qmi-wwan"), "{found:?}");
}

#[test]
fn a_missing_driver_is_told_with_its_package_and_a_lost_one_with_its_command() {
    let tree = router(GOOD);
    fs::remove_dir(tree.root().join("bus/usb/drivers/cdc_mbim")).expect("removed");
    tree.plug("1-1", (0x1199, 0x9071), &[Iface::new(12, (2, 0x0e, 0), "")]);
    let found = trouble(&tree, "driver");
    assert!(found.remedy.contains("kmod-usb-net-cdc-mbim"), "{found:?}");
    write(&tree, "sys/bus/usb/drivers/cdc_mbim/bind", "");
    let found = trouble(&tree, "driver");
    assert!(found.remedy.contains("echo 1-1:1.12 > /sys/bus/usb/drivers/cdc_mbim/bind"), "{found:?}");
}

#[test]
fn an_unknown_modem_of_a_known_maker_is_offered_its_id() {
    let tree = router(GOOD);
    let dir = tree.plug("1-1", (0x1199, 0xfffe), &[Iface::new(8, VENDOR, "")]);
    tree.attribute(&dir.join("1-1:1.8"), "bNumEndpoints", "03\n");
    let found = trouble(&tree, "driver");
    assert!(found.remedy.starts_with("echo 1199 fffe > ") && found.remedy.ends_with("/new_id"), "{found:?}");
}

#[test]
fn a_stick_that_is_still_a_disc_is_told() {
    let tree = router(GOOD);
    tree.plug("1-1", (0x12d1, 0x1f01), &[Iface::new(0, (8, 6, 0x50), "usb-storage")]);
    assert!(trouble(&tree, "modeswitch").remedy.contains("usb-modeswitch"));
    // A disc of anybody else's is a disc.
    let tree = router(GOOD);
    tree.plug("1-1", (0x0951, 0x1666), &[Iface::new(0, (8, 6, 0x50), "usb-storage")]);
    nothing(&tree, "modeswitch");
}

#[test]
fn who_else_has_the_control_device_open_is_named() {
    let tree = router(GOOD);
    em7455(&tree);
    process(&tree, 4711, "uqmi", "dev/cdc-wdm0");
    let found = trouble(&tree, "holder");
    assert!(found.what.contains("uqmi (pid 4711)"), "{found:?}");
    process(&tree, 99, "ModemManager", "dev/null");
    let rivals: Vec<String> =
        look(&tree).into_iter().filter(|f| f.check == "rival").map(|f| f.what).collect();
    assert!(rivals.contains(&"ModemManager runs".to_string()) && rivals.len() == 2, "{rivals:?}");
}

#[test]
fn a_node_that_is_missing_is_told() {
    let tree = router(GOOD);
    em7455(&tree);
    fs::remove_file(tree.dir.join("dev/cdc-wdm0")).expect("removed");
    assert!(trouble(&tree, "node").what.contains("cdc-wdm0"));
}

#[test]
fn another_protocol_on_the_same_modem_is_a_rival() {
    for device in ["/dev/cdc-wdm0", "1-1", "/dev/ttyUSB2"] {
        let other =
            format!("{GOOD}config interface 'old'\n\toption proto 'mbim'\n\toption device '{device}'\n");
        let tree = router(&other);
        em7455(&tree);
        let found = trouble(&tree, "rival");
        assert!(found.remedy.contains("uwand migrate -i old"), "{found:?}");
    }
    let tree = router(&format!(
        "{GOOD}config interface 'old'\n\toption proto 'qmi'\n\toption device '/dev/cdc-wdm5'\n"
    ));
    em7455(&tree);
    nothing(&tree, "rival");
}

#[test]
fn errors_of_the_configuration_are_named_without_its_secrets() {
    let cases = [
        ("option pincode '12ab5678901'", "pincode"),
        ("option apnn 'x'", "apnn"),
        ("option modes 'lte,4g'", "modes"),
        ("option device '/dev/ttyUSB2'", "device"),
        ("option device '3-1'", "is not there"),
        ("option power 'off'", "power"),
    ];
    for (line, word) in cases {
        let tree = router(&format!("{GOOD}\t{line}\n"));
        em7455(&tree);
        let found = trouble(&tree, "config");
        assert!(found.what.contains(word), "{line}: {found:?}");
        assert!(!format!("{found:?}").contains("12ab5678901"));
    }
    let tree = router("config interface 'lan'\n\toption proto 'static'\n");
    assert!(trouble(&tree, "config").remedy.contains("uwand migrate"));
}

#[test]
fn two_interfaces_on_one_session_of_a_modem_are_told() {
    let second = GOOD.replace("'wan'", "'wan2'");
    let tree = router(&format!("{GOOD}{second}"));
    em7455(&tree);
    assert!(trouble(&tree, "config").what.contains("interfaces wan and wan2"));
    let tree = router(&format!("{GOOD}{second}\toption session '1'\n"));
    em7455(&tree);
    nothing(&tree, "config");
}

#[test]
fn the_handler_must_be_there_and_executable() {
    let tree = router(GOOD);
    em7455(&tree);
    let handler = tree.dir.join("lib/netifd/proto/uwand.sh");
    fs::set_permissions(&handler, fs::Permissions::from_mode(0o644)).expect("mode");
    assert!(trouble(&tree, "handler").remedy.starts_with("chmod +x"));
    fs::remove_file(&handler).expect("removed");
    assert!(trouble(&tree, "handler").remedy.contains("network restart"));
}

#[test]
fn framing_that_the_two_sides_of_the_kernel_disagree_on_is_told() {
    let tree = router(GOOD);
    write(&tree, "dev/cdc-wdm0", "");
    let dir = tree.plug("1-1", (0x2c7c, 0x0125), &qmi(4, "cdc-wdm0", "wwan0"));
    let net = dir.join("1-1:1.4/net/wwan0");
    tree.attribute(&net.join("qmi"), "raw_ip", "Y\n");
    tree.attribute(&net, "type", "1\n");
    assert!(trouble(&tree, "raw_ip").what.contains("raw_ip Y"));
    tree.attribute(&net, "type", "65534\n");
    nothing(&tree, "raw_ip");
}

#[test]
fn autosuspend_and_a_slow_link_are_told() {
    let tree = router(GOOD);
    let dir = em7455(&tree);
    tree.attribute(&dir.join("power"), "control", "auto\n");
    tree.attribute(&dir.join("power"), "autosuspend_delay_ms", "2000\n");
    assert!(trouble(&tree, "usb").remedy.starts_with("echo on > "));
    tree.attribute(&dir.join("power"), "autosuspend_delay_ms", "-1000\n");
    nothing(&tree, "usb");
    tree.attribute(&dir, "speed", "12\n");
    assert!(trouble(&tree, "usb").what.contains("12 Mbit/s"));
}

#[test]
fn a_board_that_cannot_cut_the_modems_power_is_told() {
    let tree = router(GOOD);
    em7455(&tree);
    assert!(trouble(&tree, "power").remedy.contains("gpio:"));
}

#[test]
fn what_the_daemon_tells_becomes_findings() {
    let tree = router(GOOD);
    em7455(&tree);
    let told = |modem: Value, interface: Value| {
        let status = json!({"version": "0.1.0", "interfaces": [interface], "modems": [modem]});
        let all = findings(&Place::new(&tree.root()), Ok(&status), None);
        all.into_iter().filter(|f| f.result == "fail").map(|f| f.check).collect::<Vec<_>>()
    };
    let up = json!({"interface": "wan", "state": "up"});
    let modem = |key: &str, value: &str| json!({"id": "1-1", "state": "open", key: value});
    assert_eq!(told(modem("sim", "absent"), up.clone()), ["sim"]);
    assert_eq!(told(modem("sim", "pin-required"), up.clone()), ["sim"]);
    assert_eq!(told(modem("registration", "denied"), up.clone()), ["registration"]);
    assert_eq!(told(modem("radio", "off-hardware"), up.clone()), ["radio"]);
    assert_eq!(told(modem("state", "hung"), up.clone()), ["modem"]);
    assert_eq!(told(modem("registration", "home"), up), [""; 0]);
    let down =
        json!({"interface": "wan", "state": "waiting", "error": "CONNECT_FAILED", "reason": "ESM cause 27"});
    assert_eq!(told(modem("sim", "ready"), down), ["link"]);
    let all = findings(&Place::new(&tree.root()), Err("no ubus"), Some(&json!({"static": {}})));
    let wrong: Vec<&str> = all.iter().filter(|f| f.result == "fail").map(|f| f.check).collect();
    assert_eq!(wrong, ["netifd", "daemon"]);
}

#[test]
fn on_another_linux_only_the_modems_are_looked_at() {
    let tree = Tree::new();
    em7455(&tree);
    let all = findings(&Place::new(&tree.root()), Err("no ubus"), None);
    assert!(!all.iter().any(|f| f.result == "fail"), "{all:#?}");
    let shown = reply(&all);
    assert_eq!(shown["findings"][0]["check"], "modem");
    assert_eq!(shown["findings"][0].get("why"), None);
}
