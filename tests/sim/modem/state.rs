//! The firmware of a simulated modem as a plain state machine: whole frames in, frames and
//! timers out, no I/O and no clock.
//!
//! What follows from what (no registration without a SIM, no session without an attach) is
//! in [`State::settle`]; what a host hears of it unasked is the difference to what it heard
//! last ([`State::announce`]).

use std::collections::BTreeMap;
use std::time::Duration;

use uwand::fault::Rung;
use uwand::mbim::messages::Message;
use uwand::mbim::messages::connect::ConnectState;
use uwand::mbim::messages::enums::*;
use uwand::mbim::messages::services::EventEntry;
use uwand::mbim::messages::sms::SmsPdu;
use uwand::mbim::{Content, ContextType, Frame, ProtocolError, Service, Status};

use super::session::Session;
use super::setup::{Network, Setup, Sim};

/// Happens later, unless the modem was reset in between.
pub type Later = Box<dyn FnOnce(&mut State)>;

/// The status of an answer and its information buffer.
pub type Reply = (Status, Vec<u8>);

pub struct State {
    pub setup: Setup,
    pub network: Network,
    pub open: bool,
    /// The smaller of what host and modem can.
    pub transfer: usize,
    /// The MBIMEx version in use.
    pub mbimex: u16,
    pub sim: Option<Sim>,
    pub sim_reading: bool,
    pub hardware: bool,
    pub software: bool,
    pub registration: Register,
    pub register_error: u32,
    pub register_mode: RegisterMode,
    pub packet: Packet,
    pub packet_error: u32,
    /// The host or the network detached: no attach by itself.
    pub stay_detached: bool,
    pub sessions: BTreeMap<u32, Session>,
    /// Sessions that wait for the network, with the transaction to answer.
    pub activating: BTreeMap<u32, u32>,
    pub rssi: u32,
    pub traffic: (u64, u64),
    pub sms_format: SmsFormat,
    pub store: Vec<SmsPdu>,
    /// PDUs that the host had sent.
    pub sent: Vec<Vec<u8>>,
    pub ussd_open: bool,
    /// Bearers are up and no packet passes, until this was done.
    pub dead_until: Option<Rung>,
    /// The host asked for a restart.
    pub resetting: bool,
    pub subscribed: Option<Vec<EventEntry>>,
    pub queried: (bool, bool),
    /// The lock of a laptop maker: the radio stays off.
    pub fcc_locked: bool,
    pub out: Vec<Frame>,
    pub timers: Vec<(Duration, Later)>,
    told: BTreeMap<u32, Vec<u8>>,
    epoch: u32,
}

/// The CIDs of Basic Connect whose changes are indicated, other than sessions.
const WATCHED: [u32; 5] = [2, 3, 9, 10, 11];

impl State {
    pub fn new(setup: Setup) -> Self {
        State::powered(setup, 0)
    }

    fn powered(setup: Setup, epoch: u32) -> Self {
        let mut state = State {
            network: setup.network.clone(),
            open: false,
            transfer: setup.max_transfer,
            mbimex: 0x0100,
            sim: setup.sim.clone(),
            sim_reading: false,
            hardware: setup.radio_hardware,
            software: setup.radio_software && !setup.fcc_locked,
            registration: Register::Deregistered,
            register_error: 0,
            register_mode: RegisterMode::Automatic,
            packet: Packet::Detached,
            packet_error: 0,
            stay_detached: false,
            sessions: BTreeMap::new(),
            activating: BTreeMap::new(),
            rssi: setup.rssi,
            traffic: (0, 0),
            sms_format: setup.sms_format,
            store: Vec::new(),
            sent: Vec::new(),
            ussd_open: false,
            dead_until: None,
            resetting: false,
            subscribed: None,
            queried: (false, false),
            fcc_locked: setup.fcc_locked,
            out: Vec::new(),
            timers: Vec::new(),
            told: BTreeMap::new(),
            epoch,
            setup,
        };
        state.read_sim();
        state
    }

    /// Power-on: everything but the SIM's lock counters begins anew.
    pub fn restart(&mut self) {
        let mut sim = self.sim.take();
        if let Some(sim) = &mut sim {
            sim.verified = false;
        }
        let epoch = self.epoch.wrapping_add(1);
        let setup = Setup { sim, network: self.network.clone(), ..self.setup.clone() };
        let dead_until = self.dead_until;
        *self = State::powered(setup, epoch);
        self.dead_until = dead_until;
        self.done(Rung::Reset);
    }

    /// This was done to it, which may be what its bearers needed.
    pub fn done(&mut self, rung: Rung) {
        self.dead_until = self.dead_until.filter(|cure| *cure > rung);
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

    /// The SIM was put in or got power.
    pub fn read_sim(&mut self) {
        let Some(sim) = &self.sim else { return self.settle() };
        let delay = sim.reads_for;
        self.sim_reading = true;
        self.settle();
        self.later(delay, |state| {
            state.sim_reading = false;
            state.settle();
        });
    }

    pub fn sim_is_ready(&self) -> bool {
        let usable = |sim: &Sim| !sim.bad && !sim.inactive && !sim.asks_pin();
        !self.sim_reading && self.sim.as_ref().is_some_and(usable)
    }

    pub fn radio_is_on(&self) -> bool {
        self.hardware && self.software
    }

    pub fn is_registered(&self) -> bool {
        matches!(self.registration, Register::Home | Register::Roaming | Register::Partner)
    }

    /// Draws the consequences of a change.
    pub fn settle(&mut self) {
        if !self.sim_is_ready() || !self.radio_is_on() {
            self.registration = Register::Deregistered;
            self.register_error = 0;
        } else if self.registration == Register::Deregistered {
            self.registration = Register::Searching;
            let delay = self.network.registers_after;
            self.later(delay, |state| {
                if state.registration == Register::Searching {
                    state.take_network();
                }
            });
        }
        if !self.is_registered() {
            self.packet = Packet::Detached;
            self.stay_detached = false;
        } else if self.packet == Packet::Detached && self.network.auto_attach && !self.stay_detached {
            self.attach();
        }
        if self.packet != Packet::Attached {
            self.drop_sessions(self.packet_error);
        }
    }

    /// Registers as the network has it now.
    pub fn take_network(&mut self) {
        self.registration = self.network.registration;
        self.register_error = self.network.nw_error;
        self.settle();
    }

    /// Begins an attach; a refusal is told by the packet service state.
    pub fn attach(&mut self) {
        if let Some(cause) = self.network.attach_refused {
            self.packet_error = cause;
            return;
        }
        self.packet = Packet::Attaching;
        self.packet_error = 0;
        let delay = self.network.attaches_after;
        self.later(delay, |state| {
            if state.packet == Packet::Attaching {
                state.packet = Packet::Attached;
            }
        });
    }

    /// Every session ends by the network's will.
    pub fn drop_sessions(&mut self, nw_error: u32) {
        while let Some((session, _)) = self.sessions.pop_first() {
            self.indicate_session(session, nw_error);
        }
    }

    pub fn indicate_session(&mut self, session: u32, nw_error: u32) {
        let active = self.sessions.get(&session);
        let state = ConnectState {
            session,
            activation: if active.is_some() { Activation::Activated } else { Activation::Deactivated },
            voice_call: VoiceCall::None,
            ip_type: active.map_or(IpType::Default, |session| session.ip_type),
            context_type: ContextType::Internet,
            nw_error,
        };
        self.indicate(&state);
    }

    pub fn indicate<M: Message>(&mut self, message: &M) {
        self.indicate_bytes(M::SERVICE, M::CID, message.emit());
    }

    /// Where the host wants to hear of it.
    pub fn indicate_bytes(&mut self, service: Service, cid: u32, body: Vec<u8>) {
        if self.open && self.is_subscribed(service, cid) {
            self.out.push(Frame::new(0, Content::Indication { service, cid, body }));
        }
    }

    /// The standard CIDs are indicated until the host says otherwise (MBIM 1.0, 10.5.30).
    fn is_subscribed(&self, service: Service, cid: u32) -> bool {
        match &self.subscribed {
            None => !self.setup.indicates_only_on_request,
            Some(list) => list.iter().any(|entry| {
                entry.service == service && (entry.cids.is_empty() || entry.cids.contains(&cid))
            }),
        }
    }

    /// Indicates what has changed since the host last heard of it.
    pub fn announce(&mut self) {
        for cid in WATCHED {
            let body = self.body_of(cid);
            if self.told.get(&cid) != Some(&body) {
                self.told.insert(cid, body.clone());
                self.indicate_bytes(Service::BasicConnect, cid, body);
            }
        }
    }

    /// Says no word of what has changed just now.
    pub fn hush(&mut self) {
        for cid in WATCHED {
            let body = self.body_of(cid);
            self.told.insert(cid, body);
        }
    }

    fn body_of(&self, cid: u32) -> Vec<u8> {
        match cid {
            2 => self.subscriber_ready().emit(),
            3 => self.radio_state().emit(),
            9 => self.register_state(),
            10 => self.packet_service(),
            _ => self.signal_state(),
        }
    }

    /// Deals with one whole message of the host.
    pub fn handle(&mut self, frame: Frame) {
        let transaction = frame.transaction;
        match frame.content {
            Content::Open { max_transfer } => self.handle_open(transaction, max_transfer),
            Content::Close => {
                self.close();
                self.out.push(Frame::new(transaction, Content::CloseDone(Status::Success)));
            }
            Content::Command { .. } if !self.open => {
                let error = Content::FunctionError(ProtocolError::NotOpened);
                self.out.push(Frame::new(transaction, error));
            }
            Content::Command { service, cid, kind, body } => {
                if let Some(reply) = self.command(transaction, service, cid, kind, &body) {
                    self.answer(transaction, service, cid, reply);
                }
            }
            // A modem has nothing to say to these.
            _ => {}
        }
    }

    fn handle_open(&mut self, transaction: u32, max_transfer: u32) {
        let wanted = usize::try_from(max_transfer).unwrap_or(usize::MAX);
        if wanted < 64 {
            let error = Content::FunctionError(ProtocolError::MaxTransfer);
            return self.out.push(Frame::new(transaction, error));
        }
        self.close();
        self.transfer = wanted.min(self.setup.max_transfer);
        self.open = true;
        for cid in WATCHED {
            let body = self.body_of(cid);
            self.told.insert(cid, body);
        }
        self.out.push(Frame::new(transaction, Content::OpenDone(Status::Success)));
    }

    fn close(&mut self) {
        self.open = false;
        self.subscribed = None;
        self.mbimex = 0x0100;
        self.queried = (false, false);
        self.activating.clear();
        if !self.setup.keeps_sessions {
            self.sessions.clear();
        }
    }

    pub fn answer(&mut self, transaction: u32, service: Service, cid: u32, (status, body): Reply) {
        let content = Content::CommandDone { service, cid, status, body };
        self.out.push(Frame::new(transaction, content));
    }
}

pub fn done<M: Message>(message: &M) -> Reply {
    (Status::Success, message.emit())
}

/// The usual error of a modem: a status and nothing else.
pub fn refused(status: Status) -> Reply {
    (status, Vec::new())
}
