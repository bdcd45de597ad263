//! WDA, data administration: what the packets between modem and network device look like.

use crate::{codes, messages, record};

codes! {
    pub enum LinkLayer: u32 {
        Unknown = 0 => "unknown",
        Ethernet = 1 => "802.3",
        RawIp = 2 => "raw-ip",
        EthernetPdu = 3 => "ethernet-pdu",
    }

    pub enum Aggregation: u32 {
        Disabled = 0 => "none",
        Tlp = 1 => "tlp",
        QcNcm = 2 => "qc-ncm",
        Mbim = 3 => "mbim",
        Rndis = 4 => "rndis",
        Qmap = 5 => "qmap",
        QmapV2 = 6 => "qmap-v2",
        QmapV3 = 7 => "qmap-v3",
        QmapV4 = 8 => "qmap-v4",
        QmapV5 = 9 => "qmap-v5",
    }

    pub enum EndpointType: u32 {
        Unknown = 0 => "unknown",
        Hsic = 1 => "hsic",
        Usb = 2 => "usb",
        Pcie = 3 => "pcie",
        Embedded = 4 => "embedded",
        BamDmux = 5 => "bam-dmux",
        Ethernet = 6 => "ethernet",
    }
}

record! {
    /// Where the packets go: for USB, the number of the interface. Needed with QMAP, and
    /// by every modem that has more than one data interface.
    pub struct Endpoint { kind: EndpointType, interface: u32 }
}

messages! { Wda;
    /// The uplink limits have other tags here than in the answer.
    0x0020 SetDataFormat {
        0x10 qos: bool,
        0x11 link_layer: LinkLayer,
        0x12 uplink: Aggregation,
        0x13 downlink: Aggregation,
        0x14 ndp_signature: u32,
        0x15 downlink_datagrams: u32,
        0x16 downlink_size: u32,
        0x17 endpoint: Endpoint,
        0x19 padding: u32,
        0x1b uplink_datagrams: u32,
        0x1c uplink_size: u32,
    } -> DataFormatSet {
        0x10 qos: bool,
        0x11 link_layer: LinkLayer,
        0x12 uplink: Aggregation,
        0x13 downlink: Aggregation,
        0x14 ndp_signature: u32,
        0x15 downlink_datagrams: u32,
        0x16 downlink_size: u32,
        0x17 uplink_datagrams: u32,
        0x18 uplink_size: u32,
        0x1a padding: u32,
        0x1b flow_control: u8,
    };
    0x0021 GetDataFormat { 0x10 endpoint: Endpoint } -> DataFormat {
        0x10 qos: bool,
        0x11 link_layer: LinkLayer,
        0x12 uplink: Aggregation,
        0x13 downlink: Aggregation,
        0x14 ndp_signature: u32,
        0x15 downlink_datagrams: u32,
        0x16 downlink_size: u32,
        0x17 uplink_datagrams: u32,
        0x18 uplink_size: u32,
        0x1a padding: u32,
        0x1b flow_control: u8,
    };
}
