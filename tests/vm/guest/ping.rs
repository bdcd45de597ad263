//! Echo requests over the kernel's ICMP sockets, through one network device or by the routing table.

use super::timeline::{Step, doing};
use nix::sys::socket::sockopt::{BindToDevice, ReceiveTimeout};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, SockaddrIn6, recv, sendto,
    setsockopt, socket,
};
use nix::sys::time::TimeVal;
use std::fmt;
use std::net::{IpAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

const PAYLOAD: [u8; 56] = [0x5a; 56];

pub struct Replies {
    sent: u32,
    pub received: u32,
    worst: Duration,
}

impl fmt::Display for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worst = self.worst.as_secs_f32() * 1000.0;
        write!(f, "{} of {} answered, at most {worst:.1} ms each", self.received, self.sent)
    }
}

/// `count` echo requests, each awaited before the next.
pub async fn ping(to: IpAddr, device: Option<&str>, count: u32, patience: Duration) -> Step<Replies> {
    let device = device.map(str::to_owned);
    let work = move || ping_blocking(to, device.as_deref(), count, patience);
    tokio::task::spawn_blocking(work).await.map_err(doing("ping"))?
}

fn ping_blocking(to: IpAddr, device: Option<&str>, count: u32, patience: Duration) -> Step<Replies> {
    let socket = open(to, device, patience)?;
    let mut replies = Replies { sent: count, received: 0, worst: Duration::ZERO };
    for sequence in 0..count as u16 {
        let begin = Instant::now();
        send(&socket, to, sequence).map_err(doing("sendto"))?;
        let mut buffer = [0; 128];
        if let Ok(length) = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            if is_answer(&buffer[..length], to, sequence) {
                replies.received += 1;
                replies.worst = replies.worst.max(begin.elapsed());
            }
        }
    }
    Ok(replies)
}

fn open(to: IpAddr, device: Option<&str>, patience: Duration) -> Step<OwnedFd> {
    let (family, protocol) = match to {
        IpAddr::V4(_) => (AddressFamily::Inet, SockProtocol::Icmp),
        IpAddr::V6(_) => (AddressFamily::Inet6, SockProtocol::IcmpV6),
    };
    let socket =
        socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, protocol).map_err(doing("socket"))?;
    if let Some(device) = device {
        setsockopt(&socket, BindToDevice, &device.into()).map_err(doing(device))?;
    }
    let limit = TimeVal::new(patience.as_secs() as i64, i64::from(patience.subsec_micros()));
    setsockopt(&socket, ReceiveTimeout, &limit).map_err(doing("SO_RCVTIMEO"))?;
    Ok(socket)
}

/// The kernel fills in the identifier and the checksum.
fn send(socket: &OwnedFd, to: IpAddr, sequence: u16) -> nix::Result<usize> {
    let kind = if to.is_ipv4() { 8 } else { 128 };
    let [high, low] = sequence.to_be_bytes();
    let mut packet = vec![kind, 0, 0, 0, 0, 0, high, low];
    packet.extend(PAYLOAD);
    match to {
        IpAddr::V4(to) => {
            let to = SockaddrIn::from(SocketAddrV4::new(to, 0));
            sendto(socket.as_raw_fd(), &packet, &to, MsgFlags::empty())
        }
        IpAddr::V6(to) => {
            let to = SockaddrIn6::from(SocketAddrV6::new(to, 0, 0, 0));
            sendto(socket.as_raw_fd(), &packet, &to, MsgFlags::empty())
        }
    }
}

fn is_answer(packet: &[u8], to: IpAddr, sequence: u16) -> bool {
    let kind = if to.is_ipv4() { 0 } else { 129 };
    packet.first() == Some(&kind)
        && packet.get(6..8) == Some(&sequence.to_be_bytes()[..])
        && packet.get(8..) == Some(&PAYLOAD[..])
}
