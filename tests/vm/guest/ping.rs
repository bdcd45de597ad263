//! Echo requests over the kernel's ICMP sockets, through one network device or by the routing table.

use super::timeline::{Step, doing};
use nix::sys::socket::sockopt::{BindToDevice, ReceiveTimeout};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, SockaddrIn6, recv, sendto,
    setsockopt, socket,
};
use nix::sys::time::TimeVal;
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const PAYLOAD: [u8; 56] = [0x5a; 56];

pub struct Replies {
    sent: u32,
    pub received: u32,
    worst: Duration,
}

impl Replies {
    pub fn lost(&self) -> u32 {
        self.sent - self.received
    }
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

/// Echo requests that go on beside other work, one every [`EVERY`], answered or not.
pub struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Step<Replies>>,
}

const EVERY: Duration = Duration::from_millis(100);
/// For answers that are still on their way when the last request has gone.
const LAST: Duration = Duration::from_secs(3);

impl Running {
    pub fn start(to: IpAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = stop.clone();
        Self { stop, thread: thread::spawn(move || ping_until(to, &seen)) }
    }

    pub async fn stop(self) -> Step<Replies> {
        self.stop.store(true, Ordering::Relaxed);
        let join = move || self.thread.join().unwrap_or_else(|_| Err("the thread panicked".to_owned()));
        tokio::task::spawn_blocking(join).await.map_err(doing("ping"))?
    }
}

fn ping_until(to: IpAddr, stop: &AtomicBool) -> Step<Replies> {
    let socket = open(to, None, EVERY)?;
    let mut sent: Vec<Instant> = Vec::new();
    let (mut answered, mut worst) = (BTreeSet::new(), Duration::ZERO);
    let mut buffer = [0; 128];
    loop {
        let going = !stop.load(Ordering::Relaxed);
        let last = sent.last().map(Instant::elapsed);
        if going && last.is_none_or(|ago| ago >= EVERY) {
            // A request that the kernel refuses to send is a lost one.
            let _ = send(&socket, to, sent.len() as u16);
            sent.push(Instant::now());
        }
        if !going && (answered.len() == sent.len() || last.is_none_or(|ago| ago > LAST)) {
            return Ok(Replies { sent: sent.len() as u32, received: answered.len() as u32, worst });
        }
        let wait = EVERY.saturating_sub(sent.last().map_or(EVERY, Instant::elapsed)).max(EVERY / 20);
        setsockopt(&socket, ReceiveTimeout, &limit(wait)).map_err(doing("SO_RCVTIMEO"))?;
        let Ok(length) = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) else { continue };
        let number = buffer.get(6..8).and_then(|n| n.first_chunk()).map_or(0, |n| u16::from_be_bytes(*n));
        if let Some(begin) = sent.get(usize::from(number)) {
            if is_answer(&buffer[..length], to, number) && answered.insert(number) {
                worst = worst.max(begin.elapsed());
            }
        }
    }
}

fn limit(patience: Duration) -> TimeVal {
    TimeVal::new(patience.as_secs() as i64, i64::from(patience.subsec_micros()))
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
    setsockopt(&socket, ReceiveTimeout, &limit(patience)).map_err(doing("SO_RCVTIMEO"))?;
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
