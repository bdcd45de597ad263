//! What a simulated modem, its SIM and its network are like: plain data with defaults of
//! a modem that answers at once and a network that grants everything.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use uwand::mbim::messages::cells::BaseStations;
use uwand::mbim::messages::enums::{AuthProtocol, DataClass, Register, SmsFormat, UssdResponse};

#[derive(Debug, Clone)]
pub struct Setup {
    /// Bytes of one control transfer, in both directions.
    pub max_transfer: usize,
    /// Passes before every answer.
    pub latency: Duration,
    pub imei: String,
    pub firmware: String,
    pub hardware: String,
    pub data_class: DataClass,
    pub max_sessions: u32,
    pub sim: Option<Sim>,
    pub radio_hardware: bool,
    pub radio_software: bool,
    pub network: Network,
    /// 0 to 31 or 99.
    pub rssi: u32,
    /// Whether OPEN and CLOSE leave the sessions alone. Real modems do either.
    pub keeps_sessions: bool,
    /// Connect fails before subscriber and register state were queried (EM7455, 340U).
    pub queries_first: bool,
    /// A deactivation does not cancel an activation that waits for the network.
    pub stubborn: bool,
    /// Unlocked is told as "PIN2, locked" (MF823, EM7455).
    pub tells_pin2: bool,
    /// The highest MBIMEx version, as binary-coded decimal: 0x0100 or 0x0200.
    pub mbimex: u16,
    /// Nothing is indicated before the host names it in a subscribe list.
    pub indicates_only_on_request: bool,
    /// `None`: the modem does not list cells.
    pub cells: Option<BaseStations>,
    /// What it has for messages until the host says otherwise.
    pub sms_format: SmsFormat,
    /// Whether it has the services for messages and USSD.
    pub messages: bool,
    /// QMI inside MBIM, and what it is like.
    pub inside: Option<Box<super::super::qmi::Setup>>,
    /// The radio cannot be switched on: "on" is refused, or taken without effect.
    pub fcc_locked: bool,
    pub refuses_locked_radio: bool,
    /// Restarts when it is told so (MBIMEx).
    pub device_reset: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            max_transfer: 4096,
            latency: Duration::ZERO,
            imei: "350000000000006".into(),
            firmware: "SIM_01.02.03".into(),
            hardware: "Simulated LTE".into(),
            data_class: DataClass::UMTS | DataClass::HSDPA | DataClass::HSUPA | DataClass::LTE,
            max_sessions: 8,
            sim: Some(Sim::default()),
            radio_hardware: true,
            radio_software: true,
            network: Network::default(),
            rssi: 20,
            keeps_sessions: false,
            queries_first: false,
            stubborn: false,
            tells_pin2: false,
            mbimex: 0x0100,
            indicates_only_on_request: false,
            cells: None,
            sms_format: SmsFormat::Pdu,
            messages: true,
            inside: None,
            fcc_locked: false,
            refuses_locked_radio: false,
            device_reset: false,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Sim {
    pub iccid: String,
    pub imsi: String,
    pub numbers: Vec<String>,
    /// Not initialised for so long after power-on or insertion.
    pub reads_for: Duration,
    /// `None`: the SIM asks for no PIN.
    pub pin: Option<String>,
    pub pin_tries: u32,
    pub verified: bool,
    /// Between the right PIN and "initialised".
    pub unlocks_for: Duration,
    pub puk: String,
    pub puk_tries: u32,
    /// Unreadable or rejected.
    pub bad: bool,
    /// Needs activation by its operator.
    pub inactive: bool,
}

impl Default for Sim {
    fn default() -> Self {
        Sim {
            iccid: "8949000000000000017".into(),
            imsi: "001010000000017".into(),
            numbers: vec!["+15550100017".into()],
            reads_for: Duration::ZERO,
            pin: None,
            pin_tries: 3,
            verified: false,
            unlocks_for: Duration::ZERO,
            puk: "11223344".into(),
            puk_tries: 10,
            bad: false,
            inactive: false,
        }
    }
}

impl Sim {
    pub fn locked(pin: &str) -> Self {
        Sim { pin: Some(pin.into()), ..Sim::default() }
    }

    pub fn asks_pin(&self) -> bool {
        self.pin.is_some() && !self.verified
    }
}

/// Which families the network has for its subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grants {
    Both,
    V4,
    V6,
    /// Either, but one a session (ESM cause 52).
    One,
    Nothing {
        nw_error: u32,
    },
}

#[derive(Debug, Clone)]
pub struct Network {
    /// What a registration ends in: `Home`, `Roaming`, `Partner`, `Denied`, or `Searching` for never.
    pub registration: Register,
    /// The cause that goes with `Denied`.
    pub nw_error: u32,
    pub registers_after: Duration,
    pub provider_id: String,
    pub provider_name: String,
    pub home_id: String,
    pub home_name: String,
    /// Attaches by itself once registered.
    pub auto_attach: bool,
    pub attaches_after: Duration,
    /// The cause of every refused attach.
    pub attach_refused: Option<u32>,
    pub grants: Grants,
    /// More families asked than granted is refused, not reduced.
    pub strict: bool,
    /// `None`: any will do. Another is refused with ESM cause 27.
    pub apn: Option<String>,
    /// Another is refused with ESM cause 29.
    pub auth: Option<(AuthProtocol, String, String)>,
    pub connects_after: Duration,
    pub scan_takes: Duration,
    /// Passes before a message or a USSD request is answered.
    pub sends_after: Duration,
    /// What is said by USSD, and what the network answers.
    pub ussd: Vec<(String, UssdResponse, String)>,
    /// The modem acknowledges USSD with nothing, and indicates the answer later.
    pub ussd_indicated: bool,
    pub ip: Ip,
}

impl Default for Network {
    fn default() -> Self {
        Network {
            registration: Register::Home,
            nw_error: 0,
            registers_after: Duration::ZERO,
            provider_id: "00101".into(),
            provider_name: "Test Net".into(),
            home_id: "00101".into(),
            home_name: "Test Home".into(),
            auto_attach: true,
            attaches_after: Duration::ZERO,
            attach_refused: None,
            grants: Grants::Both,
            strict: false,
            apn: None,
            auth: None,
            connects_after: Duration::ZERO,
            scan_takes: Duration::ZERO,
            sends_after: Duration::ZERO,
            ussd: Vec::new(),
            ussd_indicated: false,
            ip: Ip::default(),
        }
    }
}

/// What a session is configured with, as far as its families were granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ip {
    pub v4: Vec<(Ipv4Addr, u32)>,
    pub v4_gateway: Option<Ipv4Addr>,
    pub v4_dns: Vec<Ipv4Addr>,
    /// 0: not told.
    pub v4_mtu: u32,
    pub v6: Vec<(Ipv6Addr, u32)>,
    pub v6_gateway: Option<Ipv6Addr>,
    pub v6_dns: Vec<Ipv6Addr>,
    pub v6_mtu: u32,
}

impl Default for Ip {
    fn default() -> Self {
        let v6 = |tail| Ipv6Addr::new(0x2001, 0xdb8, 0x1, 0, 0, 0, 0, tail);
        Ip {
            v4: vec![([10, 64, 0, 2].into(), 30)],
            v4_gateway: Some([10, 64, 0, 1].into()),
            v4_dns: vec![[192, 0, 2, 53].into(), [192, 0, 2, 54].into()],
            v4_mtu: 1430,
            v6: vec![(v6(2), 64)],
            v6_gateway: Some(v6(1)),
            v6_dns: vec![v6(0x53), v6(0x54)],
            v6_mtu: 1430,
        }
    }
}

impl Ip {
    /// The modem tells nothing: DHCP and router advertisements have to.
    pub fn untold() -> Self {
        Ip {
            v4: Vec::new(),
            v4_gateway: None,
            v4_dns: Vec::new(),
            v4_mtu: 0,
            v6: Vec::new(),
            v6_gateway: None,
            v6_dns: Vec::new(),
            v6_mtu: 0,
        }
    }
}
