//! Plays a scenario and measures it.

use std::collections::VecDeque;
use std::time::Duration;

use apimite_clock::Timestamp;

use super::Network;
use super::cluster::Cluster;
use super::load::Load;
use super::scenario::{Scenario, SimulatedAlgorithm, SimulatedStore};
use crate::counters::Counters;
use crate::key::{CounterKey, Kind};
use crate::limit::{Algorithm, RateLimit};
use crate::sync::{REPEATS, SyncSettings};

/// Steps in which a report is divided.
pub(super) const STEPS: usize = 60;
/// Keys whose windows are measured to the call; the busiest ones where clients call unevenly.
const WATCHED: usize = 64;
/// Merges that are played without sampling.
const AFFORDABLE: f64 = 4e6;

/// What happened in one of the report's steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Calls admitted.
    pub admitted: u64,
    /// Calls refused.
    pub refused: u64,
    /// Calls that one exact gateway would have admitted.
    pub ideal: u64,
    /// Packets sent by all gateways.
    pub packets: u64,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Every how many-th key was played; totals are multiplied by it.
    pub sample: u64,
    /// Over time.
    pub steps: Vec<Step>,
    /// All of it.
    pub total: Step,
    /// The most calls that any window of a watched key held.
    pub worst_window: u64,
    /// The same for one exact gateway: at most the limit for a window; a bucket that was full has more.
    pub ideal_window: u64,
    /// The limit.
    pub limit: u32,
    /// How many calls over the limit the derivation allows in a window; `None` without node sync, or where the budget was spent.
    pub bound: Option<u64>,
    /// Packets per second that a gateway sent, on average.
    pub packets_per_second: f64,
    /// Bytes per second that a gateway sent, on average.
    pub bytes_per_second: f64,
    /// Keys that waited for the budget, summed over intervals and gateways.
    pub deferred: u64,
    /// Counters that gateways held at the end, on average.
    pub keys_held: f64,
}

impl Report {
    /// Admitted beyond what one exact gateway would have admitted, as a share of that.
    pub fn overshoot(&self) -> f64 {
        overshoot(self.total.admitted, self.total.ideal)
    }

    /// The same in percent of what had been admitted by the end of each step.
    pub fn overshoots(&self) -> Vec<f64> {
        let (mut admitted, mut ideal) = (0, 0);
        let so_far = |step: &Step| {
            admitted += step.admitted;
            ideal += step.ideal;
            100.0 * overshoot(admitted, ideal)
        };
        self.steps.iter().map(so_far).collect()
    }
}

fn overshoot(admitted: u64, ideal: u64) -> f64 {
    (admitted as f64 - ideal as f64) / (ideal as f64).max(1.0)
}

const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn sample(scenario: &Scenario) -> u64 {
    let others = match scenario.store {
        SimulatedStore::Sync => (scenario.gateways - 1) as f64 * f64::from(REPEATS),
        SimulatedStore::Memory | SimulatedStore::Redis => 4.0,
    };
    let work = scenario.rate * f64::from(scenario.duration) * others.max(1.0);
    let wanted = (work / AFFORDABLE).ceil().max(1.0) as u64;
    // At least 256 keys (and clients) are played, or all.
    wanted.min((scenario.keys / 256).max(1)).min((scenario.clients / 256).max(1))
}

/// The most calls that any window of a key held.
#[derive(Default)]
struct Watch {
    recent: VecDeque<i64>,
    most: usize,
}

impl Watch {
    fn note(&mut self, at: i64, period: i64) {
        while self.recent.front().is_some_and(|first| *first <= at - period) {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
        self.most = self.most.max(self.recent.len());
    }
}

enum Store {
    /// One store for all, or one for each.
    Plain(Vec<Counters>),
    Cluster(Box<Cluster>),
}

impl Store {
    fn new(scenario: &Scenario, sample: u64) -> Self {
        match scenario.store {
            SimulatedStore::Redis => Self::Plain(vec![Counters::memory()]),
            SimulatedStore::Memory => Self::Plain((0..scenario.gateways).map(|_| Counters::simulated(None)).collect()),
            SimulatedStore::Sync => {
                let settings = SyncSettings {
                    interval: Duration::from_millis(scenario.interval_ms),
                    bytes_per_second: (scenario.budget / sample).max(1),
                };
                let network = Network {
                    loss: scenario.loss,
                    duplication: scenario.duplication,
                    delay: Duration::from_millis(scenario.delay_ms),
                    jitter: Duration::from_millis(scenario.jitter_ms),
                };
                let cluster = Cluster::new(scenario.gateways, settings, network, scenario.seed, START);
                Self::Cluster(Box::new(cluster.without_signatures(1.0 / sample as f64, START)))
            }
        }
    }

    fn counters(&mut self, gateway: usize, now: Timestamp) -> &Counters {
        match self {
            Self::Plain(all) => &all[gateway % all.len()],
            Self::Cluster(cluster) => {
                cluster.run_until(now);
                cluster.counters(gateway)
            }
        }
    }

    /// Packets that all gateways have sent until then.
    fn packets_until(&mut self, now: Timestamp) -> u64 {
        let Self::Cluster(cluster) = self else { return 0 };
        cluster.run_until(now);
        (0..cluster.len()).map(|gateway| cluster.replica(gateway).stats().packets_sent).sum()
    }
}

/// Plays a scenario.
pub fn simulate(scenario: &Scenario) -> Report {
    let sample = sample(scenario);
    let algorithm = match scenario.algorithm {
        SimulatedAlgorithm::Window => Algorithm::SlidingWindow,
        SimulatedAlgorithm::Bucket => Algorithm::TokenBucket,
    };
    let limit = RateLimit::new(scenario.calls, Duration::from_secs(scenario.period.into())).with_algorithm(algorithm);
    let period = i64::from(scenario.period) * 1_000_000_000;
    let mut store = Store::new(scenario, sample);
    let ideal = Counters::memory();
    let mut steps = vec![Step::default(); STEPS];
    let watches = || -> Vec<Watch> { (0..WATCHED).map(|_| Watch::default()).collect() };
    let (mut watches, mut ideal_watches) = (watches(), watches());
    let length = i64::from(scenario.duration) * 1_000_000_000 / STEPS as i64;
    let mut text = String::new();
    let mut next_sweep = period;
    let (mut begun, mut sent) = (0, 0);
    let mut end_steps = |store: &mut Store, steps: &mut [Step], until: usize| {
        while begun < until {
            let now = store.packets_until(Timestamp(START.0 + (begun as i64 + 1) * length));
            steps[begun].packets = now - sent;
            (begun, sent) = (begun + 1, now);
        }
    };
    for call in Load::new(scenario, sample) {
        let now = Timestamp(START.0 + call.at);
        text.clear();
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("key-{}", call.key));
        let key = CounterKey::new(Kind::RateLimitByKey, "", &text);
        let index = usize::try_from(call.at / length).unwrap_or(0).min(STEPS - 1);
        end_steps(&mut store, &mut steps, index);
        let step = &mut steps[index];
        let decide = |counters: &Counters| {
            counters.check_rate(&key, limit, 1, now).now().is_some_and(|decision| decision.admitted)
        };
        if decide(store.counters(call.gateway, now)) {
            step.admitted += sample;
            if let Some(watch) = watches.get_mut(call.key as usize) {
                watch.note(call.at, period);
            }
        } else {
            step.refused += sample;
        }
        if decide(&ideal) {
            step.ideal += sample;
            if let Some(watch) = ideal_watches.get_mut(call.key as usize) {
                watch.note(call.at, period);
            }
        }
        if call.at >= next_sweep {
            next_sweep = call.at + period;
            sweep(&mut store, &ideal, now);
        }
    }
    end_steps(&mut store, &mut steps, STEPS);
    let most = |watches: &[Watch]| watches.iter().map(|watch| watch.most).max().unwrap_or(0) as u64;
    finish(scenario, sample, store, steps, most(&watches), most(&ideal_watches))
}

fn sweep(store: &mut Store, ideal: &Counters, now: Timestamp) {
    ideal.store().sweep(now);
    match store {
        Store::Plain(all) => all.iter().for_each(|counters| {
            counters.store().sweep(now);
        }),
        Store::Cluster(cluster) => (0..cluster.len()).for_each(|gateway| {
            let counters = cluster.counters(gateway);
            counters.store().sweep(now);
            if let Some(ledger) = counters.ledger() {
                ledger.sweep(now);
            }
        }),
    }
}

fn finish(
    scenario: &Scenario,
    sample: u64,
    store: Store,
    mut steps: Vec<Step>,
    worst_window: u64,
    ideal_window: u64,
) -> Report {
    let total = steps.iter().fold(Step::default(), |sum, step| Step {
        admitted: sum.admitted + step.admitted,
        refused: sum.refused + step.refused,
        ideal: sum.ideal + step.ideal,
        packets: sum.packets + step.packets,
    });
    let seconds = f64::from(scenario.duration);
    let gateways = scenario.gateways as f64;
    let (mut packets, mut bytes, mut deferred, mut held) = (0.0, 0.0, 0, 0.0);
    match store {
        Store::Plain(all) => {
            held = all.iter().map(|counters| counters.store().len() as f64).sum::<f64>() / all.len() as f64;
            if scenario.store == SimulatedStore::Redis {
                // A question and an answer for each call.
                packets = (total.admitted + total.refused) as f64 / gateways;
                bytes = packets * 300.0;
                steps.iter_mut().for_each(|step| step.packets = step.admitted + step.refused);
            }
        }
        Store::Cluster(mut cluster) => {
            for gateway in 0..cluster.len() {
                let stats = cluster.replica(gateway).stats();
                packets += stats.packets_sent as f64 / gateways;
                bytes += stats.bytes_sent as f64 / gateways;
                deferred += stats.deferred * sample;
                held += cluster.counters(gateway).store().len() as f64 / gateways;
            }
            if sample > 1 {
                let heads = packets * crate::sync::wire::OVERHEAD as f64;
                bytes = (bytes - heads) * sample as f64 + heads;
                let fuller = (bytes / crate::sync::wire::LARGEST as f64 / packets.max(1.0)).max(1.0);
                packets *= fuller;
                steps.iter_mut().for_each(|step| step.packets = (step.packets as f64 * fuller).round() as u64);
            }
        }
    }
    Report {
        sample,
        bound: (scenario.store == SimulatedStore::Sync && deferred == 0).then(|| bound(scenario)),
        steps,
        total,
        worst_window,
        ideal_window,
        limit: scenario.calls,
        packets_per_second: packets / seconds,
        bytes_per_second: bytes / seconds,
        deferred,
        keys_held: held * sample as f64,
    }
}

/// What the derivation (see [`crate::sync`]) allows over the limit, for the busiest key.
fn bound(scenario: &Scenario) -> u64 {
    let lost = if scenario.loss > 0.0 {
        // So many packets in a row are lost once in ten thousand times.
        ((1e-4_f64).ln() / scenario.loss.min(0.999).ln()).ceil()
    } else {
        0.0
    };
    let delay = (scenario.interval_ms as f64 * (1.0 + lost) + (scenario.delay_ms + scenario.jitter_ms) as f64) / 1e3;
    let busiest = if scenario.skew == 0.0 { 1.0 / scenario.keys.min(scenario.clients) as f64 } else { 1.0 };
    let peak = match scenario.shape {
        super::Shape::Steady => 1.0,
        super::Shape::Poisson => 1.5,
        super::Shape::Burst => 5.0,
        super::Shape::Ramp => 2.0,
    };
    let gateways = scenario.gateways as f64;
    let offered = scenario.rate * busiest * peak * delay * (gateways - 1.0) / gateways;
    let most = (gateways - 1.0) * f64::from(scenario.calls);
    (offered.min(most)).ceil() as u64 + scenario.gateways as u64
}
