//! `set-url`: the URL of `send-request` and `send-one-way-request`; it stands nowhere else.
//!
//! Source: send-request policy reference.

use apimite_document::Element;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Content, Expressions, Kind, PolicyDef, Refused, Sections};
use apimite_policy::step::StepKind;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::NONE,
    content: Content::Text(Kind::Text, Expressions::Allowed),
    ..PolicyDef::new("set-url", "The URL of a request that a policy sends.", compile)
};

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Err(cx.refuse(
        element.name_span,
        "set_url::place",
        "`set-url` may only stand inside `send-request` and `send-one-way-request`",
        "use `rewrite-uri` or `set-backend-service` for the request to the backend",
    ))
}
