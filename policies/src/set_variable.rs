//! `set-variable`: keeps a value for the rest of the request. An expression keeps its .NET type, a literal is a string.
//!
//! Source: set-variable policy reference.

use std::sync::Arc;

use apimite_document::Element;
use apimite_policy::arg::ValueArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[Attr::new("name", Kind::Text).required().literal(), Attr::new("value", Kind::Text).required()],
    differences: &["values of any type are kept; Azure refuses some types at run time"],
    ..PolicyDef::new("set-variable", "Keeps a value under a name for the rest of the request.", compile)
};

struct SetVariable {
    name: Arc<str>,
    value: ValueArg,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let name = cx.literal(element, "name").unwrap_or_default();
    let Some(value) = element.attr("value") else { return Err(Refused) };
    let value = cx.value_arg(value)?;
    Ok(StepKind::now(SetVariable { name: name.into(), value }))
}

impl Now for SetVariable {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let value = self.value.get(exchange)?;
        exchange.variables.set(&self.name, value);
        Ok(Flow::Next)
    }
}
