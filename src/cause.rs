//! Why a link is not up: one enum with the code that netifd and LuCI show, and the words.
//!
//! Contract: every way a connect can fail ends in a [`Cause`]; above this type nobody
//! knows a protocol. `code()` is fixed by the outside contract, `details()` are what
//! follows it in `ifstatus`: the network's cause number and text, what to do.

use std::fmt;
use std::rc::Rc;

/// Which table a network's cause number belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// (E)MM or GMM: 3GPP TS 24.301 9.9.3.9, TS 24.008 10.5.5.14.
    Emm,
    /// ESM or SM: 3GPP TS 24.301 9.9.4.4, TS 24.008 10.5.6.6.
    Esm,
    /// QMI WDS call end reason.
    CallEnd,
    /// A status code of the MBIM specification (9.4.5).
    MbimStatus,
    /// An error code of a QMI response.
    QmiError,
    /// errno of a network device that would not be set as the modem's packets need it.
    Device,
}

/// What the network or the modem gave as its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub domain: Domain,
    pub number: u32,
    pub text: &'static str,
}

impl Reason {
    /// A registration or attach cause of the network.
    pub fn emm(number: u32) -> Self {
        Reason { domain: Domain::Emm, number, text: lookup(EMM, number) }
    }

    /// A cause of the network for a refused or ended connection.
    pub fn esm(number: u32) -> Self {
        Reason { domain: Domain::Esm, number, text: lookup(ESM, number) }
    }

    /// The network says that it is overloaded or out of order: asking often makes it worse.
    pub fn is_overload(&self) -> bool {
        match self.domain {
            Domain::Emm => matches!(self.number, 16 | 17 | 22 | 42),
            Domain::Esm => matches!(self.number, 26 | 34 | 38),
            Domain::CallEnd | Domain::MbimStatus | Domain::QmiError | Domain::Device => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let domain = match self.domain {
            Domain::Emm => "EMM cause",
            Domain::Esm => "ESM cause",
            Domain::CallEnd => "call end reason",
            Domain::MbimStatus => "MBIM status",
            Domain::QmiError => "QMI error",
            Domain::Device => "the kernel refused the framing of the network device, errno",
        };
        write!(f, "{domain} {}: {}", self.number, self.text)
    }
}

/// Why a link is not up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    NoDaemon,
    /// The device that the configuration names is not there; the text says what was looked for.
    NoModem(String),
    /// The control channel does not answer.
    ModemHung,
    NoSim,
    /// The SIM wants a PIN and none may be sent: not configured, or too few tries left.
    PinRequired {
        tries: Option<u32>,
        why: &'static str,
    },
    /// The configured PIN was refused.
    PinFailed {
        tries: Option<u32>,
    },
    PukRequired,
    NotRegistered(Option<Reason>),
    RegistrationDenied(Option<Reason>),
    RoamingNotAllowed {
        network: String,
    },
    AttachFailed(Option<Reason>),
    ConnectFailed(Option<Reason>),
    NoAddress,
    NoTraffic,
    BadConfig {
        option: String,
        value: String,
        remedy: String,
    },
    RadioOff,
    FccLocked,
}

/// A cause as it is passed on: a pointer, because many pass it on, and moving or cloning a large
/// value takes code at each.
pub type Why = Rc<Cause>;

impl Cause {
    /// The codes of the outside contract, in its order.
    pub const CODES: &'static [&'static str] = &[
        "NO_DAEMON",
        "NO_MODEM",
        "MODEM_HUNG",
        "NO_SIM",
        "PIN_REQUIRED",
        "PIN_FAILED",
        "PUK_REQUIRED",
        "NOT_REGISTERED",
        "REGISTRATION_DENIED",
        "ROAMING_NOT_ALLOWED",
        "ATTACH_FAILED",
        "CONNECT_FAILED",
        "NO_ADDRESS",
        "NO_TRAFFIC",
        "BAD_CONFIG",
        "RADIO_OFF",
        "FCC_LOCKED",
    ];

    pub fn code(&self) -> &'static str {
        match self {
            Cause::NoDaemon => "NO_DAEMON",
            Cause::NoModem(_) => "NO_MODEM",
            Cause::ModemHung => "MODEM_HUNG",
            Cause::NoSim => "NO_SIM",
            Cause::PinRequired { .. } => "PIN_REQUIRED",
            Cause::PinFailed { .. } => "PIN_FAILED",
            Cause::PukRequired => "PUK_REQUIRED",
            Cause::NotRegistered(_) => "NOT_REGISTERED",
            Cause::RegistrationDenied(_) => "REGISTRATION_DENIED",
            Cause::RoamingNotAllowed { .. } => "ROAMING_NOT_ALLOWED",
            Cause::AttachFailed(_) => "ATTACH_FAILED",
            Cause::ConnectFailed(_) => "CONNECT_FAILED",
            Cause::NoAddress => "NO_ADDRESS",
            Cause::NoTraffic => "NO_TRAFFIC",
            Cause::BadConfig { .. } => "BAD_CONFIG",
            Cause::RadioOff => "RADIO_OFF",
            Cause::FccLocked => "FCC_LOCKED",
        }
    }

    /// Only a person can mend it: trying again by itself would be useless or, with a
    /// PIN, harmful. It still goes on when the modem tells that it was mended.
    pub fn permanent(&self) -> bool {
        match self {
            Cause::NoSim
            | Cause::PinRequired { .. }
            | Cause::PinFailed { .. }
            | Cause::PukRequired
            | Cause::RoamingNotAllowed { .. }
            | Cause::BadConfig { .. } => true,
            Cause::NoDaemon
            | Cause::NoModem(_)
            | Cause::ModemHung
            | Cause::NotRegistered(_)
            | Cause::RegistrationDenied(_)
            | Cause::AttachFailed(_)
            | Cause::ConnectFailed(_)
            | Cause::NoAddress
            | Cause::NoTraffic
            | Cause::RadioOff
            | Cause::FccLocked => false,
        }
    }

    /// What the network or modem gave as its reason, if it did.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Cause::NotRegistered(reason)
            | Cause::RegistrationDenied(reason)
            | Cause::AttachFailed(reason)
            | Cause::ConnectFailed(reason) => reason.as_ref(),
            _ => None,
        }
    }

    /// The words alone, without the code.
    pub fn text(&self) -> String {
        let words = match self {
            Cause::NoDaemon => "the uwand daemon does not run: /etc/init.d/uwand start",
            Cause::NoModem(sought) => return format!("no modem: {sought}"),
            Cause::ModemHung => "the modem does not answer on its control channel",
            Cause::NoSim => "no SIM in the modem",
            Cause::PinRequired { tries, why } => {
                return format!("the SIM wants its PIN ({why}){}", tries_left(*tries));
            }
            Cause::PinFailed { tries } => {
                return format!("the SIM refused option pincode; correct it{}", tries_left(*tries));
            }
            Cause::PukRequired => "the SIM is blocked and wants its PUK",
            Cause::NotRegistered(_) => "no network registered the modem",
            Cause::RegistrationDenied(_) => "the network denied registration",
            Cause::RoamingNotAllowed { network } => {
                return format!("registered abroad in {network}; option allow_roaming '1' permits it");
            }
            Cause::AttachFailed(_) => "no packet service: the attach failed",
            Cause::ConnectFailed(_) => "the connection was refused or ended",
            Cause::NoAddress => "connected, but neither family got an address",
            Cause::NoTraffic => "connected, but no traffic passes",
            Cause::BadConfig { option, value, remedy } => {
                return format!("option {option} '{value}': {remedy}");
            }
            Cause::RadioOff => "the radio is switched off in hardware (W_DISABLE or rfkill)",
            Cause::FccLocked => "the modem stays in low power until its FCC lock is released",
        };
        words.to_string()
    }

    /// What follows the code in netifd's error list.
    pub fn details(&self) -> Vec<String> {
        let mut details = vec![self.text()];
        details.extend(self.reason().map(Reason::to_string));
        details
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.details().join("; "))
    }
}

fn tries_left(tries: Option<u32>) -> String {
    match tries {
        Some(1) => ", 1 try left".to_string(),
        Some(tries) => format!(", {tries} tries left"),
        None => String::new(),
    }
}

fn lookup(table: &[(u32, &'static str)], number: u32) -> &'static str {
    table.iter().find(|(n, _)| *n == number).map_or("not in the 3GPP tables", |(_, text)| text)
}

/// TS 24.008 table 10.5.147 and TS 24.301 table 9.9.3.9.1.
const EMM: &[(u32, &str)] = &[
    (2, "IMSI unknown in HLR"),
    (3, "illegal UE: the SIM is not accepted"),
    (5, "IMEI not accepted"),
    (6, "illegal ME: this device is not accepted"),
    (7, "packet services not allowed: check the contract"),
    (8, "packet and other services not allowed: check the contract"),
    (9, "UE identity cannot be derived by the network"),
    (10, "implicitly detached"),
    (11, "PLMN not allowed"),
    (12, "tracking area not allowed"),
    (13, "roaming not allowed in this tracking area"),
    (14, "packet services not allowed in this PLMN"),
    (15, "no suitable cells in this tracking area"),
    (16, "MSC temporarily not reachable"),
    (17, "network failure"),
    (18, "CS domain not available"),
    (19, "ESM failure: often a wrong APN in the attach profile"),
    (20, "MAC failure: SIM authentication"),
    (21, "synch failure: SIM authentication"),
    (22, "congestion"),
    (23, "UE security capabilities mismatch"),
    (25, "not authorised for this closed subscriber group"),
    (31, "redirection to 5GCN required"),
    (35, "requested service option not authorised in this PLMN"),
    (39, "CS service temporarily not available"),
    (40, "no EPS bearer context activated"),
    (42, "severe network failure"),
    (95, "semantically incorrect message"),
    (96, "invalid mandatory information"),
    (97, "message type non-existent"),
    (98, "message not compatible with the protocol state"),
    (99, "information element non-existent"),
    (100, "conditional information element error"),
    (101, "message not compatible with the protocol state"),
    (111, "protocol error, unspecified"),
];

/// TS 24.008 table 10.5.157 and TS 24.301 table 9.9.4.4.1.
const ESM: &[(u32, &str)] = &[
    (8, "operator determined barring"),
    (25, "LLC or SNDCP failure"),
    (26, "insufficient resources"),
    (27, "unknown or missing APN: check option apn"),
    (28, "unknown PDP type: check option pdptype"),
    (29, "user authentication failed: check username, password and auth"),
    (30, "request rejected by the gateway"),
    (31, "request rejected, unspecified"),
    (32, "service option not supported"),
    (33, "service option not subscribed: check the contract and option apn"),
    (34, "service option temporarily out of order"),
    (36, "regular deactivation"),
    (37, "QoS not accepted"),
    (38, "network failure"),
    (39, "reactivation requested"),
    (50, "PDP type IPv4 only allowed"),
    (51, "PDP type IPv6 only allowed"),
    (52, "single address bearers only allowed"),
    (53, "ESM information not received"),
    (54, "PDN connection does not exist"),
    (55, "multiple PDN connections for a given APN not allowed"),
    (65, "maximum number of bearers reached"),
    (66, "requested APN not supported in this RAT and PLMN combination"),
    (95, "semantically incorrect message"),
    (96, "invalid mandatory information"),
    (97, "message type non-existent"),
    (98, "message not compatible with the protocol state"),
    (111, "protocol error, unspecified"),
    (112, "APN restriction value incompatible with active context"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_registration_tells_number_and_text() {
        let cause = Cause::RegistrationDenied(Some(Reason::emm(11)));
        assert_eq!(cause.code(), "REGISTRATION_DENIED");
        assert_eq!(cause.details(), ["the network denied registration", "EMM cause 11: PLMN not allowed"]);
        assert!(!cause.permanent());
    }

    #[test]
    fn an_unknown_cause_number_is_still_told() {
        assert_eq!(Reason::esm(200).to_string(), "ESM cause 200: not in the 3GPP tables");
    }
}
