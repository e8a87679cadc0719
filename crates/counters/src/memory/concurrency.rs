//! How many at a time: slots that are given back when dropped.

use std::sync::Arc;

use super::{Entry, Memory};
use crate::key::{CounterKey, Variant};

/// The right to be inside a `limit-concurrency`; dropping it lets the next one in.
#[must_use = "dropping the slot gives it back at once"]
pub struct ConcurrencySlot {
    memory: Arc<Memory>,
    key: CounterKey,
}

impl std::fmt::Debug for ConcurrencySlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ConcurrencySlot").field(&self.key).finish()
    }
}

impl Memory {
    /// Takes one of `most` slots of `key`; `None` when all are taken.
    pub fn acquire(self: &Arc<Self>, key: &CounterKey, most: u32) -> Option<ConcurrencySlot> {
        let key = key.sealed(Variant::Held, 0);
        self.with(
            &key,
            || Entry::Held(0),
            |entry| match entry {
                Entry::Held(held) if *held < most => {
                    *held += 1;
                    true
                }
                _ => false,
            },
        )
        .then(|| ConcurrencySlot { memory: Arc::clone(self), key })
    }
}

impl Drop for ConcurrencySlot {
    fn drop(&mut self) {
        self.memory.table.remove_if(self.key.as_bytes(), |entry| {
            if let Entry::Held(held) = entry {
                *held = held.saturating_sub(1);
            }
            matches!(entry, Entry::Held(0))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Kind;

    #[test]
    fn a_slot_comes_back_when_it_is_dropped_and_leaves_nothing_behind() {
        let memory = Arc::new(Memory::new());
        let key = CounterKey::new(Kind::Concurrency, "", "one");
        let first = memory.acquire(&key, 2).unwrap();
        let second = memory.acquire(&key, 2).unwrap();
        assert!(memory.acquire(&key, 2).is_none());
        drop(first);
        let third = memory.acquire(&key, 2).unwrap();
        drop((second, third));
        assert!(memory.is_empty());
    }

    #[test]
    fn a_maximum_of_zero_lets_nobody_in() {
        let memory = Arc::new(Memory::new());
        assert!(memory.acquire(&CounterKey::new(Kind::Concurrency, "", "one"), 0).is_none());
    }
}
