//! PURE. What a refusal means: statuses of MBIM and causes of the network become a
//! [`Cause`], and which address families to try next.

use std::rc::Rc;

use crate::answers::Refused;
use crate::cause::{Cause, Domain, Reason, Why};
use crate::mbim::client::Error;
use crate::mbim::messages::Message;
use crate::mbim::messages::connect::ConnectState;
use crate::mbim::messages::enums::IpType;
use crate::mbim::messages::network::{PacketService, RegisterState};
use crate::mbim::status::Status;

impl From<Error> for Why {
    /// For requests whose refusal has no meaning of its own.
    fn from(error: Error) -> Why {
        Rc::new(match error {
            Error::Gone => Cause::NoModem("the control channel closed".into()),
            Error::Timeout | Error::Malformed(_) | Error::Protocol(_) | Error::Transfer(_) => {
                Cause::ModemHung
            }
            Error::Refused(status, _) => general(status),
        })
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        let not_now = |words: &str| Refused::NotNow(words.to_string());
        match error {
            Error::Gone => Refused::Gone,
            Error::Timeout => Refused::Silent,
            Error::Refused(Status::NoDeviceSupport | Status::InvalidDeviceServiceOperation, _) => {
                Refused::Unsupported
            }
            Error::Refused(Status::SimNotInserted, _) => not_now("there is no SIM"),
            Error::Refused(Status::PinRequired, _) => not_now("the SIM wants its PIN first"),
            Error::Refused(Status::NotInitialized, _) => not_now("the SIM is not ready"),
            Error::Refused(Status::RadioPowerOff, _) => not_now("the radio is off"),
            Error::Refused(Status::NotRegistered, _) => not_now("the modem is not in a network"),
            Error::Refused(Status::Busy, _) => not_now("the modem is busy; try again"),
            Error::Refused(status, _) => Refused::Said(format!("the modem refused: {}", reason(status))),
            other => Refused::Said(format!("the modem answered nonsense: {other}")),
        }
    }
}

/// A status as its own reason.
pub fn reason(status: Status) -> Reason {
    Reason { domain: Domain::MbimStatus, number: status.into(), text: status.label() }
}

/// Statuses that mean the same whatever was asked.
fn general(status: Status) -> Cause {
    match status {
        Status::SimNotInserted | Status::BadSim => Cause::NoSim,
        Status::PinRequired => Cause::PinRequired { tries: None, why: "the modem says so" },
        Status::RadioPowerOff => Cause::RadioOff,
        Status::NotRegistered => Cause::NotRegistered(None),
        Status::PacketServiceDetached => Cause::AttachFailed(Some(reason(status))),
        other => Cause::ConnectFailed(Some(reason(other))),
    }
}

/// A refused attach: the answer carries the network's cause where there was one.
pub fn attach_refused(status: Status, body: &[u8]) -> Cause {
    let nw_error = PacketService::parse(body).map_or(0, |answer| answer.nw_error);
    match nw_error {
        0 if matches!(general(status), Cause::ConnectFailed(_)) => Cause::AttachFailed(Some(reason(status))),
        0 => general(status),
        number => Cause::AttachFailed(Some(Reason::emm(number))),
    }
}

/// The network's cause in a refused activation, 0 where there is none.
pub fn connect_error(body: &[u8]) -> u32 {
    ConnectState::parse(body).map_or(0, |answer| answer.nw_error)
}

pub fn connect_refused(status: Status, nw_error: u32) -> Cause {
    match nw_error {
        0 => general(status),
        number => Cause::ConnectFailed(Some(Reason::esm(number))),
    }
}

/// A bearer that ended without our asking.
pub fn lost(nw_error: u32) -> Cause {
    Cause::ConnectFailed(Some(nw_error).filter(|number| *number != 0).map(Reason::esm))
}

/// The network, or the modem, ended the packet service: its causes are of mobility management.
pub fn detached_for(nw_error: u32) -> Cause {
    Cause::AttachFailed(Some(nw_error).filter(|number| *number != 0).map(Reason::emm))
}

/// The cause of a denied registration. Telit LE910 sets one with a state that is well, so
/// only a state that is not may use it.
pub fn denied(register: &RegisterState) -> Option<Reason> {
    Some(register.nw_error).filter(|number| *number != 0).map(Reason::emm)
}

/// What to ask next where both families were refused together.
///
/// ESM 50 and 51 name the one that is allowed, 52 allows one of them; 28 and the modem's
/// own refusals say only that the pair is not. A failure without a cause is what several
/// modems make of the same (MC7455 with an IPv4-only subscription), so it counts as well.
pub fn families_after(status: Status, nw_error: u32) -> &'static [IpType] {
    match (nw_error, status) {
        (50, _) => &[IpType::V4],
        (51, _) => &[IpType::V6],
        (28 | 52, _) => &[IpType::V4, IpType::V6],
        (
            0,
            Status::Failure
            | Status::InvalidParameters
            | Status::NoDeviceSupport
            | Status::ContextNotSupported,
        ) => &[IpType::V4, IpType::V6],
        _ => &[],
    }
}
