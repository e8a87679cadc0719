//! `Newtonsoft.Json.Linq.Extensions`: members of sequences of tokens.

use apimite_dotnet::json::JToken;
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::container::JPROPERTY;
use super::convert::convert;
use super::object::Token;
use super::sequence::{found, found_tokens, tokens};
use super::token::{of_class, with_key};
use crate::library::rows::{Args, Row, ext};
use crate::library::typedef::{TypeDef, static_class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::Value;

/// The tokens of a sequence; null elements are kept.
fn source(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Vec<Option<JToken>>, Thrown> {
    all(cx, a.need(0, "source")?)
}

fn all(cx: &mut Cx<'_>, sequence: &Value) -> Result<Vec<Option<JToken>>, Thrown> {
    let items = cx.collect(sequence)?;
    Ok(items.iter().map(|item| item.downcast::<Token>().map(|token| token.0.clone())).collect())
}

/// What `Values()` finds: the children of containers, and values themselves; or with a key, what it finds in each.
fn values(cx: &mut Cx<'_>, source: Vec<Option<JToken>>, key: &Value) -> Result<Vec<JToken>, Thrown> {
    let mut out = Vec::new();
    for token in source.into_iter().flatten() {
        if !key.is_null() {
            out.extend(with_key(cx, key, |key| token.index(key))?);
        } else if token.is_container() {
            out.extend(token.children());
        } else {
            out.push(token);
        }
    }
    Ok(out)
}

/// `source[key]` of an `IJEnumerable`.
pub(super) fn values_by_key(cx: &mut Cx<'_>, sequence: &Value, key: &Value) -> Result<Value, Thrown> {
    let items = all(cx, sequence)?;
    values(cx, items, key).map(found_tokens)
}

fn converted(cx: &mut Cx<'_>, items: &[JToken], ty: Type) -> Result<Value, Thrown> {
    let items: Result<Vec<Value>, Thrown> = items.iter().map(|item| convert(cx, Some(item), ty)).collect();
    Ok(found(ty, items?))
}

/// Something about every token of a sequence, one after the other.
fn each(cx: &mut Cx<'_>, a: &Args<'_>, of: fn(&JToken) -> Vec<JToken>) -> Result<Vec<JToken>, Thrown> {
    Ok(source(cx, a)?.iter().flatten().flat_map(of).collect())
}

static ROWS: &[Row] = &[
    ext("U Value<U>(this IEnumerable<JToken> value)", |cx, a| {
        let value = a.need(0, "value")?;
        let Some(token) = value.downcast::<Token>().map(|token| token.0.clone()) else {
            return Err(Exception::new(ExceptionKind::Argument, "Source value must be a JToken."));
        };
        convert(cx, Some(&token), a.ty(0))
    }),
    ext("IJEnumerable<JToken> Values(this IEnumerable<JToken> source)", |cx, a| {
        let items = source(cx, &a)?;
        values(cx, items, &Value::Null).map(found_tokens)
    }),
    ext("IJEnumerable<JToken> Values(this IEnumerable<JToken> source, object key)", |cx, a| {
        let items = source(cx, &a)?;
        values(cx, items, a.get(1)).map(found_tokens)
    }),
    ext("IEnumerable<U> Values<U>(this IEnumerable<JToken> source)", |cx, a| {
        let items = source(cx, &a)?;
        let items = values(cx, items, &Value::Null)?;
        converted(cx, &items, a.ty(0))
    }),
    ext("IEnumerable<U> Values<U>(this IEnumerable<JToken> source, object key)", |cx, a| {
        let items = source(cx, &a)?;
        let items = values(cx, items, a.get(1))?;
        converted(cx, &items, a.ty(0))
    }),
    ext("IJEnumerable<JToken> Children<T>(this IEnumerable<T> source)", |cx, a| {
        each(cx, &a, JToken::children).map(found_tokens)
    }),
    ext("IEnumerable<U> Children<T, U>(this IEnumerable<T> source)", |cx, a| {
        let items = each(cx, &a, JToken::children)?;
        Ok(of_class(cx, items, a.ty(1)))
    }),
    ext("IJEnumerable<JProperty> Properties(this IEnumerable<JObject> source)", |cx, a| {
        Ok(tokens(&JPROPERTY, each(cx, &a, JToken::properties)?))
    }),
    ext("IJEnumerable<JToken> Descendants<T>(this IEnumerable<T> source)", |cx, a| {
        each(cx, &a, |token| token.descendants(false)).map(found_tokens)
    }),
    ext("IJEnumerable<JToken> DescendantsAndSelf<T>(this IEnumerable<T> source)", |cx, a| {
        each(cx, &a, |token| token.descendants(true)).map(found_tokens)
    }),
    ext("IJEnumerable<JToken> Ancestors<T>(this IEnumerable<T> source)", |cx, a| {
        each(cx, &a, |token| token.ancestors(false)).map(found_tokens)
    }),
    ext("IJEnumerable<JToken> AncestorsAndSelf<T>(this IEnumerable<T> source)", |cx, a| {
        each(cx, &a, |token| token.ancestors(true)).map(found_tokens)
    }),
    ext("IJEnumerable<JToken> AsJEnumerable(this IEnumerable<JToken> source)", |cx, a| {
        if a.get(0).is_null() {
            return Ok(Value::Null);
        }
        let items = source(cx, &a)?;
        Ok(found_tokens(items.into_iter().flatten().collect()))
    }),
];

/// `Newtonsoft.Json.Linq.Extensions`
pub static EXTENSIONS: TypeDef = static_class("Newtonsoft.Json.Linq.Extensions").rows(&[ROWS]).def();
