//! The body of a request, watched so that a client that stops sending can be told from one that waits.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use apimite_policy::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;

use super::connection_state::ConnectionState;

/// The body as policies get it.
pub(crate) fn body(incoming: Incoming, connection: &ConnectionState) -> Body {
    if http_body::Body::is_end_stream(&incoming) {
        return Body::None;
    }
    let awaited = connection.awaited.borrow_mut().get_or_insert_default().clone();
    Body::stream(Watched { incoming, awaited })
}

struct Watched {
    incoming: Incoming,
    /// Is somebody waiting for the client's bytes?
    awaited: Arc<AtomicBool>,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.incoming).poll_frame(cx);
        this.awaited.store(frame.is_pending(), Ordering::Relaxed);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.awaited.store(false, Ordering::Relaxed);
    }
}
