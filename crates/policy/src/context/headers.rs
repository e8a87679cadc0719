//! The dictionaries of the context: headers, query, matched parameters, variables; and `GetValueOrDefault`.

use std::sync::Arc;

use apimite_dotnet::{Exception, ExceptionKind, Thrown};
use apimite_expr::library::core::collections::array_value;
use apimite_expr::library::core::tuples::pair;
use apimite_expr::library::sys::claim_of;
use apimite_expr::library::{Args, Row, TypeDef, class, each, m, mt, p, static_class};
use apimite_expr::value::{Each, Enumerator};
use apimite_expr::{Cx, Str, Text, Type, Value};
use http::HeaderMap;

use super::message::{OF_REQUEST, OF_RESPONSE};
use super::stored::HeadersObject;
use crate::exchange::Exchange;

/// A header value as text: UTF-8 where it is, else Latin-1.
pub(super) fn value_text(value: &http::HeaderValue) -> Text<'_> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Text::Host(text),
        Err(_) => Text::Own(Str::from(value.as_bytes().iter().map(|&b| char::from(b)).collect::<String>())),
    }
}

fn owned(text: &Text<'_>) -> Value {
    Value::Str(Str::new(text.as_str().unwrap_or("")))
}

/// The values of a header, as `string[]`.
pub(super) fn values(headers: &HeaderMap, name: &str) -> Option<Value> {
    let mut found = headers.get_all(name).iter().map(|value| owned(&value_text(value))).peekable();
    found.peek()?;
    Some(array_value(Type::string(), found.collect()))
}

/// The values of a header joined with commas; borrowed when there is one.
pub(super) fn joined<'h>(headers: &'h HeaderMap, name: &str) -> Option<Text<'h>> {
    let mut all = headers.get_all(name).iter();
    let first = value_text(all.next()?);
    let Some(second) = all.next() else { return Some(first) };
    let mut text = first.as_str().unwrap_or("").to_owned();
    for value in std::iter::once(second).chain(all) {
        text.push(',');
        text.push_str(value_text(value).as_str().unwrap_or(""));
    }
    Some(Text::Own(Str::from(text)))
}

/// `KeyNotFoundException` in .NET Core's words.
pub(super) fn missing(name: &str) -> Thrown {
    Exception::new(ExceptionKind::KeyNotFound, format!("The given key '{name}' was not present in the dictionary."))
}

static NO_HEADERS: std::sync::LazyLock<HeaderMap> = std::sync::LazyLock::new(HeaderMap::new);

/// The headers that a `RequestHeaders` value means.
fn headers_of<'h>(cx: &Cx<'h>, value: &Value) -> Result<&'h HeaderMap, Thrown> {
    let exchange = cx.host::<Exchange>()?;
    Ok(match value {
        Value::Host(_, OF_REQUEST) => &exchange.request.headers,
        Value::Host(_, OF_RESPONSE) => exchange.response.as_ref().map_or(&*NO_HEADERS, |response| &response.headers),
        _ => &NO_HEADERS,
    })
}

/// Name and values of every header, in order.
pub(super) fn pairs(headers: &HeaderMap) -> Vec<(Value, Value)> {
    headers
        .keys()
        .map(|name| {
            let values = values(headers, name.as_str()).unwrap_or_default();
            (Value::Str(Str::from(display_name(name.as_str()))), values)
        })
        .collect()
}

/// `content-type` → `Content-Type`: HTTP/2 and the gateway hold names in lower case.
pub fn display_name(name: &str) -> String {
    let mut upper = true;
    name.chars()
        .map(|c| {
            let out = if upper { c.to_ascii_uppercase() } else { c };
            upper = c == '-';
            out
        })
        .collect()
}

/// Key-value pairs, ready to be enumerated.
struct Pairs {
    types: [Type; 2],
    pairs: std::vec::IntoIter<(Value, Value)>,
}

impl Enumerator for Pairs {
    fn next(&mut self, cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        cx.step()?;
        Ok(self.pairs.next().map(|(key, value)| pair(&self.types, key, value)))
    }
}

/// An enumeration of pairs of these types.
pub(super) fn enumerate(key: Type, value: Type, pairs: Vec<(Value, Value)>) -> Each {
    Box::new(Pairs { types: [key, value], pairs: pairs.into_iter() })
}

/// Keys or values of pairs as an array.
pub(super) fn column(of: Type, items: impl Iterator<Item = Value>) -> Value {
    array_value(of, items.collect())
}

fn strings() -> Type {
    Type::array(Type::string())
}

/// Headers of a message.
pub(super) static HEADERS: TypeDef = class("RequestHeaders")
    .host()
    .implements("IReadOnlyDictionary<string, string[]>")
    .rows(&[&[
        p("string[] this[string key]", |cx, a| {
            let name = a.need_str(1, "key")?;
            values(headers_of(cx, a.get(0))?, name).ok_or_else(|| missing(name))
        })
        .item(|cx, a, index| {
            let name = a.need_str(1, "key")?;
            let mut all = headers_of(cx, a.get(0))?.get_all(name.as_str()).iter().peekable();
            all.peek().ok_or_else(|| missing(name))?;
            Ok(all.nth(index).map(value_text))
        }),
        m("bool ContainsKey(string key)", |cx, a| {
            Ok(Value::Bool(headers_of(cx, a.get(0))?.contains_key(a.need_str(1, "key")?.as_str())))
        }),
        m("bool TryGetValue(string key, out string[] value)", |cx, mut a| {
            let found = values(headers_of(cx, a.get(0))?, a.need_str(1, "key")?);
            let there = found.is_some();
            a.put(2, found.unwrap_or_default());
            Ok(Value::Bool(there))
        }),
        p("int Count", |cx, a| Ok(Value::Int(i32::try_from(headers_of(cx, a.get(0))?.keys_len()).unwrap_or(i32::MAX)))),
        p("IEnumerable<string> Keys", |cx, a| {
            Ok(column(Type::string(), pairs(headers_of(cx, a.get(0))?).into_iter().map(|(key, _)| key)))
        }),
        p("IEnumerable<string[]> Values", |cx, a| {
            Ok(column(strings(), pairs(headers_of(cx, a.get(0))?).into_iter().map(|(_, value)| value)))
        }),
        each("IEnumerator<KeyValuePair<string, string[]>> GetEnumerator()", |cx, a| {
            Ok(enumerate(Type::string(), strings(), pairs(headers_of(cx, a.get(0))?)))
        }),
    ]])
    .def();

fn matched<'h>(cx: &Cx<'h>, name: &str) -> Result<Option<&'h str>, Thrown> {
    let all = &cx.host::<Exchange>()?.request.matched;
    Ok(all.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| &**value))
}

fn matched_pairs(cx: &Cx<'_>) -> Result<Vec<(Value, Value)>, Thrown> {
    let all = &cx.host::<Exchange>()?.request.matched;
    Ok(all.iter().map(|(key, value)| (Value::Str(Str::new(key)), Value::Str(Str::new(value)))).collect())
}

/// `context.Request.MatchedParameters`
pub(super) static MATCHED: TypeDef = class("MatchedParameters")
    .host()
    .implements("IReadOnlyDictionary<string, string>")
    .rows(&[&[
        p("string this[string key]", |cx, a| {
            let name = a.need_str(1, "key")?;
            matched(cx, name)?.map(|text| Value::Str(Str::new(text))).ok_or_else(|| missing(name))
        }),
        m("bool ContainsKey(string key)", |cx, a| Ok(Value::Bool(matched(cx, a.need_str(1, "key")?)?.is_some()))),
        m("bool TryGetValue(string key, out string value)", |cx, mut a| {
            let found = matched(cx, a.need_str(1, "key")?)?.map(|text| Value::Str(Str::new(text)));
            let there = found.is_some();
            a.put(2, found.unwrap_or_default());
            Ok(Value::Bool(there))
        }),
        p("int Count", |cx, _| {
            Ok(Value::Int(i32::try_from(cx.host::<Exchange>()?.request.matched.len()).unwrap_or(i32::MAX)))
        }),
        p("IEnumerable<string> Keys", |cx, _| {
            Ok(column(Type::string(), matched_pairs(cx)?.into_iter().map(|(key, _)| key)))
        }),
        p("IEnumerable<string> Values", |cx, _| {
            Ok(column(Type::string(), matched_pairs(cx)?.into_iter().map(|(_, value)| value)))
        }),
        each("IEnumerator<KeyValuePair<string, string>> GetEnumerator()", |cx, _| {
            Ok(enumerate(Type::string(), Type::string(), matched_pairs(cx)?))
        }),
    ]])
    .def();

fn variable_pairs(cx: &Cx<'_>) -> Result<Vec<(Value, Value)>, Thrown> {
    let all = cx.host::<Exchange>()?.variables.iter();
    Ok(all.map(|(key, value)| (Value::Str(Str::from(Arc::clone(key))), value.clone())).collect())
}

/// `context.Variables`
pub(super) static VARIABLES: TypeDef = class("Variables")
    .host()
    .implements("IReadOnlyDictionary<string, object>")
    .rows(&[&[
        p("object this[string key]", |cx, a| {
            let exchange = cx.host::<Exchange>()?;
            let name = a.need_str(1, "key")?;
            match exchange.variables.get(name) {
                Some(value) => Ok(value.clone()),
                None if exchange.service.decisions.missing_variable_is_null => Ok(Value::Null),
                None => Err(missing(name)),
            }
        }),
        m("bool ContainsKey(string key)", |cx, a| {
            Ok(Value::Bool(cx.host::<Exchange>()?.variables.get(a.need_str(1, "key")?).is_some()))
        }),
        m("bool TryGetValue(string key, out object value)", |cx, mut a| {
            let found = cx.host::<Exchange>()?.variables.get(a.need_str(1, "key")?).cloned();
            let there = found.is_some();
            a.put(2, found.unwrap_or_default());
            Ok(Value::Bool(there))
        }),
        p("int Count", |cx, _| {
            Ok(Value::Int(i32::try_from(cx.host::<Exchange>()?.variables.iter().len()).unwrap_or(i32::MAX)))
        }),
        p("IEnumerable<string> Keys", |cx, _| {
            Ok(column(Type::string(), variable_pairs(cx)?.into_iter().map(|(key, _)| key)))
        }),
        p("IEnumerable<object> Values", |cx, _| {
            Ok(column(Type::object(), variable_pairs(cx)?.into_iter().map(|(_, value)| value)))
        }),
        each("IEnumerator<KeyValuePair<string, object>> GetEnumerator()", |cx, _| {
            Ok(enumerate(Type::string(), Type::object(), variable_pairs(cx)?))
        }),
    ]])
    .def();

/// A dictionary's entry as text: several values joined with commas.
fn text_of<'h>(cx: &mut Cx<'h>, a: &Args<'_>) -> Result<Option<Text<'h>>, Thrown> {
    let name = a.need_str(1, "key")?;
    match a.get(0) {
        Value::Host(ty, number) if ty.is(&HEADERS) => Ok(joined(headers_of(cx, &Value::Host(*ty, *number))?, name)),
        Value::Host(ty, number) if ty.is(&super::url::QUERY) => super::url::query_value(cx, *number, name),
        Value::Host(ty, _) if ty.is(&MATCHED) => Ok(matched(cx, name)?.map(Text::Host)),
        value => {
            if let Some(stored) = value.downcast::<HeadersObject>() {
                let text = joined(stored.headers(), name);
                return Ok(text.map(|text| Text::Own(Str::new(text.as_str().unwrap_or("")))));
            }
            if let Some(claim) = claim_of(value, name) {
                return Ok(claim.map(|values| match values {
                    [one] => Text::Own(Str::new(one)),
                    several => Text::Own(Str::from(several.join(","))),
                }));
            }
            // Any other dictionary: one made by an expression.
            let (dictionary, name) = (value.clone(), name.clone());
            if !cx.call_named("ContainsKey", &mut [dictionary.clone(), Value::Str(name.clone())])?.as_bool() {
                return Ok(None);
            }
            let found = cx.call_named("this", &mut [dictionary, Value::Str(name)])?;
            if let Some(text) = found.as_str() {
                return Ok(Some(Text::Own(text.clone())));
            }
            let mut parts = Vec::new();
            for item in cx.collect(&found)? {
                parts.push(cx.to_text(&item)?.as_str().to_owned());
            }
            Ok(Some(Text::Own(Str::from(parts.join(",")))))
        }
    }
}

/// What a dictionary of objects has under a key, if it has the key.
fn stored(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Option<Value>, Thrown> {
    let name = a.need_str(1, "key")?;
    if matches!(a.get(0), Value::Host(ty, _) if ty.is(&VARIABLES)) {
        return Ok(cx.host::<Exchange>()?.variables.get(name).cloned());
    }
    let name = name.clone();
    let dictionary = a.need(0, "dictionary")?.clone();
    let there = cx.call_named("ContainsKey", &mut [dictionary.clone(), Value::Str(name.clone())])?;
    if there.as_bool() { cx.call_named("this", &mut [dictionary, Value::Str(name)]).map(Some) } else { Ok(None) }
}

/// `GetValueOrDefault`
static DICTIONARY_EXTENSIONS: TypeDef = static_class("DictionaryExtensions")
    .host()
    .rows(&[&[
        mt(
            "string GetValueOrDefault(this IReadOnlyDictionary<string, string[]> dictionary, string key, string defaultValue = null)",
            |cx, a| Ok(text_of(cx, &a)?.unwrap_or_else(|| default_text(&a))),
        ),
        mt(
            "string GetValueOrDefault(this IReadOnlyDictionary<string, string> dictionary, string key, string defaultValue = null)",
            |cx, a| Ok(text_of(cx, &a)?.unwrap_or_else(|| default_text(&a))),
        ),
        m(
            "T GetValueOrDefault<T>(this IReadOnlyDictionary<string, object> dictionary, string key, T defaultValue = default)",
            |cx, mut a| {
                let found = stored(cx, &a)?;
                match found {
                    Some(Value::Null) => Ok(Value::Null),
                    Some(value) => cx.cast(value, a.ty(0)),
                    None => Ok(a.take(2)),
                }
            },
        ),
        m("object GetValueOrDefault(this IReadOnlyDictionary<string, object> dictionary, string key)", |cx, a| {
            Ok(stored(cx, &a)?.unwrap_or_default())
        }),
    ]])
    .def();

/// .NET's own `GetValueOrDefault` for any dictionary: documents give arrays as the default of a claim. `object` lets `null`
/// stay a text.
const fn array_default() -> Row {
    m(
        "string[] GetValueOrDefault(this IReadOnlyDictionary<string, string[]> dictionary, string key, object defaultValue)",
        |cx, mut a| Ok(stored(cx, &a)?.unwrap_or_else(|| a.take(2))),
    )
}

/// Accepted by the decision `array_defaults`.
static COLLECTION_EXTENSIONS: TypeDef =
    static_class("System.Collections.Generic.CollectionExtensions").rows(&[&[array_default()]]).def();

/// What the decision `array_defaults` is about. Lenient mode alone does not accept it: C# over Azure's types refused it (CS1928) when asked.
pub(super) fn array_defaults(accepted: bool) -> &'static [&'static TypeDef] {
    static ACCEPTED: &[&TypeDef] = &[&COLLECTION_EXTENSIONS];
    if accepted { ACCEPTED } else { &[] }
}

fn default_text<'h>(a: &Args<'_>) -> Text<'h> {
    a.str(2).cloned().map_or(Text::Null, Text::Own)
}

/// The types of this file.
pub(super) static TYPES: &[&TypeDef] = &[&HEADERS, &MATCHED, &VARIABLES, &DICTIONARY_EXTENSIONS];
