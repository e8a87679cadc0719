//! Lazy sequences.

use std::any::Any;
use std::cell::Cell;
use std::sync::Arc;

use apimite_dotnet::Thrown;

use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Enumerator, Object, Value};

struct Lazy<F: Fn(&mut Cx<'_>) -> Result<Each, Thrown> + Send + Sync + 'static> {
    element: Type,
    start: Option<F>,
}

thread_local! {
    /// How many sequences are being let go, one inside the other.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Sequences over sequences that are let go directly; deeper ones wait for their turn.
const DIRECT: u32 = 64;

impl<F: Fn(&mut Cx<'_>) -> Result<Each, Thrown> + Send + Sync + 'static> Drop for Lazy<F> {
    fn drop(&mut self) {
        let Some(start) = self.start.take() else { return };
        let depth = DEPTH.try_with(Cell::get).unwrap_or(DIRECT);
        if depth < DIRECT {
            let _ = DEPTH.try_with(|held| held.set(depth + 1));
            drop(start);
            let _ = DEPTH.try_with(|held| held.set(depth));
        } else {
            crate::value::release::code(Box::new(start));
        }
    }
}

impl<F: Fn(&mut Cx<'_>) -> Result<Each, Thrown> + Send + Sync + 'static> Object for Lazy<F> {
    fn type_of(&self) -> Type {
        Type::enumerable(self.element.erased())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        let start = self.start.as_ref()?;
        Some(cx.guard().and_then(|()| start(cx)))
    }

    fn is_internal(&self) -> bool {
        true
    }
}

/// A sequence that starts anew each time it is read.
pub(crate) fn lazy(
    element: Type,
    start: impl Fn(&mut Cx<'_>) -> Result<Each, Thrown> + Send + Sync + 'static,
) -> Value {
    Value::object(Lazy { element, start: Some(start) })
}

struct Running<F: Send + 'static>(F);

impl<F> Enumerator for Running<F>
where
    F: FnMut(&mut Cx<'_>) -> Result<Option<Value>, Thrown> + Send + 'static,
{
    fn next(&mut self, cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        cx.guard()?;
        (self.0)(cx)
    }
}

/// An enumeration of a function that gives the next element. Enumerations are nested as deep as the stack allows when they start,
/// so letting them go needs no care.
pub(crate) fn running(next: impl FnMut(&mut Cx<'_>) -> Result<Option<Value>, Thrown> + Send + 'static) -> Each {
    Box::new(Running(next))
}
