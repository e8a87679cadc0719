//! Rows of `System.String`, beyond those the compiler itself needs.

mod change;
mod find;

pub(crate) use self::change::CHANGE;
pub(crate) use self::find::FIND;

use apimite_dotnet::messages::{COUNT_OUT_OF_RANGE, INDEX_OUT_OF_RANGE, NEGATIVE, argument_null, out_of_range};
use apimite_dotnet::text::split::{Separators, SplitOptions};
use apimite_dotnet::text::{Comparison, chars, composite, edit, hash, search, split};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::edge::{made, order, texts};
use crate::library::core::collections::array_value;
use crate::library::rows::{Args, Row, ctor, m};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Str, Value};

const CULTURE: Comparison = Comparison::Culture { ignore_case: false };

fn comparison(a: &Args<'_>, index: usize) -> Result<Comparison, Thrown> {
    Comparison::from_number(a.number(index))
}

/// `String.Compare`: `null` first.
fn compare_texts(x: Option<&Str>, y: Option<&Str>, comparison: Comparison) -> Value {
    match (x, y) {
        (Some(x), Some(y)) => Value::Int(comparison.compare(x, y)),
        _ => order(x.is_some().cmp(&y.is_some())),
    }
}

/// `String.Compare` of parts.
fn compare_parts(a: &Args<'_>, comparison: Comparison, null_first: bool) -> Result<Value, Thrown> {
    let (x, y) = (a.str(0), a.str(2));
    let length = a.int(4);
    if null_first && (x.is_none() || y.is_none()) {
        return Ok(compare_texts(x, y, comparison));
    }
    if length < 0 {
        return Err(out_of_range("Length cannot be less than zero.", "length"));
    }
    let part = |text: Option<&Str>, start: i32, name: &str| -> Result<Option<Str>, Thrown> {
        let Some(text) = text else {
            return if start > 0 || length > 0 { Err(out_of_range(INDEX_OUT_OF_RANGE, name)) } else { Ok(None) };
        };
        let size = i32::try_from(text.len16()).unwrap_or(i32::MAX);
        if start < 0 || start > size {
            return Err(out_of_range(INDEX_OUT_OF_RANGE, name));
        }
        Ok(text.slice(start.unsigned_abs() as usize, length.min(size - start).unsigned_abs() as usize))
    };
    let (x, y) = (part(x, a.int(1), "indexA")?, part(y, a.int(3), "indexB")?);
    Ok(compare_texts(x.as_ref(), y.as_ref(), comparison))
}

/// The texts of `Concat`'s and `Join`'s parts.
fn push(cx: &mut Cx<'_>, out: &mut String, value: &Value) -> Result<(), Thrown> {
    if let Value::Null = value {
        return Ok(());
    }
    if let Value::Char(unit) = value {
        // Halves of a pair that follow each other make a character again.
        return push_unit(cx, out, *unit);
    }
    let text = cx.to_text(value)?;
    cx.charge(text.len())?;
    out.push_str(&text);
    Ok(())
}

/// The mark that a lone high surrogate leaves until its other half comes.
fn push_unit(cx: &mut Cx<'_>, out: &mut String, unit: u16) -> Result<(), Thrown> {
    cx.charge(3)?;
    out.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
    Ok(())
}

fn concat(cx: &mut Cx<'_>, values: &[Value]) -> Result<Value, Thrown> {
    if values.iter().any(|v| matches!(v, Value::Char(unit) if chars::is_surrogate(*unit))) {
        let mut units: Vec<u16> = Vec::new();
        for value in values {
            match value {
                Value::Char(unit) => units.push(*unit),
                Value::Null => {}
                other => units.extend(cx.to_text(other)?.encode_utf16()),
            }
        }
        cx.charge(units.len() * 2)?;
        return Ok(Value::Str(Str::from_units(&units)));
    }
    let mut out = String::new();
    for value in values {
        push(cx, &mut out, value)?;
    }
    Ok(Value::from(out))
}

fn concat_args(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    let values: Vec<Value> = a.from(0);
    concat(cx, &values)
}

/// Elements of an array parameter, which may be `null`.
fn items(cx: &mut Cx<'_>, a: &Args<'_>, index: usize, name: &str) -> Result<Vec<Value>, Thrown> {
    let sequence = a.get(index).clone();
    if sequence.is_null() {
        return Err(argument_null(name));
    }
    match a.elements(index) {
        Some(elements) => Ok(elements),
        None => cx.collect(&sequence),
    }
}

fn join(cx: &mut Cx<'_>, separator: &str, values: &[Value]) -> Result<Value, Thrown> {
    let mut out = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            cx.charge(separator.len())?;
            out.push_str(separator);
        }
        push(cx, &mut out, value)?;
    }
    Ok(Value::from(out))
}

fn join_of(cx: &mut Cx<'_>, a: &Args<'_>, name: &str) -> Result<Value, Thrown> {
    let separator = separator(a);
    let values = items(cx, a, 1, name)?;
    join(cx, &separator, &values)
}

fn separator(a: &Args<'_>) -> Str {
    match a.get(0) {
        Value::Str(text) => text.clone(),
        Value::Char(unit) => Str::from_units(&[*unit]),
        _ => Str::EMPTY,
    }
}

/// `Join(string, string[], int, int)`
fn join_range(cx: &mut Cx<'_>, a: &Args<'_>) -> Result<Value, Thrown> {
    let separator = separator(a);
    let values = items(cx, a, 1, "value")?;
    let (start, count) = (a.int(2), a.int(3));
    if start < 0 {
        return Err(out_of_range("StartIndex cannot be less than zero.", "startIndex"));
    }
    if count < 0 {
        return Err(out_of_range("Count cannot be less than zero.", "count"));
    }
    let (start, count) = (start.unsigned_abs() as usize, count.unsigned_abs() as usize);
    let part = values
        .get(start..start.saturating_add(count))
        .ok_or_else(|| out_of_range("Index and count must refer to a location within the buffer.", "startIndex"))?;
    join(cx, &separator, part)
}

/// `string.Format` and its relatives: what one field shows.
pub(crate) fn format_values(cx: &mut Cx<'_>, pattern: &str, values: &[Value]) -> Result<String, Thrown> {
    let escapes = cx.framework();
    composite::format(pattern, values.len(), escapes, |index, inner| {
        let value = values.get(index).cloned().unwrap_or_default();
        let text = if inner.is_empty() { None } else { cx.format(&value, inner)? };
        let text = match text {
            Some(text) => text,
            None => cx.to_text(&value)?,
        };
        cx.charge(text.len())?;
        Ok(text.to_string())
    })
}

/// `Format` with its arguments from `first` on.
fn format_args(cx: &mut Cx<'_>, a: &Args<'_>, pattern: usize) -> Result<Value, Thrown> {
    let pattern_text = a.need_str(pattern, "format")?.clone();
    let values: Vec<Value> = a.from(pattern + 1);
    let text = format_values(cx, &pattern_text, &values)?;
    made(cx, text)
}

fn format_array(cx: &mut Cx<'_>, a: &Args<'_>, pattern: usize) -> Result<Value, Thrown> {
    if a.get(pattern).is_null() {
        return Err(argument_null("format"));
    }
    let pattern_text = a.need_str(pattern, "format")?.clone();
    let values = a.elements(pattern + 1).ok_or_else(|| argument_null("args"))?;
    let text = format_values(cx, &pattern_text, &values)?;
    made(cx, text)
}

fn split_units(cx: &mut Cx<'_>, a: &Args<'_>, count: i32, options: i64) -> Result<Value, Thrown> {
    let units = match a.get(1) {
        Value::Char(unit) => vec![*unit],
        _ => a.units(1).unwrap_or_default(),
    };
    let separators = if units.is_empty() { Separators::White } else { Separators::Units(&units) };
    let text = a.this_str().clone();
    cx.charge(text.len())?;
    texts(cx, split::split(&text, separators, count, SplitOptions::from_number(options)?)?)
}

fn split_texts(cx: &mut Cx<'_>, a: &Args<'_>, count: i32, options: i64) -> Result<Value, Thrown> {
    let text = a.this_str().clone();
    let list: Vec<Str> = match a.get(1) {
        Value::Str(one) => vec![one.clone()],
        Value::Null => Vec::new(),
        _ => a.elements(1).unwrap_or_default().iter().filter_map(|v| v.as_str().cloned()).collect(),
    };
    let refs: Vec<&str> = list.iter().map(Str::as_str).collect();
    let white = a.elements(1).map_or(a.get(1).is_null(), |elements| elements.is_empty());
    let separators = if white { Separators::White } else { Separators::Texts(&refs) };
    cx.charge(text.len())?;
    texts(cx, split::split(&text, separators, count, SplitOptions::from_number(options)?)?)
}

fn int(value: Result<i32, Thrown>) -> Result<Value, Thrown> {
    value.map(Value::Int)
}

/// `IndexOf` of a text: the window starts at `start` and has `count` units where given.
fn index_of(a: &Args<'_>, start: Option<usize>, count: Option<usize>, how: Comparison) -> Result<Value, Thrown> {
    let value = a.need_str(1, "value")?;
    int(search::index_of(a.this_str(), value, start.map_or(0, |i| a.int(i)), count.map(|i| a.int(i)), how))
}

fn last_index_of(a: &Args<'_>, start: Option<usize>, count: Option<usize>, how: Comparison) -> Result<Value, Thrown> {
    let value = a.need_str(1, "value")?;
    int(search::last_index_of(a.this_str(), value, start.map(|i| a.int(i)), count.map(|i| a.int(i)), how))
}

fn units(a: &Args<'_>) -> Result<Vec<u16>, Thrown> {
    match a.get(1) {
        Value::Char(unit) => Ok(vec![*unit]),
        _ => a.units(1).ok_or_else(|| argument_null("anyOf")),
    }
}

fn trim(a: &Args<'_>, ends: edit::Ends) -> Value {
    let units = match a.get(1) {
        Value::Char(unit) => vec![*unit],
        _ => a.units(1).unwrap_or_default(),
    };
    let text = a.this_str();
    let trimmed = edit::trim(text, &units, ends);
    if trimmed.len() == text.len() { Value::Str(text.clone()) } else { Value::Str(Str::new(trimmed)) }
}

fn pad(cx: &mut Cx<'_>, a: &Args<'_>, left: bool, unit: u16) -> Result<Value, Thrown> {
    cx.charge(usize::try_from(a.int(1)).unwrap_or(0))?;
    let text = a.this_str();
    Ok(Value::from(if left { edit::pad_left(text, a.int(1), unit)? } else { edit::pad_right(text, a.int(1), unit)? }))
}

/// Bytes that `Replace` may make before it counts what there is to replace.
const COUNT_ABOVE: usize = 1 << 16;

fn replaced(cx: &mut Cx<'_>, a: &Args<'_>, how: Comparison) -> Result<Value, Thrown> {
    let text = a.this_str().clone();
    let old = a.need_str(1, "oldValue")?;
    let new = a.str(2).map_or("", Str::as_str);
    if !old.is_empty() {
        // A bound of what may come out; where that is much, what will.
        let mut places = text.len() / old.len();
        if places * new.len() > COUNT_ABOVE {
            places = edit::places(&text, old, how);
        }
        cx.charge(places * new.len() + text.len())?;
    }
    let out = if how == Comparison::Ordinal {
        edit::replace(&text, old, new)?
    } else {
        edit::replace_with(&text, old, new, how)?
    };
    Ok(if out == *text { Value::Str(text) } else { Value::from(out) })
}

fn cased(a: &Args<'_>, upper: bool) -> Value {
    let text = a.this_str();
    let out = if upper { chars::upper_text(text) } else { chars::lower_text(text) };
    if out == **text { Value::Str(text.clone()) } else { Value::from(out) }
}

fn char_array(a: &Args<'_>, start: i32, length: Option<i32>) -> Result<Value, Thrown> {
    let units: Vec<u16> = a.this_str().encode_utf16().collect();
    let length = length.unwrap_or_else(|| i32::try_from(units.len()).unwrap_or(i32::MAX));
    let name = if usize::try_from(start).is_ok_and(|start| start <= units.len()) { "length" } else { "startIndex" };
    let part = usize::try_from(start)
        .ok()
        .zip(usize::try_from(length).ok())
        .and_then(|(start, length)| units.get(start..start.checked_add(length)?))
        .ok_or_else(|| out_of_range(INDEX_OUT_OF_RANGE, name))?;
    Ok(array_value(Type::char(), part.iter().map(|unit| Value::Char(*unit)).collect()))
}

fn not_a_text() -> Thrown {
    Exception::new(ExceptionKind::Argument, "Object must be of type String.")
}

pub(crate) static STRING: &[Row] = &[
    ctor("(char c, int count)", |cx, a| {
        let count = usize::try_from(a.int(1)).map_err(|_| out_of_range("'count' must be non-negative.", "count"))?;
        cx.charge(count)?;
        Ok(Value::Str(Str::from_units(&vec![a.char(0); count])))
    }),
    ctor("(char[] value)", |_, a| Ok(Value::Str(Str::from_units(&a.units(0).unwrap_or_default())))),
    ctor("(char[] value, int startIndex, int length)", |_, a| {
        let units = a.units(0).ok_or_else(|| argument_null("value"))?;
        let (start, length) = (a.int(1), a.int(2));
        if start < 0 {
            return Err(out_of_range("StartIndex cannot be less than zero.", "startIndex"));
        }
        if length < 0 {
            return Err(out_of_range("Length cannot be less than zero.", "length"));
        }
        let (start, length) = (start.unsigned_abs() as usize, length.unsigned_abs() as usize);
        let part = units
            .get(start..start.saturating_add(length))
            .ok_or_else(|| out_of_range(INDEX_OUT_OF_RANGE, "startIndex"))?;
        Ok(Value::Str(Str::from_units(part)))
    }),
    // Comparison
    m("static int Compare(string strA, string strB)", |_, a| Ok(compare_texts(a.str(0), a.str(1), CULTURE))),
    m("static int Compare(string strA, string strB, bool ignoreCase)", |_, a| {
        Ok(compare_texts(a.str(0), a.str(1), Comparison::Culture { ignore_case: a.bool(2) }))
    }),
    m("static int Compare(string strA, string strB, StringComparison comparisonType)", |_, a| {
        Ok(compare_texts(a.str(0), a.str(1), comparison(&a, 2)?))
    }),
    m(
        "static int Compare(string strA, string strB, bool ignoreCase, System.Globalization.CultureInfo culture)",
        |_, a| Ok(compare_texts(a.str(0), a.str(1), Comparison::Culture { ignore_case: a.bool(2) })),
    ),
    m("static int Compare(string strA, int indexA, string strB, int indexB, int length)", |_, a| {
        compare_parts(&a, CULTURE, false)
    }),
    m("static int Compare(string strA, int indexA, string strB, int indexB, int length, bool ignoreCase)", |_, a| {
        compare_parts(&a, Comparison::Culture { ignore_case: a.bool(5) }, false)
    }),
    m(
        "static int Compare(string strA, int indexA, string strB, int indexB, int length, StringComparison comparisonType)",
        |_, a| compare_parts(&a, comparison(&a, 5)?, true),
    ),
    m("static int CompareOrdinal(string strA, string strB)", |_, a| {
        Ok(compare_texts(a.str(0), a.str(1), Comparison::Ordinal))
    }),
    m("static int CompareOrdinal(string strA, int indexA, string strB, int indexB, int length)", |_, a| {
        compare_parts(&a, Comparison::Ordinal, true)
    }),
    m("int CompareTo(string strB)", |_, a| Ok(compare_texts(a.str(0), a.str(1), CULTURE))),
    m("int CompareTo(object value)", |_, a| match a.get(1) {
        Value::Null | Value::Str(_) => Ok(compare_texts(a.str(0), a.str(1), CULTURE)),
        _ => Err(not_a_text()),
    }),
    m("bool Equals(string value)", |_, a| Ok(Value::Bool(a.str(0) == a.str(1)))),
    m("bool Equals(string value, StringComparison comparisonType)", |_, a| {
        let how = comparison(&a, 2)?;
        Ok(Value::Bool(a.str(1).is_some_and(|other| how.equal(a.this_str(), other))))
    }),
    m("static bool Equals(string a, string b)", |_, a| Ok(Value::Bool(a.str(0) == a.str(1)))),
    m("static bool Equals(string a, string b, StringComparison comparisonType)", |_, a| {
        let how = comparison(&a, 2)?;
        Ok(Value::Bool(match (a.str(0), a.str(1)) {
            (Some(x), Some(y)) => how.equal(x, y),
            (None, None) => true,
            _ => false,
        }))
    }),
    m("int GetHashCode()", |_, a| Ok(Value::Int(hash::of_text(a.this_str())))),
    m("int GetHashCode(StringComparison comparisonType)", |_, a| {
        Ok(Value::Int(super::comparers::hash_of(comparison(&a, 1)?, a.this_str())))
    })
    .core_only(),
    m("static bool IsNullOrEmpty(string value)", |_, a| Ok(Value::Bool(a.str(0).is_none_or(|text| text.is_empty())))),
    m("static bool IsNullOrWhiteSpace(string value)", |_, a| {
        Ok(Value::Bool(a.str(0).is_none_or(|text| text.chars().all(char::is_whitespace))))
    }),
    // Joining and formatting
    m("static string Concat(object arg0)", |cx, a| concat_args(cx, &a)),
    m("static string Concat(object arg0, object arg1)", |cx, a| concat_args(cx, &a)),
    m("static string Concat(object arg0, object arg1, object arg2)", |cx, a| concat_args(cx, &a)),
    m("static string Concat(params object[] args)", |cx, a| {
        let values = items(cx, &a, 0, "args")?;
        concat(cx, &values)
    }),
    m("static string Concat(string str0, string str1)", |cx, a| concat_args(cx, &a)),
    m("static string Concat(string str0, string str1, string str2)", |cx, a| concat_args(cx, &a)),
    m("static string Concat(string str0, string str1, string str2, string str3)", |cx, a| concat_args(cx, &a)),
    m("static string Concat(params string[] values)", |cx, a| {
        let values = items(cx, &a, 0, "values")?;
        concat(cx, &values)
    }),
    m("static string Concat(IEnumerable<string> values)", |cx, a| {
        let values = items(cx, &a, 0, "values")?;
        concat(cx, &values)
    }),
    m("static string Concat<T>(IEnumerable<T> values)", |cx, a| {
        let values = items(cx, &a, 0, "values")?;
        concat(cx, &values)
    }),
    m("static string Join(string separator, params string[] value)", |cx, a| join_of(cx, &a, "value")),
    m("static string Join(string separator, params object[] values)", |cx, a| {
        // A known quirk of .NET Framework: nothing is joined when the first value is null.
        if cx.framework() && a.elements(1).is_some_and(|values| values.first().is_some_and(Value::is_null)) {
            return Ok(Value::Str(Str::EMPTY));
        }
        join_of(cx, &a, "values")
    }),
    m("static string Join(string separator, IEnumerable<string> values)", |cx, a| join_of(cx, &a, "values")),
    m("static string Join<T>(string separator, IEnumerable<T> values)", |cx, a| join_of(cx, &a, "values")),
    m("static string Join(string separator, string[] value, int startIndex, int count)", |cx, a| join_range(cx, &a)),
    m("static string Join(char separator, params string[] value)", |cx, a| join_of(cx, &a, "value")).core_only(),
    m("static string Join(char separator, params object[] values)", |cx, a| join_of(cx, &a, "values")).core_only(),
    m("static string Join<T>(char separator, IEnumerable<T> values)", |cx, a| join_of(cx, &a, "values")).core_only(),
    m("static string Join(char separator, string[] value, int startIndex, int count)", |cx, a| join_range(cx, &a))
        .core_only(),
    m("static string Format(string format, object arg0)", |cx, a| format_args(cx, &a, 0)),
    m("static string Format(string format, object arg0, object arg1)", |cx, a| format_args(cx, &a, 0)),
    m("static string Format(string format, object arg0, object arg1, object arg2)", |cx, a| format_args(cx, &a, 0)),
    m("static string Format(string format, params object[] args)", |cx, a| format_array(cx, &a, 0)),
    m("static string Format(IFormatProvider provider, string format, object arg0)", |cx, a| format_args(cx, &a, 1)),
    m("static string Format(IFormatProvider provider, string format, object arg0, object arg1)", |cx, a| {
        format_args(cx, &a, 1)
    }),
    m(
        "static string Format(IFormatProvider provider, string format, object arg0, object arg1, object arg2)",
        |cx, a| format_args(cx, &a, 1),
    ),
    m("static string Format(IFormatProvider provider, string format, params object[] args)", |cx, a| {
        format_array(cx, &a, 1)
    }),
    m("static string Copy(string str)", |_, a| Ok(Value::Str(Str::new(a.need_str(0, "str")?)))),
    m("static string Intern(string str)", |_, a| Ok(Value::Str(Str::literal(a.need_str(0, "str")?)))),
    m("static string IsInterned(string str)", |_, a| Ok(Value::Str(a.need_str(0, "str")?.clone()))),
    m("object Clone()", |_, mut a| Ok(a.take(0))),
    m("string ToString()", |_, mut a| Ok(a.take(0))),
    m("string ToString(IFormatProvider provider)", |_, mut a| Ok(a.take(0))),
    // Search
];

const INDEX_COUNT: &str = "Index and count must refer to a location within the string.";

/// `CopyTo`
fn copy_to(a: &Args<'_>) -> Result<Value, Thrown> {
    let units: Vec<u16> = a.this_str().encode_utf16().collect();
    a.need(2, "destination")?;
    let target = a.obj::<crate::library::core::collections::ArrayObject>(2)?;
    let count = usize::try_from(a.int(4)).map_err(|_| out_of_range(NEGATIVE, "count"))?;
    let from = usize::try_from(a.int(1)).map_err(|_| out_of_range(INDEX_OUT_OF_RANGE, "sourceIndex"))?;
    let part = units.get(from..from.saturating_add(count)).ok_or_else(|| out_of_range(INDEX_COUNT, "sourceIndex"))?;
    let to = usize::try_from(a.int(3)).map_err(|_| out_of_range(COUNT_OUT_OF_RANGE, "destinationIndex"))?;
    let mut items = target.items_mut();
    let place =
        items.get_mut(to..to.saturating_add(count)).ok_or_else(|| out_of_range(INDEX_COUNT, "destinationIndex"))?;
    for (place, unit) in place.iter_mut().zip(part) {
        *place = Value::Char(*unit);
    }
    Ok(Value::Null)
}
