//! One gateway's counters and nothing else, for tests of node sync with real processes.
//!
//! `node BIND PORT HEARTBEAT_PORT SECRET PEER...`, then commands on standard input, one answer line for each:
//! `flood KEY CALLS PERIOD RATE SECONDS` (how many were admitted), `used KEY CALLS PERIOD`, `members`, `stats`.

use std::io::{BufRead, Write};
use std::time::Duration;

use apimite_clock::Clock;
use apimite_counters::sync::{NodeSettings, SyncNode};
use apimite_counters::{CounterKey, Counters, Kind, RateLimit};

fn limit(words: &[&str]) -> Option<(CounterKey, RateLimit)> {
    let [key, calls, period, ..] = words else { return None };
    let key = CounterKey::new(Kind::RateLimitByKey, "", key);
    Some((key, RateLimit::new(calls.parse().ok()?, Duration::from_secs(period.parse().ok()?))))
}

fn flood(counters: &Counters, clock: &Clock, words: &[&str]) -> Option<u64> {
    let (key, limit) = limit(words)?;
    let rate: f64 = words.get(3)?.parse().ok()?;
    let seconds: f64 = words.get(4)?.parse().ok()?;
    let start = clock.now();
    let (mut sent, mut admitted) = (0.0, 0);
    loop {
        let elapsed = (clock.now() - start).as_secs_f64();
        if elapsed >= seconds {
            return Some(admitted);
        }
        while sent < elapsed * rate {
            sent += 1.0;
            let decision = counters.check_rate(&key, limit, 1, clock.now()).now()?;
            admitted += u64::from(decision.admitted);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn answer(node: &SyncNode, clock: &Clock, line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (command, rest) = words.split_first()?;
    match *command {
        "flood" => Some(flood(node.counters(), clock, rest)?.to_string()),
        "used" => {
            let (key, limit) = limit(rest)?;
            Some(node.counters().peek_rate(&key, limit, clock.now()).now()?.used.to_string())
        }
        "members" => Some(node.members().len().to_string()),
        "stats" => Some(format!("{:?}", node.stats())),
        _ => None,
    }
}

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bind, port, heartbeat_port, secret, peers @ ..] = arguments.as_slice() else {
        return std::process::ExitCode::FAILURE;
    };
    let (Ok(bind), Ok(port), Ok(heartbeat_port)) = (bind.parse(), port.parse(), heartbeat_port.parse()) else {
        return std::process::ExitCode::FAILURE;
    };
    let settings = NodeSettings {
        peers: peers.to_vec(),
        secret: secret.clone(),
        bind,
        port,
        heartbeat_port,
        ..NodeSettings::default()
    };
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() else {
        return std::process::ExitCode::FAILURE;
    };
    let clock = Clock::system();
    let mut out = std::io::stdout();
    let node = match runtime.block_on(SyncNode::start(settings, clock.clone())) {
        Ok(node) => node,
        Err(error) => {
            let _ = writeln!(out, "error: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    let _ = writeln!(out, "ready");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let text = answer(&node, &clock, &line).unwrap_or_else(|| "?".to_owned());
        let _ = writeln!(out, "{text}");
    }
    std::process::ExitCode::SUCCESS
}
