//! Lazy sequences.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::Thrown;

use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Enumerator, Object, Value};

type Start = Box<dyn Fn(&mut Cx<'_>) -> Result<Each, Thrown> + Send + Sync>;

struct Lazy {
    element: Type,
    start: Option<Start>,
}

impl Drop for Lazy {
    fn drop(&mut self) {
        if let Some(start) = self.start.take() {
            crate::value::release::code(Box::new(start));
        }
    }
}

impl Object for Lazy {
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
    Value::object(Lazy { element, start: Some(Box::new(start)) })
}

struct Running<F: Send + 'static>(Option<F>);

impl<F: Send + 'static> Drop for Running<F> {
    fn drop(&mut self) {
        if let Some(next) = self.0.take() {
            crate::value::release::code(Box::new(next));
        }
    }
}

impl<F> Enumerator for Running<F>
where
    F: FnMut(&mut Cx<'_>) -> Result<Option<Value>, Thrown> + Send + 'static,
{
    fn next(&mut self, cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        cx.guard()?;
        match &mut self.0 {
            Some(next) => next(cx),
            None => Ok(None),
        }
    }
}

/// An enumeration of a function that gives the next element.
pub(crate) fn running(next: impl FnMut(&mut Cx<'_>) -> Result<Option<Value>, Thrown> + Send + 'static) -> Each {
    Box::new(Running(Some(next)))
}
