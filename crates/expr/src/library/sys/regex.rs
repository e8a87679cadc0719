//! `System.Text.RegularExpressions`.

mod pieces;

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::regex::{Match, Regex, RegexOptions, escape, unescape};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use self::pieces::{
    CAPTURE, CAPTURE_COLLECTION, GROUP, GROUP_COLLECTION, MATCH, MATCH_COLLECTION, Pieces, match_value,
};
use super::texts_value;
use crate::library::core::collections::array_value;
use crate::library::rows::{Args, Row, ctor, m, p};
use crate::library::typedef::{TypeDef, class, delegate, enumeration};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// A `Regex`.
pub struct RegexObject(pub Regex);

impl Object for RegexObject {
    fn type_of(&self) -> Type {
        Type::of(&REGEX)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::new(self.0.pattern())))
    }
}

fn this<'a>(a: &'a Args<'_>) -> Result<&'a Regex, Thrown> {
    Ok(&a.obj::<RegexObject>(0)?.0)
}

fn options(a: &Args<'_>, index: usize) -> RegexOptions {
    RegexOptions::from_bits(i32::try_from(a.number(index)).unwrap_or(-1))
}

/// The pattern of a static member, compiled once.
fn known(a: &Args<'_>, pattern: usize, options_at: Option<usize>) -> Result<Regex, Thrown> {
    let pattern = a.need_str(pattern, "pattern")?;
    if let Some(at) = options_at {
        check_options(a, at)?;
    }
    Regex::cached(pattern, options_at.map_or(RegexOptions::NONE, |at| options(a, at)))
}

fn shared(text: &Str) -> Arc<str> {
    Arc::from(text.as_str())
}

fn matches_value(cx: &mut Cx<'_>, all: Vec<Match>) -> Result<Value, Thrown> {
    cx.charge(all.len() * 128)?;
    let items = all.into_iter().map(match_value).collect();
    Ok(Value::object(Pieces { def: &MATCH_COLLECTION, items, of: None }))
}

/// `Replace` with a replacement pattern.
fn replace(
    cx: &mut Cx<'_>,
    regex: &Regex,
    a: &Args<'_>,
    (input, replacement): (usize, usize),
    count: i32,
    startat: Option<i32>,
) -> Result<Value, Thrown> {
    let input = a.need_str(input, "input")?;
    let replacement = a.need_str(replacement, "replacement")?;
    let output = regex.replace_counted(input, replacement, count, startat, |bytes| cx.charge(bytes))?;
    match output {
        std::borrow::Cow::Borrowed(_) => Ok(Value::Str(input.clone())),
        std::borrow::Cow::Owned(text) => Ok(Value::from(text)),
    }
}

/// `Replace` with an evaluator.
fn replace_with(
    cx: &mut Cx<'_>,
    regex: &Regex,
    a: &Args<'_>,
    (input, evaluator): (usize, usize),
    count: i32,
    startat: Option<i32>,
) -> Result<Value, Thrown> {
    let input = a.need_str(input, "input")?;
    let evaluator = a.need(evaluator, "evaluator")?;
    let output = regex.replace_with(input, count, startat, |found| -> Result<String, Thrown> {
        cx.step()?;
        let text = cx.call1(evaluator, match_value(found.clone()))?;
        let text = text.as_str().map_or_else(String::new, ToString::to_string);
        cx.charge(text.len())?;
        Ok(text)
    })?;
    Ok(Value::from(output.into_owned()))
}

fn split(cx: &mut Cx<'_>, regex: &Regex, input: &Str, count: i32, startat: Option<i32>) -> Result<Value, Thrown> {
    let parts = regex.split(input, count, startat)?;
    cx.charge(input.len() + parts.len() * 64)?;
    Ok(texts_value(parts))
}

static REGEX_ROWS: &[Row] = &[
    ctor("(string pattern)", |_, a| {
        Ok(Value::object(RegexObject(Regex::cached(a.need_str(0, "pattern")?, RegexOptions::NONE)?)))
    }),
    ctor("(string pattern, RegexOptions options)", |_, a| {
        let pattern = a.need_str(0, "pattern")?;
        check_options(&a, 1)?;
        Ok(Value::object(RegexObject(Regex::cached(pattern, options(&a, 1))?)))
    }),
    ctor("(string pattern, RegexOptions options, TimeSpan matchTimeout)", |_, a| {
        let pattern = a.need_str(0, "pattern")?;
        check_options(&a, 1)?;
        check_timeout(&a, 2)?;
        Ok(Value::object(RegexObject(Regex::cached(pattern, options(&a, 1))?)))
    }),
    m("static bool IsMatch(string input, string pattern)", |_, a| {
        let regex = known(&a, 1, None)?;
        Ok(Value::Bool(regex.is_match(a.need_str(0, "input")?)?))
    }),
    m("static bool IsMatch(string input, string pattern, RegexOptions options)", |_, a| {
        let regex = known(&a, 1, Some(2))?;
        Ok(Value::Bool(regex.is_match(a.need_str(0, "input")?)?))
    }),
    m("static bool IsMatch(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)", |_, a| {
        let regex = known(&a, 1, Some(2))?;
        check_timeout(&a, 3)?;
        Ok(Value::Bool(regex.is_match(a.need_str(0, "input")?)?))
    }),
    m("bool IsMatch(string input)", |_, a| Ok(Value::Bool(this(&a)?.is_match(a.need_str(1, "input")?)?))),
    m("bool IsMatch(string input, int startat)", |_, a| {
        Ok(Value::Bool(this(&a)?.is_match_at(a.need_str(1, "input")?, a.int(2))?))
    }),
    m("static Match Match(string input, string pattern)", |_, a| {
        let regex = known(&a, 1, None)?;
        Ok(match_value(regex.match_first(&shared(a.need_str(0, "input")?))?))
    }),
    m("static Match Match(string input, string pattern, RegexOptions options)", |_, a| {
        let regex = known(&a, 1, Some(2))?;
        Ok(match_value(regex.match_first(&shared(a.need_str(0, "input")?))?))
    }),
    m("static Match Match(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)", |_, a| {
        let regex = known(&a, 1, Some(2))?;
        check_timeout(&a, 3)?;
        Ok(match_value(regex.match_first(&shared(a.need_str(0, "input")?))?))
    }),
    m("Match Match(string input)", |_, a| Ok(match_value(this(&a)?.match_first(&shared(a.need_str(1, "input")?))?))),
    m("Match Match(string input, int startat)", |_, a| {
        Ok(match_value(this(&a)?.match_at(&shared(a.need_str(1, "input")?), a.int(2))?))
    }),
    m("Match Match(string input, int beginning, int length)", |_, a| {
        Ok(match_value(this(&a)?.match_in(&shared(a.need_str(1, "input")?), a.int(2), a.int(3))?))
    }),
    m("static MatchCollection Matches(string input, string pattern)", |cx, a| {
        let regex = known(&a, 1, None)?;
        matches_value(cx, regex.matches(&shared(a.need_str(0, "input")?))?)
    }),
    m("static MatchCollection Matches(string input, string pattern, RegexOptions options)", |cx, a| {
        let regex = known(&a, 1, Some(2))?;
        matches_value(cx, regex.matches(&shared(a.need_str(0, "input")?))?)
    }),
    m(
        "static MatchCollection Matches(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
        |cx, a| {
            let regex = known(&a, 1, Some(2))?;
            check_timeout(&a, 3)?;
            matches_value(cx, regex.matches(&shared(a.need_str(0, "input")?))?)
        },
    ),
    m("MatchCollection Matches(string input)", |cx, a| {
        let all = this(&a)?.matches(&shared(a.need_str(1, "input")?))?;
        matches_value(cx, all)
    }),
    m("MatchCollection Matches(string input, int startat)", |cx, a| {
        let all = this(&a)?.matches_at(&shared(a.need_str(1, "input")?), a.int(2))?;
        matches_value(cx, all)
    }),
    m("static string Replace(string input, string pattern, string replacement)", |cx, a| {
        let regex = known(&a, 1, None)?;
        replace(cx, &regex, &a, (0, 2), -1, None)
    }),
    m("static string Replace(string input, string pattern, string replacement, RegexOptions options)", |cx, a| {
        let regex = known(&a, 1, Some(3))?;
        replace(cx, &regex, &a, (0, 2), -1, None)
    }),
    m(
        "static string Replace(string input, string pattern, string replacement, RegexOptions options, TimeSpan matchTimeout)",
        |cx, a| {
            let regex = known(&a, 1, Some(3))?;
            check_timeout(&a, 4)?;
            replace(cx, &regex, &a, (0, 2), -1, None)
        },
    ),
    m("static string Replace(string input, string pattern, MatchEvaluator evaluator)", |cx, a| {
        let regex = known(&a, 1, None)?;
        replace_with(cx, &regex, &a, (0, 2), -1, None)
    }),
    m(
        "static string Replace(string input, string pattern, MatchEvaluator evaluator, RegexOptions options)",
        |cx, a| {
            let regex = known(&a, 1, Some(3))?;
            replace_with(cx, &regex, &a, (0, 2), -1, None)
        },
    ),
    m(
        "static string Replace(string input, string pattern, MatchEvaluator evaluator, RegexOptions options, TimeSpan matchTimeout)",
        |cx, a| {
            let regex = known(&a, 1, Some(3))?;
            check_timeout(&a, 4)?;
            replace_with(cx, &regex, &a, (0, 2), -1, None)
        },
    ),
    m("string Replace(string input, string replacement)", |cx, a| replace(cx, this(&a)?, &a, (1, 2), -1, None)),
    m("string Replace(string input, string replacement, int count)", |cx, a| {
        replace(cx, this(&a)?, &a, (1, 2), a.int(3), None)
    }),
    m("string Replace(string input, string replacement, int count, int startat)", |cx, a| {
        replace(cx, this(&a)?, &a, (1, 2), a.int(3), Some(a.int(4)))
    }),
    m("string Replace(string input, MatchEvaluator evaluator)", |cx, a| {
        replace_with(cx, this(&a)?, &a, (1, 2), -1, None)
    }),
    m("string Replace(string input, MatchEvaluator evaluator, int count)", |cx, a| {
        replace_with(cx, this(&a)?, &a, (1, 2), a.int(3), None)
    }),
    m("string Replace(string input, MatchEvaluator evaluator, int count, int startat)", |cx, a| {
        replace_with(cx, this(&a)?, &a, (1, 2), a.int(3), Some(a.int(4)))
    }),
    m("static string[] Split(string input, string pattern)", |cx, a| {
        let regex = known(&a, 1, None)?;
        split(cx, &regex, a.need_str(0, "input")?, 0, None)
    }),
    m("static string[] Split(string input, string pattern, RegexOptions options)", |cx, a| {
        let regex = known(&a, 1, Some(2))?;
        split(cx, &regex, a.need_str(0, "input")?, 0, None)
    }),
    m("static string[] Split(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)", |cx, a| {
        let regex = known(&a, 1, Some(2))?;
        check_timeout(&a, 3)?;
        split(cx, &regex, a.need_str(0, "input")?, 0, None)
    }),
    m("string[] Split(string input)", |cx, a| split(cx, this(&a)?, a.need_str(1, "input")?, 0, None)),
    m("string[] Split(string input, int count)", |cx, a| split(cx, this(&a)?, a.need_str(1, "input")?, a.int(2), None)),
    m("string[] Split(string input, int count, int startat)", |cx, a| {
        split(cx, this(&a)?, a.need_str(1, "input")?, a.int(2), Some(a.int(3)))
    }),
    m("static string Unescape(string str)", |_, a| Ok(Value::from(unescape(a.need_str(0, "str")?)?))),
    m("static string Escape(string str)", |_, a| Ok(Value::from(escape(a.need_str(0, "str")?)))).unlisted(),
    p("RegexOptions Options", |_, a| Ok(Value::Enum(Type::of(&REGEX_OPTIONS), i64::from(this(&a)?.options().bits()))))
        .unlisted(),
    p("bool RightToLeft", |_, a| Ok(Value::Bool(this(&a)?.is_right_to_left()))).unlisted(),
    p("TimeSpan MatchTimeout", |_, a| {
        this(&a)?;
        Ok(Value::TimeSpan(-10_000))
    })
    .unlisted(),
    p("static TimeSpan InfiniteMatchTimeout", |_, _| Ok(Value::TimeSpan(-10_000))).unlisted(),
    m("string[] GetGroupNames()", |_, a| {
        Ok(texts_value(this(&a)?.group_names().iter().map(ToString::to_string).collect()))
    })
    .unlisted(),
    m("int[] GetGroupNumbers()", |_, a| {
        Ok(array_value(Type::int(), this(&a)?.group_numbers().iter().map(|n| Value::Int(*n)).collect()))
    })
    .unlisted(),
    m("string GroupNameFromNumber(int i)", |_, a| Ok(Value::text(this(&a)?.group_name_from_number(a.int(1)))))
        .unlisted(),
    m("int GroupNumberFromName(string name)", |_, a| {
        Ok(Value::Int(this(&a)?.group_number_from_name(a.need_str(1, "name")?)))
    })
    .unlisted(),
];

/// Options must be known ones; `ECMAScript` goes with few of them.
fn check_options(a: &Args<'_>, index: usize) -> Result<(), Thrown> {
    const ECMA_SCRIPT: i64 = 0x100;
    // IgnoreCase, Multiline, Compiled, CultureInvariant.
    const WITH_ECMA_SCRIPT: i64 = ECMA_SCRIPT | 0x1 | 0x2 | 0x8 | 0x200;
    let bits = a.number(index);
    if !(0..0x400).contains(&bits) || (bits & ECMA_SCRIPT != 0 && bits & !WITH_ECMA_SCRIPT != 0) {
        return Err(Exception::new(
            ExceptionKind::ArgumentOutOfRange,
            "Specified argument was out of the range of valid values. (Parameter 'options')",
        ));
    }
    Ok(())
}

/// A match timeout must be positive or infinite. Searches here are bounded by their work, not by the clock.
fn check_timeout(a: &Args<'_>, index: usize) -> Result<(), Thrown> {
    match a.get(index) {
        Value::TimeSpan(ticks) if *ticks == -10_000 || (*ticks > 0 && *ticks <= 21_474_836_460_000) => Ok(()),
        _ => Err(Exception::new(
            ExceptionKind::ArgumentOutOfRange,
            "Specified argument was out of the range of valid values. (Parameter 'matchTimeout')",
        )),
    }
}

pub(crate) static REGEX: TypeDef = class("System.Text.RegularExpressions.Regex").rows(&[REGEX_ROWS]).def();

static REGEX_OPTIONS: TypeDef = enumeration(
    "System.Text.RegularExpressions.RegexOptions",
    &[
        ("None", 0),
        ("IgnoreCase", 1),
        ("Multiline", 2),
        ("ExplicitCapture", 4),
        ("Compiled", 8),
        ("Singleline", 16),
        ("IgnorePatternWhitespace", 32),
        ("RightToLeft", 64),
        ("ECMAScript", 256),
        ("CultureInvariant", 512),
    ],
)
.flags()
.def();

static MATCH_EVALUATOR: TypeDef =
    delegate("System.Text.RegularExpressions.MatchEvaluator", "string Invoke(Match match)").def();

pub(crate) static TYPES: &[&TypeDef] = &[
    &REGEX,
    &REGEX_OPTIONS,
    &MATCH_EVALUATOR,
    &CAPTURE,
    &GROUP,
    &MATCH,
    &MATCH_COLLECTION,
    &CAPTURE_COLLECTION,
    &GROUP_COLLECTION,
];
