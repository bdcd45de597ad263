//! Where the outside is: the global options of the command line and their environment
//! variables, shared by the daemon, netifd's handler and the commands for people.
//!
//! Contract: an option wins over its environment variable, that over the default; an empty
//! variable counts as unset. `netifd` starts a handler for every `ifup`, therefore reading
//! these costs four look-ups and no argument parser.

use std::ffi::OsString;
use std::path::PathBuf;

use log::LevelFilter;

pub const ENV_UBUS_SOCKET: &str = "UWAND_UBUS_SOCKET";
pub const ENV_SYSFS: &str = "UWAND_SYSFS";
pub const ENV_RUN_DIR: &str = "UWAND_RUN_DIR";
pub const ENV_LOG: &str = "UWAND_LOG";

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
}

impl Default for Globals {
    fn default() -> Self {
        Globals {
            ubus_sockets: UBUS_SOCKETS.iter().map(PathBuf::from).collect(),
            sysfs: PathBuf::from("/sys"),
            run_dir: PathBuf::from("/var/run/uwand"),
            log_level: None,
        }
    }
}

impl Globals {
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
    fn a_wrong_level_is_told_with_its_name_value_and_remedy() {
        let error = Globals::from_env(environment(&[(ENV_LOG, "loud")])).expect_err("wrong");
        assert_eq!(error, "UWAND_LOG 'loud': one of error, warn, info, debug, trace, or off is needed");
    }
}
