//! `System.Decimal`: 96-bit mantissa, scale 0 to 28, arithmetic that keeps scales as .NET does.
//!
//! Values are `rust_decimal::Decimal`; the arithmetic is ours, because scale and rounding of results must be exact.

pub use rust_decimal::Decimal;

use super::IntegerKind;
use super::wide::Wide;
use crate::Thrown;
use crate::messages::{argument, divide_by_zero, out_of_range, overflow};

/// The largest mantissa, 2^96 - 1.
pub const MAX_MANTISSA: u128 = (1 << 96) - 1;

/// The words of the overflow of every operation.
pub const OVERFLOW: &str = "Value was either too large or too small for a Decimal.";

/// A decimal taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The sign.
    pub negative: bool,
    /// At most [`MAX_MANTISSA`].
    pub mantissa: u128,
    /// At most 28.
    pub scale: u32,
}

impl From<Decimal> for Parts {
    fn from(value: Decimal) -> Self {
        Self { negative: value.is_sign_negative(), mantissa: value.mantissa().unsigned_abs(), scale: value.scale() }
    }
}

impl From<Parts> for Decimal {
    fn from(parts: Parts) -> Self {
        Self::from_parts(
            parts.mantissa as u32,
            (parts.mantissa >> 32) as u32,
            (parts.mantissa >> 64) as u32,
            parts.negative,
            parts.scale,
        )
    }
}

/// `System.MidpointRounding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Midpoint {
    /// A half goes to the even neighbour.
    ToEven,
    /// A half goes away from zero.
    AwayFromZero,
    /// Everything goes toward zero.
    ToZero,
    /// Everything goes down.
    ToNegativeInfinity,
    /// Everything goes up.
    ToPositiveInfinity,
}

impl Midpoint {
    /// From the number behind the enumeration's member.
    pub fn from_number(value: i64) -> Result<Self, Thrown> {
        Ok(match value {
            0 => Self::ToEven,
            1 => Self::AwayFromZero,
            2 => Self::ToZero,
            3 => Self::ToNegativeInfinity,
            4 => Self::ToPositiveInfinity,
            _ => {
                return Err(argument(
                    &format!("The value '{value}' is not valid for this usage of the type MidpointRounding."),
                    "mode",
                ));
            }
        })
    }
}

fn power_of_ten(exponent: u32) -> u128 {
    10u128.pow(exponent)
}

fn too_large() -> Thrown {
    overflow(OVERFLOW)
}

/// The nearest representable decimal of an exact value, halves to even.
fn fit(negative: bool, exact: Wide, scale: u32) -> Result<Decimal, Thrown> {
    let mut drop = scale.saturating_sub(28);
    loop {
        let (quotient, rest_high, rest_low) = shorten(exact, drop);
        let mut mantissa = quotient;
        if mantissa.high == 0 {
            let up = rest_high || (rest_low && mantissa.low % 2 == 1);
            mantissa.low += u128::from(up);
        }
        if mantissa.high == 0 && mantissa.low <= MAX_MANTISSA {
            return Ok(Parts { negative, mantissa: mantissa.low, scale: scale - drop }.into());
        }
        if drop == scale {
            return Err(too_large());
        }
        drop += 1;
    }
}

/// `exact / 10^drop`, with two facts about the rest: is it more than a half, is it exactly a half.
fn shorten(exact: Wide, drop: u32) -> (Wide, bool, bool) {
    if drop == 0 {
        return (exact, false, false);
    }
    let mut value = exact;
    let mut sticky = false;
    let mut left = drop;
    while left > 1 {
        let step = (left - 1).min(30);
        let (quotient, rest) = value.divide(power_of_ten(step));
        sticky |= rest != 0;
        value = quotient;
        left -= step;
    }
    let (quotient, last) = value.divide(10);
    (quotient, last > 5 || (last == 5 && sticky), last == 5 && !sticky)
}

/// `a + b`.
pub fn add(a: Decimal, b: Decimal) -> Result<Decimal, Thrown> {
    let (a, b) = (Parts::from(a), Parts::from(b));
    let scale = a.scale.max(b.scale);
    let left = Wide::product(a.mantissa, power_of_ten(scale - a.scale));
    let right = Wide::product(b.mantissa, power_of_ten(scale - b.scale));
    if a.negative == b.negative {
        fit(a.negative, left.plus(right), scale)
    } else if left >= right {
        fit(a.negative && left != right, left.minus(right), scale)
    } else {
        fit(b.negative, right.minus(left), scale)
    }
}

/// `a - b`.
pub fn subtract(a: Decimal, b: Decimal) -> Result<Decimal, Thrown> {
    add(a, negate(b))
}

/// `a * b`.
pub fn multiply(a: Decimal, b: Decimal) -> Result<Decimal, Thrown> {
    let (a, b) = (Parts::from(a), Parts::from(b));
    fit(a.negative != b.negative, Wide::product(a.mantissa, b.mantissa), a.scale + b.scale)
}

/// `a / b`: as many digits as fit, halves to even, no zeros that the division did not need.
pub fn divide(a: Decimal, b: Decimal) -> Result<Decimal, Thrown> {
    let (a, b) = (Parts::from(a), Parts::from(b));
    if b.mantissa == 0 {
        return Err(divide_by_zero());
    }
    let negative = a.negative != b.negative;
    let natural = a.scale as i32 - b.scale as i32;
    let mut quotient = a.mantissa / b.mantissa;
    let mut rest = a.mantissa % b.mantissa;
    let mut scale = natural;
    let inexact = rest != 0;
    // A negative scale must be brought to zero; a rest asks for more digits while they fit.
    while scale < 0 || (rest != 0 && scale < 28) {
        let next = quotient * 10 + rest * 10 / b.mantissa;
        if next > MAX_MANTISSA {
            if scale < 0 {
                return Err(too_large());
            }
            break;
        }
        quotient = next;
        rest = rest * 10 % b.mantissa;
        scale += 1;
    }
    let twice = rest * 2;
    if twice > b.mantissa || (twice == b.mantissa && quotient % 2 == 1) {
        quotient += 1;
        if quotient > MAX_MANTISSA {
            if scale == 0 {
                return Err(too_large());
            }
            quotient = quotient.div_ceil(10);
            scale -= 1;
        }
    }
    if inexact {
        while scale > 0 && quotient.is_multiple_of(10) {
            quotient /= 10;
            scale -= 1;
        }
    }
    Ok(Parts { negative, mantissa: quotient, scale: scale.unsigned_abs() }.into())
}

/// `a % b`; the sign is that of `a`.
pub fn remainder(a: Decimal, b: Decimal) -> Result<Decimal, Thrown> {
    let (x, y) = (Parts::from(a), Parts::from(b));
    if y.mantissa == 0 {
        return Err(divide_by_zero());
    }
    if a.abs() < b.abs() {
        return Ok(a);
    }
    let scale = x.scale.max(y.scale);
    // Both fit 96 bits times 10^28, which is below 2^190; the divisor may exceed 128 bits only when `a < b`.
    let dividend = Wide::product(x.mantissa, power_of_ten(scale - x.scale));
    let divisor = Wide::product(y.mantissa, power_of_ten(scale - y.scale));
    let rest = if divisor.high == 0 { dividend.divide(divisor.low).1 } else { wide_remainder(dividend, divisor) };
    fit(x.negative, Wide::new(rest), scale)
}

fn wide_remainder(mut dividend: Wide, divisor: Wide) -> u128 {
    // The quotient is small here: both share the upper half, so repeated subtraction of doublings is short.
    while dividend >= divisor {
        let mut step = divisor;
        loop {
            let double = step.plus(step);
            if double > dividend || double < step {
                break;
            }
            step = double;
        }
        dividend = dividend.minus(step);
    }
    dividend.low
}

/// `-value`.
pub fn negate(value: Decimal) -> Decimal {
    let parts = Parts::from(value);
    Parts { negative: !parts.negative && parts.mantissa != 0, ..parts }.into()
}

/// `Math.Round(value, places, mode)`.
pub fn round(value: Decimal, places: i32, mode: Midpoint) -> Result<Decimal, Thrown> {
    let places = u32::try_from(places)
        .ok()
        .filter(|p| *p <= 28)
        .ok_or_else(|| out_of_range("Decimal can only round to between 0 and 28 digits of precision.", "decimals"))?;
    let parts = Parts::from(value);
    if parts.scale <= places {
        return Ok(value);
    }
    let unit = power_of_ten(parts.scale - places);
    let (mut mantissa, rest) = (parts.mantissa / unit, parts.mantissa % unit);
    let half = unit / 2;
    mantissa += u128::from(match mode {
        Midpoint::ToEven => rest > half || (rest == half && mantissa % 2 == 1),
        Midpoint::AwayFromZero => rest >= half,
        Midpoint::ToZero => false,
        Midpoint::ToNegativeInfinity => rest > 0 && parts.negative,
        Midpoint::ToPositiveInfinity => rest > 0 && !parts.negative,
    });
    Ok(Parts { negative: parts.negative && mantissa != 0, mantissa, scale: places }.into())
}

/// `Math.Truncate(value)`.
pub fn truncate(value: Decimal) -> Decimal {
    round(value, 0, Midpoint::ToZero).unwrap_or(value)
}

/// `Math.Floor(value)`.
pub fn floor(value: Decimal) -> Decimal {
    round(value, 0, Midpoint::ToNegativeInfinity).unwrap_or(value)
}

/// `Math.Ceiling(value)`.
pub fn ceiling(value: Decimal) -> Decimal {
    round(value, 0, Midpoint::ToPositiveInfinity).unwrap_or(value)
}

/// `(decimal)value`: fifteen significant digits.
pub fn from_double(value: f64) -> Result<Decimal, Thrown> {
    from_float(value, 15)
}

/// `(decimal)value` of a `float`: seven significant digits.
pub fn from_single(value: f32) -> Result<Decimal, Thrown> {
    from_float(value.into(), 7)
}

fn from_float(value: f64, digits: usize) -> Result<Decimal, Thrown> {
    if !value.is_finite() || value.abs() >= 7.922_816_251_426_434e28 {
        return Err(too_large());
    }
    let number = super::digits::Digits::significant(value, digits);
    // A value that rounding lifts to a power of ten keeps one zero: .NET takes off one fewer than it has.
    let power = format!("1e{}", number.scale - 1).parse::<f64>().unwrap_or(0.0);
    if number.digits[..] == [1] && (-25..=1).contains(&number.scale) && value.abs() < power {
        return fit(number.negative, Wide::new(10), (2 - number.scale).unsigned_abs());
    }
    let mantissa = number.digits.iter().fold(0u128, |m, d| m * 10 + u128::from(*d));
    let scale = number.digits.len() as i32 - number.scale;
    if scale <= 0 {
        return fit(number.negative, Wide::product(mantissa, power_of_ten(scale.unsigned_abs())), 0);
    }
    if scale > 28 + digits as i32 {
        return Ok(Decimal::ZERO);
    }
    let parts = Parts::from(fit(number.negative, Wide::new(mantissa), scale.unsigned_abs())?);
    let mut parts = Parts { negative: parts.negative && parts.mantissa != 0, ..parts };
    while parts.scale > 0 && parts.mantissa.is_multiple_of(10) {
        parts.mantissa /= 10;
        parts.scale -= 1;
    }
    Ok(parts.into())
}

/// `(double)value`.
pub fn to_double(value: Decimal) -> f64 {
    let parts = Parts::from(value);
    let low = parts.mantissa as u64 as f64;
    let high = (parts.mantissa >> 64) as f64;
    let whole = low + high * 18_446_744_073_709_551_616.0;
    // Powers of ten up to 10^22 are exact; the others are the nearest doubles, as in a table.
    let scaled = whole / format!("1e{}", parts.scale).parse::<f64>().unwrap_or(1.0);
    if parts.negative { -scaled } else { scaled }
}

/// `(int)value` and its siblings: toward zero, checked.
pub fn to_integer(value: Decimal, kind: IntegerKind) -> Result<i128, Thrown> {
    kind.check(truncate(value).mantissa())
}

/// From any integer that fits 96 bits.
pub fn from_integer(value: i128) -> Decimal {
    Parts { negative: value < 0, mantissa: value.unsigned_abs() & MAX_MANTISSA, scale: 0 }.into()
}

/// `Decimal.GetBits`: low, middle, high, flags.
pub fn bits(value: Decimal) -> [i32; 4] {
    let parts = Parts::from(value);
    let flags = (parts.scale << 16) | if parts.negative { 1 << 31 } else { 0 };
    [parts.mantissa as u32, (parts.mantissa >> 32) as u32, (parts.mantissa >> 64) as u32, flags].map(|w| w as i32)
}

/// `new Decimal(int[] bits)`.
pub fn from_bits(bits: &[i32]) -> Result<Decimal, Thrown> {
    let invalid = || {
        crate::Exception::new(
            crate::ExceptionKind::Argument,
            "Decimal byte array constructor requires an array of length four containing valid decimal bytes.",
        )
    };
    let [low, middle, high, flags] = bits else { return Err(invalid()) };
    let flags = *flags as u32;
    let scale = (flags >> 16) & 0xFF;
    if flags & 0x7F00_FFFF != 0 || scale > 28 {
        return Err(invalid());
    }
    Ok(Decimal::from_parts(*low as u32, *middle as u32, *high as u32, flags >> 31 == 1, scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExceptionKind;
    use crate::numeric::format::decimal_text;
    use crate::numeric::parse::{NumberStyles, parse_decimal};

    fn d(text: &str) -> Decimal {
        parse_decimal(text, NumberStyles::NUMBER).unwrap()
    }

    #[test]
    fn results_have_the_scale_of_dotnet() {
        for (result, text) in [
            (add(d("1.10"), d("2.20")), "3.30"),
            (add(d("0.1"), d("0.2")), "0.3"),
            (subtract(d("1.0"), d("1.00")), "0.00"),
            (multiply(d("1.10"), d("2")), "2.20"),
            (multiply(d("100"), d("1.1")), "110.0"),
            (divide(d("1.0"), d("3")), "0.3333333333333333333333333333"),
            (divide(d("2"), d("3")), "0.6666666666666666666666666667"),
            (divide(d("10"), d("4")), "2.5"),
            (divide(d("6.0"), d("2")), "3.0"),
            (divide(d("1.00"), d("0.5")), "2.0"),
            (divide(d("1"), d("0.001")), "1000"),
            (divide(d("-1"), d("8")), "-0.125"),
            (remainder(d("7"), d("2.5")), "2.0"),
            (remainder(d("-7"), d("2.5")), "-2.0"),
            (remainder(d("1.5"), d("2.500")), "1.5"),
            (multiply(d("0.0000000000000000000000000001"), d("0.5")), "0.0000000000000000000000000000"),
            (multiply(d("0.0000000000000000000000000003"), d("0.5")), "0.0000000000000000000000000002"),
            (add(d("79228162514264337593543950335"), d("0.4")), "79228162514264337593543950335"),
        ] {
            assert_eq!(decimal_text(result.unwrap()), text);
        }
    }

    #[test]
    fn a_result_beyond_the_range_overflows() {
        assert_eq!(add(Decimal::MAX, d("1")).unwrap_err().message, OVERFLOW);
        assert_eq!(multiply(Decimal::MAX, d("2")).unwrap_err().kind, ExceptionKind::Overflow);
        assert_eq!(divide(d("1"), d("0")).unwrap_err().kind, ExceptionKind::DivideByZero);
        assert_eq!(divide(Decimal::MAX, d("0.1")).unwrap_err().kind, ExceptionKind::Overflow);
    }

    #[test]
    fn rounding_follows_the_mode() {
        let r = |text: &str, places, mode| decimal_text(round(d(text), places, mode).unwrap());
        assert_eq!(r("2.5", 0, Midpoint::ToEven), "2");
        assert_eq!(r("3.5", 0, Midpoint::ToEven), "4");
        assert_eq!(r("2.345", 2, Midpoint::AwayFromZero), "2.35");
        assert_eq!(r("-2.345", 2, Midpoint::ToEven), "-2.34");
        assert_eq!(r("-2.1", 0, Midpoint::ToNegativeInfinity), "-3");
        assert_eq!(r("1.10", 4, Midpoint::ToEven), "1.10");
        assert_eq!(decimal_text(ceiling(d("1.2"))), "2");
        assert_eq!(decimal_text(floor(d("-1.2"))), "-2");
        assert!(round(d("1"), 29, Midpoint::ToEven).is_err());
    }

    #[test]
    fn conversions_go_through_fifteen_digits() {
        for (value, text) in [
            (0.1, "0.1"),
            (1.0 / 3.0, "0.333333333333333"),
            (1e20, "100000000000000000000"),
            (-1.5, "-1.5"),
            (1e-30, "0"),
        ] {
            assert_eq!(decimal_text(from_double(value).unwrap()), text);
        }
        assert_eq!(decimal_text(from_single(1.25).unwrap()), "1.25");
        assert!(from_double(1e29).is_err());
        assert_eq!(to_double(d("1.1")), 1.1);
        assert_eq!(to_integer(d("-3.99"), IntegerKind::Int32).unwrap(), -3);
        assert_eq!(to_integer(d("3000000000"), IntegerKind::Int32).unwrap_err().kind, ExceptionKind::Overflow);
    }

    #[test]
    fn bits_go_out_and_come_back() {
        let value = d("-1.50");
        assert_eq!(bits(value), [150, 0, 0, i32::MIN | (2 << 16)]);
        assert_eq!(from_bits(&bits(value)).unwrap(), value);
        assert!(from_bits(&[1, 2, 3]).is_err());
    }
}
