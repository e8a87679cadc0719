//! Where a connection came from.
//!
//! A [`Table`] is built from what is configured and never changes; another one is put in its place. Deciding about a
//! connection is a few hash lookups, and one about a request on a known connection is a comparison of two numbers, made by
//! whoever holds the table.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;

use crate::ConnectionStatus;
use crate::proxy::{Command, Header};

/// Where a connection came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The internet.
    Public {
        /// The caller.
        address: IpAddr,
    },
    /// A virtual network, a peered one, or a place that is reached over a gateway.
    VirtualNetwork {
        /// Its name.
        network: Arc<str>,
        /// The caller.
        address: IpAddr,
    },
    /// A private endpoint connection.
    PrivateEndpoint {
        /// The connection.
        connection: Arc<Endpoint>,
        /// The caller.
        address: IpAddr,
    },
    /// A load balancer's own health probe: it may ask for health and for nothing else.
    Probe,
}

/// A private endpoint connection as classification knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Name.
    pub name: Box<str>,
    /// Group id.
    pub group_id: Box<str>,
    /// Member name.
    pub member_name: Box<str>,
    /// Link identifier.
    pub link_id: Option<u32>,
    /// State; only what is approved carries traffic.
    pub status: ConnectionStatus,
    /// Its own address; with port 0 every port of that address.
    pub local: Option<SocketAddr>,
    /// Listeners that are its own, by name.
    pub listeners: Vec<Box<str>>,
}

/// Why a connection is closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closed {
    /// The peer may not send a PROXY header.
    Stranger,
    /// The header is missing or malformed.
    NoHeader,
    /// The header took too long.
    SlowHeader,
    /// No connection has this link identifier.
    UnknownLink,
    /// The private endpoint connection is not approved.
    NotApproved,
    /// The caller is on the internet, the gateway is internal.
    NotReachable,
}

impl Closed {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Stranger, Self::NoHeader, Self::SlowHeader, Self::UnknownLink, Self::NotApproved, Self::NotReachable];

    /// A word for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stranger => "proxy-header-from-stranger",
            Self::NoHeader => "no-proxy-header",
            Self::SlowHeader => "slow-proxy-header",
            Self::UnknownLink => "unknown-link-id",
            Self::NotApproved => "connection-not-approved",
            Self::NotReachable => "not-reachable-from-internet",
        }
    }
}

/// How an instance is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Public, with or without private endpoints: source ranges mean nothing, every caller at the public address is one
    /// of the internet.
    #[default]
    Public,
    /// Injected, reachable from the internet and from its network.
    External,
    /// Injected, reachable from its network only.
    Internal,
}

/// What a table is built from.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// How the instance is reached.
    pub reach: Reach,
    /// Ranges of networks, with their names.
    pub networks: Vec<(IpNet, Arc<str>)>,
    /// Private endpoint connections.
    pub endpoints: Vec<Endpoint>,
    /// Listeners, by name, on which every connection begins with a PROXY v2 header.
    pub proxied: Vec<Box<str>>,
    /// Peers that may send the header.
    pub senders: Vec<IpNet>,
}

/// What is known of a connection before its first byte, and from its header.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Name of the listener.
    pub listener: &'a str,
    /// The gateway's end.
    pub local: SocketAddr,
    /// The other end of the connection itself, not whom a header names.
    pub peer: SocketAddr,
    /// The header.
    pub header: Option<&'a Header>,
}

/// Everything that classification looks at.
#[derive(Debug, Default)]
pub struct Table {
    rules: Rules,
    endpoints: Vec<Arc<Endpoint>>,
    by_listener: HashMap<Box<str>, usize>,
    by_local: HashMap<SocketAddr, usize>,
    by_link: HashMap<u32, usize>,
}

impl Table {
    /// From rules. Of endpoints with one link identifier or one address, the first that is approved counts.
    pub fn new(mut rules: Rules) -> Self {
        rules.networks.sort_by_key(|(range, _)| std::cmp::Reverse(range.prefix_len()));
        let endpoints: Vec<Arc<Endpoint>> = rules.endpoints.drain(..).map(Arc::new).collect();
        let mut order: Vec<usize> = (0..endpoints.len()).collect();
        order.sort_by_key(|index| endpoints[*index].status != ConnectionStatus::Approved);
        let (mut by_listener, mut by_local, mut by_link) = (HashMap::new(), HashMap::new(), HashMap::new());
        for index in order {
            let endpoint = &endpoints[index];
            for listener in &endpoint.listeners {
                by_listener.entry(listener.clone()).or_insert(index);
            }
            if let Some(local) = endpoint.local {
                by_local.entry(local).or_insert(index);
            }
            if let Some(link_id) = endpoint.link_id {
                by_link.entry(link_id).or_insert(index);
            }
        }
        Self { rules, endpoints, by_listener, by_local, by_link }
    }

    /// The endpoints, in the order of the rules.
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }

    /// Must connections of this listener begin with a header?
    pub fn is_proxied(&self, listener: &str) -> bool {
        self.rules.proxied.iter().any(|name| **name == *listener)
    }

    /// May this peer send a header?
    pub fn may_send(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.rules.senders.iter().any(|range| range.contains(&peer))
    }

    /// Decides about a connection.
    ///
    /// # Errors
    /// It is to be closed without an answer.
    pub fn classify(&self, seen: &Seen<'_>) -> Result<Origin, Closed> {
        let mut address = seen.peer.ip().to_canonical();
        if self.is_proxied(seen.listener) {
            if !self.may_send(address) {
                return Err(Closed::Stranger);
            }
            let header = seen.header.ok_or(Closed::NoHeader)?;
            if header.command == Command::Local {
                return Ok(Origin::Probe);
            }
            address = header.client().map_or(address, |client| client.ip().to_canonical());
            if let Some(link_id) = header.link_id {
                return self.linked(link_id, address);
            }
        }
        if let Some(index) = self.by_listener.get(seen.listener).or_else(|| self.at(seen.local)) {
            return self.through(*index, address);
        }
        self.by_source(address)
    }

    fn at(&self, local: SocketAddr) -> Option<&usize> {
        if self.by_local.is_empty() {
            return None;
        }
        let local = SocketAddr::new(local.ip().to_canonical(), local.port());
        self.by_local.get(&local).or_else(|| self.by_local.get(&SocketAddr::new(local.ip(), 0)))
    }

    fn linked(&self, link_id: u32, address: IpAddr) -> Result<Origin, Closed> {
        match (self.by_link.get(&link_id), self.rules.reach) {
            (Some(index), _) => self.through(*index, address),
            (None, Reach::Public) => Err(Closed::UnknownLink),
            // A Private Link Service of the user's own in front of an injected gateway: who may use it is decided there.
            (None, Reach::External | Reach::Internal) => {
                Ok(Origin::VirtualNetwork { network: format!("private-link-{link_id}").into(), address })
            }
        }
    }

    fn through(&self, index: usize, address: IpAddr) -> Result<Origin, Closed> {
        match self.endpoints.get(index) {
            Some(connection) if connection.status == ConnectionStatus::Approved => {
                Ok(Origin::PrivateEndpoint { connection: connection.clone(), address })
            }
            _ => Err(Closed::NotApproved),
        }
    }

    fn by_source(&self, address: IpAddr) -> Result<Origin, Closed> {
        if self.rules.reach != Reach::Public {
            let found = self.rules.networks.iter().find(|(range, _)| range.contains(&address));
            if let Some((_, network)) = found {
                return Ok(Origin::VirtualNetwork { network: network.clone(), address });
            }
            if self.rules.reach == Reach::Internal {
                return Err(Closed::NotReachable);
            }
        }
        Ok(Origin::Public { address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConnectionStatus::{Approved, Disconnected, Pending, Rejected};

    fn endpoint(name: &str, link_id: u32, status: ConnectionStatus, local: Option<&str>) -> Endpoint {
        Endpoint {
            name: name.into(),
            group_id: "Gateway".into(),
            member_name: "Gateway".into(),
            link_id: Some(link_id),
            status,
            local: local.map(|text| text.parse().unwrap()),
            listeners: vec![name.into()],
        }
    }

    fn rules(reach: Reach) -> Rules {
        Rules {
            reach,
            networks: vec![
                ("10.0.0.0/8".parse().unwrap(), "on-premises".into()),
                ("10.1.0.0/16".parse().unwrap(), "vnet".into()),
            ],
            endpoints: Vec::new(),
            proxied: vec!["link".into()],
            senders: vec!["10.9.0.0/24".parse().unwrap()],
        }
    }

    fn classify(table: &Table, listener: &str, local: &str, peer: &str, header: Option<&Header>) -> String {
        let seen = Seen { listener, local: local.parse().unwrap(), peer: peer.parse().unwrap(), header };
        match table.classify(&seen) {
            Ok(Origin::Public { address }) => format!("public {address}"),
            Ok(Origin::VirtualNetwork { network, address }) => format!("{network} {address}"),
            Ok(Origin::PrivateEndpoint { connection, address }) => format!("endpoint {} {address}", connection.name),
            Ok(Origin::Probe) => "probe".to_owned(),
            Err(closed) => format!("closed: {}", closed.name()),
        }
    }

    #[test]
    fn the_longest_range_names_the_network_of_an_injected_gateway() {
        let table = Table::new(rules(Reach::External));
        let at = |peer: &str| classify(&table, "http", "10.1.0.4:80", peer, None);
        assert_eq!(at("10.1.0.9:1"), "vnet 10.1.0.9");
        assert_eq!(at("10.2.0.9:1"), "on-premises 10.2.0.9");
        assert_eq!(at("[::ffff:10.1.0.9]:1"), "vnet 10.1.0.9");
        assert_eq!(at("192.0.2.1:1"), "public 192.0.2.1");
        let table = Table::new(rules(Reach::Internal));
        assert_eq!(classify(&table, "http", "10.1.0.4:80", "192.0.2.1:1", None), "closed: not-reachable-from-internet");
    }

    #[test]
    fn ranges_mean_nothing_at_the_public_address_of_a_gateway_in_no_network() {
        let table = Table::new(rules(Reach::Public));
        assert_eq!(classify(&table, "http", "203.0.113.1:80", "10.1.0.9:1", None), "public 10.1.0.9");
    }

    #[test]
    fn an_endpoint_is_known_by_its_address_its_listener_or_its_link() {
        let mut rules = rules(Reach::Public);
        rules.endpoints = vec![
            endpoint("pe-1", 1, Approved, Some("10.5.0.4:443")),
            endpoint("pe-2", 2, Approved, Some("10.5.0.5:0")),
            endpoint("pe-3", 3, Pending, Some("10.5.0.6:0")),
        ];
        let table = Table::new(rules);
        let local = |local: &str| classify(&table, "https", local, "10.5.0.9:1", None);
        assert_eq!(local("10.5.0.4:443"), "endpoint pe-1 10.5.0.9");
        assert_eq!(local("10.5.0.4:80"), "public 10.5.0.9");
        assert_eq!(local("10.5.0.5:80"), "endpoint pe-2 10.5.0.9");
        assert_eq!(local("10.5.0.6:80"), "closed: connection-not-approved");
        assert_eq!(classify(&table, "pe-1", "127.0.0.1:9", "127.0.0.1:1", None), "endpoint pe-1 127.0.0.1");
        let linked = |link_id: u32| {
            let header = Header::proxy("10.77.0.5:5".parse().unwrap(), "10.77.0.9:443".parse().unwrap(), Some(link_id));
            classify(&table, "link", "10.9.0.1:443", "10.9.0.2:1", Some(&header))
        };
        assert_eq!(linked(1), "endpoint pe-1 10.77.0.5");
        assert_eq!(linked(3), "closed: connection-not-approved");
        assert_eq!(linked(4), "closed: unknown-link-id");
    }

    #[test]
    fn only_approved_connections_carry_traffic() {
        for status in [Pending, Rejected, Disconnected] {
            let mut rules = rules(Reach::Public);
            rules.endpoints = vec![endpoint("pe", 1, status, None)];
            let table = Table::new(rules);
            assert_eq!(classify(&table, "pe", "127.0.0.1:9", "127.0.0.1:1", None), "closed: connection-not-approved");
        }
    }

    #[test]
    fn a_header_counts_only_where_it_is_expected_and_from_allowed_peers() {
        let table = Table::new(rules(Reach::Internal));
        let header = Header::proxy("10.1.0.5:5".parse().unwrap(), "10.1.0.9:443".parse().unwrap(), None);
        let at = |listener: &str, peer: &str, header: Option<&Header>| {
            classify(&table, listener, "10.9.0.1:443", peer, header)
        };
        assert_eq!(at("link", "10.9.0.2:1", Some(&header)), "vnet 10.1.0.5");
        assert_eq!(at("link", "10.9.1.2:1", Some(&header)), "closed: proxy-header-from-stranger");
        assert_eq!(at("link", "10.9.0.2:1", None), "closed: no-proxy-header");
        assert_eq!(at("http", "192.0.2.7:1", Some(&header)), "closed: not-reachable-from-internet");
        assert_eq!(at("link", "10.9.0.2:1", Some(&Header::probe(None))), "probe");
        let linked = Header::proxy("192.168.0.5:5".parse().unwrap(), "10.1.0.9:443".parse().unwrap(), Some(9));
        assert_eq!(at("link", "10.9.0.2:1", Some(&linked)), "private-link-9 192.168.0.5");
    }
}
