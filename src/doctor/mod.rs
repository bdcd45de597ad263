//! What `uwand doctor` finds: everything that keeps a modem from working, as far as it can be
//! seen, each with what it means and what to do.
//!
//! ```text
//!  modems   what sysfs and /dev show: drivers, ports, who has a device open, power, USB
//!  router   what the router is told: sections, handler, services, clock
//!  told     what the daemon tells: SIM, network, links
//! ```
//!
//! Contract: nothing is written, nothing is asked of a modem, and nothing is needed: without
//! daemon, without ubus and on another Linux the same checks say what they can. No finding
//! tells a secret. Every finding that is not `ok` says why it matters and what to do.

mod modems;
mod router;
mod told;

use std::fmt::Arguments;
use std::path::{Path, PathBuf};

use crate::json::{Value, json};
use crate::linux::sysfs::Sysfs;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub check: &'static str,
    /// `ok`, `warn`, `fail`.
    pub result: &'static str,
    pub what: String,
    pub why: String,
    pub remedy: String,
}

fn ok(all: &mut Vec<Finding>, check: &'static str, what: Arguments) {
    found(all, check, "ok", what, "", "");
}

fn warn(all: &mut Vec<Finding>, check: &'static str, what: Arguments, why: &str, remedy: &str) {
    found(all, check, "warn", what, why, remedy);
}

fn fail(all: &mut Vec<Finding>, check: &'static str, what: Arguments, why: &str, remedy: &str) {
    found(all, check, "fail", what, why, remedy);
}

/// One place makes the texts: there are many findings, and each is code.
fn found(
    all: &mut Vec<Finding>,
    check: &'static str,
    result: &'static str,
    what: Arguments,
    why: &str,
    remedy: &str,
) {
    let (why, remedy) = (why.to_string(), remedy.to_string());
    all.push(Finding { check, result, what: what.to_string(), why, remedy });
}

/// The world to look at: that of the running kernel, or one made by hand beside its `sys`.
pub struct Place {
    sysfs: Sysfs,
    /// Empty for the real one.
    root: PathBuf,
}

impl Place {
    pub fn new(sysfs: &Path) -> Place {
        let sysfs = Sysfs::new(sysfs);
        let root = match sysfs.root().parent() {
            Some(world) if !sysfs.is_kernel() => world.to_path_buf(),
            _ => PathBuf::from("/"),
        };
        Place { sysfs, root }
    }

    /// `/etc/config/network` as `etc/config/network`.
    fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    fn has(&self, inside: &str) -> bool {
        self.path(inside).exists()
    }

    fn read(&self, inside: &str) -> String {
        let bytes = std::fs::read(self.path(inside)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether netifd configures this machine.
    fn is_openwrt(&self) -> bool {
        self.has("lib/netifd/netifd-proto.sh") || self.has("sbin/netifd")
    }
}

/// All findings. `status` is the daemon's reply, or why there is none; `handlers` what
/// `network get_proto_handlers` told, where netifd was asked.
pub fn findings(place: &Place, status: Result<&Value, &str>, handlers: Option<&Value>) -> Vec<Finding> {
    let mut all = Vec::new();
    modems::look(place, &mut all);
    router::look(place, &mut all);
    told::look(place, status, handlers, &mut all);
    all
}

/// The reply of `doctor`; what is empty is left out.
pub fn reply(findings: &[Finding]) -> Value {
    let each = |finding: &Finding| {
        let mut shown = json!({"check": finding.check, "result": finding.result, "what": finding.what});
        for (key, text) in [("why", &finding.why), ("remedy", &finding.remedy)] {
            if !text.is_empty() {
                shown[key] = text.as_str().into();
            }
        }
        shown
    };
    json!({ "findings": findings.iter().map(each).collect::<Value>() })
}
