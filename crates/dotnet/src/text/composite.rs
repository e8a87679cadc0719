//! Composite formats: `string.Format`, `AppendFormat`.
//!
//! Source: .NET "Composite formatting".

use super::index::length;
use crate::Thrown;
use crate::messages::{bad_format, format_error};

/// The largest index and width, exclusive.
const LIMIT: usize = 1_000_000;

/// Puts `text` into a field: positive widths align right, negative ones left.
pub fn align(text: &str, width: i32) -> String {
    let missing = (width.unsigned_abs() as usize).min(LIMIT).saturating_sub(length(text));
    let white = " ".repeat(missing);
    if width < 0 { format!("{text}{white}") } else { format!("{white}{text}") }
}

/// Formats; `escapes` is .NET Framework's rule that doubled braces within a field stand for one; `argument` gives the text of argument `index` under a format, which is empty when there is none.
pub fn format(
    pattern: &str,
    count: usize,
    escapes: bool,
    mut argument: impl FnMut(usize, &str) -> Result<String, Thrown>,
) -> Result<String, Thrown> {
    let mut out = String::with_capacity(pattern.len() + count * 8);
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let mark = &rest[at..=at];
        rest = &rest[at + 1..];
        if rest.starts_with(mark) {
            out.push_str(mark);
            rest = &rest[1..];
        } else if mark == "}" {
            return Err(bad_format());
        } else {
            let index = number(&mut rest)?.ok_or_else(bad_format)?;
            if index >= count {
                return Err(format_error(
                    "Index (zero based) must be greater than or equal to zero and less than the size of the argument list.",
                ));
            }
            let width = width(&mut rest)?;
            let inner = inner_format(&mut rest, escapes)?;
            let text = argument(index, &inner)?;
            if width == 0 {
                out.push_str(&text);
            } else {
                out.push_str(&align(&text, width));
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Digits with white space behind; `None` without a digit.
fn number(rest: &mut &str) -> Result<Option<usize>, Thrown> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Ok(None);
    }
    let value: usize = rest[..digits].parse().map_err(|_| bad_format())?;
    if value >= LIMIT {
        return Err(bad_format());
    }
    *rest = rest[digits..].trim_start_matches(' ');
    Ok(Some(value))
}

fn width(rest: &mut &str) -> Result<i32, Thrown> {
    let Some(behind) = rest.strip_prefix(',') else { return Ok(0) };
    *rest = behind.trim_start_matches(' ');
    let left = rest.starts_with('-');
    if left {
        *rest = &rest[1..];
    }
    let value = i32::try_from(number(rest)?.ok_or_else(bad_format)?).map_err(|_| bad_format())?;
    Ok(if left { -value } else { value })
}

/// The format behind `:`, up to the closing brace; where braces escape, doubled ones are one.
fn inner_format(rest: &mut &str, escapes: bool) -> Result<String, Thrown> {
    let mut inner = String::new();
    if let Some(behind) = rest.strip_prefix('}') {
        *rest = behind;
        return Ok(inner);
    }
    *rest = rest.strip_prefix(':').ok_or_else(bad_format)?;
    loop {
        let at = rest.find(['{', '}']).ok_or_else(bad_format)?;
        inner.push_str(&rest[..at]);
        let mark = &rest[at..=at];
        *rest = &rest[at + 1..];
        if escapes && rest.starts_with(mark) {
            inner.push_str(mark);
            *rest = &rest[1..];
        } else if mark == "}" {
            return Ok(inner);
        } else {
            return Err(bad_format());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(pattern: &str) -> Result<String, Thrown> {
        format(pattern, 2, true, |index, inner| Ok(format!("<{index}{inner}>")))
    }

    #[test]
    fn fields_have_index_width_and_format() {
        for (pattern, expected) in [
            ("{0} and {1}", "<0> and <1>"),
            ("{{0}} {0}", "{0} <0>"),
            ("{0,6}|{0,-6}|", "   <0>|<0>   |"),
            ("{1 , 5 :X4}", "<1X4>"),
            ("{0:a}}b}", "<0a}b>"),
            ("{0:yyyy-MM-dd HH:mm}", "<0yyyy-MM-dd HH:mm>"),
            ("", ""),
        ] {
            assert_eq!(run(pattern).unwrap(), expected, "{pattern}");
        }
        for bad in ["{0", "{x}", "{", "}", "{0}}", "{0,}", "{0:{}", "{-1}", "{0 x}", "{ 0}", "{0:", "{1000000}"] {
            assert_eq!(run(bad).unwrap_err().message, "Input string was not in a correct format.", "{bad}");
        }
        assert!(run("{2}").unwrap_err().message.starts_with("Index (zero based)"));
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in "[{}0-9,:a é-]{0,20}") {
            let _ = run(&pattern);
        }
    }
}
