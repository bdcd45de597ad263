//! The numbers with names of NAS.

use crate::codes;
use crate::words::Technology;

codes! {
    /// Technology. Some fields are signed; the bits are the same.
    pub enum Radio: u8 {
        None = 0x00 => "none",
        Cdma1x = 0x01 => "cdma-1x",
        Evdo = 0x02 => "evdo",
        Amps = 0x03 => "amps",
        Gsm = 0x04 => "gsm",
        Umts = 0x05 => "umts",
        Lte = 0x08 => "lte",
        TdScdma = 0x09 => "td-scdma",
        Nr5g = 0x0c => "5g",
        /// "Unknown" in an answer, "no change" in a request.
        Unknown = 0xff => "unknown",
    }

    pub enum RegistrationState: u8 {
        NotRegistered = 0 => "not-registered",
        Registered = 1 => "registered",
        Searching = 2 => "searching",
        Denied = 3 => "denied",
        Unknown = 4 => "unknown",
    }

    pub enum AttachState: u8 { Unknown = 0 => "unknown", Attached = 1 => "attached", Detached = 2 => "detached" }

    pub enum AttachAction: u8 { Attach = 1 => "attach", Detach = 2 => "detach" }

    pub enum NetworkKind: u8 { Unknown = 0 => "unknown", Cdma = 1 => "3gpp2", Gsm = 2 => "3gpp" }

    /// Of "serving system": 0 is roaming. "System info" has it the other way round.
    pub enum RoamingIndicator: u8 { Roaming = 0 => "roaming", Home = 1 => "home" }

    pub enum RoamingStatus: u8 {
        Home = 0 => "home",
        Roaming = 1 => "roaming",
        Blink = 2 => "roaming (blinking)",
        OutOfNeighbourhood = 3 => "out of neighbourhood",
        OutOfBuilding = 4 => "out of building",
        Preferred = 5 => "preferred system",
        Available = 6 => "available system",
        Alliance = 7 => "alliance partner",
        Premium = 8 => "premium partner",
    }

    pub enum DataCapability: u8 {
        None = 0 => "none",
        Gprs = 1 => "gprs",
        Edge = 2 => "edge",
        Hsdpa = 3 => "hsdpa",
        Hsupa = 4 => "hsupa",
        Wcdma = 5 => "wcdma",
        Cdma = 6 => "cdma",
        EvdoRev0 = 7 => "evdo-0",
        EvdoRevA = 8 => "evdo-a",
        Gsm = 9 => "gsm",
        EvdoRevB = 10 => "evdo-b",
        Lte = 11 => "lte",
        HsdpaPlus = 12 => "hsdpa+",
        DcHsdpaPlus = 13 => "dc-hsdpa+",
    }

    pub enum ServiceStatus: u8 {
        None = 0 => "none",
        Limited = 1 => "limited",
        Available = 2 => "available",
        LimitedRegional = 3 => "limited-regional",
        PowerSave = 4 => "power-save",
    }

    pub enum ServiceDomain: u8 {
        None = 0 => "none",
        Cs = 1 => "cs",
        Ps = 2 => "ps",
        CsPs = 3 => "cs-ps",
        Camped = 4 => "camped",
    }

    pub enum Barring: i32 {
        NormalOnly = 0 => "normal-only",
        EmergencyOnly = 1 => "emergency-only",
        NoCalls = 2 => "none",
        AllCalls = 3 => "all",
        Unknown = -1 => "unknown",
    }

    pub enum SimReject: u32 {
        Unavailable = 0 => "unavailable",
        Available = 1 => "available",
        CsInvalid = 2 => "cs-invalid",
        PsInvalid = 3 => "ps-invalid",
        CsPsInvalid = 4 => "cs-ps-invalid",
    }

    pub enum CellAccess: u32 {
        NormalOnly = 0 => "normal-only",
        EmergencyOnly = 1 => "emergency-only",
        NoCalls = 2 => "none",
        AllCalls = 3 => "all",
        Unknown = 0xff => "unknown",
    }

    pub enum RegisterAction: u8 { Automatic = 1 => "automatic", Manual = 2 => "manual" }

    pub enum Duration: u8 { PowerCycle = 0 => "until-power-cycle", Permanent = 1 => "permanent" }

    pub enum RoamingPreference: u16 {
        Off = 0x01 => "home-only",
        NotOff = 0x02 => "roaming-only",
        NotFlashing = 0x03 => "not-flashing",
        Any = 0xff => "any",
    }

    pub enum Selection: u8 { Automatic = 0 => "automatic", Manual = 1 => "manual" }

    pub enum DomainPreference: u32 {
        CsOnly = 0 => "cs",
        PsOnly = 1 => "ps",
        CsPs = 2 => "cs-ps",
        PsAttach = 3 => "ps-attach",
        PsDetach = 4 => "ps-detach",
    }

    pub enum AcquisitionOrder: u32 { Automatic = 0 => "automatic", Gsm = 1 => "gsm", Wcdma = 2 => "wcdma" }

    pub enum Usage: u32 { Unknown = 0 => "unknown", Voice = 1 => "voice", Data = 2 => "data" }

    pub enum VoiceDomain: u32 {
        CsOnly = 0 => "cs",
        PsOnly = 1 => "ps",
        CsPreferred = 2 => "cs-preferred",
        PsPreferred = 3 => "ps-preferred",
    }

    pub enum Bandwidth: u32 {
        Mhz1_4 = 0 => "1.4 MHz",
        Mhz3 = 1 => "3 MHz",
        Mhz5 = 2 => "5 MHz",
        Mhz10 = 3 => "10 MHz",
        Mhz15 = 4 => "15 MHz",
        Mhz20 = 5 => "20 MHz",
        Nr5 = 6 => "5G 5 MHz",
        Nr10 = 7 => "5G 10 MHz",
        Nr15 = 8 => "5G 15 MHz",
        Nr20 = 9 => "5G 20 MHz",
        Nr25 = 10 => "5G 25 MHz",
        Nr30 = 11 => "5G 30 MHz",
        Nr40 = 12 => "5G 40 MHz",
        Nr50 = 13 => "5G 50 MHz",
        Nr60 = 14 => "5G 60 MHz",
        Nr80 = 15 => "5G 80 MHz",
        Nr90 = 16 => "5G 90 MHz",
        Nr100 = 17 => "5G 100 MHz",
        Nr200 = 18 => "5G 200 MHz",
        Nr400 = 19 => "5G 400 MHz",
        Gsm = 20 => "0.2 MHz",
        TdScdma = 21 => "1.6 MHz",
        Wcdma5 = 22 => "5 MHz",
        Wcdma10 = 23 => "10 MHz",
        Nr70 = 24 => "5G 70 MHz",
    }

    pub enum SecondaryState: u32 {
        Deconfigured = 0 => "deconfigured",
        Deactivated = 1 => "deactivated",
        Activated = 2 => "activated",
    }

    /// Of a name over the air (3GPP TS 24.008 10.5.3.5a).
    pub enum NameEncoding: u8 { Gsm7 = 0 => "gsm-7", Ucs2 = 1 => "ucs-2" }

    /// Of a name in a subscription.
    pub enum DescriptionEncoding: u8 {
        Unspecified = 0 => "unspecified",
        Ascii7 = 1 => "ascii",
        Unicode = 4 => "unicode",
        Gsm = 9 => "gsm-7",
    }

    pub enum NameSource: u32 {
        Unknown = 0 => "unknown",
        PlmnList = 1 => "operator list of the SIM",
        Cphs = 2 => "operator string of the SIM",
        Nitz = 3 => "network",
        Se13 = 4 => "table",
        MccMnc = 5 => "number",
        ServiceProvider = 6 => "service provider name of the SIM",
    }
}

/// Bits of a mode preference.
pub mod modes {
    pub const CDMA: u16 = 1 << 0;
    pub const EVDO: u16 = 1 << 1;
    pub const GSM: u16 = 1 << 2;
    pub const UMTS: u16 = 1 << 3;
    pub const LTE: u16 = 1 << 4;
    pub const TD_SCDMA: u16 = 1 << 5;
    pub const NR5G: u16 = 1 << 6;
}

/// Bits of a scan's network type.
pub mod scan {
    pub const GSM: u8 = 1 << 0;
    pub const UMTS: u8 = 1 << 1;
    pub const LTE: u8 = 1 << 2;
    pub const TD_SCDMA: u8 = 1 << 3;
    pub const NR5G: u8 = 1 << 4;
}

/// Bits of a found network's status.
pub mod status {
    pub const SERVING: u8 = 1 << 0;
    pub const AVAILABLE: u8 = 1 << 1;
    pub const HOME: u8 = 1 << 2;
    pub const ROAMING: u8 = 1 << 3;
    pub const FORBIDDEN: u8 = 1 << 4;
    pub const NOT_FORBIDDEN: u8 = 1 << 5;
    pub const PREFERRED: u8 = 1 << 6;
    pub const NOT_PREFERRED: u8 = 1 << 7;
}

impl Radio {
    pub fn technology(self) -> Option<Technology> {
        match self {
            Radio::Gsm => Some(Technology::Gsm),
            Radio::Umts | Radio::TdScdma => Some(Technology::Umts),
            Radio::Lte => Some(Technology::Lte),
            Radio::Nr5g => Some(Technology::FivegSa),
            Radio::Cdma1x | Radio::Evdo => Some(Technology::Cdma),
            Radio::None | Radio::Amps | Radio::Unknown | Radio::Other(_) => None,
        }
    }
}

impl RoamingStatus {
    /// Everything but "home" is someone else's network.
    pub fn is_roaming(self) -> bool {
        self != RoamingStatus::Home
    }
}
