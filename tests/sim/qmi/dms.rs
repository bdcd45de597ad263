//! What a simulated QMI modem answers as DMS: who it is, and whether its radio is on.

use uwand::qmi::error::QmiError;
use uwand::qmi::frame::Frame;
use uwand::qmi::messages::dms::*;
use uwand::qmi::tlv::Request;
use uwand::words::Id;

use super::setup::Fcc;
use super::state::{Answer, State, ask, done, error, ok};

impl State {
    pub fn dms(&mut self, frame: &Frame) -> Answer {
        let base = &self.setup.base;
        match frame.message {
            Reset::ID => {
                self.client(frame).wants.clear();
                done()
            }
            SetEventReport::ID => {
                let request: SetEventReport = ask(frame);
                self.wish::<EventReport>(frame, request.operating_mode);
                done()
            }
            GetCapabilities::ID => ok(&CapabilitiesReply { capabilities: Some(capabilities()) }),
            GetManufacturer::ID => ok(&Manufacturer { manufacturer: Some(self.setup.manufacturer.clone()) }),
            GetModel::ID => ok(&Model { model: Some(self.setup.model.clone()) }),
            GetRevision::ID => ok(&Revision { revision: Some(base.firmware.clone()) }),
            GetHardwareRevision::ID => ok(&HardwareRevision { revision: Some(base.hardware.clone()) }),
            GetSoftwareVersion::ID => ok(&SoftwareVersion { version: Some(base.firmware.clone()) }),
            GetNumber::ID => self.number(),
            GetIds::ID => ok(&Ids {
                esn: Some(Id::new("0")),
                imei: Some(Id::new(&*base.imei)),
                meid: None,
                imei_software_version: Some("01".into()),
            }),
            GetOperatingMode::ID => ok(&OperatingModeReply {
                mode: Some(self.told_mode()),
                offline_reason: None,
                hardware_restricted: Some(!self.core.hardware),
            }),
            SetOperatingMode::ID => self.set_mode(ask(frame)),
            GetBands::ID => ok(&Bands { bands: Some(1 << 22), lte: Some(0x0008_0045), ..Bands::default() }),
            ListStoredImages::ID => ok(&StoredImagesReply { images: Some(Vec::new()) }),
            GetFirmwarePreference::ID => ok(&FirmwarePreference { images: Some(Vec::new()) }),
            GetPowerState::ID => ok(&PowerStateReply { state: Some(PowerState { flags: 1, battery: 100 }) }),
            SetFccAuthentication::ID => self.unlock(&[Fcc::Dms]),
            FoxconnSetFccAuthentication::ID => {
                let request: FoxconnSetFccAuthentication = ask(frame);
                let variant = if request.number.is_some() { Fcc::FoxconnMagic } else { Fcc::FoxconnByte };
                self.unlock(&[variant])
            }
            SimGetPinStatus::ID
            | SimVerifyPin::ID
            | SimUnblockPin::ID
            | SimProtectPin::ID
            | SimChangePin::ID => self.dms_pins(frame),
            SimGetIccid::ID if self.setup.has_dms_pins => match &self.core.sim {
                Some(sim) => ok(&SimIccid { iccid: Some(Id::new(&*sim.iccid)) }),
                None => error(QmiError::UimUninitialized),
            },
            _ => error(QmiError::InvalidQmiCommand),
        }
    }

    fn number(&self) -> Answer {
        let sim = self.core.sim.as_ref().filter(|_| self.core.sim_is_ready());
        match sim.and_then(|sim| sim.numbers.first()) {
            Some(number) => ok(&Number { number: Some(Id::new(&**number)) }),
            None => error(QmiError::NotProvisioned),
        }
    }

    /// The hardware switch is told as low power.
    pub fn told_mode(&self) -> OperatingMode {
        match self.mode {
            OperatingMode::Online if !self.core.hardware => OperatingMode::LowPower,
            mode => mode,
        }
    }

    fn set_mode(&mut self, request: SetOperatingMode) -> Answer {
        let Some(mode) = request.mode else { return error(QmiError::MissingArgument) };
        match (mode, self.fcc) {
            (OperatingMode::Online, _) if !self.core.hardware => {
                return error(QmiError::HardwareRestricted);
            }
            (OperatingMode::Online, Some(Fcc::Dms)) => return error(QmiError::InvalidTransition),
            (OperatingMode::Online, Some(_)) => return done(),
            (OperatingMode::Online | OperatingMode::LowPower, _) if self.mode == OperatingMode::Offline => {
                return error(QmiError::InvalidTransition);
            }
            (OperatingMode::Reset, _) => self.resetting = true,
            (mode, _) if mode == self.mode => return done(),
            (mode, _) => self.mode = mode,
        }
        if self.mode == OperatingMode::LowPower {
            self.core.done(uwand::fault::Rung::Reregister);
        }
        if !self.resetting {
            self.switch();
        }
        done()
    }

    fn unlock(&mut self, variants: &[Fcc]) -> Answer {
        match self.fcc {
            None if self.setup.fcc.is_some_and(|fcc| variants.contains(&fcc)) => error(QmiError::NoEffect),
            Some(fcc) if variants.contains(&fcc) => {
                self.fcc = None;
                done()
            }
            _ => error(QmiError::InvalidQmiCommand),
        }
    }
}

fn capabilities() -> Capabilities {
    Capabilities {
        max_tx_rate: 50_000_000,
        max_rx_rate: 150_000_000,
        data: DataCapability::Ps,
        sim: SimCapability::Supported,
        radios: vec![Radio::Umts, Radio::Lte],
    }
}
