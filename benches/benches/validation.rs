//! What `validate-content` costs for a JSON body of 1 KB, beside the same pipeline without it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is a measurement")]

use std::rc::Rc;
use std::sync::Arc;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_model::{Api, Decisions, Operation, PolicyText, Representation, Service};
use apimite_policies::registry;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::{CompiledService, compile_service};
use apimite_policy::env::{Call, CallError, Client, Env, Shared};
use apimite_policy::exchange::{Exchange, Request, Response};
use apimite_policy::languages::Languages;
use apimite_policy::target::Target;
use apimite_policy::url::Url;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use http::{HeaderValue, Method, StatusCode, header};

/// Nobody is called.
struct Nobody;

impl Client for Nobody {
    fn send<'a>(&'a self, _call: Call) -> LocalBoxFuture<'a, Result<Response, CallError>> {
        Box::pin(std::future::ready(Err(CallError::Timeout)))
    }
}

const SCHEMA: &str = r#"{"type": "object", "required": ["id", "lines"], "properties": {
    "id": {"type": "integer", "minimum": 1}, "customer": {"type": "string", "maxLength": 40},
    "lines": {"type": "array", "items": {"type": "object", "required": ["sku", "count"], "properties": {
        "sku": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"}, "count": {"type": "integer"}, "price": {"type": "number"}}}}}}"#;

fn compiled(policy: &str) -> CompiledService {
    let mut service = Service::new("contoso");
    let mut api = Api::new("api", "api", "http://backend.example");
    let mut operation = Operation::new("create", "POST", "/orders");
    operation.request_bodies.push(Representation {
        content_type: "application/json".into(),
        schema: Some(SCHEMA.into()),
        ..Representation::default()
    });
    api.operations.push(Arc::new(operation));
    let text = format!("<policies><inbound>{policy}</inbound><backend /><outbound /><on-error /></policies>");
    api.policy = Some(PolicyText::new("policy.xml", text));
    service.apis.push(Arc::new(api));
    match compile_service(Arc::new(service), registry(), &Languages::new(&Decisions::default())) {
        Ok((compiled, _)) => compiled,
        Err(refusals) => panic!("{refusals:?}"),
    }
}

/// An order of 1 KB.
fn order() -> String {
    let mut text = String::from("{\"id\": 7, \"customer\": \"Ada\", \"lines\": [");
    while text.len() < 1000 {
        text.push_str("{\"sku\": \"ABC-123\", \"count\": 2, \"price\": 9.5},");
    }
    text.pop();
    text.push_str("]}");
    text
}

fn run(compiled: &CompiledService, env: &Env, body: &str) -> StatusCode {
    let url = Url::parse("https://contoso.azure-api.net/api/orders").unwrap();
    let target = Arc::new(Target::parse("http://backend.example", None).unwrap());
    let relative = apimite_policy::url::path("/orders").unwrap();
    let mut request = Request::new(Method::POST, url, target, relative, "10.0.0.1".parse().unwrap());
    request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request.body = BodyCell::new(Body::text(body));
    let mut exchange = Exchange::new(Arc::clone(&compiled.service), request, uuid::Uuid::nil(), env.clock.clone());
    let api = compiled.apis.first().unwrap();
    exchange.api = Some(Arc::clone(&api.api));
    exchange.operation = api.api.operations.first().cloned();
    let pipeline = api.pipeline(exchange.operation.as_deref(), None);
    apimite_policy::run::run(pipeline, &mut exchange, env).now_or_never().unwrap();
    exchange.response.unwrap().status
}

fn validation(criterion: &mut Criterion) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let env = Env {
        clock: clock.clone(),
        counters: Counters::memory(),
        cache: Cache::new(clock, 1 << 20),
        client: Rc::new(Nobody),
        buffer_limit: 1 << 20,
        spawn: drop,
        shared: Shared::default(),
    };
    let body = order();
    let mut group = criterion.benchmark_group("validation");
    group.throughput(Throughput::Bytes(body.len() as u64));
    let none = compiled("");
    assert_eq!(run(&none, &env, &body), StatusCode::OK);
    group.bench_function("no policy", |bench| bench.iter(|| run(&none, &env, &body)));
    let content = compiled(
        "<validate-content unspecified-content-type-action=\"prevent\" max-size=\"102400\" size-exceeded-action=\"prevent\">\
         <content type=\"application/json\" validate-as=\"json\" action=\"prevent\" /></validate-content>",
    );
    assert_eq!(run(&content, &env, &body), StatusCode::OK);
    assert_eq!(run(&content, &env, "{\"id\": 0}"), StatusCode::BAD_REQUEST);
    group.bench_function("validate-content, JSON of 1 KB", |bench| bench.iter(|| run(&content, &env, &body)));
    group.finish();
}

criterion_group!(benches, validation);
criterion_main!(benches);
