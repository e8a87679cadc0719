//! Message bodies: absent, in memory, or still streaming.

use std::pin::Pin;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use parking_lot::Mutex;

/// An error of the transport below a body.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A body on its way.
pub type StreamBody = UnsyncBoxBody<Bytes, BodyError>;

/// A message body.
#[derive(Debug, Default)]
pub enum Body {
    /// There is none: `context.Request.Body` is null.
    #[default]
    None,
    /// All of it, in memory.
    Bytes(Bytes),
    /// On its way.
    Stream(StreamBody),
    /// Read by an expression without `preserveContent`; reading again is an error, sending sends nothing.
    Consumed,
}

impl Body {
    /// A body from any transport's stream.
    pub fn stream<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        Self::Stream(body.map_err(Into::into).boxed_unsync())
    }

    /// A body of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Bytes(Bytes::from(text.into()))
    }

    /// Is it on its way?
    pub const fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }

    /// Its length in bytes, where known.
    pub fn len(&self) -> Option<u64> {
        match self {
            Self::None | Self::Consumed => Some(0),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Stream(stream) => http_body::Body::size_hint(stream).exact(),
        }
    }

    /// Is it known to be empty?
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

/// Why a body could not be read into memory.
#[derive(Debug, thiserror::Error)]
pub enum BufferError {
    /// It is larger than the gateway buffers.
    #[error("the message body is larger than {0} bytes")]
    TooLarge(u64),
    /// The transport failed while it was read.
    #[error("{0}")]
    Transport(BodyError),
}

/// The body of a message that expressions may read: shared, changed behind a lock.
#[derive(Debug, Default)]
pub struct BodyCell(Mutex<Body>);

impl BodyCell {
    /// Holds this body.
    pub const fn new(body: Body) -> Self {
        Self(Mutex::new(body))
    }

    /// Takes the body out and leaves none.
    pub fn take(&self) -> Body {
        std::mem::take(&mut *self.0.lock())
    }

    /// Replaces the body.
    pub fn set(&self, body: Body) {
        *self.0.lock() = body;
    }

    /// Is there no body at all?
    pub fn is_none(&self) -> bool {
        matches!(*self.0.lock(), Body::None)
    }

    /// Was it read without being kept?
    pub fn is_consumed(&self) -> bool {
        matches!(*self.0.lock(), Body::Consumed)
    }

    /// Is it on its way?
    pub fn is_stream(&self) -> bool {
        self.0.lock().is_stream()
    }

    /// Its length in bytes, where known.
    pub fn len(&self) -> Option<u64> {
        self.0.lock().len()
    }

    /// Is it known to be empty?
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// The bytes, when they are in memory.
    pub fn bytes(&self) -> Option<Bytes> {
        match &*self.0.lock() {
            Body::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }

    /// Marks the body as read and gone; returns its bytes when they were in memory.
    pub fn consume(&self) -> Option<Bytes> {
        let mut body = self.0.lock();
        match &*body {
            Body::Bytes(_) => match std::mem::replace(&mut *body, Body::Consumed) {
                Body::Bytes(bytes) => Some(bytes),
                _ => None,
            },
            _ => None,
        }
    }

    /// Reads a streaming body into memory, at most `limit` bytes of it. Not cancel safe: a cancelled read loses the body.
    ///
    /// # Errors
    /// [`BufferError`] when it is too large or the transport fails.
    pub async fn buffer(&self, limit: u64) -> Result<(), BufferError> {
        let body = self.take();
        let Body::Stream(mut stream) = body else {
            self.set(body);
            return Ok(());
        };
        if http_body::Body::size_hint(&stream).lower() > limit {
            self.set(Body::Consumed);
            return Err(BufferError::TooLarge(limit));
        }
        let mut parts: Vec<Bytes> = Vec::new();
        let mut size = 0_u64;
        while let Some(frame) = std::future::poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut stream), cx)).await
        {
            let frame = frame.map_err(BufferError::Transport)?;
            if let Ok(data) = frame.into_data() {
                size += data.len() as u64;
                if size > limit {
                    self.set(Body::Consumed);
                    return Err(BufferError::TooLarge(limit));
                }
                parts.push(data);
            }
        }
        let whole = match parts.len() {
            0 => Bytes::new(),
            1 => parts.swap_remove(0),
            _ => parts.concat().into(),
        };
        self.set(Body::Bytes(whole));
        Ok(())
    }
}
