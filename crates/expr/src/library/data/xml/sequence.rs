//! Sequences of nodes that members give.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::Thrown;
use apimite_dotnet::xml::XObject;

use super::object::node_value;
use crate::library::typedef::TypeDef;
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Enumerator, Object, Value};

struct Found {
    ty: Type,
    items: Vec<Value>,
}

/// An `IEnumerable<T>` of nodes.
pub(super) fn nodes(def: &'static TypeDef, items: Vec<XObject>) -> Value {
    let items = items.into_iter().map(node_value).collect();
    Value::object(Found { ty: Type::enumerable(Type::of(def)), items })
}

impl Object for Found {
    fn type_of(&self) -> Type {
        self.ty
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn is_internal(&self) -> bool {
        true
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(Ok(Box::new(Walk { items: self.items.clone().into_iter() })))
    }
}

struct Walk {
    items: std::vec::IntoIter<Value>,
}

impl Enumerator for Walk {
    fn next(&mut self, _cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        Ok(self.items.next())
    }
}
