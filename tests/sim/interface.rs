//! One interface of the netifd double: netifd's interface state and its protocol handler's
//! state, as they change together for a `no-device`, `no-proto-task` handler.
//!
//! Contract: no I/O and no clock; every method adds what is to be done to a list of
//! [`Effect`]s. What netifd would accept in silence and get wrong goes to `complaints`.

use super::settings;
use uwand::json::{Map, ToJson, Value, json};
use uwand::ubus::Status;

/// netifd's own word for where an interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Down,
    Setup,
    Up,
    Teardown,
}

/// Where the handler is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handler {
    Idle,
    Setup,
    SetupAbort,
    Teardown,
}

/// What the owner of an interface has to do, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Run the handler: `setup`, `renew` or `teardown`.
    Run(&'static str),
    /// End the running handler; with `true` it ends like one that ended by itself.
    Stop(bool),
    /// ifup, ifdown, or an update in place: for the bus.
    IsUp,
    IsDown,
    Updated,
    /// The settings that are on the netdev now; none, and interfaces on top of this one go.
    Settings(Option<Value>),
    /// The section left the configuration and the interface is down.
    Removed,
}

pub struct Interface {
    pub name: String,
    pub config: Value,
    pub state: State,
    handler: Handler,
    pub autostart: bool,
    available: bool,
    dynamic: bool,
    /// `lasterror`: the newest wins and stays until the interface is up.
    error: Option<Value>,
    link: Option<Value>,
    data: Map,
    /// The handler's process runs.
    running: bool,
    renew_pending: bool,
    /// What the configuration will be when this is down.
    next: Option<Option<Value>>,
    /// The netdev went while the link was up.
    stale: bool,
    pub complaints: Vec<String>,
}

impl Interface {
    pub fn new(name: &str, config: Value, dynamic: bool) -> Self {
        Interface {
            name: name.to_string(),
            config,
            state: State::Down,
            handler: Handler::Idle,
            autostart: false,
            available: true,
            dynamic,
            error: None,
            link: None,
            data: Map::new(),
            running: false,
            renew_pending: false,
            next: None,
            stale: false,
            complaints: Vec::new(),
        }
    }

    fn is_ours(&self) -> bool {
        self.config["proto"] == "uwand"
    }

    /// `ubus call network.interface.X up`, and what netifd does by itself.
    pub fn set_up(&mut self, effects: &mut Vec<Effect>) {
        self.autostart = true;
        if self.state != State::Down {
            return;
        }
        if !self.available {
            self.error = Some(json!({"subsystem": "interface", "code": "NO_DEVICE"}));
        } else if self.is_ours() {
            self.state = State::Setup;
            self.handler = Handler::Setup;
            self.run("setup", effects);
        } else {
            // Static, or a DHCP client that succeeds at once.
            self.state = State::Up;
            effects.push(Effect::IsUp);
        }
    }

    pub fn set_down(&mut self, effects: &mut Vec<Effect>) {
        self.autostart = false;
        self.begin_down(effects);
    }

    fn begin_down(&mut self, effects: &mut Vec<Effect>) {
        if !matches!(self.state, State::Up | State::Setup) {
            return;
        }
        let was_up = self.state == State::Up;
        self.state = State::Teardown;
        if was_up {
            effects.push(Effect::IsDown);
        }
        self.teardown(effects);
    }

    fn run(&mut self, action: &'static str, effects: &mut Vec<Effect>) {
        if self.running {
            effects.push(Effect::Stop(false));
        }
        self.running = true;
        effects.push(Effect::Run(action));
    }

    fn teardown(&mut self, effects: &mut Vec<Effect>) {
        self.renew_pending = false;
        match self.handler {
            Handler::Setup if self.running => {
                self.handler = Handler::SetupAbort;
                effects.push(Effect::Stop(true));
            }
            Handler::Setup | Handler::Idle if self.is_ours() => {
                self.handler = Handler::Teardown;
                self.run("teardown", effects);
            }
            Handler::Setup | Handler::Idle => self.is_down(effects),
            Handler::SetupAbort | Handler::Teardown => {}
        }
    }

    pub fn renew(&mut self, effects: &mut Vec<Effect>) {
        match self.state {
            State::Down | State::Teardown => {}
            State::Setup | State::Up if self.running => self.renew_pending = true,
            State::Setup | State::Up => self.run("renew", effects),
        }
    }

    /// The handler's process ended, or was ended.
    pub fn script_ended(&mut self, effects: &mut Vec<Effect>) {
        self.running = false;
        match self.handler {
            Handler::Setup | Handler::Idle if self.renew_pending => {
                self.renew_pending = false;
                self.run("renew", effects);
            }
            // Without a proto task netifd waits for notify_proto, however long.
            Handler::Setup | Handler::Idle => {}
            Handler::SetupAbort => {
                self.handler = Handler::Idle;
                self.teardown(effects);
            }
            Handler::Teardown => {
                self.handler = Handler::Idle;
                self.is_down(effects);
            }
        }
    }

    fn is_down(&mut self, effects: &mut Vec<Effect>) {
        if self.state == State::Down {
            return;
        }
        self.mark_down(effects);
        match self.next.take() {
            Some(None) => return effects.push(Effect::Removed),
            Some(Some(config)) => self.config = config,
            None if self.dynamic => return effects.push(Effect::Removed),
            None => {}
        }
        if self.autostart {
            self.set_up(effects);
        }
    }

    fn mark_down(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.state, State::Up | State::Teardown) {
            effects.push(Effect::IsDown);
        }
        self.state = State::Down;
        self.stale = false;
        self.data = Map::new();
        self.link = None;
        effects.push(Effect::Settings(None));
    }

    fn link_lost(&mut self, effects: &mut Vec<Effect>) {
        if self.state == State::Up {
            self.mark_down(effects);
            self.state = State::Setup;
        }
    }

    /// A section of the configuration as it is after `network reload`; none when it is gone.
    pub fn reconfigure(&mut self, config: Option<Value>, effects: &mut Vec<Effect>) {
        if config.as_ref() == Some(&self.config) {
            return;
        }
        if self.state == State::Down {
            match config {
                Some(config) => {
                    self.config = config;
                    self.set_up(effects);
                }
                None => effects.push(Effect::Removed),
            }
            return;
        }
        self.next = Some(config);
        self.begin_down(effects);
    }

    /// The netdev went, or came back: netifd does not notice.
    pub fn netdev_gone(&mut self, netdev: &str) {
        self.stale |= self.link.as_ref().is_some_and(|link| link["ifname"] == netdev);
    }

    // --- notify_proto ---

    pub fn notify(&mut self, args: &Value, netdevs: &[String], effects: &mut Vec<Effect>) -> Status {
        let ending = matches!(self.handler, Handler::SetupAbort | Handler::Teardown);
        match args["action"].as_i64() {
            Some(0 | 1 | 6 | 7) if ending => Status::PermissionDenied,
            Some(0) => self.update_link(args, netdevs, effects),
            Some(1 | 2 | 6) => Status::Ok,
            Some(3) => self.set_error(args),
            Some(4) => {
                self.autostart = false;
                Status::Ok
            }
            Some(5) => match args["available"].as_bool() {
                Some(available) => self.set_available(available, effects),
                None => Status::InvalidArgument,
            },
            Some(7) => {
                if self.handler == Handler::Idle {
                    self.link_lost(effects);
                }
                self.teardown(effects);
                Status::Ok
            }
            _ => Status::InvalidArgument,
        }
    }

    fn set_available(&mut self, available: bool, effects: &mut Vec<Effect>) -> Status {
        if self.available != available {
            self.available = available;
            if !available {
                self.begin_down(effects);
            } else if self.autostart {
                self.set_up(effects);
            }
        }
        Status::Ok
    }

    fn set_error(&mut self, args: &Value) -> Status {
        let words = args["error"].as_array().filter(|words| words.iter().all(Value::is_string));
        match words.map(Vec::as_slice) {
            Some([code, data @ ..]) if data.len() < 15 => {
                let mut error = json!({"subsystem": self.config["proto"], "code": code});
                if !data.is_empty() {
                    error["data"] = data.to_json();
                }
                self.error = Some(error);
                Status::Ok
            }
            _ => Status::InvalidArgument,
        }
    }

    fn update_link(&mut self, args: &Value, netdevs: &[String], effects: &mut Vec<Effect>) -> Status {
        match args["link-up"].as_bool() {
            None => return Status::InvalidArgument,
            Some(false) => {
                self.link_lost(effects);
                return Status::Ok;
            }
            Some(true) => {}
        }
        let Some(ifname) = args["ifname"].as_str() else { return Status::InvalidArgument };
        if !netdevs.iter().any(|netdev| netdev == ifname) {
            if self.state == State::Up {
                self.complain(format!("{ifname} is not there: all addresses are lost"));
            }
            return Status::UnknownError;
        }
        self.check(args);
        self.take_data(&args["data"]);
        let old = self.link.replace(args.clone());
        effects.push(Effect::Settings(Some(args.clone())));
        if self.state == State::Setup {
            self.state = State::Up;
            self.error = None;
            effects.push(Effect::IsUp);
        } else if old.is_some_and(|old| settings::is_update(&old, args)) {
            effects.push(Effect::Updated);
        }
        self.handler = Handler::Idle;
        Status::Ok
    }

    /// Merged by key; nothing goes while the link is up.
    fn take_data(&mut self, data: &Value) {
        for (key, value) in data.as_object().into_iter().flatten() {
            self.data.insert(key.clone(), value.clone());
        }
    }

    fn complain(&mut self, what: String) {
        self.complaints.push(format!("{}: {what}", self.name));
    }

    fn check(&mut self, args: &Value) {
        let mut found = settings::check(args);
        if let Some(old) = &self.link {
            found.extend(settings::check_change(old, args));
        }
        if self.state == State::Down {
            found.push("link-up while down: addresses without an interface".to_string());
        }
        if std::mem::take(&mut self.stale) && self.state == State::Up {
            found.push(
                "link-up on a netdev that went and came back, without link-down: nothing is set".to_string(),
            );
        }
        found.into_iter().for_each(|what| self.complain(what));
    }

    /// What `ifstatus` prints.
    pub fn status(&self, uptime: u64) -> Value {
        let mut table = Map::new();
        table.insert("up".into(), (self.state == State::Up).into());
        table.insert("pending".into(), (self.state == State::Setup).into());
        table.insert("available".into(), self.available.into());
        table.insert("autostart".into(), self.autostart.into());
        table.insert("dynamic".into(), self.dynamic.into());
        if self.state == State::Up {
            table.insert("uptime".into(), uptime.into());
        }
        table.insert("proto".into(), self.config["proto"].clone());
        if let (State::Up, Some(link)) = (self.state, &self.link) {
            settings::status(link, &mut table);
        }
        table.insert("data".into(), Value::Object(self.data.clone()));
        if let Some(error) = &self.error {
            table.insert("errors".into(), json!([error]));
        }
        Value::Object(table)
    }
}
