//! Addresses and routes of one network device, set as netifd sets them.
//!
//! Contract: every call is one request to the kernel, answered at once.
//!
//! Why not `ip`? The demo needs nothing but Rust and a kernel.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};

// <linux/rtnetlink.h>, <linux/if_addr.h>, <linux/netlink.h>
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const NLM_F_REQUEST: u16 = 0x001;
const NLM_F_ACK: u16 = 0x004;
const NLM_F_REPLACE: u16 = 0x100;
const NLM_F_EXCL: u16 = 0x200;
const NLM_F_CREATE: u16 = 0x400;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFF_NOARP: u32 = 0x80;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_METRICS: u16 = 8;
const RTAX_MTU: u16 = 2;
const RT_TABLE_MAIN: u8 = 254;
const RTPROT_STATIC: u8 = 4;
const RT_SCOPE_LINK: u8 = 253;
const RTN_UNICAST: u8 = 1;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub target: (IpAddr, u8),
    pub gateway: Option<IpAddr>,
    pub source: Option<(IpAddr, u8)>,
    pub mtu: Option<u32>,
}

/// The kernel's ear for addresses and routes of one device.
pub struct Device {
    socket: OwnedFd,
    index: u32,
}

impl Device {
    pub fn new(name: &str) -> io::Result<Device> {
        let index = uwand::linux::netdev::index(name)?;
        Ok(Device { socket: ear()?, index })
    }

    pub fn add_address(&self, address: (IpAddr, u8)) -> io::Result<()> {
        self.ask(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, self.address(address))
    }

    pub fn remove_address(&self, address: (IpAddr, u8)) -> io::Result<()> {
        self.ask(RTM_DELADDR, 0, self.address(address))
    }

    pub fn add_route(&self, route: &Route) -> io::Result<()> {
        self.ask(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, self.route(route))
    }

    pub fn remove_route(&self, route: &Route) -> io::Result<()> {
        self.ask(RTM_DELROUTE, 0, self.route(route))
    }

    /// struct ifaddrmsg: family, prefix length, flags, scope, index
    fn address(&self, (address, prefix): (IpAddr, u8)) -> Vec<u8> {
        let mut body = vec![family(address), prefix, 0, 0];
        body.extend(self.index.to_ne_bytes());
        body.extend(attribute(IFA_LOCAL, &bytes(address)));
        body.extend(attribute(IFA_ADDRESS, &bytes(address)));
        body
    }

    /// struct rtmsg: family, two prefix lengths, TOS, table, protocol, scope, type, flags
    fn route(&self, route: &Route) -> Vec<u8> {
        let (target, prefix) = route.target;
        let scope = if route.gateway.is_none() && target.is_ipv4() { RT_SCOPE_LINK } else { 0 };
        let source = route.source.map_or(0, |(_, prefix)| prefix);
        let mut body =
            vec![family(target), prefix, source, 0, RT_TABLE_MAIN, RTPROT_STATIC, scope, RTN_UNICAST];
        body.extend([0; 4]);
        body.extend(attribute(RTA_OIF, &self.index.to_ne_bytes()));
        if prefix > 0 {
            body.extend(attribute(RTA_DST, &bytes(target)));
        }
        if let Some((source, _)) = route.source {
            body.extend(attribute(RTA_SRC, &bytes(source)));
        }
        if let Some(gateway) = route.gateway {
            body.extend(attribute(RTA_GATEWAY, &bytes(gateway)));
        }
        if let Some(mtu) = route.mtu {
            body.extend(attribute(RTA_METRICS, &attribute(RTAX_MTU, &mtu.to_ne_bytes())));
        }
        body
    }

    fn ask(&self, kind: u16, flags: u16, body: Vec<u8>) -> io::Result<()> {
        ask(&self.socket, kind, flags, body)
    }
}

/// A pair of virtual Ethernet devices, `name` with this address. Both are down.
pub fn make_pair(name: &str, address: [u8; 6], other: &str) -> io::Result<()> {
    let text = |text: &str| [text.as_bytes(), b"\0"].concat();
    let mut peer = link(IFF_NOARP);
    peer.extend(attribute(IFLA_IFNAME, &text(other)));
    let mut info = attribute(IFLA_INFO_KIND, b"veth");
    info.extend(attribute(IFLA_INFO_DATA, &attribute(VETH_INFO_PEER, &peer)));
    let mut body = link(IFF_NOARP);
    body.extend(attribute(IFLA_IFNAME, &text(name)));
    body.extend(attribute(IFLA_ADDRESS, &address));
    body.extend(attribute(IFLA_LINKINFO, &info));
    ask(&ear()?, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body)
}

/// struct ifinfomsg: family, pad, type, index, flags, which of them count
fn link(flags: u32) -> Vec<u8> {
    let mut body = vec![0; 8];
    body.extend(flags.to_ne_bytes());
    body.extend(flags.to_ne_bytes());
    body
}

fn ear() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC;
    Ok(socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?)
}

fn ask(socket: &OwnedFd, kind: u16, flags: u16, body: Vec<u8>) -> io::Result<()> {
    // struct nlmsghdr: length, type, flags, sequence, port
    let length = u32::try_from(body.len() + 16).unwrap_or(u32::MAX);
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend((flags | NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    message.extend([0; 8]);
    message.extend(body);
    sendto(socket.as_raw_fd(), &message, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
    let mut answer = [0; 1024];
    let length = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    // The code of NLMSG_ERROR is the first thing behind its header; 0 is an acknowledgement.
    let code = answer.get(16..20).filter(|_| length >= 20).and_then(|code| code.try_into().ok());
    match code.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(-code)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn family(address: IpAddr) -> u8 {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    u8::try_from(family as i32).unwrap_or_default()
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}
