//! What a simulated modem answers about networks: providers, registration, packet
//! service, signal.

use uwand::mbim::Status;
use uwand::mbim::messages::Message;
use uwand::mbim::messages::enums::*;
use uwand::mbim::messages::network::*;

use super::device::invalid;
use super::state::{Reply, State, done, refused};

impl State {
    pub fn networking(&mut self, id: u32, cid: u32, set: bool, body: &[u8]) -> Option<Reply> {
        let reply = match (cid, set) {
            (6, false) => self.home_provider(),
            (7, false) => done(&PreferredProviders::default()),
            (8, false) => return self.scan(id),
            (9, false) => {
                self.queried.1 = true;
                (Status::Success, self.register_state())
            }
            (9, true) => self.set_register(body),
            (10, false) => (Status::Success, self.packet_service()),
            (10, true) => return self.set_packet(id, body),
            (11, false) => (Status::Success, self.signal_state()),
            (11, true) => match SetSignalState::parse(body) {
                Ok(_) => (Status::Success, self.signal_state()),
                Err(error) => invalid(error),
            },
            _ => return self.contexts(id, cid, set, body),
        };
        Some(reply)
    }

    fn home_provider(&self) -> Reply {
        if !self.sim_is_ready() {
            return refused(Status::NotInitialized);
        }
        let network = &self.network;
        let provider = Provider {
            id: network.home_id.clone(),
            state: ProviderState::HOME,
            name: network.home_name.clone(),
            cellular_class: CellularClass::GSM,
            rssi: self.rssi,
            error_rate: 99,
        };
        done(&HomeProvider { provider })
    }

    fn scan(&mut self, id: u32) -> Option<Reply> {
        if !self.radio_is_on() {
            return Some(refused(Status::RadioPowerOff));
        }
        let delay = self.network.scan_takes;
        self.later(delay, move |state| {
            let cid = VisibleProviders::CID;
            let reply = done(&VisibleProviders { providers: state.visible() });
            state.answer(id, VisibleProviders::SERVICE, cid, reply);
        });
        None
    }

    fn visible(&self) -> Vec<Provider> {
        let provider = |id: &str, name: &str, state, rssi| Provider {
            id: id.into(),
            state,
            name: name.into(),
            cellular_class: CellularClass::GSM,
            rssi,
            error_rate: 99,
        };
        let registered =
            if self.is_registered() { ProviderState::REGISTERED } else { ProviderState::default() };
        let network = &self.network;
        vec![
            provider(
                &network.provider_id,
                &network.provider_name,
                ProviderState::VISIBLE | registered,
                self.rssi,
            ),
            provider("99999", "Other Net", ProviderState::VISIBLE | ProviderState::FORBIDDEN, 7),
        ]
    }

    pub fn register_state(&self) -> Vec<u8> {
        let registered = self.is_registered();
        let text = |text: &String| if registered { text.clone() } else { String::new() };
        let data_class = if registered { DataClass::LTE } else { DataClass::default() };
        let flags =
            if self.network.auto_attach { RegistrationFlags::AUTOMATIC_ATTACH } else { Default::default() };
        let state = RegisterStateV2 {
            nw_error: self.register_error,
            state: self.registration,
            mode: self.register_mode,
            available_data_classes: data_class,
            cellular_class: CellularClass::GSM,
            provider_id: text(&self.network.provider_id),
            provider_name: text(&self.network.provider_name),
            roaming_text: String::new(),
            flags,
            preferred_data_classes: self.setup.data_class,
        };
        if self.mbimex >= 0x0200 {
            return state.emit();
        }
        RegisterState {
            nw_error: state.nw_error,
            state: state.state,
            mode: state.mode,
            available_data_classes: state.available_data_classes,
            cellular_class: state.cellular_class,
            provider_id: state.provider_id,
            provider_name: state.provider_name,
            roaming_text: state.roaming_text,
            flags: state.flags,
        }
        .emit()
    }

    /// Why nothing can be done on the air now.
    fn air_refusal(&self) -> Option<Status> {
        match (&self.sim, self.radio_is_on()) {
            (None, _) => Some(Status::SimNotInserted),
            (Some(sim), _) if !self.sim_reading && sim.asks_pin() => Some(Status::PinRequired),
            (Some(_), _) if !self.sim_is_ready() => Some(Status::NotInitialized),
            (_, false) => Some(Status::RadioPowerOff),
            (_, true) => None,
        }
    }

    fn set_register(&mut self, body: &[u8]) -> Reply {
        let set = match SetRegisterState::parse(body) {
            Ok(set) => set,
            Err(error) => return invalid(error),
        };
        if let Some(status) = self.air_refusal() {
            return refused(status);
        }
        let manual = set.action == RegisterAction::Manual;
        if manual && set.provider_id != self.network.provider_id {
            return refused(Status::ProviderNotVisible);
        }
        self.register_mode = if manual { RegisterMode::Manual } else { RegisterMode::Automatic };
        if !self.is_registered() && self.registration != Register::Searching {
            self.registration = Register::Deregistered;
            self.settle();
        }
        (Status::Success, self.register_state())
    }

    pub fn packet_service(&self) -> Vec<u8> {
        let attached = self.packet == Packet::Attached;
        let class = if attached { DataClass::LTE } else { DataClass::default() };
        let (uplink, downlink) = if attached { (50_000_000, 150_000_000) } else { (0, 0) };
        let state = PacketService {
            nw_error: self.packet_error,
            state: self.packet,
            highest_available_data_class: class,
            uplink,
            downlink,
        };
        if self.mbimex < 0x0200 {
            return state.emit();
        }
        PacketServiceV2 {
            nw_error: state.nw_error,
            state: state.state,
            current_data_class: class,
            uplink,
            downlink,
            frequency_range: FrequencyRange::default(),
        }
        .emit()
    }

    fn set_packet(&mut self, id: u32, body: &[u8]) -> Option<Reply> {
        let set = match SetPacketService::parse(body) {
            Ok(set) => set,
            Err(error) => return Some(invalid(error)),
        };
        if set.action == PacketAction::Detach {
            self.packet = Packet::Detached;
            self.stay_detached = true;
            self.settle();
            return Some((Status::Success, self.packet_service()));
        }
        if let Some(status) = self.air_refusal() {
            return Some(refused(status));
        }
        if !self.is_registered() {
            return Some(refused(Status::NotRegistered));
        }
        self.stay_detached = false;
        if self.packet == Packet::Detached {
            self.attach();
        }
        if self.packet == Packet::Detached {
            return Some((Status::Failure, self.packet_service()));
        }
        // The answer comes when the attach is done.
        let delay = if self.packet == Packet::Attaching {
            self.network.attaches_after
        } else {
            std::time::Duration::ZERO
        };
        self.later(delay, move |state| {
            let reply = (Status::Success, state.packet_service());
            state.answer(id, PacketService::SERVICE, PacketService::CID, reply);
        });
        None
    }

    pub fn signal_state(&self) -> Vec<u8> {
        let rssi = if self.radio_is_on() { self.rssi } else { 99 };
        let state = SignalState {
            rssi,
            error_rate: 99,
            interval: 30,
            rssi_threshold: 0xffff_ffff,
            error_rate_threshold: 0xffff_ffff,
        };
        if self.mbimex < 0x0200 {
            return state.emit();
        }
        let cell = RsrpSnr {
            rsrp: rssi * 2 + 30,
            snr: 80,
            rsrp_threshold: 0,
            snr_threshold: 0,
            system: DataClass::LTE,
        };
        SignalStateV2 {
            rssi,
            error_rate: state.error_rate,
            interval: state.interval,
            rssi_threshold: state.rssi_threshold,
            error_rate_threshold: state.error_rate_threshold,
            rsrp_snr: if rssi == 99 { Vec::new() } else { vec![cell] },
        }
        .emit()
    }
}
