//! `ReadOnlyCollection<T>`: a view of a list.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use crate::library::rows::{Row, ctor, hidden, m, p};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Object, Value};

struct View {
    ty: Type,
    list: Value,
}

/// A read-only view of a list or array.
pub(crate) fn readonly_value(element: Type, list: Value) -> Value {
    Value::object(View { ty: Type::generic(&READONLY, &[element.erased()]), list })
}

impl Object for View {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(cx.iterate(&self.list))
    }
}

fn refused() -> Thrown {
    Exception::new(ExceptionKind::NotSupported, "Collection is read-only.")
}

static ROWS: &[Row] = &[
    ctor("(IList<T> list)", |_, a| Ok(readonly_value(a.ty(0), a.need(0, "list")?.clone()))),
    p("int Count", |cx, a| {
        let list = a.obj::<View>(0)?.list.clone();
        Ok(Value::Int(i32::try_from(cx.collect(&list)?.len()).unwrap_or(i32::MAX)))
    }),
    hidden(p("bool IsReadOnly", |_, _| Ok(Value::Bool(true)))),
    p("T this[int index]", |cx, a| {
        let list = a.obj::<View>(0)?.list.clone();
        let items = cx.collect(&list)?;
        usize::try_from(a.int(1)).ok().and_then(|i| items.get(i).cloned()).ok_or_else(|| {
            Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')",
            )
        })
    }),
    m("bool Contains(T value)", |cx, a| Ok(Value::Bool(super::array::index_of(cx, a.get(0), a.get(1))?.is_some()))),
    m("int IndexOf(T value)", |cx, a| {
        let at = super::array::index_of(cx, a.get(0), a.get(1))?;
        Ok(Value::Int(at.and_then(|i| i32::try_from(i).ok()).unwrap_or(-1)))
    }),
    m("void CopyTo(T[] array, int index)", |cx, a| super::array::copy_into(cx, &a, 1, a.int(2))),
    hidden(m("void Add(T item)", |_, _| Err(refused()))),
    hidden(m("void Clear()", |_, _| Err(refused()))),
    hidden(m("bool Remove(T item)", |_, _| Err(refused()))),
    hidden(m("void Insert(int index, T item)", |_, _| Err(refused()))),
    hidden(m("void RemoveAt(int index)", |_, _| Err(refused()))),
];

/// `System.Collections.ObjectModel.ReadOnlyCollection<T>`
pub static READONLY: TypeDef = class("System.Collections.ObjectModel.ReadOnlyCollection<T>")
    .implements("IList<T>, IReadOnlyList<T>")
    .rows(&[ROWS])
    .def();
