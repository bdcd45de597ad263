//! The same texts read and shown by another implementation, and what only ours promises.

use super::*;

/// What another implementation makes of the same text; `None` where it refuses it.
fn theirs(text: &str) -> Option<String> {
    let value = serde_json::from_str::<serde_json::Value>(text).ok()?;
    // It writes 1e+16, which nothing here ever reaches.
    Some(format!("{value}\n{value:#}").replace("e+", "e"))
}

fn ours(text: &str) -> Option<String> {
    from_str(text).ok().map(|value| format!("{value}\n{value:#}"))
}

const TEXTS: &[&str] = &[
    "",
    " ",
    "null",
    " true ",
    "false",
    "nul",
    "nullx",
    "true false",
    "0",
    "-0",
    "-0.0",
    "00",
    "01",
    "-",
    "+1",
    "1.",
    ".5",
    "1.5",
    "-1.25e2",
    "1e5",
    "1E+05",
    "1e-3",
    "1e",
    "1e+",
    "1e400",
    "-1e400",
    "1e-400",
    "0e999999999999",
    "123456789012",
    "18446744073709551615",
    "-9223372036854775808",
    "1e21",
    "-1.5e20",
    "1e-5",
    "9007199254740993",
    "0.1",
    "-10.2",
    "1815.0",
    "36.6",
    "1e15",
    "1e16",
    "123456789012345680",
    "0.00012",
    "\"\"",
    "\"a\"",
    "\"a",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"",
    "\"\\u0000\\u001f\u{7f}é😀\"",
    "\"\\ud83d\"",
    "\"\\ud83d\\u0041\"",
    "\"\\ude00\"",
    "\"\\u12\"",
    "\"\\u+123\"",
    "\"\\x\"",
    "\"\n\"",
    "\"\u{0}\"",
    "\u{0}",
    "1\u{0}",
    "\u{feff}1",
    "[]",
    "[ ]",
    "[1]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1,[2,[]],{}]",
    "[",
    "]",
    "{}",
    "{ }",
    "{\"a\":1}",
    "{\"a\":1,}",
    "{\"a\" : 1 , \"b\":[{\"c\":null}]}",
    "{\"a\":1,\"b\":2,\"a\":3}",
    "{a:1}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1",
    "{1:2}",
    "{\"a\":1]",
];

#[test]
fn texts_mean_and_are_shown_as_another_implementation_does() {
    for text in TEXTS {
        assert_eq!(ours(text), theirs(text), "{text:?}");
    }
}

#[test]
fn a_text_with_any_byte_cut_or_changed_is_read_as_another_implementation_does() {
    let text = r#"{"a":[1,-2.5e1,"é\u00e9\n",true,null,{}],"b":{"c":"\ud83d\ude00"}} "#;
    for at in 0..text.len() {
        for byte in [b'"', b'\\', b'{', b'}', b'[', b']', b',', b':', b'0', b'-', b'.', b'e', b' ', 0, 0xff] {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = byte;
            for cut in [&bytes[..], &bytes[..at], &bytes[at..]] {
                let theirs = serde_json::from_slice::<serde_json::Value>(cut).ok();
                let ours = from_slice(cut).ok();
                let shown = |value: &Value| value.to_string();
                let theirs = theirs.map(|value| value.to_string().replace("e+", "e"));
                assert_eq!(ours.as_ref().map(shown), theirs, "{cut:?}");
            }
        }
    }
}

#[test]
fn what_is_nested_too_deeply_or_has_too_many_members_is_refused() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(from_str(&nested(100)).is_ok());
    assert!(from_str(&nested(200)).is_err() && from_str(&"[".repeat(1 << 20)).is_err());
    let table = |members: usize| {
        let members: Vec<String> = (0..members).map(|key| format!("\"{key}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(from_str(&table(MOST_MEMBERS)).is_ok());
    assert!(from_str(&table(MOST_MEMBERS + 1)).is_err());
}

#[test]
fn numbers_of_many_digits_come_near_and_go_the_same_way_back() {
    for text in
        ["3.141592653589793238462643383", "1e300", "4.9e-320", "1.7976931348623157e308", "123456789.123"]
    {
        let value = from_str(text).expect("a number");
        let (read, exact) = (value.as_f64().expect("a double"), text.parse::<f64>().expect("a double"));
        assert!((read - exact).abs() <= exact.abs() * 1e-15, "{text}: {read}");
    }
    for double in [0.1, 1.0 / 3.0, 1e21, 5e-7, f64::from(0.3_f32), 36.6] {
        let text = Value::from(double).to_string();
        let back = from_str(&text).expect("a number").as_f64().expect("a double");
        assert!((back - double).abs() <= double * 1e-14, "{text}");
    }
    assert_eq!((Value::from(f64::NAN), Value::from(f64::INFINITY)), (Value::Null, Value::Null));
}

#[test]
fn tenths_and_thousandths_are_shown_as_another_implementation_does() {
    for number in (-30_000_i64..30_000).chain([2_147_483_647, 100_000_000_000]) {
        for double in [number as f64 / 10.0, number as f64 / 1000.0, number as f64 * 1024.0] {
            let theirs = serde_json::Value::from(double).to_string();
            assert_eq!(Value::from(double).to_string(), theirs);
        }
    }
    for exponent in -320..=308 {
        let double = format!("1.25e{exponent}").parse::<f64>().expect("a double");
        let text = Value::from(double).to_string();
        let back = text.parse::<f64>().expect("a double");
        assert!((back - double).abs() <= double * 1e-13, "{text}");
    }
}

#[test]
fn members_keep_their_order_and_their_place() {
    let mut value = json!({"b": 1, "a": [1, {"x": null}], ("c".to_string()): {}});
    value["b"] = json!("new");
    value["d"]["e"] = Value::Bool(true);
    assert_eq!(value.to_string(), r#"{"b":"new","a":[1,{"x":null}],"c":{},"d":{"e":true}}"#);
    assert_eq!(value, from_str(r#"{"d":{"e":true},"c":{},"a":[1,{"x":null}],"b":"new"}"#).expect("JSON"));
    let table = value.as_object_mut().expect("a table");
    assert_eq!((table.remove("a"), table.len()), (Some(json!([1, {"x": null}])), 3));
    assert!(table.swap_remove("b").is_some() && table.swap_remove("b").is_none());
    assert_eq!(value.to_string(), r#"{"d":{"e":true},"c":{}}"#);
    assert_eq!((&value["none"]["of"][3], &value["d"]["e"]), (&Value::Null, &Value::Bool(true)));
}

#[test]
fn a_table_leaves_out_what_is_not_known() {
    let table =
        Table::default().with("a", Some(1)).with("b", None::<u32>).with("c", "x").with("d", vec![1.5]);
    assert_eq!(table.json().to_string(), r#"{"a":1,"c":"x","d":[1.5]}"#);
}

#[cfg(target_pointer_width = "32")]
#[test]
fn a_value_is_small() {
    assert_eq!(std::mem::size_of::<Value>(), 16);
}
