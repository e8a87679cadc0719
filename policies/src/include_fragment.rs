//! `include-fragment`: puts the policies of a fragment in this place, when the service is compiled.
//!
//! Source: policy fragments.

use apimite_document::Element;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused};
use apimite_policy::step::StepKind;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[Attr::new("fragment-id", Kind::Text).required().literal()],
    ..PolicyDef::new("include-fragment", "Puts the policies of a fragment in this place.", compile)
};

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Err(cx.refuse(element.name_span, "policy::fragment", "`include-fragment` is put in place by the compiler", ""))
}
