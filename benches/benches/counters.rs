//! What a decision costs: ours against `governor` and a plain sharded map, with 1,000 keys and a million at random, on one thread
//! and two. Measured in CPU time of the deciding threads, so that other work on the machine matters less.
//!
//! `cargo bench -p apimite-benches --bench counters` also prints how much more two threads do than one, beside what two threads that
//! share nothing do in the same moments, the memory of a live key, and the longest pause that giving back a million expired keys
//! causes.

use std::io::Write;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_counters::{Algorithm, CounterKey, Counters, Kind, Memory, RateLimit};
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkGroup, Criterion, Throughput};
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SECOND: i64 = 1_000_000_000;
const START: i64 = 1_700_000_000 * SECOND;

/// CPU time of this thread.
struct CpuTime(WallTime);

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        cpu()
    }

    fn end(&self, start: Duration) -> Duration {
        cpu().saturating_sub(start)
    }

    fn add(&self, one: &Duration, two: &Duration) -> Duration {
        *one + *two
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self.0.formatter()
    }
}

trait Limiter: Send + Sync {
    fn admits(&self, key: &str, now: i64) -> bool;
}

struct Ours(Counters, RateLimit);

impl Limiter for Ours {
    fn admits(&self, key: &str, now: i64) -> bool {
        let key = CounterKey::new(Kind::RateLimitByKey, "", key);
        self.0.check_rate(&key, self.1, 1, Timestamp(now)).now().is_some_and(|decision| decision.admitted)
    }
}

struct Governor(governor::DefaultKeyedRateLimiter<String>);

impl Limiter for Governor {
    fn admits(&self, key: &str, _: i64) -> bool {
        self.0.check_key(&key.to_owned()).is_ok()
    }
}

/// The least that can be done with a sharded map: a count per fixed window.
struct PlainMap(dashmap::DashMap<Box<str>, (i64, u32), ahash::RandomState>);

impl Limiter for PlainMap {
    fn admits(&self, key: &str, now: i64) -> bool {
        let second = now / SECOND;
        let count = |entry: &mut (i64, u32)| {
            if entry.0 != second {
                *entry = (second, 0);
            }
            entry.1 += 1;
            entry.1 < u32::MAX
        };
        if let Some(mut entry) = self.0.get_mut(key) {
            return count(&mut entry);
        }
        count(&mut self.0.entry(key.into()).or_insert((second, 0)))
    }
}

fn limiters() -> Vec<(&'static str, Arc<dyn Limiter>)> {
    let limit = RateLimit::new(1_000_000, Duration::from_secs(60));
    let quota = governor::Quota::per_second(std::num::NonZeroU32::MAX);
    vec![
        ("window", Arc::new(Ours(Counters::memory(), limit))),
        ("bucket", Arc::new(Ours(Counters::memory(), limit.with_algorithm(Algorithm::TokenBucket)))),
        ("governor", Arc::new(Governor(governor::RateLimiter::keyed(quota)))),
        ("plain map", Arc::new(PlainMap(dashmap::DashMap::with_hasher(ahash::RandomState::new())))),
    ]
}

struct Picks(u64);

impl Picks {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

/// The text of a key, written anew for each call: a gateway has just read it from a request, so it is in the cache.
struct Text([u8; 15]);

impl Text {
    fn of(&mut self, mut index: usize) -> &str {
        for digit in self.0[7..].iter_mut().rev() {
            *digit = b'0' + (index % 10) as u8;
            index /= 10;
        }
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Calls come every 3 µs, as on a busy gateway.
fn run(limiter: &dyn Limiter, keys: usize, seed: u64, from: i64, count: u64) -> Duration {
    let mut picks = Picks(0x9e37_79b9_7f4a_7c15 ^ (seed << 40));
    let mut text = Text(*b"client-00000000");
    let before = cpu();
    for call in 0..count {
        let admitted = limiter.admits(text.of(picks.next(keys)), from + call as i64 * 3_000);
        std::hint::black_box(admitted);
    }
    cpu() - before
}

/// Two threads at a time; the slower one's CPU time for half of the calls each.
fn run_two(limiter: &Arc<dyn Limiter>, keys: usize, from: i64, count: u64) -> Duration {
    both(|seed| run(&**limiter, keys, seed, from, count.div_ceil(2)))
}

fn decisions(group: &mut BenchmarkGroup<'_, CpuTime>, keys: usize) {
    let mut text = Text(*b"client-00000000");
    for (name, limiter) in limiters() {
        for index in 0..keys {
            limiter.admits(text.of(index), START);
        }
        let mut from = START;
        for threads in [1, 2] {
            group.bench_function(format!("{name}/{keys} keys/{threads} threads"), |bencher| {
                bencher.iter_custom(|count| {
                    from += count as i64 * 3_000;
                    if threads == 1 {
                        run(&*limiter, keys, 1, from, count)
                    } else {
                        run_two(&limiter, keys, from, count)
                    }
                });
            });
        }
    }
}

/// How two threads compare with one, in rounds that follow each other closely, so that other work on the machine meets all alike.
///
/// A round takes `one` thread's processor time for all calls and the slower of `two` threads' for half of them each.
struct Scaling {
    name: &'static str,
    one: Box<dyn Fn(u64) -> Duration>,
    two: Box<dyn Fn(u64) -> Duration>,
    ratios: Vec<f64>,
}

/// Two threads at a time, each with work of its own; the slower one's processor time.
fn both(work: impl Fn(u64) -> Duration + Sync) -> Duration {
    let start = Barrier::new(2);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=2)
            .map(|seed| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(seed)
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).max().unwrap_or_default()
    })
}

/// Numbers that depend on each other: nothing but a core is needed.
fn arithmetic(seed: u64, count: u64) -> Duration {
    let mut picks = Picks(seed);
    let before = cpu();
    for _ in 0..count * 8 {
        std::hint::black_box(picks.next(1_000));
    }
    cpu() - before
}

/// The window shared by both threads, one for each thread, and plain arithmetic.
fn scalings(keys: usize) -> Vec<Scaling> {
    let limit = RateLimit::new(1_000_000, Duration::from_secs(60));
    let filled = || {
        let limiter = Ours(Counters::memory(), limit);
        let mut text = Text(*b"client-00000000");
        for index in 0..keys {
            limiter.admits(text.of(index), START);
        }
        Arc::new(limiter)
    };
    let each = [filled(), filled()];
    let shared = Arc::clone(&each[0]);
    let mine = Arc::clone(&each[0]);
    let one = |limiter: Arc<Ours>| Box::new(move |count| run(&*limiter, keys, 1, START, count));
    let all = Arc::clone(&shared);
    vec![
        Scaling {
            name: "one store",
            one: one(Arc::clone(&shared)),
            two: Box::new(move |count| both(|seed| run(&*shared, keys, seed, START, count / 2))),
            ratios: Vec::new(),
        },
        Scaling {
            name: "one store, keys of its own for each thread",
            one: one(Arc::clone(&all)),
            two: Box::new(move |count| both(|seed| run_half(&*all, keys, seed, count / 2))),
            ratios: Vec::new(),
        },
        Scaling {
            name: "control: a store for each thread",
            one: one(mine),
            two: Box::new(move |count| both(|seed| run(&*each[seed as usize - 1], keys, seed, START, count / 2))),
            ratios: Vec::new(),
        },
        Scaling {
            name: "control: arithmetic alone",
            one: Box::new(|count| arithmetic(1, count)),
            two: Box::new(|count| both(|seed| arithmetic(seed, count / 2))),
            ratios: Vec::new(),
        },
    ]
}

/// As [`run`], on every second key.
fn run_half(limiter: &dyn Limiter, keys: usize, seed: u64, count: u64) -> Duration {
    let mut picks = Picks(0x9e37_79b9_7f4a_7c15 ^ (seed << 40));
    let mut text = Text(*b"client-00000000");
    let before = cpu();
    for call in 0..count {
        let key = picks.next(keys / 2) * 2 + (seed as usize & 1);
        std::hint::black_box(limiter.admits(text.of(key), START + call as i64 * 3_000));
    }
    cpu() - before
}

/// Prints how many times the work of one thread two do.
fn two_threads_against_one() {
    const ROUNDS: usize = 61;
    let mut out = std::io::stdout();
    for (keys, count) in [(1_000, 200_000), (1_000_000, 100_000)] {
        let mut all = scalings(keys);
        for _ in 0..ROUNDS {
            for scaling in &mut all {
                let (one, two) = ((scaling.one)(count), (scaling.two)(count));
                scaling.ratios.push(one.as_secs_f64() / two.as_secs_f64());
            }
        }
        for scaling in &mut all {
            scaling.ratios.sort_by(f64::total_cmp);
            let at = |share: usize| scaling.ratios[ROUNDS * share / 100];
            let _ = writeln!(
                out,
                "two threads against one, {keys} keys, {}: {:.2} times (median of {ROUNDS} rounds; quarter {:.2}, three quarters {:.2})",
                scaling.name,
                at(50),
                at(25),
                at(75)
            );
        }
    }
}

fn resident_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) * 1_024.0
}

/// Memory of a live key, and the pauses while a million are given back beside the request path.
fn memory_and_pauses() {
    const KEYS: usize = 1_000_000;
    let mut out = std::io::stdout();
    // Kept to the end, so that no freed memory of one case is taken for another's.
    let mut kept = Vec::new();
    for (name, keys, calls, hits) in [
        ("exact window full", KEYS / 4, 16, 16),
        ("whole window in use", KEYS / 4, 1_000_000, 60),
        ("few calls", KEYS, 1_000_000, 1),
    ] {
        let limit = RateLimit::new(calls, Duration::from_secs(60));
        let before = resident_bytes();
        let memory = Arc::new(Memory::new());
        let mut text = Text(*b"client-00000000");
        for hit in 0..hits {
            for index in 0..keys {
                let key = CounterKey::new(Kind::RateLimitByKey, "", text.of(index));
                memory.check_rate(&key, limit, 1, Timestamp(START + hit * SECOND));
            }
        }
        let each = (resident_bytes() - before) / keys as f64;
        let _ = writeln!(out, "memory per live key, {name}: {each:.0} bytes");
        if hits == 1 {
            let (longest, sweeping) = longest_pause(&memory, limit);
            let _ = writeln!(
                out,
                "giving back {keys} keys: {sweeping:?} of a thread beside, longest decision meanwhile {longest:?}, {} left",
                memory.len()
            );
        }
        kept.push(memory);
    }
}

fn longest_pause(memory: &Arc<Memory>, limit: RateLimit) -> (Duration, Duration) {
    let later = Timestamp(START + 400 * SECOND);
    std::thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            let before = cpu();
            memory.sweep(later);
            cpu() - before
        });
        let mut picks = Picks(7);
        let mut longest = Duration::ZERO;
        while !sweeper.is_finished() {
            let key = CounterKey::new(Kind::RateLimitByKey, "", &format!("live-{}", picks.next(10_000)));
            // On a busy machine the thread may be set aside, so processor time is counted: a lock that the sweep holds is spun on.
            let before = cpu();
            memory.check_rate(&key, limit, 1, later);
            longest = longest.max(cpu() - before);
        }
        (longest, sweeper.join().unwrap_or_default())
    })
}

fn main() {
    // First, while no freed memory can be taken for ours.
    memory_and_pauses();
    two_threads_against_one();
    let mut criterion = Criterion::default()
        .with_measurement(CpuTime(WallTime))
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let mut group = criterion.benchmark_group("decision");
    group.throughput(Throughput::Elements(1));
    decisions(&mut group, 1_000);
    decisions(&mut group, 1_000_000);
    group.finish();
}
