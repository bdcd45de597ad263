//! The world of the demo: the bed, its network device, and who tells what happens in it.

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr};
use tokio::task::spawn_local;
use tokio::time::timeout;
use uwand::mbim::Service;

use super::carrier::Carrier;
use super::sim::bed::{Bed, NETDEV, WAN};
use super::sim::modem::{Asked, Setup};
use super::sim::netifd::{Netifd, State, What};
use super::timeline::{Timeline, Who};
use uwand::json::{Value, json};

pub struct World {
    pub bed: Bed,
    pub line: Rc<Timeline>,
    /// Without one there are no packets.
    pub carrier: Option<Rc<Carrier>>,
    daemon: RefCell<Option<Child>>,
}

impl World {
    pub async fn start(
        line: Rc<Timeline>,
        program: PathBuf,
        forbidden: Option<String>,
    ) -> Result<World, String> {
        let bed =
            Bed::new("demo", &program, Setup::default()).map_err(|error| format!("no world: {error}"))?;
        line.heading("A router in a nutshell");
        let carrier = match forbidden.map_or_else(Carrier::new, Err) {
            Ok(carrier) => {
                line.dim("  real: the daemon, netifd's handler, wwan0 with addresses and routes, pings");
                Some(carrier)
            }
            Err(why) => {
                line.dim(&format!("  no network of its own: {why}"));
                line.dim("  real: the daemon, netifd's handler; no packets");
                None
            }
        };
        line.dim("  simulated: the modem and its network, ubusd, netifd");
        if let Some(carrier) = &carrier {
            let above = carrier.clone();
            bed.netifd.on_settings(move |_, link| above.apply(link));
            spawn_local(carrier.clone().serve(bed.modem.clone()));
        }
        spawn_local(tell_netifd(line.clone(), bed.netifd.clone()));
        let world = World { bed, line, carrier, daemon: RefCell::default() };
        world.start_daemon().await?;
        // Without a network device there is nothing to probe.
        let watchdog = if world.carrier.is_some() { "1" } else { "0" };
        let options = json!({"watchdog": watchdog, "watchdog_interval": "5", "watchdog_timeout": "1"});
        world.bed.configure(&options);
        Ok(world)
    }

    pub async fn start_daemon(&self) -> Result<(), String> {
        let started = self.bed.start_daemon(&[], Stdio::piped()).await;
        let mut daemon = started.map_err(|error| format!("{}: {error}", self.bed.program.display()))?;
        if let Some(log) = daemon.stderr.take() {
            spawn_local(tell_log(self.line.clone(), log));
        }
        self.daemon.replace(Some(daemon));
        Ok(())
    }

    /// As `kill -9`.
    pub async fn kill_daemon(&self) -> Result<(), String> {
        let Some(mut daemon) = self.daemon.take() else { return Ok(()) };
        daemon.kill().await.map_err(|error| format!("kill -9 of the daemon: {error}"))
    }

    /// The daemon ends when it is asked to, and nobody has seen anything wrong.
    pub async fn end(self) -> Result<(), String> {
        if let Some(mut daemon) = self.daemon.take() {
            if let Some(id) = daemon.id().and_then(|id| i32::try_from(id).ok()) {
                // One that ended already is found out by the wait.
                let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
            }
            match timeout(Duration::from_secs(2), daemon.wait()).await {
                Ok(Ok(status)) if status.success() => {}
                Ok(status) => return Err(format!("the daemon ended badly: {status:?}")),
                Err(_) => return Err("the daemon does not end within 2 s of SIGTERM".into()),
            }
        }
        let refused = self.carrier.iter().flat_map(|carrier| carrier.refused.take());
        let wrong: Vec<String> = self.bed.netifd.complaints().into_iter().chain(refused).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n      ")) }
    }

    /// Names of the control messages so far.
    pub fn messages(&self) -> Vec<String> {
        self.bed.modem.seen().into_iter().map(|seen| name(&seen.asked)).collect()
    }
}

fn name(asked: &Asked) -> String {
    match asked {
        Asked::Open => "open".into(),
        Asked::Close => "close".into(),
        Asked::HostError => "error".into(),
        Asked::Command { service, cid, .. } => match service.command(*cid) {
            "" => format!("{} {cid}", Service::label(*service)),
            name => name.to_string(),
        },
    }
}

/// The daemon's own log.
async fn tell_log(line: Rc<Timeline>, log: ChildStderr) {
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        line.say(Who::Daemon, text.strip_prefix("uwand: ").unwrap_or(&text));
    }
}

async fn tell_netifd(line: Rc<Timeline>, netifd: Netifd) {
    let mut told = 0;
    loop {
        netifd.until(Duration::from_secs(3600), |netifd| netifd.log().len() > told).await;
        let log = netifd.log();
        for event in log.iter().skip(told) {
            if let Some((who, text)) = words(&netifd, &event.what) {
                line.say_at(event.at, who, &text);
            }
        }
        told = log.len();
    }
}

fn words(netifd: &Netifd, what: &What) -> Option<(Who, String)> {
    let told = match what {
        What::Handler(call) if call.action == "teardown" => {
            (Who::Handler, format!("uwand netifd uwand teardown {}", call.interface))
        }
        What::Handler(call) => {
            let config = short(&call.config);
            (Who::Handler, format!("uwand netifd uwand {} {} '{config}'", call.action, call.interface))
        }
        What::State(State::Up) => (Who::Netifd, format!("{WAN} is up: {}", settings(&netifd.status(WAN)))),
        What::State(State::Down) => (Who::Netifd, format!("{WAN} is down")),
        What::State(State::Setup) => (Who::Netifd, format!("{WAN} is in setup")),
        What::Updated => (Who::Netifd, format!("{WAN} stays up, now with {}", settings(&netifd.status(WAN)))),
        What::Notify { args, .. } if args["action"] == 3 => {
            let parts: Vec<&str> =
                args["error"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            (Who::Netifd, format!("ifstatus {WAN} shows: {}", parts.join(", ")))
        }
        What::Line(text) => (Who::Handler, text.clone()),
        What::Killed => (Who::Handler, "killed after 5 s".into()),
        What::State(State::Teardown) | What::Notify { .. } | What::Dynamic(_) => return None,
    };
    Some(told)
}

/// The configuration without the paths of this world.
fn short(config: &str) -> String {
    let Ok(Value::Object(config)) = uwand::json::from_str(config) else { return config.to_string() };
    let few = config.into_iter().filter(|(key, _)| ["proto", "apn", "netdev"].contains(&key.as_str()));
    few.collect::<Value>().to_string()
}

fn settings(status: &Value) -> String {
    let list = |key: &str| status[key].as_array().cloned().unwrap_or_default();
    let addresses = ["ipv4-address", "ipv6-address"].iter().flat_map(|key| list(key));
    let mut parts: Vec<String> = addresses
        .map(|entry| format!("{}/{}", entry["address"].as_str().unwrap_or_default(), entry["mask"]))
        .collect();
    if let Some(server) = status["dns-server"][0].as_str() {
        parts.push(format!("DNS {server} …"));
    }
    if let Some(mtu) = status["route"][0]["mtu"].as_u64() {
        parts.push(format!("MTU {mtu}"));
    }
    format!("{NETDEV}, {}", parts.join(", "))
}
