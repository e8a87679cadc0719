//! `trace`: adds a message to the trace of the request and to the gateway's log.
//!
//! Source: trace policy reference; the published schema of the element, which takes text as well as `message`.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use serde_json::json;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("source", Kind::Text).required(),
        Attr::new("severity", Kind::OneOf(&["verbose", "information", "error"])).default("verbose").literal(),
    ],
    content: Content::Mixed(&[
        Child::many("message", &[], Content::Text(Kind::Text, Expressions::Allowed)),
        Child::many(
            "metadata",
            &[Attr::new("name", Kind::Text).required(), Attr::new("value", Kind::Text).required()],
            Content::Empty,
        ),
    ]),
    ..PolicyDef::new("trace", "Adds a message to the trace of the request.", compile)
};

struct Trace {
    source: TextArg,
    severity: String,
    /// Those of `message` elements; without any, the text of the element itself.
    messages: Vec<TextArg>,
    metadata: Vec<(TextArg, TextArg)>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut messages = Vec::new();
    for child in Compile::children(element, "message") {
        messages.push(cx.content(child)?);
    }
    if messages.is_empty() && !element.text().is_blank() {
        messages.push(cx.content(element)?);
    }
    let mut metadata = Vec::new();
    for child in Compile::children(element, "metadata") {
        metadata.push((cx.text(child, "name")?, cx.text(child, "value")?));
    }
    let severity = cx.literal(element, "severity").unwrap_or_default();
    Ok(StepKind::now(Trace { source: cx.text(element, "source")?, severity, messages, metadata }))
}

impl Now for Trace {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let mut messages = Vec::with_capacity(self.messages.len());
        for message in &self.messages {
            messages.push(message.get(exchange)?.into_owned());
        }
        if exchange.trace.is_none() {
            return Ok(Flow::Next);
        }
        let source = self.source.get(exchange)?.into_owned();
        let mut data = json!({ "message": if messages.len() == 1 { messages.remove(0).into() } else { json!(messages) }, "severity": self.severity });
        let mut metadata = serde_json::Map::new();
        for (name, value) in &self.metadata {
            metadata.insert(name.get(exchange)?.into_owned(), value.get(exchange)?.into_owned().into());
        }
        if !metadata.is_empty() {
            data["metadata"] = metadata.into();
        }
        let (section, now) = (exchange.section.name(), exchange.clock.now());
        if let Some(trace) = &mut exchange.trace {
            trace.push(section, &source, now, data);
        }
        Ok(Flow::Next)
    }
}
