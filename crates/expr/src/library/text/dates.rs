//! Rows of `System.DateTime`. The documented allow-list names members one by one; the others are marked unlisted.

use apimite_dotnet::messages::argument_null;
use apimite_dotnet::time::calendar::{self, DAY, Date, HOUR, MILLISECOND, MINUTE, SECOND};
use apimite_dotnet::time::{DateTime, DateTimeStyles, Kind, exact, parse};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::edge::{formatted, now, order, tried};
use super::enums::{DATE_TIME_KIND, DAY_OF_WEEK};
use crate::library::rows::{Args, Row, ctor, m, op, p};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Str, Value};

/// A style argument.
pub(super) fn styles(number: i64) -> DateTimeStyles {
    DateTimeStyles(i32::try_from(number).unwrap_or(i32::MAX))
}

/// The exception of a style that is none: `TryParse` throws it too.
pub(super) fn style_error(result: &Result<Value, Thrown>) -> bool {
    matches!(result, Err(thrown) if thrown.kind == ExceptionKind::Argument)
}

/// A day of the week as a value.
pub(super) fn weekday(number: i32) -> Value {
    Value::Enum(Type::of(&DAY_OF_WEEK), number.into())
}

fn made(result: Result<DateTime, Thrown>) -> Result<Value, Thrown> {
    result.map(Value::from)
}

fn build(a: &Args<'_>, millisecond: Option<usize>, kind: Option<usize>) -> Result<Value, Thrown> {
    let kind = kind.map_or(Ok(Kind::Unspecified), |index| Kind::from_number(a.number(index)))?;
    let date = Date { year: a.int(0), month: a.int(1), day: a.int(2) };
    let time = if a.count() > 3 { (a.int(3), a.int(4), a.int(5)) } else { (0, 0, 0) };
    made(DateTime::new(date, time, millisecond.map_or(0, |index| a.int(index)), kind))
}

fn read(cx: &Cx<'_>, text: Option<&Str>, how: DateTimeStyles) -> Result<Value, Thrown> {
    made(parse::parse(text.ok_or_else(|| argument_null("s"))?, how, now(cx)))
}

fn read_exact(cx: &Cx<'_>, text: Option<&Str>, format: Option<&Str>, how: DateTimeStyles) -> Result<Value, Thrown> {
    let text = text.ok_or_else(|| argument_null("s"))?;
    let format = format.ok_or_else(|| argument_null("format"))?;
    made(exact::parse_exact(text, format, how, now(cx)))
}

/// The first of several formats that fits.
fn read_any(cx: &Cx<'_>, a: &Args<'_>, how: DateTimeStyles) -> Result<Value, Thrown> {
    let text = a.str(0).ok_or_else(|| argument_null("s"))?;
    let formats = a.elements(1).ok_or_else(|| argument_null("formats"))?;
    how.check()?;
    for format in &formats {
        if let Ok(value) = read_exact(cx, Some(text), format.as_str(), how) {
            return Ok(value);
        }
    }
    Err(apimite_dotnet::messages::format_error(format!("String '{text}' was not recognized as a valid DateTime.")))
}

fn add(a: &Args<'_>, unit: i64) -> Result<Value, Thrown> {
    made(a.date(0).add_units(a.double(1), unit))
}

fn shown(cx: &mut Cx<'_>, a: &Args<'_>, format: &'static str) -> Result<Value, Thrown> {
    formatted(cx, a.get(0), Some(&Str::fixed(format)))
}

macro_rules! relations {
    ($name:ident, $ty:literal, $get:ident) => {
        static $name: &[Row] = &[
            op(concat!("bool operator ==(", $ty, " d1, ", $ty, " d2)"), |_, a| Ok(Value::Bool(a.$get(0) == a.$get(1)))),
            op(concat!("bool operator !=(", $ty, " d1, ", $ty, " d2)"), |_, a| Ok(Value::Bool(a.$get(0) != a.$get(1)))),
            op(concat!("bool operator <(", $ty, " t1, ", $ty, " t2)"), |_, a| Ok(Value::Bool(a.$get(0) < a.$get(1)))),
            op(concat!("bool operator <=(", $ty, " t1, ", $ty, " t2)"), |_, a| Ok(Value::Bool(a.$get(0) <= a.$get(1)))),
            op(concat!("bool operator >(", $ty, " t1, ", $ty, " t2)"), |_, a| Ok(Value::Bool(a.$get(0) > a.$get(1)))),
            op(concat!("bool operator >=(", $ty, " t1, ", $ty, " t2)"), |_, a| Ok(Value::Bool(a.$get(0) >= a.$get(1)))),
            m(concat!("static int Compare(", $ty, " t1, ", $ty, " t2)"), |_, a| Ok(order(a.$get(0).cmp(&a.$get(1)))))
                .unlisted_date($ty),
            m(concat!("static bool Equals(", $ty, " t1, ", $ty, " t2)"), |_, a| {
                Ok(Value::Bool(a.$get(0) == a.$get(1)))
            }),
            m(concat!("bool Equals(", $ty, " value)"), |_, a| Ok(Value::Bool(a.$get(0) == a.$get(1)))),
            m(concat!("int CompareTo(", $ty, " value)"), |_, a| Ok(order(a.$get(0).cmp(&a.$get(1)))))
                .unlisted_date($ty),
            m("int CompareTo(object value)", |cx, a| {
                let (x, y) = (a.get(0).clone(), a.get(1).clone());
                if !y.is_null() && x.type_of() != y.type_of() {
                    return Err(Exception::new(ExceptionKind::Argument, concat!("Object must be of type ", $ty, ".")));
                }
                cx.compare(&x, &y).map(order)
            })
            .unlisted_date($ty),
        ];
    };
}
pub(super) use relations;

impl Row {
    /// Unlisted where the type is `DateTime`, whose members the allow-list names one by one.
    pub(super) const fn unlisted_date(self, ty: &str) -> Self {
        if ty.len() == "DateTime".len() && ty.as_bytes()[0] == b'D' { self.unlisted() } else { self }
    }
}

relations!(RELATIONS, "DateTime", date);

static CONSTRUCTORS: &[Row] = &[
    ctor("(long ticks)", |_, a| made(DateTime::from_ticks(a.long(0), Kind::Unspecified))),
    ctor("(long ticks, DateTimeKind kind)", |_, a| {
        made(DateTime::from_ticks(a.long(0), Kind::from_number(a.number(1))?))
    }),
    ctor("(int year, int month, int day)", |_, a| build(&a, None, None)),
    ctor("(int year, int month, int day, int hour, int minute, int second)", |_, a| build(&a, None, None)),
    ctor("(int year, int month, int day, int hour, int minute, int second, DateTimeKind kind)", |_, a| {
        build(&a, None, Some(6))
    }),
    ctor("(int year, int month, int day, int hour, int minute, int second, int millisecond)", |_, a| {
        build(&a, Some(6), None)
    }),
    ctor(
        "(int year, int month, int day, int hour, int minute, int second, int millisecond, DateTimeKind kind)",
        |_, a| build(&a, Some(6), Some(7)),
    ),
];

static LISTED: &[Row] = &[
    p("static DateTime MinValue", |_, _| Ok(Value::DateTime(DateTime::MIN.0))),
    p("static DateTime MaxValue", |_, _| Ok(Value::DateTime(DateTime::MAX.0))),
    p("static DateTime UtcNow", |cx, _| Ok(now(cx).into())).impure(),
    p("static DateTime Now", |cx, _| Ok(now(cx).to_local().into())).impure(),
    p("static DateTime Today", |cx, _| Ok(now(cx).to_local().date().into())).impure(),
    p("int Year", |_, a| Ok(Value::Int(a.date(0).ymd().year))),
    p("int Month", |_, a| Ok(Value::Int(a.date(0).ymd().month))),
    p("int Day", |_, a| Ok(Value::Int(a.date(0).ymd().day))),
    p("int Hour", |_, a| Ok(Value::Int(a.date(0).hour()))),
    p("int Minute", |_, a| Ok(Value::Int(a.date(0).minute()))),
    p("int Second", |_, a| Ok(Value::Int(a.date(0).second()))),
    p("int Millisecond", |_, a| Ok(Value::Int(a.date(0).millisecond()))),
    p("int DayOfYear", |_, a| Ok(Value::Int(a.date(0).day_of_year()))),
    p("DayOfWeek DayOfWeek", |_, a| Ok(weekday(a.date(0).day_of_week()))),
    p("long Ticks", |_, a| Ok(Value::Long(a.date(0).ticks()))),
    p("DateTime Date", |_, a| Ok(a.date(0).date().into())),
    p("TimeSpan TimeOfDay", |_, a| Ok(a.date(0).time_of_day().into())),
    m("DateTime Add(TimeSpan value)", |_, a| made(a.date(0).add_ticks(a.span(1).0, "value"))),
    m("DateTime AddTicks(long value)", |_, a| made(a.date(0).add_ticks(a.long(1), "value"))),
    m("DateTime AddMilliseconds(double value)", |_, a| add(&a, MILLISECOND)),
    m("DateTime AddSeconds(double value)", |_, a| add(&a, SECOND)),
    m("DateTime AddMinutes(double value)", |_, a| add(&a, MINUTE)),
    m("DateTime AddHours(double value)", |_, a| add(&a, HOUR)),
    m("DateTime AddDays(double value)", |_, a| add(&a, DAY)),
    m("DateTime AddMonths(int months)", |_, a| made(a.date(0).add_months(a.int(1)))),
    m("DateTime AddYears(int value)", |_, a| made(a.date(0).add_years(a.int(1)))),
    m("DateTime Subtract(TimeSpan value)", |_, a| made(a.date(0).subtract_ticks(a.span(1).0, "value"))),
    m("TimeSpan Subtract(DateTime value)", |_, a| Ok(Value::TimeSpan(a.date(0).ticks() - a.date(1).ticks()))),
    m("static int DaysInMonth(int year, int month)", |_, a| {
        calendar::days_in_month(a.int(0), a.int(1)).map(Value::Int)
    }),
    m("static bool IsLeapYear(int year)", |_, a| calendar::is_leap_year(a.int(0)).map(Value::Bool)),
    m("bool IsDaylightSavingTime()", |_, _| Ok(Value::Bool(false))),
    m("static DateTime Parse(string s)", |cx, a| read(cx, a.str(0), DateTimeStyles(0))).impure(),
    m("static DateTime Parse(string s, IFormatProvider provider)", |cx, a| read(cx, a.str(0), DateTimeStyles(0)))
        .impure(),
    m(
        "static DateTime Parse(string s, IFormatProvider provider, System.Globalization.DateTimeStyles styles)",
        |cx, a| read(cx, a.str(0), styles(a.number(2))),
    )
    .impure(),
    m("string ToString()", |cx, a| formatted(cx, a.get(0), None)),
    m("string ToString(string format)", |cx, a| formatted(cx, a.get(0), a.str(1))),
    m("string ToString(IFormatProvider provider)", |cx, a| formatted(cx, a.get(0), None)),
    m("string ToString(string format, IFormatProvider provider)", |cx, a| formatted(cx, a.get(0), a.str(1))),
    op("DateTime operator +(DateTime d, TimeSpan t)", |_, a| made(a.date(0).add_ticks(a.span(1).0, "t"))),
    op("DateTime operator -(DateTime d, TimeSpan t)", |_, a| made(a.date(0).subtract_ticks(a.span(1).0, "t"))),
    op("TimeSpan operator -(DateTime d1, DateTime d2)", |_, a| {
        Ok(Value::TimeSpan(a.date(0).ticks() - a.date(1).ticks()))
    }),
];

/// Ticks at 1601-01-01, where file times begin.
const FILE_EPOCH: i64 = 504_911_232_000_000_000;

fn file_time(time: DateTime) -> Result<Value, Thrown> {
    let ticks = time.ticks() - FILE_EPOCH;
    if ticks < 0 {
        return Err(Exception::new(ExceptionKind::ArgumentOutOfRange, "Not a valid Win32 FileTime."));
    }
    Ok(Value::Long(ticks))
}

fn from_file_time(ticks: i64, kind: Kind) -> Result<Value, Thrown> {
    match ticks.checked_add(FILE_EPOCH) {
        Some(sum) if (0..=DateTime::MAX.ticks() - FILE_EPOCH).contains(&ticks) => made(DateTime::from_ticks(sum, kind)),
        _ => Err(apimite_dotnet::messages::out_of_range("Not a valid Win32 FileTime.", "fileTime")),
    }
}

static UNLISTED: &[Row] = &[
    p("static DateTime UnixEpoch", |_, _| Ok(DateTime::UNIX_EPOCH.into())).unlisted().core_only(),
    p("DateTimeKind Kind", |_, a| Ok(Value::Enum(Type::of(&DATE_TIME_KIND), a.date(0).kind().number()))).unlisted(),
    m("static DateTime SpecifyKind(DateTime value, DateTimeKind kind)", |_, a| {
        Ok(a.date(0).with_kind(Kind::from_number(a.number(1))?).into())
    })
    .unlisted(),
    m("DateTime ToUniversalTime()", |_, a| Ok(a.date(0).to_universal().into())).unlisted(),
    m("DateTime ToLocalTime()", |_, a| Ok(a.date(0).to_local().into())).unlisted(),
    m("string ToShortDateString()", |cx, a| shown(cx, &a, "d")).unlisted(),
    m("string ToLongDateString()", |cx, a| shown(cx, &a, "D")).unlisted(),
    m("string ToShortTimeString()", |cx, a| shown(cx, &a, "t")).unlisted(),
    m("string ToLongTimeString()", |cx, a| shown(cx, &a, "T")).unlisted(),
    m("static bool TryParse(string s, out DateTime result)", |cx, mut a| {
        let result = read(cx, a.str(0), DateTimeStyles(0));
        Ok(tried(&mut a, 1, result, Value::DateTime(0)))
    })
    .unlisted()
    .impure(),
    m(
        "static bool TryParse(string s, IFormatProvider provider, System.Globalization.DateTimeStyles styles, out DateTime result)",
        |cx, mut a| {
            let result = read(cx, a.str(0), styles(a.number(2)));
            if a.str(0).is_some() && style_error(&result) {
                return result;
            }
            Ok(tried(&mut a, 3, result, Value::DateTime(0)))
        },
    )
    .unlisted()
    .impure(),
    m("static DateTime ParseExact(string s, string format, IFormatProvider provider)", |cx, a| {
        read_exact(cx, a.str(0), a.str(1), DateTimeStyles(0))
    })
    .unlisted()
    .impure(),
    m(
        "static DateTime ParseExact(string s, string format, IFormatProvider provider, System.Globalization.DateTimeStyles style)",
        |cx, a| read_exact(cx, a.str(0), a.str(1), styles(a.number(3))),
    )
    .unlisted()
    .impure(),
    m(
        "static DateTime ParseExact(string s, string[] formats, IFormatProvider provider, System.Globalization.DateTimeStyles style)",
        |cx, a| read_any(cx, &a, styles(a.number(3))),
    )
    .unlisted()
    .impure(),
    m(
        "static bool TryParseExact(string s, string format, IFormatProvider provider, System.Globalization.DateTimeStyles style, out DateTime result)",
        |cx, mut a| {
            let result = read_exact(cx, a.str(0), a.str(1), styles(a.number(3)));
            if a.str(0).is_some() && style_error(&result) {
                return result;
            }
            Ok(tried(&mut a, 4, result, Value::DateTime(0)))
        },
    )
    .unlisted()
    .impure(),
    m(
        "static bool TryParseExact(string s, string[] formats, IFormatProvider provider, System.Globalization.DateTimeStyles style, out DateTime result)",
        |cx, mut a| {
            let result = read_any(cx, &a, styles(a.number(3)));
            Ok(tried(&mut a, 4, result, Value::DateTime(0)))
        },
    )
    .unlisted()
    .impure(),
    m("long ToBinary()", |_, a| Ok(Value::Long(a.date(0).to_binary()))).unlisted(),
    m("static DateTime FromBinary(long dateData)", |_, a| made(DateTime::from_binary(a.long(0)))).unlisted(),
    m("long ToFileTime()", |_, a| file_time(a.date(0))).unlisted(),
    m("long ToFileTimeUtc()", |_, a| file_time(a.date(0))).unlisted(),
    m("static DateTime FromFileTime(long fileTime)", |_, a| from_file_time(a.long(0), Kind::Local)).unlisted(),
    m("static DateTime FromFileTimeUtc(long fileTime)", |_, a| from_file_time(a.long(0), Kind::Utc)).unlisted(),
    m("double ToOADate()", |_, a| a.date(0).to_oa_date().map(Value::Double)).unlisted(),
    m("static DateTime FromOADate(double d)", |_, a| from_oa_date(a.double(0))).unlisted(),
];

/// `FromOADate`: days since 1899-12-30; the fraction is always counted forward.
fn from_oa_date(days: f64) -> Result<Value, Thrown> {
    if !(days < 2_958_466.0 && days > -657_435.0) {
        return Err(Exception::new(ExceptionKind::Argument, "Not a legal OleAut date."));
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let millis = (days * 86_400_000.0 + if days >= 0.0 { 0.5 } else { -0.5 }) as i64;
    let millis = if millis < 0 { millis - (millis % 86_400_000) * 2 } else { millis };
    if !(-59_926_435_200_000..255_611_462_400_000).contains(&millis) {
        return Err(Exception::new(ExceptionKind::Argument, "OleAut date did not convert to a DateTime correctly."));
    }
    made(DateTime::from_ticks((millis + 59_926_435_200_000) * MILLISECOND, Kind::Unspecified))
}

pub(crate) static DATE_TIME: &[Row] = &all();

const SIZE: usize = CONSTRUCTORS.len() + LISTED.len() + RELATIONS.len() + UNLISTED.len();

const fn all() -> [Row; SIZE] {
    let mut rows = [LISTED[0]; SIZE];
    let groups = [CONSTRUCTORS, LISTED, RELATIONS, UNLISTED];
    let mut at = 0;
    let mut group = 0;
    while group < groups.len() {
        let mut index = 0;
        while index < groups[group].len() {
            rows[at] = groups[group][index];
            at += 1;
            index += 1;
        }
        group += 1;
    }
    rows
}
