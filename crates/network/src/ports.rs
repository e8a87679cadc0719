//! The ports of an injected instance, and the service tags they are opened for.

use serde::{Deserialize, Serialize};

/// A row of the port table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortRule {
    /// Destination ports: single ones, or first and last.
    pub ports: &'static [(u16, u16)],
    /// Direction.
    pub direction: Direction,
    /// Transport.
    pub transport: Transport,
    /// Where it comes from.
    pub from: Tag,
    /// Where it goes.
    pub to: Tag,
    /// What for.
    pub purpose: &'static str,
    /// Does the instance work without it?
    pub needed: Needed,
    /// In which network types.
    pub networks: Networks,
}

/// Direction, seen from the instance's subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// To the instance.
    Inbound,
    /// From the instance.
    Outbound,
    /// Both.
    Both,
}

/// Transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// Does an instance work without it?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Needed {
    /// No: core functions fail.
    Required,
    /// Yes: only the feature it is for fails.
    Optional,
}

/// Network types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Networks {
    /// External and internal.
    Both,
    /// External only.
    External,
}

/// A service tag: a name for address ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tag {
    /// The public.
    Internet,
    /// The virtual network with its peers and what is reached over gateways.
    VirtualNetwork,
    /// The control plane.
    ApiManagement,
    /// The infrastructure's load balancer.
    AzureLoadBalancer,
    /// Storage.
    Storage,
    /// Identity.
    AzureActiveDirectory,
    /// SQL.
    Sql,
    /// Key vault.
    AzureKeyVault,
    /// Event hubs.
    EventHub,
    /// Everything of the cloud.
    AzureCloud,
    /// Monitoring.
    AzureMonitor,
}

impl Tag {
    /// Its name in network security groups.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Internet => "Internet",
            Self::VirtualNetwork => "VirtualNetwork",
            Self::ApiManagement => "ApiManagement",
            Self::AzureLoadBalancer => "AzureLoadBalancer",
            Self::Storage => "Storage",
            Self::AzureActiveDirectory => "AzureActiveDirectory",
            Self::Sql => "SQL",
            Self::AzureKeyVault => "AzureKeyVault",
            Self::EventHub => "EventHub",
            Self::AzureCloud => "AzureCloud",
            Self::AzureMonitor => "AzureMonitor",
        }
    }
}

/// The port of the control plane's management of an instance.
pub const CONTROL_PLANE: u16 = 3443;
/// The port of the load balancer's probe.
pub const PROBE: u16 = 6390;

const fn one(port: u16) -> (u16, u16) {
    (port, port)
}

const fn outbound(ports: &'static [(u16, u16)], to: Tag, purpose: &'static str, needed: Needed) -> PortRule {
    PortRule {
        ports,
        direction: Direction::Outbound,
        transport: Transport::Tcp,
        from: Tag::VirtualNetwork,
        to,
        purpose,
        needed,
        networks: Networks::Both,
    }
}

/// The table.
///
/// Source: virtual network reference, ports of a classic injected instance.
pub static PORTS: &[PortRule] = &[
    PortRule {
        ports: &[one(80), one(443)],
        direction: Direction::Inbound,
        transport: Transport::Tcp,
        from: Tag::Internet,
        to: Tag::VirtualNetwork,
        purpose: "client traffic",
        needed: Needed::Required,
        networks: Networks::External,
    },
    PortRule {
        ports: &[one(CONTROL_PLANE)],
        direction: Direction::Inbound,
        transport: Transport::Tcp,
        from: Tag::ApiManagement,
        to: Tag::VirtualNetwork,
        purpose: "management endpoint",
        needed: Needed::Required,
        networks: Networks::Both,
    },
    outbound(&[one(443)], Tag::Storage, "storage", Needed::Required),
    outbound(&[one(443)], Tag::AzureActiveDirectory, "identity and key vault", Needed::Optional),
    outbound(&[one(1433)], Tag::Sql, "SQL", Needed::Required),
    outbound(&[one(443)], Tag::AzureKeyVault, "key vault", Needed::Required),
    outbound(&[one(5671), one(5672), one(443)], Tag::EventHub, "log-to-eventhub and the agent", Needed::Optional),
    outbound(&[one(445)], Tag::Storage, "file share for git", Needed::Optional),
    outbound(&[one(443), one(12000)], Tag::AzureCloud, "health and monitoring", Needed::Optional),
    outbound(&[one(1886), one(443)], Tag::AzureMonitor, "diagnostics", Needed::Optional),
    outbound(&[one(25), one(587), one(25028)], Tag::Internet, "mail relay", Needed::Optional),
    PortRule {
        ports: &[(6381, 6383)],
        direction: Direction::Both,
        transport: Transport::Tcp,
        from: Tag::VirtualNetwork,
        to: Tag::VirtualNetwork,
        purpose: "Redis for cache policies between machines",
        needed: Needed::Optional,
        networks: Networks::Both,
    },
    PortRule {
        ports: &[one(4290)],
        direction: Direction::Both,
        transport: Transport::Udp,
        from: Tag::VirtualNetwork,
        to: Tag::VirtualNetwork,
        purpose: "counters of rate-limit policies between machines",
        needed: Needed::Optional,
        networks: Networks::Both,
    },
    PortRule {
        ports: &[one(PROBE)],
        direction: Direction::Inbound,
        transport: Transport::Tcp,
        from: Tag::AzureLoadBalancer,
        to: Tag::VirtualNetwork,
        purpose: "load balancer probe",
        needed: Needed::Required,
        networks: Networks::Both,
    },
];

/// A dependency that the network status reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// Key in settings.
    pub key: &'static str,
    /// What for, as the report names it.
    pub purpose: &'static str,
    /// Its service tag.
    pub tag: Tag,
    /// Port.
    pub port: u16,
    /// Does the instance work without it?
    pub needed: Needed,
}

const fn dependency(key: &'static str, tag: Tag, port: u16, purpose: &'static str, needed: Needed) -> Dependency {
    Dependency { key, purpose, tag, port, needed }
}

/// Everything outbound that the network status reports.
///
/// Source: virtual network reference and network status report; DNS is needed for all of it.
pub static DEPENDENCIES: &[Dependency] = &[
    dependency("dns", Tag::VirtualNetwork, 53, "DNS", Needed::Required),
    dependency("storage", Tag::Storage, 443, "storage (blob, table, queue)", Needed::Required),
    dependency("sql", Tag::Sql, 1433, "SQL", Needed::Required),
    dependency("key-vault", Tag::AzureKeyVault, 443, "key vault", Needed::Required),
    dependency("identity", Tag::AzureActiveDirectory, 443, "identity and key vault access", Needed::Optional),
    dependency("event-hub", Tag::EventHub, 5671, "log-to-eventhub and the agent", Needed::Optional),
    dependency("file-share", Tag::Storage, 445, "file share for git", Needed::Optional),
    dependency("monitoring", Tag::AzureCloud, 12000, "health and monitoring", Needed::Optional),
    dependency("diagnostics", Tag::AzureMonitor, 1886, "diagnostics", Needed::Optional),
    dependency("mail", Tag::Internet, 25028, "mail relay", Needed::Optional),
    dependency("redis", Tag::VirtualNetwork, 6381, "Redis for cache policies between machines", Needed::Optional),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dependency_stands_in_the_port_table() {
        for one in DEPENDENCIES.iter().filter(|one| one.key != "dns") {
            let row = PORTS.iter().find(|row| {
                row.to == one.tag
                    && row.needed == one.needed
                    && row.ports.iter().any(|(a, b)| (*a..=*b).contains(&one.port))
            });
            assert!(row.is_some(), "{}", one.key);
        }
        assert_eq!(PORTS.len(), 14);
    }
}
