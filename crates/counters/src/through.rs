//! Decisions through a store behind a network, and what happens while it is away.
//!
//! What the store admits is noted in memory too: while it is away, a gateway that counts locally goes on from there.

use std::sync::Arc;

use apimite_clock::Timestamp;

use crate::decision::Outcome;
use crate::inspect::{CounterFilter, CounterView, bounds_of};
use crate::key::{CounterKey, Kind, Variant};
use crate::limit::Usage;
use crate::limited::{Answered, Limited};
use crate::memory::Memory;
use crate::remote::{Act, AwayPolicy, Question, Remote, Rule};

type Store = Arc<dyn Remote>;

/// Asks the store, or decides as the configuration says while it is away.
pub(crate) fn ask_through<L: Limited>(
    store: &Store,
    memory: &Arc<Memory>,
    key: &CounterKey,
    limit: L,
    usage: Usage,
    act: Act,
    now: Timestamp,
) -> Outcome<L::Answer> {
    let question = Question { key: limit.counter(key), rule: limit.rule(now), act, increment: usage, now };
    let (memory, store, key) = (Arc::clone(memory), Arc::clone(store), *key);
    Outcome::Pending(Box::pin(async move {
        if let Some(reply) = store.ask(question).await {
            if act == Act::Add || (act == Act::Count && reply.admitted) {
                limit.in_memory(&memory, &key, usage, Act::Add, now);
            }
            return limit.read(reply, now);
        }
        let decided = match (act, store.away()) {
            (Act::Add, _) | (_, AwayPolicy::Local) => limit.in_memory(&memory, &key, usage, act, now),
            (Act::Peek | Act::Count, AwayPolicy::Refuse) => L::Answer::away(store.retry_after()),
        };
        if act != Act::Peek && decided.admitted() {
            store.owe(question);
        }
        decided
    }))
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
