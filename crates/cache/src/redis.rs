//! The external cache in a Redis server.
//!
//! Entries follow the gateway's clock, as those of the internal cache do: each carries the instant at which it ends. Redis forgets
//! it when as much real time has gone by, and a minute for clocks that lag.
//!
//! A server that does not answer is a cache that holds nothing: that is logged once, and for a second nobody waits for it again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use apimite_clock::{Clock, Timestamp};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use redis::aio::ConnectionManager;

use crate::{External, ExternalError};

/// How long a server that did not answer is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(1);
/// How much longer than asked Redis keeps an entry, in milliseconds.
const SPARE_MILLIS: u64 = 60_000;
/// Bytes before the value: the end of its time, milliseconds since 1970, big-endian.
const HEAD: usize = 8;
/// No failure since the last answer.
const WELL: i64 = i64::MIN;

/// A cache in a Redis server; cheap to clone.
#[derive(Clone)]
pub struct RedisCache(Arc<Inner>);

struct Inner {
    connection: ConnectionManager,
    /// The gateway's clock, perhaps virtual.
    clock: Clock,
    /// Real time.
    wall: Clock,
    prefix: String,
    timeout: Duration,
    /// The instant of the latest failure, in nanoseconds since 1970.
    failed_at: AtomicI64,
}

impl std::fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisCache").field("prefix", &self.0.prefix).finish_non_exhaustive()
    }
}

impl RedisCache {
    /// A cache over `connection`, whose keys start with `prefix`; no operation takes longer than `timeout`.
    pub fn new(connection: ConnectionManager, clock: Clock, prefix: &str, timeout: Duration) -> Self {
        let (prefix, wall, failed_at) = (format!("{prefix}-cache:"), Clock::system(), AtomicI64::new(WELL));
        Self(Arc::new(Inner { connection, clock, wall, prefix, timeout, failed_at }))
    }

    async fn run<T: redis::FromRedisValue>(&self, command: redis::Cmd) -> Result<T, ExternalError> {
        let inner = &self.0;
        let failed_at = inner.failed_at.load(Ordering::Relaxed);
        let now = inner.wall.now();
        if failed_at != WELL && now.since(Timestamp(failed_at)) < LEFT_ALONE {
            return Err(ExternalError("it did not answer a moment ago".to_owned()));
        }
        let mut connection = inner.connection.clone();
        let error = match tokio::time::timeout(inner.timeout, command.query_async::<T>(&mut connection)).await {
            Ok(Ok(answer)) => {
                if inner.failed_at.swap(WELL, Ordering::Relaxed) != WELL {
                    tracing::info!("the external cache is back");
                }
                return Ok(answer);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {:?}", inner.timeout),
        };
        if inner.failed_at.swap(inner.wall.now().0, Ordering::Relaxed) == WELL {
            tracing::warn!(%error, "the external cache is away, lookups find nothing until it is back");
        }
        Err(ExternalError(error))
    }

    fn command(&self, name: &str, key: &str) -> redis::Cmd {
        let mut command = redis::cmd(name);
        command.arg(format!("{}{key}", self.0.prefix));
        command
    }
}

fn millis(now: Timestamp) -> i64 {
    now.0.div_euclid(1_000_000)
}

/// The value, if it is one of ours and its time is not over.
fn unwrap(stored: Vec<u8>, now: Timestamp) -> Option<Bytes> {
    let until = i64::from_be_bytes(*stored.first_chunk::<HEAD>()?);
    (until > millis(now)).then(|| Bytes::from(stored).slice(HEAD..))
}

impl External for RedisCache {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, ExternalError>> {
        async move {
            let stored = self.run::<Option<Vec<u8>>>(self.command("GET", key)).await?;
            Ok(stored.and_then(|stored| unwrap(stored, self.0.clock.now())))
        }
        .boxed()
    }

    fn put<'a>(&'a self, key: &'a str, value: Bytes, keep: Duration) -> BoxFuture<'a, Result<(), ExternalError>> {
        async move {
            let until = millis(self.0.clock.now() + keep);
            let mut stored = Vec::with_capacity(HEAD + value.len());
            stored.extend_from_slice(&until.to_be_bytes());
            stored.extend_from_slice(&value);
            // At most some ten years: Redis refuses what overflows its clock.
            let life = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX).min(1 << 38) + SPARE_MILLIS;
            let mut command = self.command("SET", key);
            command.arg(stored).arg("PX").arg(life);
            self.run::<()>(command).await
        }
        .boxed()
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ExternalError>> {
        async move { self.run::<()>(self.command("DEL", key)).await }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_value_ends_with_its_time_and_foreign_bytes_are_nothing() {
        let mut stored = 1_000_i64.to_be_bytes().to_vec();
        stored.extend_from_slice(b"v");
        assert_eq!(unwrap(stored.clone(), Timestamp::from_unix_millis(999)).as_deref(), Some(&b"v"[..]));
        assert_eq!(unwrap(stored, Timestamp::from_unix_millis(1_000)), None);
        assert_eq!(unwrap(b"short".to_vec(), Timestamp(0)), None);
    }
}
