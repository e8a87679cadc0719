//! The JSON that the gateway itself answers with.

use std::fmt::Write;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::body::Body;
use crate::exchange::Response;
use crate::fault::Fault;

/// `{ "statusCode": 401, "message": "…" }`, spaces as Azure has them.
///
/// Source: captured answers; 57-second rate limit message has `Content-Length: 84`.
///
/// ```
/// assert_eq!(apimite_policy::answer::json(404, "Resource not found", None).len(), 54);
/// ```
pub fn json(status: u16, message: &str, activity_id: Option<&str>) -> Bytes {
    let mut text = String::with_capacity(message.len() + 48);
    let _ = write!(text, "{{ \"statusCode\": {status}, \"message\": ");
    quote(&mut text, message);
    if let Some(id) = activity_id {
        text.push_str(", \"activityId\": ");
        quote(&mut text, id);
    }
    text.push_str(" }");
    text.into()
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The built-in answer to a fault.
pub fn of_fault(fault: &Fault, activity_id: &str) -> Response {
    let body = match &fault.public {
        Some(message) => json(fault.status.as_u16(), message, None),
        None => json(fault.status.as_u16(), "Internal server error", Some(activity_id)),
    };
    let mut headers = HeaderMap::with_capacity(fault.headers.len() + 2);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in &fault.headers {
        headers.append(name.clone(), value.clone());
    }
    Response {
        status: fault.status,
        reason: fault.phrase.as_deref().map(Into::into),
        headers,
        body: crate::body::BodyCell::new(Body::Bytes(body)),
    }
}

/// An empty answer with this status.
pub fn empty(status: StatusCode) -> Response {
    Response { status, reason: None, headers: HeaderMap::new(), body: crate::body::BodyCell::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_captured_lengths_are_met() {
        let text = "Rate limit is exceeded. Try again in 57 seconds.";
        assert_eq!(json(429, text, None).len(), 84);
        let id = "00000000-0000-0000-0000-000000000000";
        assert_eq!(json(500, "Internal server error", Some(id)).len(), 111);
    }
}
