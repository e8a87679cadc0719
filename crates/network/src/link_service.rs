//! A Private Link Service in front of an internal gateway: who may see it, who is approved, what it sends.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::endpoint::Approval;
use crate::service::region;
use crate::{Connection, ConnectionStatus, Network, Refusal, ResourceId};

/// Who may ask for a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Visibility {
    /// Those with rights on the service: here, those of its own subscription.
    #[default]
    RoleBased,
    /// Those of these subscriptions.
    Subscriptions(Vec<String>),
    /// Anyone who knows the alias.
    Anyone,
}

impl Visibility {
    /// May someone of this subscription ask?
    pub fn admits(&self, own: &str, asking: &str) -> bool {
        let same = |a: &str| a.eq_ignore_ascii_case(asking);
        match self {
            Self::RoleBased => same(own),
            Self::Subscriptions(list) => same(own) || list.iter().any(|one| same(one)),
            Self::Anyone => true,
        }
    }
}

/// A Private Link Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateLinkService {
    /// Region.
    pub location: String,
    /// The name that consumers of other tenants use: `NAME.GUID.REGION.azure.privatelinkservice`.
    pub alias: String,
    /// Subscription it is in.
    pub subscription: String,
    /// Subnet its source addresses are of.
    pub subnet: ResourceId,
    /// Source addresses of what it forwards.
    pub nat: Vec<Ipv4Addr>,
    /// Who may ask.
    pub visibility: Visibility,
    /// Subscriptions whose requests are approved at once.
    pub auto_approved: Vec<String>,
    /// Does a PROXY v2 header precede every connection?
    pub proxy_protocol: bool,
    /// Connections, oldest first.
    pub connections: Vec<Connection>,
    pub(crate) next_link_id: u32,
}

/// What a Private Link Service is asked to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkServiceSpec {
    /// Region.
    pub location: String,
    /// Subnet of its source addresses.
    pub subnet: ResourceId,
    /// How many source addresses, 1 to 8.
    pub nat_addresses: u32,
    /// Who may ask.
    pub visibility: Visibility,
    /// Subscriptions whose requests are approved at once.
    pub auto_approved: Vec<String>,
    /// Does a PROXY v2 header precede every connection?
    pub proxy_protocol: bool,
    /// The random part of the alias, a GUID; only used at creation.
    pub alias_id: String,
}

impl Network {
    /// Private Link Services, by id.
    pub fn link_services(&self) -> impl Iterator<Item = (&ResourceId, &PrivateLinkService)> {
        self.link_services.iter()
    }

    /// A Private Link Service.
    pub fn link_service(&self, id: &ResourceId) -> Option<&PrivateLinkService> {
        self.link_services.get(id)
    }

    /// Creates a Private Link Service, or changes it. Alias and connections stay.
    ///
    /// # Errors
    /// The subnet does not fit or is full; not 1 to 8 addresses; auto-approval of those who cannot see it.
    pub fn put_link_service(&mut self, id: &ResourceId, spec: LinkServiceSpec) -> Result<&PrivateLinkService, Refusal> {
        if !(1..=8).contains(&spec.nat_addresses) {
            return Err(Refusal::new(
                "InvalidRequestFormat",
                format!(
                    "Private link service {} needs 1 to 8 source addresses, not {}.",
                    id.name(),
                    spec.nat_addresses
                ),
                "give 1 to 8 IP configurations",
            ));
        }
        let (network, _) = self.subnet(&spec.subnet)?;
        if region(&network.location) != region(&spec.location) {
            return Err(Refusal::new(
                "PrivateLinkServiceLocationMismatch",
                format!("Private link service {} and its virtual network are in different regions.", id.name()),
                "create it in the region of its virtual network",
            ));
        }
        let unseen = spec.auto_approved.iter().find(|one| !spec.visibility.admits(id.subscription(), one));
        if let Some(unseen) = unseen {
            return Err(Refusal::new(
                "AutoApprovalMustBeSubsetOfVisibility",
                format!("Subscription {unseen} is approved at once but cannot see private link service {}.", id.name()),
                "add it to the subscriptions of the visibility",
            ));
        }
        let old = self.link_services.get(id);
        if let Some(old) = old
            && old.subnet != spec.subnet
        {
            return Err(Refusal::new(
                "PrivateLinkServiceCannotBeChanged",
                format!("Private link service {} cannot be given another subnet.", id.name()),
                "delete it and create it again",
            ));
        }
        let keep: Vec<Ipv4Addr> =
            old.map_or(Vec::new(), |old| old.nat.iter().copied().take(spec.nat_addresses as usize).collect());
        let more = spec.nat_addresses - u32::try_from(keep.len()).unwrap_or(spec.nat_addresses);
        let mut nat = keep;
        nat.extend(self.free(&spec.subnet, more, &self.taken(&spec.subnet))?);
        let alias = format!("{}.{}.{}.azure.privatelinkservice", id.name(), spec.alias_id, region(&spec.location));
        let (alias, connections, next_link_id) =
            old.map_or((alias, Vec::new(), 1), |old| (old.alias.clone(), old.connections.clone(), old.next_link_id));
        let service = PrivateLinkService {
            location: spec.location,
            alias,
            subscription: id.subscription().to_owned(),
            subnet: spec.subnet,
            nat,
            visibility: spec.visibility,
            auto_approved: spec.auto_approved,
            proxy_protocol: spec.proxy_protocol,
            connections,
            next_link_id,
        };
        self.link_services.insert(id.clone(), service);
        self.link_services.get(id).ok_or_else(|| Refusal::not_found("private link service", id))
    }

    /// Deletes a Private Link Service; `false` when there was none.
    ///
    /// # Errors
    /// A connection is approved.
    pub fn delete_link_service(&mut self, id: &ResourceId) -> Result<bool, Refusal> {
        let Some(service) = self.link_services.get(id) else { return Ok(false) };
        if let Some(one) = service.connections.iter().find(|one| one.is_approved()) {
            return Err(Refusal::new(
                "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted",
                format!("Private link service {} has the approved connection '{}'.", id.name(), one.name),
                "delete its connections first",
            ));
        }
        Ok(self.link_services.remove(id).is_some())
    }
}

impl PrivateLinkService {
    pub(crate) fn connect(
        &mut self,
        endpoint: &ResourceId,
        approval: Approval,
        message: &str,
        by_alias: bool,
    ) -> Result<(), Refusal> {
        let asking = endpoint.subscription();
        let name = endpoint.name();
        if !self.visibility.admits(&self.subscription, asking) {
            return Err(Refusal::new(
                "PrivateLinkServiceNotVisible",
                format!("The private link service is not visible to subscription {asking}."),
                "ask its owner to add the subscription, or to open it to anyone with the alias",
            ));
        }
        let listed = self.auto_approved.iter().any(|one| one.eq_ignore_ascii_case(asking));
        // Without rights on the service, and an alias gives none, a request that is not listed can only wait.
        let owner = asking.eq_ignore_ascii_case(&self.subscription) && !by_alias;
        if approval == Approval::Automatic && !listed && !owner {
            return Err(Refusal::new(
                "LinkedAuthorizationFailed",
                format!("Private endpoint {name} has no right to approve itself at the private link service."),
                "ask with a manual request, or have the subscription approved at once",
            ));
        }
        let status = if listed || approval == Approval::Automatic {
            ConnectionStatus::Approved
        } else {
            ConnectionStatus::Pending
        };
        let link_id = self.next_link_id;
        self.next_link_id = link_id.wrapping_add(1);
        let known = self.connections.iter().any(|one| one.name.eq_ignore_ascii_case(name));
        self.connections.push(Connection {
            name: if known { format!("{name}.{link_id}") } else { name.to_owned() },
            endpoint: endpoint.clone(),
            status,
            description: message.to_owned(),
            group_id: String::new(),
            link_id,
        });
        Ok(())
    }
}
