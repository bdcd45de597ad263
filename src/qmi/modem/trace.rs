//! What passes on the control channel, for a person who watches.
//!
//! Contract: words hide what messages hide; of the bytes only heads, tags, lengths and
//! results are shown, because a value does not say whether it is personal.

use super::Modem;
use crate::answers::{Sink, Traced};
use crate::qmi::client::Direction;
use crate::qmi::error::RESULT;
use crate::qmi::frame::Frame;
use crate::qmi::messages;
use crate::qmi::tlv;

impl Modem {
    /// Shows every message to `sink`, masked, until the next call; costs nothing with `None`.
    pub fn trace(&self, sink: Option<Sink>) {
        let Some(sink) = sink else { return self.client.clear_tap() };
        self.client.set_tap(move |direction, bytes| {
            let to_modem = direction == Direction::ToModem;
            let mut rest = bytes;
            while let Some((one, behind)) = first(rest) {
                sink(traced(to_modem, one));
                rest = behind;
            }
        });
    }
}

/// The first frame by its length, or all that is left.
fn first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if bytes.is_empty() {
        return None;
    }
    let length = match bytes {
        [_, low, high, ..] => usize::from(u16::from_le_bytes([*low, *high])).saturating_add(1),
        _ => bytes.len(),
    };
    Some(bytes.split_at_checked(length).unwrap_or((bytes, &[])))
}

fn traced(to_modem: bool, bytes: &[u8]) -> Traced {
    let mut shown = vec![false; bytes.len()];
    let text = match Frame::parse(bytes) {
        Err(error) => error.to_string(),
        Ok(frame) => {
            show(&frame, &mut shown);
            let tags: String =
                tlv::walk(&frame.tlvs).map(|(tag, value)| format!(" {tag:#04x}[{}]", value.len())).collect();
            format!(
                "{} {} {:?} client {} {:#06x} {}{tags}",
                frame.transaction,
                frame.service.label(),
                frame.kind,
                frame.client,
                frame.message,
                messages::name(&frame).unwrap_or_default()
            )
        }
    };
    Traced { to_modem, text, bytes: bytes.to_vec(), shown }
}

/// Marks the head, and of each TLV its tag and length.
fn show(frame: &Frame, shown: &mut [bool]) {
    let mut at = shown.len().saturating_sub(frame.tlvs.len());
    shown.get_mut(..at).unwrap_or_default().fill(true);
    for (tag, value) in tlv::walk(&frame.tlvs) {
        let open = if tag == RESULT && value.len() == 4 { 7 } else { 3 };
        let end = at.saturating_add(open).min(shown.len());
        shown.get_mut(at..end).unwrap_or_default().fill(true);
        at = at.saturating_add(3).saturating_add(value.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qmi::messages::uim::{PinId, Session, SessionType, Verify, VerifyPin};
    use crate::qmi::tlv::{Message, Request};
    use crate::words::Secret;

    #[test]
    fn a_pin_is_neither_in_the_words_nor_in_the_bytes() {
        let pin = VerifyPin {
            session: Some(Session { kind: SessionType::PrimaryGw, application: Vec::new() }),
            pin: Some(Verify { pin: PinId::Pin1, code: Secret::new("1234") }),
        };
        let message: &dyn Message = &pin;
        let frame = Frame::request(VerifyPin::SERVICE, 1, 7, VerifyPin::ID, tlv::emit(message));
        let bytes = frame.emit();
        let traced = traced(true, &bytes);
        assert!(traced.text.contains("VerifyPin") && !traced.text.contains("1234"), "{}", traced.text);
        let hex = traced.hex(1000);
        assert!(!hex.contains("31323334") && hex.contains("**"), "{hex}");
        assert!(hex.starts_with("01"));
    }
}
