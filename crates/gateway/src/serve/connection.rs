//! One connection of a client, from its first byte to its last.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::connection_state::{ConnectionState, Switched};
use super::reply::{self, ReplyBody};
use super::serving::Serving;
use super::wire::Wire;
use super::worker::Worker;
use super::{http1, incoming, talk, tunnel};
use crate::config::{Arrival, Classifier, Expect, Listener, NoPreamble, Preamble};

/// How a client that speaks HTTP/2 without TLS begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// First read of a plain connection.
const FIRST_READ: usize = 2 * 1024;
/// Longest preamble, in bytes.
const LONGEST_PREAMBLE: usize = 2 * 1024;

/// Serves a connection until it ends or one of its strings is pulled.
pub(crate) async fn serve(
    worker: Rc<Worker>,
    state: Rc<ConnectionState>,
    listener: Arc<Listener>,
    tls: Option<Arc<ServerConfig>>,
    stream: TcpStream,
) {
    let mut work = pin!(talk(worker, state.clone(), listener, tls, stream));
    poll_fn(|cx| {
        state.register(cx.waker());
        if state.closing.get() {
            return Poll::Ready(());
        }
        work.as_mut().poll(cx)
    })
    .await;
}

async fn talk(
    worker: Rc<Worker>,
    state: Rc<ConnectionState>,
    listener: Arc<Listener>,
    tls: Option<Arc<ServerConfig>>,
    mut stream: TcpStream,
) {
    let mut ahead = BytesMut::new();
    if !admit(&worker, &state, &listener, &mut stream, &mut ahead).await {
        return;
    }
    let Some(config) = tls else {
        // The first bytes tell HTTP/2 with prior knowledge from HTTP/1.1.
        while ahead.len() < PREFACE.len() && PREFACE.starts_with(&ahead) {
            ahead.reserve(FIRST_READ);
            match stream.read_buf(&mut ahead).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        let http2 = ahead.starts_with(PREFACE);
        return http(worker, state, stream, ahead.freeze(), http2).await;
    };
    state.tls.set(true);
    let stream = Ahead { stream, ahead: ahead.freeze() };
    let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
    let session = stream.get_ref().1;
    let http2 = session.alpn_protocol() == Some(b"h2");
    if let Some(leaf) = session.peer_certificates().and_then(<[_]>::first) {
        *state.certificate.borrow_mut() = Some(Arc::from(leaf.as_ref()));
    }
    http(worker, state, stream, Bytes::new(), http2).await;
}

/// Reads the preamble, if one is expected, and asks where the connection came from; `false` closes it.
async fn admit(
    worker: &Worker,
    state: &ConnectionState,
    listener: &Listener,
    stream: &mut TcpStream,
    ahead: &mut BytesMut,
) -> bool {
    let Some(classifier) = worker.classifier() else { return listener.preamble == Expect::Nothing };
    if listener.preamble == Expect::Preamble {
        if !classifier.may_send(Arrival { listener: &listener.name, local: state.local, peer: state.peer }) {
            return false;
        }
        let header = read_preamble(classifier, stream, ahead);
        let Ok(header) = tokio::time::timeout(worker.limits().preamble_time, header).await else {
            classifier.no_preamble(NoPreamble::TooSlow);
            return false;
        };
        let Some((length, found)) = header else { return false };
        let _ = ahead.split_to(length.min(ahead.len()));
        if let Some(client) = found.client {
            state.client.set(client);
        }
        state.preamble.set(Some(found));
    }
    state.classify(classifier)
}

/// Reads until a preamble is whole; `None` when there is none.
async fn read_preamble(
    classifier: &dyn Classifier,
    stream: &mut TcpStream,
    ahead: &mut BytesMut,
) -> Option<(usize, Preamble)> {
    loop {
        match classifier.preamble(ahead) {
            Ok(Some(found)) => return Some(found),
            Ok(None) if ahead.len() < LONGEST_PREAMBLE => {}
            Ok(None) | Err(_) => return None,
        }
        match stream.read_buf(ahead).await {
            Ok(0) | Err(_) => {
                classifier.no_preamble(NoPreamble::Ended);
                return None;
            }
            Ok(_) => {}
        }
    }
}

async fn http<S>(worker: Rc<Worker>, state: Rc<ConnectionState>, stream: S, ahead: Bytes, http2: bool)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    state.http2.set(http2);
    let wire = Wire::new(stream, ahead, state.clone(), worker.time());
    if http2 {
        let service = Service { worker: worker.clone(), state: state.clone() };
        let mut connection = pin!(worker.http2().serve_connection(TokioIo::new(wire), service));
        let mut told = false;
        let _ = poll_fn(|cx| {
            if state.draining.get() && !told {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            connection.as_mut().poll(cx)
        })
        .await;
        return;
    }
    if let Some((wire, ahead)) = http1::serve(&worker, &state, wire).await {
        let switched = state.switched.borrow_mut().take();
        match switched {
            Some(Switched { backend, talk: Some(talk) }) => {
                let client = talk::socket(wire, ahead, talk::Side::Client).await;
                let backend = match backend {
                    Some((stream, ahead)) => Some(talk::socket(stream, ahead, talk::Side::Backend).await),
                    None => None,
                };
                talk.run(client, backend, worker.env().clone()).await;
            }
            Some(Switched { backend: Some((backend, from_backend)), talk: None }) => {
                tunnel::pass(wire, ahead, backend, from_backend).await;
            }
            Some(Switched { backend: None, talk: None }) | None => {}
        }
    }
}

/// Requests of an HTTP/2 connection.
struct Service {
    worker: Rc<Worker>,
    state: Rc<ConnectionState>,
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response<ReplyBody>;
    type Error = std::convert::Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let (parts, body) = request.into_parts();
        let head_only = parts.method == Method::HEAD;
        let body = incoming::body(body, &self.state);
        Answering { work: Serving::new(&self.worker, &self.state, parts, body, false), head_only }
    }
}

/// A request being served, as hyper wants it.
struct Answering {
    work: Serving,
    head_only: bool,
}

impl Future for Answering {
    type Output = Result<Response<ReplyBody>, std::convert::Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = std::task::ready!(Pin::new(&mut self.work).poll(cx));
        Poll::Ready(Ok(reply::for_http2(answer, self.head_only)))
    }
}

/// A stream some bytes of which were read already.
struct Ahead {
    stream: TcpStream,
    ahead: Bytes,
}

impl AsyncRead for Ahead {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        if this.ahead.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let take = this.ahead.len().min(buf.remaining());
        buf.put_slice(&this.ahead.split_to(take));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Ahead {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
