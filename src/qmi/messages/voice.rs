//! VOICE, as much as USSD needs: a code to the network, its answer, and the dialogue that
//! follows. Calls are nothing for a router.

use crate::qmi::value::{Codec, Hidden, Hidden8, Input};
use crate::{codes, messages, record};

codes! {
    /// Not 3GPP's coding scheme: the modem packs and unpacks.
    pub enum Coding: u8 { Ascii = 1 => "ascii", Octets = 2 => "octets", Ucs2 = 3 => "ucs2" }

    pub enum UserAction: u8 { NotRequired = 1 => "none", Required = 2 => "answer" }
}

record! {
    pub struct UssData { coding: Coding, data: Hidden8 }
}

/// A count of 16-bit units, then these: a text of somebody's in UTF-16.
pub struct Units8;

impl Codec for Units8 {
    type Value = Hidden;
    fn get(input: &mut Input<'_>) -> Hidden {
        let units = usize::from(input.u8());
        Hidden(input.take(units.saturating_mul(2)).to_vec())
    }
    fn put(value: &Hidden, out: &mut Vec<u8>) {
        let units = u8::try_from(value.0.len() / 2).unwrap_or(u8::MAX);
        out.push(units);
        out.extend(value.0.iter().take(usize::from(units).saturating_mul(2)));
    }
}

messages! { Voice;
    0x0003 RegisterIndications { 0x16 ussd: bool };
    /// Answered when the network has answered.
    0x003a OriginateUssd { 0x01 data: UssData } -> UssdOriginated {
        0x10 failure: u16,
        0x12 data: UssData,
        0x16 text: Units8,
    };
    0x003b AnswerUssd { 0x01 data: UssData };
    0x003c CancelUssd {};
    /// Answered at once; what the network says comes as [`UssdOutcome`].
    0x0043 OriginateUssdNoWait { 0x01 data: UssData };

    indications
    0x003d UssdReleased {};
    0x003e Ussd { 0x01 action: UserAction, 0x10 data: UssData, 0x11 text: Units8 };
    0x0043 UssdOutcome { 0x10 error: u16, 0x11 failure: u16, 0x12 data: UssData, 0x14 text: Units8 };
}
