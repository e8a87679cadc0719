//! What is to be written next: bytes of our own, a piece of a body, and what closes it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

/// Bodies up to this size are copied behind their head and travel in one piece with it.
const JOINED: usize = 8 * 1024;

/// Bytes to write: `before`, then `data`, then `after`.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    /// Heads, chunk sizes, trailers. Whatever is appended goes before `data`.
    pub(crate) before: Vec<u8>,
    sent: usize,
    data: Bytes,
    after: &'static [u8],
}

impl Pieces {
    /// Is a piece of a body still waiting?
    pub(crate) fn has_data(&self) -> bool {
        !self.data.is_empty() || !self.after.is_empty()
    }

    /// Is nothing waiting?
    pub(crate) fn is_empty(&self) -> bool {
        self.sent >= self.before.len() && !self.has_data()
    }

    /// A piece of a body, as it is.
    pub(crate) fn data(&mut self, data: Bytes) {
        if data.len() <= JOINED && self.before.len() > self.sent {
            self.before.extend_from_slice(&data);
        } else {
            self.data = data;
        }
    }

    /// A piece of a body in a chunk of its own.
    pub(crate) fn chunk(&mut self, data: Bytes) {
        use std::io::Write;
        // Writing into memory does not fail.
        let _ = write!(self.before, "{:x}\r\n", data.len());
        if data.len() <= JOINED {
            self.before.extend_from_slice(&data);
            self.before.extend_from_slice(b"\r\n");
        } else {
            self.data = data;
            self.after = b"\r\n";
        }
    }

    /// Forgets what was written, and the room it took if that is more than `keep` bytes.
    pub(crate) fn clear(&mut self, keep: usize) {
        self.before.clear();
        if self.before.capacity() > keep {
            self.before = Vec::new();
        }
        self.sent = 0;
    }

    /// Writes until nothing is left.
    pub(crate) fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        io: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let before = self.before.get(self.sent..).unwrap_or_default();
            let outcome = if !self.has_data() {
                if before.is_empty() {
                    self.before.clear();
                    self.sent = 0;
                    return Poll::Ready(Ok(()));
                }
                Pin::new(&mut *io).poll_write(cx, before)
            } else if before.is_empty() && self.after.is_empty() {
                Pin::new(&mut *io).poll_write(cx, &self.data)
            } else {
                let pieces = [IoSlice::new(before), IoSlice::new(&self.data), IoSlice::new(self.after)];
                Pin::new(&mut *io).poll_write_vectored(cx, &pieces)
            };
            let mut written = match outcome {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => written,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            };
            let part = written.min(before.len());
            self.sent += part;
            written -= part;
            let part = written.min(self.data.len());
            self.data.advance(part);
            written -= part;
            self.after = self.after.get(written..).unwrap_or_default();
        }
    }
}
