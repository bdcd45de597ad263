//! Standard output: what it can show, text, JSON, and a reader that went away.

use std::io;

use super::table::Style;
use super::text::is_hostile;
use crate::json::Value;
use crate::linux::tty;

/// What the terminal on stdout can show, by the environment's word.
pub fn style() -> Style {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let dumb = set("TERM").is_some_and(|term| term == "dumb");
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    let terminal = tty::size();
    Style {
        // https://no-color.org: any value that is not empty.
        colour: terminal.is_some() && !dumb && set("NO_COLOR").is_none(),
        unicode: locale.is_none_or(|locale| speaks_utf8(&locale)),
        width: terminal.map(|size| size.columns),
    }
}

/// No locale at all is OpenWrt's usual state, and its people come by ssh from terminals that
/// know UTF-8. A locale that was set to something else is believed.
fn speaks_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Text to stdout at once.
pub fn print(text: &str) -> io::Result<()> {
    tty::print(text)
}

/// JSON over several lines, for `--json`.
pub fn pretty(value: &Value) -> String {
    escaped(&format!("{value:#}\n"))
}

/// JSON on one line.
pub fn line(value: &Value) -> String {
    escaped(&format!("{value}\n"))
}

/// JSON lets DEL, C1 controls and marks of direction through as they are, and a terminal
/// would obey them: written as `\u009b` they mean the same. None can be outside of a string.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || !is_hostile(character) {
            text.push(character);
            continue;
        }
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn json_on_a_terminal_obeys_nothing_and_means_the_same() {
        let value = json!({"operator": "E\u{1b}[2J\u{9b}31m\u{202e}\u{e0001}é\n"});
        let text = line(&value);
        assert_eq!(text, "{\"operator\":\"E\\u001b[2J\\u009b31m\\u202e\\udb40\\udc01é\\n\"}\n");
        assert_eq!(crate::json::from_str(&text).ok(), Some(value));
    }

    #[test]
    fn only_a_locale_that_says_so_takes_unicode_away() {
        assert!(speaks_utf8("de_DE.UTF-8") && speaks_utf8("C.utf8"));
        assert!(!speaks_utf8("C") && !speaks_utf8("de_DE.ISO-8859-1"));
    }
}
