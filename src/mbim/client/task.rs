//! The one task that reads and writes a control channel.
//!
//! Contract: ends when the device is gone or the last client is dropped; then everything
//! that waits has got `Gone`, the event `Gone` was sent, and the descriptor is closed.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Direction, Ear, Event, Io, IoError, Shared};
use crate::linux::channel::Step;
use crate::mbim::fragment::{Joined, Joiner};
use crate::mbim::frame::{Content, Frame, Header, Type};
use crate::mbim::status::ProtocolError;

/// The longest pause between two fragments (MBIM 1.0, 9.5).
const FRAGMENT_PAUSE: Duration = Duration::from_millis(1250);

/// Failed reads in a row after which a device counts as gone.
const MAX_READ_ERRORS: u32 = 32;

pub(super) async fn run(io: Io, shared: Rc<Shared>, ear: Ear) {
    let mut channel = Channel { shared, ear, joiner: Joiner::default(), read_errors: 0 };
    channel.serve(&io).await;
    channel.shared.table.borrow_mut().end();
    (channel.ear)(Event::Gone);
}

struct Channel {
    shared: Rc<Shared>,
    ear: Ear,
    joiner: Joiner,
    read_errors: u32,
}

impl Channel {
    async fn serve(&mut self, io: &Io) {
        let mut fragment_deadline = Instant::now();
        loop {
            let (next, abandoned) = {
                let table = self.shared.table.borrow();
                (table.next_transfer(), table.abandoned)
            };
            if abandoned {
                return;
            }
            let (transfer, from) = next.unwrap_or_else(|| (Rc::from([]), 0));
            let rest = transfer.get(from..).unwrap_or_default();
            let due = self.joiner.is_waiting().then_some(fragment_deadline);
            let alive = match io.step(rest, &self.shared.wake, due).await {
                Step::Wrote(written) => self.wrote(&transfer, written),
                Step::Read(read) => {
                    fragment_deadline = Instant::now() + FRAGMENT_PAUSE;
                    self.read(read)
                }
                Step::Woken => true,
                Step::Due => {
                    self.expire();
                    true
                }
            };
            if !alive {
                return;
            }
        }
    }

    fn wrote(&mut self, transfer: &[u8], written: Result<usize, IoError>) -> bool {
        let mut table = self.shared.table.borrow_mut();
        match written {
            Ok(length) => {
                table.wrote(length);
                drop(table);
                self.shared.tap(Direction::ToModem, transfer);
                true
            }
            Err(IoError::Transfer(errno)) => {
                table.write_failed(errno);
                true
            }
            Err(IoError::Gone) => false,
        }
    }

    fn read(&mut self, read: Result<Vec<u8>, IoError>) -> bool {
        match read {
            Ok(bytes) => {
                self.read_errors = 0;
                self.shared.tap(Direction::FromModem, &bytes);
                self.take_all(&bytes);
                true
            }
            Err(IoError::Transfer(errno)) => {
                self.read_errors = self.read_errors.saturating_add(1);
                let counters = &mut self.shared.table.borrow_mut().counters;
                counters.transfer_errors = counters.transfer_errors.wrapping_add(1);
                log::debug!("mbim: a read failed: {}", std::io::Error::from(errno));
                self.read_errors < MAX_READ_ERRORS
            }
            Err(IoError::Gone) => false,
        }
    }

    /// A read is one message; where a driver glued a second one behind it, that one too.
    fn take_all(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let length = Header::parse(rest)
                .map_or(rest.len(), |header| usize::try_from(header.length).unwrap_or(usize::MAX));
            self.take(rest);
            rest = rest.get(length..).unwrap_or_default();
            let looks_whole = Header::parse(rest)
                .is_ok_and(|header| !matches!(header.kind, Type::Other(_)) && header.contents(rest).is_ok());
            if length == 0 || !looks_whole {
                return;
            }
        }
    }

    fn take(&mut self, transfer: &[u8]) {
        match self.joiner.push(transfer) {
            Ok(Joined::Whole(message)) => match Frame::parse(&message) {
                Ok(frame) => self.dispatch(frame),
                Err(error) => self.malformed(&message, error),
            },
            Ok(Joined::Partial | Joined::Ignored) => (),
            Ok(Joined::Fault { transaction, error }) => {
                self.malformed(transfer, crate::wire::Malformed("fragment out of place"));
                self.tell(transaction, error);
            }
            Err(error) => self.malformed(transfer, error),
        }
    }

    fn dispatch(&mut self, frame: Frame) {
        log::trace!("mbim: < {} {:?}", frame.transaction, frame.content);
        match frame.content {
            Content::Indication { service, cid, body } => {
                self.count_indication();
                (self.ear)(Event::Indication { service, cid, body });
            }
            _ => self.shared.table.borrow_mut().answer(frame),
        }
    }

    fn count_indication(&self) {
        let counters = &mut self.shared.table.borrow_mut().counters;
        counters.indications = counters.indications.wrapping_add(1);
    }

    fn malformed(&mut self, bytes: &[u8], error: crate::wire::Malformed) {
        self.shared.table.borrow_mut().malformed(bytes, error);
        (self.ear)(Event::Malformed(error));
    }

    fn expire(&mut self) {
        for transaction in self.joiner.expire() {
            self.tell(transaction, ProtocolError::TimeoutFragment);
        }
    }

    fn tell(&mut self, transaction: u32, error: ProtocolError) {
        let frame = Frame::new(transaction, Content::HostError(error));
        self.shared.table.borrow_mut().enqueue(&frame);
    }
}
