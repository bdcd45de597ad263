//! What the SIM says: `+CPIN`, ICCID, IMSI, own numbers; and the modem's IMEI.

use crate::at::fields::{Fields, after};
use crate::at::result::{Final, Reason};
use crate::words::{Id, SimState};

/// `+CPIN: <code>` (3GPP TS 27.007, 8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    pub state: SimState,
    /// The code that the modem asks for, as it says it.
    pub code: String,
}

/// A PIN2 or PUK2 that is asked for is no lock: many modems say so when all is well.
pub fn lock(line: &str) -> Option<Lock> {
    let code = after(line, "+CPIN")?.trim_matches('"').trim();
    let state = match code.to_ascii_uppercase().as_str() {
        "READY" | "SIM PIN2" | "SIM PUK2" => SimState::Ready,
        "SIM PIN" => SimState::PinRequired,
        "SIM PUK" => SimState::PukRequired,
        "NOT INSERTED" | "SIM REMOVED" | "SIM NOT INSERTED" => SimState::Absent,
        "NOT READY" => SimState::NotReady,
        // PH-…: locked to another network or device.
        other if other.starts_with("PH-") => SimState::Failed,
        _ => SimState::Unknown,
    };
    Some(Lock { state, code: code.to_owned() })
}

/// The SIM's state as an error tells it.
pub fn lock_of_error(result: &Final) -> Option<SimState> {
    let number = match result {
        Final::Equipment(Reason::Number(number)) => *number,
        Final::Message(Reason::Number(number)) => number.checked_sub(300)?,
        _ => return None,
    };
    Some(match number {
        10 => SimState::Absent,
        11 => SimState::PinRequired,
        12 | 16 => SimState::PukRequired,
        13 | 15 => SimState::Failed,
        14 => SimState::NotReady,
        _ => return None,
    })
    .filter(|_| number != 16 || matches!(result, Final::Message(_)))
}

/// `+CCID: 8934…`, `+ICCID:`, `+QCCID:`, `!ICCID:` and more, with or without quotes, with a
/// filler at the end, or the bare digits.
pub fn iccid(line: &str) -> Option<Id> {
    let value = bare(
        line,
        &["+CCID", "+ICCID", "+QCCID", "+CICCID", "^ICCID", "!ICCID?", "!ICCID", "#CCID", "*ICCID", "ICCID"],
    );
    let digits = value.trim_end_matches(['F', 'f']);
    let fits = (18..=20).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !fits {
        return None;
    }
    match digits.get(..2) {
        Some("89") => Some(Id::new(digits)),
        // As it lies on the card: two digits an octet, the first in the low half.
        Some("98") => Some(Id::new(swapped(digits))),
        _ => None,
    }
}

/// The record of EF ICCID (3GPP TS 31.102, 4.2.1; `+CRSM=176,12258,…`).
pub fn iccid_of_file(line: &str) -> Option<Id> {
    let fields = Fields::after(line, "+CRSM")?;
    let ok = matches!(fields.small(0), Some(144 | 145));
    fields.text(2).filter(|_| ok).and_then(iccid)
}

fn swapped(digits: &str) -> String {
    let bytes = digits.as_bytes().chunks(2).flat_map(|pair| pair.iter().rev());
    let text: String = bytes.map(|byte| char::from(*byte)).collect();
    text.trim_end_matches(['F', 'f']).to_owned()
}

/// Bare digits, or behind `+CIMI:`.
pub fn imsi(line: &str) -> Option<Id> {
    let digits = bare(line, &["+CIMI", "*CIMI"]);
    is_number(digits, 14, 15).then(|| Id::new(digits))
}

/// Bare digits, or behind `+CGSN:`, `IMEI:`; the form with a version has two digits more.
pub fn imei(line: &str) -> Option<Id> {
    let digits = bare(line, &["+CGSN", "+GSN", "IMEI"]);
    is_number(digits, 14, 17).then(|| Id::new(digits.get(..15).unwrap_or(digits)))
}

fn is_number(digits: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// The first value, without the prefix where there is one.
fn bare<'a>(line: &'a str, prefixes: &[&str]) -> &'a str {
    let value = prefixes.iter().find_map(|prefix| after(line, prefix)).unwrap_or(line);
    value.split(',').next().unwrap_or_default().trim().trim_matches('"').trim()
}

/// `+CNUM: [<alpha>],<number>,<type>`.
pub fn own_number(line: &str) -> Option<Id> {
    let fields = Fields::after(line, "+CNUM")?;
    fields.text(1).map(Id::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iccid_is_found_in_all_its_shapes() {
        for line in [
            "+CCID: 8934077700015848638",
            "+QCCID: 8934077700015848638F",
            "8934077700015848638",
            "+ICCID:\"8934077700015848638\"",
            "98430777001085846 8F3".replace(' ', "").as_str(),
        ] {
            let found = iccid(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(found.reveal().get(..4), Some("8934"), "{line}");
        }
        assert_eq!(
            iccid_of_file("+CRSM: 144,0,\"98101430121181157002\"")
                .map(|id| id.reveal().to_owned())
                .as_deref(),
            Some("89014103211118510720")
        );
        for line in ["OK", "+CCID: ", "1234567890123456789", "+CRSM: 106,130,\"\""] {
            assert_eq!(iccid(line), None, "{line}");
        }
    }

    #[test]
    fn identities_are_digits_of_the_right_length() {
        assert!(
            imsi("310260000000000").is_some()
                && imsi("+CIMI: 310260000000000").is_some()
                && imsi("+CME ERROR: 10").is_none()
        );
        assert_eq!(imei("3590000000000002,").map(|id| id.reveal().len()), Some(15));
        assert!(imei("+CGSN: \"359000000000000\"").is_some() && imei("EM7455").is_none());
    }

    #[test]
    fn a_lock_is_a_state_or_an_error() {
        assert_eq!(lock("+CPIN: \"SIM PIN\"").map(|lock| lock.state), Some(SimState::PinRequired));
        assert_eq!(lock("+CPIN: SIM PUK2").map(|lock| lock.state), Some(SimState::Ready));
        let of = |line| Final::parse(line).and_then(|result| lock_of_error(&result));
        assert_eq!(of("+CME ERROR: 10"), Some(SimState::Absent));
        assert_eq!(of("+CMS ERROR: 316"), Some(SimState::PukRequired));
        assert_eq!(of("+CME ERROR: 16"), None);
        assert_eq!(of("+CMS ERROR: 21"), None);
    }
}
