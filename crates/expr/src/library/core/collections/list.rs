//! `List<T>`.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::{Exception, ExceptionKind, Thrown};
use parking_lot::RwLock;

use crate::library::rows::{Args, Row, ctor, m, p, set};
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
    version: u64,
}

/// A list with its elements.
pub fn list_value(element: Type, items: Vec<Value>) -> Value {
    Value::object(ListObject {
        ty: Type::generic(&LIST, &[element.erased()]),
        state: RwLock::new(State { items, version: 0 }),
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
        change(&mut state.items)
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

static ROWS: &[Row] = &[
    ctor("()", |_, a| Ok(list_value(a.ty(0), Vec::new()))),
    ctor("(int capacity)", |_, a| {
        if a.int(0) < 0 {
            return Err(Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                "Non-negative number required. (Parameter 'capacity')",
            ));
        }
        Ok(list_value(a.ty(0), Vec::new()))
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
