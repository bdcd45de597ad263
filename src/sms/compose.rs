//! A text on its way out: which alphabet, how many parts, where to cut.
//!
//! Contract: a cut never parts an escape from its character or a surrogate pair, and joining
//! the parts gives the text again.

use std::fmt;

use super::address::Address;
use super::body::{Body, Content, MOST_OCTETS, MOST_SEPTETS, septets_of_header};
use super::coding::Coding;
use super::gsm7::Code;
use super::header::{Concat, Element};
use super::pdu::Submit;
use super::time::Validity;
use crate::few::Listed;
use crate::wire::Malformed;

/// Octets of a header with one 8-bit concatenation element: leaves 153 septets or 67 units.
const CONCAT_HEADER: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The same in all parts of one message, another for each message to the same number.
    pub reference: u8,
    /// Ask for a status report; for the last part only, one answer a message is enough.
    pub report: bool,
    pub validity: Validity,
    /// See [`Coding::class`].
    pub class: Option<u8>,
    /// The most parts that may be sent, and paid.
    pub most_parts: u8,
}

impl Default for Options {
    fn default() -> Self {
        Options { reference: 0, report: false, validity: Validity::Unsaid, class: None, most_parts: 10 }
    }
}

/// Why a text can't be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The number is no telephone number.
    Number(Malformed),
    TooLong {
        parts: usize,
        most: u8,
    },
    Empty,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Number(error) => write!(f, "not a number to send to ({})", error.0),
            Refused::TooLong { parts, most } => {
                write!(f, "the text needs {parts} messages, {most} are allowed")
            }
            Refused::Empty => f.write_str("no text"),
        }
    }
}

impl std::error::Error for Refused {}

/// One message a part, in order.
pub fn compose(to: &str, text: &str, options: &Options) -> Result<Vec<Submit>, Refused> {
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    let to = Address::new(to).map_err(Refused::Number)?;
    if to.is_name() {
        return Err(Refused::Number(Malformed("a name")));
    }
    let (coding, parts) = split(text);
    let total = u8::try_from(parts.len()).ok().filter(|total| *total <= options.most_parts);
    let Some(total) = total else {
        return Err(Refused::TooLong { parts: parts.len(), most: options.most_parts });
    };
    let coding = options.class.map_or(coding, |class| coding.with_class(class));
    let message = |(part, text): (u8, &str)| {
        let concat = Concat { reference: options.reference.into(), wide: false, total, part };
        let header = if total > 1 { vec![Element::Concat(concat)] } else { Vec::new() };
        Submit {
            reference: 0,
            to: to.clone(),
            protocol: 0,
            validity: options.validity,
            body: Body { coding, header, content: Content::text(text) },
            reject_duplicates: false,
            report: options.report && part == total,
            reply_path: false,
        }
    };
    Ok((1..=u8::MAX).zip(parts).map(message).listed())
}

/// How long a character is in the alphabet, in septets or in UTF-16 units.
type Width = fn(char) -> usize;

fn split(text: &str) -> (Coding, Vec<&str>) {
    let gsm7: Option<usize> = text.chars().map(|c| Code::of(c).map(Code::septets)).sum();
    let (coding, length, one, each, width): (_, _, _, _, Width) = match gsm7 {
        Some(septets) => {
            let (header, _) = septets_of_header(CONCAT_HEADER);
            let width: Width = |c| Code::of(c).map_or(1, Code::septets);
            (Coding::GSM7, septets, MOST_SEPTETS, MOST_SEPTETS - header, width)
        }
        None => {
            let units = text.encode_utf16().count();
            (Coding::UCS2, units, MOST_OCTETS / 2, (MOST_OCTETS - CONCAT_HEADER) / 2, char::len_utf16)
        }
    };
    let parts = if length <= one { vec![text] } else { cut(text, each, width) };
    (coding, parts)
}

fn cut(text: &str, each: usize, width: Width) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut used = 0usize;
        let fits = |(_, character): &(usize, char)| {
            used = used.saturating_add(width(*character));
            used <= each
        };
        let end = rest.char_indices().take_while(fits).last().map(|(at, c)| at.saturating_add(c.len_utf8()));
        // `each` is larger than any character: there is a first one.
        let (part, after) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
        parts.push(part);
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::pdu::{Pdu, Tpdu};

    fn lengths(text: &str) -> Vec<usize> {
        let options = Options { most_parts: 255, ..Options::default() };
        let parts = compose("+358401234567", text, &options).expect("a text");
        let sent = |part: &Submit| {
            let pdu = Pdu { centre: None, tpdu: Tpdu::Submit(part.clone()) };
            let (bytes, _) = pdu.encode().expect("a part fits");
            assert_eq!(Pdu::parse(&bytes), Ok(pdu));
            part.body.content.as_text().expect("text").to_owned()
        };
        let texts: Vec<String> = parts.iter().map(sent).collect();
        assert_eq!(texts.concat(), text);
        texts.iter().map(|text| text.chars().count()).collect()
    }

    #[test]
    fn texts_are_cut_where_the_alphabet_wants_it() {
        assert_eq!(lengths(&"a".repeat(160)), [160]);
        assert_eq!(lengths(&"a".repeat(161)), [153, 8]);
        assert_eq!(lengths(&"ы".repeat(70)), [70]);
        assert_eq!(lengths(&"ы".repeat(71)), [67, 4]);
        assert_eq!(lengths(&"€".repeat(80)), [80]);
    }

    #[test]
    fn a_cut_never_parts_an_escape_or_a_surrogate_pair() {
        assert_eq!(lengths(&"€".repeat(81)), [76, 5]);
        assert_eq!(lengths(&"😀".repeat(36)), [33, 3]);
        assert_eq!(lengths(&format!("{}{}", "a".repeat(152), "€".repeat(10))), [152, 10]);
    }

    #[test]
    fn one_character_outside_of_the_alphabet_makes_it_ucs2() {
        let parts = compose("112", "naïve", &Options::default()).expect("a text");
        assert_eq!(parts[0].body.coding, Coding::UCS2);
        assert!(parts[0].body.header.is_empty());
    }

    #[test]
    fn only_the_last_part_asks_for_a_report() {
        let options = Options { report: true, ..Options::default() };
        let parts = compose("112", &"a".repeat(400), &options).expect("a text");
        assert_eq!(parts.iter().map(|part| part.report).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn what_can_not_be_sent_says_why() {
        let refused =
            |to, text: &str| compose(to, text, &Options::default()).expect_err("refused").to_string();
        assert_eq!(refused("112", ""), "no text");
        assert_eq!(refused("112", &"a".repeat(2000)), "the text needs 14 messages, 10 are allowed");
        assert_eq!(refused("Bob", "hi"), "not a number to send to (a name)");
    }
}
