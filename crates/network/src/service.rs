//! One instance of the gateway's service in its network.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::{Connection, Model, NetworkType, Platform, Refusal, ResourceId, Sku};

/// May callers from the internet use the gateway?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PublicAccess {
    /// Yes.
    #[default]
    Enabled,
    /// Only private endpoint connections.
    Disabled,
}

/// Where units of an instance are. The first of an instance is its primary location.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Region; `West Europe` and `westeurope` are the same.
    pub location: String,
    /// Units.
    pub units: u32,
    /// Subnet, when the instance is in a virtual network.
    #[serde(default)]
    pub subnet: Option<ResourceId>,
    /// Public IP address resource, for classic injection.
    #[serde(default)]
    pub public_address: Option<ResourceId>,
    /// Availability zones.
    #[serde(default)]
    pub zones: Vec<String>,
}

/// What an instance is asked to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSpec {
    /// Tier.
    pub sku: Sku,
    /// Compute platform; the tier's own when not given.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// Network type.
    pub network_type: NetworkType,
    /// Primary location, then additional ones.
    pub sites: Vec<Site>,
    /// Public network access.
    pub public_access: PublicAccess,
    /// Host names of the gateway besides the default ones.
    #[serde(default)]
    pub hosts: Vec<String>,
}

/// An instance as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceNetwork {
    /// Its resource id.
    pub id: ResourceId,
    /// What it was asked to be, in force.
    pub spec: ServiceSpec,
    /// Platform.
    pub platform: Platform,
    /// One for each site.
    pub places: Vec<Place>,
    /// Private endpoint connections, oldest first.
    pub connections: Vec<Connection>,
    pub(crate) next_link_id: u32,
}

/// What a site was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The public virtual address; classic internal instances have one for management traffic only.
    pub public: IpAddr,
    /// The private virtual address, in internal mode.
    pub private: Option<Ipv4Addr>,
    /// Every address it takes from its subnet, the private virtual one included.
    pub addresses: Vec<Ipv4Addr>,
}

/// What a change did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Did a virtual address (public or private) change?
    pub address_changed: bool,
}

impl ServiceNetwork {
    /// Its name.
    pub fn name(&self) -> &str {
        self.id.name()
    }

    /// How it is placed.
    pub fn model(&self) -> Model {
        Model::of(self.spec.sku, self.spec.network_type).unwrap_or(Model::Public)
    }

    /// A connection by name; case does not count.
    pub fn connection(&self, name: &str) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.name.eq_ignore_ascii_case(name))
    }

    /// Is any connection approved?
    pub fn has_approved_connection(&self) -> bool {
        self.connections.iter().any(Connection::is_approved)
    }

    /// Addresses at which its names resolve for the public; none in internal mode.
    pub fn public_addresses(&self) -> Vec<IpAddr> {
        self.places.iter().map(|place| place.public).collect()
    }

    /// Private virtual addresses, in internal mode.
    pub fn private_addresses(&self) -> Vec<Ipv4Addr> {
        self.places.iter().filter_map(|place| place.private).collect()
    }

    /// May this be its public network access now?
    ///
    /// Source: private endpoint page; the codes were observed by others in the cloud.
    ///
    /// # Errors
    /// Injected, or no approved connection.
    pub(crate) fn check_public_access(&self, wanted: PublicAccess, model: Model) -> Result<(), Refusal> {
        if wanted == PublicAccess::Enabled {
            return Ok(());
        }
        if model.is_injected() {
            return Err(Refusal::new(
                "PublicNetworkAccessNotSupportedWithVirtualNetwork",
                format!(
                    "Disabling all `publicNetworkAccess` for service {} is not supported while it is injected into a \
                     virtual network.",
                    self.name()
                ),
                "set `virtualNetworkType` to None first, or leave `publicNetworkAccess` Enabled",
            ));
        }
        // What is disabled already stays so when the last connection goes.
        if self.spec.public_access == PublicAccess::Enabled && !self.has_approved_connection() {
            return Err(Refusal::new(
                "DisablingPublicNetworkAccessRequiredPrivateEndpoint",
                format!(
                    "Disabling all `publicNetworkAccess` for service {} is not supported if the service does not have \
                     at least one approved private endpoint connection.",
                    self.name()
                ),
                "create a private endpoint and have its connection approved first",
            ));
        }
        Ok(())
    }
}

/// A region's name without blanks and case: `West Europe` is `westeurope`.
pub fn region(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase()
}
