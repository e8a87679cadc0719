//! What a store is told. The executable fills it from `[counters]` of `apimite.toml` (`docs/counters.md`); programs that have nothing but
//! counters can read it from TOML of this form:
//!
//! ```toml
//! [counters]
//! store = "sync"                 # memory (default), sync, redis
//! quota-folder = "state"         # quotas survive a restart; absent: they do not
//! refused-calls = "add-nothing"  # or "count"
//!
//! [counters.sync]
//! peers = ["gateways.local"]     # names or addresses, with or without port
//! key-file = "sync.key"          # or key = "…", at least 16 bytes
//! port = 4290
//! heartbeat-port = 4291
//! interval-ms = 100
//! budget-bytes-per-second = 4194304
//!
//! [counters.redis]
//! url = "rediss://redis.local:6380"
//! password-file = "redis.password"
//! timeout-ms = 250
//! away = "local"                 # or "refuse"
//! ```

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::limit::RefusedCalls;
use crate::remote::AwayPolicy;

/// Where counters are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// In this process.
    #[default]
    Memory,
    /// In this process, kept in step with other gateways over UDP.
    Sync,
    /// In a Redis server.
    Redis,
}

/// The section `[counters]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CountersConfig {
    /// Where counters are kept.
    pub store: StoreKind,
    /// Folder in which quotas survive a restart.
    pub quota_folder: Option<PathBuf>,
    /// Whether calls that a rate limit refuses count; the gateway passes it on with each limit.
    pub refused_calls: RefusedCallsConfig,
    /// Node sync; needed for that store.
    pub sync: Option<SyncConfig>,
    /// The Redis server; needed for that store.
    pub redis: Option<RedisConfig>,
}

/// Whether calls that a rate limit refuses count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusedCallsConfig {
    /// They add nothing.
    #[default]
    AddNothing,
    /// They count.
    Count,
}

impl From<RefusedCallsConfig> for RefusedCalls {
    fn from(config: RefusedCallsConfig) -> Self {
        match config {
            RefusedCallsConfig::AddNothing => Self::AddNothing,
            RefusedCallsConfig::Count => Self::Count,
        }
    }
}

/// The section `[counters.sync]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SyncConfig {
    /// Names or addresses of the other gateways; a name may stand for all of them.
    pub peers: Vec<String>,
    /// The shared key.
    pub key: Option<String>,
    /// A file with the shared key.
    pub key_file: Option<PathBuf>,
    /// Address to listen at.
    #[serde(default = "everywhere")]
    pub bind: IpAddr,
    /// Address at which others reach this gateway.
    pub advertise: Option<IpAddr>,
    /// UDP port of the counters.
    #[serde(default = "counter_port")]
    pub port: u16,
    /// UDP port of the heartbeats.
    #[serde(default = "heartbeat_port")]
    pub heartbeat_port: u16,
    /// Milliseconds between two packets to a peer.
    #[serde(default = "interval")]
    pub interval_ms: u64,
    /// Most bytes sent per second, to all peers together.
    #[serde(default = "budget")]
    pub budget_bytes_per_second: u64,
}

fn everywhere() -> IpAddr {
    IpAddr::from([0, 0, 0, 0])
}

fn counter_port() -> u16 {
    4290
}

fn heartbeat_port() -> u16 {
    4291
}

fn interval() -> u64 {
    100
}

fn budget() -> u64 {
    4 << 20
}

/// The section `[counters.redis]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RedisConfig {
    /// `redis://[user[:password]@]host[:port][/database]`, or `rediss://…` for TLS.
    pub url: String,
    /// Password.
    pub password: Option<String>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// Certificates (PEM) of the authorities that may sign the server's.
    pub ca_file: Option<PathBuf>,
    /// What all keys start with.
    #[serde(default = "prefix")]
    pub prefix: String,
    /// Longest wait for one decision, in milliseconds.
    #[serde(default = "timeout")]
    pub timeout_ms: u64,
    /// What happens while the server is away.
    #[serde(default)]
    pub away: AwayConfig,
}

fn prefix() -> String {
    "apimite".to_owned()
}

fn timeout() -> u64 {
    250
}

/// What happens while the Redis server is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AwayConfig {
    /// This gateway counts alone.
    #[default]
    Local,
    /// Calls with limits are refused.
    Refuse,
}

impl From<AwayConfig> for AwayPolicy {
    fn from(config: AwayConfig) -> Self {
        match config {
            AwayConfig::Local => Self::Local,
            AwayConfig::Refuse => Self::Refuse,
        }
    }
}

/// What is wrong with the section.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A store was chosen that is not described.
    #[error("`store = \"{store}\"` needs the section `[counters.{store}]`")]
    Missing {
        /// The store.
        store: &'static str,
    },
    /// The shared key is missing, twice there, or too short.
    #[error("`[counters.sync]` needs a shared key of at least 16 bytes: give `key` or `key-file`, not both")]
    Key,
    /// A file cannot be read.
    #[error("cannot read `{file}` (`{setting}`): {error}")]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        file: String,
        /// What the system said.
        error: String,
    },
    /// Nobody to exchange with.
    #[error("`[counters.sync]` needs at least one name or address in `peers`")]
    NoPeers,
    /// A number is out of range.
    #[error("`{setting}` cannot be {found}: use {range}")]
    Range {
        /// The setting.
        setting: &'static str,
        /// The value.
        found: u64,
        /// What is possible.
        range: &'static str,
    },
    /// Both ports are the same.
    #[error("`port` and `heartbeat-port` cannot both be {port}")]
    SamePort {
        /// The port.
        port: u16,
    },
    /// A password is given twice.
    #[error("`[counters.redis]` takes `password` or `password-file`, not both")]
    TwoPasswords,
}

fn within(setting: &'static str, found: u64, low: u64, high: u64, range: &'static str) -> Result<(), ConfigError> {
    if (low..=high).contains(&found) { Ok(()) } else { Err(ConfigError::Range { setting, found, range }) }
}

fn read(setting: &'static str, file: &PathBuf) -> Result<String, ConfigError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => Err(ConfigError::File { setting, file: file.display().to_string(), error: error.to_string() }),
    }
}

impl CountersConfig {
    /// Checks what can be checked without network.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        match self.store {
            StoreKind::Memory => {}
            StoreKind::Sync if self.sync.is_none() => return Err(ConfigError::Missing { store: "sync" }),
            StoreKind::Redis if self.redis.is_none() => return Err(ConfigError::Missing { store: "redis" }),
            StoreKind::Sync | StoreKind::Redis => {}
        }
        if let Some(sync) = &self.sync {
            if sync.peers.is_empty() {
                return Err(ConfigError::NoPeers);
            }
            within("interval-ms", sync.interval_ms, 10, 60_000, "10 to 60000 milliseconds")?;
            let bytes = sync.budget_bytes_per_second;
            within("budget-bytes-per-second", bytes, 10_000, 10 << 30, "at least 10000 bytes per second")?;
            if sync.port == sync.heartbeat_port && sync.port != 0 {
                return Err(ConfigError::SamePort { port: sync.port });
            }
            sync.secret()?;
        }
        if let Some(redis) = &self.redis {
            within("timeout-ms", redis.timeout_ms, 1, 60_000, "1 to 60000 milliseconds")?;
            redis.secret()?;
        }
        Ok(())
    }
}

impl SyncConfig {
    /// The shared key.
    ///
    /// # Errors
    /// When there is none or two, it is short, or its file cannot be read.
    pub fn secret(&self) -> Result<String, ConfigError> {
        let key = match (&self.key, &self.key_file) {
            (Some(key), None) => key.clone(),
            (None, Some(file)) => read("key-file", file)?,
            (None, None) | (Some(_), Some(_)) => return Err(ConfigError::Key),
        };
        if key.len() < 16 { Err(ConfigError::Key) } else { Ok(key) }
    }
}

impl RedisConfig {
    /// The password, if any.
    ///
    /// # Errors
    /// When there are two, or its file cannot be read.
    pub fn secret(&self) -> Result<Option<String>, ConfigError> {
        match (&self.password, &self.password_file) {
            (Some(_), Some(_)) => Err(ConfigError::TwoPasswords),
            (Some(password), None) => Ok(Some(password.clone())),
            (None, Some(file)) => read("password-file", file).map(Some),
            (None, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        match toml::from_str::<CountersConfig>(text) {
            Ok(config) => config.check().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_empty_section_is_memory() {
        let config: CountersConfig = toml::from_str("").unwrap();
        assert_eq!((config.store, config.check()), (StoreKind::Memory, Ok(())));
    }

    #[test]
    fn the_example_of_the_module_reads() {
        let text = "store = 'sync'\nquota-folder = 's'\nrefused-calls = 'count'\n[sync]\npeers = ['a', 'b:1']\nkey = '0123456789abcdef'\n[redis]\nurl = 'redis://r'\naway = 'refuse'";
        let config: CountersConfig = toml::from_str(text).unwrap();
        assert_eq!(config.check(), Ok(()));
        let sync = config.sync.unwrap();
        assert_eq!((sync.port, sync.heartbeat_port, sync.interval_ms), (4290, 4291, 100));
        assert_eq!(config.redis.unwrap().away, AwayConfig::Refuse);
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(error("store = 'redis'"), "`store = \"redis\"` needs the section `[counters.redis]`");
        assert!(error("sotre = 'redis'").contains("unknown field `sotre`"));
        assert!(error("store = 'disk'").contains("unknown variant `disk`"));
        assert!(error("[sync]\npeers = ['a']\nkey = 'short'").contains("at least 16 bytes"));
        assert!(error("[sync]\npeers = []\nkey = '0123456789abcdef'").contains("at least one name"));
        let sync = "[sync]\npeers = ['a']\nkey = '0123456789abcdef'\n";
        assert_eq!(error(&format!("{sync}interval-ms = 1")), "`interval-ms` cannot be 1: use 10 to 60000 milliseconds");
        assert!(error(&format!("{sync}heartbeat-port = 4290")).contains("cannot both be 4290"));
        assert!(error("[sync]\npeers = ['a']\nkey-file = '/nowhere/key'").starts_with("cannot read `/nowhere/key`"));
        assert!(error("[redis]\nurl = 'redis://a'\npassword = 'a'\npassword-file = 'b'").contains("not both"));
    }
}
