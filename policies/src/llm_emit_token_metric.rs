//! `llm-emit-token-metric` and `azure-openai-emit-token-metric`: metrics of the tokens that a call used.
//!
//! What has no source: `name` names the metric where `value-type` picks one. Values of dimensions are those of inbound;
//! `Backend ID` is known when the backend has answered.
//!
//! Source: emit-token-metric policy references; names of the metrics as public dashboards query them.

use std::sync::Arc;

use apimite_document::Element;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Content, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::sinks;
use apimite_policy::step::{Flow, Needs, Now, StepKind};

use crate::dimensions::{DIMENSION, Dimensions, Values};
use crate::llm::{Usage, watch};

const BASE: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    attributes: &[
        Attr::new("namespace", Kind::Text).default("API Management").literal(),
        Attr::new("name", Kind::Text).literal(),
        Attr::new("value-type", Kind::OneOf(&["all", "total-tokens", "prompt-tokens", "completion-tokens"]))
            .default("all")
            .literal(),
        Attr::new("ignore-prompt", Kind::Bool).default("false").literal(),
    ],
    content: Content::Elements { children: &[DIMENSION], ordered: false },
    differences: &[
        "the metrics go to the local sink of `emit-metric`, not to Application Insights",
        "up to ten dimensions are accepted, as the published schema has it; the reference says five",
    ],
    ..PolicyDef::new("llm-emit-token-metric", "Emits metrics of the tokens that a call used.", compile)
};

/// `llm-emit-token-metric`
pub static LLM: PolicyDef = BASE;

/// `azure-openai-emit-token-metric`
pub static AZURE_OPENAI: PolicyDef = PolicyDef {
    name: "azure-openai-emit-token-metric",
    summary: "Emits metrics of the tokens that a call of Azure OpenAI used.",
    ..BASE
};

/// Which tokens are emitted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    Total,
    Prompt,
    Completion,
}

struct Named {
    namespace: Box<str>,
    name: Option<Box<str>>,
    which: Which,
    ignore_prompt: bool,
    dimensions: Dimensions,
}

struct EmitTokenMetric(Arc<Named>);

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    cx.needs(Needs { request_body: true, ..Needs::default() });
    let which = match cx.literal(element, "value-type").unwrap_or_default().to_ascii_lowercase().as_str() {
        "total-tokens" => Which::Total,
        "prompt-tokens" => Which::Prompt,
        "completion-tokens" => Which::Completion,
        _ => Which::All,
    };
    Ok(StepKind::now(EmitTokenMetric(Arc::new(Named {
        namespace: cx.literal(element, "namespace").unwrap_or_default().into(),
        name: cx.literal(element, "name").filter(|name| !name.is_empty()).map(Into::into),
        which,
        ignore_prompt: cx.boolean(element, "ignore-prompt")?.as_literal() == Some(true),
        dimensions: Dimensions::read(element, true, cx)?,
    }))))
}

impl Named {
    /// Names and values of the metrics.
    fn metrics(&self, usage: Usage) -> Vec<(&str, u64)> {
        let total = if self.ignore_prompt { usage.completion } else { usage.total };
        let all = [
            (Which::Total, "Total Tokens", Some(total)),
            (Which::Prompt, "Prompt Tokens", (!self.ignore_prompt).then_some(usage.prompt)),
            (Which::Completion, "Completion Tokens", Some(usage.completion)),
            (Which::All, "Cached Tokens", usage.cached),
            (Which::All, "Reasoning Tokens", usage.reasoning),
        ];
        let wanted = all.into_iter().filter(|(which, ..)| self.which == Which::All || *which == self.which);
        let name = self.name.as_deref().filter(|_| self.which != Which::All);
        wanted.filter_map(|(_, usual, value)| Some((name.unwrap_or(usual), value?))).collect()
    }

    fn emit(&self, usage: Usage, dimensions: &Values, env: &Env) {
        for (name, value) in self.metrics(usage) {
            let data = sinks::metric(name, value as f64, dimensions);
            sinks::deliver(env, sinks::Kind::Metric, &self.namespace, data);
        }
    }
}

impl Now for EmitTokenMetric {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let mut dimensions = self.0.dimensions.values(exchange)?;
        watch::prompt(exchange);
        let named = Arc::clone(&self.0);
        exchange.after_backend(move |exchange, env| {
            Box::pin(async move {
                named.dimensions.fill_backend(&mut dimensions, exchange);
                let report = watch::report(exchange, env).await;
                report.then(exchange, env, move |usage, env| named.emit(usage, &dimensions, env));
                Ok(())
            })
        });
        Ok(Flow::Next)
    }
}
