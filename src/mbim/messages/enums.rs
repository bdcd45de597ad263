//! The numbers with names that the messages carry (MBIM 1.0 chapter 10, MBIMEx 1 to 3).
//!
//! Contract: facts only; a value without a name survives the round trip. Labels are what
//! status and command line show.

use super::values::Number;

use crate::few::Listed;

/// [`wire_enum!`](crate::wire_enum) for members of messages: default is the value 0.
macro_rules! numbers {
    ($($(#[$meta:meta])* $name:ident { $($variants:tt)* })*) => { $(
        $crate::wire_enum! { $(#[$meta])* pub enum $name : u32 { $($variants)* } }

        impl Number for $name {
            fn from_wire(value: u32) -> Self {
                value.into()
            }

            fn to_wire(self) -> u32 {
                self.into()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                0.into()
            }
        }
    )* };
}

/// A set of bits with names.
macro_rules! flags {
    ($($(#[$meta:meta])* $name:ident { $($flag:ident = $bit:literal => $label:literal),* $(,)? })*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Default)]
        pub struct $name(pub u32);

        impl $name {
            $(pub const $flag: $name = $name(1 << $bit);)*

            pub fn contains(self, other: $name) -> bool {
                self.0 & other.0 == other.0
            }

            /// The names of the bits that are set; unnamed bits are left out.
            pub fn labels(self) -> Vec<&'static str> {
                let table: &[(u32, &'static str)] = &[$((1 << $bit, $label)),*];
                table.iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, label)| *label).listed()
            }
        }

        impl std::ops::BitOr for $name {
            type Output = $name;

            fn bitor(self, other: $name) -> $name {
                $name(self.0 | other.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }

        impl Number for $name {
            fn from_wire(value: u32) -> Self {
                $name(value)
            }

            fn to_wire(self) -> u32 {
                self.0
            }
        }
    )* };
}

numbers! {
    DeviceType {
        Unknown = 0 => "unknown", Embedded = 1 => "embedded", Removable = 2 => "removable", Remote = 3 => "remote",
    }
    VoiceClass {
        Unknown = 0 => "unknown", NoVoice = 1 => "no-voice",
        Separated = 2 => "separated-voice-data", Simultaneous = 3 => "simultaneous-voice-data",
    }
    ReadyState {
        NotInitialized = 0 => "not-initialized", Initialized = 1 => "initialized",
        SimNotInserted = 2 => "sim-not-inserted", BadSim = 3 => "bad-sim", Failure = 4 => "failure",
        NotActivated = 5 => "not-activated", DeviceLocked = 6 => "device-locked",
        NoEsimProfile = 7 => "no-esim-profile",
    }
    RadioSwitch { Off = 0 => "off", On = 1 => "on" }
    PinType {
        Unknown = 0 => "unknown", Custom = 1 => "custom", Pin1 = 2 => "pin1", Pin2 = 3 => "pin2",
        DeviceSimPin = 4 => "device-sim-pin", DeviceFirstSimPin = 5 => "device-first-sim-pin",
        NetworkPin = 6 => "network-pin", NetworkSubsetPin = 7 => "network-subset-pin",
        ServiceProviderPin = 8 => "service-provider-pin", CorporatePin = 9 => "corporate-pin",
        SubsidyPin = 10 => "subsidy-pin", Puk1 = 11 => "puk1", Puk2 = 12 => "puk2",
        DeviceFirstSimPuk = 13 => "device-first-sim-puk", NetworkPuk = 14 => "network-puk",
        NetworkSubsetPuk = 15 => "network-subset-puk", ServiceProviderPuk = 16 => "service-provider-puk",
        CorporatePuk = 17 => "corporate-puk", Nev = 18 => "nev", Adm = 19 => "adm",
    }
    PinLock { Unlocked = 0 => "unlocked", Locked = 1 => "locked" }
    PinOperation { Enter = 0 => "enter", Enable = 1 => "enable", Disable = 2 => "disable", Change = 3 => "change" }
    PinMode { NotSupported = 0 => "not-supported", Enabled = 1 => "enabled", Disabled = 2 => "disabled" }
    PinFormat { Unknown = 0 => "unknown", Numeric = 1 => "numeric", Alphanumeric = 2 => "alphanumeric" }
    ScanAction { Full = 0 => "full-scan", Restricted = 1 => "restricted-scan" }
    RegisterAction { Automatic = 0 => "automatic", Manual = 1 => "manual" }
    Register {
        Unknown = 0 => "unknown", Deregistered = 1 => "deregistered", Searching = 2 => "searching",
        Home = 3 => "home", Roaming = 4 => "roaming", Partner = 5 => "partner", Denied = 6 => "denied",
    }
    RegisterMode { Unknown = 0 => "unknown", Automatic = 1 => "automatic", Manual = 2 => "manual" }
    PacketAction { Attach = 0 => "attach", Detach = 1 => "detach" }
    Packet {
        Unknown = 0 => "unknown", Attaching = 1 => "attaching", Attached = 2 => "attached",
        Detaching = 3 => "detaching", Detached = 4 => "detached",
    }
    ActivationCommand { Deactivate = 0 => "deactivate", Activate = 1 => "activate" }
    Compression { None = 0 => "none", Enable = 1 => "enable" }
    AuthProtocol { None = 0 => "none", Pap = 1 => "pap", Chap = 2 => "chap", MsChapV2 = 3 => "mschapv2" }
    IpType {
        Default = 0 => "default", V4 = 1 => "ipv4", V6 = 2 => "ipv6", V4V6 = 3 => "ipv4v6",
        V4AndV6 = 4 => "ipv4-and-ipv6",
    }
    Activation {
        Unknown = 0 => "unknown", Activated = 1 => "activated", Activating = 2 => "activating",
        Deactivated = 3 => "deactivated", Deactivating = 4 => "deactivating",
    }
    VoiceCall { None = 0 => "none", InProgress = 1 => "in-progress", HangUp = 2 => "hang-up" }
    /// NetworkIdleHint and EmergencyMode: off or on.
    Toggle { Off = 0 => "off", On = 1 => "on" }
    /// MBIMEx 3, connect.
    MediaPreference { Unknown = 0 => "unknown", Cellular = 1 => "3gpp", CellularPreferred = 2 => "3gpp-preferred" }

    SmsStorage { NotInitialized = 0 => "not-initialized", Initialized = 1 => "initialized" }
    SmsFormat { Pdu = 0 => "pdu", Cdma = 1 => "cdma" }
    SmsFilter {
        All = 0 => "all", Index = 1 => "index", New = 2 => "new", Old = 3 => "old", Sent = 4 => "sent", Draft = 5 => "draft",
    }
    SmsStatus { New = 0 => "new", Old = 1 => "old", Draft = 2 => "draft", Sent = 3 => "sent" }

    UssdAction { Initiate = 0 => "initiate", Continue = 1 => "continue", Cancel = 2 => "cancel" }
    UssdResponse {
        NoActionRequired = 0 => "no-action-required", ActionRequired = 1 => "action-required",
        TerminatedByNetwork = 2 => "terminated-by-network", OtherLocalClient = 3 => "other-local-client",
        NotSupported = 4 => "operation-not-supported", NetworkTimeout = 5 => "network-timeout",
    }
    UssdSession { New = 0 => "new-session", Existing = 1 => "existing-session" }

    PhonebookReady { NotInitialized = 0 => "not-initialized", Initialized = 1 => "initialized" }
    PhonebookFilter { All = 0 => "all", Index = 1 => "index" }
    PhonebookSave { Unused = 0 => "save-unused", Index = 1 => "save-index" }
    PacType { ProactiveCommand = 0 => "proactive-command", Notification = 1 => "notification" }

    SlotState {
        Unknown = 0 => "unknown", OffEmpty = 1 => "off-empty", Off = 2 => "off", Empty = 3 => "empty",
        NotReady = 4 => "not-ready", Active = 5 => "active", Error = 6 => "error", ActiveEsim = 7 => "active-esim",
        ActiveEsimNoProfiles = 8 => "active-esim-no-profiles",
    }
    LteAttachState { Detached = 0 => "detached", Attached = 1 => "attached" }
    LteAttachOperation { Default = 0 => "default", RestoreFactory = 1 => "restore-factory" }
    LteAttachRoaming { Home = 0 => "home", Partner = 1 => "partner", NonPartner = 2 => "non-partner" }
    ContextSource {
        Admin = 0 => "admin", User = 1 => "user", Operator = 2 => "operator", Modem = 3 => "modem", Device = 4 => "device",
    }
    ContextState { Disabled = 0 => "disabled", Enabled = 1 => "enabled" }
    ContextRoaming {
        HomeOnly = 0 => "home-only", PartnerOnly = 1 => "partner-only", NonPartnerOnly = 2 => "non-partner-only",
        HomeAndPartner = 3 => "home-and-partner", HomeAndNonPartner = 4 => "home-and-non-partner",
        PartnerAndNonPartner = 5 => "partner-and-non-partner", AllowAll = 6 => "allow-all",
    }
    ContextMedia { CellularOnly = 0 => "cellular-only", WifiOnly = 1 => "wifi-only", All = 2 => "all" }
    ContextOperation { Default = 0 => "default", Delete = 1 => "delete", RestoreFactory = 2 => "restore-factory" }
    PcoType { Complete = 0 => "complete", Partial = 1 => "partial" }
    ConfigurationStatus { Unknown = 0 => "unknown", Started = 1 => "started", Completed = 2 => "completed" }
    MicoMode { Disabled = 0 => "disabled", Enabled = 1 => "enabled", Unsupported = 2 => "unsupported", Default = 3 => "default" }
    DrxCycle {
        NotSpecified = 0 => "not-specified", NotSupported = 1 => "not-supported",
        Cycle32 = 2 => "32", Cycle64 = 3 => "64", Cycle128 = 4 => "128", Cycle256 = 5 => "256",
    }
    LadnInfo { NotNeeded = 0 => "not-needed", Requested = 1 => "requested" }
    PduHint { Unlikely = 0 => "unlikely", Likely = 1 => "likely" }
    WakeType { Response = 0 => "cid-response", Indication = 1 => "cid-indication", Packet = 2 => "packet" }
}

flags! {
    CellularClass { GSM = 0 => "gsm", CDMA = 1 => "cdma" }
    SimClass { LOGICAL = 0 => "logical", REMOVABLE = 1 => "removable" }
    /// MBIMEx 3 has bit 6 for any 5G and leaves bit 7 unused.
    DataClass {
        GPRS = 0 => "gprs", EDGE = 1 => "edge", UMTS = 2 => "umts", HSDPA = 3 => "hsdpa", HSUPA = 4 => "hsupa",
        LTE = 5 => "lte", FIVEG_NSA = 6 => "5g-nsa", FIVEG_SA = 7 => "5g-sa",
        RTT_1X = 16 => "1xrtt", EVDO = 17 => "1xevdo", EVDO_A = 18 => "1xevdo-reva", EVDV = 19 => "1xevdv",
        RTT_3X = 20 => "3xrtt", EVDO_B = 21 => "1xevdo-revb", UMB = 22 => "umb", CUSTOM = 31 => "custom",
    }
    /// MBIMEx 3: what kind of 5G.
    DataSubclass {
        ENDC = 0 => "5g-endc", NR = 1 => "5g-nr", NEDC = 2 => "5g-nedc", ELTE = 3 => "5g-elte", NGENDC = 4 => "5g-ngendc",
    }
    SmsCaps {
        PDU_RECEIVE = 0 => "pdu-receive", PDU_SEND = 1 => "pdu-send",
        TEXT_RECEIVE = 2 => "text-receive", TEXT_SEND = 3 => "text-send",
    }
    ControlCaps {
        REG_MANUAL = 0 => "reg-manual", HW_RADIO_SWITCH = 1 => "hw-radio-switch",
        CDMA_MOBILE_IP = 2 => "cdma-mobile-ip", CDMA_SIMPLE_IP = 3 => "cdma-simple-ip",
        MULTI_CARRIER = 4 => "multi-carrier", ESIM = 5 => "esim",
        UE_POLICY_ROUTE_SELECTION = 6 => "ue-policy-route-selection", SIM_HOT_SWAP = 7 => "sim-hot-swap-capable",
    }
    ReadyInfo { PROTECT_UNIQUE_ID = 0 => "protect-unique-id" }
    /// MBIMEx 3.
    ReadyFlags { ESIM = 0 => "esim", SIM_REMOVABILITY_KNOWN = 1 => "sim-removability-known", SIM_REMOVABLE = 2 => "sim-removable" }
    ProviderState {
        HOME = 0 => "home", FORBIDDEN = 1 => "forbidden", PREFERRED = 2 => "preferred", VISIBLE = 3 => "visible",
        REGISTERED = 4 => "registered", PREFERRED_MULTICARRIER = 5 => "preferred-multicarrier",
    }
    RegistrationFlags {
        MANUAL_SELECTION_NOT_AVAILABLE = 0 => "manual-selection-not-available",
        AUTOMATIC_ATTACH = 1 => "packet-service-automatic-attach",
    }
    IpAvailable { ADDRESS = 0 => "address", GATEWAY = 1 => "gateway", DNS = 2 => "dns", MTU = 3 => "mtu" }
    /// MBIMEx 2.
    FrequencyRange { FR1 = 0 => "range-1", FR2 = 1 => "range-2" }
    SmsStatusFlags { STORE_FULL = 0 => "message-store-full", NEW_MESSAGE = 1 => "new-message" }
}
