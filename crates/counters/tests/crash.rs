//! A process that is killed loses at most the last second of a quota.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use apimite_clock::Clock;
use apimite_counters::{CounterKey, Counters, Kind, QuotaKeeper, QuotaLimit, QuotaPeriod, Usage};

const FOLDER: &str = "APIMITE_TEST_QUOTA_FOLDER";
const QUOTA: QuotaLimit = QuotaLimit::calls(u64::MAX, QuotaPeriod::Never);

fn key() -> CounterKey {
    CounterKey::new(Kind::QuotaByKey, "", "k")
}

/// What the killed process does: counts a call a millisecond and says how many it has counted.
fn count_for_ever(folder: &Path) {
    let (counters, clock) = (Counters::memory(), Clock::system());
    let _keeper = QuotaKeeper::start(folder, &counters, clock.clone()).unwrap();
    let mut out = std::io::stdout();
    for count in 1_u64.. {
        counters.check_quota(&key(), &QUOTA, Usage::ONE_CALL, clock.now());
        writeln!(out, "counted {count}").unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test starts itself as the process to kill")]
fn a_killed_process_loses_at_most_the_last_second() {
    if let Ok(folder) = std::env::var(FOLDER) {
        count_for_ever(Path::new(&folder));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_process_loses_at_most_the_last_second", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // How many were counted, and when: what had been counted a second before the end must be there.
    let clock = Clock::system();
    let mut seen = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        if let Some(count) = line.strip_prefix("counted ").and_then(|text| text.parse::<u64>().ok()) {
            seen.push((clock.now(), count));
            if count == 2_000 {
                break;
            }
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let end = seen.last().unwrap().0;
    let safe = seen.iter().rev().find(|(at, _)| end - *at >= Duration::from_secs(1)).unwrap().1;

    let counters = Counters::memory();
    let _keeper = QuotaKeeper::start(folder.path(), &counters, clock.clone()).unwrap();
    let seen = counters.peek_quota(&key(), &QUOTA, clock.now()).now().unwrap();
    let kept = u64::MAX - seen.remaining_calls.unwrap();
    assert!((safe..=2_010).contains(&kept), "{kept} of 2000, at least {safe}");
}
