//! Serving clients: listeners, connections, and the life of each request.

mod checks;
mod connection;
mod connection_state;
mod exchange;
mod http1;
mod incoming;
mod inspector;
mod listen;
mod reply;
mod serving;
mod talk;
mod tunnel;
mod wire;
mod worker;

pub(crate) use self::listen::bind;
pub(crate) use self::worker::{Control, Setup, run};
