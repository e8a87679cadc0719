//! Rows of `System.BitConverter`.

use apimite_dotnet::convert::{bytes_at, bytes_text};
use apimite_dotnet::{IntegerKind, Thrown};

use super::edge::{integer, kind_of, made};
use crate::library::core::collections::bytes_value;
use crate::library::rows::{Args, Default, Row, constant, m};
use crate::library::typedef::{TypeDef, static_class};
use crate::value::Value;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the bits are wanted")]
fn bytes_of(a: &Args<'_>) -> Value {
    match a.get(0) {
        Value::Bool(b) => bytes_value(&[u8::from(*b)]),
        Value::Char(c) => bytes_value(&c.to_le_bytes()),
        Value::Float(n) => bytes_value(&n.to_le_bytes()),
        Value::Double(n) => bytes_value(&n.to_le_bytes()),
        other => {
            let size = kind_of(other).map_or(4, IntegerKind::bits) as usize / 8;
            bytes_value(&(a.whole(0) as u64).to_le_bytes()[..size])
        }
    }
}

macro_rules! get_bytes {
    ($($ty:literal),*) => {
        static GET_BYTES: &[Row] = &[$(m(concat!("static byte[] GetBytes(", $ty, " value)"), |_, a| Ok(bytes_of(&a)))),*];
    };
}
get_bytes!("bool", "char", "short", "int", "long", "ushort", "uint", "ulong", "float", "double");

fn word(a: &Args<'_>, size: usize) -> Result<u64, Thrown> {
    bytes_at(&a.bytes(0, "value")?, a.int(1), size)
}

fn number(a: &Args<'_>, kind: IntegerKind) -> Result<Value, Thrown> {
    let bits = word(a, kind.bits() as usize / 8)?;
    Ok(integer(kind, kind.wrap(i128::from(bits))))
}

#[expect(clippy::cast_possible_truncation, reason = "the bits are wanted")]
static OTHERS: &[Row] = &[
    constant("static bool IsLittleEndian", Default::Bool(true)),
    m("static short ToInt16(byte[] value, int startIndex)", |_, a| number(&a, IntegerKind::Int16)),
    m("static int ToInt32(byte[] value, int startIndex)", |_, a| number(&a, IntegerKind::Int32)),
    m("static long ToInt64(byte[] value, int startIndex)", |_, a| number(&a, IntegerKind::Int64)),
    m("static ushort ToUInt16(byte[] value, int startIndex)", |_, a| number(&a, IntegerKind::UInt16)),
    m("static uint ToUInt32(byte[] value, int startIndex)", |_, a| number(&a, IntegerKind::UInt32)),
    m("static ulong ToUInt64(byte[] value, int startIndex)", |_, a| number(&a, IntegerKind::UInt64)),
    m("static char ToChar(byte[] value, int startIndex)", |_, a| Ok(Value::Char(word(&a, 2)? as u16))),
    m("static bool ToBoolean(byte[] value, int startIndex)", |_, a| Ok(Value::Bool(word(&a, 1)? != 0))),
    m("static float ToSingle(byte[] value, int startIndex)", |_, a| {
        Ok(Value::Float(f32::from_bits(word(&a, 4)? as u32)))
    }),
    m("static double ToDouble(byte[] value, int startIndex)", |_, a| Ok(Value::Double(f64::from_bits(word(&a, 8)?)))),
    m("static string ToString(byte[] value)", |cx, a| made(cx, bytes_text(&a.bytes(0, "value")?, 0, None)?)),
    m("static string ToString(byte[] value, int startIndex)", |cx, a| {
        made(cx, bytes_text(&a.bytes(0, "value")?, a.int(1), None)?)
    }),
    m("static string ToString(byte[] value, int startIndex, int length)", |cx, a| {
        made(cx, bytes_text(&a.bytes(0, "value")?, a.int(1), Some(a.int(2)))?)
    }),
    m("static long DoubleToInt64Bits(double value)", |_, a| Ok(Value::Long(a.double(0).to_bits().cast_signed()))),
    m("static double Int64BitsToDouble(long value)", |_, a| {
        Ok(Value::Double(f64::from_bits(a.long(0).cast_unsigned())))
    }),
    m("static int SingleToInt32Bits(float value)", |_, a| Ok(Value::Int(a.float(0).to_bits().cast_signed())))
        .core_only(),
    m("static float Int32BitsToSingle(int value)", |_, a| Ok(Value::Float(f32::from_bits(a.int(0).cast_unsigned()))))
        .core_only(),
];

/// `System.BitConverter`
pub static BIT_CONVERTER: TypeDef = static_class("System.BitConverter").rows(&[GET_BYTES, OTHERS]).def();
