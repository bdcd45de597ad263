//! USSD (MBIM 1.0, 10.7).

use super::enums::*;
use super::{Raw, messages};

messages! { Ussd;
    1 answer Ussd {
        response: UssdResponse as number,
        session: UssdSession as number,
        /// Data coding scheme, TS 23.038 chapter 5.
        dcs: u32 as number,
        payload: Raw as bytes,
    }
    1 set SetUssd -> Ussd {
        action: UssdAction as number,
        dcs: u32 as number,
        payload: Raw as bytes,
    }
}
