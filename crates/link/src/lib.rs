//! The way from a consumer's private endpoint to a gateway, on one machine or in containers: each hop is a [`Link`].
//!
//! - the endpoint with its Private Link Service: listens on the endpoint's address, translates the source address, sends a
//!   PROXY v2 header with the link identifier; [`Access`] decides who gets through;
//! - the Standard load balancer: several backends, spread by five-tuple, probed;
//! - the forwarder: one backend, nothing else.
//!
//! Source: Private Link Service overview and walk-through.

mod access;
mod balancer;
mod link;
mod probe;

pub use access::{Access, Request};
pub use balancer::{Backend, Balancer};
pub use link::{Counts, Link, Settings};
pub use probe::{Probe, ProbeKind};
