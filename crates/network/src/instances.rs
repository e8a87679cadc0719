//! Creating, changing and deleting services: every rule about where an instance may be.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use crate::service::{Effect, Place, PublicAccess, region};
use crate::{ConnectionStatus, Model, Network, Platform, Refusal, ResourceId, ServiceNetwork, ServiceSpec, Site};

impl Network {
    /// Creates a service, or changes it into what `spec` says. Connections are left alone.
    ///
    /// # Errors
    /// Any rule of placement, size or public access.
    pub fn put_service(&mut self, id: &ResourceId, mut spec: ServiceSpec) -> Result<Effect, Refusal> {
        let old = self.services.get(id).cloned();
        let model = check_model(&spec)?;
        let platform = spec.platform.unwrap_or(old.as_ref().map_or(Platform::of(spec.sku), |old| old.platform));
        check_units(&spec)?;
        if model == Model::Public {
            for site in &mut spec.sites {
                site.subnet = None;
            }
        }
        for site in &spec.sites {
            self.check_site(id, model, site)?;
        }
        match &old {
            None if spec.public_access == PublicAccess::Disabled => return Err(not_at_creation(id)),
            None => {}
            Some(old) => {
                check_change(old, &spec, model, platform)?;
                old.check_public_access(spec.public_access, model)?;
            }
        }
        let mut draft = self.clone();
        let (places, address_changed) = draft.places(id, &spec, model, old.as_ref())?;
        let (connections, next_link_id) = old.map_or((Vec::new(), 1), |old| (old.connections, old.next_link_id));
        let service = ServiceNetwork { id: id.clone(), spec, platform, places, connections, next_link_id };
        draft.services.insert(id.clone(), service);
        *self = draft;
        Ok(Effect { address_changed })
    }

    /// Deletes a service; `false` when there was none. Endpoints that reached it are disconnected.
    pub fn delete_service(&mut self, id: &ResourceId) -> bool {
        self.services.remove(id).is_some()
    }

    /// Admits callers from the internet, or not.
    ///
    /// # Errors
    /// There is no such service; it is injected; no connection of it is approved.
    pub fn set_public_access(&mut self, id: &ResourceId, access: PublicAccess) -> Result<(), Refusal> {
        let service = self.services.get_mut(id).ok_or_else(|| Refusal::not_found("service", id))?;
        service.check_public_access(access, service.model())?;
        service.spec.public_access = access;
        Ok(())
    }

    /// Gives the primary location of a service the addresses that it is said to have, where they fit: a private one must be of
    /// its subnet.
    pub fn pin(&mut self, id: &ResourceId, public: Option<IpAddr>, private: Option<Ipv4Addr>) {
        let Some(service) = self.services.get(id) else { return };
        let subnet = service.spec.sites.first().and_then(|site| site.subnet.as_ref());
        let range = subnet.and_then(|subnet| self.subnet(subnet).ok()).and_then(|(_, subnet)| subnet.v4());
        let private = private.filter(|address| range.is_some_and(|range| range.contains(address)));
        let Some(place) = self.services.get_mut(id).and_then(|service| service.places.first_mut()) else { return };
        place.public = public.unwrap_or(place.public);
        if let (Some(address), Some(first)) = (private, place.private) {
            match place.addresses.iter().position(|known| *known == address) {
                Some(at) => place.addresses.swap(0, at),
                None => place.addresses.iter_mut().filter(|known| **known == first).for_each(|known| *known = address),
            }
            place.private = Some(address);
        }
    }

    fn check_site(&self, id: &ResourceId, model: Model, site: &Site) -> Result<(), Refusal> {
        if model == Model::Public {
            return Ok(());
        }
        let Some(subnet_id) = &site.subnet else {
            return Err(Refusal::new(
                "VirtualNetworkConfigurationRequired",
                format!(
                    "Service {} needs a subnet in location '{}' for its virtual network type.",
                    id.name(),
                    site.location
                ),
                "give `virtualNetworkConfiguration.subnetResourceId`, for every location",
            ));
        };
        if !subnet_id.subscription().eq_ignore_ascii_case(id.subscription()) {
            return Err(Refusal::new(
                "SubnetInOtherSubscription",
                format!("Subnet {subnet_id} is not in the subscription of service {}.", id.name()),
                "use a virtual network of the service's own subscription",
            ));
        }
        let (network, subnet) = self.subnet(subnet_id)?;
        if region(&network.location) != region(&site.location) {
            return Err(Refusal::new(
                "VirtualNetworkLocationMismatch",
                format!(
                    "Virtual network {} is in '{}', service {} in '{}'.",
                    subnet_id.parent().name(),
                    network.location,
                    id.name(),
                    site.location
                ),
                "use a virtual network of the same region",
            ));
        }
        let longest = model.longest_prefix();
        if subnet.v4().is_none_or(|range| range.prefix_len() > longest) {
            return Err(Refusal::new(
                "SubnetTooSmall",
                format!("Subnet {} with address prefix {} is too small for an instance.", subnet.name, subnet.prefix),
                format!("use an IPv4 subnet of /{longest} or larger; `apimite network plan` tells how many units fit"),
            ));
        }
        check_delegation(id, model, subnet_id, &subnet.delegations)?;
        if subnet.security_group.is_none() {
            return Err(Refusal::new(
                "NetworkSecurityGroupRequired",
                format!("Subnet {} has no network security group.", subnet.name),
                "attach one that lets in 3443 from ApiManagement and 6390 from AzureLoadBalancer: the load balancer \
                 denies by default",
            ));
        }
        if matches!(model, Model::InjectedExternal | Model::InjectedInternal) {
            self.check_public(site)
        } else {
            Ok(())
        }
    }

    fn check_public(&self, site: &Site) -> Result<(), Refusal> {
        let Some(id) = &site.public_address else {
            return Err(Refusal::new(
                "PublicIpAddressRequired",
                format!("The service needs a public IP address resource in location '{}'.", site.location),
                "give `publicIpAddressId` of a Standard SKU IPv4 address",
            ));
        };
        let public = self.public_addresses.get(id).ok_or_else(|| Refusal::not_found("public IP address", id))?;
        let standard = public.sku.eq_ignore_ascii_case("Standard") && public.address.is_ipv4();
        if !standard || region(&public.location) != region(&site.location) {
            return Err(Refusal::new(
                "PublicIpAddressNotSupported",
                format!("Public IP address {} cannot be used for a service in '{}'.", id.name(), site.location),
                "use a Standard SKU IPv4 address of the same region",
            ));
        }
        Ok(())
    }

    fn places(
        &mut self,
        id: &ResourceId,
        spec: &ServiceSpec,
        model: Model,
        old: Option<&ServiceNetwork>,
    ) -> Result<(Vec<Place>, bool), Refusal> {
        let mut places = Vec::new();
        let mut changed = false;
        let mut mine: Vec<(ResourceId, Ipv4Addr)> = Vec::new();
        for site in &spec.sites {
            let before = old.and_then(|old| {
                let index =
                    old.spec.sites.iter().position(|known| region(&known.location) == region(&site.location))?;
                Some((old.spec.sites.get(index)?, old.places.get(index)?))
            });
            // Source: changing external and internal, the subnet or the zones changes the virtual address.
            let kept = before.filter(|(known, _)| {
                known.subnet == site.subnet
                    && known.zones == site.zones
                    && old.is_some_and(|old| old.spec.network_type == spec.network_type)
            });
            let given = site.public_address.as_ref().filter(|_| model.is_injected());
            let given = given.and_then(|id| self.public_addresses.get(id)).map(|public| public.address);
            let public: IpAddr = match (given, kept) {
                (Some(address), _) => address,
                (None, Some((_, place))) => place.public,
                (None, None) => self.next_public_address(),
            };
            let addresses = match &site.subnet {
                None => Vec::new(),
                Some(subnet) => {
                    let mut taken = self.taken_by_others(subnet, Some(id));
                    taken.extend(mine.iter().filter(|(known, _)| known == subnet).map(|(_, address)| *address));
                    let keep = kept.map_or(&[][..], |(_, place)| &place.addresses);
                    self.seats(subnet, demand(spec, model, site.units), keep, taken)?
                }
            };
            if let Some(subnet) = &site.subnet {
                mine.extend(addresses.iter().map(|address| (subnet.clone(), *address)));
            }
            let private = addresses.first().copied().filter(|_| model.is_internal());
            let place = Place { public, private, addresses };
            changed |= before.is_some_and(|(_, old)| old.public != place.public || old.private != place.private);
            places.push(place);
        }
        Ok((places, changed))
    }

    /// Addresses of a site: those it has, as far as they suffice, then free ones.
    fn seats(
        &self,
        subnet: &ResourceId,
        count: u32,
        keep: &[Ipv4Addr],
        mut taken: BTreeSet<Ipv4Addr>,
    ) -> Result<Vec<Ipv4Addr>, Refusal> {
        let count_kept = u32::try_from(keep.len()).unwrap_or(u32::MAX).min(count);
        let mut seats: Vec<Ipv4Addr> = keep.iter().copied().take(count as usize).collect();
        taken.extend(&seats);
        seats.extend(self.free(subnet, count - count_kept, &taken)?);
        Ok(seats)
    }
}

/// Addresses that units in one subnet take, with the load balancer of internal mode.
pub(crate) fn demand(spec: &ServiceSpec, model: Model, units: u32) -> u32 {
    let units = if model == Model::Public { 0 } else { units.saturating_mul(spec.sku.addresses_per_unit()) };
    units.saturating_add(u32::from(model.is_internal()))
}

fn check_model(spec: &ServiceSpec) -> Result<Model, Refusal> {
    Model::of(spec.sku, spec.network_type).ok_or_else(|| {
        Refusal::new(
            "ManagingVirtualNetworkConfigurationNotSupported",
            format!(
                "Setting up '{}' Virtual Network Type is not supported for Sku Type '{}'.",
                spec.network_type.name(),
                spec.sku.name()
            ),
            "Developer and Premium are injected, Standard v2 and Premium v2 integrate outbound traffic (External), \
             Premium v2 is injected (Internal)",
        )
    })
}

fn check_units(spec: &ServiceSpec) -> Result<(), Refusal> {
    if spec.sites.is_empty() {
        return Err(Refusal::new("InvalidParameters", "The service has no location.", "give it a location"));
    }
    for (index, site) in spec.sites.iter().enumerate() {
        if spec.sites.iter().take(index).any(|other| region(&other.location) == region(&site.location)) {
            return Err(Refusal::new(
                "InvalidParameters",
                format!("Location '{}' is given twice.", site.location),
                "give every location once, with all its units",
            ));
        }
        let most = spec.sku.most_units();
        if site.units > most {
            return Err(Refusal::new(
                "InvalidSkuCapacity",
                format!("Sku '{}' takes at most {most} units, not {}.", spec.sku.name(), site.units),
                if most == 1 {
                    "use one unit, or another tier"
                } else {
                    "more units need a support request in the cloud"
                },
            ));
        }
    }
    Ok(())
}

fn not_at_creation(id: &ResourceId) -> Refusal {
    Refusal::new(
        "ActivateServiceWithPrivateEndpointAccessNotAllowed",
        format!(
            "Blocking all public network access by setting property `publicNetworkAccess` of API Management service {} is \
             not enabled during service creation.",
            id.name()
        ),
        "create the service with public access, then a private endpoint, then disable it",
    )
}

fn check_change(old: &ServiceNetwork, spec: &ServiceSpec, model: Model, platform: Platform) -> Result<(), Refusal> {
    let home = |spec: &ServiceSpec| spec.sites.first().map(|site| region(&site.location));
    if home(&old.spec) != home(spec) {
        return Err(Refusal::new(
            "InvalidResourceLocation",
            format!("The service '{}' cannot move to another location.", old.name()),
            "keep its location, or create another service",
        )
        .conflict());
    }
    let alive = old.connections.iter().any(|one| one.status != ConnectionStatus::Disconnected);
    if alive && model.is_injected() {
        return Err(Refusal::new(
            "VirtualNetworkNotSupportedWithPrivateEndpoint",
            format!(
                "Service {} has private endpoint connections and cannot be injected into a virtual network.",
                old.name()
            ),
            "delete its private endpoint connections first",
        ));
    }
    if alive && !(spec.sku.takes_private_endpoints() && platform.takes_private_endpoints()) {
        return Err(Refusal::new(
            "PrivateEndpointNotSupportedInServiceSku",
            format!(
                "Service {} has private endpoint connections, which Sku '{}' on platform '{}' does not support.",
                old.name(),
                spec.sku.name(),
                platform.name()
            ),
            "delete its private endpoint connections first",
        ));
    }
    Ok(())
}

fn check_delegation(id: &ResourceId, model: Model, subnet: &ResourceId, has: &[String]) -> Result<(), Refusal> {
    match model.delegation() {
        None if has.is_empty() => Ok(()),
        None => Err(Refusal::new(
            "SubnetWithDelegationNotSupported",
            format!(
                "Subnet {} is delegated to {} and cannot hold service {}.",
                subnet.name(),
                has.join(", "),
                id.name()
            ),
            "remove the delegation, or use another subnet",
        )),
        Some(wanted) if has.iter().any(|one| one.eq_ignore_ascii_case(wanted)) => Ok(()),
        Some(wanted) => Err(Refusal::new(
            "SubnetDelegationRequired",
            format!(
                "API Management service V2 virtual network configuration with SubnetId {subnet} requires the subnet to be \
                 delegated to {wanted}."
            ),
            format!("delegate the subnet to {wanted}"),
        )),
    }
}
