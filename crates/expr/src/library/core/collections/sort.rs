//! Sorting and searching for lists and arrays.

use std::cmp::Ordering;

use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use crate::run::Cx;
use crate::value::Value;

/// Sorts stably with a comparison that may throw.
pub(crate) fn sort_by(
    cx: &mut Cx<'_>,
    items: &mut [Value],
    mut compare: impl FnMut(&mut Cx<'_>, &Value, &Value) -> Result<Ordering, Thrown>,
) -> Result<(), Thrown> {
    let mut error = None;
    items.sort_by(|a, b| {
        if error.is_some() {
            return Ordering::Equal;
        }
        match cx.step().and_then(|()| compare(cx, a, b)) {
            Ok(order) => order,
            Err(thrown) => {
                error = Some(thrown);
                Ordering::Equal
            }
        }
    });
    match error {
        None => Ok(()),
        // Sort wraps what comparing throws.
        Some(thrown) if thrown.kind != ExceptionKind::Budget => {
            let mut wrapped =
                Exception::new(ExceptionKind::InvalidOperation, "Failed to compare two elements in the array.");
            wrapped.inner = Some(thrown);
            Err(wrapped)
        }
        Some(thrown) => Err(thrown),
    }
}

/// `BinarySearch`: the place, or the complement of where it would stand.
pub(crate) fn binary_search(cx: &mut Cx<'_>, items: &[Value], item: &Value, comparer: &Value) -> Result<i32, Thrown> {
    let (mut low, mut high) = (0_i64, items.len() as i64 - 1);
    while low <= high {
        let middle = low + (high - low) / 2;
        let candidate = &items[usize::try_from(middle).unwrap_or(0)];
        match super::comparers::order(cx, comparer, candidate, item)? {
            Ordering::Equal => return Ok(i32::try_from(middle).unwrap_or(0)),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle - 1,
        }
    }
    Ok(!i32::try_from(low).unwrap_or(0))
}
