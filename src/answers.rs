//! What a modem answers when a person asks it: its SIM's locks, cells, networks, USSD,
//! messages; and what a person may ask. The protocols' rooms fill these in, the daemon shows
//! them, and none of the two knows the other.
//!
//! Contract: pure values. Numbers, texts and PINs are of types that no log shows. What may be
//! sent to a SIM is decided here, for every protocol alike ([`PinOrder::may_be_sent`]).

use std::fmt;

use crate::words::{Id, Secret, SimState, Technology};

/// Why a modem did not do what a person asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The modem has no such function over its control channel.
    Unsupported,
    /// The control channel closed.
    Gone,
    /// No answer in the time that such a request may take.
    Silent,
    /// Not as things are; the words say what is missing.
    NotNow(String),
    /// What was asked cannot be meant; the words say why.
    Wrong(String),
    /// The modem or the network refused, in its own words.
    Said(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Unsupported => f.write_str("this modem cannot do it over its control channel"),
            Refused::Gone => f.write_str("the modem is gone"),
            Refused::Silent => f.write_str("the modem did not answer in time"),
            Refused::NotNow(words) | Refused::Wrong(words) | Refused::Said(words) => f.write_str(words),
        }
    }
}

crate::words! {
    /// What keeps a SIM from being used.
    pub enum Lock {
        None = "none",
        Pin = "pin",
        Puk = "puk",
        /// The modem is locked to an operator, or to another SIM.
        Network = "network",
    }
}

/// A SIM and its locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimLock {
    pub sim: SimState,
    pub lock: Lock,
    /// Whether the SIM asks for its PIN at power-on; `None` where the modem does not say.
    pub enabled: Option<bool>,
    pub pin_tries: Option<u32>,
    pub puk_tries: Option<u32>,
}

impl SimLock {
    /// Tries left for what the SIM asks for now; for its PIN, where it asks for nothing.
    pub fn tries(&self) -> Option<u32> {
        match self.lock {
            Lock::Puk => self.puk_tries,
            Lock::None | Lock::Pin | Lock::Network => self.pin_tries,
        }
    }
}

/// What a person has done with the SIM's PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinOrder {
    Unlock {
        pin: Secret,
    },
    /// The PUK gives the SIM a new PIN.
    Unblock {
        puk: Secret,
        new_pin: Secret,
    },
    Enable {
        pin: Secret,
    },
    Disable {
        pin: Secret,
    },
    Change {
        pin: Secret,
        new_pin: Secret,
    },
}

impl PinOrder {
    /// Whether it may be sent to such a SIM: it fits the lock, it has the form of a PIN, and it
    /// is not the last try, unless forced.
    pub fn may_be_sent(&self, sim: &SimLock, force: bool) -> Result<(), Refused> {
        self.fits(sim, force)?;
        self.is_well_formed()?;
        let (tries, name, loss) = match self {
            PinOrder::Unblock { .. } => (sim.puk_tries, "PUK", "a wrong one destroys the SIM"),
            _ => (sim.pin_tries, "PIN", "a wrong one blocks the SIM until its PUK is entered"),
        };
        match tries {
            Some(0) => Err(Refused::NotNow(format!("no try is left for the {name}"))),
            Some(1) if !force => Err(Refused::NotNow(format!(
                "one try is left for the {name}, and {loss}: not sent without force"
            ))),
            Some(_) | None => Ok(()),
        }
    }

    fn fits(&self, sim: &SimLock, force: bool) -> Result<(), Refused> {
        let not_now = |words: &str| Err(Refused::NotNow(words.to_string()));
        match (self, sim.lock) {
            _ if sim.sim == SimState::Absent => not_now("there is no SIM"),
            (PinOrder::Unlock { .. }, Lock::Pin) | (PinOrder::Unblock { .. }, Lock::Puk) => Ok(()),
            (_, Lock::Puk) => not_now("the SIM wants its PUK: unblock it"),
            (PinOrder::Unblock { .. }, Lock::None | Lock::Pin) => not_now("the SIM does not want its PUK"),
            (PinOrder::Unlock { .. }, Lock::None) => not_now("the SIM does not ask for its PIN"),
            (_, Lock::Pin) => not_now("the SIM wants its PIN first: unlock it"),
            (_, Lock::Network) => not_now("the modem is locked to an operator or to another SIM"),
            (PinOrder::Enable { .. }, Lock::None) if sim.enabled == Some(true) && !force => {
                not_now("the SIM asks for its PIN already")
            }
            (PinOrder::Disable { .. } | PinOrder::Change { .. }, Lock::None)
                if sim.enabled == Some(false) && !force =>
            {
                not_now("the SIM's PIN is disabled")
            }
            (PinOrder::Enable { .. } | PinOrder::Disable { .. } | PinOrder::Change { .. }, Lock::None) => {
                Ok(())
            }
        }
    }

    /// A PIN has 4 to 8 digits, a PUK 8 (3GPP TS 31.101, 9.5.1; ETSI TS 102 221). What is none
    /// would cost a try for nothing.
    fn is_well_formed(&self) -> Result<(), Refused> {
        let digits = |secret: &Secret| secret.reveal().bytes().all(|byte| byte.is_ascii_digit());
        let pin = |pin: &Secret, name: &str| {
            let right = digits(pin) && (4..=8).contains(&pin.reveal().len());
            if right { Ok(()) } else { Err(Refused::Wrong(format!("{name} must have 4 to 8 digits"))) }
        };
        match self {
            PinOrder::Unlock { pin: secret } | PinOrder::Enable { pin: secret } => pin(secret, "pin"),
            PinOrder::Disable { pin: secret } => pin(secret, "pin"),
            PinOrder::Change { pin: secret, new_pin } => pin(secret, "pin").and(pin(new_pin, "new_pin")),
            PinOrder::Unblock { puk, new_pin } if digits(puk) && puk.reveal().len() == 8 => {
                pin(new_pin, "new_pin")
            }
            PinOrder::Unblock { .. } => Err(Refused::Wrong("puk must have 8 digits".to_string())),
        }
    }

    /// The PIN that the SIM has afterwards.
    pub fn pin_after(&self) -> &Secret {
        match self {
            PinOrder::Unlock { pin } | PinOrder::Enable { pin } | PinOrder::Disable { pin } => pin,
            PinOrder::Unblock { new_pin, .. } | PinOrder::Change { new_pin, .. } => new_pin,
        }
    }
}

/// The cells that a modem hears.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cells {
    /// LTE's before NR's where both serve.
    pub serving: Vec<Cell>,
    pub neighbours: Vec<Cell>,
    /// What is missing, and why.
    pub note: Option<String>,
}

/// One cell; what the modem does not know is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    pub technology: Option<Technology>,
    pub mcc_mnc: Option<String>,
    /// Tracking area (LTE, NR) or location area.
    pub area: Option<u32>,
    /// 28 bits, 36 of NR, 16 of GSM.
    pub cell: Option<u64>,
    /// EARFCN, NR-ARFCN, UARFCN, ARFCN.
    pub channel: Option<u32>,
    /// PCI, scrambling code, BSIC.
    pub physical: Option<u32>,
    pub rssi_dbm: Option<i32>,
    pub rsrp_dbm: Option<i32>,
    pub rsrq_db: Option<f32>,
    pub sinr_db: Option<f32>,
    /// UMTS.
    pub rscp_dbm: Option<i32>,
    pub ecno_db: Option<i32>,
    pub timing_advance: Option<u32>,
}

crate::words! {
    /// How a network stands to this SIM.
    pub enum NetworkState {
        Current = "current",
        Available = "available",
        Forbidden = "forbidden",
        Unknown = "unknown",
    }
}

/// A network that a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub mcc_mnc: String,
    pub operator: Option<String>,
    pub technology: Option<Technology>,
    pub state: NetworkState,
    pub home: bool,
    pub preferred: bool,
    pub rssi_dbm: Option<i32>,
}

/// What a person tells the network by USSD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UssdOrder {
    Initiate(Id),
    Continue(Id),
    Cancel,
}

crate::words! {
    /// How a USSD dialogue stands.
    pub enum UssdState {
        Done = "done",
        /// The network waits for an answer.
        Asks = "asks",
        /// The network, or the modem, ended it.
        Ended = "ended",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UssdAnswer {
    pub state: UssdState,
    pub text: Option<Id>,
}

crate::words! {
    /// Where a stored message stands.
    pub enum Folder {
        Unread = "unread",
        Read = "read",
        Draft = "draft",
        Sent = "sent",
    }
}

/// A message in the modem's store, with the service centre in front.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    pub index: u32,
    pub folder: Folder,
    pub pdu: Vec<u8>,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} {} {} bytes", self.index, self.folder, self.pdu.len())
    }
}

/// A control message as a person may see it.
pub struct Traced {
    pub to_modem: bool,
    /// In words, without what identifies a person.
    pub text: String,
    pub bytes: Vec<u8>,
    /// For each byte whether it may be shown.
    pub shown: Vec<bool>,
}

impl Traced {
    /// The first `most` bytes in hex, `**` for those that are hidden.
    pub fn hex(&self, most: usize) -> String {
        let byte =
            |(byte, shown): (&u8, &bool)| if *shown { format!("{byte:02x}") } else { "**".to_string() };
        self.bytes.iter().zip(&self.shown).take(most).map(byte).collect()
    }
}

/// Who gets what passes on a control channel.
pub type Sink = Box<dyn Fn(Traced)>;

#[cfg(test)]
mod tests {
    use super::*;

    fn sim(lock: Lock, pin_tries: Option<u32>) -> SimLock {
        let sim = if lock == Lock::Pin { SimState::PinRequired } else { SimState::Ready };
        SimLock { sim, lock, enabled: None, pin_tries, puk_tries: None }
    }

    fn unlock(pin: &str) -> PinOrder {
        PinOrder::Unlock { pin: Secret::new(pin) }
    }

    #[test]
    fn the_last_try_is_not_sent_without_force() {
        let may = |tries, force| unlock("1234").may_be_sent(&sim(Lock::Pin, tries), force).is_ok();
        assert!(may(Some(2), false) && may(None, false) && may(Some(1), true));
        assert!(!may(Some(1), false) && !may(Some(0), true));
        let puk = PinOrder::Unblock { puk: Secret::new("12345678"), new_pin: Secret::new("1234") };
        let blocked = SimLock { puk_tries: Some(1), ..sim(Lock::Puk, Some(0)) };
        assert!(puk.may_be_sent(&blocked, false).unwrap_err().to_string().contains("destroys the SIM"));
        assert_eq!(puk.may_be_sent(&blocked, true), Ok(()));
    }

    #[test]
    fn what_is_no_pin_costs_no_try() {
        for wrong in ["", "123", "123456789", "12a4", "１２３４"] {
            let refused = unlock(wrong).may_be_sent(&sim(Lock::Pin, Some(3)), true);
            assert_eq!(refused, Err(Refused::Wrong("pin must have 4 to 8 digits".into())));
        }
        let puk = PinOrder::Unblock { puk: Secret::new("1234567"), new_pin: Secret::new("1234") };
        assert!(puk.may_be_sent(&sim(Lock::Puk, None), false).is_err());
    }

    #[test]
    fn an_order_that_does_not_fit_the_lock_is_refused_with_the_remedy() {
        let words =
            |order: PinOrder, lock| order.may_be_sent(&sim(lock, Some(3)), true).unwrap_err().to_string();
        assert!(words(unlock("1234"), Lock::None).contains("does not ask"));
        assert!(words(unlock("1234"), Lock::Puk).contains("unblock"));
        let disable = PinOrder::Disable { pin: Secret::new("1234") };
        assert!(words(disable.clone(), Lock::Pin).contains("unlock it"));
        let off = SimLock { enabled: Some(false), ..sim(Lock::None, Some(3)) };
        assert!(disable.may_be_sent(&off, false).is_err());
    }
}
