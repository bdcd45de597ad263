//! Making values: `json!`, tables of what is known, and what can be shown.

use super::{Map, Number, Value};

/// What has a place in JSON. Objects of this trait, because `json!` and [`Table`] are used in
/// hundreds of places: one call each is all they take.
pub trait ToJson {
    fn to_json(&self) -> Value;
}

/// A table in which unknown values have no place: null is left out.
#[derive(Default)]
pub struct Table(Map);

impl Table {
    pub fn with(mut self, key: &str, value: impl ToJson) -> Table {
        self.put(key, &value);
        self
    }

    fn put(&mut self, key: &str, value: &dyn ToJson) {
        let value = value.to_json();
        if !value.is_null() {
            self.0.insert(key.to_string(), value);
        }
    }

    pub fn of(members: &[(&str, &dyn ToJson)]) -> Value {
        let mut table = Table::default();
        for (key, value) in members {
            table.put(key, *value);
        }
        table.json()
    }

    pub fn json(self) -> Value {
        Value::Object(self.0)
    }
}

impl Map {
    /// For `json!`.
    pub fn set(&mut self, key: &str, value: &dyn ToJson) {
        self.insert(key.to_string(), value.to_json());
    }
}

/// A value, written as JSON with expressions in it; those are borrowed.
#[macro_export]
macro_rules! json {
    (@table $table:ident) => {};
    (@table $table:ident $key:tt : null $(, $($rest:tt)*)?) => {
        $table.set(&$key[..], &$crate::json::Value::Null);
        $crate::json!(@table $table $($($rest)*)?)
    };
    (@table $table:ident $key:tt : [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $table.set(&$key[..], &$crate::json!([ $($inner)* ]));
        $crate::json!(@table $table $($($rest)*)?)
    };
    (@table $table:ident $key:tt : { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $table.set(&$key[..], &$crate::json!({ $($inner)* }));
        $crate::json!(@table $table $($($rest)*)?)
    };
    (@table $table:ident $key:tt : $value:expr $(, $($rest:tt)*)?) => {
        $table.set(&$key[..], &$value);
        $crate::json!(@table $table $($($rest)*)?)
    };
    (@array [$($done:expr,)*]) => { $crate::json::Value::Array(vec![$($done),*]) };
    (@array [$($done:expr,)*] null $(, $($rest:tt)*)?) => {
        $crate::json!(@array [$($done,)* $crate::json::Value::Null,] $($($rest)*)?)
    };
    (@array [$($done:expr,)*] [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::json!(@array [$($done,)* $crate::json!([ $($inner)* ]),] $($($rest)*)?)
    };
    (@array [$($done:expr,)*] { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $crate::json!(@array [$($done,)* $crate::json!({ $($inner)* }),] $($($rest)*)?)
    };
    (@array [$($done:expr,)*] $value:expr $(, $($rest:tt)*)?) => {
        $crate::json!(@array [$($done,)* $crate::json::ToJson::to_json(&$value),] $($($rest)*)?)
    };
    (null) => { $crate::json::Value::Null };
    ([ $($inner:tt)* ]) => { $crate::json!(@array [] $($inner)*) };
    ({}) => { $crate::json::Value::Object($crate::json::Map::new()) };
    ({ $($inner:tt)* }) => {{
        let mut table = $crate::json::Map::new();
        $crate::json!(@table table $($inner)*);
        $crate::json::Value::Object(table)
    }};
    ($value:expr) => { $crate::json::ToJson::to_json(&$value) };
}

macro_rules! integers {
    ($wide:ident: $($narrow:ident)*) => {$(
        impl From<$narrow> for Value {
            fn from(number: $narrow) -> Value {
                Value::Number(Number::from(number as $wide))
            }
        }

        impl PartialEq<$narrow> for Value {
            fn eq(&self, other: &$narrow) -> bool {
                self.as_number() == Some(&Number::from(*other as $wide))
            }
        }
    )*};
}

integers!(u64: u8 u16 u32 u64 usize);
integers!(i64: i8 i16 i32 i64);

/// Null for infinities and what is no number.
impl From<f64> for Value {
    fn from(double: f64) -> Value {
        Number::from_f64(double).into()
    }
}

impl PartialEq<f64> for Value {
    fn eq(&self, other: &f64) -> bool {
        self.as_f64() == Some(*other)
    }
}

impl From<bool> for Value {
    fn from(on: bool) -> Value {
        Value::Bool(on)
    }
}

impl PartialEq<bool> for Value {
    fn eq(&self, other: &bool) -> bool {
        self.as_bool() == Some(*other)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        Value::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.to_string())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text)
    }
}

impl From<Map> for Value {
    fn from(table: Map) -> Value {
        Value::Object(table)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, T::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Value {
        values.into_iter().collect()
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Value {
        let mut items = Vec::new();
        values.into_iter().for_each(|value| items.push(value.into()));
        Value::Array(items)
    }
}

impl<K: Into<String>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(pairs: I) -> Map {
        let mut table = Map::new();
        pairs.into_iter().for_each(|(key, value)| drop(table.insert(key.into(), value)));
        table
    }
}

impl<K: Into<String>> FromIterator<(K, Value)> for Value {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(pairs: I) -> Value {
        Value::Object(pairs.into_iter().collect())
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(*other)
    }
}

impl PartialEq<String> for Value {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == Some(other)
    }
}

macro_rules! copied {
    ($($kind:ident)*) => {$(
        impl ToJson for $kind {
            fn to_json(&self) -> Value {
                Value::from(*self)
            }
        }
    )*};
}

copied!(u8 u16 u32 u64 usize i8 i16 i32 i64 f64 bool);

impl ToJson for str {
    fn to_json(&self) -> Value {
        Value::from(self)
    }
}

impl ToJson for String {
    fn to_json(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl ToJson for std::path::PathBuf {
    fn to_json(&self) -> Value {
        Value::String(self.display().to_string())
    }
}

impl ToJson for Value {
    fn to_json(&self) -> Value {
        self.clone()
    }
}

impl ToJson for Map {
    fn to_json(&self) -> Value {
        Value::Object(self.clone())
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn to_json(&self) -> Value {
        (**self).to_json()
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_json)
    }
}

impl<T: ToJson> ToJson for [T] {
    fn to_json(&self) -> Value {
        let mut items = Vec::new();
        self.iter().for_each(|value| items.push(value.to_json()));
        Value::Array(items)
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> Value {
        self.as_slice().to_json()
    }
}

impl<T: ToJson, const N: usize> ToJson for [T; N] {
    fn to_json(&self) -> Value {
        self.as_slice().to_json()
    }
}
