//! What one client knows: its objects, listeners, subscriptions, and requests in flight.
//!
//! Contract: frames in (`Router::frame`, in `incoming`), bytes out ([`Router::take_output`]); no I/O, no
//! clock, no await. [`Router::up`] registers everything again at a new ubusd, because ubusd
//! keeps nothing over a restart and gives other numbers.
//!
//! Three facts of ubusd shape this. A path's number changes when its owner restarts, so a
//! status `Not found` from ubusd itself means "look it up again". ubusd does not tell a
//! caller that the called process died, so our ear on `ubus.object.*` does. And it does not
//! notice a second subscription of the same pair, so a subscription has states.

use super::client::{Error, Event, Notice};
use super::message::{EVENT_OBJECT, MAX_BLOB, Method, Status, say};
use super::request::Request;
use crate::few::{Few, Listed};
use crate::json::Value;
use crate::queue::{Promise, Sender};
use crate::wire::Malformed;

/// Bytes that wait for a ubusd that does not read; then the connection is given up.
const MAX_OUTPUT: usize = 4 * MAX_BLOB;
/// Bytes of replies that one request may collect.
const MAX_REPLIES: usize = 4 * MAX_BLOB;
/// Pattern of our own ear.
const OBJECT_EVENTS: &str = "ubus.object.*";

pub(super) type Key = u32;

/// How a call ended: its replies, or why not.
pub(super) type Answer = Result<Vec<Value>, Failure>;

pub(super) enum Failure {
    Error(Error),
    /// ubusd does not know the object's number (any more).
    Stale,
}

pub(super) enum Role {
    Object {
        path: String,
        methods: &'static [Method],
        requests: Sender<Request>,
        subscribed: bool,
    },
    Listener {
        pattern: String,
        events: Sender<Event>,
    },
    Subscription {
        path: String,
        target: Target,
        notices: Sender<Notice>,
    },
    /// Our own ear on objects that come and go.
    Ear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Not there; the ear will tell.
    Absent,
    Finding,
    Subscribing(u32),
    Attached(u32),
}

pub(super) struct Registration {
    pub role: Role,
    /// The number that ubusd gave.
    pub object: Option<u32>,
}

pub(super) struct Pending {
    /// The peer that the answer must name.
    pub peer: u32,
    pub what: Expected,
}

pub(super) enum Expected {
    Call {
        answer: Promise<Answer>,
        replies: Vec<Value>,
        budget: usize,
        malformed: Option<Malformed>,
    },
    Lookup {
        answer: Promise<Result<u32, Error>>,
        path: String,
        found: Option<u32>,
    },
    Add(Key),
    Register(Key),
    Find(Key, Option<u32>),
    Subscribe(Key),
    /// Nobody waits; a refusal is logged.
    Nobody(&'static str),
}

#[derive(Default)]
pub(super) struct Router {
    connected: bool,
    /// Counts connections, so that late replies do not go to the next ubusd.
    generation: u32,
    output: Vec<u8>,
    overflow: bool,
    seq: u16,
    next_key: Key,
    pub(super) registrations: Few<Key, Registration>,
    pub(super) pending: Few<u16, Pending>,
    pub(super) paths: Few<String, u32>,
    pub(super) waiting: Vec<(String, Promise<()>)>,
}

impl Router {
    pub fn generation(&self) -> u32 {
        self.generation
    }

    pub fn overflowed(&self) -> bool {
        self.overflow
    }

    /// The bytes to send.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// ubusd said hello.
    pub fn up(&mut self) {
        self.connected = true;
        self.generation = self.generation.wrapping_add(1);
        let keys: Vec<Key> = self.registrations.keys().copied().listed();
        keys.into_iter().for_each(|key| self.start(key));
    }

    /// The connection is gone: so is everything that ubusd knew.
    pub fn down(&mut self) {
        self.connected = false;
        self.overflow = false;
        self.output = Vec::new();
        self.paths.clear();
        for pending in std::mem::take(&mut self.pending).into_values() {
            pending.what.fail(Error::Gone);
        }
        for registration in self.registrations.values_mut() {
            registration.object = None;
            registration.detach();
            if let Role::Object { subscribed, .. } = &mut registration.role {
                *subscribed = false;
            }
        }
    }

    pub fn send(&mut self, frame: say::Frame) -> bool {
        match frame {
            Ok(_) if !self.connected => return false,
            Ok(frame) => self.output.extend_from_slice(&frame),
            Err(error) => {
                log::error!("ubus: a message that can't be sent: {error}");
                return false;
            }
        }
        self.overflow |= self.output.len() > MAX_OUTPUT;
        true
    }

    fn next_seq(&mut self) -> u16 {
        let mut seq = self.seq.wrapping_add(1);
        while self.pending.contains_key(&seq) && seq != self.seq {
            seq = seq.wrapping_add(1);
        }
        self.seq = seq;
        seq
    }

    /// Sends a request and keeps what its answer is for. `None` when it can't be sent.
    fn request(&mut self, seq: u16, peer: u32, what: Expected, frame: say::Frame) -> Option<u16> {
        if !self.send(frame) {
            what.fail(Error::Gone);
            return None;
        }
        self.pending.insert(seq, Pending { peer, what });
        Some(seq)
    }

    // --- what handles ask for ---

    pub fn call(&mut self, object: u32, method: &str, args: &Value, answer: Promise<Answer>) -> Option<u16> {
        let seq = self.next_seq();
        let what = Expected::Call { answer, replies: Vec::new(), budget: MAX_REPLIES, malformed: None };
        self.request(seq, object, what, say::invoke(seq, object, method, args))
    }

    pub fn lookup(&mut self, path: &str, answer: Promise<Result<u32, Error>>) -> Option<u16> {
        let seq = self.next_seq();
        let what = Expected::Lookup { answer, path: path.to_string(), found: None };
        self.request(seq, 0, what, say::lookup(seq, Some(path)))
    }

    /// An event for all who listen; a refusal is logged.
    pub fn event(&mut self, id: &str, data: &Value) {
        let seq = self.next_seq();
        self.request(seq, EVENT_OBJECT, Expected::Nobody("event"), say::event(seq, id, data));
    }

    /// To the subscribers of our object at `path`; nothing is sent when there are none.
    pub fn notify(&mut self, path: &str, kind: &str, data: &Value) {
        if let Some((object, true)) = self.own(path) {
            // ubusd answers a notification that wants no replies only when it refuses it.
            let seq = self.next_seq();
            self.send(say::notify(seq, object, kind, data));
        }
    }

    pub fn known(&self, path: &str) -> Option<u32> {
        self.paths.get(path).copied()
    }

    pub fn forget(&mut self, path: &str) {
        self.paths.remove(path);
    }

    /// Nobody waits for this request any more.
    pub fn cancel(&mut self, seq: u16) {
        self.pending.remove(&seq);
    }

    /// `ready` fires when it is worth looking `path` up again.
    pub fn wait(&mut self, path: &str, ready: Promise<()>) {
        self.waiting.retain(|(_, waiter)| !waiter.is_closed());
        self.waiting.push((path.to_string(), ready));
        self.ensure_ear();
    }

    pub fn register(&mut self, role: Role) -> Key {
        if matches!(role, Role::Subscription { .. }) {
            self.ensure_ear();
        }
        let key = self.next_key;
        self.next_key = key.wrapping_add(1);
        self.registrations.insert(key, Registration { role, object: None });
        if self.connected {
            self.start(key);
        }
        key
    }

    pub fn unregister(&mut self, key: Key) {
        if let Some(object) = self.registrations.remove(&key).and_then(|gone| gone.object) {
            self.remove_object(object);
        }
    }

    pub(super) fn remove_object(&mut self, object: u32) {
        let seq = self.next_seq();
        self.request(seq, 0, Expected::Nobody("remove_object"), say::remove_object(seq, object));
    }

    /// The number of our own object at this path, and whether anyone subscribed.
    pub fn own(&self, wanted: &str) -> Option<(u32, bool)> {
        self.registrations.values().find_map(|registration| match &registration.role {
            Role::Object { path, subscribed, .. } if path == wanted => {
                registration.object.map(|object| (object, *subscribed))
            }
            _ => None,
        })
    }

    fn ensure_ear(&mut self) {
        if !self.registrations.values().any(|registration| matches!(registration.role, Role::Ear)) {
            self.register(Role::Ear);
        }
    }

    // --- registering, step by step ---

    pub(super) fn start(&mut self, key: Key) {
        let seq = self.next_seq();
        let frame = match self.registrations.get(&key).map(|registration| &registration.role) {
            Some(Role::Object { path, methods, .. }) => say::add_object(seq, Some((path, methods))),
            Some(_) => say::add_object(seq, None),
            None => return,
        };
        self.request(seq, 0, Expected::Add(key), frame);
    }

    /// ubusd took (or refused) our object.
    pub(super) fn added(&mut self, key: Key, status: Status) {
        let Some(registration) = self.registrations.get(&key) else { return };
        let object = registration.object.filter(|_| status == Status::Ok);
        match (&registration.role, object) {
            (Role::Object { path, .. }, None) => {
                // The name is taken (an old process of ours that still dies), or not allowed.
                log::warn!("ubus: object {path} refused: {}", status.label());
                self.ensure_ear();
            }
            (Role::Object { path, .. }, Some(_)) => log::debug!("ubus: object {path} registered"),
            (_, None) => log::warn!("ubus: anonymous object refused: {}", status.label()),
            (Role::Listener { pattern, .. }, Some(object)) => {
                let pattern = pattern.clone();
                self.listen(key, object, &pattern);
            }
            (Role::Ear, Some(object)) => self.listen(key, object, OBJECT_EVENTS),
            (Role::Subscription { .. }, Some(_)) => self.find_target(key),
        }
    }

    fn listen(&mut self, key: Key, object: u32, pattern: &str) {
        let seq = self.next_seq();
        self.request(seq, EVENT_OBJECT, Expected::Register(key), say::register(seq, object, pattern));
    }

    pub(super) fn listening(&mut self, key: Key, status: Status) {
        if status != Status::Ok {
            log::warn!("ubus: listening to events refused: {}", status.label());
        }
        if matches!(self.registrations.get(&key).map(|ear| &ear.role), Some(Role::Ear)) {
            // What came before we listened was not heard: look again.
            self.waiting.drain(..).for_each(|(_, ready)| ready.send(()).unwrap_or_default());
            self.absent_targets(None).into_iter().for_each(|key| self.find_target(key));
            self.retry_refused(None);
        }
    }

    /// Objects (at `wanted`) that ubusd refused: their name may be free now.
    pub(super) fn retry_refused(&mut self, wanted: Option<&str>) {
        let asked =
            |key: Key| self.pending.values().any(|p| matches!(p.what, Expected::Add(added) if added == key));
        let refused = |(key, registration): &(&Key, &Registration)| match &registration.role {
            Role::Object { path, .. } if wanted.is_none_or(|wanted| path == wanted) => {
                registration.object.is_none() && !asked(**key)
            }
            _ => false,
        };
        let keys: Vec<Key> = self.registrations.iter().filter(refused).map(|(key, _)| *key).listed();
        keys.into_iter().for_each(|key| self.start(key));
    }

    /// Registered subscriptions whose target (at `path`) is not there yet.
    pub(super) fn absent_targets(&self, wanted: Option<&str>) -> Vec<Key> {
        let absent = |registration: &Registration| match &registration.role {
            Role::Subscription { path, target: Target::Absent, .. } => {
                registration.object.is_some() && wanted.is_none_or(|wanted| path == wanted)
            }
            _ => false,
        };
        self.registrations.iter().filter(|(_, reg)| absent(reg)).map(|(key, _)| *key).listed()
    }

    pub(super) fn set_target(&mut self, key: Key, new: Target) {
        if let Some(Role::Subscription { target, .. }) =
            self.registrations.get_mut(&key).map(|reg| &mut reg.role)
        {
            *target = new;
        }
    }

    pub(super) fn find_target(&mut self, key: Key) {
        let seq = self.next_seq();
        let frame = match self.registrations.get(&key).map(|registration| &registration.role) {
            Some(Role::Subscription { path, .. }) => say::lookup(seq, Some(path)),
            _ => return,
        };
        self.set_target(key, Target::Finding);
        self.request(seq, 0, Expected::Find(key, None), frame);
    }

    pub(super) fn subscribe(&mut self, key: Key, target: u32) {
        let Some(subscriber) = self.registrations.get(&key).and_then(|registration| registration.object)
        else {
            return;
        };
        self.set_target(key, Target::Subscribing(target));
        let seq = self.next_seq();
        self.request(seq, 0, Expected::Subscribe(key), say::subscribe(seq, subscriber, target));
    }

    pub(super) fn subscribed(&mut self, key: Key, status: Status) {
        let Some(registration) = self.registrations.get_mut(&key) else { return };
        let Role::Subscription { path, target, notices } = &mut registration.role else { return };
        match (status, *target) {
            (Status::Ok, Target::Subscribing(id)) => {
                *target = Target::Attached(id);
                drop(notices.send(Notice::Attached));
            }
            // It was replaced between the lookup and now.
            (Status::NotFound, _) => self.find_target(key),
            (status, _) => {
                log::warn!("ubus: subscribing to {path} refused: {}", status.label());
                *target = Target::Absent;
            }
        }
    }
}

impl Registration {
    /// A subscription lost its target.
    pub(super) fn detach(&mut self) {
        if let Role::Subscription { target, notices, .. } = &mut self.role {
            if matches!(target, Target::Attached(_)) {
                drop(notices.send(Notice::Lost));
            }
            *target = Target::Absent;
        }
    }
}

impl Expected {
    pub(super) fn fail(self, error: Error) {
        match self {
            Expected::Call { answer, .. } => drop(answer.send(Err(Failure::Error(error)))),
            Expected::Lookup { answer, .. } => drop(answer.send(Err(error))),
            Expected::Add(_)
            | Expected::Register(_)
            | Expected::Find(..)
            | Expected::Subscribe(_)
            | Expected::Nobody(_) => {}
        }
    }
}
