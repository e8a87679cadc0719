//! Values of the engine as JSON content, and back.

use std::sync::Arc;

use apimite_dotnet::json::{EnumValue, JToken, Scalar};
use apimite_dotnet::{Exception, ExceptionKind, IntegerKind, Thrown};
use smol_str::SmolStr;

use super::entries::Entries;
use super::object::Token;
use crate::library::core::collections::{ArrayObject, bytes_value};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Str, Value};

/// The value of a `JValue` as .NET boxes it.
pub(crate) fn value_of(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Null | Scalar::Undefined | Scalar::NullText => Value::Null,
        Scalar::Bool(value) => Value::Bool(*value),
        Scalar::Int(value, kind) => integer(*value, *kind),
        Scalar::ULong(value) => Value::ULong(*value),
        Scalar::Big(digits) => Value::Str(Str::new(digits)),
        Scalar::Enum(value) => Value::Long(value.number),
        Scalar::Double(value) => Value::Double(*value),
        Scalar::Single(value) => Value::Float(*value),
        Scalar::Decimal(value) => Value::Decimal(*value),
        Scalar::Text(text) | Scalar::Raw(text) | Scalar::Comment(text) => Value::Str(Str::new(text)),
        Scalar::Char(unit) => Value::Char(*unit),
        Scalar::Date(raw) => Value::DateTime(*raw),
        Scalar::DateOffset(ticks, offset) => Value::DateTimeOffset { ticks: *ticks, offset: *offset },
        Scalar::Bytes(bytes) => bytes_value(bytes),
        Scalar::Guid(bits) => Value::Guid(*bits),
        Scalar::TimeSpan(ticks) => Value::TimeSpan(*ticks),
        Scalar::Uri(uri) => Value::Str(Str::new(&uri.0)),
    }
}

fn integer(value: i64, kind: IntegerKind) -> Value {
    match kind {
        IntegerKind::SByte => Value::SByte(value as i8),
        IntegerKind::Byte => Value::Byte(value as u8),
        IntegerKind::Int16 => Value::Short(value as i16),
        IntegerKind::UInt16 => Value::UShort(value as u16),
        IntegerKind::Int32 => Value::Int(value as i32),
        IntegerKind::UInt32 => Value::UInt(value as u32),
        IntegerKind::Int64 | IntegerKind::UInt64 => Value::Long(value),
    }
}

/// Is this object a `System.Uri`?
pub(super) fn is_uri(ty: Type) -> bool {
    ty.def().is_some_and(|def| def.full_name() == "System.Uri")
}

/// The text a `Uri` was made from.
pub(super) fn uri_text(cx: &mut Cx<'_>, value: &Value) -> Result<Str, Thrown> {
    let text = cx.call_named("OriginalString", &mut [value.clone()]);
    match text {
        Ok(Value::Str(text)) => Ok(text),
        _ => cx.to_text(value),
    }
}

/// `new JValue(object)`: what a value is in JSON.
///
/// # Errors
/// `ArgumentException` for a type that JSON values do not have.
pub(super) fn scalar_of(cx: &mut Cx<'_>, value: &Value) -> Result<Scalar, Thrown> {
    let int = |value: i64, kind| Scalar::Int(value, kind);
    Ok(match value {
        Value::Null => Scalar::Null,
        Value::Bool(value) => Scalar::Bool(*value),
        Value::SByte(value) => int(i64::from(*value), IntegerKind::SByte),
        Value::Byte(value) => int(i64::from(*value), IntegerKind::Byte),
        Value::Short(value) => int(i64::from(*value), IntegerKind::Int16),
        Value::UShort(value) => int(i64::from(*value), IntegerKind::UInt16),
        Value::Int(value) => int(i64::from(*value), IntegerKind::Int32),
        Value::UInt(value) => int(i64::from(*value), IntegerKind::UInt32),
        Value::Long(value) => Scalar::long(*value),
        Value::ULong(value) => Scalar::ULong(*value),
        Value::Float(value) => Scalar::Single(*value),
        Value::Double(value) => Scalar::Double(*value),
        Value::Decimal(value) => Scalar::Decimal(*value),
        Value::Str(text) => Scalar::text(text.as_str()),
        Value::DateTime(raw) => Scalar::Date(*raw),
        Value::DateTimeOffset { ticks, offset } => Scalar::DateOffset(*ticks, *offset),
        Value::TimeSpan(ticks) => Scalar::TimeSpan(*ticks),
        Value::Guid(bits) => Scalar::Guid(*bits),
        Value::Enum(ty, number) => {
            let text = cx.to_text(value)?;
            Scalar::Enum(Arc::new(EnumValue {
                text: SmolStr::new(text.as_str()),
                number: *number,
                type_name: SmolStr::from(ty.clr()),
            }))
        }
        Value::Object(object) => {
            if let Some(array) = value.downcast::<ArrayObject>().filter(|array| array.element() == Type::byte()) {
                return Ok(Scalar::Bytes(array.bytes().into()));
            }
            if is_uri(object.type_of()) {
                let (original, shown) = (uri_text(cx, value)?, cx.to_text(value)?);
                return Ok(Scalar::Uri(Arc::new((SmolStr::new(original.as_str()), SmolStr::new(shown.as_str())))));
            }
            return Err(no_json_type(value));
        }
        Value::Char(_) | Value::Host(..) => return Err(no_json_type(value)),
    })
}

fn no_json_type(value: &Value) -> Thrown {
    let name = value.type_of().map_or_else(String::new, Type::reflected);
    Exception::new(ExceptionKind::Argument, format!("Could not determine JSON object type for type {name}."))
}

/// Content as `Add(object)` takes it: the tokens of a sequence, one after the other, or one token.
pub(super) enum Content {
    One(JToken),
    Many(Vec<Content>),
}

/// # Errors
/// `ArgumentException` for a type that JSON values do not have; what a sequence throws.
pub(super) fn content_of(cx: &mut Cx<'_>, value: &Value) -> Result<Content, Thrown> {
    if let Some(token) = value.downcast::<Token>() {
        // One that stands elsewhere already is copied when it is added.
        if token.0.parent().is_some() {
            charge_copy(cx, &token.0)?;
        }
        cx.charge(TOKEN_BYTES)?;
        return Ok(Content::One(token.0.clone()));
    }
    if let Some(entries) = value.downcast::<Entries>() {
        return Ok(Content::One(entries.0.clone()));
    }
    if is_sequence(cx, value) {
        let items = cx.collect(value)?;
        // So is one that is given twice.
        for (index, item) in items.iter().enumerate() {
            if let Some(token) = item.downcast::<Token>()
                && items[index.saturating_sub(64)..index].iter().any(|before| before.same_object(item))
            {
                charge_copy(cx, &token.0)?;
            }
        }
        let items: Result<Vec<Content>, Thrown> = items.iter().map(|item| content_of(cx, item)).collect();
        return items.map(Content::Many);
    }
    Ok(Content::One(JToken::value(scalar_of(cx, value)?)))
}

/// About what one token takes.
const TOKEN_BYTES: usize = 64;

/// Counts the memory of a copy.
pub(super) fn charge_copy(cx: &mut Cx<'_>, token: &JToken) -> Result<(), Thrown> {
    cx.charge(TOKEN_BYTES.saturating_mul(token.descendants(true).len()))
}

/// `IEnumerable`, but neither a string nor bytes.
pub(super) fn is_sequence(cx: &Cx<'_>, value: &Value) -> bool {
    let Some(ty) = value.type_of() else { return false };
    if ty == Type::string() || ty.element() == Some(Type::byte()) {
        return false;
    }
    cx.registry().derives(ty, Type::of(&crate::library::core::names::IENUMERABLE))
        || value.downcast::<super::sequence::Tokens>().is_some()
        || ty.def().is_some_and(|def| std::ptr::eq(def, &raw const crate::library::core::names::IENUMERABLE_OF))
}

/// Adds content at a position, or at the end.
pub(super) fn add(to: &JToken, at: Option<i32>, content: &Content) -> Result<(), Thrown> {
    match content {
        Content::One(token) => match at {
            Some(at) => to.insert(at, token).map(drop),
            None => to.add(token).map(drop),
        },
        Content::Many(items) => {
            for (offset, item) in items.iter().enumerate() {
                add(to, at.map(|at| at.saturating_add(i32::try_from(offset).unwrap_or(i32::MAX))), item)?;
            }
            Ok(())
        }
    }
}
