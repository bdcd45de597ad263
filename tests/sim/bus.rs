//! What the double of ubusd knows and how it answers: objects, subscriptions, patterns.
//!
//! Contract: as of `ubusd`, whose inside this is; frames in, frames out.

use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use uwand::ubus::blob::{Writer, parse_table};
use uwand::ubus::message::{Builder, EVENT_OBJECT, Kind, Message, Status, id};

/// Numbers below belong to ubusd itself.
const SYSTEM_OBJECTS: u32 = 1024;

pub struct Client {
    frames: mpsc::UnboundedSender<Vec<u8>>,
    pub task: Option<AbortHandle>,
}

/// Number of the type and its encoded signature.
type Methods = (u32, Vec<u8>);

struct Object {
    client: u32,
    path: Option<String>,
    kind: Option<Methods>,
    /// The last to subscribe is told first.
    subscribers: Vec<u32>,
    invoke_seq: u16,
}

#[derive(Default)]
pub struct Bus {
    pub running: bool,
    pub received: usize,
    random: u32,
    event_seq: u16,
    pub clients: BTreeMap<u32, Client>,
    objects: BTreeMap<u32, Object>,
    /// Pattern without its star, whether it had one, listening object.
    patterns: Vec<(String, bool, u32)>,
    pub denied: Vec<(String, String)>,
}

/// What a handler says: a status for the caller, or nothing (it was answered or passed on).
type Verdict = Option<Status>;

impl Bus {
    pub fn stop(&mut self) {
        for client in self.clients.values() {
            client.task.as_ref().inspect(|task| task.abort());
        }
        let (random, denied) = (self.random, std::mem::take(&mut self.denied));
        *self = Bus { random, denied, ..Bus::default() };
    }

    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = self.objects.values().filter_map(|object| object.path.clone()).collect();
        paths.sort();
        paths
    }

    /// Never one that was used before, over restarts too.
    fn number(&mut self) -> u32 {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if self.random < SYSTEM_OBJECTS { self.number() } else { self.random }
    }

    fn send(&self, client: u32, frame: Builder) {
        if let Some(client) = self.clients.get(&client) {
            drop(client.frames.send(frame.finish().expect("a frame of bounded parts")));
        }
    }

    pub fn welcome(&mut self, frames: mpsc::UnboundedSender<Vec<u8>>) -> u32 {
        let client = self.number();
        self.clients.insert(client, Client { frames, task: None });
        self.send(client, Builder::new(Kind::Hello, 0, client));
        client
    }

    pub fn farewell(&mut self, client: u32) {
        let mine = |(_, object): &(&u32, &Object)| object.client == client;
        let gone: Vec<u32> = self.objects.iter().filter(mine).map(|(number, _)| *number).collect();
        gone.into_iter().for_each(|object| self.free(object));
        self.clients.remove(&client);
    }

    pub fn frame(&mut self, client: u32, frame: &[u8]) {
        self.received += 1;
        let message = Message::parse(frame).expect("the length was checked");
        let verdict = match message.kind {
            Kind::Ping => self.ping(client, &message, frame),
            Kind::Lookup => Some(self.lookup(client, &message)),
            Kind::Invoke => self.invoke(client, &message),
            Kind::AddObject => Some(self.add(client, &message)),
            Kind::RemoveObject => Some(self.remove(client, &message)),
            Kind::Status | Kind::Data => self.response(client, &message, frame),
            Kind::Subscribe => Some(self.subscribe(client, &message)),
            Kind::Unsubscribe => Some(self.unsubscribe(client, &message)),
            Kind::Notify => self.notify(client, &message),
            Kind::Hello | Kind::Monitor | Kind::Other(_) => Some(Status::InvalidCommand),
        };
        if let Some(status) = verdict {
            let frame = Builder::new(Kind::Status, message.seq, message.peer);
            self.send(client, frame.number(id::STATUS, status.into()));
        }
    }

    /// The request itself comes back as data.
    fn ping(&self, client: u32, message: &Message, frame: &[u8]) -> Verdict {
        let mut pong = frame.to_vec();
        pong[1] = Kind::Data.into();
        pong[0] = 0;
        debug_assert_eq!(message.kind, Kind::Ping);
        if let Some(client) = self.clients.get(&client) {
            drop(client.frames.send(pong));
        }
        Some(Status::Ok)
    }

    fn lookup(&self, client: u32, message: &Message) -> Status {
        let (prefix, partial) = match message.path {
            None => ("", true),
            Some("") => return Status::InvalidArgument,
            Some(path) => path.strip_suffix('*').map_or((path, false), |prefix| (prefix, true)),
        };
        let matches = |path: &str| if partial { path.starts_with(prefix) } else { path == prefix };
        let mut found: Vec<(&String, u32, &Methods)> = Vec::new();
        let mut any = false;
        for (number, object) in &self.objects {
            let Some(path) = object.path.as_ref().filter(|path| matches(path)) else { continue };
            any = true;
            // An object without methods is there, but not told.
            found.extend(object.kind.as_ref().map(|kind| (path, *number, kind)));
        }
        found.sort();
        for (path, number, (kind, methods)) in found {
            let frame = Builder::new(Kind::Data, message.seq, message.peer).string(id::OBJPATH, path);
            let frame = frame.number(id::OBJID, number).number(id::OBJTYPE, *kind);
            self.send(client, frame.bytes(id::SIGNATURE, methods));
        }
        if any || message.path.is_none() { Status::Ok } else { Status::NotFound }
    }

    fn is_denied(&self, path: Option<&str>, method: &str) -> bool {
        let matches = |(p, m): &(String, String)| Some(p.as_str()) == path && (m.is_empty() || m == method);
        self.denied.iter().any(matches)
    }

    fn invoke(&mut self, client: u32, message: &Message) -> Verdict {
        let (Some(method), Some(number)) = (message.method, message.object) else {
            return Some(Status::InvalidArgument);
        };
        if number == EVENT_OBJECT {
            return Some(self.event_object(client, method, message.data));
        }
        let Some(object) = self.objects.get(&number) else { return Some(Status::NotFound) };
        if self.is_denied(object.path.as_deref(), method) {
            return Some(Status::PermissionDenied);
        }
        let frame = Builder::new(Kind::Invoke, message.seq, client);
        self.send(object.client, forwarded(frame, number, method, message.data));
        None
    }

    fn event_object(&mut self, client: u32, method: &str, data: Option<&[u8]>) -> Status {
        let Some(data) = data else { return Status::InvalidArgument };
        let args = parse_table(data).unwrap_or_default();
        match method {
            "register" => {
                let (Some(object), Some(pattern)) = (args["object"].as_i64(), args["pattern"].as_str())
                else {
                    return Status::InvalidArgument;
                };
                let Ok(object) = u32::try_from(object & 0xffff_ffff) else { return Status::InvalidArgument };
                match self.objects.get(&object) {
                    None => return Status::NotFound,
                    Some(owned) if owned.client != client || pattern.is_empty() => {
                        return Status::PermissionDenied;
                    }
                    Some(_) => {}
                }
                let (key, partial) = pattern.strip_suffix('*').map_or((pattern, false), |key| (key, true));
                self.patterns.push((key.to_string(), partial, object));
                Status::Ok
            }
            "send" => match (args["id"].as_str(), &args["data"]) {
                (Some(event), _) if event.starts_with("ubus.") => Status::PermissionDenied,
                (Some(event), table) if table.is_object() => {
                    let mut writer = Writer::new();
                    writer.table(table);
                    let table = writer.finish(1 << 20).expect("it came in one frame");
                    self.event(Some(client), event, &table);
                    Status::Ok
                }
                _ => Status::InvalidArgument,
            },
            _ => Status::InvalidCommand,
        }
    }

    /// Once to each listening object, never to the sender's own.
    fn event(&mut self, sender: Option<u32>, event: &str, data: &[u8]) {
        let matches = |key: &str, partial: bool| if partial { event.starts_with(key) } else { event == key };
        let mut listeners: Vec<u32> = self
            .patterns
            .iter()
            .filter(|(key, partial, _)| matches(key, *partial))
            .map(|(.., object)| *object)
            .collect();
        listeners.sort_unstable();
        listeners.dedup();
        for number in listeners {
            let Some(object) = self.objects.get(&number).filter(|object| Some(object.client) != sender)
            else {
                continue;
            };
            self.event_seq = self.event_seq.wrapping_add(1);
            let frame = Builder::new(Kind::Invoke, self.event_seq, 0).number(id::OBJID, number);
            self.send(object.client, frame.string(id::METHOD, event).bytes(id::DATA, data));
        }
    }

    fn object_event(&mut self, event: &str, number: u32, path: &str) {
        let mut writer = Writer::new();
        writer.u32("id", number);
        writer.text("path", path);
        let data = writer.finish(1 << 20).expect("a path fits");
        self.event(None, event, &data);
    }

    fn add(&mut self, client: u32, message: &Message) -> Status {
        let kind = message.signature.map(<[u8]>::to_vec).map(|methods| (self.number(), methods));
        if message
            .path
            .is_some_and(|path| self.objects.values().any(|object| object.path.as_deref() == Some(path)))
        {
            return Status::InvalidArgument;
        }
        let number = self.number();
        if let Some(path) = message.path {
            self.object_event("ubus.object.add", number, path);
        }
        let mut frame = Builder::new(Kind::Data, message.seq, message.peer).number(id::OBJID, number);
        if let Some((kind, _)) = &kind {
            frame = frame.number(id::OBJTYPE, *kind);
        }
        let path = message.path.map(str::to_string);
        self.objects.insert(number, Object { client, path, kind, subscribers: Vec::new(), invoke_seq: 0 });
        self.send(client, frame);
        Status::Ok
    }

    fn remove(&mut self, client: u32, message: &Message) -> Status {
        let Some(number) = message.object else { return Status::InvalidArgument };
        let Some(object) = self.objects.get(&number) else { return Status::NotFound };
        if object.client != client {
            return Status::PermissionDenied;
        }
        let mut frame = Builder::new(Kind::Data, message.seq, message.peer).number(id::OBJID, number);
        if let Some((kind, _)) = &object.kind {
            frame = frame.number(id::OBJTYPE, *kind);
        }
        self.send(client, frame);
        self.free(number);
        Status::Ok
    }

    fn free(&mut self, number: u32) {
        let Some(object) = self.objects.remove(&number) else { return };
        let targets: Vec<u32> = self
            .objects
            .iter()
            .filter(|(_, o)| o.subscribers.contains(&number))
            .map(|(target, _)| *target)
            .collect();
        targets.into_iter().for_each(|target| self.end_subscription(number, target));
        for subscriber in object.subscribers {
            self.tell_unsubscribed(subscriber, number);
        }
        self.patterns.retain(|(.., listener)| *listener != number);
        if let Some(path) = object.path {
            self.object_event("ubus.object.remove", number, &path);
        }
    }

    fn tell_unsubscribed(&mut self, subscriber: u32, target: u32) {
        let Some(object) = self.objects.get_mut(&subscriber) else { return };
        object.invoke_seq = object.invoke_seq.wrapping_add(1);
        let (client, seq) = (object.client, object.invoke_seq);
        let frame = Builder::new(Kind::Unsubscribe, seq, 0).number(id::OBJID, subscriber);
        self.send(client, frame.number(id::TARGET, target));
    }

    /// Only the owner of an object may answer for it, and only to a client that is there.
    fn response(&self, client: u32, message: &Message, frame: &[u8]) -> Verdict {
        let object = message.object?;
        let complete = match message.kind {
            Kind::Status => message.status.is_some(),
            _ => message.data.is_some(),
        };
        let caller = self.clients.get(&message.peer)?;
        if complete && self.objects.get(&object)?.client == client {
            let mut frame = frame.to_vec();
            frame[4..8].copy_from_slice(&object.to_be_bytes());
            drop(caller.frames.send(frame));
        }
        None
    }

    fn subscribe(&mut self, client: u32, message: &Message) -> Status {
        let (Some(number), Some(target)) = (message.object, message.target) else {
            return Status::InvalidArgument;
        };
        match (self.objects.get(&number), self.objects.get(&target)) {
            (None, _) | (_, None) => return Status::NotFound,
            (Some(own), Some(target)) if own.client != client || target.client == client => {
                return Status::InvalidArgument;
            }
            _ => {}
        }
        let Some(object) = self.objects.get_mut(&target) else { return Status::NotFound };
        object.subscribers.insert(0, number);
        if object.subscribers.len() == 1 {
            self.tell_active(target);
        }
        Status::Ok
    }

    fn unsubscribe(&mut self, client: u32, message: &Message) -> Status {
        let (Some(number), Some(target)) = (message.object, message.target) else {
            return Status::InvalidArgument;
        };
        if self.objects.get(&number).is_none_or(|object| object.client != client) {
            return Status::InvalidArgument;
        }
        if !self.objects.get(&target).is_some_and(|object| object.subscribers.contains(&number)) {
            return Status::NotFound;
        }
        self.end_subscription(number, target);
        Status::Ok
    }

    fn end_subscription(&mut self, subscriber: u32, target: u32) {
        let Some(object) = self.objects.get_mut(&target) else { return };
        object.subscribers.retain(|number| *number != subscriber);
        if object.subscribers.is_empty() {
            self.tell_active(target);
        }
    }

    /// The owner hears whether anyone is subscribed at all.
    fn tell_active(&mut self, target: u32) {
        let Some(object) = self.objects.get_mut(&target) else { return };
        object.invoke_seq = object.invoke_seq.wrapping_add(1);
        let (client, seq, active) = (object.client, object.invoke_seq, !object.subscribers.is_empty());
        let frame = Builder::new(Kind::Notify, seq, 0).number(id::OBJID, target);
        self.send(client, frame.flag(id::ACTIVE, active));
    }

    fn notify(&mut self, client: u32, message: &Message) -> Verdict {
        let (Some(method), Some(number)) = (message.method, message.object) else {
            return Some(Status::InvalidArgument);
        };
        let Some(object) = self.objects.get(&number) else { return Some(Status::NotFound) };
        if object.client != client {
            return Some(Status::PermissionDenied);
        }
        if !message.no_reply {
            let mut list = Writer::new();
            object.subscribers.iter().for_each(|subscriber| list.attr(0, &subscriber.to_be_bytes()));
            let list = list.finish(1 << 20).expect("a list of numbers fits");
            let frame = Builder::new(Kind::Status, message.seq, message.peer).number(id::OBJID, number);
            self.send(client, frame.bytes(id::SUBSCRIBERS, &list).number(id::STATUS, 0));
        }
        for subscriber in &object.subscribers {
            let Some(target) = self.objects.get(subscriber).map(|object| object.client) else { continue };
            let mut frame = Builder::new(Kind::Invoke, message.seq, client);
            if message.no_reply {
                frame = frame.flag(id::NO_REPLY, true);
            }
            self.send(target, forwarded(frame, *subscriber, method, message.data));
        }
        None
    }
}

/// The caller's credentials come from its socket; data is passed on unchecked.
fn forwarded(frame: Builder, object: u32, method: &str, data: Option<&[u8]>) -> Builder {
    let frame = frame.number(id::OBJID, object).string(id::METHOD, method);
    let frame = frame.string(id::USER, "root").string(id::GROUP, "root");
    match data {
        Some(data) => frame.bytes(id::DATA, data),
        None => frame,
    }
}
