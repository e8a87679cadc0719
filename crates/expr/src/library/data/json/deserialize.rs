//! `JsonConvert.DeserializeObject` and `ToObject`.

use apimite_dotnet::json::{JToken, JTokenType, Marked, Scalar, parse_marked};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::content::value_of;
use super::convert::{primitive, typed};
use super::object::{Token, token_value};
use super::serialize::{element_of, is_dictionary};
use crate::library::core::collections::{array_value, list_value};
use crate::library::core::tuples::{PAIR, pair};
use crate::library::data::xml::node_value;
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Str, Value};

/// `JsonConvert.DeserializeObject<T>(text)`.
pub(super) fn from_text(cx: &mut Cx<'_>, text: &Str, ty: Type) -> Result<Value, Thrown> {
    cx.charge(text.as_str().len())?;
    let parsed = parse_marked(text.as_str()).map_err(|thrown| cut_short(cx, text.as_str(), ty, thrown))?;
    match Marked::of_text(parsed) {
        Some(root) => read(cx, &root, ty),
        None if ty.takes_null() => Ok(Value::Null),
        None => Err(Exception::new(
            ExceptionKind::JsonSerialization,
            format!(
                "No JSON content found and type '{}' is not nullable. Path '', line 0, position 0.",
                ty.reflected()
            ),
        )),
    }
}

/// A text that ends inside a container: the serialiser notices, not the reader.
fn cut_short(cx: &Cx<'_>, text: &str, ty: Type, thrown: Thrown) -> Thrown {
    let Some((_, place)) = thrown.message.split_once("while loading ") else { return thrown };
    let place = place.split_once(' ').map_or("", |(_, place)| place).to_owned();
    let object = text.trim_start().starts_with('{');
    if token_type(cx, ty) || (ty == Type::object() && !object) {
        return Exception::new(ExceptionKind::JsonWriter, format!("Unexpected end when reading token. {place}"));
    }
    let what = if object { "object" } else { "array" };
    Exception::new(ExceptionKind::JsonSerialization, format!("Unexpected end when deserializing {what}. {place}"))
}

/// `token.ToObject<T>()`: casts for simple types, reading for the rest.
pub(super) fn to_object(cx: &mut Cx<'_>, token: &JToken, ty: Type) -> Result<Value, Thrown> {
    let target = ty.underlying();
    if let Some(to) = primitive(target) {
        let scalar = token.cast(to, target != ty)?;
        return typed(cx, &scalar);
    }
    if target.is_enum() && token.kind() == JTokenType::Integer {
        let number = token.scalar().and_then(|scalar| match scalar {
            Scalar::Int(number, _) => Some(number),
            _ => None,
        });
        return Ok(Value::Enum(target, number.unwrap_or_default()));
    }
    read(cx, &Marked::of_tree(token.clone()), ty)
}

fn read(cx: &mut Cx<'_>, from: &Marked, ty: Type) -> Result<Value, Thrown> {
    cx.step()?;
    let target = ty.underlying();
    let kind = from.token.kind();
    let null = matches!(kind, JTokenType::Null | JTokenType::Undefined);
    if ty == Type::object() {
        return Ok(untyped(from));
    }
    if let Some(to) = primitive(target) {
        let scalar = from.primitive(to, target != ty)?;
        return typed(cx, &scalar);
    }
    let token = Value::object(Token(from.token.clone()));
    if token_type(cx, target) {
        if null && !cx.is_instance(&token, target) {
            return Ok(Value::Null);
        }
        let detached = token_value(from.detached());
        if !cx.is_instance(&detached, target) {
            let found = detached.type_of().map_or_else(String::new, Type::reflected);
            return Err(from.refuse(&format!(
                "Deserialized JSON type '{found}' is not compatible with expected type '{}'.",
                target.reflected()
            )));
        }
        return Ok(detached);
    }
    if null {
        return if ty.takes_null() { Ok(Value::Null) } else { Err(refused(from, "{null}", target)) };
    }
    if let Some(name @ ("System.Xml.Linq.XDocument" | "System.Xml.Linq.XElement")) =
        target.def().map(crate::library::TypeDef::full_name)
    {
        let document = apimite_dotnet::xml::json_to_document(&from.detached(), None)?;
        if name.ends_with("XDocument") {
            return Ok(node_value(document));
        }
        let Some(root) = document.first_element(None) else { return Ok(Value::Null) };
        root.remove()?;
        return Ok(node_value(root));
    }
    if target.is_enum() {
        return read_enum(cx, from, target);
    }
    if target.is(&PAIR) {
        return read_pair(cx, from, target);
    }
    if let Some(element) = target.element() {
        let items = elements(cx, from, target, element)?;
        return Ok(array_value(element, items));
    }
    if is_dictionary(cx, target) {
        return read_dictionary(cx, from, target);
    }
    match element_of(cx, target) {
        Some(element) => {
            let items = elements(cx, from, target, element)?;
            collection(cx, target, element, items)
        }
        None => Err(from.wrong_shape(&target.reflected(), "JSON object that this library can build")),
    }
}

/// `JToken`, one of its classes, or a base of it.
fn token_type(cx: &Cx<'_>, ty: Type) -> bool {
    cx.registry().derives(ty, Type::of(&super::token::JTOKEN))
}

/// What `object` becomes.
fn untyped(from: &Marked) -> Value {
    let token = from.detached();
    match token.scalar() {
        Some(scalar) => value_of(&scalar),
        None => token_value(token),
    }
}

fn refused(from: &Marked, shown: &str, ty: Type) -> Thrown {
    from.refuse(&format!("Error converting value {shown} to type '{}'.", ty.reflected()))
}

fn read_enum(cx: &mut Cx<'_>, from: &Marked, ty: Type) -> Result<Value, Thrown> {
    let scalar = from.token.scalar().unwrap_or(Scalar::Null);
    match &scalar {
        Scalar::Int(number, _) => Ok(Value::Enum(ty, *number)),
        Scalar::Text(text) => {
            let values = ty.def().map(|def| def.values()).unwrap_or_default();
            let mut number = 0;
            for part in text.split(',').map(str::trim) {
                let exact = values.iter().find(|(name, _)| *name == part);
                let found = exact.or_else(|| values.iter().find(|(name, _)| name.eq_ignore_ascii_case(part)));
                match (found, part.parse::<i64>()) {
                    (Some((_, value)), _) => number |= value,
                    (None, Ok(value)) => number |= value,
                    (None, Err(_)) => return Err(refused(from, &format!("\"{text}\""), ty)),
                }
            }
            let _ = cx;
            Ok(Value::Enum(ty, number))
        }
        other => Err(refused(from, &other.to_text(), ty)),
    }
}

fn read_pair(cx: &mut Cx<'_>, from: &Marked, ty: Type) -> Result<Value, Thrown> {
    if from.token.kind() != JTokenType::Object {
        return Err(from.wrong_shape(&ty.reflected(), "JSON object (e.g. {\"name\":\"value\"})"));
    }
    let (mut key, mut value) = (Value::Null, Value::Null);
    for (name, inner) in from.entries() {
        if name.eq_ignore_ascii_case("key") {
            key = read(cx, &inner, ty.args()[0])?;
        } else if name.eq_ignore_ascii_case("value") {
            value = read(cx, &inner, ty.args()[1])?;
        }
    }
    Ok(pair(ty.args(), key, value))
}

fn elements(cx: &mut Cx<'_>, from: &Marked, ty: Type, element: Type) -> Result<Vec<Value>, Thrown> {
    if from.token.kind() != JTokenType::Array {
        let shape = "JSON array (e.g. [1,2,3])";
        return Err(match from.token.scalar() {
            Some(scalar) => {
                let text = scalar.to_text();
                let shown = if matches!(scalar, Scalar::Text(_)) { format!("\"{text}\"") } else { text.to_string() };
                refused(from, &shown, ty)
            }
            None => from.wrong_shape(&ty.reflected(), shape),
        });
    }
    from.elements().iter().map(|item| read(cx, item, element)).collect()
}

/// A collection with its elements: a list where an interface is wanted, otherwise the class by its constructor.
fn collection(cx: &mut Cx<'_>, ty: Type, element: Type, items: Vec<Value>) -> Result<Value, Thrown> {
    let list = list_value(element, items);
    if ty.is_interface() || list.type_of().is_some_and(|made| made.same(ty)) {
        if cx.is_instance(&list, ty) {
            return Ok(list);
        }
        let set = cx.registry().find("System.Collections.Generic.HashSet", 1).first().copied();
        return match set {
            Some(def) => construct(cx, Type::generic(def, &[element]), list),
            None => Ok(list),
        };
    }
    construct(cx, ty, list)
}

fn construct(cx: &mut Cx<'_>, ty: Type, list: Value) -> Result<Value, Thrown> {
    let member = ty.def().and_then(|def| {
        let constructors = cx.registry().declared(def, ".ctor");
        constructors
            .into_iter()
            .find(|m| m.params.len() == 1 && m.params[0].ty.is(&crate::library::core::names::IENUMERABLE_OF))
    });
    match member {
        Some(member) => cx.call_member(&member, ty.args(), &mut [list]),
        None => Err(Exception::new(
            ExceptionKind::JsonSerialization,
            format!("Cannot create and populate list type {}. Path ''.", ty.reflected()),
        )),
    }
}

fn read_dictionary(cx: &mut Cx<'_>, from: &Marked, ty: Type) -> Result<Value, Thrown> {
    if from.token.kind() != JTokenType::Object {
        return Err(match from.token.scalar() {
            Some(scalar) => {
                let text = scalar.to_text();
                let shown = if matches!(scalar, Scalar::Text(_)) { format!("\"{text}\"") } else { text.to_string() };
                refused(from, &shown, ty)
            }
            None => from.wrong_shape(&ty.reflected(), "JSON object (e.g. {\"name\":\"value\"})"),
        });
    }
    let [key_type, value_type] = *ty.args() else {
        return Err(from.refuse("Cannot create a dictionary of this type."));
    };
    let registry = cx.registry();
    let Some(def) = registry.find("System.Collections.Generic.Dictionary", 2).first().copied() else {
        return Err(from.refuse("Cannot create a dictionary."));
    };
    let made = Type::generic(def, &[key_type.erased(), value_type.erased()]);
    let constructor = registry.declared(def, ".ctor").into_iter().find(|m| m.params.is_empty());
    let Some(constructor) = constructor else { return Err(from.refuse("Cannot create a dictionary.")) };
    let dictionary = cx.call_member(&constructor, made.args(), &mut [])?;
    let setter = registry.declared(def, "this").into_iter().find(|m| m.kind == crate::library::MemberKind::IndexSet);
    for (name, inner) in from.entries() {
        let value = read(cx, &inner, value_type)?;
        let key = key_of(cx, from, &name, key_type)?;
        match &setter {
            Some(setter) => drop(cx.call_member(setter, made.args(), &mut [dictionary.clone(), key, value])?),
            None => drop(cx.call_named("Add", &mut [dictionary.clone(), key, value])?),
        }
    }
    Ok(dictionary)
}

/// A member name as a key of that type.
fn key_of(cx: &mut Cx<'_>, from: &Marked, name: &str, ty: Type) -> Result<Value, Thrown> {
    if ty == Type::string() || ty == Type::object() {
        return Ok(Value::Str(Str::new(name)));
    }
    let key = Marked::of_tree(JToken::text(name));
    read(cx, &key, ty).map_err(|_| {
        from.refuse(&format!("Could not convert string '{name}' to dictionary key type '{}'. Create a TypeConverter to convert from the string to the key type object.", ty.reflected()))
    })
}
