//! Each way to count against a plain model of it, over random arrivals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_counters::{
    Algorithm, CounterKey, Counters, Decision, Kind, QuotaLimit, QuotaPeriod, RateLimit, TokenLimit, Usage,
};
use proptest::prelude::*;

const START: i64 = 1_700_000_000_000_000_000;

fn key() -> CounterKey {
    CounterKey::new(Kind::RateLimitByKey, "", "k")
}

fn rate(counters: &Counters, limit: RateLimit, increment: u64, now: i64) -> Decision {
    counters.check_rate(&key(), limit, increment, Timestamp(now)).now().unwrap()
}

/// Every admitted call by its instant; a window is `(now - period, now]`.
#[derive(Default)]
struct ExactWindow(Vec<i64>);

impl ExactWindow {
    fn since(&self, start: i64) -> usize {
        self.0.iter().rev().take_while(|call| **call > start).count()
    }
}

fn gaps(longest: i64) -> impl Strategy<Value = Vec<(i64, u64)>> {
    let gap = prop_oneof![3 => Just(0), 6 => 0..longest / 50, 2 => 0..longest, 1 => 0..longest * 3];
    proptest::collection::vec((gap, 1_u64..4), 1..400)
}

fn whole_seconds(nanos: i64) -> Duration {
    Duration::from_secs((nanos.max(1) as u64).div_ceil(1_000_000_000))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_window_with_a_small_limit_decides_to_the_nanosecond_as_the_model(limit in 1_u32..=16, seconds in 1_u64..=300, arrivals in gaps(4_000_000_000)) {
        let counters = Counters::memory();
        let rule = RateLimit::new(limit, Duration::from_secs(seconds));
        let period = seconds as i64 * 1_000_000_000;
        let mut model = ExactWindow::default();
        let mut now = START;
        for (gap, increment) in arrivals {
            now += gap;
            let used = model.since(now - period) as u64;
            let fits = used + increment <= u64::from(limit);
            let decision = rate(&counters, rule, increment, now);
            prop_assert_eq!(decision.admitted, fits);
            if fits {
                model.0.extend((0..increment).map(|_| now));
                prop_assert_eq!(decision.remaining, u64::from(limit) - used - increment);
            } else if increment <= u64::from(limit) {
                let newest = &model.0[model.0.len() - used as usize..];
                let leaves = newest[(used + increment - u64::from(limit) - 1) as usize] + period;
                prop_assert_eq!(decision.retry_after, whole_seconds(leaves - now));
            }
        }
    }

    #[test]
    fn a_window_never_admits_more_than_its_limit_and_refuses_a_fiftieth_early_at_most(limit in 17_u32..400, seconds in 1_u64..=60, arrivals in gaps(3_000_000_000)) {
        let counters = Counters::memory();
        let rule = RateLimit::new(limit, Duration::from_secs(seconds));
        let period = seconds as i64 * 1_000_000_000;
        let mut model = ExactWindow::default();
        let mut now = START;
        for (gap, burst) in arrivals {
            now += gap;
            for _ in 0..burst * 3 {
                if rate(&counters, rule, 1, now).admitted {
                    model.0.push(now);
                    prop_assert!(model.since(now - period) <= limit as usize);
                } else {
                    prop_assert!(model.since(now - period - period / 50) >= limit as usize, "refused too early");
                }
            }
        }
    }

    #[test]
    fn whoever_waits_as_long_as_told_is_admitted(limit in 1_u32..200, seconds in 1_u64..=300, bucket: bool, arrivals in gaps(2_000_000_000)) {
        let counters = Counters::memory();
        let algorithm = if bucket { Algorithm::TokenBucket } else { Algorithm::SlidingWindow };
        let rule = RateLimit::new(limit, Duration::from_secs(seconds)).with_algorithm(algorithm);
        let mut now = START;
        for (gap, increment) in arrivals {
            now += gap;
            let decision = rate(&counters, rule, increment, now);
            if !decision.admitted && increment <= u64::from(limit) {
                now += decision.retry_after.as_nanos() as i64;
                prop_assert!(rate(&counters, rule, increment, now).admitted, "{decision:?}");
            }
        }
    }

    #[test]
    fn a_bucket_decides_as_a_bucket_of_credit(limit in 1_u32..100, seconds in 1_u64..=300, arrivals in gaps(5_000_000_000)) {
        let counters = Counters::memory();
        let rule = RateLimit::new(limit, Duration::from_secs(seconds)).with_algorithm(Algorithm::TokenBucket);
        let price = seconds as i64 * 1_000_000_000 / i64::from(limit);
        let full = price * i64::from(limit);
        let (mut credit, mut now) = (full, START);
        for (gap, increment) in arrivals {
            now += gap;
            credit = (credit + gap).min(full);
            let cost = price * increment as i64;
            let decision = rate(&counters, rule, increment, now);
            prop_assert_eq!(decision.admitted, cost <= credit);
            if cost <= credit {
                credit -= cost;
                prop_assert_eq!(decision.remaining, (credit / price) as u64);
            } else if cost <= full {
                prop_assert_eq!(decision.retry_after, whole_seconds(cost - credit));
            }
        }
    }

    #[test]
    fn a_fixed_period_decides_as_a_count_per_period(calls in 1_u64..30, bytes in 1_u64..5_000, seconds in 1_u32..4_000, anchor in -100_000_i64..100_000, arrivals in gaps(600_000_000_000)) {
        let counters = Counters::memory();
        let period = QuotaPeriod::Every { seconds, start_unix_seconds: anchor };
        let limit = QuotaLimit { calls: Some(calls), bytes: Some(bytes), period };
        let mut model: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        let mut now = START;
        for (gap, increment) in arrivals {
            now += gap;
            let number = (now.div_euclid(1_000_000_000) - anchor).div_euclid(i64::from(seconds));
            let (used_calls, used_bytes) = model.entry(number).or_default();
            let fits = *used_calls + increment <= calls && *used_bytes < bytes;
            let decision = counters.check_quota(&key(), &limit, Usage::calls(increment), Timestamp(now)).now().unwrap();
            prop_assert_eq!(decision.admitted, fits);
            if fits {
                *used_calls += increment;
                *used_bytes += increment * 100;
                counters.add_quota(&key(), &limit, Usage::bytes(increment * 100), Timestamp(now));
            } else {
                let end = (anchor + (number + 1) * i64::from(seconds)) * 1_000_000_000;
                prop_assert_eq!(decision.retry_after, Some(whole_seconds(end - now)));
            }
        }
    }

    #[test]
    fn tokens_flow_no_faster_than_the_limit_and_whoever_waits_is_admitted(limit in 1_u32..500, arrivals in gaps(20_000_000_000), use_bucket: bool) {
        let counters = Counters::memory();
        let algorithm = if use_bucket { Algorithm::TokenBucket } else { Algorithm::SlidingWindow };
        let rule = TokenLimit::per_minute(limit).with_algorithm(algorithm);
        let (mut now, mut charged, mut last) = (START, 0_u64, 0_u64);
        for (gap, size) in arrivals {
            now += gap;
            let decision = counters.check_tokens(&key(), rule, 0, Timestamp(now)).now().unwrap();
            if !decision.admitted {
                now += decision.retry_after.as_nanos() as i64;
                let again = counters.check_tokens(&key(), rule, 0, Timestamp(now)).now().unwrap();
                prop_assert!(again.admitted, "{decision:?} then {again:?}");
            }
            last = size * u64::from(limit) * 2 / 3;
            counters.add_tokens(&key(), rule, last, Timestamp(now));
            charged += last;
        }
        // What was charged before the last call fits the time that has passed, and one full limit at the start.
        let minutes = (now - START) as f64 / 60e9;
        prop_assert!((charged - last) as f64 <= f64::from(limit) * (minutes + 2.0), "{charged} in {minutes} minutes");
    }

    #[test]
    fn a_clock_that_goes_back_harms_nobody(limit in 1_u32..60, moves in proptest::collection::vec(-5_000_000_000_i64..5_000_000_000, 1..200), bucket: bool) {
        let counters = Counters::memory();
        let algorithm = if bucket { Algorithm::TokenBucket } else { Algorithm::SlidingWindow };
        let rule = RateLimit::new(limit, Duration::from_secs(10)).with_algorithm(algorithm);
        let mut now = START;
        for step in moves {
            now += step;
            let decision = rate(&counters, rule, 1, now);
            prop_assert!(decision.remaining <= u64::from(limit));
            prop_assert!(decision.admitted == decision.retry_after.is_zero());
        }
    }
}
