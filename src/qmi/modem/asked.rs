//! What a person asks of a QMI modem: the SIM's locks, cells, networks.
//!
//! Contract: as `modem::asked`.

use super::known::mcc_mnc;
use super::{Modem, cells};
use crate::answers::{Cell, Cells, Lock, Network, NetworkState, PinOrder, Refused, SimLock};
use crate::few::Listed;
use crate::qmi::client::{Asked, Error, Lease};
use crate::qmi::error::QmiError;
use crate::qmi::messages::dms;
use crate::qmi::messages::nas::{NetworkScan, Networks};
use crate::qmi::messages::nas_codes::status;
use crate::qmi::messages::nas_info::GetCells;
use crate::qmi::messages::nas_types::Found;
use crate::qmi::messages::uim::{
    CardStatus, Change, ChangePin, GetCardStatus, PinId, PinState, Protect, ProtectPin, Session, SessionType,
    Unblock, UnblockPin, Verify, VerifyPin,
};
use crate::qmi::text::Encoding;
use crate::words::SimState;

const NO_CELLS: &str = "this modem does not list cells over QMI; shown is what it tells of its own";

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        let not_now = |words: &str| Refused::NotNow(words.to_string());
        match error {
            Error::Gone => Refused::Gone,
            Error::Timeout => Refused::Silent,
            Error::Refused(
                QmiError::InvalidQmiCommand | QmiError::NotSupported | QmiError::DeviceUnsupported,
            ) => Refused::Unsupported,
            Error::Refused(QmiError::NoSim) => not_now("there is no SIM"),
            Error::Refused(QmiError::PinRestriction) => not_now("the SIM wants its PIN first"),
            Error::Refused(QmiError::UimUninitialized | QmiError::DeviceNotReady) => {
                not_now("the modem or its SIM is not ready")
            }
            Error::Refused(QmiError::NetworkNotReady | QmiError::NoNetworkFound) => {
                not_now("the modem is not in a network")
            }
            Error::Refused(error) => Refused::Said(format!("the modem refused: {error}")),
            other => Refused::Said(format!("the modem answered nonsense: {other}")),
        }
    }
}

impl Modem {
    pub async fn sim_lock(&self) -> Result<SimLock, Refused> {
        let mut shown = SimLock {
            sim: SimState::Unknown,
            lock: Lock::None,
            enabled: None,
            pin_tries: None,
            puk_tries: None,
        };
        match &self.uim {
            Some(uim) => match uim.call(&GetCardStatus::default()).await {
                Ok(reply) => {
                    shown = locks(reply.status.as_ref(), shown);
                    self.board.post(|known| known.on_card(reply.status));
                }
                Err(Error::Refused(_)) => return Ok(shown),
                Err(error) => return Err(error.into()),
            },
            None => shown = by_dms(self.dms_pin().await?, shown),
        }
        shown.sim = self.board.read().facts.sim.unwrap_or(SimState::Unknown);
        shown.lock = match shown.sim {
            SimState::PinRequired => Lock::Pin,
            SimState::PukRequired => Lock::Puk,
            _ => Lock::None,
        };
        Ok(shown)
    }

    /// Sends it once. By DMS only where there is no UIM: MC74xx have no such command there.
    pub async fn send_pin(&self, order: &PinOrder) -> Result<(), Refused> {
        let pin = if self.board.read().upin { PinId::Upin } else { PinId::Pin1 };
        let result = match &self.uim {
            Some(uim) => send(uim, pin, order).await?,
            None => send_by_dms(&self.dms, order).await?,
        };
        match result {
            Ok(()) | Err(QmiError::NoEffect) => {
                self.board.mark(|known| known.pins.taken(order.pin_after()));
                // A link that waits for the SIM goes on when this says that it is open.
                self.sim_lock().await.map(drop)
            }
            Err(QmiError::IncorrectPin | QmiError::PinBlocked | QmiError::PinAlwaysBlocked) => {
                Err(Refused::Said("the SIM refused it".to_string()))
            }
            Err(error) => Err(Error::Refused(error).into()),
        }
    }

    pub async fn scan(&self) -> Result<Vec<Network>, Refused> {
        let found = self.nas.call(&NetworkScan::default()).await?;
        let networks = found.networks.as_deref().unwrap_or_default();
        Ok(networks.iter().map(|network| self::network(network, &found)).listed())
    }

    pub async fn cells(&self) -> Result<Cells, Refused> {
        let heard = match self.nas.call(&GetCells::default()).await {
            Ok(heard) => cells::cells(&heard),
            Err(Error::Refused(_)) => Cells { note: Some(NO_CELLS.to_string()), ..Cells::default() },
            Err(error) => return Err(error.into()),
        };
        if !heard.serving.is_empty() {
            return Ok(heard);
        }
        if let Err(cause) = self.signal().await {
            log::debug!("no signal: {cause}");
        }
        let facts = &self.board.read().facts;
        if !facts.registration.is_some_and(|registration| registration.is_registered()) {
            return Err(Refused::NotNow("the modem is not in a network".to_string()));
        }
        let own = Cell {
            technology: facts.technology,
            mcc_mnc: facts.mcc_mnc.clone(),
            rssi_dbm: facts.signal.rssi_dbm,
            rsrp_dbm: facts.signal.rsrp_dbm,
            rsrq_db: facts.signal.rsrq_db,
            sinr_db: facts.signal.sinr_db,
            ..Cell::default()
        };
        Ok(Cells { serving: vec![own], ..heard })
    }
}

fn send<'a>(uim: &'a Lease, pin: PinId, order: &PinOrder) -> Asked<'a, Result<(), QmiError>> {
    let session = Some(Session { kind: SessionType::PrimaryGw, application: Vec::new() });
    match order {
        PinOrder::Unlock { pin: code } => {
            let pin = Some(Verify { pin, code: code.clone() });
            uim.tell(&VerifyPin { session, pin })
        }
        PinOrder::Unblock { puk, new_pin } => {
            let pin = Some(Unblock { pin, puk: puk.clone(), new: new_pin.clone() });
            uim.tell(&UnblockPin { session, pin })
        }
        PinOrder::Enable { pin: code } | PinOrder::Disable { pin: code } => {
            let enabled = matches!(order, PinOrder::Enable { .. });
            let pin = Some(Protect { pin, enabled, code: code.clone() });
            uim.tell(&ProtectPin { session, pin })
        }
        PinOrder::Change { pin: code, new_pin } => {
            let pin = Some(Change { pin, old: code.clone(), new: new_pin.clone() });
            uim.tell(&ChangePin { session, pin })
        }
    }
}

fn send_by_dms<'a>(dms: &'a Lease, order: &PinOrder) -> Asked<'a, Result<(), QmiError>> {
    let pin = dms::PinId::Pin;
    match order {
        PinOrder::Unlock { pin: code } => {
            let pin = Some(dms::Verify { pin, code: code.clone() });
            dms.tell(&dms::SimVerifyPin { pin })
        }
        PinOrder::Unblock { puk, new_pin } => {
            let pin = Some(dms::Unblock { pin, puk: puk.clone(), new: new_pin.clone() });
            dms.tell(&dms::SimUnblockPin { pin })
        }
        PinOrder::Enable { pin: code } | PinOrder::Disable { pin: code } => {
            let enabled = matches!(order, PinOrder::Enable { .. });
            let pin = Some(dms::Protect { pin, enabled, code: code.clone() });
            dms.tell(&dms::SimProtectPin { pin })
        }
        PinOrder::Change { pin: code, new_pin } => {
            let pin = Some(dms::Change { pin, old: code.clone(), new: new_pin.clone() });
            dms.tell(&dms::SimChangePin { pin })
        }
    }
}

fn by_dms(told: Option<dms::PinState>, mut shown: SimLock) -> SimLock {
    let Some(pin) = told else { return shown };
    shown.enabled = match pin.status {
        dms::PinStatus::Disabled => Some(false),
        dms::PinStatus::NotInitialized | dms::PinStatus::Other(_) => None,
        _ => Some(true),
    };
    shown.pin_tries = Some(pin.retries.verify.into());
    shown.puk_tries = Some(pin.retries.unblock.into());
    shown
}

/// The tries of the application that is in use.
fn locks(status: Option<&CardStatus>, mut shown: SimLock) -> SimLock {
    let Some(status) = status.filter(|status| status.primary_gw != 0xffff) else { return shown };
    let [slot, index] = status.primary_gw.to_be_bytes();
    let card = status.cards.get(usize::from(slot));
    let application = card.and_then(|card| card.applications.get(usize::from(index)));
    let Some((card, application)) = card.zip(application) else { return shown };
    let pin = if application.upin_replaces_pin1 { &card.upin } else { &application.pin1 };
    shown.enabled = match pin.state {
        PinState::Disabled => Some(false),
        PinState::NotVerified | PinState::Verified | PinState::Blocked | PinState::PermanentlyBlocked => {
            Some(true)
        }
        PinState::NotInitialized | PinState::Other(_) => None,
    };
    shown.pin_tries = Some(pin.retries.into());
    shown.puk_tries = Some(pin.puk_retries.into());
    shown
}

fn network(found: &Found, all: &Networks) -> Network {
    let same = |mcc: u16, mnc: u16| (mcc, mnc) == (found.mcc, found.mnc);
    let digits = all.digits.iter().flatten().find(|digits| same(digits.mcc, digits.mnc));
    let radio = all.radios.iter().flatten().find(|radio| same(radio.mcc, radio.mnc));
    let is = |bit: u8| found.status & bit != 0;
    let state = if is(status::SERVING) {
        NetworkState::Current
    } else if is(status::FORBIDDEN) {
        NetworkState::Forbidden
    } else if is(status::AVAILABLE) {
        NetworkState::Available
    } else {
        NetworkState::Unknown
    };
    let three = digits.map_or(found.mnc > 99, |digits| digits.three_digits);
    Network {
        mcc_mnc: mcc_mnc(found.mcc, found.mnc, three),
        operator: found.description.text(Encoding::Unknown),
        technology: radio.and_then(|radio| radio.radio.technology()),
        state,
        home: is(status::HOME),
        preferred: is(status::PREFERRED),
        rssi_dbm: None,
    }
}
