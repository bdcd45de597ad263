//! DNS over the link itself: whether a server answers, and the address of a target's name.
//!
//! The socket is connected, so the kernel drops what another address sends; source port and
//! transaction are drawn anew for every question.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use nix::sys::socket::SockType;
use tokio::io::Interest;
use tokio::time::Instant;

use super::{Answer, Failure, Host, Note, Source, answered, random, socket};
use crate::dns::{Kind, Query, Reply};
use crate::few::Listed;
use crate::task::timeout;

/// RFC 1035, 4.2.1: what a server sends without EDNS.
const ROOM: usize = 512;
const PORT: u16 = 53;
/// More servers than this only make each one's time too short.
const MOST_SERVERS: usize = 3;
const UNKNOWN_NAME: u8 = 3;

/// Whether it answers at all: a refusal came from it, too.
pub async fn alive(server: SocketAddr, from: &Source) -> Result<Answer, Failure> {
    let begin = Instant::now();
    let reply = ask(server, from, &Query::root(id())).await?;
    Ok(answered(begin, (reply.code != 0).then_some(Note::Code(reply.code))))
}

/// Where to find a host; names are asked for within three quarters of the probe's time.
pub async fn address(host: &Host, from: &Source, limit: Duration) -> Result<IpAddr, Failure> {
    let name = match host {
        Host::Address(address) => return Ok(*address),
        Host::Name(name) => name,
    };
    let within_reach = |server: &&IpAddr| socket::local_address(**server, from).is_ok();
    let servers: Vec<IpAddr> = from.dns.iter().filter(within_reach).copied().take(MOST_SERVERS).listed();
    let share = u32::try_from(servers.len()).unwrap_or(1).max(1);
    let limit = limit * 3 / 4 / share;
    let mut failure = Failure::NoName;
    for server in servers {
        match timeout(limit, ask_both(SocketAddr::new(server, PORT), from, name)).await {
            Ok(Ok(Some(address))) => return Ok(address),
            Ok(Ok(None)) => failure = Failure::UnknownName,
            Ok(Err(_)) | Err(_) => {}
        }
    }
    Err(failure)
}

/// An address of a family that the link has; `None` where the server says that there is none.
async fn ask_both(server: SocketAddr, from: &Source, name: &str) -> Result<Option<IpAddr>, Failure> {
    let kinds = [(Kind::A, from.v4.is_some()), (Kind::Aaaa, from.v6.is_some())];
    for (kind, _) in kinds.into_iter().filter(|(_, wanted)| *wanted) {
        let query = Query { id: id(), name: name.to_owned(), kind };
        let reply = ask(server, from, &query).await?;
        if let Some(address) = reply.addresses.first() {
            return Ok(Some(*address));
        }
        match reply.code {
            0 => {}
            UNKNOWN_NAME => break,
            // It cannot tell: perhaps another server can.
            _ => return Err(Failure::NoName),
        }
    }
    Ok(None)
}

async fn ask(server: SocketAddr, from: &Source, query: &Query) -> Result<Reply, Failure> {
    let fd = socket::open(server.ip(), from, SockType::Datagram, None)?;
    socket::connect_to(&fd, server, from)?;
    socket::send_now(&fd, &query.bytes())?;
    let fd = socket::watch(fd, Interest::READABLE)?;
    let mut buffer = [0; ROOM];
    loop {
        let (length, _) = socket::receive(&fd, &mut buffer).await?;
        if let Some(reply) = query.read(buffer.get(..length).unwrap_or_default()) {
            return Ok(reply);
        }
    }
}

fn id() -> u16 {
    let [high, low, ..] = random();
    u16::from_be_bytes([high, low])
}
