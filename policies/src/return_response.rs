//! `return-response`: ends the pipeline with a response of its own, or with one kept in a variable.
//!
//! Source: return-response policy reference.

use apimite_document::Element;
use apimite_policy::answer;
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::context::ResponseObject;
use apimite_policy::def::{Attr, Child, Content, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::{Exchange, Response};
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use http::StatusCode;

use crate::message::body_replaced;
use crate::set_body::{self, SetBody};
use crate::set_header::{self, SetHeader};
use crate::set_status::{self, SetStatus};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[Attr::new("response-variable-name", Kind::Text).literal()],
    content: Content::Elements {
        children: &[Child::policy("set-status"), Child::policies("set-header"), Child::policy("set-body")],
        ordered: true,
    },
    ..PolicyDef::new("return-response", "Ends the pipeline with this response.", compile)
};

struct ReturnResponse {
    variable: Option<String>,
    status: Option<SetStatus>,
    headers: Vec<SetHeader>,
    body: Option<SetBody>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut policy = ReturnResponse {
        variable: cx.literal(element, "response-variable-name"),
        status: None,
        headers: Vec::new(),
        body: None,
    };
    let mut outcome = Ok(());
    for child in element.elements() {
        let read = cx.child_policy(child, |child, cx| {
            match &*child.name {
                "set-status" => policy.status = Some(set_status::read(child, cx)?),
                "set-header" => policy.headers.push(set_header::read(child, cx)?),
                _ => policy.body = Some(set_body::read(child, cx)?),
            }
            Ok(())
        });
        outcome = outcome.and(read);
    }
    outcome?;
    Ok(StepKind::now(policy))
}

impl Now for ReturnResponse {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let mut response = match &self.variable {
            None => answer::empty(StatusCode::OK),
            Some(name) => from_variable(exchange, name)?,
        };
        if let Some(status) = &self.status {
            status.apply(exchange, &mut response)?;
        }
        for header in &self.headers {
            header.apply(exchange, &mut response.headers)?;
        }
        if let Some(body) = &self.body {
            let body = body.get_alone(exchange)?;
            response.body.set(body.map_or(Body::None, Body::Bytes));
            body_replaced(&mut response.headers);
        }
        exchange.response = Some(response);
        Ok(Flow::Respond)
    }
}

fn from_variable(exchange: &Exchange, name: &str) -> Result<Response, Fault> {
    let response =
        exchange.variables.get(name).and_then(|value| value.downcast::<ResponseObject>()).ok_or_else(|| {
            Fault::internal("ResponseVariableNotFound", format!("The variable `{name}` does not hold a response."))
        })?;
    Ok(response.to_response())
}
