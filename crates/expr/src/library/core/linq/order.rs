//! `OrderBy` and `ThenBy`: stable.

use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use apimite_dotnet::Thrown;

use super::lazy::running;
use super::source;
use crate::library::core::collections::comparers::order;
use crate::library::rows::{Args, Row, m};
use crate::library::typedef::{TypeDef, interface};
use crate::run::{Cx, null_reference};
use crate::types::Type;
use crate::value::{Each, Object, Value};

/// One key to order by.
#[derive(Clone)]
struct Key {
    selector: Value,
    comparer: Value,
    descending: bool,
}

/// An ordered sequence.
struct Ordered {
    element: Type,
    items: Value,
    keys: Vec<Key>,
}

impl Drop for Ordered {
    fn drop(&mut self) {
        crate::value::release::values([std::mem::take(&mut self.items)]);
    }
}

impl Object for Ordered {
    fn type_of(&self) -> Type {
        Type::enumerable(self.element.erased())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(self.sorted(cx).map(|sorted| {
            let mut sorted = sorted.into_iter();
            running(move |_| Ok(sorted.next()))
        }))
    }

    fn is_internal(&self) -> bool {
        true
    }
}

impl Ordered {
    fn sorted(&self, cx: &mut Cx<'_>) -> Result<Vec<Value>, Thrown> {
        cx.guard()?;
        let items = cx.collect(&self.items)?;
        let mut keyed = Vec::with_capacity(items.len());
        for item in items {
            let mut keys = Vec::with_capacity(self.keys.len());
            for key in &self.keys {
                keys.push(cx.call1(&key.selector, item.clone())?);
            }
            keyed.push((keys, item));
        }
        let mut error = None;
        keyed.sort_by(|(a, _), (b, _)| {
            if error.is_some() {
                return Ordering::Equal;
            }
            for (index, key) in self.keys.iter().enumerate() {
                match cx.step().and_then(|()| order(cx, &key.comparer, &a[index], &b[index])) {
                    Ok(Ordering::Equal) => {}
                    Ok(found) => return if key.descending { found.reverse() } else { found },
                    Err(thrown) => {
                        error = Some(thrown);
                        return Ordering::Equal;
                    }
                }
            }
            Ordering::Equal
        });
        match error {
            Some(thrown) => Err(thrown),
            None => Ok(keyed.into_iter().map(|(_, item)| item).collect()),
        }
    }
}

fn by(a: &Args<'_>, comparer: Value, descending: bool) -> Result<Value, Thrown> {
    let key = Key { selector: source(a, 1, "keySelector")?, comparer, descending };
    Ok(Value::object(Ordered { element: a.ty(0), items: source(a, 0, "source")?, keys: vec![key] }))
}

fn then(a: &Args<'_>, comparer: Value, descending: bool) -> Result<Value, Thrown> {
    let before = source(a, 0, "source")?;
    let Some(ordered) = before.downcast::<Ordered>() else { return Err(null_reference()) };
    let mut keys = ordered.keys.clone();
    keys.push(Key { selector: source(a, 1, "keySelector")?, comparer, descending });
    Ok(Value::object(Ordered { element: a.ty(0), items: ordered.items.clone(), keys }))
}

/// `System.Linq.IOrderedEnumerable<T>`
pub(super) static IORDERED: TypeDef =
    interface("System.Linq.IOrderedEnumerable<out T>").implements("IEnumerable<T>").def();

pub(super) static ROWS: &[Row] = &[
    m(
        "IOrderedEnumerable<TSource> OrderBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        |_, a| by(&a, Value::Null, false),
    ),
    m(
        "IOrderedEnumerable<TSource> OrderBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)",
        |_, a| by(&a, a.get(2).clone(), false),
    ),
    m(
        "IOrderedEnumerable<TSource> OrderByDescending<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        |_, a| by(&a, Value::Null, true),
    ),
    m(
        "IOrderedEnumerable<TSource> OrderByDescending<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)",
        |_, a| by(&a, a.get(2).clone(), true),
    ),
    m(
        "IOrderedEnumerable<TSource> ThenBy<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        |_, a| then(&a, Value::Null, false),
    ),
    m(
        "IOrderedEnumerable<TSource> ThenBy<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)",
        |_, a| then(&a, a.get(2).clone(), false),
    ),
    m(
        "IOrderedEnumerable<TSource> ThenByDescending<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector)",
        |_, a| then(&a, Value::Null, true),
    ),
    m(
        "IOrderedEnumerable<TSource> ThenByDescending<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)",
        |_, a| then(&a, a.get(2).clone(), true),
    ),
];
