//! ICMP echo, for both families, by a ping socket or a raw one.
//!
//! An answer of ours has the number that we drew, the token in its payload, and comes from the
//! address that was asked; on a raw socket, where the kernel sorts nothing, our identifier too.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use nix::sys::socket::{SockProtocol, SockType};
use tokio::io::Interest;
use tokio::time::Instant;

use super::{Answer, Failure, Source, answered, random, socket};
use crate::target::ECHO_PAYLOAD;

const PAYLOAD: usize = ECHO_PAYLOAD as usize;
const HEADER: usize = 8;
/// An IPv4 header with all its options, and what we asked for.
const ROOM: usize = 60 + HEADER + PAYLOAD;

pub async fn echo(to: IpAddr, from: &Source) -> Result<Answer, Failure> {
    let (fd, raw) = open(to, from)?;
    socket::connect_to(&fd, SocketAddr::new(to, 0), from)?;
    let request = request(to, raw);
    let begin = Instant::now();
    socket::send_now(&fd, &request)?;
    let fd = socket::watch(fd, Interest::READABLE)?;
    let mut buffer = [0; ROOM];
    loop {
        let (length, sender) = socket::receive(&fd, &mut buffer).await?;
        let packet = buffer.get(..length).unwrap_or_default();
        if sender == Some(to) && is_answer(packet, &request, to, raw) {
            return Ok(answered(begin, None));
        }
    }
}

/// The socket, and whether it is a raw one.
fn open(to: IpAddr, from: &Source) -> Result<(OwnedFd, bool), Failure> {
    let protocol = if to.is_ipv4() { SockProtocol::Icmp } else { SockProtocol::IcmpV6 };
    match socket::open(to, from, SockType::Datagram, Some(protocol)) {
        // EACCES: not a group that may; EPERM of the mark would come again.
        Err(Failure::NoPermission | Failure::Other(_)) => {
            let fd = socket::open(to, from, SockType::Raw, Some(protocol))?;
            Ok((fd, true))
        }
        opened => Ok((opened?, false)),
    }
}

/// Type, code, checksum, identifier, number, token. A ping socket sets the identifier itself.
fn request(to: IpAddr, raw: bool) -> [u8; HEADER + PAYLOAD] {
    let [i0, i1, n0, n1, token @ ..] = random();
    let kind = if to.is_ipv4() { 8 } else { 128 };
    let mut packet = [0; HEADER + PAYLOAD];
    packet[..HEADER].copy_from_slice(&[kind, 0, 0, 0, i0, i1, n0, n1]);
    packet[HEADER..].copy_from_slice(&token);
    if raw && to.is_ipv4() {
        // For ICMPv6 the kernel does it, as it knows the addresses (RFC 3542, 3.1).
        let sum = checksum(&packet);
        packet[2..4].copy_from_slice(&sum);
    }
    packet
}

fn is_answer(packet: &[u8], request: &[u8], to: IpAddr, raw: bool) -> bool {
    // A raw IPv4 socket gives the header of IP, too; its length is in the lower half byte.
    let header = match packet.first() {
        Some(first) if raw && to.is_ipv4() => usize::from(first & 0x0f) * 4,
        _ => 0,
    };
    let Some(packet) = packet.get(header..) else { return false };
    let kind = if to.is_ipv4() { 0 } else { 129 };
    let fits = |range: std::ops::RangeFrom<usize>| packet.get(range.clone()) == request.get(range);
    packet.first_chunk() == Some(&[kind, 0]) && if raw { fits(4..) } else { fits(6..) }
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let sum: u32 = words.sum();
    let [_, _, high, low] = (!((sum & 0xffff) + (sum >> 16))).to_be_bytes();
    [high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_checksum_is_that_of_rfc_1071() {
        // The RFC's own example: 0001 f203 f4f5 f6f7 sums up to ddf2.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), [0x22, 0x0d]);
        let request = request(V4, true);
        assert_eq!(checksum(&request), [0, 0], "a sum over itself is zero");
    }

    #[test]
    fn only_the_answer_to_this_request_is_one() {
        let asked = request(V4, true);
        let mut reply = vec![0x45; 20];
        reply.extend(asked);
        reply[20] = 0;
        assert!(is_answer(&reply, &asked, V4, true));
        for at in [20, 21, 24, 25, 26, 27, 28, 31] {
            let mut wrong = reply.clone();
            wrong[at] ^= 1;
            assert!(!is_answer(&wrong, &asked, V4, true), "byte {at}");
        }
        // A ping socket gives no header, and has an identifier of its own.
        let mut reply = asked;
        (reply[0], reply[4]) = (0, reply[4] ^ 1);
        assert!(is_answer(&reply, &asked, V4, false));
        for cut in 0..reply.len() {
            assert!(!is_answer(&reply[..cut], &asked, V4, false));
            assert!(!is_answer(&reply[..cut], &asked, V4, true));
        }
    }
}
