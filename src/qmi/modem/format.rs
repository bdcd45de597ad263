//! What the packets between modem and network device look like: 802.3, raw IP, or QMAP, which is
//! raw IP with the number of its channel before each packet.
//!
//! Contract: asked once an opened modem and again when that changes, under no running session.

use super::connect::refused;
use super::{Modem, optional};
use crate::cause::{Cause, Why};
use crate::dial::{Channel, Dial};
use crate::qmi::client::{Error, Lease};
use crate::qmi::error::QmiError;
use crate::qmi::frame::Service;
use crate::qmi::messages::wda::{
    Aggregation, DataFormat, Endpoint, EndpointType, GetDataFormat, LinkLayer, SetDataFormat,
};
use crate::qmi::messages::wds::BindMuxDataPort;
use crate::quirks::Quirks;

/// Most packets in one transfer, and its largest size: what modems of 2012 and of 2022 take. The
/// modem's answer counts.
const DATAGRAMS: u32 = 32;
const TRANSFER: u32 = 16384;

impl Modem {
    /// What the packets look like: `true` for raw IP. `raw` is what the kernel's driver can do
    /// and we would like; a modem that insists on the other has its way.
    pub async fn data_format(&self, raw: bool, interface: u8, quirks: Quirks) -> Result<bool, Why> {
        let raw = raw || quirks.raw_ip_only;
        let Some(wda) = optional(self.client.lease(Service::Wda).await)? else {
            // Before WDA there was 802.3 only.
            return Ok(false);
        };
        let wanted = if raw { LinkLayer::RawIp } else { LinkLayer::Ethernet };
        let mut endpoints = [None, Some(usb(interface))];
        if quirks.format_by_endpoint {
            endpoints.reverse();
        }
        for endpoint in endpoints {
            let request = SetDataFormat {
                link_layer: Some(wanted),
                uplink: Some(Aggregation::Disabled),
                downlink: Some(Aggregation::Disabled),
                endpoint,
                ..SetDataFormat::default()
            };
            match wda.call(&request).await {
                Ok(set) => return Ok(set.link_layer.unwrap_or(wanted) == LinkLayer::RawIp),
                Err(Error::Refused(error)) => log::debug!("data format refused: {error}"),
                Err(error) => return Err(error.into()),
            }
        }
        // It has no choice to offer; what it does then is a question of its own.
        match wda.call(&GetDataFormat::default()).await {
            Ok(now) => Ok(now.link_layer == Some(LinkLayer::RawIp)),
            Err(Error::Refused(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Has the modem put its packets into QMAP: the size of the largest transfer of its.
    pub async fn channels(&self, dial: &Dial) -> Result<u32, Why> {
        let endpoint = dial.channel.map(|channel| usb(channel.interface));
        let Some(wda) = optional(self.client.lease(Service::Wda).await)? else {
            return Err(incapable(dial.session, "the modem has no WDA service").into());
        };
        // What another session runs with is not set a second time.
        match wda.call(&GetDataFormat { endpoint: endpoint.clone() }).await {
            Ok(DataFormat {
                link_layer: Some(LinkLayer::RawIp),
                uplink: Some(Aggregation::Qmap),
                downlink: Some(Aggregation::Qmap),
                downlink_size: Some(size),
                ..
            }) if size != 0 => return Ok(size),
            Ok(_) | Err(Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let request = SetDataFormat {
            link_layer: Some(LinkLayer::RawIp),
            uplink: Some(Aggregation::Qmap),
            downlink: Some(Aggregation::Qmap),
            downlink_datagrams: Some(DATAGRAMS),
            downlink_size: Some(TRANSFER),
            endpoint,
            ..SetDataFormat::default()
        };
        let set = match wda.call(&request).await {
            Ok(set) => set,
            Err(Error::Refused(error)) => return Err(incapable(dial.session, error.label()).into()),
            Err(error) => return Err(error.into()),
        };
        if set.uplink != Some(Aggregation::Qmap) || set.downlink != Some(Aggregation::Qmap) {
            return Err(incapable(dial.session, "it stays without").into());
        }
        // Zero is "no limit of mine".
        Ok(set.downlink_size.filter(|size| *size != 0).unwrap_or(TRANSFER))
    }

    /// Has a client id's connection use a channel.
    pub(super) async fn bind(&self, dial: &Dial, channel: Channel, lease: &Lease) -> Result<(), Why> {
        let request = BindMuxDataPort {
            endpoint: Some(usb(channel.interface)),
            mux: Some(channel.id),
            ..BindMuxDataPort::default()
        };
        match lease.tell(&request).await? {
            Ok(()) | Err(QmiError::NoEffect) => Ok(()),
            Err(
                error @ (QmiError::InvalidQmiCommand
                | QmiError::NotSupported
                | QmiError::DeviceUnsupported
                | QmiError::InvalidArgument),
            ) => Err(incapable(dial.session, error.label()).into()),
            Err(error) => Err(refused(error).into()),
        }
    }
}

fn usb(interface: u8) -> Endpoint {
    Endpoint { kind: EndpointType::Usb, interface: interface.into() }
}

fn incapable(session: u32, why: &str) -> Cause {
    Cause::BadConfig {
        option: "session".into(),
        value: session.to_string(),
        remedy: format!(
            "the modem refused QMAP ({why}); use it for one interface only, without option session"
        ),
    }
}
