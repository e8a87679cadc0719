//! The counters of `quota-by-key` as Azure's management API shows them: a counter key and its periods.
//!
//! A period is called `INDEX_LENGTH`: which period it is, counted from the year 1 (where the default `first-period-start` lies), and its
//! length in ISO 8601, such as `738_P7D`; a quota that is never replenished has the one period `0_PT0S`. Only the period that runs is
//! kept, so a key has one for each length of quota that uses it.
//!
//! Source: QuotaByCounterKeys and QuotaByPeriodKeys of the management REST reference; what stands before the `_` is not documented.

use std::fmt::Write as _;

use apimite_clock::Timestamp;

use crate::algorithm::period::PeriodBounds;
use crate::counters::Counters;
use crate::inspect::{CounterFilter, CounterView};
use crate::key::Kind;
use crate::limit::{QuotaPeriod, Usage};

/// The count of one key in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaCounter {
    /// The value of `counter-key`.
    pub counter_key: String,
    /// The period's name.
    pub period_key: String,
    /// Its start and end.
    pub period: PeriodBounds,
    /// Calls and bytes used.
    pub usage: Usage,
}

/// A new count; what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaChange {
    /// Calls.
    pub calls: Option<u64>,
    /// Bytes.
    pub bytes: Option<u64>,
}

/// `P7DT3H`, as ISO 8601 writes a length of time.
fn iso(seconds: i64) -> String {
    let mut text = "P".to_owned();
    if seconds >= 86_400 {
        let _ = write!(text, "{}D", seconds / 86_400);
    }
    let parts = [(seconds / 3_600 % 24, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')];
    if seconds == 0 || parts.iter().any(|(count, _)| *count > 0) {
        text.push('T');
    }
    for (count, unit) in parts {
        if count > 0 || (seconds == 0 && unit == 'S') {
            let _ = write!(text, "{count}{unit}");
        }
    }
    text
}

fn period_key(period: PeriodBounds) -> String {
    if period == PeriodBounds::ENDLESS {
        return format!("0_{}", iso(0));
    }
    let length = period.end_unix_seconds.saturating_sub(period.start_unix_seconds).max(1);
    let index = period.start_unix_seconds.saturating_sub(QuotaPeriod::YEAR_ONE).div_euclid(length);
    format!("{index}_{}", iso(length))
}

fn shown(view: &CounterView, counter_key: &str) -> Option<QuotaCounter> {
    let period = view.period?;
    Some(QuotaCounter {
        counter_key: counter_key.to_owned(),
        period_key: period_key(period),
        period,
        usage: Usage { calls: view.used, bytes: view.bytes },
    })
}

impl Counters {
    async fn quotas_of(&self, counter_key: &str, now: Timestamp) -> Vec<(CounterView, QuotaCounter)> {
        let views = self.list(&CounterFilter::exactly(Kind::QuotaByKey, counter_key), now).await;
        views.into_iter().filter_map(|view| shown(&view, counter_key).map(|counter| (view, counter))).collect()
    }

    /// The periods of a counter key that count now, by length; none when nothing was counted under the key.
    pub async fn quota_periods(&self, counter_key: &str, now: Timestamp) -> Vec<QuotaCounter> {
        self.quotas_of(counter_key, now).await.into_iter().map(|(_, counter)| counter).collect()
    }

    /// One period of a counter key, if it counts now.
    pub async fn quota_period(&self, counter_key: &str, period_key: &str, now: Timestamp) -> Option<QuotaCounter> {
        self.quota_periods(counter_key, now).await.into_iter().find(|counter| counter.period_key == period_key)
    }

    /// Sets what is used in every period of a counter key, or in the one called `period_key`, on every gateway. What was set, as
    /// it is now; none when there is no such counter.
    pub async fn set_quota(
        &self,
        counter_key: &str,
        period_key: Option<&str>,
        change: QuotaChange,
        now: Timestamp,
    ) -> Vec<QuotaCounter> {
        let mut set = Vec::new();
        for (view, mut counter) in self.quotas_of(counter_key, now).await {
            if period_key.is_some_and(|wanted| wanted != counter.period_key) {
                continue;
            }
            counter.usage = Usage {
                calls: change.calls.unwrap_or(counter.usage.calls),
                bytes: change.bytes.unwrap_or(counter.usage.bytes),
            };
            self.set(&view.key, counter.usage, u32::MAX, now).await;
            set.push(counter);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::CounterKey;
    use crate::limit::QuotaLimit;

    #[test]
    fn lengths_are_written_as_iso_8601_does() {
        let lengths = [0, 59, 3_600, 86_400, 604_800, 90_061];
        assert_eq!(lengths.map(iso), ["PT0S", "PT59S", "PT1H", "P1D", "P7D", "P1DT1H1M1S"]);
    }

    #[tokio::test]
    async fn periods_of_a_key_are_listed_and_set_one_by_one_or_together() {
        let counters = Counters::memory();
        let now = Timestamp::from_unix_seconds(1_700_000_000);
        let key = CounterKey::new(Kind::QuotaByKey, "", "ba");
        let week = QuotaPeriod::Every { seconds: 604_800, start_unix_seconds: QuotaPeriod::YEAR_ONE };
        let quotas =
            [week, QuotaPeriod::Never].map(|period| QuotaLimit { calls: Some(10), bytes: Some(9_000), period });
        for quota in &quotas {
            assert!(counters.check_quota(&key, quota, Usage::ONE_CALL, now).await.admitted);
            counters.add_quota(&key, quota, Usage::bytes(2_624), now).await;
        }
        let listed = counters.quota_periods("ba", now).await;
        let keys: Vec<_> = listed.iter().map(|counter| &*counter.period_key).collect();
        assert_eq!(keys, ["0_PT0S", "105548_P7D"]);
        assert_eq!(listed[1].period.end_unix_seconds, 1_700_438_400);
        assert!(listed.iter().all(|counter| counter.usage == Usage { calls: 1, bytes: 2_624 }));

        let full = QuotaChange { calls: Some(10), bytes: None };
        let set = counters.set_quota("ba", Some("105548_P7D"), full, now).await;
        assert_eq!((set.len(), set[0].usage), (1, Usage { calls: 10, bytes: 2_624 }));
        assert_eq!(counters.quota_period("ba", "105548_P7D", now).await, Some(set[0].clone()));
        assert!(!counters.check_quota(&key, &quotas[0], Usage::ONE_CALL, now).await.admitted);
        assert!(counters.check_quota(&key, &quotas[1], Usage::ONE_CALL, now).await.admitted);

        let reset = QuotaChange { calls: Some(0), bytes: Some(0) };
        assert_eq!(counters.set_quota("ba", None, reset, now).await.len(), 2);
        assert_eq!(counters.peek_quota(&key, &quotas[0], now).await.remaining_calls, Some(10));
        assert!(counters.set_quota("nobody", None, reset, now).await.is_empty());
        assert_eq!(counters.quota_period("ba", "1_P7D", now).await, None);
    }
}
