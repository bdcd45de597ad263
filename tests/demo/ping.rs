//! Echo requests from this machine's own kernel, out through one network device.
//!
//! Contract: [`Pinger::ping`] gives the time to the answer that belongs to its request, or
//! why there is none.

use std::io;
use std::net::{IpAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, SockaddrIn6, recv, sendto,
    setsockopt, socket, sockopt,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;
use uwand::linux::fd::watch;

/// 56 bytes, as ping(8) has it.
const PAYLOAD: [u8; 56] = [0x5a; 56];

pub struct Pinger {
    to: IpAddr,
    socket: AsyncFd<OwnedFd>,
    sequence: u16,
}

impl Pinger {
    pub fn new(to: IpAddr, device: &str) -> io::Result<Pinger> {
        let (family, protocol) = match to {
            IpAddr::V4(_) => (AddressFamily::Inet, SockProtocol::Icmp),
            IpAddr::V6(_) => (AddressFamily::Inet6, SockProtocol::IcmpV6),
        };
        // Raw, because a new namespace has no group that may have a "ping socket" (icmp(7)).
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(family, SockType::Raw, flags, protocol)?;
        setsockopt(&socket, sockopt::BindToDevice, &device.into())?;
        Ok(Pinger { to, socket: watch(socket, Interest::READABLE)?, sequence: 0 })
    }

    pub async fn ping(&mut self, patience: Duration) -> io::Result<Duration> {
        self.sequence = self.sequence.wrapping_add(1);
        let sent = Instant::now();
        self.send()?;
        timeout(patience, self.answer()).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        Ok(sent.elapsed())
    }

    fn send(&self) -> io::Result<()> {
        let kind = if self.to.is_ipv4() { 8 } else { 128 };
        let [high, low] = self.sequence.to_be_bytes();
        let mut request = vec![kind, 0, 0, 0, 0x75, 0x77, high, low];
        request.extend(PAYLOAD);
        // The kernel knows the checksum of ICMPv6 only: it covers the source address.
        if self.to.is_ipv4() {
            let [high, low] = checksum(&request).to_be_bytes();
            (request[2], request[3]) = (high, low);
        }
        let (fd, flags) = (self.socket.as_raw_fd(), MsgFlags::empty());
        match self.to {
            IpAddr::V4(to) => sendto(fd, &request, &SockaddrIn::from(SocketAddrV4::new(to, 0)), flags)?,
            IpAddr::V6(to) => {
                sendto(fd, &request, &SockaddrIn6::from(SocketAddrV6::new(to, 0, 0, 0)), flags)?
            }
        };
        Ok(())
    }

    async fn answer(&self) -> io::Result<()> {
        let mut buffer = [0; 256];
        loop {
            let mut ready = self.socket.readable().await?;
            match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(length) if self.is_ours(buffer.get(..length).unwrap_or_default()) => return Ok(()),
                Ok(_) => {}
                Err(nix::errno::Errno::EAGAIN) => ready.clear_ready(),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A raw IPv4 socket gives the IP header too, one of IPv6 does not.
    fn is_ours(&self, packet: &[u8]) -> bool {
        let (header, kind) = if self.to.is_ipv4() { (20, 0) } else { (0, 129) };
        let [high, low] = self.sequence.to_be_bytes();
        let wanted = [kind, 0x75, 0x77, high, low];
        packet
            .get(header..header + 8)
            .is_some_and(|icmp| [icmp[0], icmp[4], icmp[5], icmp[6], icmp[7]] == wanted)
    }
}

/// RFC 1071
fn checksum(bytes: &[u8]) -> u16 {
    let words =
        bytes.chunks(2).map(|word| u32::from(word[0]) << 8 | word.get(1).copied().map_or(0, u32::from));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or_default()
}
