//! The behaviour that every store must show.

use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_counters::{
    Algorithm, CounterFilter, CounterKey, Counters, Decision, Kind, QuotaLimit, QuotaPeriod, RateLimit, RefusedCalls,
    TokenLimit, Usage,
};

pub const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
pub const MINUTE: Duration = Duration::from_secs(60);

pub fn after(millis: u64) -> Timestamp {
    START + Duration::from_millis(millis)
}

pub fn key(value: &str) -> CounterKey {
    CounterKey::new(Kind::RateLimitByKey, "", value)
}

async fn hit(counters: &Counters, name: &str, limit: RateLimit, now: Timestamp) -> Decision {
    counters.check_rate(&key(name), limit, 1, now).await
}

/// Runs all of it; each part uses keys of its own.
pub async fn run(counters: &Counters) {
    a_small_window_is_exact_and_slides(counters).await;
    a_large_window_refuses_early_by_a_fiftieth_at_most(counters).await;
    waiting_retry_after_seconds_is_enough(counters).await;
    refused_calls_add_nothing_unless_asked_to(counters).await;
    increments_of_zero_only_ask_and_late_ones_always_count(counters).await;
    a_bucket_refills_evenly(counters).await;
    tokens_carry_their_debt(counters).await;
    a_quota_counts_calls_and_bytes_in_fixed_periods(counters).await;
    a_quota_without_period_never_comes_back(counters).await;
    one_key_with_two_limits_is_one_count(counters).await;
    counters_can_be_listed_set_and_reset(counters).await;
}

async fn a_small_window_is_exact_and_slides(counters: &Counters) {
    let limit = RateLimit::new(3, Duration::from_secs(10));
    for (at, left) in [(0, 2), (4_000, 1), (8_000, 0)] {
        let decision = hit(counters, "small", limit, after(at)).await;
        assert!(decision.admitted);
        assert_eq!(decision.remaining, left);
    }
    let refused = hit(counters, "small", limit, after(9_999)).await;
    assert!(!refused.admitted);
    assert_eq!((refused.remaining, refused.retry_after), (0, Duration::from_secs(1)));
    assert!(hit(counters, "small", limit, after(10_000)).await.admitted);
    let refused = hit(counters, "small", limit, after(10_001)).await;
    assert_eq!(refused.retry_after, Duration::from_secs(4));
    assert!(hit(counters, "small", limit, after(14_000)).await.admitted);
}

async fn a_large_window_refuses_early_by_a_fiftieth_at_most(counters: &Counters) {
    let limit = RateLimit::new(200, MINUTE);
    for call in 0..200 {
        assert!(hit(counters, "large", limit, after(call * 10)).await.admitted, "call {call}");
    }
    assert!(!hit(counters, "large", limit, after(2_000)).await.admitted);
    assert!(!hit(counters, "large", limit, after(59_999)).await.admitted);
    // The first slot of calls is a period old at the latest a fiftieth after the first call's time.
    assert!(hit(counters, "large", limit, after(61_200)).await.admitted);
    assert!(hit(counters, "large", limit, after(63_200)).await.remaining >= 198);
}

async fn waiting_retry_after_seconds_is_enough(counters: &Counters) {
    for (name, limit) in [
        ("wait-small", RateLimit::new(5, Duration::from_secs(7))),
        ("wait-large", RateLimit::new(120, Duration::from_secs(30))),
        ("wait-bucket", RateLimit::new(7, Duration::from_secs(60)).with_algorithm(Algorithm::TokenBucket)),
    ] {
        let mut now = after(123);
        let mut step = 37;
        for _ in 0..400 {
            let decision = hit(counters, name, limit, now).await;
            if !decision.admitted {
                assert!(decision.retry_after >= Duration::from_secs(1));
                now = now + decision.retry_after;
                assert!(hit(counters, name, limit, now).await.admitted, "{name}: {decision:?}");
            }
            step = step * 31 % 997;
            now = now + Duration::from_millis(step / 8);
        }
    }
}

async fn refused_calls_add_nothing_unless_asked_to(counters: &Counters) {
    let limit = RateLimit::new(2, Duration::from_secs(10));
    let counting = limit.with_refused(RefusedCalls::Count);
    for at in [0, 0, 9_000] {
        hit(counters, "refused", limit, after(at)).await;
        hit(counters, "refused-count", counting, after(at)).await;
    }
    assert_eq!(hit(counters, "refused", limit, after(10_000)).await.remaining, 1);
    hit(counters, "refused-count", counting, after(9_500)).await;
    assert!(!hit(counters, "refused-count", counting, after(10_000)).await.admitted);
}

async fn increments_of_zero_only_ask_and_late_ones_always_count(counters: &Counters) {
    let limit = RateLimit::new(2, Duration::from_secs(10));
    let name = key("late");
    for _ in 0..3 {
        assert!(counters.check_rate(&name, limit, 0, START).await.admitted);
    }
    counters.add_rate(&name, limit, 3, START).await;
    let refused = counters.check_rate(&name, limit, 0, after(1)).await;
    assert_eq!((refused.admitted, refused.used, refused.remaining), (false, 3, 0));
    assert!(!counters.peek_rate(&name, limit, after(1)).await.admitted);
    assert!(counters.peek_rate(&name, limit, after(10_000)).await.admitted);
    let more = counters.check_rate(&key("too-many"), limit, 5, START).await;
    assert_eq!((more.admitted, more.retry_after), (false, Duration::from_secs(10)));
}

async fn a_bucket_refills_evenly(counters: &Counters) {
    let limit = RateLimit::new(6, MINUTE).with_algorithm(Algorithm::TokenBucket);
    for left in (0..6).rev() {
        assert_eq!(hit(counters, "bucket", limit, START).await.remaining, left);
    }
    let refused = hit(counters, "bucket", limit, after(500)).await;
    assert_eq!((refused.admitted, refused.retry_after), (false, Duration::from_secs(10)));
    assert!(hit(counters, "bucket", limit, after(10_000)).await.admitted);
    assert!(!hit(counters, "bucket", limit, after(19_999)).await.admitted);
    assert!(hit(counters, "bucket", limit, after(20_000)).await.admitted);
}

async fn tokens_carry_their_debt(counters: &Counters) {
    let name = CounterKey::new(Kind::TokenRate, "", "tokens");
    let limit = TokenLimit::per_minute(10);
    assert!(counters.check_tokens(&name, limit, 0, START).await.admitted);
    counters.add_tokens(&name, limit, 30, START).await;
    let refused = counters.check_tokens(&name, limit, 0, after(1_000)).await;
    assert!(!refused.admitted);
    let seconds = refused.retry_after.as_secs();
    assert!((179..=182).contains(&seconds), "{seconds}");
    assert!(!counters.check_tokens(&name, limit, 0, after(179_900)).await.admitted);
    assert!(counters.check_tokens(&name, limit, 0, after(1_000) + refused.retry_after).await.admitted);

    let name = CounterKey::new(Kind::TokenRate, "", "estimated");
    assert!(counters.check_tokens(&name, limit, 8, START).await.admitted);
    assert!(!counters.check_tokens(&name, limit, 8, START).await.admitted);
    assert!(counters.check_tokens(&name, limit, 2, START).await.admitted);
}

async fn a_quota_counts_calls_and_bytes_in_fixed_periods(counters: &Counters) {
    let name = CounterKey::new(Kind::Quota, "product/starter", "subscription");
    let period = QuotaPeriod::Every { seconds: 3_600, start_unix_seconds: 1_700_000_000 - 600 };
    let limit = QuotaLimit { calls: Some(3), bytes: Some(1_000), period };
    let first = counters.check_quota(&name, &limit, Usage::ONE_CALL, START).await;
    assert_eq!((first.admitted, first.remaining_calls, first.remaining_bytes), (true, Some(2), Some(1_000)));
    counters.add_quota(&name, &limit, Usage::bytes(999), START).await;
    assert!(counters.check_quota(&name, &limit, Usage::ONE_CALL, START).await.admitted);
    counters.add_quota(&name, &limit, Usage::bytes(999), START).await;
    let refused = counters.check_quota(&name, &limit, Usage::ONE_CALL, after(500)).await;
    assert_eq!((refused.admitted, refused.remaining_bytes), (false, Some(0)));
    assert_eq!(refused.retry_after, Some(Duration::from_secs(3_000)));
    let next = counters.check_quota(&name, &limit, Usage::ONE_CALL, after(3_000_000)).await;
    assert_eq!((next.admitted, next.remaining_calls, next.remaining_bytes), (true, Some(2), Some(1_000)));
}

async fn a_quota_without_period_never_comes_back(counters: &Counters) {
    let name = CounterKey::new(Kind::QuotaByKey, "", "once");
    let limit = QuotaLimit::calls(1, QuotaPeriod::Never);
    assert!(counters.check_quota(&name, &limit, Usage::ONE_CALL, START).await.admitted);
    let later = START + Duration::from_secs(10 * 365 * 86_400);
    let refused = counters.check_quota(&name, &limit, Usage::ONE_CALL, later).await;
    assert_eq!((refused.admitted, refused.retry_after), (false, None));
}

async fn one_key_with_two_limits_is_one_count(counters: &Counters) {
    let (low, high) = (RateLimit::new(5, MINUTE), RateLimit::new(100, MINUTE));
    for _ in 0..5 {
        assert!(hit(counters, "shared", high, START).await.admitted);
    }
    assert!(!hit(counters, "shared", low, START).await.admitted);
    assert_eq!(hit(counters, "shared", high, START).await.remaining, 94);
}

async fn counters_can_be_listed_set_and_reset(counters: &Counters) {
    let limit = RateLimit::new(10, MINUTE);
    hit(counters, "listed-1", limit, START).await;
    hit(counters, "listed-2", limit, START).await;
    hit(counters, "listed-2", limit, START).await;
    let filter = CounterFilter { value_contains: Some("listed-".to_owned()), ..CounterFilter::default() };
    let views = counters.list(&filter, START).await;
    let seen: Vec<_> = views.iter().map(|view| (view.key.value().to_owned(), view.used, view.window_millis)).collect();
    assert_eq!(seen, [("listed-1".to_owned(), 1, Some(60_000)), ("listed-2".to_owned(), 2, Some(60_000))]);

    assert!(counters.set(&views[0].key, Usage::calls(9), 10, after(10)).await);
    assert_eq!(hit(counters, "listed-1", limit, after(20)).await.remaining, 0);
    assert!(counters.reset(&views[1].key, after(10)).await);
    assert_eq!(hit(counters, "listed-2", limit, after(20)).await.remaining, 9);
    let exact = CounterFilter::exactly(Kind::RateLimitByKey, "listed-2");
    assert_eq!(counters.list(&exact, after(30)).await.len(), 1);
    assert!(counters.list(&exact, after(70_000)).await.is_empty());
}

/// A store that must decide as memory does, on a few keys and limits, at random instants.
pub async fn decides_as_memory_does(counters: &Counters, seed: u64, steps: u32) {
    let memory = Counters::memory();
    let mut random = seed;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let limits = [
        RateLimit::new(4, Duration::from_secs(5)),
        RateLimit::new(60, Duration::from_secs(10)),
        RateLimit::new(9, Duration::from_secs(9)).with_algorithm(Algorithm::TokenBucket),
        RateLimit::new(30, Duration::from_secs(10)).with_refused(RefusedCalls::Count),
    ];
    let tokens = TokenLimit { tokens: 50, period: Duration::from_secs(10), algorithm: Algorithm::SlidingWindow };
    let token_key = CounterKey::new(Kind::TokenRate, "differential", "t");
    let mut now = START;
    for step in 0..steps {
        now = now + Duration::from_millis(next(if step % 97 == 0 { 30_000 } else { 300 }));
        let index = next(limits.len() as u64) as usize;
        let name = CounterKey::new(Kind::RateLimitByKey, "differential", &index.to_string());
        let increment = next(3);
        if next(20) == 0 {
            memory.add_rate(&name, limits[index], increment * 4, now).await;
            counters.add_rate(&name, limits[index], increment * 4, now).await;
        }
        let ours = memory.check_rate(&name, limits[index], increment, now).await;
        let theirs = counters.check_rate(&name, limits[index], increment, now).await;
        assert_eq!(
            (ours.admitted, ours.retry_after),
            (theirs.admitted, theirs.retry_after),
            "step {step}, limit {index}"
        );
        let estimate = next(12);
        let ours = memory.check_tokens(&token_key, tokens, estimate, now).await;
        let theirs = counters.check_tokens(&token_key, tokens, estimate, now).await;
        assert_eq!(
            (ours.admitted, ours.used, ours.retry_after),
            (theirs.admitted, theirs.used, theirs.retry_after),
            "step {step}, tokens"
        );
        if ours.admitted && next(4) == 0 {
            let count = next(120);
            memory.add_tokens(&token_key, tokens, count, now).await;
            counters.add_tokens(&token_key, tokens, count, now).await;
        }
    }
}
