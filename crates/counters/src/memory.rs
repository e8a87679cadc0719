//! The memory store: sharded maps of counters, exact under concurrency, giving back what expired.
//!
//! Keys are spread over banks of [`DashMap`]s. A decision locks one shard of one bank for a few dozen nanoseconds. What expired
//! is given back bank by bank ([`Memory::sweep_one_bank`]), so that no lock is held long however many keys there are.

pub(crate) mod concurrency;
mod decide;
mod journal;
mod remote;

use std::sync::atomic::{AtomicUsize, Ordering};

use ahash::RandomState;
use apimite_clock::Timestamp;
use dashmap::DashMap;

pub(crate) use self::decide::{quota_key, rate_key, token_key};
use self::journal::Journal;
use crate::algorithm::bucket::Bucket;
use crate::algorithm::quota::FixedPeriod;
use crate::algorithm::tokens::TokenWindow;
use crate::algorithm::window::Window;
use crate::key::{CounterKey, KeyView};

/// Banks of maps; with [`SHARDS`] each, a million keys leave some 4,000 under one lock.
const BANKS: usize = 64;
const SHARDS: usize = 4;

/// The state of one counter.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Window(Window),
    Tokens(Box<TokenWindow>),
    Bucket(Bucket),
    Fixed(FixedPeriod),
    Held(u32),
}

impl Entry {
    pub(crate) fn is_expired(&self, key: &[u8], now: Timestamp) -> bool {
        let Some(view) = KeyView::read(key) else { return true };
        match self {
            Self::Window(window) => window.is_expired(view.period_nanos(), now.0),
            Self::Tokens(tokens) => tokens.is_expired(view.period_nanos(), now.0),
            Self::Bucket(bucket) => bucket.is_expired(now.0),
            Self::Fixed(fixed) => fixed.is_expired(now),
            Self::Held(held) => *held == 0,
        }
    }
}

type Bank = DashMap<Box<[u8]>, Entry, RandomState>;

/// What one step of the sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Counters looked at.
    pub seen: usize,
    /// Counters given back.
    pub removed: usize,
    /// Was it the last bank of a round?
    pub round_done: bool,
}

/// The counters of one process.
#[derive(Debug)]
pub struct Memory {
    banks: Box<[Bank]>,
    hasher: RandomState,
    /// The bank that is swept next.
    next: AtomicUsize,
    /// Quotas that changed since they were last written to disk; filled only if somebody writes them.
    journal: Journal,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        let hasher = RandomState::new();
        let bank = || DashMap::with_capacity_and_hasher_and_shard_amount(0, hasher.clone(), SHARDS);
        Self {
            banks: (0..BANKS).map(|_| bank()).collect(),
            hasher: hasher.clone(),
            next: AtomicUsize::new(0),
            journal: Journal::default(),
        }
    }

    fn bank(&self, key: &[u8]) -> &Bank {
        // Bits that neither dashmap (its shard) nor its tables (bucket and tag) use.
        let bits = self.hasher.hash_one(key) >> 32;
        &self.banks[bits as usize % BANKS]
    }

    /// Runs `act` on the counter of `key`, made by `new` when there is none. Allocates for a new key only.
    fn with<T>(&self, key: &CounterKey, new: impl FnOnce() -> Entry, act: impl FnOnce(&mut Entry) -> T) -> T {
        let bytes = key.as_bytes();
        let bank = self.bank(bytes);
        if let Some(mut entry) = bank.get_mut(bytes) {
            return act(&mut entry);
        }
        act(&mut bank.entry(bytes.into()).or_insert_with(new))
    }

    /// Runs `look` on the counter of `key`, if there is one.
    fn read<T>(&self, key: &CounterKey, look: impl FnOnce(&Entry) -> T) -> Option<T> {
        self.bank(key.as_bytes()).get(key.as_bytes()).map(|entry| look(&entry))
    }

    /// Shows every counter to `look`, in no order.
    pub(crate) fn each(&self, mut look: impl FnMut(&[u8], &Entry)) {
        for bank in &self.banks {
            for pair in bank {
                look(pair.key(), pair.value());
            }
        }
    }

    /// How many counters are kept.
    pub fn len(&self) -> usize {
        self.banks.iter().map(DashMap::len).sum()
    }

    /// Is there no counter?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives back the expired counters of the next bank; called often enough (64 times a second) it visits all.
    pub fn sweep_one_bank(&self, now: Timestamp) -> Swept {
        let index = self.next.fetch_add(1, Ordering::Relaxed) % BANKS;
        let bank = &self.banks[index];
        let mut swept = Swept { round_done: index == BANKS - 1, ..Swept::default() };
        bank.retain(|key, entry| {
            swept.seen += 1;
            let gone = entry.is_expired(key, now);
            swept.removed += usize::from(gone);
            !gone
        });
        if swept.removed > 0 && bank.capacity() > 4 * bank.len() + 64 {
            bank.shrink_to_fit();
        }
        swept
    }

    /// Gives back every expired counter at once.
    pub fn sweep(&self, now: Timestamp) -> Swept {
        let mut total = Swept { round_done: true, ..Swept::default() };
        for _ in 0..BANKS {
            let swept = self.sweep_one_bank(now);
            total.seen += swept.seen;
            total.removed += swept.removed;
        }
        total
    }
}
