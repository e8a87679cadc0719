//! Runs one case.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use apimite_cache::Cache;
use apimite_clock::{Clock, Timestamp};
use apimite_counters::Counters;
use apimite_diag::Source;
use apimite_import::{Files, Memory};
use apimite_model::{
    Api, Fragment, NamedValue, Operation, PolicyText, Product, ResponseShape, Secret, Service, Subscription,
    SubscriptionScope, Tier,
};
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::code::Compiler;
use apimite_policy::compile::{CompiledService, compile_service};
use apimite_policy::def::Registry;
use apimite_policy::env::{Env, Shared};
use apimite_policy::exchange::{Exchange, KeyUsed, PrivateEndpoint, Request};
use apimite_policy::fault::Fault;
use apimite_policy::run;
use apimite_policy::sinks;
use apimite_policy::url::Url;
use http::{Method, StatusCode};

use crate::client::{Backend, Behaviour};
use crate::message::Message;
use crate::page::{Block, Case};
use crate::route;
use crate::setup::pem;

/// Why a case failed: line in the page, and what was not met.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Line of the block.
    pub line: usize,
    /// What was not met.
    pub message: String,
}

/// The instant at which every case begins: 2024-02-29T12:00:00Z.
const START: Timestamp = Timestamp::from_unix_seconds(1_709_208_000);

/// A case while it runs.
pub(crate) struct World<'a> {
    pub(crate) service: Service,
    pub(crate) sections: [String; 4],
    pub(crate) document: Option<String>,
    files: Memory,
    pub(crate) product_sections: [String; 4],
    pub(crate) global_sections: Option<[String; 4]>,
    pub(crate) certificates: Vec<(String, Arc<[u8]>)>,
    pub(crate) compiled: Option<CompiledService>,
    registry: Registry,
    compiler: &'a dyn Compiler,
    clock: Clock,
    env: Env,
    backend: Rc<Backend>,
    pub(crate) responses: Vec<ResponseShape>,
    last: Option<Exchange>,
    body: String,
}

/// Runs a case over an in-memory gateway.
///
/// # Errors
/// The first block that was not met.
pub fn run_case(case: &Case, registry: Registry, compiler: &dyn Compiler, shared: &Shared) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure { line: 0, message: error.to_string() })?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let mut world = World::new(registry, compiler, shared.clone());
        for block in &case.blocks {
            world.block(block).await.map_err(|message| Failure { line: block.line, message })?;
        }
        Ok(())
    })
}

fn sections(all: &[String; 4], above: &str) -> String {
    let names = ["inbound", "backend", "outbound", "on-error"];
    let parts: Vec<String> =
        names
            .iter()
            .zip(all)
            .map(|(name, text)| {
                if text.is_empty() {
                    format!("<{name}>{above}</{name}>")
                } else {
                    format!("<{name}>\n{text}\n</{name}>")
                }
            })
            .collect();
    format!("<policies>\n{}\n</policies>", parts.join("\n"))
}

impl<'a> World<'a> {
    fn new(registry: Registry, compiler: &'a dyn Compiler, shared: Shared) -> Self {
        let clock = Clock::manual(START).with_auto_advance();
        let backend = Rc::new(Backend::default());
        let mut service = Service::new("contoso");
        let mut product = Product::new("starter");
        product.apis.push("api".into());
        service.products.insert("starter".into(), Arc::new(product));
        let mut subscription =
            Subscription::new("alice", SubscriptionScope::Product("starter".into()), "alice-key", "alice-key-2");
        subscription.created = START;
        service.subscriptions.insert("alice".into(), Arc::new(subscription));
        let env = Env {
            clock: clock.clone(),
            counters: Counters::memory(),
            cache: Cache::new(clock.clone(), 1 << 24),
            client: backend.clone(),
            buffer_limit: 1 << 24,
            spawn: |work| {
                tokio::task::spawn_local(work);
            },
            shared,
        };
        Self {
            service,
            sections: Default::default(),
            document: None,
            files: Memory::new(),
            product_sections: Default::default(),
            global_sections: None,
            certificates: Vec::new(),
            compiled: None,
            registry,
            compiler,
            clock,
            env,
            backend,
            responses: Vec::new(),
            last: None,
            body: String::new(),
        }
    }

    async fn block(&mut self, block: &Block) -> Result<(), String> {
        match block.kind.as_str() {
            "policy" => self.policy(block),
            "fragment" => {
                let id = block.words.first().ok_or("a fragment needs its id behind the fence")?;
                let policy = PolicyText::new(format!("fragment {id}"), block.text.as_str());
                let fragment = Fragment { id: id.as_str().into(), description: "".into(), policy };
                self.service.fragments.insert(id.as_str().into(), fragment);
                self.compiled = None;
                Ok(())
            }
            "named-values" => {
                for line in block.text.lines() {
                    let (name, value) = line.split_once('=').ok_or("a line is `name = value`")?;
                    let name: Box<str> = name.trim().into();
                    let value = Some(Secret::new(value.trim()));
                    let named = NamedValue { id: name.clone(), name: name.clone(), value, secret: false, source: None };
                    self.service.named_values.insert(name, named);
                }
                self.compiled = None;
                Ok(())
            }
            "tier" => {
                let wanted = block.words.first().ok_or("a tier needs its name behind the fence")?;
                let found = Tier::NAMES.into_iter().find(|(name, _)| name == wanted);
                self.service.tier = found.ok_or_else(|| format!("`{wanted}` is no tier"))?.1;
                self.compiled = None;
                Ok(())
            }
            "connection" => self.connection(block),
            "certificate" => self.certificate(block),
            "revocations" => {
                self.service.revocation_lists.push(pem(&block.text)?);
                self.compiled = None;
                Ok(())
            }
            "entity" => self.entity(block),
            "response" => self.response(block),
            "delivered" => self.delivered(block),
            "file" => {
                let path = block.words.first().ok_or("a file needs its path behind the fence")?;
                self.files = std::mem::take(&mut self.files).with(path, block.text.clone());
                self.compiled = None;
                Ok(())
            }
            "backend" => {
                let behaviour = if block.has("error") {
                    Behaviour::Error
                } else if block.has("timeout") {
                    Behaviour::Timeout
                } else {
                    Behaviour::Answer(Message::read(&block.text))
                };
                let (mut named, mut list) = (self.backend.named.borrow_mut(), self.backend.behaviour.borrow_mut());
                let list = match block.value("host") {
                    Some(host) => named.entry(host.to_owned()).or_default(),
                    None => &mut *list,
                };
                if !block.has("then") {
                    list.clear();
                }
                list.push(behaviour);
                Ok(())
            }
            "http" => self.http(block).await,
            "answer" => self.answer(block),
            "forwarded" => {
                let received = self.backend.received.borrow();
                let wanted: usize = block.value("call").map_or(Ok(received.len()), str::parse).unwrap_or(0);
                let last = received.get(wanted.wrapping_sub(1)).ok_or("the backend was not called")?;
                met(Message::read(&block.text).unmet(&last.line, &last.headers, &last.body))
            }
            "last-error" => self.last_error(block),
            "refused" => self.refused(block),
            other => Err(format!("`{other}` is no kind of block")),
        }
    }

    fn delivered(&self, block: &Block) -> Result<(), String> {
        let name = block.words.first().map_or("", String::as_str);
        let kind = sinks::Kind::from_name(name).ok_or(format!("`{name}` is no kind of sink"))?;
        let sinks = self.env.shared.get_or_make(sinks::Sinks::default);
        let found: Vec<String> = sinks
            .items(kind)
            .into_iter()
            .map(|item| {
                let mut json = item.json();
                if let Some(object) = json.as_object_mut() {
                    object.remove("sink");
                    object.remove("at");
                }
                json.to_string()
            })
            .collect();
        sinks.clear(kind);
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        let wanted: Vec<&str> = block.text.lines().filter(|line| !line.trim().is_empty()).collect();
        let same = wanted.len() == found.len() && wanted.iter().zip(&found).all(|(a, b)| json(a) == json(b));
        if same { Ok(()) } else { Err(format!("these were delivered:\n{}", found.join("\n"))) }
    }

    fn compile(&mut self) -> Result<(), apimite_diag::Diagnostics> {
        let mut service = self.service.clone();
        let mut api = Api::new("api", "api", "http://backend.example/base");
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"] {
            let mut operation = Operation::new(&method.to_lowercase(), method, "/*");
            operation.name = method.into();
            operation.responses.clone_from(&self.responses);
            api.operations.push(Arc::new(operation));
        }
        if !self.files.paths().is_empty() {
            let given_api = self.files.paths().iter().any(|path| path.starts_with("apis/api/"));
            let information = "apis/api/apiInformation.json";
            let files = if self.files.read(information).is_ok() {
                self.files.clone()
            } else {
                self.files.clone().with(information, r#"{"properties": {"path": "api"}}"#)
            };
            let imported = apimite_import::import(&files, &|_| None);
            if imported.diagnostics.has_errors() {
                return Err(imported.diagnostics);
            }
            service.backends.extend(imported.service.backends);
            service.schemas.extend(imported.service.schemas);
            if let Some(given) = imported.service.apis.into_iter().find(|given| given_api && *given.id == *api.id) {
                let url = std::mem::take(&mut api.service_url);
                api = Api { service_url: url, ..Api::clone(&given) };
            }
        }
        let text = self.document.clone().unwrap_or_else(|| sections(&self.sections, "<base/>"));
        if let Some(global) = &self.global_sections {
            let text = sections(global, "").replace("<backend></backend>", "<backend><forward-request/></backend>");
            service.policy = Some(PolicyText { source: Source::new("global.xml", text) });
        }
        api.policy = Some(PolicyText { source: Source::new("policy.xml", text) });
        service.apis.push(Arc::new(api));
        if let Some(product) = service.products.get_mut("starter") {
            Arc::make_mut(product).policy =
                Some(PolicyText { source: Source::new("product.xml", sections(&self.product_sections, "<base/>")) });
        }
        let (compiled, _) = compile_service(Arc::new(service), self.registry, self.compiler)?;
        self.compiled = Some(compiled);
        Ok(())
    }

    async fn http(&mut self, block: &Block) -> Result<(), String> {
        if self.compiled.is_none() {
            self.compile().map_err(|refusals| {
                let all: Vec<String> = refusals.0.iter().map(|refusal| refusal.render()).collect();
                format!("the policy is refused:\n{}", all.join("\n"))
            })?;
        }
        if let Some(after) = block.value("after") {
            let (number, unit) = after.split_at(after.len().saturating_sub(1));
            let number: f64 = number.parse().map_err(|_| format!("`{after}` is no length of time"))?;
            let factor = match unit {
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                _ => return Err(format!("`{after}` is no length of time")),
            };
            self.clock.advance(Duration::from_secs_f64(number * factor));
        }
        let times: u32 =
            block.value("times").map_or(Ok(1), str::parse).map_err(|_| "`times` is a number".to_owned())?;
        for _ in 0..times {
            self.request(block).await?;
        }
        Ok(())
    }

    async fn request(&mut self, block: &Block) -> Result<(), String> {
        let compiled = self.compiled.as_ref().ok_or("nothing is compiled")?;
        let api = compiled.apis.first().ok_or("there is no API")?;
        let message = Message::read(&block.text);
        let (method, target) = message.first.split_once(' ').unwrap_or((&message.first, "/"));
        let method = Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
        let suffix = if block.has("unrouted") { "" } else { "/api" };
        let original =
            Url::parse(&format!("https://contoso.azure-api.net{suffix}{target}")).map_err(|e| e.to_string())?;
        let relative = apimite_policy::url::path(target).ok_or("the first line is `METHOD /path`")?;
        let ip: IpAddr =
            block.value("ip").unwrap_or("203.0.113.7").parse().map_err(|_| "`ip` is an address".to_owned())?;
        let backend = api.target.clone().ok_or("the API has no backend")?;
        let found = route::find(&api.api.operations, method.as_str(), relative.as_str());
        let (operation, matched) = found.ok_or("no operation of the API fits the request")?;
        let operation = Some(operation);
        let mut request = Request::new(method, original, backend, relative, ip);
        request.matched = matched;
        request.headers = message.map();
        request.body = BodyCell::new(message.body.clone().map_or(Body::None, Body::text));
        request.private_endpoint = block.value("from").map(|name| {
            Arc::new(PrivateEndpoint {
                name: name.into(),
                group_id: "Gateway".into(),
                member_name: "Gateway".into(),
                link_id: 1,
            })
        });
        if let Some(name) = block.value("certificate") {
            let found = self.certificates.iter().find(|(known, _)| known == name);
            request.certificate = Some(found.ok_or(format!("there is no certificate `{name}`"))?.1.clone());
        }
        let id = uuid::Uuid::from_u128(0x1111_1111_2222_3333_4444_5555_5555_5555);
        let mut exchange = Exchange::new(compiled.service.clone(), request, id, self.clock.clone());
        exchange.api = Some(api.api.clone());
        exchange.resolvers.clone_from(&api.resolvers);
        exchange.operation = operation.clone();
        if block.value("key") != Some("none") {
            let subscription = compiled.service.subscriptions.get("alice").cloned();
            exchange.caller.subscription = subscription.map(|subscription| (subscription, KeyUsed::Primary));
            exchange.caller.product = compiled.service.products.get("starter").cloned();
        }
        if block.has("trace") {
            exchange.trace = Some(Box::new(apimite_trace::Trace::new("trace", "contoso", self.clock.now())));
        }
        if block.has("unrouted") {
            let text = "Unable to match incoming request to an operation.";
            let fault = Fault::refused(StatusCode::NOT_FOUND, "OperationNotFound", text).source("configuration");
            exchange.api = None;
            exchange.operation = None;
            run::run_unrouted(&compiled.global, fault, &mut exchange, &self.env).await;
        } else {
            let product = exchange.caller.product.as_ref().map(|product| product.id.clone());
            let pipeline = api.pipeline(operation.as_deref(), product.as_deref()).clone();
            run::run(&pipeline, &mut exchange, &self.env).await;
        }
        let mut sent = 0;
        if let Some(response) = &exchange.response {
            response.body.buffer(u64::MAX).await.map_err(|error| error.to_string())?;
            let bytes = response.body.bytes().unwrap_or_default();
            sent = bytes.len() as u64;
            self.body = String::from_utf8_lossy(&bytes).into_owned();
        }
        let received = message.body.map_or(0, |body| body.len() as u64);
        for work in std::mem::take(&mut exchange.on_transfer) {
            work(sent + received, &self.env);
        }
        tokio::task::yield_now().await;
        self.last = Some(exchange);
        Ok(())
    }

    fn answer(&self, block: &Block) -> Result<(), String> {
        let exchange = self.last.as_ref().ok_or("no request was sent")?;
        let response = exchange.response.as_ref().ok_or("there is no response")?;
        let first = format!("{} {}", response.status.as_u16(), response.reason_phrase());
        met(Message::read(&block.text).unmet(first.trim(), &response.headers, &self.body))
    }

    fn last_error(&self, block: &Block) -> Result<(), String> {
        let exchange = self.last.as_ref().ok_or("no request was sent")?;
        let error = exchange.last_error.as_ref().ok_or("there is no LastError")?;
        for line in block.text.lines() {
            let (name, wanted) = line.split_once(':').ok_or("a line is `Name: value`")?;
            let found: &str = match name.trim() {
                "Source" => &error.source,
                "Reason" => &error.reason,
                "Message" => &error.message,
                "Scope" => &error.scope,
                "Section" => &error.section,
                "Path" => &error.path,
                "PolicyId" => &error.policy_id,
                other => return Err(format!("`{other}` is no member of LastError")),
            };
            if found != wanted.trim() {
                return Err(format!("expected {line}, got `{found}`"));
            }
        }
        Ok(())
    }

    fn refused(&mut self, block: &Block) -> Result<(), String> {
        let Err(refusals) = self.compile() else { return Err("the policy is accepted".to_owned()) };
        let all: Vec<String> = refusals.0.iter().map(|refusal| refusal.render()).collect();
        let all = all.join("\n");
        for line in block.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if !all.contains(line) {
                return Err(format!("no refusal says `{line}`; they are:\n{all}"));
            }
        }
        self.compiled = None;
        Ok(())
    }
}

fn met(unmet: Vec<String>) -> Result<(), String> {
    if unmet.is_empty() { Ok(()) } else { Err(unmet.join("\n")) }
}
