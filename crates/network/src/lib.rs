//! The network around a gateway as data; no I/O.
//!
//! [`Network`] holds services, virtual networks, private endpoints, Private Link Services and private DNS zones of one
//! stand-in. Its methods are the operations that management offers. Each does all it says or returns a [`Refusal`] (ARM's
//! code, status and message, and a way out) and has changed nothing. Everything serialises, so a folder can keep it.
//!
//! # How management calls it
//!
//! | request | call |
//! |---|---|
//! | `PUT`/`PATCH` of a service | [`Network::put_service`] with the merged [`ServiceSpec`]; connections in the body are ignored |
//! | `DELETE` of a service | [`Network::delete_service`] |
//! | `PUT` virtual network, subnet, public address | [`Network::put_virtual_network`], [`Network::put_subnet`], [`Network::put_public_address`] |
//! | `PUT` private endpoint | [`Network::put_endpoint`]; the answer's state is [`Network::connection_of`], `Disconnected` when that is `None` |
//! | `PUT` private endpoint connection | [`Network::decide_connection`]; what the body leaves out stays |
//! | `DELETE` private endpoint connection | [`Network::delete_connection`] |
//! | `PUT` private zone, link, record set, zone group | [`Network::put_zone`], [`Network::put_link`], [`Network::put_records`], [`Network::put_zone_group`] |
//! | `networkstatus` | [`ports::DEPENDENCIES`] with what was reached |
//!
//! After a change, [`Network::classification`] and [`Horizon::of`] give what the gateway and DNS work by.
//!
//! ```
//! use apimite_network::*;
//! let service = ResourceId::of("s", "g", "Microsoft.ApiManagement/service", "contoso");
//! let vnet = ResourceId::of("s", "g", "Microsoft.Network/virtualNetworks", "vn");
//! let endpoint = ResourceId::of("s", "g", "Microsoft.Network/privateEndpoints", "pe");
//! let mut network = Network::new();
//! let site = Site { location: "westeurope".into(), units: 1, ..Site::default() };
//! network.put_service(&service, ServiceSpec { sites: vec![site], ..ServiceSpec::default() })?;
//! assert_eq!(network.set_public_access(&service, PublicAccess::Disabled).unwrap_err().status, 400);
//! network.put_virtual_network(&vnet, VirtualNetwork {
//!     location: "West Europe".into(),
//!     prefixes: vec!["10.0.0.0/16".parse().unwrap()],
//!     subnets: vec![Subnet::new("sn", "10.0.0.0/24".parse().unwrap())],
//!     ..VirtualNetwork::default()
//! })?;
//! network.put_endpoint(&endpoint, EndpointSpec {
//!     location: "westeurope".into(),
//!     subnet: vnet.child("subnets", "sn"),
//!     address: None,
//!     target: service.clone(),
//!     alias: None,
//!     group_ids: vec!["Gateway".into()],
//!     approval: Approval::Manual,
//!     connection_name: "c1".into(),
//!     message: "please".into(),
//! })?;
//! network.decide_connection(&service, "pe", ConnectionStatus::Approved, None)?;
//! network.set_public_access(&service, PublicAccess::Disabled)?;
//! # Ok::<(), Refusal>(())
//! ```

pub mod classify;
mod connection;
pub mod control_plane;
mod endpoint;
pub mod horizon;
mod id;
mod instances;
mod link_service;
mod list;
pub mod names;
mod plan;
pub mod ports;
pub mod proxy;
mod refusal;
mod rules;
mod service;
mod sku;
mod state;
pub mod vnet;
pub mod zone;

pub use connection::{Connection, ConnectionStatus, GROUP_ID, MOST_CONNECTIONS};
pub use endpoint::{Approval, EndpointSpec, PrivateEndpoint, ZoneGroup, dns_of};
pub use horizon::Horizon;
pub use id::ResourceId;
pub use ipnet::{IpNet, Ipv4Net};
pub use link_service::{LinkServiceSpec, PrivateLinkService, Visibility};
pub use plan::{Plan, PlanRequest, plan};
pub use refusal::Refusal;
pub use service::{Effect, Place, PublicAccess, ServiceNetwork, ServiceSpec, Site, region};
pub use sku::{Model, NetworkType, Platform, Sku, UnknownSku};
pub use state::{Network, PublicAddress};
pub use vnet::{EndpointPolicies, Peering, Subnet, VirtualNetwork};
pub use zone::Zone;
