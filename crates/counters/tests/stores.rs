//! One suite of behaviour over the stores that need no server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use apimite_counters::sync::{Ledger, NodeId};
use apimite_counters::{Algorithm, Counters, RateLimit};
use support::suite::{self, MINUTE, START, key};

#[tokio::test]
async fn memory_behaves() {
    suite::run(&Counters::memory()).await;
}

#[tokio::test]
async fn memory_that_tells_other_gateways_behaves() {
    let counters = Counters::synchronized(Arc::new(Ledger::new(NodeId(1))));
    suite::run(&counters).await;
    suite::decides_as_memory_does(&counters, 7, 2_000).await;
}

#[test]
fn threads_that_race_for_a_limit_get_exactly_the_limit() {
    for limit in [
        RateLimit::new(1_000, MINUTE),
        RateLimit::new(17, MINUTE),
        RateLimit::new(1_000, MINUTE).with_algorithm(Algorithm::TokenBucket),
    ] {
        let counters = Counters::memory();
        let admitted = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let decision = counters.check_rate(&key("raced"), limit, 1, START).now().unwrap();
                        admitted.fetch_add(u64::from(decision.admitted), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(admitted.load(Ordering::Relaxed), u64::from(limit.calls));
    }
}
