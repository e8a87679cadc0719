//! `System.Guid`, held as its 128 bits in the order of its text.

use crate::Thrown;
use crate::messages::{argument, format_error, overflow};

/// `Guid.ToString(format)`: `N D B P X`, empty for `D`.
pub fn format(value: u128, format: &str) -> Result<String, Thrown> {
    let digits = format!("{value:032x}");
    let dashed =
        || format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]);
    Ok(match format {
        "" | "D" | "d" => dashed(),
        "N" | "n" => digits,
        "B" | "b" => format!("{{{}}}", dashed()),
        "P" | "p" => format!("({})", dashed()),
        "X" | "x" => {
            let bytes: Vec<String> = (16..32).step_by(2).map(|at| format!("0x{}", &digits[at..at + 2])).collect();
            format!("{{0x{},0x{},0x{},{{{}}}}}", &digits[..8], &digits[8..12], &digits[12..16], bytes.join(","))
        }
        _ => {
            return Err(format_error(
                "Format String can be only \"D\", \"d\", \"N\", \"n\", \"P\", \"p\", \"B\", \"b\", \"X\" or \"x\".",
            ));
        }
    })
}

/// `Guid.ToString()`
pub fn text(value: u128) -> String {
    format(value, "D").unwrap_or_default()
}

fn unrecognized() -> Thrown {
    format_error("Unrecognized Guid format.")
}

fn wrong_dashes() -> Thrown {
    format_error("Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).")
}

/// `Guid.Parse`
pub fn parse(text: &str) -> Result<u128, Thrown> {
    let text = text.trim();
    match text.chars().next() {
        None => Err(unrecognized()),
        Some('{') if !text.contains('-') => parse_exact(text, "X"),
        Some('{') => parse_exact(text, "B"),
        Some('(') => parse_exact(text, "P"),
        Some(_) if text.contains('-') => parse_exact(text, "D"),
        Some(_) => parse_exact(text, "N"),
    }
}

/// `Guid.ParseExact`
pub fn parse_exact(text: &str, format: &str) -> Result<u128, Thrown> {
    let text = text.trim();
    match format {
        "N" | "n" => {
            if text.len() != 32 {
                return Err(format_error("Guid should contain 32 digits."));
            }
            hex(text)
        }
        "D" | "d" => dashed(text),
        "B" | "b" => dashed(text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or_else(wrong_dashes)?),
        "P" | "p" => dashed(text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).ok_or_else(wrong_dashes)?),
        "X" | "x" => nested(text),
        _ => Err(format_error(
            "Format String can be only \"D\", \"d\", \"N\", \"n\", \"P\", \"p\", \"B\", \"b\", \"X\" or \"x\".",
        )),
    }
}

fn hex(digits: &str) -> Result<u128, Thrown> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(format_error("Guid string should only contain hexadecimal characters."));
    }
    u128::from_str_radix(digits, 16).map_err(|_| unrecognized())
}

fn dashed(text: &str) -> Result<u128, Thrown> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 || [8, 13, 18, 23].iter().any(|at| bytes[*at] != b'-') {
        return Err(wrong_dashes());
    }
    // Each group may start with `+` and `0x`; the last one is read in two parts.
    let mut value = 0u128;
    for group in [0..8, 9..13, 14..18, 19..23, 24..28, 28..36] {
        let part = text.get(group.clone()).ok_or_else(wrong_dashes)?;
        let digits = part.strip_prefix('+').unwrap_or(part);
        let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
        value = (value << (group.len() * 4)) | hex(digits)?;
    }
    Ok(value)
}

/// `{0x…,0x…,0x…,{0x…,…}}`
fn nested(text: &str) -> Result<u128, Thrown> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let inner = plain
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix("}}"))
        .ok_or_else(|| format_error("Could not find a brace, or the length between the previous token and the brace was zero (i.e., '0x,'etc.)."))?;
    let (head, tail) = inner.split_once(",{").ok_or_else(unrecognized)?;
    let mut value = 0u128;
    let parts = head.split(',').zip([8usize, 4, 4]).chain(tail.split(',').zip([2usize; 8]));
    let mut count = 0;
    for (part, width) in parts {
        let digits = part
            .strip_prefix("0x")
            .or_else(|| part.strip_prefix("0X"))
            .ok_or_else(|| format_error("Expected 0x prefix."))?;
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        let piece = hex(digits)?;
        if piece >> (width * 4) != 0 {
            return Err(overflow("Value was either too large or too small for a UInt32."));
        }
        value = (value << (width * 4)) | piece;
        count += 1;
    }
    if count != 11 || head.split(',').count() != 3 || tail.split(',').count() != 8 {
        return Err(unrecognized());
    }
    Ok(value)
}

/// `ToByteArray`: the first three groups are little-endian.
pub fn to_bytes(value: u128) -> [u8; 16] {
    let mut bytes = value.to_be_bytes();
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes
}

/// `new Guid(byte[])`
pub fn from_bytes(bytes: &[u8]) -> Result<u128, Thrown> {
    let mut bytes: [u8; 16] =
        bytes.try_into().map_err(|_| argument("Byte array for Guid must be exactly 16 bytes long.", "b"))?;
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    Ok(u128::from_be_bytes(bytes))
}

/// `new Guid(int, short, short, byte[])`
pub fn from_parts(a: i32, b: i16, c: i16, rest: &[u8]) -> Result<u128, Thrown> {
    let rest: [u8; 8] =
        rest.try_into().map_err(|_| argument("Byte array for Guid must be exactly 8 bytes long.", "d"))?;
    let head = (u128::from(a as u32) << 32) | (u128::from(b as u16) << 16) | u128::from(c as u16);
    Ok((head << 64) | u128::from(u64::from_be_bytes(rest)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAMPLE: u128 = 0x0f8f_ad5b_d9cb_469f_a165_7086_7728_950e;

    #[test]
    fn every_format_is_written() {
        assert_eq!(text(SAMPLE), "0f8fad5b-d9cb-469f-a165-70867728950e");
        assert_eq!(format(SAMPLE, "N").unwrap(), "0f8fad5bd9cb469fa16570867728950e");
        assert_eq!(format(SAMPLE, "P").unwrap(), "(0f8fad5b-d9cb-469f-a165-70867728950e)");
        assert_eq!(
            format(SAMPLE, "X").unwrap(),
            "{0x0f8fad5b,0xd9cb,0x469f,{0xa1,0x65,0x70,0x86,0x77,0x28,0x95,0x0e}}"
        );
        assert!(format(SAMPLE, "Q").is_err());
    }

    #[test]
    fn what_is_no_guid_is_refused() {
        for bad in [
            "",
            "x",
            "0f8fad5b",
            "{0f8fad5b-d9cb-469f-a165-70867728950e",
            "0f8fad5b-d9cb-469f-a165-70867728950g",
            "0f8fad5bd9cb-469f-a165-70867728950e0",
            "{0x0,0x0,0x0}",
            "é",
            "+f8fad5bd9cb469fa16570867728950e",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(from_bytes(&[0; 15]).is_err() && from_parts(1, 2, 3, &[]).is_err());
    }

    #[test]
    fn bytes_are_of_mixed_order() {
        assert_eq!(to_bytes(SAMPLE)[..8], [0x5b, 0xad, 0x8f, 0x0f, 0xcb, 0xd9, 0x9f, 0x46]);
        assert_eq!(text(from_parts(1, 2, 3, &[0; 8]).unwrap()), "00000001-0002-0003-0000-000000000000");
    }

    proptest! {
        #[test]
        fn a_guid_survives_its_text_and_bytes(value: u128) {
            for letter in ["N", "D", "B", "P", "X"] {
                let text = format(value, letter).unwrap();
                prop_assert_eq!(parse(&text).unwrap(), value);
                prop_assert_eq!(parse_exact(&text.to_uppercase().replace("0X", "0x"), letter).unwrap(), value);
            }
            prop_assert_eq!(from_bytes(&to_bytes(value)).unwrap(), value);
        }
    }
}
