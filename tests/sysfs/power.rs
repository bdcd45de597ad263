//! Ways to cut the power of a modem in trees made by hand, and cuts that are broken off.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use uwand::device::DeviceSpec;
use uwand::linux::power::{Method, Uncut, Way, cycle, restore, settle, ways};
use uwand::linux::sysfs::{Found, Sysfs};

use super::sysfs_tree::{Iface, Tree, mbim, qmi};

const HUB: (u16, u16) = (0x05e3, 0x0608);
const EM7455: (u16, u16) = (0x1199, 0x9071);
const EC25: (u16, u16) = (0x2c7c, 0x0125);
const MOMENT: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(30);

/// How the hub of [`Board`] switches: wHubCharacteristics.
const EACH: u8 = 0x01;
const TOGETHER: u8 = 0x00;
const NONE: u8 = 0x02;

/// A hub in port 1 of the root hub, an EM7455 in its port 2, a stick in its port 4.
struct Board {
    tree: Tree,
}

impl Board {
    fn new(characteristics: u8) -> Board {
        let tree = Tree::new();
        let controller = tree.root().join("devices/platform/ehci");
        let driver = tree.root().join("bus/platform/drivers/orion-ehci");
        for name in ["bind", "unbind"] {
            tree.attribute(&driver, name, "");
            tree.attribute(&tree.root().join("bus/usb/drivers/usb"), name, "");
        }
        let hub = tree.plug("1-1", HUB, &[Iface::new(0, (9, 0, 1), "hub")]);
        tree.attribute(&hub, "bDeviceClass", "09\n");
        tree.attribute(&hub, "bmAttributes", "a0\n");
        tree.attribute(&hub, "hub_descriptor", [9, 0x29, 4, characteristics, 0, 50, 1, 0, 0xff]);
        for port in 1..=4 {
            tree.attribute(&hub.join(format!("1-1:1.0/1-1-port{port}")), "disable", "0\n");
        }
        let modem = tree.plug("1-1.2", EM7455, &mbim(12, "cdc-wdm0", "wwan0"));
        tree.attribute(&modem, "authorized", "1\n");
        tree.plug("1-1.4", (0x0781, 0x5567), &[Iface::new(0, (3, 1, 1), "usbhid")]);
        tree.link(&driver, &controller.join("driver"));
        let root_hub = controller.join("usb1");
        tree.attribute(&root_hub, "hub_descriptor", [9, 0x29, 2, EACH, 0, 10, 0, 0, 0xff]);
        Board { tree }
    }

    fn sysfs(&self) -> Sysfs {
        Sysfs::new(self.tree.root())
    }

    fn modem(&self, name: &str) -> Rc<Found> {
        let spec = DeviceSpec::parse(name).expect("a form");
        self.sysfs().find(&spec, &|_| None).unwrap_or_else(|error| panic!("{error}"))
    }

    fn ways(&self, option: &str) -> Result<Vec<Way>, String> {
        ways(&self.sysfs(), &self.modem("1-1.2"), option)
    }

    fn shown(&self, option: &str) -> Vec<String> {
        let ways = self.ways(option).unwrap_or_else(|error| panic!("{error}"));
        ways.iter().map(|way| format!("{way}{}", if way.cuts_power { "!" } else { "" })).collect()
    }

    fn only(&self, option: &str) -> Way {
        self.ways(option).expect(option).swap_remove(0)
    }

    fn port(&self, number: u8) -> PathBuf {
        self.tree.device_dir("1-1").join(format!("1-1:1.0/1-1-port{number}/disable"))
    }

    fn authorized(&self) -> PathBuf {
        self.tree.device_dir("1-1.2").join("authorized")
    }

    fn run_dir(&self) -> PathBuf {
        self.tree.dir.join("run")
    }

    fn notes(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.run_dir()) else { return Vec::new() };
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default().trim().to_owned()
}

/// Waits for a file to say something.
async fn says(file: &Path, expected: &str) {
    let seen = async {
        while text(file) != expected {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(5), seen).await;
    assert!(seen.is_ok(), "{}: '{}', not '{expected}'", file.display(), text(file));
}

/// Lets a cut go on until this file says it is off.
async fn until_off(cutting: &mut (impl Future<Output = Result<(), Uncut>> + Unpin), file: &Path, off: &str) {
    tokio::select! {
        ended = cutting => panic!("it ended before: {ended:?}"),
        () = says(file, off) => {}
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(work)
}

#[test]
fn a_hub_with_a_switch_for_each_port_comes_first() {
    let board = Board::new(EACH);
    assert_eq!(
        board.shown("auto"),
        [
            "hub port 1-1-port2!",
            "host controller ehci, which takes along another device",
            "driver of 1-1.2",
            "authorization of 1-1.2",
        ]
    );
    assert_eq!(board.shown("port"), ["hub port 1-1-port2!"]);
    assert_eq!(board.shown("authorized"), ["authorization of 1-1.2"]);
    assert_eq!(board.shown("rebind"), ["host controller ehci, which takes along another device"]);
    assert_eq!(board.shown("none"), [""; 0]);
}

#[test]
fn a_hub_with_one_switch_takes_its_other_modems_along_and_says_so() {
    let board = Board::new(TOGETHER);
    board.tree.plug("1-1.3", EC25, &qmi(4, "cdc-wdm1", "wwan1"));
    let port = board.only("port");
    assert_eq!(port.to_string(), "hub port 1-1-port2, which takes along 1-1.3 and another device");
    assert_eq!((port.others.clone(), port.other_devices), (vec!["1-1.3".to_string()], 1));
    run(async {
        let run_dir = board.run_dir();
        let cutting = cycle(&port, MOMENT, &run_dir);
        tokio::pin!(cutting);
        until_off(&mut cutting, &board.port(4), "1").await;
        assert!((1..=4).all(|number| text(&board.port(number)) == "1"), "all ports of the hub");
        cutting.await.expect("on again");
    });
    assert!((1..=4).all(|number| text(&board.port(number)) == "0"));
}

#[test]
fn a_hub_without_a_switch_leaves_it_to_the_port_that_it_lives_on() {
    let board = Board::new(NONE);
    assert!(board.ways("port").expect_err("no switch").contains("use auto"));
    let hub = board.tree.device_dir("1-1");
    let port = hub.parent().expect("root hub").join("1-0:1.0/usb1-port1");
    board.tree.attribute(&port, "disable", "0\n");
    assert_eq!(board.shown("port"), ["hub port usb1-port1, which takes along another device!"]);
    // With a supply of its own it stays alive.
    board.tree.attribute(&hub, "bmAttributes", "e0\n");
    assert!(board.ways("port").is_err());
}

#[test]
fn a_hub_that_does_not_tell_is_tried_without_a_promise() {
    let board = Board::new(EACH);
    fs::remove_file(board.tree.device_dir("1-1").join("hub_descriptor")).expect("removed");
    let port = board.only("port");
    assert!(!port.cuts_power && port.method == Method::Port);
}

#[test]
fn both_halves_of_an_usb_3_socket_go_off() {
    let board = Board::new(EACH);
    let peer = board.tree.root().join("devices/platform/ehci/usb2/2-1/2-1:1.0/2-1-port2");
    board.tree.attribute(&peer, "disable", "0\n");
    let port = board.port(2);
    board.tree.link(&peer, &port.parent().expect("port").join("peer"));
    run(async {
        let (way, run_dir) = (board.only("port"), board.run_dir());
        let cutting = cycle(&way, MOMENT, &run_dir);
        tokio::pin!(cutting);
        until_off(&mut cutting, &peer.join("disable"), "1").await;
        assert_eq!((text(&port), text(&peer.join("disable"))), ("1".into(), "1".into()));
        cutting.await.expect("on again");
        assert_eq!((text(&port), text(&peer.join("disable"))), ("0".into(), "0".into()));
    });
    assert_eq!(board.notes(), [""; 0]);
}

#[test]
fn a_disk_on_the_same_controller_is_not_torn_out_by_itself() {
    let board = Board::new(EACH);
    board.tree.plug("1-1.3", (0x0781, 0x5581), &[Iface::new(0, (8, 6, 0x50), "usb-storage")]);
    assert!(board.ways("auto").expect("ways").iter().all(|way| way.method != Method::Controller));
    // Who asks for it by name gets it, with the warning.
    assert_eq!(board.shown("rebind"), ["host controller ehci, which takes along 2 other devices"]);
}

#[test]
fn a_pci_modem_is_removed_and_found_again() {
    let board = Board::new(EACH);
    let dir = board.tree.root().join("devices/pci0000:00/0000:00:1c.0/0000:01:00.0");
    board.tree.attribute(&dir, "remove", "");
    board.tree.attribute(&board.tree.root().join("bus/pci"), "rescan", "");
    let pci = Found {
        id: "0000:01:00.0".into(),
        usb_path: None,
        driver: "mhi-pci-generic".into(),
        dir: dir.clone(),
        ..Found::clone(&board.modem("1-1.2"))
    };
    let found = ways(&board.sysfs(), &pci, "auto").expect("ways");
    let shown: Vec<String> = found.iter().map(Way::to_string).collect();
    assert_eq!(shown, ["PCI device 0000:01:00.0"]);
    run(cycle(&found[0], MOMENT, &board.run_dir())).expect("a cycle");
    assert_eq!(text(&dir.join("remove")), "1");
    assert_eq!(text(&board.tree.root().join("bus/pci/rescan")), "1");
    assert!(ways(&board.sysfs(), &pci, "port").is_err() && ways(&board.sysfs(), &pci, "authorized").is_err());
}

#[test]
fn a_line_is_turned_over_whichever_way_it_works() {
    let board = Board::new(EACH);
    let gpio = board.tree.root().join("class/gpio");
    for (name, value) in
        [("modem_power", "1\n"), ("lte_reset", "0\n"), ("sim_switch", "0\n"), ("usb_power", "1\n")]
    {
        board.tree.attribute(&gpio.join(name), "value", value);
        board.tree.attribute(&gpio.join(name), "direction", "out\n");
    }
    board.tree.attribute(&gpio.join("lte_power_good"), "value", "1\n");
    board.tree.attribute(&gpio.join("lte_power_good"), "direction", "in\n");
    assert_eq!(board.shown("auto")[..2], ["line lte_reset!", "line modem_power!"]);
    let reset = gpio.join("lte_reset/value");
    run(async {
        let (way, run_dir) = (board.only("gpio:lte_reset"), board.run_dir());
        let cutting = cycle(&way, MOMENT, &run_dir);
        tokio::pin!(cutting);
        until_off(&mut cutting, &reset, "1").await;
        cutting.await.expect("on again");
    });
    assert_eq!(text(&reset), "0");
    // With a second modem nobody knows whose line it is.
    board.tree.plug("2-1", EC25, &qmi(4, "cdc-wdm1", "wwan1"));
    assert!(board.shown("auto")[0].starts_with("hub port"));
    for wrong in ["gpio:nothing", "gpio:", "gpio:../gpio", "line"] {
        let error = board.ways(wrong).expect_err(wrong);
        assert!(error.contains(&format!("'{wrong}'")), "{error}");
    }
}

#[test]
fn a_cut_that_is_broken_off_ends_with_the_power_on() {
    let board = Board::new(EACH);
    let (way, run_dir) = (board.only("port"), board.run_dir());
    run(async {
        {
            let cutting = cycle(&way, LONG, &run_dir);
            tokio::pin!(cutting);
            until_off(&mut cutting, &board.port(2), "1").await;
        }
        says(&board.port(2), "0").await;
    });
    settle(Duration::from_secs(5));
    assert_eq!(board.notes(), [""; 0]);
}

#[test]
fn a_cut_that_fails_half_way_ends_with_the_power_on() {
    let board = Board::new(TOGETHER);
    let way = board.only("port");
    let third = board.port(3);
    fs::remove_file(&third).expect("removed");
    fs::create_dir(&third).expect("what cannot be written");
    let error = run(async {
        let run_dir = board.run_dir();
        let cutting = cycle(&way, LONG, &run_dir);
        tokio::pin!(cutting);
        // It is tried again and again until it can be written.
        assert!(tokio::time::timeout(MOMENT, &mut cutting).await.is_err());
        until_off(&mut cutting, &board.port(1), "0").await;
        assert_eq!((text(&board.port(1)), text(&board.port(4))), ("0".into(), "0".into()));
        assert_eq!(board.notes().len(), 1, "what could not be put on is still noted");
        fs::remove_dir(&third).expect("removed");
        fs::write(&third, "1").expect("written");
        cutting.await.expect_err("off has failed")
    });
    assert!(matches!(&error, Uncut::EndedBadly(why) if why.contains("off:")), "{error:?}");
    assert!((1..=4).all(|number| text(&board.port(number)) == "0"));
    assert_eq!(board.notes(), [""; 0]);
}

#[test]
fn a_killed_daemon_s_successor_puts_the_power_on() {
    let board = Board::new(EACH);
    let (way, run_dir) = (board.only("authorized"), board.run_dir());
    run(async {
        let runs = cycle(&way, LONG, &run_dir);
        tokio::pin!(runs);
        until_off(&mut runs, &board.authorized(), "0").await;
        assert_eq!(board.notes().len(), 1);
        // As a kill -9 leaves it: the note, and nobody who comes back to it.
        let told = restore(&board.sysfs(), &run_dir);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("put on again") && told[0].contains("authorized"), "{}", told[0]);
        assert_eq!(text(&board.authorized()), "1");
        assert_eq!(board.notes(), [""; 0]);
    });
    assert_eq!(restore(&board.sysfs(), &run_dir), [""; 0]);
    settle(Duration::from_secs(5));
}

#[test]
fn a_note_that_is_not_ours_writes_nothing_elsewhere() {
    let board = Board::new(EACH);
    let elsewhere = board.tree.dir.join("elsewhere");
    fs::write(&elsewhere, "whole").expect("file");
    fs::create_dir_all(board.run_dir()).expect("directory");
    let inside = board.tree.root().join("../elsewhere");
    let text_of_note = format!("file 1 {}\nfile 1 {}\nnonsense\n", elsewhere.display(), inside.display());
    fs::write(board.run_dir().join("power-off-x"), text_of_note).expect("note");
    assert_eq!(restore(&board.sysfs(), &board.run_dir()).len(), 1);
    assert_eq!(text(&elsewhere), "whole");
}

#[test]
fn nothing_is_cut_where_no_note_can_be_kept() {
    let board = Board::new(EACH);
    fs::write(board.run_dir(), "a file in the directory's place").expect("file");
    let error = run(cycle(&board.only("port"), MOMENT, &board.run_dir())).expect_err("no note");
    assert!(matches!(&error, Uncut::NotBegun(why) if why.contains("note")), "{error:?}");
    assert_eq!(text(&board.port(2)), "0");
}

#[test]
fn what_went_off_and_not_on_again_was_cut_and_is_tried_on_until_it_is() {
    let board = Board::new(EACH);
    let (way, run_dir, port) = (board.only("port"), board.run_dir(), board.port(2));
    let aside = port.with_extension("aside");
    run(async {
        let cutting = cycle(&way, MOMENT, &run_dir);
        tokio::pin!(cutting);
        until_off(&mut cutting, &port, "1").await;
        fs::rename(&port, &aside).expect("a hub that is not there for a while");
        let error = cutting.await.expect_err("it cannot be put on");
        assert!(matches!(&error, Uncut::EndedBadly(why) if why.contains("on again:")), "{error:?}");
        assert_eq!((text(&aside), board.notes().len()), ("1".into(), 1));
        // Nobody waits for it any more.
        fs::rename(&aside, &port).expect("the hub is back");
        says(&port, "0").await;
    });
    settle(Duration::from_secs(5));
    assert_eq!(board.notes(), [""; 0]);
}
