//! `List<T>`.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::{Exception, ExceptionKind, Thrown, made};
use parking_lot::RwLock;

use crate::library::rows::{Args, Row, ctor, hidden, m, p, set};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Enumerator, Object, Value};

/// A `List<T>`.
pub struct ListObject {
    ty: Type,
    state: RwLock<State>,
}

struct State {
    items: Vec<Value>,
    /// What `Capacity` says.
    capacity: usize,
    version: u64,
}

/// A list with its elements.
pub fn list_value(element: Type, items: Vec<Value>) -> Value {
    made::note(items.len() * size_of::<Value>());
    Value::object(ListObject {
        ty: Type::generic(&LIST, &[element.erased()]),
        state: RwLock::new(State { capacity: items.len(), items, version: 0 }),
    })
}

impl ListObject {
    /// A copy of the elements.
    pub fn items(&self) -> Vec<Value> {
        self.state.read().items.clone()
    }

    /// Changes the elements; running enumerations notice.
    pub fn change<R>(&self, change: impl FnOnce(&mut Vec<Value>) -> R) -> R {
        let mut state = self.state.write();
        state.version += 1;
        let before = state.items.len();
        let result = change(&mut state.items);
        let length = state.items.len();
        made::note(length.saturating_sub(before) * size_of::<Value>());
        if length > state.capacity {
            state.capacity = length.max(state.capacity * 2).max(4);
        }
        result
    }
}

impl Drop for ListObject {
    fn drop(&mut self) {
        crate::value::release::values(std::mem::take(&mut self.state.get_mut().items));
    }
}

impl Object for ListObject {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        let version = self.state.read().version;
        Some(Ok(Box::new(Walk { list: self, at: 0, version })))
    }
}

struct Walk {
    list: Arc<ListObject>,
    at: usize,
    version: u64,
}

impl Enumerator for Walk {
    fn next(&mut self, _cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        let state = self.list.state.read();
        if state.version != self.version {
            return Err(changed());
        }
        let item = state.items.get(self.at).cloned();
        self.at += 1;
        Ok(item)
    }
}

/// What an enumeration says when the collection changed under it.
pub(crate) fn changed() -> Thrown {
    Exception::new(ExceptionKind::InvalidOperation, "Collection was modified; enumeration operation may not execute.")
}

fn bad_index() -> Thrown {
    Exception::new(
        ExceptionKind::ArgumentOutOfRange,
        "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')",
    )
}

fn index(a: &Args<'_>, at: usize, limit: usize) -> Result<usize, Thrown> {
    usize::try_from(a.int(at)).ok().filter(|i| *i < limit).ok_or_else(bad_index)
}

fn place(at: i32, limit: usize, message: &str) -> Result<usize, Thrown> {
    usize::try_from(at)
        .ok()
        .filter(|i| *i <= limit)
        .ok_or_else(|| Exception::new(ExceptionKind::ArgumentOutOfRange, message))
}

/// `index, count` as a range.
fn range(a: &Args<'_>, length: usize) -> Result<(usize, usize), Thrown> {
    let negative = |name: &str| {
        Exception::new(ExceptionKind::ArgumentOutOfRange, format!("Non-negative number required. (Parameter '{name}')"))
    };
    let from = usize::try_from(a.int(1)).map_err(|_| negative("index"))?;
    let count = usize::try_from(a.int(2)).map_err(|_| negative("count"))?;
    if from + count > length {
        return Err(Exception::new(
            ExceptionKind::Argument,
            "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.",
        ));
    }
    Ok((from, from + count))
}

fn at_or_minus_one(at: Option<usize>) -> Value {
    Value::Int(at.and_then(|i| i32::try_from(i).ok()).unwrap_or(-1))
}

fn sort(cx: &mut Cx<'_>, a: &Args<'_>, comparer: &Value) -> Result<Value, Thrown> {
    let list = a.obj::<ListObject>(0)?;
    let mut items = list.items();
    super::sort::sort_by(cx, &mut items, |cx, x, y| super::comparers::order(cx, comparer, x, y))?;
    list.change(|own| *own = items);
    Ok(Value::Null)
}

fn search(cx: &mut Cx<'_>, a: &Args<'_>, backwards: bool) -> Result<Option<(usize, Value)>, Thrown> {
    let test = a.need(1, "match")?.clone();
    let mut items: Vec<(usize, Value)> = a.obj::<ListObject>(0)?.items().into_iter().enumerate().collect();
    if backwards {
        items.reverse();
    }
    for (at, item) in items {
        if cx.test(&test, item.clone())? {
            return Ok(Some((at, item)));
        }
    }
    Ok(None)
}

static ROWS: &[Row] = &[
    ctor("()", |_, a| Ok(list_value(a.ty(0), Vec::new()))),
    ctor("(int capacity)", |_, a| {
        if a.int(0) < 0 {
            return Err(Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                "Non-negative number required. (Parameter 'capacity')",
            ));
        }
        let list = list_value(a.ty(0), Vec::new());
        if let Some(own) = list.downcast::<ListObject>() {
            own.state.write().capacity = usize::try_from(a.int(0)).unwrap_or(0);
        }
        Ok(list)
    }),
    ctor("(IEnumerable<T> collection)", |cx, a| {
        let items = cx.collect(a.need(0, "collection")?)?;
        Ok(list_value(a.ty(0), items))
    }),
    p("int Count", |_, a| {
        Ok(Value::Int(i32::try_from(a.obj::<ListObject>(0)?.state.read().items.len()).unwrap_or(i32::MAX)))
    }),
    p("T this[int index]", |_, a| {
        let list = a.obj::<ListObject>(0)?.state.read();
        Ok(list.items[index(&a, 1, list.items.len())?].clone())
    }),
    set("T this[int index]", |_, mut a| {
        let value = a.take(2);
        let list = a.obj::<ListObject>(0)?;
        let at = index(&a, 1, list.state.read().items.len())?;
        list.change(|items| items[at] = value);
        Ok(Value::Null)
    }),
    p("int Capacity", |_, a| {
        Ok(Value::Int(i32::try_from(a.obj::<ListObject>(0)?.state.read().capacity).unwrap_or(i32::MAX)))
    }),
    hidden(p("bool IsReadOnly", |_, _| Ok(Value::Bool(false)))),
    m("void AddRange(IEnumerable<T> collection)", |cx, a| {
        let more = cx.collect(a.need(1, "collection")?)?;
        a.obj::<ListObject>(0)?.change(|items| items.extend(more));
        Ok(Value::Null)
    }),
    m("void Insert(int index, T item)", |_, mut a| {
        let item = a.take(2);
        let list = a.obj::<ListObject>(0)?;
        let length = list.state.read().items.len();
        let at = place(a.int(1), length, "Index must be within the bounds of the List. (Parameter 'index')")?;
        list.change(|items| items.insert(at, item));
        Ok(Value::Null)
    }),
    m("void InsertRange(int index, IEnumerable<T> collection)", |cx, a| {
        let more = cx.collect(a.need(2, "collection")?)?;
        let list = a.obj::<ListObject>(0)?;
        let length = list.state.read().items.len();
        let at = place(
            a.int(1),
            length,
            "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')",
        )?;
        list.change(|items| items.splice(at..at, more).for_each(drop));
        Ok(Value::Null)
    }),
    m("bool Remove(T item)", |cx, a| {
        let list = a.obj::<ListObject>(0)?;
        let items = list.items();
        for (at, item) in items.iter().enumerate() {
            if cx.equals(item, a.get(1))? {
                list.change(|items| items.remove(at));
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
    m("void RemoveAt(int index)", |_, a| {
        let list = a.obj::<ListObject>(0)?;
        let at = index(&a, 1, list.state.read().items.len())?;
        list.change(|items| items.remove(at));
        Ok(Value::Null)
    }),
    m("void RemoveRange(int index, int count)", |_, a| {
        let list = a.obj::<ListObject>(0)?;
        let (from, to) = range(&a, list.state.read().items.len())?;
        list.change(|items| items.drain(from..to).for_each(drop));
        Ok(Value::Null)
    }),
    m("int RemoveAll(Predicate<T> match)", |cx, a| {
        let test = a.need(1, "match")?.clone();
        let list = a.obj::<ListObject>(0)?;
        let items = list.items();
        let before = items.len();
        let mut kept = Vec::new();
        for item in items {
            if !cx.test(&test, item.clone())? {
                kept.push(item);
            }
        }
        let removed = before - kept.len();
        list.change(|items| *items = kept);
        Ok(Value::Int(i32::try_from(removed).unwrap_or(i32::MAX)))
    }),
    m("void Clear()", |_, a| {
        a.obj::<ListObject>(0)?.change(Vec::clear);
        Ok(Value::Null)
    }),
    m("bool Contains(T item)", |cx, a| Ok(Value::Bool(super::array::index_of(cx, a.get(0), a.get(1))?.is_some()))),
    m("int IndexOf(T item)", |cx, a| Ok(at_or_minus_one(super::array::index_of(cx, a.get(0), a.get(1))?))),
    m("int IndexOf(T item, int index)", |cx, a| {
        let items = a.obj::<ListObject>(0)?.items();
        let from = place(
            a.int(2),
            items.len(),
            "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')",
        )?;
        for (at, item) in items.iter().enumerate().skip(from) {
            if cx.equals(item, a.get(1))? {
                return Ok(at_or_minus_one(Some(at)));
            }
        }
        Ok(Value::Int(-1))
    }),
    m("int LastIndexOf(T item)", |cx, a| {
        let items = a.obj::<ListObject>(0)?.items();
        for (at, item) in items.iter().enumerate().rev() {
            if cx.equals(item, a.get(1))? {
                return Ok(at_or_minus_one(Some(at)));
            }
        }
        Ok(Value::Int(-1))
    }),
    m("void Sort()", |cx, a| sort(cx, &a, &Value::Null)),
    m("void Sort(IComparer<T> comparer)", |cx, a| {
        let comparer = a.get(1).clone();
        sort(cx, &a, &comparer)
    }),
    m("void Sort(Comparison<T> comparison)", |cx, a| {
        let comparison = Value::object(super::comparers::DefaultOrder(Some(a.need(1, "comparison")?.clone())));
        sort(cx, &a, &comparison)
    }),
    m("void Reverse()", |_, a| {
        a.obj::<ListObject>(0)?.change(|items| items.reverse());
        Ok(Value::Null)
    }),
    m("void Reverse(int index, int count)", |_, a| {
        let list = a.obj::<ListObject>(0)?;
        let (from, to) = range(&a, list.state.read().items.len())?;
        list.change(|items| items[from..to].reverse());
        Ok(Value::Null)
    }),
    m("int BinarySearch(T item)", |cx, a| {
        let items = a.obj::<ListObject>(0)?.items();
        Ok(Value::Int(super::sort::binary_search(cx, &items, a.get(1), &Value::Null)?))
    }),
    m("int BinarySearch(T item, IComparer<T> comparer)", |cx, a| {
        let items = a.obj::<ListObject>(0)?.items();
        Ok(Value::Int(super::sort::binary_search(cx, &items, a.get(1), a.get(2))?))
    }),
    m("T Find(Predicate<T> match)", |cx, a| {
        let found = search(cx, &a, false)?;
        Ok(found.map_or_else(|| crate::run::default_value(a.ty(0)), |(_, v)| v))
    }),
    m("T FindLast(Predicate<T> match)", |cx, a| {
        let found = search(cx, &a, true)?;
        Ok(found.map_or_else(|| crate::run::default_value(a.ty(0)), |(_, v)| v))
    }),
    m("int FindIndex(Predicate<T> match)", |cx, a| Ok(at_or_minus_one(search(cx, &a, false)?.map(|(i, _)| i)))),
    m("int FindLastIndex(Predicate<T> match)", |cx, a| Ok(at_or_minus_one(search(cx, &a, true)?.map(|(i, _)| i)))),
    m("List<T> FindAll(Predicate<T> match)", |cx, a| {
        let test = a.need(1, "match")?.clone();
        let mut kept = Vec::new();
        for item in a.obj::<ListObject>(0)?.items() {
            if cx.test(&test, item.clone())? {
                kept.push(item);
            }
        }
        Ok(list_value(a.ty(0), kept))
    }),
    m("bool Exists(Predicate<T> match)", |cx, a| Ok(Value::Bool(search(cx, &a, false)?.is_some()))),
    m("bool TrueForAll(Predicate<T> match)", |cx, a| {
        let test = a.need(1, "match")?.clone();
        for item in a.obj::<ListObject>(0)?.items() {
            if !cx.test(&test, item)? {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }),
    m("void ForEach(Action<T> action)", |cx, a| {
        let action = a.need(1, "action")?.clone();
        let list = a.obj::<ListObject>(0)?;
        let version = list.state.read().version;
        for item in list.items() {
            cx.call1(&action, item)?;
            if list.state.read().version != version {
                return Err(changed());
            }
        }
        Ok(Value::Null)
    }),
    m("List<TOutput> ConvertAll<TOutput>(Converter<T, TOutput> converter)", |cx, a| {
        let convert = a.need(1, "converter")?.clone();
        let mut out = Vec::new();
        for item in a.obj::<ListObject>(0)?.items() {
            out.push(cx.call1(&convert, item)?);
        }
        Ok(list_value(a.ty(1), out))
    }),
    m("List<T> GetRange(int index, int count)", |_, a| {
        let items = a.obj::<ListObject>(0)?.items();
        let (from, to) = range(&a, items.len())?;
        Ok(list_value(a.ty(0), items[from..to].to_vec()))
    }),
    m("T[] ToArray()", |_, a| Ok(super::array::array_value(a.ty(0), a.obj::<ListObject>(0)?.items()))),
    m("System.Collections.ObjectModel.ReadOnlyCollection<T> AsReadOnly()", |_, a| {
        Ok(super::readonly::readonly_value(a.ty(0), a.get(0).clone()))
    }),
    m("void CopyTo(T[] array)", |cx, a| super::array::copy_into(cx, &a, 1, 0)),
    m("void CopyTo(T[] array, int arrayIndex)", |cx, a| super::array::copy_into(cx, &a, 1, a.int(2))),
    m("void TrimExcess()", |_, _| Ok(Value::Null)),
    m("void Add(T item)", |cx, mut a| {
        cx.charge(size_of::<Value>())?;
        let item = a.take(1);
        a.obj::<ListObject>(0)?.change(|items| items.push(item));
        Ok(Value::Null)
    })
    .impure(),
];

/// `System.Collections.Generic.List<T>`
pub static LIST: TypeDef = class("System.Collections.Generic.List<T>")
    .implements("IList<T>, IReadOnlyList<T>, System.Collections.IList")
    .rows(&[ROWS])
    .def();
