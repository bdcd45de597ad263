//! The MBIM function of the emulated modem: the control channel, the requests of NCM that
//! MBIM has kept (MBIM 1.0, 8.1), and NTBs to and from the [`Network`].

use super::control::{Channel, GET_ENCAPSULATED, SEND_ENCAPSULATED};
use super::device::{Hang, Knobs};
use super::network::Network;
use super::ntb::{self, Datagram};
use super::usb::{Reply, Setup};
use std::sync::Arc;

const RESET_FUNCTION: u8 = 0x05;
const SET_ETHERNET_FILTER: u8 = 0x43;
const GET_NTB_PARAMETERS: u8 = 0x80;
const GET_NTB_FORMAT: u8 = 0x83;
const SET_NTB_FORMAT: u8 = 0x84;
const GET_NTB_INPUT_SIZE: u8 = 0x85;
const SET_NTB_INPUT_SIZE: u8 = 0x86;
const GET_MAX_DATAGRAM_SIZE: u8 = 0x87;
const SET_MAX_DATAGRAM_SIZE: u8 = 0x88;
const GET_CRC_MODE: u8 = 0x89;
const SET_CRC_MODE: u8 = 0x8a;

const NTB_IN: u32 = 16384;
const NTB_OUT: u32 = 16384;

pub struct MbimFunction {
    pub channel: Channel,
    network: Network,
    knobs: Arc<Knobs>,
    to_host: Vec<Datagram>,
    sequence: u16,
    ntb_in: u32,
    datagram_size: u16,
    open: bool,
}

impl MbimFunction {
    pub fn new(channel: Channel, network: Network, knobs: Arc<Knobs>) -> Self {
        let (to_host, ntb_in, datagram_size) = (Vec::new(), NTB_IN, 2048);
        Self { channel, network, knobs, to_host, sequence: 0, ntb_in, datagram_size, open: false }
    }

    /// Alternate 0 of the data interface resets the data path (NCM 1.0, 7.2).
    pub fn set_alternate(&mut self, alternate: u8) {
        self.open = alternate == 1;
        self.to_host.clear();
        self.sequence = 0;
    }

    /// A class request to the control interface.
    pub fn request(&mut self, setup: &Setup, data: &[u8]) -> Reply {
        match setup.request {
            SEND_ENCAPSULATED => return self.channel.command(data),
            GET_ENCAPSULATED => return self.channel.response(),
            RESET_FUNCTION => {
                self.channel.clear();
                self.set_alternate(u8::from(self.open));
            }
            SET_NTB_INPUT_SIZE => match data.first_chunk() {
                Some(size) => self.ntb_in = u32::from_le_bytes(*size).clamp(2048, NTB_IN),
                None => return Reply::Stall,
            },
            SET_MAX_DATAGRAM_SIZE => match data.first_chunk() {
                Some(size) => self.datagram_size = u16::from_le_bytes(*size),
                None => return Reply::Stall,
            },
            SET_NTB_FORMAT | SET_CRC_MODE if setup.value != 0 => return Reply::Stall,
            SET_NTB_FORMAT | SET_CRC_MODE | SET_ETHERNET_FILTER => {}
            GET_NTB_PARAMETERS => return Reply::Done(ntb_parameters()),
            GET_NTB_FORMAT | GET_CRC_MODE => return Reply::Done(vec![0, 0]),
            GET_NTB_INPUT_SIZE => return Reply::Done(self.ntb_in.to_le_bytes().to_vec()),
            GET_MAX_DATAGRAM_SIZE => return Reply::Done(self.datagram_size.to_le_bytes().to_vec()),
            _ => return Reply::Stall,
        }
        Reply::Done(Vec::new())
    }

    /// A block from the host; `false` leaves the transfer open, as a stalled modem does.
    pub fn output(&mut self, block: &[u8]) -> bool {
        if self.knobs.hang() == Hang::Naks {
            return false;
        }
        self.network.count(|c| c.blocks_from_host += 1);
        let datagrams = match ntb::parse(block) {
            Ok(datagrams) => datagrams,
            Err(why) => {
                println!("          the host's NTB is wrong: {why}");
                self.network.count(|c| c.bad_blocks += 1);
                return true;
            }
        };
        if !self.knobs.drops_data() && self.open {
            let answers = datagrams.into_iter().filter_map(|d| self.network.receive(d));
            self.to_host.extend(answers);
        }
        true
    }

    /// The next block for the host.
    pub fn input(&mut self, buffer: u32) -> Option<Vec<u8>> {
        if self.to_host.is_empty() || !self.open {
            return None;
        }
        let block = ntb::build(&mut self.to_host, self.sequence, self.ntb_in.min(buffer) as usize);
        self.sequence = self.sequence.wrapping_add(1);
        self.network.count(|c| c.blocks_to_host += 1);
        Some(block)
    }
}

/// NCM 1.0, table 6-3: NTB16 only, both directions 16 KiB, payload and tables on
/// multiples of 4, any number of datagrams.
fn ntb_parameters() -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(28u16.to_le_bytes());
    out.extend(1u16.to_le_bytes());
    out.extend(NTB_IN.to_le_bytes());
    for word in [4u16, 0, 4, 0] {
        out.extend(word.to_le_bytes());
    }
    out.extend(NTB_OUT.to_le_bytes());
    for word in [4u16, 0, 4, 0] {
        out.extend(word.to_le_bytes());
    }
    out
}
