//! JSON schemas as the validation policies use them: OpenAPI's dialect, drafts, overrides, and messages in Newtonsoft's words.
//!
//! Source: validate-content policy reference; messages as Json.NET Schema words them.

use std::sync::Arc;

use apimite_model::Service;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::LocationSegment;
use jsonschema::{Draft, Retrieve, Uri, ValidationError, Validator};
use serde_json::{Map, Value};

use super::place::{self, Step};

/// Largest schema.
///
/// Source: validate-content policy reference: 4 MB; a larger one gives errors at run time.
pub(crate) const SCHEMA_LIMIT: usize = 4 << 20;
/// Deepest schema that is rewritten; deeper ones are refused.
const DEEPEST: usize = 100;
/// Steps a pattern may take on one text.
const PATTERN_STEPS: usize = 100_000;

/// What the policy changes in a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Overrides {
    /// `allow-additional-properties`
    pub(crate) additional: Option<bool>,
    /// `case-insensitive-property-names`
    pub(crate) fold_names: bool,
}

/// A compiled schema.
#[derive(Debug)]
pub(crate) struct Schema {
    validator: Validator,
    fold_names: bool,
}

/// How a body or value misses its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Miss {
    /// In Newtonsoft's words.
    pub(crate) message: String,
    /// From 1.
    pub(crate) line: usize,
    /// From 1.
    pub(crate) position: usize,
}

/// Finds the schemas of the service for references such as `/schemas/address`; everything else is refused: nothing is fetched.
struct Named(Arc<Service>);

impl Retrieve for Named {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let id = uri.path().as_str().rsplit_once("/schemas/").map(|(_, id)| id);
        let local = uri.scheme().as_str() == "json-schema";
        let text = id.filter(|_| local).and_then(|id| self.0.schemas.get(id)).map(|schema| &schema.text);
        let Some(text) = text else { return Err(format!("`{uri}` is no schema of this service").into()) };
        let mut schema: Value = serde_json::from_str(text)?;
        translate(&mut schema)?;
        Ok(schema)
    }
}

impl Schema {
    /// Compiles the schema at `part` (such as `#/components/schemas/Order`; the whole document when `None`) of a document.
    ///
    /// # Errors
    /// Why it is no schema, in a sentence.
    pub(crate) fn new(
        mut document: Value,
        part: Option<&Value>,
        overrides: Overrides,
        service: &Arc<Service>,
    ) -> Result<Self, String> {
        translate(&mut document)?;
        let mut root = match part {
            Some(part) => {
                let mut part = part.clone();
                translate(&mut part)?;
                let mut all = match document {
                    Value::Object(map) => map,
                    _ => Map::new(),
                };
                // What stands beside a reference is not looked at, so the part goes into a list.
                for key in ["$ref", "$id", "id", "allOf"] {
                    all.remove(key);
                }
                all.insert("allOf".into(), Value::Array(vec![part]));
                Value::Object(all)
            }
            None => document,
        };
        change(&mut root, overrides)?;
        let draft = draft_of(&mut root);
        let validator = jsonschema::options()
            .with_draft(draft)
            .with_retriever(Named(Arc::clone(service)))
            .should_validate_formats(true)
            // Draft 4 has no names for these two, OpenAPI does.
            .with_format("uuid", |text: &str| uuid::Uuid::parse_str(text).is_ok())
            .with_format("date", |text: &str| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok())
            .with_pattern_options(jsonschema::PatternOptions::fancy_regex().backtrack_limit(PATTERN_STEPS))
            .build(&root)
            .map_err(|error| error.to_string())?;
        Ok(Self { validator, fold_names: overrides.fold_names })
    }

    /// What is wrong with a text; nothing when it fits.
    ///
    /// # Errors
    /// The parser's sentence when it is no JSON.
    pub(crate) fn check(&self, text: &str) -> Result<Vec<Miss>, String> {
        let mut value: Value = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let full = error.to_string();
            let what = full.split(" at line ").next().unwrap_or("not valid").to_owned();
            format!("The body is no JSON: {what}. Line: {line}, Position: {column}")
        })?;
        if self.fold_names {
            fold(&mut value);
        }
        Ok(self.misses(&value, Some(text)))
    }

    /// What is wrong with a value that stands alone.
    pub(crate) fn check_value(&self, value: &Value, length: usize) -> Vec<Miss> {
        let mut misses = self.misses(value, None);
        for miss in &mut misses {
            (miss.line, miss.position) = (1, length);
        }
        misses
    }

    fn misses(&self, value: &Value, text: Option<&str>) -> Vec<Miss> {
        let mut misses: Vec<Miss> = Vec::new();
        let mut absent: Option<(Vec<Step>, Vec<String>)> = None;
        let locate = |path: &[Step]| text.map_or((0, 0), |text| place::of(text, path, self.fold_names));
        let close = |absent: &mut Option<(Vec<Step>, Vec<String>)>, misses: &mut Vec<Miss>| {
            if let Some((path, names)) = absent.take() {
                let (line, position) = locate(&path);
                let message = format!("Required properties are missing from object: {}.", names.join(", "));
                misses.push(Miss { message, line, position });
            }
        };
        for error in self.validator.iter_errors(value).take(super::MOST) {
            let path = steps(&error);
            if let ValidationErrorKind::Required { property } = error.kind() {
                let name = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
                match &mut absent {
                    Some((same, names)) if *same == path => names.push(name),
                    _ => {
                        close(&mut absent, &mut misses);
                        absent = Some((path, vec![name]));
                    }
                }
                continue;
            }
            close(&mut absent, &mut misses);
            if let ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } = error.kind()
            {
                for name in unexpected {
                    let inner: Vec<Step> = path.iter().cloned().chain([Step::Name(name.clone())]).collect();
                    let (line, position) = locate(&inner);
                    let message = format!(
                        "Property '{name}' has not been defined and the schema does not allow additional properties."
                    );
                    misses.push(Miss { message, line, position });
                }
                continue;
            }
            let (line, position) = locate(&path);
            misses.push(Miss { message: words(&error), line, position });
        }
        close(&mut absent, &mut misses);
        misses
    }
}

fn steps(error: &ValidationError<'_>) -> Vec<Step> {
    error
        .instance_path()
        .into_iter()
        .map(|segment| match segment {
            LocationSegment::Property(name) => Step::Name(name.to_string()),
            LocationSegment::Index(index) => Step::Index(index),
        })
        .collect()
}

/// The draft of a schema: the one it names, else draft 4 unless it uses what came later.
fn draft_of(root: &mut Value) -> Draft {
    if let Some(named) = root.get("$schema").and_then(Value::as_str) {
        let drafts = [
            ("draft-04", Draft::Draft4),
            ("draft-06", Draft::Draft6),
            ("draft-07", Draft::Draft7),
            ("2019-09", Draft::Draft201909),
            ("2020-12", Draft::Draft202012),
        ];
        if let Some((_, draft)) = drafts.into_iter().find(|(part, _)| named.contains(part)) {
            return draft;
        }
    }
    if uses(root, &["$defs", "prefixItems", "dependentRequired", "dependentSchemas", "unevaluatedProperties"]) {
        return Draft::Draft202012;
    }
    let later = ["const", "contains", "propertyNames", "if", "exclusiveMinimum", "exclusiveMaximum"];
    if uses(root, &later) { Draft::Draft7 } else { Draft::Draft4 }
}

fn uses(schema: &mut Value, keys: &[&str]) -> bool {
    let mut found = false;
    let _ = each(schema, 0, &mut |map| found |= keys.iter().any(|key| map.contains_key(*key)));
    found
}

/// Keywords whose members are schemas under names of their own.
const NAMED: [&str; 6] = ["properties", "patternProperties", "definitions", "$defs", "schemas", "dependentSchemas"];
/// Keywords whose values are no schemas.
const PLAIN: [&str; 6] = ["enum", "const", "default", "required", "example", "examples"];

/// Visits every schema of a document, the outer before the inner.
fn each(schema: &mut Value, depth: usize, act: &mut impl FnMut(&mut Map<String, Value>)) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("the schema is nested deeper than {DEEPEST} levels"));
    }
    match schema {
        Value::Object(map) => {
            act(map);
            for (key, inner) in map.iter_mut() {
                match inner {
                    Value::Object(named) if NAMED.contains(&key.as_str()) => {
                        for inner in named.values_mut() {
                            each(inner, depth + 1, act)?;
                        }
                    }
                    _ if PLAIN.contains(&key.as_str()) => {}
                    inner => each(inner, depth + 1, act)?,
                }
            }
        }
        Value::Array(list) => {
            for inner in list {
                each(inner, depth + 1, act)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// From OpenAPI's dialect: `nullable` becomes the type `null`, a Boolean `exclusiveMinimum` a limit of its own.
fn translate(schema: &mut Value) -> Result<(), String> {
    each(schema, 0, &mut |map| {
        for (limit, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
            if let Some(Value::Bool(is_exclusive)) = map.get(exclusive) {
                let is_exclusive = *is_exclusive;
                map.shift_remove(exclusive);
                if is_exclusive && let Some(number) = map.shift_remove(limit) {
                    map.insert(exclusive.into(), number);
                }
            }
        }
        for key in ["example", "examples", "discriminator", "xml", "externalDocs"] {
            map.shift_remove(key);
        }
        if map.shift_remove("nullable") != Some(Value::Bool(true)) {
            return;
        }
        if let Some(Value::String(name)) = map.get("type") {
            let both = Value::Array(vec![name.clone().into(), "null".into()]);
            map.insert("type".into(), both);
        }
        if let Some(Value::Array(values)) = map.get_mut("enum")
            && !values.contains(&Value::Null)
        {
            values.push(Value::Null);
        }
        if map.contains_key("$ref") {
            let inner = Value::Object(std::mem::take(map));
            let null = serde_json::json!({ "type": "null" });
            map.insert("anyOf".into(), Value::Array(vec![inner, null]));
        }
    })
}

/// Applies what the policy changes.
fn change(schema: &mut Value, overrides: Overrides) -> Result<(), String> {
    each(schema, 0, &mut |map| {
        match overrides.additional {
            Some(true) => {
                map.shift_remove("additionalProperties");
                map.shift_remove("unevaluatedProperties");
            }
            Some(false) if map.get("properties").is_some_and(Value::is_object) => {
                map.insert("additionalProperties".into(), Value::Bool(false));
            }
            _ => {}
        }
        if !overrides.fold_names {
            return;
        }
        if let Some(Value::Object(properties)) = map.get_mut("properties") {
            let folded = std::mem::take(properties);
            properties.extend(folded.into_iter().map(|(name, inner)| (name.to_lowercase(), inner)));
        }
        if let Some(Value::Array(required)) = map.get_mut("required") {
            for name in required {
                if let Value::String(text) = name {
                    *text = text.to_lowercase();
                }
            }
        }
    })
}

/// Lower-case names all through a value.
fn fold(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let old = std::mem::take(map);
            map.extend(old.into_iter().map(|(name, mut inner)| {
                fold(&mut inner);
                (name.to_lowercase(), inner)
            }));
        }
        Value::Array(list) => list.iter_mut().for_each(fold),
        _ => {}
    }
}

/// The name of a value's type in messages.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.is_f64() => "Number",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A message as Json.NET Schema words it.
fn words(error: &ValidationError<'_>) -> String {
    use ValidationErrorKind as Is;
    let value = error.instance().as_ref();
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let number = if matches!(type_of(value), "Integer") { "Integer" } else { "Float" };
    let count = match value {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    };
    match error.kind() {
        Is::Type { kind } => {
            let wanted: Vec<String> = match kind {
                TypeKind::Single(one) => vec![capital(&one.to_string())],
                TypeKind::Multiple(many) => many.iter().map(|one| capital(&one.to_string())).collect(),
            };
            format!("Invalid type. Expected {} but got {}.", wanted.join(", "), type_of(value))
        }
        Is::Maximum { limit } => format!("{number} {text} exceeds maximum value of {limit}."),
        Is::Minimum { limit } => format!("{number} {text} is less than minimum value of {limit}."),
        Is::ExclusiveMaximum { limit } if value == limit => {
            format!("{number} {text} equals maximum value of {limit} and exclusive maximum is true.")
        }
        Is::ExclusiveMaximum { limit } => format!("{number} {text} exceeds maximum value of {limit}."),
        Is::ExclusiveMinimum { limit } if value == limit => {
            format!("{number} {text} equals minimum value of {limit} and exclusive minimum is true.")
        }
        Is::ExclusiveMinimum { limit } => format!("{number} {text} is less than minimum value of {limit}."),
        Is::MultipleOf { multiple_of } => format!("{number} {text} is not a multiple of {multiple_of}."),
        Is::MaxLength { limit } => format!("String '{text}' exceeds maximum length of {limit}."),
        Is::MinLength { limit } => format!("String '{text}' is less than minimum length of {limit}."),
        Is::Pattern { pattern } => format!("String '{text}' does not match regex pattern '{pattern}'."),
        Is::Format { format } => format!("String '{text}' does not validate against format '{format}'."),
        Is::Enum { .. } => format!("Value {value} is not defined in enum."),
        Is::Constant { .. } => format!("Value {value} does not match const."),
        Is::MaxItems { limit } => format!("Array item count {count} exceeds maximum count of {limit}."),
        Is::MinItems { limit } => format!("Array item count {count} is less than minimum count of {limit}."),
        Is::MaxProperties { limit } => format!("Object property count {count} exceeds maximum count of {limit}."),
        Is::MinProperties { limit } => format!("Object property count {count} is less than minimum count of {limit}."),
        Is::UniqueItems => "Non-unique array item.".to_owned(),
        Is::Contains => "No items match contains.".to_owned(),
        Is::AdditionalItems { .. } | Is::UnevaluatedItems { .. } => {
            "Index has not been defined and the schema does not allow additional items.".to_owned()
        }
        Is::AnyOf { .. } => "JSON does not match any schemas from 'anyOf'.".to_owned(),
        Is::OneOfNotValid { .. } => "JSON is valid against no schemas from 'oneOf'.".to_owned(),
        Is::OneOfMultipleValid { .. } => "JSON is valid against more than one schema from 'oneOf'.".to_owned(),
        Is::Not { .. } => "JSON is valid against schema from 'not'.".to_owned(),
        Is::FalseSchema => "Schema always fails validation.".to_owned(),
        Is::PropertyNames { .. } => "Property name does not match schema.".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(text: &str, overrides: Overrides) -> Result<Schema, String> {
        let service = Arc::new(Service::new("s"));
        Schema::new(serde_json::from_str(text).unwrap(), None, overrides, &service)
    }

    fn messages(schema: &Schema, text: &str) -> Vec<String> {
        let misses = schema.check(text).unwrap();
        misses.into_iter().map(|miss| format!("{} {}:{}", miss.message, miss.line, miss.position)).collect()
    }

    const ORDER: &str = r#"{"type": "object", "required": ["id", "name"], "properties": {
        "id": {"type": "integer", "minimum": 1, "exclusiveMinimum": true},
        "name": {"type": "string", "nullable": true, "maxLength": 3}, "nullable": {"type": "string", "format": "email"}}}"#;

    #[test]
    fn messages_are_in_the_words_of_json_net() {
        let order = schema(ORDER, Overrides::default()).unwrap();
        assert!(messages(&order, r#"{"id": 2, "name": null, "more": 1}"#).is_empty());
        assert_eq!(messages(&order, "{}"), ["Required properties are missing from object: id, name. 1:1"]);
        assert_eq!(
            messages(&order, "{\"id\": \"x\",\n \"name\": \"long\"}"),
            ["Invalid type. Expected Integer but got String. 1:10", "String 'long' exceeds maximum length of 3. 2:15"]
        );
        assert_eq!(
            messages(&order, r#"{"id": 1, "name": "a"}"#),
            ["Integer 1 equals minimum value of 1 and exclusive minimum is true. 1:8"]
        );
    }

    #[test]
    fn additional_properties_and_case_are_overridden() {
        let closed = schema(ORDER, Overrides { additional: Some(false), ..Overrides::default() }).unwrap();
        assert_eq!(
            messages(&closed, r#"{"id": 2, "name": "a", "x": 1}"#),
            ["Property 'x' has not been defined and the schema does not allow additional properties. 1:29"]
        );
        let folded = schema(ORDER, Overrides { fold_names: true, ..Overrides::default() }).unwrap();
        assert!(messages(&folded, r#"{"ID": 2, "Name": "a"}"#).is_empty());
    }

    #[test]
    fn nothing_is_fetched() {
        let error = schema(r#"{"$ref": "http://127.0.0.1:1/secret.json"}"#, Overrides::default()).unwrap_err();
        assert!(error.contains("no schema of this service"), "{error}");
        let error = schema(r#"{"$ref": "file:///etc/passwd"}"#, Overrides::default()).unwrap_err();
        assert!(error.contains("no schema of this service"), "{error}");
    }

    #[test]
    fn deep_schemas_and_bodies_are_refused_and_not_followed() {
        let deep = format!("{}{{}}{}", "{\"items\":".repeat(120), "}".repeat(120));
        assert!(schema(&deep, Overrides::default()).unwrap_err().contains("deeper"));
        let any = schema("{}", Overrides::default()).unwrap();
        assert!(any.check(&"[".repeat(100_000)).is_err());
        let circle = r##"{"$ref": "#/definitions/a", "definitions": {"a": {"properties": {"a": {"$ref": "#/definitions/a"}}}}}"##;
        assert!(messages(&schema(circle, Overrides::default()).unwrap(), r#"{"a": {"a": {}}}"#).is_empty());
    }

    #[test]
    fn a_pattern_cannot_hang() {
        let slow = schema(r#"{"pattern": "^(a+)+(?=b)$"}"#, Overrides::default()).unwrap();
        assert_eq!(messages(&slow, &format!("\"{}\"", "a".repeat(60))).len(), 1);
    }
}
