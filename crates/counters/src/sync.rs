//! Gateways of one service keep their counters in step: the pure core, without sockets and without a clock.
//!
//! # What is exchanged
//!
//! Every gateway keeps, beside its counters, a *ledger*: for each key the calls that each gateway (by the random id it draws at
//! its start) admitted in each slot of time. One number is only ever raised, and only by its own gateway, so two ledgers merge by
//! taking the larger of each number: merging is commutative, associative and idempotent, and loss, duplication and
//! reordering of packets do no harm. What a merge raises is added to the local counter, in the slot it belongs to.
//!
//! A slot of a rate is a fiftieth of its period (counted from 1970, so all gateways cut time alike); a slot of a quota is its
//! period. A reset is a *generation*: a higher one replaces everything that was counted under a lower one.
//!
//! # How far a cluster may overshoot
//!
//! A gateway admits a call only if what it knows is below the limit `C`. What it cannot know are the calls that others admitted
//! within the last `D` = sync interval + transit time. So in any window at most
//!
//! > `C + A(D)`, where `A(D)` = the calls that the *other* gateways can admit within `D`
//!
//! are admitted. `A(D)` is at most the load offered to them in `D`, `R·D·(N-1)/N` for a load of `R` spread evenly over `N`
//! gateways, and never more than `(N-1)·C`. With `m` packets lost in a row, `D` grows by `m` intervals; because every change is
//! told in [`REPEATS`] packets, one that arrives brings all that were lost. Clocks that differ by `S` shift a
//! slot's end, which adds at most `R·S`; a hundredth of a second in a minute at ten times the limit is 0.17 %.
//! For ten times the limit of a minute, `R = 10·C/60 s`: at the default interval of 100 ms and a transit of a few
//! milliseconds the bound is 1.7 % over the limit. While a peer is cut off, each side counts alone: at most `C` on each side.
//! With a budget too small for the load the interval of a key grows to the time it waits for its turn; the share of its limit
//! that a key has used unseen decides who goes first.
//!
//! # Traffic
//!
//! Each interval a gateway sends each peer one entry for each *active* key, one that it counted in the last [`REPEATS`] intervals: about
//! 12 bytes and what of the key's text differs from its neighbour's, in packets of at most [`wire::LARGEST`] bytes. So bytes per second
//! and gateway are `(N-1) · active keys · (12 + text) / interval`, cut at the budget.
//!
//! # Trust
//!
//! Packets carry a version, the sender's id, a sequence number and the time, and end with an HMAC-SHA-256 under the shared key.
//! What is malformed, unsigned, too old or seen before is counted and dropped. That time is real time; slots are cut by the
//! gateways' clocks, so gateways whose clocks are moved alike stay in step and one that is moved alone counts alone. They are not encrypted: keys of counters can
//! be read on the wire.

mod budget;
mod gate;
pub mod ledger;
#[cfg(feature = "sync")]
mod membership;
mod replica;
#[cfg(feature = "sync")]
mod udp;
pub mod wire;

pub use ledger::{Ledger, NodeId};
pub use replica::{Outgoing, Replica, SyncSettings, SyncStats};
#[cfg(feature = "sync")]
pub use udp::{NodeSettings, SyncError, SyncNode, SyncView};

/// Packets in which a change is told.
pub const REPEATS: u32 = 4;

#[cfg(test)]
mod tests;
