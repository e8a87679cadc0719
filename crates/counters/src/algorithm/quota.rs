//! Fixed periods of calls and bytes.

use apimite_clock::Timestamp;

use super::Purpose;
use super::period::PeriodBounds;
use crate::decision::{QuotaDecision, Refusal, whole_seconds};
use crate::limit::{QuotaLimit, Usage};

/// What is used in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FixedPeriod {
    /// First second after the period: a later period starts anew, an earlier one cannot come back.
    pub(crate) end: i64,
    pub(crate) used: Usage,
}

impl Default for FixedPeriod {
    fn default() -> Self {
        Self { end: i64::MIN, used: Usage::default() }
    }
}

impl FixedPeriod {
    fn enter(&mut self, bounds: PeriodBounds) {
        if bounds.end_unix_seconds > self.end {
            *self = Self { end: bounds.end_unix_seconds, used: Usage::default() };
        }
    }

    /// May the call pass? Bytes are known afterwards only, so a call passes while fewer than the limit are used.
    pub(crate) fn decide(
        &mut self,
        limit: &QuotaLimit,
        increment: Usage,
        purpose: Purpose,
        now: Timestamp,
    ) -> QuotaDecision {
        let bounds = limit.period.bounds(now);
        self.enter(bounds);
        let calls_fit = limit.calls.is_none_or(|calls| self.used.calls.saturating_add(increment.calls.max(1)) <= calls);
        let bytes_fit = limit.bytes.is_none_or(|bytes| self.used.bytes < bytes);
        let admitted = calls_fit && bytes_fit;
        if admitted && purpose == Purpose::Count {
            self.used = self.used.plus(increment);
        }
        QuotaDecision {
            admitted,
            remaining_calls: limit.calls.map(|calls| calls.saturating_sub(self.used.calls)),
            remaining_bytes: limit.bytes.map(|bytes| bytes.saturating_sub(self.used.bytes)),
            retry_after: if admitted {
                Some(std::time::Duration::ZERO)
            } else {
                bounds.left_nanos(now).map(whole_seconds)
            },
            refusal: (!admitted).then_some(Refusal::Limit),
        }
    }

    /// Adds what a call used, whatever the limit says.
    pub(crate) fn add(&mut self, bounds: PeriodBounds, usage: Usage) {
        self.enter(bounds);
        self.used = self.used.plus(usage);
    }

    /// Adds what another gateway, or this one before a restart, counted in the period that ends at `end`.
    pub(crate) fn add_remote(&mut self, end: i64, usage: Usage) {
        if end >= self.end {
            self.enter(PeriodBounds { start_unix_seconds: i64::MIN, end_unix_seconds: end });
            self.used = self.used.plus(usage);
        }
    }

    /// Has the period ended?
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.end <= now.unix_seconds()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::QuotaPeriod;

    #[test]
    fn a_clock_that_goes_back_into_an_earlier_period_gives_nothing_back() {
        let limit = QuotaLimit::calls(2, QuotaPeriod::Every { seconds: 60, start_unix_seconds: 0 });
        let mut fixed = FixedPeriod::default();
        let mut call = |second: i64| {
            fixed.decide(&limit, Usage::ONE_CALL, Purpose::Count, Timestamp::from_unix_seconds(second)).admitted
        };
        assert_eq!([call(130), call(70), call(119), call(131), call(180)], [true, true, false, false, true]);
    }
}
