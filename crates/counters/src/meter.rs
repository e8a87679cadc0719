//! Metrics of limits: admitted, refused, remaining.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use apimite_clock::Timestamp;
use parking_lot::Mutex;

use crate::counters::Counters;
use crate::decision::{Decision, QuotaDecision};
use crate::key::Kind;

/// Places that the threads of a gateway write to; more threads than that share them.
const PLACES: usize = 16;

/// What some threads noted; a cache line, so that no other thread writes it.
#[repr(align(64))]
#[derive(Debug, Default)]
struct Place {
    admitted: AtomicU64,
    refused: AtomicU64,
    remaining: AtomicU64,
    /// When `remaining` was noted.
    at: AtomicI64,
}

/// The place of this thread.
fn own_place() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % PLACES;
    }
    OWN.with(|own| *own)
}

/// The numbers of one limit; a policy keeps it from compile time and notes each decision.
#[derive(Debug, Default)]
pub struct Meter([Place; PLACES]);

impl Meter {
    /// Notes at `now` whether a call was admitted, and what is left for its key.
    pub fn note(&self, admitted: bool, remaining: u64, now: Timestamp) {
        let place = &self.0[own_place()];
        let count = if admitted { &place.admitted } else { &place.refused };
        count.fetch_add(1, Ordering::Relaxed);
        place.remaining.store(remaining, Ordering::Relaxed);
        place.at.store(now.0, Ordering::Relaxed);
    }

    /// Notes a decision on a rate or token limit.
    pub fn note_rate(&self, decision: &Decision, now: Timestamp) {
        self.note(decision.admitted, decision.remaining, now);
    }

    /// Notes a decision on a quota.
    pub fn note_quota(&self, decision: &QuotaDecision, now: Timestamp) {
        self.note(decision.admitted, decision.remaining_calls.or(decision.remaining_bytes).unwrap_or(0), now);
    }

    /// Notes whether a slot of a concurrency limit was free.
    pub fn note_slot(&self, admitted: bool, now: Timestamp) {
        self.note(admitted, 0, now);
    }

    /// Calls admitted and refused, and what the latest decision left.
    fn read(&self) -> (u64, u64, u64) {
        let sum = |of: fn(&Place) -> &AtomicU64| self.0.iter().map(|place| of(place).load(Ordering::Relaxed)).sum();
        let latest = self.0.iter().max_by_key(|place| place.at.load(Ordering::Relaxed));
        let remaining = latest.map_or(0, |place| place.remaining.load(Ordering::Relaxed));
        (sum(|place| &place.admitted), sum(|place| &place.refused), remaining)
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
            .map(|(kind, limit, meter)| {
                let (admitted, refused, remaining) = meter.read();
                MeterReading { kind: *kind, limit: limit.clone(), admitted, refused, remaining }
            })
            .collect();
        readings.sort_by(|a, b| (a.kind, &a.limit).cmp(&(b.kind, &b.limit)));
        readings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_threads_note_is_summed_and_the_latest_remaining_is_shown() {
        let meters = Meters::default();
        let meter = meters.meter(Kind::RateLimit, "a");
        std::thread::scope(|scope| {
            for thread in 0..40_u64 {
                let meter = &meter;
                scope.spawn(move || {
                    for call in 0..100 {
                        meter.note(call % 4 > 0, thread, Timestamp(thread as i64));
                    }
                });
            }
        });
        let reading = &meters.read()[0];
        assert_eq!((reading.admitted, reading.refused), (3_000, 1_000));
        meter.note(true, 7, Timestamp(1_000));
        assert_eq!(meters.read()[0].remaining, 7);
    }
}
