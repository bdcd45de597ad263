//! Numbers: integers where they are some, else finite doubles.

use std::fmt;

/// Halves of a word: a value that must lie on eight bytes takes half as much memory again on a
/// router, and code wherever one is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    kind: Kind,
    halves: [u32; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Natural,
    Negative,
    /// Finite.
    Double,
}

impl Number {
    fn new(kind: Kind, word: u64) -> Number {
        let [a, b, c, d, e, f, g, h] = word.to_be_bytes();
        Number { kind, halves: [u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])] }
    }

    fn word(&self) -> u64 {
        let [high, low] = self.halves;
        u64::from(high) << 32 | u64::from(low)
    }

    /// Neither infinities nor what is no number.
    pub fn from_f64(double: f64) -> Option<Number> {
        double.is_finite().then(|| Number::new(Kind::Double, double.to_bits()))
    }

    pub fn as_i64(&self) -> Option<i64> {
        match self.kind {
            Kind::Natural => i64::try_from(self.word()).ok(),
            Kind::Negative => Some(self.word() as i64),
            Kind::Double => None,
        }
    }

    pub fn as_u64(&self) -> Option<u64> {
        (self.kind == Kind::Natural).then(|| self.word())
    }

    pub fn as_f64(&self) -> Option<f64> {
        Some(match self.kind {
            Kind::Natural => self.word() as f64,
            Kind::Negative => self.word() as i64 as f64,
            Kind::Double => f64::from_bits(self.word()),
        })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Natural => self.word().fmt(f),
            Kind::Negative => (self.word() as i64).fmt(f),
            Kind::Double => f.write_str(&decimal(f64::from_bits(self.word()))),
        }
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Number {
        Number::new(Kind::Natural, number)
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Number {
        Number::new(if number < 0 { Kind::Negative } else { Kind::Natural }, number as u64)
    }
}

/// Whole numbers below it are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The shortest digits that mean the same double, where 15 are enough: all that is measured
/// here. Others lose their last digits: to tell those takes twelve times the code.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn decimal(double: f64) -> String {
    let sign = if double.is_sign_negative() { "-" } else { "" };
    let size = double.abs();
    let mut power = 1.0;
    for places in 0..=22 {
        let whole = (size * power).round();
        if whole >= EXACT {
            break;
        }
        if whole / power == size {
            let mut digits = format!("{:0width$}", whole as u64, width = places + 1);
            digits.insert(digits.len() - places, '.');
            return format!("{sign}{digits}{}", if places == 0 { "0" } else { "" });
        }
        power *= 10.0;
    }
    scientific(sign, size)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn scientific(sign: &str, mut size: f64) -> String {
    let mut exponent = 0_i32;
    while size >= EXACT {
        size /= 10.0;
        exponent += 1;
    }
    while size < EXACT / 10.0 {
        size *= 10.0;
        exponent -= 1;
    }
    let digits = (size.round() as u64).to_string();
    exponent += i32::try_from(digits.len()).unwrap_or(1) - 1;
    let (first, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    format!("{sign}{first}{}{rest}e{exponent}", if rest.is_empty() { "" } else { "." })
}
