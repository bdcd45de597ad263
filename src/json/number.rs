//! Numbers: integers where they are some, else finite doubles.

use std::fmt;

/// Private inside, so that a number has one shape only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(Kind);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Natural(u64),
    Negative(i64),
    Double(f64),
}

impl Number {
    /// Neither infinities nor what is no number.
    pub fn from_f64(double: f64) -> Option<Number> {
        double.is_finite().then_some(Number(Kind::Double(double)))
    }

    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Kind::Natural(number) => i64::try_from(number).ok(),
            Kind::Negative(number) => Some(number),
            Kind::Double(_) => None,
        }
    }

    pub fn as_u64(&self) -> Option<u64> {
        match self.0 {
            Kind::Natural(number) => Some(number),
            _ => None,
        }
    }

    pub fn as_f64(&self) -> Option<f64> {
        Some(match self.0 {
            Kind::Natural(number) => number as f64,
            Kind::Negative(number) => number as f64,
            Kind::Double(double) => double,
        })
    }
}

/// Doubles are finite here.
impl Eq for Number {}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Natural(number) => number.fmt(f),
            Kind::Negative(number) => number.fmt(f),
            Kind::Double(double) => f.write_str(&decimal(double)),
        }
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Number {
        Number(Kind::Natural(number))
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Number {
        Number(u64::try_from(number).map_or(Kind::Negative(number), Kind::Natural))
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
