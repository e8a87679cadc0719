//! `Distinct`, `Union`, `Intersect`, `Except`.

use apimite_dotnet::Thrown;

use super::lazy::{lazy, running};
use super::source;
use crate::library::core::collections::table::{Equality, Table};
use crate::library::rows::{Args, Row, m};
use crate::value::Value;

fn distinct(a: &Args<'_>, comparer: &Value) -> Result<Value, Thrown> {
    let (items, equality) = (source(a, 0, "source")?, Equality::of(comparer));
    Ok(lazy(a.ty(0), move |cx| {
        let (mut each, mut seen) = (cx.iterate(&items)?, Table::new(equality.clone()));
        Ok(running(move |cx| {
            while let Some(item) = each.next(cx)? {
                cx.step()?;
                if seen.find(cx, &item)?.is_none() {
                    seen.add(cx, item.clone(), Value::Null)?;
                    return Ok(Some(item));
                }
            }
            Ok(None)
        }))
    }))
}

fn union(a: &Args<'_>, comparer: &Value) -> Result<Value, Thrown> {
    let (first, second, equality) = (source(a, 0, "first")?, source(a, 1, "second")?, Equality::of(comparer));
    Ok(lazy(a.ty(0), move |cx| {
        let (mut each, mut seen) = (cx.iterate(&first)?, Table::new(equality.clone()));
        let mut rest = Some(second.clone());
        Ok(running(move |cx| {
            loop {
                while let Some(item) = each.next(cx)? {
                    cx.step()?;
                    if seen.find(cx, &item)?.is_none() {
                        seen.add(cx, item.clone(), Value::Null)?;
                        return Ok(Some(item));
                    }
                }
                match rest.take() {
                    Some(next) => each = cx.iterate(&next)?,
                    None => return Ok(None),
                }
            }
        }))
    }))
}

/// `keep`: elements that are in the second (Intersect); otherwise those that are not (Except). Each once.
fn against(a: &Args<'_>, comparer: &Value, keep: bool) -> Result<Value, Thrown> {
    let (first, second, equality) = (source(a, 0, "first")?, source(a, 1, "second")?, Equality::of(comparer));
    Ok(lazy(a.ty(0), move |cx| {
        let mut other = Table::new(equality.clone());
        for item in cx.collect(&second)? {
            if other.find(cx, &item)?.is_none() {
                other.add(cx, item, Value::Null)?;
            }
        }
        let mut each = cx.iterate(&first)?;
        Ok(running(move |cx| {
            while let Some(item) = each.next(cx)? {
                cx.step()?;
                match (other.find(cx, &item)?, keep) {
                    (Some(index), true) => {
                        other.remove(index);
                        return Ok(Some(item));
                    }
                    (None, false) => {
                        other.add(cx, item.clone(), Value::Null)?;
                        return Ok(Some(item));
                    }
                    _ => {}
                }
            }
            Ok(None)
        }))
    }))
}

pub(super) static ROWS: &[Row] = &[
    m("IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source)", |_, a| distinct(&a, &Value::Null)),
    m(
        "IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source, IEqualityComparer<TSource> comparer)",
        |_, a| distinct(&a, a.get(1)),
    ),
    m("IEnumerable<TSource> Union<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)", |_, a| {
        union(&a, &Value::Null)
    }),
    m(
        "IEnumerable<TSource> Union<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second, IEqualityComparer<TSource> comparer)",
        |_, a| union(&a, a.get(2)),
    ),
    m(
        "IEnumerable<TSource> Intersect<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)",
        |_, a| against(&a, &Value::Null, true),
    ),
    m(
        "IEnumerable<TSource> Intersect<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second, IEqualityComparer<TSource> comparer)",
        |_, a| against(&a, a.get(2), true),
    ),
    m("IEnumerable<TSource> Except<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)", |_, a| {
        against(&a, &Value::Null, false)
    }),
    m(
        "IEnumerable<TSource> Except<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second, IEqualityComparer<TSource> comparer)",
        |_, a| against(&a, a.get(2), false),
    ),
];
