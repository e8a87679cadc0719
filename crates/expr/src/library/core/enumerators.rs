//! An enumeration as an object: what `GetEnumerator()` gives to source.

use std::any::Any;

use apimite_dotnet::Thrown;
use parking_lot::Mutex;

use crate::library::rows::{Row, m, p};
use crate::library::typedef::{TypeDef, interface};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Object, Value};

/// A running enumeration with its current element.
pub struct Running {
    ty: Type,
    /// What is read, where `Reset` may start it anew.
    source: Value,
    state: Mutex<State>,
}

struct State {
    each: Option<Each>,
    current: Value,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    On,
    Behind,
}

impl Running {
    pub(crate) fn new(each: Each, ty: Type) -> Self {
        Self::over(each, ty, Value::Null)
    }

    /// The enumeration of a collection.
    pub(crate) fn over(each: Each, ty: Type, source: Value) -> Self {
        let source = match source {
            Value::Object(object) if object.is_internal() => Value::Null,
            other => other,
        };
        Self { ty, source, state: Mutex::new(State { each: Some(each), current: Value::Null, place: Place::Before }) }
    }

    /// `Current`. Between elements it is the default value, or an exception: always for arrays and texts, else through the
    /// interface without a type.
    fn current(&self, untyped: bool) -> Result<Value, Thrown> {
        let state = self.state.lock();
        if state.place == Place::On {
            return Ok(state.current.clone());
        }
        let array = self.source.downcast::<super::collections::ArrayObject>().is_some();
        if array || matches!(self.source, Value::Str(_)) || (untyped && !self.source.is_null()) {
            return Err(apimite_dotnet::Exception::new(
                apimite_dotnet::ExceptionKind::InvalidOperation,
                match state.place {
                    Place::Behind => "Enumeration already finished.",
                    _ => "Enumeration has not started. Call MoveNext.",
                },
            ));
        }
        Ok(self.ty.args().first().map_or(Value::Null, |ty| crate::run::default_value(*ty)))
    }

    fn advance(&self, cx: &mut Cx<'_>) -> Result<bool, Thrown> {
        // Taken out while it runs, so that a sequence that reads itself does not lock up.
        let Some(mut each) = self.state.lock().each.take() else { return Ok(false) };
        cx.step()?;
        let next = each.next(cx)?;
        let mut state = self.state.lock();
        Ok(match next {
            Some(value) => {
                state.each = Some(each);
                state.current = value;
                state.place = Place::On;
                true
            }
            None => {
                state.current = Value::Null;
                state.place = Place::Behind;
                false
            }
        })
    }
}

impl Object for Running {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn dispose(&self) {
        let each = self.state.lock().each.take();
        drop(each);
    }

    /// What is left of it: `foreach` over a type with a `GetEnumerator` of its own reads the enumerator.
    fn each(self: std::sync::Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        self.state.lock().each.take().map(Ok)
    }
}

static ROWS: &[Row] = &[
    m("bool MoveNext()", |cx, mut a| {
        let this = a.take(0);
        Ok(Value::Bool(match this.downcast::<Running>() {
            Some(running) => running.advance(cx)?,
            None => false,
        }))
    }),
    m("void Reset()", |cx, a| {
        let running = a.obj::<Running>(0)?;
        if !running.source.is_null() {
            let each = cx.iterate(&running.source)?;
            *running.state.lock() = State { each: Some(each), current: Value::Null, place: Place::Before };
            return Ok(Value::Null);
        }
        Err(apimite_dotnet::Exception::new(
            apimite_dotnet::ExceptionKind::NotSupported,
            "Specified method is not supported.",
        ))
    }),
];

/// `System.Collections.IEnumerator`
pub static IENUMERATOR: TypeDef = interface("System.Collections.IEnumerator")
    .unlisted()
    .rows(&[ROWS, &[p("object Current", |_, a| a.obj::<Running>(0)?.current(true))]])
    .def();
/// `System.Collections.Generic.IEnumerator<T>`
pub static IENUMERATOR_OF: TypeDef = interface("System.Collections.Generic.IEnumerator<out T>")
    .implements("System.Collections.IEnumerator, IDisposable")
    .rows(&[&[
        p("T Current", |_, a| a.obj::<Running>(0)?.current(false)),
        m("void Dispose()", |_, a| {
            a.obj::<Running>(0)?.dispose();
            Ok(Value::Null)
        }),
    ]])
    .def();

pub(crate) static TYPES: &[&TypeDef] = &[&IENUMERATOR, &IENUMERATOR_OF];
