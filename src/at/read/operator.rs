//! `+COPS`: the network in use and the networks around (3GPP TS 27.007, 7.3).

use super::registration::technology;
use crate::at::fields::{Fields, after, groups, octets};
use crate::few::Listed;
use crate::words::Technology;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Current {
    /// 0 automatic, 1 chosen by hand, 2 deregistered, 4 by hand with automatic fallback.
    pub mode: u32,
    pub name: Option<String>,
    /// Where the modem was told to show numbers.
    pub mcc_mnc: Option<String>,
    pub technology: Option<Technology>,
}

/// `+COPS: <mode>[,<format>,<operator>[,<AcT>]]`.
pub fn current(line: &str) -> Option<Current> {
    let fields = Fields::after(line, "+COPS").filter(|_| !line.contains('('))?;
    let mode = fields.small(0)?;
    let operator = fields.text(2).map(readable);
    let (name, mcc_mnc) = match fields.small(1) {
        Some(2) => (None, operator.filter(|digits| is_network(digits))),
        _ => (operator, None),
    };
    Some(Current { mode, name, mcc_mnc, technology: fields.small(3).and_then(technology) })
}

crate::words! {
    pub enum Availability {
        Unknown = "unknown",
        Available = "available",
        Current = "current",
        Forbidden = "forbidden",
    }
}

/// A network that a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub availability: Availability,
    pub long: Option<String>,
    pub short: Option<String>,
    pub mcc_mnc: String,
    /// GSM where the modem does not say.
    pub technology: Option<Technology>,
}

/// `+COPS: (<stat>,<long>,<short>,<numeric>[,<AcT>]),…,,(modes),(formats)`: commas between
/// the groups may be missing, the last two groups are no networks. Sony Ericsson's modems
/// close a group before its technology: `(2,"a","a","310260"),2),`.
pub fn scan(line: &str) -> Option<Vec<Network>> {
    let values = after(line, "+COPS")?;
    Some(groups(values).into_iter().filter_map(|(group, tail)| network(group, tail)).listed())
}

fn network(group: &str, tail: &str) -> Option<Network> {
    let fields = Fields::new(group);
    let late = tail.strip_prefix(',').and_then(|tail| tail.split_once(')')).map(|(act, _)| act.trim());
    let mcc_mnc = fields.text(3).map(readable).filter(|digits| is_network(digits))?;
    let availability = match fields.small(0)? {
        1 => Availability::Available,
        2 => Availability::Current,
        3 => Availability::Forbidden,
        _ => Availability::Unknown,
    };
    let name = |at| fields.text(at).map(readable);
    let technology = match fields.text(4).or(late) {
        None => Some(Technology::Gsm),
        // Two sticks say it in words.
        Some("3G") => Some(Technology::Umts),
        Some("4G") => Some(Technology::Lte),
        Some(act) => act.parse().ok().and_then(technology),
    };
    Some(Network { availability, long: name(1), short: name(2), mcc_mnc, technology })
}

fn is_network(digits: &str) -> bool {
    matches!(digits.len(), 5 | 6) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// A name, out of hexadecimal UCS-2 where the modem's character set is that: at least two
/// characters, of which the first is a Latin one.
fn readable(text: &str) -> String {
    let is_ucs2 = text.len() >= 8 && text.len() % 4 == 0 && text.starts_with("00");
    let octets = if is_ucs2 { octets(text) } else { None };
    let Some(octets) = octets else { return text.to_owned() };
    let units = octets.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_formats_are_no_networks() {
        let networks =
            scan("+COPS: (2,\"T-Mobile\",\"\",\"310260\",7),,(0,1,2,3,4),(0,1,2)").expect("a scan");
        assert_eq!(networks.len(), 1);
        let found = networks.first().expect("one");
        assert_eq!((found.long.as_deref(), found.short.as_deref()), (Some("T-Mobile"), None));
        assert_eq!(found.availability, Availability::Current);
    }

    #[test]
    fn names_in_ucs2_are_read() {
        assert_eq!(readable("0059004F00490047004F"), "YOIGO");
        assert_eq!(readable("00320031003400300037"), "21407");
        assert_eq!(readable("0001"), "0001");
    }

    #[test]
    fn not_registered_has_no_operator() {
        assert_eq!(current("+COPS: 0"), Some(Current::default()));
        assert_eq!(
            current("+COPS: 0,2,\"26201\",7").and_then(|current| current.mcc_mnc).as_deref(),
            Some("26201")
        );
    }
}
