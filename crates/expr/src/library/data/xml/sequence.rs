//! Sequences of nodes that members give.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::Thrown;
use apimite_dotnet::xml::{Axis, Walk, XName, XObject};

use super::object::{Node, node_value};
use crate::library::core::linq::{lazy, running};
use crate::library::typedef::TypeDef;
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Enumerator, Object, Value};

struct Found {
    ty: Type,
    items: Vec<Value>,
}

/// An `IEnumerable<T>` of nodes that were found.
pub(super) fn nodes(def: &'static TypeDef, items: Vec<XObject>) -> Value {
    let items = items.into_iter().map(node_value).collect();
    Value::object(Found { ty: Type::enumerable(Type::of(def)), items })
}

/// An axis of one node, walked anew each time it is read.
pub(super) fn axis(def: &'static TypeDef, of: &XObject, axis: Axis, name: Option<&XName>) -> Value {
    let (of, name) = (of.clone(), name.cloned());
    lazy(Type::of(def), move |_| {
        let mut walk = Walk::new(of.clone(), axis, name.clone());
        Ok(running(move |cx| {
            cx.step()?;
            Ok(walk.advance()?.map(node_value))
        }))
    })
}

/// The axes of every node of a sequence, one after the other.
pub(super) fn axes(def: &'static TypeDef, source: Value, axis: Axis, name: Option<&XName>) -> Value {
    let name = name.cloned();
    lazy(Type::of(def), move |cx| {
        let (mut each, name) = (cx.iterate(&source)?, name.clone());
        let mut walk: Option<Walk> = None;
        Ok(running(move |cx| {
            loop {
                cx.step()?;
                if let Some(node) = walk.as_mut().map_or(Ok(None), Walk::advance)? {
                    return Ok(Some(node_value(node)));
                }
                let Some(item) = each.next(cx)? else { return Ok(None) };
                walk = item.downcast::<Node>().map(|node| Walk::new(node.0.clone(), axis, name.clone()));
            }
        }))
    })
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
        Some(Ok(Box::new(Listed { items: self.items.clone().into_iter() })))
    }
}

struct Listed {
    items: std::vec::IntoIter<Value>,
}

impl Enumerator for Listed {
    fn next(&mut self, _cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        Ok(self.items.next())
    }
}
