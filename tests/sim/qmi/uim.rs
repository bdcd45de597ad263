//! What a simulated QMI modem answers about its SIM: as UIM, and where it still can as DMS.

use uwand::qmi::error::QmiError;
use uwand::qmi::frame::Frame;
use uwand::qmi::messages::dms;
use uwand::qmi::messages::uim::*;
use uwand::qmi::tlv::{Indication, Request};
use uwand::qmi::value::Hidden;

use super::super::modem::Sim;
use super::state::{Answer, State, ask, done, error, error_with, ok};

const USIM: [u8; 16] = [0xa0, 0, 0, 0, 0x87, 0x10, 2, 0xff, 0x49, 0xff, 5, 0x89, 1, 1, 1, 0];
/// 3GPP TS 31.102: ICCID below the master file, IMSI and administrative data below the USIM.
const EF_ICCID: u16 = 0x2fe2;
const EF_IMSI: u16 = 0x6f07;
const EF_AD: u16 = 0x6fad;

/// What a host does with a PIN.
enum Operation {
    Verify,
    Protect(bool),
    Change(String),
}

impl State {
    pub fn uim(&mut self, frame: &Frame) -> Answer {
        match frame.message {
            Reset::ID => {
                self.client(frame).wants.clear();
                done()
            }
            RegisterEvents::ID => {
                let mask = ask::<RegisterEvents>(frame).mask.unwrap_or(0);
                let known = mask & (EVENT_CARD_STATUS | EVENT_SLOT_STATUS);
                self.wish::<CardStatusChanged>(frame, Some(mask & EVENT_CARD_STATUS != 0));
                self.wish::<SlotStatusChanged>(frame, Some(mask & EVENT_SLOT_STATUS != 0));
                ok(&EventsRegistered { mask: Some(known) })
            }
            GetCardStatus::ID => ok(&CardStatusReply { status: Some(self.card_status()) }),
            GetSlotStatus::ID => ok(&self.slots()),
            ReadTransparent::ID => self.read(ask(frame)),
            VerifyPin::ID => match ask::<VerifyPin>(frame).pin {
                Some(pin) => self.pin_by_uim(pin.code.reveal(), &Operation::Verify),
                None => error(QmiError::MissingArgument),
            },
            ProtectPin::ID => match ask::<ProtectPin>(frame).pin {
                Some(pin) => self.pin_by_uim(pin.code.reveal(), &Operation::Protect(pin.enabled)),
                None => error(QmiError::MissingArgument),
            },
            ChangePin::ID => match ask::<ChangePin>(frame).pin {
                Some(pin) => {
                    self.pin_by_uim(pin.old.reveal(), &Operation::Change(pin.new.reveal().to_string()))
                }
                None => error(QmiError::MissingArgument),
            },
            UnblockPin::ID => match ask::<UnblockPin>(frame).pin {
                Some(pin) => {
                    let result = self.unblock(pin.puk.reveal(), pin.new.reveal());
                    self.pin_answer(result)
                }
                None => error(QmiError::MissingArgument),
            },
            PowerOff::ID | PowerOn::ID => done(),
            _ => error(QmiError::InvalidQmiCommand),
        }
    }

    pub fn card_status(&self) -> CardStatus {
        let card = match &self.core.sim {
            None => Card { state: CardState::Absent, ..Card::default() },
            Some(sim) if sim.bad => {
                Card { state: CardState::Error, error: CardError::NoAtr, ..Card::default() }
            }
            Some(sim) => Card {
                state: CardState::Present,
                applications: vec![self.application(sim)],
                ..Card::default()
            },
        };
        let used = if card.applications.is_empty() { 0xffff } else { 0 };
        CardStatus {
            primary_gw: used,
            primary_1x: 0xffff,
            secondary_gw: 0xffff,
            secondary_1x: 0xffff,
            cards: vec![card],
        }
    }

    fn application(&self, sim: &Sim) -> Application {
        let state = match sim {
            _ if self.core.sim_reading => ApplicationState::Detected,
            sim if sim.asks_pin() && sim.pin_tries == 0 && sim.puk_tries == 0 => ApplicationState::PinBlocked,
            sim if sim.asks_pin() && sim.pin_tries == 0 => ApplicationState::PukRequired,
            sim if sim.asks_pin() => ApplicationState::PinRequired,
            sim if sim.inactive => ApplicationState::Illegal,
            _ => ApplicationState::Ready,
        };
        let ready = state == ApplicationState::Ready;
        let personalization = if ready { PersonalizationState::Ready } else { PersonalizationState::Unknown };
        let tries = |count: u32| u8::try_from(count).unwrap_or(u8::MAX);
        let lock = match sim {
            sim if sim.pin.is_none() => PinState::Disabled,
            sim if sim.pin_tries == 0 && sim.puk_tries == 0 => PinState::PermanentlyBlocked,
            sim if sim.pin_tries == 0 => PinState::Blocked,
            sim if sim.verified => PinState::Verified,
            _ => PinState::NotVerified,
        };
        Application {
            kind: ApplicationType::Usim,
            state,
            personalization,
            id: USIM.to_vec(),
            pin1: Pin { state: lock, retries: tries(sim.pin_tries), puk_retries: tries(sim.puk_tries) },
            pin2: Pin { state: PinState::NotVerified, retries: 3, puk_retries: 10 },
            ..Application::default()
        }
    }

    fn slots(&self) -> SlotStatusReply {
        let sim = self.core.sim.as_ref();
        let iccid = Hidden(sim.map(|sim| swapped(&sim.iccid)).unwrap_or_default());
        let card = if sim.is_some() { PhysicalCard::Present } else { PhysicalCard::Absent };
        let slot = Slot { card, state: SlotState::Active, logical: 1, iccid };
        SlotStatusReply { slots: Some(vec![slot]), ..SlotStatusReply::default() }
    }

    fn read(&self, request: ReadTransparent) -> Answer {
        let (Some(file), Some(sim)) = (request.file, &self.core.sim) else {
            return error(QmiError::DeviceNotReady);
        };
        if self.core.sim_reading {
            return error(QmiError::DeviceNotReady);
        }
        if sim.bad {
            return error(QmiError::NoSim);
        }
        let locked = sim.asks_pin() && file.id != EF_ICCID;
        if locked {
            // "Security status not satisfied" (ETSI TS 102 221, 10.2.1.5).
            let card = Some(CardResult { sw1: 0x69, sw2: 0x82 });
            return error_with(QmiError::AccessDenied, &TransparentRead { card, content: None });
        }
        let content = match file.id {
            EF_ICCID => swapped(&sim.iccid),
            EF_IMSI => imsi(&sim.imsi),
            EF_AD => vec![0, 0, 0, 2],
            _ => return error(QmiError::SimFileNotFound),
        };
        let card = Some(CardResult { sw1: 0x90, sw2: 0 });
        ok(&TransparentRead { card, content: Some(Hidden(content)) })
    }

    /// Why no PIN operation can be done now.
    fn sim_refusal(&self) -> Option<QmiError> {
        match &self.core.sim {
            None => Some(QmiError::UimUninitialized),
            Some(_) if self.core.sim_reading => Some(QmiError::DeviceNotReady),
            Some(sim) if sim.bad => Some(QmiError::NoSim),
            Some(_) => None,
        }
    }

    fn pin_by_uim(&mut self, given: &str, operation: &Operation) -> Answer {
        let result = self.pin(given, operation);
        self.pin_answer(result)
    }

    fn pin(&mut self, given: &str, operation: &Operation) -> Result<(), QmiError> {
        if let Some(refusal) = self.sim_refusal() {
            return Err(refusal);
        }
        let Some(sim) = &mut self.core.sim else { return Err(QmiError::NoSim) };
        if sim.pin_tries == 0 {
            return Err(QmiError::PinBlocked);
        }
        if sim.pin.is_none() && !matches!(operation, Operation::Protect(true)) {
            return Err(QmiError::NoEffect);
        }
        if sim.pin.as_deref().is_some_and(|pin| pin != given) {
            sim.pin_tries -= 1;
            return Err(if sim.pin_tries == 0 { QmiError::PinBlocked } else { QmiError::IncorrectPin });
        }
        sim.pin_tries = 3;
        match operation {
            Operation::Verify => {}
            Operation::Protect(enabled) => sim.pin = enabled.then(|| given.to_string()),
            Operation::Change(new) => sim.pin = Some(new.clone()),
        }
        self.unlocked();
        Ok(())
    }

    fn unblock(&mut self, puk: &str, new: &str) -> Result<(), QmiError> {
        if let Some(refusal) = self.sim_refusal() {
            return Err(refusal);
        }
        let Some(sim) = &mut self.core.sim else { return Err(QmiError::NoSim) };
        if sim.puk_tries == 0 {
            return Err(QmiError::PinAlwaysBlocked);
        }
        if sim.puk != puk {
            sim.puk_tries -= 1;
            return Err(QmiError::IncorrectPin);
        }
        (sim.pin, sim.pin_tries, sim.puk_tries) = (Some(new.into()), 3, 10);
        self.unlocked();
        Ok(())
    }

    /// The right PIN came in; the card's files are read now.
    fn unlocked(&mut self) {
        let Some(sim) = &mut self.core.sim else { return };
        if std::mem::replace(&mut sim.verified, true) {
            return;
        }
        let delay = sim.unlocks_for;
        self.core.sim_reading = !delay.is_zero();
        self.core.later(delay, |core| {
            core.sim_reading = false;
            core.settle();
        });
    }

    fn pin_answer(&self, result: Result<(), QmiError>) -> Answer {
        let tries = |count: u32| u8::try_from(count).unwrap_or(u8::MAX);
        let sim = self.core.sim.as_ref();
        let retries = sim.map(|sim| Retries { verify: tries(sim.pin_tries), unblock: tries(sim.puk_tries) });
        let left = retries.as_ref().map_or(0, |retries| retries.verify);
        match result {
            Ok(()) => ok(&PinVerified { retries, card: Some(CardResult { sw1: 0x90, sw2: 0 }) }),
            Err(refused @ QmiError::IncorrectPin) => {
                let card = Some(CardResult { sw1: 0x63, sw2: 0xc0 | left });
                error_with(refused, &PinVerified { retries, card })
            }
            Err(refused) => error_with(refused, &PinVerified { retries, card: None }),
        }
    }

    /// Modems from MDM9x30 on answer these with "no such command".
    pub fn dms_pins(&mut self, frame: &Frame) -> Answer {
        if !self.setup.has_dms_pins {
            return error(QmiError::InvalidQmiCommand);
        }
        let result = match frame.message {
            dms::SimGetPinStatus::ID => return self.dms_pin_status(),
            dms::SimVerifyPin::ID => match ask::<dms::SimVerifyPin>(frame).pin {
                Some(pin) => self.pin(pin.code.reveal(), &Operation::Verify),
                None => Err(QmiError::MissingArgument),
            },
            dms::SimProtectPin::ID => match ask::<dms::SimProtectPin>(frame).pin {
                Some(pin) => self.pin(pin.code.reveal(), &Operation::Protect(pin.enabled)),
                None => Err(QmiError::MissingArgument),
            },
            dms::SimChangePin::ID => match ask::<dms::SimChangePin>(frame).pin {
                Some(pin) => self.pin(pin.old.reveal(), &Operation::Change(pin.new.reveal().to_string())),
                None => Err(QmiError::MissingArgument),
            },
            _ => match ask::<dms::SimUnblockPin>(frame).pin {
                Some(pin) => self.unblock(pin.puk.reveal(), pin.new.reveal()),
                None => Err(QmiError::MissingArgument),
            },
        };
        let card = self.card_status();
        let pin1 = card.cards.first().and_then(|card| card.applications.first()).map(|app| app.pin1.clone());
        let retries = pin1.map(|pin| dms::Retries { verify: pin.retries, unblock: pin.puk_retries });
        match result {
            Ok(()) => ok(&dms::SimPinVerified { retries }),
            Err(refused) => error_with(refused, &dms::SimPinVerified { retries }),
        }
    }

    fn dms_pin_status(&self) -> Answer {
        let Some(sim) = self.core.sim.as_ref().filter(|_| self.sim_refusal().is_none()) else {
            return error(QmiError::UimUninitialized);
        };
        let pin = self.application(sim).pin1;
        let retries = dms::Retries { verify: pin.retries, unblock: pin.puk_retries };
        let status = dms::PinStatus::from(u8::from(pin.state));
        ok(&dms::SimPinStatus { pin1: Some(dms::PinState { status, retries }), pin2: None })
    }
}

/// Digits with swapped nibbles, filled up with 0xf.
fn swapped(digits: &str) -> Vec<u8> {
    let nibble = |byte: Option<&u8>| byte.map_or(15, |byte| byte & 15);
    digits.as_bytes().chunks(2).map(|pair| nibble(pair.first()) | nibble(pair.get(1)) << 4).collect()
}

/// 3GPP TS 31.102, 4.2.2: length, then parity and digits.
fn imsi(digits: &str) -> Vec<u8> {
    let parity = if digits.len() % 2 == 1 { '9' } else { '1' };
    let body = swapped(&format!("{parity}{digits}"));
    let mut content = vec![u8::try_from(body.len()).unwrap_or(8)];
    content.extend(body);
    content.resize(9, 0xff);
    content
}
