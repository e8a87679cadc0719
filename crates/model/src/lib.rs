//! The service as immutable data: APIs, operations, products, subscriptions, backends, named values.
//!
//! A [`Service`] is built by an importer or by the management API, checked and compiled whole, and then published by one
//! pointer swap; nothing changes it afterwards. This crate knows no JSON, no files and no sockets.
//!
//! Names follow Azure Resource Manager: an *id* is the short resource name (`orders`), a *name* is the display name.

mod api;
mod backend;
mod decisions;
mod product;
mod service;
mod subscription;

pub use api::{
    Api, ApiKind, Example, KeyNames, Operation, Parameter, ParameterPlace, ParameterStyle, Protocols, Representation,
    Resolver, ResponseShape, VersionScheme, VersionSet,
};
pub use backend::{
    Backend, BackendCredentials, BackendKind, BackendProxy, BackendTls, CircuitBreaker, PoolMember, SessionAffinity,
};
pub use decisions::{BadKeyOnOpenProduct, Decisions, DotnetGeneration, KeyOnOpenApi, RejectedCalls};
pub use product::{Group, Identity, Product, ProductState, User};
pub use service::{
    Certificate, Connection, ConnectionUser, Fragment, NamedValue, PolicyText, PublicAccess, SchemaText, Scope, Secret,
    Service, StandIn, Tier, Workspace,
};
pub use subscription::{Subscription, SubscriptionScope, SubscriptionState};
