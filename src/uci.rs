//! PURE. What stands in a section of a UCI file, read as libuci reads it.
//!
//! Contract: [`section`] gives every option and list item of one named section in the order
//! of the file; later sections of the same name add to it, as in libuci. Text that libuci
//! would refuse ends the reading; what came before counts.
//!
//! Why not ask netifd? It hands over what a protocol declared and drops the rest without a
//! word, so a misspelt option is visible in the file alone. Why not `ubus call uci get`?
//! That is rpcd, which a router without LuCI does not have.

use std::iter::Peekable;
use std::str::Chars;

use crate::few::Listed;

/// One `option` or `list` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub value: String,
    pub is_list: bool,
}

/// The entries of `config KIND NAME`.
pub fn section(text: &str, kind: &str, name: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut inside = false;
    let mut chars = text.chars().peekable();
    while let Some(words) = statement(&mut chars) {
        let words: Vec<&str> = words.iter().map(String::as_str).listed();
        match words.as_slice() {
            ["config" | "c", found, named] => inside = (*found, *named) == (kind, name),
            ["config" | "c" | "package" | "p", ..] => inside = false,
            [word @ ("option" | "o" | "list" | "l"), name, value] if inside => {
                let (name, value) = ((*name).to_string(), (*value).to_string());
                entries.push(Entry { name, value, is_list: word.starts_with('l') });
            }
            _ => {}
        }
    }
    entries
}

/// The names of all sections of this kind, each once; those without a name are left out.
pub fn names(text: &str, kind: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(words) = statement(&mut chars) {
        if let [word, found, name] = words.as_slice() {
            if matches!(word.as_str(), "config" | "c") && found == kind && !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    names
}

/// A value as libuci and the shell read it back.
pub fn quoted_value(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

/// The words up to the end of the line, or to a semicolon; `None` at the end of the file and
/// at a quote that is never closed.
fn statement(chars: &mut Peekable<Chars>) -> Option<Vec<String>> {
    chars.peek()?;
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    while let Some(c) = chars.next() {
        match c {
            '\n' | ';' => break,
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            c if c.is_ascii_whitespace() => words.extend(word.take()),
            '\'' | '"' => quoted(chars, c, word.get_or_insert_default())?,
            // Before the end of a line it joins the next one.
            '\\' => match chars.next()? {
                '\n' => {}
                literal => word.get_or_insert_default().push(literal),
            },
            literal => word.get_or_insert_default().push(literal),
        }
    }
    words.extend(word);
    Some(words)
}

/// Up to the closing quote; over lines, and with a backslash only within double quotes.
fn quoted(chars: &mut Peekable<Chars>, quote: char, word: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            c if c == quote => return Some(()),
            '\\' if quote == '"' => match chars.next()? {
                '\n' => {}
                literal => word.push(literal),
            },
            c => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wan(text: &str) -> Vec<(String, String, bool)> {
        section(text, "interface", "wan").into_iter().map(|e| (e.name, e.value, e.is_list)).collect()
    }

    fn entry(name: &str, value: &str, is_list: bool) -> (String, String, bool) {
        (name.to_string(), value.to_string(), is_list)
    }

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let text = "package network\n\nconfig interface 'lan'\n\toption apn x\n\
            config interface wan\n\toption 'proto' 'uwand'\n\tlist dns \"1.1.1.1\"\n\
            config interface wan6\n\toption proto none\nconfig rule\n\toption src wan\n";
        assert_eq!(wan(text), [entry("proto", "uwand", false), entry("dns", "1.1.1.1", true)]);
    }

    #[test]
    fn quotes_comments_and_backslashes_are_read_as_libuci_does() {
        let text = "config interface wan # option a 1\n#option b 2\noption c 'it''s # no'\\'' comment'\n\
            option d \"a \\\"b\\\" \\\\\"; option e f\\ g\n\toption h 'two\nlines'\noption i 1 # last";
        let expected = [
            entry("c", "its # no' comment", false),
            entry("d", "a \"b\" \\", false),
            entry("e", "f g", false),
            entry("h", "two\nlines", false),
            entry("i", "1", false),
        ];
        assert_eq!(wan(text), expected);
    }

    #[test]
    fn nothing_in_a_file_makes_it_panic() {
        let text = "config interface wan\noption é 'ü'\\\noption \"a\\\nb\" # x\n";
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            wan(&text[..cut]);
            wan(&format!("{}#'\"\\;\n\u{0}{}", &text[..cut], &text[cut..]));
        }
        assert_eq!(wan("config interface wan\noption a 1\noption b 'open\n"), [entry("a", "1", false)]);
    }
}
