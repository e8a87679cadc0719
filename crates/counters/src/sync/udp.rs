//! Node sync over real sockets: the replica on one UDP port, membership on another, driven by tokio.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::{Clock, Timestamp};
use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::membership::{Membership, Node, Todo};
use super::wire::{Dropped, Seal};
use super::{Ledger, NodeId, Replica, SyncSettings, SyncStats};
use crate::counters::Counters;

/// How this gateway takes part.
#[derive(Clone, PartialEq, Eq)]
pub struct NodeSettings {
    /// Names or addresses of the others, with an optional port (that of the counters); a name may stand for many addresses.
    pub peers: Vec<String>,
    /// The key that all gateways of the service share.
    pub secret: String,
    /// Address to listen at.
    pub bind: IpAddr,
    /// Port of the counters (Azure: 4290). Zero lets the system choose.
    pub port: u16,
    /// Port of the heartbeats (Azure: 4291). Zero lets the system choose.
    pub heartbeat_port: u16,
    /// Address at which others reach this gateway, where it is not the one it sends from.
    pub advertise: Option<IpAddr>,
    /// How often names are looked up again.
    pub discovery_interval: Duration,
    /// Interval and budget.
    pub exchange: SyncSettings,
}

impl Default for NodeSettings {
    fn default() -> Self {
        Self {
            peers: Vec::new(),
            secret: String::new(),
            bind: IpAddr::from([0, 0, 0, 0]),
            port: 4290,
            heartbeat_port: 4291,
            advertise: None,
            discovery_interval: Duration::from_secs(10),
            exchange: SyncSettings::default(),
        }
    }
}

impl std::fmt::Debug for NodeSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeSettings")
            .field("peers", &self.peers)
            .field("bind", &self.bind)
            .field("port", &self.port)
            .field("heartbeat_port", &self.heartbeat_port)
            .field("exchange", &self.exchange)
            .finish_non_exhaustive()
    }
}

/// Why node sync cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// A port cannot be had.
    #[error("cannot listen for {purpose} at UDP {address}: {error}")]
    Port {
        /// What the port is for.
        purpose: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
    /// There is no randomness.
    #[error("the system gives no random numbers")]
    Randomness,
}

#[derive(Debug, Default)]
struct Shared {
    stats: Mutex<SyncStats>,
    members: Mutex<Vec<(NodeId, SocketAddr)>>,
}

/// What a node that takes part shows of itself; cheap to clone, does not keep the node alive.
#[derive(Clone, Debug)]
pub struct SyncView(Arc<Shared>);

impl SyncView {
    /// What happened so far.
    pub fn stats(&self) -> SyncStats {
        *self.0.stats.lock()
    }

    /// The other gateways that are alive, with the address at which they hear counters.
    pub fn members(&self) -> Vec<(NodeId, SocketAddr)> {
        self.0.members.lock().clone()
    }
}

/// A gateway that takes part in node sync; dropping it ends that.
pub struct SyncNode {
    counters: Counters,
    shared: Arc<Shared>,
    address: SocketAddr,
    heartbeat_address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for SyncNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncNode").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for SyncNode {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn random() -> Result<u64, SyncError> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SyncError::Randomness)?;
    Ok(u64::from_le_bytes(bytes))
}

async fn bind(purpose: &'static str, address: SocketAddr) -> Result<UdpSocket, SyncError> {
    UdpSocket::bind(address).await.map_err(|error| SyncError::Port { purpose, address, error })
}

impl SyncNode {
    /// Binds the ports and starts to exchange; needs a tokio runtime. The counters are [`SyncNode::counters`].
    ///
    /// # Errors
    /// When a port is taken.
    pub async fn start(settings: NodeSettings, clock: Clock) -> Result<Self, SyncError> {
        let socket = bind("counters of other gateways", (settings.bind, settings.port).into()).await?;
        let beats = bind("heartbeats of other gateways", (settings.bind, settings.heartbeat_port).into()).await?;
        let failed = |purpose, address| move |error| SyncError::Port { purpose, address, error };
        let address = socket.local_addr().map_err(failed("counters of other gateways", (settings.bind, 0).into()))?;
        let heartbeat_address = beats.local_addr().map_err(failed("heartbeats", (settings.bind, 0).into()))?;
        let id = NodeId(random()?);
        let counters = Counters::synchronized(Arc::new(Ledger::new(id)));
        let seal = Seal::with_secret(settings.secret.as_bytes());
        let Some(replica) = counters.replica(settings.exchange, seal) else { return Err(SyncError::Randomness) };
        let shared = Arc::new(Shared::default());
        let (found, peers) = watch::channel(Vec::new());
        let wall = Clock::system();
        let exchange = Exchange {
            socket,
            replica,
            clock,
            wall: wall.clone(),
            shared: Arc::clone(&shared),
            peers,
            own: Vec::new(),
        };
        let finder = Finder {
            own_port: address.port(),
            own_heartbeat_port: heartbeat_address.port(),
            socket: beats,
            membership: None,
            seed: random()?,
            id,
            clock: wall,
            shared: Arc::clone(&shared),
            found,
            recent: BTreeMap::new(),
            settings: settings.clone(),
        };
        let tasks = vec![
            tokio::spawn(exchange.run(settings.exchange.interval)),
            tokio::spawn(finder.run(settings.discovery_interval)),
        ];
        tracing::info!(node = %id, %address, "counters are shared with other gateways");
        Ok(Self { counters, shared, address, heartbeat_address, tasks })
    }

    /// The shared counters.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What it shows of itself.
    pub fn view(&self) -> SyncView {
        SyncView(Arc::clone(&self.shared))
    }

    /// What happened so far.
    pub fn stats(&self) -> SyncStats {
        self.view().stats()
    }

    /// The other gateways that are alive, with the address at which they hear counters.
    pub fn members(&self) -> Vec<(NodeId, SocketAddr)> {
        self.view().members()
    }

    /// Where counters are heard.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where heartbeats are heard.
    pub fn heartbeat_address(&self) -> SocketAddr {
        self.heartbeat_address
    }
}

/// The counters' side.
struct Exchange {
    socket: UdpSocket,
    replica: Replica,
    /// The gateway's clock, perhaps virtual: slots are cut by it.
    clock: Clock,
    /// Real time, in which packets travel.
    wall: Clock,
    shared: Arc<Shared>,
    peers: watch::Receiver<Vec<SocketAddr>>,
    /// Addresses that turned out to be our own.
    own: Vec<SocketAddr>,
}

impl Exchange {
    async fn run(mut self, interval: Duration) {
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut buffer = [0; 2_048];
        loop {
            tokio::select! {
                _ = ticks.tick() => self.tick().await,
                received = self.socket.recv_from(&mut buffer) => {
                    if let Ok((length, from)) = received {
                        self.receive(from, &buffer[..length]);
                    }
                }
                changed = self.peers.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let peers: Vec<_> = self.peers.borrow_and_update().iter().filter(|peer| !self.own.contains(peer)).copied().collect();
                    self.replica.set_peers(&peers, self.wall.now());
                }
            }
        }
    }

    /// The time of the exchange; the replica learns what the gateway's clock shows at that instant.
    fn present(&mut self) -> Timestamp {
        let now = self.wall.now();
        self.replica.lead(self.clock.now().0.saturating_sub(now.0));
        now
    }

    fn receive(&mut self, from: SocketAddr, bytes: &[u8]) {
        let now = self.present();
        match self.replica.receive(from, bytes, now) {
            Ok(()) => {}
            Err(Dropped::Own) => {
                if !self.own.contains(&from) && self.own.len() < 64 {
                    self.own.push(from);
                    let peers: Vec<_> = self.replica.peers().filter(|peer| *peer != from).collect();
                    self.replica.set_peers(&peers, now);
                }
            }
            Err(reason) => tracing::debug!(%from, %reason, "packet dropped"),
        }
    }

    async fn tick(&mut self) {
        let now = self.present();
        for packet in self.replica.tick(now) {
            // An unreachable peer is an error of one packet; the next interval tries again.
            let _ = self.socket.send_to(&packet.bytes, packet.to).await;
        }
        *self.shared.stats.lock() = self.replica.stats();
    }
}

/// The side that finds others.
struct Finder {
    socket: UdpSocket,
    own_port: u16,
    own_heartbeat_port: u16,
    /// Made when the own address is known.
    membership: Option<Membership>,
    seed: u64,
    id: NodeId,
    clock: Clock,
    shared: Arc<Shared>,
    found: watch::Sender<Vec<SocketAddr>>,
    /// Members that were alive, and how many rounds they are kept after that: they may come back.
    recent: BTreeMap<SocketAddr, u32>,
    settings: NodeSettings,
}

/// Rounds of discovery for which a dead member is still told counters.
const KEEP_ROUNDS: u32 = 6;

impl Finder {
    async fn run(mut self, every: Duration) {
        let mut rounds = tokio::time::interval(every);
        let mut hurry = 5_u32;
        let (timers, mut due) = mpsc::unbounded_channel();
        let mut buffer = [0; 2_048];
        loop {
            let todo = tokio::select! {
                _ = rounds.tick() => self.discover().await,
                // At the start the others may come up at the same time: look again soon.
                () = tokio::time::sleep(Duration::from_millis(500)), if hurry > 0 => {
                    hurry -= 1;
                    self.discover().await
                }
                received = self.socket.recv_from(&mut buffer) => match received {
                    Ok((length, from)) => self.receive(from, &buffer[..length]),
                    Err(_) => Todo::default(),
                },
                Some(timer) = due.recv() => {
                    let now = self.clock.now();
                    self.membership.as_mut().map(|membership| membership.timer(timer, now)).unwrap_or_default()
                }
            };
            for (to, bytes) in todo.send {
                let _ = self.socket.send_to(&bytes, to).await;
            }
            for (after, timer) in todo.timers {
                let timers = timers.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    let _ = timers.send(timer);
                });
            }
            self.publish(&[]);
        }
    }

    fn receive(&mut self, from: SocketAddr, bytes: &[u8]) -> Todo {
        let now = self.clock.now();
        let Some(membership) = &mut self.membership else { return Todo::default() };
        match membership.receive(bytes, now) {
            Ok(todo) => todo,
            Err(Dropped::Own) => Todo::default(),
            Err(reason) => {
                tracing::debug!(%from, %reason, "heartbeat dropped");
                Todo::default()
            }
        }
    }

    /// Looks the names up, introduces this gateway to whoever is new, and tells the exchange.
    async fn discover(&mut self) -> Todo {
        let mut seeds = Vec::new();
        for peer in &self.settings.peers {
            let name = with_port(peer, self.settings.port);
            match tokio::net::lookup_host(&name).await {
                Ok(addresses) => seeds.extend(addresses),
                Err(error) => tracing::debug!(%peer, %error, "name of a gateway is not known (yet)"),
            }
        }
        let now = self.clock.now();
        if self.membership.is_none()
            && let Some(ip) = self.own_address(&seeds).await
        {
            let node = Node::new((ip, self.own_heartbeat_port).into(), self.own_port, self.id, now);
            let seal = Seal::with_secret(self.settings.secret.as_bytes());
            self.membership = Some(Membership::new(node, seal, self.seed));
        }
        let mut all = Todo::default();
        if let Some(membership) = &mut self.membership {
            for seed in &seeds {
                // Heartbeats are heard beside the counters: the ports differ by what ours differ, 1 unless configured.
                let shift = self.settings.heartbeat_port.wrapping_sub(self.settings.port);
                let beat = SocketAddr::new(seed.ip(), seed.port().wrapping_add(shift));
                let todo = membership.announce(beat, now);
                all.send.extend(todo.send);
                all.timers.extend(todo.timers);
            }
        }
        self.recent.retain(|_, rounds| {
            *rounds = rounds.saturating_sub(1);
            *rounds > 0
        });
        self.publish(&seeds);
        all
    }

    /// The address others see: as configured, as bound, or the one packets to a peer leave from.
    async fn own_address(&self, seeds: &[SocketAddr]) -> Option<IpAddr> {
        if self.settings.advertise.is_some() {
            return self.settings.advertise;
        }
        if !self.settings.bind.is_unspecified() {
            return Some(self.settings.bind);
        }
        let seed = seeds.first()?;
        let probe = UdpSocket::bind((self.settings.bind, 0)).await.ok()?;
        probe.connect(seed).await.ok()?;
        Some(probe.local_addr().ok()?.ip())
    }

    /// Tells the exchange whom to talk to: what names stand for, members, and members of late.
    fn publish(&mut self, seeds: &[SocketAddr]) {
        let members: Vec<Node> = self.membership.iter().flat_map(Membership::members).collect();
        for node in &members {
            self.recent.insert(node.sync_address(), KEEP_ROUNDS);
        }
        for seed in seeds {
            self.recent.insert(*seed, KEEP_ROUNDS);
        }
        let mut named: Vec<_> = members.iter().map(|node| (NodeId(node.id), node.sync_address())).collect();
        named.sort();
        *self.shared.members.lock() = named;
        let peers: Vec<_> = self.recent.keys().copied().collect();
        self.found.send_if_modified(|known| {
            let changed = *known != peers;
            *known = peers;
            changed
        });
    }
}

/// Adds the port where a name has none.
fn with_port(peer: &str, port: u16) -> String {
    if let Ok(ip) = peer.parse::<IpAddr>() {
        return SocketAddr::new(ip, port).to_string();
    }
    let has_port = peer.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port { peer.to_owned() } else { format!("{peer}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_without_a_port_gets_the_one_of_the_counters() {
        assert_eq!(with_port("gateways.local", 4290), "gateways.local:4290");
        assert_eq!(with_port("gateways.local:1", 4290), "gateways.local:1");
        assert_eq!(with_port("10.0.0.1", 4290), "10.0.0.1:4290");
        assert_eq!(with_port("::1", 4290), "[::1]:4290");
        assert_eq!(with_port("[::1]:5", 4290), "[::1]:5");
    }
}
