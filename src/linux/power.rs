//! Ways to cut a modem's power, found in sysfs, and the cut itself.
//!
//! Contract: [`ways`] reads and never writes. [`cycle`] puts on again what it has put off,
//! whatever happens in between.
//!
//! NOT WHOLE YET: `ways` finds `authorized` and nothing else, and `cycle` refuses.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::sysfs::{Found, Sysfs};

/// One way to cut a modem off, or to make it come anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    pub method: Method,
    /// What is named in sentences: a port, a device, a line.
    pub subject: String,
    /// False: the modem is enumerated anew, and its firmware runs on.
    pub cuts_power: bool,
    /// Other modems that go with it, by their ids.
    pub others: Vec<String>,
    /// Other devices that go with it.
    pub other_devices: usize,
    file: PathBuf,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Gpio,
    Port,
    Controller,
    Pci,
    Rebind,
    Authorized,
}

impl Method {
    /// What `explain` shows, and what is remembered of a cure.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Gpio => "gpio",
            Method::Port => "port",
            Method::Controller => "controller",
            Method::Pci => "pci",
            Method::Rebind => "rebind",
            Method::Authorized => "authorized",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.subject)
    }
}

/// The ways that this board has for this modem under option `power`, the best first; none for
/// `none`. An error says why a way that was named is not there.
pub fn ways(_sysfs: &Sysfs, modem: &Found, option: &str) -> Result<Vec<Way>, String> {
    let file = modem.dir.join("authorized");
    if option == "none" || modem.usb_path.is_none() {
        return Ok(Vec::new());
    }
    let (method, subject) = (Method::Authorized, modem.id.clone());
    Ok(vec![Way { method, subject, cuts_power: false, others: Vec::new(), other_devices: 0, file }])
}

/// Off, a wait, and on again. `run_dir` keeps a note of what is off meanwhile, for [`restore`].
pub async fn cycle(way: &Way, off: Duration, run_dir: &Path) -> Result<(), String> {
    let _ = (off, run_dir);
    Err(format!("{way} ({}): not there yet", way.file.display()))
}

/// Puts on again what a daemon that was killed has left off; to be called at the start. A
/// sentence for each.
pub fn restore(_run_dir: &Path) -> Vec<String> {
    Vec::new()
}
