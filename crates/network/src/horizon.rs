//! What a name resolves to, by who asks: public names of services, private zones of the asking network, forwarding.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::zone::{Data, Kind, Zone};
use crate::{Network, names};

/// Longest chain of aliases that is followed.
const LONGEST_CHAIN: usize = 8;
/// Time to live of public records, seconds.
const PUBLIC_TTL: u32 = 60;

/// Everything that is known about names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Horizon {
    /// Services with public names.
    pub services: Vec<ServiceNames>,
    /// Networks that ask; the first whose ranges hold the asker counts.
    pub networks: Vec<View>,
    /// Where names are asked for that are nobody's here; empty refuses them.
    pub forward: Vec<Forward>,
}

/// The public names of one service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceNames {
    /// Name.
    pub name: String,
    /// Region of its regional name.
    pub location: String,
    /// Public virtual addresses.
    pub addresses: Vec<IpAddr>,
    /// Has it a private endpoint connection? Then its name is an alias of the private one.
    pub has_connection: bool,
    /// Internal mode: no name is published.
    pub is_internal: bool,
    /// Configured host names, aliases of the default one for the public.
    pub hosts: Vec<String>,
}

/// How one network sees names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Name, for messages.
    pub name: String,
    /// Ranges of askers.
    pub ranges: Vec<IpNet>,
    /// Zones linked to it, with what a missing name does.
    pub zones: Vec<(Zone, Missing)>,
    /// Forwarding rules, which come after the zones.
    pub forward: Vec<Forward>,
}

/// What a name that a linked zone lacks does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// It does not exist.
    #[default]
    DoesNotExist,
    /// The public is asked (`NxDomainRedirect`).
    AsksThePublic,
}

/// Names below a domain are asked of other servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The domain without a dot at the end; empty for every name.
    pub domain: String,
    /// Servers, in the order they are tried.
    pub to: Vec<SocketAddr>,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What is said about the last name of the chain.
    pub code: Code,
    /// Records: a chain of aliases, then what was asked for.
    pub records: Vec<Record>,
    /// The zone that knows there is nothing, or nothing more.
    pub authority: Option<String>,
}

/// What an answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Code {
    /// The name exists, with or without records of the type.
    #[default]
    Exists,
    /// The name does not exist.
    DoesNotExist,
    /// Nobody here knows, and nobody is to be asked.
    Refused,
    /// This name is to be asked of these servers.
    Forward(String, Vec<SocketAddr>),
}

/// A record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whole name.
    pub name: String,
    /// Time to live, seconds.
    pub ttl: u32,
    /// Content.
    pub data: Data,
}

/// One look at one name.
enum Found {
    Records(Vec<Record>),
    Alias(Record, String),
    Nothing(String),
    Missing(String),
    Unknown,
}

impl Horizon {
    /// What a network of ARM resources says about names. Every virtual network is a view; its peers are not.
    pub fn of(network: &Network) -> Self {
        let services = network.services().map(|(_, service)| ServiceNames {
            name: service.name().to_owned(),
            location: service.spec.sites.first().map_or_else(String::new, |site| site.location.clone()),
            addresses: service.public_addresses(),
            has_connection: !service.connections.is_empty(),
            is_internal: service.model().is_internal(),
            hosts: service.spec.hosts.clone(),
        });
        let networks = network.virtual_networks().map(|(id, one)| View {
            name: id.name().to_owned(),
            ranges: one.prefixes.clone(),
            zones: network
                .zones()
                .filter_map(|(_, zone)| {
                    let link = zone.links.values().find(|link| link.network == *id)?;
                    let missing = if link.falls_back { Missing::AsksThePublic } else { Missing::DoesNotExist };
                    Some((zone.clone(), missing))
                })
                .collect(),
            forward: Vec::new(),
        });
        Self { services: services.collect(), networks: networks.collect(), forward: Vec::new() }
    }

    /// The network an address belongs to: the longest range counts, the public when there is none.
    pub fn view(&self, asker: IpAddr) -> Option<&View> {
        let held = |view: &View| view.ranges.iter().filter(|r| r.contains(&asker)).map(IpNet::prefix_len).max();
        let mut best: Option<(u8, &View)> = None;
        for view in &self.networks {
            if let Some(length) = held(view)
                && best.is_none_or(|(known, _)| length > known)
            {
                best = Some((length, view));
            }
        }
        best.map(|(_, view)| view)
    }

    /// A view by its name.
    pub fn named(&self, name: &str) -> Option<&View> {
        self.networks.iter().find(|view| view.name == name)
    }

    /// Answers a question; `view` is the asking network, `None` the public. Case of the name does not count.
    pub fn answer(&self, view: Option<&View>, name: &str, kind: Kind) -> Answer {
        let mut answer = Answer::default();
        let mut name = name.trim_end_matches('.').to_ascii_lowercase();
        for _ in 0..LONGEST_CHAIN {
            match self.look(view, &name, kind) {
                Found::Records(records) => {
                    answer.records.extend(records);
                    return answer;
                }
                Found::Alias(record, target) => {
                    answer.records.push(record);
                    if kind == Kind::Cname {
                        return answer;
                    }
                    name = target;
                }
                Found::Nothing(zone) => {
                    answer.authority = Some(zone);
                    return answer;
                }
                Found::Missing(zone) => {
                    answer.authority = Some(zone);
                    answer.code = Code::DoesNotExist;
                    return answer;
                }
                Found::Unknown => {
                    answer.code = match self.forwarders(view, &name) {
                        Some(to) => Code::Forward(name, to),
                        // The part of a chain that is known is an answer: the asker goes on with the alias itself.
                        None if answer.records.is_empty() => Code::Refused,
                        None => Code::Exists,
                    };
                    return answer;
                }
            }
        }
        answer
    }

    fn look(&self, view: Option<&View>, name: &str, kind: Kind) -> Found {
        if let Some(view) = view {
            let zones =
                view.zones.iter().filter_map(|(zone, missing)| Some((zone, *missing, relative(name, &zone.name)?)));
            if let Some((zone, missing, inner)) = zones.max_by_key(|(zone, ..)| zone.name.len()) {
                let found = in_zone(zone, name, inner, kind);
                let redirected = missing == Missing::AsksThePublic && matches!(found, Found::Missing(_));
                if !redirected {
                    return found;
                }
            }
            if rule(&view.forward, name).is_some() {
                return Found::Unknown;
            }
        }
        self.public(name, kind)
    }

    fn public(&self, name: &str, kind: Kind) -> Found {
        for service in self.services.iter().filter(|service| !service.is_internal) {
            let own = names::gateway(&service.name);
            let alias = |target: String| {
                let record = Record { name: name.to_owned(), ttl: PUBLIC_TTL, data: Data::Cname(target.clone()) };
                Found::Alias(record, target)
            };
            if name == own && service.has_connection {
                return alias(names::private(&service.name));
            }
            if service.hosts.iter().any(|host| host.eq_ignore_ascii_case(name)) {
                return alias(own);
            }
            let private = service.has_connection && name == names::private(&service.name);
            let regional = name == names::regional(&service.name, &service.location);
            if name == own || private || regional || names::is_other(&service.name, name) {
                let records: Vec<Record> = service
                    .addresses
                    .iter()
                    .filter_map(|address| {
                        let data = match (address, kind) {
                            (IpAddr::V4(address), Kind::A) => Data::A(*address),
                            (IpAddr::V6(address), Kind::Aaaa) => Data::Aaaa(*address),
                            _ => return None,
                        };
                        Some(Record { name: name.to_owned(), ttl: PUBLIC_TTL, data })
                    })
                    .collect();
                return if records.is_empty() {
                    Found::Nothing(names::SUFFIX.to_owned())
                } else {
                    Found::Records(records)
                };
            }
        }
        if name == names::SUFFIX {
            return Found::Nothing(names::SUFFIX.to_owned());
        }
        if relative(name, names::SUFFIX).is_some() { Found::Missing(names::SUFFIX.to_owned()) } else { Found::Unknown }
    }

    fn forwarders(&self, view: Option<&View>, name: &str) -> Option<Vec<SocketAddr>> {
        view.and_then(|view| rule(&view.forward, name)).or_else(|| rule(&self.forward, name))
    }
}

fn rule(rules: &[Forward], name: &str) -> Option<Vec<SocketAddr>> {
    let fitting = rules.iter().filter(|rule| rule.domain.is_empty() || relative(name, &rule.domain).is_some());
    fitting.max_by_key(|rule| rule.domain.len()).map(|rule| rule.to.clone())
}

/// The part of a name before a domain; `@` for the domain itself, `None` when it is not below it.
fn relative<'n>(name: &'n str, domain: &str) -> Option<&'n str> {
    if name.eq_ignore_ascii_case(domain) {
        return Some("@");
    }
    let (head, tail) = name.split_at_checked(name.len().checked_sub(domain.len())?)?;
    if tail.eq_ignore_ascii_case(domain) { head.strip_suffix('.') } else { None }
}

fn in_zone(zone: &Zone, name: &str, inner: &str, kind: Kind) -> Found {
    let sets = zone.find(inner);
    let record = |ttl: u32, data: &Data| Record { name: name.to_owned(), ttl, data: data.clone() };
    for set in &sets {
        if let Some(Data::Cname(target)) = set.data.first()
            && kind != Kind::Other
        {
            let target = target.trim_end_matches('.').to_ascii_lowercase();
            return Found::Alias(record(set.ttl, &Data::Cname(target.clone())), target);
        }
    }
    let wanted: Vec<_> = sets.iter().filter(|set| set.kind() == kind).collect();
    if !wanted.is_empty() {
        return Found::Records(
            wanted.iter().flat_map(|set| set.data.iter().map(|data| record(set.ttl, data))).collect(),
        );
    }
    if zone.exists(inner) { Found::Nothing(zone.name.clone()) } else { Found::Missing(zone.name.clone()) }
}
