//! PURE. What the modem told: messages in, [`Facts`] and notes out.

use super::messages::Heard;
use crate::board;
use crate::cause::{Cause, Reason};
use crate::dial::Note;
use crate::few::Few;
use crate::pin::PinMemory;
use crate::qmi::messages::call_end;
use crate::qmi::messages::dms::OperatingMode;
use crate::qmi::messages::nas_codes::{AttachState, Radio, RegistrationState, RoamingIndicator};
use crate::qmi::messages::nas_info::SystemInfo;
use crate::qmi::messages::nas_types::{LteSignal, Nr5gSignal, Plmn, PlmnDigits, Serving, WcdmaSignal};
use crate::qmi::messages::uim::{ApplicationState, CardState, CardStatus, PinState};
use crate::qmi::messages::wds::{ConnectionStatus, PacketServiceChanged};
use crate::qmi::text::Encoding;
use crate::words::{Facts, Registration, Signal, SimState, Technology};

/// Everything known of one modem.
#[derive(Default)]
pub struct Known {
    pub facts: Facts,
    pub mode: Option<OperatingMode>,
    /// The application that is in use wants its UPIN in PIN1's place.
    pub upin: bool,
    pub reject: Option<Reason>,
    /// WDS client ids with the session that they belong to, while it is up.
    pub calls: Few<u8, u32>,
    /// WDS client ids whose start is under way, and that are connected by what was indicated.
    pub connected: Few<u8, ()>,
    pub pins: PinMemory,
    /// What the network said last in a USSD dialogue.
    pub ussd: Option<Heard>,
}

impl board::Known for Known {
    fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl Known {
    pub fn on_mode(&mut self, mode: Option<OperatingMode>, restricted: Option<bool>) -> Vec<Note> {
        if let Some(mode) = mode {
            self.mode = Some(mode);
            self.facts.radio_software = Some(mode == OperatingMode::Online);
        }
        if let Some(restricted) = restricted {
            self.facts.radio_hardware = Some(!restricted);
        } else if mode == Some(OperatingMode::Online) {
            self.facts.radio_hardware = Some(true);
        }
        Vec::new()
    }

    pub fn on_serving(
        &mut self,
        serving: Option<Serving>,
        roaming: Option<RoamingIndicator>,
        plmn: Option<Plmn>,
        digits: Option<PlmnDigits>,
    ) -> Vec<Note> {
        let Some(serving) = serving else { return Vec::new() };
        let abroad = match roaming {
            Some(roaming) => roaming == RoamingIndicator::Roaming,
            None => self.facts.registration == Some(Registration::Roaming),
        };
        self.facts.registration = Some(match serving.registration {
            RegistrationState::Registered if abroad => Registration::Roaming,
            RegistrationState::Registered => Registration::Home,
            RegistrationState::NotRegistered => Registration::NotRegistered,
            RegistrationState::Searching => Registration::Searching,
            RegistrationState::Denied => Registration::Denied,
            RegistrationState::Unknown | RegistrationState::Other(_) => Registration::Unknown,
        });
        self.facts.attached = match serving.ps {
            AttachState::Attached => Some(true),
            AttachState::Detached => Some(false),
            AttachState::Unknown | AttachState::Other(_) => None,
        };
        self.facts.technology = technology(&serving.radios);
        if serving.registration == RegistrationState::Registered {
            self.reject = None;
        }
        if let Some(plmn) = plmn {
            let three = digits.as_ref().map_or(plmn.mnc > 99, |digits| digits.three_digits);
            self.facts.mcc_mnc = Some(mcc_mnc(plmn.mcc, plmn.mnc, three));
            self.facts.operator = plmn.description.text(Encoding::Unknown);
        }
        Vec::new()
    }

    pub fn on_reject(&mut self, info: &SystemInfo) -> Vec<Note> {
        let systems = [
            info.nr5g.as_ref().map(|nr5g| &nr5g.system),
            info.lte.as_ref().map(|lte| &lte.system),
            info.wcdma.as_ref().map(|wcdma| &wcdma.system),
            info.gsm.as_ref().map(|gsm| &gsm.system),
        ];
        let rejected = systems.into_iter().flatten().find_map(|system| system.reject.as_ref());
        self.reject = rejected.filter(|rejected| rejected.cause != 0).map(|rejected| rejected.reason());
        Vec::new()
    }

    pub fn on_signal(
        &mut self,
        gsm: Option<i8>,
        wcdma: Option<WcdmaSignal>,
        lte: Option<LteSignal>,
        nr5g: Option<Nr5gSignal>,
    ) -> Vec<Note> {
        self.facts.signal = signal(gsm, wcdma, lte, nr5g);
        Vec::new()
    }

    pub fn on_card(&mut self, status: Option<CardStatus>) -> Vec<Note> {
        let Some(status) = status else { return Vec::new() };
        let before = self.facts.sim;
        let [slot, index] = status.primary_gw.to_be_bytes();
        let card = status.cards.get(usize::from(slot)).or_else(|| status.cards.first());
        let application = card.and_then(|card| card.applications.get(usize::from(index)));
        let in_use = application.filter(|_| status.primary_gw != 0xffff);
        self.upin = in_use.is_some_and(|application| application.upin_replaces_pin1);
        self.facts.sim = Some(match (card, in_use) {
            (None, _) => SimState::Absent,
            (Some(card), _) if card.state == CardState::Absent => SimState::Absent,
            (Some(card), _) if card.state == CardState::Error => SimState::Failed,
            (Some(_), None) => SimState::NotReady,
            (Some(card), Some(application)) => {
                let pin = if self.upin { &card.upin } else { &application.pin1 };
                self.facts.pin_tries = Some(u32::from(pin.retries));
                match (application.state, pin.state) {
                    (ApplicationState::Ready, _) => SimState::Ready,
                    (ApplicationState::PinRequired, _) => SimState::PinRequired,
                    (ApplicationState::PukRequired | ApplicationState::PinBlocked, _)
                    | (_, PinState::Blocked | PinState::PermanentlyBlocked) => SimState::PukRequired,
                    (ApplicationState::Illegal, _) => SimState::Failed,
                    (
                        ApplicationState::Unknown
                        | ApplicationState::Detected
                        | ApplicationState::Personalization
                        | ApplicationState::Other(_),
                        _,
                    ) => SimState::NotReady,
                }
            }
        });
        if before.is_some() && self.facts.sim == Some(SimState::Absent) {
            self.pins = PinMemory::default();
        }
        if self.facts.sim == Some(SimState::Absent) {
            (self.facts.iccid, self.facts.imsi) = (None, None);
            self.facts.numbers.clear();
        }
        Vec::new()
    }

    pub fn on_packet(&mut self, client: u8, packet: &PacketServiceChanged) -> Vec<Note> {
        let connection = packet.connection.as_ref();
        let Some(session) = self.calls.get(&client).copied() else {
            match connection.map(|connection| connection.status) {
                Some(ConnectionStatus::Connected) => self.connected.insert(client, ()),
                Some(ConnectionStatus::Disconnected) => drop(self.connected.remove(&client)),
                _ => {}
            }
            return Vec::new();
        };
        match connection.map(|connection| (connection.status, connection.reconfigure)) {
            Some((ConnectionStatus::Disconnected, _)) => {
                // The other family's end is the same loss.
                self.calls.retain(|_, of| *of != session);
                let reason = call_end::reason(packet.reason, packet.verbose.as_ref());
                vec![Note::Lost { session, cause: Cause::ConnectFailed(reason).into() }]
            }
            Some((ConnectionStatus::Connected, true)) => vec![Note::Settings { session }],
            _ => Vec::new(),
        }
    }

    /// The modem started anew: nothing that was is any more.
    pub fn on_restart(&mut self) -> Vec<Note> {
        self.calls.clear();
        self.connected.clear();
        vec![Note::Gone]
    }
}

/// LTE's where it serves: an NR cell beside it is its secondary.
pub fn signal(
    gsm: Option<i8>,
    wcdma: Option<WcdmaSignal>,
    lte: Option<LteSignal>,
    nr5g: Option<Nr5gSignal>,
) -> Signal {
    let tenth = |value: i16| f32::from(value) / 10.0;
    if let Some(lte) = lte {
        Signal {
            rssi_dbm: Some(lte.rssi.into()),
            rsrp_dbm: Some(lte.rsrp.into()),
            rsrq_db: Some(lte.rsrq.into()),
            sinr_db: Some(tenth(lte.snr)),
        }
    } else if let Some(nr) = nr5g {
        Signal { rsrp_dbm: Some(nr.rsrp.into()), sinr_db: Some(tenth(nr.snr)), ..Signal::default() }
    } else {
        let rssi = wcdma.map(|wcdma| wcdma.rssi).or(gsm);
        Signal { rssi_dbm: rssi.map(i32::from), ..Signal::default() }
    }
}

fn technology(radios: &[Radio]) -> Option<Technology> {
    let has = |radio: Radio| radios.contains(&radio);
    if has(Radio::Nr5g) && has(Radio::Lte) {
        Some(Technology::FivegNsa)
    } else if has(Radio::Nr5g) {
        Some(Technology::FivegSa)
    } else if has(Radio::Lte) {
        Some(Technology::Lte)
    } else if has(Radio::Umts) || has(Radio::TdScdma) {
        Some(Technology::Umts)
    } else if has(Radio::Gsm) {
        Some(Technology::Gsm)
    } else if has(Radio::Cdma1x) || has(Radio::Evdo) {
        Some(Technology::Cdma)
    } else {
        None
    }
}

pub fn mcc_mnc(mcc: u16, mnc: u16, three_digits: bool) -> String {
    if three_digits { format!("{mcc:03}{mnc:03}") } else { format!("{mcc:03}{mnc:02}") }
}
