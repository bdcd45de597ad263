//! PURE. Values as JSON and blobmsg know them: what ubus carries, what files hold, what is shown.
//!
//! Contract: a table keeps the order in which its members came, and its names are unique.
//! Numbers are integers of 64 bits or finite doubles. [`parse`] takes any bytes: what is no
//! JSON, nested deeper than [`MAX_DEPTH`] or has a table of more than [`MOST_MEMBERS`] is
//! [`Malformed`](crate::wire::Malformed).
//!
//! Why not serde_json? Its maps hash, its values take 56 bytes on a router where ours take 16,
//! and each reader and writer is compiled once per source, per sink and per type. A table here
//! has twenty members: a list is faster, and a tenth of the code.

mod make;
mod number;
mod parse;
mod show;

use std::fmt;
use std::ops::{Index, IndexMut};

pub use crate::json;
pub use make::{Table, ToJson};
pub use number::Number;
pub use parse::{from_slice, from_str};

/// Tables and arrays inside each other in a text.
pub const MAX_DEPTH: u32 = 128;
/// Members of one table that comes from outside: names are compared one by one.
pub const MOST_MEMBERS: usize = 1024;

/// A whole word says which it is, so that a move is one of words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[repr(u32)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Value>),
    Object(Map),
}

/// A table, in the order in which its members came.
#[derive(Debug, Clone, Default)]
pub struct Map(Vec<(String, Value)>);

type Pairs<'a> =
    std::iter::Map<std::slice::Iter<'a, (String, Value)>, fn(&'a (String, Value)) -> (&'a String, &'a Value)>;

impl Map {
    pub fn new() -> Map {
        Map::default()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn place(&self, key: &str) -> Option<usize> {
        self.0.iter().position(|(name, _)| name == key)
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.place(key).and_then(|place| self.0.get(place)).map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.place(key).and_then(|place| self.0.get_mut(place)).map(|(_, value)| value)
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.place(key).is_some()
    }

    /// A member that is there already keeps its place; gives its old value.
    pub fn insert(&mut self, key: String, value: Value) -> Option<Value> {
        if let Some(old) = self.get_mut(&key) {
            return Some(std::mem::replace(old, value));
        }
        self.0.push((key, value));
        None
    }

    /// What is there already stays as it is.
    pub fn insert_new(&mut self, key: String, value: Value) {
        if !self.contains_key(&key) {
            self.0.push((key, value));
        }
    }

    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.place(key).map(|place| self.0.remove(place).1)
    }

    /// The last member takes the place of the one that goes.
    pub fn swap_remove(&mut self, key: &str) -> Option<Value> {
        self.place(key).map(|place| self.0.swap_remove(place).1)
    }

    pub fn iter(&self) -> Pairs<'_> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().map(|(_, value)| value)
    }
}

/// Whatever the order.
impl PartialEq for Map {
    fn eq(&self, other: &Map) -> bool {
        self.len() == other.len() && self.0.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl Eq for Map {}

impl IntoIterator for Map {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a String, &'a Value);
    type IntoIter = Pairs<'a>;

    fn into_iter(self) -> Pairs<'a> {
        self.iter()
    }
}

impl Value {
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(on) => Some(*on),
            _ => None,
        }
    }

    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    pub fn as_u64(&self) -> Option<u64> {
        self.as_number().and_then(Number::as_u64)
    }

    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().and_then(Number::as_f64)
    }

    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&Vec<Value>> {
        match self {
            Value::Array(values) => Some(values),
            _ => None,
        }
    }

    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Value>> {
        match self {
            Value::Array(values) => Some(values),
            _ => None,
        }
    }

    pub fn as_object(&self) -> Option<&Map> {
        match self {
            Value::Object(table) => Some(table),
            _ => None,
        }
    }

    pub fn as_object_mut(&mut self) -> Option<&mut Map> {
        match self {
            Value::Object(table) => Some(table),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub fn is_string(&self) -> bool {
        matches!(self, Value::String(_))
    }

    pub fn is_number(&self) -> bool {
        matches!(self, Value::Number(_))
    }

    pub fn is_array(&self) -> bool {
        matches!(self, Value::Array(_))
    }

    pub fn is_object(&self) -> bool {
        matches!(self, Value::Object(_))
    }

    pub fn take(&mut self) -> Value {
        std::mem::take(self)
    }

    /// A member of a table, by its name, or of an array, by its place.
    pub fn get(&self, place: impl Place) -> Option<&Value> {
        place.of(self)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.as_object_mut().and_then(|table| table.get_mut(key))
    }

    /// What a path like `/signal/bars` leads to, through tables.
    pub fn pointer(&self, path: &str) -> Option<&Value> {
        path.split('/').skip(1).try_fold(self, Value::member)
    }

    fn member(&self, key: &str) -> Option<&Value> {
        self.as_object().and_then(|table| table.get(key))
    }
}

/// How a member is meant.
pub trait Place {
    fn of(self, value: &Value) -> Option<&Value>;
}

impl Place for &str {
    fn of(self, value: &Value) -> Option<&Value> {
        value.member(self)
    }
}

impl Place for &String {
    fn of(self, value: &Value) -> Option<&Value> {
        value.member(self)
    }
}

impl Place for usize {
    fn of(self, value: &Value) -> Option<&Value> {
        value.as_array().and_then(|values| values.get(self))
    }
}

/// What is not there is null.
impl<P: Place> Index<P> for Value {
    type Output = Value;

    fn index(&self, place: P) -> &Value {
        self.get(place).unwrap_or(&Value::Null)
    }
}

/// What is not there becomes null; what is no table becomes one.
impl IndexMut<&str> for Value {
    fn index_mut(&mut self, key: &str) -> &mut Value {
        if !self.is_object() {
            *self = Value::Object(Map::new());
        }
        match self {
            Value::Object(table) => table.member_mut(key),
            other => other,
        }
    }
}

impl Map {
    fn member_mut(&mut self, key: &str) -> &mut Value {
        let place = self.place(key).unwrap_or_else(|| {
            self.0.push((key.to_string(), Value::Null));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }
}

/// On one line; `{:#}` over several.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&show::text(self, f.alternate().then_some(0)))
    }
}

#[cfg(test)]
mod tests;
