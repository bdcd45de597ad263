//! What people type: `uwand status`, `watch`, `signal`, `reconnect`, and what they ask a modem.
//!
//! Contract: output for people goes to stdout and errors to stderr, each with its remedy.
//! The process ends with 0 when it did what was asked, 1 when not, 2 on wrong use. A reader
//! that goes away (`| head`) is no error. Every string that came from a modem, a network or
//! a configuration is shown with its control characters replaced.

use std::io::{self, ErrorKind, Write};
use std::pin::{Pin, pin};
use std::process::ExitCode;

use self::args::{Request, Verb};
use crate::few::Listed;
use crate::globals::Globals;
use crate::json::{Value, json};
use crate::linux::signals::{Signal, Signals};
use crate::task;

pub mod args;
mod asks;
mod bus;
mod choose;
mod doctor;
pub mod grammar;
mod help;
mod live;
mod migrate;
mod output;
mod pattern;
pub mod pcap;
pub mod show;
pub mod show_asks;
pub mod show_fault;
pub mod table;
pub mod text;
mod trace;
mod watch;

/// Why a command did not do what was asked.
enum Failure {
    /// To be told, with its remedy.
    Told(String),
    /// Standard output does not take more.
    Output(io::Error),
}

impl From<String> for Failure {
    fn from(words: String) -> Self {
        Failure::Told(words)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

/// Does what a person asked.
pub fn run(globals: &Globals, request: &Request) -> ExitCode {
    let done = match request.verb {
        Verb::Status => status(globals, request),
        Verb::Watch => watch::run(globals, request),
        Verb::Signal => signal(globals, request),
        Verb::Reconnect => reconnect(globals, request),
        Verb::Reset => reset(globals, request),
        Verb::Explain => explain(globals, request),
        Verb::Outages => outages(globals, request),
        Verb::Metrics => metrics(globals, request),
        Verb::Doctor => doctor::run(globals, request),
        Verb::Migrate => migrate::run(globals, request),
        Verb::Trace => trace::run(globals, request),
        Verb::At | Verb::Cells | Verb::Scan | Verb::Sim | Verb::Sms | Verb::Ussd => {
            asks::run(globals, request)
        }
    };
    let words = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Err(Failure::Output(error)) => format!("cannot write to standard output: {error}"),
        Err(Failure::Told(words)) => words,
    };
    // Where stderr is gone as well, the exit status has to do.
    let _ = writeln!(io::stderr(), "uwand: {words}");
    ExitCode::FAILURE
}

fn status(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let reply = bus::ask(globals, "status", &json!({}))?;
    let reply = choose::narrowed(&reply, request.interface.as_deref(), request.modem.as_deref())?;
    print(request, &reply, |reply| show::status(reply, &output::style()))
}

fn signal(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let mut args = json!({});
    if request.interface.is_some() || request.modem.is_some() {
        args["modem"] = Value::from(chosen_modem(globals, request)?);
    }
    let reply = bus::ask(globals, "signal", &args)?;
    print(request, &reply, |reply| show::signal(reply, &output::style()))
}

/// The id of the modem that `--modem` or `--interface` means.
fn chosen_modem(globals: &Globals, request: &Request) -> Result<String, String> {
    let reply = bus::ask(globals, "status", &json!({}))?;
    if let Some(name) = &request.modem {
        let id = choose::modem_id(&reply, name)?;
        choose::narrowed(&reply, request.interface.as_deref(), Some(name))?;
        return Ok(id);
    }
    let interface = request.interface.as_deref().unwrap_or_default();
    let id = choose::find_interface(&reply, interface)?;
    id.map(String::from)
        .ok_or_else(|| format!("--interface '{interface}': it has no modem now; `uwand status` shows why"))
}

fn reconnect(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let reply = bus::ask(globals, "status", &json!({}))?;
    let interface = choose::one_interface(&reply, request.interface.as_deref())?;
    let reply = bus::ask(globals, "reconnect", &json!({ "interface": interface }))?;
    let reply = if reply.is_null() { json!({}) } else { reply };
    print(request, &reply, |_| format!("{interface}: reconnecting; `uwand watch` shows how it goes\n"))
}

fn reset(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let power = request.arguments.0.get("power").and_then(Value::as_bool) == Some(true);
    let mut args = json!({ "how": if power { "power" } else { "soft" } });
    if request.interface.is_some() || request.modem.is_some() {
        args["modem"] = Value::from(chosen_modem(globals, request)?);
    }
    let reply = bus::ask(globals, "reset", &args)?;
    let along = |reply: &Value| {
        let others: Vec<&str> =
            reply["others"].as_array().into_iter().flatten().filter_map(Value::as_str).listed();
        if others.is_empty() { String::new() } else { format!("; takes along {}", others.join(", ")) }
    };
    print(request, &reply, |reply| {
        format!("restarting the modem{}; `uwand watch` shows how it goes\n", along(reply))
    })
}

fn explain(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let reply = bus::ask(globals, "status", &json!({}))?;
    let interface = choose::one_interface(&reply, request.interface.as_deref())?;
    let reply = bus::ask(globals, "explain", &json!({ "interface": interface }))?;
    print(request, &reply, |reply| show_fault::explain(reply, &output::style()))
}

fn outages(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let mut args = request.arguments.0.clone();
    if let Some(interface) = &request.interface {
        args.insert("interface".to_string(), Value::from(interface.as_str()));
    }
    let reply = bus::ask(globals, "outages", &Value::Object(args))?;
    print(request, &reply, |reply| show_fault::outages(reply, &output::style()))
}

fn metrics(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let reply = bus::ask(globals, "metrics", &json!({}))?;
    // For a machine: as it is, and the daemon has escaped it.
    let text = |reply: &Value| reply.get("text").and_then(Value::as_str).unwrap_or_default().to_string();
    print(request, &reply, text)
}

/// Works until a signal ends it, or itself.
fn until_told(
    signals: &[Signal],
    work: Pin<Box<dyn Future<Output = Result<(), Failure>> + '_>>,
) -> Result<(), Failure> {
    let runtime = task::runtime()?;
    let mut ended = Ok(());
    let either = async {
        let end = Signals::new(signals)?;
        tokio::select! {
            biased;
            ended = work => ended,
            () = end.heard() => Ok(()),
        }
    };
    task::block_on(&runtime, pin!(async { ended = either.await }));
    ended
}

fn print(request: &Request, reply: &Value, page: impl Fn(&Value) -> String) -> Result<(), Failure> {
    let text = if request.json { output::pretty(reply) } else { page(reply) };
    Ok(output::print(&text)?)
}
