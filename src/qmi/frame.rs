//! QMUX frames: the header, the control service's SDU with its one-byte transaction and
//! the other services' with two bytes; and frames out of what a read returned.
//!
//! Contract: bytes in, [`Frame`] out and back, both roles. A parsed frame's TLVs lie
//! within it, so whoever walks them meets no truncated one. Every length that a peer
//! sent must agree with the others (QMUX length, SDU length, TLV lengths), else
//! [`Malformed`]: a frame that contradicts itself is not guessed at.
//!
//! Why not believe the QMUX flags byte for the direction? It is 0x80 from a modem, but
//! 0x00 in traffic that came through QRTR. Only the SDU's own flags tell.

use super::tlv;
use crate::wire::{Malformed, Reader};
use crate::wire_enum;

wire_enum! {
    /// Services, by the number in the QMUX header.
    pub enum Service: u8 {
        Ctl = 0x00 => "ctl",
        Wds = 0x01 => "wds",
        Dms = 0x02 => "dms",
        Nas = 0x03 => "nas",
        Qos = 0x04 => "qos",
        Wms = 0x05 => "wms",
        Pds = 0x06 => "pds",
        Auth = 0x07 => "auth",
        At = 0x08 => "at",
        Voice = 0x09 => "voice",
        Cat2 = 0x0a => "cat2",
        Uim = 0x0b => "uim",
        Pbm = 0x0c => "pbm",
        Loc = 0x10 => "loc",
        Sar = 0x11 => "sar",
        Ims = 0x12 => "ims",
        Tmd = 0x18 => "tmd",
        Wda = 0x1a => "wda",
        Imsp = 0x1f => "imsp",
        Imsa = 0x21 => "imsa",
        Pdc = 0x24 => "pdc",
        Dsd = 0x2a => "dsd",
        Dpm = 0x2f => "dpm",
        Cat = 0xe0 => "cat",
        Oma = 0xe2 => "oma",
        Fox = 0xe3 => "fox",
        Gms = 0xe7 => "gms",
        Gas = 0xe8 => "gas",
        Atr = 0xed => "atr",
    }
}

/// The first byte of every QMUX frame (QMI I/F type).
pub const MARKER: u8 = 0x01;
/// Flags byte of what a modem sends.
pub const FROM_SERVICE: u8 = 0x80;
/// Client id of an indication to every client of a service.
pub const BROADCAST: u8 = 0xff;

/// Length, flags, service, client: what the QMUX length counts of its header.
const QMUX: usize = 5;

/// What the SDU's flags say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Request,
    Response,
    Indication,
}

impl Kind {
    /// CTL counts its flags from bit 0, the services from bit 1 (bit 0 is "compound").
    fn from_flags(service: Service, flags: u8) -> Self {
        let (response, indication) = bits(service);
        match (flags & indication != 0, flags & response != 0) {
            (true, _) => Kind::Indication,
            (false, true) => Kind::Response,
            (false, false) => Kind::Request,
        }
    }

    fn flags(self, service: Service) -> u8 {
        let (response, indication) = bits(service);
        match self {
            Kind::Request => 0,
            Kind::Response => response,
            Kind::Indication => indication,
        }
    }
}

fn bits(service: Service) -> (u8, u8) {
    if service == Service::Ctl { (1, 2) } else { (2, 4) }
}

/// One QMI message with its address.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// QMUX flags: 0 from a client, [`FROM_SERVICE`] from a modem. Kept, not believed.
    pub flags: u8,
    pub service: Service,
    /// 0 for CTL; [`BROADCAST`] in an indication to all.
    pub client: u8,
    pub kind: Kind,
    /// CTL has one byte of it.
    pub transaction: u16,
    pub message: u16,
    /// The TLVs as they lie in the frame; they were walked once, their lengths fit.
    pub tlvs: Vec<u8>,
}

impl std::fmt::Debug for Frame {
    /// Names and numbers only: a TLV may hold a PIN, an IMSI or a message text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Frame { service, client, kind, transaction, message, tlvs, .. } = self;
        let number = u8::from(*service);
        write!(f, "{}({number:#04x})/{client} {kind:?} {message:#06x} ", service.label())?;
        write!(f, "transaction {transaction}, {} bytes", tlvs.len())
    }
}

impl Frame {
    pub fn request(service: Service, client: u8, transaction: u16, message: u16, tlvs: Vec<u8>) -> Self {
        Frame { flags: 0, service, client, kind: Kind::Request, transaction, message, tlvs }
    }

    /// A modem's answer to this request.
    pub fn response(&self, tlvs: Vec<u8>) -> Self {
        Frame { flags: FROM_SERVICE, kind: Kind::Response, tlvs, ..self.clone() }
    }

    /// A modem's indication; its transaction number means nothing to a client.
    pub fn indication(service: Service, client: u8, transaction: u16, message: u16, tlvs: Vec<u8>) -> Self {
        let kind = Kind::Indication;
        Frame { flags: FROM_SERVICE, service, client, kind, transaction, message, tlvs }
    }

    /// Exactly one frame.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let frame = Frame::read(&mut reader)?;
        if reader.is_empty() { Ok(frame) } else { Err(Malformed("bytes behind the frame")) }
    }

    /// The next frame of `reader`.
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        if reader.u8()? != MARKER {
            return Err(Malformed("no QMUX marker"));
        }
        let length = usize::from(reader.u16_le()?);
        let rest = length.checked_sub(2).ok_or(Malformed("QMUX length below its header"))?;
        let mut reader = Reader::new(reader.take(rest)?);
        let flags = reader.u8()?;
        let service = Service::from(reader.u8()?);
        let client = reader.u8()?;
        let kind = Kind::from_flags(service, reader.u8()?);
        let transaction = if service == Service::Ctl { u16::from(reader.u8()?) } else { reader.u16_le()? };
        let message = reader.u16_le()?;
        let length = usize::from(reader.u16_le()?);
        if length != reader.remaining() {
            return Err(Malformed("SDU length and QMUX length disagree"));
        }
        let tlvs = reader.rest();
        tlv::check(tlvs)?;
        Ok(Frame { flags, service, client, kind, transaction, message, tlvs: tlvs.to_vec() })
    }

    pub fn emit(&self) -> Vec<u8> {
        let tlvs = self.tlvs.get(..MAX_TLVS).unwrap_or(&self.tlvs);
        let header = if self.service == Service::Ctl { 6 } else { 7 };
        let mut out = Vec::with_capacity(1 + QMUX + header + tlvs.len());
        out.push(MARKER);
        out.extend_from_slice(&length_of(QMUX + header + tlvs.len()).to_le_bytes());
        out.extend_from_slice(&[self.flags, self.service.into(), self.client]);
        out.push(self.kind.flags(self.service));
        let [low, high] = self.transaction.to_le_bytes();
        out.push(low);
        if self.service != Service::Ctl {
            out.push(high);
        }
        out.extend_from_slice(&self.message.to_le_bytes());
        out.extend_from_slice(&length_of(tlvs.len()).to_le_bytes());
        out.extend_from_slice(tlvs);
        out
    }
}

/// What fits behind the headers in a QMUX length. We emit far less.
const MAX_TLVS: usize = u16::MAX as usize - QMUX - 7;

fn length_of(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// Makes frames of reads.
///
/// One read of cdc-wdm usually is one message. But the driver's buffer is a stream: two
/// messages that arrived between two reads come as one, and a message larger than the
/// control endpoint's buffer comes in pieces.
#[derive(Debug, Default)]
pub struct Splitter {
    pending: Vec<u8>,
}

impl Splitter {
    /// The frames that `read` completes. An error ends the list: what is behind garbage
    /// can't be told from garbage, so the rest of the read is dropped.
    pub fn push(&mut self, read: &[u8]) -> Vec<Result<Frame, Malformed>> {
        if self.pending.is_empty() {
            return self.split(read);
        }
        let mut joined = std::mem::take(&mut self.pending);
        if is_whole(read) {
            // The rest of the pending frame never came, or its length was a lie.
            let mut frames = vec![Err(Malformed("a frame was cut short"))];
            frames.extend(self.split(read));
            return frames;
        }
        joined.extend_from_slice(read);
        self.split(&joined)
    }

    fn split(&mut self, bytes: &[u8]) -> Vec<Result<Frame, Malformed>> {
        let mut frames = Vec::new();
        let mut rest = bytes;
        while let Some((frame, tail)) = first_frame(rest) {
            let frame = Frame::parse(frame);
            let bad = frame.is_err();
            frames.push(frame);
            rest = tail;
            if bad {
                return frames;
            }
        }
        if !rest.is_empty() {
            if could_grow(rest) {
                self.pending = rest.to_vec();
            } else {
                frames.push(Err(Malformed("no QMUX marker")));
            }
        }
        frames
    }
}

/// The bytes of the first frame by its length, and what follows.
fn first_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader::new(bytes);
    if reader.u8() != Ok(MARKER) {
        return None;
    }
    let length = usize::from(reader.u16_le().ok()?);
    bytes.split_at_checked(length.checked_add(1)?)
}

/// The beginning of a frame, as far as one can see.
fn could_grow(bytes: &[u8]) -> bool {
    bytes.first() == Some(&MARKER)
}

/// Frames from the first to the last byte.
fn is_whole(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        if Frame::read(&mut reader).is_err() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Vec<Frame> {
        let request = Frame::request(Service::Dms, 3, 0x1234, 0x0025, vec![0x10, 2, 0, 7, 8]);
        let sync = Frame::request(Service::Ctl, 0, 0x12, 0x0027, Vec::new());
        vec![
            request.response(vec![2, 4, 0, 0, 0, 0, 0]),
            request,
            sync.response(vec![2, 4, 0, 1, 0, 71, 0]),
            sync,
            Frame::indication(Service::Nas, BROADCAST, 9, 0x0024, Vec::new()),
            Frame::indication(Service::Ctl, 0, 0, 0x0027, Vec::new()),
        ]
    }

    #[test]
    fn every_kind_survives_the_round_trip_in_both_roles() {
        for frame in frames() {
            assert_eq!(Frame::parse(&frame.emit()), Ok(frame));
        }
    }

    #[test]
    fn a_cut_frame_is_an_error_at_every_length() {
        for frame in frames() {
            let bytes = frame.emit();
            for cut in 0..bytes.len() {
                assert!(Frame::parse(&bytes[..cut]).is_err());
            }
        }
    }

    #[test]
    fn a_tlv_past_the_end_of_its_frame_is_an_error() {
        let frame = Frame::request(Service::Wds, 1, 1, 0x20, vec![0x14, 5, 0, 1]);
        assert_eq!(Frame::parse(&frame.emit()), Err(Malformed("truncated")));
    }

    #[test]
    fn two_frames_in_one_read_are_two_frames() {
        let mut frames = frames();
        let (first, second) = (frames.remove(0), frames.remove(0));
        let read = [first.emit(), second.emit()].concat();
        assert_eq!(Splitter::default().push(&read), [Ok(first), Ok(second)]);
    }

    #[test]
    fn a_frame_in_pieces_is_joined_at_every_cut() {
        let frame = frames().swap_remove(1);
        let bytes = frame.emit();
        for cut in 1..bytes.len() {
            let mut splitter = Splitter::default();
            assert_eq!(splitter.push(&bytes[..cut]), []);
            assert_eq!(splitter.push(&bytes[cut..]), [Ok(frame.clone())]);
        }
    }

    #[test]
    fn a_piece_that_never_goes_on_costs_no_later_frame() {
        let frame = frames().swap_remove(1);
        let bytes = frame.emit();
        let mut splitter = Splitter::default();
        assert_eq!(splitter.push(&bytes[..7]), []);
        assert_eq!(splitter.push(&bytes), [Err(Malformed("a frame was cut short")), Ok(frame.clone())]);
        assert_eq!(splitter.push(&bytes), [Ok(frame)]);
    }

    #[test]
    fn garbage_is_one_error_and_leaves_nothing_behind() {
        let frame = frames().swap_remove(1);
        let mut splitter = Splitter::default();
        assert_eq!(splitter.push(b"\xffgarbage"), [Err(Malformed("no QMUX marker"))]);
        assert_eq!(splitter.push(&frame.emit()), [Ok(frame)]);
    }

    #[test]
    fn debug_of_a_frame_shows_no_payload() {
        let frame = Frame::request(Service::Uim, 2, 7, 0x26, b"\x02\x04\x001234".to_vec());
        assert_eq!(format!("{frame:?}"), "uim(0x0b)/2 Request 0x0026 transaction 7, 7 bytes");
    }
}
