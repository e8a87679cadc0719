//! Sends a request body while the answer may already be on its way.

use std::pin::Pin;
use std::task::{Context, Poll};

use apimite_policy::body::StreamBody;
use bytes::Bytes;
use http_body::Body as _;
use tokio::io::AsyncWrite as _;

use super::Framing;
use super::encode;
use crate::http1::Pieces;
use crate::upstream::transport::Transport;

/// Why an upload stopped.
#[derive(Debug)]
pub(crate) enum UploadError {
    /// The backend's side failed.
    Backend,
    /// The client's side failed, or its body is not as long as it said.
    Client,
}

/// A body on its way to the backend.
pub(crate) struct Upload {
    source: Source,
    framing: Framing,
    /// Bytes still allowed under `Content-Length`.
    left: u64,
    pieces: Pieces,
    ended: bool,
}

enum Source {
    Stream(StreamBody),
    Spent,
}

impl Upload {
    pub(crate) fn stream(body: StreamBody, framing: Framing) -> Self {
        Self::new(Source::Stream(body), framing, Bytes::new())
    }

    /// Bytes in memory; `framing` was written with their exact length.
    pub(crate) fn bytes(bytes: Bytes) -> Self {
        Self::new(Source::Spent, Framing::Length(bytes.len() as u64), bytes)
    }

    fn new(source: Source, framing: Framing, data: Bytes) -> Self {
        let left = if let Framing::Length(length) = framing { length } else { 0 };
        let ended = matches!(source, Source::Spent);
        let mut pieces = Pieces::default();
        pieces.data(data);
        Self { source, framing, left, pieces, ended }
    }

    /// Moves on as far as both sides allow. Ready when the whole body was handed to the transport.
    pub(crate) fn poll(&mut self, io: &mut Transport, cx: &mut Context<'_>) -> Poll<Result<(), UploadError>> {
        loop {
            match self.pieces.poll_write(io, cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(Err(UploadError::Backend)),
                Poll::Pending => return Poll::Pending,
            }
            if self.ended {
                return Pin::new(io).poll_flush(cx).map_err(|_| UploadError::Backend);
            }
            let Source::Stream(stream) = &mut self.source else {
                self.ended = true;
                continue;
            };
            match Pin::new(stream).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.data(data)?,
                    Err(frame) => {
                        if let (Ok(fields), Framing::Chunked) = (frame.into_trailers(), self.framing) {
                            self.pieces.before.extend_from_slice(b"0\r\n");
                            for (name, value) in &fields {
                                encode::line(&mut self.pieces.before, name, value);
                            }
                            self.pieces.before.extend_from_slice(b"\r\n");
                            self.source = Source::Spent;
                            self.ended = true;
                        }
                    }
                },
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(UploadError::Client)),
                Poll::Ready(None) => {
                    self.source = Source::Spent;
                    self.ended = true;
                    match self.framing {
                        Framing::Chunked => self.pieces.before.extend_from_slice(b"0\r\n\r\n"),
                        _ if self.left > 0 => {
                            return Poll::Ready(Err(UploadError::Client));
                        }
                        _ => {}
                    }
                }
                Poll::Pending => {
                    return match Pin::new(io).poll_flush(cx) {
                        Poll::Ready(Err(_)) => Poll::Ready(Err(UploadError::Backend)),
                        _ => Poll::Pending,
                    };
                }
            }
        }
    }

    fn data(&mut self, data: Bytes) -> Result<(), UploadError> {
        if data.is_empty() {
            return Ok(());
        }
        if self.framing == Framing::Chunked {
            self.pieces.chunk(data);
        } else {
            self.left = self.left.checked_sub(data.len() as u64).ok_or(UploadError::Client)?;
            self.pieces.data(data);
        }
        Ok(())
    }
}
