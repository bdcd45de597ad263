//! The one task that reads and writes a control channel.
//!
//! Contract: ends when the device is gone, or when the last client and lease are dropped
//! and their releases went out; then everything that waits has got `Gone`, the event
//! `Gone` was sent, and the descriptor is closed.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Direction, Ear, Event, IoError, Link, Shared, is_unasked};
use crate::linux::channel::Step;
use crate::qmi::frame::{Frame, Service, Splitter};
use crate::qmi::messages::ctl::Synced;
use crate::qmi::tlv::Indication;
use crate::task::until;
use crate::wire::Malformed;

/// Failed reads in a row after which a device counts as gone.
const MAX_READ_ERRORS: u32 = 32;

/// How long a deaf modem may keep the last releases.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) async fn run(mut link: Link, shared: Rc<Shared>, ear: Ear) {
    let mut channel = Channel { shared, ear, splitter: Splitter::default(), read_errors: 0 };
    channel.serve(&mut link).await;
    channel.shared.table.borrow_mut().end();
    (channel.ear)(Event::Gone);
}

impl Link {
    async fn step(&mut self, out: &[u8], wake: &Notify, due: Option<Instant>) -> Step {
        match self {
            Link::Device(io) => io.step(out, wake, due).await,
            Link::Tunnel { to_modem, .. } if !out.is_empty() => {
                let sent = to_modem.send(out.to_vec());
                Step::Wrote(sent.map(|()| out.len()).map_err(|_| IoError::Gone))
            }
            Link::Tunnel { from_modem, .. } => tokio::select! {
                biased;
                frame = from_modem.recv() => Step::Read(frame.ok_or(IoError::Gone)),
                () = wake.notified() => Step::Woken,
                () = until(due) => Step::Due,
            },
        }
    }
}

struct Channel {
    shared: Rc<Shared>,
    ear: Ear,
    splitter: Splitter,
    read_errors: u32,
}

impl Channel {
    async fn serve(&mut self, link: &mut Link) {
        let mut farewell = None;
        loop {
            let (out, abandoned) = {
                let table = self.shared.table.borrow();
                (table.next_out(), table.abandoned)
            };
            if abandoned && out.is_none() {
                return;
            }
            if abandoned && farewell.is_none() {
                farewell = Some(Instant::now() + FAREWELL);
            }
            // A modem that never stops talking must not keep its end from coming.
            if farewell.is_some_and(|end| Instant::now() >= end) {
                return;
            }
            let out = out.unwrap_or_default();
            let alive = match link.step(&out, &self.shared.wake, farewell).await {
                Step::Wrote(written) => self.wrote(&out, written),
                Step::Read(read) => self.read(read),
                Step::Woken => true,
                Step::Due => false,
            };
            if !alive {
                return;
            }
        }
    }

    fn wrote(&mut self, bytes: &[u8], written: Result<usize, IoError>) -> bool {
        match written {
            Ok(length) => {
                self.shared.table.borrow_mut().wrote(length);
                self.shared.tap(Direction::ToModem, bytes.get(..length).unwrap_or(bytes));
                true
            }
            Err(IoError::Transfer(errno)) => {
                self.shared.table.borrow_mut().write_failed(errno);
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
                for frame in self.splitter.push(&bytes) {
                    match frame {
                        Ok(frame) => self.dispatch(frame),
                        Err(error) => self.malformed(error),
                    }
                }
                true
            }
            Err(IoError::Transfer(errno)) => {
                self.read_errors = self.read_errors.saturating_add(1);
                let counters = &mut self.shared.table.borrow_mut().counters;
                counters.transfer_errors = counters.transfer_errors.wrapping_add(1);
                log::debug!("qmi: a read failed: {}", std::io::Error::from(errno));
                self.read_errors < MAX_READ_ERRORS
            }
            Err(IoError::Gone) => false,
        }
    }

    fn dispatch(&mut self, frame: Frame) {
        log::trace!("qmi: < {frame:?}");
        let mut table = self.shared.table.borrow_mut();
        if !is_unasked(&frame) {
            return table.answer(frame);
        }
        if !table.is_ours(frame.service, frame.client) {
            table.counters.strangers = table.counters.strangers.wrapping_add(1);
            return;
        }
        table.counters.indications = table.counters.indications.wrapping_add(1);
        let event = if frame.service == Service::Ctl && frame.message == Synced::ID {
            // Some modems also say so after our own SYNC, when there is nothing to lose.
            if !table.restarted() {
                return;
            }
            Event::Restarted
        } else {
            Event::Indication(frame)
        };
        drop(table);
        (self.ear)(event);
    }

    fn malformed(&mut self, error: Malformed) {
        self.shared.table.borrow_mut().malformed(error);
        (self.ear)(Event::Malformed(error));
    }
}
