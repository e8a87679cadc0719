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
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::graphql::guard::{Action, Guard, RulePath, Verdict};
use crate::graphql::{Query, Removed, is_handshake, message, refusal, sdl};
use crate::message::encode_query;

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
        Attr::new("max-size", Kind::Int(0, MAX_SIZE)).differs(
            "the page says that it is required, the published schema that it is not; without it no size is refused",
        ),
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
        "a field that is asked of an interface counts as one of each type that implements it; the strictest action counts",
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

impl ValidateGraphQl {
    /// What is asked of the request, with the values of the expressions.
    fn guard(&self, exchange: &Exchange) -> Result<Guard, Fault> {
        let whole = |arg: &IntArg| arg.get(exchange).map(|value| u64::try_from(value).unwrap_or(0));
        Ok(Guard {
            max_size: self.max_size.as_ref().map(whole).transpose()?,
            max_depth: usize::try_from(whole(&self.max_depth)?).unwrap_or(usize::MAX),
            rules: self.rules.iter().map(|(path, action)| (path.clone(), action.get(exchange))).collect(),
        })
    }

    fn check(&self, exchange: &mut Exchange, env: &Env) -> Result<Result<(), Vec<Value>>, Fault> {
        let guard = self.guard(exchange)?;
        if is_handshake(exchange) {
            // The operations come as messages, later.
            exchange.notes.put(guard);
            return Ok(Ok(()));
        }
        let size = exchange.request.body.len().unwrap_or(0);
        if let Some(error) = guard.too_large(size) {
            return Ok(Err(vec![error]));
        }
        let told = |text: String| vec![message(text)];
        let query = match Query::read(exchange) {
            Ok(query) => query,
            Err(text) => return Ok(Err(told(text))),
        };
        let sdl = match sdl(exchange, env) {
            Ok(sdl) => sdl,
            Err(text) => return Ok(Err(told(text))),
        };
        match guard.check(size, &query, &sdl)? {
            Verdict::Passes => Ok(Ok(())),
            Verdict::Refused(errors) => Ok(Err(errors)),
            Verdict::Removed { text, errors } => {
                rewrite(exchange, &query, text);
                self.tell(exchange, &errors)?;
                exchange.notes.put(Removed(errors));
                Ok(Ok(()))
            }
        }
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
fn rewrite(exchange: &mut Exchange, query: &Query, text: String) {
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
