//! `publish-to-dapr` and `invoke-dapr-binding`: messages and output bindings of a Dapr sidecar.
//!
//! What no source settles: the reason of an answer that tells a failure; data of a binding goes as JSON when it is JSON, else as
//! a text.
//!
//! Source: the two policy references; publish and bindings API of Dapr.

use std::sync::Arc;

use apimite_document::Element;
use apimite_expr::Value;
use apimite_policy::arg::{SecondsArg, TextArg};
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::context::ResponseObject;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::{Call, CallOptions, Env};
use apimite_policy::exchange::{Exchange, Response};
use apimite_policy::fault::{BACKEND_CONNECTION_FAILURE, EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Io, StepKind};
use apimite_policy::url::Url;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::forward_request::fault_of;
use crate::set_body::{self, SetBody};

const RESPONSE: Attr = Attr::new("response-variable-name", Kind::Text).literal();
const TIMEOUT: Attr = Attr::new("timeout", Kind::Int(1, 240)).default("5");
const IGNORE: Attr = Attr::new("ignore-error", Kind::Bool).default("false").literal();
const TEMPLATE: Attr = Attr::new("template", Kind::OneOf(&["liquid"])).literal();
const TYPE: Attr = Attr::new("content-type", Kind::OneOf(&["application/json"])).literal();

const DIFFERENCES: &[&str] = &[
    "runs on every gateway, not on self-hosted ones alone; the sidecar is at `[dapr] url`, http://localhost:3500 unless set",
    "an answer of the sidecar that tells a failure has the reason `DaprRuntimeError`, for which there is no source",
];

/// `publish-to-dapr`
pub static PUBLISH: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::OUTBOUND).and(Sections::ON_ERROR),
    attributes: &[
        Attr::new("pubsub-name", Kind::Text),
        Attr::new("topic", Kind::Text).required(),
        IGNORE,
        RESPONSE,
        TIMEOUT,
        TEMPLATE,
        TYPE,
    ],
    content: Content::Raw,
    raises: &["DaprRuntimeError", "BackendConnectionFailure", "Timeout"],
    differences: DIFFERENCES,
    ..PolicyDef::new("publish-to-dapr", "Sends a message to a topic of Dapr.", compile_publish)
};

/// `invoke-dapr-binding`
pub static BINDING: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::OUTBOUND).and(Sections::ON_ERROR),
    attributes: &[
        Attr::new("name", Kind::Text).required(),
        Attr::new("operation", Kind::Text).default("create").literal(),
        IGNORE,
        RESPONSE,
        TIMEOUT,
        TEMPLATE,
        TYPE,
    ],
    content: Content::Elements {
        children: &[
            Child::optional(
                "metadata",
                &[],
                Content::Elements {
                    children: &[Child::many(
                        "item",
                        &[Attr::new("key", Kind::Text).required()],
                        Content::Text(Kind::Text, Expressions::Allowed),
                    )],
                    ordered: true,
                },
            ),
            Child::optional("data", &[], Content::Raw),
        ],
        ordered: true,
    },
    raises: &["DaprRuntimeError", "BackendConnectionFailure", "Timeout"],
    differences: DIFFERENCES,
    ..PolicyDef::new("invoke-dapr-binding", "Triggers an output binding of Dapr.", compile_binding)
};

/// How the sidecar is called.
struct Sidecar {
    timeout: SecondsArg,
    variable: Option<Arc<str>>,
    ignore: bool,
    json: bool,
}

impl Sidecar {
    fn read(element: &Element, cx: &mut Compile<'_>) -> Result<Self, Refused> {
        Ok(Self {
            timeout: cx.seconds(element, "timeout")?,
            variable: cx.literal(element, "response-variable-name").filter(|name| !name.is_empty()).map(Into::into),
            ignore: cx.boolean(element, "ignore-error")?.as_literal() == Some(true),
            json: element.attr("content-type").is_some(),
        })
    }

    async fn send(
        &self,
        path: &str,
        json: bool,
        body: Bytes,
        exchange: &Exchange,
        env: &Env,
    ) -> Result<Response, Fault> {
        let base = exchange.service.dapr.trim_end_matches('/');
        let url = Url::parse(&format!("{base}{path}"))
            .map_err(|error| Fault::internal(BACKEND_CONNECTION_FAILURE, error.to_string()))?;
        let timeout = self.timeout.get(exchange)?;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, url.host_header());
        headers.insert(CONTENT_LENGTH, body.len().into());
        if json {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let options = CallOptions { timeout, ..CallOptions::default() };
        let call = Call { method: Method::POST, url, headers, body: Body::Bytes(body), options };
        let response = env.client.send(call).await.map_err(fault_of)?;
        match env.clock.timeout(timeout, response.body.buffer(env.buffer_limit)).await {
            None => Err(fault_of(apimite_policy::env::CallError::Timeout)),
            Some(Err(error)) => Err(Fault::internal(BACKEND_CONNECTION_FAILURE, error.to_string())),
            Some(Ok(())) => Ok(response),
        }
    }

    /// Keeps the response; faults when it tells a failure.
    fn keep(&self, outcome: Result<Response, Fault>, exchange: &mut Exchange) -> Result<Flow, Fault> {
        let (value, failed) = match outcome {
            Ok(response) => {
                let status = response.status.as_u16();
                (Value::object(ResponseObject::new(response)), (status >= 400).then_some(status))
            }
            Err(fault) if self.ignore && fault.reason != EXPRESSION_FAILED => (Value::Null, None),
            Err(fault) => return Err(fault),
        };
        if let Some(name) = &self.variable {
            exchange.variables.set(name, value);
        }
        match failed {
            Some(status) if !self.ignore => {
                Err(Fault::internal("DaprRuntimeError", format!("The Dapr runtime answered {status}.")))
            }
            _ => Ok(Flow::Next),
        }
    }
}

/// What a segment of a path keeps as it is.
const KEEP: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

fn segment(text: &str) -> String {
    utf8_percent_encode(text.trim(), &KEEP).to_string()
}

struct Publish {
    sidecar: Sidecar,
    pubsub: Option<TextArg>,
    topic: TextArg,
    message: SetBody,
}

fn compile_publish(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let topic = cx.text(element, "topic")?;
    let pubsub = cx.optional_text(element, "pubsub-name")?;
    if pubsub.is_none() && topic.as_literal().is_some_and(|topic| !topic.contains('/')) {
        let at = element.attr("topic").map_or(element.name_span, apimite_document::Text::span);
        let text = "without `pubsub-name` the topic has to name it";
        return Err(cx.refuse(at, "dapr::topic", text, "write `topic=\"PUBSUB/TOPIC\"`, or add `pubsub-name`"));
    }
    let message = set_body::read(element, cx)?;
    Ok(StepKind::io(Publish { sidecar: Sidecar::read(element, cx)?, pubsub, topic, message }))
}

impl Publish {
    fn path(&self, exchange: &Exchange) -> Result<String, Fault> {
        let topic = self.topic.get(exchange)?;
        let (pubsub, topic) = match &self.pubsub {
            Some(pubsub) => (pubsub.get(exchange)?.into_owned(), topic.into_owned()),
            None => match topic.split_once('/') {
                Some((pubsub, topic)) => (pubsub.to_owned(), topic.to_owned()),
                None => {
                    let text = format!("Expression evaluation failed. The topic `{topic}` names no pub/sub component.");
                    return Err(Fault::internal(EXPRESSION_FAILED, text));
                }
            },
        };
        Ok(format!("/v1.0/publish/{}/{}", segment(&pubsub), segment(&topic)))
    }
}

impl Io for Publish {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let path = self.path(exchange)?;
            let body = self.message.get(exchange)?.unwrap_or_default();
            let outcome = self.sidecar.send(&path, self.sidecar.json, body, exchange, env).await;
            self.sidecar.keep(outcome, exchange)
        })
    }
}

struct Binding {
    sidecar: Sidecar,
    name: TextArg,
    operation: String,
    metadata: Vec<(TextArg, TextArg)>,
    data: Option<SetBody>,
}

fn compile_binding(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut metadata = Vec::new();
    if let Some(list) = Compile::child(element, "metadata") {
        for item in Compile::children(list, "item") {
            metadata.push((cx.text(item, "key")?, cx.content(item)?));
        }
    }
    let data = match Compile::child(element, "data") {
        None => None,
        Some(child) => {
            // The template is chosen on the policy and stands in the data.
            let mut child = child.clone();
            child.attributes.extend(element.attributes.iter().filter(|one| &*one.name == "template").cloned());
            Some(set_body::read(&child, cx)?)
        }
    };
    Ok(StepKind::io(Binding {
        sidecar: Sidecar::read(element, cx)?,
        name: cx.text(element, "name")?,
        operation: cx.literal(element, "operation").unwrap_or_default(),
        metadata,
        data,
    }))
}

impl Binding {
    fn message(&self, exchange: &Exchange) -> Result<Bytes, Fault> {
        let mut message = serde_json::Map::new();
        message.insert("operation".into(), self.operation.as_str().into());
        if !self.metadata.is_empty() {
            let mut metadata = serde_json::Map::new();
            for (key, value) in &self.metadata {
                metadata.insert(key.get(exchange)?.trim().into(), value.get(exchange)?.trim().into());
            }
            message.insert("metadata".into(), metadata.into());
        }
        if let Some(data) = &self.data {
            let bytes = data.get(exchange)?.unwrap_or_default();
            let json = serde_json::from_slice(&bytes).ok();
            let data = json.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned().into());
            message.insert("data".into(), data);
        }
        Ok(serde_json::Value::Object(message).to_string().into())
    }
}

impl Io for Binding {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let path = format!("/v1.0/bindings/{}", segment(&self.name.get(exchange)?));
            let message = self.message(exchange)?;
            let outcome = self.sidecar.send(&path, true, message, exchange, env).await;
            self.sidecar.keep(outcome, exchange)
        })
    }
}
