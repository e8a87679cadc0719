//! Reading numbers: `Parse` and `TryParse` with `NumberStyles` under the invariant culture.
//!
//! Source: .NET `Int32.Parse`, `Double.Parse`, `Decimal.Parse`, `NumberStyles`.

use rust_decimal::Decimal;

use super::decimal::{self, Parts};
use super::integer::IntegerKind;
use crate::messages::{argument, bad_format, overflow};
use crate::{Exception, ExceptionKind, Thrown};

/// `System.Globalization.NumberStyles`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NumberStyles(pub i32);

impl NumberStyles {
    /// White space in front.
    pub const LEADING_WHITE: Self = Self(0x1);
    /// White space behind.
    pub const TRAILING_WHITE: Self = Self(0x2);
    /// A sign in front.
    pub const LEADING_SIGN: Self = Self(0x4);
    /// A sign behind.
    pub const TRAILING_SIGN: Self = Self(0x8);
    /// `(1)` for minus one.
    pub const PARENTHESES: Self = Self(0x10);
    /// A decimal point.
    pub const DECIMAL_POINT: Self = Self(0x20);
    /// Commas between groups.
    pub const THOUSANDS: Self = Self(0x40);
    /// An exponent.
    pub const EXPONENT: Self = Self(0x80);
    /// The currency sign `¤`.
    pub const CURRENCY_SYMBOL: Self = Self(0x100);
    /// Hexadecimal digits.
    pub const HEX: Self = Self(0x200);
    /// What integers read by default.
    pub const INTEGER: Self = Self(0x7);
    /// What decimals read by default.
    pub const NUMBER: Self = Self(0x6F);
    /// What doubles read by default is this together with [`Self::THOUSANDS`].
    pub const FLOAT: Self = Self(0xA7);
    /// The default of `Double.Parse`.
    pub const FLOAT_THOUSANDS: Self = Self(0xE7);
    /// `AllowHexSpecifier` with white space.
    pub const HEX_NUMBER: Self = Self(0x203);
    /// `Currency`.
    pub const CURRENCY: Self = Self(0x17F);
    /// `Any`.
    pub const ANY: Self = Self(0x1FF);

    /// Are all flags of `other` set?
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn check_integer(self) -> Result<(), Thrown> {
        if self.0 & !0x3FF != 0 {
            return Err(argument("An undefined NumberStyles value is being used.", "style"));
        }
        if self.has(Self::HEX) && self.0 & !Self::HEX_NUMBER.0 != 0 {
            return Err(Exception::new(
                ExceptionKind::Argument,
                "With the AllowHexSpecifier bit set in the enum bit field, the only other valid bits that can be \
                 combined into the enum value must be a subset of those in HexNumber. (Parameter 'style')",
            ));
        }
        Ok(())
    }

    fn check_float(self) -> Result<(), Thrown> {
        if self.0 & !0x3FF != 0 {
            return Err(argument("An undefined NumberStyles value is being used.", "style"));
        }
        if self.has(Self::HEX) {
            return Err(Exception::new(
                ExceptionKind::Argument,
                "The number style AllowHexSpecifier is not supported on floating point data types. (Parameter 'style')",
            ));
        }
        Ok(())
    }
}

/// A number as read: `0.DIGITS × 10^scale`.
struct Scanned {
    negative: bool,
    digits: Vec<u8>,
    scale: i32,
    /// Was there a decimal point?
    point: bool,
}

fn is_white(byte: u8) -> bool {
    matches!(byte, 0x20 | 0x09..=0x0D)
}

/// The currency sign in UTF-8.
const CURRENCY: &[u8] = "¤".as_bytes();

fn scan(text: &str, styles: NumberStyles) -> Option<Scanned> {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let currency_at =
        |at: usize| styles.has(NumberStyles::CURRENCY_SYMBOL) && bytes[at.min(bytes.len())..].starts_with(CURRENCY);
    let mut number = Scanned { negative: false, digits: Vec::new(), scale: 0, point: false };
    let (mut sign, mut parentheses, mut currency) = (false, false, false);
    let mut at = 0;
    loop {
        let ch = byte(at);
        if is_white(ch) && styles.has(NumberStyles::LEADING_WHITE) && (!sign || currency) {
            at += 1;
        } else if matches!(ch, b'+' | b'-') && styles.has(NumberStyles::LEADING_SIGN) && !sign {
            sign = true;
            number.negative = ch == b'-';
            at += 1;
        } else if ch == b'(' && styles.has(NumberStyles::PARENTHESES) && !sign {
            sign = true;
            parentheses = true;
            number.negative = true;
            at += 1;
        } else if currency_at(at) && !currency {
            currency = true;
            at += CURRENCY.len();
        } else {
            break;
        }
    }
    let mut any = false;
    loop {
        match byte(at) {
            digit @ b'0'..=b'9' => {
                any = true;
                if digit != b'0' || !number.digits.is_empty() {
                    number.digits.push(digit - b'0');
                    if !number.point {
                        number.scale += 1;
                    }
                } else if number.point {
                    number.scale -= 1;
                }
            }
            b'.' if styles.has(NumberStyles::DECIMAL_POINT) && !number.point => number.point = true,
            b',' if styles.has(NumberStyles::THOUSANDS) && any && !number.point => {}
            _ => break,
        }
        at += 1;
    }
    if !any {
        return None;
    }
    if matches!(byte(at), b'e' | b'E') && styles.has(NumberStyles::EXPONENT) {
        let mut ahead = at + 1;
        let minus = byte(ahead) == b'-';
        if matches!(byte(ahead), b'+' | b'-') {
            ahead += 1;
        }
        if byte(ahead).is_ascii_digit() {
            let mut exponent = 0i32;
            while byte(ahead).is_ascii_digit() {
                exponent = exponent.saturating_mul(10).saturating_add(i32::from(byte(ahead) - b'0')).min(99_999);
                ahead += 1;
            }
            number.scale = number.scale.saturating_add(if minus { -exponent } else { exponent });
            at = ahead;
        }
    }
    loop {
        let ch = byte(at);
        if is_white(ch) && styles.has(NumberStyles::TRAILING_WHITE) {
            at += 1;
        } else if matches!(ch, b'+' | b'-') && styles.has(NumberStyles::TRAILING_SIGN) && !sign {
            sign = true;
            number.negative = ch == b'-';
            at += 1;
        } else if ch == b')' && parentheses {
            parentheses = false;
            at += 1;
        } else if currency_at(at) && !currency {
            currency = true;
            at += CURRENCY.len();
        } else {
            break;
        }
    }
    if parentheses || !bytes[at..].iter().all(|b| *b == 0) {
        return None;
    }
    if number.digits.is_empty() && !number.point {
        number.scale = 0;
    }
    Some(number)
}

/// `Int32.Parse(text, styles)` and its seven siblings.
pub fn parse_integer(text: &str, kind: IntegerKind, styles: NumberStyles) -> Result<i128, Thrown> {
    styles.check_integer()?;
    if styles.has(NumberStyles::HEX) {
        return parse_hex(text, kind, styles);
    }
    let mut number = scan(text, styles).ok_or_else(bad_format)?;
    while number.digits.last() == Some(&0) {
        number.digits.pop();
    }
    if number.digits.is_empty() {
        return Ok(0);
    }
    let count = number.digits.len() as i32;
    if number.scale < count || number.scale > 20 {
        return Err(kind.overflow());
    }
    let whole = number.digits.iter().fold(0i128, |value, digit| value * 10 + i128::from(*digit));
    let value = whole * 10i128.pow((number.scale - count).unsigned_abs());
    kind.check(if number.negative { -value } else { value })
}

fn parse_hex(text: &str, kind: IntegerKind, styles: NumberStyles) -> Result<i128, Thrown> {
    let mut rest = text.trim_end_matches('\0');
    if styles.has(NumberStyles::LEADING_WHITE) {
        rest = rest.trim_start_matches(|c: char| c.is_ascii() && is_white(c as u8));
    }
    if styles.has(NumberStyles::TRAILING_WHITE) {
        rest = rest.trim_end_matches(|c: char| c.is_ascii() && is_white(c as u8));
    }
    if rest.is_empty() || !rest.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(bad_format());
    }
    let digits = rest.trim_start_matches('0');
    if digits.len() > kind.bits() as usize / 4 {
        return Err(kind.overflow());
    }
    let bits = if digits.is_empty() { 0 } else { i128::from_str_radix(digits, 16).map_err(|_| bad_format())? };
    Ok(kind.wrap(bits))
}

/// `Double.Parse(text, styles)`; too large a number is an infinity, as since .NET Core 3.0.
pub fn parse_double(text: &str, styles: NumberStyles) -> Result<f64, Thrown> {
    parse_float(text, styles, |text| text.parse::<f64>().ok())
}

/// `Single.Parse(text, styles)`.
pub fn parse_single(text: &str, styles: NumberStyles) -> Result<f32, Thrown> {
    parse_float(text, styles, |text| text.parse::<f32>().ok())
}

fn parse_float<T>(text: &str, styles: NumberStyles, read: impl Fn(&str) -> Option<T>) -> Result<T, Thrown> {
    styles.check_float()?;
    let plain = match scan(text, styles) {
        Some(number) => {
            let sign = if number.negative { "-" } else { "" };
            let digits: String = number.digits.iter().map(|d| char::from(b'0' + d)).collect();
            format!("{sign}0.{digits}0e{}", number.scale)
        }
        None => match text.trim().to_ascii_lowercase().as_str() {
            "infinity" | "+infinity" => "inf".into(),
            "-infinity" => "-inf".into(),
            "nan" | "+nan" | "-nan" => "nan".into(),
            _ => return Err(bad_format()),
        },
    };
    read(&plain).ok_or_else(bad_format)
}

/// `Decimal.Parse(text, styles)`; the scale of the text is kept.
pub fn parse_decimal(text: &str, styles: NumberStyles) -> Result<Decimal, Thrown> {
    styles.check_float()?;
    let mut number = scan(text, styles).ok_or_else(bad_format)?;
    let too_large = || overflow(decimal::OVERFLOW);
    if number.digits.is_empty() {
        let scale = (-number.scale).clamp(0, 28).unsigned_abs();
        return Ok(Parts { negative: false, mantissa: 0, scale }.into());
    }
    if number.scale > 29 {
        return Err(too_large());
    }
    while (number.digits.len() as i32) < number.scale {
        number.digits.push(0);
    }
    // The longest run of digits that fits into 96 bits with a scale of at most 28 is kept, the rest is rounded.
    let mut mantissa = 0u128;
    let mut used = 0;
    for digit in &number.digits {
        let next = mantissa * 10 + u128::from(*digit);
        if next > decimal::MAX_MANTISSA || used as i32 + 1 - number.scale > 28 {
            break;
        }
        mantissa = next;
        used += 1;
    }
    let mut scale = used as i32 - number.scale;
    if scale < 0 || (used == 0 && scale > 28) {
        if scale < 0 {
            return Err(too_large());
        }
        return Ok(Parts { negative: number.negative, mantissa: 0, scale: 28 }.into());
    }
    let rest = &number.digits[used..];
    let up = match rest.first() {
        Some(6..=9) => true,
        Some(5) => rest[1..].iter().any(|d| *d != 0) || mantissa % 2 == 1,
        _ => false,
    };
    if up {
        mantissa += 1;
        if mantissa > decimal::MAX_MANTISSA {
            if scale == 0 {
                return Err(too_large());
            }
            mantissa = mantissa.div_ceil(10);
            scale -= 1;
        }
    }
    Ok(Parts { negative: number.negative, mantissa, scale: scale.unsigned_abs() }.into())
}

/// `Boolean.Parse`: `True` or `False` in any case, with white space and nulls around.
pub fn parse_bool(text: &str) -> Result<bool, Thrown> {
    try_parse_bool(text).ok_or_else(|| {
        Exception::new(ExceptionKind::Format, format!("String '{text}' was not recognized as a valid Boolean."))
    })
}

/// `Boolean.TryParse`.
pub fn try_parse_bool(text: &str) -> Option<bool> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::numeric::Generation;
    use crate::numeric::format::{decimal_text, double_text, single_text};

    fn int(text: &str) -> Result<i128, Thrown> {
        parse_integer(text, IntegerKind::Int32, NumberStyles::INTEGER)
    }

    #[test]
    fn integers_are_read_with_white_space_and_sign_only() {
        assert_eq!(int(" 42 ").unwrap(), 42);
        assert_eq!(int("+7").unwrap(), 7);
        assert_eq!(int("-0").unwrap(), 0);
        assert_eq!(int("42\0\0").unwrap(), 42);
        for bad in ["", "0x1F", "١٢", "1,000", "1.0", "- 1", "1-", "99999999999x", " "] {
            assert_eq!(int(bad).unwrap_err().kind, ExceptionKind::Format, "{bad}");
        }
        assert_eq!(int("99999999999").unwrap_err().message, "Value was either too large or too small for an Int32.");
        assert_eq!(
            parse_integer("-1", IntegerKind::UInt16, NumberStyles::INTEGER).unwrap_err().kind,
            ExceptionKind::Overflow
        );
    }

    #[test]
    fn styles_open_more_forms() {
        let any = |text: &str| parse_integer(text, IntegerKind::Int32, NumberStyles::ANY);
        assert_eq!(any("(1,234.00)").unwrap(), -1234);
        assert_eq!(any("¤12").unwrap(), 12);
        assert_eq!(any("12e2").unwrap(), 1200);
        assert_eq!(any("12-").unwrap(), -12);
        assert_eq!(any("1.5").unwrap_err().kind, ExceptionKind::Overflow);
        let hex = |text: &str| parse_integer(text, IntegerKind::Int32, NumberStyles::HEX_NUMBER);
        assert_eq!(hex("fF").unwrap(), 255);
        assert_eq!(hex("FFFFFFFF").unwrap(), -1);
        assert_eq!(hex("1FFFFFFFF").unwrap_err().kind, ExceptionKind::Overflow);
        assert_eq!(hex("0x1").unwrap_err().kind, ExceptionKind::Format);
        assert_eq!(
            parse_integer("1", IntegerKind::Int32, NumberStyles(0x207)).unwrap_err().kind,
            ExceptionKind::Argument
        );
    }

    #[test]
    fn doubles_read_thousands_exponents_and_names() {
        let read = |text: &str| parse_double(text, NumberStyles::FLOAT_THOUSANDS);
        assert_eq!(read("1,234.5").unwrap(), 1234.5);
        assert_eq!(read("1e-3").unwrap(), 0.001);
        assert_eq!(read(".5").unwrap(), 0.5);
        assert_eq!(read("5.").unwrap(), 5.0);
        assert!(read("-NaN").unwrap().is_nan());
        assert_eq!(read("-infinity").unwrap(), f64::NEG_INFINITY);
        assert_eq!(read("1e999").unwrap(), f64::INFINITY);
        assert!(read("-0").unwrap().is_sign_negative());
        for bad in ["abc", "", "1e", "1.2.3", ".", "0x1", "inf", "1_0"] {
            assert_eq!(read(bad).unwrap_err().kind, ExceptionKind::Format, "{bad}");
        }
    }

    #[test]
    fn decimals_keep_the_scale_of_their_text() {
        let read = |text: &str| parse_decimal(text, NumberStyles::NUMBER).map(decimal_text);
        assert_eq!(read("1,234.50").unwrap(), "1234.50");
        assert_eq!(read("0.000").unwrap(), "0.000");
        assert_eq!(read("12-").unwrap(), "-12");
        assert_eq!(read("0.12345678901234567890123456785").unwrap(), "0.1234567890123456789012345678");
        assert_eq!(read("79228162514264337593543950335").unwrap(), "79228162514264337593543950335");
        assert_eq!(read("79228162514264337593543950336").unwrap_err().kind, ExceptionKind::Overflow);
        assert_eq!(read("1e2").unwrap_err().kind, ExceptionKind::Format);
        assert_eq!(parse_decimal("1e2", NumberStyles::ANY).map(decimal_text).unwrap(), "100");
        assert_eq!(
            parse_decimal("1e-40", NumberStyles::ANY).map(decimal_text).unwrap(),
            "0.0000000000000000000000000000"
        );
    }

    #[test]
    fn booleans_are_read_in_any_case() {
        assert!(parse_bool(" tRue ").unwrap());
        assert_eq!(parse_bool("1").unwrap_err().message, "String '1' was not recognized as a valid Boolean.");
    }

    proptest! {
        #[test]
        fn a_double_survives_its_text(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            let text = double_text(value, Generation::Modern);
            prop_assert_eq!(parse_double(&text, NumberStyles::FLOAT).unwrap().to_bits(), value.to_bits());
        }

        #[test]
        fn a_float_survives_its_text(value in any::<f32>().prop_filter("finite", |v| v.is_finite())) {
            let text = single_text(value, Generation::Modern);
            prop_assert_eq!(parse_single(&text, NumberStyles::FLOAT).unwrap().to_bits(), value.to_bits());
        }

        #[test]
        fn a_decimal_survives_its_text(mantissa in 0u128..=decimal::MAX_MANTISSA, scale in 0u32..=28, negative: bool) {
            let value: Decimal = Parts { negative, mantissa, scale }.into();
            let back = parse_decimal(&decimal_text(value), NumberStyles::NUMBER).unwrap();
            prop_assert_eq!((back, back.scale()), (value, value.scale()));
        }

        #[test]
        fn no_text_makes_a_reader_panic(text in ".{0,40}") {
            let _ = parse_integer(&text, IntegerKind::Int64, NumberStyles::ANY);
            let _ = parse_decimal(&text, NumberStyles::ANY);
            let _ = parse_double(&text, NumberStyles::ANY);
        }
    }
}
