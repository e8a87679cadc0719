//! `JValue` and `JRaw`.

use apimite_dotnet::json::{JToken, Scalar};

use super::content::{scalar_of, value_of};
use super::convert::{typed, widened};
use super::object::{this, token, token_value};
use crate::library::rows::{Args, Row, ctor, m, p, set};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::value::{Str, Value};
use apimite_dotnet::Thrown;

fn made(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    let scalar = scalar_of(cx, a.get(0))?;
    Ok(token_value(JToken::value(widened(scalar))))
}

fn boxed(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    if let Some(other) = token(a, 0)
        && let Some(scalar) = other.scalar()
    {
        return Ok(token_value(JToken::value(scalar)));
    }
    let scalar = scalar_of(cx, a.get(0))?;
    Ok(token_value(JToken::value(scalar)))
}

fn text(a: &Args<'_>) -> Scalar {
    a.str(0).map_or(Scalar::NullText, |text| Scalar::text(text.as_str()))
}

fn formatted(cx: &mut Cx<'_>, a: &Args<'_>, format: &str) -> Result<Value, Thrown> {
    let of = this(a)?;
    let Some(scalar) = of.scalar().filter(|scalar| !scalar.is_null()) else { return Ok(Value::Str(Str::EMPTY)) };
    let value = value_of(&scalar);
    match cx.format(&value, format)? {
        Some(text) => Ok(Value::Str(text)),
        None => cx.to_text(&value).map(Value::Str),
    }
}

static ROWS: &[Row] = &[
    ctor("(JValue other)", boxed_row),
    ctor("(long value)", made_row),
    ctor("(ulong value)", made_row),
    ctor("(decimal value)", made_row),
    ctor("(double value)", made_row),
    ctor("(float value)", made_row),
    ctor("(DateTime value)", made_row),
    ctor("(DateTimeOffset value)", made_row),
    ctor("(bool value)", made_row),
    ctor("(Guid value)", made_row),
    ctor("(TimeSpan value)", made_row),
    ctor("(char value)", |_, a| Ok(token_value(JToken::value(Scalar::Char(a.char(0)))))),
    ctor("(string value)", |_, a| Ok(token_value(JToken::value(text(&a))))),
    ctor("(Uri value)", boxed_row),
    ctor("(object value)", boxed_row),
    m("static JValue CreateNull()", |_, _| Ok(token_value(JToken::null()))),
    m("static JValue CreateUndefined()", |_, _| Ok(token_value(JToken::value(Scalar::Undefined)))),
    m("static JValue CreateString(string value)", |_, a| Ok(token_value(JToken::value(text(&a))))),
    m("static JValue CreateComment(string value)", |_, a| {
        let text = a.str(0).map_or("", |text| text.as_str());
        Ok(token_value(JToken::value(Scalar::Comment(text.into()))))
    }),
    p("object Value", |cx, a| {
        let scalar = this(&a)?.scalar().unwrap_or(Scalar::Null);
        typed(cx, &scalar)
    }),
    set("object Value", |cx, a| {
        let scalar = scalar_of(cx, a.get(1))?;
        this(&a)?.set_scalar(scalar);
        Ok(Value::Null)
    }),
    m("bool Equals(JValue other)", |_, a| {
        let of = this(&a)?;
        Ok(Value::Bool(token(&a, 1).is_some_and(|other| of.equals(other))))
    }),
    m("int CompareTo(JValue obj)", |_, a| {
        let of = this(&a)?;
        match token(&a, 1).and_then(JToken::scalar) {
            Some(other) => Ok(Value::Int(of.compare_to(&other)? as i32)),
            None => Ok(Value::Int(1)),
        }
    }),
    m("string ToString(string format)", |cx, a| {
        let format = a.str(1).map_or("", |text| text.as_str()).to_owned();
        formatted(cx, &a, &format)
    }),
    m("string ToString(IFormatProvider formatProvider)", |cx, a| formatted(cx, &a, "")),
    m("string ToString(string format, IFormatProvider formatProvider)", |cx, a| {
        let format = a.str(1).map_or("", |text| text.as_str()).to_owned();
        formatted(cx, &a, &format)
    }),
];

fn boxed_row(cx: &mut Cx<'_>, a: Args<'_>) -> Result<Value, Thrown> {
    boxed(cx, &a)
}

fn made_row(cx: &mut Cx<'_>, a: Args<'_>) -> Result<Value, Thrown> {
    made(cx, &a)
}

/// `Newtonsoft.Json.Linq.JValue`
pub static JVALUE: TypeDef = class("Newtonsoft.Json.Linq.JValue")
    .extends("JToken")
    .implements("IComparable, IFormattable, IComparable<JValue>, IEquatable<JValue>, IConvertible")
    .rows(&[ROWS])
    .def();

/// `Newtonsoft.Json.Linq.JRaw`
pub static JRAW: TypeDef = class("Newtonsoft.Json.Linq.JRaw")
    .extends("JValue")
    .rows(&[&[ctor("(object rawJson)", |cx, a| {
        let text = cx.to_text(a.get(0))?;
        Ok(token_value(JToken::value(Scalar::Raw(text.as_str().into()))))
    })]])
    .def();
