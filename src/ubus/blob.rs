//! libubox's blob and blobmsg: typed, named, nested values in one length-prefixed format.
//!
//! Contract: bytes in, [`Value`] out, and back. What libubox accepts is accepted
//! and means the same; everything else is [`Malformed`]. Depth and number of elements are
//! bounded, because a peer's frame of 1 MiB could otherwise become tens of megabytes.
//!
//! The format: an attribute is a 32-bit big-endian word (1 bit "extended", 7 bits id, 24 bits
//! length including the word), its payload, and zeros up to a multiple of 4. A blobmsg element
//! is an extended attribute whose id is its type and whose payload starts with a 16-bit name
//! length, the name, a NUL, and zeros up to a multiple of 4.

use crate::json::{MOST_MEMBERS, Map, Number, Value};
use crate::wire::{Malformed, Reader};

/// Tables and arrays inside each other; ours have at most 4, netifd's dump has 5.
pub const MAX_DEPTH: u32 = 64;

/// Elements in one message, nested ones included.
pub const MAX_ELEMENTS: u32 = 16 * 1024;

const EXTENDED: u8 = 0x80;

crate::wire_enum! {
    /// The type of a blobmsg element.
    pub enum Type: u8 {
        Unspec = 0 => "unspec",
        Array = 1 => "array",
        Table = 2 => "table",
        String = 3 => "string",
        Int64 = 4 => "int64",
        Int32 = 5 => "int32",
        Int16 = 6 => "int16",
        Int8 = 7 => "int8",
        Double = 8 => "double",
    }
}

/// One blob attribute; the meaning of `id` is the context's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attr<'a> {
    pub id: u8,
    pub extended: bool,
    pub data: &'a [u8],
}

/// The attributes of a payload, one after the other. Ends after the first error.
#[derive(Debug, Clone)]
pub struct Attrs<'a> {
    rest: Reader<'a>,
}

impl<'a> Attrs<'a> {
    pub fn new(payload: &'a [u8]) -> Self {
        Attrs { rest: Reader::new(payload) }
    }
}

impl<'a> Iterator for Attrs<'a> {
    type Item = Result<Attr<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let attr = attr(&mut self.rest);
        if attr.is_err() {
            self.rest.rest();
        }
        Some(attr)
    }
}

fn attr<'a>(reader: &mut Reader<'a>) -> Result<Attr<'a>, Malformed> {
    let [id, high, middle, low] = reader.array()?;
    let length = length(u32::from_be_bytes([0, high, middle, low]))?;
    let data = reader.take(length.checked_sub(4).ok_or(Malformed("attribute shorter than its head"))?)?;
    reader.take(padding(length))?;
    Ok(Attr { id: id & !EXTENDED, extended: id & EXTENDED != 0, data })
}

fn length(wire: u32) -> Result<usize, Malformed> {
    usize::try_from(wire).map_err(|_| Malformed("length"))
}

/// Zeros that follow `length` bytes.
fn padding(length: usize) -> usize {
    length.wrapping_neg() & 3
}

/// One blobmsg element, its value not looked at yet. `name` is empty in arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    pub kind: Type,
    pub name: &'a [u8],
    pub data: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads the name and checks the payload's size against the type, as libubox's
    /// `blobmsg_check_attr_len` does. Members of a table are `named`.
    pub fn new(attr: Attr<'a>, named: bool) -> Result<Self, Malformed> {
        let kind = Type::from(attr.id);
        let (name, data) = match (attr.extended, named) {
            (true, _) => split_name(attr.data, named)?,
            (false, false) => (&[][..], attr.data),
            (false, true) => return Err(Malformed("table member without a name")),
        };
        let element = Element { kind, name, data };
        element.check_size()?;
        Ok(element)
    }

    fn check_size(&self) -> Result<(), Malformed> {
        let size = self.data.len();
        let fits = match self.kind {
            Type::Unspec | Type::Array | Type::Table => true,
            Type::String => self.data.last() == Some(&0),
            Type::Int64 => size == 8,
            Type::Int32 => size == 4,
            Type::Int16 => size == 2,
            Type::Int8 => size == 1,
            // libubox asks for at least 8 here, exactly the size elsewhere.
            Type::Double => size >= 8,
            Type::Other(_) => return Err(Malformed("unknown element type")),
        };
        if fits { Ok(()) } else { Err(Malformed("element size does not fit its type")) }
    }
}

/// The name may be one byte shorter than its length says: libubox looks for the NUL only.
fn split_name(payload: &[u8], named: bool) -> Result<(&[u8], &[u8]), Malformed> {
    let mut reader = Reader::new(payload);
    let length = usize::from(reader.u16_be()?);
    if named && length == 0 {
        return Err(Malformed("table member without a name"));
    }
    let name = reader.take(length)?;
    if reader.u8()? != 0 {
        return Err(Malformed("name not terminated"));
    }
    reader.take(padding(length + 3))?;
    Ok((until_nul(name), reader.rest()))
}

/// What a C reader sees of a string.
fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or(bytes)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(until_nul(bytes)).into_owned()
}

/// The payload of a data attribute as a JSON object. Of members with the same name the
/// first counts, as in libubox's `blobmsg_parse`.
pub fn parse_table(payload: &[u8]) -> Result<Value, Malformed> {
    let mut parser = Parser { elements: MAX_ELEMENTS, depth: MAX_DEPTH };
    let mut table = Map::new();
    for attr in Attrs::new(payload) {
        parser.member(attr?, &mut table)?;
    }
    Ok(Value::Object(table))
}

struct Parser {
    elements: u32,
    depth: u32,
}

impl Parser {
    fn member(&mut self, attr: Attr, table: &mut Map) -> Result<(), Malformed> {
        let element = Element::new(attr, true)?;
        let value = self.value(&element)?;
        if table.len() == MOST_MEMBERS {
            return Err(Malformed("too many members"));
        }
        table.insert_new(text(element.name), value);
        Ok(())
    }

    fn value(&mut self, element: &Element) -> Result<Value, Malformed> {
        self.elements = self.elements.checked_sub(1).ok_or(Malformed("too many elements"))?;
        let mut reader = Reader::new(element.data);
        Ok(match element.kind {
            Type::Unspec => Value::Null,
            Type::Array | Type::Table => return self.nested(element),
            Type::String => Value::String(text(element.data)),
            Type::Int64 => i64::from_be_bytes(reader.array()?).into(),
            Type::Int32 => i32::from_be_bytes(reader.array()?).into(),
            Type::Int16 => i16::from_be_bytes(reader.array()?).into(),
            Type::Int8 => Value::Bool(reader.u8()? != 0),
            // JSON has no infinities; a reader of JSON gets null for them.
            Type::Double => Number::from_f64(f64::from_be_bytes(reader.array()?)).into(),
            Type::Other(_) => return Err(Malformed("unknown element type")),
        })
    }

    /// Bytes at the end of a nested list that hold no whole attribute are ignored there,
    /// because libubox's iteration stops before them without a word.
    fn nested(&mut self, element: &Element) -> Result<Value, Malformed> {
        self.depth = self.depth.checked_sub(1).ok_or(Malformed("nested too deeply"))?;
        let whole = Attrs::new(element.data).map_while(Result::ok);
        let value = if element.kind == Type::Table {
            let mut table = Map::new();
            for attr in whole {
                self.member(attr, &mut table)?;
            }
            Value::Object(table)
        } else {
            let mut array = Vec::new();
            for attr in whole {
                array.push(self.value(&Element::new(attr, false)?)?);
            }
            Value::Array(array)
        };
        self.depth += 1;
        Ok(value)
    }
}

/// Where an open attribute started; give it back to [`Writer::close`].
#[must_use]
#[derive(Debug)]
pub struct Mark(usize);

/// Writes attributes and elements one after the other.
///
/// A mistake (a name that the format can't carry, too much) is remembered and told by
/// [`Writer::finish`], so that the calls in between stay a list.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    mistake: Option<Malformed>,
}

impl Writer {
    pub fn new() -> Self {
        Writer::default()
    }

    /// The bytes, if all went well and there are at most `most` of them. The lengths of
    /// attributes have 24 bits: `most` must be below that.
    pub fn finish(self, most: usize) -> Result<Vec<u8>, Malformed> {
        match self.mistake {
            Some(mistake) => Err(mistake),
            None if self.bytes.len() > most => Err(Malformed("message too long")),
            None => Ok(self.bytes),
        }
    }

    /// Bytes without any framing.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Starts an attribute; everything written up to `close` is its payload.
    pub fn open(&mut self, id: u8) -> Mark {
        let mark = Mark(self.bytes.len());
        self.raw(&[id, 0, 0, 0]);
        mark
    }

    pub fn close(&mut self, mark: Mark) {
        let size = self.bytes.len() - mark.0;
        // Longer than 24 bits can say: finish() refuses anything near that.
        let [.., high, middle, low] = size.to_be_bytes();
        if let Some([_, length @ ..]) = self.bytes.get_mut(mark.0..).and_then(<[u8]>::first_chunk_mut::<4>) {
            *length = [high, middle, low];
        }
        self.pad(size);
    }

    fn pad(&mut self, size: usize) {
        self.bytes.extend(std::iter::repeat_n(0, padding(size)));
    }

    pub fn attr(&mut self, id: u8, data: &[u8]) {
        let mark = self.open(id);
        self.raw(data);
        self.close(mark);
    }

    pub fn attr_string(&mut self, id: u8, text: &str) {
        let mark = self.open(id);
        self.string(text);
        self.close(mark);
    }

    fn string(&mut self, text: &str) {
        self.raw(until_nul(text.as_bytes()));
        self.raw(&[0]);
    }

    /// Starts an element; `name` is empty in arrays.
    pub fn open_element(&mut self, kind: Type, name: &str) -> Mark {
        let mark = self.open(u8::from(kind) | EXTENDED);
        let name = until_nul(name.as_bytes());
        let length = u16::try_from(name.len()).unwrap_or_else(|_| {
            self.mistake = Some(Malformed("name too long"));
            0
        });
        self.raw(&length.to_be_bytes());
        self.raw(name);
        self.raw(&[0]);
        self.pad(name.len() + 3);
        mark
    }

    pub fn element(&mut self, kind: Type, name: &str, data: &[u8]) {
        let mark = self.open_element(kind, name);
        self.raw(data);
        self.close(mark);
    }

    /// A 32-bit number whatever its value: what policies of C programs ask for.
    pub fn u32(&mut self, name: &str, value: u32) {
        self.element(Type::Int32, name, &value.to_be_bytes());
    }

    pub fn text(&mut self, name: &str, value: &str) {
        let mark = self.open_element(Type::String, name);
        self.string(value);
        self.close(mark);
    }

    /// A value with the type that libubox's `blobmsg_json` would choose.
    pub fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => self.element(Type::Unspec, name, &[]),
            Value::Bool(on) => self.element(Type::Int8, name, &[u8::from(*on)]),
            Value::Number(number) => self.number(name, number),
            Value::String(string) => self.text(name, string),
            Value::Array(values) => {
                let mark = self.open_element(Type::Array, name);
                values.iter().for_each(|value| self.value("", value));
                self.close(mark);
            }
            Value::Object(table) => {
                let mark = self.open_element(Type::Table, name);
                self.members(table);
                self.close(mark);
            }
        }
    }

    fn number(&mut self, name: &str, number: &Number) {
        // json-c reads what is above the signed range as the largest signed number.
        let integer = number.as_i64().or_else(|| number.as_u64().map(|_| i64::MAX));
        match (integer, number.as_f64()) {
            (Some(integer), _) => match i32::try_from(integer) {
                Ok(small) => self.element(Type::Int32, name, &small.to_be_bytes()),
                Err(_) => self.element(Type::Int64, name, &integer.to_be_bytes()),
            },
            (None, double) => self.element(Type::Double, name, &double.unwrap_or(0.0).to_be_bytes()),
        }
    }

    /// The members of a table, one after the other.
    pub fn members(&mut self, table: &Map) {
        for (name, value) in table {
            if name.is_empty() {
                self.mistake = Some(Malformed("table member without a name"));
            }
            self.value(name, value);
        }
    }

    /// The payload of a data attribute: a JSON object, or nothing at all for `null`.
    pub fn table(&mut self, value: &Value) {
        match value {
            Value::Object(table) => self.members(table),
            Value::Null => {}
            _ => self.mistake = Some(Malformed("data must be a table")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    fn emit(value: &Value) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.table(value);
        writer.finish(1 << 20).expect("fits")
    }

    #[test]
    fn every_json_type_survives_the_way_there_and_back() {
        let value = json!({"n": null, "t": true, "f": false, "i": -1, "big": 5_000_000_000_i64, "d": -71.25,
            "s": "", "a": [1, "x", {"k": []}], "o": {"inner": {}}});
        assert_eq!(parse_table(&emit(&value)), Ok(value));
    }

    #[test]
    fn the_smallest_integer_type_is_32_bits_and_64_only_when_needed() {
        assert_eq!(emit(&json!({"a": 1})), [0x85, 0, 0, 12, 0, 1, b'a', 0, 0, 0, 0, 1]);
        let kinds = |value: Value| {
            let bytes = emit(&value);
            Attrs::new(&bytes).map(|attr| attr.map(|attr| attr.id)).collect::<Result<Vec<_>, _>>()
        };
        let numbers =
            json!({"a": i32::MIN, "b": i64::from(i32::MIN) - 1, "c": u64::MAX, "d": 1e3, "e": true});
        assert_eq!(kinds(numbers), Ok(vec![5, 4, 4, 8, 7]));
    }

    #[test]
    fn deep_nesting_is_refused_before_the_stack_notices() {
        let nest = |depth| {
            let mut value = json!({});
            for _ in 0..depth {
                value = json!({ "n": value });
            }
            emit(&value)
        };
        assert!(parse_table(&nest(MAX_DEPTH)).is_ok());
        assert_eq!(parse_table(&nest(MAX_DEPTH + 1)), Err(Malformed("nested too deeply")));
    }

    #[test]
    fn a_frame_full_of_empty_elements_is_refused() {
        let flood = json!({ "a": vec![Value::Null; MAX_ELEMENTS as usize] });
        assert_eq!(parse_table(&emit(&flood)), Err(Malformed("too many elements")));
    }

    #[test]
    fn a_table_of_too_many_members_is_refused() {
        let table = |members: usize| (0..members).map(|n| (n.to_string(), Value::Null)).collect::<Value>();
        assert!(parse_table(&emit(&table(MOST_MEMBERS))).is_ok());
        assert_eq!(parse_table(&emit(&table(MOST_MEMBERS + 1))), Err(Malformed("too many members")));
    }

    #[test]
    fn what_the_format_cannot_carry_is_told_when_finishing() {
        let finish = |value: &Value| {
            let mut writer = Writer::new();
            writer.table(value);
            writer.finish(1 << 20)
        };
        assert!(finish(&json!({"": 1})).is_err());
        assert!(finish(&json!([1])).is_err());
        assert!(finish(&json!({ ("n".repeat(65536)): 1 })).is_err());
        assert!(finish(&json!({ "s": "x".repeat(1 << 20) })).is_err());
        assert_eq!(finish(&Value::Null), Ok(vec![]));
    }

    #[test]
    fn a_string_ends_at_its_first_nul_as_in_c() {
        assert_eq!(parse_table(&emit(&json!({"s": "ab\0cd"}))), Ok(json!({"s": "ab"})));
    }

    #[test]
    fn a_string_that_is_not_utf8_is_kept_readable() {
        let mut writer = Writer::new();
        writer.element(Type::String, "ssid", b"caf\xe9\0");
        let bytes = writer.finish(100).expect("fits");
        assert_eq!(parse_table(&bytes), Ok(json!({"ssid": "caf\u{fffd}"})));
    }
}
