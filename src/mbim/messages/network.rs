//! Basic Connect: networks, registration, packet service and signal (MBIM 1.0, 10.5.6 to
//! 10.5.11, 10.5.24; MBIMEx 2 and 3).
//!
//! A modem uses a later layout only after the host told it a later MBIMEx version
//! (`extensions::Version`), so the caller knows which struct to ask for.

use super::enums::*;
use super::{messages, structure};

structure! {
    /// A network, in lists and as home.
    #[derive(Default)]
    Provider {
        /// MCC and MNC as digits.
        id: String as text,
        state: ProviderState as number,
        name: String as text,
        cellular_class: CellularClass as number,
        /// 0 to 31 as in +CSQ, 99 unknown.
        rssi: u32 as number,
        error_rate: u32 as number,
    }
}

messages! { BasicConnect;
    6 answer HomeProvider { provider: Provider as nested }
    6 set SetHomeProvider -> HomeProvider { provider: Provider as nested }

    7 answer PreferredProviders { providers: Vec<Provider> as structs }
    7 set SetPreferredProviders -> PreferredProviders { providers: Vec<Provider> as structs }

    8 answer VisibleProviders { providers: Vec<Provider> as structs }
    /// A scan: it takes minutes.
    8 query QueryVisibleProviders -> VisibleProviders { action: ScanAction as number }

    9 answer RegisterState {
        /// The network's cause (TS 24.301, TS 24.008). Telit LE910 sets it with a state that is well.
        nw_error: u32 as number,
        state: Register as number,
        mode: RegisterMode as number,
        available_data_classes: DataClass as number,
        cellular_class: CellularClass as number,
        provider_id: String as text,
        provider_name: String as text,
        roaming_text: String as text,
        flags: RegistrationFlags as number,
    }
    /// The layout of MBIMEx 2 and 3.
    9 answer RegisterStateV2 {
        nw_error: u32 as number,
        state: Register as number,
        mode: RegisterMode as number,
        available_data_classes: DataClass as number,
        cellular_class: CellularClass as number,
        provider_id: String as text,
        provider_name: String as text,
        roaming_text: String as text,
        flags: RegistrationFlags as number,
        preferred_data_classes: DataClass as number,
    }
    9 set SetRegisterState -> RegisterState {
        /// Empty for automatic.
        provider_id: String as text,
        action: RegisterAction as number,
        data_class: DataClass as number,
    }

    10 answer PacketService {
        nw_error: u32 as number,
        state: Packet as number,
        highest_available_data_class: DataClass as number,
        /// Bits a second.
        uplink: u64 as long,
        downlink: u64 as long,
    }
    /// The layout of MBIMEx 2.
    10 answer PacketServiceV2 {
        nw_error: u32 as number,
        state: Packet as number,
        current_data_class: DataClass as number,
        uplink: u64 as long,
        downlink: u64 as long,
        frequency_range: FrequencyRange as number,
    }
    /// The layout of MBIMEx 3.
    10 answer PacketServiceV3 {
        nw_error: u32 as number,
        state: Packet as number,
        current_data_class: DataClass as number,
        uplink: u64 as long,
        downlink: u64 as long,
        frequency_range: FrequencyRange as number,
        data_subclass: DataSubclass as number,
        mcc: u16 as short,
        mnc: u16 as short,
        tac: u32 as number,
    }
    10 set SetPacketService -> PacketService { action: PacketAction as number }

    11 answer SignalState {
        /// 0 to 31: -113 dBm and 2 dB a step, 99 unknown.
        rssi: u32 as number,
        /// RXQUAL 0 to 7, 99 unknown.
        error_rate: u32 as number,
        /// Seconds.
        interval: u32 as number,
        rssi_threshold: u32 as number,
        error_rate_threshold: u32 as number,
    }
    /// The layout of MBIMEx 2: RSRP and SNR for each technology in use.
    11 answer SignalStateV2 {
        rssi: u32 as number,
        error_rate: u32 as number,
        interval: u32 as number,
        rssi_threshold: u32 as number,
        error_rate_threshold: u32 as number,
        rsrp_snr: Vec<RsrpSnr> as list,
    }
    11 set SetSignalState -> SignalState {
        interval: u32 as number,
        rssi_threshold: u32 as number,
        error_rate_threshold: u32 as number,
    }

    24 answer MulticarrierProviders { providers: Vec<Provider> as structs }
    24 set SetMulticarrierProviders -> MulticarrierProviders { providers: Vec<Provider> as structs }
}

structure! {
    #[derive(Default)]
    RsrpSnr {
        /// 0 to 126: -157 dBm and 1 dB a step, 127 unknown.
        rsrp: u32 as number,
        /// 0 to 127: -23.5 dB and half a dB a step, 128 unknown.
        snr: u32 as number,
        rsrp_threshold: u32 as number,
        snr_threshold: u32 as number,
        system: DataClass as number,
    }
}

impl RsrpSnr {
    pub fn rsrp_dbm(&self) -> Option<i32> {
        i32::try_from(self.rsrp).ok().filter(|rsrp| (0..=126).contains(rsrp)).map(|rsrp| rsrp - 157)
    }

    pub fn snr_db(&self) -> Option<f32> {
        u16::try_from(self.snr).ok().filter(|snr| *snr <= 127).map(|snr| f32::from(snr) / 2.0 - 23.5)
    }
}

/// dBm of an RSSI as MBIM codes it, `None` for 99 (unknown).
pub fn rssi_dbm(rssi: u32) -> Option<i32> {
    i32::try_from(rssi).ok().filter(|rssi| (0..=31).contains(rssi)).map(|rssi| rssi * 2 - 113)
}
