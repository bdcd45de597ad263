//! What is under way: the transaction table, the queue of what is to be written, counters.
//!
//! Contract: no I/O and no clock; borrowed for moments only, never across an await. An
//! answer belongs to a request by transaction id and type and, for a command, by service
//! and CID: modems were seen that repeat OPEN_DONE under the id of a later command.

use std::rc::Rc;

use super::Error;
use crate::few::Listed;
use crate::mbim::fragment::{MIN_TRANSFER, split};
use crate::mbim::frame::{Content, Frame, Header, Type};
use crate::mbim::status::ProtocolError;
use crate::queue::{Promise, Promised, promise, shift};
use crate::wire::Malformed;

/// What happened on one control channel, for status, metrics and benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Messages written, one for each round trip.
    pub requests: u32,
    /// Frames that were not what they should be, dropped.
    pub malformed: u32,
    /// Answers that nobody waits for (any more), dropped.
    pub unknown: u32,
    /// Answers to what was answered before, dropped.
    pub duplicates: u32,
    pub timeouts: u32,
    pub indications: u32,
    /// Reads and writes that failed with the device still there.
    pub transfer_errors: u32,
}

/// How many answered transactions are remembered to tell a duplicate from a stranger.
const MEMORY: usize = 16;

struct Pending {
    transaction: u32,
    request: Content,
    answer: Promise<Result<Content, Error>>,
}

struct Outgoing {
    transaction: u32,
    /// The first is the one at work.
    transfers: Vec<Rc<[u8]>>,
    /// Bytes of the first that went (streams only).
    written: usize,
    /// Something of this message went: it has to go to its end, or the modem waits for it.
    started: bool,
    retried: bool,
}

pub(super) struct Table {
    pub counters: Counters,
    pub max_transfer: usize,
    pub gone: bool,
    /// No client is left.
    pub abandoned: bool,
    last: u32,
    pending: Vec<Pending>,
    queue: Vec<Outgoing>,
    answered: Vec<(u32, Type)>,
}

impl Table {
    pub fn new(max_transfer: usize) -> Self {
        Table {
            counters: Counters::default(),
            max_transfer: max_transfer.max(MIN_TRANSFER),
            gone: false,
            abandoned: false,
            last: 0,
            pending: Vec::new(),
            queue: Vec::new(),
            answered: Vec::new(),
        }
    }

    /// Registers a request and queues it. The id is the next that is not 0 and not in use.
    pub fn request(&mut self, content: Content) -> (u32, Promised<Result<Content, Error>>) {
        let mut transaction = self.last.wrapping_add(1).max(1);
        while self.pending.iter().any(|pending| pending.transaction == transaction) {
            transaction = transaction.wrapping_add(1).max(1);
        }
        self.last = transaction;
        let (answer, receiver) = promise();
        let frame = Frame::new(transaction, content);
        self.enqueue(&frame);
        self.pending.push(Pending { transaction, request: frame.content, answer });
        (transaction, receiver)
    }

    pub fn enqueue(&mut self, frame: &Frame) {
        let transfers = split(&frame.emit(), self.max_transfer).into_iter().map(Rc::from).listed();
        let transaction = frame.transaction;
        self.queue.push(Outgoing { transaction, transfers, written: 0, started: false, retried: false });
    }

    /// Nobody waits any more: forgets the transaction, and does not even send it if nothing went yet.
    pub fn withdraw(&mut self, transaction: u32) {
        self.pending.retain(|pending| pending.transaction != transaction);
        self.queue.retain(|outgoing| outgoing.transaction != transaction || outgoing.started);
    }

    /// What is to be written next, and from where.
    pub fn next_transfer(&self) -> Option<(Rc<[u8]>, usize)> {
        let outgoing = self.queue.first()?;
        Some((outgoing.transfers.first()?.clone(), outgoing.written))
    }

    /// `length` more bytes of the transfer at work went.
    pub fn wrote(&mut self, length: usize) {
        let Some(outgoing) = self.queue.first_mut() else { return };
        if !outgoing.started {
            outgoing.started = true;
            self.counters.requests = self.counters.requests.wrapping_add(1);
        }
        outgoing.written = outgoing.written.saturating_add(length);
        if outgoing.transfers.first().is_some_and(|transfer| outgoing.written >= transfer.len()) {
            shift(&mut outgoing.transfers);
            outgoing.written = 0;
        }
        if outgoing.transfers.is_empty() {
            shift(&mut self.queue);
        }
    }

    /// A write failed. cdc-wdm tells with the next write that the last one failed, so the
    /// first time it is just done again.
    pub fn write_failed(&mut self, errno: nix::errno::Errno) {
        self.counters.transfer_errors = self.counters.transfer_errors.wrapping_add(1);
        match self.queue.first_mut() {
            Some(outgoing) if !outgoing.retried => outgoing.retried = true,
            _ => {
                if let Some(outgoing) = shift(&mut self.queue) {
                    self.finish(outgoing.transaction, Err(Error::Transfer(errno)));
                }
            }
        }
    }

    /// Takes a frame that answers something; counts it where it doesn't.
    pub fn answer(&mut self, frame: Frame) {
        let kind = frame.content.message_type();
        let found = self.pending.iter().position(|pending| {
            pending.transaction == frame.transaction && answers(&pending.request, &frame.content)
        });
        if found.is_some() {
            return self.finish(frame.transaction, Ok(frame.content));
        }
        if self.answered.contains(&(frame.transaction, kind)) {
            self.counters.duplicates = self.counters.duplicates.wrapping_add(1);
        } else {
            self.counters.unknown = self.counters.unknown.wrapping_add(1);
        }
        log::debug!("mbim: dropped {:?} of transaction {}", frame.content, frame.transaction);
    }

    /// A frame is not what it should be. If its header still tells whom it answers, that
    /// one need not wait for its time-out.
    pub fn malformed(&mut self, bytes: &[u8], error: Malformed) {
        self.counters.malformed = self.counters.malformed.wrapping_add(1);
        log::debug!("mbim: dropped a frame of {} bytes: {error}", bytes.len());
        let Ok(header) = Header::parse(bytes) else { return };
        let is_command = |pending: &Pending| {
            pending.transaction == header.transaction && matches!(pending.request, Content::Command { .. })
        };
        if header.kind == Type::CommandDone && self.pending.iter().any(is_command) {
            self.finish(header.transaction, Err(Error::Malformed(error)));
        }
    }

    /// Ends everything: what waits gets `Gone`.
    pub fn end(&mut self) {
        self.gone = true;
        self.queue.clear();
        for pending in self.pending.drain(..) {
            let _ = pending.answer.send(Err(Error::Gone));
        }
    }

    fn finish(&mut self, transaction: u32, result: Result<Content, Error>) {
        let Some(index) = self.pending.iter().position(|pending| pending.transaction == transaction) else {
            return;
        };
        let pending = self.pending.swap_remove(index);
        if let Ok(content) = &result {
            if self.answered.len() >= MEMORY {
                shift(&mut self.answered);
            }
            self.answered.push((transaction, content.message_type()));
        }
        // The one who waited may be gone in this very moment.
        let _ = pending.answer.send(result);
    }
}

/// Whether `answer` is one that `request` may get.
fn answers(request: &Content, answer: &Content) -> bool {
    match (request, answer) {
        // Sierra EM7345 answers OPEN with CLOSE_DONE while an old channel is open.
        (Content::Open { .. }, Content::OpenDone(_) | Content::CloseDone(_)) => true,
        (Content::Close, Content::CloseDone(_)) => true,
        (
            Content::Command { service, cid, .. },
            Content::CommandDone { service: of_service, cid: of_cid, .. },
        ) => service == of_service && cid == of_cid,
        (_, Content::FunctionError(error)) => *error != ProtocolError::Other(0),
        _ => false,
    }
}
