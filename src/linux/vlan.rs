//! VLAN devices on top of cdc_mbim's: one for each MBIM session but the first.
//!
//! Contract: [`add`] makes `wwan0.2` for session 2 and gives its name; one that is there already
//! with that name is taken as it is. [`remove`] of one that is gone is fine. Both need
//! CAP_NET_ADMIN and are answered by the kernel at once.
//!
//! cdc_mbim maps session 0 to untagged frames and a VLAN id to the session of the same number
//! (Documentation/networking/cdc_mbim.rst); 256 and above are device services, no IP.
//!
//! Why not a crate for rtnetlink? Two requests of fixed layout don't want one.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, setsockopt, socket,
    sockopt,
};

use super::netdev::{LONGEST_NAME, index};

// <linux/rtnetlink.h>, <linux/if_link.h>, <linux/netlink.h>
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 0x001;
const NLM_F_ACK: u16 = 0x004;
const NLM_F_EXCL: u16 = 0x200;
const NLM_F_CREATE: u16 = 0x400;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINK: u16 = 5;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_VLAN_ID: u16 = 1;
const NLMSG_HEADER: usize = 16;

/// The name of the device that carries a session: `wwan0` for session 0, else `wwan0.N`.
/// `None` where the kernel has no such session or no room for the name.
pub fn name(parent: &str, session: u32) -> Option<String> {
    match session {
        0 => Some(parent.to_owned()),
        1..=255 => Some(format!("{parent}.{session}")).filter(|name| name.len() <= LONGEST_NAME),
        _ => None,
    }
}

/// Makes the device of a session above 0.
pub fn add(parent: &str, session: u32) -> io::Result<String> {
    let name = name(parent, session).ok_or_else(|| io::Error::from(Errno::EINVAL))?;
    let id = u16::try_from(session).map_err(|_| io::Error::from(Errno::EINVAL))?;
    if id == 0 {
        return Ok(name);
    }
    let mut link_info = attribute(IFLA_INFO_KIND, b"vlan");
    link_info.extend(attribute(IFLA_INFO_DATA, &attribute(IFLA_VLAN_ID, &id.to_ne_bytes())));
    let mut attributes = attribute(IFLA_LINK, &index(parent)?.to_ne_bytes());
    attributes.extend(attribute(IFLA_IFNAME, &[name.as_bytes(), b"\0"].concat()));
    attributes.extend(attribute(IFLA_LINKINFO, &link_info));
    match request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, &attributes) {
        Ok(()) => Ok(name),
        Err(error) if error.raw_os_error() == Some(Errno::EEXIST as i32) => Ok(name),
        Err(error) => Err(error),
    }
}

/// Takes the device of a session away.
pub fn remove(name: &str) -> io::Result<()> {
    let index = match index(name) {
        Ok(index) => index,
        Err(error) if error.raw_os_error() == Some(Errno::ENODEV as i32) => return Ok(()),
        Err(error) => return Err(error),
    };
    request(RTM_DELLINK, 0, index, &[])
}

/// One netlink attribute: length, type, value, padded to four bytes. All of netlink is in the
/// machine's own byte order.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn message(kind: u16, flags: u16, index: u32, attributes: &[u8]) -> Vec<u8> {
    // struct ifinfomsg: family, pad, type, index, flags, change
    let mut body = vec![0; 4];
    body.extend(index.to_ne_bytes());
    body.extend([0; 8]);
    body.extend_from_slice(attributes);
    // struct nlmsghdr: length, type, flags, sequence, port
    let length = u32::try_from(body.len() + NLMSG_HEADER).unwrap_or(u32::MAX);
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend((flags | NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    bytes.extend(1u32.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(body);
    bytes
}

fn request(kind: u16, flags: u16, index: u32, attributes: &[u8]) -> io::Result<()> {
    let fd =
        socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
    // The kernel answers within the send; the limit is for a kernel that does not.
    setsockopt(&fd, sockopt::ReceiveTimeout, &time_limit())?;
    let bytes = message(kind, flags, index, attributes);
    sendto(fd.as_raw_fd(), &bytes, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
    answer(&fd)
}

fn time_limit() -> nix::sys::time::TimeVal {
    let limit = Duration::from_secs(2);
    nix::sys::time::TimeVal::new(libc_time(limit.as_secs()), 0)
}

/// Seconds in the C library's type, which is 32 bits wide on some 32-bit targets.
fn libc_time<T: TryFrom<u64> + Default>(seconds: u64) -> T {
    T::try_from(seconds).unwrap_or_default()
}

/// An acknowledgement is an NLMSG_ERROR with code 0 (netlink(7)).
fn answer(fd: &OwnedFd) -> io::Result<()> {
    let mut buffer = [0; 512];
    let length = recv(fd.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
    match error_code(buffer.get(..length).unwrap_or_default()) {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(code.saturating_neg())),
        None => Err(Errno::EPROTO.into()),
    }
}

fn error_code(message: &[u8]) -> Option<i32> {
    let kind = u16::from_ne_bytes(message.get(4..6)?.try_into().ok()?);
    let code = i32::from_ne_bytes(message.get(NLMSG_HEADER..NLMSG_HEADER + 4)?.try_into().ok()?);
    (kind == NLMSG_ERROR).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_a_name_where_the_kernel_has_one() {
        assert_eq!(name("wwan0", 0).as_deref(), Some("wwan0"));
        assert_eq!(name("wwan0", 2).as_deref(), Some("wwan0.2"));
        assert_eq!(name("wwan0", 256), None);
        assert_eq!(name("wwx020000000001", 12), None, "longer than a name may be");
    }

    #[test]
    fn the_request_has_the_layout_of_rtnetlink() {
        let attributes = attribute(IFLA_IFNAME, b"wwan0.2\0");
        assert_eq!(attributes.len(), 12);
        let bytes = message(RTM_NEWLINK, NLM_F_CREATE, 7, &attributes);
        assert_eq!(bytes.len(), 16 + 16 + 12);
        assert_eq!(bytes.get(..4), Some(&44u32.to_ne_bytes()[..]));
        assert_eq!(bytes.get(20..24), Some(&7u32.to_ne_bytes()[..]));
        assert_eq!(attribute(1, b"vlan\0").len(), 12, "padded");
    }

    #[test]
    fn the_kernel_s_refusal_is_told() {
        assert!(add("gone0", 2).is_err_and(|error| error.raw_os_error() == Some(Errno::ENODEV as i32)));
        assert!(add("lo", 300).is_err());
        assert!(remove("gone0.2").is_ok());
    }

    #[test]
    fn a_strange_answer_is_no_acknowledgement() {
        assert_eq!(error_code(&[]), None);
        assert_eq!(error_code(&[0; 64]), None);
        let mut ack = vec![0; 36];
        ack.splice(4..6, NLMSG_ERROR.to_ne_bytes());
        assert_eq!(error_code(&ack), Some(0));
        assert_eq!(error_code(&ack[..19]), None);
    }
}
