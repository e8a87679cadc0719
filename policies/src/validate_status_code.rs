//! `validate-status-code`: checks the status of the response against the definition of the operation.
//!
//! Source: validate-status-code policy reference; texts of the validation error reference.

use std::sync::Arc;

use apimite_document::Element;
use apimite_model::ApiKind;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Kind, Occurs, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};

use crate::validation::{ACTIONS, ActionArg, Problem, VARIABLE, report, variable};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::OUTBOUND.and(Sections::ON_ERROR),
    occurs: Occurs::OncePerSection,
    attributes: &[
        Attr::new("unspecified-status-code-action", ACTIONS).required(),
        Attr::new("errors-variable-name", Kind::Text).literal(),
    ],
    content: Content::Elements {
        children: &[Child::many(
            "status-code",
            &[Attr::new("code", Kind::Int(100, 999)).literal().required(), Attr::new("action", ACTIONS).required()],
            Content::Empty,
        )],
        ordered: true,
    },
    raises: &["Response not allowed"],
    differences: &[VARIABLE, "a `default` response in the definition makes every status a specified one"],
    ..PolicyDef::new("validate-status-code", "Checks the status of the response against the definition.", compile)
};

struct ValidateStatusCode {
    unspecified: ActionArg,
    own: Vec<(u16, ActionArg)>,
    variable: Option<Arc<str>>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut own = Vec::new();
    for child in Compile::children(element, "status-code") {
        let code = child.attr("code").and_then(|text| text.value().trim().parse().ok()).unwrap_or(0);
        own.push((code, ActionArg::required(cx, child, "action")?));
    }
    let unspecified = ActionArg::required(cx, element, "unspecified-status-code-action")?;
    Ok(StepKind::now(ValidateStatusCode { unspecified, own, variable: variable(cx, element, "errors-variable-name") }))
}

impl Now for ValidateStatusCode {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let is_socket = exchange.api.as_ref().is_some_and(|api| api.kind == ApiKind::WebSocket);
        let (Some(response), Some(operation), false) = (&exchange.response, &exchange.operation, is_socket) else {
            return Ok(Flow::Next);
        };
        let code = response.status.as_u16();
        if operation.response(code).is_some() {
            return Ok(Flow::Next);
        }
        let own = self.own.iter().find(|(own, _)| *own == code).map(|(_, action)| action);
        let problem = Problem {
            name: code.to_string(),
            kind: "StatusCode",
            rule: "Unspecified",
            details: format!("Response status code {code} is not allowed."),
            public: None,
            action: own.unwrap_or(&self.unspecified).get(exchange)?,
        };
        report(vec![problem], self.variable.as_ref(), exchange)
    }
}
