//! Rows of `System.Boolean` and `System.Char`.

use apimite_dotnet::convert::text_to_char;
use apimite_dotnet::messages::{INDEX_OUT_OF_RANGE, argument_null, out_of_range};
use apimite_dotnet::numeric::parse;
use apimite_dotnet::text::chars;
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::edge::{formatted, order, tried};
use super::enums::UNICODE_CATEGORY;
use crate::library::rows::{Args, Default, Row, constant, m};
use crate::types::Type;
use crate::value::{Str, Value};

pub(crate) static BOOLEAN: &[Row] = &[
    constant("static string TrueString", Default::Str("True")),
    constant("static string FalseString", Default::Str("False")),
    m("static bool Parse(string value)", |_, a| parse::parse_bool(a.need_str(0, "value")?).map(Value::Bool)),
    m("static bool TryParse(string value, out bool result)", |_, mut a| {
        let read = a.str(0).and_then(|text| parse::try_parse_bool(text));
        a.put(1, read.unwrap_or(false));
        Ok(Value::Bool(read.is_some()))
    }),
    m("string ToString()", |cx, a| formatted(cx, a.get(0), None)),
    m("string ToString(IFormatProvider provider)", |cx, a| formatted(cx, a.get(0), None)),
    m("bool Equals(bool obj)", |_, a| Ok(Value::Bool(a.bool(0) == a.bool(1)))),
    m("int CompareTo(bool value)", |_, a| Ok(order(a.bool(0).cmp(&a.bool(1))))),
    m("int CompareTo(object obj)", |_, a| match a.get(1) {
        Value::Null => Ok(Value::Int(1)),
        Value::Bool(other) => Ok(order(a.bool(0).cmp(other))),
        _ => Err(Exception::new(ExceptionKind::Argument, "Object must be of type Boolean.")),
    }),
];

/// The unit that `(string s, int index)` names.
fn unit_at(a: &Args<'_>) -> Result<u16, Thrown> {
    let text = a.str(0).ok_or_else(|| argument_null("s"))?;
    usize::try_from(a.int(1))
        .ok()
        .and_then(|index| text.unit(index))
        .ok_or_else(|| out_of_range(INDEX_OUT_OF_RANGE, "index"))
}

macro_rules! classes {
    ($($name:literal => $test:path),* $(,)?) => {
        static CLASSES: &[Row] = &[
            $(
                m(concat!("static bool ", $name, "(char c)"), |_, a| Ok(Value::Bool($test(a.char(0))))),
                m(concat!("static bool ", $name, "(string s, int index)"), |_, a| Ok(Value::Bool($test(unit_at(&a)?)))),
            )*
        ];
    };
}

classes! {
    "IsLetter" => chars::is_letter,
    "IsDigit" => chars::is_digit,
    "IsNumber" => chars::is_number,
    "IsLetterOrDigit" => chars::is_letter_or_digit,
    "IsUpper" => chars::is_upper,
    "IsLower" => chars::is_lower,
    "IsPunctuation" => chars::is_punctuation,
    "IsSymbol" => chars::is_symbol,
    "IsSeparator" => chars::is_separator,
    "IsControl" => chars::is_control,
    "IsWhiteSpace" => chars::is_white_space,
    "IsSurrogate" => chars::is_surrogate,
    "IsHighSurrogate" => chars::is_high_surrogate,
    "IsLowSurrogate" => chars::is_low_surrogate,
}

fn category(unit: u16) -> Value {
    Value::Enum(Type::of(&UNICODE_CATEGORY), chars::category(unit).into())
}

fn pair(high: u16, low: u16) -> Result<i32, Thrown> {
    if !chars::is_high_surrogate(high) {
        return Err(out_of_range(
            "A valid high surrogate character is between 0xd800 and 0xdbff, inclusive.",
            "highSurrogate",
        ));
    }
    if !chars::is_low_surrogate(low) {
        return Err(out_of_range(
            "A valid low surrogate character is between 0xdc00 and 0xdfff, inclusive.",
            "lowSurrogate",
        ));
    }
    Ok(0x1_0000 + ((i32::from(high) - 0xD800) << 10) + (i32::from(low) - 0xDC00))
}

static OTHERS: &[Row] = &[
    constant("static char MaxValue", Default::Char(0xFFFF)),
    constant("static char MinValue", Default::Char(0)),
    m("static char ToUpper(char c)", |_, a| Ok(Value::Char(chars::upper(a.char(0))))),
    m("static char ToUpper(char c, System.Globalization.CultureInfo culture)", |_, a| {
        Ok(Value::Char(chars::upper(a.char(0))))
    }),
    m("static char ToUpperInvariant(char c)", |_, a| Ok(Value::Char(chars::upper(a.char(0))))),
    m("static char ToLower(char c)", |_, a| Ok(Value::Char(chars::lower(a.char(0))))),
    m("static char ToLower(char c, System.Globalization.CultureInfo culture)", |_, a| {
        Ok(Value::Char(chars::lower(a.char(0))))
    }),
    m("static char ToLowerInvariant(char c)", |_, a| Ok(Value::Char(chars::lower(a.char(0))))),
    m("static double GetNumericValue(char c)", |_, a| Ok(Value::Double(chars::numeric_value(a.char(0))))),
    m("static double GetNumericValue(string s, int index)", |_, a| {
        Ok(Value::Double(chars::numeric_value(unit_at(&a)?)))
    }),
    m("static System.Globalization.UnicodeCategory GetUnicodeCategory(char c)", |_, a| Ok(category(a.char(0)))),
    m("static System.Globalization.UnicodeCategory GetUnicodeCategory(string s, int index)", |_, a| {
        unit_at(&a).map(category)
    }),
    m("static char Parse(string s)", |_, a| text_to_char(a.str(0).map(Str::as_str), "s").map(Value::Char)),
    m("static bool TryParse(string s, out char result)", |_, mut a| {
        let read = text_to_char(a.str(0).map(Str::as_str), "s").map(Value::Char);
        Ok(tried(&mut a, 1, read, Value::Char(0)))
    }),
    m("static bool IsSurrogatePair(char highSurrogate, char lowSurrogate)", |_, a| {
        Ok(Value::Bool(pair(a.char(0), a.char(1)).is_ok()))
    }),
    m("static bool IsSurrogatePair(string s, int index)", |_, a| {
        let high = unit_at(&a)?;
        let next = usize::try_from(a.int(1)).ok().and_then(|index| a.str(0)?.unit(index + 1));
        Ok(Value::Bool(next.is_some_and(|low| pair(high, low).is_ok())))
    }),
    m("static int ConvertToUtf32(char highSurrogate, char lowSurrogate)", |_, a| {
        pair(a.char(0), a.char(1)).map(Value::Int)
    }),
    m("static int ConvertToUtf32(string s, int index)", |_, a| {
        let unit = unit_at(&a)?;
        if !chars::is_surrogate(unit) {
            return Ok(Value::Int(unit.into()));
        }
        let next = usize::try_from(a.int(1)).ok().and_then(|index| a.str(0)?.unit(index + 1)).unwrap_or(0);
        pair(unit, next).map(Value::Int).map_err(|_| {
            Exception::new(
                ExceptionKind::Argument,
                format!("Found a high surrogate char without a following low surrogate at index: {}. The input may not be in this encoding, or may not contain valid Unicode (UTF-16) characters. (Parameter 's')", a.int(1)),
            )
        })
    }),
    m("static string ConvertFromUtf32(int utf32)", |_, a| {
        let c = u32::try_from(a.int(0)).ok().and_then(char::from_u32).ok_or_else(|| {
            out_of_range(
                "A valid UTF32 value is between 0x000000 and 0x10ffff, inclusive, and should not include surrogate \
                 codepoint values (0x00d800 ~ 0x00dfff).",
                "utf32",
            )
        })?;
        Ok(Value::Str(Str::from(c.to_string())))
    }),
    m("static string ToString(char c)", |cx, a| formatted(cx, a.get(0), None)),
    m("string ToString()", |cx, a| formatted(cx, a.get(0), None)),
    m("string ToString(IFormatProvider provider)", |cx, a| formatted(cx, a.get(0), None)),
    m("bool Equals(char obj)", |_, a| Ok(Value::Bool(a.char(0) == a.char(1)))),
    m("int CompareTo(char value)", |_, a| Ok(Value::Int(i32::from(a.char(0)) - i32::from(a.char(1))))),
    m("int CompareTo(object value)", |_, a| match a.get(1) {
        Value::Null => Ok(Value::Int(1)),
        Value::Char(other) => Ok(Value::Int(i32::from(a.char(0)) - i32::from(*other))),
        _ => Err(Exception::new(ExceptionKind::Argument, "Object must be of type Char.")),
    }),
];

/// Both groups in one: the type takes a single group.
pub(crate) static CHAR: &[Row] = &joined();

const fn joined() -> [Row; CLASSES.len() + OTHERS.len()] {
    let mut all = [OTHERS[0]; CLASSES.len() + OTHERS.len()];
    let mut at = 0;
    while at < CLASSES.len() {
        all[at] = CLASSES[at];
        at += 1;
    }
    let mut other = 0;
    while other < OTHERS.len() {
        all[at + other] = OTHERS[other];
        other += 1;
    }
    all
}
