//! PURE. What the modem told: messages in, [`Facts`] and notes out.
//!
//! Contract: answers and indications are taken alike; a message that does not parse
//! changes nothing. No I/O, no clock.

use super::refusal::{detached_for, lost};
use crate::board;
use crate::cause::Cause;
use crate::dial::Note;
use crate::few::{Few, Listed};
use crate::mbim::messages::Message;
use crate::mbim::messages::basic::{DeviceCaps, Pin, RadioState, SubscriberReady};
use crate::mbim::messages::connect::{ConnectState, IpConfiguration};
use crate::mbim::messages::enums::*;
use crate::mbim::messages::network::{
    HomeProvider, PacketService, RegisterState, SignalState, SignalStateV2, rssi_dbm,
};
use crate::mbim::messages::ussd::Ussd;
use crate::pin::PinMemory;
use crate::wire::Malformed;
use crate::words::{Facts, Id, Registration, Signal, SimState, Technology};

/// Everything known of one modem.
#[derive(Default)]
pub struct Known {
    pub facts: Facts,
    pub ready: Option<ReadyState>,
    pub register: Option<RegisterState>,
    pub packet: Option<PacketService>,
    /// Sessions that a link dialled, with the last state that the modem told of them.
    pub sessions: Few<u32, Activation>,
    pub pins: PinMemory,
    /// Tries left as the last refusal of a person's PIN told them.
    pub refused_tries: Option<u32>,
    /// The last thing that the network said by USSD unasked.
    pub ussd: Option<Ussd>,
    /// Layouts of MBIMEx that the modem agreed to.
    pub extensions: u8,
}

impl board::Known for Known {
    fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl Known {
    /// Takes one Basic Connect message.
    pub fn take(&mut self, cid: u32, body: &[u8]) -> Result<Vec<Note>, Malformed> {
        let mut notes = Vec::new();
        match cid {
            DeviceCaps::CID => self.on_caps(DeviceCaps::parse(body)?),
            SubscriberReady::CID => self.on_ready(SubscriberReady::parse(body)?),
            RadioState::CID => self.on_radio(&RadioState::parse(body)?),
            Pin::CID => self.on_pin(&Pin::parse(body)?),
            HomeProvider::CID => {}
            RegisterState::CID => self.on_register(RegisterState::parse(body)?),
            PacketService::CID => notes.extend(self.on_packet(PacketService::parse(body)?)),
            SignalState::CID => self.facts.signal = self.signal(body)?,
            ConnectState::CID => notes.extend(self.on_connect(&ConnectState::parse(body)?)),
            IpConfiguration::CID => {
                let session = IpConfiguration::parse(body)?.session;
                if self.sessions.get(&session) == Some(&Activation::Activated) {
                    notes.push(Note::Settings { session });
                }
            }
            _ => {}
        }
        Ok(notes)
    }

    fn on_caps(&mut self, caps: DeviceCaps) {
        self.facts.imei = some(caps.device_id);
        self.facts.revision = text(&caps.firmware);
        self.facts.model = text(&caps.hardware);
    }

    fn on_ready(&mut self, ready: SubscriberReady) {
        self.ready = Some(ready.state);
        self.facts.sim = Some(match ready.state {
            ReadyState::NotInitialized => SimState::NotReady,
            ReadyState::Initialized => SimState::Ready,
            ReadyState::SimNotInserted | ReadyState::NoEsimProfile => SimState::Absent,
            ReadyState::BadSim | ReadyState::Failure => SimState::Failed,
            ReadyState::NotActivated => SimState::NotActivated,
            // Which lock it is, only the PIN query tells.
            ReadyState::DeviceLocked => match self.facts.sim {
                Some(SimState::PukRequired) => SimState::PukRequired,
                _ => SimState::PinRequired,
            },
            ReadyState::Other(_) => SimState::Unknown,
        });
        let absent = matches!(ready.state, ReadyState::SimNotInserted | ReadyState::NoEsimProfile);
        let iccid = some(ready.sim_iccid);
        if absent || (iccid.is_some() && self.facts.iccid.is_some() && iccid != self.facts.iccid) {
            // Another card: what the last one thought of a PIN does not count.
            self.pins = PinMemory::default();
            self.refused_tries = None;
            self.facts.pin_tries = None;
        }
        self.facts.imsi = some(ready.subscriber_id);
        self.facts.iccid = iccid;
        self.facts.numbers = ready.numbers.into_iter().filter(|number| !number.is_empty()).listed();
    }

    fn on_radio(&mut self, radio: &RadioState) {
        self.facts.radio_hardware = Some(radio.hardware == RadioSwitch::On);
        self.facts.radio_software = Some(radio.software == RadioSwitch::On);
    }

    fn on_pin(&mut self, pin: &Pin) {
        let locked = pin.state == PinLock::Locked;
        match pin.pin_type {
            PinType::Pin1 if locked => self.facts.sim = Some(SimState::PinRequired),
            PinType::Puk1 if locked => self.facts.sim = Some(SimState::PukRequired),
            _ => {}
        }
        if matches!(pin.pin_type, PinType::Pin1 | PinType::Puk1) {
            self.facts.pin_tries = tries(pin);
        }
    }

    /// The SIM took this PIN, or has it from now on.
    pub fn sim_took(&mut self, pin: &crate::words::Secret) {
        self.pins.taken(pin);
        self.refused_tries = None;
    }

    fn on_register(&mut self, register: RegisterState) {
        self.facts.registration = Some(match register.state {
            Register::Unknown | Register::Other(_) => Registration::Unknown,
            Register::Deregistered => Registration::NotRegistered,
            Register::Searching => Registration::Searching,
            Register::Home => Registration::Home,
            Register::Roaming => Registration::Roaming,
            Register::Partner => Registration::Partner,
            Register::Denied => Registration::Denied,
        });
        self.facts.operator = text(&register.provider_name);
        self.facts.mcc_mnc = text(&register.provider_id);
        self.register = Some(register);
    }

    fn on_packet(&mut self, packet: PacketService) -> Vec<Note> {
        let attached = packet.state == Packet::Attached;
        self.facts.attached = Some(attached);
        self.facts.technology = technology(packet.highest_available_data_class).filter(|_| attached);
        let nw_error = packet.nw_error;
        let detached = packet.state == Packet::Detached;
        self.packet = Some(packet);
        if !detached {
            return Vec::new();
        }
        // Without packet service no bearer lives, whether or not the modem says it of each.
        let ended: Vec<u32> = self.active().listed();
        ended.into_iter().map(|session| self.end(session, detached_for(nw_error))).listed()
    }

    fn on_connect(&mut self, connect: &ConnectState) -> Option<Note> {
        let known = self.sessions.get(&connect.session).copied()?;
        let ended = matches!(connect.activation, Activation::Deactivated | Activation::Deactivating);
        if known == Activation::Activated && ended {
            return Some(self.end(connect.session, lost(connect.nw_error)));
        }
        self.sessions.insert(connect.session, connect.activation);
        None
    }

    fn active(&self) -> impl Iterator<Item = u32> + '_ {
        let is_active = |(_, activation): &(&u32, &Activation)| **activation == Activation::Activated;
        self.sessions.iter().filter(is_active).map(|(session, _)| *session)
    }

    fn end(&mut self, session: u32, cause: Cause) -> Note {
        self.sessions.insert(session, Activation::Deactivated);
        Note::Lost { session, cause: cause.into() }
    }

    fn signal(&self, body: &[u8]) -> Result<Signal, Malformed> {
        if self.extensions < 2 {
            let signal = SignalState::parse(body)?;
            return Ok(Signal { rssi_dbm: rssi_dbm(signal.rssi), ..Signal::default() });
        }
        let signal = SignalStateV2::parse(body)?;
        // With EN-DC there is an entry for each; LTE's comes first and carries the control.
        let cell = signal.rsrp_snr.iter().find(|cell| cell.rsrp_dbm().is_some());
        Ok(Signal {
            rssi_dbm: rssi_dbm(signal.rssi),
            rsrp_dbm: cell.and_then(|cell| cell.rsrp_dbm()),
            rsrq_db: None,
            sinr_db: cell.and_then(|cell| cell.snr_db()),
        })
    }
}

/// Tries left, where the modem knows. Some say 0 of a SIM that is open.
pub fn tries(pin: &Pin) -> Option<u32> {
    let unsaid = |tries: u32| tries == u32::MAX || (tries == 0 && pin.state == PinLock::Unlocked);
    Some(pin.remaining_attempts).filter(|tries| !unsaid(*tries))
}

/// The best technology of a set of data classes.
fn technology(classes: DataClass) -> Option<Technology> {
    let umts = [DataClass::UMTS, DataClass::HSDPA, DataClass::HSUPA];
    let gsm = [DataClass::GPRS, DataClass::EDGE];
    if classes.contains(DataClass::FIVEG_SA) {
        Some(Technology::FivegSa)
    } else if classes.contains(DataClass::FIVEG_NSA) {
        Some(Technology::FivegNsa)
    } else if classes.contains(DataClass::LTE) {
        Some(Technology::Lte)
    } else if umts.into_iter().any(|class| classes.contains(class)) {
        Some(Technology::Umts)
    } else if gsm.into_iter().any(|class| classes.contains(class)) {
        Some(Technology::Gsm)
    } else if classes.contains(DataClass::EVDO) || classes.contains(DataClass::RTT_1X) {
        Some(Technology::Cdma)
    } else {
        None
    }
}

fn some(id: Id) -> Option<Id> {
    Some(id).filter(|id| !id.is_empty())
}

fn text(text: &str) -> Option<String> {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    Some(text).filter(|text| !text.is_empty())
}
