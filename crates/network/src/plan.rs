//! How many units fit into a subnet.

use ipnet::Ipv4Net;

use crate::instances::demand;
use crate::vnet::{addresses, usable};
use crate::{Model, NetworkType, Refusal, ServiceSpec, Sku};

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct PlanRequest {
    /// Tier.
    pub sku: Sku,
    /// Network type.
    pub mode: NetworkType,
    /// Subnet.
    pub subnet: Ipv4Net,
    /// Addresses of it that others have.
    pub taken: u32,
}

/// What fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Addresses of the subnet, all counted.
    pub addresses: u32,
    /// Without those that the cloud keeps.
    pub usable: u32,
    /// Addresses that others have.
    pub taken: u32,
    /// Addresses of the load balancer of internal mode.
    pub for_load_balancer: u32,
    /// Addresses of one unit.
    pub per_unit: u32,
    /// Units that the addresses suffice for.
    pub units: u32,
    /// Most units of the tier without asking support.
    pub most_units: u32,
}

/// Plans an instance.
///
/// # Errors
/// The tier has no such mode, the subnet is too small for any instance, or nothing fits beside what is there.
pub fn plan(request: &PlanRequest) -> Result<Plan, Refusal> {
    let PlanRequest { sku, mode, subnet, taken } = *request;
    let spec = ServiceSpec { sku, network_type: mode, ..ServiceSpec::default() };
    let model = Model::of(sku, mode).filter(|model| *model != Model::Public).ok_or_else(|| {
        Refusal::new(
            "ManagingVirtualNetworkConfigurationNotSupported",
            format!("Setting up '{}' Virtual Network Type is not supported for Sku Type '{}', so it takes no subnet.", mode.name(), sku.name()),
            "Developer and Premium are injected as external or internal; Standard v2 integrates (external); Premium v2 does both",
        )
    })?;
    let longest = model.longest_prefix();
    if subnet.prefix_len() > longest {
        return Err(Refusal::new(
            "SubnetTooSmall",
            format!("Subnet {subnet} is too small for an instance of Sku Type '{}'.", sku.name()),
            format!("the smallest is a /{longest}"),
        ));
    }
    let for_load_balancer = demand(&spec, model, 0);
    let per_unit = demand(&spec, model, 1) - for_load_balancer;
    let usable = usable(subnet);
    let free = usable.saturating_sub(taken).saturating_sub(for_load_balancer);
    let units = free.checked_div(per_unit).unwrap_or(sku.most_units());
    if units == 0 {
        return Err(Refusal::new(
            "SubnetIsFull",
            format!(
                "Subnet {subnet} has {usable} usable addresses, of which {taken} are taken; one unit needs {}.",
                per_unit + for_load_balancer
            ),
            "choose a larger subnet",
        ));
    }
    Ok(Plan {
        addresses: addresses(subnet),
        usable,
        taken,
        for_load_balancer,
        per_unit,
        units,
        most_units: sku.most_units(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(sku: Sku, mode: NetworkType, subnet: &str) -> Result<u32, &'static str> {
        let request = PlanRequest { sku, mode, subnet: subnet.parse().unwrap(), taken: 0 };
        plan(&request).map(|plan| plan.units).map_err(|refusal| refusal.code)
    }

    #[test]
    fn internal_premium_fits_as_the_table_says() {
        for (subnet, expected) in [(29, 1), (28, 5), (27, 13), (26, 29), (25, 61)] {
            assert_eq!(units(Sku::Premium, NetworkType::Internal, &format!("10.0.0.0/{subnet}")), Ok(expected));
        }
        assert_eq!(units(Sku::Premium, NetworkType::Internal, "10.0.0.0/30"), Err("SubnetTooSmall"));
    }

    #[test]
    fn other_tiers_take_other_numbers() {
        assert_eq!(units(Sku::Premium, NetworkType::External, "10.0.0.0/28"), Ok(5));
        assert_eq!(units(Sku::Developer, NetworkType::Internal, "10.0.0.0/29"), Ok(2));
        assert_eq!(
            units(Sku::Standard, NetworkType::Internal, "10.0.0.0/24"),
            Err("ManagingVirtualNetworkConfigurationNotSupported")
        );
        assert_eq!(units(Sku::PremiumV2, NetworkType::Internal, "10.0.0.0/28"), Err("SubnetTooSmall"));
    }

    #[test]
    fn what_others_have_is_not_free() {
        let request = PlanRequest {
            sku: Sku::Premium,
            mode: NetworkType::Internal,
            subnet: "10.0.0.0/28".parse().unwrap(),
            taken: 6,
        };
        assert_eq!(plan(&request).map(|plan| plan.units), Ok(2));
        assert_eq!(plan(&PlanRequest { taken: 9, ..request }).map_err(|refusal| refusal.code), Err("SubnetIsFull"));
    }
}
