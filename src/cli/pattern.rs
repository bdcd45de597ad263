//! Patterns: what a line says, with the values of a reply in it.
//!
//! ```text
//! {key}        a string or number          {one/other}   the first that is there
//! {^key}       in capitals                 {key=words}   words for when there is none
//! {~key}       seconds, as a duration      {*key}        an array's strings
//! AT {at_port}|{driver}                    two parts, each left out without its value
//! ```
//!
//! Contract: pure; values are made harmless on the way in, and nothing in them is a pattern.

use super::show::{text, texts, upper};
use super::table::{Page, Paint};
use super::text::duration;
use crate::few::Listed;
use crate::json::Value;

/// One part; `None` where a value of it is missing.
pub fn part(from: &Value, pattern: &str) -> Option<String> {
    let mut words = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (asked, after) = after.split_once('}')?;
        words.push_str(before);
        words.push_str(&value(from, asked)?);
        rest = after;
    }
    words.push_str(rest);
    Some(words)
}

fn value(from: &Value, asked: &str) -> Option<String> {
    let (keys, otherwise) = match asked.split_once('=') {
        Some((keys, otherwise)) => (keys, Some(otherwise)),
        None => (asked, None),
    };
    keys.split('/').find_map(|key| shown(from, key)).or(otherwise.map(String::from))
}

fn shown(from: &Value, key: &str) -> Option<String> {
    if let Some(key) = key.strip_prefix('^') {
        return text(from, key).map(|text| upper(&text));
    }
    if let Some(key) = key.strip_prefix('~') {
        return from.get(key).and_then(Value::as_u64).map(duration);
    }
    match key.strip_prefix('*') {
        Some(key) => Some(texts(from, key).join(" ")).filter(|text| !text.is_empty()),
        None => text(from, key),
    }
}

/// All parts, with an empty one for what is missing: the cells of a table.
pub fn parts(from: &Value, pattern: &str) -> Vec<String> {
    pattern.split('|').map(|each| part(from, each).unwrap_or_default()).listed()
}

/// The parts that are there, after what is in `words`.
pub fn append(words: &mut String, separator: &str, from: &Value, pattern: &str) {
    for part in parts(from, pattern).iter().filter(|part| !part.is_empty()) {
        if !words.is_empty() {
            words.push_str(separator);
        }
        words.push_str(part);
    }
}

pub fn joined(separator: &str, from: &Value, pattern: &str) -> String {
    let mut words = String::new();
    append(&mut words, separator, from, pattern);
    words
}

/// A row of the parts that are there, with commas between them.
pub fn row(page: &mut Page, label: &str, paint: Paint, from: &Value, pattern: &str) {
    page.painted_row(label, paint, &joined(", ", from, pattern));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn a_part_without_its_value_is_left_out() {
        let reply = json!({"a": "x", "n": 7, "empty": ""});
        assert_eq!(joined(", ", &reply, "{a}|in {b}|{empty}|{n} dB|{a} of {b}"), "x, 7 dB");
        assert_eq!(parts(&reply, "{b}|{a}"), ["", "x"]);
        assert_eq!(part(&reply, "{b=?}: {b=}{a}"), Some("?: x".to_string()));
    }

    #[test]
    fn a_value_is_shown_as_its_sign_says() {
        let reply = json!({"t": "5g-nsa", "s": 61, "l": ["a", "b"], "none": []});
        assert_eq!(joined(" ", &reply, "{^t}|{~s}|{*l}|{*none}|{~t}|{u/t}"), "5G NSA 1 min 1 s a b 5g-nsa");
    }

    #[test]
    fn a_value_that_looks_like_a_pattern_is_shown_as_it_is() {
        let reply = json!({"a": "{b}|\u{1b}[2J", "b": "secret"});
        assert_eq!(joined("", &reply, "<{a}>"), "<{b}|?[2J>");
    }
}
