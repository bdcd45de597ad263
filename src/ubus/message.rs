//! ubus frames: the header, the attributes, what a client sends, and [`Deframer`].
//!
//! Contract: pure; [`Message::parse`] borrows from the frame. As in ubusd and libubus a bad
//! attribute inside a frame counts as absent and of a repeated one the last counts; only the
//! header and the outer length can make a frame [`Malformed`].
//!
//! A frame is version (0), type, sequence (16 bits), peer (32 bits), then one blob attribute
//! (id 0) with the attributes of the message in it; all big-endian.

use super::blob::{Attrs, Mark, Type, Writer};
use crate::json::Value;
use crate::wire::{Malformed, Reader};

/// ubusd drops a client whose blob is longer than this, and so do we.
pub const MAX_BLOB: usize = 1 << 20;
const HEADER: usize = 8;
const BLOB_HEAD: usize = 4;

/// The system object that takes event patterns and events.
pub const EVENT_OBJECT: u32 = 1;

crate::wire_enum! {
    /// What a frame is for.
    pub enum Kind: u8 {
        Hello = 0 => "hello",
        Status = 1 => "status",
        Data = 2 => "data",
        Ping = 3 => "ping",
        Lookup = 4 => "lookup",
        Invoke = 5 => "invoke",
        AddObject = 6 => "add_object",
        RemoveObject = 7 => "remove_object",
        Subscribe = 8 => "subscribe",
        Unsubscribe = 9 => "unsubscribe",
        Notify = 10 => "notify",
        Monitor = 11 => "monitor",
    }
}

crate::wire_enum! {
    /// The answer to a request, with libubus's words.
    pub enum Status: u32 {
        Ok = 0 => "Success",
        InvalidCommand = 1 => "Invalid command",
        InvalidArgument = 2 => "Invalid argument",
        MethodNotFound = 3 => "Method not found",
        NotFound = 4 => "Not found",
        NoData = 5 => "No response",
        PermissionDenied = 6 => "Permission denied",
        Timeout = 7 => "Request timed out",
        NotSupported = 8 => "Operation not supported",
        UnknownError = 9 => "Unknown error",
        ConnectionFailed = 10 => "Connection failed",
        NoMemory = 11 => "Out of memory",
        ParseError = 12 => "Parsing message data failed",
        SystemError = 13 => "System error",
    }
}

/// Attribute ids.
pub mod id {
    pub const STATUS: u8 = 1;
    pub const OBJPATH: u8 = 2;
    pub const OBJID: u8 = 3;
    pub const METHOD: u8 = 4;
    pub const OBJTYPE: u8 = 5;
    pub const SIGNATURE: u8 = 6;
    pub const DATA: u8 = 7;
    pub const TARGET: u8 = 8;
    pub const ACTIVE: u8 = 9;
    pub const NO_REPLY: u8 = 10;
    pub const SUBSCRIBERS: u8 = 11;
    pub const USER: u8 = 12;
    pub const GROUP: u8 = 13;
}

/// The declared type of a method's argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgType {
    Any,
    Array,
    Table,
    String,
    Int64,
    Int32,
    Int16,
    Bool,
    Double,
}

impl ArgType {
    fn blob_type(self) -> Type {
        match self {
            ArgType::Any => Type::Unspec,
            ArgType::Array => Type::Array,
            ArgType::Table => Type::Table,
            ArgType::String => Type::String,
            ArgType::Int64 => Type::Int64,
            ArgType::Int32 => Type::Int32,
            ArgType::Int16 => Type::Int16,
            ArgType::Bool => Type::Int8,
            ArgType::Double => Type::Double,
        }
    }

    /// Callers write JSON, which has one kind of integer: any width goes for any width.
    pub fn admits(self, value: &Value) -> bool {
        match self {
            ArgType::Any => true,
            ArgType::Array => value.is_array(),
            ArgType::Table => value.is_object(),
            ArgType::String => value.is_string(),
            ArgType::Int64 | ArgType::Int32 | ArgType::Int16 => value.as_i64().is_some(),
            ArgType::Bool => value.as_bool().is_some(),
            ArgType::Double => value.is_number(),
        }
    }
}

/// A method of an object: its name and declared arguments, as `ubus -v list` shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    pub name: &'static str,
    pub args: &'static [(&'static str, ArgType)],
}

/// One frame. Absent attributes are `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    pub kind: Kind,
    pub seq: u16,
    pub peer: u32,
    pub status: Option<Status>,
    pub path: Option<&'a str>,
    pub object: Option<u32>,
    pub method: Option<&'a str>,
    pub object_type: Option<u32>,
    /// A list of tables, one for each method.
    pub signature: Option<&'a [u8]>,
    /// A blobmsg table, not looked at: ubusd passes it on unchecked.
    pub data: Option<&'a [u8]>,
    pub target: Option<u32>,
    pub active: Option<bool>,
    pub no_reply: bool,
    pub subscribers: Option<&'a [u8]>,
    pub user: Option<&'a str>,
    pub group: Option<&'a str>,
}

impl<'a> Message<'a> {
    /// A whole frame, as [`Deframer`] gives it.
    pub fn parse(frame: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(frame);
        let _version = reader.u8()?;
        let mut message = Message::empty(Kind::from(reader.u8()?), reader.u16_be()?, reader.u32_be()?);
        let payload = reader.take(blob_length(reader.clone().array()?)?)?;
        let (_, attrs) = payload.split_at_checked(BLOB_HEAD).ok_or(Malformed("truncated"))?;
        for attr in Attrs::new(attrs).map_while(Result::ok) {
            message.take_attr(attr.id, attr.data);
        }
        Ok(message)
    }

    fn empty(kind: Kind, seq: u16, peer: u32) -> Self {
        Message {
            kind,
            seq,
            peer,
            status: None,
            path: None,
            object: None,
            method: None,
            object_type: None,
            signature: None,
            data: None,
            target: None,
            active: None,
            no_reply: false,
            subscribers: None,
            user: None,
            group: None,
        }
    }

    fn take_attr(&mut self, attr: u8, data: &'a [u8]) {
        match attr {
            id::STATUS => self.status = number(data).map(Status::from).or(self.status),
            id::OBJPATH => self.path = string(data).or(self.path),
            id::OBJID => self.object = number(data).or(self.object),
            id::METHOD => self.method = string(data).or(self.method),
            id::OBJTYPE => self.object_type = number(data).or(self.object_type),
            id::SIGNATURE => self.signature = Some(data),
            id::DATA => self.data = Some(data),
            id::TARGET => self.target = number(data).or(self.target),
            id::ACTIVE => self.active = data.first().map(|byte| *byte != 0).or(self.active),
            id::NO_REPLY => self.no_reply = data.first().map_or(self.no_reply, |byte| *byte != 0),
            id::SUBSCRIBERS => self.subscribers = Some(data),
            id::USER => self.user = string(data).or(self.user),
            id::GROUP => self.group = string(data).or(self.group),
            _ => {}
        }
    }
}

fn number(data: &[u8]) -> Option<u32> {
    data.try_into().ok().map(u32::from_be_bytes)
}

/// Terminated, and up to its first NUL: ubusd reads `modem\0test` as `modem`.
fn string(data: &[u8]) -> Option<&str> {
    let text = data.strip_suffix(&[0])?.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(text).ok()
}

/// The length of the outer blob, head included, from its head.
fn blob_length([_, high, middle, low]: [u8; 4]) -> Result<usize, Malformed> {
    let length = u32::from_be_bytes([0, high, middle, low]);
    let length = usize::try_from(length).map_err(|_| Malformed("length"))?;
    if (BLOB_HEAD..=MAX_BLOB).contains(&length) { Ok(length) } else { Err(Malformed("frame length")) }
}

/// Cuts a byte stream into frames, whatever its segmentation.
///
/// ubusd reads and writes exactly the length of the outer blob, without padding.
#[derive(Debug, Default)]
pub struct Deframer {
    bytes: Vec<u8>,
    taken: usize,
}

impl Deframer {
    pub fn new() -> Self {
        Deframer::default()
    }

    /// Where to read into (append only).
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        // A big frame was here: give its memory back, the daemon lives for months.
        if self.bytes.len() < 2048 && self.bytes.capacity() > 4096 {
            self.bytes.shrink_to(2048);
        }
        self.bytes.reserve(2048);
        &mut self.bytes
    }

    /// The next whole frame, if there is one. After an error the stream is lost.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, Malformed> {
        let rest = self.bytes.get(self.taken..).unwrap_or_default();
        let Some(head) = rest.get(HEADER..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
        let length = HEADER + blob_length(*head)?;
        if rest.len() < length {
            return Ok(None);
        }
        let start = self.taken;
        self.taken += length;
        Ok(self.bytes.get(start..self.taken))
    }
}

/// Builds one frame: a list of attributes in the order of the calls.
#[derive(Debug)]
pub struct Builder {
    writer: Writer,
    blob: Mark,
}

impl Builder {
    pub fn new(kind: Kind, seq: u16, peer: u32) -> Self {
        let mut writer = Writer::new();
        writer.raw(&[0, kind.into()]);
        writer.raw(&seq.to_be_bytes());
        writer.raw(&peer.to_be_bytes());
        let blob = writer.open(0);
        Builder { writer, blob }
    }

    pub fn number(mut self, id: u8, value: u32) -> Self {
        self.writer.attr(id, &value.to_be_bytes());
        self
    }

    pub fn flag(mut self, id: u8, value: bool) -> Self {
        self.writer.attr(id, &[value.into()]);
        self
    }

    pub fn string(mut self, id: u8, value: &str) -> Self {
        self.writer.attr_string(id, value);
        self
    }

    /// A payload that is encoded already.
    pub fn bytes(mut self, id: u8, payload: &[u8]) -> Self {
        self.writer.attr(id, payload);
        self
    }

    /// A table, or an empty payload for `null`.
    pub fn data(mut self, value: &Value) -> Self {
        let mark = self.writer.open(id::DATA);
        self.writer.table(value);
        self.writer.close(mark);
        self
    }

    /// The list of methods of an object.
    pub fn signature(mut self, methods: &[Method]) -> Self {
        let mark = self.writer.open(id::SIGNATURE);
        for method in methods {
            let table = self.writer.open_element(Type::Table, method.name);
            for (name, kind) in method.args {
                self.writer.u32(name, u8::from(kind.blob_type()).into());
            }
            self.writer.close(table);
        }
        self.writer.close(mark);
        self
    }

    pub fn finish(mut self) -> Result<Vec<u8>, Malformed> {
        self.writer.close(self.blob);
        self.writer.finish(HEADER + MAX_BLOB)
    }
}

/// What the client says, attribute by attribute in libubus's order.
pub mod say {
    use super::{Builder, EVENT_OBJECT, Kind, Method, Status, id};
    use crate::json::{Value, json};
    use crate::wire::Malformed;

    pub type Frame = Result<Vec<u8>, Malformed>;

    /// `None` lists every object; a path that ends in `*` all that begin like it.
    pub fn lookup(seq: u16, path: Option<&str>) -> Frame {
        let frame = Builder::new(Kind::Lookup, seq, 0);
        match path {
            Some(path) => frame.string(id::OBJPATH, path).finish(),
            None => frame.finish(),
        }
    }

    pub fn invoke(seq: u16, object: u32, method: &str, args: &Value) -> Frame {
        let frame = Builder::new(Kind::Invoke, seq, object);
        frame.number(id::OBJID, object).string(id::METHOD, method).data(args).finish()
    }

    /// An object with a name and methods, or an anonymous one that only receives.
    pub fn add_object(seq: u16, named: Option<(&str, &[Method])>) -> Frame {
        let frame = Builder::new(Kind::AddObject, seq, 0);
        match named {
            Some((path, methods)) => frame.string(id::OBJPATH, path).signature(methods).finish(),
            None => frame.finish(),
        }
    }

    pub fn remove_object(seq: u16, object: u32) -> Frame {
        Builder::new(Kind::RemoveObject, seq, 0).number(id::OBJID, object).finish()
    }

    pub fn subscribe(seq: u16, subscriber: u32, target: u32) -> Frame {
        let frame = Builder::new(Kind::Subscribe, seq, 0);
        frame.number(id::OBJID, subscriber).number(id::TARGET, target).finish()
    }

    /// To all subscribers, without an answer from them.
    pub fn notify(seq: u16, object: u32, kind: &str, data: &Value) -> Frame {
        let frame = Builder::new(Kind::Notify, seq, object).number(id::OBJID, object);
        frame.string(id::METHOD, kind).data(data).flag(id::NO_REPLY, true).finish()
    }

    /// From now on events that match `pattern` are invoked on `object`. The number goes
    /// out as 32 bits whatever its value: ubusd's policy asks for that.
    pub fn register(seq: u16, object: u32, pattern: &str) -> Frame {
        let args = json!({"object": i32::from_be_bytes(object.to_be_bytes()), "pattern": pattern});
        invoke(seq, EVENT_OBJECT, "register", &args)
    }

    pub fn event(seq: u16, id: &str, data: &Value) -> Frame {
        let table = if data.is_null() { json!({}) } else { data.clone() };
        invoke(seq, EVENT_OBJECT, "send", &json!({"id": id, "data": table}))
    }

    /// The end of a request that was invoked on our object.
    pub fn status(seq: u16, peer: u32, object: u32, status: Status) -> Frame {
        let frame = Builder::new(Kind::Status, seq, peer).number(id::STATUS, status.into());
        frame.number(id::OBJID, object).finish()
    }

    /// One answer to a request; any number of them come before its status.
    pub fn reply(seq: u16, peer: u32, object: u32, data: &Value) -> Frame {
        Builder::new(Kind::Data, seq, peer).number(id::OBJID, object).data(data).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn a_frame_in_single_bytes_is_still_one_frame() {
        let sent = say::invoke(7, 0x1234_5678, "up", &json!({"interface": "wan"})).expect("fits");
        let mut deframer = Deframer::new();
        for (position, byte) in sent.iter().enumerate() {
            assert_eq!(deframer.next_frame(), Ok(None), "at {position}");
            deframer.buffer().push(*byte);
        }
        let frame = deframer.next_frame().expect("well-formed").expect("whole").to_vec();
        assert_eq!(frame, sent);
        let message = Message::parse(&frame).expect("well-formed");
        assert_eq!((message.kind, message.seq, message.peer), (Kind::Invoke, 7, 0x1234_5678));
        assert_eq!((message.method, message.object), (Some("up"), Some(0x1234_5678)));
    }

    #[test]
    fn a_length_that_no_frame_can_have_ends_the_stream() {
        for length in [[0, 0, 0, 3], [0, 0x10, 0, 1], [0, 0xff, 0xff, 0xff]] {
            let mut deframer = Deframer::new();
            deframer.buffer().extend([0, 2, 0, 1, 0, 0, 0, 0]);
            deframer.buffer().extend(length);
            assert_eq!(deframer.next_frame(), Err(Malformed("frame length")));
        }
    }

    #[test]
    fn a_bad_attribute_counts_as_absent_and_the_last_of_two_counts() {
        let frame = Builder::new(Kind::Status, 1, 0)
            .number(id::STATUS, 4)
            .number(id::STATUS, 6)
            .bytes(id::STATUS, &[1])
            .bytes(id::METHOD, b"unterminated")
            .number(99, 1)
            .finish()
            .expect("fits");
        let message = Message::parse(&frame).expect("well-formed");
        assert_eq!(message.status, Some(Status::PermissionDenied));
        assert_eq!(message.method, None);
    }

    #[test]
    fn a_message_beyond_a_megabyte_is_refused_here_and_not_by_ubusd() {
        let data = json!({ "text": "x".repeat(MAX_BLOB) });
        assert_eq!(say::reply(1, 2, 3, &data), Err(Malformed("message too long")));
    }

    #[test]
    fn an_argument_of_any_integer_width_is_an_integer() {
        assert!(ArgType::Int32.admits(&json!(5_000_000_000_i64)));
        assert!(!ArgType::Int32.admits(&json!("5")));
        assert!(!ArgType::Bool.admits(&json!(1)));
        assert!(ArgType::Double.admits(&json!(1)));
    }
}
