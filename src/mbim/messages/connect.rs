//! Basic Connect: contexts, IP configuration, filters, statistics (MBIM 1.0, 10.5.12 to
//! 10.5.15, 10.5.20 to 10.5.23; MBIMEx 3).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::enums::*;
use super::{Raw, Tlv, messages, structure};
use crate::mbim::service::ContextType;
use crate::words::{Id, Secret};

messages! { BasicConnect;
    12 answer ConnectState {
        session: u32 as number,
        activation: Activation as number,
        voice_call: VoiceCall as number,
        /// What was granted; 0 (default) where the modem does not tell.
        ip_type: IpType as number,
        context_type: ContextType as uuid,
        /// The network's cause (TS 24.301, TS 24.008).
        nw_error: u32 as number,
    }
    /// As the answer; only the session matters.
    12 query QueryConnect -> ConnectState {
        session: u32 as number,
        activation: Activation as number,
        voice_call: VoiceCall as number,
        ip_type: IpType as number,
        context_type: ContextType as uuid,
        nw_error: u32 as number,
    }
    12 set SetConnect -> ConnectState {
        session: u32 as number,
        command: ActivationCommand as number,
        apn: String as text,
        user_name: Id as text,
        password: Secret as text,
        compression: Compression as number,
        auth: AuthProtocol as number,
        ip_type: IpType as number,
        context_type: ContextType as uuid,
    }
    /// The layout of MBIMEx 3; the access string is the first TLV.
    12 answer ConnectStateV3 {
        session: u32 as number,
        activation: Activation as number,
        voice_call: VoiceCall as number,
        ip_type: IpType as number,
        context_type: ContextType as uuid,
        nw_error: u32 as number,
        media: MediaPreference as number,
        tlvs: Vec<Tlv> as tlvs,
    }
    /// MBIMEx 3.
    12 query QueryConnectV3 -> ConnectStateV3 { session: u32 as number }
    /// MBIMEx 3: access string, user name and password are the first three TLVs.
    12 set SetConnectV3 -> ConnectStateV3 {
        session: u32 as number,
        command: ActivationCommand as number,
        compression: Compression as number,
        auth: AuthProtocol as number,
        ip_type: IpType as number,
        context_type: ContextType as uuid,
        media: MediaPreference as number,
        tlvs: Vec<Tlv> as tlvs,
    }

    13 answer ProvisionedContexts { contexts: Vec<ProvisionedContext> as structs }
    13 set SetProvisionedContext -> ProvisionedContexts {
        context: u32 as number,
        context_type: ContextType as uuid,
        apn: String as text,
        user_name: Id as text,
        password: Secret as text,
        compression: Compression as number,
        auth: AuthProtocol as number,
        provider_id: String as text,
    }

    14 answer ServiceActivation { nw_error: u32 as number, data: Raw as rest }
    14 set SetServiceActivation -> ServiceActivation { data: Raw as rest }

    15 answer IpConfiguration {
        session: u32 as number,
        v4_available: IpAvailable as number,
        v6_available: IpAvailable as number,
        v4_addresses: Vec<Ipv4Element> as packed,
        v6_addresses: Vec<Ipv6Element> as packed,
        v4_gateway: Option<Ipv4Addr> as at,
        v6_gateway: Option<Ipv6Addr> as at,
        v4_dns: Vec<Ipv4Addr> as packed,
        v6_dns: Vec<Ipv6Addr> as packed,
        v4_mtu: u32 as number,
        v6_mtu: u32 as number,
    }
    /// As the answer, everything but the session zero.
    15 query QueryIpConfiguration -> IpConfiguration { session: u32 as number, zeros: Raw as block(56) }

    20 answer PacketStatistics {
        in_discards: u32 as number,
        in_errors: u32 as number,
        in_octets: u64 as long,
        in_packets: u64 as long,
        out_octets: u64 as long,
        out_packets: u64 as long,
        out_errors: u32 as number,
        out_discards: u32 as number,
    }

    21 answer NetworkIdleHint { state: Toggle as number }
    21 set SetNetworkIdleHint -> NetworkIdleHint { state: Toggle as number }

    23 answer IpPacketFilters { session: u32 as number, filters: Vec<PacketFilter> as structs }
    23 query QueryIpPacketFilters -> IpPacketFilters {
        session: u32 as number,
        filters: Vec<PacketFilter> as structs,
    }
    23 set SetIpPacketFilters -> IpPacketFilters {
        session: u32 as number,
        filters: Vec<PacketFilter> as structs,
    }
}

structure! {
    #[derive(Default)]
    ProvisionedContext {
        context: u32 as number,
        context_type: ContextType as uuid,
        apn: String as text,
        user_name: Id as text,
        password: Secret as text,
        compression: Compression as number,
        auth: AuthProtocol as number,
    }
}

structure! {
    Ipv4Element { prefix: u32 as number, address: Ipv4Addr as nested }
}

structure! {
    Ipv6Element { prefix: u32 as number, address: Ipv6Addr as nested }
}

structure! {
    /// Bytes to compare and the mask to compare them under, equally long.
    #[derive(Default)]
    PacketFilter { filter_and_mask: (Raw, Raw) as twins }
}
