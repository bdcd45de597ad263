//! Lines that nobody asked for (3GPP TS 27.007, 27.005; vendors' manuals; boot lines).

/// What a line that begins so is followed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing else.
    Line,
    /// The next line belongs to it: a message's octets.
    WithBody,
    /// The whole line, not a beginning.
    Whole,
}

use Shape::{Line, Whole, WithBody};

#[rustfmt::skip]
const TABLE: &[(&str, Shape)] = &[
    // Registration, packet domain, time
    ("+CREG:", Line), ("+CGREG:", Line), ("+CEREG:", Line), ("+C5GREG:", Line),
    ("+CGEV:", Line), ("+CGREP:", Line), ("+CTZV:", Line), ("+CTZE:", Line), ("+CTZU:", Line), ("+CTZDST:", Line),
    ("+CIEV:", Line), ("+CPSB:", Line), ("+CSCON:", Line), ("+CNEMS1:", Line), ("+CNEMIU:", Line),
    // Messages
    ("+CMTI:", Line), ("+CDSI:", Line), ("+CBMI:", Line), ("+CMT:", WithBody), ("+CDS:", WithBody), ("+CBM:", WithBody),
    // Calls and supplementary services
    ("RING", Whole), ("+CRING:", Line), ("+CLIP:", Line), ("+CCWA:", Line), ("+CLCC:", Line),
    ("+COLP:", Line), ("+CSSI:", Line), ("+CSSU:", Line), ("+CUSD:", Line), ("+CNAP:", Line), ("+RXDTMF:", Line),
    // The SIM and the modem itself
    ("+CPIN:", Line), ("+CFUN:", Line), ("+CALA:", Line), ("+WIND:", Line), ("+SIM:", Line),
    ("RDY", Whole), ("Call Ready", Whole), ("SMS Ready", Whole), ("SMS DONE", Whole), ("PB DONE", Whole),
    ("+PBREADY", Line), ("*EMRDY:", Line), ("^SYSSTART", Line), ("^SHUTDOWN", Line), ("NORMAL POWER DOWN", Whole),
    ("POWERED DOWN", Whole), ("SYSSTART", Whole), ("APP RDY", Whole), ("OVER-VOLTAGE", Line), ("UNDER-VOLTAGE", Line),
    // Quectel
    ("+QIND:", Line), ("+QUSIM:", Line), ("+QNETDEVSTATUS:", Line), ("+QIURC:", Line), ("+QSIMSTAT:", Line),
    ("+QNWLOCK:", Line), ("+QURCCFG:", Line), ("+QGPSURC:", Line), ("+QUSBSLEEP:", Line), ("+QDSDSIM:", Line),
    // Huawei and those who copied it
    ("^RSSI:", Line), ("^CSNR:", Line), ("^HCSQ:", Line), ("^SRVST:", Line), ("^SIMST:", Line), ("^MODE:", Line),
    ("^NDISSTAT:", Line), ("^NDISEND", Line), ("^DSFLOWRPT:", Line), ("^BOOT:", Line), ("^STIN:", Line),
    ("^CEND:", Line), ("^NWTIME:", Line), ("^LCACELLURC:", Line), ("^EARST:", Line), ("^THERM:", Line), ("^DCONN", Line),
    // Sierra, ZTE, Telit, SIMCom, Fibocom, Ericsson
    ("*TOCAC:", Line), ("!SCACT:", Line), ("+ZDONR:", Line), ("+ZPASR:", Line), ("+ZUSIMR:", Line), ("+ZPSTM:", Line), ("+ZEND", Line),
    ("#QSS:", Line), ("#PSNT:", Line), ("+CNSMOD:", Line), ("+SIMCARD:", Line), ("+NITZ", Line), ("*PSUTTZ:", Line), ("DST:", Line),
    ("+GTREADY", Line), ("+MSIM_INIT", Line), ("+SIM READY", Line), ("*E2NAP:", Line), ("*ERINFO:", Line), ("*STKN:", Line), ("*STKEND", Line),
    ("+XREG:", Line), ("+XCSQ:", Line), ("+XTAMR:", Line), ("%IPDPACT:", Line), ("%NWSTATE:", Line), ("%NOTIFYEV:", Line), ("_OSIGQ:", Line), ("_OWCALL:", Line),
];

/// A line that nobody asked for, with the line that belongs to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsolicited {
    pub line: String,
    pub body: Option<String>,
}

/// Without the content: it may be a message or a number.
impl std::fmt::Debug for Unsolicited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unsolicited({})", name(&self.line).unwrap_or("?"))
    }
}

/// `+CREG` of `+CREG: 1`: safe to log where it is in the table.
pub fn name(line: &str) -> Option<&'static str> {
    find(line).map(|(prefix, _)| prefix.trim_end_matches(':'))
}

pub fn is_known(line: &str) -> bool {
    find(line).is_some()
}

/// Whether the next line belongs to this one.
pub fn has_body(line: &str) -> bool {
    find(line).is_some_and(|(_, shape)| shape == WithBody)
}

fn find(line: &str) -> Option<(&'static str, Shape)> {
    let fits = |(prefix, shape): &&(&str, Shape)| match shape {
        Whole => line.eq_ignore_ascii_case(prefix),
        Line | WithBody => line.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)),
    };
    TABLE.iter().find(fits).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_lines_and_reports_are_known() {
        for line in ["RDY", "+CFUN: 1", "+CPIN: READY", "+QUSIM: 1", "+QIND: PB DONE", "^RSSI:18", "+CREG: 1"]
        {
            assert!(is_known(line), "{line}");
        }
        assert!(!is_known("+CSQ: 99,99") && !is_known("RDYX") && !is_known("8934077700015848638"));
        assert!(has_body("+CMT: ,24") && has_body("+CDS: 24") && !has_body("+CMTI: \"SM\",3"));
    }

    #[test]
    fn a_log_shows_the_name_only() {
        let message = Unsolicited { line: "+CLIP: \"+358401234567\",145".into(), body: None };
        assert_eq!(format!("{message:?}"), "Unsolicited(+CLIP)");
    }
}
