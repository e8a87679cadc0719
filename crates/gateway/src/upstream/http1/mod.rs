//! HTTP/1.1 towards a backend: one connection, driven inside the task of the request that uses it.
//!
//! Heads are written from the request's own header map and parsed into a fresh one; an answer that arrived whole with its
//! head needs no stream at all. No task belongs to a connection: while idle it costs a socket and nothing else.

mod connection;
mod decode;
mod encode;
mod upload;

pub(crate) use crate::http1::Framing;
pub(crate) use connection::{Answer, Connection, SendError};
pub(crate) use encode::Head;
