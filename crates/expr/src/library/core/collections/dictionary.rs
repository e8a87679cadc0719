//! `Dictionary<TKey, TValue>`.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::{Exception, ExceptionKind, Thrown};
use parking_lot::RwLock;

use super::list::changed;
use super::table::{Equality, Table};
use crate::library::core::tuples::{Record, pair};
use crate::library::rows::{Args, Row, ctor, hidden, m, p, set};
use crate::library::typedef::{TypeDef, class};
use crate::run::{Cx, default_value};
use crate::types::Type;
use crate::value::{Each, Enumerator, Object, Value};

/// A `Dictionary<TKey, TValue>`.
pub struct DictionaryObject {
    ty: Type,
    table: RwLock<Table>,
}

impl DictionaryObject {
    /// The entries in order.
    pub fn entries(&self) -> Vec<(Value, Value)> {
        self.table.read().iter().map(|e| (e.key.clone(), e.value.clone())).collect()
    }
}

/// A dictionary; a key given twice is an `ArgumentException`.
///
/// # Errors
/// As above, and what comparing throws.
pub fn dictionary_value(
    cx: &mut Cx<'_>,
    types: &[Type],
    comparer: &Value,
    entries: Vec<(Value, Value)>,
) -> Result<Value, Thrown> {
    let ty = Type::generic(&DICTIONARY, &types.iter().map(|t| t.erased()).collect::<Vec<_>>());
    let mut table = Table::new(Equality::of(comparer));
    for (key, value) in entries {
        insert(cx, &mut table, key, value, false)?;
    }
    Ok(Value::object(DictionaryObject { ty, table: RwLock::new(table) }))
}

impl Object for DictionaryObject {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        let version = self.table.read().version;
        Some(Ok(Box::new(Walk { dictionary: self, at: 0, version, part: Part::Both })))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Both,
    Keys,
    Values,
}

struct Walk {
    dictionary: Arc<DictionaryObject>,
    at: usize,
    version: u64,
    part: Part,
}

impl Enumerator for Walk {
    fn next(&mut self, _cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        let table = self.dictionary.table.read();
        if table.version != self.version {
            return Err(changed());
        }
        while let Some(entry) = table.entries.get(self.at) {
            self.at += 1;
            if let Some(entry) = entry {
                return Ok(Some(match self.part {
                    Part::Both => pair(self.dictionary.ty.args(), entry.key.clone(), entry.value.clone()),
                    Part::Keys => entry.key.clone(),
                    Part::Values => entry.value.clone(),
                }));
            }
        }
        Ok(None)
    }
}

/// `Keys` or `Values`.
struct View {
    dictionary: Arc<DictionaryObject>,
    part: Part,
}

impl Object for View {
    fn type_of(&self) -> Type {
        Type::generic(if self.part == Part::Keys { &KEYS } else { &VALUES }, self.dictionary.ty.args())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        let version = self.dictionary.table.read().version;
        Some(Ok(Box::new(Walk { dictionary: Arc::clone(&self.dictionary), at: 0, version, part: self.part })))
    }
}

fn null_key() -> Thrown {
    Exception::new(ExceptionKind::ArgumentNull, "Value cannot be null. (Parameter 'key')")
}

fn no_key(cx: &mut Cx<'_>, key: &Value) -> Thrown {
    if cx.framework() {
        return Exception::new(ExceptionKind::KeyNotFound, "The given key was not present in the dictionary.");
    }
    let shown = cx.to_text(key).map_or_else(|_| String::new(), |t| t.to_string());
    Exception::new(ExceptionKind::KeyNotFound, format!("The given key '{shown}' was not present in the dictionary."))
}

fn insert(cx: &mut Cx<'_>, table: &mut Table, key: Value, value: Value, replace: bool) -> Result<(), Thrown> {
    if key.is_null() {
        return Err(null_key());
    }
    match table.find(cx, &key)? {
        Some(index) if replace => table.set(index, value),
        Some(_) => {
            let shown = cx.to_text(&key)?;
            return Err(Exception::new(
                ExceptionKind::Argument,
                format!("An item with the same key has already been added. Key: {shown}"),
            ));
        }
        None => {
            table.add(cx, key, value)?;
        }
    }
    Ok(())
}

fn find(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Option<Value>, Thrown> {
    let key = a.get(1).clone();
    if key.is_null() {
        return Err(null_key());
    }
    let table = a.obj::<DictionaryObject>(0)?.table.read();
    Ok(table.find(cx, &key)?.and_then(|i| table.get(i).cloned()))
}

fn view(a: &Args<'_>, part: Part) -> Result<Value, Thrown> {
    a.obj::<DictionaryObject>(0)?;
    let Value::Object(object) = a.get(0) else { return Ok(Value::Null) };
    let any: Arc<dyn Any + Send + Sync> = Arc::clone(object).into_any();
    let Ok(dictionary) = any.downcast::<DictionaryObject>() else { return Ok(Value::Null) };
    Ok(Value::object(View { dictionary, part }))
}

fn count(n: usize) -> Value {
    Value::Int(i32::try_from(n).unwrap_or(i32::MAX))
}

/// Entries of any sequence of key-value pairs.
fn entries_of(cx: &mut Cx<'_>, sequence: &Value) -> Result<Vec<(Value, Value)>, Thrown> {
    Ok(cx
        .collect(sequence)?
        .iter()
        .filter_map(|v| v.downcast::<Record>().map(|r| (r.parts[0].clone(), r.parts[1].clone())))
        .collect())
}

static ROWS: &[Row] = &[
    ctor("()", |cx, a| dictionary_value(cx, a.types(), &Value::Null, Vec::new())),
    ctor("(int capacity)", |cx, a| dictionary_value(cx, a.types(), &Value::Null, Vec::new())),
    ctor("(IEqualityComparer<TKey> comparer)", |cx, a| dictionary_value(cx, a.types(), a.get(0), Vec::new())),
    ctor("(int capacity, IEqualityComparer<TKey> comparer)", |cx, a| {
        dictionary_value(cx, a.types(), a.get(1), Vec::new())
    }),
    ctor("(IDictionary<TKey, TValue> dictionary)", |cx, a| {
        let entries = entries_of(cx, a.need(0, "dictionary")?)?;
        dictionary_value(cx, a.types(), &Value::Null, entries)
    }),
    ctor("(IDictionary<TKey, TValue> dictionary, IEqualityComparer<TKey> comparer)", |cx, a| {
        let entries = entries_of(cx, a.need(0, "dictionary")?)?;
        dictionary_value(cx, a.types(), a.get(1), entries)
    }),
    ctor("(IEnumerable<KeyValuePair<TKey, TValue>> collection)", |cx, a| {
        let entries = entries_of(cx, a.need(0, "collection")?)?;
        dictionary_value(cx, a.types(), &Value::Null, entries)
    })
    .core_only(),
    ctor("(IEnumerable<KeyValuePair<TKey, TValue>> collection, IEqualityComparer<TKey> comparer)", |cx, a| {
        let entries = entries_of(cx, a.need(0, "collection")?)?;
        dictionary_value(cx, a.types(), a.get(1), entries)
    })
    .core_only(),
    p("int Count", |_, a| Ok(count(a.obj::<DictionaryObject>(0)?.table.read().len()))),
    hidden(p("bool IsReadOnly", |_, _| Ok(Value::Bool(false)))),
    p("IEqualityComparer<TKey> Comparer", |_, a| Ok(a.obj::<DictionaryObject>(0)?.table.read().equality.value())),
    p("Dictionary+KeyCollection<TKey, TValue> Keys", |_, a| view(&a, Part::Keys)),
    p("Dictionary+ValueCollection<TKey, TValue> Values", |_, a| view(&a, Part::Values)),
    p("TValue this[TKey key]", |cx, a| match find(cx, &a)? {
        Some(value) => Ok(value),
        None => Err(no_key(cx, a.get(1))),
    }),
    set("TValue this[TKey key]", |cx, mut a| {
        let (key, value) = (a.take(1), a.take(2));
        let mut table = a.obj::<DictionaryObject>(0)?.table.write();
        insert(cx, &mut table, key, value, true)?;
        Ok(Value::Null)
    })
    .impure(),
    m("void Add(TKey key, TValue value)", |cx, mut a| {
        let (key, value) = (a.take(1), a.take(2));
        let mut table = a.obj::<DictionaryObject>(0)?.table.write();
        insert(cx, &mut table, key, value, false)?;
        Ok(Value::Null)
    }),
    m("bool TryAdd(TKey key, TValue value)", |cx, mut a| {
        let (key, value) = (a.take(1), a.take(2));
        if key.is_null() {
            return Err(null_key());
        }
        let mut table = a.obj::<DictionaryObject>(0)?.table.write();
        if table.find(cx, &key)?.is_some() {
            return Ok(Value::Bool(false));
        }
        table.add(cx, key, value)?;
        Ok(Value::Bool(true))
    })
    .core_only(),
    m("bool ContainsKey(TKey key)", |cx, a| Ok(Value::Bool(find(cx, &a)?.is_some()))),
    m("bool ContainsValue(TValue value)", |cx, a| {
        let values: Vec<Value> = a.obj::<DictionaryObject>(0)?.table.read().iter().map(|e| e.value.clone()).collect();
        for value in values {
            if cx.equals(&value, a.get(1))? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
    m("bool TryGetValue(TKey key, out TValue value)", |cx, mut a| {
        let found = find(cx, &a)?;
        let ok = found.is_some();
        let default = default_value(a.ty(1));
        a.put(2, found.unwrap_or(default));
        Ok(Value::Bool(ok))
    }),
    m("bool Remove(TKey key)", |cx, a| {
        let key = a.get(1).clone();
        if key.is_null() {
            return Err(null_key());
        }
        let mut table = a.obj::<DictionaryObject>(0)?.table.write();
        let found = table.find(cx, &key)?;
        Ok(Value::Bool(found.and_then(|i| table.remove(i)).is_some()))
    }),
    m("bool Remove(TKey key, out TValue value)", |cx, mut a| {
        let key = a.get(1).clone();
        if key.is_null() {
            return Err(null_key());
        }
        let removed = {
            let mut table = a.obj::<DictionaryObject>(0)?.table.write();
            let found = table.find(cx, &key)?;
            found.and_then(|i| table.remove(i))
        };
        let ok = removed.is_some();
        let default = default_value(a.ty(1));
        a.put(2, removed.map_or(default, |e| e.value));
        Ok(Value::Bool(ok))
    })
    .core_only(),
    m("void Clear()", |_, a| {
        a.obj::<DictionaryObject>(0)?.table.write().clear();
        Ok(Value::Null)
    }),
    hidden(m("void Add(KeyValuePair<TKey, TValue> item)", |cx, a| {
        let parts = a.obj::<Record>(1)?.parts.clone();
        let mut table = a.obj::<DictionaryObject>(0)?.table.write();
        insert(cx, &mut table, parts[0].clone(), parts[1].clone(), false)?;
        Ok(Value::Null)
    })),
    hidden(m("bool Contains(KeyValuePair<TKey, TValue> item)", |cx, a| {
        Ok(Value::Bool(super::array::index_of(cx, a.get(0), a.get(1))?.is_some()))
    })),
];

static VIEW_ROWS: &[Row] = &[
    p("int Count", |_, a| Ok(count(a.obj::<View>(0)?.dictionary.table.read().len()))),
    hidden(p("bool IsReadOnly", |_, _| Ok(Value::Bool(true)))),
    hidden(m("bool Contains(object item)", |cx, a| {
        Ok(Value::Bool(super::array::index_of(cx, a.get(0), a.get(1))?.is_some()))
    })),
];

/// `System.Collections.Generic.Dictionary<TKey, TValue>`
pub static DICTIONARY: TypeDef = class("System.Collections.Generic.Dictionary<TKey,TValue>")
    .implements("IDictionary<TKey, TValue>, IReadOnlyDictionary<TKey, TValue>, System.Collections.IDictionary")
    .rows(&[ROWS])
    .def();
/// The type of `Dictionary.Keys`.
pub static KEYS: TypeDef = class("System.Collections.Generic.Dictionary+KeyCollection<TKey,TValue>")
    .implements("ICollection<TKey>, IReadOnlyCollection<TKey>")
    .rows(&[VIEW_ROWS])
    .def();
/// The type of `Dictionary.Values`.
pub static VALUES: TypeDef = class("System.Collections.Generic.Dictionary+ValueCollection<TKey,TValue>")
    .implements("ICollection<TValue>, IReadOnlyCollection<TValue>")
    .rows(&[VIEW_ROWS])
    .def();
