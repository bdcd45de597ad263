//! What a simulated QMI modem answers as CTL, WDA, PDC and LOC: client ids, the data
//! format, and as much of the rest as a host meets.

use uwand::qmi::error::QmiError;
use uwand::qmi::frame::{Frame, Service};
use uwand::qmi::messages::ctl::*;
use uwand::qmi::messages::wda::{self, Aggregation, LinkLayer};
use uwand::qmi::messages::{loc, pdc};
use uwand::qmi::tlv::{Indication, Request};

use super::state::{Answer, Client, State, ask, defaults, done, error, ok};

impl State {
    /// The services and their versions.
    fn services(&self) -> Vec<Version> {
        let version = |service, major, minor| Version { service, major, minor };
        let mut services = vec![
            version(Service::Ctl, 1, 5),
            version(Service::Wds, 1, 67),
            version(Service::Dms, 1, 14),
            version(Service::Nas, 1, 25),
            version(Service::Loc, 2, 0),
            version(Service::Pdc, 1, 0),
        ];
        if self.setup.has_uim {
            services.push(version(Service::Uim, 1, 46));
        }
        if self.setup.has_messages {
            services.extend([version(Service::Wms, 1, 10), version(Service::Voice, 2, 1)]);
        }
        if self.setup.has_wda {
            services.push(version(Service::Wda, 1, 16));
        }
        services
    }

    pub fn ctl(&mut self, frame: &Frame) -> Answer {
        match frame.message {
            SetInstanceId::ID => ok(&InstanceIdSet { link: Some(1) }),
            GetVersionInfo::ID => ok(&Versions { services: Some(self.services()) }),
            AllocateClientId::ID => self.allocate(ask(frame)),
            ReleaseClientId::ID => self.release(ask(frame)),
            SetDataFormat::ID => self.set_format_by_ctl(ask(frame)),
            Sync::ID => {
                self.sync();
                done()
            }
            _ => error(QmiError::InvalidQmiCommand),
        }
    }

    fn allocate(&mut self, request: AllocateClientId) -> Answer {
        let Some(service) = request.service else { return error(QmiError::MissingArgument) };
        if service == Service::Ctl || !self.services().iter().any(|each| each.service == service) {
            return error(QmiError::InvalidServiceType);
        }
        let number = u8::from(service);
        let used = self.clients.range((number, 0)..=(number, u8::MAX)).count();
        let free = (1..u8::MAX).find(|id| !self.clients.contains_key(&(number, *id)));
        match free {
            Some(id) if used < self.setup.client_ids => {
                let wants = defaults(service);
                self.clients.insert((number, id), Client { wants, ..Client::default() });
                ok(&ClientIdAllocated { client: Some(ClientId { service, id }) })
            }
            _ => error(QmiError::ClientIdsExhausted),
        }
    }

    fn release(&mut self, request: ReleaseClientId) -> Answer {
        let Some(client) = request.client else { return error(QmiError::MissingArgument) };
        if self.clients.remove(&(client.service.into(), client.id)).is_none() {
            return error(QmiError::InvalidClientId);
        }
        if client.service == Service::Wds {
            self.drop_client(client.id);
        }
        ok(&ClientIdReleased { client: Some(client) })
    }

    /// Every client is gone, and with them the calls that they held.
    fn sync(&mut self) {
        let calls: Vec<u8> = self.calls.values().flat_map(|call| call.holders.keys().copied()).collect();
        self.clients.clear();
        self.starting.clear();
        calls.into_iter().filter(|client| *client != 0).for_each(|client| self.drop_client(client));
    }

    fn set_format_by_ctl(&mut self, request: SetDataFormat) -> Answer {
        let wanted = match request.protocol {
            Some(LinkProtocol::RawIp) => Some(LinkLayer::RawIp),
            Some(LinkProtocol::Ethernet) => Some(LinkLayer::Ethernet),
            _ => None,
        };
        self.set_link_layer(wanted);
        let protocol = match self.format.link_layer {
            LinkLayer::RawIp => LinkProtocol::RawIp,
            _ => LinkProtocol::Ethernet,
        };
        ok(&DataFormatSet { protocol: Some(protocol) })
    }

    fn set_link_layer(&mut self, wanted: Option<LinkLayer>) {
        let wanted = wanted.unwrap_or(self.format.link_layer);
        self.format.link_layer = self.setup.insists_on.unwrap_or(wanted);
    }

    pub fn wda(&mut self, frame: &Frame) -> Answer {
        match frame.message {
            wda::SetDataFormat::ID => {
                let request: wda::SetDataFormat = ask(frame);
                let able = |wanted: Option<Aggregation>, now| match wanted {
                    Some(Aggregation::Qmap) if !self.setup.has_qmap => Aggregation::Disabled,
                    Some(wanted) => wanted,
                    None => now,
                };
                let (uplink, downlink) =
                    (able(request.uplink, self.format.uplink), able(request.downlink, self.format.downlink));
                let changes = (uplink, downlink) != (self.format.uplink, self.format.downlink);
                if changes && !self.calls.is_empty() {
                    return error(QmiError::InvalidOperation);
                }
                (self.format.uplink, self.format.downlink) = (uplink, downlink);
                self.set_link_layer(request.link_layer);
                // A modem has its own limit.
                self.format.size = match downlink {
                    Aggregation::Qmap => request.downlink_size.unwrap_or(0).min(self.setup.largest_transfer),
                    _ => 0,
                };
                ok(&wda::DataFormatSet {
                    qos: Some(false),
                    link_layer: Some(self.format.link_layer),
                    uplink: Some(uplink),
                    downlink: Some(downlink),
                    downlink_datagrams: request.downlink_datagrams,
                    downlink_size: Some(self.format.size),
                    ..wda::DataFormatSet::default()
                })
            }
            wda::GetDataFormat::ID => ok(&wda::DataFormat {
                qos: Some(false),
                link_layer: Some(self.format.link_layer),
                uplink: Some(self.format.uplink),
                downlink: Some(self.format.downlink),
                ndp_signature: Some(0),
                downlink_datagrams: Some(0),
                downlink_size: Some(self.format.size),
                ..wda::DataFormat::default()
            }),
            _ => error(QmiError::InvalidQmiCommand),
        }
    }

    pub fn pdc(&mut self, frame: &Frame) -> Answer {
        match frame.message {
            pdc::Register::ID => {
                self.wish::<pdc::Configs>(frame, Some(true));
                self.wish::<pdc::SelectedConfig>(frame, Some(true));
                done()
            }
            pdc::ListConfigs::ID => {
                let token = ask::<pdc::ListConfigs>(frame).token;
                self.client(frame).wants.insert(pdc::Configs::ID);
                self.indicate(&pdc::Configs { result: Some(0), token, configs: Some(Vec::new()) });
                done()
            }
            _ => error(QmiError::InvalidQmiCommand),
        }
    }

    pub fn loc(&mut self, frame: &Frame) -> Answer {
        match frame.message {
            loc::RegisterEvents::ID => {
                let mask = ask::<loc::RegisterEvents>(frame).mask.unwrap_or(0);
                self.wish::<loc::Nmea>(frame, Some(mask & loc::EVENT_NMEA != 0));
                self.wish::<loc::Engine>(frame, Some(mask & loc::EVENT_ENGINE_STATE != 0));
                done()
            }
            loc::Start::ID | loc::Stop::ID => {
                let on = frame.message == loc::Start::ID;
                let state = if on { loc::EngineState::On } else { loc::EngineState::Off };
                self.indicate(&loc::Engine { state: Some(state) });
                done()
            }
            _ => error(QmiError::InvalidQmiCommand),
        }
    }
}
