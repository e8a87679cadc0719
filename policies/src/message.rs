//! What several policies do to messages.

use apimite_policy::exchange::Exchange;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const KEEP: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Percent-encodes a query name or value.
pub(crate) fn encode_query(text: &str) -> String {
    utf8_percent_encode(text, &KEEP).to_string()
}

/// Headers of a message whose body was replaced by UTF-8 text: a charset in `Content-Type` becomes utf-8; length and encoding
/// of the old body are dropped.
///
/// Source: set-body policy reference, usage notes.
pub(crate) fn body_replaced(headers: &mut HeaderMap) {
    headers.remove(CONTENT_LENGTH);
    headers.remove(CONTENT_ENCODING);
    let Some(text) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return };
    let Some(at) = text.to_ascii_lowercase().find("charset=") else { return };
    let value_start = at + "charset=".len();
    let tail = text.get(value_start..).unwrap_or("");
    let end = tail.find(';').unwrap_or(tail.len());
    let new = format!("{}utf-8{}", text.get(..value_start).unwrap_or(""), tail.get(end..).unwrap_or(""));
    if let Ok(value) = HeaderValue::from_str(&new) {
        headers.insert(CONTENT_TYPE, value);
    }
}

/// The body that the present section edits, as text without a byte order mark; `None` when there is none.
pub(crate) fn body_text(exchange: &mut Exchange) -> Option<String> {
    let bytes = exchange.body().bytes()?;
    Some(apimite_policy::context::bytes_to_text(&bytes))
}

/// The two formats that policies convert between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`, `text/json`, `…+json`
    Json,
    /// `application/xml`, `text/xml`, `…+xml`
    Xml,
}

impl Media {
    fn of(media_type: &str) -> Option<Self> {
        let name = media_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match name.split_once('/')?.1 {
            "json" => Some(Self::Json),
            "xml" => Some(Self::Xml),
            other if other.ends_with("+json") => Some(Self::Json),
            other if other.ends_with("+xml") => Some(Self::Xml),
            _ => None,
        }
    }
}

/// What `Content-Type` says the body is.
pub(crate) fn media(headers: &HeaderMap) -> Option<Media> {
    Media::of(headers.get(CONTENT_TYPE)?.to_str().ok()?)
}

/// Does the `Accept` header ask for the format by name?
pub(crate) fn accepts(headers: &HeaderMap, wanted: Media) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| Media::of(one) == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charset_becomes_utf_8_and_the_rest_of_the_content_type_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=iso-8859-1; x=1"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("5"));
        body_replaced(&mut headers);
        assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8; x=1");
        assert!(!headers.contains_key(CONTENT_LENGTH));
    }
}
