//! The firmware of a simulated QMI modem as a plain state machine: frames in, frames and
//! timers out, no I/O and no clock.
//!
//! SIM, switches, registration and attach are the model that the MBIM modem has, too
//! (`core`; nobody has opened it, so it says nothing itself). Here are clients, calls and
//! what QMI tells of all that. What a host hears unasked is the difference to what it
//! heard last ([`State::announce`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uwand::mbim::messages::enums::Register;
use uwand::qmi::error::{QmiError, put_result};
use uwand::qmi::frame::{BROADCAST, Frame, Kind, Service};
use uwand::qmi::messages::dms::{self, OperatingMode};
use uwand::qmi::messages::wda::{Aggregation, LinkLayer};
use uwand::qmi::messages::wds::{Autoconnect, IpFamily};
use uwand::qmi::messages::wms::Route;
use uwand::qmi::messages::{nas, nas_info, uim, wds};
use uwand::qmi::tlv::{self, Empty, Indication, Message, Request};

use super::super::modem::{self, State as Core};
use super::nas::Selection;
use super::setup::{Fcc, Profile, Setup};
use super::wds::Call;
use super::wms::Stored;

/// Happens later, unless the modem was reset in between.
pub type Later = Box<dyn FnOnce(&mut State)>;

/// The TLVs of an answer, its result among them.
pub type Answer = Vec<u8>;

/// Whom a client id belongs to does not matter to a modem: what it has set does.
#[derive(Debug, Clone, Default)]
pub struct Client {
    pub family: IpFamily,
    /// The QMAP channel that it is bound to.
    pub mux: u8,
    /// Indications that it gets.
    pub wants: BTreeSet<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    pub link_layer: LinkLayer,
    pub uplink: Aggregation,
    pub downlink: Aggregation,
    /// Most bytes of one transfer.
    pub size: u32,
}

pub struct State {
    pub setup: Setup,
    pub core: Core,
    pub mode: OperatingMode,
    pub fcc: Option<Fcc>,
    pub clients: BTreeMap<(u8, u8), Client>,
    /// By QMAP channel and family, as the modem's network interfaces are.
    pub calls: BTreeMap<(u8, u8), Call>,
    /// Clients and transactions of starts that wait for the network.
    pub starting: BTreeSet<(u8, u16)>,
    pub profiles: Vec<Profile>,
    pub autoconnect: Autoconnect,
    pub format: Format,
    pub selection: Selection,
    /// What the network has for this subscriber, whatever host and profile make of it.
    pub registration: (Register, u32),
    pub messages: BTreeMap<u32, Stored>,
    pub sent_messages: Vec<Vec<u8>>,
    /// Where messages go, by class; and the transactions that were acknowledged.
    pub routes: Vec<Route>,
    pub acknowledged: Vec<u32>,
    /// A USSD dialogue is open.
    pub ussd_open: bool,
    /// The host asked for a restart.
    pub resetting: bool,
    pub out: Vec<Frame>,
    pub timers: Vec<(Duration, Later)>,
    pub handles: u32,
    told: BTreeMap<(u8, u16), Vec<u8>>,
    epoch: u32,
}

impl State {
    pub fn new(setup: Setup) -> Self {
        // The operating mode is what switches this radio.
        let core = Core::new(modem::Setup { radio_software: false, ..setup.base.clone() });
        let format = Format {
            link_layer: setup.insists_on.unwrap_or(setup.link_layer),
            uplink: Aggregation::Disabled,
            downlink: Aggregation::Disabled,
            size: 0,
        };
        let mut state = State {
            registration: (core.network.registration, core.network.nw_error),
            core,
            mode: setup.mode,
            fcc: setup.fcc,
            clients: BTreeMap::new(),
            calls: BTreeMap::new(),
            starting: BTreeSet::new(),
            profiles: setup.profiles.clone(),
            autoconnect: setup.autoconnect,
            format,
            selection: Selection::default(),
            messages: BTreeMap::new(),
            sent_messages: Vec::new(),
            routes: Vec::new(),
            acknowledged: Vec::new(),
            ussd_open: false,
            resetting: false,
            out: Vec::new(),
            timers: Vec::new(),
            handles: 0,
            told: BTreeMap::new(),
            epoch: 0,
            setup,
        };
        state.power_on();
        state
    }

    fn power_on(&mut self) {
        if self.fcc.is_some() && self.mode == OperatingMode::Online {
            self.mode = OperatingMode::LowPower;
        }
        self.switch();
    }

    /// Power-on: clients and calls are gone, profiles and messages stay.
    pub fn restart(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.core.restart();
        self.clients.clear();
        self.calls.clear();
        self.starting.clear();
        self.told.clear();
        self.resetting = false;
        self.fcc = self.setup.fcc;
        self.format.link_layer = self.setup.insists_on.unwrap_or(self.setup.link_layer);
        (self.format.uplink, self.format.downlink) = (Aggregation::Disabled, Aggregation::Disabled);
        self.format.size = 0;
        if self.mode != OperatingMode::PersistentLowPower {
            self.mode = self.setup.mode;
        }
        self.power_on();
    }

    /// The operating mode reaches the radio.
    pub fn switch(&mut self) {
        self.core.software = false;
        self.core.settle();
        self.core.software = self.mode == OperatingMode::Online;
        self.take_coverage();
        self.core.settle();
    }

    pub fn later(&mut self, delay: Duration, what: impl FnOnce(&mut State) + 'static) {
        if delay.is_zero() {
            return what(self);
        }
        let epoch = self.epoch;
        let guarded = move |state: &mut State| {
            if state.epoch == epoch {
                what(state);
            }
        };
        self.timers.push((delay, Box::new(guarded)));
    }

    /// Deals with one message of the host.
    pub fn handle(&mut self, frame: &Frame) {
        if frame.kind != Kind::Request {
            return;
        }
        let known = self.clients.contains_key(&(frame.service.into(), frame.client));
        let answer = match frame.service {
            Service::Ctl => Some(self.ctl(frame)),
            _ if !known => Some(error(QmiError::InvalidClientId)),
            Service::Dms => Some(self.dms(frame)),
            Service::Nas => self.nas(frame),
            Service::Wds => self.wds(frame),
            Service::Wda => Some(self.wda(frame)),
            Service::Uim => Some(self.uim(frame)),
            Service::Wms => Some(self.wms(frame)),
            Service::Voice => self.voice(frame),
            Service::Pdc => Some(self.pdc(frame)),
            Service::Loc => Some(self.loc(frame)),
            _ => Some(error(QmiError::InvalidQmiCommand)),
        };
        if let Some(answer) = answer {
            // Indications that follow from a message come behind its answer.
            self.out.insert(0, frame.response(answer));
        }
    }

    /// The client that a message came from. Its existence was looked at before.
    pub fn client(&mut self, frame: &Frame) -> &mut Client {
        self.clients.entry((frame.service.into(), frame.client)).or_default()
    }

    /// Switches an indication of this client on or off; says nothing where the host did not.
    pub fn wish<I: Indication>(&mut self, frame: &Frame, wish: Option<bool>) {
        match wish {
            Some(true) => self.client(frame).wants.insert(I::ID),
            Some(false) => self.client(frame).wants.remove(&I::ID),
            None => false,
        };
    }

    /// To every client of the service that wants it.
    pub fn indicate<I: Indication>(&mut self, message: &I) {
        self.indicate_bytes(I::SERVICE, I::ID, &tlv::emit(message), |_| true);
    }

    pub fn indicate_bytes(
        &mut self,
        service: Service,
        id: u16,
        tlvs: &[u8],
        chosen: impl Fn(&Client) -> bool,
    ) {
        for ((of, client), settings) in &self.clients {
            if *of == u8::from(service) && settings.wants.contains(&id) && chosen(settings) {
                self.out.push(Frame::indication(service, *client, 0, id, tlvs.to_vec()));
            }
        }
    }

    pub fn indicate_sync(&mut self) {
        let sync = uwand::qmi::messages::ctl::Synced::ID;
        self.out.push(Frame::indication(Service::Ctl, 0, 0, sync, Vec::new()));
    }

    /// Draws the consequences for calls, then indicates what has changed.
    pub fn announce(&mut self) {
        self.settle_calls();
        self.tell(&self.serving_changed());
        self.tell(&self.system_changed());
        self.tell(&self.signal_changed());
        self.tell(&uim::CardStatusChanged { status: Some(self.card_status()) });
        self.tell(&dms::EventReport { mode: Some(self.told_mode()), ..dms::EventReport::default() });
    }

    fn tell<I: Indication>(&mut self, message: &I) {
        let (place, body) = ((u8::from(I::SERVICE), I::ID), tlv::emit(message));
        let old = self.told.insert(place, body.clone());
        if old.is_some_and(|old| old != body) {
            self.indicate_bytes(I::SERVICE, I::ID, &body, |_| true);
        }
    }
}

/// What a new client of this service hears of without having asked.
pub fn defaults(service: Service) -> BTreeSet<u16> {
    match service {
        Service::Nas => BTreeSet::from([nas::ServingSystemChanged::ID]),
        Service::Wds => BTreeSet::from([wds::PacketServiceChanged::ID]),
        _ => BTreeSet::new(),
    }
}

pub fn ask<R: Request>(frame: &Frame) -> R {
    tlv::parse(&frame.tlvs)
}

pub fn ok(reply: &dyn Message) -> Answer {
    let mut tlvs = Vec::new();
    put_result(&mut tlvs, Ok(()));
    reply.put(&mut tlvs);
    tlvs
}

pub fn done() -> Answer {
    ok(&Empty {})
}

pub fn error(error: QmiError) -> Answer {
    error_with(error, &Empty {})
}

pub fn error_with(error: QmiError, reply: &dyn Message) -> Answer {
    let mut tlvs = Vec::new();
    put_result(&mut tlvs, Err(error));
    reply.put(&mut tlvs);
    tlvs
}
