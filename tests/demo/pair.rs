//! wwan0 where there is no TUN device, or none for this user: one end of a virtual Ethernet
//! pair, whose other end is read and written as packets.
//!
//! Contract: as of `tun`. The kernel asks nobody for a link-layer address on it (NOARP), as on
//! a modem's device, so what comes out is what a modem would get, less its Ethernet header.
#![allow(unsafe_code)]

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::libc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use uwand::linux::fd::watch;
use uwand::linux::netdev;

use super::rtnl;

const OTHER_END: &str = "modem0";
/// Locally administered, as its second bit says.
const OUR_ADDRESS: [u8; 6] = [0x02, 0, 0, 0, 0, 1];
const LONGEST: usize = 65536;

pub struct Pair {
    socket: AsyncFd<OwnedFd>,
    index: libc::c_int,
}

impl Pair {
    pub fn new(name: &str) -> Result<Pair, String> {
        let made = rtnl::make_pair(name, OUR_ADDRESS, OTHER_END);
        made.map_err(|error| format!("no pair of Ethernet devices: {error}"))?;
        netdev::set_up(OTHER_END, true).map_err(|error| format!("{OTHER_END}: {error}"))?;
        Pair::listen().map_err(|error| format!("no packet socket: {error}"))
    }

    fn listen() -> io::Result<Pair> {
        let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        let every = protocol(libc::ETH_P_ALL);
        // SAFETY: socket(2) takes three numbers; what it gives belongs to nobody else.
        let fd = unsafe {
            match libc::socket(libc::AF_PACKET, kind, libc::c_int::from(every)) {
                -1 => return Err(io::Error::last_os_error()),
                fd => OwnedFd::from_raw_fd(fd),
            }
        };
        let index = i32::try_from(netdev::index(OTHER_END)?).map_err(io::Error::other)?;
        let address = address(index, every);
        // SAFETY: the kernel reads one sockaddr_ll, whose length it is told.
        match unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), LENGTH) } {
            0 => Ok(Pair { socket: watch(fd, Interest::READABLE)?, index }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    pub async fn read(&self) -> io::Result<Vec<u8>> {
        let mut packet = vec![0; LONGEST];
        loop {
            let mut ready = self.socket.readable().await?;
            match ready.try_io(|fd| Ok(nix::unistd::read(fd.get_ref(), &mut packet)?)) {
                Ok(Ok(length)) => {
                    packet.truncate(length);
                    return Ok(packet);
                }
                // The device was down: told once.
                Ok(Err(error)) if error.raw_os_error() == Some(libc::ENETDOWN) => {}
                Ok(Err(error)) => return Err(error),
                Err(_) => {}
            }
        }
    }

    pub fn write(&self, packet: &[u8]) -> io::Result<()> {
        let is_v4 = packet.first().is_some_and(|first| first >> 4 == 4);
        let address = address(self.index, protocol(if is_v4 { libc::ETH_P_IP } else { libc::ETH_P_IPV6 }));
        let socket = self.socket.get_ref().as_raw_fd();
        // SAFETY: the kernel reads the packet and one sockaddr_ll, whose lengths it is told.
        let sent = unsafe {
            let (at, length) = (packet.as_ptr().cast(), packet.len());
            libc::sendto(socket, at, length, 0, (&raw const address).cast(), LENGTH)
        };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

#[allow(clippy::cast_possible_truncation)]
const LENGTH: libc::socklen_t = size_of::<libc::sockaddr_ll>() as libc::socklen_t;

/// An EtherType in network order.
fn protocol(number: libc::c_int) -> u16 {
    u16::try_from(number).unwrap_or_default().to_be()
}

/// To wwan0's end, through the other one.
fn address(index: libc::c_int, protocol: u16) -> libc::sockaddr_ll {
    // SAFETY: a sockaddr_ll of zeros is a valid value of each of its members.
    let mut address: libc::sockaddr_ll = unsafe { zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or_default();
    (address.sll_protocol, address.sll_ifindex, address.sll_halen) = (protocol, index, 6);
    address.sll_addr[..6].copy_from_slice(&OUR_ADDRESS);
    address
}
