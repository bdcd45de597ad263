//! Parts joined into messages: out of order, doubled, lost, and never more than a bounded heap.
//!
//! Contract: pure; the caller says what time it is and how long a part waits for the others.
//! Each part has a key (its place in the modem's store), and a message names the keys of all
//! of its parts, so that deleting a message deletes them all. Nothing that went in is lost: it
//! comes out in a message, complete or not.

use super::address::Address;
use super::body::{Body, Content};
use super::coding::Coding;
use super::header::Concat;
use super::time::Timestamp;
use crate::few::Listed;
use crate::words::Id;

/// Messages that wait for parts, and parts that wait. A store has some hundred places.
const MOST_WAITING: usize = 32;
const MOST_PARTS: usize = 512;
/// Doubles of one message, of which only the keys are kept.
const MOST_KEYS: usize = 512;
/// A reference is used again after 256 messages at the earliest, but cheap senders always
/// use the same: parts that lie further apart than this are of two messages.
pub const USUAL_PATIENCE: u64 = 24 * 3600;

/// One message of the store, or one that has just come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub key: u32,
    pub from: Address,
    pub time: Timestamp,
    pub body: Body,
}

/// A message for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Of every part and double.
    pub keys: Vec<u32>,
    pub from: Address,
    /// Of the first part that there is.
    pub time: Timestamp,
    /// As the first part has it.
    pub coding: Coding,
    pub content: Content,
    pub total: u8,
    /// Numbers of the parts that never came.
    pub missing: Vec<u8>,
}

#[derive(Debug)]
struct Waiting {
    concat: Concat,
    since: u64,
    /// By part number, each once.
    parts: Vec<(u8, Part)>,
    doubles: Vec<u32>,
}

#[derive(Debug, Default)]
pub struct Assembler {
    /// The oldest first.
    waiting: Vec<Waiting>,
}

impl Assembler {
    pub fn new() -> Self {
        Assembler::default()
    }

    /// Takes a part; gives the message that it makes complete, or those that make room for it.
    /// `now` in seconds of any clock.
    pub fn add(&mut self, now: u64, part: Part) -> Vec<Message> {
        let Some(concat) = part.body.concat().filter(|concat| concat.total > 1) else {
            return vec![alone(part)];
        };
        let mut out = Vec::new();
        let place = match self.waiting.iter().position(|waiting| waiting.fits(&concat, &part)) {
            Some(place) => place,
            None => {
                out = self.make_room();
                self.waiting.push(Waiting { concat, since: now, parts: Vec::new(), doubles: Vec::new() });
                self.waiting.len().saturating_sub(1)
            }
        };
        if let Some(waiting) = self.waiting.get_mut(place) {
            waiting.take(concat.part, part);
            if waiting.is_complete() {
                out.push(self.waiting.remove(place).into_message());
            }
        }
        out
    }

    fn make_room(&mut self) -> Vec<Message> {
        let mut out = Vec::new();
        let parts = |waiting: &[Waiting]| waiting.iter().map(|waiting| waiting.parts.len()).sum::<usize>();
        while self.waiting.len() >= MOST_WAITING || parts(&self.waiting) >= MOST_PARTS {
            out.push(self.waiting.remove(0).into_message());
        }
        out
    }

    /// Messages whose parts have waited for `patience` seconds.
    pub fn expired(&mut self, now: u64, patience: u64) -> Vec<Message> {
        let (old, young): (Vec<_>, Vec<_>) =
            self.waiting.drain(..).partition(|waiting| now.saturating_sub(waiting.since) >= patience);
        self.waiting = young;
        old.into_iter().map(Waiting::into_message).listed()
    }

    /// Everything that still waits, for a list of the whole store.
    pub fn rest(&mut self) -> Vec<Message> {
        self.expired(u64::MAX, 0)
    }

    /// When [`Assembler::expired`] has something next.
    pub fn deadline(&self, patience: u64) -> Option<u64> {
        self.waiting.iter().map(|waiting| waiting.since).min().map(|since| since.saturating_add(patience))
    }
}

impl Waiting {
    fn fits(&self, concat: &Concat, part: &Part) -> bool {
        let same =
            |a: &Concat| (a.reference, a.wide, a.total) == (concat.reference, concat.wide, concat.total);
        let from = self.parts.iter().all(|(_, other)| other.from == part.from);
        let there = self.parts.iter().find(|(number, _)| *number == concat.part);
        same(&self.concat) && from && there.is_none_or(|(_, other)| other.body == part.body)
    }

    fn take(&mut self, number: u8, part: Part) {
        match self.parts.binary_search_by_key(&number, |(number, _)| *number) {
            Err(at) => self.parts.insert(at, (number, part)),
            Ok(_) if self.doubles.len() < MOST_KEYS => self.doubles.push(part.key),
            Ok(_) => {}
        }
    }

    fn is_complete(&self) -> bool {
        self.parts.len() >= usize::from(self.concat.total)
    }

    fn into_message(self) -> Message {
        let total = self.concat.total;
        let has = |number: &u8| self.parts.iter().any(|(there, _)| there == number);
        let missing: Vec<u8> = (1..=total).filter(|number| !has(number)).listed();
        let content = self.content();
        let mut keys: Vec<u32> = self.parts.iter().map(|(_, part)| part.key).listed();
        keys.extend(&self.doubles);
        let first = self.parts.into_iter().next().map(|(_, part)| part);
        // A message begins with its first part: it never waits without one.
        let (from, time, coding) = match first {
            Some(part) => (part.from, part.time, part.body.coding),
            None => (Address { kind: 0, text: Id::default() }, Timestamp([0; 7]), Coding::GSM7),
        };
        Message { keys, from, time, coding, content, total, missing }
    }

    /// The texts one after the other, with `…` for each gap.
    fn content(&self) -> Content {
        let text = |number| {
            self.parts.iter().find(|(there, _)| *there == number).map(|(_, part)| &part.body.content)
        };
        let mut whole = String::new();
        let mut data = Vec::new();
        let mut gap = false;
        for number in 1..=self.concat.total {
            match text(number) {
                Some(Content::Text(part)) => whole.push_str(part.reveal()),
                Some(Content::Data(part)) => data.extend(part),
                None if gap => continue,
                None => whole.push('…'),
            }
            gap = text(number).is_none();
        }
        if data.is_empty() { Content::text(whole) } else { Content::Data(data) }
    }
}

fn alone(part: Part) -> Message {
    let Part { key, from, time, body } = part;
    Message {
        keys: vec![key],
        from,
        time,
        coding: body.coding,
        content: body.content,
        total: 1,
        missing: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::header::Element;

    fn part(key: u32, reference: u16, total: u8, part: u8, text: &str) -> Part {
        let concat = Concat { reference, wide: false, total, part };
        Part {
            key,
            from: Address::new("+358401234567").expect("a number"),
            time: Timestamp([key.to_le_bytes()[0]; 7]),
            body: Body {
                coding: Coding::GSM7,
                header: vec![Element::Concat(concat)],
                content: Content::text(text),
            },
        }
    }

    fn shown(message: &Message) -> (&str, &[u32], &[u8]) {
        (message.content.as_text().expect("text"), &message.keys, &message.missing)
    }

    #[test]
    fn parts_out_of_order_and_doubled_make_one_message() {
        let mut assembler = Assembler::new();
        assert_eq!(assembler.add(0, part(7, 1, 3, 3, "c")), []);
        assert_eq!(assembler.add(1, part(8, 1, 3, 1, "a")), []);
        assert_eq!(assembler.add(1, part(9, 1, 3, 1, "a")), []);
        let message = assembler.add(2, part(5, 1, 3, 2, "b")).remove(0);
        assert_eq!(shown(&message), ("abc", &[8, 5, 7, 9][..], &[][..]));
        assert_eq!(message.time, Timestamp([8; 7]));
        assert!(assembler.rest().is_empty());
    }

    #[test]
    fn a_reference_used_again_does_not_mix_two_messages() {
        let mut assembler = Assembler::new();
        assert_eq!(assembler.add(0, part(1, 1, 2, 1, "old ")), []);
        assert_eq!(assembler.add(9, part(2, 1, 2, 1, "new ")), []);
        let other = Part { from: Address::new("112").expect("a number"), ..part(3, 1, 2, 2, "?") };
        assert_eq!(assembler.add(9, other), []);
        assert_eq!(
            assembler.expired(10, 10).iter().map(shown).collect::<Vec<_>>(),
            [("old …", &[1][..], &[2][..])]
        );
        let message = assembler.add(11, part(4, 1, 2, 2, "text")).remove(0);
        assert_eq!(shown(&message).0, "new text");
    }

    #[test]
    fn what_never_becomes_complete_is_shown_with_its_gaps() {
        let mut assembler = Assembler::new();
        assert_eq!(assembler.add(5, part(1, 1, 5, 2, "b")), []);
        assert_eq!(assembler.add(5, part(2, 1, 5, 5, "e")), []);
        assert_eq!(assembler.deadline(60), Some(65));
        assert!(assembler.expired(64, 60).is_empty());
        let expired = assembler.expired(65, 60);
        assert_eq!(shown(&expired[0]), ("…b…e", &[1, 2][..], &[1, 3, 4][..]));
        assert_eq!(assembler.deadline(60), None);
    }

    #[test]
    fn a_flood_of_first_parts_takes_no_more_than_its_room() {
        let mut assembler = Assembler::new();
        let mut out = 0;
        for key in 0..10_000u16 {
            out += assembler.add(0, part(key.into(), key % 256, 255, 1, &key.to_string())).len();
            assert!(assembler.waiting.len() <= MOST_WAITING);
        }
        assert_eq!(out + assembler.rest().len(), 10_000);
    }

    #[test]
    fn a_message_of_one_part_passes_at_once() {
        let message = Assembler::new().add(0, part(3, 1, 1, 1, "hi")).remove(0);
        assert_eq!(shown(&message), ("hi", &[3][..], &[][..]));
    }
}
