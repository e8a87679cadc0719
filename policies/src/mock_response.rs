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
use serde_json::{Map, Value, json};

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
        let operation = exchange.operation.as_deref()?;
        let responses = &operation.responses;
        let response = responses
            .iter()
            .find(|response| response.status == Some(self.status.as_u16()))
            .or_else(|| responses.iter().find(|response| response.status.is_none()))?;
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
                (None, Some(schema)) => {
                    let root = exchange.api.as_ref().and_then(|api| {
                        let id = representation.schema_id.as_deref();
                        api.schemas.iter().find(|schema| id.is_none_or(|id| *schema.id == *id))
                    });
                    let root: Value = root.and_then(|s| serde_json::from_str(&s.text).ok()).unwrap_or_default();
                    serde_json::from_str(schema).ok().map(|schema: Value| format!("{:#}", sample(&schema, &root, 0)))
                }
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

/// A sample of a JSON schema; references are looked up in `root` by their last segment.
fn sample(schema: &Value, root: &Value, depth: u8) -> Value {
    if depth > 8 {
        return Value::Null;
    }
    for given in ["example", "default", "const"] {
        if let Some(value) = schema.get(given) {
            return value.clone();
        }
    }
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|list| list.first()) {
        return first.clone();
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        let places = ["/components/schemas/", "/definitions/", "/"];
        let found = places.iter().find_map(|place| root.pointer(&format!("{place}{name}")));
        return found.map_or(Value::Null, |found| sample(found, root, depth + 1));
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(map) = sample(part, root, depth + 1) {
                whole.extend(map);
            }
        }
        return Value::Object(whole);
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(first) = schema.get(choice).and_then(Value::as_array).and_then(|list| list.first()) {
            return sample(first, root, depth + 1);
        }
    }
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|k| *k != "null").unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    };
    match kind {
        "object" => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let pairs = properties.into_iter().flatten();
            Value::Object(pairs.map(|(name, inner)| (name.clone(), sample(inner, root, depth + 1))).collect())
        }
        "array" => json!([sample(schema.get("items").unwrap_or(&Value::Null), root, depth + 1)]),
        "integer" => schema.get("minimum").and_then(Value::as_i64).unwrap_or(0).into(),
        "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(0.0)),
        "boolean" => false.into(),
        "string" => match schema.get("format").and_then(Value::as_str) {
            Some("date") => "2024-01-01".into(),
            Some("date-time") => "2024-01-01T00:00:00Z".into(),
            Some("uuid") => "00000000-0000-0000-0000-000000000000".into(),
            Some("email") => "user@example.com".into(),
            Some("uri") => "https://example.com".into(),
            _ => "string".into(),
        },
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_follows_references_and_prefers_examples() {
        let root = json!({ "components": { "schemas": { "Item": { "type": "object", "properties": {
            "id": { "type": "integer" }, "name": { "type": "string", "example": "lamp" }, "self": { "$ref": "#/components/schemas/Item" }
        }}}}});
        let one = sample(&json!({ "type": "array", "items": { "$ref": "#/components/schemas/Item" } }), &root, 0);
        assert_eq!(one.pointer("/0/name"), Some(&json!("lamp")));
        assert_eq!(one.pointer("/0/id"), Some(&json!(0)));
    }
}
