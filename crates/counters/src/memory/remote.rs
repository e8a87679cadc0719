//! Counts that come from elsewhere: other gateways, files, operators.

use apimite_clock::Timestamp;

use super::{Entry, Memory};
use crate::algorithm::bucket::Bucket;
use crate::algorithm::quota::FixedPeriod;
use crate::algorithm::ring::slot_of;
use crate::algorithm::tokens::TokenWindow;
use crate::algorithm::window::Window;
use crate::key::{CounterKey, Kind, Variant};
use crate::limit::Usage;
use crate::sync::ledger::slot_end;

impl Memory {
    /// Adds what another gateway counted in `slot`; `key` is a stored key, `limit` what the other was asked for.
    pub(crate) fn add_remote(&self, key: &CounterKey, limit: u32, slot: i64, usage: Usage, now: Timestamp) {
        let view = key.view();
        let period = view.period_nanos();
        let fresh = || match (view.variant, view.kind) {
            (Some(Variant::Bucket), _) => Entry::Bucket(Bucket::default()),
            (Some(Variant::Fixed), _) => Entry::Fixed(FixedPeriod::default()),
            (Some(Variant::Held) | None, _) => Entry::Held(0),
            (Some(Variant::Window), Kind::TokenRate) => Entry::Tokens(Box::new(TokenWindow::new(period, now.0))),
            (Some(Variant::Window), _) => Entry::Window(Window::default()),
        };
        let slot = match view.variant {
            // A clock that is ahead of ours does not open our next slot.
            Some(Variant::Window | Variant::Bucket) => slot.min(slot_of(now.0, period)),
            _ => slot,
        };
        if view.variant == Some(Variant::Fixed) {
            self.with_quota(key, |fixed| fixed.add_remote(slot, usage));
            return;
        }
        self.with(key, fresh, |entry| match entry {
            Entry::Window(window) => window.add_remote(limit, period, usage.calls, slot, now.0),
            Entry::Tokens(tokens) => tokens.add_remote(limit, period, usage.calls, slot, now.0),
            Entry::Bucket(bucket) => bucket.add_remote(limit, period, usage.calls, slot_end(&view, slot).min(now.0)),
            Entry::Fixed(_) | Entry::Unsaved(_) | Entry::Held(_) => {}
        });
    }

    /// Forgets a counter; `key` is a stored key.
    pub(crate) fn forget(&self, key: &CounterKey) -> bool {
        let known = self.table.remove_if(key.as_bytes(), |_| true);
        if key.view().variant == Some(Variant::Fixed) {
            self.journal_removal(key);
        }
        known
    }

    /// The slot in which a listed counter counts now; for a quota the end of the period it is in.
    pub(crate) fn slot_for(&self, key: &CounterKey, now: Timestamp) -> Option<i64> {
        let view = key.view();
        match view.variant? {
            Variant::Window | Variant::Bucket => Some(slot_of(now.0, view.period_nanos())),
            Variant::Fixed => self.read(key, |entry| match entry {
                Entry::Fixed(fixed) | Entry::Unsaved(fixed) => Some(fixed.end),
                _ => None,
            })?,
            Variant::Held => None,
        }
    }
}
