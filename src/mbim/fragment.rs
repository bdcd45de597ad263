//! Cutting a message into control transfers and joining them (MBIM 1.0 errata 1, 9.5).
//!
//! Contract: a control transfer holds at most MaxControlTransfer bytes (64 at least). A
//! message that is longer goes out as fragments, each with the message header and its
//! place in the row; the joined message looks like one that was never cut. Memory is
//! bounded whatever the modem says: [`MAX_MESSAGE`] bytes a message, [`MAX_PARTIAL`] at once.
//!
//! The collector is keyed by type and transaction, because an indication (transaction 0)
//! may come between two fragments of an answer.

use super::frame::{FRAGMENT_HEADER, HEADER, Header, Type, set_length};
use super::status::ProtocolError;
use crate::few::Listed;
use crate::wire::{Malformed, Reader};

/// The longest message we join: a full phonebook or SMS store fits, a hostile one does not.
pub const MAX_MESSAGE: usize = 128 * 1024;
/// Messages that may be incomplete at one time.
pub const MAX_PARTIAL: usize = 4;
/// The smallest control transfer that MBIM allows (6.4, wMaxControlMessage).
pub const MIN_TRANSFER: usize = 64;

/// The control transfers that carry `message` (a whole frame), none longer than `max_transfer`.
pub fn split(message: &[u8], max_transfer: usize) -> Vec<Vec<u8>> {
    let max_transfer = max_transfer.max(MIN_TRANSFER);
    let fragmentable = Header::parse(message).is_ok_and(|header| header.kind.has_fragments());
    if message.len() <= max_transfer || !fragmentable {
        return vec![message.to_vec()];
    }
    let (head, payload) = message.split_at_checked(FRAGMENT_HEADER).unwrap_or((message, &[]));
    let pieces: Vec<&[u8]> = payload.chunks(max_transfer - FRAGMENT_HEADER).listed();
    let total = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
    let fragment = |(current, piece): (u32, &[u8])| {
        let mut bytes = Vec::with_capacity(FRAGMENT_HEADER + piece.len());
        bytes.extend_from_slice(head.get(..HEADER).unwrap_or_default());
        bytes.extend_from_slice(&total.to_le_bytes());
        bytes.extend_from_slice(&current.to_le_bytes());
        bytes.extend_from_slice(piece);
        set_length(&mut bytes);
        bytes
    };
    (0..).zip(pieces).map(fragment).listed()
}

/// What one control transfer led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    /// A whole message, ready for [`super::frame::Frame::parse`].
    Whole(Vec<u8>),
    /// Kept until the rest comes.
    Partial,
    /// Out of place or too much: what was collected is gone. The other side should be told
    /// `error` for `transaction` (HOST_ERROR from a host, FUNCTION_ERROR from a modem).
    Fault { transaction: u32, error: ProtocolError },
    /// A further fragment of a message that was already given up: nothing to tell.
    Ignored,
}

#[derive(Debug)]
struct Partial {
    kind: Type,
    transaction: u32,
    total: u32,
    next: u32,
    bytes: Vec<u8>,
}

/// Joins fragments; one for each direction.
#[derive(Debug, Default)]
pub struct Joiner {
    partial: Vec<Partial>,
    given_up: Option<(Type, u32)>,
}

impl Joiner {
    /// Takes one control transfer. `Malformed` where even the headers are wrong.
    pub fn push(&mut self, transfer: &[u8]) -> Result<Joined, Malformed> {
        let header = Header::parse(transfer)?;
        let mut reader = Reader::new(header.contents(transfer)?);
        if !header.kind.has_fragments() {
            return Ok(Joined::Whole(transfer.to_vec()));
        }
        let (total, current) = (reader.u32_le()?, reader.u32_le()?);
        if total == 0 || current >= total {
            return Err(Malformed("fragment number beyond the total"));
        }
        let key = (header.kind, header.transaction);
        if current == 0 {
            self.forget(key);
            self.given_up = None;
            if total == 1 {
                return Ok(Joined::Whole(transfer.to_vec()));
            }
            return Ok(self.begin(header, total, transfer));
        }
        Ok(self.go_on(key, total, current, reader.rest()))
    }

    /// Whether something waits for its rest; after 1250 ms (9.5) call [`Joiner::expire`].
    pub fn is_waiting(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Gives up everything incomplete; the transactions are to be told TIMEOUT_FRAGMENT.
    pub fn expire(&mut self) -> Vec<u32> {
        self.given_up = self.partial.last().map(|partial| (partial.kind, partial.transaction));
        self.partial.drain(..).map(|partial| partial.transaction).listed()
    }

    fn begin(&mut self, header: Header, total: u32, transfer: &[u8]) -> Joined {
        let key = (header.kind, header.transaction);
        // Even one byte in each further fragment has to fit, so a total of 4 G is refused at once.
        let floor = usize::try_from(total).unwrap_or(usize::MAX);
        if floor > MAX_MESSAGE || self.partial.len() >= MAX_PARTIAL {
            return self.give_up(key, ProtocolError::Unknown);
        }
        let length = usize::try_from(header.length).unwrap_or(0);
        let bytes = transfer.get(..length).unwrap_or(transfer).to_vec();
        self.partial.push(Partial { kind: key.0, transaction: key.1, total, next: 1, bytes });
        Joined::Partial
    }

    fn go_on(&mut self, key: (Type, u32), total: u32, current: u32, payload: &[u8]) -> Joined {
        let found = self.partial.iter().position(|partial| (partial.kind, partial.transaction) == key);
        let Some(partial) = found.and_then(|index| self.partial.get_mut(index)) else {
            if self.given_up == Some(key) {
                return Joined::Ignored;
            }
            return self.give_up(key, ProtocolError::FragmentOutOfSequence);
        };
        if partial.total != total || partial.next != current {
            return self.give_up(key, ProtocolError::FragmentOutOfSequence);
        }
        if payload.is_empty() || partial.bytes.len().saturating_add(payload.len()) > MAX_MESSAGE {
            return self.give_up(key, ProtocolError::LengthMismatch);
        }
        partial.bytes.extend_from_slice(payload);
        partial.next = partial.next.saturating_add(1);
        if partial.next < total {
            return Joined::Partial;
        }
        let mut whole = std::mem::take(&mut partial.bytes);
        self.forget(key);
        mark_whole(&mut whole);
        Joined::Whole(whole)
    }

    fn forget(&mut self, key: (Type, u32)) {
        self.partial.retain(|partial| (partial.kind, partial.transaction) != key);
    }

    fn give_up(&mut self, key: (Type, u32), error: ProtocolError) -> Joined {
        self.forget(key);
        self.given_up = Some(key);
        Joined::Fault { transaction: key.1, error }
    }
}

/// A joined message gets the headers of one that was never cut.
fn mark_whole(message: &mut [u8]) {
    set_length(message);
    if let Some(fields) = message.get_mut(HEADER..FRAGMENT_HEADER) {
        fields.copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Content, Frame};
    use super::super::service::Service;
    use super::*;

    fn indication(transaction: u32, length: u8) -> Vec<u8> {
        let body = (0..length).collect();
        Frame::new(transaction, Content::Indication { service: Service::Sms, cid: 2, body }).emit()
    }

    #[test]
    fn a_message_survives_any_transfer_size_from_64_bytes() {
        let message = indication(3, 250);
        for max in 64..400 {
            let fragments = split(&message, max);
            assert!(fragments.iter().all(|fragment| fragment.len() <= max));
            let mut joiner = Joiner::default();
            let (last, others) = fragments.split_last().unwrap();
            for fragment in others {
                assert_eq!(joiner.push(fragment), Ok(Joined::Partial));
            }
            assert_eq!(joiner.push(last), Ok(Joined::Whole(message.clone())));
            assert!(!joiner.is_waiting());
        }
    }

    #[test]
    fn fragments_of_two_messages_may_interleave() {
        let (one, two) = (indication(1, 100), indication(2, 100));
        let mut joiner = Joiner::default();
        let (first, second) = (split(&one, 64), split(&two, 64));
        let mut whole = Vec::new();
        for (a, b) in first.iter().zip(&second) {
            for transfer in [a, b] {
                if let Joined::Whole(message) = joiner.push(transfer).unwrap() {
                    whole.push(message);
                }
            }
        }
        assert_eq!(whole, [one, two]);
    }

    #[test]
    fn a_missing_fragment_is_told_once_and_the_next_message_comes_through() {
        let message = indication(1, 200);
        let fragments = split(&message, 64);
        let mut joiner = Joiner::default();
        assert_eq!(joiner.push(&fragments[0]), Ok(Joined::Partial));
        let fault = Joined::Fault { transaction: 1, error: ProtocolError::FragmentOutOfSequence };
        assert_eq!(joiner.push(&fragments[2]), Ok(fault));
        assert_eq!(joiner.push(&fragments[3]), Ok(Joined::Ignored));
        let last = fragments.iter().map(|fragment| joiner.push(fragment).unwrap()).last();
        assert_eq!(last, Some(Joined::Whole(message)));
    }

    #[test]
    fn memory_stays_bounded_whatever_total_says() {
        let mut joiner = Joiner::default();
        let mut first = split(&indication(1, 200), 64).remove(0);
        first[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(joiner.push(&first), Ok(Joined::Fault { .. })));
        for transaction in 1..=9 {
            let fragment = split(&indication(transaction, 200), 64).remove(0);
            joiner.push(&fragment).unwrap();
        }
        assert_eq!(joiner.expire().len(), MAX_PARTIAL);
    }
}
