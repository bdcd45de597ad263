//! What happened when, one line each, in colour where a person looks.
//!
//! Contract: times are milliseconds since the story's begin. No colour where stdout is no
//! terminal or `NO_COLOR` is set (no-color.org).

use std::cell::Cell;
use std::io::IsTerminal;

use tokio::time::Instant;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Person,
    Netifd,
    Handler,
    Daemon,
    Modem,
    Network,
    Ping,
}

impl Who {
    /// Name and SGR colour.
    fn looks(self) -> (&'static str, &'static str) {
        match self {
            Who::Person => ("you", "1"),
            Who::Netifd => ("netifd", "36"),
            Who::Handler => ("handler", "34"),
            Who::Daemon => ("uwand", "35"),
            Who::Modem => ("modem", "33"),
            Who::Network => ("network", "31"),
            Who::Ping => ("ping", "32"),
        }
    }
}

pub struct Timeline {
    start: Cell<Instant>,
    colour: bool,
}

impl Timeline {
    pub fn new() -> Timeline {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = !refused && std::io::stdout().is_terminal();
        Timeline { start: Cell::new(Instant::now()), colour }
    }

    /// The clock starts anew.
    pub fn begin(&self) {
        self.start.set(Instant::now());
    }

    pub fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_string() }
    }

    pub fn heading(&self, text: &str) {
        println!("\n{}", self.paint("1", text));
    }

    pub fn dim(&self, text: &str) {
        println!("{}", self.paint("2", text));
    }

    pub fn say(&self, who: Who, text: &str) {
        self.say_at(Instant::now(), who, text);
    }

    pub fn say_at(&self, at: Instant, who: Who, text: &str) {
        let since = at.saturating_duration_since(self.start.get()).as_secs_f64() * 1000.0;
        let time = self.paint("2", &format!("{since:9.1} ms"));
        let (name, colour) = who.looks();
        println!("{time}  {}  {text}", self.paint(colour, &format!("{name:<7}")));
    }

    pub fn verdict(&self, good: bool, text: &str) {
        println!("\n{}", self.paint(if good { "1;32" } else { "1;31" }, text));
    }
}
