//! Reads a command line by tables.
//!
//! Contract: [`parse`] does no I/O and prints nothing. Options may stand before and after the
//! positional arguments, as `--name VALUE`, `--name=VALUE`, `-n VALUE` or `-nVALUE`; `--` ends
//! them. An option of a command holds in its subcommands too. Each is given once at most. What
//! is wrong is told with its name, its value and the remedy.
//!
//! Why not clap? It was a tenth of the binary, on routers with 16 MB of flash.

use std::ffi::{OsStr, OsString};

use super::help;

/// An option.
pub struct Opt {
    pub name: &'static str,
    /// Its single letter, or a blank.
    pub short: char,
    /// What its value is called in the help; none: it is a flag.
    pub value: &'static str,
    pub help: &'static str,
    pub check: Check,
}

/// How many a positional argument takes.
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum Many {
    One,
    Maybe,
    Some,
    /// Whatever comes, options as well.
    Rest,
}

/// A positional argument; at most one of a command takes more than one word, the last.
pub struct Positional {
    pub name: &'static str,
    pub many: Many,
    pub help: &'static str,
    pub check: Check,
}

/// What a value has to be; the error is the remedy.
pub type Check = fn(&str) -> Result<(), &'static str>;

pub struct Command {
    pub name: &'static str,
    pub about: &'static str,
    pub options: &'static [&'static [Opt]],
    pub positionals: &'static [Positional],
    pub commands: &'static [Command],
}

/// What was typed.
#[derive(Default)]
pub struct Typed {
    /// The commands, outer first.
    pub commands: Vec<&'static str>,
    values: Vec<(&'static str, OsString)>,
}

impl Typed {
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub fn value(&self, name: &str) -> Option<&OsStr> {
        self.values.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_os_str())
    }

    /// Everything was found to be UTF-8, but for paths and netifd's arguments.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(OsStr::to_str)
    }

    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a OsStr> {
        self.values.iter().filter(move |(given, _)| *given == name).map(|(_, value)| value.as_os_str())
    }
}

/// What is to be printed instead of being done.
pub enum Else {
    Help(String),
    Version,
    /// Wrong use.
    Wrong(String),
}

/// `words` without the program's name.
pub fn parse(root: &'static Command, words: impl Iterator<Item = OsString>) -> Result<Typed, Else> {
    let mut reading =
        Reading { path: vec![root], typed: Typed::default(), positionals: 0, options_ended: false };
    let mut words = words.peekable();
    if words.peek().is_none() {
        return Err(Else::Wrong(help::of(&reading.path)));
    }
    while let Some(word) = words.next() {
        reading.word(word, &mut words)?;
    }
    reading.end()
}

struct Reading {
    path: Vec<&'static Command>,
    typed: Typed,
    positionals: usize,
    options_ended: bool,
}

impl Reading {
    fn command(&self) -> &'static Command {
        // The root is there from the start, and nothing is taken away.
        self.path[self.path.len() - 1]
    }

    fn word(&mut self, word: OsString, rest: &mut impl Iterator<Item = OsString>) -> Result<(), Else> {
        let next = self.command().positionals.get(self.positionals);
        if next.is_some_and(|next| next.many == Many::Rest) {
            self.typed.values.extend(next.map(|next| (next.name, word)));
            return Ok(());
        }
        let text = word.to_str().unwrap_or_default();
        match text {
            "--" if !self.options_ended => self.options_ended = true,
            _ if !self.options_ended && text.len() > 1 && text.starts_with('-') => {
                return self.option(text, rest);
            }
            _ => return self.positional(word, rest),
        }
        Ok(())
    }

    fn option(&mut self, word: &str, rest: &mut impl Iterator<Item = OsString>) -> Result<(), Else> {
        let (name, mut value) = match word.strip_prefix("--") {
            Some(long) => long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value))),
            None => {
                let end = word.char_indices().nth(2).map_or(word.len(), |(at, _)| at);
                let (name, value) = word.split_at(end);
                (name.trim_start_matches('-'), Some(value).filter(|value| !value.is_empty()))
            }
        };
        let long = word.starts_with("--");
        match (long, name) {
            (true, "help") | (false, "h") => return Err(Else::Help(help::of(&self.path))),
            (true, "version") | (false, "V") if self.path.len() == 1 => return Err(Else::Version),
            _ => {}
        }
        let is_it = |option: &&Opt| if long { option.name == name } else { name.starts_with(option.short) };
        let all = || self.path.iter().rev().flat_map(|command| command.options.iter().copied().flatten());
        let Some(option) = all().find(is_it) else {
            let near = help::nearest(name, all().map(|option| option.name));
            return Err(self.wrong(&format!("{word} is not an option here{}", help::meant("--", near))));
        };
        if self.typed.has(option.name) {
            return Err(self.wrong(&format!("--{} is given twice", option.name)));
        }
        if option.value.is_empty() {
            return match value.take() {
                None => self.take(option.name, OsString::new()),
                Some(value) => Err(self.wrong(&format!("--{} takes no value: '{value}'", option.name))),
            };
        }
        let value = value.map(|value| OsString::from(value.strip_prefix('=').unwrap_or(value)));
        let Some(value) = value.or_else(|| rest.next()) else {
            return Err(self.wrong(&format!("--{} <{}> is missing its value", option.name, option.value)));
        };
        self.check(&format!("--{}", option.name), &value, option.value == "PATH", option.check)?;
        self.take(option.name, value)
    }

    fn positional(&mut self, word: OsString, rest: &mut impl Iterator<Item = OsString>) -> Result<(), Else> {
        let command = self.command();
        let text = word.to_string_lossy();
        if self.positionals == 0 {
            if let Some(inner) = command.commands.iter().find(|inner| inner.name == text) {
                self.path.push(inner);
                self.typed.commands.push(inner.name);
                return Ok(());
            }
        }
        if self.path.len() == 1 && text == "help" {
            return Err(help_for(command, rest));
        }
        let Some(wanted) = command.positionals.get(self.positionals) else {
            let near = help::nearest(&text, command.commands.iter().map(|inner| inner.name));
            let what = if command.commands.is_empty() { "is too much" } else { "is not a command" };
            return Err(self.wrong(&format!("'{text}' {what}{}", help::meant("", near))));
        };
        self.check(&format!("<{}>", wanted.name.to_ascii_uppercase()), &word, false, wanted.check)?;
        if wanted.many != Many::Some {
            self.positionals += 1;
        }
        self.take(wanted.name, word)
    }

    fn check(&self, name: &str, value: &OsStr, is_path: bool, check: Check) -> Result<(), Else> {
        let text = value.to_str();
        let checked = match text {
            None if is_path => Ok(()),
            None => Err("UTF-8 text is needed"),
            Some(text) => check(text),
        };
        checked.map_err(|remedy| self.wrong(&format!("{name} '{}': {remedy}", value.to_string_lossy())))
    }

    fn take(&mut self, name: &'static str, value: OsString) -> Result<(), Else> {
        self.typed.values.push((name, value));
        Ok(())
    }

    fn end(self) -> Result<Typed, Else> {
        let command = self.command();
        let missing = command.positionals.iter().skip(self.positionals);
        let mut missing = missing.filter(|p| matches!(p.many, Many::One | Many::Some));
        if let Some(missing) = missing.find(|p| !self.typed.has(p.name)) {
            return Err(self.wrong(&format!(
                "<{}> is missing: {}",
                missing.name.to_ascii_uppercase(),
                missing.help
            )));
        }
        if self.path.len() == 1 {
            return Err(self.wrong("a command is needed"));
        }
        Ok(self.typed)
    }

    fn wrong(&self, what: &str) -> Else {
        Else::Wrong(help::wrong(&self.path, what))
    }
}

/// `uwand help sms send`
fn help_for(root: &'static Command, words: &mut dyn Iterator<Item = OsString>) -> Else {
    let mut path = vec![root];
    for word in words {
        let inner = path.last().and_then(|command| command.commands.iter().find(|inner| word == inner.name));
        match inner {
            Some(inner) => path.push(inner),
            None => {
                return Else::Wrong(help::wrong(
                    &path,
                    &format!("'{}' is not a command", word.to_string_lossy()),
                ));
            }
        }
    }
    Else::Help(help::of(&path))
}

/// Any text will do.
pub fn any(_: &str) -> Result<(), &'static str> {
    Ok(())
}
