//! The table behind the memory store: sharded, a cache line for each counter.
//!
//! A decision hashes its key once, takes the lock of one shard, looks at the shard's tags and at one slot: 64 bytes that hold the
//! key, while it is short, and the count, while few instants or slots are in it. Nothing is looked up twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use ahash::RandomState;
use apimite_clock::Timestamp;
use hashbrown::HashTable;
use parking_lot::{Mutex, MutexGuard};

use super::{Entry, Swept};

/// Shards; a million keys leave some 4,000 under one lock.
const SHARDS: usize = 256;
/// Slots that the sweep looks at before it lets others at the shard.
const AT_A_TIME: usize = 2_048;
/// Longest key that is kept in its slot.
const SHORT: usize = 30;

/// The bytes of a key.
enum Name {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

impl Name {
    fn new(key: &[u8]) -> Self {
        if key.len() > SHORT {
            return Self::Long(key.into());
        }
        let mut bytes = [0; SHORT];
        bytes[..key.len()].copy_from_slice(key);
        Self::Short { length: key.len() as u8, bytes }
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => &bytes[..usize::from(*length).min(SHORT)],
            Self::Long(bytes) => bytes,
        }
    }
}

/// A key and its count.
#[repr(align(64))]
struct Slot {
    name: Name,
    entry: Entry,
}

const _: () = assert!(size_of::<Slot>() == 64);

/// A part of the table under a lock of its own; the lock and what leads to the slots share a cache line.
#[repr(align(64))]
#[derive(Default)]
struct Shard(Mutex<HashTable<Slot>>);

/// Counters by key.
pub(super) struct Table {
    shards: Box<[Shard]>,
    hasher: RandomState,
    /// The shard that is swept next.
    next: AtomicUsize,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({} counters)", self.len())
    }
}

impl Table {
    pub(super) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Self { shards, hasher: RandomState::new(), next: AtomicUsize::new(0) }
    }

    fn lock(&self, key: &[u8]) -> (u64, MutexGuard<'_, HashTable<Slot>>) {
        let hash = self.hasher.hash_one(key);
        // Bits that the shard's table uses neither for its tags (the top 7) nor, up to a billion keys, for its buckets.
        let shard = &self.shards[(hash >> 44) as usize % SHARDS];
        (hash, shard.0.lock())
    }

    fn rehash(&self, slot: &Slot) -> u64 {
        self.hasher.hash_one(slot.name.as_bytes())
    }

    /// Runs `act` on the counter of `key`, made by `new` when there is none.
    pub(super) fn with<T>(&self, key: &[u8], new: impl FnOnce() -> Entry, act: impl FnOnce(&mut Entry) -> T) -> T {
        let (hash, mut table) = self.lock(key);
        if let Some(slot) = table.find_mut(hash, |slot| slot.name.as_bytes() == key) {
            return act(&mut slot.entry);
        }
        let slot = Slot { name: Name::new(key), entry: new() };
        act(&mut table.insert_unique(hash, slot, |slot| self.rehash(slot)).into_mut().entry)
    }

    /// Runs `look` on the counter of `key`, if there is one.
    pub(super) fn read<T>(&self, key: &[u8], look: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let (hash, mut table) = self.lock(key);
        table.find_mut(hash, |slot| slot.name.as_bytes() == key).map(|slot| look(&mut slot.entry))
    }

    /// Runs `act` on the counter of `key`, if there is one, and forgets it if the answer is true; tells whether it did.
    pub(super) fn remove_if(&self, key: &[u8], act: impl FnOnce(&mut Entry) -> bool) -> bool {
        let (hash, mut table) = self.lock(key);
        match table.find_entry(hash, |slot| slot.name.as_bytes() == key) {
            Ok(mut found) => {
                let gone = act(&mut found.get_mut().entry);
                if gone {
                    found.remove();
                }
                gone
            }
            Err(_) => false,
        }
    }

    /// Shows every counter to `look`, in no order.
    pub(super) fn each(&self, mut look: impl FnMut(&[u8], &Entry)) {
        for shard in &self.shards {
            for slot in shard.0.lock().iter() {
                look(slot.name.as_bytes(), &slot.entry);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.0.lock().len()).sum()
    }

    /// Gives back the expired counters of the next shard, [`AT_A_TIME`] slots under one lock.
    pub(super) fn sweep_next(&self, now: Timestamp) -> Swept {
        let index = self.next.fetch_add(1, Ordering::Relaxed) % SHARDS;
        let mut swept = Swept { round_done: index == SHARDS - 1, ..Swept::default() };
        let shard = &self.shards[index];
        let mut from = 0;
        loop {
            let mut table = shard.0.lock();
            // The table may have grown meanwhile: what is missed now is seen in the next round.
            let until = table.num_buckets().min(from + AT_A_TIME);
            for bucket in from..until {
                let Some(slot) = table.get_bucket(bucket) else { continue };
                swept.seen += 1;
                if slot.entry.is_expired(slot.name.as_bytes(), now)
                    && let Ok(found) = table.get_bucket_entry(bucket)
                {
                    found.remove();
                    swept.removed += 1;
                }
            }
            from = until;
            if from >= table.num_buckets() {
                if swept.removed > 0 && table.capacity() > 4 * table.len() + 64 {
                    let twice = 2 * table.len();
                    table.shrink_to(twice, |slot| self.rehash(slot));
                }
                return swept;
            }
            MutexGuard::unlock_fair(table);
        }
    }

    /// Steps in which [`Table::sweep_next`] has seen everything.
    pub(super) const ROUND: usize = SHARDS;
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
        let room = |table: &Table| table.shards.iter().map(|shard| shard.0.lock().capacity()).sum::<usize>();
        let before = room(&table);
        let steps: Vec<_> = (0..Table::ROUND).map(|_| table.sweep_next(Timestamp(100_000))).collect();
        assert!(steps.last().unwrap().round_done);
        assert_eq!(steps.iter().map(|swept| swept.removed).sum::<usize>(), 49_500);
        assert_eq!((table.len(), steps.iter().map(|swept| swept.seen).sum::<usize>()), (500, 50_000));
        assert!(room(&table) < before / 4);
    }
}
