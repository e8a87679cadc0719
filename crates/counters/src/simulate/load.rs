//! Calls over time: when, by whom, with which key, to which gateway.

use super::Random;
use super::scenario::{Scenario, Shape};

/// One call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// Nanoseconds since the start.
    pub(super) at: i64,
    pub(super) key: u64,
    pub(super) gateway: usize,
}

/// The calls of a scenario, in order of time.
pub(super) struct Load<'a> {
    scenario: &'a Scenario,
    random: Random,
    rate: f64,
    clients: u64,
    keys: u64,
    /// Sum of the calls so far, as time of an even stream.
    sent: f64,
    end: f64,
}

impl<'a> Load<'a> {
    /// The load of an n-th of the keys.
    pub(super) fn new(scenario: &'a Scenario, sample: u64) -> Self {
        Self {
            scenario,
            random: Random::new(scenario.seed ^ 0x10ad),
            rate: scenario.rate / sample as f64,
            clients: (scenario.clients / sample).max(1),
            keys: (scenario.keys / sample).max(1),
            sent: 0.0,
            end: f64::from(scenario.duration),
        }
    }

    /// Seconds since the start at which `sent` seconds of an even stream have been sent.
    fn bend(&self, sent: f64) -> f64 {
        match self.scenario.shape {
            Shape::Steady | Shape::Poisson => sent,
            Shape::Burst => {
                let whole = (sent / 10.0).floor();
                whole * 10.0 + (sent - whole * 10.0) / 5.0
            }
            // The integral of a rate that rises evenly to twice the mean.
            Shape::Ramp => (sent * self.end).max(0.0).sqrt(),
        }
    }

    /// A client, by its rank; the smaller the rank the more it calls.
    fn client(&mut self) -> u64 {
        let skew = self.scenario.skew;
        let share = self.random.share();
        if skew == 0.0 {
            return (share * self.clients as f64) as u64;
        }
        // The continuous counterpart of Zipf's law, inverted.
        let count = self.clients as f64 + 1.0;
        let rank = if (skew - 1.0).abs() < 1e-9 {
            count.powf(share)
        } else {
            let power = 1.0 - skew;
            (1.0 + share * (count.powf(power) - 1.0)).powf(1.0 / power)
        };
        (rank as u64).clamp(1, self.clients) - 1
    }
}

impl Iterator for Load<'_> {
    type Item = Call;

    fn next(&mut self) -> Option<Call> {
        let gap = match self.scenario.shape {
            Shape::Poisson => self.random.gap_nanos(self.rate) as f64 / 1e9,
            Shape::Steady | Shape::Burst | Shape::Ramp => 1.0 / self.rate,
        };
        self.sent += gap;
        if self.sent >= self.end {
            return None;
        }
        let at = (self.bend(self.sent) * 1e9) as i64;
        let client = self.client();
        let gateways = self.scenario.gateways as u64;
        let gateway = if self.scenario.sticky { client % gateways } else { self.random.below(gateways) };
        Some(Call { at, key: client % self.keys, gateway: gateway as usize })
    }
}
