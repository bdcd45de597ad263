//! The messages of which no recording is known, through their own round trip: at the
//! values given here, and at what a pattern of bytes makes of them.

use super::auth::{Aka, QueryAka, QuerySim, Sim};
use super::basic::PinList;
use super::cells::*;
use super::connect::*;
use super::enums::*;
use super::extensions::*;
use super::network::*;
use super::phonebook::*;
use super::services::{DeviceService, DeviceServiceList, DeviceServices};
use super::sms::*;
use super::stk::{EnvelopeSent, PacSupport};
use super::*;
use crate::mbim::service::Service;
use crate::words::{Id, Secret};

fn round_trip<M: Message + PartialEq + std::fmt::Debug>(message: M) {
    let bytes = message.emit();
    assert_eq!(bytes.len() % 4, 0);
    let parsed = M::parse(&bytes).expect("our own bytes");
    assert_eq!(parsed, message);
    assert_eq!(parsed.emit(), bytes);
    // A shorter buffer is an error or another value, never a panic.
    for cut in 0..bytes.len() {
        let _ = M::parse(&bytes[..cut]);
    }
}

/// Each member gets other bytes, so that two that were swapped would show.
fn pattern<M: Message + PartialEq + std::fmt::Debug>(length: u8) {
    let bytes: Vec<u8> = (1..=length).collect();
    let message = M::parse(&bytes).expect("a message of fixed size");
    assert_eq!(message.emit(), bytes);
}

#[test]
fn messages_of_fixed_size_keep_every_byte_in_its_place() {
    pattern::<PinList>(160);
    pattern::<PacketServiceV2>(32);
    pattern::<PacketServiceV3>(44);
    pattern::<PacketStatistics>(48);
    pattern::<SetSignalState>(12);
    pattern::<QueryConnect>(36);
    pattern::<QueryConnectV3>(4);
    pattern::<SysCaps>(20);
    pattern::<SlotInfo>(8);
    pattern::<LocationInfo>(12);
    pattern::<QueryBaseStationsV3>(24);
    pattern::<Version>(4);
    pattern::<QueryAka>(32);
    pattern::<Aka>(66);
    pattern::<QuerySim>(52);
    pattern::<Sim>(40);
    pattern::<PhonebookConfiguration>(20);
    pattern::<DeletePhonebook>(8);
    pattern::<DeleteSms>(8);
    pattern::<SmsStoreStatus>(8);
}

#[test]
fn messages_without_members_are_empty() {
    assert!(DeviceReset::default().emit().is_empty());
    assert!(EnvelopeSent::default().emit().is_empty());
    assert!(PhonebookWritten::default().emit().is_empty());
    assert!(Query::<PacSupport>::default().emit().is_empty());
    assert_eq!(SmsDeleted::parse(&[]), Ok(SmsDeleted {}));
}

#[test]
fn cells_of_every_technology_survive() {
    let lte = |pci| LteNeighbour { provider: "26201".into(), pci, rsrp: -101, ..Default::default() };
    let nr = NrServing { provider: "26202".into(), nci: 0x1_2345_6789, rsrp: 60, ..Default::default() };
    let neighbour =
        NrNeighbour { provider: "26202".into(), cell: "123".into(), pci: 7, ..Default::default() };
    round_trip(BaseStationsV3 {
        system: DataClass::LTE | DataClass::FIVEG_NSA,
        gsm: Some(GsmServing { provider: "2620".into(), lac: 3, ..Default::default() }),
        umts: Some(UmtsServing { rscp: -90, ..Default::default() }),
        tdscdma: Some(TdscdmaCell { provider: "46000".into(), ..Default::default() }),
        lte: Some(LteServing { provider: "26201".into(), rsrq: -12, tac: 1, ..Default::default() }),
        gsm_neighbours: vec![GsmNeighbour { provider: "26".into(), ..Default::default() }; 2],
        umts_neighbours: vec![UmtsNeighbour::default()],
        lte_neighbours: vec![lte(1), lte(2), LteNeighbour::default(), lte(3)],
        cdma: vec![CdmaCell { sid: 5, ..Default::default() }],
        nr: vec![nr.clone(), nr],
        nr_neighbours: vec![neighbour.clone(), neighbour],
        ..Default::default()
    });
}

#[test]
fn contexts_and_attach_settings_survive() {
    round_trip(SetProvisionedContext {
        context: 1,
        apn: "internet".into(),
        user_name: Id::new("user"),
        password: Secret::new("password"),
        provider_id: "26201".into(),
        ..Default::default()
    });
    let context = ProvisionedContextV2 { apn: "ims".into(), media: ContextMedia::All, ..Default::default() };
    round_trip(ProvisionedContextsV2 { contexts: vec![context.clone(), context] });
    let home = LteAttachConfiguration { apn: "internet".into(), ..Default::default() };
    let roaming = LteAttachConfiguration { roaming: LteAttachRoaming::NonPartner, ..home.clone() };
    round_trip(SetLteAttachConfigurations { configurations: vec![home, roaming], ..Default::default() });
    round_trip(LteAttachInfoV3 { nw_error: 27, apn: "internet".into(), ..Default::default() });
    round_trip(ModemConfiguration { tlvs: vec![Tlv::new_text("odd")], ..Default::default() });
}

#[test]
fn lists_of_networks_and_services_survive() {
    let provider = Provider { id: "26201".into(), name: "Netz".into(), ..Default::default() };
    round_trip(SetHomeProvider { provider: provider.clone() });
    round_trip(SetPreferredProviders { providers: vec![provider.clone(), Provider::default(), provider] });
    let service = |service, cids| DeviceService { service, dss_payload: 1, max_dss_instances: 2, cids };
    let services = vec![service(Service::BasicConnect, vec![1, 2, 3]), service(Service::Sms, Vec::new())];
    round_trip(DeviceServices { list: DeviceServiceList { max_dss_sessions: 9, services } });
}

#[test]
fn short_messages_and_phonebook_survive() {
    let cdma = SmsCdma { address: Id::new("+1555"), message: Raw(vec![1, 2, 3]), ..Default::default() };
    round_trip(SmsMessages { records: SmsRecords::Cdma(vec![cdma.clone(), cdma]) });
    let cdma = SmsCdmaOut { address: Id::new("+1555"), message: Raw(vec![7; 5]), ..Default::default() };
    round_trip(SendSms { message: SmsOutgoing::Cdma(cdma) });
    round_trip(SendSms { message: SmsOutgoing::Pdu(SmsPduOut { pdu: Raw(vec![9; 21]) }) });
    round_trip(SetSmsConfiguration { sc_address: Id::new("+4917"), ..Default::default() });
    round_trip(WritePhonebook { number: Id::new("123"), name: Id::new("ž"), ..Default::default() });
}

#[test]
fn signal_is_told_in_dbm() {
    assert_eq!((rssi_dbm(0), rssi_dbm(31), rssi_dbm(99)), (Some(-113), Some(-51), None));
    let signal = RsrpSnr { rsrp: 57, snr: 47, ..Default::default() };
    assert_eq!((signal.rsrp_dbm(), signal.snr_db()), (Some(-100), Some(0.0)));
    assert_eq!(nr_levels(57, 32, u32::MAX), (Some(-99), Some(-11), None));
    let unknown = RsrpSnr { rsrp: 127, snr: 128, ..Default::default() };
    assert_eq!((unknown.rsrp_dbm(), unknown.snr_db()), (None, None));
}
