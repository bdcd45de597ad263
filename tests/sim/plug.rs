//! Modems as a bus sees them: what can be plugged in, and what a bus does with it by itself.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use super::modem::SimModem;
use super::qmi::QmiModem;
use super::sysfs_tree::{Iface, mbim, qmi as qmi_interface};
use super::world::{SECOND, USB_PATH, World};

/// How often the bus looks at its switches.
const GLANCE: Duration = Duration::from_millis(500);
/// From power to a modem that is on the bus again.
const RESTARTS: Duration = Duration::from_secs(8);

/// A modem that can be plugged in.
pub trait Device: Clone + 'static {
    const USB_ID: (u16, u16);
    /// The number of the control interface.
    const INTERFACE: u8;
    fn listen(&self, path: &Path) -> io::Result<()>;
    fn vanish(&self);
    fn interfaces(wdm: &str, netdev: &str) -> Vec<Iface>;
    /// It has power again, after a cut.
    fn powered(&self);
    /// Whether it passes packets.
    fn carries(&self) -> bool;
    /// It was told to restart; asked once.
    fn wants_restart(&self) -> bool;
    /// What the host asked it.
    fn asked(&self) -> Vec<String>;
}

impl Device for SimModem {
    const USB_ID: (u16, u16) = (0x1199, 0x9071);
    const INTERFACE: u8 = 12;

    fn listen(&self, path: &Path) -> io::Result<()> {
        self.listen(path)
    }

    fn vanish(&self) {
        self.vanish();
    }

    fn powered(&self) {
        self.powered();
    }

    fn carries(&self) -> bool {
        self.carries()
    }

    fn wants_restart(&self) -> bool {
        self.wants_restart()
    }

    fn interfaces(wdm: &str, netdev: &str) -> Vec<Iface> {
        mbim(Self::INTERFACE, wdm, netdev)
    }

    fn asked(&self) -> Vec<String> {
        self.seen().iter().map(|seen| format!("{:?}", seen.asked)).collect()
    }
}

impl Device for QmiModem {
    /// A plain Qualcomm modem, of which no oddity is known.
    const USB_ID: (u16, u16) = (0x05c6, 0x9025);
    const INTERFACE: u8 = 8;

    fn listen(&self, path: &Path) -> io::Result<()> {
        self.listen(path)
    }

    fn vanish(&self) {
        self.vanish();
    }

    fn powered(&self) {
        self.powered();
    }

    fn carries(&self) -> bool {
        self.carries()
    }

    /// It restarts without leaving the bus.
    fn wants_restart(&self) -> bool {
        false
    }

    fn interfaces(wdm: &str, netdev: &str) -> Vec<Iface> {
        qmi_interface(Self::INTERFACE, wdm, netdev)
    }

    fn asked(&self) -> Vec<String> {
        self.seen().iter().map(|seen| format!("{} {:#06x}", seen.service.label(), seen.message)).collect()
    }
}

impl<M: Device> World<M> {
    /// What a bus does by itself: a modem that restarts leaves it and comes back, and so does one
    /// whose port has no power for a while.
    pub(super) async fn tend(&self) {
        self.tended.notified().await;
        let is_off = || self.is_off();
        loop {
            sleep(GLANCE).await;
            if self.modem.wants_restart() {
                sleep(SECOND).await;
                self.unplug();
                sleep(RESTARTS).await;
                self.plug(0);
            }
            if is_off() {
                self.unplug();
                while is_off() {
                    sleep(GLANCE).await;
                }
                self.modem.powered();
                sleep(RESTARTS).await;
                self.plug(0);
            }
        }
    }

    /// Of the port that the modem is plugged into.
    fn switch(&self) -> PathBuf {
        self.tree.device_dir("1-1").join("1-1:1.0/1-1-port2/disable")
    }

    /// The modem's port has no power.
    pub fn is_off(&self) -> bool {
        std::fs::read_to_string(self.switch()).is_ok_and(|text| text.trim() == "1")
    }

    pub fn put_off(&self) {
        std::fs::write(self.switch(), "1\n").expect("a switch");
    }

    /// The port is off and cannot be put on, while this is held and until [`World::free_switch`].
    pub fn lock_switch(&self) -> OwnedFd {
        self.lock(&self.switch(), "1\n")
    }

    pub fn free_switch(&self, locked: OwnedFd) {
        drop(locked);
        std::fs::remove_file(self.switch()).expect("a link");
        self.put_off();
    }

    /// From now on the modem may restart and lose its power.
    pub fn tend_modem(&self) {
        let hub = self.tree.plug("1-1", (0x0424, 0x2514), &[Iface::new(0, (9, 0, 1), "hub")]);
        self.tree.attribute(&hub, "bDeviceClass", "09\n");
        self.tree.attribute(&hub, "bmAttributes", "a0\n");
        // Individual port power switching (USB 2.0, 11.23.2.1).
        self.tree.attribute(&hub, "hub_descriptor", [9, 0x29, 4, 1, 0, 50, 1, 0, 0xff]);
        std::fs::create_dir_all(hub.join("1-1:1.0/1-1-port2")).expect("a port");
        std::fs::write(self.switch(), "0\n").expect("a switch");
        self.tended.notify_one();
    }
}
