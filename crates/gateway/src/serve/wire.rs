//! The byte stream of a client, watched: when bytes move.

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
}

/// Answers up to this length are joined before they are written: one piece costs less than two.
const JOINED: usize = 4 * 1024;

thread_local! {
    /// Room for answers that are joined.
    static ROOM: RefCell<Vec<u8>> = RefCell::default();
}

impl<S> Wire<S> {
    pub(crate) fn new(stream: S, ahead: Bytes, state: Rc<ConnectionState>, time: CoarseTime) -> Self {
        let wire = Self { stream, ahead, state, time };
        if !wire.ahead.is_empty() {
            wire.arrived();
        }
        wire
    }

    fn arrived(&self) {
        let state = &self.state;
        match state.phase.get() {
            Phase::Busy => state.moved.set(self.time.now()),
            Phase::Idle if state.http2.get() => state.since.set(self.time.now()),
            Phase::Idle => state.enter(Phase::Head, self.time.now()),
            Phase::Head => {}
        }
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
        if outcome.is_ready() && buf.filled().len() > before {
            this.arrived();
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
