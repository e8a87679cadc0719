//! `System.StringComparer`.

use std::any::Any;
use std::cmp::Ordering;

use apimite_dotnet::messages::argument_null;
use apimite_dotnet::text::{Comparison, chars, hash};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use crate::library::rows::{Args, Row, m, p};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// A comparer.
pub(crate) struct Comparer(pub(crate) Comparison);

impl Object for Comparer {
    fn type_of(&self) -> Type {
        Type::of(&STRING_COMPARER)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|o| o.0 == self.0)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(u64::from(self.0.ignores_case())))
    }
}

fn comparer(comparison: Comparison) -> Result<Value, Thrown> {
    Ok(Value::object(Comparer(comparison)))
}

/// `Compare(x, y)`: `null` first.
fn compare(a: &Args<'_>) -> Result<Value, Thrown> {
    let comparison = a.obj::<Comparer>(0)?.0;
    let (x, y) = (a.str(1), a.str(2));
    Ok(Value::Int(match (x, y) {
        (Some(x), Some(y)) => comparison.compare(x, y),
        _ => x.is_some().cmp(&y.is_some()) as i32,
    }))
}

fn equals(a: &Args<'_>) -> Result<Value, Thrown> {
    let comparison = a.obj::<Comparer>(0)?.0;
    Ok(Value::Bool(match (a.str(1), a.str(2)) {
        (Some(x), Some(y)) => comparison.equal(x, y),
        (None, None) => true,
        _ => false,
    }))
}

/// A hash that is equal for texts that the comparison calls equal.
pub(crate) fn hash_of(comparison: Comparison, text: &str) -> i32 {
    match comparison {
        Comparison::Ordinal => hash::of_text(text),
        _ => hash::of_text(&chars::upper_text(text)),
    }
}

fn other_objects(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Ordering, Thrown> {
    let (x, y) = (a.get(1).clone(), a.get(2).clone());
    cx.compare(&x, &y)
}

static ROWS: &[Row] = &[
    p("static StringComparer Ordinal", |_, _| comparer(Comparison::Ordinal)),
    p("static StringComparer OrdinalIgnoreCase", |_, _| comparer(Comparison::OrdinalIgnoreCase)),
    p("static StringComparer InvariantCulture", |_, _| comparer(Comparison::Culture { ignore_case: false })),
    p("static StringComparer InvariantCultureIgnoreCase", |_, _| comparer(Comparison::Culture { ignore_case: true })),
    p("static StringComparer CurrentCulture", |_, _| comparer(Comparison::Culture { ignore_case: false })),
    p("static StringComparer CurrentCultureIgnoreCase", |_, _| comparer(Comparison::Culture { ignore_case: true })),
    m("static StringComparer FromComparison(StringComparison comparisonType)", |_, a| {
        comparer(Comparison::from_number(a.number(0))?)
    })
    .core_only(),
    m("static StringComparer Create(System.Globalization.CultureInfo culture, bool ignoreCase)", |_, a| {
        comparer(Comparison::Culture { ignore_case: a.bool(1) })
    }),
    m("int Compare(string x, string y)", |_, a| compare(&a)),
    m("int Compare(object x, object y)", |cx, a| match (a.get(1), a.get(2)) {
        (Value::Str(_) | Value::Null, Value::Str(_) | Value::Null) => compare(&a),
        _ => other_objects(cx, &a).map(|order| Value::Int(order as i32)),
    }),
    m("bool Equals(string x, string y)", |_, a| equals(&a)),
    m("bool Equals(object x, object y)", |cx, a| match (a.get(1), a.get(2)) {
        (Value::Str(_) | Value::Null, Value::Str(_) | Value::Null) => equals(&a),
        (x, y) => {
            let (x, y) = (x.clone(), y.clone());
            cx.equals(&x, &y).map(Value::Bool)
        }
    }),
    m("int GetHashCode(string obj)", |_, a| {
        let text = a.str(1).map(Str::as_str).ok_or_else(|| argument_null("obj"))?;
        Ok(Value::Int(hash_of(a.obj::<Comparer>(0)?.0, text)))
    }),
    m("int GetHashCode(object obj)", |_, a| match a.get(1) {
        Value::Str(text) => Ok(Value::Int(hash_of(a.obj::<Comparer>(0)?.0, text))),
        Value::Null => Err(argument_null("obj")),
        _ => Err(Exception::new(ExceptionKind::NotSupported, "Specified method is not supported.")),
    }),
];

/// `System.StringComparer`
pub static STRING_COMPARER: TypeDef = class("System.StringComparer")
    .implements("System.Collections.Generic.IComparer<string>, System.Collections.Generic.IEqualityComparer<string>")
    .abstract_()
    .rows(&[ROWS])
    .def();
