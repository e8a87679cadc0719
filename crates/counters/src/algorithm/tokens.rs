//! Tokens per minute in a sliding window that carries a debt.
//!
//! At most the limit is in the window at a time. What a call uses beyond that waits, and enters the window as soon as older
//! tokens leave it. So a call that used three times the limit keeps the counter closed for three periods, which is what
//! `Retry-After` values of 180 and 288 seconds with ten tokens a minute show.

use super::ring::{RESOLUTION, Ring, SLOTS, slot_length, slot_of};
use super::{Purpose, Verdict};

/// One token counter.
#[derive(Clone, Debug)]
pub(crate) struct TokenWindow {
    ring: Ring,
    debt: u64,
}

impl TokenWindow {
    pub(crate) fn new(period: i64, now: i64) -> Self {
        Self { ring: Ring::new(slot_of(now, period)), debt: 0 }
    }

    /// Moves to the present; what leaves makes room for the debt, a period after it came.
    fn expire(&mut self, period: i64, now: i64) {
        let target = slot_of(now, period);
        self.skip_whole_periods(target);
        while self.debt > 0 && self.ring.head() < target {
            self.step();
        }
        self.ring.advance(target);
    }

    /// Moves on by one slot.
    fn step(&mut self) {
        let next = self.ring.head() + 1;
        let mut freed = 0;
        self.ring.advance_with(next, |_, count| freed += count);
        let entered = freed.min(self.debt);
        if entered > 0 {
            // Not `next`: a token that came in slot `j` is replaced a period later, in slot `j + 50`.
            self.ring.add(next - 1, entered);
            self.debt -= entered;
        }
        if self.ring.sum() == 0 {
            // Only a limit of zero leaves a debt that has no window to wait for.
            self.debt = 0;
        }
    }

    /// While the debt is at least what the window holds, a whole period later the window holds the same again.
    ///
    /// A slot `j` leaves when slot `j + 51` begins, and what replaces it is put into slot `j + 50`: exactly a period
    /// after `j`. So the pattern repeats every 50 slots and periods can be skipped at once.
    fn skip_whole_periods(&mut self, target: i64) {
        let sum = self.ring.sum();
        let distance = target.saturating_sub(self.ring.head());
        if sum == 0 || self.debt < sum || distance < 2 * SLOTS as i64 {
            return;
        }
        let periods_left = u64::try_from(distance / RESOLUTION - 1).unwrap_or(0);
        let periods = periods_left.min(self.debt / sum);
        let by = RESOLUTION.saturating_mul(i64::try_from(periods).unwrap_or(i64::MAX)).min(i64::MAX / 4);
        let mut moved = Ring::new(self.ring.head() + by);
        for (slot, count) in self.ring.slots() {
            moved.add(slot + by, count);
        }
        self.ring = moved;
        self.debt -= periods * sum;
    }

    fn used(&self) -> u64 {
        self.ring.sum().saturating_add(self.debt)
    }

    /// Passes while fewer than the limit are used and the estimate fits what is left; an estimate of zero always fits.
    pub(crate) fn decide(&mut self, limit: u32, period: i64, estimate: u64, purpose: Purpose, now: i64) -> Verdict {
        self.expire(period, now);
        let wanted = estimate.max(1);
        if self.used().saturating_add(wanted) <= u64::from(limit) {
            if purpose == Purpose::Count {
                self.charge(limit, estimate, slot_of(now, period));
            }
            return Verdict { admitted: true, used: self.used(), wait_nanos: 0 };
        }
        let wait_nanos = match u64::from(limit).checked_sub(wanted) {
            Some(target) => self.when_at_most(target, period).saturating_sub(now),
            None => period,
        };
        Verdict { admitted: false, used: self.used(), wait_nanos }
    }

    /// The first instant at which at most `target` are used if nobody adds.
    fn when_at_most(&self, target: u64, period: i64) -> i64 {
        let mut later = self.clone();
        later.skip_whole_periods(i64::MAX);
        for _ in 0..3 * SLOTS {
            if later.used() <= target {
                break;
            }
            later.step();
        }
        later.ring.head().saturating_mul(slot_length(period))
    }

    /// Adds tokens whatever the limit says; what does not fit the window becomes debt.
    pub(crate) fn add(&mut self, limit: u32, period: i64, count: u64, now: i64) {
        self.expire(period, now);
        self.charge(limit, count, slot_of(now, period));
    }

    /// Adds tokens that another gateway charged in `slot`.
    pub(crate) fn add_remote(&mut self, limit: u32, period: i64, count: u64, slot: i64, now: i64) {
        self.expire(period, now);
        let head = self.ring.head();
        self.charge(limit, count, slot.clamp(head - RESOLUTION, head));
    }

    fn charge(&mut self, limit: u32, count: u64, slot: i64) {
        let room = u64::from(limit).saturating_sub(self.ring.sum());
        let fits = count.min(room);
        self.ring.add(slot, fits);
        self.debt = self.debt.saturating_add(count - fits);
    }

    /// The tokens in the window and the debt at `now`.
    pub(crate) fn used_at(&mut self, period: i64, now: i64) -> u64 {
        self.expire(period, now);
        self.used()
    }

    /// Is nothing in the window and nothing owed?
    pub(crate) fn is_expired(&self, period: i64, now: i64) -> bool {
        self.debt == 0 && self.ring.head().saturating_add(SLOTS as i64) <= slot_of(now, period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const MINUTE: i64 = 60 * SECOND;

    #[test]
    fn the_sample_of_two_calls_leaves_the_second_in_the_window_after_a_minute() {
        let mut window = TokenWindow::new(MINUTE, 0);
        assert!(window.decide(100, MINUTE, 0, Purpose::Count, 0).admitted);
        window.add(100, MINUTE, 59, 0);
        assert!(window.decide(100, MINUTE, 0, Purpose::Count, 20 * SECOND).admitted);
        window.add(100, MINUTE, 55, 20 * SECOND);
        assert!(!window.decide(100, MINUTE, 0, Purpose::Count, 30 * SECOND).admitted);
        let later = 62 * SECOND;
        let verdict = window.decide(100, MINUTE, 0, Purpose::Count, later);
        assert_eq!((verdict.admitted, verdict.used), (true, 55));
        window.add(100, MINUTE, 55, later);
        assert_eq!(window.decide(100, MINUTE, 0, Purpose::Peek, later).used, 110);
    }

    #[test]
    fn a_call_of_three_limits_closes_the_counter_for_three_periods() {
        let mut window = TokenWindow::new(MINUTE, 0);
        window.add(10, MINUTE, 30, 0);
        let refused = window.decide(10, MINUTE, 0, Purpose::Peek, 0);
        assert!((3 * MINUTE..=3 * MINUTE + 2 * MINUTE / 50).contains(&refused.wait_nanos), "{refused:?}");
        assert!(!window.decide(10, MINUTE, 0, Purpose::Peek, 3 * MINUTE - 1).admitted);
        assert!(window.decide(10, MINUTE, 0, Purpose::Peek, refused.wait_nanos).admitted);
    }

    #[test]
    fn a_huge_debt_costs_no_time_to_carry() {
        let mut window = TokenWindow::new(MINUTE, 0);
        window.add(1, MINUTE, u64::MAX / 2, 0);
        let refused = window.decide(1, MINUTE, 0, Purpose::Peek, 1_000_000 * MINUTE);
        assert!(!refused.admitted && refused.wait_nanos > 1_000 * MINUTE);
        window.add(0, MINUTE, 5, 2_000_000 * MINUTE);
    }
}
