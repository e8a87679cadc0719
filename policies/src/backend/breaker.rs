//! The circuit breaker of a backend entity: counts failures in a sliding window and says when to stop calling.
//!
//! Source: backends page: a breaker trips when the failures of an interval reach its rule, the gateway then answers 503 for the trip
//! duration (or the backend's `Retry-After`), and afterwards the circuit is closed again; there is no half-open stage.

use std::collections::VecDeque;
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_model::CircuitBreaker;
use http::HeaderMap;
use http::header::RETRY_AFTER;

/// Into so many parts an interval is counted; calls of one part leave the window together.
const PARTS: u32 = 100;

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome<'a> {
    /// The backend answered with this status.
    Status(u16),
    /// No answer, for this `LastError.Reason`.
    Reason(&'a str),
}

/// Calls that are counted together.
#[derive(Clone, Copy, Debug)]
struct Part {
    since: Timestamp,
    calls: u64,
    failures: u64,
}

/// What one breaker has counted.
///
/// Invariant: `parts` is in order of time and holds at most [`PARTS`] + 1 entries.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    parts: VecDeque<Part>,
    open_until: Option<Timestamp>,
}

impl Breaker {
    /// Are calls stopped at this instant? Once the time is over the circuit is closed and counting starts anew.
    pub(crate) fn is_open(&mut self, now: Timestamp) -> bool {
        match self.open_until {
            Some(until) if now < until => true,
            Some(_) => {
                *self = Self::default();
                false
            }
            None => false,
        }
    }

    /// Counts a call. True when it trips the breaker.
    pub(crate) fn record(
        &mut self,
        rule: &CircuitBreaker,
        outcome: Outcome<'_>,
        retry_after: Option<Duration>,
        now: Timestamp,
    ) -> bool {
        if self.is_open(now) {
            return false;
        }
        while self.parts.front().is_some_and(|part| now.since(part.since) >= rule.interval) {
            self.parts.pop_front();
        }
        let failed = u64::from(is_failure(rule, outcome));
        match self.parts.back_mut() {
            Some(part) if now.since(part.since) < rule.interval / PARTS => {
                part.calls += 1;
                part.failures += failed;
            }
            _ => self.parts.push_back(Part { since: now, calls: 1, failures: failed }),
        }
        if failed == 0 {
            return false;
        }
        let (calls, failures) = self.parts.iter().fold((0, 0), |(c, f), part| (c + part.calls, f + part.failures));
        let by_count = rule.count.is_some_and(|count| failures >= u64::from(count));
        let by_share = rule.percentage.is_some_and(|share| failures * 100 >= u64::from(share) * calls);
        if !by_count && !by_share {
            return false;
        }
        let pause = retry_after.filter(|_| rule.accept_retry_after).unwrap_or(rule.trip_duration);
        self.open_until = Some(now + pause);
        self.parts.clear();
        true
    }
}

/// Does the rule count this call as a failure?
///
/// `errorReasons` hold values of `LastError.Reason`; `Server errors`, which samples use as a label, stands for 500 to 599.
fn is_failure(rule: &CircuitBreaker, outcome: Outcome<'_>) -> bool {
    let named = |wanted: &str| rule.error_reasons.iter().any(|reason| reason.eq_ignore_ascii_case(wanted));
    match outcome {
        Outcome::Status(code) => {
            rule.status_ranges.iter().any(|(least, most)| (*least..=*most).contains(&code))
                || ((500..600).contains(&code) && named("Server errors"))
        }
        Outcome::Reason(reason) => named(reason),
    }
}

/// How long the backend asks not to be called: whole seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::from_unix_seconds(at.as_second()).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn rule(count: Option<u32>, percentage: Option<u32>) -> CircuitBreaker {
        CircuitBreaker {
            name: "r".into(),
            count,
            percentage,
            interval: MINUTE,
            status_ranges: vec![(500, 599)],
            error_reasons: vec!["Timeout".into()],
            trip_duration: Duration::from_secs(10),
            accept_retry_after: true,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    #[test]
    fn failures_of_one_interval_trip_it_and_it_closes_by_itself() {
        let (rule, mut breaker) = (rule(Some(3), None), Breaker::default());
        let bad = Outcome::Status(503);
        assert!(!breaker.record(&rule, bad, None, at(0)));
        assert!(!breaker.record(&rule, Outcome::Status(404), None, at(1)));
        assert!(!breaker.record(&rule, bad, None, at(30)));
        // The first failure has left the window.
        assert!(!breaker.record(&rule, bad, None, at(61)));
        assert!(breaker.record(&rule, Outcome::Reason("Timeout"), None, at(62)));
        assert!(breaker.is_open(at(71)));
        assert!(!breaker.is_open(at(72)));
        assert!(!breaker.record(&rule, bad, None, at(72)), "counting starts anew");
    }

    #[test]
    fn a_share_of_failures_trips_it() {
        let (rule, mut breaker) = (rule(None, Some(50)), Breaker::default());
        for second in 0..3 {
            assert!(!breaker.record(&rule, Outcome::Status(200), None, at(second)));
        }
        assert!(!breaker.record(&rule, Outcome::Status(500), None, at(3)));
        assert!(!breaker.record(&rule, Outcome::Status(500), None, at(4)));
        assert!(breaker.record(&rule, Outcome::Status(500), None, at(5)));
    }

    #[test]
    fn the_backend_says_how_long_when_that_is_accepted() {
        let (mut rule, mut breaker) = (rule(Some(1), None), Breaker::default());
        assert!(breaker.record(&rule, Outcome::Status(500), Some(Duration::from_secs(120)), at(0)));
        assert!(breaker.is_open(at(119)));
        assert!(!breaker.is_open(at(120)));
        rule.accept_retry_after = false;
        assert!(breaker.record(&rule, Outcome::Status(500), Some(Duration::from_secs(120)), at(200)));
        assert!(!breaker.is_open(at(210)));
    }

    #[test]
    fn memory_is_bounded_however_many_calls_there_are() {
        let (rule, mut breaker) = (rule(Some(u32::MAX), None), Breaker::default());
        for milli in 0..200_000 {
            breaker.record(&rule, Outcome::Status(500), None, Timestamp::from_unix_millis(milli));
        }
        assert!(breaker.parts.len() <= 101);
    }
}
