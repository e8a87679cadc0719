//! Cheap deadlines: one timer for a worker thread instead of one for each request.
//!
//! Deadlines of a second and more are checked ten times a second against the gateway's clock; shorter ones get a timer of
//! their own. So a request that waits for its backend costs two entries in a slab and no timer.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;

use apimite_clock::{Clock, Timestamp};
use slab::Slab;

/// How often deadlines are checked.
pub(crate) const TICK: Duration = Duration::from_millis(100);
/// Shorter limits than this get an exact timer.
const EXACT_BELOW: Duration = Duration::from_secs(1);

/// The present instant, as of the last tick; readable from anywhere.
#[derive(Clone, Debug)]
pub(crate) struct CoarseTime(Arc<AtomicI64>);

impl CoarseTime {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// The deadlines of one worker thread.
#[derive(Debug)]
pub(crate) struct Ticker {
    clock: Clock,
    coarse: CoarseTime,
    waiting: RefCell<Slab<(Timestamp, Option<Waker>)>>,
}

impl Ticker {
    pub(crate) fn new(clock: Clock) -> Self {
        let coarse = CoarseTime(Arc::new(AtomicI64::new(clock.now().0)));
        Self { clock, coarse, waiting: RefCell::new(Slab::new()) }
    }

    pub(crate) const fn coarse(&self) -> &CoarseTime {
        &self.coarse
    }

    /// Moves the coarse time on and wakes whoever is past its deadline.
    pub(crate) fn tick(&self) {
        let now = self.clock.now();
        self.coarse.0.store(now.0, Ordering::Relaxed);
        for (_, (deadline, waker)) in self.waiting.borrow_mut().iter_mut() {
            if *deadline <= now
                && let Some(waker) = waker.take()
            {
                waker.wake();
            }
        }
    }

    /// Runs `future` for at most `limit`; `None` when the time ran out first.
    ///
    /// The future comes pinned, so that it is not held, and copied, once more here.
    pub(crate) async fn within<F: Future>(&self, limit: Duration, mut future: Pin<&mut F>) -> Option<F::Output> {
        if limit < EXACT_BELOW {
            return Box::pin(self.clock.timeout(limit, future)).await;
        }
        let mut place = Place { ticker: self, key: None };
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            let mut waiting = self.waiting.borrow_mut();
            match place.key {
                None => {
                    let deadline = self.clock.now() + limit;
                    place.key = Some(waiting.insert((deadline, Some(cx.waker().clone()))));
                }
                Some(key) => {
                    if let Some((deadline, waker)) = waiting.get_mut(key) {
                        if *deadline <= self.coarse.now() {
                            return Poll::Ready(None);
                        }
                        if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                            *waker = Some(cx.waker().clone());
                        }
                    }
                }
            }
            Poll::Pending
        })
        .await
    }
}

struct Place<'a> {
    ticker: &'a Ticker,
    key: Option<usize>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.ticker.waiting.borrow_mut().try_remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn a_deadline_strikes_at_the_first_tick_after_it() {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1));
        let ticker = Ticker::new(clock.clone());
        let never = pin!(std::future::pending::<()>());
        let mut waiting = pin!(ticker.within(Duration::from_secs(30), never));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        clock.advance(Duration::from_secs(29));
        ticker.tick();
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        clock.advance(Duration::from_secs(1));
        ticker.tick();
        assert_eq!(waiting.await, None);
        assert!(ticker.waiting.borrow().is_empty());
    }

    #[tokio::test]
    async fn what_finishes_in_time_is_passed_on() {
        let ticker = Ticker::new(Clock::system());
        assert_eq!(ticker.within(Duration::from_secs(5), pin!(async { 7 })).await, Some(7));
    }
}
