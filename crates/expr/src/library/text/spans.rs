//! Rows of `System.TimeSpan`.

use apimite_dotnet::Thrown;
use apimite_dotnet::messages::argument_null;
use apimite_dotnet::time::calendar::{DAY, HOUR, MILLISECOND, MINUTE, SECOND};
use apimite_dotnet::time::{TimeSpan, span_text};

use super::dates::relations;
use super::edge::{formatted, order, tried};
use super::format::generation;
use crate::library::rows::{Args, Default, Row, constant, ctor, m, op, p};
use crate::run::Cx;
use crate::value::{Str, Value};
use apimite_dotnet::{Exception, ExceptionKind};

fn made(result: Result<TimeSpan, Thrown>) -> Result<Value, Thrown> {
    result.map(Value::from)
}

fn from(cx: &Cx<'_>, a: &Args<'_>, unit: i64) -> Result<Value, Thrown> {
    made(TimeSpan::from_units(a.double(0), unit, generation(cx.framework())))
}

fn read(text: Option<&Str>) -> Result<Value, Thrown> {
    made(span_text::parse(text.ok_or_else(|| argument_null("s"))?))
}

fn read_exact(text: Option<&Str>, format: Option<&Str>, style: i64) -> Result<Value, Thrown> {
    let text = text.ok_or_else(|| argument_null("input"))?;
    let format = format.ok_or_else(|| argument_null("format"))?;
    made(span_text::parse_exact(text, format, style == 1))
}

relations!(RELATIONS, "TimeSpan", span);

static OWN: &[Row] = &[
    constant("static long TicksPerDay", Default::Int(DAY)),
    constant("static long TicksPerHour", Default::Int(HOUR)),
    constant("static long TicksPerMinute", Default::Int(MINUTE)),
    constant("static long TicksPerSecond", Default::Int(SECOND)),
    constant("static long TicksPerMillisecond", Default::Int(MILLISECOND)),
    p("static TimeSpan Zero", |_, _| Ok(Value::TimeSpan(0))),
    p("static TimeSpan MaxValue", |_, _| Ok(Value::TimeSpan(i64::MAX))),
    p("static TimeSpan MinValue", |_, _| Ok(Value::TimeSpan(i64::MIN))),
    ctor("(long ticks)", |_, a| Ok(Value::TimeSpan(a.long(0)))),
    ctor("(int hours, int minutes, int seconds)", |_, a| made(TimeSpan::new(0, a.int(0), a.int(1), a.int(2), 0))),
    ctor("(int days, int hours, int minutes, int seconds)", |_, a| {
        made(TimeSpan::new(a.int(0), a.int(1), a.int(2), a.int(3), 0))
    }),
    ctor("(int days, int hours, int minutes, int seconds, int milliseconds)", |_, a| {
        made(TimeSpan::new(a.int(0), a.int(1), a.int(2), a.int(3), a.int(4)))
    }),
    m("static TimeSpan FromDays(double value)", |cx, a| from(cx, &a, DAY)),
    m("static TimeSpan FromHours(double value)", |cx, a| from(cx, &a, HOUR)),
    m("static TimeSpan FromMinutes(double value)", |cx, a| from(cx, &a, MINUTE)),
    m("static TimeSpan FromSeconds(double value)", |cx, a| from(cx, &a, SECOND)),
    m("static TimeSpan FromMilliseconds(double value)", |cx, a| from(cx, &a, MILLISECOND)),
    m("static TimeSpan FromTicks(long value)", |_, a| Ok(Value::TimeSpan(a.long(0)))),
    p("int Days", |_, a| Ok(Value::Int(a.span(0).days()))),
    p("int Hours", |_, a| Ok(Value::Int(a.span(0).hours()))),
    p("int Minutes", |_, a| Ok(Value::Int(a.span(0).minutes()))),
    p("int Seconds", |_, a| Ok(Value::Int(a.span(0).seconds()))),
    p("int Milliseconds", |_, a| Ok(Value::Int(a.span(0).milliseconds()))),
    p("long Ticks", |_, a| Ok(Value::Long(a.span(0).0))),
    p("double TotalDays", |_, a| Ok(Value::Double(a.span(0).total(DAY)))),
    p("double TotalHours", |_, a| Ok(Value::Double(a.span(0).total(HOUR)))),
    p("double TotalMinutes", |_, a| Ok(Value::Double(a.span(0).total(MINUTE)))),
    p("double TotalSeconds", |_, a| Ok(Value::Double(a.span(0).total(SECOND)))),
    p("double TotalMilliseconds", |_, a| Ok(Value::Double(a.span(0).total(MILLISECOND)))),
    m("TimeSpan Add(TimeSpan ts)", |_, a| made(a.span(0).plus(a.span(1)))),
    m("TimeSpan Subtract(TimeSpan ts)", |_, a| made(a.span(0).minus(a.span(1)))),
    m("TimeSpan Negate()", |_, a| made(a.span(0).negate())),
    m("TimeSpan Duration()", |_, a| made(a.span(0).duration())),
    m("TimeSpan Multiply(double factor)", |_, a| made(a.span(0).times(a.double(1)))).core_only(),
    m("TimeSpan Divide(double divisor)", |_, a| made(a.span(0).divide(a.double(1)))).core_only(),
    m("double Divide(TimeSpan ts)", |_, a| Ok(Value::Double(a.span(0).ratio(a.span(1))))).core_only(),
    op("TimeSpan operator +(TimeSpan t1, TimeSpan t2)", |_, a| made(a.span(0).plus(a.span(1)))),
    op("TimeSpan operator -(TimeSpan t1, TimeSpan t2)", |_, a| made(a.span(0).minus(a.span(1)))),
    op("TimeSpan operator -(TimeSpan t)", |_, a| made(a.span(0).negate())),
    op("TimeSpan operator +(TimeSpan t)", |_, mut a| Ok(a.take(0))),
    op("TimeSpan operator *(TimeSpan timeSpan, double factor)", |_, a| made(a.span(0).times(a.double(1)))).core_only(),
    op("TimeSpan operator *(double factor, TimeSpan timeSpan)", |_, a| made(a.span(1).times(a.double(0)))).core_only(),
    op("TimeSpan operator /(TimeSpan timeSpan, double divisor)", |_, a| made(a.span(0).divide(a.double(1))))
        .core_only(),
    op("double operator /(TimeSpan t1, TimeSpan t2)", |_, a| Ok(Value::Double(a.span(0).ratio(a.span(1))))).core_only(),
    m("static TimeSpan Parse(string s)", |_, a| read(a.str(0))),
    m("static TimeSpan Parse(string input, IFormatProvider formatProvider)", |_, a| read(a.str(0))),
    m("static bool TryParse(string s, out TimeSpan result)", |_, mut a| {
        let result = read(a.str(0));
        Ok(tried(&mut a, 1, result, Value::TimeSpan(0)))
    }),
    m("static bool TryParse(string input, IFormatProvider formatProvider, out TimeSpan result)", |_, mut a| {
        let result = read(a.str(0));
        Ok(tried(&mut a, 2, result, Value::TimeSpan(0)))
    }),
    m("static TimeSpan ParseExact(string input, string format, IFormatProvider formatProvider)", |_, a| {
        read_exact(a.str(0), a.str(1), 0)
    }),
    m(
        "static TimeSpan ParseExact(string input, string format, IFormatProvider formatProvider, System.Globalization.TimeSpanStyles styles)",
        |_, a| read_exact(a.str(0), a.str(1), a.number(3)),
    ),
    m("static TimeSpan ParseExact(string input, string[] formats, IFormatProvider formatProvider)", |_, a| {
        read_any(&a)
    }),
    m(
        "static bool TryParseExact(string input, string format, IFormatProvider formatProvider, out TimeSpan result)",
        |_, mut a| {
            let result = read_exact(a.str(0), a.str(1), 0);
            Ok(tried(&mut a, 3, result, Value::TimeSpan(0)))
        },
    ),
    m(
        "static bool TryParseExact(string input, string format, IFormatProvider formatProvider, System.Globalization.TimeSpanStyles styles, out TimeSpan result)",
        |_, mut a| {
            let result = read_exact(a.str(0), a.str(1), a.number(3));
            Ok(tried(&mut a, 4, result, Value::TimeSpan(0)))
        },
    ),
    m(
        "static bool TryParseExact(string input, string[] formats, IFormatProvider formatProvider, out TimeSpan result)",
        |_, mut a| {
            let result = read_any(&a);
            Ok(tried(&mut a, 3, result, Value::TimeSpan(0)))
        },
    ),
    m("string ToString()", |cx, a| formatted(cx, a.get(0), None)),
    m("string ToString(string format)", |cx, a| formatted(cx, a.get(0), a.str(1))),
    m("string ToString(string format, IFormatProvider formatProvider)", |cx, a| formatted(cx, a.get(0), a.str(1))),
];

fn read_any(a: &Args<'_>) -> Result<Value, Thrown> {
    let text = a.str(0).ok_or_else(|| argument_null("input"))?;
    let formats = a.elements(1).ok_or_else(|| argument_null("formats"))?;
    formats.iter().find_map(|format| read_exact(Some(text), format.as_str(), 0).ok()).ok_or_else(|| {
        Exception::new(ExceptionKind::Format, format!("String '{text}' was not recognized as a valid TimeSpan."))
    })
}

const SIZE: usize = OWN.len() + RELATIONS.len();

/// Both groups in one.
pub(crate) static TIME_SPAN: &[Row] = &{
    let mut rows = [OWN[0]; SIZE];
    let mut at = 0;
    while at < SIZE {
        rows[at] = if at < OWN.len() { OWN[at] } else { RELATIONS[at - OWN.len()] };
        at += 1;
    }
    rows
};
