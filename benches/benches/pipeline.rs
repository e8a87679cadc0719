//! Pipeline: what an effective policy costs each request, without sockets; and what compiling a service costs at start.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_model::{Api, Operation, PolicyText, Service};
use apimite_policies::registry;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::{CompiledService, compile_service};
use apimite_policy::env::{Call, CallError, Client, Env, Shared};
use apimite_policy::exchange::{Exchange, Request, Response};
use apimite_policy::languages::Languages;
use apimite_policy::run;
use apimite_policy::target::Target;
use apimite_policy::url::{Url, path};
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::future::LocalBoxFuture;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Answers every call at once with 1 KB.
struct Instant;

impl Client for Instant {
    fn send<'a>(&'a self, _call: Call) -> LocalBoxFuture<'a, Result<Response, CallError>> {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("x-powered-by", HeaderValue::from_static("backend"));
        let body = BodyCell::new(Body::Bytes([b'x'; 1024].as_slice().into()));
        Box::pin(std::future::ready(Ok(Response { status: StatusCode::OK, reason: None, headers, body })))
    }
}

fn env(clock: &Clock) -> Env {
    Env {
        clock: clock.clone(),
        counters: Counters::memory(),
        cache: Cache::new(clock.clone(), 1 << 20),
        client: Rc::new(Instant),
        buffer_limit: 1 << 20,
        spawn: drop,
        shared: Shared::default(),
    }
}

fn service(apis: usize, inbound: &str, outbound: &str) -> Service {
    let mut service = Service::new("bench");
    for number in 0..apis {
        let mut api = Api::new(&format!("api-{number}"), &format!("api-{number}"), "http://backend");
        for operation in 0..10 {
            api.operations.push(Arc::new(Operation::new(
                &format!("op-{operation}"),
                "GET",
                &format!("/{operation}/{{id}}"),
            )));
        }
        api.policy = Some(PolicyText::new(
            format!("api-{number}.xml"),
            format!(
                "<policies><inbound><base/>{inbound}</inbound><backend><base/></backend><outbound><base/>{outbound}</outbound><on-error/></policies>"
            ),
        ));
        service.apis.push(Arc::new(api));
    }
    service.policy = Some(PolicyText::new(
        "global.xml",
        "<policies><inbound/><backend><forward-request/></backend><outbound/><on-error/></policies>",
    ));
    service
}

fn compiled(service: Service) -> Option<CompiledService> {
    let languages = Languages::new(&service.decisions);
    compile_service(Arc::new(service), registry(), &languages).ok().map(|(compiled, _)| compiled)
}

/// One request through the pipeline of the first operation.
fn once(compiled: &CompiledService, target: &Arc<Target>, env: &Env) -> StatusCode {
    let Some(api) = compiled.apis.first() else { return StatusCode::NOT_FOUND };
    let (Ok(url), Some(relative)) = (Url::parse("https://bench.test/api-0/0/7?q=1"), path("/0/7?q=1")) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut request = Request::new(Method::GET, url, target.clone(), relative, IpAddr::V4(Ipv4Addr::LOCALHOST));
    request.headers.insert("x-client-id", HeaderValue::from_static("client-7"));
    let mut exchange = Exchange::new(compiled.service.clone(), request, uuid::Uuid::nil(), env.clock.clone());
    exchange.api = Some(api.api.clone());
    exchange.operation = api.api.operations.first().cloned();
    let pipeline = api.pipeline(exchange.operation.as_deref(), None);
    futures_util::FutureExt::now_or_never(run::run(pipeline, &mut exchange, env));
    exchange.response.map_or(StatusCode::INTERNAL_SERVER_ERROR, |response| response.status)
}

fn pipeline(criterion: &mut Criterion) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_790_000_000));
    let env = env(&clock);
    let Ok(target) = Target::parse("http://backend", None).map(Arc::new) else { return };
    let mut group = criterion.benchmark_group("pipeline/run");
    for (name, inbound, outbound) in [
        ("forward-request alone", "", ""),
        (
            "the policy scenario of the gateway bench",
            "<rate-limit-by-key calls=\"1000000000\" renewal-period=\"60\" counter-key=\"@(context.Request.Headers.GetValueOrDefault(&quot;X-Client-Id&quot;,&quot;&quot;))\"/>\
             <set-header name=\"X-Client\" exists-action=\"override\"><value>@(context.Request.Headers.GetValueOrDefault(\"X-Client-Id\",\"\"))</value></set-header>\
             <set-header name=\"Ocp-Apim-Subscription-Key\" exists-action=\"delete\"/>",
            "<set-header name=\"X-Powered-By\" exists-action=\"delete\"/>\
             <set-header name=\"X-Gateway\" exists-action=\"override\"><value>bench</value></set-header>",
        ),
        (
            "variables, choose and return-response",
            "<set-variable name=\"n\" value=\"@(context.Request.Url.Query.GetValueOrDefault(&quot;q&quot;,&quot;0&quot;))\"/>\
             <choose><when condition=\"@((string)context.Variables[&quot;n&quot;] == &quot;2&quot;)\"><set-status code=\"500\" reason=\"no\"/></when>\
             <otherwise><return-response><set-status code=\"200\" reason=\"OK\"/><set-body>@(\"n=\" + context.Variables[\"n\"])</set-body></return-response></otherwise></choose>",
            "",
        ),
    ] {
        let compiled = compiled(service(1, inbound, outbound));
        assert!(compiled.is_some(), "{name}: the policies are refused");
        let Some(compiled) = compiled else { continue };
        assert_eq!(once(&compiled, &target, &env), StatusCode::OK, "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| black_box(once(&compiled, &target, &env))));
    }
    group.finish();
    let mut group = criterion.benchmark_group("pipeline/compile");
    group.sample_size(10);
    for apis in [10, 100, 1_000] {
        let inbound = "<set-header name=\"X-Api\" exists-action=\"override\"><value>@(context.Api.Id + \"/\" + context.Operation.Id)</value></set-header>";
        group.bench_function(format!("{apis} APIs with a policy of their own"), |bencher| {
            bencher.iter_with_setup(|| service(apis, inbound, ""), |service| black_box(compiled(service)));
        });
    }
    group.finish();
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
