//! Comparison of texts.

use std::cmp::Ordering;

use apimite_dotnet::text::compare;

/// Comparison in the invariant culture.
pub(crate) fn culture(a: &str, b: &str, ignore_case: bool) -> Ordering {
    compare::culture(a, b, ignore_case)
}

/// Ordinal comparison without case: every character in upper case.
pub(crate) fn ordinal_ignore_case(a: &str, b: &str) -> Ordering {
    compare::ordinal_ignore_case(a, b)
}

/// The simple upper case of a character.
pub(crate) fn upper(c: char) -> char {
    apimite_dotnet::text::chars::upper_char(c)
}
