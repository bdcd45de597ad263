//! Bytes of a port into lines, lines into answers and unsolicited codes.
//!
//! Contract: pure; split the bytes anywhere and the same comes out. What is kept is bounded by
//! [`MOST_LINE`] and [`MOST_REPLY`].
//!
//! Oddities that are met here: echoes with `\r\r\n`, cut short, doubled, or with an
//! unsolicited code glued in front; a second `OK`; unsolicited codes inside of an answer;
//! two answer lines without the line break between them; `NO CARRIER` out of nowhere.

use super::command::{self, Command, Form};
use super::read::registration;
use super::result::Final;
use super::unsolicited::{self, Unsolicited};

/// A list of visible networks is the longest that there is.
pub const MOST_LINE: usize = 8 * 1024;
/// A full store of 500 messages.
pub const MOST_REPLY: usize = 256 * 1024;

/// One piece of what a port says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Without its end and without blanks around it, never empty.
    Line(String),
    /// `> `: the port waits for a message's text.
    Prompt,
}

/// Cuts bytes into lines.
#[derive(Debug, Default)]
pub struct Lines {
    partial: Vec<u8>,
    /// The rest of a line that was too long.
    skipping: bool,
}

impl Lines {
    /// A prompt has no line end: it is looked for only when `prompt` says so.
    pub fn feed(&mut self, bytes: &[u8], prompt: bool, out: &mut Vec<Piece>) {
        for byte in bytes {
            match byte {
                b'\r' | b'\n' => self.end_line(out),
                _ if self.skipping => {}
                _ if self.partial.len() >= MOST_LINE => {
                    self.partial = Vec::new();
                    self.skipping = true;
                }
                byte => self.partial.push(*byte),
            }
            if prompt && self.partial.as_slice() == b">" {
                self.partial.clear();
                out.push(Piece::Prompt);
            }
        }
    }

    fn end_line(&mut self, out: &mut Vec<Piece>) {
        self.skipping = false;
        let text = String::from_utf8_lossy(&self.partial);
        let line = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        if !line.is_empty() {
            out.push(Piece::Line(line.to_owned()));
        }
        self.partial.clear();
    }

    pub fn clear(&mut self) {
        *self = Lines::default();
    }
}

/// The answer to one command.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// Without echo, unsolicited codes and result.
    pub lines: Vec<String>,
    pub result: Final,
}

/// Without the lines: they may be anything.
impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reply({} lines, {})", self.lines.len(), self.result)
    }
}

/// What came of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Unsolicited(Unsolicited),
    Prompt,
    Done(Reply),
    /// The answer outgrew [`MOST_REPLY`] and was dropped; the command is over.
    Flood,
}

/// The command that waits for its answer.
#[derive(Debug)]
struct Exchange {
    commands: Vec<Command>,
    /// What the port may repeat: the command, then the text after a prompt.
    echo: Option<String>,
    prompt: bool,
    dials: bool,
    lines: Vec<String>,
    bytes: usize,
}

/// Sorts what one port says.
#[derive(Debug, Default)]
pub struct Sorter {
    lines: Lines,
    exchange: Option<Exchange>,
    /// An unsolicited line whose second line is still to come.
    head: Option<String>,
}

impl Sorter {
    pub fn new() -> Self {
        Sorter::default()
    }

    /// `command` has been sent, without its end of line. `prompt`: it asks for a text.
    pub fn begin(&mut self, command: &str, prompt: bool) {
        let commands = command::commands(command);
        let calls = |command: &Command| {
            command.name.starts_with('D')
                || matches!(command.name.as_str(), "A" | "O" | "+CGDATA" | "H" | "+CHUP")
        };
        self.exchange = Some(Exchange {
            dials: commands.iter().any(calls),
            commands,
            echo: Some(command.trim().to_owned()).filter(|echo| !echo.is_empty()),
            prompt,
            lines: Vec::new(),
            bytes: 0,
        });
    }

    /// The text after the prompt has been sent.
    pub fn sent_text(&mut self, text: &str) {
        if let Some(exchange) = &mut self.exchange {
            exchange.prompt = false;
            exchange.echo = Some(text.trim().to_owned()).filter(|echo| !echo.is_empty());
        }
    }

    /// Nobody waits for the answer any more. Returns the lines that came.
    pub fn cancel(&mut self) -> Vec<String> {
        self.exchange.take().map(|exchange| exchange.lines).unwrap_or_default()
    }

    pub fn is_waiting(&self) -> bool {
        self.exchange.is_some()
    }

    pub fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        let mut pieces = Vec::new();
        // Byte by byte: whether a prompt may come depends on the lines before it.
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = rest
                .iter()
                .position(|byte| matches!(byte, b'\r' | b'\n'))
                .map_or(rest.len(), |at| at.saturating_add(1));
            let (head, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = tail;
            let prompt = self.exchange.as_ref().is_some_and(|exchange| exchange.prompt);
            self.lines.feed(head, prompt, &mut pieces);
            for piece in pieces.drain(..) {
                self.piece(piece, events);
            }
        }
    }

    fn piece(&mut self, piece: Piece, events: &mut Vec<Event>) {
        let line = match piece {
            Piece::Line(line) => line,
            Piece::Prompt => {
                if let Some(exchange) = &mut self.exchange {
                    exchange.prompt = false;
                    events.push(Event::Prompt);
                }
                return;
            }
        };
        if let Some(head) = self.head.take() {
            // A result or another code instead of the second line: that one was lost.
            if Final::parse(&line).is_none() && !unsolicited::is_known(&line) {
                return events.push(Event::Unsolicited(Unsolicited { line: head, body: Some(line) }));
            }
            events.push(Event::Unsolicited(Unsolicited { line: head, body: None }));
        }
        match &mut self.exchange {
            Some(exchange) => match exchange.line(line) {
                Sorted::Kept => {}
                Sorted::Unsolicited(line) => self.unsolicited(line, events),
                Sorted::Done(result) => {
                    let lines = self.exchange.take().map(|exchange| exchange.lines).unwrap_or_default();
                    events.push(Event::Done(Reply { lines, result }));
                }
                Sorted::Flood => {
                    self.exchange = None;
                    events.push(Event::Flood);
                }
            },
            // A second OK, or the answer to a command that nobody waits for any more.
            None if Final::parse(&line).is_some_and(|result| !result.ends_call()) => {}
            None => self.unsolicited(line, events),
        }
    }

    fn unsolicited(&mut self, line: String, events: &mut Vec<Event>) {
        if unsolicited::has_body(&line) {
            self.head = Some(line);
        } else {
            events.push(Event::Unsolicited(Unsolicited { line, body: None }));
        }
    }
}

enum Sorted {
    Kept,
    Unsolicited(String),
    Done(Final),
    Flood,
}

impl Exchange {
    fn line(&mut self, line: String) -> Sorted {
        if let Some(sorted) = self.echo(&line) {
            return sorted;
        }
        if let Some(result) = Final::parse(&line) {
            if result.ends_call() && !self.dials {
                return Sorted::Unsolicited(line);
            }
            return Sorted::Done(result);
        }
        if self.is_unsolicited(&line) {
            return Sorted::Unsolicited(line);
        }
        self.bytes = self.bytes.saturating_add(line.len()).saturating_add(std::mem::size_of::<String>());
        if self.bytes > MOST_REPLY {
            return Sorted::Flood;
        }
        self.echo = None;
        self.keep(&line);
        Sorted::Kept
    }

    /// A line that repeats the command, whole or in part.
    fn echo(&mut self, line: &str) -> Option<Sorted> {
        let echo = self.echo.as_deref()?;
        let before = line.len().checked_sub(echo.len());
        if let Some((glued, tail)) = before.and_then(|at| line.split_at_checked(at)) {
            if tail.eq_ignore_ascii_case(echo) {
                let glued = glued.trim().to_owned();
                self.echo = None;
                return Some(if glued.is_empty() { Sorted::Kept } else { Sorted::Unsolicited(glued) });
            }
            // Doubled by a line break that was lost.
            if line.get(..echo.len()).is_some_and(|head| head.eq_ignore_ascii_case(echo)) && echo.len() >= 4 {
                return Some(Sorted::Kept);
            }
        }
        // The beginning was lost, at least `AT` of it: E0 of ATE0.
        let from = echo.len().checked_sub(line.len()).filter(|from| *from >= 2 && line.len() >= 2)?;
        if !echo.get(from..).is_some_and(|tail| tail.eq_ignore_ascii_case(line)) {
            return None;
        }
        self.echo = None;
        Some(Sorted::Kept)
    }

    fn is_unsolicited(&self, line: &str) -> bool {
        let Some(name) = unsolicited::name(line) else { return false };
        let asked = |command: &Command| command.form == Form::Asks && command.name == name;
        !self.commands.iter().any(asked) || registration::is_report(line)
    }

    /// One firmware forgets the line break between two lines of the same name.
    fn keep(&mut self, line: &str) {
        let own = self.commands.iter().map(|command| format!("{}:", command.name)).find(|own| {
            own.len() > 3 && line.get(..own.len()).is_some_and(|head| head.eq_ignore_ascii_case(own))
        });
        let Some(own) = own else { return self.lines.push(line.to_owned()) };
        let mut rest = line;
        while let Some(at) = second(rest, &own) {
            let (head, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.lines.push(head.trim().to_owned());
            rest = tail;
        }
        self.lines.push(rest.to_owned());
    }
}

/// Where `own` begins once more, outside of quotes.
fn second(line: &str, own: &str) -> Option<usize> {
    let found = line.match_indices(own).map(|(at, _)| at).find(|at| *at > 0)?;
    let quotes = line.get(..found)?.matches('"').count();
    (quotes % 2 == 0).then_some(found)
}
