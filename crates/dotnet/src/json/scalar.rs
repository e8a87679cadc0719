//! The value inside a `JValue`.

use std::sync::Arc;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::dates::{clock_text, offset_clock_text, span_text};
use super::number::{double_text, single_text};
use crate::numeric::format::decimal_text;
use crate::{IntegerKind, guid};

/// `Newtonsoft.Json.Linq.JTokenType`, numbered as in .NET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are .NET's and say it all")]
pub enum JTokenType {
    None = 0,
    Object = 1,
    Array = 2,
    Constructor = 3,
    Property = 4,
    Comment = 5,
    Integer = 6,
    Float = 7,
    String = 8,
    Boolean = 9,
    Null = 10,
    Undefined = 11,
    Date = 12,
    Raw = 13,
    Bytes = 14,
    Guid = 15,
    Uri = 16,
    TimeSpan = 17,
}

impl JTokenType {
    /// The member's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Object => "Object",
            Self::Array => "Array",
            Self::Constructor => "Constructor",
            Self::Property => "Property",
            Self::Comment => "Comment",
            Self::Integer => "Integer",
            Self::Float => "Float",
            Self::String => "String",
            Self::Boolean => "Boolean",
            Self::Null => "Null",
            Self::Undefined => "Undefined",
            Self::Date => "Date",
            Self::Raw => "Raw",
            Self::Bytes => "Bytes",
            Self::Guid => "Guid",
            Self::Uri => "Uri",
            Self::TimeSpan => "TimeSpan",
        }
    }
}

/// An enum member held by a `JValue`: written as a number, shown by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumValue {
    /// `ToString()` of the member.
    pub text: SmolStr,
    /// Its number.
    pub number: i64,
    /// Full CLR name of its type.
    pub type_name: SmolStr,
}

/// The value of a `JValue`, with the .NET type it was boxed as.
#[derive(Clone, Debug)]
pub enum Scalar {
    /// `null` of type `Null`.
    Null,
    /// `undefined`.
    Undefined,
    /// `null` of type `String`, as `new JValue((string)null)` makes it.
    NullText,
    /// `bool`
    Bool(bool),
    /// An integer that fits `long`, and what it was boxed as.
    Int(i64, IntegerKind),
    /// `ulong`
    ULong(u64),
    /// A whole number beyond 64 bits, as canonical decimal digits.
    Big(Arc<str>),
    /// An enum member.
    Enum(Arc<EnumValue>),
    /// `double`
    Double(f64),
    /// `float`
    Single(f32),
    /// `decimal`
    Decimal(Decimal),
    /// `string`
    Text(SmolStr),
    /// `char`, one UTF-16 unit; its token type is `String`.
    Char(u16),
    /// `DateTime`: ticks in the low 62 bits, kind in the high two.
    Date(u64),
    /// `DateTimeOffset`: ticks of the clock time, offset in minutes.
    DateOffset(i64, i16),
    /// `byte[]`
    Bytes(Arc<[u8]>),
    /// `Guid`, bits in the order of its text.
    Guid(u128),
    /// `TimeSpan` in ticks of 100 ns.
    TimeSpan(i64),
    /// `Uri`: as given, and as `ToString()` shows it.
    Uri(Arc<(SmolStr, SmolStr)>),
    /// Raw JSON.
    Raw(SmolStr),
    /// A comment.
    Comment(SmolStr),
}

impl Scalar {
    /// A whole number as the parser makes it.
    pub const fn long(value: i64) -> Self {
        Self::Int(value, IntegerKind::Int64)
    }

    /// A text.
    pub fn text(text: impl Into<SmolStr>) -> Self {
        let text = text.into();
        crate::made::note_text(&text);
        Self::Text(text)
    }

    /// `JValue.Type`.
    pub const fn kind(&self) -> JTokenType {
        match self {
            Self::Null => JTokenType::Null,
            Self::Undefined => JTokenType::Undefined,
            Self::NullText | Self::Text(_) | Self::Char(_) => JTokenType::String,
            Self::Bool(_) => JTokenType::Boolean,
            Self::Int(..) | Self::ULong(_) | Self::Big(_) | Self::Enum(_) => JTokenType::Integer,
            Self::Double(_) | Self::Single(_) | Self::Decimal(_) => JTokenType::Float,
            Self::Date(_) | Self::DateOffset(..) => JTokenType::Date,
            Self::Bytes(_) => JTokenType::Bytes,
            Self::Guid(_) => JTokenType::Guid,
            Self::TimeSpan(_) => JTokenType::TimeSpan,
            Self::Uri(_) => JTokenType::Uri,
            Self::Raw(_) => JTokenType::Raw,
            Self::Comment(_) => JTokenType::Comment,
        }
    }

    /// Is `JValue.Value` null?
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Undefined | Self::NullText)
    }

    /// Full CLR name of `JValue.Value`'s type; `None` for null.
    pub fn type_name(&self) -> Option<&str> {
        Some(match self {
            Self::Null | Self::Undefined | Self::NullText => return None,
            Self::Bool(_) => "System.Boolean",
            Self::Int(_, kind) => kind.full_name(),
            Self::ULong(_) => "System.UInt64",
            Self::Big(_) => "System.Numerics.BigInteger",
            Self::Enum(value) => &value.type_name,
            Self::Double(_) => "System.Double",
            Self::Single(_) => "System.Single",
            Self::Decimal(_) => "System.Decimal",
            Self::Text(_) | Self::Raw(_) | Self::Comment(_) => "System.String",
            Self::Char(_) => "System.Char",
            Self::Date(_) => "System.DateTime",
            Self::DateOffset(..) => "System.DateTimeOffset",
            Self::Bytes(_) => "System.Byte[]",
            Self::Guid(_) => "System.Guid",
            Self::TimeSpan(_) => "System.TimeSpan",
            Self::Uri(_) => "System.Uri",
        })
    }

    /// `ToString()` of the value in the invariant culture; empty for null.
    pub fn to_text(&self) -> SmolStr {
        match self {
            Self::Null | Self::Undefined | Self::NullText => SmolStr::default(),
            Self::Bool(value) => SmolStr::new_static(if *value { "True" } else { "False" }),
            Self::Int(value, _) => smol_str::format_smolstr!("{value}"),
            Self::ULong(value) => smol_str::format_smolstr!("{value}"),
            Self::Big(digits) => SmolStr::from(digits.clone()),
            Self::Enum(value) => value.text.clone(),
            Self::Double(value) => double_text(*value),
            Self::Single(value) => single_text(*value),
            Self::Decimal(value) => SmolStr::from(decimal_text(*value)),
            Self::Text(text) | Self::Raw(text) | Self::Comment(text) => text.clone(),
            Self::Char(unit) => SmolStr::from(String::from_utf16_lossy(&[*unit])),
            Self::Date(raw) => SmolStr::from(clock_text(*raw)),
            Self::DateOffset(ticks, offset) => SmolStr::from(offset_clock_text(*ticks, *offset)),
            Self::Bytes(_) => SmolStr::new_static("System.Byte[]"),
            Self::Guid(bits) => SmolStr::from(guid::text(*bits)),
            Self::TimeSpan(ticks) => SmolStr::from(span_text(*ticks)),
            Self::Uri(uri) => uri.1.clone(),
        }
    }
}
