//! The SIM's locks, as a person asks for them; what a link does by itself is `sim`'s.
//!
//! Contract: [`Modem::send_pin`] sends once and judges nothing: whether it may be sent was
//! decided before ([`PinOrder::may_be_sent`]).

use super::Modem;
use super::known::tries;
use crate::answers::{Lock, PinOrder, Refused, SimLock};
use crate::mbim::client::Error;
use crate::mbim::messages::basic::{Pin, PinList, SetPin, SubscriberReady};
use crate::mbim::messages::enums::{PinLock, PinMode, PinOperation, PinType};
use crate::mbim::messages::{Message, Query};
use crate::mbim::status::Status;
use crate::words::{Secret, SimState};

impl Modem {
    /// The SIM and its locks, asked for now.
    pub async fn sim_lock(&self) -> Result<SimLock, Refused> {
        self.refresh::<SubscriberReady>().await?;
        let mut shown = SimLock {
            sim: self.board.read().facts.sim.unwrap_or(SimState::Unknown),
            lock: Lock::None,
            enabled: None,
            pin_tries: None,
            puk_tries: None,
        };
        match self.ask(&Query::<Pin>::default()).await {
            Ok(pin) => self.take_lock(&mut shown, &pin),
            // An absent SIM, one that is being read, one that is broken: no lock to tell of.
            Err(Error::Refused(..)) => return Ok(shown),
            Err(error) => return Err(error.into()),
        }
        // With the query of the lock a locked SIM is known as what it is: PIN or PUK.
        shown.sim = self.board.read().facts.sim.unwrap_or(SimState::Unknown);
        if let Ok(list) = self.ask(&Query::<PinList>::default()).await {
            shown.enabled = match list.pin1.mode {
                PinMode::Enabled => Some(true),
                PinMode::Disabled => Some(false),
                PinMode::NotSupported | PinMode::Other(_) => None,
            };
        }
        Ok(shown)
    }

    fn take_lock(&self, shown: &mut SimLock, pin: &Pin) {
        let locked = pin.state == PinLock::Locked;
        // A modem whose SIM is open tells no tries, but it told them with the last refusal.
        let told = || self.board.read().refused_tries;
        match pin.pin_type {
            PinType::Puk1 if locked => {
                (shown.lock, shown.pin_tries, shown.puk_tries) = (Lock::Puk, Some(0), tries(pin));
            }
            PinType::Pin1 if locked => (shown.lock, shown.pin_tries) = (Lock::Pin, tries(pin)),
            PinType::Pin1 => shown.pin_tries = tries(pin).or_else(told),
            PinType::Pin2
            | PinType::Puk2
            | PinType::Puk1
            | PinType::Unknown
            | PinType::Nev
            | PinType::Adm => {
                shown.pin_tries = told();
            }
            _ if locked => shown.lock = Lock::Network,
            _ => {}
        }
    }

    /// Sends it. After a refusal [`Modem::sim_lock`] tells what is left.
    pub async fn send_pin(&self, order: &PinOrder) -> Result<(), Refused> {
        let none = Secret::default();
        let (pin_type, operation, pin, new_pin) = match order {
            PinOrder::Unlock { pin } => (PinType::Pin1, PinOperation::Enter, pin, &none),
            PinOrder::Unblock { puk, new_pin } => (PinType::Puk1, PinOperation::Enter, puk, new_pin),
            PinOrder::Enable { pin } => (PinType::Pin1, PinOperation::Enable, pin, &none),
            PinOrder::Disable { pin } => (PinType::Pin1, PinOperation::Disable, pin, &none),
            PinOrder::Change { pin, new_pin } => (PinType::Pin1, PinOperation::Change, pin, new_pin),
        };
        let request = SetPin { pin_type, operation, pin: pin.clone(), new_pin: new_pin.clone() };
        match self.set(&request).await {
            Ok(_) => {
                self.board.mark(|known| known.sim_took(order.pin_after()));
                // A link that waits for the SIM goes on when this says that it is open.
                self.refresh::<SubscriberReady>().await?;
                Ok(())
            }
            Err(Error::Refused(status, body)) => {
                if let Ok(pin) = Pin::parse(&body.0) {
                    self.board.mark(|known| known.refused_tries = tries(&pin));
                }
                Err(pin_refused(status))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Most modems say no more than "failure" of a PIN that is wrong.
fn pin_refused(status: Status) -> Refused {
    match status {
        Status::Failure | Status::InvalidParameters | Status::PinRequired | Status::OperationNotAllowed => {
            Refused::Said("the SIM refused it".to_string())
        }
        other => Error::Refused(other, Default::default()).into(),
    }
}
