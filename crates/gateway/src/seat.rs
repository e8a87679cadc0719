//! What the data plane keeps beside an exchange: whether its client is still there, and the connection a handshake opened.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::Bytes;
use tokio::task::futures::TaskLocalFuture;

use crate::upstream::transport::Transport;

tokio::task_local! {
    /// The seat of the exchange that is being polled.
    static SEAT: Rc<Seat>;
}

/// One for each exchange; policies never see it.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    /// Did the client go away?
    pub(crate) gone: Cell<bool>,
    /// Did the client ask for a WebSocket?
    pub(crate) handshake: Cell<bool>,
    /// Did a call made by its policies get an answer?
    pub(crate) called: Cell<bool>,
    /// The backend's side of a WebSocket, with what was read beyond its handshake.
    pub(crate) switched: RefCell<Option<(Transport, Bytes)>>,
}

impl Seat {
    /// The seat of the exchange whose policies make the call, if there is one.
    pub(crate) fn current() -> Option<Rc<Self>> {
        SEAT.try_with(Rc::clone).ok()
    }

    /// Runs `future` as the work of this exchange.
    pub(crate) fn scope<F: Future>(self: Rc<Self>, future: F) -> TaskLocalFuture<Rc<Self>, F> {
        SEAT.scope(self, future)
    }
}
