//! Parameters and headers against their definitions.

use apimite_model::{Parameter, ParameterStyle};
use apimite_policy::exchange::Exchange;
use serde_json::Value;

use super::names::Part;
use super::schemas::{Compiled, Missing, Schemas};
use super::{Action, Problem};

/// Most characters of one value that are looked at.
const LONGEST: usize = 1 << 20;

/// What is wrong with the values of a declared parameter; `members` are those of one that is written as `name[member]=value`.
pub(crate) fn check(
    exchange: &Exchange,
    schemas: &Schemas,
    parameter: &Parameter,
    part: Part,
    values: &[String],
    members: &[(String, String)],
    action: Action,
) -> Vec<Problem> {
    let (name, words) = (&*parameter.name, part.words());
    let problem = |rule, details: String, public: Option<String>| Problem {
        name: name.to_owned(),
        kind: part.kind(),
        rule,
        details,
        public: public.filter(|_| part.is_of_request()),
        action,
    };
    let both = |rule, text: String| vec![problem(rule, text.clone(), Some(text))];
    let nonconforming = |message: &str| {
        let text =
            |start: &str| format!("{start} of the {words} {name} does not conform to the definition.\n\n{message}");
        problem("IncorrectMessage", text("Value"), Some(text("The value")))
    };
    if values.is_empty() && members.is_empty() {
        let absent = parameter.required && parameter.default.is_none();
        return if absent { vec![nonconforming("The value is required.")] } else { Vec::new() };
    }
    let schema = match schemas.of_parameter(exchange, parameter) {
        Compiled::Json(schema) => schema,
        Compiled::Nothing | Compiled::Xml(_) => return Vec::new(),
        Compiled::Missing(Missing::Definition(definition)) => {
            let details = format!(
                "API's schema does not contain definition {definition}, which is associated with the {words} {name}."
            );
            return vec![problem("MissingDefinition", details, None)];
        }
        Compiled::Missing(Missing::Schema(error)) => {
            let mut start = words.chars();
            let start: String = start.next().into_iter().flat_map(char::to_uppercase).chain(start).collect();
            return vec![problem("ValidationError", format!("{start} {name} cannot be validated.\n\n{error}"), None)];
        }
    };
    let kinds = kinds(parameter);
    let is = |kind: &str| kinds.iter().any(|one| one == kind);
    if values.len() > 1 && !is("array") && !kinds.is_empty() {
        let text = if part.is_of_request() {
            format!("Request cannot contain multiple values for the {words} {name}.")
        } else {
            format!("Response cannot contain multiple values for the header {name}.")
        };
        return both("IncorrectMessage", text);
    }
    let texts = || values.iter().chain(members.iter().map(|(_, value)| value));
    let length = texts().next().map_or(0, |value| value.chars().count());
    if texts().any(|value| value.len() > LONGEST) {
        return both("IncorrectMessage", format!("Value of the {words} {name} is too long."));
    }
    let value = if !members.is_empty() {
        object(parameter, members)
    } else if is("array") {
        let items = item_kinds(parameter);
        let list: Vec<&str> = match values {
            [one] if one.is_empty() => Vec::new(),
            [one] if let Some(separator) = separator(parameter) => one.split(separator).map(str::trim).collect(),
            all => all.iter().map(String::as_str).collect(),
        };
        list.into_iter().map(|item| typed(item, &items)).collect::<Result<Vec<_>, _>>().map(Value::Array)
    } else {
        typed(values.first().map_or("", String::as_str), &kinds)
    };
    match value {
        Ok(value) => {
            let misses = schema.check_value(&value, length);
            misses
                .into_iter()
                .map(|miss| {
                    nonconforming(&format!("{} Line: {}, Position: {}", miss.message, miss.line, miss.position))
                })
                .collect()
        }
        Err(error) => {
            let details =
                format!("Value of the {words} {name} cannot be parsed according to the definition.\n\n{error}");
            let public =
                format!("Value of the {words} {name} couldn't be parsed according to the definition.\n\n{error}");
            vec![problem("IncorrectMessage", details, Some(public))]
        }
    }
}

/// What stands between the items of a list in one value.
const fn separator(parameter: &Parameter) -> Option<char> {
    match parameter.style {
        ParameterStyle::List(separator) => Some(separator),
        ParameterStyle::Deep => Some(','),
        ParameterStyle::Repeated => None,
    }
}

/// The members of an object, each as its property is typed.
fn object(parameter: &Parameter, members: &[(String, String)]) -> Result<Value, String> {
    let schema: Option<Value> = parameter.schema.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let mut object = serde_json::Map::new();
    for (name, text) in members {
        let own = schema.as_ref().and_then(|schema| schema.get("properties")?.get(name));
        let kinds = types(own);
        let value = if kinds.iter().any(|kind| kind == "array") {
            let items = types(own.and_then(|own| own.get("items")));
            let mut list = match object.remove(name) {
                Some(Value::Array(list)) => list,
                _ => Vec::new(),
            };
            list.push(typed(text, &items)?);
            Value::Array(list)
        } else {
            typed(text, &kinds)?
        };
        object.insert(name.clone(), value);
    }
    Ok(Value::Object(object))
}

/// The problem of a part that no definition knows.
pub(crate) fn unspecified(name: &str, part: Part, action: Action) -> Problem {
    let details = format!("Unspecified {} {name} is not allowed.", part.words());
    let public = part.is_of_request().then(|| details.clone());
    Problem { name: name.to_owned(), kind: part.kind(), rule: "Unspecified", details, public, action }
}

fn kinds(parameter: &Parameter) -> Vec<String> {
    types(parameter.schema.as_deref().and_then(|text| serde_json::from_str(text).ok()).as_ref())
}

fn item_kinds(parameter: &Parameter) -> Vec<String> {
    let schema: Option<Value> = parameter.schema.as_deref().and_then(|text| serde_json::from_str(text).ok());
    types(schema.as_ref().and_then(|schema| schema.get("items")))
}

fn types(schema: Option<&Value>) -> Vec<String> {
    match schema.and_then(|schema| schema.get("type")) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A text as a value of one of these types; without types it stays text, or becomes what it reads as in JSON.
fn typed(text: &str, kinds: &[String]) -> Result<Value, String> {
    let is = |kind: &str| kinds.iter().any(|one| one == kind);
    if is("string") {
        return Ok(Value::String(text.to_owned()));
    }
    let read: Option<Value> = serde_json::from_str(text).ok();
    if kinds.is_empty() {
        return Ok(read.filter(|value| !value.is_object()).unwrap_or_else(|| Value::String(text.to_owned())));
    }
    let lower = text.to_ascii_lowercase();
    if is("boolean") && (lower == "true" || lower == "false") {
        return Ok(Value::Bool(lower == "true"));
    }
    match read {
        Some(value) => Ok(value),
        None => {
            Err(format!("Unexpected character encountered while parsing value: {}. Path '', line 1, position 1.", {
                text.chars().next().map_or_else(|| "end of text".to_owned(), String::from)
            }))
        }
    }
}
