//! `System.Text.StringBuilder`.

use std::any::Any;

use apimite_dotnet::messages::{INDEX_OUT_OF_RANGE, NEGATIVE, argument_null, out_of_range};
use apimite_dotnet::text::StringBuilder;
use apimite_dotnet::{Exception, ExceptionKind, Thrown};
use parking_lot::Mutex;

use super::strings::format_values;
use crate::library::rows::{Args, Row, ctor, m, p, set};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// A builder object.
struct Builder(Mutex<StringBuilder>);

impl Object for Builder {
    fn type_of(&self) -> Type {
        Type::of(&STRING_BUILDER)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        let text = self.0.lock().text();
        Some(cx.charge(text.len()).map(|()| Str::from(text)))
    }
}

/// Adds a text to a builder; nothing happens to anything else.
pub(crate) fn push(value: &Value, text: &str) {
    if let Some(builder) = value.downcast::<Builder>() {
        let _ = builder.0.lock().append(text);
    }
}

/// A builder with a text in it.
pub(crate) fn new(text: &str) -> Value {
    Value::object(Builder(Mutex::new(StringBuilder::new(text))))
}

/// Changes the receiver and gives it back.
fn change(
    mut a: Args<'_>,
    edit: impl FnOnce(&mut StringBuilder, &Args<'_>) -> Result<(), Thrown>,
) -> Result<Value, Thrown> {
    edit(&mut a.obj::<Builder>(0)?.0.lock(), &a)?;
    Ok(a.take(0))
}

/// Adds the text of a value.
fn append(cx: &mut Cx<'_>, a: Args<'_>) -> Result<Value, Thrown> {
    let value = a.get(1).clone();
    if let Value::Char(unit) = value {
        return change(a, |b, _| b.append_unit(unit, 1));
    }
    let text = cx.to_text(&value)?;
    cx.charge(text.len() * 2)?;
    change(a, |b, _| b.append(&text))
}

fn append_line(cx: &mut Cx<'_>, a: Args<'_>) -> Result<Value, Thrown> {
    let text = a.str(1).cloned().unwrap_or(Str::EMPTY);
    cx.charge(text.len() * 2 + 4)?;
    let line = if cx.framework() { "\r\n" } else { "\n" };
    change(a, |b, _| {
        b.append(&text)?;
        b.append(line)
    })
}

fn append_format(cx: &mut Cx<'_>, a: Args<'_>, pattern: usize, array: bool) -> Result<Value, Thrown> {
    let text = a.need_str(pattern, "format")?.clone();
    let values =
        if array { a.elements(pattern + 1).ok_or_else(|| argument_null("args"))? } else { a.from(pattern + 1) };
    let text = format_values(cx, &text, &values)?;
    cx.charge(text.len() * 2)?;
    change(a, |b, _| b.append(&text))
}

fn append_join(cx: &mut Cx<'_>, a: Args<'_>) -> Result<Value, Thrown> {
    let separator = match a.get(1) {
        Value::Char(unit) => Str::from_units(&[*unit]),
        other => other.as_str().cloned().unwrap_or(Str::EMPTY),
    };
    let sequence = a.need(2, "values")?.clone();
    let values = cx.collect(&sequence)?;
    let mut out = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push_str(&separator);
        }
        let text = cx.to_text(value)?;
        cx.charge(text.len() + separator.len())?;
        out.push_str(&text);
    }
    change(a, |b, _| b.append(&out))
}

fn insert(cx: &mut Cx<'_>, a: Args<'_>, count: i32) -> Result<Value, Thrown> {
    let value = a.get(2).clone();
    let text = cx.to_text(&value)?;
    cx.charge(text.len().saturating_mul(usize::try_from(count).unwrap_or(0)).saturating_mul(2))?;
    change(a, |b, a| b.insert(a.int(1), &text, count))
}

/// A checked part of `(value, startIndex, count)`.
fn part(units: &[u16], a: &Args<'_>, counted: &str) -> Result<Vec<u16>, Thrown> {
    let start = usize::try_from(a.int(2)).map_err(|_| out_of_range(NEGATIVE, "startIndex"))?;
    let count = usize::try_from(a.int(3)).map_err(|_| out_of_range(NEGATIVE, counted))?;
    units
        .get(start..start.saturating_add(count))
        .map(<[u16]>::to_vec)
        .ok_or_else(|| out_of_range(INDEX_OUT_OF_RANGE, "startIndex"))
}

fn length(a: &Args<'_>) -> Result<i32, Thrown> {
    Ok(i32::try_from(a.obj::<Builder>(0)?.0.lock().len()).unwrap_or(i32::MAX))
}

fn replace(cx: &mut Cx<'_>, a: Args<'_>, start: i32, count: i32) -> Result<Value, Thrown> {
    let old = a.need_str(1, "oldValue")?.clone();
    let new = a.str(2).cloned().unwrap_or(Str::EMPTY);
    let size = a.obj::<Builder>(0)?.0.lock().len();
    if !old.is_empty() {
        let mut places = size / old.len16();
        if places.saturating_mul(new.len()) > 1 << 16 {
            places = a.obj::<Builder>(0)?.0.lock().text().matches(old.as_str()).count();
        }
        cx.charge(places.saturating_mul(new.len()).saturating_add(size).saturating_mul(2))?;
    }
    change(a, |b, _| b.replace(&old, &new, start, count))
}

fn with_capacity(text: &str, capacity: i32) -> Result<Value, Thrown> {
    if capacity < 0 {
        return Err(out_of_range("'capacity' must be greater than zero.", "capacity"));
    }
    let value = new(text);
    if let Some(builder) = value.downcast::<Builder>() {
        let mut builder = builder.0.lock();
        let least = i32::try_from(builder.len()).unwrap_or(i32::MAX);
        builder.set_capacity(if capacity == 0 { 16.max(least) } else { capacity.max(least) })?;
    }
    Ok(value)
}

static ROWS: &[Row] = &[
    ctor("()", |_, _| Ok(new(""))),
    ctor("(int capacity)", |_, a| with_capacity("", a.int(0))),
    ctor("(string value)", |cx, a| {
        let text = a.str(0).cloned().unwrap_or(Str::EMPTY);
        cx.charge(text.len() * 2)?;
        Ok(new(&text))
    }),
    ctor("(string value, int capacity)", |_, a| with_capacity(a.str(0).map_or("", Str::as_str), a.int(1))),
    ctor("(int capacity, int maxCapacity)", |_, a| {
        Ok(Value::object(Builder(Mutex::new(StringBuilder::bounded(a.int(0), a.int(1))?))))
    }),
    ctor("(string value, int startIndex, int length, int capacity)", |_, a| {
        let text = a.str(0).cloned().unwrap_or(Str::EMPTY);
        let range = usize::try_from(a.int(1)).ok().zip(usize::try_from(a.int(2)).ok());
        let part = range
            .and_then(|(start, length)| text.slice(start, length))
            .ok_or_else(|| out_of_range("Index and length must refer to a location within the string.", "length"))?;
        with_capacity(&part, a.int(3))
    }),
    p("int Length", |_, a| length(&a).map(Value::Int)),
    set("int Length", |cx, a| {
        cx.charge(usize::try_from(a.int(1)).unwrap_or(0) * 2)?;
        a.obj::<Builder>(0)?.0.lock().set_length(a.int(1))?;
        Ok(Value::Null)
    }),
    p("int Capacity", |_, a| {
        Ok(Value::Int(i32::try_from(a.obj::<Builder>(0)?.0.lock().capacity()).unwrap_or(i32::MAX)))
    }),
    set("int Capacity", |_, a| {
        a.obj::<Builder>(0)?.0.lock().set_capacity(a.int(1))?;
        Ok(Value::Null)
    }),
    p("int MaxCapacity", |_, a| {
        Ok(Value::Int(i32::try_from(a.obj::<Builder>(0)?.0.lock().most()).unwrap_or(i32::MAX)))
    }),
    p("char this[int index]", |_, a| a.obj::<Builder>(0)?.0.lock().get(a.int(1)).map(Value::Char)),
    set("char this[int index]", |_, a| {
        a.obj::<Builder>(0)?.0.lock().put(a.int(1), a.char(2))?;
        Ok(Value::Null)
    }),
    m("int EnsureCapacity(int capacity)", |_, a| {
        if a.int(1) < 0 {
            return Err(out_of_range("Capacity must be positive.", "capacity"));
        }
        let builder = a.obj::<Builder>(0)?;
        let mut builder = builder.0.lock();
        let wanted = i32::try_from(builder.capacity()).unwrap_or(i32::MAX).max(a.int(1));
        builder.set_capacity(wanted)?;
        Ok(Value::Int(wanted))
    }),
    m("StringBuilder Append(string value)", append),
    m("StringBuilder Append(char value)", append),
    m("StringBuilder Append(object value)", append),
    m("StringBuilder Append(bool value)", append),
    m("StringBuilder Append(byte value)", append),
    m("StringBuilder Append(sbyte value)", append),
    m("StringBuilder Append(short value)", append),
    m("StringBuilder Append(ushort value)", append),
    m("StringBuilder Append(int value)", append),
    m("StringBuilder Append(uint value)", append),
    m("StringBuilder Append(long value)", append),
    m("StringBuilder Append(ulong value)", append),
    m("StringBuilder Append(float value)", append),
    m("StringBuilder Append(double value)", append),
    m("StringBuilder Append(decimal value)", append),
    m("StringBuilder Append(StringBuilder value)", append).core_only(),
    m("StringBuilder Append(char value, int repeatCount)", |cx, a| {
        cx.charge(usize::try_from(a.int(2)).unwrap_or(0) * 2)?;
        change(a, |b, a| b.append_unit(a.char(1), a.int(2)))
    }),
    m("StringBuilder Append(char[] value)", |cx, a| {
        let units = a.units(1).unwrap_or_default();
        cx.charge(units.len() * 2)?;
        change(a, |b, _| b.append_units(&units))
    }),
    m("StringBuilder Append(char[] value, int startIndex, int charCount)", |cx, a| {
        if a.get(1).is_null() && (a.int(2) != 0 || a.int(3) != 0) {
            return Err(argument_null("value"));
        }
        let units = part(&a.units(1).unwrap_or_default(), &a, "charCount")?;
        cx.charge(units.len() * 2)?;
        change(a, |b, _| b.append_units(&units))
    }),
    m("StringBuilder Append(string value, int startIndex, int count)", |cx, a| {
        if a.str(1).is_none() && (a.int(2) != 0 || a.int(3) != 0) {
            return Err(argument_null("value"));
        }
        let units: Vec<u16> = a.str(1).map_or("", Str::as_str).encode_utf16().collect();
        let units = part(&units, &a, "count")?;
        cx.charge(units.len() * 2)?;
        change(a, |b, _| b.append_units(&units))
    }),
    m("StringBuilder AppendLine()", append_line),
    m("StringBuilder AppendLine(string value)", append_line),
    m("StringBuilder AppendFormat(string format, object arg0)", |cx, a| append_format(cx, a, 1, false)),
    m("StringBuilder AppendFormat(string format, object arg0, object arg1)", |cx, a| append_format(cx, a, 1, false)),
    m("StringBuilder AppendFormat(string format, object arg0, object arg1, object arg2)", |cx, a| {
        append_format(cx, a, 1, false)
    }),
    m("StringBuilder AppendFormat(string format, params object[] args)", |cx, a| append_format(cx, a, 1, true)),
    m("StringBuilder AppendFormat(IFormatProvider provider, string format, params object[] args)", |cx, a| {
        append_format(cx, a, 2, true)
    }),
    m("StringBuilder AppendJoin(string separator, params object[] values)", append_join).core_only(),
    m("StringBuilder AppendJoin(string separator, params string[] values)", append_join).core_only(),
    m("StringBuilder AppendJoin<T>(string separator, IEnumerable<T> values)", append_join).core_only(),
    m("StringBuilder AppendJoin(char separator, params object[] values)", append_join).core_only(),
    m("StringBuilder AppendJoin(char separator, params string[] values)", append_join).core_only(),
    m("StringBuilder AppendJoin<T>(char separator, IEnumerable<T> values)", append_join).core_only(),
    m("StringBuilder Insert(int index, string value)", |cx, a| insert(cx, a, 1)),
    m("StringBuilder Insert(int index, string value, int count)", |cx, a| {
        let count = a.int(3);
        insert(cx, a, count)
    }),
    m("StringBuilder Insert(int index, char value)", |cx, a| insert(cx, a, 1)),
    m("StringBuilder Insert(int index, object value)", |cx, a| insert(cx, a, 1)),
    m("StringBuilder Insert(int index, char[] value, int startIndex, int charCount)", |_, a| {
        if a.get(2).is_null() {
            return if a.int(3) == 0 && a.int(4) == 0 { Ok(a.get(0).clone()) } else { Err(argument_null("value")) };
        }
        let (start, count) = (a.int(3), a.int(4));
        let units = a.units(2).unwrap_or_default();
        let from = usize::try_from(start).map_err(|_| out_of_range(NEGATIVE, "startIndex"))?;
        let count = usize::try_from(count).map_err(|_| out_of_range(NEGATIVE, "charCount"))?;
        let part = units
            .get(from..from.saturating_add(count))
            .ok_or_else(|| out_of_range(INDEX_OUT_OF_RANGE, "startIndex"))?;
        let text = Str::from_units(part);
        change(a, |b, a| b.insert(a.int(1), &text, 1))
    }),
    m("StringBuilder Insert(int index, char[] value)", |_, a| {
        let text = Str::from_units(&a.units(2).unwrap_or_default());
        change(a, |b, a| b.insert(a.int(1), &text, 1))
    }),
    m("StringBuilder Remove(int startIndex, int length)", |_, a| change(a, |b, a| b.remove(a.int(1), a.int(2)))),
    m("StringBuilder Clear()", |_, a| {
        change(a, |b, _| {
            b.clear();
            Ok(())
        })
    }),
    m("StringBuilder Replace(string oldValue, string newValue)", |cx, a| {
        let size = length(&a)?;
        replace(cx, a, 0, size)
    }),
    m("StringBuilder Replace(string oldValue, string newValue, int startIndex, int count)", |cx, a| {
        let (start, count) = (a.int(3), a.int(4));
        replace(cx, a, start, count)
    }),
    m("StringBuilder Replace(char oldChar, char newChar)", |_, a| {
        let size = length(&a)?;
        change(a, |b, a| b.replace_unit(a.char(1), a.char(2), 0, size))
    }),
    m("StringBuilder Replace(char oldChar, char newChar, int startIndex, int count)", |_, a| {
        change(a, |b, a| b.replace_unit(a.char(1), a.char(2), a.int(3), a.int(4)))
    }),
    m("string ToString()", |cx, a| {
        let this = a.get(0).clone();
        cx.to_text(&this).map(Value::Str)
    }),
    m("string ToString(int startIndex, int length)", |cx, a| {
        let text = a.obj::<Builder>(0)?.0.lock().slice(a.int(1), a.int(2))?;
        cx.charge(text.len())?;
        Ok(Value::from(text))
    }),
    m("bool Equals(StringBuilder sb)", |_, a| {
        let Ok(other) = a.obj::<Builder>(1) else { return Ok(Value::Bool(false)) };
        let units = other.0.lock().units().to_vec();
        Ok(Value::Bool(a.obj::<Builder>(0)?.0.lock().units() == units))
    }),
    m("void CopyTo(int sourceIndex, char[] destination, int destinationIndex, int count)", |_, a| {
        let units = a.obj::<Builder>(0)?.0.lock().units().to_vec();
        a.need(2, "destination")?;
        let target = a.obj::<crate::library::core::collections::ArrayObject>(2)?;
        if a.int(4) < 0 {
            return Err(out_of_range(NEGATIVE, "count"));
        }
        if usize::try_from(a.int(1)).is_ok_and(|from| from <= units.len()) && a.int(3) >= 0 {
            let left = units.len() - a.int(1) as usize;
            if a.int(4) as usize > left {
                return Err(Exception::new(
                    ExceptionKind::Argument,
                    "Source string was not long enough. Check sourceIndex and count.",
                ));
            }
        }
        let range = usize::try_from(a.int(1)).ok().zip(usize::try_from(a.int(4)).ok());
        let part = range
            .and_then(|(start, count)| units.get(start..start.checked_add(count)?))
            .ok_or_else(|| out_of_range(INDEX_OUT_OF_RANGE, "sourceIndex"))?;
        let to = usize::try_from(a.int(3)).map_err(|_| out_of_range(NEGATIVE, "destinationIndex"))?;
        let mut items = target.items_mut();
        let place = items.get_mut(to..to.saturating_add(part.len())).ok_or_else(|| {
            Exception::new(
                ExceptionKind::Argument,
                "Either offset did not refer to a position in the string, or there is an insufficient length of \
                 destination character array.",
            )
        })?;
        for (place, unit) in place.iter_mut().zip(part) {
            *place = Value::Char(*unit);
        }
        Ok(Value::Null)
    }),
];

/// `System.Text.StringBuilder`
pub static STRING_BUILDER: TypeDef = class("System.Text.StringBuilder").rows(&[ROWS]).def();
