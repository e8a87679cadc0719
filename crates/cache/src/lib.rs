//! Values and responses kept between requests: the internal cache, and the seam for an external one.
//!
//! The internal cache is bounded by weight (moka) and expires by the gateway's [`Clock`], so virtual time reaches it. What it
//! holds is opaque here: policies keep whatever they like behind [`Any`].
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use apimite_cache::Cache;
//! use apimite_clock::{Clock, Timestamp};
//! let clock = Clock::manual(Timestamp::from_unix_seconds(0));
//! let cache = Cache::new(clock.clone(), 1 << 20);
//! cache.put("k", Arc::new(7_i32), 4, Duration::from_secs(10));
//! assert_eq!(*cache.get::<i32>("k").unwrap(), 7);
//! clock.advance(Duration::from_secs(10));
//! assert!(cache.get::<i32>("k").is_none());
//! ```

#[cfg(feature = "redis")]
mod redis;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::{Clock, Timestamp};
use bytes::Bytes;
use futures_util::future::BoxFuture;

#[cfg(feature = "redis")]
pub use self::redis::RedisCache;

/// An external cache: bytes by key, over a network.
pub trait External: Send + Sync {
    /// The bytes under a key.
    ///
    /// # Errors
    /// [`ExternalError`] when the cache cannot be asked.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, ExternalError>>;

    /// Keeps bytes for a while.
    ///
    /// # Errors
    /// [`ExternalError`]
    fn put<'a>(&'a self, key: &'a str, value: Bytes, keep: Duration) -> BoxFuture<'a, Result<(), ExternalError>>;

    /// Forgets a key.
    ///
    /// # Errors
    /// [`ExternalError`]
    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ExternalError>>;
}

/// The external cache could not be asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the external cache does not answer: {0}")]
pub struct ExternalError(pub String);

#[derive(Clone)]
struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    weight: u32,
    until: Timestamp,
}

/// The caches of a gateway; cheap to clone, clones share contents.
#[derive(Clone)]
pub struct Cache {
    clock: Clock,
    internal: moka::sync::Cache<Arc<str>, Entry>,
    external: Option<Arc<dyn External>>,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cache({} entries)", self.internal.entry_count())
    }
}

impl Cache {
    /// An internal cache that holds at most `capacity_bytes`, as weighed by its users.
    pub fn new(clock: Clock, capacity_bytes: u64) -> Self {
        let internal = moka::sync::Cache::builder()
            .max_capacity(capacity_bytes)
            .weigher(|key: &Arc<str>, entry: &Entry| {
                entry.weight.saturating_add(u32::try_from(key.len()).unwrap_or(u32::MAX)).saturating_add(64)
            })
            .build();
        Self { clock, internal, external: None }
    }

    /// With an external cache besides.
    #[must_use]
    pub fn with_external(mut self, external: Arc<dyn External>) -> Self {
        self.external = Some(external);
        self
    }

    /// The external cache, if one is configured.
    pub fn external(&self) -> Option<&Arc<dyn External>> {
        self.external.as_ref()
    }

    /// The value under a key, if it is of this type and not expired.
    pub fn get<T: Send + Sync + 'static>(&self, key: &str) -> Option<Arc<T>> {
        let entry = self.internal.get(key)?;
        if entry.until <= self.clock.now() {
            self.internal.invalidate(key);
            return None;
        }
        entry.value.downcast().ok()
    }

    /// Keeps a value of this weight in bytes for a while.
    pub fn put<T: Send + Sync + 'static>(&self, key: &str, value: Arc<T>, weight_bytes: usize, keep: Duration) {
        let weight = u32::try_from(weight_bytes).unwrap_or(u32::MAX);
        let until = self.clock.now() + keep;
        self.internal.insert(key.into(), Entry { value, weight, until });
    }

    /// Forgets a key.
    pub fn remove(&self, key: &str) {
        self.internal.invalidate(key);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.internal.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_value_is_gone_and_another_type_is_not_found() {
        let cache = Cache::new(Clock::manual(Timestamp::from_unix_seconds(0)), 1 << 20);
        cache.put("a", Arc::new(String::from("x")), 1, Duration::from_secs(1));
        assert!(cache.get::<i32>("a").is_none());
        assert_eq!(*cache.get::<String>("a").unwrap(), "x");
        cache.remove("a");
        assert!(cache.get::<String>("a").is_none());
    }
}
