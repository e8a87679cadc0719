//! Reads the head of a request.

use std::mem::MaybeUninit;

use bytes::{Buf, Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, StatusCode, Uri, Version};

use crate::config::Limits;
use crate::hop;
use crate::http1::{Framing, text};

/// Requests with more headers than this are parsed a second time.
const FEW_HEADERS: usize = 48;

/// A request whose head has arrived.
pub(super) struct Asked {
    pub(super) parts: Parts,
    pub(super) framing: Framing,
    /// Does the head tell its length in more than one way?
    pub(super) ambiguous: bool,
    /// May another request follow on the connection?
    pub(super) keep_alive: bool,
    /// Does the client wait for `100 Continue` before it sends the body?
    pub(super) expects: bool,
    /// Does the client take trailers?
    pub(super) trailers: bool,
}

/// A head that is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Not HTTP, or a length that is none.
    Malformed,
    /// Too many bytes or headers.
    TooLarge,
    /// Some other version of HTTP.
    Version,
}

impl Refused {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }
}

/// Takes a whole head out of `buffer`; `None` when its end has not arrived yet.
///
/// `searched` is how much of the buffer earlier calls have looked through.
pub(super) fn take(buffer: &mut BytesMut, searched: &mut usize, limits: &Limits) -> Result<Option<Asked>, Refused> {
    // Empty lines in front of a request are passed over.
    while let Some(b'\r' | b'\n') = buffer.first() {
        buffer.advance(1);
        *searched = 0;
    }
    let Some(end) = text::end_of_head(buffer, *searched) else {
        if buffer.len() > limits.head_bytes {
            return Err(Refused::TooLarge);
        }
        *searched = buffer.len().saturating_sub(3);
        return Ok(None);
    };
    *searched = 0;
    let head = buffer.split_to(end).freeze();
    let (asked, used) = parse(&head, limits)?;
    if used > limits.head_bytes {
        return Err(Refused::TooLarge);
    }
    text::put_back(buffer, &head, used);
    Ok(Some(asked))
}

fn parse(head: &Bytes, limits: &Limits) -> Result<(Asked, usize), Refused> {
    let mut few = [const { MaybeUninit::uninit() }; FEW_HEADERS];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(head, &mut few) {
        Err(httparse::Error::TooManyHeaders) => {
            let mut many = vec![MaybeUninit::uninit(); limits.headers.max(FEW_HEADERS)];
            let mut request = httparse::Request::new(&mut []);
            let used = complete(request.parse_with_uninit_headers(head, &mut many))?;
            Ok((of_request(head, &request)?, used))
        }
        outcome => {
            let used = complete(outcome)?;
            Ok((of_request(head, &request)?, used))
        }
    }
}

fn complete(outcome: httparse::Result<usize>) -> Result<usize, Refused> {
    match outcome {
        Ok(httparse::Status::Complete(used)) => Ok(used),
        Ok(httparse::Status::Partial) => Err(Refused::Malformed),
        Err(httparse::Error::TooManyHeaders) => Err(Refused::TooLarge),
        Err(httparse::Error::Version) => Err(Refused::Version),
        Err(_) => Err(Refused::Malformed),
    }
}

fn of_request(head: &Bytes, request: &httparse::Request<'_, '_>) -> Result<Asked, Refused> {
    let method = request.method.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    let path = request.path.unwrap_or_default();
    let uri = Uri::from_maybe_shared(head.slice_ref(path.as_bytes())).map_err(|_| Refused::Malformed)?;
    let version = if request.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 2);
    let mut keep_alive = version == Version::HTTP_11;
    let (mut lengths, mut codings, mut expects, mut trailers) = (0_u32, 0_u32, false, false);
    let mut framing = Framing::None;
    for field in request.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Refused::Malformed)?;
        match name {
            header::CONTENT_LENGTH => {
                let length = text::length_of(field.value).ok_or(Refused::Malformed)?;
                lengths += 1;
                if framing != Framing::Chunked {
                    framing = Framing::Length(length);
                }
            }
            header::TRANSFER_ENCODING => {
                // RFC 9112 6.1: an older client cannot mean it, and a body that does not end with a chunk has no end.
                if version == Version::HTTP_10 || !text::ends_chunked(field.value) {
                    return Err(Refused::Malformed);
                }
                codings += 1;
                framing = Framing::Chunked;
            }
            header::CONNECTION => {
                if hop::has_token(field.value, "close") {
                    keep_alive = false;
                } else if version == Version::HTTP_10 && hop::has_token(field.value, "keep-alive") {
                    keep_alive = true;
                }
            }
            header::TE => trailers |= hop::has_token(field.value, "trailers"),
            header::EXPECT => {
                expects = version == Version::HTTP_11 && field.value.eq_ignore_ascii_case(b"100-continue");
            }
            _ => {}
        }
        let value = HeaderValue::from_maybe_shared(head.slice_ref(field.value)).map_err(|_| Refused::Malformed)?;
        headers.try_append(name, value).map_err(|_| Refused::TooLarge)?;
    }
    if framing == Framing::Length(0) {
        framing = Framing::None;
    }
    let mut parts = Request::new(()).into_parts().0;
    parts.method = method.ok_or(Refused::Malformed)?;
    parts.uri = uri;
    parts.version = version;
    parts.headers = headers;
    Ok(Asked { parts, framing, ambiguous: lengths + codings > 1, keep_alive, expects, trailers })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Asked>, Refused> {
        take(&mut BytesMut::from(text), &mut 0, &Limits::default())
    }

    #[test]
    fn a_head_is_found_wherever_the_transport_cuts_it() {
        let text = "\r\nPOST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET";
        for cut in 0..text.len() {
            let mut buffer = BytesMut::from(&text[..cut]);
            let mut searched = 0;
            let first = take(&mut buffer, &mut searched, &Limits::default()).unwrap();
            let asked = match first {
                Some(asked) => {
                    buffer.extend_from_slice(&text.as_bytes()[cut..]);
                    asked
                }
                None => {
                    buffer.extend_from_slice(&text.as_bytes()[cut..]);
                    take(&mut buffer, &mut searched, &Limits::default()).unwrap().unwrap()
                }
            };
            assert_eq!((asked.parts.uri.to_string().as_str(), asked.framing), ("/a?b", Framing::Length(3)));
            assert_eq!(&buffer[..], b"abcGET");
            assert!(asked.keep_alive && !asked.expects && !asked.ambiguous);
        }
    }

    #[test]
    fn lines_may_end_without_a_carriage_return() {
        let mut buffer = BytesMut::from("GET / HTTP/1.1\nHost: x\n\nGET /2 HTTP/1.1\r\nHost: y\r\n\r\n");
        for host in ["x", "y"] {
            let asked = take(&mut buffer, &mut 0, &Limits::default()).unwrap().unwrap();
            assert_eq!(asked.parts.headers["host"], host);
        }
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_length_is_told_once() {
        let ambiguous =
            |fields: &str| read(&format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n")).unwrap().unwrap().ambiguous;
        assert!(!ambiguous("Host: a\r\nContent-Length: 1"));
        assert!(ambiguous("Transfer-Encoding: chunked\r\ncontent-length: 1"));
        assert!(ambiguous("Content-Length: 1\r\nTransfer-Encoding: chunked"));
        assert!(ambiguous("Content-Length: 1\r\nContent-Length: 1"));
        assert!(ambiguous("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (text, refused) in [
            ("nonsense\r\n\r\n", Refused::Malformed),
            ("GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", Refused::Malformed),
            ("GET / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n", Refused::Malformed),
            ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n", Refused::Malformed),
            ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Refused::Malformed),
            ("GET / HTTP/1.1\r\nA : b\r\n\r\n", Refused::Malformed),
            ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", Refused::Malformed),
            ("GET / HTTP/3.0\r\n\r\n", Refused::Version),
        ] {
            assert_eq!(read(text).err(), Some(refused), "{text:?}");
        }
        let many: String = (0..101).map(|n| format!("x-{n}: {n}\r\n")).collect();
        assert_eq!(read(&format!("GET / HTTP/1.1\r\n{many}\r\n")).err(), Some(Refused::TooLarge));
        let some: String = (0..100).map(|n| format!("x-{n}: {n}\r\n")).collect();
        assert_eq!(read(&format!("GET / HTTP/1.1\r\n{some}\r\n")).unwrap().unwrap().parts.headers.len(), 100);
        let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "b".repeat(70_000));
        assert_eq!(read(&long).err(), Some(Refused::TooLarge));
        assert_eq!(read(&long[..66_000]).err(), Some(Refused::TooLarge));
    }

    #[test]
    fn old_clients_close_unless_they_ask_otherwise() {
        assert!(!read("GET / HTTP/1.0\r\n\r\n").unwrap().unwrap().keep_alive);
        assert!(read("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").unwrap().unwrap().keep_alive);
        assert!(!read("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap().unwrap().keep_alive);
    }
}
