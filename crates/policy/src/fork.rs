//! Copies of an exchange for policies that run side by side, and what of their changes is taken over.

use apimite_expr::Value;
use http::HeaderMap;

use crate::body::{Body, BodyCell};
use crate::exchange::{Exchange, Request, Response};

/// A copy of a body; one that still streams cannot be copied and is absent in it.
fn copy(body: &BodyCell) -> BodyCell {
    BodyCell::new(match body.bytes() {
        Some(bytes) => Body::Bytes(bytes),
        None if body.is_consumed() => Body::Consumed,
        None => Body::None,
    })
}

fn copy_response(response: &Response) -> Response {
    Response {
        status: response.status,
        reason: response.reason.clone(),
        headers: response.headers.clone(),
        body: copy(&response.body),
    }
}

/// Certainly the same: what cannot be told counts as changed.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Str(a), Value::Str(b)) => a.as_str() == b.as_str(),
        (Value::Object(a), Value::Object(b)) => std::ptr::addr_eq(std::sync::Arc::as_ptr(a), std::sync::Arc::as_ptr(b)),
        _ => false,
    }
}

fn same_body(a: &BodyCell, b: &BodyCell) -> bool {
    match (a.bytes(), b.bytes()) {
        (Some(a), Some(b)) => a.as_ptr() == b.as_ptr() && a.len() == b.len(),
        (None, None) => a.is_none() == b.is_none() && a.is_consumed() == b.is_consumed() && !a.is_stream(),
        _ => false,
    }
}

impl Exchange {
    /// A copy of this exchange as it is now: bodies are those in memory. It has no trace of its own and no work that waits.
    #[must_use]
    pub fn fork(&self) -> Self {
        let from = &self.request;
        let mut request = Request::new(
            from.method.clone(),
            from.original_url.clone(),
            from.target().clone(),
            from.relative().clone(),
            from.ip,
        );
        request.headers = from.headers.clone();
        request.body = copy(&from.body);
        request.certificate = from.certificate.clone();
        request.private_endpoint = from.private_endpoint.clone();
        request.matched = from.matched.clone();
        let mut fork = Self::new(self.service.clone(), request, self.request_id, self.clock.clone());
        fork.response = self.response.as_ref().map(copy_response);
        fork.variables = self.variables.clone();
        fork.caller = self.caller.clone();
        fork.api = self.api.clone();
        fork.operation = self.operation.clone();
        fork.service_target = self.service_target.clone();
        fork.backend = self.backend.clone();
        fork.graphql = self.graphql.clone();
        fork.last_error = self.last_error.clone();
        fork.timestamp = self.timestamp;
        fork.section = self.section;
        fork.client_certificate = self.client_certificate.clone();
        fork.proxy = self.proxy.clone();
        fork
    }

    /// Takes over what a fork changed since `base`, another fork of the same moment.
    pub fn join(&mut self, base: &Self, fork: Self) {
        for (name, value) in fork.variables.iter() {
            if !base.variables.get(name).is_some_and(|old| same(old, value)) {
                self.variables.set(name, value.clone());
            }
        }
        let changed = |a: &HeaderMap, b: &HeaderMap| a != b;
        if changed(&base.request.headers, &fork.request.headers) {
            self.request.headers = fork.request.headers.clone();
        }
        if base.request.method != fork.request.method {
            self.request.method = fork.request.method.clone();
        }
        if !std::sync::Arc::ptr_eq(base.request.target(), fork.request.target()) {
            self.request.retarget(fork.request.target().clone());
            self.backend = fork.backend;
        }
        if base.request.relative() != fork.request.relative() {
            self.request.set_relative(fork.request.relative().clone());
        }
        if !same_body(&base.request.body, &fork.request.body) {
            self.request.body.set(fork.request.body.take());
        }
        let answered = match (&base.response, &fork.response) {
            (None, None) | (Some(_), None) => false,
            (None, Some(_)) => true,
            (Some(old), Some(new)) => {
                old.status != new.status || changed(&old.headers, &new.headers) || !same_body(&old.body, &new.body)
            }
        };
        if answered {
            self.response = fork.response;
        }
        self.traced.get_mut().extend(fork.traced.into_inner());
        self.deferred.extend(fork.deferred);
        self.answer_changes.extend(fork.answer_changes);
        self.on_transfer.extend(fork.on_transfer);
    }
}
