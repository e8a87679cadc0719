//! What runs at the same time: the children of `wait`, and callers of one `cache-value`.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_diag::Source;
use apimite_model::{Api, Decisions, Operation, PolicyText, Service};
use apimite_policy::answer;
use apimite_policy::body::Body;
use apimite_policy::compile::{CompiledService, compile_service};
use apimite_policy::env::{Call, CallError, Client, Env, Shared};
use apimite_policy::exchange::{Exchange, Request, Response};
use apimite_policy::languages::Languages;
use apimite_policy::run::run;
use apimite_policy::url::Url;
use futures_util::future::{LocalBoxFuture, join};
use http::{Method, StatusCode};

/// Holds every call until as many as it waits for are there; `/never` is never answered, `/now` at once.
#[derive(Default)]
struct Together {
    wanted: usize,
    inside: Cell<usize>,
    most: Cell<usize>,
    calls: RefCell<Vec<String>>,
}

impl Client for Together {
    fn send<'a>(&'a self, call: Call) -> LocalBoxFuture<'a, Result<Response, CallError>> {
        Box::pin(async move {
            let path = call.url.path().to_owned();
            self.calls.borrow_mut().push(path.clone());
            self.inside.set(self.inside.get() + 1);
            self.most.set(self.most.get().max(self.inside.get()));
            while path != "/now" && (path == "/never" || self.most.get() < self.wanted) {
                tokio::task::yield_now().await;
            }
            self.inside.set(self.inside.get() - 1);
            let response = answer::empty(StatusCode::OK);
            response.body.set(Body::text(path));
            Ok(response)
        })
    }
}

fn compiled(inbound: &str) -> CompiledService {
    let mut service = Service::new("contoso");
    let mut api = Api::new("api", "api", "http://backend.example/");
    api.operations.push(Arc::new(Operation::new("get", "GET", "/*")));
    let text = format!("<policies><inbound>{inbound}</inbound><backend/><outbound/><on-error/></policies>");
    api.policy = Some(PolicyText { source: Source::new("policy.xml", text) });
    service.apis.push(Arc::new(api));
    let languages = Languages::new(&Decisions::default());
    compile_service(Arc::new(service), apimite_policies::registry(), &languages).unwrap().0
}

struct World {
    compiled: CompiledService,
    env: Env,
    client: Rc<Together>,
}

impl World {
    fn new(wanted: usize, inbound: &str) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_709_208_000)).with_auto_advance();
        let client = Rc::new(Together { wanted, ..Together::default() });
        let env = Env {
            clock: clock.clone(),
            counters: Counters::memory(),
            cache: Cache::new(clock, 1 << 20),
            client: client.clone(),
            buffer_limit: 1 << 20,
            spawn: |work| {
                tokio::task::spawn_local(work);
            },
            shared: Shared::default(),
        };
        Self { compiled: compiled(inbound), env, client }
    }

    async fn call(&self) -> String {
        let api = &self.compiled.apis[0];
        let url = Url::parse("https://contoso.azure-api.net/api/x").unwrap();
        let relative = http::uri::PathAndQuery::from_static("/x");
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let request = Request::new(Method::GET, url, api.target.clone().unwrap(), relative, ip);
        let mut exchange =
            Exchange::new(self.compiled.service.clone(), request, uuid::Uuid::nil(), self.env.clock.clone());
        let pipeline = api.pipeline(api.api.operations.first().map(|operation| &**operation), None).clone();
        run(&pipeline, &mut exchange, &self.env).await;
        let response = exchange.response.as_ref().unwrap();
        let text = String::from_utf8_lossy(&response.body.bytes().unwrap_or_default()).into_owned();
        format!("{} {text}", response.status.as_u16())
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

#[test]
fn the_children_of_wait_run_at_the_same_time() {
    let world = World::new(
        2,
        r#"<wait for="all">
            <send-request mode="new" response-variable-name="a"><set-url>http://b.example/a</set-url></send-request>
            <choose><when condition="true">
                <send-request mode="new" response-variable-name="b"><set-url>http://b.example/b</set-url></send-request>
            </when></choose>
        </wait>
        <return-response><set-body>@(((IResponse)context.Variables["a"]).Body.As<string>() + ((IResponse)context.Variables["b"]).Body.As<string>())</set-body></return-response>"#,
    );
    assert_eq!(block_on(world.call()), "200 /a/b");
    assert_eq!(world.client.most.get(), 2);
}

#[test]
fn the_first_child_that_is_done_ends_the_others() {
    let world = World::new(
        1,
        r#"<wait for="any">
            <send-request mode="new" response-variable-name="a"><set-url>http://b.example/never</set-url></send-request>
            <send-request mode="new" response-variable-name="b"><set-url>http://b.example/now</set-url></send-request>
        </wait>
        <return-response><set-body>@(context.Variables.ContainsKey("a") + " " + ((IResponse)context.Variables["b"]).Body.As<string>())</set-body></return-response>"#,
    );
    assert_eq!(block_on(world.call()), "200 False /now");
    assert_eq!(*world.client.calls.borrow(), ["/never", "/now"]);
}

#[test]
fn callers_of_one_cache_value_wait_for_the_one_that_makes_it() {
    let world = World::new(
        1,
        r#"<cache-value key="k" variable-name="v" expires-after="60"><value>
            <send-request mode="new" response-variable-name="r"><set-url>http://b.example/made</set-url></send-request>
            <set-variable name="v" value="@(((IResponse)context.Variables["r"]).Body.As<string>())" />
        </value></cache-value>
        <return-response><set-body>@((string)context.Variables["v"])</set-body></return-response>"#,
    );
    let answers = block_on(join(world.call(), join(world.call(), world.call())));
    assert_eq!(answers, ("200 /made".to_owned(), ("200 /made".to_owned(), "200 /made".to_owned())));
    assert_eq!(world.client.calls.borrow().len(), 1);
}
