//! `base`: the place where the same section of the next wider scope is put. The compiler merges scopes; the definition is here
//! for the checker and the docs.
//!
//! Source: set or edit policies, use of the base element.

use apimite_document::Element;
use apimite_policy::compile::Compile;
use apimite_policy::def::{PolicyDef, Refused};
use apimite_policy::step::StepKind;

/// The definition.
pub static DEF: PolicyDef =
    PolicyDef::new("base", "Puts the same section of the next wider scope in this place.", compile);

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Err(cx.refuse(
        element.name_span,
        "policy::base",
        "`<base />` may stand directly in a section only",
        "move it there",
    ))
}
