//! The compiled resolvers of a GraphQL API.

use std::collections::HashMap;

use crate::step::Block;

/// The policies that resolve fields, by type and field.
#[derive(Debug, Default)]
pub struct Resolvers(HashMap<Box<str>, HashMap<Box<str>, Block>>);

impl Resolvers {
    /// Adds the policy of a field.
    pub fn insert(&mut self, kind: &str, field: &str, block: Block) {
        self.0.entry(kind.into()).or_default().insert(field.into(), block);
    }

    /// The policy that resolves a field of a type.
    pub fn get(&self, kind: &str, field: &str) -> Option<&Block> {
        self.0.get(kind)?.get(field)
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
