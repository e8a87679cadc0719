use std::time::Duration;

use crate::Secret;

/// A backend entity.
#[derive(Clone, Debug)]
pub struct Backend {
    /// Resource name.
    pub id: Box<str>,
    /// Title.
    pub title: Box<str>,
    /// A single server or a pool of other backends.
    pub kind: BackendKind,
    /// `azureRegion`, shown as `context.Backend.AzureRegion`.
    pub azure_region: Option<Box<str>>,
    /// Added to every call sent through it.
    pub credentials: BackendCredentials,
    /// Outgoing proxy.
    pub proxy: Option<BackendProxy>,
    /// Certificate checks.
    pub tls: BackendTls,
    /// Circuit breaker rule; only one is honoured.
    pub circuit_breaker: Option<CircuitBreaker>,
}

impl Backend {
    /// A single backend without credentials, proxy or breaker.
    pub fn single(id: &str, url: &str) -> Self {
        Self {
            id: id.into(),
            title: "".into(),
            kind: BackendKind::Single { url: url.into() },
            azure_region: None,
            credentials: BackendCredentials::default(),
            proxy: None,
            tls: BackendTls::default(),
            circuit_breaker: None,
        }
    }
}

/// What a backend entity points at.
#[derive(Clone, Debug)]
pub enum BackendKind {
    /// One base URL.
    Single {
        /// Base URL.
        url: Box<str>,
    },
    /// Several backends.
    Pool {
        /// Members in order.
        members: Vec<PoolMember>,
        /// Cookie affinity.
        affinity: Option<SessionAffinity>,
    },
}

/// A member of a pool.
#[derive(Clone, Debug)]
pub struct PoolMember {
    /// Id of the backend.
    pub id: Box<str>,
    /// Share inside its priority group.
    pub weight: u32,
    /// Group; lower numbers are used first.
    pub priority: u32,
}

/// Session affinity of a pool by a cookie.
#[derive(Clone, Debug)]
pub struct SessionAffinity {
    /// Cookie name.
    pub cookie: Box<str>,
}

/// Credentials of a backend.
#[derive(Clone, Debug, Default)]
pub struct BackendCredentials {
    /// Headers to add: name and values (values may contain named values).
    pub headers: Vec<(Box<str>, Vec<Secret>)>,
    /// Query parameters to add.
    pub query: Vec<(Box<str>, Vec<Secret>)>,
    /// `Authorization` scheme and parameter.
    pub authorization: Option<(Box<str>, Secret)>,
    /// Client certificates by thumbprint or certificate id.
    pub certificates: Vec<Box<str>>,
    /// Managed identity: resource and optional client id.
    pub managed_identity: Option<(Box<str>, Option<Box<str>>)>,
}

/// Outgoing proxy of a backend.
#[derive(Clone, Debug)]
pub struct BackendProxy {
    /// `http://host:port`
    pub url: Box<str>,
    /// User name.
    pub username: Option<Box<str>>,
    /// Password.
    pub password: Option<Secret>,
}

/// Certificate checks on the TLS connection to a backend.
#[derive(Clone, Debug)]
pub struct BackendTls {
    /// Is the chain checked?
    pub validate_chain: bool,
    /// Is the host name checked?
    pub validate_name: bool,
}

impl Default for BackendTls {
    fn default() -> Self {
        Self { validate_chain: true, validate_name: true }
    }
}

/// A circuit breaker rule.
#[derive(Clone, Debug)]
pub struct CircuitBreaker {
    /// Rule name.
    pub name: Box<str>,
    /// Failures that trip it.
    pub count: Option<u32>,
    /// Share of failures that trips it, in percent.
    pub percentage: Option<u32>,
    /// Window the failures are counted in.
    pub interval: Duration,
    /// Status codes that count as failures, inclusive ranges.
    pub status_ranges: Vec<(u16, u16)>,
    /// `LastError.Reason` values that count as failures.
    pub error_reasons: Vec<Box<str>>,
    /// How long it stays open.
    pub trip_duration: Duration,
    /// Is the backend's `Retry-After` used instead of the trip duration?
    pub accept_retry_after: bool,
}
