//! A WebSocket at which the gateway itself takes part, message by message.

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;

use crate::env::Env;

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
    /// The end of the connection: a code and a reason of at most 123 bytes. Without a code nothing was said.
    Close(Option<(u16, String)>),
}

impl Message {
    /// The end, for this reason.
    pub fn close(code: u16, reason: &str) -> Self {
        Self::Close(Some((code, reason.to_owned())))
    }
}

/// One side of a WebSocket. Pings are answered below.
pub trait Socket {
    /// The next message; `None` when the connection is over. A close is the last message. The future may be dropped: no message
    /// is lost.
    fn receive(&mut self) -> LocalBoxFuture<'_, Option<Message>>;

    /// Sends a message; `false` when the connection is over. After a close nothing more is sent.
    fn send(&mut self, message: Message) -> LocalBoxFuture<'_, bool>;
}

/// Who talks to a client whose handshake was accepted.
pub trait Talk: Send {
    /// Talks until the connection is over. `backend` is the other side of a handshake that a backend accepted. The future may be
    /// dropped: the connection ends then.
    fn run(
        self: Box<Self>,
        client: Box<dyn Socket>,
        backend: Option<Box<dyn Socket>>,
        env: Env,
    ) -> LocalBoxFuture<'static, ()>;
}
