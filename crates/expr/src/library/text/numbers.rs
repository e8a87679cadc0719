//! Rows of the integer and floating point types.

use apimite_dotnet::messages::argument_null;
use apimite_dotnet::numeric::parse;
use apimite_dotnet::{IntegerKind, NumberStyles, Thrown};

use super::edge::{formatted, integer, order, tried};
use crate::library::rows::{Default, Row, constant, m};
use crate::value::{Str, Value};

/// A style argument.
pub(super) fn styles(number: i64) -> NumberStyles {
    NumberStyles(i32::try_from(number).unwrap_or(i32::MAX))
}

fn read(text: Option<&Str>, kind: IntegerKind, styles: NumberStyles) -> Result<Value, Thrown> {
    let text = text.ok_or_else(|| argument_null("s"))?;
    parse::parse_integer(text, kind, styles).map(|n| integer(kind, n))
}

fn read_double(text: Option<&Str>, styles: NumberStyles) -> Result<Value, Thrown> {
    parse::parse_double(text.ok_or_else(|| argument_null("s"))?, styles).map(Value::Double)
}

fn read_single(text: Option<&Str>, styles: NumberStyles) -> Result<Value, Thrown> {
    parse::parse_single(text.ok_or_else(|| argument_null("s"))?, styles).map(Value::Float)
}

/// `TryParse` with a style that is no style throws, as `Parse` does.
pub(super) fn style_error(result: &Result<Value, Thrown>) -> bool {
    matches!(result, Err(thrown) if thrown.kind == apimite_dotnet::ExceptionKind::Argument)
}

/// Rows that all number types share; `$read` reads a text.
macro_rules! number_rows {
    ($cs:literal, $read:expr, $default:expr, $zero:expr; $($own:expr),* $(,)?) => {
        &[
            $($own,)*
            m(concat!("static ", $cs, " Parse(string s)"), |_, a| $read(a.str(0), $default)),
            m(concat!("static ", $cs, " Parse(string s, System.Globalization.NumberStyles style)"), |_, a| {
                $read(a.str(0), styles(a.number(1)))
            }),
            m(concat!("static ", $cs, " Parse(string s, IFormatProvider provider)"), |_, a| $read(a.str(0), $default)),
            m(
                concat!("static ", $cs, " Parse(string s, System.Globalization.NumberStyles style, IFormatProvider provider)"),
                |_, a| $read(a.str(0), styles(a.number(1))),
            ),
            m(concat!("static bool TryParse(string s, out ", $cs, " result)"), |_, mut a| {
                let result = $read(a.str(0), $default);
                Ok(tried(&mut a, 1, result, $zero))
            }),
            m(
                concat!(
                    "static bool TryParse(string s, System.Globalization.NumberStyles style, IFormatProvider provider, out ",
                    $cs,
                    " result)"
                ),
                |_, mut a| {
                    let result = $read(a.str(0), styles(a.number(1)));
                    if a.str(0).is_some() && style_error(&result) {
                        return result;
                    }
                    Ok(tried(&mut a, 3, result, $zero))
                },
            ),
            m("string ToString()", |cx, a| formatted(cx, a.get(0), None)),
            m("string ToString(string format)", |cx, a| formatted(cx, a.get(0), a.str(1))),
            m("string ToString(IFormatProvider provider)", |cx, a| formatted(cx, a.get(0), None)),
            m("string ToString(string format, IFormatProvider provider)", |cx, a| formatted(cx, a.get(0), a.str(1))),
            m(concat!("bool Equals(", $cs, " obj)"), |cx, a| {
                let (x, y) = (a.get(0).clone(), a.get(1).clone());
                cx.equals(&x, &y).map(Value::Bool)
            }),
            m("int CompareTo(object value)", |cx, a| {
                let (x, y) = (a.get(0).clone(), a.get(1).clone());
                if !y.is_null() && x.type_of() != y.type_of() {
                    return Err(apimite_dotnet::Exception::new(
                        apimite_dotnet::ExceptionKind::Argument,
                        concat!("Object must be of type ", $cs, "."),
                    ));
                }
                cx.compare(&x, &y).map(order)
            }),
        ]
    };
}
pub(super) use number_rows;

macro_rules! integers {
    ($($name:ident, $cs:literal, $kind:ident, $zero:expr, $min:expr, $max:expr, $compare:expr;)*) => {
        $(pub(crate) static $name: &[Row] = number_rows!(
            $cs,
            |text, styles| read(text, IntegerKind::$kind, styles),
            NumberStyles::INTEGER,
            $zero;
            constant(concat!("static ", $cs, " MaxValue"), $max),
            constant(concat!("static ", $cs, " MinValue"), $min),
            m(concat!("int CompareTo(", $cs, " value)"), $compare),
        );)*
    };
}

/// Narrow types give the difference, wide ones the sign.
macro_rules! difference {
    () => {
        |_, a| Ok(Value::Int(i32::try_from(a.whole(0) - a.whole(1)).unwrap_or(0)))
    };
}
macro_rules! sign {
    () => {
        |_, a| Ok(order(a.whole(0).cmp(&a.whole(1))))
    };
}

integers! {
    SBYTE, "sbyte", SByte, Value::SByte(0), Default::Int(-128), Default::Int(127), difference!();
    BYTE, "byte", Byte, Value::Byte(0), Default::Int(0), Default::Int(255), difference!();
    INT16, "short", Int16, Value::Short(0), Default::Int(-32_768), Default::Int(32_767), difference!();
    UINT16, "ushort", UInt16, Value::UShort(0), Default::Int(0), Default::Int(65_535), difference!();
    INT32, "int", Int32, Value::Int(0), Default::Int(-2_147_483_648), Default::Int(2_147_483_647), sign!();
    UINT32, "uint", UInt32, Value::UInt(0), Default::Int(0), Default::Int(4_294_967_295), sign!();
    INT64, "long", Int64, Value::Long(0), Default::Int(i64::MIN), Default::Int(i64::MAX), sign!();
    UINT64, "ulong", UInt64, Value::ULong(0), Default::ULong(0), Default::ULong(u64::MAX), sign!();
}

pub(crate) static DOUBLE: &[Row] = number_rows!(
    "double",
    read_double,
    NumberStyles::FLOAT_THOUSANDS,
    Value::Double(0.0);
    constant("static double MaxValue", Default::Float(f64::MAX)),
    constant("static double MinValue", Default::Float(f64::MIN)),
    constant("static double Epsilon", Default::Float(5e-324)),
    constant("static double NaN", Default::Float(-f64::NAN)),
    constant("static double PositiveInfinity", Default::Float(f64::INFINITY)),
    constant("static double NegativeInfinity", Default::Float(f64::NEG_INFINITY)),
    m("static bool IsNaN(double d)", |_, a| Ok(Value::Bool(a.double(0).is_nan()))),
    m("static bool IsInfinity(double d)", |_, a| Ok(Value::Bool(a.double(0).is_infinite()))),
    m("static bool IsPositiveInfinity(double d)", |_, a| Ok(Value::Bool(a.double(0) == f64::INFINITY))),
    m("static bool IsNegativeInfinity(double d)", |_, a| Ok(Value::Bool(a.double(0) == f64::NEG_INFINITY))),
    m("static bool IsFinite(double d)", |_, a| Ok(Value::Bool(a.double(0).is_finite()))).core_only(),
    m("static bool IsNegative(double d)", |_, a| Ok(Value::Bool(a.double(0).is_sign_negative()))).core_only(),
    m("static bool IsNormal(double d)", |_, a| Ok(Value::Bool(a.double(0).is_normal()))).core_only(),
    m("int CompareTo(double value)", |cx, a| {
        let (x, y) = (a.get(0).clone(), a.get(1).clone());
        cx.compare(&x, &y).map(order)
    }),
);

pub(crate) static SINGLE: &[Row] = number_rows!(
    "float",
    read_single,
    NumberStyles::FLOAT_THOUSANDS,
    Value::Float(0.0);
    constant("static float MaxValue", Default::Float(f32::MAX as f64)),
    constant("static float MinValue", Default::Float(f32::MIN as f64)),
    constant("static float Epsilon", Default::Float(1.401_298_464_324_817e-45)),
    constant("static float NaN", Default::Float(-f64::NAN)),
    constant("static float PositiveInfinity", Default::Float(f64::INFINITY)),
    constant("static float NegativeInfinity", Default::Float(f64::NEG_INFINITY)),
    m("static bool IsNaN(float f)", |_, a| Ok(Value::Bool(a.float(0).is_nan()))),
    m("static bool IsInfinity(float f)", |_, a| Ok(Value::Bool(a.float(0).is_infinite()))),
    m("static bool IsPositiveInfinity(float f)", |_, a| Ok(Value::Bool(a.float(0) == f32::INFINITY))),
    m("static bool IsNegativeInfinity(float f)", |_, a| Ok(Value::Bool(a.float(0) == f32::NEG_INFINITY))),
    m("static bool IsFinite(float f)", |_, a| Ok(Value::Bool(a.float(0).is_finite()))).core_only(),
    m("static bool IsNegative(float f)", |_, a| Ok(Value::Bool(a.float(0).is_sign_negative()))).core_only(),
    m("int CompareTo(float value)", |cx, a| {
        let (x, y) = (a.get(0).clone(), a.get(1).clone());
        cx.compare(&x, &y).map(order)
    }),
);
