//! What an expression costs: ours, Rhai, and the same by hand.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::any::{Any, TypeId};
use std::hint::black_box;

use apimite_expr::library::{Row, TypeDef, class, ext, interface, m, mt, p, pt, static_class};
use apimite_expr::{Engine, Form, Host, NoHost, Settings, Str, Text, Type, Value, Want};
use criterion::{Criterion, criterion_group, criterion_main};

struct Exchange {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    variables: Vec<(String, Value)>,
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
        p("IUrl Url", |_, _| Ok(Value::Host(Type::of(&URL), 0))),
        p("IReadOnlyDictionary<string, string[]> Headers", |_, _| Ok(Value::Host(Type::of(&HEADERS), 0))),
    ]])
    .def();
static URL: TypeDef = interface("IUrl")
    .host()
    .rows(&[&[pt("string Path", |cx, _| Ok(cx.host::<Exchange>()?.path.as_str().into()))]])
    .def();
static HEADERS: TypeDef = class("RequestHeaders").host().implements("IReadOnlyDictionary<string, string[]>").def();
static VARIABLES: TypeDef = class("VariableMap")
    .host()
    .implements("IReadOnlyDictionary<string, object>")
    .rows(&[&[
        m("bool ContainsKey(string key)", |_, _| Ok(Value::Bool(true))),
        p("object this[string key]", |cx, a| {
            let key = a.str(1).map_or("", Str::as_str);
            let found = cx.host::<Exchange>()?.variables.iter().find(|(n, _)| n == key);
            Ok(found.map(|(_, v)| v.clone()).unwrap_or_default())
        }),
    ]])
    .def();
static EXTENSIONS: TypeDef = static_class("DictionaryExtensions").host().rows(&[EXTENSION_ROWS]).def();
static EXTENSION_ROWS: &[Row] = &[
    mt(
        "string GetValueOrDefault(this IReadOnlyDictionary<string, string[]> headers, string name, string other)",
        |cx, a| {
            let name = a.str(1).map_or("", Str::as_str);
            let found = cx.host::<Exchange>()?.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            Ok(match found {
                Some((_, value)) => Text::Host(value),
                None => a.str(2).cloned().map_or(Text::Null, Text::Own),
            })
        },
    ),
    ext("int Never(this IReadOnlyDictionary<string, string[]> headers)", |_, _| Ok(Value::Int(0))),
];

fn engine() -> Engine {
    let settings = Settings { lenient: true, context: Some(&CONTEXT), ..Settings::default() };
    Engine::new(settings, &[&[&CONTEXT, &REQUEST, &URL, &HEADERS, &VARIABLES, &EXTENSIONS]])
}

fn exchange() -> Exchange {
    Exchange {
        method: "GET".to_owned(),
        path: "/orders/v1/items/42".to_owned(),
        headers: vec![
            ("Host".to_owned(), "gw.example.net".to_owned()),
            ("Accept".to_owned(), "application/json".to_owned()),
            ("X-Tier".to_owned(), "gold".to_owned()),
        ],
        variables: vec![("count".to_owned(), Value::Int(5)), ("user".to_owned(), Value::from("ann"))],
    }
}

fn evaluation(c: &mut Criterion) {
    let (engine, exchange) = (engine(), exchange());
    let mut group = c.benchmark_group("expression");
    for (name, code) in [
        ("header comparison", r#"context.Request.Headers.GetValueOrDefault("X-Tier", "") == "gold""#),
        ("path and method", r#"context.Request.Url.Path.StartsWith("/orders") && context.Request.Method == "GET""#),
    ] {
        let program = engine.compile(code, Form::Expression, Want::Bool).unwrap();
        group.bench_function(name, |b| b.iter(|| program.eval_bool(black_box(&exchange)).unwrap()));
    }
    for (name, code) in [
        ("concat of three", r#"context.Request.Method + " " + context.Request.Url.Path"#),
        ("variable and cast", r#"(int)context.Variables["count"]"#),
        ("linq chain over ten", "Enumerable.Range(0, 10).Where(x => x % 2 == 0).Select(x => x * 3).Sum()"),
    ] {
        let program = engine.compile(code, Form::Expression, Want::Any).unwrap();
        group.bench_function(name, |b| b.iter(|| program.eval(black_box(&exchange)).unwrap()));
    }
    group.bench_function("header comparison by hand", |b| {
        b.iter(|| {
            let e = black_box(&exchange);
            e.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case("X-Tier")).map_or("", |(_, v)| v.as_str()) == "gold"
        });
    });
    group.bench_function("path and method by hand", |b| {
        b.iter(|| {
            let e = black_box(&exchange);
            e.path.starts_with("/orders") && e.method == "GET"
        });
    });
    group.finish();
}

fn rhai(c: &mut Criterion) {
    let engine = rhai::Engine::new();
    let ast = engine.compile_expression(r#"path.starts_with("/orders") && method == "GET""#).unwrap();
    c.bench_function("expression/path and method in Rhai", |b| {
        let mut scope = rhai::Scope::new();
        scope.push("path", "/orders/v1/items/42".to_owned());
        scope.push("method", "GET".to_owned());
        b.iter(|| engine.eval_ast_with_scope::<bool>(&mut scope, &ast).unwrap());
    });
}

fn compilation(c: &mut Criterion) {
    let engine = engine();
    let mut group = c.benchmark_group("compile");
    for (name, code) in [
        ("header comparison", r#"context.Request.Headers.GetValueOrDefault("X-Tier", "") == "gold""#),
        (
            "interpolated",
            r#"$"{context.Request.Method} {context.Request.Url.Path}?{(string)context.Variables["user"]}""#,
        ),
        ("linq", r#"new[] { "a", "b" }.Where(x => x != "a").Select(x => x.ToUpper()).FirstOrDefault()"#),
    ] {
        group
            .bench_function(name, |b| b.iter(|| engine.compile(black_box(code), Form::Expression, Want::Any).unwrap()));
    }
    group.bench_function("engine start", |b| b.iter(|| Engine::new(Settings::default(), &[])));
    let constant = engine.compile("1 + 1", Form::Expression, Want::Any).unwrap();
    group.bench_function("evaluate a constant", |b| b.iter(|| constant.eval(&NoHost).unwrap()));
    group.finish();
}

criterion_group!(benches, evaluation, rhai, compilation);
criterion_main!(benches);
