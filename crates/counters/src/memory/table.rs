//! The table behind the memory store: sharded, a cache line for each counter.
//!
//! A decision hashes its key once, takes the lock of one shard and goes straight to a slot: 64 bytes that hold the key, while it is
//! short, and the count, while few instants or slots are in it. With many keys nearly all of a decision's time is waiting for memory, so
//! the slots lie in the open, one after the other (linear probing): a table with tags beside its slots, such as `hashbrown`, waits
//! twice.

mod probe;

use std::sync::atomic::{AtomicUsize, Ordering};

use ahash::RandomState;
use apimite_clock::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use self::probe::Slots;
use super::{Entry, Swept};

/// Shards, each a cache line while it is empty. Threads that decide on different keys write no line in common unless their keys share
/// a shard: with a thousand keys in use that is one decision in nine or so.
const SHARDS: usize = 4_096;
/// Shards of a table in a simulation, where hundreds of gateways live in one thread.
const FEW_SHARDS: usize = 64;
/// Steps in which the sweep sees everything.
const STEPS: usize = 64;
/// Slots that the sweep looks at before it lets others at the shard.
const AT_A_TIME: usize = 2_048;

/// A part of the table under a lock of its own; the lock and what leads to the slots share a cache line.
#[repr(align(64))]
#[derive(Default)]
struct Shard(Mutex<Slots>);

/// Counters by key.
pub(super) struct Table {
    shards: Box<[Shard]>,
    hasher: RandomState,
    /// The step of the sweep that comes next.
    next: AtomicUsize,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({} counters)", self.len())
    }
}

impl Table {
    /// Steps in which [`Table::sweep_next`] has seen everything.
    pub(super) const ROUND: usize = STEPS;

    pub(super) fn new() -> Self {
        Self::with_shards(SHARDS)
    }

    /// With little memory of its own, for one thread.
    pub(super) fn small() -> Self {
        Self::with_shards(FEW_SHARDS)
    }

    /// With so many shards, a multiple of [`STEPS`].
    fn with_shards(count: usize) -> Self {
        let shards = (0..count).map(|_| Shard::default()).collect();
        Self { shards, hasher: RandomState::new(), next: AtomicUsize::new(0) }
    }

    fn lock(&self, key: &[u8]) -> (u64, MutexGuard<'_, Slots>) {
        let hash = self.hasher.hash_one(key);
        // Bits that the shard's slots do not use, up to a million millions of keys.
        let shard = &self.shards[(hash >> 48) as usize % self.shards.len()];
        (hash, shard.0.lock())
    }

    /// Runs `act` on the counter of `key`, made by `new` when there is none.
    pub(super) fn with<T>(&self, key: &[u8], new: impl FnOnce() -> Entry, act: impl FnOnce(&mut Entry) -> T) -> T {
        let (hash, mut slots) = self.lock(key);
        let place = match slots.find(hash, key) {
            Some(place) => place,
            None => slots.insert(hash, key, new(), &self.hasher),
        };
        act(slots.entry(place))
    }

    /// Runs `look` on the counter of `key`, if there is one.
    pub(super) fn read<T>(&self, key: &[u8], look: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let (hash, mut slots) = self.lock(key);
        slots.find(hash, key).map(|place| look(slots.entry(place)))
    }

    /// Runs `act` on the counter of `key`, if there is one, and forgets it if the answer is true; tells whether it did.
    pub(super) fn remove_if(&self, key: &[u8], act: impl FnOnce(&mut Entry) -> bool) -> bool {
        let (hash, mut slots) = self.lock(key);
        let Some(place) = slots.find(hash, key) else { return false };
        let gone = act(slots.entry(place));
        if gone {
            slots.remove(place, &self.hasher);
        }
        gone
    }

    /// Shows every counter to `look`, in no order.
    pub(super) fn each(&self, mut look: impl FnMut(&[u8], &Entry)) {
        for shard in &self.shards {
            shard.0.lock().each(&mut look);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.0.lock().len()).sum()
    }

    /// Gives back the expired counters of the next [`STEPS`]th of the shards.
    pub(super) fn sweep_next(&self, now: Timestamp) -> Swept {
        let step = self.next.fetch_add(1, Ordering::Relaxed) % STEPS;
        let mut swept = Swept { round_done: step == STEPS - 1, ..Swept::default() };
        let count = self.shards.len() / STEPS;
        for shard in &self.shards[step * count..(step + 1) * count] {
            self.sweep_shard(shard, now, &mut swept);
        }
        swept
    }

    /// Gives back the expired counters of a shard, [`AT_A_TIME`] slots under one lock.
    fn sweep_shard(&self, shard: &Shard, now: Timestamp, swept: &mut Swept) {
        let before = swept.removed;
        let mut from = 0;
        loop {
            let mut slots = shard.0.lock();
            // Between two turns the slots may have grown or shifted: what is missed now is seen in the next round.
            let until = slots.room().min(from + AT_A_TIME);
            let mut place = from;
            while place < until {
                let Some((key, entry)) = slots.get(place) else {
                    place += 1;
                    continue;
                };
                swept.seen += 1;
                if entry.is_expired(key, now) {
                    // What follows may have moved up to this place: it is looked at again.
                    slots.remove(place, &self.hasher);
                    swept.removed += 1;
                } else {
                    place += 1;
                }
            }
            from = until;
            if from >= slots.room() {
                if swept.removed > before {
                    slots.shrink(&self.hasher);
                }
                return;
            }
            MutexGuard::unlock_fair(slots);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{CounterKey, Kind, Variant};
    use crate::memory::Bucket;

    fn key(value: &str) -> CounterKey {
        CounterKey::new(Kind::RateLimitByKey, "", value).sealed(Variant::Bucket, 1)
    }

    #[test]
    fn a_step_of_the_sweep_sees_its_part_of_the_shards_and_no_other() {
        for table in [Table::new(), Table::small()] {
            for index in 0..20_000_u32 {
                table.with(key(&index.to_string()).as_bytes(), || Entry::Held(0), |entry| *entry = Entry::Held(1));
            }
            let steps: Vec<_> = (0..Table::ROUND).map(|_| table.sweep_next(Timestamp(0))).collect();
            assert!(steps.iter().all(|swept| swept.seen > 0 && swept.removed == 0));
            assert_eq!(steps.iter().map(|swept| swept.seen).sum::<usize>(), 20_000);
            assert_eq!(steps.iter().filter(|swept| swept.round_done).count(), 1);
        }
    }

    #[test]
    fn short_and_long_keys_are_found_again_and_removed() {
        let table = Table::new();
        let keys: Vec<_> =
            (0..2_000).map(|index| key(&"x".repeat(index % 90).replace('x', &index.to_string()))).collect();
        for name in &keys {
            table.with(name.as_bytes(), || Entry::Held(0), |entry| *entry = Entry::Held(1));
        }
        let kept = table.len();
        for name in &keys {
            assert!(table.read(name.as_bytes(), |entry| matches!(entry, Entry::Held(1))).unwrap());
        }
        assert!(table.remove_if(keys[7].as_bytes(), |_| true));
        assert!(!table.remove_if(keys[7].as_bytes(), |_| true));
        assert!(!table.remove_if(keys[8].as_bytes(), |_| false));
        assert_eq!(table.len(), kept - 1);
    }

    #[test]
    fn a_sweep_gives_back_what_expired_and_only_that_and_its_memory() {
        let table = Table::new();
        for index in 0..50_000_u32 {
            let live = index % 100 == 0;
            let mut bucket = Bucket::default();
            bucket.add(1, 1_000, if live { 1_000 } else { 1 }, 1_000);
            table.with(key(&index.to_string()).as_bytes(), || Entry::Bucket(bucket), |_| ());
        }
        let room = |table: &Table| table.shards.iter().map(|shard| shard.0.lock().room()).sum::<usize>();
        let before = room(&table);
        let steps: Vec<_> = (0..Table::ROUND).map(|_| table.sweep_next(Timestamp(100_000))).collect();
        assert!(steps.last().unwrap().round_done);
        assert_eq!(steps.iter().map(|swept| swept.removed).sum::<usize>(), 49_500);
        assert_eq!(table.len(), 500);
        assert!((0..50_000).step_by(100).all(|index| table.read(key(&index.to_string()).as_bytes(), |_| ()).is_some()));
        assert!(room(&table) < before / 4);
    }
}
