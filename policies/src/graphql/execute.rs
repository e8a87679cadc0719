//! Runs a query of a synthetic GraphQL API: resolvers are called, everything else is read from the parent object.
//!
//! Source: GraphQL specification, October 2021, section 6; GraphQL resolver pages.

use std::cell::Cell;
use std::sync::Arc;

use apimite_expr::library::data::json::token_value;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::env::Env;
use apimite_policy::exchange::{Exchange, GraphQl, Request, Response};
use apimite_policy::resolvers::Resolvers;
use apimite_policy::run::run_block;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Field, Selection, SelectionSet, Type};
use apollo_compiler::introspection;
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use futures_util::future::{LocalBoxFuture, join_all};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::limits::{self, Limits};
use super::{Query, Removed, Sdl, document, message, refusal, response, sdl, values};

/// What any query may be, with or without `validate-graphql-request`.
const LIMITS: Limits = Limits { depth: 50, fields: 1000 };
/// Most values of one answer.
const VALUES: usize = 100_000;

/// A field or object that became null, and what went wrong on the way.
type Outcome = (Result<Value, Nulled>, Vec<Value>);

/// A value that may not be null is null: its parent becomes null.
struct Nulled;

struct Run<'r> {
    sdl: &'r Sdl,
    document: &'r Valid<ExecutableDocument>,
    variables: Map<String, Value>,
    resolvers: &'r Resolvers,
    exchange: &'r Exchange,
    env: &'r Env,
    left: Cell<usize>,
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
    removed: Vec<Value>,
    env: &Env,
) -> Result<Response, Vec<Value>> {
    let told = |text: String| vec![message(text)];
    let query = Query::read(exchange).map_err(told)?;
    let sdl = sdl(exchange, env).map_err(told)?;
    let document = document(&sdl, &query.text)?;
    let operation = document.operations.get(query.operation.as_deref());
    let operation = operation.map_err(|error| told(error.message().to_string()))?.clone();
    limits::check(&document, &operation.selection_set, LIMITS)
        .map_err(|_| told("The query is too deep or has too many fields.".to_owned()))?;
    if operation.is_subscription() {
        return Err(told("Subscriptions are not served here.".to_owned()));
    }
    let given: JsonMap = serde_json::from_value(Value::Object(query.variables)).unwrap_or_default();
    let variables = apollo_compiler::request::coerce_variable_values(&sdl.schema, &operation, &given)
        .map_err(|error| told(error.message().to_string()))?;
    let mut errors = removed;
    let mut about: Map<String, Value> = Map::new();
    let asks = operation.root_fields(&document).any(|field| matches!(field.name.as_str(), "__schema" | "__type"));
    if asks && operation.is_query() {
        introspection::check_max_depth(&document, &operation).map_err(|error| told(error.message().to_string()))?;
        let partial = introspection::partial_execute(&sdl.schema, &sdl.implementers, &document, &operation, &variables)
            .map_err(|error| told(error.message().to_string()))?;
        errors.extend(partial.errors.iter().map(|error| serde_json::to_value(error).unwrap_or_default()));
        if let Ok(Value::Object(map)) = serde_json::to_value(&partial.data) {
            about = map;
        }
    }
    let variables = match serde_json::to_value(&*variables) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let run = Run { sdl: &sdl, document: &document, variables, resolvers, exchange, env, left: Cell::new(VALUES) };
    let root = operation.object_type().to_string();
    let fields = run.collect(&root, &[&operation.selection_set]);
    let (data, found) = run.object(&root, &Value::Null, fields, &[], operation.is_mutation(), &about).await;
    errors.extend(found);
    let mut whole = Map::new();
    whole.insert("data".into(), data.unwrap_or(Value::Null));
    if !errors.is_empty() {
        whole.insert("errors".into(), Value::Array(errors));
    }
    Ok(response(StatusCode::OK, &Value::Object(whole)))
}

type Fields<'r> = IndexMap<String, Vec<&'r Field>>;

impl<'r> Run<'r> {
    /// The fields that selections ask of a type, by the key they are answered under.
    fn collect(&self, kind: &str, selections: &[&'r SelectionSet]) -> Fields<'r> {
        let mut fields = Fields::new();
        let mut open: Vec<&'r SelectionSet> = selections.iter().rev().copied().collect();
        let applies = |condition: &str| condition == kind || self.sdl.schema.is_subtype(condition, kind);
        while let Some(set) = open.pop() {
            self.collect_set(set, &applies, &mut fields);
        }
        fields
    }

    fn collect_set(&self, set: &'r SelectionSet, applies: &dyn Fn(&str) -> bool, fields: &mut Fields<'r>) {
        for selection in &set.selections {
            if values::left_out(selection.directives(), &self.variables) {
                continue;
            }
            match selection {
                Selection::Field(field) => fields.entry(field.response_key().to_string()).or_default().push(field),
                Selection::InlineFragment(fragment) => {
                    if fragment.type_condition.as_ref().is_none_or(|condition| applies(condition)) {
                        self.collect_set(&fragment.selection_set, applies, fields);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name)
                        && applies(fragment.type_condition())
                    {
                        self.collect_set(&fragment.selection_set, applies, fields);
                    }
                }
            }
        }
    }

    /// The members of an object; at the same time, or one after the other for a mutation.
    fn object<'a>(
        &'a self,
        kind: &'a str,
        parent: &'a Value,
        fields: Fields<'a>,
        path: &'a [Value],
        in_turn: bool,
        known: &'a Map<String, Value>,
    ) -> LocalBoxFuture<'a, Outcome>
    where
        'r: 'a,
    {
        Box::pin(async move {
            let keys: Vec<String> = fields.keys().cloned().collect();
            let work = fields.into_iter().map(|(key, same)| {
                let path: Vec<Value> = path.iter().cloned().chain([Value::String(key.clone())]).collect();
                async move {
                    match known.get(&key) {
                        Some(value) => (Ok(value.clone()), Vec::new()),
                        None => self.field(kind, parent, same, path).await,
                    }
                }
            });
            let outcomes: Vec<Outcome> = if in_turn {
                let mut outcomes = Vec::new();
                for one in work {
                    outcomes.push(one.await);
                }
                outcomes
            } else {
                join_all(work).await
            };
            let (mut object, mut errors, mut nulled) = (Map::new(), Vec::new(), false);
            for (key, (value, found)) in keys.into_iter().zip(outcomes) {
                errors.extend(found);
                match value {
                    Ok(value) => {
                        object.insert(key, value);
                    }
                    Err(Nulled) => nulled = true,
                }
            }
            (if nulled { Err(Nulled) } else { Ok(Value::Object(object)) }, errors)
        })
    }

    async fn field(&self, kind: &str, parent: &Value, same: Vec<&'r Field>, path: Vec<Value>) -> Outcome {
        let Some(field) = same.first().copied() else { return (Ok(Value::Null), Vec::new()) };
        if field.name == "__typename" {
            return (Ok(Value::String(kind.to_owned())), Vec::new());
        }
        let value = match self.resolvers.get(kind, &field.name) {
            Some(block) => match self.resolve(block, field, parent).await {
                Ok(value) => value,
                Err(text) => {
                    let error = json!({ "message": text, "path": path });
                    let outcome = if field.ty().is_non_null() { Err(Nulled) } else { Ok(Value::Null) };
                    return (outcome, vec![error]);
                }
            },
            None => parent.get(field.name.as_str()).cloned().unwrap_or(Value::Null),
        };
        self.complete(field.ty(), value, &same, kind, path).await
    }

    /// Calls a resolver in an exchange of its own.
    async fn resolve(
        &self,
        block: &apimite_policy::step::Block,
        field: &Field,
        parent: &Value,
    ) -> Result<Value, String> {
        let arguments = values::arguments(field, &self.variables);
        let outer = self.exchange;
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
        if let Err(fault) = run_block(block, &mut inner, self.env).await {
            return Err(fault
                .public
                .unwrap_or_else(|| format!("The field '{}' could not be resolved. ({})", field.name, fault.reason)));
        }
        let Some(response) = inner.response.take() else { return Ok(Value::Null) };
        if response.body.buffer(self.env.buffer_limit).await.is_err() {
            return Err(format!("The field '{}' could not be resolved: its answer broke off.", field.name));
        }
        let bytes = response.body.bytes().unwrap_or_default();
        if !response.status.is_success() {
            let (status, reason) = (response.status.as_u16(), response.reason_phrase());
            return Err(format!("Response status code does not indicate success: {status} ({reason})."));
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        // An answer that is no JSON is a text.
        Ok(serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into())))
    }

    /// Makes a value what its type says.
    fn complete<'a>(
        &'a self,
        ty: &'a Type,
        value: Value,
        same: &'a [&'r Field],
        parent_kind: &'a str,
        path: Vec<Value>,
    ) -> LocalBoxFuture<'a, Outcome> {
        Box::pin(async move {
            let name = same.first().map_or("", |field| field.name.as_str());
            let fail = |text: String, path: &[Value]| {
                let outcome = if ty.is_non_null() { Err(Nulled) } else { Ok(Value::Null) };
                (outcome, vec![json!({ "message": text, "path": path })])
            };
            let Some(left) = self.left.get().checked_sub(1) else {
                return fail(format!("The answer has more than {VALUES} values."), &path);
            };
            self.left.set(left);
            if value.is_null() {
                if !ty.is_non_null() {
                    return (Ok(Value::Null), Vec::new());
                }
                return fail(format!("Cannot return null for non-nullable field {parent_kind}.{name}."), &path);
            }
            let (outcome, errors) = match ty {
                Type::List(item) | Type::NonNullList(item) => {
                    let Value::Array(items) = value else {
                        let text =
                            format!("Expected Iterable, but did not find one for field \"{parent_kind}.{name}\".");
                        return fail(text, &path);
                    };
                    let (mut list, mut errors, mut nulled) = (Vec::new(), Vec::new(), false);
                    let work = items.into_iter().enumerate().map(|(index, value)| {
                        let path: Vec<Value> = path.iter().cloned().chain([Value::from(index)]).collect();
                        self.complete(item, value, same, parent_kind, path)
                    });
                    for (value, found) in join_all(work).await {
                        errors.extend(found);
                        match value {
                            Ok(value) => list.push(value),
                            Err(Nulled) => nulled = true,
                        }
                    }
                    (if nulled { Err(Nulled) } else { Ok(Value::Array(list)) }, errors)
                }
                Type::Named(kind) | Type::NonNullNamed(kind) => match self.sdl.schema.types.get(kind) {
                    Some(ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_)) => {
                        let told = value.get("__typename").and_then(Value::as_str);
                        let is_object = matches!(self.sdl.schema.types.get(kind), Some(ExtendedType::Object(_)));
                        let runtime = if is_object { Some(kind.as_str()) } else { told };
                        let Some(runtime) = runtime
                            .filter(|one| *one == kind.as_str() || self.sdl.schema.is_subtype(kind, one))
                            .map(str::to_owned)
                        else {
                            let text = format!(
                                "Abstract type \"{kind}\" must resolve to an Object type at runtime for field \"{parent_kind}.{name}\"."
                            );
                            return fail(text, &path);
                        };
                        if !value.is_object() {
                            return fail(format!("Expected an object for field \"{parent_kind}.{name}\"."), &path);
                        }
                        let sets: Vec<&SelectionSet> = same.iter().map(|field| &field.selection_set).collect();
                        let fields = self.collect(&runtime, &sets);
                        self.object(&runtime, &value, fields, &path, false, &Map::new()).await
                    }
                    _ => match values::leaf(&self.sdl.schema, kind, value) {
                        Ok(value) => (Ok(value), Vec::new()),
                        Err(text) => return fail(text, &path),
                    },
                },
            };
            match outcome {
                Err(Nulled) if !ty.is_non_null() => (Ok(Value::Null), errors),
                outcome => (outcome, errors),
            }
        })
    }
}

/// A value as expressions see it.
fn token(value: &Value) -> apimite_expr::Value {
    match apimite_dotnet::json::parse(&value.to_string()) {
        Ok(token) if !value.is_null() => token_value(token),
        _ => apimite_expr::Value::Null,
    }
}
