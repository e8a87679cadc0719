//! Finds and keeps the compiled schemas of messages: those of operations by their place, those of the service by name.

use std::collections::HashMap;
use std::sync::Arc;

use apimite_model::{Api, Parameter, Representation, SchemaText, Service};
use apimite_policy::exchange::Exchange;
use parking_lot::RwLock;
use serde_json::{Value, json};

use super::json::{Overrides, SCHEMA_LIMIT, Schema};
use super::xml::XmlSchemas;

/// A compiled schema, or why there is none.
#[derive(Clone, Debug)]
pub(crate) enum Compiled {
    /// JSON.
    Json(Arc<Schema>),
    /// XML.
    Xml(Arc<XmlSchemas>),
    /// The definition names no schema: there is nothing to check.
    Nothing,
    /// The schema is not there or cannot be used.
    Missing(Missing),
}

/// Why a schema cannot be used.
#[derive(Clone, Debug)]
pub(crate) enum Missing {
    /// The document does not exist, or is too large, or is none.
    Schema(String),
    /// The document has no such definition.
    Definition(String),
}

/// How a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Format {
    Json,
    Xml,
    Soap,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    /// The address of the part of the definition; it stays while the service is held.
    part: usize,
    format: Format,
    overrides: Overrides,
}

/// The schemas of the service in force.
#[derive(Default)]
pub(crate) struct Schemas(RwLock<Kept>);

#[derive(Default)]
struct Kept {
    service: Option<Arc<Service>>,
    all: HashMap<Key, Compiled>,
}

impl Schemas {
    fn get(&self, service: &Arc<Service>, key: Key, make: impl FnOnce() -> Compiled) -> Compiled {
        {
            let kept = self.0.read();
            if kept.service.as_ref().is_some_and(|held| Arc::ptr_eq(held, service))
                && let Some(found) = kept.all.get(&key)
            {
                return found.clone();
            }
        }
        let made = make();
        let mut kept = self.0.write();
        if !kept.service.as_ref().is_some_and(|held| Arc::ptr_eq(held, service)) {
            *kept = Kept { service: Some(Arc::clone(service)), all: HashMap::new() };
        }
        kept.all.insert(key, made.clone());
        made
    }

    /// The schema of a body in the definition of an operation.
    pub(crate) fn of_body(
        &self,
        exchange: &Exchange,
        shape: &Representation,
        format: Format,
        overrides: Overrides,
    ) -> Compiled {
        let part = std::ptr::from_ref(shape) as usize;
        self.get(&exchange.service, Key { part, format, overrides }, || {
            let Some(api) = &exchange.api else { return Compiled::Nothing };
            body(api, shape, format, overrides, &exchange.service)
        })
    }

    /// The schema of a parameter or header.
    pub(crate) fn of_parameter(&self, exchange: &Exchange, parameter: &Parameter) -> Compiled {
        let part = std::ptr::from_ref(parameter) as usize;
        let key = Key { part, format: Format::Json, overrides: Overrides::default() };
        self.get(&exchange.service, key, || {
            let Some(text) = &parameter.schema else { return Compiled::Nothing };
            let mut schema: Value = match serde_json::from_str(text) {
                Ok(schema) => schema,
                Err(error) => return Compiled::Missing(Missing::Schema(error.to_string())),
            };
            if !parameter.values.is_empty()
                && let Value::Object(map) = &mut schema
                && map.get("type").is_none_or(|kind| kind == "string")
                && !map.contains_key("$ref")
            {
                map.entry("enum").or_insert_with(|| json!(parameter.values));
            }
            let document = exchange.api.as_deref().and_then(components).and_then(|text| parsed(&text.text).ok());
            json_schema(document.unwrap_or_default(), Some(&schema), Overrides::default(), &exchange.service)
        })
    }
}

/// The schema document of an API that references of its operations lead into.
fn components(api: &Api) -> Option<&SchemaText> {
    api.schemas.iter().find(|schema| schema.text.trim_start().starts_with('{'))
}

fn parsed(text: &str) -> Result<Value, String> {
    if text.len() > SCHEMA_LIMIT {
        return Err(format!("the schema is larger than {SCHEMA_LIMIT} bytes"));
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn json_schema(document: Value, part: Option<&Value>, overrides: Overrides, service: &Arc<Service>) -> Compiled {
    match Schema::new(document, part, overrides, service) {
        Ok(schema) => Compiled::Json(Arc::new(schema)),
        Err(error) => Compiled::Missing(Missing::Schema(error)),
    }
}

fn xml_schemas(text: &SchemaText, service: &Arc<Service>) -> Compiled {
    if text.text.len() > SCHEMA_LIMIT {
        return Compiled::Missing(Missing::Schema(format!("the schema is larger than {SCHEMA_LIMIT} bytes")));
    }
    match XmlSchemas::new(&text.text, service) {
        Ok(schemas) => Compiled::Xml(Arc::new(schemas)),
        Err(error) => Compiled::Missing(Missing::Schema(error)),
    }
}

fn body(api: &Api, shape: &Representation, format: Format, overrides: Overrides, service: &Arc<Service>) -> Compiled {
    let by_id = shape.schema_id.as_deref().map(|id| (id, api.schemas.iter().find(|schema| *schema.id == *id)));
    if format != Format::Json {
        let xml = match by_id {
            Some((_, found)) => found,
            None => api.schemas.iter().find(|schema| schema.text.trim_start().starts_with('<')),
        };
        return xml.map_or(Compiled::Missing(Missing::Schema(String::new())), |text| xml_schemas(text, service));
    }
    let document = match by_id {
        Some((id, None)) => {
            return Compiled::Missing(Missing::Schema(format!("the API has no schema `{id}`")));
        }
        Some((_, Some(text))) => match parsed(&text.text) {
            Ok(document) => document,
            Err(error) => return Compiled::Missing(Missing::Schema(error)),
        },
        None => Value::Object(serde_json::Map::new()),
    };
    let part: Value = match (&shape.schema, &shape.type_name) {
        (Some(text), _) => match serde_json::from_str(text) {
            Ok(part) => part,
            Err(error) => return Compiled::Missing(Missing::Schema(error.to_string())),
        },
        (None, Some(name)) => {
            let places = ["components/schemas", "definitions", "$defs"];
            let Some(place) = places.iter().find(|place| document.pointer(&format!("/{place}/{name}")).is_some())
            else {
                return Compiled::Missing(Missing::Definition(name.to_string()));
            };
            json!({ "$ref": format!("#/{place}/{name}") })
        }
        (None, None) => return Compiled::Nothing,
    };
    json_schema(document, Some(&part), overrides, service)
}

/// A schema of the service by name; `reference` leads to a part of it.
pub(crate) fn named(
    service: &Service,
    id: &str,
    reference: Option<&str>,
    format: Format,
    overrides: Overrides,
) -> Compiled {
    let Some(text) = service.schemas.get(id) else {
        return Compiled::Missing(Missing::Schema(format!("the service has no schema `{id}`")));
    };
    // The compiled schema keeps only the schemas of the service, not the service.
    let mut others = Service::new(&service.name);
    others.schemas.clone_from(&service.schemas);
    let others = Arc::new(others);
    if format != Format::Json {
        return xml_schemas(text, &others);
    }
    let document = match parsed(&text.text) {
        Ok(document) => document,
        Err(error) => return Compiled::Missing(Missing::Schema(error)),
    };
    let Some(reference) = reference.filter(|reference| !reference.is_empty()) else {
        return json_schema(document, None, overrides, &others);
    };
    if document.pointer(reference.trim_start_matches('#')).is_none() {
        return Compiled::Missing(Missing::Definition(reference.to_owned()));
    }
    let part = json!({ "$ref": format!("#{}", reference.trim_start_matches('#')) });
    json_schema(document, Some(&part), overrides, &others)
}
