//! WDS, wireless data: start and stop a packet data connection, its settings and counters.

use super::call_end::{CallEndReason, VerboseType};
use super::wda::Endpoint;
use super::wds_profile::ProfileId;
use crate::qmi::value::{Codec, Input, List8, SecretText, Text, Text16, Unset};
use crate::{codes, messages, record};
use std::net::{Ipv4Addr, Ipv6Addr};

codes! {
    pub enum IpFamily: u8 {
        Unknown = 0 => "unknown",
        Ipv4 = 4 => "ipv4",
        Ipv6 = 6 => "ipv6",
        Unspecified = 8 => "unspecified",
        Ethernet = 12 => "ethernet",
    }

    pub enum ConnectionStatus: u8 {
        Unknown = 0 => "unknown",
        Disconnected = 1 => "disconnected",
        Connected = 2 => "connected",
        Suspended = 3 => "suspended",
        Authenticating = 4 => "authenticating",
    }

    /// Bits: PAP, CHAP.
    pub enum Authentication: u8 { None = 0 => "none", Pap = 1 => "pap", Chap = 2 => "chap", Both = 3 => "both" }

    pub enum PdpType: u8 {
        Ipv4 = 0 => "ipv4",
        Ppp = 1 => "ppp",
        Ipv6 = 2 => "ipv6",
        Ipv4v6 = 3 => "ipv4v6",
        NonIp = 4 => "non-ip",
    }

    pub enum CallType: u8 { Laptop = 0 => "laptop", Embedded = 1 => "embedded" }

    pub enum Technology: u16 {
        Cdma = 0x8001 => "cdma",
        Umts = 0x8004 => "umts",
        Epc = 0x8880 => "epc",
        Embms = 0x8882 => "embms",
        LinkLocal = 0x8888 => "modem-link-local",
    }

    pub enum Autoconnect: u8 { Disabled = 0 => "off", Enabled = 1 => "on", Paused = 2 => "paused" }

    pub enum AutoconnectRoaming: u8 { Allowed = 0 => "allowed", HomeOnly = 1 => "home-only" }

    pub enum Dormancy: u8 { Unknown = 0 => "unknown", Dormant = 1 => "dormant", Active = 2 => "active" }

    pub enum DataCallStatus: u8 { Unknown = 0 => "unknown", Activated = 1 => "activated", Terminated = 2 => "terminated" }

    pub enum NetworkType: u8 { Unknown = 0 => "unknown", Cdma = 1 => "3gpp2", Gsm = 2 => "3gpp" }

    pub enum DataSystem: u32 {
        Unknown = 0 => "unknown",
        Cdma1x = 1 => "cdma-1x",
        Evdo = 2 => "evdo",
        Gprs = 3 => "gprs",
        Wcdma = 4 => "wcdma",
        Lte = 5 => "lte",
        TdScdma = 6 => "td-scdma",
    }

    pub enum Bearer: i8 {
        Unknown = -1 => "unknown",
        Cdma1x = 1 => "cdma-1x",
        Evdo = 2 => "evdo",
        Gsm = 3 => "gsm",
        Umts = 4 => "umts",
        EvdoA = 5 => "evdo-a",
        Edge = 6 => "edge",
        Hsdpa = 7 => "hsdpa",
        Hsupa = 8 => "hsupa",
        Hspa = 9 => "hspa",
        Lte = 10 => "lte",
        Ehrpd = 11 => "ehrpd",
        HspaPlus = 12 => "hsdpa+",
        HspaPlusHsupa = 13 => "hspa+",
        DcHspaPlus = 14 => "dc-hsdpa+",
        DcHspaPlusHsupa = 15 => "dc-hspa+",
        HspaPlus64 = 16 => "hsdpa+-64qam",
        HspaPlus64Hsupa = 17 => "hspa+-64qam",
        TdScdma = 18 => "td-scdma",
        TdScdmaHsdpa = 19 => "td-scdma-hsdpa",
        TdScdmaHsupa = 20 => "td-scdma-hsupa",
    }

    /// What a bound data port is for.
    pub enum ClientType: u32 { Tethered = 1 => "tethered", Undefined = 0xff => "undefined" }

    pub enum IpSupport: u8 { Ipv4 = 0 => "ipv4", Ipv6 = 1 => "ipv6", Ipv4v6 = 2 => "ipv4v6" }
}

/// Bits of [`GetCurrentSettings`]: what netifd needs.
pub mod settings {
    pub const PROFILE_ID: u32 = 1 << 0;
    pub const PDP_TYPE: u32 = 1 << 2;
    pub const APN: u32 = 1 << 3;
    pub const DNS: u32 = 1 << 4;
    pub const ADDRESS: u32 = 1 << 8;
    pub const GATEWAY: u32 = 1 << 9;
    pub const PCSCF_SERVERS: u32 = 1 << 11;
    pub const PCSCF_NAMES: u32 = 1 << 12;
    pub const MTU: u32 = 1 << 13;
    pub const DOMAINS: u32 = 1 << 14;
    pub const IP_FAMILY: u32 = 1 << 15;
}

/// Bits of [`GetPacketStatistics`].
pub mod statistics {
    pub const PACKETS: u32 = 0x03;
    pub const ERRORS: u32 = 0x0c;
    pub const OVERFLOWS: u32 = 0x30;
    pub const BYTES: u32 = 0xc0;
    pub const DROPPED: u32 = 0x300;
}

record! {
    /// Which table a reason belongs to and its number there; `call_end` has the words.
    pub struct VerboseReason { kind: VerboseType, reason: i16 }

    /// With `reconfigure` the addresses changed: read the settings again.
    pub struct Connection { status: ConnectionStatus, reconfigure: bool }

    pub struct Rates { tx: u32, rx: u32, max_tx: u32, max_rx: u32 }

    pub struct EventRates { tx: u32, rx: u32 }

    pub struct Transfer { seconds: u8, indicators: u32 }

    pub struct CurrentBearer { network: NetworkType, technologies: u32, services: u32 }
}

/// An address and the bits of its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv6Prefix {
    pub address: Ipv6Addr,
    pub length: u8,
}

impl Codec for Ipv6Prefix {
    type Value = Self;
    fn get(input: &mut Input<'_>) -> Self {
        Ipv6Prefix { address: Ipv6Addr::get(input), length: input.u8() }
    }
    fn put(value: &Self, out: &mut Vec<u8>) {
        Ipv6Addr::put(&value.address, out);
        out.push(value.length);
    }
}

messages! { Wds;
    0x0000 Reset {};
    0x0001 SetEventReport {
        0x10 channel_rate: bool,
        0x11 transfer: Transfer,
        0x12 bearer: bool,
        0x13 dormancy: bool,
        0x15 current_bearer: bool,
        0x17 data_call: bool,
        0x18 data_system: bool,
    };
    0x0002 Abort { 0x01 transaction: u16 };
    0x0003 RegisterIndications { 0x12 ip_configuration: bool, 0x19 profile_changes: bool };
    0x0020 StartNetwork {
        0x10 dns1: Ipv4Addr,
        0x11 dns2: Ipv4Addr,
        0x14 apn: Text,
        0x15 address: Ipv4Addr,
        0x16 authentication: Authentication,
        0x17 username: Text,
        0x18 password: SecretText,
        0x19 family: IpFamily,
        0x30 technology: u8,
        0x31 profile: u8,
        0x32 profile_3gpp2: u8,
        0x33 autoconnect: bool,
        0x34 extended_technology: Technology,
        0x35 call_type: CallType,
    } -> NetworkStarted {
        0x01 handle: u32,
        0x10 reason: CallEndReason,
        0x11 verbose: VerboseReason,
    };
    /// The handle 0xffffffff stops what autoconnect started.
    0x0021 StopNetwork { 0x01 handle: u32, 0x10 disable_autoconnect: bool };
    0x0022 GetPacketServiceStatus {} -> PacketServiceStatus { 0x01 status: ConnectionStatus };
    0x0023 GetChannelRates {} -> ChannelRates { 0x01 rates: Rates };
    0x0024 GetPacketStatistics { 0x01 mask: u32 } -> PacketStatistics {
        0x10 tx_packets: Unset<u32>,
        0x11 rx_packets: Unset<u32>,
        0x12 tx_errors: Unset<u32>,
        0x13 rx_errors: Unset<u32>,
        0x14 tx_overflows: Unset<u32>,
        0x15 rx_overflows: Unset<u32>,
        0x19 tx_bytes: Unset<u64>,
        0x1a rx_bytes: Unset<u64>,
        0x1b last_tx_bytes: Unset<u64>,
        0x1c last_rx_bytes: Unset<u64>,
        0x1d tx_dropped: Unset<u32>,
        0x1e rx_dropped: Unset<u32>,
    };
    0x002d GetCurrentSettings { 0x10 requested: u32 } -> CurrentSettings {
        0x10 profile_name: Text,
        0x11 pdp_type: PdpType,
        0x14 apn: Text,
        0x15 dns1: Ipv4Addr,
        0x16 dns2: Ipv4Addr,
        0x1b username: Text,
        0x1d authentication: Authentication,
        0x1e address: Ipv4Addr,
        0x1f profile: ProfileId,
        0x20 gateway: Ipv4Addr,
        0x21 netmask: Ipv4Addr,
        0x22 pcscf_by_pco: bool,
        0x23 pcscf: List8<Ipv4Addr>,
        0x24 pcscf_names: List8<Text16>,
        0x25 address6: Ipv6Prefix,
        0x26 gateway6: Ipv6Prefix,
        0x27 dns6_1: Ipv6Addr,
        0x28 dns6_2: Ipv6Addr,
        0x29 mtu: u32,
        0x2a domains: List8<Text16>,
        0x2b family: IpFamily,
        0x2d technology: Technology,
    };
    0x0034 GetAutoconnect {} -> AutoconnectReply { 0x01 status: Autoconnect, 0x10 roaming: AutoconnectRoaming };
    0x0037 GetBearer {} -> BearerReply { 0x01 current: Bearer, 0x10 last: Bearer };
    0x0044 GetCurrentBearer {} -> CurrentBearerReply { 0x01 current: CurrentBearer, 0x10 last: CurrentBearer };
    /// The family of this client's connection; v4 and v6 are two clients.
    0x004d SetIpFamily { 0x01 family: IpFamily };
    0x0051 SetAutoconnect { 0x01 status: Autoconnect, 0x10 roaming: AutoconnectRoaming };
    0x0085 GetLteAttachParameters {} -> LteAttachParameters {
        0x10 apn: Text,
        0x11 support: IpSupport,
        0x12 attached: bool,
    };
    0x0089 BindDataPort { 0x01 port: u16 };
    0x0093 SetLteAttachPdns { 0x01 profiles: List8<u16>, 0x10 action: u32 };
    0x0094 GetLteAttachPdns {} -> LteAttachPdns { 0x10 current: List8<u16>, 0x11 pending: List8<u16> };
    /// Which QMAP channel this client's connection uses.
    0x00a2 BindMuxDataPort { 0x10 endpoint: Endpoint, 0x11 mux: u8, 0x13 client: ClientType };

    indications
    0x0001 EventReport {
        0x10 tx_packets: Unset<u32>,
        0x11 rx_packets: Unset<u32>,
        0x12 tx_errors: Unset<u32>,
        0x13 rx_errors: Unset<u32>,
        0x14 tx_overflows: Unset<u32>,
        0x15 rx_overflows: Unset<u32>,
        0x16 rates: EventRates,
        0x17 bearer: Bearer,
        0x18 dormancy: Dormancy,
        0x19 tx_bytes: Unset<u64>,
        0x1a rx_bytes: Unset<u64>,
        0x1d current_bearer: CurrentBearer,
        0x1f data_call: DataCallStatus,
        0x20 data_system: DataSystem,
        0x25 tx_dropped: Unset<u32>,
        0x26 rx_dropped: Unset<u32>,
    };
    0x0022 PacketServiceChanged {
        0x01 connection: Connection,
        0x10 reason: CallEndReason,
        0x11 verbose: VerboseReason,
        0x12 family: IpFamily,
        0x14 bearer: u8,
        0x15 xlat: bool,
        0x34 technology: Technology,
    };
    0x008c IpConfigurationChanged { 0x10 changed: u32 };
    0x0093 LteAttachPdnsSet {};
}
