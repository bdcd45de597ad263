//! What a simulated QMI modem answers as VOICE: USSD, by the table that every modem of the
//! simulated world has.

use uwand::mbim::messages::enums::UssdResponse;
use uwand::qmi::error::QmiError;
use uwand::qmi::frame::Frame;
use uwand::qmi::messages::voice::*;
use uwand::qmi::tlv::{Indication, Request};
use uwand::qmi::value::Hidden;

use super::state::{Answer, State, ask, done, error, error_with, ok};

/// What libqmi calls QMI_VOICE_CALL_END_REASON_REJECTED_BY_NETWORK.
const REJECTED: u16 = 135;

impl State {
    pub fn voice(&mut self, frame: &Frame) -> Option<Answer> {
        Some(match frame.message {
            RegisterIndications::ID => {
                let wish = ask::<RegisterIndications>(frame).ussd;
                self.wish::<Ussd>(frame, wish);
                self.wish::<UssdReleased>(frame, wish);
                done()
            }
            OriginateUssdNoWait::ID if self.setup.ussd_waits => error(QmiError::InvalidQmiCommand),
            OriginateUssdNoWait::ID => {
                self.client(frame).wants.insert(UssdOutcome::ID);
                self.later_ussd(ask::<OriginateUssdNoWait>(frame).data);
                done()
            }
            OriginateUssd::ID => return self.wait_for_ussd(frame.clone()),
            AnswerUssd::ID if !self.ussd_open => error(QmiError::InvalidHandle),
            AnswerUssd::ID => {
                self.later_ussd(ask::<AnswerUssd>(frame).data);
                done()
            }
            CancelUssd::ID if !self.ussd_open => error(QmiError::InvalidHandle),
            CancelUssd::ID => {
                self.ussd_open = false;
                self.indicate(&UssdReleased {});
                done()
            }
            _ => error(QmiError::InvalidQmiCommand),
        })
    }

    /// The network's answer to a code, and whether it asks for one itself.
    fn network_says(&mut self, data: Option<UssData>) -> Option<(bool, String)> {
        let said = data.map(|data| String::from_utf8_lossy(&data.data.0).into_owned())?;
        let (_, response, text) = self.core.network.ussd.iter().find(|(code, ..)| *code == said)?.clone();
        self.ussd_open = response == UssdResponse::ActionRequired;
        Some((self.ussd_open, text))
    }

    /// The answer comes as indications: the outcome with the text, then what is asked of the user.
    fn later_ussd(&mut self, data: Option<UssData>) {
        self.ussd_open = true;
        let delay = self.core.network.sends_after;
        self.later(delay, move |state| {
            if !std::mem::take(&mut state.ussd_open) {
                return;
            }
            let Some((asks, text)) = state.network_says(data) else {
                return state.indicate(&UssdOutcome { failure: Some(REJECTED), ..UssdOutcome::default() });
            };
            let (data, units) = forms(&text);
            state.indicate(&UssdOutcome {
                data: data.clone(),
                text: units.clone(),
                ..UssdOutcome::default()
            });
            let action = Some(if asks { UserAction::Required } else { UserAction::NotRequired });
            state.indicate(&Ussd { action, data, text: units });
        });
    }

    fn wait_for_ussd(&mut self, frame: Frame) -> Option<Answer> {
        let delay = self.core.network.sends_after;
        self.later(delay, move |state| {
            let answer = match state.network_says(ask::<OriginateUssd>(&frame).data) {
                Some((_, text)) => {
                    let (data, text) = forms(&text);
                    ok(&UssdOriginated { data, text, ..UssdOriginated::default() })
                }
                None => {
                    let failure = Some(REJECTED);
                    error_with(QmiError::CallFailed, &UssdOriginated { failure, ..UssdOriginated::default() })
                }
            };
            state.out.push(frame.response(answer));
        });
        None
    }
}

/// ASCII, or UTF-16 where that is not enough.
fn forms(text: &str) -> (Option<UssData>, Option<Hidden>) {
    if text.is_ascii() {
        return (Some(UssData { coding: Coding::Ascii, data: Hidden(text.as_bytes().to_vec()) }), None);
    }
    (None, Some(Hidden(text.encode_utf16().flat_map(u16::to_le_bytes).collect())))
}
