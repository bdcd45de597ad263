//! What passes between a link and its modem: the order to dial, and what a modem tells
//! unasked.
//!
//! Contract: values only. They stand apart from `modem` because the protocols' rooms, which
//! `modem` joins, speak in them as well.

use crate::answers::Stored;
use crate::cause::Why;
use crate::config::Config;
use crate::words::{Auth, Mode, PdpType, Secret};

/// What one link asks of its modem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// The network device that will carry the bearer.
    pub netdev: String,
    pub session: u32,
    /// Of a QMI modem whose sessions are QMAP channels: this one's.
    pub channel: Option<Channel>,
    pub apn: String,
    pub username: String,
    pub password: Secret,
    pub auth: Auth,
    pub pdptype: PdpType,
    pub pincode: Option<Secret>,
    pub allow_roaming: bool,
    pub plmn: Option<String>,
    pub modes: Vec<Mode>,
    /// QMI profile index.
    pub profile: Option<u32>,
}

/// A QMAP channel of the modem's data interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channel {
    pub id: u8,
    /// bInterfaceNumber.
    pub interface: u8,
}

impl Dial {
    pub fn new(config: &Config, netdev: String) -> Dial {
        Dial {
            netdev,
            session: config.session,
            channel: None,
            apn: config.apn.clone(),
            username: config.username.clone(),
            password: config.password.clone(),
            auth: config.auth,
            pdptype: config.pdptype,
            pincode: config.pincode.clone(),
            allow_roaming: config.allow_roaming,
            plmn: config.plmn.clone(),
            modes: config.modes.clone(),
            profile: config.profile,
        }
    }
}

/// What a modem tells unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The facts changed; `improved`: something that held a link up is gone.
    Facts { improved: bool },
    /// The bearer of this session ended without our asking.
    Lost { session: u32, cause: Why },
    /// The bearer of this session has new settings: read them.
    Settings { session: u32 },
    /// A message came into the store.
    MessageStored { index: u32 },
    /// A message came that is to be shown and not kept (class 0).
    Message(Stored),
    /// That message was not stored: the network sends it again unless it is told.
    Acknowledge(u32),
    /// The store takes no further message.
    StoreFull,
    /// A report on the AT port says that it is registered now.
    Registered,
    /// The AT port is needed, and not open.
    PortWanted,
    /// The control channel is closed: unplugged, or its driver unbound.
    Gone,
}
