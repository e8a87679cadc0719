//! The handle through which policies count.

use std::sync::Arc;

use apimite_clock::Timestamp;

use crate::decision::{Decision, Outcome, QuotaDecision};
use crate::key::{CounterKey, Kind};
use crate::limit::{QuotaLimit, RateLimit, TokenLimit, Usage};
use crate::memory::concurrency::ConcurrencySlot;
use crate::memory::{Memory, Swept};
use crate::meter::{Meter, Meters};

/// The counters of a gateway; cheap to clone, clones share their counts.
#[derive(Clone, Debug)]
pub struct Counters(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: Arc<Memory>,
    meters: Meters,
}

impl Counters {
    /// Counters in this process's memory.
    pub fn memory() -> Self {
        Self(Arc::new(Inner { memory: Arc::new(Memory::new()), meters: Meters::default() }))
    }

    /// May this call pass? It is counted `increment` times if it may; an increment of zero only asks.
    pub fn check_rate(&self, key: &CounterKey, limit: RateLimit, increment: u64, now: Timestamp) -> Outcome<Decision> {
        Outcome::Ready(self.0.memory.check_rate(key, limit, increment, now))
    }

    /// What one more call would be told, without counting it.
    pub fn peek_rate(&self, key: &CounterKey, limit: RateLimit, now: Timestamp) -> Outcome<Decision> {
        Outcome::Ready(self.0.memory.peek_rate(key, limit, now))
    }

    /// Counts `count` calls at `now` whatever the limit says: increments that waited for the response.
    pub fn add_rate(&self, key: &CounterKey, limit: RateLimit, count: u64, now: Timestamp) -> Outcome<()> {
        self.0.memory.add_rate(key, limit, count, now);
        Outcome::Ready(())
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
        Outcome::Ready(self.0.memory.check_tokens(key, limit, estimate, now))
    }

    /// What one more call would be told, without counting it.
    pub fn peek_tokens(&self, key: &CounterKey, limit: TokenLimit, now: Timestamp) -> Outcome<Decision> {
        Outcome::Ready(self.0.memory.peek_tokens(key, limit, now))
    }

    /// Counts tokens that the answer reported, whatever the limit says; more than the limit become a debt.
    pub fn add_tokens(&self, key: &CounterKey, limit: TokenLimit, count: u64, now: Timestamp) -> Outcome<()> {
        self.0.memory.add_tokens(key, limit, count, now);
        Outcome::Ready(())
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
        Outcome::Ready(self.0.memory.check_quota(key, limit, increment, now))
    }

    /// What one more call would be told, without counting it.
    pub fn peek_quota(&self, key: &CounterKey, limit: &QuotaLimit, now: Timestamp) -> Outcome<QuotaDecision> {
        Outcome::Ready(self.0.memory.peek_quota(key, limit, now))
    }

    /// Counts what a call used, whatever the limit says.
    pub fn add_quota(&self, key: &CounterKey, limit: &QuotaLimit, usage: Usage, now: Timestamp) -> Outcome<()> {
        self.0.memory.add_quota(key, limit, usage, now);
        Outcome::Ready(())
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
        self.0.memory.sweep_one_bank(now)
    }
}
