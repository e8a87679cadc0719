//! Reads the head of an answer.

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use crate::hop::{self, Named};
use crate::http1::text;

/// Longest head a backend may send, in bytes.
pub(crate) const HEAD_LIMIT: usize = 128 * 1024;
const FEW_HEADERS: usize = 48;
const MOST_HEADERS: usize = 512;

/// How the body of an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// After so many bytes.
    Length(u64),
    /// By the chunked coding.
    Chunked,
    /// With the connection.
    Close,
}

/// A parsed head.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) status: StatusCode,
    /// Reason phrase, when it is not the usual one.
    pub(crate) reason: Option<Box<str>>,
    pub(crate) headers: HeaderMap,
    pub(crate) ending: Ending,
    pub(crate) keep_alive: bool,
}

/// Takes a whole head out of `buffer`; `None` when its end has not arrived yet.
///
/// `searched` is how much of the buffer earlier calls have looked through.
pub(crate) fn head(
    buffer: &mut BytesMut,
    searched: &mut usize,
    method: &Method,
) -> Result<Option<Parsed>, &'static str> {
    let Some(end) = text::end_of_head(buffer, *searched) else {
        if buffer.len() > HEAD_LIMIT {
            return Err("the response head is too long");
        }
        *searched = buffer.len().saturating_sub(3);
        return Ok(None);
    };
    *searched = 0;
    let head = buffer.split_to(end).freeze();
    let (parsed, used) = parse(&head, method)?;
    text::put_back(buffer, &head, used);
    Ok(Some(parsed))
}

fn parse(head: &Bytes, method: &Method) -> Result<(Parsed, usize), &'static str> {
    let mut few = [const { MaybeUninit::uninit() }; FEW_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    match config.parse_response_with_uninit_headers(&mut response, head, &mut few) {
        Ok(httparse::Status::Complete(used)) => Ok((of_response(head, &response, method)?, used)),
        Ok(httparse::Status::Partial) => Err("the response head is broken off"),
        Err(httparse::Error::TooManyHeaders) => {
            let mut many = vec![MaybeUninit::uninit(); MOST_HEADERS];
            let mut response = httparse::Response::new(&mut []);
            match config.parse_response_with_uninit_headers(&mut response, head, &mut many) {
                Ok(httparse::Status::Complete(used)) => Ok((of_response(head, &response, method)?, used)),
                _ => Err("the response has too many headers"),
            }
        }
        Err(_) => Err("the response is not HTTP"),
    }
}

fn of_response(head: &Bytes, response: &httparse::Response<'_, '_>, method: &Method) -> Result<Parsed, &'static str> {
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or("the status is not valid")?;
    let reason = response.reason.filter(|reason| !reason.is_empty() && Some(*reason) != status.canonical_reason());
    let mut headers = HeaderMap::with_capacity(response.headers.len());
    let mut keep_alive = response.version == Some(1);
    let mut named = Named::default();
    let (mut length, mut coded, mut chunked) = (None::<u64>, false, false);
    for field in response.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| "a header has no valid name")?;
        match name {
            header::CONNECTION => {
                if hop::has_token(field.value, "close") {
                    keep_alive = false;
                } else if hop::has_token(field.value, "keep-alive") {
                    keep_alive = true;
                }
                named.read(field.value);
                continue;
            }
            header::TRANSFER_ENCODING => {
                coded = true;
                chunked = text::ends_chunked(field.value);
                continue;
            }
            header::CONTENT_LENGTH => {
                let value = text::length_of(field.value).ok_or("the content length is not valid")?;
                if length.is_some_and(|earlier| earlier != value) {
                    return Err("the response has two lengths");
                }
                if length.replace(value).is_some() {
                    continue;
                }
            }
            header::UPGRADE if status != StatusCode::SWITCHING_PROTOCOLS => continue,
            ref name if name.as_str() == "keep-alive" || name.as_str() == "proxy-connection" => continue,
            _ => {}
        }
        let value =
            HeaderValue::from_maybe_shared(head.slice_ref(field.value)).map_err(|_| "a header has no valid value")?;
        headers.append(name, value);
    }
    named.remove_from(&mut headers);
    if coded && length.is_some() {
        // A message with both was framed by its coding; the connection is not trusted with another.
        headers.remove(header::CONTENT_LENGTH);
        keep_alive = false;
    }
    let ending = if *method == Method::HEAD
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED
        || status.is_informational()
    {
        Ending::Length(0)
    } else if chunked {
        Ending::Chunked
    } else if let (Some(length), false) = (length, coded) {
        Ending::Length(length)
    } else {
        keep_alive = false;
        Ending::Close
    };
    Ok(Parsed { status, reason: reason.map(Into::into), headers, ending, keep_alive })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Parsed, &'static str> {
        head(&mut BytesMut::from(text), &mut 0, &Method::GET).map(Option::unwrap)
    }

    #[test]
    fn a_head_is_found_wherever_the_transport_cuts_it() {
        let text = "HTTP/1.1 200 Fine\r\nContent-Length: 3\r\nX-A: 1\r\n\r\nabc";
        for cut in 0..text.len() {
            let mut buffer = BytesMut::from(&text[..cut]);
            let mut searched = 0;
            let first = head(&mut buffer, &mut searched, &Method::GET).unwrap();
            let parsed = first.unwrap_or_else(|| {
                buffer.extend_from_slice(&text.as_bytes()[cut..]);
                head(&mut buffer, &mut searched, &Method::GET).unwrap().unwrap()
            });
            assert_eq!(parsed.reason.as_deref(), Some("Fine"));
            assert_eq!(parsed.ending, Ending::Length(3));
            assert_eq!(parsed.headers.len(), 2);
        }
    }

    #[test]
    fn the_chunked_coding_wins_over_a_length_and_ends_the_connection() {
        let parsed = read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        assert_eq!((parsed.ending, parsed.keep_alive), (Ending::Chunked, false));
        assert!(!parsed.headers.contains_key("content-length"));
    }

    #[test]
    fn an_answer_without_a_length_ends_with_the_connection() {
        let parsed = read("HTTP/1.0 200 OK\r\nA: b\r\n\r\n").unwrap();
        assert_eq!((parsed.ending, parsed.keep_alive), (Ending::Close, false));
    }

    #[test]
    fn two_lengths_that_differ_are_refused() {
        assert!(read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n").is_err());
    }

    #[test]
    fn headers_named_by_connection_stay_behind() {
        let parsed =
            read("HTTP/1.1 204 No Content\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n\r\n").unwrap();
        assert_eq!(parsed.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-end"]);
        assert!(!parsed.keep_alive && parsed.reason.is_none());
    }

    #[test]
    fn many_headers_are_read_and_too_many_refused() {
        let many: String = (0..300).map(|n| format!("x-{n}: {n}\r\n")).collect();
        assert_eq!(read(&format!("HTTP/1.1 200 OK\r\n{many}\r\n")).unwrap().headers.len(), 300);
        let more: String = (0..600).map(|n| format!("x-{n}: {n}\r\n")).collect();
        assert!(read(&format!("HTTP/1.1 200 OK\r\n{more}\r\n")).is_err());
    }
}
