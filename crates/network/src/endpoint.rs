//! Private endpoints: the consumer's side, and what it does to the service's list of connections.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::connection::{GROUP_ID, MOST_CONNECTIONS};
use crate::service::region;
use crate::vnet::{EndpointPolicies, is_usable};
use crate::{Connection, ConnectionStatus, Network, Refusal, ResourceId, ServiceNetwork};

/// How a connection is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Approval {
    /// The creator has rights on the service (`privateLinkServiceConnections`): approved at once.
    #[default]
    Automatic,
    /// `manualPrivateLinkServiceConnections`: waits for an owner.
    Manual,
}

/// What a private endpoint is asked to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSpec {
    /// Region.
    pub location: String,
    /// Subnet it takes an address of.
    pub subnet: ResourceId,
    /// A static address; the lowest free one without.
    pub address: Option<Ipv4Addr>,
    /// The service, or the Private Link Service, by id.
    pub target: ResourceId,
    /// The alias of a Private Link Service, when that is how it is named (`target` is ignored then).
    pub alias: Option<String>,
    /// Group ids; `Gateway` for a service, none for a Private Link Service.
    pub group_ids: Vec<String>,
    /// How the connection is asked for.
    pub approval: Approval,
    /// Name of the connection within the endpoint.
    pub connection_name: String,
    /// A word to the owner.
    pub message: String,
}

/// A private endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateEndpoint {
    /// Region.
    pub location: String,
    /// Subnet.
    pub subnet: ResourceId,
    /// Its private address.
    pub address: Ipv4Addr,
    /// What it reaches.
    pub target: ResourceId,
    /// Group ids.
    pub group_ids: Vec<String>,
    /// How its connection was asked for.
    pub approval: Approval,
    /// Name of the connection within the endpoint.
    pub connection_name: String,
    /// The word to the owner.
    pub message: String,
    /// Private zones that its names are written to, by name of the zone group.
    #[serde(default)]
    pub zone_groups: Vec<ZoneGroup>,
}

/// A private DNS zone group: zones that follow the endpoint's address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneGroup {
    /// Name.
    pub name: String,
    /// Zones.
    pub zones: Vec<ResourceId>,
}

impl Network {
    /// Private endpoints, by id.
    pub fn endpoints(&self) -> impl Iterator<Item = (&ResourceId, &PrivateEndpoint)> {
        self.endpoints.iter()
    }

    /// A private endpoint.
    pub fn endpoint(&self, id: &ResourceId) -> Option<&PrivateEndpoint> {
        self.endpoints.get(id)
    }

    /// The connection of a private endpoint at what it reaches; `None` once the owner deleted it, or its service is gone:
    /// the endpoint then shows `Disconnected`.
    pub fn connection_of(&self, endpoint: &ResourceId) -> Option<&Connection> {
        let target = &self.endpoints.get(endpoint)?.target;
        let service = self.services.get(target).map(|service| &service.connections);
        let connections = service.or(self.link_services.get(target).map(|link| &link.connections))?;
        connections.iter().find(|one| one.endpoint == *endpoint && one.status != ConnectionStatus::Disconnected)
    }

    /// Creates a private endpoint and asks for its connection. Again with the same target and subnet: the connection stays.
    ///
    /// # Errors
    /// The subnet, the address, the target or the group does not fit; the service takes no endpoints, or no more of them.
    pub fn put_endpoint(&mut self, id: &ResourceId, spec: EndpointSpec) -> Result<&PrivateEndpoint, Refusal> {
        let target = self.target(&spec)?;
        if let Some(old) = self.endpoints.get(id) {
            if old.target != target || old.subnet != spec.subnet {
                return Err(Refusal::new(
                    "PrivateEndpointCannotBeChanged",
                    format!("Private endpoint {} cannot be given another subnet or another target.", id.name()),
                    "delete it and create it again",
                ));
            }
        } else {
            let address = self.endpoint_address(id, &spec)?;
            let endpoint = PrivateEndpoint {
                location: spec.location,
                subnet: spec.subnet,
                address,
                target: target.clone(),
                group_ids: spec.group_ids,
                approval: spec.approval,
                connection_name: spec.connection_name,
                message: spec.message,
                zone_groups: Vec::new(),
            };
            if let Some(service) = self.services.get_mut(&target) {
                service.connect(id, &endpoint)?;
            } else if let Some(link) = self.link_services.get_mut(&target) {
                link.connect(id, endpoint.approval, &endpoint.message, spec.alias.is_some())?;
            }
            self.endpoints.insert(id.clone(), endpoint);
        }
        self.endpoints.get(id).ok_or_else(|| Refusal::not_found("private endpoint", id))
    }

    /// Deletes a private endpoint and its records; `false` when there was none. Its connection is disconnected.
    pub fn delete_endpoint(&mut self, id: &ResourceId) -> bool {
        let Some(endpoint) = self.endpoints.remove(id) else { return false };
        let service = self.services.get_mut(&endpoint.target).map(|service| &mut service.connections);
        let link = self.link_services.get_mut(&endpoint.target).map(|link| &mut link.connections);
        for connection in service.or(link).into_iter().flatten().filter(|one| one.endpoint == *id) {
            connection.status = ConnectionStatus::Disconnected;
        }
        for zone in self.zones.values_mut() {
            zone.disown(id);
        }
        true
    }

    /// Approves or rejects a connection as an owner of the service.
    ///
    /// # Errors
    /// There is no such service or connection, or its state cannot become the other.
    pub fn decide_connection(
        &mut self,
        service: &ResourceId,
        connection: &str,
        status: ConnectionStatus,
        description: Option<&str>,
    ) -> Result<&Connection, Refusal> {
        let connections = self.connections_mut(service)?;
        let found = connections.iter_mut().find(|one| one.name.eq_ignore_ascii_case(connection));
        let found = found.ok_or_else(|| Refusal::not_found("private endpoint connection", connection))?;
        found.decide(status, description)?;
        Ok(found)
    }

    /// Deletes a connection as an owner of the service; `false` when there was none. Its endpoint stays, disconnected.
    ///
    /// # Errors
    /// There is no such service.
    pub fn delete_connection(&mut self, service: &ResourceId, connection: &str) -> Result<bool, Refusal> {
        let connections = self.connections_mut(service)?;
        let before = connections.len();
        connections.retain(|one| !one.name.eq_ignore_ascii_case(connection));
        Ok(connections.len() < before)
    }

    fn connections_mut(&mut self, target: &ResourceId) -> Result<&mut Vec<Connection>, Refusal> {
        let service = self.services.get_mut(target).map(|service| &mut service.connections);
        let link = self.link_services.get_mut(target).map(|link| &mut link.connections);
        service.or(link).ok_or_else(|| Refusal::not_found("service", target))
    }

    fn target(&self, spec: &EndpointSpec) -> Result<ResourceId, Refusal> {
        if let Some(alias) = &spec.alias {
            let found = self.link_services.iter().find(|(_, link)| link.alias.eq_ignore_ascii_case(alias));
            return found.map(|(id, _)| id.clone()).ok_or_else(|| Refusal::not_found("private link service", alias));
        }
        let groups: Vec<&str> = spec.group_ids.iter().map(String::as_str).collect();
        if self.services.contains_key(&spec.target) {
            if groups.len() != 1 || !groups.iter().all(|group| group.eq_ignore_ascii_case(GROUP_ID)) {
                return Err(Refusal::new(
                    "InvalidPrivateLinkGroupId",
                    format!("Group ids [{}] are not valid for {}.", groups.join(", "), spec.target.name()),
                    "the one group of a service is `Gateway`",
                ));
            }
            return Ok(spec.target.clone());
        }
        if self.link_services.contains_key(&spec.target) {
            return Ok(spec.target.clone());
        }
        Err(Refusal::not_found("private link resource", &spec.target))
    }

    fn endpoint_address(&self, id: &ResourceId, spec: &EndpointSpec) -> Result<Ipv4Addr, Refusal> {
        let (network, subnet) = self.subnet(&spec.subnet)?;
        if region(&network.location) != region(&spec.location) {
            return Err(Refusal::new(
                "PrivateEndpointLocationMismatch",
                format!(
                    "Private endpoint {} is in '{}', its virtual network in '{}'.",
                    id.name(),
                    spec.location,
                    network.location
                ),
                "create the endpoint in the region of its virtual network; the service may be in another",
            ));
        }
        if subnet.endpoint_policies == EndpointPolicies::Enabled {
            return Err(Refusal::new(
                "PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
                format!(
                    "Private endpoint {} cannot be created in subnet {} since it has private endpoint network policies enabled.",
                    id.name(),
                    subnet.name
                ),
                "set `privateEndpointNetworkPolicies` of the subnet to Disabled",
            ));
        }
        if !subnet.delegations.is_empty() {
            return Err(Refusal::new(
                "PrivateEndpointCannotBeCreatedInDelegatedSubnet",
                format!(
                    "Private endpoint {} cannot be created in subnet {}, which is delegated.",
                    id.name(),
                    subnet.name
                ),
                "use a subnet without a delegation",
            ));
        }
        let taken = self.taken(&spec.subnet);
        let Some(address) = spec.address else {
            return self
                .free(&spec.subnet, 1, &taken)?
                .first()
                .copied()
                .ok_or_else(|| Refusal::not_found("free address", id));
        };
        if !subnet.v4().is_some_and(|range| is_usable(range, address)) {
            return Err(Refusal::new(
                "PrivateIPAddressNotInSubnet",
                format!(
                    "Private static IP address {address} does not belong to the usable range of subnet prefix {}.",
                    subnet.prefix
                ),
                "choose an address of the subnet; its first four and its last are kept by the cloud",
            ));
        }
        if taken.contains(&address) {
            return Err(Refusal::new(
                "PrivateIPAddressInUse",
                format!("Private IP address {address} is already allocated in subnet {}.", subnet.name),
                "choose another address, or leave it out",
            ));
        }
        Ok(address)
    }
}

impl ServiceNetwork {
    fn connect(&mut self, id: &ResourceId, endpoint: &PrivateEndpoint) -> Result<(), Refusal> {
        let name = self.name();
        if self.model().is_injected() {
            return Err(Refusal::new(
                "PrivateEndpointNotSupportedWithVirtualNetwork",
                format!("Service {name} is injected into a virtual network and does not support private endpoints."),
                "set its `virtualNetworkType` to None first",
            ));
        }
        if !self.spec.sku.takes_private_endpoints() {
            return Err(Refusal::new(
                "PrivateEndpointNotSupportedInServiceSku",
                format!("Private endpoints are not supported for service {name} of Sku '{}'.", self.spec.sku.name()),
                "use Developer, Basic, Standard, Premium, StandardV2 or PremiumV2",
            ));
        }
        if !self.platform.takes_private_endpoints() {
            return Err(Refusal::new(
                "PrivateEndpointNotSupportedInPlatformVersion",
                format!(
                    "Private endpoints are not supported for service {name} on platform '{}'.",
                    self.platform.name()
                ),
                "migrate the service to the stv2 platform first",
            ));
        }
        let alive = self.connections.iter().filter(|one| one.status != ConnectionStatus::Disconnected).count();
        if alive >= MOST_CONNECTIONS {
            return Err(Refusal::new(
                "PrivateEndpointConnectionLimitReached",
                format!(
                    "Service {name} has {MOST_CONNECTIONS} private endpoint connections, which is the most there can be."
                ),
                "delete a connection that is not needed any more",
            ));
        }
        let link_id = self.next_link_id;
        let description = match endpoint.approval {
            Approval::Automatic => "Auto-approved".to_owned(),
            Approval::Manual => endpoint.message.clone(),
        };
        let wanted = id.name().to_owned();
        let name = if self.connection(&wanted).is_some() { format!("{wanted}.{link_id}") } else { wanted };
        self.next_link_id = link_id.wrapping_add(1);
        self.connections.push(Connection {
            name,
            endpoint: id.clone(),
            status: match endpoint.approval {
                Approval::Automatic => ConnectionStatus::Approved,
                Approval::Manual => ConnectionStatus::Pending,
            },
            description,
            group_id: GROUP_ID.to_owned(),
            link_id,
        });
        Ok(())
    }
}

/// Addresses a private endpoint shows in `customDnsConfigs`: its service's name and its own address.
pub fn dns_of(service: &str, endpoint: &PrivateEndpoint) -> (String, IpAddr) {
    (format!("{service}.{}", crate::names::SUFFIX), endpoint.address.into())
}
