//! Messages of a modem's store as people see them: parts joined, reports in words.
//!
//! Contract: pure. Nothing of the store is left out: what no one can read is shown with its
//! place, so that it can be deleted. Numbers and texts are revealed here, as in `replies`.

use crate::answers::{Folder, Stored};
use crate::few::Listed;
use crate::json::Table;
use crate::json::Value;
use crate::sms::assemble::{Assembler, Message, Part, USUAL_PATIENCE};
use crate::sms::body::Content;
use crate::sms::delivery;
use crate::sms::pdu::{Deliver, Pdu, StatusReport, Submit, Tpdu};
use crate::sms::time::Timestamp;

/// What comes in, for events: a long message is told once, when its last part came.
#[derive(Default)]
pub struct Incoming(Assembler);

impl Incoming {
    /// What `stored` makes complete, and what has waited too long for its rest. `now` in seconds.
    pub fn take(&mut self, now: u64, stored: &Stored) -> Vec<Value> {
        let mut told = self.0.expired(now, USUAL_PATIENCE);
        let other = match Pdu::parse(&stored.pdu).map(|pdu| pdu.tpdu) {
            Ok(Tpdu::Deliver(deliver)) => {
                told.extend(self.0.add(now, received(stored.index, deliver)));
                None
            }
            Ok(Tpdu::StatusReport(of)) => Some(report(stored, &of)),
            Ok(Tpdu::Submit(_)) | Err(_) => Some(unreadable(stored)),
        };
        told.iter().map(|message| shown(message, "received", "from", None)).chain(other).listed()
    }
}

/// The messages of a store.
pub fn list(store: &[Stored]) -> Vec<Value> {
    let (mut inbox, mut outbox) = (Assembler::new(), Assembler::new());
    let (mut came, mut went, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for stored in store {
        match Pdu::parse(&stored.pdu).map(|pdu| pdu.tpdu) {
            Ok(Tpdu::Deliver(deliver)) => came.extend(inbox.add(0, received(stored.index, deliver))),
            Ok(Tpdu::Submit(submit)) => went.extend(outbox.add(0, sent(stored.index, submit))),
            Ok(Tpdu::StatusReport(of)) => others.push((stored.index, report(stored, &of))),
            Err(_) => others.push((stored.index, unreadable(stored))),
        }
    }
    came.extend(inbox.rest());
    went.extend(outbox.rest());
    let place = |message: &Message| message.keys.iter().copied().min().unwrap_or_default();
    let folder = |message: &Message| folder_of(store, &message.keys);
    let came = came.iter().map(|m| (place(m), shown(m, "received", "from", folder(m))));
    let went = went.iter().map(|m| (place(m), shown(m, "sent", "to", folder(m))));
    let mut all: Vec<(u32, Value)> = came.chain(went).chain(others).listed();
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, message)| message).listed()
}

fn received(key: u32, deliver: Deliver) -> Part {
    Part { key, from: deliver.from, time: deliver.time, body: deliver.body }
}

/// The assembler knows one other end; of a message that went it is the recipient.
fn sent(key: u32, submit: Submit) -> Part {
    Part { key, from: submit.to, time: Timestamp([0xff; 7]), body: submit.body }
}

/// Unread where a part of it is.
fn folder_of(store: &[Stored], keys: &[u32]) -> Option<Folder> {
    store.iter().filter(|stored| keys.contains(&stored.index)).map(|stored| stored.folder).min()
}

fn shown(message: &Message, kind: &str, other_end: &str, folder: Option<Folder>) -> Value {
    let table = Table::default()
        .with("ids", message.keys.clone())
        .with("kind", kind)
        .with("folder", folder.map(Folder::as_str))
        .with(other_end, message.from.text.reveal())
        .with("time", time(&message.time))
        .with("class", message.coding.class())
        .with("parts", Some(message.total).filter(|total| *total > 1))
        .with("missing", Some(message.missing.clone()).filter(|missing| !missing.is_empty()));
    match &message.content {
        Content::Text(text) => table.with("text", text.reveal()),
        Content::Data(data) => table.with("data", hex(data)),
    }
    .json()
}

fn report(stored: &Stored, report: &StatusReport) -> Value {
    Table::default()
        .with("ids", vec![stored.index])
        .with("kind", "report")
        .with("folder", stored.folder.as_str())
        .with("to", report.to.text.reveal())
        .with("reference", report.reference)
        .with("delivery", report.delivery().as_str())
        .with("reason", delivery::reason(report.status))
        .with("time", time(&report.discharged))
        .json()
}

fn unreadable(stored: &Stored) -> Value {
    Table::default()
        .with("ids", vec![stored.index])
        .with("kind", "unreadable")
        .with("folder", stored.folder.as_str())
        .with("data", hex(&stored.pdu))
        .json()
}

fn time(stamp: &Timestamp) -> Option<String> {
    stamp.moment().map(|moment| moment.iso())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::address::Address;
    use crate::sms::compose::{Options, compose};

    fn stored(index: u32, folder: Folder, tpdu: Tpdu) -> Stored {
        let (pdu, _) = Pdu { centre: None, tpdu }.encode().unwrap();
        Stored { index, folder, pdu }
    }

    fn came(index: u32, text: &str) -> Vec<Stored> {
        let parts = compose("+15550100018", text, &Options { reference: 7, ..Options::default() }).unwrap();
        let deliver = |body| Deliver {
            from: Address::new("+15550100018").unwrap(),
            protocol: 0,
            time: Timestamp([0x62, 0x11, 0x02, 0x21, 0x43, 0x65, 0x40]),
            body,
            more: false,
            report: false,
            reply_path: false,
        };
        let numbered = parts.into_iter().zip(index..);
        numbered.map(|(part, at)| stored(at, Folder::Unread, Tpdu::Deliver(deliver(part.body)))).collect()
    }

    #[test]
    fn parts_in_any_order_are_one_message_with_all_their_places() {
        let text = "long ".repeat(80);
        let mut store = came(3, &text);
        store.reverse();
        store.extend(came(9, "short"));
        let list = list(&store);
        assert_eq!(list.len(), 2);
        assert_eq!((&list[0]["text"], &list[0]["parts"]), (&Value::from(text), &Value::from(3)));
        assert_eq!(list[0]["ids"].as_array().map(Vec::len), Some(3));
        assert_eq!((&list[0]["folder"], &list[0]["from"]), (&"unread".into(), &"+15550100018".into()));
        assert_eq!((&list[1]["ids"][0], &list[1]["text"]), (&9.into(), &"short".into()));
        assert!(list[1]["time"].as_str().unwrap().starts_with("2026-11-20T12:34:56"), "{}", list[1]["time"]);
    }

    #[test]
    fn a_long_message_is_told_once_when_it_is_whole() {
        let mut incoming = Incoming::default();
        let told: Vec<usize> =
            came(1, &"x".repeat(400)).iter().map(|part| incoming.take(5, part).len()).collect();
        assert_eq!(told, [0, 0, 1]);
    }

    #[test]
    fn what_nobody_can_read_is_shown_with_its_place() {
        let broken = Stored { index: 4, folder: Folder::Read, pdu: vec![0xff, 1] };
        let list = list(std::slice::from_ref(&broken));
        assert_eq!((&list[0]["kind"], &list[0]["ids"][0]), (&"unreadable".into(), &4.into()));
        assert!(!format!("{broken:?}").contains("255"));
    }
}
