//! The memory store: counters in a sharded table ([`table`]), exact under concurrency, giving back what expired.
//!
//! A decision locks one shard for a few dozen nanoseconds. What expired is given back shard by shard
//! ([`Memory::sweep_one_bank`]), a few thousand slots under one lock, so that no lock is held long however many keys there are.

pub(crate) mod concurrency;
mod decide;
mod journal;
mod remote;
mod table;

use apimite_clock::Timestamp;

pub(crate) use self::decide::{quota_key, rate_key, token_key};
use self::journal::Journal;
use self::table::Table;
use crate::algorithm::bucket::Bucket;
use crate::algorithm::quota::FixedPeriod;
use crate::algorithm::tokens::TokenWindow;
use crate::algorithm::window::Window;
use crate::key::{CounterKey, KeyView};

/// The state of one counter: half a cache line.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Window(Window),
    Tokens(Box<TokenWindow>),
    Bucket(Bucket),
    Fixed(FixedPeriod),
    /// A quota that changed since it was last written to disk.
    Unsaved(FixedPeriod),
    Held(u32),
}

const _: () = assert!(size_of::<Entry>() == 32);

impl Entry {
    pub(crate) fn is_expired(&self, key: &[u8], now: Timestamp) -> bool {
        let Some(view) = KeyView::read(key) else { return true };
        match self {
            Self::Window(window) => window.is_expired(view.period_nanos(), now.0),
            Self::Tokens(tokens) => tokens.is_expired(view.period_nanos(), now.0),
            Self::Bucket(bucket) => bucket.is_expired(now.0),
            Self::Fixed(fixed) | Self::Unsaved(fixed) => fixed.is_expired(now),
            Self::Held(held) => *held == 0,
        }
    }
}

/// What one step of the sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Counters looked at.
    pub seen: usize,
    /// Counters given back.
    pub removed: usize,
    /// Was it the last step of a round?
    pub round_done: bool,
}

/// The counters of one process.
#[derive(Debug)]
pub struct Memory {
    table: Table,
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
        Self { table: Table::new(), journal: Journal::default() }
    }

    /// An empty store that takes little memory: for simulations, with a store for each of hundreds of gateways.
    pub(crate) fn small() -> Self {
        Self { table: Table::small(), journal: Journal::default() }
    }

    /// Runs `act` on the counter of `key`, made by `new` when there is none. Allocates for a new key only.
    fn with<T>(&self, key: &CounterKey, new: impl FnOnce() -> Entry, act: impl FnOnce(&mut Entry) -> T) -> T {
        self.table.with(key.as_bytes(), new, act)
    }

    /// Runs `look` on the counter of `key`, if there is one.
    fn read<T>(&self, key: &CounterKey, look: impl FnOnce(&Entry) -> T) -> Option<T> {
        self.table.read(key.as_bytes(), |entry| look(entry))
    }

    /// Shows every counter to `look`, in no order.
    pub(crate) fn each(&self, look: impl FnMut(&[u8], &Entry)) {
        self.table.each(look);
    }

    /// How many counters are kept.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Is there no counter?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives back the expired counters of the next 64th of the table; called often enough it visits all.
    pub fn sweep_one_bank(&self, now: Timestamp) -> Swept {
        self.table.sweep_next(now)
    }

    /// Gives back every expired counter at once.
    pub fn sweep(&self, now: Timestamp) -> Swept {
        let mut total = Swept { round_done: true, ..Swept::default() };
        for _ in 0..Table::ROUND {
            let swept = self.sweep_one_bank(now);
            total.seen += swept.seen;
            total.removed += swept.removed;
        }
        total
    }
}
