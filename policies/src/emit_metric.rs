//! `emit-metric`: emits a value with dimensions; here it is kept in memory.
//!
//! Source: emit-metric policy reference.

use apimite_document::Element;
use apimite_policy::arg::{NumberArg, TextArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};

use crate::sinks::{Metric, Sink};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("name", Kind::Text).required().literal(),
        Attr::new("namespace", Kind::Text).default("API Management").literal(),
        Attr::new("value", Kind::Number).default("1"),
        Attr::new("default-dimensions", Kind::Bool).not_applicable("published in the schema only"),
    ],
    content: Content::Elements {
        children: &[Child {
            name: "dimension",
            min: 1,
            max: 10,
            attributes: &[Attr::new("name", Kind::Text).required(), Attr::new("value", Kind::Text)],
            content: Content::Empty,
        }],
        ordered: false,
    },
    differences: &["the last 1000 values are kept in memory; nothing is sent to Application Insights"],
    ..PolicyDef::new("emit-metric", "Emits a value with dimensions; it is kept in memory.", compile)
};

/// Dimensions that have a value of their own.
const KNOWN: [&str; 7] =
    ["API ID", "Operation ID", "Product ID", "User ID", "Subscription ID", "Location", "Gateway ID"];

struct EmitMetric {
    name: Box<str>,
    namespace: Box<str>,
    value: Option<NumberArg>,
    dimensions: Vec<(TextArg, Option<TextArg>)>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut dimensions = Vec::new();
    for child in Compile::children(element, "dimension") {
        let name = cx.text(child, "name")?;
        let value = cx.optional_text(child, "value")?;
        if value.is_none() && name.as_literal().is_some_and(|name| !KNOWN.contains(&name.trim())) {
            return Err(cx.refuse(
                child.name_span,
                "emit_metric::dimension",
                "the dimension needs a `value`",
                "add `value`, or use API ID, Operation ID, Product ID, User ID, Subscription ID, Location or Gateway ID",
            ));
        }
        dimensions.push((name, value));
    }
    Ok(StepKind::now(EmitMetric {
        name: cx.literal(element, "name").unwrap_or_default().into(),
        namespace: cx.literal(element, "namespace").unwrap_or_default().into(),
        value: cx.optional_number(element, "value")?,
        dimensions,
    }))
}

/// The value of a dimension that has one of its own.
fn known(name: &str, exchange: &Exchange) -> Box<str> {
    let caller = &exchange.caller;
    match name {
        "API ID" => exchange.api.as_ref().map(|api| api.id.clone()),
        "Operation ID" => exchange.operation.as_ref().map(|operation| operation.id.clone()),
        "Product ID" => caller.product.as_ref().map(|product| product.id.clone()),
        "User ID" => caller.user.as_ref().map(|user| user.id.clone()),
        "Subscription ID" => caller.subscription.as_ref().map(|(subscription, _)| subscription.id.clone()),
        "Gateway ID" => Some("managed".into()),
        _ => None,
    }
    .unwrap_or_default()
}

impl Now for EmitMetric {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        let mut dimensions = Vec::with_capacity(self.dimensions.len());
        for (name, value) in &self.dimensions {
            let name = name.get(exchange)?;
            let value: Box<str> = match value {
                Some(value) => value.get(exchange)?.as_ref().into(),
                None => known(name.trim(), exchange),
            };
            dimensions.push((name.trim().into(), value));
        }
        let value = self.value.as_ref().map_or(Ok(1.0), |arg| arg.get(exchange))?;
        env.shared.get_or_make(Sink::<Metric>::default).add(Metric {
            at: env.clock.now(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            value,
            dimensions,
        });
        Ok(Flow::Next)
    }
}
