//! The axis of namespaces, whose nodes stand in no tree: they are an element and a place in the list of what is in scope there.
//!
//! Source: XPath 1.0, 5.4 "Namespace Nodes".

use smol_str::SmolStr;

use super::eval::{Host, Place, along, matches};
use super::parse::{Axis, NodeTest};
use crate::tree::{Kind, Tree};

/// The namespace of the prefix `xml`, which is in scope everywhere.
const XML: (SmolStr, SmolStr) =
    (SmolStr::new_static("xml"), SmolStr::new_static("http://www.w3.org/XML/1998/namespace"));

/// Prefix and name of every namespace in scope of an element; none for other nodes.
fn in_scope(tree: &Tree, id: u32) -> Vec<(SmolStr, SmolStr)> {
    if !matches!(tree.kind(id), Kind::Element(..)) {
        return Vec::new();
    }
    let mut all = tree.namespaces(id);
    all.retain(|(prefix, _)| *prefix != XML.0);
    all.push(XML);
    all
}

/// Prefix and name of a namespace node; `None` for any other node.
pub(crate) fn namespace_of(host: &dyn Host, node: Place) -> Option<(SmolStr, SmolStr)> {
    let index = node.namespace.checked_sub(1)?;
    in_scope(&host.tree(node.tree), node.id).into_iter().nth(index as usize)
}

/// The namespace nodes of an element that pass a test, and the work they are: to read one is to look through the list again.
pub(super) fn of_element(tree: &Tree, node: Place, test: &NodeTest) -> (Vec<Place>, u64) {
    let all = in_scope(tree, node.id);
    let fits = |prefix: &SmolStr| match test {
        NodeTest::Node | NodeTest::Any => true,
        NodeTest::Name(namespace, local) => namespace.is_empty() && prefix == local,
        _ => false,
    };
    let numbered = (1..).zip(&all).filter(|(_, (prefix, _))| fits(prefix));
    let found = numbered.map(|(namespace, _)| Place { namespace, ..node }).collect();
    let count = all.len() as u64;
    (found, 1 + count + count * count / 4)
}

/// The nodes of an axis of a namespace node that pass a test, nearest first, and how many were looked at.
pub(super) fn from_namespace(tree: &Tree, node: Place, axis: Axis, test: &NodeTest) -> (Vec<Place>, u64) {
    let mut found = Vec::new();
    let mut looked = 1;
    if matches!(axis, Axis::Itself | Axis::AncestorOrSelf | Axis::DescendantOrSelf) && *test == NodeTest::Node {
        found.push(node);
    }
    let mut see = |id| {
        looked += 1;
        if matches(tree, id, test, axis) {
            found.push(Place::new(node.tree, id));
        }
    };
    match axis {
        Axis::Parent => see(node.id),
        Axis::Ancestor | Axis::AncestorOrSelf => along(tree, node.id, Axis::AncestorOrSelf, &mut see),
        Axis::Preceding => along(tree, node.id, axis, &mut see),
        // The content of the element comes behind its namespaces.
        Axis::Following => {
            along(tree, node.id, Axis::Descendant, &mut see);
            along(tree, node.id, axis, &mut see);
        }
        _ => {}
    }
    (found, looked)
}
