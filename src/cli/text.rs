//! Strings for a terminal: made harmless, measured, wrapped; durations in words.

use crate::few::Listed;

/// A foreign string, fit for a terminal: what could move the cursor, break a line, hide or
/// turn text around becomes `?`, and what is too long ends in dots.
pub fn harmless(text: &str) -> String {
    const LONGEST: usize = 300;
    let clean = |character: char| if is_hostile(character) { '?' } else { character };
    let mut shown: String = text.chars().take(LONGEST).map(clean).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    shown
}

/// A foreign text of several lines, none of which ends in dots.
pub fn harmless_lines(text: &str) -> impl Iterator<Item = String> + '_ {
    let clean = |character: char| if is_hostile(character) { '?' } else { character };
    text.lines().map(move |line| line.chars().map(clean).collect())
}

/// Control characters of both sets, separators, joiners, and marks that change direction.
pub fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        || matches!(character, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Columns on a terminal. Names of Asian networks are two a character.
pub fn columns(text: &str) -> usize {
    text.chars().map(character_columns).sum()
}

fn character_columns(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}' => 2,
        _ => 1,
    }
}

/// `text` with spaces after it, up to `width` columns.
pub fn padded(text: &str, width: usize) -> String {
    let mut padded = text.to_string();
    padded.extend(std::iter::repeat_n(' ', width.saturating_sub(columns(text))));
    padded
}

/// `text` in lines of at most `width` columns, broken at spaces, and inside of a word only
/// where the word alone is too long.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let space = usize::from(!line.is_empty());
        if !line.is_empty() && columns(&line) + space + columns(word) > width {
            lines.push(std::mem::take(&mut line));
        } else if space == 1 {
            line.push(' ');
        }
        for character in word.chars() {
            if !line.is_empty() && columns(&line) + character_columns(character) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines
}

/// A duration as people say it, in at most two units: `42 s`, `3 h 12 min`, `2 d`.
pub fn duration(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let parts = UNITS.iter().scan(seconds, |rest, (length, unit)| {
        let count = *rest / length;
        *rest %= length;
        Some((count, unit))
    });
    let parts = parts.skip_while(|(count, _)| *count == 0).take(2).filter(|(count, _)| *count > 0);
    let words: Vec<String> = parts.map(|(count, unit)| format!("{count} {unit}")).listed();
    if words.is_empty() { "0 s".to_string() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_sequence_in_an_operators_name_does_nothing() {
        assert_eq!(harmless("Evil\u{1b}[2J\nNet\u{9b}31m\u{202e}"), "Evil?[2J?Net?31m?");
        assert_eq!(harmless("中国移动 café"), "中国移动 café");
        assert_eq!(harmless(&"x".repeat(1000)).len(), 303);
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(columns("中国"), 4);
        assert_eq!(padded("中国", 6), "中国  ");
        assert_eq!(padded("long", 2), "long");
    }

    #[test]
    fn lines_break_at_spaces_and_in_words_only_of_need() {
        assert_eq!(wrapped("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrapped("a 2001:db8::1/64", 6), ["a", "2001:d", "b8::1/", "64"]);
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("x", 0), ["x"]);
    }

    #[test]
    fn durations_have_at_most_two_units() {
        let table = [
            (0, "0 s"),
            (42, "42 s"),
            (60, "1 min"),
            (11_520, "3 h 12 min"),
            (7_205, "2 h"),
            (86_400 * 40 + 3_600, "40 d 1 h"),
        ];
        for (seconds, expected) in table {
            assert_eq!(duration(seconds), expected);
        }
    }
}
