//! `System.TimeZoneInfo`, its rules, and `System.TimeZone`.

use std::any::Any;

use apimite_dotnet::messages::{argument, argument_null, out_of_range};
use apimite_dotnet::time::zone::YearRule;
use apimite_dotnet::time::{DateTime, TimeSpan, TimeZone};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::edge::made;
use crate::library::core::collections::array_value;
use crate::library::rows::{Args, Row, m, op, p};
use crate::library::typedef::{TypeDef, class, structure};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// A `TimeZoneInfo`.
struct Zone(TimeZone);

impl Object for Zone {
    fn type_of(&self) -> Type {
        Type::of(&TIME_ZONE_INFO)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::from(self.0.display_name())))
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|o| same(&o.0, &self.0))))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(self.0.id().len() as u64))
    }
}

fn same(a: &TimeZone, b: &TimeZone) -> bool {
    a.id().eq_ignore_ascii_case(b.id()) && a.has_same_rules(b)
}

fn zone(zone: TimeZone) -> Value {
    Value::object(Zone(zone))
}

/// The zone in an argument that must not be `null`.
fn need<'a>(a: &'a Args<'_>, index: usize, name: &str) -> Result<&'a TimeZone, Thrown> {
    a.need(index, name)?;
    Ok(&a.obj::<Zone>(index)?.0)
}

fn by_id(a: &Args<'_>, index: usize, name: &str) -> Result<TimeZone, Thrown> {
    TimeZone::find(a.need_str(index, name)?)
}

static ROWS: &[Row] = &[
    p("static TimeZoneInfo Utc", |_, _| Ok(zone(TimeZone::utc()))),
    p("static TimeZoneInfo Local", |_, _| Ok(zone(TimeZone::local()))),
    m("static TimeZoneInfo FindSystemTimeZoneById(string id)", |_, a| by_id(&a, 0, "id").map(zone)),
    m("static System.Collections.Generic.IReadOnlyCollection<TimeZoneInfo> GetSystemTimeZones()", |_, _| {
        Ok(array_value(Type::of(&TIME_ZONE_INFO), TimeZone::all().into_iter().map(zone).collect()))
    }),
    m(
        "static TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName)",
        |_, a| {
            let text = |index: usize| a.str(index).map_or("", Str::as_str);
            TimeZone::custom(a.need_str(0, "id")?, a.span(1), text(2), text(3)).map(zone)
        },
    ),
    m("static void ClearCachedData()", |_, _| Ok(Value::Null)),
    p("string Id", |_, a| Ok(Value::from(a.obj::<Zone>(0)?.0.id().to_owned()))),
    p("string DisplayName", |cx, a| made(cx, a.obj::<Zone>(0)?.0.display_name())),
    p("string StandardName", |cx, a| made(cx, a.obj::<Zone>(0)?.0.standard_name())),
    p("string DaylightName", |cx, a| made(cx, a.obj::<Zone>(0)?.0.daylight_name())),
    p("TimeSpan BaseUtcOffset", |_, a| Ok(a.obj::<Zone>(0)?.0.base_offset().into())),
    p("bool SupportsDaylightSavingTime", |_, a| Ok(Value::Bool(a.obj::<Zone>(0)?.0.supports_daylight()))),
    m("TimeSpan GetUtcOffset(DateTime dateTime)", |_, a| Ok(a.obj::<Zone>(0)?.0.utc_offset(a.date(1)).into())),
    m("TimeSpan GetUtcOffset(DateTimeOffset dateTimeOffset)", |_, a| {
        Ok(a.obj::<Zone>(0)?.0.utc_offset_at(a.offset(1)).into())
    }),
    m("bool IsDaylightSavingTime(DateTime dateTime)", |_, a| {
        Ok(Value::Bool(a.obj::<Zone>(0)?.0.is_daylight(a.date(1))))
    }),
    m("bool IsDaylightSavingTime(DateTimeOffset dateTimeOffset)", |_, a| {
        Ok(Value::Bool(a.obj::<Zone>(0)?.0.is_daylight_at(a.offset(1))))
    }),
    m("bool IsAmbiguousTime(DateTime dateTime)", |_, a| Ok(Value::Bool(a.obj::<Zone>(0)?.0.is_ambiguous(a.date(1))))),
    m("bool IsAmbiguousTime(DateTimeOffset dateTimeOffset)", |_, a| {
        Ok(Value::Bool(a.obj::<Zone>(0)?.0.is_ambiguous(a.offset(1).utc())))
    }),
    m("bool IsInvalidTime(DateTime dateTime)", |_, a| Ok(Value::Bool(a.obj::<Zone>(0)?.0.is_invalid(a.date(1))))),
    m("TimeSpan[] GetAmbiguousTimeOffsets(DateTime dateTime)", |_, a| {
        let both = a.obj::<Zone>(0)?.0.ambiguous_offsets(a.date(1))?;
        Ok(array_value(Type::time_span(), both.into_iter().map(Value::from).collect()))
    }),
    m("bool HasSameRules(TimeZoneInfo other)", |_, a| {
        let other = need(&a, 1, "other")?;
        Ok(Value::Bool(a.obj::<Zone>(0)?.0.has_same_rules(other)))
    }),
    m("bool Equals(TimeZoneInfo other)", |_, a| {
        let this = &a.obj::<Zone>(0)?.0;
        Ok(Value::Bool(a.get(1).downcast::<Zone>().is_some_and(|other| same(&other.0, this))))
    }),
    m("AdjustmentRule[] GetAdjustmentRules()", |_, a| {
        let rules = a.obj::<Zone>(0)?.0.yearly_rules().into_iter().map(rule).collect::<Result<_, _>>()?;
        Ok(array_value(Type::of(&ADJUSTMENT_RULE), rules))
    }),
    m("static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo destinationTimeZone)", |_, a| {
        need(&a, 1, "destinationTimeZone")?.convert_to(a.date(0)).map(Value::from)
    }),
    m(
        "static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo sourceTimeZone, TimeZoneInfo destinationTimeZone)",
        |_, a| {
            let source = need(&a, 1, "sourceTimeZone")?;
            source.convert(a.date(0), need(&a, 2, "destinationTimeZone")?).map(Value::from)
        },
    ),
    m("static DateTimeOffset ConvertTime(DateTimeOffset dateTimeOffset, TimeZoneInfo destinationTimeZone)", |_, a| {
        Ok(need(&a, 1, "destinationTimeZone")?.convert_offset(a.offset(0)).into())
    }),
    m("static DateTime ConvertTimeFromUtc(DateTime dateTime, TimeZoneInfo destinationTimeZone)", |_, a| {
        need(&a, 1, "destinationTimeZone")?.from_utc(a.date(0)).map(Value::from)
    }),
    m("static DateTime ConvertTimeToUtc(DateTime dateTime)", |_, a| Ok(a.date(0).to_universal().into())),
    m("static DateTime ConvertTimeToUtc(DateTime dateTime, TimeZoneInfo sourceTimeZone)", |_, a| {
        need(&a, 1, "sourceTimeZone")?.to_utc(a.date(0)).map(Value::from)
    }),
    m("static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string destinationTimeZoneId)", |_, a| {
        by_id(&a, 1, "destinationTimeZoneId")?.convert_to(a.date(0)).map(Value::from)
    }),
    m(
        "static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string sourceTimeZoneId, string destinationTimeZoneId)",
        |_, a| {
            let source = by_id(&a, 1, "sourceTimeZoneId")?;
            source.convert(a.date(0), &by_id(&a, 2, "destinationTimeZoneId")?).map(Value::from)
        },
    ),
    m(
        "static DateTimeOffset ConvertTimeBySystemTimeZoneId(DateTimeOffset dateTimeOffset, string destinationTimeZoneId)",
        |_, a| Ok(by_id(&a, 1, "destinationTimeZoneId")?.convert_offset(a.offset(0)).into()),
    ),
];

/// A year of the database as a rule with fixed dates.
fn rule(year: YearRule) -> Result<Value, Thrown> {
    let change = |clock: DateTime| {
        let date = clock.ymd();
        Value::object(Transition {
            time: clock.time_of_day().0.cast_unsigned(),
            month: date.month,
            week: 1,
            day: date.day,
            weekday: 0,
            fixed: true,
        })
    };
    Ok(Value::object(Rule {
        start: DateTime::from_date(year.year, 1, 1)?,
        end: DateTime::from_date(year.year, 12, 31)?,
        delta: year.delta,
        begins: change(year.begins),
        ends: change(year.ends),
    }))
}

/// `System.TimeZoneInfo`
pub static TIME_ZONE_INFO: TypeDef = class("System.TimeZoneInfo").abstract_().rows(&[ROWS]).def();

/// The old `System.TimeZone`: only the current zone, which is UTC.
struct Current;

impl Object for Current {
    fn type_of(&self) -> Type {
        Type::of(&TIME_ZONE)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `System.TimeZone`
pub static TIME_ZONE: TypeDef = class("System.TimeZone")
    .abstract_()
    .rows(&[&[
        p("static TimeZone CurrentTimeZone", |_, _| Ok(Value::object(Current))),
        p("string StandardName", |_, _| Ok(Value::from("UTC"))),
        p("string DaylightName", |_, _| Ok(Value::from("UTC"))),
        m("TimeSpan GetUtcOffset(DateTime time)", |_, _| Ok(Value::TimeSpan(0))),
        m("DateTime ToLocalTime(DateTime time)", |_, a| Ok(a.date(1).to_local().into())),
        m("DateTime ToUniversalTime(DateTime time)", |_, a| Ok(a.date(1).to_universal().into())),
        m("bool IsDaylightSavingTime(DateTime time)", |_, _| Ok(Value::Bool(false))),
    ]])
    .def();

/// `TimeZoneInfo.TransitionTime`: when in a year the clock changes.
#[derive(Clone, PartialEq, Eq)]
struct Transition {
    time: u64,
    month: i32,
    week: i32,
    day: i32,
    weekday: i64,
    fixed: bool,
}

impl Object for Transition {
    fn type_of(&self) -> Type {
        Type::of(&TRANSITION_TIME)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>() == Some(self)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(u64::from(self.month.unsigned_abs()) ^ u64::from(self.week.unsigned_abs()) << 8))
    }
}

fn transition(a: &Args<'_>, fixed: bool) -> Result<Value, Thrown> {
    let time = a.date(0);
    if time.ymd() != DateTime::MIN.ymd() || time.kind() != apimite_dotnet::time::Kind::Unspecified {
        return Err(argument(
            "The supplied DateTime must have the Year, Month, and Day properties set to 1.",
            "timeOfDay",
        ));
    }
    if !(1..=12).contains(&a.int(1)) {
        return Err(out_of_range("The Month parameter must be in the range 1 through 12.", "month"));
    }
    if fixed && !(1..=31).contains(&a.int(2)) {
        return Err(out_of_range("The Day parameter must be in the range 1 through 31.", "day"));
    }
    if !fixed && !(1..=5).contains(&a.int(2)) {
        return Err(out_of_range("The Week parameter must be in the range 1 through 5.", "week"));
    }
    let (week, day) = if fixed { (1, a.int(2)) } else { (a.int(2), 1) };
    Ok(Value::object(Transition {
        time: time.0,
        month: a.int(1),
        week,
        day,
        weekday: if fixed { 0 } else { a.number(3) },
        fixed,
    }))
}

/// `System.TimeZoneInfo.TransitionTime`
pub static TRANSITION_TIME: TypeDef = structure("System.TimeZoneInfo+TransitionTime")
    .rows(&[&[
        m("static TransitionTime CreateFixedDateRule(DateTime timeOfDay, int month, int day)", |_, a| {
            transition(&a, true)
        }),
        m(
            "static TransitionTime CreateFloatingDateRule(DateTime timeOfDay, int month, int week, DayOfWeek dayOfWeek)",
            |_, a| transition(&a, false),
        ),
        p("DateTime TimeOfDay", |_, a| Ok(Value::DateTime(a.obj::<Transition>(0)?.time))),
        p("int Month", |_, a| Ok(Value::Int(a.obj::<Transition>(0)?.month))),
        p("int Week", |_, a| Ok(Value::Int(a.obj::<Transition>(0)?.week))),
        p("int Day", |_, a| Ok(Value::Int(a.obj::<Transition>(0)?.day))),
        p("DayOfWeek DayOfWeek", |_, a| {
            Ok(Value::Enum(Type::of(&super::enums::DAY_OF_WEEK), a.obj::<Transition>(0)?.weekday))
        }),
        p("bool IsFixedDateRule", |_, a| Ok(Value::Bool(a.obj::<Transition>(0)?.fixed))),
        op("bool operator ==(TransitionTime t1, TransitionTime t2)", |_, a| {
            Ok(Value::Bool(a.obj::<Transition>(0)? == a.obj::<Transition>(1)?))
        }),
        op("bool operator !=(TransitionTime t1, TransitionTime t2)", |_, a| {
            Ok(Value::Bool(a.obj::<Transition>(0)? != a.obj::<Transition>(1)?))
        }),
    ]])
    .def();

/// `TimeZoneInfo.AdjustmentRule`: the rules of a span of years.
struct Rule {
    start: DateTime,
    end: DateTime,
    delta: TimeSpan,
    begins: Value,
    ends: Value,
}

impl Object for Rule {
    fn type_of(&self) -> Type {
        Type::of(&ADJUSTMENT_RULE)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `System.TimeZoneInfo.AdjustmentRule`
pub static ADJUSTMENT_RULE: TypeDef = class("System.TimeZoneInfo+AdjustmentRule")
    .abstract_()
    .rows(&[&[
        m(
            "static AdjustmentRule CreateAdjustmentRule(DateTime dateStart, DateTime dateEnd, TimeSpan daylightDelta, TransitionTime daylightTransitionStart, TransitionTime daylightTransitionEnd)",
            |_, a| {
                if a.date(0) > a.date(1) {
                    return Err(Exception::new(
                        ExceptionKind::Argument,
                        "The DateStart property must come before the DateEnd property. (Parameter 'dateStart')",
                    ));
                }
                if a.get(3).is_null() {
                    return Err(argument_null("daylightTransitionStart"));
                }
                Ok(Value::object(Rule {
                    start: a.date(0),
                    end: a.date(1),
                    delta: a.span(2),
                    begins: a.get(3).clone(),
                    ends: a.get(4).clone(),
                }))
            },
        ),
        p("DateTime DateStart", |_, a| Ok(a.obj::<Rule>(0)?.start.into())),
        p("DateTime DateEnd", |_, a| Ok(a.obj::<Rule>(0)?.end.into())),
        p("TimeSpan DaylightDelta", |_, a| Ok(a.obj::<Rule>(0)?.delta.into())),
        p("TransitionTime DaylightTransitionStart", |_, a| Ok(a.obj::<Rule>(0)?.begins.clone())),
        p("TransitionTime DaylightTransitionEnd", |_, a| Ok(a.obj::<Rule>(0)?.ends.clone())),
    ]])
    .def();
