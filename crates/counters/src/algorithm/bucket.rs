//! The token bucket of the v2 tiers: `governor`'s GCRA over one number kept in our own map.
//!
//! `governor` keeps a *theoretical arrival time*: the instant at which the bucket is full again. We keep it beside the other
//! counters of a key (so that all stores hold one kind of entry), and hand it to `governor` for each decision.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::ops::Add;
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use super::{Purpose, Verdict};

/// An instant of ours as `governor` sees it: nanoseconds since 1970, never before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct At(u64);

impl Add<Nanos> for At {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0.saturating_add(nanos.as_u64()))
    }
}

impl Reference for At {
    fn duration_since(&self, earlier: Self) -> Nanos {
        Nanos::new(self.0.saturating_sub(earlier.0))
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.as_u64()).unwrap_or(self.0))
    }
}

/// Shows the epoch while the limiter is built (its point of reference), then the present.
struct Present(Cell<At>);

impl Clock for Present {
    type Instant = At;

    fn now(&self) -> At {
        self.0.get()
    }
}

struct Held(Cell<Option<u64>>);

impl StateStore for Held {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (answer, new) = decide(self.0.get().map(Nanos::new))?;
        self.0.set(Some(new.as_u64()));
        Ok(answer)
    }
}

/// A bucket: the instant at which it is full again, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    full_at: u64,
}

fn instant(now: i64) -> u64 {
    u64::try_from(now).unwrap_or(0)
}

/// Nanoseconds in which one call comes back.
fn refill(limit: NonZeroU32, period: i64) -> u64 {
    (instant(period) / u64::from(limit.get())).max(1)
}

impl Bucket {
    fn used(self, limit: NonZeroU32, period: i64, now: i64) -> u64 {
        self.full_at.saturating_sub(instant(now)).div_ceil(refill(limit, period))
    }

    /// May `increment` more calls pass? They are taken if they may. An increment of zero passes while one would.
    pub(crate) fn decide(&mut self, limit: u32, period: i64, increment: u64, purpose: Purpose, now: i64) -> Verdict {
        let never = Verdict { admitted: false, used: 0, wait_nanos: period };
        let Some(limit) = NonZeroU32::new(limit) else { return never };
        let used = self.used(limit, period, now);
        let Some(wanted) = u32::try_from(increment).ok().and_then(|wanted| NonZeroU32::new(wanted.max(1))) else {
            return Verdict { used, ..never };
        };
        let Some(quota) = Quota::with_period(Duration::from_nanos(refill(limit, period))) else { return never };
        let held = Held(Cell::new((self.full_at > 0).then_some(self.full_at)));
        let limiter: RateLimiter<_, _, _, NoOpMiddleware<At>> =
            RateLimiter::new(quota.allow_burst(limit), held, Present(Cell::new(At(0))));
        let now = instant(now);
        limiter.clock().0.set(At(now));
        match limiter.check_n(wanted) {
            Ok(Ok(())) => {
                if purpose == Purpose::Count && increment > 0 {
                    self.full_at = limiter.into_state_store().0.get().unwrap_or(self.full_at);
                }
                let used = self.used(limit, period, now as i64);
                Verdict { admitted: true, used, wait_nanos: 0 }
            }
            Ok(Err(until)) => {
                let wait = until.wait_time_from(At(now));
                Verdict { admitted: false, used, wait_nanos: i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX) }
            }
            Err(_) => Verdict { used, ..never },
        }
    }

    /// Takes `count` calls whatever the bucket holds; what is missing is owed.
    pub(crate) fn add(&mut self, limit: u32, period: i64, count: u64, now: i64) {
        if let Some(limit) = NonZeroU32::new(limit) {
            let cost = refill(limit, period).saturating_mul(count);
            self.full_at = self.full_at.max(instant(now)).saturating_add(cost);
        }
    }

    /// Takes calls that another gateway admitted up to `at`.
    pub(crate) fn add_remote(&mut self, limit: u32, period: i64, count: u64, at: i64) {
        self.add(limit, period, count, at);
    }

    /// Time until the bucket is full again, in milliseconds rounded up: a bucket does not know its limit, so this is what
    /// an operator is shown as used.
    pub(crate) fn owed_millis(self, now: i64) -> u64 {
        self.full_at.saturating_sub(instant(now)).div_ceil(1_000_000)
    }

    /// Is the bucket full?
    pub(crate) fn is_expired(self, now: i64) -> bool {
        self.full_at <= instant(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000_000;

    #[test]
    fn a_bucket_gives_its_burst_and_then_one_call_per_share_of_the_period() {
        let mut bucket = Bucket::default();
        for left in (0..6).rev() {
            let verdict = bucket.decide(6, MINUTE, 1, Purpose::Count, MINUTE);
            assert!(verdict.admitted);
            assert_eq!(verdict.used, 6 - left);
        }
        let refused = bucket.decide(6, MINUTE, 1, Purpose::Count, MINUTE);
        assert_eq!((refused.admitted, refused.wait_nanos), (false, MINUTE / 6));
        assert!(bucket.decide(6, MINUTE, 1, Purpose::Count, MINUTE + MINUTE / 6).admitted);
        assert!(!bucket.decide(6, MINUTE, 1, Purpose::Count, MINUTE + MINUTE / 6).admitted);
    }

    #[test]
    fn a_debt_is_paid_back_before_the_next_call_passes() {
        let mut bucket = Bucket::default();
        bucket.add(10, MINUTE, 40, 0);
        assert_eq!(bucket.decide(10, MINUTE, 0, Purpose::Peek, 0).wait_nanos, MINUTE * 31 / 10);
        assert!(bucket.decide(10, MINUTE, 0, Purpose::Peek, MINUTE * 31 / 10).admitted);
    }

    #[test]
    fn more_than_the_bucket_holds_never_passes() {
        let mut bucket = Bucket::default();
        assert!(!bucket.decide(3, MINUTE, 4, Purpose::Count, 0).admitted);
        assert!(!bucket.decide(0, MINUTE, 1, Purpose::Count, 0).admitted);
        assert!(!bucket.decide(3, MINUTE, u64::MAX, Purpose::Count, 0).admitted);
        assert!(bucket.is_expired(0));
    }
}
