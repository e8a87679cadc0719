//! `IUrl` and its query.

use apimite_dotnet::Thrown;
use apimite_expr::library::core::collections::array_value;
use apimite_expr::library::{TypeDef, class, each, interface, m, p, pt};
use apimite_expr::{Cx, Str, Text, Type, Value};

use super::headers::{column, enumerate, missing};
use crate::exchange::Exchange;
use crate::url::Url;

/// Number of `context.Request.Url` and its query.
pub(super) const CURRENT: u32 = 0;
/// Number of `context.Request.OriginalUrl` and its query.
pub(super) const ORIGINAL: u32 = 1;
/// Number of `context.Api.ServiceUrl` and its query.
pub(super) const SERVICE: u32 = 2;

/// The URL that a number means.
fn url_of<'h>(cx: &Cx<'h>, value: &Value) -> Result<&'h Url, Thrown> {
    let exchange = cx.host::<Exchange>()?;
    let request = &exchange.request;
    Ok(match value {
        Value::Host(_, ORIGINAL) => &request.original_url,
        Value::Host(_, SERVICE) => exchange.service_target.base(),
        _ => request.url(),
    })
}

/// `IUrl`
pub(super) static URL: TypeDef = interface("IUrl")
    .host()
    .rows(&[&[
        pt("string Host", |cx, a| Ok(url_of(cx, a.get(0))?.host().into())),
        pt("string Path", |cx, a| Ok(url_of(cx, a.get(0))?.path().into())),
        p("int Port", |cx, a| Ok(Value::Int(i32::from(url_of(cx, a.get(0))?.port())))),
        p("IReadOnlyDictionary<string, string[]> Query", |_, a| {
            let Value::Host(_, number) = a.get(0) else { return Ok(Value::Null) };
            Ok(Value::Host(Type::of(&QUERY), *number))
        }),
        pt("string QueryString", |cx, a| {
            let url = url_of(cx, a.get(0))?;
            let text = url.path_and_query.as_str();
            Ok(Text::Host(match url.query() {
                Some(query) if !query.is_empty() => text.get(url.path().len()..).unwrap_or(""),
                _ => "",
            }))
        }),
        pt("string Scheme", |cx, a| Ok(url_of(cx, a.get(0))?.scheme.as_str().into())),
        m("string ToString()", |cx, a| Ok(Value::Str(Str::from(url_of(cx, a.get(0))?.to_string())))),
        m("Uri ToUri()", |cx, a| {
            let text = Value::Str(Str::from(url_of(cx, a.get(0))?.to_string()));
            super::library_call::create(cx, "System.Uri", &mut [text])
        }),
    ]])
    .def();

/// A query parameter as `.NET` reads it: percent-decoded, `+` is a space.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => match (tail.first().copied().and_then(hex), tail.get(1).copied().and_then(hex)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = tail.get(2..).unwrap_or(&[]);
                }
                _ => bytes.push(b'%'),
            },
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Name and values of every parameter, in order of first appearance; names are compared without case.
pub(super) fn parameters(query: &str) -> Vec<(String, Vec<String>)> {
    let mut list: Vec<(String, Vec<String>)> = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (decode(name), decode(value));
        match list.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some((_, values)) => values.push(value),
            None => list.push((name, vec![value])),
        }
    }
    list
}

fn all(cx: &Cx<'_>, value: &Value) -> Result<Vec<(String, Vec<String>)>, Thrown> {
    Ok(parameters(url_of(cx, value)?.query().unwrap_or("")))
}

fn find(cx: &Cx<'_>, value: &Value, name: &str) -> Result<Option<Value>, Thrown> {
    let found = all(cx, value)?.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    Ok(found.map(|(_, values)| strings(values)))
}

fn strings(values: Vec<String>) -> Value {
    array_value(Type::string(), values.into_iter().map(Value::from).collect())
}

/// The values of a parameter joined with commas; borrowed when there is one that needs no decoding.
pub(super) fn query_value<'h>(cx: &Cx<'h>, number: u32, name: &str) -> Result<Option<Text<'h>>, Thrown> {
    let url = url_of(cx, &Value::Host(Type::of(&QUERY), number))?;
    let mut found: Option<Text<'h>> = None;
    for part in url.query().unwrap_or("").split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let same = if key.contains(['%', '+']) {
            decode(key).eq_ignore_ascii_case(name)
        } else {
            key.eq_ignore_ascii_case(name)
        };
        if !same {
            continue;
        }
        let text = if value.contains(['%', '+']) { Text::Own(Str::from(decode(value))) } else { Text::Host(value) };
        found = Some(match found {
            None => text,
            Some(before) => {
                let joined = format!("{},{}", before.as_str().unwrap_or(""), text.as_str().unwrap_or(""));
                Text::Own(Str::from(joined))
            }
        });
    }
    Ok(found)
}

fn pairs(cx: &Cx<'_>, value: &Value) -> Result<Vec<(Value, Value)>, Thrown> {
    Ok(all(cx, value)?.into_iter().map(|(name, values)| (Value::from(name), strings(values))).collect())
}

/// `IUrl.Query`
pub(super) static QUERY: TypeDef = class("Query")
    .host()
    .implements("IReadOnlyDictionary<string, string[]>")
    .rows(&[&[
        p("string[] this[string key]", |cx, a| {
            let name = a.need_str(1, "key")?;
            find(cx, a.get(0), name)?.ok_or_else(|| missing(name))
        }),
        m("bool ContainsKey(string key)", |cx, a| {
            Ok(Value::Bool(find(cx, a.get(0), a.need_str(1, "key")?)?.is_some()))
        }),
        m("bool TryGetValue(string key, out string[] value)", |cx, mut a| {
            let found = find(cx, a.get(0), a.need_str(1, "key")?)?;
            let there = found.is_some();
            a.put(2, found.unwrap_or_default());
            Ok(Value::Bool(there))
        }),
        p("int Count", |cx, a| Ok(Value::Int(i32::try_from(all(cx, a.get(0))?.len()).unwrap_or(i32::MAX)))),
        p("IEnumerable<string> Keys", |cx, a| {
            Ok(column(Type::string(), pairs(cx, a.get(0))?.into_iter().map(|(key, _)| key)))
        }),
        p("IEnumerable<string[]> Values", |cx, a| {
            Ok(column(Type::array(Type::string()), pairs(cx, a.get(0))?.into_iter().map(|(_, value)| value)))
        }),
        each("IEnumerator<KeyValuePair<string, string[]>> GetEnumerator()", |cx, a| {
            Ok(enumerate(Type::string(), Type::array(Type::string()), pairs(cx, a.get(0))?))
        }),
    ]])
    .def();

/// The types of this file.
pub(super) static TYPES: &[&TypeDef] = &[&URL, &QUERY];
