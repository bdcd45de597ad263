//! The current at a port of the virtual host controller.
//!
//! vhci-hcd's root hub says that it switches each port by itself, and takes the kernel's orders
//! to; what it has no idea of is that a device without current is gone. So a thread here looks at the
//! kernel's own switch, `disable` of the port, and tells when it has changed; whoever has put a modem
//! there pulls it out and, once the current is back, puts in one that starts afresh.
//!
//! Honest about what this is: the switch, the hub driver and the way to them are the kernel's; the
//! current is this file's. A real hub has both.

use super::timeline::{Step, doing};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const CONTROLLER: &str = "/sys/devices/platform/vhci_hcd.0";
/// A device that stays connected for a moment after its port went off, as capacitors have it.
const GLANCE: Duration = Duration::from_millis(10);

pub struct Supply {
    changes: UnboundedReceiver<bool>,
    going: Arc<AtomicBool>,
}

impl Supply {
    /// Of a high-speed port, counted from 0 as [`super::device::Modem::plug`] does.
    pub fn of(port: u32) -> Step<Supply> {
        let switch = switch(port)?;
        let (sender, changes) = unbounded_channel();
        let going = Arc::new(AtomicBool::new(true));
        let seen = going.clone();
        thread::spawn(move || {
            let mut on = true;
            while seen.load(Ordering::Relaxed) {
                // Reading waits for the hub's lock: that is why this is a thread.
                let now = fs::read_to_string(&switch).map_or(on, |text| text.trim() == "0");
                if now != on && sender.send(now).is_err() {
                    return;
                }
                on = now;
                thread::sleep(GLANCE);
            }
        });
        Ok(Supply { changes, going })
    }

    /// The next change: whether there is current now.
    pub async fn changed(&mut self) -> bool {
        match self.changes.recv().await {
            Some(on) => on,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Supply {
    fn drop(&mut self) {
        self.going.store(false, Ordering::Relaxed);
    }
}

/// `usb1/1-0:1.0/usb1-port1/disable`, whatever number the bus has; its hub never sleeps from now on.
fn switch(port: u32) -> Step<PathBuf> {
    let entries = fs::read_dir(CONTROLLER).map_err(doing(CONTROLLER))?;
    let hubs = entries.flatten().map(|entry| entry.path());
    let mut hubs: Vec<PathBuf> = hubs.filter(|path| path.join("busnum").exists()).collect();
    hubs.sort();
    for hub in &hubs {
        fs::write(hub.join("power/control"), "on").map_err(doing("power/control"))?;
    }
    let high_speed = |hub: &&PathBuf| fs::read_to_string(hub.join("speed")).is_ok_and(|s| s.trim() == "480");
    let hub = hubs.iter().find(high_speed).ok_or("no high-speed root hub")?;
    let number = fs::read_to_string(hub.join("busnum")).map_err(doing("busnum"))?;
    let number = number.trim();
    let switch = hub.join(format!("{number}-0:1.0/usb{number}-port{}/disable", port + 1));
    if switch.exists() { Ok(switch) } else { Err(format!("{}: not there", switch.display())) }
}
