//! The values behind a prefix: `+COPS: 0,0,"a,b",7` has four.
//!
//! Modems forget quotes, put blanks anywhere and pad numbers; a field is what stands between
//! commas outside of quotes, without blanks around it and without its quotes.

use crate::few::Listed;

/// What follows `prefix` and an optional colon; `None` for another line.
pub fn after<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let line = line.trim_start();
    let (head, rest) = line.split_at_checked(prefix.len())?;
    if !head.eq_ignore_ascii_case(prefix) {
        return None;
    }
    match rest.strip_prefix(':') {
        Some(values) => Some(values.trim()),
        None if rest.is_empty() || rest.starts_with([' ', '(']) => Some(rest.trim()),
        None => None,
    }
}

/// One field, with the information whether it was quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    pub text: &'a str,
    pub quoted: bool,
}

impl<'a> Field<'a> {
    fn new(raw: &'a str) -> Self {
        let raw = raw.trim();
        let quoted = raw.starts_with('"');
        Field { text: raw.trim_matches('"'), quoted }
    }

    pub fn number(&self) -> Option<i64> {
        let digits = self.text.trim();
        digits.strip_prefix('+').unwrap_or(digits).parse().ok()
    }

    pub fn small(&self) -> Option<u32> {
        self.number().and_then(|number| u32::try_from(number).ok())
    }

    /// Cell ids come in hexadecimal digits, with blanks between them from one old firmware.
    pub fn hex(&self) -> Option<u64> {
        let digits = self.text.trim();
        (!digits.is_empty()).then(|| u64::from_str_radix(digits, 16).ok()).flatten()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// The fields of a line's values, in order.
#[derive(Debug, Clone)]
pub struct Fields<'a>(Vec<Field<'a>>);

/// No line that we know has more; a hostile one may have thousands.
const MOST_FIELDS: usize = 64;

impl<'a> Fields<'a> {
    pub fn new(values: &'a str) -> Self {
        Fields(split(values, ',').take(MOST_FIELDS).map(Field::new).listed())
    }

    /// The fields behind `prefix`.
    pub fn after(line: &'a str, prefix: &str) -> Option<Self> {
        after(line, prefix).map(Fields::new)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, at: usize) -> Option<Field<'a>> {
        self.0.get(at).copied()
    }

    /// The text of a field that is there and not empty.
    pub fn text(&self, at: usize) -> Option<&'a str> {
        self.get(at).map(|field| field.text).filter(|text| !text.is_empty())
    }

    pub fn number(&self, at: usize) -> Option<i64> {
        self.get(at)?.number()
    }

    pub fn small(&self, at: usize) -> Option<u32> {
        self.get(at)?.small()
    }
}

/// Parts between separators that stand outside of quotes. A quote that is never closed does
/// not hide the rest: then all separators count.
pub fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let balanced = text.matches('"').count() % 2 == 0;
    let mut quoted = false;
    text.split(move |c: char| {
        quoted ^= c == '"' && balanced;
        c == separator && !quoted
    })
}

/// The insides of `(…)` groups, one level deep, each with what follows it up to the next:
/// `(1,"a"),(2,"b")` and `(1)(2)` alike.
pub fn groups(text: &str) -> Vec<(&str, &str)> {
    const MOST_GROUPS: usize = 256;
    let mut groups: Vec<(&str, &str)> = Vec::new();
    let mut quoted = false;
    // Where the open group began, and where the last one ended.
    let (mut start, mut end) = (None, None);
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '(' if !quoted => {
                close(&mut groups, text, end.take(), at);
                start = at.checked_add(1);
            }
            ')' if !quoted && groups.len() < MOST_GROUPS => {
                if let Some(inside) = start.take().and_then(|start| text.get(start..at)) {
                    groups.push((inside, ""));
                    end = at.checked_add(1);
                }
            }
            _ => {}
        }
    }
    close(&mut groups, text, end, text.len());
    groups
}

fn close<'a>(groups: &mut [(&'a str, &'a str)], text: &'a str, end: Option<usize>, next: usize) {
    let after = end.and_then(|end| text.get(end..next));
    if let (Some((_, tail)), Some(after)) = (groups.last_mut(), after) {
        *tail = after;
    }
}

/// Hexadecimal digits as octets; `None` where they are none. An odd last digit is dropped:
/// one modem cuts answers there.
pub fn octets(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.trim();
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_split_outside_of_quotes() {
        let fields = Fields::after("+COPS: 0, 0 ,\"a,b\",7,", "+COPS").expect("its own prefix");
        let texts: Vec<&str> = (0..fields.len()).filter_map(|at| fields.get(at)).map(|f| f.text).collect();
        assert_eq!(texts, ["0", "0", "a,b", "7", ""]);
        assert!(fields.get(2).is_some_and(|field| field.quoted));
        assert_eq!((fields.small(3), fields.small(4), fields.small(9)), (Some(7), None, None));
    }

    #[test]
    fn a_quote_never_closed_hides_nothing() {
        let fields = Fields::after("+CREG: 2,1,\"0B,\"0100701\",7", "+CREG").expect("its own prefix");
        assert_eq!((fields.text(2), fields.text(3), fields.small(4)), (Some("0B"), Some("0100701"), Some(7)));
    }

    #[test]
    fn a_longer_name_is_another_line() {
        assert_eq!(after("+CREGX: 1", "+CREG"), None);
        assert_eq!(after("+CREG:1", "+creg"), Some("1"));
        assert_eq!(after("+IFC (0,1)", "+IFC"), Some("(0,1)"));
    }

    #[test]
    fn groups_may_lack_their_commas() {
        assert_eq!(groups("(2,\"a)\"),,(1,2)(0-3)"), [("2,\"a)\"", ",,"), ("1,2", ""), ("0-3", "")]);
        assert_eq!(groups("()))((("), [("", "))")]);
        assert_eq!(groups("(1),2),(3)"), [("1", ",2),"), ("3", "")]);
    }

    #[test]
    fn octets_are_hexadecimal_or_nothing() {
        assert_eq!(octets("00fF1"), Some(vec![0, 255]));
        assert_eq!(octets("0g"), None);
        assert_eq!(octets("+1"), None);
    }
}
