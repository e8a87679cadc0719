//! The sliding window: exact instants while few calls are in it, slots (see [`super::ring`]) beyond that.

use smallvec::SmallVec;

use super::ring::{Ring, slot_length, slot_of};
use super::{Purpose, Verdict};
use crate::limit::RefusedCalls;

/// Limits up to this are exact to the nanosecond, as is any window while it holds no more calls.
pub(crate) const EXACT_UP_TO: usize = 16;

/// One sliding window.
#[derive(Clone, Debug)]
pub(crate) enum Window {
    /// The instants of the calls, oldest first.
    Exact(SmallVec<[i64; 2]>),
    Slots(Ring),
}

impl Default for Window {
    fn default() -> Self {
        Self::Exact(SmallVec::new())
    }
}

impl Window {
    /// Forgets what left the window `(now - period, now]`.
    fn expire(&mut self, period: i64, now: i64) {
        match self {
            Self::Exact(calls) => {
                let gone = calls.iter().take_while(|call| **call <= now.saturating_sub(period)).count();
                if gone > 0 {
                    calls.drain(..gone);
                }
            }
            Self::Slots(ring) => {
                ring.advance(slot_of(now, period));
                if ring.sum() == 0 {
                    *self = Self::default();
                }
            }
        }
    }

    fn used(&self) -> u64 {
        match self {
            Self::Exact(calls) => calls.len() as u64,
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
        match self {
            Self::Exact(calls) => {
                let surplus = calls.len().saturating_sub(target as usize);
                calls.get(surplus.wrapping_sub(1)).map_or(0, |call| call.saturating_add(period))
            }
            Self::Slots(ring) => ring.when_at_most(target, period),
        }
    }

    /// Adds calls at `now` whatever the limit says.
    pub(crate) fn add(&mut self, limit: u32, period: i64, count: u64, now: i64) {
        self.expire(period, now);
        self.add_to_slots_or_exact(limit, period, count, now, slot_of(now, period));
    }

    /// Adds calls that another gateway admitted in `slot`; they count as if made at the slot's end.
    pub(crate) fn add_remote(&mut self, period: i64, count: u64, slot: i64, now: i64) {
        self.expire(period, now);
        let length = slot_length(period);
        let end = (slot + 1).saturating_mul(length) - 1;
        if end.saturating_add(period) <= now {
            return;
        }
        self.add_to_slots_or_exact(u32::MAX, period, count, end, slot);
    }

    fn add_to_slots_or_exact(&mut self, limit: u32, period: i64, count: u64, at: i64, slot: i64) {
        if count == 0 {
            return;
        }
        if let Self::Exact(calls) = self {
            let total = calls.len() as u64 + count.min(u64::from(u32::MAX));
            if total <= EXACT_UP_TO as u64 || limit as usize <= EXACT_UP_TO {
                // The newest calls decide: of more than the limit the older ones can never matter.
                for _ in 0..count.min(EXACT_UP_TO as u64) {
                    if calls.len() >= EXACT_UP_TO {
                        calls.remove(0);
                    }
                    let place = calls.iter().rposition(|call| *call <= at).map_or(0, |before| before + 1);
                    calls.insert(place, at);
                }
                return;
            }
            let newest = calls.last().map_or(slot, |call| slot_of(*call, period)).max(slot);
            let mut ring = Ring::new(newest);
            for call in calls.iter() {
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
        match self {
            Self::Exact(calls) => calls.last().is_none_or(|call| call.saturating_add(period) <= now),
            Self::Slots(ring) => {
                ring.sum() == 0 || ring.head().saturating_add(super::ring::SLOTS as i64) <= slot_of(now, period)
            }
        }
    }
}
