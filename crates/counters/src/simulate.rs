//! What will a limit do? Gateways, their network and their clients in virtual time, through the real counters.
//!
//! Everything random comes from one seed: the same scenario gives the same bytes. [`run`] is what `apimite simulate` calls;
//! [`Scenario`] and [`simulate`] are the same for programs.
//!
//! Keys do not influence each other except through the traffic budget. So a load too large to play out key by key is *sampled*:
//! every n-th key is played with an n-th of the load and of the budget, and totals are multiplied by n. The report says so.

mod chart;
mod cluster;
mod load;
mod random;
mod report;
mod scenario;
mod svg;

use std::io::Write;

#[cfg(test)]
pub(crate) use cluster::Cluster;
pub(crate) use cluster::Network;
pub(crate) use random::Random;
pub use report::{Report, Step, simulate};
pub use scenario::{Scenario, ScenarioError, Shape, SimulatedStore};

/// Why a simulation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// The scenario is wrong.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Something could not be written.
    #[error("cannot write `{to}`: {error}")]
    Write {
        /// Where to.
        to: String,
        /// What the system said.
        error: std::io::Error,
    },
}

/// Help of the command.
pub const HELP: &str = "\
apimite simulate [scenario.toml] [--name value]...

What would a rate limit do under a load, with several gateways? Plays it in virtual time through the gateway's own counters.

  --calls 100            the limit: calls ...
  --period 60            ... in so many seconds, per key
  --algorithm window     window (classic tiers) or bucket (v2 tiers)
  --rate 1000            calls per second, all clients together
  --shape steady         steady, poisson, burst (all calls in the first fifth of every ten seconds), ramp (from none to twice the rate)
  --clients 1            clients; client n uses key n modulo the number of keys
  --keys 1               keys
  --skew 0               how unevenly clients call: 0 alike, 1 as words in a language
  --gateways 3           gateways; each call goes to any of them
  --sticky false         true: a client stays with its gateway
  --store sync           memory (each alone), sync (exchange over UDP), redis (one shared store)
  --interval-ms 100      sync: time between packets
  --delay-ms 2           sync: time in transit
  --jitter-ms 0          sync: up to so much more, at random
  --loss 0               sync: share of packets lost, 0 to 1
  --duplication 0        sync: share of packets that arrive twice
  --budget 4194304       sync: most bytes per second that a gateway sends
  --duration 120         seconds to play
  --seed 1               of everything random
  --svg chart.svg        draw into this file as well
  --numbers false        true: numbers only, one `name value` a line

A scenario file holds the same names in TOML: `rate = 1000`. Flags win over the file.
";

/// Runs `apimite simulate` with its arguments (without the name of the command), writing to `out`.
///
/// # Errors
/// When the scenario is wrong or something cannot be written.
pub fn run(arguments: impl IntoIterator<Item = String>, out: &mut dyn Write) -> Result<(), SimulateError> {
    let arguments: Vec<String> = arguments.into_iter().collect();
    let failed = |error| SimulateError::Write { to: "standard output".to_owned(), error };
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        return out.write_all(HELP.as_bytes()).map_err(failed);
    }
    let scenario = Scenario::from_arguments(&arguments)?;
    let report = simulate(&scenario);
    if let Some(file) = &scenario.svg {
        let error = |error| SimulateError::Write { to: file.display().to_string(), error };
        std::fs::write(file, svg::draw(&scenario, &report)).map_err(error)?;
    }
    let text = if scenario.numbers { chart::numbers(&report) } else { chart::page(&scenario, &report) };
    out.write_all(text.as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests;
