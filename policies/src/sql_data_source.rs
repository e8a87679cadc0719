//! `sql-data-source`: the policy of a GraphQL resolver that runs a SQL statement.
//!
//! Here the statement goes as JSON to an HTTP server, a stand-in for the database; the protocol of SQL Server is not spoken.
//!
//! Source: sql-data-source policy reference.

use apimite_document::Element;
use apimite_policy::arg::{BoolArg, TextArg};
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Gateways, Kind, PolicyDef, Refused, Section, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::run::run_block;
use apimite_policy::step::{Block, Flow, Io, StepKind};
use apimite_policy::url::Url;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Map, Value, json};

use crate::data_source::{Answer, CLIENT, Connection, Parameter, TEXT, USE_IDENTITY, boolean, failed, send};

/// The policies of `connection-info`.
const CONNECTION: &[&str] = &["get-authorization-context", "include-fragment", "authentication-certificate"];
const RESPONSE: Content = Content::Elements {
    children: &[Child::policies("include-fragment"), Child::policy("set-body"), Child::policy("publish-event")],
    ordered: true,
};

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
                    children: &[
                        Child::policy("get-authorization-context"),
                        Child::one(
                            "connection-string",
                            &[USE_IDENTITY, Attr::new("scope", Kind::Text).literal(), CLIENT],
                            TEXT,
                        ),
                        Child::policies("include-fragment"),
                        Child::policy("authentication-certificate"),
                    ],
                    ordered: true,
                },
            ),
            Child::policies("include-fragment"),
            Child::one(
                "request",
                &[Attr::new("single-result", Kind::Bool).default("false")],
                Content::Elements {
                    children: &[
                        Child::policies("include-fragment"),
                        Child::policy("set-body"),
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
            Child::optional("response", &[], RESPONSE),
        ],
        ordered: true,
    },
    raises: &["BackendConnectionFailure"],
    differences: &[
        "the protocol of SQL Server is not spoken: `Server=http://…` in the connection string names a stand-in, which gets \
         `{statement, parameters, database}` by POST and answers with a JSON array of rows",
        "what `set-body` in `request` makes goes to the stand-in as `body`",
    ],
    ..PolicyDef::new("sql-data-source", "Resolves a field of a GraphQL schema by a SQL statement.", compile)
};

struct SqlDataSource {
    connection: Connection,
    single: BoolArg,
    /// What stands between connection and request.
    between: Block,
    policies: Block,
    statement: TextArg,
    parameters: Vec<Parameter>,
    response: Answer,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let request = Compile::child(element, "request").ok_or(Refused)?;
    let statement = Compile::child(request, "sql-statement").ok_or(Refused)?;
    Ok(StepKind::io(SqlDataSource {
        connection: Connection::compile(element, CONNECTION, cx)?,
        single: boolean(request, "single-result", cx)?,
        between: cx.branch_of(element, "fragments", Section::Inbound, &["include-fragment"]),
        policies: cx.branch_of(request, "request", Section::Inbound, &["include-fragment", "set-body"]),
        statement: cx.content(statement)?,
        parameters: Parameter::all(request, "parameters", "sql-type", cx)?,
        response: Answer::compile(element, "response", cx),
    }))
}

impl SqlDataSource {
    /// What the stand-in is told.
    fn question(&self, exchange: &Exchange, database: Option<&String>, body: Option<Bytes>) -> Result<Value, Fault> {
        let mut parameters = Map::new();
        for one in &self.parameters {
            let value = one.json(exchange)?;
            let value = match &one.kind {
                Some(kind) => json!({ "value": value, "type": kind }),
                None => json!({ "value": value }),
            };
            parameters.insert(one.name.clone(), value);
        }
        let statement = self.statement.get(exchange)?.trim().to_owned();
        let mut question = json!({ "statement": statement, "parameters": parameters, "database": database });
        if let (Some(body), Value::Object(map)) = (body, &mut question) {
            let text = apimite_policy::context::bytes_to_text(&body);
            map.insert("body".into(), serde_json::from_str(&text).unwrap_or(Value::String(text)));
        }
        Ok(question)
    }
}

impl Io for SqlDataSource {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let connection = self.connection.open(exchange, env).await?;
            let server = connection.get("server").or_else(|| connection.get("datasource")).cloned().unwrap_or_default();
            if !server.starts_with("http://") && !server.starts_with("https://") {
                return Err(failed(format!(
                    "SQL Server is not spoken here: `Server={server}` has to be the URL of a stand-in."
                )));
            }
            let url = Url::parse(&server).map_err(|error| failed(error.to_string()))?;
            // The body so far holds arguments and parent, for templates.
            let given = exchange.request.body.bytes();
            run_block(&self.between, exchange, env).await?;
            run_block(&self.policies, exchange, env).await?;
            let body = exchange.request.body.bytes();
            let body = body.filter(|body| given.is_none_or(|given| given.as_ptr() != body.as_ptr()));
            let database = connection.get("initialcatalog").or_else(|| connection.get("database"));
            let question = self.question(exchange, database, body)?;
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            if let Some(token) = self.connection.token(exchange, env, "https://database.windows.net/")?
                && let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {token}"))
            {
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
            let single = self.single.get(exchange)?;
            send(exchange, env, Method::POST, url, headers, Some(question.to_string())).await?;
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
            self.response.run(exchange, env).await?;
            Ok(Flow::Next)
        })
    }
}
