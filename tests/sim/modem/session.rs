//! What a simulated modem answers about contexts: connect and IP configuration.

use uwand::fault::Rung;
use uwand::mbim::messages::Message;
use uwand::mbim::messages::connect::*;
use uwand::mbim::messages::enums::*;
use uwand::mbim::{ContextType, Status};

use super::device::invalid;
use super::setup::{Grants, Ip};
use super::state::{Reply, State, done, refused};

/// ESM causes (3GPP TS 24.301, 9.9.4.4).
const UNKNOWN_APN: u32 = 27;
const AUTHENTICATION_FAILED: u32 = 29;
const IPV4_ONLY: u32 = 50;
const IPV6_ONLY: u32 = 51;
const ONE_ADDRESS_ONLY: u32 = 52;

/// An activated context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub apn: String,
    pub ip_type: IpType,
    pub ip: Ip,
}

impl State {
    pub fn contexts(&mut self, id: u32, cid: u32, set: bool, body: &[u8]) -> Option<Reply> {
        let reply = match (cid, set) {
            (12, false) => match QueryConnect::parse(body) {
                Ok(query) => done(&self.connect_state(query.session, 0)),
                Err(error) => invalid(error),
            },
            (12, true) => return self.set_connect(id, body),
            (15, false) => self.ip_configuration(body),
            _ => refused(Status::NoDeviceSupport),
        };
        Some(reply)
    }

    fn connect_state(&self, session: u32, nw_error: u32) -> ConnectState {
        let active = self.sessions.get(&session);
        ConnectState {
            session,
            activation: if active.is_some() { Activation::Activated } else { Activation::Deactivated },
            voice_call: VoiceCall::None,
            ip_type: active.map_or(IpType::Default, |session| session.ip_type),
            context_type: if active.is_some() { ContextType::Internet } else { ContextType::None },
            nw_error,
        }
    }

    fn set_connect(&mut self, id: u32, body: &[u8]) -> Option<Reply> {
        let set = match SetConnect::parse(body) {
            Ok(set) => set,
            Err(error) => return Some(invalid(error)),
        };
        if set.command == ActivationCommand::Deactivate {
            let known = self.sessions.remove(&set.session).is_some();
            if let Some(pending) = self.activating.remove(&set.session) {
                let cancelled = self.connect_state(set.session, 0).emit();
                let reply = (Status::Failure, cancelled);
                self.answer(pending, ConnectState::SERVICE, ConnectState::CID, reply);
                return Some(done(&self.connect_state(set.session, 0)));
            }
            let state = self.connect_state(set.session, 0);
            return Some(if known { done(&state) } else { refused(Status::ContextNotActivated) });
        }
        if let Some(status) = self.connect_refusal(&set) {
            return Some(refused(status));
        }
        let delay = self.network.connects_after;
        if !self.setup.stubborn {
            self.activating.insert(set.session, id);
        }
        let stubborn = self.setup.stubborn;
        self.later(delay, move |state| {
            if state.activating.remove(&set.session).is_none() && !stubborn {
                return;
            }
            let reply = state.activate(set);
            state.answer(id, ConnectState::SERVICE, ConnectState::CID, reply);
        });
        None
    }

    /// What the modem itself refuses, before the network is asked.
    fn connect_refusal(&self, set: &SetConnect) -> Option<Status> {
        let room = usize::try_from(self.setup.max_sessions).unwrap_or(usize::MAX);
        if self.setup.queries_first && self.queried != (true, true) {
            return Some(Status::Failure);
        }
        if !self.radio_is_on() {
            return Some(Status::RadioPowerOff);
        }
        if !self.is_registered() {
            return Some(Status::NotRegistered);
        }
        if self.packet != Packet::Attached {
            return Some(Status::PacketServiceDetached);
        }
        let full = self.sessions.contains_key(&set.session) || self.sessions.len() >= room;
        full.then_some(Status::MaxActivatedContexts)
    }

    fn activate(&mut self, set: SetConnect) -> Reply {
        if self.packet != Packet::Attached {
            return refused(Status::PacketServiceDetached);
        }
        match self.ask_network(&set) {
            Ok(ip_type) => {
                let ip = self.network.ip.limited_to(ip_type);
                self.sessions.insert(set.session, Session { apn: set.apn, ip_type, ip });
                self.done(Rung::Reconnect);
                done(&self.connect_state(set.session, 0))
            }
            Err(cause) => (Status::Failure, self.connect_state(set.session, cause).emit()),
        }
    }

    /// The network's answer: the type that it grants, or its ESM cause.
    pub fn ask_network(&self, set: &SetConnect) -> Result<IpType, u32> {
        let network = &self.network;
        if network.apn.as_ref().is_some_and(|apn| *apn != set.apn) {
            return Err(UNKNOWN_APN);
        }
        let is_right = |(auth, user, password): &(AuthProtocol, String, String)| {
            (*auth, &**user, &**password) == (set.auth, set.user_name.reveal(), set.password.reveal())
        };
        if network.auth.as_ref().is_some_and(|auth| !is_right(auth)) {
            return Err(AUTHENTICATION_FAILED);
        }
        let both = !matches!(set.ip_type, IpType::V4 | IpType::V6);
        let reduce = |to, cause| if both && !network.strict { Ok(to) } else { Err(cause) };
        match (network.grants, set.ip_type) {
            (Grants::Nothing { nw_error }, _) => Err(nw_error),
            (Grants::Both | Grants::V4 | Grants::One, IpType::V4) => Ok(IpType::V4),
            (Grants::Both | Grants::V6 | Grants::One, IpType::V6) => Ok(IpType::V6),
            (Grants::Both, _) => Ok(IpType::V4V6),
            (Grants::V4, _) => reduce(IpType::V4, IPV4_ONLY),
            (Grants::V6, _) => reduce(IpType::V6, IPV6_ONLY),
            (Grants::One, _) => reduce(IpType::V4, ONE_ADDRESS_ONLY),
        }
    }

    fn ip_configuration(&self, body: &[u8]) -> Reply {
        let session = match QueryIpConfiguration::parse(body) {
            Ok(query) => query.session,
            Err(error) => return invalid(error),
        };
        match self.sessions.get(&session) {
            Some(active) => done(&active.ip.told(session)),
            None => refused(Status::ContextNotActivated),
        }
    }
}

impl Ip {
    pub fn limited_to(&self, ip_type: IpType) -> Ip {
        let (none, mut ip) = (Ip::untold(), self.clone());
        if ip_type == IpType::V6 {
            (ip.v4, ip.v4_gateway, ip.v4_dns, ip.v4_mtu) = (none.v4, None, none.v4_dns, 0);
        } else if ip_type == IpType::V4 {
            (ip.v6, ip.v6_gateway, ip.v6_dns, ip.v6_mtu) = (none.v6, None, none.v6_dns, 0);
        }
        ip
    }

    pub fn told(&self, session: u32) -> IpConfiguration {
        IpConfiguration {
            session,
            v4_available: available(
                &self.v4,
                self.v4_gateway.is_some(),
                !self.v4_dns.is_empty(),
                self.v4_mtu,
            ),
            v6_available: available(
                &self.v6,
                self.v6_gateway.is_some(),
                !self.v6_dns.is_empty(),
                self.v6_mtu,
            ),
            v4_addresses: self.v4.iter().map(|&(address, prefix)| Ipv4Element { prefix, address }).collect(),
            v6_addresses: self.v6.iter().map(|&(address, prefix)| Ipv6Element { prefix, address }).collect(),
            v4_gateway: self.v4_gateway,
            v6_gateway: self.v6_gateway,
            v4_dns: self.v4_dns.clone(),
            v6_dns: self.v6_dns.clone(),
            v4_mtu: self.v4_mtu,
            v6_mtu: self.v6_mtu,
        }
    }
}

fn available<T>(addresses: &[T], gateway: bool, dns: bool, mtu: u32) -> IpAvailable {
    let flag = |set, flag| if set { flag } else { IpAvailable::default() };
    flag(!addresses.is_empty(), IpAvailable::ADDRESS)
        | flag(gateway, IpAvailable::GATEWAY)
        | flag(dns, IpAvailable::DNS)
        | flag(mtu != 0, IpAvailable::MTU)
}
