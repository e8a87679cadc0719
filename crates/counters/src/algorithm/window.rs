//! The sliding window: exact instants for small limits, slots (see [`super::ring`]) for larger ones.

use super::ring::{Ring, slot_length, slot_of};
use super::{Purpose, Verdict};
use crate::limit::RefusedCalls;

/// Limits up to this are exact to the nanosecond.
pub(crate) const EXACT_UP_TO: usize = 16;

/// One sliding window.
#[derive(Clone, Debug)]
pub(crate) enum Window {
    /// The instants of at most two calls, oldest first.
    Pair {
        length: u8,
        calls: [i64; 2],
    },
    /// The instants of more, oldest first.
    Exact {
        length: u8,
        calls: Box<[i64; EXACT_UP_TO]>,
    },
    Slots(Ring),
}

impl Default for Window {
    fn default() -> Self {
        Self::Pair { length: 0, calls: [0; 2] }
    }
}

impl Window {
    /// The instants, where they are kept.
    fn calls(&self) -> Option<&[i64]> {
        match self {
            Self::Pair { length, calls } => Some(&calls[..usize::from(*length).min(2)]),
            Self::Exact { length, calls } => Some(&calls[..usize::from(*length).min(EXACT_UP_TO)]),
            Self::Slots(_) => None,
        }
    }

    /// Forgets what left the window `(now - period, now]`.
    fn expire(&mut self, period: i64, now: i64) {
        let gone = match self {
            Self::Slots(ring) => {
                ring.advance(slot_of(now, period));
                if ring.sum() == 0 {
                    *self = Self::default();
                }
                return;
            }
            _ => self
                .calls()
                .map_or(0, |calls| calls.iter().take_while(|call| **call <= now.saturating_sub(period)).count()),
        };
        self.drop_oldest(gone);
    }

    fn drop_oldest(&mut self, gone: usize) {
        let (length, calls) = match self {
            Self::Pair { length, calls } => (length, &mut calls[..]),
            Self::Exact { length, calls } => (length, &mut calls[..]),
            Self::Slots(_) => return,
        };
        if gone > 0 {
            calls.copy_within(gone..usize::from(*length), 0);
            *length -= gone as u8;
        }
    }

    /// Puts one more instant in its place; the oldest goes when there is no room.
    fn insert(&mut self, at: i64) {
        if let Self::Pair { length: 2, calls: [first, second] } = self {
            let mut calls = Box::new([0; EXACT_UP_TO]);
            calls[..2].copy_from_slice(&[*first, *second]);
            *self = Self::Exact { length: 2, calls };
        }
        if matches!(self, Self::Exact { length, .. } if usize::from(*length) == EXACT_UP_TO) {
            self.drop_oldest(1);
        }
        let (length, calls) = match self {
            Self::Pair { length, calls } => (length, &mut calls[..]),
            Self::Exact { length, calls } => (length, &mut calls[..]),
            Self::Slots(_) => return,
        };
        let count = usize::from(*length);
        let place = calls[..count].iter().rposition(|call| *call <= at).map_or(0, |before| before + 1);
        calls.copy_within(place..count, place + 1);
        calls[place] = at;
        *length += 1;
    }

    fn used(&self) -> u64 {
        match self {
            Self::Pair { length, .. } | Self::Exact { length, .. } => u64::from(*length),
            Self::Slots(ring) => ring.sum(),
        }
    }

    /// May `increment` more calls pass? They are added if they may. An increment of zero passes while one would.
    pub(crate) fn decide(
        &mut self,
        limit: u32,
        period: i64,
        increment: u64,
        refused: RefusedCalls,
        purpose: Purpose,
        now: i64,
    ) -> Verdict {
        self.expire(period, now);
        let used = self.used();
        let wanted = increment.max(1);
        let fits = used.saturating_add(wanted) <= u64::from(limit);
        if purpose == Purpose::Count && (fits || refused == RefusedCalls::Count) {
            self.add(limit, period, increment, now);
        }
        if fits {
            let used = if purpose == Purpose::Count { used + increment } else { used };
            return Verdict { admitted: true, used, wait_nanos: 0 };
        }
        let wait_nanos = match u64::from(limit).checked_sub(wanted) {
            Some(target) => self.when_at_most(target, period).saturating_sub(now),
            None => period,
        };
        Verdict { admitted: false, used: self.used(), wait_nanos }
    }

    fn when_at_most(&self, target: u64, period: i64) -> i64 {
        match (self, self.calls()) {
            (Self::Slots(ring), _) => ring.when_at_most(target, period),
            (_, Some(calls)) => {
                let surplus = calls.len().saturating_sub(target as usize);
                calls.get(surplus.wrapping_sub(1)).map_or(0, |call| call.saturating_add(period))
            }
            _ => 0,
        }
    }

    /// Adds calls at `now` whatever the limit says.
    pub(crate) fn add(&mut self, limit: u32, period: i64, count: u64, now: i64) {
        self.expire(period, now);
        self.add_to_slots_or_exact(limit, period, count, now, slot_of(now, period));
    }

    /// Adds calls that another gateway admitted in `slot`; they count as if made at the slot's end.
    pub(crate) fn add_remote(&mut self, limit: u32, period: i64, count: u64, slot: i64, now: i64) {
        self.expire(period, now);
        let length = slot_length(period);
        let end = (slot + 1).saturating_mul(length) - 1;
        if end.saturating_add(period) <= now {
            return;
        }
        self.add_to_slots_or_exact(limit, period, count, end, slot);
    }

    fn add_to_slots_or_exact(&mut self, limit: u32, period: i64, count: u64, at: i64, slot: i64) {
        if count == 0 {
            return;
        }
        if let Some(calls) = self.calls() {
            let total = calls.len() as u64 + count.min(u64::from(u32::MAX));
            // A window that a small limit began stays exact while it can, also where a larger limit shares it.
            let small = limit as usize <= EXACT_UP_TO;
            if small || (!calls.is_empty() && total <= EXACT_UP_TO as u64) {
                // The newest calls decide: of more than the limit the older ones can never matter.
                for _ in 0..count.min(EXACT_UP_TO as u64) {
                    self.insert(at);
                }
                return;
            }
            let newest = calls.last().map_or(slot, |call| slot_of(*call, period)).max(slot);
            let mut ring = Ring::new(newest);
            for call in calls {
                ring.add(slot_of(*call, period), 1);
            }
            *self = Self::Slots(ring);
        }
        if let Self::Slots(ring) = self {
            ring.advance(slot);
            ring.add(slot, count);
        }
    }

    /// The calls in the window at `now`.
    pub(crate) fn used_at(&mut self, period: i64, now: i64) -> u64 {
        self.expire(period, now);
        self.used()
    }

    /// Is nothing in the window any more?
    pub(crate) fn is_expired(&self, period: i64, now: i64) -> bool {
        match (self, self.calls()) {
            (Self::Slots(ring), _) => {
                ring.sum() == 0 || ring.head().saturating_add(super::ring::SLOTS as i64) <= slot_of(now, period)
            }
            (_, calls) => calls.and_then(<[i64]>::last).is_none_or(|call| call.saturating_add(period) <= now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_another_gateway_stay_until_the_end_of_their_slot_has_left() {
        const SECOND: i64 = 1_000_000_000;
        let period = 50 * SECOND;
        for limit in [10, 1_000] {
            let mut window = Window::default();
            // Made at any time in the second that begins at 100.
            window.add_remote(limit, period, 10, 100, 101 * SECOND);
            assert_eq!(window.used_at(period, 151 * SECOND - 2), 10, "limit {limit}");
            assert_eq!(window.used_at(period, 151 * SECOND), 0, "limit {limit}");
        }
    }
}
