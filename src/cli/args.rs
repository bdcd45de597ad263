//! The grammar of the command line.
//!
//! Contract: [`parse`] does no I/O and prints nothing. netifd's handler does not come here:
//! `main` recognises it first, because building this tree costs more than its whole answer.
//!
//! Why the builder and not derive? The derive macros need a compiler plug-in of their own,
//! and make more code than this table.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use serde_json::{Map, Value};

use super::asks;
use crate::globals::{Globals, parse_level};
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
        Explain = "explain",
        Outages = "outages",
        Metrics = "metrics",
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
pub struct Arguments(pub Map<String, Value>);

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
    let matches = match command().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(told) if told.exit_code() == 0 => return Ok(Invocation::Print(told.to_string())),
        Err(wrong) => return Err(wrong.to_string()),
    };
    let globals = over(globals, &matches);
    match matches.subcommand() {
        Some(("daemon", _)) => Ok(Invocation::Daemon(globals)),
        Some(("netifd", netifd)) => {
            let args = netifd.get_many("args").unwrap_or_default().cloned().collect();
            Ok(Invocation::Netifd(globals, args))
        }
        Some((verb, matches)) => {
            let verb = Verb::parse(verb).ok_or_else(|| format!("{verb}: not a command; see uwand --help"))?;
            Ok(Invocation::Person(globals, request(verb, matches)))
        }
        None => Err("a command is needed; see uwand --help".to_string()),
    }
}

fn request(verb: Verb, matches: &ArgMatches) -> Request {
    // What a subcommand has, `sms send`, has been told there.
    let inner = matches.subcommand().map_or(matches, |(_, inner)| inner);
    let text = |name| inner.try_get_one::<String>(name).ok().flatten().cloned();
    Request {
        verb,
        json: inner.get_flag("json"),
        interface: text("interface"),
        modem: text("modem"),
        arguments: asks::arguments(matches),
    }
}

fn over(mut globals: Globals, matches: &ArgMatches) -> Globals {
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
    if let Some(path) = path("ubus-socket") {
        globals.ubus_sockets = vec![path];
    }
    if let Some(path) = path("sysfs") {
        globals.sysfs = path;
    }
    if let Some(path) = path("run-dir") {
        globals.run_dir = path;
    }
    if let Some(level) = matches.get_one("log-level") {
        globals.log_level = Some(*level);
    }
    globals
}

/// The whole grammar.
pub fn command() -> Command {
    Command::new("uwand")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Cellular WAN daemon for OpenWrt")
        .after_help(AFTER_HELP)
        .arg_required_else_help(true)
        .subcommand_required(true)
        .args(globals())
        .subcommand(Command::new("daemon").about("Run the daemon in the foreground (for procd)"))
        .subcommand(netifd())
        .subcommand(person(Verb::Status, "Show interfaces and modems").args([interface(), modem()]))
        .subcommand(person(Verb::Watch, "Show them live, and every change").args([interface(), modem()]))
        .subcommand(person(Verb::Signal, "Show the signal of the serving cell").args([interface(), modem()]))
        .subcommand(asks::cells(person(Verb::Cells, "Show serving and neighbour cells")))
        .subcommand(asks::scan(person(Verb::Scan, "Look for networks; it takes minutes")))
        .subcommand(asks::sim(person(Verb::Sim, "Show the SIM's locks, unlock it, change its PIN")))
        .subcommand(asks::sms(person(Verb::Sms, "List, send and delete messages")))
        .subcommand(asks::ussd(person(Verb::Ussd, "Ask the network by USSD: uwand ussd '*100#'")))
        .subcommand(asks::at(person(Verb::At, "Send one AT command")))
        .subcommand(asks::trace(person(Verb::Trace, "Show control messages as they pass, masked")))
        .subcommand(person(Verb::Reconnect, "Drop an interface's connection and dial anew").arg(interface()))
        .subcommand(person(Verb::Explain, "Say what seems wrong, and what comes next").arg(interface()))
        .subcommand(asks::outages(person(Verb::Outages, "Show past outages and what helped")))
        .subcommand(person(Verb::Metrics, "Print the state as OpenMetrics"))
}

const AFTER_HELP: &str = "\
Environment: UWAND_UBUS_SOCKET, UWAND_SYSFS, UWAND_RUN_DIR and UWAND_LOG do the same as the
options of these names.
Exit status: 0 did what was asked, 1 did not, 2 wrong use.";

fn netifd() -> Command {
    let args = Arg::new("args")
        .value_name("ARGS")
        .help("What netifd gives to a protocol handler")
        .num_args(0..)
        .trailing_var_arg(true)
        .allow_hyphen_values(true)
        .value_parser(value_parser!(OsString));
    Command::new("netifd").about("Answer netifd as its protocol handler (for netifd)").arg(args)
}

fn person(verb: Verb, about: &'static str) -> Command {
    let json = Arg::new("json").long("json").help("Print JSON").action(ArgAction::SetTrue);
    Command::new(verb.as_str()).about(about).arg(json)
}

pub(super) fn interface() -> Arg {
    name("interface", 'i', "NAME", "Only this interface of /etc/config/network")
}

pub(super) fn modem() -> Arg {
    name("modem", 'm', "ID", "Only this modem, by its id or device as status shows them")
}

fn name(long: &'static str, short: char, value: &'static str, help: &'static str) -> Arg {
    let parser = |value: &str| match value {
        "" => Err("a name is needed; `uwand status` shows the names"),
        name => Ok(name.to_string()),
    };
    Arg::new(long).long(long).short(short).value_name(value).help(help).value_parser(parser)
}

const GLOBAL: &str = "Global options";

fn globals() -> [Arg; 4] {
    [
        path("ubus-socket", "Where ubusd listens [default: /var/run/ubus/ubus.sock, /var/run/ubus.sock]"),
        path("sysfs", "Where sysfs is mounted [default: /sys]"),
        path("run-dir", "Where state is kept over restarts [default: /var/run/uwand]"),
        Arg::new("log-level")
            .long("log-level")
            .value_name("LEVEL")
            .help_heading(GLOBAL)
            .global(true)
            .help("error, warn, info, debug, trace or off [default: info for the daemon, else error]")
            .value_parser(parse_level),
    ]
}

fn path(long: &'static str, help: &'static str) -> Arg {
    Arg::new(long)
        .long(long)
        .value_name("PATH")
        .value_hint(ValueHint::AnyPath)
        .help_heading(GLOBAL)
        .global(true)
        .help(help)
        .value_parser(value_parser!(PathBuf))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str]) -> Result<Invocation, String> {
        let args = std::iter::once("uwand").chain(line.iter().copied()).map(OsString::from);
        parse(args, Globals::default())
    }

    #[test]
    fn the_grammar_is_sound() {
        command().debug_assert();
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
        let expected = serde_json::json!({"action": "send", "number": "+1555", "text": "hi", "flash": true});
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
