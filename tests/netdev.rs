//! Network devices of a real kernel, in a namespace of the test's own.

#[path = "netdev/carrier.rs"]
mod carrier;
#[path = "netdev/probes.rs"]
mod probes;
mod skip;
#[path = "demo/tun.rs"]
mod tun;

use std::process::Command;

use uwand::linux::{netdev, vlan};

const INSIDE: &str = "UWAND_TEST_INSIDE_NAMESPACE";

/// Runs this very test again with a user and a network namespace of its own; false where the
/// machine forbids that.
pub fn outside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return false;
    }
    let exe = std::env::current_exe().expect("own path");
    let allowed = Command::new("unshare").args(["-rn", "true"]).output().is_ok_and(|o| o.status.success());
    if !allowed {
        skip::skipped("no namespaces here");
        return true;
    }
    let status = Command::new("unshare")
        .arg("-rn")
        .arg(exe)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .status();
    assert!(status.expect("unshare").success());
    true
}

#[test]
fn mtu_and_flags_are_set_and_read_back() {
    if outside("mtu_and_flags_are_set_and_read_back") {
        return;
    }
    assert!(!netdev::is_up("lo").expect("flags"), "a new namespace's lo is down");
    for up in [true, true, false, true] {
        netdev::set_up("lo", up).expect("set");
        assert_eq!(netdev::is_up("lo").expect("flags"), up);
    }
    netdev::set_mtu("lo", 1428).expect("MTU");
    assert_eq!(netdev::mtu("lo").expect("MTU"), 1428);
    assert!(netdev::set_mtu("lo", u32::MAX).is_err());
}

#[test]
fn a_session_s_vlan_comes_and_goes() {
    if outside("a_session_s_vlan_comes_and_goes") {
        return;
    }
    let made = Command::new("ip").args(["link", "add", "wwan0", "type", "veth"]).status();
    if !made.is_ok_and(|status| status.success()) {
        skip::skipped("no virtual device to try it on");
        return;
    }
    match vlan::add("wwan0", 2) {
        Err(error) if error.raw_os_error() == Some(nix::libc::EOPNOTSUPP) => {
            skip::skipped("this kernel has no VLANs");
            return;
        }
        made => assert_eq!(made.expect("VLAN"), "wwan0.2"),
    }
    assert!(netdev::index("wwan0.2").is_ok());
    assert_eq!(vlan::add("wwan0", 2).expect("again"), "wwan0.2");
    vlan::remove("wwan0.2").expect("removed");
    assert!(netdev::index("wwan0.2").is_err());
    vlan::remove("wwan0.2").expect("removed again");
}
