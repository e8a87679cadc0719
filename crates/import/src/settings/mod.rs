//! `apimite.toml`: what exists only locally.
//!
//! Listeners, the service's identity, secret values, subscription keys, backend overrides, the network, counters, cache,
//! decisions and limits. Reading never stops at the first mistake: [`read`](read::read) returns the settings of all that
//! could be read, and a refusal with line and column for everything else.

mod apply;
mod connections;
mod decisions;
mod network;
mod outside;
mod read;
mod sections;

use std::net::SocketAddr;
use std::time::Duration;

use apimite_diag::{Source, Span};
use apimite_model::{Decisions, PublicAccess, Secret, SubscriptionScope, SubscriptionState, Tier};
use apimite_network::control_plane::Environment;
use indexmap::IndexMap;

pub(crate) use apply::apply;
pub(crate) use read::{Surroundings, read};
pub(crate) use sections::{STATES, tier};

/// The name of the settings file.
pub const FILE_NAME: &str = "apimite.toml";

/// All settings. Absent settings are `None`, and the one who uses them chooses the default.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The file, if there is one.
    pub source: Option<Source>,
    /// `folder`: where the configuration set is, relative to the file.
    pub folder: Option<Box<str>>,
    /// `[service]`
    pub service: ServiceSettings,
    /// `[listen]`
    pub listen: Listen,
    /// `[tls]`
    pub tls: Tls,
    /// `[private_endpoints.NAME]`
    pub private_endpoints: Vec<PrivateEndpoint>,
    /// `[network]`
    pub network: Network,
    /// `[dns]`
    pub dns: Dns,
    /// `[named_values]`, by display name or id.
    pub named_values: IndexMap<Box<str>, Given>,
    /// `[subscriptions.ID]`
    pub subscriptions: IndexMap<Box<str>, SubscriptionSettings>,
    /// `[users.ID]`
    pub users: IndexMap<Box<str>, UserSettings>,
    /// `[backends.ID]`
    pub backends: IndexMap<Box<str>, BackendSettings>,
    /// `[apis.ID]`
    pub apis: IndexMap<Box<str>, ApiSettings>,
    /// `[products.ID]`
    pub products: IndexMap<Box<str>, ProductSettings>,
    /// `[certificates.ID]`
    pub certificates: IndexMap<Box<str>, CertificateSettings>,
    /// `[connections.PROVIDER.ID]`: connections of the credential manager.
    pub connections: IndexMap<(Box<str>, Box<str>), apimite_model::Connection>,
    /// `[counters]`
    pub counters: Counters,
    /// `[cache]`
    pub cache: Cache,
    /// `[stand_ins]`: host names, and paths of the scripts that answer in their place.
    pub stand_ins: IndexMap<Box<str>, (Box<str>, Span)>,
    /// `[sinks]`
    pub sinks: Sinks,
    /// `[dapr]`: base URL of the sidecar.
    pub dapr: Option<Box<str>>,
    /// `[decisions]`
    pub decisions: Decisions,
    /// `[limits]`
    pub limits: Limits,
    /// `[import]`
    pub import: ImportSettings,
}

/// `[service]`: who the gateway says it is.
#[derive(Clone, Debug, Default)]
pub struct ServiceSettings {
    /// Service name; part of the default host names.
    pub name: Option<Box<str>>,
    /// Tier.
    pub tier: Option<Tier>,
    /// Region, as `context.Deployment.Region` shows it.
    pub region: Option<Box<str>>,
    /// Gateway id, as `context.Deployment.GatewayId` shows it.
    pub gateway_id: Option<Box<str>>,
    /// Azure subscription id used in resource ids.
    pub subscription_id: Option<Box<str>>,
    /// Resource group used in resource ids.
    pub resource_group: Option<Box<str>>,
    /// Host names the gateway answers to besides the default ones.
    pub hosts: Vec<Box<str>>,
}

/// One listener address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bind {
    /// `"off"`: do not listen.
    Off,
    /// Listen here; port 0 takes a free one.
    At(SocketAddr),
}

/// `[listen]`: addresses.
#[derive(Clone, Debug, Default)]
pub struct Listen {
    /// Gateway over HTTP.
    pub http: Option<Bind>,
    /// Gateway over HTTPS.
    pub https: Option<Bind>,
    /// Management over HTTP or HTTPS.
    pub management: Option<Bind>,
    /// The control-plane listener that is port 3443 in the cloud.
    pub control_plane: Option<Bind>,
    /// The load balancer probe that is port 6390 in the cloud.
    pub probe: Option<Bind>,
    /// DNS, UDP and TCP.
    pub dns: Option<Bind>,
    /// The built-in echo backend; a free port unless set.
    pub echo: Option<Bind>,
}

/// What a listener does about client certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// They are not asked for.
    #[default]
    Ignored,
    /// They are asked for, and kept for the context when sent.
    Asked,
}

/// `[tls]`
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Are client certificates asked for?
    pub client_certificates: ClientCertificates,
    /// `[[tls.certificate]]`: server certificates by host name.
    pub certificates: Vec<ServerCertificate>,
    /// Paths of PEM files with the authorities that client certificates are checked against.
    pub authorities: Vec<(Box<str>, Span)>,
    /// Paths of PEM files with their revocation lists.
    pub revocation_lists: Vec<(Box<str>, Span)>,
    /// Folder for the local CA and other state.
    pub state_folder: Option<Box<str>>,
}

/// `[[tls.certificate]]`
#[derive(Clone, Debug)]
pub struct ServerCertificate {
    /// Host names; empty for the default certificate.
    pub hosts: Vec<Box<str>>,
    /// Path of the PEM file with the certificate chain.
    pub certificate: Box<str>,
    /// Path of the PEM file with the private key.
    pub key: Box<str>,
}

/// State of a private endpoint connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionState {
    /// Waits for the owner.
    Pending,
    /// Carries traffic.
    #[default]
    Approved,
    /// The owner said no.
    Rejected,
    /// Its endpoint is gone.
    Disconnected,
}

/// `[private_endpoints.NAME]`: a private endpoint connection with its own listener.
#[derive(Clone, Debug)]
pub struct PrivateEndpoint {
    /// Name, as `context.Request.PrivateEndpointConnection.Name` shows it.
    pub name: Box<str>,
    /// Where callers reach it.
    pub listen: Option<Bind>,
    /// The same over HTTPS.
    pub listen_https: Option<Bind>,
    /// State; only `Approved` carries traffic.
    pub state: ConnectionState,
    /// Group id.
    pub group_id: Box<str>,
    /// Member name.
    pub member_name: Box<str>,
    /// Link id of PROXY v2.
    pub link_id: Option<u32>,
    /// Private address shown by DNS and by management.
    pub address: Option<Box<str>>,
    /// Where it is written.
    pub span: Span,
}

/// How the gateway is placed in a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkMode {
    /// Public, with or without private endpoints.
    #[default]
    None,
    /// Injected, reachable from the internet.
    External,
    /// Injected, reachable from its network only.
    Internal,
}

/// `[network]`
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// May callers from the internet use the gateway?
    pub public_access: PublicAccess,
    /// Placement.
    pub mode: NetworkMode,
    /// Address ranges of the virtual network.
    pub virtual_network: Vec<Box<str>>,
    /// Address ranges of peered networks.
    pub peered: Vec<Box<str>>,
    /// Address ranges reached over VPN or ExpressRoute.
    pub on_premises: Vec<Box<str>>,
    /// Subnet of the gateway, when injected.
    pub subnet: Option<Box<str>>,
    /// Public address of the gateway, as management and DNS show it.
    pub public_ip: Option<Box<str>>,
    /// Private address of the gateway, when injected.
    pub private_ip: Option<Box<str>>,
    /// Listeners that expect a PROXY v2 header, by name (`http`, `https`, a private endpoint).
    pub proxy_protocol: Vec<Box<str>>,
    /// Peers that may send PROXY v2 headers; empty allows loopback only.
    pub proxy_protocol_from: Vec<Box<str>>,
    /// Who may use the control-plane listener.
    pub control_plane_from: ControlPlaneFrom,
    /// The cloud whose published addresses count.
    pub environment: Environment,
    /// `[network.dependencies]`: stand-ins (`HOST:PORT`) of what an injected instance depends on, by key.
    pub dependencies: Vec<(Box<str>, Box<str>)>,
}

/// Who may use the control-plane listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ControlPlaneFrom {
    /// Anybody.
    #[default]
    Any,
    /// The addresses that are published for the environment and the region, and loopback.
    Published,
}

/// `[dns]`: what the DNS listener answers besides the names of the gateway.
#[derive(Clone, Debug, Default)]
pub struct Dns {
    /// Networks that private records are linked to: `virtual_network`, `peered`, `on_premises`; the first when empty.
    pub linked: Vec<Box<str>>,
    /// Servers that are asked for names of others.
    pub forward: Vec<SocketAddr>,
    /// `[dns.rules]`: servers for names below a domain, asked for by linked networks.
    pub rules: Vec<(Box<str>, Vec<SocketAddr>)>,
    /// `[dns.records]`: private records, addresses or one alias, by whole name.
    pub records: Vec<(Box<str>, Vec<Box<str>>)>,
}

/// A value given locally, and where.
#[derive(Clone, Debug)]
pub struct Given {
    /// The value.
    pub value: Secret,
    /// Where it is written.
    pub span: Span,
}

/// `[subscriptions.ID]`: keys of a subscription of the folder, or a whole subscription.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionSettings {
    /// Primary key.
    pub primary_key: Option<Given>,
    /// Secondary key.
    pub secondary_key: Option<Given>,
    /// Display name.
    pub name: Option<Box<str>>,
    /// What its keys open.
    pub scope: Option<SubscriptionScope>,
    /// State.
    pub state: Option<SubscriptionState>,
    /// Id of the owner in `[users]`.
    pub owner: Option<(Box<str>, Span)>,
    /// May its keys ask for traces?
    pub allow_tracing: Option<bool>,
    /// Start date, unix milliseconds.
    pub start_unix_ms: Option<i64>,
    /// Where the section is written.
    pub span: Span,
}

/// `[users.ID]`
#[derive(Clone, Debug, Default)]
pub struct UserSettings {
    /// E-mail address.
    pub email: Box<str>,
    /// First name.
    pub first_name: Box<str>,
    /// Last name.
    pub last_name: Box<str>,
    /// Note.
    pub note: Box<str>,
    /// Ids of groups.
    pub groups: Vec<Box<str>>,
}

/// `[backends.ID]`: overrides a backend of the folder, or adds one.
#[derive(Clone, Debug, Default)]
pub struct BackendSettings {
    /// Base URL.
    pub url: Option<Box<str>>,
    /// Path of a script that answers in its place.
    pub script: Option<(Box<str>, Span)>,
    /// Is the certificate chain checked?
    pub validate_certificate_chain: Option<bool>,
    /// Is the host name checked?
    pub validate_certificate_name: Option<bool>,
    /// Where the section is written.
    pub span: Span,
}

/// `[apis.ID]`: overrides of an API of the folder, all revisions.
#[derive(Clone, Debug, Default)]
pub struct ApiSettings {
    /// Backend base URL.
    pub service_url: Option<Box<str>>,
    /// Must a caller present a key?
    pub subscription_required: Option<bool>,
    /// Where the section is written.
    pub span: Span,
}

/// `[products.ID]`: APIs of a product, for folders that do not say.
#[derive(Clone, Debug, Default)]
pub struct ProductSettings {
    /// Ids of APIs to add to the product.
    pub apis: Vec<(Box<str>, Span)>,
    /// Where the section is written.
    pub span: Span,
}

/// `[certificates.ID]`: a certificate of the service, from PEM files.
#[derive(Clone, Debug)]
pub struct CertificateSettings {
    /// Path of the PEM file with the certificate, and its chain after it.
    pub certificate: Box<str>,
    /// Path of the PEM file with the private key (PKCS#8).
    pub key: Option<Box<str>>,
    /// Where the section is written.
    pub span: Span,
}

/// Where counters live.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CounterStore {
    /// In this process.
    #[default]
    Memory,
    /// In this process, exchanged with other gateways over UDP.
    Sync,
    /// In Redis.
    Redis,
}

/// What limits do while Redis cannot be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenAway {
    /// Count locally.
    #[default]
    CountLocally,
    /// Refuse.
    Refuse,
}

/// `[counters]`
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Where counters live.
    pub store: CounterStore,
    /// Redis URL.
    pub redis: Option<Secret>,
    /// File with the certificates (PEM) of the authorities that may sign the Redis server's; the system's when absent.
    pub redis_ca: Option<Box<str>>,
    /// What limits do while Redis cannot be reached.
    pub when_away: WhenAway,
    /// How long to wait for Redis.
    pub redis_timeout: Option<Duration>,
    /// Quotas survive a restart in this folder.
    pub state_folder: Option<Box<str>>,
    /// Sync: the UDP address of this gateway.
    pub sync_listen: Option<Bind>,
    /// Sync: the UDP port of the heartbeats; the one after the counters' when absent.
    pub sync_heartbeat_port: Option<u16>,
    /// Sync: addresses (`host:port`) of other gateways, or one DNS name that has them all.
    pub sync_peers: Vec<Box<str>>,
    /// Sync: the key that authenticates packets.
    pub sync_key: Option<Secret>,
    /// Sync: time between packets.
    pub sync_interval: Option<Duration>,
    /// Sync: most bytes sent per second.
    pub sync_budget_bytes: Option<u64>,
}

/// `[cache]`
#[derive(Clone, Debug, Default)]
pub struct Cache {
    /// Most bytes of the internal cache.
    pub size_bytes: Option<u64>,
    /// Redis URL of the external cache.
    pub redis: Option<Secret>,
    /// File with the certificates (PEM) of the authorities that may sign the Redis server's; the system's when absent.
    pub redis_ca: Option<Box<str>>,
}

/// `[sinks]`: where events, metrics and messages of policies go besides the management listener.
#[derive(Clone, Debug, Default)]
pub struct Sinks {
    /// A file that gets a line of JSON for each.
    pub file: Option<Box<str>>,
    /// `[sinks.post]`: loggers, queues, topics, namespaces of messages and of metrics, and the URLs that theirs are posted to, or
    /// connection strings of Service Bus and Event Hubs; both may hold keys.
    pub post: IndexMap<Box<str>, Secret>,
}

/// `[limits]`: the product's own protections. Absent limits are those of the component they belong to.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Bytes of all request headers.
    pub header_bytes: Option<u64>,
    /// Number of request headers.
    pub header_count: Option<u64>,
    /// Bytes of the request URL.
    pub url_bytes: Option<u64>,
    /// Bytes of a body that a policy reads.
    pub buffered_body_bytes: Option<u64>,
    /// How long a connection may be idle.
    pub idle: Option<Duration>,
    /// How long a request head may take to arrive.
    pub header_read: Option<Duration>,
    /// How long to wait for requests in flight at shutdown.
    pub drain: Option<Duration>,
    /// Connections at a time.
    pub connections: Option<u64>,
    /// Steps of one expression evaluation.
    pub expression_steps: Option<u64>,
    /// Bytes one expression evaluation may allocate.
    pub expression_memory_bytes: Option<u64>,
    /// Depth of calls in one expression.
    pub expression_depth: Option<u64>,
}

/// What becomes of query parameters that an OpenAPI document requires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequiredQuery {
    /// Part of the URL template: a call without them meets no operation.
    ///
    /// Source: `translateRequiredQueryParameters`, default `template`.
    #[default]
    Template,
    /// Declared query parameters of the operation.
    Query,
}

/// `wsdlSelector` of an import: which part of a WSDL is read; all of it where nothing is named.
#[derive(Clone, Debug, Default)]
pub struct WsdlSelector {
    /// `wsdlServiceName`
    pub service: Option<Box<str>>,
    /// `wsdlEndpointName`: a port.
    pub endpoint: Option<Box<str>>,
}

impl WsdlSelector {
    pub(crate) fn is_given(&self) -> bool {
        self.service.is_some() || self.endpoint.is_some()
    }
}

/// `[import]`
#[derive(Clone, Debug, Default)]
pub struct ImportSettings {
    /// Query parameters that an OpenAPI document requires.
    pub required_query: RequiredQuery,
    /// Does a WSDL become a REST API, not one that is passed through?
    pub soap_to_rest: bool,
    /// Which part of a WSDL is read; what imports it says so, the settings file does not.
    pub wsdl: WsdlSelector,
}
