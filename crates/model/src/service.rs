use std::sync::Arc;

use apimite_diag::Source;
use indexmap::IndexMap;

use crate::{Api, Backend, Decisions, Group, Product, Subscription, User, VersionSet};

/// Text that is never shown in logs.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A policy document as it was read, with the file it came from. `Source` carries name and text.
#[derive(Clone, Debug)]
pub struct PolicyText {
    /// File name as shown to people, and the text.
    pub source: Source,
}

impl PolicyText {
    /// From a file name and its text.
    pub fn new(name: impl Into<Box<str>>, text: impl Into<Box<str>>) -> Self {
        Self { source: Source::new(name, text) }
    }
}

/// The scopes of policy documents, widest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All APIs.
    Global,
    /// A workspace.
    Workspace,
    /// A product.
    Product,
    /// One API.
    Api,
    /// One operation.
    Operation,
}

impl Scope {
    /// The name as `context.LastError.Scope` shows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Workspace => "workspace",
            Self::Product => "product",
            Self::Api => "api",
            Self::Operation => "operation",
        }
    }
}

/// A named value.
#[derive(Clone, Debug)]
pub struct NamedValue {
    /// Resource name.
    pub id: Box<str>,
    /// Display name: what `{{…}}` refers to.
    pub name: Box<str>,
    /// The value; `None` for a secret that was not given locally: its name stands in for it.
    pub value: Option<Secret>,
    /// Is it a secret (or from a key vault)?
    pub secret: bool,
    /// Where it was defined, for refusals.
    pub source: Option<Source>,
}

/// A policy fragment.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// Resource name: what `fragment-id` refers to.
    pub id: Box<str>,
    /// Description.
    pub description: Box<str>,
    /// The `<fragment>` document.
    pub policy: PolicyText,
}

/// A schema: of an API or of the service.
#[derive(Clone, Debug)]
pub struct SchemaText {
    /// Resource name.
    pub id: Box<str>,
    /// Media type of the schema, such as `application/vnd.oai.openapi.components+json`.
    pub content_type: Box<str>,
    /// Its text.
    pub text: Arc<str>,
}

/// A certificate of the service: for backends and for `context.Deployment.Certificates`.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Resource name.
    pub id: Box<str>,
    /// SHA-1 thumbprint, upper-case hexadecimal.
    pub thumbprint: Box<str>,
    /// The leaf, DER.
    pub der: Arc<[u8]>,
    /// Chain certificates after the leaf, DER.
    pub chain: Vec<Arc<[u8]>>,
    /// Private key, PKCS#8 DER, if there is one.
    pub key: Option<Arc<[u8]>>,
}

/// A connection of the credential manager, as it is given locally.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// The token it gives out; without one the local token issuer makes one.
    pub access_token: Option<Secret>,
    /// Names and values of `Authorization.Claims`.
    pub claims: Vec<(Box<str>, Box<str>)>,
    /// Its access policies; empty lets the service's identity and every object in.
    pub allowed: Vec<ConnectionUser>,
    /// Why it is in the error state, if it is.
    pub error: Option<Box<str>>,
}

/// Whom an access policy of a connection lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionUser {
    /// The system-assigned identity of the service.
    Managed,
    /// An object of the directory: its `oid`.
    Object(Box<str>),
}

/// A script that answers calls in place of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIn {
    /// Host name of the calls it answers, in lower case.
    pub host: Box<str>,
    /// The file, as people know it.
    pub path: Box<str>,
    /// Its code.
    pub code: Arc<str>,
}

/// A workspace.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Resource name.
    pub id: Box<str>,
    /// Display name.
    pub name: Box<str>,
    /// Policy at workspace scope.
    pub policy: Option<crate::PolicyText>,
}

/// The pricing tier, which decides a few behaviours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tier {
    /// Consumption.
    Consumption,
    /// Developer.
    #[default]
    Developer,
    /// Basic.
    Basic,
    /// Standard.
    Standard,
    /// Premium.
    Premium,
    /// Basic v2.
    BasicV2,
    /// Standard v2.
    StandardV2,
    /// Premium v2.
    PremiumV2,
    /// The self-hosted gateway.
    SelfHosted,
}

impl Tier {
    /// Every tier by its name.
    pub const NAMES: [(&str, Self); 9] = [
        ("Consumption", Self::Consumption),
        ("Developer", Self::Developer),
        ("Basic", Self::Basic),
        ("Standard", Self::Standard),
        ("Premium", Self::Premium),
        ("BasicV2", Self::BasicV2),
        ("StandardV2", Self::StandardV2),
        ("PremiumV2", Self::PremiumV2),
        ("SelfHosted", Self::SelfHosted),
    ];

    /// Is it one of the v2 tiers (token-bucket limits)?
    pub const fn is_v2(self) -> bool {
        matches!(self, Self::BasicV2 | Self::StandardV2 | Self::PremiumV2)
    }
}

/// May callers from the internet use the gateway?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PublicAccess {
    /// Yes.
    #[default]
    Enabled,
    /// Only private endpoint connections.
    Disabled,
}

/// A whole service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Service name (`contoso`); part of the default host names.
    pub name: Box<str>,
    /// Full resource id of the service in ARM, as `context.Deployment.ServiceId` shows it.
    pub resource_id: Box<str>,
    /// Azure region shown as `context.Deployment.Region`.
    pub region: Box<str>,
    /// Tier.
    pub tier: Tier,
    /// Gateway id shown as `context.Deployment.GatewayId`.
    pub gateway_id: Box<str>,
    /// Host names the gateway answers to besides the default ones; empty answers to any.
    pub hosts: Vec<Box<str>>,
    /// May callers from the internet use the gateway?
    pub public_access: PublicAccess,
    /// API revisions; several entries may share an id.
    pub apis: Vec<Arc<Api>>,
    /// Version sets by id.
    pub version_sets: IndexMap<Box<str>, VersionSet>,
    /// Products by id.
    pub products: IndexMap<Box<str>, Arc<Product>>,
    /// Subscriptions by id.
    pub subscriptions: IndexMap<Box<str>, Arc<Subscription>>,
    /// Users by id.
    pub users: IndexMap<Box<str>, Arc<User>>,
    /// Groups by id.
    pub groups: IndexMap<Box<str>, Arc<Group>>,
    /// Backends by id.
    pub backends: IndexMap<Box<str>, Arc<Backend>>,
    /// Named values by display name.
    pub named_values: IndexMap<Box<str>, NamedValue>,
    /// Fragments by id.
    pub fragments: IndexMap<Box<str>, Fragment>,
    /// Certificates by id.
    pub certificates: IndexMap<Box<str>, Arc<Certificate>>,
    /// Certificate authorities that client certificates are checked against, roots and others, DER.
    pub authorities: Vec<Arc<[u8]>>,
    /// Revocation lists of those authorities, DER.
    pub revocation_lists: Vec<Arc<[u8]>>,
    /// Service-level schemas by id.
    pub schemas: IndexMap<Box<str>, SchemaText>,
    /// Connections of the credential manager, by provider and connection id.
    pub connections: IndexMap<(Box<str>, Box<str>), Connection>,
    /// Loggers (ids) that `log-to-eventhub` may name.
    pub loggers: Vec<Box<str>>,
    /// Scripts that answer calls in place of servers.
    pub stand_ins: Vec<StandIn>,
    /// Base URL of the Dapr sidecar.
    pub dapr: Box<str>,
    /// Workspaces by id.
    pub workspaces: IndexMap<Box<str>, Workspace>,
    /// Policy at global scope.
    pub policy: Option<PolicyText>,
    /// Switches for what no source settles.
    pub decisions: Decisions,
}

impl Service {
    /// An empty Developer-tier service.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            resource_id: format!(
                "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/apimite/providers/Microsoft.ApiManagement/service/{name}"
            )
            .into(),
            region: "West Europe".into(),
            tier: Tier::default(),
            gateway_id: "managed".into(),
            hosts: Vec::new(),
            public_access: PublicAccess::Enabled,
            apis: Vec::new(),
            version_sets: IndexMap::new(),
            products: IndexMap::new(),
            subscriptions: IndexMap::new(),
            users: IndexMap::new(),
            groups: IndexMap::new(),
            backends: IndexMap::new(),
            named_values: IndexMap::new(),
            fragments: IndexMap::new(),
            certificates: IndexMap::new(),
            authorities: Vec::new(),
            revocation_lists: Vec::new(),
            schemas: IndexMap::new(),
            connections: IndexMap::new(),
            loggers: Vec::new(),
            stand_ins: Vec::new(),
            dapr: "http://localhost:3500".into(),
            workspaces: IndexMap::new(),
            policy: None,
            decisions: Decisions::default(),
        }
    }
}
