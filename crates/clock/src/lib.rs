//! The only place where time comes from.
//!
//! Every window, cache entry, token expiry and timer asks a [`Clock`]. In the running gateway it follows the system's
//! clock plus a virtual offset (`apimite clock advance 1h`); in tests it is manual and moves only when told.
//!
//! ```
//! use std::time::Duration;
//! use apimite_clock::{Clock, Timestamp};
//! let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
//! let start = clock.now();
//! clock.advance(Duration::from_secs(60));
//! assert_eq!(clock.now() - start, Duration::from_secs(60));
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From whole seconds since the Unix epoch.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// From milliseconds since the Unix epoch.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }
}

impl std::ops::Sub for Timestamp {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// A source of time; cheap to clone, clones share one time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Added to the system's time; the whole time while frozen.
    offset: AtomicI64,
    frozen: AtomicBool,
    /// A manual clock's timers finish at once by moving the clock.
    auto_advance: AtomicBool,
    moved: Notify,
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system clock")]
fn system_nanos() -> i64 {
    match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => nanos(since),
        Err(before) => -nanos(before.duration()),
    }
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::build(0, false)
    }

    /// A clock that stands at `at` until [`Clock::advance`] moves it.
    pub fn manual(at: Timestamp) -> Self {
        Self::build(at.0, true)
    }

    fn build(offset: i64, frozen: bool) -> Self {
        Self(Arc::new(Inner {
            offset: AtomicI64::new(offset),
            frozen: AtomicBool::new(frozen),
            auto_advance: AtomicBool::new(false),
            moved: Notify::new(),
        }))
    }

    /// Makes [`Clock::sleep`] on a frozen clock move the clock instead of waiting: literate specs use it.
    #[must_use]
    pub fn with_auto_advance(self) -> Self {
        self.0.auto_advance.store(true, Ordering::Relaxed);
        self
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        let offset = self.0.offset.load(Ordering::Acquire);
        if self.0.frozen.load(Ordering::Acquire) { Timestamp(offset) } else { Timestamp(system_nanos() + offset) }
    }

    /// Moves the clock forward; sleepers whose time has come wake up.
    pub fn advance(&self, by: Duration) {
        self.0.offset.fetch_add(nanos(by), Ordering::AcqRel);
        self.0.moved.notify_waiters();
    }

    /// Stops the clock at the present instant; [`Clock::advance`] still moves it.
    pub fn freeze(&self) {
        if !self.is_frozen() {
            let now = self.now().0;
            self.0.offset.store(now, Ordering::Release);
            self.0.frozen.store(true, Ordering::Release);
            self.0.moved.notify_waiters();
        }
    }

    /// Lets a frozen clock run on from where it stands.
    pub fn resume(&self) {
        if self.is_frozen() {
            let now = self.0.offset.load(Ordering::Acquire);
            self.0.offset.store(now - system_nanos(), Ordering::Release);
            self.0.frozen.store(false, Ordering::Release);
            self.0.moved.notify_waiters();
        }
    }

    /// Does the clock stand still?
    pub fn is_frozen(&self) -> bool {
        self.0.frozen.load(Ordering::Acquire)
    }

    /// Waits until the clock shows `deadline`. Cancel safe.
    pub async fn sleep_until(&self, deadline: Timestamp) {
        loop {
            let moved = self.0.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let left = deadline.since(self.now());
            if left.is_zero() {
                return;
            }
            if self.is_frozen() {
                if self.0.auto_advance.load(Ordering::Relaxed) {
                    self.advance(left);
                    return;
                }
                moved.await;
            } else {
                let _ = tokio::time::timeout(left, moved).await;
            }
        }
    }

    /// Waits for `duration` of this clock's time. Cancel safe.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now() + duration).await;
    }

    /// Runs `future` for at most `limit` of this clock's time; `None` when the time ran out first.
    ///
    /// On an auto-advancing manual clock the limit never strikes while the future can still make progress on its own,
    /// because timers there finish only when somebody sleeps on them.
    pub async fn timeout<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = async {
                if self.is_frozen() && self.0.auto_advance.load(Ordering::Relaxed) {
                    std::future::pending::<()>().await;
                }
                self.sleep(limit).await;
            } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_moved_past_its_deadline() {
        let clock = Clock::manual(Timestamp::from_unix_seconds(0));
        let sleeper = {
            let clock = clock.clone();
            tokio::spawn(async move { clock.sleep(Duration::from_secs(5)).await })
        };
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(5));
        sleeper.await.unwrap();
    }

    #[test]
    fn a_frozen_system_clock_resumes_from_where_it_stood() {
        let clock = Clock::system();
        clock.advance(Duration::from_secs(3600));
        clock.freeze();
        let stood = clock.now();
        clock.resume();
        assert!(clock.now() >= stood && clock.now().since(stood) < Duration::from_secs(60));
    }
}
