//! A request and its answer, without the wire.

use serde_json::Value;

use crate::error::{ArmError, Result};
use crate::path::Path;

/// Most bytes of a body.
pub const MOST_BODY_BYTES: usize = 16 * 1024 * 1024;

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Method, upper case.
    pub method: String,
    /// Path.
    pub path: Path,
    /// Query parameters, decoded, in order.
    pub query: Vec<(String, String)>,
    /// `https://host:port`, as the client wrote it.
    pub base: String,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// Body.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// JSON body.
    pub body: Option<Value>,
}

impl Request {
    /// A query parameter; case of its name does not count.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as an object; no body is an empty one.
    ///
    /// # Errors
    /// It is no JSON, or no object.
    pub fn json(&self) -> Result<Value> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        let value: Value = serde_json::from_slice(&self.body).map_err(|error| {
            ArmError::bad(
                "InvalidRequestContent",
                format!("The request content was invalid and could not be deserialized: '{error}'."),
            )
        })?;
        if value.is_object() {
            Ok(value)
        } else {
            Err(ArmError::bad("InvalidRequestContent", "The request content is no JSON object."))
        }
    }
}

impl Answer {
    /// An answer with a body.
    pub fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    /// An answer without one.
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<ArmError> for Answer {
    fn from(error: ArmError) -> Self {
        let body = error.body();
        Self::json(error.status, body)
    }
}
