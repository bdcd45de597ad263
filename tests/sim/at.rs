//! The AT port of a simulated modem: a pty with a small interpreter behind it.
//!
//! Contract: commands and answers are a table; a command that is not in it is answered by
//! nothing. The clock has to run: a port is opened in a thread of its own.

use std::cell::{Cell, RefCell};
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::{AbortHandle, spawn_local};
use uwand::linux::fd::watch;

pub type Answers = Vec<(&'static str, &'static str)>;

/// Clones are handles of the same port.
#[derive(Clone)]
pub struct AtPort(Rc<Inner>);

struct Inner {
    answers: RefCell<Answers>,
    heard: RefCell<Vec<String>>,
    echo: Cell<bool>,
    /// The modem's end, and ours as long as nobody else has it.
    line: RefCell<Option<(Rc<AsyncFd<OwnedFd>>, OwnedFd)>>,
    path: PathBuf,
    task: RefCell<Option<AbortHandle>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Inner {
    fn leave(&self) {
        self.task.take().inspect(AbortHandle::abort);
        self.line.take();
        let _ = std::fs::remove_file(&self.path);
    }
}

impl AtPort {
    /// A port whose node is `path`.
    pub fn at(path: &Path, answers: Answers) -> AtPort {
        let (node, master, slave) = super::line::pty();
        symlink(node, path).expect("a node");
        let flags = fcntl(&master, FcntlArg::F_GETFL).map(OFlag::from_bits_retain).expect("flags");
        fcntl(&master, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).expect("non-blocking");
        let line = Rc::new(watch(master, Interest::READABLE).expect("registers"));
        let port = AtPort(Rc::new(Inner {
            answers: RefCell::new(answers),
            heard: RefCell::default(),
            echo: Cell::new(true),
            line: RefCell::new(Some((line.clone(), slave))),
            path: path.to_owned(),
            task: RefCell::default(),
        }));
        let inner = Rc::downgrade(&port.0);
        let task = spawn_local(async move {
            let mut partial = Vec::new();
            loop {
                let Ok(mut ready) = line.readable().await else { return };
                let mut bytes = [0; 256];
                let read = ready.try_io(|fd| Ok(nix::unistd::read(fd.get_ref(), &mut bytes)?));
                let length = match read {
                    Ok(Ok(length)) => length,
                    Ok(Err(_)) => return,
                    Err(_not_ready) => continue,
                };
                partial.extend_from_slice(&bytes[..length]);
                while let Some(end) = partial.iter().position(|byte| matches!(byte, b'\r' | 0x1a)) {
                    let line: Vec<u8> = partial.drain(..=end).collect();
                    let Some(inner) = inner.upgrade() else { return };
                    AtPort(inner).take(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\u{1a}']));
                }
            }
        });
        *port.0.task.borrow_mut() = Some(task.abort_handle());
        port
    }

    fn take(&self, line: &str) {
        self.0.heard.borrow_mut().push(line.to_string());
        if self.0.echo.get() {
            self.says(&format!("{line}\r\r\n"));
        }
        let answer = self.0.answers.borrow().iter().find(|(of, _)| *of == line).map(|(_, said)| *said);
        if let Some(answer) = answer {
            self.says(answer);
        }
    }

    /// By itself.
    pub fn says(&self, text: &str) {
        let line = self.0.line.borrow();
        let (line, _) = line.as_ref().expect("a port that is there");
        assert_eq!(nix::unistd::write(line.get_ref(), text.as_bytes()), Ok(text.len()));
    }

    pub fn echo(&self, on: bool) {
        self.0.echo.set(on);
    }

    /// The commands that came.
    pub fn heard(&self) -> Vec<String> {
        self.0.heard.borrow().clone()
    }

    /// Leaves the bus: who has it open hears the line hang up.
    pub fn hang_up(&self) {
        self.0.leave();
    }
}
