//! The decisions of the memory store.

use apimite_clock::Timestamp;

use super::{Entry, Memory};
use crate::algorithm::bucket::Bucket;
use crate::algorithm::quota::FixedPeriod;
use crate::algorithm::tokens::TokenWindow;
use crate::algorithm::window::Window;
use crate::algorithm::{Purpose, Verdict};
use crate::decision::{Decision, QuotaDecision};
use crate::key::{CounterKey, Variant};
use crate::limit::{Algorithm, QuotaLimit, RateLimit, TokenLimit, Usage};

impl Algorithm {
    pub(crate) fn variant(self) -> Variant {
        match self {
            Self::SlidingWindow => Variant::Window,
            Self::TokenBucket => Variant::Bucket,
        }
    }
}

impl From<(Verdict, u64)> for Decision {
    fn from((verdict, limit): (Verdict, u64)) -> Self {
        if verdict.admitted {
            Self::admit(verdict.used, limit)
        } else {
            Self::refuse(verdict.used, limit, verdict.wait_nanos)
        }
    }
}

/// The key of a rate limit's counter.
pub(crate) fn rate_key(key: &CounterKey, limit: RateLimit) -> CounterKey {
    key.sealed(limit.algorithm.variant(), limit.period_millis())
}

/// The key of a token limit's counter.
pub(crate) fn token_key(key: &CounterKey, limit: TokenLimit) -> CounterKey {
    key.sealed(limit.algorithm.variant(), limit.period_millis())
}

/// The key of a quota's counter.
pub(crate) fn quota_key(key: &CounterKey, limit: &QuotaLimit) -> CounterKey {
    key.sealed(Variant::Fixed, limit.period.code())
}

fn nanos(millis: u32) -> i64 {
    i64::from(millis) * 1_000_000
}

fn new_rate(algorithm: Algorithm) -> Entry {
    match algorithm {
        Algorithm::SlidingWindow => Entry::Window(Window::default()),
        Algorithm::TokenBucket => Entry::Bucket(Bucket::default()),
    }
}

fn new_tokens(limit: TokenLimit, now: Timestamp) -> Entry {
    match limit.algorithm {
        Algorithm::SlidingWindow => Entry::Tokens(Box::new(TokenWindow::new(nanos(limit.period_millis()), now.0))),
        Algorithm::TokenBucket => Entry::Bucket(Bucket::default()),
    }
}

/// Decides on one entry; an entry of another kind cannot stand under this key.
pub(crate) fn decide_rate(
    entry: &mut Entry,
    limit: RateLimit,
    increment: u64,
    purpose: Purpose,
    now: Timestamp,
) -> Decision {
    let period = nanos(limit.period_millis());
    let verdict = match entry {
        Entry::Window(window) => window.decide(limit.calls, period, increment, limit.refused, purpose, now.0),
        Entry::Bucket(bucket) => bucket.decide(limit.calls, period, increment, purpose, now.0),
        Entry::Tokens(_) | Entry::Fixed(_) | Entry::Unsaved(_) | Entry::Held(_) => {
            Verdict { admitted: true, used: 0, wait_nanos: 0 }
        }
    };
    (verdict, u64::from(limit.calls)).into()
}

fn add_rate(entry: &mut Entry, limit: RateLimit, count: u64, now: Timestamp) {
    let period = nanos(limit.period_millis());
    match entry {
        Entry::Window(window) => window.add(limit.calls, period, count, now.0),
        Entry::Bucket(bucket) => bucket.add(limit.calls, period, count, now.0),
        Entry::Tokens(_) | Entry::Fixed(_) | Entry::Unsaved(_) | Entry::Held(_) => {}
    }
}

pub(crate) fn decide_tokens(
    entry: &mut Entry,
    limit: TokenLimit,
    estimate: u64,
    purpose: Purpose,
    now: Timestamp,
) -> Decision {
    let period = nanos(limit.period_millis());
    let verdict = match entry {
        Entry::Tokens(tokens) => tokens.decide(limit.tokens, period, estimate, purpose, now.0),
        Entry::Bucket(bucket) => bucket.decide(limit.tokens, period, estimate, purpose, now.0),
        Entry::Window(_) | Entry::Fixed(_) | Entry::Unsaved(_) | Entry::Held(_) => {
            Verdict { admitted: true, used: 0, wait_nanos: 0 }
        }
    };
    (verdict, u64::from(limit.tokens)).into()
}

fn add_tokens(entry: &mut Entry, limit: TokenLimit, count: u64, now: Timestamp) {
    let period = nanos(limit.period_millis());
    match entry {
        Entry::Tokens(tokens) => tokens.add(limit.tokens, period, count, now.0),
        Entry::Bucket(bucket) => bucket.add(limit.tokens, period, count, now.0),
        Entry::Window(_) | Entry::Fixed(_) | Entry::Unsaved(_) | Entry::Held(_) => {}
    }
}

impl Memory {
    /// See [`crate::Counters::check_rate`].
    pub fn check_rate(&self, key: &CounterKey, limit: RateLimit, increment: u64, now: Timestamp) -> Decision {
        let key = rate_key(key, limit);
        let act = |entry: &mut Entry| decide_rate(entry, limit, increment, Purpose::Count, now);
        self.with(&key, || new_rate(limit.algorithm), act)
    }

    /// See [`crate::Counters::peek_rate`].
    pub fn peek_rate(&self, key: &CounterKey, limit: RateLimit, now: Timestamp) -> Decision {
        let entry = self.read(&rate_key(key, limit), Entry::clone).unwrap_or_else(|| new_rate(limit.algorithm));
        decide_rate(&mut { entry }, limit, 1, Purpose::Peek, now)
    }

    /// See [`crate::Counters::add_rate`].
    pub fn add_rate(&self, key: &CounterKey, limit: RateLimit, count: u64, now: Timestamp) {
        let key = rate_key(key, limit);
        self.with(&key, || new_rate(limit.algorithm), |entry| add_rate(entry, limit, count, now));
    }

    /// See [`crate::Counters::check_tokens`].
    pub fn check_tokens(&self, key: &CounterKey, limit: TokenLimit, estimate: u64, now: Timestamp) -> Decision {
        let key = token_key(key, limit);
        let act = |entry: &mut Entry| decide_tokens(entry, limit, estimate, Purpose::Count, now);
        self.with(&key, || new_tokens(limit, now), act)
    }

    /// See [`crate::Counters::peek_tokens`].
    pub fn peek_tokens(&self, key: &CounterKey, limit: TokenLimit, now: Timestamp) -> Decision {
        let entry = self.read(&token_key(key, limit), Entry::clone).unwrap_or_else(|| new_tokens(limit, now));
        decide_tokens(&mut { entry }, limit, 0, Purpose::Peek, now)
    }

    /// See [`crate::Counters::add_tokens`].
    pub fn add_tokens(&self, key: &CounterKey, limit: TokenLimit, count: u64, now: Timestamp) {
        let key = token_key(key, limit);
        self.with(&key, || new_tokens(limit, now), |entry| add_tokens(entry, limit, count, now));
    }

    /// See [`crate::Counters::check_quota`].
    pub fn check_quota(&self, key: &CounterKey, limit: &QuotaLimit, increment: Usage, now: Timestamp) -> QuotaDecision {
        let key = quota_key(key, limit);
        let decided = self.with_quota(&key, |fixed| fixed.decide(limit, increment, Purpose::Count, now));
        decided.unwrap_or_else(|| FixedPeriod::default().decide(limit, increment, Purpose::Peek, now))
    }

    /// See [`crate::Counters::peek_quota`].
    pub fn peek_quota(&self, key: &CounterKey, limit: &QuotaLimit, now: Timestamp) -> QuotaDecision {
        let seen = self.read(&quota_key(key, limit), |entry| match entry {
            Entry::Fixed(fixed) | Entry::Unsaved(fixed) => *fixed,
            _ => FixedPeriod::default(),
        });
        seen.unwrap_or_default().decide(limit, Usage::default(), Purpose::Peek, now)
    }

    /// See [`crate::Counters::add_quota`].
    pub fn add_quota(&self, key: &CounterKey, limit: &QuotaLimit, usage: Usage, now: Timestamp) {
        let bounds = limit.period.bounds(now);
        let key = quota_key(key, limit);
        self.with_quota(&key, |fixed| fixed.add(bounds, usage));
    }
}
