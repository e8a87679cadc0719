//! `cosmosdb-data-source`: the policy of a GraphQL resolver that asks Azure Cosmos DB over its REST protocol, or a local emulator of it.
//!
//! Source: cosmosdb-data-source policy reference; Cosmos DB REST reference (access control, documents).

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Gateways, Kind, PolicyDef, Refused, Section, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::run::run_block;
use apimite_policy::step::{Block, Flow, Io, StepKind};
use apimite_policy::url::Url;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::LocalBoxFuture;
use http::header::{AUTHORIZATION, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use crate::data_source::{Answer, CLIENT, Connection, Parameter, TEMPLATE, TEXT, USE_IDENTITY, Words, failed, send};
use crate::message::encode_query;

const KEY: Child = Child::optional(
    "partition-key",
    &[
        Attr::new("data-type", Kind::OneOf(&["string", "number", "bool", "none", "null"])).default("string").literal(),
        TEMPLATE,
    ],
    TEXT,
);
const ID: Child = Child::one("id", &[TEMPLATE], TEXT);
const ETAG_CHILD: Child = Child::optional(
    "etag",
    &[Attr::new("type", Kind::OneOf(&["match", "no-match"])).default("match").literal(), TEMPLATE],
    TEXT,
);
const CONSISTENCY: Attr = Attr::new(
    "consistency-level",
    Kind::OneOf(&["bounded-staleness", "consistent-prefix", "eventual", "session", "strong"]),
)
.literal();
const BEFORE: Attr = Attr::new("pre-trigger", Kind::Text).literal();
const AFTER: Attr = Attr::new("post-trigger", Kind::Text).literal();

const RESPONSE: Content = Content::Elements {
    children: &[Child::policy("set-body"), Child::policy("publish-event"), Child::policies("include-fragment")],
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
                        Child::one("connection-string", &[USE_IDENTITY, CLIENT], TEXT),
                        Child::one("database-name", &[], TEXT),
                        Child::one("container-name", &[], TEXT),
                    ],
                    ordered: true,
                },
            ),
            Child::optional(
                "query-request",
                &[Attr::new("enable-low-precision-order-by", Kind::Bool)
                    .literal()
                    .not_applicable("a switch of Microsoft's client, not of the protocol")],
                Content::Elements {
                    children: &[
                        Child::optional("sql-statement", &[], TEXT),
                        Child::optional(
                            "parameters",
                            &[],
                            Content::Elements {
                                children: &[Child::many(
                                    "parameter",
                                    &[
                                        Attr::new("name", Kind::Text).literal().required(),
                                        Attr::new("type", Kind::Text)
                                            .literal()
                                            .not_applicable("the type is that of the value"),
                                    ],
                                    TEXT,
                                )],
                                ordered: true,
                            },
                        ),
                        KEY,
                        Child::optional(
                            "paging",
                            &[],
                            Content::Elements {
                                children: &[
                                    Child::one("max-item-count", &[TEMPLATE], TEXT),
                                    Child::one("continuation-token", &[TEMPLATE], TEXT),
                                ],
                                ordered: true,
                            },
                        ),
                    ],
                    ordered: true,
                },
            ),
            Child::optional("read-request", &[], Content::Elements { children: &[ID, KEY], ordered: true }),
            Child::optional(
                "delete-request",
                &[CONSISTENCY, BEFORE, AFTER],
                // The statement of the page and the schema have different orders.
                Content::Elements { children: &[ID, KEY, ETAG_CHILD], ordered: false },
            ),
            Child::optional(
                "write-request",
                &[
                    Attr::new("type", Kind::OneOf(&["insert", "replace", "upsert"])).default("upsert").literal(),
                    CONSISTENCY,
                    Attr::new("enable-content-response-on-write", Kind::Bool).literal(),
                    Attr::new("indexing-directive", Kind::OneOf(&["default", "include", "exclude"])).literal(),
                    BEFORE,
                    AFTER,
                ],
                Content::Elements {
                    children: &[
                        Child::optional("id", &[TEMPLATE], TEXT),
                        KEY,
                        ETAG_CHILD,
                        Child::policy("set-body"),
                        Child::policies("include-fragment"),
                    ],
                    ordered: true,
                },
            ),
            Child::optional("response", &[], RESPONSE),
        ],
        ordered: true,
    },
    raises: &["BackendConnectionFailure"],
    differences: &["the REST protocol of Cosmos DB is spoken, to the endpoint of the connection string"],
    ..PolicyDef::new("cosmosdb-data-source", "Resolves a field of a GraphQL schema by a Cosmos DB request.", compile)
};

struct CosmosDb {
    connection: Connection,
    database: TextArg,
    container: TextArg,
    action: Action,
    id: Option<Words>,
    key: Option<(String, Words)>,
    etag: Option<(bool, Words)>,
    /// Headers that attributes stand for.
    headers: Vec<(&'static str, String)>,
    response: Answer,
}

enum Action {
    Query { statement: Option<TextArg>, parameters: Vec<Parameter>, paging: Option<(Words, Words)> },
    Read,
    Delete,
    Write { method: Write, body: Block },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Write {
    Insert,
    Replace,
    Upsert,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let requests = ["query-request", "read-request", "delete-request", "write-request"];
    let given: Vec<&Element> = element.elements().filter(|child| requests.contains(&&*child.name)).collect();
    let [request] = given.as_slice() else {
        let text = format!("one request is needed, there are {}", given.len());
        let help = format!("keep one of {}", requests.join(", "));
        return Err(cx.refuse(element.name_span, "cosmosdb_data_source::request", text, &help));
    };
    let info = Compile::child(element, "connection-info").ok_or(Refused)?;
    let part = |name: &str| Compile::child(info, name).ok_or(Refused);
    let action = match &*request.name {
        "query-request" => {
            let parameters = Parameter::all(request, "parameters", "type", cx)?;
            let paging = match Compile::child(request, "paging") {
                Some(paging) => {
                    let inner = |name: &str| Compile::child(paging, name).ok_or(Refused);
                    Some((
                        Words::compile(inner("max-item-count")?, cx)?,
                        Words::compile(inner("continuation-token")?, cx)?,
                    ))
                }
                None => None,
            };
            let statement = Compile::child(request, "sql-statement").map(|child| cx.content(child)).transpose()?;
            Action::Query { statement, parameters, paging }
        }
        "read-request" => Action::Read,
        "delete-request" => Action::Delete,
        _ => {
            let method = match request.attr("type").map(|text| text.value().trim().to_ascii_lowercase()).as_deref() {
                Some("insert") => Write::Insert,
                Some("replace") => Write::Replace,
                _ => Write::Upsert,
            };
            let body = cx.branch_of(request, "write-request", Section::Inbound, &["set-body", "include-fragment"]);
            Action::Write { method, body }
        }
    };
    let key = match Compile::child(request, "partition-key") {
        Some(child) => {
            let kind = child.attr("data-type").map_or("string".to_owned(), |text| text.value().trim().to_lowercase());
            Some((kind, Words::compile(child, cx)?))
        }
        None => None,
    };
    let etag = match Compile::child(request, "etag") {
        Some(child) => {
            let is_match = child.attr("type").is_none_or(|text| text.value().trim() != "no-match");
            Some((is_match, Words::compile(child, cx)?))
        }
        None => None,
    };
    let id = Compile::child(request, "id").map(|child| Words::compile(child, cx)).transpose()?;
    let names = [
        ("consistency-level", "x-ms-consistency-level"),
        ("indexing-directive", "x-ms-indexing-directive"),
        ("pre-trigger", "x-ms-documentdb-pre-trigger-include"),
        ("post-trigger", "x-ms-documentdb-post-trigger-include"),
    ];
    let mut headers: Vec<(&'static str, String)> = Vec::new();
    for (attribute, header) in names {
        if let Some(text) = request.attr(attribute) {
            headers.push((header, pascal(text.value(), attribute.ends_with("trigger"))));
        }
    }
    if request.attr("enable-content-response-on-write").is_some_and(|text| text.value().trim() == "false") {
        headers.push(("prefer", "return=minimal".to_owned()));
    }
    Ok(StepKind::io(CosmosDb {
        connection: Connection::compile(element, &[], cx)?,
        database: cx.content(part("database-name")?)?,
        container: cx.content(part("container-name")?)?,
        action,
        id,
        key,
        etag,
        headers,
        response: Answer::compile(element, "response", cx),
    }))
}

/// The arguments in what a resolver is given.
fn arguments_of(given: &str) -> String {
    let given: Value = serde_json::from_str(given).unwrap_or_default();
    given.get("arguments").map_or_else(|| "{}".to_owned(), Value::to_string)
}

/// `bounded-staleness` as the protocol has it, `BoundedStaleness`; names of triggers stay.
fn pascal(text: &str, as_it_is: bool) -> String {
    if as_it_is {
        return text.trim().to_owned();
    }
    let words = text.trim().split('-').map(|word| {
        let mut chars = word.chars();
        chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
    });
    words.collect()
}

/// The signature of a request with the account's key.
///
/// Source: access control in the Cosmos DB REST reference: method, resource type, resource link and date, signed with HMAC-SHA256.
fn signature(key: &[u8], method: &Method, kind: &str, link: &str, date: &str) -> String {
    let text = format!("{}\n{kind}\n{link}\n{}\n\n", method.as_str().to_lowercase(), date.to_lowercase());
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()))
}

impl CosmosDb {
    fn headers(&self, exchange: &Exchange, env: &Env) -> Result<HeaderMap, Fault> {
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        put("x-ms-version", "2018-12-31");
        let now = jiff::Timestamp::from_nanosecond(env.clock.now().0.into()).unwrap_or_default();
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default();
        put("x-ms-date", &date);
        for (name, value) in &self.headers {
            put(name, value);
        }
        if let Some((kind, value)) = &self.key {
            let value = value.json(exchange)?;
            let value = match (kind.as_str(), value) {
                ("none", _) => json!([{}]),
                ("null", _) => json!([null]),
                ("string", Value::String(text)) => json!([text]),
                ("string", other) => json!([other.to_string()]),
                (_, Value::String(text)) => {
                    json!([serde_json::from_str::<Value>(&text).unwrap_or(Value::String(text))])
                }
                (_, other) => json!([other]),
            };
            put("x-ms-documentdb-partitionkey", &value.to_string());
        }
        if let Some((is_match, text)) = &self.etag {
            let text = text.text(exchange)?;
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(if *is_match { IF_MATCH } else { IF_NONE_MATCH }, value);
            }
        }
        Ok(headers)
    }

    /// Adds the authorization of a request: by managed identity, or signed with the key of the connection string.
    fn authorize(
        &self,
        exchange: &Exchange,
        env: &Env,
        headers: &mut HeaderMap,
        key: Option<&String>,
        method: &Method,
        link: &str,
    ) -> Result<(), Fault> {
        let text = if let Some(token) = self.connection.token(exchange, env, "https://cosmos.azure.com")? {
            format!("type=aad&ver=1.0&sig={token}")
        } else {
            let key = key.ok_or_else(|| failed("The connection string has no AccountKey."))?;
            let key = STANDARD.decode(key).map_err(|_| failed("The AccountKey is not base64."))?;
            let date = headers.get("x-ms-date").and_then(|value| value.to_str().ok()).unwrap_or_default();
            format!("type=master&ver=1.0&sig={}", signature(&key, method, "docs", link, date))
        };
        let mut value = HeaderValue::from_str(&encode_query(&text)).map_err(|error| failed(error.to_string()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    async fn ask(&self, exchange: &mut Exchange, env: &Env) -> Result<(), Fault> {
        let connection = self.connection.open(exchange, env).await?;
        let endpoint = connection.get("accountendpoint").cloned().unwrap_or_default();
        let collection =
            format!("dbs/{}/colls/{}", self.database.get(exchange)?.trim(), self.container.get(exchange)?.trim());
        let id = self.id.as_ref().map(|id| id.text(exchange)).transpose()?;
        let mut headers = self.headers(exchange, env)?;
        let mut put = |name: &'static str, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        let one = |id: Option<String>| id.ok_or_else(|| failed("The request names no `id`."));
        let (method, document, body) = match &self.action {
            Action::Query { statement, parameters, paging } => {
                let mut list = Vec::with_capacity(parameters.len());
                for one in parameters {
                    list.push(json!({ "name": one.name, "value": one.json(exchange)? }));
                }
                if let Some((count, token)) = paging {
                    put("x-ms-max-item-count", count.text(exchange)?.trim());
                    let token = token.text(exchange)?;
                    if !token.trim().is_empty() {
                        put("x-ms-continuation", token.trim());
                    }
                }
                match statement {
                    Some(statement) => {
                        put("x-ms-documentdb-isquery", "True");
                        put("content-type", "application/query+json");
                        if self.key.is_none() {
                            put("x-ms-documentdb-query-enablecrosspartition", "True");
                        }
                        let statement = statement.get(exchange)?.trim().to_owned();
                        (Method::POST, None, Some(json!({ "query": statement, "parameters": list }).to_string()))
                    }
                    // Source: cosmosdb-data-source page: a statement is not required; every document of the container is read.
                    None => (Method::GET, None, None),
                }
            }
            Action::Read => (Method::GET, Some(one(id)?), None),
            Action::Delete => (Method::DELETE, Some(one(id)?), None),
            Action::Write { method, body } => {
                put("content-type", "application/json");
                if *method == Write::Upsert {
                    put("x-ms-documentdb-is-upsert", "True");
                }
                exchange.section = Section::Inbound;
                let given = exchange.request.body.bytes();
                run_block(body, exchange, env).await?;
                let made = exchange.request.body.bytes().unwrap_or_default();
                let text = String::from_utf8_lossy(&made).into_owned();
                let is_own = given.is_none_or(|given| given.as_ptr() != made.as_ptr());
                // Source: cosmosdb-data-source page: without `set-body` the arguments are the document.
                let text = if is_own { text } else { arguments_of(&text) };
                if *method == Write::Replace {
                    let inner = || Some(serde_json::from_str::<Value>(&text).ok()?.get("id")?.as_str()?.to_owned());
                    (Method::PUT, Some(one(id.or_else(inner))?), Some(text))
                } else {
                    (Method::POST, None, Some(text))
                }
            }
        };
        let link = document.as_ref().map_or_else(|| collection.clone(), |id| format!("{collection}/docs/{id}"));
        let path = document.map_or_else(String::new, |id| format!("/{}", encode_query(&id)));
        let text = format!("{}/{collection}/docs{path}", endpoint.trim_end_matches('/'));
        let url = Url::parse(&text).map_err(|error| failed(error.to_string()))?;
        self.authorize(exchange, env, &mut headers, connection.get("accountkey"), &method, &link)?;
        send(exchange, env, method, url, headers, body).await
    }
}

impl Io for CosmosDb {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            self.ask(exchange, env).await?;
            if matches!(self.action, Action::Query { .. }) {
                let response = exchange.response_mut();
                let token = response.headers.get("x-ms-continuation").and_then(|value| value.to_str().ok());
                let token = token.map(str::to_owned);
                if response.status.is_success() {
                    let bytes = response.body.bytes().unwrap_or_default();
                    let mut found: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                    let items = found.get_mut("Documents").map(Value::take).unwrap_or_else(|| json!([]));
                    // Source: cosmosdb-data-source page: `items`, and the token of the next page.
                    let mut result = json!({ "items": items });
                    if let (Some(token), Value::Object(map)) = (token, &mut result) {
                        map.insert("continuationToken".into(), token.into());
                    }
                    response.body = BodyCell::new(Body::text(result.to_string()));
                }
            }
            self.response.run(exchange, env).await?;
            Ok(Flow::Next)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_signed_as_the_reference_example() {
        // The example of the access control page of the REST reference.
        let key = "dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==";
        let key = STANDARD.decode(key).unwrap();
        let date = "Thu, 27 Apr 2017 00:51:12 GMT";
        let signed = signature(&key, &Method::GET, "dbs", "dbs/ToDoList", date);
        assert_eq!(
            encode_query(&format!("type=master&ver=1.0&sig={signed}")),
            "type%3Dmaster%26ver%3D1.0%26sig%3Dc09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu%2Bc%2Bc%3D"
        );
    }

    #[test]
    fn words_of_attributes_become_those_of_the_protocol() {
        assert_eq!(pascal("bounded-staleness", false), "BoundedStaleness");
        assert_eq!(pascal("validateInput", true), "validateInput");
    }
}
