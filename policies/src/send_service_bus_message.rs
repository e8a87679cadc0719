//! `send-service-bus-message`: sends a message to a queue or a topic of Service Bus: to the local sink and, when queue, topic or
//! namespace has a connection string, to Service Bus.
//!
//! Source: send-service-bus-message policy reference (preview).

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Gateways, Kind, PolicyDef, Refused, Scopes, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::sinks;
use apimite_policy::step::{Flow, Now, StepKind};
use serde_json::Map;

use crate::messaging::{Outgoing, send};
use crate::token_issuer::SYSTEM_IDENTITY;

const TEXT: Content = Content::Text(Kind::Text, Expressions::Allowed);

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::OUTBOUND).and(Sections::ON_ERROR),
    scopes: Scopes::GLOBAL.and(Scopes::PRODUCT).and(Scopes::API).and(Scopes::OPERATION),
    gateways: Gateways::ALL.without(Gateways::WORKSPACE),
    attributes: &[
        Attr::new("queue-name", Kind::Text),
        Attr::new("topic-name", Kind::Text),
        Attr::new("namespace", Kind::Text),
        Attr::new("client-id", Kind::Text),
    ],
    content: Content::Elements {
        children: &[
            Child::one("payload", &[], TEXT),
            Child::optional(
                "message-properties",
                &[],
                Content::Elements {
                    children: &[Child::many("message-property", &[Attr::new("name", Kind::Text).required()], TEXT)],
                    ordered: true,
                },
            ),
        ],
        ordered: false,
    },
    differences: &[
        "messages go to a local sink, and to the URL or the Service Bus namespace configured for the queue, the topic or the \
         namespace in `[sinks.post]`, over HTTPS",
        "without such a configuration identity and namespace are written down, not used",
    ],
    ..PolicyDef::new("send-service-bus-message", "Sends a message to a queue or a topic.", compile)
};

struct SendMessage {
    /// `queue` or `topic`.
    kind: &'static str,
    to: TextArg,
    namespace: Option<TextArg>,
    client: Option<TextArg>,
    payload: TextArg,
    properties: Vec<(TextArg, TextArg)>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let queue = cx.optional_text(element, "queue-name")?;
    let topic = cx.optional_text(element, "topic-name")?;
    let (kind, to) = match (queue, topic) {
        (Some(queue), None) => ("queue", queue),
        (None, Some(topic)) => ("topic", topic),
        (None, None) => {
            let text = "`queue-name` or `topic-name` is required";
            return Err(cx.refuse(element.name_span, "service_bus::to", text, "add one of them"));
        }
        (Some(_), Some(_)) => {
            let text = "`queue-name` and `topic-name` exclude each other";
            return Err(cx.refuse(element.name_span, "service_bus::to", text, "keep one"));
        }
    };
    let payload = match Compile::child(element, "payload") {
        Some(child) => cx.content(child)?,
        None => return Err(Refused),
    };
    let mut properties = Vec::new();
    if let Some(list) = Compile::child(element, "message-properties") {
        for child in Compile::children(list, "message-property") {
            properties.push((cx.text(child, "name")?, cx.content(child)?));
        }
    }
    let namespace = cx.optional_text(element, "namespace")?;
    let client = cx.optional_text(element, "client-id")?;
    Ok(StepKind::now(SendMessage { kind, to, namespace, client, payload, properties }))
}

impl Now for SendMessage {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        let to = self.to.get(exchange)?.trim().to_owned();
        let mut data = Map::new();
        data.insert("kind".into(), self.kind.into());
        let value = |arg: &Option<TextArg>| match arg {
            Some(arg) => arg.get(exchange).map(|text| Some(text.trim().to_owned())),
            None => Ok(None),
        };
        let (namespace, client) = (value(&self.namespace)?, value(&self.client)?);
        for (name, value) in [("namespace", &namespace), ("clientId", &client)] {
            if let Some(value) = value {
                data.insert(name.into(), value.as_str().into());
            }
        }
        let mut properties = Map::new();
        for (name, value) in &self.properties {
            properties.insert(name.get(exchange)?.trim().into(), value.get(exchange)?.trim().into());
        }
        if !properties.is_empty() {
            data.insert("properties".into(), properties.clone().into());
        }
        let payload = self.payload.get(exchange)?.into_owned();
        data.insert("payload".into(), payload.as_str().into());
        let outgoing = Outgoing {
            kind: sinks::Kind::ServiceBus,
            to: &to,
            namespace: namespace.as_deref(),
            partition: None,
            client: client.as_deref().unwrap_or(SYSTEM_IDENTITY),
            text: &payload,
            properties: &properties,
        };
        send(env, data, &outgoing)?;
        Ok(Flow::Next)
    }
}
