//! A request being served, whatever became of its client.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use apimite_policy::body::Body;
use futures_util::future::LocalBoxFuture;
use http::Response;
use http::request::Parts;

use super::connection_state::ConnectionState;
use super::exchange;
use super::reply::ReplyBody;
use super::worker::Worker;
use crate::seat::Seat;

/// A request being served. Dropped before its end, which means that the client went away, it goes on by itself: calls to
/// backends fail, on-error runs, and the request is closed as any other.
pub(super) struct Serving {
    work: Option<LocalBoxFuture<'static, Response<ReplyBody>>>,
    seat: Rc<Seat>,
    worker: Rc<Worker>,
}

impl Serving {
    pub(super) fn new(
        worker: &Rc<Worker>,
        connection: &Rc<ConnectionState>,
        parts: Parts,
        body: Body,
        ambiguous: bool,
    ) -> Self {
        let seat = Rc::new(Seat::default());
        let asked = exchange::Asked { parts, body, ambiguous };
        let work = exchange::serve(worker.clone(), connection.clone(), seat.clone(), asked);
        Self { work: Some(Box::pin(work)), seat, worker: worker.clone() }
    }
}

impl Future for Serving {
    type Output = Response<ReplyBody>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = self.work.as_mut() else { return Poll::Pending };
        let response = std::task::ready!(work.as_mut().poll(cx));
        self.work = None;
        Poll::Ready(response)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(work) = self.work.take()
            && !self.worker.is_stopped()
        {
            self.seat.gone.set(true);
            tokio::task::spawn_local(async move {
                drop(work.await);
            });
        }
    }
}
