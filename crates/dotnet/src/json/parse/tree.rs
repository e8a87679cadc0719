//! The tree that is being built: nodes put into the containers that are open.

use super::*;

impl Parser<'_> {
    pub(super) fn add(&mut self, data: Data, from: usize) -> u32 {
        let id = self.nodes.len() as u32;
        self.nodes.push(Node { parent: NONE, data });
        if self.marking {
            self.marks.push((from as u32, self.pos as u32));
        }
        id
    }

    /// Hangs a node under the innermost container. Comments are dropped inside containers.
    pub(super) fn attach(&mut self, id: u32) {
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.kind == JTokenType::Object {
            if let Some(property) = self.kids.last().copied() {
                if let Data::Property(_, value) = &mut self.nodes[property as usize].data {
                    *value = id;
                }
                self.nodes[id as usize].parent = property;
            }
        } else {
            frame.begun = true;
            self.nodes[id as usize].parent = frame.id;
            self.kids.push(id);
        }
    }

    pub(super) fn scalar(&mut self, scalar: Scalar, from: usize) -> u32 {
        let id = self.add(Data::Value(scalar), from);
        self.attach(id);
        self.at = if self.frames.is_empty() { At::Finished } else { At::Post };
        id
    }

    pub(super) fn open(&mut self, kind: JTokenType, data: Data, from: usize) -> Result<u32, Thrown> {
        let id = self.add(data, from);
        if self.frames.len() == MAX_DEPTH {
            if let Some(frame) = self.frames.last_mut() {
                frame.begun = true;
            }
            self.counted = true;
            self.at = At::Value;
            return Err(self.error(&format!("The reader's MaxDepth of {MAX_DEPTH} has been exceeded.")));
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.begun = true;
        }
        self.frames.push(Frame { id, kind, base: self.kids.len(), begun: false });
        self.at = if kind == JTokenType::Object { At::ObjectMember } else { At::Value };
        Ok(id)
    }

    /// Closes the innermost container, which must be of that kind.
    pub(super) fn close(&mut self, kind: JTokenType) -> Result<(), Thrown> {
        let Some(frame) = self.frames.pop() else {
            self.at = At::Finished;
            return Err(self.error(&format!("JsonToken End{} is not valid for closing JsonType None.", kind.name())));
        };
        let list = self.kids.split_off(frame.base);
        if frame.kind != kind {
            self.counted = true;
            self.at = At::Post;
            let found = frame.kind.name();
            return Err(self.error(&format!("JsonToken End{} is not valid for closing JsonType {found}.", kind.name())));
        }
        if self.marking {
            self.marks[frame.id as usize].1 = self.pos as u32;
        }
        let list = if kind == JTokenType::Object { self.last_wins(list) } else { list };
        match &mut self.nodes[frame.id as usize].data {
            Data::Object(members) => members.list = list,
            Data::Array(kids) => *kids = list,
            Data::Constructor(parts) => parts.1 = list,
            Data::Property(..) | Data::Value(_) => {}
        }
        self.attach(frame.id);
        self.at = if self.frames.is_empty() { At::Finished } else { At::Post };
        Ok(())
    }

    /// Of several members with one name the last stays, in the place of the first.
    pub(super) fn last_wins(&self, mut list: Vec<u32>) -> Vec<u32> {
        let name = |nodes: &[Node], id: u32| match &nodes[id as usize].data {
            Data::Property(name, _) => name.clone(),
            _ => SmolStr::default(),
        };
        let doubled = if list.len() <= 16 {
            let nodes = &self.nodes;
            let same = |a: u32, b: u32| match (&nodes[a as usize].data, &nodes[b as usize].data) {
                (Data::Property(a, _), Data::Property(b, _)) => a == b,
                _ => false,
            };
            list.iter().enumerate().any(|(at, id)| list[..at].iter().any(|other| same(*id, *other)))
        } else {
            true
        };
        if doubled {
            let mut first = std::collections::HashMap::with_capacity_and_hasher(list.len(), ahash::RandomState::new());
            let mut kept: Vec<u32> = Vec::with_capacity(list.len());
            for id in list {
                match first.entry(name(&self.nodes, id)) {
                    std::collections::hash_map::Entry::Vacant(entry) => {
                        entry.insert(kept.len());
                        kept.push(id);
                    }
                    std::collections::hash_map::Entry::Occupied(entry) => kept[*entry.get()] = id,
                }
            }
            list = kept;
        }
        list
    }
}
