//! `CultureInfo` and its relatives: every culture here behaves as the invariant one.

use std::any::Any;

use apimite_dotnet::Thrown;
use apimite_dotnet::text::chars;

use crate::library::rows::{Row, ctor, m, p};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// A culture, by name; or one of its parts, which all look alike.
struct Culture {
    def: &'static TypeDef,
    name: Str,
}

impl Object for Culture {
    fn type_of(&self) -> Type {
        Type::of(self.def)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        std::ptr::eq(self.def, &CULTURE_INFO).then(|| Ok(self.name.clone()))
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|o| std::ptr::eq(o.def, self.def) && o.name == self.name)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(self.name.len() as u64))
    }
}

fn culture(name: Str) -> Value {
    Value::object(Culture { def: &CULTURE_INFO, name })
}

fn part(def: &'static TypeDef) -> Value {
    Value::object(Culture { def, name: Str::EMPTY })
}

/// `System.Globalization.CultureInfo`
pub static CULTURE_INFO: TypeDef = class("System.Globalization.CultureInfo")
    .implements("IFormatProvider")
    .unlisted()
    .rows(&[&[
        ctor("(string name)", |_, a| Ok(culture(a.need_str(0, "name")?.clone()))),
        ctor("(string name, bool useUserOverride)", |_, a| Ok(culture(a.need_str(0, "name")?.clone()))),
        m("static System.Globalization.CultureInfo GetCultureInfo(string name)", |_, a| {
            Ok(culture(a.need_str(0, "name")?.clone()))
        }),
        m("static System.Globalization.CultureInfo CreateSpecificCulture(string name)", |_, a| {
            Ok(culture(a.need_str(0, "name")?.clone()))
        }),
        p("static System.Globalization.CultureInfo InvariantCulture", |_, _| Ok(culture(Str::EMPTY))),
        p("static System.Globalization.CultureInfo CurrentCulture", |_, _| Ok(culture(Str::EMPTY))),
        p("static System.Globalization.CultureInfo CurrentUICulture", |_, _| Ok(culture(Str::EMPTY))),
        p("string Name", |_, a| Ok(Value::Str(a.obj::<Culture>(0)?.name.clone()))),
        p("string DisplayName", |_, a| {
            let name = a.obj::<Culture>(0)?.name.clone();
            Ok(Value::Str(if name.is_empty() { Str::fixed("Invariant Language (Invariant Country)") } else { name }))
        }),
        p("System.Globalization.TextInfo TextInfo", |_, _| Ok(part(&TEXT_INFO))),
        p("System.Globalization.NumberFormatInfo NumberFormat", |_, _| Ok(part(&NUMBER_FORMAT_INFO))),
        p("System.Globalization.DateTimeFormatInfo DateTimeFormat", |_, _| Ok(part(&DATE_TIME_FORMAT_INFO))),
    ]])
    .def();

/// `System.Globalization.NumberFormatInfo`
pub static NUMBER_FORMAT_INFO: TypeDef = class("System.Globalization.NumberFormatInfo")
    .implements("IFormatProvider")
    .unlisted()
    .rows(&[&[
        ctor("()", |_, _| Ok(part(&NUMBER_FORMAT_INFO))),
        p("static System.Globalization.NumberFormatInfo InvariantInfo", |_, _| Ok(part(&NUMBER_FORMAT_INFO))),
        p("static System.Globalization.NumberFormatInfo CurrentInfo", |_, _| Ok(part(&NUMBER_FORMAT_INFO))),
        p("string NumberDecimalSeparator", |_, _| Ok(Value::from("."))),
        p("string NumberGroupSeparator", |_, _| Ok(Value::from(","))),
        p("string CurrencySymbol", |_, _| Ok(Value::from("¤"))),
        p("string NegativeSign", |_, _| Ok(Value::from("-"))),
        p("string PositiveSign", |_, _| Ok(Value::from("+"))),
        p("string PercentSymbol", |_, _| Ok(Value::from("%"))),
    ]])
    .def();

fn name_of(names: &'static [&'static str], index: i64, short: bool, first: i64) -> Value {
    let name = usize::try_from(index - first).ok().and_then(|at| names.get(at)).copied().unwrap_or("");
    Value::from(if short { name.get(..3).unwrap_or(name) } else { name })
}

/// `System.Globalization.DateTimeFormatInfo`
pub static DATE_TIME_FORMAT_INFO: TypeDef = class("System.Globalization.DateTimeFormatInfo")
    .implements("IFormatProvider")
    .unlisted()
    .rows(&[&[
        ctor("()", |_, _| Ok(part(&DATE_TIME_FORMAT_INFO))),
        p("static System.Globalization.DateTimeFormatInfo InvariantInfo", |_, _| Ok(part(&DATE_TIME_FORMAT_INFO))),
        p("static System.Globalization.DateTimeFormatInfo CurrentInfo", |_, _| Ok(part(&DATE_TIME_FORMAT_INFO))),
        m("string GetMonthName(int month)", |_, a| {
            Ok(name_of(&apimite_dotnet::time::calendar::MONTHS, a.int(1).into(), false, 1))
        }),
        m("string GetAbbreviatedMonthName(int month)", |_, a| {
            Ok(name_of(&apimite_dotnet::time::calendar::MONTHS, a.int(1).into(), true, 1))
        }),
        m("string GetDayName(DayOfWeek dayofweek)", |_, a| {
            Ok(name_of(&apimite_dotnet::time::calendar::DAYS, a.number(1), false, 0))
        }),
        m("string GetAbbreviatedDayName(DayOfWeek dayofweek)", |_, a| {
            Ok(name_of(&apimite_dotnet::time::calendar::DAYS, a.number(1), true, 0))
        }),
    ]])
    .def();

/// `ToTitleCase`: the first letter of each word in upper case, words all in upper case stay.
fn title_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if !c.is_alphabetic() {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '\'' && c != '\u{2019}').unwrap_or(rest.len());
        let word = &rest[..end];
        if word.chars().any(char::is_lowercase) {
            out.push(chars::upper_char(c));
            out.extend(word.chars().skip(1).map(chars::lower_char));
        } else {
            out.push_str(word);
        }
        rest = &rest[end..];
    }
    out
}

/// `System.Globalization.TextInfo`
pub static TEXT_INFO: TypeDef = class("System.Globalization.TextInfo").unlisted().rows(&[ROWS]).def();

static ROWS: &[Row] = &[
    m("string ToTitleCase(string str)", |_, a| Ok(Value::from(title_case(a.need_str(1, "str")?)))),
    m("string ToUpper(string str)", |_, a| Ok(Value::from(chars::upper_text(a.need_str(1, "str")?)))),
    m("string ToLower(string str)", |_, a| Ok(Value::from(chars::lower_text(a.need_str(1, "str")?)))),
];

#[cfg(test)]
mod tests {
    use super::title_case;

    #[test]
    fn title_case_leaves_acronyms_alone() {
        assert_eq!(title_case("war and PEACE o'neil x-ray"), "War And PEACE O'neil X-Ray");
    }
}
