//! The SIM: wait until it can be used, send its PIN when it asks and only then.
//!
//! Contract: a PIN is sent only while the modem says that PIN1 is locked, and only if the
//! guard in `pin` lets it.

use std::time::Duration;

use super::known::tries;
use super::{Modem, after};
use crate::cause::{Cause, Why};
use crate::mbim::client::Error;
use crate::mbim::messages::Query;
use crate::mbim::messages::basic::{Pin, SetPin, SubscriberReady};
use crate::mbim::messages::enums::{PinLock, PinOperation, PinType, ReadyState};
use crate::mbim::status::Status;
use crate::words::Secret;

/// A SIM that is being read: seconds on every modem seen; then the link tries again.
const READING: Duration = Duration::from_secs(20);
/// Some modems do not indicate that the SIM became ready.
const ASK_AGAIN: Duration = Duration::from_secs(2);

impl Modem {
    /// Until the SIM is ready, with the configured PIN if it asks for one.
    pub(super) async fn unlock(&self, pin: Option<&Secret>) -> Result<(), Why> {
        let deadline = after(READING);
        let mut entered = false;
        loop {
            let ready = self.board.read().ready;
            match ready {
                Some(ReadyState::Initialized | ReadyState::NotActivated) => return Ok(()),
                Some(
                    ReadyState::SimNotInserted
                    | ReadyState::BadSim
                    | ReadyState::Failure
                    | ReadyState::NoEsimProfile,
                ) => return Err(Cause::NoSim.into()),
                Some(ReadyState::DeviceLocked) if !entered => {
                    entered = self.enter_pin(pin).await?;
                    if entered {
                        self.refresh::<SubscriberReady>().await?;
                        continue;
                    }
                }
                Some(ReadyState::DeviceLocked | ReadyState::NotInitialized | ReadyState::Other(_)) | None => {
                }
            }
            let next = after(ASK_AGAIN).min(deadline);
            if self.board.until(next, |known| (known.ready != ready).then_some(())).await.is_none() {
                if next == deadline {
                    return Err(Cause::NotRegistered(None).into());
                }
                self.refresh::<SubscriberReady>().await?;
            }
        }
    }

    /// Sends the PIN. `false`: the SIM is not ready to be asked, which says nothing of the PIN.
    async fn enter_pin(&self, pin: Option<&Secret>) -> Result<bool, Why> {
        let asked = match self.ask(&Query::<Pin>::default()).await {
            Ok(asked) => asked,
            Err(Error::Refused(Status::NotInitialized | Status::Busy, _)) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        if asked.state == PinLock::Unlocked {
            return Ok(true);
        }
        let pin = match lock(&asked)? {
            Lock::Open => return Ok(true),
            Lock::Pin1 => self.board.read().pins.may_send(pin, tries(&asked))?,
        };
        let request = SetPin {
            pin_type: PinType::Pin1,
            operation: PinOperation::Enter,
            pin: pin.clone(),
            new_pin: Secret::default(),
        };
        match self.set(&request).await {
            Ok(_) => {
                self.board.mark(|known| known.pins.accepted(pin));
                Ok(true)
            }
            Err(Error::Refused(Status::NotInitialized | Status::Busy, _)) => Ok(false),
            Err(Error::Refused(Status::SimNotInserted | Status::BadSim, _)) => Err(Cause::NoSim.into()),
            Err(Error::Refused(..)) => self.pin_refused(pin).await,
            Err(error) => Err(error.into()),
        }
    }

    /// The modem refused: what is locked now tells whether it was the PIN.
    async fn pin_refused(&self, pin: Secret) -> Result<bool, Why> {
        let now = self.query::<Pin>().await?;
        if now.state == PinLock::Unlocked {
            return Ok(true);
        }
        self.board.mark(|known| known.pins.refused(pin));
        lock(&now)?;
        Err(Cause::PinFailed { tries: tries(&now) }.into())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Lock {
    /// Not a lock that keeps the SIM from being used.
    Open,
    Pin1,
}

/// What is locked. Qualcomm modems report PIN2 with a SIM that can be used (MF823, EM7455).
fn lock(pin: &Pin) -> Result<Lock, Why> {
    match pin.pin_type {
        PinType::Pin1 => Ok(Lock::Pin1),
        PinType::Puk1 => Err(Cause::PukRequired.into()),
        PinType::Pin2 | PinType::Puk2 | PinType::Unknown | PinType::Nev | PinType::Adm => Ok(Lock::Open),
        PinType::Custom
        | PinType::DeviceSimPin
        | PinType::DeviceFirstSimPin
        | PinType::NetworkPin
        | PinType::NetworkSubsetPin
        | PinType::ServiceProviderPin
        | PinType::CorporatePin
        | PinType::SubsidyPin
        | PinType::DeviceFirstSimPuk
        | PinType::NetworkPuk
        | PinType::NetworkSubsetPuk
        | PinType::ServiceProviderPuk
        | PinType::CorporatePuk
        | PinType::Other(_) => {
            let why = "the modem is locked to another network or SIM";
            Err(Cause::PinRequired { tries: tries(pin), why }.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_pin2_does_not_keep_the_sim_from_being_used() {
        let pin = Pin { pin_type: PinType::Pin2, state: PinLock::Locked, remaining_attempts: 3 };
        assert_eq!(lock(&pin), Ok(Lock::Open));
        let puk = Pin { pin_type: PinType::Puk1, ..pin };
        assert_eq!(lock(&puk), Err(Cause::PukRequired.into()));
    }
}
