//! From the configuration to running counters.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use apimite_clock::Clock;

use crate::config::{ConfigError, CountersConfig, StoreKind};
use crate::counters::Counters;
use crate::persist::{PersistError, QuotaKeeper};

/// Why counters cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Quotas cannot be kept.
    #[error(transparent)]
    Persist(#[from] PersistError),
    /// Node sync cannot start.
    #[cfg(feature = "sync")]
    #[error(transparent)]
    Sync(#[from] crate::sync::SyncError),
    /// Redis cannot be used.
    #[cfg(feature = "redis")]
    #[error(transparent)]
    Redis(#[from] crate::redis::StoreError),
    /// The store is not part of this build.
    #[error("this build of apimite has no support for `store = \"{store}\"`")]
    NotBuilt {
        /// The store.
        store: &'static str,
    },
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// Counters and what keeps them alive; dropping it stops the exchange, writes quotas a last time and ends the threads.
#[derive(Debug)]
pub struct RunningCounters {
    /// The counters.
    pub counters: Counters,
    /// Node sync, for its numbers and members.
    #[cfg(feature = "sync")]
    pub node: Option<crate::sync::SyncNode>,
    /// The Redis store, whose connection the external cache shares.
    #[cfg(feature = "redis")]
    pub redis: Option<crate::redis::RedisStore>,
    _quotas: Option<QuotaKeeper>,
    _sweeper: Sweeper,
}

impl RunningCounters {
    /// Their numbers, for a monitoring system.
    pub fn metrics(&self) -> crate::Metrics {
        crate::Metrics {
            counters: self.counters.clone(),
            #[cfg(feature = "sync")]
            node: self.node.as_ref().map(crate::sync::SyncNode::view),
            #[cfg(feature = "redis")]
            redis: self.redis.clone(),
        }
    }
}

/// Starts the counters that `config` describes. Needs a tokio runtime for node sync and Redis.
///
/// # Errors
/// One clear sentence: bad configuration, a port that is taken, a server that cannot be reached or refuses the password, a folder
/// that cannot be used.
pub async fn start(config: &CountersConfig, clock: &Clock) -> Result<RunningCounters, StartError> {
    config.check()?;
    #[cfg(feature = "sync")]
    let node = match (config.store, &config.sync) {
        (StoreKind::Sync, Some(sync)) => Some(start_sync(sync, clock).await?),
        _ => None,
    };
    #[cfg(feature = "redis")]
    let redis = match (config.store, &config.redis) {
        (StoreKind::Redis, Some(redis)) => Some(start_redis(redis).await?),
        _ => None,
    };
    let counters = match config.store {
        StoreKind::Memory => Some(Counters::memory()),
        #[cfg(feature = "sync")]
        StoreKind::Sync => node.as_ref().map(|node| node.counters().clone()),
        #[cfg(not(feature = "sync"))]
        StoreKind::Sync => return Err(StartError::NotBuilt { store: "sync" }),
        #[cfg(feature = "redis")]
        StoreKind::Redis => redis.clone().map(Counters::redis),
        #[cfg(not(feature = "redis"))]
        StoreKind::Redis => return Err(StartError::NotBuilt { store: "redis" }),
    };
    let counters = counters.unwrap_or_else(Counters::memory);
    // Redis keeps its own; what memory notes beside it is no source of truth.
    let quotas = match &config.quota_folder {
        Some(folder) if config.store != StoreKind::Redis => Some(QuotaKeeper::start(folder, &counters, clock.clone())?),
        _ => None,
    };
    let sweeper = Sweeper::start(counters.clone(), clock.clone()).map_err(StartError::Thread)?;
    Ok(RunningCounters {
        counters,
        #[cfg(feature = "sync")]
        node,
        #[cfg(feature = "redis")]
        redis,
        _quotas: quotas,
        _sweeper: sweeper,
    })
}

#[cfg(feature = "sync")]
async fn start_sync(sync: &crate::config::SyncConfig, clock: &Clock) -> Result<crate::sync::SyncNode, StartError> {
    use crate::sync::{NodeSettings, SyncNode, SyncSettings};
    let settings = NodeSettings {
        peers: sync.peers.clone(),
        secret: sync.secret()?,
        bind: sync.bind,
        port: sync.port,
        heartbeat_port: sync.heartbeat_port,
        advertise: sync.advertise,
        exchange: SyncSettings {
            interval: Duration::from_millis(sync.interval_ms),
            bytes_per_second: sync.budget_bytes_per_second,
        },
        ..NodeSettings::default()
    };
    Ok(SyncNode::start(settings, clock.clone()).await?)
}

#[cfg(feature = "redis")]
async fn start_redis(redis: &crate::config::RedisConfig) -> Result<crate::redis::RedisStore, StartError> {
    use crate::redis::{RedisSettings, RedisStore};
    let settings = RedisSettings {
        url: redis.url.clone(),
        password: redis.secret()?,
        ca_file: redis.ca_file.clone(),
        prefix: redis.prefix.clone(),
        timeout: Duration::from_millis(redis.timeout_ms),
        away: redis.away.into(),
    };
    Ok(RedisStore::connect(settings).await?)
}

/// Time between two rounds of giving back expired counters.
const ROUND: Duration = Duration::from_secs(1);
/// Time between two banks of a round that found many counters.
const BREATH: Duration = Duration::from_millis(2);

/// Gives back expired counters, on a thread of its own, a bank at a time.
#[derive(Debug)]
struct Sweeper {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sweeper {
    fn start(counters: Counters, clock: Clock) -> Result<Self, std::io::Error> {
        let (stop, stopped) = mpsc::channel::<()>();
        let run = move || {
            let mut wait = ROUND;
            while matches!(stopped.recv_timeout(wait), Err(RecvTimeoutError::Timeout)) {
                wait = ROUND;
                loop {
                    let swept = counters.sweep_one_bank(clock.now());
                    if swept.round_done {
                        break;
                    }
                    if swept.seen > 64 {
                        wait = BREATH;
                        break;
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("apimite-sweep".to_owned()).spawn(run)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_default_configuration_starts_counters_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let config = CountersConfig { quota_folder: Some(folder.path().to_owned()), ..CountersConfig::default() };
        let running = start(&config, &Clock::system()).await.unwrap();
        assert!(running.counters.store().is_empty());
        let taken = start(&config, &Clock::system()).await.unwrap_err();
        assert!(taken.to_string().starts_with("another process keeps its quotas in"), "{taken}");
    }
}
