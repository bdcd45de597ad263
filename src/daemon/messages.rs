//! Messages and USSD: what ubus asks of them, and the event `uwand.sms`. Where the control
//! channel has none of it, the AT port has.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::asks::{Answer, Asked, No, flag, text};
use super::slot::Slot;
use super::{Daemon, OBJECT, side};
use crate::answers::{Refused, Stored, UssdOrder};
use crate::at::asked as at;
use crate::json::Table;
use crate::json::{Value, json};
use crate::post;
use crate::replies;
use crate::sms::compose::{self, Options, compose};
use crate::sms::pdu::{Pdu, Tpdu};
use crate::task::timeout;
use crate::ubus::{Request, Status};
use crate::words::Id;

/// A full store, over a slow channel.
const LIST: Duration = Duration::from_secs(60);
/// Each part waits for the network.
const SEND: Duration = Duration::from_secs(600);
const DELETE: Duration = Duration::from_secs(60);
const USSD: Duration = Duration::from_secs(190);
/// More than any store has.
const MOST_DELETED: usize = 1000;
const MOST_UNREAD: usize = 256;

/// Messages that are still to be read, by their places in the modem's store.
#[derive(Default)]
pub struct Unread(RefCell<Option<VecDeque<u32>>>);

impl Unread {
    /// Whether nobody reads yet: then the caller does.
    fn begin(&self, index: u32) -> bool {
        let mut queue = self.0.borrow_mut();
        let first = queue.is_none();
        let queue = queue.get_or_insert_default();
        if queue.len() < MOST_UNREAD && !queue.contains(&index) {
            queue.push_back(index);
        }
        first
    }

    fn next(&self) -> Option<u32> {
        let mut queue = self.0.borrow_mut();
        let next = queue.as_mut().and_then(VecDeque::pop_front);
        if next.is_none() {
            *queue = None;
        }
        next
    }
}

impl Daemon {
    pub(super) fn on_sms_list(&self, request: &Request) -> Answer {
        self.ask(request, LIST, async |asked| {
            let stored = match asked.modem.messages(None).await {
                Err(Refused::Unsupported) => at::messages(&asked.port().await?, None).await,
                told => told,
            };
            let messages = post::list(&stored?);
            Ok(Table::default().with("modem", asked.id()).with("messages", messages).json())
        })
    }

    pub(super) fn on_sms_send(&self, request: &Request) -> Answer {
        let class = flag(request, "flash").then_some(0);
        let options = Options { report: flag(request, "report"), class, ..Options::default() };
        let number = text(request, "number").unwrap_or_default().to_string();
        let words = Id::new(text(request, "text").unwrap_or_default());
        self.ask(request, SEND, async move |asked| send(&asked, &number, &words, options).await)
    }

    pub(super) fn on_sms_delete(&self, request: &Request) -> Answer {
        let ids = request.args.get("ids").and_then(Value::as_array).cloned().unwrap_or_default();
        let ids: Option<Vec<u32>> =
            ids.iter().map(|id| id.as_u64().and_then(|id| u32::try_from(id).ok())).collect();
        let Some(ids) = ids.filter(|ids| !ids.is_empty() && ids.len() <= MOST_DELETED) else {
            let why = "argument ids must be a list of the numbers that sms_list shows";
            return Err(No::new(Status::InvalidArgument, why));
        };
        self.ask(request, DELETE, async move |asked| {
            for id in &ids {
                match asked.modem.delete_message(*id).await {
                    Err(Refused::Unsupported) => at::delete_message(&asked.port().await?, *id).await,
                    told => told,
                }?;
            }
            Ok(Table::default().with("modem", asked.id()).with("deleted", ids).json())
        })
    }

    pub(super) fn on_ussd(&self, request: &Request) -> Answer {
        let said = text(request, "text").map(Id::new).filter(|text| !text.is_empty());
        let (kind, order) = match (text(request, "action").unwrap_or("initiate"), said) {
            ("initiate", Some(said)) => ("ussd", UssdOrder::Initiate(said)),
            ("continue", Some(said)) => ("ussd", UssdOrder::Continue(said)),
            // Comes while another waits, and ends that.
            ("cancel", _) => ("ussd cancel", UssdOrder::Cancel),
            ("initiate" | "continue", None) => {
                return Err(No::new(Status::InvalidArgument, "argument text is missing"));
            }
            _ => {
                let why = "argument action must be one of initiate, continue, cancel";
                return Err(No::new(Status::InvalidArgument, why));
            }
        };
        self.ask_one(request, kind, USSD, async move |asked| {
            let answer = match asked.modem.ussd(&order).await {
                Err(Refused::Unsupported) if !asked.ports.is_empty() => {
                    side::ussd(&asked.slot, &asked.ports, &order).await
                }
                told => told,
            };
            Ok(replies::ussd(asked.id(), &answer?))
        })
    }

    /// A message came into the store: read it, and tell. One after the other, however many come
    /// at once.
    pub(super) fn on_message_stored(&self, slot: Rc<Slot>, index: u32) {
        let Some(modem) = slot.modem() else { return };
        if !slot.unread.begin(index) {
            return;
        }
        let tell = self.teller(&slot);
        crate::task::spawn(async move {
            while let Some(index) = slot.unread.next() {
                match timeout(LIST, modem.messages(Some(index))).await {
                    Ok(Ok(messages)) => messages.iter().for_each(&tell),
                    Ok(Err(refused)) => log::debug!("{}: message {index} not read: {refused}", slot.id),
                    Err(_) => log::debug!("{}: message {index} not read in time", slot.id),
                }
            }
        });
    }

    pub(super) fn on_message(&self, slot: &Rc<Slot>, message: &Stored) {
        self.teller(slot)(message);
    }

    pub(super) fn on_store_full(&self, slot: &Slot) {
        log::warn!("{}: its store of messages is full; new ones wait in the network", slot.id);
        self.tell_sms(json!({ "modem": slot.id, "kind": "store-full" }));
    }

    /// Joins parts, and sends the event for what is whole.
    fn teller(&self, slot: &Rc<Slot>) -> impl Fn(&Stored) + 'static {
        let (client, slot, started) = (self.client.clone(), slot.clone(), self.started);
        move |message| {
            let now = Instant::now().saturating_duration_since(started).as_secs();
            let whole = slot.incoming.borrow_mut().take(now, message);
            for mut event in whole {
                event["modem"] = Value::from(slot.id.clone());
                client.send_event("uwand.sms", &event);
                client.notify(OBJECT, "sms", &event);
            }
        }
    }

    fn tell_sms(&self, event: Value) {
        self.client.send_event("uwand.sms", &event);
        self.client.notify(OBJECT, "sms", &event);
    }
}

/// One part after the other; a refusal says how many went before.
async fn send(asked: &Asked, number: &str, text: &Id, options: Options) -> Result<Value, No> {
    let reference = asked.slot.next_reference();
    let parts = compose(number, text.reveal(), &Options { reference, ..options }).map_err(|refused| {
        let why = match refused {
            compose::Refused::Number(_) => format!("argument number: {refused}"),
            compose::Refused::TooLong { .. } | compose::Refused::Empty => format!("argument text: {refused}"),
        };
        No::from(Refused::Wrong(why))
    })?;
    let total = parts.len();
    let mut references: Vec<u32> = Vec::new();
    for part in parts {
        let pdu = Pdu { centre: None, tpdu: Tpdu::Submit(part) };
        let (bytes, _) = pdu.encode().map_err(|error| No::from(Refused::Wrong(error.to_string())))?;
        let sent = match asked.modem.send_message(bytes.clone()).await {
            Err(Refused::Unsupported) if !asked.ports.is_empty() => {
                at::send_message(&asked.port().await?, &bytes).await
            }
            told => told,
        };
        match sent {
            Ok(reference) => references.push(reference),
            Err(refused) => {
                let table = Table::default().with("modem", asked.id()).with("parts", total);
                return Err(No::with(&refused, table.with("sent", references.len())));
            }
        }
    }
    Ok(Table::default().with("modem", asked.id()).with("parts", total).with("references", references).json())
}
