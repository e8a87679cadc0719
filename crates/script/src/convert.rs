//! Values both ways between .NET and Rhai.

use apimite_expr::library::MemberKind;
use apimite_expr::library::core::collections::{ArrayObject, array_value, bytes_value};
use apimite_expr::{Cx, Exception, ExceptionKind, Str, Thrown, Type, Value};
use rhai::{Array, Blob, Dynamic, FLOAT, INT, ImmutableString, Map};
use serde_json::Value as Json;

use crate::bridge::Net;

/// Nesting of arrays and maps that is followed.
const DEPTH: usize = 64;

/// A .NET value for a script. Numbers, texts, characters and arrays become Rhai's own; a `decimal` becomes a float; the rest
/// stays a .NET value with its members.
pub(crate) fn to_script(cx: &mut Cx<'_>, value: Value) -> Result<Dynamic, Thrown> {
    Ok(match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(b) => b.into(),
        Value::Str(text) => Dynamic::from(ImmutableString::from(text.as_str())),
        Value::Char(unit) => match char::from_u32(u32::from(unit)) {
            Some(c) => c.into(),
            None => Dynamic::from(Net(value)),
        },
        Value::Float(n) => Dynamic::from_float(FLOAT::from(n)),
        Value::Double(n) => Dynamic::from_float(n),
        Value::Decimal(n) => match n.to_string().parse::<FLOAT>() {
            Ok(n) => Dynamic::from_float(n),
            Err(_) => Dynamic::from(Net(value)),
        },
        Value::Enum(..) => Dynamic::from(ImmutableString::from(cx.to_text(&value)?.as_str())),
        Value::Object(ref object) if object.as_any().is::<ArrayObject>() => array_to_script(cx, &value)?,
        Value::Object(ref object) if &*object.type_of().clr() == "Newtonsoft.Json.Linq.JValue" => {
            let inner = cx.call_named("Value", &mut [value])?;
            to_script(cx, inner)?
        }
        other => match other.integer().and_then(|n| INT::try_from(n).ok()) {
            Some(n) => n.into(),
            None => Dynamic::from(Net(other)),
        },
    })
}

fn array_to_script(cx: &mut Cx<'_>, value: &Value) -> Result<Dynamic, Thrown> {
    let Some(array) = value.downcast::<ArrayObject>() else { return Ok(Dynamic::UNIT) };
    if array.element() == Type::byte() {
        return Ok(Dynamic::from_blob(array.bytes()));
    }
    let items = array.items().clone();
    let converted = items.into_iter().map(|item| to_script(cx, item)).collect::<Result<Array, Thrown>>()?;
    Ok(Dynamic::from_array(converted))
}

/// A value of a script for .NET: a whole number is an `int` where it fits, else a `long`; a map is a `JObject`, an array a
/// `JArray` (where the library has them, else their JSON text); a blob is a `byte[]`.
pub(crate) fn to_net(cx: &mut Cx<'_>, value: Dynamic) -> Result<Value, Thrown> {
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(b) = value.as_bool() {
        return Ok(Value::Bool(b));
    }
    if let Ok(n) = value.as_int() {
        return Ok(i32::try_from(n).map_or(Value::Long(n), Value::Int));
    }
    if let Ok(n) = value.as_float() {
        return Ok(Value::Double(n));
    }
    if let Ok(c) = value.as_char() {
        let mut units = [0; 2];
        return Ok(match c.encode_utf16(&mut units) {
            [unit] => Value::Char(*unit),
            _ => Value::Str(Str::from(c.to_string())),
        });
    }
    if value.is_string() {
        return Ok(Value::Str(Str::from(value.into_string().unwrap_or_default())));
    }
    if value.is_blob() {
        return Ok(bytes_value(&value.into_blob().unwrap_or_default()));
    }
    if value.is_map() || value.is_array() {
        let (is_map, text) = (value.is_map(), to_json(cx, value, 0)?.to_string());
        return parse_json(cx, if is_map { "JObject" } else { "JArray" }, text);
    }
    let name = value.type_name();
    value.try_cast::<Net>().map(|net| net.0).ok_or_else(|| {
        Exception::new(ExceptionKind::InvalidCast, format!("A Rhai value of type `{name}` has no counterpart in .NET."))
    })
}

fn parse_json(cx: &mut Cx<'_>, ty: &str, text: String) -> Result<Value, Thrown> {
    let registry = cx.registry();
    let parse = registry.find(ty, 0).into_iter().find_map(|def| {
        registry
            .declared(def, "Parse")
            .into_iter()
            .find(|member| member.kind == MemberKind::Method && member.is_static && member.params.len() == 1)
    });
    match parse {
        Some(member) => cx.call_member(&member, &[], &mut [Value::from(text)]),
        None => Ok(Value::from(text)),
    }
}

/// JSON of a value of a script.
pub(crate) fn to_json(cx: &mut Cx<'_>, value: Dynamic, depth: usize) -> Result<Json, Thrown> {
    if depth > DEPTH {
        return Err(Exception::new(ExceptionKind::Budget, "The value is nested too deep."));
    }
    if value.is_unit() {
        return Ok(Json::Null);
    }
    if let Ok(b) = value.as_bool() {
        return Ok(b.into());
    }
    if let Ok(n) = value.as_int() {
        return Ok(n.into());
    }
    if let Ok(n) = value.as_float() {
        return Ok(n.into());
    }
    if value.is_array() {
        let items = value.into_array().unwrap_or_default();
        return items
            .into_iter()
            .map(|item| to_json(cx, item, depth + 1))
            .collect::<Result<Vec<_>, _>>()
            .map(Json::Array);
    }
    if value.is_map() {
        let map = value.try_cast::<Map>().unwrap_or_default();
        let mut object = serde_json::Map::new();
        for (name, item) in map {
            object.insert(name.to_string(), to_json(cx, item, depth + 1)?);
        }
        return Ok(Json::Object(object));
    }
    match value.clone().try_cast::<Net>() {
        Some(Net(net)) => Ok(Json::String(cx.to_text(&net)?.as_str().to_owned())),
        None => Ok(Json::String(value.to_string())),
    }
}

/// JSON as a value of a script.
pub(crate) fn from_json(json: Json) -> Dynamic {
    match json {
        Json::Null => Dynamic::UNIT,
        Json::Bool(b) => b.into(),
        Json::Number(n) => match n.as_i64() {
            Some(n) => n.into(),
            None => Dynamic::from_float(n.as_f64().unwrap_or(0.0)),
        },
        Json::String(text) => Dynamic::from(ImmutableString::from(text)),
        Json::Array(items) => Dynamic::from_array(items.into_iter().map(from_json).collect()),
        Json::Object(object) => {
            Dynamic::from_map(object.into_iter().map(|(name, item)| (name.into(), from_json(item))).collect())
        }
    }
}

/// Strings as .NET takes them, for arguments of a `params` parameter.
pub(crate) fn params_array(element: Type, items: Vec<Value>) -> Value {
    array_value(element, items)
}

/// A blob, or the bytes of a text.
pub(crate) fn to_bytes(value: Dynamic) -> Blob {
    if value.is_blob() { value.into_blob().unwrap_or_default() } else { value.to_string().into_bytes() }
}
