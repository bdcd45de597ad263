//! Interfaces of known modems that have no driver, and binding them again.
//!
//! Contract: [`orphans`] and [`advice`] read and never write; [`bind`] writes one attribute in
//! a thread of its own; [`Healer`] decides and bounds.
//!
//! NOT WHOLE YET: `orphans` and `advice` find nothing.

use std::collections::BTreeMap;

use super::sysfs::Sysfs;

/// An interface that should have a driver of ours and has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// `1-1`
    pub device: String,
    /// `1-1:1.8`
    pub interface: String,
    pub vendor: u16,
    pub product: u16,
    /// The driver that it should have.
    pub driver: &'static str,
    /// Who has it, as far as is known.
    pub holder: Option<String>,
}

/// A driver that would serve a modem if it knew its ids; for a person to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    pub what: String,
    pub why: String,
    /// The command, as it may be typed.
    pub remedy: String,
}

/// How often each interface was bound again since this daemon's start.
#[derive(Debug, Clone, Default)]
pub struct Healer {
    tries: BTreeMap<String, u8>,
}

impl Healer {
    /// Most times that one interface is bound again.
    pub const MOST: u8 = 3;

    /// Whether this one may be bound now; counts it.
    pub fn may(&mut self, orphan: &Orphan) -> bool {
        let tries = self.tries.entry(orphan.interface.clone()).or_default();
        *tries = tries.saturating_add(1);
        *tries <= Self::MOST
    }
}

pub fn orphans(_sysfs: &Sysfs) -> Vec<Orphan> {
    Vec::new()
}

/// Binds it to its driver again.
pub async fn bind(_sysfs: &Sysfs, orphan: &Orphan) -> Result<(), String> {
    Err(format!("{}: not there yet", orphan.interface))
}

/// What `doctor` says of modems whose ids no driver knows.
pub fn advice(_sysfs: &Sysfs) -> Vec<Advice> {
    Vec::new()
}
