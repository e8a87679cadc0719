//! A switched connection: bytes pass both ways until one side ends.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::upstream::transport::Transport;

/// How long the other side may take to end after the first.
const FAREWELL: Duration = Duration::from_secs(5);

/// Passes bytes between client and backend.
///
/// Source: WebSocket page: connections are paired; either side closing closes the other.
pub(crate) async fn pass<S>(client: S, from_client: Bytes, backend: Transport, from_backend: Bytes)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (client_read, client_write) = tokio::io::split(client);
    let (backend_read, backend_write) = tokio::io::split(backend);
    let mut up = pin!(one_way(client_read, backend_write, from_client));
    let mut down = pin!(one_way(backend_read, client_write, from_backend));
    let up_ended = poll_fn(|cx| {
        if up.as_mut().poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        down.as_mut().poll(cx).map(|()| false)
    })
    .await;
    // What is already under way may still arrive, such as the other side's close frame.
    let rest = async {
        if up_ended {
            down.await;
        } else {
            up.await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL, rest).await;
}

async fn one_way(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, ahead: Bytes) {
    let passed = async {
        to.write_all(&ahead).await?;
        to.flush().await?;
        tokio::io::copy(&mut from, &mut to).await
    };
    // An error ends the direction as an end of stream does.
    let _ = passed.await;
    let _ = to.shutdown().await;
}
