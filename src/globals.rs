//! Where the outside is: the global options of the command line and their environment
//! variables, shared by the daemon, netifd's handler and the commands for people.
//!
//! Contract: an option wins over its environment variable, that over the default; an empty
//! variable counts as unset. `netifd` starts a handler for every `ifup`, therefore reading
//! these costs four look-ups and no argument parser.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use log::LevelFilter;

use crate::few::Listed;

pub const ENV_UBUS_SOCKET: &str = "UWAND_UBUS_SOCKET";
pub const ENV_SYSFS: &str = "UWAND_SYSFS";
pub const ENV_RUN_DIR: &str = "UWAND_RUN_DIR";
pub const ENV_LOG: &str = "UWAND_LOG";
/// For the daemon alone, by its init script: no options, because nobody types them.
pub const ENV_STATE_DIR: &str = "UWAND_STATE_DIR";
pub const ENV_HISTORY_HOURS: &str = "UWAND_HISTORY_HOURS";

const RUN_DIR: &str = "/var/run/uwand";
const STATE_DIR: &str = "/etc/uwand";

/// Where ubusd listens: since OpenWrt 21.02, and before it.
const UBUS_SOCKETS: [&str; 2] = ["/var/run/ubus/ubus.sock", "/var/run/ubus.sock"];

/// The global options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Globals {
    /// Tried in this order.
    pub ubus_sockets: Vec<PathBuf>,
    pub sysfs: PathBuf,
    pub run_dir: PathBuf,
    /// `None`: what suits the command.
    pub log_level: Option<LevelFilter>,
    /// What outlives a reboot; `None`: see [`Globals::state_dir`].
    pub state_dir: Option<PathBuf>,
    /// How far back graphs go; 0 keeps nothing.
    pub history_hours: u32,
}

impl Default for Globals {
    fn default() -> Self {
        Globals {
            ubus_sockets: UBUS_SOCKETS.iter().map(PathBuf::from).listed(),
            sysfs: PathBuf::from("/sys"),
            run_dir: PathBuf::from(RUN_DIR),
            log_level: None,
            state_dir: None,
            history_hours: 24,
        }
    }
}

impl Globals {
    /// Where the journal of outages is. A daemon whose run directory is elsewhere lives in a
    /// world of its own, and leaves the router's flash alone.
    pub fn state_dir(&self) -> PathBuf {
        match &self.state_dir {
            Some(dir) => dir.clone(),
            None if self.run_dir == Path::new(RUN_DIR) => PathBuf::from(STATE_DIR),
            None => self.run_dir.join("state"),
        }
    }

    /// The defaults with what `variable` knows over them: `std::env::var_os` outside of tests.
    pub fn from_env(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, String> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let mut globals = Globals::default();
        if let Some(path) = set(ENV_UBUS_SOCKET) {
            globals.ubus_sockets = vec![PathBuf::from(path)];
        }
        if let Some(path) = set(ENV_SYSFS) {
            globals.sysfs = PathBuf::from(path);
        }
        if let Some(path) = set(ENV_RUN_DIR) {
            globals.run_dir = PathBuf::from(path);
        }
        globals.state_dir = set(ENV_STATE_DIR).map(PathBuf::from);
        if let Some(hours) = set(ENV_HISTORY_HOURS) {
            let hours = hours.to_string_lossy();
            let number = hours.parse().ok().filter(|hours| *hours <= 168);
            globals.history_hours = number.ok_or_else(|| {
                format!("{ENV_HISTORY_HOURS} '{hours}': a whole number from 0 to 168 is needed")
            })?;
        }
        if let Some(level) = set(ENV_LOG) {
            let level = level.to_string_lossy();
            globals.log_level =
                Some(parse_level(&level).map_err(|remedy| format!("{ENV_LOG} '{level}': {remedy}"))?);
        }
        Ok(globals)
    }
}

/// A log level by its name; the error is the remedy alone.
pub fn parse_level(value: &str) -> Result<LevelFilter, &'static str> {
    value.parse().map_err(|_| "one of error, warn, info, debug, trace, or off is needed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let empty = environment(&[(ENV_UBUS_SOCKET, ""), (ENV_SYSFS, ""), (ENV_RUN_DIR, ""), (ENV_LOG, "")]);
        assert_eq!(Globals::from_env(empty), Ok(Globals::default()));
    }

    #[test]
    fn a_variable_replaces_its_default() {
        let globals = Globals::from_env(environment(&[(ENV_UBUS_SOCKET, "/t/u.sock"), (ENV_LOG, "Debug")]));
        let globals = globals.expect("valid");
        assert_eq!(globals.ubus_sockets, [PathBuf::from("/t/u.sock")]);
        assert_eq!(globals.log_level, Some(LevelFilter::Debug));
        assert_eq!(globals.sysfs, PathBuf::from("/sys"));
    }

    #[test]
    fn a_world_of_its_own_leaves_the_routers_flash_alone() {
        let globals = |pairs| Globals::from_env(environment(pairs)).expect("valid");
        assert_eq!(globals(&[]).state_dir(), PathBuf::from("/etc/uwand"));
        assert_eq!(globals(&[(ENV_RUN_DIR, "/t/run")]).state_dir(), PathBuf::from("/t/run/state"));
        let named = globals(&[(ENV_RUN_DIR, "/t/run"), (ENV_STATE_DIR, "/mnt/stick")]);
        assert_eq!(named.state_dir(), PathBuf::from("/mnt/stick"));
        assert_eq!(globals(&[(ENV_HISTORY_HOURS, "72")]).history_hours, 72);
        assert!(Globals::from_env(environment(&[(ENV_HISTORY_HOURS, "999")])).is_err());
    }

    #[test]
    fn a_wrong_level_is_told_with_its_name_value_and_remedy() {
        let error = Globals::from_env(environment(&[(ENV_LOG, "loud")])).expect_err("wrong");
        assert_eq!(error, "UWAND_LOG 'loud': one of error, warn, info, debug, trace, or off is needed");
    }
}
