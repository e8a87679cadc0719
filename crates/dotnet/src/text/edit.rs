//! Members of `String` that give a changed text, with their checks.

use super::compare::Comparison;
use super::index::{byte_of, length, slice, unit_char};
use super::search::match_at_start;
use crate::messages::{NEGATIVE, argument, out_of_range};
use crate::{Exception, ExceptionKind, Thrown};

/// `Substring(startIndex)` and `Substring(startIndex, length)`
pub fn substring(text: &str, start: i32, count: Option<i32>) -> Result<String, Thrown> {
    let total = length(text) as i32;
    if start < 0 {
        return Err(out_of_range("StartIndex cannot be less than zero.", "startIndex"));
    }
    if start > total {
        return Err(out_of_range("startIndex cannot be larger than length of string.", "startIndex"));
    }
    let count = count.unwrap_or(total - start);
    if count < 0 {
        return Err(out_of_range("Length cannot be less than zero.", "length"));
    }
    if start > total - count {
        return Err(out_of_range("Index and length must refer to a location within the string.", "length"));
    }
    Ok(slice(text, start as usize, count as usize))
}

/// `Insert`
pub fn insert(text: &str, at: i32, value: &str) -> Result<String, Thrown> {
    let offset = usize::try_from(at)
        .ok()
        .and_then(|at| byte_of(text, at))
        .ok_or_else(|| out_of_range("Specified argument was out of the range of valid values.", "startIndex"))?;
    Ok([&text[..offset], value, &text[offset..]].concat())
}

/// `Remove(startIndex)` and `Remove(startIndex, count)`
pub fn remove(text: &str, start: i32, count: Option<i32>) -> Result<String, Thrown> {
    let total = length(text) as i32;
    if start < 0 {
        return Err(out_of_range("StartIndex cannot be less than zero.", "startIndex"));
    }
    let Some(count) = count else {
        if start >= total {
            return Err(out_of_range("startIndex must be less than length of string.", "startIndex"));
        }
        return Ok(slice(text, 0, start as usize));
    };
    if count < 0 {
        return Err(out_of_range("Count cannot be less than zero.", "count"));
    }
    if count > total - start {
        return Err(out_of_range("Index and count must refer to a location within the string.", "count"));
    }
    let mut out = slice(text, 0, start as usize);
    out.push_str(&slice(text, (start + count) as usize, usize::MAX));
    Ok(out)
}

/// How many units `PadLeft` and `PadRight` add.
fn padding(text: &str, width: i32) -> Result<usize, Thrown> {
    let width = usize::try_from(width).map_err(|_| out_of_range(NEGATIVE, "totalWidth"))?;
    Ok(width.saturating_sub(length(text)))
}

/// `PadLeft`
pub fn pad_left(text: &str, width: i32, unit: u16) -> Result<String, Thrown> {
    let mut out: String = std::iter::repeat_n(unit_char(unit), padding(text, width)?).collect();
    out.push_str(text);
    Ok(out)
}

/// `PadRight`
pub fn pad_right(text: &str, width: i32, unit: u16) -> Result<String, Thrown> {
    let mut out = text.to_owned();
    out.extend(std::iter::repeat_n(unit_char(unit), padding(text, width)?));
    Ok(out)
}

/// Which ends `Trim` looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// `TrimStart`
    Start,
    /// `TrimEnd`
    End,
    /// `Trim`
    Both,
}

/// `Trim`, `TrimStart`, `TrimEnd`; without units, white space is taken away.
pub fn trim<'a>(text: &'a str, units: &[u16], ends: Ends) -> &'a str {
    let unwanted = |c: char| {
        if units.is_empty() {
            c.is_whitespace()
        } else {
            u16::try_from(u32::from(c)).is_ok_and(|unit| units.contains(&unit))
        }
    };
    match ends {
        Ends::Start => text.trim_start_matches(unwanted),
        Ends::End => text.trim_end_matches(unwanted),
        Ends::Both => text.trim_matches(unwanted),
    }
}

/// `Replace(string, string)`
pub fn replace(text: &str, old: &str, new: &str) -> Result<String, Thrown> {
    if old.is_empty() {
        return Err(argument("String cannot be of zero length.", "oldValue"));
    }
    Ok(text.replace(old, new))
}

/// How often `old` is replaced; 0 for an empty one.
pub fn places(text: &str, old: &str, comparison: Comparison) -> usize {
    if old.is_empty() {
        return 0;
    }
    if !comparison.ignores_case() {
        return text.matches(old).count();
    }
    let (mut count, mut rest) = (0, text);
    while let Some(c) = rest.chars().next() {
        let found = match_at_start(rest, old, comparison);
        count += usize::from(found.is_some());
        rest = &rest[found.unwrap_or(c.len_utf8())..];
    }
    count
}

/// `Replace(string, string, StringComparison)`
pub fn replace_with(text: &str, old: &str, new: &str, comparison: Comparison) -> Result<String, Thrown> {
    if !comparison.ignores_case() {
        return replace(text, old, new);
    }
    if old.is_empty() {
        return Err(argument("String cannot be of zero length.", "oldValue"));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match match_at_start(rest, old, comparison) {
            Some(size) => {
                out.push_str(new);
                rest = &rest[size..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    Ok(out)
}

/// `Replace(char, char)`
pub fn replace_char(text: &str, old: u16, new: u16) -> String {
    let (old_char, new_char) = (unit_char(old), unit_char(new));
    text.replace(old_char, new_char.encode_utf8(&mut [0; 4]))
}

/// `Normalize(form)`: 1 is form C, 2 D, 5 KC, 6 KD.
pub fn normalize(text: &str, form: i64) -> Result<String, Thrown> {
    use unicode_normalization::UnicodeNormalization;
    Ok(match form {
        1 => text.nfc().collect(),
        2 => text.nfd().collect(),
        5 => text.nfkc().collect(),
        6 => text.nfkd().collect(),
        _ => {
            return Err(Exception::new(
                ExceptionKind::Argument,
                "Invalid or unsupported normalization form. (Parameter 'normalizationForm')",
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_cut_by_utf16_index() {
        assert_eq!(substring("Hello", 5, None).unwrap(), "");
        assert_eq!(substring("a😀b", 3, Some(1)).unwrap(), "b");
        assert_eq!(
            substring("Hello", 6, None).unwrap_err().message,
            "startIndex cannot be larger than length of string. (Parameter 'startIndex')"
        );
        assert_eq!(
            substring("Hello", 0, Some(-1)).unwrap_err().message,
            "Length cannot be less than zero. (Parameter 'length')"
        );
        assert_eq!(remove("Hello", 1, Some(2)).unwrap(), "Hlo");
        assert_eq!(remove("Hello", 2, None).unwrap(), "He");
        assert!(remove("Hello", 4, Some(5)).is_err() && remove("Hello", 5, None).is_err());
        assert_eq!(insert("Hello", 5, "!").unwrap(), "Hello!");
        assert!(insert("Hello", 6, "!").is_err());
    }

    #[test]
    fn texts_are_padded_and_trimmed() {
        assert_eq!(pad_left("42", 5, 48).unwrap(), "00042");
        assert_eq!(pad_right("42", 1, 48).unwrap(), "42");
        assert!(pad_left("42", -1, 48).is_err());
        assert_eq!(trim("\u{a0}x\u{2003}", &[], Ends::Both), "x");
        assert_eq!(trim("xyabcyx", &[120, 121], Ends::Both), "abc");
        assert_eq!(trim("  a ", &[], Ends::Start), "a ");
    }

    #[test]
    fn replacing_can_ignore_case() {
        assert_eq!(replace("aaa", "aa", "b").unwrap(), "ba");
        assert_eq!(
            replace("", "", "b").unwrap_err().message,
            "String cannot be of zero length. (Parameter 'oldValue')"
        );
        assert_eq!(replace_with("Hello HELLO", "hello", "x", Comparison::OrdinalIgnoreCase).unwrap(), "x x");
        assert_eq!(replace_char("Hello", 108, 76), "HeLLo");
        assert_eq!(normalize("é", 2).unwrap(), "e\u{301}");
    }
}
