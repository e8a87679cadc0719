//! `set-request-metric-dimension-value`: gives the request's own metric a dimension.
//!
//! Published in the schema only. Here each request that has such a dimension emits one metric `Requests` when it is over.

use std::sync::Arc;

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::sinks;
use apimite_policy::step::{Flow, Now, StepKind};
use parking_lot::Mutex;

use crate::dimensions::Values;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[Attr::new("name", Kind::Text).required(), Attr::new("value", Kind::Text).required()],
    differences: &[
        "published in the schema only, so its effect is a guess: a metric `Requests` in the local sink, with the dimension",
    ],
    schema_only: true,
    ..PolicyDef::new("set-request-metric-dimension-value", "Gives the request's own metric a dimension.", compile)
};

/// Most dimensions of one request.
const MOST: usize = 50;

struct SetDimension {
    name: TextArg,
    value: TextArg,
}

/// The dimensions of this request.
#[derive(Default)]
struct Given(Arc<Mutex<Values>>);

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(SetDimension { name: cx.text(element, "name")?, value: cx.text(element, "value")? }))
}

impl Now for SetDimension {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let name: Box<str> = self.name.get(exchange)?.trim().into();
        let value: Box<str> = self.value.get(exchange)?.as_ref().into();
        if exchange.notes.get::<Given>().is_none() {
            let given = Given::default();
            let values = Arc::clone(&given.0);
            exchange.notes.put(given);
            exchange.on_transfer(move |_, env| {
                let data = sinks::metric("Requests", 1.0, &values.lock());
                sinks::deliver(env, sinks::Kind::Metric, "API Management", data);
            });
        }
        if let Some(Given(values)) = exchange.notes.get::<Given>() {
            let mut values = values.lock();
            let room = values.len() < MOST;
            match values.iter_mut().find(|(known, _)| *known == name) {
                Some((_, old)) => *old = value,
                None if room => values.push((name, value)),
                None => {}
            }
        }
        Ok(Flow::Next)
    }
}
