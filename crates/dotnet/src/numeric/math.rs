//! `System.Math`: the members whose answer differs from Rust's or that can throw.

use super::decimal::Midpoint;
use super::integer::IntegerKind;
use crate::Thrown;
use crate::messages::{argument, divide_by_zero, out_of_range, overflow};
use crate::{Exception, ExceptionKind};

/// `Math.Abs` of a signed integer.
pub fn abs_integer(value: i128, kind: IntegerKind) -> Result<i128, Thrown> {
    if value == kind.min() && kind.is_signed() {
        return Err(overflow("Negating the minimum value of a twos complement number is invalid."));
    }
    Ok(value.abs())
}

/// `Math.Sign(double)`.
pub fn sign(value: f64) -> Result<i32, Thrown> {
    if value.is_nan() {
        return Err(Exception::new(
            ExceptionKind::Arithmetic,
            "Function does not accept floating point Not-a-Number values.",
        ));
    }
    Ok(if value > 0.0 { 1 } else { -i32::from(value < 0.0) })
}

/// `Math.Max(double, double)`: NaN wins, and `0` is larger than `-0`.
pub fn max(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() {
        a
    } else if a == b {
        if a.is_sign_negative() { b } else { a }
    } else {
        b
    }
}

/// `Math.Min(double, double)`: NaN wins, and `-0` is smaller than `0`.
pub fn min(a: f64, b: f64) -> f64 {
    if a < b || a.is_nan() {
        a
    } else if a == b {
        if a.is_sign_negative() { a } else { b }
    } else {
        b
    }
}

/// `Math.Round(value, places, mode)`.
pub fn round(value: f64, places: i32, mode: Midpoint) -> Result<f64, Thrown> {
    let places = u32::try_from(places)
        .ok()
        .filter(|p| *p <= 15)
        .ok_or_else(|| out_of_range("Rounding digits must be between 0 and 15, inclusive.", "digits"))?;
    if places == 0 {
        return Ok(to_whole(value, mode));
    }
    if value.abs() >= 1e16 || value.is_nan() {
        return Ok(value);
    }
    let power = 10f64.powi(places as i32);
    Ok(to_whole(value * power, mode) / power)
}

fn to_whole(value: f64, mode: Midpoint) -> f64 {
    match mode {
        Midpoint::ToEven => value.round_ties_even(),
        Midpoint::AwayFromZero => value.round(),
        Midpoint::ToZero => value.trunc(),
        Midpoint::ToNegativeInfinity => value.floor(),
        Midpoint::ToPositiveInfinity => value.ceil(),
    }
}

/// `Math.Pow`.
pub fn pow(x: f64, y: f64) -> f64 {
    if x.abs() == 1.0 && y.is_infinite() {
        // Since .NET Core 3.0 as IEEE 754 says.
        return 1.0;
    }
    x.powf(y)
}

/// `Math.Log(value, base)`.
pub fn log_of_base(value: f64, base: f64) -> f64 {
    if value.is_nan() {
        return value;
    }
    if base.is_nan() {
        return base;
    }
    if base == 1.0 || (value != 1.0 && (base == 0.0 || base == f64::INFINITY)) {
        return f64::NAN;
    }
    value.ln() / base.ln()
}

/// `Math.IEEERemainder`.
pub fn ieee_remainder(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    let regular = x % y;
    if regular.is_nan() {
        return f64::NAN;
    }
    if regular == 0.0 && x.is_sign_negative() {
        return -0.0;
    }
    let alternative = regular - y.abs() * if x > 0.0 { 1.0 } else { -1.0 };
    if alternative.abs() == regular.abs() {
        let quotient = x / y;
        let rounded = quotient.round_ties_even();
        return if rounded.abs() > quotient.abs() { alternative } else { regular };
    }
    if alternative.abs() < regular.abs() { alternative } else { regular }
}

/// `Math.DivRem`: quotient and remainder.
pub fn div_rem(a: i128, b: i128, kind: IntegerKind) -> Result<(i128, i128), Thrown> {
    if b == 0 {
        return Err(divide_by_zero());
    }
    if b == -1 && a == kind.min() {
        return Err(overflow("Arithmetic operation resulted in an overflow."));
    }
    Ok((a / b, a % b))
}

/// `Math.Clamp`, for any ordered values; `low` and `high` are shown as `low_text` and `high_text`.
pub fn clamp<T: PartialOrd>(value: T, low: T, high: T, low_text: &str, high_text: &str) -> Result<T, Thrown> {
    if low > high {
        return Err(Exception::new(
            ExceptionKind::Argument,
            format!("'{low_text}' cannot be greater than {high_text}."),
        ));
    }
    Ok(if value < low {
        low
    } else if value > high {
        high
    } else {
        value
    })
}

/// A rounding mode that only `Math.Round` knows is refused with this.
pub fn invalid_mode(value: i64) -> Thrown {
    argument(&format!("The value '{value}' is not valid for this usage of the type MidpointRounding."), "mode")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_even_unless_told() {
        assert_eq!(round(2.5, 0, Midpoint::ToEven).unwrap(), 2.0);
        assert_eq!(round(-2.5, 0, Midpoint::AwayFromZero).unwrap(), -3.0);
        assert_eq!(round(2.345, 2, Midpoint::ToEven).unwrap(), 2.35);
        assert_eq!(round(1e17, 3, Midpoint::ToEven).unwrap(), 1e17);
        assert!(round(1.0, 16, Midpoint::ToEven).is_err());
    }

    #[test]
    fn the_edges_of_integers_throw() {
        assert!(abs_integer(IntegerKind::Int32.min(), IntegerKind::Int32).is_err());
        assert_eq!(abs_integer(-5, IntegerKind::Int32).unwrap(), 5);
        assert!(div_rem(1, 0, IntegerKind::Int32).is_err());
        assert!(sign(f64::NAN).is_err());
    }

    #[test]
    fn remainders_and_logarithms_follow_ieee() {
        assert_eq!(ieee_remainder(10.0, 3.0), 1.0);
        assert_eq!(ieee_remainder(11.0, 3.0), -1.0);
        assert_eq!(log_of_base(8.0, 2.0), 3.0);
        assert!(log_of_base(8.0, 1.0).is_nan());
        assert!(max(f64::NAN, 1.0).is_nan() && min(1.0, f64::NAN).is_nan());
    }
}
