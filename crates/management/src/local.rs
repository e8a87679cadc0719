//! Local routes below `/apimite`: what no cloud has.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

/// What the local routes do to the running gateway; the executable wires it.
pub trait Local: Send + Sync {
    /// Admits callers from the internet, or not. Takes effect with the next request.
    ///
    /// # Errors
    /// A sentence when it may not be changed.
    fn set_public_access(&self, enabled: bool) -> Result<(), String>;

    /// Reads the configuration again; the old one stays in force when the new one is refused.
    ///
    /// # Errors
    /// The refusals, rendered.
    fn reload(&self) -> Result<(), String>;

    /// Moves the clock and tells the gateway's time, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// A sentence when the clock may not be moved.
    fn clock(&self, change: ClockChange) -> Result<i64, String>;

    /// The counters that a filter (`policy`, `key`, `contains`, `scope`, `node`) means.
    ///
    /// # Errors
    /// A sentence when the filter names no policy that counts.
    fn counters(&self, filter: &Value) -> Result<Value, String>;

    /// Sets the counters that a filter means, or resets them when neither number is given; tells how many there were.
    ///
    /// # Errors
    /// A sentence when the filter names no policy that counts.
    fn set_counter(&self, filter: &Value, calls: Option<u64>, bytes: Option<u64>) -> Result<usize, String>;

    /// What is in force.
    fn status(&self) -> Value;

    /// The numbers of limits and of the stores of their counters, in Prometheus' text format.
    fn metrics(&self) -> String;

    /// The network: connections with their states, and what was admitted and closed.
    fn network(&self) -> Value;

    /// Approves or rejects a private endpoint connection. Takes effect with the next request.
    ///
    /// # Errors
    /// A sentence: there is none of that name, or its state cannot become the other.
    fn decide_connection(&self, name: &str, status: &str, description: Option<&str>) -> Result<(), String>;

    /// Deletes a private endpoint connection. Takes effect with the next request.
    ///
    /// # Errors
    /// There is none of that name.
    fn delete_connection(&self, name: &str) -> Result<(), String>;
}

/// A change of the gateway's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockChange {
    /// None: tell the time.
    Show,
    /// Forward by this much.
    Advance(Duration),
    /// Stop.
    Freeze,
    /// Run on.
    Resume,
}

/// The routes.
pub fn routes(local: Arc<dyn Local>) -> Router {
    Router::new()
        .route("/apimite/status", get(|State(local): State<Arc<dyn Local>>| async move { Json(local.status()) }))
        .route("/apimite/metrics", get(metrics))
        .route("/apimite/public-access", put(public_access))
        .route("/apimite/network", get(|State(local): State<Arc<dyn Local>>| async move { Json(local.network()) }))
        .route("/apimite/connections/{name}", put(decide_connection).delete(delete_connection))
        .route("/apimite/clock", post(clock))
        .route("/apimite/counters", post(counters).put(set_counters))
        .route("/apimite/reload", post(reload))
        .with_state(local)
}

pub(crate) fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": "Refused", "message": message } }))).into_response()
}

async fn metrics(State(local): State<Arc<dyn Local>>) -> Response {
    ([(axum::http::header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], local.metrics()).into_response()
}

async fn public_access(State(local): State<Arc<dyn Local>>, Json(body): Json<Value>) -> Response {
    let Some(enabled) = body.get("enabled").and_then(Value::as_bool) else {
        return refuse(StatusCode::BAD_REQUEST, "the body is `{\"enabled\": true}` or `{\"enabled\": false}`");
    };
    match local.set_public_access(enabled) {
        Ok(()) => {
            let word = if enabled { "enabled" } else { "disabled" };
            Json(json!({ "message": format!("public network access is {word}") })).into_response()
        }
        Err(message) => refuse(StatusCode::CONFLICT, &message),
    }
}

async fn decide_connection(
    State(local): State<Arc<dyn Local>>,
    Path(name): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let Some(status) = text("status") else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "the body is `{\"status\": \"Approved\"}` or `{\"status\": \"Rejected\"}`",
        );
    };
    match local.decide_connection(&name, status, text("description")) {
        Ok(()) => Json(json!({ "message": format!("private endpoint connection {name} is {status}") })).into_response(),
        Err(message) => refuse(StatusCode::CONFLICT, &message),
    }
}

async fn delete_connection(State(local): State<Arc<dyn Local>>, Path(name): Path<String>) -> Response {
    match local.delete_connection(&name) {
        Ok(()) => Json(json!({ "message": format!("private endpoint connection {name} is deleted") })).into_response(),
        Err(message) => refuse(StatusCode::NOT_FOUND, &message),
    }
}

async fn reload(State(local): State<Arc<dyn Local>>) -> Response {
    let outcome = tokio::task::spawn_blocking(move || local.reload()).await;
    match outcome {
        Ok(Ok(())) => Json(json!({ "message": "the new configuration is in force" })).into_response(),
        Ok(Err(message)) => refuse(StatusCode::UNPROCESSABLE_ENTITY, &message),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn counters(State(local): State<Arc<dyn Local>>, Json(body): Json<Value>) -> Response {
    match local.counters(&body) {
        Ok(list) => Json(json!({ "counters": list })).into_response(),
        Err(message) => refuse(StatusCode::BAD_REQUEST, &message),
    }
}

async fn set_counters(State(local): State<Arc<dyn Local>>, Json(body): Json<Value>) -> Response {
    let number = |key: &str| body.get(key).and_then(Value::as_u64);
    match local.set_counter(&body, number("calls"), number("bytes")) {
        Ok(count) => Json(json!({ "message": format!("{count} counters were changed") })).into_response(),
        Err(message) => refuse(StatusCode::BAD_REQUEST, &message),
    }
}

async fn clock(State(local): State<Arc<dyn Local>>, Json(body): Json<Value>) -> Response {
    let flag = |name: &str| body.get(name).and_then(Value::as_bool) == Some(true);
    let change = match body.get("advance").and_then(Value::as_str) {
        Some(text) => match duration(text) {
            Some(by) => ClockChange::Advance(by),
            None => {
                let text = format!("`{text}` is no length of time; write for example `90s`, `15m`, `1h` or `7d`");
                return refuse(StatusCode::BAD_REQUEST, &text);
            }
        },
        None if flag("freeze") => ClockChange::Freeze,
        None if flag("resume") => ClockChange::Resume,
        None => ClockChange::Show,
    };
    match local.clock(change) {
        Ok(now) => Json(json!({ "now": now, "message": format!("the gateway's clock shows {now} s since 1970") }))
            .into_response(),
        Err(message) => refuse(StatusCode::FORBIDDEN, &message),
    }
}

/// `90s`, `15m`, `1h`, `7d`, `250ms`; at most a hundred years.
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(split)?;
    let number: f64 = number.trim().parse().ok()?;
    let seconds = number
        * match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
    (seconds.is_finite() && (0.0..=3.2e9).contains(&seconds)).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_a_unit() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("7d"), Some(Duration::from_secs(604_800)));
        assert_eq!(duration("90"), None);
        assert_eq!(duration("-1h"), None);
    }
}
