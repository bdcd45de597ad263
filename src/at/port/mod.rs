//! One port with an AT interpreter: commands one after the other, unsolicited codes beside.
//!
//! Contract: [`start`] takes the descriptor and gives a [`Port`] to ask and a receiver of
//! [`Event`]s. Each command has its own time-out, which begins when it is sent; it ends with an
//! answer or an [`Error`], never later. A command that nobody waits for any more is not sent;
//! one that is under way is waited for, because its answer would be taken for the next one's.
//! The last event is [`Event::Gone`]. What is sent and what comes is never logged, only names.
//!
//! Why not one port for each who asks? Two readers of one terminal take answers away from each
//! other; that is what makes ModemManager and scripts fight.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use super::codec::Reply;
use super::command::shown;
use super::danger;
use super::unsolicited::Unsolicited;
use crate::linux::channel::Io;
use crate::queue::{Promise, Receiver, Sender, promise, queue};

mod task;
#[cfg(test)]
mod tests;

/// Most commands answer at once; a modem that reads its SIM takes seconds.
pub const USUAL_TIMEOUT: Duration = Duration::from_secs(10);
/// `AT+COPS=?` takes five minutes and a little where there is much to find.
pub const SCAN_TIMEOUT: Duration = Duration::from_secs(330);
/// The network's answer to a message (27.005: up to a minute).
pub const SEND_TIMEOUT: Duration = Duration::from_secs(60);

/// Commands that wait for the port.
const MOST_QUEUED: usize = 32;
/// Events that wait for the daemon; what does not fit is counted and dropped.
const MOST_EVENTS: usize = 64;
/// Time-outs in a row after which a port counts as deaf.
const DEAF_AFTER: u32 = 3;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The port is gone: unplugged, or closed by us.
    Gone,
    Timeout(Duration),
    /// More than any answer has.
    Flood,
    /// Too many commands wait already.
    Busy,
    /// Nothing that may be sent.
    Refused(danger::Refused),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Gone => f.write_str("the AT port is gone"),
            Error::Timeout(after) => write!(f, "no answer within {} s", after.as_secs()),
            Error::Flood => f.write_str("the answer has no end"),
            Error::Busy => write!(f, "{MOST_QUEUED} commands wait already"),
            Error::Refused(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// What a port says by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Unsolicited(Unsolicited),
    Gone,
}

/// How a port wants to be spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    /// For logs: `ttyUSB2`.
    pub name: String,
    /// The XMM7360 under the wwan subsystem wants `\r\n`.
    pub line_end: &'static str,
}

impl Manner {
    pub fn new(name: impl Into<String>) -> Self {
        Manner { name: name.into(), line_end: "\r" }
    }
}

/// A command on its way. No `Debug`: it may hold a PIN.
struct Request {
    line: String,
    /// What follows the prompt.
    text: Option<String>,
    timeout: Duration,
    reply: Promise<Result<Reply, Error>>,
}

struct Shared {
    manner: Manner,
    queue: RefCell<Vec<Request>>,
    wake: Notify,
    gone: Cell<bool>,
    abandoned: Cell<bool>,
    /// In a row.
    timeouts: Cell<u32>,
    dropped_events: Cell<u32>,
}

/// Dropped with the last [`Port`]: the task ends and closes the descriptor.
struct Handle(Rc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.abandoned.set(true);
        self.0.wake.notify_one();
    }
}

/// A handle to ask; clones share the queue.
#[derive(Clone)]
pub struct Port(Rc<Handle>);

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({})", self.name())
    }
}

/// Takes a stream (see [`chunks`]) and serves it in a task of the current `LocalSet`.
pub fn start(io: Io, manner: Manner) -> (Port, Receiver<Event>) {
    let (port, shared, sender, receiver) = parts(manner);
    crate::task::spawn(task::run(io, shared, sender));
    (port, receiver)
}

fn parts(manner: Manner) -> (Port, Rc<Shared>, Sender<Event>, Receiver<Event>) {
    let shared = Rc::new(Shared {
        manner,
        queue: RefCell::default(),
        wake: Notify::new(),
        gone: Cell::new(false),
        abandoned: Cell::new(false),
        timeouts: Cell::new(0),
        dropped_events: Cell::new(0),
    });
    let (sender, receiver) = queue(MOST_EVENTS);
    (Port(Rc::new(Handle(shared.clone()))), shared, sender, receiver)
}

/// The measure for [`Io::stream`]: any bytes are a piece.
pub fn chunks(bytes: &[u8]) -> Option<usize> {
    Some(bytes.len()).filter(|length| *length > 0)
}

impl Port {
    pub fn name(&self) -> &str {
        &self.0.0.manner.name
    }

    /// Sends a line and gives what it answers, also an error of the modem's.
    pub async fn command(&self, line: &str, timeout: Duration) -> Result<Reply, Error> {
        self.request(line, None, timeout).await
    }

    pub async fn ask(&self, line: &str) -> Result<Reply, Error> {
        self.request(line, None, USUAL_TIMEOUT).await
    }

    /// Sends a line that is answered by a prompt, then `text` and the end of it (Ctrl-Z).
    pub async fn command_with_text(&self, line: &str, text: &str, timeout: Duration) -> Result<Reply, Error> {
        if text.chars().any(char::is_control) {
            return Err(Error::Refused(danger::Refused::NotALine));
        }
        self.request(line, Some(text.to_owned()), timeout).await
    }

    async fn request(&self, line: &str, text: Option<String>, timeout: Duration) -> Result<Reply, Error> {
        let line = danger::line(line).map_err(Error::Refused)?.to_owned();
        let shared = &self.0.0;
        if shared.gone.get() {
            return Err(Error::Gone);
        }
        let (reply, answer) = promise();
        {
            let mut queue = shared.queue.borrow_mut();
            queue.retain(|request| !request.reply.is_closed());
            if queue.len() >= MOST_QUEUED {
                return Err(Error::Busy);
            }
            queue.push(Request { line, text, timeout, reply });
        }
        shared.wake.notify_one();
        answer.await.unwrap_or(Err(Error::Gone))
    }

    pub fn is_gone(&self) -> bool {
        self.0.0.gone.get()
    }

    /// It has not answered for a while: a fault of the modem, or no AT port at all.
    pub fn is_deaf(&self) -> bool {
        self.0.0.timeouts.get() >= DEAF_AFTER
    }

    /// Events that nobody took in time.
    pub fn dropped_events(&self) -> u32 {
        self.0.0.dropped_events.get()
    }
}

/// For logs.
fn name_of(line: &str) -> String {
    shown(line)
}
