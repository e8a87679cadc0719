//! `block`: policies held together, without any other effect.
//!
//! Source: published schema of the element; no documentation page has it.

use apimite_document::Element;
use apimite_policy::arg::BoolArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Content, PolicyDef, Refused};
use apimite_policy::step::{Choose, StepKind};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    content: Content::Policies,
    schema_only: true,
    ..PolicyDef::new("block", "Holds policies together.", compile)
};

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let block = cx.block(element);
    Ok(StepKind::Choose(Choose { when: vec![(BoolArg::Literal(true), block)], otherwise: None }))
}
