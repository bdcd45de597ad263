//! USB/IP as the kernel's vhci-hcd speaks it over a stream socket: 48-byte headers in
//! big endian, then the data (Documentation/usb/usbip_protocol.rst). Only what a
//! modem needs: control, bulk and interrupt; no isochronous transfers.

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

const CMD_SUBMIT: u32 = 1;
const CMD_UNLINK: u32 = 2;
const RET_SUBMIT: u32 = 3;
const RET_UNLINK: u32 = 4;
const HIGH_SPEED: u32 = 3;
/// More than any buffer that a driver here submits.
const LARGEST: u32 = 1 << 20;

const VHCI: &str = "/sys/devices/platform/vhci_hcd.0";

/// URB status: the errno values that Linux gives them on the wire.
pub const OK: i32 = 0;
pub const STALL: i32 = -32;
pub const UNLINKED: i32 = -104;

pub enum Message {
    Submit(Submit),
    Unlink { seqnum: u32, victim: u32 },
}

pub struct Submit {
    pub seqnum: u32,
    /// With the direction bit, as in a descriptor.
    pub endpoint: u8,
    /// Size of the host's buffer.
    pub length: u32,
    pub setup: [u8; 8],
    /// What an OUT transfer carries.
    pub data: Vec<u8>,
}

/// Gives the kernel one end of a new socket as a high-speed device on `port`, and
/// keeps the other. The device is gone when that one is closed.
pub fn attach(port: u32) -> io::Result<UnixStream> {
    let (ours, kernels) = UnixStream::pair()?;
    // The kernel looks the number up in this process and takes its own reference.
    let line = format!("{port} {} {} {HIGH_SPEED}", kernels.as_raw_fd(), port + 1);
    fs::write(format!("{VHCI}/attach"), line)?;
    Ok(ours)
}

/// The next message; an error of any kind is the end of the device.
pub fn receive(socket: &mut UnixStream) -> io::Result<Message> {
    let mut header = [0u8; 48];
    socket.read_exact(&mut header)?;
    let word = |n: usize| u32::from_be_bytes([header[n], header[n + 1], header[n + 2], header[n + 3]]);
    let seqnum = word(4);
    match word(0) {
        CMD_UNLINK => Ok(Message::Unlink { seqnum, victim: word(20) }),
        CMD_SUBMIT => {
            let input = word(12) == 1;
            let length = word(24);
            if length > LARGEST {
                return Err(io::Error::other("transfer buffer too large"));
            }
            let mut data = vec![0; if input { 0 } else { length as usize }];
            socket.read_exact(&mut data)?;
            let mut setup = [0; 8];
            setup.copy_from_slice(&header[40..48]);
            let endpoint = (word(16) as u8 & 0x0f) | if input { 0x80 } else { 0 };
            Ok(Message::Submit(Submit { seqnum, endpoint, length, setup, data }))
        }
        other => Err(io::Error::other(format!("USB/IP command {other}"))),
    }
}

/// Completes an IN transfer with its data.
pub fn complete_in(socket: &mut UnixStream, seqnum: u32, data: &[u8]) -> io::Result<()> {
    let mut packet = header(RET_SUBMIT, seqnum, OK, data.len() as u32);
    packet.extend(data);
    socket.write_all(&packet)
}

/// Completes an OUT transfer that took `length` bytes.
pub fn complete_out(socket: &mut UnixStream, seqnum: u32, length: u32) -> io::Result<()> {
    socket.write_all(&header(RET_SUBMIT, seqnum, OK, length))
}

pub fn fail(socket: &mut UnixStream, seqnum: u32, status: i32) -> io::Result<()> {
    socket.write_all(&header(RET_SUBMIT, seqnum, status, 0))
}

/// Answers an unlink: [`UNLINKED`] when the transfer was still open, [`OK`] when its
/// completion has crossed the request.
pub fn unlinked(socket: &mut UnixStream, seqnum: u32, status: i32) -> io::Result<()> {
    socket.write_all(&header(RET_UNLINK, seqnum, status, 0))
}

/// The answers leave device, direction and endpoint at 0: vhci-hcd goes by the
/// sequence number.
fn header(command: u32, seqnum: u32, status: i32, length: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(48 + length as usize);
    for word in [command, seqnum, 0, 0, 0, status as u32, length] {
        out.extend(word.to_be_bytes());
    }
    out.resize(48, 0);
    out
}
