//! Rows of the text area, called one by one: the signature, the arguments, the text of the result or the exception.

use apimite_dotnet::Decimal;

use crate::library::core::collections::{array_value, bytes_value};
use crate::library::{Registry, standard};
use crate::run::{Budget, Cx, Host};
use crate::types::Type;
use crate::value::{Str, Value};

struct Fixed;

impl Host for Fixed {
    fn part(&self, _id: std::any::TypeId) -> Option<&dyn std::any::Any> {
        None
    }

    fn utc_now_ticks(&self) -> i64 {
        638_448_000_000_000_000
    }
}

fn s(text: &str) -> Value {
    Value::Str(Str::new(text))
}

fn c(letter: char) -> Value {
    Value::Char(u16::try_from(u32::from(letter)).unwrap())
}

fn chars(text: &str) -> Value {
    array_value(Type::char(), text.chars().map(c).collect())
}

fn strings(list: &[&str]) -> Value {
    array_value(Type::string(), list.iter().map(|t| s(t)).collect())
}

fn date(year: i32, month: i32, day: i32) -> Value {
    apimite_dotnet::time::DateTime::from_date(year, month, day).unwrap().into()
}

/// Calls the row of this type with exactly this signature; `out` parameters are shown behind the result.
fn call_all(ty: &str, sig: &str, mut args: Vec<Value>) -> (String, Vec<Value>) {
    let registry = Registry::new(&standard());
    let mut cx = Cx::new(&Fixed, &registry, Budget::default(), false);
    let def = registry.find(ty, 0).first().copied().unwrap_or_else(|| panic!("no type {ty}"));
    let member = registry
        .all_declared(def)
        .into_iter()
        .find(|m| m.row.sig.trim_start_matches("static ") == sig)
        .unwrap_or_else(|| panic!("{ty} has no row {sig}"));
    let shown = match cx.call_member(&member, &[], &mut args) {
        Ok(value) if value.is_null() => "null".into(),
        Ok(value) => match cx.iterate(&value) {
            Ok(mut each) if value.as_str().is_none() => {
                let mut items = Vec::new();
                while let Some(item) = each.next(&mut cx).unwrap() {
                    items.push(cx.to_text(&item).unwrap().to_string());
                }
                format!("[{}]", items.join("|"))
            }
            _ => cx.to_text(&value).unwrap().to_string(),
        },
        Err(thrown) => format!("!{}", thrown.kind.full_name().rsplit('.').next().unwrap_or("")),
    };
    (shown, args)
}

fn call(ty: &str, sig: &str, args: Vec<Value>) -> String {
    call_all(ty, sig, args).0
}

#[test]
fn strings_are_searched_cut_and_split() {
    let hello = || s("Hello World");
    for (sig, args, expected) in [
        ("int IndexOf(char value)", vec![hello(), c('o')], "4"),
        (
            "int IndexOf(string value, int startIndex, int count)",
            vec![hello(), s("o"), Value::Int(5), Value::Int(3)],
            "7",
        ),
        ("int LastIndexOf(char value)", vec![hello(), c('o')], "7"),
        ("int LastIndexOfAny(char[] anyOf)", vec![hello(), chars("ol")], "9"),
        ("int IndexOf(string value)", vec![hello(), Value::Null], "!ArgumentNullException"),
        ("string Substring(int startIndex)", vec![hello(), Value::Int(12)], "!ArgumentOutOfRangeException"),
        ("string[] Split(params char[] separator)", vec![s("a,b;c"), chars(",;")], "[a|b|c]"),
        ("string[] Split(params char[] separator)", vec![s("a b"), chars("")], "[a|b]"),
        ("string[] Split(char[] separator, int count)", vec![s("a,b,c"), chars(","), Value::Int(2)], "[a|b,c]"),
        (
            "string[] Split(string separator, StringSplitOptions options = 0)",
            vec![s("a--b"), s("--"), Value::Int(0)],
            "[a|b]",
        ),
        ("string PadLeft(int totalWidth, char paddingChar)", vec![s("42"), Value::Int(5), c('0')], "00042"),
        ("string Trim(params char[] trimChars)", vec![s("xyax"), chars("xy")], "a"),
        ("string Replace(string oldValue, string newValue)", vec![hello(), s(""), s("x")], "!ArgumentException"),
        ("string Replace(string oldValue, string newValue)", vec![hello(), s("l"), Value::Null], "Heo Word"),
        ("bool Contains(string value)", vec![hello(), s("World")], "True"),
        (
            "string Insert(int startIndex, string value)",
            vec![hello(), Value::Int(99), s("x")],
            "!ArgumentOutOfRangeException",
        ),
        ("char[] ToCharArray()", vec![s("ab")], "[a|b]"),
        ("string Normalize()", vec![s("e\u{301}")], "é"),
        ("int CompareTo(string strB)", vec![s("a"), s("B")], "-1"),
    ] {
        assert_eq!(call("System.String", sig, args), expected, "{sig}");
    }
}

#[test]
fn strings_are_joined_and_formatted() {
    let objects = |list: Vec<Value>| array_value(Type::object(), list);
    for (sig, args, expected) in [
        (
            "string Join(string separator, params object[] values)",
            vec![s("-"), objects(vec![Value::Int(1), s("x"), Value::Bool(true), Value::Null, Value::Double(2.5)])],
            "1-x-True--2.5",
        ),
        (
            "string Join(string separator, string[] value, int startIndex, int count)",
            vec![s(", "), strings(&["a", "b", "c", "d"]), Value::Int(1), Value::Int(2)],
            "b, c",
        ),
        ("string Concat(object arg0, object arg1)", vec![c('a'), Value::Null], "a"),
        ("string Concat(params object[] args)", vec![objects(vec![Value::Char(0xD83D), Value::Char(0xDE00)])], "😀"),
        ("string Format(string format, object arg0)", vec![s("{0,6:F1}|"), Value::Double(3.25)], "   3.3|"),
        ("string Format(string format, object arg0)", vec![s("{1}"), Value::Int(1)], "!FormatException"),
        ("string Format(string format, object arg0)", vec![Value::Null, Value::Int(1)], "!ArgumentNullException"),
        (
            "string Format(string format, params object[] args)",
            vec![s("{0:u}"), objects(vec![date(2024, 2, 9)])],
            "2024-02-09 00:00:00Z",
        ),
    ] {
        assert_eq!(call("System.String", sig, args), expected, "{sig}");
    }
}

#[test]
fn numbers_are_read_and_written() {
    let text = "string ToString(string format)";
    assert_eq!(call("System.Int32", text, vec![Value::Int(-42), s("D4")]), "-0042");
    assert_eq!(call("System.Byte", text, vec![Value::Byte(200), s("X2")]), "C8");
    assert_eq!(call("System.Double", text, vec![Value::Double(1234.5678), s("#,#.00")]), "1,234.57");
    assert_eq!(call("System.Decimal", text, vec![Value::Decimal(Decimal::new(1210, 2)), Value::Null]), "12.10");
    assert_eq!(call("System.Int32", "int Parse(string s)", vec![s("99999999999")]), "!OverflowException");
    assert_eq!(call("System.Int32", "int Parse(string s)", vec![Value::Null]), "!ArgumentNullException");
    let (ok, args) = call_all("System.Int32", "bool TryParse(string s, out int result)", vec![s("x"), Value::Int(5)]);
    assert_eq!((ok.as_str(), args[1].as_int()), ("False", 0));
    assert_eq!(call("System.Byte", "int CompareTo(byte value)", vec![Value::Byte(1), Value::Byte(5)]), "-4");
    assert_eq!(call("System.Boolean", "bool Parse(string value)", vec![s(" TRUE ")]), "True");
    assert_eq!(
        call("System.Char", "bool IsLetterOrDigit(string s, int index)", vec![s("a_b"), Value::Int(1)]),
        "False"
    );
    assert_eq!(call("System.Math", "int Abs(int value)", vec![Value::Int(i32::MIN)]), "!OverflowException");
    assert_eq!(call("System.Math", "double Round(double a)", vec![Value::Double(2.5)]), "2");
    assert_eq!(call("System.Math", "long Max(long val1, long val2)", vec![Value::Long(-1), Value::Long(1)]), "1");
}

#[test]
fn values_are_converted() {
    for (sig, args, expected) in [
        ("int ToInt32(string value)", vec![Value::Null], "0"),
        ("int ToInt32(double value)", vec![Value::Double(-2.5)], "-2"),
        ("int ToInt32(object value)", vec![s("12")], "12"),
        ("int ToInt32(object value)", vec![Value::Guid(0)], "!InvalidCastException"),
        ("byte ToByte(int value)", vec![Value::Int(256)], "!OverflowException"),
        ("bool ToBoolean(string value)", vec![s("1")], "!FormatException"),
        ("bool ToBoolean(char value)", vec![c('1')], "!InvalidCastException"),
        ("string ToString(int value, int toBase)", vec![Value::Int(-1), Value::Int(16)], "ffffffff"),
        ("byte ToByte(string value, int fromBase)", vec![s("0b"), Value::Int(16)], "11"),
        ("string ToString(object value)", vec![Value::Null], ""),
        ("string ToString(string value)", vec![Value::Null], "null"),
        ("string ToBase64String(byte[] inArray)", vec![bytes_value(&[251, 255, 254])], "+//+"),
        ("byte[] FromBase64String(string s)", vec![s("****")], "!FormatException"),
        ("DateTime ToDateTime(string value)", vec![s("2024-02-29T10:00:00")], "02/29/2024 10:00:00"),
    ] {
        assert_eq!(call("System.Convert", sig, args), expected, "{sig}");
    }
    let bits = "string ToString(byte[] value)";
    assert_eq!(call("System.BitConverter", bits, vec![bytes_value(&[10, 200])]), "0A-C8");
    let short = "short ToInt16(byte[] value, int startIndex)";
    assert_eq!(call("System.BitConverter", short, vec![bytes_value(&[255, 255]), Value::Int(0)]), "-1");
}

#[test]
fn dates_are_made_moved_and_compared() {
    let ctor = "(int year, int month, int day)";
    assert_eq!(
        call("System.DateTime", ctor, vec![Value::Int(2023), Value::Int(2), Value::Int(29)]),
        "!ArgumentOutOfRangeException"
    );
    assert_eq!(
        call("System.DateTime", "DateTime AddYears(int value)", vec![date(2024, 2, 29), Value::Int(1)]),
        "02/28/2025 00:00:00"
    );
    assert_eq!(call("System.DateTime", "DayOfWeek DayOfWeek", vec![date(2024, 2, 29)]), "Thursday");
    assert_eq!(
        call(
            "System.DateTime",
            "TimeSpan operator -(DateTime d1, DateTime d2)",
            vec![date(2024, 3, 1), date(2024, 2, 28)]
        ),
        "2.00:00:00"
    );
    assert_eq!(call("System.DateTime", "DateTime UtcNow", vec![]), "02/29/2024 10:40:00");
    assert_eq!(
        call("System.DateTime", "bool operator <(DateTime t1, DateTime t2)", vec![date(2024, 1, 1), date(2024, 1, 2)]),
        "True"
    );
    assert_eq!(
        call("System.DateTimeOffset", "DateTimeOffset Parse(string input)", vec![s("2024-02-29T10:00:00+05:30")]),
        "02/29/2024 10:00:00 +05:30"
    );
    assert_eq!(call("System.TimeSpan", "TimeSpan Parse(string s)", vec![s("25:00:00")]), "25.00:00:00");
    assert_eq!(
        call("System.TimeZoneInfo", "TimeZoneInfo FindSystemTimeZoneById(string id)", vec![s("Nowhere")]),
        "!TimeZoneNotFoundException"
    );
    assert_eq!(call("System.Guid", "Guid Parse(string input)", vec![s("x")]), "!FormatException");
    assert_eq!(call("System.Version", "Version Parse(string input)", vec![s("1.2.3")]), "1.2.3");
}

#[test]
fn a_builder_changes_in_place() {
    let new = |text: &str| {
        let registry = Registry::new(&standard());
        let mut cx = Cx::new(&Fixed, &registry, Budget::default(), false);
        let def = registry.find("System.Text.StringBuilder", 0)[0];
        let member = registry.all_declared(def).into_iter().find(|m| m.row.sig == "(string value)").unwrap();
        cx.call_member(&member, &[], &mut [s(text)]).unwrap()
    };
    let ty = "System.Text.StringBuilder";
    assert_eq!(
        call(ty, "StringBuilder Append(char value, int repeatCount)", vec![new("a"), c('-'), Value::Int(3)]),
        "a---"
    );
    assert_eq!(
        call(ty, "StringBuilder Remove(int startIndex, int length)", vec![new("abc"), Value::Int(2), Value::Int(5)]),
        "!ArgumentOutOfRangeException"
    );
    assert_eq!(call(ty, "StringBuilder AppendLine(string value)", vec![new("x"), s("z")]), "xz\n");
    assert_eq!(call(ty, "bool Equals(StringBuilder sb)", vec![new("a"), new("a")]), "True");
    assert_eq!(
        call(ty, "StringBuilder Replace(string oldValue, string newValue)", vec![new("banana"), s("an"), s("AN")]),
        "bANANa"
    );
}

#[test]
fn the_allow_list_names_the_members_of_date_time_one_by_one() {
    let registry = Registry::new(&standard());
    let listed =
        |ty: &str, name: &str| registry.declared(registry.find(ty, 0)[0], name).iter().all(|member| member.is_listed());
    for name in ["AddDays", "Parse", "ToString", "UtcNow", ".ctor", "Ticks", "IsLeapYear", "-", "=="] {
        assert!(listed("System.DateTime", name), "{name}");
    }
    for name in ["TryParse", "ParseExact", "SpecifyKind", "ToUniversalTime", "Kind", "ToLocalTime"] {
        assert!(!listed("System.DateTime", name), "{name}");
    }
    assert!(listed("System.DateTimeOffset", "TryParse") && listed("System.TimeSpan", "CompareTo"));
    assert!(!listed("System.Globalization.CultureInfo", "InvariantCulture"));
}
