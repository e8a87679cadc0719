//! The handle through which policies count.

use std::sync::Arc;

use apimite_clock::Timestamp;

use crate::decision::{Decision, Outcome, QuotaDecision};
use crate::inspect::{CounterFilter, CounterView};
use crate::key::{CounterKey, Kind, Variant};
use crate::limit::{QuotaLimit, RateLimit, TokenLimit, Usage};
use crate::limited::{Answered, Limited};
use crate::memory::concurrency::ConcurrencySlot;
use crate::memory::{Memory, Swept};
use crate::meter::{Meter, Meters};
use crate::remote::{Act, Remote};
use crate::sync::wire::Seal;
use crate::sync::{Ledger, Replica, SyncSettings};
use crate::through::{ask_through, ignore, list_through, set_through};

/// The counters of a gateway; cheap to clone, clones share their counts.
#[derive(Clone, Debug)]
pub struct Counters(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: Arc<Memory>,
    /// Where this gateway's own counts are noted for the others.
    ledger: Option<Arc<Ledger>>,
    /// The store that decides instead of the memory.
    remote: Option<Arc<dyn Remote>>,
    meters: Meters,
}

impl Counters {
    /// Counters in this process's memory.
    pub fn memory() -> Self {
        Self::build(None, None)
    }

    /// Counters in this process's memory that note in `ledger` what they count, for a [`Replica`] to tell others.
    pub fn synchronized(ledger: Arc<Ledger>) -> Self {
        Self::build(Some(ledger), None)
    }

    /// Counters in a Redis server; this process's memory is what counts while that is away.
    #[cfg(feature = "redis")]
    pub fn redis(store: crate::redis::RedisStore) -> Self {
        Self::build(None, Some(Arc::new(store)))
    }

    pub(crate) fn build(ledger: Option<Arc<Ledger>>, remote: Option<Arc<dyn Remote>>) -> Self {
        Self::with_memory(Memory::new(), ledger, remote)
    }

    /// Counters of one of many gateways in a simulation.
    pub(crate) fn simulated(ledger: Option<Arc<Ledger>>) -> Self {
        Self::with_memory(Memory::small(), ledger, None)
    }

    fn with_memory(memory: Memory, ledger: Option<Arc<Ledger>>, remote: Option<Arc<dyn Remote>>) -> Self {
        Self(Arc::new(Inner { memory: Arc::new(memory), ledger, remote, meters: Meters::default() }))
    }

    /// The replica that keeps these counters in step with others; `None` unless made by [`Counters::synchronized`].
    pub fn replica(&self, settings: SyncSettings, seal: Seal) -> Option<Replica> {
        let ledger = Arc::clone(self.0.ledger.as_ref()?);
        Some(Replica::new(Arc::clone(&self.0.memory), ledger, settings, seal))
    }

    /// The store in memory.
    pub(crate) fn store(&self) -> Arc<Memory> {
        Arc::clone(&self.0.memory)
    }

    /// The ledger in which own counts are noted.
    pub(crate) fn ledger(&self) -> Option<Arc<Ledger>> {
        self.0.ledger.clone()
    }

    fn note(&self, key: &CounterKey, slot: i64, usage: Usage, limit: u32) {
        if let Some(ledger) = &self.0.ledger
            && usage != Usage::default()
        {
            ledger.record(key, slot, usage, limit);
        }
    }

    /// Decides, in the store or in memory, and notes for other gateways what was counted.
    #[inline]
    fn ask<L: Limited>(
        &self,
        key: &CounterKey,
        limit: L,
        usage: Usage,
        act: Act,
        now: Timestamp,
    ) -> Outcome<L::Answer> {
        if let Some(store) = &self.0.remote {
            return ask_through(store, &self.0.memory, key, limit, usage, act, now);
        }
        let answer = limit.in_memory(&self.0.memory, key, usage, act, now);
        let counted = match act {
            Act::Peek => false,
            Act::Count => answer.admitted() || limit.counts_refused(),
            Act::Add => true,
        };
        if counted && self.0.ledger.is_some() {
            let counter = limit.counter(key);
            let (slot, most) = limit.slot(&counter, now);
            self.note(&counter, slot, usage, most);
        }
        Outcome::Ready(answer)
    }

    /// May this call pass? It is counted `increment` times if it may; an increment of zero only asks.
    pub fn check_rate(&self, key: &CounterKey, limit: RateLimit, increment: u64, now: Timestamp) -> Outcome<Decision> {
        self.ask(key, limit, Usage::calls(increment), Act::Count, now)
    }

    /// What one more call would be told, without counting it.
    pub fn peek_rate(&self, key: &CounterKey, limit: RateLimit, now: Timestamp) -> Outcome<Decision> {
        self.ask(key, limit, Usage::ONE_CALL, Act::Peek, now)
    }

    /// Counts `count` calls at `now` whatever the limit says: increments that waited for the response.
    pub fn add_rate(&self, key: &CounterKey, limit: RateLimit, count: u64, now: Timestamp) -> Outcome<()> {
        ignore(self.ask(key, limit, Usage::calls(count), Act::Add, now))
    }

    /// May a call to a language model pass? It may while fewer than the limit are used and `estimate` fits what is left;
    /// the estimate is counted if so. Zero means that nothing is estimated.
    pub fn check_tokens(
        &self,
        key: &CounterKey,
        limit: TokenLimit,
        estimate: u64,
        now: Timestamp,
    ) -> Outcome<Decision> {
        self.ask(key, limit, Usage::calls(estimate), Act::Count, now)
    }

    /// What one more call would be told, without counting it.
    pub fn peek_tokens(&self, key: &CounterKey, limit: TokenLimit, now: Timestamp) -> Outcome<Decision> {
        self.ask(key, limit, Usage::default(), Act::Peek, now)
    }

    /// Counts tokens that the answer reported, whatever the limit says; more than the limit become a debt.
    pub fn add_tokens(&self, key: &CounterKey, limit: TokenLimit, count: u64, now: Timestamp) -> Outcome<()> {
        ignore(self.ask(key, limit, Usage::calls(count), Act::Add, now))
    }

    /// May this call pass its quota? `increment` is counted if it may. Bytes are known after the response only
    /// ([`Counters::add_quota`]), so a call passes while fewer bytes than the limit are used.
    pub fn check_quota(
        &self,
        key: &CounterKey,
        limit: &QuotaLimit,
        increment: Usage,
        now: Timestamp,
    ) -> Outcome<QuotaDecision> {
        self.ask(key, *limit, increment, Act::Count, now)
    }

    /// What one more call would be told, without counting it.
    pub fn peek_quota(&self, key: &CounterKey, limit: &QuotaLimit, now: Timestamp) -> Outcome<QuotaDecision> {
        self.ask(key, *limit, Usage::default(), Act::Peek, now)
    }

    /// Counts what a call used, whatever the limit says.
    pub fn add_quota(&self, key: &CounterKey, limit: &QuotaLimit, usage: Usage, now: Timestamp) -> Outcome<()> {
        ignore(self.ask(key, *limit, usage, Act::Add, now))
    }

    /// Takes one of `most` slots of `key`, on this gateway alone; `None` when all are taken. Dropping the slot gives it back.
    pub fn acquire(&self, key: &CounterKey, most: u32) -> Option<ConcurrencySlot> {
        self.0.memory.acquire(key, most)
    }

    /// The meter of a limit, for its metrics; policies ask for it once, when they are compiled.
    pub fn meter(&self, kind: Kind, limit: &str) -> Arc<Meter> {
        self.0.meters.meter(kind, limit)
    }

    /// All meters.
    pub fn meters(&self) -> &Meters {
        &self.0.meters
    }

    /// Gives back a share of the expired counters; the gateway calls it some 64 times a second.
    pub fn sweep_one_bank(&self, now: Timestamp) -> Swept {
        let swept = self.0.memory.sweep_one_bank(now);
        if let (Some(ledger), true) = (&self.0.ledger, swept.round_done) {
            ledger.sweep(now);
        }
        swept
    }

    /// The counters that `filter` means and that count now, by kind, scope and value.
    pub fn list(&self, filter: &CounterFilter, now: Timestamp) -> Outcome<Vec<CounterView>> {
        if let Some(store) = &self.0.remote {
            return list_through(store, filter.clone(), now);
        }
        let mut views = self.0.memory.list(filter, now);
        if let Some(ledger) = &self.0.ledger {
            for view in &mut views {
                view.nodes = ledger.by_node(&view.key, now);
            }
        }
        if let Some(node) = filter.node {
            views.retain(|view| view.nodes.iter().any(|(of, _)| *of == node));
        }
        Outcome::Ready(views)
    }

    /// Starts a listed counter anew, on every gateway; false when there was none here.
    pub fn reset(&self, key: &CounterKey, now: Timestamp) -> Outcome<bool> {
        if let Some(store) = &self.0.remote {
            self.0.memory.forget(key);
            return Outcome::Pending(store.forget(*key));
        }
        let known = self.0.memory.forget(key);
        if let Some(ledger) = &self.0.ledger {
            ledger.reset(key, now);
        }
        Outcome::Ready(known)
    }

    /// Makes a listed counter show `usage` from now on, on every gateway; `limit` is the limit it is measured against. A token
    /// bucket takes what [`CounterView::used`] shows of it: milliseconds until it is full again.
    pub fn set(&self, key: &CounterKey, usage: Usage, limit: u32, now: Timestamp) -> Outcome<bool> {
        let view = key.view();
        // A call that comes back each millisecond makes the two one number.
        let limit = if view.variant == Some(Variant::Bucket) { view.period.max(1) } else { limit };
        if let Some(store) = &self.0.remote {
            let end =
                matches!(key.view().variant, Some(Variant::Fixed)).then(|| self.0.memory.slot_for(key, now)).flatten();
            self.0.memory.forget(key);
            return set_through(store, *key, usage, limit, end, now);
        }
        let slot = self.0.memory.slot_for(key, now);
        let known = self.reset(key, now);
        if let Some(slot) = slot {
            self.0.memory.add_remote(key, limit, slot, usage, now);
            self.note(key, slot, usage, limit);
        }
        known
    }
}
