//! The grammar of the command line.
//!
//! Contract: [`parse`] does no I/O and prints nothing. netifd's handler does not come here:
//! `main` recognises it first, because building this tree costs more than its whole answer.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::asks;
use super::grammar::{self, Command, Else, Many, Opt, Positional, Typed, any};
use crate::few::Listed;
use crate::globals::{Globals, parse_level};
use crate::json::Map;
use crate::words;

words! {
    /// The commands for people.
    pub enum Verb {
        Status = "status",
        Watch = "watch",
        Signal = "signal",
        Cells = "cells",
        Scan = "scan",
        Sim = "sim",
        Sms = "sms",
        Ussd = "ussd",
        At = "at",
        Trace = "trace",
        Reconnect = "reconnect",
        Reset = "reset",
        Explain = "explain",
        Outages = "outages",
        Doctor = "doctor",
        Metrics = "metrics",
        Migrate = "migrate",
    }
}

/// What a person asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub verb: Verb,
    pub json: bool,
    pub interface: Option<String>,
    pub modem: Option<String>,
    /// What the daemon's method of that name gets beside the modem.
    pub arguments: Arguments,
}

/// Arguments of a method; they may hold a PIN or a message.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Arguments(pub Map);

impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Invocation {
    Daemon(Globals),
    /// netifd's arguments, verbatim.
    Netifd(Globals, Vec<OsString>),
    Person(Globals, Request),
    /// Help or version: to be printed, and that was all.
    Print(String),
}

/// `args` with the program's name first; `globals` as the environment gives them. The error
/// is what to tell on stderr.
pub fn parse(args: impl Iterator<Item = OsString>, globals: Globals) -> Result<Invocation, String> {
    let typed = match grammar::parse(&UWAND, &mut args.skip(1)) {
        Ok(typed) => typed,
        Err(Else::Help(text)) => return Ok(Invocation::Print(text)),
        Err(Else::Version) => {
            return Ok(Invocation::Print(concat!("uwand ", env!("CARGO_PKG_VERSION"), "\n").into()));
        }
        Err(Else::Wrong(text)) => return Err(text),
    };
    let globals = over(globals, &typed);
    match typed.commands.first().copied() {
        Some("daemon") => Ok(Invocation::Daemon(globals)),
        Some("netifd") => {
            Ok(Invocation::Netifd(globals, typed.values("args").map(OsStr::to_os_string).listed()))
        }
        Some(verb) => {
            let verb = Verb::parse(verb).ok_or_else(|| format!("{verb}: not a command; see uwand --help"))?;
            asks::check(verb, &typed).map_err(|what| format!("uwand {verb}: {what}\n"))?;
            Ok(Invocation::Person(globals, request(verb, &typed)))
        }
        None => Err("a command is needed; see uwand --help".to_string()),
    }
}

fn request(verb: Verb, typed: &Typed) -> Request {
    let text = |name| typed.text(name).map(str::to_string);
    Request {
        verb,
        json: typed.has("json"),
        interface: text("interface"),
        modem: text("modem"),
        arguments: asks::arguments(typed),
    }
}

fn over(mut globals: Globals, typed: &Typed) -> Globals {
    let path = |name: &str| typed.value(name).map(PathBuf::from);
    if let Some(path) = path("ubus-socket") {
        globals.ubus_sockets = vec![path];
    }
    if let Some(path) = path("sysfs") {
        globals.sysfs = path;
    }
    if let Some(path) = path("run-dir") {
        globals.run_dir = path;
    }
    if let Some(level) = typed.text("log-level").and_then(|level| parse_level(level).ok()) {
        globals.log_level = Some(level);
    }
    globals
}

/// The whole grammar.
pub const UWAND: Command = Command {
    name: "uwand",
    about: "Cellular WAN daemon for OpenWrt",
    options: &[GLOBAL],
    positionals: &[],
    commands: &[
        Command { options: &[], ..command("daemon", "Run the daemon in the foreground (for procd)") },
        Command {
            options: &[],
            positionals: &[Positional {
                many: Many::Rest,
                ..one("args", "What netifd gives to a protocol handler")
            }],
            ..command("netifd", "Answer netifd as its protocol handler (for netifd)")
        },
        command("status", "Show interfaces and modems"),
        command("watch", "Show them live, and every change"),
        command("signal", "Show the signal of the serving cell"),
        command("cells", "Show serving and neighbour cells"),
        command("scan", "Look for networks; it takes minutes"),
        asks::SIM,
        asks::SMS,
        asks::USSD,
        asks::AT,
        asks::TRACE,
        Command {
            options: OF_INTERFACE,
            ..command("reconnect", "Drop an interface's connection and dial anew")
        },
        asks::RESET,
        Command { options: OF_INTERFACE, ..command("explain", "Say what seems wrong, and what comes next") },
        asks::OUTAGES,
        Command {
            options: &[JSON],
            ..command("doctor", "Look for what keeps a modem from working; needs no daemon")
        },
        Command { options: &[JSON], ..command("metrics", "Print the state as OpenMetrics") },
        asks::MIGRATE,
    ],
};

/// A command about interfaces and modems.
pub(super) const fn command(name: &'static str, about: &'static str) -> Command {
    Command { name, about, options: &[JSON, INTERFACE, MODEM], positionals: &[], commands: &[] }
}

pub(super) const fn one(name: &'static str, help: &'static str) -> Positional {
    Positional { name, many: Many::One, help, check: any }
}

pub(super) const fn flag(name: &'static str, help: &'static str) -> Opt {
    Opt { name, short: ' ', value: "", help, check: any }
}

pub(super) const fn option(name: &'static str, value: &'static str, help: &'static str) -> Opt {
    Opt { name, short: ' ', value, help, check: any }
}

const OF_INTERFACE: &[&[Opt]] = &[JSON, INTERFACE];
pub(super) const JSON: &[Opt] = &[flag("json", "Print JSON")];
pub(super) const INTERFACE: &[Opt] = &[Opt {
    short: 'i',
    check: is_name,
    ..option("interface", "NAME", "Only this interface of /etc/config/network")
}];
pub(super) const MODEM: &[Opt] = &[Opt {
    short: 'm',
    check: is_name,
    ..option("modem", "ID", "Only this modem, by its id or device as status shows them")
}];
const GLOBAL: &[Opt] = &[
    option(
        "ubus-socket",
        "PATH",
        "Where ubusd listens [default: /var/run/ubus/ubus.sock, /var/run/ubus.sock]",
    ),
    option("sysfs", "PATH", "Where sysfs is mounted [default: /sys]"),
    option("run-dir", "PATH", "Where state is kept over restarts [default: /var/run/uwand]"),
    Opt {
        check: is_level,
        ..option(
            "log-level",
            "LEVEL",
            "error, warn, info, debug, trace or off [default: info for the daemon, else error]",
        )
    },
];

fn is_name(value: &str) -> Result<(), &'static str> {
    if value.is_empty() { Err("a name is needed; `uwand status` shows the names") } else { Ok(()) }
}

fn is_level(value: &str) -> Result<(), &'static str> {
    parse_level(value).map(|_| ())
}

pub(super) fn is_number(value: &str) -> Result<(), &'static str> {
    value.parse::<u32>().map(|_| ()).map_err(|_| "a whole number is needed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Value;

    fn parsed(line: &[&str]) -> Result<Invocation, String> {
        let args = std::iter::once("uwand").chain(line.iter().copied()).map(OsString::from);
        parse(args, Globals::default())
    }

    fn no_name_twice(path: &mut Vec<&'static Command>) {
        let command = path[path.len() - 1];
        let mut names: Vec<&str> =
            path.iter().flat_map(|c| c.options.iter().copied().flatten()).map(|o| o.name).collect();
        names.extend(command.positionals.iter().map(|p| p.name));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "{}", command.name);
        let (last, others) = command.positionals.split_last().map_or((None, &[][..]), |(l, o)| (Some(l), o));
        assert!(others.iter().all(|p| p.many == Many::One), "{}", command.name);
        assert!(last.is_none_or(|p| command.commands.is_empty() || p.many != Many::Rest));
        for inner in command.commands {
            path.push(inner);
            no_name_twice(path);
            path.pop();
        }
    }

    #[test]
    fn the_grammar_is_sound() {
        no_name_twice(&mut vec![&UWAND]);
    }

    #[test]
    fn every_verb_has_its_command_and_its_help() {
        for verb in Verb::ALL {
            let Ok(Invocation::Print(help)) = parsed(&[verb.as_str(), "--help"]) else { panic!("{verb}") };
            assert!(help.contains(&format!("Usage: uwand {verb} [OPTIONS]")), "{help}");
            assert!(help.contains("--log-level <LEVEL>"), "{help}");
        }
        let Ok(Invocation::Print(help)) = parsed(&["help", "sms", "send"]) else { panic!("help") };
        assert!(help.contains("<NUMBER> [TEXT]") && help.contains("-m, --modem <ID>"), "{help}");
    }

    #[test]
    fn options_may_stand_anywhere_in_each_of_their_spellings() {
        for line in [
            &["signal", "-m", "x", "--json"][..],
            &["signal", "-mx", "--json"],
            &["signal", "--json", "--modem=x"],
            &["--log-level=info", "signal", "-m=x", "--json", "--sysfs", "/s"],
        ] {
            let Ok(Invocation::Person(_, request)) = parsed(line) else { panic!("{line:?}") };
            assert_eq!((request.modem.as_deref(), request.json), (Some("x"), true), "{line:?}");
        }
        let Ok(Invocation::Person(_, request)) = parsed(&["sms", "send", "--", "+1", "-m"]) else {
            panic!("--")
        };
        assert_eq!(request.arguments.0.get("text"), Some(&"-m".into()));
        for line in [
            &["signal", "-m", "x", "-m", "y"][..],
            &["signal", "--json=1"],
            &["signal", "-m"],
            &["at", "A", "B"],
        ] {
            assert!(parsed(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn what_was_meant_is_guessed() {
        let error = |line: &[&str]| parsed(line).expect_err("wrong");
        assert!(error(&["statsu"]).contains("did you mean status?"));
        assert!(error(&["status", "--jsno"]).contains("did you mean --json?"));
        assert!(error(&["sms", "lst"]).contains("did you mean list?"));
    }

    #[test]
    fn an_option_wins_over_the_environment() {
        let globals = Globals { sysfs: "/env".into(), ..Globals::default() };
        let line = ["uwand", "daemon", "--sysfs", "/option"].map(OsString::from);
        let Ok(Invocation::Daemon(globals)) = parse(line.into_iter(), globals) else { panic!("daemon") };
        assert_eq!(globals.sysfs, PathBuf::from("/option"));
    }

    #[test]
    fn netifds_arguments_pass_verbatim_after_global_options() {
        let line = ["--run-dir", "/r", "netifd", "uwand", "setup", "-i", "{\"apn\":\"\"}", ""];
        let Ok(Invocation::Netifd(globals, args)) = parsed(&line) else { panic!("netifd") };
        assert_eq!(globals.run_dir, PathBuf::from("/r"));
        assert_eq!(args, ["uwand", "setup", "-i", "{\"apn\":\"\"}", ""].map(OsString::from));
        let Ok(Invocation::Netifd(_, args)) = parsed(&["netifd", "", "dump"]) else { panic!("dump") };
        assert_eq!(args, ["", "dump"].map(OsString::from));
    }

    #[test]
    fn a_request_knows_its_verb_and_filters() {
        let Ok(Invocation::Person(_, request)) = parsed(&["signal", "--json", "-m", "1-1.2"]) else {
            panic!("person")
        };
        let expected = Request {
            verb: Verb::Signal,
            json: true,
            interface: None,
            modem: Some("1-1.2".into()),
            arguments: Arguments::default(),
        };
        assert_eq!(request, expected);
    }

    #[test]
    fn a_message_is_sent_by_a_command_in_a_command() {
        let Ok(Invocation::Person(_, request)) =
            parsed(&["sms", "send", "+1555", "hi", "--flash", "-m", "x"])
        else {
            panic!("person")
        };
        assert_eq!((request.verb, request.modem.as_deref()), (Verb::Sms, Some("x")));
        let expected = crate::json!({"action": "send", "number": "+1555", "text": "hi", "flash": true});
        assert_eq!(Value::Object(request.arguments.0), expected);
        assert!(parsed(&["sms", "delete"]).is_err() && parsed(&["ussd"]).is_err());
        assert!(parsed(&["ussd", "--cancel"]).is_ok() && parsed(&["sms"]).is_ok());
    }

    #[test]
    fn wrong_use_is_told_with_the_value_and_the_remedy() {
        let error = parsed(&["status", "--log-level", "loud"]).expect_err("wrong");
        assert!(
            error.contains("'loud'") && error.contains("--log-level") && error.contains("trace"),
            "{error}"
        );
        let error = parsed(&["status", "-i", ""]).expect_err("wrong");
        assert!(error.contains("--interface") && error.contains("`uwand status` shows"), "{error}");
        assert!(parsed(&["reconnect", "--modem", "x"]).is_err());
        assert!(parsed(&[]).is_err());
    }
}
