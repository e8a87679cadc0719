//! What rate limits, token limits and quotas have in common: each is a counter, a rule that a store can follow, and a decision in
//! memory.

use std::time::Duration;

use apimite_clock::Timestamp;

use crate::decision::{Decision, QuotaDecision, Refusal, whole_seconds};
use crate::key::CounterKey;
use crate::limit::{Algorithm, QuotaLimit, RateLimit, RefusedCalls, TokenLimit, Usage};
use crate::memory::{Memory, quota_key, rate_key, token_key};
use crate::remote::{Act, Reply, Rule};
use crate::sync::ledger::rate_slot;

/// What a limit answers.
pub(crate) trait Answered: Send + Unpin + Clone + 'static {
    /// May the call go on?
    fn admitted(&self) -> bool;
    /// The answer while the store is away and calls are refused then.
    fn away(wait: Duration) -> Self;
}

/// A limit that memory and a store behind a network decide on alike.
pub(crate) trait Limited: Copy + Send + Sync + 'static {
    /// What it answers.
    type Answer: Answered;

    /// The counter that `key` has under this limit.
    fn counter(&self, key: &CounterKey) -> CounterKey;

    /// What a store is asked.
    fn rule(&self, now: Timestamp) -> Rule;

    /// What a store's reply means.
    fn read(&self, reply: Reply, now: Timestamp) -> Self::Answer;

    /// The decision in memory; an addition is admitted whatever the limit says.
    fn in_memory(&self, memory: &Memory, key: &CounterKey, usage: Usage, act: Act, now: Timestamp) -> Self::Answer;

    /// The slot in which other gateways are told of a call, and the limit they measure it against.
    fn slot(&self, counter: &CounterKey, now: Timestamp) -> (i64, u32);

    /// Do calls count that it refuses?
    fn counts_refused(&self) -> bool {
        false
    }
}

impl Answered for Decision {
    fn admitted(&self) -> bool {
        self.admitted
    }

    fn away(wait: Duration) -> Self {
        Self::away(wait)
    }
}

impl Answered for QuotaDecision {
    fn admitted(&self) -> bool {
        self.admitted
    }

    fn away(wait: Duration) -> Self {
        Self::away(wait)
    }
}

fn decision(reply: Reply, limit: u32) -> Decision {
    if reply.admitted {
        Decision::admit(reply.used.calls, limit.into())
    } else {
        Decision::refuse(reply.used.calls, limit.into(), reply.wait_nanos)
    }
}

fn nanos(millis: u32) -> i64 {
    i64::from(millis) * 1_000_000
}

impl Limited for RateLimit {
    type Answer = Decision;

    fn counter(&self, key: &CounterKey) -> CounterKey {
        rate_key(key, *self)
    }

    fn rule(&self, _: Timestamp) -> Rule {
        let period_nanos = nanos(self.period_millis());
        match self.algorithm {
            Algorithm::SlidingWindow => {
                Rule::Window { limit: self.calls, period_nanos, count_refused: self.counts_refused() }
            }
            Algorithm::TokenBucket => Rule::Bucket { limit: self.calls, period_nanos },
        }
    }

    fn read(&self, reply: Reply, _: Timestamp) -> Decision {
        decision(reply, self.calls)
    }

    #[inline]
    fn in_memory(&self, memory: &Memory, key: &CounterKey, usage: Usage, act: Act, now: Timestamp) -> Decision {
        match act {
            Act::Count => memory.check_rate(key, *self, usage.calls, now),
            Act::Peek => memory.peek_rate(key, *self, now),
            Act::Add => {
                memory.add_rate(key, *self, usage.calls, now);
                Decision::admit(0, self.calls.into())
            }
        }
    }

    fn slot(&self, counter: &CounterKey, now: Timestamp) -> (i64, u32) {
        (rate_slot(&counter.view(), now), self.calls)
    }

    fn counts_refused(&self) -> bool {
        self.refused == RefusedCalls::Count
    }
}

impl Limited for TokenLimit {
    type Answer = Decision;

    fn counter(&self, key: &CounterKey) -> CounterKey {
        token_key(key, *self)
    }

    fn rule(&self, _: Timestamp) -> Rule {
        let period_nanos = nanos(self.period_millis());
        match self.algorithm {
            Algorithm::SlidingWindow => Rule::Tokens { limit: self.tokens, period_nanos },
            Algorithm::TokenBucket => Rule::Bucket { limit: self.tokens, period_nanos },
        }
    }

    fn read(&self, reply: Reply, _: Timestamp) -> Decision {
        decision(reply, self.tokens)
    }

    fn in_memory(&self, memory: &Memory, key: &CounterKey, usage: Usage, act: Act, now: Timestamp) -> Decision {
        match act {
            Act::Count => memory.check_tokens(key, *self, usage.calls, now),
            Act::Peek => memory.peek_tokens(key, *self, now),
            Act::Add => {
                memory.add_tokens(key, *self, usage.calls, now);
                Decision::admit(0, self.tokens.into())
            }
        }
    }

    fn slot(&self, counter: &CounterKey, now: Timestamp) -> (i64, u32) {
        (rate_slot(&counter.view(), now), self.tokens)
    }
}

impl Limited for QuotaLimit {
    type Answer = QuotaDecision;

    fn counter(&self, key: &CounterKey) -> CounterKey {
        quota_key(key, self)
    }

    fn rule(&self, now: Timestamp) -> Rule {
        let end_unix_seconds = self.period.bounds(now).end_unix_seconds;
        Rule::Fixed { calls: self.calls, bytes: self.bytes, end_unix_seconds }
    }

    fn read(&self, reply: Reply, now: Timestamp) -> QuotaDecision {
        let left = self.period.bounds(now).left_nanos(now);
        QuotaDecision {
            admitted: reply.admitted,
            remaining_calls: self.calls.map(|calls| calls.saturating_sub(reply.used.calls)),
            remaining_bytes: self.bytes.map(|bytes| bytes.saturating_sub(reply.used.bytes)),
            retry_after: if reply.admitted { Some(Duration::ZERO) } else { left.map(whole_seconds) },
            refusal: (!reply.admitted).then_some(Refusal::Limit),
        }
    }

    fn in_memory(&self, memory: &Memory, key: &CounterKey, usage: Usage, act: Act, now: Timestamp) -> QuotaDecision {
        match act {
            Act::Count => memory.check_quota(key, self, usage, now),
            Act::Peek => memory.peek_quota(key, self, now),
            Act::Add => {
                memory.add_quota(key, self, usage, now);
                QuotaDecision { admitted: true, ..memory.peek_quota(key, self, now) }
            }
        }
    }

    fn slot(&self, _: &CounterKey, now: Timestamp) -> (i64, u32) {
        let most = self.calls.and_then(|calls| u32::try_from(calls).ok()).unwrap_or(u32::MAX);
        (self.period.bounds(now).end_unix_seconds, most)
    }
}
