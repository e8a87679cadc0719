//! `EqualityComparer<T>.Default` and `Comparer<T>.Default`.

use std::any::Any;

use apimite_dotnet::Thrown;

use crate::library::rows::{Row, m, p};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Value};

/// The default comparer of every type.
pub(crate) struct DefaultComparer;

impl Object for DefaultComparer {
    fn type_of(&self) -> Type {
        Type::generic(&EQUALITY_COMPARER, &[Type::object()])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The default order of every type, or one made of a `Comparison<T>`.
pub(crate) struct DefaultOrder(pub(crate) Option<Value>);

impl Object for DefaultOrder {
    fn type_of(&self) -> Type {
        Type::generic(&COMPARER, &[Type::object()])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Compares by an `IComparer<T>` argument; `null` is the default.
pub(crate) fn order(cx: &mut Cx<'_>, comparer: &Value, a: &Value, b: &Value) -> Result<std::cmp::Ordering, Thrown> {
    if comparer.is_null() {
        return cx.compare(a, b);
    }
    if let Some(own) = comparer.downcast::<DefaultOrder>() {
        return match own.0.clone() {
            None => cx.compare(a, b),
            Some(comparison) => Ok(cx.call2(&comparison, a.clone(), b.clone())?.as_int().cmp(&0)),
        };
    }
    if let (Some(strings), Some(x), Some(y)) =
        (comparer.downcast::<crate::library::text::comparers::Comparer>(), a.as_str(), b.as_str())
    {
        return Ok(strings.0.compare(x, y).cmp(&0));
    }
    Ok(cx.call_named("Compare", &mut [comparer.clone(), a.clone(), b.clone()])?.as_int().cmp(&0))
}

static EQUALITY_ROWS: &[Row] = &[
    p("static EqualityComparer<T> Default", |_, _| Ok(Value::object(DefaultComparer))),
    m("bool Equals(T x, T y)", |cx, a| {
        let (x, y) = (a.get(1).clone(), a.get(2).clone());
        Ok(Value::Bool(cx.equals(&x, &y)?))
    }),
    m("int GetHashCode(T obj)", |cx, a| {
        let x = a.get(1).clone();
        #[expect(clippy::cast_possible_truncation, reason = "a hash is folded")]
        let code = cx.hash(&x)? as u32;
        Ok(Value::Int(code.cast_signed()))
    }),
];

static ORDER_ROWS: &[Row] = &[
    p("static Comparer<T> Default", |_, _| Ok(Value::object(DefaultOrder(None)))),
    m("static Comparer<T> Create(Comparison<T> comparison)", |_, a| {
        Ok(Value::object(DefaultOrder(Some(a.need(0, "comparison")?.clone()))))
    }),
    m("int Compare(T x, T y)", |cx, a| {
        let (c, x, y) = (a.get(0).clone(), a.get(1).clone(), a.get(2).clone());
        Ok(Value::Int(order(cx, &c, &x, &y)? as i32))
    }),
];

/// `EqualityComparer<T>`
pub static EQUALITY_COMPARER: TypeDef = class("System.Collections.Generic.EqualityComparer<T>")
    .implements("IEqualityComparer<T>")
    .abstract_()
    .unlisted()
    .rows(&[EQUALITY_ROWS])
    .def();
/// `Comparer<T>`
pub static COMPARER: TypeDef = class("System.Collections.Generic.Comparer<T>")
    .implements("IComparer<T>")
    .abstract_()
    .unlisted()
    .rows(&[ORDER_ROWS])
    .def();
