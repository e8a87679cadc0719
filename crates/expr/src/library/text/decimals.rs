//! Rows of `System.Decimal`.

use apimite_dotnet::messages::{argument_null, out_of_range};
use apimite_dotnet::numeric::decimal::{self, Midpoint, Parts};
use apimite_dotnet::numeric::parse;
use apimite_dotnet::{Decimal, IntegerKind, NumberStyles, Thrown};

use super::edge::{formatted, integer, order, tried};
use super::numbers::{number_rows, style_error, styles};
use crate::library::core::collections::array_value;
use crate::library::rows::{Args, Default, Row, constant, ctor, m};
use crate::types::Type;
use crate::value::{Str, Value};

fn read(text: Option<&Str>, styles: NumberStyles) -> Result<Value, Thrown> {
    parse::parse_decimal(text.ok_or_else(|| argument_null("s"))?, styles).map(Value::Decimal)
}

fn to_kind(a: &Args<'_>, kind: IntegerKind) -> Result<Value, Thrown> {
    decimal::to_integer(a.decimal(0), kind).map(|n| integer(kind, n))
}

fn whole(a: &Args<'_>) -> Result<Value, Thrown> {
    Ok(Value::Decimal(decimal::from_integer(a.whole(0))))
}

/// `Decimal.Round` and `Math.Round` of decimals: places and mode where given.
pub(super) fn round(a: &Args<'_>, places: Option<usize>, mode: Option<usize>) -> Result<Value, Thrown> {
    let mode = mode.map_or(Ok(Midpoint::ToEven), |index| Midpoint::from_number(a.number(index)))?;
    decimal::round(a.decimal(0), places.map_or(0, |index| a.int(index)), mode).map(Value::Decimal)
}

pub(crate) static DECIMAL: &[Row] = number_rows!(
    "decimal",
    read,
    NumberStyles::NUMBER,
    Value::Decimal(Decimal::ZERO);
    constant("static decimal Zero", Default::Decimal("0")),
    constant("static decimal One", Default::Decimal("1")),
    constant("static decimal MinusOne", Default::Decimal("-1")),
    constant("static decimal MaxValue", Default::Decimal("79228162514264337593543950335")),
    constant("static decimal MinValue", Default::Decimal("-79228162514264337593543950335")),
    ctor("(int value)", |_, a| whole(&a)),
    ctor("(uint value)", |_, a| whole(&a)),
    ctor("(long value)", |_, a| whole(&a)),
    ctor("(ulong value)", |_, a| whole(&a)),
    ctor("(float value)", |_, a| decimal::from_single(a.float(0)).map(Value::Decimal)),
    ctor("(double value)", |_, a| decimal::from_double(a.double(0)).map(Value::Decimal)),
    ctor("(int[] bits)", |_, a| {
        a.need(0, "bits")?;
        let bits: Vec<i32> = a.elements(0).unwrap_or_default().iter().map(Value::as_int).collect();
        decimal::from_bits(&bits).map(Value::Decimal)
    }),
    ctor("(int lo, int mid, int hi, bool isNegative, byte scale)", |_, a| {
        let scale = u32::try_from(a.whole(4)).unwrap_or(0);
        if scale > 28 {
            return Err(out_of_range("Decimal's scale value must be between 0 and 28, inclusive.", "scale"));
        }
        let word = |index: usize| u128::from(a.int(index).cast_unsigned());
        let mantissa = word(0) | word(1) << 32 | word(2) << 64;
        Ok(Value::Decimal(Parts { negative: a.bool(3), mantissa, scale }.into()))
    }),
    m("static decimal Add(decimal d1, decimal d2)", |_, a| decimal::add(a.decimal(0), a.decimal(1)).map(Value::Decimal)),
    m("static decimal Subtract(decimal d1, decimal d2)", |_, a| {
        decimal::subtract(a.decimal(0), a.decimal(1)).map(Value::Decimal)
    }),
    m("static decimal Multiply(decimal d1, decimal d2)", |_, a| {
        decimal::multiply(a.decimal(0), a.decimal(1)).map(Value::Decimal)
    }),
    m("static decimal Divide(decimal d1, decimal d2)", |_, a| {
        decimal::divide(a.decimal(0), a.decimal(1)).map(Value::Decimal)
    }),
    m("static decimal Remainder(decimal d1, decimal d2)", |_, a| {
        decimal::remainder(a.decimal(0), a.decimal(1)).map(Value::Decimal)
    }),
    m("static decimal Negate(decimal d)", |_, a| Ok(Value::Decimal(decimal::negate(a.decimal(0))))),
    m("static decimal Floor(decimal d)", |_, a| Ok(Value::Decimal(decimal::floor(a.decimal(0))))),
    m("static decimal Ceiling(decimal d)", |_, a| Ok(Value::Decimal(decimal::ceiling(a.decimal(0))))),
    m("static decimal Truncate(decimal d)", |_, a| Ok(Value::Decimal(decimal::truncate(a.decimal(0))))),
    m("static decimal Round(decimal d)", |_, a| round(&a, None, None)),
    m("static decimal Round(decimal d, int decimals)", |_, a| round(&a, Some(1), None)),
    m("static decimal Round(decimal d, MidpointRounding mode)", |_, a| round(&a, None, Some(1))),
    m("static decimal Round(decimal d, int decimals, MidpointRounding mode)", |_, a| round(&a, Some(1), Some(2))),
    m("static int Compare(decimal d1, decimal d2)", |_, a| Ok(order(a.decimal(0).cmp(&a.decimal(1))))),
    m("static bool Equals(decimal d1, decimal d2)", |_, a| Ok(Value::Bool(a.decimal(0) == a.decimal(1)))),
    m("int CompareTo(decimal value)", |_, a| Ok(order(a.decimal(0).cmp(&a.decimal(1))))),
    m("static byte ToByte(decimal value)", |_, a| to_kind(&a, IntegerKind::Byte)),
    m("static sbyte ToSByte(decimal value)", |_, a| to_kind(&a, IntegerKind::SByte)),
    m("static short ToInt16(decimal value)", |_, a| to_kind(&a, IntegerKind::Int16)),
    m("static ushort ToUInt16(decimal value)", |_, a| to_kind(&a, IntegerKind::UInt16)),
    m("static int ToInt32(decimal d)", |_, a| to_kind(&a, IntegerKind::Int32)),
    m("static uint ToUInt32(decimal d)", |_, a| to_kind(&a, IntegerKind::UInt32)),
    m("static long ToInt64(decimal d)", |_, a| to_kind(&a, IntegerKind::Int64)),
    m("static ulong ToUInt64(decimal d)", |_, a| to_kind(&a, IntegerKind::UInt64)),
    m("static double ToDouble(decimal d)", |_, a| Ok(Value::Double(decimal::to_double(a.decimal(0))))),
    m("static float ToSingle(decimal d)", |_, a| {
        #[expect(clippy::cast_possible_truncation, reason = "the nearest float is wanted")]
        let single = decimal::to_double(a.decimal(0)) as f32;
        Ok(Value::Float(single))
    }),
    m("static int[] GetBits(decimal d)", |_, a| {
        Ok(array_value(Type::int(), decimal::bits(a.decimal(0)).into_iter().map(Value::Int).collect()))
    }),
    m("static decimal FromOACurrency(long cy)", |_, a| {
        decimal::divide(decimal::from_integer(a.long(0).into()), decimal::from_integer(10_000)).map(Value::Decimal)
    }),
    m("static long ToOACurrency(decimal value)", |_, a| {
        let scaled = decimal::multiply(a.decimal(0), decimal::from_integer(10_000))?;
        decimal::to_integer(decimal::round(scaled, 0, Midpoint::ToEven)?, IntegerKind::Int64)
            .map(|n| integer(IntegerKind::Int64, n))
    }),
);
