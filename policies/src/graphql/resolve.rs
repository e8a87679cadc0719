//! The value of a field that has a resolver.

use std::sync::Arc;

use apimite_expr::library::data::json::token_value;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::exchange::{Exchange, GraphQl, Request};
use apimite_policy::run::run_block;
use apimite_policy::step::Block;
use apollo_compiler::executable::Field;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::execute::Run;
use super::{FieldErrors, values};

/// Calls a resolver in an exchange of its own; gives the value of the field, and errors besides it.
///
/// # Errors
/// Why there is no value, in a sentence.
pub(super) async fn resolve(
    run: &Run<'_>,
    block: &Block,
    field: &Field,
    parent: &Value,
) -> Result<(Value, Vec<Value>), String> {
    let arguments = values::arguments(field, run.variables);
    let outer = run.exchange;
    let wrapped = json!({ "arguments": arguments, "parent": parent });
    let mut request = Request::new(
        http::Method::GET,
        outer.request.original_url.clone(),
        Arc::clone(outer.request.target()),
        outer.request.relative().clone(),
        outer.request.ip,
    );
    request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request.body = BodyCell::new(Body::text(wrapped.to_string()));
    let mut inner = Exchange::new(Arc::clone(&outer.service), request, outer.request_id, outer.clock.clone());
    inner.variables = outer.variables.clone();
    inner.caller = outer.caller.clone();
    inner.api.clone_from(&outer.api);
    inner.operation.clone_from(&outer.operation);
    inner.graphql = Some(Box::new(GraphQl { arguments: token(&arguments), parent: token(parent) }));
    if let Err(fault) = run_block(block, &mut inner, run.env).await {
        return Err(fault
            .public
            .unwrap_or_else(|| format!("The field '{}' could not be resolved. ({})", field.name, fault.reason)));
    }
    let errors = inner.notes.take::<FieldErrors>().map(|errors| errors.0).unwrap_or_default();
    let Some(response) = inner.response.take() else { return Ok((Value::Null, errors)) };
    if response.body.buffer(run.env.buffer_limit).await.is_err() {
        return Err(format!("The field '{}' could not be resolved: its answer broke off.", field.name));
    }
    let bytes = response.body.bytes().unwrap_or_default();
    if !response.status.is_success() {
        let (status, reason) = (response.status.as_u16(), response.reason_phrase());
        return Err(format!("Response status code does not indicate success: {status} ({reason})."));
    }
    if bytes.is_empty() {
        return Ok((Value::Null, errors));
    }
    // An answer that is no JSON is a text.
    let value =
        serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into()));
    Ok((value, errors))
}

/// A value as expressions see it.
fn token(value: &Value) -> apimite_expr::Value {
    match apimite_dotnet::json::parse(&value.to_string()) {
        Ok(token) if !value.is_null() => token_value(token),
        _ => apimite_expr::Value::Null,
    }
}
