//! The network of a running gateway: who is told from whom, what names resolve to, and what may be changed meanwhile.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use apimite_arm::effect;
use apimite_diag::{Diagnostic, Diagnostics};
use apimite_gateway::NetworkClassifier;
use apimite_import::Settings;
use apimite_import::settings::{Bind, ConnectionState, NetworkMode};
use apimite_model::{Service, Tier};
use apimite_network::classify::{Endpoint, Reach, Rules};
use apimite_network::horizon::{Forward, Horizon, Missing, ServiceNames, View};
use apimite_network::zone::{Data, RecordSet};
use apimite_network::{Connection, ConnectionStatus, GROUP_ID, Network, ResourceId, Zone, names};
use arc_swap::ArcSwap;
use ipnet::IpNet;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::refusal;

/// What is said about names, and exchanged with the network.
pub(crate) struct Networking {
    pub(crate) classifier: Arc<NetworkClassifier>,
    pub(crate) horizon: Arc<ArcSwap<Horizon>>,
    state: Mutex<State>,
}

struct State {
    settings: Settings,
    service: ServiceNames,
    connections: Vec<Connection>,
    /// What owners said while the gateway ran: it outlives a reload. `None`: the connection was deleted.
    decided: HashMap<String, Option<Connection>>,
    /// What management says, once it does: its connections count then.
    managed: Option<(Arc<Network>, ResourceId)>,
}

impl Networking {
    pub(crate) fn new(settings: &Settings, service: &Service) -> Self {
        let state = State::new(settings.clone(), service, HashMap::new());
        Self {
            classifier: Arc::new(NetworkClassifier::new(state.rules())),
            horizon: Arc::new(ArcSwap::from_pointee(state.horizon())),
            state: Mutex::new(state),
        }
    }

    /// Takes over settings that were read again; what was decided while running stays.
    pub(crate) fn reload(&self, settings: &Settings, service: &Service) {
        let mut state = self.state.lock();
        let (decided, managed) = (std::mem::take(&mut state.decided), state.managed.take());
        *state = State::new(settings.clone(), service, decided);
        state.follow(managed);
        self.put(&state);
    }

    /// Takes over what management says of the network, from now on.
    pub(crate) fn follow(&self, network: Arc<Network>, service: ResourceId) {
        let mut state = self.state.lock();
        state.follow(Some((network, service)));
        self.put(&state);
    }

    fn put(&self, state: &State) {
        self.classifier.put(state.rules());
        self.horizon.store(Arc::new(state.horizon()));
    }

    /// May public access be disabled?
    ///
    /// # Errors
    /// A sentence with the way out.
    pub(crate) fn may_disable_public_access(&self) -> Result<(), String> {
        let state = self.state.lock();
        if state.reach() != Reach::Public {
            return Err(
                "public access cannot be disabled on an injected service; set `network.mode` to \"none\"".into()
            );
        }
        if !state.connections.iter().any(Connection::is_approved) {
            return Err("public access cannot be disabled without an approved private endpoint connection; \
                        approve one first"
                .into());
        }
        Ok(())
    }

    /// Approves or rejects a connection.
    ///
    /// # Errors
    /// A sentence: there is none of that name, or its state cannot become the other.
    pub(crate) fn decide(&self, name: &str, status: &str, description: Option<&str>) -> Result<(), String> {
        let status = ConnectionStatus::from_name(status)
            .ok_or_else(|| format!("`{status}` is no state; write Approved or Rejected"))?;
        let mut state = self.state.lock();
        let known = state.connections.iter_mut().find(|one| one.name.eq_ignore_ascii_case(name));
        let known = known.ok_or_else(|| format!("there is no private endpoint connection `{name}`"))?;
        known.decide(status, description).map_err(|refusal| format!("{} {}", refusal.message, refusal.help))?;
        let (key, known) = (known.name.clone(), known.clone());
        state.decided.insert(key, Some(known));
        self.put(&state);
        Ok(())
    }

    /// Deletes a connection; its listener closes every connection from then on.
    ///
    /// # Errors
    /// There is none of that name.
    pub(crate) fn delete(&self, name: &str) -> Result<(), String> {
        let mut state = self.state.lock();
        let at = state.connections.iter().position(|one| one.name.eq_ignore_ascii_case(name));
        let at = at.ok_or_else(|| format!("there is no private endpoint connection `{name}`"))?;
        let gone = state.connections.remove(at);
        state.decided.insert(gone.name, None);
        self.put(&state);
        Ok(())
    }

    /// Counts in Prometheus' text format.
    pub(crate) fn metrics(&self) -> String {
        let mut text = String::from(
            "# HELP apimite_connections_admitted_total Decisions to admit a connection, by kind of source.\n\
             # TYPE apimite_connections_admitted_total counter\n",
        );
        for (kind, count) in self.classifier.admitted() {
            text.push_str(&format!("apimite_connections_admitted_total{{source=\"{kind}\"}} {count}\n"));
        }
        text.push_str(
            "# HELP apimite_connections_closed_total Connections closed without an answer, by reason.\n\
             # TYPE apimite_connections_closed_total counter\n",
        );
        for (reason, count) in self.classifier.closed() {
            text.push_str(&format!("apimite_connections_closed_total{{reason=\"{reason}\"}} {count}\n"));
        }
        text
    }

    /// What is in force, with counts.
    pub(crate) fn report(&self) -> Value {
        let state = self.state.lock();
        let count = |list: &mut dyn Iterator<Item = (&'static str, u64)>| -> Value {
            Value::Object(list.map(|(name, count)| (name.to_owned(), count.into())).collect())
        };
        json!({
            "reach": format!("{:?}", state.reach()),
            "privateEndpointConnections": state.connections.iter().map(|one| json!({
                "name": one.name,
                "status": one.status.name(),
                "description": one.description,
                "linkIdentifier": one.link_id,
            })).collect::<Vec<_>>(),
            "admitted": count(&mut self.classifier.admitted()),
            "closed": count(&mut self.classifier.closed()),
        })
    }
}

impl State {
    fn new(settings: Settings, service: &Service, decided: HashMap<String, Option<Connection>>) -> Self {
        let mut connections: Vec<Connection> = Vec::new();
        for (endpoint, number) in settings.private_endpoints.iter().zip(1_u32..) {
            let configured = Connection {
                name: endpoint.name.to_string(),
                endpoint: format!("/{}", endpoint.name).as_str().into(),
                status: match endpoint.state {
                    ConnectionState::Pending => ConnectionStatus::Pending,
                    ConnectionState::Approved => ConnectionStatus::Approved,
                    ConnectionState::Rejected => ConnectionStatus::Rejected,
                    ConnectionState::Disconnected => ConnectionStatus::Disconnected,
                },
                description: String::new(),
                group_id: GROUP_ID.to_owned(),
                link_id: endpoint.link_id.unwrap_or(number),
            };
            match decided.get(&*endpoint.name) {
                None => connections.push(configured),
                Some(None) => {}
                Some(Some(known)) => connections.push(Connection {
                    status: known.status,
                    description: known.description.clone(),
                    ..configured
                }),
            }
        }
        let address = |text: &Option<Box<str>>| text.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
        let listens = match settings.listen.http {
            Some(Bind::At(address)) => address.ip(),
            _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let network = &settings.network;
        let names = ServiceNames {
            name: service.name.to_string(),
            location: service.region.to_string(),
            addresses: vec![address(&network.public_ip).unwrap_or(listens)],
            has_connection: false,
            is_internal: false,
            hosts: service.hosts.iter().map(ToString::to_string).collect(),
        };
        Self { settings, service: names, connections, decided, managed: None }
    }

    fn follow(&mut self, managed: Option<(Arc<Network>, ResourceId)>) {
        self.managed = managed;
        let Some(service) = self.managed.as_ref().and_then(|(network, id)| network.service(id)) else { return };
        self.service.name = service.name().to_owned();
        for host in &service.spec.hosts {
            if !self.service.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) {
                self.service.hosts.push(host.clone());
            }
        }
        self.connections = service.connections.clone();
        for one in &mut self.connections {
            let configured = self.settings.private_endpoints.iter().find(|endpoint| *endpoint.name == *one.name);
            one.link_id = configured.and_then(|endpoint| endpoint.link_id).unwrap_or(one.link_id);
        }
    }

    fn reach(&self) -> Reach {
        if let Some(rules) = self.managed.as_ref().and_then(|(network, id)| network.classification(id)) {
            return rules.reach;
        }
        let v2 = self.settings.service.tier.is_some_and(Tier::is_v2);
        match self.settings.network.mode {
            NetworkMode::None => Reach::Public,
            // Integration of a v2 tier guides outbound traffic only.
            NetworkMode::External if v2 => Reach::Public,
            NetworkMode::External => Reach::External,
            NetworkMode::Internal => Reach::Internal,
        }
    }

    /// Ranges by name. An injected gateway that is told no network is in that of this machine.
    fn ranges(&self) -> [(&'static str, Vec<IpNet>); 3] {
        let network = &self.settings.network;
        let mut own = nets(&network.virtual_network);
        if own.is_empty() && self.reach() != Reach::Public {
            own = nets(&["127.0.0.0/8".into(), "::1".into()]);
        }
        [("virtual_network", own), ("peered", nets(&network.peered)), ("on_premises", nets(&network.on_premises))]
    }

    fn rules(&self) -> Rules {
        let settings = &self.settings;
        let mut senders = nets(&settings.network.proxy_protocol_from);
        if senders.is_empty() {
            senders = nets(&["127.0.0.0/8".into(), "::1".into()]);
        }
        let endpoints = settings.private_endpoints.iter().map(|endpoint| {
            let known = self.connections.iter().find(|one| one.name == *endpoint.name);
            let local = endpoint.address.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
            Endpoint {
                name: endpoint.name.clone(),
                group_id: endpoint.group_id.clone(),
                member_name: endpoint.member_name.clone(),
                link_id: known.map(|one| one.link_id),
                // A connection that was deleted has no state; its listener is still there.
                status: known.map_or(ConnectionStatus::Disconnected, |one| one.status),
                local: local.map(|address| SocketAddr::new(address, 0)),
                listeners: vec![endpoint.name.clone(), format!("{}-https", endpoint.name).into()],
            }
        });
        // Those that management made besides: known by the address that it gave them.
        let more = self.connections.iter().filter_map(|one| {
            let (network, _) = self.managed.as_ref()?;
            let configured = settings.private_endpoints.iter().any(|endpoint| *endpoint.name == *one.name);
            let local = network.endpoint(&one.endpoint).map(|endpoint| SocketAddr::new(endpoint.address.into(), 0));
            (!configured).then(|| Endpoint {
                name: one.name.as_str().into(),
                group_id: one.group_id.as_str().into(),
                member_name: one.group_id.as_str().into(),
                link_id: Some(one.link_id),
                status: one.status,
                local,
                listeners: Vec::new(),
            })
        });
        let endpoints = endpoints.chain(more);
        let managed = self.managed.as_ref().and_then(|(network, id)| network.classification(id));
        // The ranges of a configured network are those of the settings.
        let managed =
            managed.into_iter().flat_map(|rules| rules.networks).filter(|(_, name)| **name != *effect::CONFIGURED);
        let networks = self.ranges().into_iter().flat_map(|(name, ranges)| {
            let name: Arc<str> = name.into();
            ranges.into_iter().map(move |range| (range, name.clone()))
        });
        Rules {
            reach: self.reach(),
            networks: networks.chain(managed).collect(),
            endpoints: endpoints.collect(),
            proxied: settings.network.proxy_protocol.clone(),
            senders,
        }
    }

    fn horizon(&self) -> Horizon {
        let dns = &self.settings.dns;
        let forward = |domain: &str, to: &[SocketAddr]| Forward { domain: domain.to_owned(), to: to.to_vec() };
        let zones = self.zones();
        let networks = self.ranges().into_iter().map(|(name, ranges)| {
            let linked = if dns.linked.is_empty() {
                name == "virtual_network"
            } else {
                dns.linked.iter().any(|one| **one == *name)
            };
            View {
                name: name.to_owned(),
                ranges,
                zones: if linked { zones.clone() } else { Vec::new() },
                forward: dns.rules.iter().filter(|_| linked).map(|(domain, to)| forward(domain, to)).collect(),
            }
        });
        // Networks and zones that management made are seen as they are there.
        let managed = self.managed.as_ref().map(|(network, _)| Horizon::of(network).networks).unwrap_or_default();
        let managed = managed.into_iter().filter(|view| view.name != effect::CONFIGURED);
        Horizon {
            services: vec![ServiceNames {
                has_connection: !self.connections.is_empty(),
                is_internal: self.reach() == Reach::Internal,
                ..self.service.clone()
            }],
            networks: networks.chain(managed).collect(),
            forward: if dns.forward.is_empty() { Vec::new() } else { vec![forward("", &dns.forward)] },
        }
    }

    /// The private zone of endpoints, as a zone group keeps it; and a zone for each configured record.
    fn zones(&self) -> Vec<(Zone, Missing)> {
        let mut private = Zone { name: names::PRIVATE_ZONE.to_owned(), ..Zone::default() };
        let alive = |name: &str| {
            self.connections.iter().any(|one| one.name == name && one.status != ConnectionStatus::Disconnected)
        };
        let endpoints = self.settings.private_endpoints.iter().filter(|endpoint| alive(&endpoint.name));
        let addresses: Vec<Data> = endpoints
            .filter_map(|endpoint| {
                let listens = match endpoint.listen.or(endpoint.listen_https) {
                    Some(Bind::At(address)) => Some(address.ip()),
                    _ => None,
                };
                endpoint.address.as_deref().and_then(|text| text.parse().ok()).or(listens)
            })
            .map(data)
            .collect();
        let mut zones = Vec::new();
        if !addresses.is_empty() {
            private.records = sets(&self.service.name.to_ascii_lowercase(), addresses);
            zones.push((private, Missing::DoesNotExist));
        }
        for (name, values) in &self.settings.dns.records {
            let list: Vec<Data> = values
                .iter()
                .map(|value| value.parse().map_or_else(|_| Data::Cname(value.to_string()), data))
                .collect();
            // A name of its own is a zone of its own: it hides nothing beside it.
            let (records, name) = match (list.first(), name.split_once('.')) {
                // An alias cannot be a zone; it stands in the one above.
                (Some(Data::Cname(_)), Some((head, zone))) => (sets(head, list), zone.to_owned()),
                _ => (sets("@", list), name.to_string()),
            };
            match zones.iter_mut().find(|(zone, _)| zone.name == name) {
                Some((zone, _)) => zone.records.extend(records),
                None => zones.push((Zone { name, records, ..Zone::default() }, Missing::AsksThePublic)),
            }
        }
        if let (Some(address), true) = (self.settings.network.private_ip.as_deref(), self.reach() == Reach::Internal)
            && let Ok(address) = address.parse()
        {
            let others = names::others(&self.service.name);
            for name in std::iter::once(names::gateway(&self.service.name)).chain(others) {
                let records = sets("@", vec![data(address)]);
                zones.push((Zone { name, records, ..Zone::default() }, Missing::AsksThePublic));
            }
        }
        zones
    }
}

fn data(address: IpAddr) -> Data {
    match address {
        IpAddr::V4(address) => Data::A(address),
        IpAddr::V6(address) => Data::Aaaa(address),
    }
}

/// Record sets of one name, one for each type.
fn sets(name: &str, list: Vec<Data>) -> Vec<RecordSet> {
    let mut sets: Vec<RecordSet> = Vec::new();
    for data in list {
        match sets.iter_mut().find(|set| set.kind() == data.kind()) {
            Some(set) => set.data.push(data),
            None => sets.push(RecordSet { name: name.to_owned(), ttl: 10, data: vec![data], owner: None }),
        }
    }
    sets
}

pub(super) fn nets(list: &[Box<str>]) -> Vec<IpNet> {
    let net = |text: &str| text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    list.iter().filter_map(|text| net(text)).collect()
}

/// Refuses settings of listeners that name nothing, or one thing twice.
pub(super) fn check(settings: &Settings) -> Result<(), Diagnostics> {
    const OWN: [&str; 3] = ["http", "https", "probe"];
    let endpoint = |name: &str| {
        let plain = name.strip_suffix("-https").unwrap_or(name);
        settings.private_endpoints.iter().any(|one| *one.name == *name || *one.name == *plain)
    };
    let mut found = Diagnostics::default();
    for name in settings.network.proxy_protocol.iter().filter(|name| !OWN.contains(&&***name) && !endpoint(name)) {
        let text = format!("`network.proxy_protocol` names the listener `{name}`, which is not there");
        let help = "name `http`, `https`, `probe` or a private endpoint of the file";
        found.0.push(Diagnostic::new("settings::network", text).help(help));
    }
    for one in settings.private_endpoints.iter().filter(|one| OWN.contains(&&*one.name)) {
        let text = format!("a private endpoint cannot be named `{}`, which is the name of a listener", one.name);
        found.0.push(Diagnostic::new("settings::network", text).help("give it another name, such as `pe-1`"));
    }
    if settings.private_endpoints.len() > apimite_network::MOST_CONNECTIONS {
        let text =
            format!("{} private endpoint connections are more than a service takes", settings.private_endpoints.len());
        return Err(refusal("settings::network", text, "at most 100 can be configured"));
    }
    let mut links: HashMap<u32, &str> = HashMap::new();
    for one in &settings.private_endpoints {
        if let Some(link) = one.link_id
            && let Some(other) = links.insert(link, &one.name)
        {
            let text = format!("`{}` and `{other}` have the same link identifier {link}", one.name);
            found.0.push(Diagnostic::new("settings::network", text).help("give each a `link_id` of its own"));
        }
    }
    if found.0.is_empty() { Ok(()) } else { Err(found) }
}

/// A loopback address, of either family.
pub(super) const fn is_loopback(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => matches!(address, Ipv6Addr::LOCALHOST),
    }
}
