//! `JToken`.

use apimite_dotnet::json::{Formatting, JPath, JToken, JTokenType, Key, parse};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::content::{self, content_of};
use super::object::{maybe, this, token, token_value};
use super::{TOKEN_TYPE, convert, deserialize, sequence, serialize};
use crate::library::rows::{Args, Row, m, p, set};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Str, Value};

/// The key of an indexer. Its text lives in `text`.
pub(super) fn with_key<R>(
    cx: &mut Cx<'_>,
    key: &Value,
    work: impl FnOnce(&Key<'_>) -> Result<R, Thrown>,
) -> Result<R, Thrown> {
    match key {
        Value::Str(name) => work(&Key::Name(name.as_str())),
        Value::Int(at) => work(&Key::Index(*at)),
        Value::Null => work(&Key::Other(None)),
        other => {
            let text = cx.to_text(other)?;
            work(&Key::Other(Some(text.as_str())))
        }
    }
}

fn get(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    let of = this(a)?;
    with_key(cx, a.get(1), |key| of.index(key)).map(maybe)
}

fn put(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    let of = this(a)?;
    with_key(cx, a.get(1), |key| of.set_index(key, token(a, 2))).map(|()| Value::Null)
}

/// `SelectToken(s)`: the path is read once a call.
fn select(a: &Args<'_>, must: bool) -> Result<Vec<JToken>, Thrown> {
    let path = a.need_str(1, "expression")?;
    this(a)?.select_tokens(&JPath::new(path.as_str())?, must)
}

fn select_one(a: &Args<'_>, must: bool) -> Result<Value, Thrown> {
    let path = a.need_str(1, "expression")?;
    this(a)?.select_token(&JPath::new(path.as_str())?, must).map(maybe)
}

fn beside(cx: &mut Cx<'_>, a: &Args<'_>, behind: bool) -> Result<Value, Thrown> {
    let of = this(a)?;
    let mut items = Vec::new();
    flatten(content_of(cx, a.get(1))?, &mut items);
    let mut last: Option<JToken> = None;
    if items.is_empty() && of.parent().is_none() {
        return Err(Exception::new(ExceptionKind::InvalidOperation, "The parent is missing."));
    }
    for item in items {
        match (&last, behind) {
            (None, true) => of.add_after_self(&item)?,
            (None, false) => of.add_before_self(&item)?,
            (Some(last), _) => last.add_after_self(&item)?,
        }
        // A copy was added where the item already had a parent: it stands beside the one before it.
        last = match &last {
            None if behind => of.next(),
            None => of.previous(),
            Some(before) => before.next(),
        };
    }
    Ok(Value::Null)
}

pub(super) fn flatten(content: content::Content, out: &mut Vec<JToken>) {
    match content {
        content::Content::One(token) => out.push(token),
        content::Content::Many(items) => items.into_iter().for_each(|item| flatten(item, out)),
    }
}

/// `Children<T>()` and `OfType`: the tokens of a class.
pub(super) fn of_class(cx: &Cx<'_>, items: Vec<JToken>, ty: Type) -> Value {
    let items = items.into_iter().map(token_value).filter(|item| cx.is_instance(item, ty)).collect();
    sequence::found(ty, items)
}

pub(super) fn formatting(number: i64) -> Formatting {
    if number == 0 { Formatting::None } else { Formatting::Indented }
}

static ROWS: &[Row] = &[
    m("static JToken Parse(string json)", |cx, a| {
        let text = a.need_str(0, "s")?;
        cx.charge(text.as_str().len())?;
        parse(text.as_str()).map(token_value)
    }),
    m("static JToken FromObject(object o)", |cx, a| {
        let value = a.need(0, "o")?.clone();
        serialize::to_token(cx, &value).map(token_value)
    }),
    m("static bool DeepEquals(JToken t1, JToken t2)", |_, a| {
        Ok(Value::Bool(match (token(&a, 0), token(&a, 1)) {
            (Some(x), Some(y)) => x.deep_equals(y),
            (None, None) => true,
            _ => false,
        }))
    }),
    p("JTokenType Type", |_, a| Ok(Value::Enum(Type::of(&TOKEN_TYPE), this(&a)?.kind() as i64))),
    p("JContainer Parent", |_, a| Ok(maybe(this(&a)?.parent()))),
    p("JToken Root", |_, a| Ok(token_value(this(&a)?.root()))),
    p("JToken Next", |_, a| Ok(maybe(this(&a)?.next()))),
    p("JToken Previous", |_, a| Ok(maybe(this(&a)?.previous()))),
    p("string Path", |_, a| Ok(Value::from(this(&a)?.path()))),
    p("bool HasValues", |_, a| Ok(Value::Bool(this(&a)?.has_values()))),
    p("JToken First", |_, a| this(&a)?.first().map(maybe)),
    p("JToken Last", |_, a| this(&a)?.last().map(maybe)),
    p("JToken this[object key]", |cx, a| get(cx, &a)),
    set("JToken this[object key]", |cx, a| put(cx, &a)),
    m("JEnumerable<JToken> Children()", |_, a| Ok(sequence::jenumerable(this(&a)?.clone()))),
    m("IEnumerable<T> Children<T>()", |cx, a| {
        let items = this(&a)?.children();
        Ok(of_class(cx, items, a.ty(0)))
    }),
    m("IEnumerable<T> Values<T>()", |cx, a| {
        let of = this(&a)?;
        of.need_container()?;
        let (items, ty) = (of.children(), a.ty(0));
        let items: Result<Vec<Value>, Thrown> = items.iter().map(|item| convert::convert(cx, Some(item), ty)).collect();
        Ok(sequence::found(ty, items?))
    }),
    m("T Value<T>(object key)", |cx, a| {
        let found = get(cx, &a)?;
        convert::convert(cx, found.downcast::<super::Token>().map(|token| &token.0), a.ty(0))
    }),
    m("IEnumerable<JToken> Ancestors()", |_, a| Ok(sequence::tokens(&JTOKEN, this(&a)?.ancestors(false)))),
    m("IEnumerable<JToken> AncestorsAndSelf()", |_, a| Ok(sequence::tokens(&JTOKEN, this(&a)?.ancestors(true)))),
    m("IEnumerable<JToken> AfterSelf()", |_, a| Ok(sequence::tokens(&JTOKEN, this(&a)?.after_self()))),
    m("IEnumerable<JToken> BeforeSelf()", |_, a| Ok(sequence::tokens(&JTOKEN, this(&a)?.before_self()))),
    m("void AddAfterSelf(object content)", |cx, a| beside(cx, &a, true)).impure(),
    m("void AddBeforeSelf(object content)", |cx, a| beside(cx, &a, false)).impure(),
    m("void Remove()", |_, a| this(&a)?.remove().map(|()| Value::Null)).impure(),
    m("void Replace(JToken value)", |_, a| this(&a)?.replace(token(&a, 1)).map(|()| Value::Null)).impure(),
    m("JToken DeepClone()", |cx, a| {
        let token = this(&a)?;
        content::charge_copy(cx, token)?;
        Ok(token_value(token.deep_clone()))
    }),
    m("JToken SelectToken(string path)", |_, a| select_one(&a, false)),
    m("JToken SelectToken(string path, bool errorWhenNoMatch)", |_, a| select_one(&a, a.bool(2))),
    m("IEnumerable<JToken> SelectTokens(string path)", |_, a| Ok(sequence::tokens(&JTOKEN, select(&a, false)?))),
    m("IEnumerable<JToken> SelectTokens(string path, bool errorWhenNoMatch)", |_, a| {
        Ok(sequence::tokens(&JTOKEN, select(&a, a.bool(2))?))
    }),
    m("T ToObject<T>()", |cx, a| {
        let of = this(&a)?.clone();
        deserialize::to_object(cx, &of, a.ty(0))
    }),
    m("string ToString()", |cx, a| {
        let value = a.get(0).clone();
        cx.to_text(&value).map(Value::Str)
    }),
    m("string ToString(Formatting formatting)", |_, a| {
        Ok(Value::Str(Str::from(this(&a)?.to_json(formatting(a.number(1))))))
    }),
];

/// `Newtonsoft.Json.Linq.JToken`
pub static JTOKEN: TypeDef = class("Newtonsoft.Json.Linq.JToken")
    .implements("IJEnumerable<JToken>, ICloneable")
    .abstract_()
    .rows(&[ROWS, convert::ROWS])
    .def();

/// Does `Add` of this container take any content?
pub(super) fn add_content(cx: &mut Cx<'_>, to: &JToken, at: Option<i32>, value: &Value) -> Result<Value, Thrown> {
    let what = content_of(cx, value)?;
    content::add(to, at, &what).map(|()| Value::Null)
}

/// A container that was made with content.
pub(super) fn filled(cx: &mut Cx<'_>, to: JToken, value: &Value) -> Result<Value, Thrown> {
    add_content(cx, &to, None, value)?;
    Ok(token_value(to))
}

/// `new JProperty(name, content)`: a sequence becomes an array.
pub(super) fn property(cx: &mut Cx<'_>, name: &str, value: &Value) -> Result<JToken, Thrown> {
    let inner = match content_of(cx, value)? {
        content::Content::One(token) => token,
        many => {
            let array = JToken::array();
            content::add(&array, None, &many)?;
            array
        }
    };
    if inner.kind() == JTokenType::Property {
        return Err(Exception::new(
            ExceptionKind::Argument,
            "Can not add Newtonsoft.Json.Linq.JProperty to Newtonsoft.Json.Linq.JProperty.",
        ));
    }
    Ok(JToken::property(name, Some(&inner)))
}
