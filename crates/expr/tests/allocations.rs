//! An expression that only compares allocates nothing: measured with a counting allocator, in a test binary of its own.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::any::{Any, TypeId};

use apimite_expr::library::{TypeDef, class, interface, m, mt, p, pt, static_class};
use apimite_expr::{Engine, Form, Host, Settings, Str, Text, Type, Value, Want};

struct Exchange {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    count: Value,
}

impl Host for Exchange {
    fn part(&self, id: TypeId) -> Option<&dyn Any> {
        (id == TypeId::of::<Self>()).then_some(self as &dyn Any)
    }
}

static CONTEXT: TypeDef = interface("IProxyRequestContext")
    .host()
    .rows(&[&[
        p("IRequest Request", |_, _| Ok(Value::Host(Type::of(&REQUEST), 0))),
        p("IReadOnlyDictionary<string, object> Variables", |_, _| Ok(Value::Host(Type::of(&VARIABLES), 0))),
    ]])
    .def();
static REQUEST: TypeDef = interface("IRequest")
    .host()
    .rows(&[&[
        pt("string Method", |cx, _| Ok(cx.host::<Exchange>()?.method.as_str().into())),
        pt("string Path", |cx, _| Ok(cx.host::<Exchange>()?.path.as_str().into())),
        p("IReadOnlyDictionary<string, string[]> Headers", |_, _| Ok(Value::Host(Type::of(&HEADERS), 0))),
    ]])
    .def();
static HEADERS: TypeDef = class("RequestHeaders").host().implements("IReadOnlyDictionary<string, string[]>").def();
static VARIABLES: TypeDef = class("VariableMap")
    .host()
    .implements("IReadOnlyDictionary<string, object>")
    .rows(&[&[
        m("bool ContainsKey(string key)", |_, a| Ok(Value::Bool(a.str(1).is_some_and(|key| &**key == "count")))),
        p("object this[string key]", |cx, _| Ok(cx.host::<Exchange>()?.count.clone())),
    ]])
    .def();
static EXTENSIONS: TypeDef = static_class("DictionaryExtensions")
    .host()
    .rows(&[&[mt(
        "string GetValueOrDefault(this IReadOnlyDictionary<string, string[]> headers, string name, string other)",
        |cx, a| {
            let name = a.str(1).map_or("", Str::as_str);
            let found = cx.host::<Exchange>()?.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            Ok(found.map_or_else(|| a.str(2).cloned().map_or(Text::Null, Text::Own), |(_, value)| Text::Host(value)))
        },
    )]])
    .def();

#[test]
fn an_expression_that_only_compares_allocates_nothing() {
    let settings = Settings { context: Some(&CONTEXT), ..Settings::default() };
    let engine = Engine::new(settings, &[&[&CONTEXT, &REQUEST, &HEADERS, &VARIABLES, &EXTENSIONS]]);
    let exchange = Exchange {
        method: "GET".to_owned(),
        path: "/orders/v1/items/42".to_owned(),
        headers: vec![("X-Tier".to_owned(), "gold, with a value too long to be held in place".to_owned())],
        count: Value::Int(5),
    };
    for code in [
        r#"context.Request.Headers.GetValueOrDefault("X-Tier", "") == "gold""#,
        r#"context.Request.Headers.GetValueOrDefault("X-Other", "a default that is too long to be held in place") != "gold""#,
        r#"context.Request.Path.StartsWith("/orders") && context.Request.Method == "GET""#,
        r#"context.Request.Path.Length > 5 || context.Request.Method.Equals("POST")"#,
        r#"string.IsNullOrEmpty(context.Request.Headers.GetValueOrDefault("X-Tier", null))"#,
        r#"(int)context.Variables["count"] >= 5 && context.Variables.ContainsKey("count")"#,
        r#"context.Request.Method == context.Request.Path ? 1 < 2 : 3 * (int)context.Variables["count"] % 2 == 1"#,
        r#"context.Variables["count"] is int n && n > 3"#,
    ] {
        let program = engine.compile(code, Form::Expression, Want::Bool).unwrap();
        program.eval_bool(&exchange).unwrap();
        let measured = allocation_counter::measure(|| {
            program.eval_bool(&exchange).unwrap();
        });
        assert_eq!(measured.count_total, 0, "{code}");
    }
}
