//! Samples of JSON schemas: what `mock-response` answers where an operation has no example. The same schema gives the same
//! sample, and a schema of any shape gives one of bounded size.

use serde_json::{Map, Value, json};

/// Deepest nesting of a sample.
const DEEPEST: usize = 16;
/// Most values of a sample.
const MOST: usize = 5_000;
/// Most items of an array, and characters of a text, that a schema may ask for.
const LONGEST: u64 = 100;

/// Makes samples; references are looked up in `root`.
struct Sampler<'s> {
    root: &'s Value,
    left: usize,
    /// References that are being followed.
    open: Vec<&'s str>,
}

/// A sample of a schema as JSON.
pub(crate) fn sample(schema: &Value, root: &Value) -> Value {
    let mut sampler = Sampler { root, left: MOST, open: Vec::new() };
    sampler.of(schema, 0).unwrap_or(Value::Null)
}

impl<'s> Sampler<'s> {
    /// `None` where the sample would contain itself, or be too large: the place is left out.
    fn of(&mut self, schema: &'s Value, depth: usize) -> Option<Value> {
        if depth > DEEPEST || self.left == 0 {
            return None;
        }
        self.left -= 1;
        for given in ["example", "default", "const"] {
            if let Some(value) = schema.get(given) {
                return Some(value.clone());
            }
        }
        for list in ["examples", "enum"] {
            if let Some(first) = schema.get(list).and_then(Value::as_array).and_then(|list| list.first()) {
                return Some(first.clone());
            }
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.reference(reference, depth);
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return Some(self.merged(schema, parts, depth));
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(choices) = schema.get(choice).and_then(Value::as_array) {
                let is_null = |one: &&Value| one.get("type").and_then(Value::as_str) == Some("null");
                let first = choices.iter().find(|one| !is_null(one)).or_else(|| choices.first())?;
                return self.of(first, depth + 1);
            }
        }
        match kind(schema) {
            "object" => Some(Value::Object(self.object(schema, depth))),
            "array" => Some(self.array(schema, depth)),
            "integer" => Some(integer(schema)),
            "number" => Some(number(schema)),
            "boolean" => Some(true.into()),
            "string" => Some(text(schema).into()),
            _ => Some(Value::Null),
        }
    }

    fn reference(&mut self, reference: &'s str, depth: usize) -> Option<Value> {
        if self.open.contains(&reference) {
            return None;
        }
        let found = self.find(reference)?;
        self.open.push(reference);
        let value = self.of(found, depth + 1);
        self.open.pop();
        value
    }

    /// A whole pointer, or the last name of one among the places where schemas are kept.
    fn find(&self, reference: &str) -> Option<&'s Value> {
        let pointer = reference.trim_start_matches('#');
        if let Some(found) = self.root.pointer(pointer).filter(|_| pointer.starts_with('/')) {
            return Some(found);
        }
        let name = pointer.rsplit('/').next()?;
        ["/components/schemas/", "/definitions/", "/"]
            .iter()
            .find_map(|place| self.root.pointer(&format!("{place}{name}")))
    }

    fn merged(&mut self, schema: &'s Value, parts: &'s [Value], depth: usize) -> Value {
        let (mut whole, mut plain) = (Map::new(), None);
        for part in parts {
            match self.of(part, depth + 1) {
                Some(Value::Object(map)) => whole.extend(map),
                Some(value) => plain = plain.or(Some(value)),
                None => {}
            }
        }
        whole.extend(self.object(schema, depth));
        plain.filter(|_| whole.is_empty()).unwrap_or(Value::Object(whole))
    }

    fn object(&mut self, schema: &'s Value, depth: usize) -> Map<String, Value> {
        let mut map = Map::new();
        for (name, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            // What only requests have is not in a response.
            if inner.get("writeOnly").and_then(Value::as_bool) == Some(true) {
                continue;
            }
            if let Some(value) = self.of(inner, depth + 1) {
                map.insert(name.clone(), value);
            }
        }
        if map.is_empty()
            && let Some(inner) = schema.get("additionalProperties").filter(|inner| inner.is_object())
            && let Some(value) = self.of(inner, depth + 1)
        {
            map.insert("key".to_owned(), value);
        }
        map
    }

    fn array(&mut self, schema: &'s Value, depth: usize) -> Value {
        let most = schema.get("maxItems").and_then(Value::as_u64).unwrap_or(LONGEST);
        let count = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, LONGEST).min(most);
        let nothing = &Value::Null;
        let items = schema.get("items").unwrap_or(nothing);
        let one = self.of(items, depth + 1);
        let one = one.filter(|value| !value.is_null() || items.is_object());
        Value::Array(one.map_or(Vec::new(), |one| (0..count).map(|_| one.clone()).collect()))
    }
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|k| *k != "null").unwrap_or("null"),
        _ if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ if schema.get("format").is_some() || schema.get("pattern").is_some() => "string",
        _ => "",
    }
}

/// The least number that bounds and steps allow; zero where they allow it.
fn least(schema: &Value) -> f64 {
    let get = |name: &str| schema.get(name).and_then(Value::as_f64);
    let flag = |name: &str| schema.get(name).and_then(Value::as_bool) == Some(true);
    let mut least = 0.0_f64;
    if let Some(minimum) = get("minimum") {
        least = minimum + if flag("exclusiveMinimum") { 1.0 } else { 0.0 };
    } else if let Some(minimum) = get("exclusiveMinimum") {
        least = minimum + 1.0;
    }
    if let Some(maximum) = get("maximum").or_else(|| get("exclusiveMaximum"))
        && maximum < least
    {
        least = maximum;
    }
    if let Some(step) = get("multipleOf").filter(|step| *step > 0.0) {
        least = (least / step).ceil() * step;
    }
    least
}

fn integer(schema: &Value) -> Value {
    json!(least(schema).ceil() as i64)
}

fn number(schema: &Value) -> Value {
    json!(least(schema))
}

fn text(schema: &Value) -> String {
    let usual = match schema.get("format").and_then(Value::as_str) {
        Some("date") => return "2024-01-01".to_owned(),
        Some("date-time") => return "2024-01-01T00:00:00Z".to_owned(),
        Some("time") => return "00:00:00Z".to_owned(),
        Some("duration") => return "P1D".to_owned(),
        Some("uuid") => return "00000000-0000-0000-0000-000000000000".to_owned(),
        Some("email") => return "user@example.com".to_owned(),
        Some("uri" | "url" | "uri-reference") => return "https://example.com".to_owned(),
        Some("hostname") => return "example.com".to_owned(),
        Some("ipv4") => return "192.0.2.1".to_owned(),
        Some("ipv6") => return "2001:db8::1".to_owned(),
        Some("byte") => return "c3RyaW5n".to_owned(),
        _ => "string",
    };
    let get = |name: &str| schema.get(name).and_then(Value::as_u64);
    let least = usize::try_from(get("minLength").unwrap_or(0).min(LONGEST)).unwrap_or(0);
    let most = usize::try_from(get("maxLength").unwrap_or(LONGEST)).unwrap_or(usize::MAX);
    let length = usual.len().max(least).min(most);
    usual.chars().cycle().take(length).collect()
}

/// A sample written as XML, with this name for its root.
pub(crate) fn xml(value: &Value, root: &str) -> String {
    let mut out = String::new();
    element(&mut out, root, value);
    out
}

fn element(out: &mut String, name: &str, value: &Value) {
    // A name that is none in XML cannot be written; such properties are left out.
    let fine = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if !fine {
        return;
    }
    if let Value::Array(items) = value {
        items.iter().for_each(|item| element(out, name, item));
        return;
    }
    out.push('<');
    out.push_str(name);
    out.push('>');
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| element(out, name, inner)),
        Value::String(text) => {
            out.push_str(&text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
        }
        Value::Null | Value::Array(_) => {}
        other => out.push_str(&other.to_string()),
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(schema: Value) -> Value {
        sample(&schema, &Value::Null)
    }

    #[test]
    fn a_sample_follows_references_prefers_examples_and_does_not_contain_itself() {
        let root = json!({ "components": { "schemas": { "Item": { "type": "object", "properties": {
            "id": { "type": "integer" }, "name": { "type": "string", "example": "lamp" }, "secret": { "type": "string", "writeOnly": true },
            "self": { "$ref": "#/components/schemas/Item" }, "parts": { "type": "array", "items": { "$ref": "#/components/schemas/Item" } }
        }}}}});
        let one = sample(&json!({ "type": "array", "items": { "$ref": "#/components/schemas/Item" } }), &root);
        assert_eq!(one, json!([{ "id": 0, "name": "lamp", "parts": [] }]));
        assert_eq!(sample(&json!({ "$ref": "#/definitions/None" }), &root), Value::Null);
    }

    #[test]
    fn bounds_and_formats_are_met() {
        assert_eq!(of(json!({ "type": "integer", "minimum": 5, "multipleOf": 4 })), json!(8));
        assert_eq!(of(json!({ "type": "integer", "minimum": 5, "exclusiveMinimum": true })), json!(6));
        assert_eq!(of(json!({ "type": "number", "maximum": -1.5 })), json!(-1.5));
        assert_eq!(of(json!({ "type": "string", "minLength": 8 })), json!("stringst"));
        assert_eq!(of(json!({ "type": "string", "maxLength": 3 })), json!("str"));
        assert_eq!(of(json!({ "type": "array", "minItems": 2, "items": { "type": "boolean" } })), json!([true, true]));
        assert_eq!(of(json!({ "type": ["null", "string"], "format": "date" })), json!("2024-01-01"));
        assert_eq!(of(json!({ "enum": ["a", "b"] })), json!("a"));
        assert_eq!(of(json!({ "oneOf": [{ "type": "null" }, { "type": "integer" }] })), json!(0));
        assert_eq!(of(json!({ "type": "object", "additionalProperties": { "type": "integer" } })), json!({ "key": 0 }));
        assert_eq!(
            of(
                json!({ "allOf": [{ "properties": { "a": { "type": "integer" } } }], "properties": { "b": { "type": "boolean" } } })
            ),
            json!({ "a": 0, "b": true })
        );
    }

    #[test]
    fn a_schema_that_fans_out_gives_a_sample_of_bounded_size() {
        let properties: Map<String, Value> =
            (0..30).map(|n| (format!("p{n}"), json!({ "$ref": format!("#/definitions/L{}", n % 3) }))).collect();
        let mut definitions = Map::new();
        for level in 0..12 {
            let inner: Map<String, Value> = (0..30)
                .map(|n| (format!("p{n}"), json!({ "$ref": format!("#/definitions/L{}", level + 1) })))
                .collect();
            definitions.insert(format!("L{level}"), json!({ "properties": inner }));
        }
        let root = json!({ "definitions": definitions });
        let text = sample(&json!({ "properties": properties }), &root).to_string();
        assert!(text.len() < 200_000, "{}", text.len());
        assert_eq!(
            of(json!({ "type": "array", "minItems": 1_000_000_000_u64, "items": { "type": "integer" } }))
                .as_array()
                .map(Vec::len),
            Some(100)
        );
    }

    #[test]
    fn a_sample_is_written_as_xml() {
        let value = json!({ "id": 1, "tags": ["a<b", "c"], "no name": 1, "nothing": null });
        assert_eq!(xml(&value, "item"), "<item><id>1</id><tags>a&lt;b</tags><tags>c</tags><nothing></nothing></item>");
    }
}
