//! PURE. The words of watching and mending: how traffic is, what is wrong, what can be tried.
//!
//! Contract: labels are spelled here once, as `words` does it; ubus, LuCI, the journal and the
//! configuration use them. A [`Diagnosis`] carries its evidence as sentences without secrets.

use crate::words;

words! {
    /// Whether traffic flows, as the probes see it.
    pub enum Health {
        /// Nobody looks: the watchdog is off, or the link is not up.
        Off = "off",
        Healthy = "healthy",
        /// The last rounds failed, too few yet to act.
        Suspect = "suspect",
        Stalled = "stalled",
    }
}

words! {
    /// A rung of the ladder, from the mildest on.
    pub enum Rung {
        /// Read the settings of the bearer again; costs nothing, so nobody has to name it.
        Renew = "renew",
        Reconnect = "reconnect",
        /// Radio off and on.
        Reregister = "reregister",
        /// The modem restarts itself (MBIM, QMI, AT).
        Reset = "reset",
        /// Its power is cut, or the nearest thing that the board has.
        Power = "power",
        /// The router restarts; only where the user names it.
        Reboot = "reboot",
    }
}

words! {
    /// What keeps traffic from flowing.
    pub enum Fault {
        /// No SIM, or one that cannot be read.
        Sim = "sim",
        /// A PIN or PUK is wanted.
        Pin = "pin",
        RadioOff = "radio_off",
        FccLock = "fcc_lock",
        NotRegistered = "not_registered",
        /// The network refuses the registration, or the connection for good: contract, APN, password.
        Denied = "denied",
        /// Roaming, and the configuration forbids it.
        Roaming = "roaming",
        NoBearer = "no_bearer",
        NoAddress = "no_address",
        /// The bearer is up and packets die: a stall.
        NoTraffic = "no_traffic",
        /// Packets flow, names are not resolved.
        DnsOnly = "dns_only",
        /// Some targets answer, enough to know that the link works.
        TargetDown = "target_down",
        /// The network itself is out: others cannot be reached either, and it says so.
        Outage = "outage",
        /// The control channel does not answer.
        ModemDeaf = "modem_deaf",
        ModemGone = "modem_gone",
        /// The modem is there and an interface of it has no driver.
        NoDriver = "no_driver",
    }
}

impl Fault {
    /// One sentence for people.
    pub fn text(self) -> &'static str {
        match self {
            Fault::Sim => "there is no usable SIM",
            Fault::Pin => "the SIM wants a PIN or PUK",
            Fault::RadioOff => "the radio is off",
            Fault::FccLock => "the modem is locked until the host unlocks its radio (FCC)",
            Fault::NotRegistered => "the modem finds no network to register on",
            Fault::Denied => "the network denies its service",
            Fault::Roaming => "the modem roams and the configuration does not allow it",
            Fault::NoBearer => "the network gives no connection",
            Fault::NoAddress => "the connection has no address",
            Fault::NoTraffic => "connected, but no packet comes back",
            Fault::DnsOnly => "packets pass, but names are not resolved",
            Fault::TargetDown => "the link works, the probed target does not answer",
            Fault::Outage => "the network itself seems to be out",
            Fault::ModemDeaf => "the modem does not answer",
            Fault::ModemGone => "the modem is not there",
            Fault::NoDriver => "the kernel has no driver bound to the modem's interface",
        }
    }
}

/// The most likely fault, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub fault: Fault,
    /// Sentences, the weightiest first.
    pub evidence: Vec<String>,
}
