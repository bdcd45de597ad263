//! The QMI function of the emulated modem: the control channel of CDC, and one packet a
//! transfer on the data endpoints, bare (raw IP) or behind an Ethernet header, or several behind
//! QMAP's (four bytes: padding, channel, length).

use super::control::{Channel, GET_ENCAPSULATED, SEND_ENCAPSULATED};
use super::device::{Hang, Knobs};
use super::network::{Network, checksum, sum};
use super::ntb::Datagram;
use super::usb::{Reply, Setup};
use std::collections::VecDeque;
use std::sync::Arc;

/// qmi_wwan raises DTR for the modems that want it (`QMI_QUIRK_SET_DTR`).
const SET_CONTROL_LINE_STATE: u8 = 0x22;

/// The modem's end of the Ethernet pretence.
const MODEM_MAC: [u8; 6] = [0x02, 0x50, 0xf3, 0x00, 0x00, 0x01];
const ARP: [u8; 2] = [0x08, 0x06];

pub struct QmiFunction {
    pub channel: Channel,
    network: Network,
    knobs: Arc<Knobs>,
    to_host: VecDeque<Vec<u8>>,
}

impl QmiFunction {
    pub fn new(channel: Channel, network: Network, knobs: Arc<Knobs>) -> Self {
        Self { channel, network, knobs, to_host: VecDeque::new() }
    }

    pub fn request(&mut self, setup: &Setup, data: &[u8]) -> Reply {
        match setup.request {
            SEND_ENCAPSULATED => self.channel.command(data),
            GET_ENCAPSULATED => self.channel.response(),
            SET_CONTROL_LINE_STATE => Reply::Done(Vec::new()),
            _ => Reply::Stall,
        }
    }

    /// A transfer from the host; `false` leaves it open, as a stalled modem does.
    pub fn output(&mut self, transfer: &[u8]) -> bool {
        if self.knobs.hang() == Hang::Naks {
            return false;
        }
        self.network.count(|c| c.blocks_from_host += 1);
        if !self.knobs.drops_data() {
            if self.knobs.qmap() {
                self.channels(transfer);
                return true;
            }
            let answer = if self.knobs.ethernet() { self.frame(transfer) } else { self.packet(transfer) };
            self.to_host.extend(answer);
        }
        true
    }

    /// Every packet of a transfer; the answers wait for one transfer of their own.
    fn channels(&mut self, mut transfer: &[u8]) {
        while let Some((&[padding, channel, high, low], rest)) = transfer.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes([high, low]));
            let Some((padded, rest)) = rest.split_at_checked(length) else { return };
            transfer = rest;
            let packet = padded[..length.saturating_sub(usize::from(padding & 0x3f))].to_vec();
            let answer = self.network.receive(Datagram { session: channel, packet });
            self.to_host.extend(answer.map(|answer| qmap(answer.session, &answer.packet)));
        }
    }

    fn packet(&self, packet: &[u8]) -> Option<Vec<u8>> {
        self.network.receive(Datagram { session: 0, packet: packet.to_vec() }).map(|d| d.packet)
    }

    fn frame(&self, frame: &[u8]) -> Option<Vec<u8>> {
        let (header, packet) = frame.split_at_checked(14)?;
        let (host, kind) = (&header[6..12], &header[12..14]);
        let answer = match kind {
            _ if kind == ARP => arp(packet)?,
            _ => match neighbour(packet) {
                Some(advertised) => advertised,
                None => self.packet(packet)?,
            },
        };
        Some([host, &MODEM_MAC[..], kind, &answer[..]].concat())
    }

    pub fn input(&mut self) -> Option<Vec<u8>> {
        let mut transfer = self.to_host.pop_front()?;
        if self.knobs.qmap() {
            // Behind what nobody listens to, so that a host which reads less loses it.
            transfer = [qmap(NOBODY, &FILLER), qmap(NOBODY, &FILLER), transfer].concat();
            while let Some(next) = self.to_host.pop_front() {
                transfer.extend(next);
            }
        }
        self.network.count(|c| c.blocks_to_host += 1);
        Some(transfer)
    }
}

/// A channel that no host opens, and more than an MTU of packets for it.
const NOBODY: u8 = 0x7e;
const FILLER: [u8; 2000] = [0x45; 2000];

/// One packet of a channel, padded to four bytes as modems do.
fn qmap(channel: u8, packet: &[u8]) -> Vec<u8> {
    let padding = packet.len().next_multiple_of(4) - packet.len();
    let [high, low] = ((packet.len() + padding) as u16).to_be_bytes();
    let mut framed = [&[padding as u8, channel, high, low], packet].concat();
    framed.resize(framed.len() + padding, 0);
    framed
}

/// A neighbour advertisement for every address but those that the host still checks
/// (unspecified source: RFC 4862, 5.4.2), solicited and overriding (RFC 4861, 4.4).
fn neighbour(packet: &[u8]) -> Option<Vec<u8>> {
    let (head, body) = packet.split_at_checked(40)?;
    let (from, target) = (&head[8..24], body.get(8..24)?);
    if head[0] >> 4 != 6 || head[6] != 58 || body[0] != 135 || from == [0; 16] {
        return None;
    }
    let mut advertised = [&[136, 0, 0, 0, 0x60, 0, 0, 0], target, &[2, 1], &MODEM_MAC[..]].concat();
    // hop limit 255 says that no router was in between
    let mut out = [&[0x60, 0, 0, 0, 0, advertised.len() as u8, 58, 255], target, from].concat();
    let pseudo = sum(&out[8..40]) + advertised.len() as u32 + 58;
    let check = checksum(pseudo, &advertised);
    advertised[2..4].copy_from_slice(&check);
    out.extend(advertised);
    Some(out)
}

/// Every address but the host's own is the modem's (RFC 826).
fn arp(request: &[u8]) -> Option<Vec<u8>> {
    let (sender, target) = (request.get(8..18)?, request.get(24..28)?);
    if request.get(..8)? != [0, 1, 8, 0, 6, 4, 0, 1] || &sender[6..] == target {
        return None;
    }
    Some([&[0, 1, 8, 0, 6, 4, 0, 2], &MODEM_MAC[..], target, sender].concat())
}
