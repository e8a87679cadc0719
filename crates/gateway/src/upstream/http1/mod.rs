//! HTTP/1.1 towards a backend: one connection, driven inside the task of the request that uses it.
//!
//! Heads are written from the request's own header map and parsed into a fresh one; an answer that arrived whole with its
//! head needs no stream at all. No task belongs to a connection: while idle it costs a socket and nothing else.

mod chunked;
mod connection;
mod decode;
mod encode;
mod upload;

pub(crate) use connection::{Answer, Connection, Recycle, SendError};
pub(crate) use encode::Head;

/// How the length of a message is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// No body.
    None,
    /// `Content-Length`.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}
