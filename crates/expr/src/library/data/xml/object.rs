//! A node or attribute as a value of the engine.

use std::any::Any;

use apimite_dotnet::Thrown;
use apimite_dotnet::xml::{NodeKind, XObject};

use super::{element, node};
use crate::library::rows::Args;
use crate::library::typedef::TypeDef;
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// An `XObject`.
pub struct Node(pub XObject);

/// A node as a value.
pub fn node_value(node: XObject) -> Value {
    Value::object(Node(node))
}

/// A node or null.
pub(super) fn maybe(node: Option<XObject>) -> Value {
    node.map_or(Value::Null, node_value)
}

/// The node in argument `index`; null gives none.
pub(super) fn node<'v>(a: &'v Args<'_>, index: usize) -> Option<&'v XObject> {
    a.get(index).downcast::<Node>().map(|node| &node.0)
}

/// The receiver.
pub(super) fn this<'v>(a: &'v Args<'_>) -> Result<&'v XObject, Thrown> {
    a.obj::<Node>(0).map(|node| &node.0)
}

pub(super) fn def_of(kind: NodeKind) -> &'static TypeDef {
    match kind {
        NodeKind::Element => &element::XELEMENT,
        NodeKind::Document => &element::XDOCUMENT,
        NodeKind::Attribute => &node::XATTRIBUTE,
        NodeKind::Text => &node::XTEXT,
        NodeKind::CData => &node::XCDATA,
        NodeKind::Comment => &node::XCOMMENT,
        NodeKind::ProcessingInstruction => &node::XPROCESSING_INSTRUCTION,
        NodeKind::DocumentType => &node::XDOCUMENT_TYPE,
    }
}

impl Object for Node {
    fn type_of(&self) -> Type {
        Type::of(def_of(self.0.kind()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn identity(&self) -> Option<(usize, u32)> {
        Some(self.0.identity())
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(self.0.to_xml(true).map(Str::from))
    }
}
