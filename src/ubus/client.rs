//! The handle that the daemon holds: call, offer objects, listen, subscribe.
//!
//! Contract: everything registered here is registered again whenever ubusd comes back; a
//! request in flight then ends in [`Error::Gone`]. Every future may be dropped at any time.
//! Needs a tokio `LocalSet`; nothing here is `Send`.
//!
//! Why not one channel for everything? Each of these is awaited by another part of the
//! daemon, and a slow one must not delay the others.

use super::connection::{Source, run};
use super::message::{Method, Status};
use super::request::{Line, Request};
use super::router::{Answer, Failure, Key, Role, Router, Target};
use crate::queue::{Receiver, promise, queue};
use crate::task;
use crate::wire::Malformed;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use crate::json::Value;

/// Requests that may wait for their object's owner; the next one gets `Out of memory`.
const REQUESTS: usize = 32;
const EVENTS: usize = 64;

/// Why a call gave no value.
#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    /// No ubusd, or it or the called process went away meanwhile.
    Gone,
    Timeout,
    /// The reply is no blobmsg.
    Malformed(Malformed),
    /// A status other than `Ok`; `data` is what was sent before it, else `null`.
    Refused {
        status: Status,
        data: Value,
    },
}

impl Error {
    pub(super) fn refused(status: Status) -> Self {
        Error::Refused { status, data: Value::Null }
    }

    /// The status, for those who only want to tell one refusal from another.
    pub fn status(&self) -> Option<Status> {
        match self {
            Error::Refused { status, .. } => Some(*status),
            Error::Gone | Error::Timeout | Error::Malformed(_) => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Gone => f.write_str("ubus: connection or object gone"),
            Error::Timeout => f.write_str("ubus: no answer in time"),
            Error::Malformed(error) => write!(f, "ubus: {error}"),
            Error::Refused { status: Status::Other(code), .. } => write!(f, "ubus: status {code}"),
            Error::Refused { status, .. } => write!(f, "ubus: {}", status.label()),
        }
    }
}

impl std::error::Error for Error {}

/// Whether there is a ubusd; the number tells one connection from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    Disconnected,
    Connected(u32),
}

/// An event of a pattern that was listened to.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: String,
    pub data: Value,
}

/// What a subscription tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// The object is there and subscribed to; again after its process or ubusd restarted.
    Attached,
    Lost,
    Message {
        kind: String,
        data: Value,
    },
}

/// A connection to ubusd that renews itself. Clones share it; it ends with the last one.
#[derive(Clone)]
pub struct Client {
    shared: Rc<Shared>,
}

struct Shared {
    line: Rc<Line>,
    state: watch::Receiver<Connection>,
    task: AbortHandle,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Forgets a request when nobody waits for it any more.
struct Ticket<'a> {
    line: &'a Line,
    seq: Option<u16>,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(seq) = self.seq {
            self.line.router.borrow_mut().cancel(seq);
        }
    }
}

impl Client {
    /// Connects in a task of its own, now and whenever the connection ends.
    pub fn start(source: Source) -> Self {
        let line = Rc::new(Line { router: RefCell::new(Router::default()), wake: Notify::new() });
        let (sender, state) = watch::channel(Connection::Disconnected);
        let task = crate::task::spawn(run(line.clone(), source, sender)).abort_handle();
        Client { shared: Rc::new(Shared { line, state, task }) }
    }

    /// Follows the connection. A change to another `Connected` means that ubusd restarted.
    pub fn state(&self) -> watch::Receiver<Connection> {
        self.shared.state.clone()
    }

    /// Returns when there is a connection.
    pub async fn connected(&self) {
        let mut state = self.state();
        // The sender lives in the task, which lives as long as this handle.
        drop(state.wait_for(|state| *state != Connection::Disconnected).await);
    }

    /// Changes the router, then rings for its output to be sent.
    fn with<T>(&self, change: impl FnOnce(&mut Router) -> T) -> T {
        let result = change(&mut self.shared.line.router.borrow_mut());
        self.shared.line.wake.notify_one();
        result
    }

    fn ticket(&self, seq: Option<u16>) -> Ticket<'_> {
        Ticket { line: &self.shared.line, seq }
    }

    /// Calls a method; `args` is an object or `null`. Gives the first reply, or `null`
    /// where the method answers without one. Without a connection it fails at once.
    pub async fn invoke(
        &self,
        path: &str,
        method: &str,
        args: &Value,
        limit: Duration,
    ) -> Result<Value, Error> {
        let replies = self.invoke_all(path, method, args, limit).await?;
        Ok(replies.into_iter().next().unwrap_or_default())
    }

    /// Like `invoke`, with every reply of a method that sends several.
    pub async fn invoke_all(
        &self,
        path: &str,
        method: &str,
        args: &Value,
        limit: Duration,
    ) -> Result<Vec<Value>, Error> {
        task::timeout(limit, self.exchange(path, method, args)).await.unwrap_or(Err(Error::Timeout))
    }

    async fn exchange(&self, path: &str, method: &str, args: &Value) -> Result<Vec<Value>, Error> {
        let object = self.find(path).await?;
        match self.call(object, method, args).await {
            Ok(replies) => return Ok(replies),
            Err(Failure::Error(error)) => return Err(error),
            Err(Failure::Stale) => {}
        }
        // Its process restarted since the last call.
        self.shared.line.router.borrow_mut().forget(path);
        let object = self.find(path).await?;
        self.call(object, method, args).await.map_err(|failure| match failure {
            Failure::Error(error) => error,
            Failure::Stale => Error::refused(Status::NotFound),
        })
    }

    async fn call(&self, object: u32, method: &str, args: &Value) -> Answer {
        let (sender, answer) = promise();
        let _ticket = self.ticket(self.with(|router| router.call(object, method, args, sender)));
        answer.await.unwrap_or(Err(Failure::Error(Error::Gone)))
    }

    async fn find(&self, path: &str) -> Result<u32, Error> {
        let known = self.shared.line.router.borrow().known(path);
        if let Some(object) = known {
            return Ok(object);
        }
        let (sender, answer) = promise();
        let _ticket = self.ticket(self.with(|router| router.lookup(path, sender)));
        answer.await.unwrap_or(Err(Error::Gone))
    }

    /// Returns when there is an object at `path`; also waits for ubusd.
    pub async fn wait_for(&self, path: &str) {
        loop {
            let (sender, ready) = promise();
            self.with(|router| {
                router.forget(path);
                router.wait(path, sender);
            });
            if self.find(path).await.is_ok() {
                return;
            }
            ready.await;
        }
    }

    /// Offers an object until the handle is dropped.
    pub fn add_object(&self, path: &str, methods: &'static [Method]) -> Object {
        let (sender, requests) = queue(REQUESTS);
        let role = Role::Object { path: path.to_string(), methods, requests: sender, subscribed: false };
        Object { requests, _registered: self.register(role) }
    }

    /// Listens to events; a pattern that ends in `*` matches all that begin like it.
    /// ubusd does not give a client its own events.
    pub fn listen(&self, pattern: &str) -> Events {
        let (sender, events) = queue(EVENTS);
        let role = Role::Listener { pattern: pattern.to_string(), events: sender };
        Events { events, _registered: self.register(role) }
    }

    /// Subscribes to the object at `path`, now or when it comes, and again when it comes back.
    pub fn subscribe(&self, path: &str) -> Subscription {
        let (sender, notices) = queue(EVENTS);
        let role = Role::Subscription { path: path.to_string(), target: Target::Absent, notices: sender };
        Subscription { notices, _registered: self.register(role) }
    }

    fn register(&self, role: Role) -> Registered {
        Registered { key: self.with(|router| router.register(role)), client: self.clone() }
    }

    /// Sends an event to all who listen; dropped without a connection. `data` is an object.
    pub fn send_event(&self, id: &str, data: &Value) {
        self.with(|router| router.event(id, data));
    }

    /// Tells the subscribers of our own object at `path`; free of cost when there are none.
    pub fn notify(&self, path: &str, kind: &str, data: &Value) {
        self.with(|router| router.notify(path, kind, data));
    }

    /// Whether anyone subscribed to our object at `path`.
    pub fn has_subscribers(&self, path: &str) -> bool {
        self.shared.line.router.borrow().own(path).is_some_and(|(_, subscribed)| subscribed)
    }
}

/// Ends a registration when its handle goes.
struct Registered {
    client: Client,
    key: Key,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.client.with(|router| router.unregister(self.key));
    }
}

/// An object of ours. Dropping it removes it from ubus.
pub struct Object {
    requests: Receiver<Request>,
    _registered: Registered,
}

impl Object {
    /// The next request for one of its methods. Unknown methods, bad arguments and a full
    /// queue are answered before they come here.
    pub async fn recv(&mut self) -> Request {
        forever(&mut self.requests).await
    }
}

/// Events of one pattern. Dropping it stops listening.
pub struct Events {
    events: Receiver<Event>,
    _registered: Registered,
}

impl Events {
    pub async fn recv(&mut self) -> Event {
        forever(&mut self.events).await
    }
}

/// Notifications of one object. Dropping it unsubscribes.
pub struct Subscription {
    notices: Receiver<Notice>,
    _registered: Registered,
}

impl Subscription {
    pub async fn recv(&mut self) -> Notice {
        forever(&mut self.notices).await
    }
}

/// The sender lives in the router until the registration goes, which is after the receiver.
async fn forever<T>(receiver: &mut Receiver<T>) -> T {
    match receiver.recv().await {
        Some(item) => item,
        None => std::future::pending().await,
    }
}
