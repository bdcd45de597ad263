//! What a simulated QMI modem answers as WDS about calls: start, stop, status, settings.
//!
//! A call belongs to a QMAP channel and a family, as the modem's network interfaces do, and
//! lives as long as one client holds it. A client whose host was killed still holds it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use uwand::mbim::messages::connect::SetConnect;
use uwand::mbim::messages::enums::{AuthProtocol, IpType, Packet};
use uwand::qmi::error::QmiError;
use uwand::qmi::frame::{Frame, Service};
use uwand::qmi::messages::call_end::{CallEndReason, VerboseType};
use uwand::qmi::messages::wds::*;
use uwand::qmi::tlv::{self, Indication, Request};
use uwand::words::{Id, Secret};

use super::super::modem::{Grants, Ip};
use super::state::{Answer, State, ask, done, error, error_with, ok};

/// ESM cause (3GPP TS 24.301, 9.9.4.4).
const ONE_ADDRESS_ONLY: u32 = 52;
/// The handle of what autoconnect started.
pub const AUTOCONNECTED: u32 = u32::MAX;

/// A packet data connection of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub apn: String,
    pub profile: u8,
    pub ip: Ip,
    /// Handles by client; client 0 is the modem's autoconnect.
    pub holders: BTreeMap<u8, u32>,
}

/// Why a call is not there: as the modem tells it twice.
#[derive(Debug, Clone, PartialEq)]
pub struct End(pub CallEndReason, pub VerboseReason);

impl End {
    pub fn new(plain: CallEndReason, kind: VerboseType, reason: i16) -> Self {
        End(plain, VerboseReason { kind, reason })
    }

    /// The network's ESM cause.
    pub fn esm(cause: u32) -> Self {
        let plain = match cause {
            8 => CallEndReason::OperatorBarring,
            26 => CallEndReason::InsufficientResources,
            27 => CallEndReason::UnknownApn,
            28 => CallEndReason::UnknownPdp,
            29 => CallEndReason::AuthenticationFailed,
            30 => CallEndReason::GgsnReject,
            31 => CallEndReason::ActivationReject,
            32 => CallEndReason::OptionNotSupported,
            33 => CallEndReason::OptionUnsubscribed,
            36 => CallEndReason::RegularDeactivation,
            38 => CallEndReason::NetworkFailure,
            _ => CallEndReason::Unspecified,
        };
        End::new(plain, VerboseType::Gpp, i16::try_from(cause).unwrap_or(0))
    }

    fn no_service() -> Self {
        End::new(CallEndReason::NoService, VerboseType::CallManager, 2001)
    }

    pub fn answer(self) -> Answer {
        let reply = NetworkStarted { handle: None, reason: Some(self.0), verbose: Some(self.1) };
        error_with(QmiError::CallFailed, &reply)
    }
}

impl State {
    pub fn wds(&mut self, frame: &Frame) -> Option<Answer> {
        let answer = match frame.message {
            Reset::ID => {
                self.drop_client(frame.client);
                done()
            }
            SetEventReport::ID => {
                self.wish::<EventReport>(frame, Some(true));
                done()
            }
            RegisterIndications::ID => done(),
            Abort::ID => self.abort(frame),
            StartNetwork::ID => return self.start(frame),
            StopNetwork::ID => self.stop(frame),
            SetIpFamily::ID => match ask::<SetIpFamily>(frame).family {
                Some(family) => {
                    self.client(frame).family = family;
                    done()
                }
                None => error(QmiError::MissingArgument),
            },
            BindMuxDataPort::ID if !self.setup.binds => error(QmiError::InvalidQmiCommand),
            BindMuxDataPort::ID => {
                self.client(frame).mux = ask::<BindMuxDataPort>(frame).mux.unwrap_or(0);
                done()
            }
            GetPacketServiceStatus::ID => {
                let connected = self.calls.contains_key(&self.place(frame));
                let status =
                    if connected { ConnectionStatus::Connected } else { ConnectionStatus::Disconnected };
                ok(&PacketServiceStatus { status: Some(status) })
            }
            GetCurrentSettings::ID => self.settings(frame),
            GetPacketStatistics::ID => self.packet_statistics(frame),
            GetChannelRates::ID => ok(&ChannelRates {
                rates: Some(Rates { tx: 0, rx: 0, max_tx: 50_000_000, max_rx: 150_000_000 }),
            }),
            GetAutoconnect::ID => ok(&AutoconnectReply { status: Some(self.autoconnect), roaming: None }),
            SetAutoconnect::ID => match ask::<SetAutoconnect>(frame).status {
                Some(status) => {
                    self.autoconnect = status;
                    done()
                }
                None => error(QmiError::MissingArgument),
            },
            _ => self.wds_profile(frame),
        };
        Some(answer)
    }

    /// The network interface that this client means.
    fn place(&self, frame: &Frame) -> (u8, u8) {
        let client = self.clients.get(&(Service::Wds.into(), frame.client));
        client.map_or((0, 4), |client| (client.mux, number(client.family)))
    }

    fn start(&mut self, frame: &Frame) -> Option<Answer> {
        let request: StartNetwork = ask(frame);
        if let Some(family) = request.family {
            self.client(frame).family = family;
        }
        let place = self.place(frame);
        let set = match self.wish_of(&request, place.1) {
            Ok(set) => set,
            Err(refused) => return Some(error(refused)),
        };
        if let Some(call) = self.calls.get_mut(&place) {
            if call.holders.contains_key(&frame.client) || call.holders.contains_key(&0) {
                return Some(error(QmiError::NoEffect));
            }
            self.handles += 1;
            call.holders.insert(frame.client, self.handles);
            return Some(ok(&NetworkStarted { handle: Some(self.handles), ..NetworkStarted::default() }));
        }
        if self.core.packet != Packet::Attached {
            return Some(End::no_service().answer());
        }
        let (waiting, profile) = ((frame.client, frame.transaction), request.profile.unwrap_or(0));
        self.starting.insert(waiting);
        let (delay, frame) = (self.core.network.connects_after, frame.clone());
        self.later(delay, move |state| {
            if state.starting.remove(&waiting) {
                state.started(&frame, place, &set, profile);
            }
        });
        None
    }

    /// What the host asks the network for: the profile's, where it says nothing else.
    fn wish_of(&self, request: &StartNetwork, family: u8) -> Result<SetConnect, QmiError> {
        let profile = match request.profile {
            Some(index) => {
                let found = self.profiles.iter().find(|profile| profile.index == index);
                Some(found.ok_or(QmiError::InvalidProfile)?)
            }
            None => None,
        };
        let of_profile =
            |text: fn(&super::Profile) -> &String| profile.map_or(String::new(), |p| text(p).clone());
        let authentication = request.authentication.or(profile.map(|profile| profile.authentication));
        let password = request.password.as_ref().map(|password| password.reveal().to_string());
        Ok(SetConnect {
            apn: request.apn.clone().unwrap_or_else(|| of_profile(|profile| &profile.apn)),
            user_name: Id::new(
                request.username.clone().unwrap_or_else(|| of_profile(|profile| &profile.username)),
            ),
            password: Secret::new(password.unwrap_or_else(|| of_profile(|profile| &profile.password))),
            auth: match authentication {
                Some(Authentication::Pap) => AuthProtocol::Pap,
                Some(Authentication::Chap | Authentication::Both) => AuthProtocol::Chap,
                _ => AuthProtocol::None,
            },
            ip_type: if family == 6 { IpType::V6 } else { IpType::V4 },
            ..SetConnect::default()
        })
    }

    fn started(&mut self, frame: &Frame, place: (u8, u8), set: &SetConnect, profile: u8) {
        self.core.done(uwand::fault::Rung::Reconnect);
        let answer = match self.ask_network(place, set) {
            Ok(ip) => {
                self.handles += 1;
                let holders = BTreeMap::from([(frame.client, self.handles)]);
                self.calls.insert(place, Call { apn: set.apn.clone(), profile, ip, holders });
                ok(&NetworkStarted { handle: Some(self.handles), ..NetworkStarted::default() })
            }
            Err(end) => end.answer(),
        };
        self.out.push(frame.response(answer));
        if self.calls.contains_key(&place) {
            self.indicate_call(place, ConnectionStatus::Connected, false, None);
        }
    }

    fn ask_network(&self, (mux, family): (u8, u8), set: &SetConnect) -> Result<Ip, End> {
        if self.core.packet != Packet::Attached {
            return Err(End::no_service());
        }
        let other = self.calls.get(&(mux, 10 - family));
        if self.core.network.grants == Grants::One && other.is_some_and(|call| call.apn == set.apn) {
            return Err(End::esm(ONE_ADDRESS_ONLY));
        }
        let of_network = |granted| of_channel(self.core.network.ip.limited_to(granted), mux);
        self.core.ask_network(set).map(of_network).map_err(End::esm)
    }

    fn abort(&mut self, frame: &Frame) -> Answer {
        let Some(transaction) = ask::<Abort>(frame).transaction else {
            return error(QmiError::MissingArgument);
        };
        if !self.starting.remove(&(frame.client, transaction)) {
            return error(QmiError::InvalidTransactionId);
        }
        let aborted = Frame::request(Service::Wds, frame.client, transaction, StartNetwork::ID, Vec::new());
        self.out.push(aborted.response(error(QmiError::Aborted)));
        done()
    }

    fn stop(&mut self, frame: &Frame) -> Answer {
        let request: StopNetwork = ask(frame);
        let Some(handle) = request.handle else { return error(QmiError::MissingArgument) };
        let place = self.place(frame);
        if request.disable_autoconnect == Some(true) {
            self.autoconnect = Autoconnect::Disabled;
        }
        let client = if handle == AUTOCONNECTED { 0 } else { frame.client };
        let Some(call) = self.calls.get_mut(&place) else { return error(QmiError::NoEffect) };
        if call.holders.get(&client) != Some(&handle) {
            return error(QmiError::InvalidHandle);
        }
        self.let_go(place, client);
        done()
    }

    /// A client holds this call no more; the last one ends it.
    fn let_go(&mut self, place: (u8, u8), client: u8) {
        let Some(call) = self.calls.get_mut(&place) else { return };
        call.holders.remove(&client);
        if call.holders.is_empty() {
            self.end_call(place, End::new(CallEndReason::ClientEnd, VerboseType::CallManager, 2000));
        }
    }

    /// A client id is gone.
    pub fn drop_client(&mut self, client: u8) {
        self.starting.retain(|(of, _)| *of != client);
        let held: Vec<_> = self.calls.iter().filter(|(_, call)| call.holders.contains_key(&client)).collect();
        let held: Vec<(u8, u8)> = held.into_iter().map(|(place, _)| *place).collect();
        held.into_iter().for_each(|place| self.let_go(place, client));
    }

    pub fn end_call(&mut self, place: (u8, u8), end: End) {
        if self.calls.remove(&place).is_some() {
            self.indicate_call(place, ConnectionStatus::Disconnected, false, Some(end));
        }
    }

    /// To every client of this network interface.
    pub fn indicate_call(
        &mut self,
        (mux, family): (u8, u8),
        status: ConnectionStatus,
        reconfigure: bool,
        end: Option<End>,
    ) {
        let message = PacketServiceChanged {
            connection: Some(Connection { status, reconfigure }),
            reason: end.as_ref().map(|end| end.0),
            verbose: end.map(|end| end.1),
            family: Some(IpFamily::from(family)),
            ..PacketServiceChanged::default()
        };
        let (id, tlvs) = (PacketServiceChanged::ID, tlv::emit(&message));
        let is_of = |client: &super::state::Client| (client.mux, number(client.family)) == (mux, family);
        self.indicate_bytes(Service::Wds, id, &tlvs, is_of);
    }

    /// No call outlives the attach; autoconnect makes its own as soon as there is one.
    pub fn settle_calls(&mut self) {
        let attached = self.core.packet == Packet::Attached;
        while let (false, Some(place)) = (attached, self.calls.keys().next().copied()) {
            let cause = self.core.packet_error;
            let end = if cause == 0 { End::no_service() } else { End::esm(cause) };
            self.end_call(place, end);
        }
        let place = (0, number(IpFamily::Ipv4));
        let wanted = attached && self.autoconnect == Autoconnect::Enabled;
        if wanted && !self.calls.contains_key(&place) {
            let profile = self.profiles.first().cloned();
            let apn = profile.map(|profile| profile.apn).unwrap_or_default();
            let ip = self.core.network.ip.limited_to(IpType::V4);
            let holders = BTreeMap::from([(0, AUTOCONNECTED)]);
            self.calls.insert(place, Call { apn, profile: 1, ip, holders });
            self.indicate_call(place, ConnectionStatus::Connected, false, None);
        }
    }

    fn packet_statistics(&mut self, frame: &Frame) -> Answer {
        let mask = ask::<GetPacketStatistics>(frame).mask.unwrap_or(0);
        if !self.calls.contains_key(&self.place(frame)) {
            return error(QmiError::OutOfCall);
        }
        let (received, sent) = self.core.traffic;
        let packets = |bytes: u64| u32::try_from(bytes.div_ceil(1400)).ok();
        ok(&PacketStatistics {
            tx_packets: (mask & 1 != 0).then(|| packets(sent)),
            rx_packets: (mask & 2 != 0).then(|| packets(received)),
            tx_bytes: (mask & 0x40 != 0).then_some(Some(sent)),
            rx_bytes: (mask & 0x80 != 0).then_some(Some(received)),
            ..PacketStatistics::default()
        })
    }

    fn settings(&mut self, frame: &Frame) -> Answer {
        let asked = ask::<GetCurrentSettings>(frame).requested.unwrap_or(u32::MAX);
        let place = self.place(frame);
        let Some(call) = self.calls.get(&place) else { return error(QmiError::OutOfCall) };
        let (is_v6, mut told) = (place.1 == 6, CurrentSettings::default());
        if asked & settings::APN != 0 {
            told.apn = Some(call.apn.clone());
        }
        if asked & settings::PDP_TYPE != 0 {
            told.pdp_type = Some(if is_v6 { PdpType::Ipv6 } else { PdpType::Ipv4 });
        }
        if asked & settings::IP_FAMILY != 0 {
            told.family = Some(IpFamily::from(place.1));
        }
        if asked & settings::MTU != 0 {
            let mtu = if is_v6 { call.ip.v6_mtu } else { call.ip.v4_mtu };
            told.mtu = (mtu != 0).then_some(mtu);
        }
        if is_v6 {
            told_v6(asked, &call.ip, &mut told)
        } else {
            told_v4(asked, &call.ip, &mut told)
        }
        ok(&told)
    }
}

/// Each channel is a connection of its own, with addresses of its own.
fn of_channel(mut ip: Ip, mux: u8) -> Ip {
    for (address, _) in &mut ip.v4 {
        *address = Ipv4Addr::from(u32::from(*address) | u32::from(mux) << 8);
    }
    for (address, _) in &mut ip.v6 {
        *address = (u128::from(*address) | u128::from(mux) << 16).into();
    }
    ip
}

/// The family that a client means that never said one.
fn number(family: IpFamily) -> u8 {
    if family == IpFamily::Ipv6 { 6 } else { 4 }
}

fn told_v4(asked: u32, ip: &Ip, told: &mut CurrentSettings) {
    if asked & settings::ADDRESS != 0 {
        told.address = ip.v4.first().map(|(address, _)| *address);
    }
    if asked & settings::GATEWAY != 0 {
        let mask = |prefix: u32| Ipv4Addr::from(u32::MAX.checked_shl(32 - prefix).unwrap_or(0));
        told.netmask = ip.v4.first().map(|(_, prefix)| mask(*prefix));
        told.gateway = ip.v4_gateway;
    }
    if asked & settings::DNS != 0 {
        (told.dns1, told.dns2) = (ip.v4_dns.first().copied(), ip.v4_dns.get(1).copied());
    }
}

fn told_v6(asked: u32, ip: &Ip, told: &mut CurrentSettings) {
    let prefix = |length: u32| u8::try_from(length).unwrap_or(64);
    let own =
        ip.v6.first().map(|(address, length)| Ipv6Prefix { address: *address, length: prefix(*length) });
    if asked & settings::ADDRESS != 0 {
        told.address6 = own;
    }
    if asked & settings::GATEWAY != 0 {
        let length = own.map_or(64, |own| own.length);
        told.gateway6 = ip.v6_gateway.map(|address| Ipv6Prefix { address, length });
    }
    if asked & settings::DNS != 0 {
        (told.dns6_1, told.dns6_2) = (ip.v6_dns.first().copied(), ip.v6_dns.get(1).copied());
    }
}
