//! Tiers, compute platforms, and what they can do in a network.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A pricing tier that the cloud hosts, by its name in ARM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sku {
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
}

impl Sku {
    /// Every tier.
    pub const ALL: [Self; 8] = [
        Self::Consumption,
        Self::Developer,
        Self::Basic,
        Self::Standard,
        Self::Premium,
        Self::BasicV2,
        Self::StandardV2,
        Self::PremiumV2,
    ];

    /// Its name in ARM.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consumption => "Consumption",
            Self::Developer => "Developer",
            Self::Basic => "Basic",
            Self::Standard => "Standard",
            Self::Premium => "Premium",
            Self::BasicV2 => "BasicV2",
            Self::StandardV2 => "StandardV2",
            Self::PremiumV2 => "PremiumV2",
        }
    }

    /// Is it one of the v2 tiers?
    pub const fn is_v2(self) -> bool {
        matches!(self, Self::BasicV2 | Self::StandardV2 | Self::PremiumV2)
    }

    /// Does it take private endpoints?
    ///
    /// Source: private endpoint page: Developer, Basic, Standard, Premium, Standard v2, Premium v2.
    pub const fn takes_private_endpoints(self) -> bool {
        !matches!(self, Self::Consumption | Self::BasicV2)
    }

    /// Most units without asking support.
    ///
    /// Source: Developer is one unit; Premium has a soft limit of 12. Other tiers are not limited here.
    pub const fn most_units(self) -> u32 {
        match self {
            Self::Developer => 1,
            Self::Premium => 12,
            _ => u32::MAX,
        }
    }

    /// Addresses that one unit takes from its subnet; zero for tiers that take none.
    ///
    /// Source: virtual network reference: one on Developer, two on Basic, Standard and Premium.
    pub const fn addresses_per_unit(self) -> u32 {
        match self {
            Self::Developer => 1,
            Self::Basic | Self::Standard | Self::Premium => 2,
            Self::Consumption | Self::BasicV2 | Self::StandardV2 | Self::PremiumV2 => 0,
        }
    }
}

impl FromStr for Sku {
    type Err = UnknownSku;

    fn from_str(text: &str) -> Result<Self, UnknownSku> {
        let found = Self::ALL.into_iter().find(|sku| sku.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| UnknownSku(text.into()))
    }
}

/// A name that is no tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSku(Box<str>);

impl std::fmt::Display for UnknownSku {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` is no tier; the tiers are", self.0)?;
        for (index, sku) in Sku::ALL.iter().enumerate() {
            write!(f, "{} {}", if index == 0 { "" } else { "," }, sku.name())?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownSku {}

/// The compute platform an instance runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Platform {
    /// The first, retired one.
    #[serde(rename = "stv1")]
    Stv1,
    /// The one of classic tiers.
    #[default]
    #[serde(rename = "stv2")]
    Stv2,
    /// The one of v2 tiers.
    #[serde(rename = "stv2.1")]
    Stv21,
    /// The one of Consumption.
    #[serde(rename = "mtv1")]
    Mtv1,
}

impl Platform {
    /// What a new instance of this tier runs on.
    pub const fn of(sku: Sku) -> Self {
        match sku {
            Sku::Consumption => Self::Mtv1,
            Sku::BasicV2 | Sku::StandardV2 | Sku::PremiumV2 => Self::Stv21,
            Sku::Developer | Sku::Basic | Sku::Standard | Sku::Premium => Self::Stv2,
        }
    }

    /// Its name in ARM.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stv1 => "stv1",
            Self::Stv2 => "stv2",
            Self::Stv21 => "stv2.1",
            Self::Mtv1 => "mtv1",
        }
    }

    /// Does it take private endpoints?
    ///
    /// Source: private endpoint page: the `stv2` platform.
    pub const fn takes_private_endpoints(self) -> bool {
        matches!(self, Self::Stv2 | Self::Stv21)
    }
}

/// `virtualNetworkType` of ARM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NetworkType {
    /// In no virtual network.
    #[default]
    None,
    /// Classic: injected, reachable from the internet. v2: public inbound, outbound through a subnet (integration).
    External,
    /// Injected, reachable from its network only.
    Internal,
}

impl NetworkType {
    /// Its name in ARM.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::External => "External",
            Self::Internal => "Internal",
        }
    }

    /// Reads ARM's word; case does not count.
    pub fn from_name(text: &str) -> Option<Self> {
        [Self::None, Self::External, Self::Internal].into_iter().find(|kind| kind.name().eq_ignore_ascii_case(text))
    }
}

/// How tier and network type together place an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// In no virtual network.
    Public,
    /// Classic injection, reachable from the internet.
    InjectedExternal,
    /// Classic injection, reachable from its network only.
    InjectedInternal,
    /// Standard v2 or Premium v2: only outbound traffic goes through a subnet.
    Integrated,
    /// Premium v2: in a subnet, reachable from its network only.
    InjectedV2,
}

impl Model {
    /// The model of a tier and a network type; `None` when the tier does not have it.
    ///
    /// Source: virtual network concepts page: Developer and Premium inject, Standard v2 and Premium v2 integrate,
    /// Premium v2 injects as `Internal`.
    pub const fn of(sku: Sku, kind: NetworkType) -> Option<Self> {
        match (kind, sku) {
            (NetworkType::None, _) => Some(Self::Public),
            (NetworkType::External, Sku::Developer | Sku::Premium) => Some(Self::InjectedExternal),
            (NetworkType::Internal, Sku::Developer | Sku::Premium) => Some(Self::InjectedInternal),
            (NetworkType::External, Sku::StandardV2 | Sku::PremiumV2) => Some(Self::Integrated),
            (NetworkType::Internal, Sku::PremiumV2) => Some(Self::InjectedV2),
            _ => None,
        }
    }

    /// Does inbound traffic arrive in a virtual network? Then private endpoints are out of the question.
    pub const fn is_injected(self) -> bool {
        matches!(self, Self::InjectedExternal | Self::InjectedInternal | Self::InjectedV2)
    }

    /// Do callers from the internet reach nothing at all?
    pub const fn is_internal(self) -> bool {
        matches!(self, Self::InjectedInternal | Self::InjectedV2)
    }

    /// The delegation its subnet must have; `None` when it must have none.
    ///
    /// Source: virtual network integration and injection pages of the v2 tiers.
    pub const fn delegation(self) -> Option<&'static str> {
        match self {
            Self::Integrated => Some("Microsoft.Web/serverFarms"),
            Self::InjectedV2 => Some("Microsoft.Web/hostingEnvironments"),
            Self::Public | Self::InjectedExternal | Self::InjectedInternal => None,
        }
    }

    /// Longest prefix of its subnet.
    ///
    /// Source: `/29` for classic injection; `/27` for the v2 tiers.
    pub const fn longest_prefix(self) -> u8 {
        match self {
            Self::Integrated | Self::InjectedV2 => 27,
            Self::Public | Self::InjectedExternal | Self::InjectedInternal => 29,
        }
    }
}
