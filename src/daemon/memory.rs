//! What the next process has to know to take running sessions over: one small file an
//! interface and one a modem, in the run directory.
//!
//! Contract: a file is written whole or not at all (a new file, then rename), readable by
//! root alone, and lives in RAM (`/var/run`), so a reboot forgets it with the sessions. A
//! file that does not parse is as good as none. No secret is in it: PIN and password are
//! left out of the digest as well, since four digits can be found by trying.
//!
//! Why not ubus or netifd's `data`? netifd shows `data` to everyone, and loses it with a
//! link-down.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::dial::Dial;
use crate::json::{Value, json};

/// Where the files are. Without a directory nothing is remembered, and nothing else breaks.
#[derive(Clone)]
pub struct Memory {
    dir: PathBuf,
}

/// A session that was up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub modem: String,
    /// What it was dialled with.
    pub digest: u64,
    /// Since when it is up, in the time since boot.
    pub since: Duration,
}

impl Memory {
    pub fn new(dir: &Path) -> Memory {
        Memory { dir: dir.to_path_buf() }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn session(&self, interface: &str) -> Option<Session> {
        let value = self.read("link", interface)?;
        Some(Session {
            modem: value.get("modem")?.as_str()?.to_string(),
            digest: value.get("digest")?.as_u64()?,
            since: Duration::from_secs(value.get("since")?.as_u64()?),
        })
    }

    pub fn keep_session(&self, interface: &str, session: &Session) {
        let since = session.since.as_secs();
        self.write(
            "link",
            interface,
            &json!({ "modem": session.modem, "digest": session.digest, "since": since }),
        );
    }

    pub fn drop_session(&self, interface: &str) {
        self.remove("link", interface);
    }

    /// What a modem's protocol keeps, as it gave it.
    pub fn channel(&self, modem: &str) -> Option<Value> {
        self.read("modem", modem)
    }

    pub fn keep_channel(&self, modem: &str, state: &Value) {
        self.write("modem", modem, state);
    }

    pub fn drop_channel(&self, modem: &str) {
        self.remove("modem", modem);
    }

    fn path(&self, kind: &str, name: &str) -> PathBuf {
        // Names are those of interfaces, USB paths and sockets; a slash must not lead elsewhere.
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':') { c } else { '.' })
            .collect();
        self.dir.join(format!("{kind}-{name}.json"))
    }

    pub(super) fn read(&self, kind: &str, name: &str) -> Option<Value> {
        let text = fs::read(self.path(kind, name)).ok()?;
        crate::json::from_slice(&text).ok()
    }

    pub(super) fn write(&self, kind: &str, name: &str, value: &Value) {
        let path = self.path(kind, name);
        if let Err(error) = replace(&self.dir, &path, value) {
            log::debug!("{}: {error}; a restart will dial anew", path.display());
        }
    }

    pub(super) fn remove(&self, kind: &str, name: &str) {
        // Mostly it is not there.
        let _ = fs::remove_file(self.path(kind, name));
    }
}

fn replace(dir: &Path, path: &Path, value: &Value) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    let fresh = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(value.to_string().as_bytes())?;
    fs::rename(&fresh, path)
}

/// Tells orders to dial apart, without their secrets.
pub fn digest(dial: &Dial) -> u64 {
    // FNV-1a: stable over builds and machines, which std does not promise of its hashers.
    struct Fnv(u64);
    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            self.0
        }

        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
    }
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    (&dial.netdev, dial.session, &dial.apn, &dial.username).hash(&mut hasher);
    (dial.auth, dial.pdptype, dial.allow_roaming, &dial.plmn, &dial.modes, dial.profile).hash(&mut hasher);
    // JSON numbers of other programs have 53 bits.
    hasher.finish() >> 11
}

/// Time since boot, also that spent asleep.
pub fn since_boot() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_survives_in_its_file_and_a_torn_one_counts_as_none() {
        let dir = std::env::temp_dir().join(format!("uwand-memory-{}", std::process::id()));
        let memory = Memory::new(&dir);
        let session = Session { modem: "1-1.2".into(), digest: 7, since: Duration::from_secs(9) };
        memory.keep_session("wan/../x", &session);
        assert_eq!(memory.session("wan/../x"), Some(session));
        fs::write(dir.join("link-wan.json"), "{\"modem\":").unwrap();
        assert_eq!(memory.session("wan"), None);
        memory.drop_session("wan");
        assert!(!dir.join("link-wan.json").exists());
        fs::remove_dir_all(&dir).unwrap();
    }
}
