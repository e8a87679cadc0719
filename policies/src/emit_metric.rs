//! `emit-metric`: emits a value with dimensions; here it is kept in memory.
//!
//! Source: emit-metric policy reference.

use apimite_document::Element;
use apimite_policy::arg::NumberArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Content, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::sinks;
use apimite_policy::step::{Flow, Now, StepKind};

use crate::dimensions::{DIMENSION, Dimensions};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[
        Attr::new("name", Kind::Text).required().literal(),
        Attr::new("namespace", Kind::Text).default("API Management").literal(),
        Attr::new("value", Kind::Number).default("1"),
        Attr::new("default-dimensions", Kind::Bool).not_applicable("published in the schema only"),
    ],
    content: Content::Elements { children: &[DIMENSION], ordered: false },
    differences: &["values go to a local sink, nothing to Application Insights"],
    ..PolicyDef::new("emit-metric", "Emits a value with dimensions; it is kept in memory.", compile)
};

struct EmitMetric {
    name: Box<str>,
    namespace: Box<str>,
    value: Option<NumberArg>,
    dimensions: Dimensions,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let dimensions = Dimensions::read(element, false, cx)?;
    Ok(StepKind::now(EmitMetric {
        name: cx.literal(element, "name").unwrap_or_default().into(),
        namespace: cx.literal(element, "namespace").unwrap_or_default().into(),
        value: cx.optional_number(element, "value")?,
        dimensions,
    }))
}

impl Now for EmitMetric {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        let dimensions = self.dimensions.values(exchange)?;
        let value = self.value.as_ref().map_or(Ok(1.0), |arg| arg.get(exchange))?;
        sinks::deliver(env, sinks::Kind::Metric, &self.namespace, sinks::metric(&self.name, value, &dimensions));
        Ok(Flow::Next)
    }
}
