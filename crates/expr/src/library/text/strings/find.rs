//! Rows of `System.String` that look for something in a text.

use super::*;

pub(crate) static FIND: &[Row] = &[
    m("bool Contains(string value)", |_, a| Ok(Value::Bool(a.this_str().contains(a.need_str(1, "value")?.as_str())))),
    m("bool Contains(string value, StringComparison comparisonType)", |_, a| {
        Ok(Value::Bool(search::contains(a.this_str(), a.need_str(1, "value")?, comparison(&a, 2)?)))
    })
    .core_only(),
    m("bool Contains(char value)", |_, a| {
        Ok(Value::Bool(search::index_of_char(a.this_str(), a.char(1), 0, None)? >= 0))
    })
    .core_only(),
    m("bool Contains(char value, StringComparison comparisonType)", |_, a| {
        let value = Str::from_units(&[a.char(1)]);
        Ok(Value::Bool(search::contains(a.this_str(), &value, comparison(&a, 2)?)))
    })
    .core_only(),
    m("bool StartsWith(string value)", |_, a| {
        Ok(Value::Bool(search::starts_with(a.this_str(), a.need_str(1, "value")?, CULTURE)))
    }),
    m("bool StartsWith(string value, StringComparison comparisonType)", |_, a| {
        let value = a.need_str(1, "value")?;
        Ok(Value::Bool(search::starts_with(a.this_str(), value, comparison(&a, 2)?)))
    }),
    m("bool StartsWith(string value, bool ignoreCase, System.Globalization.CultureInfo culture)", |_, a| {
        let how = Comparison::Culture { ignore_case: a.bool(2) };
        Ok(Value::Bool(search::starts_with(a.this_str(), a.need_str(1, "value")?, how)))
    }),
    m("bool StartsWith(char value)", |_, a| Ok(Value::Bool(a.this_str().unit(0) == Some(a.char(1))))).core_only(),
    m("bool EndsWith(string value)", |_, a| {
        Ok(Value::Bool(search::ends_with(a.this_str(), a.need_str(1, "value")?, CULTURE)))
    }),
    m("bool EndsWith(string value, StringComparison comparisonType)", |_, a| {
        let value = a.need_str(1, "value")?;
        Ok(Value::Bool(search::ends_with(a.this_str(), value, comparison(&a, 2)?)))
    }),
    m("bool EndsWith(string value, bool ignoreCase, System.Globalization.CultureInfo culture)", |_, a| {
        let how = Comparison::Culture { ignore_case: a.bool(2) };
        Ok(Value::Bool(search::ends_with(a.this_str(), a.need_str(1, "value")?, how)))
    }),
    m("bool EndsWith(char value)", |_, a| Ok(Value::Bool(a.this_str().encode_utf16().last() == Some(a.char(1)))))
        .core_only(),
    m("int IndexOf(char value)", |_, a| int(search::index_of_char(a.this_str(), a.char(1), 0, None))),
    m("int IndexOf(char value, int startIndex)", |_, a| {
        int(search::index_of_char(a.this_str(), a.char(1), a.int(2), None))
    }),
    m("int IndexOf(char value, int startIndex, int count)", |_, a| {
        int(search::index_of_char(a.this_str(), a.char(1), a.int(2), Some(a.int(3))))
    }),
    m("int IndexOf(char value, StringComparison comparisonType)", |_, a| {
        let value = Str::from_units(&[a.char(1)]);
        int(search::index_of(a.this_str(), &value, 0, None, comparison(&a, 2)?))
    })
    .core_only(),
    m("int IndexOf(string value)", |_, a| index_of(&a, None, None, CULTURE)),
    m("int IndexOf(string value, int startIndex)", |_, a| index_of(&a, Some(2), None, CULTURE)),
    m("int IndexOf(string value, int startIndex, int count)", |_, a| index_of(&a, Some(2), Some(3), CULTURE)),
    m("int IndexOf(string value, StringComparison comparisonType)", |_, a| {
        index_of(&a, None, None, comparison(&a, 2)?)
    }),
    m("int IndexOf(string value, int startIndex, StringComparison comparisonType)", |_, a| {
        index_of(&a, Some(2), None, comparison(&a, 3)?)
    }),
    m("int IndexOf(string value, int startIndex, int count, StringComparison comparisonType)", |_, a| {
        index_of(&a, Some(2), Some(3), comparison(&a, 4)?)
    }),
    m("int IndexOfAny(char[] anyOf)", |_, a| int(search::index_of_any(a.this_str(), &units(&a)?, 0, None))),
    m("int IndexOfAny(char[] anyOf, int startIndex)", |_, a| {
        int(search::index_of_any(a.this_str(), &units(&a)?, a.int(2), None))
    }),
    m("int IndexOfAny(char[] anyOf, int startIndex, int count)", |_, a| {
        int(search::index_of_any(a.this_str(), &units(&a)?, a.int(2), Some(a.int(3))))
    }),
    m("int LastIndexOf(char value)", |_, a| int(search::last_index_of_any(a.this_str(), &units(&a)?, None, None))),
    m("int LastIndexOf(char value, int startIndex)", |_, a| {
        int(search::last_index_of_any(a.this_str(), &units(&a)?, Some(a.int(2)), None))
    }),
    m("int LastIndexOf(char value, int startIndex, int count)", |_, a| {
        int(search::last_index_of_any(a.this_str(), &units(&a)?, Some(a.int(2)), Some(a.int(3))))
    }),
    m("int LastIndexOf(string value)", |_, a| last_index_of(&a, None, None, CULTURE)),
    m("int LastIndexOf(string value, int startIndex)", |_, a| last_index_of(&a, Some(2), None, CULTURE)),
    m("int LastIndexOf(string value, int startIndex, int count)", |_, a| last_index_of(&a, Some(2), Some(3), CULTURE)),
    m("int LastIndexOf(string value, StringComparison comparisonType)", |_, a| {
        last_index_of(&a, None, None, comparison(&a, 2)?)
    }),
    m("int LastIndexOf(string value, int startIndex, StringComparison comparisonType)", |_, a| {
        last_index_of(&a, Some(2), None, comparison(&a, 3)?)
    }),
    m("int LastIndexOf(string value, int startIndex, int count, StringComparison comparisonType)", |_, a| {
        last_index_of(&a, Some(2), Some(3), comparison(&a, 4)?)
    }),
    m("int LastIndexOfAny(char[] anyOf)", |_, a| int(search::last_index_of_any(a.this_str(), &units(&a)?, None, None))),
    m("int LastIndexOfAny(char[] anyOf, int startIndex)", |_, a| {
        int(search::last_index_of_any(a.this_str(), &units(&a)?, Some(a.int(2)), None))
    }),
    m("int LastIndexOfAny(char[] anyOf, int startIndex, int count)", |_, a| {
        int(search::last_index_of_any(a.this_str(), &units(&a)?, Some(a.int(2)), Some(a.int(3))))
    }),
];
