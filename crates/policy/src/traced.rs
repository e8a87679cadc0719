//! What a step did, as a trace shows it: found by comparing the exchange before and after, so that every policy tells alike.
//!
//! Nothing here runs for a request that is not traced.

use std::sync::Arc;

use apimite_expr::Value;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::step::Step;
use crate::target::Target;

/// Most characters of a value that a trace shows.
const MAX_TEXT: usize = 1024;

/// The exchange before a step.
pub(crate) struct Before {
    method: Method,
    url: String,
    target: Arc<Target>,
    request_headers: HeaderMap,
    variables: Vec<(Arc<str>, String)>,
    response: Option<(StatusCode, Option<String>, HeaderMap)>,
    request_body: Option<Bytes>,
    response_body: Option<Bytes>,
    events: usize,
}

impl Before {
    /// Looks at an exchange that is traced; `None` for the others.
    pub(crate) fn of(exchange: &Exchange) -> Option<Self> {
        let events = exchange.trace.as_ref()?.len();
        Some(Self {
            events,
            request_body: exchange.request.body.bytes(),
            response_body: exchange.response.as_ref().and_then(|response| response.body.bytes()),
            method: exchange.request.method.clone(),
            url: exchange.request.url().to_string(),
            target: Arc::clone(exchange.request.target()),
            request_headers: exchange.request.headers.clone(),
            variables: variables(exchange),
            response: exchange
                .response
                .as_ref()
                .map(|r| (r.status, r.reason.as_deref().map(str::to_owned), r.headers.clone())),
        })
    }

    /// Writes what the step did.
    ///
    /// A step that told by itself, or whose children did, is not compared.
    pub(crate) fn tell(self, step: &Step, exchange: &mut Exchange) {
        let told = exchange.trace.as_ref().is_some_and(|trace| trace.len() > self.events);
        messages(step, exchange);
        if told {
            return;
        }
        let mut lines = Vec::new();
        if self.method != exchange.request.method {
            lines.push(format!("Request method was set to {}", exchange.request.method));
        }
        let url = exchange.request.url().to_string();
        if !Arc::ptr_eq(&self.target, exchange.request.target()) {
            lines.push(format!("Backend was set to {}", exchange.request.target().base()));
        } else if self.url != url {
            lines.push(format!("Request URL was set to {url}"));
        }
        if step.info.element == "forward-request" {
            return self.forwarded(step, exchange);
        }
        headers("Request", &self.request_headers, &exchange.request.headers, &mut lines);
        body("Request", self.request_body.as_ref(), exchange.request.body.bytes(), &mut lines);
        for (name, value) in variables(exchange) {
            if !self.variables.iter().any(|(old, text)| *old == name && *text == value) {
                lines.push(format!("Variable '{name}' was set to {value}"));
            }
        }
        for (name, _) in &self.variables {
            if exchange.variables.get(name).is_none() {
                lines.push(format!("Variable '{name}' was removed"));
            }
        }
        if let Some(response) = &exchange.response {
            let empty = HeaderMap::new();
            let (status, reason, old) = match &self.response {
                Some((status, reason, headers)) => (Some(*status), reason.as_deref(), headers),
                None => (None, None, &empty),
            };
            if status != Some(response.status) {
                lines.push(format!("Response status code was set to {}", response.status.as_u16()));
            }
            if reason != response.reason.as_deref()
                && let Some(reason) = &response.reason
            {
                lines.push(format!("Response status reason was set to '{reason}'"));
            }
            headers("Response", old, &response.headers, &mut lines);
            body("Response", self.response_body.as_ref(), response.body.bytes(), &mut lines);
        }
        if !lines.is_empty() {
            let data =
                if lines.len() == 1 { json!({ "message": lines.remove(0) }) } else { json!({ "message": lines }) };
            push(step, exchange, data);
        }
    }

    /// Source: trace samples: `request-forwarder` tells the request that was sent, then the response.
    fn forwarded(self, step: &Step, exchange: &mut Exchange) {
        let section = step.info.section.name();
        let now = exchange.clock.now();
        let request = json!({
            "message": "Request is being forwarded to the backend service.",
            "request": { "method": self.method.as_str(), "url": self.url, "headers": list(&self.request_headers) },
        });
        let response = exchange.response.as_ref().map(|response| {
            json!({ "response": {
                "status": status(response.status, response.reason.as_deref()),
                "headers": list(&response.headers),
            } })
        });
        let Some(trace) = &mut exchange.trace else { return };
        trace.push(section, "request-forwarder", now, request);
        if let Some(response) = response {
            trace.push(section, "request-forwarder", now, response);
        }
    }
}

/// Writes a fault, with the part of the expression that threw.
pub(crate) fn fault(fault: &Fault, exchange: &mut Exchange) {
    let mut data = json!({ "message": fault.message, "reason": fault.reason });
    if let Some(place) = &fault.place {
        data["scope"] = place.scope.name().into();
        data["path"] = (&*place.path).into();
    }
    if let Some(code) = &fault.code {
        data["expression"] = (&**code).into();
    }
    let (section, now) = (exchange.section.name(), exchange.clock.now());
    if let Some(trace) = &mut exchange.trace {
        trace.push(section, &fault.source, now, data);
    }
}

/// Moves messages of `context.Trace(…)` into the trace.
fn messages(step: &Step, exchange: &mut Exchange) {
    let waiting: Vec<String> = exchange.traced.get_mut().drain(..).collect();
    for message in waiting {
        push(step, exchange, json!({ "message": message }));
    }
}

fn push(step: &Step, exchange: &mut Exchange, mut data: Json) {
    data["scope"] = step.info.scope.name().into();
    data["path"] = (&*step.info.path).into();
    let now = exchange.clock.now();
    if let Some(trace) = &mut exchange.trace {
        trace.push(step.info.section.name(), step.info.element, now, data);
    }
}

/// Headers as traces list them.
pub fn list(headers: &HeaderMap) -> Json {
    let one = |(name, value): (&http::HeaderName, &http::HeaderValue)| json!({ "name": name.as_str(), "value": clipped(&String::from_utf8_lossy(value.as_bytes())) });
    Json::Array(headers.iter().map(one).collect())
}

/// A status as traces show it.
pub fn status(status: StatusCode, reason: Option<&str>) -> Json {
    let reason = reason.or_else(|| status.canonical_reason()).unwrap_or("");
    json!({ "code": status.as_u16(), "reason": reason })
}

fn headers(which: &str, old: &HeaderMap, new: &HeaderMap, lines: &mut Vec<String>) {
    for name in new.keys() {
        let values: Vec<&[u8]> = new.get_all(name).iter().map(http::HeaderValue::as_bytes).collect();
        if !old.get_all(name).iter().map(http::HeaderValue::as_bytes).eq(values.iter().copied()) {
            let shown: Vec<String> = values.iter().map(|value| clipped(&String::from_utf8_lossy(value))).collect();
            lines.push(format!("{which} header '{name}' was set to '{}'", shown.join(", ")));
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        lines.push(format!("{which} header '{name}' was removed"));
    }
}

fn body(which: &str, old: Option<&Bytes>, new: Option<Bytes>, lines: &mut Vec<String>) {
    if let Some(new) = new.filter(|new| !new.is_empty() && old != Some(new)) {
        lines.push(format!("{which} body was set ({} bytes)", new.len()));
    }
}

fn variables(exchange: &Exchange) -> Vec<(Arc<str>, String)> {
    exchange.variables.iter().map(|(name, value)| (Arc::clone(name), shown(value))).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Str(text) => format!("'{}'", clipped(text.as_str())),
        Value::Double(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        other => match (other.integer(), other.type_of()) {
            (Some(number), _) => number.to_string(),
            (None, Some(ty)) => format!("a {}", ty.clr()),
            (None, None) => "null".to_owned(),
        },
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
