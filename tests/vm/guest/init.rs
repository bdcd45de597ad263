//! The guest's first process: file systems, drivers, and the way out.

use super::timeline::{Step, doing};
use nix::kmod::{ModuleInitFlags, finit_module};
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use std::fs::{self, File, OpenOptions};
use std::process::Command;

/// Console of the timeline; the kernel's own is ttyS0.
const TIMELINE: &str = "/dev/ttyS1";

pub fn enter() -> Step {
    for (kind, place) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/run")] {
        fs::create_dir_all(place).map_err(doing(place))?;
        mount(Some(kind), place, Some(kind), MsFlags::empty(), None::<&str>).map_err(doing(place))?;
    }
    let console = OpenOptions::new().write(true).open(TIMELINE).map_err(doing(TIMELINE))?;
    nix::unistd::dup2_stdout(&console).map_err(doing(TIMELINE))?;
    nix::unistd::dup2_stderr(&console).map_err(doing(TIMELINE))?;
    // ICMP sockets without raw ones, for group 0
    fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0").map_err(doing("ping_group_range"))?;
    ip("link set lo up")
}

/// The drivers, in the order that the host has worked out from their dependencies.
pub fn load_drivers() -> Step<String> {
    let order = fs::read_to_string("/modules/order").map_err(doing("/modules/order"))?;
    for name in order.lines() {
        let file = File::open(format!("/modules/{name}")).map_err(doing(name))?;
        match finit_module(&file, c"", ModuleInitFlags::empty()) {
            Ok(()) | Err(nix::errno::Errno::EEXIST) => {}
            Err(errno) => return Err(format!("{name}: {errno}")),
        }
    }
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Ok(format!("{} modules, Linux {}", order.lines().count(), release.trim()))
}

/// `ip` of busybox.
pub fn ip(arguments: &str) -> Step {
    let out = Command::new("/bin/busybox").arg("ip").args(arguments.split_whitespace()).output();
    let out = out.map_err(doing("busybox"))?;
    if out.status.success() {
        return Ok(());
    }
    Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&out.stderr).trim()))
}

pub fn power_off() {
    let _ = nix::sys::termios::tcdrain(std::io::stdout());
    let _ = reboot(RebootMode::RB_POWER_OFF);
}
