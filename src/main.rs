//! The one binary: the daemon, netifd's protocol handler, and what people type.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use log::LevelFilter;
use uwand::cli::args::{Invocation, parse};
use uwand::globals::Globals;
use uwand::linux::{crash, tty};
use uwand::{cli, logging};

/// Wrong use, as in the shell.
const WRONG_USE: u8 = 2;

fn main() -> ExitCode {
    logging::abort_on_panic();
    crash::tell();
    let globals = match Globals::from_env(|name| std::env::var_os(name)) {
        Ok(globals) => globals,
        Err(why) => return wrong_use(&format!("uwand: {why}\n")),
    };
    // How netifd starts us for every ifup, and procd once for all: nothing there to be parsed,
    // and the grammar's memory would stay with the daemon for good.
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    match args.split_first() {
        Some((first, rest)) if first == "netifd" => return netifd(globals, rest.to_vec()),
        Some((first, [])) if first == "daemon" => return daemon(globals),
        _ => {}
    }
    match parse(std::env::args_os(), globals) {
        Ok(Invocation::Daemon(globals)) => daemon(globals),
        Ok(Invocation::Netifd(globals, args)) => netifd(globals, args),
        Ok(Invocation::Person(globals, request)) => {
            logging::start(globals.log_level.unwrap_or(LevelFilter::Error));
            cli::run(&globals, &request)
        }
        Ok(Invocation::Print(text)) => {
            // Whoever does not read the help to its end does not need it.
            let _ = tty::print(&text);
            ExitCode::SUCCESS
        }
        Err(why) => wrong_use(&why),
    }
}

fn daemon(globals: Globals) -> ExitCode {
    logging::start(globals.log_level.unwrap_or(LevelFilter::Info));
    uwand::daemon::run(globals)
}

fn netifd(globals: Globals, args: Vec<OsString>) -> ExitCode {
    logging::start(globals.log_level.unwrap_or(LevelFilter::Error));
    let args: Result<Vec<String>, OsString> = args.into_iter().map(OsString::into_string).collect();
    match args {
        Ok(args) => uwand::netifd::main(&args, &globals),
        Err(_) => {
            wrong_use("uwand netifd: an argument is not UTF-8 text; check the options of the interface\n")
        }
    }
}

fn wrong_use(why: &str) -> ExitCode {
    let _ = std::io::stderr().write_all(why.as_bytes());
    ExitCode::from(WRONG_USE)
}
