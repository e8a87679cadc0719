//! The answer on its way to the client, and the one function that closes a request.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use apimite_clock::Timestamp;
use apimite_policy::body::BodyError;
use apimite_policy::exchange::{Exchange, OnTransfer, Response};
use apimite_trace::Trace;
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode, header};
use http_body::{Frame, SizeHint};
use hyper::ext::ReasonPhrase;

use super::connection_state::ConnectionState;
use super::worker::Worker;
use crate::access::{Answered, End, Record};
use crate::hop;
use crate::upstream::http2::Outgoing;

/// What is told about a request when it is over.
#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) method: Method,
    pub(crate) target: PathAndQuery,
    pub(crate) started: Timestamp,
    pub(crate) status: StatusCode,
    pub(crate) answered: Answered,
    pub(crate) trace: Option<Box<Trace>>,
}

/// Closes a request when it is dropped, which happens on every path.
pub(crate) struct Close {
    worker: Rc<Worker>,
    connection: Rc<ConnectionState>,
    details: Option<Box<Details>>,
    /// What policies do when the body has been sent, and the bytes of the request by then.
    transferred: Vec<OnTransfer>,
    request_bytes: u64,
    bytes: u64,
    end: End,
}

impl Close {
    pub(crate) fn new(worker: Rc<Worker>, connection: Rc<ConnectionState>) -> Self {
        worker.request_began(&connection);
        Self {
            worker,
            connection,
            details: None,
            transferred: Vec::new(),
            request_bytes: 0,
            bytes: 0,
            end: End::Aborted,
        }
    }

    /// Is anybody told about it?
    pub(crate) fn is_observed(&self, traced: bool) -> bool {
        self.worker.observer().is_some_and(|observer| traced || observer.wants_records())
    }

    pub(crate) fn describe(&mut self, details: Details) {
        self.details = Some(Box::new(details));
    }
}

impl Close {
    /// Remembers what policies do when the body has been sent, or was given up.
    pub(crate) fn then(&mut self, work: Vec<OnTransfer>, request_bytes: u64) {
        (self.transferred, self.request_bytes) = (work, request_bytes);
    }
}

impl Drop for Close {
    fn drop(&mut self) {
        // A worker that has stopped runs nothing any more.
        if !self.transferred.is_empty() && !self.worker.is_stopped() {
            for work in std::mem::take(&mut self.transferred) {
                work(self.bytes.saturating_add(self.request_bytes), self.worker.env());
            }
        }
        self.worker.request_ended(&self.connection);
        let (Some(observer), Some(mut details)) = (self.worker.observer(), self.details.take()) else { return };
        if let Some(trace) = details.trace.take() {
            observer.traced(*trace);
        }
        observer.finished(&Record {
            started: details.started,
            elapsed: self.worker.now().since(details.started),
            method: details.method.as_str(),
            target: details.target.as_str(),
            source: self.connection.source.borrow().label(),
            caller: self.connection.client.get().ip().to_canonical(),
            status: details.status,
            answered: details.answered,
            end: self.end,
            body_bytes: self.bytes,
        });
    }
}

/// The body of an answer; closes the request when it was sent or given up.
pub(crate) struct ReplyBody {
    body: Outgoing,
    close: Close,
    /// An error that waits until what came before it was flushed.
    failed: Option<BodyError>,
}

impl ReplyBody {
    pub(crate) fn new(body: Outgoing, mut close: Close) -> Self {
        if http_body::Body::is_end_stream(&body) {
            close.end = End::Complete;
        }
        Self { body, close, failed: None }
    }

    /// The whole body, if it is in memory or there is none.
    pub(crate) fn take_whole(&mut self) -> Option<Bytes> {
        let bytes = match std::mem::replace(&mut self.body, Outgoing::Empty) {
            Outgoing::Empty => Bytes::new(),
            Outgoing::Bytes(bytes) => bytes,
            stream @ Outgoing::Stream(_) => {
                self.body = stream;
                return None;
            }
        };
        self.close.bytes = bytes.len() as u64;
        self.close.end = End::Complete;
        Some(bytes)
    }

    /// All that was to be sent was sent.
    pub(crate) fn finished(&mut self) {
        self.close.end = End::Complete;
    }

    /// The answer broke off.
    pub(crate) fn broken(&mut self) {
        self.close.end = End::Aborted;
    }
}

impl http_body::Body for ReplyBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(error) = this.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        if let Poll::Ready(Some(Err(error))) = frame {
            this.failed = Some(error);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    this.close.bytes += data.len() as u64;
                }
                if this.body.is_end_stream() {
                    this.close.end = End::Complete;
                }
            }
            Poll::Ready(None) => this.close.end = End::Complete,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Turns what the policies left into what is sent.
pub(crate) fn of_exchange(exchange: &mut Exchange, handshake: bool) -> http::Response<Outgoing> {
    let response = exchange.response.take().unwrap_or_else(|| apimite_policy::answer::empty(StatusCode::OK));
    of_response(response, handshake)
}

/// Turns a response into what is sent. What each version of HTTP does not send is left to its writer.
pub(crate) fn of_response(response: Response, handshake: bool) -> http::Response<Outgoing> {
    let Response { mut status, reason, mut headers, body } = response;
    let body = body.take();
    let switching = status == StatusCode::SWITCHING_PROTOCOLS;
    let mut upgrade = None;
    if switching && handshake {
        upgrade = headers.remove(header::UPGRADE);
    } else if status.is_informational() {
        // An interim status is no answer.
        status = StatusCode::INTERNAL_SERVER_ERROR;
    }
    if switching && handshake {
        hop::strip(&mut headers);
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, upgrade.unwrap_or_else(|| HeaderValue::from_static("websocket")));
    }
    let mut answer = http::Response::new(Outgoing::from(body));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    if let Some(reason) = reason
        && let Ok(phrase) = ReasonPhrase::try_from(reason.as_bytes())
    {
        answer.extensions_mut().insert(phrase);
    }
    answer
}

/// Makes an answer one of HTTP/2: no hop-by-hop headers, and no length but that of the body.
pub(crate) fn for_http2<B: http_body::Body>(mut answer: http::Response<B>, head_only: bool) -> http::Response<B> {
    let (status, known) = (answer.status(), answer.body().size_hint().exact());
    let headers = answer.headers_mut();
    hop::strip(headers);
    let Some(told) = headers.get(header::CONTENT_LENGTH) else { return answer };
    if !tells(told, known, status, head_only) {
        headers.remove(header::CONTENT_LENGTH);
    }
    answer
}

/// Does a `Content-Length` fit a body of so many bytes, or a head that stands for one?
pub(crate) fn tells(told: &HeaderValue, known: Option<u64>, status: StatusCode, head_only: bool) -> bool {
    let fits = match known {
        Some(0) if head_only || status == StatusCode::NOT_MODIFIED => true,
        Some(length) => told.as_bytes() == itoa::Buffer::new().format(length).as_bytes(),
        None => false,
    };
    fits && status != StatusCode::NO_CONTENT
}
