//! How `uwand watch` shows what it hears: a page that is drawn over itself, a line for each
//! change, or JSON.
//!
//! Contract: texts here are pure; only [`Screen`] writes. The terminal is as it was before
//! when the screen is dropped.

use std::collections::VecDeque;
use std::io;

use super::output;
use super::pattern::{append, part};
use super::show::{self, list};
use super::table::Style;
use crate::civil::Civil;
use crate::few::Listed;
use crate::json::{Value, json};
use crate::linux::tty;

/// Changes that stand under the page.
const RECENT: usize = 8;
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// A change in words: `wan: connecting -> up`, `modem 1-1.2: open -> hung`.
pub fn change(data: &Value) -> String {
    let name = part(data, "{interface}").or_else(|| part(data, "modem {modem}"));
    let mut words = name.unwrap_or_else(|| "?".to_string());
    append(&mut words, "", data, ": {old=?} -> {new=?}|, {error}");
    words
}

/// The states of all interfaces, a line each: where a stream of changes begins.
pub fn states(status: &Value) -> Vec<String> {
    let line = |interface: &Value| {
        let mut words = part(interface, "{interface}: {state}")?;
        append(&mut words, "", interface, ", {error}");
        Some(words)
    };
    list(status, "interfaces").iter().filter_map(line).listed()
}

/// An event as an object that says its name.
pub fn object(event: &str, data: &Value) -> Value {
    let mut object = json!({ "event": event });
    if let (Some(object), Some(data)) = (object.as_object_mut(), data.as_object()) {
        for (key, value) in data.iter().filter(|(key, _)| *key != "event") {
            object.set(key, value);
        }
    }
    object
}

/// Standard output while watching.
pub enum Screen {
    /// A terminal: the last page, and the changes under it.
    Live {
        recent: VecDeque<String>,
    },
    Lines,
    Json,
}

impl Screen {
    pub fn new(json: bool) -> io::Result<Self> {
        let terminal = tty::size().is_some();
        if terminal && !json {
            output::print(ENTER)?;
            return Ok(Screen::Live { recent: VecDeque::new() });
        }
        Ok(if json { Screen::Json } else { Screen::Lines })
    }

    /// Whether it shows what changes without an event: signal, times.
    pub fn is_live(&self) -> bool {
        matches!(self, Screen::Live { .. })
    }

    /// The daemon's state, after a begin or a new begin.
    pub fn begin(&mut self, status: &Value) -> io::Result<()> {
        match self {
            Screen::Live { .. } => self.draw(status),
            Screen::Lines => {
                output::print(&states(status).iter().map(|line| stamped(line)).collect::<String>())
            }
            Screen::Json => output::print(&output::line(&object("status", status))),
        }
    }

    pub fn event(&mut self, name: &str, data: &Value) -> io::Result<()> {
        match self {
            Screen::Live { .. } => {
                self.remember(&change(data));
                Ok(())
            }
            Screen::Lines => output::print(&stamped(&change(data))),
            Screen::Json => output::print(&output::line(&object(name, data))),
        }
    }

    /// There is nothing to show for now; `why` says what is missing.
    pub fn lost(&mut self, why: &str) -> io::Result<()> {
        match self {
            Screen::Live { recent } => {
                let page = format!("uwand: {why}\n\nWaiting for it; Ctrl-C ends.\n");
                output::print(&frame(&page, recent, rows()))
            }
            Screen::Lines => output::print(&stamped(&format!("uwand: {why}; waiting for it"))),
            Screen::Json => output::print(&output::line(&json!({"event": "lost", "error": why}))),
        }
    }

    pub fn draw(&mut self, status: &Value) -> io::Result<()> {
        match self {
            Screen::Live { recent } => {
                let style: Style = output::style();
                output::print(&frame(&show::status(status, &style), recent, rows()))
            }
            Screen::Lines | Screen::Json => Ok(()),
        }
    }

    fn remember(&mut self, change: &str) {
        if let Screen::Live { recent } = self {
            recent.truncate(RECENT - 1);
            recent.push_front(stamped(change));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.is_live() {
            // Where the terminal is gone there is nothing to restore.
            let _ = output::print(LEAVE);
        }
    }
}

fn rows() -> usize {
    tty::size().map_or(24, |size| size.rows)
}

fn stamped(line: &str) -> String {
    format!("{} {line}\n", Civil::now().iso())
}

/// A page and the latest changes, drawn over what stood there, cut to the terminal.
fn frame(page: &str, recent: &VecDeque<String>, rows: usize) -> String {
    let mut text = page.to_string();
    if !recent.is_empty() {
        text.push('\n');
        text.extend(recent.iter().map(String::as_str));
    }
    // The last line stays free: a line end there would scroll.
    let lines = text.lines().take(rows.saturating_sub(1).max(1));
    let drawn: String = lines.map(|line| format!("{line}\x1b[K\n")).collect();
    format!("\x1b[H{drawn}\x1b[J")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_who_from_to_and_why() {
        let data = json!({"interface": "wan", "old": "up", "new": "waiting", "error": "NO_SIM"});
        assert_eq!(change(&data), "wan: up -> waiting, NO_SIM");
        assert_eq!(
            change(&json!({"modem": "1-1.2", "old": "open", "new": "hung"})),
            "modem 1-1.2: open -> hung"
        );
        assert_eq!(change(&json!({"modem": "\u{1b}[2J"})), "modem ?[2J: ? -> ?");
        assert_eq!(change(&Value::Null), "?: ? -> ?");
    }

    #[test]
    fn a_stream_begins_with_the_state_of_each_interface() {
        let status = json!({"interfaces": [{"interface": "wan", "state": "up"}, {"interface": "b"},
            {"interface": "c", "state": "blocked", "error": "PUK_REQUIRED"}]});
        assert_eq!(states(&status), ["wan: up", "c: blocked, PUK_REQUIRED"]);
    }

    #[test]
    fn an_event_object_keeps_its_name_whatever_its_data_say() {
        let told = object("uwand.modem", &json!({"event": "forged", "modem": "m"}));
        assert_eq!(told, json!({"event": "uwand.modem", "modem": "m"}));
    }

    #[test]
    fn a_frame_never_scrolls_its_terminal() {
        let recent = VecDeque::from(["late\n".to_string()]);
        assert_eq!(
            frame("a\nb\n", &recent, 24),
            "\u{1b}[Ha\u{1b}[K\nb\u{1b}[K\n\u{1b}[K\nlate\u{1b}[K\n\u{1b}[J"
        );
        assert_eq!(frame("a\nb\nc\n", &recent, 3).matches('\n').count(), 2);
    }
}
