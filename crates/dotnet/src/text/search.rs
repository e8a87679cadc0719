//! `IndexOf`, `LastIndexOf`, `StartsWith`, `EndsWith`, `Contains` with their checks.

use super::chars::{lower_char, upper_char};
use super::compare::Comparison;
use super::index::{byte_of, length, unit_char, unit_of};
use crate::Thrown;
use crate::messages::{COUNT_OUT_OF_RANGE, INDEX_OUT_OF_RANGE, out_of_range};

/// The byte offset of the first place where `value` stands.
fn find(text: &str, value: &str, comparison: Comparison) -> Option<usize> {
    if !comparison.ignores_case() {
        return text.find(value);
    }
    if value.is_empty() {
        return Some(0);
    }
    text.char_indices().map(|(at, _)| at).find(|at| prefix(&text[*at..], value))
}

fn find_last(text: &str, value: &str, comparison: Comparison) -> Option<usize> {
    if !comparison.ignores_case() {
        return text.rfind(value);
    }
    text.char_indices().map(|(at, _)| at).rev().find(|at| prefix(&text[*at..], value))
}

fn same_letter(a: char, b: char) -> bool {
    a == b || upper_char(a) == upper_char(b) || lower_char(a) == lower_char(b)
}

/// Does `text` begin with `value` in any case?
fn prefix(text: &str, value: &str) -> bool {
    let mut letters = text.chars();
    value.chars().all(|wanted| letters.next().is_some_and(|found| same_letter(found, wanted)))
}

/// The length in bytes of the beginning of `text` that equals `value`.
pub fn match_at_start(text: &str, value: &str, comparison: Comparison) -> Option<usize> {
    if comparison.ignores_case() {
        prefix(text, value).then(|| text.chars().take(value.chars().count()).map(char::len_utf8).sum())
    } else {
        text.starts_with(value).then_some(value.len())
    }
}

/// Start and end in bytes of a forward search, checked.
fn window(text: &str, start: i32, count: Option<i32>) -> Result<(usize, usize), Thrown> {
    let total = length(text);
    let begin = usize::try_from(start)
        .ok()
        .filter(|begin| *begin <= total)
        .ok_or_else(|| out_of_range(INDEX_OUT_OF_RANGE, "startIndex"))?;
    let size = match count {
        None => total - begin,
        Some(count) => usize::try_from(count)
            .ok()
            .filter(|size| *size <= total - begin)
            .ok_or_else(|| out_of_range(COUNT_OUT_OF_RANGE, "count"))?,
    };
    Ok((byte_of(text, begin).unwrap_or(0), byte_of(text, begin + size).unwrap_or(text.len())))
}

fn answer(text: &str, found: Option<usize>) -> i32 {
    found.map_or(-1, |offset| i32::try_from(unit_of(text, offset)).unwrap_or(i32::MAX))
}

/// `IndexOf(value, startIndex, count, comparison)`
pub fn index_of(
    text: &str,
    value: &str,
    start: i32,
    count: Option<i32>,
    comparison: Comparison,
) -> Result<i32, Thrown> {
    let (begin, end) = window(text, start, count)?;
    Ok(answer(text, find(&text[begin..end], value, comparison).map(|at| begin + at)))
}

/// `IndexOf(char, startIndex, count)`
pub fn index_of_char(text: &str, unit: u16, start: i32, count: Option<i32>) -> Result<i32, Thrown> {
    index_of_any(text, &[unit], start, count)
}

/// `IndexOfAny(chars, startIndex, count)`
pub fn index_of_any(text: &str, units: &[u16], start: i32, count: Option<i32>) -> Result<i32, Thrown> {
    let (begin, end) = window(text, start, count)?;
    if units.iter().any(|unit| (0xD800..0xE000).contains(unit)) {
        let base = unit_of(text, begin);
        let place = text[begin..end].encode_utf16().position(|unit| units.contains(&unit));
        return Ok(place.map_or(-1, |at| i32::try_from(base + at).unwrap_or(i32::MAX)));
    }
    let wanted: Vec<char> = units.iter().map(|unit| unit_char(*unit)).collect();
    Ok(answer(text, text[begin..end].find(wanted.as_slice()).map(|at| begin + at)))
}

/// `LastIndexOf(value, startIndex, count, comparison)`: backwards from `start`.
pub fn last_index_of(
    text: &str,
    value: &str,
    start: Option<i32>,
    count: Option<i32>,
    comparison: Comparison,
) -> Result<i32, Thrown> {
    let total = length(text) as i32;
    let mut start = start.unwrap_or(total - 1);
    if total == 0 && matches!(start, -1 | 0) {
        return Ok(if value.is_empty() { 0 } else { -1 });
    }
    if start < 0 || start > total {
        return Err(out_of_range(INDEX_OUT_OF_RANGE, "startIndex"));
    }
    let mut count = count.unwrap_or(start.saturating_add(1));
    if start == total {
        start -= 1;
        if count > 0 {
            count -= 1;
        }
    }
    if count < 0 || start - count + 1 < 0 {
        return Err(out_of_range(COUNT_OUT_OF_RANGE, "count"));
    }
    if value.is_empty() {
        return Ok(start);
    }
    let begin = byte_of(text, (start - count + 1) as usize).unwrap_or(0);
    let end = byte_of(text, start as usize + 1).unwrap_or(text.len());
    Ok(answer(text, find_last(&text[begin..end.max(begin)], value, comparison).map(|at| begin + at)))
}

/// `LastIndexOfAny(chars, startIndex, count)` and `LastIndexOf(char, …)`
pub fn last_index_of_any(text: &str, units: &[u16], start: Option<i32>, count: Option<i32>) -> Result<i32, Thrown> {
    let all: Vec<u16> = text.encode_utf16().collect();
    if all.is_empty() {
        return Ok(-1);
    }
    let start = start.unwrap_or(all.len() as i32 - 1);
    let from = usize::try_from(start)
        .ok()
        .filter(|from| *from < all.len())
        .ok_or_else(|| out_of_range(INDEX_OUT_OF_RANGE, "startIndex"))?;
    let size = usize::try_from(count.unwrap_or(start + 1))
        .ok()
        .filter(|size| *size <= from + 1)
        .ok_or_else(|| out_of_range(COUNT_OUT_OF_RANGE, "count"))?;
    let begin = from + 1 - size;
    let found = all[begin..=from].iter().rposition(|unit| units.contains(unit));
    Ok(found.map_or(-1, |at| (begin + at) as i32))
}

/// `StartsWith`
pub fn starts_with(text: &str, value: &str, comparison: Comparison) -> bool {
    match_at_start(text, value, comparison).is_some()
}

/// `EndsWith`
pub fn ends_with(text: &str, value: &str, comparison: Comparison) -> bool {
    if !comparison.ignores_case() {
        return text.ends_with(value);
    }
    let mut letters = text.chars().rev();
    value.chars().rev().all(|wanted| letters.next().is_some_and(|found| same_letter(found, wanted)))
}

/// `Contains`
pub fn contains(text: &str, value: &str, comparison: Comparison) -> bool {
    find(text, value, comparison).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDINAL: Comparison = Comparison::Ordinal;
    const IGNORE: Comparison = Comparison::OrdinalIgnoreCase;

    #[test]
    fn searches_look_in_their_window_only() {
        let text = "Hello World";
        assert_eq!(index_of(text, "o", 5, Some(3), ORDINAL).unwrap(), 7);
        assert_eq!(index_of(text, "o", 5, Some(2), ORDINAL).unwrap(), -1);
        assert_eq!(index_of(text, "WORLD", 0, None, IGNORE).unwrap(), 6);
        assert_eq!(index_of(text, "", 11, None, ORDINAL).unwrap(), 11);
        assert_eq!(index_of_any(text, &[87, 111], 0, None).unwrap(), 4);
        assert_eq!(index_of("😀x", "x", 0, None, ORDINAL).unwrap(), 2);
        assert_eq!(
            index_of(text, "o", 12, None, ORDINAL).unwrap_err().message,
            "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'startIndex')"
        );
        assert!(index_of(text, "o", 5, Some(7), ORDINAL).is_err());
    }

    #[test]
    fn backward_searches_start_at_their_index() {
        let text = "Hello World";
        assert_eq!(last_index_of(text, "o", None, None, ORDINAL).unwrap(), 7);
        assert_eq!(last_index_of(text, "o", Some(6), None, ORDINAL).unwrap(), 4);
        assert_eq!(last_index_of(text, "o", Some(6), Some(2), ORDINAL).unwrap(), -1);
        assert_eq!(last_index_of(text, "WORLD", None, None, IGNORE).unwrap(), 6);
        assert_eq!(last_index_of("", "", None, None, ORDINAL).unwrap(), 0);
        assert_eq!(last_index_of_any(text, &[111, 108], None, None).unwrap(), 9);
        assert!(last_index_of(text, "o", Some(12), None, ORDINAL).is_err());
        assert_eq!(last_index_of_any("", &[1], None, None).unwrap(), -1);
    }

    #[test]
    fn beginnings_and_ends_are_compared_as_told() {
        assert!(starts_with("Hello", "he", IGNORE) && !starts_with("Hello", "he", ORDINAL));
        assert!(ends_with("Hello", "LO", IGNORE) && ends_with("Hello", "", ORDINAL));
        assert!(!ends_with("o", "lo", IGNORE) && contains("Hello", "ELL", IGNORE));
    }
}
