//! `System.Text.Encoding`.

use std::any::Any;

use apimite_dotnet::encoding::Encoding;
use apimite_dotnet::{Thrown, messages};

use super::{byte_range, bytes};
use crate::library::core::collections::{ArrayObject, array_value, bytes_value};
use crate::library::rows::{Args, Row, ctor, m, p};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Value};

/// An `Encoding`.
struct EncodingObject(Encoding);

impl Object for EncodingObject {
    fn type_of(&self) -> Type {
        Type::of(match self.0 {
            Encoding::Utf8 { .. } => &UTF8,
            Encoding::Ascii => &ASCII,
            Encoding::Utf16Le | Encoding::Utf16Be => &UNICODE,
            Encoding::Utf32Le | Encoding::Utf32Be => &UTF32,
            Encoding::Latin1 => &LATIN1,
            Encoding::Other { .. } => &CODE_PAGE,
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|other| other.0 == self.0)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(u64::from(self.0.code_page().unsigned_abs())))
    }
}

fn value(encoding: Encoding) -> Result<Value, Thrown> {
    Ok(Value::object(EncodingObject(encoding)))
}

fn this(a: &Args<'_>) -> Result<Encoding, Thrown> {
    Ok(a.obj::<EncodingObject>(0)?.0)
}

fn encode(cx: &mut Cx<'_>, encoding: Encoding, text: &str) -> Result<Value, Thrown> {
    cx.charge(encoding.byte_count(text) * size_of::<Value>())?;
    Ok(bytes_value(&encoding.bytes(text)))
}

fn decode(cx: &mut Cx<'_>, encoding: Encoding, bytes: &[u8]) -> Result<Value, Thrown> {
    cx.charge(bytes.len() * 3)?;
    Ok(Value::from(encoding.string(bytes)))
}

/// The text of a `char[]` argument.
fn chars(a: &Args<'_>, index: usize) -> Result<Vec<u16>, Thrown> {
    a.need(index, "chars")?;
    let items = a.obj::<ArrayObject>(index)?.items();
    Ok(items.iter().map(|item| if let Value::Char(unit) = item { *unit } else { 0 }).collect())
}

fn char_part(a: &Args<'_>) -> Result<String, Thrown> {
    let units = chars(a, 1)?;
    let start = usize::try_from(a.int(2)).map_err(|_| messages::out_of_range(messages::NEGATIVE, "index"))?;
    let count = usize::try_from(a.int(3)).map_err(|_| messages::out_of_range(messages::NEGATIVE, "count"))?;
    let part = start.checked_add(count).and_then(|end| units.get(start..end)).ok_or_else(|| {
        messages::out_of_range("Index and count must refer to a location within the buffer.", "chars")
    })?;
    Ok(String::from_utf16_lossy(part))
}

fn to_chars(cx: &mut Cx<'_>, text: &str) -> Result<Value, Thrown> {
    cx.charge(text.len() * size_of::<Value>())?;
    Ok(array_value(Type::char(), text.encode_utf16().map(Value::Char).collect()))
}

fn count(number: usize) -> Value {
    Value::Int(i32::try_from(number).unwrap_or(i32::MAX))
}

fn part(a: &Args<'_>) -> Result<Vec<u8>, Thrown> {
    let all = bytes(a, 1, "bytes")?;
    Ok(byte_range(&all, a.int(2), a.int(3), "index", "count")?.to_vec())
}

static ROWS: &[Row] = &[
    p("static Encoding UTF8", |_, _| value(Encoding::UTF8)),
    p("static Encoding ASCII", |_, _| value(Encoding::Ascii)),
    p("static Encoding Unicode", |_, _| value(Encoding::Utf16Le)),
    p("static Encoding BigEndianUnicode", |_, _| value(Encoding::Utf16Be)),
    p("static Encoding UTF32", |_, _| value(Encoding::Utf32Le)),
    p("static Encoding Latin1", |_, _| value(Encoding::Latin1)).core_only(),
    p("static Encoding Default", |_, _| value(Encoding::Utf8 { preamble: false })),
    m("static Encoding GetEncoding(string name)", |_, a| value(Encoding::by_name(a.need_str(0, "name")?)?)),
    m("static Encoding GetEncoding(int codepage)", |_, a| value(Encoding::by_code_page(a.int(0))?)),
    m("static byte[] Convert(Encoding srcEncoding, Encoding dstEncoding, byte[] bytes)", |cx, a| {
        a.need(0, "srcEncoding")?;
        a.need(1, "dstEncoding")?;
        let (from, to) = (a.obj::<EncodingObject>(0)?.0, a.obj::<EncodingObject>(1)?.0);
        let text = from.string(&bytes(&a, 2, "bytes")?);
        encode(cx, to, &text)
    }),
    m("byte[] GetBytes(string s)", |cx, a| encode(cx, this(&a)?, a.need_str(1, "s")?)),
    m("byte[] GetBytes(char[] chars)", |cx, a| {
        let text = String::from_utf16_lossy(&chars(&a, 1)?);
        encode(cx, this(&a)?, &text)
    }),
    m("byte[] GetBytes(char[] chars, int index, int count)", |cx, a| {
        let text = char_part(&a)?;
        encode(cx, this(&a)?, &text)
    }),
    m("byte[] GetBytes(string s, int index, int count)", |cx, a| {
        let text = a.need_str(1, "s")?;
        let bad = || messages::out_of_range("Index and count must refer to a location within the string.", "index");
        let start = usize::try_from(a.int(2)).map_err(|_| bad())?;
        let length = usize::try_from(a.int(3)).map_err(|_| bad())?;
        let part = text.slice(start, length).ok_or_else(bad)?;
        encode(cx, this(&a)?, &part)
    })
    .core_only(),
    m("string GetString(byte[] bytes)", |cx, a| {
        let all = bytes(&a, 1, "bytes")?;
        decode(cx, this(&a)?, &all)
    }),
    m("string GetString(byte[] bytes, int index, int count)", |cx, a| {
        let part = part(&a)?;
        decode(cx, this(&a)?, &part)
    }),
    m("char[] GetChars(byte[] bytes)", |cx, a| {
        let text = this(&a)?.string(&bytes(&a, 1, "bytes")?);
        to_chars(cx, &text)
    }),
    m("char[] GetChars(byte[] bytes, int index, int count)", |cx, a| {
        let text = this(&a)?.string(&part(&a)?);
        to_chars(cx, &text)
    }),
    m("int GetByteCount(string s)", |_, a| Ok(count(this(&a)?.byte_count(a.need_str(1, "s")?)))),
    m("int GetByteCount(char[] chars)", |_, a| {
        Ok(count(this(&a)?.byte_count(&String::from_utf16_lossy(&chars(&a, 1)?))))
    }),
    m("int GetByteCount(char[] chars, int index, int count)", |_, a| Ok(count(this(&a)?.byte_count(&char_part(&a)?)))),
    m("int GetCharCount(byte[] bytes)", |_, a| {
        Ok(count(this(&a)?.string(&bytes(&a, 1, "bytes")?).encode_utf16().count()))
    }),
    m("int GetCharCount(byte[] bytes, int index, int count)", |_, a| {
        Ok(count(this(&a)?.string(&part(&a)?).encode_utf16().count()))
    }),
    m("int GetMaxByteCount(int charCount)", |_, a| bound(a.int(1), "charCount", |n| Ok(this(&a)?.max_byte_count(n)))),
    m("int GetMaxCharCount(int byteCount)", |_, a| bound(a.int(1), "byteCount", |n| Ok(this(&a)?.max_char_count(n)))),
    m("byte[] GetPreamble()", |_, a| Ok(bytes_value(this(&a)?.preamble()))),
    m("object Clone()", |_, a| value(this(&a)?)),
    p("string WebName", |_, a| Ok(Value::from(this(&a)?.web_name()))),
    p("string BodyName", |_, a| Ok(Value::from(this(&a)?.web_name()))),
    p("string HeaderName", |_, a| Ok(Value::from(this(&a)?.web_name()))),
    p("string EncodingName", |_, a| Ok(Value::from(this(&a)?.encoding_name()))),
    p("int CodePage", |_, a| Ok(Value::Int(this(&a)?.code_page()))),
    p("int WindowsCodePage", |_, a| {
        Ok(Value::Int(match this(&a)? {
            Encoding::Utf16Le | Encoding::Utf16Be | Encoding::Utf8 { .. } | Encoding::Utf32Le | Encoding::Utf32Be => {
                1200
            }
            Encoding::Ascii | Encoding::Latin1 => 1252,
            Encoding::Other { code_page, .. } => code_page,
        }))
    }),
    p("bool IsSingleByte", |_, a| Ok(Value::Bool(this(&a)?.is_single_byte()))),
    p("bool IsReadOnly", |_, a| {
        this(&a)?;
        Ok(Value::Bool(true))
    }),
];

fn bound(number: i32, name: &str, of: impl FnOnce(i64) -> Result<i64, Thrown>) -> Result<Value, Thrown> {
    if number < 0 {
        return Err(messages::out_of_range(messages::NEGATIVE, name));
    }
    i32::try_from(of(i64::from(number))?).map(Value::Int).map_err(|_| {
        messages::out_of_range(
            "Too many characters. The resulting number of bytes is larger than what can be returned as an int.",
            name,
        )
    })
}

static ENCODING: TypeDef = class("System.Text.Encoding").abstract_().rows(&[ROWS]).def();
static UTF8: TypeDef = class("System.Text.UTF8Encoding")
    .extends("System.Text.Encoding")
    .unlisted()
    .rows(&[&[
        ctor("()", |_, _| value(Encoding::Utf8 { preamble: false })),
        ctor("(bool encoderShouldEmitUTF8Identifier)", |_, a| value(Encoding::Utf8 { preamble: a.bool(0) })),
    ]])
    .def();
static ASCII: TypeDef = class("System.Text.ASCIIEncoding")
    .extends("System.Text.Encoding")
    .unlisted()
    .rows(&[&[ctor("()", |_, _| value(Encoding::Ascii))]])
    .def();
static UNICODE: TypeDef = class("System.Text.UnicodeEncoding")
    .extends("System.Text.Encoding")
    .unlisted()
    .rows(&[&[ctor("()", |_, _| value(Encoding::Utf16Le))]])
    .def();
static UTF32: TypeDef = class("System.Text.UTF32Encoding")
    .extends("System.Text.Encoding")
    .unlisted()
    .rows(&[&[ctor("()", |_, _| value(Encoding::Utf32Le))]])
    .def();
static LATIN1: TypeDef =
    class("System.Text.Latin1Encoding").extends("System.Text.Encoding").abstract_().unlisted().def();
static CODE_PAGE: TypeDef =
    class("System.Text.SBCSCodePageEncoding").extends("System.Text.Encoding").abstract_().unlisted().def();

/// The text of an `Encoding` where one is wanted by another member.
pub(super) fn encoding_of(value: &Value) -> Option<Encoding> {
    value.downcast::<EncodingObject>().map(|encoding| encoding.0)
}

/// An `Encoding` value.
pub(super) fn encoding_value(encoding: Encoding) -> Value {
    Value::object(EncodingObject(encoding))
}

pub(crate) static TYPES: &[&TypeDef] = &[&ENCODING, &UTF8, &ASCII, &UNICODE, &UTF32, &LATIN1, &CODE_PAGE];
