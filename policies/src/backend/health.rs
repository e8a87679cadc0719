//! Which backends may be called now, and whose turn it is in a pool: one state for each gateway, shared by its workers.
//!
//! Source: backends page: equal shares by default, shares by weight inside a priority group, a lower group only when every member of
//! the higher ones has tripped.

use std::collections::HashMap;
use std::time::Duration;

use apimite_clock::Timestamp;
use apimite_model::Backend;
use apimite_policy::target::Member;
use parking_lot::Mutex;

use super::breaker::{Breaker, Outcome};

/// Breakers by backend, and the shares that the members of each pool have coming.
#[derive(Debug, Default)]
pub(crate) struct Health {
    breakers: Mutex<HashMap<Box<str>, Breaker>>,
    turns: Mutex<HashMap<Box<str>, Vec<i64>>>,
}

impl Health {
    /// Has the breaker of this backend tripped?
    pub(crate) fn is_open(&self, backend: &Backend, now: Timestamp) -> bool {
        backend.circuit_breaker.is_some()
            && self.breakers.lock().get_mut(&backend.id).is_some_and(|breaker| breaker.is_open(now))
    }

    /// Counts a call to a backend. True when it tripped the breaker.
    pub(crate) fn record(
        &self,
        backend: &Backend,
        outcome: Outcome<'_>,
        retry_after: Option<Duration>,
        now: Timestamp,
    ) -> bool {
        let Some(rule) = &backend.circuit_breaker else { return false };
        self.breakers.lock().entry(backend.id.clone()).or_default().record(rule, outcome, retry_after, now)
    }

    /// The member of a pool whose turn it is; `None` when all have tripped.
    pub(crate) fn choose(&self, pool: &Backend, members: &[Member], now: Timestamp) -> Option<usize> {
        let healthy: Vec<usize> = members
            .iter()
            .enumerate()
            .filter(|(_, member)| !member.target.backend.as_ref().is_some_and(|backend| self.is_open(backend, now)))
            .map(|(index, _)| index)
            .collect();
        let first = healthy.iter().filter_map(|index| Some(members.get(*index)?.priority)).min()?;
        let group = healthy.into_iter().filter(|index| members.get(*index).is_some_and(|m| m.priority == first));
        let mut turns = self.turns.lock();
        let turns = turns.entry(pool.id.clone()).or_default();
        turns.resize(members.len(), 0);
        turn(turns, group.filter_map(|index| Some((index, members.get(index)?.weight))))
    }
}

/// Smooth weighted round robin: everybody's claim grows by his weight, the largest claim is served and pays for all.
fn turn(claims: &mut [i64], group: impl Iterator<Item = (usize, u32)>) -> Option<usize> {
    let mut total = 0;
    let mut best: Option<(usize, i64)> = None;
    for (index, weight) in group {
        let weight = i64::from(weight.max(1));
        let claim = claims.get_mut(index)?;
        *claim += weight;
        total += weight;
        if best.is_none_or(|(_, most)| *claim > most) {
            best = Some((index, *claim));
        }
    }
    let (index, _) = best?;
    *claims.get_mut(index)? -= total;
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_weights_and_are_spread_out() {
        let mut claims = [0; 3];
        let mut turns = |group: &[(usize, u32)]| turn(&mut claims, group.iter().copied()).unwrap();
        let served: Vec<usize> = (0..8).map(|_| turns(&[(0, 5), (1, 1), (2, 2)])).collect();
        assert_eq!(served, [0, 2, 0, 0, 1, 0, 2, 0]);
    }

    #[test]
    fn no_weight_means_a_share_all_the_same() {
        let mut claims = [0; 2];
        let served: Vec<_> = (0..4).map(|_| turn(&mut claims, [(0, 0), (1, 0)].into_iter())).collect();
        assert_eq!(served, [Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!(turn(&mut claims, std::iter::empty()), None);
    }
}
