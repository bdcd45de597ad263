//! The cut: off, a wait, on again, whatever happens in between.
//!
//! Contract: before anything is put off, a note in the run directory says how to put it on. The
//! note goes when it is on. Each write runs in a thread of its own, because `authorized` waits for
//! transfers that a deaf modem never takes (15 s were seen), and a port for its hub's lock.
//!
//! Why not one thread for off, wait and on? The wait is then no timer of tokio's, and a job that
//! is aborted would have to reach into the thread to shorten it.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::gpio::{Held, Line};
use super::{Sysfs, Way};
use crate::few::Listed;
use crate::task::{self, blocking};

/// A text for a file.
type Step = (PathBuf, String);

/// What is done, and undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    Steps {
        off: Vec<Step>,
        on: Vec<Step>,
    },
    /// An exported line's value, turned over.
    Value(PathBuf),
    /// A line by name, turned over.
    Line(String),
}

impl Act {
    pub fn steps(off: Vec<Step>, on: Vec<Step>) -> Act {
        Act::Steps { off, on }
    }

    /// The same files for both, as (file, off, on).
    pub fn files(files: impl IntoIterator<Item = (PathBuf, &'static str, &'static str)>) -> Act {
        let both =
            files.into_iter().map(|(file, off, on)| ((file.clone(), off.to_owned()), (file, on.to_owned())));
        let (off, on) = both.unzip();
        Act::Steps { off, on }
    }

    /// The same text for two files.
    pub fn pair(off: PathBuf, on: PathBuf, text: &str) -> Act {
        Act::Steps { off: vec![(off, text.to_owned())], on: vec![(on, text.to_owned())] }
    }
}

/// Tries to put on again while somebody waits for it, and how long between them.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// After that it is tried for as long as the program runs, twice as long between each, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
const NOTE: &str = "power-off-";
/// Threads that still have something to put on.
static BUSY: AtomicUsize = AtomicUsize::new(0);

/// Why a cut did not go as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uncut {
    /// Nothing was put off.
    NotBegun(String),
    /// Something was off. What is not on again yet is tried on.
    EndedBadly(String),
}

impl fmt::Display for Uncut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Uncut::NotBegun(why) | Uncut::EndedBadly(why)) = self;
        f.write_str(why)
    }
}

/// Off, a wait of `off`, and on again. `run_dir` keeps the note meanwhile, for [`restore`].
pub async fn cycle(way: &Way, off: Duration, run_dir: &Path) -> Result<(), Uncut> {
    let name: String = way.subject.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let switch =
        Switch { act: way.act.clone(), note: run_dir.join(format!("{NOTE}{name}")), state: Mutex::default() };
    let guard = Guard(Arc::new(switch));
    let cut = guard.0.clone();
    let went_off = blocking(Box::new(move || cut.off())).await;
    if went_off.is_ok() {
        task::sleep(off).await;
    }
    let mend = guard.0.clone();
    let came_on = blocking(Box::new(move || mend.on(TRIES))).await;
    let told = |what: &str, why: String| match guard.0.was_cut() {
        true => Uncut::EndedBadly(format!("{way}: {what}: {why}")),
        false => Uncut::NotBegun(format!("{way}: {what}: {why}")),
    };
    went_off.map_err(|why| told("off", why))?;
    came_on.map_err(|why| told("on again", why))
}

/// For the end of the program: waits until what is being put on is on, `most` at the longest.
/// What is not done by then is in the notes.
pub fn settle(most: Duration) {
    const STEP: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    while BUSY.load(Ordering::Acquire) > 0 && waited < most {
        thread::sleep(STEP);
        waited += STEP;
    }
}

/// Puts it on where the cycle did not come to its end.
struct Guard(Arc<Switch>);

impl Drop for Guard {
    fn drop(&mut self) {
        if self.0.is_done() {
            return;
        }
        let switch = self.0.clone();
        in_background(move || persist(&switch.note, || switch.on(1).is_ok()));
    }
}

/// Tries until it is on, or until the note is another one's: a cut that came after puts it on.
fn persist(note: &Path, mut is_on: impl FnMut() -> bool) {
    let ours = |note: &Path| fs::metadata(note).map(|meta| meta.ino()).ok();
    let (first, mut pause) = (ours(note), PAUSE);
    while !is_on() {
        thread::sleep(pause);
        if first.is_none() || ours(note) != first {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn in_background(work: impl FnOnce() + Send + 'static) {
    BUSY.fetch_add(1, Ordering::AcqRel);
    let counted = move || {
        work();
        BUSY.fetch_sub(1, Ordering::AcqRel);
    };
    if task::thread("power-on", Box::new(counted)).is_err() {
        BUSY.fetch_sub(1, Ordering::AcqRel);
    }
}

#[derive(Default)]
struct State {
    /// How to put it on; there is something to do while this is not empty.
    on: Vec<Undo>,
    held: Option<Held>,
    /// Something was put off.
    cut: bool,
    /// Nothing is put off any more.
    over: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Undo {
    File(PathBuf, String),
    Line(String, bool),
}

struct Switch {
    act: Act,
    note: PathBuf,
    state: Mutex<State>,
}

impl Switch {
    fn is_done(&self) -> bool {
        // A lock that is held is held by the thread that puts it off or on.
        self.state.try_lock().is_ok_and(|state| state.over && state.on.is_empty())
    }

    fn was_cut(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).cut
    }

    fn off(&self) -> Result<(), String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.over {
            return Err("given up before it began".into());
        }
        let steps = match &self.act {
            Act::Steps { off, on } => {
                let undo = on.iter().map(|(file, text)| Undo::File(file.clone(), text.clone()));
                state.on = undo.listed();
                off.clone()
            }
            Act::Value(file) => {
                let was = fs::read_to_string(file).map_err(|error| told(file, &error))?.trim() != "0";
                state.on = vec![Undo::File(file.clone(), digit(was).into())];
                vec![(file.clone(), digit(!was).into())]
            }
            Act::Line(name) => {
                let (held, was) = Line::find(&Sysfs::default(), name)
                    .and_then(|line| line.hold().map_err(|error| error.to_string()))?;
                state.on = vec![Undo::Line(name.clone(), was)];
                note(&self.note, &state.on)?;
                let turned = held.set(!was).map_err(|error| error.to_string());
                state.cut = turned.is_ok();
                state.held = Some(held);
                return turned;
            }
        };
        note(&self.note, &state.on)?;
        for (file, text) in &steps {
            write(file, text).map_err(|error| told(file, &error))?;
            state.cut = true;
        }
        Ok(())
    }

    fn on(&self, tries: u32) -> Result<(), String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.over = true;
        let held = state.held.take();
        let mut failed = None;
        for undo in &state.on {
            if let Err(why) = put_on(undo, held.as_ref(), tries) {
                failed = Some(why);
            }
        }
        if let Some(why) = failed {
            return Err(why);
        }
        if !state.on.is_empty() {
            state.on.clear();
            let _ = fs::remove_file(&self.note);
        }
        Ok(())
    }
}

/// Tries again: a port whose hub is just coming back answers EIO or ENODEV for a moment.
fn put_on(undo: &Undo, held: Option<&Held>, mut tries: u32) -> Result<(), String> {
    loop {
        let tried = try_on(undo, held);
        tries = tries.saturating_sub(1);
        if tried.is_ok() || tries == 0 {
            return tried;
        }
        thread::sleep(PAUSE);
    }
}

fn try_on(undo: &Undo, held: Option<&Held>) -> Result<(), String> {
    match (undo, held) {
        (Undo::File(file, text), _) => match write(file, text) {
            // The driver bound itself in between: that is what was wanted.
            Err(error) if file.ends_with("bind") && error.raw_os_error() == Some(nix::libc::EBUSY) => Ok(()),
            written => written.map_err(|error| told(file, &error)),
        },
        (Undo::Line(_, value), Some(held)) => held.set(*value).map_err(|error| error.to_string()),
        (Undo::Line(name, value), None) => {
            let line = Line::find(&Sysfs::default(), name)?;
            let set = line.hold().and_then(|(held, _)| held.set(*value));
            set.map_err(|error| error.to_string())
        }
    }
}

fn told(file: &Path, error: &io::Error) -> String {
    format!("{}: {error}", file.display())
}

fn digit(on: bool) -> &'static str {
    if on { "1" } else { "0" }
}

/// Never creates: what is not there cannot be switched.
fn write(file: &Path, text: &str) -> io::Result<()> {
    // Truncation means something in a tree made by hand only.
    let mut file = OpenOptions::new().write(true).truncate(true).open(file)?;
    file.write_all(text.as_bytes())
}

/// Written whole or not at all, before anything is off.
fn note(path: &Path, on: &[Undo]) -> Result<(), String> {
    let mut text = String::new();
    for undo in on {
        match undo {
            Undo::File(file, value) => text += &format!("file {value} {}\n", file.display()),
            Undo::Line(name, value) => text += &format!("line {} {name}\n", digit(*value)),
        }
    }
    let new = path.with_extension("new");
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(&new, text))
        .and_then(|()| fs::rename(&new, path))
        .map_err(|error| format!("no note of it can be kept, {}", told(path, &error)))
}

/// Puts on what a daemon that was killed has left off; to be called at the start. A sentence for
/// each note. What cannot be put on at once is tried again in a thread, and its note stays until
/// that is done, also for the next start.
pub fn restore(sysfs: &Sysfs, run_dir: &Path) -> Vec<String> {
    let notes = super::children(run_dir).into_iter().filter(|name| name.starts_with(NOTE));
    notes.map(|name| run_dir.join(name)).map(|path| restore_one(sysfs, path)).listed()
}

fn restore_one(sysfs: &Sysfs, path: PathBuf) -> String {
    let text = fs::read_to_string(&path).unwrap_or_default();
    // What is no file of the tree was not written by us.
    let root = sysfs.root();
    let read = |line: &str| {
        let (kind, rest) = line.split_once(' ')?;
        let (value, name) = rest.split_once(' ')?;
        let inside = Path::new(name).starts_with(root) && !name.contains("/../");
        match kind {
            "file" if inside => Some(Undo::File(PathBuf::from(name), value.to_owned())),
            "line" => Some(Undo::Line(name.to_owned(), value == "1")),
            _ => None,
        }
    };
    let undo: Vec<Undo> = text.lines().filter_map(read).listed();
    let what: Vec<&str> = text.lines().filter_map(|line| line.splitn(3, ' ').nth(2)).listed();
    // Each is tried, whatever became of the one before.
    let failed: Vec<String> = undo.iter().filter_map(|undo| try_on(undo, None).err()).listed();
    let Some(why) = failed.first() else {
        let _ = fs::remove_file(path);
        return format!("put on again what was left off: {}", what.join(", "));
    };
    in_background(move || {
        persist(&path, || {
            // Each is tried, whatever became of the one before.
            let left = undo.iter().filter(|undo| try_on(undo, None).is_err()).count();
            if left == 0 {
                let _ = fs::remove_file(&path);
            }
            left == 0
        });
    });
    format!("left off by the last daemon, tried again in a moment: {why}")
}
