//! `StringReader`, `StringWriter`, and the streams that other members take.

use std::any::Any;

use apimite_dotnet::encoding::Encoding;
use apimite_dotnet::{Exception, ExceptionKind, Thrown};
use parking_lot::Mutex;

use super::encoding::{encoding_of, encoding_value};
use super::{byte_range, bytes};
use crate::library::core::collections::{ArrayObject, bytes_value};
use crate::library::rows::{Args, Row, ctor, m, p, set};
use crate::library::text::{builder, strings};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// A `StringReader` or a `StreamReader`: text and the place in it, in UTF-16 units.
struct ReaderObject {
    def: &'static TypeDef,
    units: Vec<u16>,
    state: Mutex<(usize, bool)>,
}

impl Object for ReaderObject {
    fn type_of(&self) -> Type {
        Type::of(self.def)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn dispose(&self) {
        self.state.lock().1 = true;
    }
}

fn reader(def: &'static TypeDef, text: &str) -> Value {
    Value::object(ReaderObject { def, units: text.encode_utf16().collect(), state: Mutex::new((0, false)) })
}

/// Reads on: `read` gets what is left and says how much of it is used up.
fn read(a: &Args<'_>, read: impl FnOnce(&[u16]) -> (usize, Value)) -> Result<Value, Thrown> {
    let reader = a.obj::<ReaderObject>(0)?;
    let mut state = reader.state.lock();
    if state.1 {
        return Err(Exception::new(ExceptionKind::ObjectDisposed, "Cannot read from a closed TextReader."));
    }
    let (used, value) = read(&reader.units[state.0..]);
    state.0 += used;
    Ok(value)
}

static READER_ROWS: &[Row] = &[
    m("int Peek()", |_, a| read(&a, |rest| (0, Value::Int(rest.first().map_or(-1, |unit| i32::from(*unit)))))).impure(),
    m("int Read()", |_, a| {
        read(&a, |rest| (rest.len().min(1), Value::Int(rest.first().map_or(-1, |unit| i32::from(*unit)))))
    })
    .impure(),
    m("string ReadLine()", |cx, a| {
        cx.step()?;
        read(&a, |rest| {
            if rest.is_empty() {
                return (0, Value::Null);
            }
            let end = rest.iter().position(|unit| matches!(unit, 10 | 13)).unwrap_or(rest.len());
            let line = Value::Str(Str::from_units(&rest[..end]));
            let newline = match rest[end..] {
                [13, 10, ..] => 2,
                [_, ..] => 1,
                [] => 0,
            };
            (end + newline, line)
        })
    })
    .impure(),
    m("string ReadToEnd()", |_, a| read(&a, |rest| (rest.len(), Value::Str(Str::from_units(rest))))).impure(),
    m("int Read(char[] buffer, int index, int count)", |_, a| {
        a.need(1, "buffer")?;
        let buffer = a.obj::<ArrayObject>(1)?;
        let start = usize::try_from(a.int(2)).unwrap_or(usize::MAX);
        let count = usize::try_from(a.int(3)).unwrap_or(usize::MAX);
        if start.checked_add(count).is_none_or(|end| end > buffer.items().len()) {
            return Err(Exception::new(
                ExceptionKind::Argument,
                "Offset and length were out of bounds for the array or count is greater than the number of elements \
                 from index to the end of the source collection.",
            ));
        }
        read(&a, |rest| {
            let read = count.min(rest.len());
            for (place, unit) in buffer.items_mut().iter_mut().skip(start).zip(&rest[..read]) {
                *place = Value::Char(*unit);
            }
            (read, Value::Int(read as i32))
        })
    })
    .impure(),
    m("void Close()", |_, a| {
        a.obj::<ReaderObject>(0)?.dispose();
        Ok(Value::Null)
    })
    .impure(),
    m("void Dispose()", |_, a| {
        a.obj::<ReaderObject>(0)?.dispose();
        Ok(Value::Null)
    })
    .impure(),
];

static TEXT_READER: TypeDef =
    class("System.IO.TextReader").abstract_().implements("System.IDisposable").rows(&[READER_ROWS]).def();

static STRING_READER: TypeDef = class("System.IO.StringReader")
    .extends("System.IO.TextReader")
    .rows(&[&[ctor("(string s)", |_, a| Ok(reader(&STRING_READER, a.need_str(0, "s")?)))]])
    .def();

fn stream_reader(a: &Args<'_>, encoding: Encoding) -> Result<Value, Thrown> {
    a.need(0, "stream")?;
    let rest = rest_of_stream(a.get(0))?;
    let rest = rest.strip_prefix(encoding.preamble()).unwrap_or(&rest);
    Ok(reader(&STREAM_READER, &encoding.string(rest)))
}

static STREAM_READER: TypeDef = class("System.IO.StreamReader")
    .extends("System.IO.TextReader")
    .unlisted()
    .rows(&[&[
        ctor("(Stream stream)", |_, a| stream_reader(&a, Encoding::UTF8)),
        ctor("(Stream stream, System.Text.Encoding encoding)", |_, a| {
            let encoding = encoding_of(a.need(1, "encoding")?).unwrap_or(Encoding::UTF8);
            stream_reader(&a, encoding)
        }),
        p("bool EndOfStream", |_, a| read(&a, |rest| (0, Value::Bool(rest.is_empty())))),
    ]])
    .def();

/// A `StringWriter`: the `StringBuilder` it writes into, and its new line.
struct WriterObject {
    target: Value,
    newline: Mutex<String>,
}

impl WriterObject {
    /// A writer into a builder, or into one of its own.
    fn value(target: Value) -> Value {
        let target = if target.is_null() { builder::new("") } else { target };
        Value::object(Self { target, newline: Mutex::new("\n".to_owned()) })
    }
}

impl Object for WriterObject {
    fn type_of(&self) -> Type {
        Type::of(&STRING_WRITER)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        let target = self.target.clone();
        Some(cx.to_text(&target))
    }
}

/// Writes argument 2 and those behind it after the format in argument 1.
fn write_format(cx: &mut Cx<'_>, a: &Args<'_>, array: bool, line: bool) -> Result<Value, Thrown> {
    let format = a.need_str(1, "format")?.clone();
    let values = if array { a.obj::<ArrayObject>(2)?.items().clone() } else { a.from(2) };
    let text = strings::format_values(cx, &format, &values)?;
    append(cx, a, &text, line)
}

/// Appends the text of argument 1, and the new line if `line`.
fn write(cx: &mut Cx<'_>, a: &Args<'_>, line: bool) -> Result<Value, Thrown> {
    let text = match a.get(1) {
        Value::Null => Str::EMPTY,
        value => cx.to_text(value)?,
    };
    append(cx, a, &text, line)
}

fn append(cx: &mut Cx<'_>, a: &Args<'_>, text: &str, line: bool) -> Result<Value, Thrown> {
    cx.step()?;
    cx.charge(text.len())?;
    let writer = a.obj::<WriterObject>(0)?;
    builder::push(&writer.target, text);
    if line {
        let newline = writer.newline.lock().clone();
        builder::push(&writer.target, &newline);
    }
    Ok(Value::Null)
}

fn chars(a: &Args<'_>) -> Result<String, Thrown> {
    let items = a.obj::<ArrayObject>(1)?.items();
    let units: Vec<u16> = items.iter().map(|item| if let Value::Char(unit) = item { *unit } else { 0 }).collect();
    Ok(String::from_utf16_lossy(&units))
}

static WRITER_ROWS: &[Row] = &[
    m("void Write(string value)", |cx, a| write(cx, &a, false)).impure(),
    m("void Write(object value)", |cx, a| write(cx, &a, false)).impure(),
    m("void Write(char value)", |cx, a| write(cx, &a, false)).impure(),
    m("void Write(bool value)", |cx, a| write(cx, &a, false)).impure(),
    m("void Write(int value)", |cx, a| write(cx, &a, false)).impure(),
    m("void Write(long value)", |cx, a| write(cx, &a, false)).impure(),
    m("void Write(double value)", |cx, a| write(cx, &a, false)).impure(),
    m("void Write(decimal value)", |cx, a| write(cx, &a, false)).impure(),
    m("void Write(char[] buffer)", |cx, a| {
        if a.get(1).is_null() {
            return Ok(Value::Null);
        }
        let text = chars(&a)?;
        append(cx, &a, &text, false)
    })
    .impure(),
    m("void Write(string format, object arg0)", |cx, a| write_format(cx, &a, false, false)).impure(),
    m("void Write(string format, object arg0, object arg1)", |cx, a| write_format(cx, &a, false, false)).impure(),
    m("void Write(string format, object arg0, object arg1, object arg2)", |cx, a| write_format(cx, &a, false, false))
        .impure(),
    m("void Write(string format, params object[] arg)", |cx, a| write_format(cx, &a, true, false)).impure(),
    m("void WriteLine(string format, object arg0)", |cx, a| write_format(cx, &a, false, true)).impure(),
    m("void WriteLine(string format, object arg0, object arg1)", |cx, a| write_format(cx, &a, false, true)).impure(),
    m("void WriteLine(string format, object arg0, object arg1, object arg2)", |cx, a| {
        write_format(cx, &a, false, true)
    })
    .impure(),
    m("void WriteLine(string format, params object[] arg)", |cx, a| write_format(cx, &a, true, true)).impure(),
    m("void WriteLine()", |cx, a| append(cx, &a, "", true)).impure(),
    m("void WriteLine(string value)", |cx, a| write(cx, &a, true)).impure(),
    m("void WriteLine(object value)", |cx, a| write(cx, &a, true)).impure(),
    m("void WriteLine(char value)", |cx, a| write(cx, &a, true)).impure(),
    m("void WriteLine(bool value)", |cx, a| write(cx, &a, true)).impure(),
    m("void WriteLine(int value)", |cx, a| write(cx, &a, true)).impure(),
    m("void WriteLine(long value)", |cx, a| write(cx, &a, true)).impure(),
    m("void WriteLine(double value)", |cx, a| write(cx, &a, true)).impure(),
    m("void WriteLine(decimal value)", |cx, a| write(cx, &a, true)).impure(),
    m("void Flush()", |_, _| Ok(Value::Null)),
    m("void Close()", |_, _| Ok(Value::Null)),
    m("void Dispose()", |_, _| Ok(Value::Null)),
    p("string NewLine", |_, a| Ok(Value::Str(Str::new(&a.obj::<WriterObject>(0)?.newline.lock())))),
    set("string NewLine", |_, a| {
        *a.obj::<WriterObject>(0)?.newline.lock() = a.str(1).map_or_else(|| "\n".to_owned(), ToString::to_string);
        Ok(Value::Null)
    }),
    p("System.Text.Encoding Encoding", |_, _| Ok(encoding_value(Encoding::Utf16Le))),
];

static TEXT_WRITER: TypeDef =
    class("System.IO.TextWriter").abstract_().implements("System.IDisposable").rows(&[WRITER_ROWS]).def();

static STRING_WRITER: TypeDef = class("System.IO.StringWriter")
    .extends("System.IO.TextWriter")
    .rows(&[&[
        ctor("()", |_, _| Ok(WriterObject::value(Value::Null))),
        ctor("(IFormatProvider formatProvider)", |_, _| Ok(WriterObject::value(Value::Null))),
        ctor("(StringBuilder sb)", |_, mut a| {
            a.need(0, "sb")?;
            Ok(WriterObject::value(a.take(0)))
        }),
        ctor("(StringBuilder sb, IFormatProvider formatProvider)", |_, mut a| {
            a.need(0, "sb")?;
            Ok(WriterObject::value(a.take(0)))
        }),
        m("StringBuilder GetStringBuilder()", |_, a| Ok(a.obj::<WriterObject>(0)?.target.clone())),
    ]])
    .def();

/// A `MemoryStream`.
struct StreamObject(Mutex<(Vec<u8>, usize)>);

impl Object for StreamObject {
    fn type_of(&self) -> Type {
        Type::of(&MEMORY_STREAM)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What is left in a stream, used up.
pub(super) fn rest_of_stream(value: &Value) -> Result<Vec<u8>, Thrown> {
    let Some(stream) = value.downcast::<StreamObject>() else { return Err(crate::run::null_reference()) };
    let mut state = stream.0.lock();
    let rest = state.0.get(state.1..).unwrap_or_default().to_vec();
    state.1 = state.0.len();
    Ok(rest)
}

fn position(number: i64) -> Result<usize, Thrown> {
    usize::try_from(number)
        .ok()
        .filter(|place| *place <= i32::MAX as usize)
        .ok_or_else(|| apimite_dotnet::messages::out_of_range("Non-negative number required.", "value"))
}

static STREAM_ROWS: &[Row] = &[
    p("long Length", |_, a| Ok(Value::Long(a.obj::<StreamObject>(0)?.0.lock().0.len() as i64))),
    p("long Position", |_, a| Ok(Value::Long(a.obj::<StreamObject>(0)?.0.lock().1 as i64))),
    set("long Position", |_, a| {
        a.obj::<StreamObject>(0)?.0.lock().1 = position(a.long(1))?;
        Ok(Value::Null)
    }),
    p("bool CanRead", |_, _| Ok(Value::Bool(true))),
    p("bool CanSeek", |_, _| Ok(Value::Bool(true))),
    p("bool CanWrite", |_, _| Ok(Value::Bool(true))),
    m("byte[] ToArray()", |_, a| Ok(bytes_value(&a.obj::<StreamObject>(0)?.0.lock().0))),
    m("int ReadByte()", |_, a| {
        let mut state = a.obj::<StreamObject>(0)?.0.lock();
        let byte = state.0.get(state.1).copied();
        state.1 += usize::from(byte.is_some());
        Ok(Value::Int(byte.map_or(-1, i32::from)))
    })
    .impure(),
    m("int Read(byte[] buffer, int offset, int count)", |_, a| {
        let all = bytes(&a, 1, "buffer")?;
        let room = byte_range(&all, a.int(2), a.int(3), "offset", "count")?.len();
        let mut state = a.obj::<StreamObject>(0)?.0.lock();
        let part = state.0.get(state.1..).unwrap_or_default();
        let read = part[..room.min(part.len())].to_vec();
        state.1 += read.len();
        let start = usize::try_from(a.int(2)).unwrap_or_default();
        let target = a.obj::<ArrayObject>(1)?;
        for (place, byte) in target.items_mut().iter_mut().skip(start).zip(&read) {
            *place = Value::Byte(*byte);
        }
        Ok(Value::Int(read.len() as i32))
    })
    .impure(),
    m("void Write(byte[] buffer, int offset, int count)", |cx, a| {
        let all = bytes(&a, 1, "buffer")?;
        let part = byte_range(&all, a.int(2), a.int(3), "offset", "count")?;
        let mut state = a.obj::<StreamObject>(0)?.0.lock();
        let at = state.1;
        let end = at + part.len();
        cx.charge(end.saturating_sub(state.0.len()))?;
        if state.0.len() < end {
            state.0.resize(end, 0);
        }
        state.0[at..end].copy_from_slice(part);
        state.1 = end;
        Ok(Value::Null)
    })
    .impure(),
    m("void Flush()", |_, _| Ok(Value::Null)),
    m("void Close()", |_, _| Ok(Value::Null)),
    m("void Dispose()", |_, _| Ok(Value::Null)),
];

static STREAM: TypeDef =
    class("System.IO.Stream").abstract_().unlisted().implements("System.IDisposable").rows(&[STREAM_ROWS]).def();

static MEMORY_STREAM: TypeDef = class("System.IO.MemoryStream")
    .extends("System.IO.Stream")
    .unlisted()
    .rows(&[&[
        ctor("()", |_, _| Ok(Value::object(StreamObject(Mutex::new((Vec::new(), 0)))))),
        ctor("(byte[] buffer)", |_, a| Ok(Value::object(StreamObject(Mutex::new((bytes(&a, 0, "buffer")?, 0)))))),
    ]])
    .def();

pub(crate) static TYPES: &[&TypeDef] =
    &[&TEXT_READER, &STRING_READER, &STREAM_READER, &TEXT_WRITER, &STRING_WRITER, &STREAM, &MEMORY_STREAM];
