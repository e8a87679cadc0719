//! Host names of a service.

use crate::service::region;

/// Domain of gateways.
pub const SUFFIX: &str = "azure-api.net";

/// The private zone of gateways behind private endpoints.
pub const PRIVATE_ZONE: &str = "privatelink.azure-api.net";

/// Default host name of the gateway.
pub fn gateway(service: &str) -> String {
    format!("{}.{SUFFIX}", service.to_ascii_lowercase())
}

/// Host name of the gateway in a region.
pub fn regional(service: &str, location: &str) -> String {
    format!("{}-{}-01.regional.{SUFFIX}", service.to_ascii_lowercase(), region(location))
}

/// What the default name is an alias of once a private endpoint connection exists.
pub fn private(service: &str) -> String {
    format!("{}.{PRIVATE_ZONE}", service.to_ascii_lowercase())
}

/// Components of a service that have names of their own and are not reached through a private endpoint.
pub const OTHERS: [&str; 4] = ["portal", "developer", "management", "scm"];

/// Default host names of the portal, the developer portal, management and git.
pub fn others(service: &str) -> [String; 4] {
    OTHERS.map(|part| format!("{}.{part}.{SUFFIX}", service.to_ascii_lowercase()))
}

/// Is this host name one of a component that is not the gateway?
pub fn is_other(service: &str, host: &str) -> bool {
    let Some((name, rest)) = host.split_at_checked(service.len()) else { return false };
    let Some(rest) = rest.strip_prefix('.') else { return false };
    name.eq_ignore_ascii_case(service)
        && OTHERS.iter().any(|part| {
            rest.split_once('.')
                .is_some_and(|(head, tail)| head.eq_ignore_ascii_case(part) && tail.eq_ignore_ascii_case(SUFFIX))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_components_are_told_from_the_gateways() {
        assert!(is_other("contoso", "Contoso.management.azure-api.net"));
        assert!(others("contoso").iter().all(|host| is_other("contoso", host)));
        for host in [
            "contoso.azure-api.net",
            "contoso.privatelink.azure-api.net",
            "contoso2.scm.azure-api.net",
            "scm.azure-api.net",
            "",
        ] {
            assert!(!is_other("contoso", host), "{host}");
        }
        assert_eq!(regional("Contoso", "West Europe"), "contoso-westeurope-01.regional.azure-api.net");
    }
}
