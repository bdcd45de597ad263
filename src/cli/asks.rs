//! Commands that ask one modem something, each the daemon's method of the same name: their
//! grammar, how long they wait, how their replies are shown.
//!
//! A PIN may be given as an option, but better is not: then it is read from standard input,
//! and the list of processes does not show it.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Read, Write};
use std::time::Duration;

use super::args::{Arguments, INTERFACE, JSON, MODEM, Request, Verb, command, flag, is_number, one, option};
use super::grammar::{Command, Many, Opt, Positional, Typed};
use super::{Failure, bus, chosen_modem, output, print, show_asks};
use crate::few::Listed;
use crate::globals::Globals;
use crate::json::{Map, Value};
use crate::linux::tty;
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

/// The options that become arguments of the method, which has `_` for `-`.
const TEXTS: [&str; 8] = ["action", "pin", "puk", "new-pin", "number", "text", "pcap", "command"];
const FLAGS: [&str; 6] = ["force", "report", "flash", "hex", "apply", "power"];

pub const RESET: Command = Command {
    options: &[JSON, INTERFACE, MODEM, &[flag("power", "Cut its power instead of telling it to restart")]],
    ..command("reset", "Restart a modem")
};

pub const OUTAGES: Command = Command {
    options: &[
        JSON,
        INTERFACE,
        &[Opt { check: is_number, ..option("limit", "COUNT", "So many, the newest first [default: 20]") }],
    ],
    ..command("outages", "Show past outages and what helped")
};

pub const MIGRATE: Command = Command {
    options: &[JSON, INTERFACE, &[flag("apply", "Do it; without it only the difference is shown")]],
    ..command("migrate", "Turn sections of other protocols into ours")
};

pub const SIM: Command = Command {
    positionals: &[Positional {
        many: Many::Maybe,
        check: is_sim_action,
        ..one("action", "status (also without one), unlock, unblock, pin_enable, pin_disable or pin_change")
    }],
    options: &[
        JSON,
        INTERFACE,
        MODEM,
        &[
            option("pin", "DIGITS", "The PIN; read from standard input where it is missing"),
            option("puk", "DIGITS", "The PUK, for unblock; likewise"),
            option("new-pin", "DIGITS", "The PIN to have from now on; likewise"),
            flag("force", "Send it even with one try left"),
        ],
    ],
    ..command("sim", "Show the SIM's locks, unlock it, change its PIN")
};

fn is_sim_action(value: &str) -> Result<(), &'static str> {
    let known = SimAction::parse(value).map(|_| ());
    known.ok_or("one of status, unlock, unblock, pin_enable, pin_disable, pin_change is needed")
}

pub const SMS: Command = Command {
    commands: &[
        Command {
            options: &[],
            ..command("list", "Show the messages of the store (also without a command)")
        },
        Command {
            positionals: &[
                one("number", "Who gets it: +15550100018"),
                Positional {
                    many: Many::Maybe,
                    ..one("text", "What it says; read from standard input where missing")
                },
            ],
            options: &[&[
                flag("report", "Have the network report its delivery; the report comes as a message"),
                flag("flash", "To be shown at once, and not kept (class 0)"),
            ]],
            ..command("send", "Send a message")
        },
        Command {
            positionals: &[Positional {
                many: Many::Some,
                check: is_number,
                ..one("ids", "The numbers that the list shows")
            }],
            options: &[],
            ..command("delete", "Delete messages")
        },
    ],
    ..command("sms", "List, send and delete messages")
};

pub const AT: Command = Command {
    positionals: &[one("command", "One line: AT+CSQ")],
    options: &[JSON, INTERFACE, MODEM, &[flag("force", "Send it though it may do harm")]],
    ..command("at", "Send one AT command")
};

pub const TRACE: Command = Command {
    options: &[
        JSON,
        INTERFACE,
        MODEM,
        &[
            option("pcap", "FILE", "Write a capture that Wireshark opens; - is standard output"),
            flag("hex", "Show the bytes as well"),
        ],
    ],
    ..command("trace", "Show control messages as they pass, masked")
};

pub const USSD: Command = Command {
    positionals: &[Positional {
        many: Many::Maybe,
        ..one("text", "A code like *100#, or the answer to the network's question")
    }],
    options: &[
        JSON,
        INTERFACE,
        MODEM,
        &[
            flag("continue", "TEXT answers the network's question"),
            flag("cancel", "End the dialogue; without TEXT"),
        ],
    ],
    ..command("ussd", "Ask the network by USSD: uwand ussd '*100#'")
};

/// What the tables cannot say.
pub fn check(verb: Verb, typed: &Typed) -> Result<(), &'static str> {
    let (text, pcap) = (typed.has("text"), typed.has("pcap"));
    match verb {
        Verb::Ussd if typed.has("cancel") && (text || typed.has("continue")) => {
            Err("--cancel goes without TEXT and --continue")
        }
        Verb::Ussd if !typed.has("cancel") && !text => Err("<TEXT> is missing: a code like *100#"),
        Verb::Trace if pcap && (typed.has("json") || typed.has("hex")) => {
            Err("--pcap goes without --json and --hex")
        }
        _ => Ok(()),
    }
}

/// What was typed, as the method's arguments.
pub fn arguments(typed: &Typed) -> Arguments {
    let mut arguments = Map::new();
    let mut set = |name: &str, value: Value| arguments.insert(name.replace('-', "_"), value);
    if let Some(action) = typed.commands.get(1) {
        set("action", Value::from(*action));
    }
    for name in TEXTS {
        if let Some(text) = typed.text(name) {
            set(name, Value::from(text));
        }
    }
    for name in FLAGS.into_iter().filter(|name| typed.has(name)) {
        set(name, Value::from(true));
    }
    // The grammar let only numbers through.
    let number = |text: &OsStr| text.to_str().and_then(|text| text.parse::<u32>().ok());
    if typed.has("ids") {
        set("ids", typed.values("ids").filter_map(number).collect());
    }
    if let Some(limit) = typed.value("limit").and_then(number) {
        set("limit", Value::from(limit));
    }
    for action in ["continue", "cancel"].into_iter().filter(|action| typed.has(action)) {
        set("action", Value::from(action));
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
        Verb::Sim => {
            arguments.insert_new("action".to_string(), Value::from("status"));
            read_secrets(&mut arguments)?;
        }
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
fn read_text(method: &str, arguments: &mut Map) -> Result<(), Failure> {
    if method == "sms_send" && !arguments.contains_key("text") {
        let text = io::read_to_string(tty::input()?)?;
        arguments.insert("text".to_string(), Value::from(text.trim_end_matches('\n')));
    }
    Ok(())
}

/// Up to the end of the line, and nothing of the next one. A PUK is no longer than this.
fn read_line(input: &mut impl Read) -> io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < 80 && input.read(&mut byte)? > 0 && byte != *b"\n" {
        line.extend(byte);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// What the action needs and was not typed comes from standard input, a line each.
fn read_secrets(arguments: &mut Map) -> Result<(), Failure> {
    let action = arguments.get("action").and_then(Value::as_str).and_then(SimAction::parse);
    let needed: &[&str] = match action {
        None | Some(SimAction::Status) => &[],
        Some(SimAction::Unlock | SimAction::Enable | SimAction::Disable) => &["pin"],
        Some(SimAction::Unblock) => &["puk", "new_pin"],
        Some(SimAction::Change) => &["pin", "new_pin"],
    };
    for name in needed.iter().filter(|name| !arguments.contains_key(name)).listed() {
        let option = name.replace('_', "-");
        let mut input = tty::input()?;
        if input.is_terminal() {
            write!(io::stderr(), "{option}: ")?;
        }
        let line = read_line(&mut input)?;
        let digits = line.trim();
        if digits.is_empty() {
            return Err(format!("--{option} is missing, and standard input has no line for it").into());
        }
        arguments.insert(name.to_string(), Value::from(digits));
    }
    Ok(())
}
