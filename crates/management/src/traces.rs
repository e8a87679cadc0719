//! Traces of requests: debug tokens, the last traces, one of them.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::local::{duration, refuse};

/// Longest life of a debug token, and its default.
///
/// Source: `listDebugCredentials`, `credentialsExpireAfter` is at most `PT1H`.
pub const MAX_TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// Where traces are kept; the executable wires it.
pub trait Traces: Send + Sync {
    /// A debug token for `Apim-Debug-Authorization`: for one API, or for all.
    ///
    /// # Errors
    /// A sentence when there is no such API.
    fn token(&self, api: Option<&str>, life: Duration) -> Result<String, String>;

    /// Forgets every token.
    fn forget(&self);

    /// The last traces in short, the newest first.
    fn list(&self) -> Value;

    /// The trace with this id, as `listTrace` answers it.
    fn get(&self, id: &str) -> Option<Value>;
}

/// The routes.
pub fn routes(traces: Arc<dyn Traces>) -> Router {
    Router::new()
        .route("/apimite/traces", get(|State(traces): State<Arc<dyn Traces>>| async move { Json(traces.list()) }))
        .route("/apimite/traces/token", post(token))
        .route("/apimite/traces/{id}", get(one))
        .with_state(traces)
}

async fn one(State(traces): State<Arc<dyn Traces>>, Path(id): Path<String>) -> Response {
    match traces.get(&id) {
        Some(trace) => Json(trace).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "there is no such trace; only the last ones are kept"),
    }
}

async fn token(State(traces): State<Arc<dyn Traces>>, Json(body): Json<Value>) -> Response {
    let life = match body.get("expiresAfter").and_then(Value::as_str) {
        None => MAX_TOKEN_LIFE,
        Some(text) => match duration(text).filter(|life| *life <= MAX_TOKEN_LIFE) {
            Some(life) => life,
            None => {
                let text = format!("`{text}` is no length of time up to `1h`; write for example `90s` or `15m`");
                return refuse(StatusCode::BAD_REQUEST, &text);
            }
        },
    };
    match traces.token(body.get("api").and_then(Value::as_str), life) {
        Ok(token) => Json(json!({ "token": token })).into_response(),
        Err(message) => refuse(StatusCode::BAD_REQUEST, &message),
    }
}
