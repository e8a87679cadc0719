//! What management does to running gateways.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_network::Network;
use ipnet::IpNet;
use serde_json::Value;

use crate::error::Detail;
use crate::state::Resource;

/// The gateways that management drives; the executable wires it.
pub trait Gateways: Send + Sync {
    /// What the configuration describes at present.
    fn configured(&self) -> Arc<Configured>;

    /// Reads an API definition (`openapi`, `swagger-json`, `wsdl` and so on, as ARM names them).
    ///
    /// # Errors
    /// Every finding.
    fn definition(&self, format: &str, text: &str, wsdl: WsdlImport<'_>) -> Result<Definition, Vec<Detail>>;

    /// The periods of a quota's counter key that count now, or the one called `period_key`; set to `change` first. None where nothing was
    /// counted under the key.
    fn quotas(&self, counter_key: &str, period_key: Option<&str>, change: QuotaChange) -> Vec<QuotaCount>;

    /// Tries what the instance depends on, as far as it has stand-ins.
    fn dependencies(&self) -> Vec<Tried>;

    /// A token that has calls of one API traced.
    ///
    /// # Errors
    /// A sentence: there is no such API.
    fn debug_token(&self, api: &str, life: Duration) -> Result<String, String>;

    /// Forgets every such token.
    fn forget_debug_tokens(&self);

    /// The trace with this id; `None` when there is none, or it is no longer kept.
    fn trace(&self, id: &str) -> Option<Value>;

    /// Makes everything ready that a change needs (reads, checks, compiles) and gives back what puts it in force, which
    /// cannot fail. Dropped without being called, nothing has changed.
    ///
    /// # Errors
    /// Every finding.
    fn prepare(&self, plan: Plan) -> Result<Box<dyn FnOnce() + Send>, Vec<Detail>>;
}

/// How a WSDL is imported.
#[derive(Clone, Copy, Debug, Default)]
pub struct WsdlImport<'b> {
    /// Does it become a REST API, not one that is passed through?
    pub rest: bool,
    /// `wsdlServiceName` of its `wsdlSelector`.
    pub service: Option<&'b str>,
    /// `wsdlEndpointName`: a port.
    pub endpoint: Option<&'b str>,
}

/// What a quota's key counted in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaCount {
    /// The period's name.
    pub period_key: String,
    /// First second of the period since 1970; `None` where it never began.
    pub start: Option<i64>,
    /// First second after it; `None` where it never ends.
    pub end: Option<i64>,
    /// Calls.
    pub calls: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A new count; what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaChange {
    /// Calls.
    pub calls: Option<u64>,
    /// Bytes.
    pub bytes: Option<u64>,
}

/// What a configuration (a folder, a file, the sample) describes.
#[derive(Clone, Debug, Default)]
pub struct Configured {
    /// Resource id of the service.
    pub service: String,
    /// The service's own body: `location`, `sku`, `properties`.
    pub body: Value,
    /// Resources below the service, by path in lower case: `apis/orders/operations/list`.
    pub children: BTreeMap<String, Child>,
    /// Private endpoints.
    pub endpoints: Vec<Endpoint>,
    /// Where it is in a network.
    pub placement: Placement,
}

/// Name of the network that a configured instance, or its private endpoints, are in.
pub const CONFIGURED: &str = "configured";

/// Where a configuration puts its instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Address ranges of its virtual network, when it is in one.
    pub ranges: Vec<IpNet>,
    /// Its subnet; the first part of the ranges when none is given.
    pub subnet: Option<IpNet>,
    /// Its public address; the next free one when none is given.
    pub public_address: Option<IpAddr>,
    /// The private address of an internal instance; the first of the subnet when none is given.
    pub private_address: Option<Ipv4Addr>,
}

/// What an API definition describes.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Base URL of its backend.
    pub service_url: String,
    /// `http`, `soap` or `graphql`.
    pub kind: String,
    /// Operations, schemas and policies of operations: path below the API (`operations/list`), and properties.
    pub children: Vec<(String, Value)>,
}

/// A configured private endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Name.
    pub name: String,
    /// `Approved`, `Pending`, `Rejected`.
    pub state: String,
    /// Private address.
    pub address: Option<String>,
}

/// What became of the last attempt to reach a dependency.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Key of the network's table.
    pub key: &'static str,
    /// `host:port`
    pub at: String,
    /// Why it was not reached; `None` when it was.
    pub error: Option<String>,
    /// Since when it is so.
    pub since: Timestamp,
}

/// A configured resource below the service.
#[derive(Clone, Debug)]
pub struct Child {
    /// Path below the service as it is written: `apis/Orders/operations/List`.
    pub path: String,
    /// `properties`
    pub properties: Value,
}

/// All that is to be in force.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The instance of the gateway's own listeners; `None` once it was deleted.
    pub primary: Option<Served>,
    /// Instances besides it.
    pub others: Vec<Served>,
    /// The network.
    pub network: Arc<Network>,
}

/// One instance.
#[derive(Clone, Debug)]
pub struct Served {
    /// Resource id.
    pub id: String,
    /// Was it made by a request, rather than by the configuration?
    pub claimed: bool,
    /// Name.
    pub name: String,
    /// Region, as people write it.
    pub location: String,
    /// Name of its tier.
    pub sku: String,
    /// May callers from the internet use it?
    pub public: bool,
    /// Host names of its gateway besides the default ones.
    pub hosts: Vec<String>,
    /// Resources below it that were put, parents before children.
    pub children: Vec<Arc<Resource>>,
    /// Paths below it, in lower case, of configured resources that were deleted.
    pub removed: Vec<String>,
    /// Number of the last change of the children, and how many there are: while both stay, they are the same.
    pub version: (u64, usize),
}
