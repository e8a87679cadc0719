//! What is to be simulated, from flags and a file.

use std::path::PathBuf;

use serde::Deserialize;

/// How calls are spread over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Evenly.
    #[default]
    Steady,
    /// At random, as many independent clients would.
    Poisson,
    /// In the first fifth of every ten seconds, at five times the rate.
    Burst,
    /// From none to twice the rate.
    Ramp,
}

/// Where the simulated gateways count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SimulatedStore {
    /// Each alone.
    Memory,
    /// Each with what the others tell it.
    #[default]
    Sync,
    /// All in one store.
    Redis,
}

/// How calls are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SimulatedAlgorithm {
    /// The sliding window of the classic tiers.
    #[default]
    Window,
    /// The token bucket of the v2 tiers.
    Bucket,
}

/// A simulation; the names are those of the flags.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Scenario {
    /// Most calls of a key in a period.
    pub calls: u32,
    /// Length of the period, in seconds.
    pub period: u32,
    /// How calls are counted.
    pub algorithm: SimulatedAlgorithm,
    /// Calls per second, all clients together.
    pub rate: f64,
    /// How they are spread over time.
    pub shape: Shape,
    /// Clients.
    pub clients: u64,
    /// Keys.
    pub keys: u64,
    /// How unevenly clients call: 0 alike, 1 as words in a language.
    pub skew: f64,
    /// Gateways.
    pub gateways: usize,
    /// Does a client stay with its gateway?
    pub sticky: bool,
    /// Where gateways count.
    pub store: SimulatedStore,
    /// Time between packets, in milliseconds.
    pub interval_ms: u64,
    /// Time in transit, in milliseconds.
    pub delay_ms: u64,
    /// Up to so many milliseconds more.
    pub jitter_ms: u64,
    /// Share of packets lost.
    pub loss: f64,
    /// Share of packets that arrive twice.
    pub duplication: f64,
    /// Most bytes per second that a gateway sends.
    pub budget: u64,
    /// Seconds to play.
    pub duration: u32,
    /// Of everything random.
    pub seed: u64,
    /// A file to draw into.
    pub svg: Option<PathBuf>,
    /// Numbers only?
    pub numbers: bool,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            calls: 100,
            period: 60,
            algorithm: SimulatedAlgorithm::Window,
            rate: 100.0,
            shape: Shape::Steady,
            clients: 1,
            keys: 1,
            skew: 0.0,
            gateways: 3,
            sticky: false,
            store: SimulatedStore::Sync,
            interval_ms: 100,
            delay_ms: 2,
            jitter_ms: 0,
            loss: 0.0,
            duplication: 0.0,
            budget: 4 << 20,
            duration: 120,
            seed: 1,
            svg: None,
            numbers: false,
        }
    }
}

/// What is wrong with a scenario.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// A file cannot be read.
    #[error("cannot read the scenario `{file}`: {error}")]
    File {
        /// The file.
        file: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file or flag is not understood.
    #[error("the scenario is not understood: {0}")]
    Text(String),
    /// A flag without a value.
    #[error("`{flag}` needs a value")]
    NoValue {
        /// The flag.
        flag: String,
    },
    /// A second file, or something that is no flag.
    #[error("`{found}` is not expected here: flags are `--name value`, and one scenario file")]
    Unexpected {
        /// What was found.
        found: String,
    },
    /// A value is out of range.
    #[error("`{name}` must be {range}")]
    Range {
        /// The name.
        name: &'static str,
        /// What is possible.
        range: &'static str,
    },
}

/// A flag's text as the TOML value that it looks like.
fn value(text: &str) -> toml::Value {
    let plain = text.replace('_', "");
    if let Ok(number) = plain.parse::<i64>() {
        return toml::Value::Integer(number);
    }
    match text {
        "true" => toml::Value::Boolean(true),
        "false" => toml::Value::Boolean(false),
        _ => match plain.parse::<f64>() {
            Ok(number) if number.is_finite() => toml::Value::Float(number),
            _ => toml::Value::String(text.to_owned()),
        },
    }
}

const FRACTIONS: [&str; 4] = ["rate", "skew", "loss", "duplication"];

impl Scenario {
    /// Reads flags and at most one file.
    ///
    /// # Errors
    /// When something is not understood or out of range.
    pub fn from_arguments(arguments: &[String]) -> Result<Self, ScenarioError> {
        let mut flags = toml::Table::new();
        let mut table = None;
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let Some(name) = argument.strip_prefix("--") else {
                if table.is_some() || argument.starts_with('-') {
                    return Err(ScenarioError::Unexpected { found: argument.clone() });
                }
                table = Some(read(argument)?);
                continue;
            };
            let (name, text) = match name.split_once('=') {
                Some((name, text)) => (name, text.to_owned()),
                None => {
                    let text = rest.next().ok_or_else(|| ScenarioError::NoValue { flag: argument.clone() })?;
                    (name, text.clone())
                }
            };
            let as_text = name == "svg";
            flags.insert(name.to_owned(), if as_text { toml::Value::String(text) } else { value(&text) });
        }
        let mut table = table.unwrap_or_default();
        table.extend(flags);
        for name in FRACTIONS {
            if let Some(toml::Value::Integer(whole)) = table.get(name) {
                let fraction = *whole as f64;
                table.insert(name.to_owned(), toml::Value::Float(fraction));
            }
        }
        // One at a time first, so that a value that is not understood has a name.
        for (name, value) in &table {
            let alone = toml::Table::from_iter([(name.clone(), value.clone())]);
            if let Err(error) = alone.try_into::<Self>() {
                return Err(ScenarioError::Text(format!("`{name} = {value}`: {}", error.message())));
            }
        }
        let scenario: Self =
            table.try_into().map_err(|error: toml::de::Error| ScenarioError::Text(error.message().to_owned()))?;
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), ScenarioError> {
        let rules: [(&'static str, bool, &'static str); 12] = [
            ("period", (1..=86_400).contains(&self.period), "1 to 86400 seconds"),
            ("rate", self.rate > 0.0 && self.rate <= 1e9, "more than 0 and at most 1000000000 calls per second"),
            ("clients", (1..=1_000_000_000).contains(&self.clients), "1 to 1000000000"),
            ("keys", (1..=1_000_000_000).contains(&self.keys), "1 to 1000000000"),
            ("skew", (0.0..=5.0).contains(&self.skew), "0 to 5"),
            ("gateways", (1..=1_000).contains(&self.gateways), "1 to 1000"),
            ("interval-ms", (10..=60_000).contains(&self.interval_ms), "10 to 60000 milliseconds"),
            (
                "delay-ms",
                self.delay_ms <= 60_000 && self.jitter_ms <= 60_000,
                "at most 60000 milliseconds, as `jitter-ms`",
            ),
            ("loss", (0.0..=1.0).contains(&self.loss), "0 to 1"),
            ("duplication", (0.0..=1.0).contains(&self.duplication), "0 to 1"),
            ("budget", self.budget >= 10_000, "at least 10000 bytes per second"),
            ("duration", (1..=86_400).contains(&self.duration), "1 to 86400 seconds"),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((name, _, range)) => Err(ScenarioError::Range { name, range }),
            None => Ok(()),
        }
    }
}

fn read(file: &str) -> Result<toml::Table, ScenarioError> {
    let text = std::fs::read_to_string(file).map_err(|error| ScenarioError::File { file: file.to_owned(), error })?;
    text.parse::<toml::Table>().map_err(|error| ScenarioError::Text(format!("{file}: {}", error.message())))
}
