//! Messages in PDU mode: `+CMGL`, `+CMGR`, `+CMTI`, `+CMGS` (3GPP TS 27.005, clause 4).

use crate::at::fields::{Fields, after, octets};

/// A message in the modem's store.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    pub index: u32,
    /// 0 unread, 1 read, 2 unsent, 3 sent.
    pub status: u32,
    /// The centre and the message. What the modem says of its length is often wrong.
    pub pdu: Vec<u8>,
}

/// Without the octets: they are somebody's text.
impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stored({}, {} octets)", self.index, self.pdu.len())
    }
}

/// The lines of `AT+CMGL=4`: a head and a line of digits for each message. What is no message
/// in PDU mode is left out.
pub fn list(lines: &[String]) -> Vec<Stored> {
    let mut found = Vec::new();
    let mut head = None;
    for line in lines {
        match (after(line, "+CMGL"), head.take()) {
            (Some(values), _) => head = Some(Fields::new(values)),
            (None, Some(fields)) => found.extend(stored(&fields, line)),
            (None, None) => {}
        }
    }
    found
}

fn stored(head: &Fields, digits: &str) -> Option<Stored> {
    let (index, status) = (head.small(0)?, head.small(1)?);
    let pdu = octets(digits).filter(|pdu| !pdu.is_empty())?;
    Some(Stored { index, status, pdu })
}

/// The lines of `AT+CMGR=<index>`; one modem has the digits in the line of the head.
pub fn read(index: u32, lines: &[String]) -> Option<Stored> {
    let at = lines.iter().position(|line| after(line, "+CMGR").is_some())?;
    let values = lines.get(at).and_then(|line| after(line, "+CMGR"))?;
    let (values, digits) = match values.rsplit_once(' ') {
        Some((values, digits)) if digits.len() > 16 => (values, Some(digits)),
        _ => (values, lines.get(at.saturating_add(1)).map(String::as_str)),
    };
    let status = Fields::new(values).small(0).unwrap_or(1);
    let pdu = octets(digits?).filter(|pdu| !pdu.is_empty())?;
    Some(Stored { index, status, pdu })
}

/// `+CMTI: "SM",3` and `+CDSI`: the store and the place of a message that came.
pub fn arrived(line: &str) -> Option<(String, u32)> {
    let fields = Fields::after(line, "+CMTI").or_else(|| Fields::after(line, "+CDSI"))?;
    Some((fields.text(0)?.to_owned(), fields.small(1)?))
}

/// `+CMGS: <reference>[,…]`: the reference that a status report will name.
pub fn sent(line: &str) -> Option<u8> {
    Fields::after(line, "+CMGS")?.small(0).and_then(|reference| u8::try_from(reference).ok())
}

/// Places of a message store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    pub name: Option<String>,
    pub used: u32,
    pub total: u32,
}

/// `+CPMS: "ME",1,100,…` as an answer to `AT+CPMS?`, `+CPMS: 1,100,…` to a change.
pub fn store(line: &str) -> Option<Store> {
    let fields = Fields::after(line, "+CPMS")?;
    let named = fields.get(0).is_some_and(|field| field.number().is_none());
    let at = usize::from(named);
    Some(Store {
        name: fields.text(0).filter(|_| named).map(str::to_owned),
        used: fields.small(at)?,
        total: fields.small(at.saturating_add(1))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_list_is_heads_and_digits() {
        let found =
            list(&lines("+CMGL: 0,1,,3\n07ab01\n+CMGL: 5,0,\"a,b\",2\n0011\n+CMGL: 6,\"REC READ\"\nhello"));
        let seen: Vec<_> =
            found.iter().map(|message| (message.index, message.status, message.pdu.len())).collect();
        assert_eq!(seen, [(0, 1, 3), (5, 0, 2)]);
    }

    #[test]
    fn a_head_without_digits_is_no_message() {
        assert_eq!(list(&lines("+CMGL: 0,1,,3\n+CMGL: 1,1,,3\n07ab01")).len(), 1);
        assert_eq!(read(1, &lines("+CMGR: 1,,3")), None);
        assert_eq!(read(1, &[]), None);
    }

    #[test]
    fn stores_have_names_or_not() {
        assert_eq!(
            store("+CPMS: \"ME\",7,100,\"ME\",7,100").map(|store| (store.used, store.total)),
            Some((7, 100))
        );
        assert_eq!(store("+CPMS: 0,10,0,10").map(|store| store.name), Some(None));
        assert_eq!(arrived("+CMTI: \"SM\",3"), Some(("SM".into(), 3)));
        assert_eq!(sent("+CMGS: 255"), Some(255));
    }
}
