//! Control messages of MBIM as whole frames (MBIM 1.0 errata 1, 9.1 to 9.4), both roles.
//!
//! Contract: bytes in, [`Frame`] out and back; a frame here is whole, with the fragment
//! header (total 1, current 0) that an unfragmented message carries. Cutting and joining
//! is `fragment`'s. Nothing is dropped silently: a wrong length is [`Malformed`].
//!
//! Lenient where modems are known to be: bytes behind MessageLength are ignored, lengths
//! need not be multiples of four, and a CLOSE may carry a stray word (umbim sends one).

use super::service::{Service, Uuid};
use super::status::{Kind, ProtocolError, Status};
use crate::wire::{Malformed, Reader, window};
use crate::wire_enum;

wire_enum! {
    /// MessageType of the message header; answers have the top bit set.
    pub enum Type: u32 {
        Open = 1 => "OPEN",
        Close = 2 => "CLOSE",
        Command = 3 => "COMMAND",
        HostError = 4 => "HOST_ERROR",
        OpenDone = 0x8000_0001 => "OPEN_DONE",
        CloseDone = 0x8000_0002 => "CLOSE_DONE",
        CommandDone = 0x8000_0003 => "COMMAND_DONE",
        FunctionError = 0x8000_0004 => "FUNCTION_ERROR",
        Indication = 0x8000_0007 => "INDICATE_STATUS",
    }
}

impl Type {
    /// Only these carry a fragment header.
    pub fn has_fragments(self) -> bool {
        matches!(self, Type::Command | Type::CommandDone | Type::Indication)
    }
}

/// Bytes of the message header: type, length, transaction.
pub const HEADER: usize = 12;
/// The message header and the fragment header: total, current.
pub const FRAGMENT_HEADER: usize = 20;

/// The message header (9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub kind: Type,
    /// MessageLength: this header included, of this fragment only.
    pub length: u32,
    pub transaction: u32,
}

impl Header {
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Header { kind: reader.u32_le()?.into(), length: reader.u32_le()?, transaction: reader.u32_le()? })
    }

    /// The bytes behind the header, as many as MessageLength promises.
    pub fn contents<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], Malformed> {
        let whole = window(bytes, 0, self.length)?;
        whole.get(HEADER..).ok_or(Malformed("MessageLength below the header"))
    }
}

/// One whole control message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Never 0 in a request; 0 in an indication.
    pub transaction: u32,
    pub content: Content,
}

/// What a control message says. `body` is the information buffer.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    Open { max_transfer: u32 },
    Close,
    Command { service: Service, cid: u32, kind: Kind, body: Vec<u8> },
    HostError(ProtocolError),
    OpenDone(Status),
    CloseDone(Status),
    CommandDone { service: Service, cid: u32, status: Status, body: Vec<u8> },
    FunctionError(ProtocolError),
    Indication { service: Service, cid: u32, body: Vec<u8> },
}

impl std::fmt::Display for Content {
    /// Names only: an information buffer may hold a PIN, an IMSI or a message text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.message_type().label();
        match self {
            Content::Open { max_transfer } => write!(f, "{name} {max_transfer}"),
            Content::Close => f.write_str(name),
            Content::Command { service, cid, kind, body } => {
                write!(f, "{name} {} {} {}", command(*service, *cid), kind.label(), length(body))
            }
            Content::HostError(error) | Content::FunctionError(error) => {
                write!(f, "{name} {}", error.label())
            }
            Content::OpenDone(status) | Content::CloseDone(status) => write!(f, "{name} {}", status.label()),
            Content::CommandDone { service, cid, status, body } => {
                write!(f, "{name} {} {} {}", command(*service, *cid), status.label(), length(body))
            }
            Content::Indication { service, cid, body } => {
                write!(f, "{name} {} {}", command(*service, *cid), length(body))
            }
        }
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

fn command(service: Service, cid: u32) -> String {
    format!("{service} {cid} {}", service.command(cid))
}

fn length(body: &[u8]) -> String {
    format!("{} bytes", body.len())
}

impl Content {
    pub fn message_type(&self) -> Type {
        match self {
            Content::Open { .. } => Type::Open,
            Content::Close => Type::Close,
            Content::Command { .. } => Type::Command,
            Content::HostError(_) => Type::HostError,
            Content::OpenDone(_) => Type::OpenDone,
            Content::CloseDone(_) => Type::CloseDone,
            Content::CommandDone { .. } => Type::CommandDone,
            Content::FunctionError(_) => Type::FunctionError,
            Content::Indication { .. } => Type::Indication,
        }
    }
}

impl Frame {
    pub fn new(transaction: u32, content: Content) -> Self {
        Frame { transaction, content }
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let header = Header::parse(bytes)?;
        let mut reader = Reader::new(header.contents(bytes)?);
        if header.kind.has_fragments() && (reader.u32_le()? != 1 || reader.u32_le()? != 0) {
            return Err(Malformed("a fragment, not a whole message"));
        }
        let content = match header.kind {
            Type::Open => Content::Open { max_transfer: reader.u32_le()? },
            Type::Close => Content::Close,
            Type::Command => parse_command(&mut reader)?,
            Type::HostError => Content::HostError(reader.u32_le()?.into()),
            Type::OpenDone => Content::OpenDone(reader.u32_le()?.into()),
            Type::CloseDone => Content::CloseDone(reader.u32_le()?.into()),
            Type::CommandDone => parse_command_done(&mut reader)?,
            Type::FunctionError => Content::FunctionError(reader.u32_le()?.into()),
            Type::Indication => parse_indication(&mut reader)?,
            Type::Other(_) => return Err(Malformed("unknown MessageType")),
        };
        Ok(Frame { transaction: header.transaction, content })
    }

    pub fn emit(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        let kind = self.content.message_type();
        put(&mut out, kind.into());
        put(&mut out, 0);
        put(&mut out, self.transaction);
        if kind.has_fragments() {
            put(&mut out, 1);
            put(&mut out, 0);
        }
        match &self.content {
            Content::Open { max_transfer } => put(&mut out, *max_transfer),
            Content::Close => (),
            Content::Command { service, cid, kind, body } => {
                put_names(&mut out, *service, *cid);
                put(&mut out, (*kind).into());
                put_body(&mut out, body);
            }
            Content::HostError(error) | Content::FunctionError(error) => put(&mut out, (*error).into()),
            Content::OpenDone(status) | Content::CloseDone(status) => put(&mut out, (*status).into()),
            Content::CommandDone { service, cid, status, body } => {
                put_names(&mut out, *service, *cid);
                put(&mut out, (*status).into());
                put_body(&mut out, body);
            }
            Content::Indication { service, cid, body } => {
                put_names(&mut out, *service, *cid);
                put_body(&mut out, body);
            }
        }
        set_length(&mut out);
        out
    }
}

fn parse_command(reader: &mut Reader<'_>) -> Result<Content, Malformed> {
    let (service, cid) = names(reader)?;
    Ok(Content::Command { service, cid, kind: reader.u32_le()?.into(), body: body(reader)? })
}

fn parse_command_done(reader: &mut Reader<'_>) -> Result<Content, Malformed> {
    let (service, cid) = names(reader)?;
    Ok(Content::CommandDone { service, cid, status: reader.u32_le()?.into(), body: body(reader)? })
}

fn parse_indication(reader: &mut Reader<'_>) -> Result<Content, Malformed> {
    let (service, cid) = names(reader)?;
    Ok(Content::Indication { service, cid, body: body(reader)? })
}

fn names(reader: &mut Reader<'_>) -> Result<(Service, u32), Malformed> {
    let service = Service::from(Uuid(reader.array()?));
    Ok((service, reader.u32_le()?))
}

/// InformationBufferLength and the information buffer.
fn body(reader: &mut Reader<'_>) -> Result<Vec<u8>, Malformed> {
    let length = reader.u32_le()?;
    let rest = reader.rest();
    window(rest, 0, length).map(<[u8]>::to_vec).map_err(|_| Malformed("InformationBufferLength past the end"))
}

fn put(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_names(out: &mut Vec<u8>, service: Service, cid: u32) {
    out.extend_from_slice(&Uuid::from(service).0);
    put(out, cid);
}

fn put_body(out: &mut Vec<u8>, body: &[u8]) {
    put(out, length_of(body));
    out.extend_from_slice(body);
}

/// A length for the wire. What we emit is far below 4 GiB; saturating beats a panic.
pub(super) fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Writes the frame's own length into its header.
pub(super) fn set_length(frame: &mut [u8]) {
    let length = length_of(frame).to_le_bytes();
    if let Some(field) = frame.get_mut(4..8) {
        field.copy_from_slice(&length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Vec<Content> {
        let service = Service::BasicConnect;
        let body = vec![1, 2, 3, 4, 5];
        vec![
            Content::Open { max_transfer: 4096 },
            Content::Close,
            Content::Command { service, cid: 4, kind: Kind::Set, body: body.clone() },
            Content::HostError(ProtocolError::FragmentOutOfSequence),
            Content::OpenDone(Status::Failure),
            Content::CloseDone(Status::Success),
            Content::CommandDone { service, cid: 4, status: Status::Other(77), body: Vec::new() },
            Content::FunctionError(ProtocolError::NotOpened),
            Content::Indication { service, cid: 9, body },
        ]
    }

    #[test]
    fn every_message_type_survives_the_round_trip_in_both_roles() {
        for content in frames() {
            let frame = Frame::new(7, content);
            assert_eq!(Frame::parse(&frame.emit()), Ok(frame));
        }
    }

    #[test]
    fn a_cut_frame_is_an_error_at_every_length() {
        for content in frames() {
            let bytes = Frame::new(7, content).emit();
            for cut in 0..bytes.len() {
                assert!(Frame::parse(&bytes[..cut]).is_err());
            }
        }
    }

    #[test]
    fn debug_of_a_frame_shows_no_payload() {
        let body = b"1234".to_vec();
        let frame = Content::Command { service: Service::BasicConnect, cid: 4, kind: Kind::Set, body };
        assert_eq!(format!("{frame:?}"), "COMMAND basic-connect 4 pin set 4 bytes");
    }
}
