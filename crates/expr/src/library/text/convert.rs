//! Rows of `System.Convert`, and the conversions behind them.

use apimite_dotnet::convert;
use apimite_dotnet::messages::{argument, argument_null, out_of_range};
use apimite_dotnet::numeric::{decimal, parse};
use apimite_dotnet::time::{DateTime, DateTimeStyles, Kind, parse as date_parse};
use apimite_dotnet::{Decimal, Exception, ExceptionKind, IntegerKind, NumberStyles, Thrown};

use super::edge::{integer, kind_of, made, now};
use crate::library::core::collections::bytes_value;
use crate::library::core::objects::TypeObject;
use crate::library::rows::{Args, Row, m};
use crate::library::typedef::{TypeDef, static_class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Str, Value};

/// What a conversion makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Boolean,
    Char,
    Integer(IntegerKind),
    Single,
    Double,
    Decimal,
    DateTime,
    String,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Boolean => "Boolean",
            Self::Char => "Char",
            Self::Integer(kind) => kind.full_name().strip_prefix("System.").unwrap_or(""),
            Self::Single => "Single",
            Self::Double => "Double",
            Self::Decimal => "Decimal",
            Self::DateTime => "DateTime",
            Self::String => "String",
        }
    }
}

fn no_cast(from: &str, to: Target) -> Thrown {
    Exception::new(ExceptionKind::InvalidCast, format!("Invalid cast from '{from}' to '{}'.", to.name()))
}

/// The value inside an object that converts by its content, such as a JSON value.
fn inner(cx: &mut Cx<'_>, value: &Value) -> Result<Option<Value>, Thrown> {
    match value {
        Value::Object(object) if object.type_of().def().is_some_and(|def| def.simple_name() == "JValue") => {
            cx.call_named("Value", &mut [value.clone()]).map(Some)
        }
        _ => Ok(None),
    }
}

fn no_value(target: Target) -> Thrown {
    Exception::new(ExceptionKind::Argument, format!("Can not convert Null to {}.", target.name()))
}

/// `Convert.ToX(value)`.
pub(super) fn to(cx: &mut Cx<'_>, value: &Value, target: Target) -> Result<Value, Thrown> {
    if let Some(content) = inner(cx, value)? {
        return match (content, target) {
            // As `Convert` asks a `JValue`: through its casts.
            (Value::DateTimeOffset { ticks, .. }, Target::DateTime) => {
                DateTime::from_ticks(ticks, Kind::Unspecified).map(Value::from)
            }
            (Value::Null, Target::Char | Target::Integer(_) | Target::Single | Target::Double) => Err(no_value(target)),
            (Value::Null, Target::Boolean | Target::Decimal | Target::DateTime) => Err(no_value(target)),
            (content, _) => to(cx, &content, target),
        };
    }
    match target {
        Target::Boolean => boolean(value),
        Target::Char => character(value),
        Target::Integer(kind) => whole(value, kind).map(|n| integer(kind, n)),
        Target::Single => single(value).map(Value::Float),
        Target::Double => double(value).map(Value::Double),
        Target::Decimal => decimal_of(value).map(Value::Decimal),
        Target::DateTime => match value {
            Value::Null => Ok(Value::DateTime(0)),
            Value::DateTime(_) => Ok(value.clone()),
            Value::Str(text) => date_parse::parse(text, DateTimeStyles(0), now(cx)).map(Value::from),
            other => Err(refused(other, target)),
        },
        Target::String => match value {
            Value::Null => Ok(Value::Str(Str::EMPTY)),
            other => cx.to_text(other).map(Value::Str),
        },
    }
}

/// Why a value does not convert.
fn refused(value: &Value, target: Target) -> Thrown {
    let ty = value.type_of().unwrap_or_else(Type::object);
    match value {
        Value::Object(_) | Value::Host(..) | Value::Guid(_) | Value::TimeSpan(_) | Value::DateTimeOffset { .. } => {
            Exception::new(
                ExceptionKind::InvalidCast,
                format!("Unable to cast object of type '{}' to type 'System.IConvertible'.", ty.reflected()),
            )
        }
        _ => no_cast(&ty.short_name(), target),
    }
}

fn boolean(value: &Value) -> Result<Value, Thrown> {
    Ok(Value::Bool(match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Str(text) => parse::parse_bool(text)?,
        Value::Float(n) => *n != 0.0,
        Value::Double(n) => *n != 0.0,
        Value::Decimal(n) => !n.is_zero(),
        Value::Char(_) => return Err(no_cast("Char", Target::Boolean)),
        other => match other.integer() {
            Some(n) => n != 0,
            None => return Err(refused(other, Target::Boolean)),
        },
    }))
}

fn character(value: &Value) -> Result<Value, Thrown> {
    match value {
        Value::Null => Ok(Value::Char(0)),
        Value::Char(_) => Ok(value.clone()),
        Value::Str(text) => convert::text_to_char(Some(text), "value").map(Value::Char),
        other => match other.integer() {
            Some(n) => convert::to_char(n).map(Value::Char),
            None => Err(refused(other, Target::Char)),
        },
    }
}

fn whole(value: &Value, kind: IntegerKind) -> Result<i128, Thrown> {
    match value {
        Value::Null => Ok(0),
        Value::Bool(b) => Ok(i128::from(*b)),
        Value::Str(text) => convert::text_to_integer(Some(text), kind),
        Value::Float(n) => convert::round_double(f64::from(*n), kind),
        Value::Double(n) => convert::round_double(*n, kind),
        Value::Decimal(n) => convert::round_decimal(*n, kind),
        other => match other.integer() {
            Some(n) => kind.check(n),
            None => Err(refused(other, Target::Integer(kind))),
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "the nearest double is wanted")]
fn double(value: &Value) -> Result<f64, Thrown> {
    match value {
        Value::Null => Ok(0.0),
        Value::Bool(b) => Ok(f64::from(u8::from(*b))),
        Value::Str(text) => parse::parse_double(text, NumberStyles::FLOAT_THOUSANDS),
        Value::Float(n) => Ok(f64::from(*n)),
        Value::Double(n) => Ok(*n),
        Value::Decimal(n) => Ok(decimal::to_double(*n)),
        Value::Char(_) => Err(no_cast("Char", Target::Double)),
        other => other.integer().map(|n| n as f64).ok_or_else(|| refused(other, Target::Double)),
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the nearest float is wanted")]
fn single(value: &Value) -> Result<f32, Thrown> {
    match value {
        Value::Null => Ok(0.0),
        Value::Bool(b) => Ok(f32::from(u8::from(*b))),
        Value::Str(text) => parse::parse_single(text, NumberStyles::FLOAT_THOUSANDS),
        Value::Float(n) => Ok(*n),
        Value::Double(n) => Ok(*n as f32),
        Value::Decimal(n) => Ok(decimal::to_double(*n) as f32),
        Value::Char(_) => Err(no_cast("Char", Target::Single)),
        other => other.integer().map(|n| n as f32).ok_or_else(|| refused(other, Target::Single)),
    }
}

fn decimal_of(value: &Value) -> Result<Decimal, Thrown> {
    match value {
        Value::Null => Ok(Decimal::ZERO),
        Value::Bool(b) => Ok(decimal::from_integer(i128::from(*b))),
        Value::Str(text) => parse::parse_decimal(text, NumberStyles::NUMBER),
        Value::Float(n) => decimal::from_single(*n),
        Value::Double(n) => decimal::from_double(*n),
        Value::Decimal(n) => Ok(*n),
        Value::Char(_) => Err(no_cast("Char", Target::Decimal)),
        other => other.integer().map(decimal::from_integer).ok_or_else(|| refused(other, Target::Decimal)),
    }
}

/// One row for each source type of a target.
macro_rules! conversions {
    ($($name:ident, $method:literal, $cs:literal, $target:expr;)*) => {
        $(static $name: &[Row] = conversions!(@rows $method, $cs, $target;
            "object", "bool", "byte", "char", "DateTime", "decimal", "double", "short", "int", "long", "sbyte", "float",
            "string", "ushort", "uint", "ulong");)*
    };
    (@rows $method:literal, $cs:literal, $target:expr; $($source:literal),*) => {
        &[
            $(m(concat!("static ", $cs, " ", $method, "(", $source, " value)"), |cx, a| {
                let value = a.get(0).clone();
                to(cx, &value, $target)
            }),)*
            m(concat!("static ", $cs, " ", $method, "(object value, IFormatProvider provider)"), |cx, a| {
                let value = a.get(0).clone();
                to(cx, &value, $target)
            }),
            m(concat!("static ", $cs, " ", $method, "(string value, IFormatProvider provider)"), |cx, a| {
                let value = a.get(0).clone();
                to(cx, &value, $target)
            }),
        ]
    };
}

conversions! {
    TO_BOOLEAN, "ToBoolean", "bool", Target::Boolean;
    TO_BYTE, "ToByte", "byte", Target::Integer(IntegerKind::Byte);
    TO_CHAR, "ToChar", "char", Target::Char;
    TO_DATE_TIME, "ToDateTime", "DateTime", Target::DateTime;
    TO_DECIMAL, "ToDecimal", "decimal", Target::Decimal;
    TO_DOUBLE, "ToDouble", "double", Target::Double;
    TO_INT16, "ToInt16", "short", Target::Integer(IntegerKind::Int16);
    TO_INT32, "ToInt32", "int", Target::Integer(IntegerKind::Int32);
    TO_INT64, "ToInt64", "long", Target::Integer(IntegerKind::Int64);
    TO_SBYTE, "ToSByte", "sbyte", Target::Integer(IntegerKind::SByte);
    TO_SINGLE, "ToSingle", "float", Target::Single;
    TO_UINT16, "ToUInt16", "ushort", Target::Integer(IntegerKind::UInt16);
    TO_UINT32, "ToUInt32", "uint", Target::Integer(IntegerKind::UInt32);
    TO_UINT64, "ToUInt64", "ulong", Target::Integer(IntegerKind::UInt64);
}

macro_rules! to_string {
    ($($source:literal),*) => {
        static TO_STRING: &[Row] = &[$(
            m(concat!("static string ToString(", $source, " value)"), |cx, a| {
                let value = a.get(0).clone();
                to(cx, &value, Target::String)
            }),
            m(concat!("static string ToString(", $source, " value, IFormatProvider provider)"), |cx, a| {
                let value = a.get(0).clone();
                to(cx, &value, Target::String)
            }),
        )*];
    };
}
to_string!(
    "object", "bool", "byte", "char", "DateTime", "decimal", "double", "short", "int", "long", "sbyte", "float",
    "ushort", "uint", "ulong"
);

macro_rules! bases {
    ($($method:literal, $cs:literal, $kind:ident;)*) => {
        static BASES: &[Row] = &[$(
            m(concat!("static ", $cs, " ", $method, "(string value, int fromBase)"), |_, a| {
                convert::parse_base(a.str(0).map(Str::as_str), a.int(1), IntegerKind::$kind)
                    .map(|n| integer(IntegerKind::$kind, n))
            }),
        )*];
    };
}
bases! {
    "ToByte", "byte", Byte;
    "ToSByte", "sbyte", SByte;
    "ToInt16", "short", Int16;
    "ToUInt16", "ushort", UInt16;
    "ToInt32", "int", Int32;
    "ToUInt32", "uint", UInt32;
    "ToInt64", "long", Int64;
    "ToUInt64", "ulong", UInt64;
}

fn to_base(a: &Args<'_>) -> Result<Value, Thrown> {
    let kind = kind_of(a.get(0)).unwrap_or(IntegerKind::Int32);
    convert::to_base(a.whole(0), a.int(1), kind).map(Value::from)
}

/// A checked piece of a byte array.
fn piece(a: &Args<'_>, name: &str) -> Result<Vec<u8>, Thrown> {
    let bytes = a.bytes(0, name)?;
    let (offset, length) = (a.int(1), a.int(2));
    if length < 0 {
        return Err(out_of_range(
            "Index was out of range. Must be non-negative and less than the size of the collection.",
            "length",
        ));
    }
    if offset < 0 {
        return Err(out_of_range("Value must be positive.", "offset"));
    }
    let (start, size) = (offset.unsigned_abs() as usize, length.unsigned_abs() as usize);
    bytes
        .get(start..start.saturating_add(size))
        .map(<[u8]>::to_vec)
        .ok_or_else(|| out_of_range("Offset and length must refer to a position in the string.", "offset"))
}

fn base64(cx: &mut Cx<'_>, bytes: &[u8], options: i64) -> Result<Value, Thrown> {
    if !(0..=1).contains(&options) {
        return Err(argument(&format!("Illegal enum value: {options}."), "options"));
    }
    made(cx, convert::to_base64(bytes, options == 1))
}

/// `Convert.ChangeType`
fn change_type(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    let value = a.get(0).clone();
    let ty = a.need(1, "conversionType")?.downcast::<TypeObject>().map_or_else(Type::object, |t| t.0);
    let Some(target) = target_of(ty) else {
        if value.is_null() && !ty.is_value_type() {
            return Ok(Value::Null);
        }
        if value.type_of() == Some(ty) || ty == Type::object() {
            return Ok(value);
        }
        let from = value.type_of().map_or_else(|| "null".into(), |t| t.reflected());
        return Err(Exception::new(
            ExceptionKind::InvalidCast,
            if value.is_null() {
                "Null object cannot be converted to a value type.".into()
            } else {
                format!("Invalid cast from '{from}' to '{}'.", ty.reflected())
            },
        ));
    };
    if value.is_null() {
        if target == Target::String {
            return Ok(Value::Null);
        }
        return Err(Exception::new(ExceptionKind::InvalidCast, "Null object cannot be converted to a value type."));
    }
    to(cx, &value, target)
}

fn target_of(ty: Type) -> Option<Target> {
    let kinds = [
        (Type::sbyte(), IntegerKind::SByte),
        (Type::byte(), IntegerKind::Byte),
        (Type::short(), IntegerKind::Int16),
        (Type::ushort(), IntegerKind::UInt16),
        (Type::int(), IntegerKind::Int32),
        (Type::uint(), IntegerKind::UInt32),
        (Type::long(), IntegerKind::Int64),
        (Type::ulong(), IntegerKind::UInt64),
    ];
    if let Some((_, kind)) = kinds.iter().find(|(t, _)| *t == ty) {
        return Some(Target::Integer(*kind));
    }
    let others = [
        (Type::bool(), Target::Boolean),
        (Type::char(), Target::Char),
        (Type::float(), Target::Single),
        (Type::double(), Target::Double),
        (Type::decimal(), Target::Decimal),
        (Type::date_time(), Target::DateTime),
        (Type::string(), Target::String),
    ];
    others.iter().find(|(t, _)| *t == ty).map(|(_, target)| *target)
}

/// The target behind a `TypeCode`.
fn target_of_code(code: i64) -> Option<Target> {
    Some(match code {
        3 => Target::Boolean,
        4 => Target::Char,
        5 => Target::Integer(IntegerKind::SByte),
        6 => Target::Integer(IntegerKind::Byte),
        7 => Target::Integer(IntegerKind::Int16),
        8 => Target::Integer(IntegerKind::UInt16),
        9 => Target::Integer(IntegerKind::Int32),
        10 => Target::Integer(IntegerKind::UInt32),
        11 => Target::Integer(IntegerKind::Int64),
        12 => Target::Integer(IntegerKind::UInt64),
        13 => Target::Single,
        14 => Target::Double,
        15 => Target::Decimal,
        16 => Target::DateTime,
        18 => Target::String,
        _ => return None,
    })
}

fn from_hex(text: &str) -> Result<Vec<u8>, Thrown> {
    if !text.len().is_multiple_of(2) {
        return Err(apimite_dotnet::messages::format_error(
            "The input is not a valid hex string as its length is not a multiple of 2.",
        ));
    }
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or_else(|| {
            apimite_dotnet::messages::format_error(
                "The input is not a valid hex string as it contains a non-hex character.",
            )
        })
}

static OTHERS: &[Row] = &[
    m("static string ToString(string value)", |_, mut a| Ok(a.take(0))),
    m("static string ToString(string value, IFormatProvider provider)", |_, mut a| Ok(a.take(0))),
    m("static string ToString(byte value, int toBase)", |_, a| to_base(&a)),
    m("static string ToString(short value, int toBase)", |_, a| to_base(&a)),
    m("static string ToString(int value, int toBase)", |_, a| to_base(&a)),
    m("static string ToString(long value, int toBase)", |_, a| to_base(&a)),
    m("static string ToBase64String(byte[] inArray)", |cx, a| base64(cx, &a.bytes(0, "inArray")?, 0)),
    m("static string ToBase64String(byte[] inArray, Base64FormattingOptions options)", |cx, a| {
        base64(cx, &a.bytes(0, "inArray")?, a.number(1))
    }),
    m("static string ToBase64String(byte[] inArray, int offset, int length)", |cx, a| {
        base64(cx, &piece(&a, "inArray")?, 0)
    }),
    m(
        "static string ToBase64String(byte[] inArray, int offset, int length, Base64FormattingOptions options)",
        |cx, a| base64(cx, &piece(&a, "inArray")?, a.number(3)),
    ),
    m("static byte[] FromBase64String(string s)", |cx, a| {
        let bytes = convert::from_base64(a.need_str(0, "s")?)?;
        cx.charge(bytes.len() * size_of::<Value>())?;
        Ok(bytes_value(&bytes))
    }),
    m("static byte[] FromBase64CharArray(char[] inArray, int offset, int length)", |cx, a| {
        let units = a.units(0).ok_or_else(|| argument_null("inArray"))?;
        let range = usize::try_from(a.int(1)).ok().zip(usize::try_from(a.int(2)).ok());
        let piece = range
            .and_then(|(start, size)| units.get(start..start.checked_add(size)?))
            .ok_or_else(|| out_of_range("Offset and length must refer to a position in the string.", "offset"))?;
        let bytes = convert::from_base64(&String::from_utf16_lossy(piece))?;
        cx.charge(bytes.len() * size_of::<Value>())?;
        Ok(bytes_value(&bytes))
    }),
    m("static string ToHexString(byte[] inArray)", |cx, a| {
        let text = a.bytes(0, "inArray")?.iter().map(|b| format!("{b:02X}")).collect();
        made(cx, text)
    })
    .core_only(),
    m("static byte[] FromHexString(string s)", |cx, a| {
        let bytes = from_hex(a.need_str(0, "s")?)?;
        cx.charge(bytes.len() * size_of::<Value>())?;
        Ok(bytes_value(&bytes))
    })
    .core_only(),
    m("static bool IsDBNull(object value)", |_, _| Ok(Value::Bool(false))),
    m("static object ChangeType(object value, Type conversionType)", |cx, a| change_type(cx, &a)),
    m("static object ChangeType(object value, Type conversionType, IFormatProvider provider)", |cx, a| {
        change_type(cx, &a)
    }),
    m("static object ChangeType(object value, TypeCode typeCode)", |cx, a| {
        let value = a.get(0).clone();
        match target_of_code(a.number(1)) {
            _ if value.is_null() && matches!(a.number(1), 0 | 1 | 18) => Ok(Value::Null),
            Some(_) if value.is_null() => {
                Err(Exception::new(ExceptionKind::InvalidCast, "Null object cannot be converted to a value type."))
            }
            Some(target) => to(cx, &value, target),
            None if a.number(1) == 1 => Ok(value),
            None => Err(Exception::new(ExceptionKind::Argument, "Unknown TypeCode value.")),
        }
    }),
    m("static TypeCode GetTypeCode(object value)", |_, a| Ok(super::enums::type_code(a.get(0)))),
];

/// `System.Convert`
pub static CONVERT: TypeDef = static_class("System.Convert")
    .rows(&[
        TO_BOOLEAN,
        TO_BYTE,
        TO_CHAR,
        TO_DATE_TIME,
        TO_DECIMAL,
        TO_DOUBLE,
        TO_INT16,
        TO_INT32,
        TO_INT64,
        TO_SBYTE,
        TO_SINGLE,
        TO_UINT16,
        TO_UINT32,
        TO_UINT64,
        TO_STRING,
        BASES,
        OTHERS,
    ])
    .def();
