//! What is refused before a route is looked for, and the paths that probes ask for.

use apimite_policy::answer;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::exchange::Response;
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Method, StatusCode, Version, header};

use super::connection_state::ConnectionState;
use crate::config::Limits;
use crate::hop;

/// Is this a path that tells a probe that the gateway is up?
///
/// Source: multi-region deployment page; Kubernetes samples of the self-hosted gateway.
pub(crate) fn is_health(path: &str) -> bool {
    matches!(path, "/status-0123456789abcdef" | "/internal-status-0123456789abcdef")
}

/// What a probe is told.
pub(crate) fn health(is_draining: bool) -> Response {
    let status = if is_draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let mut response = answer::empty(status);
    response.headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    if is_draining {
        response.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A refusal in the gateway's JSON form.
pub(crate) fn refusal(status: StatusCode, message: &str) -> Box<Response> {
    let mut response = answer::empty(status);
    response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.body = BodyCell::new(Body::Bytes(answer::json(status.as_u16(), message, None)));
    Box::new(response)
}

/// Refuses what cannot be understood in one way only; gives the host the client asked for.
///
/// # Errors
/// The answer to send instead.
pub(crate) fn check(
    parts: &Parts,
    ambiguous: bool,
    target: &PathAndQuery,
    limits: &Limits,
    connection: &ConnectionState,
) -> Result<Authority, Box<Response>> {
    if ambiguous {
        return Err(closing(refusal(StatusCode::BAD_REQUEST, "The length of the request is ambiguous")));
    }
    if target.as_str().len() > limits.url_bytes {
        return Err(refusal(StatusCode::URI_TOO_LONG, "The request URL is too long"));
    }
    if parts.headers.len() > limits.headers {
        return Err(refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The request has too many headers"));
    }
    if parts.method == Method::CONNECT {
        return Err(closing(refusal(StatusCode::BAD_REQUEST, "CONNECT is not supported")));
    }
    let bad_host = || refusal(StatusCode::BAD_REQUEST, "The request needs exactly one valid Host header");
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let authority = match (parts.uri.authority(), hosts.next(), hosts.next()) {
        (_, _, Some(_)) => return Err(bad_host()),
        (Some(authority), _, None) => authority.clone(),
        (None, Some(host), None) => connection.authority_of(host).ok_or_else(bad_host)?,
        (None, None, None) if parts.version < Version::HTTP_11 => {
            connection.local.to_string().parse().map_err(|_| bad_host())?
        }
        (None, None, None) => return Err(bad_host()),
    };
    Ok(authority)
}

fn closing(mut response: Box<Response>) -> Box<Response> {
    // Read when the answer is written: what follows on this connection is not trusted.
    response.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Does the client ask for a WebSocket?
pub(crate) fn is_handshake(parts: &Parts) -> bool {
    parts.version == Version::HTTP_11
        && parts.method == Method::GET
        && parts.headers.get(header::UPGRADE).is_some_and(|value| hop::has_token(value.as_bytes(), "websocket"))
        && hop::connection_has(&parts.headers, "upgrade")
}
