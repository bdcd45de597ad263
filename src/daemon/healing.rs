//! Drivers that modems have lost are bound again ([`heal`]), bounded and logged.
//!
//! Contract: sysfs is looked at after uevents have calmed down, and again only while something is
//! free that may still be bound: an idle router has no wake-up by this. Only modems that an
//! interface of ours has used, or may mean while it finds none, are touched; a modem that is left to
//! another program stays as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::Daemon;
use crate::device::DeviceSpec;
use crate::few::{Few, Listed};
use crate::linux::heal::{self, Healer, Orphan};

/// A modem that comes has a burst of events.
const CALM: Duration = Duration::from_secs(1);
/// Beside the sessions in the run directory, which lives as long as the boot does.
const FILE: &str = "drivers";

#[derive(Default)]
pub(super) struct Healing {
    healer: Healer,
    file: PathBuf,
    /// When to look.
    at: Option<Instant>,
    /// Whom was last said to hold an interface.
    told: Few<String, Option<String>>,
}

impl Healing {
    pub(super) fn new(run_dir: &Path) -> Healing {
        let file = run_dir.join(FILE);
        let healer = Healer::load(&fs::read_to_string(&file).unwrap_or_default());
        Healing { healer, file, at: Some(Instant::now() + CALM), told: Few::default() }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.at
    }

    /// Something has happened on the bus.
    pub(super) fn look_soon(&mut self) {
        let soon = Instant::now() + CALM;
        self.at = Some(self.at.map_or(soon, |at| at.min(soon)));
    }

    /// Counts survive this process; a full disk is no reason to leave a modem without driver.
    fn save(&self) {
        if let Err(error) = fs::write(&self.file, self.healer.save()) {
            log::debug!("{}: {error}", self.file.display());
        }
    }

    fn tell(&mut self, orphans: &[Orphan]) {
        self.told.retain(|interface, _| orphans.iter().any(|orphan| orphan.interface == *interface));
        for orphan in orphans {
            if self.told.get(&orphan.interface) == Some(&orphan.holder) {
                continue;
            }
            self.told.insert(orphan.interface.clone(), orphan.holder.clone());
            match &orphan.holder {
                Some(holder) => log::warn!("{} is without {}: {holder}", orphan.interface, orphan.driver),
                None => log::warn!("{} is without {}, and nobody has it", orphan.interface, orphan.driver),
            }
        }
    }
}

impl Daemon {
    pub(super) fn tick_healing(&mut self) {
        if self.healing.at.is_none_or(|at| at > Instant::now()) {
            return;
        }
        let mut orphans = heal::orphans(&self.sysfs);
        orphans.retain(|orphan| self.minds(orphan));
        let now = Instant::now().into_std();
        let due = self.healing.healer.due(&orphans, now);
        // What is free only while its device is coming is not worth a word.
        let free_before = |orphan: &Orphan| !orphan.is_free || due.contains(orphan);
        self.healing.tell(&orphans.iter().filter(|o| free_before(o)).cloned().listed());
        self.healing.at = self.healing.healer.next().map(Instant::from_std);
        if due.is_empty() {
            return;
        }
        self.healing.save();
        for orphan in due {
            let last = self.healing.healer.is_spent(&orphan.interface);
            let sysfs = self.sysfs.clone();
            crate::task::spawn(async move {
                match heal::bind(&sysfs, &orphan).await {
                    Ok(()) => log::info!("{} is bound to {} again", orphan.interface, orphan.driver),
                    Err(why) if last => log::warn!("{why}; it was the last try of this boot"),
                    Err(why) => log::warn!("{why}"),
                }
            });
        }
    }

    /// Whether the device is, or may be, a modem of ours.
    fn minds(&self, orphan: &Orphan) -> bool {
        let mut used = self.slots.values().filter_map(|slot| slot.place_known());
        if used.any(|place| place.usb_path.as_ref() == Some(&orphan.device)) {
            return true;
        }
        let found = |id: &String| self.slots.get(id).is_some_and(|slot| slot.found().is_some());
        let lacking =
            self.interfaces.values().filter(|interface| !interface.modem.as_ref().is_some_and(found));
        lacking.filter_map(|interface| interface.spec.as_ref()).any(|spec| match spec {
            DeviceSpec::Usb { vendor, product } => (*vendor, *product) == (orphan.vendor, orphan.product),
            DeviceSpec::UsbPath(path) => *path == orphan.device,
            // A node that is not there, numbers that only the modem knows: this may be the one.
            DeviceSpec::Auto
            | DeviceSpec::Node(_)
            | DeviceSpec::Serial(_)
            | DeviceSpec::Imei(_)
            | DeviceSpec::SysPath(_) => true,
            DeviceSpec::Socket(_) => false,
        })
    }
}
