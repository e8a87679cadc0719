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

/// As many slots as make collisions few; a name that finds its slot taken takes the next.
const SLOTS: usize = 256;

/// The list by the slots of its names, each in small letters and as it is written.
static TABLE: LazyLock<[(Box<str>, &'static str); SLOTS]> = LazyLock::new(|| {
    let mut table = std::array::from_fn(|_| (Box::from(""), ""));
    for name in KNOWN {
        let small = name.to_ascii_lowercase();
        let mut slot = slot_of(&small);
        while !table[slot].1.is_empty() {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = (small.into(), *name);
    }
    table
});

fn slot_of(name: &str) -> usize {
    let bytes = name.as_bytes();
    let at = |index: usize| bytes.get(index).copied().map_or(0, usize::from);
    (bytes.len() * 31 + at(0) * 7 + at(bytes.len() / 2) * 3 + at(bytes.len().wrapping_sub(1))) % SLOTS
}

fn known(name: &str) -> Option<&'static str> {
    let mut slot = slot_of(name);
    loop {
        let (small, written) = TABLE.get(slot)?;
        if written.is_empty() {
            return None;
        }
        if **small == *name {
            return Some(written);
        }
        slot = (slot + 1) % SLOTS;
    }
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
    fn every_name_of_the_list_is_found_near_its_slot() {
        for name in KNOWN {
            let small = name.to_ascii_lowercase();
            assert_eq!(known(&small), Some(*name));
            let at = TABLE.iter().position(|(other, _)| **other == *small).unwrap();
            assert!((at + SLOTS - slot_of(&small)) % SLOTS < 3, "{name}");
        }
        assert_eq!(known(""), None);
    }
}
