//! Commands that ask one modem something, each the daemon's method of the same name: their
//! grammar, how long they wait, how their replies are shown.
//!
//! A PIN may be given as an option, but better is not: then it is read from standard input,
//! and the list of processes does not show it.

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value};

use super::args::{Arguments, Request, Verb, interface, modem};
use super::{Failure, bus, chosen_modem, output, print, show_asks};
use crate::globals::Globals;
use crate::words;

words! {
    /// What `sim` does.
    pub enum SimAction {
        Status = "status",
        Unlock = "unlock",
        Unblock = "unblock",
        Enable = "pin_enable",
        Disable = "pin_disable",
        Change = "pin_change",
    }
}

/// The options that become arguments of the method, by the name that they have there.
const TEXTS: [&str; 4] = ["action", "pin", "puk", "new_pin"];
const FLAGS: [&str; 1] = ["force"];

pub fn cells(command: Command) -> Command {
    command.args([interface(), modem()])
}

pub fn scan(command: Command) -> Command {
    command.args([interface(), modem()])
}

pub fn sim(command: Command) -> Command {
    let actions: Vec<&str> = SimAction::ALL.iter().map(|action| action.as_str()).collect();
    let action = Arg::new("action")
        .value_name("ACTION")
        .default_value("status")
        .value_parser(actions)
        .help("What to do with the SIM");
    let secret = |name: &'static str, long: &'static str, help: &'static str| {
        Arg::new(name).long(long).value_name("DIGITS").help(help)
    };
    command.arg(action).args([interface(), modem()]).args([
        secret("pin", "pin", "The PIN; read from standard input where it is missing"),
        secret("puk", "puk", "The PUK, for unblock; likewise"),
        secret("new_pin", "new-pin", "The PIN to have from now on; likewise"),
        flag("force", "Send it even with one try left"),
    ])
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

/// What was typed, as the method's arguments.
pub fn arguments(matches: &ArgMatches) -> Arguments {
    let mut arguments = Map::new();
    for name in TEXTS {
        if let Ok(Some(text)) = matches.try_get_one::<String>(name) {
            arguments.insert(name.to_string(), Value::from(text.clone()));
        }
    }
    for name in FLAGS {
        if let Ok(Some(true)) = matches.try_get_one::<bool>(name) {
            arguments.insert(name.to_string(), Value::from(true));
        }
    }
    Arguments(arguments)
}

/// A little more than the daemon itself waits.
fn limit(verb: Verb) -> Duration {
    Duration::from_secs(match verb {
        Verb::Scan => 200,
        Verb::Sim => 65,
        _ => 40,
    })
}

pub fn run(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let mut arguments = request.arguments.0.clone();
    if request.verb == Verb::Sim {
        read_secrets(&mut arguments)?;
    }
    if request.interface.is_some() || request.modem.is_some() {
        arguments.insert("modem".to_string(), Value::from(chosen_modem(globals, request)?));
    }
    let reply =
        bus::ask_within(globals, request.verb.as_str(), &Value::Object(arguments), limit(request.verb))?;
    let style = output::style();
    print(request, &reply, |reply| match request.verb {
        Verb::Scan => show_asks::networks(reply, &style),
        Verb::Sim => show_asks::sim(reply, &style),
        _ => show_asks::cells(reply, &style),
    })
}

/// What the action needs and was not typed comes from standard input, a line each.
fn read_secrets(arguments: &mut Map<String, Value>) -> Result<(), Failure> {
    let action = arguments.get("action").and_then(Value::as_str).and_then(SimAction::parse);
    let needed: &[&str] = match action {
        None | Some(SimAction::Status) => &[],
        Some(SimAction::Unlock | SimAction::Enable | SimAction::Disable) => &["pin"],
        Some(SimAction::Unblock) => &["puk", "new_pin"],
        Some(SimAction::Change) => &["pin", "new_pin"],
    };
    for name in needed.iter().filter(|name| !arguments.contains_key(**name)).collect::<Vec<_>>() {
        let option = name.replace('_', "-");
        if io::stdin().is_terminal() {
            write!(io::stderr(), "{option}: ")?;
        }
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        let digits = line.trim();
        if digits.is_empty() {
            return Err(format!("--{option} is missing, and standard input has no line for it").into());
        }
        arguments.insert(name.to_string(), Value::from(digits));
    }
    Ok(())
}
