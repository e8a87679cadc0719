//! `System.Convert` and `BitConverter` on plain values: other bases, base 64, bytes, rounding conversions.

use rust_decimal::Decimal;

use crate::messages::{argument, argument_null, format_error, out_of_range, overflow};
use crate::numeric::decimal::{self, Midpoint};
use crate::numeric::{IntegerKind, NumberStyles, parse};
use crate::{Exception, ExceptionKind, Thrown};

/// `Convert.ToInt32(double)` and its siblings: to the nearest, halves to even.
pub fn round_double(value: f64, kind: IntegerKind) -> Result<i128, Thrown> {
    let rounded = value.round_ties_even();
    if rounded.is_nan() || rounded < kind.min() as f64 || rounded > kind.max() as f64 {
        return Err(kind.overflow());
    }
    kind.check(rounded as i128)
}

/// `Convert.ToInt32(decimal)` and its siblings: to the nearest, halves to even.
pub fn round_decimal(value: Decimal, kind: IntegerKind) -> Result<i128, Thrown> {
    kind.check(decimal::round(value, 0, Midpoint::ToEven)?.mantissa())
}

/// `Convert.ToInt32(text, base)` and its siblings; `None` gives 0.
pub fn parse_base(text: Option<&str>, base: i32, kind: IntegerKind) -> Result<i128, Thrown> {
    if !matches!(base, 2 | 8 | 10 | 16) {
        return Err(Exception::new(ExceptionKind::Argument, "Invalid Base."));
    }
    let Some(text) = text else { return Ok(0) };
    if text.is_empty() {
        return Err(out_of_range(
            "Index was out of range. Must be non-negative and less than the size of the collection.",
            "startIndex",
        ));
    }
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if negative && base != 10 {
        return Err(argument("String cannot contain a minus sign if the base is not 10.", "value"));
    }
    if negative && !kind.is_signed() {
        return Err(overflow("The string was being parsed as an unsigned number and could not have a negative sign."));
    }
    let digits = match (base, rest.get(..2)) {
        (16, Some("0x" | "0X")) => &rest[2..],
        _ => rest,
    };
    let radix = base.unsigned_abs();
    let good = digits.chars().take_while(|c| c.is_digit(radix)).count();
    if good == 0 {
        return Err(format_error("Could not find any recognizable digits."));
    }
    if good < digits.len() {
        return Err(format_error("Additional non-parsable characters are at the end of the string."));
    }
    let mut value = 0i128;
    for c in digits.chars() {
        value = value * i128::from(radix) + i128::from(c.to_digit(radix).unwrap_or(0));
        if value > i128::from(u64::MAX) {
            return Err(kind.overflow());
        }
    }
    if base == 10 {
        return kind.check(if negative { -value } else { value });
    }
    if value as u128 > kind.mask() {
        return Err(kind.overflow());
    }
    Ok(kind.wrap(value))
}

/// `Convert.ToString(value, base)`: two's complement except in base ten.
pub fn to_base(value: i128, base: i32, kind: IntegerKind) -> Result<String, Thrown> {
    let bits = value as u128 & kind.mask();
    Ok(match base {
        2 => format!("{bits:b}"),
        8 => format!("{bits:o}"),
        10 => value.to_string(),
        16 => format!("{bits:x}"),
        _ => return Err(Exception::new(ExceptionKind::Argument, "Invalid Base.")),
    })
}

/// `Convert.ToChar(number)`
pub fn to_char(value: i128) -> Result<u16, Thrown> {
    u16::try_from(value).map_err(|_| overflow("Value was either too large or too small for a character."))
}

/// `Convert.ToChar(string)`, `Char.Parse`
pub fn text_to_char(text: Option<&str>, parameter: &str) -> Result<u16, Thrown> {
    let text = text.ok_or_else(|| argument_null(parameter))?;
    let mut units = text.encode_utf16();
    match (units.next(), units.next()) {
        (Some(unit), None) => Ok(unit),
        _ => Err(format_error("String must be exactly one character long.")),
    }
}

/// `Convert.ToInt32(text)` and its siblings; `None` gives 0.
pub fn text_to_integer(text: Option<&str>, kind: IntegerKind) -> Result<i128, Thrown> {
    text.map_or(Ok(0), |text| parse::parse_integer(text, kind, NumberStyles::INTEGER))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `Convert.ToBase64String`; `line_breaks` puts `\r\n` after every 76 characters.
pub fn to_base64(bytes: &[u8], line_breaks: bool) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for (index, group) in bytes.chunks(3).enumerate() {
        if line_breaks && index > 0 && index.is_multiple_of(19) {
            out.push_str("\r\n");
        }
        let word = group.iter().enumerate().fold(0u32, |word, (at, byte)| word | u32::from(*byte) << (16 - at * 8));
        for at in 0..4 {
            if at <= group.len() {
                out.push(char::from(ALPHABET[(word >> (18 - at * 6)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// `Convert.FromBase64String`: white space is skipped, padding is needed.
pub fn from_base64(text: &str) -> Result<Vec<u8>, Thrown> {
    let bad = || {
        format_error(
            "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding \
             characters, or an illegal character among the padding characters.",
        )
    };
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut word, mut count, mut padding) = (0u32, 0usize, 0usize);
    for byte in text.bytes() {
        let value = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                count += 1;
                if padding > 2 || count % 4 == 1 || (count % 4 == 2) {
                    return Err(bad());
                }
                word <<= 6;
                if count % 4 == 0 {
                    out.extend_from_slice(&word.to_be_bytes()[1..4 - padding]);
                }
                continue;
            }
            _ => return Err(bad()),
        };
        if padding > 0 {
            return Err(bad());
        }
        word = (word << 6) | u32::from(value);
        count += 1;
        if count % 4 == 0 {
            out.extend_from_slice(&word.to_be_bytes()[1..]);
            word = 0;
        }
    }
    if count % 4 != 0 {
        return Err(if padding > 0 {
            bad()
        } else {
            format_error("Invalid length for a Base-64 char array or string.")
        });
    }
    Ok(out)
}

/// `BitConverter.ToString(bytes, start, length)`
pub fn bytes_text(bytes: &[u8], start: i32, length: Option<i32>) -> Result<String, Thrown> {
    let size = bytes.len() as i32;
    if start < 0 || (start >= size && start > 0) {
        return Err(out_of_range("StartIndex cannot be less than zero.", "startIndex"));
    }
    let length = length.unwrap_or(size - start);
    if length < 0 {
        return Err(out_of_range("Value must be positive.", "length"));
    }
    if start > size - length {
        return Err(array_too_small("value"));
    }
    let pairs: Vec<String> =
        bytes[start as usize..(start + length) as usize].iter().map(|byte| format!("{byte:02X}")).collect();
    Ok(pairs.join("-"))
}

fn array_too_small(parameter: &str) -> Thrown {
    argument(
        "Destination array is not long enough to copy all the items in the collection. Check array index and length.",
        parameter,
    )
}

/// `BitConverter.ToInt32(bytes, start)` and its siblings: `size` bytes, little-endian.
pub fn bytes_at(bytes: &[u8], start: i32, size: usize) -> Result<u64, Thrown> {
    let at = usize::try_from(start).ok().filter(|at| *at < bytes.len()).ok_or_else(|| {
        out_of_range(
            "Index was out of range. Must be non-negative and less than the size of the collection.",
            "startIndex",
        )
    })?;
    let piece = bytes.get(at..at + size).ok_or_else(|| array_too_small("value"))?;
    Ok(piece.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        assert_eq!(round_double(3.5, IntegerKind::Int32).unwrap(), 4);
        assert_eq!(round_double(-2.5, IntegerKind::Int32).unwrap(), -2);
        assert!(round_double(f64::NAN, IntegerKind::Int32).is_err());
        assert!(round_double(2_147_483_647.5, IntegerKind::Int32).is_err());
        assert!(round_double(1.8446744073709552e19, IntegerKind::UInt64).is_err());
        assert_eq!(round_decimal(Decimal::new(25, 1), IntegerKind::Int32).unwrap(), 2);
    }

    #[test]
    fn other_bases_are_twos_complement() {
        assert_eq!(to_base(-1, 16, IntegerKind::Int32).unwrap(), "ffffffff");
        assert_eq!(to_base(-1, 10, IntegerKind::Int32).unwrap(), "-1");
        assert_eq!(to_base(5, 2, IntegerKind::Int32).unwrap(), "101");
        assert_eq!(parse_base(Some("0xFFFFFFFF"), 16, IntegerKind::Int32).unwrap(), -1);
        assert_eq!(parse_base(Some("-12"), 10, IntegerKind::Int32).unwrap(), -12);
        assert_eq!(parse_base(Some("377"), 8, IntegerKind::Byte).unwrap(), 255);
        assert_eq!(parse_base(None, 2, IntegerKind::Byte).unwrap(), 0);
        for (text, base, kind) in [
            ("", 10, ExceptionKind::ArgumentOutOfRange),
            ("-1", 16, ExceptionKind::Argument),
            ("12", 2, ExceptionKind::Format),
            ("z", 16, ExceptionKind::Format),
            ("1FFFFFFFF", 16, ExceptionKind::Overflow),
            ("1", 3, ExceptionKind::Argument),
        ] {
            assert_eq!(parse_base(Some(text), base, IntegerKind::Int32).unwrap_err().kind, kind, "{text}");
        }
    }

    #[test]
    fn base64_needs_its_padding() {
        assert_eq!(to_base64(b"hello", false), "aGVsbG8=");
        assert_eq!(to_base64(&[251, 255, 254], false), "+//+");
        assert_eq!(to_base64(&[0; 60], true).len(), 82);
        assert_eq!(from_base64(" aGVs bG8= ").unwrap(), b"hello");
        assert_eq!(from_base64("").unwrap(), b"");
        for bad in ["****", "-_8=", "aGVsbG8", "a===", "=aaa", "aa=a", "aaaa=", "aGVsbG8==", "ab=", "aaaa===="] {
            assert_eq!(from_base64(bad).unwrap_err().kind, ExceptionKind::Format, "{bad}");
        }
    }

    #[test]
    fn bytes_are_little_endian() {
        assert_eq!(bytes_at(&[255, 255], 0, 2).unwrap(), 0xFFFF);
        assert_eq!(bytes_at(&[1, 2, 3, 4], 1, 2).unwrap(), 0x0302);
        assert_eq!(bytes_at(&[1], 0, 4).unwrap_err().kind, ExceptionKind::Argument);
        assert_eq!(bytes_at(&[1], 1, 1).unwrap_err().kind, ExceptionKind::ArgumentOutOfRange);
        assert_eq!(bytes_text(&[10, 200], 0, None).unwrap(), "0A-C8");
        assert_eq!(bytes_text(&[], 0, None).unwrap(), "");
    }

    proptest! {
        #[test]
        fn bytes_survive_base64(bytes: Vec<u8>, breaks: bool) {
            prop_assert_eq!(from_base64(&to_base64(&bytes, breaks)).unwrap(), bytes);
        }

        #[test]
        fn no_text_makes_base64_panic(text in "[A-Za-z0-9+/= é]{0,12}") {
            let _ = from_base64(&text);
        }
    }
}
