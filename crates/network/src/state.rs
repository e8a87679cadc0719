//! All networks and services of one stand-in, and the operations that change them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::service::region;
use crate::{
    PrivateEndpoint, PrivateLinkService, Refusal, ResourceId, ServiceNetwork, Subnet, VirtualNetwork, Zone, vnet,
};

/// Everything: services, virtual networks, private endpoints, private zones.
///
/// Every method that changes something either does all of it or returns a [`Refusal`] and has changed nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    #[serde(with = "crate::list")]
    pub(crate) services: BTreeMap<ResourceId, ServiceNetwork>,
    #[serde(with = "crate::list")]
    pub(crate) virtual_networks: BTreeMap<ResourceId, VirtualNetwork>,
    #[serde(with = "crate::list")]
    pub(crate) public_addresses: BTreeMap<ResourceId, PublicAddress>,
    #[serde(with = "crate::list")]
    pub(crate) endpoints: BTreeMap<ResourceId, PrivateEndpoint>,
    #[serde(with = "crate::list")]
    pub(crate) link_services: BTreeMap<ResourceId, PrivateLinkService>,
    #[serde(with = "crate::list")]
    pub(crate) zones: BTreeMap<ResourceId, Zone>,
    pub(crate) next_public: u32,
}

/// A public IP address resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicAddress {
    /// Region.
    pub location: String,
    /// `Standard` or `Basic`.
    pub sku: String,
    /// The address.
    pub address: IpAddr,
}

impl Network {
    /// Nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Services, by id.
    pub fn services(&self) -> impl Iterator<Item = (&ResourceId, &ServiceNetwork)> {
        self.services.iter()
    }

    /// A service.
    pub fn service(&self, id: &ResourceId) -> Option<&ServiceNetwork> {
        self.services.get(id)
    }

    /// Virtual networks, by id.
    pub fn virtual_networks(&self) -> impl Iterator<Item = (&ResourceId, &VirtualNetwork)> {
        self.virtual_networks.iter()
    }

    /// A virtual network.
    pub fn virtual_network(&self, id: &ResourceId) -> Option<&VirtualNetwork> {
        self.virtual_networks.get(id)
    }

    /// A subnet by its own id, with the network it is in.
    ///
    /// # Errors
    /// There is none.
    pub fn subnet(&self, id: &ResourceId) -> Result<(&VirtualNetwork, &Subnet), Refusal> {
        let network = self.virtual_networks.get(&id.parent());
        let network = network.ok_or_else(|| Refusal::not_found("virtual network", id.parent()))?;
        let subnet = network.subnet(id.name()).ok_or_else(|| Refusal::not_found("subnet", id))?;
        Ok((network, subnet))
    }

    /// A public IP address resource.
    pub fn public_address(&self, id: &ResourceId) -> Option<&PublicAddress> {
        self.public_addresses.get(id)
    }

    /// Creates a virtual network, or replaces it. Its peerings stay what they are unless the new one names some.
    ///
    /// # Errors
    /// Ranges that overlap, lie outside or are too small; or a subnet in use that would go or change its range.
    pub fn put_virtual_network(&mut self, id: &ResourceId, mut network: VirtualNetwork) -> Result<(), Refusal> {
        network.check(id.name())?;
        if let Some(old) = self.virtual_networks.get(id) {
            if region(&old.location) != region(&network.location) {
                return Err(location_is_fixed(id, &old.location));
            }
            for subnet in &old.subnets {
                let kept = network.subnet(&subnet.name).is_some_and(|new| new.prefix == subnet.prefix);
                if !kept {
                    self.refuse_if_used(&id.child("subnets", &subnet.name), "InUseSubnetCannotBeUpdated")?;
                }
            }
            if network.peerings.is_empty() {
                network.peerings.clone_from(&old.peerings);
            }
        }
        for peering in &network.peerings {
            self.check_peering(id, &network, &peering.remote)?;
        }
        self.virtual_networks.insert(id.clone(), network);
        Ok(())
    }

    /// Deletes a peering; `false` when there was none.
    pub fn delete_peering(&mut self, network: &ResourceId, name: &str) -> bool {
        let Some(network) = self.virtual_networks.get_mut(network) else { return false };
        let before = network.peerings.len();
        network.peerings.retain(|peering| !peering.name.eq_ignore_ascii_case(name));
        network.peerings.len() < before
    }

    /// Deletes a virtual network; `false` when there was none.
    ///
    /// # Errors
    /// Something is in one of its subnets.
    pub fn delete_virtual_network(&mut self, id: &ResourceId) -> Result<bool, Refusal> {
        let Some(network) = self.virtual_networks.get(id) else { return Ok(false) };
        for subnet in &network.subnets {
            self.refuse_if_used(&id.child("subnets", &subnet.name), "InUseSubnetCannotBeDeleted")?;
        }
        self.virtual_networks.remove(id);
        for network in self.virtual_networks.values_mut() {
            network.peerings.retain(|peering| peering.remote != *id);
        }
        for zone in self.zones.values_mut() {
            zone.links.retain(|_, link| link.network != *id);
        }
        Ok(true)
    }

    /// Creates a subnet, or replaces it; `id` is the subnet's.
    ///
    /// # Errors
    /// As [`put_virtual_network`](Self::put_virtual_network).
    pub fn put_subnet(&mut self, id: &ResourceId, subnet: Subnet) -> Result<(), Refusal> {
        let parent = id.parent();
        let network = self.virtual_networks.get(&parent);
        let mut network = network.ok_or_else(|| Refusal::not_found("virtual network", &parent))?.clone();
        match network.subnets.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&subnet.name)) {
            Some(known) => *known = subnet,
            None => network.subnets.push(subnet),
        }
        self.put_virtual_network(&parent, network)
    }

    /// Deletes a subnet; `false` when there was none.
    ///
    /// # Errors
    /// Something is in it.
    pub fn delete_subnet(&mut self, id: &ResourceId) -> Result<bool, Refusal> {
        if self.subnet(id).is_err() {
            return Ok(false);
        }
        self.refuse_if_used(id, "InUseSubnetCannotBeDeleted")?;
        if let Some(network) = self.virtual_networks.get_mut(&id.parent()) {
            network.subnets.retain(|subnet| !subnet.name.eq_ignore_ascii_case(id.name()));
        }
        Ok(true)
    }

    fn check_peering(&self, id: &ResourceId, network: &VirtualNetwork, remote: &ResourceId) -> Result<(), Refusal> {
        let Some(other) = self.virtual_networks.get(remote) else { return Ok(()) };
        let overlap = network.prefixes.iter().any(|a| other.prefixes.iter().any(|b| a.contains(b) || b.contains(a)));
        if remote == id || overlap {
            return Err(Refusal::new(
                "VnetAddressSpacesOverlap",
                format!(
                    "Cannot create or update peering: the address spaces of '{}' and '{}' overlap.",
                    id.name(),
                    remote.name()
                ),
                "peer networks with separate ranges; a Private Link Service reaches one that overlaps",
            ));
        }
        Ok(())
    }

    /// Creates a public IP address resource, or replaces it. Without an address it gets the next of `203.0.113.0/24`.
    ///
    /// # Errors
    /// The address belongs to another.
    pub fn put_public_address(
        &mut self,
        id: &ResourceId,
        location: &str,
        sku: &str,
        address: Option<IpAddr>,
    ) -> Result<IpAddr, Refusal> {
        let known = self.public_addresses.get(id).map(|known| known.address);
        let address = match address.or(known) {
            Some(address) => address,
            None => self.next_public_address(),
        };
        if self.public_addresses.iter().any(|(other, known)| other != id && known.address == address) {
            return Err(Refusal::new(
                "PublicIPAddressInUse",
                format!("The address {address} belongs to another public IP address resource."),
                "leave the address out to get a free one",
            )
            .conflict());
        }
        let public = PublicAddress { location: location.to_owned(), sku: sku.to_owned(), address };
        self.public_addresses.insert(id.clone(), public);
        Ok(address)
    }

    /// Deletes a public IP address resource; `false` when there was none.
    ///
    /// # Errors
    /// A service has it.
    pub fn delete_public_address(&mut self, id: &ResourceId) -> Result<bool, Refusal> {
        let used = self.services.values().find(|service| {
            service.model().is_injected()
                && service.spec.sites.iter().any(|site| site.public_address.as_ref() == Some(id))
        });
        if let Some(service) = used {
            return Err(Refusal::new(
                "PublicIPAddressCannotBeDeleted",
                format!("Public IP address {} is in use by {}.", id.name(), service.id),
                "take the service out of its virtual network first, or give it another address",
            )
            .conflict());
        }
        Ok(self.public_addresses.remove(id).is_some())
    }

    /// The next address of the ranges kept for documentation and measurements.
    pub(crate) fn next_public_address(&mut self) -> IpAddr {
        loop {
            let number = self.next_public;
            self.next_public = self.next_public.wrapping_add(1);
            let address = match number {
                0..=253 => Ipv4Addr::new(203, 0, 113, u8::try_from(number + 1).unwrap_or(1)),
                _ => Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + number % 0x2_0000),
            };
            if !self.public_addresses.values().any(|known| known.address == IpAddr::V4(address)) {
                return address.into();
            }
        }
    }

    /// Every address of a subnet that something has.
    pub fn taken(&self, subnet: &ResourceId) -> BTreeSet<Ipv4Addr> {
        self.taken_by_others(subnet, None)
    }

    pub(crate) fn taken_by_others(&self, subnet: &ResourceId, service: Option<&ResourceId>) -> BTreeSet<Ipv4Addr> {
        let endpoints = self.endpoints.values().filter(|endpoint| endpoint.subnet == *subnet).map(|one| one.address);
        let links = self.link_services.values().filter(|link| link.subnet == *subnet).flat_map(|link| link.nat.clone());
        let others = self.services.iter().filter(|(id, _)| service != Some(*id));
        let services = others.flat_map(|(_, service)| {
            let sites = service.spec.sites.iter().zip(&service.places);
            sites
                .filter(|(site, _)| site.subnet.as_ref() == Some(subnet))
                .flat_map(|(_, place)| place.addresses.clone())
        });
        endpoints.chain(links).chain(services).collect()
    }

    /// So many free addresses of a subnet, lowest first.
    ///
    /// # Errors
    /// There are not so many.
    pub(crate) fn free(
        &self,
        id: &ResourceId,
        count: u32,
        taken: &BTreeSet<Ipv4Addr>,
    ) -> Result<Vec<Ipv4Addr>, Refusal> {
        let (_, subnet) = self.subnet(id)?;
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        let range = subnet.v4();
        let free = range.into_iter().flat_map(vnet::usable_addresses).filter(|address| !taken.contains(address));
        let free: Vec<Ipv4Addr> = free.take(wanted).collect();
        if free.len() < wanted {
            return Err(Refusal::new(
                "SubnetIsFull",
                format!(
                    "Subnet {} with address prefix {} does not have enough capacity for {count} IP addresses.",
                    id.name(),
                    subnet.prefix
                ),
                format!("choose a larger subnet (`apimite network plan`), or fewer units; {} are taken", taken.len()),
            ));
        }
        Ok(free)
    }

    fn refuse_if_used(&self, subnet: &ResourceId, code: &'static str) -> Result<(), Refusal> {
        let service = self
            .services
            .values()
            .find(|service| service.spec.sites.iter().any(|site| site.subnet.as_ref() == Some(subnet)));
        let endpoint = self.endpoints.iter().find(|(_, endpoint)| endpoint.subnet == *subnet);
        let link = self.link_services.iter().find(|(_, link)| link.subnet == *subnet);
        let user = service.map(|service| &service.id).or(endpoint.map(|(id, _)| id)).or(link.map(|(id, _)| id));
        match user {
            None => Ok(()),
            Some(user) => Err(Refusal::new(
                code,
                format!("Subnet {} is in use by {user} and cannot be deleted or given another range.", subnet.name()),
                "delete or move what is in the subnet first",
            )),
        }
    }
}

fn location_is_fixed(id: &ResourceId, old: &str) -> Refusal {
    Refusal::new(
        "InvalidResourceLocation",
        format!("The resource '{}' already exists in location '{old}'.", id.name()),
        "keep its location, or choose another name",
    )
    .conflict()
}
