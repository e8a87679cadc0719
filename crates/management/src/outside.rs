//! What left the gateway for the outside, and the keys of its local identities.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

/// What the executable wires.
pub trait Outside: Send + Sync {
    /// What was delivered to sinks of a kind, or to all, oldest first.
    ///
    /// # Errors
    /// A sentence when there is no such kind.
    fn delivered(&self, kind: Option<&str>) -> Result<Vec<Value>, String>;

    /// Forgets what was delivered; tells how much that was.
    ///
    /// # Errors
    /// A sentence when there is no such kind.
    fn forget_delivered(&self, kind: Option<&str>) -> Result<usize, String>;

    /// The keys that verify tokens of managed identities.
    fn keys(&self) -> Value;

    /// The discovery document of the local token issuer.
    fn configuration(&self, keys_url: &str) -> Value;
}

type Wired = State<Arc<dyn Outside>>;
type Parameters = Query<std::collections::HashMap<String, String>>;

/// The routes.
pub fn routes(outside: Arc<dyn Outside>) -> Router {
    Router::new()
        .route("/apimite/sinks", get(delivered).delete(forget))
        .route("/apimite/identity/keys", get(|State(outside): Wired| async move { Json(outside.keys()) }))
        .route("/apimite/identity/.well-known/openid-configuration", get(configuration))
        .with_state(outside)
}

fn refuse(message: &str) -> Response {
    let body = json!({ "error": { "code": "Refused", "message": message } });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

async fn delivered(State(outside): Wired, Query(parameters): Parameters) -> Response {
    match outside.delivered(parameters.get("kind").map(String::as_str)) {
        Ok(items) => Json(json!({ "delivered": items })).into_response(),
        Err(message) => refuse(&message),
    }
}

async fn forget(State(outside): Wired, Query(parameters): Parameters) -> Response {
    match outside.forget_delivered(parameters.get("kind").map(String::as_str)) {
        Ok(count) => Json(json!({ "message": format!("{count} were forgotten") })).into_response(),
        Err(message) => refuse(&message),
    }
}

async fn configuration(State(outside): Wired, headers: HeaderMap) -> Response {
    let host = headers.get("host").and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    Json(outside.configuration(&format!("http://{host}/apimite/identity/keys"))).into_response()
}
