//! What a gateway is started with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use apimite_cache::Cache;
use apimite_clock::Clock;
use apimite_counters::Counters;
use apimite_policy::env::Shared;
use apimite_policy::exchange::PrivateEndpoint;

use crate::access::Observer;
use crate::stand_ins::StandIns;
use crate::tls::{Certificates, ClientCertificates};

/// Where a request came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The internet.
    Public,
    /// A virtual network the service is injected into, one peered with it, or a place reached over a gateway: its name.
    VirtualNetwork(Arc<str>),
    /// A private endpoint connection.
    PrivateEndpoint(Arc<PrivateEndpoint>),
    /// A load balancer's own health probe, which may ask for health and for nothing else.
    Probe,
}

impl Source {
    /// A word for logs.
    pub fn label(&self) -> &str {
        match self {
            Self::Public => "public",
            Self::VirtualNetwork(network) => network,
            Self::PrivateEndpoint(endpoint) => &endpoint.name,
            Self::Probe => "probe",
        }
    }
}

/// What a connection shows before its first byte is read.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Name of the listener.
    pub listener: &'a str,
    /// The gateway's end.
    pub local: SocketAddr,
    /// The other end of the connection itself, not whom a preamble names.
    pub peer: SocketAddr,
}

/// What the preamble of a connection (PROXY v2) said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preamble {
    /// The client's address behind the sender; `None` for a health probe, which has no client.
    pub client: Option<SocketAddr>,
    /// Link identifier of a private endpoint connection.
    pub link_id: Option<u32>,
}

/// What becomes of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its requests come from here.
    Admit(Source),
    /// It is closed without an answer.
    Close,
}

/// Tells connections apart by where they came from; exchanged with the rest of the network's configuration.
pub trait Classifier: Send + Sync {
    /// Decides about a connection.
    fn classify(&self, arrival: Arrival<'_>, preamble: Option<&Preamble>) -> Verdict;

    /// Reads a preamble at the start of what was received: how long it is and what it says, `None` when more is needed.
    ///
    /// # Errors
    /// A sentence when it is no preamble: the connection is closed.
    fn preamble(&self, received: &[u8]) -> Result<Option<(usize, Preamble)>, String>;

    /// May the other end of this connection send a preamble? Asked before its first byte is read.
    fn may_send(&self, _arrival: Arrival<'_>) -> bool {
        true
    }

    /// No preamble came: the other end went away, or took too long.
    fn no_preamble(&self, _why: NoPreamble) {}

    /// Changes whenever a decision of before may be another one now: connections are then decided about again with their
    /// next request.
    fn version(&self) -> u64 {
        0
    }
}

/// Why there is no preamble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPreamble {
    /// The connection ended before it.
    Ended,
    /// It took too long.
    TooSlow,
}

/// A listener: its requests come from one kind of source.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Name, for messages and the list of addresses.
    pub name: Box<str>,
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// TLS or plain.
    pub security: Security,
    /// Where its requests come from when no classifier says otherwise.
    pub source: Source,
    /// Does every connection begin with a PROXY v2 header?
    pub preamble: Expect,
    /// What is served.
    pub role: Role,
}

/// What a listener serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// The service's APIs.
    #[default]
    Gateway,
    /// A load balancer's probe: 200 while the gateway takes requests, 503 while it drains.
    ///
    /// Source: virtual network reference: port 6390.
    Probe,
}

/// TLS or plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Plain TCP.
    Plain,
    /// TLS.
    Tls,
}

/// Is a preamble expected?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No.
    Nothing,
    /// A PROXY v2 header.
    Preamble,
}

/// What clients may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a request head.
    pub head_bytes: usize,
    /// Headers of a request; up to 100 are parsed without an allocation.
    pub headers: usize,
    /// Bytes of a URL, query included.
    ///
    /// Source: service limits: request URL size 16,384 bytes.
    pub url_bytes: usize,
    /// From the first byte of a head to its last; also for a TLS handshake.
    pub head_time: Duration,
    /// From the start of a connection to the end of its PROXY v2 header.
    pub preamble_time: Duration,
    /// How long a connection may stay without a request, or stand still within one.
    ///
    /// Source: idle connections are cut after 4 minutes.
    pub idle_time: Duration,
    /// Bytes of a body held in memory when a policy reads it.
    ///
    /// Source: service limits: buffered payload 500 MiB; less here, it is the memory of a laptop.
    pub buffered_bytes: u64,
    /// Concurrent streams of an HTTP/2 connection.
    pub streams: u32,
    /// Connections of one worker.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 64 * 1024,
            headers: 100,
            url_bytes: 16 * 1024,
            head_time: Duration::from_secs(30),
            preamble_time: Duration::from_secs(5),
            idle_time: Duration::from_secs(240),
            buffered_bytes: 64 * 1024 * 1024,
            streams: 128,
            connections: 20_000,
        }
    }
}

/// Everything a gateway is started with.
#[derive(Clone)]
pub struct Options {
    /// The listeners.
    pub listeners: Vec<Listener>,
    /// Worker threads; 0 takes one for each core.
    pub workers: usize,
    /// What clients may do.
    pub limits: Limits,
    /// The gateway's certificates; needed by TLS listeners.
    pub certificates: Option<Arc<Certificates>>,
    /// Are clients asked for certificates?
    pub client_certificates: ClientCertificates,
    /// Certificates trusted towards backends besides the system's, DER.
    pub trusted: Vec<Arc<[u8]>>,
    /// Tells connections apart; `None` leaves it to the listeners.
    pub classifier: Option<Arc<dyn Classifier>>,
    /// Is told of every request when it is over.
    pub observer: Option<Arc<dyn Observer>>,
    /// Time.
    pub clock: Clock,
    /// Limits of policies.
    pub counters: Counters,
    /// Caches of policies.
    pub cache: Cache,
    /// Services shared by policies.
    pub shared: Shared,
    /// Scripts that answer calls in place of servers.
    pub stand_ins: Arc<StandIns>,
}

impl Options {
    /// One plain listener on a free port of this machine, one worker, nothing observed.
    pub fn new(clock: Clock, counters: Counters, cache: Cache) -> Self {
        Self {
            listeners: vec![Listener::plain("http", SocketAddr::from(([127, 0, 0, 1], 0)))],
            workers: 1,
            limits: Limits::default(),
            certificates: None,
            client_certificates: ClientCertificates::NotAsked,
            trusted: Vec::new(),
            classifier: None,
            observer: None,
            clock,
            counters,
            cache,
            shared: Shared::default(),
            stand_ins: Arc::default(),
        }
    }
}

impl Listener {
    /// A plain public listener.
    pub fn plain(name: &str, address: SocketAddr) -> Self {
        Self {
            name: name.into(),
            address,
            security: Security::Plain,
            source: Source::Public,
            preamble: Expect::Nothing,
            role: Role::Gateway,
        }
    }

    /// A public listener with TLS.
    pub fn tls(name: &str, address: SocketAddr) -> Self {
        Self { security: Security::Tls, ..Self::plain(name, address) }
    }

    /// A plain listener for a load balancer's probe.
    pub fn probe(name: &str, address: SocketAddr) -> Self {
        Self { role: Role::Probe, source: Source::Probe, ..Self::plain(name, address) }
    }

    /// The same listener, on which every connection begins with a PROXY v2 header.
    #[must_use]
    pub fn with_preamble(self) -> Self {
        Self { preamble: Expect::Preamble, ..self }
    }

    /// The same listener for requests from elsewhere.
    #[must_use]
    pub fn from(self, source: Source) -> Self {
        Self { source, ..self }
    }
}
