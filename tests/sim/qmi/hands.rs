//! What a test does to a simulated QMI modem, its SIM and its network, and what it asks it.

use std::io;
use std::path::Path;

use tokio::time::Instant;
use uwand::fault::Rung;
use uwand::mbim::messages::enums::{Packet, Register};
use uwand::qmi::frame::Service;
use uwand::qmi::messages::dms::OperatingMode;
use uwand::qmi::messages::wda::LinkLayer;
use uwand::qmi::messages::wds::{ConnectionStatus, IpFamily, StartNetwork};
use uwand::qmi::tlv::Request;

use super::super::modem::{Ip, Network, Sim};
use super::state::Format;
use super::{Call, End, Profile, QmiFault, QmiModem, Seen};

/// What a test does to the modem, its SIM and its network.
impl QmiModem {
    pub fn fault(&self, fault: QmiFault) {
        self.0.faults.borrow_mut().add(fault);
    }

    pub fn clear_faults(&self) {
        self.0.faults.borrow_mut().clear();
    }

    pub fn insert_sim(&self, sim: Sim) {
        self.act(|state| {
            state.core.sim = Some(sim);
            state.core.read_sim();
        });
    }

    pub fn remove_sim(&self) {
        self.act(|state| {
            state.core.sim = None;
            state.core.sim_reading = false;
            state.core.settle();
        });
    }

    /// The hardware switch of the radio.
    pub fn hw_radio(&self, on: bool) {
        self.act(|state| {
            state.core.hardware = on;
            state.core.settle();
        });
    }

    /// What the network has for this subscriber from now on.
    pub fn set_registration(&self, registration: Register, nw_error: u32) {
        self.act(|state| {
            state.registration = (registration, nw_error);
            state.take_coverage();
            if state.core.registration != Register::Deregistered {
                state.core.take_network();
            }
            if let (Register::Denied, Ok(cause)) = (state.core.registration, u8::try_from(nw_error)) {
                state.reject(cause);
            }
        });
    }

    pub fn allow_registration(&self) {
        self.set_registration(Register::Home, 0);
    }

    /// Changes the network without a word to the modem; the next request meets it.
    pub fn network(&self, change: impl FnOnce(&mut Network)) {
        self.act(|state| change(&mut state.core.network));
    }

    /// The network ends the call of this QMAP channel and family.
    pub fn network_disconnect(&self, mux: u8, family: IpFamily, end: End) {
        self.act(|state| state.end_call((mux, family.into()), end));
    }

    /// The network gives a call other settings; the modem says that they changed.
    pub fn change_address(&self, mux: u8, family: IpFamily, ip: Ip) {
        self.act(|state| {
            let place = (mux, family.into());
            let Some(call) = state.calls.get_mut(&place) else { return };
            call.ip = ip;
            state.indicate_call(place, ConnectionStatus::Connected, true, None);
        });
    }

    /// The network detaches, and the modem stays so until the host or [`Self::reattach`] says otherwise.
    pub fn detach(&self, cause: u32) {
        self.act(|state| {
            let core = &mut state.core;
            (core.packet, core.packet_error, core.stay_detached) = (Packet::Detached, cause, true);
            core.settle();
        });
    }

    pub fn reattach(&self) {
        self.act(|state| {
            state.core.stay_detached = false;
            state.core.network.attach_refused = None;
            state.core.settle();
        });
    }

    /// Bearers stay up and no packet passes, until this was done to the modem.
    pub fn stall(&self, until: Rung) {
        self.act(|state| state.core.dead_until = Some(until));
    }

    /// It has power again.
    pub fn powered(&self) {
        self.clear_faults();
        self.act(|state| state.core.done(Rung::Power));
    }

    /// Whether packets pass.
    pub fn carries(&self) -> bool {
        let state = self.0.state.borrow();
        !state.calls.is_empty() && state.core.dead_until.is_none()
    }

    pub fn set_signal(&self, rssi: u32) {
        self.act(|state| state.core.rssi = rssi);
    }

    pub fn add_traffic(&self, received: u64, sent: u64) {
        self.act(|state| {
            state.core.traffic.0 += received;
            state.core.traffic.1 += sent;
        });
    }

    /// A message for this subscriber: SMSC address and TPDU.
    pub fn receive_message(&self, pdu: &[u8]) {
        self.act(|state| state.store_message(pdu.to_vec()));
    }

    /// The firmware starts anew while the host's descriptor stays: clients and calls are
    /// gone, and SYNC says so.
    pub fn reset(&self) {
        self.0.marked.borrow_mut().clear();
        self.act(|state| {
            state.restart();
            state.indicate_sync();
        });
    }

    /// Leaves the bus: the host's descriptor ends, the socket is gone.
    pub fn vanish(&self) {
        self.0.leave();
        self.0.link.take();
        self.0.marked.borrow_mut().clear();
        self.act(|state| state.restart());
    }

    /// Back on the bus at the same place, freshly started.
    pub fn come_back(&self) -> io::Result<()> {
        let path = self.0.path.borrow().clone();
        self.listen(&path.ok_or(io::ErrorKind::NotFound)?)
    }

    /// Back under another number.
    pub fn come_back_at(&self, path: &Path) -> io::Result<()> {
        self.listen(path)
    }

    /// Takes the host's descriptor away, without losing power.
    pub fn hang_up(&self) {
        self.0.link.take();
    }

    /// Writes to a stream in pieces of so many bytes; for hosts that come after.
    pub fn split_writes(&self, piece: usize) {
        *self.0.piece.borrow_mut() = Some(piece);
    }
}

/// What a test wants to know.
impl QmiModem {
    pub fn seen(&self) -> Vec<Seen> {
        self.0.seen.borrow().clone()
    }

    /// Messages of the host so far: each is one control round trip.
    pub fn requests(&self) -> usize {
        self.0.seen.borrow().len()
    }

    /// Messages of the host up to the last one of this kind, itself among them.
    pub fn requests_until<R: Request>(&self) -> usize {
        let seen = self.0.seen.borrow();
        let last = seen.iter().rposition(|seen| (seen.service, seen.message) == (R::SERVICE, R::ID));
        last.map_or(0, |last| last + 1)
    }

    /// When the host sent this.
    pub fn times<R: Request>(&self) -> Vec<Instant> {
        let seen = self.0.seen.borrow();
        let of = |seen: &&Seen| (seen.service, seen.message) == (R::SERVICE, R::ID);
        seen.iter().filter(of).map(|seen| seen.at).collect()
    }

    pub fn count<R: Request>(&self) -> usize {
        self.times::<R>().len()
    }

    pub fn forget_requests(&self) {
        self.0.seen.borrow_mut().clear();
        self.0.starts.borrow_mut().clear();
        self.0.frames.borrow_mut().clear();
    }

    /// Every start of the network that the host asked for.
    pub fn starts(&self) -> Vec<StartNetwork> {
        self.0.starts.borrow().clone()
    }

    /// QMAP channel, family and what there is of each call.
    pub fn calls(&self) -> Vec<((u8, u8), Call)> {
        self.0.state.borrow().calls.iter().map(|(place, call)| (*place, call.clone())).collect()
    }

    /// The client ids that somebody holds.
    pub fn clients(&self) -> Vec<(Service, u8)> {
        let state = self.0.state.borrow();
        state.clients.keys().map(|(service, client)| (Service::from(*service), *client)).collect()
    }

    pub fn clients_of(&self, service: Service) -> usize {
        self.clients().iter().filter(|(of, _)| *of == service).count()
    }

    pub fn profile(&self, index: u8) -> Option<Profile> {
        self.0.state.borrow().profiles.iter().find(|profile| profile.index == index).cloned()
    }

    pub fn mode(&self) -> OperatingMode {
        self.0.state.borrow().told_mode()
    }

    pub fn link_layer(&self) -> LinkLayer {
        self.0.state.borrow().format.link_layer
    }

    /// Link layer, uplink and downlink aggregation.
    pub fn format(&self) -> Format {
        self.0.state.borrow().format
    }

    pub fn pin_tries(&self) -> Option<u32> {
        self.0.state.borrow().core.sim.as_ref().map(|sim| sim.pin_tries)
    }

    /// SMSC address and TPDU of every message that the host sent.
    pub fn sent_messages(&self) -> Vec<Vec<u8>> {
        self.0.state.borrow().sent_messages.clone()
    }

    /// Everything on the line: whether the host sent it, and its bytes.
    pub fn transfers(&self) -> Vec<(bool, Vec<u8>)> {
        self.0.frames.borrow().clone()
    }
}
