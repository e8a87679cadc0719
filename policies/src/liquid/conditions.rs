//! Comparisons.

use std::cmp::Ordering;

use rust_decimal::prelude::ToPrimitive;

use super::value::Val;

/// Compares by an operator.
///
/// # Errors
/// The text of an error that the template shows.
pub(super) fn compare(left: &Val, operator: &str, right: &Val) -> Result<bool, String> {
    Ok(match operator {
        "==" => equal(left, right),
        "!=" | "<>" => !equal(left, right),
        "<" => order(left, right)? == Some(Ordering::Less),
        ">" => order(left, right)? == Some(Ordering::Greater),
        "<=" => order(left, right)?.is_some_and(Ordering::is_le),
        ">=" => order(left, right)?.is_some_and(Ordering::is_ge),
        "contains" | "Contains" => match left {
            Val::Text(text) => !matches!(right, Val::Nil) && text.contains(&right.text()),
            list => list.items().is_some_and(|items| items.iter().any(|item| equal(item, right))),
        },
        "startsWith" | "startswith" | "StartsWith" => match left {
            Val::Text(text) => matches!(right, Val::Text(start) if text.starts_with(&**start)),
            list => list.at(0).is_some_and(|first| equal(&first, right)),
        },
        "endsWith" | "endswith" | "EndsWith" => match left {
            Val::Text(text) => matches!(right, Val::Text(end) if text.ends_with(&**end)),
            list => list.at(-1).is_some_and(|last| equal(&last, right)),
        },
        "hasKey" | "haskey" | "HasKey" => left.member(&right.text()).is_some(),
        "hasValue" | "hasvalue" | "HasValue" => {
            let value = |item: &Val| matches!(item, Val::Pair(pair) if equal(&pair.1, right));
            left.items().is_some_and(|items| items.iter().any(value))
        }
        other => return Err(format!("Unknown operator {other}")),
    })
}

fn number(value: &Val) -> Option<f64> {
    match value {
        Val::Int(number) => number.to_f64(),
        Val::Double(number) => Some(*number),
        Val::Decimal(number) => number.to_f64(),
        _ => None,
    }
}

fn is_blank(value: &Val) -> bool {
    match value {
        Val::Nil | Val::Bool(false) | Val::Blank | Val::Empty => true,
        Val::Text(text) => text.trim().is_empty(),
        other => is_empty(other),
    }
}

fn is_empty(value: &Val) -> bool {
    match value {
        Val::Empty => true,
        Val::Text(text) => text.is_empty(),
        other => other.items().is_some_and(|items| items.is_empty()),
    }
}

/// Are they equal, a text and a number by their text?
pub(super) fn equal(left: &Val, right: &Val) -> bool {
    match (left, right) {
        (Val::Empty, other) | (other, Val::Empty) => is_empty(other),
        (Val::Blank, other) | (other, Val::Blank) => is_blank(other),
        (Val::Nil, Val::Nil) => true,
        (Val::Nil, _) | (_, Val::Nil) => false,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Bool(flag), Val::Text(text)) | (Val::Text(text), Val::Bool(flag)) => {
            text.eq_ignore_ascii_case(if *flag { "true" } else { "false" })
        }
        (Val::Text(a), Val::Text(b)) => a == b,
        (Val::Date(a), Val::Date(b)) => a == b,
        (Val::Text(text), other) | (other, Val::Text(text)) if number(other).is_some() => {
            text.trim().parse().ok() == number(other)
        }
        (a, b) => match (number(a), number(b)) {
            (Some(a), Some(b)) => a == b,
            _ => match (a.items(), b.items()) {
                (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| equal(a, b)),
                _ => false,
            },
        },
    }
}

/// Their order; `None` with nil. The right one is taken as what the left one is.
fn order(left: &Val, right: &Val) -> Result<Option<Ordering>, String> {
    let fail = || "Input string was not in a correct format.".to_owned();
    match (left, right) {
        (Val::Nil, _) | (_, Val::Nil) => Ok(None),
        (Val::Text(a), b) => Ok(Some(apimite_dotnet::text::compare::culture(a, &b.text(), false))),
        (Val::Date(a), Val::Date(b)) => Ok(Some(a.ticks().cmp(&b.ticks()))),
        (a, b) => {
            let a = number(a).ok_or_else(fail)?;
            let b = match b {
                Val::Text(text) => text.trim().parse().map_err(|_| fail())?,
                other => number(other).ok_or_else(fail)?,
            };
            Ok(a.partial_cmp(&b))
        }
    }
}
