//! What node sync sends over real sockets, against the formula of `sync`'s module text: two, four and eight gateways.
#![cfg(feature = "sync")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

use std::collections::{BTreeSet, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_counters::sync::wire::Seal;
use apimite_counters::sync::{Ledger, NodeId, REPEATS, Replica, SyncSettings};
use apimite_counters::{CounterKey, Counters, Kind, RateLimit};

const INTERVAL: Duration = Duration::from_millis(100);
const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const TEXT: usize = 15;

struct Node {
    counters: Counters,
    replica: Replica,
    socket: UdpSocket,
    address: SocketAddr,
    /// Keys counted in the latest intervals.
    latest: VecDeque<BTreeSet<usize>>,
}

struct Cluster {
    nodes: Vec<Node>,
    now: Timestamp,
    random: u64,
}

impl Cluster {
    fn new(count: usize, bytes_per_second: u64) -> Self {
        let sockets: Vec<_> = (0..count).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<_> = sockets.iter().map(|socket| socket.local_addr().unwrap()).collect();
        let node = |(index, socket): (usize, UdpSocket)| {
            socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let counters = Counters::synchronized(Arc::new(Ledger::new(NodeId(index as u64 + 1))));
            let settings = SyncSettings { interval: INTERVAL, bytes_per_second };
            let mut replica = counters.replica(settings, Seal::with_secret(b"traffic")).unwrap();
            let address = addresses[index];
            let peers: Vec<_> = addresses.iter().filter(|peer| **peer != address).copied().collect();
            replica.set_peers(&peers, START);
            Node { counters, replica, socket, address, latest: VecDeque::new() }
        };
        let nodes = sockets.into_iter().enumerate().map(node).collect();
        Self { nodes, now: START, random: 42 }
    }

    fn below(&mut self, count: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % count
    }

    /// `calls` calls on `keys` keys at random gateways, then an interval's packets, sent and received.
    fn interval(&mut self, calls: usize, keys: usize) {
        for node in &mut self.nodes {
            node.latest.push_front(BTreeSet::new());
            node.latest.truncate(REPEATS as usize);
        }
        for _ in 0..calls {
            let (node, key) = (self.below(self.nodes.len()), self.below(keys));
            let node = &mut self.nodes[node];
            node.latest[0].insert(key);
            let key = CounterKey::new(Kind::RateLimitByKey, "", &format!("client-{key:08}"));
            let limit = RateLimit::new(1_000_000, Duration::from_secs(60));
            assert!(node.counters.check_rate(&key, limit, 1, self.now).now().unwrap().admitted);
        }
        self.now = self.now + INTERVAL;
        let mut expected = vec![0; self.nodes.len()];
        let addresses: Vec<_> = self.nodes.iter().map(|node| node.address).collect();
        for node in &mut self.nodes {
            for packet in node.replica.tick(self.now) {
                node.socket.send_to(&packet.bytes, packet.to).unwrap();
                expected[addresses.iter().position(|address| *address == packet.to).unwrap()] += 1;
            }
        }
        let mut buffer = [0; 2_048];
        for (node, count) in self.nodes.iter_mut().zip(expected) {
            for _ in 0..count {
                let (length, from) = node.socket.recv_from(&mut buffer).unwrap();
                node.replica.receive(from, &buffer[..length], self.now).unwrap();
            }
        }
    }

    fn sent(&self) -> (u64, u64) {
        let stats = self.nodes.iter().map(|node| node.replica.stats());
        stats.fold((0, 0), |(packets, bytes), stats| (packets + stats.packets_sent, bytes + stats.bytes_sent))
    }
}

#[test]
fn traffic_grows_with_active_keys_and_peers_as_documented() {
    let mut table = String::from("\ngateways | packets/s | kB/s | formula kB/s\n");
    for count in [2, 4, 8] {
        let mut cluster = Cluster::new(count, 64 << 20);
        // The first exchange of states, and until as many intervals have been as a change is told in.
        (0..20).for_each(|_| cluster.interval(100, 100));
        let before = cluster.sent();
        let (intervals, mut formula) = (100, 0.0);
        for _ in 0..intervals {
            cluster.interval(100, 100);
            for node in &cluster.nodes {
                let active = node.latest.iter().flatten().collect::<BTreeSet<_>>().len();
                formula += ((count - 1) * active * (12 + TEXT)) as f64;
            }
        }
        let after = cluster.sent();
        let per_node_and_second = |total: f64| total / count as f64 / (intervals as f64 * INTERVAL.as_secs_f64());
        let (packets, bytes) = ((after.0 - before.0) as f64, (after.1 - before.1) as f64);
        let line = [packets, bytes / 1e3, formula / 1e3].map(per_node_and_second);
        table += &format!("{count} | {:.0} | {:.1} | {:.1}\n", line[0], line[1], line[2]);
        // Neighbours share the beginnings of their texts, so less is sent than the formula says, but no other order of it.
        assert!((0.4..=1.0).contains(&(bytes / formula)), "{table}");
        let used: Vec<_> = cluster.nodes.iter().map(|node| node.counters.clone()).collect();
        let key = CounterKey::new(Kind::RateLimitByKey, "", "client-00000007");
        let limit = RateLimit::new(1_000_000, Duration::from_secs(60));
        let seen: BTreeSet<_> =
            used.iter().map(|one| one.peek_rate(&key, limit, cluster.now).now().unwrap().used).collect();
        assert_eq!(seen.len(), 1, "all agree");
    }
    eprintln!("{table}");
}

#[test]
fn a_budget_is_kept_and_what_matters_most_goes_first() {
    const BUDGET: u64 = 40_000;
    let mut cluster = Cluster::new(4, BUDGET);
    (0..40).for_each(|_| cluster.interval(0, 1));
    let urgent = CounterKey::new(Kind::RateLimitByKey, "", "urgent");
    let tight = RateLimit::new(10, Duration::from_secs(60));
    let before = cluster.nodes[0].replica.stats().bytes_sent;
    let mut told_at_once = 0;
    for round in 1..=100_u64 {
        // Far more keys than the budget has room for, and one that has used a part of its small limit.
        if round % 10 == 0 {
            assert!(cluster.nodes[0].counters.check_rate(&urgent, tight, 1, cluster.now).now().unwrap().admitted);
        }
        cluster.interval(4_000, 50_000);
        let seen = cluster.nodes[1].counters.peek_rate(&urgent, tight, cluster.now).now().unwrap().used;
        told_at_once += u64::from(seen == round / 10);
    }
    let sent = cluster.nodes[0].replica.stats().bytes_sent - before;
    // Ten seconds, and what was saved up in the second before.
    assert!(sent <= 11 * BUDGET + 4 * 1_200, "{sent} bytes in ten seconds, budget {BUDGET} a second");
    assert!(cluster.nodes[0].replica.stats().deferred > 10_000);
    assert_eq!(told_at_once, 100, "the urgent key is told with the next packets, in spite of the others");
}
