//! The far side of the radio: a network that answers echo requests and DNS of both families
//! on the sessions that have a bearer, and counts what passes.

use super::ntb::Datagram;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

/// Shared by the device's thread (packets) and the scenario (bearers, counters).
#[derive(Clone, Default)]
pub struct Network(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The addresses that each session may send from; none named: all.
    bearers: BTreeMap<u8, Vec<IpAddr>>,
    counters: Counters,
}

#[derive(Clone, Copy, Default, Debug)]
pub struct Counters {
    pub blocks_from_host: u32,
    pub blocks_to_host: u32,
    pub datagrams: u32,
    pub answered: u32,
    /// Packets of a session that has no bearer: lost, as on the air.
    pub without_bearer: u32,
    /// Packets from an address that the network has not given.
    pub wrong_source: u32,
    /// Blocks that break the specification.
    pub bad_blocks: u32,
}

const V4_ICMP: u8 = 1;
const UDP: u8 = 17;
const V6_ICMP: u8 = 58;

impl Network {
    pub fn open(&self, session: u8) {
        self.state().bearers.insert(session, Vec::new());
    }

    pub fn close(&self, session: u8) {
        self.state().bearers.remove(&session);
    }

    pub fn set_bearers(&self, bearers: BTreeMap<u8, Vec<IpAddr>>) {
        self.state().bearers = bearers;
    }

    pub fn counters(&self) -> Counters {
        self.state().counters
    }

    pub fn count(&self, note: impl FnOnce(&mut Counters)) {
        note(&mut self.state().counters);
    }

    /// What comes back for one packet, if anything.
    pub fn receive(&self, datagram: Datagram) -> Option<Datagram> {
        let mut state = self.state();
        state.counters.datagrams += 1;
        let Some(addresses) = state.bearers.get(&datagram.session) else {
            state.counters.without_bearer += 1;
            return None;
        };
        if !addresses.is_empty() && !source(&datagram.packet).is_some_and(|from| addresses.contains(&from)) {
            state.counters.wrong_source += 1;
            return None;
        }
        let Datagram { session, packet } = datagram;
        let answer = match packet.first()? >> 4 {
            4 => dns_v4(&packet).or_else(|| echo_v4(packet)),
            6 => dns_v6(&packet).or_else(|| echo_v6(packet)),
            _ => None,
        }?;
        state.counters.answered += 1;
        Some(Datagram { session, packet: answer })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn source(packet: &[u8]) -> Option<IpAddr> {
    match packet.first()? >> 4 {
        4 => packet.get(12..16)?.first_chunk::<4>().map(|a| IpAddr::from(*a)),
        6 => packet.get(8..24)?.first_chunk::<16>().map(|a| IpAddr::from(*a)),
        _ => None,
    }
}

fn echo_v4(mut packet: Vec<u8>) -> Option<Vec<u8>> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    if packet.len() < header + 8 || header < 20 || packet[9] != V4_ICMP || packet[header] != 8 {
        return None;
    }
    for n in 0..4 {
        packet.swap(12 + n, 16 + n);
    }
    packet[header] = 0;
    packet[header + 2..header + 4].fill(0);
    let sum = checksum(0, &packet[header..]);
    packet[header + 2..header + 4].copy_from_slice(&sum);
    Some(packet)
}

fn echo_v6(mut packet: Vec<u8>) -> Option<Vec<u8>> {
    if packet.len() < 48 || packet[6] != V6_ICMP || packet[40] != 128 {
        return None;
    }
    for n in 0..16 {
        packet.swap(8 + n, 24 + n);
    }
    packet[40] = 129;
    packet[42..44].fill(0);
    // The pseudo header (RFC 8200, 8.1): both addresses, length, next header.
    let pseudo = sum(&packet[8..40]) + (packet.len() as u32 - 40) + u32::from(V6_ICMP);
    let sum = checksum(pseudo, &packet[40..]);
    packet[42..44].copy_from_slice(&sum);
    Some(packet)
}

/// A DNS server at every address: no error, and nothing to say.
fn dns_v4(packet: &[u8]) -> Option<Vec<u8>> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let mut answer = packet.to_vec();
    (packet.get(9)? == &UDP).then_some(())?;
    turn_dns(answer.get_mut(header..)?)?;
    for n in 0..4 {
        answer.swap(12 + n, 16 + n);
    }
    Some(answer)
}

fn dns_v6(packet: &[u8]) -> Option<Vec<u8>> {
    let mut answer = packet.to_vec();
    (packet.get(6)? == &UDP).then_some(())?;
    turn_dns(answer.get_mut(40..)?)?;
    for n in 0..16 {
        answer.swap(8 + n, 24 + n);
    }
    // Over IPv6 a sum has to be there.
    let pseudo = sum(&answer[8..40]) + (answer.len() as u32 - 40) + u32::from(UDP);
    let sum = checksum(pseudo, &answer[40..]);
    answer[46..48].copy_from_slice(&sum);
    Some(answer)
}

/// Ports exchanged, the bit of a response set, and no checksum, which IPv4 allows.
fn turn_dns(datagram: &mut [u8]) -> Option<()> {
    if datagram.len() < 20 || datagram[2..4] != 53u16.to_be_bytes() {
        return None;
    }
    datagram[..4].rotate_left(2);
    datagram[6..8].fill(0);
    datagram[10] |= 0x80;
    Some(())
}

pub fn checksum(start: u32, bytes: &[u8]) -> [u8; 2] {
    let mut total = start + sum(bytes);
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    (!(total as u16)).to_be_bytes()
}

pub fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |b| u32::from(*b))).sum()
}
