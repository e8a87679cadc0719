//! The store of a tree: nodes in one vector behind one lock.
//!
//! A document holds a forest. When a token of one document is added to a container of another, the smaller document moves into
//! the larger and leaves a forwarding address, so that handles stay valid and keep their identity.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use smallvec::SmallVec;
use smol_str::SmolStr;

use super::scalar::{JTokenType, Scalar};

/// No node.
pub(super) const NONE: u32 = u32::MAX;

/// Above this many properties an object keeps an index of names.
const INDEX_ABOVE: usize = 12;

pub(super) struct Doc {
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) nodes: SmallVec<[Node; 1]>,
    /// Where the nodes went, and what was added to their numbers.
    moved: Option<(Arc<Doc>, u32)>,
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

impl Doc {
    pub(super) fn new(nodes: SmallVec<[Node; 1]>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { nodes, moved: None }) })
    }

    pub(super) fn single(data: Data) -> Arc<Self> {
        let mut nodes = SmallVec::new();
        nodes.push(Node { parent: NONE, data });
        Self::new(nodes)
    }
}

/// Runs `work` on the document that holds the node now.
pub(super) fn enter<R>(doc: &Arc<Doc>, id: u32, work: impl FnOnce(&Arc<Doc>, &mut State, u32) -> R) -> R {
    let mut guard = doc.state.lock();
    let Some((next, add)) = guard.moved.clone() else { return work(doc, &mut guard, id) };
    drop(guard);
    let (mut doc, mut id) = (next, id + add);
    loop {
        let mut guard = doc.state.lock();
        let Some((next, add)) = guard.moved.clone() else { return work(&doc, &mut guard, id) };
        drop(guard);
        doc = next;
        id += add;
    }
}

/// Where a node is now.
pub(super) fn locate(doc: &Arc<Doc>, id: u32) -> (Arc<Doc>, u32) {
    enter(doc, id, |doc, _, id| (doc.clone(), id))
}

/// Locks two different documents, the lower address first, so that two threads cannot wait for each other.
fn lock_two<'a>(a: &'a Arc<Doc>, b: &'a Arc<Doc>) -> (MutexGuard<'a, State>, MutexGuard<'a, State>) {
    if Arc::as_ptr(a) < Arc::as_ptr(b) {
        let first = a.state.lock();
        (first, b.state.lock())
    } else {
        let first = b.state.lock();
        (a.state.lock(), first)
    }
}

/// Runs `work` on two nodes; `None` as second state means that they share one.
pub(super) fn with_two<R>(
    a: (&Arc<Doc>, u32),
    b: (&Arc<Doc>, u32),
    work: impl FnOnce(&mut State, u32, Option<&mut State>, u32) -> R,
) -> R {
    loop {
        let (doc_a, id_a) = locate(a.0, a.1);
        let (doc_b, id_b) = locate(b.0, b.1);
        if Arc::ptr_eq(&doc_a, &doc_b) {
            let mut state = doc_a.state.lock();
            if state.moved.is_none() {
                return work(&mut state, id_a, None, id_b);
            }
            continue;
        }
        let (mut first, mut second) = lock_two(&doc_a, &doc_b);
        if first.moved.is_none() && second.moved.is_none() {
            return work(&mut first, id_a, Some(&mut second), id_b);
        }
    }
}

/// Brings two nodes into one document and runs `work` there.
pub(super) fn join<R>(
    a: (&Arc<Doc>, u32),
    b: (&Arc<Doc>, u32),
    work: impl FnOnce(&Arc<Doc>, &mut State, u32, u32) -> R,
) -> R {
    loop {
        let (doc_a, id_a) = locate(a.0, a.1);
        let (doc_b, id_b) = locate(b.0, b.1);
        if Arc::ptr_eq(&doc_a, &doc_b) {
            let mut state = doc_a.state.lock();
            if state.moved.is_none() {
                return work(&doc_a, &mut state, id_a, id_b);
            }
            continue;
        }
        let (mut first, mut second) = lock_two(&doc_a, &doc_b);
        if first.moved.is_some() || second.moved.is_some() {
            continue;
        }
        if first.nodes.len() >= second.nodes.len() {
            second.move_into(&doc_a, &mut first);
        } else {
            first.move_into(&doc_b, &mut second);
        }
    }
}

impl State {
    fn move_into(&mut self, target_doc: &Arc<Doc>, target: &mut State) {
        let add = target.nodes.len() as u32;
        target.nodes.reserve(self.nodes.len());
        for mut node in std::mem::take(&mut self.nodes) {
            node.shift(add);
            target.nodes.push(node);
        }
        self.moved = Some((target_doc.clone(), add));
    }

    pub(super) fn node(&self, id: u32) -> &Node {
        &self.nodes[id as usize]
    }

    pub(super) fn node_mut(&mut self, id: u32) -> &mut Node {
        &mut self.nodes[id as usize]
    }

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
        let add = self.nodes.len() as u32;
        for mut node in copies {
            node.shift(add);
            self.nodes.push(node);
        }
        add
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

impl Node {
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
