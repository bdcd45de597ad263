//! From values to JSON text.

use super::Value;

/// On one line, or over several from `indent` on.
pub(super) fn text(value: &Value, indent: Option<usize>) -> String {
    let mut out = String::new();
    write(&mut out, value, indent);
    out
}

fn write(out: &mut String, value: &Value, indent: Option<usize>) {
    let inner = indent.map(|indent| indent + 1);
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(on) => out.push_str(if *on { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(string) => quoted(out, string),
        Value::Array(values) => {
            out.push('[');
            for (place, value) in values.iter().enumerate() {
                next(out, place, inner);
                write(out, value, inner);
            }
            end(out, values.len(), indent, ']');
        }
        Value::Object(table) => {
            out.push('{');
            for (place, (key, value)) in table.iter().enumerate() {
                next(out, place, inner);
                quoted(out, key);
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write(out, value, inner);
            }
            end(out, table.len(), indent, '}');
        }
    }
}

fn next(out: &mut String, place: usize, indent: Option<usize>) {
    if place > 0 {
        out.push(',');
    }
    new_line(out, indent);
}

fn end(out: &mut String, members: usize, indent: Option<usize>, bracket: char) {
    if members > 0 {
        new_line(out, indent);
    }
    out.push(bracket);
}

fn new_line(out: &mut String, indent: Option<usize>) {
    if let Some(indent) = indent {
        out.push('\n');
        (0..indent).for_each(|_| out.push_str("  "));
    }
}

fn quoted(out: &mut String, string: &str) {
    out.push('"');
    for character in string.chars() {
        let short = match character {
            '"' | '\\' => character,
            '\u{8}' => 'b',
            '\u{c}' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)));
                continue;
            }
            _ => {
                out.push(character);
                continue;
            }
        };
        out.push('\\');
        out.push(short);
    }
    out.push('"');
}
