//! HTTP/1.1 as both sides of the gateway need it: heads, framing, chunks, names as they are written.

pub(crate) mod casing;
pub(crate) mod chunked;
mod pieces;
pub(crate) mod text;

pub(crate) use self::pieces::Pieces;

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
