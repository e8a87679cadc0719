//! From resources to the rules of classification.

use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::classify::{Endpoint, Reach, Rules};
use crate::{Model, Network, ResourceId};

impl Network {
    /// The rules by which a service's gateway tells callers apart: its connections, and the ranges of the networks it is
    /// injected into and of their peers. Listeners and senders of PROXY headers are for whoever listens to add.
    pub fn classification(&self, service: &ResourceId) -> Option<Rules> {
        let service = self.service(service)?;
        let reach = match service.model() {
            Model::Public | Model::Integrated => Reach::Public,
            Model::InjectedExternal => Reach::External,
            Model::InjectedInternal | Model::InjectedV2 => Reach::Internal,
        };
        let endpoints = service.connections.iter().map(|connection| Endpoint {
            name: connection.name.as_str().into(),
            group_id: connection.group_id.as_str().into(),
            member_name: connection.group_id.as_str().into(),
            link_id: Some(connection.link_id),
            status: connection.status,
            local: self.endpoint(&connection.endpoint).map(|endpoint| SocketAddr::new(endpoint.address.into(), 0)),
            listeners: Vec::new(),
        });
        let mut networks: Vec<(IpNet, Arc<str>)> = Vec::new();
        for subnet in service.spec.sites.iter().filter_map(|site| site.subnet.as_ref()) {
            let own = subnet.parent();
            let peers = self.virtual_network(&own).map(|network| network.peerings.as_slice()).unwrap_or_default();
            for id in std::iter::once(&own).chain(peers.iter().map(|peering| &peering.remote)) {
                let Some(network) = self.virtual_network(id) else { continue };
                let name: Arc<str> = id.name().into();
                networks.extend(network.prefixes.iter().map(|prefix| (*prefix, name.clone())));
            }
        }
        Some(Rules { reach, networks, endpoints: endpoints.collect(), proxied: Vec::new(), senders: Vec::new() })
    }
}
