//! Answers of C# that are certain, by topic: `cases/*.cases`, one case in a line.
//!
//! `code ==> type text` (what `ToString()` gives; `\n`, `\r`, `\t`, `\\` are written so), `code ==> null`,
//! `code ==> !ExceptionName` or `!ExceptionName: message`, `code ==> CS0103`. Code in braces is a block. Everything runs in lenient
//! mode, in UTC and the invariant culture.

use std::any::{Any, TypeId};
use std::sync::atomic::{AtomicU64, Ordering};

use apimite_expr::{Engine, Form, Host, LanguageVersion, Settings, Value, Want};

/// A clock that stands and bits that differ.
#[derive(Default)]
struct Fixed(AtomicU64);

impl Host for Fixed {
    fn part(&self, _id: TypeId) -> Option<&dyn Any> {
        None
    }

    fn utc_now_ticks(&self) -> i64 {
        638_448_000_000_000_000
    }

    fn random(&self) -> u64 {
        self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

/// What a piece of code gives, in the words of the cases.
fn answer(engine: &Engine, code: &str, with_message: bool) -> String {
    let block = code.strip_prefix("{ ").and_then(|code| code.strip_suffix('}'));
    let (code, form) = block.map_or((code, Form::Expression), |block| (block, Form::Block));
    let program = match engine.compile(code, form, Want::Any) {
        Ok(program) => program,
        Err(errors) => return errors.first().map_or_else(String::new, |error| error.code.to_owned()),
    };
    let host = Fixed::default();
    let thrown = |thrown: apimite_expr::Thrown| {
        let name = thrown.kind.full_name().rsplit('.').next().unwrap_or("").to_owned();
        if with_message { format!("!{name}: {}", escaped(&thrown.message)) } else { format!("!{name}") }
    };
    match program.eval(&host) {
        Ok(Value::Null) => "null".to_owned(),
        Ok(value) => {
            let ty = value.type_of().map_or_else(String::new, |ty| ty.csharp());
            let ty = if ty.contains(['<', '(', '[']) { &*ty } else { ty.rsplit('.').next().unwrap_or("") };
            match program.context(&host).to_text(&value) {
                Ok(text) => format!("{ty} {}", escaped(&text)),
                Err(error) => thrown(error),
            }
        }
        Err(fault) => thrown(fault.thrown),
    }
}

fn topic(name: &str, cases: &str) {
    let csharp = if name.starts_with("newer") { LanguageVersion::CSharp12 } else { LanguageVersion::default() };
    let engine = Engine::new(Settings { lenient: true, csharp, ..Settings::default() }, &[]);
    let mut wrong = Vec::new();
    let mut count = 0;
    for (index, line) in cases.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with("# ")) {
        let (code, expected) = line.split_once(" ==> ").unwrap_or((line, "(no answer given)"));
        let found = answer(&engine, code, expected.starts_with('!') && expected.contains(": "));
        count += 1;
        if found != expected {
            wrong.push(format!("{name}.cases:{}: {code}\n    expected {expected}\n    found    {found}", index + 1));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! topics {
    ($($test:ident = $name:literal;)*) => {
        $(#[test] fn $test() { topic($name, include_str!(concat!("cases/", $name, ".cases"))); })*
    };
}

topics! {
    numbers_are_as_in_csharp = "numbers";
    strings_are_as_in_csharp = "strings";
    json_is_as_in_csharp = "json";
    regular_expressions_are_as_in_csharp = "regex";
    xml_is_as_in_csharp = "xml";
    dates_are_as_in_csharp = "dates";
    sequences_are_as_in_csharp = "linq";
    the_language_is_as_in_csharp = "language";
    mistakes_have_the_codes_of_the_compiler = "errors";
    newer_syntax_is_as_in_csharp = "newer";
    newer_rules_are_as_in_csharp = "newer_rules";
    iterators_are_as_in_csharp = "iterators";
    the_rest_of_csharp_7_3_is_there = "csharp7";
    the_rest_of_the_library_is_as_in_csharp = "library";
}

#[test]
fn newer_syntax_is_refused_unless_it_is_allowed() {
    let engine = Engine::new(Settings { lenient: true, ..Settings::default() }, &[]);
    for line in include_str!("cases/newer.cases").lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        let (code, _) = line.split_once(" ==> ").unwrap_or((line, ""));
        assert_eq!(answer(&engine, code, false), "CS8370", "{code}");
    }
    for line in
        include_str!("cases/newer_rules.cases").lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
    {
        let (code, _) = line.split_once(" ==> ").unwrap_or((line, ""));
        let found = answer(&engine, code, false);
        assert!(["CS0173", "CS0815", "CS0453", "CS8370", "CS0029"].contains(&&*found), "{code}: {found}");
    }
}
