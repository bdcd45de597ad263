//! Where outages outlive the router: one file on flash, and small notes beside it.
//!
//! Contract: a file is there whole, as it was before or as it is after, whatever cuts the
//! power: a new file is written, synced, renamed over the old one, and the directory synced.
//! A file that is missing, foreign or unreadable is as good as an empty one; a foreign one is
//! kept aside once. Where nothing can be written (a full or read-only flash) it is told once,
//! and everything goes on in RAM. Files are readable by root alone.
//!
//! The place is `/etc/uwand`, because on OpenWrt only the overlay outlives a reboot, and
//! people accept it for what is written rarely; `UWAND_STATE_DIR` names another, such as a
//! stick. How rarely is `journal`'s business. Why not the run directory? It is in RAM.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::journal::{MOST_BYTES, Moment};
use crate::json::Value;
use crate::linux::files;
use crate::task;

const NAME: &str = "outages";
/// The last write waits so long for the one before it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The place on flash.
#[derive(Clone)]
pub struct Ledger {
    dir: PathBuf,
    /// A write is under way; told when it ends.
    busy: Arc<(Mutex<bool>, Condvar)>,
    /// That nothing can be written has been told.
    told: Arc<AtomicBool>,
}

impl Ledger {
    pub fn new(dir: &Path) -> Ledger {
        Ledger { dir: dir.to_path_buf(), busy: Arc::default(), told: Arc::default() }
    }

    /// The bytes of the journal's file, for `Journal::read`.
    pub fn load(&self) -> Vec<u8> {
        let path = self.dir.join(NAME);
        let bytes = read(&path);
        if !bytes.is_empty() && !bytes.starts_with(b"uwand outages ") {
            // It is somebody's, who may miss it.
            let aside = path.with_extension("foreign");
            log::warn!("{}: not a journal of ours; kept as {}", path.display(), aside.display());
            // Where it cannot be moved it cannot be overwritten either.
            let _ = fs::rename(&path, aside);
        }
        bytes
    }

    /// Writes the journal's file, and waits for the flash: first for what is being written, which
    /// is older. Flash that takes longer for that takes nothing else.
    pub fn save(&self, text: &str) {
        let ended = self.busy.1.wait_timeout_while(self.busy(), PATIENCE, |busy| *busy);
        if !*ended.unwrap_or_else(PoisonError::into_inner).0 {
            self.replace(NAME, text.as_bytes());
        }
    }

    /// The same beside the caller, because flash may take its time. False: the last write is
    /// still under way, so ask again later.
    pub fn save_apart(&self, text: String) -> bool {
        if std::mem::replace(&mut *self.busy(), true) {
            return false;
        }
        let ledger = self.clone();
        let write = move || {
            ledger.replace(NAME, text.as_bytes());
            ledger.ended();
        };
        let started = task::thread("ledger", Box::new(write));
        if started.is_err() {
            self.ended();
        }
        started.is_ok()
    }

    /// Nothing panics under the lock; if it did, the flag would still be whole.
    fn busy(&self) -> MutexGuard<'_, bool> {
        self.busy.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) {
        *self.busy() = false;
        self.busy.1.notify_all();
    }

    /// A small value that outlives the router, such as when it was rebooted last.
    pub fn note(&self, name: &str) -> Option<Value> {
        crate::json::from_slice(&read(&self.dir.join(format!("{name}.json")))).ok()
    }

    pub fn keep_note(&self, name: &str, value: &Value) {
        self.replace(&format!("{name}.json"), value.to_string().as_bytes());
    }

    fn replace(&self, name: &str, bytes: &[u8]) {
        if let Err(error) = replace(&self.dir, name, bytes) {
            let level = match self.told.swap(true, Ordering::AcqRel) {
                false => log::Level::Warn,
                true => log::Level::Debug,
            };
            log::log!(level, "{}/{name}: {error}; outages are forgotten by a reboot", self.dir.display());
        }
    }
}

/// At most twice what we write; nothing where there is no plain file.
fn read(path: &Path) -> Vec<u8> {
    files::read(path, 2 * MOST_BYTES).unwrap_or_default()
}

fn replace(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let fresh = dir.join(format!("{name}.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    // Without the first sync the name may come to the flash before what it names.
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&fresh, dir.join(name))) {
        // A full flash is not helped by a half of a file.
        let _ = fs::remove_file(&fresh);
        return Err(error);
    }
    File::open(dir)?.sync_all()
}

/// The two clocks, as `journal` wants them.
#[derive(Clone, Copy)]
pub struct Clocks {
    boot: u32,
    start: Instant,
    /// Seconds since boot at `start`.
    offset: i64,
}

impl Clocks {
    /// `since_boot` is the boot clock's time now.
    pub fn start(since_boot: Duration) -> Clocks {
        let id = read(Path::new("/proc/sys/kernel/random/boot_id"));
        // FNV-1a: two boots in a row must differ, and that is all.
        let boot =
            id.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        Clocks { boot, start: Instant::now(), offset: seconds(since_boot.as_secs()) }
    }

    pub fn now(&self) -> Moment {
        let unix =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Moment::new(self.boot, self.offset + seconds(self.start.elapsed().as_secs()), seconds(unix))
    }
}

fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    fn dir(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("uwand-ledger-{name}-{}", std::process::id()));
        // Of an earlier run that was killed.
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn the_journal_outlives_the_daemon_and_a_write_that_was_cut() {
        let dir = dir("cut");
        let ledger = Ledger::new(&dir.join("deep"));
        assert!(ledger.load().is_empty());
        let clocks = Clocks::start(std::time::Duration::from_secs(100));
        let mut journal = Journal::default();
        journal.begin(clocks.now(), "wan", 3);
        ledger.save(&journal.text(clocks.now()));
        // The power went while the next one was written.
        fs::write(dir.join("deep/outages.new"), "uwand outages 1\n0123").expect("written");
        let (again, lost) = Journal::read(&ledger.load());
        assert!(again.is_open("wan") && lost == 0);
        journal.end(clocks.now(), "wan", None);
        ledger.save(&journal.text(clocks.now()));
        assert!(!Journal::read(&ledger.load()).0.is_open("wan"));
        ledger.keep_note("ladder", &crate::json!({"reboot": 5}));
        assert_eq!(ledger.note("ladder"), Some(crate::json!({"reboot": 5})));
        fs::write(dir.join("deep/ladder.json"), "{\"reb").expect("written");
        assert_eq!(ledger.note("ladder"), None);
        fs::remove_dir_all(&dir).expect("removed");
    }

    #[test]
    fn a_foreign_file_is_kept_aside_and_not_read() {
        let dir = dir("foreign");
        fs::create_dir_all(&dir).expect("made");
        fs::write(dir.join(NAME), "power cuts of our town\n").expect("written");
        let ledger = Ledger::new(&dir);
        assert!(!Journal::read(&ledger.load()).0.is_open("wan"));
        ledger.save(&Journal::default().text(Moment::default()));
        let aside = fs::read_to_string(dir.join("outages.foreign")).expect("kept");
        assert_eq!(aside, "power cuts of our town\n");
        fs::remove_dir_all(&dir).expect("removed");
    }

    #[test]
    fn the_last_write_waits_for_the_one_before_it() {
        let dir = dir("last");
        let ledger = Ledger::new(&dir);
        for number in 0..50 {
            let newer = format!("uwand outages {number}");
            assert!(ledger.save_apart("uwand outages, older".repeat(100)));
            ledger.save(&newer);
            assert_eq!(ledger.load(), newer.as_bytes());
            assert!(!dir.join("outages.new").exists());
        }
        fs::remove_dir_all(&dir).expect("removed");
    }

    #[test]
    fn where_nothing_can_be_written_nothing_else_breaks() {
        let dir = dir("full");
        fs::write(&dir, "a file where the directory should be").expect("written");
        let ledger = Ledger::new(&dir);
        ledger.save("x");
        assert!(ledger.load().is_empty());
        assert!(ledger.save_apart("x".to_string()));
        while *ledger.busy() {
            std::thread::yield_now();
        }
        assert!(ledger.save_apart("x".to_string()), "and again");
        // Neither a directory nor a pipe in the file's place holds anybody up.
        fs::remove_file(&dir).expect("removed");
        fs::create_dir_all(dir.join(NAME)).expect("made");
        assert!(ledger.load().is_empty());
        ledger.save("x");
        fs::remove_dir_all(&dir).expect("removed");
    }
}
