//! Who is there: SWIM membership by `foca`, on the heartbeat port.
//!
//! Still without sockets: datagrams and timers go in, datagrams and timers come out. Datagrams are sealed like those of the
//! counters.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use apimite_clock::Timestamp;
use foca::{AccumulatingRuntime, Config, Foca, Identity, NoCustomBroadcast, PostcardCodec, Timer};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde::{Deserialize, Serialize};

use super::gate::Gate;
use super::ledger::NodeId;
use super::wire::{self, Dropped, Head, Message, Seal, Writer};

/// One gateway, as the others know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Node {
    /// Where it hears heartbeats.
    pub(super) address: SocketAddr,
    /// Where it hears counters.
    pub(super) sync_port: u16,
    pub(super) id: u64,
    /// A later run, or a return after having been declared dead, wins.
    epoch: u64,
}

impl Identity for Node {
    type Addr = SocketAddr;

    fn renew(&self) -> Option<Self> {
        Some(Self { epoch: self.epoch + 1, ..*self })
    }

    fn addr(&self) -> SocketAddr {
        self.address
    }

    fn win_addr_conflict(&self, other: &Self) -> bool {
        self.epoch > other.epoch
    }
}

impl Node {
    pub(super) fn new(address: SocketAddr, sync_port: u16, id: NodeId, now: Timestamp) -> Self {
        Self { address, sync_port, id: id.0, epoch: u64::try_from(now.0 / 1_000_000).unwrap_or(0) }
    }

    /// Where it hears counters.
    pub(super) fn sync_address(&self) -> SocketAddr {
        SocketAddr::new(self.address.ip(), self.sync_port)
    }
}

/// What is to be done after a step.
#[derive(Debug, Default)]
pub(super) struct Todo {
    pub(super) send: Vec<(SocketAddr, Vec<u8>)>,
    pub(super) timers: Vec<(Duration, Timer<Node>)>,
}

/// The membership of one gateway.
pub(super) struct Membership {
    foca: Foca<Node, PostcardCodec, SmallRng, NoCustomBroadcast>,
    runtime: AccumulatingRuntime<Node>,
    seal: Seal,
    id: NodeId,
    sequence: u64,
    gate: Gate,
}

impl Membership {
    pub(super) fn new(node: Node, seal: Seal, seed: u64) -> Self {
        let mut config = Config::new_lan(NonZeroU32::MIN.saturating_add(9));
        config.max_packet_size = std::num::NonZeroUsize::MIN.saturating_add(wire::LARGEST - 100);
        let id = NodeId(node.id);
        let foca = Foca::new(node, config, SmallRng::seed_from_u64(seed), PostcardCodec);
        Self { foca, runtime: AccumulatingRuntime::new(), seal, id, sequence: 0, gate: Gate::default() }
    }

    /// Introduces this gateway to another one that is not a member yet.
    pub(super) fn announce(&mut self, to: SocketAddr, now: Timestamp) -> Todo {
        if !self.members().any(|member| member.address == to) {
            let unknown = Node { address: to, sync_port: 0, id: 0, epoch: 0 };
            let _ = self.foca.announce(unknown, &mut self.runtime);
        }
        self.todo(now)
    }

    pub(super) fn timer(&mut self, timer: Timer<Node>, now: Timestamp) -> Todo {
        // An error means that the timer is of a state that is gone; there is nothing to do then.
        let _ = self.foca.handle_timer(timer, &mut self.runtime);
        self.todo(now)
    }

    pub(super) fn receive(&mut self, bytes: &[u8], now: Timestamp) -> Result<Todo, Dropped> {
        let (head, body) = wire::open(bytes, &self.seal)?;
        if head.sender == self.id {
            return Err(Dropped::Own);
        }
        if head.message != Message::Heartbeat {
            return Err(Dropped::Malformed);
        }
        self.gate.admit(head, now)?;
        self.foca.handle_data(body.raw(), &mut self.runtime).map_err(|_| Dropped::Malformed)?;
        Ok(self.todo(now))
    }

    /// The other gateways that are alive.
    pub(super) fn members(&self) -> impl Iterator<Item = Node> {
        self.foca.iter_members().map(|member| *member.id())
    }

    fn todo(&mut self, now: Timestamp) -> Todo {
        let mut todo = Todo::default();
        while let Some((to, bytes)) = self.runtime.to_send() {
            self.sequence += 1;
            let head = Head { message: Message::Heartbeat, sender: self.id, sequence: self.sequence, sent_at: now };
            let mut writer = Writer::new(head);
            writer.add_raw(&bytes);
            todo.send.push((to.address, writer.finish(&self.seal)));
        }
        while let Some((after, timer)) = self.runtime.to_schedule() {
            todo.timers.push((after, timer));
        }
        while self.runtime.to_notify().is_some() {}
        todo
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Cluster {
        members: Vec<Membership>,
        /// By instant (milliseconds) and order: a datagram or a timer for a member.
        events: BTreeMap<(u64, u64), (usize, Event)>,
        now: u64,
        order: u64,
        cut: Option<usize>,
    }

    enum Event {
        Datagram(usize, Vec<u8>),
        Timer(Timer<Node>),
    }

    fn address(index: usize) -> SocketAddr {
        ([10, 0, 0, index as u8 + 1], 4291).into()
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_millis(1_700_000_000_000 + millis as i64)
    }

    impl Cluster {
        fn new(count: usize) -> Self {
            let members = (0..count)
                .map(|index| {
                    let node = Node::new(address(index), 4290, NodeId(index as u64 + 1), at(0));
                    Membership::new(node, Seal::with_secret(b"s"), index as u64)
                })
                .collect();
            Self { members, events: BTreeMap::new(), now: 0, order: 0, cut: None }
        }

        fn schedule(&mut self, from: usize, todo: Todo) {
            for (to, bytes) in todo.send {
                let to = usize::from(match to.ip() {
                    std::net::IpAddr::V4(ip) => ip.octets()[3],
                    std::net::IpAddr::V6(_) => 1,
                }) - 1;
                self.order += 1;
                self.events.insert((self.now + 1, self.order), (to, Event::Datagram(from, bytes)));
            }
            for (after, timer) in todo.timers {
                self.order += 1;
                self.events.insert((self.now + after.as_millis() as u64, self.order), (from, Event::Timer(timer)));
            }
        }

        fn run(&mut self, until: u64) {
            while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= until) {
                let ((at_millis, _), (who, event)) = entry.remove_entry();
                self.now = at_millis;
                let todo = match event {
                    Event::Timer(timer) => self.members[who].timer(timer, at(at_millis)),
                    Event::Datagram(from, bytes) => {
                        if self.cut.is_some_and(|cut| (cut == who) != (cut == from)) {
                            continue;
                        }
                        self.members[who].receive(&bytes, at(at_millis)).unwrap_or_default()
                    }
                };
                self.schedule(who, todo);
            }
            self.now = until;
        }

        fn sees(&self, who: usize) -> usize {
            self.members[who].members().count()
        }
    }

    #[test]
    fn gateways_that_know_one_of_the_others_find_all_lose_a_dead_one_and_take_it_back() {
        let mut cluster = Cluster::new(4);
        for index in 1..4 {
            let todo = cluster.members[index].announce(address(0), at(0));
            cluster.schedule(index, todo);
        }
        cluster.run(10_000);
        assert_eq!((0..4).map(|who| cluster.sees(who)).collect::<Vec<_>>(), [3, 3, 3, 3]);

        cluster.cut = Some(3);
        cluster.run(40_000);
        assert_eq!((0..3).map(|who| cluster.sees(who)).collect::<Vec<_>>(), [2, 2, 2]);

        cluster.cut = None;
        let todo = cluster.members[3].announce(address(0), at(40_000));
        cluster.schedule(3, todo);
        cluster.run(60_000);
        assert_eq!((0..4).map(|who| cluster.sees(who)).collect::<Vec<_>>(), [3, 3, 3, 3]);
    }

    #[test]
    fn a_heartbeat_that_is_forged_repeated_or_nonsense_is_dropped() {
        let mut cluster = Cluster::new(2);
        let todo = cluster.members[1].announce(address(0), at(0));
        let (_, good) = todo.send[0].clone();
        let receiver = &mut cluster.members[0];
        assert!(receiver.receive(&good, at(0)).is_ok());
        assert_eq!(receiver.receive(&good, at(0)).err(), Some(Dropped::Replay));
        let forge = |seal: &Seal, sequence| {
            let head = Head { message: Message::Heartbeat, sender: NodeId(2), sequence, sent_at: at(0) };
            let mut writer = Writer::new(head);
            writer.add_raw(b"nonsense");
            writer.finish(seal)
        };
        assert_eq!(receiver.receive(&forge(&Seal::with_secret(b"x"), 8), at(0)).err(), Some(Dropped::Signature));
        assert_eq!(receiver.receive(&forge(&Seal::with_secret(b"s"), 9), at(0)).err(), Some(Dropped::Malformed));
    }
}
