//! Is there an AT interpreter behind a port? Many ports of a modem speak something else.
//!
//! Contract: pure, and it comes to an end: after [`MOST_BYTES`] without an answer the port is
//! none. The caller bounds the time: some ports never say anything.

use super::codec::{Lines, Piece};
use super::result::Final;

/// An answer to `AT` has ten bytes; boot lines and an echo some hundred.
pub const MOST_BYTES: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Undecided,
    At,
    /// GNSS sentences.
    Nmea,
    /// Frames between tildes, or other bytes that are no text: QCDM, PPP.
    Binary,
    /// Text without end, but no answer.
    Flood,
}

#[derive(Debug, Default)]
pub struct Probe {
    lines: Lines,
    bytes: usize,
    strange: usize,
}

impl Probe {
    pub fn new() -> Self {
        Probe::default()
    }

    /// Takes what the port said after `AT`.
    pub fn feed(&mut self, bytes: &[u8]) -> Verdict {
        let mut pieces = Vec::new();
        self.lines.feed(bytes, false, &mut pieces);
        for piece in &pieces {
            match piece {
                Piece::Line(line) if is_answer(line) => return Verdict::At,
                Piece::Line(line) if is_nmea(line) => return Verdict::Nmea,
                Piece::Line(_) | Piece::Prompt => {}
            }
        }
        self.bytes = self.bytes.saturating_add(bytes.len());
        let strange = bytes.iter().filter(|byte| !is_text(**byte)).count();
        self.strange = self.strange.saturating_add(strange);
        if self.strange > 0 && bytes.contains(&b'~') || self.strange > 16 {
            return Verdict::Binary;
        }
        if self.bytes >= MOST_BYTES { Verdict::Flood } else { Verdict::Undecided }
    }
}

/// Also an error: whoever says so has understood that there was a command.
fn is_answer(line: &str) -> bool {
    Final::parse(line).is_some_and(|result| !result.ends_call())
}

fn is_nmea(line: &str) -> bool {
    line.strip_prefix('$').is_some_and(|rest| {
        let talker = rest
            .get(..5)
            .is_some_and(|name| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()));
        talker && rest.contains(',')
    })
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | b'\t' | 0 | b' '..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(chunks: &[&[u8]]) -> Verdict {
        let mut probe = Probe::new();
        let verdicts = chunks.iter().map(|chunk| probe.feed(chunk));
        verdicts.into_iter().find(|verdict| *verdict != Verdict::Undecided).unwrap_or(Verdict::Undecided)
    }

    #[test]
    fn an_answer_at_any_split_is_an_at_port() {
        assert_eq!(verdict(&[b"AT\r\r\nO", b"K\r", b"\n"]), Verdict::At);
        assert_eq!(verdict(&[b"\r\nERROR\r\n"]), Verdict::At);
        assert_eq!(verdict(&[b"RDY\r\n", b"+CME ERROR: 10\r\n"]), Verdict::At);
    }

    #[test]
    fn other_ports_are_told_apart() {
        assert_eq!(verdict(&[b"$GPVTG,,T,,M,,N,,K,N*2C\r\n"]), Verdict::Nmea);
        assert_eq!(verdict(&[b"\x08\xef~"]), Verdict::Binary);
        assert_eq!(verdict(&[b"~\xff}#\xc0!}!} } }2}#}$\xc0#}!"]), Verdict::Binary);
        assert_eq!(verdict(&[&[0xff; 64]]), Verdict::Binary);
        assert_eq!(verdict(&[&[b'x'; MOST_BYTES]]), Verdict::Flood);
        assert_eq!(verdict(&[b"NO CARRIER\r\n"]), Verdict::Undecided);
    }
}
