//! Addresses that the control plane manages instances from, as they are published.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::service::region;

static TABLE: &str = include_str!("control_plane_addresses.tsv");

/// A cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Environment {
    /// The public cloud.
    #[default]
    Public,
    /// China.
    China,
    /// US government.
    Government,
}

impl Environment {
    /// Its name in the table.
    const fn label(self) -> &'static str {
        match self {
            Self::Public => "Azure Public",
            Self::China => "Azure China 21Vianet",
            Self::Government => "Azure Government",
        }
    }

    /// Reads `public`, `china` or `government`.
    pub fn from_name(text: &str) -> Option<Self> {
        [("public", Self::Public), ("china", Self::China), ("government", Self::Government)]
            .into_iter()
            .find_map(|(name, environment)| name.eq_ignore_ascii_case(text).then_some(environment))
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Region.
    pub region: &'static str,
    /// Is it needed whatever the region?
    pub is_global: bool,
    /// Addresses.
    pub addresses: Vec<Ipv4Addr>,
}

/// The rows of a cloud.
pub fn entries(environment: Environment) -> Vec<Entry> {
    let rows = TABLE.lines().skip(1).filter_map(|line| {
        let mut cells = line.split('\t');
        let (cloud, region) = (cells.next()?, cells.next()?);
        let (global, addresses) = (cells.next()?, cells.next()?);
        (cloud == environment.label()).then(|| Entry {
            region,
            is_global: global == "yes",
            addresses: addresses.split(',').filter_map(|text| text.trim().parse().ok()).collect(),
        })
    });
    rows.collect()
}

/// The addresses that an instance of a region is managed from: the global ones and the region's; all without a region.
pub fn addresses(environment: Environment, of: Option<&str>) -> Vec<IpAddr> {
    let wanted = of.map(region);
    let rows = entries(environment)
        .into_iter()
        .filter(|entry| entry.is_global || wanted.as_ref().is_none_or(|wanted| *wanted == region(entry.region)));
    let mut list: Vec<IpAddr> = rows.flat_map(|entry| entry.addresses).map(IpAddr::V4).collect();
    list.sort_unstable();
    list.dedup();
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        let all = [Environment::Public, Environment::China, Environment::Government];
        let rows: usize = all.iter().map(|one| entries(*one).len()).sum();
        assert_eq!(rows, TABLE.lines().count() - 1);
        assert!(all.iter().flat_map(|one| entries(*one)).all(|entry| !entry.addresses.is_empty()));
    }

    #[test]
    fn a_region_needs_the_global_entries_and_its_own() {
        let west = addresses(Environment::Public, Some("west europe"));
        let global: Vec<IpAddr> = entries(Environment::Public)
            .into_iter()
            .filter(|e| e.is_global)
            .flat_map(|e| e.addresses)
            .map(IpAddr::V4)
            .collect();
        assert!(!global.is_empty() && global.iter().all(|one| west.contains(one)));
        assert!(west.len() > global.len() && west.len() < addresses(Environment::Public, None).len());
        assert_eq!(addresses(Environment::Public, Some("canadacentral")).len(), global.len() + 2, "two of its own");
        assert!(!addresses(Environment::China, None).iter().any(|one| west.contains(one)));
    }
}
