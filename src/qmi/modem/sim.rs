//! The card, by UIM; by DMS on modems that have no UIM (before MDM9x15).
//!
//! Contract: a PIN is sent only while the modem says that it is wanted, and only if the
//! guard in `pin` lets it. DMS' PIN calls are never used where there is UIM: MC74xx refuse them with "no such command".

use std::time::Duration;

use super::known::Known;
use super::{Modem, after};
use crate::cause::{Cause, Why};
use crate::qmi::client::{Error, Lease};
use crate::qmi::error::QmiError;
use crate::qmi::messages::dms::{self, SimGetPinStatus, SimVerifyPin};
use crate::qmi::messages::uim::{
    EVENT_CARD_STATUS, GetCardStatus, PinId, RegisterEvents, Session, SessionType, Verify, VerifyPin,
};
use crate::words::{Secret, SimState};

const READING: Duration = Duration::from_secs(20);
const ASK_AGAIN: Duration = Duration::from_secs(2);

impl Modem {
    pub(super) async fn unlock(&self, pin: Option<&Secret>) -> Result<(), Why> {
        let deadline = after(READING);
        loop {
            self.ask_card().await?;
            let sim = self.board.read().facts.sim;
            match sim {
                Some(SimState::Ready | SimState::NotActivated) => return Ok(()),
                Some(SimState::Absent | SimState::Failed) => {
                    self.hear_card().await?;
                    return Err(Cause::NoSim.into());
                }
                Some(SimState::PukRequired) => return Err(Cause::PukRequired.into()),
                Some(SimState::PinRequired) => {
                    self.hear_card().await?;
                    self.enter_pin(pin).await?;
                }
                Some(SimState::NotReady | SimState::Unknown) | None => self.hear_card().await?,
            }
            let next = after(ASK_AGAIN).min(deadline);
            let changed = |known: &Known| (known.facts.sim != sim).then_some(());
            if self.board.until(next, changed).await.is_none() && next == deadline {
                return Err(Cause::NotRegistered(None).into());
            }
        }
    }

    /// Has the card's changes told, from the first time on that it is not ready.
    pub(super) async fn hear_card(&self) -> Result<(), Error> {
        let Some(uim) = &self.uim else { return Ok(()) };
        if self.hears_card.get() {
            return Ok(());
        }
        match uim.call(&RegisterEvents { mask: Some(EVENT_CARD_STATUS) }).await {
            Ok(_) => self.hears_card.set(true),
            Err(Error::Refused(error)) => log::debug!("no card indications: {error}"),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn ask_card(&self) -> Result<(), Why> {
        let Some(uim) = &self.uim else { return Ok(self.dms_pin().await.map(drop)?) };
        match uim.call(&GetCardStatus::default()).await {
            Ok(reply) => {
                self.board.post(|known| known.on_card(reply.status));
                Ok(())
            }
            Err(Error::Refused(QmiError::NoSim | QmiError::UimUninitialized | QmiError::DeviceNotReady)) => {
                self.post_sim(SimState::NotReady);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The PIN as DMS tells it, where there is no UIM; posts what it means for the SIM.
    pub(super) async fn dms_pin(&self) -> Result<Option<dms::PinState>, Error> {
        let pin = match self.dms.call(&SimGetPinStatus::default()).await {
            Ok(reply) => reply.pin1,
            Err(Error::Refused(error)) => {
                let absent = error == QmiError::NoSim;
                self.post_sim(if absent { SimState::Absent } else { SimState::NotReady });
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let tries = pin.as_ref().map(|pin| pin.retries.verify.into());
        self.board.mark(|known| known.facts.pin_tries = tries.or(known.facts.pin_tries));
        self.post_sim(match pin.as_ref().map(|pin| pin.status) {
            Some(dms::PinStatus::NotInitialized) => SimState::NotReady,
            Some(dms::PinStatus::NotVerified) => SimState::PinRequired,
            Some(dms::PinStatus::Blocked | dms::PinStatus::PermanentlyBlocked) => SimState::PukRequired,
            Some(
                dms::PinStatus::Verified
                | dms::PinStatus::Disabled
                | dms::PinStatus::Unblocked
                | dms::PinStatus::Changed
                | dms::PinStatus::Other(_),
            )
            | None => SimState::Ready,
        });
        Ok(pin)
    }

    fn post_sim(&self, sim: SimState) {
        self.board.post(|known| {
            known.facts.sim = Some(sim);
            Vec::new()
        });
    }

    async fn enter_pin(&self, pin: Option<&Secret>) -> Result<(), Why> {
        let (pin, upin) = {
            let known = self.board.read();
            (known.pins.may_send(pin, known.facts.pin_tries)?, known.upin)
        };
        let (result, tries) = match &self.uim {
            Some(uim) => verify_by_uim(uim, &pin, upin).await?,
            None => self.verify_by_dms(&pin).await?,
        };
        let tries = tries.or(self.board.read().facts.pin_tries.map(|tries| tries.saturating_sub(1)));
        match result {
            Ok(()) | Err(QmiError::NoEffect) => {
                self.board.mark(|known| known.pins.accepted(pin));
                Ok(())
            }
            // Not a word about the PIN.
            Err(QmiError::UimUninitialized | QmiError::DeviceNotReady | QmiError::NoSim) => Ok(()),
            Err(error) => {
                log::debug!("PIN refused: {error}");
                self.board.post(|known| {
                    known.pins.refused(pin);
                    known.facts.pin_tries = tries;
                    Vec::new()
                });
                let blocked = matches!(error, QmiError::PinBlocked | QmiError::PinAlwaysBlocked);
                Err(if blocked || tries == Some(0) {
                    Cause::PukRequired.into()
                } else {
                    Cause::PinFailed { tries }.into()
                })
            }
        }
    }

    async fn verify_by_dms(&self, pin: &Secret) -> Result<(Result<(), QmiError>, Option<u32>), Why> {
        let request = SimVerifyPin { pin: Some(dms::Verify { pin: dms::PinId::Pin, code: pin.clone() }) };
        let answer = self.dms.ask(&request).await?;
        Ok((answer.result, answer.reply.retries.map(|retries| retries.verify.into())))
    }
}

async fn verify_by_uim(
    uim: &Lease,
    pin: &Secret,
    upin: bool,
) -> Result<(Result<(), QmiError>, Option<u32>), Why> {
    let request = VerifyPin {
        session: Some(Session { kind: SessionType::PrimaryGw, application: Vec::new() }),
        pin: Some(Verify { pin: if upin { PinId::Upin } else { PinId::Pin1 }, code: pin.clone() }),
    };
    let answer = uim.ask(&request).await?;
    Ok((answer.result, answer.reply.retries.map(|retries| retries.verify.into())))
}
