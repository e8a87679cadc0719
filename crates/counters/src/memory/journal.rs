//! Which quotas changed since they were last written to disk.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::{Entry, Memory};
use crate::algorithm::quota::FixedPeriod;
use crate::key::CounterKey;
use crate::sync::ledger::Cell;

#[derive(Debug, Default)]
pub(super) struct Journal {
    wanted: AtomicBool,
    keys: Mutex<Vec<CounterKey>>,
}

impl Memory {
    /// From now on changed quotas are remembered for [`Memory::take_unsaved`].
    pub(crate) fn journal_quotas(&self) {
        self.journal.wanted.store(true, Ordering::Release);
    }

    /// The quotas that changed since the last call.
    pub(crate) fn take_unsaved(&self) -> Vec<CounterKey> {
        std::mem::take(&mut *self.journal.keys.lock())
    }

    /// These could not be written.
    pub(crate) fn put_back_unsaved(&self, keys: Vec<CounterKey>) {
        let mut queue = self.journal.keys.lock();
        // Written twice does no harm; growing for as long as a disk is full would.
        if queue.len() < 1_000_000 {
            queue.extend(keys);
        }
    }

    /// Acts on a quota and remembers it as changed.
    pub(super) fn with_quota<T>(&self, key: &CounterKey, act: impl FnOnce(&mut FixedPeriod) -> T) -> Option<T> {
        let wanted = self.journal.wanted.load(Ordering::Acquire);
        let (answer, newly) = self.with(
            key,
            || Entry::Fixed(FixedPeriod::default()),
            |entry| match entry {
                Entry::Fixed(fixed) => {
                    let answer = act(fixed);
                    if wanted {
                        *entry = Entry::Unsaved(*fixed);
                    }
                    (Some(answer), wanted)
                }
                Entry::Unsaved(fixed) => (Some(act(fixed)), false),
                _ => (None, false),
            },
        );
        if newly {
            self.journal.keys.lock().push(*key);
        }
        answer
    }

    /// Remembers that a quota is gone.
    pub(super) fn journal_removal(&self, key: &CounterKey) {
        if self.journal.wanted.load(Ordering::Acquire) {
            self.journal.keys.lock().push(*key);
        }
    }

    /// What a quota shows, taken as written.
    pub(crate) fn quota_cell(&self, key: &CounterKey) -> Option<Cell> {
        self.table.read(key.as_bytes(), |entry| match entry {
            Entry::Fixed(fixed) | Entry::Unsaved(fixed) => {
                let fixed = *fixed;
                *entry = Entry::Fixed(fixed);
                Some(Cell { slot: fixed.end, usage: fixed.used })
            }
            _ => None,
        })?
    }
}
