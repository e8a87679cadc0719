//! Conversions of a value: the explicit casts of `JToken`, and `Convert.To…` beneath them.

use std::sync::Arc;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::errors::argument;
use super::scalar::{JTokenType, Scalar};
use super::token::JToken;
use crate::convert::{from_base64, to_base64};
use crate::messages::{format_error, overflow};
use crate::numeric::{decimal, parse};
use crate::{Exception, ExceptionKind, IntegerKind, NumberStyles, Thrown};
use crate::{guid, time};

/// A .NET type that a JSON value can be converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are .NET's and say it all")]
pub enum Primitive {
    Boolean,
    Integer(IntegerKind),
    Single,
    Double,
    Decimal,
    Char,
    String,
    DateTime,
    DateTimeOffset,
    TimeSpan,
    Guid,
    Uri,
    Bytes,
}

impl Primitive {
    /// Name without namespace: `Int32`, `byte array`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "byte array",
            _ => &self.full_name()["System.".len()..],
        }
    }

    /// Full CLR name.
    pub const fn full_name(self) -> &'static str {
        match self {
            Self::Boolean => "System.Boolean",
            Self::Integer(kind) => kind.full_name(),
            Self::Single => "System.Single",
            Self::Double => "System.Double",
            Self::Decimal => "System.Decimal",
            Self::Char => "System.Char",
            Self::String => "System.String",
            Self::DateTime => "System.DateTime",
            Self::DateTimeOffset => "System.DateTimeOffset",
            Self::TimeSpan => "System.TimeSpan",
            Self::Guid => "System.Guid",
            Self::Uri => "System.Uri",
            Self::Bytes => "System.Byte[]",
        }
    }

    /// Is it a reference type, which null fits?
    pub const fn is_reference(self) -> bool {
        matches!(self, Self::String | Self::Uri | Self::Bytes)
    }

    fn takes(self, kind: JTokenType) -> bool {
        use JTokenType as K;
        if matches!(kind, K::String | K::Comment | K::Raw) {
            return true;
        }
        match self {
            Self::Boolean | Self::Integer(_) | Self::Single | Self::Double | Self::Decimal => {
                matches!(kind, K::Integer | K::Float | K::Boolean)
            }
            Self::Char => matches!(kind, K::Integer | K::Float),
            Self::String => {
                matches!(kind, K::Date | K::Integer | K::Float | K::Boolean | K::Bytes | K::Guid | K::TimeSpan | K::Uri)
            }
            Self::DateTime | Self::DateTimeOffset => kind == K::Date,
            Self::TimeSpan => kind == K::TimeSpan,
            Self::Guid => matches!(kind, K::Guid | K::Bytes),
            Self::Uri => kind == K::Uri,
            Self::Bytes => matches!(kind, K::Bytes | K::Integer),
        }
    }
}

/// Base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    to_base64(bytes, false)
}

/// A whole number beyond 64 bits as `double`.
fn big_double(digits: &str) -> f64 {
    digits.parse().unwrap_or(f64::NAN)
}

impl Scalar {
    fn bad_cast(&self, to: Primitive) -> Thrown {
        let from = self.type_name().unwrap_or("System.Object");
        Exception::new(
            ExceptionKind::InvalidCast,
            format!("Invalid cast from '{}' to '{}'.", from.trim_start_matches("System."), to.name()),
        )
    }

    fn as_integer(&self) -> Option<i128> {
        Some(match self {
            Self::Bool(value) => i128::from(*value),
            Self::Int(value, _) => i128::from(*value),
            Self::ULong(value) => i128::from(*value),
            Self::Enum(value) => i128::from(value.number),
            Self::Char(unit) => i128::from(*unit),
            _ => return None,
        })
    }

    fn as_text(&self) -> Option<&SmolStr> {
        match self {
            Self::Text(text) | Self::Raw(text) | Self::Comment(text) => Some(text),
            _ => None,
        }
    }

    /// `Convert.ToInt32` and its kin.
    pub(super) fn to_integer(&self, kind: IntegerKind) -> Result<i128, Thrown> {
        if let Some(value) = self.as_integer() {
            return kind.check(value);
        }
        match self {
            Self::Null | Self::NullText | Self::Undefined => Ok(0),
            Self::Double(value) => float_to_integer(*value, kind),
            Self::Single(value) => float_to_integer(f64::from(*value), kind),
            Self::Decimal(value) => decimal::to_integer(decimal::round(*value, 0, decimal::Midpoint::ToEven)?, kind),
            Self::Big(_) => Err(kind.overflow()),
            _ => match self.as_text() {
                Some(text) => parse::parse_integer(text, kind, NumberStyles::INTEGER),
                None => Err(self.bad_cast(Primitive::Integer(kind))),
            },
        }
    }

    /// `Convert.ToDouble`.
    pub(super) fn to_double(&self) -> Result<f64, Thrown> {
        if let Some(value) = self.as_integer().filter(|_| !matches!(self, Self::Char(_))) {
            return Ok(value as f64);
        }
        match self {
            Self::Null | Self::NullText | Self::Undefined => Ok(0.0),
            Self::Double(value) => Ok(*value),
            Self::Single(value) => Ok(f64::from(*value)),
            Self::Decimal(value) => Ok(decimal::to_double(*value)),
            Self::Big(digits) => Ok(big_double(digits)),
            _ => match self.as_text() {
                Some(text) => parse::parse_double(text, NumberStyles::FLOAT_THOUSANDS),
                None => Err(self.bad_cast(Primitive::Double)),
            },
        }
    }

    /// `Convert.ToSingle`.
    fn to_single(&self) -> Result<f32, Thrown> {
        match self.as_text() {
            Some(text) => parse::parse_single(text, NumberStyles::FLOAT_THOUSANDS),
            None => match self {
                Self::Single(value) => Ok(*value),
                _ => Ok(self.to_double()? as f32),
            },
        }
    }

    /// `Convert.ToDecimal`.
    pub(super) fn to_decimal(&self) -> Result<Decimal, Thrown> {
        if let Some(value) = self.as_integer().filter(|_| !matches!(self, Self::Char(_))) {
            return Ok(decimal::from_integer(value));
        }
        match self {
            Self::Null | Self::NullText | Self::Undefined => Ok(Decimal::ZERO),
            Self::Double(value) => decimal::from_double(*value),
            Self::Single(value) => decimal::from_single(*value),
            Self::Decimal(value) => Ok(*value),
            Self::Big(digits) => parse::parse_decimal(digits, NumberStyles::NUMBER),
            _ => match self.as_text() {
                Some(text) => parse::parse_decimal(text, NumberStyles::NUMBER),
                None => Err(self.bad_cast(Primitive::Decimal)),
            },
        }
    }

    /// `Convert.ToBoolean`.
    pub(super) fn to_bool(&self) -> Result<bool, Thrown> {
        if let Some(value) = self.as_integer().filter(|_| !matches!(self, Self::Char(_))) {
            return Ok(value != 0);
        }
        match self {
            Self::Null | Self::NullText | Self::Undefined => Ok(false),
            Self::Double(value) => Ok(*value != 0.0),
            Self::Single(value) => Ok(*value != 0.0),
            Self::Decimal(value) => Ok(!value.is_zero()),
            Self::Big(_) => Err(overflow("Value was either too large or too small for an Int32.")),
            _ => match self.as_text() {
                Some(text) => parse::parse_bool(text),
                None => Err(self.bad_cast(Primitive::Boolean)),
            },
        }
    }

    fn to_char(&self) -> Result<u16, Thrown> {
        match self {
            Self::Char(unit) => Ok(*unit),
            Self::Int(value, _) => {
                u16::try_from(*value).map_err(|_| overflow("Value was either too large or too small for a character."))
            }
            Self::ULong(_) | Self::Big(_) => Err(overflow("Value was either too large or too small for a character.")),
            Self::Null | Self::NullText | Self::Undefined => Ok(0),
            _ => match self.as_text() {
                Some(text) => {
                    let mut units = text.encode_utf16();
                    match (units.next(), units.next()) {
                        (Some(unit), None) => Ok(unit),
                        _ => Err(format_error("String must be exactly one character long.")),
                    }
                }
                None => Err(self.bad_cast(Primitive::Char)),
            },
        }
    }

    /// `Convert.ToDateTime`, as a raw `DateTime`.
    pub(super) fn to_date(&self) -> Result<u64, Thrown> {
        match self {
            Self::Date(raw) => Ok(*raw),
            Self::DateOffset(ticks, _) => Ok(*ticks as u64),
            Self::Null | Self::NullText | Self::Undefined => Ok(0),
            _ => match self.as_text() {
                Some(text) => Ok(time::parse::parse(text, time::DateTimeStyles(0), time::DateTime::UNIX_EPOCH)?.0),
                None => Err(self.bad_cast(Primitive::DateTime)),
            },
        }
    }

    fn to_offset(&self) -> Result<(i64, i16), Thrown> {
        match self {
            Self::DateOffset(ticks, offset) => Ok((*ticks, *offset)),
            _ => match self.as_text() {
                Some(text) => {
                    let (styles, now) = (time::DateTimeStyles(0), time::DateTime::UNIX_EPOCH);
                    let time = time::parse::parse_offset(text, styles, now)?;
                    Ok((time.ticks, time.minutes))
                }
                None => Ok((self.to_date()? as i64 & ((1 << 62) - 1), 0)),
            },
        }
    }

    /// The value as another .NET type, by the rules of the casts; the token type has been checked.
    fn convert(&self, to: Primitive) -> Result<Self, Thrown> {
        Ok(match to {
            Primitive::Boolean => Self::Bool(self.to_bool()?),
            Primitive::Integer(kind) => Self::integer(self.to_integer(kind)?, kind),
            Primitive::Single => Self::Single(self.to_single()?),
            Primitive::Double => Self::Double(self.to_double()?),
            Primitive::Decimal => Self::Decimal(self.to_decimal()?),
            Primitive::Char => Self::Char(self.to_char()?),
            Primitive::String => match self {
                Self::Bytes(bytes) => Self::text(base64(bytes)),
                _ => Self::Text(self.to_text()),
            },
            Primitive::DateTime => Self::Date(self.to_date()?),
            Primitive::DateTimeOffset => {
                let (ticks, offset) = self.to_offset()?;
                Self::DateOffset(ticks, offset)
            }
            Primitive::TimeSpan => match self {
                Self::TimeSpan(_) => self.clone(),
                _ => Self::TimeSpan(time::span_text::parse(&self.to_text())?.0),
            },
            Primitive::Guid => match self {
                Self::Guid(_) => self.clone(),
                Self::Bytes(bytes) => Self::Guid(guid::from_bytes(bytes)?),
                _ => Self::Guid(guid::parse(&self.to_text())?),
            },
            Primitive::Uri => match self {
                Self::Uri(_) => self.clone(),
                _ => {
                    let text = self.to_text();
                    Self::Uri(Arc::new((text.clone(), text)))
                }
            },
            Primitive::Bytes => match self {
                Self::Bytes(_) => self.clone(),
                _ => match self.as_text() {
                    Some(text) => Self::Bytes(from_base64(text)?.into()),
                    None => {
                        return Err(argument(format!("Can not convert {} to byte array.", self.kind().name())));
                    }
                },
            },
        })
    }

    /// A whole number of that type.
    pub fn integer(value: i128, kind: IntegerKind) -> Self {
        match i64::try_from(value) {
            Ok(value) if kind != IntegerKind::UInt64 => Self::Int(value, kind),
            _ => Self::ULong(value as u64),
        }
    }
}

fn float_to_integer(value: f64, kind: IntegerKind) -> Result<i128, Thrown> {
    let rounded = value.round_ties_even();
    if !rounded.is_finite() || rounded.abs() > 1e20 {
        return Err(kind.overflow());
    }
    kind.check(rounded as i128)
}

impl JToken {
    /// An explicit cast: `(int)token`, or with `nullable` `(int?)token`. Null comes out as [`Scalar::Null`].
    ///
    /// # Errors
    /// `ArgumentException` for a token that has no such form; `FormatException`, `OverflowException`, … of the conversion.
    pub fn cast(&self, to: Primitive, nullable: bool) -> Result<Scalar, Thrown> {
        let value = if self.kind() == JTokenType::Property { self.property_value() } else { Some(self.clone()) };
        let value = value.unwrap_or_else(Self::null);
        let nullable = nullable || (to.is_reference() && to != Primitive::Bytes);
        let kind = value.kind();
        let refuse = || argument(format!("Can not convert {} to {}.", kind.name(), to.name()));
        let scalar = value.scalar().ok_or_else(refuse)?;
        let empty = matches!(kind, JTokenType::Null | JTokenType::Undefined);
        if !(to.takes(kind) || nullable && empty) {
            return Err(refuse());
        }
        if scalar.is_null() && (nullable || to.is_reference()) {
            return Ok(Scalar::Null);
        }
        if scalar.is_null() && matches!(to, Primitive::Guid | Primitive::TimeSpan) {
            return Err(Exception::new(ExceptionKind::ArgumentNull, "Value cannot be null."));
        }
        scalar.convert(to)
    }

    /// What `Value<T>()` gives of this token: null for null, otherwise the value by `Convert.ChangeType`.
    ///
    /// # Errors
    /// `InvalidCastException` for a container and between types that have no such conversion; the exceptions of the conversion.
    pub fn value_as(&self, to: Primitive, nullable: bool) -> Result<Scalar, Thrown> {
        let bad_cast = |message: String| Exception::new(ExceptionKind::InvalidCast, message);
        let Some(scalar) = self.scalar() else {
            return Err(bad_cast(format!("Cannot cast {} to Newtonsoft.Json.Linq.JToken.", self.full_class())));
        };
        if scalar.is_null() {
            if nullable || to.is_reference() {
                return Ok(Scalar::Null);
            }
            return Err(bad_cast("Null object cannot be converted to a value type.".to_owned()));
        }
        if scalar.type_name() == Some(to.full_name()) {
            return Ok(scalar);
        }
        let convertible = !matches!(
            scalar,
            Scalar::Bytes(_)
                | Scalar::Guid(_)
                | Scalar::TimeSpan(_)
                | Scalar::Uri(_)
                | Scalar::DateOffset(..)
                | Scalar::Big(_)
        );
        if !convertible {
            return Err(bad_cast("Object must implement IConvertible.".to_owned()));
        }
        match to {
            Primitive::Guid | Primitive::TimeSpan | Primitive::Uri | Primitive::DateTimeOffset | Primitive::Bytes => {
                Err(bad_cast(format!(
                    "Invalid cast from '{}' to '{}'.",
                    scalar.type_name().unwrap_or("System.Object"),
                    to.full_name()
                )))
            }
            _ => scalar.convert(to),
        }
    }
}
