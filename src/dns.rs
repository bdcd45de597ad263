//! PURE. The few bytes of DNS (RFC 1035) that probes need: one question out, an answer in.
//!
//! Contract: [`Query::bytes`] is one question; [`Query::read`] takes what came back and gives
//! `None` for everything that is no answer to exactly this question (another transaction,
//! another name or type, no response, cut short), so that a forged or late packet is passed over
//! rather than believed. No pointer of a compressed name is ever followed.
//!
//! Why not the system's resolver? It would ask over whatever link the routing table prefers, and
//! getaddrinfo blocks; a probe has to prove this one link.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::wire::{Malformed, Reader};

/// Types of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    A,
    Aaaa,
    Soa,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub id: u16,
    /// Empty for the root.
    pub name: String,
    pub kind: Kind,
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// RCODE: 0 no error, 2 server failure, 3 no such name, 5 refused.
    pub code: u8,
    pub addresses: Vec<IpAddr>,
}

/// Recursion desired.
const FLAGS: u16 = 0x0100;
const RESPONSE: u16 = 0x8000;
const CLASS_IN: u16 = 1;
/// The two high bits of a length: a pointer to elsewhere (RFC 1035, 4.1.4).
const POINTER: u8 = 0xc0;
/// More than any sensible answer has; what comes after is not looked at.
const MOST_RECORDS: u16 = 32;

impl Kind {
    fn code(self) -> u16 {
        match self {
            Kind::A => 1,
            Kind::Soa => 6,
            Kind::Aaaa => 28,
        }
    }
}

impl Query {
    /// What any resolver has in its cache, with an answer of 92 bytes: the SOA of the root.
    pub fn root(id: u16) -> Query {
        Query { id, name: String::new(), kind: Kind::Soa }
    }

    /// The name must be one that `target` has let through.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(18 + self.name.len());
        for word in [self.id, FLAGS, 1, 0, 0, 0] {
            out.extend(word.to_be_bytes());
        }
        for label in self.labels() {
            out.push(u8::try_from(label.len()).unwrap_or(0));
            out.extend(label.bytes());
        }
        out.push(0);
        out.extend(self.kind.code().to_be_bytes());
        out.extend(CLASS_IN.to_be_bytes());
        out
    }

    fn labels(&self) -> impl Iterator<Item = &str> {
        self.name.split('.').filter(|label| (1..=63).contains(&label.len()))
    }

    /// The answer to this question, if these bytes are one.
    pub fn read(&self, bytes: &[u8]) -> Option<Reply> {
        self.parse(bytes).ok().flatten()
    }

    fn parse(&self, bytes: &[u8]) -> Result<Option<Reply>, Malformed> {
        let mut r = Reader::new(bytes);
        let (id, flags, questions, answers) = (r.u16_be()?, r.u16_be()?, r.u16_be()?, r.u16_be()?);
        r.take(4)?;
        let [_, low] = flags.to_be_bytes();
        let code = low & 0x0f;
        if id != self.id || flags & RESPONSE == 0 {
            return Ok(None);
        }
        if questions == 0 && code != 0 {
            // A server that did not understand may leave the question out (RFC 9619 has it so).
            return Ok(Some(Reply { code, addresses: Vec::new() }));
        }
        if questions != 1 || !self.is_asked(&mut r)? {
            return Ok(None);
        }
        let mut addresses = Vec::new();
        for _ in 0..answers.min(MOST_RECORDS) {
            match self.record(&mut r) {
                Ok(address) => addresses.extend(address),
                // Cut short (TC): what came before still holds.
                Err(_) => break,
            }
        }
        Ok(Some(Reply { code, addresses }))
    }

    /// The question as we put it, in letters of either case.
    fn is_asked(&self, r: &mut Reader) -> Result<bool, Malformed> {
        for label in self.labels() {
            let length = r.u8()?;
            if usize::from(length) != label.len()
                || !r.take(length.into())?.eq_ignore_ascii_case(label.as_bytes())
            {
                return Ok(false);
            }
        }
        Ok(r.u8()? == 0 && r.u16_be()? == self.kind.code() && r.u16_be()? == CLASS_IN)
    }

    /// One record. Its name is not compared: after a CNAME it is another.
    fn record(&self, r: &mut Reader) -> Result<Option<IpAddr>, Malformed> {
        skip_name(r)?;
        let (kind, class) = (r.u16_be()?, r.u16_be()?);
        r.take(4)?;
        let length = r.u16_be()?;
        let data = r.take(length.into())?;
        if kind != self.kind.code() || class != CLASS_IN {
            return Ok(None);
        }
        let mut data = Reader::new(data);
        Ok(match self.kind {
            Kind::A => data.array::<4>().ok().map(|octets| Ipv4Addr::from(octets).into()),
            Kind::Aaaa => data.array::<16>().ok().map(|octets| Ipv6Addr::from(octets).into()),
            Kind::Soa => None,
        })
    }
}

fn skip_name(r: &mut Reader) -> Result<(), Malformed> {
    loop {
        match r.u8()? {
            0 => return Ok(()),
            length if length & POINTER == POINTER => return r.u8().map(drop),
            length if length & POINTER != 0 => return Err(Malformed("length of a label")),
            length => r.take(length.into()).map(drop)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> Query {
        Query { id: 0x1234, name: "example.org".into(), kind: Kind::A }
    }

    /// A CNAME and an address, with compressed names.
    fn answer() -> Vec<u8> {
        let mut bytes = query().bytes();
        bytes[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 2]);
        bytes.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, b'a', 0xc0, 20]);
        bytes.extend([0xc0, 41, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
        bytes
    }

    #[test]
    fn a_question_is_what_the_rfc_says() {
        let expected = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x01\0\x01";
        assert_eq!(query().bytes(), expected);
        assert_eq!(Query::root(7).bytes(), b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\0\0\x06\0\x01");
    }

    #[test]
    fn an_address_behind_an_alias_is_found() {
        let reply = Reply { code: 0, addresses: vec![[192, 0, 2, 7].into()] };
        assert_eq!(query().read(&answer()), Some(reply));
        let mut upper = answer();
        upper[13..20].make_ascii_uppercase();
        assert!(query().read(&upper).is_some());
    }

    #[test]
    fn what_answers_another_question_is_passed_over() {
        let read = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = answer();
            change(&mut bytes);
            query().read(&bytes)
        };
        assert_eq!(read(&|b| b[0] ^= 1), None, "another transaction");
        assert_eq!(read(&|b| b[2] &= 0x7f), None, "a question");
        assert_eq!(read(&|b| b[13] ^= 1), None, "another name");
        assert_eq!(read(&|b| b[26] = 28), None, "another type");
        assert_eq!(read(&|b| b[5] = 2), None, "two questions");
        assert_eq!(read(&|b| b[5] = 0), None, "no question, and yet no error");
        assert_eq!(read(&|b| b.truncate(11)), None);
    }

    #[test]
    fn errors_are_told_with_and_without_the_question() {
        let mut bytes = query().bytes();
        bytes[2..4].copy_from_slice(&[0x81, 0x83]);
        assert_eq!(query().read(&bytes), Some(Reply { code: 3, addresses: vec![] }));
        let short = [0x12, 0x34, 0x81, 0x05, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(query().read(&short), Some(Reply { code: 5, addresses: vec![] }));
    }

    #[test]
    fn no_cut_and_no_flipped_byte_panics() {
        let bytes = answer();
        for cut in 0..bytes.len() {
            let _ = query().read(&bytes[..cut]);
            for flip in 1..=255u8 {
                let mut broken = bytes.clone();
                broken[cut] ^= flip;
                let _ = query().read(&broken);
            }
        }
    }
}
