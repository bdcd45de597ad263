//! A request that somebody invoked on one of our objects.
//!
//! Contract: a [`Request`] is answered exactly once, at any time later: by `reply`, `fail`,
//! `fail_with`, or, when it is dropped, with `Unknown error`, so that no caller waits for
//! something forgotten. An answer to a caller of an earlier connection goes nowhere.

use super::blob::parse_table;
use super::message::{Message, Method, Status, say};
use super::router::Router;
use std::cell::RefCell;
use std::rc::Rc;
use tokio::sync::Notify;

use crate::json::Value;

/// Where answers go: the connection's state and the bell of its task.
pub(super) struct Line {
    pub router: RefCell<Router>,
    pub wake: Notify,
}

/// What a request needs to answer.
#[derive(Clone)]
pub(super) struct Origin {
    pub line: Rc<Line>,
    pub generation: u32,
}

/// One call of one method.
pub struct Request {
    /// The path of our object.
    pub object: String,
    pub method: &'static str,
    /// Always a JSON object. Declared arguments have their type or are absent; others
    /// (LuCI adds `ubus_rpc_session`) are there as they came.
    pub args: Value,
    /// Who asks, by the credentials of its socket.
    pub user: Option<String>,
    pub group: Option<String>,
    seq: u16,
    peer: u32,
    id: u32,
    no_reply: bool,
    /// Taken by the answer.
    origin: Option<Origin>,
}

impl Request {
    /// The status says why it is not one that the owner needs to see.
    pub(super) fn new(
        message: &Message,
        object: &str,
        methods: &'static [Method],
        origin: &Origin,
    ) -> Result<Self, Status> {
        let name = message.method.ok_or(Status::InvalidArgument)?;
        let method = methods.iter().find(|method| method.name == name).ok_or(Status::MethodNotFound)?;
        let data = message.data.ok_or(Status::InvalidArgument)?;
        let mut args = parse_table(data).map_err(|error| {
            log::debug!("ubus: {object} {name}: {error}");
            Status::InvalidArgument
        })?;
        check(method, &mut args)?;
        Ok(Request {
            object: object.to_string(),
            method: method.name,
            args,
            user: message.user.map(str::to_string),
            group: message.group.map(str::to_string),
            seq: message.seq,
            peer: message.peer,
            id: message.object.ok_or(Status::InvalidArgument)?,
            no_reply: message.no_reply,
            origin: Some(origin.clone()),
        })
    }

    /// The answer, and the end. `null` answers without data.
    pub fn reply(self, data: Value) {
        self.finish(Status::Ok, &data);
    }

    pub fn fail(self, status: Status) {
        self.finish(status, &Value::Null);
    }

    /// Why it failed in words, then the status.
    pub fn fail_with(self, status: Status, data: Value) {
        self.finish(status, &data);
    }

    fn finish(mut self, status: Status, data: &Value) {
        if let Some(origin) = self.origin.take() {
            self.answer(&origin, status, data);
        }
    }

    fn answer(&self, origin: &Origin, status: Status, data: &Value) {
        let mut router = origin.line.router.borrow_mut();
        if self.no_reply || router.generation() != origin.generation {
            return;
        }
        let told = data.is_null() || router.send(say::reply(self.seq, self.peer, self.id, data));
        let status = if told { status } else { Status::UnknownError };
        router.send(say::status(self.seq, self.peer, self.id, status));
        origin.line.wake.notify_one();
    }

    /// It is being answered elsewhere.
    pub(super) fn disarm(&mut self) {
        self.origin = None;
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if let Some(origin) = self.origin.take() {
            self.answer(&origin, Status::UnknownError, &Value::Null);
        }
    }
}

/// A declared argument must have its type; `null` is the same as absent.
fn check(method: &Method, args: &mut Value) -> Result<(), Status> {
    let Some(table) = args.as_object_mut() else { return Err(Status::InvalidArgument) };
    for (name, kind) in method.args {
        match table.get(name) {
            Some(Value::Null) => drop(table.remove(name)),
            Some(value) if !kind.admits(value) => {
                log::debug!("ubus: {}: argument {name} has another type", method.name);
                return Err(Status::InvalidArgument);
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}
