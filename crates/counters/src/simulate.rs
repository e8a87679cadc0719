//! What will a limit do? Gateways, their network and their clients in virtual time, through the real counters.
//!
//! Everything random comes from one seed: the same scenario gives the same bytes.

mod cluster;
mod random;

pub(crate) use cluster::{Cluster, Network};
pub(crate) use random::Random;
