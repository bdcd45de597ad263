//! What a simulated modem answers about itself, its SIM and its radio.

use uwand::fault::Rung;
use uwand::mbim::messages::Message;
use uwand::mbim::messages::basic::*;
use uwand::mbim::messages::connect::{PacketStatistics, ProvisionedContexts, SetNetworkIdleHint};
use uwand::mbim::messages::enums::*;
use uwand::mbim::messages::extensions::{DeviceResetDone, QueryVersion, SysCaps, Version};
use uwand::mbim::messages::services::*;
use uwand::mbim::{Kind, Service, Status};
use uwand::words::Id;

use super::state::{Reply, State, done, refused};

/// The CIDs that the modem says it has.
const BASIC: [u32; 19] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 19, 20, 21, 22];

impl State {
    /// The answer to a command; `None` where it comes later.
    pub fn command(&mut self, id: u32, service: Service, cid: u32, kind: Kind, body: &[u8]) -> Option<Reply> {
        match service {
            Service::BasicConnect => self.basic(id, cid, kind == Kind::Set, body),
            Service::Extensions => Some(self.extension(cid, body)),
            Service::Sms | Service::Ussd if !self.setup.messages => Some(refused(Status::NoDeviceSupport)),
            Service::Sms => self.sms(id, cid, kind == Kind::Set, body),
            Service::Ussd if cid == 1 && kind == Kind::Set => self.ussd(id, body),
            _ => Some(refused(Status::NoDeviceSupport)),
        }
    }

    fn basic(&mut self, id: u32, cid: u32, set: bool, body: &[u8]) -> Option<Reply> {
        let reply = match (cid, set) {
            (1, false) => done(&self.caps()),
            (2, false) => {
                self.queried.0 = true;
                done(&self.subscriber_ready())
            }
            (3, false) => done(&self.radio_state()),
            (3, true) => self.set_radio(body),
            (4, false) => self.query_pin(),
            (4, true) => self.set_pin(body),
            (5, false) => done(&self.pin_list()),
            (13, false) => done(&ProvisionedContexts::default()),
            (16, false) => done(&DeviceServices { list: self.services() }),
            (19, true) => self.subscribe(body),
            (20, false) => done(&self.statistics()),
            (21, true) => SetNetworkIdleHint::parse(body).map_or_else(invalid, |hint| done(&hint)),
            (22, false) => done(&EmergencyMode::default()),
            _ => return self.networking(id, cid, set, body),
        };
        Some(reply)
    }

    fn caps(&self) -> DeviceCaps {
        DeviceCaps {
            device_type: DeviceType::Embedded,
            cellular_class: CellularClass::GSM,
            voice_class: VoiceClass::NoVoice,
            sim_class: SimClass::REMOVABLE,
            data_class: self.setup.data_class,
            sms_caps: SmsCaps::PDU_RECEIVE | SmsCaps::PDU_SEND,
            control_caps: ControlCaps::REG_MANUAL | ControlCaps::HW_RADIO_SWITCH,
            max_sessions: self.setup.max_sessions,
            custom_data_class: String::new(),
            device_id: Id::new(&*self.setup.imei),
            firmware: self.setup.firmware.clone(),
            hardware: self.setup.hardware.clone(),
        }
    }

    pub fn subscriber_ready(&self) -> SubscriberReady {
        let (state, known) = match &self.sim {
            None => (ReadyState::SimNotInserted, None),
            Some(_) if self.sim_reading => (ReadyState::NotInitialized, None),
            Some(sim) if sim.bad => (ReadyState::BadSim, None),
            Some(sim) if sim.asks_pin() => (ReadyState::DeviceLocked, None),
            Some(sim) if sim.inactive => (ReadyState::NotActivated, Some(sim)),
            Some(sim) => (ReadyState::Initialized, Some(sim)),
        };
        SubscriberReady {
            state,
            subscriber_id: Id::new(known.map_or("", |sim| &sim.imsi)),
            sim_iccid: Id::new(known.map_or("", |sim| &sim.iccid)),
            info: ReadyInfo::default(),
            numbers: known.map(|sim| sim.numbers.iter().map(Id::new).collect()).unwrap_or_default(),
        }
    }

    pub fn radio_state(&self) -> RadioState {
        let switch = |on| if on { RadioSwitch::On } else { RadioSwitch::Off };
        RadioState { hardware: switch(self.hardware), software: switch(self.software) }
    }

    fn set_radio(&mut self, body: &[u8]) -> Reply {
        match SetRadioState::parse(body) {
            Ok(_) if self.fcc_locked && self.setup.refuses_locked_radio => {
                refused(Status::OperationNotAllowed)
            }
            Ok(_) if self.fcc_locked => done(&self.radio_state()),
            Ok(set) => {
                self.software = set.software == RadioSwitch::On;
                if !self.software {
                    self.done(Rung::Reregister);
                }
                self.settle();
                done(&self.radio_state())
            }
            Err(error) => invalid(error),
        }
    }

    /// The lock as a PIN query and every set of a PIN tell it.
    fn pin(&self) -> Pin {
        let told = |pin_type, state, remaining_attempts| Pin { pin_type, state, remaining_attempts };
        match &self.sim {
            Some(sim) if sim.asks_pin() && sim.pin_tries == 0 => {
                told(PinType::Puk1, PinLock::Locked, sim.puk_tries)
            }
            Some(sim) if sim.asks_pin() => told(PinType::Pin1, PinLock::Locked, sim.pin_tries),
            Some(_) if self.setup.tells_pin2 => told(PinType::Pin2, PinLock::Locked, 3),
            Some(sim) => told(PinType::Pin1, PinLock::Unlocked, sim.pin_tries),
            None => told(PinType::Unknown, PinLock::Unlocked, u32::MAX),
        }
    }

    fn sim_refusal(&self) -> Option<Status> {
        match &self.sim {
            None => Some(Status::SimNotInserted),
            Some(_) if self.sim_reading => Some(Status::NotInitialized),
            Some(sim) if sim.bad => Some(Status::BadSim),
            Some(_) => None,
        }
    }

    fn query_pin(&self) -> Reply {
        self.sim_refusal().map_or_else(|| done(&self.pin()), refused)
    }

    fn set_pin(&mut self, body: &[u8]) -> Reply {
        let set = match SetPin::parse(body) {
            Ok(set) => set,
            Err(error) => return invalid(error),
        };
        if let Some(status) = self.sim_refusal() {
            return refused(status);
        }
        let Some(sim) = &mut self.sim else { return refused(Status::SimNotInserted) };
        let given = set.pin.reveal();
        let right = match (set.pin_type, set.operation) {
            (PinType::Pin1, PinOperation::Enter) if sim.pin.is_none() => return refused(Status::PinDisabled),
            (PinType::Pin1, _) if sim.pin_tries == 0 => false,
            (PinType::Pin1, _) => {
                let right = sim.pin.as_deref().is_none_or(|pin| pin == given);
                sim.pin_tries = if right { 3 } else { sim.pin_tries - 1 };
                right
            }
            (PinType::Puk1, PinOperation::Enter) => {
                let right = sim.puk == given && sim.puk_tries > 0;
                sim.puk_tries = if right { 10 } else { sim.puk_tries.saturating_sub(1) };
                right
            }
            _ => return refused(Status::NoDeviceSupport),
        };
        if !right {
            return (Status::Failure, self.pin().emit());
        }
        match (set.pin_type, set.operation) {
            (PinType::Puk1, _) => (sim.pin, sim.pin_tries) = (Some(set.new_pin.reveal().into()), 3),
            (_, PinOperation::Disable) => sim.pin = None,
            (_, PinOperation::Enable) => sim.pin = Some(given.into()),
            (_, PinOperation::Change) => sim.pin = Some(set.new_pin.reveal().into()),
            _ => {}
        }
        sim.verified = true;
        self.sim_reading = !sim.unlocks_for.is_zero();
        let delay = sim.unlocks_for;
        self.later(delay, |state| {
            state.sim_reading = false;
            state.settle();
        });
        done(&self.pin())
    }

    fn pin_list(&self) -> PinList {
        let numeric =
            |mode| PinDescription { mode, format: PinFormat::Numeric, length_min: 4, length_max: 8 };
        let asked = self.sim.as_ref().is_some_and(|sim| sim.pin.is_some());
        PinList {
            pin1: numeric(if asked { PinMode::Enabled } else { PinMode::Disabled }),
            pin2: numeric(PinMode::Enabled),
            ..PinList::default()
        }
    }

    fn services(&self) -> DeviceServiceList {
        let service = |service, cids: &[u32]| DeviceService {
            service,
            dss_payload: 0,
            max_dss_instances: 0,
            cids: cids.to_vec(),
        };
        let mut services = vec![service(Service::BasicConnect, &BASIC)];
        if self.setup.messages {
            services.extend([service(Service::Sms, &[1, 2, 3, 4, 5]), service(Service::Ussd, &[1])]);
        }
        if self.setup.device_reset {
            services.push(service(Service::Extensions, &[5, 10, 15]));
        } else if self.setup.mbimex > 0x0100 {
            services.push(service(Service::Extensions, &[5, 15]));
        }
        if self.setup.inside.is_some() {
            services.push(service(Service::Qmi, &[1]));
        }
        DeviceServiceList { max_dss_sessions: 0, services }
    }

    fn subscribe(&mut self, body: &[u8]) -> Reply {
        match SetSubscribeList::parse(body) {
            Ok(set) => {
                self.subscribed = Some(set.events.clone());
                done(&SubscribeList { events: set.events })
            }
            Err(error) => invalid(error),
        }
    }

    fn statistics(&self) -> PacketStatistics {
        let (received, sent) = self.traffic;
        PacketStatistics {
            in_octets: received,
            in_packets: received.div_ceil(1400),
            out_octets: sent,
            out_packets: sent.div_ceil(1400),
            ..PacketStatistics::default()
        }
    }

    fn extension(&mut self, cid: u32, body: &[u8]) -> Reply {
        match cid {
            11 => match &self.setup.cells {
                Some(_) if !self.is_registered() => refused(Status::NotRegistered),
                Some(cells) => done(cells),
                None => refused(Status::NoDeviceSupport),
            },
            10 if self.setup.device_reset => {
                self.resetting = true;
                done(&DeviceResetDone::default())
            }
            5 => done(&SysCaps { executors: 1, slots: 1, concurrency: 1, modem_id: 1 }),
            15 if self.setup.mbimex > 0x0100 => match QueryVersion::parse(body) {
                Ok(asked) => {
                    self.mbimex = asked.extensions.min(self.setup.mbimex);
                    done(&Version { mbim: 0x0100, extensions: self.mbimex })
                }
                Err(error) => invalid(error),
            },
            _ => refused(Status::NoDeviceSupport),
        }
    }
}

pub fn invalid(_: uwand::wire::Malformed) -> Reply {
    refused(Status::InvalidParameters)
}
