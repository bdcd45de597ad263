//! A double of netifd that behaves as the real one was seen to, as tasks of the test's own
//! runtime: objects `network`, `network.interface` and `network.interface.NAME`, and the
//! protocol handler run for each interface with proto `uwand`.
//!
//! Contract: states, status codes and order of events as the real netifd's (see
//! `interface`), for a handler that declares `no-proto-task`. Everything that happens is in
//! [`Netifd::log`] with its time; what the real one would get wrong is in
//! [`Netifd::complaints`].

use super::handler::config_text;
use super::interface::{Effect, Interface};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, spawn_local, yield_now};
use tokio::time::{Instant, timeout};
use uwand::ubus::{Client, Method, Object, Request, Source, Status};

use uwand::json::{Value, json};

pub use super::handler::{Call, Handler};
pub use super::interface::State;

/// netifd kills a teardown after this.
const TEARDOWN: Duration = Duration::from_secs(5);

macro_rules! methods {
    ($($name:literal)*) => { &[$(Method { name: $name, args: &[] }),*] };
}
/// No declared arguments: what has the wrong type is absent for netifd, not an error.
const NETWORK: &[Method] = methods!("restart" "reload" "add_dynamic" "get_proto_handlers");
const INTERFACES: &[Method] =
    methods!("up" "down" "renew" "status" "dump" "notify_proto" "remove" "set_data");
const INTERFACE: &[Method] = methods!("up" "down" "renew" "status" "notify_proto" "remove" "set_data");

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Handler(Call),
    /// A teardown ran into netifd's limit.
    Killed,
    /// A line that the handler printed.
    Line(String),
    /// What notify_proto was called with and answered.
    Notify {
        args: Value,
        status: Status,
    },
    State(State),
    Updated,
    Dynamic(Value),
}

#[derive(Debug, Clone)]
pub struct Event {
    pub at: Instant,
    pub interface: String,
    pub what: What,
}

type Settled = Box<dyn Fn(&str, Option<&Value>)>;

/// A netifd with its configuration; clones are the same one.
#[derive(Clone)]
pub struct Netifd(Rc<Daemon>);

struct Daemon {
    open: Box<dyn Fn() -> Source>,
    handler: Handler,
    /// `/etc/config/network`.
    config: RefCell<BTreeMap<String, Value>>,
    netdevs: RefCell<Vec<String>>,
    process: RefCell<Option<Process>>,
    log: RefCell<Vec<Event>>,
    complaints: RefCell<Vec<String>>,
    changed: Notify,
    settled: RefCell<Option<Settled>>,
}

/// What is gone when netifd is killed.
struct Process {
    client: Client,
    interfaces: BTreeMap<String, Interface>,
    scripts: HashMap<String, AbortHandle>,
    tasks: HashMap<String, AbortHandle>,
    since: HashMap<String, Instant>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.tasks.values().chain(self.scripts.values()).for_each(AbortHandle::abort);
    }
}

impl Netifd {
    /// Running, with no interface; `open` gives the way to ubusd, for each start anew.
    pub fn start(open: impl Fn() -> Source + 'static, handler: Handler) -> Self {
        let netifd = Netifd(Rc::new(Daemon {
            open: Box::new(open),
            handler,
            config: RefCell::default(),
            netdevs: RefCell::new(vec!["wwan0".into()]),
            process: RefCell::default(),
            log: RefCell::default(),
            complaints: RefCell::default(),
            changed: Notify::new(),
            settled: RefCell::default(),
        }));
        netifd.spawn();
        netifd
    }

    /// As `kill -9`: no teardown, addresses stay; procd starts it again with [`Netifd::spawn`].
    pub fn kill(&self) {
        self.0.process.take();
    }

    /// Starts the process: objects, then a setup for every interface.
    pub fn spawn(&self) {
        let client = Client::start(patient((self.0.open)()));
        let (interfaces, scripts) = (BTreeMap::new(), HashMap::new());
        let (tasks, since) = (HashMap::new(), HashMap::new());
        self.0.process.replace(Some(Process { client, interfaces, scripts, tasks, since }));
        self.serve("network", NETWORK);
        self.serve("network.interface", INTERFACES);
        let config = self.0.config.borrow().clone();
        for (name, section) in config {
            self.add(&name, section, false);
        }
    }

    /// Offers an object; its requests come to `handle`.
    fn serve(&self, path: &str, methods: &'static [Method]) {
        self.with_process(|process| {
            let mut object: Object = process.client.add_object(path, methods);
            let daemon = Rc::downgrade(&self.0);
            let task = spawn_local(async move {
                loop {
                    let request = object.recv().await;
                    let Some(daemon) = daemon.upgrade() else { return };
                    Netifd(daemon).handle(request);
                }
            });
            if let Some(old) = process.tasks.insert(path.to_string(), task.abort_handle()) {
                old.abort();
            }
        });
    }

    fn with_process<T>(&self, change: impl FnOnce(&mut Process) -> T) -> Option<T> {
        self.0.process.borrow_mut().as_mut().map(change)
    }

    fn note(&self, interface: &str, what: What) {
        let event = Event { at: Instant::now(), interface: interface.to_string(), what };
        self.0.log.borrow_mut().push(event);
        self.0.changed.notify_waiters();
    }

    // --- what a test does and sees ---

    /// Writes a section and reloads: new, changed, or (with none) removed.
    pub fn configure(&self, name: &str, section: Option<Value>) {
        match &section {
            Some(section) => self.0.config.borrow_mut().insert(name.to_string(), section.clone()),
            None => self.0.config.borrow_mut().remove(name),
        };
        if self.has(name) {
            self.change(name, |interface, effects| interface.reconfigure(section, effects));
        } else if let Some(section) = section {
            self.add(name, section, false);
        }
    }

    pub fn ifup(&self, name: &str) {
        self.change(name, Interface::set_up);
    }

    pub fn ifdown(&self, name: &str) {
        self.change(name, Interface::set_down);
    }

    pub fn renew(&self, name: &str) {
        self.change(name, Interface::renew);
    }

    /// A netdev appears.
    pub fn plug(&self, netdev: &str) {
        self.0.netdevs.borrow_mut().push(netdev.to_string());
    }

    /// A netdev goes. netifd does not notice; that is the daemon's to tell.
    pub fn unplug(&self, netdev: &str) {
        self.0.netdevs.borrow_mut().retain(|present| present != netdev);
        self.with_process(|process| process.interfaces.values_mut().for_each(|i| i.netdev_gone(netdev)));
    }

    /// Called with every change of an interface's settings: the demo sets addresses there.
    pub fn on_settings(&self, settled: impl Fn(&str, Option<&Value>) + 'static) {
        self.0.settled.replace(Some(Box::new(settled)));
    }

    pub fn has(&self, name: &str) -> bool {
        self.with_process(|process| process.interfaces.contains_key(name)).unwrap_or(false)
    }

    /// What `ifstatus NAME` prints; `null` without such an interface.
    pub fn status(&self, name: &str) -> Value {
        let status = |process: &mut Process| {
            let uptime = process.since.get(name).map_or(0, |since| since.elapsed().as_secs());
            process.interfaces.get(name).map(|interface| interface.status(uptime))
        };
        self.with_process(status).flatten().unwrap_or_default()
    }

    pub fn state(&self, name: &str) -> State {
        let state = |process: &mut Process| process.interfaces.get(name).map(|interface| interface.state);
        self.with_process(state).flatten().unwrap_or(State::Down)
    }

    pub fn is_up(&self, name: &str) -> bool {
        self.state(name) == State::Up
    }

    /// Code of the error that `ifstatus` shows, or nothing.
    pub fn error(&self, name: &str) -> String {
        self.status(name)["errors"][0]["code"].as_str().unwrap_or_default().to_string()
    }

    pub fn log(&self) -> Vec<Event> {
        self.0.log.borrow().clone()
    }

    /// What happened to one interface, without its times.
    pub fn told(&self, name: &str) -> Vec<What> {
        self.log().into_iter().filter(|event| event.interface == name).map(|event| event.what).collect()
    }

    /// How often the handler ran with this action.
    pub fn runs(&self, action: &str) -> usize {
        self.log()
            .iter()
            .filter(|event| matches!(&event.what, What::Handler(call) if call.action == action))
            .count()
    }

    /// What the real netifd would have got wrong in silence. Empty, or the test should fail.
    pub fn complaints(&self) -> Vec<String> {
        self.0.complaints.borrow().clone()
    }

    /// Waits until a condition holds; `false` when it does not within `limit`.
    pub async fn until(&self, limit: Duration, holds: impl Fn(&Netifd) -> bool) -> bool {
        let wait = async {
            loop {
                let changed = self.0.changed.notified();
                if holds(self) {
                    return;
                }
                changed.await;
            }
        };
        timeout(limit, wait).await.is_ok()
    }

    // --- the bus ---

    fn handle(&self, request: Request) {
        let args = &request.args;
        let name = match request.object.strip_prefix("network.interface.") {
            Some(name) => name.to_string(),
            None => args["interface"].as_str().unwrap_or_default().to_string(),
        };
        match (request.object.as_str(), request.method) {
            ("network", "add_dynamic") => {
                let added = self.add_dynamic(args);
                request.fail(added);
            }
            ("network", "get_proto_handlers") => request.reply(json!({"uwand": uwand::netifd::dump()})),
            ("network", _) => request.reply(Value::Null),
            (_, "dump") => request.reply(json!({"interface": self.dump()})),
            (_, _) if name.is_empty() => request.fail(Status::InvalidArgument),
            (_, _) if !self.has(&name) => request.fail(Status::NotFound),
            (_, method) => self.handle_interface(&name, method, request),
        }
    }

    fn handle_interface(&self, name: &str, method: &str, request: Request) {
        match method {
            "status" => request.reply(self.status(name)),
            "notify_proto" => {
                let netdevs = self.0.netdevs.borrow().clone();
                let args = request.args.clone();
                let notify =
                    |i: &mut Interface, effects: &mut Vec<Effect>| i.notify(&args, &netdevs, effects);
                let status = self.change(name, notify).unwrap_or(Status::NotFound);
                self.note(name, What::Notify { args, status });
                // `Ok` as well: there is no data.
                request.fail(status);
            }
            "up" | "down" | "renew" | "remove" => {
                request.reply(Value::Null);
                match method {
                    "up" => self.ifup(name),
                    "down" => self.ifdown(name),
                    "renew" => self.renew(name),
                    _ => drop(self.change(name, |interface, effects| interface.reconfigure(None, effects))),
                }
            }
            _ => request.reply(Value::Null),
        }
    }

    fn dump(&self) -> Vec<Value> {
        let names = self.with_process(|process| process.interfaces.keys().cloned().collect::<Vec<_>>());
        let entry = |name: String| {
            let mut entry = json!({ "interface": name });
            for (key, value) in self.status(&name).as_object().into_iter().flatten() {
                entry[key.as_str()] = value.clone();
            }
            entry
        };
        names.unwrap_or_default().into_iter().map(entry).collect()
    }

    /// An existing one of that name is removed, and the new configuration lost.
    fn add_dynamic(&self, args: &Value) -> Status {
        let Some(name) = args["name"].as_str() else { return Status::InvalidArgument };
        self.note(name, What::Dynamic(args.clone()));
        if self.has(name) {
            self.0.complaints.borrow_mut().push(format!("{name}: add_dynamic of an existing one removes it"));
            self.change(name, |interface, effects| interface.reconfigure(None, effects));
        } else {
            self.add(name, args.clone(), true);
        }
        Status::Ok
    }

    fn add(&self, name: &str, section: Value, dynamic: bool) {
        let auto = section["auto"] != false && section["auto"] != "0";
        let interface = Interface::new(name, section, dynamic);
        self.with_process(|process| process.interfaces.insert(name.to_string(), interface));
        self.serve(&format!("network.interface.{name}"), INTERFACE);
        if auto {
            self.ifup(name);
        }
    }

    /// Changes an interface, then does what that asks for.
    fn change<T>(&self, name: &str, change: impl FnOnce(&mut Interface, &mut Vec<Effect>) -> T) -> Option<T> {
        let mut effects = Vec::new();
        let changed = self.with_process(|process| {
            let interface = process.interfaces.get_mut(name)?;
            let before = interface.state;
            let result = change(interface, &mut effects);
            self.0.complaints.borrow_mut().append(&mut interface.complaints);
            Some((result, Some(interface.state).filter(|after| *after != before)))
        });
        let (result, moved) = changed.flatten()?;
        if let Some(state) = moved {
            self.note(name, What::State(state));
        }
        effects.into_iter().for_each(|effect| self.apply(name, effect));
        Some(result)
    }

    fn apply(&self, name: &str, effect: Effect) {
        match effect {
            Effect::Run(action) => self.run(name, action),
            Effect::Stop(told) => self.stop(name, told),
            Effect::IsUp => {
                self.with_process(|process| process.since.insert(name.to_string(), Instant::now()));
                self.announce(name, Some("ifup"), "interface.update");
            }
            Effect::IsDown => self.announce(name, Some("ifdown"), "interface.down"),
            Effect::Updated => {
                self.note(name, What::Updated);
                self.announce(name, None, "interface.update");
            }
            Effect::Settings(link) => {
                if let Some(settled) = &*self.0.settled.borrow() {
                    settled(name, link.as_ref());
                }
                if link.is_none() {
                    self.remove_children(name);
                }
            }
            Effect::Removed => {
                self.with_process(|process| {
                    process.interfaces.remove(name);
                    let task = process.tasks.remove(&format!("network.interface.{name}"));
                    task.inspect(AbortHandle::abort);
                });
                self.0.changed.notify_waiters();
            }
        }
    }

    /// Dynamic interfaces on top of this one lose their device.
    fn remove_children(&self, parent: &str) {
        let alias = format!("@{parent}");
        let on_top = |interface: &&Interface| {
            interface.config["device"] == alias || interface.config["ifname"] == alias
        };
        let children = self.with_process(|process| {
            process.interfaces.values().filter(on_top).map(|child| child.name.clone()).collect::<Vec<_>>()
        });
        for child in children.unwrap_or_default() {
            self.change(&child, |interface, effects| interface.reconfigure(None, effects));
        }
    }

    fn announce(&self, name: &str, action: Option<&str>, kind: &str) {
        let mut data = json!({ "interface": name });
        for (key, value) in self.status(name).as_object().into_iter().flatten() {
            data[key.as_str()] = value.clone();
        }
        self.with_process(|process| {
            if let Some(action) = action {
                process.client.send_event("network.interface", &json!({"action": action, "interface": name}));
            }
            process.client.notify("network.interface", kind, &data);
            process.client.notify(&format!("network.interface.{name}"), kind, &data);
        });
    }

    // --- the handler ---

    fn run(&self, name: &str, action: &'static str) {
        let config =
            self.with_process(|process| process.interfaces.get(name).map(|i| config_text(&i.config)));
        let Some(config) = config.flatten() else { return };
        let call = Call { action, interface: name.to_string(), config };
        self.note(name, What::Handler(call.clone()));
        let netifd = self.clone();
        let interface = name.to_string();
        let task = spawn_local(async move {
            let printed = netifd.clone();
            let printer = interface.clone();
            let ended = netifd.0.handler.run(call, move |line| printed.note(&printer, What::Line(line)));
            if action == "teardown" {
                if timeout(TEARDOWN, ended).await.is_err() {
                    netifd.note(&interface, What::Killed);
                }
            } else {
                ended.await;
            }
            netifd.script_ended(&interface);
        });
        self.with_process(|process| process.scripts.insert(name.to_string(), task.abort_handle()));
    }

    fn stop(&self, name: &str, told: bool) {
        self.with_process(|process| process.scripts.remove(name)).flatten().inspect(AbortHandle::abort);
        if told {
            // SIGTERM; until its end is seen, notify_proto is refused.
            let (netifd, interface) = (self.clone(), name.to_string());
            spawn_local(async move {
                yield_now().await;
                netifd.script_ended(&interface);
            });
        }
    }

    fn script_ended(&self, name: &str) {
        self.change(name, Interface::script_ended);
        self.0.changed.notify_waiters();
    }
}

/// netifd looks for a lost ubusd at once and then every two seconds.
fn patient(source: Source) -> Source {
    let Source::Streams(mut open) = source else { return source };
    let mut earliest = Instant::now();
    Source::Streams(Box::new(move || {
        if Instant::now() < earliest {
            return Err(std::io::ErrorKind::ConnectionRefused.into());
        }
        open().inspect_err(|_| earliest = Instant::now() + Duration::from_secs(2))
    }))
}
