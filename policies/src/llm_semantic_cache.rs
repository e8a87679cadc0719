//! `llm-semantic-cache-lookup` and `-store` with their Azure OpenAI siblings: answers kept by the meaning of their prompts.
//!
//! The prompt becomes a vector by a call to the embeddings backend; a kept answer is close enough when one minus the cosine of
//! the angle between both vectors is at most `score-threshold`. A hit skips the rest of inbound and the backend, and goes on
//! behind the store policy in outbound.
//!
//! What no source settles: answers are kept apart by API and path besides `vary-by`; an embeddings backend that fails is a miss;
//! requests for a stream are neither looked up nor kept.
//!
//! Source: semantic cache policy references.

use std::sync::Arc;

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::body::{Body, BodyCell};
use apimite_policy::compile::Compile;
use apimite_policy::def::{
    Attr, Child, Content, Expressions, Gateways, Kind, Occurs, PolicyDef, Refused, Scopes, Sections,
};
use apimite_policy::env::Env;
use apimite_policy::exchange::{Exchange, Response};
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Io, Needs, StepKind};
use futures_util::future::LocalBoxFuture;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};

use crate::authentication_managed_identity::issue;
use crate::backend::{Service, secret};
use crate::cache_responses::Keep;
use crate::llm::report::answered_from_cache;
use crate::llm::vectors::{Kept, Vectors, unit};
use crate::llm::watch::{self, whole};
use crate::token_issuer::SYSTEM_IDENTITY;

const SCOPES: Scopes = Scopes::GLOBAL.and(Scopes::PRODUCT).and(Scopes::API).and(Scopes::OPERATION);

const LOOKUP: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    scopes: SCOPES,
    gateways: Gateways::ALL.without(Gateways::WORKSPACE),
    occurs: Occurs::OncePerSection,
    attributes: &[
        Attr::new("score-threshold", Kind::Number).required().literal(),
        Attr::new("embeddings-backend-id", Kind::Text).required().literal(),
        Attr::new("embeddings-backend-auth", Kind::OneOf(&["system-assigned", "header"]))
            .default("system-assigned")
            .literal(),
        Attr::new("ignore-system-messages", Kind::Bool).default("false").literal(),
        Attr::new("max-message-count", Kind::Int(0, i64::MAX)).literal(),
        Attr::new("cache-id", Kind::Text)
            .literal()
            .differs("names a part of the one cache in memory; no external cache with vectors is used"),
    ],
    content: Content::Elements {
        children: &[Child::many("vary-by", &[], Content::Text(Kind::Text, Expressions::Allowed))],
        ordered: false,
    },
    differences: &[
        "vectors and answers are kept in memory, at most 2000 and 64 MB of them; a restart forgets them",
        "requests for a stream are neither looked up nor kept",
    ],
    ..PolicyDef::new(
        "llm-semantic-cache-lookup",
        "Answers with what was answered to a prompt of like meaning.",
        compile_lookup,
    )
};

const STORE: PolicyDef = PolicyDef {
    sections: Sections::OUTBOUND,
    scopes: SCOPES,
    gateways: Gateways::ALL.without(Gateways::WORKSPACE),
    occurs: Occurs::OncePerSection,
    attributes: &[Attr::new("duration", Kind::Seconds).required(), Attr::new("cache-response", Kind::Bool)],
    ..PolicyDef::new("llm-semantic-cache-store", "Keeps the answer for prompts of like meaning.", compile_store)
};

/// `llm-semantic-cache-lookup`
pub static LLM_LOOKUP: PolicyDef = LOOKUP;
/// `azure-openai-semantic-cache-lookup`
pub static AZURE_OPENAI_LOOKUP: PolicyDef = PolicyDef { name: "azure-openai-semantic-cache-lookup", ..LOOKUP };
/// `llm-semantic-cache-store`
pub static LLM_STORE: PolicyDef = STORE;
/// `azure-openai-semantic-cache-store`
pub static AZURE_OPENAI_STORE: PolicyDef = PolicyDef { name: "azure-openai-semantic-cache-store", ..STORE };

/// Largest answer that is kept, in bytes.
const LARGEST: u64 = 2 << 20;
/// The resource whose token the embeddings service takes.
const COGNITIVE_SERVICES: &str = "https://cognitiveservices.azure.com/";

/// Who the gateway is to the embeddings backend.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Auth {
    /// The service's identity.
    System,
    /// Whoever calls.
    Header,
}

struct Lookup {
    threshold: f32,
    backend: Box<str>,
    auth: Auth,
    ignore_system: bool,
    most_messages: Option<usize>,
    cache: Box<str>,
    vary: Vec<TextArg>,
}

/// What the lookup tells the store.
enum Looked {
    Hit,
    Miss { partition: String, vector: Vec<f32> },
}

fn compile_lookup(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    cx.needs(Needs { request_body: true, ..Needs::default() });
    let at = |name: &str| element.attr(name).map_or(element.name_span, apimite_document::Text::span);
    let threshold = cx.literal(element, "score-threshold").and_then(|text| text.parse::<f32>().ok()).unwrap_or(0.0);
    if !(0.0..=1.0).contains(&threshold) {
        let text = format!("`score-threshold` cannot be `{threshold}`");
        return Err(cx.refuse(
            at("score-threshold"),
            "semantic_cache::threshold",
            text,
            "use a number from 0.0 to 1.0",
        ));
    }
    let backend = cx.literal(element, "embeddings-backend-id").unwrap_or_default();
    if !cx.is_open() && !cx.service().backends.contains_key(backend.as_str()) {
        let near = apimite_diag::nearest(&backend, cx.service().backends.keys().map(|key| &**key));
        let help = near.map_or("add the backend to the service".to_owned(), |near| format!("did you mean `{near}`?"));
        let text = format!("Backend with id '{backend}' could not be found");
        return Err(cx.refuse(at("embeddings-backend-id"), "semantic_cache::backend", text, &help));
    }
    let header = cx.literal(element, "embeddings-backend-auth").is_some_and(|auth| auth.eq_ignore_ascii_case("header"));
    Ok(StepKind::io(Lookup {
        threshold,
        backend: backend.into(),
        auth: if header { Auth::Header } else { Auth::System },
        ignore_system: cx.boolean(element, "ignore-system-messages")?.as_literal() == Some(true),
        most_messages: cx.literal(element, "max-message-count").and_then(|text| text.parse().ok()),
        cache: cx.literal(element, "cache-id").unwrap_or_default().into(),
        vary: Compile::children(element, "vary-by").map(|child| cx.content(child)).collect::<Result<_, _>>()?,
    }))
}

impl Lookup {
    /// The text that is compared; `None` when this request is not looked up.
    fn text(&self, exchange: &mut Exchange) -> Option<String> {
        let prompt = watch::prompt(exchange)?;
        if prompt.is_stream() {
            return None;
        }
        let mut messages = prompt.messages();
        messages.retain(|message| !(self.ignore_system && message.is_system()));
        if self.most_messages.is_some_and(|most| messages.len() > most) {
            return None;
        }
        let text: Vec<String> = messages.into_iter().map(|message| message.text).collect();
        let text = text.join("\n");
        (!text.trim().is_empty()).then_some(text)
    }

    fn partition(&self, exchange: &Exchange) -> Result<String, Fault> {
        let api = exchange.api.as_ref().map_or("", |api| &*api.id);
        let mut partition = format!("{}\n{api}\n{}", self.cache, exchange.request.url().path());
        for arg in &self.vary {
            partition.push('\n');
            partition.push_str(arg.get(exchange)?.trim());
        }
        Ok(partition)
    }

    /// The vector of a text, of length one.
    async fn embed(&self, text: &str, exchange: &Exchange, env: &Env) -> Result<Vec<f32>, Fault> {
        let mut headers = HeaderMap::new();
        match self.auth {
            Auth::System => {
                let token = issue(env, COGNITIVE_SERVICES, SYSTEM_IDENTITY)?;
                secret(&format!("Bearer {token}")).and_then(|value| headers.insert(AUTHORIZATION, value));
            }
            Auth::Header => {
                for name in [AUTHORIZATION, HeaderName::from_static("api-key")] {
                    if let Some(value) = exchange.request.headers.get(&name) {
                        headers.insert(name, value.clone());
                    }
                }
            }
        }
        let service = Service::of(exchange, &self.backend, headers)?;
        // Azure OpenAI wants a version; a URL that names one, or another server, is called as it is.
        let base = service.base();
        let bare = base.path().contains("/openai/deployments/") && base.query().is_none();
        let path = if bare { "?api-version=2024-10-21" } else { "" };
        let failed = |text: String| Fault::internal("EmbeddingsFailure", text);
        let response = service.post(env, path, &serde_json::json!({ "input": text })).await?;
        if !response.status.is_success() {
            return Err(failed(format!("The embeddings backend answered {}.", response.status.as_u16())));
        }
        let json: serde_json::Value = serde_json::from_slice(&response.body.bytes().unwrap_or_default())
            .map_err(|error| failed(error.to_string()))?;
        let numbers = json.pointer("/data/0/embedding").and_then(serde_json::Value::as_array);
        let vector = numbers.and_then(|numbers| numbers.iter().map(|n| n.as_f64().map(|n| n as f32)).collect());
        vector.and_then(unit).ok_or_else(|| failed("The embeddings backend sent no vector.".to_owned()))
    }
}

impl Io for Lookup {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let Some(text) = self.text(exchange) else { return Ok(Flow::Next) };
            let partition = self.partition(exchange)?;
            let vector = match self.embed(&text, exchange, env).await {
                Ok(vector) => vector,
                Err(fault) => {
                    // A cache that cannot be asked is a miss.
                    let (section, now) = (exchange.section.name(), exchange.clock.now());
                    if let Some(trace) = &mut exchange.trace {
                        trace.text(section, "semantic-cache-lookup", now, &fault.message);
                    }
                    return Ok(Flow::Next);
                }
            };
            let vectors = env.shared.get_or_make(Vectors::default);
            let Some(kept) = vectors.find(&partition, &vector, self.threshold, env.clock.now()) else {
                exchange.notes.put(Looked::Miss { partition, vector });
                return Ok(Flow::Next);
            };
            exchange.notes.put(Looked::Hit);
            answered_from_cache(exchange);
            exchange.response = Some(Response {
                status: kept.status,
                reason: None,
                headers: kept.headers.clone(),
                body: BodyCell::new(Body::Bytes(kept.body.clone())),
            });
            Ok(Flow::Outbound)
        })
    }
}

struct Store(Keep);

fn compile_store(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::io(Store(Keep::read(element, cx)?)))
}

impl Io for Store {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            // Without a lookup that missed there is nothing to keep it under.
            let Some(looked) = exchange.notes.take::<Looked>() else { return Ok(Flow::Next) };
            let Looked::Miss { partition, vector } = *looked else { return Ok(Flow::Next) };
            let Some(keep) = self.0.time(exchange)? else { return Ok(Flow::Next) };
            let Some(response) = &exchange.response else { return Ok(Flow::Next) };
            let kind = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
            if !response.status.is_success() || kind.contains("event-stream") {
                return Ok(Flow::Next);
            }
            let Some(body) = whole(&response.body, LARGEST.min(env.buffer_limit)).await else { return Ok(Flow::Next) };
            let kept = Arc::new(Kept { status: response.status, headers: response.headers.clone(), body });
            env.shared.get_or_make(Vectors::default).keep(&partition, vector, kept, env.clock.now(), keep);
            Ok(Flow::Next)
        })
    }
}
