//! Probes: asks a target over exactly one link and says how long the answer took.
//!
//! Contract: [`probe`] ends within its time-out, whatever comes back. Every packet goes out of
//! the link's own device and from its own address, with its mark where there is one, whatever
//! the routing tables prefer; names are asked for in the same way. An answer that does not fit
//! (another number, another token, another sender) is passed over. Nothing is kept between two
//! probes, so an idle watchdog holds no socket, and wakes once to send and once to hear.
//!
//! * A ping socket (SOCK_DGRAM, IPPROTO_ICMP) needs no privilege but the leave of
//!   `net.ipv4.ping_group_range`, which OpenWrt does not give; then it is a raw socket.
//! * SO_BINDTODEVICE makes the kernel look for a route through that device only; with none it
//!   takes an IPv4 address for a neighbour (net/ipv4/route.c, ip_route_output_key), which
//!   suits a modem's device without ARP. IPv6 says ENETUNREACH: [`Failure::NoRoute`].
//! * IP_RECVERR makes ICMP errors come back at once, as an errno of recv(2).
//!
//! Why not tokio's sockets? They can be bound neither to a device nor to a mark before they
//! connect, and there is none for ICMP.

mod ask;
mod echo;
mod socket;
mod stream;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::time::Instant;

use crate::task;

pub use crate::target::{Host, Target};

/// The link that is probed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Empty: whatever device the routing table says.
    pub netdev: String,
    /// Unspecified: whatever the device has, by DHCP or router advertisement.
    pub v4: Option<Ipv4Addr>,
    pub v6: Option<Ipv6Addr>,
    /// What the policy routing of mwan3 goes by.
    pub fwmark: Option<u32>,
    /// The link's own DNS servers, for targets with names.
    pub dns: Vec<IpAddr>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    Timeout,
    /// An ICMP error came back in place of an answer.
    Unreachable,
    /// The kernel knows no way to the target through this device.
    NoRoute,
    /// The target is there and has nothing at that port.
    Refused,
    /// This router's own firewall has dropped it.
    Filtered,
    /// The link has no address of the target's family, or not yet.
    NoAddress,
    /// None of the link's DNS servers answered, or it has none.
    NoName,
    /// A DNS server answered that there is no such name.
    UnknownName,
    NoDevice,
    /// Sockets, device or mark are forbidden to this process.
    NoPermission,
    /// Something answered that does not speak the protocol.
    Garbled,
    /// An error number that fits none of these.
    Other(i32),
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// From the last packet that asked to the one that answered; a name's resolution apart.
    pub rtt: Duration,
    pub note: Option<Note>,
}

/// What an answer tells beside having come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A reset: the port is closed, and the way there and back is open.
    Refused,
    /// The status of HTTP.
    Status(u16),
    /// The RCODE of DNS, where it is an error.
    Code(u8),
}

impl Failure {
    /// Whether packets went both ways all the same: the link is whole, the target is not.
    pub fn proves_traffic(self) -> bool {
        matches!(self, Failure::Refused | Failure::UnknownName | Failure::Garbled)
    }

    /// Whether the reason lies on this router, so that it says nothing of the network.
    pub fn is_local(self) -> bool {
        matches!(
            self,
            Failure::NoRoute
                | Failure::Filtered
                | Failure::NoAddress
                | Failure::NoDevice
                | Failure::NoPermission
                | Failure::Other(_)
        )
    }
}

impl fmt::Display for Failure {
    /// For a sentence: `1.1.1.1: no answer`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Failure::Timeout => "no answer",
            Failure::Unreachable => "reported as unreachable",
            Failure::NoRoute => "no route through this device",
            Failure::Refused => "refused",
            Failure::Filtered => "dropped by this router's firewall",
            Failure::NoAddress => "no address to ask from",
            Failure::NoName => "its name could not be resolved, no DNS server of the link answers",
            Failure::UnknownName => "there is no such name",
            Failure::NoDevice => "the network device is gone or down",
            Failure::NoPermission => "not permitted, uwand must run as root",
            Failure::Garbled => "answered with something else",
            Failure::Other(errno) => return write!(f, "error {errno}"),
        };
        f.write_str(text)
    }
}

impl Note {
    /// Redirections and 511 (RFC 6585) where a probe expects none smell of a captive portal.
    pub fn is_portal(self) -> bool {
        matches!(self, Note::Status(300..=399 | 511))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Refused => f.write_str("refused by a reset"),
            Note::Status(status) if self.is_portal() => {
                write!(f, "HTTP {status}, which may be a captive portal")
            }
            Note::Status(status) => write!(f, "HTTP {status}"),
            Note::Code(code) => write!(f, "DNS error {code}"),
        }
    }
}

/// Asks once; the time that the answer took.
pub async fn probe(target: &Target, from: &Source, timeout: Duration) -> Result<Duration, Failure> {
    ask(target, from, timeout).await.map(|answer| answer.rtt)
}

/// Asks once, and says what the answer tells beside.
pub async fn ask(target: &Target, from: &Source, timeout: Duration) -> Result<Answer, Failure> {
    let asking = async {
        match target {
            Target::Icmp(address) => echo::echo(*address, from).await,
            Target::Dns(server) => ask::alive(*server, from).await,
            Target::Tcp { host, port } => {
                let address = ask::address(host, from, timeout).await?;
                stream::tcp(address, *port, from).await
            }
            Target::Http { host, port, path } => {
                let address = ask::address(host, from, timeout).await?;
                stream::http(address, *port, host, path, from).await
            }
        }
    };
    task::timeout(timeout, asking).await.unwrap_or(Err(Failure::Timeout))
}

/// Eight bytes that nobody can guess who does not see the request.
fn random() -> [u8; 8] {
    // Keyed anew from the kernel's entropy at the start of the program, and counted on.
    RandomState::new().build_hasher().finish().to_be_bytes()
}

fn answered(begin: Instant, note: Option<Note>) -> Answer {
    Answer { rtt: begin.elapsed(), note }
}
