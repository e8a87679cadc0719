//! What an expression costs over the gateway's own `context`: C#, the same in Rhai, and the same in Rust by hand.
//!
//! Aims: header comparison 100 ns, path and method 80 ns, concatenation 150 ns, variable and cast 40 ns, claim 150 ns, three look-ups in
//! 1 KB of JSON 6 µs, LINQ over ten 1 µs; ten times faster than Rhai but for regex and JSON. Compiling: 60 µs for the median real
//! expression, one second for all of them (set `APIMITE_SHARED` to the folder of the corpus).

#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a bench")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use apimite_clock::{Clock, Timestamp};
use apimite_document::{Form as Written, Language, Limits, Node};
use apimite_expr::{Engine, Form, NoHost, Program, Settings, Value, Want};
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::context::{CONTEXT, types};
use apimite_policy::exchange::{Exchange, Request};
use apimite_policy::target::Target;
use apimite_policy::url::Url;
use apimite_script::{Budget, Form as ScriptForm, Scripts};
use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderName, HeaderValue, Method};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TOKEN: &str = r#"("e30." + Convert.ToBase64String(Encoding.UTF8.GetBytes("{\"sub\":\"ann\",\"tid\":\"t-1\",\"roles\":[\"reader\",\"writer\"],\"iss\":\"https://sts.example.net/\",\"aud\":\"api\",\"exp\":1700000000}")).TrimEnd('=') + ".e30").AsJwt()"#;

/// An order of about 1 KB.
fn order() -> String {
    let lines: Vec<String> = (0..8)
        .map(|n| format!("{{\"sku\":\"A-{n:04}\",\"name\":\"Bolt, hexagonal, {n} mm\",\"qty\":{n},\"price\":{n}.99,\"gift\":false}}"))
        .collect();
    format!(
        "{{\"orderId\":1001,\"placedAt\":\"2024-02-29T12:34:56Z\",\"customer\":{{\"name\":\"Zoë Example\",\"email\":\"zoe@example.com\",\
         \"vip\":true,\"discount\":null}},\"lines\":[{}],\"tags\":[\"new\",\"web\"],\"total\":124.98,\
         \"notes\":\"Leave the parcel at the door, please; the bell is broken since last week.\",\"status\":\"open\"}}",
        lines.join(",")
    )
}

fn engine() -> Engine {
    Engine::new(
        Settings { lenient: true, context: Some(&CONTEXT), ..Settings::default() },
        &types(&apimite_model::Decisions::default()),
    )
}

fn exchange(engine: &Engine) -> Exchange {
    let url = Url::parse("https://gw.example.net/orders/v1/items/42").unwrap();
    let target = Arc::new(Target::origin(&url));
    let ip = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    let mut request = Request::new(Method::GET, url.clone(), target, url.path_and_query, ip);
    for (name, value) in [
        ("host", "gw.example.net"),
        ("accept", "application/json"),
        ("x-tier", "gold"),
        ("user-agent", "curl/8"),
        ("content-type", "application/json"),
    ] {
        request.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    request.body = BodyCell::new(Body::Bytes(order().into()));
    let service = Arc::new(apimite_model::Service::new("bench"));
    let mut exchange = Exchange::new(service, request, uuid::Uuid::nil(), Clock::manual(Timestamp(0)));
    let token = engine.compile(TOKEN, Form::Expression, Want::Any).unwrap().eval(&NoHost).unwrap();
    exchange.variables.set(&Arc::from("count"), Value::Int(5));
    exchange.variables.set(&Arc::from("jwt"), token);
    exchange
}

/// Name, the wanted kind, C#, Rhai.
const CASES: [(&str, Want, &str, &str); 9] = [
    (
        "header comparison",
        Want::Bool,
        r#"context.Request.Headers.GetValueOrDefault("X-Tier", "") == "gold""#,
        r#"context.request.headers.get_value_or_default("X-Tier", "") == "gold""#,
    ),
    (
        "path and method",
        Want::Bool,
        r#"context.Request.Url.Path.StartsWith("/orders") && context.Request.Method == "GET""#,
        r#"context.request.url.path.starts_with("/orders") && context.request.method == "GET""#,
    ),
    (
        "concat of three",
        Want::Any,
        r#"context.Request.Method + " " + context.Request.Url.Path"#,
        r#"context.request.method + " " + context.request.url.path"#,
    ),
    ("variable and cast", Want::Any, r#"(int)context.Variables["count"]"#, r#"context.variables["count"]"#),
    (
        "claim",
        Want::Any,
        r#"((Jwt)context.Variables["jwt"]).Claims.GetValueOrDefault("tid", "")"#,
        r#"context.variables["jwt"].claims.get_value_or_default("tid", "")"#,
    ),
    (
        "claim compared",
        Want::Bool,
        r#"((Jwt)context.Variables["jwt"]).Claims["tid"][0] == "t-1""#,
        r#"context.variables["jwt"].claims["tid"][0] == "t-1""#,
    ),
    (
        "linq over ten",
        Want::Any,
        "Enumerable.Range(0, 10).Where(x => x % 2 == 0).Select(x => x * 3).Sum()",
        "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter(|x| x % 2 == 0).map(|x| x * 3).reduce(|a, b| a + b, 0)",
    ),
    (
        "json, three look-ups",
        Want::Bool,
        r#"var b = context.Request.Body.As<JObject>(true); return (string)b["status"] == "open" && (string)b["customer"]["email"] != null;"#,
        r#"let b = context.request.body.as_json(true); b.status == "open" && b.customer.email != ()"#,
    ),
    (
        "regex",
        Want::Bool,
        r#"Regex.IsMatch(context.Request.Url.Path, "^/orders/v[0-9]+/")"#,
        r#"context.request.url.path.len() > 3"#,
    ),
];

fn evaluation(c: &mut Criterion) {
    let engine = engine();
    let exchange = exchange(&engine);
    let scripts = Scripts::new(&engine, Budget::default());
    for (name, want, csharp, rhai) in CASES {
        let mut group = c.benchmark_group(format!("expression/{name}"));
        let form = if csharp.starts_with("var ") { Form::Block } else { Form::Expression };
        let program = engine.compile(csharp, form, want).unwrap();
        match want {
            Want::Bool => {
                group.bench_function("csharp", |b| b.iter(|| program.eval_bool(black_box(&exchange)).unwrap()))
            }
            _ => group.bench_function("csharp", |b| b.iter(|| program.eval(black_box(&exchange)).unwrap())),
        };
        if name != "regex" {
            let script = scripts.compile(ScriptForm::Block, rhai).unwrap();
            group.bench_function("rhai", |b| b.iter(|| script.eval(black_box(&exchange)).unwrap()));
        }
        by_hand(&mut group, name, &exchange);
        group.finish();
    }
}

fn by_hand(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    name: &str,
    exchange: &Exchange,
) {
    let body = order();
    let regex = regex::Regex::new("^/orders/v[0-9]+/").unwrap();
    match name {
        "header comparison" => group.bench_function("hand", |b| {
            b.iter(|| black_box(exchange).request.headers.get("x-tier").is_some_and(|value| value == "gold"));
        }),
        "path and method" => group.bench_function("hand", |b| {
            b.iter(|| {
                let request = &black_box(exchange).request;
                request.url().path().starts_with("/orders") && request.method == Method::GET
            });
        }),
        "concat of three" => group.bench_function("hand", |b| {
            b.iter(|| {
                let request = &black_box(exchange).request;
                [request.method.as_str(), " ", request.url().path()].concat()
            });
        }),
        "variable and cast" => group.bench_function("hand", |b| {
            b.iter(|| black_box(exchange).variables.get("count").map(Value::as_int));
        }),
        "linq over ten" => group.bench_function("hand", |b| {
            b.iter(|| (0..black_box(10)).filter(|x| x % 2 == 0).map(|x| x * 3).sum::<i32>());
        }),
        "json, three look-ups" => group.bench_function("hand (serde_json)", |b| {
            b.iter(|| {
                let value: serde_json::Value = serde_json::from_str(black_box(&body)).unwrap();
                value["status"] == "open" && value["customer"]["email"].is_string()
            });
        }),
        "regex" => group.bench_function("hand (regex)", |b| {
            b.iter(|| regex.is_match(black_box(exchange).request.url().path()));
        }),
        _ => group,
    };
}

fn compilation(c: &mut Criterion) {
    let engine = engine();
    let mut group = c.benchmark_group("compile");
    for (name, code) in [
        ("header comparison", CASES[0].2),
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
    group.finish();
    if let Ok(shared) = std::env::var("APIMITE_SHARED") {
        corpus(&engine, &Path::new(&shared).join("corpus"));
    }
}

/// Every real expression: all of them, and the median.
fn corpus(engine: &Engine, folder: &Path) {
    let Ok(index) = std::fs::read_to_string(folder.join("INDEX.tsv")) else { return };
    let mut codes = Vec::new();
    for file in index.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let mut document = apimite_document::read_bytes(file, &bytes, Limits::CLASSIC.snippet());
        apimite_document::substitute(&mut document, &|_| Some("1".to_owned()), &|_| true);
        let mut waiting: Vec<_> = document.elements().cloned().collect();
        while let Some(element) = waiting.pop() {
            let values = element.attributes.iter().map(|attribute| attribute.value.clone()).chain([element.text()]);
            for island in values.filter_map(|value| value.expression().map(|i| (i.language, i.form, i.code.to_owned())))
            {
                if island.0 == Language::CSharp {
                    codes.push((if island.1 == Written::Block { Form::Block } else { Form::Expression }, island.2));
                }
            }
            waiting.extend(element.children.iter().filter_map(|child| match child {
                Node::Element(child) => Some(child.clone()),
                _ => None,
            }));
        }
    }
    let compiled = |(form, code): &(Form, String)| -> Option<Program> { engine.compile(code, *form, Want::Any).ok() };
    let mut best = vec![f64::MAX; codes.len()];
    for _ in 0..8 {
        for (code, best) in codes.iter().zip(&mut best) {
            let start = Instant::now();
            black_box(compiled(code));
            *best = best.min(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    let all: f64 = best.iter().sum();
    let accepted = codes.iter().filter(|code| compiled(code).is_some()).count();
    best.sort_by(f64::total_cmp);
    println!(
        "compile/corpus: {} expressions, {accepted} compile; {:.1} ms together, median {:.1} µs, slowest {:.0} µs",
        codes.len(),
        all / 1000.0,
        best[codes.len() / 2],
        best[codes.len() - 1]
    );
}

criterion_group!(benches, evaluation, compilation);
criterion_main!(benches);
