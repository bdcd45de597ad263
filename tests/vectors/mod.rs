//! Loads the recorded protocol bytes that lie beside the project, and says so where
//! they are absent: `UWAND_VECTORS`, else `../shared/vectors` from the crate's root.
#![allow(dead_code)]

#[allow(clippy::duplicate_mod)]
#[path = "../skip/mod.rs"]
mod skip;

use std::path::PathBuf;

use uwand::json::Value;

fn root() -> PathBuf {
    match std::env::var_os("UWAND_VECTORS") {
        Some(path) => path.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"),
    }
}

/// The records of one file, e.g. `ubus/exchanges.json`; none, with a line, where there are no vectors.
pub fn load(file: &str) -> Vec<Value> {
    let path = root().join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        skip::skipped(&format!("no vectors at {}", path.display()));
        return Vec::new();
    };
    match uwand::json::from_str(&text) {
        Ok(Value::Array(records)) => records,
        Ok(_) => panic!("{}: not a list", path.display()),
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// A member that is a string; empty where it is absent.
pub fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The bytes of a member in hexadecimal digits.
pub fn bytes(record: &Value, key: &str) -> Vec<u8> {
    hex(text(record, key))
}

/// `00ff` with or without spaces.
pub fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(|digit| !digit.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("hexadecimal digits");
        u8::from_str_radix(pair, 16).expect("hexadecimal digits")
    };
    digits.chunks(2).map(pair).collect()
}

/// Calls `check` with every truncation of `frame` and with every byte set to 00, ff and ^01.
pub fn every_mutation(frame: &[u8], mut check: impl FnMut(&[u8])) {
    for length in 0..frame.len() {
        check(&frame[..length]);
    }
    let mut bytes = frame.to_vec();
    for position in 0..frame.len() {
        let original = bytes[position];
        for value in [0x00, 0xff, original ^ 0x01] {
            bytes[position] = value;
            check(&bytes);
        }
        bytes[position] = original;
    }
}
