//! What an object of the library must say about itself.

use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use apimite_dotnet::Thrown;

use super::{Str, Value};
use crate::run::Cx;
use crate::types::Type;

/// A shared object.
pub type Obj = Arc<dyn Object>;

/// A running enumeration.
pub type Each = Box<dyn Enumerator>;

/// A .NET reference object (or a boxed struct). Mutable state stands behind a lock inside it.
pub trait Object: Any + Send + Sync + IntoAny {
    /// The run-time type.
    fn type_of(&self) -> Type;

    /// For downcasts: `self`.
    fn as_any(&self) -> &dyn Any;

    /// What `ReferenceEquals` compares where several Rust objects stand for one .NET object; `None` compares the Rust objects.
    fn identity(&self) -> Option<(usize, u32)> {
        None
    }

    /// `ToString()`; `None` gives the type's name.
    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        None
    }

    /// `ToString(format, invariant)`; `None` means that the type is not formattable.
    fn format(&self, _format: &str, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        None
    }

    /// `Equals(object)`; `None` compares references.
    fn equals(&self, _other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        None
    }

    /// `GetHashCode()` in agreement with [`Object::equals`]; `None` hashes the reference.
    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        None
    }

    /// `IComparable.CompareTo`; `None` means that the type cannot be compared.
    fn compare(&self, _other: &Value, _cx: &mut Cx<'_>) -> Option<Result<Ordering, Thrown>> {
        None
    }

    /// `GetEnumerator()`; `None` means that it is no sequence.
    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        None
    }

    /// The delegate it is, if it is one.
    fn callable(&self) -> Option<&dyn Callable> {
        None
    }

    /// `Dispose()`.
    fn dispose(&self) {}

    /// Is it a lazy sequence or another object that .NET keeps internal? It is then named `IEnumerable<T>` to people.
    fn is_internal(&self) -> bool {
        false
    }
}

/// Gives a shared object as `Any`, for downcasts of the pointer itself. Carried out for every type.
pub trait IntoAny {
    /// The same object.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<T: Any + Send + Sync> IntoAny for T {
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// A sequence being read.
pub trait Enumerator: Send {
    /// `MoveNext` and `Current` in one.
    ///
    /// # Errors
    /// What the sequence throws while it is read.
    fn next(&mut self, cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown>;
}

/// A delegate.
pub trait Callable {
    /// Runs it. `args` are given back as they are after the call (for `ref` and `out`).
    ///
    /// # Errors
    /// What the body throws.
    fn invoke(&self, cx: &mut Cx<'_>, args: &mut [Value]) -> Result<Value, Thrown>;

    /// Runs it with one argument by value.
    ///
    /// # Errors
    /// What the body throws.
    fn invoke1(&self, cx: &mut Cx<'_>, arg: Value) -> Result<Value, Thrown> {
        self.invoke(cx, &mut [arg])
    }

    /// Runs it with one argument by value, as a condition.
    ///
    /// # Errors
    /// What the body throws.
    fn test(&self, cx: &mut Cx<'_>, arg: Value) -> Result<bool, Thrown> {
        self.invoke1(cx, arg).map(|value| value.as_bool())
    }
}
