//! Messages as the values that libmbim prints for them, in the same order and spelling, so
//! that two decoders can be compared field by field.

use std::net::{Ipv4Addr, Ipv6Addr};

use uwand::mbim::messages::auth::*;
use uwand::mbim::messages::basic::*;
use uwand::mbim::messages::cells::*;
use uwand::mbim::messages::connect::*;
use uwand::mbim::messages::enums::*;
use uwand::mbim::messages::extensions::*;
use uwand::mbim::messages::network::*;
use uwand::mbim::messages::phonebook::*;
use uwand::mbim::messages::qmi::*;
use uwand::mbim::messages::services::*;
use uwand::mbim::messages::sms::*;
use uwand::mbim::messages::stk::*;
use uwand::mbim::messages::ussd::*;
use uwand::mbim::messages::{Query, Raw, Tlv};
use uwand::mbim::{ContextType, Service, Uuid};
use uwand::words::{Id, Secret};

/// Stands for a value that libmbim prints in words that are not ours.
pub const ANY: &str = "*";

/// The type of a TLV with numbers of 16 bits.
const UINT16_TABLE: u16 = 11;

pub trait Shown {
    fn show(&self, out: &mut Vec<String>);
}

macro_rules! shown {
    ($($type:ty => |$value:ident| $text:expr;)*) => { $(
        impl Shown for $type {
            fn show(&self, out: &mut Vec<String>) {
                let $value = self;
                out.push($text);
            }
        }
    )* };
}

macro_rules! labels {
    ($($type:ty)*) => { $(
        impl Shown for $type {
            fn show(&self, out: &mut Vec<String>) {
                out.push(self.label().to_string());
            }
        }
    )* };
}

macro_rules! bits {
    ($($type:ty)*) => { $(
        impl Shown for $type {
            fn show(&self, out: &mut Vec<String>) {
                let labels = self.labels();
                out.push(if labels.is_empty() { "none".into() } else { labels.join(", ") });
            }
        }
    )* };
}

/// The members of a struct in the order in which libmbim prints them.
macro_rules! members {
    ($($type:ident { $($member:ident)* })*) => { $(
        impl Shown for $type {
            fn show(&self, #[allow(unused_variables)] out: &mut Vec<String>) {
                $(self.$member.show(out);)*
            }
        }
    )* };
}

shown! {
    u16 => |value| value.to_string();
    u32 => |value| value.to_string();
    u64 => |value| value.to_string();
    i32 => |value| value.to_string();
    bool => |value| value.to_string();
    String => |value| value.clone();
    Id => |value| value.reveal().to_string();
    Secret => |value| value.reveal().to_string();
    Ipv4Addr => |value| value.to_string();
    Ipv6Addr => |value| value.to_string();
    Uuid => |value| value.to_string();
    Service => |value| Uuid::from(*value).to_string();
    ContextType => |value| Uuid::from(*value).to_string();
    Raw => |value| colons(&value.0);
    Vec<u32> => |value| value.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
}

pub fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

labels! {
    DeviceType VoiceClass ReadyState RadioSwitch PinType PinLock PinOperation PinMode PinFormat
    ScanAction RegisterAction Register RegisterMode PacketAction Packet ActivationCommand Compression
    AuthProtocol IpType Activation VoiceCall Toggle MediaPreference SmsStorage SmsFormat SmsFilter
    SmsStatus UssdAction UssdResponse UssdSession PhonebookReady PhonebookFilter PhonebookSave PacType
    LteAttachState MicoMode DrxCycle LadnInfo PduHint WakeType PcoType
}

bits! {
    CellularClass SimClass DataClass DataSubclass SmsCaps ControlCaps ReadyInfo ReadyFlags ProviderState
    RegistrationFlags IpAvailable FrequencyRange SmsStatusFlags
}

/// A count, then the elements.
fn counted<T: Shown>(list: &[T], out: &mut Vec<String>) {
    out.push(list.len().to_string());
    each(list, out);
}

fn each<T: Shown>(list: &[T], out: &mut Vec<String>) {
    list.iter().for_each(|element| element.show(out));
}

/// A count, then the elements in one value.
fn joined<T: Shown>(list: &[T], out: &mut Vec<String>) {
    let mut texts = Vec::new();
    each(list, &mut texts);
    out.push(list.len().to_string());
    out.push(texts.join(", "));
}

fn optional<T: Shown>(value: &Option<T>, out: &mut Vec<String>) {
    match value {
        Some(value) => value.show(out),
        None => out.push(String::new()),
    }
}

members! {
    DeviceCaps {
        device_type cellular_class voice_class sim_class data_class sms_caps control_caps max_sessions
        custom_data_class device_id firmware hardware
    }
    DeviceCapsV2 {
        device_type cellular_class voice_class sim_class data_class sms_caps control_caps max_sessions
        custom_data_class device_id firmware hardware executor
    }
    RadioState { hardware software }
    SetRadioState { software }
    Pin { pin_type state remaining_attempts }
    SetPin { pin_type operation pin new_pin }
    PinDescription { mode format length_min length_max }
    PinList {
        pin1 pin2 device_sim_pin device_first_sim_pin network_pin network_subset_pin service_provider_pin
        corporate_pin subsidy_lock custom
    }
    EmergencyMode { state }
    Provider { id state name cellular_class rssi error_rate }
    HomeProvider { provider }
    QueryVisibleProviders { action }
    SetRegisterState { provider_id action data_class }
    PacketService { nw_error state highest_available_data_class uplink downlink }
    PacketServiceV2 { nw_error state current_data_class uplink downlink frequency_range }
    SetPacketService { action }
    SignalState { rssi error_rate interval rssi_threshold error_rate_threshold }
    SetSignalState { interval rssi_threshold error_rate_threshold }
    SetServiceActivation { data }
    PacketStatistics {
        in_discards in_errors in_octets in_packets out_octets out_packets out_errors out_discards
    }
    NetworkIdleHint { state }
    Ipv4Element { prefix address }
    Ipv6Element { prefix address }
    SmsConfiguration { storage format max_messages cdma_size sc_address }
    QuerySms { format filter index }
    SmsPdu { index status pdu }
    SmsCdma { index status address timestamp encoding language message characters }
    SmsSent { reference }
    SmsDeleted {}
    DeleteSms { filter index }
    SmsStoreStatus { flags index }
    Ussd { response session dcs payload }
    SetUssd { action dcs payload }
    PhonebookConfiguration { state entries used max_number_length max_name_length }
    QueryPhonebook { filter index }
    PhonebookEntry { index number name }
    PacSupport { support }
    SetPac { host_control }
    PacEvent { pac_type data }
    TerminalResponded { result status_words }
    TerminalResponse { response }
    EnvelopeSupport { support }
    SendEnvelope { data }
    Akap { res res_length integrity_key ciphering_key auts }
    QueryAkap { rand autn network_name }
    QmiMessage { qmux }
    SetQmiMessage { qmux }
    LteAttachInfo { state ip_type apn user_name password compression auth }
    SysCaps { executors slots concurrency modem_id }
    Slot { slot }
    Version { mbim extensions }
    QueryVersion { mbim extensions }
    Pco { session size pco_type data }
    QueryPco { session size pco_type data }
    RegistrationParameters { mico drx ladn pdu_hint reregister tlvs }
    SetRegistrationParameters { mico drx ladn pdu_hint reregister tlvs }
    LocationInfo { lac tac cell }
    QueryBaseStations { max_gsm max_umts max_tdscdma max_lte max_cdma }
    GsmServing { provider lac cell timing_advance arfcn base_station rx_level }
    GsmNeighbour { provider lac cell arfcn base_station rx_level }
    UmtsServing {
        provider lac cell frequency_ul frequency_dl frequency_nt uarfcn scrambling_code rscp ecno path_loss
    }
    UmtsNeighbour { provider lac cell uarfcn scrambling_code rscp ecno path_loss }
    TdscdmaCell { provider lac cell uarfcn parameter timing_advance rscp path_loss }
    LteServing { provider cell earfcn pci tac rsrp rsrq timing_advance }
    LteNeighbour { provider cell earfcn pci tac rsrp rsrq }
    CdmaCell { serving nid sid base_station latitude longitude ref_pn gps_seconds pilot_strength }
    ConnectState { session activation voice_call ip_type context_type nw_error }
    QueryConnect { session activation voice_call ip_type context_type nw_error }
    SetConnect { session command apn user_name password compression auth ip_type context_type }
    RsrpSnr { rsrp snr rsrp_threshold snr_threshold system }
}

macro_rules! by_hand {
    ($($type:ty => |$value:ident, $out:ident| $body:block)*) => { $(
        impl Shown for $type {
            fn show(&self, $out: &mut Vec<String>) {
                let $value = self;
                $body
            }
        }
    )* };
}

fn registration(state: &RegisterState, out: &mut Vec<String>) {
    // libmbim has words for the network's causes.
    out.push(if state.nw_error == 0 { "none" } else { ANY }.to_string());
    (&state.state, &state.mode).show(out);
    (&state.available_data_classes, &state.cellular_class).show(out);
    (&state.provider_id, &state.provider_name).show(out);
    (&state.roaming_text, &state.flags).show(out);
}

impl<A: Shown, B: Shown> Shown for (&A, &B) {
    fn show(&self, out: &mut Vec<String>) {
        self.0.show(out);
        self.1.show(out);
    }
}

by_hand! {
    SubscriberReady => |ready, out| {
        (&ready.state, &ready.subscriber_id).show(out);
        (&ready.sim_iccid, &ready.info).show(out);
        joined(&ready.numbers, out);
    }
    SubscriberReadyV3 => |ready, out| {
        (&ready.state, &ready.flags).show(out);
        (&ready.subscriber_id, &ready.sim_iccid).show(out);
        ready.info.show(out);
        joined(&ready.numbers, out);
    }
    VisibleProviders => |list, out| { counted(&list.providers, out) }
    PreferredProviders => |list, out| { counted(&list.providers, out) }
    MulticarrierProviders => |list, out| { counted(&list.providers, out) }
    SetMulticarrierProviders => |list, out| { counted(&list.providers, out) }
    RegisterState => |state, out| { registration(state, out) }
    RegisterStateV2 => |state, out| {
        let state = state.clone();
        let preferred = state.preferred_data_classes;
        registration(&RegisterState {
            nw_error: state.nw_error,
            state: state.state,
            mode: state.mode,
            available_data_classes: state.available_data_classes,
            cellular_class: state.cellular_class,
            provider_id: state.provider_id,
            provider_name: state.provider_name,
            roaming_text: state.roaming_text,
            flags: state.flags,
        }, out);
        preferred.show(out);
    }
    SignalStateV2 => |state, out| {
        (&state.rssi, &state.error_rate).show(out);
        (&state.interval, &state.rssi_threshold).show(out);
        state.error_rate_threshold.show(out);
        each(&state.rsrp_snr, out);
    }
    IpConfiguration => |ip, out| {
        ip.session.show(out);
        (&ip.v4_available, &ip.v6_available).show(out);
        counted(&ip.v4_addresses, out);
        counted(&ip.v6_addresses, out);
        optional(&ip.v4_gateway, out);
        optional(&ip.v6_gateway, out);
        joined(&ip.v4_dns, out);
        joined(&ip.v6_dns, out);
        (&ip.v4_mtu, &ip.v6_mtu).show(out);
    }
    ServiceActivation => |answer, out| { out.push(ANY.into()); answer.data.show(out) }
    QueryIpConfiguration => |ip, out| {
        // All zero by the specification; the values would be the same as of the answer.
        IpConfiguration { session: ip.session, ..Default::default() }.show(out);
    }
    // libmbim took the wrong prefix off these words.
    SlotInfo => |info, out| { info.slot.show(out); out.push(format!("state-{}", info.state.label())) }
    PacketFilter => |filter, out| {
        let (filter, mask) = &filter.filter_and_mask;
        out.push(filter.0.len().to_string());
        (filter, mask).show(out);
    }
    IpPacketFilters => |set, out| { set.session.show(out); counted(&set.filters, out) }
    QueryIpPacketFilters => |set, out| { set.session.show(out); counted(&set.filters, out) }
    SetIpPacketFilters => |set, out| { set.session.show(out); counted(&set.filters, out) }
    ProvisionedContext => |context, out| {
        (&context.context, &context.context_type).show(out);
        (&context.apn, &context.user_name).show(out);
        (&context.password, &context.compression).show(out);
        context.auth.show(out);
    }
    ProvisionedContexts => |list, out| { counted(&list.contexts, out) }
    DeviceService => |service, out| {
        (&service.service, &service.dss_payload).show(out);
        service.max_dss_instances.show(out);
        out.push(service.cids.len().to_string());
        service.cids.show(out);
    }
    DeviceServices => |services, out| {
        out.push(services.list.services.len().to_string());
        services.list.max_dss_sessions.show(out);
        each(&services.list.services, out);
    }
    EventEntry => |entry, out| {
        entry.service.show(out);
        out.push(entry.cids.len().to_string());
        entry.cids.show(out);
    }
    SubscribeList => |list, out| { counted(&list.events, out) }
    SetSubscribeList => |list, out| { counted(&list.events, out) }
    // libmbim prints the format as a number, and the list of the other format as empty.
    SmsMessages => |messages, out| {
        match &messages.records {
            SmsRecords::Pdu(records) => {
                out.push("0".into());
                counted(records, out);
                out.push(String::new());
            }
            SmsRecords::Cdma(records) => {
                out.push("1".into());
                out.push(records.len().to_string());
                out.push(String::new());
                each(records, out);
            }
        }
    }
    SendSms => |send, out| {
        match &send.message {
            SmsOutgoing::Pdu(message) => {
                out.push("0".into());
                message.pdu.show(out);
                out.push(String::new());
            }
            SmsOutgoing::Cdma(_) => out.push("1".into()),
        }
    }
    PhonebookEntries => |list, out| { counted(&list.entries, out) }
    SlotMappings => |list, out| { counted(&list.slots, out) }
    LteAttachConfigurations => |list, out| { out.push(list.configurations.len().to_string()) }
    BaseStations => |cells, out| {
        cells.system.show(out);
        cells.gsm.iter().for_each(|cell| cell.show(out));
        cells.umts.iter().for_each(|cell| cell.show(out));
        cells.tdscdma.iter().for_each(|cell| cell.show(out));
        cells.lte.iter().for_each(|cell| cell.show(out));
        each(&cells.gsm_neighbours, out);
        each(&cells.umts_neighbours, out);
        each(&cells.tdscdma_neighbours, out);
        each(&cells.lte_neighbours, out);
        each(&cells.cdma, out);
    }
    Vec<Tlv> => |tlvs, out| { tlvs.iter().for_each(|tlv| tlv.show(out)) }
    Tlv => |tlv, out| {
        let bytes = colons(&tlv.data.0).to_uppercase();
        out.push(bytes);
        out.extend(tlv.text());
        if tlv.kind == UINT16_TABLE {
            let numbers = tlv.data.0.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]).to_string());
            out.push(format!("[{}]", numbers.collect::<Vec<_>>().join(",")));
        }
    }
    WakeReason => |wake, out| { (&wake.wake_type, &wake.session).show(out); wake.tlv.show(out) }
    DeviceCapsV3 => |caps, out| {
        (&caps.device_type, &caps.cellular_class).show(out);
        (&caps.voice_class, &caps.sim_class).show(out);
        // Bit 6 has another name in MBIMEx 3.
        out.push(ANY.into());
        (&caps.sms_caps, &caps.control_caps).show(out);
        DataSubclass(u32::try_from(caps.data_subclass).unwrap_or(u32::MAX)).show(out);
        (&caps.max_sessions, &caps.executor).show(out);
        (&caps.wcdma_bands, &caps.tlvs).show(out);
    }
    ConnectStateV3 => |state, out| {
        (&state.session, &state.activation).show(out);
        (&state.voice_call, &state.ip_type).show(out);
        (&state.context_type, &state.nw_error).show(out);
        (&state.media, &state.tlvs).show(out);
    }
    SetConnectV3 => |set, out| {
        (&set.session, &set.command).show(out);
        (&set.compression, &set.auth).show(out);
        (&set.ip_type, &set.context_type).show(out);
        (&set.media, &set.tlvs).show(out);
    }
}

impl<R> Shown for Query<R> {
    fn show(&self, _: &mut Vec<String>) {}
}
