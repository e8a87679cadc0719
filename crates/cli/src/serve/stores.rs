//! Where counters and the external cache live, as `[counters]` and `[cache]` say.

use std::sync::Arc;

use apimite_cache::{External, RedisCache};
use apimite_clock::Clock;
use apimite_counters::RunningCounters;
use apimite_counters::config::{AwayConfig, CountersConfig, RedisConfig, StoreKind, SyncConfig};
use apimite_counters::redis::{RedisSettings, connect};
use apimite_diag::Diagnostics;
use apimite_import::Settings;
use apimite_import::settings::{Bind, CounterStore, WhenAway};

use super::refusal;

/// Starts the store of the counters.
pub(super) async fn start(settings: &Settings, clock: &Clock) -> Result<RunningCounters, Diagnostics> {
    apimite_counters::start(&config(settings), clock).await.map_err(|error| {
        refusal(
            "counters::start",
            error.to_string(),
            "correct the section `[counters]` of apimite.toml, or start the server it names",
        )
    })
}

/// The external cache that `[cache]` names, over the connection of the counters where they use the same server.
pub(super) async fn external_cache(
    settings: &Settings,
    stores: &RunningCounters,
    clock: &Clock,
) -> Result<Option<Arc<dyn External>>, Diagnostics> {
    let Some(url) = &settings.cache.redis else { return Ok(None) };
    let same = settings.counters.redis.as_ref().is_some_and(|counters| counters.reveal() == url.reveal());
    let wanted = RedisSettings {
        url: url.reveal().to_owned(),
        ca_file: settings.cache.redis_ca.as_deref().map(Into::into),
        ..RedisSettings::default()
    };
    let connection = match &stores.redis {
        Some(store) if same => store.connection(),
        _ => connect(&wanted).await.map_err(|error| {
            refusal(
                "cache::start",
                error.to_string(),
                "correct `redis` in the section `[cache]` of apimite.toml, or start the server it names",
            )
        })?,
    };
    Ok(Some(Arc::new(RedisCache::new(connection, clock.clone(), &wanted.prefix, wanted.timeout))))
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn config(settings: &Settings) -> CountersConfig {
    let given = &settings.counters;
    let store = match given.store {
        CounterStore::Memory => StoreKind::Memory,
        CounterStore::Sync => StoreKind::Sync,
        CounterStore::Redis => StoreKind::Redis,
    };
    let sync = (store == StoreKind::Sync).then(|| {
        let listen = match given.sync_listen {
            Some(Bind::At(address)) => Some(address),
            _ => None,
        };
        let port = listen.map_or(4290, |address| address.port());
        SyncConfig {
            peers: given.sync_peers.iter().map(|peer| peer.to_string()).collect(),
            key: given.sync_key.as_ref().map(|key| key.reveal().to_owned()),
            key_file: None,
            bind: listen.map_or(std::net::IpAddr::from([0, 0, 0, 0]), |address| address.ip()),
            advertise: None,
            port,
            heartbeat_port: given.sync_heartbeat_port.unwrap_or(port.saturating_add(1)),
            interval_ms: given.sync_interval.map_or(100, millis),
            budget_bytes_per_second: given.sync_budget_bytes.unwrap_or(4 << 20),
        }
    });
    let redis = (store == StoreKind::Redis).then(|| RedisConfig {
        url: given.redis.as_ref().map_or_else(|| "redis://127.0.0.1:6379".to_owned(), |url| url.reveal().to_owned()),
        password: None,
        password_file: None,
        ca_file: given.redis_ca.as_deref().map(Into::into),
        prefix: "apimite".to_owned(),
        timeout_ms: given.redis_timeout.map_or(250, millis),
        away: if given.when_away == WhenAway::Refuse { AwayConfig::Refuse } else { AwayConfig::Local },
    });
    let quota_folder = given.state_folder.as_deref().map(std::path::PathBuf::from);
    CountersConfig { store, quota_folder, sync, redis, ..CountersConfig::default() }
}
