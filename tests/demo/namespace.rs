//! A user and a network namespace for this process and what it starts: root over its own
//! network devices, and over nothing else.
//!
//! Contract: to be called while the process has one thread (the kernel moves only such a
//! one). An error says in words what forbids it; the process is then as it was.

use std::fs;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getgid, getuid};

/// Moves this process. Without a user namespace (forbidden to some, or to all) root may still
/// have a network of its own.
pub fn enter() -> Result<(), String> {
    let (user, group) = (getuid(), getgid());
    match unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET) {
        Ok(()) => {
            // Since Linux 3.19 the group map wants setgroups(2) given up first (user_namespaces(7)).
            write("setgroups", "deny")?;
            write("uid_map", &format!("0 {user} 1"))?;
            write("gid_map", &format!("0 {group} 1"))
        }
        Err(_) if user.is_root() => unshare(CloneFlags::CLONE_NEWNET)
            .map_err(|error| format!("no network namespace ({}), even for root", error.desc())),
        Err(error) => Err(format!("no user namespace ({}){}", error.desc(), hint())),
    }
}

fn write(file: &str, text: &str) -> Result<(), String> {
    fs::write(format!("/proc/self/{file}"), text).map_err(|error| format!("/proc/self/{file}: {error}"))
}

/// The usual switches that forbid it.
fn hint() -> &'static str {
    let is = |file: &str, value: &str| fs::read_to_string(file).is_ok_and(|text| text.trim() == value);
    if is("/proc/sys/kernel/unprivileged_userns_clone", "0") {
        "; sysctl kernel.unprivileged_userns_clone=1 would allow it"
    } else if is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") {
        "; sysctl kernel.apparmor_restrict_unprivileged_userns=0 would allow it"
    } else {
        ""
    }
}
