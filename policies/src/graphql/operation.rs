//! Answers the request of a synthetic GraphQL API, and the events of its subscriptions.
//!
//! Source: GraphQL specification, October 2021, sections 6 and 7; GraphQL over HTTP.

use std::sync::Arc;

use apimite_policy::env::Env;
use apimite_policy::exchange::{Exchange, Response};
use apimite_policy::resolvers::Resolvers;
use apollo_compiler::executable::Operation;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node, introspection};
use http::StatusCode;
use serde_json::{Map, Value};

use super::execute::Run;
use super::limits::{self, Limits};
use super::{Query, Removed, Sdl, document, message, refusal, response, sdl};

/// What any query may be, with or without `validate-graphql-request`.
const LIMITS: Limits = Limits { depth: 50, fields: 1000 };

/// An operation that may be run: valid, within limits, its variables of the declared types.
pub(crate) struct Prepared {
    pub(crate) document: Valid<ExecutableDocument>,
    pub(crate) operation: Node<Operation>,
    pub(crate) variables: Map<String, Value>,
    coerced: Valid<JsonMap>,
}

impl Prepared {
    /// Checks a query against the schema.
    ///
    /// # Errors
    /// The errors as GraphQL answers them.
    pub(crate) fn new(sdl: &Sdl, query: Query) -> Result<Self, Vec<Value>> {
        let told = |text: String| vec![message(text)];
        let document = document(sdl, &query.text)?;
        let operation = document.operations.get(query.operation.as_deref());
        let operation = operation.map_err(|error| told(error.message().to_string()))?.clone();
        limits::check(&document, &operation.selection_set, LIMITS)
            .map_err(|_| told("The query is too deep or has too many fields.".to_owned()))?;
        let given: JsonMap = serde_json::from_value(Value::Object(query.variables)).unwrap_or_default();
        let coerced = apollo_compiler::request::coerce_variable_values(&sdl.schema, &operation, &given)
            .map_err(|error| told(error.message().to_string()))?;
        let variables = match serde_json::to_value(&*coerced) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        };
        Ok(Self { document, operation, variables, coerced })
    }

    /// Runs the operation over a root object; gives the whole answer.
    pub(crate) async fn run(
        &self,
        sdl: &Sdl,
        root: &Value,
        known: &Map<String, Value>,
        mut errors: Vec<Value>,
        (resolvers, exchange, env): (&Resolvers, &Exchange, &Env),
    ) -> Value {
        let run = Run::new(sdl, &self.document, &self.variables, resolvers, exchange, env);
        let kind = self.operation.object_type().to_string();
        let fields = run.collect(&kind, &[&self.operation.selection_set]);
        let in_turn = self.operation.is_mutation();
        let (data, found) = run.object(&kind, root, fields, &[], in_turn, known).await;
        errors.extend(found);
        let mut whole = Map::new();
        whole.insert("data".into(), data.unwrap_or(Value::Null));
        if !errors.is_empty() {
            whole.insert("errors".into(), Value::Array(errors));
        }
        Value::Object(whole)
    }

    /// What the query asks of the schema itself.
    fn introspected(&self, sdl: &Sdl, errors: &mut Vec<Value>) -> Result<Map<String, Value>, Vec<Value>> {
        let asks = |name: &str| matches!(name, "__schema" | "__type");
        if !self.operation.is_query() || !self.operation.root_fields(&self.document).any(|field| asks(&field.name)) {
            return Ok(Map::new());
        }
        let told = |error: apollo_compiler::request::RequestError| vec![message(error.message().to_string())];
        introspection::check_max_depth(&self.document, &self.operation).map_err(told)?;
        let (document, operation) = (&self.document, &self.operation);
        let partial =
            introspection::partial_execute(&sdl.schema, &sdl.implementers, document, operation, &self.coerced)
                .map_err(told)?;
        errors.extend(partial.errors.iter().map(|error| serde_json::to_value(error).unwrap_or_default()));
        match serde_json::to_value(&partial.data) {
            Ok(Value::Object(map)) => Ok(map),
            _ => Ok(Map::new()),
        }
    }
}

/// Answers the GraphQL request of an exchange whose body is in memory.
pub(crate) async fn answer_of(exchange: &mut Exchange, resolvers: &Arc<Resolvers>, env: &Env) -> Response {
    let removed = exchange.notes.take::<Removed>().map(|removed| removed.0).unwrap_or_default();
    match answer(exchange, resolvers, removed, env).await {
        Ok(response) => response,
        Err(errors) => refusal(errors),
    }
}

async fn answer(
    exchange: &Exchange,
    resolvers: &Resolvers,
    mut errors: Vec<Value>,
    env: &Env,
) -> Result<Response, Vec<Value>> {
    let told = |text: String| vec![message(text)];
    let query = Query::read(exchange).map_err(told)?;
    let sdl = sdl(exchange, env).map_err(told)?;
    let prepared = Prepared::new(&sdl, query)?;
    if prepared.operation.is_subscription() {
        return Err(told("Subscriptions are served over WebSocket.".to_owned()));
    }
    let known = prepared.introspected(&sdl, &mut errors)?;
    let whole = prepared.run(&sdl, &Value::Null, &known, errors, (resolvers, exchange, env)).await;
    Ok(response(StatusCode::OK, &whole))
}
