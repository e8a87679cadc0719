//! How header names are written on HTTP/1.1: a capital after each hyphen, but for those that have a spelling of their own.
//!
//! Source: captured answers and traces of Azure (`WWW-Authenticate`, `Ocp-Apim-Trace-Location`, `x-ms-request-id`); the
//! registered spelling for the rest.

use std::sync::LazyLock;

use http::HeaderName;

/// Names with a spelling of their own, and those that most messages have: these are looked up, the rest is spelt out.
const KNOWN: &[&str] = &[
    "TE",
    "DNT",
    "Age",
    "Via",
    "Date",
    "ETag",
    "Host",
    "Vary",
    "Accept",
    "Cookie",
    "Origin",
    "Server",
    "Expires",
    "Referer",
    "Location",
    "Connection",
    "Set-Cookie",
    "SOAPAction",
    "tracestate",
    "User-Agent",
    "Content-MD5",
    "Retry-After",
    "traceparent",
    "Content-Type",
    "X-Powered-By",
    "Accept-Ranges",
    "Authorization",
    "Cache-Control",
    "Last-Modified",
    "Accept-Charset",
    "Content-Length",
    "Accept-Encoding",
    "Accept-Language",
    "X-Forwarded-For",
    "X-UA-Compatible",
    "Content-Encoding",
    "WWW-Authenticate",
    "X-AspNet-Version",
    "X-XSS-Protection",
    "Sec-WebSocket-Key",
    "Transfer-Encoding",
    "X-Forwarded-Proto",
    "X-AspNetMvc-Version",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
    "Ocp-Apim-Subscription-Key",
    "Strict-Transport-Security",
];

/// Longest name in the list, in bytes.
const LONGEST: usize = 25;

/// Where in the list the names of each length begin.
const BEGIN: [usize; LONGEST + 2] = {
    let mut begin = [0; LONGEST + 2];
    let mut length = 0;
    while length < begin.len() {
        let mut index = 0;
        while index < KNOWN.len() && KNOWN[index].len() < length {
            index += 1;
        }
        begin[length] = index;
        length += 1;
    }
    begin
};

/// The same names in small letters.
static SMALL: LazyLock<Vec<String>> = LazyLock::new(|| KNOWN.iter().map(|name| name.to_ascii_lowercase()).collect());

fn known(name: &str) -> Option<&'static str> {
    let length = name.len();
    let range = *BEGIN.get(length)?..*BEGIN.get(length + 1)?;
    let small = SMALL.get(range.clone())?;
    let found = small.iter().position(|small| small == name)?;
    KNOWN.get(range.start + found).copied()
}

/// Appends a name as it is written.
pub(crate) fn write(out: &mut Vec<u8>, name: &HeaderName) {
    let name = name.as_str();
    if let Some(known) = known(name) {
        out.extend_from_slice(known.as_bytes());
        return;
    }
    let start = out.len();
    out.extend_from_slice(name.as_bytes());
    // Azure's own family is written as it is documented, in small letters.
    if name.starts_with("x-ms-") {
        return;
    }
    let Some(written) = out.get_mut(start..) else { return };
    let mut capital = true;
    for byte in written {
        if capital {
            byte.make_ascii_uppercase();
        }
        capital = *byte == b'-';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_azure_writes_them() {
        for name in [
            "WWW-Authenticate",
            "ETag",
            "Ocp-Apim-Trace-Location",
            "Ocp-Apim-Subscription-Key",
            "X-Some-Thing-Else",
            "x-ms-request-id",
            "Content-Type",
            "Retry-After",
            "TE",
            "Sec-WebSocket-Accept",
            "X-Powered-By",
            "traceparent",
        ] {
            let mut out = Vec::new();
            write(&mut out, &HeaderName::from_bytes(name.as_bytes()).unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), name);
        }
    }

    #[test]
    fn the_list_is_sorted_by_length_and_found_whole() {
        assert!(KNOWN.is_sorted_by_key(|name| name.len()));
        assert_eq!(KNOWN.iter().map(|name| name.len()).max(), Some(LONGEST));
        for name in KNOWN {
            assert_eq!(known(&name.to_ascii_lowercase()), Some(*name));
        }
    }
}
