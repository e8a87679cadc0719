//! Members that give one value: elements, tests, counts, copies.

use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::source;
use crate::library::core::collections::table::Equality;
use crate::library::core::collections::{ArrayObject, array_value, list_value, set_value};
use crate::library::rows::{Args, Row, m};
use crate::run::{Cx, default_value};
use crate::value::Value;

fn none() -> Thrown {
    Exception::new(ExceptionKind::InvalidOperation, "Sequence contains no elements")
}

fn no_match() -> Thrown {
    Exception::new(ExceptionKind::InvalidOperation, "Sequence contains no matching element")
}

#[derive(Clone, Copy, PartialEq)]
enum Which {
    First,
    Last,
    Single,
}

/// The element asked for; `test` is the place of the predicate.
fn pick(cx: &mut Cx<'_>, a: &Args<'_>, which: Which, test: bool) -> Result<Option<Value>, Thrown> {
    let items = source(a, 0, "source")?;
    let predicate = if test { Some(source(a, 1, "predicate")?) } else { None };
    let mut each = cx.iterate(&items)?;
    let mut found = None;
    while let Some(item) = each.next(cx)? {
        cx.step()?;
        if let Some(predicate) = &predicate
            && !cx.test(predicate, item.clone())?
        {
            continue;
        }
        match which {
            Which::First => return Ok(Some(item)),
            Which::Last => found = Some(item),
            Which::Single => {
                if found.is_some() {
                    let message = if test {
                        "Sequence contains more than one matching element"
                    } else {
                        "Sequence contains more than one element"
                    };
                    return Err(Exception::new(ExceptionKind::InvalidOperation, message));
                }
                found = Some(item);
            }
        }
    }
    Ok(found)
}

fn must(cx: &mut Cx<'_>, a: &Args<'_>, which: Which, test: bool) -> Result<Value, Thrown> {
    pick(cx, a, which, test)?.ok_or_else(|| if test { no_match() } else { none() })
}

fn or_default(cx: &mut Cx<'_>, a: &Args<'_>, which: Which, test: bool) -> Result<Value, Thrown> {
    Ok(pick(cx, a, which, test)?.unwrap_or_else(|| default_value(a.ty(0))))
}

fn count(cx: &mut Cx<'_>, a: &Args<'_>, test: bool) -> Result<i64, Thrown> {
    let items = source(a, 0, "source")?;
    let predicate = if test { Some(source(a, 1, "predicate")?) } else { None };
    if predicate.is_none()
        && let Some(array) = items.downcast::<ArrayObject>()
    {
        return Ok(array.items().len() as i64);
    }
    let mut each = cx.iterate(&items)?;
    let mut count = 0;
    while let Some(item) = each.next(cx)? {
        cx.step()?;
        if match &predicate {
            Some(predicate) => cx.test(predicate, item)?,
            None => true,
        } {
            count += 1;
        }
    }
    Ok(count)
}

fn element_at(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Option<Value>, Thrown> {
    let items = source(a, 0, "source")?;
    let Ok(mut left) = usize::try_from(a.int(1)) else { return Ok(None) };
    let mut each = cx.iterate(&items)?;
    while let Some(item) = each.next(cx)? {
        cx.step()?;
        if left == 0 {
            return Ok(Some(item));
        }
        left -= 1;
    }
    Ok(None)
}

const HASH_SET: &str = "System.Collections.Generic.HashSet";
const SORTED_SET: &str = "System.Collections.Generic.SortedSet";
const JARRAY: &str = "Newtonsoft.Json.Linq.JArray";

fn contains(cx: &mut Cx<'_>, a: &Args<'_>, comparer: &Value) -> Result<Value, Thrown> {
    let equality = Equality::of(comparer);
    let items = source(a, 0, "source")?;
    // A collection is asked itself: it may compare in its own way.
    let own = items.type_of().and_then(crate::types::Type::def).map_or("", crate::library::TypeDef::full_name);
    if comparer.is_null() && matches!(own, HASH_SET | SORTED_SET | JARRAY) {
        return cx.call_named("Contains", &mut [items, a.get(1).clone()]);
    }
    let mut each = cx.iterate(&items)?;
    while let Some(item) = each.next(cx)? {
        cx.step()?;
        if equality.same(cx, &item, a.get(1))? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn sequence_equal(cx: &mut Cx<'_>, a: &Args<'_>, comparer: &Value) -> Result<Value, Thrown> {
    let equality = Equality::of(comparer);
    let (first, second) = (source(a, 0, "first")?, source(a, 1, "second")?);
    let (mut x, mut y) = (cx.iterate(&first)?, cx.iterate(&second)?);
    loop {
        cx.step()?;
        match (x.next(cx)?, y.next(cx)?) {
            (None, None) => return Ok(Value::Bool(true)),
            (Some(p), Some(q)) => {
                if !equality.same(cx, &p, &q)? {
                    return Ok(Value::Bool(false));
                }
            }
            _ => return Ok(Value::Bool(false)),
        }
    }
}

fn fold(cx: &mut Cx<'_>, a: &Args<'_>, seed: Option<Value>, function: usize) -> Result<Value, Thrown> {
    let (items, f) = (source(a, 0, "source")?, source(a, function, "func")?);
    let mut each = cx.iterate(&items)?;
    let mut state = match seed {
        Some(seed) => seed,
        None => each.next(cx)?.ok_or_else(none)?,
    };
    while let Some(item) = each.next(cx)? {
        cx.step()?;
        state = cx.call2(&f, state, item)?;
    }
    Ok(state)
}

pub(super) static ROWS: &[Row] = &[
    m("TSource First<TSource>(this IEnumerable<TSource> source)", |cx, a| must(cx, &a, Which::First, false)),
    m("TSource First<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |cx, a| {
        must(cx, &a, Which::First, true)
    }),
    m("TSource FirstOrDefault<TSource>(this IEnumerable<TSource> source)", |cx, a| {
        or_default(cx, &a, Which::First, false)
    }),
    m("TSource FirstOrDefault<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |cx, a| {
        or_default(cx, &a, Which::First, true)
    }),
    m("TSource Last<TSource>(this IEnumerable<TSource> source)", |cx, a| must(cx, &a, Which::Last, false)),
    m("TSource Last<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |cx, a| {
        must(cx, &a, Which::Last, true)
    }),
    m("TSource LastOrDefault<TSource>(this IEnumerable<TSource> source)", |cx, a| {
        or_default(cx, &a, Which::Last, false)
    }),
    m("TSource LastOrDefault<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |cx, a| {
        or_default(cx, &a, Which::Last, true)
    }),
    m("TSource Single<TSource>(this IEnumerable<TSource> source)", |cx, a| must(cx, &a, Which::Single, false)),
    m("TSource Single<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |cx, a| {
        must(cx, &a, Which::Single, true)
    }),
    m("TSource SingleOrDefault<TSource>(this IEnumerable<TSource> source)", |cx, a| {
        or_default(cx, &a, Which::Single, false)
    }),
    m("TSource SingleOrDefault<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |cx, a| {
        or_default(cx, &a, Which::Single, true)
    }),
    m("TSource ElementAt<TSource>(this IEnumerable<TSource> source, int index)", |cx, a| {
        element_at(cx, &a)?.ok_or_else(|| {
            Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')",
            )
        })
    }),
    m("TSource ElementAtOrDefault<TSource>(this IEnumerable<TSource> source, int index)", |cx, a| {
        Ok(element_at(cx, &a)?.unwrap_or_else(|| default_value(a.ty(0))))
    }),
    m("bool Any<TSource>(this IEnumerable<TSource> source)", |cx, a| {
        Ok(Value::Bool(pick(cx, &a, Which::First, false)?.is_some()))
    }),
    m("bool Any<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |cx, a| {
        Ok(Value::Bool(pick(cx, &a, Which::First, true)?.is_some()))
    }),
    m("bool All<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |cx, a| {
        let (items, test) = (source(&a, 0, "source")?, source(&a, 1, "predicate")?);
        let mut each = cx.iterate(&items)?;
        while let Some(item) = each.next(cx)? {
            cx.step()?;
            if !cx.test(&test, item)? {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }),
    m("int Count<TSource>(this IEnumerable<TSource> source)", |cx, a| {
        Ok(Value::Int(i32::try_from(count(cx, &a, false)?).unwrap_or(i32::MAX)))
    }),
    m("int Count<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |cx, a| {
        Ok(Value::Int(i32::try_from(count(cx, &a, true)?).unwrap_or(i32::MAX)))
    }),
    m("long LongCount<TSource>(this IEnumerable<TSource> source)", |cx, a| Ok(Value::Long(count(cx, &a, false)?))),
    m("long LongCount<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |cx, a| {
        Ok(Value::Long(count(cx, &a, true)?))
    }),
    m("bool Contains<TSource>(this IEnumerable<TSource> source, TSource value)", |cx, a| {
        contains(cx, &a, &Value::Null)
    }),
    m(
        "bool Contains<TSource>(this IEnumerable<TSource> source, TSource value, IEqualityComparer<TSource> comparer)",
        |cx, a| contains(cx, &a, a.get(2)),
    ),
    m("bool SequenceEqual<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)", |cx, a| {
        sequence_equal(cx, &a, &Value::Null)
    }),
    m(
        "bool SequenceEqual<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second, IEqualityComparer<TSource> comparer)",
        |cx, a| sequence_equal(cx, &a, a.get(2)),
    ),
    m("TSource Aggregate<TSource>(this IEnumerable<TSource> source, Func<TSource, TSource, TSource> func)", |cx, a| {
        fold(cx, &a, None, 1)
    }),
    m(
        "TAccumulate Aggregate<TSource, TAccumulate>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func)",
        |cx, a| fold(cx, &a, Some(a.get(1).clone()), 2),
    ),
    m(
        "TResult Aggregate<TSource, TAccumulate, TResult>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func, Func<TAccumulate, TResult> resultSelector)",
        |cx, a| {
            let result = source(&a, 3, "resultSelector")?;
            let state = fold(cx, &a, Some(a.get(1).clone()), 2)?;
            cx.call1(&result, state)
        },
    ),
    m("TSource[] ToArray<TSource>(this IEnumerable<TSource> source)", |cx, a| {
        let items = cx.collect(a.need(0, "source")?)?;
        Ok(array_value(a.ty(0), items))
    }),
    m("List<TSource> ToList<TSource>(this IEnumerable<TSource> source)", |cx, a| {
        let items = cx.collect(a.need(0, "source")?)?;
        Ok(list_value(a.ty(0), items))
    }),
    m("HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source)", |cx, a| {
        let items = cx.collect(a.need(0, "source")?)?;
        set_value(cx, a.ty(0), &Value::Null, items)
    }),
    m(
        "HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source, IEqualityComparer<TSource> comparer)",
        |cx, a| {
            let items = cx.collect(a.need(0, "source")?)?;
            set_value(cx, a.ty(0), a.get(1), items)
        },
    ),
];
