//! What is beyond a TUN device: a network by the packet, as honest or as hostile as a test
//! wants it. Bytes in, bytes out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// An IP packet of one of our sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    pub from: IpAddr,
    pub to: IpAddr,
    pub protocol: u8,
    pub payload: Vec<u8>,
}

impl Packet {
    pub fn read(bytes: &[u8]) -> Option<Packet> {
        let at = |range: std::ops::Range<usize>| bytes.get(range);
        if bytes.first()? >> 4 == 4 {
            let header = usize::from(bytes[0] & 0xf) * 4;
            let v4 = |bytes: &[u8]| <[u8; 4]>::try_from(bytes).ok().map(|b| Ipv4Addr::from(b).into());
            return Some(Packet {
                from: v4(at(12..16)?)?,
                to: v4(at(16..20)?)?,
                protocol: *bytes.get(9)?,
                payload: bytes.get(header..)?.to_vec(),
            });
        }
        let v6 = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).ok().map(|b| Ipv6Addr::from(b).into());
        Some(Packet {
            from: v6(at(8..24)?)?,
            to: v6(at(24..40)?)?,
            protocol: *bytes.get(6)?,
            payload: bytes.get(40..)?.to_vec(),
        })
    }

    pub fn bytes(&self) -> Vec<u8> {
        let length = self.payload.len();
        let mut out = match (self.from, self.to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let [high, low] = (20 + length as u16).to_be_bytes();
                let mut header = vec![0x45, 0, high, low, 0, 0, 0, 0, 64, self.protocol, 0, 0];
                header.extend(from.octets());
                header.extend(to.octets());
                let sum = checksum(&[&header]);
                header[10..12].copy_from_slice(&sum);
                header
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let [high, low] = (length as u16).to_be_bytes();
                let mut header = vec![0x60, 0, 0, 0, high, low, self.protocol, 64];
                header.extend(from.octets());
                header.extend(to.octets());
                header
            }
            mixed => panic!("two families in one packet: {mixed:?}"),
        };
        out.extend(&self.payload);
        out
    }

    /// The way back, with its checksum put right.
    pub fn reply(&self, payload: Vec<u8>) -> Packet {
        let mut reply = Packet { from: self.to, to: self.from, protocol: self.protocol, payload };
        reply.sum_up();
        reply
    }

    pub fn sum_up(&mut self) {
        let at = match self.protocol {
            ICMP | ICMPV6 => 2,
            TCP => 16,
            UDP => 6,
            other => panic!("protocol {other}"),
        };
        self.payload[at..at + 2].fill(0);
        let pseudo = if self.protocol == ICMP { Vec::new() } else { self.pseudo_header() };
        let sum = checksum(&[&pseudo, &self.payload]);
        self.payload[at..at + 2].copy_from_slice(&sum);
    }

    fn pseudo_header(&self) -> Vec<u8> {
        let mut out = match (self.from, self.to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => [from.octets(), to.octets()].concat(),
            (IpAddr::V6(from), IpAddr::V6(to)) => [from.octets(), to.octets()].concat(),
            mixed => panic!("two families in one packet: {mixed:?}"),
        };
        out.extend((self.payload.len() as u32).to_be_bytes());
        out.extend([0, 0, 0, self.protocol]);
        out
    }

    /// The answer to an echo request.
    pub fn echo(&self) -> Option<Packet> {
        let kind = match (self.protocol, self.payload.first()) {
            (ICMP, Some(8)) => 0,
            (ICMPV6, Some(128)) => 129,
            _ => return None,
        };
        let mut payload = self.payload.clone();
        payload[0] = kind;
        Some(self.reply(payload))
    }

    /// Destination unreachable (host), as a router on the way sends it.
    pub fn unreachable(&self, router: IpAddr) -> Packet {
        let (protocol, head) = match router {
            IpAddr::V4(_) => (ICMP, [3, 1, 0, 0, 0, 0, 0, 0]),
            IpAddr::V6(_) => (ICMPV6, [1, 3, 0, 0, 0, 0, 0, 0]),
        };
        let mut payload = head.to_vec();
        payload.extend(self.bytes());
        let mut error = Packet { from: router, to: self.from, protocol, payload };
        error.sum_up();
        error
    }

    /// A DNS answer: this address where an A record is asked for.
    pub fn dns(&self, address: [u8; 4]) -> Option<Packet> {
        if self.protocol != UDP || self.payload.get(2..4) != Some(&53u16.to_be_bytes()) {
            return None;
        }
        let mut payload = self.payload.clone();
        let (source, target) = payload.split_at_mut(2);
        source.swap_with_slice(&mut target[..2]);
        payload[10..12].copy_from_slice(&[0x81, 0x80]);
        payload[15] = 1;
        payload.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        payload.extend(address);
        let length = payload.len() as u16;
        payload[4..6].copy_from_slice(&length.to_be_bytes());
        Some(self.reply(payload))
    }

    /// A reset in answer to a SYN.
    pub fn reset(&self) -> Option<Packet> {
        const SYN: u8 = 2;
        if self.protocol != TCP || self.payload.get(13)? & SYN == 0 {
            return None;
        }
        let sequence = u32::from_be_bytes(*self.payload.get(4..8)?.first_chunk()?);
        let mut payload = [&self.payload[2..4], &self.payload[..2], &[0; 4]].concat();
        payload.extend(sequence.wrapping_add(1).to_be_bytes());
        payload.extend([0x50, 0x14, 0, 0, 0, 0, 0, 0]);
        Some(self.reply(payload))
    }
}

/// RFC 1071, over several pieces of even length but the last.
fn checksum(pieces: &[&[u8]]) -> [u8; 2] {
    let words = pieces.iter().flat_map(|piece| piece.chunks(2));
    let mut sum: u32 = words.map(|w| u32::from(w[0]) << 8 | w.get(1).map_or(0, |b| u32::from(*b))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}
