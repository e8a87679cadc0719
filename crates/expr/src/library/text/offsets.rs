//! Rows of `System.DateTimeOffset`.

use apimite_dotnet::messages::argument_null;
use apimite_dotnet::time::calendar::{DAY, Date, HOUR, MILLISECOND, MINUTE, SECOND};
use apimite_dotnet::time::{DateTime, DateTimeOffset, DateTimeStyles, Kind, TimeSpan, exact, parse};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::dates::{relations, style_error, styles, weekday};
use super::edge::{formatted, now, order, tried};
use crate::library::rows::{Args, Row, conv, ctor, m, op, p};
use crate::run::Cx;
use crate::value::{Str, Value};

const ZERO: Value = Value::DateTimeOffset { ticks: 0, offset: 0 };

fn made(result: Result<DateTimeOffset, Thrown>) -> Result<Value, Thrown> {
    result.map(Value::from)
}

fn build(a: &Args<'_>, millisecond: i32, offset: usize) -> Result<Value, Thrown> {
    let date = Date { year: a.int(0), month: a.int(1), day: a.int(2) };
    let clock = DateTime::new(date, (a.int(3), a.int(4), a.int(5)), millisecond, Kind::Unspecified)?;
    made(DateTimeOffset::new(clock, a.span(offset)))
}

/// Changes the clock time and keeps the offset.
fn clock(a: &Args<'_>, change: impl FnOnce(DateTime) -> Result<DateTime, Thrown>) -> Result<Value, Thrown> {
    let this = a.offset(0);
    made(this.with_clock(change(this.clock())?))
}

fn add(a: &Args<'_>, unit: i64) -> Result<Value, Thrown> {
    clock(a, |time| time.add_units(a.double(1), unit))
}

fn read(cx: &Cx<'_>, text: Option<&Str>, how: DateTimeStyles) -> Result<Value, Thrown> {
    made(parse::parse_offset(text.ok_or_else(|| argument_null("input"))?, how, now(cx)))
}

fn read_exact(cx: &Cx<'_>, text: Option<&Str>, format: Option<&Str>, how: DateTimeStyles) -> Result<Value, Thrown> {
    let text = text.ok_or_else(|| argument_null("input"))?;
    let format = format.ok_or_else(|| argument_null("format"))?;
    made(exact::parse_exact_offset(text, format, how, now(cx)))
}

fn read_any(cx: &Cx<'_>, a: &Args<'_>, how: DateTimeStyles) -> Result<Value, Thrown> {
    let text = a.str(0).ok_or_else(|| argument_null("input"))?;
    let formats = a.elements(1).ok_or_else(|| argument_null("formats"))?;
    how.check_for_offset()?;
    formats.iter().find_map(|format| read_exact(cx, Some(text), format.as_str(), how).ok()).ok_or_else(|| {
        Exception::new(ExceptionKind::Format, format!("String '{text}' was not recognized as a valid DateTime."))
    })
}

relations!(RELATIONS, "DateTimeOffset", offset);

static OWN: &[Row] = &[
    ctor("(DateTime dateTime)", |_, a| Ok(DateTimeOffset::from_date_time(a.date(0)).into())),
    ctor("(DateTime dateTime, TimeSpan offset)", |_, a| made(DateTimeOffset::new(a.date(0), a.span(1)))),
    ctor("(long ticks, TimeSpan offset)", |_, a| {
        made(DateTimeOffset::new(DateTime::from_ticks(a.long(0), Kind::Unspecified)?, a.span(1)))
    }),
    ctor("(int year, int month, int day, int hour, int minute, int second, TimeSpan offset)", |_, a| build(&a, 0, 6)),
    ctor("(int year, int month, int day, int hour, int minute, int second, int millisecond, TimeSpan offset)", |_, a| {
        build(&a, a.int(6), 7)
    }),
    conv("implicit operator DateTimeOffset(DateTime dateTime)", |_, a| {
        Ok(DateTimeOffset::from_date_time(a.date(0)).into())
    }),
    p("static DateTimeOffset MinValue", |_, _| Ok(DateTimeOffset::MIN.into())),
    p("static DateTimeOffset MaxValue", |_, _| Ok(DateTimeOffset::MAX.into())),
    p("static DateTimeOffset UnixEpoch", |_, _| Ok(DateTimeOffset::from_date_time(DateTime::UNIX_EPOCH).into()))
        .core_only(),
    p("static DateTimeOffset Now", |cx, _| Ok(DateTimeOffset::from_date_time(now(cx)).into())).impure(),
    p("static DateTimeOffset UtcNow", |cx, _| Ok(DateTimeOffset::from_date_time(now(cx)).into())).impure(),
    m("static DateTimeOffset FromUnixTimeSeconds(long seconds)", |_, a| {
        made(DateTimeOffset::from_unix_seconds(a.long(0)))
    }),
    m("static DateTimeOffset FromUnixTimeMilliseconds(long milliseconds)", |_, a| {
        made(DateTimeOffset::from_unix_millis(a.long(0)))
    }),
    m("static DateTimeOffset FromFileTime(long fileTime)", |_, a| {
        let ticks = a.long(0).saturating_add(504_911_232_000_000_000);
        let time = DateTime::from_ticks(ticks, Kind::Utc)
            .map_err(|_| apimite_dotnet::messages::out_of_range("Not a valid Win32 FileTime.", "fileTime"))?;
        Ok(DateTimeOffset::from_date_time(time).into())
    }),
    p("int Year", |_, a| Ok(Value::Int(a.offset(0).clock().ymd().year))),
    p("int Month", |_, a| Ok(Value::Int(a.offset(0).clock().ymd().month))),
    p("int Day", |_, a| Ok(Value::Int(a.offset(0).clock().ymd().day))),
    p("int Hour", |_, a| Ok(Value::Int(a.offset(0).clock().hour()))),
    p("int Minute", |_, a| Ok(Value::Int(a.offset(0).clock().minute()))),
    p("int Second", |_, a| Ok(Value::Int(a.offset(0).clock().second()))),
    p("int Millisecond", |_, a| Ok(Value::Int(a.offset(0).clock().millisecond()))),
    p("int DayOfYear", |_, a| Ok(Value::Int(a.offset(0).clock().day_of_year()))),
    p("DayOfWeek DayOfWeek", |_, a| Ok(weekday(a.offset(0).clock().day_of_week()))),
    p("long Ticks", |_, a| Ok(Value::Long(a.offset(0).ticks))),
    p("long UtcTicks", |_, a| Ok(Value::Long(a.offset(0).utc_ticks()))),
    p("DateTime Date", |_, a| Ok(a.offset(0).clock().date().into())),
    p("DateTime DateTime", |_, a| Ok(a.offset(0).clock().into())),
    p("DateTime UtcDateTime", |_, a| Ok(a.offset(0).utc().into())),
    p("DateTime LocalDateTime", |_, a| Ok(a.offset(0).local().into())),
    p("TimeSpan TimeOfDay", |_, a| Ok(a.offset(0).clock().time_of_day().into())),
    p("TimeSpan Offset", |_, a| Ok(a.offset(0).offset().into())),
    m("DateTimeOffset Add(TimeSpan timeSpan)", |_, a| clock(&a, |time| time.add_ticks(a.span(1).0, "value"))),
    m("DateTimeOffset AddTicks(long ticks)", |_, a| clock(&a, |time| time.add_ticks(a.long(1), "value"))),
    m("DateTimeOffset AddMilliseconds(double milliseconds)", |_, a| add(&a, MILLISECOND)),
    m("DateTimeOffset AddSeconds(double seconds)", |_, a| add(&a, SECOND)),
    m("DateTimeOffset AddMinutes(double minutes)", |_, a| add(&a, MINUTE)),
    m("DateTimeOffset AddHours(double hours)", |_, a| add(&a, HOUR)),
    m("DateTimeOffset AddDays(double days)", |_, a| add(&a, DAY)),
    m("DateTimeOffset AddMonths(int months)", |_, a| clock(&a, |time| time.add_months(a.int(1)))),
    m("DateTimeOffset AddYears(int years)", |_, a| clock(&a, |time| time.add_years(a.int(1)))),
    m("DateTimeOffset Subtract(TimeSpan value)", |_, a| clock(&a, |time| time.subtract_ticks(a.span(1).0, "value"))),
    m("TimeSpan Subtract(DateTimeOffset value)", |_, a| {
        Ok(TimeSpan(a.offset(0).utc_ticks() - a.offset(1).utc_ticks()).into())
    }),
    op("DateTimeOffset operator +(DateTimeOffset dateTimeOffset, TimeSpan timeSpan)", |_, a| {
        clock(&a, |time| time.add_ticks(a.span(1).0, "t"))
    }),
    op("DateTimeOffset operator -(DateTimeOffset dateTimeOffset, TimeSpan timeSpan)", |_, a| {
        clock(&a, |time| time.subtract_ticks(a.span(1).0, "t"))
    }),
    op("TimeSpan operator -(DateTimeOffset left, DateTimeOffset right)", |_, a| {
        Ok(TimeSpan(a.offset(0).utc_ticks() - a.offset(1).utc_ticks()).into())
    }),
    m("DateTimeOffset ToOffset(TimeSpan offset)", |_, a| made(a.offset(0).to_offset(a.span(1)))),
    m("DateTimeOffset ToUniversalTime()", |_, a| Ok(a.offset(0).to_universal().into())),
    m("DateTimeOffset ToLocalTime()", |_, a| Ok(a.offset(0).to_universal().into())),
    m("long ToUnixTimeSeconds()", |_, a| Ok(Value::Long(a.offset(0).unix_seconds()))),
    m("long ToUnixTimeMilliseconds()", |_, a| Ok(Value::Long(a.offset(0).unix_millis()))),
    m("long ToFileTime()", |_, a| Ok(Value::Long(a.offset(0).utc_ticks() - 504_911_232_000_000_000))),
    m("bool EqualsExact(DateTimeOffset other)", |_, a| {
        let (x, y) = (a.offset(0), a.offset(1));
        Ok(Value::Bool(x == y && x.minutes == y.minutes))
    }),
    m("static DateTimeOffset Parse(string input)", |cx, a| read(cx, a.str(0), DateTimeStyles(0))).impure(),
    m("static DateTimeOffset Parse(string input, IFormatProvider formatProvider)", |cx, a| {
        read(cx, a.str(0), DateTimeStyles(0))
    })
    .impure(),
    m(
        "static DateTimeOffset Parse(string input, IFormatProvider formatProvider, System.Globalization.DateTimeStyles styles)",
        |cx, a| read(cx, a.str(0), styles(a.number(2))),
    )
    .impure(),
    m("static bool TryParse(string input, out DateTimeOffset result)", |cx, mut a| {
        let result = read(cx, a.str(0), DateTimeStyles(0));
        Ok(tried(&mut a, 1, result, ZERO))
    })
    .impure(),
    m(
        "static bool TryParse(string input, IFormatProvider formatProvider, System.Globalization.DateTimeStyles styles, out DateTimeOffset result)",
        |cx, mut a| {
            let result = read(cx, a.str(0), styles(a.number(2)));
            if a.str(0).is_some() && style_error(&result) {
                return result;
            }
            Ok(tried(&mut a, 3, result, ZERO))
        },
    )
    .impure(),
    m("static DateTimeOffset ParseExact(string input, string format, IFormatProvider formatProvider)", |cx, a| {
        read_exact(cx, a.str(0), a.str(1), DateTimeStyles(0))
    })
    .impure(),
    m(
        "static DateTimeOffset ParseExact(string input, string format, IFormatProvider formatProvider, System.Globalization.DateTimeStyles styles)",
        |cx, a| read_exact(cx, a.str(0), a.str(1), styles(a.number(3))),
    )
    .impure(),
    m(
        "static DateTimeOffset ParseExact(string input, string[] formats, IFormatProvider formatProvider, System.Globalization.DateTimeStyles styles)",
        |cx, a| read_any(cx, &a, styles(a.number(3))),
    )
    .impure(),
    m(
        "static bool TryParseExact(string input, string format, IFormatProvider formatProvider, System.Globalization.DateTimeStyles styles, out DateTimeOffset result)",
        |cx, mut a| {
            let result = read_exact(cx, a.str(0), a.str(1), styles(a.number(3)));
            if a.str(0).is_some() && style_error(&result) {
                return result;
            }
            Ok(tried(&mut a, 4, result, ZERO))
        },
    )
    .impure(),
    m("string ToString()", |cx, a| formatted(cx, a.get(0), None)),
    m("string ToString(string format)", |cx, a| formatted(cx, a.get(0), a.str(1))),
    m("string ToString(IFormatProvider formatProvider)", |cx, a| formatted(cx, a.get(0), None)),
    m("string ToString(string format, IFormatProvider formatProvider)", |cx, a| formatted(cx, a.get(0), a.str(1))),
];

const SIZE: usize = OWN.len() + RELATIONS.len();

/// Both groups in one.
pub(crate) static DATE_TIME_OFFSET: &[Row] = &{
    let mut rows = [OWN[0]; SIZE];
    let mut at = 0;
    while at < SIZE {
        rows[at] = if at < OWN.len() { OWN[at] } else { RELATIONS[at - OWN.len()] };
        at += 1;
    }
    rows
};
