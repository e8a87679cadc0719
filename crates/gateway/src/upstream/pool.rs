//! Connections kept for the next request, by where they lead.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_policy::env::{CallProxy, CallTls, HttpVersion};
use hashbrown::{Equivalent, HashMap};
use http::uri::Authority;
use parking_lot::Mutex;

use super::connect::Destination;
use super::http1::Connection;
use super::http2::Shared;
use crate::ticker::CoarseTime;

/// Most idle connections to one origin, for each worker.
const MOST_IDLE: usize = 1024;
/// How long a connection may stay idle.
///
/// Source: load balancers in Azure drop idle connections after 240 s; well below that.
const IDLE_LIMIT: Duration = Duration::from_secs(90);
/// After so long an idle connection gives its buffers back.
const REST_AFTER: Duration = Duration::from_secs(5);

#[derive(Debug, PartialEq, Eq)]
struct Key {
    authority: Authority,
    tls: Option<CallTls>,
    version: HttpVersion,
    proxy: Option<CallProxy>,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_of(&self.authority, self.tls.is_some(), state);
    }
}

struct KeyRef<'a>(Destination<'a>);

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_of(self.0.authority, self.0.tls.is_some(), state);
    }
}

fn hash_of<H: Hasher>(authority: &Authority, tls: bool, state: &mut H) {
    authority.as_str().hash(state);
    tls.hash(state);
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        let to = &self.0;
        to.authority.as_str() == key.authority.as_str()
            && to.version == key.version
            && to.tls == key.tls.as_ref()
            && to.proxy == key.proxy.as_ref()
    }
}

/// The idle connections to one origin.
pub(crate) struct Origin {
    #[expect(clippy::vec_box, reason = "connections move between pool and answers as pointers")]
    idle: Mutex<Vec<Box<Connection>>>,
    /// Was there ever an HTTP/2 connection? Looked at before the lock is taken.
    speaks_http2: AtomicBool,
    http2: Mutex<Option<Shared>>,
    time: CoarseTime,
}

impl Origin {
    /// An idle connection that is still open, the most recently used first.
    pub(crate) fn take(&self, cx: &mut Context<'_>) -> Option<Box<Connection>> {
        let mut idle = self.idle.lock();
        while let Some(mut connection) = idle.pop() {
            if connection.is_usable(cx) {
                return Some(connection);
            }
        }
        None
    }

    /// The shared HTTP/2 connection, while it is open.
    pub(crate) fn http2(&self) -> Option<Shared> {
        if !self.speaks_http2.load(Ordering::Relaxed) {
            return None;
        }
        self.http2.lock().clone().filter(|shared| !shared.is_closed())
    }

    /// Shares an HTTP/2 connection.
    pub(crate) fn share(&self, shared: Shared) {
        self.speaks_http2.store(true, Ordering::Relaxed);
        *self.http2.lock() = Some(shared);
    }

    /// Forgets every idle connection: one of them was found dead.
    pub(crate) fn clear(&self) {
        self.idle.lock().clear();
    }

    fn sweep(&self, now: Timestamp) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let mut idle = self.idle.lock();
        idle.retain_mut(|connection| {
            let idle_for = now.since(connection.idle_since);
            if idle_for > REST_AFTER {
                connection.rest();
            }
            idle_for < IDLE_LIMIT && connection.is_usable(&mut cx)
        });
        let mut http2 = self.http2.lock();
        if http2.as_ref().is_some_and(Shared::is_closed) {
            *http2 = None;
        }
        idle.is_empty() && http2.is_none()
    }
}

impl Origin {
    /// Takes a connection back that can serve another request.
    pub(crate) fn recycle(&self, mut connection: Box<Connection>) {
        connection.idle_since = self.time.now();
        let mut idle = self.idle.lock();
        if idle.len() < MOST_IDLE {
            idle.push(connection);
        }
    }
}

/// The origins one worker talks to.
pub(crate) struct Pool {
    origins: std::cell::RefCell<HashMap<Key, Arc<Origin>, ahash::RandomState>>,
    time: CoarseTime,
}

impl Pool {
    pub(crate) fn new(time: CoarseTime) -> Self {
        Self { origins: std::cell::RefCell::default(), time }
    }

    /// The connections to a destination.
    pub(crate) fn origin(&self, to: Destination<'_>) -> Arc<Origin> {
        let mut origins = self.origins.borrow_mut();
        if let Some(origin) = origins.get(&KeyRef(to)) {
            return origin.clone();
        }
        let origin = Arc::new(Origin {
            idle: Mutex::default(),
            speaks_http2: AtomicBool::new(false),
            http2: Mutex::default(),
            time: self.time.clone(),
        });
        let key = Key {
            authority: to.authority.clone(),
            tls: to.tls.cloned(),
            version: to.version,
            proxy: to.proxy.cloned(),
        };
        origins.insert(key, origin.clone());
        origin
    }

    /// Drops connections that closed or idled too long, and origins without any.
    pub(crate) fn sweep(&self) {
        let now = self.time.now();
        self.origins.borrow_mut().retain(|_, origin| !origin.sweep(now));
    }
}
