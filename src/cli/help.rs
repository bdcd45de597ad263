//! What a grammar says of itself: help, usage, and what was probably meant.
//!
//! Contract: text for a terminal of 80 columns or more, made from the tables of `grammar`
//! alone. Each function takes the path of commands from the program on.

use super::grammar::{Command, Many, Opt, Positional};
use crate::config::distance;
use crate::few::Listed;

const HELP: [Opt; 1] =
    [Opt { name: "help", short: 'h', value: "", help: "Print help", check: super::grammar::any }];
const VERSION: [Opt; 1] =
    [Opt { name: "version", short: 'V', value: "", help: "Print version", check: super::grammar::any }];

/// Where options and exit statuses are told, below the help of the program itself.
pub const AFTER: &str = "\
Environment: UWAND_UBUS_SOCKET, UWAND_SYSFS, UWAND_RUN_DIR and UWAND_LOG do the same as the
options of these names.
Exit status: 0 did what was asked, 1 did not, 2 wrong use.
";

/// The whole help of the last command of `path`.
pub fn of(path: &[&Command]) -> String {
    let Some((command, outer)) = path.split_last() else { return String::new() };
    let mut text = format!("{}\n\n{}\n", command.about, usage(path));
    section(&mut text, "Commands", command.commands.iter().map(|c| (c.name.to_string(), c.about)));
    section(&mut text, "Arguments", command.positionals.iter().map(|p| (shown(p), p.help)));
    // What the program itself takes stands apart.
    let own = path.iter().skip(1).flat_map(|command| command.options.iter().copied());
    let version: &[Opt] = if outer.is_empty() { &VERSION } else { &[] };
    section(&mut text, "Options", own.chain([&HELP[..], version]).flatten().map(row));
    let global = path.iter().take(1).flat_map(|root| root.options.iter().copied());
    section(&mut text, "Global options", global.flatten().map(row));
    if outer.is_empty() {
        text.push('\n');
        text.push_str(AFTER);
    }
    text
}

/// What is wrong, and how it goes.
pub fn wrong(path: &[&Command], what: &str) -> String {
    format!("{}: {what}\n\n{}\n\n`{} --help` tells more.\n", names(path), usage(path), names(path))
}

fn names(path: &[&Command]) -> String {
    path.iter().map(|command| command.name).listed().join(" ")
}

fn usage(path: &[&Command]) -> String {
    let mut text = format!("Usage: {} [OPTIONS]", names(path));
    let Some(command) = path.last() else { return text };
    for positional in command.positionals {
        text.push(' ');
        text.push_str(&shown(positional));
    }
    if !command.commands.is_empty() {
        text.push_str(if path.len() == 1 { " <COMMAND>" } else { " [COMMAND]" });
    }
    text
}

fn shown(positional: &Positional) -> String {
    let name = positional.name.to_ascii_uppercase();
    match positional.many {
        Many::One => format!("<{name}>"),
        Many::Maybe => format!("[{name}]"),
        Many::Some => format!("<{name}>..."),
        Many::Rest => format!("[{name}]..."),
    }
}

fn row(option: &Opt) -> (String, &'static str) {
    let short = match option.short {
        ' ' => "   ".to_string(),
        letter => format!("-{letter},"),
    };
    let value = if option.value.is_empty() { String::new() } else { format!(" <{}>", option.value) };
    (format!("{short} --{}{value}", option.name), option.help)
}

fn section<'a>(text: &mut String, title: &str, rows: impl Iterator<Item = (String, &'a str)>) {
    let rows: Vec<(String, &str)> = rows.listed();
    let widest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    if !rows.is_empty() {
        text.push_str(&format!("\n{title}:\n"));
    }
    for (name, help) in rows {
        text.push_str(&format!("  {name:widest$}  {help}\n"));
    }
}

/// The name that is at most two edits away.
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (edits, name) = names.map(|name| (distance(typed, name), name)).min()?;
    (edits <= 2 && edits < name.len()).then_some(name)
}

pub fn meant(prefix: &str, near: Option<&str>) -> String {
    near.map_or(String::new(), |near| format!("; did you mean {prefix}{near}?"))
}
