//! `+CUSD`: what the network says to `*100#` (3GPP TS 27.007, 7.15).

use crate::at::fields::{Fields, octets};
use crate::sms::coding::{Alphabet, Coding};
use crate::sms::gsm7;
use crate::words::Id;

crate::words! {
    /// What may be done next.
    pub enum Next {
        Done = "done",
        /// The network waits for an answer.
        Answer = "answer",
        /// Ended by the network.
        Ended = "ended",
        NotSupported = "not-supported",
        Timeout = "timeout",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ussd {
    pub next: Next,
    pub text: Id,
}

/// `+CUSD: <m>[,<str>[,<dcs>]]`.
pub fn ussd(line: &str) -> Option<Ussd> {
    let fields = Fields::after(line, "+CUSD")?;
    let next = match fields.small(0)? {
        0 => Next::Done,
        1 => Next::Answer,
        4 => Next::NotSupported,
        5 => Next::Timeout,
        _ => Next::Ended,
    };
    let text = fields.text(1).map(|text| readable(text, fields.small(2))).unwrap_or_default();
    Some(Ussd { next, text: Id::new(text) })
}

/// Modems give the text as it is, as UCS-2 digits, or as packed 7-bit digits, and not all say
/// by the coding which: digits are taken for what their coding says when that gives a text.
fn readable(text: &str, dcs: Option<u32>) -> String {
    let digits = octets(text).filter(|octets| text.len() % 2 == 0 && octets.len() >= 2);
    let Some(octets) = digits else { return text.to_owned() };
    let says_ucs2 = dcs.and_then(|dcs| u8::try_from(dcs).ok()).is_some_and(is_ucs2);
    let candidates =
        if says_ucs2 { [ucs2(&octets), packed(&octets)] } else { [packed(&octets), ucs2(&octets)] };
    // UCS-2 without its coding: 7-bit packing of it has escapes and Greek letters all over.
    let [first, second] = candidates;
    let best = if !says_ucs2 && looks_like_ucs2(&octets) { second } else { first };
    best.unwrap_or_else(|| text.to_owned())
}

/// 23.038, clause 5: the cell broadcast codings.
fn is_ucs2(dcs: u8) -> bool {
    dcs == 0x11 || (0x40..=0x7f).contains(&dcs) && Coding(dcs).alphabet() == Alphabet::Ucs2
}

/// The high octets are few and small: letters of one or two scripts.
fn looks_like_ucs2(octets: &[u8]) -> bool {
    let mut seen = 0u64;
    let small = octets.iter().step_by(2).all(|high| {
        seen |= 1u64.checked_shl((*high).into()).unwrap_or_default();
        *high < 0x31
    });
    octets.len() % 2 == 0 && small && seen.count_ones() <= 3
}

fn ucs2(octets: &[u8]) -> Option<String> {
    let units = octets.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes));
    let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
    // Padding at the end.
    Some(text.trim_end_matches(['\0', '\u{ff}']).to_owned())
}

fn packed(octets: &[u8]) -> Option<String> {
    let count = octets.len().saturating_mul(8) / 7;
    let text = gsm7::decode(&gsm7::unpack(octets, 0, count).ok()?);
    // 23.038, 6.1.2.3.1: seven bits left over are filled with a carriage return.
    Some(text.trim_end_matches('\r').to_owned())
}

/// A request as `AT+CUSD=1,"*100#",15`. `None` where it could not be one.
pub fn request(code: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | '+');
    let sane = !code.is_empty() && code.len() <= 160 && code.chars().all(fits);
    sane.then(|| format!("AT+CUSD=1,\"{code}\",15"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> String {
        ussd(line).expect("an answer").text.reveal().to_owned()
    }

    #[test]
    fn texts_come_plain_packed_or_in_ucs2() {
        assert_eq!(text("+CUSD: 0,\"Balance: 3.00 EUR\",15"), "Balance: 3.00 EUR");
        assert_eq!(text("+CUSD: 2,\"00480061007600690020\",72"), "Havi ");
        assert_eq!(text("+CUSD: 0,\"0414043B044F\""), "Для");
        assert_eq!(text("+CUSD: 0,\"C8329BFD06\",15"), "Hello");
        assert_eq!(ussd("+CUSD: 4").map(|ussd| ussd.next), Some(Next::NotSupported));
    }

    #[test]
    fn a_request_is_digits_stars_and_hashes() {
        assert_eq!(request("*100#").as_deref(), Some("AT+CUSD=1,\"*100#\",15"));
        assert_eq!(request("*100#\";+CFUN=0"), None);
        assert_eq!(request(""), None);
    }
}
