//! Every message that has a recorded frame, with how to parse, show and emit it.

pub mod shown;

use shown::Shown;
use uwand::mbim::messages::auth::*;
use uwand::mbim::messages::basic::*;
use uwand::mbim::messages::cells::*;
use uwand::mbim::messages::connect::*;
use uwand::mbim::messages::extensions::*;
use uwand::mbim::messages::network::*;
use uwand::mbim::messages::phonebook::*;
use uwand::mbim::messages::qmi::*;
use uwand::mbim::messages::services::*;
use uwand::mbim::messages::sms::*;
use uwand::mbim::messages::stk::*;
use uwand::mbim::messages::ussd::*;
use uwand::mbim::messages::{Message, Query, Request};
use uwand::mbim::{Content, Kind, Service};
use uwand::wire::Malformed;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Query,
    Set,
    Answer,
    Indication,
}

/// What one decoder made of an information buffer.
pub struct Decoded {
    /// The values in libmbim's order and spelling.
    pub values: Vec<String>,
    pub emitted: Vec<u8>,
}

pub struct Entry {
    service: Service,
    cid: u32,
    role: Role,
    /// Of the MBIM extensions: 1, 2 or 3.
    pub version: u32,
    pub decode: fn(&[u8]) -> Result<Decoded, Malformed>,
}

fn decode<M: Message + Shown>(body: &[u8]) -> Result<Decoded, Malformed> {
    let message = M::parse(body)?;
    let mut values = Vec::new();
    message.show(&mut values);
    let emitted = message.emit();
    Ok(Decoded { values, emitted })
}

fn entry<M: Message + Shown>(role: Role, version: u32) -> Entry {
    Entry { service: M::SERVICE, cid: M::CID, role, version, decode: decode::<M> }
}

fn answer<M: Message + Shown>(version: u32) -> Entry {
    entry::<M>(Role::Answer, version)
}

fn request<R: Request + Shown>(version: u32) -> Entry {
    entry::<R>(if R::KIND == Kind::Set { Role::Set } else { Role::Query }, version)
}

fn query<M: Message>() -> Entry {
    request::<Query<M>>(1)
}

fn role_of(content: &Content) -> Option<(Service, u32, Role, &[u8])> {
    match content {
        Content::Command { service, cid, kind, body } => {
            let role = if *kind == Kind::Set { Role::Set } else { Role::Query };
            Some((*service, *cid, role, body))
        }
        Content::CommandDone { service, cid, body, .. } => Some((*service, *cid, Role::Answer, body)),
        Content::Indication { service, cid, body } => Some((*service, *cid, Role::Indication, body)),
        _ => None,
    }
}

/// The decoders for a frame and its information buffer. What has no entry as an indication
/// is indicated as it is answered.
pub fn decoders(content: &Content) -> (Vec<Entry>, &[u8]) {
    let Some((service, cid, role, body)) = role_of(content) else { return (Vec::new(), &[]) };
    let of = |role: Role| -> Vec<Entry> {
        let fits = |entry: &Entry| (entry.service, entry.cid, entry.role) == (service, cid, role);
        table().into_iter().filter(fits).collect()
    };
    let mut found = of(role);
    if found.is_empty() && role == Role::Indication {
        found = of(Role::Answer);
    }
    (found, body)
}

pub fn table() -> Vec<Entry> {
    let mut table = basic_connect();
    table.extend(others());
    table
}

fn basic_connect() -> Vec<Entry> {
    vec![
        query::<DeviceCaps>(),
        answer::<DeviceCaps>(1),
        query::<SubscriberReady>(),
        answer::<SubscriberReady>(1),
        answer::<SubscriberReadyV3>(3),
        query::<RadioState>(),
        answer::<RadioState>(1),
        request::<SetRadioState>(1),
        query::<Pin>(),
        answer::<Pin>(1),
        request::<SetPin>(1),
        query::<PinList>(),
        answer::<PinList>(1),
        query::<HomeProvider>(),
        answer::<HomeProvider>(1),
        query::<PreferredProviders>(),
        answer::<PreferredProviders>(1),
        request::<QueryVisibleProviders>(1),
        answer::<VisibleProviders>(1),
        query::<RegisterState>(),
        answer::<RegisterState>(1),
        answer::<RegisterStateV2>(2),
        request::<SetRegisterState>(1),
        query::<PacketService>(),
        answer::<PacketService>(1),
        answer::<PacketServiceV2>(2),
        request::<SetPacketService>(1),
        query::<SignalState>(),
        answer::<SignalState>(1),
        answer::<SignalStateV2>(2),
        request::<SetSignalState>(1),
        request::<QueryConnect>(1),
        answer::<ConnectState>(1),
        answer::<ConnectStateV3>(3),
        request::<SetConnect>(1),
        request::<SetConnectV3>(3),
        query::<ProvisionedContexts>(),
        answer::<ProvisionedContexts>(1),
        answer::<ServiceActivation>(1),
        request::<SetServiceActivation>(1),
        request::<QueryIpConfiguration>(1),
        answer::<IpConfiguration>(1),
        query::<DeviceServices>(),
        answer::<DeviceServices>(1),
        answer::<SubscribeList>(1),
        request::<SetSubscribeList>(1),
        query::<PacketStatistics>(),
        answer::<PacketStatistics>(1),
        query::<NetworkIdleHint>(),
        answer::<NetworkIdleHint>(1),
        query::<EmergencyMode>(),
        answer::<EmergencyMode>(1),
        request::<QueryIpPacketFilters>(1),
        answer::<IpPacketFilters>(1),
        request::<SetIpPacketFilters>(1),
        answer::<MulticarrierProviders>(1),
        request::<SetMulticarrierProviders>(1),
    ]
}

fn others() -> Vec<Entry> {
    vec![
        query::<SmsConfiguration>(),
        answer::<SmsConfiguration>(1),
        request::<QuerySms>(1),
        answer::<SmsMessages>(1),
        request::<SendSms>(1),
        answer::<SmsSent>(1),
        request::<DeleteSms>(1),
        answer::<SmsDeleted>(1),
        answer::<SmsStoreStatus>(1),
        request::<SetUssd>(1),
        answer::<Ussd>(1),
        query::<PhonebookConfiguration>(),
        answer::<PhonebookConfiguration>(1),
        request::<QueryPhonebook>(1),
        answer::<PhonebookEntries>(1),
        answer::<PacSupport>(1),
        request::<SetPac>(1),
        entry::<PacEvent>(Role::Indication, 1),
        answer::<TerminalResponded>(1),
        request::<TerminalResponse>(1),
        answer::<EnvelopeSupport>(1),
        request::<SendEnvelope>(1),
        request::<QueryAkap>(1),
        answer::<Akap>(1),
        request::<SetQmiMessage>(1),
        answer::<QmiMessage>(1),
        query::<LteAttachConfigurations>(),
        query::<LteAttachInfo>(),
        answer::<LteAttachInfo>(1),
        query::<SysCaps>(),
        answer::<SysCaps>(1),
        query::<DeviceCapsV2>(),
        answer::<DeviceCapsV2>(1),
        answer::<DeviceCapsV3>(3),
        answer::<SlotMappings>(1),
        answer::<SlotInfo>(1),
        request::<QueryPco>(1),
        answer::<Pco>(1),
        request::<QueryVersion>(2),
        answer::<Version>(2),
        query::<RegistrationParameters>(),
        answer::<RegistrationParameters>(3),
        request::<SetRegistrationParameters>(3),
        answer::<WakeReason>(3),
        request::<QueryBaseStations>(1),
        answer::<BaseStations>(1),
        query::<LocationInfo>(),
        answer::<LocationInfo>(1),
    ]
}
