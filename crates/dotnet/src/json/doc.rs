//! JSON nodes and what can be done to them inside their document.

use std::collections::HashMap;
use std::sync::Arc;

use smallvec::SmallVec;
use smol_str::SmolStr;

use super::scalar::{JTokenType, Scalar};
use crate::arena::{self, Shift};
pub(super) use crate::arena::{NONE, enter, join, locate, with_two};

/// Above this many properties an object keeps an index of names.
const INDEX_ABOVE: usize = 12;

/// A document of JSON nodes.
pub(super) type Doc = arena::Doc<Node>;
/// What stands in it.
pub(super) type State = arena::State<Node>;

/// A document of one node.
pub(super) fn single(data: Data) -> Arc<Doc> {
    Doc::single(Node { parent: NONE, data })
}

pub(super) struct Node {
    pub(super) parent: u32,
    pub(super) data: Data,
}

pub(super) enum Data {
    Object(Members),
    Array(Vec<u32>),
    Constructor(Box<(SmolStr, Vec<u32>)>),
    Property(SmolStr, u32),
    Value(Scalar),
}

/// Property nodes by name; boxed, because most objects are small and have none.
struct Names(HashMap<SmolStr, u32, ahash::RandomState>);

#[derive(Default)]
pub(super) struct Members {
    pub(super) list: Vec<u32>,
    index: Option<Box<Names>>,
}

impl State {
    pub(super) fn data(&self, id: u32) -> &Data {
        &self.node(id).data
    }

    pub(super) fn parent(&self, id: u32) -> Option<u32> {
        let parent = self.node(id).parent;
        (parent != NONE).then_some(parent)
    }

    pub(super) fn root(&self, mut id: u32) -> u32 {
        while let Some(parent) = self.parent(id) {
            id = parent;
        }
        id
    }

    /// The children in order.
    pub(super) fn kids(&self, id: u32) -> &[u32] {
        match self.data(id) {
            Data::Object(members) => &members.list,
            Data::Array(list) => list,
            Data::Constructor(parts) => &parts.1,
            Data::Property(_, value) => {
                if *value == NONE {
                    &[]
                } else {
                    std::slice::from_ref(value)
                }
            }
            Data::Value(_) => &[],
        }
    }

    pub(super) fn kind(&self, id: u32) -> JTokenType {
        match self.data(id) {
            Data::Object(_) => JTokenType::Object,
            Data::Array(_) => JTokenType::Array,
            Data::Constructor(_) => JTokenType::Constructor,
            Data::Property(..) => JTokenType::Property,
            Data::Value(scalar) => scalar.kind(),
        }
    }

    /// The class behind a node, without namespace.
    pub(super) fn class(&self, id: u32) -> &'static str {
        match self.data(id) {
            Data::Object(_) => "JObject",
            Data::Array(_) => "JArray",
            Data::Constructor(_) => "JConstructor",
            Data::Property(..) => "JProperty",
            Data::Value(Scalar::Raw(_)) => "JRaw",
            Data::Value(_) => "JValue",
        }
    }

    /// The name of a property node.
    pub(super) fn name(&self, id: u32) -> &SmolStr {
        static EMPTY: SmolStr = SmolStr::new_static("");
        if let Data::Property(name, _) = self.data(id) { name } else { &EMPTY }
    }

    /// The value of a property node.
    pub(super) fn value_of(&self, id: u32) -> Option<u32> {
        if let Data::Property(_, value) = self.data(id) { (*value != NONE).then_some(*value) } else { None }
    }

    /// The property of that name.
    pub(super) fn find(&mut self, object: u32, name: &str) -> Option<u32> {
        let Data::Object(members) = self.data(object) else { return None };
        if members.list.len() <= INDEX_ABOVE {
            return members.list.iter().copied().find(|id| self.name(*id) == name);
        }
        if members.index.is_none() {
            let index = Box::new(Names(members.list.iter().map(|id| (self.name(*id).clone(), *id)).collect()));
            if let Data::Object(members) = &mut self.node_mut(object).data {
                members.index = Some(index);
            }
        }
        let Data::Object(members) = self.data(object) else { return None };
        members.index.as_ref()?.0.get(name).copied()
    }

    pub(super) fn position(&self, parent: u32, child: u32) -> Option<usize> {
        self.kids(parent).iter().position(|id| *id == child)
    }

    /// Puts a parentless node among the children.
    pub(super) fn link(&mut self, parent: u32, at: usize, child: u32) {
        let name = self.name(child).clone();
        match &mut self.node_mut(parent).data {
            Data::Object(members) => {
                members.list.insert(at, child);
                if let Some(index) = &mut members.index {
                    index.0.insert(name, child);
                }
            }
            Data::Array(list) => list.insert(at, child),
            Data::Constructor(parts) => parts.1.insert(at, child),
            Data::Property(_, value) => *value = child,
            Data::Value(_) => return,
        }
        self.node_mut(child).parent = parent;
    }

    /// Takes the child at a position out.
    pub(super) fn unlink(&mut self, parent: u32, at: usize) {
        let child = self.kids(parent)[at];
        let name = self.name(child).clone();
        match &mut self.node_mut(parent).data {
            Data::Object(members) => {
                members.list.remove(at);
                if let Some(index) = &mut members.index {
                    index.0.remove(&name);
                }
            }
            Data::Array(list) => drop(list.remove(at)),
            Data::Constructor(parts) => drop(parts.1.remove(at)),
            Data::Property(_, value) => *value = NONE,
            Data::Value(_) => return,
        }
        self.node_mut(child).parent = NONE;
    }

    /// Puts another node in the place of a child.
    pub(super) fn relink(&mut self, parent: u32, at: usize, child: u32) {
        let old = self.kids(parent)[at];
        let (old_name, name) = (self.name(old).clone(), self.name(child).clone());
        match &mut self.node_mut(parent).data {
            Data::Object(members) => {
                members.list[at] = child;
                if let Some(index) = &mut members.index {
                    index.0.remove(&old_name);
                    index.0.insert(name, child);
                }
            }
            Data::Array(list) => list[at] = child,
            Data::Constructor(parts) => parts.1[at] = child,
            Data::Property(_, value) => *value = child,
            Data::Value(_) => return,
        }
        self.node_mut(old).parent = NONE;
        self.node_mut(child).parent = parent;
    }

    /// Takes all children out.
    pub(super) fn unlink_all(&mut self, parent: u32) {
        for child in self.kids(parent).to_vec() {
            self.node_mut(child).parent = NONE;
        }
        match &mut self.node_mut(parent).data {
            Data::Object(members) => *members = Members::default(),
            Data::Array(list) => list.clear(),
            Data::Constructor(parts) => parts.1.clear(),
            Data::Property(_, value) => *value = NONE,
            Data::Value(_) => {}
        }
    }

    /// Copies a subtree into another vector and gives the number of its root there.
    pub(super) fn copy_into(&self, id: u32, target: &mut SmallVec<[Node; 1]>) -> u32 {
        let root = target.len() as u32;
        target.push(Node { parent: NONE, data: self.hollow(id) });
        let mut work = vec![(id, root)];
        while let Some((from, to)) = work.pop() {
            let kids = self.kids(from);
            let start = target.len() as u32;
            for (offset, kid) in kids.iter().enumerate() {
                target.push(Node { parent: to, data: self.hollow(*kid) });
                work.push((*kid, start + offset as u32));
            }
            let copies = (start..start + kids.len() as u32).collect::<Vec<_>>();
            match &mut target[to as usize].data {
                Data::Object(members) => members.list = copies,
                Data::Array(list) => *list = copies,
                Data::Constructor(parts) => parts.1 = copies,
                Data::Property(_, value) => *value = copies.first().copied().unwrap_or(NONE),
                Data::Value(_) => {}
            }
        }
        root
    }

    /// Copies a subtree within the document.
    pub(super) fn copy(&mut self, id: u32) -> u32 {
        let mut copies = SmallVec::new();
        self.copy_into(id, &mut copies);
        self.append(copies)
    }

    fn hollow(&self, id: u32) -> Data {
        match self.data(id) {
            Data::Object(_) => Data::Object(Members::default()),
            Data::Array(_) => Data::Array(Vec::new()),
            Data::Constructor(parts) => Data::Constructor(Box::new((parts.0.clone(), Vec::new()))),
            Data::Property(name, _) => Data::Property(name.clone(), NONE),
            Data::Value(scalar) => Data::Value(scalar.clone()),
        }
    }
}

impl Shift for Node {
    fn shift(&mut self, add: u32) {
        if self.parent != NONE {
            self.parent += add;
        }
        match &mut self.data {
            Data::Object(members) => {
                members.list.iter_mut().for_each(|id| *id += add);
                if let Some(index) = &mut members.index {
                    index.0.values_mut().for_each(|id| *id += add);
                }
            }
            Data::Array(list) => list.iter_mut().for_each(|id| *id += add),
            Data::Constructor(parts) => parts.1.iter_mut().for_each(|id| *id += add),
            Data::Property(_, value) => {
                if *value != NONE {
                    *value += add;
                }
            }
            Data::Value(_) => {}
        }
    }
}
