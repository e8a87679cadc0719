//! Slots in the open: a key stands at the place its hash says, or at the next that is free.

use ahash::RandomState;

use super::super::Entry;

/// Longest key that is kept in its slot.
const SHORT: usize = 30;
/// Least number of slots, once there are any.
const LEAST: usize = 4;

/// The bytes of a key.
enum Name {
    Nobody,
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

    fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Nobody => None,
            Self::Short { length, bytes } => Some(&bytes[..usize::from(*length).min(SHORT)]),
            Self::Long(bytes) => Some(bytes),
        }
    }
}

/// A key and its count: a cache line.
#[repr(align(64))]
struct Slot {
    name: Name,
    entry: Entry,
}

const _: () = assert!(size_of::<Slot>() == 64);

impl Slot {
    const FREE: Self = Self { name: Name::Nobody, entry: Entry::Held(0) };
}

fn slots(count: usize) -> Box<[Slot]> {
    (0..count).map(|_| Slot::FREE).collect()
}

/// Slots, a power of two of them or none, at most three quarters in use.
#[derive(Default)]
pub(super) struct Slots {
    slots: Box<[Slot]>,
    used: usize,
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.used
    }

    /// How many slots there are.
    pub(super) fn room(&self) -> usize {
        self.slots.len()
    }

    fn next(&self, place: usize) -> usize {
        (place + 1) & (self.slots.len() - 1)
    }

    /// Where the slots say the search for a hash begins.
    fn home(&self, hash: u64) -> usize {
        hash as usize & self.slots.len().wrapping_sub(1)
    }

    /// The place of a key.
    pub(super) fn find(&self, hash: u64, key: &[u8]) -> Option<usize> {
        let mut place = self.home(hash);
        loop {
            // A free slot is always met: a quarter of them is free.
            let found = self.slots.get(place)?.name.as_bytes()?;
            if found == key {
                return Some(place);
            }
            place = self.next(place);
        }
    }

    /// The count at a place that [`Slots::find`] or [`Slots::insert`] gave.
    pub(super) fn entry(&mut self, place: usize) -> &mut Entry {
        &mut self.slots[place].entry
    }

    /// Key and count at a place, unless it is free.
    pub(super) fn get(&self, place: usize) -> Option<(&[u8], &Entry)> {
        let slot = self.slots.get(place)?;
        Some((slot.name.as_bytes()?, &slot.entry))
    }

    /// Takes in a key that is not there yet; its place.
    pub(super) fn insert(&mut self, hash: u64, key: &[u8], entry: Entry, hasher: &RandomState) -> usize {
        if (self.used + 1) * 4 > self.slots.len() * 3 {
            self.rebuild((self.slots.len() * 2).max(LEAST), hasher);
        }
        self.used += 1;
        self.put(hash, Slot { name: Name::new(key), entry })
    }

    fn put(&mut self, hash: u64, slot: Slot) -> usize {
        let mut place = self.home(hash);
        while self.slots[place].name.as_bytes().is_some() {
            place = self.next(place);
        }
        self.slots[place] = slot;
        place
    }

    fn rebuild(&mut self, count: usize, hasher: &RandomState) {
        let old = std::mem::replace(&mut self.slots, slots(count));
        for slot in old {
            if let Some(key) = slot.name.as_bytes() {
                let hash = hasher.hash_one(key);
                self.put(hash, slot);
            }
        }
    }

    /// Frees a place; what stands behind it because it was taken moves up.
    pub(super) fn remove(&mut self, place: usize, hasher: &RandomState) {
        let mut hole = place;
        self.slots[hole] = Slot::FREE;
        self.used -= 1;
        let mask = self.slots.len() - 1;
        let mut place = self.next(hole);
        while let Some(key) = self.slots[place].name.as_bytes() {
            let home = self.home(hasher.hash_one(key));
            // It may stand in the hole if that is no earlier than its home, going round.
            if place.wrapping_sub(home) & mask >= place.wrapping_sub(hole) & mask {
                self.slots.swap(hole, place);
                hole = place;
            }
            place = self.next(place);
        }
    }

    /// Gives memory back when few slots are left in use.
    pub(super) fn shrink(&mut self, hasher: &RandomState) {
        if self.used == 0 {
            self.slots = Box::default();
        } else if self.slots.len() > 64 && self.used * 8 < self.slots.len() {
            self.rebuild((self.used * 2).next_power_of_two().max(LEAST), hasher);
        }
    }

    pub(super) fn each(&self, look: &mut impl FnMut(&[u8], &Entry)) {
        for slot in &self.slots {
            if let Some(key) = slot.name.as_bytes() {
                look(key, &slot.entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn slots_hold_what_a_map_holds(steps in proptest::collection::vec((0_u8..4, 0_u32..60), 1..600)) {
            let (mut slots, mut map, hasher) = (Slots::default(), BTreeMap::new(), RandomState::new());
            for (step, (what, number)) in steps.into_iter().enumerate() {
                let key = "k".repeat(number as usize % 40) + &number.to_string();
                let key = key.as_bytes();
                let hash = hasher.hash_one(key);
                match (what, slots.find(hash, key)) {
                    (0, Some(place)) => {
                        slots.remove(place, &hasher);
                        prop_assert!(map.remove(key).is_some());
                    }
                    (1, _) => slots.shrink(&hasher),
                    (_, Some(place)) => {
                        *slots.entry(place) = Entry::Held(step as u32);
                        map.insert(key.to_vec(), step as u32);
                    }
                    (0, None) => prop_assert!(!map.contains_key(key)),
                    (_, None) => {
                        slots.insert(hash, key, Entry::Held(step as u32), &hasher);
                        prop_assert!(map.insert(key.to_vec(), step as u32).is_none());
                    }
                }
                let mut seen = BTreeMap::new();
                slots.each(&mut |key, entry| {
                    if let Entry::Held(held) = entry {
                        seen.insert(key.to_vec(), *held);
                    }
                });
                prop_assert_eq!(&seen, &map);
                prop_assert_eq!(slots.len(), map.len());
                for key in map.keys() {
                    prop_assert!(slots.find(hasher.hash_one(&key[..]), key).is_some());
                }
            }
        }
    }
}
