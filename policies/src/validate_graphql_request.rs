//! `validate-graphql-request`: validates a query against the schema of the API, limits it, and authorises its fields.
//!
//! Source: validate-graphql-request policy reference.

use std::sync::Arc;

use apimite_document::Element;
use apimite_expr::library::data::json::token_value;
use apimite_policy::arg::{IntArg, TextArg};
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Gateways, Kind, Occurs, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::{ExecutableDocument, Name};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::graphql::limits::{self, Limits, Passed};
use crate::graphql::{Query, Removed, document, message, refusal, sdl};
use crate::message::encode_query;

/// Most fields of a query.
///
/// Source: validate-graphql-request policy reference: up to 250 query fields.
const FIELDS: usize = 250;
/// Largest `max-size`, in bytes.
///
/// Source: the same page: 102,400 bytes.
const MAX_SIZE: i64 = 102_400;
const NO_MEANING: &str = "only in the published schema, where nothing says what is measured; accepted without effect";

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    occurs: Occurs::OncePerSection,
    gateways: Gateways::ALL.without(Gateways::SELF_HOSTED).without(Gateways::WORKSPACE),
    attributes: &[
        Attr::new("error-variable-name", Kind::Text),
        Attr::new("max-size", Kind::Int(0, MAX_SIZE)),
        Attr::new("max-depth", Kind::Int(1, 1000)).default("6"),
        Attr::new("max-total-depth", Kind::Int(0, i64::MAX)).not_applicable(NO_MEANING),
        Attr::new("max-complexity", Kind::Int(0, i64::MAX)).not_applicable(NO_MEANING),
    ],
    content: Content::Elements {
        children: &[Child::optional(
            "authorize",
            &[],
            Content::Elements {
                children: &[Child {
                    name: "rule",
                    min: 1,
                    max: 100,
                    attributes: &[
                        Attr::new("path", Kind::Text).literal().required(),
                        Attr::new("action", Kind::OneOf(&["allow", "reject", "remove", "ignore"])).default("allow"),
                    ],
                    content: Content::Empty,
                }],
                ordered: true,
            },
        )],
        ordered: true,
    },
    raises: &["GraphQLRequestInvalid"],
    differences: &[
        "the texts of errors are our own",
        "errors of removed fields are added to the answers of synthetic APIs, not to those of backends",
        "both variables hold a JArray of objects with `message`",
    ],
    ..PolicyDef::new("validate-graphql-request", "Validates, limits and authorises a GraphQL query.", compile)
};

struct ValidateGraphQl {
    variable: Option<TextArg>,
    max_size: Option<IntArg>,
    max_depth: IntArg,
    rules: Vec<(RulePath, ActionArg)>,
}

/// What a rule is about, the most specific first.
#[derive(Clone, Debug, PartialEq, Eq)]
enum RulePath {
    /// `/Type/field`; also `/field` of an operation's root.
    Field(Option<String>, String),
    /// `/Type/*`
    Type(String),
    /// `/__*`
    Introspection,
    /// `/*`
    All,
}

impl RulePath {
    fn read(text: &str) -> Option<Self> {
        let path = text.trim().strip_prefix('/')?;
        Some(match path.split_once('/') {
            Some((kind, "*")) => Self::Type(kind.to_owned()),
            Some((kind, field)) if !field.contains('/') && !field.is_empty() => {
                Self::Field(Some(kind.to_owned()), field.to_owned())
            }
            Some(_) => return None,
            None if path == "__*" => Self::Introspection,
            None if path == "*" => Self::All,
            None if path.is_empty() => return None,
            None => Self::Field(None, path.to_owned()),
        })
    }

    /// How specifically it is about a field: 0 is not at all.
    fn weight(&self, kind: &str, field: &str, is_root: bool) -> u8 {
        match self {
            Self::Field(Some(own), name) if own == kind && name == field => 5,
            Self::Field(None, name) if is_root && name == field => 4,
            Self::Type(own) if own == kind => 3,
            Self::Introspection if field.starts_with("__") && field != "__typename" => 2,
            Self::All => 1,
            _ => 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Allow,
    Reject,
    Remove,
    Ignore,
}

#[derive(Clone)]
struct ActionArg(TextArg);

impl ActionArg {
    /// The action for this exchange. What is no action denies, so that a mistake opens nothing.
    fn get(&self, exchange: &Exchange) -> Result<Action, Fault> {
        let text = self.0.get(exchange)?;
        Ok(match text.trim().to_ascii_lowercase().as_str() {
            "allow" => Action::Allow,
            "remove" => Action::Remove,
            "ignore" => Action::Ignore,
            _ => Action::Reject,
        })
    }
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    cx.needs_body();
    let mut rules = Vec::new();
    let authorize = Compile::child(element, "authorize").into_iter().flat_map(Element::elements);
    for rule in authorize {
        let Some(text) = rule.attr("path") else { continue };
        let Some(path) = RulePath::read(text.value()) else {
            let message = format!("`path` cannot be `{}`", text.value());
            let help = "use `/Type/field`, `/Type/*`, `/field` or `/__*`";
            return Err(cx.refuse(text.span(), "validate_graphql_request::path", message, help));
        };
        let action = match rule.attr("action") {
            Some(text) => cx.text_arg(text)?,
            None => TextArg::literal("allow"),
        };
        rules.push((path, ActionArg(action)));
    }
    Ok(StepKind::now(ValidateGraphQl {
        variable: cx.optional_text(element, "error-variable-name")?,
        max_size: cx.optional_int(element, "max-size")?,
        max_depth: cx.int(element, "max-depth")?,
        rules,
    }))
}

/// Why the request is refused, and as what.
type Refusal = Vec<Value>;

impl ValidateGraphQl {
    /// The action for a field: that of the most specific rule that does not step back.
    fn action(&self, exchange: &Exchange, kind: &str, field: &str, is_root: bool) -> Result<Action, Fault> {
        let mut fitting: Vec<(u8, &ActionArg)> = self
            .rules
            .iter()
            .map(|(path, action)| (path.weight(kind, field, is_root), action))
            .filter(|(weight, _)| *weight > 0)
            .collect();
        fitting.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        for (_, action) in fitting {
            match action.get(exchange)? {
                Action::Ignore => {}
                action => return Ok(action),
            }
        }
        Ok(Action::Allow)
    }

    fn check(&self, exchange: &mut Exchange, env: &Env) -> Result<Result<(), Refusal>, Fault> {
        let size = exchange.request.body.len().unwrap_or(0);
        if let Some(most) = &self.max_size {
            let most = u64::try_from(most.get(exchange)?).unwrap_or(0);
            if size > most {
                let text = format!("The request is {size} bytes long and exceeds the limit of {most} bytes.");
                return Ok(Err(vec![message(text)]));
            }
        }
        let query = match Query::read(exchange) {
            Ok(query) => query,
            Err(text) => return Ok(Err(vec![message(text)])),
        };
        let sdl = match sdl(exchange, env) {
            Ok(sdl) => sdl,
            Err(text) => return Ok(Err(vec![message(text)])),
        };
        let parsed = match document(&sdl, &query.text) {
            Ok(parsed) => parsed,
            Err(errors) => return Ok(Err(errors)),
        };
        let depth = usize::try_from(self.max_depth.get(exchange)?).unwrap_or(1);
        for operation in parsed.operations.iter() {
            match limits::check(&parsed, &operation.selection_set, Limits { depth, fields: FIELDS }) {
                Ok(()) => {}
                Err(Passed::Depth) => {
                    let text = format!("The query exceeds the maximum depth of {depth}.");
                    return Ok(Err(vec![message(text)]));
                }
                Err(Passed::Fields) => {
                    let text = format!("The query has more than {FIELDS} fields.");
                    return Ok(Err(vec![message(text)]));
                }
            }
        }
        if self.rules.is_empty() {
            return Ok(Ok(()));
        }
        let mut parsed = parsed.into_inner();
        let roots: Vec<Name> = parsed.operations.iter().map(|operation| operation.selection_set.ty.clone()).collect();
        let mut filter = Filter { policy: self, exchange, roots: &roots, removed: Vec::new(), rejected: None };
        filter.all(&mut parsed)?;
        let (removed, rejected) = (filter.removed, filter.rejected);
        if let Some((kind, field)) = rejected {
            let text = format!("Access to the field '{kind}.{field}' is denied.");
            return Ok(Err(vec![message(text)]));
        }
        if removed.is_empty() {
            return Ok(Ok(()));
        }
        let errors: Vec<Value> = removed
            .into_iter()
            .map(|(kind, field)| message(format!("The field '{kind}.{field}' was removed from the query.")))
            .collect();
        if parsed.operations.iter().any(|operation| operation.selection_set.selections.is_empty()) {
            return Ok(Err(errors));
        }
        rewrite(exchange, &query, &parsed);
        self.tell(exchange, &errors)?;
        exchange.notes.put(Removed(errors));
        Ok(Ok(()))
    }

    /// Puts errors into the variables.
    fn tell(&self, exchange: &mut Exchange, errors: &[Value]) -> Result<(), Fault> {
        let text = Value::Array(errors.to_vec()).to_string();
        let token = apimite_dotnet::json::parse_array(&text).map_err(|thrown| Fault::expression(&thrown))?;
        let own = self.variable.as_ref().map(|arg| arg.get(exchange).map(|name| name.into_owned())).transpose()?;
        for name in own.iter().map(String::as_str).chain(["GraphQLErrors"]) {
            let name: Arc<str> = name.into();
            exchange.variables.set(&name, token_value(token.deep_clone()));
        }
        Ok(())
    }
}

/// Puts the changed query into the request.
fn rewrite(exchange: &mut Exchange, query: &Query, parsed: &ExecutableDocument) {
    let text = parsed.to_string();
    if exchange.request.method == Method::GET {
        let relative = exchange.request.relative().clone();
        let mut pairs = vec![format!("query={}", encode_query(&text))];
        if let Some(name) = &query.operation {
            pairs.push(format!("operationName={}", encode_query(name)));
        }
        if !query.variables.is_empty() {
            pairs.push(format!("variables={}", encode_query(&Value::Object(query.variables.clone()).to_string())));
        }
        if let Some(path) = apimite_policy::url::path(&format!("{}?{}", relative.path(), pairs.join("&"))) {
            exchange.request.set_relative(path);
        }
        return;
    }
    let mut body = Map::new();
    body.insert("query".into(), Value::String(text));
    if let Some(name) = &query.operation {
        body.insert("operationName".into(), json!(name));
    }
    if !query.variables.is_empty() {
        body.insert("variables".into(), Value::Object(query.variables.clone()));
    }
    exchange.request.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    exchange.request.headers.remove(http::header::CONTENT_LENGTH);
    exchange.request.body.set(Body::text(Value::Object(body).to_string()));
}

/// Applies the rules to every field of a document.
struct Filter<'p> {
    policy: &'p ValidateGraphQl,
    exchange: &'p Exchange,
    roots: &'p [Name],
    removed: Vec<(String, String)>,
    rejected: Option<(String, String)>,
}

impl Filter<'_> {
    fn all(&mut self, document: &mut ExecutableDocument) -> Result<(), Fault> {
        let mut operations: Vec<_> = document.operations.anonymous.iter_mut().collect();
        operations.extend(document.operations.named.values_mut());
        for operation in operations {
            self.set(&mut operation.make_mut().selection_set)?;
        }
        for fragment in document.fragments.values_mut() {
            self.set(&mut fragment.make_mut().selection_set)?;
        }
        // Fragments that lost everything are not spread any more.
        loop {
            let empty: Vec<Name> = document
                .fragments
                .iter()
                .filter(|(_, fragment)| fragment.selection_set.selections.is_empty())
                .map(|(name, _)| name.clone())
                .collect();
            if empty.is_empty() {
                return Ok(());
            }
            document.fragments.retain(|name, _| !empty.contains(name));
            let mut operations: Vec<_> = document.operations.anonymous.iter_mut().collect();
            operations.extend(document.operations.named.values_mut());
            for operation in operations {
                drop_spreads(&mut operation.make_mut().selection_set, &empty);
            }
            for fragment in document.fragments.values_mut() {
                drop_spreads(&mut fragment.make_mut().selection_set, &empty);
            }
        }
    }

    fn set(&mut self, set: &mut SelectionSet) -> Result<(), Fault> {
        let kind = set.ty.to_string();
        let is_root = self.roots.contains(&set.ty);
        let mut kept = Vec::with_capacity(set.selections.len());
        for mut selection in std::mem::take(&mut set.selections) {
            match &mut selection {
                Selection::Field(field) => {
                    match self.policy.action(self.exchange, &kind, &field.name, is_root)? {
                        Action::Reject => {
                            self.rejected.get_or_insert((kind.clone(), field.name.to_string()));
                            continue;
                        }
                        Action::Remove => {
                            self.removed.push((kind.clone(), field.name.to_string()));
                            continue;
                        }
                        Action::Allow | Action::Ignore => {}
                    }
                    let had = !field.selection_set.selections.is_empty();
                    self.set(&mut field.make_mut().selection_set)?;
                    if had && field.selection_set.selections.is_empty() {
                        continue;
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.set(&mut fragment.make_mut().selection_set)?;
                    if fragment.selection_set.selections.is_empty() {
                        continue;
                    }
                }
                Selection::FragmentSpread(_) => {}
            }
            kept.push(selection);
        }
        set.selections = kept;
        Ok(())
    }
}

fn drop_spreads(set: &mut SelectionSet, names: &[Name]) {
    set.selections.retain_mut(|selection| match selection {
        Selection::FragmentSpread(spread) => !names.contains(&spread.fragment_name),
        Selection::Field(field) => {
            let had = !field.selection_set.selections.is_empty();
            drop_spreads(&mut field.make_mut().selection_set, names);
            !had || !field.selection_set.selections.is_empty()
        }
        Selection::InlineFragment(fragment) => {
            drop_spreads(&mut fragment.make_mut().selection_set, names);
            !fragment.selection_set.selections.is_empty()
        }
    });
}

impl Now for ValidateGraphQl {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        match self.check(exchange, env)? {
            Ok(()) => Ok(Flow::Next),
            Err(errors) => {
                self.tell(exchange, &errors)?;
                let text = errors.first().and_then(|error| error.get("message")).and_then(Value::as_str);
                let text = text.unwrap_or("The GraphQL request is not valid.").to_owned();
                exchange.response = Some(refusal(errors));
                Err(Fault::refused(StatusCode::BAD_REQUEST, "GraphQLRequestInvalid", text).keeping_response())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_path_counts() {
        let weight = |path: &str, kind, field, root| RulePath::read(path).unwrap().weight(kind, field, root);
        assert!(weight("/User/name", "User", "name", false) > weight("/User/*", "User", "name", false));
        assert!(weight("/users", "Query", "users", true) > weight("/Query/*", "Query", "users", true));
        assert_eq!(weight("/users", "Group", "users", false), 0);
        assert!(weight("/__*", "Query", "__schema", true) > 0);
        assert_eq!(weight("/__*", "User", "__typename", false), 0);
        assert_eq!(RulePath::read("User/name"), None);
        assert_eq!(RulePath::read("/a/b/c"), None);
    }
}
