//! A socket that can use one link only.
//!
//! Contract: what [`open`] gives is bound to the link's device, mark and address before anything
//! leaves it. Errors are told apart by when they come: before a packet has left they are this
//! router's ([`local`]), after that the network's ([`remote`]).

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::sockopt::{BindToDevice, Ipv4RecvErr, Ipv6RecvErr, Mark};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, connect, recvfrom,
    send, setsockopt, socket,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::{Failure, Source};
use crate::linux::{fd, netdev};

/// The link's address of the family that `to` has; where nobody told it, that of its device. Left
/// to itself, the kernel would take another device's where this one has none yet.
pub fn local_address(to: IpAddr, from: &Source) -> Result<IpAddr, Failure> {
    let address = match to {
        IpAddr::V4(_) => from.v4.map(IpAddr::V4),
        IpAddr::V6(_) => from.v6.map(IpAddr::V6),
    };
    let found = match address.ok_or(Failure::NoAddress)? {
        told if !told.is_unspecified() || from.netdev.is_empty() => return Ok(told),
        IpAddr::V4(_) => netdev::v4(&from.netdev).map(IpAddr::V4),
        IpAddr::V6(_) => netdev::v6(&from.netdev).map(IpAddr::V6),
    };
    found.map_err(|error| {
        error.raw_os_error().map_or(Failure::NoAddress, |errno| local(Errno::from_raw(errno)))
    })
}

/// A socket for `to`, not connected yet.
pub fn open(
    to: IpAddr,
    from: &Source,
    kind: SockType,
    protocol: Option<SockProtocol>,
) -> Result<OwnedFd, Failure> {
    let own = local_address(to, from)?;
    let family = if to.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let fd = socket(family, kind, flags, protocol).map_err(setup)?;
    if !from.netdev.is_empty() {
        setsockopt(&fd, BindToDevice, &from.netdev.as_str().into()).map_err(setup)?;
    }
    if let Some(mark) = from.fwmark {
        setsockopt(&fd, Mark, &mark).map_err(setup)?;
    }
    match to {
        IpAddr::V4(_) => setsockopt(&fd, Ipv4RecvErr, &true).map_err(setup)?,
        IpAddr::V6(_) => setsockopt(&fd, Ipv6RecvErr, &true).map_err(setup)?,
    }
    bind(fd.as_raw_fd(), &storage(own, 0, from)).map_err(setup)?;
    Ok(fd)
}

/// Makes `to` the only peer; for TCP it begins the handshake.
pub fn connect_to(fd: &OwnedFd, to: SocketAddr, from: &Source) -> Result<(), Failure> {
    match connect(fd.as_raw_fd(), &storage(to.ip(), to.port(), from)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(()),
        Err(errno) => Err(local(errno)),
    }
}

pub fn send_now(fd: &OwnedFd, bytes: &[u8]) -> Result<(), Failure> {
    // An error that an earlier packet of ours brought back would be told here, too.
    match send(fd.as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL) {
        Ok(_) => Ok(()),
        Err(Errno::ECONNREFUSED) => Err(Failure::Refused),
        Err(errno) => Err(local(errno)),
    }
}

pub fn watch(fd: OwnedFd, interest: Interest) -> Result<AsyncFd<OwnedFd>, Failure> {
    // An ICMP error wakes with EPOLLERR alone.
    fd::watch(fd, interest | Interest::ERROR).map_err(|error| other(&error))
}

/// The next datagram or piece of a stream, with its sender where that is known.
pub async fn receive(fd: &AsyncFd<OwnedFd>, buffer: &mut [u8]) -> Result<(usize, Option<IpAddr>), Failure> {
    loop {
        let mut ready =
            fd.ready(Interest::READABLE | Interest::ERROR).await.map_err(|error| other(&error))?;
        let got = ready.try_io(|fd| {
            let raw = fd.get_ref().as_raw_fd();
            recvfrom::<SockaddrStorage>(raw, buffer).map_err(io::Error::from)
        });
        match got {
            Ok(Ok((length, sender))) => return Ok((length, sender.and_then(address))),
            Ok(Err(error)) => return Err(error.raw_os_error().map_or(Failure::Garbled, from_network)),
            Err(_would_block) => {}
        }
    }
}

fn from_network(errno: i32) -> Failure {
    remote(Errno::from_raw(errno))
}

fn address(from: SockaddrStorage) -> Option<IpAddr> {
    let v4 = from.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    v4.or_else(|| from.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
}

fn storage(ip: IpAddr, port: u16, from: &Source) -> SockaddrStorage {
    match ip {
        IpAddr::V4(_) => SocketAddr::new(ip, port).into(),
        IpAddr::V6(v6) => {
            // A link-local address means nothing without its link.
            let scope = if v6.is_unicast_link_local() { netdev::index(&from.netdev).unwrap_or(0) } else { 0 };
            SocketAddr::V6(SocketAddrV6::new(v6, port, 0, scope)).into()
        }
    }
}

fn other(error: &io::Error) -> Failure {
    Failure::Other(error.raw_os_error().unwrap_or(0))
}

/// While the socket is made.
fn setup(errno: Errno) -> Failure {
    match errno {
        Errno::EPERM | Errno::EACCES => Failure::NoPermission,
        // A kernel without IPv6, an address that is not there or still looks for its double.
        Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL => Failure::NoAddress,
        errno => local(errno),
    }
}

/// When a packet is handed to the kernel.
pub fn local(errno: Errno) -> Failure {
    match errno {
        // net/core/netfilter: a packet of ours that is dropped on its way out is EPERM.
        Errno::EPERM => Failure::Filtered,
        Errno::ENODEV | Errno::ENXIO | Errno::ENETDOWN => Failure::NoDevice,
        Errno::EADDRNOTAVAIL => Failure::NoAddress,
        // Routes of type unreachable, prohibit and blackhole have numbers of their own.
        Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::EACCES | Errno::EINVAL => Failure::NoRoute,
        errno => Failure::Other(errno as i32),
    }
}

/// When the network has spoken: net/ipv4/icmp.c, icmp_err_convert; net/ipv6/icmp.c, icmpv6_err_convert.
pub fn remote(errno: Errno) -> Failure {
    match errno {
        Errno::ECONNREFUSED | Errno::ECONNRESET | Errno::EPIPE => Failure::Refused,
        Errno::ETIMEDOUT => Failure::Timeout,
        Errno::ENETUNREACH
        | Errno::EHOSTUNREACH
        | Errno::EHOSTDOWN
        | Errno::ENONET
        | Errno::ENOPROTOOPT
        | Errno::EOPNOTSUPP
        | Errno::EMSGSIZE
        | Errno::EPROTO
        | Errno::EACCES => Failure::Unreachable,
        Errno::ENETDOWN | Errno::ENODEV => Failure::NoDevice,
        errno => Failure::Other(errno as i32),
    }
}
