//! Counts of a sliding window in slots a fiftieth of the period long.
//!
//! A slot is taken for as old as its youngest call: it leaves the window when its end does. So a window never holds
//! more than its limit, and a call is refused at most one slot (a fiftieth of the period) too long. The memory is 51 counts,
//! whatever the limit: two bytes each, four once a slot holds more than 65,535. While no more than seven slots hold calls, they are
//! kept where the counter stands ([`Few`]), without memory of their own.

mod few;

use few::Few;

/// Slots in one period.
pub(crate) const RESOLUTION: i64 = 50;
/// Slots kept: those of a period and the one being filled.
pub(crate) const SLOTS: usize = RESOLUTION as usize + 1;

/// Length of a slot, in nanoseconds.
pub(crate) fn slot_length(period: i64) -> i64 {
    period.div_ceil_positive(RESOLUTION).max(1)
}

/// The slot of an instant.
pub(crate) fn slot_of(now: i64, period: i64) -> i64 {
    now.div_euclid(slot_length(period))
}

trait DivCeil {
    fn div_ceil_positive(self, by: i64) -> i64;
}

impl DivCeil for i64 {
    fn div_ceil_positive(self, by: i64) -> i64 {
        self.max(0).saturating_add(by - 1) / by
    }
}

fn index(slot: i64) -> usize {
    slot.rem_euclid(SLOTS as i64) as usize
}

/// A slot's count, narrow or wide.
pub(crate) trait Count: Copy + Default {
    fn get(self) -> u64;
    /// The count, or `None` when it does not fit.
    fn from_count(count: u64) -> Option<Self>;
}

impl Count for u16 {
    fn get(self) -> u64 {
        self.into()
    }

    fn from_count(count: u64) -> Option<Self> {
        Self::try_from(count).ok()
    }
}

impl Count for u32 {
    fn get(self) -> u64 {
        self.into()
    }

    fn from_count(count: u64) -> Option<Self> {
        Some(Self::try_from(count).unwrap_or(Self::MAX))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Slots<C> {
    /// The newest slot.
    head: i64,
    sum: u64,
    counts: [C; SLOTS],
}

/// The slots of one counter.
#[derive(Clone, Debug)]
pub(crate) enum Ring {
    Few(Few),
    Narrow(Box<Slots<u16>>),
    Wide(Box<Slots<u32>>),
}

impl<C: Count> Slots<C> {
    fn new(head: i64) -> Self {
        Self { head, sum: 0, counts: [C::default(); SLOTS] }
    }

    fn head(&self) -> i64 {
        self.head
    }

    fn sum(&self) -> u64 {
        self.sum
    }

    /// Moves to `slot`; what falls out is given to `expired` with its slot, oldest first.
    fn advance(&mut self, slot: i64, mut expired: impl FnMut(i64, u64)) {
        if slot <= self.head {
            return;
        }
        if slot - self.head >= SLOTS as i64 {
            for old in self.head - RESOLUTION..=self.head {
                let count = self.counts[index(old)].get();
                if count > 0 {
                    expired(old, count);
                }
            }
            self.counts = [C::default(); SLOTS];
            self.sum = 0;
        } else {
            for new in self.head + 1..=slot {
                let count = std::mem::take(&mut self.counts[index(new)]).get();
                if count > 0 {
                    self.sum -= count;
                    expired(new - SLOTS as i64, count);
                }
            }
        }
        self.head = slot;
    }

    /// Adds to a slot that is still held; false when the count does not fit and nothing was added.
    fn add(&mut self, slot: i64, count: u64) -> bool {
        let slot = slot.clamp(self.head - RESOLUTION, self.head);
        let cell = &mut self.counts[index(slot)];
        let Some(new) = C::from_count(cell.get().saturating_add(count)) else { return false };
        self.sum += new.get() - cell.get();
        *cell = new;
        true
    }

    fn oldest_first(&self) -> impl Iterator<Item = (i64, u64)> {
        (self.head - RESOLUTION..=self.head)
            .map(|slot| (slot, self.counts[index(slot)].get()))
            .filter(|(_, count)| *count > 0)
    }
}

macro_rules! both {
    ($ring:expr, $slots:ident => $body:expr) => {
        match $ring {
            Ring::Few($slots) => $body,
            Ring::Narrow($slots) => $body,
            Ring::Wide($slots) => $body,
        }
    };
}

impl Ring {
    pub(crate) fn new(slot: i64) -> Self {
        Self::Few(Few::new(slot))
    }

    pub(crate) fn sum(&self) -> u64 {
        both!(self, slots => slots.sum())
    }

    pub(crate) fn head(&self) -> i64 {
        both!(self, slots => slots.head())
    }

    /// Moves to `slot`, dropping what left the window.
    pub(crate) fn advance(&mut self, slot: i64) {
        both!(self, slots => slots.advance(slot, |_, _| {}));
    }

    /// Moves to `slot`, telling what left the window.
    pub(crate) fn advance_with(&mut self, slot: i64, expired: impl FnMut(i64, u64)) {
        both!(self, slots => slots.advance(slot, expired));
    }

    /// Adds `count` to `slot`, or to the nearest slot that is held.
    pub(crate) fn add(&mut self, slot: i64, count: u64) {
        if let Self::Few(few) = self {
            if few.add(slot, count) {
                return;
            }
            let mut slots = Box::new(Slots::new(few.head()));
            for (slot, count) in few.oldest_first() {
                slots.add(slot, count);
            }
            *self = Self::Narrow(slots);
        }
        if let Self::Narrow(slots) = self {
            if slots.add(slot, count) {
                return;
            }
            let wide = slots.counts.map(u32::from);
            *self = Self::Wide(Box::new(Slots { head: slots.head, sum: slots.sum, counts: wide }));
        }
        if let Self::Wide(slots) = self {
            slots.add(slot, count);
        }
    }

    /// The non-empty slots, oldest first.
    pub(crate) fn slots(&self) -> Vec<(i64, u64)> {
        both!(self, slots => slots.oldest_first().collect())
    }

    /// The first instant at which at most `target` are left if nobody adds.
    pub(crate) fn when_at_most(&self, target: u64, period: i64) -> i64 {
        let length = slot_length(period);
        let mut left = self.sum();
        let mut at = self.head() * length;
        both!(self, slots => {
            for (slot, count) in slots.oldest_first() {
                if left <= target {
                    break;
                }
                left -= count;
                at = (slot + SLOTS as i64) * length;
            }
        });
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_leaves_when_its_end_is_a_period_old() {
        for mut ring in [Ring::new(100), Ring::Narrow(Box::new(Slots::new(100)))] {
            ring.add(100, 7);
            ring.advance(150);
            assert_eq!(ring.sum(), 7);
            ring.advance(151);
            assert_eq!(ring.sum(), 0);
        }
    }

    #[test]
    fn few_slots_and_many_count_alike() {
        let mut random = 7_u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        for _ in 0..200 {
            let (mut few, mut many) = (Ring::new(1_000), Ring::Narrow(Box::new(Slots::new(1_000))));
            let mut head = 1_000;
            for _ in 0..60 {
                head += [0, 1, 3, 20, 60][next(5) as usize];
                let (mut one, mut two) = (Vec::new(), Vec::new());
                few.advance_with(head, |slot, count| one.push((slot, count)));
                many.advance_with(head, |slot, count| two.push((slot, count)));
                assert_eq!(one, two);
                let (slot, count) = (head - next(70) as i64, next(40_000));
                few.add(slot, count);
                many.add(slot, count);
                assert_eq!((few.sum(), few.slots()), (many.sum(), many.slots()));
                let target = next(few.sum() + 1);
                assert_eq!(few.when_at_most(target, 50), many.when_at_most(target, 50));
            }
        }
    }

    #[test]
    fn a_far_jump_empties_the_ring() {
        let mut ring = Ring::new(0);
        ring.add(0, 3);
        ring.add(-20, 4);
        let mut gone = Vec::new();
        ring.advance_with(1_000_000, |slot, count| gone.push((slot, count)));
        assert_eq!((ring.sum(), gone), (0, vec![(-20, 4), (0, 3)]));
    }

    #[test]
    fn counts_widen_without_losing_anything_and_saturate() {
        let mut ring = Ring::new(5);
        ring.add(4, 10);
        ring.add(5, 65_535);
        ring.add(5, 1);
        assert_eq!(ring.slots(), vec![(4, 10), (5, 65_536)]);
        ring.add(5, u64::MAX);
        assert_eq!(ring.sum(), u64::from(u32::MAX) + 10);
        ring.advance(500);
        assert_eq!(ring.sum(), 0);
    }
}
