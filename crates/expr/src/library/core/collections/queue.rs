//! `Queue<T>` and `Stack<T>`.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use apimite_dotnet::{Exception, ExceptionKind, Thrown};
use parking_lot::RwLock;

use super::array::array_value;
use super::list::changed;
use crate::library::rows::{Args, Row, ctor, m, p};
use crate::library::typedef::{TypeDef, class};
use crate::run::{Cx, default_value};
use crate::types::Type;
use crate::value::{Each, Enumerator, Object, Value};

/// A queue, or a stack whose top is the front.
struct Line {
    ty: Type,
    state: RwLock<(VecDeque<Value>, u64)>,
}

impl Line {
    fn value(def: &'static TypeDef, element: Type, items: VecDeque<Value>) -> Value {
        Value::object(Self { ty: Type::generic(def, &[element.erased()]), state: RwLock::new((items, 0)) })
    }

    fn change<R>(&self, change: impl FnOnce(&mut VecDeque<Value>) -> R) -> R {
        let mut state = self.state.write();
        state.1 += 1;
        change(&mut state.0)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        crate::value::release::values(std::mem::take(&mut self.state.get_mut().0));
    }
}

impl Object for Line {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        let version = self.state.read().1;
        Some(Ok(Box::new(Walk { line: self, at: 0, version })))
    }
}

struct Walk {
    line: Arc<Line>,
    at: usize,
    version: u64,
}

impl Enumerator for Walk {
    fn next(&mut self, _cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        let state = self.line.state.read();
        if state.1 != self.version {
            return Err(changed());
        }
        self.at += 1;
        Ok(state.0.get(self.at - 1).cloned())
    }
}

fn empty(what: &str) -> Thrown {
    Exception::new(ExceptionKind::InvalidOperation, format!("{what} empty."))
}

fn take(a: &Args<'_>, what: &str) -> Result<Value, Thrown> {
    a.obj::<Line>(0)?.change(VecDeque::pop_front).ok_or_else(|| empty(what))
}

fn peek(a: &Args<'_>, what: &str) -> Result<Value, Thrown> {
    a.obj::<Line>(0)?.state.read().0.front().cloned().ok_or_else(|| empty(what))
}

fn try_get(a: &mut Args<'_>, found: Option<Value>) -> Value {
    let ok = found.is_some();
    let default = default_value(a.ty(0));
    a.put(1, found.unwrap_or(default));
    Value::Bool(ok)
}

fn capacity(a: &Args<'_>) -> Result<(), Thrown> {
    if a.int(0) < 0 {
        return Err(Exception::new(
            ExceptionKind::ArgumentOutOfRange,
            "Non-negative number required. (Parameter 'capacity')",
        ));
    }
    Ok(())
}

static COMMON: &[Row] = &[
    p("int Count", |_, a| Ok(Value::Int(i32::try_from(a.obj::<Line>(0)?.state.read().0.len()).unwrap_or(i32::MAX)))),
    m("void Clear()", |_, a| {
        a.obj::<Line>(0)?.change(VecDeque::clear);
        Ok(Value::Null)
    }),
    m("bool Contains(T item)", |cx, a| Ok(Value::Bool(super::array::index_of(cx, a.get(0), a.get(1))?.is_some()))),
    m("T[] ToArray()", |_, a| {
        let items = a.obj::<Line>(0)?.state.read().0.iter().cloned().collect();
        Ok(array_value(a.ty(0), items))
    }),
    m("void CopyTo(T[] array, int arrayIndex)", |cx, a| super::array::copy_into(cx, &a, 1, a.int(2))),
    m("void TrimExcess()", |_, _| Ok(Value::Null)),
];

static QUEUE_ROWS: &[Row] = &[
    ctor("()", |_, a| Ok(Line::value(&QUEUE, a.ty(0), VecDeque::new()))),
    ctor("(int capacity)", |_, a| {
        capacity(&a)?;
        Ok(Line::value(&QUEUE, a.ty(0), VecDeque::new()))
    }),
    ctor("(IEnumerable<T> collection)", |cx, a| {
        let items = cx.collect(a.need(0, "collection")?)?;
        Ok(Line::value(&QUEUE, a.ty(0), items.into()))
    }),
    m("void Enqueue(T item)", |cx, mut a| {
        cx.charge(size_of::<Value>())?;
        let item = a.take(1);
        a.obj::<Line>(0)?.change(|q| q.push_back(item));
        Ok(Value::Null)
    }),
    m("T Dequeue()", |_, a| take(&a, "Queue")),
    m("T Peek()", |_, a| peek(&a, "Queue")),
    m("bool TryDequeue(out T result)", |_, mut a| {
        let found = a.obj::<Line>(0)?.change(VecDeque::pop_front);
        Ok(try_get(&mut a, found))
    })
    .core_only(),
    m("bool TryPeek(out T result)", |_, mut a| {
        let found = a.obj::<Line>(0)?.state.read().0.front().cloned();
        Ok(try_get(&mut a, found))
    })
    .core_only(),
];

static STACK_ROWS: &[Row] = &[
    ctor("()", |_, a| Ok(Line::value(&STACK, a.ty(0), VecDeque::new()))),
    ctor("(int capacity)", |_, a| {
        capacity(&a)?;
        Ok(Line::value(&STACK, a.ty(0), VecDeque::new()))
    }),
    ctor("(IEnumerable<T> collection)", |cx, a| {
        let items = cx.collect(a.need(0, "collection")?)?;
        Ok(Line::value(&STACK, a.ty(0), items.into_iter().rev().collect()))
    }),
    m("void Push(T item)", |cx, mut a| {
        cx.charge(size_of::<Value>())?;
        let item = a.take(1);
        a.obj::<Line>(0)?.change(|q| q.push_front(item));
        Ok(Value::Null)
    }),
    m("T Pop()", |_, a| take(&a, "Stack")),
    m("T Peek()", |_, a| peek(&a, "Stack")),
    m("bool TryPop(out T result)", |_, mut a| {
        let found = a.obj::<Line>(0)?.change(VecDeque::pop_front);
        Ok(try_get(&mut a, found))
    })
    .core_only(),
    m("bool TryPeek(out T result)", |_, mut a| {
        let found = a.obj::<Line>(0)?.state.read().0.front().cloned();
        Ok(try_get(&mut a, found))
    })
    .core_only(),
];

/// `System.Collections.Generic.Queue<T>`
pub static QUEUE: TypeDef = class("System.Collections.Generic.Queue<T>")
    .implements("IReadOnlyCollection<T>, System.Collections.ICollection")
    .rows(&[COMMON, QUEUE_ROWS])
    .def();
/// `System.Collections.Generic.Stack<T>`
pub static STACK: TypeDef = class("System.Collections.Generic.Stack<T>")
    .implements("IReadOnlyCollection<T>, System.Collections.ICollection")
    .rows(&[COMMON, STACK_ROWS])
    .def();
