//! The MBIM function of the emulated modem: what a modem's USB side does, and no more.
//!
//! Control messages pass through unread: SEND_ENCAPSULATED_COMMAND becomes one packet
//! on the control socket, and each packet from there one answer, announced by
//! RESPONSE_AVAILABLE (MBIM 1.0, 3.2 and 9.2). NTBs go to the [`Network`].

use super::device::{Hang, Knobs};
use super::network::Network;
use super::ntb::{self, Datagram};
use super::usb::{MBIM_CONTROL, MBIM_DATA, Reply, Setup};
use nix::sys::socket::{MsgFlags, recv, send};
use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

const SEND_ENCAPSULATED: u8 = 0x00;
const GET_ENCAPSULATED: u8 = 0x01;
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

const NETWORK_CONNECTION: u8 = 0x00;
const RESPONSE_AVAILABLE: u8 = 0x01;
const CONNECTION_SPEED_CHANGE: u8 = 0x2a;

/// wMaxControlMessage of the descriptor, and the largest packet taken from the socket.
const MAX_CONTROL: usize = 4096;
const NTB_IN: u32 = 16384;
const NTB_OUT: u32 = 16384;
/// Answers kept until the host fetches them; then the control socket has to wait.
const MOST_RESPONSES: usize = 64;

pub struct MbimFunction {
    control: OwnedFd,
    network: Network,
    knobs: Arc<Knobs>,
    responses: VecDeque<Vec<u8>>,
    notifications: VecDeque<Vec<u8>>,
    to_host: Vec<Datagram>,
    sequence: u16,
    ntb_in: u32,
    datagram_size: u16,
    data_open: bool,
}

impl MbimFunction {
    pub fn new(control: OwnedFd, network: Network, knobs: Arc<Knobs>) -> Self {
        Self {
            control,
            network,
            knobs,
            responses: VecDeque::new(),
            notifications: VecDeque::new(),
            to_host: Vec::new(),
            sequence: 0,
            ntb_in: NTB_IN,
            datagram_size: 2048,
            data_open: false,
        }
    }

    /// The control socket, while another answer has room.
    pub fn wants(&self) -> Option<BorrowedFd<'_>> {
        (self.responses.len() < MOST_RESPONSES).then(|| self.control.as_fd())
    }

    /// One answer from the modem's firmware; `false` when that is gone.
    pub fn answer(&mut self) -> bool {
        let mut packet = vec![0; MAX_CONTROL];
        match recv(self.control.as_raw_fd(), &mut packet, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => return false,
            Ok(length) => packet.truncate(length),
            Err(nix::errno::Errno::EAGAIN) => return true,
            Err(_) => return false,
        }
        if self.knobs.hang() == Hang::No {
            self.responses.push_back(packet);
            self.notify(RESPONSE_AVAILABLE, 0, &[]);
        }
        true
    }

    pub fn network_connection(&mut self, up: bool) {
        self.notify(NETWORK_CONNECTION, up.into(), &[]);
    }

    pub fn speed_change(&mut self, down: u32, up: u32) {
        let data = [down.to_le_bytes(), up.to_le_bytes()].concat();
        self.notify(CONNECTION_SPEED_CHANGE, 0, &data);
    }

    fn notify(&mut self, code: u8, value: u16, data: &[u8]) {
        let mut out = vec![0xa1, code];
        for word in [value, MBIM_CONTROL.into(), data.len() as u16] {
            out.extend(word.to_le_bytes());
        }
        out.extend(data);
        self.notifications.push_back(out);
    }

    /// SET_INTERFACE: alternate 0 of the data interface resets the data path (NCM 1.0, 7.2).
    pub fn set_alternate(&mut self, interface: u8, alternate: u8) {
        if interface == MBIM_DATA {
            self.data_open = alternate == 1;
            self.to_host.clear();
            self.sequence = 0;
        }
    }

    /// A class request to the control interface.
    pub fn request(&mut self, setup: &Setup, data: &[u8]) -> Reply {
        match setup.request {
            SEND_ENCAPSULATED => return self.command(data),
            GET_ENCAPSULATED => return Reply::Done(self.responses.pop_front().unwrap_or_default()),
            RESET_FUNCTION => {
                self.responses.clear();
                self.notifications.clear();
                self.set_alternate(MBIM_DATA, u8::from(self.data_open));
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

    fn command(&mut self, data: &[u8]) -> Reply {
        match self.knobs.hang() {
            Hang::No => {
                // A full socket would be a firmware that has stopped reading.
                match send(self.control.as_raw_fd(), data, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL) {
                    Ok(_) => Reply::Done(Vec::new()),
                    Err(_) => Reply::Never,
                }
            }
            Hang::Deaf => Reply::Done(Vec::new()),
            Hang::Naks => Reply::Never,
        }
    }

    /// The next notification for the interrupt endpoint.
    pub fn notification(&mut self) -> Option<Vec<u8>> {
        self.notifications.pop_front()
    }

    /// A block from the host; `false` leaves the transfer open, as a stalled modem does.
    pub fn block_from_host(&mut self, block: &[u8]) -> bool {
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
        if !self.knobs.drops_data() && self.data_open {
            let answers = datagrams.into_iter().filter_map(|d| self.network.receive(d));
            self.to_host.extend(answers);
        }
        true
    }

    /// The next block for the host.
    pub fn block_to_host(&mut self, buffer: u32) -> Option<Vec<u8>> {
        if self.to_host.is_empty() || !self.data_open {
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
