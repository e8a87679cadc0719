//! The store of a mutable tree: nodes in one vector behind one lock.
//!
//! A document holds a forest. When a node of one document is put into a tree of another, the smaller document moves into the
//! larger and leaves a forwarding address, so that handles stay valid and keep their identity.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use smallvec::SmallVec;

/// No node.
pub(crate) const NONE: u32 = u32::MAX;

/// A node of a tree.
pub(crate) trait Shift {
    /// Adds to every node number in it.
    fn shift(&mut self, add: u32);
}

pub(crate) struct Doc<N> {
    state: Mutex<State<N>>,
}

pub(crate) struct State<N> {
    pub(crate) nodes: SmallVec<[N; 1]>,
    /// Where the nodes went, and what was added to their numbers.
    moved: Option<(Arc<Doc<N>>, u32)>,
}

impl<N> Doc<N> {
    pub(crate) fn new(nodes: SmallVec<[N; 1]>) -> Arc<Self> {
        crate::made::note(size_of::<Self>() + nodes.len() * size_of::<N>());
        Arc::new(Self { state: Mutex::new(State { nodes, moved: None }) })
    }

    pub(crate) fn single(node: N) -> Arc<Self> {
        let mut nodes = SmallVec::new();
        nodes.push(node);
        Self::new(nodes)
    }
}

/// Runs `work` on the document that holds the node now.
pub(crate) fn enter<N, R>(doc: &Arc<Doc<N>>, id: u32, work: impl FnOnce(&Arc<Doc<N>>, &mut State<N>, u32) -> R) -> R {
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
pub(crate) fn locate<N>(doc: &Arc<Doc<N>>, id: u32) -> (Arc<Doc<N>>, u32) {
    enter(doc, id, |doc, _, id| (doc.clone(), id))
}

/// Locks two different documents, the lower address first, so that two threads cannot wait for each other.
fn lock_two<'a, N>(a: &'a Arc<Doc<N>>, b: &'a Arc<Doc<N>>) -> (MutexGuard<'a, State<N>>, MutexGuard<'a, State<N>>) {
    if Arc::as_ptr(a) < Arc::as_ptr(b) {
        let first = a.state.lock();
        (first, b.state.lock())
    } else {
        let first = b.state.lock();
        (a.state.lock(), first)
    }
}

/// Runs `work` on two nodes; `None` as second state means that they share one.
pub(crate) fn with_two<N, R>(
    a: (&Arc<Doc<N>>, u32),
    b: (&Arc<Doc<N>>, u32),
    work: impl FnOnce(&mut State<N>, u32, Option<&mut State<N>>, u32) -> R,
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
pub(crate) fn join<N: Shift, R>(
    a: (&Arc<Doc<N>>, u32),
    b: (&Arc<Doc<N>>, u32),
    work: impl FnOnce(&Arc<Doc<N>>, &mut State<N>, u32, u32) -> R,
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

impl<N: Shift> State<N> {
    fn move_into(&mut self, target_doc: &Arc<Doc<N>>, target: &mut Self) {
        let add = target.nodes.len() as u32;
        target.nodes.reserve(self.nodes.len());
        for mut node in std::mem::take(&mut self.nodes) {
            node.shift(add);
            target.nodes.push(node);
        }
        self.moved = Some((target_doc.clone(), add));
    }

    /// Appends nodes numbered from 0; gives the number of the first.
    pub(crate) fn append(&mut self, nodes: SmallVec<[N; 1]>) -> u32 {
        let add = self.nodes.len() as u32;
        crate::made::note(nodes.len() * size_of::<N>());
        for mut node in nodes {
            node.shift(add);
            self.nodes.push(node);
        }
        add
    }
}

impl<N> State<N> {
    pub(crate) fn node(&self, id: u32) -> &N {
        &self.nodes[id as usize]
    }

    pub(crate) fn node_mut(&mut self, id: u32) -> &mut N {
        &mut self.nodes[id as usize]
    }
}
