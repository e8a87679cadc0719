use std::sync::Arc;

use apimite_clock::Timestamp;

use super::QuotaLog;
use crate::counters::Counters;
use crate::key::{CounterKey, Kind};
use crate::limit::{QuotaLimit, QuotaPeriod, Usage};
use crate::sync::{Ledger, NodeId};

const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn limit() -> QuotaLimit {
    let period = QuotaPeriod::Every { seconds: 3_600, start_unix_seconds: QuotaPeriod::YEAR_ONE };
    QuotaLimit { calls: Some(100), bytes: Some(10_000), period }
}

fn key(value: &str) -> CounterKey {
    CounterKey::new(Kind::QuotaByKey, "", value)
}

fn left(counters: &Counters, value: &str, now: Timestamp) -> (Option<u64>, Option<u64>) {
    let decision = counters.peek_quota(&key(value), &limit(), now).now().unwrap();
    (decision.remaining_calls, decision.remaining_bytes)
}

#[test]
fn what_was_flushed_is_there_after_a_crash_and_what_is_over_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let counters = Counters::memory();
    let mut log = QuotaLog::open(folder.path(), &counters, START).unwrap();
    counters.check_quota(&key("a"), &limit(), Usage::calls(7), START);
    counters.add_quota(&key("a"), &limit(), Usage::bytes(500), START);
    log.flush(START).unwrap();
    counters.check_quota(&key("a"), &limit(), Usage::calls(1), START);
    counters.check_quota(&key("b"), &limit(), Usage::calls(2), START);
    log.flush(START).unwrap();
    counters.check_quota(&key("b"), &limit(), Usage::calls(40), START);
    drop(log);

    let again = Counters::memory();
    let log = QuotaLog::open(folder.path(), &again, START).unwrap();
    assert_eq!(left(&again, "a", START), (Some(92), Some(9_500)));
    assert_eq!(left(&again, "b", START), (Some(98), Some(10_000)), "the last half second is lost, no more");
    drop(log);

    let next_period = START + std::time::Duration::from_secs(3_600);
    let later = Counters::memory();
    let _log = QuotaLog::open(folder.path(), &later, next_period).unwrap();
    assert!(later.store().is_empty());
}

#[test]
fn a_reset_quota_stays_reset() {
    let folder = tempfile::tempdir().unwrap();
    let counters = Counters::memory();
    let mut log = QuotaLog::open(folder.path(), &counters, START).unwrap();
    counters.check_quota(&key("a"), &limit(), Usage::calls(7), START);
    log.flush(START).unwrap();
    let views = counters.list(&Default::default(), START).now().unwrap();
    counters.reset(&views[0].key, START);
    log.flush(START).unwrap();
    drop(log);
    let again = Counters::memory();
    let _log = QuotaLog::open(folder.path(), &again, START).unwrap();
    assert_eq!(left(&again, "a", START), (Some(100), Some(10_000)));
}

#[test]
fn a_synchronized_gateway_does_not_count_its_past_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (old, other) = (Arc::new(Ledger::new(NodeId(1))), Arc::new(Ledger::new(NodeId(2))));
    let counters = Counters::synchronized(Arc::clone(&old));
    let mut log = QuotaLog::open(folder.path(), &counters, START).unwrap();
    counters.check_quota(&key("a"), &limit(), Usage::calls(7), START);
    log.flush(START).unwrap();
    drop(log);
    for known in old.keys_by_use() {
        for entry in old.everything(&known, START) {
            other.merge(&entry, START);
        }
    }
    let new = Arc::new(Ledger::new(NodeId(3)));
    let again = Counters::synchronized(Arc::clone(&new));
    let _log = QuotaLog::open(folder.path(), &again, START).unwrap();
    assert_eq!(left(&again, "a", START).0, Some(93));
    for known in other.keys_by_use() {
        for entry in other.everything(&known, START) {
            assert!(new.merge(&entry, START).cells.is_empty(), "known from the disk already");
        }
    }
}

#[test]
fn a_log_that_has_grown_is_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let counters = Counters::memory();
    let mut log = QuotaLog::open(folder.path(), &counters, START).unwrap();
    let many = QuotaLimit::calls(u64::MAX, QuotaPeriod::Never);
    let mut largest = 0;
    for _ in 0..60 {
        for index in 0..500 {
            counters.check_quota(&key(&format!("key-{index}")), &many, Usage::ONE_CALL, START);
        }
        log.flush(START).unwrap();
        largest = largest.max(log.file.length());
    }
    assert!(largest < 3 << 20 && log.file.length() < 2 << 20, "{largest}");
    drop(log);
    let again = Counters::memory();
    let _log = QuotaLog::open(folder.path(), &again, START).unwrap();
    let seen = again.check_quota(&key("key-7"), &QuotaLimit::calls(61, QuotaPeriod::Never), Usage::ONE_CALL, START);
    assert_eq!(seen.now().unwrap().remaining_calls, Some(0));
}
