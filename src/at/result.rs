//! Final result codes (ITU-T V.250, 5.7.1; 3GPP TS 27.007, 9.2; 27.005, 3.2.5).

use std::fmt;

/// The end of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Final {
    Ok,
    /// The port carries data from now on.
    Connect,
    NoCarrier,
    Busy,
    NoAnswer,
    NoDialtone,
    /// `ERROR`, without a reason.
    Error,
    /// `COMMAND NOT SUPPORT`, as Quectel's RG801H says.
    NotSupported,
    /// `+CME ERROR`: the modem.
    Equipment(Reason),
    /// `+CMS ERROR`: messages.
    Message(Reason),
}

/// A number, or the words of `AT+CMEE=2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    Number(u16),
    Words(String),
}

/// What people get to see of foreign words.
const MOST_WORDS: usize = 80;

impl Final {
    /// The result code that a line is. `CONNECT` and the ends of calls are results of dialling
    /// only: the caller knows what was asked.
    pub fn parse(line: &str) -> Option<Final> {
        let line = line.trim();
        if let Some(rest) = strip(line, "+CME ERROR:") {
            return Some(Final::Equipment(Reason::parse(rest, EQUIPMENT)));
        }
        if let Some(rest) = strip(line, "+CMS ERROR:") {
            return Some(Final::Message(Reason::parse(rest, MESSAGE)));
        }
        match line {
            "OK" => Some(Final::Ok),
            "ERROR" => Some(Final::Error),
            "NO CARRIER" => Some(Final::NoCarrier),
            "BUSY" => Some(Final::Busy),
            "NO ANSWER" => Some(Final::NoAnswer),
            "NO DIALTONE" | "NO DIAL TONE" => Some(Final::NoDialtone),
            "COMMAND NOT SUPPORT" | "TOO MANY PARAMETERS" => Some(Final::NotSupported),
            "CONNECT" => Some(Final::Connect),
            _ => strip(line, "CONNECT ").map(|_| Final::Connect),
        }
    }

    pub fn is_ok(&self) -> bool {
        matches!(self, Final::Ok | Final::Connect)
    }

    /// Of a call: stray ones are unsolicited.
    pub fn ends_call(&self) -> bool {
        matches!(self, Final::Connect | Final::NoCarrier | Final::Busy | Final::NoAnswer | Final::NoDialtone)
    }

    /// The modem still reads its SIM: ask again in a second.
    pub fn is_passing(&self) -> bool {
        match self {
            Final::Equipment(Reason::Number(number)) => matches!(number, 14 | 57),
            Final::Message(Reason::Number(number)) => matches!(number, 314 | 332),
            _ => false,
        }
    }

    /// The modem knows no such command.
    pub fn is_unsupported(&self) -> bool {
        match self {
            Final::NotSupported | Final::Error => true,
            Final::Equipment(Reason::Number(number)) => matches!(number, 4 | 58 | 100),
            Final::Message(Reason::Number(number)) => *number == 303,
            _ => false,
        }
    }
}

impl fmt::Display for Final {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (family, reason, table) = match self {
            Final::Ok => return f.write_str("OK"),
            Final::Connect => return f.write_str("CONNECT"),
            Final::NoCarrier => return f.write_str("NO CARRIER"),
            Final::Busy => return f.write_str("BUSY"),
            Final::NoAnswer => return f.write_str("NO ANSWER"),
            Final::NoDialtone => return f.write_str("NO DIALTONE"),
            Final::Error => return f.write_str("ERROR"),
            Final::NotSupported => return f.write_str("COMMAND NOT SUPPORT"),
            Final::Equipment(reason) => ("+CME ERROR", reason, EQUIPMENT),
            Final::Message(reason) => ("+CMS ERROR", reason, MESSAGE),
        };
        match reason {
            Reason::Number(number) => match words(table, *number) {
                Some(words) => write!(f, "{words} ({family} {number})"),
                None => write!(f, "{family} {number}"),
            },
            Reason::Words(words) if words.is_empty() => f.write_str(family),
            Reason::Words(words) => write!(f, "{words} ({family})"),
        }
    }
}

impl Reason {
    fn parse(text: &str, table: &[(u16, &str)]) -> Reason {
        let text = text.trim();
        if let Ok(number) = text.parse() {
            return Reason::Number(number);
        }
        match table.iter().find(|(_, words)| words.eq_ignore_ascii_case(text)) {
            Some((number, _)) => Reason::Number(*number),
            None => Reason::Words(text.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect()),
        }
    }
}

fn strip<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = line.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn words(table: &[(u16, &'static str)], number: u16) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == number).map(|(_, words)| *words)
}

/// 27.007, 9.2.1 to 9.2.2.
#[rustfmt::skip]
const EQUIPMENT: &[(u16, &str)] = &[
    (0, "phone failure"), (1, "no connection to phone"), (2, "phone adaptor link reserved"),
    (3, "operation not allowed"), (4, "operation not supported"), (5, "PH-SIM PIN required"),
    (6, "PH-FSIM PIN required"), (7, "PH-FSIM PUK required"), (10, "SIM not inserted"),
    (11, "SIM PIN required"), (12, "SIM PUK required"), (13, "SIM failure"), (14, "SIM busy"),
    (15, "SIM wrong"), (16, "incorrect password"), (17, "SIM PIN2 required"),
    (18, "SIM PUK2 required"), (20, "memory full"), (21, "invalid index"), (22, "not found"),
    (23, "memory failure"), (24, "text string too long"),
    (25, "invalid characters in text string"), (26, "dial string too long"),
    (27, "invalid characters in dial string"), (30, "no network service"),
    (31, "network timeout"), (32, "network not allowed - emergency calls only"),
    (40, "network personalization PIN required"), (41, "network personalization PUK required"),
    (42, "network subset personalization PIN required"),
    (43, "network subset personalization PUK required"),
    (44, "service provider personalization PIN required"),
    (45, "service provider personalization PUK required"),
    (46, "corporate personalization PIN required"),
    (47, "corporate personalization PUK required"), (48, "hidden key required"),
    (49, "EAP method not supported"), (50, "incorrect parameters"),
    (51, "command implemented but currently disabled"), (52, "command aborted by user"),
    (53, "not attached to network due to MT functionality restrictions"),
    (54, "modem not allowed - MT restricted to emergency calls only"),
    (55, "operation not allowed because of MT functionality restrictions"),
    (56, "fixed dial number only allowed - called number is not a fixed dial number"),
    (57, "temporarily out of service due to other MT usage"),
    (58, "language/alphabet not supported"), (59, "unexpected data value"),
    (60, "system failure"), (61, "data missing"), (62, "call barred"), (100, "unknown"),
    (103, "illegal MS"), (106, "illegal ME"), (107, "GPRS services not allowed"),
    (111, "PLMN not allowed"), (112, "location area not allowed"),
    (113, "roaming not allowed in this location area"),
    (132, "service option not supported"), (133, "requested service option not subscribed"),
    (134, "service option temporarily out of order"), (148, "unspecified GPRS error"),
    (149, "PDP authentication failure"), (150, "invalid mobile class"),
];

/// 27.005, 3.2.5, and the causes of 24.011 below 128.
#[rustfmt::skip]
const MESSAGE: &[(u16, &str)] = &[
    (1, "unassigned number"), (8, "operator determined barring"), (10, "call barred"),
    (21, "short message transfer rejected"), (27, "destination out of service"),
    (28, "unidentified subscriber"), (29, "facility rejected"), (30, "unknown subscriber"),
    (38, "network out of order"), (41, "temporary failure"), (42, "congestion"),
    (47, "resources unavailable"), (50, "requested facility not subscribed"),
    (69, "requested facility not implemented"),
    (81, "invalid short message transfer reference value"), (95, "invalid message"),
    (96, "invalid mandatory information"), (97, "message type non-existent"),
    (98, "message not compatible with short message protocol state"),
    (99, "information element non-existent"), (111, "protocol error"), (127, "interworking"),
    (300, "ME failure"), (301, "SMS service of ME reserved"), (302, "operation not allowed"),
    (303, "operation not supported"), (304, "invalid PDU mode parameter"),
    (305, "invalid text mode parameter"), (310, "SIM not inserted"), (311, "SIM PIN required"),
    (312, "PH-SIM PIN required"), (313, "SIM failure"), (314, "SIM busy"), (315, "SIM wrong"),
    (316, "SIM PUK required"), (317, "SIM PIN2 required"), (318, "SIM PUK2 required"),
    (320, "memory failure"), (321, "invalid memory index"), (322, "memory full"),
    (330, "SMSC address unknown"), (331, "no network service"), (332, "network timeout"),
    (340, "no +CNMA acknowledgement expected"), (500, "unknown error"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_are_the_same_error() {
        let busy = Final::parse("+CME ERROR: 14").expect("a result");
        assert_eq!(Final::parse("+CME ERROR: SIM busy"), Some(busy.clone()));
        assert_eq!(busy.to_string(), "SIM busy (+CME ERROR 14)");
        assert!(busy.is_passing() && !busy.is_ok());
        assert_eq!(
            Final::parse("+CMS ERROR: 321").map(|f| f.to_string()).as_deref(),
            Some("invalid memory index (+CMS ERROR 321)")
        );
    }

    #[test]
    fn an_unknown_reason_is_told_as_it_is() {
        assert_eq!(
            Final::parse("+CME ERROR: raspberry").map(|f| f.to_string()).as_deref(),
            Some("raspberry (+CME ERROR)")
        );
        assert_eq!(Final::parse("+CME ERROR: 767").map(|f| f.to_string()).as_deref(), Some("+CME ERROR 767"));
        assert_eq!(Final::parse("+CME ERROR:").map(|f| f.to_string()).as_deref(), Some("+CME ERROR"));
    }

    #[test]
    fn what_only_looks_like_a_result_is_none() {
        for line in ["OKAY", "ok", "ERRORS", "CONNECTED", "+CME: 3", "", "É+CME ERROR: 3"] {
            assert_eq!(Final::parse(line), None, "{line}");
        }
        assert_eq!(Final::parse("CONNECT 115200"), Some(Final::Connect));
    }
}
