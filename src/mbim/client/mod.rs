//! Requests to a modem: many in flight, each with its own time-out (MBIM 1.0, 9.3 to 9.5).
//!
//! Contract: [`Client::start`] takes the descriptor and starts the one task that reads and
//! writes it. A request is a future: it ends with the answer, with [`Error`], or by being
//! dropped, which takes it out of the table and, if nothing of it went yet, out of the
//! queue. What the modem says by itself comes as [`Event`]s. Whatever bytes it sends, the
//! channel survives; they are counted and dropped.
//!
//! Single-threaded: lives in a `LocalSet`; nothing borrowed is held across an await.

mod table;
mod task;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use super::frame::Content;
use super::messages::{Message, Query, Raw, Request};
use super::service::Service;
use super::status::{Kind, ProtocolError, Status};
pub use crate::linux::channel::{Io, IoError};
use crate::task::timeout;
use crate::wire::Malformed;
pub use table::Counters;
use table::Table;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The device is gone.
    Gone,
    Timeout,
    Malformed(Malformed),
    /// The modem answered with a status other than success; its information buffer is
    /// usually empty, but may carry the network's cause.
    Refused(Status, Raw),
    /// FUNCTION_ERROR: `NotOpened` wants [`Client::open`] again.
    Protocol(ProtocolError),
    /// The kernel could not move the bytes, though the device is still there.
    Transfer(nix::errno::Errno),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Gone => f.write_str("the modem is gone"),
            Error::Timeout => f.write_str("no answer in time"),
            Error::Malformed(error) => error.fmt(f),
            Error::Refused(status, _) => write!(f, "refused: {} ({})", status.label(), u32::from(*status)),
            Error::Protocol(error) => write!(f, "protocol error: {}", error.label()),
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
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    Indication {
        service: Service,
        cid: u32,
        body: Vec<u8>,
    },
    /// A frame that was counted and dropped.
    Malformed(Malformed),
    /// The last event of a channel.
    Gone,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Indication { service, cid, body } => {
                write!(f, "Indication {service} {cid} {} bytes", body.len())
            }
            Event::Malformed(error) => error.fmt(f),
            Event::Gone => f.write_str("Gone"),
        }
    }
}

/// Which way a control transfer went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToModem,
    FromModem,
}

/// Who hears the events. Called between two reads: it must not ask anything of the client's.
pub type Ear = Box<dyn Fn(Event)>;

type Tap = Box<dyn Fn(Direction, &[u8])>;

struct Shared {
    table: RefCell<Table>,
    /// Something was queued or withdrawn, or the last client went.
    wake: Notify,
    tap: RefCell<Option<Tap>>,
}

impl Shared {
    fn tap(&self, direction: Direction, transfer: &[u8]) {
        if let Some(tap) = &*self.tap.borrow() {
            tap(direction, transfer);
        }
    }
}

/// Ends the task when the last client is dropped.
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
    transaction: u32,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.shared.table.borrow_mut().withdraw(self.transaction);
        self.shared.wake.notify_one();
    }
}

/// A command on its way to its information buffer.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>> + 'a>>;

/// A request that was sent.
pub type Asked<'a, T> = crate::task::Asked<'a, Client, T, Error>;

/// A modem's control channel.
#[derive(Clone)]
pub struct Client {
    handle: Rc<Handle>,
}

/// How long OPEN may take. A modem that has just booted needs seconds.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// OPENs before giving up: a stale session and a deaf first second each cost one.
const OPEN_ATTEMPTS: u32 = 3;

impl Client {
    /// Starts the channel's task; must be called inside a `LocalSet`. `max_transfer` is the
    /// longest control transfer (IOCTL_WDM_MAX_COMMAND, else 4096).
    pub fn start(io: Io, max_transfer: usize, ear: Ear) -> Client {
        let shared = Rc::new(Shared {
            table: RefCell::new(Table::new(max_transfer)),
            wake: Notify::new(),
            tap: RefCell::new(None),
        });
        crate::task::spawn(task::run(io, shared.clone(), ear));
        Client { handle: Rc::new(Handle(shared)) }
    }

    fn shared(&self) -> &Shared {
        &self.handle.0
    }

    pub fn counters(&self) -> Counters {
        self.shared().table.borrow().counters
    }

    /// Shows every control transfer to `tap`, secrets included: for captures and tests.
    pub fn set_tap(&self, tap: impl Fn(Direction, &[u8]) + 'static) {
        *self.shared().tap.borrow_mut() = Some(Box::new(tap));
    }

    /// Shows them to nobody any more.
    pub fn clear_tap(&self) {
        *self.shared().tap.borrow_mut() = None;
    }

    /// Opens the function. Copes with a channel that an earlier program left open (CLOSE
    /// first), with a modem that wants smaller transfers, and with a deaf first attempt.
    pub async fn open(&self) -> Result<(), Error> {
        let mut failure = Error::Timeout;
        let mut attempts = OPEN_ATTEMPTS;
        while attempts > 0 {
            failure = match self.try_open().await {
                Ok(()) => return Ok(()),
                Err(Error::Gone) => return Err(Error::Gone),
                // D-Link DWM-157: 512 instead of 1024. Asking smaller is no attempt that failed.
                Err(Error::Protocol(ProtocolError::MaxTransfer)) if self.shrink() => continue,
                Err(error) => error,
            };
            attempts -= 1;
            if attempts > 0 {
                log::debug!("mbim: OPEN failed ({failure}): CLOSE and once more");
                // Whether the CLOSE worked shows with the next OPEN.
                if self.close().await == Err(Error::Gone) {
                    return Err(Error::Gone);
                }
            }
        }
        Err(failure)
    }

    async fn try_open(&self) -> Result<(), Error> {
        let max_transfer = u32::try_from(self.shared().table.borrow().max_transfer).unwrap_or(u32::MAX);
        match self.transact(Content::Open { max_transfer }, OPEN_TIMEOUT).await? {
            Content::OpenDone(Status::Success) => Ok(()),
            Content::OpenDone(status) => Err(Error::Refused(status, Raw::default())),
            // CLOSE_DONE: the channel was open, and now is neither.
            _ => Err(Error::Protocol(ProtocolError::Cancel)),
        }
    }

    /// The next smaller transfer size, if there is one.
    fn shrink(&self) -> bool {
        let mut table = self.shared().table.borrow_mut();
        let smaller = [2048, 1024, 512, 256, 128, 64].into_iter().find(|size| *size < table.max_transfer);
        if let Some(size) = smaller {
            table.max_transfer = size;
        }
        smaller.is_some()
    }

    /// Closes the function; the modem drops its connections and stops indicating.
    pub async fn close(&self) -> Result<(), Error> {
        match self.transact(Content::Close, CLOSE_TIMEOUT).await? {
            Content::CloseDone(Status::Success) => Ok(()),
            Content::CloseDone(status) => Err(Error::Refused(status, Raw::default())),
            _ => Err(Error::Malformed(Malformed("not a CLOSE_DONE"))),
        }
    }

    /// Sends a request and reads its answer.
    pub fn command<R: Request>(&self, request: &R) -> Asked<'_, R::Response> {
        Asked::new(self.send(request), self, |_, body| Ok(R::Response::parse(body)?))
    }

    /// The query that carries nothing.
    pub fn query<M: Message>(&self) -> Asked<'_, M> {
        self.command(&Query::<M>::default())
    }

    /// Sends a request of which only success matters: some modems answer a set with nothing.
    pub fn execute<R: Request>(&self, request: &R) -> Asked<'_, ()> {
        Asked::new(self.send(request), self, |_, _| Ok(()))
    }

    /// Sends a request; gives the information buffer of a successful answer.
    pub fn send<R: Request>(&self, request: &R) -> Exchange<'_> {
        self.raw(R::SERVICE, R::CID, R::KIND, request.emit())
    }

    /// Sends a command; gives the information buffer of a successful answer.
    pub fn raw(&self, service: Service, cid: u32, kind: Kind, body: Vec<u8>) -> Exchange<'_> {
        Box::pin(self.exchange(service, cid, kind, body))
    }

    async fn exchange(
        &self,
        service: Service,
        cid: u32,
        kind: Kind,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        let limit = time_limit(service, cid, kind);
        let command = Content::Command { service, cid, kind, body };
        let mut answer = self.transact(command.clone(), limit).await;
        if matches!(&answer, Err(Error::Protocol(error)) if lost_on_the_way(*error)) {
            answer = self.transact(command, limit).await;
        }
        match answer? {
            Content::CommandDone { status: Status::Success, body, .. } => Ok(body),
            Content::CommandDone { status, body, .. } => Err(Error::Refused(status, Raw(body))),
            _ => Err(Error::Malformed(Malformed("not a COMMAND_DONE"))),
        }
    }

    async fn transact(&self, content: Content, limit: Duration) -> Result<Content, Error> {
        let shared = self.shared();
        if shared.table.borrow().gone {
            return Err(Error::Gone);
        }
        let (transaction, receiver) = {
            let description = log::log_enabled!(log::Level::Trace).then(|| format!("{content:?}"));
            let (transaction, receiver) = shared.table.borrow_mut().request(content);
            log::trace!("mbim: > {transaction} {}", description.unwrap_or_default());
            (transaction, receiver)
        };
        shared.wake.notify_one();
        let _ticket = Ticket { shared, transaction };
        match timeout(limit, receiver).await {
            Ok(Some(Ok(Content::FunctionError(error)))) => Err(Error::Protocol(error)),
            Ok(Some(result)) => result,
            Ok(None) => Err(Error::Gone),
            Err(_) => {
                let counters = &mut shared.table.borrow_mut().counters;
                counters.timeouts = counters.timeouts.wrapping_add(1);
                log::debug!("mbim: no answer to transaction {transaction} within {} s", limit.as_secs());
                Err(Error::Timeout)
            }
        }
    }
}

/// The modem did not get the whole message, so sending it again does no harm.
fn lost_on_the_way(error: ProtocolError) -> bool {
    use ProtocolError::{DuplicatedTid, FragmentOutOfSequence, LengthMismatch, TimeoutFragment};
    matches!(error, TimeoutFragment | FragmentOutOfSequence | LengthMismatch | DuplicatedTid)
}

/// How long the modem may take. Where the network has to answer first, its own timers count:
/// T3482 and T3380 repeat for 40 to 150 s, a scan goes through all bands.
pub fn time_limit(service: Service, cid: u32, kind: Kind) -> Duration {
    let seconds = match (service, cid, kind) {
        (Service::BasicConnect, 8, Kind::Query) => 180,
        // SMS send, USSD, service activation.
        (Service::Sms, 3, Kind::Set) | (Service::Ussd, 1, _) | (Service::BasicConnect, 14, _) => 180,
        // QMI inside has its own time-outs; an answer later than these is still of use.
        (Service::Qmi, ..) => 60,
        // Register state, packet service, connect, preferred providers.
        (Service::BasicConnect, 7 | 9 | 10 | 12, Kind::Set) => 60,
        // Radio state, PIN.
        (Service::BasicConnect, 3 | 4, Kind::Set) | (Service::Sms, 2, _) => 30,
        // Base stations: some modems measure first.
        (Service::Extensions, 11, _) => 30,
        _ => 10,
    };
    Duration::from_secs(seconds)
}
