//! Runs an operation of a synthetic GraphQL API: resolvers are called, everything else is read from the parent object.
//!
//! Source: GraphQL specification, October 2021, section 6; GraphQL resolver pages.

use std::cell::Cell;

use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::resolvers::Resolvers;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Field, Selection, SelectionSet, Type};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use futures_util::future::{LocalBoxFuture, join_all};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::resolve::resolve;
use super::{Sdl, values};

/// Most values of one answer.
const VALUES: usize = 100_000;

/// A field or object that became null, and what went wrong on the way.
pub(super) type Outcome = (Result<Value, Nulled>, Vec<Value>);

/// A value that may not be null is null: its parent becomes null.
pub(super) struct Nulled;

/// An operation being run.
pub(super) struct Run<'r> {
    pub(super) sdl: &'r Sdl,
    pub(super) document: &'r Valid<ExecutableDocument>,
    pub(super) variables: &'r Map<String, Value>,
    pub(super) resolvers: &'r Resolvers,
    pub(super) exchange: &'r Exchange,
    pub(super) env: &'r Env,
    left: Cell<usize>,
}

pub(super) type Fields<'r> = IndexMap<String, Vec<&'r Field>>;

impl<'r> Run<'r> {
    pub(super) const fn new(
        sdl: &'r Sdl,
        document: &'r Valid<ExecutableDocument>,
        variables: &'r Map<String, Value>,
        resolvers: &'r Resolvers,
        exchange: &'r Exchange,
        env: &'r Env,
    ) -> Self {
        Self { sdl, document, variables, resolvers, exchange, env, left: Cell::new(VALUES) }
    }

    /// The fields that selections ask of a type, by the key they are answered under.
    pub(super) fn collect(&self, kind: &str, selections: &[&'r SelectionSet]) -> Fields<'r> {
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
            if values::left_out(selection.directives(), self.variables) {
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
    pub(super) fn object<'a>(
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
        let mut besides = Vec::new();
        let value = match self.resolvers.get(kind, &field.name) {
            Some(block) => match resolve(self, block, field, parent).await {
                Ok((value, errors)) => {
                    besides = errors.into_iter().map(|error| at_path(error, &path)).collect();
                    value
                }
                Err(text) => {
                    let error = json!({ "message": text, "path": path });
                    let outcome = if field.ty().is_non_null() { Err(Nulled) } else { Ok(Value::Null) };
                    return (outcome, vec![error]);
                }
            },
            None => parent.get(field.name.as_str()).cloned().unwrap_or(Value::Null),
        };
        let (outcome, errors) = self.complete(field.ty(), value, &same, kind, path).await;
        besides.extend(errors);
        (outcome, besides)
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

/// An error of another server, told for the field that asked it.
fn at_path(error: Value, path: &[Value]) -> Value {
    let text = error.get("message").and_then(Value::as_str).unwrap_or("The server told an error.");
    let mut told = json!({ "message": text, "path": path });
    if let (Some(more), Value::Object(map)) = (error.get("extensions").filter(|more| more.is_object()), &mut told) {
        map.insert("extensions".into(), more.clone());
    }
    told
}
