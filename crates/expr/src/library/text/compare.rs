//! Comparison of texts.

use std::cmp::Ordering;

/// Comparison in the invariant culture.
pub(crate) fn culture(a: &str, b: &str, ignore_case: bool) -> Ordering {
    let fold = |s: &str| s.chars().flat_map(char::to_lowercase).collect::<String>();
    let folded = fold(a).cmp(&fold(b));
    if ignore_case || folded != Ordering::Equal {
        return folded;
    }
    // Lower case stands before upper case.
    b.cmp(a)
}

/// Ordinal comparison without case: every character in upper case.
pub(crate) fn ordinal_ignore_case(a: &str, b: &str) -> Ordering {
    a.chars().map(upper).cmp(b.chars().map(upper))
}

/// The simple upper case of a character.
pub(crate) fn upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}
