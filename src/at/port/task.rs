//! The one task that reads and writes a port.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Error, Event, Request, Shared, name_of};
use crate::at::codec::{self, Reply, Sorter};
use crate::at::unsolicited::{self, Unsolicited};
use crate::linux::channel::{Io, IoError, Step};
use crate::queue::{Sender, shift};

/// A pause before the next command: some modems say `OK` twice, the second one a little later.
const SETTLE: Duration = Duration::from_millis(20);
/// After a time-out the late answer is let pass by: until there is silence for so long, …
const SILENCE: Duration = Duration::from_millis(300);
/// … but no longer than this.
const LONGEST_SILENCE: Duration = Duration::from_secs(3);

/// Failed reads in a row after which a port counts as gone.
const MAX_ERRORS: u32 = 32;

const CTRL_Z: u8 = 0x1a;
/// 27.005, 3.5.1: ends a prompt without sending.
const ESCAPE: u8 = 0x1b;

pub(super) async fn run(io: Io, shared: Rc<Shared>, events: Sender<Event>) {
    let mut task = Task {
        shared,
        events,
        sorter: Sorter::new(),
        current: None,
        out: Vec::new(),
        pause: Pause::none(),
        errors: 0,
    };
    task.serve(&io).await;
    // The descriptor is closed before anybody hears that the port is gone.
    drop(io);
    task.end();
}

/// The command under way.
struct Current {
    request: Request,
    deadline: Instant,
}

/// When the next command may be sent.
struct Pause {
    until: Instant,
    /// Each byte moves `until`, but not beyond this.
    at_most: Instant,
    silence: Duration,
    /// What comes is a late answer: only known codes are unsolicited.
    late: bool,
}

impl Pause {
    fn none() -> Self {
        let now = Instant::now();
        Pause { until: now, at_most: now, silence: Duration::ZERO, late: false }
    }

    fn settle() -> Self {
        let now = Instant::now();
        Pause { until: now + SETTLE, at_most: now + 5 * SETTLE, silence: SETTLE, late: false }
    }

    fn let_pass() -> Self {
        let now = Instant::now();
        Pause { until: now + SILENCE, at_most: now + LONGEST_SILENCE, silence: SILENCE, late: true }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    fn heard(&mut self) {
        if !self.is_over() {
            self.until = self.at_most.min(Instant::now() + self.silence);
        }
    }
}

struct Task {
    shared: Rc<Shared>,
    events: Sender<Event>,
    sorter: Sorter,
    current: Option<Current>,
    /// Bytes that are still to be written.
    out: Vec<u8>,
    pause: Pause,
    errors: u32,
}

impl Task {
    async fn serve(&mut self, io: &Io) {
        loop {
            self.begin_next();
            if self.shared.abandoned.get() {
                return;
            }
            let deadline = self.deadline();
            let alive = match io.step(&self.out, &self.shared.wake, deadline).await {
                Step::Wrote(written) => self.wrote(written),
                Step::Read(read) => self.read(read),
                Step::Woken | Step::Due => true,
            };
            if !alive {
                return;
            }
            // A port that never stops talking must not keep the deadline from coming.
            if self.current.as_ref().is_some_and(|current| Instant::now() >= current.deadline) {
                self.expire();
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.current {
            Some(current) => Some(current.deadline),
            None if self.shared.queue.borrow().is_empty() => None,
            None => Some(self.pause.until),
        }
    }

    fn begin_next(&mut self) {
        if self.current.is_some() || !self.pause.is_over() {
            return;
        }
        let request = loop {
            match shift(&mut self.shared.queue.borrow_mut()) {
                None => return,
                Some(request) if request.reply.is_closed() => {}
                Some(request) => break request,
            }
        };
        log::trace!("at: {}: > {}", self.shared.manner.name, name_of(&request.line));
        self.sorter.begin(&request.line, request.text.is_some());
        self.out.extend_from_slice(request.line.as_bytes());
        self.out.extend_from_slice(self.shared.manner.line_end.as_bytes());
        let deadline = Instant::now() + request.timeout;
        self.current = Some(Current { request, deadline });
    }

    fn wrote(&mut self, written: Result<usize, IoError>) -> bool {
        match written {
            Ok(length) => {
                self.out.drain(..length.min(self.out.len()));
                true
            }
            Err(error) => self.failed(error),
        }
    }

    fn failed(&mut self, error: IoError) -> bool {
        match error {
            IoError::Gone => false,
            IoError::Transfer(errno) => {
                self.errors = self.errors.saturating_add(1);
                log::debug!("at: {}: {}", self.shared.manner.name, io::Error::from(errno));
                self.errors < MAX_ERRORS
            }
        }
    }

    fn read(&mut self, read: Result<Vec<u8>, IoError>) -> bool {
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) => return self.failed(error),
        };
        self.errors = 0;
        self.pause.heard();
        let mut events = Vec::new();
        self.sorter.feed(&bytes, &mut events);
        events.into_iter().for_each(|event| self.event(event));
        true
    }

    fn event(&mut self, event: codec::Event) {
        match event {
            codec::Event::Unsolicited(code) => self.unsolicited(code),
            codec::Event::Prompt => self.prompt(),
            codec::Event::Done(reply) => {
                self.shared.timeouts.set(0);
                log::trace!("at: {}: < {reply:?}", self.shared.manner.name);
                self.finish(Ok(reply), Pause::settle());
            }
            codec::Event::Flood => self.finish(Err(Error::Flood), Pause::let_pass()),
        }
    }

    fn unsolicited(&mut self, code: Unsolicited) {
        let late = self.pause.late && self.current.is_none() && !self.pause.is_over();
        if late && !unsolicited::is_known(&code.line) {
            return;
        }
        self.tell(Event::Unsolicited(code));
    }

    fn tell(&self, event: Event) {
        if self.events.send(event).is_err() {
            let dropped = &self.shared.dropped_events;
            dropped.set(dropped.get().saturating_add(1));
        }
    }

    fn prompt(&mut self) {
        let Some(current) = &mut self.current else { return };
        let text = current.request.text.as_deref().unwrap_or_default();
        self.sorter.sent_text(text);
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(CTRL_Z);
    }

    /// The command's time is over, or the pause is.
    fn expire(&mut self) {
        let Some(current) = &self.current else { return };
        let timeout = current.request.timeout;
        log::debug!("at: {}: no answer to {}", self.shared.manner.name, name_of(&current.request.line));
        let unsent = !self.out.is_empty();
        self.out.clear();
        if current.request.text.is_some() {
            self.out.push(ESCAPE);
        } else if unsent {
            // A part of the line may lie in the modem: end it.
            self.out.extend_from_slice(self.shared.manner.line_end.as_bytes());
        }
        self.sorter.cancel();
        self.shared.timeouts.set(self.shared.timeouts.get().saturating_add(1));
        self.finish(Err(Error::Timeout(timeout)), Pause::let_pass());
    }

    fn finish(&mut self, result: Result<Reply, Error>, pause: Pause) {
        self.pause = pause;
        if let Some(current) = self.current.take() {
            // Nobody may be waiting any more.
            let _ = current.request.reply.send(result);
        }
    }

    fn end(mut self) {
        self.shared.gone.set(true);
        self.finish(Err(Error::Gone), Pause::none());
        for request in self.shared.queue.take() {
            let _ = request.reply.send(Err(Error::Gone));
        }
        // This one must not be lost, whether there is room for it or not.
        let _ = self.events.send_beyond(Event::Gone);
    }
}
