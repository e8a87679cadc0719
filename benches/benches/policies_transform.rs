//! The transformation group: one exchange through a pipeline of one policy, backend in memory.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_diag::Source;
use apimite_model::{Api, Decisions, Operation, PolicyText, Service};
use apimite_policy::answer;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::{CompiledService, compile_service};
use apimite_policy::env::{Call, CallError, Client, Env, Shared};
use apimite_policy::exchange::{Exchange, Request, Response};
use apimite_policy::languages::Languages;
use apimite_policy::run::run;
use apimite_policy::url::Url;
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use http::{HeaderValue, Method, StatusCode};

/// Answers at once.
struct Backend;

impl Client for Backend {
    fn send<'a>(&'a self, _call: Call) -> LocalBoxFuture<'a, Result<Response, CallError>> {
        Box::pin(async { Ok(answer::empty(StatusCode::OK)) })
    }
}

struct World {
    compiled: CompiledService,
    env: Env,
    body: String,
    media: HeaderValue,
}

impl World {
    fn new(inbound: &str, media: &'static str, body: String) -> Option<Self> {
        let mut service = Service::new("contoso");
        let mut api = Api::new("api", "api", "http://backend.example/");
        api.operations.push(Arc::new(Operation::new("post", "POST", "/*")));
        let text = format!(
            "<policies><inbound>{inbound}</inbound><backend><forward-request/></backend><outbound/><on-error/></policies>"
        );
        api.policy = Some(PolicyText { source: Source::new("policy.xml", text) });
        service.apis.push(Arc::new(api));
        let languages = Languages::new(&Decisions::default());
        let (compiled, _) = compile_service(Arc::new(service), apimite_policies::registry(), &languages).ok()?;
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_709_208_000));
        let env = Env {
            clock: clock.clone(),
            counters: Counters::memory(),
            cache: Cache::new(clock, 1 << 20),
            client: Rc::new(Backend),
            buffer_limit: 1 << 24,
            spawn: |work| drop(work),
            shared: Shared::default(),
        };
        Some(Self { compiled, env, body, media: HeaderValue::from_static(media) })
    }

    /// One exchange; its status.
    fn call(&self) -> Option<StatusCode> {
        let api = self.compiled.apis.first()?;
        let url = Url::parse("https://contoso.azure-api.net/api/x").ok()?;
        let relative = http::uri::PathAndQuery::from_static("/x");
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let mut request = Request::new(Method::POST, url, api.target.clone()?, relative, ip);
        request.headers.insert(http::header::CONTENT_TYPE, self.media.clone());
        request.body = BodyCell::new(Body::text(self.body.clone()));
        let mut exchange =
            Exchange::new(self.compiled.service.clone(), request, uuid::Uuid::nil(), self.env.clock.clone());
        let pipeline = api.pipeline(api.api.operations.first().map(|one| &**one), None).clone();
        run(&pipeline, &mut exchange, &self.env).now_or_never()?;
        Some(exchange.response.as_ref()?.status)
    }
}

fn json(items: usize) -> String {
    let items: Vec<String> = (0..items)
        .map(|n| format!(r#"{{"id":{n},"name":"item {n}","at":"2024-02-29T12:00:00Z","tags":["a","b"]}}"#))
        .collect();
    format!(r#"{{"items":[{}]}}"#, items.join(","))
}

fn xml(items: usize) -> String {
    let items: String =
        (0..items).map(|n| format!("<item id=\"{n}\"><name>item {n}</name><tag>a</tag><tag>b</tag></item>")).collect();
    format!("<items>{items}</items>")
}

fn transform(criterion: &mut Criterion) {
    let liquid = r#"<set-body template="liquid">[{% JSONArrayFor i in body.items %}{"n": "{{i.name | Upcase}}", "id": {{i.id}}}{% endJSONArrayFor %}]</set-body>"#;
    let sheet = r#"<xsl-transform><xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
        <xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
        <xsl:template match="tag[1]"/></xsl:stylesheet></xsl-transform>"#;
    let to_json = r#"<xml-to-json kind="direct" apply="always" consider-accept-header="false"/>"#;
    let to_xml = r#"<json-to-xml apply="always" consider-accept-header="false"/>"#;
    let wait = r#"<wait for="all"><cache-lookup-value key="a" variable-name="a" default-value="1"/><cache-lookup-value key="b" variable-name="b" default-value="2"/></wait>"#;
    for (name, policy, media, body) in [
        ("liquid, 20 items of JSON", liquid, "application/json", json(20)),
        ("xsl-transform, 20 items", sheet, "text/xml", xml(20)),
        ("xml-to-json, 20 items", to_json, "text/xml", xml(20)),
        ("json-to-xml, 20 items", to_xml, "application/json", json(20)),
        ("wait, two lookups", wait, "text/plain", "x".to_owned()),
        ("no policy", "", "text/plain", "x".to_owned()),
    ] {
        let Some(world) = World::new(policy, media, body) else { continue };
        assert_eq!(world.call(), Some(StatusCode::OK), "{name}");
        criterion.bench_function(name, |bencher| bencher.iter(|| black_box(world.call())));
    }
}

criterion_group!(benches, transform);
criterion_main!(benches);
