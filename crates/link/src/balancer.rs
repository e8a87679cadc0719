//! A Standard load balancer: connections spread by their five-tuple over the backends that answer probes.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

/// What is known of one backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// Its address.
    pub address: SocketAddr,
    /// Does it get connections?
    pub is_up: bool,
    /// Probes in a row that spoke against `is_up`.
    pub against: u32,
    /// Connections it got.
    pub connections: u64,
}

/// Spreads connections.
#[derive(Clone, Debug)]
pub struct Balancer {
    backends: Vec<Backend>,
    threshold: u32,
}

impl Balancer {
    /// Over these backends; so many probes in a row turn one up or down. All begin up, and without probes stay so.
    pub fn new(addresses: &[SocketAddr], threshold: u32) -> Self {
        let backend = |address: &SocketAddr| Backend { address: *address, is_up: true, against: 0, connections: 0 };
        Self { backends: addresses.iter().map(backend).collect(), threshold: threshold.max(1) }
    }

    /// The backend of a connection: the same for the same five-tuple, and another only when that one is down. `None` when
    /// all are down.
    pub fn pick(&mut self, client: SocketAddr, called: SocketAddr) -> Option<SocketAddr> {
        let weight = |backend: &Backend| {
            let mut hasher = DefaultHasher::new();
            // Transport is always TCP; the backend's own address makes each weigh differently.
            (client, called, 6_u8, backend.address).hash(&mut hasher);
            hasher.finish()
        };
        let chosen = self.backends.iter_mut().filter(|backend| backend.is_up).max_by_key(|backend| weight(backend))?;
        chosen.connections += 1;
        Some(chosen.address)
    }

    /// Takes over what a probe said.
    pub fn probed(&mut self, address: SocketAddr, answered: bool) {
        for backend in self.backends.iter_mut().filter(|backend| backend.address == address) {
            if answered == backend.is_up {
                backend.against = 0;
                continue;
            }
            backend.against += 1;
            if backend.against >= self.threshold {
                backend.is_up = answered;
                backend.against = 0;
            }
        }
    }

    /// All backends.
    pub fn backends(&self) -> &[Backend] {
        &self.backends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn three() -> Balancer {
        Balancer::new(&[address("10.0.0.1:443"), address("10.0.0.2:443"), address("10.0.0.3:443")], 2)
    }

    fn client(number: u16) -> SocketAddr {
        SocketAddr::new("10.1.0.9".parse().unwrap(), 30_000 + number)
    }

    #[test]
    fn a_five_tuple_keeps_its_backend_and_many_are_spread() {
        let mut balancer = three();
        let called = address("10.2.0.4:443");
        for number in 0..300 {
            assert_eq!(balancer.pick(client(number), called), balancer.pick(client(number), called));
        }
        assert!(balancer.backends().iter().all(|backend| backend.connections > 120), "{:?}", balancer.backends());
    }

    #[test]
    fn only_connections_of_a_backend_that_is_down_move() {
        let mut balancer = three();
        let called = address("10.2.0.4:443");
        let before: Vec<_> = (0..100).map(|number| balancer.pick(client(number), called)).collect();
        let down = address("10.0.0.2:443");
        balancer.probed(down, false);
        assert!(balancer.backends()[1].is_up, "one failed probe is below the threshold");
        balancer.probed(down, true);
        balancer.probed(down, false);
        assert!(balancer.backends()[1].is_up, "not in a row");
        balancer.probed(down, false);
        assert!(!balancer.backends()[1].is_up);
        for (number, before) in (0..100).zip(before) {
            let after = balancer.pick(client(number), called);
            assert!(after != Some(down) && (after == before || before == Some(down)));
        }
        balancer.probed(down, true);
        balancer.probed(down, true);
        assert!(balancer.backends()[1].is_up);
    }

    #[test]
    fn without_any_backend_nothing_is_picked() {
        let mut balancer = Balancer::new(&[address("10.0.0.1:443")], 1);
        balancer.probed(address("10.0.0.1:443"), false);
        assert_eq!(balancer.pick(client(1), address("10.2.0.4:443")), None);
    }
}
