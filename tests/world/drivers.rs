//! A modem whose driver was taken away, while the daemon runs.

use crate::sim;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use sim::modem::Setup;
use sim::world::{SECOND, USB_PATH, World};

use uwand::json::json;

/// The modem is there as before, but its MBIM interface has no driver, and so no control device.
fn lose_driver(w: &World) -> PathBuf {
    w.unplug();
    let bind = w.file("sys/bus/usb/drivers/cdc_mbim/bind");
    fs::create_dir_all(bind.parent().expect("a directory")).expect("driver");
    fs::write(&bind, "").expect("bind");
    let device = w.file("sys/devices/platform/ehci/usb1/1-1").join(USB_PATH);
    let interface = device.join(format!("{USB_PATH}:1.12"));
    fs::create_dir_all(&interface).expect("interface");
    for (dir, name, text) in [
        (&device, "idVendor", "1199"),
        (&device, "idProduct", "9071"),
        (&interface, "bInterfaceNumber", "0c"),
        (&interface, "bInterfaceClass", "02"),
        (&interface, "bInterfaceSubClass", "0e"),
        (&interface, "bInterfaceProtocol", "00"),
    ] {
        fs::write(dir.join(name), text).expect("attribute");
    }
    symlink(&device, w.file("sys/bus/usb/devices").join(USB_PATH)).expect("link");
    unbound(w);
    bind
}

fn unbound(w: &World) {
    let path = format!("/devices/platform/ehci/usb1/1-1/{USB_PATH}/{USB_PATH}:1.12");
    let text = format!("unbind@{path}\0ACTION=unbind\0DEVPATH={path}\0SUBSYSTEM=usb\0");
    let socket = UnixDatagram::unbound().expect("socket");
    socket.send_to(text.as_bytes(), w.file("uevents")).expect("heard");
}

/// Whether it was bound since the last time.
fn bound(bind: &PathBuf) -> bool {
    let text = fs::read_to_string(bind).expect("bind");
    fs::write(bind, "").expect("bind");
    assert!(text.is_empty() || text == format!("{USB_PATH}:1.12"), "{text}");
    !text.is_empty()
}

#[test]
fn a_driver_that_was_taken_away_is_bound_again_and_not_for_ever() {
    World::run(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(5 * SECOND).await;
        let bind = lose_driver(w);
        w.pass(4).await;
        assert!(!bound(&bind), "a modem that is just coming has no driver for a moment");
        w.pass(6).await;
        assert!(bound(&bind), "five seconds after it was seen");
        // The driver does not want it: three times in all, and not again by the next process.
        let mut times = 1;
        for _ in 0..60 {
            w.pass(10).await;
            unbound(w);
            times += u32::from(bound(&bind));
        }
        assert_eq!(times, 3);
        w.kill_daemon().await;
        w.start_daemon();
        w.ifup(json!({ "apn": "internet" }));
        w.pass(600).await;
        assert!(!bound(&bind));
    });
}

#[test]
fn a_modem_of_nobody_s_is_left_as_it_is() {
    World::run(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet", "device": "usb:2c7c:0125" }));
        let bind = lose_driver(w);
        w.pass(600).await;
        assert!(!bound(&bind));
    });
}
