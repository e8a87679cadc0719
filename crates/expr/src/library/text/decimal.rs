//! Decimal arithmetic behind the operators.

use apimite_dotnet::numeric::{NumberStyles, decimal, parse};
use rust_decimal::Decimal;

/// `a + b`; `None` on overflow.
pub(crate) fn add(a: Decimal, b: Decimal) -> Option<Decimal> {
    decimal::add(a, b).ok()
}

/// `a - b`; `None` on overflow.
pub(crate) fn subtract(a: Decimal, b: Decimal) -> Option<Decimal> {
    decimal::subtract(a, b).ok()
}

/// `a * b`; `None` on overflow.
pub(crate) fn multiply(a: Decimal, b: Decimal) -> Option<Decimal> {
    decimal::multiply(a, b).ok()
}

/// `a / b`; `None` on overflow.
pub(crate) fn divide(a: Decimal, b: Decimal) -> Option<Decimal> {
    decimal::divide(a, b).ok()
}

/// `a % b`; `None` on overflow.
pub(crate) fn remainder(a: Decimal, b: Decimal) -> Option<Decimal> {
    decimal::remainder(a, b).ok()
}

/// `(double)a`.
pub(crate) fn to_double(a: Decimal) -> f64 {
    decimal::to_double(a)
}

/// `(decimal)x`: 15 significant digits; `None` when it does not fit.
pub(crate) fn from_double(x: f64) -> Option<Decimal> {
    decimal::from_double(x).ok()
}

/// `(decimal)x`: 7 significant digits; `None` when it does not fit.
pub(crate) fn from_float(x: f32) -> Option<Decimal> {
    decimal::from_single(x).ok()
}

/// A `decimal` literal: digits, point and exponent.
pub(crate) fn literal(digits: &str) -> Option<Decimal> {
    parse::parse_decimal(digits, NumberStyles(NumberStyles::FLOAT.0)).ok()
}
