//! The data plane: listeners, TLS, routing, subscription keys, the run of a pipeline, and calls to backends.
//!
//! [`Gateway::start`] binds the [`Listener`]s of [`Options`] and serves by a [`Snapshot`]: a compiled service with its routes
//! and keys. Another snapshot is put in force by [`Gateway::swap`], one pointer swap; requests in flight keep theirs.
//!
//! Each worker thread has a runtime of its own, its own sockets and its own connections to backends; nothing of a request
//! moves between threads, so its futures need not be `Send`.

pub mod access;
pub mod config;
mod exec;
mod gateway;
mod hop;
mod http1;
mod keys;
pub mod network;
pub mod router;
mod seat;
mod serve;
mod snapshot;
mod stand_ins;
mod ticker;
pub mod tls;
mod upstream;

pub use access::{Observer, Record};
pub use config::{Limits, Listener, Options, Source};
pub use gateway::{Gateway, StartError};
pub use keys::{KeyRefusal, Keys};
pub use network::NetworkClassifier;
pub use router::Router;
pub use snapshot::Snapshot;
pub use stand_ins::StandIns;
