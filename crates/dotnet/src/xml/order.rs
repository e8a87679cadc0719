//! Deep equality and document order.

use std::cmp::Ordering;

use super::doc::{Data, State, with_two};
use super::errors::invalid;
use super::object::XObject;
use crate::Thrown;

fn same_node(a: &State, x: u32, b: &State, y: u32) -> bool {
    match (a.data(x), b.data(y)) {
        (Data::Document(..), Data::Document(..)) => true,
        (Data::Element(p), Data::Element(q)) => {
            let same_attributes = p.attributes.len() == q.attributes.len()
                && p.attributes.iter().zip(&q.attributes).all(|(m, n)| same_node(a, *m, b, *n));
            // An element with an end tag and an empty one differ.
            let empty = |e: &super::doc::Element| e.kids.is_empty() && !e.blank;
            p.name == q.name && same_attributes && empty(p) == empty(q)
        }
        (Data::Attribute(n, v), Data::Attribute(m, w)) => n == m && v == w,
        (Data::Text(p), Data::Text(q))
        | (Data::Literal(p), Data::Literal(q))
        | (Data::Comment(p), Data::Comment(q)) => p == q,
        (Data::Instruction(n, v), Data::Instruction(m, w)) => n == m && v == w,
        (Data::DocumentType(p), Data::DocumentType(q)) => p == q,
        _ => false,
    }
}

/// The children that count: comments and instructions count in elements too, adjacent texts count as one.
fn content(state: &State, id: u32) -> Vec<u32> {
    state.kids(id).to_vec()
}

fn equal(a: &mut State, x: u32, other: Option<&mut State>, y: u32) -> bool {
    let a: &State = a;
    let b: &State = other.map_or(a, |state| state);
    let mut work = vec![(x, y)];
    while let Some((x, y)) = work.pop() {
        if !same_node(a, x, b, y) {
            return false;
        }
        let (p, q) = (content(a, x), content(b, y));
        if p.len() != q.len() {
            return false;
        }
        work.extend(p.into_iter().zip(q));
    }
    true
}

impl XObject {
    /// `XNode.DeepEquals(a, b)`.
    pub fn deep_equals(&self, other: &Self) -> bool {
        with_two((&self.doc, self.id), (&other.doc, other.id), equal)
    }

    /// `XNode.CompareDocumentOrder(a, b)`.
    ///
    /// # Errors
    /// `InvalidOperationException` for nodes of different trees.
    pub fn compare_order(&self, other: &Self) -> Result<Ordering, Thrown> {
        if self.same(other) {
            return Ok(Ordering::Equal);
        }
        let missing = || invalid("A common ancestor is missing.");
        with_two((&self.doc, self.id), (&other.doc, other.id), |state, a, second, b| {
            if second.is_some() || state.root(a) != state.root(b) {
                return Err(missing());
            }
            let path = |mut id: u32| {
                let mut places = Vec::new();
                while let Some(parent) = state.parent(id) {
                    places.push(state.position(parent, id).unwrap_or(0));
                    id = parent;
                }
                places.reverse();
                places
            };
            Ok(path(a).cmp(&path(b)))
        })
    }
}
