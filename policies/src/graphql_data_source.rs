//! `graphql-data-source`: the policy of a GraphQL resolver that asks another GraphQL server.
//!
//! Azure publishes its schema and no page. What the schema does not say: the request is a POST of `query`, `operationName` and
//! `variables` as JSON; the field gets what the one root field of the document answered, or the whole of `data` when there are
//! several; errors of the server become errors of the field.
//!
//! Source: schema of the policy in the editor extension; GraphQL over HTTP.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Gateways, Kind, PolicyDef, Refused, Section, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::run::{buffer, run_block};
use apimite_policy::step::{Block, Flow, Io, Needs, StepKind};
use apollo_compiler::ast;
use apollo_compiler::parser::Parser;
use futures_util::future::LocalBoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde_json::{Map, Value};

use crate::data_source::{Answer, Parameter, TEXT, retarget};
use crate::forward_request;
use crate::graphql::FieldErrors;
use crate::set_url::Wanted;

/// The policies of a request, in this order.
const POLICIES: &[&str] = &[
    "authentication-basic",
    "authentication-certificate",
    "authentication-managed-identity",
    "get-authorization-context",
    "set-backend-service",
    "set-url",
    "set-header",
    "include-fragment",
];
const RESPONSE: Content = Content::Elements {
    children: &[Child::policy("set-body"), Child::policies("include-fragment"), Child::policy("publish-event")],
    ordered: true,
};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::NONE,
    resolver: true,
    gateways: Gateways::ALL.without(Gateways::SELF_HOSTED).without(Gateways::WORKSPACE),
    content: Content::Elements {
        children: &[
            Child::one(
                "request",
                &[],
                Content::Elements {
                    children: &[
                        Child::policy("authentication-basic"),
                        Child::policy("authentication-certificate"),
                        Child::policy("authentication-managed-identity"),
                        Child::policy("get-authorization-context"),
                        Child::policy("set-backend-service"),
                        Child::policy("set-url"),
                        Child::policies("set-header"),
                        Child::policies("include-fragment"),
                        Child::one("document", &[], TEXT),
                        Child::optional("operationName", &[], TEXT),
                        Child::optional(
                            "variables",
                            &[],
                            Content::Elements {
                                children: &[Child::at_least_one(
                                    "variable",
                                    &[Attr::new("name", Kind::Text).literal().required()],
                                    TEXT,
                                )],
                                ordered: true,
                            },
                        ),
                    ],
                    ordered: true,
                },
            ),
            Child::optional("response", &[], RESPONSE),
        ],
        ordered: true,
    },
    raises: &["BackendConnectionFailure", "Timeout"],
    differences: &[
        "published as a schema without a page: what becomes of the answer is Apimite's decision (the value of the one root field)",
        "`set-header` may stand more than once, where the schema has it once",
    ],
    ..PolicyDef::new("graphql-data-source", "Resolves a field of a GraphQL schema by another GraphQL server.", compile)
};

struct GraphQlDataSource {
    policies: Block,
    document: TextArg,
    operation: Option<TextArg>,
    variables: Vec<Parameter>,
    /// Variables that a literal document declares as numbers, flags or lists of whatever.
    typed: Vec<String>,
    response: Answer,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let request = Compile::child(element, "request").ok_or(Refused)?;
    let text = Compile::child(request, "document").ok_or(Refused)?;
    let document = cx.content(text)?;
    let mut typed = Vec::new();
    if let Some(literal) = document.as_literal() {
        match parse(literal) {
            Ok(document) => typed = non_texts(&document),
            Err(why) => {
                let help = "write an operation such as `query($id: ID!) { user(id: $id) { name } }`";
                let message = format!("`document` is no GraphQL document: {why}");
                return Err(cx.refuse(text.inner_span(), "graphql_data_source::document", message, help));
            }
        }
    }
    Ok(StepKind::io(GraphQlDataSource {
        document,
        operation: Compile::child(request, "operationName").map(|child| cx.content(child)).transpose()?,
        variables: Parameter::all(request, "variables", "type", cx)?,
        typed,
        policies: cx.branch_of(request, "request", Section::Inbound, POLICIES),
        response: Answer::compile(element, "response", cx),
    }))
}

fn parse(text: &str) -> Result<ast::Document, String> {
    let parsed = Parser::new().recursion_limit(128).parse_ast(text, "document.graphql");
    let first = |error: &apollo_compiler::validation::WithErrors<ast::Document>| {
        error.errors.iter().next().map(|one| one.to_json().message).unwrap_or_default()
    };
    let document = parsed.map_err(|error| first(&error))?;
    let has_one = document.definitions.iter().any(|one| matches!(one, ast::Definition::OperationDefinition(_)));
    if has_one { Ok(document) } else { Err("it has no operation".to_owned()) }
}

/// Names of the variables whose values are no texts.
fn non_texts(document: &ast::Document) -> Vec<String> {
    let operations = document.definitions.iter().filter_map(|definition| match definition {
        ast::Definition::OperationDefinition(operation) => Some(operation),
        _ => None,
    });
    let variables = operations.flat_map(|operation| &operation.variables);
    let other =
        variables.filter(|one| one.ty.is_list() || !matches!(one.ty.inner_named_type().as_str(), "ID" | "String"));
    other.map(|one| one.name.to_string()).collect()
}

impl GraphQlDataSource {
    /// The value of a variable: a literal text is read as what the document declares.
    fn variable(&self, one: &Parameter, exchange: &Exchange) -> Result<Value, Fault> {
        let value = one.json(exchange)?;
        Ok(match value {
            Value::String(text) if self.typed.contains(&one.name) => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            other => other,
        })
    }

    async fn ask(&self, exchange: &mut Exchange, env: &Env) -> Result<(), Fault> {
        exchange.section = Section::Inbound;
        run_block(&self.policies, exchange, env).await?;
        let mut body = Map::new();
        body.insert("query".into(), self.document.get(exchange)?.trim().into());
        if let Some(name) = &self.operation {
            body.insert("operationName".into(), name.get(exchange)?.trim().into());
        }
        if !self.variables.is_empty() {
            let mut variables = Map::new();
            for one in &self.variables {
                variables.insert(one.name.clone(), self.variable(one, exchange)?);
            }
            body.insert("variables".into(), variables.into());
        }
        let wanted = exchange.notes.take::<Wanted>();
        if let Some(wanted) = wanted {
            retarget(exchange, &wanted.0)?;
        }
        let request = &mut exchange.request;
        request.method = Method::POST;
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if !request.headers.contains_key(ACCEPT) {
            let both = "application/graphql-response+json, application/json;q=0.9";
            request.headers.insert(ACCEPT, HeaderValue::from_static(both));
        }
        request.body.set(Body::text(Value::Object(body).to_string()));
        exchange.section = Section::Backend;
        forward_request::plain().run(exchange, env).await?;
        exchange.section = Section::Outbound;
        buffer(Needs { response_body: true, ..Needs::default() }, exchange, env).await
    }
}

/// The value of the field in an answer, and the errors besides.
fn value_of(answer: &str) -> Result<(Value, Vec<Value>), Fault> {
    let bad = |text: String| crate::data_source::failed(text.clone()).public(text);
    let mut answer: Value =
        serde_json::from_str(answer).map_err(|error| bad(format!("The GraphQL server answered no JSON: {error}")))?;
    let errors = match answer.get_mut("errors").map(Value::take) {
        Some(Value::Array(errors)) => errors,
        _ => Vec::new(),
    };
    match answer.get_mut("data").map(Value::take) {
        Some(Value::Object(data)) if data.len() == 1 => {
            Ok((data.into_iter().next().map(|(_, value)| value).unwrap_or_default(), errors))
        }
        Some(data @ Value::Object(_)) => Ok((data, errors)),
        _ => {
            let text = errors.first().and_then(|error| error.get("message")).and_then(Value::as_str);
            Err(bad(text.unwrap_or("The GraphQL server answered without data.").to_owned()))
        }
    }
}

impl Io for GraphQlDataSource {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            self.ask(exchange, env).await?;
            let response = exchange.response_mut();
            let bytes = response.body.bytes().unwrap_or_default();
            let text = apimite_policy::context::bytes_to_text(&bytes);
            // Servers answer errors with 200, or with 400 when nothing could be answered.
            let is_answer = response.status.is_success() || text.trim_start().starts_with("{\"errors\"");
            if is_answer {
                let (value, errors) = value_of(&text)?;
                response.body = BodyCell::new(Body::text(value.to_string()));
                crate::message::body_replaced(&mut response.headers);
                if !errors.is_empty() {
                    exchange.notes.put(FieldErrors(errors));
                }
            }
            self.response.run(exchange, env).await?;
            Ok(Flow::Next)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_value_is_that_of_the_one_root_field() {
        assert_eq!(value_of(r#"{"data": {"u": {"id": 1}}}"#).unwrap(), (json!({"id": 1}), vec![]));
        assert_eq!(value_of(r#"{"data": {"a": 1, "b": 2}}"#).unwrap().0, json!({"a": 1, "b": 2}));
        let (value, errors) = value_of(r#"{"data": {"u": null}, "errors": [{"message": "no"}]}"#).unwrap();
        assert_eq!((value, errors.len()), (Value::Null, 1));
        let told = |text: &str| value_of(text).unwrap_err().public;
        assert_eq!(told(r#"{"errors": [{"message": "denied"}]}"#).as_deref(), Some("denied"));
        assert!(told("<html>").unwrap().contains("no JSON"));
    }

    #[test]
    fn variables_are_read_as_the_document_declares_them() {
        let text = "query($a: ID!, $b: String, $n: Int!, $l: [String!], $i: In) { x(a: $a) }";
        assert_eq!(non_texts(&parse(text).unwrap()), ["n", "l", "i"]);
        assert!(parse("{ a").is_err());
        assert!(parse("fragment f on T { a }").is_err());
    }
}
