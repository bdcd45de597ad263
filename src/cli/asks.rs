//! Commands that ask one modem something, each the daemon's method of the same name: their
//! grammar, how long they wait, how their replies are shown.
//!
//! A PIN may be given as an option, but better is not: then it is read from standard input,
//! and the list of processes does not show it.

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
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
const TEXTS: [&str; 8] = ["action", "pin", "puk", "new_pin", "number", "text", "pcap", "command"];
const FLAGS: [&str; 4] = ["force", "report", "flash", "hex"];

pub fn cells(command: Command) -> Command {
    command.args([interface(), modem()])
}

pub fn outages(command: Command) -> Command {
    let limit = Arg::new("limit").long("limit").value_name("COUNT").value_parser(value_parser!(u32));
    command.arg(interface()).arg(limit.help("So many, the newest first [default: 20]"))
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

pub fn sms(command: Command) -> Command {
    let number = Arg::new("number").value_name("NUMBER").required(true).help("Who gets it: +15550100018");
    let send = Command::new("send").about("Send a message").args([
        number,
        Arg::new("text").value_name("TEXT").help("What it says; read from standard input where missing"),
        flag("report", "Have the network report its delivery; the report comes as a message"),
        flag("flash", "To be shown at once, and not kept (class 0)"),
    ]);
    let ids = Arg::new("ids")
        .value_name("ID")
        .required(true)
        .num_args(1..)
        .value_parser(value_parser!(u32))
        .help("The numbers that the list shows");
    command
        .args([interface(), modem()])
        .mut_args(|arg| arg.global(true))
        .subcommand(Command::new("list").about("Show the messages of the store (also without a command)"))
        .subcommand(send)
        .subcommand(Command::new("delete").about("Delete messages").arg(ids))
}

pub fn at(command: Command) -> Command {
    let line = Arg::new("command").value_name("COMMAND").required(true).help("One line: AT+CSQ");
    command.arg(line).args([interface(), modem()]).arg(flag("force", "Send it though it may do harm"))
}

pub fn trace(command: Command) -> Command {
    command.args([interface(), modem()]).args([
        Arg::new("pcap")
            .long("pcap")
            .value_name("FILE")
            .conflicts_with_all(["json", "hex"])
            .help("Write a capture that Wireshark opens; - is standard output"),
        flag("hex", "Show the bytes as well"),
    ])
}

pub fn ussd(command: Command) -> Command {
    let text = Arg::new("text").value_name("TEXT").required_unless_present("cancel");
    command.args([interface(), modem()]).args([
        text.help("A code like *100#, or the answer to the network's question"),
        flag("continue", "TEXT answers the network's question"),
        flag("cancel", "End the dialogue").conflicts_with("continue"),
    ])
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

/// What was typed, as the method's arguments.
pub fn arguments(matches: &ArgMatches) -> Arguments {
    let mut arguments = Map::new();
    let outer = matches;
    let matches = match outer.subcommand() {
        Some((action, inner)) => {
            arguments.insert("action".to_string(), Value::from(action));
            inner
        }
        None => outer,
    };
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
    if let Ok(Some(ids)) = matches.try_get_many::<u32>("ids") {
        arguments.insert("ids".to_string(), ids.copied().collect());
    }
    if let Ok(Some(limit)) = matches.try_get_one::<u32>("limit") {
        arguments.insert("limit".to_string(), Value::from(*limit));
    }
    for action in ["continue", "cancel"] {
        if let Ok(Some(true)) = matches.try_get_one::<bool>(action) {
            arguments.insert("action".to_string(), Value::from(action));
        }
    }
    Arguments(arguments)
}

/// A little more than the daemon itself waits.
fn limit(method: &str) -> Duration {
    Duration::from_secs(match method {
        "sms_send" => 610,
        "at" => 365,
        "scan" | "ussd" => 200,
        "sim" | "sms_list" | "sms_delete" => 65,
        _ => 40,
    })
}

pub fn run(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let mut arguments = request.arguments.0.clone();
    let mut method = request.verb.as_str().to_string();
    match request.verb {
        Verb::Sim => read_secrets(&mut arguments)?,
        Verb::Sms => {
            let action = arguments.remove("action");
            method = format!("sms_{}", action.as_ref().and_then(Value::as_str).unwrap_or("list"));
            read_text(&method, &mut arguments)?;
        }
        _ => {}
    }
    if request.interface.is_some() || request.modem.is_some() {
        arguments.insert("modem".to_string(), Value::from(chosen_modem(globals, request)?));
    }
    let reply = bus::ask_within(globals, &method, &Value::Object(arguments), limit(&method))?;
    let style = output::style();
    print(request, &reply, |reply| match method.as_str() {
        "at" => show_asks::at(reply),
        "scan" => show_asks::networks(reply, &style),
        "sim" => show_asks::sim(reply, &style),
        "ussd" => show_asks::ussd(reply),
        "sms_list" => show_asks::messages(reply, &style),
        "sms_send" => show_asks::sent(reply),
        "sms_delete" => "deleted\n".to_string(),
        _ => show_asks::cells(reply, &style),
    })?;
    match reply.get("result").and_then(Value::as_str) {
        Some(result) if method == "at" && result != "OK" => Err(format!("the modem says {result}").into()),
        _ => Ok(()),
    }
}

/// The text of a message, where it was not typed.
fn read_text(method: &str, arguments: &mut Map<String, Value>) -> Result<(), Failure> {
    if method == "sms_send" && !arguments.contains_key("text") {
        let text = io::read_to_string(io::stdin())?;
        arguments.insert("text".to_string(), Value::from(text.trim_end_matches('\n')));
    }
    Ok(())
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
