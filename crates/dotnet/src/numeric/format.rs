//! Standard numeric formats (`C D E F G N P R X`) under the invariant culture.
//!
//! Source: .NET "Standard numeric format strings".

use rust_decimal::Decimal;

use super::Generation;
use super::custom::format_custom;
use super::digits::{Digits, Origin};
use super::integer::IntegerKind;
use crate::Thrown;
use crate::messages::format_error;

/// A format text, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Specifier {
    /// A letter with or without a precision.
    Standard(char, Option<usize>),
    /// Anything else: a pattern.
    Custom,
}

fn specifier(format: &str) -> Specifier {
    let mut chars = format.chars();
    match chars.next() {
        None | Some('\0') => Specifier::Standard('G', None),
        Some(letter) if letter.is_ascii_alphabetic() => {
            let digits = chars.as_str();
            if digits.is_empty() {
                return Specifier::Standard(letter, None);
            }
            let significant = digits.trim_start_matches('0');
            if digits.bytes().all(|b| b.is_ascii_digit()) && significant.len() <= 2 {
                Specifier::Standard(letter, Some(significant.parse().unwrap_or(0)))
            } else {
                Specifier::Custom
            }
        }
        Some(_) => Specifier::Custom,
    }
}

fn invalid() -> Thrown {
    format_error("Format specifier was invalid.")
}

/// `Int32.ToString(format)` and its seven siblings; `value` lies in the range of `kind`.
pub fn format_integer(value: i128, kind: IntegerKind, format: &str) -> Result<String, Thrown> {
    if format.is_empty() {
        return Ok(value.to_string());
    }
    let (letter, precision) = match specifier(format) {
        Specifier::Standard(letter, precision) => (letter, precision),
        Specifier::Custom => return Ok(format_custom(Digits::of_integer(value), format)),
    };
    match letter {
        'G' | 'g' if precision.unwrap_or(0) == 0 => Ok(value.to_string()),
        'D' | 'd' => {
            let digits = value.unsigned_abs().to_string();
            let sign = if value < 0 { "-" } else { "" };
            Ok(format!("{sign}{digits:0>width$}", width = precision.unwrap_or(0)))
        }
        'X' | 'x' => {
            let bits = value as u128 & kind.mask();
            let width = precision.unwrap_or(0);
            Ok(if letter == 'X' { format!("{bits:0>width$X}") } else { format!("{bits:0>width$x}") })
        }
        'R' | 'r' => Err(invalid()),
        _ => standard(Digits::of_integer(value), letter, precision),
    }
}

/// `Decimal.ToString(format)`.
pub fn format_decimal(value: Decimal, format: &str) -> Result<String, Thrown> {
    match specifier(format) {
        Specifier::Standard('D' | 'd' | 'X' | 'x' | 'R' | 'r', _) => Err(invalid()),
        Specifier::Standard(letter, precision) => standard(Digits::of_decimal(value), letter, precision),
        Specifier::Custom => Ok(format_custom(Digits::of_decimal(value), format)),
    }
}

/// `Decimal.ToString()`: the scale is shown.
pub fn decimal_text(value: Decimal) -> String {
    let digits = Digits::of_decimal(value);
    let text = general(&digits, usize::MAX, 'E', true);
    if digits.is_zero() { text } else { signed(&digits, text) }
}

fn not_finite(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("NaN".into())
    } else if value.is_infinite() {
        Some(if value > 0.0 { "Infinity".into() } else { "-Infinity".into() })
    } else {
        None
    }
}

/// `Double.ToString()`.
pub fn double_text(value: f64, generation: Generation) -> String {
    // Whole numbers are common and their digits are exact.
    if value.fract() == 0.0 && value.abs() < 1e15 && (value != 0.0 || !value.is_sign_negative()) {
        return (value as i64).to_string();
    }
    not_finite(value).unwrap_or_else(|| match generation {
        Generation::Modern => shortest_text(Digits::shortest(value), 17),
        Generation::Framework => framework_text(value, 15),
    })
}

/// `Single.ToString()`.
pub fn single_text(value: f32, generation: Generation) -> String {
    not_finite(value.into()).unwrap_or_else(|| match generation {
        Generation::Modern => shortest_text(Digits::shortest_single(value), 9),
        Generation::Framework => framework_text(value.into(), 7),
    })
}

fn shortest_text(digits: Digits, least: usize) -> String {
    let most = digits.digits.len().max(least);
    signed(&digits, general(&digits, most, 'E', false))
}

fn framework_text(value: f64, precision: usize) -> String {
    let digits = Digits::significant(value, precision);
    let sign = digits.negative && !digits.is_zero();
    let text = general(&digits, precision, 'E', false);
    if sign { format!("-{text}") } else { text }
}

fn signed(digits: &Digits, text: String) -> String {
    if digits.negative { format!("-{text}") } else { text }
}

/// `Double.ToString(format)`.
pub fn format_double(value: f64, format: &str, generation: Generation) -> Result<String, Thrown> {
    format_float(value, format, generation, 15, |generation| double_text(value, generation))
}

/// `Single.ToString(format)`.
pub fn format_single(value: f32, format: &str, generation: Generation) -> Result<String, Thrown> {
    format_float(value.into(), format, generation, 7, |generation| single_text(value, generation))
}

fn format_float(
    value: f64,
    format: &str,
    generation: Generation,
    custom_digits: usize,
    plain: impl Fn(Generation) -> String,
) -> Result<String, Thrown> {
    if format.is_empty() {
        return Ok(plain(generation));
    }
    if let Some(text) = not_finite(value) {
        return Ok(text);
    }
    let framework = generation == Generation::Framework;
    let (letter, precision) = match specifier(format) {
        Specifier::Standard(letter, precision) => (letter, precision),
        Specifier::Custom => {
            let mut digits = Digits::significant(value, custom_digits);
            if framework {
                digits.origin = Origin::Decimal;
            }
            return Ok(format_custom(digits, format));
        }
    };
    if matches!(letter, 'R' | 'r') {
        return Ok(plain(Generation::Modern));
    }
    let exact = |of: &dyn Fn() -> Digits| {
        if framework {
            let mut digits = Digits::significant(value, custom_digits);
            digits.origin = Origin::Decimal;
            digits
        } else {
            of()
        }
    };
    let digits = match letter.to_ascii_uppercase() {
        'G' => match precision {
            None | Some(0) => {
                let text = plain(generation);
                return Ok(if letter == 'g' { text.replace('E', "e") } else { text });
            }
            Some(count) => Digits::significant(value, count),
        },
        'E' => Digits::significant(value, precision.unwrap_or(6) + 1),
        'F' | 'N' | 'C' => exact(&|| Digits::fixed(value, precision.unwrap_or(2))),
        'P' => exact(&|| Digits::fixed(value, precision.unwrap_or(2) + 2)),
        _ => return Err(invalid()),
    };
    standard(digits, letter, precision)
}

/// The letters that all types share.
fn standard(mut number: Digits, letter: char, precision: Option<usize>) -> Result<String, Thrown> {
    let round_up = number.origin != Origin::Float;
    match letter.to_ascii_uppercase() {
        'F' => {
            let places = precision.unwrap_or(2);
            number.round(number.scale.saturating_add(places as i32), round_up);
            let text = fixed(&number, places, false);
            Ok(signed(&number, text))
        }
        'N' => {
            let places = precision.unwrap_or(2);
            number.round(number.scale.saturating_add(places as i32), round_up);
            let text = fixed(&number, places, true);
            Ok(signed(&number, text))
        }
        'C' => {
            let places = precision.unwrap_or(2);
            number.round(number.scale.saturating_add(places as i32), round_up);
            let text = fixed(&number, places, true);
            Ok(if number.negative { format!("(¤{text})") } else { format!("¤{text}") })
        }
        'P' => {
            let places = precision.unwrap_or(2);
            number.scale += 2;
            number.round(number.scale.saturating_add(places as i32), round_up);
            let text = fixed(&number, places, true);
            Ok(signed(&number, format!("{text} %")))
        }
        'E' => {
            let digits = precision.unwrap_or(6) + 1;
            number.round(digits as i32, round_up);
            let text = scientific(&number, digits, letter);
            Ok(signed(&number, text))
        }
        'G' => {
            let exponent = if letter == 'G' { 'E' } else { 'e' };
            match precision {
                None | Some(0) if number.origin == Origin::Decimal => {
                    let text = general(&number, usize::MAX, exponent, true);
                    Ok(if number.is_zero() { text } else { signed(&number, text) })
                }
                None | Some(0) => {
                    let most = number.digits.len();
                    let text = general(&number, most, exponent, false);
                    Ok(signed(&number, text))
                }
                Some(most) => {
                    number.round(most as i32, round_up);
                    let text = general(&number, most, exponent, false);
                    Ok(signed(&number, text))
                }
            }
        }
        _ => Err(invalid()),
    }
}

/// The digit at `index`, or `0` beyond the last one.
fn digit(number: &Digits, index: usize) -> char {
    char::from(b'0' + number.digits.get(index).copied().unwrap_or(0))
}

fn fixed(number: &Digits, places: usize, grouped: bool) -> String {
    let mut text = String::new();
    let mut index = 0;
    if number.scale > 0 {
        let whole = number.scale as usize;
        for position in 0..whole {
            if grouped && position > 0 && (whole - position).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit(number, position));
        }
        index = whole;
    } else {
        text.push('0');
    }
    if places > 0 {
        text.push('.');
        let zeros = usize::try_from(-number.scale).unwrap_or(0).min(places);
        text.extend(std::iter::repeat_n('0', zeros));
        for offset in 0..places - zeros {
            text.push(digit(number, index + offset));
        }
    }
    text
}

fn scientific(number: &Digits, digits: usize, letter: char) -> String {
    let mut text = String::new();
    text.push(digit(number, 0));
    if digits > 1 {
        text.push('.');
        for index in 1..digits {
            text.push(digit(number, index));
        }
    }
    let exponent = if number.is_zero() { 0 } else { number.scale - 1 };
    push_exponent(&mut text, exponent, letter, 3, true);
    text
}

/// Digits without sign: plain, or scientific when the point lies beyond `most` digits or left of `0.0001`.
fn general(number: &Digits, most: usize, exponent: char, plain: bool) -> String {
    let scientific = !plain && (number.scale > i32::try_from(most).unwrap_or(i32::MAX) || number.scale < -3);
    let mut point = if scientific { 1 } else { number.scale };
    let mut text = String::new();
    let mut index = 0;
    if point > 0 {
        for position in 0..point as usize {
            text.push(digit(number, position));
        }
        index = point as usize;
        point = 0;
    } else {
        text.push('0');
    }
    if index < number.digits.len() || point < 0 {
        text.push('.');
        text.extend(std::iter::repeat_n('0', usize::try_from(-point).unwrap_or(0)));
        text.extend(number.digits.iter().skip(index).map(|d| char::from(b'0' + d)));
    }
    if scientific {
        push_exponent(&mut text, number.scale - 1, exponent, 2, true);
    }
    text
}

/// Adds an exponent with at least `least` digits.
pub(super) fn push_exponent(text: &mut String, value: i32, letter: char, least: usize, plus: bool) {
    text.push(letter);
    if value < 0 {
        text.push('-');
    } else if plus {
        text.push('+');
    }
    text.push_str(&format!("{:0>least$}", value.unsigned_abs()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(value: i128, format: &str) -> String {
        format_integer(value, IntegerKind::Int32, format).unwrap()
    }

    fn double(value: f64, format: &str) -> String {
        format_double(value, format, Generation::Modern).unwrap()
    }

    fn dec(text: &str, format: &str) -> String {
        format_decimal(crate::numeric::parse::parse_decimal(text, crate::NumberStyles::NUMBER).unwrap(), format)
            .unwrap()
    }

    #[test]
    fn integers_take_every_standard_format() {
        for (value, format, text) in [
            (42, "D5", "00042"),
            (-42, "D4", "-0042"),
            (255, "X", "FF"),
            (48879, "x8", "0000beef"),
            (-1, "X", "FFFFFFFF"),
            (-1, "x2", "ffffffff"),
            (1234567, "N0", "1,234,567"),
            (-1234567, "N", "-1,234,567.00"),
            (100, "C", "¤100.00"),
            (-100, "C0", "(¤100)"),
            (1, "P", "100.00 %"),
            (-1, "P0", "-100 %"),
            (12345, "E2", "1.23E+004"),
            (12345, "e", "1.234500e+004"),
            (12345, "G2", "1.2E+04"),
            (15, "G1", "2E+01"),
            (0, "F3", "0.000"),
            (12345, "G", "12345"),
            (5, "d003", "005"),
        ] {
            assert_eq!(int(value, format), text, "{value} {format}");
        }
        assert_eq!(format_integer(-1, IntegerKind::SByte, "X").unwrap(), "FF");
        assert_eq!(format_integer(3, IntegerKind::Int32, "Q").unwrap_err().message, "Format specifier was invalid.");
        assert!(format_integer(3, IntegerKind::Int32, "R").is_err());
    }

    #[test]
    fn doubles_show_the_shortest_digits_that_read_back() {
        for (value, text) in [
            (0.1 + 0.2, "0.30000000000000004"),
            (1.0 / 3.0, "0.3333333333333333"),
            (1e16, "10000000000000000"),
            (123456789012345680.0, "1.2345678901234568E+17"),
            (f64::MAX, "1.7976931348623157E+308"),
            (f64::MIN_POSITIVE * f64::EPSILON, "5E-324"),
            (0.0001, "0.0001"),
            (0.00001, "1E-05"),
            (-0.0, "-0"),
            (12.0, "12"),
            (4.35 * 100.0, "434.99999999999994"),
        ] {
            assert_eq!(double_text(value, Generation::Modern), text);
        }
        assert_eq!(single_text(16_777_217f32, Generation::Modern), "16777216");
        assert_eq!(single_text(f32::MAX, Generation::Modern), "3.4028235E+38");
        assert_eq!(single_text(0.1, Generation::Modern), "0.1");
    }

    #[test]
    fn the_framework_shows_fifteen_digits() {
        for (value, text) in [(0.1 + 0.2, "0.3"), (1.0 / 3.0, "0.333333333333333"), (1e16, "1E+16"), (-0.0, "0")] {
            assert_eq!(double_text(value, Generation::Framework), text);
        }
        assert_eq!(single_text(16_777_217f32, Generation::Framework), "1.677722E+07");
        assert_eq!(format_double(2.675, "F2", Generation::Framework).unwrap(), "2.68");
        assert_eq!(format_double(-0.4, "0", Generation::Framework).unwrap(), "0");
    }

    #[test]
    fn doubles_take_every_standard_format() {
        for (value, format, text) in [
            (1.0 / 3.0, "F3", "0.333"),
            (12345.678, "E2", "1.23E+004"),
            (0.000012345, "G3", "1.23E-05"),
            (123456789.0, "G4", "1.235E+08"),
            (1e20, "F0", "100000000000000000000"),
            (2.675, "F2", "2.67"),
            (2.5, "F0", "3"),
            (-0.125, "F2", "-0.13"),
            (0.12345, "P1", "12.3 %"),
            (1234567.891, "N2", "1,234,567.89"),
            (-0.001, "F2", "-0.00"),
            (0.1, "G17", "0.10000000000000001"),
            (0.1, "R", "0.1"),
            (1e-7, "g", "1e-07"),
            (f64::NAN, "F2", "NaN"),
            (0.0, "E", "0.000000E+000"),
        ] {
            assert_eq!(double(value, format), text, "{value} {format}");
        }
        assert!(format_double(1.0, "D", Generation::Modern).is_err());
        assert!(format_double(1.0, "X", Generation::Modern).is_err());
    }

    #[test]
    fn decimals_keep_their_scale() {
        for (value, format, text) in [
            ("12.10", "G", "12.10"),
            ("12.10", "", "12.10"),
            ("0.00", "", "0.00"),
            ("-1.50", "", "-1.50"),
            ("1234567.891", "N1", "1,234,567.9"),
            ("2.345", "F2", "2.35"),
            ("-2.345", "C", "(¤2.35)"),
            ("123.456", "G4", "123.5"),
            ("0.00001", "", "0.00001"),
            ("0.00001", "G2", "1E-05"),
            ("-0.001", "F2", "0.00"),
        ] {
            assert_eq!(dec(value, format), text, "{value} {format}");
        }
    }
}
