//! Gateways that exchange packets over a network that loses, doubles, delays and cuts.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::Timestamp;

use super::Random;
use crate::counters::Counters;
use crate::sync::wire::Seal;
use crate::sync::{Ledger, NodeId, Replica, SyncSettings};

/// How the network treats packets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Network {
    /// Share of packets lost.
    pub(crate) loss: f64,
    /// Share of packets that arrive twice.
    pub(crate) duplication: f64,
    /// Time in transit.
    pub(crate) delay: Duration,
    /// Added to the delay, evenly from zero to this: reorders.
    pub(crate) jitter: Duration,
}

impl Default for Network {
    fn default() -> Self {
        Self { loss: 0.0, duplication: 0.0, delay: Duration::from_millis(2), jitter: Duration::ZERO }
    }
}

struct Gateway {
    counters: Counters,
    replica: Replica,
    /// Added to its clock, in nanoseconds.
    skew: i64,
    /// Gateways of different islands do not hear each other.
    island: u32,
}

/// Gateways and the packets between them.
pub(crate) struct Cluster {
    gateways: Vec<Gateway>,
    settings: SyncSettings,
    pub(crate) network: Network,
    random: Random,
    /// When which gateway sends next.
    ticks: BTreeSet<(Timestamp, usize)>,
    in_flight: BTreeMap<(Timestamp, u64), (usize, usize, Arc<[u8]>)>,
    sent: u64,
    generation: u64,
    trusting: bool,
    head_weight: f64,
}

fn address(index: usize) -> SocketAddr {
    (Ipv4Addr::from(0x0a00_0000 + index as u32), 4290).into()
}

impl Cluster {
    /// `count` gateways that know each other from the start.
    pub(crate) fn new(count: usize, settings: SyncSettings, network: Network, seed: u64, now: Timestamp) -> Self {
        let mut cluster = Self {
            gateways: Vec::new(),
            settings,
            network,
            random: Random::new(seed),
            ticks: BTreeSet::new(),
            in_flight: BTreeMap::new(),
            sent: 0,
            generation: 0,
            trusting: false,
            head_weight: 1.0,
        };
        for index in 0..count {
            let gateway = cluster.start(index, count, now);
            cluster.gateways.push(gateway);
        }
        cluster
    }

    /// Does without signatures (and with lighter heads), which cost most of the time of large simulations.
    pub(crate) fn without_signatures(mut self, head_weight: f64, now: Timestamp) -> Self {
        self.trusting = true;
        self.head_weight = head_weight;
        let count = self.gateways.len();
        for index in 0..count {
            let gateway = self.start(index, count, now);
            self.gateways[index] = gateway;
        }
        self
    }

    fn start(&mut self, index: usize, count: usize, now: Timestamp) -> Gateway {
        self.generation += 1;
        let id = NodeId(self.random.next());
        let ledger = Arc::new(Ledger::new(id));
        let counters = Counters::simulated(Some(Arc::clone(&ledger)));
        let seal = if self.trusting { Seal::Trusting } else { Seal::with_secret(b"simulation") };
        let mut replica = Replica::new(counters.store(), ledger, self.settings, seal);
        replica.weigh_heads(self.head_weight);
        let peers: Vec<_> = (0..count).filter(|other| *other != index).map(address).collect();
        replica.set_peers(&peers, now);
        // Gateways do not tick in step.
        let phase = self.random.below(self.settings.interval.as_nanos() as u64);
        self.ticks.retain(|(_, of)| *of != index);
        self.ticks.insert((now + Duration::from_nanos(phase), index));
        Gateway { counters, replica, skew: 0, island: 0 }
    }

    pub(crate) fn counters(&self, gateway: usize) -> &Counters {
        &self.gateways[gateway].counters
    }

    pub(crate) fn replica(&mut self, gateway: usize) -> &mut Replica {
        &mut self.gateways[gateway].replica
    }

    pub(crate) fn len(&self) -> usize {
        self.gateways.len()
    }

    /// What the clock of a gateway shows.
    pub(crate) fn local(&self, gateway: usize, now: Timestamp) -> Timestamp {
        Timestamp(now.0 + self.gateways[gateway].skew)
    }

    #[cfg(test)]
    pub(crate) fn skew(&mut self, gateway: usize, nanos: i64) {
        self.gateways[gateway].skew = nanos;
    }

    #[cfg(test)]
    /// Puts a gateway on an island; those of the same number hear each other.
    pub(crate) fn move_to_island(&mut self, gateway: usize, island: u32) {
        self.gateways[gateway].island = island;
    }

    #[cfg(test)]
    /// Kills a gateway and starts it anew with empty counters.
    pub(crate) fn restart(&mut self, gateway: usize, now: Timestamp) {
        let count = self.gateways.len();
        self.gateways[gateway] = self.start(gateway, count, now);
    }

    /// Everything that happens up to `until`.
    pub(crate) fn run_until(&mut self, until: Timestamp) {
        loop {
            let tick = self.ticks.first().copied();
            let packet = self.in_flight.first_key_value().map(|((at, _), _)| *at);
            match (tick, packet) {
                (Some((at, _)), Some(arrives)) if arrives <= at && arrives <= until => self.deliver(),
                (None, Some(arrives)) if arrives <= until => self.deliver(),
                (Some((at, index)), _) if at <= until => self.tick(index, at),
                _ => return,
            }
        }
    }

    fn deliver(&mut self) {
        let Some(((at, _), (from, to, bytes))) = self.in_flight.pop_first() else { return };
        let now = self.local(to, at);
        let _ = self.gateways[to].replica.receive(address(from), &bytes, now);
    }

    fn tick(&mut self, index: usize, at: Timestamp) {
        let now = self.local(index, at);
        let gateway = &mut self.gateways[index];
        self.ticks.remove(&(at, index));
        self.ticks.insert((at + self.settings.interval, index));
        let outgoing = gateway.replica.tick(now);
        for packet in outgoing {
            let std::net::IpAddr::V4(to) = packet.to.ip() else { continue };
            let to = (u32::from(to) - 0x0a00_0000) as usize;
            self.transmit(index, to, &packet.bytes, at);
        }
    }

    fn transmit(&mut self, from: usize, to: usize, bytes: &Arc<[u8]>, at: Timestamp) {
        if self.gateways[from].island != self.gateways[to].island {
            return;
        }
        let copies = 1 + usize::from(self.random.chance(self.network.duplication));
        for _ in 0..copies {
            if self.random.chance(self.network.loss) {
                continue;
            }
            let jitter = self.random.below(self.network.jitter.as_nanos() as u64 + 1);
            let arrives = at + self.network.delay + Duration::from_nanos(jitter);
            self.sent += 1;
            self.in_flight.insert((arrives, self.sent), (from, to, Arc::clone(bytes)));
        }
    }
}
