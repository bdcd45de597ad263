//! From JSON text to values.

use super::{MAX_DEPTH, MOST_MEMBERS, Map, Number, Value};
use crate::wire::Malformed;

type Parsed<T> = Result<T, Malformed>;

const SYNTAX: Malformed = Malformed("JSON");

pub fn from_slice(bytes: &[u8]) -> Parsed<Value> {
    from_str(std::str::from_utf8(bytes).map_err(|_| SYNTAX)?)
}

pub fn from_str(text: &str) -> Parsed<Value> {
    let mut parser = Parser { text, at: 0, depth: MAX_DEPTH };
    let value = parser.value()?;
    if parser.token() == 0 && parser.at == text.len() { Ok(value) } else { Err(SYNTAX) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    /// The byte that comes next; 0, which JSON has nowhere, at the end.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn next(&mut self) -> u8 {
        let byte = self.peek();
        self.at += usize::from(self.at < self.text.len());
        byte
    }

    /// The first byte of what comes next.
    fn token(&mut self) -> u8 {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.peek()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.token() == byte;
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Parsed<()> {
        if self.skip(byte) { Ok(()) } else { Err(SYNTAX) }
    }

    fn value(&mut self) -> Parsed<Value> {
        match self.token() {
            b'{' | b'[' => {
                self.depth = self.depth.checked_sub(1).ok_or(Malformed("nested too deeply"))?;
                let nested = if self.skip(b'{') { self.object() } else { self.array() };
                self.depth += 1;
                nested
            }
            b'"' => Ok(Value::String(self.string()?)),
            b'-' | b'0'..=b'9' => Ok(Value::Number(self.number()?)),
            _ => [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))]
                .into_iter()
                .find(|(word, _)| self.word(word))
                .map(|(_, value)| value)
                .ok_or(SYNTAX),
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn object(&mut self) -> Parsed<Value> {
        let mut table = Map::new();
        if self.skip(b'}') {
            return Ok(Value::Object(table));
        }
        loop {
            self.token();
            let key = self.string()?;
            self.expect(b':')?;
            let value = self.value()?;
            if table.len() == MOST_MEMBERS {
                return Err(Malformed("too many members"));
            }
            table.insert(key, value);
            if !self.skip(b',') {
                break;
            }
        }
        self.expect(b'}')?;
        Ok(Value::Object(table))
    }

    fn array(&mut self) -> Parsed<Value> {
        self.expect(b'[')?;
        let mut values = Vec::new();
        if self.skip(b']') {
            return Ok(Value::Array(values));
        }
        loop {
            values.push(self.value()?);
            if !self.skip(b',') {
                break;
            }
        }
        self.expect(b']')?;
        Ok(Value::Array(values))
    }

    fn string(&mut self) -> Parsed<String> {
        if self.next() != b'"' {
            return Err(SYNTAX);
        }
        let mut string = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), b'"' | b'\\' | 0..0x20) {
                self.at += 1;
            }
            string.push_str(self.text.get(start..self.at).ok_or(SYNTAX)?);
            match self.next() {
                b'"' => return Ok(string),
                b'\\' => string.push(self.escape()?),
                _ => return Err(SYNTAX),
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        Ok(match self.next() {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let second = if (0xd800..0xdc00).contains(&first) && self.word("\\u") {
                    Some(self.unit()?)
                } else {
                    None
                };
                let mut units = char::decode_utf16(std::iter::once(first).chain(second));
                let character = units.next().and_then(Result::ok).ok_or(SYNTAX)?;
                if units.next().is_some() {
                    return Err(SYNTAX);
                }
                character
            }
            _ => return Err(SYNTAX),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Parsed<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()).to_digit(16).ok_or(SYNTAX)?;
            unit = unit << 4 | digit;
        }
        u16::try_from(unit).map_err(|_| SYNTAX)
    }

    fn digit(&mut self) -> Option<u8> {
        let digit = self.peek().wrapping_sub(b'0');
        (digit < 10).then(|| {
            self.at += 1;
            digit
        })
    }

    fn number(&mut self) -> Parsed<Number> {
        let negative = self.word("-");
        let (mut digits, mut exponent) = (0_u64, 0_i32);
        let begin = self.at;
        self.digits(&mut digits, &mut exponent)?;
        if self.at > begin + 1 && self.text.as_bytes().get(begin) == Some(&b'0') {
            return Err(SYNTAX);
        }
        let mut whole = exponent == 0;
        if self.word(".") {
            let begin = self.at;
            self.digits(&mut digits, &mut exponent)?;
            exponent = exponent.saturating_sub(i32::try_from(self.at - begin).unwrap_or(i32::MAX));
            whole = false;
        }
        if self.word("e") || self.word("E") {
            let down = self.word("-");
            if !down {
                self.word("+");
            }
            let (mut power, mut more) = (0, 0);
            self.digits(&mut power, &mut more)?;
            let power = if more == 0 { i32::try_from(power).unwrap_or(i32::MAX) } else { i32::MAX };
            exponent = exponent.saturating_add(if down { -power } else { power });
            whole = false;
        }
        let integer =
            if negative { 0_i64.checked_sub_unsigned(digits).map(Number::from) } else { Some(digits.into()) };
        // Minus zero is a double.
        match integer.filter(|_| whole && !(negative && digits == 0)) {
            Some(integer) => Ok(integer),
            None => double(if negative { -(digits as f64) } else { digits as f64 }, exponent),
        }
    }

    /// One digit at least. Those that 64 bits do not hold are counted in the exponent.
    fn digits(&mut self, number: &mut u64, exponent: &mut i32) -> Parsed<()> {
        let begin = self.at;
        while let Some(digit) = self.digit() {
            let longer = number.checked_mul(10).and_then(|number| number.checked_add(digit.into()));
            match longer.filter(|_| *exponent == 0) {
                Some(longer) => *number = longer,
                None => *exponent = exponent.saturating_add(1),
            }
        }
        if self.at > begin { Ok(()) } else { Err(SYNTAX) }
    }
}

/// Every 22nd power of ten: those below the second are exact, and so are their factors.
const POWERS: [f64; 15] =
    [1e0, 1e22, 1e44, 1e66, 1e88, 1e110, 1e132, 1e154, 1e176, 1e198, 1e220, 1e242, 1e264, 1e286, 1e308];

/// `number` times ten to the power of `exponent`.
fn double(mut number: f64, mut exponent: i32) -> Parsed<Number> {
    while exponent != 0 && number != 0.0 && number.is_finite() {
        let step = exponent.clamp(-308, 308);
        let small = (0..step.abs() % 22).fold(1.0, |power, _| power * 10.0);
        let large = usize::try_from(step.abs() / 22).ok().and_then(|place| POWERS.get(place)).unwrap_or(&1.0);
        number = if step < 0 { number / small / large } else { number * small * large };
        exponent -= step;
    }
    Number::from_f64(number).ok_or(Malformed("number too large"))
}
