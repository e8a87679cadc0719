//! `HashSet<T>`.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::Thrown;
use parking_lot::RwLock;

use super::list::changed;
use super::table::{Equality, Table};
use crate::library::rows::{Args, Row, ctor, hidden, m, p};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Enumerator, Object, Value};

/// A `HashSet<T>`.
pub struct SetObject {
    ty: Type,
    table: RwLock<Table>,
}

impl Object for SetObject {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        let version = self.table.read().version;
        Some(Ok(Box::new(Walk { set: self, at: 0, version })))
    }
}

struct Walk {
    set: Arc<SetObject>,
    at: usize,
    version: u64,
}

impl Enumerator for Walk {
    fn next(&mut self, _cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        let table = self.set.table.read();
        if table.version != self.version {
            return Err(changed());
        }
        while let Some(entry) = table.entries.get(self.at) {
            self.at += 1;
            if let Some(entry) = entry {
                return Ok(Some(entry.key.clone()));
            }
        }
        Ok(None)
    }
}

/// A set of elements.
///
/// # Errors
/// What comparing throws.
pub fn set_value(cx: &mut Cx<'_>, element: Type, comparer: &Value, items: Vec<Value>) -> Result<Value, Thrown> {
    let table = table_of(cx, Equality::of(comparer), items)?;
    Ok(Value::object(SetObject { ty: Type::generic(&SET, &[element.erased()]), table: RwLock::new(table) }))
}

fn table_of(cx: &mut Cx<'_>, equality: Equality, items: Vec<Value>) -> Result<Table, Thrown> {
    let mut table = Table::new(equality);
    for item in items {
        if table.find(cx, &item)?.is_none() {
            table.add(cx, item, Value::Null)?;
        }
    }
    Ok(table)
}

fn add(cx: &mut Cx<'_>, a: &mut Args<'_>) -> Result<bool, Thrown> {
    let item = a.take(1);
    let mut table = a.obj::<SetObject>(0)?.table.write();
    if table.find(cx, &item)?.is_some() {
        return Ok(false);
    }
    table.add(cx, item, Value::Null)?;
    Ok(true)
}

/// Own elements, the other's elements as a table of the same comparer.
fn both(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<(Vec<Value>, Table), Thrown> {
    let items = cx.collect(a.need(1, "other")?)?;
    let set = a.obj::<SetObject>(0)?;
    let (own, equality) = {
        let table = set.table.read();
        (table.iter().map(|e| e.key.clone()).collect(), table.equality.clone())
    };
    Ok((own, table_of(cx, equality, items)?))
}

fn contains_all(cx: &mut Cx<'_>, table: &Table, items: &[Value]) -> Result<bool, Thrown> {
    for item in items {
        if table.find(cx, item)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How own and other relate: (other holds all of own, own holds all of other, own count, other count).
fn relate(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<(bool, bool, usize, usize), Thrown> {
    let (own, other) = both(cx, a)?;
    let subset = contains_all(cx, &other, &own)?;
    let others: Vec<Value> = other.iter().map(|e| e.key.clone()).collect();
    let set = a.obj::<SetObject>(0)?;
    let superset = contains_all(cx, &set.table.read(), &others)?;
    Ok((subset, superset, own.len(), others.len()))
}

static ROWS: &[Row] = &[
    ctor("()", |cx, a| set_value(cx, a.ty(0), &Value::Null, Vec::new())),
    ctor("(int capacity)", |cx, a| set_value(cx, a.ty(0), &Value::Null, Vec::new())),
    ctor("(IEqualityComparer<T> comparer)", |cx, a| set_value(cx, a.ty(0), a.get(0), Vec::new())),
    ctor("(IEnumerable<T> collection)", |cx, a| {
        let items = cx.collect(a.need(0, "collection")?)?;
        set_value(cx, a.ty(0), &Value::Null, items)
    }),
    ctor("(IEnumerable<T> collection, IEqualityComparer<T> comparer)", |cx, a| {
        let items = cx.collect(a.need(0, "collection")?)?;
        set_value(cx, a.ty(0), a.get(1), items)
    }),
    p("int Count", |_, a| Ok(Value::Int(i32::try_from(a.obj::<SetObject>(0)?.table.read().len()).unwrap_or(i32::MAX)))),
    p("IEqualityComparer<T> Comparer", |_, a| Ok(a.obj::<SetObject>(0)?.table.read().equality.value())),
    hidden(p("bool IsReadOnly", |_, _| Ok(Value::Bool(false)))),
    m("bool Add(T item)", |cx, mut a| Ok(Value::Bool(add(cx, &mut a)?))),
    m("bool Contains(T item)", |cx, a| {
        let item = a.get(1).clone();
        let table = a.obj::<SetObject>(0)?.table.read();
        Ok(Value::Bool(table.find(cx, &item)?.is_some()))
    }),
    m("bool Remove(T item)", |cx, a| {
        let item = a.get(1).clone();
        let mut table = a.obj::<SetObject>(0)?.table.write();
        let found = table.find(cx, &item)?;
        Ok(Value::Bool(found.and_then(|i| table.remove(i)).is_some()))
    }),
    m("int RemoveWhere(Predicate<T> match)", |cx, a| {
        let test = a.need(1, "match")?.clone();
        let items: Vec<Value> = a.obj::<SetObject>(0)?.table.read().iter().map(|e| e.key.clone()).collect();
        let mut removed = 0;
        for item in items {
            if cx.test(&test, item.clone())? {
                let mut table = a.obj::<SetObject>(0)?.table.write();
                if let Some(i) = table.find(cx, &item)? {
                    table.remove(i);
                    removed += 1;
                }
            }
        }
        Ok(Value::Int(removed))
    }),
    m("void Clear()", |_, a| {
        a.obj::<SetObject>(0)?.table.write().clear();
        Ok(Value::Null)
    }),
    m("bool TryGetValue(T equalValue, out T actualValue)", |cx, mut a| {
        let item = a.get(1).clone();
        let found = {
            let table = a.obj::<SetObject>(0)?.table.read();
            table.find(cx, &item)?.and_then(|i| table.entries[i].as_ref().map(|e| e.key.clone()))
        };
        let ok = found.is_some();
        let default = crate::run::default_value(a.ty(0));
        a.put(2, found.unwrap_or(default));
        Ok(Value::Bool(ok))
    }),
    m("void UnionWith(IEnumerable<T> other)", |cx, a| {
        let items = cx.collect(a.need(1, "other")?)?;
        let mut table = a.obj::<SetObject>(0)?.table.write();
        for item in items {
            if table.find(cx, &item)?.is_none() {
                table.add(cx, item, Value::Null)?;
            }
        }
        Ok(Value::Null)
    }),
    m("void IntersectWith(IEnumerable<T> other)", |cx, a| {
        let (own, other) = both(cx, &a)?;
        for item in own {
            if other.find(cx, &item)?.is_none() {
                let mut table = a.obj::<SetObject>(0)?.table.write();
                if let Some(i) = table.find(cx, &item)? {
                    table.remove(i);
                }
            }
        }
        Ok(Value::Null)
    }),
    m("void ExceptWith(IEnumerable<T> other)", |cx, a| {
        let (_, other) = both(cx, &a)?;
        let mut table = a.obj::<SetObject>(0)?.table.write();
        for entry in other.iter() {
            if let Some(i) = table.find(cx, &entry.key)? {
                table.remove(i);
            }
        }
        Ok(Value::Null)
    }),
    m("void SymmetricExceptWith(IEnumerable<T> other)", |cx, a| {
        let (_, other) = both(cx, &a)?;
        let mut table = a.obj::<SetObject>(0)?.table.write();
        for entry in other.iter() {
            match table.find(cx, &entry.key)? {
                Some(i) => {
                    table.remove(i);
                }
                None => {
                    table.add(cx, entry.key.clone(), Value::Null)?;
                }
            }
        }
        Ok(Value::Null)
    }),
    m("bool Overlaps(IEnumerable<T> other)", |cx, a| {
        let (own, other) = both(cx, &a)?;
        for item in own {
            if other.find(cx, &item)?.is_some() {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
    m("void TrimExcess()", |_, _| Ok(Value::Null)),
    m("bool SetEquals(IEnumerable<T> other)", |cx, a| {
        let (sub, sup, ..) = relate(cx, &a)?;
        Ok(Value::Bool(sub && sup))
    }),
    m("bool IsSubsetOf(IEnumerable<T> other)", |cx, a| Ok(Value::Bool(relate(cx, &a)?.0))),
    m("bool IsSupersetOf(IEnumerable<T> other)", |cx, a| Ok(Value::Bool(relate(cx, &a)?.1))),
    m("bool IsProperSubsetOf(IEnumerable<T> other)", |cx, a| {
        let (sub, _, own, other) = relate(cx, &a)?;
        Ok(Value::Bool(sub && own < other))
    }),
    m("bool IsProperSupersetOf(IEnumerable<T> other)", |cx, a| {
        let (_, sup, own, other) = relate(cx, &a)?;
        Ok(Value::Bool(sup && other < own))
    }),
    m("void CopyTo(T[] array)", |cx, a| super::array::copy_into(cx, &a, 1, 0)),
    m("void CopyTo(T[] array, int arrayIndex)", |cx, a| super::array::copy_into(cx, &a, 1, a.int(2))),
];

/// `System.Collections.Generic.HashSet<T>`
pub static SET: TypeDef =
    class("System.Collections.Generic.HashSet<T>").implements("ISet<T>, IReadOnlyCollection<T>").rows(&[ROWS]).def();
