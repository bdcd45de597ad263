//! Microsoft's Basic Connect Extensions (MBIMEx 1 to 3), except for cells.

use super::enums::*;
use super::{Raw, Tlv, messages, structure};
use crate::mbim::service::ContextType;
use crate::words::{Id, Secret};

messages! { Extensions;
    1 answer ProvisionedContextsV2 { contexts: Vec<ProvisionedContextV2> as structs }
    1 set SetProvisionedContextV2 -> ProvisionedContextsV2 {
        operation: ContextOperation as number,
        context_type: ContextType as uuid,
        ip_type: IpType as number,
        state: ContextState as number,
        roaming: ContextRoaming as number,
        media: ContextMedia as number,
        source: ContextSource as number,
        apn: String as text,
        user_name: Id as text,
        password: Secret as text,
        compression: Compression as number,
        auth: AuthProtocol as number,
    }

    /// One for home, partner and other networks each.
    3 answer LteAttachConfigurations { configurations: Vec<LteAttachConfiguration> as structs }
    3 set SetLteAttachConfigurations -> LteAttachConfigurations {
        operation: LteAttachOperation as number,
        configurations: Vec<LteAttachConfiguration> as structs,
    }

    4 answer LteAttachInfo {
        state: LteAttachState as number,
        ip_type: IpType as number,
        apn: String as text,
        user_name: Id as text,
        password: Secret as text,
        compression: Compression as number,
        auth: AuthProtocol as number,
    }
    /// The layout of MBIMEx 3.
    4 answer LteAttachInfoV3 {
        state: LteAttachState as number,
        nw_error: u32 as number,
        ip_type: IpType as number,
        apn: String as text,
        user_name: Id as text,
        password: Secret as text,
        compression: Compression as number,
        auth: AuthProtocol as number,
    }

    5 answer SysCaps {
        executors: u32 as number,
        slots: u32 as number,
        concurrency: u32 as number,
        modem_id: u64 as long,
    }

    6 answer DeviceCapsV2 {
        device_type: DeviceType as number,
        cellular_class: CellularClass as number,
        voice_class: VoiceClass as number,
        sim_class: SimClass as number,
        data_class: DataClass as number,
        sms_caps: SmsCaps as number,
        control_caps: ControlCaps as number,
        max_sessions: u32 as number,
        custom_data_class: String as text,
        device_id: Id as text,
        firmware: String as text,
        hardware: String as text,
        executor: u32 as number,
    }
    /// The layout of MBIMEx 3: texts and bands are TLVs, in the order LTE bands, NR bands,
    /// custom data class, device id, firmware, hardware.
    6 answer DeviceCapsV3 {
        device_type: DeviceType as number,
        cellular_class: CellularClass as number,
        voice_class: VoiceClass as number,
        sim_class: SimClass as number,
        data_class: DataClass as number,
        sms_caps: SmsCaps as number,
        control_caps: ControlCaps as number,
        data_subclass: u64 as long,
        max_sessions: u32 as number,
        executor: u32 as number,
        wcdma_bands: u32 as number,
        tlvs: Vec<Tlv> as tlvs,
    }

    7 answer SlotMappings { slots: Vec<Slot> as structs }
    7 set SetSlotMappings -> SlotMappings { slots: Vec<Slot> as structs }

    8 answer SlotInfo { slot: u32 as number, state: SlotState as number }
    8 query QuerySlotInfo -> SlotInfo { slot: u32 as number }

    /// Protocol configuration options of a session.
    9 answer Pco { session: u32 as number, size: u32 as number, pco_type: PcoType as number, data: Raw as rest }
    9 query QueryPco -> Pco { session: u32 as number, size: u32 as number, pco_type: PcoType as number, data: Raw as rest }

    10 answer DeviceResetDone {}
    10 set DeviceReset -> DeviceResetDone {}

    /// Binary-coded: 0x0100 is 1.0. Asking with a version switches the modem to its layouts.
    15 answer Version { mbim: u16 as short, extensions: u16 as short }
    15 query QueryVersion -> Version { mbim: u16 as short, extensions: u16 as short }

    16 answer ModemConfiguration { status: ConfigurationStatus as number, tlvs: Vec<Tlv> as tlvs }

    17 answer RegistrationParameters {
        mico: MicoMode as number,
        drx: DrxCycle as number,
        ladn: LadnInfo as number,
        pdu_hint: PduHint as number,
        reregister: bool as number,
        tlvs: Vec<Tlv> as tlvs,
    }
    17 set SetRegistrationParameters -> RegistrationParameters {
        mico: MicoMode as number,
        drx: DrxCycle as number,
        ladn: LadnInfo as number,
        pdu_hint: PduHint as number,
        reregister: bool as number,
        tlvs: Vec<Tlv> as tlvs,
    }

    19 answer WakeReason { wake_type: WakeType as number, session: u32 as number, tlv: Tlv as tlv }
}

structure! {
    #[derive(Default)]
    Slot { slot: u32 as number }
}

structure! {
    #[derive(Default)]
    LteAttachConfiguration {
        ip_type: IpType as number,
        roaming: LteAttachRoaming as number,
        source: ContextSource as number,
        apn: String as text,
        user_name: Id as text,
        password: Secret as text,
        compression: Compression as number,
        auth: AuthProtocol as number,
    }
}

structure! {
    #[derive(Default)]
    ProvisionedContextV2 {
        context: u32 as number,
        context_type: ContextType as uuid,
        ip_type: IpType as number,
        state: ContextState as number,
        roaming: ContextRoaming as number,
        media: ContextMedia as number,
        source: ContextSource as number,
        apn: String as text,
        user_name: Id as text,
        password: Secret as text,
        compression: Compression as number,
        auth: AuthProtocol as number,
    }
}
