//! One gateway's side of the exchange: what to send each interval, what to do with what arrives.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::Timestamp;

use super::budget::Budget;
use super::gate::Gate;
use super::ledger::{Entry, Ledger};
use super::wire::{self, Dropped, Head, Message, Seal, Writer};
use crate::key::CounterKey;
use crate::memory::Memory;

/// How the exchange behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncSettings {
    /// Time between two packets to a peer.
    pub interval: Duration,
    /// Most bytes sent per second, to all peers together.
    pub bytes_per_second: u64,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self { interval: Duration::from_millis(100), bytes_per_second: 4 << 20 }
    }
}

/// A packet and where it goes.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The peer.
    pub to: SocketAddr,
    /// The signed packet.
    pub bytes: Arc<[u8]>,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncStats {
    /// Intervals so far.
    pub intervals: u64,
    /// Packets sent.
    pub packets_sent: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Packets received and used.
    pub packets_received: u64,
    /// Packets dropped: malformed.
    pub malformed: u64,
    /// Packets dropped: of another version.
    pub other_version: u64,
    /// Packets dropped: not signed with our key.
    pub forged: u64,
    /// Packets dropped: repeated or outdated.
    pub replayed: u64,
    /// Counts dropped because they lie in the future.
    pub skewed: u64,
    /// Keys that waited because the budget was spent, summed over intervals.
    pub deferred: u64,
}

/// What is known of another gateway.
#[derive(Debug, Default)]
struct Peer {
    heard_at: Option<Timestamp>,
    sent_at: Option<Timestamp>,
    /// We want its state, and asked at this instant.
    wanting: Option<Option<Timestamp>>,
    /// Nobody configured it: it spoke to us, with the right key.
    learned: bool,
    /// It wants ours; these keys are still to be sent, the fullest last.
    transfer: Option<Vec<CounterKey>>,
}

/// A peer that nobody configured is forgotten when it is silent for so long.
const FORGET_AFTER: Duration = Duration::from_secs(60);
/// Peers that are remembered.
const MOST_PEERS: usize = 1_024;
/// Intervals after which a packet is sent even when nothing changed.
const KEEP_ALIVE: u32 = 5;
/// Intervals of silence after which a peer that speaks again is asked for its state.
const SILENCE: u32 = 15;

/// One gateway's side of the exchange. Has no socket and no clock: packets and instants go in, packets come out.
///
/// The exchange lives in real time, whatever the gateway's clock shows: intervals, patience, budget, and the freshness of packets.
/// The slots that calls are counted in are those of the gateway's own, perhaps virtual, time ([`Replica::lead`]).
#[derive(Debug)]
pub struct Replica {
    memory: Arc<Memory>,
    ledger: Arc<Ledger>,
    settings: SyncSettings,
    seal: Seal,
    sequence: u64,
    budget: Budget,
    /// Share of a packet's head and tag that counts against the budget: less than one in a sampled simulation only.
    head_weight: f64,
    /// How far the gateway's clock is ahead of the time of the exchange, in nanoseconds.
    lead: i64,
    peers: BTreeMap<SocketAddr, Peer>,
    gate: Gate,
    /// Keys to tell, with the tick since which they wait.
    pending: Vec<(CounterKey, u32)>,
    stats: SyncStats,
}

impl Replica {
    /// The replica of the counters in `memory`; `ledger` is the one that they record in.
    pub fn new(memory: Arc<Memory>, ledger: Arc<Ledger>, settings: SyncSettings, seal: Seal) -> Self {
        Self {
            memory,
            ledger,
            settings,
            seal,
            sequence: 0,
            budget: Budget::new(settings.bytes_per_second),
            head_weight: 1.0,
            lead: 0,
            peers: BTreeMap::new(),
            gate: Gate::default(),
            pending: Vec::new(),
            stats: SyncStats::default(),
        }
    }

    /// Tells how far the gateway's clock is ahead of the time of the exchange, in nanoseconds.
    pub fn lead(&mut self, nanos: i64) {
        self.lead = nanos;
    }

    /// What the gateway's clock shows.
    fn shown(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_add(self.lead))
    }

    /// Lets heads of packets cost less: a simulation that plays an n-th of the keys sends as many packets, but fuller ones.
    pub(crate) fn weigh_heads(&mut self, weight: f64) {
        self.head_weight = weight;
    }

    fn cost(&self, length: usize) -> f64 {
        (length - wire::OVERHEAD) as f64 + wire::OVERHEAD as f64 * self.head_weight
    }

    /// What happened so far.
    pub fn stats(&self) -> SyncStats {
        self.stats
    }

    /// The peers that packets are sent to.
    pub fn peers(&self) -> impl Iterator<Item = SocketAddr> {
        self.peers.keys().copied()
    }

    /// When a peer was last heard.
    pub fn heard_at(&self, peer: SocketAddr) -> Option<Timestamp> {
        self.peers.get(&peer)?.heard_at
    }

    /// Sets the peers; new ones are asked for what they know. Peers that spoke without being told of stay while they speak.
    pub fn set_peers(&mut self, peers: &[SocketAddr], now: Timestamp) {
        let speaks = |peer: &Peer| peer.learned && peer.heard_at.is_some_and(|at| now - at < FORGET_AFTER);
        self.peers.retain(|address, peer| peers.contains(address) || speaks(peer));
        for address in peers {
            let new = || Peer { wanting: Some(None), ..Peer::default() };
            self.peers.entry(*address).or_insert_with(new).learned = false;
        }
    }

    fn writer(&mut self, message: Message, now: Timestamp) -> Writer {
        self.sequence += 1;
        Writer::new(Head { message, sender: self.ledger.id(), sequence: self.sequence, sent_at: now })
    }

    fn send(&mut self, to: SocketAddr, bytes: Arc<[u8]>, now: Timestamp, out: &mut Vec<Outgoing>) {
        self.stats.packets_sent += 1;
        self.stats.bytes_sent += bytes.len() as u64;
        self.budget.spend(self.cost(bytes.len()));
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.sent_at = Some(now);
        }
        out.push(Outgoing { to, bytes });
    }

    /// What to send now; called once per interval.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Outgoing> {
        let mut out = Vec::new();
        self.stats.intervals += 1;
        self.budget.refill(now);
        self.send_changes(now, &mut out);
        self.ask(now, &mut out);
        self.send_states(now, &mut out);
        out
    }

    fn send_changes(&mut self, now: Timestamp, out: &mut Vec<Outgoing>) {
        let (tick, changed) = self.ledger.next_tick();
        self.pending.extend(changed.into_iter().map(|key| (key, tick)));
        let peers: Vec<_> = self.peers.keys().copied().collect();
        // Small services first of all; then who has used most of its limit unseen, then who waits longest.
        let mut ranked: Vec<(f64, CounterKey, u32)> = std::mem::take(&mut self.pending)
            .into_iter()
            .filter_map(|(key, since)| {
                let waited = f64::from(tick.saturating_sub(since)) * 1e-4;
                Some((self.ledger.urgency(&key)? + waited, key, since))
            })
            .collect();
        let fits = (self.budget.left() / peers.len().max(1) as f64).max(0.0);
        // An entry takes at least 12 bytes, so more than this many cannot fit; no need to rank the rest.
        let most = (fits / 12.0) as usize + 1;
        let by_urgency = |a: &(f64, CounterKey, u32), b: &(f64, CounterKey, u32)| {
            b.0.total_cmp(&a.0).then_with(|| a.1.as_bytes().cmp(b.1.as_bytes()))
        };
        if ranked.len() > most {
            ranked.select_nth_unstable_by(most, by_urgency);
            self.stats.deferred += (ranked.len() - most) as u64;
            self.pending.extend(ranked.drain(most..).map(|(_, key, since)| (key, since)));
            ranked.sort_by(by_urgency);
        }
        if ranked.len() as f64 * 64.0 > fits {
            // Near the limit of the budget the order of urgency decides what is still sent.
            ranked.sort_by(by_urgency);
        } else {
            // Neighbours share the beginnings of their keys.
            ranked.sort_by(|a, b| a.1.as_bytes().cmp(b.1.as_bytes()));
        }
        let mut packets: Vec<Arc<[u8]>> = Vec::new();
        let mut writer: Option<Writer> = None;
        let mut spent = 0.0;
        for (_, key, since) in ranked {
            if spent + writer.as_ref().map_or(0.0, |open| self.cost(open.len())) >= fits && !peers.is_empty() {
                self.stats.deferred += 1;
                self.pending.push((key, since));
                continue;
            }
            let Some((entry, again)) = self.ledger.take_changes(&key, tick) else { continue };
            if again {
                self.pending.push((key, tick));
            }
            if peers.is_empty() {
                continue;
            }
            let mut open = match writer.take() {
                Some(open) => open,
                None => self.writer(Message::Changes, now),
            };
            if !open.add(&entry) {
                spent += self.cost(open.len());
                packets.push(open.finish(&self.seal).into());
                open = self.writer(Message::Changes, now);
                open.add(&entry);
            }
            writer = Some(open);
        }
        if let Some(open) = writer {
            packets.push(open.finish(&self.seal).into());
        }
        for packet in &packets {
            for peer in &peers {
                self.send(*peer, Arc::clone(packet), now, out);
            }
        }
        self.keep_alive(&peers, now, out);
    }

    fn keep_alive(&mut self, peers: &[SocketAddr], now: Timestamp, out: &mut Vec<Outgoing>) {
        let (quiet, silence) = (self.settings.interval * KEEP_ALIVE, self.settings.interval * SILENCE);
        let is_due = |peer: &Peer| {
            // One that is silent is called in every interval, so that both notice at once when it is back.
            let silent = peer.heard_at.is_some_and(|at| now - at > silence) && peer.sent_at != Some(now);
            silent || peer.sent_at.is_none_or(|at| now - at >= quiet)
        };
        let due: Vec<_> = peers.iter().filter(|peer| self.peers.get(peer).is_some_and(is_due)).copied().collect();
        if !due.is_empty() {
            let writer = self.writer(Message::Changes, now);
            let bytes: Arc<[u8]> = writer.finish(&self.seal).into();
            for peer in due {
                self.send(peer, Arc::clone(&bytes), now, out);
            }
        }
    }

    /// Asks peers whose state we want, again after two intervals without the end of an answer.
    fn ask(&mut self, now: Timestamp, out: &mut Vec<Outgoing>) {
        let patience = self.settings.interval * 2;
        let due: Vec<_> = self
            .peers
            .iter_mut()
            .filter_map(|(address, peer)| match &mut peer.wanting {
                Some(asked) if asked.is_none_or(|at| now - at >= patience) => {
                    *asked = Some(now);
                    Some(*address)
                }
                _ => None,
            })
            .collect();
        for peer in due {
            let writer = self.writer(Message::Want, now);
            let bytes = writer.finish(&self.seal).into();
            self.send(peer, bytes, now, out);
        }
    }

    /// Goes on with the answers to peers who asked for our state, as far as the budget reaches.
    fn send_states(&mut self, now: Timestamp, out: &mut Vec<Outgoing>) {
        let receivers: Vec<_> =
            self.peers.iter().filter(|(_, peer)| peer.transfer.is_some()).map(|(at, _)| *at).collect();
        let share = self.budget.left() / receivers.len().max(1) as f64;
        for to in receivers {
            let Some(mut keys) = self.peers.get_mut(&to).and_then(|peer| peer.transfer.take()) else { continue };
            let mut spent = 0.0;
            let mut writer = self.writer(Message::State, now);
            let mut packets = Vec::new();
            while spent < share {
                let Some(key) = keys.pop() else { break };
                for mut entry in self.ledger.everything(&key, self.shown(now)) {
                    if !writer.add(&entry) {
                        spent += self.cost(writer.len());
                        packets.push(writer);
                        writer = self.writer(Message::State, now);
                        while !writer.add(&entry) && entry.cells.pop().is_some() {}
                    }
                }
            }
            if keys.is_empty() {
                packets.push(writer);
                let end = self.writer(Message::StateEnd, now);
                packets.push(end);
            } else {
                if writer.entries > 0 {
                    packets.push(writer);
                }
                if let Some(peer) = self.peers.get_mut(&to) {
                    peer.transfer = Some(keys);
                }
            }
            for writer in packets {
                let bytes = writer.finish(&self.seal).into();
                self.send(to, bytes, now, out);
            }
        }
    }

    /// Takes a packet in. What must not be used is counted and dropped; the reason is told for logs and tests.
    ///
    /// # Errors
    /// When the packet was dropped.
    pub fn receive(&mut self, from: SocketAddr, bytes: &[u8], now: Timestamp) -> Result<(), Dropped> {
        let taken = self.take_in(from, bytes, now);
        match taken {
            Ok(()) => self.stats.packets_received += 1,
            Err(Dropped::Malformed) => self.stats.malformed += 1,
            Err(Dropped::Version) => self.stats.other_version += 1,
            Err(Dropped::Signature) => self.stats.forged += 1,
            Err(Dropped::Replay) => self.stats.replayed += 1,
            Err(Dropped::Own) => {}
        }
        taken
    }

    fn take_in(&mut self, from: SocketAddr, bytes: &[u8], now: Timestamp) -> Result<(), Dropped> {
        let (head, body) = wire::open(bytes, &self.seal)?;
        if head.sender == self.ledger.id() {
            return Err(Dropped::Own);
        }
        if head.message == Message::Heartbeat {
            return Err(Dropped::Malformed);
        }
        self.gate.admit(head, now)?;
        let entries = body.entries()?;
        self.note_peer(from, head.message, now);
        for entry in entries {
            self.apply(&entry, now);
        }
        Ok(())
    }

    fn note_peer(&mut self, from: SocketAddr, message: Message, now: Timestamp) {
        let silence = self.settings.interval * SILENCE;
        if !self.peers.contains_key(&from) {
            if self.peers.len() >= MOST_PEERS {
                return;
            }
            self.peers.insert(from, Peer { wanting: Some(None), learned: true, ..Peer::default() });
        }
        let Some(peer) = self.peers.get_mut(&from) else { return };
        if peer.heard_at.is_some_and(|at| now - at > silence) {
            // The network was cut, or it hung: what either told meanwhile was lost. It notices as we do and tells us all it knows with
            // its next packets, as we do; only if they get lost it is asked.
            peer.wanting = peer.wanting.or(Some(Some(now)));
            if peer.transfer.is_none() {
                let mut keys = self.ledger.keys_by_use();
                keys.reverse();
                peer.transfer = Some(keys);
            }
        }
        peer.heard_at = Some(now);
        match message {
            Message::Changes | Message::State | Message::Heartbeat => {}
            Message::Want => {
                if peer.transfer.is_none() {
                    let mut keys = self.ledger.keys_by_use();
                    keys.reverse();
                    peer.transfer = Some(keys);
                }
            }
            Message::StateEnd => peer.wanting = None,
        }
        if matches!(message, Message::State) {
            // An answer is under way: wait for its end before asking again.
            if let Some(asked) = &mut peer.wanting {
                *asked = Some(now);
            }
        }
    }

    fn apply(&mut self, entry: &Entry, now: Timestamp) {
        let now = self.shown(now);
        let raised = self.ledger.merge(entry, now);
        self.stats.skewed += raised.skewed;
        if raised.reset {
            self.memory.forget(&entry.key);
        }
        for cell in &raised.cells {
            self.memory.add_remote(&entry.key, entry.limit, cell.slot, cell.usage, now);
        }
    }

    /// Takes in counts that this gateway wrote down before a restart.
    pub fn restore(&mut self, entries: &[Entry], now: Timestamp) {
        for entry in entries {
            self.apply(entry, now);
        }
    }
}
