//! The body of a request: filled by the client's connection, read by whoever serves the request.
//!
//! One frame at most waits in between, so a client sends no faster than its body is read.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use apimite_policy::body::{Body, BodyError};
use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;

use crate::http1::Framing;
use crate::http1::chunked::{Chunked, Piece};

/// What both ends see.
#[derive(Default)]
struct Between {
    frame: Option<Frame<Bytes>>,
    ended: bool,
    failed: Option<&'static str>,
    wanted: bool,
    reader: Option<Waker>,
    feeder: Option<Waker>,
}

/// The connection's end.
pub(super) struct Intake {
    between: Arc<Mutex<Between>>,
    coding: Coding,
}

enum Coding {
    Length(u64),
    Chunked(Chunked),
}

/// What became of an attempt to move on.
pub(super) enum Step {
    /// A frame was given.
    Given,
    /// The body is at its end.
    Ended,
    /// Bytes of the client are needed.
    Starved,
}

/// A body, and its connection's end when not all of it is there yet.
pub(super) fn open(framing: Framing, input: &mut BytesMut) -> (Body, Option<Intake>) {
    let (coding, left) = match framing {
        Framing::None => return (Body::None, None),
        Framing::Length(length) => {
            if let Ok(whole) = usize::try_from(length)
                && input.len() >= whole
            {
                return (Body::stream(Whole(input.split_to(whole).freeze())), None);
            }
            (Coding::Length(length), Some(length))
        }
        Framing::Chunked => (Coding::Chunked(Chunked::new()), None),
    };
    let between = Arc::<Mutex<Between>>::default();
    let body = Body::stream(Outlet { between: between.clone(), left, ended: false });
    (body, Some(Intake { between, coding }))
}

impl Intake {
    /// Is somebody waiting for the next frame? If not, `cx` is woken when somebody does.
    pub(super) fn is_wanted(&self, cx: &mut Context<'_>) -> bool {
        let mut between = self.between.lock();
        if between.wanted {
            return true;
        }
        if !between.feeder.as_ref().is_some_and(|feeder| feeder.will_wake(cx.waker())) {
            between.feeder = Some(cx.waker().clone());
        }
        false
    }

    /// Gives the next frame that is in `input`.
    ///
    /// # Errors
    /// What is wrong with the client's chunks; the reader is told as well.
    pub(super) fn step(&mut self, input: &mut BytesMut, cx: &mut Context<'_>) -> Result<Step, &'static str> {
        let frame = match self.next(input) {
            Ok(Some(frame)) => frame,
            Ok(None) if self.is_over() => {
                self.end(None, cx);
                return Ok(Step::Ended);
            }
            Ok(None) => return Ok(Step::Starved),
            Err(text) => {
                self.end(Some(text), cx);
                return Err(text);
            }
        };
        let over = self.is_over();
        let mut between = self.between.lock();
        between.frame = Some(frame);
        between.wanted = false;
        between.ended = over;
        wake(between.reader.take(), cx);
        Ok(if over { Step::Ended } else { Step::Given })
    }

    fn next(&mut self, input: &mut BytesMut) -> Result<Option<Frame<Bytes>>, &'static str> {
        match &mut self.coding {
            Coding::Length(left) => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                if take == 0 {
                    return Ok(None);
                }
                *left -= take as u64;
                Ok(Some(Frame::data(input.split_to(take).freeze())))
            }
            Coding::Chunked(reader) => match reader.next(input)? {
                Piece::Data(data) => Ok(Some(Frame::data(data))),
                Piece::Trailers(fields) => Ok(Some(Frame::trailers(fields))),
                Piece::End | Piece::Starved => Ok(None),
            },
        }
    }

    fn is_over(&self) -> bool {
        match &self.coding {
            Coding::Length(left) => *left == 0,
            Coding::Chunked(reader) => matches!(reader, Chunked::Done),
        }
    }

    /// Tells the reader that no more will come, and why if it is no proper end.
    pub(super) fn end(&self, failed: Option<&'static str>, cx: &mut Context<'_>) {
        let mut between = self.between.lock();
        between.ended = true;
        between.wanted = false;
        between.failed = failed;
        wake(between.reader.take(), cx);
    }

    /// Reads what is left of the body in `input` and throws it away; `true` at its end.
    pub(super) fn discard(&mut self, input: &mut BytesMut) -> Result<bool, &'static str> {
        while self.next(input)?.is_some() {}
        Ok(self.is_over())
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        let mut between = self.between.lock();
        if !between.ended {
            between.ended = true;
            between.failed = Some("the client broke off within its request");
        }
        if let Some(reader) = between.reader.take() {
            reader.wake();
        }
    }
}

/// Wakes a reader in another task; one in this task is polled again anyhow.
fn wake(reader: Option<Waker>, cx: &Context<'_>) {
    if let Some(reader) = reader
        && !reader.will_wake(cx.waker())
    {
        reader.wake();
    }
}

/// The reader's end.
struct Outlet {
    between: Arc<Mutex<Between>>,
    left: Option<u64>,
    ended: bool,
}

impl http_body::Body for Outlet {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let mut between = this.between.lock();
        if let Some(frame) = between.frame.take() {
            if let (Some(left), Some(data)) = (&mut this.left, frame.data_ref()) {
                *left = left.saturating_sub(data.len() as u64);
            }
            this.ended = between.ended && between.failed.is_none();
            return Poll::Ready(Some(Ok(frame)));
        }
        if let Some(text) = between.failed.take() {
            this.ended = true;
            return Poll::Ready(Some(Err(text.into())));
        }
        if between.ended {
            this.ended = true;
            return Poll::Ready(None);
        }
        between.wanted = true;
        if !between.reader.as_ref().is_some_and(|reader| reader.will_wake(cx.waker())) {
            between.reader = Some(cx.waker().clone());
        }
        if let Some(feeder) = between.feeder.take()
            && !feeder.will_wake(cx.waker())
        {
            feeder.wake();
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A body that arrived with its head.
struct Whole(Bytes);

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let data = std::mem::take(&mut self.get_mut().0);
        Poll::Ready(if data.is_empty() { None } else { Some(Ok(Frame::data(data))) })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}
