//! One connection: send a request, read the head of the answer, stream its body, go back to the pool.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use apimite_clock::Timestamp;
use apimite_policy::body::{Body, BodyError};
use bytes::{BufMut, Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Framing;
use super::decode::{self, Ending, Parsed};
use super::encode::{self, Head};
use super::upload::{Upload, UploadError};
use crate::http1::chunked::{Chunked, Piece};
use crate::upstream::pool::Origin;
use crate::upstream::transport::Transport;

/// First read size, and what an idle connection may keep.
const SMALL_READ: usize = 8 * 1024;
/// Largest read size.
const LARGE_READ: usize = 256 * 1024;
/// Bodies up to this size travel in one write with their head.
const INLINE_BODY: usize = 16 * 1024;

/// A connection to a backend.
#[derive(Debug)]
pub(crate) struct Connection {
    io: Transport,
    input: BytesMut,
    searched: usize,
    read_size: usize,
    output: Vec<u8>,
    sent: usize,
    /// Has it served a request before?
    pub(crate) reused: bool,
    /// Since when it has been idle.
    pub(crate) idle_since: Timestamp,
}

/// The answer of a backend.
pub(crate) struct Answer {
    pub(crate) head: Parsed,
    pub(crate) body: Body,
    /// The connection itself, after `101 Switching Protocols`, with what was read beyond the head.
    pub(crate) switched: Option<(Transport, Bytes)>,
}

/// Why no answer came.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The connection closed before the first byte of an answer.
    Closed {
        /// Was the request handed to the transport, at least in part?
        sent: bool,
    },
    /// The transport failed.
    Io(io::Error),
    /// The answer is not HTTP.
    Protocol(&'static str),
    /// The client's body failed.
    Client,
    /// Permission to send the body did not come in time.
    Permission,
}

impl Connection {
    pub(crate) fn new(io: Transport) -> Box<Self> {
        Box::new(Self {
            io,
            input: BytesMut::new(),
            searched: 0,
            read_size: SMALL_READ,
            output: Vec::new(),
            sent: 0,
            reused: false,
            idle_since: Timestamp::default(),
        })
    }

    /// Is the connection still silent, as an idle one must be? Bytes or an end mean that it cannot be used again.
    pub(crate) fn is_usable(&mut self, cx: &mut Context<'_>) -> bool {
        let mut space = [0_u8; 1];
        self.input.is_empty() && Pin::new(&mut self.io).poll_read(cx, &mut ReadBuf::new(&mut space)).is_pending()
    }

    /// Gives back memory that an idle connection does not need.
    pub(crate) fn rest(&mut self) {
        self.input = BytesMut::new();
        self.output = Vec::new();
        self.read_size = SMALL_READ;
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// `body` is left alone when it is in memory, and taken as soon as the head was written when it streams. Dropping the
    /// future closes the connection. A body for which the backend's permission is asked waits until `permitted` ends, and
    /// that is a failure.
    pub(crate) async fn send(
        mut self: Box<Self>,
        head: &Head<'_>,
        body: &mut Body,
        pool: &Arc<Origin>,
        mut permitted: Option<Pin<&mut (dyn Future<Output = ()> + '_)>>,
    ) -> Result<Answer, SendError> {
        self.output.clear();
        self.sent = 0;
        encode::head(&mut self.output, head);
        let mut upload = None;
        if let Body::Bytes(bytes) = &*body {
            if bytes.len() <= INLINE_BODY && !head.expect {
                self.output.extend_from_slice(bytes);
            } else {
                upload = Some(Upload::bytes(bytes.clone()));
            }
        }
        let framing = head.framing;
        let mut broken = false;
        let parsed = loop {
            let parsed = poll_fn(|cx| {
                if let Some(limit) = &mut permitted
                    && limit.as_mut().poll(cx).is_ready()
                {
                    return Poll::Ready(Err(SendError::Permission));
                }
                if !broken {
                    match self.poll_upload(&mut upload, body, framing, permitted.is_some(), cx) {
                        Poll::Ready(Err(UploadError::Client)) => return Poll::Ready(Err(SendError::Client)),
                        // The backend may have answered before it stopped listening.
                        Poll::Ready(Err(UploadError::Backend)) => broken = true,
                        _ => {}
                    }
                }
                self.poll_head(head.method, cx)
            })
            .await?;
            // 100 and 103 come before the answer proper.
            if parsed.status.is_informational() && parsed.status != http::StatusCode::SWITCHING_PROTOCOLS {
                if parsed.status == http::StatusCode::CONTINUE {
                    permitted = None;
                }
                continue;
            }
            break parsed;
        };
        if parsed.status == http::StatusCode::SWITCHING_PROTOCOLS {
            if !head.upgrade {
                return Err(SendError::Protocol("the backend switched protocols without being asked"));
            }
            let Self { io, input, .. } = *self;
            return Ok(Answer { head: parsed, body: Body::None, switched: Some((io, input.freeze())) });
        }
        let unsent = upload.is_some() || permitted.is_some() || self.sent < self.output.len() || body.is_stream();
        let keep_alive = parsed.keep_alive && !broken;
        if permitted.is_some() {
            // The backend answered without wanting the body: it is not sent, and the connection ends with the answer.
            upload = None;
        }
        let body = self.into_body(&parsed, keep_alive, if unsent { upload } else { None }, unsent, pool);
        Ok(Answer { head: parsed, body, switched: None })
    }

    fn into_body(
        mut self: Box<Self>,
        parsed: &Parsed,
        keep_alive: bool,
        upload: Option<Upload>,
        unsent: bool,
        pool: &Arc<Origin>,
    ) -> Body {
        if let (Ending::Length(length), false) = (parsed.ending, unsent)
            && let Ok(length) = usize::try_from(length)
            && self.input.len() >= length
        {
            let bytes = self.input.split_to(length).freeze();
            if keep_alive {
                self.finish(pool);
            }
            return if length == 0 { Body::None } else { Body::Bytes(bytes) };
        }
        let coding = match parsed.ending {
            Ending::Length(length) => Coding::Length(length),
            Ending::Chunked => Coding::Chunked(Chunked::new()),
            Ending::Close => Coding::Close,
        };
        let keep_alive = keep_alive && (!unsent || upload.is_some());
        Body::stream(AnswerBody { connection: Some(self), upload, coding, pool: pool.clone(), keep_alive })
    }

    fn finish(mut self: Box<Self>, pool: &Origin) {
        // Bytes that nobody asked for: the connection cannot be trusted.
        if self.input.is_empty() {
            self.reused = true;
            pool.recycle(self);
        }
    }

    fn poll_upload(
        &mut self,
        upload: &mut Option<Upload>,
        body: &mut Body,
        framing: Framing,
        held: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), UploadError>> {
        while let Some(rest) = self.output.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.io).poll_write(cx, rest)) {
                Ok(0) => return Poll::Ready(Err(UploadError::Backend)),
                Ok(written) => {
                    self.sent += written;
                    if self.sent == self.output.len() {
                        ready!(Pin::new(&mut self.io).poll_flush(cx)).map_err(|_| UploadError::Backend)?;
                    }
                }
                Err(_) => return Poll::Ready(Err(UploadError::Backend)),
            }
        }
        if held {
            return Poll::Ready(Ok(()));
        }
        if body.is_stream()
            && let Body::Stream(stream) = std::mem::replace(body, Body::Consumed)
        {
            *upload = Some(Upload::stream(stream, framing));
        }
        if let Some(running) = upload {
            ready!(running.poll(&mut self.io, cx))?;
            *upload = None;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_head(&mut self, method: &http::Method, cx: &mut Context<'_>) -> Poll<Result<Parsed, SendError>> {
        loop {
            if !self.input.is_empty()
                && let Some(parsed) =
                    decode::head(&mut self.input, &mut self.searched, method).map_err(SendError::Protocol)?
            {
                return Poll::Ready(Ok(parsed));
            }
            match ready!(self.poll_fill(cx)) {
                Ok(0) if self.input.is_empty() => return Poll::Ready(Err(SendError::Closed { sent: self.sent > 0 })),
                Ok(0) => return Poll::Ready(Err(SendError::Io(io::ErrorKind::UnexpectedEof.into()))),
                Ok(_) => {}
                Err(error) if self.input.is_empty() && is_closed(&error) => {
                    return Poll::Ready(Err(SendError::Closed { sent: self.sent > 0 }));
                }
                Err(error) => return Poll::Ready(Err(SendError::Io(error))),
            }
        }
    }

    /// Reads what is there; grows the next read when this one was filled.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.input.reserve(self.read_size);
        let space = self.input.capacity() - self.input.len();
        let read = {
            let mut target = (&mut self.input).limit(space);
            let read = tokio_util::io::poll_read_buf(Pin::new(&mut self.io), cx, &mut target);
            ready!(read)?
        };
        if read == space {
            self.read_size = (self.read_size * 2).min(LARGE_READ);
        } else if read < self.read_size / 4 {
            self.read_size = (self.read_size / 2).max(SMALL_READ);
        }
        Poll::Ready(Ok(read))
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
    )
}

enum Coding {
    Length(u64),
    Chunked(Chunked),
    Close,
    Ended,
}

/// The body of an answer that did not arrive whole with its head.
struct AnswerBody {
    connection: Option<Box<Connection>>,
    upload: Option<Upload>,
    coding: Coding,
    pool: Arc<Origin>,
    keep_alive: bool,
}

impl AnswerBody {
    fn end(&mut self) {
        self.coding = Coding::Ended;
        if let Some(connection) = self.connection.take()
            && self.keep_alive
            && self.upload.is_none()
        {
            connection.finish(&self.pool);
        }
    }

    fn fail(&mut self, text: &'static str) -> BodyError {
        self.coding = Coding::Ended;
        self.connection = None;
        text.into()
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        loop {
            let Some(connection) = this.connection.as_mut() else { return Poll::Ready(None) };
            if let Some(upload) = &mut this.upload {
                match upload.poll(&mut connection.io, cx) {
                    Poll::Pending => {}
                    Poll::Ready(Ok(())) => this.upload = None,
                    Poll::Ready(Err(_)) => {
                        this.upload = None;
                        this.keep_alive = false;
                    }
                }
            }
            match &mut this.coding {
                Coding::Ended | Coding::Length(0) => {
                    this.end();
                    return Poll::Ready(None);
                }
                Coding::Length(left) if !connection.input.is_empty() => {
                    let take = usize::try_from(*left).unwrap_or(usize::MAX).min(connection.input.len());
                    let data = connection.input.split_to(take).freeze();
                    *left -= take as u64;
                    if *left == 0 {
                        this.end();
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Coding::Close if !connection.input.is_empty() => {
                    return Poll::Ready(Some(Ok(Frame::data(connection.input.split().freeze()))));
                }
                Coding::Length(_) | Coding::Close => {}
                Coding::Chunked(reader) => match reader.next(&mut connection.input) {
                    Ok(Piece::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Ok(Piece::Trailers(fields)) => {
                        this.end();
                        return Poll::Ready(Some(Ok(Frame::trailers(fields))));
                    }
                    Ok(Piece::End) => {
                        this.end();
                        return Poll::Ready(None);
                    }
                    Ok(Piece::Starved) => {}
                    Err(text) => return Poll::Ready(Some(Err(this.fail(text)))),
                },
            }
            match ready!(connection.poll_fill(cx)) {
                Ok(0) if matches!(this.coding, Coding::Close) => this.end(),
                Ok(0) => {
                    return Poll::Ready(Some(Err(this.fail("the backend closed the connection within its response"))));
                }
                Ok(_) => {}
                Err(error) if matches!(this.coding, Coding::Close) && error.kind() == io::ErrorKind::UnexpectedEof => {
                    this.end();
                }
                Err(error) => {
                    this.coding = Coding::Ended;
                    this.connection = None;
                    return Poll::Ready(Some(Err(error.into())));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.coding, Coding::Ended | Coding::Length(0))
    }

    fn size_hint(&self) -> SizeHint {
        match self.coding {
            Coding::Length(left) => SizeHint::with_exact(left),
            Coding::Ended => SizeHint::with_exact(0),
            Coding::Chunked(_) | Coding::Close => SizeHint::default(),
        }
    }
}
