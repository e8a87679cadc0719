//! `check-header`: demands a header, optionally with one of some values.
//!
//! Source: check-header policy reference; error texts from error handling in policies.

use apimite_document::Element;
use apimite_policy::arg::{BoolArg, IntArg, TextArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use http::StatusCode;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::OUTBOUND),
    attributes: &[
        Attr::new("name", Kind::Text).required(),
        Attr::new("failed-check-httpcode", Kind::Int(100, 999)).required(),
        Attr::new("failed-check-error-message", Kind::Text).default(""),
        Attr::new("ignore-case", Kind::Bool).default("false"),
    ],
    content: Content::Elements {
        children: &[Child::many("value", &[], Content::Text(Kind::Text, Expressions::Allowed))],
        ordered: false,
    },
    raises: &["HeaderNotFound", "HeaderValueNotAllowed"],
    ..PolicyDef::new("check-header", "Demands a header, optionally with one of some values.", compile)
};

struct CheckHeader {
    name: TextArg,
    status: IntArg,
    message: TextArg,
    ignore_case: BoolArg,
    values: Vec<TextArg>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut values = Vec::new();
    for child in Compile::children(element, "value") {
        values.push(cx.content(child)?);
    }
    Ok(StepKind::now(CheckHeader {
        name: cx.text(element, "name")?,
        status: cx.int(element, "failed-check-httpcode")?,
        message: cx.text(element, "failed-check-error-message")?,
        ignore_case: cx.boolean(element, "ignore-case")?,
        values,
    }))
}

impl CheckHeader {
    fn refusal(&self, exchange: &Exchange, reason: &'static str, message: String) -> Result<Flow, Fault> {
        let code = self.status.get(exchange)?;
        let status = u16::try_from(code).ok().and_then(|code| StatusCode::from_u16(code).ok());
        let public = self.message.get(exchange)?.into_owned();
        Err(Fault::refused(status.unwrap_or(StatusCode::UNAUTHORIZED), reason, message).public(public))
    }
}

impl Now for CheckHeader {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let name = self.name.get(exchange)?.into_owned();
        let headers =
            if exchange.edits_request() { &exchange.request.headers } else { &exchange.response_mut().headers };
        let found: Vec<String> =
            headers.get_all(name.trim()).iter().map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned()).collect();
        if found.is_empty() {
            let message = format!("Header {name} was not found in the request. Access denied.");
            return self.refusal(exchange, "HeaderNotFound", message);
        }
        if self.values.is_empty() {
            return Ok(Flow::Next);
        }
        let ignore_case = self.ignore_case.get(exchange)?;
        for wanted in &self.values {
            let wanted = wanted.get(exchange)?;
            let wanted = wanted.trim();
            let same = |value: &String| {
                if ignore_case { value.trim().to_lowercase() == wanted.to_lowercase() } else { value.trim() == wanted }
            };
            if found.iter().any(same) {
                return Ok(Flow::Next);
            }
        }
        let message = format!("Header {name} value of {} is not allowed. Access denied.", found.join(","));
        self.refusal(exchange, "HeaderValueNotAllowed", message)
    }
}
