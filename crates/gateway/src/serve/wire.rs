//! The byte stream of a client, watched: when bytes move, and what the head of a request looks like on the wire.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection_state::{ConnectionState, Phase};
use crate::ticker::CoarseTime;

/// A watched stream, with bytes that were read ahead of it.
pub(crate) struct Wire<S> {
    stream: S,
    ahead: Bytes,
    state: Rc<ConnectionState>,
    time: CoarseTime,
    /// Most bytes of a head that are kept.
    keep: usize,
}

/// Answers up to this length are joined before they are written: one piece costs less than two.
const JOINED: usize = 4 * 1024;

thread_local! {
    /// Room for answers that are joined.
    static ROOM: RefCell<Vec<u8>> = RefCell::default();
}

impl<S> Wire<S> {
    pub(crate) fn new(stream: S, ahead: Bytes, state: Rc<ConnectionState>, time: CoarseTime, keep: usize) -> Self {
        let wire = Self { stream, ahead, state, time, keep };
        let ahead = wire.ahead.clone();
        if !ahead.is_empty() {
            wire.arrived(&ahead);
        }
        wire
    }

    fn arrived(&self, bytes: &[u8]) {
        let state = &self.state;
        match state.phase.get() {
            Phase::Busy => state.moved.set(self.time.now()),
            Phase::Idle if state.http2.get() => state.since.set(self.time.now()),
            Phase::Idle => {
                state.enter(Phase::Head, self.time.now());
                self.keep(bytes);
            }
            Phase::Head => self.keep(bytes),
        }
    }

    fn keep(&self, bytes: &[u8]) {
        let mut head = self.state.head.borrow_mut();
        let room = self.keep.saturating_sub(head.len()).min(bytes.len());
        head.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    fn wrote(&self, outcome: &Poll<io::Result<usize>>) {
        match outcome {
            Poll::Ready(_) => {
                if self.state.stalled.replace(false) {
                    self.state.moved.set(self.time.now());
                }
            }
            Poll::Pending => {
                if !self.state.stalled.replace(true) {
                    self.state.moved.set(self.time.now());
                }
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.ahead.is_empty() {
            let take = this.ahead.len().min(buf.remaining());
            buf.put_slice(this.ahead.get(..take).unwrap_or_default());
            this.ahead.advance(take);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buf);
        if outcome.is_ready()
            && let Some(bytes) = buf.filled().get(before..)
            && !bytes.is_empty()
        {
            this.arrived(bytes);
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.wrote(&outcome);
        outcome
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let length: usize = bufs.iter().map(|buf| buf.len()).sum();
        let outcome = if length <= JOINED && bufs.len() > 1 {
            ROOM.with_borrow_mut(|room| {
                room.clear();
                for buf in bufs {
                    room.extend_from_slice(buf);
                }
                Pin::new(&mut this.stream).poll_write(cx, room)
            })
        } else {
            Pin::new(&mut this.stream).poll_write_vectored(cx, bufs)
        };
        this.wrote(&outcome);
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Does a request head tell its length in more than one way?
///
/// The parser keeps only what it decided upon, so the bytes themselves are looked at.
pub(crate) fn is_ambiguous(head: &[u8]) -> bool {
    let (mut lengths, mut codings) = (0, 0);
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            lengths += 1;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            codings += 1;
        }
    }
    lengths + codings > 1
}

#[cfg(test)]
mod tests {
    use super::is_ambiguous;

    #[test]
    fn a_length_is_told_once() {
        assert!(!is_ambiguous(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"));
        assert!(is_ambiguous(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-length: 1\r\n\r\n"));
        assert!(is_ambiguous(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"));
        assert!(!is_ambiguous(b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nContent-Length: 2\r\n"));
    }
}
