//! Virtual networks and their subnets: sizes, overlap, delegation, peering.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use crate::{Refusal, ResourceId};

/// Addresses that the cloud keeps of every subnet: the first four and the last.
pub const RESERVED: u32 = 5;

/// A virtual network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualNetwork {
    /// Region.
    pub location: String,
    /// Address space.
    pub prefixes: Vec<IpNet>,
    /// Subnets.
    pub subnets: Vec<Subnet>,
    /// Peerings.
    pub peerings: Vec<Peering>,
    /// DNS servers of its own; empty for the cloud's.
    pub dns_servers: Vec<IpAddr>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// Name.
    pub name: String,
    /// Address range.
    pub prefix: IpNet,
    /// Services it is delegated to, such as `Microsoft.Web/serverFarms`.
    #[serde(default)]
    pub delegations: Vec<String>,
    /// Network security group.
    #[serde(default)]
    pub security_group: Option<ResourceId>,
    /// Are network policies on for private endpoints (`privateEndpointNetworkPolicies`)?
    #[serde(default)]
    pub endpoint_policies: EndpointPolicies,
}

/// `privateEndpointNetworkPolicies` of a subnet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndpointPolicies {
    /// Off: what a new subnet has.
    #[default]
    Disabled,
    /// On.
    Enabled,
}

/// A peering to another virtual network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peering {
    /// Name.
    pub name: String,
    /// The other network.
    pub remote: ResourceId,
}

impl Subnet {
    /// A subnet with defaults.
    pub fn new(name: &str, prefix: IpNet) -> Self {
        Self {
            name: name.to_owned(),
            prefix,
            delegations: Vec::new(),
            security_group: None,
            endpoint_policies: EndpointPolicies::Disabled,
        }
    }

    /// Its IPv4 range.
    pub fn v4(&self) -> Option<Ipv4Net> {
        match self.prefix {
            IpNet::V4(net) => Some(net.trunc()),
            IpNet::V6(_) => None,
        }
    }
}

impl VirtualNetwork {
    /// A subnet by name; case does not count.
    pub fn subnet(&self, name: &str) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.name.eq_ignore_ascii_case(name))
    }

    /// Does an address belong to it?
    pub fn contains(&self, address: IpAddr) -> bool {
        self.prefixes.iter().any(|prefix| prefix.contains(&address))
    }

    /// Checks ranges: every subnet inside the address space, none over another, none too small.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, name: &str) -> Result<(), Refusal> {
        if self.prefixes.is_empty() {
            return Err(Refusal::new(
                "InvalidRequestFormat",
                format!("Virtual network '{name}' has no address prefix."),
                "give it one, such as `10.0.0.0/16`",
            ));
        }
        for (index, subnet) in self.subnets.iter().enumerate() {
            self.check_subnet(name, subnet, &self.subnets[..index])?;
        }
        Ok(())
    }

    fn check_subnet(&self, network: &str, subnet: &Subnet, before: &[Subnet]) -> Result<(), Refusal> {
        let (name, prefix) = (&subnet.name, subnet.prefix);
        if !self.prefixes.iter().any(|space| space.contains(&prefix)) {
            return Err(Refusal::new(
                "NetcfgInvalidSubnet",
                format!("Subnet '{name}' is not valid in virtual network '{network}'."),
                format!("choose a range inside the address space of the network; {prefix} is not"),
            ));
        }
        if matches!(prefix, IpNet::V4(net) if net.prefix_len() > 29) {
            return Err(Refusal::new(
                "NetcfgInvalidSubnet",
                format!("Subnet '{name}' is not valid in virtual network '{network}': {prefix} is smaller than /29."),
                "the smallest subnet is a /29: five of its eight addresses are kept by the cloud",
            ));
        }
        for other in before {
            if other.name.eq_ignore_ascii_case(name) {
                return Err(Refusal::new(
                    "InvalidRequestFormat",
                    format!("Virtual network '{network}' has two subnets named '{name}'."),
                    "give one of them another name",
                ));
            }
            if other.prefix.contains(&prefix) || prefix.contains(&other.prefix) {
                return Err(Refusal::new(
                    "NetcfgSubnetRangesOverlap",
                    format!(
                        "Subnet '{name}' is not valid because its IP address range overlaps with that of an existing \
                         subnet in virtual network '{network}'."
                    ),
                    format!("choose a range outside {} of '{}'", other.prefix, other.name),
                ));
            }
        }
        Ok(())
    }
}

/// The number of addresses of a range that resources can have.
pub fn usable(net: Ipv4Net) -> u32 {
    addresses(net).saturating_sub(RESERVED)
}

/// The number of addresses of a range, all counted.
pub fn addresses(net: Ipv4Net) -> u32 {
    1_u32.checked_shl(u32::from(32 - net.prefix_len())).unwrap_or(u32::MAX)
}

/// The addresses that resources can have, in order.
pub fn usable_addresses(net: Ipv4Net) -> impl Iterator<Item = Ipv4Addr> {
    let net = net.trunc();
    let first = u32::from(net.network());
    (4..addresses(net).saturating_sub(1)).map(move |offset| Ipv4Addr::from(first + offset))
}

/// Is an address of a subnet one that a resource can have?
pub fn is_usable(net: Ipv4Net, address: Ipv4Addr) -> bool {
    let net = net.trunc();
    let offset = u32::from(address).wrapping_sub(u32::from(net.network()));
    net.contains(&address) && offset >= 4 && offset < addresses(net) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(subnets: &[(&str, &str)]) -> VirtualNetwork {
        VirtualNetwork {
            location: "westeurope".into(),
            prefixes: vec!["10.0.0.0/16".parse().unwrap()],
            subnets: subnets.iter().map(|(name, range)| Subnet::new(name, range.parse().unwrap())).collect(),
            ..VirtualNetwork::default()
        }
    }

    #[test]
    fn the_cloud_keeps_five_addresses_of_every_subnet() {
        for (range, all, left) in [
            ("10.0.0.0/29", 8, 3),
            ("10.0.0.0/28", 16, 11),
            ("10.0.0.0/27", 32, 27),
            ("10.0.0.0/26", 64, 59),
            ("10.0.0.0/25", 128, 123),
        ] {
            let net = range.parse().unwrap();
            assert_eq!((addresses(net), usable(net)), (all, left), "{range}");
            assert_eq!(usable_addresses(net).count(), left as usize);
            assert!(usable_addresses(net).all(|address| is_usable(net, address)));
        }
        let net = "10.0.0.0/29".parse().unwrap();
        assert_eq!(usable_addresses(net).next(), Some("10.0.0.4".parse().unwrap()));
        assert!(!is_usable(net, "10.0.0.3".parse().unwrap()) && !is_usable(net, "10.0.0.7".parse().unwrap()));
    }

    #[test]
    fn subnets_lie_inside_apart_and_are_large_enough() {
        assert_eq!(network(&[("a", "10.0.0.0/24"), ("b", "10.0.1.0/24")]).check("vn"), Ok(()));
        let code = |subnets: &[(&str, &str)]| network(subnets).check("vn").unwrap_err().code;
        assert_eq!(code(&[("a", "10.1.0.0/24")]), "NetcfgInvalidSubnet");
        assert_eq!(code(&[("a", "10.0.0.0/30")]), "NetcfgInvalidSubnet");
        assert_eq!(code(&[("a", "10.0.0.0/24"), ("b", "10.0.0.128/25")]), "NetcfgSubnetRangesOverlap");
        assert_eq!(code(&[("a", "10.0.0.0/24"), ("A", "10.0.1.0/24")]), "InvalidRequestFormat");
    }
}
