//! The messages of GraphQL over WebSocket, in the two protocols that clients speak.
//!
//! Source: protocol page of the `graphql-ws` library (`graphql-transport-ws`); that of `subscriptions-transport-ws` (`graphql-ws`).

use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};

use super::Query;

/// Names the protocols that a client offers, and the one that is chosen.
pub(super) const HEADER: HeaderName = HeaderName::from_static("sec-websocket-protocol");
/// Longest id of a subscription, in bytes.
const LONGEST_ID: usize = 256;

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `graphql-transport-ws`
    Transport,
    /// `graphql-ws`, the older one.
    Legacy,
}

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    /// The connection begins.
    Init,
    /// Is anybody there? With what the answer repeats.
    Ping(Option<Value>),
    /// Somebody is there.
    Pong,
    /// An operation begins; `Err` tells why it is none.
    Subscribe { id: String, query: Result<Query, String> },
    /// An operation ends.
    Complete { id: String },
    /// The connection ends.
    Terminate,
}

impl Protocol {
    /// The first protocol that the client offers and that is spoken here.
    pub(super) fn offered(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(HEADER).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).find_map(|name| match name.trim() {
            "graphql-transport-ws" => Some(Self::Transport),
            "graphql-ws" => Some(Self::Legacy),
            _ => None,
        })
    }

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Transport => "graphql-transport-ws",
            Self::Legacy => "graphql-ws",
        }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// Why it is none, in a sentence.
    pub(super) fn read(self, text: &str) -> Result<Heard, &'static str> {
        let value: Value = serde_json::from_str(text).map_err(|_| "The message is no JSON.")?;
        let id = || match value.get("id").and_then(Value::as_str) {
            Some(id) if !id.is_empty() && id.len() <= LONGEST_ID => Ok(id.to_owned()),
            _ => Err("The message has no id."),
        };
        Ok(match (self, value.get("type").and_then(Value::as_str).ok_or("The message has no type.")?) {
            (_, "connection_init") => Heard::Init,
            (Self::Transport, "ping") => Heard::Ping(value.get("payload").cloned()),
            (Self::Transport, "pong") => Heard::Pong,
            (Self::Transport, "subscribe") | (Self::Legacy, "start") => {
                let payload = value.get("payload").ok_or("The message has no payload.")?;
                Heard::Subscribe { id: id()?, query: Query::of(payload) }
            }
            (Self::Transport, "complete") | (Self::Legacy, "stop") => Heard::Complete { id: id()? },
            (Self::Legacy, "connection_terminate") => Heard::Terminate,
            _ => return Err("The type of the message is not known."),
        })
    }

    /// The connection may be used.
    pub(super) fn ack() -> String {
        json!({ "type": "connection_ack" }).to_string()
    }

    /// Somebody is there.
    pub(super) fn pong(payload: Option<Value>) -> String {
        match payload {
            Some(payload) => json!({ "type": "pong", "payload": payload }).to_string(),
            None => json!({ "type": "pong" }).to_string(),
        }
    }

    /// A result of an operation.
    pub(super) fn next(self, id: &str, payload: Value) -> String {
        let kind = if self == Self::Transport { "next" } else { "data" };
        json!({ "id": id, "type": kind, "payload": payload }).to_string()
    }

    /// An operation could not begin.
    pub(super) fn error(self, id: &str, errors: Vec<Value>) -> String {
        let payload = match self {
            Self::Transport => Value::Array(errors),
            Self::Legacy => errors.into_iter().next().unwrap_or_default(),
        };
        json!({ "id": id, "type": "error", "payload": payload }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_has_its_own_words() {
        let subscribe = r#"{"id": "1", "type": "subscribe", "payload": {"query": "subscription { a }"}}"#;
        let start = subscribe.replace("\"subscribe\"", "\"start\"");
        assert!(matches!(Protocol::Transport.read(subscribe), Ok(Heard::Subscribe { .. })));
        assert!(matches!(Protocol::Legacy.read(&start), Ok(Heard::Subscribe { .. })));
        assert!(Protocol::Transport.read(&start).is_err());
        assert!(Protocol::Legacy.read(subscribe).is_err());
        assert_eq!(Protocol::Legacy.read(r#"{"type": "connection_terminate"}"#), Ok(Heard::Terminate));
    }

    #[test]
    fn what_is_no_message_is_told() {
        for text in ["", "[]", "{}", "{\"type\": 1}", "{\"type\": \"x\"}", "{\"type\": \"subscribe\", \"id\": \"1\"}"] {
            assert!(Protocol::Transport.read(text).is_err(), "{text}");
        }
        let long = format!("{{\"type\": \"complete\", \"id\": \"{}\"}}", "x".repeat(300));
        assert!(Protocol::Transport.read(&long).is_err());
        let bad = r#"{"id": "1", "type": "subscribe", "payload": {"query": 7}}"#;
        assert!(matches!(Protocol::Transport.read(bad), Ok(Heard::Subscribe { query: Err(_), .. })));
    }

    #[test]
    fn the_clients_order_decides() {
        let offered = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, http::HeaderValue::from_static(text));
            Protocol::offered(&headers)
        };
        assert_eq!(offered("soap, graphql-ws, graphql-transport-ws"), Some(Protocol::Legacy));
        assert_eq!(offered("graphql-transport-ws"), Some(Protocol::Transport));
        assert_eq!(offered("mqtt"), None);
    }
}
