//! Metrics of limits: admitted, refused, remaining.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use crate::counters::Counters;
use crate::decision::{Decision, QuotaDecision};
use crate::key::Kind;

/// The numbers of one limit; a policy keeps it from compile time and notes each decision.
#[derive(Debug, Default)]
pub struct Meter {
    admitted: AtomicU64,
    refused: AtomicU64,
    remaining: AtomicU64,
}

impl Meter {
    /// Notes whether a call was admitted, and what is left for its key.
    pub fn note(&self, admitted: bool, remaining: u64) {
        let count = if admitted { &self.admitted } else { &self.refused };
        count.fetch_add(1, Ordering::Relaxed);
        self.remaining.store(remaining, Ordering::Relaxed);
    }

    /// Notes a decision on a rate or token limit.
    pub fn note_rate(&self, decision: &Decision) {
        self.note(decision.admitted, decision.remaining);
    }

    /// Notes a decision on a quota.
    pub fn note_quota(&self, decision: &QuotaDecision) {
        self.note(decision.admitted, decision.remaining_calls.or(decision.remaining_bytes).unwrap_or(0));
    }

    /// Notes whether a slot of a concurrency limit was free.
    pub fn note_slot(&self, admitted: bool) {
        self.note(admitted, 0);
    }
}

/// The meter of a policy, found with the first request: a policy is compiled before there are counters.
#[derive(Debug)]
pub struct LazyMeter {
    kind: Kind,
    limit: Box<str>,
    meter: OnceLock<Arc<Meter>>,
}

impl LazyMeter {
    /// The meter of the limit called `limit`.
    pub fn new(kind: Kind, limit: &str) -> Self {
        Self { kind, limit: limit.into(), meter: OnceLock::new() }
    }

    /// The meter among those of `counters`.
    pub fn of(&self, counters: &Counters) -> &Meter {
        self.meter.get_or_init(|| counters.meter(self.kind, &self.limit))
    }
}

/// What a meter shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterReading {
    /// The family of policies.
    pub kind: Kind,
    /// The limit, as the policy named it (its scope and place).
    pub limit: Box<str>,
    /// Calls admitted since the start.
    pub admitted: u64,
    /// Calls refused since the start.
    pub refused: u64,
    /// What the latest decision left for its key.
    pub remaining: u64,
}

/// All meters; the metrics endpoint reads them.
#[derive(Debug, Default)]
pub struct Meters(Mutex<Vec<(Kind, Box<str>, Arc<Meter>)>>);

impl Meters {
    /// The meter of the limit called `limit`; the same name gives the same meter, so a reloaded policy goes on counting.
    pub fn meter(&self, kind: Kind, limit: &str) -> Arc<Meter> {
        let mut meters = self.0.lock();
        if let Some((_, _, meter)) = meters.iter().find(|(of, name, _)| *of == kind && **name == *limit) {
            return Arc::clone(meter);
        }
        let meter = Arc::new(Meter::default());
        meters.push((kind, limit.into(), Arc::clone(&meter)));
        meter
    }

    /// What every meter shows, by kind and name.
    pub fn read(&self) -> Vec<MeterReading> {
        let mut readings: Vec<_> = self
            .0
            .lock()
            .iter()
            .map(|(kind, limit, meter)| MeterReading {
                kind: *kind,
                limit: limit.clone(),
                admitted: meter.admitted.load(Ordering::Relaxed),
                refused: meter.refused.load(Ordering::Relaxed),
                remaining: meter.remaining.load(Ordering::Relaxed),
            })
            .collect();
        readings.sort_by(|a, b| (a.kind, &a.limit).cmp(&(b.kind, &b.limit)));
        readings
    }
}
