//! The classifier that works by a [`Table`] of the network's rules, exchanged while connections go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use apimite_network::classify::{Closed, Origin, Rules, Seen, Table};
use apimite_network::proxy::{self, Command, Header};
use apimite_policy::exchange::PrivateEndpoint;
use arc_swap::ArcSwap;

use crate::config::{Arrival, Classifier, NoPreamble, Preamble, Source, Verdict};

/// Tells connections apart by the network's rules.
#[derive(Debug)]
pub struct NetworkClassifier {
    table: ArcSwap<Table>,
    version: AtomicU64,
    closed: [AtomicU64; Closed::ALL.len()],
    admitted: [AtomicU64; KINDS.len()],
}

/// Kinds of sources, as [`NetworkClassifier::admitted`] counts them.
const KINDS: [&str; 4] = ["public", "virtual-network", "private-endpoint", "probe"];

impl NetworkClassifier {
    /// By these rules.
    pub fn new(rules: Rules) -> Self {
        Self {
            table: ArcSwap::from_pointee(Table::new(rules)),
            version: AtomicU64::new(1),
            closed: Default::default(),
            admitted: Default::default(),
        }
    }

    /// Puts other rules in force: for new connections, and for the next request of each that is there.
    pub fn put(&self, rules: Rules) {
        self.table.store(Arc::new(Table::new(rules)));
        self.version.fetch_add(1, Ordering::Release);
    }

    /// The table in force.
    pub fn table(&self) -> Arc<Table> {
        self.table.load_full()
    }

    /// Connections closed without an answer, by reason.
    pub fn closed(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Closed::ALL.iter().zip(&self.closed).map(|(why, count)| (why.name(), count.load(Ordering::Relaxed)))
    }

    /// Decisions to admit, by kind of source: one for each connection, and one more after each change of the rules.
    pub fn admitted(&self) -> impl Iterator<Item = (&'static str, u64)> {
        KINDS.iter().zip(&self.admitted).map(|(kind, count)| (*kind, count.load(Ordering::Relaxed)))
    }

    fn count(&self, why: Closed) {
        if let Some(at) = Closed::ALL.iter().position(|one| *one == why) {
            self.closed[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn admit(&self, origin: Origin) -> Source {
        let (kind, source) = match origin {
            Origin::Public { .. } => (0, Source::Public),
            Origin::VirtualNetwork { network, .. } => (1, Source::VirtualNetwork(network)),
            Origin::PrivateEndpoint { connection, .. } => {
                let endpoint = PrivateEndpoint {
                    name: connection.name.clone(),
                    group_id: connection.group_id.clone(),
                    member_name: connection.member_name.clone(),
                    link_id: connection.link_id.unwrap_or(0),
                };
                (2, Source::PrivateEndpoint(Arc::new(endpoint)))
            }
            Origin::Probe => (3, Source::Probe),
        };
        self.admitted[kind].fetch_add(1, Ordering::Relaxed);
        source
    }
}

impl Classifier for NetworkClassifier {
    fn classify(&self, arrival: Arrival<'_>, preamble: Option<&Preamble>) -> Verdict {
        let header = preamble.map(|preamble| match preamble.client {
            Some(client) => Header::proxy(client, arrival.local, preamble.link_id),
            None => Header { command: Command::Local, addresses: None, link_id: preamble.link_id },
        });
        let Arrival { listener, local, peer } = arrival;
        match self.table.load().classify(&Seen { listener, local, peer, header: header.as_ref() }) {
            Ok(origin) => Verdict::Admit(self.admit(origin)),
            Err(why) => {
                self.count(why);
                Verdict::Close
            }
        }
    }

    fn preamble(&self, received: &[u8]) -> Result<Option<(usize, Preamble)>, String> {
        match proxy::parse(received) {
            Ok(found) => Ok(found.map(|(length, header)| {
                let client = header.client().filter(|_| header.command == Command::Proxy);
                (length, Preamble { client, link_id: header.link_id })
            })),
            Err(malformed) => {
                self.count(Closed::NoHeader);
                Err(malformed.to_string())
            }
        }
    }

    fn may_send(&self, arrival: Arrival<'_>) -> bool {
        let admitted = self.table.load().may_send(arrival.peer.ip());
        if !admitted {
            self.count(Closed::Stranger);
        }
        admitted
    }

    fn no_preamble(&self, why: NoPreamble) {
        self.count(match why {
            NoPreamble::Ended => Closed::NoHeader,
            NoPreamble::TooSlow => Closed::SlowHeader,
        });
    }

    fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }
}
