//! What ubusd sends to one client: answers, requests, events, notifications.
//!
//! Contract: as of `router`, whose state this changes. Data is checked here, because ubusd
//! passes it on unchecked.

use super::blob::parse_table;
use super::client::{Error, Event, Notice};
use super::message::{Kind, Message, Status, say};
use super::request::{Origin, Request};
use super::router::{Expected, Failure, Key, Pending, Role, Router, Target};
use crate::few::Listed;
use crate::queue::{Promise, Sender};
use crate::wire::Malformed;

/// Slots of a subscription's channel that only its change of state may use.
const RESERVED: usize = 4;

impl Router {
    /// One frame. `origin` goes into requests, so that they can answer.
    pub fn frame(&mut self, message: &Message, origin: &Origin) {
        match message.kind {
            Kind::Data => self.data(message),
            Kind::Status => self.status(message),
            Kind::Invoke => self.invoked(message, origin),
            Kind::Notify => self.subscribers_changed(message),
            Kind::Unsubscribe => self.target_gone(message),
            // Hello comes once, before the router is up; the others only go to ubusd.
            _ => log::debug!("ubus: unexpected {}", message.kind.label()),
        }
    }

    fn data(&mut self, message: &Message) {
        let Some(pending) = self.pending.get_mut(&message.seq).filter(|pending| pending.peer == message.peer)
        else {
            return;
        };
        match &mut pending.what {
            Expected::Call { replies, budget, malformed, .. } => {
                let data = message.data.unwrap_or_default();
                match (budget.checked_sub(data.len()), parse_table(data)) {
                    (Some(left), Ok(value)) => {
                        *budget = left;
                        replies.push(value);
                    }
                    (None, _) => *malformed = Some(Malformed("too many replies")),
                    (_, Err(error)) => *malformed = Some(error),
                }
            }
            Expected::Lookup { found, .. } | Expected::Find(_, found) => *found = message.object.or(*found),
            Expected::Add(key) => {
                let key = *key;
                self.numbered(key, message.object);
            }
            Expected::Register(_) | Expected::Subscribe(_) | Expected::Nobody(_) => {}
        }
    }

    /// At once, not when the status comes: a request can follow in the same read.
    fn numbered(&mut self, key: Key, object: Option<u32>) {
        match (self.registrations.get_mut(&key), object) {
            (Some(registration), object) => registration.object = object,
            // Dropped while it was being added.
            (None, Some(object)) => self.remove_object(object),
            (None, None) => {}
        }
    }

    fn status(&mut self, message: &Message) {
        let expected = |pending: &Pending| pending.peer == message.peer;
        if !self.pending.get(&message.seq).is_some_and(expected) {
            return;
        }
        let Some(pending) = self.pending.remove(&message.seq) else { return };
        // libubus reads a status without its attribute like this.
        let status = message.status.unwrap_or(Status::InvalidArgument);
        match pending.what {
            Expected::Call { answer, replies, malformed, .. } => {
                // The provider's own statuses carry its object, ubusd's do not.
                let stale = status == Status::NotFound && message.object.is_none();
                let ended = match (status, malformed) {
                    _ if stale => Err(Failure::Stale),
                    (Status::Ok, None) => Ok(replies),
                    (Status::Ok, Some(error)) => Err(Failure::Error(Error::Malformed(error))),
                    (status, _) => {
                        let data = replies.into_iter().next().unwrap_or_default();
                        Err(Failure::Error(Error::Refused { status, data }))
                    }
                };
                drop(answer.send(ended));
            }
            Expected::Lookup { answer, path, found } => {
                let result = match (status, found) {
                    (Status::Ok, Some(object)) => {
                        self.paths.insert(path, object);
                        Ok(object)
                    }
                    // Found, but without a method that this user may see.
                    (Status::Ok, None) => Err(Error::refused(Status::NotFound)),
                    (status, _) => Err(Error::refused(status)),
                };
                drop(answer.send(result));
            }
            Expected::Add(key) => self.added(key, status),
            Expected::Register(key) => self.listening(key, status),
            Expected::Find(key, Some(target)) => self.subscribe(key, target),
            Expected::Find(key, None) => self.set_target(key, Target::Absent),
            Expected::Subscribe(key) => self.subscribed(key, status),
            Expected::Nobody(what) if status != Status::Ok => {
                log::warn!("ubus: {what} refused: {}", status.label())
            }
            Expected::Nobody(_) => {}
        }
    }

    fn invoked(&mut self, message: &Message, origin: &Origin) {
        let key = self.key_of(message.object);
        match key.and_then(|key| self.registrations.get(&key)).map(|registration| &registration.role) {
            Some(Role::Object { path, methods, requests, .. }) => {
                let request = Request::new(message, path, methods, origin);
                if let Err(status) = request.and_then(|request| enqueue(requests, request)) {
                    self.end(message, status);
                }
            }
            Some(Role::Listener { events, .. }) => {
                if let (Some(id), Ok(data)) = (message.method, parse_table(message.data.unwrap_or_default()))
                {
                    if events.send(Event { id: id.to_string(), data }).is_err() {
                        log::warn!("ubus: event {id} dropped, its listener is too slow");
                    }
                }
            }
            Some(Role::Subscription { notices, .. }) => {
                if let (Some(kind), Ok(data)) =
                    (message.method, parse_table(message.data.unwrap_or_default()))
                {
                    let kind = kind.to_string();
                    if notices.room() > RESERVED {
                        drop(notices.send(Notice::Message { kind, data }));
                    } else {
                        log::warn!("ubus: notification {kind} dropped, its subscriber is too slow");
                    }
                }
                self.end(message, Status::Ok);
            }
            Some(Role::Ear) => self.object_event(message),
            None => self.end(message, Status::NotFound),
        }
    }

    /// Ends a request, unless nobody waits for that: events come from peer 0.
    fn end(&mut self, message: &Message, status: Status) {
        if let (false, Some(object), true) = (message.no_reply, message.object, message.peer != 0) {
            self.send(say::status(message.seq, message.peer, object, status));
        }
    }

    fn key_of(&self, object: Option<u32>) -> Option<Key> {
        let object = object?;
        self.registrations
            .iter()
            .find(|(_, registration)| registration.object == Some(object))
            .map(|(key, _)| *key)
    }

    fn object_event(&mut self, message: &Message) {
        let data = parse_table(message.data.unwrap_or_default()).unwrap_or_default();
        let id = data["id"].as_i64().and_then(|id| i32::try_from(id).ok());
        let (Some(id), Some(path)) = (id, data["path"].as_str()) else { return };
        let id = u32::from_be_bytes(id.to_be_bytes());
        match message.method {
            Some("ubus.object.add") => self.object_came(path, id),
            Some("ubus.object.remove") => self.object_went(path, id),
            _ => {}
        }
    }

    fn object_came(&mut self, path: &str, id: u32) {
        let (ready, rest) = self.waiting.drain(..).partition(|(wanted, _)| wanted == path);
        self.waiting = rest;
        let ready: Vec<(String, Promise<()>)> = ready;
        ready.into_iter().for_each(|(_, ready)| ready.send(()).unwrap_or_default());
        self.absent_targets(Some(path)).into_iter().for_each(|key| self.subscribe(key, id));
    }

    fn object_went(&mut self, path: &str, id: u32) {
        self.paths.retain(|_, known| *known != id);
        self.unanswerable(id);
        self.retry_refused(Some(path));
    }

    /// Requests to an object that is gone will get no answer: ubusd does not tell.
    fn unanswerable(&mut self, object: u32) {
        let lost =
            |pending: &Pending| pending.peer == object && matches!(pending.what, Expected::Call { .. });
        let seqs: Vec<u16> = self.pending.iter().filter(|(_, p)| lost(p)).map(|(seq, _)| *seq).listed();
        for pending in seqs.into_iter().filter_map(|seq| self.pending.remove(&seq)) {
            pending.what.fail(Error::Gone);
        }
    }

    fn subscribers_changed(&mut self, message: &Message) {
        let registration = self.key_of(message.object).and_then(|key| self.registrations.get_mut(&key));
        if let (Some(Role::Object { subscribed, .. }), Some(active)) =
            (registration.map(|r| &mut r.role), message.active)
        {
            *subscribed = active;
        }
    }

    fn target_gone(&mut self, message: &Message) {
        if let Some(registration) =
            self.key_of(message.object).and_then(|key| self.registrations.get_mut(&key))
        {
            registration.detach();
        }
    }
}

/// A caller beyond the queue's length is told so; it must not be answered a second time.
fn enqueue(requests: &Sender<Request>, request: Request) -> Result<(), Status> {
    requests.send(request).map_err(|mut request| {
        request.disarm();
        Status::NoMemory
    })
}
