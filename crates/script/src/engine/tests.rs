//! Expressions over a small context of our own.

use std::any::{Any, TypeId};
use std::sync::LazyLock;

use apimite_expr::library::core::collections::{array_value, bytes_value};
use apimite_expr::library::{TypeDef, interface, m, p, static_class};
use apimite_expr::{Exception, ExceptionKind, Settings, Thrown};

use super::*;

/// What the test's rows read.
struct Request {
    ip: String,
    headers: Vec<(String, String)>,
    body: String,
}

struct TestHost(Request);

impl Host for TestHost {
    fn part(&self, id: TypeId) -> Option<&dyn Any> {
        (id == TypeId::of::<Request>()).then_some(&self.0)
    }
}

static CONTEXT: TypeDef = interface("ITestContext")
    .host()
    .rows(&[&[
        p("ITestRequest Request", |_, _| Ok(Value::Host(Type::of(&REQUEST), 0))),
        p("ITestRequest Nothing", |_, _| Ok(Value::Null)),
        p("TimeSpan Elapsed", |_, _| Ok(Value::TimeSpan(15_000_000))),
        p("object Variables", |_, _| Ok(Value::Null)),
    ]])
    .def();

static REQUEST: TypeDef = interface("ITestRequest")
    .host()
    .rows(&[&[
        p("string IpAddress", |cx, _| Ok(Value::from(cx.host::<Request>()?.ip.clone()))),
        p("ITestHeaders Headers", |_, _| Ok(Value::Host(Type::of(&HEADERS), 0))),
        p("ITestBody Body", |_, _| Ok(Value::Host(Type::of(&BODY), 0))),
        p("byte[] Raw", |_, _| Ok(bytes_value(b"ab"))),
        m("string Describe(int count, string word = \"x\")", |_, a| {
            Ok(Value::from(format!("{} {}", a.get(1).as_int(), a.str(2).map_or("", |s| s.as_str()))))
        }),
        m("int Fail()", |_, _| Err(Exception::new(ExceptionKind::Format, "Input string was not in a correct format."))),
    ]])
    .def();

static HEADERS: TypeDef = interface("ITestHeaders")
    .host()
    .rows(&[&[
        p("string[] this[string key]", |cx, a| {
            let key = a.need_str(1, "key")?.as_str().to_owned();
            let found = cx.host::<Request>()?.headers.iter().find(|(name, _)| *name == key);
            match found {
                Some((_, value)) => Ok(array_value(Type::string(), vec![Value::from(value.clone())])),
                None => {
                    Err(Exception::new(ExceptionKind::KeyNotFound, "The given key was not present in the dictionary."))
                }
            }
        }),
        p("int Count", |cx, _| Ok(Value::Int(i32::try_from(cx.host::<Request>()?.headers.len()).unwrap_or(0)))),
        m("bool ContainsKey(string key)", |cx, a| {
            let key = a.need_str(1, "key")?.as_str().to_owned();
            Ok(Value::Bool(cx.host::<Request>()?.headers.iter().any(|(name, _)| *name == key)))
        }),
    ]])
    .def();

static BODY: TypeDef = interface("ITestBody")
    .host()
    .rows(&[&[m("T As<T>(bool preserveContent = false)", |cx, _| Ok(Value::from(cx.host::<Request>()?.body.clone())))]])
    .def();

static EXTENSIONS: TypeDef = static_class("TestExtensions")
    .host()
    .rows(&[&[m(
        "string GetValueOrDefault(this ITestHeaders headers, string key, string defaultValue = null)",
        |cx, a| {
            let key = a.need_str(1, "key")?.as_str().to_owned();
            let found =
                cx.host::<Request>()?.headers.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone());
            Ok(found.map_or_else(|| a.get(2).clone(), Value::from))
        },
    )]])
    .def();

static TYPES: &[&TypeDef] = &[&CONTEXT, &REQUEST, &HEADERS, &BODY, &EXTENSIONS];

static SCRIPTS: LazyLock<Scripts> = LazyLock::new(|| {
    let settings = Settings { context: Some(&CONTEXT), ..Settings::default() };
    Scripts::new(&Expressions::new(settings, &[TYPES]), Budget::default())
});

fn host() -> TestHost {
    TestHost(Request {
        ip: "10.0.0.7".into(),
        headers: vec![("X-Tier".into(), "gold".into())],
        body: "{\"a\": [1, 2.5, {\"b\": null}]}".into(),
    })
}

fn eval(code: &str) -> Value {
    let script = SCRIPTS.compile(Form::Expression, code).unwrap_or_else(|error| panic!("{code}: {error}"));
    script.eval(&host()).unwrap_or_else(|fault| panic!("{code}: {fault}"))
}

fn text(code: &str) -> String {
    eval(code).as_str().unwrap_or_else(|| panic!("{code}: no text")).as_str().to_owned()
}

fn run(code: &str) -> Result<Value, Thrown> {
    SCRIPTS.compile(Form::Block, code).unwrap().eval(&host()).map_err(|fault| fault.thrown)
}

#[test]
fn members_of_the_context_go_by_snake_case() {
    assert_eq!(text("context.request.ip_address"), "10.0.0.7");
    assert_eq!(eval("context.request.headers.count").as_int(), 1);
    assert_eq!(text("context.request.headers[\"X-Tier\"][0]"), "gold");
    assert_eq!(text("context.request.headers.get_value_or_default(\"X-None\", \"free\")"), "free");
    assert_eq!(text("context.request.headers.get_value_or_default(\"X-Tier\")"), "gold");
    assert!(eval("context.request.headers.get_value_or_default(\"X-None\")").is_null());
    assert!(eval("context.request.headers.contains_key(\"X-Tier\")").as_bool());
    assert!(eval("\"X-Tier\" in context.request.headers").as_bool());
    assert_eq!(text("context.request.describe(3)"), "3 x");
    assert_eq!(text("context.request.describe(3, \"y\")"), "3 y");
    assert!(eval("context.nothing?.ip_address").is_null());
    assert!(matches!(eval("context.elapsed"), Value::TimeSpan(15_000_000)));
    assert_eq!(eval("context.request.raw.len()").as_int(), 2);
}

#[test]
fn values_go_both_ways() {
    assert!(matches!(eval("1 + 2"), Value::Int(3)));
    assert!(matches!(eval("3000000000"), Value::Long(3_000_000_000)));
    assert!(matches!(eval("1.5 * 2.0"), Value::Double(n) if n == 3.0));
    assert!(matches!(eval("'a'"), Value::Char(97)));
    assert!(eval("()").is_null());
    assert!(eval("1 < 2").as_bool());
    assert_eq!(text("`tier ${context.request.headers[\"X-Tier\"][0]}`"), "tier gold");
    assert!(eval("context.request.body.as_json(true).a[1]").as_double() > 2.4);
    assert_eq!(eval("context.request.body.as_string().len()").as_int(), 28);
}

#[test]
fn a_block_gives_its_last_value_or_what_it_returns() {
    let tier = run(
        "let t = context.request.headers.get_value_or_default(\"X-Tier\", \"\");\nif t == \"gold\" { return 100; }\n10",
    )
    .unwrap();
    assert_eq!(tier.as_int(), 100);
    assert_eq!(run("let s = 0; for i in 0..5 { s += i } s").unwrap().as_int(), 10);
}

#[test]
fn what_a_member_throws_is_the_fault_with_its_place() {
    let script = SCRIPTS.compile(Form::Block, "let a = 1;\ncontext.request.fail()").unwrap();
    let fault = script.eval(&host()).unwrap_err();
    assert_eq!(fault.thrown.kind, ExceptionKind::Format);
    assert_eq!(fault.thrown.message, "Input string was not in a correct format.");
    assert_eq!(fault.span.start, 27);
    let caught =
        run("let r = (); try { context.request.fail() } catch (e) { r = e.type + \"/\" + e.message } r").unwrap();
    assert_eq!(caught.as_str().unwrap().as_str(), "System.FormatException/Input string was not in a correct format.");
    assert_eq!(run("context.request.headers[\"none\"]").unwrap_err().kind, ExceptionKind::KeyNotFound);
    assert!(run("context.request.nothing_of_that_name").is_err());
    assert!(run("context.request.describe()").is_err());
    assert!(run("throw \"own words\"").unwrap_err().message.starts_with("own words"));
}

#[test]
fn mistakes_are_refused_with_line_and_column() {
    let error = SCRIPTS.compile(Form::Block, "let a = 1;\nlet b = (a;").err().unwrap();
    assert_eq!(error.line, 2);
    assert!(error.span.start >= 11);
    assert!(SCRIPTS.compile(Form::Expression, "").is_err());
    assert!(SCRIPTS.compile(Form::Expression, "let x = 1").is_err());
    for code in ["eval(\"1\")", "import \"x\" as y;", "export let x = 1;"] {
        assert!(SCRIPTS.compile(Form::Block, code).is_err(), "{code}");
    }
}

#[test]
fn budgets_end_a_script() {
    for code in [
        "loop { }",
        "fn f() { f() } f()",
        "let s = \"x\"; loop { s += s }",
        "let a = []; loop { a.push(1) }",
        "let a = [1]; loop { a += a }",
        "let a = []; a.pad(9999, 0); loop { a[0] = 1 }",
        "let m = #{}; let i = 0; loop { m[`${i}`] = 1; i += 1 }",
    ] {
        let thrown = run(code).unwrap_err();
        assert_eq!(thrown.kind, ExceptionKind::Budget, "{code}: {}", thrown.message);
    }
    assert!(run("sleep(1000)").is_err());
    assert!(run("timestamp()").is_err());
    let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
    assert!(SCRIPTS.compile(Form::Expression, &deep).is_err());
}

#[test]
fn a_script_says_which_words_it_uses() {
    let script = SCRIPTS.compile(Form::Expression, "context.request.body.as_string()").unwrap();
    assert!(script.mentions("body") && !script.mentions("bod"));
}

#[test]
fn without_a_host_there_is_no_context() {
    let script = SCRIPTS.compile(Form::Expression, "context.request.ip_address").unwrap();
    assert!(script.eval(&apimite_expr::NoHost).is_err());
}
