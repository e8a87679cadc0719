//! Answers DNS over UDP and TCP by who asks: public names of services, private zones of the asking network, and what is
//! forwarded. What is said is decided in `apimite_network::horizon`; here are messages and sockets.

mod forward;
mod respond;
mod server;

pub use respond::{Outcome, encode, largest, respond};
pub use server::{Bound, Server};
