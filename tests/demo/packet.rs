//! The Internet behind the simulated network, as far as a ping needs one: echo requests in,
//! echo replies out.
//!
//! Contract: bytes in, bytes out; what is no echo request gives `None`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
/// Types of request and reply (RFC 792, RFC 4443).
const ECHO: (u8, u8) = (8, 0);
const ECHO_V6: (u8, u8) = (128, 129);
const IPV6_HEADER: usize = 40;

/// Who sent a packet.
pub fn source(packet: &[u8]) -> Option<IpAddr> {
    match packet.first()? >> 4 {
        4 => <[u8; 4]>::try_from(packet.get(12..16)?).ok().map(|bytes| Ipv4Addr::from(bytes).into()),
        6 => <[u8; 16]>::try_from(packet.get(8..24)?).ok().map(|bytes| Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}

/// The answer to an echo request.
pub fn echo_reply(packet: &[u8]) -> Option<Vec<u8>> {
    let mut reply = packet.to_vec();
    let first = *packet.first()?;
    match first >> 4 {
        4 if packet.get(9) == Some(&ICMP) => {
            swap(&mut reply, 12, 4)?;
            turn(reply.get_mut(usize::from(first & 0xf) * 4..)?, ECHO)?;
        }
        6 if packet.get(6) == Some(&ICMPV6) => {
            swap(&mut reply, 8, 16)?;
            turn(reply.get_mut(IPV6_HEADER..)?, ECHO_V6)?;
        }
        _ => return None,
    }
    Some(reply)
}

/// Exchanges source and destination; no checksum over both minds.
fn swap(packet: &mut [u8], at: usize, length: usize) -> Option<()> {
    let (source, rest) = packet.get_mut(at..at + 2 * length)?.split_at_mut(length);
    source.swap_with_slice(rest);
    Some(())
}

/// Request to reply: another type, and the checksum follows it (RFC 1624, equation 3).
fn turn(icmp: &mut [u8], (request, reply): (u8, u8)) -> Option<()> {
    let [kind, code, high, low, ..] = icmp else { return None };
    if *kind != request {
        return None;
    }
    let word = |kind: u8| u32::from(u16::from_be_bytes([kind, *code]));
    let sum = u32::from(!u16::from_be_bytes([*high, *low])) + (0xffff - word(request)) + word(reply);
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    let [_, _, new_high, new_low] = (!folded).to_be_bytes();
    (*kind, *high, *low) = (reply, new_high, new_low);
    Some(())
}
