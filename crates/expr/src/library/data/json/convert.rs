//! Conversion operators of `JToken`, and what `Value<T>()` does.

use apimite_dotnet::json::{JToken, Primitive, Scalar};
use apimite_dotnet::{Exception, ExceptionKind, IntegerKind, Thrown};

use super::content::{scalar_of, value_of};
use super::object::{Token, token, token_value};
use crate::library::rows::{Args, Row, conv};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Str, Value};

/// The primitive that a type is.
pub(super) fn primitive(ty: Type) -> Option<Primitive> {
    let integers = [
        (Type::int(), IntegerKind::Int32),
        (Type::long(), IntegerKind::Int64),
        (Type::short(), IntegerKind::Int16),
        (Type::byte(), IntegerKind::Byte),
        (Type::sbyte(), IntegerKind::SByte),
        (Type::ushort(), IntegerKind::UInt16),
        (Type::uint(), IntegerKind::UInt32),
        (Type::ulong(), IntegerKind::UInt64),
    ];
    if let Some((_, kind)) = integers.into_iter().find(|(own, _)| *own == ty) {
        return Some(Primitive::Integer(kind));
    }
    Some(match ty {
        _ if ty == Type::string() => Primitive::String,
        _ if ty == Type::bool() => Primitive::Boolean,
        _ if ty == Type::double() => Primitive::Double,
        _ if ty == Type::float() => Primitive::Single,
        _ if ty == Type::decimal() => Primitive::Decimal,
        _ if ty == Type::char() => Primitive::Char,
        _ if ty == Type::date_time() => Primitive::DateTime,
        _ if ty == Type::date_time_offset() => Primitive::DateTimeOffset,
        _ if ty == Type::time_span() => Primitive::TimeSpan,
        _ if ty == Type::guid() => Primitive::Guid,
        _ if ty.element() == Some(Type::byte()) => Primitive::Bytes,
        _ if super::content::is_uri(ty) => Primitive::Uri,
        _ => return None,
    })
}

/// A converted scalar as a value of that type.
pub(super) fn typed(cx: &mut Cx<'_>, scalar: &Scalar) -> Result<Value, Thrown> {
    match scalar {
        Scalar::Uri(uri) => new_uri(cx, &uri.0),
        _ => Ok(value_of(scalar)),
    }
}

/// `new Uri(text)`
fn new_uri(cx: &mut Cx<'_>, text: &str) -> Result<Value, Thrown> {
    let ty = cx.registry().read_type("System.Uri");
    let made = ty.def().and_then(|def| {
        let constructors = cx.registry().declared(def, ".ctor");
        constructors.into_iter().find(|m| m.params.len() == 1 && m.params[0].ty == Type::string())
    });
    match made {
        Some(member) => cx.call_member(&member, &[], &mut [Value::Str(Str::new(text))]),
        None => Ok(Value::Str(Str::new(text))),
    }
}

/// An explicit cast.
fn cast(cx: &mut Cx<'_>, a: &Args<'_>, to: Primitive, nullable: bool) -> Result<Value, Thrown> {
    match token(a, 0) {
        Some(token) => {
            let scalar = token.cast(to, nullable)?;
            typed(cx, &scalar)
        }
        None if nullable || to.is_reference() => Ok(Value::Null),
        None => Err(Exception::new(ExceptionKind::ArgumentNull, "Value cannot be null. (Parameter 'value')")),
    }
}

/// An implicit conversion: `new JValue(…)` of the overload that takes the type.
fn wrap(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    let scalar = match a.get(0) {
        Value::Null => Scalar::Null,
        value => scalar_of(cx, value)?,
    };
    Ok(token_value(JToken::value(widened(scalar))))
}

/// Small integers are boxed as `long`.
pub(super) fn widened(scalar: Scalar) -> Scalar {
    if let Scalar::Int(value, _) = scalar { Scalar::long(value) } else { scalar }
}

/// As [`wrap`] for nullable types, which keep what they were boxed as.
fn wrap_nullable(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    let scalar = scalar_of(cx, a.get(0))?;
    Ok(token_value(JToken::value(scalar)))
}

macro_rules! casts {
    ($($name:literal => $to:expr;)*) => {
        &[$(
            conv(concat!("explicit operator ", $name, "(JToken value)"), |cx, a| cast(cx, &a, $to, false)),
            conv(concat!("explicit operator ", $name, "?(JToken value)"), |cx, a| cast(cx, &a, $to, true)),
            conv(concat!("implicit operator JToken(", $name, " value)"), |cx, a| wrap(cx, &a)),
            conv(concat!("implicit operator JToken(", $name, "? value)"), |cx, a| wrap_nullable(cx, &a)),
        )*
            conv("explicit operator char(JToken value)", |cx, a| cast(cx, &a, Primitive::Char, false)),
            conv("explicit operator char?(JToken value)", |cx, a| cast(cx, &a, Primitive::Char, true)),
            conv("explicit operator string(JToken value)", |cx, a| cast(cx, &a, Primitive::String, true)),
            conv("explicit operator byte[](JToken value)", |cx, a| cast(cx, &a, Primitive::Bytes, true)),
            conv("explicit operator Uri(JToken value)", |cx, a| cast(cx, &a, Primitive::Uri, true)),
            conv("implicit operator JToken(string value)", |_, a| {
                let scalar = a.str(0).map_or(Scalar::NullText, |text| Scalar::text(text.as_str()));
                Ok(token_value(JToken::value(scalar)))
            }),
            conv("implicit operator JToken(byte[] value)", |cx, a| wrap(cx, &a)),
            conv("implicit operator JToken(Uri value)", |cx, a| wrap(cx, &a)),
        ]
    };
}

/// The operators.
pub(super) static ROWS: &[Row] = casts! {
    "bool" => Primitive::Boolean;
    "sbyte" => Primitive::Integer(IntegerKind::SByte);
    "byte" => Primitive::Integer(IntegerKind::Byte);
    "short" => Primitive::Integer(IntegerKind::Int16);
    "ushort" => Primitive::Integer(IntegerKind::UInt16);
    "int" => Primitive::Integer(IntegerKind::Int32);
    "uint" => Primitive::Integer(IntegerKind::UInt32);
    "long" => Primitive::Integer(IntegerKind::Int64);
    "ulong" => Primitive::Integer(IntegerKind::UInt64);
    "float" => Primitive::Single;
    "double" => Primitive::Double;
    "decimal" => Primitive::Decimal;
    "DateTime" => Primitive::DateTime;
    "DateTimeOffset" => Primitive::DateTimeOffset;
    "TimeSpan" => Primitive::TimeSpan;
    "Guid" => Primitive::Guid;
};

/// `Convert<JToken, U>`: the token itself where it fits, otherwise the value of a `JValue` by `Convert.ChangeType`.
///
/// # Errors
/// `InvalidCastException`, and the exceptions of the conversion.
pub(super) fn convert(cx: &mut Cx<'_>, token: Option<&JToken>, ty: Type) -> Result<Value, Thrown> {
    let Some(token) = token else { return Ok(crate::run::default_value(ty)) };
    let value = Value::object(Token(token.clone()));
    if cx.is_instance(&value, ty) {
        return Ok(value);
    }
    let Some(scalar) = token.scalar() else {
        let class = value.type_of().map_or_else(String::new, Type::reflected);
        return Err(Exception::new(
            ExceptionKind::InvalidCast,
            format!("Cannot cast {class} to Newtonsoft.Json.Linq.JToken."),
        ));
    };
    let inner = value_of(&scalar);
    if !inner.is_null() && cx.is_instance(&inner, ty) {
        return Ok(inner);
    }
    let target = ty.underlying();
    if inner.is_null() && (ty.takes_null() || ty.is_reference()) {
        return Ok(Value::Null);
    }
    match primitive(target) {
        Some(to) => {
            let scalar = token.value_as(to, target != ty)?;
            typed(cx, &scalar)
        }
        None => {
            let from = inner.type_of().map_or_else(String::new, Type::reflected);
            Err(Exception::new(
                ExceptionKind::InvalidCast,
                format!("Invalid cast from '{from}' to '{}'.", target.reflected()),
            ))
        }
    }
}
