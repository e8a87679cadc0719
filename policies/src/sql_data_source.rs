//! `sql-data-source`: the policy of a GraphQL resolver that runs a SQL statement.
//!
//! Here the statement goes as JSON to an HTTP server, a stand-in for the database; the protocol of SQL Server is not spoken.
//!
//! Source: sql-data-source policy reference.

use std::collections::HashMap;

use apimite_document::Element;
use apimite_policy::arg::{BoolArg, TextArg, ValueArg};
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::Compile;
use apimite_policy::context::to_text;
use apimite_policy::def::{Attr, Child, Content, Expressions, Gateways, Kind, PolicyDef, Refused, Section, Sections};
use apimite_policy::env::{Call, CallOptions, Env};
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{BACKEND_CONNECTION_FAILURE, Fault};
use apimite_policy::run::run_block;
use apimite_policy::step::{Block, Flow, Io, StepKind};
use apimite_policy::url::Url;
use futures_util::future::LocalBoxFuture;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Map, Value, json};

use crate::http_data_source::in_order;

const TEXT: Content = Content::Text(Kind::Text, Expressions::Allowed);
const REQUEST: &[&str] = &["include-fragment", "set-body", "sql-statement", "parameters"];
const RESPONSE: &[&str] = &["include-fragment", "set-body", "publish-event"];

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::NONE,
    resolver: true,
    gateways: Gateways::CLASSIC.and(Gateways::V2),
    content: Content::Elements {
        children: &[
            Child::one(
                "connection-info",
                &[],
                Content::Elements {
                    children: &[Child::one(
                        "connection-string",
                        &[
                            Attr::new("use-managed-identity", Kind::Bool).default("false"),
                            Attr::new("scope", Kind::Text).literal(),
                            Attr::new("client-id", Kind::Text).literal(),
                        ],
                        TEXT,
                    )],
                    ordered: true,
                },
            ),
            Child::one(
                "request",
                &[Attr::new("single-result", Kind::Bool).default("false")],
                Content::Elements {
                    children: &[
                        Child::one("sql-statement", &[], TEXT),
                        Child::optional(
                            "parameters",
                            &[],
                            Content::Elements {
                                children: &[Child::at_least_one(
                                    "parameter",
                                    &[
                                        Attr::new("name", Kind::Text).literal().required(),
                                        Attr::new("sql-type", Kind::Text).literal(),
                                    ],
                                    TEXT,
                                )],
                                ordered: true,
                            },
                        ),
                    ],
                    ordered: true,
                },
            ),
            Child::optional("response", &[], Content::SomePolicies(RESPONSE)),
        ],
        ordered: true,
    },
    raises: &["BackendConnectionFailure"],
    differences: &[
        "the protocol of SQL Server is not spoken: `Server=http://…` in the connection string names a stand-in, which gets \
         `{statement, parameters, database}` by POST and answers with a JSON array of rows",
        "policies besides the connection string are not taken in `connection-info`, nor `set-body` in `request`",
    ],
    ..PolicyDef::new("sql-data-source", "Resolves a field of a GraphQL schema by a SQL statement.", compile)
};

struct SqlDataSource {
    connection: TextArg,
    identity: BoolArg,
    scope: Option<String>,
    client: Option<String>,
    single: BoolArg,
    statement: TextArg,
    parameters: Vec<(String, Option<String>, ValueArg)>,
    response: Option<Block>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let info = Compile::child(element, "connection-info").ok_or(Refused)?;
    let string = Compile::child(info, "connection-string").ok_or(Refused)?;
    let request = Compile::child(element, "request").ok_or(Refused)?;
    let statement = Compile::child(request, "sql-statement").ok_or(Refused)?;
    in_order(request, REQUEST, &[], cx)?;
    let boolean = |cx: &mut Compile<'_>, of: &Element, name: &str| match of.attr(name) {
        Some(text) => cx.bool_arg(text, name),
        None => Ok(BoolArg::Literal(false)),
    };
    let literal = |name: &str| string.attr(name).map(|text| text.value().trim().to_owned());
    let mut parameters = Vec::new();
    for parameter in Compile::child(request, "parameters").into_iter().flat_map(Element::elements) {
        let text = |name: &str| parameter.attr(name).map(|text| text.value().trim().to_owned());
        parameters.push((text("name").unwrap_or_default(), text("sql-type"), cx.content_value(parameter)?));
    }
    let response = match Compile::child(element, "response") {
        Some(child) => {
            in_order(child, RESPONSE, &["include-fragment"], cx)?;
            Some(cx.branch_in(child, "response", Section::Outbound))
        }
        None => None,
    };
    Ok(StepKind::io(SqlDataSource {
        connection: cx.content(string)?,
        identity: boolean(cx, string, "use-managed-identity")?,
        scope: literal("scope"),
        client: literal("client-id"),
        single: boolean(cx, request, "single-result")?,
        statement: cx.content(statement)?,
        parameters,
        response,
    }))
}

/// The parts of a connection string, names in lower case without spaces.
pub(crate) fn parts(text: &str) -> HashMap<String, String> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.replace(char::is_whitespace, "").to_lowercase(), value.trim().to_owned())).collect()
}

fn failed(text: impl Into<String>) -> Fault {
    Fault::internal(BACKEND_CONNECTION_FAILURE, text)
}

/// An expression's value as JSON: tokens as they are, everything else as what it reads as.
pub(crate) fn json_of(value: &apimite_expr::Value) -> Result<Value, Fault> {
    use apimite_expr::Value as V;
    Ok(match value {
        V::Null => Value::Null,
        V::Bool(flag) => Value::Bool(*flag),
        V::Str(text) => Value::String(text.trim().to_owned()),
        other => {
            let text = to_text(other)?;
            // A JValue that holds a text prints it bare.
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
    })
}

/// Sends JSON to a stand-in or a service and puts its answer into the exchange.
pub(crate) async fn post(
    exchange: &mut Exchange,
    env: &Env,
    method: Method,
    url: Url,
    mut headers: HeaderMap,
    body: Option<String>,
) -> Result<(), Fault> {
    headers.insert(HOST, url.host_header());
    let body = body.map_or(Body::None, Body::text);
    if let Some(length) = body.len().filter(|length| *length > 0) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    let call = Call { method, url, headers, body, options: CallOptions::default() };
    let response = env.client.send(call).await.map_err(crate::forward_request::fault_of)?;
    response.body.buffer(env.buffer_limit).await.map_err(|error| failed(error.to_string()))?;
    exchange.section = Section::Outbound;
    exchange.response = Some(response);
    Ok(())
}

impl Io for SqlDataSource {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let connection = parts(&self.connection.get(exchange)?);
            let server = connection.get("server").or_else(|| connection.get("datasource")).cloned().unwrap_or_default();
            if !server.starts_with("http://") && !server.starts_with("https://") {
                return Err(failed(format!(
                    "SQL Server is not spoken here: `Server={server}` has to be the URL of a stand-in."
                )));
            }
            let url = Url::parse(&server).map_err(|error| failed(error.to_string()))?;
            let mut parameters = Map::new();
            for (name, kind, value) in &self.parameters {
                let value = json_of(&value.get(exchange)?)?;
                let value = match kind {
                    Some(kind) => json!({ "value": value, "type": kind }),
                    None => json!({ "value": value }),
                };
                parameters.insert(name.clone(), value);
            }
            let statement = self.statement.get(exchange)?.trim().to_owned();
            let database = connection.get("initialcatalog").or_else(|| connection.get("database"));
            let body = json!({ "statement": statement, "parameters": parameters, "database": database });
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            if self.identity.get(exchange)? {
                let scope = self.scope.as_deref().unwrap_or("https://database.windows.net/");
                let client = self.client.as_deref().unwrap_or(crate::token_issuer::SYSTEM_IDENTITY);
                let token = crate::authentication_managed_identity::issue(env, scope, client)?;
                if let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}")) {
                    headers.insert(AUTHORIZATION, value);
                }
            }
            let single = self.single.get(exchange)?;
            post(exchange, env, Method::POST, url, headers, Some(body.to_string())).await?;
            let response = exchange.response_mut();
            if response.status.is_success() {
                let bytes = response.body.bytes().unwrap_or_default();
                let rows: Value = serde_json::from_slice(&bytes)
                    .map_err(|error| failed(format!("The stand-in for SQL answered no JSON: {error}")))?;
                // Source: sql-data-source page: one row is an object, several are `{ items: […] }`.
                let result = match rows {
                    Value::Array(rows) if single => rows.into_iter().next().unwrap_or(Value::Null),
                    Value::Array(rows) => json!({ "items": rows }),
                    other => other,
                };
                response.body = BodyCell::new(Body::text(result.to_string()));
            }
            if let Some(block) = &self.response {
                run_block(block, exchange, env).await?;
            }
            Ok(Flow::Next)
        })
    }
}
