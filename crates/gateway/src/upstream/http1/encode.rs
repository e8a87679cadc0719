//! Writes the head of a request as HTTP/1.1 bytes.

use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::Framing;
use crate::hop::{self, Named};
use crate::http1::casing;

/// What the head of an upstream request is made of. Headers are read in place: nothing is cloned to forward them.
pub(crate) struct Head<'a> {
    pub(crate) method: &'a Method,
    /// Path with query, or an absolute URL for a plain-text proxy.
    pub(crate) target: &'a str,
    pub(crate) host: &'a HeaderValue,
    pub(crate) headers: &'a HeaderMap,
    /// Headers the gateway itself adds; they replace headers of the same name.
    pub(crate) added: &'a [(HeaderName, HeaderValue)],
    pub(crate) framing: Framing,
    /// Is the connection to be switched to another protocol?
    pub(crate) upgrade: bool,
    /// Is the backend asked for permission to send the body?
    pub(crate) expect: bool,
}

/// Appends the head to `out`.
pub(crate) fn head(out: &mut Vec<u8>, head: &Head<'_>) {
    out.reserve(256 + head.headers.len() * 32);
    out.extend_from_slice(head.method.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(head.target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\nHost: ");
    out.extend_from_slice(head.host.as_bytes());
    out.extend_from_slice(b"\r\n");
    let named = Named::of(head.headers);
    let mut trailers = false;
    for (name, value) in head.headers {
        match *name {
            header::HOST | header::CONTENT_LENGTH | header::EXPECT => continue,
            header::TE => {
                trailers |= hop::has_token(value.as_bytes(), "trailers");
                continue;
            }
            _ => {}
        }
        let skip =
            hop::is_hop_by_hop(name) || named.contains(name) || head.added.iter().any(|(added, _)| added == name);
        if !skip {
            line(out, name, value);
        }
    }
    for (name, value) in head.added {
        line(out, name, value);
    }
    if trailers {
        out.extend_from_slice(b"TE: trailers\r\n");
    }
    if head.upgrade {
        out.extend_from_slice(b"Connection: Upgrade\r\n");
        for value in head.headers.get_all(header::UPGRADE) {
            line(out, &header::UPGRADE, value);
        }
    }
    if head.expect {
        out.extend_from_slice(b"Expect: 100-continue\r\n");
    }
    match head.framing {
        Framing::None if expects_body(head.method) => out.extend_from_slice(b"Content-Length: 0\r\n"),
        Framing::None => {}
        Framing::Length(length) => {
            out.extend_from_slice(b"Content-Length: ");
            out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        Framing::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
    }
    out.extend_from_slice(b"\r\n");
}

fn expects_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

/// One header line.
pub(crate) fn line(out: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    casing::write(out, name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(headers: &HeaderMap, framing: Framing, method: Method, upgrade: bool) -> String {
        let mut out = Vec::new();
        let host = HeaderValue::from_static("backend:81");
        let added = [(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static("192.0.2.1"))];
        head(
            &mut out,
            &Head {
                method: &method,
                target: "/a?b=1",
                host: &host,
                headers,
                added: &added,
                framing,
                upgrade,
                expect: false,
            },
        );
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hop_by_hop_headers_and_those_named_by_connection_stay_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "gateway"),
            ("connection", "keep-alive, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("accept", "*/*"),
            ("x-forwarded-for", "spoofed"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        assert_eq!(
            written(&headers, Framing::None, Method::GET, false),
            "GET /a?b=1 HTTP/1.1\r\nHost: backend:81\r\nAccept: */*\r\nX-Forwarded-For: 192.0.2.1\r\nTE: trailers\r\n\r\n"
        );
    }

    #[test]
    fn an_empty_post_says_that_its_length_is_zero() {
        let text = written(&HeaderMap::new(), Framing::None, Method::POST, false);
        assert!(text.ends_with("Content-Length: 0\r\n\r\n"));
    }

    #[test]
    fn a_handshake_keeps_its_upgrade_header() {
        let mut headers = HeaderMap::new();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        let text = written(&headers, Framing::None, Method::GET, true);
        assert!(text.ends_with("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), "{text}");
    }
}
