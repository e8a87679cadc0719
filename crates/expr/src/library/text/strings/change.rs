//! Rows of `System.String` that give a changed text, or parts of it.

use super::*;

pub(crate) static CHANGE: &[Row] = &[
    // Changed texts
    m("string Substring(int startIndex)", |_, a| {
        if a.int(1) == 0 {
            return Ok(Value::Str(a.this_str().clone()));
        }
        edit::substring(a.this_str(), a.int(1), None).map(Value::from)
    }),
    m("string Substring(int startIndex, int length)", |_, a| {
        edit::substring(a.this_str(), a.int(1), Some(a.int(2))).map(Value::from)
    }),
    m("string Insert(int startIndex, string value)", |cx, a| {
        let text = edit::insert(a.this_str(), a.int(1), a.need_str(2, "value")?)?;
        made(cx, text)
    }),
    m("string Remove(int startIndex)", |_, a| edit::remove(a.this_str(), a.int(1), None).map(Value::from)),
    m("string Remove(int startIndex, int count)", |_, a| {
        edit::remove(a.this_str(), a.int(1), Some(a.int(2))).map(Value::from)
    }),
    m("string Replace(char oldChar, char newChar)", |cx, a| {
        let text = edit::replace_char(a.this_str(), a.char(1), a.char(2));
        made(cx, text)
    }),
    m("string Replace(string oldValue, string newValue)", |cx, a| replaced(cx, &a, Comparison::Ordinal)),
    m("string Replace(string oldValue, string newValue, StringComparison comparisonType)", |cx, a| {
        let how = comparison(&a, 3)?;
        replaced(cx, &a, how)
    })
    .core_only(),
    m(
        "string Replace(string oldValue, string newValue, bool ignoreCase, System.Globalization.CultureInfo culture)",
        |cx, a| {
            let how = Comparison::Culture { ignore_case: a.bool(3) };
            replaced(cx, &a, how)
        },
    )
    .core_only(),
    m("string PadLeft(int totalWidth)", |cx, a| pad(cx, &a, true, 32)),
    m("string PadLeft(int totalWidth, char paddingChar)", |cx, a| pad(cx, &a, true, a.char(2))),
    m("string PadRight(int totalWidth)", |cx, a| pad(cx, &a, false, 32)),
    m("string PadRight(int totalWidth, char paddingChar)", |cx, a| pad(cx, &a, false, a.char(2))),
    m("string Trim()", |_, a| Ok(trim(&a, edit::Ends::Both))),
    m("string Trim(char trimChar)", |_, a| Ok(trim(&a, edit::Ends::Both))).core_only(),
    m("string Trim(params char[] trimChars)", |_, a| Ok(trim(&a, edit::Ends::Both))),
    m("string TrimStart()", |_, a| Ok(trim(&a, edit::Ends::Start))),
    m("string TrimStart(char trimChar)", |_, a| Ok(trim(&a, edit::Ends::Start))).core_only(),
    m("string TrimStart(params char[] trimChars)", |_, a| Ok(trim(&a, edit::Ends::Start))),
    m("string TrimEnd()", |_, a| Ok(trim(&a, edit::Ends::End))),
    m("string TrimEnd(char trimChar)", |_, a| Ok(trim(&a, edit::Ends::End))).core_only(),
    m("string TrimEnd(params char[] trimChars)", |_, a| Ok(trim(&a, edit::Ends::End))),
    m("string ToUpper()", |_, a| Ok(cased(&a, true))),
    m("string ToUpper(System.Globalization.CultureInfo culture)", |_, a| Ok(cased(&a, true))),
    m("string ToUpperInvariant()", |_, a| Ok(cased(&a, true))),
    m("string ToLower()", |_, a| Ok(cased(&a, false))),
    m("string ToLower(System.Globalization.CultureInfo culture)", |_, a| Ok(cased(&a, false))),
    m("string ToLowerInvariant()", |_, a| Ok(cased(&a, false))),
    m("string Normalize()", |_, a| edit::normalize(a.this_str(), 1).map(Value::from)),
    m("string Normalize(System.Text.NormalizationForm normalizationForm)", |_, a| {
        edit::normalize(a.this_str(), a.number(1)).map(Value::from)
    }),
    m("bool IsNormalized()", |_, a| Ok(Value::Bool(edit::normalize(a.this_str(), 1)? == **a.this_str()))),
    m("bool IsNormalized(System.Text.NormalizationForm normalizationForm)", |_, a| {
        Ok(Value::Bool(edit::normalize(a.this_str(), a.number(1))? == **a.this_str()))
    }),
    m("char[] ToCharArray()", |cx, a| {
        cx.charge(a.this_str().len() * size_of::<Value>())?;
        char_array(&a, 0, None)
    }),
    m("char[] ToCharArray(int startIndex, int length)", |_, a| char_array(&a, a.int(1), Some(a.int(2)))),
    m("void CopyTo(int sourceIndex, char[] destination, int destinationIndex, int count)", |_, a| copy_to(&a)),
    // Splitting
    m("string[] Split(params char[] separator)", |cx, a| split_units(cx, &a, i32::MAX, 0)),
    m("string[] Split(char[] separator, int count)", |cx, a| split_units(cx, &a, a.int(2), 0)),
    m("string[] Split(char[] separator, StringSplitOptions options)", |cx, a| {
        split_units(cx, &a, i32::MAX, a.number(2))
    }),
    m("string[] Split(char[] separator, int count, StringSplitOptions options)", |cx, a| {
        split_units(cx, &a, a.int(2), a.number(3))
    }),
    m("string[] Split(string[] separator, StringSplitOptions options)", |cx, a| {
        split_texts(cx, &a, i32::MAX, a.number(2))
    }),
    m("string[] Split(string[] separator, int count, StringSplitOptions options)", |cx, a| {
        split_texts(cx, &a, a.int(2), a.number(3))
    }),
    m("string[] Split(char separator, StringSplitOptions options = 0)", |cx, a| {
        split_units(cx, &a, i32::MAX, a.number(2))
    })
    .core_only(),
    m("string[] Split(char separator, int count, StringSplitOptions options = 0)", |cx, a| {
        split_units(cx, &a, a.int(2), a.number(3))
    })
    .core_only(),
    m("string[] Split(string separator, StringSplitOptions options = 0)", |cx, a| {
        split_texts(cx, &a, i32::MAX, a.number(2))
    })
    .core_only(),
    m("string[] Split(string separator, int count, StringSplitOptions options = 0)", |cx, a| {
        split_texts(cx, &a, a.int(2), a.number(3))
    })
    .core_only(),
];
