//! Equality and order of tokens.

use std::cmp::Ordering;

use super::doc::{Data, State, with_two};
use super::errors::argument;
use super::scalar::{JTokenType, Scalar};
use super::token::JToken;
use crate::{IntegerKind, Thrown};

/// `JValue.Equals`: same token type and same value. Values that cannot be compared are not equal.
pub(super) fn values_equal(a: &Scalar, b: &Scalar) -> bool {
    a.kind() == b.kind() && matches!(compare(a.kind(), a, b), Ok(Ordering::Equal))
}

fn nearly(a: f64, b: f64) -> bool {
    if a == b {
        return true;
    }
    let tolerance = (a.abs() + b.abs() + 10.0) * f64::EPSILON;
    (-tolerance..=tolerance).contains(&(a - b))
}

/// `double.CompareTo`: not-a-number comes first.
fn float_order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

fn number_order(a: &Scalar, b: &Scalar, integer: bool) -> Result<Ordering, Thrown> {
    let big = |v: &Scalar| matches!(v, Scalar::Big(_));
    let wide = |v: &Scalar| matches!(v, Scalar::ULong(_) | Scalar::Decimal(_));
    let float = |v: &Scalar| matches!(v, Scalar::Double(_) | Scalar::Single(_));
    if big(a) || big(b) {
        if let (Scalar::Big(a), Scalar::Big(b)) = (a, b) {
            return Ok(digits_order(a, b));
        }
        return Ok(float_order(a.to_double()?, b.to_double()?));
    }
    if wide(a) || wide(b) {
        return Ok(a.to_decimal()?.cmp(&b.to_decimal()?));
    }
    if integer && !float(a) && !float(b) {
        return Ok(a.to_integer(IntegerKind::Int64)?.cmp(&b.to_integer(IntegerKind::Int64)?));
    }
    let (a, b) = (a.to_double()?, b.to_double()?);
    Ok(if nearly(a, b) { Ordering::Equal } else { float_order(a, b) })
}

fn digits_order(a: &str, b: &str) -> Ordering {
    let negative = |text: &str| text.starts_with('-');
    match (negative(a), negative(b)) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (sign, _) => {
            let order = a.len().cmp(&b.len()).then_with(|| a.cmp(b));
            if sign { order.reverse() } else { order }
        }
    }
}

/// `JValue.Compare`: the order of two values seen as one token type.
pub(super) fn compare(kind: JTokenType, a: &Scalar, b: &Scalar) -> Result<Ordering, Thrown> {
    match (a.is_null(), b.is_null()) {
        (true, true) => return Ok(Ordering::Equal),
        (_, true) => return Ok(Ordering::Greater),
        (true, _) => return Ok(Ordering::Less),
        _ => {}
    }
    let must_be = |name: &str| argument(format!("Object must be of type {name}."));
    match kind {
        JTokenType::Integer => number_order(a, b, true),
        JTokenType::Float => number_order(a, b, false),
        JTokenType::Comment | JTokenType::String | JTokenType::Raw => {
            Ok(a.to_text().encode_utf16().cmp(b.to_text().encode_utf16()))
        }
        JTokenType::Boolean => Ok(a.to_bool()?.cmp(&b.to_bool()?)),
        JTokenType::Date => {
            const CLOCK: u64 = (1 << 62) - 1;
            if let (Scalar::DateOffset(a, x), Scalar::DateOffset(b, y)) = (a, b) {
                let minute = 600_000_000;
                return Ok((a - i64::from(*x) * minute).cmp(&(b - i64::from(*y) * minute)));
            }
            Ok((a.to_date()? & CLOCK).cmp(&(b.to_date()? & CLOCK)))
        }
        JTokenType::Bytes => match (a, b) {
            (Scalar::Bytes(a), Scalar::Bytes(b)) => Ok(a.len().cmp(&b.len()).then_with(|| a.cmp(b))),
            _ => Err(must_be("byte[]")),
        },
        JTokenType::Guid => match (a, b) {
            (Scalar::Guid(a), Scalar::Guid(b)) => Ok(a.cmp(b)),
            _ => Err(must_be("Guid")),
        },
        JTokenType::Uri => match (a, b) {
            (Scalar::Uri(a), Scalar::Uri(b)) => Ok(a.1.cmp(&b.1)),
            _ => Err(must_be("Uri")),
        },
        JTokenType::TimeSpan => match (a, b) {
            (Scalar::TimeSpan(a), Scalar::TimeSpan(b)) => Ok(a.cmp(b)),
            _ => Err(must_be("TimeSpan")),
        },
        _ => Err(crate::Exception::new(
            crate::ExceptionKind::ArgumentOutOfRange,
            format!("Unexpected value type: {} (Parameter 'valueType')", kind.name()),
        )),
    }
}

/// `JValue.CompareTo`: a string is compared as what the other one is.
pub(super) fn order(a: &Scalar, b: &Scalar) -> Result<Ordering, Thrown> {
    let kind = if a.kind() == JTokenType::String { b.kind() } else { a.kind() };
    compare(kind, a, b)
}

fn equal_trees(a: &mut State, id_a: u32, mut other: Option<&mut State>, id_b: u32) -> bool {
    let mut work = vec![(id_a, id_b)];
    while let Some((x, y)) = work.pop() {
        let right: &State = other.as_deref().unwrap_or(a);
        match (a.data(x), right.data(y)) {
            (Data::Value(p), Data::Value(q)) => {
                if !values_equal(p, q) {
                    return false;
                }
            }
            (Data::Object(p), Data::Object(q)) => {
                if p.list.len() != q.list.len() {
                    return false;
                }
                let members: Vec<_> = p.list.iter().map(|id| (a.name(*id).clone(), a.value_of(*id))).collect();
                for (name, value) in members {
                    let right: &mut State = other.as_deref_mut().unwrap_or(a);
                    let Some(found) = right.find(y, &name) else { return false };
                    match (value, right.value_of(found)) {
                        (Some(value), Some(found)) => work.push((value, found)),
                        (None, None) => {}
                        _ => return false,
                    }
                }
            }
            (Data::Array(p), Data::Array(q)) => {
                if p.len() != q.len() {
                    return false;
                }
                work.extend(p.iter().copied().zip(q.iter().copied()));
            }
            (Data::Constructor(p), Data::Constructor(q)) => {
                if p.0 != q.0 || p.1.len() != q.1.len() {
                    return false;
                }
                work.extend(p.1.iter().copied().zip(q.1.iter().copied()));
            }
            (Data::Property(p, v), Data::Property(q, w)) => {
                if p != q || (a.value_of(x).is_none() != right.value_of(y).is_none()) {
                    return false;
                }
                if a.value_of(x).is_some() {
                    work.push((*v, *w));
                }
            }
            _ => return false,
        }
    }
    true
}

impl JToken {
    /// `JToken.DeepEquals(a, b)`.
    pub fn deep_equals(&self, other: &Self) -> bool {
        with_two((&self.doc, self.id), (&other.doc, other.id), equal_trees)
    }

    /// `JValue.Equals(object)`; by reference for containers.
    pub fn equals(&self, other: &Self) -> bool {
        match (self.scalar(), other.scalar()) {
            (Some(a), Some(b)) => self.same(other) || values_equal(&a, &b),
            _ => self.same(other),
        }
    }

    /// `JValue.CompareTo(JValue)`.
    ///
    /// # Errors
    /// `FormatException`, `ArgumentException`, … for values that cannot be compared.
    pub fn compare_to(&self, other: &Scalar) -> Result<Ordering, Thrown> {
        order(&self.scalar().unwrap_or(Scalar::Null), other)
    }
}
