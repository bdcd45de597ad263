//! Whole control messages in words, for a person who watches them pass.
//!
//! Contract: pure. Words and bytes hide what identifies a person: of an information buffer
//! only those bytes are shown that the table names, so that a message which nobody knows
//! shows nothing but its head. Numbers are shown as they are, in the specification's order.
//!
//! Why not each message's own struct, printed? That was a tenth of the program.

use super::frame::{Content, Frame};
use super::messages::from_utf16;
use super::service::Service;
use super::status::Kind;
use crate::wire::{Malformed, Reader, window};

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
use Role::{Answer, Query, Set};
use Service::{BasicConnect as Basic, Extensions as Ext, Sms, Ussd};

/// Service, command, role, the MBIMEx version that brought the layout, and the members in
/// their order: `name` is a number of 32 bits, `name:` of 64; `name@` a text that may be shown,
/// `name*` one that may not, both as offset and size; `name#` an element count with its pairs;
/// `-` a number without interest.
type Row = (Service, u32, Role, u8, &'static str);

#[rustfmt::skip]
/// Later layouts behind earlier ones (MBIM 1.0, 10.5; MBIMEx 2 and 3).
const TABLE: &[Row] = &[
    (Basic, 1, Answer, 1, "device_type cellular_class voice_class sim_class data_class sms_caps control_caps max_sessions custom_data_class@ device_id* firmware@ hardware@"),
    (Basic, 2, Answer, 1, "state subscriber_id* sim_iccid* info numbers#"),
    (Basic, 2, Answer, 3, "state flags subscriber_id* sim_iccid* info numbers#"),
    (Basic, 3, Answer, 1, "hardware software"),
    (Basic, 3, Set, 1, "software"),
    (Basic, 4, Answer, 1, "pin_type state remaining_attempts"),
    (Basic, 4, Set, 1, "pin_type operation pin* new_pin*"),
    (Basic, 6, Answer, 1, "provider_id@ state provider_name@ cellular_class rssi error_rate"),
    (Basic, 8, Query, 1, "action"),
    (Basic, 8, Answer, 1, "providers#"),
    (Basic, 9, Answer, 1, "nw_error state mode available_data_classes cellular_class provider_id@ provider_name@ roaming_text@ flags"),
    (Basic, 9, Answer, 2, "nw_error state mode available_data_classes cellular_class provider_id@ provider_name@ roaming_text@ flags preferred_data_classes"),
    (Basic, 9, Set, 1, "provider_id@ action data_class"),
    (Basic, 10, Answer, 1, "nw_error state highest_available_data_class uplink: downlink:"),
    (Basic, 10, Answer, 2, "nw_error state current_data_class uplink: downlink: frequency_range"),
    (Basic, 10, Set, 1, "action"),
    (Basic, 11, Answer, 1, "rssi error_rate interval rssi_threshold error_rate_threshold"),
    (Basic, 11, Set, 1, "interval rssi_threshold error_rate_threshold"),
    (Basic, 12, Query, 1, "session - - - - - - - -"),
    (Basic, 12, Answer, 1, "session activation voice_call ip_type - - - - nw_error"),
    (Basic, 12, Set, 1, "session command apn@ user_name* password* compression auth ip_type - - - -"),
    (Basic, 12, Set, 3, "session command compression auth ip_type - - - - media"),
    (Basic, 13, Answer, 1, "contexts#"),
    (Basic, 15, Query, 1, "session - - - - - - - - - - - - - -"),
    (Basic, 15, Answer, 1, "session v4_available v6_available v4_addresses - v6_addresses - v4_gateway v6_gateway v4_dns - v6_dns - v4_mtu v6_mtu"),
    (Basic, 16, Answer, 1, "services max_dss_sessions"),
    (Basic, 20, Answer, 1, "in_discards in_errors in_octets: in_packets: out_octets: out_packets: out_errors out_discards"),
    (Sms, 1, Answer, 1, "storage_state format max_messages - sc_address*"),
    (Sms, 2, Query, 1, "format flag index"),
    (Sms, 2, Answer, 1, "format messages#"),
    (Sms, 3, Answer, 1, "reference"),
    (Sms, 4, Set, 1, "flag index"),
    (Sms, 5, Answer, 1, "flag index"),
    (Ussd, 1, Answer, 1, "response session_state scheme payload*"),
    (Ussd, 1, Set, 1, "action scheme payload*"),
    (Ext, 15, Query, 1, "versions"),
    (Ext, 15, Answer, 1, "versions"),
];

/// A whole message; `extensions` is the MBIMEx version that both sides agreed on.
pub fn describe(bytes: &[u8], extensions: u8) -> Described {
    let mut shown = vec![false; bytes.len()];
    let frame = match Frame::parse(bytes) {
        Ok(frame) => frame,
        Err(error) => return Described { text: error.to_string(), shown },
    };
    let mut text = format!("{} {}", frame.transaction, frame.content);
    let (service, cid, role, body) = match &frame.content {
        Content::Command { service, cid, kind: Kind::Set, body } => (*service, *cid, Set, body),
        Content::Command { service, cid, body, .. } => (*service, *cid, Query, body),
        Content::CommandDone { service, cid, body, .. } | Content::Indication { service, cid, body } => {
            (*service, *cid, Answer, body)
        }
        _ => return Described { text, shown: vec![true; bytes.len()] },
    };
    // The buffer is the end of its frame, but for what a driver glued behind it.
    let begin = frame.emit().len().saturating_sub(body.len()).min(shown.len());
    let (head, rest) = shown.split_at_mut(begin);
    head.fill(true);
    let fits = |row: &&Row| (row.0, row.1, row.2) == (service, cid, role) && row.3 <= extensions;
    if let Some((.., members)) = TABLE.iter().rev().find(fits) {
        // Of one that is cut off nobody can say what its bytes are.
        match tell(members, body, rest) {
            Ok(told) => text.push_str(&told),
            Err(_) => rest.fill(false),
        }
    }
    Described { text, shown }
}

/// What the members are; which of their bytes may be shown goes to `shown`.
fn tell(members: &str, body: &[u8], shown: &mut [bool]) -> Result<String, Malformed> {
    let (mut reader, mut text) = (Reader::new(body), String::new());
    for member in members.split(' ') {
        let name = member.trim_end_matches([':', '@', '*', '#']);
        let value = match member.bytes().next_back() {
            Some(b':') => reader.u64_le()?.to_string(),
            Some(b'#') => {
                let count = reader.u32_le()?;
                // A count is a modem's word: this ends with the bytes.
                (0..count).try_for_each(|_| reader.u64_le().map(drop))?;
                count.to_string()
            }
            Some(b'*') => {
                reader.u64_le()?;
                "***".to_string()
            }
            Some(b'@') => {
                let (offset, size) = (reader.u32_le()?, reader.u32_le()?);
                let piece = window(body, offset, size)?;
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                let to = from.saturating_add(piece.len());
                shown.get_mut(from..to).unwrap_or_default().fill(true);
                format!("\"{}\"", printable(piece))
            }
            _ => reader.u32_le()?.to_string(),
        };
        if name != "-" {
            text.push_str(&format!(" {name}: {value}"));
        }
    }
    let fixed = body.len().saturating_sub(reader.remaining());
    shown.get_mut(..fixed).unwrap_or_default().fill(true);
    Ok(text)
}

/// UTF-16 of a modem, fit for a terminal.
fn printable(piece: &[u8]) -> String {
    let text = from_utf16(piece);
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mbim::messages::basic::{DeviceCaps, SetPin, SubscriberReady};
    use crate::mbim::messages::connect::SetConnect;
    use crate::mbim::messages::enums::*;
    use crate::mbim::messages::{Message, Query, Request};
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
        assert!(described.text.contains(" state: 1") && described.text.contains("subscriber_id: ***"));
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
