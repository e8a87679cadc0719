//! Calls to backends and other servers: the `Client` of one worker thread.

mod connect;
mod http1;
pub(crate) mod http2;
mod pool;
mod resolve;
pub(crate) mod tls;
pub(crate) mod transport;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use apimite_clock::Clock;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::env::{Call, CallError, Client, HttpVersion};
use apimite_policy::exchange::Response;
use futures_util::future::LocalBoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use self::connect::{ConnectError, Destination, proxy_authorization};
use self::http1::{Answer, Connection, Framing, Head, SendError};
use self::pool::{Origin, Pool};
use self::resolve::Resolver;
use self::tls::ClientTls;
use crate::seat::Seat;
use crate::stand_ins::StandIns;
use crate::ticker::Ticker;

/// Message of a backend that broke off.
///
/// Source: gateway log in a public issue of the self-hosted gateway.
const CLOSED: &str = "Underlying transport connection was unexpectedly closed.";

/// The outgoing connections of one worker thread.
pub(crate) struct Upstream {
    pool: Pool,
    resolver: Resolver,
    tls: Arc<ClientTls>,
    ticker: Rc<Ticker>,
    stand_ins: Arc<StandIns>,
    clock: Clock,
}

impl Upstream {
    pub(crate) fn new(tls: Arc<ClientTls>, ticker: Rc<Ticker>, stand_ins: Arc<StandIns>, clock: Clock) -> Self {
        let time = ticker.coarse();
        Self { pool: Pool::new(time.clone()), resolver: Resolver::new(time.clone()), tls, ticker, stand_ins, clock }
    }

    /// Housekeeping, once a second.
    pub(crate) fn sweep(&self) {
        self.pool.sweep();
    }

    async fn call(&self, call: &mut Call, seat: Option<&Seat>) -> Result<Response, CallError> {
        let to = destination(call);
        let origin = self.pool.origin(to);
        if let Some(shared) = origin.http2() {
            return Box::pin(self.http2(shared, call)).await;
        }
        let pooled = poll_fn(|cx| Poll::Ready(origin.take(cx))).await;
        let Some(connection) = pooled else { return Box::pin(self.call_anew(call, &origin, seat)).await };
        self.http1(connection, call, &origin, seat).await
    }

    /// A call for which no connection is at hand; apart, because it needs room that most calls do not.
    async fn call_anew(
        &self,
        call: &mut Call,
        origin: &Arc<Origin>,
        seat: Option<&Seat>,
    ) -> Result<Response, CallError> {
        let to = destination(call);
        let transport = connect::connect(to, &self.resolver, &self.tls).await.map_err(refused)?;
        let prior_knowledge = to.tls.is_none() && to.version == HttpVersion::Http2;
        if transport.speaks_http2() || prior_knowledge {
            let shared = http2::handshake(transport).await.map_err(|error| broken(&error))?;
            origin.share(shared.clone());
            return self.http2(shared, call).await;
        }
        if to.version == HttpVersion::Http2 {
            return Err(CallError::Connection("The backend does not offer HTTP/2.".to_owned()));
        }
        self.http1(Connection::new(transport), call, origin, seat).await
    }

    async fn http2(&self, mut shared: http2::Shared, call: &mut Call) -> Result<Response, CallError> {
        let uri: Uri = format!("{}://{}{}", call.url.scheme.as_str(), call.url.authority, call.url.path_and_query)
            .parse()
            .map_err(|error| broken(&error))?;
        poll_fn(|cx| shared.poll_ready(cx)).await.map_err(|error| broken(&error))?;
        let (headers, body) = (std::mem::take(&mut call.headers), std::mem::take(&mut call.body));
        let request = http2::request(call.method.clone(), uri, headers, body);
        let (mut parts, body) = shared.send_request(request).await.map_err(|error| broken(&error))?.into_parts();
        crate::hop::strip(&mut parts.headers);
        let body = if http_body::Body::is_end_stream(&body) { Body::None } else { Body::stream(body) };
        Ok(Response { status: parts.status, reason: None, headers: parts.headers, body: BodyCell::new(body) })
    }

    /// Ends after so long.
    fn after(&self, limit: Duration) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            let never = pin!(std::future::pending::<()>());
            self.ticker.within(limit, never).await;
        })
    }

    async fn http1(
        &self,
        mut connection: Box<Connection>,
        call: &mut Call,
        origin: &Arc<Origin>,
        seat: Option<&Seat>,
    ) -> Result<Response, CallError> {
        let Call { method, url, headers, body, options } = call;
        let framing = match (&*body, body.len()) {
            (Body::None | Body::Consumed, _) => Framing::None,
            (Body::Bytes(_), Some(0)) => Framing::None,
            (_, Some(length)) => Framing::Length(length),
            (_, None) => Framing::Chunked,
        };
        let own_host;
        let host = match headers.get(header::HOST) {
            Some(host) => host,
            None => {
                own_host = url.host_header();
                &own_host
            }
        };
        let plain_proxy = options.proxy.as_deref().filter(|_| !url.scheme.is_tls());
        let absolute = plain_proxy.map(|_| url.to_string());
        let mut added: Vec<(HeaderName, HeaderValue)> = Vec::new();
        if let Some(value) = plain_proxy.and_then(proxy_authorization)
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            added.push((header::PROXY_AUTHORIZATION, value));
        }
        let wait = options.continue_timeout.filter(|_| framing != Framing::None && asks_permission(headers));
        let head = Head {
            method,
            target: absolute.as_deref().unwrap_or_else(|| url.path_and_query.as_str()),
            host,
            headers,
            added: &added,
            framing,
            upgrade: options.upgrade,
            expect: wait.is_some(),
        };
        loop {
            let reused = connection.reused;
            let mut permitted = wait.map(|limit| self.after(limit));
            let permitted = permitted.as_mut().map(|limit| limit.as_mut() as Pin<&mut dyn Future<Output = ()>>);
            let outcome = connection.send(&head, body, origin, permitted).await;
            let error = match outcome {
                Ok(answer) => return Ok(response(answer, seat)),
                Err(error) => error,
            };
            let again = match error {
                // A pooled connection that its peer had closed: the request is repeated when it left nothing behind.
                SendError::Closed { sent } if reused && !matches!(body, Body::Stream(_)) => {
                    !consumed(body, framing) && (!sent || is_idempotent(method))
                }
                SendError::Closed { sent: false } => reused,
                _ => false,
            };
            if !again {
                return Err(match error {
                    SendError::Client => CallError::ClientGone,
                    SendError::Permission => CallError::Timeout,
                    SendError::Closed { .. } => CallError::Connection(CLOSED.to_owned()),
                    SendError::Io(error) => broken(&error),
                    SendError::Protocol(text) => CallError::Connection(format!("{CLOSED} ({text})")),
                });
            }
            origin.clear();
            let to = Destination {
                authority: &url.authority,
                tls: url.scheme.is_tls().then_some(&*options.tls),
                version: HttpVersion::Http1,
                proxy: options.proxy.as_deref(),
            };
            let transport = Box::pin(connect::connect(to, &self.resolver, &self.tls)).await.map_err(refused)?;
            connection = Connection::new(transport);
        }
    }
}

/// Where a call leads.
fn destination(call: &Call) -> Destination<'_> {
    let url = &call.url;
    Destination {
        authority: &url.authority,
        tls: url.scheme.is_tls().then_some(&*call.options.tls),
        version: if call.options.upgrade { HttpVersion::Http1 } else { call.options.version },
        proxy: call.options.proxy.as_deref(),
    }
}

/// Does the client wait for permission to send its body?
fn asks_permission(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Was a streaming body taken already?
const fn consumed(body: &Body, framing: Framing) -> bool {
    matches!(body, Body::Consumed) && !matches!(framing, Framing::None)
}

fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE | Method::TRACE)
}

fn refused(error: ConnectError) -> CallError {
    CallError::Connection(error.to_string())
}

fn broken(error: &dyn std::fmt::Display) -> CallError {
    CallError::Connection(format!("{CLOSED} ({error})"))
}

fn response(answer: Answer, seat: Option<&Seat>) -> Response {
    let Answer { head, body, switched } = answer;
    if head.status == StatusCode::SWITCHING_PROTOCOLS
        && let (Some(seat), Some(switched)) = (seat, switched)
    {
        *seat.switched.borrow_mut() = Some(switched);
    }
    Response { status: head.status, reason: head.reason, headers: head.headers, body: BodyCell::new(body) }
}

impl Client for Upstream {
    fn send<'a>(&'a self, mut call: Call) -> LocalBoxFuture<'a, Result<Response, CallError>> {
        let seat = Seat::current();
        Box::pin(async move {
            if let Some(taken) = self.stand_ins.takes(&call) {
                if let Some(seat) = &seat {
                    seat.called.set(true);
                }
                return Box::pin(self.stand_ins.answer(taken, call, &self.clock)).await;
            }
            if let Some(seat) = &seat
                && seat.handshake.get()
                && call.headers.contains_key(header::UPGRADE)
            {
                call.options.upgrade = true;
            }
            let limit = call.options.timeout;
            let work = pin!(self.call(&mut call, seat.as_deref()));
            let mut work = pin!(self.ticker.within(limit, work));
            poll_fn(|cx| {
                if seat.as_ref().is_some_and(|seat| seat.gone.get()) {
                    return Poll::Ready(Err(CallError::ClientGone));
                }
                work.as_mut().poll(cx).map(|outcome| outcome.unwrap_or(Err(CallError::Timeout)))
            })
            .await
            .inspect(|_| {
                if let Some(seat) = &seat {
                    seat.called.set(true);
                }
            })
        })
    }
}
