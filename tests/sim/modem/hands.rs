//! What a test does to a simulated modem, its SIM and its network, and what it asks it.

use std::io;
use std::path::Path;

use tokio::task::AbortHandle;
use tokio::time::Instant;
use uwand::fault::Rung;
use uwand::mbim::Kind;
use uwand::mbim::messages::Message;
use uwand::mbim::messages::connect::SetConnect;
use uwand::mbim::messages::enums::{ActivationCommand, Packet, Register};

use super::super::fault::Fault;
use super::{Asked, Ip, Network, Seen, Session, Sim, SimModem};

/// What a test does to the modem, its SIM and its network.
impl SimModem {
    pub fn fault(&self, fault: Fault) {
        self.0.faults.borrow_mut().add(fault);
    }

    pub fn clear_faults(&self) {
        self.0.faults.borrow_mut().clear();
    }

    pub fn insert_sim(&self, sim: Sim) {
        self.act(|state| {
            state.sim = Some(sim);
            state.read_sim();
        });
    }

    pub fn remove_sim(&self) {
        self.act(|state| {
            state.sim = None;
            state.sim_reading = false;
            state.settle();
        });
    }

    /// The hardware switch of the radio.
    pub fn hw_radio(&self, on: bool) {
        self.act(|state| {
            state.hardware = on;
            state.settle();
        });
    }

    /// What the network has for this subscriber from now on.
    pub fn set_registration(&self, registration: Register, nw_error: u32) {
        self.act(|state| {
            (state.network.registration, state.network.nw_error) = (registration, nw_error);
            if state.registration != Register::Deregistered {
                state.take_network();
            }
        });
    }

    pub fn allow_registration(&self) {
        self.set_registration(Register::Home, 0);
    }

    /// Changes the network without a word to the modem; the next request meets it.
    pub fn network(&self, change: impl FnOnce(&mut Network)) {
        self.act(|state| change(&mut state.network));
    }

    /// The network ends a session.
    pub fn network_disconnect(&self, session: u32, cause: u32) {
        self.act(|state| {
            if state.sessions.remove(&session).is_some() {
                state.indicate_session(session, cause);
            }
        });
    }

    /// The network gives a session other settings; the modem indicates them.
    pub fn change_address(&self, session: u32, ip: Ip) {
        self.act(|state| {
            state.network.ip = ip.clone();
            let Some(active) = state.sessions.get_mut(&session) else { return };
            active.ip = ip.limited_to(active.ip_type);
            let told = active.ip.told(session);
            state.indicate(&told);
        });
    }

    /// The network detaches, and the modem stays so until the host or [`Self::reattach`] says otherwise.
    pub fn detach(&self, cause: u32) {
        self.act(|state| {
            (state.packet, state.packet_error, state.stay_detached) = (Packet::Detached, cause, true);
            state.settle();
        });
    }

    pub fn reattach(&self) {
        self.act(|state| {
            state.stay_detached = false;
            state.network.attach_refused = None;
            state.settle();
        });
    }

    /// Bearers stay up and no packet passes, until this was done to the modem.
    pub fn stall(&self, until: Rung) {
        self.act(|state| state.dead_until = Some(until));
    }

    /// It has power again.
    pub fn powered(&self) {
        self.clear_faults();
        self.act(|state| state.done(Rung::Power));
    }

    /// The host asked for a restart; asked once.
    pub fn wants_restart(&self) -> bool {
        std::mem::take(&mut self.0.state.borrow_mut().resetting)
    }

    /// Whether packets pass.
    pub fn carries(&self) -> bool {
        let state = self.0.state.borrow();
        !state.sessions.is_empty() && state.dead_until.is_none()
    }

    pub fn set_signal(&self, rssi: u32) {
        self.act(|state| state.rssi = rssi);
    }

    pub fn add_traffic(&self, received: u64, sent: u64) {
        self.act(|state| {
            state.traffic.0 += received;
            state.traffic.1 += sent;
        });
    }

    /// Leaves the bus: the host's descriptor ends, the socket is gone.
    pub fn vanish(&self) {
        self.0.leave();
        self.0.link.take();
        self.0.marked.borrow_mut().clear();
        self.0.state.borrow_mut().restart();
        self.flush();
    }

    /// Back on the bus at the same place, freshly started.
    pub fn come_back(&self) -> io::Result<()> {
        let path = self.0.path.borrow().clone();
        self.come_back_at(&path.ok_or(io::ErrorKind::NotFound)?)
    }

    /// Back under another number.
    pub fn come_back_at(&self, path: &Path) -> io::Result<()> {
        self.listen(path)
    }

    /// Takes the host's descriptor away, without losing power.
    pub fn hang_up(&self) {
        self.0.link.take();
    }
}

/// What a test wants to know.
impl SimModem {
    pub fn seen(&self) -> Vec<Seen> {
        self.0.seen.borrow().clone()
    }

    /// Messages of the host so far: each is one control round trip.
    pub fn requests(&self) -> usize {
        self.0.seen.borrow().len()
    }

    /// When the host sent this.
    pub fn times(&self, asked: &Asked) -> Vec<Instant> {
        self.0.seen.borrow().iter().filter(|seen| seen.asked == *asked).map(|seen| seen.at).collect()
    }

    pub fn count_of_set<M: Message>(&self) -> usize {
        self.times(&Asked::Command { service: M::SERVICE, cid: M::CID, kind: Kind::Set }).len()
    }

    pub fn count_of_query<M: Message>(&self) -> usize {
        self.times(&Asked::Command { service: M::SERVICE, cid: M::CID, kind: Kind::Query }).len()
    }

    pub fn forget_requests(&self) {
        self.0.seen.borrow_mut().clear();
        self.0.connects.borrow_mut().clear();
        self.0.frames.borrow_mut().clear();
    }

    /// When the host asked for activation.
    pub fn activations(&self) -> Vec<SetConnect> {
        let connects = self.0.connects.borrow();
        connects.iter().filter(|set| set.command == ActivationCommand::Activate).cloned().collect()
    }

    pub fn sessions(&self) -> Vec<(u32, Session)> {
        self.0.state.borrow().sessions.iter().map(|(id, session)| (*id, session.clone())).collect()
    }

    pub fn is_open(&self) -> bool {
        self.0.state.borrow().open
    }

    pub fn pin_tries(&self) -> Option<u32> {
        self.0.state.borrow().sim.as_ref().map(|sim| sim.pin_tries)
    }

    /// Every control transfer: whether the host sent it, and its bytes.
    pub fn transfers(&self) -> Vec<(bool, Vec<u8>)> {
        self.0.frames.borrow().clone()
    }
}
