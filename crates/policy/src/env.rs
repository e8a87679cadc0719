//! What a running policy may use besides the exchange: time, counters, caches, outgoing HTTP.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use apimite_cache::Cache;
use apimite_clock::Clock;
use apimite_counters::Counters;
use futures_util::future::LocalBoxFuture;
use http::{HeaderMap, Method};
use parking_lot::RwLock;

use crate::body::Body;
use crate::exchange::Response;
use crate::url::Url;

/// A call to a backend or any other server.
#[derive(Debug)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// URL.
    pub url: Url,
    /// Headers as they go out, `Host` included or not.
    pub headers: HeaderMap,
    /// Body; streams are sent as they come.
    pub body: Body,
    /// How.
    pub options: CallOptions,
}

/// How a call is made.
#[derive(Clone, Debug)]
pub struct CallOptions {
    /// Until the response headers are there.
    pub timeout: Duration,
    /// Until `100 Continue`, when the client asked for it.
    pub continue_timeout: Option<Duration>,
    /// HTTP version.
    pub version: HttpVersion,
    /// Certificate checks and client certificate.
    pub tls: Arc<CallTls>,
    /// Outgoing proxy: URL, user name, password.
    pub proxy: Option<Arc<CallProxy>>,
    /// May the connection be upgraded (WebSocket)?
    pub upgrade: bool,
}

/// The TLS switches of a call to a bare URL, shared because most calls have them.
static PLAIN: LazyLock<Arc<CallTls>> = LazyLock::new(Arc::default);

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(300),
            continue_timeout: None,
            version: HttpVersion::Http1,
            tls: Arc::clone(&PLAIN),
            proxy: None,
            upgrade: false,
        }
    }
}

/// HTTP version towards a backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HttpVersion {
    /// HTTP/1.1
    #[default]
    Http1,
    /// HTTP/2 when the server offers it, else HTTP/1.1.
    Http2Or1,
    /// HTTP/2 only.
    Http2,
}

/// TLS towards a backend.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallTls {
    /// Is the certificate chain checked?
    pub validate_chain: bool,
    /// Is the host name checked?
    pub validate_name: bool,
    /// Client certificate chain (leaf first) and PKCS#8 key, DER.
    pub client: Option<ClientCertificate>,
}

/// A client certificate with its key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientCertificate {
    /// Leaf first, DER.
    pub chain: Vec<Arc<[u8]>>,
    /// PKCS#8 DER.
    pub key: Arc<[u8]>,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate(***)")
    }
}

impl Default for CallTls {
    /// Chain checked, host name not.
    ///
    /// Source: websocket-api page: HTTP APIs check trust only.
    fn default() -> Self {
        Self { validate_chain: true, validate_name: false, client: None }
    }
}

/// An outgoing proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallProxy {
    /// `http://host:port`
    pub url: String,
    /// User name and password.
    pub credentials: Option<(String, apimite_model::Secret)>,
}

/// Why a call got no response headers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Not reached, refused, broken off, TLS failed.
    #[error("{0}")]
    Connection(String),
    /// Headers did not come in time.
    #[error("Request to the backend service timed out")]
    Timeout,
    /// The client of the gateway went away meanwhile.
    #[error("The operation was canceled.")]
    ClientGone,
}

/// Makes calls; one for each worker thread, with its own connection pool.
pub trait Client {
    /// Sends a call and waits for the response headers; the response body streams. Dropping the future cancels the call.
    ///
    /// # Errors
    /// [`CallError`]
    fn send<'a>(&'a self, call: Call) -> LocalBoxFuture<'a, Result<Response, CallError>>;
}

/// What a running policy may use; made once for each worker thread.
#[derive(Clone)]
pub struct Env {
    /// Time.
    pub clock: Clock,
    /// Limits.
    pub counters: Counters,
    /// Caches.
    pub cache: Cache,
    /// Outgoing HTTP.
    pub client: Rc<dyn Client>,
    /// Most bytes of a body that are held in memory.
    pub buffer_limit: u64,
    /// Runs work that nobody waits for; it ends with the worker.
    pub spawn: fn(LocalBoxFuture<'static, ()>),
    /// Services that policies share across exchanges and threads, by type (token issuers, key caches, sinks, breakers).
    pub shared: Shared,
}

/// Services shared by all workers, by type. Clones share what is put in.
#[derive(Clone, Default)]
pub struct Shared(Arc<RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl Shared {
    /// With one more service; used while wiring. What clones hold stays as it is.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(self, service: Arc<T>) -> Self {
        let mut map = self.0.read().clone();
        map.insert(TypeId::of::<T>(), service);
        Self(Arc::new(RwLock::new(map)))
    }

    /// The service of this type, if it was wired.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let found = self.0.read().get(&TypeId::of::<T>()).cloned();
        found.and_then(|any| any.downcast().ok())
    }

    /// The service of this type; made and kept for every worker when none was wired.
    pub fn get_or_make<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(found) = self.get() {
            return found;
        }
        let mut map = self.0.write();
        if let Some(Ok(found)) = map.get(&TypeId::of::<T>()).cloned().map(Arc::downcast) {
            return found;
        }
        let made = Arc::new(make());
        map.insert(TypeId::of::<T>(), Arc::clone(&made) as Arc<dyn Any + Send + Sync>);
        made
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Env")
    }
}
