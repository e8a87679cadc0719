//! Memory of a live key, and the longest wait of a decision while a million expired keys are given back beside it.
//! `cargo run --release -p apimite-counters --example memory`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::{Clock, Timestamp};
use apimite_counters::{CounterKey, Kind, Memory, RateLimit};

const KEYS: usize = 1_000_000;
const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn resident_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) * 1_024.0
}

fn fill(calls: u32, hits: u64, increment: u64) -> (Arc<Memory>, f64) {
    let before = resident_bytes();
    let memory = Arc::new(Memory::new());
    let limit = RateLimit::new(calls, Duration::from_secs(60));
    let mut text = String::new();
    for hit in 0..hits {
        for index in 0..KEYS {
            text.clear();
            let _ = write!(text, "client-{index:08}");
            let key = CounterKey::new(Kind::RateLimitByKey, "", &text);
            memory.check_rate(&key, limit, increment, START + Duration::from_millis(hit * 1_200));
        }
    }
    (Arc::clone(&memory), (resident_bytes() - before) / KEYS as f64)
}

fn longest_wait(memory: &Arc<Memory>) -> Duration {
    let later = START + Duration::from_secs(400);
    let clock = Clock::system();
    let limit = RateLimit::new(100, Duration::from_secs(60));
    std::thread::scope(|scope| {
        let sweeper = scope.spawn(|| memory.sweep(later));
        let mut waits = Vec::new();
        let mut turn = 0;
        while !sweeper.is_finished() {
            turn += 1;
            let key = CounterKey::new(Kind::RateLimitByKey, "", &format!("live-{}", turn % 10_000));
            let before = clock.now();
            memory.check_rate(&key, limit, 1, later);
            waits.push(clock.now() - before);
        }
        waits.sort();
        waits.last().copied().unwrap_or_default()
    })
}

fn main() {
    // One case a run, so that no freed memory of another is taken for ours.
    let case = std::env::args().nth(1).unwrap_or_default();
    let (memory, each) = match case.as_str() {
        "slots" => fill(2_000_000_000, 51, 10),
        "wide-slots" => fill(2_000_000_000, 51, 1_000_000),
        "exact" => fill(16, 16, 1),
        _ => fill(1_000, 1, 1),
    };
    let wait = longest_wait(&memory);
    let mut out = std::io::stdout();
    let _ = writeln!(
        out,
        "{each:.0} bytes per key; longest decision while all are given back: {wait:?}; {} left",
        memory.len()
    );
}
