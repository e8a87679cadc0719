//! Comparison of texts.

use std::cmp::Ordering;

use apimite_dotnet::text::compare;

/// Comparison in the invariant culture.
pub(crate) fn culture(a: &str, b: &str, ignore_case: bool) -> Ordering {
    compare::culture(a, b, ignore_case)
}
