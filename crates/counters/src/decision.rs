//! What a counter answers.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Why a call is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The limit is used up.
    Limit,
    /// The store cannot be reached and the configuration says to refuse then.
    StoreAway,
}

/// The answer to one call against a rate or token limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// May the call go on?
    pub admitted: bool,
    /// How many more are admitted now; never below zero.
    pub remaining: u64,
    /// How many are used, this call included when it was admitted; may exceed the limit where increments come late.
    pub used: u64,
    /// Zero when admitted, else whole seconds, at least one, after which the call is admitted if nobody else calls.
    pub retry_after: Duration,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
}

impl Decision {
    pub(crate) fn admit(used: u64, limit: u64) -> Self {
        Self { admitted: true, remaining: limit.saturating_sub(used), used, retry_after: Duration::ZERO, refusal: None }
    }

    pub(crate) fn refuse(used: u64, limit: u64, wait_nanos: i64) -> Self {
        Self {
            admitted: false,
            remaining: limit.saturating_sub(used),
            used,
            retry_after: whole_seconds(wait_nanos),
            refusal: Some(Refusal::Limit),
        }
    }

    /// The answer when the store is away and the configuration says to refuse.
    pub(crate) fn away(retry_after: Duration) -> Self {
        Self { admitted: false, remaining: 0, used: 0, retry_after, refusal: Some(Refusal::StoreAway) }
    }
}

/// Rounds up to whole seconds, at least one, as `Retry-After` needs.
pub(crate) fn whole_seconds(nanos: i64) -> Duration {
    let nanos = u64::try_from(nanos).unwrap_or(0);
    Duration::from_secs(nanos.div_ceil(1_000_000_000).max(1))
}

/// The answer to one call against a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaDecision {
    /// May the call go on?
    pub admitted: bool,
    /// Calls left in the period; `None` where calls are not limited.
    pub remaining_calls: Option<u64>,
    /// Bytes left in the period; `None` where bytes are not limited.
    pub remaining_bytes: Option<u64>,
    /// Zero when admitted; when refused, the time to the end of the period in whole seconds, at least one, and
    /// `None` when the quota is never replenished.
    pub retry_after: Option<Duration>,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
}

impl QuotaDecision {
    /// The answer when the store is away and the configuration says to refuse.
    pub(crate) fn away(retry_after: Duration) -> Self {
        Self {
            admitted: false,
            remaining_calls: None,
            remaining_bytes: None,
            retry_after: Some(retry_after),
            refusal: Some(Refusal::StoreAway),
        }
    }
}

/// An answer that is here, or that a store behind a network still owes.
///
/// It is a future, so an asynchronous caller just awaits it; a caller on the fast path asks [`Outcome::now`] first.
pub enum Outcome<T> {
    /// The answer.
    Ready(T),
    /// The answer comes from a store that needs the network. Dropping the future gives the answer up; what the store
    /// has counted by then stays counted.
    Pending(Pin<Box<dyn Future<Output = T> + Send>>),
}

impl<T> Outcome<T> {
    /// The answer, if it is here.
    pub fn now(self) -> Option<T> {
        match self {
            Self::Ready(answer) => Some(answer),
            Self::Pending(_) => None,
        }
    }
}

impl<T: Unpin + Clone> Future for Outcome<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut *self {
            Self::Ready(answer) => Poll::Ready(answer.clone()),
            Self::Pending(future) => future.as_mut().poll(context),
        }
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Outcome<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ready(answer) => f.debug_tuple("Ready").field(answer).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds_and_never_zero() {
        assert_eq!(whole_seconds(0), Duration::from_secs(1));
        assert_eq!(whole_seconds(1_000_000_000), Duration::from_secs(1));
        assert_eq!(whole_seconds(1_000_000_001), Duration::from_secs(2));
        assert_eq!(whole_seconds(-5), Duration::from_secs(1));
    }
}
