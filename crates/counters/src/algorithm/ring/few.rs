//! At most seven slots that hold calls, in 32 bytes: half a cache line is a whole counter.

use super::RESOLUTION;

const MOST: usize = 7;

/// How many slots hold calls. An enumeration, because its unused values tell the other forms of a window apart: a number of its
/// own for that would not fit.
#[derive(Clone, Copy, Debug)]
enum Filled {
    None,
    One,
    Two,
    Three,
    Four,
    Five,
    Six,
    Seven,
}

impl Filled {
    const ALL: [Self; MOST + 1] =
        [Self::None, Self::One, Self::Two, Self::Three, Self::Four, Self::Five, Self::Six, Self::Seven];
}

/// Slots by age, the oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Few {
    /// The newest slot.
    head: i64,
    counts: [u16; MOST],
    /// How many slots before the newest one.
    ages: [u8; MOST],
    filled: Filled,
}

impl Few {
    pub(super) fn new(head: i64) -> Self {
        Self { head, counts: [0; MOST], ages: [0; MOST], filled: Filled::None }
    }

    fn len(&self) -> usize {
        self.filled as usize
    }

    pub(super) fn head(&self) -> i64 {
        self.head
    }

    pub(super) fn sum(&self) -> u64 {
        self.counts[..self.len()].iter().map(|count| u64::from(*count)).sum()
    }

    /// Moves to `slot`; what falls out is given to `expired` with its slot, oldest first.
    pub(super) fn advance(&mut self, slot: i64, mut expired: impl FnMut(i64, u64)) {
        let by = slot.saturating_sub(self.head);
        if by <= 0 {
            return;
        }
        let length = self.len();
        let too_old = |age: &u8| i64::from(*age) + by.min(RESOLUTION + 1) > RESOLUTION;
        let gone = self.ages[..length].iter().take_while(|age| too_old(age)).count();
        for (slot, count) in self.oldest_first().take(gone) {
            expired(slot, count);
        }
        self.ages.copy_within(gone..length, 0);
        self.counts.copy_within(gone..length, 0);
        self.filled = Filled::ALL[length - gone];
        for age in &mut self.ages[..length - gone] {
            *age += by as u8;
        }
        self.head = slot;
    }

    /// Adds to a slot that is still held; false when there is no room and nothing was added.
    pub(super) fn add(&mut self, slot: i64, count: u64) -> bool {
        let age = self.head.saturating_sub(slot).clamp(0, RESOLUTION) as u8;
        let Ok(count) = u16::try_from(count) else { return false };
        let length = self.len();
        let place = self.ages[..length].iter().position(|old| *old <= age).unwrap_or(length);
        if place < length && self.ages[place] == age {
            let Some(new) = self.counts[place].checked_add(count) else { return false };
            self.counts[place] = new;
            return true;
        }
        if count == 0 {
            return true;
        }
        if length == MOST {
            return false;
        }
        self.ages.copy_within(place..length, place + 1);
        self.counts.copy_within(place..length, place + 1);
        self.ages[place] = age;
        self.counts[place] = count;
        self.filled = Filled::ALL[length + 1];
        true
    }

    pub(super) fn oldest_first(&self) -> impl Iterator<Item = (i64, u64)> {
        let slots = self.ages.iter().zip(&self.counts).take(self.len());
        slots.map(|(age, count)| (self.head - i64::from(*age), u64::from(*count)))
    }
}
