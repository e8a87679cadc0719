//! `set-status`: sets status code and reason phrase of the response.
//!
//! Known difference: in inbound and backend it acts on the response that exists so far; a response that a backend gives later
//! replaces it. Whether Azure does the same is not documented.
//!
//! Source: set-status policy reference.

use apimite_document::Element;
use apimite_policy::arg::{IntArg, TextArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::{Exchange, Response};
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Now, StepKind};
use http::StatusCode;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[Attr::new("code", Kind::Int(100, 999)).required(), Attr::new("reason", Kind::Text)],
    ..PolicyDef::new("set-status", "Sets status code and reason phrase of the response.", compile)
};

/// A compiled `set-status`, also a child of `return-response`.
pub(crate) struct SetStatus {
    code: IntArg,
    reason: Option<TextArg>,
}

/// Compiles the element.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<SetStatus, Refused> {
    Ok(SetStatus { code: cx.int(element, "code")?, reason: cx.optional_text(element, "reason")? })
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(read(element, cx)?))
}

impl SetStatus {
    /// Status and reason for this exchange.
    pub(crate) fn get(&self, exchange: &Exchange) -> Result<(StatusCode, Option<Box<str>>), Fault> {
        let code = self.code.get(exchange)?;
        let status = u16::try_from(code).ok().and_then(|code| StatusCode::from_u16(code).ok()).ok_or_else(|| {
            Fault::internal(EXPRESSION_FAILED, format!("Expression evaluation failed. `{code}` is no status code."))
        })?;
        let reason = match &self.reason {
            Some(reason) => {
                let text = reason.get(exchange)?;
                let clean: String = text.chars().filter(|c| !c.is_control()).collect();
                (!clean.is_empty()).then(|| clean.into())
            }
            None => None,
        };
        Ok((status, reason))
    }

    /// Applies it to a response.
    pub(crate) fn apply(&self, exchange: &Exchange, response: &mut Response) -> Result<(), Fault> {
        (response.status, response.reason) = self.get(exchange)?;
        Ok(())
    }
}

impl Now for SetStatus {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let (status, reason) = self.get(exchange)?;
        let response = exchange.response_mut();
        response.status = status;
        response.reason = reason;
        Ok(Flow::Next)
    }
}
