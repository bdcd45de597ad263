//! What is under way: transactions, client ids, the queue of what is to be written.
//!
//! Contract: no I/O and no clock; borrowed for moments only, never across an await. An
//! answer belongs to a request by service, client id, transaction and message: a modem
//! that mixes these up is counted, not believed.

use super::Error;
use crate::qmi::error::result;
use crate::qmi::frame::{BROADCAST, Frame, Kind, Service};
use crate::qmi::messages::ctl::{AllocateClientId, ClientId, ClientIdAllocated, ReleaseClientId};
use crate::qmi::tlv::{self, Request};
use crate::queue::{Promise, Promised, promise, shift};
use crate::wire::Malformed;

/// What happened on one control channel, for status, metrics and benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Requests written, one for each round trip.
    pub requests: u32,
    /// Frames that were not what they should be, dropped.
    pub malformed: u32,
    /// TLVs within good answers that were not what they should be, left out.
    pub bad_tlvs: u32,
    /// Answers that nobody waits for (any more), dropped.
    pub unknown: u32,
    /// Answers to what was answered before, dropped.
    pub duplicates: u32,
    /// Answers and indications for client ids that are not ours, dropped.
    pub strangers: u32,
    pub timeouts: u32,
    pub indications: u32,
    /// Reads and writes that failed with the device still there.
    pub transfer_errors: u32,
}

pub(super) type Receiver = Promised<Result<Frame, Error>>;

/// How many answered transactions are remembered to tell a duplicate from a stranger, and
/// how many control requests that nobody waits for.
const MEMORY: usize = 32;

/// What makes an answer belong to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    service: Service,
    client: u8,
    transaction: u16,
    message: u16,
}

impl Key {
    fn of(frame: &Frame) -> Key {
        let Frame { service, client, transaction, message, .. } = *frame;
        Key { service, client, transaction, message }
    }
}

struct Pending {
    key: Key,
    answer: Promise<Result<Frame, Error>>,
}

struct Outgoing {
    key: Key,
    bytes: Vec<u8>,
    written: usize,
    retried: bool,
}

/// A client id that its lease gives back.
pub(super) struct Lost {
    pub service: Service,
    pub id: u8,
    pub life: u32,
}

#[derive(Default)]
pub(super) struct Table {
    pub counters: Counters,
    pub gone: bool,
    /// No client is left.
    pub abandoned: bool,
    last: u16,
    pending: Vec<Pending>,
    queue: Vec<Outgoing>,
    answered: Vec<Key>,
    /// Control requests that went out and whose answers only the table cares about.
    strays: Vec<Key>,
    /// Allocated, but the one who asked has not taken it yet.
    unclaimed: Vec<(u16, ClientId)>,
    held: Vec<(Service, u8)>,
    /// Counts the modem's restarts and our SYNCs: what was leased before is gone.
    life: u32,
}

impl Table {
    /// Registers a request under a transaction of its own and queues it.
    pub fn request(&mut self, mut frame: Frame) -> (u16, Receiver) {
        let (answer, receiver) = promise();
        self.enqueue(&mut frame);
        self.pending.push(Pending { key: Key::of(&frame), answer });
        (frame.transaction, receiver)
    }

    fn enqueue(&mut self, frame: &mut Frame) {
        frame.transaction = self.next_transaction(frame.service);
        log::trace!("qmi: > {frame:?}");
        let bytes = frame.emit();
        self.queue.push(Outgoing { key: Key::of(frame), bytes, written: 0, retried: false });
    }

    /// Never 0, which is a modem's own; CTL has one byte of it.
    fn next_transaction(&mut self, service: Service) -> u16 {
        let largest = if service == Service::Ctl { 0xff } else { u16::MAX };
        for _ in 0..largest {
            let next = self.last.wrapping_add(1);
            self.last = if next > largest { 1 } else { next.max(1) };
            let number = self.last;
            let used = |key: &Key| key.transaction == number;
            if !self.pending.iter().any(|pending| used(&pending.key)) && !self.strays.iter().any(used) {
                break;
            }
        }
        self.last
    }

    /// Nobody waits any more: forgets the transaction, and does not even send it if nothing
    /// went yet. A client id that comes of it, or came already, goes back.
    pub fn withdraw(&mut self, service: Service, transaction: u16) {
        let is_this = |key: &Key| key.service == service && key.transaction == transaction;
        if let Some(at) = self.pending.iter().position(|pending| is_this(&pending.key)) {
            let pending = self.pending.swap_remove(at);
            let unsent = self.queue.iter().position(|out| is_this(&out.key) && out.written == 0);
            match unsent {
                Some(at) => drop(self.queue.remove(at)),
                None if pending.key.message == AllocateClientId::ID => self.stray(pending.key),
                None => (),
            }
        }
        if service == Service::Ctl {
            if let Some(at) = self.unclaimed.iter().position(|(of, _)| *of == transaction) {
                let (_, client) = self.unclaimed.swap_remove(at);
                self.release(client);
            }
        }
    }

    /// The client id that came with this transaction has an owner.
    pub fn claim(&mut self, transaction: u16) {
        self.unclaimed.retain(|(of, _)| *of != transaction);
    }

    pub fn hold(&mut self, service: Service, id: u8) -> u32 {
        self.held.push((service, id));
        self.life
    }

    pub fn is_lost(&self, life: u32) -> bool {
        self.life != life
    }

    pub fn give_back(&mut self, lost: Lost, release: bool) {
        if self.is_lost(lost.life) {
            return;
        }
        if let Some(at) = self.held.iter().position(|held| *held == (lost.service, lost.id)) {
            self.held.swap_remove(at);
        }
        if release {
            self.release(ClientId { service: lost.service, id: lost.id });
        }
    }

    /// All client ids are gone: the modem started anew, or was told to by SYNC.
    pub fn forget_leases(&mut self) -> bool {
        let had = !self.held.is_empty();
        self.life = self.life.wrapping_add(1);
        self.held.clear();
        self.unclaimed.clear();
        had
    }

    /// The modem started anew: nothing that waits for a service will get its answer.
    pub fn restarted(&mut self) -> bool {
        let (ctl, lost) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|pending| pending.key.service == Service::Ctl);
        self.pending = ctl;
        let lost: Vec<Pending> = lost;
        for pending in lost {
            let refused = Error::Refused(crate::qmi::error::QmiError::InvalidClientId);
            let _ = pending.answer.send(Err(refused));
        }
        self.forget_leases()
    }

    fn release(&mut self, client: ClientId) {
        if self.gone {
            return;
        }
        let request = ReleaseClientId { client: Some(client) };
        let mut frame = Frame::request(Service::Ctl, 0, 0, ReleaseClientId::ID, tlv::emit(&request));
        self.enqueue(&mut frame);
        self.stray(Key::of(&frame));
    }

    fn stray(&mut self, key: Key) {
        if self.strays.len() >= MEMORY {
            shift(&mut self.strays);
        }
        self.strays.push(key);
    }

    /// What is to be written next.
    pub fn next_out(&self) -> Option<Vec<u8>> {
        let out = self.queue.first()?;
        out.bytes.get(out.written..).map(<[u8]>::to_vec)
    }

    /// `length` more bytes of the frame at work went.
    pub fn wrote(&mut self, length: usize) {
        let Some(out) = self.queue.first_mut() else { return };
        if out.written == 0 {
            self.counters.requests = self.counters.requests.wrapping_add(1);
        }
        out.written = out.written.saturating_add(length);
        if out.written >= out.bytes.len() {
            shift(&mut self.queue);
        }
    }

    /// A write failed. cdc-wdm tells with the next write that the last one failed, so the
    /// first time it is just done again.
    pub fn write_failed(&mut self, errno: nix::errno::Errno) {
        self.counters.transfer_errors = self.counters.transfer_errors.wrapping_add(1);
        match self.queue.first_mut() {
            Some(out) if !out.retried => {
                out.retried = true;
                out.written = 0;
            }
            _ => {
                if let Some(out) = shift(&mut self.queue) {
                    self.finish(out.key, Err(Error::Transfer(errno)));
                }
            }
        }
    }

    /// Takes a frame that answers something; counts it where it doesn't.
    pub fn answer(&mut self, frame: Frame) {
        let key = Key::of(&frame);
        if frame.kind == Kind::Response && self.pending.iter().any(|pending| pending.key == key) {
            if let Some(client) = allocated(&frame) {
                self.unclaimed.push((key.transaction, client));
            }
            self.remember(key);
            return self.finish(key, Ok(frame));
        }
        if let Some(at) = self.strays.iter().position(|stray| *stray == key) {
            self.strays.remove(at);
            self.remember(key);
            if let Some(client) = allocated(&frame) {
                self.release(client);
            }
            return;
        }
        let counter = if self.answered.contains(&key) {
            &mut self.counters.duplicates
        } else if !self.is_ours(frame.service, frame.client) {
            &mut self.counters.strangers
        } else {
            &mut self.counters.unknown
        };
        *counter = counter.wrapping_add(1);
        log::debug!("qmi: dropped {frame:?}");
    }

    /// Whether someone here has this client id.
    pub fn is_ours(&self, service: Service, client: u8) -> bool {
        service == Service::Ctl || client == BROADCAST || self.held.contains(&(service, client))
    }

    pub fn malformed(&mut self, error: Malformed) {
        self.counters.malformed = self.counters.malformed.wrapping_add(1);
        log::debug!("qmi: dropped a read: {error}");
    }

    /// Ends everything: what waits gets `Gone`.
    pub fn end(&mut self) {
        self.gone = true;
        self.queue.clear();
        for pending in self.pending.drain(..) {
            let _ = pending.answer.send(Err(Error::Gone));
        }
    }

    fn remember(&mut self, key: Key) {
        if self.answered.len() >= MEMORY {
            shift(&mut self.answered);
        }
        self.answered.push(key);
    }

    fn finish(&mut self, key: Key, result: Result<Frame, Error>) {
        let Some(at) = self.pending.iter().position(|pending| pending.key == key) else { return };
        // The one who waited may be gone in this very moment; its ticket cleans up.
        let _ = self.pending.swap_remove(at).answer.send(result);
    }
}

/// The client id in the answer to an allocation.
fn allocated(frame: &Frame) -> Option<ClientId> {
    if frame.service != Service::Ctl || frame.message != AllocateClientId::ID {
        return None;
    }
    result(&frame.tlvs).ok()?.ok()?;
    tlv::parse::<ClientIdAllocated>(&frame.tlvs).client
}
