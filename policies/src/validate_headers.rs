//! `validate-headers`: checks headers of the response against the definition of the operation.
//!
//! Source: validate-headers policy reference; texts of the validation error reference.

use std::sync::Arc;

use apimite_document::Element;
use apimite_model::{ApiKind, Parameter};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Kind, Occurs, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};

use crate::validate_parameters::shown;
use crate::validation::names::Part;
use crate::validation::schemas::Schemas;
use crate::validation::{ACTIONS, Action, ActionArg, VARIABLE, report, values, variable};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::OUTBOUND.and(Sections::ON_ERROR),
    occurs: Occurs::OncePerSection,
    attributes: &[
        Attr::new("specified-header-action", ACTIONS).required(),
        Attr::new("unspecified-header-action", ACTIONS).required(),
        Attr::new("errors-variable-name", Kind::Text).literal(),
    ],
    content: Content::Elements {
        children: &[Child::many(
            "header",
            &[Attr::new("name", Kind::Text).literal().required(), Attr::new("action", ACTIONS).required()],
            Content::Empty,
        )],
        ordered: true,
    },
    raises: &["Response not allowed"],
    differences: &[VARIABLE],
    ..PolicyDef::new("validate-headers", "Checks headers of the response against the definition.", compile)
};

struct ValidateHeaders {
    specified: ActionArg,
    unspecified: ActionArg,
    own: Vec<(Box<str>, ActionArg)>,
    variable: Option<Arc<str>>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut own = Vec::new();
    for header in Compile::children(element, "header") {
        let name = header.attr("name").map(|text| text.value().trim().into()).unwrap_or_default();
        own.push((name, ActionArg::required(cx, header, "action")?));
    }
    Ok(StepKind::now(ValidateHeaders {
        specified: ActionArg::required(cx, element, "specified-header-action")?,
        unspecified: ActionArg::required(cx, element, "unspecified-header-action")?,
        own,
        variable: variable(cx, element, "errors-variable-name"),
    }))
}

impl ValidateHeaders {
    fn action(&self, exchange: &Exchange, name: &str, otherwise: &ActionArg) -> Result<Action, Fault> {
        let own = self.own.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, action)| action);
        own.unwrap_or(otherwise).get(exchange)
    }
}

impl Now for ValidateHeaders {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        let is_socket = exchange.api.as_ref().is_some_and(|api| api.kind == ApiKind::WebSocket);
        let (Some(response), Some(operation), false) = (&exchange.response, exchange.operation.as_deref(), is_socket)
        else {
            return Ok(Flow::Next);
        };
        let schemas = env.shared.get_or_make(Schemas::default);
        let status = response.status.as_u16();
        let shape = operation.response(status);
        let declared: &[Parameter] = shape.map_or(&[], |shape| &shape.headers);
        let mut found = Vec::new();
        for parameter in declared {
            let action = self.action(exchange, &parameter.name, &self.specified)?;
            if action == Action::Ignore {
                continue;
            }
            let values: Vec<String> = response
                .headers
                .get_all(&*parameter.name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect();
            found.extend(values::check(exchange, &schemas, parameter, Part::ResponseHeader, &values, &[], action));
        }
        for name in response.headers.keys() {
            if declared.iter().any(|parameter| parameter.name.eq_ignore_ascii_case(name.as_str())) {
                continue;
            }
            let action = self.action(exchange, name.as_str(), &self.unspecified)?;
            if action != Action::Ignore {
                found.push(values::unspecified(&shown(name.as_str()), Part::ResponseHeader, action));
            }
        }
        report(found, self.variable.as_ref(), exchange)
    }
}
