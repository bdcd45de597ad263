//! What a simulated QMI modem is like beyond what every modem of the simulated world has:
//! plain data, with the defaults of a modem that answers at once and refuses nothing.

use uwand::qmi::messages::dms::OperatingMode;
use uwand::qmi::messages::wda::LinkLayer;
use uwand::qmi::messages::wds::{Authentication, Autoconnect, PdpType};

use super::super::modem;

#[derive(Debug, Clone)]
pub struct Setup {
    /// SIM, network, switches, identity: the same as an MBIM modem's.
    pub base: modem::Setup,
    pub manufacturer: String,
    pub model: String,
    /// After power-on.
    pub mode: OperatingMode,
    /// Which unlock the modem waits for in low power.
    pub fcc: Option<Fcc>,
    /// Most client ids of one service.
    pub client_ids: usize,
    /// After power-on.
    pub link_layer: LinkLayer,
    /// Whatever is asked, it stays with this.
    pub insists_on: Option<LinkLayer>,
    /// Modems before about 2012 have none and take the format by CTL.
    pub has_wda: bool,
    pub has_qmap: bool,
    /// Data-only modems have neither messages nor USSD.
    pub has_messages: bool,
    /// USSD is answered when the network has answered, and not before.
    pub ussd_waits: bool,
    /// Most bytes that it sends in one transfer with QMAP.
    pub largest_transfer: u32,
    /// WDS 0x00a2, which gives a client its channel.
    pub binds: bool,
    /// Before MDM9x15 there is none: the SIM is DMS' business.
    pub has_uim: bool,
    /// PIN operations by DMS; MDM9x30 and later refuse them (71).
    pub has_dms_pins: bool,
    pub profiles: Vec<Profile>,
    /// The APN that the attach profile (the first one) must have to be registered.
    pub attach_apn: Option<String>,
    pub autoconnect: Autoconnect,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            base: modem::Setup::default(),
            manufacturer: "Simulated".into(),
            model: "SIM7455".into(),
            mode: OperatingMode::Online,
            fcc: None,
            client_ids: 8,
            link_layer: LinkLayer::Ethernet,
            insists_on: None,
            has_wda: true,
            has_qmap: true,
            has_messages: true,
            ussd_waits: false,
            largest_transfer: 16384,
            binds: true,
            has_uim: true,
            has_dms_pins: false,
            profiles: vec![Profile::new(1, "internet"), Profile::new(2, "ims")],
            attach_apn: None,
            autoconnect: Autoconnect::Disabled,
        }
    }
}

/// The command that wakes a modem which a laptop maker locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fcc {
    /// DMS 0x555f; "online" is refused before it.
    Dms,
    /// DMS 0x5571 with one byte; "online" is taken and has no effect before it.
    FoxconnByte,
    /// DMS 0x5571 with a magic string and a number.
    FoxconnMagic,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub index: u8,
    pub name: String,
    pub apn: String,
    pub pdp_type: PdpType,
    pub username: String,
    pub password: String,
    pub authentication: Authentication,
}

impl Profile {
    pub fn new(index: u8, apn: &str) -> Self {
        Profile {
            index,
            name: format!("profile{index}"),
            apn: apn.into(),
            pdp_type: PdpType::Ipv4v6,
            username: String::new(),
            password: String::new(),
            authentication: Authentication::None,
        }
    }
}
