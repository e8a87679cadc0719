//! The handshake of a WebSocket to a GraphQL API.

use std::sync::Arc;

use apimite_model::ApiKind;
use apimite_policy::answer;
use apimite_policy::env::Env;
use apimite_policy::exchange::{Exchange, Response};
use apimite_policy::resolvers::Resolvers;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::guard::Guard;
use super::protocol::{HEADER, Protocol};
use super::relay::Relay;
use super::session::Session;
use super::{message, response, sdl};

const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");
const VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");
const EXTENSIONS: HeaderName = HeaderName::from_static("sec-websocket-extensions");
/// What a key is hashed with.
///
/// Source: RFC 6455, section 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Does the client of a GraphQL API ask for a WebSocket?
pub(crate) fn is_handshake(exchange: &Exchange) -> bool {
    exchange.is_handshake() && exchange.api.as_ref().is_some_and(|api| api.kind == ApiKind::GraphQl)
}

/// What proves that a handshake was understood.
fn accepted(key: &str) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes()))
}

/// Answers the handshake of a client of a synthetic API; from then on the gateway talks to it.
pub(crate) fn accept(exchange: &mut Exchange, resolvers: &Arc<Resolvers>, env: &Env) -> Response {
    let headers = &exchange.request.headers;
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if text(&VERSION) != "13" {
        // Source: RFC 6455, section 4.4.
        let mut refusal = answer::empty(StatusCode::UPGRADE_REQUIRED);
        refusal.headers.insert(VERSION, HeaderValue::from_static("13"));
        return refusal;
    }
    let key = text(&KEY).trim();
    if STANDARD.decode(key).is_ok_and(|key| key.len() != 16) || key.is_empty() {
        let error = message("The handshake has no valid Sec-WebSocket-Key.");
        return response(StatusCode::BAD_REQUEST, &serde_json::json!({ "errors": [error] }));
    }
    let protocol = Protocol::offered(headers);
    let mut accepting = answer::empty(StatusCode::SWITCHING_PROTOCOLS);
    accepting.headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    accepting.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(value) = HeaderValue::from_str(&accepted(key)) {
        accepting.headers.insert(ACCEPT, value);
    }
    if let Some(protocol) = protocol {
        accepting.headers.insert(HEADER, HeaderValue::from_static(protocol.name()));
    }
    let sdl = sdl(exchange, env);
    let guard = exchange.notes.take::<Guard>().map(|guard| *guard);
    let kept = exchange.fork();
    let session = Session { protocol, exchange: kept, resolvers: Arc::clone(resolvers), sdl, guard };
    exchange.talk = Some(Box::new(session));
    accepting
}

/// Makes the request for a WebSocket one whose messages can be read: compression is not spoken.
pub(crate) fn plain(headers: &mut HeaderMap) {
    headers.remove(EXTENSIONS);
}

/// Stands between client and server from now on, when the server accepted a handshake.
pub(crate) fn relayed(exchange: &mut Exchange, env: &Env) {
    let Some(response) = exchange.response.as_ref().filter(|one| one.status == StatusCode::SWITCHING_PROTOCOLS) else {
        return;
    };
    let protocol = Protocol::offered(&response.headers);
    let guard = exchange.notes.take::<Guard>().map(|guard| *guard);
    let sdl = sdl(exchange, env);
    exchange.talk = Some(Box::new(Relay { protocol, sdl, guard }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_is_accepted_as_there() {
        assert_eq!(accepted("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
