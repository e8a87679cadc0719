//! Hop-by-hop headers: those that speak about one connection and are not passed on.

use http::header::{self, HeaderMap, HeaderName};
use smallvec::SmallVec;

/// Is this header about the connection alone?
///
/// `Trailer` is not: it announces fields that do travel on.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::CONNECTION
            | header::TRANSFER_ENCODING
            | header::UPGRADE
            | header::TE
            | header::PROXY_AUTHENTICATE
            | header::PROXY_AUTHORIZATION
    ) || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

/// Does this header of an answer speak about the connection it came over?
pub(crate) fn is_of_connection(name: &HeaderName) -> bool {
    matches!(*name, header::CONNECTION | header::TRANSFER_ENCODING | header::UPGRADE)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

/// The header names that `Connection` lists as belonging to the connection.
#[derive(Default)]
pub(crate) struct Named(SmallVec<[HeaderName; 2]>);

impl Named {
    /// Reads every `Connection` line.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut names = Self::default();
        for value in headers.get_all(header::CONNECTION) {
            names.read(value.as_bytes());
        }
        names
    }

    /// Adds the names in one `Connection` value.
    pub(crate) fn read(&mut self, value: &[u8]) {
        for token in value.split(|byte| *byte == b',') {
            let token = token.trim_ascii();
            let usual = token.eq_ignore_ascii_case(b"keep-alive")
                || token.eq_ignore_ascii_case(b"close")
                || token.eq_ignore_ascii_case(b"upgrade");
            if usual || token.is_empty() || self.0.len() >= 32 {
                continue;
            }
            if let Ok(name) = HeaderName::from_bytes(token) {
                // INVARIANT: what frames or routes a message is never dropped because a peer asked for it.
                if name != header::HOST && name != header::CONTENT_LENGTH {
                    self.0.push(name);
                }
            }
        }
    }

    /// Was this header named?
    pub(crate) fn contains(&self, name: &HeaderName) -> bool {
        !self.0.is_empty() && self.0.contains(name)
    }

    /// Removes the named headers.
    pub(crate) fn remove_from(&self, headers: &mut HeaderMap) {
        for name in &self.0 {
            headers.remove(name);
        }
    }
}

/// Does `Connection` hold this token?
pub(crate) fn connection_has(headers: &HeaderMap, token: &str) -> bool {
    headers.get_all(header::CONNECTION).iter().any(|value| has_token(value.as_bytes(), token))
}

/// Does a comma-separated value hold this token, in any case?
pub(crate) fn has_token(value: &[u8], token: &str) -> bool {
    value.split(|byte| *byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// Does the sender understand trailers?
pub(crate) fn takes_trailers(headers: &HeaderMap) -> bool {
    headers.get_all(header::TE).iter().any(|value| has_token(value.as_bytes(), "trailers"))
}

/// Removes every hop-by-hop header, for protocols that have none.
pub(crate) fn strip(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        Named::of(headers).remove_from(headers);
    }
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE] {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection"] {
        headers.remove(name);
    }
}
