//! The methods of the ubus object `uwand`.
//!
//! Contract: each answers at once, except where a modem is asked or a disconnect awaited;
//! those are tasks with a time-out of their own. A refusal says why in `error`.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::Daemon;
use super::asks::{Answer, No, Reply, text};
use super::links::Interface;
use super::slot::Slot;
use crate::answers::Cell;
use crate::few::Listed;
use crate::json::{Map, ToJson, Value, json};
use crate::link::Event;
use crate::linux::sysfs::Found;
use crate::linux::text;
use crate::replies;
use crate::status::{InterfaceStatus, ModemSignal, ModemStatus, SignalReply, Status};
use crate::task::{timeout, timeout_at};
use crate::ubus::{ArgType, Method, Request, Status as UbusStatus};
use crate::words::{Facts, ModemState};

pub const METHODS: &[Method] = &[
    Method { name: "status", args: &[("interface", ArgType::String)] },
    Method { name: "up", args: &[("interface", ArgType::String), ("config", ArgType::Table)] },
    Method { name: "down", args: &[("interface", ArgType::String)] },
    Method { name: "reconnect", args: &[("interface", ArgType::String)] },
    Method { name: "signal", args: &[("modem", ArgType::String)] },
    Method { name: "cells", args: &[("modem", ArgType::String)] },
    Method { name: "scan", args: &[("modem", ArgType::String), ("recent", ArgType::Bool)] },
    Method {
        name: "sim",
        args: &[
            ("modem", ArgType::String),
            ("action", ArgType::String),
            ("pin", ArgType::String),
            ("puk", ArgType::String),
            ("new_pin", ArgType::String),
            ("force", ArgType::Bool),
        ],
    },
    Method { name: "sms_list", args: &[("modem", ArgType::String)] },
    Method {
        name: "sms_send",
        args: &[
            ("modem", ArgType::String),
            ("number", ArgType::String),
            ("text", ArgType::String),
            ("report", ArgType::Bool),
            ("flash", ArgType::Bool),
        ],
    },
    Method { name: "sms_delete", args: &[("modem", ArgType::String), ("ids", ArgType::Array)] },
    Method {
        name: "ussd",
        args: &[("modem", ArgType::String), ("action", ArgType::String), ("text", ArgType::String)],
    },
    Method {
        name: "at",
        args: &[("modem", ArgType::String), ("command", ArgType::String), ("force", ArgType::Bool)],
    },
    Method { name: "explain", args: &[("interface", ArgType::String)] },
    Method { name: "outages", args: &[("interface", ArgType::String), ("limit", ArgType::Int32)] },
    Method {
        name: "history",
        args: &[("interface", ArgType::String), ("modem", ArgType::String), ("seconds", ArgType::Int32)],
    },
    Method { name: "metrics", args: &[] },
    Method { name: "doctor", args: &[] },
    Method { name: "reset", args: &[("modem", ArgType::String), ("how", ArgType::String)] },
    Method { name: "trace", args: &[("modem", ArgType::String)] },
];

/// netifd kills a teardown after 5 s.
const DOWN_LIMIT: Duration = Duration::from_millis(3500);
/// A modem that does not tell its signal by then is shown with what it told last.
const SIGNAL_LIMIT: Duration = Duration::from_secs(3);
/// Longer than any name that netifd's kernel devices could have; a name, not a message.
const LONGEST_NAME: usize = 64;

impl Daemon {
    pub(super) fn answer(&mut self, request: Request) {
        text::let_go_soon();
        match self.begin(&request) {
            Ok(Reply::Now(reply)) => request.reply(reply),
            Ok(Reply::Done(work)) => {
                request.reply(json!({}));
                work(self);
            }
            Ok(Reply::Later(work)) => {
                crate::task::spawn(async move { tell(request, work.await) });
            }
            Err(no) => tell(request, Err(no)),
        }
    }

    fn begin(&mut self, request: &Request) -> Answer {
        match request.method {
            "status" => self.on_status(request),
            "up" => self.on_up(request),
            "down" => self.on_down(request),
            "reconnect" => self.on_reconnect(request),
            "signal" => self.on_signal(request),
            "cells" => self.on_cells(request),
            "scan" => self.on_scan(request),
            "at" => self.on_at(request),
            "sim" => self.on_sim(request),
            "sms_list" => self.on_sms_list(request),
            "sms_send" => self.on_sms_send(request),
            "sms_delete" => self.on_sms_delete(request),
            "ussd" => self.on_ussd(request),
            "explain" => self.on_explain(request),
            "outages" => self.on_outages(request),
            "history" => self.on_history(request),
            "metrics" => self.on_metrics(),
            "doctor" => self.on_doctor(),
            "reset" => self.on_reset(request),
            "trace" => self.on_trace(request),
            // The client lets only declared methods through.
            _ => Err(No::of(UbusStatus::MethodNotFound, Value::Null)),
        }
    }

    fn on_up(&mut self, request: &Request) -> Answer {
        let name = name(request)?;
        let Some(config) = request.args.get("config").and_then(Value::as_object) else {
            let why = "argument config is missing: a table is wanted";
            return Err(No::new(UbusStatus::InvalidArgument, why));
        };
        let config: Map = config.clone();
        // netifd's handler ends, and what we tell netifd comes after it.
        Ok(Reply::Done(Box::new(move |daemon| daemon.want(&name, &config))))
    }

    fn on_down(&mut self, request: &Request) -> Answer {
        let name = name(request)?;
        self.handle(&name, Event::Unwanted);
        let Some(interface) = self.interfaces.get(&name) else { return Ok(Reply::Now(json!({}))) };
        let disconnected = interface.disconnected();
        self.look_after_down(&name, interface.disconnected());
        Ok(Reply::Later(Box::pin(async move {
            // The time is up for netifd, not for the modem: the disconnect goes on.
            let _ = timeout(DOWN_LIMIT, disconnected).await;
            Ok(json!({}))
        })))
    }

    fn on_reconnect(&mut self, request: &Request) -> Answer {
        let name = name(request)?;
        let interface = self.interfaces.get(&name).ok_or_else(unknown)?;
        if !interface.link.wanted() {
            let why = match interface.link.cause() {
                Some(cause) => format!("mend the configuration first: {}", cause.text()),
                None => "the interface is down: ifup brings it up".to_string(),
            };
            return Err(No::new(UbusStatus::InvalidCommand, &why));
        }
        Ok(Reply::Done(Box::new(move |daemon| daemon.handle(&name, Event::Reconnect))))
    }

    fn on_status(&self, request: &Request) -> Answer {
        let only = text(request, "interface");
        if only.is_some_and(|name| !self.interfaces.contains_key(name)) {
            return Err(unknown());
        }
        Ok(Reply::Now(self.status_of(only)))
    }

    pub(super) fn status_of(&self, only: Option<&str>) -> Value {
        let interfaces =
            self.interfaces.iter().filter(|(name, _)| only.is_none_or(|only| only == name.as_str()));
        Status::new(
            seconds(self.started.elapsed()),
            interfaces.map(|(name, interface)| self.interface_status(name, interface)).listed(),
            self.modem_statuses(),
        )
        .to_json()
    }

    fn interface_status(&self, name: &str, interface: &Interface) -> InterfaceStatus {
        let link = &interface.link;
        let now = Instant::now().into_std();
        let mut status =
            InterfaceStatus::new(name, link.state(), seconds(now.saturating_duration_since(link.since())));
        let found = interface.modem.as_ref().and_then(|id| self.slots.get(id)).and_then(|slot| slot.found());
        status.modem = interface.modem.clone();
        let modem = interface.modem.as_ref().and_then(|id| self.slots.get(id)).and_then(|slot| slot.modem());
        let driver = found.as_ref().and_then(|found| found.control);
        status.control = modem.map(|modem| modem.control()).or(driver);
        status.netdev = found.and_then(|found| found.netdev.clone());
        if let Some(bearer) = link.bearer() {
            status = status.with_bearer(bearer);
        }
        if let Some(cause) = link.cause() {
            status = status.with_cause(cause);
        }
        status.watchdog = self.watchdog_status(interface);
        status.traffic = self.traffic_status(name, interface);
        status.next_try = link.deadline().map(|deadline| seconds(deadline.saturating_duration_since(now)));
        status
    }

    fn modem_statuses(&self) -> Vec<ModemStatus> {
        let seen = self.sysfs.modems().into_iter().filter(|found| !self.slots.contains_key(&found.id));
        let known = self.slots.values().map(|slot| {
            let mut status = ModemStatus::new(slot.id.clone(), slot.state(), &slot.facts());
            status.at_port = slot.side.path().map(|path| path.display().to_string());
            with_place(status, slot.found().as_deref())
        });
        let others = seen.map(|found| {
            with_place(ModemStatus::new(found.id.clone(), ModemState::Seen, &Facts::default()), Some(&found))
        });
        known.chain(others).listed()
    }

    fn on_signal(&self, request: &Request) -> Answer {
        let only = text(request, "modem");
        let slots: Vec<Rc<Slot>> =
            self.slots.values().filter(|slot| only.is_none_or(|only| only == slot.id)).cloned().listed();
        if slots.is_empty() && only.is_some() {
            return Err(No::new(UbusStatus::NotFound, "no such modem is in use; see status"));
        }
        Ok(Reply::Later(Box::pin(async move {
            let deadline = Instant::now() + SIGNAL_LIMIT;
            let mut modems = Vec::new();
            for slot in &slots {
                let cells = timeout_at(deadline, ask_signal(slot)).await.unwrap_or_default();
                let mut shown = ModemSignal::new(slot.id.clone(), &slot.facts());
                shown.cells = (!cells.is_empty()).then(|| cells.iter().map(replies::cell).listed());
                modems.push(shown);
            }
            Ok(SignalReply { modems }.to_json())
        })))
    }
}

/// Brings the facts up to date; gives the serving cells, where the modem lists them.
async fn ask_signal(slot: &Slot) -> Vec<Cell> {
    let Some(modem) = slot.modem() else { return Vec::new() };
    if let Err(cause) = modem.signal().await {
        log::debug!("signal: {cause}");
    }
    match modem.cells().await {
        Ok(cells) if cells.note.is_none() => cells.serving,
        Ok(_) | Err(_) => Vec::new(),
    }
}

fn with_place(mut status: ModemStatus, found: Option<&Found>) -> ModemStatus {
    let Some(found) = found else { return status };
    status.device = Some(found.wdm.display().to_string());
    status.driver = Some(found.driver.clone()).filter(|driver| !driver.is_empty());
    status.netdev = found.netdev.clone();
    let told = |text: &str| Some(text.to_string()).filter(|text| !text.is_empty());
    status.manufacturer = status.manufacturer.or_else(|| told(&found.manufacturer));
    status.model = status.model.or_else(|| told(&found.product_name));
    status
}

fn tell(request: Request, answer: Result<Value, No>) {
    match answer {
        Ok(reply) => request.reply(reply),
        Err(no) => no.tell(request),
    }
}

fn name(request: &Request) -> Result<String, No> {
    let name = text(request, "interface").unwrap_or_default();
    if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(No::new(UbusStatus::InvalidArgument, "argument interface is missing or unusable"));
    }
    Ok(name.to_string())
}

pub(super) fn unknown() -> No {
    No::new(UbusStatus::NotFound, "no such interface of proto uwand is known")
}

pub(super) fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
