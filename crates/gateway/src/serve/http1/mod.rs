//! HTTP/1.1 towards clients: one connection, its requests one after the other, all within the connection's task.
//!
//! Heads are parsed into the header map that policies see and written from the one they leave; an answer whose body is in
//! memory leaves in one write with its head.

mod answer;
mod head;
mod intake;

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{Method, Response, header};
use http_body::Body as _;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use self::answer::{Sending, Shape};
use self::head::{Asked, Refused};
use self::intake::{Intake, Step};
use super::connection_state::{ConnectionState, Phase};
use super::reply::ReplyBody;
use super::serving::Serving;
use super::wire::Wire;
use super::worker::Worker;
use crate::hop;
use crate::http1::Pieces;

/// First read size.
const SMALL_READ: usize = 8 * 1024;
/// Largest read size.
const LARGE_READ: usize = 256 * 1024;
/// What an output buffer may keep between requests.
const KEPT_OUTPUT: usize = 32 * 1024;
/// Most bytes of a body nobody wanted that are read to keep the connection.
const MOST_DISCARDED: usize = 256 * 1024;
/// How long a client may go on sending after it was told to stop.
const FAREWELL: Duration = Duration::from_secs(2);

/// One connection of a client.
struct Connection<S> {
    wire: Wire<S>,
    input: BytesMut,
    searched: usize,
    read_size: usize,
    output: Pieces,
    /// The body of the request being served, until all of it has arrived.
    intake: Option<Intake>,
    /// Does the client wait for permission to send it?
    expects: bool,
}

/// What becomes of the connection after an answer.
enum After {
    /// Another request may follow.
    Next,
    /// It ends.
    Close,
    /// It carries another protocol now.
    Switched,
}

/// What serving other things while a request waits came to.
enum Pump {
    /// The request can go on.
    Progress,
    /// Nothing to do.
    Idle,
    /// The client went away.
    Gone,
}

/// Serves requests until the connection ends or switches to another protocol; then gives back the stream and what was read
/// beyond the handshake.
pub(super) async fn serve<S>(
    worker: &Rc<Worker>,
    state: &Rc<ConnectionState>,
    wire: Wire<S>,
) -> Option<(Wire<S>, Bytes)>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut connection = Connection {
        wire,
        input: BytesMut::new(),
        searched: 0,
        read_size: SMALL_READ,
        output: Pieces::default(),
        intake: None,
        expects: false,
    };
    loop {
        let asked = match poll_fn(|cx| connection.poll_head(worker, state, cx)).await {
            Ok(Some(asked)) => asked,
            Ok(None) => break,
            Err(refused) => {
                connection.refuse(worker, refused).await;
                break;
            }
        };
        match connection.exchange(worker, state, asked).await {
            After::Next => connection.output.clear(KEPT_OUTPUT),
            After::Close => break,
            After::Switched => return Some((connection.wire, connection.input.freeze())),
        }
    }
    connection.leave().await;
    None
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// The next request; `None` when the connection is to end.
    fn poll_head(
        &mut self,
        worker: &Worker,
        state: &ConnectionState,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Asked>, Refused>> {
        loop {
            if !self.input.is_empty() {
                if state.phase.get() == Phase::Idle {
                    state.enter(Phase::Head, worker.coarse());
                }
                if let Some(asked) = head::take(&mut self.input, &mut self.searched, worker.limits())? {
                    return Poll::Ready(Ok(Some(asked)));
                }
            }
            if state.draining.get() && self.input.is_empty() {
                return Poll::Ready(Ok(None));
            }
            match ready!(self.poll_fill(cx)) {
                Ok(0) | Err(_) => return Poll::Ready(Ok(None)),
                Ok(_) => {}
            }
        }
    }

    /// Serves one request and sends its answer.
    async fn exchange(&mut self, worker: &Rc<Worker>, state: &Rc<ConnectionState>, asked: Asked) -> After {
        let Asked { parts, framing, ambiguous, keep_alive, expects, trailers } = asked;
        let shape = Shape { version: parts.version, head_only: parts.method == Method::HEAD, trailers };
        let (body, intake) = intake::open(framing, &mut self.input);
        self.expects = expects && intake.is_some();
        self.intake = intake;
        let mut work = Serving::new(worker, state, parts, body, ambiguous);
        let reply = poll_fn(|cx| {
            loop {
                if let Poll::Ready(reply) = Pin::new(&mut work).poll(cx) {
                    return Poll::Ready(Some(reply));
                }
                match self.pump(state, cx) {
                    Pump::Progress => {}
                    Pump::Idle => return Poll::Pending,
                    Pump::Gone => return Poll::Ready(None),
                }
            }
        })
        .await;
        state.awaiting.set(false);
        let Some(reply) = reply else {
            self.intake = None;
            return After::Close;
        };
        self.answer(worker, state, reply, shape, keep_alive).await
    }

    async fn answer(
        &mut self,
        worker: &Worker,
        state: &ConnectionState,
        reply: Response<ReplyBody>,
        shape: Shape,
        keep_alive: bool,
    ) -> After {
        let (head, mut body) = reply.into_parts();
        let switched = state.switched.borrow().is_some();
        let connection = head.headers.get(header::CONNECTION);
        let refused = connection.is_some_and(|value| hop::has_token(value.as_bytes(), "close"));
        // A client that waits for permission it did not get sends its body or does not: what follows cannot be told apart.
        let mut keep_alive = keep_alive && !refused && !state.draining.get() && !self.expects;
        let whole = body.take_whole();
        let known = match &whole {
            Some(bytes) => Some(bytes.len() as u64),
            None => body.size_hint().exact(),
        };
        let sending = answer::write(&mut self.output.before, &head, known, shape, &mut keep_alive, &worker.date());
        drop(head);
        let sent = match (sending, whole) {
            (Sending::Nothing, _) => self.flush().await,
            (_, Some(bytes)) => {
                self.output.data(bytes);
                self.flush().await
            }
            (sending, None) => {
                let mut left = sending;
                poll_fn(|cx| self.poll_body(state, &mut body, &mut left, shape, cx)).await
            }
        };
        state.awaiting.set(false);
        if !sent {
            body.broken();
            self.intake = None;
            return After::Close;
        }
        if sending == Sending::Nothing {
            body.finished();
        }
        drop(body);
        if switched {
            return After::Switched;
        }
        if keep_alive && self.discard().await { After::Next } else { After::Close }
    }

    /// Sends a body as it comes; `false` when it broke off on either side.
    fn poll_body(
        &mut self,
        state: &ConnectionState,
        body: &mut ReplyBody,
        sending: &mut Sending,
        shape: Shape,
        cx: &mut Context<'_>,
    ) -> Poll<bool> {
        loop {
            let mut waiting = false;
            if *sending != Sending::Nothing && !self.output.has_data() {
                match Pin::new(&mut *body).poll_frame(cx) {
                    Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                        Ok(data) if data.is_empty() => continue,
                        Ok(data) => match sending {
                            Sending::Chunked => self.output.chunk(data),
                            Sending::Length(left) => match left.checked_sub(data.len() as u64) {
                                Some(rest) => {
                                    *left = rest;
                                    self.output.data(data);
                                }
                                None => return Poll::Ready(false),
                            },
                            _ => self.output.data(data),
                        },
                        Err(frame) => {
                            if let (Ok(fields), Sending::Chunked, true) =
                                (frame.into_trailers(), *sending, shape.trailers)
                            {
                                self.output.before.extend_from_slice(b"0\r\n");
                                for (name, value) in &fields {
                                    answer::line(&mut self.output.before, name, value.as_bytes());
                                }
                                self.output.before.extend_from_slice(b"\r\n");
                                *sending = Sending::Nothing;
                            }
                        }
                    },
                    Poll::Ready(Some(Err(_))) => return Poll::Ready(false),
                    Poll::Ready(None) => {
                        match *sending {
                            Sending::Chunked => self.output.before.extend_from_slice(b"0\r\n\r\n"),
                            Sending::Length(left) if left > 0 => return Poll::Ready(false),
                            _ => {}
                        }
                        *sending = Sending::Nothing;
                    }
                    Poll::Pending => waiting = true,
                }
            }
            if ready!(self.output.poll_write(&mut self.wire, cx)).is_err() {
                return Poll::Ready(false);
            }
            if *sending == Sending::Nothing {
                return Pin::new(&mut self.wire).poll_flush(cx).map(|outcome| outcome.is_ok());
            }
            if waiting {
                match self.pump(state, cx) {
                    Pump::Progress => {}
                    Pump::Gone => return Poll::Ready(false),
                    Pump::Idle => {
                        let _ = ready!(Pin::new(&mut self.wire).poll_flush(cx));
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// While a request or an answer waits: brings in the request's body where it is wanted, and sees whether the client is
    /// still there.
    fn pump(&mut self, state: &ConnectionState, cx: &mut Context<'_>) -> Pump {
        if self.intake.is_none() {
            return self.watch(cx);
        }
        if !self.intake.as_ref().is_some_and(|intake| intake.is_wanted(cx)) {
            return Pump::Idle;
        }
        if self.expects {
            self.expects = false;
            if self.input.is_empty() {
                self.output.before.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
        }
        if !self.output.is_empty() {
            match self.output.poll_write(&mut self.wire, cx) {
                Poll::Ready(Ok(())) => {
                    let _ = Pin::new(&mut self.wire).poll_flush(cx);
                }
                Poll::Ready(Err(_)) => return Pump::Gone,
                Poll::Pending => return Pump::Idle,
            }
        }
        loop {
            let Some(intake) = &mut self.intake else { return Pump::Progress };
            match intake.step(&mut self.input, cx) {
                Ok(Step::Given) => return Pump::Progress,
                Ok(Step::Ended) => {
                    state.awaiting.set(false);
                    self.intake = None;
                    return Pump::Progress;
                }
                Ok(Step::Starved) => {}
                // The reader was told; its fault is answered, and then the connection ends.
                Err(_) => return Pump::Progress,
            }
            state.awaiting.set(true);
            match self.poll_fill(cx) {
                Poll::Ready(Ok(0) | Err(_)) => return Pump::Gone,
                Poll::Ready(Ok(_)) => state.awaiting.set(false),
                Poll::Pending => return Pump::Idle,
            }
        }
    }

    /// Notices that the client went away. What it sends ahead is kept.
    fn watch(&mut self, cx: &mut Context<'_>) -> Pump {
        if !self.input.is_empty() {
            return Pump::Idle;
        }
        let mut space = [0_u8; 256];
        let mut buffer = ReadBuf::new(&mut space);
        match Pin::new(&mut self.wire).poll_read(cx, &mut buffer) {
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                self.input.extend_from_slice(buffer.filled());
                Pump::Idle
            }
            Poll::Ready(_) => Pump::Gone,
            Poll::Pending => Pump::Idle,
        }
    }

    /// Reads what is there; grows the next read when this one was filled.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        self.input.reserve(self.read_size);
        let space = self.input.capacity() - self.input.len();
        let mut target = (&mut self.input).limit(space);
        let read = ready!(tokio_util::io::poll_read_buf(Pin::new(&mut self.wire), cx, &mut target))?;
        if read == space {
            self.read_size = (self.read_size * 2).min(LARGE_READ);
        } else if read < self.read_size / 4 {
            self.read_size = (self.read_size / 2).max(SMALL_READ);
        }
        Poll::Ready(Ok(read))
    }

    async fn flush(&mut self) -> bool {
        poll_fn(|cx| {
            if ready!(self.output.poll_write(&mut self.wire, cx)).is_err() {
                return Poll::Ready(false);
            }
            Pin::new(&mut self.wire).poll_flush(cx).map(|outcome| outcome.is_ok())
        })
        .await
    }

    /// Answers a head that is no request.
    async fn refuse(&mut self, worker: &Worker, refused: Refused) {
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = refused.status();
        let shape = Shape { version: http::Version::HTTP_11, head_only: false, trailers: false };
        answer::write(&mut self.output.before, &head, Some(0), shape, &mut false, &worker.date());
        if !self.flush().await {
            self.input.clear();
        }
    }

    /// Reads what is left of a body that nobody wanted; `false` when that is too much.
    async fn discard(&mut self) -> bool {
        let Some(mut intake) = self.intake.take() else { return true };
        let mut read = 0;
        loop {
            match intake.discard(&mut self.input) {
                Ok(true) => return true,
                Ok(false) if read < MOST_DISCARDED => {}
                _ => {
                    self.intake = Some(intake);
                    return false;
                }
            }
            match poll_fn(|cx| self.poll_fill(cx)).await {
                Ok(0) | Err(_) => return false,
                Ok(count) => read += count,
            }
        }
    }

    /// Ends the connection. A client that is still sending gets the time to read its answer: closing under its bytes would
    /// take the answer away from it.
    async fn leave(mut self) {
        let sending = self.intake.is_some() || !self.input.is_empty();
        // The end of a TLS session is said, not only shown.
        let _ = self.wire.shutdown().await;
        if !sending {
            return;
        }
        let mut space = vec![0_u8; SMALL_READ];
        let mut left = MOST_DISCARDED;
        let drained = async {
            while left > 0 {
                match self.wire.read(&mut space).await {
                    Ok(0) | Err(_) => return,
                    Ok(count) => left = left.saturating_sub(count),
                }
            }
        };
        let _ = tokio::time::timeout(FAREWELL, drained).await;
    }
}
