//! `choose`: runs the policies of the first `when` whose condition holds, else those of `otherwise`.
//!
//! Source: choose policy reference.

use apimite_document::Element;
use apimite_policy::arg::BoolArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Kind, PolicyDef, Refused};
use apimite_policy::step::{Choose, StepKind};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    content: Content::Elements {
        children: &[
            Child::at_least_one("when", &[Attr::new("condition", Kind::Text).required()], Content::Policies),
            Child::optional("otherwise", &[], Content::Policies),
        ],
        ordered: true,
    },
    ..PolicyDef::new("choose", "Runs the policies of the first branch whose condition holds.", compile)
};

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut when: Vec<(BoolArg, _)> = Vec::new();
    let mut outcome = Ok(());
    for (index, child) in Compile::children(element, "when").enumerate() {
        let condition = match child.attr("condition") {
            Some(text) => cx.bool_arg(text, "condition"),
            None => Err(Refused),
        };
        let block = cx.alternative(child, &format!("when[{}]", index + 1));
        match condition {
            Ok(condition) => when.push((condition, block)),
            Err(refused) => outcome = Err(refused),
        }
    }
    let otherwise = Compile::child(element, "otherwise").map(|child| cx.alternative(child, "otherwise"));
    outcome?;
    Ok(StepKind::Choose(Choose { when, otherwise }))
}
