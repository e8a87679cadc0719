//! Rows of `System.Guid`.

use apimite_dotnet::messages::argument_null;
use apimite_dotnet::{Exception, ExceptionKind, Thrown, guid};

use super::edge::{formatted, order, tried};
use crate::library::core::collections::bytes_value;
use crate::library::rows::{Args, Row, ctor, m, op, p};
use crate::value::{Str, Value};

fn read(text: Option<&Str>) -> Result<Value, Thrown> {
    guid::parse(text.ok_or_else(|| argument_null("input"))?).map(Value::Guid)
}

fn read_exact(a: &Args<'_>) -> Result<Value, Thrown> {
    let text = a.str(0).ok_or_else(|| argument_null("input"))?;
    let format = a.str(1).ok_or_else(|| argument_null("format"))?;
    guid::parse_exact(text, format).map(Value::Guid)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the bits are wanted")]
fn of_parts(a: &Args<'_>) -> Result<Value, Thrown> {
    let rest: Vec<u8> = (3..11).map(|index| a.whole(index) as u8).collect();
    guid::from_parts(a.whole(0) as u32 as i32, a.whole(1) as u16 as i16, a.whole(2) as u16 as i16, &rest)
        .map(Value::Guid)
}

pub(crate) static GUID: &[Row] = &[
    ctor("(string g)", |_, a| guid::parse(a.str(0).ok_or_else(|| argument_null("g"))?).map(Value::Guid)),
    ctor("(byte[] b)", |_, a| guid::from_bytes(&a.bytes(0, "b")?).map(Value::Guid)),
    ctor("(int a, short b, short c, byte[] d)", |_, a| {
        let rest = a.bytes(3, "d")?;
        let short = |index: usize| i16::try_from(a.whole(index)).unwrap_or(0);
        guid::from_parts(a.int(0), short(1), short(2), &rest).map(Value::Guid)
    }),
    ctor("(int a, short b, short c, byte d, byte e, byte f, byte g, byte h, byte i, byte j, byte k)", |_, a| {
        of_parts(&a)
    }),
    ctor("(uint a, ushort b, ushort c, byte d, byte e, byte f, byte g, byte h, byte i, byte j, byte k)", |_, a| {
        of_parts(&a)
    }),
    p("static Guid Empty", |_, _| Ok(Value::Guid(0))),
    m("static Guid NewGuid()", |cx, _| {
        let bits = u128::from(cx.embedder().random()) << 64 | u128::from(cx.embedder().random());
        // Version 4, variant 1.
        let bits = bits & !(0xF << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
        Ok(Value::Guid(bits))
    })
    .impure(),
    m("static Guid Parse(string input)", |_, a| read(a.str(0))),
    m("static Guid ParseExact(string input, string format)", |_, a| read_exact(&a)),
    m("static bool TryParse(string input, out Guid result)", |_, mut a| {
        let result = read(a.str(0));
        Ok(tried(&mut a, 1, result, Value::Guid(0)))
    }),
    m("static bool TryParseExact(string input, string format, out Guid result)", |_, mut a| {
        let result = read_exact(&a);
        Ok(tried(&mut a, 2, result, Value::Guid(0)))
    }),
    m("byte[] ToByteArray()", |_, a| Ok(bytes_value(&guid::to_bytes(a.guid(0))))),
    m("string ToString()", |cx, a| formatted(cx, a.get(0), None)),
    m("string ToString(string format)", |cx, a| formatted(cx, a.get(0), a.str(1))),
    m("string ToString(string format, IFormatProvider provider)", |cx, a| formatted(cx, a.get(0), a.str(1))),
    m("bool Equals(Guid g)", |_, a| Ok(Value::Bool(a.guid(0) == a.guid(1)))),
    m("int CompareTo(Guid value)", |_, a| Ok(order(a.guid(0).cmp(&a.guid(1))))),
    m("int CompareTo(object value)", |_, a| match a.get(1) {
        Value::Null => Ok(Value::Int(1)),
        Value::Guid(other) => Ok(order(a.guid(0).cmp(other))),
        _ => Err(Exception::new(ExceptionKind::Argument, "Object must be of type GUID. (Parameter 'value')")),
    }),
    op("bool operator ==(Guid a, Guid b)", |_, a| Ok(Value::Bool(a.guid(0) == a.guid(1)))),
    op("bool operator !=(Guid a, Guid b)", |_, a| Ok(Value::Bool(a.guid(0) != a.guid(1)))),
];
