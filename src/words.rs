//! The words that the whole product shares: states with their labels, what a bearer
//! is, what is known of a modem, and the two types that keep secrets out of logs.
//!
//! Contract: a label is spelled here once; ubus, the command line, LuCI and logs print
//! `as_str()`. Everything may use this module, it uses nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A closed vocabulary: an enum whose labels are its outside spelling.
///
/// Gives `ALL`, `as_str()`, `parse()` (exact label), `Display` and `ToJson`.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $label:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $label),* }
            }

            /// The value with exactly this label.
            pub fn parse(label: &str) -> Option<$name> {
                Self::ALL.iter().copied().find(|word| word.as_str() == label)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::json::ToJson for $name {
            fn to_json(&self) -> $crate::json::Value {
                $crate::json::Value::from(self.as_str())
            }
        }
    };
}

words! {
    /// The state of one interface, as `status` and the event `uwand.interface` tell it.
    pub enum LinkState {
        /// netifd does not want it.
        Down = "down",
        /// Wanted, but there is something to wait for: the modem, the next try.
        Waiting = "waiting",
        /// The connect procedure runs.
        Connecting = "connecting",
        Up = "up",
        /// Up, but the last probes failed.
        Suspect = "suspect",
        /// A rung of the ladder is at work.
        Recovering = "recovering",
        /// Only a person can mend it (SIM, PIN, PUK, roaming, configuration).
        Blocked = "blocked",
    }
}

words! {
    /// What is known of the control channel of one modem.
    pub enum ModemState {
        /// Listed from sysfs; no interface names it, so it is left alone.
        Seen = "seen",
        /// Named by an interface, but not there.
        Missing = "missing",
        Opening = "opening",
        /// The control channel answers.
        Open = "open",
        /// It is there and does not answer.
        Hung = "hung",
    }
}

words! {
    /// The SIM, protocol-independent.
    pub enum SimState {
        Unknown = "unknown",
        /// The modem still reads it; ask again.
        NotReady = "not-ready",
        Ready = "ready",
        Absent = "absent",
        PinRequired = "pin-required",
        PukRequired = "puk-required",
        /// Unreadable or rejected.
        Failed = "failed",
        NotActivated = "not-activated",
    }
}

words! {
    /// Registration state (3GPP TS 27.007 +CEREG, MBIM_REGISTER_STATE).
    pub enum Registration {
        Unknown = "unknown",
        NotRegistered = "not-registered",
        Searching = "searching",
        Home = "home",
        Roaming = "roaming",
        /// Roaming with a partner network: roaming, as far as policy goes.
        Partner = "partner",
        Denied = "denied",
    }
}

impl Registration {
    pub fn is_registered(self) -> bool {
        matches!(self, Self::Home | Self::Roaming | Self::Partner)
    }

    pub fn is_roaming(self) -> bool {
        matches!(self, Self::Roaming | Self::Partner)
    }
}

words! {
    /// Radio access technology in use.
    pub enum Technology {
        Gsm = "gsm",
        Umts = "umts",
        Lte = "lte",
        /// NR beside an LTE anchor (EN-DC).
        FivegNsa = "5g-nsa",
        FivegSa = "5g-sa",
        Cdma = "cdma",
    }
}

words! {
    /// The protocol of the control channel.
    pub enum Control {
        Mbim = "mbim",
        Qmi = "qmi",
    }
}

words! {
    /// Option `pdptype`.
    pub enum PdpType {
        Ipv4 = "ipv4",
        Ipv6 = "ipv6",
        Ipv4v6 = "ipv4v6",
    }
}

impl PdpType {
    pub fn wants_v4(self) -> bool {
        matches!(self, Self::Ipv4 | Self::Ipv4v6)
    }

    pub fn wants_v6(self) -> bool {
        matches!(self, Self::Ipv6 | Self::Ipv4v6)
    }
}

words! {
    /// Option `auth`.
    pub enum Auth {
        None = "none",
        Pap = "pap",
        Chap = "chap",
        /// Whatever the network picks: CHAP first, where the modem has to name one.
        Both = "both",
    }
}

words! {
    /// Option `modes`: radio technologies that may be used.
    pub enum Mode {
        Gsm = "gsm",
        Umts = "umts",
        Lte = "lte",
        Fiveg = "5g",
    }
}

/// PIN, PUK or password: compared and sent, never printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

/// IMSI, ICCID, IMEI, a telephone number or a message text: shown by ubus to those
/// whom its ACL admits, never in a log.
#[derive(Clone, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Id(String);

macro_rules! hidden {
    ($name:ident) => {
        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                $name(text.into())
            }

            /// The content. The name is long so that a reader of the call site stops there.
            pub fn reveal(&self) -> &str {
                &self.0
            }

            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("***")
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("***")
            }
        }
    };
}
hidden!(Secret);
hidden!(Id);

/// Option `device` for messages and logs: an IMEI or serial number tells who its owner is.
pub fn device_shown(text: &str) -> String {
    let digits = |part: &str| part.len() >= 10 && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once(':') {
        Some((form @ ("imei" | "serial"), _)) => format!("{form}:***"),
        _ if text.split(|c: char| !c.is_ascii_digit()).any(digits) => "***".to_string(),
        _ => text.to_string(),
    }
}

/// One address family of a bearer, as the network gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family<A> {
    /// Addresses with prefix lengths in bits. Never empty in a connected bearer.
    pub addresses: Vec<(A, u8)>,
    pub gateway: Option<A>,
    pub dns: Vec<A>,
    /// Bytes; `None` where the network gave none.
    pub mtu: Option<u32>,
}

impl<A> Default for Family<A> {
    fn default() -> Self {
        Family { addresses: Vec::new(), gateway: None, dns: Vec::new(), mtu: None }
    }
}

/// How a family gets its addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Addressing<A> {
    /// The family was not granted (or not asked).
    #[default]
    Absent,
    /// The modem told the addresses.
    Static(Family<A>),
    /// Granted, but the modem tells none: DHCP or router advertisements on the wire will.
    Dynamic,
}

impl<A> Addressing<A> {
    pub fn settings(&self) -> Option<&Family<A>> {
        match self {
            Addressing::Static(family) => Some(family),
            Addressing::Absent | Addressing::Dynamic => None,
        }
    }

    pub fn is_absent(&self) -> bool {
        matches!(self, Addressing::Absent)
    }
}

/// One activated packet data connection with everything netifd needs of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bearer {
    /// The network device that carries it, e.g. `wwan0`.
    pub netdev: String,
    /// MBIM session id or QMAP channel.
    pub session: u32,
    pub ipv4: Addressing<Ipv4Addr>,
    pub ipv6: Addressing<Ipv6Addr>,
    /// What was asked and not granted, in words for status and log.
    pub note: Option<String>,
    pub technology: Option<Technology>,
}

impl Bearer {
    /// Name servers of both families, IPv4's first.
    pub fn dns(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let v4 = self.ipv4.settings().into_iter().flat_map(|v4| v4.dns.iter().copied().map(IpAddr::V4));
        let v6 = self.ipv6.settings().into_iter().flat_map(|v6| v6.dns.iter().copied().map(IpAddr::V6));
        v4.chain(v6)
    }
}

impl fmt::Display for Bearer {
    /// `10.1.2.3/30, 2001:db8::1/64, lte`: for the one info line per change.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match &self.ipv4 {
            Addressing::Static(v4) => parts.extend(v4.addresses.iter().map(|(a, p)| format!("{a}/{p}"))),
            Addressing::Dynamic => parts.push("DHCP".to_string()),
            Addressing::Absent => {}
        }
        match &self.ipv6 {
            Addressing::Static(v6) => parts.extend(v6.addresses.iter().map(|(a, p)| format!("{a}/{p}"))),
            Addressing::Dynamic => parts.push("IPv6 by router advertisement".to_string()),
            Addressing::Absent => {}
        }
        parts.extend(self.technology.map(|technology| technology.to_string()));
        f.write_str(&parts.join(", "))
    }
}

/// Signal of the serving cell. Units in the names; `None` where the modem is silent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Signal {
    pub rssi_dbm: Option<i32>,
    pub rsrp_dbm: Option<i32>,
    pub rsrq_db: Option<f32>,
    pub sinr_db: Option<f32>,
}

impl Signal {
    /// 0 to 5 bars, by RSRP where there is one (3GPP TS 36.133 range), else by RSSI.
    pub fn bars(&self) -> Option<u8> {
        let step = |value: i32, floor: i32, width: i32| {
            u8::try_from(((value - floor) / width).clamp(0, 5)).unwrap_or(0)
        };
        match (self.rsrp_dbm, self.rssi_dbm) {
            (Some(rsrp), _) => Some(step(rsrp, -128, 10)),
            (None, Some(rssi)) => Some(step(rssi, -115, 10)),
            (None, None) => None,
        }
    }
}

/// Everything a modem told about itself so far; kept up to date by its indications.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    pub manufacturer: Option<String>,
    pub model: Option<String>,
    pub revision: Option<String>,
    pub imei: Option<Id>,
    pub iccid: Option<Id>,
    pub imsi: Option<Id>,
    /// The SIM's own telephone numbers.
    pub numbers: Vec<Id>,
    pub sim: Option<SimState>,
    /// Tries left for the PIN that the SIM waits for.
    pub pin_tries: Option<u32>,
    /// Hardware and software switch: both must be on.
    pub radio_hardware: Option<bool>,
    pub radio_software: Option<bool>,
    pub registration: Option<Registration>,
    pub operator: Option<String>,
    /// Mobile country and network code as digits, e.g. `26201`.
    pub mcc_mnc: Option<String>,
    pub technology: Option<Technology>,
    /// Packet service attached (GPRS or EPS).
    pub attached: Option<bool>,
    pub signal: Signal,
    /// Degrees Celsius.
    pub temperature: Option<f32>,
    /// Frames from the modem that were not what they should be, counted and dropped.
    pub malformed: u32,
    /// Requests that ran into their time-out.
    pub timeouts: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_three_stars_everywhere() {
        let pin = Secret::new("1234");
        assert_eq!(format!("{pin} {pin:?} {:?}", Some(Id::new("262011234567890"))), "*** *** Some(***)");
    }

    #[test]
    fn a_label_parses_back_to_its_word() {
        for state in LinkState::ALL {
            assert_eq!(LinkState::parse(state.as_str()), Some(*state));
        }
        assert_eq!(LinkState::parse("Up"), None);
    }

    #[test]
    fn bars_follow_rsrp_before_rssi() {
        let signal = |rsrp_dbm, rssi_dbm| Signal { rsrp_dbm, rssi_dbm, ..Signal::default() };
        assert_eq!(signal(Some(-80), Some(-113)).bars(), Some(4));
        assert_eq!(signal(Some(-140), None).bars(), Some(0));
        assert_eq!(signal(None, Some(-51)).bars(), Some(5));
        assert_eq!(signal(None, None).bars(), None);
    }

    #[test]
    fn an_identity_is_not_shown_whatever_is_wrong_with_it() {
        for text in
            ["imei:359072060000000", "imei:3590", "serial:AB12", "359072060000000", "IMEI:359072060000000"]
        {
            let shown = device_shown(text);
            assert!(shown.ends_with("***") && !shown.contains(|c: char| c.is_ascii_digit()), "{shown}");
        }
        assert_eq!(device_shown("usb:1199:9071"), "usb:1199:9071");
        assert_eq!(device_shown("/sys/bus/usb/devices/1-1.2"), "/sys/bus/usb/devices/1-1.2");
    }
}
