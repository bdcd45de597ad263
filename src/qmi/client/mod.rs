//! Requests to a modem by QMI: client ids, many requests in flight, each with its time-out.
//!
//! Contract: [`Client::start`] takes the way to the modem and starts the one task that
//! reads and writes it. [`Client::lease`] gets a client id of a service; requests go
//! through the [`Lease`]. A request is a future: it ends with the answer, with [`Error`],
//! or by being dropped, which takes it out of the table. What the modem says by itself
//! comes as [`Event`]s. Whatever bytes it sends, the channel survives; they are counted
//! and dropped.
//!
//! A client id is a thing of the modem's that is easily lost: it has a dozen or two a
//! service, and one that nobody releases is gone until the next SYNC or restart. So a
//! lease releases it when it is dropped; an allocation whose waiter was aborted is
//! released when its answer comes; and the task ends only when the releases went out.
//! Releasing a WDS client id also ends its connection. [`Lease::keep`] does neither: for
//! a daemon that ends and whose successor takes over with [`Client::adopt`].
//!
//! Single-threaded: lives in a `LocalSet`; nothing borrowed is held across an await.

mod lease;
mod table;
mod task;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;

use nix::errno::Errno;
use tokio::sync::Notify;

use super::error::{QmiError, result};
use super::frame::{Frame, Kind, Service};
use super::messages::{ctl, patience};
use super::tlv::{self, Indication, Request, Take};
pub use crate::linux::channel::{Io, IoError};
use crate::queue::{Receiver, Sender, unbounded};
use crate::task::timeout;
use crate::wire::Malformed;
pub use lease::Lease;
pub use table::Counters;
use table::Table;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The device is gone.
    Gone,
    Timeout,
    Malformed(Malformed),
    Refused(QmiError),
    /// The kernel could not move the bytes, though the device is still there.
    Transfer(Errno),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Gone => f.write_str("the modem is gone"),
            Error::Timeout => f.write_str("no answer in time"),
            Error::Malformed(error) => error.fmt(f),
            Error::Refused(error) => write!(f, "refused: {error}"),
            Error::Transfer(errno) => write!(f, "transfer failed: {}", io::Error::from(*errno)),
        }
    }
}

impl std::error::Error for Error {}

impl From<Malformed> for Error {
    fn from(error: Malformed) -> Self {
        Error::Malformed(error)
    }
}

/// What a modem says by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// For one of our client ids, or for all.
    Indication(Frame),
    /// The modem started anew: every client id and every connection is gone.
    Restarted,
    /// Bytes that were counted and dropped.
    Malformed(Malformed),
    /// The last event of a channel.
    Gone,
}

impl Event {
    /// The indication `I`, if this is one.
    pub fn indication<I: Indication>(&self) -> Option<I> {
        match self {
            Event::Indication(frame) if frame.service == I::SERVICE && frame.message == I::ID => {
                Some(tlv::parse(&frame.tlvs))
            }
            _ => None,
        }
    }
}

/// An answer whose refusal may say more than its code: a call end reason, tries left.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<M> {
    pub result: Result<(), QmiError>,
    pub reply: M,
}

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToModem,
    FromModem,
}

/// Who hears the events. Called between two reads: it must not ask anything of the client's.
pub type Ear = Box<dyn Fn(Event)>;

type Tap = Box<dyn Fn(Direction, &[u8])>;

/// The way to the modem. A closed set: a descriptor, or frames within another protocol.
pub enum Link {
    Device(Io),
    Tunnel { to_modem: Sender<Vec<u8>>, from_modem: Receiver<Vec<u8>> },
}

/// The other end of a [`Link::Tunnel`]: whoever has the MBIM client puts what comes out of
/// `to_modem` into QMI_MSG commands, and pushes what comes back. Dropping it is "gone".
pub struct Tunnel {
    pub to_modem: Receiver<Vec<u8>>,
    pub from_modem: Sender<Vec<u8>>,
}

impl Link {
    /// A link for frames that travel inside MBIM.
    pub fn tunnel() -> (Link, Tunnel) {
        let (to_modem, tunnel_out) = unbounded();
        let (tunnel_in, from_modem) = unbounded();
        (Link::Tunnel { to_modem, from_modem }, Tunnel { to_modem: tunnel_out, from_modem: tunnel_in })
    }
}

struct Shared {
    table: RefCell<Table>,
    /// Something was queued, or the last client went.
    wake: Notify,
    tap: RefCell<Option<Tap>>,
}

impl Shared {
    fn tap(&self, direction: Direction, bytes: &[u8]) {
        if let Some(tap) = &*self.tap.borrow() {
            tap(direction, bytes);
        }
    }
}

/// Ends the task when the last client and the last lease are dropped.
struct Handle(Rc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.table.borrow_mut().abandoned = true;
        self.0.wake.notify_one();
    }
}

/// A registered transaction; dropping it withdraws it.
struct Ticket<'a> {
    shared: &'a Shared,
    service: Service,
    transaction: u16,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.shared.table.borrow_mut().withdraw(self.service, self.transaction);
        self.shared.wake.notify_one();
    }
}

/// SYNCs before giving up: a modem that boots is deaf for seconds.
const SYNC_ATTEMPTS: u32 = 3;

/// A modem's control channel.
#[derive(Clone)]
pub struct Client {
    handle: Rc<Handle>,
}

impl Client {
    /// Starts the channel's task; must be called inside a `LocalSet`.
    pub fn start(link: Link, ear: Ear) -> Client {
        let shared = Rc::new(Shared {
            table: RefCell::new(Table::default()),
            wake: Notify::new(),
            tap: RefCell::new(None),
        });
        crate::task::spawn(task::run(link, shared.clone(), ear));
        Client { handle: Rc::new(Handle(shared)) }
    }

    fn shared(&self) -> &Shared {
        &self.handle.0
    }

    pub fn counters(&self) -> Counters {
        self.shared().table.borrow().counters
    }

    /// Shows every frame and read to `tap`, secrets included: for captures and tests.
    pub fn set_tap(&self, tap: impl Fn(Direction, &[u8]) + 'static) {
        *self.shared().tap.borrow_mut() = Some(Box::new(tap));
    }

    /// Shows them to nobody any more.
    pub fn clear_tap(&self) {
        *self.shared().tap.borrow_mut() = None;
    }

    /// Frees what earlier programs left allocated, and ends their connections: not before
    /// an adoption. Shows at the same time that someone answers.
    ///
    /// A modem that refuses SYNC has nothing to free, as far as it is concerned.
    pub async fn sync(&self) -> Result<(), Error> {
        let mut outcome = Err(Error::Timeout);
        for _ in 0..SYNC_ATTEMPTS {
            outcome = self.control(&ctl::Sync::default()).await.map(drop);
            if outcome != Err(Error::Timeout) {
                break;
            }
        }
        match outcome {
            Ok(()) => {
                self.shared().table.borrow_mut().forget_leases();
            }
            Err(Error::Refused(error)) => log::debug!("qmi: no SYNC: {error}"),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Leaves every client id allocated, whoever drops its lease: this process ends, and its
    /// successor goes on with them.
    pub fn keep_leases(&self) {
        self.shared().table.borrow_mut().forget_leases();
    }

    /// The services of this modem with their versions.
    pub async fn versions(&self) -> Result<Vec<ctl::Version>, Error> {
        let reply = self.control(&ctl::GetVersionInfo::default()).await?;
        reply.services.ok_or(Error::Malformed(Malformed("no list of services")))
    }

    /// A request of the control service, which needs no client id.
    pub fn control<R: Request>(&self, request: &R) -> Asked<'_, R::Reply> {
        Asked::new(self.exchange(R::SERVICE, (0, None), R::ID, tlv::emit(request)), self, reply)
    }

    /// A client id of `service`.
    pub async fn lease(&self, service: Service) -> Result<Lease, Error> {
        let request = ctl::AllocateClientId { service: Some(service) };
        let (receiver, ticket) =
            self.submit(Service::Ctl, 0, ctl::AllocateClientId::ID, tlv::emit(&request))?;
        let frame = self.wait(patience(Service::Ctl, ctl::AllocateClientId::ID), receiver).await?;
        result(&frame.tlvs)?.map_err(Error::Refused)?;
        let reply: ctl::ClientIdAllocated = tlv::parse(&frame.tlvs);
        let client = reply.client.filter(|client| client.service == service);
        let client = client.ok_or(Error::Malformed(Malformed("no client id in the answer")))?;
        // From here on the lease owns it, not the ticket.
        self.shared().table.borrow_mut().claim(ticket.transaction);
        Ok(self.adopt(service, client.id))
    }

    /// Goes on with a client id that an earlier process allocated and kept.
    pub fn adopt(&self, service: Service, id: u8) -> Lease {
        Lease::new(self.clone(), service, id)
    }

    /// Sends a request as this client id of this life; the TLVs of its answer.
    fn exchange(
        &self,
        service: Service,
        (id, life): (u8, Option<u32>),
        message: u16,
        tlvs: Vec<u8>,
    ) -> Exchange<'_> {
        Box::pin(async move {
            if life.is_some_and(|life| self.shared().table.borrow().is_lost(life)) {
                // The modem would say nothing to a client id of its former life, for ten seconds.
                return Err(Error::Refused(QmiError::InvalidClientId));
            }
            let (receiver, _ticket) = self.submit(service, id, message, tlvs)?;
            Ok(self.wait(patience(service, message), receiver).await?.tlvs)
        })
    }

    /// Fills `reply` with what an answer says besides its result.
    fn read(&self, tlvs: &[u8], reply: &mut dyn Take) {
        let bad = tlv::interpret(reply, tlvs);
        let counters = &mut self.shared().table.borrow_mut().counters;
        counters.bad_tlvs = counters.bad_tlvs.wrapping_add(u32::try_from(bad).unwrap_or(u32::MAX));
    }

    fn submit(
        &self,
        service: Service,
        id: u8,
        message: u16,
        tlvs: Vec<u8>,
    ) -> Result<(table::Receiver, Ticket<'_>), Error> {
        let shared = self.shared();
        let (transaction, receiver) = {
            let mut table = shared.table.borrow_mut();
            if table.gone {
                return Err(Error::Gone);
            }
            table.request(Frame::request(service, id, 0, message, tlvs))
        };
        shared.wake.notify_one();
        Ok((receiver, Ticket { shared, service, transaction }))
    }

    async fn wait(&self, limit: std::time::Duration, receiver: table::Receiver) -> Result<Frame, Error> {
        match timeout(limit, receiver).await {
            Ok(Some(answer)) => answer,
            Ok(None) => Err(Error::Gone),
            Err(_) => {
                let counters = &mut self.shared().table.borrow_mut().counters;
                counters.timeouts = counters.timeouts.wrapping_add(1);
                log::debug!("qmi: no answer within {} s", limit.as_secs());
                Err(Error::Timeout)
            }
        }
    }
}

type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>> + 'a>>;

/// A request that was sent.
pub type Asked<'a, T> = crate::task::Asked<'a, Client, T, Error>;

fn reply<M: Take + Default>(client: &Client, tlvs: &[u8]) -> Result<M, Error> {
    result(tlvs)?.map_err(Error::Refused)?;
    let mut reply = M::default();
    client.read(tlvs, &mut reply);
    Ok(reply)
}

fn answer<M: Take + Default>(client: &Client, tlvs: &[u8]) -> Result<Answer<M>, Error> {
    let result = result(tlvs)?;
    let mut reply = M::default();
    client.read(tlvs, &mut reply);
    Ok(Answer { result, reply })
}

/// What a modem sends that is no answer.
fn is_unasked(frame: &Frame) -> bool {
    frame.kind == Kind::Indication
}
