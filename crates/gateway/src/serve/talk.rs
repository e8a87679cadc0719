//! A switched connection as messages, for those who talk on it.

use apimite_policy::socket::{Message, Socket};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, protocol::frame::coding::CloseCode};

/// Largest message, in bytes.
const LARGEST: usize = 1 << 20;
/// Longest reason of a close, in bytes.
///
/// Source: RFC 6455, section 5.5: 125 bytes with the code.
const LONGEST_REASON: usize = 123;

/// Whose side of the connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The gateway is the server.
    Client,
    /// The gateway is the client.
    Backend,
}

/// The messages of a connection; `ahead` was read already.
pub(crate) async fn socket<S>(stream: S, ahead: Bytes, side: Side) -> Box<dyn Socket>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let role = if side == Side::Client { Role::Server } else { Role::Client };
    let config = WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .write_buffer_size(0)
        .max_write_buffer_size(LARGEST * 2)
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST));
    let stream = WebSocketStream::from_partially_read(stream, ahead.to_vec(), role, Some(config)).await;
    Box::new(Talking { stream, over: false })
}

struct Talking<S> {
    stream: WebSocketStream<S>,
    over: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talking<S> {
    async fn next(&mut self) -> Option<Message> {
        loop {
            return Some(match self.stream.next().await? {
                Ok(tungstenite::Message::Text(text)) => Message::Text(text.to_string()),
                Ok(tungstenite::Message::Binary(bytes)) => Message::Binary(bytes),
                Ok(tungstenite::Message::Close(frame)) => {
                    // The answer to a close goes out with the next write or read.
                    let _ = self.stream.flush().await;
                    Message::Close(frame.map(|frame| (frame.code.into(), frame.reason.to_string())))
                }
                Ok(_) => continue,
                Err(error) => {
                    // Source: RFC 6455, section 7.4.1.
                    let code = match error {
                        Error::Capacity(CapacityError::MessageTooLong { .. }) => 1009,
                        Error::Utf8(_) => 1007,
                        Error::Protocol(_) => 1002,
                        _ => return None,
                    };
                    self.say(Message::close(code, "")).await;
                    return None;
                }
            });
        }
    }

    async fn say(&mut self, message: Message) -> bool {
        let message = match message {
            Message::Text(text) => tungstenite::Message::text(text),
            Message::Binary(bytes) => tungstenite::Message::Binary(bytes),
            Message::Close(said) => tungstenite::Message::Close(
                said.map(|(code, reason)| CloseFrame { code: CloseCode::from(code), reason: cut(&reason).into() }),
            ),
        };
        let closes = matches!(message, tungstenite::Message::Close(_));
        let sent = self.stream.send(message).await.is_ok();
        self.over |= closes || !sent;
        sent
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket for Talking<S> {
    fn receive(&mut self) -> LocalBoxFuture<'_, Option<Message>> {
        Box::pin(self.next())
    }

    fn send(&mut self, message: Message) -> LocalBoxFuture<'_, bool> {
        Box::pin(async move { !self.over && self.say(message).await })
    }
}

/// At most so many bytes as a close may hold, whole characters.
fn cut(reason: &str) -> &str {
    let end = (0..=LONGEST_REASON.min(reason.len())).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    reason.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_a_control_frame() {
        assert_eq!(cut("why"), "why");
        assert_eq!(cut(&"é".repeat(100)).len(), 122);
    }
}
