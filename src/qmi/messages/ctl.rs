//! CTL, the service that hands out client ids of the others. It needs none itself.

use crate::qmi::frame::Service;
use crate::qmi::value::{Codec, Input, List8, Text};
use crate::{codes, messages, record};

impl Codec for Service {
    type Value = Self;
    fn get(input: &mut Input<'_>) -> Self {
        Service::from(input.u8())
    }
    fn put(value: &Self, out: &mut Vec<u8>) {
        out.push(u8::from(*value));
    }
}

impl Default for Service {
    fn default() -> Self {
        Service::from(0)
    }
}

record! {
    pub struct Version { service: Service, major: u16, minor: u16 }

    /// A client id belongs to one service; another service may have the same number.
    pub struct ClientId { service: Service, id: u8 }
}

codes! {
    /// Whether packets carry a QoS header.
    pub enum QosHeader: u8 { Absent = 0 => "absent", Present = 1 => "present" }

    /// What the packets on the network device are.
    pub enum LinkProtocol: u16 { Unknown = 0 => "unknown", Ethernet = 1 => "802.3", RawIp = 2 => "raw-ip" }
}

messages! { Ctl;
    0x0020 SetInstanceId { 0x01 id: u8 } -> InstanceIdSet { 0x01 link: u16 };
    /// Services and their versions; also the cheapest question that any QMI modem answers.
    0x0021 GetVersionInfo {} -> Versions { 0x01 services: List8<Version> };
    0x0022 AllocateClientId { 0x01 service: Service } -> ClientIdAllocated { 0x01 client: ClientId };
    0x0023 ReleaseClientId { 0x01 client: ClientId } -> ClientIdReleased { 0x01 client: ClientId };
    0x0026 SetDataFormat { 0x01 qos: QosHeader, 0x10 protocol: LinkProtocol }
        -> DataFormatSet { 0x10 protocol: LinkProtocol };
    /// Frees every client id of every client: what a crashed one left behind.
    0x0027 Sync {};
    /// Not for a device: libqmi's proxy names the device with it. Here for traces.
    0xff00 ProxyOpen { 0x01 device: Text };

    indications
    /// The modem has started anew; all client ids are gone.
    0x0027 Synced {};
}
