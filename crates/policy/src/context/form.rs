//! Form bodies: `AsFormUrlEncodedContent`, `ToQueryString`, `ToFormUrlEncodedContent`.

use apimite_dotnet::Thrown;
use apimite_expr::library::core::collections::list_value;
use apimite_expr::library::{TypeDef, m, static_class};
use apimite_expr::{Cx, Str, Type, Value};

use super::library_call::create_generic;

/// A form as `IDictionary<string, IList<string>>`.
pub(super) fn read(cx: &mut Cx<'_>, text: &str) -> Result<Value, Thrown> {
    let dictionary =
        create_generic(cx, "System.Collections.Generic.Dictionary", &[Type::string(), list_type(cx)], &mut [])?;
    for (name, values) in super::url::parameters(text) {
        let list = list_value(Type::string(), values.into_iter().map(Value::from).collect());
        cx.call_named("Add", &mut [dictionary.clone(), Value::from(name), list])?;
    }
    Ok(dictionary)
}

fn list_type(cx: &Cx<'_>) -> Type {
    let def = cx.registry().find("System.Collections.Generic.IList", 1).first().copied();
    def.map_or_else(Type::object, |def| Type::generic(def, &[Type::string()]))
}

fn write(cx: &mut Cx<'_>, dictionary: &Value) -> Result<String, Thrown> {
    let mut parts = Vec::new();
    for entry in cx.collect(dictionary)? {
        let key = cx.call_named("Key", &mut [entry.clone()])?;
        let key = cx.to_text(&key)?.as_str().to_owned();
        let values = cx.call_named("Value", &mut [entry])?;
        for value in cx.collect(&values)? {
            let value = cx.to_text(&value)?;
            parts.push(format!("{}={}", encode(&key), encode(&value)));
        }
    }
    Ok(parts.join("&"))
}

fn encode(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

static FORM_EXTENSIONS: TypeDef = static_class("FormExtensions")
    .host()
    .rows(&[&[
        m("string ToQueryString(this IDictionary<string, IList<string>> dictionary)", |cx, a| {
            let text = write(cx, a.need(0, "dictionary")?)?;
            Ok(Value::Str(Str::from(if text.is_empty() { text } else { format!("?{text}") })))
        }),
        m("string ToFormUrlEncodedContent(this IDictionary<string, IList<string>> dictionary)", |cx, a| {
            Ok(Value::Str(Str::from(write(cx, a.need(0, "dictionary")?)?)))
        }),
    ]])
    .def();

/// The types of this file.
pub(super) static TYPES: &[&TypeDef] = &[&FORM_EXTENSIONS];
