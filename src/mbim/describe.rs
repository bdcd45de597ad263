//! Whole control messages in words, for a person who watches them pass.
//!
//! Contract: pure. Words and bytes hide what identifies a person: of an information buffer
//! only those bytes are shown that were understood and are not personal, so that a message
//! which nobody knows shows nothing but its head.

use std::fmt::Debug;

use super::frame::{Content, Frame};
use super::messages::auth::*;
use super::messages::basic::*;
use super::messages::cells::*;
use super::messages::connect::*;
use super::messages::extensions::*;
use super::messages::network::*;
use super::messages::phonebook::*;
use super::messages::services::*;
use super::messages::sms::*;
use super::messages::ussd::*;
use super::messages::{Message, Notes, Request, parse_noting};
use super::service::Service;
use super::status::Kind;
use crate::wire::Malformed;

/// A message as it may be shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Described {
    pub text: String,
    /// For each byte of the message whether it may be shown.
    pub shown: Vec<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Query,
    Set,
    Answer,
}

type Read = fn(&[u8], &Notes) -> Result<String, Malformed>;
/// Service, command, role, the MBIMEx version that brought the layout.
type Entry = (Service, u32, Role, u8, Read);

fn read<M: Message + Debug>(body: &[u8], notes: &Notes) -> Result<String, Malformed> {
    parse_noting::<M>(body, notes).map(|message| format!("{message:?}"))
}

const fn answer<M: Message + Debug>(extensions: u8) -> Entry {
    (M::SERVICE, M::CID, Role::Answer, extensions, read::<M>)
}

const fn request<R: Request + Debug>(extensions: u8) -> Entry {
    let role = match R::KIND {
        Kind::Set => Role::Set,
        Kind::Query | Kind::Other(_) => Role::Query,
    };
    (R::SERVICE, R::CID, role, extensions, read::<R>)
}

/// Later layouts behind earlier ones.
const TABLE: &[Entry] = &[
    answer::<DeviceCaps>(1),
    answer::<SubscriberReady>(1),
    answer::<SubscriberReadyV3>(3),
    answer::<RadioState>(1),
    request::<SetRadioState>(1),
    answer::<Pin>(1),
    request::<SetPin>(1),
    answer::<PinList>(1),
    answer::<EmergencyMode>(1),
    answer::<HomeProvider>(1),
    answer::<PreferredProviders>(1),
    request::<QueryVisibleProviders>(1),
    answer::<VisibleProviders>(1),
    answer::<RegisterState>(1),
    answer::<RegisterStateV2>(2),
    request::<SetRegisterState>(1),
    answer::<PacketService>(1),
    answer::<PacketServiceV2>(2),
    answer::<PacketServiceV3>(3),
    request::<SetPacketService>(1),
    answer::<SignalState>(1),
    answer::<SignalStateV2>(2),
    request::<SetSignalState>(1),
    request::<QueryConnect>(1),
    answer::<ConnectState>(1),
    answer::<ConnectStateV3>(3),
    request::<SetConnect>(1),
    request::<SetConnectV3>(3),
    answer::<ProvisionedContexts>(1),
    request::<QueryIpConfiguration>(1),
    answer::<IpConfiguration>(1),
    answer::<DeviceServices>(1),
    answer::<SubscribeList>(1),
    request::<SetSubscribeList>(1),
    answer::<PacketStatistics>(1),
    answer::<SmsConfiguration>(1),
    request::<SetSmsConfiguration>(1),
    request::<QuerySms>(1),
    answer::<SmsMessages>(1),
    request::<SendSms>(1),
    answer::<SmsSent>(1),
    request::<DeleteSms>(1),
    answer::<SmsStoreStatus>(1),
    request::<SetUssd>(1),
    answer::<Ussd>(1),
    answer::<PhonebookConfiguration>(1),
    request::<QueryAkap>(1),
    answer::<SysCaps>(1),
    answer::<DeviceCapsV2>(1),
    answer::<DeviceCapsV3>(3),
    answer::<LteAttachInfo>(1),
    answer::<SlotMappings>(1),
    answer::<SlotInfo>(1),
    request::<QueryVersion>(1),
    answer::<Version>(1),
    request::<QueryBaseStations>(1),
    request::<QueryBaseStationsV3>(3),
    answer::<BaseStations>(1),
    answer::<BaseStationsV3>(3),
    answer::<LocationInfo>(1),
];

/// A whole message; `extensions` is the MBIMEx version that both sides agreed on.
pub fn describe(bytes: &[u8], extensions: u8) -> Described {
    let hidden = || vec![false; bytes.len()];
    let frame = match Frame::parse(bytes) {
        Ok(frame) => frame,
        Err(error) => return Described { text: error.to_string(), shown: hidden() },
    };
    let head = format!("{} {:?}", frame.transaction, frame.content);
    let (service, cid, role, body) = match &frame.content {
        Content::Command { service, cid, kind: Kind::Set, body } => (*service, *cid, Role::Set, body),
        Content::Command { service, cid, body, .. } => (*service, *cid, Role::Query, body),
        Content::CommandDone { service, cid, body, .. } | Content::Indication { service, cid, body } => {
            (*service, *cid, Role::Answer, body)
        }
        _ => return Described { text: head, shown: vec![true; bytes.len()] },
    };
    let notes = Notes::watching(body);
    let members = members(service, cid, role, extensions, body, &notes);
    // The buffer is the end of its frame, but for what a driver glued behind it.
    let begin = frame.emit().len().saturating_sub(body.len());
    let mut shown = hidden();
    shown.get_mut(..begin).unwrap_or_default().fill(true);
    if members.is_some() {
        shown.iter_mut().skip(begin).zip(notes.shown(body)).for_each(|(shown, may)| *shown = may);
    }
    let text = members.map(|members| format!("{head} {members}")).unwrap_or(head);
    Described { text, shown }
}

fn members(
    service: Service,
    cid: u32,
    role: Role,
    extensions: u8,
    body: &[u8],
    notes: &Notes,
) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    let fits = |entry: &&Entry| (entry.0, entry.1, entry.2) == (service, cid, role) && entry.3 <= extensions;
    let (.., read) = TABLE.iter().rev().find(fits)?;
    read(body, notes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mbim::messages::Query;
    use crate::mbim::messages::enums::*;
    use crate::mbim::status::Status;
    use crate::words::{Id, Secret};

    fn answered<M: Message>(message: &M) -> Vec<u8> {
        let (service, cid) = (M::SERVICE, M::CID);
        let done = Content::CommandDone { service, cid, status: Status::Success, body: message.emit() };
        Frame::new(7, done).emit()
    }

    fn asked<R: Request>(request: &R) -> Vec<u8> {
        let command =
            Content::Command { service: R::SERVICE, cid: R::CID, kind: R::KIND, body: request.emit() };
        Frame::new(7, command).emit()
    }

    /// The bytes that may be shown, the others as NUL.
    fn visible(bytes: &[u8]) -> Vec<u8> {
        let shown = describe(bytes, 2).shown;
        assert_eq!(shown.len(), bytes.len());
        bytes.iter().zip(shown).map(|(byte, shown)| if shown { *byte } else { 0 }).collect()
    }

    fn holds(bytes: &[u8], text: &str) -> bool {
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.windows(wide.len()).any(|window| window == wide)
    }

    #[test]
    fn identities_are_neither_in_the_words_nor_in_the_bytes() {
        let ready = SubscriberReady {
            state: ReadyState::Initialized,
            subscriber_id: Id::new("001010000000017"),
            sim_iccid: Id::new("8949000000000000017"),
            numbers: vec![Id::new("+15550100017")],
            ..SubscriberReady::default()
        };
        let bytes = answered(&ready);
        let described = describe(&bytes, 1);
        assert!(described.text.contains("Initialized") && described.text.contains("subscriber_id: ***"));
        let visible = visible(&bytes);
        for secret in ["001010000000017", "8949000000000000017", "+15550100017"] {
            assert!(holds(&bytes, secret) && !holds(&visible, secret) && !described.text.contains(secret));
        }
        let pin = asked(&SetPin { pin: Secret::new("1234"), ..SetPin::default() });
        assert!(holds(&pin, "1234") && !holds(&super::tests::visible(&pin), "1234"));
    }

    #[test]
    fn what_is_not_personal_is_shown_in_words_and_bytes() {
        let connect =
            SetConnect { apn: "internet".into(), password: Secret::new("pw"), ..SetConnect::default() };
        let bytes = asked(&connect);
        let text = describe(&bytes, 1).text;
        assert!(text.starts_with("7 COMMAND basic-connect 12 connect set"), "{text}");
        assert!(text.contains("apn: \"internet\"") && text.contains("password: ***"), "{text}");
        assert!(holds(&visible(&bytes), "internet") && !holds(&visible(&bytes), "pw"));
        let query = asked(&Query::<DeviceCaps>::default());
        assert_eq!(visible(&query), query);
    }

    #[test]
    fn a_message_that_nobody_knows_shows_only_its_head() {
        let body = b"353000000000006".to_vec();
        let unknown = Content::Indication { service: Service::Quectel, cid: 9, body };
        let bytes = Frame::new(0, unknown).emit();
        let visible = visible(&bytes);
        assert!(visible.ends_with(&[0; 15]) && visible.starts_with(&bytes[..40]));
    }

    #[test]
    fn a_broken_buffer_shows_nothing_of_it() {
        let body = vec![0x31; 9];
        let done =
            Content::CommandDone { service: Service::BasicConnect, cid: 2, status: Status::Success, body };
        let bytes = Frame::new(7, done).emit();
        assert!(visible(&bytes).ends_with(&[0; 9]));
        assert!(describe(&bytes[..20], 1).text.contains("malformed"));
    }
}
