//! Commands that may cost more than they look: refused unless somebody insists.
//!
//! Contract: [`check`] errs on the side of refusing. It sees through blanks, case, several
//! commands in a line and quotes that hide a separator. What it lets pass may still change
//! something; what it refuses has left people without a modem, a network or a SIM.

use std::fmt;

use super::command::{Command, Form, commands};

/// Which forms of a command are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Whatever follows the name.
    Always,
    /// `=` with a value; questions are harmless.
    Set,
    /// `=` with more than one value: with one this family asks.
    SetTwo,
    /// `=` with a first or second value that is none of these.
    SetUnless(usize, &'static [&'static str]),
}

use When::{Always, Set, SetTwo, SetUnless};

/// A name, when it is dangerous, and why. Names end as they stand; `*` at the end is anything.
#[rustfmt::skip]
const TABLE: &[(&str, When, &str)] = &[
    // Off, restart, firmware loader
    ("+CFUN", Set, "turns the radio off or restarts the modem: use uwand reset"),
    ("+CRESET", Always, RESTARTS), ("+CPOF", Always, TURNS_OFF), ("+CPWROFF", Always, TURNS_OFF),
    ("!RESET", Always, RESTARTS), ("!HRESET", Always, RESTARTS), ("+QPOWD", Always, TURNS_OFF), ("+QRST", Always, RESTARTS),
    ("+RESET", Always, RESTARTS), ("+TRB", Always, RESTARTS), ("#REBOOT", Always, RESTARTS), ("#SHDN", Always, TURNS_OFF),
    ("#SYSHALT", Always, TURNS_OFF), ("#ENHRST", Set, RESTARTS), ("*RESET", Always, RESTARTS), ("%RESET", Always, RESTARTS), ("$RESET", Always, RESTARTS),
    ("^RESET", Always, RESTARTS), ("^SMSO", Always, TURNS_OFF), ("^SHUTDOWN", Always, TURNS_OFF), ("$QCPWRDN", Always, TURNS_OFF),
    ("+ZRESET", Always, RESTARTS), ("+GTRESET", Always, RESTARTS), ("+CRESETFACTORY", Always, ERASES), ("+MSMPD", Set, TURNS_OFF),
    ("!BOOTHOLD", Always, LOADER), ("!BOOTANDHOLD", Always, LOADER), ("!DLOAD", Always, LOADER), ("^GODLOAD", Always, LOADER),
    ("+QDOWNLOAD", Always, LOADER), ("+QFASTBOOT", Always, LOADER), ("+QFIREHOSE", Always, LOADER), ("$QCDLOAD", Always, LOADER), ("+CDFU", Always, LOADER),
    ("+QFOTADL", Always, FIRMWARE), ("+QFUMO*", Always, FIRMWARE), ("+CFOTA*", Always, FIRMWARE), ("#OTAUP", Always, FIRMWARE), ("+GTFOTA*", Always, FIRMWARE),
    ("#FWSWITCH", Set, FIRMWARE), ("#FWAUTOSIM", Set, FIRMWARE), ("!IMPREF", Set, FIRMWARE), ("!GOBIIMPREF", Set, FIRMWARE), ("!IMAGE", Set, FIRMWARE),
    ("+QMBNCFG", SetTwo, FIRMWARE), ("!PRIID", Set, FIRMWARE),
    // Erasing and writing of what the maker has set
    ("+QPRTPARA", Set, ERASES), ("!RMARESET", Always, ERASES), ("!NVRESTORE", Always, ERASES), ("!NVBACKUP", Always, ERASES), ("!NVDEF", Always, ERASES),
    ("+QNVW", Always, MEMORY), ("+QNVFW", Always, MEMORY), ("!NV*", Set, MEMORY), ("+NVRAM*", Set, MEMORY), ("$NV*", Set, MEMORY), ("$QCNV*", Set, MEMORY),
    ("+QFDEL", Always, ERASES), ("+QFUPL", Always, MEMORY), ("+QFLDS", Set, MEMORY), ("&F", Always, "resets every setting of the port, some for good"),
    ("&W", Always, "stores the port's settings for every later start"), ("Z", Always, "resets the port's settings and ends connections"),
    // Identity
    ("+EGMR", Set, IMEI), ("!NVIMEI*", Always, IMEI), ("!NVENCRYPTIMEI", Always, IMEI), ("+SIMEI", Set, IMEI), ("*EIMEI", Set, IMEI), ("#EIMEI", Set, IMEI),
    ("+IMEI", Set, IMEI), ("^PHYNUM", Set, IMEI), ("+GTIMEI", Set, IMEI), ("+SPIMEI", Set, IMEI),
    // The USB side
    ("!UDUSBCOMP", Set, USB), ("!USBCOMP", Set, USB), ("!UDPID", Set, USB), ("!UDINFO", Set, USB), ("!USBPID", Set, USB), ("!USBVID", Set, USB),
    ("!USBINFO", Set, USB), ("!USBSPEED", Set, USB), ("!FASTENUMEN", Set, USB), ("+QUSBCFG", Set, USB), ("+GTUSBMODE", Set, USB), ("+GTUSBCFG", Set, USB),
    ("#USBCFG", Set, USB), ("#PORTCFG", Set, USB), ("#USBSWITCH", Set, USB), ("+CUSBPIDSWITCH", Set, USB), ("+CUSBSELNV", Set, USB), ("+UUSBCONF", Set, USB),
    ("+ZCDRUN", Always, USB), ("$MYCONFIG", Set, USB), ("+DIALMODE", Set, USB), ("+QETH", SetTwo, USB),
    // Locks of the maker
    ("!ENTERCND", Always, "opens commands that can damage the modem"), ("!OPENLOCK", Always, "opens commands that can damage the modem"),
    ("!SETCND", Always, "changes the password of protected commands"), ("!CUSTOM", Set, STORED), ("!PCOFFEN", Set, STORED),
    ("!BAND", Set, BANDS), ("!SELRAT", Set, BANDS), ("!LTEEARFCN*", Set, BANDS), ("!PCINFO", Set, STORED),
    ("+QCFG", SetTwo, STORED), ("+QNWPREFCFG", SetTwo, BANDS), ("+QNWLOCK", SetTwo, BANDS), ("+QSCLK", Set, "lets the modem sleep: its ports go silent"),
    ("+CNBP", Set, BANDS), ("+CNMP", Set, BANDS), ("+CCELLCFG", Set, BANDS), ("#BND", Set, BANDS), ("+URAT", Set, BANDS), ("+UBANDMASK", Set, BANDS),
    ("+GTACT", Set, BANDS), ("+GTCELLLOCK", Set, BANDS), ("+XACT", Set, BANDS), ("+WS46", Set, BANDS), ("+ZSNT", Set, BANDS), ("+ZLOCKCELL", Set, BANDS),
    ("^*", Set, "Huawei's and Cinterion's settings last, and may take network or port away"),
    // The SIM
    ("+CPIN", Set, "a wrong PIN uses up a try: use uwand sim"), ("+CPWD", Set, "changes a PIN or a password: use uwand sim"),
    ("+CLCK", SetUnless(1, &["2"]), "locks or unlocks the SIM, the modem or calls"), ("+CSIM", Set, "writes to the card"),
    ("+CRSM", SetUnless(0, &["176", "178", "192", "203", "242"]), "writes to the card"), ("+CGLA", Set, "writes to the card"),
    // The connection, and what waits for more than an answer
    ("+COPS", SetUnless(0, &["3"]), "leaves the network, or stays with one for good"), ("+CGATT", Set, "ends the connection"), ("+CGACT", Set, "ends the connection"),
    ("+CGDATA", Always, DATA), ("D*", Always, DATA), ("O*", Always, DATA), ("A/", Always, "repeats a command that is not shown"), ("+CMUX", Always, "the port stops speaking AT"),
    ("+CMGS", Set, TEXT), ("+CMGW", Always, TEXT), ("+CMGC", Set, TEXT), ("+CMSS", Set, "sends a message, which costs"), ("+CNMA", Set, TEXT), ("+CPOS", Always, TEXT),
    ("+IPR", Set, GARBLED), ("+ICF", Set, GARBLED), ("+IFC", Set, GARBLED), ("S3=*", Always, GARBLED), ("S4=*", Always, GARBLED), ("S5=*", Always, GARBLED),
    ("Q1", Always, GARBLED), ("V0", Always, GARBLED), ("V", Always, GARBLED),
];

const RESTARTS: &str = "restarts the modem: use uwand reset";
const TURNS_OFF: &str = "turns the modem off; only a power cut may wake it";
const LOADER: &str = "leaves the modem in its firmware loader";
const FIRMWARE: &str = "changes the firmware";
const ERASES: &str = "erases what the modem has stored";
const MEMORY: &str = "writes to the modem's memory of settings";
const IMEI: &str = "writes the IMEI, which is unlawful in many countries";
const USB: &str = "changes the USB side: ports and network device may be gone";
const STORED: &str = "changes stored settings; a wrong one may take the network device away";
const BANDS: &str = "changes bands or cells for good: there may be no network any more";
const DATA: &str = "takes the port into data mode";
const TEXT: &str = "waits for a text: use uwand sms";
const GARBLED: &str = "answers could not be understood any more";

/// Why a command is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// May be forced. The name is that of the table.
    Dangerous { name: &'static str, reason: &'static str },
    /// Not one line of text: nobody can say what a modem makes of it. Never sent.
    NotALine,
    /// Longer than any modem takes.
    TooLong,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Dangerous { name, reason } => write!(f, "AT{} {reason}", name.trim_end_matches('*')),
            Refused::NotALine => f.write_str("a command is one line that begins with AT"),
            Refused::TooLong => write!(f, "a command has at most {MOST_LENGTH} characters"),
        }
    }
}

impl std::error::Error for Refused {}

/// V.250 (5.2.1) wants 40; a raw card command has 520 digits.
const MOST_LENGTH: usize = 600;

/// One line of printable ASCII that begins with `AT` (or is `A/`, which [`check`] refuses).
pub fn line(text: &str) -> Result<&str, Refused> {
    let line = text.trim();
    if line.len() > MOST_LENGTH {
        return Err(Refused::TooLong);
    }
    let begins =
        line.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("AT") || head.eq_ignore_ascii_case("A/"));
    // Also a tab: some modems complete lines.
    let printable = line.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if begins && printable { Ok(line) } else { Err(Refused::NotALine) }
}

/// Says whether a line may be sent without being forced.
pub fn check(text: &str) -> Result<(), Refused> {
    let line = line(text)?;
    let blank_free: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    if blank_free.eq_ignore_ascii_case("A/") {
        return refuse("A/");
    }
    let as_written = commands(line);
    // A modem that does not know quotes sees more commands than we do.
    let by_separator = line.split(';').flat_map(commands);
    as_written.into_iter().chain(by_separator).try_for_each(|command| check_one(&command))
}

fn refuse(name: &str) -> Result<(), Refused> {
    match TABLE.iter().find(|(known, ..)| *known == name) {
        Some((name, _, reason)) => Err(Refused::Dangerous { name, reason }),
        None => Ok(()),
    }
}

fn check_one(command: &Command) -> Result<(), Refused> {
    let hit = TABLE.iter().find(|(pattern, when, _)| fits(pattern, &command.name) && applies(*when, command));
    match hit {
        Some((name, _, reason)) => Err(Refused::Dangerous { name, reason }),
        None => Ok(()),
    }
}

/// Also a name behind another one, where a separator is missing: `+CSQ+CFUN`.
fn fits(pattern: &str, name: &str) -> bool {
    let fits = |name: &str| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern || is_basic(pattern) && name == format!("{pattern}0"),
    };
    let symbol = |c: char| !c.is_ascii_alphanumeric();
    fits(name) || name.match_indices(symbol).any(|(at, _)| at > 0 && fits(name.get(at..).unwrap_or_default()))
}

/// `&F` is `&F0`, `Z` is `Z0`.
fn is_basic(pattern: &str) -> bool {
    pattern.starts_with(|c: char| c.is_ascii_alphabetic() || c == '&')
}

fn applies(when: When, command: &Command) -> bool {
    let sets = command.form == Form::Sets;
    let value = |at: usize| command.value.split(',').nth(at).map(|value| value.trim_matches('"'));
    match when {
        Always => true,
        Set => sets,
        SetTwo => sets && value(1).is_some(),
        SetUnless(at, harmless) => sets && !value(at).is_some_and(|value| harmless.contains(&value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(line: &str) {
        assert!(matches!(check(line), Err(Refused::Dangerous { .. })), "{line}");
    }

    #[track_caller]
    fn passes(line: &str) {
        assert_eq!(check(line), Ok(()), "{line}");
    }

    #[test]
    fn what_has_left_people_without_a_modem_is_refused() {
        for line in [
            "AT+CFUN=1,1",
            "AT!RESET",
            "AT+QPRTPARA=3",
            "AT!ENTERCND=\"A710\"",
            "AT!BOOTHOLD",
            "AT+EGMR=1,7,\"35\"",
            "AT!UDUSBCOMP=6",
            "AT!USBCOMP=1,1,0000100D",
            "AT^RESET",
            "AT^SETPORT=\"A1\"",
            "AT+QCFG=\"usbnet\",1",
            "AT+CPIN=\"1234\"",
            "AT+CLCK=\"SC\",1,\"1234\"",
            "AT+CRSM=214,28539,0,0,12,\"FF\"",
            "AT&F",
            "AT&F0",
            "ATZ",
            "ATD*99#",
            "AT+CMGS=22",
            "AT+IPR=9600",
            "ATQ1",
            "A/",
            "AT!NVIMEIUNLOCK",
            "AT+COPS=2",
        ] {
            refused(line);
        }
    }

    #[test]
    fn questions_pass() {
        for line in [
            "AT",
            "ATI",
            "ATE0",
            "AT+CFUN?",
            "AT+CFUN=?",
            "AT!GSTATUS?",
            "AT!USBCOMP?",
            "AT!UDUSBCOMP=?",
            "AT+CSQ;+CREG?",
            "AT+QCFG=\"usbnet\"",
            "AT^HCSQ?",
            "AT+CLCK=\"SC\",2",
            "AT+CRSM=176,12258,0,0,10",
            "AT+COPS=3,2",
            "AT+COPS?",
            "AT+QENG=\"servingcell\"",
            "AT+CUSD=1,\"*100#\",15",
            "AT+CMGL=4",
            "AT+CREG=2",
            "ATV1",
            "AT+GMR",
        ] {
            passes(line);
        }
    }

    #[test]
    fn blanks_case_and_company_hide_nothing() {
        for line in [
            "at+cfun=0",
            "  AT + CFUN = 0",
            "AT+CSQ;+CFUN=0",
            "AT+CSQ ; +cfun=0",
            "ATE0+CFUN=0",
            "ATE0Z",
            "AT E0 Q1",
            "AT+CSQ;;+CFUN=0",
            "AT+CSQ\";+CFUN=0",
            "AT+X=\";+CFUN=0;\"",
            "AT+CSQ+CFUN=0",
            "ATS0=0&F",
            "AT;!RESET",
        ] {
            refused(line);
        }
    }

    #[test]
    fn what_is_no_line_is_never_sent() {
        for line in
            ["AT\rAT!RESET", "AT\n", "AT+CSQ\u{1a}AT", "AT\u{1b}", "+CFUN=0", "", "ATé", "AT\t?x\u{7f}"]
        {
            let verdict = super::line(line);
            assert!(verdict == Err(Refused::NotALine) || line == "AT\n", "{line:?}");
        }
        assert_eq!(check(&format!("AT+X={}", "1".repeat(700))), Err(Refused::TooLong));
    }

    #[test]
    fn every_refusal_says_why() {
        for (name, _, reason) in TABLE {
            assert!(!reason.is_empty() && *name == name.to_ascii_uppercase(), "{name}");
        }
        assert_eq!(
            check("AT!RESET").expect_err("refused").to_string(),
            "AT!RESET restarts the modem: use uwand reset"
        );
    }
}
