//! Decisions through a store behind a network, and what happens while it is away.
//!
//! What the store admits is noted in memory too: while it is away, a gateway that counts locally goes on from there.

use std::sync::Arc;

use apimite_clock::Timestamp;

use crate::counters::Counters;
use crate::decision::{Decision, Outcome, QuotaDecision, Refusal, whole_seconds};
use crate::inspect::{CounterFilter, CounterView, bounds_of};
use crate::key::{CounterKey, Kind, Variant};
use crate::limit::{Algorithm, QuotaLimit, RateLimit, RefusedCalls, TokenLimit, Usage};
use crate::memory::{quota_key, rate_key, token_key};
use crate::remote::{Act, AwayPolicy, Question, Remote, Reply, Rule};

type Store = Arc<dyn Remote>;

fn decision(reply: Reply, limit: u64) -> Decision {
    if reply.admitted {
        Decision::admit(reply.used.calls, limit)
    } else {
        Decision::refuse(reply.used.calls, limit, reply.wait_nanos)
    }
}

fn quota_decision(reply: Reply, limit: &QuotaLimit, now: Timestamp) -> QuotaDecision {
    let left = limit.period.bounds(now).left_nanos(now);
    QuotaDecision {
        admitted: reply.admitted,
        remaining_calls: limit.calls.map(|calls| calls.saturating_sub(reply.used.calls)),
        remaining_bytes: limit.bytes.map(|bytes| bytes.saturating_sub(reply.used.bytes)),
        retry_after: if reply.admitted { Some(std::time::Duration::ZERO) } else { left.map(whole_seconds) },
        refusal: (!reply.admitted).then_some(Refusal::Limit),
    }
}

fn rate_question(key: &CounterKey, limit: RateLimit, increment: u64, act: Act, now: Timestamp) -> Question {
    let period_nanos = i64::from(limit.period_millis()) * 1_000_000;
    let rule = match limit.algorithm {
        Algorithm::SlidingWindow => {
            Rule::Window { limit: limit.calls, period_nanos, count_refused: limit.refused == RefusedCalls::Count }
        }
        Algorithm::TokenBucket => Rule::Bucket { limit: limit.calls, period_nanos },
    };
    Question { key: rate_key(key, limit), rule, act, increment: Usage::calls(increment), now }
}

fn token_question(key: &CounterKey, limit: TokenLimit, count: u64, act: Act, now: Timestamp) -> Question {
    let period_nanos = i64::from(limit.period_millis()) * 1_000_000;
    let rule = match limit.algorithm {
        Algorithm::SlidingWindow => Rule::Tokens { limit: limit.tokens, period_nanos },
        Algorithm::TokenBucket => Rule::Bucket { limit: limit.tokens, period_nanos },
    };
    Question { key: token_key(key, limit), rule, act, increment: Usage::calls(count), now }
}

fn quota_question(key: &CounterKey, limit: &QuotaLimit, usage: Usage, act: Act, now: Timestamp) -> Question {
    let end_unix_seconds = limit.period.bounds(now).end_unix_seconds;
    let rule = Rule::Fixed { calls: limit.calls, bytes: limit.bytes, end_unix_seconds };
    Question { key: quota_key(key, limit), rule, act, increment: usage, now }
}

impl Counters {
    pub(crate) fn rate_through(
        &self,
        store: &Store,
        key: &CounterKey,
        limit: RateLimit,
        increment: u64,
        act: Act,
        now: Timestamp,
    ) -> Outcome<Decision> {
        let question = rate_question(key, limit, increment, act, now);
        let (counters, store, key) = (self.store(), Arc::clone(store), *key);
        Outcome::Pending(Box::pin(async move {
            if let Some(reply) = store.ask(question).await {
                if act == Act::Add || (act == Act::Count && reply.admitted) {
                    counters.add_rate(&key, limit, increment, now);
                }
                return decision(reply, u64::from(limit.calls));
            }
            let decided = match (act, store.away()) {
                (Act::Add, _) => {
                    counters.add_rate(&key, limit, increment, now);
                    Decision::admit(0, u64::from(limit.calls))
                }
                (Act::Peek, AwayPolicy::Local) => counters.peek_rate(&key, limit, now),
                (Act::Count, AwayPolicy::Local) => counters.check_rate(&key, limit, increment, now),
                (Act::Peek | Act::Count, AwayPolicy::Refuse) => Decision::away(store.retry_after()),
            };
            if act != Act::Peek && decided.admitted {
                store.owe(question);
            }
            decided
        }))
    }

    pub(crate) fn tokens_through(
        &self,
        store: &Store,
        key: &CounterKey,
        limit: TokenLimit,
        count: u64,
        act: Act,
        now: Timestamp,
    ) -> Outcome<Decision> {
        let question = token_question(key, limit, count, act, now);
        let (counters, store, key) = (self.store(), Arc::clone(store), *key);
        Outcome::Pending(Box::pin(async move {
            if let Some(reply) = store.ask(question).await {
                if act == Act::Add || (act == Act::Count && reply.admitted) {
                    counters.add_tokens(&key, limit, count, now);
                }
                return decision(reply, u64::from(limit.tokens));
            }
            let decided = match (act, store.away()) {
                (Act::Add, _) => {
                    counters.add_tokens(&key, limit, count, now);
                    Decision::admit(0, u64::from(limit.tokens))
                }
                (Act::Peek, AwayPolicy::Local) => counters.peek_tokens(&key, limit, now),
                (Act::Count, AwayPolicy::Local) => counters.check_tokens(&key, limit, count, now),
                (Act::Peek | Act::Count, AwayPolicy::Refuse) => Decision::away(store.retry_after()),
            };
            if act != Act::Peek && decided.admitted {
                store.owe(question);
            }
            decided
        }))
    }

    pub(crate) fn quota_through(
        &self,
        store: &Store,
        key: &CounterKey,
        limit: &QuotaLimit,
        usage: Usage,
        act: Act,
        now: Timestamp,
    ) -> Outcome<QuotaDecision> {
        let question = quota_question(key, limit, usage, act, now);
        let (counters, store, key, limit) = (self.store(), Arc::clone(store), *key, *limit);
        Outcome::Pending(Box::pin(async move {
            if let Some(reply) = store.ask(question).await {
                if act == Act::Add || (act == Act::Count && reply.admitted) {
                    counters.add_quota(&key, &limit, usage, now);
                }
                return quota_decision(reply, &limit, now);
            }
            let decided = match (act, store.away()) {
                (Act::Add, _) => {
                    counters.add_quota(&key, &limit, usage, now);
                    QuotaDecision { admitted: true, ..counters.peek_quota(&key, &limit, now) }
                }
                (Act::Peek, AwayPolicy::Local) => counters.peek_quota(&key, &limit, now),
                (Act::Count, AwayPolicy::Local) => counters.check_quota(&key, &limit, usage, now),
                (Act::Peek | Act::Count, AwayPolicy::Refuse) => QuotaDecision::away(store.retry_after()),
            };
            if act != Act::Peek && decided.admitted {
                store.owe(question);
            }
            decided
        }))
    }
}

/// Forgets the answer: for additions.
pub(crate) fn ignore<T: Send + Unpin + Clone + 'static>(outcome: Outcome<T>) -> Outcome<()> {
    match outcome {
        Outcome::Ready(_) => Outcome::Ready(()),
        Outcome::Pending(future) => Outcome::Pending(Box::pin(async move {
            future.await;
        })),
    }
}

/// Lists what the store holds.
pub(crate) fn list_through(store: &Store, filter: CounterFilter, now: Timestamp) -> Outcome<Vec<CounterView>> {
    let store = Arc::clone(store);
    Outcome::Pending(Box::pin(async move {
        let mut views = Vec::new();
        for (key, end) in store.keys().await {
            let view = key.view();
            if !filter.matches(&view) || end.is_some_and(|end| end <= now.unix_seconds()) {
                continue;
            }
            let period_nanos = view.period_nanos();
            let rule = match (view.variant, end) {
                (Some(Variant::Fixed), Some(end_unix_seconds)) => {
                    Rule::Fixed { calls: None, bytes: None, end_unix_seconds }
                }
                // One call per millisecond: what is used is then the milliseconds until the bucket is full.
                (Some(Variant::Bucket), _) => Rule::Bucket { limit: view.period.max(1), period_nanos },
                (Some(Variant::Window), _) if view.kind == Kind::TokenRate => {
                    Rule::Tokens { limit: u32::MAX, period_nanos }
                }
                (Some(Variant::Window), _) => Rule::Window { limit: u32::MAX, period_nanos, count_refused: false },
                _ => continue,
            };
            let question = Question { key, rule, act: Act::Peek, increment: Usage::default(), now };
            let Some(reply) = store.ask(question).await else { break };
            if reply.used == Usage::default() {
                continue;
            }
            let rate = matches!(view.variant, Some(Variant::Window | Variant::Bucket));
            views.push(CounterView {
                key,
                used: reply.used.calls,
                bytes: reply.used.bytes,
                period: end.map(|end| bounds_of(view.period, end)),
                window_millis: rate.then_some(view.period),
                nodes: Vec::new(),
            });
        }
        views.sort_by(|a, b| a.key.as_bytes().cmp(b.key.as_bytes()));
        views
    }))
}

/// Makes a counter of the store start anew and show `usage`.
pub(crate) fn set_through(
    store: &Store,
    key: CounterKey,
    usage: Usage,
    limit: u32,
    end: Option<i64>,
    now: Timestamp,
) -> Outcome<bool> {
    let store = Arc::clone(store);
    Outcome::Pending(Box::pin(async move {
        let known = store.forget(key).await;
        let view = key.view();
        let period_nanos = view.period_nanos();
        let rule = match (view.variant, end) {
            (Some(Variant::Fixed), Some(end_unix_seconds)) => {
                Rule::Fixed { calls: None, bytes: None, end_unix_seconds }
            }
            (Some(Variant::Bucket), _) => Rule::Bucket { limit: limit.max(1), period_nanos },
            (Some(Variant::Window), _) if view.kind == Kind::TokenRate => Rule::Tokens { limit, period_nanos },
            (Some(Variant::Window), _) => Rule::Window { limit, period_nanos, count_refused: false },
            _ => return known,
        };
        store.ask(Question { key, rule, act: Act::Add, increment: usage, now }).await;
        known
    }))
}
