//! Values of arguments, and of results as their types want them.

use apollo_compiler::Schema;
use apollo_compiler::ast;
use apollo_compiler::executable::Field;
use apollo_compiler::schema::ExtendedType;
use serde_json::{Map, Value};

/// The arguments of a field, defaults filled in. What a variable does not give is left out.
pub(crate) fn arguments(field: &Field, variables: &Map<String, Value>) -> Value {
    let mut all = Map::new();
    for wanted in &field.definition.arguments {
        let given = field.arguments.iter().find(|given| given.name == wanted.name).map(|given| &given.value);
        let value = given.and_then(|value| literal(value, variables));
        let value = value.or_else(|| wanted.default_value.as_ref().and_then(|value| literal(value, variables)));
        if let Some(value) = value {
            all.insert(wanted.name.to_string(), value);
        }
    }
    Value::Object(all)
}

/// A literal as JSON; `None` for a variable that was not given.
fn literal(value: &ast::Value, variables: &Map<String, Value>) -> Option<Value> {
    Some(match value {
        ast::Value::Null => Value::Null,
        ast::Value::Enum(name) => Value::String(name.to_string()),
        ast::Value::Variable(name) => return variables.get(name.as_str()).cloned(),
        ast::Value::String(text) => Value::String(text.clone()),
        ast::Value::Float(number) => number.as_str().parse::<f64>().ok().map_or(Value::Null, Value::from),
        ast::Value::Int(number) => {
            serde_json::from_str(number.as_str()).unwrap_or_else(|_| Value::String(number.as_str().to_owned()))
        }
        ast::Value::Boolean(flag) => Value::Bool(*flag),
        ast::Value::List(items) => {
            Value::Array(items.iter().map(|item| literal(item, variables).unwrap_or(Value::Null)).collect())
        }
        ast::Value::Object(members) => Value::Object(
            members.iter().filter_map(|(name, value)| Some((name.to_string(), literal(value, variables)?))).collect(),
        ),
    })
}

/// Does a directive such as `@include(if: $x)` leave the selection out?
pub(crate) fn left_out(directives: &ast::DirectiveList, variables: &Map<String, Value>) -> bool {
    let condition = |name: &str| {
        let directive = directives.get(name)?;
        let value = directive.specified_argument_by_name("if")?;
        literal(value, variables)?.as_bool()
    };
    condition("skip") == Some(true) || condition("include") == Some(false)
}

/// A scalar or enum value as its type wants it.
///
/// # Errors
/// Why it cannot be one, in a sentence.
pub(crate) fn leaf(schema: &Schema, kind: &str, value: Value) -> Result<Value, String> {
    let wrong = |value: &Value| Err(format!("{kind} cannot represent value: {value}"));
    match (kind, value) {
        ("Int", Value::Number(number)) => {
            let whole = number.as_i64().or_else(|| number.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as i64));
            match whole.and_then(|whole| i32::try_from(whole).ok()) {
                Some(whole) => Ok(whole.into()),
                None => wrong(&Value::Number(number)),
            }
        }
        ("Float", Value::Number(number)) => Ok(Value::Number(number)),
        ("Boolean", Value::Bool(flag)) => Ok(Value::Bool(flag)),
        ("String" | "ID", Value::String(text)) => Ok(Value::String(text)),
        ("String" | "ID", value @ (Value::Number(_) | Value::Bool(_))) => Ok(Value::String(value.to_string())),
        ("Int" | "Float", Value::String(text)) => match text.trim().parse::<f64>() {
            Ok(number) if kind == "Float" => Ok(Value::from(number)),
            Ok(number) if number.fract() == 0.0 && number.abs() < 2_147_483_648.0 => Ok(Value::from(number as i64)),
            _ => wrong(&Value::String(text)),
        },
        ("Int" | "Float" | "Boolean" | "String" | "ID", value) => wrong(&value),
        (kind, value) => match schema.types.get(kind) {
            Some(ExtendedType::Enum(known)) => match value.as_str() {
                Some(text) if known.values.contains_key(text) => Ok(value),
                _ => Err(format!("Enum \"{kind}\" cannot represent value: {value}")),
            },
            _ => Ok(value),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn leaves_become_what_their_type_says() {
        let schema = Schema::parse_and_validate("type Query { a: Color } enum Color { RED }", "s").unwrap();
        let leaf = |kind: &str, value: Value| leaf(&schema, kind, value);
        assert_eq!(leaf("ID", json!(7)), Ok(json!("7")));
        assert_eq!(leaf("Int", json!(2.0)), Ok(json!(2)));
        assert_eq!(leaf("Color", json!("RED")), Ok(json!("RED")));
        assert!(leaf("Color", json!("BLUE")).is_err());
        assert!(leaf("Int", json!(5_000_000_000_i64)).is_err());
        assert!(leaf("String", json!({})).is_err());
    }
}
