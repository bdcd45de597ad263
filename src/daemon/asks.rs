//! What ubus asks of one modem, and it takes its time: SIM, cells, networks.
//!
//! Contract: each is a task that ends by its own time-out, whether or not the modem answers;
//! what a modem does for one caller it does not do for a second one at the same time. A
//! refusal says why in `error`.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::slot::{Occupied, Slot};
use super::{Daemon, side};
use crate::answers::{PinOrder, Refused};
use crate::at::port::Port;
use crate::few::Listed;
use crate::json::Table;
use crate::json::{Value, json};
use crate::modem::Modem;
use crate::replies;
use crate::task::timeout;
use crate::ubus::{Request, Status};
use crate::words::{ModemState, Secret};

/// A scan goes through all bands.
const SCAN: Duration = Duration::from_secs(185);
/// Some modems measure before they tell.
const CELLS: Duration = Duration::from_secs(35);
/// Query, set and query again.
const SIM: Duration = Duration::from_secs(60);

/// Gives an answer in its own time.
pub(super) type Work = Pin<Box<dyn Future<Output = Result<Value, No>>>>;

/// What becomes of a request that is not refused.
pub(super) enum Reply {
    Now(Value),
    Later(Work),
    /// The caller is told first, then it is done: what netifd hears of it comes after.
    Done(Box<dyn FnOnce(&mut Daemon)>),
}

pub(super) type Answer = Result<Reply, No>;

/// The status of a refusal, and its words with what else belongs to it.
pub(super) struct No(Box<(Status, Value)>);

impl No {
    pub fn new(status: Status, why: &str) -> No {
        No::of(status, json!({ "error": why }))
    }

    pub fn with(refused: &Refused, table: Table) -> No {
        No::of(status_of(refused), table.with("error", refused.to_string()).json())
    }

    /// Boxed: whatever answers passes it on.
    pub fn of(status: Status, data: Value) -> No {
        No(Box::new((status, data)))
    }

    pub fn tell(self, request: Request) {
        request.fail_with(self.0.0, self.0.1);
    }
}

impl From<Refused> for No {
    fn from(refused: Refused) -> No {
        No::with(&refused, Table::default())
    }
}

fn status_of(refused: &Refused) -> Status {
    match refused {
        Refused::Unsupported => Status::NotSupported,
        Refused::Gone => Status::ConnectionFailed,
        Refused::Silent => Status::Timeout,
        Refused::NotNow(_) => Status::InvalidCommand,
        Refused::Wrong(_) => Status::InvalidArgument,
        Refused::Said(_) => Status::UnknownError,
    }
}

/// An open modem that somebody asks something.
#[derive(Clone)]
pub(super) struct Asked {
    pub slot: Rc<Slot>,
    pub modem: Rc<Modem>,
    /// Its ports for AT commands, as they are named now.
    pub ports: Vec<PathBuf>,
}

impl Asked {
    pub fn id(&self) -> &str {
        &self.slot.id
    }

    /// For what the control channel does not know.
    pub async fn port(&self) -> Result<Port, Refused> {
        if self.ports.is_empty() {
            return Err(Refused::Unsupported);
        }
        side::port(&self.slot, &self.ports).await
    }
}

impl Daemon {
    /// The modem that a request means: the named one, or the only one that is open.
    pub(super) fn named_slot(&self, request: &Request) -> Result<Rc<Slot>, No> {
        let open = |slot: &&Rc<Slot>| slot.modem().is_some();
        let slot = match text(request, "modem") {
            Some(id) => self.slots.get(id).ok_or_else(|| {
                No::new(Status::NotFound, "no such modem is in use; `status` lists them by their id")
            })?,
            None => match self.slots.values().filter(open).listed().as_slice() {
                [only] => *only,
                [] => {
                    return Err(No::new(
                        Status::NotFound,
                        "no modem is open: an interface that names one opens it",
                    ));
                }
                several => {
                    let ids: Vec<&str> = several.iter().map(|slot| slot.id.as_str()).listed();
                    let why = format!("argument modem has to say which: {}", ids.join(", "));
                    return Err(No::new(Status::InvalidArgument, &why));
                }
            },
        };
        Ok(slot.clone())
    }

    /// The modem that a request means, open.
    pub(super) fn asked(&self, request: &Request) -> Result<Asked, No> {
        let slot = self.named_slot(request)?;
        let modem = slot.modem().ok_or_else(|| {
            let why = match slot.state() {
                ModemState::Hung => "the modem does not answer",
                ModemState::Missing => "the modem is not there",
                ModemState::Seen | ModemState::Opening | ModemState::Open => "the modem is not open yet",
            };
            No::new(Status::InvalidCommand, why)
        })?;
        let ports = self.at_ports(&slot).unwrap_or_default();
        Ok(Asked { slot, modem, ports })
    }

    /// A task that answers `request`; one of its method a modem.
    pub(super) fn ask<F>(&self, request: &Request, limit: Duration, work: impl FnOnce(Asked) -> F) -> Answer
    where
        F: Future<Output = Result<Value, No>> + 'static,
    {
        self.ask_one(request, request.method, limit, work)
    }

    /// As `ask`; one of its `kind` a modem.
    pub(super) fn ask_one<F>(
        &self,
        request: &Request,
        kind: &'static str,
        limit: Duration,
        work: impl FnOnce(Asked) -> F,
    ) -> Answer
    where
        F: Future<Output = Result<Value, No>> + 'static,
    {
        let (asked, occupied) = self.occupied(request, kind)?;
        Ok(within(limit, Some(occupied), Box::pin(work(asked))))
    }

    fn occupied(&self, request: &Request, kind: &'static str) -> Result<(Asked, Occupied), No> {
        let asked = self.asked(request)?;
        let occupied = asked.slot.occupy(kind).ok_or_else(|| {
            let why = format!("the modem is busy with another {kind}; try again when it is done");
            No::new(Status::InvalidCommand, &why)
        })?;
        Ok((asked, occupied))
    }

    pub(super) fn on_cells(&self, request: &Request) -> Answer {
        self.ask(request, CELLS, async |asked| {
            let cells = asked.modem.cells().await?;
            Ok(replies::cells(asked.id(), &cells))
        })
    }

    pub(super) fn on_scan(&self, request: &Request) -> Answer {
        if flag(request, "recent") {
            return self.on_recent_scan(request);
        }
        self.ask(request, SCAN, async |asked| {
            let networks = asked.modem.scan().await?;
            let reply = replies::networks(asked.id(), &networks);
            let found = reply["networks"].to_string();
            let mut scanned = asked.slot.scanned.borrow_mut();
            scanned.0 = Some(Instant::now());
            scanned.1.clear();
            scanned.1.push_str(&found);
            Ok(reply)
        })
    }

    /// What the last search found, at once: a web server gives up long before a search ends.
    fn on_recent_scan(&self, request: &Request) -> Answer {
        let slot = self.named_slot(request)?;
        let mut reply = json!({ "modem": slot.id, "scanning": slot.occupy("scan").is_none() });
        if let (Some(ended), found) = &*slot.scanned.borrow() {
            reply["networks"] = crate::json::from_str(found).unwrap_or_default();
            reply["ago"] = ended.elapsed().as_secs().into();
        }
        Ok(Reply::Now(reply))
    }

    pub(super) fn on_sim(&self, request: &Request) -> Answer {
        let order = pin_order(request).map_err(|why| No::new(Status::InvalidArgument, &why))?;
        let force = flag(request, "force");
        self.ask(request, SIM, async move |asked| sim(&asked, order, force).await)
    }
}

/// The answer of `work`, or that the modem has none in time; whom it occupied is free then.
pub(super) fn within(limit: Duration, occupied: Option<Occupied>, work: Work) -> Reply {
    Reply::Later(Box::pin(async move {
        let answer = timeout(limit, work).await.unwrap_or_else(|_| Err(Refused::Silent.into()));
        drop(occupied);
        answer
    }))
}

/// Looks, sends if that is wanted and safe, and looks again: the tries left are told either way.
async fn sim(asked: &Asked, order: Option<PinOrder>, force: bool) -> Result<Value, No> {
    let before = asked.modem.sim_lock().await?;
    let Some(order) = order else { return Ok(replies::sim(asked.id(), &before).json()) };
    if let Err(refused) = order.may_be_sent(&before, force) {
        return Err(No::with(&refused, replies::sim(asked.id(), &before)));
    }
    let sent = asked.modem.send_pin(&order).await;
    let after = asked.modem.sim_lock().await;
    let shown = replies::sim(asked.id(), after.as_ref().unwrap_or(&before));
    match sent {
        Ok(()) => Ok(shown.json()),
        Err(refused) => Err(No::with(&refused, shown)),
    }
}

/// What `action` and its arguments mean; nothing for `status`.
fn pin_order(request: &Request) -> Result<Option<PinOrder>, String> {
    let secret = |key: &str| {
        let told = text(request, key).map(Secret::new);
        told.ok_or_else(|| format!("argument {key} is missing"))
    };
    Ok(Some(match text(request, "action").unwrap_or("status") {
        "status" => return Ok(None),
        "unlock" => PinOrder::Unlock { pin: secret("pin")? },
        "unblock" => PinOrder::Unblock { puk: secret("puk")?, new_pin: secret("new_pin")? },
        "pin_enable" => PinOrder::Enable { pin: secret("pin")? },
        "pin_disable" => PinOrder::Disable { pin: secret("pin")? },
        "pin_change" => PinOrder::Change { pin: secret("pin")?, new_pin: secret("new_pin")? },
        _ => {
            return Err("argument action must be one of status, unlock, unblock, pin_enable, pin_disable, \
                        pin_change"
                .to_string());
        }
    }))
}

/// Whether the argument is there and true.
pub(super) fn flag(request: &Request, key: &str) -> bool {
    request.args.get(key).and_then(Value::as_bool) == Some(true)
}

pub(super) fn text<'a>(request: &'a Request, key: &str) -> Option<&'a str> {
    request.args.get(key).and_then(Value::as_str)
}
