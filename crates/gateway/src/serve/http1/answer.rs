//! Writes the head of an answer.

use http::response::Parts;
use http::{HeaderName, StatusCode, Version, header};
use hyper::ext::ReasonPhrase;

use crate::hop::{self, Named};
use crate::http1::casing;
use crate::serve::reply;

/// What the request decides about its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) version: Version,
    /// Is it the answer to `HEAD`?
    pub(super) head_only: bool,
    /// Does the client take trailers?
    pub(super) trailers: bool,
}

/// How the body of an answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// There is none.
    Nothing,
    /// So many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
    /// All that comes; its end is the end of the connection.
    UntilClose,
}

/// Appends the head of an answer whose body has `known` bytes, if that is known. Tells how the body is to be sent.
///
/// `keep_alive` says whether another request may follow; an answer without a length to an old client takes that back.
pub(super) fn write(
    out: &mut Vec<u8>,
    head: &Parts,
    known: Option<u64>,
    shape: Shape,
    keep_alive: &mut bool,
    date: &[u8],
) -> Sending {
    let status = head.status;
    let old = shape.version == Version::HTTP_10;
    out.reserve(128 + head.headers.len() * 48);
    match (old, status, head.extensions.is_empty()) {
        (false, StatusCode::OK, true) => out.extend_from_slice(b"HTTP/1.1 200 OK\r\n"),
        _ => {
            out.extend_from_slice(if old { b"HTTP/1.0 " } else { b"HTTP/1.1 " });
            out.extend_from_slice(status.as_str().as_bytes());
            out.push(b' ');
            match head.extensions.get::<ReasonPhrase>() {
                Some(phrase) => out.extend_from_slice(phrase.as_bytes()),
                None => out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes()),
            }
            out.extend_from_slice(b"\r\n");
        }
    }
    let switching = status == StatusCode::SWITCHING_PROTOCOLS;
    let (mut has_length, mut has_date) = (false, false);
    let connected = head.headers.contains_key(header::CONNECTION);
    let named = if connected { Named::of(&head.headers) } else { Named::default() };
    for (name, value) in &head.headers {
        match *name {
            header::CONTENT_LENGTH if has_length || !reply::tells(value, known, status, shape.head_only) => continue,
            header::CONTENT_LENGTH => has_length = true,
            header::DATE => has_date = true,
            header::CONNECTION | header::UPGRADE if switching => {}
            _ if hop::is_of_connection(name) || named.contains(name) => continue,
            _ => {}
        }
        line(out, name, value.as_bytes());
    }
    let bodiless = switching || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let sending = match known {
        _ if bodiless => Sending::Nothing,
        Some(length) => {
            if !(has_length || shape.head_only && length == 0) {
                out.extend_from_slice(b"Content-Length: ");
                out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            Sending::Length(length)
        }
        None if old => {
            *keep_alive = false;
            Sending::UntilClose
        }
        None => {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
            Sending::Chunked
        }
    };
    if !has_date {
        out.extend_from_slice(b"Date: ");
        out.extend_from_slice(date);
        out.extend_from_slice(b"\r\n");
    }
    match (*keep_alive, old) {
        _ if switching => {}
        (false, false) => out.extend_from_slice(b"Connection: close\r\n"),
        (true, true) => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        (true, false) | (false, true) => {}
    }
    out.extend_from_slice(b"\r\n");
    if shape.head_only { Sending::Nothing } else { sending }
}

/// One header line.
pub(super) fn line(out: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    casing::write(out, name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Response};

    use super::*;

    const PLAIN: Shape = Shape { version: Version::HTTP_11, head_only: false, trailers: false };

    fn written(
        status: u16,
        headers: &[(&'static str, &'static str)],
        known: Option<u64>,
        shape: Shape,
    ) -> (String, Sending, bool) {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            response.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        let (mut out, mut keep) = (Vec::new(), true);
        let sending = write(&mut out, &response.into_parts().0, known, shape, &mut keep, b"now");
        (String::from_utf8(out).unwrap(), sending, keep)
    }

    #[test]
    fn a_length_is_told_once() {
        let (text, sending, _) = written(200, &[("content-length", "3"), ("date", "then")], Some(3), PLAIN);
        assert_eq!(text, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nDate: then\r\n\r\n");
        assert_eq!(sending, Sending::Length(3));
        let (text, _, _) = written(200, &[], Some(0), PLAIN);
        assert_eq!(text, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: now\r\n\r\n");
    }

    #[test]
    fn a_body_of_unknown_length_goes_in_chunks_or_until_the_end() {
        assert!(written(200, &[], None, PLAIN).0.contains("Transfer-Encoding: chunked\r\n"));
        let (text, sending, keep) = written(200, &[], None, Shape { version: Version::HTTP_10, ..PLAIN });
        assert_eq!(text, "HTTP/1.0 200 OK\r\nDate: now\r\n\r\n");
        assert_eq!((sending, keep), (Sending::UntilClose, false));
    }

    #[test]
    fn answers_that_have_no_body_send_none() {
        let head_only = Shape { head_only: true, ..PLAIN };
        assert_eq!(written(200, &[("content-length", "9")], Some(0), head_only).1, Sending::Nothing);
        assert!(!written(200, &[], Some(0), head_only).0.contains("Content-Length"));
        assert!(written(200, &[], Some(7), head_only).0.contains("Content-Length: 7\r\n"));
        for status in [204, 304] {
            let (text, sending, _) = written(status, &[], Some(0), PLAIN);
            assert!(!text.contains("Content-Length") && sending == Sending::Nothing, "{text}");
        }
    }

    #[test]
    fn only_a_switched_connection_names_what_it_becomes() {
        let upgrade = [("connection", "Upgrade"), ("upgrade", "websocket")];
        let (text, _, _) = written(101, &upgrade, Some(0), PLAIN);
        assert_eq!(
            text,
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nDate: now\r\n\r\n"
        );
        assert!(!written(200, &upgrade[..1], Some(0), PLAIN).0.contains("Connection"));
    }
}
