//! GraphQL: the schema of an API, the query of a request, errors as they are answered.

mod execute;
pub(crate) mod guard;
mod handshake;
pub(crate) mod hub;
pub(crate) mod limits;
mod operation;
mod protocol;
mod relay;
mod resolve;
mod session;
mod values;

use std::collections::HashMap;
use std::sync::Arc;

use apimite_model::Service;
use apimite_policy::answer;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::env::Env;
use apimite_policy::exchange::{Exchange, Response};
use apollo_compiler::parser::Parser;
use apollo_compiler::schema::Implementers;
use apollo_compiler::validation::{Valid, WithErrors};
use apollo_compiler::{ExecutableDocument, Name, Schema};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

pub(crate) use self::handshake::{accept, is_handshake, plain, relayed};
use self::operation::Prepared;
pub(crate) use self::operation::answer_of;

/// Most tokens of a query.
const TOKENS: usize = 15_000;
/// Deepest nesting of a query that is parsed.
const NESTING: usize = 128;

/// The schema of a GraphQL API.
#[derive(Debug)]
pub(crate) struct Sdl {
    pub(crate) schema: Valid<Schema>,
    pub(crate) implementers: apollo_compiler::collections::HashMap<Name, Implementers>,
}

/// The schemas of the service in force, by API and revision.
#[derive(Default)]
struct Known(Mutex<(Option<Arc<Service>>, HashMap<Box<str>, Result<Arc<Sdl>, String>>)>);

/// The schema of the exchange's API.
///
/// # Errors
/// Why there is none, in a sentence.
pub(crate) fn sdl(exchange: &Exchange, env: &Env) -> Result<Arc<Sdl>, String> {
    let api = exchange.api.as_deref().ok_or("The request belongs to no API.")?;
    let known = env.shared.get_or_make(Known::default);
    let mut kept = known.0.lock();
    if !kept.0.as_ref().is_some_and(|held| Arc::ptr_eq(held, &exchange.service)) {
        *kept = (Some(Arc::clone(&exchange.service)), HashMap::new());
    }
    let key: Box<str> = format!("{};{}", api.id, api.revision).into();
    kept.1
        .entry(key)
        .or_insert_with(|| {
            let text = api.schemas.iter().find(|schema| schema.content_type.contains("graphql"));
            let text = text.ok_or("The API has no GraphQL schema.")?;
            let schema = Schema::parse_and_validate(text.text.as_ref(), "schema.graphql")
                .map_err(|error| format!("The GraphQL schema of the API is not valid: {}", first(&error)))?;
            let implementers = schema.implementers_map();
            Ok(Arc::new(Sdl { schema, implementers }))
        })
        .clone()
}

fn first<T>(error: &WithErrors<T>) -> String {
    error.errors.iter().next().map(|one| one.to_json().message).unwrap_or_default()
}

/// A GraphQL request over HTTP.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Query {
    pub(crate) text: String,
    pub(crate) operation: Option<String>,
    pub(crate) variables: Map<String, Value>,
}

impl Query {
    /// Reads the request of an exchange; its body has to be in memory.
    ///
    /// # Errors
    /// Why it is no GraphQL request, in a sentence.
    pub(crate) fn read(exchange: &Exchange) -> Result<Self, String> {
        let request = &exchange.request;
        if request.method == Method::GET {
            let pairs = crate::validate_parameters::query(request.relative().query().unwrap_or_default());
            let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            let variables = match value("variables").filter(|text| !text.is_empty()) {
                Some(text) => serde_json::from_str(&text).map_err(|_| "The variables are no JSON object.")?,
                None => Map::new(),
            };
            let text = value("query").ok_or("The request has no query.")?;
            return Ok(Self { text, operation: value("operationName"), variables });
        }
        let bytes = request.body.bytes().filter(|bytes| !bytes.is_empty()).ok_or("The request has no query.")?;
        let kind = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/graphql")) {
            return Ok(Self { text: String::from_utf8_lossy(&bytes).into_owned(), ..Self::default() });
        }
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|error| format!("The request is no JSON: {error}"))?;
        Self::of(&value)
    }

    /// Reads the JSON of a request, or of the message that begins an operation.
    ///
    /// # Errors
    /// Why it is no GraphQL request, in a sentence.
    pub(crate) fn of(value: &Value) -> Result<Self, String> {
        let text = value.get("query").and_then(Value::as_str).ok_or("The request has no query.")?.to_owned();
        let variables = match value.get("variables") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(map)) => map.clone(),
            Some(_) => return Err("The variables are no JSON object.".to_owned()),
        };
        let operation = value.get("operationName").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { text, operation, variables })
    }
}

/// Parses and validates a query.
///
/// # Errors
/// The errors as GraphQL answers them.
pub(crate) fn document(sdl: &Sdl, text: &str) -> Result<Valid<ExecutableDocument>, Vec<Value>> {
    let parsed =
        Parser::new().recursion_limit(NESTING).token_limit(TOKENS).parse_executable(&sdl.schema, text, "query.graphql");
    parsed.map_err(|error| errors(&error))?.validate(&sdl.schema).map_err(|error| errors(&error))
}

fn errors<T>(error: &WithErrors<T>) -> Vec<Value> {
    let all = error.errors.iter().take(crate::validation::MOST);
    all.map(|one| serde_json::to_value(one.to_json()).unwrap_or_default()).collect()
}

/// An error with a message alone.
pub(crate) fn message(text: impl Into<String>) -> Value {
    json!({ "message": text.into() })
}

/// An answer in JSON.
pub(crate) fn response(status: StatusCode, value: &Value) -> Response {
    let mut response = answer::empty(status);
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.body = BodyCell::new(Body::text(value.to_string()));
    response
}

/// The answer to a request that is refused as a whole: errors and no data.
pub(crate) fn refusal(errors: Vec<Value>) -> Response {
    response(StatusCode::BAD_REQUEST, &json!({ "errors": errors }))
}

/// Errors of fields that `validate-graphql-request` took out of the query; the answer carries them.
#[derive(Debug, Default)]
pub(crate) struct Removed(pub(crate) Vec<Value>);

/// Errors besides the value of a field that a resolver found.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors(pub(crate) Vec<Value>);
