//! HTTP/2 towards a backend: one shared connection for an origin, opened again when it closes.

use std::pin::Pin;
use std::task::{Context, Poll};

use apimite_policy::body::{Body, BodyError, StreamBody};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, Version, header};
use http_body::{Frame, SizeHint};
use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;

use super::transport::Transport;
use crate::exec::LocalExec;
use crate::hop;

/// A request body for hyper.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Empty,
    Bytes(Bytes),
    Stream(StreamBody),
}

impl From<Body> for Outgoing {
    fn from(body: Body) -> Self {
        match body {
            Body::None | Body::Consumed => Self::Empty,
            Body::Bytes(bytes) if bytes.is_empty() => Self::Empty,
            Body::Bytes(bytes) => Self::Bytes(bytes),
            Body::Stream(stream) => Self::Stream(stream),
        }
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            this @ Self::Bytes(_) => match std::mem::replace(this, Self::Empty) {
                Self::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                _ => Poll::Ready(None),
            },
            Self::Stream(stream) => Pin::new(stream).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Bytes(_) => false,
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(stream) => stream.size_hint(),
        }
    }
}

/// A connection that many requests share.
pub(crate) type Shared = http2::SendRequest<Outgoing>;

/// Starts HTTP/2 on a fresh connection.
///
/// # Errors
/// What hyper says when the peer does not speak it.
pub(crate) async fn handshake(io: Transport) -> hyper::Result<Shared> {
    let (sender, connection) = http2::Builder::new(LocalExec)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .max_header_list_size(128 * 1024)
        .handshake(TokioIo::new(io))
        .await?;
    tokio::task::spawn_local(async move {
        // Requests in flight learn of a failure through their own streams.
        let _ = connection.await;
    });
    Ok(sender)
}

/// The request as HTTP/2 wants it: absolute URI, no hop-by-hop headers, no `Host`.
pub(crate) fn request(method: Method, uri: Uri, mut headers: HeaderMap, body: Body) -> Request<Outgoing> {
    hop::strip(&mut headers);
    headers.remove(header::HOST);
    headers.remove(header::EXPECT);
    if headers.contains_key(header::TE) && !hop::takes_trailers(&headers) {
        headers.remove(header::TE);
    }
    let mut request = Request::new(Outgoing::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = headers;
    request
}
