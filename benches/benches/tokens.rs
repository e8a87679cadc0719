//! Token limits: the decision on its own, and what estimating a prompt adds per KB.

#![allow(clippy::unwrap_used, reason = "a benchmark may")]

use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_diag::Source;
use apimite_model::{Api, Decisions, Operation, PolicyText, Service};
use apimite_policies::registry;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::{CompiledService, compile_service};
use apimite_policy::env::{Call, CallError, Client, Env, Shared};
use apimite_policy::exchange::{Exchange, Request, Response};
use apimite_policy::languages::Languages;
use apimite_policy::url::{Url, path};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::LocalBoxFuture;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

/// A model that answers at once.
struct Model;

impl Client for Model {
    fn send<'a>(&'a self, _: Call) -> LocalBoxFuture<'a, Result<Response, CallError>> {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let answer = r#"{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}"#;
        let body = BodyCell::new(Body::text(answer));
        Box::pin(std::future::ready(Ok(Response { status: StatusCode::OK, reason: None, headers, body })))
    }
}

fn service(policy: &str) -> CompiledService {
    let mut api = Api::new("api", "api", "http://model.example");
    let mut operation = Operation::new("post", "POST", "/*");
    operation.name = "post".into();
    api.operations.push(Arc::new(operation));
    let text = format!(
        "<policies><inbound>{policy}</inbound><backend><forward-request /></backend><outbound /><on-error /></policies>"
    );
    api.policy = Some(PolicyText { source: Source::new("policy.xml", text) });
    let mut service = Service::new("bench");
    service.apis.push(Arc::new(api));
    let languages = Languages::new(&Decisions::default());
    compile_service(Arc::new(service), registry(), &languages).unwrap().0
}

fn call(compiled: &CompiledService, body: &str, env: &Env) {
    let api = compiled.apis.first().unwrap();
    let url = Url::parse("https://contoso.azure-api.net/api/chat").unwrap();
    let target = api.target.clone().unwrap();
    let mut request = Request::new(Method::POST, url, target, path("/chat").unwrap(), [127, 0, 0, 1].into());
    request.body = BodyCell::new(Body::text(body));
    let mut exchange = Exchange::new(compiled.service.clone(), request, uuid::Uuid::nil(), env.clock.clone());
    let operation = api.api.operations.first().cloned();
    let pipeline = api.pipeline(operation.as_deref(), None).clone();
    exchange.operation = operation;
    futures_util::FutureExt::now_or_never(apimite_policy::run::run(&pipeline, &mut exchange, env)).unwrap();
    assert_eq!(black_box(&exchange).response.as_ref().map(|response| response.status), Some(StatusCode::OK));
}

fn tokens(criterion: &mut Criterion) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_709_208_000));
    let env = Env {
        counters: Counters::memory(),
        cache: Cache::new(clock.clone(), 1 << 20),
        clock,
        client: Rc::new(Model),
        buffer_limit: 1 << 24,
        spawn: |_| {},
        shared: Shared::default(),
    };
    let limit = |estimate: bool| {
        service(&format!(
            "<llm-token-limit counter-key=\"k\" tokens-per-minute=\"4000000000\" estimate-prompt-tokens=\"{estimate}\" />"
        ))
    };
    let prompt = |bytes: usize| {
        let sentence = "The quick brown fox jumps over the lazy dog, and nobody knows why. ";
        let text: String = sentence.chars().cycle().take(bytes).collect();
        format!(r#"{{"model":"gpt-4o","messages":[{{"role":"user","content":"{text}"}}]}}"#)
    };
    let mut group = criterion.benchmark_group("tokens");
    let (without, told, estimated) = (service(""), limit(false), limit(true));
    group.bench_function("no limit", |bencher| bencher.iter(|| call(&without, &prompt(64), &env)));
    group.bench_function("limit by the usage of the answer", |bencher| bencher.iter(|| call(&told, &prompt(64), &env)));
    for kilobytes in [1, 16] {
        let body = prompt(kilobytes * 1024);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("limit with an estimate, {kilobytes} KB"), |bencher| {
            bencher.iter(|| call(&estimated, &body, &env));
        });
    }
    group.finish();
}

criterion_group!(benches, tokens);
criterion_main!(benches);
