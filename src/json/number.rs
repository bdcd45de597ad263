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
            Kind::Double(double) => fmt::Debug::fmt(&double, f),
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
