//! `System.Linq.Enumerable`: lazy sequences, in .NET's order and with its exceptions.

mod group;
mod lazy;
mod numbers;
mod order;
mod sets;
mod single;

use apimite_dotnet::Thrown;

pub(crate) use self::lazy::{lazy, running};
use crate::library::rows::{Args, Row, m};
use crate::library::typedef::{TypeDef, static_class};
use crate::run::{Cx, default_value};
use crate::types::Type;
use crate::value::Value;

pub(crate) static TYPES: &[&TypeDef] =
    &[&ENUMERABLE, &group::IGROUPING, &group::ILOOKUP, &group::LOOKUP, &order::IORDERED];

/// `System.Linq.Enumerable`
pub static ENUMERABLE: TypeDef = static_class("System.Linq.Enumerable")
    .rows(&[ROWS, single::ROWS, numbers::ROWS, order::ROWS, sets::ROWS, group::ROWS])
    .def();

/// The sequence argument at a place, tested for `null` before anything is read.
fn source(a: &Args<'_>, at: usize, name: &str) -> Result<Value, Thrown> {
    a.need(at, name).cloned()
}

fn where_(a: &Args<'_>, indexed: bool) -> Result<Value, Thrown> {
    let (items, test) = (source(a, 0, "source")?, source(a, 1, "predicate")?);
    Ok(lazy(a.ty(0), move |cx| {
        let (mut each, test, mut index) = (cx.iterate(&items)?, test.clone(), -1);
        Ok(running(move |cx| {
            while let Some(item) = each.next(cx)? {
                cx.step()?;
                index += 1;
                let keep = if indexed {
                    cx.call2(&test, item.clone(), Value::Int(index))?.as_bool()
                } else {
                    cx.test(&test, item.clone())?
                };
                if keep {
                    return Ok(Some(item));
                }
            }
            Ok(None)
        }))
    }))
}

fn select(a: &Args<'_>, indexed: bool) -> Result<Value, Thrown> {
    let (items, map) = (source(a, 0, "source")?, source(a, 1, "selector")?);
    Ok(lazy(a.ty(1), move |cx| {
        let (mut each, map, mut index) = (cx.iterate(&items)?, map.clone(), -1);
        Ok(running(move |cx| {
            let Some(item) = each.next(cx)? else { return Ok(None) };
            cx.step()?;
            index += 1;
            let out = if indexed { cx.call2(&map, item, Value::Int(index))? } else { cx.call1(&map, item)? };
            Ok(Some(out))
        }))
    }))
}

/// `SelectMany`: `result` combines the outer and the inner element.
fn select_many(a: &Args<'_>, indexed: bool, result: Option<usize>) -> Result<Value, Thrown> {
    let (items, map) =
        (source(a, 0, "source")?, source(a, 1, if result.is_some() { "collectionSelector" } else { "selector" })?);
    let combine = match result {
        Some(at) => Some(source(a, at, "resultSelector")?),
        None => None,
    };
    let element = a.types().last().copied().unwrap_or_else(Type::object);
    Ok(lazy(element, move |cx| {
        let (mut each, map, combine) = (cx.iterate(&items)?, map.clone(), combine.clone());
        let mut index = -1;
        let mut inner: Option<(Value, crate::value::Each)> = None;
        Ok(running(move |cx| {
            loop {
                if let Some((outer, own)) = &mut inner {
                    if let Some(item) = own.next(cx)? {
                        cx.step()?;
                        return Ok(Some(match &combine {
                            Some(combine) => cx.call2(combine, outer.clone(), item)?,
                            None => item,
                        }));
                    }
                    inner = None;
                }
                let Some(outer) = each.next(cx)? else { return Ok(None) };
                cx.step()?;
                index += 1;
                let sequence = if indexed {
                    cx.call2(&map, outer.clone(), Value::Int(index))?
                } else {
                    cx.call1(&map, outer.clone())?
                };
                let own = cx.iterate(&sequence)?;
                inner = Some((outer, own));
            }
        }))
    }))
}

fn take_while(a: &Args<'_>, indexed: bool, skip: bool) -> Result<Value, Thrown> {
    let (items, test) = (source(a, 0, "source")?, source(a, 1, "predicate")?);
    Ok(lazy(a.ty(0), move |cx| {
        let (mut each, test, mut index, mut done) = (cx.iterate(&items)?, test.clone(), -1, false);
        Ok(running(move |cx| {
            if done && !skip {
                return Ok(None);
            }
            while let Some(item) = each.next(cx)? {
                cx.step()?;
                if done {
                    return Ok(Some(item));
                }
                index += 1;
                let holds = if indexed {
                    cx.call2(&test, item.clone(), Value::Int(index))?.as_bool()
                } else {
                    cx.test(&test, item.clone())?
                };
                if skip {
                    if !holds {
                        done = true;
                        return Ok(Some(item));
                    }
                } else {
                    if !holds {
                        done = true;
                        return Ok(None);
                    }
                    return Ok(Some(item));
                }
            }
            Ok(None)
        }))
    }))
}

fn concat(a: &Args<'_>) -> Result<Value, Thrown> {
    let (first, second) = (source(a, 0, "first")?, source(a, 1, "second")?);
    Ok(lazy(a.ty(0), move |cx| {
        let mut each = cx.iterate(&first)?;
        let mut rest = Some(second.clone());
        Ok(running(move |cx| {
            loop {
                if let Some(item) = each.next(cx)? {
                    return Ok(Some(item));
                }
                match rest.take() {
                    Some(next) => each = cx.iterate(&next)?,
                    None => return Ok(None),
                }
            }
        }))
    }))
}

fn end(a: &Args<'_>, append: bool) -> Result<Value, Thrown> {
    let (items, extra) = (source(a, 0, "source")?, a.get(1).clone());
    Ok(lazy(a.ty(0), move |cx| {
        let mut each = cx.iterate(&items)?;
        let mut extra = Some(extra.clone());
        Ok(running(move |cx| {
            if !append && extra.is_some() {
                return Ok(extra.take());
            }
            match each.next(cx)? {
                Some(item) => Ok(Some(item)),
                None => Ok(extra.take()),
            }
        }))
    }))
}

/// A sequence made at once when it is first read.
fn whole(
    element: Type,
    items: Value,
    make: impl Fn(&mut Cx<'_>, Vec<Value>) -> Result<Vec<Value>, Thrown> + Send + Sync + 'static,
) -> Value {
    lazy(element, move |cx| {
        let all = cx.collect(&items)?;
        let mut made = make(cx, all)?.into_iter();
        Ok(running(move |_| Ok(made.next())))
    })
}

fn of_type(a: &Args<'_>) -> Result<Value, Thrown> {
    let (items, ty) = (source(a, 0, "source")?, a.ty(0));
    Ok(lazy(ty, move |cx| {
        let mut each = cx.iterate(&items)?;
        Ok(running(move |cx| {
            while let Some(item) = each.next(cx)? {
                cx.step()?;
                if cx.is_instance(&item, ty) {
                    return Ok(Some(item));
                }
            }
            Ok(None)
        }))
    }))
}

fn cast(a: &Args<'_>) -> Result<Value, Thrown> {
    let (items, ty) = (source(a, 0, "source")?, a.ty(0));
    // What is a sequence of the type already comes back as it is.
    Ok(lazy(ty, move |cx| {
        let mut each = cx.iterate(&items)?;
        Ok(running(move |cx| match each.next(cx)? {
            Some(item) => cx.cast(item, ty).map(Some),
            None => Ok(None),
        }))
    }))
}

static ROWS: &[Row] = &[
    m("IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |_, a| where_(&a, false)),
    m("IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", |_, a| where_(&a, true)),
    m("IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)", |_, a| select(&a, false)),
    m("IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, TResult> selector)", |_, a| select(&a, true)),
    m("IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TResult>> selector)", |_, a| select_many(&a, false, None)),
    m("IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, IEnumerable<TResult>> selector)", |_, a| select_many(&a, true, None)),
    m("IEnumerable<TResult> SelectMany<TSource, TCollection, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TCollection>> collectionSelector, Func<TSource, TCollection, TResult> resultSelector)", |_, a| select_many(&a, false, Some(2))),
    m("IEnumerable<TResult> SelectMany<TSource, TCollection, TResult>(this IEnumerable<TSource> source, Func<TSource, int, IEnumerable<TCollection>> collectionSelector, Func<TSource, TCollection, TResult> resultSelector)", |_, a| select_many(&a, true, Some(2))),
    m("IEnumerable<TSource> Take<TSource>(this IEnumerable<TSource> source, int count)", |_, a| {
        let (items, count) = (source(&a, 0, "source")?, a.int(1));
        Ok(lazy(a.ty(0), move |cx| {
            let mut each = if count > 0 { Some(cx.iterate(&items)?) } else { None };
            let mut left = count;
            Ok(running(move |cx| {
                let Some(own) = &mut each else { return Ok(None) };
                let item = own.next(cx)?;
                left -= 1;
                if left == 0 {
                    each = None;
                }
                Ok(item)
            }))
        }))
    }),
    m("IEnumerable<TSource> Skip<TSource>(this IEnumerable<TSource> source, int count)", |_, a| {
        let (items, count) = (source(&a, 0, "source")?, a.int(1));
        Ok(lazy(a.ty(0), move |cx| {
            let (mut each, mut left) = (cx.iterate(&items)?, count);
            Ok(running(move |cx| {
                while left > 0 {
                    cx.step()?;
                    left -= 1;
                    if each.next(cx)?.is_none() {
                        left = 0;
                        return Ok(None);
                    }
                }
                each.next(cx)
            }))
        }))
    }),
    m("IEnumerable<TSource> TakeLast<TSource>(this IEnumerable<TSource> source, int count)", |_, a| {
        let (items, count) = (source(&a, 0, "source")?, usize::try_from(a.int(1)).unwrap_or(0));
        Ok(whole(a.ty(0), items, move |_, all| Ok(all[all.len().saturating_sub(count)..].to_vec())))
    })
    .core_only(),
    m("IEnumerable<TSource> SkipLast<TSource>(this IEnumerable<TSource> source, int count)", |_, a| {
        let (items, count) = (source(&a, 0, "source")?, usize::try_from(a.int(1)).unwrap_or(0));
        Ok(whole(a.ty(0), items, move |_, mut all| {
            all.truncate(all.len().saturating_sub(count));
            Ok(all)
        }))
    })
    .core_only(),
    m("IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |_, a| take_while(&a, false, false)),
    m("IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", |_, a| take_while(&a, true, false)),
    m("IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", |_, a| take_while(&a, false, true)),
    m("IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", |_, a| take_while(&a, true, true)),
    m("IEnumerable<TSource> Concat<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)", |_, a| concat(&a)),
    m("IEnumerable<TSource> Append<TSource>(this IEnumerable<TSource> source, TSource element)", |_, a| end(&a, true)),
    m("IEnumerable<TSource> Prepend<TSource>(this IEnumerable<TSource> source, TSource element)", |_, a| end(&a, false)),
    m("IEnumerable<TSource> Reverse<TSource>(this IEnumerable<TSource> source)", |_, a| {
        Ok(whole(a.ty(0), source(&a, 0, "source")?, |_, mut all| {
            all.reverse();
            Ok(all)
        }))
    }),
    m("IEnumerable<TResult> Zip<TFirst, TSecond, TResult>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second, Func<TFirst, TSecond, TResult> resultSelector)", |_, a| {
        let (first, second, map) = (source(&a, 0, "first")?, source(&a, 1, "second")?, source(&a, 2, "resultSelector")?);
        Ok(lazy(a.ty(2), move |cx| {
            let (mut x, mut y, map) = (cx.iterate(&first)?, cx.iterate(&second)?, map.clone());
            Ok(running(move |cx| {
                let (Some(left), Some(right)) = (x.next(cx)?, y.next(cx)?) else { return Ok(None) };
                cx.call2(&map, left, right).map(Some)
            }))
        }))
    }),
    m("IEnumerable<(TFirst First, TSecond Second)> Zip<TFirst, TSecond>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second)", |cx, a| {
        let (first, second) = (source(&a, 0, "first")?, source(&a, 1, "second")?);
        let ty = cx.registry().tuple(&[a.ty(0), a.ty(1)], None).erased();
        Ok(lazy(ty, move |cx| {
            let (mut x, mut y) = (cx.iterate(&first)?, cx.iterate(&second)?);
            Ok(running(move |cx| {
                let (Some(left), Some(right)) = (x.next(cx)?, y.next(cx)?) else { return Ok(None) };
                Ok(Some(super::tuples::Record::value(ty, [left, right])))
            }))
        }))
    })
    .core_only(),
    m("IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source)", |_, a| {
        let default = default_value(a.ty(0));
        Ok(whole(a.ty(0), source(&a, 0, "source")?, move |_, all| Ok(if all.is_empty() { vec![default.clone()] } else { all })))
    }),
    m("IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source, TSource defaultValue)", |_, a| {
        let default = a.get(1).clone();
        Ok(whole(a.ty(0), source(&a, 0, "source")?, move |_, all| Ok(if all.is_empty() { vec![default.clone()] } else { all })))
    }),
    m("IEnumerable<TResult> OfType<TResult>(this System.Collections.IEnumerable source)", |_, a| of_type(&a)),
    m("IEnumerable<TResult> Cast<TResult>(this System.Collections.IEnumerable source)", |_, a| cast(&a)),
    m("IEnumerable<TSource> AsEnumerable<TSource>(this IEnumerable<TSource> source)", |_, mut a| Ok(a.take(0))),
    m("static IEnumerable<int> Range(int start, int count)", |_, a| {
        let (start, count) = (i64::from(a.int(0)), i64::from(a.int(1)));
        if count < 0 || start + count - 1 > i64::from(i32::MAX) {
            return Err(apimite_dotnet::Exception::new(
                apimite_dotnet::ExceptionKind::ArgumentOutOfRange,
                "Specified argument was out of the range of valid values. (Parameter 'count')",
            ));
        }
        Ok(lazy(Type::int(), move |_| {
            let mut at = start;
            Ok(running(move |_| {
                if at >= start + count {
                    return Ok(None);
                }
                at += 1;
                Ok(Some(Value::Int(i32::try_from(at - 1).unwrap_or(i32::MAX))))
            }))
        }))
    }),
    m("static IEnumerable<TResult> Repeat<TResult>(TResult element, int count)", |_, a| {
        let (item, count) = (a.get(0).clone(), a.int(1));
        if count < 0 {
            return Err(apimite_dotnet::Exception::new(
                apimite_dotnet::ExceptionKind::ArgumentOutOfRange,
                "Specified argument was out of the range of valid values. (Parameter 'count')",
            ));
        }
        Ok(lazy(a.ty(0), move |_| {
            let (item, mut left) = (item.clone(), count);
            Ok(running(move |_| {
                left -= 1;
                Ok((left >= 0).then(|| item.clone()))
            }))
        }))
    }),
    m("static IEnumerable<TResult> Empty<TResult>()", |_, a| Ok(super::collections::array_value(a.ty(0), Vec::new()))),
];
