//! `mock-response`: answers with an example of the operation, or a sample made from its schema, and ends the pipeline.
//!
//! Source: mock-response policy reference.

use apimite_document::Element;
use apimite_model::{Example, Representation};
use apimite_policy::answer;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::Value;

use crate::sample::{sample, xml};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::OUTBOUND).and(Sections::ON_ERROR),
    attributes: &[
        Attr::new("status-code", Kind::Int(100, 999)).default("200").literal(),
        Attr::new("content-type", Kind::Text).literal(),
        Attr::new("index", Kind::Int(0, i64::MAX)).literal(),
        Attr::new("enabled", Kind::Bool).default("true").literal(),
    ],
    differences: &[
        "the rules of Azure's sample generator are not documented; samples here are made from types and formats",
    ],
    ..PolicyDef::new("mock-response", "Answers with an example of the operation or a sample of its schema.", compile)
};

struct MockResponse {
    status: StatusCode,
    content_type: Option<String>,
    index: usize,
}

struct Disabled;

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    if cx.boolean(element, "enabled")?.as_literal() == Some(false) {
        return Ok(StepKind::now(Disabled));
    }
    let code = cx.literal(element, "status-code").and_then(|text| text.parse::<u16>().ok()).unwrap_or(200);
    let index = cx.literal(element, "index").and_then(|text| text.parse().ok()).unwrap_or(0);
    Ok(StepKind::now(MockResponse {
        status: StatusCode::from_u16(code).unwrap_or(StatusCode::OK),
        content_type: cx.literal(element, "content-type").filter(|text| !text.is_empty()),
        index,
    }))
}

impl Now for Disabled {
    fn run(&self, _exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        Ok(Flow::Next)
    }
}

impl MockResponse {
    /// The representation that is asked for, or the first.
    fn representation<'e>(&self, exchange: &'e Exchange) -> Option<&'e Representation> {
        let response = exchange.operation.as_deref()?.response(self.status.as_u16())?;
        match &self.content_type {
            Some(wanted) => {
                response.representations.iter().find(|one| one.content_type.eq_ignore_ascii_case(wanted.as_str()))
            }
            None => response.representations.first(),
        }
    }
}

impl Now for MockResponse {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let mut response = answer::empty(self.status);
        if let Some(representation) = self.representation(exchange) {
            let example: Option<&Example> =
                representation.examples.get(self.index).or_else(|| representation.examples.first());
            let body = match (example, &representation.schema) {
                (Some(example), _) => Some(example.value.to_string()),
                (None, Some(schema)) => from_schema(representation, schema, exchange),
                (None, None) => None,
            };
            if let Ok(value) = HeaderValue::from_str(&representation.content_type) {
                response.headers.insert(CONTENT_TYPE, value);
            }
            if let Some(body) = body {
                response.body = BodyCell::new(Body::text(body));
            }
        } else if let Some(value) = self.content_type.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
            response.headers.insert(CONTENT_TYPE, value);
        }
        exchange.response = Some(response);
        Ok(Flow::Respond)
    }
}

/// A sample of the schema, in the representation's own notation.
fn from_schema(representation: &Representation, schema: &str, exchange: &Exchange) -> Option<String> {
    let schema: Value = serde_json::from_str(schema).ok()?;
    let root = exchange.api.as_ref().and_then(|api| {
        let id = representation.schema_id.as_deref();
        api.schemas.iter().find(|schema| id.is_none_or(|id| *schema.id == *id))
    });
    let root: Value = root.and_then(|root| serde_json::from_str(&root.text).ok()).unwrap_or_default();
    let value = sample(&schema, &root);
    if !representation.content_type.contains("xml") {
        return Some(format!("{value:#}"));
    }
    let named = schema.pointer("/xml/name").and_then(Value::as_str).or(representation.type_name.as_deref());
    Some(xml(&value, named.unwrap_or("root")))
}
