//! `GroupBy`, `ToLookup`, `ToDictionary`, `Join`, `GroupJoin`.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::Thrown;

use super::lazy::{lazy, running};
use super::source;
use crate::library::core::collections::table::{Equality, Table};
use crate::library::core::collections::{array_value, dictionary_value};
use crate::library::rows::{Args, Row, m, p};
use crate::library::typedef::{TypeDef, class, interface};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Object, Value};

/// A key with its elements.
struct Grouping {
    element: Type,
    key: Value,
    items: Arc<Vec<Value>>,
}

impl Object for Grouping {
    fn type_of(&self) -> Type {
        Type::enumerable(self.element.erased())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        let (items, mut at) = (Arc::clone(&self.items), 0);
        Some(Ok(running(move |_| {
            at += 1;
            Ok(items.get(at - 1).cloned())
        })))
    }

    fn is_internal(&self) -> bool {
        true
    }
}

/// Groups in order of their first element.
struct Groups {
    table: Table,
    lists: Vec<Vec<Value>>,
}

impl Groups {
    fn read(
        cx: &mut Cx<'_>,
        items: &Value,
        key: &Value,
        element: Option<&Value>,
        equality: Equality,
    ) -> Result<Self, Thrown> {
        let mut out = Self { table: Table::new(equality), lists: Vec::new() };
        let mut each = cx.iterate(items)?;
        while let Some(item) = each.next(cx)? {
            cx.step()?;
            cx.charge(size_of::<Value>())?;
            let k = cx.call1(key, item.clone())?;
            let value = match element {
                Some(element) => cx.call1(element, item)?,
                None => item,
            };
            match out.table.find(cx, &k)? {
                Some(index) => out.lists[index].push(value),
                None => {
                    out.table.add(cx, k, Value::Null)?;
                    out.lists.push(vec![value]);
                }
            }
        }
        Ok(out)
    }

    fn pairs(self) -> Vec<(Value, Vec<Value>)> {
        self.table.iter().map(|e| e.key.clone()).zip(self.lists).collect()
    }
}

struct LookupObject {
    types: [Type; 2],
    groups: Groups,
}

impl Object for LookupObject {
    fn type_of(&self) -> Type {
        Type::enumerable(Type::generic(&IGROUPING, &[self.types[0].erased(), self.types[1].erased()]))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        let mut at = 0;
        Some(Ok(running(move |_| {
            at += 1;
            let Some(Some(entry)) = self.groups.table.entries.get(at - 1) else { return Ok(None) };
            let items = self.groups.lists.get(at - 1).cloned().unwrap_or_default();
            Ok(Some(Value::object(Grouping { element: self.types[1], key: entry.key.clone(), items: Arc::new(items) })))
        })))
    }

    fn is_internal(&self) -> bool {
        true
    }
}

/// `GroupBy`; the places of the element selector, the result selector and the comparer.
fn group_by(
    a: &Args<'_>,
    element: Option<usize>,
    result: Option<usize>,
    comparer: Option<usize>,
) -> Result<Value, Thrown> {
    let (items, key) = (source(a, 0, "source")?, source(a, 1, "keySelector")?);
    let pick = match element {
        Some(at) => Some(source(a, at, "elementSelector")?),
        None => None,
    };
    let make = match result {
        Some(at) => Some(source(a, at, "resultSelector")?),
        None => None,
    };
    let equality = Equality::of(comparer.map_or(&Value::Null, |at| a.get(at)));
    let element_type = if element.is_some() { a.ty(2) } else { a.ty(0) };
    let out = if result.is_some() {
        a.types().last().copied().unwrap_or_else(Type::object)
    } else {
        Type::generic(&IGROUPING, &[a.ty(1).erased(), element_type.erased()])
    };
    Ok(lazy(out, move |cx| {
        let groups = Groups::read(cx, &items, &key, pick.as_ref(), equality.clone())?;
        let (mut pairs, make) = (groups.pairs().into_iter(), make.clone());
        Ok(running(move |cx| {
            let Some((key, items)) = pairs.next() else { return Ok(None) };
            let group = Value::object(Grouping { element: element_type, key: key.clone(), items: Arc::new(items) });
            Ok(Some(match &make {
                Some(make) => cx.call2(make, key, group)?,
                None => group,
            }))
        }))
    }))
}

fn to_lookup(cx: &mut Cx<'_>, a: &Args<'_>, element: Option<usize>, comparer: Option<usize>) -> Result<Value, Thrown> {
    let (items, key) = (source(a, 0, "source")?, source(a, 1, "keySelector")?);
    let pick = match element {
        Some(at) => Some(source(a, at, "elementSelector")?),
        None => None,
    };
    let equality = Equality::of(comparer.map_or(&Value::Null, |at| a.get(at)));
    let groups = Groups::read(cx, &items, &key, pick.as_ref(), equality)?;
    let element_type = if element.is_some() { a.ty(2) } else { a.ty(0) };
    Ok(Value::object(LookupObject { types: [a.ty(1), element_type], groups }))
}

fn to_dictionary(
    cx: &mut Cx<'_>,
    a: &Args<'_>,
    element: Option<usize>,
    comparer: Option<usize>,
) -> Result<Value, Thrown> {
    let (items, key) = (source(a, 0, "source")?, source(a, 1, "keySelector")?);
    if let Some(at) = element {
        a.need(at, "elementSelector")?;
    }
    let mut entries = Vec::new();
    for item in cx.collect(&items)? {
        let k = cx.call1(&key, item.clone())?;
        let value = match element {
            Some(at) => {
                let pick = source(a, at, "elementSelector")?;
                cx.call1(&pick, item)?
            }
            None => item,
        };
        entries.push((k, value));
    }
    let types = [a.ty(1), if element.is_some() { a.ty(2) } else { a.ty(0) }];
    dictionary_value(cx, &types, comparer.map_or(&Value::Null, |at| a.get(at)), entries)
}

fn join(a: &Args<'_>, grouped: bool) -> Result<Value, Thrown> {
    let (outer, inner) = (source(a, 0, "outer")?, source(a, 1, "inner")?);
    let (outer_key, inner_key) = (source(a, 2, "outerKeySelector")?, source(a, 3, "innerKeySelector")?);
    let make = source(a, 4, "resultSelector")?;
    let equality = Equality::of(a.get(5));
    let inner_type = a.ty(1);
    Ok(lazy(a.ty(3), move |cx| {
        let groups = Groups::read(cx, &inner, &inner_key, None, equality.clone())?;
        let mut each = cx.iterate(&outer)?;
        let (outer_key, make) = (outer_key.clone(), make.clone());
        let mut pending: Option<(Value, std::vec::IntoIter<Value>)> = None;
        Ok(running(move |cx| {
            loop {
                if let Some((item, rest)) = &mut pending {
                    if let Some(other) = rest.next() {
                        cx.step()?;
                        return cx.call2(&make, item.clone(), other).map(Some);
                    }
                    pending = None;
                }
                let Some(item) = each.next(cx)? else { return Ok(None) };
                cx.step()?;
                let key = cx.call1(&outer_key, item.clone())?;
                let found = if key.is_null() { None } else { groups.table.find(cx, &key)? };
                let matches = found.and_then(|i| groups.lists.get(i)).cloned().unwrap_or_default();
                if grouped {
                    let group = array_or_group(inner_type, key, matches);
                    return cx.call2(&make, item, group).map(Some);
                }
                pending = Some((item, matches.into_iter()));
            }
        }))
    }))
}

fn array_or_group(element: Type, key: Value, items: Vec<Value>) -> Value {
    Value::object(Grouping { element, key, items: Arc::new(items) })
}

/// `System.Linq.IGrouping<TKey, TElement>`
pub(super) static IGROUPING: TypeDef = interface("System.Linq.IGrouping<out TKey,out TElement>")
    .implements("IEnumerable<TElement>")
    .rows(&[&[p("TKey Key", |_, a| Ok(a.obj::<Grouping>(0)?.key.clone()))]])
    .def();

static LOOKUP_ROWS: &[Row] = &[
    p("int Count", |_, a| {
        Ok(Value::Int(i32::try_from(a.obj::<LookupObject>(0)?.groups.table.len()).unwrap_or(i32::MAX)))
    }),
    p("IEnumerable<TElement> this[TKey key]", |cx, a| {
        let lookup = a.obj::<LookupObject>(0)?;
        Ok(match lookup.groups.table.find(cx, a.get(1))? {
            Some(index) => Value::object(Grouping {
                element: lookup.types[1],
                key: a.get(1).clone(),
                items: Arc::new(lookup.groups.lists.get(index).cloned().unwrap_or_default()),
            }),
            None => array_value(lookup.types[1], Vec::new()),
        })
    }),
    m("bool Contains(TKey key)", |cx, a| {
        let lookup = a.obj::<LookupObject>(0)?;
        Ok(Value::Bool(lookup.groups.table.find(cx, a.get(1))?.is_some()))
    }),
];

/// `System.Linq.ILookup<TKey, TElement>`
pub(super) static ILOOKUP: TypeDef = interface("System.Linq.ILookup<TKey,TElement>")
    .implements("IEnumerable<IGrouping<TKey, TElement>>")
    .rows(&[LOOKUP_ROWS])
    .def();
/// `System.Linq.Lookup<TKey, TElement>`
pub(super) static LOOKUP: TypeDef =
    class("System.Linq.Lookup<TKey,TElement>").implements("ILookup<TKey, TElement>").abstract_().unlisted().def();

pub(super) static ROWS: &[Row] = &[
    m(
        "IEnumerable<IGrouping<TKey, TSource>> GroupBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        |_, a| group_by(&a, None, None, None),
    ),
    m(
        "IEnumerable<IGrouping<TKey, TSource>> GroupBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |_, a| group_by(&a, None, None, Some(2)),
    ),
    m(
        "IEnumerable<IGrouping<TKey, TElement>> GroupBy<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)",
        |_, a| group_by(&a, Some(2), None, None),
    ),
    m(
        "IEnumerable<IGrouping<TKey, TElement>> GroupBy<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)",
        |_, a| group_by(&a, Some(2), None, Some(3)),
    ),
    m(
        "IEnumerable<TResult> GroupBy<TSource, TKey, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TKey, IEnumerable<TSource>, TResult> resultSelector)",
        |_, a| group_by(&a, None, Some(2), None),
    ),
    m(
        "IEnumerable<TResult> GroupBy<TSource, TKey, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TKey, IEnumerable<TSource>, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
        |_, a| group_by(&a, None, Some(2), Some(3)),
    ),
    m(
        "IEnumerable<TResult> GroupBy<TSource, TKey, TElement, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, Func<TKey, IEnumerable<TElement>, TResult> resultSelector)",
        |_, a| group_by(&a, Some(2), Some(3), None),
    ),
    m(
        "IEnumerable<TResult> GroupBy<TSource, TKey, TElement, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, Func<TKey, IEnumerable<TElement>, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
        |_, a| group_by(&a, Some(2), Some(3), Some(4)),
    ),
    m(
        "ILookup<TKey, TSource> ToLookup<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        |cx, a| to_lookup(cx, &a, None, None),
    ),
    m(
        "ILookup<TKey, TSource> ToLookup<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |cx, a| to_lookup(cx, &a, None, Some(2)),
    ),
    m(
        "ILookup<TKey, TElement> ToLookup<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)",
        |cx, a| to_lookup(cx, &a, Some(2), None),
    ),
    m(
        "ILookup<TKey, TElement> ToLookup<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)",
        |cx, a| to_lookup(cx, &a, Some(2), Some(3)),
    ),
    m(
        "Dictionary<TKey, TSource> ToDictionary<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        |cx, a| to_dictionary(cx, &a, None, None),
    ),
    m(
        "Dictionary<TKey, TSource> ToDictionary<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |cx, a| to_dictionary(cx, &a, None, Some(2)),
    ),
    m(
        "Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)",
        |cx, a| to_dictionary(cx, &a, Some(2), None),
    ),
    m(
        "Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)",
        |cx, a| to_dictionary(cx, &a, Some(2), Some(3)),
    ),
    m(
        "IEnumerable<TResult> Join<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, TInner, TResult> resultSelector)",
        |_, a| join(&a, false),
    ),
    m(
        "IEnumerable<TResult> Join<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, TInner, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
        |_, a| join(&a, false),
    ),
    m(
        "IEnumerable<TResult> GroupJoin<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, IEnumerable<TInner>, TResult> resultSelector)",
        |_, a| join(&a, true),
    ),
    m(
        "IEnumerable<TResult> GroupJoin<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, IEnumerable<TInner>, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
        |_, a| join(&a, true),
    ),
];
