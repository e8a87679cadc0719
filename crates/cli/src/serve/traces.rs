//! Which requests are traced, and the last traces.
//!
//! Source: API inspector (`Apim-Debug-Authorization` → `Apim-Trace-Id`), and the older `Ocp-Apim-Trace`.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use apimite_clock::{Clock, Timestamp};
use apimite_gateway::access::Tracing;
use apimite_gateway::{Observer, Record, Snapshot};
use apimite_management::traces::Traces;
use apimite_policy::exchange::Exchange;
use apimite_trace::{Ring, Trace};
use arc_swap::ArcSwap;
use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::RwLock;
use serde_json::Value;

/// How many traces are kept.
const KEPT: usize = 256;
/// How many debug tokens are known at once; the oldest are forgotten.
const TOKENS: usize = 256;

const DEBUG: HeaderName = HeaderName::from_static("apim-debug-authorization");
const EXPIRED: HeaderName = HeaderName::from_static("apim-debug-authorization-expired");
const WRONG_API: HeaderName = HeaderName::from_static("apim-debug-authorization-wrongapi");
const TRACE_ID: HeaderName = HeaderName::from_static("apim-trace-id");
const OLD_TRACE: HeaderName = HeaderName::from_static("ocp-apim-trace");
const OLD_LOCATION: HeaderName = HeaderName::from_static("ocp-apim-trace-location");

struct Token {
    text: Box<str>,
    api: Option<Box<str>>,
    expires: Timestamp,
}

/// The last traces, and who may ask for more.
pub(super) struct TraceLog {
    ring: Ring,
    tokens: RwLock<Vec<Token>>,
    clock: Clock,
    management: Option<SocketAddr>,
    every_request: bool,
    snapshot: OnceLock<Arc<ArcSwap<Snapshot>>>,
}

impl TraceLog {
    pub(super) fn new(clock: Clock, management: Option<SocketAddr>, every_request: bool) -> Self {
        let snapshot = OnceLock::new();
        Self { ring: Ring::new(KEPT), tokens: RwLock::default(), clock, management, every_request, snapshot }
    }

    /// Tells which APIs there are.
    pub(super) fn knows(&self, snapshot: Arc<ArcSwap<Snapshot>>) {
        let _ = self.snapshot.set(snapshot);
    }

    /// Is this request to be traced?
    fn wanted(&self, headers: &HeaderMap, exchange: &Exchange) -> Option<Tracing> {
        // Most requests ask for no trace: a look at the names is cheaper than two lookups.
        let asks = |name: &HeaderName| *name == DEBUG || *name == OLD_TRACE;
        if !headers.keys().any(asks) {
            return self.every_request.then(|| traced(exchange));
        }
        if let Some(token) = headers.get(DEBUG) {
            return Some(self.by_token(token, exchange));
        }
        if headers.get(OLD_TRACE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true")) {
            let mut answer = HeaderMap::new();
            let id = exchange.request_id.to_string();
            let place = self.management.map(|at| format!("http://{at}/apimite/traces/{id}"));
            if let Some(Ok(place)) = place.map(HeaderValue::try_from) {
                answer.insert(OLD_LOCATION, place);
            }
            return Some(Tracing { trace: Some(begin(exchange)), headers: answer, if_allowed: !self.every_request });
        }
        self.every_request.then(|| traced(exchange))
    }

    fn by_token(&self, given: &HeaderValue, exchange: &Exchange) -> Tracing {
        let tokens = self.tokens.read();
        let known = tokens.iter().find(|token| token.text.as_bytes() == given.as_bytes());
        let Some(token) = known.filter(|token| token.expires > self.clock.now()) else {
            return only(EXPIRED, "The debug token has expired or is not known to this gateway; ask for a new one.");
        };
        let api = exchange.api.as_ref().map(|api| &*api.id);
        match &token.api {
            Some(wanted) if api != Some(&**wanted) => only(WRONG_API, "The debug token is for another API."),
            _ => traced(exchange),
        }
    }
}

fn begin(exchange: &Exchange) -> Trace {
    Trace::new(exchange.request_id.to_string(), exchange.service.name.clone(), exchange.timestamp)
}

fn traced(exchange: &Exchange) -> Tracing {
    let mut headers = HeaderMap::new();
    if let Ok(id) = HeaderValue::try_from(exchange.request_id.to_string()) {
        headers.insert(TRACE_ID, id);
    }
    Tracing { trace: Some(begin(exchange)), headers, if_allowed: false }
}

fn only(name: HeaderName, text: &'static str) -> Tracing {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_static(text));
    Tracing { trace: None, headers, if_allowed: false }
}

impl Traces for TraceLog {
    fn token(&self, api: Option<&str>, life: Duration) -> Result<String, String> {
        if let (Some(api), Some(snapshot)) = (api, self.snapshot.get()) {
            let snapshot = snapshot.load();
            let apis = &snapshot.compiled.service.apis;
            if !apis.iter().any(|one| &*one.id == api) {
                let names: Vec<String> = apis.iter().map(|one| format!("`{}`", one.id)).collect();
                return Err(format!("there is no API `{api}`; these exist: {}", names.join(", ")));
            }
        }
        let expires = Timestamp(self.clock.now().0.saturating_add(i64::try_from(life.as_nanos()).unwrap_or(i64::MAX)));
        let text =
            format!("aid={}&p=tracing&ex={}&s={}", api.unwrap_or("*"), expires.unix_seconds(), uuid::Uuid::new_v4());
        let mut tokens = self.tokens.write();
        if tokens.len() == TOKENS {
            tokens.remove(0);
        }
        tokens.push(Token { text: text.as_str().into(), api: api.map(Into::into), expires });
        Ok(text)
    }

    fn forget(&self) {
        self.tokens.write().clear();
    }

    fn list(&self) -> Value {
        self.ring.list().iter().rev().map(|trace| trace.summary()).collect()
    }

    fn get(&self, id: &str) -> Option<Value> {
        self.ring.get(id).map(|trace| trace.to_json())
    }
}

/// The access log and the traces, told of every request.
pub(super) struct Watcher {
    pub(super) log: Option<Arc<dyn Observer>>,
    pub(super) traces: Arc<TraceLog>,
}

impl Observer for Watcher {
    fn finished(&self, record: &Record<'_>) {
        if let Some(log) = &self.log {
            log.finished(record);
        }
    }

    fn wants_records(&self) -> bool {
        self.log.is_some()
    }

    fn trace(&self, headers: &HeaderMap, exchange: &Exchange) -> Option<Tracing> {
        self.traces.wanted(headers, exchange)
    }

    fn traced(&self, trace: Trace) {
        self.traces.ring.push(trace);
    }
}
