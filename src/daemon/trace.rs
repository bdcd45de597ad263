//! Control messages, live: method `trace` opens a tap for some seconds, and who wants more
//! asks again; what passes comes as notifications of kind `trace` on our object.
//!
//! Contract: nobody watching, no cost: without a lease there is no tap, and without a
//! subscriber it does nothing. What a flood of messages makes is bounded; what was left out
//! is counted. Identities are masked by the protocol's room.
//!
//! Why leases and not a stream of its own? A watcher that dies needs no goodbye, and two
//! watchers share one tap.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::asks::{Answer, No, Reply, text};
use super::slot::Slot;
use super::{Daemon, OBJECT};
use crate::answers::Traced;
use crate::few::Listed;
use crate::json::Table;
use crate::json::json;
use crate::linux::text;
use crate::task::sleep_until;
use crate::ubus::{Client, Request, Status};
use crate::words::Control;

/// Watchers ask again well before.
const LEASE: Duration = Duration::from_secs(15);
/// Of one message: more of it is cut.
const MOST_BYTES: usize = 4096;
const MOST_TEXT: usize = 4096;
/// Of all messages of one modem in a second; ubusd cuts off who sends faster than it reads.
const A_SECOND: usize = 128 * 1024;

impl Daemon {
    pub(super) fn on_trace(&self, request: &Request) -> Answer {
        let only = text(request, "modem");
        let wanted = |slot: &&Rc<Slot>| only.is_none_or(|only| only == slot.id) && slot.modem().is_some();
        let slots: Vec<&Rc<Slot>> = self.slots.values().filter(wanted).listed();
        if slots.is_empty() {
            let why = "no such modem is open; `status` shows those that are";
            return Err(No::new(Status::NotFound, why));
        }
        let traced: Vec<&str> =
            slots.into_iter().filter(|slot| self.watch(slot)).map(|slot| slot.id.as_str()).listed();
        Ok(Reply::Now(json!({ "modems": traced, "seconds": LEASE.as_secs() })))
    }

    /// Opens the tap, or keeps it open for longer.
    fn watch(&self, slot: &Rc<Slot>) -> bool {
        let Some(modem) = slot.modem() else { return false };
        let lease = (Instant::now() + LEASE, slot.generation());
        let before = slot.watched.replace(Some(lease));
        if before.is_some_and(|(_, generation)| generation == slot.generation()) {
            return true;
        }
        let tell = teller(self.client.clone(), slot.id.clone(), modem.control());
        modem.trace(Some(Box::new(tell)));
        if before.is_none() {
            crate::task::spawn(close_in_time(slot.clone()));
        }
        true
    }
}

async fn close_in_time(slot: Rc<Slot>) {
    while let Some((end, _)) = slot.watched.get() {
        if Instant::now() >= end {
            slot.watched.set(None);
            break;
        }
        sleep_until(end).await;
    }
    if let Some(modem) = slot.modem() {
        modem.trace(None);
    }
    text::let_go_soon();
}

fn teller(client: Client, modem: String, control: Control) -> impl Fn(Traced) {
    let (second, told, left_out) = (Cell::new(Instant::now()), Cell::new(0), Cell::new(0_u32));
    move |traced| {
        if !client.has_subscribers(OBJECT) {
            return;
        }
        if second.get().elapsed() >= Duration::from_secs(1) {
            second.set(Instant::now());
            told.set(0);
        }
        if told.get() > A_SECOND {
            left_out.set(left_out.get().saturating_add(1));
            return;
        }
        let hex = traced.hex(MOST_BYTES);
        let text: String = traced.text.chars().take(MOST_TEXT).collect();
        told.set(told.get() + hex.len() + text.len());
        let table = Table::default()
            .with("modem", modem.clone())
            .with("control", control.as_str())
            .with("direction", if traced.to_modem { "to-modem" } else { "from-modem" })
            .with("text", text)
            .with("bytes", traced.bytes.len())
            .with("hex", hex)
            .with("left_out", Some(left_out.take()).filter(|count| *count > 0));
        client.notify(OBJECT, "trace", &table.json());
    }
}
